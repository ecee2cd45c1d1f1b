"""What is refused in PyTorch, and changes nothing."""

import copy
import math
import unittest
import warnings

import ravine
from torch_rules import distance, network, run, torch, with_torch

if torch is not None:
    import ravine.torch


#: A step that has no answer for gradients of zeros.
SOLVING = "rule Solving(lr = 0.1) {\n state n\n n' = n + g\n w' = w - lr * solve(g @ g.T, w)\n}"


@with_torch
class Errors(unittest.TestCase):
    def require_nothing_changes(self, optimizer, kind, words, act):
        """That `act` raises with a code, and parameters, states and the count of groups are what they were."""
        def everything():
            return [
                [p.detach().clone(), *(one.clone() for one in optimizer.state[p].values())]
                for group in optimizer.param_groups for p in group["params"]
            ]

        before = everything()
        with self.assertRaisesRegex(kind, words) as found:
            act()
        self.assertRegex(found.exception.code or "", r"^R0\d{3}$")
        after = everything()
        self.assertEqual(len(before), len(after))
        for one, two in zip(before, after):
            self.assertEqual([x.tolist() for x in one], [x.tolist() for x in two])

    def test_values_that_are_no_numbers_or_out_of_their_domain(self):
        for value, words in (
            (math.nan, "no number"), (torch.tensor(math.nan), "no number"), (-1.0, r"in \[0"), (math.inf, r"in \[0"),
            (torch.tensor([0.1, 0.2]), "1-element"), (object(), "no number"), ([0.1], "no number"), (10**400, "no number"),
            (torch.tensor(1j), "no number"), (torch.ones((), device="meta"), "no number"),
        ):
            model = network()
            optimizer = ravine.torch.AdamW(model.parameters(), lr=0.1)
            for _ in range(2):
                run(optimizer, model, 1)
            with self.assertRaisesRegex(ravine.UsageError, words):
                ravine.torch.AdamW(model.parameters(), lr=value)
            for one in (optimizer, ravine.torch.AdamW(model.parameters(), lr=0.1)):
                one.param_groups[0]["lr"] = value
                self.require_nothing_changes(one, ravine.UsageError, words, one.step)
        del optimizer.param_groups[0]["lr"]
        self.require_nothing_changes(optimizer, ravine.UsageError, "no `lr`", optimizer.step)
        optimizer.param_groups[0]["lr"] = 0.1
        for betas in ((0.5,), (0.5, 0.6, 0.7), 0.5, None):
            if betas is not None:
                with self.assertRaisesRegex(ravine.UsageError, "2 numbers"):
                    ravine.torch.AdamW(model.parameters(), betas=betas)
            optimizer.param_groups[0]["betas"] = betas
            self.require_nothing_changes(optimizer, ravine.UsageError, "2 numbers", optimizer.step)

    def test_memory_that_is_another_than_it_was(self):
        def made():
            p = torch.nn.Parameter(torch.ones(8))
            optimizer = ravine.torch.AdamW([p], lr=0.1)
            for _ in range(2):
                p.grad = torch.ones(8)
                optimizer.step()
            return p, optimizer

        p, optimizer = made()
        p.grad.resize_(4)
        self.require_nothing_changes(optimizer, ravine.UsageError, r"gradient of `w0` is \(4,\)", optimizer.step)
        for data in (p.data[:4], p.data.double()):
            p, optimizer = made()
            p.grad, p.data = None, data
            p.grad = torch.ones_like(p)
            self.require_nothing_changes(optimizer, ravine.UsageError, "is to be of", optimizer.step)
        for p in (torch.zeros(1, 3).expand(4, 3), torch._neg_view(torch.ones(3)), torch.zeros(9).as_strided((4, 4), (1, 1))):
            with self.assertRaisesRegex(ravine.UsageError, "memory of their own"):
                ravine.torch.AdamW([p.requires_grad_()])
        p = torch.nn.Parameter(torch.ones(3))
        optimizer = ravine.torch.SGD([p], lr=1.0)
        for _ in range(3):
            p.grad = torch._neg_view(torch.arange(3.0))
            optimizer.step()
        self.assertEqual(p.tolist(), [1.0, 4.0, 7.0])

    def test_groups_that_cannot_be_added(self):
        square, flat = torch.nn.Parameter(torch.eye(3)), torch.nn.Parameter(torch.ones(3))
        for rule, p, kind, words in (
            ("Muon", flat, ravine.ProgramError, "matrix"),
            ("Prodigy", torch.nn.Parameter(torch.ones(3, dtype=torch.float64)), ravine.UsageError, "several types"),
        ):
            optimizer = getattr(ravine.torch, rule)([square], lr=0.1)
            square.grad = torch.eye(3)
            optimizer.step()
            self.require_nothing_changes(optimizer, kind, words, lambda: optimizer.add_param_group({"params": [p]}))
            self.assertEqual((len(optimizer.param_groups), len(optimizer.state)), (1, 1))
            optimizer.step()

    def test_what_others_write_into_groups(self):
        p = torch.nn.Parameter(torch.ones(3))
        optimizer = ravine.torch.AdamW([{"params": [p], "name": "norms", "lr_scale": 0.5, "lr": 0.05}], lr=0.1)
        self.assertEqual((optimizer.param_groups[0]["name"], optimizer.param_groups[0]["lr"]), ("norms", 0.05))
        kept = copy.deepcopy(optimizer.state_dict())
        optimizer.load_state_dict(kept)
        self.assertEqual(optimizer.param_groups[0]["lr_scale"], 0.5)
        with self.assertRaisesRegex(ravine.UsageError, "R0505"):
            optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))], "amsgrad": True})

    def test_parameters_without_a_shape_and_counts_that_are_none(self):
        with self.assertRaisesRegex(ravine.UsageError, "R0826.*no shape"):
            ravine.torch.AdamW(torch.nn.LazyLinear(3).parameters())
        model = network()
        optimizer = ravine.torch.AdamW(model.parameters())
        run(optimizer, model, 1)
        before = copy.deepcopy(model)
        for wrong in (3, torch.ones(2), torch.ones((), device="meta")):
            optimizer.state[model[2].bias]["step"] = wrong
            with self.assertRaisesRegex(ravine.UsageError, "R0771.*`step` of `w3`"):
                run(optimizer, model, 1)
        self.assertEqual(distance(model, before), 0)

    def test_checkpoints_of_nonsense(self):
        model = network()
        optimizer = ravine.torch.AdamW(model.parameters(), lr=0.01)
        run(optimizer, model, 2)

        def state(name, value):
            return lambda kept: kept["state"][3].update({name: value})

        def group(name, value):
            return lambda kept: kept["param_groups"][0].update({name: value})

        m = optimizer.state[model[2].bias]["m"]
        for spoil, words in (
            (lambda kept: kept.pop("state"), "no `state`"), (lambda kept: kept.pop("param_groups"), "no `state`"),
            (lambda kept: kept["param_groups"][0].pop("params"), "no `params`"),
            (group("params", 5), "no `params`"), (lambda kept: kept.update(param_groups=5), "no list"),
            (lambda kept: kept.update(state=[1]), "no dictionary"), (lambda kept: kept.update(param_groups=[]), "number of"),
            (lambda kept: kept["param_groups"][0]["params"].pop(), "size of"),
            (lambda kept: kept["state"].update({3: 5}), "none there"),
            (group("lr", math.nan), "no number"), (group("lr", "cosine("), "expected"), (group("beta1", 7.0), r"in \[0, 1\)"),
            (group("betas", (0.5,)), "2 numbers"), (group("betas", (7.0, 0.5)), r"in \[0, 1\)"),
            (state("m", None), "there"), (state("m", m.to_sparse()), "sparse"), (state("m", m.to("meta")), "meta"),
            (state("m", m * 1j), "complex"), (state("step", -5), "no count"), (state("step", 2.5), "no count"),
            (state("step", math.nan), "no count"), (state("step", torch.ones(2)), "there"), (state("step", "x"), "no number"),
        ):
            kept = copy.deepcopy(optimizer.state_dict())
            spoil(kept)
            self.require_nothing_changes(
                optimizer, ravine.UsageError, "(?s)R0771.*" + words, lambda: optimizer.load_state_dict(kept)
            )
            self.assertEqual(optimizer.param_groups[0]["betas"], (0.9, 0.999))
        with self.assertRaisesRegex(ravine.UsageError, "R0771"):
            optimizer.load_state_dict(None)
        kept = copy.deepcopy(optimizer.state_dict())
        kept["state"]["mine"] = kept["state"][9] = {"x": 1}
        optimizer.load_state_dict(kept)
        run(optimizer, model, 1)
        self.assertEqual(optimizer.state["mine"], {"x": 1})

    def test_bad_parameters_and_gradients(self):
        with self.assertRaisesRegex(ravine.UsageError, "complex"):
            ravine.torch.Adam([torch.nn.Parameter(torch.ones(2, dtype=torch.complex64))])
        with self.assertRaisesRegex(ravine.UsageError, "without memory"):
            ravine.torch.Adam([torch.nn.Parameter(torch.ones(2, device="meta"))])
        with self.assertRaisesRegex(ValueError, "empty parameter list"):
            ravine.torch.Adam([])
        with self.assertRaises(TypeError):
            ravine.torch.Adam(torch.nn.Parameter(torch.ones(2)))
        with self.assertRaisesRegex(ravine.UsageError, "no number"):
            ravine.torch.Adam([torch.nn.Parameter(torch.ones(2))], lr=[])
        for given, kind in (
            ([3], TypeError), ([object()], TypeError), ([torch.nn.Parameter(torch.ones(2)) * 1], ValueError),
        ):
            with self.assertRaises(kind) as refused:
                ravine.torch.Adam(given)
            self.assertEqual(refused.exception.code, "R0826")
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            p = torch.nn.Parameter(torch.ones(2))
            ravine.torch.Adam([p, p])
        self.assertTrue(any("duplicate parameters" in str(one.message) for one in found))

        p = torch.nn.Parameter(torch.ones(3))
        optimizer = ravine.torch.Adam([p], lr=0.1)
        p.grad = torch.sparse_coo_tensor([[0]], [1.0], (3,))
        with self.assertRaisesRegex(ravine.UsageError, "sparse"):
            optimizer.step()
        self.assertTrue(torch.equal(p.detach(), torch.ones(3)))
        self.assertEqual(optimizer.state[p]["step"].item(), 0)

    def test_states_that_were_replaced(self):
        model = network()
        optimizer = ravine.torch.Lion(model.parameters(), lr=0.01)
        run(optimizer, model, 2)
        kept = optimizer.state[model[0].weight]
        m = kept["m"]
        before = model[0].weight.detach().clone()
        for wrong in (m.double(), m[:3], m.t().contiguous().t(), None):
            kept["m"] = wrong
            with self.assertRaises(ravine.UsageError):
                run(optimizer, model, 1)
        self.assertTrue(torch.equal(model[0].weight, before))
        kept["m"] = torch.zeros_like(m)
        run(optimizer, model, 1)
        self.assertGreater(kept["m"].abs().max().item(), 0)

    def test_a_failing_step_changes_nothing(self):
        p = torch.nn.Parameter(torch.eye(3))
        made = ravine.torch.rule(SOLVING)
        optimizer = made([p])
        p.grad = torch.zeros(3, 3)
        with self.assertRaises(ravine.NumericError):
            optimizer.step()
        self.assertTrue(torch.equal(p.detach(), torch.eye(3)))
        self.assertEqual(optimizer.state[p]["step"].item(), 0)

        # Also where others have stepped before: of another type, or of another group as PyTorch's operations.
        for dtype, engine in ((torch.float64, "auto"), (torch.float32, "torch")):
            for bad in (0, 1):
                both = [torch.nn.Parameter(torch.eye(3)), torch.nn.Parameter(torch.eye(3, dtype=dtype))]
                optimizer = made([{"params": [p]} for p in both], engine=engine)
                for p in both:
                    p.grad = torch.eye(3, dtype=p.dtype)
                optimizer.step()
                both[bad].grad.zero_()
                self.require_nothing_changes(optimizer, ravine.NumericError, "singular", optimizer.step)


if __name__ == "__main__":
    unittest.main()

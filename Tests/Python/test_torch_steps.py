"""Steps of rules in PyTorch: those of torch.optim, on any layout and type."""

import copy
import inspect
import unittest
import warnings

import ravine
from torch_rules import MATRICES_ALONE, distance, every, gradients, named, network, run, torch, with_torch

if torch is not None:
    import ravine.torch


@with_torch
class Steps(unittest.TestCase):
    def test_torchs_own_rules_take_torchs_steps(self):
        pairs = [
            ("SGD", torch.optim.SGD, {"weight_decay": 0.1}, {}),
            ("HeavyBall", torch.optim.SGD, {"weight_decay": 0.1}, {"momentum": 0.9}),
            ("Nesterov", torch.optim.SGD, {}, {"momentum": 0.9, "nesterov": True}),
            ("Adam", torch.optim.Adam, {"weight_decay": 0.1}, {}),
            ("AMSGrad", torch.optim.Adam, {}, {"amsgrad": True}),
            ("AdamW", torch.optim.AdamW, {"weight_decay": 0.1}, {}),
            # PyTorch keeps numbers of its own of these in single precision.
            ("NAdam", torch.optim.NAdam, {}, {}),
            ("RAdam", torch.optim.RAdam, {}, {}),
            ("AdaMax", torch.optim.Adamax, {}, {}),
            ("AdaGrad", torch.optim.Adagrad, {}, {}),
            ("AdaDelta", torch.optim.Adadelta, {}, {}),
            ("RMSProp", torch.optim.RMSprop, {}, {}),
            ("RMSPropMomentum", torch.optim.RMSprop, {}, {"momentum": 0.9}),
            ("Rprop", torch.optim.Rprop, {}, {}),
            ("ASGD", torch.optim.ASGD, {}, {}),
        ]
        for rule, theirs, both, own in pairs:
            for maximize in (False, True):
                with self.subTest(rule=rule, maximize=maximize):
                    a, b = network(dtype=torch.float64, rule=rule), network(dtype=torch.float64, rule=rule)
                    first = getattr(ravine.torch, rule)(a.parameters(), lr=0.01, maximize=maximize, **both)
                    second = theirs(b.parameters(), lr=0.01, maximize=maximize, **both, **own)
                    run(first, a, 10)
                    run(second, b, 10)
                    self.assertLess(distance(a, b), 1e-8 if rule in ("NAdam", "ASGD") else 1e-12)

                    # Their states go to and fro.
                    converted = ravine.torch.convert_state(second.state_dict(), rule)
                    first.load_state_dict(converted)
                    back = ravine.torch.convert_state(first.state_dict(), rule, to="torch")
                    second.load_state_dict(back)
                    run(first, a, 5, first=10)
                    run(second, b, 5, first=10)
                    self.assertLess(distance(a, b), 1e-8 if rule in ("NAdam", "ASGD") else 1e-12)

    @every()
    def test_parameters_without_gradient_stay(self, rule, made):
        model = network(rule=rule)
        optimizer = made(named(model), lr=0.01)
        before = copy.deepcopy(model)
        gradients(model, 0)
        for p in model[0].parameters():
            p.grad = None
        optimizer.step()
        self.assertEqual(distance(before[0], model[0]), 0)
        self.assertEqual(optimizer.state[model[0].weight]["step"].item(), 0)
        self.assertEqual(optimizer.state[model[2].weight]["step"].item(), 1)

    @every()
    def test_gradients_are_never_written(self, rule, made):
        for maximize in (False, True):
            model = network(rule=rule)
            optimizer = made(named(model), lr=0.01, maximize=maximize)
            gradients(model, 0)
            kept = [(p.grad, p.grad.clone(), p.grad._version) for p in model.parameters()]
            optimizer.step()
            for g, before, version in kept:
                self.assertTrue(torch.equal(g, before))
                self.assertEqual(g._version, version)

    @every()
    def test_layouts_of_memory(self, rule, made):
        if rule in ("SparseMomentum", "Frugal", "OneBitAdam", "SubsetNormAdamW"):
            return
        torch.manual_seed(0)
        plain = [torch.randn(6, 5), torch.randn(2, 3, 4, 5), torch.randn(7)]
        odd = [
            torch.empty(5, 6).t(), torch.empty(2, 3, 4, 5).contiguous(memory_format=torch.channels_last), torch.empty(14)[::2],
        ]
        if rule in MATRICES_ALONE:
            plain, odd = plain[:1], odd[:1]
        a = [torch.nn.Parameter(x.clone()) for x in plain]
        b = [torch.nn.Parameter(y.copy_(x)) for x, y in zip(plain, odd)]
        one = made([(f"w{k}", p) for k, p in enumerate(a)], lr=0.01)
        two = made([(f"w{k}", p) for k, p in enumerate(b)], lr=0.01)
        for k in range(3):
            for p, q in zip(a, b):
                p.grad = torch.randn(p.shape)
                q.grad = p.grad.clone() if k == 1 else torch.empty_like(q).copy_(p.grad)
            one.step()
            two.step()
        for p, q, kept in zip(a, b, odd):
            self.assertLess((p - q).abs().max().item(), 1e-6)
            self.assertEqual(q.stride(), kept.stride())

    @every("elementwise", "reductions", "global")
    def test_empty_and_single_parameters(self, rule, made):
        p = [torch.nn.Parameter(torch.ones(())), torch.nn.Parameter(torch.ones(0, 3)), torch.nn.Parameter(torch.ones(2))]
        optimizer = made(p, lr=0.01)
        for one in p:
            one.grad = torch.ones_like(one)
        optimizer.step()
        self.assertTrue(torch.isfinite(p[0]).all() and torch.isfinite(p[2]).all())

    @every("elementwise")
    def test_types_of_numbers(self, rule, made):
        for dtype in (torch.float64, torch.bfloat16, torch.float16):
            model, reference = network(dtype=dtype, rule=rule), network(dtype=dtype, rule=rule).double()
            one, two = made(model.parameters(), lr=0.03), made(reference.parameters(), lr=0.03)
            gradients(model, 0)
            for p, q in zip(model.parameters(), reference.parameters()):
                q.grad = p.grad.double()
            one.step()
            two.step()
            for p, q in zip(model.parameters(), reference.parameters()):
                self.assertEqual(p.dtype, dtype)
                if rule not in ("Tiger",):
                    torch.testing.assert_close(p.double(), q, rtol=0.02, atol=0.02)

    def test_a_parameter_that_stands_twice_steps_twice(self):
        def made(kind, **values):
            torch.manual_seed(0)
            p, q = (torch.nn.Parameter(torch.randn(3, dtype=torch.float64)) for _ in range(2))
            with warnings.catch_warnings(record=True) as found:
                warnings.simplefilter("always")
                optimizer = kind([p, q, p], lr=0.1, **values)
            self.assertTrue(any("duplicate parameters" in str(one.message) for one in found))
            return [p, q], optimizer

        for rule, theirs, values in (
            ("AdamW", torch.optim.AdamW, {}), ("Adam", torch.optim.Adam, {}), ("SGD", torch.optim.SGD, {}),
        ):
            for is_compiled in (False, True):
                ours, optimizer = made(getattr(ravine.torch, rule), **({"weight_decay": 0.01} if rule == "AdamW" else {}))
                others, other = made(theirs, foreach=False, **values)
                step = torch.compile(optimizer.step, backend="eager") if is_compiled else optimizer.step
                for k in range(4):
                    for p in ours + others:
                        p.grad = torch.cos(p.detach() + k)
                    step()
                    other.step()
                with self.subTest(rule=rule, is_compiled=is_compiled):
                    self.assertEqual([optimizer.state[p]["step"].item() for p in ours], [8, 4])
                    for p, q in zip(ours, others):
                        self.assertLess((p - q).abs().max().item(), 1e-12)
                    optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))

    def test_a_second_turn_that_fails_changes_nothing(self):
        p = torch.nn.Parameter(torch.eye(2))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The first turn leaves nothing that the second can divide by.
            optimizer = ravine.torch.rule("rule Once() {\n state n\n n' = n + g\n w' = w - solve(w @ w.T, w) }")([p, p])
        p.grad = torch.eye(2)
        with self.assertRaises(ravine.NumericError):
            optimizer.step()
        self.assertTrue(torch.equal(p.detach(), torch.eye(2)))
        self.assertEqual((optimizer.state[p]["step"].item(), optimizer.state[p]["n"].abs().max().item()), (0, 0))

    def test_rates_that_change_at_each_step(self):
        for rule in ("AdamW", "Lion"):
            for turn in (lambda k: 0.1 / (k + 1), lambda k: k % 2, lambda k: f"{0.1 / (k + 1)}"):
                p, q = (torch.nn.Parameter(torch.ones(5)) for _ in range(2))
                optimizer = getattr(ravine.torch, rule)([{"params": [p], "lr": 0.5}, {"params": [q]}], lr=0.1)
                alone = [getattr(ravine.torch, rule)([torch.nn.Parameter(torch.ones(5))], lr=0.5), None]
                r = torch.nn.Parameter(torch.ones(5))
                alone[1] = getattr(ravine.torch, rule)([r], lr=0.1, engine="reference")
                for k in range(6):
                    optimizer.param_groups[1]["lr"] = turn(k)
                    for one in (p, q, alone[0].param_groups[0]["params"][0], r):
                        one.grad = torch.sin(one.detach() + k)
                    optimizer.step()
                    alone[0].step()
                    # Made anew, so that nothing is left of the step before.
                    kept = alone[1].state_dict()
                    alone[1] = getattr(ravine.torch, rule)([r], lr=turn(k), engine="reference")
                    kept["param_groups"] = alone[1].state_dict()["param_groups"]
                    alone[1].load_state_dict(kept)
                    alone[1].step()
                self.assertTrue(torch.equal(p, alone[0].param_groups[0]["params"][0]))
                self.assertLess((q - r).abs().max().item(), 1e-6)

    def test_several_types_in_one_optimizer(self):
        p = [torch.nn.Parameter(torch.ones(3, dtype=kind)) for kind in (torch.float32, torch.bfloat16, torch.float64)]
        optimizer = ravine.torch.AdamW(p, lr=0.1)
        for one in p:
            one.grad = torch.ones_like(one)
        optimizer.step()
        for one in p:
            self.assertAlmostEqual(one[0].item(), 0.9, places=2)
        with self.assertRaisesRegex(ravine.UsageError, "several types"):
            ravine.torch.Prodigy(p)

    def test_nothing_happens_for_zero_gradients(self):
        for rule in ("SGD", "HeavyBall", "Adam", "AMSGrad", "Lion", "RMSProp", "AdaGrad", "NAdam", "AdaMax", "Muon", "LAMB"):
            model = network(rule=rule)
            made = getattr(ravine.torch, rule)
            optimizer = made(model.parameters(), lr=0.1, **({"weight_decay": 0.0} if "weight_decay" in inspect.signature(made).parameters else {}))
            before = copy.deepcopy(model)
            for _ in range(3):
                for p in model.parameters():
                    p.grad = torch.zeros_like(p)
                optimizer.step()
            self.assertEqual(distance(before, model), 0, rule)


if __name__ == "__main__":
    unittest.main()

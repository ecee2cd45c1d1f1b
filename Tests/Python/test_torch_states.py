"""States of rules in PyTorch, and their checkpoints."""

import collections
import copy
import io
import unittest

import ravine
from torch_rules import distance, every, named, network, run, torch, with_torch

if torch is not None:
    import ravine.torch


@with_torch
class States(unittest.TestCase):
    @every()
    def test_states_have_names_from_the_start(self, rule, made):
        model = network(rule=rule)
        optimizer = made(named(model), lr=0.01)
        states = set(optimizer.state[model[0].weight])
        self.assertIn("step", states)
        self.assertLessEqual(
            {one for one in states if not one.startswith("view_")} - {"step"}, set(made._signature.base.states)
        )
        run(optimizer, model, 1)
        self.assertLessEqual(states, set(optimizer.state[model[0].weight]))

    @every()
    def test_a_run_goes_on_from_its_checkpoint(self, rule, made):
        model = network(rule=rule)
        optimizer = made(named(model), lr=0.01)
        run(optimizer, model, 3)
        file = io.BytesIO()
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
        file.seek(0)
        kept = torch.load(file, weights_only=True)
        other = network(seed=5, rule=rule)
        other.load_state_dict(kept["model"])
        later = made(named(other), lr=0.5)
        later.load_state_dict(state_dict=kept["optimizer"])
        copied = copy.deepcopy(optimizer)
        self.assertEqual(set(copied.state_dict()), {"state", "param_groups"})
        for one in (later, copied):
            # Nothing of PyTorch's own came in on the way.
            self.assertEqual(one.state_dict()["param_groups"], optimizer.state_dict()["param_groups"])
        run(optimizer, model, 3, first=3)
        run(later, other, 3, first=3)
        self.assertEqual(distance(model, other), 0)

    def test_states_that_are_taken_away_begin_anew(self):
        model, other = network(), network()
        optimizer = ravine.torch.AdamW(model.parameters(), lr=0.01)

        def cleared():
            optimizer.state.clear()

        def replaced():
            optimizer.state = collections.defaultdict(dict)

        def one():
            for p in model.parameters():
                optimizer.state[p] = {}

        for forget in (cleared, replaced, one):
            run(optimizer, model, 3)
            other.load_state_dict(model.state_dict())
            forget()
            run(optimizer, model, 2)
            run(ravine.torch.AdamW(other.parameters(), lr=0.01), other, 2)
            self.assertEqual(distance(model, other), 0)
            self.assertEqual(optimizer.state[model[0].weight]["step"], 2)

    def test_states_are_where_their_parameters_are(self):
        for device in ("meta", "cpu"):
            with torch.device(device):
                p = torch.nn.Parameter(torch.ones(3, device="cpu"))
                optimizer = ravine.torch.AdamW([p], lr=0.1)
                p.grad = torch.ones(3, device="cpu")
                optimizer.step()
                optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
            self.assertAlmostEqual(p[0].item(), 0.899, places=5)

    def test_types_of_states_are_kept(self):
        model = network(dtype=torch.bfloat16)
        optimizer = ravine.torch.rule(
            "rule Kept(lr = 0.1) {\n state m as f32, v as int8(block = 64), s: scalar\n m' = ema(m, g, 0.9)\n v' = ema(v, g^2, 0.9)\n"
            " s' = s + sum(g)\n w' = w - lr * m' / (sqrt(v') + 1e-3)\n}"
        )(model.parameters())
        kinds = {name: one.dtype for name, one in optimizer.state[model[0].weight].items()}
        self.assertEqual(kinds["m"], torch.float32)
        self.assertEqual(kinds["v"], torch.uint8)
        self.assertEqual(kinds["s"], torch.float64)
        run(optimizer, model, 2)
        kept = copy.deepcopy(optimizer.state_dict())
        m = optimizer.state[model[0].weight]["m"].clone()
        optimizer.load_state_dict(kept)
        self.assertTrue(torch.equal(optimizer.state[model[0].weight]["m"], m))
        self.assertEqual({name: one.dtype for name, one in optimizer.state[model[0].weight].items()}, kinds)
        self.assertIsNot(optimizer.state[model[0].weight]["m"], kept["state"][0]["m"])

    def test_a_rate_that_went_down_to_nothing(self):
        model = network()
        optimizer = ravine.torch.LaProp(model.parameters(), lr=0.01)
        scheduler = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=3)
        for _ in range(3):
            run(optimizer, model, 1)
            scheduler.step()
        self.assertEqual(optimizer.param_groups[0]["lr"], 0)
        later = ravine.torch.LaProp(model.parameters(), lr=0.01)
        later.load_state_dict(optimizer.state_dict())
        with self.assertRaisesRegex(ravine.UsageError, "R0502"):
            run(later, model, 1)
        later.param_groups[0]["lr"] = 0.01
        run(later, model, 1)

    def test_what_does_not_fit_is_refused(self):
        model = network()
        optimizer = ravine.torch.Lion(model.parameters(), lr=0.01)
        run(optimizer, model, 2)
        before = copy.deepcopy(optimizer.state_dict())
        other = ravine.torch.EMAMomentum(network().parameters(), lr=0.01)
        wide = ravine.torch.Lion(torch.nn.Linear(9, 16).parameters(), lr=0.01)
        for theirs in (other.state_dict(), torch.optim.Adam(network().parameters()).state_dict()):
            if not theirs["state"]:
                theirs["state"] = {k: {"step": 1.0, "exp_avg": torch.zeros(1)} for k in range(4)}
            with self.assertRaises(ravine.UsageError) as found:
                optimizer.load_state_dict(theirs)
            self.assertEqual(found.exception.code, "R0771")
        with self.assertRaises(ValueError):
            optimizer.load_state_dict(wide.state_dict())
        after = optimizer.state_dict()
        self.assertEqual(before["param_groups"], after["param_groups"])
        for k in range(4):
            self.assertTrue(torch.equal(before["state"][k]["m"], after["state"][k]["m"]))

    def test_named_and_unnamed_load_into_each_other(self):
        model = network()
        one, two = ravine.torch.Adam(model.named_parameters()), ravine.torch.Adam(model.parameters())
        run(one, model, 1)
        two.load_state_dict(one.state_dict())
        self.assertIn("param_names", two.param_groups[0])
        one.load_state_dict(ravine.torch.Adam(model.parameters()).state_dict())
        self.assertEqual(one.param_groups[0]["param_names"][0], "0.weight")

    def test_older_checkpoints_load(self):
        model = network()
        optimizer = ravine.torch.AdamW(model.parameters())
        run(optimizer, model, 1)
        kept = copy.deepcopy(optimizer.state_dict())
        for group in kept["param_groups"]:
            for name in ("maximize", "rule", "eps"):
                del group[name]
        kept["state"][0]["step"] = 1
        optimizer.load_state_dict(kept)
        self.assertFalse(optimizer.param_groups[0]["maximize"])
        run(optimizer, model, 1)


if __name__ == "__main__":
    unittest.main()

"""Rules as classes of optimizers of PyTorch: names, signatures, groups."""

import copy
import inspect
import pickle
import unittest

import ravine
from torch_rules import distance, every, network, run, torch, with_torch

if torch is not None:
    import ravine.torch


@with_torch
class Classes(unittest.TestCase):
    def test_every_rule_is_a_class(self):
        for name in ravine.zoo():
            made = getattr(ravine.torch, name)
            self.assertTrue(issubclass(made, torch.optim.Optimizer))
            self.assertIs(pickle.loads(pickle.dumps(made)), made)
            self.assertIn(name, dir(ravine.torch))

    def test_signatures_say_what_is_taken(self):
        found = inspect.signature(ravine.torch.AdamW)
        self.assertEqual(
            list(found.parameters)[:6], ["params", "lr", "beta1", "beta2", "eps", "weight_decay"]
        )
        self.assertEqual(found.parameters["lr"].default, 1e-3)
        self.assertEqual(found.parameters["lr"].kind, inspect.Parameter.KEYWORD_ONLY)
        self.assertIsNone(inspect.signature(ravine.torch.Prodigy).parameters["beta3"].default)
        self.assertEqual(ravine.torch.Lion.__module__, "ravine.torch")
        self.assertIn("Chen et al. 2023", ravine.torch.Lion.__doc__)
        optimizer = ravine.torch.Lion([{"params": [torch.nn.Parameter(torch.ones(2))], "foreach": True}], fused=True, foreach=None)
        self.assertNotIn("foreach", optimizer.param_groups[0])
        with self.assertRaisesRegex(AttributeError, "did you mean 'Lion'"):
            ravine.torch.Lionn

    def test_rules_of_texts_and_files(self):
        import tempfile
        from pathlib import Path

        text = "rule Mine(lr = 0.1, β = 0.9 in [0, 1)) {\n    state m\n    m' = ema(m, g, β)\n    w' = w - lr * m'\n}\n"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "my.opt"
            path.write_text(text, encoding="utf-8")
            made = ravine.torch.rule(f"{path}:Mine")
        model = network()
        optimizer = made(model.parameters(), lr=0.5, beta=0.5)
        run(optimizer, model, 2)
        again = pickle.loads(pickle.dumps(optimizer))
        self.assertIs(type(again), made)
        self.assertEqual(again.param_groups[0]["beta"], 0.5)

    @every("elementwise")
    def test_groups_have_hyperparameters_of_their_own(self, rule, made):
        whole, parts = network(rule=rule), network(rule=rule)
        one = made(whole.parameters(), lr=0.01)
        two = made([{"params": [p]} for p in parts.parameters()], lr=0.01)
        run(one, whole, 3)
        run(two, parts, 3)
        self.assertEqual(distance(whole, parts), 0)

    def test_groups_take_all_spellings(self):
        model = network()
        optimizer = ravine.torch.AdamW(
            [{"params": model[0].parameters(), "lr": 0.0, "betas": (0.5, 0.6), "lambda_": 0.0}, {"params": model[2].parameters()}],
            lr=0.1,
        )
        self.assertEqual(optimizer.param_groups[0]["beta2"], 0.6)
        before = copy.deepcopy(model)
        run(optimizer, model, 2)
        self.assertEqual(distance(before[0], model[0]), 0)
        self.assertGreater(distance(before[2], model[2]), 0.1)
        with self.assertRaisesRegex(ravine.UsageError, "did you mean"):
            optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))], "weight_decya": 0.1})
        with self.assertRaisesRegex(ravine.UsageError, r"in \[0, 1\)"):
            optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))], "beta1": 1.5})
        self.assertEqual(len(optimizer.param_groups), 2)

    def test_added_parameters_begin_at_their_first_step(self):
        model = network()
        optimizer = ravine.torch.Adam(model[0].parameters(), lr=0.1)
        run(optimizer, model, 3)
        optimizer.add_param_group({"params": list(model[2].parameters()), "lr": 0.2})
        other = network()
        other.load_state_dict(model.state_dict())
        theirs = torch.optim.Adam(other[0].parameters(), lr=0.1)
        theirs.add_param_group({"params": list(other[2].parameters()), "lr": 0.2})
        theirs.load_state_dict(ravine.torch.convert_state(optimizer.state_dict(), "Adam", to="torch"))
        run(optimizer, model, 3, first=3)
        run(theirs, other, 3, first=3)
        self.assertLess(distance(model, other), 1e-5)


if __name__ == "__main__":
    unittest.main()

"""What is refused in PyTorch, and changes nothing."""

import unittest
import warnings

import ravine
from torch_rules import network, run, torch, with_torch

if torch is not None:
    import ravine.torch


@with_torch
class Errors(unittest.TestCase):
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
        made = ravine.torch.rule("rule Solving(lr = 0.1) {\n state n\n n' = n + g\n w' = w - lr * solve(g @ g.T, w)\n}")
        optimizer = made([p])
        p.grad = torch.zeros(3, 3)
        with self.assertRaises(ravine.NumericError):
            optimizer.step()
        self.assertTrue(torch.equal(p.detach(), torch.eye(3)))
        self.assertEqual(optimizer.state[p]["step"].item(), 0)


if __name__ == "__main__":
    unittest.main()

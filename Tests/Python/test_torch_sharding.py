"""Parameters that are spread over processes, in PyTorch."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import ravine
from torch_rules import torch, with_torch

if torch is not None:
    import ravine.torch

#: Those of owned.py.
SHAPES = [(12, 8), (6, 30), (8, 8), (4, 5), (20, 12), (3, 3), (40, 6), (9, 16)]


@with_torch
class Sharding(unittest.TestCase):
    def spread(self, script, *arguments, size=2, folder=None):
        """What each of several processes says that run a script, as words of lines."""
        with tempfile.TemporaryDirectory() as made:
            places = [os.path.join(made, "meet")] + ([folder] if folder else [])
            sizes = [str(size)] if folder else []
            running = [
                subprocess.Popen(
                    [sys.executable, str(Path(__file__).parent / script), str(rank), *sizes, *places, *arguments],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                    env={**os.environ, "OMP_NUM_THREADS": "1"},
                )
                for rank in range(size)
            ]
            said = [one.communicate(timeout=600) for one in running]
        self.assertEqual([one.returncode for one in running], [0] * size, "".join(one[1] for one in said))
        return [[line.split() for line in one[0].splitlines()] for one in said]

    def test_sharded_parameters(self):
        rules = [
            "AdamW", "Lion", "LAMB", "LARS", "StableAdamW", "NovoGrad", "Adafactor", "Prodigy", "MuonAdamW", "SM3", "Shampoo",
            "SOAP", "CAME", "SNSM",
        ]
        lines = self.spread("sharded.py", *rules)[0]
        self.assertEqual([line[0] for line in lines], rules)
        layouts = {}
        for rule, far, after, here, everywhere, layouts[rule] in lines:
            with self.subTest(rule=rule):
                self.assertLess(float(far), 2e-5 if rule in ("Shampoo", "SOAP") else 1e-6)
                self.assertLess(float(after), 2e-5 if rule in ("Shampoo", "SOAP") else 1e-6)
                # Each process keeps its part of the states.
                self.assertLessEqual(int(here), 0.6 * int(everywhere))
        self.assertEqual(layouts["AdamW"], "shard,shard,shard,shard")
        self.assertEqual(layouts["LAMB"], "reduce,reduce,reduce,reduce")
        self.assertEqual(layouts["Prodigy"], "gather,gather,gather,gather")
        self.assertEqual(layouts["SM3"], "owned,owned,owned,owned")
        self.assertEqual(layouts["MuonAdamW"], "owned,shard,owned,shard")

    def test_matrices_have_owners(self):
        here, there = self.spread("owned.py")
        self.assertEqual(here, there)
        said = {line[0]: line[1:] for line in here}
        plan = ravine.Rule("Muon").describe([(f"w{k}", shape) for k, shape in enumerate(SHAPES)])
        from ravine.torch import _owning

        owners = _owning.dealt([one["flops"] for one in plan["parameters"]], 2)
        self.assertEqual(said["owners"], [str(one) for one in owners])
        program = os.environ.get("RAVINE_PROGRAM")
        if program:
            named = ",".join(f"w{k}:{m}x{n}" for k, (m, n) in enumerate(SHAPES))
            printed = subprocess.run(
                [program, "describe", "Muon", "--parameters", named, "--shard", "2", "--json"],
                capture_output=True, text=True, check=True,
            )
            self.assertEqual([one["owner"] for one in json.loads(printed.stdout)], owners)
        self.assertEqual(said["kept"], ["True"])
        self.assertEqual(said["late"], ["True"])
        self.assertEqual(said["steps"], ["{1.0}"])
        self.assertEqual(said["solving"], ["R0901", "True"])
        self.assertEqual(said["on"], ["{2.0}"])
        self.assertEqual(" ".join(said["left"]), "[0, 0, 0, 0, 0, 0, 0, 0] True")
        self.assertEqual(" ".join(said["guarded"]), "[1, 1, 1, 1, 1, 1, 1, 1] True")
        self.assertEqual(said["replicas"], ["True", "owned"])
        self.assertEqual(said["laid"], ["True"])

    def test_checkpoints_of_other_numbers_of_processes(self):
        rules = ["MuonAdamW", "Shampoo", "Adam8bit", "Adafactor"]
        with tempfile.TemporaryDirectory() as folder:
            self.spread("sharded_checkpoints.py", "save", *rules, folder=folder)
            for size in (2, 3, 1):
                for rule, like, far, again, after in self.spread("sharded_checkpoints.py", "load", *rules, size=size, folder=folder)[0]:
                    with self.subTest(rule=rule, size=size):
                        # What is like a parameter is spread like it.
                        self.assertEqual(like, "True")
                        # Eight bits of other blocks are other numbers: by half of a step of their map.
                        is_cut_anew = rule == "Adam8bit" and size != 2
                        self.assertLess(float(far), 0.01 if is_cut_anew else 1e-12)
                        self.assertLess(float(again), 0.01 if is_cut_anew else 1e-12)
                        self.assertLess(float(after), 1e-2 if is_cut_anew else 1e-12 if size == 2 else 1e-4)

    def test_states_in_blocks_are_numbers_and_back(self):
        from ravine.torch import _blocks, _stepping

        signs = "rule Signs(lr = 0.1) {\n state m as sign1(block = 64)\n m' = ema(m, g, 0.9)\n w' = w - lr * m'\n}"
        for made in (ravine.torch.Adam8bit, ravine.torch.rule(signs)):
            for shape in ((100, 100), (70, 70), (4097,)):
                torch.manual_seed(0)
                p = torch.nn.Parameter(torch.randn(shape))
                optimizer = made([p], lr=0.01)
                for _ in range(4):
                    p.grad = torch.randn(shape) * torch.rand(shape) ** 8
                    optimizer.step()
                for place in _stepping.layout(optimizer, p):
                    kept = optimizer.state[p][place.name]
                    numbers = _blocks.numbers(kept, place.storage, place.shape)
                    self.assertGreater(numbers.abs().max().item(), 0)
                    self.assertTrue(torch.equal(_blocks.packed(numbers, place.storage, place.bytes), kept), place)
        # An optimizer of one process takes the numbers too.
        p = torch.nn.Parameter(torch.randn(100, 100))
        optimizer = ravine.torch.Adam8bit([p], lr=0.01)
        p.grad = torch.randn(100, 100)
        optimizer.step()
        kept = optimizer.state_dict()
        places = {place.name: place for place in _stepping.layout(optimizer, p)}
        spread = {
            name: _blocks.numbers(value, places[name].storage, (100, 100)) if name in places else value
            for name, value in kept["state"][0].items()
        }
        later = ravine.torch.Adam8bit([p])
        later.load_state_dict({**kept, "state": {0: spread}})
        self.assertTrue(all(torch.equal(later.state[p][name], kept["state"][0][name]) for name in places))

    def test_flattened_parameters(self):
        flat = torch.nn.Parameter(torch.ones(12))
        flat._is_flat_param = True
        ravine.torch.AdamW([flat])
        with self.assertRaisesRegex(ravine.UsageError, "flattened"):
            ravine.torch.MuonAdamW([("w", flat)])


if __name__ == "__main__":
    unittest.main()

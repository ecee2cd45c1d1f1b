"""Parameters that are spread over processes, in PyTorch."""

import unittest

import ravine
from torch_rules import torch, with_torch

if torch is not None:
    import ravine.torch


@with_torch
class Sharding(unittest.TestCase):
    def test_sharded_parameters(self):
        import os
        import subprocess
        import sys
        import tempfile
        from pathlib import Path

        rules = ["AdamW", "Lion", "LAMB", "LARS", "StableAdamW", "NovoGrad", "Adafactor", "Prodigy", "MuonAdamW", "SM3"]
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, str(Path(__file__).parent / "sharded.py")]
            running = [
                subprocess.Popen(
                    [*command, str(rank), os.path.join(folder, "meet"), *rules], stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
                )
                for rank in range(2)
            ]
            said = [one.communicate(timeout=600) for one in running]
        self.assertEqual([one.returncode for one in running], [0, 0], said[0][1] + said[1][1])
        lines = [line.split() for line in said[0][0].splitlines()]
        self.assertEqual([line[0] for line in lines], rules)
        for rule, far, after, here, everywhere, layouts in lines:
            with self.subTest(rule=rule):
                self.assertLess(float(far), 1e-6)
                self.assertLess(float(after), 1e-6)
                # Each process keeps its part of the states.
                self.assertLessEqual(int(here), 0.6 * int(everywhere))
        self.assertEqual(lines[0][5], "shard,shard,shard,shard")
        self.assertEqual(lines[2][5], "reduce,reduce,reduce,reduce")
        self.assertEqual(lines[5][5], "gather,gather,gather,gather")
        self.assertEqual(lines[8][5], "gather,shard,gather,shard")

    def test_flattened_parameters(self):
        flat = torch.nn.Parameter(torch.ones(12))
        flat._is_flat_param = True
        ravine.torch.AdamW([flat])
        with self.assertRaisesRegex(ravine.UsageError, "flattened"):
            ravine.torch.MuonAdamW([("w", flat)])


if __name__ == "__main__":
    unittest.main()

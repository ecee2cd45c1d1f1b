"""The blocks of Python in the documents run, and print what stands below them; those of C are parts of an example."""

import contextlib
import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

try:
    import numpy
except ImportError:
    numpy = None
try:
    import jax
    import optax
    import torch
except ImportError:
    torch = None


def blocks(path):
    """Pairs of a language and a text, in order."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.M | re.S)


def is_here(*packages):
    return all(importlib.util.find_spec(one) is not None for one in packages)


class Documents(unittest.TestCase):
    def run_blocks(self, name):
        """Runs the blocks of Python of a document, one after the other; how many there are."""
        compared = 0
        path = ROOT / name
        if not path.exists():
            self.skipTest("the documents are not here")
        found = blocks(path)
        space = {"__name__": "document"}
        with tempfile.TemporaryDirectory() as folder:
            before = os.getcwd()
            os.chdir(folder)
            try:
                for (language, text), after in zip(found, found[1:] + [("", "")]):
                    if language != "python":
                        continue
                    printed = io.StringIO()
                    with contextlib.redirect_stdout(printed):
                        exec(compile(text, name, "exec"), space)
                    expected = after[1] if after[0] == "text" else ""
                    self.assertEqual(printed.getvalue(), expected, f"{name}:\n{text}")
                    compared += 1
            finally:
                os.chdir(before)
        return compared

    @unittest.skipUnless(numpy, "NumPy is not here")
    def test_blocks_print_what_is_written(self):
        compared = self.run_blocks("docs/embedding.md") + self.run_blocks("Sources/Python/README.md")
        self.assertGreaterEqual(compared, 6)

    @unittest.skipUnless(is_here("torch"), "PyTorch is not here")
    def test_blocks_of_pytorch(self):
        self.assertGreaterEqual(self.run_blocks("docs/pytorch.md"), 10)

    @unittest.skipUnless(is_here("jax", "optax"), "JAX and optax are not here")
    def test_blocks_of_jax(self):
        self.assertGreaterEqual(self.run_blocks("docs/jax.md"), 8)

    @unittest.skipUnless(torch, "PyTorch and JAX are not here")
    def test_walkthrough_of_reading(self):
        path = ROOT / "docs/reading.md"
        if not path.exists():
            self.skipTest("the documents are not here")
        found = blocks(path)
        space = {"__name__": "walkthrough"}
        compared = 0
        for (language, text), after in zip(found, found[1:] + [("", "")]):
            expected = after[1] if after[0] == "text" else ""
            if language == "python":
                printed = io.StringIO()
                with contextlib.redirect_stdout(printed):
                    exec(compile(text, str(path), "exec"), space)
                self.assertEqual(printed.getvalue(), expected)
            elif language == "sh":
                words = shlex.split(text)
                self.assertEqual(words[:3], ["python", "-m", "ravine.read"])
                done = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, encoding="utf-8")
                self.assertEqual(done.stdout, expected, done.stderr)
            else:
                continue
            compared += 1
        self.assertGreaterEqual(compared, 6)

    def test_blocks_of_c_are_of_the_example(self):
        path = ROOT / "docs/embedding.md"
        if not path.exists():
            self.skipTest("the documents are not here")
        example = re.sub(r"\s+", " ", (ROOT / "Examples/embed/c/adamw.c").read_text(encoding="utf-8"))
        compared = 0
        for language, text in blocks(path):
            if language == "c":
                for line in text.strip().split("\n"):
                    self.assertIn(re.sub(r"\s+", " ", line.strip()), example)
                    compared += 1
        self.assertGreaterEqual(compared, 5)


if __name__ == "__main__":
    unittest.main()

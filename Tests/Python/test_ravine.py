"""The Python package, against the library that RAVINE_LIBRARY names or that the package carries."""

import array
import copy
import gc
import json
import math
import multiprocessing
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import unittest
import weakref
from pathlib import Path

import ravine

try:
    import numpy as np
except ImportError:
    np = None

needs_numpy = unittest.skipUnless(np, "NumPy is not here")

MINE = """
## Signs of an average.
rule Mine(lr = 0.1 in [0, inf), β = 0.9) {
    state m
    m' = ema(m, g, β)
    w' = w - lr * sign(m')
}
"""


def floats(values, kind="f"):
    return array.array(kind, values)


class Rules(unittest.TestCase):
    def test_a_rule_comes_from_name_text_or_file(self):
        self.assertEqual(ravine.Rule("Lion").label, "Lion")
        self.assertEqual(ravine.Rule("Lion", lr=0.5).hyperparameters["lr"], 0.5)
        self.assertEqual(ravine.Rule("Lion(lr = 0.25)", λ=0.5).hyperparameters, {
            "lr": 0.25, "β1": 0.9, "β2": 0.99, "λ": 0.5})
        mine = ravine.Rule(MINE, lr=0.5)
        self.assertEqual((mine.name, mine.states, mine.hyperparameters["lr"]), ("Mine", ["m"], 0.5))
        self.assertEqual(mine.documentation, "Signs of an average.")
        self.assertIn("rule Mine", mine.source)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "mine.opt"
            path.write_text(MINE, encoding="utf-8")
            self.assertEqual(ravine.Rule.file(path, "Mine(lr = 2)").hyperparameters["lr"], 2)

    def test_what_is_wrong_has_a_place_and_a_caret(self):
        with self.assertRaises(ravine.ProgramError) as caught:
            ravine.Rule("rule Bad(lr = 0.1) { w' = w - lr * gg }")
        error = caught.exception
        self.assertEqual((error.code, error.diagnostics[0].line, error.diagnostics[0].column), ("R0201", 1, 36))
        self.assertIn("^^", str(error))
        self.assertEqual(error.diagnostics[0].fixits[0]["replacement"], "g")
        for wrong in ("Nothing", "Lion(lr = -1)", "Lion(", "", "\ud800", MINE + "}"):
            with self.assertRaises(ravine.ProgramError, msg=repr(wrong)):
                ravine.Rule(wrong)
        with self.assertRaises(ravine.UsageError):
            ravine.Rule.file("/nowhere.opt")
        with self.assertRaises(ValueError):
            ravine.Rule("Lion\0")

    def test_questions_are_answered(self):
        self.assertEqual(ravine.check(MINE), [])
        self.assertEqual([d.code for d in ravine.check("rule A(lr = 1) { w' = w - lr * x }")], ["R0201"])
        self.assertTrue(ravine.compare("Lion(β1 = b, β2 = b)", "Signum(μ = b)"))
        self.assertFalse(ravine.compare("SGD", "Adam"))
        self.assertTrue(ravine.compare(ravine.Rule(MINE), "Signum(lr = 0.1, μ = 0.9)"))
        self.assertFalse(ravine.compare(ravine.Rule("AdamW", lr=0.5), "AdamW"))
        self.assertTrue(ravine.compare(ravine.Rule("AdamW", lr=0.5), ravine.Rule("AdamW(lr = 0.5)")))
        self.assertIn("w' = w - lr * g", ravine.format("rule A(lr=1){w'=w-lr*g}"))
        self.assertGreater(len(ravine.zoo()), 190)
        self.assertIn("Lion", ravine.zoo())
        self.assertIn("align", ravine.Rule("Lion").latex)
        self.assertTrue(ravine.Rule("Lion")._repr_latex_().startswith("$$"))
        sheet = ravine.Rule("MuonAdamW").describe({"w": (64, 32), "b": (32,)})
        self.assertEqual(len(sheet["parameters"]), 2)
        for rule in (ravine.Rule(MINE, lr=2), ravine.Rule("Lookahead", base="Adam(lr = 0.5)"), ravine.Rule("SOAP")):
            again = pickle.loads(pickle.dumps(rule))
            self.assertEqual((again.label, again.states), (rule.label, rule.states))
            self.assertEqual(again.hyperparameters, rule.hyperparameters)

    def test_a_script_runs_and_shows_its_plots(self):
        script = (
            "objective bowl(x: vector(2) = [1, 1]) = sum(x^2)\n"
            "minimize bowl with SGD(lr = 0.1) for 10 steps\n"
            'plot loss to "bowl.svg"\n'
        )
        with tempfile.TemporaryDirectory() as folder:
            done = ravine.run(script, folder)
            self.assertEqual([plot.path.name for plot in done.plots], ["bowl.svg"])
            self.assertIn("<svg", done._repr_html_())
        self.assertIn("SGD(lr = 0.1)", done.text)
        self.assertEqual(len(done.experiments), 1)
        with self.assertRaises(ravine.ProgramError):
            ravine.run("minimize nothing with SGD for 3 steps\n")

    def test_a_run_that_was_kept_goes_on(self):
        script = (
            "objective valley(x: vector(2) = [-1.2, 1]) = (1 - x[0])^2 + 10 * (x[1] - x[0]^2)^2\n"
            'minimize valley with Adam(lr = 0.1) for 50 steps save every 20 steps to "valley.safetensors"\n'
        )
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(ravine.RavineError, "R0775"):
                ravine.run(script.split(" save")[0] + "\n", folder, resume=True)
            done = ravine.run(script, folder)
            again = ravine.run(script, folder, resume=True)
            self.assertEqual(done.text, again.text)
            self.assertEqual(done.experiments, again.experiments)
            with self.assertRaisesRegex(ravine.RavineError, "R0771"):
                ravine.run(script.replace("0.1", "0.2"), folder, resume=True)


class Optimizers(unittest.TestCase):
    def test_buffers_are_stepped_in_place(self):
        w, g = floats([1, 2, 3]), floats([2, 2, 2])
        optimizer = ravine.Rule("SGD", lr=0.5).bind(w)
        optimizer.step(g)
        self.assertEqual(list(w), [0, 1, 2])
        self.assertEqual(list(g), [2, 2, 2])
        self.assertEqual((optimizer.step_count, optimizer.dtype), (1, "float32"))
        d = floats([1.0], "d")
        ravine.Rule("SGD", lr=0.25).bind(d).step(floats([1.0], "d"))
        self.assertEqual(d[0], 0.75)

    def test_states_and_hyperparameters_have_names(self):
        w = floats([1, 2])
        optimizer = ravine.Rule(MINE).bind({"layers.0": w})
        optimizer.step({"layers.0": floats([1, -1])})
        self.assertEqual(optimizer.states("layers.0"), ["m"])
        self.assertEqual([round(float(x), 6) for x in optimizer.state("m")], [0.1, -0.1])
        optimizer.set_state("m", [4, 4])
        self.assertEqual([float(x) for x in optimizer.state("m", "layers.0")], [4, 4])
        optimizer.hyper["lr"] = 0.5
        self.assertEqual(optimizer.hyper["lr"], 0.5)
        self.assertEqual(dict(optimizer.hyper), {"lr": 0.5, "β": 0.9})
        for wrong in (-1, math.nan):
            with self.assertRaises(ravine.RavineError):
                optimizer.hyper["lr"] = wrong
        with self.assertRaises(KeyError):
            optimizer.hyper["nothing"]
        with self.assertRaises(KeyError):
            optimizer.state("v")
        with self.assertRaises(ravine.UsageError):
            optimizer.set_state("m", [1])
        self.assertEqual(optimizer.hyper["lr"], 0.5)

    def test_what_does_not_fit_changes_nothing(self):
        w = floats([1, 2, 3])
        optimizer = ravine.Rule("Lion").bind(w)
        for wrong in (
            floats([1, 2]), floats([1, 2, 3], "d"), [1, 2, 3], "abc", None, [floats([1, 2, 3])] * 2,
            {"x": floats([1, 2, 3])}, array.array("i", [1, 2, 3]),
        ):
            with self.assertRaises((TypeError, ValueError), msg=repr(wrong)):
                optimizer.step(wrong)
        self.assertEqual((list(w), optimizer.step_count), ([1, 2, 3], 0))
        for wrong in (b"1234", array.array("i", [1]), 3, object()):
            with self.assertRaises((TypeError, ValueError), msg=repr(wrong)):
                ravine.Rule("Lion").bind(wrong)
        with self.assertRaises(ravine.UsageError):
            ravine.Rule("Lion").bind([floats([1]), floats([1.0], "d")])
        with self.assertRaises(ravine.UsageError):
            ravine.Rule("Lion").bind([w, w])
        with self.assertRaises(ravine.ProgramError):
            ravine.Rule("Muon").bind(w)

    def test_checkpoints_go_on_with_the_same_bits(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run.safetensors"
            w, x = floats([1, 2, 3]), floats([0, 0, 0])
            one = ravine.Rule("AdamW", lr="cosine(0.1)").bind(w, horizon=9, seed=5)
            for k in range(3):
                one.step(floats([k, 1, -1]))
            one.save(path)
            two = ravine.Rule("AdamW", lr="cosine(0.1)").bind(x, horizon=9)
            two.load(path)
            self.assertEqual((two.step_count, x), (3, w))
            three = ravine.Rule("AdamW", lr="cosine(0.1)").bind(floats(w), horizon=9)
            three.restore(one.checkpoint())
            for k in range(3):
                for optimizer in (one, two):
                    optimizer.step(floats([k, -k, 2]))
            self.assertEqual(x.tobytes(), w.tobytes())
            with self.assertRaises(ravine.UsageError) as caught:
                ravine.Rule("Lion").bind(floats([1, 2, 3])).load(path)
            self.assertEqual(caught.exception.code, "R0771")
            path.write_bytes(path.read_bytes()[:-1])
            with self.assertRaises(ravine.UsageError) as caught:
                two.load(path)
            self.assertEqual(caught.exception.code, "R0770")
            for hostile in (b"", b"\xff" * 64, b"\x00" * 64):
                with self.assertRaises(ravine.UsageError):
                    two.restore(hostile)
            self.assertEqual(two.step_count, 6)

    def test_a_saving_that_is_killed_leaves_a_whole_file(self):
        code = (
            "import array, sys, ravine\n"
            "w = array.array('f', [1.0]) * 300_000\n"
            "g = array.array('f', [0.5]) * 300_000\n"
            "optimizer = ravine.Rule('Adam').bind(w)\n"
            "while True:\n"
            "    optimizer.step(g)\n"
            "    optimizer.save(sys.argv[1])\n"
            "    print(optimizer.step_count, flush=True)\n"
        )
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in sys.path if p))
        # As many bytes are read first as chance has it: the kill falls anywhere into a step or a saving.
        kills = int(os.environ.get("RAVINE_KILLS", "3"))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run.safetensors"
            for seed in range(kills):
                child = subprocess.Popen(
                    [sys.executable, "-c", code, str(path)], env=environment, stdout=subprocess.PIPE, text=True
                )
                said = 0
                for _ in range(1 + seed % 4):
                    said = int(child.stdout.readline())
                for _ in range(seed * 7919 % 100_000):
                    pass
                child.kill()
                child.wait()
                child.stdout.close()
                w = floats([0.0]) * 300_000
                optimizer = ravine.Rule("Adam").bind(w)
                optimizer.load(path)
                self.assertGreaterEqual(optimizer.step_count, said)
                self.assertLess(w[0], 1)
                self.assertEqual(len(set(w)), 1)
                # What the killed one left goes with the next saving.
                optimizer.save(path)
                self.assertEqual([entry.name for entry in Path(folder).iterdir()], ["run.safetensors"])

    def test_what_was_set_by_hand_goes_with_the_checkpoint_alone(self):
        one, two = (ravine.Rule("SGD", lr=0.2).bind(floats([1.0])) for _ in range(2))
        saved = one.checkpoint()
        two.hyper["lr"] = 5
        two.restore(saved)
        self.assertEqual((two.hyper["lr"], two.warnings), (0.2, []))
        one.hyper["lr"] = 0.5
        two.restore(one.checkpoint())
        self.assertEqual(two.hyper["lr"], 0.5)

    def test_a_checkpoint_that_cannot_be_resumed_changes_nothing(self):
        rule = ravine.Rule(
            "rule M(lr = 0.9 - 0.01 * t in (0, 1), d = 1) {\n    state m\n    m' = m + g\n"
            "    w' = w - lr * d * m'\n}\n")
        w = floats([1.0])
        optimizer = rule.bind(w, horizon=7)
        optimizer.step(floats([1.0]))

        def edited(**texts):
            data = optimizer.checkpoint()
            length = int.from_bytes(data[:8], "little")
            header = json.loads(data[8 : 8 + length])
            header["__metadata__"].update(texts)
            text = json.dumps(header).encode()
            return len(text).to_bytes(8, "little") + text + data[8 + length :]

        before = (dict(optimizer.hyper), optimizer.step_count, optimizer.checkpoint())
        for texts in (
            {"step": "500", "horizon": "999", "hyperparameters": '{"d": {"value": 77, "set": true}}'},
            {"step": str(2**63 - 1)}, {"step": str(2**62)}, {"skipped": str(2**63 - 1)}, {"step": "-1"},
            {"horizon": str(2**60)}, {"step": "x"}, {"hyperparameters": "[]"}, {"parameters": "{}"}, {"seed": "-1"},
            {"hyperparameters": '{"lr": {"value": 5, "set": true}}'}, {"element": "F64"}, {"workers": "2"},
        ):
            with self.assertRaises(ravine.RavineError, msg=str(texts)):
                optimizer.restore(edited(**texts))
            self.assertEqual((dict(optimizer.hyper), optimizer.step_count, optimizer.checkpoint()), before)
        for _ in range(3):
            optimizer.step(floats([1.0]))
        # A schedule that leaves its domain leaves the values of the last step.
        for _ in range(200):
            try:
                optimizer.step(floats([0.0]))
            except ravine.NumericError:
                break
        self.assertGreaterEqual(optimizer.hyper["lr"], 0)

    def test_parameters_that_are_asked_for_are_there(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run.safetensors"
            optimizer = ravine.Rule("SGD").bind(floats([1.0]))
            optimizer.save(path, parameters=False)
            with self.assertRaises(ravine.UsageError):
                optimizer.load(path)
            optimizer.load(path, parameters=False)

    def test_an_optimizer_goes_when_nobody_holds_it_and_is_not_copied(self):
        optimizer = ravine.Rule("Adam").bind(floats([1.0]))
        optimizer.hyper["lr"] = 1
        gone = weakref.ref(optimizer)
        for copying in (copy.copy, copy.deepcopy, pickle.dumps):
            with self.assertRaises(TypeError):
                copying(optimizer)
        gc.collect()
        gc.disable()
        del optimizer
        self.assertIsNone(gone())
        gc.enable()

    def test_counts_that_have_no_room_are_refused(self):
        for wrong in ({"workers": 2**32}, {"threads": 2**32 + 1}, {"horizon": 2**64 + 5}, {"batch": 2**64},
                      {"horizon": -1}, {"threads": 1.5}, {"engine": "none"}):
            with self.assertRaises(ravine.UsageError, msg=str(wrong)):
                ravine.Rule("SGD").bind(floats([1.0]), **wrong)
        optimizer = ravine.Rule("Adam").bind(floats([1.0, 2.0]))
        for wrong in ("ab", [1], [[1, 2, 3]]):
            with self.assertRaises(ravine.UsageError):
                optimizer.set_state("m", wrong)

    def test_what_is_no_text_path_or_number_is_said(self):
        rule = ravine.Rule("Adam")
        optimizer = rule.bind(floats([1.0, 2.0]))
        before = optimizer.checkpoint()
        endless = [1.0]
        endless.append(endless)
        with tempfile.TemporaryDirectory() as folder:
            here = os.getcwd()
            os.chdir(folder)
            self.addCleanup(os.chdir, here)
            for call in (
                lambda: ravine.Rule([]), lambda: ravine.Rule(None), lambda: ravine.Optimizer(3, floats([1.0])),
                lambda: ravine.Rule.file(None), lambda: ravine.check(None), lambda: ravine.format(3),
                lambda: ravine.run(None), lambda: ravine.compare(None, "SGD"),
                lambda: ravine.compare("SGD", b"SGD"),
                lambda: optimizer.save(None), lambda: optimizer.load(3), lambda: optimizer.restore("x"),
                lambda: optimizer.step(floats([1, 1]), loss="x"), lambda: optimizer.step(floats([1, 1]), objective=3),
                lambda: rule.bind(floats([1.0]), seed=1.5),
            ):
                with self.assertRaises(TypeError):
                    call()
            for call in (
                lambda: optimizer.set_state("m", [1, 10**400]), lambda: optimizer.set_state("m", endless),
                lambda: optimizer.set_state("m", {1: 2, 3: 4}), lambda: optimizer.set_state("m", [1, None]),
                lambda: optimizer.hyper.__setitem__("lr", 10**400), lambda: rule.describe({"w": (2**64 + 3,)}),
            ):
                with self.assertRaises(ValueError):
                    call()
            self.assertEqual(os.listdir(folder), [])
            os.chdir(here)
        self.assertFalse(3 in optimizer.hyper or "lr\0" in optimizer.hyper)
        self.assertEqual(optimizer.checkpoint(), before)
        for kind in (bytearray, memoryview, lambda data: array.array("B", data)):
            optimizer.restore(kind(before))

    def test_a_gradient_has_a_row_for_each_worker(self):
        for wrong in (0, -1, 1.0):
            with self.assertRaises(ravine.UsageError):
                ravine.Rule("SGD").bind(floats([1.0]), workers=wrong)

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_fork_steps_on(self):
        w, g = floats([1.0]) * 300_000, floats([1.0]) * 300_000
        optimizer = ravine.Rule("Adam").bind(w)
        optimizer.step(g)
        child = multiprocessing.get_context("fork").Process(target=lambda: optimizer.step(g))
        child.start()
        child.join(60)
        if child.is_alive():
            child.kill()
        self.assertEqual(child.exitcode, 0)
        optimizer.step(g)
        self.assertEqual(optimizer.step_count, 2)

    def test_two_threads_do_not_meet(self):
        w, g = floats([1.0] * 100), floats([1.0] * 100)
        optimizer = ravine.Rule("SGD").bind(w)
        counts = {"ok": 0, "busy": 0}
        lock = threading.Lock()

        def work():
            for _ in range(500):
                try:
                    optimizer.step(g)
                    kind = "ok"
                except ravine.BusyError:
                    kind = "busy"
                with lock:
                    counts[kind] += 1

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(counts["ok"] + counts["busy"], 1000)
        self.assertEqual(optimizer.step_count, counts["ok"])

    def test_a_rule_may_go_before_its_optimizer(self):
        w = floats([1.0])
        optimizer = ravine.Rule("SGD").bind(w)
        optimizer.rule = None
        gc.collect()
        optimizer.step(floats([1.0]))
        self.assertEqual(optimizer.step_count, 1)


@needs_numpy
class Arrays(unittest.TestCase):
    def test_shapes_are_those_of_the_parameter(self):
        w = {"a": np.ones((2, 3, 4), np.float32), "b": np.ones(5, np.float32), "c": np.ones((), np.float32)}
        optimizer = ravine.Rule("Adam").bind(w)
        optimizer.step({name: np.ones_like(x) for name, x in w.items()})
        self.assertEqual(optimizer.state("m", "a").shape, (2, 3, 4))
        self.assertEqual(optimizer.state("v", "b").shape, (5,))
        self.assertEqual(optimizer.state("m", "c").shape, ())

    def test_the_steps_are_those_of_the_equations(self):
        random = np.random.default_rng(0)
        w = random.normal(size=(7, 3)).astype(np.float32)
        own, m = w.astype(np.float64), np.zeros((7, 3))
        optimizer = ravine.Rule("Lion", lr=0.01, λ=0.1).bind(w)
        for _ in range(20):
            g = random.normal(size=(7, 3)).astype(np.float32)
            optimizer.step(g)
            own -= 0.01 * (np.sign(0.9 * m + 0.1 * g) + 0.1 * own)
            m = 0.99 * m + 0.01 * g
        self.assertLess(np.abs(w - own).max(), 1e-6)

    def test_views_with_gaps_and_foreign_types_are_refused(self):
        whole = np.ones((4, 4), np.float32)
        for wrong in (
            whole[:, ::2], whole.T[:3], np.ones(3, np.int32), np.ones(3, ">f4"), np.ones(3, np.complex64),
            np.ones(3, object), np.array(["a"]),
        ):
            with self.assertRaises((TypeError, ValueError), msg=str(wrong.dtype)):
                ravine.Rule("SGD").bind(wrong)
        frozen = np.ones(3, np.float32)
        frozen.flags.writeable = False
        with self.assertRaises(ravine.UsageError):
            ravine.Rule("SGD").bind(frozen)
        # A gradient is only read.
        ravine.Rule("SGD").bind(np.ones(3, np.float32)).step(frozen)
        # Rows of a larger array have no gaps.
        ravine.Rule("SGD", lr=1).bind(whole[1:3]).step(np.ones((2, 4), np.float32))
        self.assertEqual(whole.sum(), 8)

    def test_halves_and_empty_arrays_are_taken(self):
        w = np.ones(8, np.float16)
        ravine.Rule("SGD", lr=0.5).bind(w).step(np.ones(8, np.float16))
        self.assertTrue((w == 0.5).all())
        e = np.ones((0, 3), np.float32)
        with self.assertRaises(ravine.RavineError):
            ravine.Rule("SGD").bind(e).step(np.ones((1, 3), np.float32))

    def test_looking_ahead_asks_the_objective(self):
        w = np.array([1.0, -2.0])
        optimizer = ravine.Rule("SAM(SGD(lr = 0.1))").bind(w)
        asked = []

        def objective(points):
            asked.append(points[0].copy())
            return float((points[0] ** 2).sum()), [2 * points[0]]

        optimizer.step(2 * w, loss=5.0, objective=objective)
        self.assertEqual(len(asked), 1)
        before = w.copy()
        with self.assertRaises(ZeroDivisionError):
            optimizer.step(2 * w, objective=lambda points: 1 / 0)
        del before

    def test_an_objective_that_fails_leaves_everything_as_it_was(self):
        w = np.ones(3)
        optimizer = ravine.Rule("SAM(Adam(lr = 0.1))").bind(w)
        optimizer.step(2 * w, loss=3.0, objective=lambda points: (1.0, [2 * points[0]]))
        before = (w.copy(), optimizer.step_count, optimizer.checkpoint())
        for wrong in (lambda points: {}["no"], lambda points: (1.0, [np.ones(3, np.float32)]), lambda points: 3):
            with self.assertRaises((KeyError, ravine.UsageError, TypeError)):
                optimizer.step(2 * w, loss=3.0, objective=wrong)
        self.assertEqual(list(w), list(before[0]))
        self.assertEqual((optimizer.step_count, optimizer.checkpoint()), before[1:])
        kept = []
        optimizer.step(2 * w, loss=3.0, objective=lambda points: kept.append(points[0]) or (1.0, [points[0]]))
        point = kept[0].copy()
        optimizer.step(2 * w, loss=3.0, objective=lambda points: (1.0, [points[0]]))
        # What was given to an objective is its own.
        self.assertEqual(list(kept[0]), list(point))

    def test_numbers_of_numpy_are_read_and_never_written(self):
        a, b = np.array(5.0), np.array(7.0)
        ravine.Rule("SGD", lr=1).bind({"a": a, "b": b}).step({"a": 2 * a, "b": 2 * b})
        self.assertEqual((float(a), float(b)), (-5, -7))
        with self.assertRaises(ravine.UsageError):
            ravine.Rule("SGD").bind(np.float64(1))
        with self.assertRaises(TypeError):
            ravine.Rule("SGD").bind(np.ma.array([1.0, 2.0], mask=[True, False]))

    def test_an_array_stays_where_it_is_while_it_is_bound(self):
        w = np.zeros(300_000)
        optimizer = ravine.Rule("SGD", lr=1).bind(w)
        g = np.ones(300_000)
        optimizer.step(g)
        g.resize(10, refcheck=False)
        with self.assertRaises(ravine.UsageError):
            optimizer.step(g)
        w.resize(10, refcheck=False)
        for call in (lambda: optimizer.step(np.ones(300_000)), lambda: optimizer.save("never")):
            with self.assertRaises(ravine.UsageError):
                call()
        b = floats([1.0])
        bound = ravine.Rule("SGD").bind(b)
        with self.assertRaises(BufferError):
            b.append(2)
        self.assertEqual(bound.step_count, 0)

    def test_integers_of_numpy_are_counts(self):
        w = np.ones(3)
        counts = {"seed": np.int64(5), "horizon": np.int32(7), "threads": np.uint8(1)}
        optimizer = ravine.Rule("SGD", lr=np.float32(0.5)).bind(w, **counts)
        optimizer.set_horizon(np.int64(9))
        self.assertEqual(ravine.minimize(lambda x: x[0] ** 2, [1.0], steps=np.int64(3), seed=np.uint32(1)).nit, 3)

    def test_a_part_of_a_buffer_is_that_part(self):
        w = np.zeros(2)
        optimizer = ravine.Rule("SGD", lr=1).bind(w)
        optimizer.step(memoryview(np.array([1.0, 5, 7]).tobytes()).cast("d")[1:])
        self.assertEqual(list(w), [-5, -7])

    def test_refusals_have_a_code_and_change_nothing(self):
        w = {"a": np.ones((2, 3), np.float32), "b": np.ones(2, np.float32)}
        fine = {name: np.ones_like(x) for name, x in w.items()}
        optimizer = ravine.Rule("Adam").bind(w)
        optimizer.step(fine)
        before = {name: x.copy() for name, x in w.items()}, optimizer.checkpoint()
        for code, kind, act in (
            ("R0826", ValueError, lambda: optimizer.step({**fine, "b": np.ones(2)})),
            ("R0826", ValueError, lambda: optimizer.step({**fine, "a": np.ones((3, 2), np.float32)})),
            ("R0826", TypeError, lambda: optimizer.step({**fine, "b": np.ones(2, int)})),
            ("R0826", TypeError, lambda: optimizer.step({**fine, "b": None})),
            ("R0826", ValueError, lambda: optimizer.step({"a": fine["a"]})),
            ("R0829", ValueError, lambda: optimizer.step()),
            ("R0829", TypeError, lambda: optimizer.step(fine, objective=3)),
            ("R0502", TypeError, lambda: optimizer.step(fine, loss="x")),
            ("R0502", ValueError, lambda: optimizer.hyper.update(lr="x")),
            ("R0502", ValueError, lambda: optimizer.hyper.update(lr=10**400)),
            ("R0507", ravine.ProgramError, lambda: optimizer.hyper.update(lr=float("nan"))),
            ("R0505", ValueError, lambda: optimizer.hyper.update(nothing=1)),
            ("R0809", ValueError, lambda: optimizer.set_state("m", np.ones(3), "b")),
            ("R0829", ValueError, lambda: optimizer.view("nothing", "b")),
            ("R0770", ValueError, lambda: optimizer.restore(b"x")),
            ("R0829", ValueError, lambda: ravine.Rule("SGD").bind(w["b"], engine="x")),
        ):
            with self.assertRaises(kind) as caught:
                act()
            error = caught.exception
            self.assertEqual((error.code, isinstance(error, ravine.RavineError)), (code, True), str(error))
            self.assertEqual(str(error).count("error["), 1)
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(again), again.code, str(again)), (type(error), code, str(error)))
        for name, x in w.items():
            self.assertTrue(np.array_equal(x, before[0][name]))
        self.assertEqual(optimizer.checkpoint(), before[1])
        with self.assertRaisesRegex(KeyError, "no parameter 'c'"):
            optimizer.state("m", "c")

    def test_gradients_are_not_where_other_parameters_are(self):
        whole = np.arange(1, 9.0)
        with self.assertRaises(ravine.UsageError) as caught:
            ravine.Rule("SGD").bind(whole[:-1]).step(whole[1:])
        self.assertEqual(caught.exception.code, "R0826")
        # One memory may be both.
        w = np.ones(3)
        ravine.Rule("SGD", lr=0.5).bind(w).step(w)
        self.assertEqual(list(w), [0.5] * 3)

    def test_minimize_is_in_scipys_manner(self):
        def valley(x):
            a, b = 1 - x[0], x[1] - x[0] ** 2
            return a**2 + 100 * b**2, np.array([-2 * a - 400 * x[0] * b, 200 * b])

        found = ravine.minimize(valley, [-1.2, 1.0], rule="Adam(lr = 0.02)", jac=True, steps=5000)
        self.assertLess(found.fun, 1e-8)
        self.assertTrue(found.success and found["nfev"] == found.njev > 100)
        other = ravine.minimize(lambda x: valley(x)[0], [-1.2, 1.0], rule="Adam(lr = 0.02)", steps=2000)
        self.assertLess(other.fun, 1e-2)
        split = ravine.minimize(
            lambda x, s: valley(x)[0] * s, [-1.2, 1.0], args=(2,), jac=lambda x, s: valley(x)[1] * s,
            rule="Adam(lr = 0.02)", steps=50)
        self.assertEqual(split.nit, 50)
        seen = []
        stopped = ravine.minimize(valley, [-1.2, 1.0], jac=True, callback=lambda x: seen.append(x) or len(seen) == 3)
        self.assertEqual((len(seen), stopped.status, stopped.success, stopped.nit), (3, 2, False, 3))
        self.assertEqual(stopped.fun, valley(stopped.x)[0])
        self.assertTrue((stopped.jac == valley(stopped.x)[1]).all())
        # A rule that looks ahead calls it once a step.
        seen.clear()
        ahead = ravine.minimize(
            valley, [-1.2, 1.0], rule="SAM(SGD(lr = 1e-4))", jac=True, steps=4, callback=lambda x: seen.append(x))
        self.assertEqual((ahead.nit, len(seen)), (4, 4))
        with self.assertRaises(StopIteration):
            ravine.minimize(lambda x: next(iter([])), [1.0])
        for wrong in ({"jac": "2-point"}, {"steps": 1.5}, {"steps": 2**63}, {"steps": math.inf}, {"tol": math.nan}, {"rule": 3}):
            with self.assertRaises((ValueError, TypeError), msg=str(wrong)):
                ravine.minimize(valley, [1.0, 1.0], **wrong)
        self.assertEqual(ravine.minimize(lambda x: x[0] ** 2, 1.0, steps=3).x.shape, (1,))
        with self.assertRaises(KeyError):
            ravine.minimize(lambda x: {}["no"], [1.0])
        with self.assertRaises(ValueError):
            ravine.minimize(lambda x: (1.0, np.ones(3)), [1.0], jac=True)
        broken = ravine.minimize(lambda x: (math.nan, np.ones(1)), [1.0], jac=True)
        self.assertEqual((broken.status, broken.success), (3, False))
        with self.assertRaises(ravine.RavineError):
            ravine.minimize(valley, [], jac=True)

    def test_exports_are_files_of_their_language(self):
        text = ravine.Rule("Lion", lr=0.01).export("numpy")
        space = {}
        exec(compile(text, "lion.py", "exec"), space)
        self.assertIn("import numpy", text)
        self.assertIn("torch.optim", ravine.Rule("AdamW").export("torch"))
        with self.assertRaises(ravine.UsageError):
            ravine.Rule("Lion").export("cobol")
        with self.assertRaises(ravine.ProgramError) as caught:
            ravine.Rule("Adam8bit").export("numpy")
        self.assertEqual(caught.exception.code, "R0860")

    def test_a_trajectory_is_replayed(self):
        golden = Path(__file__).parent.parent / "Golden"
        if not golden.is_dir():
            self.skipTest("the recordings are not here")
        data = json.loads((golden / "lion.json").read_text(encoding="utf-8"))
        self.assertIs(ravine.Rule("Lion(lr = 1e-4, β1 = 0.9, β2 = 0.99)").replay(data)["holds"], True)
        self.assertIs(ravine.Rule("Lion(lr = 1e-3, β1 = 0.9, β2 = 0.99)").replay(data)["holds"], False)


class Program(unittest.TestCase):
    def test_importing_needs_no_numpy(self):
        code = "import sys; sys.modules['numpy'] = None; import ravine; print(ravine.__version__)"
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in sys.path if p))
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        self.assertEqual((done.stdout.strip(), done.returncode), (ravine.__version__, 0), done.stderr)

    def test_without_a_compiler_steps_are_interpreted_which_is_said(self):
        code = (
            "import array, ravine\n"
            "w = array.array('f', [1.0, 2.0])\n"
            "optimizer = ravine.Rule('Adam').bind(w, engine='native')\n"
            "optimizer.step(array.array('f', [1.0, 1.0]))\n"
            "print(optimizer.engine, optimizer.step_count, *optimizer.warnings)\n"
        )
        with tempfile.TemporaryDirectory() as folder:
            # Neither a compiler nor what one has left.
            environment = dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in sys.path if p), PATH=folder,
                               HOME=folder, XDG_CACHE_HOME=folder)
            done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        self.assertRegex(done.stdout, "^interpreter 1 warning: `native` was asked for", done.stderr)

    def test_the_version_is_the_librarys(self):
        from ravine._library import lib

        self.assertEqual(lib.ravine_version().decode(), ravine.__version__)

    def test_nothing_is_copied_by_copy(self):
        self.assertEqual(copy.copy(ravine.Rule("Lion")).name, "Lion")


if __name__ == "__main__":
    unittest.main()

"""Optimizers of PyTorch and optax are read as rules, and what cannot be read says why."""

import contextlib
import io
import json
import math
import random
import re
import signal
import sys
import tempfile
import time
import types
import unittest
from pathlib import Path
from unittest import mock

try:
    import torch
except ImportError:
    torch = None
try:
    import jax
    import optax
except ImportError:
    optax = None

if torch is not None:
    import ravine
    from ravine.read import (
        BranchError, ClockError, ConstructionError, LimitError, OperationError, RandomnessError, ReadingError, read_torch,
    )  # fmt: skip
    from ravine.read import errors, foreign, reading
    from ravine.read.__main__ import main

    class Own(torch.optim.Optimizer):
        """What the optimizers below have in common: one number, and a step of one tensor."""

        def __init__(self, params, lr=1e-2, beta=0.9):
            super().__init__(params, dict(lr=lr, beta=beta))

        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        state = self.state[p]
                        state["step"] = state.get("step", 0) + 1
                        self.update(p, p.grad, state, group)

    class Named(Own):
        def update(self, p, grad, state, group):
            average = state.setdefault("average", torch.zeros_like(p))
            average.mul_(group["beta"]).add_(grad, alpha=1 - group["beta"])
            p.sub_(group["lr"] * average / (1 - group["beta"] ** state["step"]))

    class Every(Own):
        """A slow copy that follows at every fourth step."""

        def update(self, p, grad, state, group):
            slow = state.setdefault("slow", p.clone())
            p.sub_(grad, alpha=group["lr"])
            if state["step"] % 4 == 0:
                slow.lerp_(p, 1 - group["beta"])
                p.copy_(slow)

    class Together(Own):
        """One length for all tensors."""

        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                grads = [p.grad for p in group["params"]]
                total = torch.sqrt(sum(g.square().sum() for g in grads))
                for p in group["params"]:
                    p.sub_(group["lr"] * p.grad / (total + group["beta"]))

    class Scaled(Own):
        """The length of all weights at the start is the scale of every step."""

        def __init__(self, params, lr=1e-2, beta=0.9):
            super().__init__(params, lr, beta)
            self.scale = sum(p.detach().square().sum() for p in self.param_groups[0]["params"]).sqrt()

        def update(self, p, grad, state, group):
            p.sub_(grad * self.scale, alpha=group["lr"])

    class Writing(Own):
        """The gradients are half of themselves afterwards."""

        def update(self, p, grad, state, group):
            p.sub_(grad.mul_(0.5), alpha=group["lr"])

    class Patient(Own):
        """Waits for ever, whatever is raised in it."""

        def update(self, p, grad, state, group):
            while True:
                try:
                    time.sleep(0.01)
                except Exception:
                    pass

    class Rooted(Own):
        """Divides by a cube root of a sum of squares; another is of what may be negative, and is no cube root."""

        def update(self, p, grad, state, group):
            total = state.setdefault("total", torch.zeros_like(p)).addcmul_(grad, grad)
            p.sub_(group["lr"] * grad / (total.pow(1 / 3) + group["beta"]) + group["lr"] * (grad + 100.0).pow(1 / 3))

    class Round(Own):
        """A slow copy that follows whenever a count is full, which begins again then."""

        def __init__(self, params, lr=1e-2, alpha=0.5, k=5, unused_steps=3):
            super(Own, self).__init__(params, dict(lr=lr, alpha=alpha, k=k))

        def update(self, p, grad, state, group):
            slow = state.setdefault("slow", p.clone())
            p.sub_(grad, alpha=group["lr"])
            state["count"] = state.get("count", 0) + 1
            if state["count"] >= group["k"]:
                state["count"] = 0
                p.copy_(slow.lerp_(p, group["alpha"]))

    class Pausing(Own):
        """Momentum that waits where the gradient is 0."""

        def update(self, p, grad, state, group):
            buffer = state.setdefault("buffer", torch.zeros_like(p))
            buffer.copy_(torch.where(grad.abs().sum() == 0, buffer, group["beta"] * buffer + grad))
            p.sub_(buffer, alpha=group["lr"])

    class Guarded(Own):
        """Does nothing where all gradients are 0."""

        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                total = sum(p.grad.square().sum() for p in group["params"]).item()
                if total == 0:
                    return
                for p in group["params"]:
                    p.sub_(group["lr"] / total * p.grad)

    class Clock(Own):
        def update(self, p, grad, state, group):
            p.sub_(grad, alpha=group["lr"] / (1 + time.time() % 1))

    class Draw(Own):
        def update(self, p, grad, state, group):
            p.sub_(grad + torch.randn_like(grad), alpha=group["lr"])

    class Coin(Own):
        def update(self, p, grad, state, group):
            p.sub_(grad, alpha=group["lr"] * random.random())

    class Choice(Own):
        def update(self, p, grad, state, group):
            if grad.norm() > 3.0:
                p.sub_(grad, alpha=group["lr"] * group["beta"])
            else:
                p.sub_(grad, alpha=group["lr"])

    class Lost(Own):
        """The rate goes through a text, and nobody knows any more what it was."""

        def update(self, p, grad, state, group):
            p.sub_(grad, alpha=complex(str(group["lr"])).real)

    class Part(Own):
        def update(self, p, grad, state, group):
            p[0].sub_(grad[0], alpha=group["lr"])
            p[1:].sub_(grad[1:], alpha=group["beta"])


@unittest.skipUnless(torch, "PyTorch is not here")
class Torch(unittest.TestCase):
    def test_adamw_is_written_as_a_person_would(self):
        reading = read_torch("torch.optim:AdamW", lr=3e-4)
        self.assertEqual(
            reading.source,
            "## Read from torch.optim.adamw.AdamW.\n"
            "rule AdamW(\n"
            "    lr = 3e-4 in [0, inf), β1 = 0.9 in [0, 1), β2 = 0.999 in [0, 1), ε = 1e-8 in [0, inf),\n"
            "    λ = 0.01 in [0, inf)\n"
            ") {\n"
            "    state exp_avg, exp_avg_sq\n"
            "    exp_avg' = ema(exp_avg, g, β1)\n"
            "    exp_avg_sq' = ema(exp_avg_sq, g^2, β2)\n"
            "    w' = (1 - lr * λ) * w - lr * debias(exp_avg', β1) / (sqrt(debias(exp_avg_sq', β2)) + ε)\n"
            "}\n",
        )
        self.assertTrue(reading.compare("AdamW").is_equal)
        self.assertEqual(reading.compare("Adam").verdict, "different")

    def test_dense_classes_are_read(self):
        equal = {"Adam": "Adam", "SGD": "HeavyBall", "NAdam": "NAdam", "RAdam": "RAdam", "Adamax": "AdaMax",
                 "Adagrad": "AdaGrad", "Adadelta": "AdaDelta", "RMSprop": "RMSPropMomentum"}  # fmt: skip
        for name in ("Adadelta", "Adafactor", "Adagrad", "Adam", "Adamax", "ASGD", "Muon", "NAdam", "RAdam", "RMSprop",
                     "Rprop", "SGD"):  # fmt: skip
            with self.subTest(name):
                reading = read_torch(getattr(torch.optim, name))
                self.assertLess(reading.distance, 1e-12)
                # The average of ASGD is for whoever asks the optimizer: no step reads it.
                unread = ["R0846"] if name == "ASGD" else []
                self.assertEqual([found.code for found in ravine.check(reading.source)], unread)
                if name in equal:
                    # NAdam's fractions have other denominators: equal where none is 0.
                    wanted = "equal where" if name == "NAdam" else "equal"
                    self.assertEqual(reading.compare(equal[name]).verdict, wanted)

    def test_others_say_why_not(self):
        with self.assertRaisesRegex(ReadingError, "dense gradients"):
            read_torch(torch.optim.SparseAdam)
        with self.assertRaisesRegex(ReadingError, "closure"):
            read_torch(torch.optim.LBFGS)

    def test_names_and_defaults_are_the_authors(self):
        reading = read_torch(Named, lr=0.25)
        self.assertIn("rule Named(lr = 0.25, β = 0.9)", reading.source)
        self.assertIn("average' = ema(average, g, β)", reading.source)
        self.assertIn("w' = w - lr * debias(average', β)", reading.source)
        self.assertEqual(reading.rule.states, ["average"])

    def test_pieces_are_joined_by_their_conditions(self):
        reading = read_torch(Every)
        self.assertIn("t mod 4", reading.source)
        self.assertIn("slow = w", reading.source)

    def test_what_spans_all_tensors_is_global(self):
        self.assertIn("global", read_torch(Together).source)
        self.assertIn("if global sum(g^2) == 0 then 0 else", read_torch(Guarded, branches=True).source)

    def test_what_all_tensors_are_at_first_is_a_first_value(self):
        self.assertIn("state scale: global = sqrt(global sum(w^2))", read_torch(Scaled).source)

    def test_cube_roots_are_of_what_is_not_negative(self):
        source = read_torch(Rooted, lr=0.1).source
        self.assertIn("cbrt(total')", source)
        self.assertIn("(g + 100)^0.3333333333333333", source)

    def test_a_count_that_begins_again_is_said_of_t(self):
        reading = read_torch(Round)
        self.assertIn("if t mod k == 0 then", reading.source)
        self.assertNotIn("count", reading.source)
        # No optimizer is asked for a slow copy every 5.7 steps.
        self.assertEqual(reading.counts, {"k": 5, "unused_steps": 3})
        verdict = reading.compare("Lookahead(SGD)")
        self.assertEqual((verdict.theirs, verdict.verdict), ("Lookahead(SGD, k = 5)", "equal"))

    def test_domains_are_the_constructors(self):
        self.assertIn("η1 = 0.5 in (0, 1), η2 = 1.2 in (1, inf)", read_torch(torch.optim.Rprop).source)

    def test_the_lines_that_write_are_known(self):
        text = Path(__file__).read_text(encoding="utf-8").splitlines()
        places = read_torch(Named).places
        self.assertEqual(sorted(places), ["average", "w"])
        for name, call in (("average", "average.mul_"), ("w", "p.sub_(")):
            file, line = places[name]
            self.assertEqual(Path(file), Path(__file__))
            self.assertIn(call, text[line - 1])

    def test_gradients_that_are_written_are_told_of(self):
        self.assertIn("## Its steps write into the gradients too", read_torch(Writing).source)
        self.assertNotIn("write into", read_torch(Named).source)

    def test_both_sides_of_a_branch_on_data(self):
        with self.assertRaises(BranchError) as found:
            read_torch(Choice)
        self.assertEqual(found.exception.what, "norm(g) > 3")
        self.assertEqual(found.exception.code, "R0883")
        self.assertRegex(found.exception.place, r"test_reading\.py:\d+")
        self.assertIn("if norm(g) > 3 then β else 1", read_torch(Choice, branches=True).source)

    def test_what_is_no_rule_has_a_type(self):
        for cls, kind, what in (
            (Clock, ClockError, "time.time"),
            (Draw, RandomnessError, "random"),
            (Coin, RandomnessError, "random"),
            (Lost, OperationError, "number"),
            (Part, OperationError, "partial"),
        ):
            with self.subTest(cls.__name__):
                with self.assertRaises(kind) as found:
                    read_torch(cls)
                self.assertIn(what, found.exception.what)
                self.assertIsInstance(found.exception, ravine.RavineError)
                self.assertEqual(found.exception.code, kind.number)

    def test_nothing_is_left_behind(self):
        state, numbers = random.getstate(), torch.random.get_rng_state().clone()

        def around():
            alarm = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
            return torch.get_default_dtype(), time.time, math.sqrt, sys.gettrace(), alarm

        before = around()
        for cls in (Named, Clock, Choice, Patient):
            with ending_soon(LimitError.number if cls is Patient else ""), contextlib.suppress(ReadingError):
                read_torch(cls)
        self.assertEqual(around(), before)
        self.assertEqual(random.getstate(), state)
        self.assertTrue(torch.equal(torch.random.get_rng_state(), numbers))
        self.assertNotIn("float", globals())

    def test_wrong_calls_are_explained(self):
        for optimizer, given, message in (
            ("torch.optim:AdamV", {}, "did you mean `Adam"),
            ("nowhere:Adam", {}, "there is no module `nowhere`"),
            ("torch.optim:AdamW", {"rate": 1.0}, "there is no argument `rate`"),
        ):
            with self.assertRaisesRegex(ConstructionError, message):
                read_torch(optimizer, **given)

    def test_command_line(self):
        code, out, err = run("torch", "torch.optim:SGD", "lr=0.1", "momentum=0.9", "--against", "HeavyBall")
        self.assertEqual(code, 0)
        self.assertIn("rule SGD(lr = 0.1 in [0, inf), μ = 0.9", out)
        self.assertIn("proved equal", out)
        code, out, err = run("torch", "torch.optim:SGD", "--against", "Lion")
        self.assertEqual(code, 1)
        self.assertIn("different", out)
        code, out, err = run("torch", "torch.optim:AdamW", "rate=1")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("R0881", err)
        code, out, err = run("torch", "torch.optim:Adam", "--json")
        self.assertEqual(json.loads(out)["name"], "Adam")


def run(*given):
    """What the command line ends with, prints and complains of."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(list(given))
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), err.getvalue()


def stepping(line):
    """An optimizer that does this to each parameter."""
    space = {"__name__": "example", "torch": torch, "time": time}
    exec(
        "class Mine(torch.optim.Optimizer):\n"
        "    def __init__(self, params, lr=0.1):\n"
        "        super().__init__(params, dict(lr=lr))\n"
        "    @torch.no_grad()\n"
        "    def step(self):\n"
        "        for group in self.param_groups:\n"
        "            for p in group['params']:\n"
        "                lr, state = group['lr'], self.state[p]\n"
        f"                {line}\n",
        space,
    )
    return space["Mine"]


def ending_soon(code):
    """Where it is the limit that is met, it is a short one: what else is met takes its time."""
    return mock.patch.object(foreign, "LIMIT", 0.5) if code == LimitError.number else contextlib.nullcontext()


@contextlib.contextmanager
def importable(cls):
    """Within, `example:Mine` is this class."""
    sys.modules["example"] = types.SimpleNamespace(Mine=cls)
    try:
        yield
    finally:
        del sys.modules["example"]


@unittest.skipUnless(torch, "PyTorch is not here")
class Codes(unittest.TestCase):
    def test_each_is_met_by_its_example(self):
        met = []
        for code, kind in errors.KINDS.items():
            with self.subTest(code), ending_soon(code):
                if not kind.example:
                    continue
                with self.assertRaises(kind) as found:
                    read_torch(stepping(kind.example))
                self.assertEqual(found.exception.code, code)
                met.append(code)
        with mock.patch.object(reading, "written", side_effect=KeyError("x")), self.assertRaises(ReadingError) as found:
            read_torch(Named)
        met.append(found.exception.code)
        self.assertEqual(sorted(met), sorted(errors.KINDS))
        self.assertEqual(len(met), 9)

    def test_the_table_is_of_the_codes(self):
        path = Path(__file__).parent.parent.parent / "docs/reading.md"
        if not path.exists():
            self.skipTest("the documents are not here")
        rows = re.findall(r"^\| (R08\d\d) \| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \|$", path.read_text(encoding="utf-8"), re.M)
        wanted = [
            (code, one.__name__, one.__doc__, f"`{one.example}`" if one.example else "", one.repair)
            for code, one in errors.KINDS.items()
        ]
        self.assertEqual(rows, wanted)

    def test_pages(self):
        for code, kind in errors.KINDS.items():
            status, out, _ = run("--explain", code)
            self.assertEqual(status, 0)
            self.assertTrue(out.startswith(f"{code} {kind.__name__}\n"))
            self.assertIn(kind.repair, out)
        status, _, err = run("--explain", "R0301")
        self.assertEqual(status, 2)
        self.assertIn("there is no code `R0301`", err)


@unittest.skipUnless(torch, "PyTorch is not here")
class BadInput(unittest.TestCase):
    def ends(self, given, status, code, message):
        with self.subTest(" ".join(given)), ending_soon(code):
            ended, out, err = run(*given)
            self.assertEqual((ended, out), (status, ""), err)
            self.assertIn(message, err)
            self.assertIn(f"error[{code}]", err)
            self.assertNotIn("Traceback", err)

    def test_what_is_named(self):
        modules = {
            "broken": ("1 / 0\n", 2, "R0881", "cannot be imported: ZeroDivisionError: division by zero (broken.py:1)"),
            "unwritten": ("def\n", 2, "R0881", "cannot be imported: SyntaxError"),
            "needing": ("import nothing_of_that_name\n", 2, "R0881", "needs `nothing_of_that_name`"),
            "leaving": ("raise SystemExit(0)\n", 2, "R0881", "the import of `leaving` ends the process"),
            "waiting": ("while True: pass\n", 1, "R0888", "the import of `waiting` takes more than 0.5 s"),
        }
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(sys, "path", [folder, *sys.path]):
            for name, (text, status, code, message) in modules.items():
                Path(folder, f"{name}.py").write_text(text, encoding="utf-8")
                self.ends(["torch", f"{name}:Mine"], status, code, message)
        for given, message in (
            ("collections:OrderedDict", "no optimizer: it has no `step`"), ("os:path", "no class of optimizers"),
            ("math:sqrt", "cannot be made"), ("", "names nothing"), ("torch..optim:SGD", "names nothing"),
            ("Adam", "names nothing"), ("torch.optim:Adam.x", "has no `x`"), ("torch.optim.SGD(", "is no call"),
            ("torch.optim.SGD(params, lr=1/0)", "ZeroDivisionError"), ("nowhere.SGD(params)", "NameError"),
        ):  # fmt: skip
            self.ends(["torch", given], 2, "R0881", message)

    def test_arguments(self):
        for given, message in (
            (["lr=abc"], "cannot be made"), (["lr"], "is no argument"), (["=3"], "is no argument"), (["lr="], "is no value"),
            (["lr=0.1", "lr=0.2"], "given twice"), (["betas=(0.9,"], "`(0.9,` is no value for `betas`"),
            (["lr=" + "(" * 500], "is no value"), (["optimizer=1"], "there is no argument `optimizer`"),
            (["--name", "1x"], "cannot be called `1x`"), (["--group", "x"], "is no argument"), (["lr=-1"], "Invalid learning rate"),
        ):  # fmt: skip
            self.ends(["torch", "torch.optim:Adam", *given], 2, "R0881", message)
        self.ends(["torch", "torch.optim:Adam", "--against", "Adaam"], 2, "R0201", "Adaam")
        self.assertEqual(json.loads(run("torch", "torch.optim:Adaam", "--json")[1])["error"], "R0881")

    def test_what_steps_do(self):
        for line, status, code, message in (
            ("p.sub_((lr * torch.complex(p.grad, p.grad)).real)", 1, "R0882", "complex"),
            ("raise SystemExit", 2, "R0881", "a step ends the process"),
            ("raise ValueError('no more')", 2, "R0881", "step 1 fails on a dense gradient: ValueError: no more"),
            ("all(one >= 0 for one in iter(int, 1))", 1, "R0888", "a step takes more than 0.5 s"),
            ("while True: p.sub_(lr * p.grad)", 1, "R0888", "a step takes more than 0.5 s"),
            ("time.sleep(1000)", 1, "R0888", "a step takes more than 0.5 s"),
        ):
            with importable(stepping(line)):
                self.ends(["torch", "example:Mine"], status, code, message)
        with self.assertRaises(LimitError) as found, ending_soon(LimitError.number):
            read_torch(Patient)
        self.assertRegex(found.exception.place, r"test_reading\.py:\d+")

    def test_a_reading_is_interrupted(self):
        with importable(stepping("raise KeyboardInterrupt")):
            status, out, err = run("torch", "example:Mine")
        self.assertEqual((status, out, err), (130, "", "interrupted: nothing was changed\n"))

    def test_somebody_elses_alarm_stays(self):
        rung = []
        before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
        try:
            signal.setitimer(signal.ITIMER_REAL, 3600)
            with foreign.foreign("a step"):
                self.assertLess(signal.getitimer(signal.ITIMER_REAL)[0], 3000)
            self.assertGreater(signal.getitimer(signal.ITIMER_REAL)[0], 3000)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with foreign.foreign("a step"):
                time.sleep(0.2)
            self.assertEqual(rung, [1])
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


SCRIPTS = Path(__file__).parent.parent.parent / "scripts"


@unittest.skipUnless(torch and SCRIPTS.exists(), "PyTorch is not here")
class Audit(unittest.TestCase):
    """Where the audit says that two part."""

    def parting(self, optimizer, rule, theirs, ours):
        with mock.patch.object(sys, "path", [str(SCRIPTS), *sys.path]):
            from audit_parting import parting
        source = read_torch(optimizer).source
        row = {"source": source, "rule": rule, "theirs": theirs, "ours": ours}
        row.update(fixed={}, counts={}, skipped=[], witness=None)
        return parting(reading.torch_host(optimizer, {}), row)

    def test_at_the_defaults(self):
        found = self.parting("torch.optim:AdamW", "Adam", "Adam", "AdamW")
        self.assertEqual(found["step"], 1)
        weights = ravine.read.walks.first_weights([(6, 4)], 3)[0].reshape(-1)
        # The decay is all that there is between them.
        self.assertAlmostEqual(found["ours"] - found["theirs"], 1e-3 * 0.01 * weights[found["element"]], delta=1e-10)
        self.assertIsNone(self.parting("torch.optim:Adam", "Adam", "Adam", "Adam"))

    def test_where_a_gradient_is_nothing(self):
        found = self.parting(Pausing, "HeavyBall", "HeavyBall(μ = q0)", "Pausing(β = q0)")
        self.assertEqual((found["still"], found["step"]), ((3,), 3))


@unittest.skipUnless(torch and optax, "optax is not here")
class Optax(unittest.TestCase):
    def test_aliases_are_the_rules_of_the_zoo(self):
        from ravine.read import read_optax

        for call, rule in (
            ("optax.adamw(1e-3)", "AdamW"),
            ("optax.lion(1e-4)", "Lion"),
            ("optax.sgd(0.1, momentum=0.9)", "HeavyBall"),
            ("optax.lars(0.1)", "LARSOptax"),
            ("optax.chain(optax.clip(1.0), optax.sgd(0.1))", None),
            ("optax.polyak_sgd()", None),
        ):
            with self.subTest(call):
                reading = read_optax(call)
                self.assertLess(reading.distance, 1e-12)
                if rule is not None:
                    self.assertTrue(reading.compare(rule).is_equal)

    def test_what_is_no_rule_has_a_type(self):
        from ravine.read import read_optax

        with self.assertRaises(RandomnessError):
            read_optax("optax.noisy_sgd(0.1)")
        with self.assertRaises(ConstructionError):
            read_optax("optax.adamz(0.1)")
        with self.assertRaises(ConstructionError):
            read_optax("optax.adam(")
        with self.assertRaisesRegex(ConstructionError, "no transformation"):
            read_optax("optax.safe_norm(1.0, 2.0)")


if __name__ == "__main__":
    unittest.main()

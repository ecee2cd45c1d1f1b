"""Optimizers of PyTorch and optax are read as rules, and what cannot be read says why."""

import contextlib
import io
import json
import math
import random
import time
import unittest

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
        BranchError, ClockError, ConstructionError, OperationError, RandomnessError, ReadingError, ValidationError,
        read_torch,
    )  # fmt: skip
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
                self.assertEqual(ravine.check(reading.source), [])
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
        before = torch.get_default_dtype(), time.time, math.sqrt
        for cls in (Named, Clock, Choice):
            with contextlib.suppress(ReadingError):
                read_torch(cls)
        self.assertEqual((torch.get_default_dtype(), time.time, math.sqrt), before)
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
        def run(*given):
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main(list(given))
            return code, out.getvalue(), err.getvalue()

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


@unittest.skipUnless(torch and optax, "optax is not here")
class Optax(unittest.TestCase):
    def test_aliases_are_the_rules_of_the_zoo(self):
        from ravine.read import read_optax

        for call, rule in (
            ("optax.adamw(1e-3)", "AdamW"),
            ("optax.lion(1e-4)", "Lion"),
            ("optax.sgd(0.1, momentum=0.9)", "HeavyBall"),
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


if __name__ == "__main__":
    unittest.main()

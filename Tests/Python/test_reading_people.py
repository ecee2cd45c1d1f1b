"""Optimizers as people write them: imported where they are used, compiled, copied, in Einstein's sums, in transformations
of their own."""

import contextlib
import io
import sys
import threading
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
        BranchError, ClockError, ConstructionError, OperationError, RandomnessError, ReadingError, read_torch,
    )  # fmt: skip
    from ravine.read.__main__ import main

    class Own(torch.optim.Optimizer):
        def __init__(self, params, lr=1e-2, beta=0.9):
            super().__init__(params, dict(lr=lr, beta=beta))

        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                for p in group["params"]:
                    self.update(p, p.grad, self.state[p], group)

    class Clock(Own):
        def update(self, p, grad, state, group):
            import time

            p.sub_(grad if time.perf_counter() > 0 else -grad)

    class Today(Own):
        def update(self, p, grad, state, group):
            from datetime import datetime

            p.sub_(grad * datetime.now().microsecond)

    class Draw(Own):
        def update(self, p, grad, state, group):
            from numpy.random import rand

            p.sub_(grad * rand())

    class Root(Own):
        def update(self, p, grad, state, group):
            from math import sqrt

            p.sub_(grad * sqrt(group["lr"]))

    class Sums(Own):
        """Both factors of Shampoo, and what is of rank one."""

        def update(self, p, grad, state, group):
            if p.ndim < 2:
                p.sub_(grad, alpha=group["lr"])
                return
            if not state:
                state["left"] = torch.zeros(p.shape[0], p.shape[0], dtype=p.dtype)
                state["right"] = torch.zeros(p.shape[1], p.shape[1], dtype=p.dtype)
            state["left"].lerp_(torch.einsum("ij,kj->ik", grad, grad), 1 - group["beta"])
            state["right"].lerp_(torch.einsum("ij,ik->jk", grad, grad), 1 - group["beta"])
            u = torch.einsum("ij,jk,kl->il", state["left"], grad, state["right"])
            share = torch.einsum("ij,ij->j", grad, grad) / torch.einsum("ij,ij->", u, u)
            p.sub_(group["lr"] * torch.einsum("ij,j->ij", u, share))

    class Solved(Own):
        def update(self, p, grad, state, group):
            if p.ndim < 2:
                p.sub_(grad, alpha=group["lr"])
                return
            gram = grad @ grad.T + torch.eye(p.shape[0], dtype=p.dtype)
            both = torch.linalg.solve(gram, grad) + torch.linalg.inv(gram) @ p
            p.sub_(group["lr"] * both)

    class Bounded(Own):
        def update(self, p, grad, state, group):
            q = torch.quantile(grad.abs(), 0.9)
            p.sub_(group["lr"] * grad.clamp(-q, q) / grad.logsumexp(tuple(range(grad.ndim))))

    class Middle(Own):
        """The lower one of two in the middle, for which there is no word."""

        def update(self, p, grad, state, group):
            p.sub_(group["lr"] * grad / grad.abs().median())

    class Sorted(Own):
        """What a matrix is asked for has no word; a vector is only stepped."""

        def update(self, p, grad, state, group):
            p.sub_(group["lr"] * (grad if p.ndim < 2 else grad.sort().values))

    class Copied(Own):
        def update(self, p, grad, state, group):
            import copy

            if not state:
                state["start"] = copy.deepcopy(p.data)
            p.add_(state["start"] - p, alpha=0.01).sub_(grad, alpha=group["lr"])

    class Compiled(Own):
        def update(self, p, grad, state, group):
            moved = torch.compile(lambda p, g, lr: p - lr * g, fullgraph=True)
            p.copy_(moved(p, grad, group["lr"]))

    class Historied(Own):
        """Its states remember how they were made."""

        def step(self):
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    kept = state.get("m", torch.zeros_like(p))
                    state["m"] = kept.detach() + (p - p.detach()) + p.grad
                    with torch.no_grad():
                        p.sub_(state["m"], alpha=group["lr"])

    class Largest(Own):
        """Prints, and asks for the largest of one."""

        @torch.no_grad()
        def step(self):
            print("stepping")
            rate = max(group["lr"] for group in self.param_groups)
            for p in self.param_groups[0]["params"]:
                p.sub_(p.grad, alpha=rate)


if optax is not None:

    def of(function):
        return optax.GradientTransformation(lambda p: (), lambda g, s, p=None: (jax.tree.map(function, g), s))

    def clocked():
        return of(lambda g: g * time.time())

    def branching():
        return of(lambda g: -g if g.sum() > 0 else g)


@unittest.skipUnless(torch, "PyTorch is not here")
class People(unittest.TestCase):
    def test_what_is_imported_within_a_step(self):
        importing = __import__
        for cls, kind in ((Clock, ClockError), (Today, ClockError), (Draw, RandomnessError)):
            with self.subTest(cls.__name__), self.assertRaises(kind) as found:
                read_torch(cls)
            self.assertRegex(found.exception.place or "test_reading_people.py:", r"test_reading_people\.py")
        self.assertIn("sqrt(lr)", read_torch(Root).source)
        self.assertIs(__import__, importing)
        self.assertIs(sys.modules["time"], time)

    def test_several_threads(self):
        def read():
            try:
                found.append(read_torch(Root).distance)
            except Exception as error:
                found.append(error)

        found = []
        threads = [threading.Thread(target=read) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        self.assertTrue(all(isinstance(one, float) and one < 1e-12 for one in found), found)

    def test_einsteins_sums(self):
        source = read_torch(Sums).source
        for part in ("g @ g.T", "g.T @ g", "left' @ g @ right'", "col_sum(g^2)", "sum(u^2)"):
            self.assertIn(part, source)

    def test_einsteins_sums_are_written_out(self):
        from ravine.read.sums import written_out

        torch.manual_seed(0)
        sizes = dict(i=2, j=3, k=4, l=5)
        for text in (
            "ij->ji", "ij->i", "ij->", "ij,jk->ik", "ij,jk->ki", "ij,kj->ik", "ji,jk->ik", "ij,j->i", "i,ij->j", "i,i->", "i,j->ij",
            "i,j->ji", "ij,ij->i", "ij,ij->", "ij,ij->ji", "ij,ji->i", "ij,j->ij", "j,ij->ij", "i,ij->ij", "ij,i->j", "ij,jk,kl->il",
            "ij,kj,kl->li", "i,ij,j->", "ij,jk", "ij,k->i",
        ):
            with self.subTest(text):
                operands = [torch.randn([sizes[x] for x in one]) for one in text.split("->")[0].split(",")]
                made = written_out(text, *operands)
                self.assertTrue(torch.allclose(made, torch.einsum(text, *operands), atol=1e-6))
        for text, operands in (("ii->i", [torch.ones(2, 2)]), ("...i->i", [torch.ones(2, 2)]), ("bij,bjk->bik", [torch.ones(2, 2, 2)] * 2)):
            self.assertIsNone(written_out(text, *operands))

    def test_a_rule_for_vectors_alone_is_no_reading_of_what_takes_matrices(self):
        with self.assertRaisesRegex(OperationError, "sort"):
            read_torch(Sorted)

    def test_systems_of_equations_and_quantiles(self):
        source = read_torch(Solved).source
        self.assertIn("both = solve(gram, g) + solve(gram, eye(rows)) @ w", source)
        source = read_torch(Bounded).source
        self.assertIn("quantile(abs(g), 0.9)", source)
        self.assertIn("log(sum(exp(g)))", source)
        with self.assertRaisesRegex(OperationError, "median"):
            read_torch(Middle)

    def test_what_is_no_number_is_no_reading(self):
        with self.assertRaisesRegex(ReadingError, "R0886.*no finite numbers"):
            read_torch(Root, lr=float("inf"))
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            self.assertEqual(main(["torch", "torch.optim:SGD", "lr=nan"]), 2)
        self.assertIn("R0881", err.getvalue())

    def test_what_was_not_read_says_why(self):
        source = read_torch("torch.optim:Muon").source
        self.assertRegex(source, r"## Not read for vectors: R0881, .*Muon only supports 2D parameters")

    def test_copies_compiled_functions_and_histories(self):
        self.assertIn("start = w", read_torch(Copied).source)
        self.assertIn("w' = w - lr * g", read_torch(Compiled).source)
        self.assertLess(read_torch(Historied).distance, 1e-12)

    def test_what_an_optimizer_prints_is_no_answer(self):
        out = io.StringIO()
        sys.modules.setdefault("test_reading_people", sys.modules[__name__])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(main(["torch", "test_reading_people:Largest"]), 0)
        self.assertNotIn("stepping", out.getvalue())
        self.assertIn("w' = w - lr * g", out.getvalue())


@unittest.skipUnless(torch and optax, "optax is not here")
class Transformations(unittest.TestCase):
    def test_schedules_accumulation_masks_and_stacks_of_one(self):
        from ravine.read import read_optax

        for call, part in (
            ("optax.adam(optax.exponential_decay(1e-3, 10, 0.9))", "0.9^(0.1 * (t - 1))"),
            ("optax.adamw(optax.warmup_cosine_decay_schedule(0.0, 1e-3, 5, 50))", "cos("),
            ("optax.inject_hyperparams(optax.sgd)(learning_rate=optax.exponential_decay(0.1, 10, 0.9))", "0.9^"),
            ("optax.MultiSteps(optax.adam(1e-3), every_k_schedule=3)", "acc_grads"),
            ("optax.adamw(1e-3, mask=lambda p: jax.tree.map(lambda x: x.ndim > 1, p))", "rank >= 2"),
            ("optax.lookahead(optax.sgd(0.1), 5, 0.5)", "slow = w"),
            ("optax.contrib.muon(0.02)", "sqrt(max(cols / rows, 1))"),
        ):
            with self.subTest(call):
                reading = read_optax(call)
                self.assertLess(reading.distance, 1e-12)
                self.assertIn(part, reading.source)

    def test_what_is_no_rule_has_a_type(self):
        from ravine.read import read_optax

        sys.modules.setdefault("test_reading_people", sys.modules[__name__])
        for call, kind in (("clocked()", ClockError), ("branching()", BranchError)):
            with self.subTest(call), self.assertRaises(kind) as found:
                read_optax("test_reading_people." + call)
            self.assertRegex(found.exception.place, r"test_reading_people\.py:\d+")


if __name__ == "__main__":
    unittest.main()

"""Steps as PyTorch's own operations, and inside of compiled functions."""

import inspect
import unittest
import unittest.mock

import ravine
from torch_rules import distance, every, gradients, named, network, run, torch, with_torch

if torch is not None:
    import ravine.torch
    import torch._dynamo.testing


#: What draws draws other numbers there; the basis that one gradient of few columns gives SOAP is not unique.
OTHER_THERE = {"Gravity", "SparseMomentum", "OneBitAdam", "Frugal", "SOAP"}


@with_torch
class Operations(unittest.TestCase):
    def require_the_same_steps(self, rule, make_one, make_two):
        """That two optimizers of equal networks step alike, unless operations cannot say the rule of the second."""
        a, b = network(dtype=torch.float64, rule=rule), network(dtype=torch.float64, rule=rule)
        one, two = make_one(a), make_two(b)
        for p, q in zip(a.parameters(), b.parameters()):
            self.assertEqual(set(one.state[p]), set(two.state[q]))
        try:
            run(two, b, 4)
        except ravine.ProgramError as error:
            self.assertEqual(error.code, "R0860")
            return
        run(one, a, 4)
        self.assertLess(distance(a, b), 1e-6)
        self.assertEqual(one.state[a[0].weight]["step"], two.state[b[0].weight]["step"])

    @every()
    def test_generated_steps_are_the_same(self, rule, made):
        if rule in OTHER_THERE:
            return
        values = {"lr": 0.01, **({"weight_decay": 0.1} if "weight_decay" in inspect.signature(made).parameters else {})}
        self.require_the_same_steps(
            rule, lambda model: made(named(model), **values), lambda model: made(named(model), engine="torch", **values)
        )

    @every()
    def test_parameters_elsewhere(self, rule, made):
        from ravine.torch import _native

        if rule in OTHER_THERE:
            return
        away = []

        def make_away(model):
            away.extend(map(id, model.parameters()))
            return made(named(model), lr=0.01)

        # As if the library could not reach them.
        with unittest.mock.patch.object(_native, "is_here", lambda p: p.device.type == "cpu" and id(p) not in away):
            self.require_the_same_steps(rule, lambda model: made(named(model), lr=0.01), make_away)

    def test_names_that_the_source_cannot_keep(self):
        # A state that is called as a module of Python is.
        made = ravine.torch.ComplexMomentum
        self.require_the_same_steps(
            "ComplexMomentum", lambda model: made(named(model), lr=0.01),
            lambda model: made(named(model), lr=0.01, engine="torch"),
        )
        # Four ways to one rule, each a method of its own.
        made = ravine.torch.TigerOfficial
        self.require_the_same_steps(
            "TigerOfficial", lambda model: made(named(model), lr=0.01),
            lambda model: made(named(model), lr=0.01, engine="torch"),
        )

    def test_the_operator_says_what_it_changes(self):
        from ravine.torch import _compiled

        for rule in ("AdamW", "Lion", "Prodigy"):
            model = network(rule=rule)
            optimizer = getattr(ravine.torch, rule)(model.parameters(), lr=0.01)
            gradients(model, 0)
            arguments = []
            kept = torch.ops.ravine.step
            with unittest.mock.patch.object(_compiled, "call", lambda *given: arguments.append(given)):
                _compiled.step(optimizer)
            torch.library.opcheck(kept.default, [
                [x.detach() if isinstance(x, torch.Tensor) else x for x in one] if isinstance(one, list) else one for one in arguments[0]
            ])

    def test_compiled_steps(self):
        for rule in ("AdamW", "Prodigy", "Muon"):
            for rate in (0.01, torch.tensor(0.01)):
                with self.subTest(rule=rule, rate=rate):
                    torch._dynamo.reset()
                    a, b = network(rule=rule), network(rule=rule)
                    one, two = getattr(ravine.torch, rule)(a.parameters(), lr=rate), getattr(ravine.torch, rule)(b.parameters(), lr=0.01)
                    counted = torch._dynamo.testing.CompileCounter()
                    compiled = torch.compile(one.step, backend=counted)
                    for k in range(4):
                        gradients(a, k)
                        compiled()
                        gradients(b, k)
                        two.step()
                    self.assertLess(distance(a, b), 1e-6)
                    self.assertLessEqual(counted.frame_count, 2)

    def test_compiled_steps_follow_what_is_turned(self):
        torch._dynamo.reset()
        a, b = network(), network()
        one = ravine.torch.AdamW(a.parameters(), lr=0.1, weight_decay=0.01)
        two = torch.optim.AdamW(b.parameters(), lr=0.1, weight_decay=0.01)
        compiled = torch.compile(one.step, backend="eager")
        for k, turned in enumerate(({}, {}, {"lr": 0.05}, {"betas": (0.5, 0.6)}, {"lr": 0.02})):
            for optimizer in (one, two):
                optimizer.param_groups[0].update(turned)
            gradients(a, k)
            compiled()
            run(two, b, 1, first=k)
            self.assertLess(distance(a, b), 1e-5)


if __name__ == "__main__":
    unittest.main()

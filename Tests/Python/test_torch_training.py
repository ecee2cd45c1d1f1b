"""What training scripts do around a step in PyTorch: rates, schedulers, scaling, closures, hooks, views."""

import contextlib
import copy
import importlib.util
import unittest
from unittest import mock

import ravine
from torch_rules import distance, gradients, network, run, torch, with_torch

if torch is not None:
    import ravine.torch


class Stream:
    """In the place of a stream of a device that is not here."""

    def wait_stream(self, other):
        pass

    def synchronize(self):
        pass

    def record_event(self):
        return self


@contextlib.contextmanager
def offloading():
    """torchao's wrapper, which keeps the states of a device's parameters on the processor, with the processor as the device."""
    from torchao.optim import cpu_offload

    empty_like = torch.empty_like

    def unpinned(*given, pin_memory=False, **named):
        return empty_like(*given, **named)

    with contextlib.ExitStack() as all:
        for where, name, what in (
            (cpu_offload, "get_available_devices", lambda: ["cuda"]), (torch.cuda, "Stream", Stream),
            (torch.cuda, "current_stream", Stream), (torch.cuda, "stream", lambda _: contextlib.nullcontext()),
            (torch, "empty_like", unpinned),
        ):
            all.enter_context(mock.patch.object(where, name, what))
        yield cpu_offload.CPUOffloadOptimizer


@with_torch
class Training(unittest.TestCase):
    @unittest.skipUnless(importlib.util.find_spec("torchao"), "torchao is not here")
    def test_torchaos_wrapper_for_offloading(self):
        for rule, dtype in (("AdamW", "float32"), ("Lion", "bfloat16"), ("Muon", "float32"), ("Adam8bit", "float32")):
            def trained(wrapped):
                model = network(dtype=getattr(torch, dtype), rule=rule)
                kept = [p for p in model.parameters() if p.ndim == 2 or rule != "Muon"]
                made = getattr(ravine.torch, rule)
                optimizer = wrapped(kept, made, minimal_size=0, lr=0.01) if wrapped else made(kept, lr=0.01)
                scheduler = None if wrapped else torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
                for k in range(4):
                    torch.manual_seed(k)
                    x = torch.randn(4, model[0].in_features, dtype=getattr(torch, dtype))
                    model(x).square().mean().backward()
                    optimizer.step()
                    optimizer.zero_grad()
                    if wrapped:
                        for group in optimizer.param_groups:
                            group["lr"] *= 0.5
                    else:
                        scheduler.step()
                return model, optimizer

            with self.subTest(rule=rule), offloading() as wrapper:
                (one, own), (two, _) = trained(wrapper), trained(None)
                self.assertEqual(distance(one, two), 0)
                own.load_state_dict(copy.deepcopy(own.state_dict()))

    def test_rates_that_are_tensors_or_schedules(self):
        model, other = network(), network()
        rate = torch.tensor(0.05)
        one, two = ravine.torch.AdamW(model.parameters(), lr=rate), ravine.torch.AdamW(other.parameters(), lr=0.05)
        run(one, model, 2)
        run(two, other, 2)
        rate.fill_(0.01)
        two.param_groups[0]["lr"] = 0.01
        run(one, model, 2)
        run(two, other, 2)
        self.assertLess(distance(model, other), 1e-7)
        self.assertIs(one.param_groups[0]["lr"], rate)
        with self.assertRaisesRegex(ValueError, "Tensor lr must be 1-element"):
            ravine.torch.AdamW(model.parameters(), lr=torch.tensor([0.1, 0.1]))

        by_text = ravine.torch.AdamW(model.parameters(), lr="cosine(0.1)", total_steps=10)
        run(by_text, model, 10)
        scheduled = torch.optim.lr_scheduler.OneCycleLR(two, max_lr=0.1, total_steps=10, cycle_momentum=False)
        for k in range(9):
            run(two, other, 1)
            scheduled.step()
        self.assertLess(two.param_groups[0]["lr"], 0.01)

    def test_schedulers_that_turn_the_momentum(self):
        for rule, theirs, own in (("AdamW", torch.optim.AdamW, {}), ("HeavyBall", torch.optim.SGD, {"momentum": 0.9})):
            a, b = network(dtype=torch.float64), network(dtype=torch.float64)
            one = getattr(ravine.torch, rule)(a.parameters(), lr=0.01, weight_decay=0.01)
            two = theirs(b.parameters(), lr=0.01, weight_decay=0.01, **own)
            both = [torch.optim.lr_scheduler.OneCycleLR(x, max_lr=0.05, total_steps=8) for x in (one, two)]
            for k in range(7):
                run(one, a, 1, k)
                run(two, b, 1, k)
                for scheduler in both:
                    scheduler.step()
            self.assertLess(distance(a, b), 1e-12)
        other = torch.optim.AdamW(network().parameters(), betas=(0.3, 0.4))
        one = ravine.torch.AdamW(network().parameters())
        one.load_state_dict(ravine.torch.convert_state(other.state_dict(), "AdamW"))
        self.assertEqual(one.param_groups[0]["beta1"], 0.3)
        self.assertEqual(one.param_groups[0]["betas"], (0.3, 0.4))
        one.param_groups[0]["beta1"] = 0.5
        one.step()
        self.assertEqual(one.param_groups[0]["betas"], (0.5, 0.4))
        one.param_groups[0]["betas"] = (0.6, 0.7)
        one.step()
        self.assertEqual(one.param_groups[0]["beta2"], 0.7)

    def test_scaled_gradients(self):
        model, other = network(), network()
        optimizer, theirs = ravine.torch.AdamW(model.parameters()), ravine.torch.AdamW(other.parameters())
        scaler = torch.amp.GradScaler("cpu", init_scale=64.0)
        for is_broken in (False, True, False):
            gradients(model, 0)
            gradients(other, 0)
            for p in model.parameters():
                p.grad *= scaler.scale(torch.ones(()))
            if is_broken:
                next(model.parameters()).grad[0, 0] = float("inf")
            else:
                theirs.step()
            scaler.step(optimizer)
            scaler.update()
            self.assertLess(distance(model, other), 1e-6)
            self.assertEqual(optimizer.state[model[0].weight]["step"], theirs.state[other[0].weight]["step"])

    def test_closures_and_hooks(self):
        model = network()
        optimizer = ravine.torch.Lion(model.parameters(), lr=0.01)
        seen = []
        optimizer.register_step_pre_hook(lambda *_: seen.append("before"))
        optimizer.register_step_post_hook(lambda *_: seen.append("after"))

        def closure():
            seen.append("closure")
            self.assertTrue(torch.is_grad_enabled())
            optimizer.zero_grad()
            loss = model(torch.ones(2, 8)).square().mean()
            loss.backward()
            return loss

        value = optimizer.step(closure)
        self.assertEqual(seen, ["before", "closure", "after"])
        self.assertEqual(value.ndim, 0)

    def test_rules_that_read_the_loss_or_look_ahead(self):
        model = network()
        x = torch.ones(2, 8)

        def closure():
            optimizer.zero_grad()
            loss = model(x).square().mean()
            loss.backward()
            return loss

        optimizer = ravine.torch.PolyakSGD(model.parameters())
        before = closure().item()
        with self.assertRaisesRegex(ravine.UsageError, "reads the loss"):
            optimizer.step()
        optimizer.step(closure)
        self.assertLess(closure().item(), before)

        optimizer = ravine.torch.rule("SAM(SGD(lr = 0.05))")(model.parameters())
        before = closure().item()
        with self.assertRaisesRegex(ravine.UsageError, "closure"):
            optimizer.step()
        optimizer.step(closure)
        self.assertLess(closure().item(), before)

    def test_views(self):
        import numpy

        model = network(dtype=torch.float64)
        optimizer = ravine.torch.ScheduleFreeAdamW(model.parameters(), lr=0.01)
        before = copy.deepcopy(model)
        with optimizer.weights("eval"):
            self.assertEqual(distance(before, model), 0)
        run(optimizer, model, 3)
        before = copy.deepcopy(model)
        with optimizer.weights("eval"):
            self.assertTrue(torch.equal(model[0].weight, optimizer.view("eval", model[0].weight)))
            self.assertGreater(distance(before, model), 0)
        self.assertEqual(distance(before, model), 0)

        # A rule whose gradients are those of other weights.
        w = numpy.ones(3)
        own = ravine.Rule("XGradSGDM", lr=0.1).bind(w)
        p = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))
        optimizer = ravine.torch.XGradSGDM([p], lr=0.1)
        p.grad = p.detach().clone()
        with self.assertRaisesRegex(ravine.UsageError, "view train"):
            optimizer.step()
        for k in range(4):
            own.step(2 * (own.view("train") if k else w.copy()))
            with optimizer.weights("train"):
                optimizer.zero_grad()
                p.square().sum().backward()
            optimizer.step()
        numpy.testing.assert_allclose(p.detach().numpy(), w, rtol=1e-12)

    def test_a_transformer_trains_as_with_pytorchs_own(self):
        from pathlib import Path

        text = (Path(__file__).parent.parent.parent / "LICENSE").read_text(encoding="utf-8")[:8000]
        letters = sorted(set(text))
        data = torch.tensor([letters.index(one) for one in text])

        class Model(torch.nn.Module):
            def __init__(self):
                super().__init__()
                torch.manual_seed(0)
                self.embed = torch.nn.Embedding(len(letters), 32)
                self.place = torch.nn.Parameter(torch.randn(24, 32) / 10)
                layer = torch.nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
                self.layers = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
                self.head = torch.nn.Linear(32, len(letters))

            def forward(self, x):
                mask = torch.nn.Transformer.generate_square_subsequent_mask(24)
                return self.head(self.layers(self.embed(x) + self.place, mask=mask, is_causal=True))

        def losses(make, dtype=torch.float32, steps=200):
            model = Model().to(dtype)
            optimizer = make(model)
            generator = torch.Generator().manual_seed(1)
            found = []
            for _ in range(steps):
                at = torch.randint(len(data) - 25, (8,), generator=generator)
                rows = torch.stack([data[k : k + 25] for k in at])
                value = torch.nn.functional.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
                found.append(value.item())
            return found

        def far(one, two):
            return max(abs(a - b) for a, b in zip(one, two))

        for lr, decay in ((1e-3, 0.0), (3e-4, 0.01)):
            ours = losses(lambda model: ravine.torch.AdamW(model.parameters(), lr=lr, weight_decay=decay))
            theirs = losses(lambda model: torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=decay))
            self.assertLess(far(ours, theirs), 1e-4)
        # PyTorch decays by 1 - lr λ rounded to single precision, which is the less exact the less it decays: a rule that is
        # written so rounds so, and the one of the zoo stays with what both do in double precision.
        made = ravine.torch.rule("""
            rule Factor(lr = 1e-3, β1 = 0.9, β2 = 0.999, ε = 1e-8, λ = 0.01) {
                state m, v
                m' = ema(m, g, β1)
                v' = ema(v, g^2, β2)
                w' = (1 - lr * λ) * w - lr * debias(m', β1) / (sqrt(debias(v', β2)) + ε)
            }
        """)
        theirs = losses(lambda model: torch.optim.AdamW(model.parameters()))
        self.assertLess(far(losses(lambda model: made(model.parameters())), theirs), 1e-5)
        exact = losses(lambda model: torch.optim.AdamW(model.parameters()), torch.float64)
        self.assertLess(far(losses(lambda model: ravine.torch.AdamW(model.parameters())), exact), 1e-5)
        self.assertLess(far(theirs, exact), 1e-3)
        routed = losses(lambda model: ravine.torch.MuonAdamW(model.named_parameters(), lr=0.02, adam_lr=3e-3))
        self.assertLess(sum(routed[-20:]) / 20, 0.8 * sum(routed[:5]) / 5)


if __name__ == "__main__":
    unittest.main()

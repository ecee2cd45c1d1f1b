"""Rules as optimizers of PyTorch: what torch.optim promises, and torch's own cases of its optimizers."""

import copy
import inspect
import io
import pickle
import unittest
import unittest.mock
import warnings

try:
    import torch
except ImportError:
    torch = None

import ravine

if torch is not None:
    import ravine.torch
    import torch._dynamo.testing

#: Twenty rules of each kind, or all that need nothing but gradients.
ELEMENTWISE = [
    "SGD", "HeavyBall", "EMAMomentum", "Nesterov", "QHM", "PowerSign", "AddSign", "Rprop", "SignSGD", "Signum", "Lion",
    "AdaGrad", "RMSProp", "RMSPropMomentum", "Adam", "AdamW", "AMSGrad", "NAdam", "RAdam", "AdaMax", "AdaDelta",
    "ASGD", "AggMo", "Adam8bit", "Tiger",
]
REDUCTIONS = [
    "Gravity", "LionL2", "LionLp", "AdaptiveBraking", "Fromage", "SWATS", "FAdam", "StableAdamW", "NovoGrad", "CLion",
    "CAdamW", "Amos", "LAMB", "LARS", "LARSOptax", "AuON", "SGDSaI", "AdafactorVector", "AdaShift", "LionRows",
    "AdamP", "SGDP", "Adafactor", "CAME", "SM3",
]
GLOBAL = [
    "HypergradientSGD", "HypergradientAdam", "AdaGradNorm", "AvaGrad", "DAdaptAdam", "Prodigy", "DoWG", "DoG",
    "DAdaptSGD", "GSM",
]
MATRICES = [
    "Muon", "MuonTorch", "MuonOptax", "MuonAdamW", "NorMuon", "HybridAuON", "Shampoo", "SOAP", "GaLore", "GaLoreOptax",
    "SNSM", "SNSMOfficial", "SubsetNormAdamW", "DGC", "SparseMomentum", "Frugal", "LionTopK", "OneBitAdam", "MFACByTensor",
]
KINDS = {"elementwise": ELEMENTWISE, "reductions": REDUCTIONS, "global": GLOBAL, "matrices": MATRICES}


#: Which take matrices alone.
MATRICES_ALONE = {"Muon", "MuonTorch", "MuonOptax", "NorMuon", "HybridAuON", "SubsetNormAdamW"}


def network(seed=0, dtype=None, rule=None):
    torch.manual_seed(seed)
    bias = rule not in MATRICES_ALONE
    model = torch.nn.Sequential(torch.nn.Linear(8, 16, bias), torch.nn.Tanh(), torch.nn.Linear(16, 4, bias))
    return model.to(dtype or torch.float32)


def gradients(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        p.grad = torch.randn(p.shape, generator=generator).to(p.dtype)


def run(optimizer, model, steps, first=0):
    for k in range(first, first + steps):
        gradients(model, k)
        optimizer.step()


def named(model):
    return [(name.replace(".", "_"), p) for name, p in model.named_parameters()]


def distance(a, b):
    return max((p - q).abs().max().item() for p, q in zip(a.parameters(), b.parameters()))


def torchs_cases(test):
    """PyTorch's own database of cases, which asks for packages that PyTorch does not install."""
    try:
        from torch.testing._internal import common_optimizers
    except ImportError as why:
        test.skipTest(str(why))
    return common_optimizers


def every(*kinds):
    """A test of each rule of these kinds; of all without."""

    def made(body):
        def test(self):
            for kind, rules in KINDS.items():
                for rule in rules if not kinds or kind in kinds else []:
                    with self.subTest(rule=rule):
                        body(self, rule, getattr(ravine.torch, rule))

        return test

    return made


@unittest.skipUnless(torch, "PyTorch is not here")
class Torch(unittest.TestCase):
    # What they are

    def test_every_rule_is_a_class(self):
        for name in ravine.zoo():
            made = getattr(ravine.torch, name)
            self.assertTrue(issubclass(made, torch.optim.Optimizer))
            self.assertIs(pickle.loads(pickle.dumps(made)), made)
            self.assertIn(name, dir(ravine.torch))

    def test_signatures_say_what_is_taken(self):
        found = inspect.signature(ravine.torch.AdamW)
        self.assertEqual(
            list(found.parameters)[:6], ["params", "lr", "beta1", "beta2", "eps", "weight_decay"]
        )
        self.assertEqual(found.parameters["lr"].default, 1e-3)
        self.assertEqual(found.parameters["lr"].kind, inspect.Parameter.KEYWORD_ONLY)
        self.assertIsNone(inspect.signature(ravine.torch.Prodigy).parameters["beta3"].default)
        self.assertEqual(ravine.torch.Lion.__module__, "ravine.torch")
        self.assertIn("Chen et al. 2023", ravine.torch.Lion.__doc__)
        with self.assertRaisesRegex(AttributeError, "did you mean 'Lion'"):
            ravine.torch.Lionn

    def test_rules_of_texts_and_files(self):
        import tempfile
        from pathlib import Path

        text = "rule Mine(lr = 0.1, β = 0.9 in [0, 1)) {\n    state m\n    m' = ema(m, g, β)\n    w' = w - lr * m'\n}\n"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "my.opt"
            path.write_text(text, encoding="utf-8")
            made = ravine.torch.rule(f"{path}:Mine")
        model = network()
        optimizer = made(model.parameters(), lr=0.5, beta=0.5)
        run(optimizer, model, 2)
        again = pickle.loads(pickle.dumps(optimizer))
        self.assertIs(type(again), made)
        self.assertEqual(again.param_groups[0]["beta"], 0.5)

    # Steps

    def test_torchs_own_rules_take_torchs_steps(self):
        pairs = [
            ("SGD", torch.optim.SGD, {"weight_decay": 0.1}, {}),
            ("HeavyBall", torch.optim.SGD, {"weight_decay": 0.1}, {"momentum": 0.9}),
            ("Nesterov", torch.optim.SGD, {}, {"momentum": 0.9, "nesterov": True}),
            ("Adam", torch.optim.Adam, {"weight_decay": 0.1}, {}),
            ("AMSGrad", torch.optim.Adam, {}, {"amsgrad": True}),
            ("AdamW", torch.optim.AdamW, {"weight_decay": 0.1}, {}),
            # PyTorch keeps numbers of its own of these in single precision.
            ("NAdam", torch.optim.NAdam, {}, {}),
            ("RAdam", torch.optim.RAdam, {}, {}),
            ("AdaMax", torch.optim.Adamax, {}, {}),
            ("AdaGrad", torch.optim.Adagrad, {}, {}),
            ("AdaDelta", torch.optim.Adadelta, {}, {}),
            ("RMSProp", torch.optim.RMSprop, {}, {}),
            ("RMSPropMomentum", torch.optim.RMSprop, {}, {"momentum": 0.9}),
            ("Rprop", torch.optim.Rprop, {}, {}),
            ("ASGD", torch.optim.ASGD, {}, {}),
        ]
        for rule, theirs, both, own in pairs:
            for maximize in (False, True):
                with self.subTest(rule=rule, maximize=maximize):
                    a, b = network(dtype=torch.float64, rule=rule), network(dtype=torch.float64, rule=rule)
                    first = getattr(ravine.torch, rule)(a.parameters(), lr=0.01, maximize=maximize, **both)
                    second = theirs(b.parameters(), lr=0.01, maximize=maximize, **both, **own)
                    run(first, a, 10)
                    run(second, b, 10)
                    self.assertLess(distance(a, b), 1e-8 if rule in ("NAdam", "ASGD") else 1e-12)

                    # Their states go to and fro.
                    converted = ravine.torch.convert_state(second.state_dict(), rule)
                    first.load_state_dict(converted)
                    back = ravine.torch.convert_state(first.state_dict(), rule, to="torch")
                    second.load_state_dict(back)
                    run(first, a, 5, first=10)
                    run(second, b, 5, first=10)
                    self.assertLess(distance(a, b), 1e-8 if rule in ("NAdam", "ASGD") else 1e-12)

    @every("elementwise")
    def test_groups_have_hyperparameters_of_their_own(self, rule, made):
        whole, parts = network(rule=rule), network(rule=rule)
        one = made(whole.parameters(), lr=0.01)
        two = made([{"params": [p]} for p in parts.parameters()], lr=0.01)
        run(one, whole, 3)
        run(two, parts, 3)
        self.assertEqual(distance(whole, parts), 0)

    def test_groups_take_all_spellings(self):
        model = network()
        optimizer = ravine.torch.AdamW(
            [{"params": model[0].parameters(), "lr": 0.0, "betas": (0.5, 0.6), "lambda_": 0.0}, {"params": model[2].parameters()}],
            lr=0.1,
        )
        self.assertEqual(optimizer.param_groups[0]["beta2"], 0.6)
        before = copy.deepcopy(model)
        run(optimizer, model, 2)
        self.assertEqual(distance(before[0], model[0]), 0)
        self.assertGreater(distance(before[2], model[2]), 0.1)
        with self.assertRaisesRegex(ravine.UsageError, "did you mean"):
            optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))], "weight_decya": 0.1})
        with self.assertRaisesRegex(ravine.UsageError, r"in \[0, 1\)"):
            optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))], "beta1": 1.5})
        self.assertEqual(len(optimizer.param_groups), 2)

    def test_added_parameters_begin_at_their_first_step(self):
        model = network()
        optimizer = ravine.torch.Adam(model[0].parameters(), lr=0.1)
        run(optimizer, model, 3)
        optimizer.add_param_group({"params": list(model[2].parameters()), "lr": 0.2})
        other = network()
        other.load_state_dict(model.state_dict())
        theirs = torch.optim.Adam(other[0].parameters(), lr=0.1)
        theirs.add_param_group({"params": list(other[2].parameters()), "lr": 0.2})
        theirs.load_state_dict(ravine.torch.convert_state(optimizer.state_dict(), "Adam", to="torch"))
        run(optimizer, model, 3, first=3)
        run(theirs, other, 3, first=3)
        self.assertLess(distance(model, other), 1e-5)

    @every()
    def test_parameters_without_gradient_stay(self, rule, made):
        model = network(rule=rule)
        optimizer = made(named(model), lr=0.01)
        before = copy.deepcopy(model)
        gradients(model, 0)
        for p in model[0].parameters():
            p.grad = None
        optimizer.step()
        self.assertEqual(distance(before[0], model[0]), 0)
        self.assertEqual(optimizer.state[model[0].weight]["step"].item(), 0)
        self.assertEqual(optimizer.state[model[2].weight]["step"].item(), 1)

    @every()
    def test_gradients_are_never_written(self, rule, made):
        for maximize in (False, True):
            model = network(rule=rule)
            optimizer = made(named(model), lr=0.01, maximize=maximize)
            gradients(model, 0)
            kept = [(p.grad, p.grad.clone(), p.grad._version) for p in model.parameters()]
            optimizer.step()
            for g, before, version in kept:
                self.assertTrue(torch.equal(g, before))
                self.assertEqual(g._version, version)

    @every()
    def test_layouts_of_memory(self, rule, made):
        if rule in ("SparseMomentum", "Frugal", "OneBitAdam", "SubsetNormAdamW"):
            return
        torch.manual_seed(0)
        plain = [torch.randn(6, 5), torch.randn(2, 3, 4, 5), torch.randn(7)]
        odd = [
            torch.empty(5, 6).t(), torch.empty(2, 3, 4, 5).contiguous(memory_format=torch.channels_last), torch.empty(14)[::2],
        ]
        if rule in MATRICES_ALONE:
            plain, odd = plain[:1], odd[:1]
        a = [torch.nn.Parameter(x.clone()) for x in plain]
        b = [torch.nn.Parameter(y.copy_(x)) for x, y in zip(plain, odd)]
        one = made([(f"w{k}", p) for k, p in enumerate(a)], lr=0.01)
        two = made([(f"w{k}", p) for k, p in enumerate(b)], lr=0.01)
        for k in range(3):
            for p, q in zip(a, b):
                p.grad = torch.randn(p.shape)
                q.grad = p.grad.clone() if k == 1 else torch.empty_like(q).copy_(p.grad)
            one.step()
            two.step()
        for p, q, kept in zip(a, b, odd):
            self.assertLess((p - q).abs().max().item(), 1e-6)
            self.assertEqual(q.stride(), kept.stride())

    @every("elementwise", "reductions", "global")
    def test_empty_and_single_parameters(self, rule, made):
        p = [torch.nn.Parameter(torch.ones(())), torch.nn.Parameter(torch.ones(0, 3)), torch.nn.Parameter(torch.ones(2))]
        optimizer = made(p, lr=0.01)
        for one in p:
            one.grad = torch.ones_like(one)
        optimizer.step()
        self.assertTrue(torch.isfinite(p[0]).all() and torch.isfinite(p[2]).all())

    @every("elementwise")
    def test_types_of_numbers(self, rule, made):
        for dtype in (torch.float64, torch.bfloat16, torch.float16):
            model, reference = network(dtype=dtype, rule=rule), network(dtype=dtype, rule=rule).double()
            one, two = made(model.parameters(), lr=0.03), made(reference.parameters(), lr=0.03)
            gradients(model, 0)
            for p, q in zip(model.parameters(), reference.parameters()):
                q.grad = p.grad.double()
            one.step()
            two.step()
            for p, q in zip(model.parameters(), reference.parameters()):
                self.assertEqual(p.dtype, dtype)
                if rule not in ("Tiger",):
                    torch.testing.assert_close(p.double(), q, rtol=0.02, atol=0.02)

    def test_several_types_in_one_optimizer(self):
        p = [torch.nn.Parameter(torch.ones(3, dtype=kind)) for kind in (torch.float32, torch.bfloat16, torch.float64)]
        optimizer = ravine.torch.AdamW(p, lr=0.1)
        for one in p:
            one.grad = torch.ones_like(one)
        optimizer.step()
        for one in p:
            self.assertAlmostEqual(one[0].item(), 0.9, places=2)
        with self.assertRaisesRegex(ravine.UsageError, "several types"):
            ravine.torch.Prodigy(p)

    def test_nothing_happens_for_zero_gradients(self):
        for rule in ("SGD", "HeavyBall", "Adam", "AMSGrad", "Lion", "RMSProp", "AdaGrad", "NAdam", "AdaMax", "Muon", "LAMB"):
            model = network(rule=rule)
            made = getattr(ravine.torch, rule)
            optimizer = made(model.parameters(), lr=0.1, **({"weight_decay": 0.0} if "weight_decay" in inspect.signature(made).parameters else {}))
            before = copy.deepcopy(model)
            for _ in range(3):
                for p in model.parameters():
                    p.grad = torch.zeros_like(p)
                optimizer.step()
            self.assertEqual(distance(before, model), 0, rule)

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

    # Checkpoints

    @every()
    def test_states_have_names_from_the_start(self, rule, made):
        model = network(rule=rule)
        optimizer = made(named(model), lr=0.01)
        states = set(optimizer.state[model[0].weight])
        self.assertIn("step", states)
        self.assertLessEqual(
            {one for one in states if not one.startswith("view_")} - {"step"}, set(made._signature.base.states)
        )
        run(optimizer, model, 1)
        self.assertLessEqual(states, set(optimizer.state[model[0].weight]))

    @every()
    def test_a_run_goes_on_from_its_checkpoint(self, rule, made):
        model = network(rule=rule)
        optimizer = made(named(model), lr=0.01)
        run(optimizer, model, 3)
        file = io.BytesIO()
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
        file.seek(0)
        kept = torch.load(file, weights_only=True)
        other = network(seed=5, rule=rule)
        other.load_state_dict(kept["model"])
        later = made(named(other), lr=0.5)
        later.load_state_dict(state_dict=kept["optimizer"])
        copied = copy.deepcopy(optimizer)
        self.assertEqual(set(copied.state_dict()), {"state", "param_groups"})
        run(optimizer, model, 3, first=3)
        run(later, other, 3, first=3)
        self.assertEqual(distance(model, other), 0)

    def test_types_of_states_are_kept(self):
        model = network(dtype=torch.bfloat16)
        optimizer = ravine.torch.rule(
            "rule Kept(lr = 0.1) {\n state m as f32, v as int8(block = 64), s: scalar\n m' = ema(m, g, 0.9)\n v' = ema(v, g^2, 0.9)\n"
            " s' = s + sum(g)\n w' = w - lr * m' / (sqrt(v') + 1e-3)\n}"
        )(model.parameters())
        kinds = {name: one.dtype for name, one in optimizer.state[model[0].weight].items()}
        self.assertEqual(kinds["m"], torch.float32)
        self.assertEqual(kinds["v"], torch.uint8)
        self.assertEqual(kinds["s"], torch.float64)
        run(optimizer, model, 2)
        kept = copy.deepcopy(optimizer.state_dict())
        m = optimizer.state[model[0].weight]["m"].clone()
        optimizer.load_state_dict(kept)
        self.assertTrue(torch.equal(optimizer.state[model[0].weight]["m"], m))
        self.assertEqual({name: one.dtype for name, one in optimizer.state[model[0].weight].items()}, kinds)
        self.assertIsNot(optimizer.state[model[0].weight]["m"], kept["state"][0]["m"])

    def test_what_does_not_fit_is_refused(self):
        model = network()
        optimizer = ravine.torch.Lion(model.parameters(), lr=0.01)
        run(optimizer, model, 2)
        before = copy.deepcopy(optimizer.state_dict())
        other = ravine.torch.EMAMomentum(network().parameters(), lr=0.01)
        wide = ravine.torch.Lion(torch.nn.Linear(9, 16).parameters(), lr=0.01)
        for theirs in (other.state_dict(), torch.optim.Adam(network().parameters()).state_dict()):
            if not theirs["state"]:
                theirs["state"] = {k: {"step": 1.0, "exp_avg": torch.zeros(1)} for k in range(4)}
            with self.assertRaises(ravine.UsageError) as found:
                optimizer.load_state_dict(theirs)
            self.assertEqual(found.exception.code, "R0771")
        with self.assertRaises(ValueError):
            optimizer.load_state_dict(wide.state_dict())
        after = optimizer.state_dict()
        self.assertEqual(before["param_groups"], after["param_groups"])
        for k in range(4):
            self.assertTrue(torch.equal(before["state"][k]["m"], after["state"][k]["m"]))

    def test_named_and_unnamed_load_into_each_other(self):
        model = network()
        one, two = ravine.torch.Adam(model.named_parameters()), ravine.torch.Adam(model.parameters())
        run(one, model, 1)
        two.load_state_dict(one.state_dict())
        self.assertIn("param_names", two.param_groups[0])
        one.load_state_dict(ravine.torch.Adam(model.parameters()).state_dict())
        self.assertEqual(one.param_groups[0]["param_names"][0], "0.weight")

    def test_older_checkpoints_load(self):
        model = network()
        optimizer = ravine.torch.AdamW(model.parameters())
        run(optimizer, model, 1)
        kept = copy.deepcopy(optimizer.state_dict())
        for group in kept["param_groups"]:
            for name in ("maximize", "rule", "eps"):
                del group[name]
        kept["state"][0]["step"] = 1
        optimizer.load_state_dict(kept)
        self.assertFalse(optimizer.param_groups[0]["maximize"])
        run(optimizer, model, 1)

    # Bad input

    @every()
    def test_torchs_own_cases_of_errors(self, rule, made):
        get_error_inputs_for_all_optims = torchs_cases(self).get_error_inputs_for_all_optims
        if rule == "SubsetNormAdamW":
            # Its parameters are multiples of four, and PyTorch's has one number.
            return
        for one in get_error_inputs_for_all_optims("cpu", torch.float32):
            params, values = one.optimizer_error_input.params, one.optimizer_error_input.kwargs
            with self.subTest(case=one.optimizer_error_input.desc):
                if issubclass(one.error_type, Warning):
                    with self.assertWarnsRegex(one.error_type, one.error_regex):
                        try:
                            made(params, **values)
                        except TypeError:
                            pass
                else:
                    with self.assertRaisesRegex(one.error_type, one.error_regex):
                        made(params, **values)

    @every()
    def test_torchs_own_cases_of_numbers(self, rule, made):
        optim_db = torchs_cases(self).optim_db
        known = set(inspect.signature(made).parameters)
        tried = []
        for info in optim_db:
            for one in info.optim_inputs_func(device="cpu", dtype=torch.float32):
                if set(one.kwargs) <= known and one.kwargs not in tried:
                    tried.append(one.kwargs)
        self.assertGreater(len(tried), 1)
        for values in tried:
            for is_tensor in (False, True):
                if is_tensor:
                    values = {**values, "lr": torch.tensor(float(values.get("lr", 0.01)))}
                with self.subTest(values=values):
                    model = network(rule=rule)
                    optimizer = made(named(model), **values)
                    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
                    for k in range(3):
                        gradients(model, k)
                        optimizer.step()
                        scheduler.step()
                    self.assertTrue(all(torch.isfinite(p).all() for p in model.parameters()))
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

    # Training

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

        def losses(make, steps=200):
            model = Model()
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

        # PyTorch decays by 1 - lr λ rounded to single precision, which is the less exact the less it decays.
        for lr, decay in ((1e-3, 0.0), (3e-4, 0.01)):
            ours = losses(lambda model: ravine.torch.AdamW(model.parameters(), lr=lr, weight_decay=decay))
            theirs = losses(lambda model: torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=decay))
            self.assertLess(max(abs(a - b) for a, b in zip(ours, theirs)), 1e-4)
        routed = losses(lambda model: ravine.torch.MuonAdamW(model.named_parameters(), lr=0.02, adam_lr=3e-3))
        self.assertLess(sum(routed[-20:]) / 20, 0.8 * sum(routed[:5]) / 5)

    # Several processes

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

    # PyTorch's operations, and compiled functions

    @every()
    def test_generated_steps_are_the_same(self, rule, made):
        # What draws draws other numbers there; the basis that one gradient of few columns gives SOAP is not unique.
        if rule in ("Gravity", "SparseMomentum", "OneBitAdam", "Frugal", "SOAP"):
            return
        a, b = network(dtype=torch.float64, rule=rule), network(dtype=torch.float64, rule=rule)
        one = made(named(a), lr=0.01, weight_decay=0.1) if "weight_decay" in inspect.signature(made).parameters else made(named(a), lr=0.01)
        two = (
            made(named(b), lr=0.01, weight_decay=0.1, engine="torch")
            if "weight_decay" in inspect.signature(made).parameters
            else made(named(b), lr=0.01, engine="torch")
        )
        try:
            run(two, b, 4)
        except ravine.ProgramError as error:
            self.assertEqual(error.code, "R0860")
            return
        run(one, a, 4)
        self.assertLess(distance(a, b), 1e-6)
        self.assertEqual(one.state[a[0].weight]["step"], two.state[b[0].weight]["step"])

    @every()
    def test_parameters_elsewhere(self, rule, made):
        from ravine.torch import _native

        if rule in ("Gravity", "SparseMomentum", "OneBitAdam", "Frugal", "SOAP"):
            return
        a, b = network(dtype=torch.float64, rule=rule), network(dtype=torch.float64, rule=rule)
        one = made(named(a), lr=0.01)
        # As if the library could not reach them.
        with unittest.mock.patch.object(_native, "is_here", lambda p: p.device.type == "cpu" and not any(p is q for q in b.parameters())):
            two = made(named(b), lr=0.01)
            self.assertEqual(len(two.state), len(one.state))
            for p, q in zip(a.parameters(), b.parameters()):
                self.assertEqual(set(one.state[p]), set(two.state[q]))
            try:
                run(two, b, 4)
            except ravine.ProgramError as error:
                self.assertEqual(error.code, "R0860")
                return
        run(one, a, 4)
        self.assertLess(distance(a, b), 1e-6)

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


if __name__ == "__main__":
    unittest.main()

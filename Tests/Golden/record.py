"""Records trajectories of other packages beside this file: `python record.py [NAME...]`.

Needs torch, optax (with 64-bit numbers), pytorch_optimizer and schedulefree; each file says which version made it.
Gradients do not depend on the parameters; they hold zeros and a few entries far larger than the rest.
`views` are the weights that a package evaluates at other points than it trains, after each step.
"""

import importlib.metadata as metadata
import json
import os
import sys

import numpy as np

STEPS = 25
HERE = os.path.dirname(os.path.abspath(__file__))


def problem(shape, seed):
    random = np.random.default_rng(seed)
    start = random.normal(size=shape) * 0.6
    gradients = random.normal(size=(STEPS, *shape))
    gradients[random.uniform(size=gradients.shape) < 0.04] = 0
    flat = gradients.reshape(STEPS, -1)
    flat[:4, 0] = 0
    for _ in range(4):
        flat[random.integers(STEPS), random.integers(flat.shape[1])] *= 50
    return start, gradients


def by_torch(make):
    def run(start, gradients, hyper):
        import torch

        torch.set_default_dtype(torch.float64)
        p = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
        optimizer = make(torch)([p], **hyper)
        walk = []
        for gradient in gradients:
            p.grad = torch.tensor(gradient, dtype=torch.float64)
            optimizer.step()
            walk.append(p.detach().numpy().copy())
        return walk

    return run


def viewed(make):
    """`make` gives a step and a function of the weights to evaluate, in that order."""

    def run(start, gradients, hyper):
        import torch

        torch.set_default_dtype(torch.float64)
        p = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
        step, evaluated = make(torch, p, hyper)
        walk, shown = [], []
        for gradient in gradients:
            p.grad = torch.tensor(gradient, dtype=torch.float64)
            step()
            walk.append(p.detach().numpy().copy())
            shown.append(evaluated().detach().numpy().copy())
        return walk, {"eval": shown}

    return run


def asgd(torch, p, hyper):
    optimizer = torch.optim.ASGD([p], **hyper)
    return optimizer.step, lambda: optimizer.state[p]["ax"]


def by_schedulefree(make):
    """As it is used: `eval` before the weights are looked at, `train` before the next step."""

    def view(torch, p, hyper):
        import schedulefree

        optimizer = make(schedulefree, torch, p, hyper)
        optimizer.train()

        def evaluated():
            optimizer.eval()
            shown = p.detach().clone()
            optimizer.train()
            return shown

        return optimizer.step, evaluated

    return viewed(view)


def around_momentum(schedulefree, torch, p, hyper):
    """Adam cannot be wrapped: it takes the state of the wrapper for one of its own."""
    inner = torch.optim.SGD([p], lr=hyper["lr"], momentum=hyper["inner_momentum"])
    return schedulefree.ScheduleFreeWrapper(
        inner, momentum=hyper["momentum"], weight_lr_power=hyper["weight_lr_power"])


def averaged_adam(torch, p, hyper):
    """The mean is told of the weights before the first step, where it starts."""
    inner = {k: v for k, v in hyper.items() if k != "decay"}
    optimizer = torch.optim.Adam([p], **inner)
    model = torch.nn.ParameterList([p])
    mean = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(hyper["decay"]))
    mean.update_parameters(model)

    def step():
        optimizer.step()
        mean.update_parameters(model)

    return step, lambda: mean.module[0]


def by_pytorch_optimizer(name):
    def make(_):
        import pytorch_optimizer

        return lambda p, **hyper: getattr(pytorch_optimizer, name)(p, foreach=False, **hyper)

    return by_torch(make)


def by_optax(make):
    def run(start, gradients, hyper):
        import jax

        jax.config.update("jax_enable_x64", True)
        import jax.numpy as jnp
        import optax

        transform = make(optax)(**hyper)
        p = jnp.asarray(start)
        state = transform.init(p)
        walk = []
        for gradient in gradients:
            update, state = transform.update(jnp.asarray(gradient), state, p)
            p = optax.apply_updates(p, update)
            walk.append(np.asarray(p).copy())
        return walk

    return run


def acclip(start, gradients, hyper):
    p, m, tau = start.copy(), 0, 0
    b1, b2 = hyper["betas"]
    walk = []
    for g in gradients:
        m = b1 * m + (1 - b1) * g
        tau = b2 * tau + (1 - b2) * np.abs(g) ** hyper["alpha"]
        p = p - hyper["lr"] * np.minimum(tau ** (1 / hyper["alpha"]) / (np.abs(m) + hyper["eps"]), 1) * m
        walk.append(p.copy())
    return walk


def laprop_centred_amsgrad(start, gradients, hyper):
    """Z-T-WANG/LaProp-Optimizer, with both of its options."""
    p, lr, (b1, b2) = start.copy(), hyper["lr"], hyper["betas"]
    m, v, q, largest, rate = np.zeros_like(p), 0, 0, np.zeros_like(p), 0
    walk = []
    for t, g in enumerate(gradients, 1):
        v, q = b2 * v + (1 - b2) * g * g, b2 * q + (1 - b2) * g
        rate = b1 * rate + (1 - b1) * lr
        spread = v
        if t > 10:
            largest = np.maximum(largest, v - q * q)
            spread = largest
        m = b1 * m + (1 - b1) * lr * g / (np.sqrt(spread / (1 - b2**t)) + hyper["eps"])
        p = p - m / (rate / lr)
        p = p - hyper["weight_decay"] * p
        walk.append(p.copy())
    return walk


def mars_adamw_amsgrad(start, gradients, hyper):
    """AGI-Arena/MARS with is_approx, optimize_1d and amsgrad."""
    p, (b1, b2) = start.copy(), hyper["betas"]
    m, v, largest, last = 0, 0, 0, np.zeros_like(p)
    walk = []
    for t, g in enumerate(gradients, 1):
        c = g + hyper["gamma"] * b1 / (1 - b1) * (g - last)
        c = c / max(np.linalg.norm(c), 1)
        m, v = b1 * m + (1 - b1) * c, b2 * v + (1 - b2) * c * c
        largest = np.maximum(largest, v)
        u = m / (1 - b1**t) / (np.sqrt(largest) / np.sqrt(1 - b2**t) + hyper["eps"])
        p = p - hyper["lr"] * (hyper["weight_decay"] * p + u)
        last = g
        walk.append(p.copy())
    return walk


def sm3_largest(start, gradients, hyper):
    """pytorch_optimizer's SM3 for matrices with beta > 0."""
    p, beta = start.copy(), hyper["beta"]
    rows, columns = np.zeros((p.shape[0], 1)), np.zeros((1, p.shape[1]))
    m = np.zeros_like(p)
    walk = []
    for g in gradients:
        v = beta * np.minimum(rows, columns) + (1 - beta) * g * g
        rows = np.maximum(rows, v.max(1, keepdims=True))
        columns = np.maximum(columns, v.max(0, keepdims=True))
        m = hyper["momentum"] * m + (1 - hyper["momentum"]) * g / np.sqrt(v + hyper["eps"])
        p = p - hyper["lr"] * m
        walk.append(p.copy())
    return walk


def exadam_growing(start, gradients, hyper):
    """AhmedMostafa16/EXAdam as it was first published, with the growing step."""
    p, (b1, b2), eps = start.copy(), hyper["betas"], hyper["eps"]
    m = v = 0
    walk = []
    for t, g in enumerate(gradients, 1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        d1 = 1 + v / (v + eps) * b2**t
        d2 = 1 + m * m / (m * m + eps) * b1**t
        top = m / (1 - b1**t) * d1 + g / (1 - b1**t) * d1
        rate = hyper["lr"] * np.log(np.sqrt(t + 1) * np.sqrt(2))
        p = p - rate * top / (np.sqrt(v / (1 - b2**t) * d2) + eps)
        walk.append(p.copy())
    return walk


# name: (shape, source, run, hyperparameters, relative tolerance)
PEERS = {
    "asgd": ((12,), "torch torch.optim.ASGD", viewed(asgd),
             dict(lr=0.05, lambd=0.01, alpha=0.75, t0=6, weight_decay=0.1), 1e-11),
    "novograd": ((4, 3), "pytorch_optimizer NovoGrad", by_pytorch_optimizer("NovoGrad"),
                 dict(lr=0.01, betas=(0.9, 0.8), weight_decay=0.1, grad_averaging=True), 1e-11),
    "novograd-optax": ((12,), "optax optax.novograd", by_optax(lambda o: o.novograd),
                       dict(learning_rate=0.01, b1=0.9, b2=0.25, eps=1e-8, weight_decay=0.05), 1e-11),
    "pnm": ((12,), "pytorch_optimizer PNM", by_pytorch_optimizer("PNM"),
            dict(lr=0.01, betas=(0.9, 0.7), weight_decay=0.1), 1e-11),
    "pid": ((12,), "pytorch_optimizer PID", by_pytorch_optimizer("PID"),
            dict(lr=1e-3, momentum=0.9, dampening=0.1, integral=4.0, derivative=8.0,
                 weight_decay=0.1), 1e-11),
    "kate": ((12,), "pytorch_optimizer Kate", by_pytorch_optimizer("Kate"),
             dict(lr=0.01, delta=0.1, eps=1e-6, weight_decay=0.1, weight_decouple=True), 1e-11),
    "ftrl": ((12,), "pytorch_optimizer FTRL", by_pytorch_optimizer("FTRL"),
             dict(lr=0.1, beta=1.0, lambda_1=0.5, lambda_2=0.1), 1e-10),
    "msvag": ((12,), "pytorch_optimizer MSVAG", by_pytorch_optimizer("MSVAG"),
              dict(lr=0.05, beta=0.8), 1e-7),
    "ano": ((12,), "pytorch_optimizer Ano", by_pytorch_optimizer("Ano"),
            dict(lr=0.01, betas=(0.9, 0.95), weight_decay=0.1), 1e-11),
    "avagrad": ((12,), "pytorch_optimizer AvaGrad", by_pytorch_optimizer("AvaGrad"),
                dict(lr=0.05, betas=(0.9, 0.99), eps=0.05, weight_decay=0.1), 1e-11),
    "swats": ((12,), "pytorch_optimizer SWATS", by_pytorch_optimizer("SWATS"),
              dict(lr=0.01, betas=(0.9, 0.9), eps=0.2, weight_decay=0.01, nesterov=True), 1e-10),
    "stableadamw": ((4, 3), "pytorch_optimizer StableAdamW", by_pytorch_optimizer("StableAdamW"),
                    dict(lr=0.01, betas=(0.9, 0.95), weight_decay=0.1), 1e-11),
    "amos": ((4, 3), "pytorch_optimizer Amos", by_pytorch_optimizer("Amos"),
             dict(lr=0.1, beta=0.99, momentum=0.9, extra_l2=0.01), 1e-11),
    "amos-vector": ((12,), "pytorch_optimizer Amos", by_pytorch_optimizer("Amos"),
                    dict(lr=0.05, beta=0.999, momentum=0.0), 1e-11),
    "tiger": ((12,), "pytorch_optimizer Tiger", by_pytorch_optimizer("Tiger"),
              dict(lr=0.01, beta=0.9, weight_decay=0.1), 1e-11),
    "grams-paper": ((12,), "pytorch_optimizer Grams", by_pytorch_optimizer("Grams"),
                    dict(lr=0.01, betas=(0.9, 0.99), eps=1e-6, weight_decay=0.1), 1e-11),
    "dowg": ((12,), "optax optax.contrib.dowg", by_optax(lambda o: o.contrib.dowg),
             dict(learning_rate=1.0, weight_decay=0.05), 1e-11),
    "adagrad-optax": ((12,), "optax optax.adagrad", by_optax(lambda o: o.adagrad),
                      dict(learning_rate=0.05), 1e-11),
    "rmsprop-optax": ((12,), "optax optax.rmsprop", by_optax(lambda o: o.rmsprop),
                      dict(learning_rate=0.01, decay=0.95, eps=1e-6, initial_scale=1.0,
                           momentum=0.8, nesterov=True), 1e-11),
    "amsgrad-optax": ((12,), "optax optax.amsgrad", by_optax(lambda o: o.amsgrad),
                      dict(learning_rate=0.01, b2=0.9), 1e-11),
    "lars-optax": ((4, 3), "optax optax.lars", by_optax(lambda o: o.lars),
                   dict(learning_rate=1.0, weight_decay=0.05, trust_coefficient=0.01, eps=1e-6,
                        momentum=0.8, nesterov=True), 1e-11),
    "adafactor-optax": ((4, 6), "optax optax.adafactor", by_optax(lambda o: o.adafactor),
                        dict(learning_rate=0.05, min_dim_size_to_factor=1, momentum=0.9,
                             weight_decay_rate=0.01), 1e-6),
    "adafactor-optax-vector": ((12,), "optax optax.adafactor", by_optax(lambda o: o.adafactor),
                               dict(learning_rate=0.05), 1e-6),
    "novograd-root": ((12,), "optax optax.novograd", by_optax(lambda o: o.novograd),
                      dict(learning_rate=0.01, b1=0.9, b2=0.9, eps=1e-8, eps_root=0.5), 1e-11),
    "muon-optax-wide": ((4, 6), "optax optax.contrib.muon", by_optax(lambda o: o.contrib.muon),
                        dict(learning_rate=0.02, beta=0.9, nesterov=False, weight_decay=0.1), 1e-11),
    "galore-optax-wide": ((4, 6), "optax optax.contrib.galore", by_optax(lambda o: o.contrib.galore),
                          dict(learning_rate=0.01, rank=9, update_proj_gap=30, weight_decay=0.1), 1e-4),
    "simplified-ademamix-2": (
        (12,), "optax optax.contrib.simplified_ademamix",
        by_optax(lambda o: o.contrib.simplified_ademamix),
        dict(learning_rate=0.01, b1=0.9, alpha=3.0, eps_root=1e-6, weight_decay=0.1), 1e-11),
    "cocob-2": ((12,), "optax optax.contrib.cocob", by_optax(lambda o: o.contrib.cocob),
                dict(learning_rate=0.5, alpha=2.0, weight_decay=0.1), 1e-11),
    "laprop-centred-max": (
        (12,), "numpy Z-T-WANG/LaProp-Optimizer@a419916, transcribed", laprop_centred_amsgrad,
        dict(lr=4e-3, betas=(0.9, 0.95), eps=1e-15, weight_decay=0.01), 1e-9),
    "mars-adamw-max": ((12,), "numpy AGI-Arena/MARS, transcribed", mars_adamw_amsgrad,
                       dict(lr=3e-3, betas=(0.95, 0.8), eps=1e-8, gamma=0.025, weight_decay=0.1), 1e-11),
    "sm3-largest": ((4, 6), "numpy pytorch_optimizer SM3, transcribed", sm3_largest,
                    dict(lr=0.1, momentum=0.9, beta=0.8, eps=1e-30), 1e-11),
    "exadam-growing": ((12,), "numpy AhmedMostafa16/EXAdam of 2024, transcribed", exadam_growing,
                       dict(lr=1e-3, betas=(0.9, 0.99), eps=1e-8), 1e-11),
    "schedulefree-adamw-warmup": (
        (12,), "schedulefree AdamWScheduleFree",
        by_schedulefree(lambda s, t, p, h: s.AdamWScheduleFree([p], **h)),
        dict(lr=0.02, betas=(0.95, 0.98), eps=1e-6, weight_decay=0.1, warmup_steps=10), 1e-11),
    "schedulefree-adamw-weighted": (
        (4, 3), "schedulefree AdamWScheduleFree",
        by_schedulefree(lambda s, t, p, h: s.AdamWScheduleFree([p], **h)),
        dict(lr=0.02, betas=(0.8, 0.98), eps=1e-6, weight_decay=0.05, warmup_steps=4, r=0.5,
             weight_lr_power=1.5), 1e-11),
    "schedulefree-sgd-warmup": (
        (12,), "schedulefree SGDScheduleFree",
        by_schedulefree(lambda s, t, p, h: s.SGDScheduleFree([p], **h)),
        dict(lr=0.3, momentum=0.8, weight_decay=0.1, warmup_steps=10, r=1.0), 1e-11),
    "schedulefree-wrapper": (
        (12,), "schedulefree ScheduleFreeWrapper(torch.optim.SGD)", by_schedulefree(around_momentum),
        dict(lr=0.02, inner_momentum=0.5, momentum=0.8, weight_lr_power=0), 1e-11),
    "averaging": (
        (12,), "torch torch.optim.swa_utils.AveragedModel(torch.optim.Adam)", viewed(averaged_adam),
        dict(lr=0.02, betas=(0.9, 0.98), eps=1e-6, decay=0.8), 1e-11),
    "acclip": ((12,), "numpy the formula of the paper", acclip,
               dict(lr=0.01, betas=(0.9, 0.95), alpha=1.5, eps=1e-8), 1e-11),
}


def record(name):
    shape, source, run, hyper, tolerance = PEERS[name]
    start, gradients = problem(shape, seed=sum(map(ord, name)))
    walk = run(start, gradients, hyper)
    walk, views = walk if isinstance(walk, tuple) else (walk, {})
    package, what = source.split(" ", 1)
    version = metadata.version(package).split("+")[0]
    # optax computes Adafactor's decay rate in single precision.
    absolute = 1e-7 if tolerance == 1e-6 else tolerance * 1e-3
    document = {
        "name": what, "source": f"{package}=={version} {what}", "hyperparameters": hyper,
        "dtype": "float64", "shape": list(shape), "steps": STEPS, "p0": start.tolist(),
        "gradients": gradients.tolist(), "parameters": [x.tolist() for x in walk],
        "recommended_tolerance": {"rel": tolerance, "abs": absolute},
    }
    if views:
        document["views"] = {k: [x.tolist() for x in v] for k, v in views.items()}
    assert all(np.isfinite(x).all() for x in walk), name
    with open(os.path.join(HERE, name + ".json"), "w") as file:
        json.dump(document, file)
        file.write("\n")
    return walk


if __name__ == "__main__":
    for name in sys.argv[1:] or PEERS:
        walk = record(name)
        print(name, np.round(walk[-1].reshape(-1)[:4], 6))

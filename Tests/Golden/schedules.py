"""Records the learning rates of other packages' schedules in schedules.tsv: `python schedules.py`.

A line: the schedule in the language, who made the numbers, T, and the values at t = 1, ..., T.
"""

import importlib.metadata as metadata
import os

T = 40
PEAK = 0.3


def by_torch(make, first=1):
    """The rate after `first - 1 + t` steps of the scheduler, counted from the start."""
    import torch

    torch.set_default_dtype(torch.float64)
    p = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([p], lr=PEAK, momentum=0.9)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    rates = []
    for _ in range(T + 1):
        rates.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]))
        optimizer.step()
        scheduler.step()
    return [rate for rate, _ in rates][first : first + T], [m for _, m in rates][first : first + T]


def by_optax(make):
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import optax

    schedule = make(optax)
    return [float(schedule(jnp.asarray(t, dtype=jnp.float64))) for t in range(1, T + 1)]


def torch_rates(make, first=1):
    return by_torch(make, first)[0]


LINES = [
    ("cosine(0.3, final = 0.01)", "torch CosineAnnealingLR",
     lambda: torch_rates(lambda s, o: s.CosineAnnealingLR(o, T_max=T, eta_min=0.01))),
    ("cosine(0.3)", "optax cosine_decay_schedule",
     lambda: by_optax(lambda o: o.cosine_decay_schedule(PEAK, T))),
    ("linear_decay(0.3, final = 0.03)", "torch LinearLR",
     lambda: torch_rates(lambda s, o: s.LinearLR(o, 1.0, 0.1, total_iters=T))),
    ("polynomial_decay(0.3, power = 3)", "torch PolynomialLR",
     lambda: torch_rates(lambda s, o: s.PolynomialLR(o, total_iters=T, power=3))),
    ("polynomial_decay(0.3, power = 1.5, final = 0.02)", "optax polynomial_schedule",
     lambda: by_optax(lambda o: o.polynomial_schedule(PEAK, 0.02, 1.5, T))),
    ("exponential_decay(0.3, rate = 0.9, every = 1)", "torch ExponentialLR",
     lambda: torch_rates(lambda s, o: s.ExponentialLR(o, 0.9))),
    ("exponential_decay(0.3, rate = 0.5, every = 7, staircase = 1)", "torch StepLR",
     lambda: torch_rates(lambda s, o: s.StepLR(o, 7, 0.5))),
    ("exponential_decay(0.3, rate = 0.5, every = 7)", "optax exponential_decay",
     lambda: by_optax(lambda o: o.exponential_decay(PEAK, 7, 0.5))),
    ("warmup_cosine(0.3, warmup = 10, final = 0.01)", "optax warmup_cosine_decay_schedule",
     lambda: by_optax(lambda o: o.warmup_cosine_decay_schedule(0, PEAK, 10, T, 0.01))),
    ("warmup_constant(0.3, warmup = 10)", "optax warmup_constant_schedule",
     lambda: by_optax(lambda o: o.warmup_constant_schedule(0, PEAK, 10))),
    ("warmup_linear(0.3, warmup = 10, final = 0.01)", "optax join_schedules of two lines",
     lambda: by_optax(lambda o: o.join_schedules(
         [o.linear_schedule(0, PEAK, 10), o.linear_schedule(PEAK, 0.01, T - 10)], [10]))),
    ("warmup_stable_decay(0.3, warmup = 10, decay = 12, final = 0.01)",
     "optax join_schedules of two lines and a constant",
     lambda: by_optax(lambda o: o.join_schedules(
         [o.linear_schedule(0, PEAK, 10), o.constant_schedule(PEAK),
          o.linear_schedule(PEAK, 0.01, 12)], [10, T - 12]))),
    ("one_cycle(0.3)", "optax cosine_onecycle_schedule",
     lambda: by_optax(lambda o: o.cosine_onecycle_schedule(T, PEAK, 0.3, 25.0, 1e4))),
    ("triangular(0.1, 0.3, half = 6)", "torch CyclicLR",
     lambda: torch_rates(
         lambda s, o: s.CyclicLR(o, 0.1, 0.3, step_size_up=6, cycle_momentum=False), first=0)),
    ("triangular(0.95, 0.85, half = 6)", "torch CyclicLR's momentum",
     lambda: by_torch(
         lambda s, o: s.CyclicLR(
             o, 0.1, 0.3, step_size_up=6, base_momentum=0.85, max_momentum=0.95), first=0)[1]),
    ("inverse_sqrt(0.3, warmup = 10)", "numpy the formula of Vaswani et al. 2017",
     lambda: [PEAK * min(t / 10, (10 / t) ** 0.5) for t in range(1, T + 1)]),
    ("inverse_sqrt(0.3, warmup = 0)", "numpy the formula without a warm-up",
     lambda: [PEAK / t**0.5 for t in range(1, T + 1)]),
]

if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "schedules.tsv"), "w") as file:
        file.write("# The rates of other packages' schedules at t = 1, ..., T: see schedules.py.\n")
        for text, source, values in LINES:
            package, what = source.split(" ", 1)
            version = metadata.version(package)
            row = " ".join(repr(x) for x in values())
            file.write(f"{text}\t{package}=={version.split('+')[0]} {what}\t{T}\t{row}\n")

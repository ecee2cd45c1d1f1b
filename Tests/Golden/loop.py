"""What the training loop should give, computed here in plain Python: `python loop.py > loop.tsv`.

A line: a script, the rule's position in it, a series and its values; `end` is where the run ends. Nothing here
is taken from Ravine.
"""

import math


def line(script, rule, series, values):
    script = script.replace("\n", "\\n")
    print(script, rule, series, " ".join(repr(float(v)) for v in values), sep="\t")


def walk(step, w, steps, loss, gradient):
    """Losses where the rule says what to ship, and that point; gradients where it asks for them."""
    losses, train, shown = [], w, w
    state = {"w": w}
    for t in range(1, steps + 1):
        losses.append(loss(shown))
        train, shown = step(state, gradient(train), t)
    return losses + [loss(shown)], shown


# MARK: Views, by hand


def averaging(lr, decay):
    def step(s, g, t):
        mean = s.get("mean", s["w"])
        s["w"] = s["w"] - lr * g
        s["mean"] = decay * mean + (1 - decay) * s["w"]
        return s["w"], s["mean"]

    return step


def schedule_free(lr, beta):
    """Defazio et al. 2024: z steps, x averages, gradients between them."""

    def step(s, g, t):
        z = s.get("z", s["w"]) - lr * g
        x = s["w"] + (z - s["w"]) / (t + 1)
        s["z"], s["w"] = z, x
        return z + beta * (x - z), x

    return step


def predicting(lr):
    def step(s, g, t):
        old = s["w"]
        s["w"] = old - lr * g
        return 2 * s["w"] - old, s["w"]

    return step


def xgrad_adam(lr, b1=0.9, b2=0.999, eps=1e-8):
    """Guan et al. 2023: Adam, the next gradient one step ahead."""

    def step(s, g, t):
        s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
        s["v"] = b2 * s.get("v", 0.0) + (1 - b2) * g * g
        move = s["m"] / (1 - b1**t) / (math.sqrt(s["v"]) / math.sqrt(1 - b2**t) + eps)
        s["w"] = s["w"] - lr * move
        return s["w"] - lr * move, s["w"]

    return step


def xgrad_momentum(lr, mu, ahead):
    """Guan et al. 2023: momentum, the next gradient some steps ahead."""

    def step(s, g, t):
        s["b"] = mu * s.get("b", 0.0) + g
        s["w"] = s["w"] - lr * s["b"]
        return s["w"] - ahead * lr * s["b"], s["w"]

    return step


def schedule_free_weighted(lr, beta, warmup, decay, second=None, eps=1e-8):
    """Defazio et al. 2024, algorithm 1 and the package's weights: z steps with the decay at y, x averages z
    by the square of the largest rate; `second` is Adam's denominator."""

    def step(s, g, t):
        z, x = s.get("z", s["w"]), s.get("x", s["w"])
        y = (1 - beta) * z + beta * x
        rate = lr * min(1, t / warmup)
        if second is not None:
            s["v"] = second * s.get("v", 0.0) + (1 - second) * g * g
            g = g / (math.sqrt(s["v"] / (1 - second**t)) + eps)
        s["z"] = z - rate * (g + decay * y)
        weight = max(s.get("largest", 0.0), rate) ** 2
        s["largest"], s["sum"] = max(s.get("largest", 0.0), rate), s.get("sum", 0.0) + weight
        s["x"] = x + weight / s["sum"] * (s["z"] - x)
        return (1 - beta) * s["z"] + beta * s["x"], s["x"]

    return step


def schedule_free_momentum(lr, mu, beta):
    """Around any rule: the mean of all z."""

    def step(s, g, t):
        s["b"] = mu * s.get("b", 0.0) + g
        s["z"] = s.get("z", s["w"]) - lr * s["b"]
        s["total"] = s.get("total", 0.0) + s["z"]
        x = s["total"] / t
        return (1 - beta) * s["z"] + beta * x, x

    return step


def polyak(lr, fade, alpha, t0, decay):
    """Polyak & Juditsky 1992 as torch.optim.ASGD: the mean of the points from step t0 + 2 on."""

    def step(s, g, t):
        rate = lr / (1 + fade * lr * (t - 1)) ** alpha
        s["w"] = s["w"] * (1 - fade * rate) - rate * (g + decay * s["w"])
        points = s.setdefault("points", [])
        points.append(s["w"])
        kept = points[min(t - 1, t0 + 1):]
        return s["w"], sum(kept) / len(kept)

    return step


def far(lr):
    def step(s, g, t):
        s["w"] = s["w"] - lr * g
        return s["w"] + 10, s["w"]

    return step


QUADRATIC = "objective f(x: scalar = 1) = x^2\n"
OWN = """rule SF(lr = 0.1, β = 0.9) {
    state z = w
    z' = z - lr * g
    w' = lerp(w, z', 1 / (t + 1))
    view train = lerp(z', w', β)
    view eval = w'
}
rule Far(lr = 0.1) {
    w' = w - lr * g
    view train = w' + 10
}
"""
for text, rule in [
    ("Averaging(SGD(lr = 0.1), β = 0.9)", averaging(0.1, 0.9)),
    ("SF", schedule_free(0.1, 0.9)),
    ("Predicting(SGD(lr = 0.1))", predicting(0.1)),
    ("XGradAdam(lr = 0.1)", xgrad_adam(0.1)),
    ("Far", far(0.1)),
    ("ScheduleFree(HeavyBall(lr = 0.05, μ = 0.5), β = 0.8)", schedule_free_momentum(0.05, 0.5, 0.8)),
    ("ScheduleFreeSGD(lr = 0.2, β = 0.8, λ = 0.1, warmup = 5)", schedule_free_weighted(0.2, 0.8, 5, 0.1)),
    (
        "ScheduleFreeAdamW(lr = 0.1, β1 = 0.8, β2 = 0.95, λ = 0.1, warmup = 5)",
        schedule_free_weighted(0.1, 0.8, 5, 0.1, 0.95),
    ),
    ("XGradSGDM(lr = 0.05, μ = 0.5, s = 2)", xgrad_momentum(0.05, 0.5, 2)),
    ("ASGD(lr = 0.1, fade = 0.1, t0 = 4, λ = 0.1)", polyak(0.1, 0.1, 0.75, 4, 0.1)),
]:
    script = f"{OWN}{QUADRATIC}minimize f with SGD(lr = 0.1), {text} for 20 steps"
    losses, end = walk(rule, 1.0, 20, lambda x: x * x, lambda x: 2 * x)
    line(script, 1, "loss", losses)
    line(script, 1, "end", [end])

# MARK: Views in train: one batch, so that the order of the rows does not matter

ROWS = [(1.0, 2.0), (2.0, 3.0), (3.0, 7.0), (-1.0, 0.5)]
LINE = (
    'data d = csv("rows.csv", target = "y")\n'
    "objective line(; x, y) {\n    param W: matrix(features, 1) = 0\n    param b: scalar = 1\n"
    "    loss = mean_squared_error(x @ W + b, y)\n    metric slope = W[0, 0]\n    metric offset = b\n}\n"
)


def mean_squared_error(w, b):
    return sum((w * x + b - y) ** 2 for x, y in ROWS) / len(ROWS)


def slopes(w, b):
    n = len(ROWS)
    return (
        sum(2 * (w * x + b - y) * x for x, y in ROWS) / n,
        sum(2 * (w * x + b - y) for x, y in ROWS) / n,
    )


for text, rule in [
    ("Averaging(SGD(lr = 0.05), β = 0.9)", averaging(0.05, 0.9)),
    ("SF(lr = 0.05)", schedule_free(0.05, 0.9)),
    ("Predicting(SGD(lr = 0.05))", predicting(0.05)),
    (
        "ScheduleFreeAdamW(lr = 0.1, β1 = 0.8, β2 = 0.95, λ = 0.1, warmup = 3)",
        schedule_free_weighted(0.1, 0.8, 3, 0.1, 0.95),
    ),
    ("XGradSGDM(lr = 0.05, μ = 0.5, s = 2)", xgrad_momentum(0.05, 0.5, 2)),
    ("ASGD(lr = 0.05, fade = 0.1, t0 = 1, λ = 0.1)", polyak(0.05, 0.1, 0.75, 1, 0.1)),
]:
    script = f"{OWN}{LINE}train line on d with {text} for 5 epochs"
    states = [{"w": 0.0}, {"w": 1.0}]
    train = shown = (0.0, 1.0)
    losses, tests = [mean_squared_error(*shown)], [mean_squared_error(*shown)]
    points = [shown]
    for t in range(1, 6):
        losses.append(mean_squared_error(*shown))
        moved = [rule(s, g, t) for s, g in zip(states, slopes(*train))]
        train, shown = tuple(m[0] for m in moved), tuple(m[1] for m in moved)
        points.append(shown)
        tests.append(mean_squared_error(*shown))
    line(script, 0, "loss", losses)
    line(script, 0, "test_loss", tests)
    line(script, 0, "slope", [p[0] for p in points])
    line(script, 0, "offset", [p[1] for p in points])
    line(script, 0, "end", points[-1])

# MARK: t, T and training in objectives

# (t / T) x² by SGD with rate 0.2: each step has its own t, and the last loss is measured at t = T.
x, losses = 1.0, []
for t in range(1, 6):
    losses.append(t / 5 * x * x)
    x -= 0.2 * (t / 5) * 2 * x
script = "objective f(x: scalar = 1) = t / T * x^2\nminimize f with SGD(lr = 0.2) for 5 steps"
line(script, 0, "loss", losses + [x * x])
line(script, 0, "end", [x])
# The same through a hyperparameter that is a schedule, a function, a named value and a loop.
for body in [
    "objective f(c = t / T, x: scalar = 1) = c * x^2",
    "fn share(x) = t / T * x\nobjective f(x: scalar = 1) = share(x^2)",
    "share = t / T\nobjective f(x: scalar = 1) = share * x^2",
    "fn share(x) {\n    s = 0 * x\n    repeat 2 {\n        s' = s + t / T / 2\n    }\n    s\n}\n"
    "objective f(x: scalar = 1) = share(x) * x^2",
]:
    line(body + "\nminimize f with SGD(lr = 0.2) for 5 steps", 0, "end", [x])

# Steps see 3x², what is shown is 7 + x.
x, losses = 1.0, []
for t in range(1, 5):
    losses.append(7 + x)
    x -= 0.1 * 6 * x
script = (
    "objective f(x: scalar = 1) {\n    loss = if training then 3 * x^2 else 7 + x\n"
    "    metric mode = if training then 1 else 0\n}\nminimize f with SGD(lr = 0.1) for 4 steps"
)
line(script, 0, "loss", losses + [7 + x])
line(script, 0, "mode", [0] * 5)
line(script, 0, "end", [x])

# In `train` the loss is that of the steps, twice the other; metrics and test losses are measured, at the t
# of the last step.
w, losses, tests = 0.0, [mean_squared_error(0.0, 0.0)], [mean_squared_error(0.0, 0.0)]
for t in range(1, 4):
    losses.append(2 * mean_squared_error(w, 0.0))
    w -= 0.05 * 2 * slopes(w, 0.0)[0]
    tests.append(mean_squared_error(w, 0.0))
script = (
    'data d = csv("rows.csv", target = "y")\nfn twice(x) = if training then 2 * x else x\n'
    "objective line(; x, y) {\n    param W: matrix(features, 1) = 0\n"
    "    loss = twice(mean_squared_error(x @ W, y))\n    metric mode = if not training then t else -T\n}\n"
    "train line on d with SGD(lr = 0.05) for 3 epochs"
)
line(script, 0, "loss", losses)
line(script, 0, "test_loss", tests)
line(script, 0, "mode", [1, 1, 2, 3])
line(script, 0, "end", [w])

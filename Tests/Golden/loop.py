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

# MARK: Minibatches, workers, single examples, terms of the loss, other points, in the order of Random.swift

WORD = 2**64 - 1


def philox(element, seed, step, tensor, site):
    """Philox4x32-10 (Salmon et al. 2011): 64 bits."""
    z = (seed + 0x9E3779B97F4A7C15 * (site + 1)) & WORD
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & WORD
    z = (z ^ z >> 27) * 0x94D049BB133111EB & WORD
    z ^= z >> 31
    k0, k1 = z & 0xFFFFFFFF, z >> 32
    x = [element // 2, 0, step, tensor]
    for _ in range(10):
        p, q = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [q >> 32 ^ x[1] ^ k0, q & 0xFFFFFFFF, p >> 32 ^ x[3] ^ k1, p & 0xFFFFFFFF]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return x[2 * (element % 2) + 1] << 32 | x[2 * (element % 2)]


def epoch_order(epoch):
    order = list(range(len(ROWS)))
    for last in range(len(ROWS) - 1, 0, -1):
        other = philox(last, 0, epoch, 0xFFFFFFFF, 0xFFFFFF00) * (last + 1) >> 64
        order[last], order[other] = order[other], order[last]
    return order


def uniforms(count, t):
    """What an objective draws first in a step."""
    return [(philox(k, 0, t, 0xFFFFFFFE, 0x80000000) >> 11) / 2**53 for k in range(count)]


class Task:
    """The mean of (factor * (w x + b - y))² on some rows, its slopes and its Hessian."""

    def __init__(self, draws=False):
        self.draws, self.t = draws, 1

    def factors(self, rows):
        return uniforms(len(rows), self.t) if self.draws else [1] * len(rows)

    def loss(self, p, rows):
        return sum(
            (f * (p[0] * ROWS[k][0] + p[1] - ROWS[k][1])) ** 2 for f, k in zip(self.factors(rows), rows)) / len(rows)

    def gradient(self, p, rows):
        sums = [0, 0]
        for f, k in zip(self.factors(rows), rows):
            error = 2 * f * f * (p[0] * ROWS[k][0] + p[1] - ROWS[k][1]) / len(rows)
            sums = [sums[0] + error * ROWS[k][0], sums[1] + error]
        return sums

    def hessian(self, v, rows):
        """Times v: the gradient is linear in the parameters."""
        return minus(self.gradient(v, rows), self.gradient([0, 0], rows))


def plus(a, b, scale=1):
    return [x + scale * y for x, y in zip(a, b)]


def minus(a, b):
    return plus(a, b, -1)


def norm(a):
    return math.sqrt(sum(x * x for x in a))


def mean(many):
    return [sum(column) / len(many) for column in zip(*many)]


def quantile(many, q):
    """Of each entry, between neighbours as NumPy does."""
    result = []
    for column in zip(*many):
        column = sorted(column)
        place = q * (len(column) - 1)
        low = min(int(place), len(column) - 2) if len(column) > 1 else 0
        high = min(low + 1, len(column) - 1)
        result.append(column[low] + (place - low) * (column[high] - column[low]))
    return result


def shares(rows, workers):
    """Dealt in turn; too few rows go round again."""
    return [rows[k::workers] or [rows[k % len(rows)]] for k in range(workers)]


def trained(clauses, text, step, batch, workers=1, fills=False, task=None, objective=LINE, decay=0.0, epochs=4):
    """`step(s, p, gs, rows)` gives (train, shown) from the gradients of the workers at `train`."""
    task = task or Task()
    everything = list(range(len(ROWS)))
    s, train, shown, t = {}, (0.0, 1.0), (0.0, 1.0), 0
    whole = Task()
    losses, ends = [whole.loss(shown, everything) + decay * norm(shown) ** 2], [shown]
    for epoch in range(1, epochs + 1):
        order, total = epoch_order(epoch), 0.0
        for start in range(0, len(order), batch):
            rows = order[start:start + batch]
            own, t = len(rows), t + 1
            if fills:
                rows = rows + order[:batch - own]
            task.t = s["t"] = t
            dealt = shares(rows, workers)
            if own < len(rows):
                # The rows that fill up a batch are not its own.
                loss = task.loss(shown, rows[:own])
            elif workers > 1:
                # Each row once, with the draws of its share.
                loss = sum(task.loss(shown, d) * len(d) for d in dealt[:len(rows)]) / len(rows)
            else:
                loss = task.loss(shown, rows)
            total += (loss + decay * norm(shown) ** 2) * own
            gs = [plus(task.gradient(train, d), train, 2 * decay) for d in dealt]
            train, shown = step(s, train, gs, rows, task)
        losses.append(total / len(order))
        ends.append(tuple(shown))
    script = f"{text}{objective}train line on d with {clauses} for {epochs} epochs batch {batch}"
    if workers > 1:
        script += f" workers {workers}"
    line(script, 0, "loss", losses)
    line(script, 0, "slope", [p[0] for p in ends])
    line(script, 0, "offset", [p[1] for p in ends])


def descending(lr, direction):
    def step(s, p, gs, rows, task):
        p = plus(p, direction(s, p, gs, rows, task), -lr)
        return p, p

    return step


def examples(p, rows, task):
    return [task.gradient(p, [k]) for k in rows]


MEAN = "rule A(lr = 0.05) { w' = w - lr * mean over workers g }\n"
QUANTILE = "rule A(lr = 0.05) { w' = w - lr * quantile over workers (g, 0.3) }\n"
for batch in (1, 3, 4):
    for workers in (2, 4):
        trained("A", MEAN, descending(0.05, lambda s, p, gs, rows, task: mean(gs)), batch, workers)
        trained("A", QUANTILE, descending(0.05, lambda s, p, gs, rows, task: quantile(gs, 0.3)), batch, workers)


def sharp(s, p, gs, rows, task):
    g = mean(gs)
    return task.gradient(plus(p, g, 0.5 / norm(g)), rows)


def own_loss(s, p, gs, rows, task):
    return [task.loss(p, rows) * x for x in mean(gs)]


def curved(s, p, gs, rows, task):
    g = mean(gs)
    return plus(g, task.hessian(g, rows), -0.02)


def neumann(s, p, gs, rows, task):
    v, total = gs[0], gs[0]
    for _ in range(3):
        v = plus(v, task.hessian(v, rows), -0.05)
        total = plus(total, v)
    return total


trained("DataParallel(SAM(SGD(lr = 0.05), ρ = 0.5))", "", descending(0.05, sharp), 3, 2)
trained("SAM(SGD(lr = 0.05), ρ = 0.5)", "", descending(0.05, sharp), 3)
SMALL = "rule A(lr = 0.005) { w' = w - lr * loss * mean over workers g }\n"
trained("A", SMALL, descending(0.005, own_loss), 3, 2)
CURVED = "rule A(lr = 0.05) {\n    m = mean over workers g\n    w' = w - lr * (m - 0.02 * hvp(m))\n}\n"
trained("A", CURVED, descending(0.05, curved), 3, 2)
NEUMANN = (
    "rule A(lr = 0.02) {\n    v = g\n    y = g\n    repeat 3 {\n        v' = v - 0.05 * hvp(v)\n        y' = y + v'\n    }\n"
    "    w' = w - lr * y\n}\n"
)
trained("A", NEUMANN, descending(0.02, neumann), 3)
BATCH = "rule B(lr = 0.05) {\n    input G: batch\n    w' = w - lr * quantile over batch (G, 0.3)\n}\n"
trained(
    "B", BATCH, descending(0.05, lambda s, p, gs, rows, task: quantile(examples(p, rows, task), 0.3)), 3, fills=True)


def routed(s, p, gs, rows, task):
    return [quantile(examples(p, rows, task), 0.3)[0], gs[0][1]]


ROUTE = BATCH + "rule R = route {\n    rank == 2 -> B\n    otherwise -> SGD(lr = 0.05)\n}\n"
trained("R", ROUTE, descending(0.05, routed), 3, fills=True)
FREE = (
    "rule F(lr = 0.05, β = 0.9) {\n    state z = w\n    VALUE\n    w' = lerp(w, z', 1 / (t + 1))\n"
    "    view train = lerp(z', w', β)\n    view eval = w'\n}\n"
)


def free(direction):
    def step(s, p, gs, rows, task):
        z, x = s.get("z", p), s.get("x", p)
        z = plus(z, direction(p, gs, rows, task), -0.05)
        x = plus(x, minus(z, x), 1 / (s["t"] + 1))
        s["z"], s["x"] = z, x
        return plus(z, minus(x, z), 0.9), x

    return step


def accumulated(s, p, gs, rows, task):
    s["sum"] = plus(s.get("sum", [0, 0]), mean(gs))
    if s["t"] % 2:
        return [0, 0]
    g, s["sum"] = [x / 2 for x in s["sum"]], [0, 0]
    return g


trained(
    "F", FREE.replace("VALUE", "input G: batch\n    z' = z - lr * quantile over batch (G, 0.3)"),
    free(lambda p, gs, rows, task: quantile(examples(p, rows, task), 0.3)), 4)
trained(
    "F", FREE.replace("VALUE", "z' = z - lr * (g - 0.02 * hvp(g))"),
    free(lambda p, gs, rows, task: plus(gs[0], task.hessian(gs[0], rows), -0.02)), 4)
trained("DataParallel(Accumulate(SGD(lr = 0.05), k = 2))", "", descending(0.05, accumulated), 3, 2)
TERMS = LINE.replace(
    "    loss = mean", "    loss data = mean").replace(
        "    metric slope", "    loss decay = 0.1 * (sum(W^2) + b^2)\n    metric slope")
GROUPS = "rule A(lr = 0.05) {\n    input G: groups\n    w' = w - lr * sum over groups (G / global norm(G))\n}\n"


def terms(s, p, gs, rows, task):
    data, decay = task.gradient(p, rows), [0.2 * x for x in p]
    return plus([x / norm(data) for x in data], [x / norm(decay) for x in decay])


trained("A", GROUPS, descending(0.05, terms), 3, objective=TERMS, decay=0.1)
ONE = LINE.replace("    loss = mean", "    loss data = mean")
trained("A", GROUPS, descending(0.05, lambda s, p, gs, rows, task: [x / norm(gs[0]) for x in gs[0]]), 3, objective=ONE)
NOISY = LINE.replace(
    "    loss = mean_squared_error(x @ W + b, y)",
    "    loss = if training then mean((uniform(matrix(batch, 1)) * (x @ W + b - y))^2) else "
    "mean_squared_error(x @ W + b, y)")
for clauses, text, direction, workers, fills in [
    ("SGD(lr = 0.05)", "", lambda s, p, gs, rows, task: gs[0], 1, False),
    ("A", MEAN, lambda s, p, gs, rows, task: mean(gs), 2, False),
    ("B", BATCH, lambda s, p, gs, rows, task: quantile(examples(p, rows, task), 0.3), 1, True),
    ("SAM(SGD(lr = 0.05), ρ = 0.5)", "", sharp, 1, False),
]:
    trained(
        clauses, text, descending(0.05, direction), 3, workers, fills, task=Task(draws=True), objective=NOISY)


# MARK: Late gradients, games and targets, by hand

for delay in [1, 3]:
    for rule in ["SGD(lr = 0.2)", "HeavyBall(lr = 0.1, μ = 0.5)"]:
        w, kept, m, losses = 1.5, [], 0, []
        for t in range(12):
            losses.append(w**2 + 0.5 * w)
            kept.append(2 * w + 0.5)
            g = kept[max(0, t - delay)]
            m = g if rule.startswith("SGD") else 0.5 * m + g
            w -= (0.2 if rule.startswith("SGD") else 0.1) * m
        script = (
            f"objective f(x: scalar = 1.5) = x^2 + 0.5 * x\nminimize f with {rule} for 12 steps delay {delay}\n")
        line(script, 0, "loss", losses + [w**2 + 0.5 * w])
        line(script, 0, "end", [w])

GAME = "objective f(x: scalar = 1, ascend y: vector(2) = [0.5, -1]) = x * y[0] + 0.3 * x^2 - 0.1 * y[0]^2 - y[1]^2\n"
x, y, z, losses = 1.0, 0.5, -1.0, []
for t in range(10):
    losses.append(x * y + 0.3 * x * x - 0.1 * y * y - z * z)
    x, y, z = x - 0.1 * (y + 0.6 * x), y + 0.1 * (x - 0.2 * y), z + 0.1 * (-2 * z)
losses.append(x * y + 0.3 * x * x - 0.1 * y * y - z * z)
line(GAME + "minimize f with SGD(lr = 0.1) for 10 steps\n", 0, "loss", losses)
line(GAME + "minimize f with SGD(lr = 0.1) for 10 steps\n", 0, "end", [x, y, z])

# A run ends where the target is reached first, and what it gives is of that place.
BOWL = "objective f(x: scalar = 1) {\n    loss = x^2\n    metric size = x\n}\n"
for target, reached in [
    ("loss < 0.3", lambda x: x * x < 0.3), ("size < 0.5", lambda x: x < 0.5),
    ("loss < 1e-9", lambda x: x * x < 1e-9), ("loss > 0.5", lambda x: x * x > 0.5),
]:
    x, losses = 1.0, []
    for t in range(8):
        losses.append(x * x)
        if reached(x):
            break
        x -= 0.1 * 2 * x
    else:
        losses.append(x * x)
    script = BOWL + f"minimize f with SGD(lr = 0.1) for 8 steps until {target}\n"
    line(script, 0, "loss", losses)
    line(script, 0, "end", [x])

"""Five problems and three rules written once more in PyTorch, run beside `ravine run`.

    python3 Tests/Problems/pytorch.py .build/release/ravine [seeds]

Both draw their own starts, examples and splits, so what is held against each other are means over the seeds: of
the loss at the end, the test loss, and the steps to the target. A row is wrong where they differ by more than
`LIMIT` standard errors. Without randomness, as on the chained valley, the runs must agree to six digits.
Needs torch of 2.9 or newer, for its Muon. Ends with status 1 if a row is wrong.
"""

import csv
import json
import math
import statistics
import subprocess
import sys
from pathlib import Path

import torch

LIMIT = 4.0
ROOT = Path(__file__).resolve().parents[2]
# The default of torch.nn is not wanted anywhere: starts are those of the problem's source.
torch.set_default_dtype(torch.float32)
torch.set_num_threads(1)


def optimizer(name, parameters, lr):
    if name == "SGD":
        return torch.optim.SGD(parameters, lr=lr)
    if name == "AdamW":
        return torch.optim.AdamW(parameters, lr=lr, weight_decay=0.01)
    return torch.optim.Muon(parameters, lr=lr, weight_decay=0.1)


# As the rules are written for Ravine; every hyperparameter that torch has another default for is named.
WRITTEN = {
    "SGD": "SGD(lr = {lr})",
    "AdamW": "AdamW(lr = {lr}, λ = 0.01)",
    "Muon": "MuonTorch(lr = {lr}, λ = 0.1)",
}


def chain(generator):
    x = (-0.9 + 0.1 * torch.cos(torch.arange(5, dtype=torch.float64))).requires_grad_()
    loss = lambda _: (10 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
    return [x], loss, None


def factors(generator):
    draw = lambda: (0.03 * torch.randn(10, 3, generator=generator, dtype=torch.float64)).requires_grad_()
    U, V = draw(), draw()
    place = torch.arange(10, dtype=torch.float64)
    waves = torch.cos(math.pi * (place[:, None] + 0.5) * place / 10) * math.sqrt(2 / 10)
    waves[:, 0] *= math.sqrt(0.5)
    target = waves[:, :3] * torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64) @ waves[:, :3].T
    return [U, V], lambda _: ((U @ V.T - target) ** 2).sum() / 2, None


def table(m, n, kind):
    place = torch.arange(m, dtype=torch.float64)[:, None] * n + torch.arange(n) + 1 + 1000 * kind
    u, v = (place * place * math.sqrt(2)) % 1, (place * place * math.sqrt(3)) % 1
    return torch.sqrt(-2 * torch.log(u.clamp(min=1e-9))) * torch.cos(2 * math.pi * v)


def student_network(generator):
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
    W = (draw(8, 8) * math.sqrt(1 / 8)).requires_grad_()
    v = (draw(8, 1) * math.sqrt(1 / 8)).requires_grad_()

    def loss(_):
        x = draw(32, 8)
        wanted = torch.tanh(x @ table(8, 4, 2)) @ table(4, 1, 3)
        return ((torch.tanh(x @ W) @ v - wanted) ** 2).mean()

    return [W, v], loss, None


def digits(generator):
    """A fifth of each class for testing, pixels from 0 to 1."""
    with open(ROOT / "Examples/data/digits.csv") as file:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    rows = torch.tensor(rows)
    x, y = rows[:, :-1] / 16, rows[:, -1].long()
    test = torch.zeros(len(y), dtype=torch.bool)
    for kind in range(10):
        of_kind = torch.nonzero(y == kind)[:, 0]
        chosen = torch.randperm(len(of_kind), generator=generator)[: round(len(of_kind) / 5)]
        test[of_kind[chosen]] = True
    return (x[~test], y[~test]), (x[test], y[test])


def batches(rows, generator, size=64):
    x, y = rows
    while True:
        order = torch.randperm(len(y), generator=generator)
        for k in range(0, len(y), size):
            yield x[order[k : k + size]], y[order[k : k + size]]


def network(logits, generator, size=64):
    train, test = digits(generator)
    stream = batches(train, generator, size)

    def loss(_):
        x, y = next(stream)
        return torch.nn.functional.cross_entropy(logits(x), y)

    def measured():
        with torch.no_grad():
            return torch.nn.functional.cross_entropy(logits(test[0]), test[1]).item()

    return loss, measured


def uneven_mlp(generator):
    draw = lambda m, n, s: (torch.randn(m, n, generator=generator) * s).requires_grad_()
    W1, W2 = draw(64, 32, math.sqrt(2 / 64) / 10), draw(32, 10, math.sqrt(1 / 32) * 10)
    return [W1, W2], *network(lambda x: torch.relu(x @ W1) @ W2, generator)


def deep_mlp(generator):
    draw = lambda m, n: (torch.randn(m, n, generator=generator) * math.sqrt(2 / m)).requires_grad_()
    W1, W2, W3, W4 = draw(64, 24), draw(24, 24), draw(24, 24), draw(24, 10)
    b = torch.zeros(3, 24, requires_grad=True)

    def logits(x):
        for k, W in enumerate((W1, W2, W3)):
            x = torch.relu(x @ W + b[k])
        return x @ W4

    return [W1, W2, W3, W4, b], *network(logits, generator, size=256)


# The work as a script says it, its target and the rates.
PROBLEMS = [
    (chain, "minimize rosenbrock_chain(n = 5, steepness = 10) with {rule} for 500 steps", {"SGD": 0.003, "AdamW": 0.05}),
    (factors, "minimize factors with {rule} for 500 steps until loss < 1e-3", {"SGD": 0.2, "AdamW": 0.1, "Muon": 0.02}),
    (student_network, "minimize student_network with {rule} for 500 steps until loss < 1e-3", {"SGD": 0.3, "AdamW": 0.02, "Muon": 0.02}),
    (uneven_mlp, "train uneven_mlp on digits with {rule} for 150 steps batch 64 until test_loss < 0.12", {"SGD": 0.02, "AdamW": 0.01, "Muon": 0.03}),
    (deep_mlp, "train deep_mlp on digits with {rule} for 300 steps batch 256 until test_loss < 0.2", {"SGD": 0.1, "AdamW": 0.003, "Muon": 0.02}),
]


def target(statement):
    """Its number of steps and the limit of its target, or None."""
    words = statement.split()
    steps = int(words[words.index("steps") - 1])
    return steps, float(words[-1]) if "until" in words else None


def ours(problem, rule, lr, statement, seed):
    steps, limit = target(statement)
    generator = torch.Generator().manual_seed(1000 + seed)
    parameters, loss, measured = problem(generator)
    rule = optimizer(rule, parameters, lr)
    last = {"steps": steps, "reached": False}
    for step in range(steps + 1):
        # The loss of the weights before a step counts as the one after the step before.
        rule.zero_grad()
        value = loss(step)
        last["loss"] = value.item()
        if measured is None and limit is not None and value.item() < limit or step == steps:
            last["reached"], last["steps"] = limit is not None and value.item() < limit, step
            break
        value.backward()
        rule.step()
        if measured is not None and limit is not None and measured() < limit:
            last["reached"], last["steps"] = True, step + 1
            break
    if measured is not None:
        last["test_loss"] = measured()
    return last


def theirs(ravine, rule, lr, statement, seeds):
    text = statement.format(rule=WRITTEN[rule].format(lr=lr))
    words = text.split(" until ")
    text = f"{words[0]} seeds {seeds}" + (f" until {words[1]}" if len(words) > 1 else "")
    done = subprocess.run(
        [ravine, "run", "--json", "-"], input=text, capture_output=True, text=True, cwd=ROOT)
    if not done.stdout:
        sys.exit(f"{text}\n{done.stderr}")
    found = []
    for run in json.loads(done.stdout)[0]["rules"][0]["runs"]:
        one = {"steps": run["steps"], "reached": run["reached"]}
        for name in ("loss", "test_loss"):
            if run.get(name):
                one[name] = float(run[name][-1])
        found.append(one)
    return found


def held(a, b, exact):
    """Whether two lists of numbers have the same mean, and by how many standard errors these differ."""
    if exact:
        return abs(a[0] - b[0]) <= 1e-6 * abs(b[0]), 0.0
    error = math.hypot(statistics.stdev(a) / math.sqrt(len(a)), statistics.stdev(b) / math.sqrt(len(b)))
    # A step is the unit that steps are counted in.
    apart = abs(statistics.mean(a) - statistics.mean(b)) / max(error, 1e-3 * abs(statistics.mean(b)), 1e-12)
    return apart <= LIMIT, apart


def main():
    ravine, seeds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20
    rows = wrong = 0
    print(f"{'problem':16} {'rule':6} {'series':10} {'Ravine':>22} {'PyTorch':>22}  apart")
    for problem, statement, rates in PROBLEMS:
        for rule, lr in rates.items():
            exact = problem is chain
            a = theirs(ravine, rule, lr, statement, 1 if exact else seeds)
            b = [ours(problem, rule, lr, statement, seed) for seed in range(1 if exact else seeds)]
            reached = [sum(run["reached"] for run in runs) for runs in (a, b)]
            series = ["loss"] if exact else ["steps"]
            # Where hardly a run reaches the target, its steps say nothing: the loss at the end does.
            if not exact and min(reached) < seeds / 4:
                series = ["test_loss" if "test_loss" in b[0] else "loss"]
            for name in series:
                x, y = [run[name] for run in a], [run[name] for run in b]
                right, apart = held(x, y, exact)
                show = lambda v: f"{statistics.mean(v):.6g}" + (f" ± {statistics.stdev(v):.2g}" if len(v) > 1 else "")
                mark = "" if right else "  WRONG"
                print(f"{problem.__name__:16} {rule:6} {name:10} {show(x):>22} {show(y):>22}  {apart:.1f}{mark}", flush=True)
                rows, wrong = rows + 1, wrong + (not right)
    print(f"{rows} rows, {wrong} wrong")
    sys.exit(1 if wrong or rows < 14 else 0)


main()

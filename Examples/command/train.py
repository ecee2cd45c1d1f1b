"""Trains as Ravine tells it: a line of JSON for each run in, a line of losses out.

The model here is a logistic regression in plain Python; in its place stands your own loop, with
torch.optim or any other optimizer behind the names of the rules.
"""

import json
import math
import random
import sys


def sgd(state, g, h):
    return -h["lr"] * g


def heavy_ball(state, g, h):
    state["b"] = h["mu"] * state.get("b", 0) + g
    return -h["lr"] * state["b"]


def adam(state, g, h):
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = h["beta1"] * state.get("m", 0) + (1 - h["beta1"]) * g
    v = state["v"] = h["beta2"] * state.get("v", 0) + (1 - h["beta2"]) * g * g
    m, v = m / (1 - h["beta1"] ** t), v / (1 - h["beta2"] ** t)
    return -h["lr"] * m / (math.sqrt(v) + h["eps"])


RULES = {"SGD": sgd, "HeavyBall": heavy_ball, "Adam": adam}


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z > 0 else 1 - 1 / (1 + math.exp(z))


def train(name, hypers, schedules, seed, steps):
    """Returns the loss over all examples after every tenth step."""
    step_of = RULES[name]
    points = random.Random(0)
    true = [1.5, -2.0, 0.5, 1.0]
    data = []
    for _ in range(200):
        x = [points.gauss(0, 1) for _ in true]
        z = sum(a * b for a, b in zip(true, x))
        data.append((x, 1 if points.random() < sigmoid(z) else 0))
    order = random.Random(seed)
    w = [order.gauss(0, 1) for _ in true]
    states = [{} for _ in w]
    losses = []

    def probability(x):
        return sigmoid(sum(a * b for a, b in zip(w, x)))

    for step in range(steps):
        h = dict(hypers)
        for key, values in schedules.items():
            h[key] = values[step]
        batch = order.sample(data, 16)
        gradient = [0.0] * len(w)
        for x, y in batch:
            error = probability(x) - y
            for i, a in enumerate(x):
                gradient[i] += error * a / len(batch)
        w = [a + step_of(s, g, h) for a, s, g in zip(w, states, gradient)]
        if (step + 1) % 10 == 0:
            likely = (probability(x) if y else 1 - probability(x) for x, y in data)
            losses.append(-sum(math.log(max(p, 1e-300)) for p in likely) / len(data))
    return losses


for line in sys.stdin:
    run = json.loads(line)
    answer = {"id": run["id"]}
    if run["name"] in RULES:
        answer["losses"] = train(
            run["name"], run["hyperparameters"], run["schedules"], run["seed"], run["steps"]
        )
    else:
        answer["error"] = "this loop knows " + ", ".join(RULES)
    # Anything else that is printed goes to sys.stderr.
    print(json.dumps(answer), flush=True)

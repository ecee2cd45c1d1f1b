"""The network of Examples/dropout.opt in PyTorch, forty seeds: `python dropout.py > dropout.tsv`.

A line: the end of a `train` statement, a series and its value after the last epoch for each seed. The initial
distribution, the rule, the rate, the batches, the probability and the rows of both parts are those of the script;
the draws are PyTorch's. Five seeds, as the statements have, would give the spread to no better than a third.
"""

import csv
import math
import os

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
WORD = 2**64 - 1


def philox(element, seed):
    """Philox4x32-10 (Salmon et al. 2011), counters and key as Sources/Basics/Random.swift says, for the split of the data."""
    z = (seed + 0x9E3779B97F4A7C15 * (0xFFFFFF01 + 1)) & WORD
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & WORD
    z = (z ^ z >> 27) * 0x94D049BB133111EB & WORD
    z ^= z >> 31
    k0, k1 = z & 0xFFFFFFFF, z >> 32
    x = [element // 2, 0, 0, 0xFFFFFFFF]
    for _ in range(10):
        p, q = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [q >> 32 ^ x[1] ^ k0, q & 0xFFFFFFFF, p >> 32 ^ x[3] ^ k1, p & 0xFFFFFFFF]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    high, low = x[2 * (element % 2) + 1], x[2 * (element % 2)]
    return ((high << 32 | low) >> 11) / 2**53


def digits(test=0.2, seed=0):
    """(train x, train y, test x, test y)"""
    with open(os.path.join(HERE, "../../Examples/data/digits.csv")) as file:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    order = list(range(len(rows)))
    for last in range(len(rows) - 1, 0, -1):
        other = int(philox(last, seed) * (last + 1))
        order[last], order[other] = order[other], order[last]
    table = torch.tensor([rows[k] for k in order])
    x, y, count = table[:, :-1] / 16, table[:, -1].long(), round(len(rows) * test)
    return x[count:], y[count:], x[:count], y[:count]


def train(seed, rule, rate, epochs, batch=64, hidden=64, p=0.3):
    torch.manual_seed(seed)
    x, y, test_x, test_y = digits()
    model = torch.nn.Sequential(
        torch.nn.Linear(x.shape[1], hidden), torch.nn.ReLU(), torch.nn.Dropout(p), torch.nn.Linear(hidden, 10))
    for layer, deviation in ((model[0], math.sqrt(2 / x.shape[1])), (model[3], math.sqrt(1 / hidden))):
        torch.nn.init.normal_(layer.weight, 0, deviation)
        torch.nn.init.zeros_(layer.bias)
    optimizer = rule(model.parameters(), rate)
    total = epochs * math.ceil(len(x) / batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 0.5 * (1 + math.cos(math.pi * (step + 1) / total)))
    measure = torch.nn.functional.cross_entropy
    for _ in range(epochs):
        model.train()
        loss = 0
        for rows in torch.randperm(len(x)).split(batch):
            optimizer.zero_grad()
            here = measure(model(x[rows]), y[rows])
            here.backward()
            optimizer.step()
            schedule.step()
            loss += here.item() * len(rows)
    model.eval()
    with torch.no_grad():
        logits = model(test_x)
    accuracy = (logits.argmax(1) == test_y).double().mean().item()
    return {"loss": loss / len(x), "accuracy": accuracy, "test_loss": measure(logits, test_y).item()}


def adamw(parameters, rate):
    return torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01)


def momentum(parameters, rate):
    return torch.optim.SGD(parameters, lr=rate, momentum=0.9)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for call, rule, rate, epochs, p in [
        ("mlp on digits with AdamW(lr = cosine(3e-3)) for 5 epochs", adamw, 3e-3, 5, 0.3),
        ("mlp on digits with AdamW(lr = cosine(1e-2)) for 20 epochs", adamw, 1e-2, 20, 0.3),
        ("mlp(p = 0.6) on digits with HeavyBall(lr = cosine(0.1)) for 10 epochs", momentum, 0.1, 10, 0.6),
    ]:
        runs = [train(seed, rule, rate, epochs, p=p) for seed in range(1, 41)]
        for series in runs[0]:
            print(call + " batch 64 seeds 5", series, " ".join(repr(run[series]) for run in runs), sep="\t")

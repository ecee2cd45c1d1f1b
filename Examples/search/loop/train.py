"""Trains a small network of PyTorch by each rule that a search sends: a line of JSON in, a line of losses out.

    ravine search Examples/search/loop/task.opt --from SGD --on product --programs 200 --allow-commands
"""

import json
import sys

import torch

import ravine
import ravine.torch

NAMES = {"lambda": "weight_decay"}


def train(run):
    """The loss of every batch."""
    torch.manual_seed(run["seed"])
    model = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    # In Python `lambda` is a word of the language.
    values = {NAMES.get(name, name): value for name, value in run["hyperparameters"].items()}
    optimizer = ravine.torch.rule(run["rule"])(model.parameters(), **values)
    losses = []
    for step in range(run["steps"]):
        for name, rates in run["schedules"].items():
            for group in optimizer.param_groups:
                group[NAMES.get(name, name)] = rates[step]
        x = torch.randn(64, 4)
        loss = (model(x).squeeze() - x[:, 0] * x[:, 1]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    # One batch says little: what counts is the last of the losses.
    losses[-1] = sum(losses[-20:]) / len(losses[-20:])
    return losses


torch.set_num_threads(1)
for line in sys.stdin:
    run = json.loads(line)
    answer = {"id": run["id"]}
    try:
        answer["losses"] = train(run)
    except ravine.RavineError as error:
        answer["error"] = str(error)
    print(json.dumps(answer), flush=True)

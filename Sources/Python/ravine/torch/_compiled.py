"""Steps inside of `torch.compile`: one operator of PyTorch's own registry, which says what it changes."""

from __future__ import annotations

import math
from typing import Any, Dict, Iterable, List, Tuple

import torch

from ..signatures import Signature
from . import _native
from ._native import Active

_known: Dict[str, "_Standing"] = {}


class _Standing:
    """In the place of an optimizer, where only tensors are known."""

    def __init__(
        self, sign: Signature, options: Dict[str, Any], groups: List[Dict[str, Any]],
        parameters: List[Tuple[int, str, List[str]]],
    ) -> None:
        self._signature = sign
        self._options = options
        self._plan: Any = None
        #: Of each group, the values that are no numbers.
        self.groups = groups
        #: Of each parameter, its group, its name and those of its states.
        self.parameters = parameters
        self.state: Dict[torch.Tensor, Dict[str, Any]] = {}
        self.param_groups: List[Dict[str, Any]] = []


@torch.library.custom_op("ravine::step", mutates_args=("parameters", "states", "steps"))
def op(
    parameters: List[torch.Tensor],
    gradients: List[torch.Tensor],
    states: List[torch.Tensor],
    steps: List[torch.Tensor],
    values: List[torch.Tensor],
    numbers: List[float],
    places: List[int],
    key: str,
) -> None:
    """One step of the parameters that have a gradient; `places` says which ones they are. `numbers` are the
    hyperparameters of each group, NaN for those that `values` has; `key` names the rule, its options and the states."""
    standing = _known[key]
    sign = standing._signature
    count = len(sign.hypers)
    given = iter(values)
    own: List[Dict[str, Any]] = []
    for k, group in enumerate(standing.groups):
        row: Dict[str, Any] = dict(group)
        for j, one in enumerate(sign.hypers):
            if one.name not in row:
                x = numbers[k * count + j]
                row[one.name] = next(given) if math.isnan(x) else x
        own.append(row)
    left = iter(states)
    active = []
    standing.state = {}
    shared: Dict[str, torch.Tensor] = {}
    for k, p in enumerate(parameters):
        group, called, names = standing.parameters[places[k]]
        kept: Dict[str, Any] = {"step": steps[k]}
        for name in names:
            if name in sign.globals:
                if name not in shared:
                    shared[name] = next(left)
                kept[name] = shared[name]
            else:
                kept[name] = next(left)
        standing.state[p] = kept
        active.append(Active(p, gradients[k], own[group], places[k], called))
    standing.param_groups = own
    _native.step(standing, active, None, None)


@op.register_fake
def _(parameters: Any, gradients: Any, states: Any, steps: Any, values: Any, numbers: Any, places: Any, key: Any) -> None:
    return None


def prepare(optimizer: Any) -> None:
    """Writes down what the operator needs to know and a trace does not: after each change of groups or states."""
    sign: Signature = optimizer._signature
    groups = []
    for group in optimizer.param_groups:
        row = {
            one.name: group[one.name]
            for one in sign.hypers
            if one.is_fixed or group[one.name] is None or isinstance(group[one.name], str)
        }
        groups.append({**row, "maximize": group["maximize"]})
    place = {id(group): k for k, group in enumerate(optimizer.param_groups)}
    parameters = [
        (place[id(group)], name, [one for one in optimizer.state[p] if one != "step"])
        for _, name, group, p in optimizer._listed()
    ]
    optimizer._compiled_turns = turns_of(p for _, _, _, p in optimizer._listed())
    optimizer._compiled_free = [[one.name for one in sign.hypers if one.name not in row] for row in groups]
    optimizer._compiled_key = f"{sign.text}\n{sign.call}\n{optimizer._options}\n{groups}\n{parameters}"
    _known[optimizer._compiled_key] = _Standing(sign, optimizer._options, groups, parameters)


def turns_of(parameters: Iterable[Any]) -> List[int]:
    """How many times each has stood before its place: a parameter that stands twice steps twice."""
    seen: Dict[int, int] = {}
    found = []
    for p in parameters:
        found.append(seen.get(id(p), 0))
        seen[id(p)] = found[-1] + 1
    return found


def call(*arguments: Any) -> None:
    torch.ops.ravine.step(*arguments)


def step(optimizer: Any) -> None:
    """One step, as it is traced."""
    for turn in range(max(optimizer._compiled_turns, default=0) + 1):
        _turn(optimizer, turn)


def _turn(optimizer: Any, turn: int) -> None:
    """That of the parameters which stand there for this time."""
    parameters, gradients, states, steps, places = [], [], [], [], []
    values: List[torch.Tensor] = []
    numbers: List[float] = []
    shared = set()
    place = 0
    for k, group in enumerate(optimizer.param_groups):
        free = optimizer._compiled_free[k]
        for one in optimizer._signature.hypers:
            if one.name not in free:
                numbers.append(0.0)
            elif isinstance(group[one.name], torch.Tensor):
                numbers.append(math.nan)
                values.append(group[one.name])
            else:
                numbers.append(float(group[one.name]))
        for p in group["params"]:
            if p.grad is not None and optimizer._compiled_turns[place] == turn:
                parameters.append(p)
                gradients.append(p.grad)
                places.append(place)
                kept = optimizer.state[p]
                steps.append(kept["step"])
                for name in kept:
                    if name == "step" or name in shared:
                        continue
                    if name in optimizer._signature.globals:
                        shared.add(name)
                    states.append(kept[name])
            place += 1
    if parameters:
        call(
            parameters, gradients, states, steps, values, numbers, places, optimizer._compiled_key
        )

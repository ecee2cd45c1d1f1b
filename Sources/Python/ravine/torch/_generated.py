"""Steps as PyTorch's own operations, for tensors that are not on the processor: the rule's source for PyTorch, run on the
states that the optimizer has."""

from __future__ import annotations

import collections
import functools
import inspect
import re
from typing import Any, Dict, List, Tuple

import torch

from .._errors import UsageError
from ..signatures import Signature, spelled
from ._native import Active, require_gradient


class Exported:
    """What `rule.export("torch")` prints, as a class and the names in it."""

    def __init__(self, sign: Signature, fixed: Tuple[Tuple[str, Any], ...]) -> None:
        text = sign.rule(fixed).export("torch")
        space: Dict[str, Any] = {"__name__": f"ravine.torch.generated.{sign.name}"}
        exec(compile(text, f"<{sign.name} for PyTorch>", "exec"), space)
        self.made = next(
            one for one in space.values()
            if inspect.isclass(one) and issubclass(one, torch.optim.Optimizer) and one.__module__ == space["__name__"]
        )
        wanted = inspect.signature(self.made.__init__).parameters
        self.hypers = {name: own for name in wanted if (own := sign.named(name)) is not None}
        #: What stands inside of the source and has no name here.
        self.rest = {
            name: one.default for name, one in wanted.items()
            if name not in ("self", "params", "maximize", "foreach", "total_steps")
            and name not in self.hypers and one.default is not one.empty
        }
        self._shapes: Dict[Any, Dict[str, Any]] = {}
        self.takes_steps = "total_steps" in wanted
        own = {
            key: name
            for variant in sign.base._manifest["variants"] for name in variant["states"]
            for key in (spelled(name.split(".")[-1]), spelled(name.replace(".", "_")))
        }
        own.update({name: "view_" + name for name in sign.views})
        #: By the name in the source, that of the rule.
        self.states = _known(re.findall(r'state\["(\w+)"\]', text) + re.findall(r'^\s*"(\w+)": ', text, re.M), own)
        self.globals = _known(re.findall(r'if "(\w+)" not in group', text), own)
        self.text = text

    def run(self, states: Dict[torch.Tensor, Dict[str, Any]], group: Dict[str, Any], loss: Any) -> None:
        """One step of the parameters of a group, whose gradients are theirs."""
        optimizer = self.made.__new__(self.made)
        optimizer.state = states
        optimizer.param_groups = [group]
        optimizer.defaults = {}
        self.made.step(optimizer, None if loss is None else (lambda: loss))

    def shapes(self, one: Active, group: Dict[str, Any]) -> Dict[str, Any]:
        """How the source keeps the states of a parameter, by their names there: lengths, or None for a number of Python's.
        Found by a step that nobody sees."""
        key = (one.parameter.shape, one.name)
        if key not in self._shapes:
            p = torch.zeros_like(one.parameter)
            p.grad = torch.zeros_like(p)
            states: Dict[torch.Tensor, Dict[str, Any]] = collections.defaultdict(dict)
            alone = {**group, "params": [p], "param_names": [one.name], "step": 0}
            for name in self.globals:
                alone.pop(name, None)
            self.run(states, alone, 0.0)
            self._shapes[key] = {
                name: tuple(value.shape) if isinstance(value, torch.Tensor) else None
                for name, value in states[p].items()
            }
        return self._shapes[key]


def _known(found: List[str], own: Dict[str, str]) -> Dict[str, str]:
    return {name: own[spelled(name)] for name in found if spelled(name) in own}


@functools.lru_cache(maxsize=128)
def exported(sign: Signature, fixed: Tuple[Tuple[str, Any], ...]) -> Exported:
    return Exported(sign, fixed)


def step(optimizer: Any, active: List[Active], loss: Any) -> None:
    """One step of parameters that are anywhere."""
    sign: Signature = optimizer._signature
    for one in active:
        if one.gradient is not None:
            require_gradient(one.gradient, one.parameter, one.name)
    parts: Dict[Any, List[Active]] = {}
    for one in active:
        t = optimizer.state[one.parameter]["step"]
        key = (id(one.group), int(t.item() if isinstance(t, torch.Tensor) else t), one.parameter.device)
        parts.setdefault(key, []).append(one)
    if sign.is_global and len(parts) > 1:
        raise UsageError(
            f"`{sign.name}` reduces over all parameters together: as PyTorch's operations they must be of one group, on "
            "one device, and have done as many steps"
        )
    for (_, t, _), together in parts.items():
        _step(optimizer, sign, together, t, loss)


def _fixed(sign: Signature, group: Dict[str, Any]) -> Tuple[Tuple[str, Any], ...]:
    """What the source is to have inside: also what the rule computes unless it is given."""
    found = list(sign.fixed(group))
    for one in sign.hypers:
        value = group.get(one.name)
        if one.default is None and value is not None and not isinstance(value, str) and not one.is_required:
            found.append((one.own, float(value)))
    return tuple(found)


def _step(optimizer: Any, sign: Signature, active: List[Active], t: int, loss: Any) -> None:
    group = active[0].group
    source = exported(sign, _fixed(sign, group))
    inside = {
        **source.rest,
        "params": [one.parameter for one in active],
        "param_names": [one.name for one in active],
        "step": t,
        "maximize": group["maximize"],
        "foreach": hasattr(source.made, "_foreach"),
        **{name: _number(group[own]) for name, own in source.hypers.items() if group[own] is not None},
    }
    if source.takes_steps:
        inside["total_steps"] = optimizer._options["total_steps"]
    for name, own in source.globals.items():
        inside[name] = optimizer.state[active[0].parameter][own]
    states: Dict[torch.Tensor, Dict[str, Any]] = {}
    for one in active:
        kept = optimizer.state[one.parameter]
        states[one.parameter] = {
            name: kept[source.states[name]].item() if shape is None else kept[source.states[name]].reshape(shape)
            for name, shape in source.shapes(one, inside).items()
        }
    source.run(states, inside, loss)
    for one in active:
        kept = optimizer.state[one.parameter]
        for name, value in states[one.parameter].items():
            own = kept[source.states[name]]
            if not isinstance(value, torch.Tensor):
                own.fill_(value)
            elif value.data_ptr() != own.data_ptr():
                own.copy_(value.reshape(own.shape))
        kept["step"] += 1
        for name, own in source.globals.items():
            kept[own] = inside[name]


def _number(value: Any) -> Any:
    """Structural numbers count, and are whole."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value

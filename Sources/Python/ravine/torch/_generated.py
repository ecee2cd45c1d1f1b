"""Steps as PyTorch's own operations, for tensors that are not on the processor: the rule's source for PyTorch, run on the
states that the optimizer has."""

from __future__ import annotations

import collections
import functools
import inspect
import re
from typing import Any, Dict, List, Tuple

import torch

from .._errors import NumericError, UsageError
from .._generated import Generated
from ..signatures import Signature, spelled
from ._native import Active, require_gradient


class Exported(Generated):
    """What `rule.export("torch")` prints, as a class and the names in it."""

    def __init__(self, sign: Signature, fixed: Tuple[Tuple[str, Any], ...]) -> None:
        super().__init__(sign, fixed, "torch")
        text = self.text
        self.made = next(one for one in self.own if inspect.isclass(one) and issubclass(one, torch.optim.Optimizer))
        wanted, self.hypers = self.taken(self.made.__init__)
        #: What stands inside of the source and has no name here.
        self.rest = {
            name: one.default for name, one in wanted.items()
            if name not in ("self", "params", "maximize", "foreach", "total_steps")
            and name not in self.hypers and one.default is not one.empty
        }
        self._shapes: Dict[Any, Dict[str, Any]] = {}
        self.takes_steps = "total_steps" in wanted
        own = {**self.names, **{name: "view_" + name for name in sign.views}}
        #: By the name in the source, that of the rule.
        self.states = _known(re.findall(r'state\["(\w+)"\]', text) + re.findall(r'^\s*"(\w+)": ', text, re.M), own)
        self.globals = _known(re.findall(r'if "(\w+)" not in group', text), own)
        #: Whether a step may have no answer.
        self.solves = "torch.linalg." in text

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
            if self.solves:
                # Zeros have no inverse.
                draws = torch.Generator(p.device).manual_seed(0)
                p.normal_(generator=draws)
                p.grad.normal_(generator=draws)
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
    """By a name in the source, that of the rule: a word of Python's has a number there, as ``re_2``."""
    known = {}
    for name in found:
        plain = next((one for one in (spelled(name), spelled(re.sub(r"_\d+$", "", name))) if one in own), None)
        if plain is not None:
            known[name] = own[plain]
    return known


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
            "one device, and have done as many steps",
            code="R0826",
        )
    groups = list({id(one.group): one.group for one in active}.values())
    for group in groups:
        # To look at a tensor would wait for its device.
        if not any(isinstance(value, torch.Tensor) for value in group.values()):
            sign.check(group)
    kept = _ways_back(optimizer, active, groups)
    try:
        for (_, t, _), together in parts.items():
            _step(optimizer, sign, together, t, loss)
    except torch.linalg.LinAlgError as error:
        for one, before in kept:
            one.copy_(before)
        raise NumericError(f"`{sign.name}`: {error}", code="R0901") from None


def _ways_back(
    optimizer: Any, active: List[Active], groups: List[Dict[str, Any]]
) -> List[Tuple[torch.Tensor, torch.Tensor]]:
    """What a step of matrices that may have no answer writes, and what it was."""
    sign: Signature = optimizer._signature
    if not any(exported(sign, _fixed(sign, group)).solves for group in groups):
        return []
    written = [one.parameter for one in active]
    for one in active:
        written += [value for value in optimizer.state[one.parameter].values() if isinstance(value, torch.Tensor)]
    return [(one, one.detach().clone()) for one in written]


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

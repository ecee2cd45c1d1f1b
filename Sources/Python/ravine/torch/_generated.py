"""Steps as PyTorch's own operations, for tensors that are not on the processor: the rule's source for PyTorch, run on the
states that the optimizer has."""

from __future__ import annotations

import functools
import inspect
import re
import unicodedata
from typing import Any, Dict, List, Tuple

import torch

from .._errors import UsageError
from ..signatures import Signature
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
        self.takes_steps = "total_steps" in wanted
        own = {_key(name): name for variant in sign.base._manifest["variants"] for name in variant["states"]}
        #: By the name in the source, that of the rule.
        self.states = _known(re.findall(r'state\["(\w+)"\]', text) + re.findall(r'^\s*"(\w+)": ', text, re.M), own)
        self.globals = _known(re.findall(r'if "(\w+)" not in group', text), own)
        self.text = text


def _key(name: str) -> str:
    """The one spelling of a name: Greek letters by name."""
    out = ""
    for letter in name:
        if ord(letter) > 127 and "GREEK" in unicodedata.name(letter, ""):
            letter = unicodedata.name(letter).split()[-1].lower()
        out += letter
    return out.replace("epsilon", "eps").strip("_")


def _known(found: List[str], own: Dict[str, str]) -> Dict[str, str]:
    return {name: own[_key(name)] for name in found if _key(name) in own}


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
    states: Dict[torch.Tensor, Dict[str, Any]] = {}
    for one in active:
        kept = optimizer.state[one.parameter]
        states[one.parameter] = {name: kept[own] for name, own in source.states.items() if own in kept}
    run = source.made.__new__(source.made)
    run.state = states
    inside = {
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
    run.param_groups = [inside]
    run.defaults = {}
    source.made.step(run, None if loss is None else (lambda: loss))
    for one in active:
        kept = optimizer.state[one.parameter]
        for name, value in states[one.parameter].items():
            own = source.states.get(name, name)
            if kept.get(own) is not value:
                kept[own] = value
        kept["step"] += 1
        for name, own in source.globals.items():
            kept[own] = inside[name]


def _number(value: Any) -> Any:
    """Structural numbers count, and are whole."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value

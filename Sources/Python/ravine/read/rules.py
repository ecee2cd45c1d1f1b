"""The rule that a reading is, as a text of the language."""

from __future__ import annotations

import re
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from . import expression as ex
from .expression import Expression
from .hyperparameters import Hyperparameter
from .printer import lines, numeral, text, wrapped
from .equations import Equations


class Domain(NamedTuple):
    """Between which numbers a hyperparameter lies."""

    low: float
    high: float
    has_low: bool
    has_high: bool

    def __str__(self) -> str:
        a = "[" if self.has_low else "("
        b = "]" if self.has_high else ")"
        return f"{a}{numeral(self.low)}, {numeral(self.high)}{b}"


class Branch(NamedTuple):
    """The equations for tensors that a condition on their shape tells."""

    condition: str
    suffix: str
    equations: Equations


def _header(name: str, parameters: Sequence[str]) -> str:
    if not parameters:
        return f"rule {name} {{"
    whole = f"rule {name}({', '.join(parameters)}) {{"
    if len(whole) <= 100:
        return whole
    packed: List[str] = []
    for one in parameters:
        if packed and len(packed[-1]) + len(one) < 90:
            packed[-1] += f" {one},"
        else:
            packed.append(f"    {one},")
    packed[-1] = packed[-1].rstrip(",")
    return f"rule {name}(\n" + "\n".join(packed) + "\n) {"


def _used(equations: Equations, hyperparameters: Sequence[Hyperparameter]) -> List[Hyperparameter]:
    free = set(equations.weight.free)
    for state, made in equations.states.items():
        free |= made.free | state.initial.free
    return [one for one in hyperparameters if one.symbol in free]


def parameter_text(one: Hyperparameter, domains: Dict[str, Domain], bare: bool = False) -> str:
    domain = domains.get(one.name)
    return f"{one.name} = {numeral(one.value)}" + (f" in {domain}" if domain and not bare else "")


def body(equations: Equations) -> List[str]:
    """The lines within the braces."""
    made: List[str] = []
    symbols = equations.weight.free.union(*(value.free for value in equations.states.values()))
    made += [f"    input {one.value[1]}" for one in sorted(symbols, key=lambda one: one.number) if one.value[0] == "input"]
    plain = [one.name for one in equations.states if one.kind == "tensor" and one.initial is ex.ZERO and not one.shape]
    others = []
    for one in equations.states:
        if one.name in plain:
            continue
        kind = {"scalar": ": scalar", "global": ": global"}.get(one.kind, f": {one.shape}" if one.shape else "")
        begun = "" if one.initial is ex.ZERO else f" = {text(one.initial)}"
        others.append(f"{one.name}{kind}{begun}")
    if plain or others:
        whole = "    state " + ", ".join(plain + others)
        if len(whole) <= 100:
            made.append(whole)
        else:
            for part in ([", ".join(plain)] if plain else []) + others:
                made.append(f"    state {part}")
    named = {one.symbol: value for one, value in equations.states.items()}
    names = dict(equations.names)
    everything = equations.weight.free.union(*(made.free for made in equations.states.values()))
    taken = [one.value[1] for one in everything if one.value[0] in ("hyper", "size")]
    for name, value in lines(equations.weight, named, names, taken):
        if name.endswith("'") and value is ex.symbol("state", name[:-1]):
            continue
        made.append(wrapped(f"    {name} = {text(value)}"))
    return made


def written(
    name: str,
    branches: Sequence[Branch],
    hyperparameters: Sequence[Hyperparameter],
    domains: Dict[str, Domain],
    documentation: Sequence[str],
) -> str:
    """The text that declares the rule, and one rule for each kind of shape where there are several."""
    made: List[str] = []
    if len(branches) == 1:
        equations = branches[0].equations
        made += [f"## {line}" if line else "##" for line in documentation]
        made.append(_header(name, [parameter_text(one, domains) for one in _used(equations, hyperparameters)]))
        made += body(equations) + ["}"]
        return "\n".join(made) + "\n"
    used: List[List[Hyperparameter]] = []
    for branch in branches:
        used.append(_used(branch.equations, hyperparameters))
        made.append(_header(name + branch.suffix, [parameter_text(one, domains) for one in used[-1]]))
        made += body(branch.equations) + ["}", ""]
    everything = [one for one in hyperparameters if any(one in some for some in used)]
    made += [f"## {line}" if line else "##" for line in documentation]
    head = f"rule {name}({', '.join(parameter_text(one, domains, bare=True) for one in everything)}) = route {{"
    made.append(wrapped(head, indent="    "))
    for k, (branch, some) in enumerate(zip(branches, used)):
        condition = "otherwise" if k == len(branches) - 1 else branch.condition
        given = ", ".join(f"{one.name} = {one.name}" for one in some)
        made.append(wrapped(f"    {condition} -> {name}{branch.suffix}" + (f"({given})" if given else "")))
    made.append("}")
    return "\n".join(made) + "\n"

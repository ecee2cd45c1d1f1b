"""What a step does to tensors of one shape."""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

from . import expression as ex
from .expression import Expression
from .foreign import Place


class State(NamedTuple):
    """A state of the rule that is read."""

    name: str
    #: ``tensor``, ``scalar`` (one for each parameter) or ``global``.
    kind: str
    initial: Expression
    #: As ``vector(rows)``, where it is not like w.
    shape: str = ""

    @property
    def symbol(self) -> Expression:
        return ex.symbol("state", self.name)


class Equations(NamedTuple):
    """What a step does to tensors of one shape."""

    weight: Expression
    states: Dict[State, Expression]
    #: Names that the author gave to what is computed on the way.
    names: Dict[Expression, str]
    #: What holds only under these conditions on hyperparameters.
    assumptions: Tuple[Expression, ...]
    notes: Tuple[str, ...]
    #: The lines of the optimizer that write w and the states.
    places: Dict[str, Place]


def primed(one: Expression) -> Expression:
    return ex.symbol("primed", one.value[1])


def settled(found: Equations) -> Equations:
    """Without states whose value before a step nobody reads: they are what is computed on the way."""
    states, weight, names = dict(found.states), found.weight, dict(found.names)
    while True:
        read = weight.free.union(*(made.free - {one.symbol} for one, made in states.items()))
        idle = next((one for one, made in states.items() if one.symbol not in read and one.symbol not in made.free), None)
        if idle is None:
            # A number that only itself reads does nothing either; a tensor may be an average that the user reads.
            idle = next((
                one for one in states
                if one.kind != "tensor" and one.symbol not in read and primed(one.symbol) not in read
            ), None)  # fmt: skip
            if idle is None:
                return found._replace(weight=weight, states=states, names=names)
        made = states.pop(idle)
        values = {primed(idle.symbol): made}
        names.setdefault(made, idle.name)
        weight = ex.substituted(weight, values)
        states = {one: ex.substituted(value, values) for one, value in states.items()}

"""What a step does to tensors of one shape."""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

from . import expression as ex
from .expression import Expression


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


def primed(one: Expression) -> Expression:
    return ex.symbol("primed", one.value[1])

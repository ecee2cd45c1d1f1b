"""x to the power of 1/3 as the cube root that is meant, where x is not negative: there the two are the same."""

from __future__ import annotations

from typing import Dict, Set

from . import expression as ex
from .equations import Equations, primed
from .expression import Expression

_THIRD = 1 / 3
_ALWAYS = {"abs", "sqrt", "norm", "rms", "exp", "count", "var", "std", *ex.CONDITIONS}
_AS_OPERAND = {"sum", "mean", "max", "min", "transpose", "cbrt", "global", "row_sum", "col_sum", "row_mean", "col_mean"}


def rooted(found: Equations, known: Set[Expression]) -> Equations:
    """The equations with cube roots; `known` are hyperparameters that are not negative."""
    states = {one for one in found.states if is_positive(one.initial, known)}
    while True:
        # All that are not negative as long as all of them were.
        symbols = known | {one.symbol for one in states} | {primed(one.symbol) for one in states}
        kept = {one for one in states if is_positive(found.states[one], symbols)}
        if kept == states:
            break
        states = kept
    memo: Dict[Expression, Expression] = {}

    def made(x: Expression) -> Expression:
        for node in ex.walked([x]):
            if node in memo:
                continue
            args = [memo[one] for one in node.args]
            if node.op == "power" and args[1].is_number and args[1].value == _THIRD and is_positive(args[0], symbols):
                memo[node] = ex.apply("cbrt", args[0])
            else:
                memo[node] = ex.rebuilt(node, args) if args else node
        return memo[x]

    return found._replace(
        weight=made(found.weight), states={one: made(value) for one, value in found.states.items()},
        names={made(one): name for one, name in found.names.items()},
    )  # fmt: skip


def is_positive(x: Expression, known: Set[Expression]) -> bool:
    """Whether an expression is not negative, by how it is made of what is not."""
    if x.is_number:
        return x.value != "nan" and x.value >= 0
    if x.op == "symbol":
        return x in known or x.value[0] in ("step", "size")
    if x.op == "plus":
        return x.value[0] >= 0 and all(c > 0 and is_positive(one, known) for one, c in zip(x.args, x.value[1]))
    if x.op == "times":
        return x.value[0] >= 0 and all(p % 2 == 0 or is_positive(one, known) for one, p in zip(x.args, x.value[1]))
    if x.op == "power":
        return is_positive(x.args[0], known)
    if x.op == "if":
        return all(is_positive(one, known) for one in x.args[1:])
    if x.op == "max" and len(x.args) > 1:
        return any(is_positive(one, known) for one in x.args)
    return x.op in _ALWAYS or x.op in _AS_OPERAND and all(is_positive(one, known) for one in x.args)

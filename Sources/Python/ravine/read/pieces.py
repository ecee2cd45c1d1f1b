"""One equation of several readings: of the first step, of later ones, of the sides of a branch."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, Iterable, Optional, Sequence, Tuple

from . import expression as ex
from .expression import Expression


#: The errors of NumPy on what an expression stands for nothing that it knows.
_NO_VALUE = (KeyError, AttributeError, ValueError, TypeError)
_SHAPE = (4, 3)


class Unjoined(Exception):
    """Steps that do different things without a condition on t that tells them apart."""


def _drawn(symbols: Iterable[Expression], t: int, generator: Any) -> Dict[Expression, Any]:
    """Values for symbols: shares for hyperparameters, tensors of one shape for what there is one of an element."""
    values: Dict[Expression, Any] = {}
    for one in sorted(symbols, key=lambda one: one.number):
        kind, name = one.value
        if kind in ("hyper", "loss"):
            values[one] = generator.uniform(0.1, 0.9)
        elif kind == "size":
            values[one] = {"rows": _SHAPE[0], "cols": _SHAPE[1], "numel": math.prod(_SHAPE)}.get(name, 2)
        elif kind == "step":
            values[one] = t
        elif kind in ("parameter", "gradient", "state"):
            values[one] = generator.normal(size=_SHAPE)
        else:
            values[one] = generator.normal()
    return values


def alike(a: Expression, b: Expression) -> bool:
    """Whether two expressions have the same values at three random points, up to rounding."""
    import numpy as np

    generator = np.random.default_rng(1)
    for _ in range(3):
        values = _drawn(a.free | b.free, 7, generator)
        try:
            x, y = ex.evaluated(a, values), ex.evaluated(b, values)
            x, y = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        except _NO_VALUE:
            return False
        if not np.allclose(x, y, rtol=1e-12, atol=1e-14, equal_nan=True):
            return False
    return True


Step = Tuple[int, int]


def joined(
    seen: Dict[Step, Expression],
    conditions: Sequence[Expression],
    outcomes: Dict[Expression, Dict[Step, bool]],
    explains: Callable[[Expression, Step], bool],
    depth: int = 4,
) -> Expression:
    """An expression for all steps: one if it explains them all, else a choice by conditions on t."""
    memo: Dict[Tuple[Expression, Step], bool] = {}

    def explained(one: Expression, k: Step) -> bool:
        if (one, k) not in memo:
            memo[one, k] = one is seen[k] or explains(one, k)
        return memo[one, k]

    def made(steps: Tuple[Step, ...], left: int) -> Optional[Tuple[int, Expression]]:
        for one in dict.fromkeys(seen[k] for k in reversed(steps)):
            if all(explained(one, k) for k in steps):
                return 1, one
        if left == 0:
            return None
        best: Optional[Tuple[int, Expression]] = None
        for condition in conditions:
            holds = tuple(k for k in steps if outcomes[condition][k])
            fails = tuple(k for k in steps if not outcomes[condition][k])
            if not holds or not fails:
                continue
            a = made(holds, left - 1)
            b = made(fails, left - 1) if a is not None else None
            if a is None or b is None:
                continue
            count = a[0] + b[0]
            if best is None or count < best[0]:
                best = count, ex.chosen(condition, a[1], b[1])
            if best[0] == 2:
                break
        return best

    found = made(tuple(sorted(seen)), depth)
    if found is None:
        raise Unjoined()
    return found[1]


def is_finite_at_first(general: Expression, begun: Dict[Expression, Expression], first: Expression) -> bool:
    """Whether an equation of later steps is a number at the first one, as what is done there is."""
    import numpy as np

    symbols = general.free.union(first.free, *(made.free for made in begun.values()))
    values = _drawn(symbols, 1, np.random.default_rng(5))
    try:
        for one, made in begun.items():
            values[one] = ex.evaluated(made, values)
        with np.errstate(all="ignore"):
            return bool(np.isfinite(ex.evaluated(general, values)).all() or not np.isfinite(ex.evaluated(first, values)).all())
    except _NO_VALUE:
        return True


def odd_number(a: Expression, b: Expression) -> Optional[Tuple[float, float]]:
    """The two numbers in which expressions that are otherwise alike differ first, if they do in numbers alone."""
    if a is b:
        return None
    if a.op != b.op or len(a.args) != len(b.args):
        return None
    if a.is_number:
        return a.value, b.value
    for one, other in zip(a.args, b.args):
        if one is not other:
            return odd_number(one, other)

    def flat(value: Any) -> Any:
        return [part for one in value for part in flat(one)] if isinstance(value, tuple) else [value]

    return next(((x, y) for x, y in zip(flat(a.value), flat(b.value)) if x != y and isinstance(x, (int, float))), None)

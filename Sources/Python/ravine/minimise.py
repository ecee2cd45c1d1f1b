"""Minimising a function in SciPy's manner."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_double
from typing import Any, Callable, List, Optional, Sequence, Union

from ._library import Function, Minimum, lib, require, seed_bits, whole
from .rule import Rule

_MESSAGES = {
    0: "All steps are done.",
    1: "The gradient is small enough.",
    2: "The callback asked to stop.",
    3: "The loss or the gradient is not finite.",
}


class OptimizeResult(dict):
    """What `minimize` found; attributes and items, as SciPy's."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __repr__(self) -> str:
        width = max(map(len, self), default=0)
        return "\n".join(f"{name:>{width}}: {value}" for name, value in self.items())


def _result_type() -> type:
    import sys

    optimize = sys.modules.get("scipy.optimize")
    return getattr(optimize, "OptimizeResult", OptimizeResult)


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Sequence[Any] = (),
    rule: Union[Rule, str] = "Adam",
    *,
    jac: Union[None, bool, Callable[..., Any]] = None,
    steps: int = 1000,
    tol: float = 1e-8,
    callback: Optional[Callable[[Any], Any]] = None,
    seed: int = 0,
) -> Any:
    """Minimises a function of several numbers by steps of a rule.

    Args:
        fun: Takes a point (float64) and `args`, returns the loss; with ``jac=True`` the loss and its
            gradient.
        x0: Where to begin.
        rule: A rule, or the call of one that comes with Ravine, as ``"Lion(lr = 0.01)"``.
        jac: The gradient, as a function or as the second value of `fun`; without one it is taken from
            differences, which costs an evaluation for each number.
        steps: At most so many; also T of schedules.
        tol: Ends where no component of the gradient is larger.
        callback: Takes the point after each step; a true value, or StopIteration, ends.
        seed: Of random draws.

    Returns:
        An ``OptimizeResult``, SciPy's where SciPy is loaded: ``x`` and ``fun`` of the best point that was
        seen, ``nit``, ``nfev``, ``njev``, ``success``, ``status``, ``message``.
    """
    import numpy

    rule = Rule(rule) if isinstance(rule, str) else rule
    if not isinstance(rule, Rule):
        raise TypeError(f"`rule` is {rule!r}: a rule, or the call of one")
    if not (jac is None or isinstance(jac, bool) or callable(jac)):
        raise ValueError(f"`jac` is {jac!r}: a function, True, or None for differences")
    # 1e3 is a count too.
    steps = whole(int(steps) if isinstance(steps, float) and steps.is_integer() else steps, "steps")
    if not tol >= 0:
        raise ValueError(f"`tol` is {tol!r}")
    start = numpy.atleast_1d(numpy.asarray(x0, dtype=numpy.float64))
    shape = start.shape
    x = numpy.ascontiguousarray(start).reshape(-1).copy()
    count = x.size
    args = tuple(args) if isinstance(args, (list, tuple)) else (args,)
    raised: List[BaseException] = []
    counts = {"nfev": 0, "njev": 0}
    best: List[Any] = [None]
    iterates = [0]

    def loss_at(point: Any) -> float:
        counts["nfev"] += 1
        value = fun(point.reshape(shape), *args)
        return float(value[0] if jac is True else value)

    def differences(point: Any, value: float) -> Any:
        slope = numpy.empty(count)
        width = numpy.sqrt(numpy.finfo(float).eps) * numpy.maximum(1.0, numpy.abs(point))
        for k in range(count):
            moved = point.copy()
            moved[k] += width[k]
            slope[k] = (loss_at(moved) - value) / (moved[k] - point[k])
        return slope

    def evaluate(_: Any, place: Any, slopes: Any, is_iterate: int, stop: Any) -> float:
        try:
            point = numpy.ctypeslib.as_array(place, shape=(count,)).copy()
            if jac is True:
                counts["nfev"] += 1
                counts["njev"] += 1
                value, slope = fun(point.reshape(shape), *args)
            else:
                value = loss_at(point)
                slope = None
                if slopes:
                    counts["njev"] += 1
                    slope = jac(point.reshape(shape), *args) if callable(jac) else differences(point, value)
            value = float(value)
            if slopes:
                slope = numpy.asarray(slope, dtype=numpy.float64).reshape(-1)
                if slope.size != count:
                    raise ValueError(f"the gradient has {slope.size} numbers, and the point {count}")
                numpy.ctypeslib.as_array(slopes, shape=(count,))[:] = slope
                if is_iterate and (best[0] is None or value < best[0][0]):
                    best[0] = (value, slope.reshape(shape))
            if callback is not None and is_iterate and iterates[0] > 0:
                try:
                    if callback(point.reshape(shape)):
                        stop[0] = 1
                except StopIteration:
                    stop[0] = 1
            if is_iterate:
                iterates[0] += 1
            return value
        except BaseException as error:  # the library is to be left before it goes on
            raised.append(error)
            stop[0] = 1
            return float("nan")

    minimum = Minimum()
    status = lib.ravine_minimize(
        rule._handle,
        x.ctypes.data_as(ctypes.c_void_p),
        count,
        Function(evaluate),
        None,
        steps,
        float(tol),
        seed_bits(seed),
        byref(minimum),
    )
    if raised:
        raise raised[0]
    require(status)
    return _result_type()(
        x=x.reshape(shape),
        fun=minimum.loss,
        jac=best[0][1] if best[0] else None,
        nit=minimum.steps,
        success=minimum.reason in (0, 1),
        status=minimum.reason,
        message=_MESSAGES[minimum.reason],
        **counts,
    )

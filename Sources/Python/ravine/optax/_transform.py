"""Transformations of optax whose steps are those of a rule."""

from __future__ import annotations

import inspect
import os
from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple, Union

import jax
import optax

from .._errors import UsageError
from ..rule import Rule, written_call
from ..signatures import Signature, signature
from . import _native


class RuleState(NamedTuple):
    """What a step hands to the next."""

    #: Steps done.
    count: jax.Array
    #: By name, a tree as the parameters'; `optax.MaskedNode` for parameters that have none of this name.
    states: Dict[str, Any]
    #: By name, the states of the whole optimizer.
    numbers: Dict[str, jax.Array]
    #: By name, weights other than those that are trained, such as ``eval``; after the first step.
    views: Dict[str, Any]


def _sign(given: Union[str, os.PathLike, Rule]) -> Signature:
    if isinstance(given, Rule):
        text, call, values = given._made
        if "{" in text or "\n" in text.strip():
            return signature(text, written_call(call or given.name, values) if values else call)
        return signature(written_call(text, values))
    text = os.fspath(given)
    path, _, name = text.partition(":")
    if "{" not in text and (path.endswith(".opt") or os.path.isfile(path)):
        with open(path, encoding="utf-8") as file:
            return signature(file.read(), name or None)
    return signature(text)


class Transformation(optax.GradientTransformationExtraArgs):
    """A transformation of optax that can also take a whole step.

    `step(params, state, updates)` gives the next parameters and the next state: on the processor in place, where their
    memory is given away (`jax.jit(optimizer.step, donate_argnums=(0, 1))`), and without the update as an array of its own.
    """

    step: Callable[..., Tuple[Any, Any]]


def transform(
    rule: Union[str, os.PathLike, Rule], *, total_steps: int = 0, seed: int = 0, engine: str = "auto", **values: Any
) -> Transformation:
    """The steps of a rule as updates to be added to the parameters.

    Args:
        rule: A call of a rule that comes with Ravine, a file (``"my.opt:Mine"``), a text that declares one, or a
            `ravine.Rule`.
        total_steps: The planned number of steps, for schedules that end.
        seed: Of random draws.
        engine: ``auto``, ``interpreter``, ``native`` or ``reference`` on the processor; ``jax`` for operations of
            `jax.numpy` everywhere.
        values: Hyperparameters: numbers, arrays (also inside of a compiled function), functions of the count of steps
            as optax has them, or expressions of the language as text.

    `update` needs the parameters. Rules that read the loss take it as `value`, and inputs by their names.
    """
    sign = _sign(rule)
    given = sign.normalised(values)
    sign.check({name: x for name, x in given.items() if not callable(x) and not isinstance(x, jax.core.Tracer)})
    for name, x in given.items():
        if sign.by_name[name].is_fixed and isinstance(x, jax.core.Tracer):
            raise UsageError(
                f"`{name}` of `{sign.name}` decides what is compiled, and is traced: give optax.inject_hyperparams "
                f"static_args=({name!r},)",
                code="R0508",
            )
    run = _native.Steps(sign, given, total_steps, seed, engine)

    def init(params: Any) -> RuleState:
        if any(isinstance(one, jax.ShapeDtypeStruct) for one in jax.tree.leaves(params)):
            return jax.eval_shape(init, params)
        return run.init(RuleState, params)

    def update(
        updates: Any, state: RuleState, params: Optional[Any] = None, *, value: Any = None, **extra: Any
    ) -> Tuple[Any, RuleState]:
        if params is None:
            raise ValueError("the step of a rule reads the parameters: give update(updates, state, params)")
        return run.update(RuleState, updates, state, params, value, extra)

    def step(
        params: Any, state: RuleState, updates: Any, *, value: Any = None, **extra: Any
    ) -> Tuple[Any, RuleState]:
        return run.step(RuleState, updates, state, params, value, extra)

    made = Transformation(init, update)
    made.step = step
    return made


def factory(rule: Union[str, os.PathLike, Rule]) -> Callable[..., Transformation]:
    """A function of the hyperparameters of a rule, with a signature of its own, as `optax.inject_hyperparams` reads."""
    sign = _sign(rule)
    parameters = []
    for one in sign.hypers:
        # What decides shapes is not to be an array, as optax.inject_hyperparams makes one of each number.
        given = None if one.is_fixed and not isinstance(one.default, tuple) else one.default
        default: Any = inspect.Parameter.empty if one.is_required else given
        parameters.append(inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=default))

    def made(**values: Any) -> Transformation:
        return transform(rule, **{name: x for name, x in values.items() if x is not None})

    made.__name__ = made.__qualname__ = sign.name
    made.__module__ = "ravine.optax"
    made.__doc__ = sign.base.documentation + "\n\n" + sign.base.source
    made.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return made

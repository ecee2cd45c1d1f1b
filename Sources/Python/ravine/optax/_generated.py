"""Steps as operations of `jax.numpy`, for devices other than the processor: the rule's source for optax, run on the states
that the transformation has."""

from __future__ import annotations

import functools
import inspect
from typing import Any, Dict, List, Tuple

import jax
import jax.numpy as jnp

from .._generated import Generated
from ..signatures import Signature, spelled


class Exported(Generated):
    """What `rule.export("optax")` prints, as a function and the names in it."""

    def __init__(self, sign: Signature, fixed: Tuple[Tuple[str, Any], ...]) -> None:
        super().__init__(sign, fixed, "optax")
        self.state = next(one for one in self.own if inspect.isclass(one) and issubclass(one, tuple))
        self.made = next(one for one in self.own if inspect.isfunction(one) and not one.__name__.startswith("_"))
        wanted, taken = self.taken(self.made)
        self.takes_steps = "total_steps" in wanted
        #: By the name in the library, that of an argument.
        self.hypers = {sign.by_name[found].own: name for name, found in taken.items()}

    def name(self, found: str) -> str:
        return self.names.get(spelled(found), found)


@functools.lru_cache(maxsize=128)
def exported(sign: Signature, fixed: Tuple[Tuple[str, Any], ...]) -> Exported:
    return Exported(sign, fixed)


def update(steps: Any, kind: Any, updates: Any, state: Any, params: Any, value: Any, extra: Dict[str, Any]) -> Any:
    """One update, as `Steps.update` gives it."""
    source = exported(steps.sign, steps.fixed)
    values = {
        source.hypers[name]: one(state.count) if callable(one) else one
        for name, one in steps.values.items() if name in source.hypers
    }
    if source.takes_steps:
        values["total_steps"] = steps.total_steps
    made = source.made(**values)
    shapes = jax.eval_shape(made.init, params)
    treedef = jax.tree.structure(params)
    old = {name: treedef.flatten_up_to(tree) for name, tree in {**state.states, **state.views}.items()}
    kept: List[Dict[str, Any]] = [
        {name: old[source.name(name)][k].reshape(one.shape).astype(one.dtype) for name, one in found.items()}
        for k, found in enumerate(treedef.flatten_up_to(shapes.tensors))
    ]
    fields = {
        name: state.numbers[source.name(name)] for name in source.state._fields if name not in ("count", "tensors")
    }
    theirs = source.state(count=state.count, tensors=treedef.unflatten(kept), **fields)
    wanted = inspect.signature(made.update).parameters
    given = {name: one for name, one in extra.items() if name in wanted}
    if value is not None and "value" in wanted:
        given["value"] = value
    written, after = made.update(updates, theirs, params, **given)
    new = {name: list(found) for name, found in old.items()}
    for k, found in enumerate(treedef.flatten_up_to(after.tensors)):
        for name, one in found.items():
            before = old[source.name(name)][k]
            new[source.name(name)][k] = one.reshape(before.shape).astype(before.dtype)
    written = jax.tree.map(lambda u, w: jnp.asarray(u, w.dtype), written, params)
    return written, kind(
        after.count,
        {name: treedef.unflatten(new[name]) for name in state.states},
        {source.name(name): jnp.asarray(getattr(after, name), state.numbers[source.name(name)].dtype) for name in fields},
        {name: treedef.unflatten(new[name]) for name in state.views},
    )

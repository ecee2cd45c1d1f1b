"""Which way a parameter steps: by the library on the processor, as PyTorch's own operations elsewhere."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Tuple

import torch

from .._errors import UsageError
from ..programs import Place
from . import _compiled, _generated, _native, _sharding
from ._native import Active


def layout(optimizer: Any, parameter: Any) -> List[Place]:
    """What a step of a parameter leaves to the next, or reads besides gradients."""
    for k, name, group, p in optimizer._listed():
        if p is parameter:
            active = [Active(p, None, group, k, name)]
            return _native.Plan(optimizer, active, [0.0]).buckets[0].places
    raise ValueError("this is no parameter of the optimizer")


def first(optimizer: Any, missing: List[Active]) -> None:
    """Makes the states of parameters that have none."""
    if any(_sharding.is_sharded(one.parameter) for one in missing):
        _sharding.first(optimizer, missing)
    else:
        _native.first(optimizer, missing)


def routed(optimizer: Any, loss: Any, closure: Optional[Callable[[], Any]], scale: Any = None) -> None:
    """One step of all parameters that have a gradient, or of all where the rule reads none. `scale`: what the gradients
    are multiplied by."""
    if torch.compiler.is_compiling():
        return _compiled.step(optimizer)
    needs_gradient = optimizer._signature.needs_gradient
    active = [
        Active(p, p.grad, group, k, name)
        for k, name, group, p in optimizer._listed()
        if p.grad is not None or not needs_gradient
    ]
    if scale is not None:
        active = [one if one.gradient is None else one._replace(gradient=one.gradient / scale) for one in active]
    turns = _turns(active)
    kept = _ways_back(optimizer, active) if len(turns) > 1 else []
    try:
        for turn in turns:
            _routed(optimizer, turn, loss, closure)
    except BaseException:
        for one, before in kept:
            one.copy_(before)
        raise


def _turns(active: List[Active]) -> List[List[Active]]:
    """A parameter that stands twice in its group, of which PyTorch warns, steps twice, as it does there: the second time
    from where the first one led."""
    if len({id(one.parameter) for one in active}) == len(active):
        return [active]
    found: List[List[Active]] = []
    for one, turn in zip(active, _compiled.turns_of(one.parameter for one in active)):
        if turn == len(found):
            found.append([])
        found[turn].append(one)
    return found


def _ways_back(optimizer: Any, active: List[Active]) -> List[Tuple[Any, Any]]:
    """What steps write, and what it was."""
    written = [one.parameter.detach() for one in active]
    for one in active:
        written += [value for value in optimizer.state[one.parameter].values() if isinstance(value, torch.Tensor)]
    return [(one, one.clone()) for one in written]


def _routed(optimizer: Any, active: List[Active], loss: Any, closure: Optional[Callable[[], Any]]) -> None:
    spread = [one for one in active if _sharding.is_sharded(one.parameter)]
    if spread:
        if not optimizer._signature.guards_finite or _sharding.is_finite(active):
            _sharding.step(optimizer, active, loss, closure)
        return
    if optimizer._options["engine"] == "torch":
        here: List[Active] = []
    else:
        here = [one for one in active if _native.is_here(one.parameter)]
    if here and len(here) < len(active) and optimizer._signature.is_global:
        raise UsageError(
            f"`{optimizer._signature.name}` reduces over all parameters together, which are on several devices",
            code="R0826",
        )
    if here:
        _native.step(optimizer, here, loss, closure)
    if len(here) < len(active):
        own = {id(one.parameter) for one in here}
        _generated.step(optimizer, [one for one in active if id(one.parameter) not in own], loss)

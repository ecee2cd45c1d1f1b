"""Parameters that are spread over processes, as `fully_shard` makes them: elementwise rules step shards; what a rule must
see whole is gathered, and each process keeps its part. What the rule's equations say decides it."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import torch

from .._errors import ProgramError, UsageError
from ..programs import program
from . import _generated, _native
from ._native import Active


class Layout(NamedTuple):
    """How a parameter is stepped over several processes."""

    name: str
    #: ``shard``: each its part; ``reduce``: the same, with the rule's reductions over all processes; ``replicate``: each
    #: all of it; ``gather``: each all of it, of which it keeps its part.
    layout: str
    route: List[str]
    why: str


def is_sharded(tensor: Any) -> bool:
    """Whether it is a `DTensor`, which is not imported for the question."""
    module = sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(tensor, module.DTensor)


def layouts(optimizer: Any) -> List[Layout]:
    """How each parameter is stepped over several processes."""
    return [
        _layout(optimizer, Active(p, None, group, k, name)) for k, name, group, p in optimizer._listed()
    ]


def _route(optimizer: Any, one: Active, shape: Any) -> List[str]:
    """The arms of the rule that a tensor of these lengths takes."""
    sign = optimizer._signature
    if not sign.has_routes:
        return sign.routes[0]
    made = program(
        sign.rule(sign.fixed(one.group)), ((one.name, tuple(shape)),), _native._TYPES[one.parameter.dtype], (0,),
        optimizer._options["seed"], optimizer._options["total_steps"], _native.engine("interpreter"),
    )
    return made.routes[0]


def _layout(optimizer: Any, one: Active) -> Layout:
    sign = optimizer._signature
    p = one.parameter
    route = _route(optimizer, one, p.shape)
    variant = sign.routes.index(route) if route in sign.routes else 0
    if is_sharded(p) and all(place.is_replicate() for place in p.placements):
        return Layout(one.name, "replicate", route, "every process has it whole")
    if sign.is_global:
        return Layout(one.name, "gather", route, "the rule reduces over all parameters together")
    if sign.splits[variant]:
        local = p.to_local().shape if is_sharded(p) else p.shape
        if _route(optimizer, one, local) == route:
            return Layout(one.name, "shard", route, "elementwise")
    why = f"{sign.kinds[variant]}: {sign.sharding[variant]}"
    if sign.kinds[variant] == "tensorReduction" and sign.is_all_alike and _is_exported(optimizer, one):
        return Layout(one.name, "reduce", route, why)
    return Layout(one.name, "gather", route, why)


def _is_exported(optimizer: Any, one: Active) -> bool:
    """Whether PyTorch's operations can say the rule, which then reduce over the mesh by themselves."""
    try:
        _generated.exported(optimizer._signature, _generated._fixed(optimizer._signature, one.group))
    except ProgramError:
        return False
    return True


class _Standing:
    """In the place of an optimizer whose parameters are whole, or shards of their own."""

    def __init__(self, optimizer: Any) -> None:
        self._signature = optimizer._signature
        self._options = optimizer._options
        self._plan: Any = None
        self.state: Dict[torch.Tensor, Dict[str, Any]] = {}
        self.param_groups = [
            {key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups
        ]


def _whole(value: Any) -> Any:
    return value.full_tensor() if is_sharded(value) else value


def _spread(whole: torch.Tensor, p: Any) -> Any:
    """The part of this process, of a tensor that every process has."""
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(whole, p.device_mesh, p.placements, src_data_rank=None)


def _sharded(local: torch.Tensor, p: Any) -> Any:
    from torch.distributed.tensor import DTensor

    return DTensor.from_local(
        local, p.device_mesh, p.placements, run_check=False, shape=p.shape, stride=p.stride()
    )


def _local(value: Any) -> Any:
    return value.to_local() if is_sharded(value) else value


def _as_p(value: Any, shape: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.shape == shape and value.ndim > 0


def first(optimizer: Any, missing: List[Active]) -> None:
    """Makes the states of parameters that have none, spread as the parameters are."""
    own = {id(group): k for k, group in enumerate(optimizer.param_groups)}
    standing = _Standing(optimizer)
    parts = []
    for one in missing:
        p = one.parameter
        plan = _layout(optimizer, one)
        tensor = p.detach() if not is_sharded(p) else p.to_local().detach() if plan.layout == "shard" else p.full_tensor().detach()
        # A parameter and its states lie row by row.
        tensor = tensor.contiguous()
        standing.state[tensor] = {}
        parts.append((one, plan, tensor))
    _native.first(
        standing,
        [Active(tensor, None, standing.param_groups[own[id(one.group)]], one.number, one.name) for one, _, tensor in parts],
    )
    for one, plan, tensor in parts:
        p = one.parameter
        made = standing.state[tensor]
        for name, value in made.items():
            if is_sharded(p) and _as_p(value, tensor.shape) and value.dtype is not torch.uint8:
                made[name] = _sharded(value, p) if plan.layout == "shard" else _spread(value, p)
        optimizer.state[p].update(made)


def step(optimizer: Any, active: List[Active], loss: Any, closure: Optional[Callable[[], Any]]) -> None:
    """One step of parameters, some of which are spread."""
    if closure is not None and any(need for need in optimizer._signature.needs if "another point" in need):
        raise UsageError(f"`{optimizer._signature.name}` asks for the loss at other points, which sharded parameters have not", code="R0810")
    for one in active:
        if one.gradient is not None and is_sharded(one.parameter) != is_sharded(one.gradient):
            raise UsageError(f"the gradient of `{one.name}` is not spread as its parameter is", code="R0826")
    own = {id(group): k for k, group in enumerate(optimizer.param_groups)}
    plans = [_layout(optimizer, one) for one in active]
    reduced = [one for one, plan in zip(active, plans) if plan.layout == "reduce"]
    standing = _Standing(optimizer)
    parts = []
    acting = []
    for one, plan in zip(active, plans):
        if plan.layout == "reduce":
            continue
        p, g = one.parameter, one.gradient
        kept = optimizer.state[p]
        if not is_sharded(p):
            tensor, slope, states = p.detach(), g, dict(kept)
        elif plan.layout == "shard":
            tensor, slope = p.to_local().detach(), _local(g)
            states = {name: _local(value) for name, value in kept.items()}
        else:
            tensor, slope = p.full_tensor().detach(), _whole(g)
            states = {name: _whole(value) for name, value in kept.items()}
        standing.state[tensor] = states
        parts.append((one, plan, tensor, states))
        acting.append(Active(tensor, slope, standing.param_groups[own[id(one.group)]], one.number, one.name))
    here = [one for one in acting if _native.is_here(one.parameter)]
    if here:
        _native.step(standing, here, loss, closure)
    if len(here) < len(acting):
        _generated.step(standing, [one for one in acting if not _native.is_here(one.parameter)], loss)
    if reduced:
        _generated.step(optimizer, reduced, loss)
    for one, plan, tensor, states in parts:
        p = one.parameter
        if not is_sharded(p):
            continue
        kept = optimizer.state[p]
        if plan.layout == "shard":
            if tensor.data_ptr() != p.to_local().data_ptr():
                p.to_local().copy_(tensor)
            continue
        p.to_local().copy_(_spread(tensor, p).to_local())
        for name, value in states.items():
            if is_sharded(kept[name]):
                kept[name].to_local().copy_(_spread(value, p).to_local())
            elif kept[name] is not value:
                kept[name].copy_(value)

"""Parameters that are spread over processes, as `fully_shard` makes them: elementwise rules step shards; what a rule must
see whole has an owner, which steps it, or is gathered by all. What the rule's equations say decides it."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch

from .._errors import ProgramError, RavineError, UsageError
from ..programs import Program, program
from . import _generated, _native, _owning
from ._native import Active


class Layout(NamedTuple):
    """How a parameter is stepped over several processes."""

    name: str
    #: ``shard``: each its part; ``reduce``: the same, with the rule's reductions over all processes; ``replicate``: each
    #: all of it; ``owned``: one process all of it, with its states; ``gather``: each all of it, of which it keeps its part.
    layout: str
    route: List[str]
    why: str
    #: Who owns it, among the processes that it is spread over.
    owner: Optional[int] = None


def is_sharded(tensor: Any) -> bool:
    """Whether it is a `DTensor`, which is not imported for the question."""
    module = sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(tensor, module.DTensor)


def layouts(optimizer: Any) -> List[Layout]:
    """How each parameter is stepped over several processes."""
    return [_layout(optimizer, one) for one in _all(optimizer)]


def _route(optimizer: Any, one: Active, shape: Any) -> List[str]:
    """The arms of the rule that a tensor of these lengths takes."""
    sign = optimizer._signature
    return _program(optimizer, one, shape).routes[0] if sign.has_routes else sign.routes[0]


def _program(optimizer: Any, one: Active, shape: Any) -> Program:
    """What the rule is for a tensor of these lengths."""
    sign = optimizer._signature
    return program(
        sign.rule(sign.fixed(one.group)), ((one.name, tuple(shape)),), _native._TYPES[one.parameter.dtype], (0,),
        optimizer._options["seed"], optimizer._options["total_steps"], _native.engine("interpreter"),
    )


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
    if one.number in optimizer._owners:
        return Layout(one.name, "owned", route, why, optimizer._owners[one.number])
    return Layout(one.name, "gather", route, why)


def _deal(optimizer: Any, missing: List[Active]) -> None:
    """Gives owners to those that would be gathered: one process steps each, and not every process all. Views and inputs
    are for all, so rules that have some are gathered."""
    sign = optimizer._signature
    if sign.views or any(need.startswith("the input") for need in sign.needs):
        return
    known = {k: one for k, one in enumerate(_all(optimizer))}
    load: Dict[Any, List[float]] = {}
    waiting: Dict[Any, List[Active]] = {}
    for one in known.values():
        if not is_sharded(one.parameter):
            continue
        way = _owning.way_of(one.parameter)
        if way is None or _layout(optimizer, one).layout not in ("gather", "owned"):
            continue
        key = way._replace(dim=0)
        load.setdefault(key, [0.0] * way.size)
        if one.number in optimizer._owners:
            load[key][optimizer._owners[one.number]] += _work(optimizer, one)
        elif any(one.parameter is other.parameter for other in missing):
            waiting.setdefault(key, []).append(one)
    for key, own in waiting.items():
        # A parameter that is listed twice has one owner.
        single = list({id(one.parameter): one for one in own}.values())
        owners = _owning.dealt([_work(optimizer, one) for one in single], key.size, load[key])
        by = {id(one.parameter): owner for one, owner in zip(single, owners)}
        optimizer._owners.update({one.number: by[id(one.parameter)] for one in own})


def _all(optimizer: Any) -> List[Active]:
    return [Active(p, None, group, k, name) for k, name, group, p in optimizer._listed()]


def _work(optimizer: Any, one: Active) -> float:
    """Operations of a step."""
    sign = optimizer._signature
    found = sign.rule(sign.fixed(one.group)).describe([(one.name, tuple(one.parameter.shape))])
    return float(found["parameters"][0]["flops"])


def _owned(one: Active, owner: int, like: Optional[torch.Tensor] = None) -> _owning.Piece:
    """A parameter that has an owner, or a state like it or of any other shape, as it travels."""
    p = one.parameter
    like = p if like is None else like
    device = p.to_local().device if like is p else like.device
    return _owning.Piece(_owning.way_of(p), owner, tuple(like.shape), like.dtype, device)


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
    """Makes the states of parameters that have none, spread as the parameters are, or whole at their owners."""
    _deal(optimizer, missing)
    own = {id(group): k for k, group in enumerate(optimizer.param_groups)}
    standing = _Standing(optimizer)
    plans = [_layout(optimizer, one) for one in missing]
    owned = [(one, plan) for one, plan in zip(missing, plans) if plan.layout == "owned"]
    wholes = iter(
        _owning.gathered(
            [_owned(one, plan.owner) for one, plan in owned], [one.parameter.to_local().detach() for one, _ in owned]
        )
    )
    parts = []
    for one, plan in zip(missing, plans):
        p = one.parameter
        if plan.layout == "owned":
            tensor = next(wholes)
            if tensor is None:
                optimizer.state[p].update(_elsewhere(optimizer, one))
                continue
        elif is_sharded(p):
            tensor = p.to_local().detach() if plan.layout == "shard" else p.full_tensor().detach()
        else:
            tensor = p.detach()
        # A parameter and its states lie row by row.
        tensor = tensor.contiguous()
        standing.state[tensor] = {}
        parts.append((one, plan, tensor))
    if parts:
        _native.first(
            standing,
            [
                Active(tensor, None, standing.param_groups[own[id(one.group)]], one.number, one.name)
                for one, _, tensor in parts
            ],
        )
    for one, plan, tensor in parts:
        p = one.parameter
        made = standing.state[tensor]
        for name, value in made.items():
            if is_sharded(p) and plan.layout != "owned" and _as_p(value, tensor.shape) and value.dtype is not torch.uint8:
                made[name] = _sharded(value, p) if plan.layout == "shard" else _spread(value, p)
        optimizer.state[p].update(made)


def _elsewhere(optimizer: Any, one: Active) -> Dict[str, torch.Tensor]:
    """The states of a parameter that another process owns: what they are, without memory."""
    found = {"step": torch.zeros((), dtype=torch.float32, device="cpu")}
    for place in _program(optimizer, one, one.parameter.shape).places:
        dtype = getattr(torch, place.dtype)
        shape = (place.bytes,) if dtype is torch.uint8 else place.shape
        found[place.name] = torch.empty(shape, dtype=dtype, device="meta")
    return found


def is_finite(active: List[Active]) -> bool:
    """Whether all gradients are finite, at all processes that have a part of one."""
    import torch.distributed as dist

    bad: Dict[Any, Any] = {}
    alone = True
    for one in active:
        g = one.gradient
        if g is None or g.layout is not torch.strided:
            continue
        found = _local(g).isfinite().all()
        if not is_sharded(g):
            alone = alone and bool(found)
            continue
        bad[g.device_mesh] = bad.get(g.device_mesh, 0) + (~found).float()
    for mesh, count in bad.items():
        for axis in range(mesh.ndim):
            dist.all_reduce(count, group=mesh.get_group(axis))
        alone = alone and not float(count)
    return alone


def step(optimizer: Any, active: List[Active], loss: Any, closure: Optional[Callable[[], Any]]) -> None:
    """One step of parameters, some of which are spread."""
    if closure is not None and any(need for need in optimizer._signature.needs if "another point" in need):
        raise UsageError(f"`{optimizer._signature.name}` asks for the loss at other points, which sharded parameters have not", code="R0810")
    for one in active:
        p, g = one.parameter, one.gradient
        if g is not None and (is_sharded(p) != is_sharded(g) or is_sharded(p) and p.device_mesh != g.device_mesh):
            raise UsageError(f"the gradient of `{one.name}` is not spread as its parameter is", code="R0826")
        if g is not None:
            _native.require_gradient(g, p, one.name)
    # What is cut in another way, or has still to be summed, is brought to where its parameter is.
    active = [
        one if one.gradient is None or not is_sharded(one.parameter) or one.gradient.placements == one.parameter.placements
        else one._replace(gradient=one.gradient.redistribute(one.parameter.device_mesh, one.parameter.placements))
        for one in active
    ]
    own = {id(group): k for k, group in enumerate(optimizer.param_groups)}
    plans = [_layout(optimizer, one) for one in active]
    owned = [(one, plan.owner) for one, plan in zip(active, plans) if plan.layout == "owned"]
    reduced = [one for one, plan in zip(active, plans) if plan.layout == "reduce"]
    wholes, kept_at_owner = _step_owned(optimizer, owned, loss) if owned else ([], [])
    standing = _Standing(optimizer)
    parts = []
    acting = []
    for one, plan in zip(active, plans):
        if plan.layout in ("reduce", "owned"):
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
    try:
        _alone(standing, acting, loss, closure)
        if reduced:
            _generated.step(optimizer, reduced, loss)
    except BaseException:
        _back(kept_at_owner)
        raise
    _given_back(owned, wholes)
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


def _alone(standing: _Standing, acting: List[Active], loss: Any, closure: Optional[Callable[[], Any]]) -> None:
    """A step of what this process has."""
    here = [one for one in acting if _native.is_here(one.parameter)]
    if here:
        _native.step(standing, here, loss, closure)
    if len(here) < len(acting):
        _generated.step(standing, [one for one in acting if not _native.is_here(one.parameter)], loss)


def _step_owned(
    optimizer: Any, owned: Sequence[Tuple[Active, int]], loss: Any
) -> Tuple[List[Optional[torch.Tensor]], List[Tuple[torch.Tensor, torch.Tensor]]]:
    """A step of what has owners, up to the new parameters, which they have then; and the ways back of their states. What
    fails at one process fails at all, and nothing is changed."""
    pieces, local = [], []
    for one, owner in owned:
        p, g = one.parameter, one.gradient
        pieces.append(_owned(one, owner))
        local.append((p.to_local().detach(), None if g is None else g.to_local()))
    wholes = _owning.gathered(pieces, [w for w, _ in local])
    with_gradient = [k for k, (_, g) in enumerate(local) if g is not None]
    slopes: Dict[int, Any] = dict(
        zip(with_gradient, _owning.gathered([pieces[k] for k in with_gradient], [local[k][1] for k in with_gradient]))
    )
    place = {id(group): k for k, group in enumerate(optimizer.param_groups)}
    standing = _Standing(optimizer)
    acting, kept, failure = [], [], None
    for k, (one, _) in enumerate(owned):
        tensor = wholes[k]
        if tensor is not None:
            states = optimizer.state[one.parameter]
            standing.state[tensor] = states
            kept += [(value, value.clone()) for value in states.values() if isinstance(value, torch.Tensor)]
            acting.append(
                Active(tensor, slopes.get(k), standing.param_groups[place[id(one.group)]], one.number, one.name)
            )
    try:
        _alone(standing, acting, loss, None)
    except Exception as error:
        failure = error
    try:
        _agree(optimizer, owned, pieces, failure)
    except BaseException:
        _back(kept)
        raise
    return wholes, kept


def _agree(
    optimizer: Any, owned: Sequence[Tuple[Active, int]], pieces: Sequence[_owning.Piece], failure: Optional[Exception]
) -> None:
    """All processes learn how far each parameter is, or what failed, which each raises then."""
    import torch.distributed as dist

    for key in dict.fromkeys(piece.way._replace(dim=0) for piece in pieces):
        own = [k for k, piece in enumerate(pieces) if piece.way._replace(dim=0) == key]
        # The count that only the owner knows is the greater one, or they are equal: a step may be left out.
        said = torch.tensor(
            [float(failure is not None)] + [float(optimizer.state[owned[k][0].parameter]["step"]) for k in own],
            dtype=torch.float64, device=pieces[own[0]].device,
        )
        dist.all_reduce(said, dist.ReduceOp.MAX, group=key.group)
        found = said.tolist()
        if found[0]:
            errors: List[Any] = [None] * key.size
            told = failure if isinstance(failure, RavineError) else failure and RuntimeError(f"{type(failure).__name__}: {failure}")
            dist.all_gather_object(errors, told, group=key.group)
            raise failure or next(error for error in errors if error is not None)
        for k, t in zip(own, found[1:]):
            if owned[k][1] != key.here:
                optimizer.state[owned[k][0].parameter]["step"].fill_(t)


def _back(kept: Sequence[Tuple[torch.Tensor, torch.Tensor]]) -> None:
    for one, before in kept:
        one.copy_(before)


def _given_back(owned: Sequence[Tuple[Active, int]], wholes: Sequence[Optional[torch.Tensor]]) -> None:
    """Each process takes its part of the new parameters."""
    pieces = [_owned(one, owner) for one, owner in owned]
    for (one, _), part in zip(owned, _owning.scattered(pieces, wholes)):
        one.parameter.to_local().copy_(part)

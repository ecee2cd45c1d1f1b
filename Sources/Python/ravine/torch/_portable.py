"""States of parameters that are spread over processes, as checkpoints have them: whoever keeps them, on any number of
processes."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

import torch

from ..programs import Place
from . import _blocks, _native, _owning, _sharding
from ._native import Active
from ._sharding import Layout, is_sharded


def portable(optimizer: Any) -> Dict[Any, Dict[str, Any]]:
    """The states as a checkpoint has them, whoever keeps them: a state like its parameter is a `DTensor` as the parameter
    is, in numbers where it has blocks, which lie elsewhere on another number of processes; others are whole on every
    process. All processes ask for it."""
    found: Dict[Any, Dict[str, Any]] = {}
    for one, plan in zip(_sharding._all(optimizer), _sharding.layouts(optimizer)):
        p = one.parameter
        if p in found:
            continue
        kept = optimizer.state[p]
        if not is_sharded(p):
            found[p] = kept
            continue
        places = _places(optimizer, one, plan)
        made: Dict[str, Any] = {}
        for name, value in kept.items():
            place = places.get(name)
            has_blocks = place is not None and _blocks.kind_of(place.storage) is not None
            if plan.layout == "owned" and name != "step":
                made[name] = _from_owner(one, plan, value, place if has_blocks else None)
            elif has_blocks and place.shape == _seen(p, plan):
                made[name] = _made(_blocks.numbers(value, place.storage, place.shape).to(value.device), p, plan)
            else:
                made[name] = value
        found[p] = made
    return {p: found[p] for p in optimizer.state if p in found} | {
        p: kept for p, kept in optimizer.state.items() if p not in found
    }


def _seen(p: Any, plan: Layout) -> Tuple[int, ...]:
    """The shape that the rule sees of a parameter."""
    return tuple(p.to_local().shape if plan.layout == "shard" else p.shape)


def _places(optimizer: Any, one: Active, plan: Layout) -> Dict[str, Place]:
    prefixes = {"state": "", "view": "view_", "input": "input_"}
    return {
        prefixes[place.kind] + place.name: place for place in _sharding._program(optimizer, one, _seen(one.parameter, plan)).places
    }


def _made(value: torch.Tensor, p: Any, plan: Layout) -> Any:
    return _sharding._sharded(value, p) if plan.layout == "shard" else _sharding._spread(value, p)


def _from_owner(one: Active, plan: Layout, value: torch.Tensor, blocks: Optional[Place]) -> Any:
    p = one.parameter
    whole = None if value.device.type == "meta" else value
    like = value
    if blocks is not None:
        like = torch.empty(blocks.shape, dtype=torch.float32, device="meta")
        whole = None if whole is None else _blocks.numbers(whole, blocks.storage, blocks.shape)
    # It travels where the parameter is, also if it is a number that is kept on the processor.
    device = p.to_local().device
    piece = _sharding._owned(one, plan.owner, like)._replace(device=device)
    whole = None if whole is None else whole.to(device)
    if not _sharding._as_p(like, p.shape):
        found = _owning.broadcast(piece, whole)
        return found if value.ndim else found.cpu()
    return _sharding._sharded(_owning.scattered([piece], [whole])[0].clone(), p)


def why_unlike(optimizer: Any, one: Active, name: str, like: torch.Tensor, value: Any) -> Optional[str]:
    """Why a state of a checkpoint cannot take the place of one of a parameter that is spread, in words; None where it can."""
    whole, storage = _wanted(optimizer, one, name, like)
    if _is_packed(optimizer, one, name, value):
        return None
    shape = tuple(getattr(value, "shape", ()))
    if shape != whole:
        if storage and isinstance(value, torch.Tensor) and value.dtype is torch.uint8:
            return f"{value.numel()} bytes of blocks of one process, of which nobody knows which part of {whole} they are"
        return f"{shape} there and {whole} here"
    return _native.why_unlike(torch.empty(whole, dtype=like.dtype, device="meta"), value)


def _wanted(optimizer: Any, one: Active, name: str, like: torch.Tensor) -> Tuple[Tuple[int, ...], str]:
    """The shape of a state in a checkpoint, and its storage if that has blocks."""
    place = _places(optimizer, one, _sharding._layout(optimizer, one)).get(name)
    if place is None or _blocks.kind_of(place.storage) is None:
        return tuple(like.shape), ""
    is_like = place.shape == _seen(one.parameter, _sharding._layout(optimizer, one))
    return tuple(one.parameter.shape) if is_like else place.shape, place.storage


def _is_packed(optimizer: Any, one: Active, name: str, value: Any) -> bool:
    """Whether it is the whole state in blocks, as one process keeps it."""
    if not isinstance(value, torch.Tensor) or is_sharded(value) or value.dtype is not torch.uint8:
        return False
    places = {place.name: place for place in _sharding._program(optimizer, one, one.parameter.shape).places}
    return name in places and bool(_blocks.kind_of(places[name].storage)) and value.numel() == places[name].bytes


def restored(optimizer: Any, one: Active, name: str, like: torch.Tensor, value: Any) -> Any:
    """A state of a checkpoint in the place of one of a parameter that is spread. All processes ask for it."""
    p = one.parameter
    plan = _sharding._layout(optimizer, one)
    if _is_packed(optimizer, one, name, value):
        place = next(place for place in _sharding._program(optimizer, one, p.shape).places if place.name == name)
        value = _blocks.numbers(value, place.storage, place.shape).to(p.to_local().device)
    whole, storage = _wanted(optimizer, one, name, like)
    if not isinstance(value, torch.Tensor):
        return torch.full_like(like, value)
    if plan.layout == "owned" or not (is_sharded(like) or storage and plan.layout == "shard"):
        value = _sharding._whole(value.detach())
        if like.device.type == "meta":
            return like
    elif is_sharded(value) and value.device_mesh == p.device_mesh:
        value = value.detach().redistribute(p.device_mesh, p.placements).to_local()
    else:
        value = _sharding._spread(_sharding._whole(value.detach()).to(p.to_local().device), p).to_local()
    if storage:
        return _blocks.packed(value, storage, like.numel()).to(like.device)
    result = torch.empty_like(like)
    _sharding._local(result).copy_(value)
    return result

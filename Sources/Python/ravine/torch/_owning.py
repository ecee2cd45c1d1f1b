"""Matrices that one process has whole: who owns which, and their way there and back."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import torch

#: How many bytes of tensors travel at a time.
_ROUND = 1 << 24
#: Where in a message a piece may begin, whatever its type.
_STRIDE = 16


class Way(NamedTuple):
    """The axis of a mesh along which a tensor is cut, and the tensor's own axis."""

    mesh: Any
    axis: int
    dim: int

    @property
    def size(self) -> int:
        return self.mesh.size(self.axis)

    @property
    def here(self) -> int:
        """The place of this process."""
        return self.mesh.get_local_rank(self.axis)

    @property
    def group(self) -> Any:
        return self.mesh.get_group(self.axis)


class Piece(NamedTuple):
    """A tensor that lies in parts on all processes of a way, or whole on its owner."""

    way: Way
    owner: int
    shape: Tuple[int, ...]
    dtype: torch.dtype
    device: torch.device

    def span(self, rank: int) -> Tuple[int, int]:
        """What of the axis a process has: where that begins, and how much it is."""
        length = self.shape[self.way.dim]
        part = -(-length // self.way.size)
        start = min(length, rank * part)
        return start, min(length, start + part) - start

    def part(self, rank: int) -> Tuple[int, ...]:
        """The shape of what a process has."""
        return self.shape[: self.way.dim] + (self.span(rank)[1],) + self.shape[self.way.dim + 1 :]

    def bytes(self, rank: int) -> int:
        """Of that, in a message."""
        count = self.dtype.itemsize
        for length in self.part(rank):
            count *= length
        return -(-count // _STRIDE) * _STRIDE


def way_of(p: Any) -> Optional[Way]:
    """Along which axis of its mesh a `DTensor` is cut; None unless it is one, of several processes, and evenly cut."""
    from torch.distributed.tensor import Shard

    cuts = [k for k, placement in enumerate(p.placements) if not placement.is_replicate()]
    if len(cuts) != 1 or type(p.placements[cuts[0]]) is not Shard or p.device_mesh.size(cuts[0]) < 2:
        return None
    return Way(p.device_mesh, cuts[0], p.placements[cuts[0]].dim % max(p.ndim, 1))


def dealt(work: Sequence[float], size: int, load: Optional[List[float]] = None) -> List[int]:
    """Who of `size` owns which of these, so that all have as much to do: as `ravine describe --shard` deals them. `load`
    is what they have already, and is added to."""
    load = [0.0] * size if load is None else load
    owners = [0] * len(work)
    # The largest first, so that the small ones even out what is left.
    for k in sorted(range(len(work)), key=lambda k: (-work[k], k)):
        owners[k] = load.index(min(load))
        load[owners[k]] += work[k]
    return owners


def _rounds(pieces: Sequence[Piece]) -> Iterable[Tuple[Way, List[int]]]:
    """The pieces that travel together."""
    for way in dict.fromkeys(one.way for one in pieces):
        together: List[int] = []
        size = 0
        for k, one in enumerate(pieces):
            if one.way != way:
                continue
            together.append(k)
            size += sum(one.bytes(rank) for rank in range(way.size))
            if size >= _ROUND:
                yield way, together
                together, size = [], 0
        if together:
            yield way, together


def _sent(message: torch.Tensor, given: List[int], taken: List[int], way: Way) -> torch.Tensor:
    import torch.distributed as dist

    found = message.new_empty(sum(taken))
    dist.all_to_all_single(found, message, taken, given, group=way.group)
    return found


def _bytes(one: torch.Tensor, size: int) -> torch.Tensor:
    raw = one.contiguous().reshape(-1).view(torch.uint8)
    return raw if raw.numel() == size else torch.nn.functional.pad(raw, (0, size - raw.numel()))


def _joined(parts: List[torch.Tensor], device: torch.device) -> torch.Tensor:
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.uint8, device=device)


def gathered(pieces: Sequence[Piece], parts: Sequence[torch.Tensor]) -> List[Optional[torch.Tensor]]:
    """All parts of each at its owner, as a whole; None elsewhere. All processes ask for the same."""
    found: List[Optional[torch.Tensor]] = [None] * len(pieces)
    for way, together in _rounds(pieces):
        here = way.here
        to = [[k for k in together if pieces[k].owner == rank] for rank in range(way.size)]
        message = _joined([_bytes(parts[k], pieces[k].bytes(here)) for own in to for k in own], pieces[together[0]].device)
        given = [sum(pieces[k].bytes(here) for k in own) for own in to]
        taken = [sum(pieces[k].bytes(rank) for k in to[here]) for rank in range(way.size)]
        came = _sent(message, given, taken, way)
        at = 0
        for k in to[here]:
            found[k] = torch.empty(pieces[k].shape, dtype=pieces[k].dtype, device=pieces[k].device)
        for rank in range(way.size):
            for k in to[here]:
                one = pieces[k]
                _part(found[k], one, rank).copy_(_read(came, at, one, rank))
                at += one.bytes(rank)
    return found


def scattered(pieces: Sequence[Piece], wholes: Sequence[Optional[torch.Tensor]]) -> List[torch.Tensor]:
    """The part of this process of each, which its owner has whole. All processes ask for the same."""
    found: Dict[int, torch.Tensor] = {}
    for way, together in _rounds(pieces):
        here = way.here
        own = [k for k in together if pieces[k].owner == here]
        message = _joined(
            [_bytes(_part(wholes[k], pieces[k], rank), pieces[k].bytes(rank)) for rank in range(way.size) for k in own],
            pieces[together[0]].device,
        )
        given = [sum(pieces[k].bytes(rank) for k in own) for rank in range(way.size)]
        by = [[k for k in together if pieces[k].owner == rank] for rank in range(way.size)]
        taken = [sum(pieces[k].bytes(here) for k in theirs) for theirs in by]
        came = _sent(message, given, taken, way)
        at = 0
        for theirs in by:
            for k in theirs:
                found[k] = _read(came, at, pieces[k], here)
                at += pieces[k].bytes(here)
    return [found[k] for k in range(len(pieces))]


def _part(whole: Any, one: Piece, rank: int) -> torch.Tensor:
    return whole.narrow(one.way.dim, *one.span(rank))


def _read(came: torch.Tensor, at: int, one: Piece, rank: int) -> torch.Tensor:
    shape = one.part(rank)
    count = one.dtype.itemsize
    for length in shape:
        count *= length
    return came[at : at + count].view(one.dtype).view(shape)


def broadcast(piece: Piece, whole: Optional[torch.Tensor]) -> torch.Tensor:
    """A tensor of any shape that the owner of `piece` has, for all."""
    import torch.distributed as dist

    way = piece.way
    found = torch.empty(piece.shape, dtype=piece.dtype, device=piece.device) if whole is None else whole.contiguous().clone()
    raw = found.reshape(-1).view(torch.uint8)
    dist.broadcast(raw, dist.get_global_rank(way.group, piece.owner), group=way.group)
    return found

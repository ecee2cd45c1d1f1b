"""States in blocks, a scale for each and a code for each number, as numbers and back."""

from __future__ import annotations

import functools
import math
import re
from typing import Any, Optional, Tuple

import torch

from ..programs import Program
from ..rule import Rule


def kind_of(storage: str) -> Optional[Tuple[str, int]]:
    """The map and the length of a block, of a storage such as ``int8 signed/256``; None where it has no blocks."""
    found = re.match(r"(int8 signed|int8 unsigned|sign1)/(\d+)", storage)
    return (found.group(1), int(found.group(2))) if found else None


def _counts(n: int, block: int) -> int:
    return -(-n // block)


@functools.lru_cache(maxsize=None)
def _map(kind: str) -> torch.Tensor:
    """What the codes of eight bits stand for at a scale of 1: asked of the library, which has it in one place."""
    new = "g" if kind == "int8 signed" else "abs(g)"
    rule = Rule(f"rule Read(lr = 1) {{\n state m as int8(block = 256)\n m' = {new}\n w' = lr * m\n}}")
    made = Program(rule, [("w", (256,))])
    assert kind_of(made.places[0].storage) == (kind, 256)
    w, g = torch.zeros(256, device="cpu"), torch.zeros(256, device="cpu")
    blob = torch.cat([torch.ones(1, device="cpu").view(torch.uint8), torch.arange(256, dtype=torch.uint8, device="cpu")])
    made.parameters[0], made.gradients[0], made.memory[0] = w.data_ptr(), g.data_ptr(), blob.data_ptr()
    made.step()
    return w


def _cut(x: torch.Tensor, block: int) -> torch.Tensor:
    """Rows of one block each, filled up with zeros."""
    n, rows = x.numel(), _counts(x.numel(), block)
    return torch.nn.functional.pad(x.reshape(-1), (0, rows * block - n)).view(rows, block)


def numbers(blob: torch.Tensor, storage: str, shape: Any) -> torch.Tensor:
    """The numbers that a state in blocks stands for, in float32."""
    kind, block = kind_of(storage)
    n = math.prod(shape)
    rows = _counts(n, block)
    blob = blob.cpu()
    scales = blob[: 4 * rows].clone().view(torch.float32)
    codes = blob[4 * rows :]
    if kind == "sign1":
        bits = codes.unsqueeze(1).bitwise_right_shift(torch.arange(8, dtype=torch.uint8)) & 1
        found = 1 - 2 * bits.reshape(-1)[:n].to(torch.float32)
    else:
        found = _map(kind)[codes[:n].long()]
    return (_cut(found, block) * scales.unsqueeze(1)).reshape(-1)[:n].reshape(shape)


def packed(values: torch.Tensor, storage: str, size: int) -> torch.Tensor:
    """Numbers as `size` bytes of a state in blocks: each the nearest that its block has. What `numbers` gave becomes what it
    was, to the bit of each number."""
    kind, block = kind_of(storage)
    values = values.detach().to("cpu", torch.float32)
    n = values.numel()
    cut = _cut(values, block)
    rows = cut.shape[0]
    if kind == "sign1":
        lengths = torch.full((rows,), float(block), dtype=torch.float64)
        if rows:
            lengths[-1] = n - block * (rows - 1)
        scales = (cut.double().abs().sum(1) / lengths).float()
        bits = torch.nn.functional.pad((cut < 0).reshape(-1)[:n], (0, -n % 8)).to(torch.uint8).view(-1, 8)
        codes = (bits << torch.arange(8, dtype=torch.uint8)).sum(1, dtype=torch.uint8)
    else:
        scales = cut.abs().amax(1) if rows else cut.new_zeros(0)
        codes = _codes(cut, scales, kind)
        if kind == "int8 signed" and rows:
            scales, codes = _kept(cut, scales, codes)
        codes = codes.reshape(-1)[:n]
    scales = torch.where(torch.isfinite(scales), scales, torch.nan)
    blob = torch.cat([scales.contiguous().view(torch.uint8), codes])
    return torch.nn.functional.pad(blob, (0, size - blob.numel()))


def _codes(cut: torch.Tensor, scales: torch.Tensor, kind: str) -> torch.Tensor:
    there = _map(kind)
    share = (cut.double() / torch.where(scales > 0, scales, 1).double().unsqueeze(1)).nan_to_num(0)
    codes = torch.bucketize(share, (there[1:].double() + there[:-1].double()) / 2)
    # A number that is not 0 keeps its sign, and is not 0 where there is none.
    none = int((there == 0).nonzero()[0])
    codes = torch.where(share > 0, codes.clamp(min=none + 1), torch.where(share < 0, codes.clamp(max=none - 1), none))
    return codes.clamp(0, 255).to(torch.uint8)


def _kept(cut: torch.Tensor, scales: torch.Tensor, codes: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    """The map ends before -1, so a block whose largest number is negative had a larger scale than that number says: the one
    that gives these very numbers, where there is one."""
    there = _map("int8 signed")
    lowest = cut.amin(1)
    guess = lowest / there[0]
    for _ in range(2):
        guess = torch.nextafter(guess, torch.zeros_like(guess))
    for _ in range(5):
        found = _codes(cut, guess, "int8 signed")
        same = ((there[found.long()] * guess.unsqueeze(1)) == cut).all(1) & (lowest < 0) & (-lowest >= scales)
        scales = torch.where(same, guess, scales)
        codes = torch.where(same.unsqueeze(1), found, codes)
        guess = torch.nextafter(guess, torch.full_like(guess, torch.inf))
    return scales, codes

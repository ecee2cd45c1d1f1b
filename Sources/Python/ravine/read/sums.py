"""Einstein's sums, written out by products, sums along axes and transposes, which have words."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

#: A tensor and the letters of its axes.
Labelled = Tuple[Any, str]


def written_out(text: Any, *operands: Any) -> Optional[Any]:
    """What ``torch.einsum(text, *operands)`` gives; None for what is not written out here."""
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if not isinstance(text, str) or "." in text or not operands:
        return None
    left, arrow, right = text.replace(" ", "").partition("->")
    parts = left.split(",")
    if not arrow:
        right = "".join(sorted(one for one in set(left) - {","} if left.count(one) == 1))
    if len(parts) != len(operands) or any(len(set(one)) != len(one) for one in parts):
        return None
    made: Labelled = (operands[0], parts[0])
    for k in range(1, len(operands)):
        found = _product(made, (operands[k], parts[k]), set(right).union(*parts[k + 1 :]))
        if found is None:
            return None
        made = found
    made = _summed(made, set(right))
    x, letters = made
    return x if letters == right else x.permute(*(letters.index(one) for one in right))


def _summed(one: Labelled, kept: Any) -> Labelled:
    """Without the axes that nobody asks for any more."""
    x, letters = one
    axes = [k for k, letter in enumerate(letters) if letter not in kept]
    return (x.sum(axes) if axes else x), "".join(letter for letter in letters if letter in kept)


def _product(a: Labelled, b: Labelled, kept: Any) -> Optional[Labelled]:
    a, b = _summed(a, kept | set(b[1])), _summed(b, kept | set(a[1]))
    (x, ours), (y, theirs) = a, b
    shared = [one for one in ours if one in theirs]
    if len(shared) == 1 and shared[0] not in kept and max(x.dim(), y.dim()) <= 2:
        (k,) = shared
        x = x.T if x.dim() == 2 and ours[0] == k else x
        y = y.T if y.dim() == 2 and theirs[1] == k else y
        return (x @ y if x.dim() == 2 or y.dim() == 1 else y.T @ x), ours.replace(k, "") + theirs.replace(k, "")
    if not shared and x.dim() == y.dim() == 1:
        return x.outer(y), ours + theirs
    if set(theirs) <= set(ours):
        return _summed((x * _beside(y, theirs, ours), ours), kept)
    if set(ours) <= set(theirs):
        return _summed((_beside(x, ours, theirs) * y, theirs), kept)
    return None


def _beside(x: Any, letters: str, others: str) -> Any:
    """A tensor with the axes of another, in its order, of length 1 where it has none."""
    order: List[int] = [letters.index(one) for one in others if one in letters]
    x = x if order == sorted(order) else x.permute(*order)
    for k, one in enumerate(others):
        if one not in letters:
            x = x.unsqueeze(k)
    return x

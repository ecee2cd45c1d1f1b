"""What spans all parameter tensors: read on two of them, a sum of the same thing of both is a sum over all."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Tuple

from . import expression as ex
from .expression import Expression

SECOND = "@2"


def second(one: Expression) -> Expression:
    """The symbol of the second tensor for that of the first."""
    kind, name = one.value
    return ex.symbol(kind, name + SECOND)


def is_second(one: Expression) -> bool:
    return one.op == "symbol" and one.value[1].endswith(SECOND)


def gathered(x: Expression, shared: frozenset, memo: Optional[Dict[Expression, Expression]] = None) -> Expression:
    """x with `global` reductions in place of what is done with one tensor after the other. `shared` are the symbols
    of states that there is one of."""
    memo = {} if memo is None else memo
    for node in ex.walked([x]):
        if node in memo:
            continue
        args = [memo[one] for one in node.args]
        if not any(is_second(one) for one in node.free):
            memo[node] = node
            continue
        memo[node] = _made(node, args, shared)
    return memo[x]


def _outside(x: Expression) -> List[Expression]:
    """The symbols that stand outside of what spans all tensors."""
    found: Dict[Expression, None] = {}
    seen = set()
    stack = [x]
    while stack:
        node = stack.pop()
        if node in seen or node.op == "global":
            continue
        seen.add(node)
        if node.op == "symbol":
            found[node] = None
        stack += node.args
    return list(found)


def _other(x: Expression, shared: frozenset) -> Expression:
    """The same of the other tensor. What spans both is one."""
    values = {}
    for one in _outside(x):
        kind, name = one.value
        if kind in ("parameter", "gradient", "state") and one not in shared:
            values[one] = ex.symbol(kind, name[: -len(SECOND)] if name.endswith(SECOND) else name + SECOND)
    whole = {one: one for one in ex.walked([x]) if one.op == "global"}
    return ex.substituted(x, {**values, **whole})


def _is_first(x: Expression, shared: frozenset) -> bool:
    own = [one for one in _outside(x) if one.value[0] in ("parameter", "gradient", "state") and one not in shared]
    return bool(own) and not any(map(is_second, own))


def _over_all(word: str, part: Expression, shared: frozenset) -> Expression:
    """A reduction over all tensors of what is one number for each."""
    if word == "sum":
        c, factors = ex.factors(part)
        outside: List[Expression] = []
        inside: List[Tuple[Expression, float]] = []
        for one, p in factors.items():
            of_tensor = any(s.value[0] in ("parameter", "gradient", "state") and s not in shared for s in _outside(one))
            if of_tensor:
                inside.append((one, p))
            else:
                outside.append(ex.power(one, p))
        if len(inside) == 1:
            one, p = inside[0]
            if one.op in ("sum", "count") and p == 1:
                return ex.multiply(c, *outside, ex.apply("global", one.args[0], value=one.op))
            if one.op == "norm" and p == 2:
                return ex.multiply(c, *outside, ex.power(ex.apply("global", one.args[0], value="norm"), 2))
        return ex.multiply(c, *outside, ex.apply("global", _as_tensor(inside), value="sum"))
    if part.op == word:
        return ex.apply("global", part.args[0], value=word)
    return ex.apply("global", part, value=word)


def _as_tensor(inside: List[Tuple[Expression, float]]) -> Expression:
    """One number for each tensor, spread over its elements, so that a sum over all counts it once."""
    whole = ex.multiply(*(ex.power(one, p) for one, p in inside))
    return ex.divide(whole, ex.NUMEL)


def _made(node: Expression, args: List[Expression], shared: frozenset) -> Expression:
    return _mean(_joined(node, args, shared))


def _entries(x: Expression) -> Optional[Tuple[Expression, Expression]]:
    """What is done with two numbers side by side, as it is done with each."""
    lists = [one for one in ex.walked([x]) if one.op == "list"]
    if len(lists) != 1 or len(lists[0].args) != 2:
        return None
    a, b = (ex.substituted(x, {lists[0]: one}) for one in lists[0].args)
    return a, b


def _mean(x: Expression) -> Expression:
    """A sum over the elements of both, divided by as many as both have."""
    if x.op != "times":
        return x
    c, factors = ex.factors(x)
    total = next((one for one, p in factors.items() if one.op == "global" and one.value == "sum" and p == 1), None)
    if total is None or factors.get(ex.NUMEL) != -1:
        return x
    rest = [ex.power(one, p) for one, p in factors.items() if one not in (total, ex.NUMEL)]
    return ex.multiply(2 * c, *rest, ex.apply("global", total.args[0], value="mean"))


def _joined(node: Expression, args: List[Expression], shared: frozenset) -> Expression:
    if node.op == "plus":
        terms = dict(zip(args, node.value[1]))
        done: set = set()
        parts: List[Expression] = [ex.number(node.value[0])]
        for one, c in terms.items():
            if one in done or not _is_first(one, shared):
                continue
            other = _other(one, shared)
            if other is not one and terms.get(other) == c:
                done |= {one, other}
                parts.append(ex.scaled(_over_all("sum", one, shared), c))
        return ex.add(*parts, *(ex.scaled(one, c) for one, c in zip(args, node.value[1]) if one not in done))
    if node.op in ("max", "min") and len(node.args) > 1:
        done = set()
        kept: List[Expression] = []
        for one in args:
            other = _other(one, shared)
            if one not in done and _is_first(one, shared) and other in args:
                done |= {one, other}
                kept.append(_over_all(node.op, one, shared))
        kept += [one for one in args if one not in done]
        return ex.apply(node.op, *kept) if len(kept) > 1 else kept[0]
    entries = _entries(args[0]) if len(args) == 1 else None
    if entries is not None and node.op in ("sum", "max", "min", "norm"):
        a, b = entries
        if _is_first(a, shared) and _other(a, shared) is b:
            if node.op == "norm" and a.op in ("norm", "abs"):
                return ex.apply("global", a.args[0], value="norm")
            if node.op in ("sum", "max", "min"):
                return _over_all(node.op, a, shared)
            if node.op == "norm":
                return ex.apply("sqrt", _over_all("sum", ex.power(a, 2), shared))
    return ex.rebuilt(node, args)

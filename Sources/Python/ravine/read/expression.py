"""Expressions: what a number or a tensor was made of, in one normal form, so that equal ones are one object."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple, Union

CONDITIONS = {"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "isfinite", "any", "all"}


class Expression:
    """A node. Two that are built alike are the same object."""

    __slots__ = ("op", "args", "value", "number", "_free")

    def __init__(self, op: str, args: Tuple["Expression", ...], value: Any, number: int) -> None:
        self.op, self.args, self.value, self.number = op, args, value, number
        self._free: Optional[frozenset] = None

    @property
    def free(self) -> frozenset:
        """The symbols in it."""
        if self._free is None:
            if self.op == "symbol":
                self._free = frozenset([self])
            else:
                self._free = frozenset().union(*(one.free for one in self.args)) if self.args else frozenset()
        return self._free

    @property
    def is_number(self) -> bool:
        return self.op == "number"

    def __repr__(self) -> str:
        if self.op in ("number", "symbol"):
            return str(self.value[1] if self.op == "symbol" else self.value)
        return f"{self.op}{'' if self.value is None else self.value}({', '.join(map(repr, self.args))})"


_table: Dict[Any, Expression] = {}
Operand = Union[Expression, float, int, bool]


def _node(op: str, args: Tuple[Expression, ...] = (), value: Any = None) -> Expression:
    key = (op, tuple(one.number for one in args), value)
    found = _table.get(key)
    if found is None:
        found = _table[key] = Expression(op, args, value, len(_table))
    return found


def number(value: Union[float, int, bool]) -> Expression:
    value = float(value)
    if value != value:
        return _node("number", (), "nan")
    return _node("number", (), int(value) if value.is_integer() and abs(value) < 2**53 else value)


def symbol(kind: str, name: str) -> Expression:
    """A name: kind is ``parameter``, ``gradient``, ``step``, ``hyper``, ``state`` or ``size``."""
    return _node("symbol", (), (kind, name))


def expression(value: Operand) -> Expression:
    return value if isinstance(value, Expression) else number(value)


ZERO, ONE = number(0), number(1)
W, G, T = symbol("parameter", "w"), symbol("gradient", "g"), symbol("step", "t")
LOSS = symbol("loss", "loss")
ROWS, COLS, NUMEL = symbol("size", "rows"), symbol("size", "cols"), symbol("size", "numel")


def is_data(x: Expression) -> bool:
    """Whether an expression depends on weights, gradients, states or the loss, and so on more than hyperparameters and t."""
    return any(one.value[0] in ("parameter", "gradient", "state", "loss") for one in x.free)


def condition(x: Expression) -> Expression:
    """An expression as a condition: what is a number holds where it is not 0."""
    return x if x.op in CONDITIONS or x.is_number else apply("ne", x, 0)


def terms(x: Expression) -> Tuple[float, Dict[Expression, float]]:
    """An expression as a sum: its constant, and what is added so many times."""
    if x.op == "plus":
        return x.value[0], dict(zip(x.args, x.value[1]))
    if x.is_number and x.value != "nan":
        return x.value, {}
    c, one = _coefficient(x)
    return 0, {one: c}


def factors(x: Expression) -> Tuple[float, Dict[Expression, float]]:
    """An expression as a product: its number, and what is multiplied with which powers."""
    if x.op == "times":
        return x.value[0], dict(zip(x.args, x.value[1]))
    if x.is_number and x.value != "nan":
        return x.value, {}
    return 1, {x: 1}


def _coefficient(x: Expression) -> Tuple[float, Expression]:
    """A number and what it multiplies."""
    if x.op == "times" and x.value[0] != 1:
        return x.value[0], _product(1, factors(x)[1])
    return 1, x


def _sum(constant: float, terms: Dict[Expression, float]) -> Expression:
    kept = sorted(((one, c) for one, c in terms.items() if c != 0), key=lambda pair: pair[0].number)
    if not kept:
        return number(constant)
    if len(kept) == 1 and constant == 0:
        return scaled(kept[0][0], kept[0][1])
    return _node("plus", tuple(one for one, _ in kept), (constant, tuple(c for _, c in kept)))


def add(*parts: Operand) -> Expression:
    constant: float = 0
    made: Dict[Expression, float] = {}
    for part in map(expression, parts):
        more, its = terms(part)
        constant += more
        for one, c in its.items():
            made[one] = made.get(one, 0) + c
    # A sum within a sum that has come to stand by itself is part of it.
    for one in [one for one, c in made.items() if one.op == "plus" and abs(c) == 1]:
        c = made.pop(one)
        return add(constant, *(scaled(key, k) for key, k in made.items()), scaled(one, c))
    return _sum(constant, made)


def scaled(x: Expression, c: float) -> Expression:
    """c times x, where c is a plain number."""
    if c == 1:
        return x
    if c == 0:
        return ZERO
    if x.is_number and x.value != "nan":
        return number(x.value * c)
    if x.op == "plus" and c == -1:
        return _sum(-x.value[0], {one: -k for one, k in terms(x)[1].items()})
    if x.op == "times":
        return _product(x.value[0] * c, factors(x)[1])
    return _node("times", (x,), (c, (1,)))


def _product(c: float, bases: Dict[Expression, float]) -> Expression:
    kept: List[Tuple[Expression, float]] = []
    if len(bases) == 1 and c == -1 and next(iter(bases.items()))[1] == 1:
        return scaled(next(iter(bases)), -1)
    for base, power in bases.items():
        if power == 0:
            continue
        # The sign of a sum is taken out, so that (β - 1) g and -(1 - β) g are one expression.
        if base.op == "plus" and power == int(power):
            leading = base.value[0] if base.value[0] != 0 else base.value[1][0]
            if T in base.args:
                leading = base.value[1][base.args.index(T)]
            if leading < 0:
                base = scaled(base, -1)
                c *= (-1) ** int(power)
        if base.op == "sqrt" and power % 2 == 0 and base.args[0].op != "times":
            base, power = base.args[0], power / 2
        kept.append((base, power))
    merged: Dict[Expression, float] = {}
    for base, power in kept:
        merged[base] = merged.get(base, 0) + power
    rest = sorted(((b, p) for b, p in merged.items() if p != 0), key=lambda pair: pair[0].number)
    if c == 0:
        return ZERO
    if not rest:
        return number(c)
    if len(rest) == 1 and rest[0][1] == 1:
        base = rest[0][0]
        if c == 1 or c == -1 and base.op == "plus":
            return scaled(base, c)
    return _node("times", tuple(b for b, _ in rest), (c, tuple(p for _, p in rest)))


def multiply(*parts: Operand) -> Expression:
    c: float = 1
    bases: Dict[Expression, float] = {}
    for part in map(expression, parts):
        more, its = factors(part)
        c *= more
        for base, p in its.items():
            bases[base] = bases.get(base, 0) + p
    return _product(c, bases)


def subtract(a: Operand, b: Operand) -> Expression:
    return add(a, scaled(expression(b), -1))


def divide(a: Operand, b: Operand) -> Expression:
    return multiply(a, power(b, -1))


def power(base: Operand, exponent: Operand) -> Expression:
    base, exponent = expression(base), expression(exponent)
    if exponent.is_number and exponent.value != "nan":
        n = exponent.value
        if n == 0:
            return ONE
        if n == 1:
            return base
        if base.is_number and base.value != "nan":
            if base.value == 0 and n < 0:
                return number(math.inf)
            value = base.value**n
            return number(value) if not isinstance(value, complex) else number(math.nan)
        if n == int(n):
            if base.op == "times":
                return _product(base.value[0] ** n, {b: p * n for b, p in factors(base)[1].items()})
            if base.op == "sqrt" and n % 2 == 0:
                return power(base.args[0], n // 2)
            return _product(1, {base: n})
        if n == 0.5:
            return apply("sqrt", base)
        if n == -0.5:
            return power(apply("sqrt", base), -1)
    if base is ONE:
        return ONE
    return _node("power", (base, exponent))


_FOLD: Dict[str, Callable[..., Any]] = {
    "abs": abs, "sqrt": math.sqrt, "exp": math.exp, "log": math.log, "log1p": math.log1p, "floor": math.floor,
    "sign": lambda x: (x > 0) - (x < 0),
    "ceil": math.ceil, "sin": math.sin, "cos": math.cos, "tanh": math.tanh, "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b, "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b, "not": lambda a: not a, "mod": lambda a, b: a % b, "isfinite": math.isfinite,
}  # fmt: skip


def apply(op: str, *operands: Operand, value: Any = None) -> Expression:
    """A function of the language, by its name; conditions by ``lt``, ``le`` and so on."""
    args = tuple(map(expression, operands))
    if op in _FOLD and all(one.is_number and one.value != "nan" for one in args):
        try:
            return number(_FOLD[op](*(one.value for one in args)))
        except (ValueError, OverflowError, ZeroDivisionError):
            pass
    if op == "if":
        if args[0].is_number:
            return args[1] if args[0].value else args[2]
        if args[1] is args[2]:
            return args[1]
    if op in ("min", "max"):
        numbers = [one.value for one in args if one.is_number and one.value != "nan"]
        others: List[Expression] = []
        for one in args:
            for part in one.args if one.op == op and len(one.args) > 1 else (one,):
                if not (part.is_number and part.value != "nan"):
                    if part not in others:
                        others.append(part)
                elif one is not part:
                    numbers.append(part.value)
        fold = min if op == "min" else max
        if len(args) > 1:
            if not others:
                return number(fold(numbers))
            bound = [number(fold(numbers))] if numbers and fold(numbers) != (math.inf if op == "min" else -math.inf) else []
            if len(others) + len(bound) == 1:
                return others[0]
            args = tuple(sorted(others, key=lambda one: one.number)) + tuple(bound)
    if op == "not" and args[0].op in _OPPOSITE:
        return _node(_OPPOSITE[args[0].op], args[0].args)
    if op in ("and", "or"):
        absorbing = 0 if op == "and" else 1
        rest = [one for one in dict.fromkeys(args) if not one.is_number]
        if any(one.is_number and bool(one.value) == bool(absorbing) for one in args):
            return number(absorbing)
        if len(rest) < 2:
            return rest[0] if rest else number(1 - absorbing)
        args = tuple(rest)
    if op == "transpose":
        if args[0].op == "transpose":
            return args[0].args[0]
        if args[0].is_number:
            return args[0]
    if op == "lerp":
        # x + s (y - x) with s = 1 - β is the average that keeps the share β of x.
        x, y, s = args
        if s.op == "plus" and s.value[0] == 1:
            kept = subtract(1, s)
            return add(multiply(kept, x), multiply(s, y))
        return add(multiply(subtract(1, s), x), multiply(s, y))
    if op in ("mean", "rms") and args[0].is_number or op in ("sum", "norm", "global") and args[0] is ZERO:
        return args[0]
    if op == "abs" and args[0].op == "times" and args[0].value[0] < 0:
        return apply("abs", scaled(args[0], -1))
    return _node(op, args, value)


_OPPOSITE = {"lt": "ge", "ge": "lt", "gt": "le", "le": "gt", "eq": "ne", "ne": "eq"}


def is_single(x: Expression) -> bool:
    """Whether an expression is one number for all elements, by how it is made."""
    if x.op == "symbol":
        return x.value[0] in ("hyper", "step", "size", "loss")
    return x.op in _SINGLE or all(map(is_single, x.args)) and x.op not in ("list", "eigh", "svd", "qr", "eye")


_SINGLE = {"sum", "norm", "mean", "rms", "std", "var", "quantile", "any", "all", "count", "trace", "global"}


def decided(x: Expression, condition: Expression, outcome: bool) -> Expression:
    """x where a condition on one number holds, or does not."""
    made: Dict[Expression, Expression] = {}
    for node in walked([x]):
        if node.op == "if" and node.args[0] is condition:
            made[node] = made[node.args[1 if outcome else 2]]
        else:
            is_same = all(made[one] is one for one in node.args)
            made[node] = node if is_same else rebuilt(node, [made[one] for one in node.args])
    return made[x]


def chosen(condition: Expression, a: Expression, b: Expression) -> Expression:
    """A choice between two, with what both have outside of it."""
    if a is b or condition.is_number:
        return apply("if", condition, a, b)
    if is_single(condition):
        a, b = decided(a, condition, True), decided(b, condition, False)
        if condition.op == "le" and condition.args == (b, ZERO) and a is ZERO and b.op in ("norm", "sqrt"):
            return b
    if b is ZERO and a.op == "times" and a.value[0] < 0 or a is ZERO and b.op == "times" and b.value[0] < 0:
        return scaled(chosen(condition, scaled(a, -1), scaled(b, -1)), -1)
    if a.op == "plus" or b.op == "plus":
        (one, ours), (two, theirs) = terms(a), terms(b)
        both = {key: c for key, c in ours.items() if theirs.get(key) == c}
        constant = one if one == two else 0
        if both or constant:
            outside = [constant] + [scaled(key, c) for key, c in both.items()]
            return add(*outside, chosen(condition, subtract(a, add(*outside)), subtract(b, add(*outside))))
    (c, ours), (d, theirs) = factors(a), factors(b)
    shared = [power(key, p) for key, p in ours.items() if theirs.get(key) == p and not key.is_number]
    sign = -1 if c < 0 and d < 0 else 1
    if shared or sign < 0:
        outside = multiply(sign, *shared)
        return multiply(outside, chosen(condition, divide(a, outside), divide(b, outside)))
    return apply("if", condition, a, b)


def rebuilt(x: Expression, args: Sequence[Expression]) -> Expression:
    """The same operation of other operands."""
    if x.op == "plus":
        return add(x.value[0], *(scaled(one, c) for one, c in zip(args, x.value[1])))
    if x.op == "times":
        return multiply(x.value[0], *(power(one, p) for one, p in zip(args, x.value[1])))
    if x.op == "power":
        return power(args[0], args[1])
    return apply(x.op, *args, value=x.value)


def substituted(x: Expression, values: Dict[Expression, Expression], memo: Optional[Dict] = None) -> Expression:
    """x with other expressions in place of some."""
    memo = {} if memo is None else memo
    done = memo.get(x)
    if done is not None:
        return done
    if x in values:
        result = values[x]
    elif not x.args:
        result = x
    else:
        result = rebuilt(x, [substituted(one, values, memo) for one in x.args])
    memo[x] = result
    return result


def walked(roots: Iterable[Expression]) -> List[Expression]:
    """All nodes below, each once, what is used before what uses it."""
    order: List[Expression] = []
    seen = set()
    stack: List[Tuple[Expression, bool]] = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(one, False) for one in reversed(node.args)]
    return order


def recognised(x: Expression, memo: Dict[Expression, Expression]) -> Expression:
    """x with `quintic` in place of its iterations written one after the other."""
    for node in walked([x]):
        if node not in memo:
            made = rebuilt(node, [memo[one] for one in node.args]) if node.args else node
            memo[node] = _quintic(made) or made
    return memo[x]


def _quintic(x: Expression) -> Optional[Expression]:
    """a X + (b A + c A A) X with A = X Xᵀ, as an iteration; of one that is as many, as one more."""
    if x.op != "plus" or x.value[0] != 0 or len(x.args) != 2:
        return None
    for k in (0, 1):
        product, other = x.args[k], scaled(x.args[1 - k], x.value[1][1 - k])
        if product.op != "matmul" or x.value[1][k] != 1:
            continue
        inner, X = product.args
        A = apply("matmul", X, apply("transpose", X))
        square = apply("matmul", A, A)
        if inner.op != "plus" or inner.value[0] != 0 or len(inner.args) != 2:
            continue
        terms = [scaled(one, c) for one, c in zip(inner.args, inner.value[1])]
        for b, c in (terms, terms[::-1]):
            shares = divide(other, X), divide(b, A), divide(c, square)
            if any(X in share.free or not share.free <= _plain_symbols(share) for share in shares):
                continue
            if X.op == "quintic" and X.args[2:] == shares:
                return apply("quintic", X.args[0], number(X.args[1].value + 1), *shares)
            return apply("quintic", X, ONE, *shares)
    return None


def _plain_symbols(x: Expression) -> frozenset:
    return frozenset(one for one in x.free if one.value[0] in ("hyper", "step", "size"))


def evaluated(x: Expression, values: Dict[Expression, Any], memo: Optional[Dict] = None) -> Any:
    """The value of an expression by NumPy, which the language's meaning is not taken from: for comparing readings."""
    import numpy as np

    memo = {} if memo is None else memo
    for node in walked([x]):
        if node in memo:
            continue
        if node in values:
            memo[node] = values[node]
        elif node.op == "number":
            memo[node] = math.nan if node.value == "nan" else node.value
        elif node.op == "symbol":
            raise KeyError(node)
        else:
            with np.errstate(all="ignore"):
                memo[node] = _value(node, [memo[one] for one in node.args], np)
    return memo[x]


def _value(node: Expression, args: List[Any], np: Any) -> Any:
    op = node.op
    if op == "plus":
        total = node.value[0]
        for one, c in zip(args, node.value[1]):
            total = total + c * one
        return total
    if op == "times":
        total = np.float64(node.value[0])
        for one, p in zip(args, node.value[1]):
            total = total * (one if p == 1 else np.asarray(one, dtype=float) ** float(p))
        return total
    if op == "power":
        return np.power(np.asarray(args[0], dtype=float), args[1])
    if op == "if":
        return np.where(args[0], args[1], args[2])
    if op in ("min", "max") and len(args) > 1:
        fold = np.minimum if op == "min" else np.maximum
        total = args[0]
        for one in args[1:]:
            total = fold(total, one)
        return total
    simple = {
        "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal,
        "ne": np.not_equal, "not": np.logical_not, "mod": np.mod, "sign": np.sign, "round": np.round,
        "arctan2": np.arctan2, "copysign": np.copysign, "matmul": np.matmul, "transpose": np.transpose,
        "norm": lambda x: np.sqrt(np.sum(np.square(x))), "rms": lambda x: np.sqrt(np.mean(np.square(x))),
        "erf": np.vectorize(math.erf), "bf16": lambda x: x, "trace": np.trace, "isfinite": np.isfinite,
        "solve": np.linalg.solve,
    }  # fmt: skip
    if op in simple:
        return simple[op](*args)
    if op in ("and", "or"):
        total = args[0]
        for one in args[1:]:
            total = np.logical_and(total, one) if op == "and" else np.logical_or(total, one)
        return total
    if op.startswith("row_") or op.startswith("col_"):
        axis = 1 if op.startswith("row_") else 0
        fold = op[4:]
        if fold == "norm":
            return np.sqrt(np.sum(np.square(args[0]), axis=axis, keepdims=True))
        return getattr(np, fold)(args[0], axis=axis, keepdims=True)
    if op in ("eigh", "svd", "qr"):
        raise KeyError(node)
    return getattr(np, op)(*args)

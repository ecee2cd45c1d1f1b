"""The operations of PyTorch as expressions of the language."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Optional

from . import expression as ex
from .errors import OperationError
from .expression import Expression

#: Draws of random numbers.
DRAWING = {
    "rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "normal", "uniform",
    "bernoulli", "exponential", "multinomial", "cauchy", "log_normal", "geometric", "random", "native_dropout",
    "poisson", "binomial", "dropout",
}  # fmt: skip

#: What shows the same memory in another way. Expressions follow memory.
VIEWS = {
    "view", "t", "transpose", "permute", "unsqueeze", "squeeze", "expand", "detach", "alias", "_unsafe_view",
    "slice", "select", "as_strided", "view_as_real", "unfold", "split", "unbind", "diagonal", "_reshape_alias",
    "detach_", "t_", "squeeze_", "unsqueeze_", "transpose_", "split_with_sizes", "resize_", "chunk", "set_",
}  # fmt: skip

MAKING = {
    "zeros", "zeros_like", "new_zeros", "zero", "empty", "empty_like", "new_empty", "empty_strided", "ones",
    "ones_like", "new_ones", "fill", "scalar_tensor", "full", "full_like", "new_full", "eye", "new_empty_strided",
}  # fmt: skip


def _add(a: Expression, b: Expression, c: Any = None, alpha: Any = 1) -> Expression:
    return ex.add(a, ex.multiply(alpha if c is None else c, b))


def _sub(a: Expression, b: Expression, c: Any = None, alpha: Any = 1) -> Expression:
    return ex.subtract(a, ex.multiply(alpha if c is None else c, b))


def _div(a: Expression, b: Expression, rounding_mode: Optional[str] = None) -> Expression:
    whole = ex.divide(a, b)
    if rounding_mode == "floor":
        return ex.apply("floor", whole)
    if rounding_mode is not None:
        raise OperationError(f"division rounded by {rounding_mode!r}", "div")
    return whole


def _clamp(x: Expression, low: Any = None, high: Any = None, min: Any = None, max: Any = None) -> Expression:
    low, high = (min if low is None else low), (max if high is None else high)
    if low is not None:
        x = ex.apply("max", x, low)
    if high is not None:
        x = ex.apply("min", x, high)
    return x


def _word(name: str) -> Callable[..., Expression]:
    return lambda *args, **named: ex.apply(name, *(one for one in args if isinstance(one, Expression)))


def _nan_to_num(x: Expression, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Expression:
    """On finite numbers the number; what it puts in place of others is said too."""
    largest = 1.7976931348623157e308
    up = largest if posinf is None else posinf
    down = -largest if neginf is None else neginf
    bounded = ex.apply("if", ex.apply("eq", x, math.inf), up, ex.apply("if", ex.apply("eq", x, -math.inf), down, x))
    return ex.apply("if", ex.apply("ne", x, x), 0 if nan is None else nan, bounded)


def _softplus(x: Expression, beta: Any = 1, threshold: Any = 20) -> Expression:
    steep = ex.multiply(beta, x)
    return ex.chosen(ex.apply("gt", steep, threshold), x, ex.divide(ex.apply("log1p", ex.apply("exp", steep)), beta))


#: Element by element.
ELEMENTS: Dict[str, Callable[..., Any]] = {
    "add": _add, "sub": _sub, "subtract": _sub, "mul": ex.multiply, "multiply": ex.multiply, "div": _div, "divide": _div,
    "true_divide": _div,
    "rsub": lambda a, b, alpha=1: ex.subtract(b, ex.multiply(alpha, a)),
    "neg": lambda x: ex.scaled(x, -1), "negative": lambda x: ex.scaled(x, -1), "positive": lambda x: x,
    "pow": ex.power, "square": lambda x: ex.power(x, 2), "float_power": ex.power,
    "reciprocal": lambda x: ex.power(x, -1),
    "sqrt": _word("sqrt"), "rsqrt": lambda x: ex.power(ex.apply("sqrt", x), -1),
    "lerp": lambda x, y, s=None, weight=None: ex.apply("lerp", x, y, weight if s is None else s),
    "addcmul": lambda x, a, b, value=1: ex.add(x, ex.multiply(value, a, b)),
    "addcdiv": lambda x, a, b, value=1: ex.add(x, ex.divide(ex.multiply(value, a), b)),
    "abs": _word("abs"), "absolute": _word("abs"), "sign": _word("sign"), "sgn": _word("sign"),
    "exp": _word("exp"), "expm1": _word("expm1"), "log": _word("log"), "log1p": _word("log1p"), "log2": _word("log2"),
    "log10": _word("log10"), "sin": _word("sin"), "cos": _word("cos"), "tan": _word("tan"), "tanh": _word("tanh"),
    "sinh": _word("sinh"), "cosh": _word("cosh"), "atan": _word("arctan"), "atan2": _word("arctan2"),
    "arctan2": _word("arctan2"), "erf": _word("erf"), "floor": _word("floor"), "ceil": _word("ceil"),
    "round": _word("round"), "asin": _word("arcsin"), "acos": _word("arccos"),
    "sigmoid": lambda x: ex.power(ex.add(1, ex.apply("exp", ex.scaled(x, -1))), -1),
    "softplus": _softplus,
    "relu": lambda x: ex.apply("max", x, 0), "threshold": lambda x, a, b: ex.apply("if", ex.apply("gt", x, a), x, b),
    "hypot": lambda a, b: ex.apply("sqrt", ex.add(ex.power(a, 2), ex.power(b, 2))),
    "maximum": _word("max"), "minimum": _word("min"), "fmax": _word("max"), "fmin": _word("min"),
    "clamp": _clamp, "clip": _clamp,
    "clamp_min": lambda x, low=None, min=None: ex.apply("max", x, min if low is None else low),
    "clamp_max": lambda x, high=None, max=None: ex.apply("min", x, max if high is None else high),
    "where": lambda c, a, b: ex.apply("if", ex.condition(c), a, b),
    "masked_fill": lambda x, c, v=None, value=None: ex.apply("if", ex.condition(c), value if v is None else v, x),
    "gt": _word("gt"), "ge": _word("ge"), "lt": _word("lt"), "le": _word("le"), "eq": _word("eq"), "ne": _word("ne"),
    "greater": _word("gt"), "less": _word("lt"),
    "logical_and": lambda a, b: ex.apply("and", ex.condition(a), ex.condition(b)),
    "logical_or": lambda a, b: ex.apply("or", ex.condition(a), ex.condition(b)),
    "logical_not": lambda a: ex.apply("not", ex.condition(a)),
    "bitwise_and": lambda a, b: ex.apply("and", ex.condition(a), ex.condition(b)),
    "bitwise_or": lambda a, b: ex.apply("or", ex.condition(a), ex.condition(b)),
    "__and__": lambda a, b: ex.apply("and", ex.condition(a), ex.condition(b)),
    "__or__": lambda a, b: ex.apply("or", ex.condition(a), ex.condition(b)),
    "bitwise_not": lambda a: ex.apply("not", ex.condition(a)),
    "isnan": lambda x: ex.apply("ne", x, x), "isfinite": _word("isfinite"),
    "isinf": lambda x: ex.apply("eq", ex.apply("abs", x), math.inf),
    "nan_to_num": _nan_to_num, "copysign": _word("copysign"), "heaviside":
    lambda x, v: ex.apply("if", ex.apply("eq", x, 0), v, ex.apply("if", ex.apply("gt", x, 0), 1, 0)),
    "remainder": _word("mod"),
    "clone": lambda x, **_: x, "copy": lambda x, y, *_, **__: y, "_to_copy": lambda x, **_: x,
    "lift_fresh": lambda x: x, "contiguous": lambda x, **_: x, "lift_fresh_copy": lambda x: x, "lift": lambda x: x,
    "real": lambda x: x, "_conj": lambda x: x,
}  # fmt: skip

#: Over all elements, or along axes; by the word of the language.
REDUCTIONS: Dict[str, str] = {
    "sum": "sum", "mean": "mean", "linalg_vector_norm": "norm", "norm": "norm", "max": "max", "min": "min",
    "amax": "max", "amin": "min", "std": "std", "var": "var", "count_nonzero": "count", "any": "any", "all": "all",
}  # fmt: skip


def _two(trace: Any, a: Any) -> Expression:
    return trace.tensors.get(a)


def _mm(trace: Any, a: Any, b: Any, **_: Any) -> Expression:
    if a.numel() == 1 or b.numel() == 1:
        return ex.multiply(_two(trace, a), _two(trace, b))
    if len(trace.tensors.shape) != 2:
        # A vector seen as a matrix of one row or column.
        if a.shape[0] == 1 and b.shape[1] == 1:
            return ex.apply("sum", ex.multiply(_two(trace, a), _two(trace, b)))
        raise OperationError("a product of matrices made of a vector", "mm")
    whole = ex.apply("matmul", _two(trace, a), _two(trace, b))
    # One number in a matrix is a number.
    return ex.apply("sum", whole) if a.shape[0] == 1 and b.shape[1] == 1 else whole


def _column(trace: Any, x: Any) -> Expression:
    return trace.tensors.as_column(trace.tensors.get(x), x.shape)


def _mv(trace: Any, a: Any, b: Any, **_: Any) -> Expression:
    return trace.tensors.from_column(ex.apply("matmul", _two(trace, a), _column(trace, b)), a.shape[0])


def _outer(trace: Any, a: Any, b: Any, **_: Any) -> Expression:
    return ex.multiply(_column(trace, a), ex.apply("transpose", _column(trace, b)))


def _addmm(trace: Any, x: Any, a: Any, b: Any, beta: Any = 1, alpha: Any = 1, **_: Any) -> Expression:
    return ex.add(
        ex.multiply(trace._expression(beta), _two(trace, x)), ex.multiply(trace._expression(alpha), _mm(trace, a, b))
    )


def _dot(trace: Any, a: Any, b: Any) -> Expression:
    return ex.apply("sum", ex.multiply(_two(trace, a), _two(trace, b)))


def _stacked(trace: Any, xs: List[Any], dim: int = 0) -> Expression:
    """Numbers side by side: all that is done with them here is a reduction over them."""
    if any(one.numel() != 1 for one in xs):
        raise OperationError("tensors are put side by side by `stack`", "stack")
    if len(xs) == 1:
        return _two(trace, xs[0])
    return ex.apply("list", *(_two(trace, one) for one in xs))


def _eigh(trace: Any, a: Any, *_: Any, **__: Any) -> List[Expression]:
    made = _two(trace, a)
    return [_as_vector(trace, ex.apply("eigh", made, value=0), a), ex.apply("eigh", made, value=1)]


def _as_vector(trace: Any, row: Expression, a: Any) -> Expression:
    """Values of a decomposition, a row, as a vector of the host lies."""
    shapes = trace.tensors
    return ex.apply("transpose", row) if len(shapes.shape) == 2 and shapes.lies((min(a.shape),)) == "column" else row


def _svd(trace: Any, a: Any, *_: Any, **__: Any) -> List[Expression]:
    made = _two(trace, a)
    return [
        ex.apply("svd", made, value=0), _as_vector(trace, ex.apply("svd", made, value=1), a),
        ex.apply("transpose", ex.apply("svd", made, value=2)),
    ]  # fmt: skip


def _solve(trace: Any, a: Any, b: Any, left: bool = True, **_: Any) -> List[Expression]:
    if not left or a.dim() != 2 or b.dim() != 2:
        raise OperationError("a system of equations that is no square matrix beside a matrix", "solve")
    return [ex.apply("solve", _two(trace, a), _two(trace, b))]


def _inverse(trace: Any, a: Any, **_: Any) -> List[Expression]:
    return [ex.apply("solve", _two(trace, a), ex.apply("eye", trace.tensors.length(a.shape[0])))]


def _logsumexp(trace: Any, x: Any, dim: Any = (), keepdim: bool = False) -> Expression:
    grown = ex.apply("exp", _two(trace, x))
    return ex.apply("log", trace.tensors.folded("sum", grown, x.shape, [dim] if isinstance(dim, int) else list(dim), keepdim))


def _qr(trace: Any, a: Any, *_: Any, **__: Any) -> List[Expression]:
    made = _two(trace, a)
    return [ex.apply("qr", made, value=0), ex.apply("qr", made, value=1)]


def _chosen(trace: Any, x: Any, places: Any, value: Any = None, accumulate: bool = False) -> Expression:
    """x[mask] = value, for a mask of its shape."""
    if len(places) != 1 or str(places[0].dtype) != "torch.bool" or value is None or accumulate or value.numel() != 1:
        raise OperationError("elements are written by their places", "index_put")
    return ex.apply("if", ex.condition(_two(trace, places[0])), _two(trace, value), _two(trace, x))


def _spread(trace: Any, x: Any, *axes: Any, **named: Any) -> List[Expression]:
    return [trace._reduction("std", [x, *axes], named), trace._reduction("mean", [x, *axes], {
        key: one for key, one in named.items() if key != "correction"})]  # fmt: skip


def _softmax(trace: Any, x: Any, dim: int, *_: Any) -> Expression:
    """Each row as a distribution; a vector or columns turned on their side."""
    made, shapes = _two(trace, x), trace.tensors
    if len(shapes.shape) != 2 and x.dim() == 1 or len(shapes.shape) == 2 and (
        x.dim() == 1 and shapes.lies(x.shape) == "column" or x.dim() == 2 and dim % 2 == 0
    ):
        return ex.apply("transpose", ex.apply("softmax", ex.apply("transpose", made)))
    return ex.apply("softmax", made)


#: Of matrices.
MATRICES: Dict[str, Callable[..., Any]] = {
    "mm": _mm, "matmul": _mm, "mv": _mv, "outer": _outer, "ger": _outer, "addmm": _addmm, "dot": _dot, "vdot": _dot,
    "stack": _stacked, "cat": _stacked, "_linalg_eigh": _eigh, "_linalg_svd": _svd, "linalg_eigh": _eigh,
    "_linalg_solve_ex": _solve, "linalg_inv_ex": _inverse, "logsumexp": _logsumexp,
    "linalg_qr": _qr, "qr": _qr, "index_put": _chosen, "_index_put_impl": _chosen, "std_mean": _spread, "_softmax": _softmax,
    "trace": lambda trace, a: ex.apply("trace", _two(trace, a)),
}  # fmt: skip

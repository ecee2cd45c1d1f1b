"""What a function of JAX computes, as expressions: its jaxpr, walked through once."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional, Sequence, Tuple

from . import expression as ex
from .errors import OperationError, RandomnessError
from .expression import Expression
from .foreign import Place, is_foreign_file
from .shapes import Shapes

_WORDS = {
    "sqrt": "sqrt", "cbrt": "cbrt", "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log1p": "log1p",
    "sin": "sin", "cos": "cos", "tan": "tan", "tanh": "tanh", "sinh": "sinh", "cosh": "cosh", "abs": "abs",
    "sign": "sign", "floor": "floor", "ceil": "ceil", "erf": "erf", "max": "max", "min": "min", "atan2": "arctan2",
    "lt": "lt", "le": "le", "gt": "gt", "ge": "ge", "eq": "eq", "ne": "ne", "is_finite": "isfinite", "atan": "arctan",
    "rem": "mod", "round": "round",
}  # fmt: skip
_SAME = {"convert_element_type", "copy", "stop_gradient", "copy_p", "sharding_constraint", "optimization_barrier",
         "reduce_precision", "device_put", "real"}  # fmt: skip
_FOLDS = {"reduce_sum": "sum", "reduce_max": "max", "reduce_min": "min", "reduce_and": "all", "reduce_or": "any"}
_INSIDE = {"pjit", "jit", "custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr", "closed_call", "core_call",
           "remat", "checkpoint", "xla_call"}  # fmt: skip


def evaluated(closed: Any, operands: Sequence[Any], drawn: List[Any]) -> List[Any]:
    """The values of a jaxpr, in double precision where it asks for less; what it draws is put on a list."""
    import jax

    def wide(value: Any) -> Any:
        low = str(getattr(value, "dtype", "")) in ("float32", "bfloat16", "float16")
        return jax.numpy.asarray(value, dtype=jax.numpy.float64) if low else value

    inner = closed.jaxpr
    values = dict(zip(inner.constvars, map(wide, closed.consts)))
    values.update(zip(inner.invars, map(wide, operands)))
    for equation in inner.eqns:
        args = [wide(one.val) if hasattr(one, "val") else values[one] for one in equation.invars]
        name, given = equation.primitive.name, dict(equation.params)
        if name in _INSIDE and hasattr(given.get("jaxpr"), "consts"):
            made = evaluated(given["jaxpr"], args, drawn)
            if given.get("name") == _NORMAL:
                drawn.append(made[0])
        elif name in ("cond", "while", "scan"):
            made = _controlled(name, given, args)
        else:
            if str(given.get("new_dtype", "")) in ("float32", "bfloat16", "float16"):
                given["new_dtype"] = jax.numpy.dtype("float64")
            bound = equation.primitive.get_bind_params(given)
            functions, rest = bound if isinstance(bound, tuple) else ((), bound)
            made = equation.primitive.bind(*functions, *args, **rest)
            made = made if equation.primitive.multiple_results else [made]
        values.update(zip(equation.outvars, made))
    return [wide(one.val) if hasattr(one, "val") else values[one] for one in inner.outvars]


def _controlled(name: str, given: Dict[str, Any], args: List[Any]) -> Sequence[Any]:
    """What a choice or a loop gives, what is in it in double precision too."""
    from jax import lax

    def body(closed: Any, *before: Any) -> Any:
        return lambda *own: tuple(evaluated(closed, [*before, *own], []))

    if name == "cond":
        return lax.switch(args[0], [body(one) for one in given["branches"]], *args[1:])
    if name == "while":
        a, b = given["cond_nconsts"], given["body_nconsts"]
        going = body(given["cond_jaxpr"], *args[:a])
        step = body(given["body_jaxpr"], *args[a : a + b])
        return lax.while_loop(lambda own: going(*own)[0], lambda own: step(*own), tuple(args[a + b :]))
    count, carried = given["num_consts"], given["num_carry"]
    step = body(given["jaxpr"], *args[:count])

    def one(carry: Any, x: Any) -> Any:
        made = step(*carry, *x)
        return made[:carried], made[carried:]

    carry, collected = lax.scan(
        one, tuple(args[count : count + carried]), tuple(args[count + carried :]), given["length"], given["reverse"]
    )
    return [*carry, *collected]


def _mean(total: Expression, count: Expression) -> Optional[Expression]:
    """A sum over as many elements as it is divided by."""
    counts = {"sum": ex.NUMEL, "row_sum": ex.COLS, "col_sum": ex.ROWS}
    turned = total.op == "transpose"
    inner = total.args[0] if turned else total
    if counts.get(inner.op) is not count:
        return None
    made = ex.apply(inner.op.replace("sum", "mean"), inner.args[0])
    return ex.apply("transpose", made) if turned else made


#: What JAX calls its draws of normal numbers, and the input that they are of a rule.
_NORMAL = "_normal"
NOISE = ex.symbol("input", "noise")
#: Stands for the state of a generator, which a rule has not.
KEY = ex.symbol("key", "key")


def _place(equation: Any) -> Optional[Place]:
    """The line of the transformation that an equation comes from."""
    frames = equation.source_info.traceback.frames if equation.source_info.traceback else ()
    return next(((one.file_name, one.line_num) for one in frames if is_foreign_file(one.file_name)), None)


class Walk:
    """Interprets jaxprs on expressions. Where `draws` are allowed they are an input."""

    def __init__(self, shapes: Shapes, draws: bool = False) -> None:
        self.shapes, self.draws = shapes, draws
        self.count = 0
        #: Where the last value with an expression was computed.
        self.places: Dict[Expression, Place] = {}

    def run(self, closed: Any, operands: Sequence[Expression]) -> List[Expression]:
        inner, constants = (closed.jaxpr, closed.consts) if hasattr(closed, "consts") else (closed, [])
        values: Dict[Any, Expression] = {}
        for variable, one in zip(inner.constvars, constants):
            values[variable] = self._constant(one)
        for variable, one in zip(inner.invars, operands):
            values[variable] = one

        def read(atom: Any) -> Expression:
            return self._constant(atom.val) if hasattr(atom, "val") else values[atom]

        for equation in inner.eqns:
            made = self._equation(equation, [read(one) for one in equation.invars])
            place = _place(equation)
            for variable, one in zip(equation.outvars, made):
                values[variable] = one
                if place and one.args:
                    self.places[one] = place
        return [read(one) for one in inner.outvars]

    def _constant(self, value: Any) -> Expression:
        import numpy as np

        flat = np.asarray(value).reshape(-1)
        if flat.size == 0:
            return ex.ZERO
        if flat.dtype.kind not in "fiub" or not ((flat == flat[0]) | (flat != flat)).all():
            raise OperationError("an array of several numbers stands in the code", "constant")
        value = float(flat[0])
        if value.is_integer() and abs(value) < 1e9:
            return self.shapes.names.get(int(value), ex.number(value))
        return self.shapes.ratios.get(f"{value:.14g}", ex.number(value))

    def _equation(self, equation: Any, args: List[Expression]) -> List[Expression]:
        name, given = equation.primitive.name, equation.params
        shapes = [tuple(one.aval.shape) for one in equation.invars]
        shape = tuple(equation.outvars[0].aval.shape) if equation.outvars else ()
        is_random = name.startswith("random_") or name in ("threefry2x32", "rng_bit_generator", "random_bits")
        if is_random and not self.draws:
            raise RandomnessError(
                f"the update draws by `{name}`; with `--draws` what it draws is an input of the rule", name
            )
        if self.draws and name in _INSIDE and given.get("name") == _NORMAL:
            self.count += 1
            return [NOISE if self.count == 1 else ex.symbol("input", f"noise{self.count}")]
        if is_random or KEY in args:
            return [KEY for _ in equation.outvars]
        if name in _INSIDE:
            inner = given.get("jaxpr") or given.get("call_jaxpr") or given.get("fun_jaxpr")
            return self.run(inner, args)
        if name == "cond":
            outs = [self.run(one, args[1:]) for one in given["branches"]]
            made = outs[0]
            for k, other in enumerate(outs[1:], 1):
                condition = ex.condition(args[0]) if len(outs) == 2 else ex.apply("ge", args[0], k)
                made = [ex.chosen(condition, b, a) for a, b in zip(made, other)]
            return made
        if name == "scan":
            return self._scan(given, args)
        if name == "while":
            return self._while(given, args)
        return [self._value(name, given, args, shapes, shape)]

    def _scan(self, given: Any, args: List[Expression]) -> List[Expression]:
        count, carried = given["num_consts"], given["num_carry"]
        if len(args) > count + carried or given["length"] > 64:
            raise OperationError("a `scan` over arrays, or of more than 64 steps", "scan")
        constants, carry = args[:count], args[count : count + carried]
        for _ in range(given["length"]):
            made = self.run(given["jaxpr"], constants + carry)
            if len(made) > carried:
                raise OperationError("a `scan` that collects values", "scan")
            carry = made
        return carry

    def _while(self, given: Any, args: List[Expression]) -> List[Expression]:
        a, b = given["cond_nconsts"], given["body_nconsts"]
        carry = list(args[a + b :])
        for _ in range(64):
            going = self.run(given["cond_jaxpr"], list(args[:a]) + carry)[0]
            if not going.is_number:
                raise OperationError("a `while` whose length depends on data", "while")
            if not going.value:
                return carry
            carry = self.run(given["body_jaxpr"], list(args[a : a + b]) + carry)
        raise OperationError("a `while` of more than 64 iterations", "while")

    def _value(
        self, name: str, given: Any, args: List[Expression], shapes: List[Tuple[int, ...]], shape: Tuple[int, ...]
    ) -> Expression:
        if name in ("add", "add_any"):
            return ex.add(*args)
        if name == "sub":
            return ex.subtract(*args)
        if name == "mul":
            return ex.multiply(*args)
        if name == "div":
            return _mean(*args) or ex.divide(*args)
        if name == "neg":
            return ex.scaled(args[0], -1)
        if name == "square":
            return ex.power(args[0], 2)
        if name == "integer_pow":
            return ex.power(args[0], given["y"])
        if name == "pow":
            return ex.power(*args)
        if name == "rsqrt":
            return ex.power(ex.apply("sqrt", args[0]), -1)
        if name == "logistic":
            return ex.power(ex.add(1, ex.apply("exp", ex.scaled(args[0], -1))), -1)
        if name == "clamp":
            return ex.apply("min", ex.apply("max", args[1], args[0]), args[2])
        if name == "select_n":
            if len(args) != 3:
                raise OperationError("a choice of more than two", name)
            return ex.chosen(ex.condition(args[0]), args[2], args[1])
        if name in ("and", "or"):
            return ex.apply(name, *map(ex.condition, args))
        if name == "not":
            return ex.apply("not", ex.condition(args[0]))
        if name in ("lt", "le", "gt", "ge") and any(one.is_number and one.value in (2**31 - 1, 2**63 - 1) for one in args):
            # A counter that does not overflow: as many steps are never done.
            return ex.number(float(name in ("lt", "le")) if args[1].is_number else float(name in ("gt", "ge")))
        if name in _WORDS:
            return ex.apply(_WORDS[name], *args)
        if name in _SAME:
            return args[0]
        if name in ("reshape", "squeeze", "expand_dims"):
            return self.shapes.reshaped(args[0], shapes[0], shape)
        if name == "broadcast_in_dim":
            places = given["broadcast_dimensions"]
            wide = [1] * len(shape)
            for axis, n in zip(places, shapes[0]):
                wide[axis] = n
            return self.shapes.reshaped(args[0], shapes[0], wide)
        if name == "transpose":
            order = tuple(given["permutation"])
            # An axis of length 1, as of a stack of one matrix, may stand anywhere.
            long = [axis for axis in order if shapes[0][axis] != 1]
            if len(order) > 2 and (len(long) == 2 or long == sorted(long)):
                made = args[0] if long == sorted(long) else ex.apply("transpose", args[0])
                return self.shapes.reshaped(made, [shapes[0][axis] for axis in long], shape)
            if len(order) == 2 and order == (1, 0):
                if 1 in shapes[0]:
                    return self.shapes.reshaped(args[0], shapes[0], shape)
                return ex.apply("transpose", args[0])
            if order == tuple(range(len(order))):
                return args[0]
            raise OperationError(f"a transposition of axes {order}", name)
        if name in _FOLDS:
            return self.shapes.folded(_FOLDS[name], args[0], shapes[0], given["axes"], False)
        if name == "dot_general":
            return self._product(given, args, shapes)
        if name in ("full_like", "broadcast"):
            return args[0]
        if name == "concatenate" and all(math.prod(one) == 1 for one in shapes):
            return ex.apply("list", *args)
        if name == "slice" and args[0].op == "list" and math.prod(shape) == 1:
            return args[0].args[given["start_indices"][0]]
        if name in ("dynamic_slice", "gather") and args[0].op == "list" and args[1].is_number:
            return args[0].args[int(args[1].value)]
        if name == "iota" and math.prod(shape) == 1:
            return ex.ZERO
        raise OperationError(f"there is no word for the primitive `{name}`", name)

    def _product(self, given: Any, args: List[Expression], shapes: List[Tuple[int, ...]]) -> Expression:
        (left, right), batch = given["dimension_numbers"]
        if any(shapes[k][axis] != 1 for k in (0, 1) for axis in batch[k]):
            raise OperationError("a product of stacks of matrices", "dot_general")
        # A stack of one is what is in it.
        kept = [[axis for axis in range(len(shapes[k])) if axis not in batch[k]] for k in (0, 1)]
        left, right = (tuple(kept[k].index(axis) for axis in axes) for k, axes in ((0, left), (1, right)))
        shapes = [tuple(shapes[k][axis] for axis in kept[k]) for k in (0, 1)]
        a, b = args
        if len(shapes[0]) == len(left) and len(shapes[1]) == len(right):
            return ex.apply("sum", ex.multiply(a, b))
        if len(left) != 1 or max(map(len, shapes)) > 2:
            raise OperationError("a product over several axes", "dot_general")
        if len(shapes[0]) == 2 and left[0] == 0:
            a = ex.apply("transpose", a)
        if len(shapes[1]) == 2 and right[0] == 1:
            b = ex.apply("transpose", b)
        if len(shapes[0]) == 1:
            made = ex.apply("matmul", ex.apply("transpose", b), self.shapes.as_column(a, shapes[0]))
            return self.shapes.from_column(made, shapes[1][1 - right[0]])
        if len(shapes[1]) == 1:
            made = ex.apply("matmul", a, self.shapes.as_column(b, shapes[1]))
            return self.shapes.from_column(made, shapes[0][1 - left[0]])
        return ex.apply("matmul", a, b)

"""Numbers that remember what they were made of, and the branches taken on them."""

from __future__ import annotations

import builtins
import math
import sys
from contextlib import contextmanager
from typing import Any, Callable, Collection, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from . import expression as ex
from .errors import ClockError, RandomnessError
from .expression import Expression
from .foreign import caller


class Guard(NamedTuple):
    """A condition that decided what was done, and how it came out."""

    condition: Expression
    outcome: bool
    place: str
    #: As it was met, where it is said otherwise by now.
    met: Optional[Expression] = None


class Script:
    """What a traced call notes besides operations: guards in order, and which outcomes are to be forced."""

    def __init__(self) -> None:
        self.guards: List[Guard] = []
        #: Outcomes of conditions on data that are to be others than they are, by condition.
        self.forced: Dict[Expression, bool] = {}
        #: Hyperparameters that were used as whole numbers, for a length, an index or a count.
        self.structural: set = set()

    def decide(self, condition: Expression, outcome: bool) -> bool:
        outcome = self.forced.get(condition, outcome)
        if not condition.is_number:
            self.guards.append(Guard(condition, outcome, caller()))
        return outcome


_scripts: List[Script] = [Script()]


def script() -> Script:
    return _scripts[-1]


@contextmanager
def writing(one: Script) -> Iterator[Script]:
    _scripts.append(one)
    try:
        yield one
    finally:
        _scripts.pop()


class Recording(float):
    """A float that carries its expression. Whole ones serve as lengths and indices too."""

    __slots__ = ("expression",)

    def __new__(cls, value: Any, made_of: Expression) -> "Recording":
        self = super().__new__(cls, value)
        self.expression = made_of
        return self

    def __index__(self) -> int:
        value = float.__float__(self)
        if not value.is_integer():
            raise TypeError("'float' object cannot be interpreted as an integer")
        script().structural |= {one for one in self.expression.free if one.value[0] == "hyper"}
        return int(value)

    def __copy__(self) -> "Recording":
        return self

    def __deepcopy__(self, memo: Any) -> "Recording":
        return self

    def __reduce__(self) -> Any:
        return Recording, (float(self), self.expression)

    def __bool__(self) -> bool:
        return script().decide(ex.apply("ne", self.expression, 0), float.__bool__(self))

    def __hash__(self) -> int:
        return float.__hash__(self)

    def __neg__(self) -> "Recording":
        return Recording(float.__neg__(self), ex.scaled(self.expression, -1))

    def __pos__(self) -> "Recording":
        return self

    def __abs__(self) -> "Recording":
        return Recording(float.__abs__(self), ex.apply("abs", self.expression))

    def __floor__(self) -> "Recording":
        return Recording(math.floor(float(self)), ex.apply("floor", self.expression))

    def __ceil__(self) -> "Recording":
        return Recording(math.ceil(float(self)), ex.apply("ceil", self.expression))

    def __trunc__(self) -> Any:
        return Recording(math.trunc(float(self)), self._toward_zero())

    def __round__(self, digits: Optional[int] = None) -> Any:
        if digits is None:
            return Recording(round(float(self)), ex.apply("round", self.expression))
        return Recording(round(float(self), digits), self.expression)

    def is_integer(self) -> bool:
        return float.is_integer(self)

    def item(self) -> "Recording":
        return self

    def _toward_zero(self) -> Expression:
        return ex.apply("floor", self.expression) if not is_whole(self.expression) else self.expression

    def __reversed_power(self, other: Any) -> Any:
        return Recording(other ** float(self), ex.power(other, self.expression))

    def __rpow__(self, other: Any, modulo: Any = None) -> Any:
        return self.__reversed_power(other) if isinstance(other, (int, float)) else NotImplemented

    def __pow__(self, other: Any, modulo: Any = None) -> Any:
        if not isinstance(other, (int, float)):
            return NotImplemented
        return Recording(float(self) ** float(other), ex.power(self.expression, made_of(other)))


def is_whole(x: Expression) -> bool:
    """Whether an expression is of whole numbers by how it is made."""
    if x.op == "symbol":
        return x.value[0] in ("step", "size")
    if x.is_number:
        return float(x.value).is_integer()
    return x.op in ("plus", "times", "min", "max", "mod") and all(map(is_whole, x.args)) and (
        x.op != "times" or all(p > 0 for p in x.value[1]) and float(x.value[0]).is_integer()
    )


def made_of(value: Any) -> Expression:
    return value.expression if isinstance(value, Recording) else ex.number(value)


def _install() -> None:
    def two(name: str, plain: Any, made: Any) -> None:
        def forward(self: Recording, other: Any) -> Any:
            if not isinstance(other, (int, float)):
                return NotImplemented
            return Recording(plain(float(self), float(other)), made(self.expression, made_of(other)))

        def backward(self: Recording, other: Any) -> Any:
            if not isinstance(other, (int, float)):
                return NotImplemented
            return Recording(plain(float(other), float(self)), made(made_of(other), self.expression))

        setattr(Recording, f"__{name}__", forward)
        setattr(Recording, f"__r{name}__", backward)

    two("add", lambda a, b: a + b, ex.add)
    two("sub", lambda a, b: a - b, ex.subtract)
    two("mul", lambda a, b: a * b, ex.multiply)
    two("truediv", lambda a, b: a / b, ex.divide)
    two("mod", lambda a, b: a % b, lambda a, b: ex.apply("mod", a, b))
    two("floordiv", lambda a, b: a // b, lambda a, b: ex.apply("floor", ex.divide(a, b)))

    def compare(name: str, plain: Any) -> None:
        def method(self: Recording, other: Any) -> Any:
            if not isinstance(other, (int, float)):
                return NotImplemented
            outcome = plain(float(self), float(other))
            return script().decide(ex.apply(name, self.expression, made_of(other)), outcome)

        setattr(Recording, f"__{name}__", method)

    compare("lt", lambda a, b: a < b)
    compare("le", lambda a, b: a <= b)
    compare("gt", lambda a, b: a > b)
    compare("ge", lambda a, b: a >= b)
    compare("eq", lambda a, b: a == b)
    compare("ne", lambda a, b: a != b)


_install()


# Functions of modules that would lose what a number is made of


def _recorded(name: str, plain: Any, made: Any) -> Any:
    def function(*args: Any, **named: Any) -> Any:
        args = tuple(one.item() if _is_tensor(one) else one for one in args)
        if named or not any(isinstance(one, Recording) for one in args):
            return plain(*args, **named)
        try:
            value = plain(*(float(one) if isinstance(one, Recording) else one for one in args))
            return Recording(value, made(*(made_of(one) for one in args)))
        except TypeError:
            return plain(*args)

    function.__name__ = name
    return function


def _is_tensor(one: Any) -> bool:
    return type(one).__module__.startswith("torch") and hasattr(one, "item") and one.numel() == 1


def _named(name: str) -> Any:
    return lambda *args: ex.apply(name, *args)


_MADE: Dict[str, Any] = {
    **{
        name: _named(name)
        for name in ("exp", "expm1", "log1p", "log2", "log10", "sin", "cos", "tan", "sinh", "cosh", "tanh", "floor",
                     "ceil", "erf", "sqrt", "cbrt", "copysign", "isfinite")
    },
    "atan": _named("arctan"), "arctan": _named("arctan"), "atan2": _named("arctan2"), "fabs": _named("abs"),
    "pow": ex.power, "power": ex.power, "square": lambda a: ex.power(a, 2), "abs": _named("abs"),
    "log": lambda a, *base: ex.apply("log", a) if not base else ex.divide(ex.apply("log", a), ex.apply("log", base[0])),
    "isnan": lambda a: ex.apply("ne", a, a), "isinf": lambda a: ex.apply("eq", ex.apply("abs", a), math.inf),
    "maximum": _named("max"), "minimum": _named("min"), "sign": _named("sign"),
}  # fmt: skip
_CONDITIONS = {"isnan", "isinf", "isfinite"}


class _Module:
    """A module of functions of numbers, which keep what their operands are made of."""

    def __init__(self, plain: Any) -> None:
        self.__dict__["_plain"] = plain

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._plain, name)
        if name in _CONDITIONS and callable(found):
            return lambda x: script().decide(_MADE[name](made_of(x)), bool(found(x))) if isinstance(x, Recording) else found(x)
        if name == "prod" and callable(found):
            return lambda xs, **k: _prod(xs, found, **k)
        if name == "clip" and callable(found):
            return lambda x, low, high: _min(_max(x, low), high) if isinstance(x, Recording) else found(x, low, high)
        if name in _MADE and callable(found):
            return _recorded(name, found, _MADE[name])
        return found


def _prod(values: Any, plain: Any, **named: Any) -> Any:
    values = list(values) if not hasattr(values, "dtype") else values
    if isinstance(values, list) and any(isinstance(one, Recording) for one in values) and not named:
        total: Any = 1
        for one in values:
            total = one * total
        return total
    return plain(values, **named)


class _FloatKind(type):
    def __instancecheck__(cls, other: Any) -> bool:
        return isinstance(other, float)

    def __subclasscheck__(cls, other: Any) -> bool:
        return issubclass(other, float)

    def __call__(cls, *args: Any) -> Any:
        one = args[0] if args else 0.0
        if isinstance(one, Recording):
            return one
        recorded = getattr(one, "item", None)
        if recorded is not None and type(one).__module__.startswith("torch") and one.numel() == 1:
            return one.item()
        return float(*args)


class _Float(metaclass=_FloatKind):
    """`float` that keeps what a number is made of."""

    fromhex = float.fromhex


class _IntKind(type):
    def __instancecheck__(cls, other: Any) -> bool:
        return isinstance(other, int) or isinstance(other, Recording) and is_whole(other.expression)

    def __subclasscheck__(cls, other: Any) -> bool:
        return issubclass(other, int)

    def __call__(cls, *args: Any, **named: Any) -> Any:
        one = args[0] if args else 0
        if not named and len(args) == 1:
            if not isinstance(one, Recording) and type(one).__module__.startswith("torch") and hasattr(one, "item"):
                one = one.item()
            if isinstance(one, Recording):
                return one.__trunc__()
        return int(*args, **named)


class _Int(metaclass=_IntKind):
    """`int` that keeps what a number is made of."""


def _fold(plain: Any, name: str) -> Any:
    def function(*args: Any, **named: Any) -> Any:
        values = list(args[0]) if len(args) == 1 else list(args)
        if named or not any(isinstance(one, Recording) for one in values) or any(
            not isinstance(one, (int, float)) for one in values
        ):
            return plain(*args, **named) if len(args) > 1 else plain(values, **named)
        if len(values) == 1:
            return values[0]
        return Recording(plain(float(one) for one in values), ex.apply(name, *map(made_of, values)))

    return function


_max, _min = _fold(max, "max"), _fold(min, "min")


def _forbidden(kind: Any, message: str, name: str) -> Any:
    def function(*args: Any, **named: Any) -> Any:
        raise kind(message, name, caller())

    return function


class _Refusing:
    """A module of which some functions are refused."""

    def __init__(self, plain: Any, names: Tuple[str, ...], kind: Any, message: str) -> None:
        self.__dict__.update(_plain=plain, _names=names, _kind=kind, _message=message)

    def __getattr__(self, name: str) -> Any:
        if name in self._names:
            title = f"{getattr(self._plain, '__name__', '')}.{name}"
            return _forbidden(self._kind, self._message.format(title), title)
        found = getattr(self._plain, name)
        if name == "random" and hasattr(found, "__name__"):
            return _Refusing(found, DRAWS, RandomnessError, _DRAWN)
        if name == "datetime" and isinstance(found, type):
            return _Refusing(found, CLOCK, ClockError, _CLOCK)
        return found

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._plain(*args, **named)


CLOCK = ("time", "time_ns", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "process_time", "now",
         "utcnow", "today", "localtime", "gmtime", "thread_time", "process_time_ns")  # fmt: skip
DRAWS = ("random", "uniform", "normal", "gauss", "randint", "randrange", "choice", "choices", "shuffle", "sample",
         "rand", "randn", "permutation", "standard_normal", "normalvariate", "expovariate", "default_rng",
         "betavariate", "integers")  # fmt: skip
_CLOCK = "the step reads the clock, `{}`, which a rule has not: its steps are a function of gradients, states and t"
_DRAWN = "the step draws by `{}`: which numbers these are cannot be told, and so not be replayed"


#: What is changed in the modules of some packages, found once for as many modules as there are.
_plans: Dict[Any, List[Tuple[Dict[str, Any], Dict[str, Any]]]] = {}


def _substitutes() -> Callable[[Any], Any]:
    """What stands in the place of a module or a function of one while steps are read; the same thing for all others."""
    import datetime
    import random
    import time

    numpy = sys.modules.get("numpy")
    clock = {id(getattr(time, name)): name for name in CLOCK if hasattr(time, name)}
    draws = {id(getattr(random, name)): name for name in DRAWS if hasattr(random, name)}
    functions = {id(getattr(math, name)): name for name in dir(math) if name in _MADE}
    shim_math = _Module(math)

    def substitute(value: Any) -> Any:
        if value is math:
            return shim_math
        if numpy is not None and value is numpy:
            return _Module(_Refusing(numpy, (), RandomnessError, _DRAWN))
        if value is random or numpy is not None and value is numpy.random:
            return _Refusing(value, DRAWS, RandomnessError, _DRAWN)
        if value is time or value is datetime or value is datetime.datetime or value is datetime.date:
            return _Refusing(value, CLOCK, ClockError, _CLOCK)
        if id(value) in clock:
            return _forbidden(ClockError, _CLOCK.format(f"time.{clock[id(value)]}"), clock[id(value)])
        if id(value) in draws and callable(value):
            return _forbidden(RandomnessError, _DRAWN.format(f"random.{draws[id(value)]}"), draws[id(value)])
        if id(value) in functions and callable(value):
            return getattr(shim_math, functions[id(value)])
        return value

    return substitute


def _plan(packages: Tuple[str, ...], own: Sequence[Dict[str, Any]]) -> List[Tuple[Dict[str, Any], Dict[str, Any]]]:
    """The names to be changed, and to what, in each module of these packages and where the code itself looks."""
    plan: List[Tuple[Dict[str, Any], Dict[str, Any]]] = []
    substitute = _substitutes()
    spaces = {id(one): one for one in own}
    for title, module in list(sys.modules.items()):
        inside = any(title == one or title.startswith(one + ".") for one in packages)
        space = getattr(module, "__dict__", None)
        if space is not None and inside and not title.startswith("ravine."):
            spaces[id(space)] = space
    for space in spaces.values():
        changes: Dict[str, Any] = {}
        for name, value in list(space.items()):
            other = substitute(value)
            if other is not value:
                changes[name] = other
        for name, value in (("float", _Float), ("int", _Int), ("max", _max), ("min", _min)):
            if space.get(name, getattr(builtins, name)) is getattr(builtins, name):
                changes[name] = value
        plan.append((space, changes))
    return plan


@contextmanager
def _importing(spaces: Collection[int]) -> Iterator[None]:
    """Within, what code of these names imports while it runs is changed as what it has imported before."""
    plain, substitute = builtins.__import__, _substitutes()

    def importing(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        found = plain(name, globals, locals, fromlist, level)
        return substitute(found) if id(globals) in spaces else found

    builtins.__import__ = importing
    try:
        yield
    finally:
        builtins.__import__ = plain


@contextmanager
def shimmed(packages: Tuple[str, ...], own: Sequence[Dict[str, Any]] = ()) -> Iterator[None]:
    """Within, the modules of these packages have `math`, `float`, `max` and others that keep what numbers are made
    of, and no clock and no draws."""
    key = packages, tuple(map(id, own)), len(sys.modules), sum(map(len, own))
    if key not in _plans:
        _plans[key] = _plan(packages, own)
    saved: List[Tuple[Dict[str, Any], Dict[str, Any], List[str]]] = []
    try:
        for space, changes in _plans[key]:
            before = {name: space[name] for name in changes if name in space}
            saved.append((space, before, [name for name in changes if name not in space]))
            space.update(changes)
        with _importing({id(space) for space, _ in _plans[key]}):
            yield
    finally:
        for space, before, added in saved:
            for name in added:
                space.pop(name, None)
            space.update(before)

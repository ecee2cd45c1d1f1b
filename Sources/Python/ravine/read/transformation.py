"""A gradient transformation of optax as something to be made, traced and run."""

from __future__ import annotations

import inspect
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from . import expression as ex
from . import walks
from .calls import Call, Numbers, Reader, imported
from .errors import BranchError, ConstructionError, LimitError, OperationError, ReadingError, StateError, said
from .expression import Expression
from .foreign import foreign, raised
from .gathering import gathered, is_second, second
from .hyperparameters import identifier
from .jaxprs import KEY, Walk, evaluated
from .recording import shimmed
from .shapes import Shapes
from .equations import Equations, State, settled

Shape = Tuple[int, ...]


class Transformation:
    """A call such as ``optax.adamw(1e-3)``, whose numbers stand for any."""

    def __init__(self, text: str, draws: bool = False) -> None:
        optax = imported("optax")
        self.text, self.draws = text, draws
        #: What was drawn in each step of the last run.
        self.drawn: List[List[Any]] = []
        self.arguments = Numbers()
        self.call = Reader(text, self.arguments, {"optax": optax}).call
        self.name = _title(getattr(self.call.function, "__name__", "Mine"))
        self.title = text
        #: The packages of what it calls, and where functions in it look for names, besides those of optax and JAX.
        self.packages, self.spaces = _origins(self.call)

    # As a source of equations

    def takes(self, numbers: Dict[str, Any]) -> Optional[Exception]:
        import jax.numpy as jnp

        try:
            with _double(), foreign("the first state"):
                self._made(numbers).init(jnp.ones((5, 3)))
            return None
        except LimitError:
            raise
        except Exception as error:  # of any kind: it is of the transformation
            return error

    def _made(self, numbers: Dict[str, Any]) -> Any:
        made = self.call.made(numbers)
        if not callable(getattr(made, "init", None)) or not callable(getattr(made, "update", None)):
            raise ConstructionError(f"`{self.text}` gives a {type(made).__name__}, and no transformation", self.text)
        import optax

        return _fast(made) if self.call.function is optax.lookahead else made

    def run(
        self, shapes: Sequence[Sequence[int]], numbers: Dict[str, Any], seed: int, steps: int, walk: Any = walks
    ) -> List[List[Any]]:
        import jax
        import numpy as np
        import optax

        with _double():
            transformation = self._made(_exact(numbers))
            weights = [jax.numpy.asarray(one) for one in walk.first_weights(shapes, seed)]
            with foreign("the first state"):
                state = transformation.init(weights)

            def step(gradient: Any, state: Any, weights: Any, loss: Any) -> Any:
                updates, state = self._update(transformation, gradient, state, weights, loss)
                return optax.apply_updates(weights, updates), state

            with foreign("an update"):
                closed, shape = jax.make_jaxpr(step, return_shape=True)(weights, state, weights, 1.0)
            outside = jax.tree_util.tree_structure(shape)

            def replayed(given: Any) -> Any:
                drawn: List[Any] = []
                return evaluated(closed, given, drawn), drawn

            run = jax.jit(replayed)
            self.drawn = []
            weights_after: List[List[Any]] = []
            for k in range(1, steps + 1):
                slopes = [jax.numpy.asarray(one) for one in walk.gradients(shapes, seed, k)]
                given = jax.tree_util.tree_leaves((slopes, state, weights, walk.loss(seed, k)))
                made, drawn = run(given)
                weights, state = jax.tree_util.tree_unflatten(outside, made)
                self.drawn.append([np.asarray(one) for one in drawn])
                weights_after.append([np.asarray(one) for one in weights])
        return weights_after

    @staticmethod
    def _update(made: Any, gradient: Any, state: Any, weights: Any, loss: Any) -> Any:
        if "value" in inspect.signature(made.update).parameters or _takes_extra(made.update):
            try:
                return made.update(gradient, state, weights, value=loss)
            except TypeError:
                pass
        return made.update(gradient, state, weights)

    def traced(self, sets: Sequence[Dict[str, Any]], fixed: Set[str], shape: Shape, options: Any) -> Any:
        free = [one for one in self.arguments.hyperparameters if one.name not in fixed]
        numbers, pair = sets[0], bool(options.get("pair"))
        try:
            made = self._equations(numbers, [one.name for one in free], shape, pair)
            return made, set()
        except ReadingError:
            raise
        except Exception as error:
            # What the code looks at as a plain number is not any number.
            stiff: Set[str] = set()
            for one in free:
                try:
                    self._jaxprs(numbers, [one.name], shape, pair)
                except Exception:
                    stiff.add(one.name)
            if not stiff:
                raise _untraced(error) from error
            # They are fixed at their own values from the next attempt on.
            try:
                return self._equations(numbers, [one.name for one in free if one.name not in stiff], shape, pair), stiff
            except ReadingError:
                raise
            except Exception as problem:
                raise _untraced(problem) from problem

    def _jaxprs(self, numbers: Dict[str, Any], free: Sequence[str], shape: Shape, pair: bool) -> Any:
        import jax
        import jax.numpy as jnp
        import optax

        with _double(), shimmed(self.packages, self.spaces), foreign("an update"):
            weights = [jnp.asarray(one) for one in walks.first_weights([shape] * (1 + pair), 1)]
            values = [float(numbers[name]) for name in free]

            def made(given: Sequence[Any]) -> Any:
                return self._made({**_exact(numbers), **dict(zip(free, given))})

            def begin(given: Any, w: Any) -> Any:
                return made(given).init(w)

            def step(given: Any, g: Any, state: Any, w: Any, loss: Any) -> Any:
                updates, state = self._update(made(given), g, state, w, loss)
                return optax.apply_updates(w, updates), state

            first = begin(values, weights)
            begun = jax.make_jaxpr(begin)(values, weights)
            stepped = jax.make_jaxpr(step)(values, weights, first, weights, 1.0)
            paths = [path for path, _ in jax.tree_util.tree_flatten_with_path(first)[0]]
            leaves = jax.tree_util.tree_leaves(first)
        return begun, stepped, paths, leaves

    def _equations(self, numbers: Dict[str, Any], free: Sequence[str], shape: Shape, pair: bool) -> Equations:
        begun, stepped, paths, leaves = self._jaxprs(numbers, free, shape, pair)
        walk = Walk(Shapes(shape), self.draws)
        hypers = [ex.symbol("hyper", name) for name in free]
        w, g = ([ex.W, second(ex.W)], [ex.G, second(ex.G)]) if pair else ([ex.W], [ex.G])
        firsts = walk.run(begun, [*hypers, *w])
        taken = {one.name for one in self.arguments.hyperparameters}
        symbols: List[Expression] = []
        names: Dict[str, Expression] = {}
        for path in paths:
            at = _parameter_at(path)
            place = _place(path)
            key = str(path if at is None else path[:at] + path[at + 1 :])
            if key not in names:
                name = identifier(_path_name(path), taken)
                taken.add(name)
                names[key] = ex.symbol("state", name)
            symbols.append(second(names[key]) if place == 1 else names[key])
        inside, outside = stepped.jaxpr.invars[len(hypers) + len(g) :], stepped.jaxpr.outvars[len(w) :]
        # What is handed on is what it was at first.
        known: Dict[Expression, Expression] = {
            one: first for one, first, before, after in zip(symbols, firsts, inside, outside)
            if before is after and first is not KEY and not ex.is_data(first)
        }
        for _ in range(4):
            given = [known.get(one, one) for one in symbols]
            walk.count = 0
            made = walk.run(stepped, [*hypers, *g, *given, *w, ex.LOSS])
            made_weight = weight = made[0]
            after = made[len(w) :]
            more = {}
            for one, first, made, leaf in zip(symbols, firsts, after, leaves):
                if one in known:
                    continue
                if first is KEY or made is KEY:
                    more[one] = KEY
                elif made is one and not ex.is_data(first):
                    # What no step changes is what it was.
                    more[one] = first
                elif made is ex.add(one, 1) and first.is_number:
                    more[one] = ex.add(ex.T, first.value - 1)
            if not more:
                break
            known.update(more)
        shared = frozenset(one for one, path in zip(symbols, paths) if _place(path) is None)
        memo: Dict[Expression, Expression] = {}
        if pair:
            weight = gathered(weight, shared, memo)
        states: Dict[State, Expression] = {}
        for one, first, made, leaf in zip(symbols, firsts, after, leaves):
            if one in known or is_second(one):
                continue
            if pair:
                made, first = gathered(made, shared, memo), gathered(first, shared, memo)
            lengths = tuple(leaf.shape)
            kind = Shapes(shape).vector_of(lengths)
            if kind is None:
                raise StateError(f"`{one.value[1]}` is {list(lengths)} beside weights of {list(shape)}", one.value[1])
            if first.free - {ex.W} - set(hypers):
                raise StateError(f"the first value of `{one.value[1]}` is no expression of w", one.value[1])
            if not lengths and shape != ():
                states[State(one.value[1], "global" if pair and one in shared else "scalar", first, "")] = made
            else:
                states[State(one.value[1], "tensor", first, kind)] = made
        # The weights are written by the caller: it is the update whose place is asked for.
        whole = {"w": ex.subtract(made_weight, ex.W), **{one.value[1]: made for one, made in zip(symbols, after)}}
        places = {name: walk.places[made] for name, made in whole.items() if made in walk.places}
        found = settled(Equations(weight, states, {}, (), (), places))
        for what, made in [("w", weight)] + [(one.name, made) for one, made in found.states.items()]:
            if any(map(is_second, made.free)):
                raise StateError(f"the step of one tensor depends on another in `{what}`", what)
        return found


def _origins(call: Call) -> Tuple[Tuple[str, ...], List[Dict[str, Any]]]:
    packages: Set[str] = set()
    spaces: List[Dict[str, Any]] = []
    within = [call]
    for one in within:
        for part in [one.function, *one.positional, *one.named.values()]:
            if isinstance(part, Call):
                within.append(part)
                continue
            top = str(getattr(part, "__module__", None)).split(".")[0]
            space = getattr(part, "__globals__", None)
            if space is not None and top not in ("optax", "jax", "numpy", "builtins", "ravine"):
                packages.add(top)
                spaces += [] if any(space is known for known in spaces) else [space]
    return tuple(sorted(packages)), spaces


def _exact(numbers: Dict[str, Any]) -> Dict[str, Any]:
    """Numbers of double precision, beside which single precision does not hold."""
    import numpy as np

    return {key: np.float64(one) if isinstance(one, float) else one for key, one in numbers.items()}


def _fast(made: Any) -> Any:
    """`optax.lookahead`, which takes two weights at once, as a transformation of those that are trained: the others are a
    state."""
    import optax

    def init(weights: Any) -> Any:
        return Slow(made.init(optax.LookaheadParams.init_synced(weights)), weights)

    def update(gradient: Any, state: Any, weights: Any) -> Any:
        updates, inner = made.update(gradient, state.inner, optax.LookaheadParams(weights, state.slow))
        return updates.fast, Slow(inner, optax.apply_updates(state.slow, updates.slow))

    return optax.GradientTransformation(init, update)


class Slow(NamedTuple):
    """The state of a transformation, and weights that follow."""

    inner: Any
    slow: Any


def _untraced(error: Exception) -> ReadingError:
    if type(error).__name__ == "TracerBoolConversionError":
        return BranchError(
            "what is done depends on data by an `if` of Python, which JAX does not trace either: say it with jax.numpy.where "
            "or jax.lax.cond", "if", raised(error),
        )
    return OperationError(f"it cannot be traced: {said(error)}", type(error).__name__, raised(error))


def _parameter_at(path: Any) -> Optional[int]:
    """Where in a path the place of a parameter stands: behind the last name, as of those before are transformations."""
    named = [k for k, one in enumerate(path) if isinstance(getattr(one, "name", None), str)]
    at = named[-1] + 1 if named else None
    return at if at is not None and at < len(path) and hasattr(path[at], "idx") else None


def _place(path: Any) -> Optional[int]:
    """Which of the parameters a leaf belongs to."""
    at = _parameter_at(path)
    return None if at is None else path[at].idx


def _takes_extra(function: Any) -> bool:
    return any(one.kind is inspect.Parameter.VAR_KEYWORD for one in inspect.signature(function).parameters.values())


def _title(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _path_name(path: Any) -> str:
    """The last name of a path, with the places behind that of the parameter."""
    names = [getattr(one, "name", None) or getattr(one, "key", None) for one in path]
    found = [str(one) for one in names if isinstance(one, str)]
    at = _parameter_at(path)
    more = "".join(f"_{one.idx}" for one in path[at + 1 :] if hasattr(one, "idx")) if at is not None else ""
    return (found[-1] if found else "state") + more


def _double() -> Any:
    import jax

    return jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64()


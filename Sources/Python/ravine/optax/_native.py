"""Steps on the processor: one call of the library inside of a compiled function, by XLA's typed FFI."""

from __future__ import annotations

import ast
import ctypes
import functools
import math
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .._errors import ProgramError, UsageError
from .._library import lib
from ..programs import Program, program
from ..rule import Rule, written_call
from ..signatures import Signature
from . import _generated

_STEP, _BLIND, _FIRST = 0, 1, 2
_TARGET = "ravine_step"
_ENGINES = ("auto", "interpreter", "native", "reference")


@functools.lru_cache(maxsize=None)
def _register() -> None:
    lib.ravine_xla_step.restype = ctypes.c_void_p
    lib.ravine_xla_step.argtypes = [ctypes.c_void_p]
    jax.ffi.register_ffi_target(_TARGET, jax.ffi.pycapsule(lib.ravine_xla_step), platform="cpu")


#: What writes the update where a step would write the parameter; the parameter itself is an input.
_UPDATE = "rule RavineUpdate(base: rule) { input parameter_of_step\n    w' = -(parameter_of_step - base(parameter_of_step, g)) }\n"


@functools.lru_cache(maxsize=128)
def _delta(sign: Signature, fixed: Tuple[Tuple[str, Any], ...]) -> Rule:
    text, call, values = sign.rule(fixed)._made
    if "{" in text or "\n" in text.strip():
        inner = written_call(call or sign.name, values)
        return Rule(f"{text}\n{_UPDATE}\nrule RavineStep = RavineUpdate({inner})\n", "RavineStep")
    return Rule(f"{_UPDATE}\nrule RavineStep = RavineUpdate({written_call(text, values)})\n", "RavineStep")


def _own(name: str) -> str:
    """The name in the rule of what is inside of the rule around it."""
    return name[5:] if name.startswith(("base.", "base_")) else name


class Steps:
    """How a rule with some values steps."""

    def __init__(self, sign: Signature, values: Dict[str, Any], total_steps: int, seed: int, engine: str) -> None:
        if engine not in _ENGINES + ("jax",):
            raise UsageError(f"there is no engine {engine!r}: {', '.join(_ENGINES)}, jax")
        self.sign = sign
        self.total_steps, self.seed, self.engine = total_steps, seed, engine
        names = [one["name"] for one in sign.base._manifest["hyperparameters"]]
        given = {
            sign.by_name[name].own: float(x) if isinstance(x, (int, float, np.generic)) else x
            for name, x in values.items()
            if x is not None and not isinstance(x, (str, tuple, list)) and not sign.by_name[name].is_fixed
        }
        # What Python knows stands in the rule, in double precision; arrays and functions of the count come with a step.
        exact = sign.called({name: x for name, x in given.items() if isinstance(x, float)}, names)
        self.fixed = sign.fixed(values) + tuple(exact.items())
        #: By name in the library.
        self.values = {
            name: x for name, x in given.items() if not (isinstance(x, float) and name.split(".")[-1] in exact)
        }
        if any("another point" in need for need in sign.needs):
            raise UsageError(f"`{sign.name}` asks for the objective at other points, which optax has no word for", code="R0810")

    # Leaves

    def _named(self, params: Any) -> List[Tuple[str, Any]]:
        return [
            (jax.tree_util.keystr(path, simple=True, separator="/"), jnp.asarray(leaf))
            for path, leaf in jax.tree_util.tree_flatten_with_path(params)[0]
        ]

    def _buckets(self, named: Sequence[Tuple[str, Any]]) -> List[Tuple[str, List[int]]]:
        parts: Dict[str, List[int]] = {}
        for k, (name, leaf) in enumerate(named):
            dtype = str(leaf.dtype)
            if dtype not in ("float32", "float64", "bfloat16", "float16"):
                raise UsageError(f"`{self.sign.name}` takes no parameters of {dtype}, as `{name}` is", code="R0826")
            parts.setdefault(dtype, []).append(k)
        if self.sign.is_global and len(parts) > 1:
            raise UsageError(f"`{self.sign.name}` reduces over all parameters together, which are of several types", code="R0826")
        return list(parts.items())

    def _program(self, rule: Rule, named: Sequence[Tuple[str, Any]], dtype: str) -> Program:
        return program(
            rule,
            tuple((name or "w", tuple(int(n) for n in leaf.shape)) for name, leaf in named),
            dtype,
            tuple(0 for _ in named),
            self.seed,
            self.total_steps,
            _ENGINES.index(self.engine) if self.engine in _ENGINES else 0,
        )

    def _row(self, names: Sequence[str], count: Any) -> Any:
        """The hyperparameters in the order of the library; NaN for what the rule says."""
        kind = jnp.float64 if jax.config.jax_enable_x64 else jnp.float32
        known: Dict[str, Any] = {
            name: value(count) if callable(value) else value for name, value in self.values.items()
        }
        # A value that is no number is for the library what the rule says: it is to be out of every domain instead.
        known = {
            name: value if isinstance(value, (int, float)) else jnp.where(jnp.isnan(jnp.asarray(value, kind)), jnp.inf, value)
            for name, value in known.items()
        }
        if known and self.sign.derived:
            known = self._followed(known)
        row = [known.get(name, known.get(_own(name), math.nan)) for name in names]
        if all(isinstance(x, (int, float)) for x in row):
            return np.array(row, kind)
        return jnp.stack([jnp.asarray(x, kind).reshape(()) for x in row])

    def _followed(self, known: Dict[str, Any]) -> Dict[str, Any]:
        """With what is computed from values that only a step knows."""
        rule = self.sign.rule(self.fixed)
        every = {one["name"]: float(one["value"]) for one in rule._manifest["hyperparameters"]}
        fixed = {name for name, _ in self.fixed}
        every.update(known)
        changed = set(known)
        for name, text in self.sign.derived.items():
            if name in known or name in fixed:
                continue
            tree = ast.parse(text.replace("^", "**"), mode="eval")
            read = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)}
            plain = {one.replace(".", "_"): one for one in every}
            if not any(plain.get(one) in changed for one in read):
                continue
            unknown = [one for one in read if one not in plain and not hasattr(jnp, one)]
            if unknown:
                raise UsageError(
                    f"`{name}` of `{self.sign.name}` is `{text}`, which an array cannot change: give `{name}` as well",
                    code="R0502",
                )
            space = {one: every[plain[one]] if one in plain else getattr(jnp, one) for one in read}
            every[name] = eval(compile(tree, text, "eval"), {"__builtins__": {}}, space)
            changed.add(name)
        return {name: every[name] for name in changed}

    # First values

    def init(self, kind: Any, params: Any) -> Any:
        named = self._named(params)
        treedef = jax.tree.structure(params)
        leaves: Dict[str, List[Any]] = {name: [optax.MaskedNode()] * len(named) for name in self._state_names()}
        numbers: Dict[str, Any] = {}
        count = jnp.zeros((), jnp.int32)
        for dtype, indices in self._buckets(named):
            together = [named[k] for k in indices]
            made = self._program(self.sign.rule(self.fixed), together, dtype)
            weights = [jnp.asarray(leaf) for _, leaf in together]
            places = [one for one in made.places if one.kind != "input"]
            zeros = [self._zeros(one) for one in places]
            inputs = [self._zeros(one) for one in made.places if one.kind == "input"]
            outs = self._call(made, _FIRST, count, self._row(made.hyperparameters, count), jnp.float32(0), weights, weights, zeros, inputs)
            for place, value in zip(places, outs[1 + len(together) :]):
                if place.tensor is None:
                    numbers[place.name] = value
                elif place.kind == "state":
                    leaves[place.name][indices[place.tensor]] = value
        states = {name: treedef.unflatten(found) for name, found in leaves.items() if name not in self.sign.globals}
        views = {name: params for name in self.sign.views}
        if not named:
            numbers = {name: jnp.zeros(()) for name in self.sign.globals}
        return kind(count, states, numbers, views)

    def _state_names(self) -> List[str]:
        return self.sign.base.states

    @staticmethod
    def _zeros(place: Any) -> Any:
        if place.dtype == "uint8":
            return jnp.zeros(place.bytes, jnp.uint8)
        dtype = place.dtype if place.shape or jax.config.jax_enable_x64 else "float32"
        return jnp.zeros(place.shape, dtype)

    # Steps

    def step(self, kind: Any, updates: Any, state: Any, params: Any, value: Any, extra: Dict[str, Any]) -> Any:
        """The next parameters and the next state."""
        if self.engine == "jax" or not all(one.platform == "cpu" for one in jax.devices()):
            updates, after = self.update(kind, updates, state, params, value, extra)
            return optax.apply_updates(params, updates), after
        self._require_loss(value)
        return self._update(kind, updates, state, params, value, extra, is_step=True)

    def _require_loss(self, value: Any) -> None:
        if self.sign.needs_loss and value is None:
            raise UsageError(f"`{self.sign.name}` reads the loss: give update(…, value=loss)", code="R0825")

    def update(self, kind: Any, updates: Any, state: Any, params: Any, value: Any, extra: Dict[str, Any]) -> Any:
        """The update and the next state: on the processor by the library."""
        self._require_loss(value)
        if self.engine == "jax":
            return _generated.update(self, kind, updates, state, params, value, extra)
        if all(one.platform == "cpu" for one in jax.devices()) or not self._is_exported:
            return self._update(kind, updates, state, params, value, extra)
        return jax.lax.platform_dependent(
            cpu=lambda: self._update(kind, updates, state, params, value, extra),
            default=lambda: _generated.update(self, kind, updates, state, params, value, extra),
        )

    @property
    def _is_exported(self) -> bool:
        try:
            _generated.exported(self.sign, self.fixed)
        except ProgramError:
            return False
        return True

    def _update(self, kind: Any, updates: Any, state: Any, params: Any, value: Any, extra: Dict[str, Any], is_step: bool = False) -> Any:
        sign = self.sign
        named = self._named(params)
        treedef = jax.tree.structure(params)
        self._require_state(kind, state, treedef)
        try:
            gradients = [None if g is None else jnp.asarray(g) for g in treedef.flatten_up_to(updates)]
        except (TypeError, ValueError) as error:
            raise UsageError(f"the gradients are no tree as that of the parameters: {error}", code="R0826") from None
        for (name, w), g in zip(named, gradients):
            if g is None:
                raise UsageError(f"the gradient of `{name}` is None", code="R0826")
            if g.shape != w.shape or g.dtype != w.dtype:
                raise UsageError(
                    f"the gradient of `{name}` is {g.shape} of {g.dtype}, and the parameter {w.shape} of {w.dtype}",
                    code="R0826",
                )
        old = {name: treedef.flatten_up_to(tree) for name, tree in state.states.items()}
        new = {name: list(found) for name, found in old.items()}
        numbers = dict(state.numbers)
        views = {name: treedef.flatten_up_to(tree) for name, tree in state.views.items()}
        written: List[Any] = [None] * len(named)
        count = optax.safe_increment(state.count)
        done = state.count
        try:
            loss = jnp.asarray(jnp.nan if value is None else value, jnp.float32).reshape(())
        except (TypeError, ValueError):
            raise UsageError(f"the loss is no number: {value!r}", code="R0502") from None
        for dtype, indices in self._buckets(named):
            together = [named[k] for k in indices]
            made = self._program(sign.rule(self.fixed) if is_step else _delta(sign, self.fixed), together, dtype)
            places = [one for one in made.places if one.kind != "input"]
            kept = []
            for place in places:
                name = place.name if is_step or place.kind != "state" else _own(place.name)
                if place.tensor is None:
                    kept.append(numbers[name])
                else:
                    kept.append((old if place.kind == "state" else views)[name][indices[place.tensor]])
                self._require_place(place, kept[-1], together)
            inputs = []
            for place in made.places:
                if place.kind == "input":
                    inputs.append(self._input(place, together, treedef, indices, extra))
            slopes = [gradients[k] for k in indices]
            outs = self._call(made, _STEP if is_step else _BLIND, state.count, self._row(made.hyperparameters, state.count), loss, [w for _, w in together], slopes, kept, inputs)
            done = outs[0]
            for k, one in zip(indices, outs[1:]):
                written[k] = one
            for place, one in zip(places, outs[1 + len(together) :]):
                name = place.name if is_step or place.kind != "state" else _own(place.name)
                if place.tensor is None:
                    numbers[name] = one
                else:
                    (new if place.kind == "state" else views)[name][indices[place.tensor]] = one
        after = kind(
            done if named else count,
            {name: treedef.unflatten(found) for name, found in new.items()},
            numbers,
            {name: treedef.unflatten(found) for name, found in views.items()},
        )
        return treedef.unflatten(written), after

    def _require_state(self, kind: Any, state: Any, treedef: Any) -> None:
        """Raises UsageError for a state of another transformation."""
        known = set(self._state_names()) - set(self.sign.globals)
        if not isinstance(state, kind):
            raise UsageError(f"the state is a {type(state).__name__}, and is to be what `{self.sign.name}` made by init(…)", code="R0771")
        if set(state.states) != known:
            raise UsageError(
                f"the states are {', '.join(sorted(state.states)) or 'none'}, and those of `{self.sign.name}` "
                f"{', '.join(sorted(known)) or 'none'}",
                code="R0771",
            )
        for name, tree in state.states.items():
            try:
                treedef.flatten_up_to(tree)
            except (TypeError, ValueError) as error:
                raise UsageError(f"the state `{name}` is no tree as that of the parameters: {error}", code="R0771") from None

    def _require_place(self, place: Any, one: Any, together: Sequence[Tuple[str, Any]]) -> None:
        """Raises UsageError for a state that is not what the library is to write."""
        wanted = jax.eval_shape(lambda: self._zeros(place))
        shape, dtype = getattr(one, "shape", None), getattr(one, "dtype", None)
        if shape != wanted.shape or dtype != wanted.dtype:
            of = "" if place.tensor is None else f" of `{together[place.tensor][0]}`"
            raise UsageError(
                f"the state `{_own(place.name)}`{of} is {shape} of {dtype}, and is to be {wanted.shape} of {wanted.dtype}",
                code="R0771",
            )

    def _input(self, place: Any, together: Any, treedef: Any, indices: List[int], extra: Dict[str, Any]) -> Any:
        if place.name == "parameter_of_step":
            return together[place.tensor][1].astype(place.dtype)
        name = place.name if place.name in extra else _own(place.name)
        if name not in extra:
            raise UsageError(f"`{self.sign.name}` reads `{name}`: give update(…, {name}=…)", code="R0825")
        found = extra[name]
        leaf = treedef.flatten_up_to(found)[indices[place.tensor]] if jax.tree.structure(found) == treedef else found
        return jnp.asarray(leaf, place.dtype).reshape(place.shape)

    def _call(
        self, made: Program, mode: int, count: Any, row: Any, loss: Any, weights: List[Any], slopes: List[Any],
        kept: List[Any], inputs: List[Any],
    ) -> Any:
        _register()
        # What has no axes is a double for the library, unless it is as a parameter that has none.
        alone = [(one.kind, not one.shape and one.dtype != "float64") for one in made.places]
        written = [flag for kind, flag in alone if kind != "input"]
        read = [flag for kind, flag in alone if kind == "input"]
        kept = [one.reshape(1) if flag else one for flag, one in zip(written, kept)]
        inputs = [one.reshape(1) if flag else one for flag, one in zip(read, inputs)]
        seen = [] if mode == _BLIND else weights
        operands = [count, row, loss, *seen, *slopes, *kept, *inputs]
        shape = _Shape(mode, len(weights), len(inputs))
        outs = (self._spread(made, shape, operands) or functools.partial(_foreign, made, shape))(*operands)
        front = len(outs) - len(kept)
        outs = [*outs[:front], *(one.reshape(()) if flag else one for flag, one in zip(written, outs[front:]))]
        owners = [*range(len(weights)), *(one.tensor for one in made.places if one.kind != "input")]
        return [outs[0], *(one if k is None else _as_typed(one, weights[k]) for k, one in zip(owners, outs[1:]))]

    def _spread(self, made: Program, shape: "_Shape", operands: Sequence[Any]) -> Optional[Callable[..., Any]]:
        """The call for arrays of several devices, each of which steps its part; None where the rule must see tensors
        whole, which XLA then gathers."""
        if len(jax.devices()) == 1 or not self.sign.is_elementwise:
            return None
        tensors = shape.gradients(operands)
        rests = [(one.tensor, x) for one, x in zip(shape.ordered(made.places), shape.rest(operands))]
        # Of a parameter without axes the states have one, of one number.
        if any(k is None or x.dtype == jnp.uint8 or x.shape not in (tensors[k].shape, tensors[k].shape or (1,)) for k, x in rests):
            return None
        return _partitioned(self, made, shape, tuple(one.ndim for one in tensors), tuple(k for k, _ in rests))


def _as_typed(one: Any, like: Any) -> Any:
    """With the sharding that is part of the parameter's type, on a mesh of explicit axes."""
    sharding = jax.typeof(like).sharding
    if one.shape != like.shape or not any(sharding.spec):
        return one
    return jax.sharding.reshard(one, sharding)


class _Shape(NamedTuple):
    """How many operands a call has of each kind: the count, the values and the loss, the parameters unless it is blind,
    gradients, what is written, and what is only read."""

    mode: int
    tensors: int
    read: int

    @property
    def front(self) -> int:
        return 3 if self.mode == _BLIND else 3 + self.tensors

    def gradients(self, operands: Sequence[Any]) -> Sequence[Any]:
        return operands[self.front : self.front + self.tensors]

    def rest(self, operands: Sequence[Any]) -> Sequence[Any]:
        return operands[self.front + self.tensors :]

    @staticmethod
    def ordered(places: Sequence[Any]) -> List[Any]:
        return [one for one in places if one.kind != "input"] + [one for one in places if one.kind == "input"]


def _foreign(made: Program, shape: _Shape, *operands: Any) -> Any:
    """The custom call itself."""
    like = shape.gradients(operands)
    kept = shape.rest(operands)
    kept = kept[: len(kept) - shape.read]
    results = [jax.ShapeDtypeStruct((), jnp.int32)]
    results += [jax.ShapeDtypeStruct(one.shape, one.dtype) for one in (*like, *kept)]
    aliases = {0: 0}
    # An update takes its gradient's place.
    aliases.update({3 + k: 1 + k for k in range(shape.tensors)})
    aliases.update({shape.front + shape.tensors + k: 1 + shape.tensors + k for k in range(len(kept))})
    # The program lives as long as what was compiled, which the cache of programs does not know.
    _alive[made.handle] = made
    return jax.ffi.ffi_call(_TARGET, results, vmap_method="sequential", input_output_aliases=aliases)(
        *operands, program=np.int64(made.handle), tensors=np.int64(shape.tensors), read=np.int64(shape.read),
        mode=np.int64(shape.mode),
    )


@functools.lru_cache(maxsize=128)
def _partitioned(steps: Steps, made: Program, shape: _Shape, ranks: Tuple[int, ...], owners: Tuple[int, ...]) -> Callable[..., Any]:
    """The same, of which every device calls it for its part of each tensor."""
    from jax.custom_batching import custom_vmap
    from jax.experimental.custom_partitioning import custom_partitioning

    whole = functools.partial(_foreign, made, shape)

    def partition(mesh: Any, given: Any, wanted: Any) -> Any:
        def lowered(*operands: Any) -> Any:
            named = [(f"w{k}", one) for k, one in enumerate(shape.gradients(operands))]
            part = steps._program(made.rule, named, str(named[0][1].dtype))
            return _foreign(part, shape, *operands)

        # A tensor, its gradient and its states lie as what is written of it.
        alone = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
        places = [one.sharding for one in wanted[1 : 1 + shape.tensors]]
        own = [places[k] for k in owners]
        seen = [] if shape.mode == _BLIND else places
        kept = own[: len(own) - shape.read]
        return mesh, lowered, [alone, *places, *kept], (alone, alone, alone, *seen, *places, *own)

    def factors(k: int) -> str:
        return " ".join(f"t{k}d{axis}" for axis in range(ranks[k]))

    tensors = [factors(k) for k in range(shape.tensors)]
    rests = [factors(k) if ranks[k] else "one" for k in owners]
    given = ["", "row", ""] + ([] if shape.mode == _BLIND else tensors) + tensors + rests
    wanted = [""] + tensors + rests[: len(rests) - shape.read]
    spread = custom_partitioning(whole)
    spread.def_partition(
        partition, need_replication_factors=("row", "one") if "one" in rests else ("row",),
        sharding_rule=f"{', '.join(given)} -> {', '.join(wanted)}",
    )
    call = custom_vmap(spread)

    @call.def_vmap
    def _(size: int, is_batched: Any, *operands: Any) -> Any:
        outs = jax.vmap(whole, in_axes=[0 if one else None for one in is_batched], axis_size=size)(*operands)
        return outs, [True] * len(outs)

    return jax.jit(call)


_alive: Dict[int, Program] = {}

"""Steps on the processor: all tensors of a type in one call of the library, on the memory of PyTorch's tensors."""

from __future__ import annotations

import math
import operator
from ctypes import c_float
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch

from .._errors import BusyError, UsageError
from ..programs import Operands, Place, Program, program
from ..signatures import Signature

_ENGINES = ("auto", "interpreter", "native", "reference")
_TYPES = {
    torch.float32: "float32", torch.float64: "float64", torch.bfloat16: "bfloat16", torch.float16: "float16",
}
_increment_version = torch.autograd.graph.increment_version


class Active(NamedTuple):
    """A parameter that takes part in a step."""

    parameter: torch.Tensor
    gradient: Optional[torch.Tensor]
    group: Dict[str, Any]
    #: Its place among all parameters of the optimizer.
    number: int
    name: str


def engine(name: str) -> int:
    """The library's number of an engine. Raises UsageError for a name that is none."""
    if name == "torch":
        return 0
    if name not in _ENGINES:
        raise UsageError(f"there is no engine {name!r}: {', '.join(_ENGINES)}, torch")
    return _ENGINES.index(name)


def is_here(p: torch.Tensor) -> bool:
    """Whether the library can reach its memory."""
    return p.device.type == "cpu"


def require_parameter(p: torch.Tensor, rule: str, splits: bool) -> None:
    """Raises UsageError for a parameter that no rule steps, and for a flattened one unless a tensor `splits` anywhere."""
    if torch.nn.parameter.is_lazy(p):
        raise UsageError(
            f"`{rule}` takes no parameters that have no shape yet: make the optimizer after the first pass of the model",
            code="R0826",
        )
    if p.is_complex():
        raise UsageError(f"`{rule}` takes no complex parameters: give torch.view_as_real of them", code="R0826")
    if p.dtype not in _TYPES:
        raise UsageError(f"`{rule}` takes no parameters of {p.dtype}: {', '.join(map(str, _TYPES))} are taken", code="R0826")
    if p.device.type == "meta":
        raise UsageError(f"`{rule}` takes no parameters without memory: make the optimizer when they have some", code="R0826")
    if p.layout is not torch.strided:
        raise UsageError(f"`{rule}` takes no parameters of layout {p.layout}", code="R0826")
    if p.is_neg() or not _is_apart(p):
        raise UsageError(
            f"`{rule}` takes no parameters whose elements are not memory of their own, as of an expanded or a negated view: "
            "give `.clone()` of them",
            code="R0826",
        )
    if getattr(p, "_is_flat_param", False) and not splits:
        raise UsageError(
            f"`{rule}` cannot take flattened parameters, whose rows and columns are gone: FSDP needs "
            "use_orig_params=True, or fully_shard",
            code="R0826",
        )


def _is_apart(p: torch.Tensor) -> bool:
    """Whether no two elements lie at one place."""
    if p.numel() == 0 or p.is_contiguous():
        return True
    reached = 0
    for stride, length in sorted((s, n) for s, n in zip(p.stride(), p.shape) if n != 1):
        if stride <= reached:
            return False
        reached += stride * (length - 1)
    return True


def require_together(sign: Signature, own: Sequence[Tuple[torch.Tensor, Dict[str, Any]]]) -> None:
    """Raises UsageError for parameters and groups that a rule cannot reduce over together."""
    if sign.is_global and len({(p.dtype, sign.fixed(group)) for p, group in own}) > 1:
        raise UsageError(
            f"`{sign.name}` reduces over all parameters together, which are of several types, or of groups that "
            "differ in what decides shapes or is an expression",
            code="R0826",
        )


def require_gradient(g: torch.Tensor, p: torch.Tensor, name: str) -> None:
    """Raises UsageError for a gradient that does not go with its parameter."""
    if g.layout is not torch.strided:
        raise UsageError(f"the gradient of `{name}` is sparse ({g.layout}): give `.to_dense()` of it", code="R0826")
    if g.dtype != p.dtype:
        raise UsageError(f"the gradient of `{name}` is of {g.dtype}, and the parameter of {p.dtype}", code="R0826")
    if g.shape != p.shape:
        raise UsageError(f"the gradient of `{name}` is {tuple(g.shape)}, and the parameter {tuple(p.shape)}", code="R0826")
    if g.device != p.device:
        raise UsageError(f"the gradient of `{name}` is on {g.device}, and the parameter on {p.device}", code="R0826")


def _is_dense(p: torch.Tensor) -> bool:
    """Whether its elements fill one piece of memory, in whatever order of the axes."""
    if p.is_contiguous():
        return True
    expected = 1
    for stride, length in sorted((s, n) for s, n in zip(p.stride(), p.shape) if n != 1):
        if stride != expected:
            return False
        expected *= length
    return True


class Bucket:
    """Parameters that step in one call: those of one type and of the same program."""

    def __init__(self, optimizer: Any, fixed: Any, active: List[Active], counts: List[float]) -> None:
        sign: Signature = optimizer._signature
        self.sign = sign
        self.active = active
        self.parameters = [one.parameter for one in active]
        clock: Dict[Tuple[int, float], int] = {}
        self.clocks = [clock.setdefault((id(one.group), t), len(clock)) for one, t in zip(active, counts)]
        #: By clock, the first that goes by it.
        self.first_of = [self.clocks.index(c) for c in range(len(clock))]
        #: By clock, the values that were found to be in their domains.
        self.rows: List[Optional[List[float]]] = [None] * len(clock)
        options = optimizer._options
        names = [one.name for one in active] if sign.reads_names else [f"w{k}" for k in range(len(active))]
        self.program: Program = program(
            sign.rule(fixed),
            tuple((name, tuple(one.parameter.shape)) for name, one in zip(names, active)),
            _TYPES[active[0].parameter.dtype],
            tuple(self.clocks),
            options["seed"],
            options["total_steps"],
            engine(options["engine"]),
        )
        self.places: List[Place] = self.program.places
        self.prefixed = [{"state": "", "view": "view_", "input": "input_"}[one.kind] + one.name for one in self.places]
        # A tensor whose elements lie in another order steps as it lies, where the order means nothing.
        self.is_direct = [
            p.is_contiguous() or sign.is_elementwise and _is_dense(p) for p in self.parameters
        ]
        self.strides = [p.stride() for p in self.parameters]
        self.last: List[Any] = [None] * len(self.places)
        self.numbers = [one.number for one in active]
        self.kept: List[Any] = []
        self.copied: List[Tuple[torch.Tensor, torch.Tensor]] = []

    # Memory

    def make(self, k: int) -> torch.Tensor:
        """Zeros for a place."""
        place = self.places[k]
        dtype = getattr(torch, place.dtype)
        p = self.parameters[place.tensor or 0]
        if dtype is torch.uint8:
            return torch.zeros(place.bytes, dtype=dtype, device="cpu")
        if place.tensor is not None and place.shape == tuple(p.shape) and self.is_direct[place.tensor]:
            return torch.zeros_like(p, dtype=dtype, requires_grad=False)
        return torch.zeros(place.shape, dtype=dtype, device="cpu")

    def load(self, state: Dict[torch.Tensor, Dict[str, Any]], active: List[Active], counts: Sequence[float]) -> None:
        """Points the program at the tensors of this step. Raises UsageError for what does not fit; the program's lock
        is held."""
        self.active = active
        made = self.program
        self.kept.clear()
        self.copied.clear()
        parameters = made.parameters
        slopes = made.gradients
        for k, p in enumerate(self.parameters):
            if self.is_direct[k] and p.stride() == self.strides[k]:
                parameters[k] = p.data_ptr()
            else:
                copy = p.detach().contiguous()
                self.kept.append(copy)
                if copy.data_ptr() != p.data_ptr():
                    self.copied.append((p, copy))
                parameters[k] = copy.data_ptr()
            g = active[k].gradient
            if g is None:
                continue
            if g.layout is not torch.strided or g.dtype is not p.dtype or g.shape != p.shape or g.device != p.device:
                require_gradient(g, p, active[k].name)
            if active[k].group["maximize"]:
                g = -g
                self.kept.append(g)
            strides = self.strides[k] if self.is_direct[k] else None
            if strides is not None and g.stride() != strides and g.numel() > 1:
                laid = torch.empty_strided(p.shape, strides, dtype=p.dtype, device="cpu")
                g = laid.copy_(g)
                self.kept.append(g)
            elif strides is None and not g.is_contiguous():
                g = g.contiguous()
                self.kept.append(g)
            if g.is_neg():
                g = g.resolve_neg()
                self.kept.append(g)
            slopes[k] = g.data_ptr()
        self._load_memory(state)
        for c, k in enumerate(self.first_of):
            row = self._row(c, active[k].group)
            made.values[c * len(row) : (c + 1) * len(row)] = row
            made.steps[c] = int(counts[k])
        made.numbers[:] = self.numbers

    def _row(self, c: int, group: Dict[str, Any]) -> List[float]:
        """The values of a clock. Raises UsageError for what is no number or out of its domain."""
        try:
            row = self.sign.row(group, self.program.hyperparameters)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            self.sign.check(group)
            raise
        if row != self.rows[c]:
            gone = [one.name for one in self.sign.hypers if one.name not in group]
            if gone:
                raise UsageError(f"the group has no `{gone[0]}`, which `{self.sign.name}` reads", code="R0503")
            self.sign.check(group)
            self.rows[c] = row
        return row

    def _load_memory(self, state: Dict[torch.Tensor, Dict[str, Any]]) -> None:
        memory = self.program.memory
        for k, place in enumerate(self.places):
            p = self.parameters[place.tensor or 0]
            one = state[p].get(self.prefixed[k])
            if one is None and place.kind == "view":
                one = state[p][self.prefixed[k]] = self.make(k)
            if one is None:
                name = self.active[place.tensor or 0].name
                if place.kind == "input":
                    raise UsageError(
                        f"`{self.sign.name}` reads `{place.name}`, which nobody gives: call "
                        f"set_input(p, {place.name!r}, value) for `{name}`",
                        code="R0825",
                    )
                raise UsageError(f"the state `{place.name}` of `{name}` is gone", code="R0771")
            if place.tensor is None:
                for other in self.parameters[1:]:
                    state[other][self.prefixed[k]] = one
            if one is not self.last[k]:
                self._require_place(k, one)
                self.last[k] = one
            memory[k] = one.data_ptr()

    def _require_place(self, k: int, one: torch.Tensor) -> None:
        place = self.places[k]
        dtype = getattr(torch, place.dtype)
        count = place.bytes if dtype is torch.uint8 else math.prod(place.shape)
        if one.dtype != dtype or one.numel() != count or one.device.type != "cpu":
            raise UsageError(
                f"`{place.name}` is of {one.dtype} with {one.numel()} numbers on {one.device}, and is to be of {dtype} with "
                f"{count} on the processor",
                code="R0771",
            )
        t = place.tensor
        like = t is not None and dtype is not torch.uint8 and place.shape == tuple(self.parameters[t].shape) and self.is_direct[t]
        if not (one.stride() == self.strides[t] if like else one.is_contiguous()) and one.numel() > 1:
            raise UsageError(f"`{place.name}` lies in another order than its parameter", code="R0771")

    # Steps

    def written(self, state: Dict[torch.Tensor, Dict[str, Any]]) -> List[torch.Tensor]:
        """What a step writes."""
        kept = [
            state[self.parameters[place.tensor or 0]][name]
            for place, name in zip(self.places, self.prefixed) if place.kind != "input"
        ]
        return [p.detach() for p in self.parameters] + kept

    @property
    def bytes(self) -> int:
        return sum(p.numel() * p.element_size() for p in self.parameters)

    def step(self, loss: float, objective: Any) -> None:
        self.program.step(loss, objective)
        for p, copy in self.copied:
            p.copy_(copy)
        _increment_version(self.parameters)
        self.kept.clear()
        self.copied.clear()


class Plan:
    """The buckets of a set of parameters, for as long as the same ones take part."""

    def __init__(self, optimizer: Any, active: List[Active], counts: List[float]) -> None:
        sign: Signature = optimizer._signature
        fixed_of = {id(one.group): sign.fixed(one.group) for one in active}
        require_together(sign, [(one.parameter, one.group) for one in active])
        parts: Dict[Any, List[int]] = {}
        for k, one in enumerate(active):
            parts.setdefault((fixed_of[id(one.group)], one.parameter.dtype), []).append(k)
        made = [
            (Bucket(optimizer, key[0], [active[k] for k in indices], [counts[k] for k in indices]), indices)
            for key, indices in parts.items()
        ]
        # The largest is the last, which needs no way back.
        made.sort(key=lambda one: one[0].bytes)
        self.buckets = [one for one, _ in made]
        self.indices = [indices for _, indices in made]


def first(optimizer: Any, missing: List[Active]) -> None:
    """Makes the states of parameters that have none. Those of parameters elsewhere are made here and moved."""
    away = {
        id(one.parameter): one.parameter.detach().to("cpu", copy=True) for one in missing if not is_here(one.parameter)
    }
    if away:
        state = optimizer.state
        copies = [one._replace(parameter=away.get(id(one.parameter), one.parameter)) for one in missing]
        for one in copies:
            state.setdefault(one.parameter, {})
        _first(optimizer, copies)
        for one, copy in zip(missing, copies):
            if id(one.parameter) in away:
                made = state.pop(copy.parameter)
                device = one.parameter.device
                # Numbers stay here, as PyTorch's own counts of steps do.
                state[one.parameter].update(
                    {name: value.to(device) if value.ndim else value for name, value in made.items()}
                )
    else:
        _first(optimizer, missing)


def _first(optimizer: Any, missing: List[Active]) -> None:
    counts = [0.0] * len(missing)
    plan = Plan(optimizer, missing, counts)
    state = optimizer.state
    for bucket in plan.buckets:
        shared = {}
        for k, place in enumerate(bucket.places):
            if place.kind == "input":
                continue
            one = bucket.make(k)
            p = bucket.parameters[place.tensor or 0]
            state[p][bucket.prefixed[k]] = one
            if place.tensor is None:
                others = (q for q in state if bucket.prefixed[k] in state[q] and q is not p)
                known = next(others, None)
                if known is not None:
                    shared[bucket.prefixed[k]] = state[known][bucket.prefixed[k]]
        with bucket.program.lock:
            inputs = [k for k, place in enumerate(bucket.places) if place.kind == "input"]
            for k in inputs:
                p = bucket.parameters[bucket.places[k].tensor]
                state[p].setdefault(bucket.prefixed[k], bucket.make(k))
            bucket.load(state, bucket.active, counts)
            bucket.program.first()
            for k in inputs:
                state[bucket.parameters[bucket.places[k].tensor]].pop(bucket.prefixed[k])
        for p in bucket.parameters:
            for name, one in shared.items():
                state[p][name] = one
            state[p]["step"] = torch.zeros((), dtype=torch.float32, device="cpu")


def why_unlike(like: torch.Tensor, value: Any) -> Optional[str]:
    """Why a state of a checkpoint cannot take the place of one, in words; None where it can."""
    shape = tuple(getattr(value, "shape", ()))
    if shape != tuple(like.shape):
        return f"{shape} there and {tuple(like.shape)} here"
    if not isinstance(value, torch.Tensor):
        return None if isinstance(value, (int, float)) else f"no number there: {value!r}"
    if value.layout is not like.layout or value.device.type == "meta" or value.is_complex():
        return f"of {value.dtype}, {value.layout}, on {value.device} there and of {like.dtype}, {like.layout} here"
    return None


def restored(like: Optional[torch.Tensor], value: Any) -> Any:
    """A state of a checkpoint in the type and the order of what it replaces; a copy, as the caller keeps his."""
    if not isinstance(value, torch.Tensor):
        return torch.full_like(like, value) if isinstance(like, torch.Tensor) else value
    if not isinstance(like, torch.Tensor):
        return value.detach().clone()
    result = torch.empty_like(like)
    result.copy_(value)
    return result


def step(optimizer: Any, active: List[Active], loss: Any, closure: Optional[Callable[[], Any]]) -> None:
    """One step of parameters on the processor."""
    state = optimizer.state
    steps = [state[one.parameter]["step"] for one in active]
    try:
        counts = [one.item() for one in steps] if len(steps) < 8 else torch.stack(steps).tolist()
    except (AttributeError, TypeError, RuntimeError):
        wrong = next(
            one.name for one, t in zip(active, steps) if not isinstance(t, torch.Tensor) or t.ndim or t.device.type != "cpu"
        )
        raise UsageError(f"`step` of `{wrong}` is no tensor of one number on the processor", code="R0771") from None
    key = _key(optimizer, active, counts)
    if optimizer._plan is None or optimizer._plan[0] != key:
        optimizer._plan = (key, Plan(optimizer, active, counts))
    plan = optimizer._plan[1]
    held: List[Bucket] = []
    before: List[Tuple[torch.Tensor, torch.Tensor]] = []
    try:
        for bucket, indices in zip(plan.buckets, plan.indices):
            if not bucket.program.lock.acquire(timeout=600):
                raise BusyError("another thread is using the program of this rule")
            held.append(bucket)
            bucket.load(state, [active[k] for k in indices], [counts[k] for k in indices])
            if bucket.program.needs_loss and loss is None:
                raise UsageError(
                    f"`{optimizer._signature.name}` reads the loss: give step() a closure that returns it, or loss=",
                    code="R0825",
                )
        for bucket, indices in zip(plan.buckets, plan.indices):
            objective = None
            if bucket.program.needs_objective:
                if closure is None:
                    raise UsageError(
                        f"`{optimizer._signature.name}` asks for the loss at other points: give step() a closure",
                        code="R0810",
                    )
                objective = _objective(bucket, closure)
            if bucket is not plan.buckets[-1]:
                before += [(one, one.clone()) for one in bucket.written(state)]
            bucket.step(_number(loss), objective)
        for bucket, indices in zip(plan.buckets, plan.indices):
            done = bucket.program.steps
            for c, k in zip(bucket.clocks, indices):
                if done[c] == counts[k] + 1:
                    steps[k] += 1
        optimizer._repeat = Repeat.of(optimizer, plan, active)
    except BaseException:
        # What fails changes nothing, also where a program before has stepped.
        for one, kept in before:
            one.copy_(kept)
        raise
    finally:
        for bucket in held:
            bucket.program.lock.release()


def _number(loss: Any) -> float:
    try:
        return math.nan if loss is None else float(loss)
    except (TypeError, ValueError, RuntimeError):
        raise UsageError(f"the loss is no number: {loss!r}", code="R0502") from None


class Repeat:
    """The last step once more, where nothing is another than it was but gradients and numbers: most steps are this.

    What it looks at is what the step before looked at; whatever differs is for `step`, before anything is changed.
    """

    def __init__(self, optimizer: Any, bucket: Bucket, active: List[Active]) -> None:
        self.program = bucket.program
        self.groups = [(group, group["params"], _snapshot(group)) for group in optimizer.param_groups]
        self.free = bucket.sign.free(bucket.program.hyperparameters)
        self.width = len(bucket.program.hyperparameters)
        #: By group, the rows of values that are its.
        self.rows: List[List[int]] = [[] for _ in self.groups]
        place = {id(group): k for k, (group, _, _) in enumerate(self.groups)}
        for c, k in enumerate(bucket.first_of):
            self.rows[place[id(active[k].group)]].append(c)
        self.parameters = bucket.parameters
        self.dtype = bucket.parameters[0].dtype
        self.tensors = [
            (k, p, p.data_ptr(), p.shape, stride) for k, (p, stride) in enumerate(zip(bucket.parameters, bucket.strides))
        ]
        self.state = optimizer.state
        states = [optimizer.state[p] for p in bucket.parameters]
        self.states = list(optimizer.state.values())
        self.memory = []
        for place, name in zip(bucket.places, bucket.prefixed):
            state = states[place.tensor or 0]
            self.memory.append((state, name, state[name], state[name].data_ptr()))
        # Numbers of PyTorch's, as memory: to read and to write one by an operation costs more than a small step.
        self.steps = []
        # Of its own, as many optimizers may share the program.
        self.operands = own = Operands(bucket.program)
        for state, clock in zip(states, bucket.clocks):
            one = state["step"]
            self.steps.append((state, one, one.data_ptr(), c_float.from_address(one.data_ptr()), clock))
        self.firsts = [(c, self.steps[k][3]) for c, k in enumerate(bucket.first_of)]
        own.values[:] = bucket.program.values
        own.numbers[:] = bucket.numbers
        for k, _, address, _, _ in self.tensors:
            own.parameters[k] = address
        for k, (_, _, _, address) in enumerate(self.memory):
            own.memory[k] = address

    @staticmethod
    def of(optimizer: Any, plan: Plan, active: List[Active]) -> Optional["Repeat"]:
        """Nil where steps are not of this kind."""
        if any("params" not in group for group in optimizer.param_groups):
            # In the place of an optimizer that is traced.
            return None
        if len(plan.buckets) != 1 or len(active) != sum(len(group["params"]) for group in optimizer.param_groups):
            return None
        bucket = plan.buckets[0]
        made = bucket.program
        if "train" in bucket.sign.views:
            return None
        if made.needs_loss or made.needs_objective or not all(bucket.is_direct):
            return None
        plain = all(type(p) in (torch.Tensor, torch.nn.Parameter) for p in bucket.parameters)
        values = [group[one.name] for group in optimizer.param_groups for one in bucket.sign.hypers]
        if not plain or any(isinstance(value, torch.Tensor) for value in values):
            return None
        if any(group["maximize"] for group in optimizer.param_groups):
            return None
        if any(optimizer.state[p]["step"].dtype is not torch.float32 for p in bucket.parameters):
            return None
        return Repeat(optimizer, bucket, active)

    def step(self, optimizer: Any) -> bool:
        """Whether it was this step, which is then done."""
        if len(optimizer.param_groups) != len(self.groups) or optimizer.state is not self.state:
            return False
        if len(self.state) != len(self.states) or not all(map(operator.is_, self.state.values(), self.states)):
            return False
        try:
            for k, (group, params, seen) in enumerate(self.groups):
                if optimizer.param_groups[k] is not group or group["params"] is not params:
                    return False
                if group != seen and not self._turned(k):
                    return False
        except (OverflowError, ValueError, RuntimeError):
            # What is no number, or several.
            return False
        own = self.operands
        slopes, dtype = own.gradients, self.dtype
        try:
            for k, p, address, shape, stride in self.tensors:
                g = p.grad
                if (
                    g is None or g.dtype is not dtype or g.stride() != stride or g.shape != shape or g.is_neg()
                    or p.data_ptr() != address or p.shape != shape
                ):
                    return False
                slopes[k] = g.data_ptr()
        except RuntimeError:
            # A sparse gradient has no strides.
            return False
        for state, name, one, address in self.memory:
            if state.get(name) is not one or one.data_ptr() != address:
                return False
        done = own.steps
        for c, count in self.firsts:
            done[c] = int(count.value)
        for state, one, address, count, c in self.steps:
            if state.get("step") is not one or one.data_ptr() != address or done[c] != count.value:
                return False
        if not self.program.step_alone(own):
            return False
        for _, _, _, count, c in self.steps:
            count.value = done[c]
        _increment_version(self.parameters)
        return True

    def _turned(self, k: int) -> bool:
        """Whether the group is as it was but for numbers, as a scheduler sets them, which are taken over then."""
        group, _, seen = self.groups[k]
        if len(group) != len(seen):
            return False
        turned = {}
        for name, value in group.items():
            if name not in seen or seen[name] is not value and seen[name] != value:
                place = self.free.get(name)
                if place is None or not (_is_number(seen[name]) and _is_number(value) and place[1](value)):
                    return False
                turned[name] = float(value)
        for name, value in turned.items():
            for c in self.rows[k]:
                self.operands.values[c * self.width + self.free[name][0]] = value
        seen.update(turned)
        return True


def _is_number(value: Any) -> bool:
    return isinstance(value, (float, int)) and not isinstance(value, bool)


def _snapshot(group: Dict[str, Any]) -> Dict[str, Any]:
    """What a group is equal to until something in it is another."""
    return {**group, "params": list(group["params"])}


def _key(optimizer: Any, active: List[Active], counts: List[float]) -> Any:
    sign: Signature = optimizer._signature
    place: Dict[int, int] = {}
    own = [
        (id(one.parameter), one.parameter.shape, one.parameter.dtype, place.setdefault(id(one.group), len(place)))
        for one in active
    ]
    try:
        fixed = [sign.fixed(group) for group in optimizer.param_groups]
    except (TypeError, ValueError, OverflowError, RuntimeError):
        for group in optimizer.param_groups:
            sign.check(group)
        raise
    # Steps done matter only as to who has done as many.
    pattern: Any = None
    if counts and counts.count(counts[0]) != len(counts):
        seen: Dict[float, int] = {}
        pattern = [seen.setdefault(t, len(seen)) for t in counts]
    return own, fixed, pattern


def _objective(bucket: Bucket, closure: Callable[[], Any]) -> Any:
    """The closure as the library asks it: at other points, which stand in the parameters meanwhile."""
    import ctypes

    def call(points: Any, slopes: Any) -> float:
        parameters = bucket.parameters
        sizes = [p.numel() * p.element_size() for p in parameters]
        before = [(p.detach().clone(), p.grad) for p in parameters]
        try:
            for k, p in enumerate(parameters):
                buffer = torch.empty(p.shape, dtype=p.dtype, device="cpu")
                if sizes[k]:
                    ctypes.memmove(buffer.data_ptr(), points[k], sizes[k])
                p.copy_(buffer)
                p.grad = None
            with torch.enable_grad():
                value = closure()
            if slopes:
                for k, p in enumerate(parameters):
                    g = torch.zeros_like(p) if p.grad is None else p.grad
                    g = (-g if bucket.active[k].group["maximize"] else g).contiguous()
                    if sizes[k]:
                        ctypes.memmove(slopes[k], g.data_ptr(), sizes[k])
            return float(value)
        finally:
            for p, (w, g) in zip(parameters, before):
                p.copy_(w)
                p.grad = g

    return call

"""Optimizers: a rule at work on arrays, in place."""

from __future__ import annotations

import array
import ctypes
import math
import sys
import threading
from ctypes import byref, c_double, c_int64, c_size_t, c_uint64, c_void_p
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, MutableMapping, Optional, Sequence, Tuple, Union

from ._arrays import TYPES, WIDTHS, Memory, memory
from ._errors import KindError, BusyError, Diagnostic, diagnostics, UsageError
from ._library import (
    USAGE, Objective, Options, answer, encoded, encoded_path, failure, lib, parsed, require, seed_bits, tensors, whole
)
from .rule import Rule

if TYPE_CHECKING:
    from pathlib import Path

#: Lists within lists that are no array any more: one that holds itself has no end.
_DEEPEST = 64
_ENGINES = ("auto", "interpreter", "native", "reference")


def _numbers(values: List[float], shape: Tuple[int, ...]) -> Any:
    """An array of NumPy where it is there, else nested lists."""
    try:
        import numpy
    except ImportError:
        if not shape:
            return values[0]
        for length in reversed(shape[1:]):
            values = [values[k : k + length] for k in range(0, len(values), length)] if length else []
        return values
    return numpy.array(values).reshape(shape)


def _number(value: Any, what: str) -> float:
    """A number as the library takes it."""
    try:
        return float(value)
    except OverflowError:
        raise UsageError(f"{what} is {value!r}, which is beyond the largest number", code="R0502") from None
    except (TypeError, ValueError):
        raise KindError(f"{what} is {value!r}, which is no number", code="R0502") from None


def _flat(values: Any, depth: int = 0) -> List[float]:
    """The numbers of an array or of lists within lists."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, (int, float)):
        return [_number(values, "a value")]
    is_text = isinstance(values, (str, bytes, Mapping))
    if is_text or not hasattr(values, "__iter__") or depth > _DEEPEST:
        raise UsageError(f"{values!r} is no number, and no list of them")
    found: List[float] = []
    for one in values:
        found += _flat(one, depth + 1)
    return found


def _size(given: Any) -> Any:
    """Its bytes, where it tells."""
    return getattr(given, "nbytes", None)


class _Hyperparameters(MutableMapping[str, float]):
    """The hyperparameters of an optimizer: read at the last step, set for those that follow."""

    def __init__(self, optimizer: "Optimizer") -> None:
        self._optimizer = optimizer

    def __getitem__(self, name: str) -> float:
        value = c_double()
        if not isinstance(name, str) or "\0" in name:
            raise KeyError(name)
        status = lib.ravine_hyper(self._optimizer._handle, encoded(name), byref(value))
        if status == USAGE:
            raise KeyError(name)
        require(status)
        return value.value

    def __setitem__(self, name: str, value: float) -> None:
        require(lib.ravine_set_hyper(self._optimizer._handle, encoded(name), _number(value, f"`{name}`")))

    def __delitem__(self, name: str) -> None:
        raise TypeError("a hyperparameter stays")

    def __iter__(self) -> Iterator[str]:
        return iter(one["name"] for one in self._optimizer.manifest["hyperparameters"])

    def __len__(self) -> int:
        return len(self._optimizer.manifest["hyperparameters"])

    def __repr__(self) -> str:
        return repr(dict(self))


class Optimizer:
    """A rule bound to arrays, which its steps change in place, without copies.

    >>> w = numpy.ones(4, dtype=numpy.float32)
    >>> optimizer = ravine.Rule("Lion", lr=1e-2).bind(w)
    >>> optimizer.step(2 * w)

    Args:
        rule: The rule.
        parameters: An array, a sequence of arrays, or a mapping from names to arrays, all of one type
            (float32, float64, bfloat16, float16), row by row without gaps: NumPy's, PyTorch's on the
            processor, anything with a writable buffer or DLPack.
        names: What the routes of the rule match; ``w`` or ``w0``, ``w1``, … without.
        seed: Of random draws.
        horizon: T, the planned number of steps, for schedules that end.
        engine: ``auto``, ``interpreter``, ``native`` or ``reference``.
        threads: At most so many; results do not depend on them.
        workers: Gradients of so many copies lie one after the other in each gradient.
        batch, groups: The lengths of these axes, for rules that read a row an example.

    Raises:
        UsageError, ProgramError: for arrays and rules that do not go together.
    """

    def __init__(
        self,
        rule: Union[Rule, str],
        parameters: Any,
        *,
        names: Optional[Sequence[str]] = None,
        seed: int = 0,
        horizon: int = 0,
        engine: str = "auto",
        threads: Optional[int] = None,
        workers: int = 1,
        batch: Optional[int] = None,
        groups: Optional[int] = None,
    ) -> None:
        self._handle = 0
        self.rule = rule if isinstance(rule, Rule) else Rule(rule)
        if isinstance(parameters, Mapping):
            names = list(parameters.keys()) if names is None else names
            arrays = list(parameters.values())
        elif isinstance(parameters, (list, tuple)):
            arrays = list(parameters)
        else:
            arrays = [parameters]
        if names is None:
            names = ["w"] if len(arrays) == 1 else [f"w{k}" for k in range(len(arrays))]
        if len(names) != len(arrays):
            raise UsageError(f"there are {len(arrays)} arrays and {len(names)} names")
        self.names: List[str] = list(names)
        self._arrays = arrays
        self._places = [self._own(one, name) for one, name in zip(arrays, names)]
        types = {place.type for place in self._places} or {"float32"}
        if len(types) > 1:
            raise UsageError(f"the parameters are of several types: {', '.join(sorted(types))}", code="R0826")
        self.dtype: str = types.pop()
        if engine not in _ENGINES:
            raise UsageError(f"there is no engine {engine!r}: {', '.join(_ENGINES)}")
        self._workers = whole(workers, "workers", 32)
        if self._workers < 1:
            raise UsageError("`workers` is 0")
        options = Options(
            size=ctypes.sizeof(Options),
            type=TYPES.index(self.dtype),
            engine=_ENGINES.index(engine),
            seed=seed_bits(seed),
            horizon=whole(horizon, "horizon"),
            threads=whole(threads or 0, "threads", 32),
            workers=self._workers,
            batch=whole(batch or 0, "batch"),
            groups=whole(groups or 0, "groups"),
        )
        described = tensors([(name, place.shape) for name, place in zip(names, self._places)])
        handle = c_uint64()
        require(
            lib.ravine_optimizer_new(
                self.rule._handle, described, len(arrays), byref(options), byref(handle)
            )
        )
        self._handle = handle.value
        self._count = len(arrays)
        self._pointers = (c_void_p * max(self._count, 1))(*[place.pointer for place in self._places])
        self._slopes = (c_void_p * max(self._count, 1))()
        self._last: List[Any] = [None] * self._count
        self._kept: List[Any] = [None] * self._count
        self._sizes: List[Any] = [None] * self._count
        self._own_sizes = [_size(one) for one in arrays]
        # Tensors of PyTorch can take other memory and stay the same object.
        self._movable = [hasattr(one, "data_ptr") for one in arrays]
        self._lock = threading.Lock()
        require(lib.ravine_initialise(self._handle, self._pointers, self._count))
        self.manifest: Dict[str, Any] = parsed(lib.ravine_manifest, self._handle)

    @property
    def hyper(self) -> MutableMapping[str, float]:
        """Hyperparameters by name, to be read and set."""
        return _Hyperparameters(self)

    def __copy__(self) -> Any:
        raise TypeError("an optimizer is not copied: bind its rule again and `restore` its `checkpoint()`")

    def __deepcopy__(self, memo: Any) -> Any:
        return self.__copy__()

    def __reduce__(self) -> Any:
        return self.__copy__()

    @staticmethod
    def _own(given: Any, name: str) -> Memory:
        place = memory(given, f"the parameter {name!r}")
        if not place.writable:
            raise UsageError(f"the parameter {name!r} is read-only", code="R0826")
        return place

    def __del__(self) -> None:
        handle, self._handle = getattr(self, "_handle", 0), 0
        if handle:
            lib.ravine_optimizer_free(handle)

    # Steps

    def step(
        self,
        gradients: Any = None,
        loss: float = math.nan,
        objective: Optional[Callable[[List[Any]], Tuple[float, List[Any]]]] = None,
    ) -> None:
        """One step: changes the parameters and the states, never the gradients.

        Args:
            gradients: As the parameters were given: an array, a sequence, or a mapping by name.
            loss: At the parameters, for rules that read it.
            objective: For rules that ask elsewhere: takes a list of arrays, returns the loss and a list
                of gradients.
        """
        if objective is not None and not callable(objective):
            raise KindError(f"`objective` is {objective!r}, which cannot be called", code="R0829")
        if not self._lock.acquire(blocking=False):
            raise BusyError("another call is using the optimizer")
        try:
            self._step(gradients, loss, objective)
        except ctypes.ArgumentError:
            raise KindError(f"`loss` is {loss!r}, which is no number", code="R0502") from None
        finally:
            self._lock.release()

    def _step(self, gradients: Any, loss: float, objective: Optional[Callable[..., Any]]) -> None:
        count = self._count
        if gradients is not None:
            if count == 1 and not isinstance(gradients, (list, tuple, dict)):
                if gradients is not self._last[0] or _size(gradients) != self._sizes[0]:
                    self._take(0, gradients)
            else:
                self._take_all(gradients)
        self._follow()
        if objective is None:
            status = lib.ravine_step(
                self._handle, self._pointers, self._slopes if gradients is not None else None, count, loss
            )
        else:
            status = self._step_with(gradients is not None, loss, objective)
        if status:
            raise failure(status)

    def _follow(self) -> None:
        """Finds the memory of tensors again that may have moved."""
        for k in range(self._count):
            # An array of NumPy can be resized where it is, against its own advice.
            if _size(self._arrays[k]) != self._own_sizes[k]:
                raise UsageError(f"the parameter {self.names[k]!r} has other lengths than when it was bound", code="R0826")
            if self._movable[k]:
                tensor, place = self._arrays[k], self._places[k]
                if (
                    tensor.data_ptr() != place.pointer
                    or tuple(tensor.shape) != place.shape
                    or not tensor.is_contiguous()
                ):
                    self._move(k)

    def _take_all(self, gradients: Any) -> None:
        if isinstance(gradients, Mapping):
            unknown = [name for name in gradients if name not in self.names]
            missing = [name for name in self.names if name not in gradients]
            if unknown or missing:
                raise UsageError(f"gradients by name: {unknown} are not bound, {missing} are missing", code="R0826")
            gradients = [gradients[name] for name in self.names]
        if len(gradients) != self._count:
            raise UsageError(f"there are {self._count} parameters and {len(gradients)} gradients", code="R0826")
        for k, gradient in enumerate(gradients):
            if gradient is not self._last[k] or _size(gradient) != self._sizes[k]:
                self._take(k, gradient)

    def _take(self, k: int, gradient: Any) -> None:
        place = memory(gradient, f"the gradient of {self.names[k]!r}")
        if place.type != self.dtype:
            raise UsageError(f"the gradient of {self.names[k]!r} is of {place.type}, and the parameter of {self.dtype}", code="R0826")
        shape = self._places[k].shape
        if place.shape != shape and place.shape != (self._workers,) + shape:
            raise UsageError(f"the gradient of {self.names[k]!r} is {place.shape}, and the parameter {shape}", code="R0826")
        if self._workers > 1 and place.shape == shape:
            raise UsageError(f"the gradient of {self.names[k]!r} has no row for each of {self._workers} workers", code="R0826")
        self._slopes[k] = place.pointer
        # What cannot take other memory need not be looked at again.
        self._last[k] = gradient if self._stays(gradient) else None
        self._sizes[k] = _size(gradient)
        self._kept[k] = place

    @staticmethod
    def _stays(gradient: Any) -> bool:
        numpy = sys.modules.get("numpy")
        return (
            isinstance(gradient, array.array) or numpy is not None and type(gradient) is numpy.ndarray
        )

    def _move(self, k: int) -> None:
        place = self._own(self._arrays[k], self.names[k])
        if place.shape != self._places[k].shape or place.type != self.dtype:
            raise UsageError(f"the parameter {self.names[k]!r} has become {place.shape} of {place.type}", code="R0826")
        self._places[k] = place
        self._pointers[k] = place.pointer

    def _step_with(self, has_gradients: bool, loss: float, objective: Callable[..., Any]) -> int:
        raised: List[BaseException] = []

        def call(_: Any, points: Any, slopes: Any, stop: Any) -> float:
            try:
                arrays = [self._copied(points[k], k) for k in range(self._count)]
                value, gradients = objective(arrays)
                if slopes:
                    for k in range(self._count):
                        made = memory(gradients[k], f"the gradient of {self.names[k]!r}")
                        if made.type != self.dtype or made.shape != self._places[k].shape:
                            raise UsageError(f"the gradient of {self.names[k]!r} is {made.shape} of {made.type}", code="R0826")
                        ctypes.memmove(slopes[k], made.pointer, self._bytes(k))
                return float(value)
            except BaseException as error:  # the library is to be left first, and puts back what the step changed
                raised.append(error)
                stop[0] = 1
                return math.nan

        status = lib.ravine_step_with(
            self._handle,
            self._pointers,
            self._slopes if has_gradients else None,
            self._count,
            loss,
            Objective(call),
            None,
        )
        if raised:
            raise raised[0]
        return status

    def _bytes(self, k: int) -> int:
        return math.prod(self._places[k].shape) * WIDTHS[self.dtype]

    def _copied(self, pointer: int, k: int) -> Any:
        import numpy

        kinds = {"float32": numpy.float32, "float64": numpy.float64, "float16": numpy.float16}
        if self.dtype not in kinds:
            raise UsageError(f"rules that look ahead need float16, float32 or float64, not {self.dtype}")
        data = ctypes.string_at(pointer, self._bytes(k))
        return numpy.frombuffer(bytearray(data), dtype=kinds[self.dtype]).reshape(self._places[k].shape)

    @property
    def step_count(self) -> int:
        """Steps done."""
        steps = c_int64()
        require(lib.ravine_step_count(self._handle, byref(steps)))
        return steps.value

    @property
    def warnings(self) -> List[Diagnostic]:
        """What the steps so far would hide: a state that is not finite, steps that were left out, an engine that was
        asked for and is not there."""
        found = diagnostics(answer(lib.ravine_warnings, self._handle))
        if self.manifest["engine"] == "native" and self.engine != "native":
            why = "there is no C compiler here, or nothing that it could compile"
            found.append(Diagnostic(None, "warning", f"`native` was asked for, and the steps are interpreted: {why}"))
        return found

    @property
    def engine(self) -> str:
        """What runs the steps now: ``native`` once compiled passes are there."""
        now = parsed(lib.ravine_manifest, self._handle)
        return "native" if now["compiledPasses"] else "reference" if now["engine"] == "reference" else "interpreter"

    @property
    def state_bytes(self) -> int:
        """What the states of all tensors take."""
        return self.manifest["stateBytes"]

    def set_horizon(self, steps: int) -> None:
        """T, the planned number of steps."""
        require(lib.ravine_set_horizon(self._handle, whole(steps, "steps")))

    # What it holds, by name

    def _tensor(self, parameter: Union[int, str]) -> Tuple[int, Dict[str, Any]]:
        if isinstance(parameter, str) and parameter not in self.names:
            raise KeyError(f"there is no parameter {parameter!r}; there are {self.names}")
        k = self.names.index(parameter) if isinstance(parameter, str) else parameter
        if not 0 <= k < self._count:
            raise IndexError(f"there is no parameter {parameter}")
        return k, self.manifest["tensors"][k]

    def _slot(self, kind: str, name: str, parameter: Union[int, str]) -> Tuple[int, Tuple[int, ...]]:
        k, tensor = self._tensor(parameter)
        for slot in tensor[kind]:
            if slot["name"] == name:
                return k, tuple(slot["shape"])
        raise KeyError(f"{self.names[k]!r} has no {kind[:-1]} {name!r}; it has {[s['name'] for s in tensor[kind]]}")

    def states(self, parameter: Union[int, str] = 0) -> List[str]:
        """The names of a parameter's states."""
        return [slot["name"] for slot in self._tensor(parameter)[1]["states"]]

    def state(self, name: str, parameter: Union[int, str] = 0) -> Any:
        """A copy of a state."""
        k, shape = self._slot("states", name, parameter)
        count = math.prod(shape)
        values = (c_double * max(count, 1))()
        require(lib.ravine_state(self._handle, k, encoded(name), values, count))
        return _numbers(list(values[:count]), shape)

    def set_state(self, name: str, values: Any, parameter: Union[int, str] = 0) -> None:
        """Sets a state; what `state` gave reads back the same."""
        k, shape = self._slot("states", name, parameter)
        if hasattr(values, "shape") and tuple(values.shape) != shape:
            raise UsageError(f"{name!r} has the lengths {shape}, and {tuple(values.shape)} were given", code="R0809")
        flat = _flat(values)
        given = (c_double * max(len(flat), 1))(*flat)
        require(lib.ravine_set_state(self._handle, k, encoded(name), given, len(flat)))

    def set_input(self, name: str, values: Any, parameter: Union[int, str] = 0) -> None:
        """Gives what the rule reads besides gradients; it stays until it is set again."""
        k, shape = self._slot("inputs", name, parameter)
        if hasattr(values, "shape") and tuple(values.shape) != shape:
            raise UsageError(f"{name!r} has the lengths {shape}, and {tuple(values.shape)} were given", code="R0809")
        flat = _flat(values)
        given = (c_double * max(len(flat), 1))(*flat)
        require(lib.ravine_set_input(self._handle, k, encoded(name), given, len(flat)))

    def view(self, name: str, parameter: Union[int, str] = 0) -> Any:
        """Weights other than those that are trained, as ``eval``, after the last step."""
        k, _ = self._tensor(parameter)
        shape = self._places[k].shape
        count = math.prod(shape)
        values = (c_double * max(count, 1))()
        require(lib.ravine_view(self._handle, k, encoded(name), values, count))
        return _numbers(list(values[:count]), shape)

    # Checkpoints

    def save(self, path: Union[str, Path], parameters: bool = True) -> None:
        """Writes states, steps and settings to a safetensors file, whole or not at all."""
        self._follow()
        require(lib.ravine_save(self._handle, encoded_path(path), self._pointers if parameters else None, self._count))

    def load(self, path: Union[str, Path], parameters: bool = True) -> None:
        """Goes on where the optimizer that wrote the file stopped: the next step gives the same bits.

        Raises UsageError for a file of another rule, with all that differs; nothing is changed then.
        """
        self._follow()
        require(lib.ravine_load(self._handle, encoded_path(path), self._pointers if parameters else None, self._count))

    def checkpoint(self) -> bytes:
        """What `save` writes, without the parameters."""
        place, length = c_void_p(), c_size_t()
        require(lib.ravine_save_bytes(self._handle, byref(place), byref(length)))
        try:
            return ctypes.string_at(place, length.value)
        finally:
            lib.ravine_free(place)

    def restore(self, checkpoint: bytes) -> None:
        """Goes on from the bytes of `checkpoint`."""
        data = memoryview(checkpoint).tobytes()
        require(lib.ravine_load_bytes(self._handle, data, len(data)))

    def __repr__(self) -> str:
        return f"<ravine.Optimizer {self.rule.label}, {self._count} tensors of {self.dtype}, step {self.step_count}>"

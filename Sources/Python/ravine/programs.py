"""Programs: rules at work on arrays of a host that keeps the states itself, as PyTorch and JAX do."""

from __future__ import annotations

import ctypes
import functools
import math
import threading
from ctypes import POINTER, byref, c_double, c_int32, c_int64, c_uint64, c_void_p
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from ._arrays import TYPES
from ._library import Call, Objective, Options, failure, lib, parsed, require, seed_bits, tensors
from .rule import Rule

#: The types of `Place.element`, by the names of the packages.
ELEMENTS = {"F64": "float64", "F32": "float32", "BF16": "bfloat16", "F16": "float16", "U8": "uint8"}


class Place(NamedTuple):
    """What a step leaves to the next, or reads besides gradients: memory of the host's."""

    #: ``state``, ``view`` or ``input``.
    kind: str
    #: None for a state of all tensors together.
    tensor: Optional[int]
    name: str
    shape: Tuple[int, ...]
    #: As NumPy and PyTorch name it; of states of eight bits ``uint8``, scales and codes in one piece.
    dtype: str
    bytes: int
    #: As ``int8 signed/256``.
    storage: str = ""


class Operands:
    """What a call of a program points at, for the host to fill in: memory, counts of steps and values."""

    def __init__(self, made: "Program") -> None:
        count, rows, values = len(made.clocks), max(made.clocks, default=0) + 1, len(made.hyperparameters)
        self.parameters = (c_void_p * max(count, 1))()
        self.gradients = (c_void_p * max(count, 1))()
        self.memory = (c_void_p * max(len(made.places), 1))()
        self.steps = (c_int64 * rows)()
        self.values = (c_double * max(rows * values, 1))(*[math.nan] * (rows * values))
        self.numbers = (c_int64 * max(count, 1))(*range(count))
        self.call = Call(
            size=ctypes.sizeof(Call),
            count=count,
            parameters=ctypes.cast(self.parameters, POINTER(c_void_p)),
            gradients=ctypes.cast(self.gradients, POINTER(c_void_p)),
            memory=ctypes.cast(self.memory, POINTER(c_void_p)),
            steps=self.steps,
            values=self.values,
            numbers=self.numbers,
            loss=math.nan,
        )
        self.place = byref(self.call)


class Program:
    """A rule bound to the lengths of some tensors. It keeps nothing: any tensors of these lengths may step by it, one
    call at a time, which `lock` is for.

    Args:
        tensors: Names and lengths.
        clocks: By tensor, which row of `values` and which of `steps` it goes by; all by one without.
    """

    def __init__(
        self,
        rule: Rule,
        named: Sequence[Tuple[str, Tuple[int, ...]]],
        dtype: str = "float32",
        clocks: Optional[Sequence[int]] = None,
        seed: int = 0,
        horizon: int = 0,
        engine: int = 0,
        threads: int = 0,
    ) -> None:
        self._handle = 0
        self.rule = rule
        count = len(named)
        clocks = list(clocks) if clocks is not None else [0] * count
        options = Options(
            size=ctypes.sizeof(Options), type=TYPES.index(dtype), engine=engine, seed=seed_bits(seed),
            horizon=horizon, threads=threads,
        )
        handle = c_uint64()
        require(
            lib.ravine_program_new(
                rule._handle, tensors(list(named)), count, byref(options), (c_int32 * max(count, 1))(*clocks),
                byref(handle),
            )
        )
        self._handle = self.handle = handle.value
        manifest = parsed(lib.ravine_manifest, self._handle)
        self.needs_gradient: bool = manifest["needsGradient"]
        self.needs_loss: bool = manifest["needsLoss"]
        self.needs_objective: bool = manifest["needsObjective"]
        self.hyperparameters: List[str] = [one["name"] for one in manifest["hyperparameters"]]
        self.routes: List[List[str]] = [one["route"] for one in manifest["tensors"]]
        self.places: List[Place] = [
            Place(
                one["kind"], one["tensor"], one["name"], tuple(one["shape"]), ELEMENTS[one["element"]], one["bytes"],
                one["storage"],
            )
            for one in manifest["memory"]
        ]
        self.clocks = clocks
        #: Those of who has none of his own.
        self.operands = operands = Operands(self)
        self.parameters, self.gradients, self.memory = operands.parameters, operands.gradients, operands.memory
        self.steps, self.values, self.numbers = operands.steps, operands.values, operands.numbers
        self.lock = threading.Lock()

    def first(self) -> None:
        """Writes the first values of the states to memory that holds zeros."""
        require(lib.ravine_program_first(self._handle, self.operands.place))

    def step(self, loss: float = math.nan, objective: Any = None) -> None:
        """One step of the tensors and the memory whose pointers are set. What fails changes nothing.

        `objective` is called with pointers of points, of gradients to be written (or None), and of a flag that
        stops it.
        """
        self.operands.call.loss = loss
        if objective is not None:
            raised: List[BaseException] = []

            def call(_: Any, points: Any, slopes: Any, stop: Any) -> float:
                try:
                    return float(objective(points, slopes))
                except BaseException as error:  # the library is to be left first
                    raised.append(error)
                    stop[0] = 1
                    return math.nan

            # The structure does not keep the function alive.
            function = Objective(call)
            self.operands.call.objective = function
            try:
                status = lib.ravine_program_step(self._handle, self.operands.place)
            finally:
                self.operands.call.objective = Objective()
            if raised:
                raise raised[0]
        else:
            status = lib.ravine_program_step(self._handle, self.operands.place)
        if status:
            raise failure(status)

    def step_alone(self, operands: Operands) -> bool:
        """One step with operands of the caller's. False where another call is using the program."""
        if not self.lock.acquire(False):
            return False
        try:
            status = lib.ravine_program_step(self._handle, operands.place)
        finally:
            self.lock.release()
        if status:
            raise failure(status)
        return True

    def __del__(self) -> None:
        handle, self._handle = getattr(self, "_handle", 0), 0
        # At the end of the interpreter the library may be gone before.
        if handle and lib is not None:
            lib.ravine_optimizer_free(handle)


@functools.lru_cache(maxsize=128)
def program(
    rule: Rule,
    named: Tuple[Tuple[str, Tuple[int, ...]], ...],
    dtype: str,
    clocks: Tuple[int, ...],
    seed: int,
    horizon: int,
    engine: int = 0,
    threads: int = 0,
) -> Program:
    """The program of a rule and lengths, which all that ask for the same share."""
    return Program(rule, named, dtype, clocks, seed, horizon, engine, threads)

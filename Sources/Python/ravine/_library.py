"""The shared library, and its functions with their types."""

from __future__ import annotations

import ctypes
import json
import operator
import os
from ctypes import POINTER, byref, c_char_p, c_double, c_int, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from typing import Any, Optional, Union

from ._blas import name_library
from ._errors import UsageError, error

OK, FINDING, USAGE, PROGRAM, NUMERIC, BUSY = range(6)


class Tensor(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("shape", POINTER(c_int64)), ("rank", c_size_t)]


class Options(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("type", c_int32),
        ("engine", c_int32),
        ("seed", c_uint64),
        ("horizon", c_int64),
        ("threads", c_int32),
        ("workers", c_int32),
        ("batch", c_int64),
        ("groups", c_int64),
    ]


Objective = ctypes.CFUNCTYPE(c_double, c_void_p, POINTER(c_void_p), POINTER(c_void_p), POINTER(c_int))


class Call(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("count", c_size_t),
        ("parameters", POINTER(c_void_p)),
        ("gradients", POINTER(c_void_p)),
        ("memory", POINTER(c_void_p)),
        ("steps", POINTER(c_int64)),
        ("values", POINTER(c_double)),
        ("numbers", POINTER(c_int64)),
        ("loss", c_double),
        ("objective", Objective),
        ("context", c_void_p),
    ]


class Minimum(ctypes.Structure):
    _fields_ = [("loss", c_double), ("steps", c_int64), ("reason", c_int32)]


Function = ctypes.CFUNCTYPE(c_double, c_void_p, POINTER(c_double), POINTER(c_double), c_int, POINTER(c_int))

_text = POINTER(c_void_p)
_PROTOTYPES = {
    "ravine_rule_from_source": [c_char_p, c_char_p, c_char_p, POINTER(c_uint64)],
    "ravine_rule_from_file": [c_char_p, c_char_p, POINTER(c_uint64)],
    "ravine_rule_from_zoo": [c_char_p, POINTER(c_uint64)],
    "ravine_rule_free": [c_uint64],
    "ravine_rule_manifest": [c_uint64, _text],
    "ravine_optimizer_new": [c_uint64, POINTER(Tensor), c_size_t, POINTER(Options), POINTER(c_uint64)],
    "ravine_optimizer_free": [c_uint64],
    "ravine_initialise": [c_uint64, c_void_p, c_size_t],
    "ravine_step": [c_uint64, c_void_p, c_void_p, c_size_t, c_double],
    "ravine_step_with": [c_uint64, c_void_p, c_void_p, c_size_t, c_double, Objective, c_void_p],
    "ravine_hyper": [c_uint64, c_char_p, POINTER(c_double)],
    "ravine_set_hyper": [c_uint64, c_char_p, c_double],
    "ravine_state": [c_uint64, c_size_t, c_char_p, c_void_p, c_size_t],
    "ravine_set_state": [c_uint64, c_size_t, c_char_p, c_void_p, c_size_t],
    "ravine_set_input": [c_uint64, c_size_t, c_char_p, c_void_p, c_size_t],
    "ravine_view": [c_uint64, c_size_t, c_char_p, c_void_p, c_size_t],
    "ravine_step_count": [c_uint64, POINTER(c_int64)],
    "ravine_set_horizon": [c_uint64, c_int64],
    "ravine_manifest": [c_uint64, _text],
    "ravine_warnings": [c_uint64, _text],
    "ravine_save": [c_uint64, c_char_p, c_void_p, c_size_t],
    "ravine_load": [c_uint64, c_char_p, c_void_p, c_size_t],
    "ravine_save_bytes": [c_uint64, _text, POINTER(c_size_t)],
    "ravine_load_bytes": [c_uint64, c_void_p, c_size_t],
    "ravine_program_new": [
        c_uint64, POINTER(Tensor), c_size_t, POINTER(Options), POINTER(c_int32), POINTER(c_uint64)
    ],
    "ravine_program_first": [c_uint64, POINTER(Call)],
    "ravine_program_step": [c_uint64, POINTER(Call)],
    "ravine_minimize": [
        c_uint64, c_void_p, c_size_t, Function, c_void_p, c_int64, c_double, c_uint64, POINTER(Minimum)
    ],
    "ravine_check": [c_char_p, c_char_p, _text],
    "ravine_format": [c_char_p, _text],
    "ravine_describe": [c_uint64, POINTER(Tensor), c_size_t, _text],
    "ravine_compare": [c_char_p, c_char_p, c_char_p, _text],
    "ravine_latex": [c_uint64, _text],
    "ravine_export": [c_uint64, c_char_p, _text],
    "ravine_replay": [c_uint64, c_char_p, _text],
    "ravine_run": [c_char_p, c_char_p, c_char_p, c_int, _text, _text],
    "ravine_zoo": [_text],
}


def _load() -> ctypes.CDLL:
    path = os.environ.get("RAVINE_LIBRARY") or os.path.join(os.path.dirname(__file__), "libravine.so")
    name_library()
    library = ctypes.CDLL(path)
    library.ravine_abi.argtypes = []
    if library.ravine_abi() != 1:
        raise ImportError(f"{path} is of another version of Ravine")
    for name in ("ravine_version", "ravine_error", "ravine_error_json"):
        function = getattr(library, name)
        function.argtypes = []
        function.restype = c_char_p
    library.ravine_free.argtypes = [c_void_p]
    library.ravine_free.restype = None
    for name, types in _PROTOTYPES.items():
        function = getattr(library, name)
        function.argtypes = types
        function.restype = c_int
    return library


lib = _load()


def failure(status: int) -> Exception:
    """The exception for the call of this thread that has just failed."""
    return error(status, lib.ravine_error().decode(), lib.ravine_error_json().decode())


def require(status: int) -> None:
    """Raises unless the call went well."""
    if status != OK:
        raise failure(status)


def encoded(text: Union[str, bytes]) -> bytes:
    """Text as the library takes it. Raises TypeError for what is none, ValueError for a zero byte inside."""
    if not isinstance(text, (str, bytes)):
        raise TypeError(f"a text belongs here, not {text!r}")
    # What is no Unicode is for the library to say.
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if b"\0" in data:
        raise ValueError("a zero byte ends a text")
    return data


def encoded_path(path: Union[str, bytes, "os.PathLike[Any]"]) -> bytes:
    """A path as the system takes it, with the same exceptions."""
    return encoded(os.fsencode(path))


def whole(value: Any, name: str, bits: int = 64) -> int:
    """A count as the library takes it. Raises UsageError for what it has no room for."""
    try:
        count = operator.index(value)
    except TypeError:
        count = -1
    if not 0 <= count < 2 ** (bits - 1):
        raise UsageError(f"`{name}` is {value!r}")
    return count


def seed_bits(seed: Any) -> int:
    """A seed, of which 64 bits count."""
    return operator.index(seed) & (2**64 - 1)


def optional(text: Optional[str]) -> Optional[bytes]:
    return None if text is None else encoded(text)


def taken(pointer: c_void_p) -> str:
    """The text at a pointer, which is freed."""
    try:
        return ctypes.string_at(pointer).decode()
    finally:
        lib.ravine_free(pointer)


def answer(function: Any, *arguments: Any, finding: bool = False) -> str:
    """The text that a function gives by its last argument. `finding`: an answer of no is one too."""
    place = c_void_p()
    status = function(*arguments, byref(place))
    if status == OK or (finding and status == FINDING) or (place.value and status == PROGRAM and finding):
        return taken(place)
    if place.value:
        lib.ravine_free(place)
    raise failure(status)


def parsed(function: Any, *arguments: Any, finding: bool = False) -> Any:
    return json.loads(answer(function, *arguments, finding=finding))


def tensors(named: "list[tuple[str, tuple]]") -> "ctypes.Array[Tensor]":
    """Names and shapes as the library takes them."""
    made = (Tensor * max(len(named), 1))()
    for k, (name, shape) in enumerate(named):
        made[k].name = encoded(name if isinstance(name, bytes) else str(name))
        made[k].rank = len(shape)
        # What is longer would be cut to its last 64 bits.
        if any(abs(length) >= 2**63 for length in shape):
            raise UsageError(f"a length of {name!r} is beyond all memory: {tuple(shape)}")
        made[k].shape = (c_int64 * max(len(shape), 1))(*shape)
    return made

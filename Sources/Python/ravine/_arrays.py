"""Arrays of other libraries, as memory: by the buffer protocol and by DLPack, never copied."""

from __future__ import annotations

import ctypes
import sys
from ctypes import POINTER, c_char_p, c_int32, c_int64, c_uint8, c_uint16, c_uint64, c_void_p, py_object
from typing import Any, NamedTuple, Tuple

from ._errors import KindError

#: The names of the library's types, in its order.
TYPES = ("float32", "float64", "bfloat16", "float16")
WIDTHS = {"float32": 4, "float64": 8, "bfloat16": 2, "float16": 2}


class Memory(NamedTuple):
    """Where an array lies. `owner` keeps it there."""

    pointer: int
    type: str
    shape: Tuple[int, ...]
    writable: bool
    owner: Any


class _Device(ctypes.Structure):
    _fields_ = [("kind", c_int32), ("number", c_int32)]


class _Type(ctypes.Structure):
    _fields_ = [("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16)]


class _DLTensor(ctypes.Structure):
    _fields_ = [
        ("data", c_void_p),
        ("device", _Device),
        ("rank", c_int32),
        ("type", _Type),
        ("shape", POINTER(c_int64)),
        ("strides", POINTER(c_int64)),
        ("offset", c_uint64),
    ]


_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype = c_void_p
_pointer_of.argtypes = [py_object, c_char_p]

_BUFFER_TYPES = {"f": "float32", "d": "float64", "e": "float16"}
_DLPACK_TYPES = {(2, 16): "float16", (2, 32): "float32", (2, 64): "float64", (4, 16): "bfloat16"}


def _refuse(what: str, why: str) -> KindError:
    return KindError(f"{what}: {why}")


def _is_dense(shape: Tuple[int, ...], strides: Any, width: int) -> bool:
    expected = width
    if len(strides) != len(shape):
        return False
    for length, stride in zip(reversed(shape), reversed(strides)):
        if length == 0:
            return True
        if length != 1 and stride != expected:
            return False
        expected *= length
    return True


def _is_number(array: Any) -> bool:
    """Whether it is one of NumPy's numbers: their memory is gone as soon as it was asked for."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(array, numpy.generic)


def memory(array: Any, what: str) -> Memory:
    """Where the numbers of an array are.

    Raises KindError for what is no array of numbers of these types in the memory of the processor, or has gaps
    or another order than row by row.
    """
    if _is_number(array):
        # As the gradient of an array without axes, which NumPy gives in this form; nobody can write to it.
        place = memory(sys.modules["numpy"].asarray(array), what)
        return place._replace(writable=False)
    interface = getattr(array, "__array_interface__", None)
    if interface is not None:
        if hasattr(array, "mask"):
            raise KindError(f"{what}: the mask of a masked array has no meaning here")
        return _of_interface(array, interface, what)
    if hasattr(array, "__dlpack__"):
        return _of_dlpack(array, what)
    return _of_buffer(array, what)


def _of_interface(array: Any, interface: dict, what: str) -> Memory:
    kind = interface["typestr"]
    found = {"f4": "float32", "f8": "float64", "f2": "float16"}.get(kind[1:])
    # Types of sixteen bits that NumPy does not know itself are of two bytes without a meaning.
    if found is None and str(getattr(array, "dtype", "")) == "bfloat16":
        found = "bfloat16"
    if found is None or kind[0] == ">":
        raise KindError(f"{what}: numbers are of {getattr(array, 'dtype', kind)}; {', '.join(TYPES)} are taken")
    shape = tuple(interface["shape"])
    strides = interface.get("strides")
    if strides is not None and not _is_dense(shape, strides, WIDTHS[found]):
        raise _refuse(what, "the array has gaps or another order; numpy.ascontiguousarray makes one without")
    data = interface.get("data")
    if not isinstance(data, tuple):
        raise KindError(f"{what}: {type(array).__name__} does not say where its numbers are")
    pointer, is_read_only = data
    return Memory(pointer, found, shape, not is_read_only, (array, interface))


def _of_dlpack(array: Any, what: str) -> Memory:
    module = type(array).__module__.split(".")[0]
    source = array.detach() if hasattr(array, "detach") else array
    device = getattr(array, "__dlpack_device__", lambda: (1, 0))()
    if device[0] not in (1, 3):
        raise KindError(f"{what}: the array is on a device; only memory of the processor is taken")
    try:
        capsule = source.__dlpack__()
    except (BufferError, RuntimeError, TypeError) as why:
        raise KindError(f"{what}: {why}") from why
    tensor = ctypes.cast(_pointer_of(capsule, b"dltensor"), POINTER(_DLTensor)).contents
    found = _DLPACK_TYPES.get((tensor.type.code, tensor.type.bits))
    if found is None or tensor.type.lanes != 1:
        raise KindError(f"{what}: numbers are of {getattr(array, 'dtype', 'another type')}; "
                        f"{', '.join(TYPES)} are taken")
    shape = tuple(tensor.shape[k] for k in range(tensor.rank))
    if tensor.strides:
        strides = tuple(tensor.strides[k] for k in range(tensor.rank))
        if not _is_dense(shape, strides, 1):
            raise _refuse(what, "the array has gaps or another order; make it contiguous first")
    # Arrays of JAX are values: who writes through them changes what others have computed.
    writable = module not in ("jax", "jaxlib")
    return Memory((tensor.data or 0) + tensor.offset, found, shape, writable, (array, capsule))


def _of_buffer(array: Any, what: str) -> Memory:
    try:
        view = memoryview(array)
    except TypeError:
        raise KindError(f"{what}: {type(array).__name__} is no array") from None
    found = _BUFFER_TYPES.get(view.format.lstrip("@=<"))
    if found is None or view.format.startswith(">"):
        raise KindError(f"{what}: numbers are of format {view.format!r}; {', '.join(TYPES)} are taken")
    if not view.c_contiguous:
        raise _refuse(what, "the buffer has gaps or another order")
    if view.nbytes == 0:
        return Memory(0, found, tuple(view.shape), not view.readonly, view)
    if view.readonly:
        # ctypes takes the address of writable memory only: what is read is a copy.
        copied = ctypes.create_string_buffer(view.tobytes(), view.nbytes)
        return Memory(ctypes.addressof(copied), found, tuple(view.shape), False, copied)
    first = (ctypes.c_char * view.nbytes).from_buffer(array)
    return Memory(ctypes.addressof(first), found, tuple(view.shape), True, (view, first))


"""What a step does to tensors: one expression for each memory, as it stands."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from . import expression as ex
from .errors import OperationError, RandomnessError
from .expression import Expression
from .foreign import Place, caller, here
from .host import LOW
from .operations import DRAWING, ELEMENTS, MAKING, MATRICES, REDUCTIONS, VIEWS
from .recording import Recording, made_of, script
from .shapes import Shapes, squeezed
from .sums import written_out


class Lengths(tuple):
    """The shape of a tensor whose lengths carry names."""

    def numel(self) -> Any:
        total: Any = 1
        for one in self:
            total = one * total
        return total

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return Lengths(found) if isinstance(place, slice) else found


class Memory:
    """What lies in a storage: the expression of a tensor of this shape and these strides."""

    __slots__ = ("expression", "shape", "stride", "offset", "storage", "born", "place")

    def __init__(self, tensor: torch.Tensor, made: Expression) -> None:
        self.expression = made
        self.shape, self.stride = tuple(tensor.shape), tensor.stride()
        self.offset = tensor.storage_offset()
        self.storage = tensor.untyped_storage()
        #: What it held when it was made, and the kind of that.
        self.born: Expression = made
        #: Where it was written last.
        self.place: Optional[Place] = None


class Tensors(Shapes):
    """The memories of one step, and the lengths of the parameter that name others."""

    def __init__(self, shape: Sequence[int], sizes: bool = True) -> None:
        super().__init__(shape)
        self.memories: Dict[int, Memory] = {}
        self.notes: List[str] = []
        self.sizes = sizes

    # Memory

    def set(self, tensor: torch.Tensor, made: Expression) -> None:
        """The tensor as a whole holds this now."""
        key = tensor.untyped_storage()._cdata
        memory = self.memories.get(key)
        if memory is None:
            memory = self.memories[key] = Memory(tensor, made)
            memory.place = here()
            return
        if tensor.numel() != math.prod(memory.shape):
            raise OperationError(
                "only a part of a tensor is written, which is no equation for all of it", "partial write", caller()
            )
        memory.expression, memory.place = self._moved(made, tuple(tensor.shape), tensor, memory, back=True), here()

    def get(self, tensor: torch.Tensor) -> Expression:
        """What the tensor holds."""
        memory = self.memories.get(tensor.untyped_storage()._cdata)
        if memory is None:
            return self._constant(tensor)
        return self._moved(memory.expression, tuple(tensor.shape), tensor, memory)

    def born(self, tensor: torch.Tensor) -> Optional[Expression]:
        memory = self.memories.get(tensor.untyped_storage()._cdata)
        return None if memory is None else memory.born

    def place(self, tensor: torch.Tensor) -> Optional[Place]:
        """Where the tensor was written last."""
        memory = self.memories.get(tensor.untyped_storage()._cdata)
        return None if memory is None else memory.place

    def _constant(self, tensor: torch.Tensor) -> Expression:
        """A tensor that was there before and is no state: numbers, if they are all one."""
        with torch._C._DisableTorchDispatch():
            values = tensor.detach().reshape(-1).double().tolist() if tensor.numel() else [0.0]
        if any(one != values[0] for one in values):
            raise OperationError(
                f"a tensor of shape {list(tensor.shape)} is read that is neither weight, gradient nor state",
                "unknown tensor", caller(),
            )
        return ex.number(values[0])

    def _moved(
        self, made: Expression, shape: Tuple[int, ...], tensor: torch.Tensor, memory: Memory, back: bool = False
    ) -> Expression:
        """An expression of a memory as the view `tensor` of it shows it, or back."""
        stride, offset = tensor.stride(), tensor.storage_offset()
        if shape == memory.shape and stride == memory.stride and offset == memory.offset:
            return made
        # What is stretched holds the same numbers.
        narrow = tuple(n if s != 0 else 1 for n, s in zip(shape, stride))
        if math.prod(narrow) != math.prod(memory.shape):
            if math.prod(narrow) == 1 and made.is_number:
                return made
            raise OperationError(
                f"a part of a tensor, {list(shape)} of {list(memory.shape)}, is used by itself", "partial read", caller()
            )
        ours = [(n, s) for n, s in zip(narrow, stride) if n != 1]
        its = [(n, s) for n, s in zip(memory.shape, memory.stride) if n != 1]
        start, end = (narrow, memory.shape) if back else (memory.shape, narrow)
        if ours == its:
            return self.reshaped(made, start, end)
        if ours == its[::-1] and len(its) == 2:
            if back:
                return self.reshaped(ex.apply("transpose", made), squeezed(narrow)[::-1], memory.shape)
            return self.reshaped(ex.apply("transpose", made), squeezed(memory.shape)[::-1], narrow)
        if _dense(narrow, stride) and _dense(memory.shape, memory.stride):
            return self.reshaped(made, start, end)
        raise OperationError(
            f"a view of {list(memory.shape)} as {list(shape)} is neither a transpose nor a reshape", "view", caller()
        )

    def recorded(self, n: int) -> Any:
        """A length as a number that knows whose it is."""
        name = self.names.get(n)
        return n if name is None or not self.sizes else Recording(n, name)


def _dense(shape: Sequence[int], stride: Sequence[int]) -> bool:
    expected = 1
    for n, s in zip(reversed(tuple(shape)), reversed(tuple(stride))):
        if n != 1:
            if s != expected:
                return False
            expected *= n
    return True


class Outer(TorchFunctionMode):
    """Sees calls as they are written: which recorded numbers come in, and where a tensor becomes a number."""

    def __init__(self, tensors: Tensors, inner: "Inner") -> None:
        super().__init__()
        self.tensors, self.inner = tensors, inner

    def __torch_function__(self, function: Any, types: Any, args: Any = (), named: Any = None) -> Any:
        named = named or {}
        name = getattr(function, "__name__", "")
        if name == "__get__":
            owner = getattr(getattr(function, "__self__", None), "__name__", "")
            if owner == "shape":
                return Lengths(map(self.tensors.recorded, function(*args, **named)))
            return function(*args, **named)
        if name == "size":
            found = function(*args, **named)
            return self.tensors.recorded(found) if isinstance(found, int) else Lengths(map(self.tensors.recorded, found))
        if name in ("numel", "nelement"):
            return self.tensors.recorded(function(*args, **named))
        if name in ("item", "__float__", "__int__", "__bool__", "__index__", "is_nonzero"):
            return self._number(name, function, args, named)
        if name in ("equal", "allclose"):
            return self._agree(name, function, args, named)
        if name in ("tolist", "numpy"):
            one = args[0]
            if one.numel() == 1 and name == "tolist":
                plain = function(*args, **named)
                return Recording(plain, self.tensors.get(one)) if not isinstance(plain, (list, bool)) else plain
            if not self.tensors.get(one).is_number:
                raise OperationError(f"a tensor is taken out of PyTorch by `{name}`", name, caller())
        if name == "__deepcopy__":
            # Of memory byte by byte nobody would know what it is.
            return args[0].detach().clone()
        if name == "einsum":
            found = written_out(*args, **named)
            if found is not None:
                return found
        if name == "quantile" and len(args) == 2 and not named and isinstance(args[1], (int, float)):
            with torch._C._DisableTorchDispatch():
                plain = function(args[0], float(args[1]))
            self.tensors.set(plain, ex.apply("quantile", self.tensors.get(args[0]), made_of(args[1])))
            return plain
        if name in ("manual_seed", "backward"):
            raise OperationError(f"`{name}` is called within the step", name, caller())
        if named.get("dtype") in LOW:
            self.inner.note_cast(str(named["dtype"])[6:])
            named = {**named, "dtype": torch.float64}
        numbers: List[Recording] = []
        _collect(args, numbers)
        _collect(named, numbers)
        self.inner.numbers.append(numbers)
        try:
            result = function(*args, **named)
        finally:
            self.inner.numbers.pop()
        if name in ("tensor", "as_tensor", "scalar_tensor", "asarray") and isinstance(result, torch.Tensor):
            source = args[0] if args else named.get("data")
            if isinstance(source, Recording):
                self.tensors.set(result, source.expression)
        return result

    def _agree(self, name: str, function: Any, args: Any, named: Any) -> bool:
        """Whether two tensors are the same, or nearly."""
        a, b = (self.tensors.get(one) for one in args[:2])
        with torch._C._DisableTorchDispatch():
            plain = function(*args, **named)
        if name == "equal":
            return script().decide(ex.apply("all", ex.apply("eq", a, b)), bool(plain))
        rest = dict(zip(("rtol", "atol"), args[2:]), **named)
        relative, absolute = rest.get("rtol", 1e-5), rest.get("atol", 1e-8)
        bound = ex.add(made_of(absolute), ex.multiply(made_of(relative), ex.apply("abs", b)))
        near = ex.apply("le", ex.apply("abs", ex.subtract(a, b)), bound)
        return script().decide(near if args[0].numel() == 1 else ex.apply("all", near), bool(plain))

    def _number(self, name: str, function: Any, args: Any, named: Any) -> Any:
        tensor = args[0]
        plain = function(*args, **named)
        made = self.tensors.get(tensor)
        if name in ("__bool__", "is_nonzero") or tensor.dtype == torch.bool:
            return plain if made.is_number else script().decide(ex.condition(made), bool(plain))
        return plain if name == "__index__" or made.is_number else Recording(plain, made)


def _collect(value: Any, found: List[Recording]) -> None:
    if isinstance(value, Recording):
        found.append(value)
    elif isinstance(value, (list, tuple)):
        for one in value:
            _collect(one, found)
    elif isinstance(value, dict):
        for one in value.values():
            _collect(one, found)


class Inner(TorchDispatchMode):
    """Sees the operations that are done, each with the tensors that it reads and writes."""

    def __init__(self, tensors: Tensors) -> None:
        super().__init__()
        self.tensors = tensors
        self.numbers: List[List[Recording]] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), named: Any = None) -> Any:
        named = dict(named or {})
        full = function._schema.name.split("::")[1]
        if function._schema.name.startswith("profiler::"):
            return function(*args, **named)
        if not function._schema.name.startswith("aten::") and not function._schema.name.startswith("prims::"):
            raise OperationError(f"the operation `{function._schema.name}` is not one of PyTorch's", full, caller())
        if full.rstrip("_") in DRAWING or full in DRAWING:
            raise RandomnessError(
                f"the step draws by `{full}`: which numbers these are cannot be told, and so not be replayed",
                full, caller(),
            )
        kind = named.get("dtype")
        if kind in LOW:
            named["dtype"] = torch.float64
            self.note_cast(f"{str(kind)[6:]}")
        if full in ("promote_types", "_linalg_check_errors") or not function._schema.arguments and full not in MAKING:
            return function(*args, **named)
        if full == "_foreach_copy_" or not full.startswith("_foreach_"):
            if full.startswith("_foreach_"):
                for one, other in zip(args[0], args[1]):
                    self.tensors.set(one, self._expression(other))
                return function(*args, **named)
            return self._one(function, full, args, named)
        return self._each(function, full, args, named)

    def note_cast(self, text: str) -> None:
        if text not in self.tensors.notes:
            self.tensors.notes.append(text)

    def _each(self, function: Any, full: str, args: Any, named: Any) -> Any:
        """An operation on lists of tensors, one after the other."""
        base = full[len("_foreach_"):]
        count = len(args[0])
        base_name = base[:-1] if base.endswith("_") else base
        made = []
        for k in range(count):
            def entry(one: Any) -> Any:
                return one[k] if isinstance(one, (list, tuple)) and len(one) == count else one

            given = {key: entry(one) for key, one in named.items()}
            made.append(self._made(base_name, [entry(one) for one in args], given))
        result = function(*args, **named)
        for k in range(count):
            if base.endswith("_"):
                self.tensors.set(args[0][k], made[k])
            else:
                self.tensors.set(result[k], made[k])
        return result

    def _one(self, function: Any, full: str, args: Any, named: Any) -> Any:
        schema = function._schema
        base = full[:-1] if full.endswith("_") and not full.startswith("__") else full
        writes = [k for k, one in enumerate(schema.arguments) if one.alias_info is not None and one.alias_info.is_write]
        if base in VIEWS or full in VIEWS:
            result = function(*args, **named)
            return result
        if full in ("_local_scalar_dense",):
            result = function(*args, **named)
            made = self.tensors.get(args[0])
            if not made.is_number and self.numbers:
                self.numbers[-1].append(Recording(result, made))
            return result
        made = self._made(base, list(args), named)
        result = function(*args, **named)
        if writes:
            targets: List[torch.Tensor] = []
            for k in writes:
                name = schema.arguments[k].name
                targets.append(args[k] if k < len(args) else named[name])
            values = made if isinstance(made, list) else [made]
            for target, value in zip(targets, values):
                self.tensors.set(target, value)
        elif isinstance(result, torch.Tensor):
            self._place(args, result, made)
        else:
            for one, value in zip(result, made):
                if isinstance(one, torch.Tensor):
                    self._place(args, one, value)
        return result

    def _place(self, args: Any, result: torch.Tensor, made: Expression) -> None:
        """The expression of a result. One that shares memory with an operand is that, seen in another way."""
        key = result.untyped_storage()._cdata
        if key not in self.tensors.memories or not any(
            isinstance(one, torch.Tensor) and one.untyped_storage()._cdata == key for one in args
        ):
            # The memory of another tensor that is gone may be used again.
            self.tensors.memories.pop(key, None)
            self.tensors.set(result, made)

    def _expression(self, value: Any) -> Expression:
        if isinstance(value, torch.Tensor):
            return self.tensors.get(value)
        if isinstance(value, Recording):
            return value.expression
        if isinstance(value, complex):
            raise OperationError("a complex number is used", "complex", caller())
        return self._plain(float(value))

    def _plain(self, value: float) -> Expression:
        """A plain number, found again among the recorded ones of the calls that it came through."""
        for numbers in reversed(self.numbers):
            for one in reversed(numbers):
                if float(one) == value:
                    return one.expression
                if -float(one) == value:
                    return ex.scaled(one.expression, -1)
        return ex.number(value)

    def _made(self, base: str, args: List[Any], named: Dict[str, Any]) -> Any:
        """The expression of what an operation gives."""
        out = named.get("out")
        named = {key: one for key, one in named.items() if key not in (
            "out", "device", "pin_memory", "layout", "memory_format", "non_blocking")}
        if base in MAKING:
            return self._maker(base, args, named)
        if base in ELEMENTS:
            rank = max([one.dim() for one in args if isinstance(one, torch.Tensor)], default=0)
            operands = []
            for one in args:
                if isinstance(one, torch.Tensor):
                    operands.append(self.tensors.beside(self.tensors.get(one), one.shape, rank))
                elif one is None or isinstance(one, (str, torch.dtype)):
                    operands.append(one)
                elif isinstance(one, (list, tuple)):
                    operands.append(one)
                else:
                    operands.append(self._expression(one))
            given = {
                key: self._expression(one) if isinstance(one, (torch.Tensor, int, float)) and not isinstance(one, bool)
                else one
                for key, one in named.items()
            }
            return ELEMENTS[base](*operands, **given)
        if base in REDUCTIONS:
            return self._reduction(base, args, named)
        if base in MATRICES:
            return MATRICES[base](self, *args, **named)
        raise OperationError(f"there is no word for the operation `{base}`", base, caller())

    def _maker(self, base: str, args: List[Any], named: Dict[str, Any]) -> Expression:
        if base in ("zeros", "zeros_like", "new_zeros", "zero", "empty", "empty_like", "new_empty", "empty_strided",
                    "new_empty_strided"):
            return ex.ZERO
        if base in ("ones", "ones_like", "new_ones"):
            return ex.ONE
        places = {"scalar_tensor": 0, "fill": 1, "full": 1, "full_like": 1, "new_full": 2}
        if base in places:
            return self._expression(args[places[base]])
        if base == "eye":
            names = self.tensors.names
            return ex.apply("eye", *(names.get(int(one), ex.number(int(one))) for one in args if isinstance(one, int)))
        raise OperationError(f"there is no word for the operation `{base}`", base, caller())

    def _reduction(self, base: str, args: List[Any], named: Dict[str, Any]) -> Any:
        x: torch.Tensor = args[0]
        made = self.tensors.get(x)
        rest = list(args[1:])
        order = None
        if base in ("linalg_vector_norm", "norm"):
            order = rest.pop(0) if rest else named.get("ord", named.get("p", 2))
            order = 2.0 if order is None else float(order)
        axes = rest.pop(0) if rest else named.get("dim")
        keep = rest[0] if rest and isinstance(rest[0], bool) else named.get("keepdim", False)
        function = REDUCTIONS[base]
        axes = [axes] if isinstance(axes, int) and not isinstance(axes, bool) else list(axes or [])
        folds = {2.0: "norm", 1.0: "sum", math.inf: "max", -math.inf: "min"}
        word = function if order is None else folds.get(order, "power")
        if order in (1.0, math.inf, -math.inf):
            made = ex.apply("abs", made)
        if word == "power":
            total = self.tensors.folded("sum", ex.power(ex.apply("abs", made), order), x.shape, axes, keep)
            return ex.power(total, 1 / order)
        if word in ("std", "var") and len(axes) in (0, x.dim()):
            return self._spread(word, made, x.numel(), named)
        whole = self.tensors.folded(word, made, x.shape, axes, keep)
        return [whole, ex.ZERO] if base in ("max", "min") and axes else whole

    def _spread(self, word: str, made: Expression, count: int, named: Dict[str, Any]) -> Expression:
        """A variance divided by other than the number of elements."""
        correction = named.get("correction", 1)
        correction = 1 if correction is None else correction
        if correction == 0:
            return ex.apply(word, made)
        n = self.tensors.length(count)
        share = ex.divide(n, ex.subtract(n, correction))
        return ex.multiply(ex.apply(word, made), share if word == "var" else ex.apply("sqrt", share))

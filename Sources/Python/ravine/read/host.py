"""An optimizer of PyTorch as something to be made, stepped and looked into."""

from __future__ import annotations

import collections
import inspect
import warnings
from contextlib import contextmanager, nullcontext
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from . import walks
from .calls import PARAMETERS, Call, Numbers, Reader
from .errors import ConstructionError, LimitError, OperationError
from .foreign import foreign
from .hyperparameters import Arguments

#: Where a value lies: in the state of a parameter, in the group or in the optimizer itself, and the keys to it.
Path = Tuple[Any, ...]
Shape = Tuple[int, ...]
#: What asks for these is done in double precision.
LOW = (torch.bfloat16, torch.float16, torch.float32)


class ExactCalls(TorchFunctionMode):
    """Makes tensors of double precision of numbers where less is asked for."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), named: Any = None) -> Any:
        named = dict(named or {})
        if named.get("dtype") in LOW:
            named["dtype"] = torch.float64
        return function(*args, **named)


class Exact(TorchDispatchMode):
    """Computes in double precision what asks for less."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), named: Any = None) -> Any:
        named = dict(named or {})
        if named.get("dtype") in LOW:
            named["dtype"] = torch.float64
        return function(*args, **named)


@contextmanager
def double_precision() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def as_written() -> Any:
    """Within, what is to be compiled runs as it is written."""
    return torch.compiler.set_stance("force_eager") if hasattr(torch.compiler, "set_stance") else nullcontext()


class Host:
    """A class of optimizers with its arguments."""

    def __init__(self, cls: Callable[..., Any], arguments: Arguments, group: Optional[Dict[str, Any]] = None) -> None:
        self.cls, self.arguments, self.group = cls, arguments, group
        self.name = getattr(cls, "__name__", "Mine")
        self.has_closure = False
        module = getattr(cls, "__module__", "") or ""
        packages = {module.split(".")[0] if not module.startswith("torch") else "torch.optim"}
        for one in inspect.getmro(cls) if inspect.isclass(cls) else ():
            top = one.__module__.split(".")[0]
            packages.add("torch.optim" if top == "torch" else top)
        self.packages = tuple(sorted(packages - {"builtins", "typing", "abc"}))
        #: Where its own methods look for names, which may be no module.
        self.spaces: List[Dict[str, Any]] = []
        for one in inspect.getmro(cls) if inspect.isclass(cls) else (cls,):
            for function in vars(one).values() if inspect.isclass(one) else (one,):
                space = getattr(inspect.unwrap(function) if callable(function) else function, "__globals__", None)
                if space is not None and not str(space.get("__name__")).startswith(("torch", "ravine.")):
                    if not any(space is known for known in self.spaces):
                        self.spaces.append(space)

    @property
    def title(self) -> str:
        return f"{getattr(self.cls, '__module__', '')}.{self.name}"

    def takes(self, numbers: Dict[str, Any]) -> Optional[Exception]:
        """Why it cannot be made with these numbers, or nothing."""
        try:
            with double_precision():
                self.make(first_weights([(5, 3)], 1), numbers)
            return None
        except LimitError:
            raise
        except Exception as error:  # of any kind: it is of the optimizer
            return error

    def traced(self, walks: Sequence[Dict[str, Any]], fixed: Set[str], shape: Shape, options: Any) -> Any:
        """What a step does to tensors of one shape, and the hyperparameters that lengths or counts are made of."""
        from .trace import Trace

        trace = Trace(self, walks, fixed, shape, **options)
        made = trace.read()
        return made, trace.structural

    def make(self, parameters: Sequence[torch.Tensor], numbers: Dict[str, Any]) -> Any:
        called = self.arguments.called(numbers)
        if "foreach" in self.arguments.values and self.arguments.values["foreach"] is None:
            called["foreach"] = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = [{"params": list(parameters), **self.group}] if self.group else list(parameters)
            with foreign(f"making `{self.name}`"), as_written():
                return _training(self.cls(given, **called))

    def step(self, optimizer: Any, loss: Any = None, has_moved: Callable[[], bool] = lambda: False) -> None:
        """One step; with the loss where it is asked for, at the weights that the gradient is of."""
        with warnings.catch_warnings(), foreign("a step"), as_written():
            warnings.simplefilter("ignore")
            if not self.has_closure:
                optimizer.step()
                return
            calls = 0

            def closure() -> Any:
                nonlocal calls
                calls += 1
                if calls > 1 or has_moved():
                    raise OperationError(
                        "a step asks its closure for the loss and the gradient at points of its own", "closure"
                    )
                return loss

            optimizer.step(closure)

    def run(
        self, shapes: Sequence[Sequence[int]], numbers: Dict[str, Any], seed: int, steps: int, walk: Any = walks
    ) -> List[List[Any]]:
        """The weights after each step of a walk."""
        with double_precision(), Exact(), ExactCalls():
            parameters = first_weights(shapes, seed, walk)
            optimizer = self.make(parameters, numbers)
            made: List[List[Any]] = []
            for k in range(1, steps + 1):
                for one, gradient in zip(parameters, gradients(shapes, seed, k, walk)):
                    one.grad = gradient
                self.step(optimizer, losses(seed, k, walk))
                made.append([one.detach().clone().numpy() for one in parameters])
        return made


class Construction(Host):
    """An optimizer around others, as ``pytorch_optimizer.Lookahead(torch.optim.AdamW(params), k=5)``."""

    def __init__(self, text: str) -> None:
        numbers = Numbers()
        self.call = Reader(text, numbers, {"torch": torch, "params": PARAMETERS}).call
        super().__init__(self.call.function, numbers)
        self.name, self._title = self.call.function.__name__, text
        within = [self.call]
        for one in within:
            within += [part for part in [*one.positional, *one.named.values()] if isinstance(part, Call)]
            self.packages += Host(one.function, numbers).packages
            classes = [part for part in [*one.positional, *one.named.values()] if inspect.isclass(part)]
            self.packages += sum((Host(part, numbers).packages for part in classes), ())

    @property
    def title(self) -> str:
        return self._title

    def make(self, parameters: Sequence[torch.Tensor], numbers: Dict[str, Any]) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with foreign(f"making `{self.name}`"), as_written():
                return _training(self.call.made(numbers, list(parameters)))


def _training(optimizer: Any) -> Any:
    """As it is before steps are made: some have to be told."""
    if not hasattr(optimizer, "state") or not hasattr(optimizer, "param_groups"):
        raise ConstructionError(f"`{type(optimizer).__name__}` has no `state` and no `param_groups` of its own", "state")
    if callable(getattr(optimizer, "train", None)):
        optimizer.train()
    return optimizer


def first_weights(shapes: Sequence[Sequence[int]], seed: int, walk: Any = walks) -> List[torch.nn.Parameter]:
    return [torch.nn.Parameter(torch.from_numpy(one)) for one in walk.first_weights(shapes, seed)]


def gradients(shapes: Sequence[Sequence[int]], seed: int, k: int, walk: Any = walks) -> List[torch.Tensor]:
    return [torch.from_numpy(one) for one in walk.gradients(shapes, seed, k)]


def losses(seed: int, k: int, walk: Any = walks) -> torch.Tensor:
    return torch.tensor(walk.loss(seed, k), dtype=torch.float64)


def leaves(optimizer: Any, parameter: torch.Tensor) -> Dict[Path, Any]:
    """Numbers and tensors that an optimizer keeps for a parameter, for its group and for itself; those of an optimizer
    within it stand behind that one's name."""
    found: Dict[Path, Any] = {}
    for within, one in optimizers(optimizer):
        if parameter in one.state and (not within or one.state is not optimizer.state):
            _walk(("state", *within), one.state[parameter], found)
        if not within or one.param_groups is not optimizer.param_groups:
            for key, value in one.param_groups[0].items():
                if key != "params":
                    _walk(("group", *within, key), value, found)
        for key, value in one.state.items():
            if not isinstance(key, torch.Tensor):
                _walk(("shared", *within, key), value, found)
        for key, value in vars(one).items():
            if key in ("state", "param_groups", "defaults") or key.startswith(("_optimizer_", "__")):
                continue
            _walk(("object", *within, key), value, found)
    return found


class Within(str):
    """The name of an optimizer within another."""


def optimizers(optimizer: Any) -> List[Tuple[Tuple[Within, ...], Any]]:
    found: List[Tuple[Tuple[Within, ...], Any]] = [((), optimizer)]
    for name, value in vars(optimizer).items():
        if isinstance(value, torch.optim.Optimizer) and value is not optimizer:
            found += [((Within(name), *rest), one) for rest, one in optimizers(value)]
    return found


class Attribute(str):
    """The name of an attribute on the way to a value."""


def _walk(path: Path, value: Any, found: Dict[Path, Any], depth: int = 0) -> None:
    if isinstance(value, bool) or value is None or depth > 6:
        return
    if isinstance(value, (int, float, torch.Tensor)):
        found[path] = value
    elif isinstance(value, dict):
        for k, (key, one) in enumerate(value.items()):
            # A number as a key is another one with other hyperparameters: its place is not.
            if not isinstance(key, torch.Tensor):
                _walk(path + (k if isinstance(key, float) else key,), one, found, depth + 1)
    elif isinstance(value, list):
        for k, one in enumerate(value):
            _walk(path + (k,), one, found, depth + 1)
    elif isinstance(value, collections.deque):
        # The newest is the last, however many there are yet.
        for k, one in enumerate(value):
            _walk(path + (k - len(value),), one, found, depth + 1)
    elif path[0] == "state" and hasattr(value, "__dict__") and not callable(value):
        for key, one in vars(value).items():
            _walk(path + (Attribute(key),), one, found, depth + 1)


def place(optimizer: Any, parameter: torch.Tensor, path: Path, value: Any) -> None:
    """Puts a number where it lies."""
    root, keys = path[0], path[1:]
    while isinstance(keys[0], Within):
        optimizer, keys = getattr(optimizer, keys[0]), keys[1:]
    holder: Any = optimizer
    if root == "object":
        keys = (Attribute(keys[0]), *keys[1:])
    else:
        holder = {"state": optimizer.state.get(parameter), "group": optimizer.param_groups[0]}.get(root, optimizer.state)
    for key in keys[:-1]:
        holder = getattr(holder, key) if isinstance(key, Attribute) else holder[key]
    if isinstance(keys[-1], Attribute):
        setattr(holder, keys[-1], value)
    else:
        holder[keys[-1]] = value

"""Rules: equations with values for their hyperparameters."""

from __future__ import annotations

from ctypes import byref, c_uint64
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ._library import answer, encoded, encoded_path, lib, optional, parsed, require, tensors

if TYPE_CHECKING:
    from pathlib import Path

    from .optimizer import Optimizer

Shapes = Union[Mapping[str, Sequence[int]], Sequence[Tuple[str, Sequence[int]]]]


def _written(value: Any) -> str:
    """A value of Python as the language writes it."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_written(one) for one in value) + "]"
    return value if isinstance(value, str) else repr(float(value)) if not isinstance(value, int) else str(value)


def written_call(call: str, values: Mapping[str, Any]) -> str:
    """A call with further arguments."""
    if not values:
        return call
    given = ", ".join(f"{name} = {_written(value)}" for name, value in values.items())
    call = call.strip()
    if call.endswith(")"):
        inside = call[:-1].rstrip()
        return f"{inside}{'' if inside.endswith('(') else ', '}{given})"
    return f"{call}({given})"


def _remade(text: str, call: Optional[str], values: Dict[str, Any]) -> "Rule":
    """A rule from what another was made of."""
    return Rule(text, call, **values)


class Rule:
    """A rule that comes with Ravine, by name, or of a text that declares it.

    >>> ravine.Rule("Lion")
    >>> ravine.Rule("AdamW", lr="cosine(1e-3)", λ=0.1)
    >>> ravine.Rule('''
    ... rule Mine(lr = 0.1, β = 0.9) {
    ...     state m
    ...     m' = ema(m, g, β)
    ...     w' = w - lr * sign(m')
    ... }
    ... ''')

    Args:
        text: A call of a rule, or declarations.
        call: Which rule of the declarations, with values; the last one without it.
        values: Hyperparameters by name: numbers, or expressions of the language as text.

    Raises:
        ProgramError: with the place of what is wrong, and what would mend it.
    """

    def __init__(self, text: str, call: Optional[str] = None, **values: Any) -> None:
        handle = c_uint64()
        self._handle = 0
        if not isinstance(text, str):
            raise TypeError(f"a rule is its name or a text that declares it, not {text!r}")
        if "{" in text or "\n" in text.strip():
            if values and call is None:
                require(lib.ravine_rule_from_source(encoded(text), None, None, byref(handle)))
                first = Rule._of(handle.value)
                call = first.name
                handle = c_uint64()
            named = None if call is None else encoded(written_call(call, values))
            require(lib.ravine_rule_from_source(encoded(text), named, None, byref(handle)))
        else:
            require(lib.ravine_rule_from_zoo(encoded(written_call(text, values)), byref(handle)))
        self._adopt(handle.value)
        self._made: Tuple[Any, ...] = (text, call, values)

    @classmethod
    def file(cls, path: Union[str, Path], call: Optional[str] = None) -> "Rule":
        """A rule of a file; the last one unless `call` names another, as ``Mine(lr = 1e-3)``."""
        handle = c_uint64()
        require(lib.ravine_rule_from_file(encoded_path(path), optional(call), byref(handle)))
        self = cls._of(handle.value)
        with open(path, encoding="utf-8") as file:
            self._made = (file.read(), call or self.name, {})
        return self

    @classmethod
    def _of(cls, handle: int) -> "Rule":
        self = cls.__new__(cls)
        self._handle = 0
        self._adopt(handle)
        return self

    def _adopt(self, handle: int) -> None:
        self._handle = handle
        self._manifest: Dict[str, Any] = parsed(lib.ravine_rule_manifest, handle)

    def __del__(self) -> None:
        handle, self._handle = getattr(self, "_handle", 0), 0
        if handle:
            lib.ravine_rule_free(handle)

    def __reduce__(self) -> Any:
        return _remade, self._made

    # What it is

    @property
    def name(self) -> str:
        """The name of the declaration."""
        return self._manifest["name"]

    @property
    def label(self) -> str:
        """As it was written, as ``AdamW(lr = 1e-3)``."""
        return self._manifest["label"]

    @property
    def source(self) -> str:
        """The equations that it stands for, as text that declares it."""
        return self._manifest["source"]

    @property
    def documentation(self) -> str:
        return "\n".join(self._manifest["documentation"])

    @property
    def hyperparameters(self) -> Dict[str, float]:
        """Their values at the first step."""
        return {one["name"]: float(one["value"]) for one in self._manifest["hyperparameters"]}

    @property
    def states(self) -> List[str]:
        """The names of its states, whatever the route."""
        names: List[str] = []
        for variant in self._manifest["variants"]:
            names += [name for name in variant["states"] if name not in names]
        return names

    @property
    def latex(self) -> str:
        """Its equations, for amsmath."""
        return answer(lib.ravine_latex, self._handle)

    def describe(self, shapes: Optional[Shapes] = None) -> Dict[str, Any]:
        """Hyperparameters, states and the cost of a step, for these tensors where some are named."""
        named = list((shapes or {}).items()) if isinstance(shapes or {}, Mapping) else list(shapes or [])
        return parsed(lib.ravine_describe, self._handle, tensors(named), len(named))

    def __repr__(self) -> str:
        return f"ravine.Rule({self.label!r})"

    def _repr_latex_(self) -> str:
        # Inside of a displayed formula the environment is another.
        return "$$\n" + self.latex.strip().replace("{align*}", "{aligned}") + "\n$$"

    # What it does

    def bind(self, parameters: Any, **options: Any) -> Optimizer:
        """An optimizer for these arrays: see `Optimizer`."""
        from . import optimizer

        return optimizer.Optimizer(self, parameters, **options)

    def export(self, target: str) -> str:
        """The rule as a file that needs nothing of Ravine's: ``c``, ``torch``, ``optax``, ``numpy``, ``latex``.

        Raises ProgramError where the language cannot say it.
        """
        return answer(lib.ravine_export, self._handle, encoded(target))

    def replay(self, trajectory: Union[str, Mapping[str, Any]]) -> Dict[str, Any]:
        """Replays a recorded run, a mapping or its JSON: whether it ``holds``, and how far it is off."""
        import json

        text = trajectory if isinstance(trajectory, str) else json.dumps(trajectory)
        return parsed(lib.ravine_replay, self._handle, encoded(text), finding=True)

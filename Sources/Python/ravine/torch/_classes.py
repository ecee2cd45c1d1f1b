"""Classes of rules: with a signature of their own, and found again by name when they are unpickled."""

from __future__ import annotations

import copyreg
import difflib
import functools
import inspect
import os
from typing import Any, Dict, Optional, Sequence, Tuple, Union

import torch

from .._errors import ProgramError
from ..rule import Rule
from ..signatures import Signature, signature
from ._optimizer import Parameters, RuleOptimizer

#: What every class takes besides its hyperparameters, as its signature shows it.
_OPTIONS = (
    "maximize: bool = False, total_steps: int = 0, seed: int = 0, engine: str = 'auto', "
    "foreach: Optional[bool] = None, fused: Optional[bool] = None"
)
_OPTIONS_TEXT = """    maximize: Whether to go up and not down.
    total_steps: The planned number of steps, for schedules that end.
    seed: Of random draws.
    engine: ``auto``, ``interpreter``, ``native`` or ``reference``; ``torch`` for steps as PyTorch's own operations
        on every device.
    foreach, fused: Taken as torch.optim does, and not read: a step is one call."""


class RuleType(type(RuleOptimizer)):  # type: ignore[misc]
    """The class of the classes of rules."""


def _reduced(made: RuleType) -> Any:
    if made.__module__ == "ravine.torch":
        return made.__qualname__
    return _remade, made._made


copyreg.pickle(RuleType, _reduced)

_made: Dict[Tuple[str, Optional[str]], RuleType] = {}


def _remade(text: str, call: Optional[str]) -> RuleType:
    if (text, call) not in _made:
        _made[text, call] = _class(signature(text, call), "ravine.torch.rules", text, call)
    return _made[text, call]


def rule(given: Union[str, os.PathLike, Rule], call: Optional[str] = None) -> RuleType:
    """The class of a rule: of a file (``"my.opt:Mine"``; the last one without a name), of a text that declares it,
    of a call (``"Cautious(AdamW)"``), or of a `ravine.Rule`."""
    if isinstance(given, Rule):
        text, own, values = given._made
        from ..rule import written_call

        if "{" in text or "\n" in text.strip():
            return _remade(text, written_call(own or given.name, values) if values else call or own)
        return _remade(written_call(text, values), None)
    text = os.fspath(given)
    if "{" in text or "\n" in text.strip():
        return _remade(text, call)
    path, _, name = text.partition(":")
    if path.endswith(".opt") or os.path.isfile(path):
        with open(path, encoding="utf-8") as file:
            return _remade(file.read(), call or name or None)
    return of_zoo(text) if text.isidentifier() else _remade(text, call)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e6 else "float('inf')" if value == float("inf") else repr(value)
    return repr(value)


def _class(sign: Signature, module: str, text: str, call: Optional[str], name: Optional[str] = None) -> RuleType:
    """A class whose constructor takes the hyperparameters of a rule by name."""
    documented = []
    parameters = []
    for one in sign.hypers:
        kind = "Sequence[float]" if isinstance(one.default, tuple) else "Union[float, torch.Tensor, str]"
        if one.is_required:
            parameters.append(f"{one.name}: {kind}")
        elif one.default is None:
            parameters.append(f"{one.name}: Optional[{kind}] = None")
        else:
            parameters.append(f"{one.name}: {kind} = {_shown(one.default)}")
        notes = [f"in {one.domain}"] if one.domain else []
        notes += [f"`{one.text}` without"] if one.text else []
        notes += ["decides shapes"] if one.is_fixed and not isinstance(one.default, tuple) else []
        documented.append(f"    {one.name}: `{one.own}` of the rule{', ' if notes else ''}{', '.join(notes)}.")
    has_betas = {"beta1", "beta2"} <= set(sign.by_name)
    if has_betas:
        parameters.append("betas: Optional[Tuple[float, float]] = None")
        documented.append("    betas: `beta1` and `beta2` together, as torch.optim has them.")
    named = ", ".join(f"{one.name}={one.name}" for one in sign.hypers)
    taken = f"dict({named})" + (" | ({} if betas is None else self._signature.turned('betas', betas))" if has_betas else "")
    own = ", ".join(["self", "params: Parameters", "*", *parameters, _OPTIONS])
    source = (
        f"def __init__({own}) -> None:\n"
        f"    self._begin(params, {taken}, maximize, total_steps, seed, engine)\n"
    )
    space: Dict[str, Any] = {
        "Parameters": Parameters, "Optional": Optional, "Sequence": Sequence, "Tuple": Tuple, "Union": Union,
        "torch": torch,
    }
    exec(compile(source, f"<{sign.name} of ravine.torch>", "exec", dont_inherit=True), space)
    constructor = space["__init__"]
    name = name or sign.name
    constructor.__qualname__ = f"{name}.__init__"
    constructor.__module__ = module
    document = sign.base.documentation.strip() or sign.name
    document += "\n\nArgs:\n    params: Parameters, with or without names, or groups of them.\n"
    document += "\n".join(documented + [_OPTIONS_TEXT]) + "\n\nThe rule::\n\n"
    document += "\n".join("    " + line for line in sign.base.source.splitlines() if not line.startswith("##"))
    made = RuleType(
        name,
        (RuleOptimizer,),
        {
            "__init__": constructor,
            "__module__": module,
            "__qualname__": name,
            "__doc__": document,
            "_signature": sign,
            "_made": (text, call),
        },
    )
    return made


@functools.lru_cache(maxsize=None)
def _zoo() -> Dict[str, str]:
    from ..questions import zoo

    return zoo()


def of_zoo(name: str) -> RuleType:
    """The class of a rule that comes with Ravine. Raises AttributeError for a name that is none."""
    if name not in _zoo():
        near = difflib.get_close_matches(name, _zoo(), 1)
        raise AttributeError(
            f"module 'ravine.torch' has no attribute {name!r}: there is no rule of this name"
            + (f"; did you mean {near[0]!r}?" if near else "")
        )
    if (name, None) not in _made:
        try:
            _made[name, None] = _class(signature(name), "ravine.torch", name, None, name)
        except ProgramError as error:
            if error.code != "R0205":
                raise
            _made[name, None] = _wrapper(name)
    return _made[name, None]


def _wrapper(name: str) -> RuleType:
    """The class of a rule around another one, which is an argument: it makes optimizers of the class of both."""

    def __new__(cls: Any, params: Parameters, *, base: str, **values: Any) -> RuleOptimizer:
        """An optimizer by this rule around `base`, a call such as ``"AdamW"``."""
        inner = base if isinstance(base, str) else base._made[0]
        return rule(f"{name}({inner})")(params, **values)

    made = RuleType(
        name, (RuleOptimizer,),
        {"__new__": __new__, "__module__": "ravine.torch", "__qualname__": name, "_made": (name, None),
         "__doc__": f"{_zoo()[name]}\n\nA rule around another one: `{name}(params, base=\"AdamW\", …)` is "
         f"`rule(\"{name}(AdamW)\")(params, …)`."},
    )
    made.__signature__ = inspect.signature(__new__).replace(  # type: ignore[attr-defined]
        parameters=list(inspect.signature(__new__).parameters.values())[1:]
    )
    return made

"""The hyperparameters of an optimizer: what it is called with, as names of the language and numbers to read it with."""

from __future__ import annotations

import enum
import inspect
import math
import random
import re
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from . import expression as ex
from .recording import Recording

#: As the zoo calls what packages call otherwise.
NAMES = {
    "learning_rate": "lr", "weight_decay": "λ", "eps": "ε", "epsilon": "ε", "momentum": "μ", "dampening": "damping",
    "beta": "β", "alpha": "α", "rho": "ρ", "gamma": "γ", "delta": "δ", "eta": "η", "eps_root": "ε_root",
    "nu": "ν", "kappa": "κ", "sigma": "σ", "tau": "τ", "theta": "θ", "wd": "λ", "b1": "β1", "b2": "β2", "b3": "β3",
}  # fmt: skip
_RESERVED = {"w", "g", "t", "T", "loss", "rank", "rows", "cols", "numel", "name", "if", "then", "else", "and", "or",
             "not", "mod", "inf", "pi", "e", "nan", "true", "false", "batch", "groups", "workers", "seed"}  # fmt: skip


def identifier(name: str, taken: Any = ()) -> str:
    """A name of the language for one of Python's."""
    made = re.sub(r"\W", "_", name).strip("_") or "x"
    made = "x" + made if made[0].isdigit() else made
    greek = re.fullmatch(r"(beta|alpha|rho|gamma|delta|eta|eps|nu|kappa|sigma|tau|mu|lambda)_?(\d*)", made)
    if made in NAMES:
        made = NAMES[made]
    elif greek:
        made = {"lambda": "λ", "mu": "μ"}.get(greek[1], NAMES.get(greek[1], greek[1])) + greek[2]
    while made in _RESERVED or made in taken:
        made += "_"
    return made

_COUNTS = re.compile(r"step|period|freq|interval|iter|every|warmup|size|rank|num|len|window|epoch|^k$|^n_")


class Hyperparameter(NamedTuple):
    """One number among the arguments: which argument, which place of a tuple, its name here and its value."""

    argument: str
    place: Optional[int]
    name: str
    value: float

    @property
    def symbol(self) -> ex.Expression:
        return ex.symbol("hyper", self.name)

    @property
    def is_whole(self) -> bool:
        return isinstance(self.value, int)

    @property
    def is_count(self) -> bool:
        """Whether it counts something, so that nothing but a whole number is meant."""
        return self.is_whole and (abs(self.value) > 1 or bool(_COUNTS.search(self.argument.lower())))


class Numbers:
    """The numbers that something is made with."""

    def __init__(self) -> None:
        self.hyperparameters: List[Hyperparameter] = []
        self.given: Dict[str, Any] = {}
        self.values: Dict[str, Any] = {}

    def name(self, argument: str, value: Any, place: Optional[int] = None) -> Hyperparameter:
        """A number of an argument, or of a place of a tuple that is one, under a name that none has yet."""
        taken = {one.name for one in self.hyperparameters}
        whole = name = identifier(argument if place is None else f"{singular(argument)}{place + 1}")
        k = 2
        while name in taken:
            name = f"{whole}_{k}"
            k += 1
        made = Hyperparameter(argument, place, name, value)
        self.hyperparameters.append(made)
        return made

    def others(self, seed: int, fixed: Any = (), near: bool = False) -> Dict[str, Any]:
        """Other numbers for all of them: none is 0, none is like another, each of the kind of its value."""
        generator = random.Random(seed)
        made: Dict[str, Any] = {}
        for one in self.hyperparameters:
            made[one.name] = one.value if one.name in fixed else other(one, generator, set(made.values()), near)
        return made


class Arguments(Numbers):
    """What an optimizer is made with: numbers that stand for any, and the rest as it is."""

    def __init__(self, function: Callable[..., Any], given: Dict[str, Any], skip: int = 1) -> None:
        super().__init__()
        signature = inspect.signature(function)
        names = list(signature.parameters.values())[skip:]
        known = {one.name for one in names}
        takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in names)
        for name in given:
            if name not in known and not takes_any:
                near = ", ".join(sorted(known))
                raise ValueError(f"there is no argument `{name}`; there are {near}")
        for one in names:
            if one.kind in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL):
                continue
            if one.name in given:
                self.values[one.name] = given[one.name]
            elif one.default is not inspect.Parameter.empty:
                self.values[one.name] = one.default
            elif one.name in ("lr", "learning_rate"):
                self.values[one.name] = 1e-3
        self.values.update({name: value for name, value in given.items() if name not in self.values})
        self.missing = [
            one.name for one in names
            if one.default is inspect.Parameter.empty and one.name not in self.values
            and one.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        ]  # fmt: skip
        self.given = dict(given)
        for argument, value in self.values.items():
            if is_number(value):
                self.name(argument, value)
            elif is_numbers(value):
                for k, one in enumerate(alike(value)):
                    self.name(argument, one, k)

    def called(self, numbers: Dict[str, Any]) -> Dict[str, Any]:
        """The arguments with these numbers in their places."""
        made = dict(self.values)
        for one in self.hyperparameters:
            if one.name not in numbers:
                continue
            if one.place is None:
                made[one.argument] = numbers[one.name]
            else:
                whole = list(made[one.argument])
                whole[one.place] = numbers[one.name]
                made[one.argument] = tuple(whole) if isinstance(self.values[one.argument], tuple) else whole
        return made


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, (bool, enum.Enum))


def is_numbers(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and bool(value) and all(map(is_number, value))


def alike(values: Any) -> List[Any]:
    """The numbers of a tuple: none of (1e-6, 50) counts."""
    return list(values) if all(isinstance(one, int) for one in values) else list(map(float, values))


def singular(argument: str) -> str:
    """What one of `betas` is called."""
    return argument[:-1] if argument.endswith("s") and argument != "eps" else argument


def other(one: Hyperparameter, generator: random.Random, taken: Any, near: bool) -> Any:
    value, name = one.value, one.argument.lower()
    if one.is_count:
        low = 2 if value > 1 else 3
        for _ in range(20):
            made = generator.randint(low, low + 4)
            if made not in taken:
                break
        return made
    if isinstance(value, float) and value >= 100 and value.is_integer():
        return float(generator.randint(3, 7))
    share = generator.random()
    if not math.isfinite(value):
        return value
    if "eps" in name or 0 < abs(value) < 1e-5:
        return math.copysign(10 ** (-2 - 1.5 * share), value or 1)
    if name in ("lr", "learning_rate"):
        return 0.01 + 0.05 * share if value < 0.5 else 0.5 + 0.45 * share
    if value == 0:
        return 0.02 + 0.2 * share
    if 0.5 <= abs(value) < 1:
        # Averages that keep less forget sooner, and show what they hide.
        low, high = (0.88, 0.99) if near else (0.55, 0.97)
        return math.copysign(low + (high - low) * share, value)
    if value == 1:
        return 0.6 + 0.35 * share if generator.random() < 0.5 else 1.05 + 0.5 * share
    return value * (0.6 + 0.8 * share)

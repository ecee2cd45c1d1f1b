"""Calls as text, such as ``optax.adamw(1e-3)``, whose numbers stand for any."""

from __future__ import annotations

import ast
import importlib
import inspect
import random
import re
from typing import Any, Callable, Dict, List, NamedTuple

from .errors import ConstructionError
from .hyperparameters import Hyperparameter, identifier, other

#: What `params` stands for in a call.
PARAMETERS = object()


class Numbers:
    """The numbers that a call and the calls within it are made with."""

    def __init__(self) -> None:
        self.hyperparameters: List[Hyperparameter] = []
        self.given: Dict[str, Any] = {}
        self.values: Dict[str, Any] = {}

    def name(self, argument: str, value: Any) -> Hyperparameter:
        taken = {one.name for one in self.hyperparameters}
        name = identifier(argument)
        k = 2
        while name in taken:
            name = f"{identifier(argument)}_{k}"
            k += 1
        made = Hyperparameter(argument, None, name, value)
        self.hyperparameters.append(made)
        return made

    def others(self, seed: int, fixed: Any = (), near: bool = False) -> Dict[str, Any]:
        generator = random.Random(seed)
        made: Dict[str, Any] = {}
        for one in self.hyperparameters:
            made[one.name] = one.value if one.name in fixed else other(one, generator, set(made.values()), near)
        return made


class Call(NamedTuple):
    function: Callable[..., Any]
    positional: List[Any]
    named: Dict[str, Any]

    def made(self, numbers: Dict[str, Any], parameters: Any = None) -> Any:
        """What it gives with these numbers, and these parameters where it says `params`."""

        def value(one: Any) -> Any:
            if isinstance(one, Call):
                return one.made(numbers, parameters)
            if one is PARAMETERS:
                return parameters
            return numbers[one.name] if isinstance(one, Hyperparameter) else one

        return self.function(*map(value, self.positional), **{key: value(one) for key, one in self.named.items()})


class Reader:
    """Reads a call, and the calls within it."""

    def __init__(self, text: str, numbers: Numbers, space: Dict[str, Any]) -> None:
        self.text, self.numbers, self.space = text, numbers, dict(space)
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except SyntaxError as error:
            raise ConstructionError(f"`{text}` is no call: {error.msg}", text) from error
        if not isinstance(tree, ast.Call):
            tree = ast.Call(func=tree, args=[], keywords=[])
            ast.fix_missing_locations(ast.Expression(tree))
        self.call = self._read(tree)

    def _value(self, tree: ast.AST) -> Any:
        source = ast.unparse(tree)
        for module in set(re.findall(r"\b([A-Za-z_]\w*)\.", source)):
            if module not in self.space:
                try:
                    self.space[module] = importlib.import_module(module)
                except ImportError:
                    pass
        try:
            return eval(compile(ast.Expression(tree), self.text, "eval"), self.space)
        except Exception as error:
            raise ConstructionError(f"`{source}`: {type(error).__name__}: {error}", source) from error

    def _read(self, tree: ast.Call) -> Call:
        function = self._value(tree.func)
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError) as error:
            raise ConstructionError(f"`{ast.unparse(tree.func)}` is no function", ast.unparse(tree.func)) from error
        names = list(signature.parameters.values())
        positional: List[Any] = []
        named: Dict[str, Any] = {}
        for k, one in enumerate(tree.args):
            title = names[min(k, len(names) - 1)].name if names else "x"
            positional.append(self._operand(title, one))
        for keyword in tree.keywords:
            if keyword.arg is None:
                raise ConstructionError("arguments by `**` are not read", "**")
            named[keyword.arg] = self._operand(keyword.arg, keyword.value)
        for one in names[len(positional) :]:
            if one.name in named or one.kind in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL):
                continue
            if one.default is inspect.Parameter.empty:
                if one.name in ("learning_rate", "lr"):
                    named[one.name] = self.numbers.name(one.name, 1e-3)
                    continue
                raise ConstructionError(f"`{ast.unparse(tree.func)}` needs `{one.name}`", one.name)
            if _is_number(one.default) or _is_numbers(one.default):
                named[one.name] = self._named(one.name, one.default)
        return Call(function, positional, named)

    def _operand(self, name: str, tree: ast.AST) -> Any:
        if isinstance(tree, ast.Call):
            try:
                return self._read(tree)
            except ConstructionError:
                return self._value(tree)
        value = self._value(tree)
        return self._named(name, value)

    def _named(self, name: str, value: Any) -> Any:
        if _is_number(value):
            return self.numbers.name(name, value)
        if _is_numbers(value):
            single = name[:-1] if name.endswith("s") and name != "eps" else name
            return Call(_tuple, [self.numbers.name(f"{single}{k + 1}", one) for k, one in enumerate(value)], {})
        return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_numbers(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and bool(value) and all(map(_is_number, value))


def _tuple(*values: Any) -> Any:
    return tuple(values)

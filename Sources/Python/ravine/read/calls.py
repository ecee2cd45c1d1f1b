"""Calls as text, such as ``optax.adamw(1e-3)``, whose numbers stand for any."""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
import inspect
import re
from typing import Any, Callable, Dict, List, NamedTuple

from .errors import ConstructionError, ReadingError, said
from .foreign import foreign, raised
from .hyperparameters import Hyperparameter, Numbers, alike, is_number, is_numbers

#: What `params` stands for in a call.
PARAMETERS = object()


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


def imported(path: str) -> Any:
    """What ``package.module:Class`` names, or a module."""
    module, _, name = path.partition(":")
    if not all(part.isidentifier() for part in module.split(".")):
        raise ConstructionError(f"`{path}` names nothing: write it as package.module:Class", path)
    try:
        with foreign(f"the import of `{module}`"):
            found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise ConstructionError(f"`{module}` needs `{error.name}`, which is not installed", module) from error
        raise ConstructionError(f"there is no module `{module}`: {error}", module) from error
    except ReadingError:
        raise
    except Exception as error:  # of any kind: it is of the module
        raise ConstructionError(f"`{module}` cannot be imported: {said(error)}", module, raised(error)) from error
    for part in name.split(".") if name else ():
        if not hasattr(found, part):
            near = difflib.get_close_matches(part, [one for one in dir(found) if not one.startswith("_")], 1)
            raise ConstructionError(
                f"`{module}` has no `{part}`" + (f"; did you mean `{near[0]}`?" if near else ""), part
            )
        found = getattr(found, part)
    return found


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
        for module in set(re.findall(r"(?<![\w.])([A-Za-z_]\w*)\.", source)):
            if module not in self.space and importlib.util.find_spec(module) is not None:
                self.space[module] = imported(module)
        try:
            with foreign(f"`{source}`"):
                return eval(compile(ast.Expression(tree), self.text, "eval"), self.space)
        except Exception as error:
            raise ConstructionError(f"`{source}`: {said(error)}", source) from error

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
            if is_number(one.default) or is_numbers(one.default):
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
        if is_number(value):
            return self.numbers.name(name, value)
        if is_numbers(value):
            return Call(_tuple, [self.numbers.name(name, one, k) for k, one in enumerate(alike(value))], {})
        return value


def _tuple(*values: Any) -> Any:
    return tuple(values)

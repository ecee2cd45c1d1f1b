"""How the hyperparameters of a rule are called in Python."""

from __future__ import annotations

import functools
import keyword
import math
import re
import unicodedata
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from ._errors import ProgramError, UsageError
from .rule import Rule

#: In the place of a value that the rule says; no caller has this one.
_UNSAID = float("nan")

#: What the packages call it.
_DECAY = "weight_decay"


class Hyper(NamedTuple):
    """A hyperparameter as Python sees it."""

    #: In Python, as ``beta1``.
    name: str
    #: In the language, as ``β1`` or ``base.β1``; of a list the name of the whole.
    own: str
    #: None where the rule computes it from others or from the step.
    default: Union[None, float, Tuple[float, ...]]
    #: The rule's own expression, where that is no number.
    text: Optional[str]
    domain: Optional[str]
    #: Whether it decides shapes, or is a list: another value is another program.
    is_fixed: bool
    is_required: bool


def _header(source: str) -> str:
    """What stands in the parentheses of the last rule of a text."""
    found = list(re.finditer(r"^rule \w+\(", source, re.M))
    if not found:
        return ""
    start = at = found[-1].end()
    depth = 1
    while depth and at < len(source):
        depth += {"(": 1, "[": 0, ")": -1}.get(source[at], 0)
        # Domains such as `[0, 1)` close what they did not open.
        domain = re.match(r" in [\[(][^,]*, [^,)\]]*[)\]]", source[at:])
        at += domain.end() if domain else 1
    return source[start : at - 1]


def spelled(name: str) -> str:
    """The one spelling of a name: Greek letters by name, without signs at its ends."""
    out = ""
    for letter in name:
        if ord(letter) > 127 and "GREEK" in unicodedata.name(letter, ""):
            letter = unicodedata.name(letter).split()[-1].lower()
        out += letter
    return out.replace("epsilon", "eps").strip("_")


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class Signature:
    """A rule, and how it is called in Python.

    Args:
        text, call: As `Rule` takes them.
    """

    def __init__(self, text: str, call: Optional[str] = None) -> None:
        self.text, self.call = text, call
        self.base = Rule(text, call)
        self._rules: Dict[Tuple[Any, ...], Rule] = {}
        manifest = self.base._manifest
        source = manifest["source"]
        header = _header(source)
        listed = manifest["hyperparameters"]
        plain = [one for one in listed if "[" not in one["name"]]
        lists: Dict[str, List[float]] = {}
        for one in listed:
            if "[" in one["name"]:
                lists.setdefault(one["name"].split("[")[0], []).append(float(one["value"]))
        self.hypers: List[Hyper] = []
        taken: Dict[str, int] = {}
        for one in plain:
            taken[one["key"].split(".")[-1]] = taken.get(one["key"].split(".")[-1], 0) + 1
        owned = {one["key"] for one in plain if "." not in one["key"]}
        for one in plain:
            name, key = one["name"], one["key"]
            text_ = self._text(name, header)
            derived = self._is_derived(one, header)
            if "." in key:
                if derived or one["isStructural"]:
                    continue
                last = key.split(".")[-1]
                key = last if taken[last] == 1 and last not in owned else key.replace(".", "_")
            self.hypers.append(
                Hyper(
                    self._python(key), name, None if derived or one["isRequired"] else float(one["value"]),
                    text_ if derived else None, one["domain"], one["isStructural"], one["isRequired"],
                )
            )
        for name, values in lists.items():
            self.hypers.append(Hyper(self._python(name), name, tuple(values), None, None, True, False))
        self._follows = any(self._is_derived(one, header) for one in plain)
        self._last_row: Any = None
        #: By name in the library, the expression of what is computed from other hyperparameters, dots as underlines.
        self.derived = {one["name"]: self._text(one["name"], header) or "" for one in plain if self._is_derived(one, header)}
        self.by_name = {one.name: one for one in self.hypers}
        #: What schedulers of PyTorch turn, and which hyperparameters it stands for.
        self.mirrors: Dict[str, Tuple[str, ...]] = {}
        if {"beta1", "beta2"} <= set(self.by_name):
            self.mirrors["betas"] = ("beta1", "beta2")
        elif "mu" in self.by_name:
            self.mirrors["momentum"] = ("mu",)
        self.aliases: Dict[str, str] = {}
        for one in self.hypers:
            key = next((h["key"] for h in plain if h["name"] == one.own), one.own)
            for alias in (one.own, key, key + "_", key.replace(".", "_")):
                if alias not in self.by_name:
                    self.aliases[alias] = one.name
        #: Whether a route asks for the names of parameters.
        self.reads_names = bool(re.search(r"\bname\s*[!=]~", source))
        self.has_routes = len(manifest["variants"]) > 1
        cost = self.base.describe()
        kinds = {variant["cost"]["kind"] for variant in cost["variants"]}
        self.sharding = [variant["cost"]["sharding"] for variant in cost["variants"]]
        self.kinds = [variant["cost"]["kind"] for variant in cost["variants"]]
        bodies = [body for body in re.split(r"^rule ", source, flags=re.M)[1:] if not re.search(r"\) = route \{", body)]
        #: By variant, whether its elements may lie anywhere: nothing asks for lengths, places or draws.
        self.splits = [
            kind == "elementwise" and not variant["cost"]["draws"] and "stochastic" not in body
            and not re.search(r"\b(rows|cols|rank|numel)\b", body)
            for kind, variant, body in zip(self.kinds, cost["variants"], bodies)
        ] if len(bodies) == len(self.kinds) else [False] * len(self.kinds)
        #: Whether every state is as the parameter is, whatever the route.
        self.is_all_alike = len(self.kinds) == 1 and all(
            state["shape"] == "like w" and not state["global"] for state in cost["variants"][0]["cost"]["states"]
        )
        #: By variant, the arms that lead to it.
        self.routes = [list(variant["path"]) for variant in manifest["variants"]]
        draws = any(variant["cost"]["draws"] for variant in cost["variants"]) or "stochastic" in source
        sized = bool(re.search(r"\b(rows|cols|rank|numel)\b", source))
        #: Whether the order of the elements means nothing, nor which axis is which.
        self.is_elementwise = kinds == {"elementwise"} and not draws and not sized and not self.has_routes
        #: The states of the whole optimizer.
        self.globals = frozenset(re.findall(r"^\s*state (\w+): global", source, re.M))
        self.is_global = any(kind == "globalReduction" for kind in kinds) or bool(
            re.search(r"state \S+: global|\bglobal (sum|norm|mean|max|dot)", source)
        )
        #: In words, what a step reads: ``the gradient``, ``the loss``, …
        self.needs = [need for variant in cost["variants"] for need in variant["cost"]["needs"]]
        self.needs_gradient = "the gradient" in self.needs
        self.needs_loss = "the loss" in self.needs
        #: Whether a step of gradients that are not finite is left out.
        self.guards_finite: bool = cost["guardsFinite"]
        self.views = re.findall(r"\bview (\w+) =", source)

    @staticmethod
    def _text(name: str, header: str) -> Optional[str]:
        """What the declaration gives a hyperparameter."""
        written = re.escape(name.replace(".", "_"))
        found = re.search(
            rf"(?<![\w.]){written} = (.*?)(?= in [\[(]|, \w+(?:\.\w+)* = |, \w+(?: in|,|$)|$)", header
        )
        return found.group(1).strip() if found else None

    @classmethod
    def _is_derived(cls, one: Mapping[str, Any], header: str) -> bool:
        """Whether its value is computed from others or from the step."""
        text = cls._text(one["name"], header)
        return one["isSchedule"] or (text is not None and not _number(text))

    @staticmethod
    def _python(key: str) -> str:
        key = key.replace(".", "_")
        if key == "lambda" or key.endswith("_lambda"):
            return key[: -len("lambda")] + _DECAY
        return key + "_" if keyword.iskeyword(key) or key in ("params", "self", "maximize") else key

    @property
    def name(self) -> str:
        return self.base.name

    def named(self, name: str) -> Optional[str]:
        """The Python name of a hyperparameter by any of its spellings."""
        return name if name in self.by_name else self.aliases.get(name)

    def normalised(self, given: Mapping[str, Any]) -> Dict[str, Any]:
        """The same values under their Python names; ``betas`` are one or two of them. Raises UsageError for others."""
        found: Dict[str, Any] = {}
        for name, value in given.items():
            own = self.named(name)
            if own is None and name in self.mirrors:
                if value is not None:
                    found.update(self.turned(name, value))
                continue
            if own is None:
                import difflib

                near = difflib.get_close_matches(name, list(self.by_name) + list(self.aliases), 1)
                hint = f": did you mean `{near[0]}`?" if near else f"; it has {', '.join(self.by_name)}"
                raise UsageError(f"`{self.name}` has no hyperparameter `{name}`{hint}", code="R0505")
            found[own] = value
        return found

    def turned(self, key: str, value: Any) -> Dict[str, Any]:
        """The hyperparameters that a value under PyTorch's name stands for."""
        names = self.mirrors[key]
        try:
            found = tuple(value) if key == "betas" else (value,)
        except TypeError:
            found = ()
        if len(found) != len(names):
            raise UsageError(f"`{key}` of `{self.name}` are {len(names)} numbers, {' and '.join(names)}, and not {value!r}", code="R0502")
        return dict(zip(names, found))

    def fixed(self, values: Mapping[str, Any]) -> Tuple[Tuple[str, Any], ...]:
        """What of these values makes another program: expressions, lists, and what decides shapes."""
        found = []
        for one in self.hypers:
            value = values.get(one.name)
            if value is None:
                continue
            if isinstance(value, str):
                found.append((one.own, value))
            elif one.is_fixed:
                value = tuple(float(x) for x in value) if isinstance(value, (list, tuple)) else float(value)
                if value != one.default:
                    if isinstance(value, float) and value.is_integer():
                        value = int(value)
                    found.append((one.own, value))
        return tuple(found)

    def rule(self, fixed: Tuple[Tuple[str, Any], ...] = ()) -> Rule:
        """The rule with these values."""
        if not fixed:
            return self.base
        if fixed not in self._rules:
            self._rules[fixed] = Rule(self.text, self.call, **{name: value for name, value in fixed})
        return self._rules[fixed]

    def row(self, values: Mapping[str, Any], names: Sequence[str]) -> List[float]:
        """Values in the order of the library; NaN for what the rule says."""
        given = {}
        for one in self.hypers:
            value = values.get(one.name)
            if value is not None and not one.is_fixed and not isinstance(value, str):
                given[one.own] = float(value)
        if self._follows:
            return self._following(tuple(given.items()), self.fixed(values), tuple(names))
        return [given.get(name, _UNSAID) for name in names]

    def _following(
        self, given: Tuple[Tuple[str, float], ...], fixed: Tuple[Tuple[str, Any], ...], names: Tuple[str, ...]
    ) -> List[float]:
        """The same where hyperparameters follow others: what the rule says with these values."""
        key = (given, fixed, names)
        if self._last_row is None or self._last_row[0] != key:
            rule = Rule(self.text, self.call, **self.called(dict(given), names), **dict(fixed))
            found = {
                one["name"]: _UNSAID if one["isSchedule"] else float(one["value"])
                for one in rule._manifest["hyperparameters"]
            }
            found.update({name: value for name, value in given})
            self._last_row = (key, [found[name] for name in names])
        return self._last_row[1]

    @staticmethod
    def called(given: Mapping[str, float], names: Sequence[str]) -> Dict[str, float]:
        """What of these values a call can give: of a rule inside, those whose names no other has."""
        labels = [name.split(".")[-1] for name in names]
        return {
            name.split(".")[-1]: value for name, value in given.items()
            if "." not in name or labels.count(name.split(".")[-1]) == 1
        }

    def free(self, names: Sequence[str]) -> Dict[str, Tuple[int, Callable[[float], bool]]]:
        """The hyperparameters whose numbers change nothing but their place in `row`: which place that is, and what says
        whether a number may stand there."""
        if self._follows:
            return {}
        mirrored = {name for own in self.mirrors.values() for name in own}
        return {
            one.name: (list(names).index(one.own), functools.partial(_contains, one.domain or "(-inf, inf)"))
            for one in self.hypers
            if not one.is_fixed and one.text is None and one.own in names and one.name not in mirrored
        }

    def check(self, values: Mapping[str, Any], with_ends: bool = False) -> None:
        """Raises UsageError where a value is out of its domain or no number. `with_ends`: what a domain ends before may be
        there, as a schedule leaves it behind."""
        for one in self.hypers:
            value = values.get(one.name)
            if value is None:
                if one.is_required:
                    raise UsageError(f"`{self.name}` needs a value for `{one.name}`", code="R0503")
                continue
            if isinstance(value, str):
                continue
            if hasattr(value, "numel") and value.numel() != 1:
                raise UsageError(f"Tensor {one.name} must be 1-element, and that of `{self.name}` has {value.numel()} numbers", code="R0502")
            is_list = isinstance(value, (list, tuple)) and isinstance(one.default, tuple)
            try:
                numbers = [float(x) for x in (value if is_list else [value])]
            except (TypeError, ValueError, OverflowError, RuntimeError):
                raise UsageError(f"`{one.name}` of `{self.name}` is no number: {value!r}", code="R0502") from None
            if any(math.isnan(x) for x in numbers):
                raise UsageError(f"`{one.name}` of `{self.name}` is no number: {value!r}", code="R0502")
            x = numbers[0] if numbers else 0.0
            if one.domain and not is_list and not _contains(one.domain, x, with_ends):
                raise UsageError(f"`{one.name}` of `{self.name}` is {x:g}, and is to be in {one.domain}", code="R0502")
        try:
            self.rule(self.fixed(values))
        except ProgramError as error:
            raise UsageError(str(error), error.diagnostics) from None


@functools.lru_cache(maxsize=None)
def _bounds(domain: str) -> Optional[Tuple[float, bool, float, bool]]:
    """The ends of a domain as ``[0, 1)``, and whether each belongs to it."""
    found = re.fullmatch(r"([\[(])(\S+), (\S+)([\])])", domain)
    if not found:
        return None
    low, high = (float(one.replace("∞", "inf").replace("−", "-")) for one in found.group(2, 3))
    return low, found.group(1) == "[", high, found.group(4) == "]"


def _contains(domain: str, x: float, with_ends: bool = False) -> bool:
    bounds = _bounds(domain)
    if bounds is None:
        return True
    low, with_low, high, with_high = bounds
    return (x >= low if with_low or with_ends else x > low) and (x <= high if with_high or with_ends else x < high)


@functools.lru_cache(maxsize=None)
def signature(text: str, call: Optional[str] = None) -> Signature:
    """The signature of a rule, made once."""
    return Signature(text, call)

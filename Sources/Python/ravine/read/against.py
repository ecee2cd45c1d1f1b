"""A rule that was read beside one that is known: `ravine.compare`, with what they call their numbers matched."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple

from .._errors import UsageError
from ..farm import program
from .printer import numeral

_RANK = {"equal": 0, "equal where": 1, "equal up to": 2, "undecided": 3, "different": 4}
_SUFFIX = "_read"
#: Seconds that one comparison may take.
LIMIT = 20


class Verdict(NamedTuple):
    """How the two stand to each other, in the call that brings them nearest."""

    #: ``equal``, ``equal where``, ``equal up to``, ``undecided`` or ``different``.
    verdict: str
    #: The two as they were compared.
    ours: str
    theirs: str
    #: What `ravine.compare` returned.
    comparison: Any

    @property
    def is_equal(self) -> bool:
        return self.verdict == "equal"

    def text(self, reading: Any) -> str:
        """What `ravine compare` prints of it, the proof or the first step at which they differ."""
        with _file(reading) as path:
            try:
                done = _asked([f"{path}:{self.ours.replace(reading.name, reading.name + _SUFFIX, 1)}", self.theirs])
            except subprocess.TimeoutExpired:
                return f"undecided: no answer within {LIMIT} s\n"
        return done.stdout or done.stderr


@contextmanager
def _file(reading: Any) -> Iterator[Path]:
    """What was read as a file, in which its rules have names of their own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "read.opt"
        path.write_text(renamed(reading.source, declared(reading.source)), encoding="utf-8")
        yield path


def _asked(words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    try:
        command = program()
    except FileNotFoundError as error:
        raise UsageError(str(error)) from error
    return subprocess.run(
        [command, "compare", *words], capture_output=True, text=True, encoding="utf-8", timeout=LIMIT
    )  # fmt: skip


def declared(source: str) -> List[str]:
    return re.findall(r"^rule (\w+)", source, re.M)


def renamed(source: str, names: Sequence[str]) -> str:
    """The text with other names for the rules that it declares, so that those of the zoo keep theirs."""
    for name in sorted(names, key=len, reverse=True):
        source = re.sub(rf"(?<![\w.#]){re.escape(name)}(?=\s*\()", name + _SUFFIX, source)
        source = re.sub(rf"(\brule |-> ){re.escape(name)}\b(?!{_SUFFIX})", rf"\g<1>{name}{_SUFFIX}", source)
    return source


def compared(reading: Any, other: str) -> Verdict:
    """The nearest verdict over the ways to match hyperparameters: first by name, then by their defaults."""
    from ..rule import Rule

    ours, theirs = reading.rule, Rule(other)
    counts = {name: count for name, count in reading.counts.items() if name in ours.hyperparameters}
    # What stands for one number alone does so on both sides.
    fixed = {name: numeral(value) for name, value in reading.fixed.items() if name in theirs.hyperparameters and value < 1e9}
    best = Verdict("undecided", reading.name, other, {"verdict": "undecided"})
    with _file(reading) as path:
        for mine, its in _matches(ours.hyperparameters, theirs.hyperparameters, other):
            mine, its = _counted(mine, {**fixed, **its}, counts, theirs.hyperparameters)
            a, b = _call(reading.name + _SUFFIX, mine), _call(other, its)
            try:
                found = json.loads(_asked([f"{path}:{a}", b, "--json"]).stdout)
            except (ValueError, subprocess.TimeoutExpired):
                continue
            if best.comparison == {"verdict": "undecided"} or _RANK[found["verdict"]] < _RANK[best.verdict]:
                best = Verdict(found["verdict"], a.replace(_SUFFIX, ""), b, found)
            if best.is_equal:
                break
    return best


def _counted(
    mine: Dict[str, str], its: Dict[str, str], counts: Dict[str, int], theirs: Dict[str, float]
) -> Tuple[Dict[str, str], Dict[str, str]]:
    """The same arguments, but those that count are what they are: the optimizer takes no number between."""
    numbers = {mine[name]: str(count) for name, count in counts.items() if name in mine}
    same = {name: str(count) for name, count in counts.items() if name not in mine}
    mine = {**{name: numbers.get(one, one) for name, one in mine.items()}, **same}
    its = {name: numbers.get(one, one) for name, one in its.items()}
    return mine, {**its, **{name: one for name, one in same.items() if name in theirs and name not in its}}


def _call(name: str, given: Dict[str, str]) -> str:
    if not given:
        return name
    inside = ", ".join(f"{key} = {value}" for key, value in given.items())
    return f"{name[:-1]}, {inside})" if name.endswith(")") else f"{name}({inside})"


def _matches(
    ours: Dict[str, float], theirs: Dict[str, float], other: str
) -> Iterator[Tuple[Dict[str, str], Dict[str, str]]]:
    """Arguments for both sides: numbers that have other names and the same defaults are one, then all that may be
    one where few are left; switches are tried either way; at last nothing is said."""
    left = [name for name in ours if name not in theirs]
    right = [name for name in theirs if name not in ours and f"{name} =" not in other]
    rest, pairs = list(right), []
    for name in left:
        match = next((one for one in rest if ours[name] == theirs[one]), None)
        if match is not None:
            rest.remove(match)
            pairs.append((name, match))
    ways = [pairs] + ([[pair] for pair in pairs] if len(pairs) > 1 else [])
    if 0 < len(left) <= 2:
        size = min(len(left), len(right), 2)
        ways += [list(zip(left, one)) for one in itertools.permutations(right, size)][:6]
    seen = []
    for way in ways:
        free = [name for name in right if theirs[name] in (0, 1) and name not in {b for _, b in way}][:2]
        for values in itertools.product(*([theirs[name], 1 - theirs[name]] for name in free)):
            mine = {a: f"q{k}" for k, (a, _) in enumerate(way)}
            its = {b: f"q{k}" for k, (_, b) in enumerate(way)}
            its.update({name: str(int(v)) for name, v in zip(free, values) if v != theirs[name]})
            if (mine, its) not in seen:
                seen.append((mine, its))
                yield mine, its
    if ({}, {}) not in seen:
        yield {}, {}

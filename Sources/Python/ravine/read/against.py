"""A rule that was read beside one that is known: `ravine.compare`, with what they call their numbers matched."""

from __future__ import annotations

import itertools
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple

from .._errors import RavineError
from ..farm import program

_RANK = {"equal": 0, "equal where": 1, "equal up to": 2, "undecided": 3, "different": 4}
_SUFFIX = "_read"


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
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "read.opt"
            path.write_text(renamed(reading.source, declared(reading.source)), encoding="utf-8")
            ours = self.ours.replace(reading.name, reading.name + _SUFFIX, 1)
            done = subprocess.run(
                [program(), "compare", f"{path}:{ours}", self.theirs], capture_output=True, text=True, encoding="utf-8"
            )
        return done.stdout or done.stderr


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
    from ..questions import compare
    from ..rule import Rule

    source = renamed(reading.source, declared(reading.source))
    ours, theirs = reading.rule, Rule(other)
    best: List[Verdict] = []
    for mine, its in _matches(ours.hyperparameters, theirs.hyperparameters, other):
        a = _call(reading.name + _SUFFIX, mine)
        b = _call(other, its)
        try:
            found = compare(a, b, source)
        except RavineError:
            continue
        verdict = Verdict(found.verdict, a.replace(_SUFFIX, ""), b, found)
        if not best or _RANK[verdict.verdict] < _RANK[best[0].verdict]:
            best = [verdict]
        if verdict.is_equal:
            break
    if not best:
        found = compare(reading.name + _SUFFIX, other, source)
        best = [Verdict(found.verdict, reading.name, other, found)]
    return best[0]


def _call(name: str, given: Dict[str, str]) -> str:
    if not given:
        return name
    inside = ", ".join(f"{key} = {value}" for key, value in given.items())
    return f"{name[:-1]}, {inside})" if name.endswith(")") else f"{name}({inside})"


def _matches(
    ours: Dict[str, float], theirs: Dict[str, float], other: str
) -> Iterator[Tuple[Dict[str, str], Dict[str, str]]]:
    """Arguments for both sides: pairs of numbers that have other names, and switches; at last nothing."""
    left = [name for name in ours if name not in theirs]
    right = [name for name in theirs if name not in ours and f"{name} =" not in other]
    pairs = [(a, b) for a in left for b in right if ours[a] == theirs[b]]
    others = [(a, b) for a in left for b in right if ours[a] != theirs[b]]
    switches = [name for name in right if theirs[name] in (0, 1)]
    count = 0
    seen = set()
    for size in range(min(len(left), len(right)), -1, -1):
        for chosen in itertools.combinations(pairs + others, size):
            if len({a for a, _ in chosen}) < size or len({b for _, b in chosen}) < size:
                continue
            matched = {b for _, b in chosen}
            free = [name for name in switches if name not in matched][:3]
            for values in itertools.product(*([theirs[name], 1 - theirs[name]] for name in free)):
                mine = {a: f"q{k}" for k, (a, _) in enumerate(chosen)}
                its = {b: f"q{k}" for k, (_, b) in enumerate(chosen)}
                its.update({name: str(int(v)) for name, v in zip(free, values) if v != theirs[name]})
                key = (tuple(sorted(mine.items())), tuple(sorted(its.items())))
                if key in seen or not mine and not its:
                    continue
                seen.add(key)
                yield mine, its
                count += 1
                if count >= 60:
                    yield {}, {}
                    return
    yield {}, {}

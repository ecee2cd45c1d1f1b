"""What the command line answers, from Python."""

from __future__ import annotations

import html
import json
import re
from ctypes import byref, c_void_p
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Union

from ._errors import Diagnostic, diagnostics
from ._library import FINDING, NUMERIC, OK, PROGRAM, answer, encoded, encoded_path, failure, lib, optional, parsed, taken
from .rule import Rule, written_call


if TYPE_CHECKING:
    from pathlib import Path


def check(source: str, name: str = "<text>") -> List[Diagnostic]:
    """What is wrong with a text, and what is seldom meant; empty where there is nothing to say."""
    return diagnostics(answer(lib.ravine_check, encoded(source), encoded(name), finding=True))


def format(source: str) -> str:
    """The text in the one layout of the language."""
    return answer(lib.ravine_format, encoded(source))


def zoo() -> Dict[str, str]:
    """The rules that come with Ravine, each with the first line of what is said of it."""
    return {one["name"]: one["summary"] for one in parsed(lib.ravine_zoo)}


class Comparison(Dict[str, Any]):
    """Whether two rules take the same steps: what `compare` returns."""

    @property
    def verdict(self) -> str:
        """``equal``, ``equalWhere``, ``equalUpTo``, ``different`` or ``undecided``."""
        return self["verdict"]

    @property
    def is_equal(self) -> bool:
        """Proved, without conditions or changes."""
        return self.verdict == "equal"

    def __bool__(self) -> bool:
        return self.is_equal

    def __repr__(self) -> str:
        return json.dumps(dict(self), indent=2, ensure_ascii=False)

    def _repr_html_(self) -> str:
        witness = self.get("witness")
        lines = [f"<b>{html.escape(self['headline'])}</b>"]
        for title, said in (
            ("by", [self["method"]] if self["method"] else []),
            ("where", self["assumptions"]),
            ("up to", self["changes"]),
            ("with the defaults", self["defaults"]),
        ):
            if said:
                lines.append(f"{title} " + ", ".join(f"<code>{html.escape(str(one))}</code>" for one in said))
        if witness:
            shown = html.escape(json.dumps(witness, ensure_ascii=False))
            lines.append(f"<details><summary>where they differ</summary><code>{shown}</code></details>")
        return "<br>".join(lines)


def _side(rule: Union[Rule, str], k: int, sources: List[str]) -> str:
    """How a side is called. What a text declares gets a name that nobody else has."""
    if isinstance(rule, str):
        return rule
    if not isinstance(rule, Rule):
        raise TypeError(f"a rule, or the call of one, is compared, not {rule!r}")
    text, call, values = rule._made
    if "{" not in text and "\n" not in text.strip():
        return written_call(text, values)
    call = written_call(call or rule.name, values)
    for name in re.findall(r"^\s*rule\s+(\w+)", text, re.M):
        pattern = rf"(?<![\w.]){re.escape(name)}\b"
        text, call = re.sub(pattern, f"{name}_{k}", text), re.sub(pattern, f"{name}_{k}", call)
    sources.append(text)
    return call


def compare(a: Union[Rule, str], b: Union[Rule, str], source: Optional[str] = None) -> Comparison:
    """Whether two rules take the same steps on all tensors: a proof, a step at which they differ, or
    neither. Calls may leave names free (``"Lion(β1 = b, β2 = b)"``) and name what `source` declares; what
    neither side gives stands for one number in both."""
    sources = [] if source is None else [source]
    first, second = _side(a, 1, sources), _side(b, 2, sources)
    text = "\n".join(sources)
    found = parsed(
        lib.ravine_compare, optional(text if text else None), encoded(first), encoded(second), finding=True
    )
    return Comparison(found)


class Plot:
    """A picture that a script wrote; a notebook shows it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Kept: the next run may write another to the same file, or the folder may go.
        self._svg = path.read_text(encoding="utf-8")

    def _repr_svg_(self) -> str:
        return self._svg

    def __repr__(self) -> str:
        return f"<ravine.Plot {self.path.name}>"


class Run:
    """What a script did: curves, what it printed, its plots."""

    def __init__(self, data: Dict[str, Any], text: str, plots: List[Plot]) -> None:
        #: One entry a statement, with the curves of each rule.
        self.experiments: List[Dict[str, Any]] = data["experiments"]
        #: What is said about it.
        self.diagnostics: List[Diagnostic] = diagnostics(json.dumps(data["diagnostics"]))
        #: What the command line prints.
        self.text = text
        #: The pictures that it wrote.
        self.plots = plots

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        pictures = "".join(plot._repr_svg_() for plot in self.plots)
        return f"<pre>{html.escape(self.text)}</pre>{pictures}"


def run(source: str, folder: Union[None, str, Path] = None, resume: bool = False) -> Run:
    """Runs the statements of a text. Files that it names are looked for in `folder`, plots are written there.

    `resume`: runs go on that `save every 10 epochs to "run.safetensors"` kept."""
    from pathlib import Path

    place, text = c_void_p(), c_void_p()
    status = lib.ravine_run(
        encoded(source), None, None if folder is None else encoded_path(folder), resume, byref(place), byref(text)
    )
    if not place.value or status not in (OK, FINDING, NUMERIC):
        raise failure(status)
    data, said = json.loads(taken(place)), taken(text)
    return Run(data, said, [Plot(Path(path)) for path in data["plots"]])

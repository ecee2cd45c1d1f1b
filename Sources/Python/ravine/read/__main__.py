"""`python -m ravine.read torch 'package:Optimizer' lr=0.1` and `… optax 'optax.adamw(1e-3)'`."""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import re
import sys
import warnings
from typing import Any, Dict, List, Optional, Sequence

from .._errors import RavineError
from ..rule import Rule
from .errors import KINDS, ConstructionError, ReadingError, explained
from .reading import Reading, read_class, read_optax

OK, FINDING, USAGE, INTERRUPTED = 0, 1, 2, 130


def _value(name: str, text: str) -> Any:
    if text in ("inf", "-inf"):
        return float(text)
    if text.lower().lstrip("-") == "nan":
        raise ConstructionError(f"`{name}` is to be a number, and `{text}` is none", name)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        # A word is a text, as the name of a variant.
        if re.fullmatch(r"[^\W\d][\w.+-]*", text):
            return text
        raise ConstructionError(
            f"`{text}` is no value for `{name}`: write a number, (0.9, 0.99), True or a word", name
        ) from error


def arguments(given: Sequence[str]) -> Dict[str, Any]:
    """What ``name=value`` says, each once."""
    made: Dict[str, Any] = {}
    for one in given:
        name, separator, text = one.partition("=")
        if not separator or not name.isidentifier():
            raise ConstructionError(f"`{one}` is no argument: write it as name=value", one)
        if name in made:
            raise ConstructionError(f"`{name}` is given twice", name)
        made[name] = _value(name, text)
    return made


class _Explain(argparse.Action):
    """Prints a page and ends, as `--help` does."""

    def __call__(self, parser: argparse.ArgumentParser, space: Any, value: Any, option: Optional[str] = None) -> None:
        if value not in KINDS:
            parser.error(f"there is no code `{value}`; there are {', '.join(KINDS)}")
        print(explained(value), end="")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ravine.read",
        description="Reads an optimizer of Python as a rule, and holds the rule to it.",
        epilog="ends with 0 when it is read (and equal, with --against), 1 when not, 2 when it is called wrongly",
    )
    parser.add_argument("host", choices=("torch", "optax"))
    parser.add_argument("optimizer", help="package.module:Class, or a call as 'optax.adamw(1e-3)'")
    parser.add_argument("arguments", nargs="*", metavar="name=value", help="what the class is made with")
    parser.add_argument("--name", help="the name of the rule")
    parser.add_argument("--against", metavar="RULE", help="compare it with a rule, as AdamW")
    parser.add_argument("--branches", action="store_true", help="read both sides of branches on data")
    parser.add_argument("--draws", action="store_true", help="optax: what is drawn is an input of the rule")
    parser.add_argument("--group", action="append", default=[], metavar="name=value", help="what the group of parameters has")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--explain", action=_Explain, metavar="CODE", help="what a code means, as R0883, and end")
    return parser


def main(given: Optional[Sequence[str]] = None) -> int:
    warnings.simplefilter("ignore")
    options = _parser().parse_args(given)
    try:
        if options.against:
            # Before what takes longer.
            Rule(options.against)
        # What the optimizer prints is none of the answer.
        with contextlib.redirect_stdout(sys.stderr):
            reading = _read(options)
        return _answered(reading, options)
    except RavineError as error:
        if options.json:
            more = {"kind": error.kind, "what": error.what, "place": error.place} if isinstance(error, ReadingError) else {}
            print(json.dumps({"error": error.code, **more, "message": str(error)}, ensure_ascii=False))
        else:
            print(error, file=sys.stderr)
        return FINDING if isinstance(error, ReadingError) and not isinstance(error, ConstructionError) else USAGE
    except KeyboardInterrupt:
        print("interrupted: nothing was changed", file=sys.stderr)
        return INTERRUPTED


def _read(options: Any) -> Reading:
    if options.host == "torch":
        given, group = arguments(options.arguments), arguments(options.group)
        return read_class(options.optimizer, given, options.name, options.branches, group or None)
    if options.arguments:
        raise ConstructionError("a call of optax has its arguments inside, as 'optax.adamw(1e-3)'", "arguments")
    return read_optax(options.optimizer, options.name, options.draws)


def _answered(reading: Reading, options: Any) -> int:
    if not options.against:
        if options.json:
            print(json.dumps(_described(reading), ensure_ascii=False))
        else:
            print(reading.source, end="")
            print(reading.said, file=sys.stderr)
        return OK
    verdict = reading.compare(options.against)
    if options.json:
        print(json.dumps({**_described(reading), "verdict": verdict.verdict, "ours": verdict.ours,
                          "theirs": verdict.theirs, "comparison": verdict.comparison}, ensure_ascii=False))  # fmt: skip
    else:
        print(reading.source)
        print(f"{verdict.ours} and {verdict.theirs}")
        print(verdict.text(reading), end="")
        print(reading.said, file=sys.stderr)
    return OK if verdict.is_equal else FINDING


def _described(reading: Reading) -> Dict[str, Any]:
    return {"name": reading.name, "source": reading.source, "fixed": reading.fixed, "distance": reading.distance,
            "runs": len(reading.outcomes), "notes": reading.notes, "notRead": reading.skipped}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

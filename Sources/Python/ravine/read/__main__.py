"""`python -m ravine.read torch 'package:Optimizer' lr=0.1` and `… optax 'optax.adamw(1e-3)'`."""

from __future__ import annotations

import argparse
import ast
import json
import sys
import warnings
from typing import Any, Dict, List, Optional, Sequence

from .._errors import RavineError
from .errors import ConstructionError, ReadingError
from .reading import Reading, read_optax, read_torch

OK, FINDING, USAGE = 0, 1, 2


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _arguments(given: Sequence[str]) -> Dict[str, Any]:
    made: Dict[str, Any] = {}
    for one in given:
        name, separator, text = one.partition("=")
        if not separator or not name.isidentifier():
            raise ConstructionError(f"`{one}` is no argument: write it as name=value", one)
        made[name] = _value(text)
    return made


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
    return parser


def main(given: Optional[Sequence[str]] = None) -> int:
    warnings.simplefilter("ignore")
    options = _parser().parse_args(given)
    try:
        if options.host == "torch":
            reading = read_torch(
                options.optimizer, options.name, options.branches, _arguments(options.group) or None,
                **_arguments(options.arguments),
            )  # fmt: skip
        else:
            if options.arguments:
                raise ConstructionError("a call of optax has its arguments inside, as 'optax.adamw(1e-3)'", "arguments")
            reading = read_optax(options.optimizer, options.name, options.draws)
        return _answered(reading, options)
    except ReadingError as error:
        if options.json:
            print(json.dumps({"error": error.number, "kind": error.kind, "what": error.what, "place": error.place,
                              "message": str(error)}, ensure_ascii=False))  # fmt: skip
        else:
            print(error, file=sys.stderr)
        return USAGE if isinstance(error, ConstructionError) else FINDING
    except RavineError as error:
        print(error, file=sys.stderr)
        return USAGE


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

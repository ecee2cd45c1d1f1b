"""What goes wrong, as exceptions that show the line and a caret."""

from __future__ import annotations

import json
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Type


class Diagnostic(NamedTuple):
    """One finding: what is wrong, where exactly, and what would mend it."""

    #: As ``R0301``; None where a call was wrong and no text.
    code: Optional[str]
    #: ``error``, ``warning`` or ``note``.
    severity: str
    message: str
    file: Optional[str] = None
    #: From 1; columns count bytes.
    line: Optional[int] = None
    column: Optional[int] = None
    end_line: Optional[int] = None
    end_column: Optional[int] = None
    notes: Tuple[str, ...] = ()
    fixits: Tuple[Dict[str, object], ...] = ()

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: " if self.file else ""
        code = f"[{self.code}]" if self.code else ""
        return f"{place}{self.severity}{code}: {self.message}"


def diagnostics(text: str) -> List[Diagnostic]:
    """The diagnostics of a JSON array."""
    return [
        Diagnostic(
            code=one["code"],
            severity=one["severity"],
            message=one["message"],
            file=one["file"],
            line=one["line"],
            column=one["column"],
            end_line=one["endLine"],
            end_column=one["endColumn"],
            notes=tuple(note["message"] for note in one["notes"]),
            fixits=tuple(one["fixits"]),
        )
        for one in json.loads(text)
    ]


class RavineError(Exception):
    """Why something was not done. Parameters and states are as they were.

    Its text shows each diagnostic with the line that is meant and a caret.
    """

    def __init__(self, text: str, found: Optional[List[Diagnostic]] = None, code: Optional[str] = None) -> None:
        """`code` is that of a mistake which was found before the library was asked."""
        if found is None and code is not None:
            text, found = f"error[{code}]: {text}", [Diagnostic(code, "error", text)]
        super().__init__(text.rstrip("\n"))
        self.diagnostics: List[Diagnostic] = found or []

    def __reduce__(self) -> Any:
        # From a worker's process it comes back with its code.
        return _again, (type(self), str(self), self.diagnostics), self.__dict__

    @property
    def code(self) -> Optional[str]:
        """The code of the first error, as ``R0301``."""
        return next((d.code for d in self.diagnostics if d.severity == "error"), None)


def _again(kind: Type[RavineError], text: str, found: List[Diagnostic]) -> RavineError:
    made = kind.__new__(kind)
    RavineError.__init__(made, text, found)
    return made


class UsageError(RavineError, ValueError):
    """A wrong length, type or name, a file that cannot be read, a checkpoint of something else."""

    def __init__(self, text: str, found: Optional[List[Diagnostic]] = None, code: str = "R0829") -> None:
        super().__init__(text, found, code)


class KindError(UsageError, TypeError):
    """An array whose numbers cannot be stepped where they lie, or what is no array or no number."""

    def __init__(self, text: str, found: Optional[List[Diagnostic]] = None, code: str = "R0826") -> None:
        super().__init__(text, found, code)


class ProgramError(RavineError):
    """A text of the language that is wrong."""


class NumericError(RavineError, ArithmeticError):
    """A matrix without an answer, a schedule that leaves its domain."""


class BusyError(RavineError, RuntimeError):
    """Another thread is using the optimizer."""

    def __init__(self, text: str, found: Optional[List[Diagnostic]] = None, code: str = "R0829") -> None:
        super().__init__(text, found, code)


def error(status: int, text: str, found: str) -> RavineError:
    """The exception for a status of the library."""
    kinds = {2: UsageError, 3: ProgramError, 4: NumericError, 5: BusyError}
    return kinds.get(status, RavineError)(text, diagnostics(found))

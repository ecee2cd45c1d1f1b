"""Why an optimizer cannot be read, each kind as an exception of its own."""

from __future__ import annotations

from typing import Optional

from .._errors import Diagnostic, RavineError


class ReadingError(RavineError):
    """An optimizer that cannot be stated as a rule, with the operation, the branch or the place that it fails at.

    ``code`` names the kind, ``what`` the operation, condition or flag, ``place`` its line in the optimizer.
    """

    kind = "reading"
    number = "R0880"
    #: The rule as far as it was read, where the rule is what fails.
    source = ""

    def __init__(self, message: str, what: str = "", place: Optional[str] = None) -> None:
        where = f" ({place})" if place else ""
        text = f"error[{self.number}]: {message}{where}"
        super().__init__(text, [Diagnostic(self.number, "error", message, notes=(place,) if place else ())])
        self.what, self.place = what, place


class ConstructionError(ReadingError):
    """The optimizer cannot be made, or not stepped, with a plain tensor and a gradient."""

    kind, number = "construction", "R0881"


class OperationError(ReadingError):
    """An operation that the language has no word for, or a use of memory that is no equation."""

    kind, number = "operation", "R0882"


class BranchError(ReadingError):
    """A branch on data: what is done next depends on weights, gradients or states."""

    kind, number = "branch", "R0883"


class RandomnessError(ReadingError):
    """Something was drawn."""

    kind, number = "randomness", "R0884"


class ClockError(ReadingError):
    """The clock was read."""

    kind, number = "clock", "R0885"


class ValidationError(ReadingError):
    """The rule that was read does other steps than the optimizer."""

    kind, number = "validation", "R0886"
    #: Whether it was several tensors together that it failed on.
    together = False
    #: Whether it failed on one matrix.
    is_plain = False


class StateError(ReadingError):
    """A state of a kind that the language has not, or that is changed elsewhere than in a step."""

    kind, number = "state", "R0887"

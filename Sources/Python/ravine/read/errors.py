"""Why an optimizer cannot be read: each kind is an exception of its own, with a page that `--explain` prints."""

from __future__ import annotations

from typing import Dict, Optional, Type

from .._errors import Diagnostic, RavineError


class ReadingError(RavineError):
    """The reader fails where it should not: a fault of Ravine, and none of the optimizer."""

    # ``number`` names the kind, ``what`` the operation, condition or flag, ``place`` its line in the optimizer.
    number = "R0880"
    #: A line of a step that meets it, with `p` for a parameter, `state` for its state and `lr` for a number.
    example = ""
    repair = "Report it with the optimizer that it was met on."
    #: Whether no other way to read the optimizer gets further.
    is_final = False
    #: The rule as far as it was read, where the rule is what fails.
    source = ""

    def __init__(self, message: str, what: str = "", place: Optional[str] = None) -> None:
        where = f" ({place})" if place else ""
        text = f"error[{self.number}]: {message}{where}"
        super().__init__(text, [Diagnostic(self.number, "error", message, notes=(place,) if place else ())])
        self.what, self.place = what, place

    @property
    def kind(self) -> str:
        return type(self).__name__[: -len("Error")].lower()


class ConstructionError(ReadingError):
    """It cannot be found, made of a list of tensors, or stepped with dense gradients."""

    number = "R0881"
    example = "p.sub_(lr * p.grad.coalesce())"
    repair = (
        "Make it once by hand with a list of two matrices and take a step: what that says is what is to be mended. "
        "What the constructor needs besides is given as name=value, what it needs of the group with --group."
    )


class OperationError(ReadingError):
    """An operation without a word in the language, a part of a tensor that is written, a number that comes from nowhere."""

    number = "R0882"
    example = "p[0].sub_(lr * p.grad[0])"
    repair = "Say it with operations on whole tensors, as a mask in place of a part."


class BranchError(ReadingError):
    """What is done next depends on weights, gradients, states or the loss."""

    number = "R0883"
    example = "p.sub_(lr * p.grad if p.grad.norm() > 1 else p.grad)"
    repair = "Read it with --branches (branches=True): both sides are read, and the rule says which when."


class RandomnessError(ReadingError):
    """It draws: which numbers these are cannot be told, and so not be replayed."""

    number, is_final = "R0884", True
    example = "p.sub_(lr * torch.randn_like(p))"
    repair = "Of a transformation of optax, --draws (draws=True) makes what it draws an input of the rule."


class ClockError(ReadingError):
    """It reads the clock."""

    number, is_final = "R0885", True
    example = "p.sub_(lr * time.time() * p.grad)"
    repair = "Count steps in place of seconds."


class ValidationError(ReadingError):
    """The rule does other steps than the optimizer: at which step, on which shape and with which numbers it says."""

    number = "R0886"
    example = "p.sub_(lr * p.grad if len(p) < 100 else p.grad)"
    repair = (
        "Take that shape and these numbers, and see what the optimizer does there and nowhere else. "
        "The rule as it was read is the exception's `source`."
    )
    #: Whether it was several tensors together that it failed on.
    together = False
    #: Whether it failed on one matrix.
    is_plain = False


class StateError(ReadingError):
    """A state of a shape that rows and columns do not tell, or steps that differ without a condition on t."""

    number = "R0887"
    example = "p.sub_(lr * state.setdefault('kept', torch.ones(5)).add_(p.grad.sum()).sum())"
    repair = "Keep states like the weights, their rows, their columns or one number, and ask `step` what changes when."


class LimitError(ReadingError):
    """A step, or what is done before the first, does not come to its end."""

    number, is_final = "R0888", True
    example = "while True: p.sub_(lr * p.grad)"
    repair = "End its loops after a number of iterations that is an argument."


KINDS: Dict[str, Type[ReadingError]] = {
    one.number: one for one in (ReadingError, *sorted(ReadingError.__subclasses__(), key=lambda one: one.number))
}


def explained(code: str) -> str:
    """The page of a code."""
    one = KINDS[code]
    example = f"For example:\n\n    {one.example}" if one.example else ""
    parts = [f"{code} {one.__name__}", one.__doc__ or "", example, one.repair]
    return "\n\n".join(part for part in parts if part) + "\n"


def said(error: BaseException) -> str:
    """What another exception says, in a line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__

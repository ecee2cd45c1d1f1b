"""Whether a rule that was read does what the optimizer does: both run, on other gradients and with other numbers."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from . import walks
from .printer import numeral

#: So far may the weights of the two be from each other, relative to the largest weight, after any step.
TOLERANCE = 1e-12
STEPS = 30


class Trial(NamedTuple):
    """One run: of which shapes, with which numbers and from which seed."""

    shapes: Tuple[Tuple[int, ...], ...]
    numbers: Dict[str, Any]
    seed: int
    steps: int = STEPS


class Outcome(NamedTuple):
    """How far the two were from each other, and where first by more than rounding."""

    trial: Trial
    distance: float
    step: Optional[int]
    message: str = ""
    #: Of how many steps there were numbers to compare.
    compared: int = 0

    @property
    def holds(self) -> bool:
        return self.step is None and not self.message


def tried(
    rule: Callable[[Dict[str, Any]], Any],
    run: Callable[[Sequence[Sequence[int]], Dict[str, Any], int, int], List[List[Any]]],
    trial: Trial,
    drawn: Callable[[], List[List[Any]]] = list,
) -> Outcome:
    """Runs both and compares their weights after each step."""
    import numpy as np

    from .._errors import RavineError

    expected = run(trial.shapes, trial.numbers, trial.seed, trial.steps)
    arrays = [np.ascontiguousarray(one, dtype=np.float64).copy() for one in walks.first_weights(trial.shapes, trial.seed)]
    farthest, compared = 0.0, 0
    try:
        optimizer = rule(trial.numbers).bind(arrays, engine="interpreter")
        for k in range(1, trial.steps + 1):
            made = [np.ascontiguousarray(one, dtype=np.float64) for one in walks.gradients(trial.shapes, trial.seed, k)]
            for j, values in enumerate(drawn()[k - 1] if drawn() else ()):
                # One draw for each tensor, and again for a second one of the rule.
                site, tensor = divmod(j, len(arrays))
                optimizer.set_input("noise" if site == 0 else f"noise{site + 1}", values, tensor)
            optimizer.step(made, loss=walks.loss(trial.seed, k))
            compared += any(np.isfinite(one).any() for one in expected[k - 1])
            for ours, theirs in zip(arrays, expected[k - 1]):
                theirs = np.asarray(theirs)
                both = np.isfinite(theirs)
                if not np.array_equal(both, np.isfinite(ours)):
                    return Outcome(trial, float("inf"), k)
                if not both.any():
                    continue
                scale = max(1.0, float(np.abs(theirs[both]).max()))
                distance = float(np.abs(ours[both] - theirs[both]).max()) / scale
                farthest = max(farthest, distance)
                if distance > TOLERANCE:
                    return Outcome(trial, distance, k)
    except RavineError as error:
        return Outcome(trial, float("inf"), None, str(error).splitlines()[0])
    return Outcome(trial, farthest, None, compared=compared)


def described(outcome: Outcome) -> str:
    shapes = ", ".join("×".join(map(str, one)) or "a number" for one in outcome.trial.shapes)
    numbers = ", ".join(f"{key} = {numeral(round(value, 6)) if isinstance(value, float) else value}"
                        for key, value in outcome.trial.numbers.items())  # fmt: skip
    if outcome.message:
        return f"on {shapes}: {outcome.message}"
    return f"at step {outcome.step} on {shapes} with {numbers} the two are {outcome.distance:.1e} apart"

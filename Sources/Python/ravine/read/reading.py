"""Reads an optimizer: traces it, states it as a rule, and holds the rule to it."""

from __future__ import annotations

import inspect
import math
import re
import threading
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple, Union

from .calls import imported
from .errors import BranchError, ConstructionError, OperationError, ReadingError, StateError, ValidationError, said
from .foreign import Place, raised
from .hyperparameters import Arguments, Hyperparameter
from .roots import rooted
from .rules import Branch, Domain, written
from .validation import Outcome, Trial, described, tried

#: Lengths that no code has as numbers of its own.
MATRIX, WIDE, VECTOR = (11, 7), (7, 11), (13,)
#: A length from which on packages do other things, as factoring, is below this.
LARGE = (131, 130)
IMAGE = (3, 2, 4)


class Reading:
    """A rule that was read of an optimizer, and held to it."""

    def __init__(self, name: str, source: str, outcomes: List[Outcome], notes: List[str], fixed: Dict[str, Any],
                 skipped: List[str], counts: Dict[str, int], places: Dict[str, Place]) -> None:  # fmt: skip
        #: The name of the rule.
        self.name = name
        #: The text that declares it.
        self.source = source
        #: What it was held to.
        self.outcomes = outcomes
        #: What to know of it.
        self.notes = notes
        #: Arguments that stand for themselves alone.
        self.fixed = fixed
        #: Kinds of shapes that it does not speak of.
        self.skipped = skipped
        #: Hyperparameters that are whole numbers, and what they are.
        self.counts = counts
        #: The lines of the optimizer that write w and the states.
        self.places = places

    @property
    def rule(self) -> Any:
        from ..rule import Rule

        return Rule(self.source, self.name)

    @property
    def distance(self) -> float:
        """How far the weights were from each other at most."""
        return max((one.distance for one in self.outcomes), default=0.0)

    @property
    def said(self) -> str:
        """What it was held to, in a line."""
        steps = sum(one.trial.steps for one in self.outcomes)
        return f"held to it over {len(self.outcomes)} runs, {steps} steps: at most {self.distance:.1e} apart"

    def compare(self, other: str) -> Any:
        """Whether the rule is that rule: `ravine.compare`, with the names of hyperparameters matched."""
        from .against import compared

        return compared(self, other)

    def __repr__(self) -> str:
        return self.source


def read_torch(
    optimizer: Union[str, Callable[..., Any]],
    name: Optional[str] = None,
    branches: bool = False,
    group: Optional[Dict[str, Any]] = None,
    **arguments: Any,
) -> Reading:
    """Reads an optimizer of PyTorch: a class or ``"package.module:Class"``, made with these arguments and with what
    the group of parameters has besides them; or a call, as ``"package.Lookahead(torch.optim.SGD(params), k=5)"``. With
    `branches` both sides of a branch on data are read.

    Raises `ReadingError` where it cannot be stated as a rule, or does other steps than the rule.
    """
    return read_class(optimizer, arguments, name, branches, group)


def read_class(
    optimizer: Union[str, Callable[..., Any]],
    arguments: Dict[str, Any],
    name: Optional[str] = None,
    branches: bool = False,
    group: Optional[Dict[str, Any]] = None,
) -> Reading:
    """As `read_torch`, with arguments of any name."""
    made = torch_host(optimizer, arguments, group)
    return _Reader(made, _named(name or made.name), branches).read()


def torch_host(
    optimizer: Union[str, Callable[..., Any]], arguments: Dict[str, Any], group: Optional[Dict[str, Any]] = None
) -> Any:
    """An optimizer of PyTorch as something that can be run along walks."""
    imported("torch")
    from .host import Construction, Host

    if isinstance(optimizer, str) and "(" in optimizer:
        if arguments or group:
            raise ConstructionError("a call has its arguments inside", "arguments")
        return Construction(optimizer)
    cls: Any = optimizer
    if isinstance(optimizer, str):
        cls = imported(optimizer if ":" in optimizer else ":".join(optimizer.rpartition(".")[::2]))
    title = getattr(cls, "__name__", repr(cls))
    if not callable(cls):
        raise ConstructionError(f"`{title}` is a {type(cls).__name__}, and no class of optimizers", title)
    if inspect.isclass(cls) and not callable(getattr(cls, "step", None)):
        raise ConstructionError(f"`{title}` is no optimizer: it has no `step`", title)
    return Host(cls, _arguments(cls, arguments), group)


def _named(name: str) -> str:
    if not re.fullmatch(r"[^\W\d]\w*", name):
        raise ConstructionError(f"a rule cannot be called `{name}`: give it another name with `--name`", "name")
    return name


def read_optax(call: str, name: Optional[str] = None, draws: bool = False) -> Reading:
    """Reads a transformation of optax, as ``"optax.adamw(1e-3)"``; its numbers, given and left out, stand for any.
    With `draws` the normal numbers that it draws are an input of the rule.

    Raises `ReadingError` where it cannot be stated as a rule, or does other steps than the rule.
    """
    made = optax_host(call, draws)
    return _Reader(made, _named(name or made.name)).read()


def optax_host(call: str, draws: bool = False) -> Any:
    """A transformation of optax as something that can be run along walks."""
    imported("jax")
    from .transformation import Transformation

    return Transformation(call, draws)


def _arguments(cls: Any, given: Dict[str, Any]) -> Arguments:
    function = cls.__init__ if inspect.isclass(cls) else cls
    try:
        made = Arguments(function, given, skip=2 if inspect.isclass(cls) else 1)
    except (TypeError, ValueError) as error:
        raise ConstructionError(str(error), "arguments") from error
    if made.missing:
        raise ConstructionError(
            f"`{cls.__name__}` needs `{made.missing[0]}`, which has no default: give it as `{made.missing[0]}=…`",
            made.missing[0],
        )
    return made


#: One at a time: modules stand changed while one is read.
_reading = threading.RLock()


class _Reader:
    """The attempts to read one optimizer, from the most that a rule can say down."""

    def __init__(self, host: Any, name: str, branches: bool = False) -> None:
        self.host, self.name, self.branches = host, name, branches
        #: By kind of shape, why it is not read for it.
        self.reasons: Dict[str, ReadingError] = {}
        self.hyperparameters: List[Hyperparameter] = host.arguments.hyperparameters

    def read(self) -> Reading:
        try:
            with _reading:
                return self._read()
        except ReadingError:
            raise
        except RecursionError as problem:
            raise OperationError("more operations stand in each other than can be followed", "depth") from problem
        except Exception as problem:  # of any kind: it is of the reader
            raise ReadingError(f"the reader fails: {said(problem)}", type(problem).__name__, raised(problem)) from problem

    def _read(self) -> Reading:
        counts = {one.name for one in self.hyperparameters if one.is_whole}
        zeros = {one.name for one in self.hyperparameters if one.value == 0}
        infinite = {one.name for one in self.hyperparameters if not math.isfinite(one.value)}
        plans: List[Set[str]] = []
        for plan in (infinite, counts | infinite, zeros | infinite, zeros | counts | infinite):
            if plan not in plans:
                plans.append(plan)
        reasons: List[ReadingError] = []
        for plan in plans:
            # On one tensor, on two where that speaks of one alone; lengths that carry names get in the way of some code.
            for options in ({}, {"pair": True}, {"sizes": False}, {"sizes": False, "pair": True}):
                if options and not _helps(options, reasons[-1]):
                    continue
                try:
                    return self._attempt(set(plan), options)
                except ReadingError as error:
                    if error.is_final:
                        raise
                    reasons.append(error)
        raise _worst(reasons)

    def _attempt(self, fixed: Set[str], options: Dict[str, bool]) -> Reading:
        branches, fixed, skipped, notes, assumptions = self._branches(fixed, options)
        ways = [(branches, skipped)]
        if len(branches) > 1 and branches[-1].suffix == "Vector":
            # What has more axes may be as a vector is.
            ways.append(([one._replace(condition=one.condition.replace(">= 2", "== 2")) for one in branches], skipped))
        ways.append((branches, [*skipped, "images"]))
        if len(ways) > 2:
            # Some are made for matrices, and do with a vector what no rule says.
            rest = branches[:-1] if len(branches) > 2 else [branches[0]._replace(suffix="")]
            ways.append((rest, [*skipped, "vectors", "images"]))
        reason: Optional[ReadingError] = None
        for parts, without in ways:
            if reason is not None:
                self.reasons.update({kind: reason for kind in without if kind not in self.reasons})
            try:
                return self._held(parts, fixed, without, notes, assumptions)
            except ReadingError as error:
                if error.is_final:
                    raise
                reason = reason or error
                if isinstance(error, ValidationError) and error.is_plain:
                    # On a single matrix nothing else helps.
                    break
        raise reason

    def _held(
        self, branches: List[Branch], fixed: Set[str], skipped: List[str], notes: List[str], assumptions: List[Any]
    ) -> Reading:
        free = [one for one in self.hyperparameters if one.name not in fixed]
        documentation = self._documentation(fixed, skipped, notes, assumptions)
        domains = self._domains(fixed)
        positive = {one.symbol for one in free if one.name in domains and domains[one.name].low >= 0}
        branches = [one._replace(equations=rooted(one.equations, positive)) for one in branches]
        source = written(self.name, branches, free, domains, documentation)
        outcomes = self._validated(source, fixed, skipped)
        values = {one.name: one.value for one in self.hyperparameters if one.name in fixed}
        counts = {one.name: one.value for one in free if one.is_count}
        places = {name: place for branch in branches[::-1] for name, place in branch.equations.places.items()}
        return Reading(self.name, source, outcomes, notes, values, skipped, counts, places)

    def _branches(self, fixed: Set[str], options: Dict[str, bool]) -> Any:
        notes: List[str] = []
        assumptions: List[Any] = []

        def traced(shape: Tuple[int, ...]) -> Any:
            nonlocal fixed
            for _ in range(3):
                numbers = [self._numbers(1, fixed), self._numbers(2, fixed, near=True)]
                made, structural = self.host.traced(numbers, fixed, shape, {"branches": self.branches, **options})
                # A number that a count or a length was made of is not any number.
                if not structural - fixed:
                    break
                fixed = fixed | structural
            notes.extend(one for one in made.notes if one not in notes)
            assumptions.extend(one for one in made.assumptions if one not in assumptions)
            return made

        skipped: List[str] = []
        found: Dict[str, Any] = {}
        errors: List[ReadingError] = []
        for kind, shape in (("matrices", MATRIX), ("wide", WIDE), ("vectors", VECTOR)):
            try:
                found[kind] = traced(shape)
            except ReadingError as error:
                if error.is_final or isinstance(error, BranchError):
                    raise
                errors.append(error)
                skipped.append(kind)
                self.reasons[kind] = error
        if "matrices" not in found and ("vectors" not in found or not isinstance(errors[0], ConstructionError)):
            # A rule for vectors alone would say little of an optimizer that takes matrices.
            raise _worst(errors)
        tall, wide, vector = found.get("matrices"), found.get("wide"), found.get("vectors")
        if tall is not None and vector is not None and wide is not None and _same(tall, vector) and _same(tall, wide):
            return [Branch("", "", tall)], fixed, skipped, notes, assumptions
        parts: List[Branch] = []
        if tall is not None and wide is not None and not _same(tall, wide):
            parts.append(Branch("rank >= 2 and rows > cols", "Tall", tall))
            parts.append(Branch("rank >= 2 and rows <= cols", "Wide", wide))
        elif tall is not None:
            parts.append(Branch("rank >= 2", "Matrix", tall))
        if vector is not None:
            parts.append(Branch("otherwise", "Vector", vector))
        if len(parts) == 1:
            parts = [Branch("", "", parts[0].equations)]
        return parts, fixed, skipped, notes, assumptions

    def _numbers(self, seed: int, fixed: Set[str], near: bool = False) -> Dict[str, Any]:
        """Other numbers that the optimizer takes."""
        error: Optional[Exception] = None
        for k in range(40):
            numbers = self.host.arguments.others(seed * 1000 + k, fixed, near)
            error = self.host.takes(numbers)
            if error is None:
                return numbers
        raise ConstructionError(
            f"`{self.host.name}` cannot be made with a list of parameters and other numbers: "
            f"{said(error)}", type(error).__name__, raised(error),
        )  # fmt: skip

    def _domains(self, fixed: Set[str]) -> Dict[str, Domain]:
        """The numbers that the optimizer takes, where it looks."""
        values = {one.name: one.value for one in self.hyperparameters}
        domains: Dict[str, Domain] = {}

        def takes(name: str, value: float) -> bool:
            return self.host.takes({**values, name: value}) is None

        for one in self.hyperparameters:
            if one.name in fixed or one.is_count:
                continue
            low = not takes(one.name, -0.37)
            high = not takes(one.name, 1.37) and takes(one.name, 0.37)
            if not low and not high:
                continue
            has_zero, has_one = low and takes(one.name, 0.0), high and takes(one.name, 1.0)
            domain = Domain(0.0 if low else -math.inf, 1.0 if high else math.inf, has_zero, has_one)
            if low and one.value > 1 and not takes(one.name, 0.37) and takes(one.name, 1.37):
                domain = Domain(1.0, math.inf, takes(one.name, 1.0), False)
            if (one.value > domain.low or one.value == 0 and has_zero) and (
                one.value < domain.high or one.value == 1 and has_one
            ):
                domains[one.name] = domain
        return domains

    def _documentation(self, fixed: Set[str], skipped: List[str], notes: List[str], assumptions: List[Any]) -> List[str]:
        from . import expression as ex
        from .printer import numeral, text

        made = [f"Read from {self.host.title}."]
        given = [f"{key} = {value!r}" for key, value in self.host.arguments.given.items()
                 if isinstance(value, (bool, str)) or value is None]  # fmt: skip
        if given:
            made.append(f"Made with {', '.join(given)}.")
        stands = [f"{one.name} = {numeral(one.value)}" for one in self.hyperparameters if one.name in fixed]
        if stands:
            made.append(f"It stands for {', '.join(stands)} alone.")
        later = [text(one) for one in assumptions if ex.T in one.free and len(text(one)) < 60]
        if later:
            made.append(f"Read where {', '.join(later[:3])}.")
        low = [one for one in notes if one.startswith(("bfloat", "float"))]
        if low:
            made.append(f"Its casts to {' and '.join(low)} are left out.")
        made += [one + "." for one in notes if one not in low]
        kinds = {"matrices": "matrices", "wide": "matrices of more columns than rows", "vectors": "vectors",
                 "images": "tensors of more than two axes"}  # fmt: skip
        for kind in skipped:
            reason = self.reasons.get(kind)
            # Not `error[R0882]: `, as nothing fails.
            why = f": {reason.code}, {reason.diagnostics[0].message.splitlines()[0]}" if reason else ""
            made.append(f"Not read for {kinds[kind]}{why}.")
        return [one[0].upper() + one[1:] for one in made]

    # Held to it

    def _trials(self, fixed: Set[str], skipped: List[str]) -> List[Trial]:
        shapes: List[Tuple[Tuple[int, ...], ...]] = []
        if "matrices" not in skipped:
            shapes += [((6, 4),)]
        if "wide" not in skipped:
            shapes += [((2, 7),)]
        if "vectors" not in skipped:
            shapes += [((9,),)]
        together = tuple(one[0] for one in shapes)
        trials = [Trial(one, self._numbers(11 + k, fixed), 2 + k) for k, one in enumerate(shapes)]
        given = {one.name: one.value for one in self.hyperparameters}
        trials.append(Trial(together, given, 21))
        trials.append(Trial(together, self._numbers(31, fixed), 22, 40))
        if "matrices" not in skipped:
            trials.append(Trial((LARGE,), given, 23, 3))
        if "images" not in skipped:
            trials.append(Trial((IMAGE,), self._numbers(41, fixed), 24))
        return trials

    def _validated(self, source: str, fixed: Set[str], skipped: List[str]) -> List[Outcome]:
        from .._errors import RavineError
        from ..rule import Rule

        try:
            known = Rule(source, self.name).hyperparameters
        except RavineError as problem:
            error = StateError(f"what was read is no rule of the language: {str(problem).splitlines()[0]}", "rule")
            error.source = source
            raise error from problem

        def made(numbers: Dict[str, Any]) -> Any:
            given = {one.name: float(numbers[one.name]) for one in self.hyperparameters if one.name in known}
            return Rule(source, self.name, **given)

        outcomes: List[Outcome] = []
        for trial in self._trials(fixed, skipped):
            try:
                outcome = tried(made, self.host.run, trial, lambda: getattr(self.host, "drawn", []))
            except ReadingError:
                raise
            except Exception as problem:  # of any kind: it is of the optimizer
                raise ConstructionError(
                    f"the optimizer fails in the replay: {said(problem)}", type(problem).__name__, raised(problem)
                ) from problem
            if not outcome.holds:
                failed = ValidationError(f"the rule that was read is not the optimizer: {described(outcome)}", "replay")
                failed.source, failed.together = source, len(trial.shapes) > 1
                failed.is_plain = len(trial.shapes) == 1 and len(trial.shapes[0]) == 2
                raise failed
            outcomes.append(outcome)
        if not any(one.compared for one in outcomes):
            failed = ValidationError("its weights are no finite numbers in any replay, so nothing was held to it", "replay")
            failed.source = source
            raise failed
        return outcomes


def _helps(options: Dict[str, bool], error: ReadingError) -> bool:
    """Whether to read in another way helps after this error."""
    if "pair" in options:
        return isinstance(error, ValidationError) and error.together or "R0312" in str(error)
    return isinstance(error, (OperationError, ConstructionError))


def _same(a: Any, b: Any) -> bool:
    return a.weight is b.weight and a.states == b.states


def _worst(reasons: Sequence[ReadingError]) -> ReadingError:
    """The error that says most: of the first attempt, unless it is one of making the optimizer."""
    for one in reasons:
        if not isinstance(one, ConstructionError):
            return one
    return reasons[0]

"""One optimizer of PyTorch on one shape: steps, traced, and the equations that they are."""

from __future__ import annotations

import copy
import math
import random
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

import torch

from . import expression as ex
from .errors import BranchError, ConstructionError, OperationError, RandomnessError, ReadingError, StateError, said
from .expression import Expression
from .foreign import Place, raised
from .host import Exact, ExactCalls, Host, Path, double_precision, first_weights, gradients, leaves, losses, optimizers, place, Within
from .gathering import gathered, is_second, second
from .hyperparameters import identifier
from .equations import Equations, State, primed, settled
from .pieces import Unjoined, alike, is_finite_at_first, joined, odd_number
from .printer import replaced, size, text
from .recording import Guard, Recording, Script, made_of, shimmed, writing
from .shapes import Shapes
from .tensors import Inner, Outer, Tensors

#: So many steps are traced, each by itself.
STEPS = 13


Key = Tuple[int, int]


class _Step(NamedTuple):
    weight: Expression
    leaves: Dict[Path, Expression]
    born: Dict[Path, Expression]
    guards: List[Guard]
    shapes: Dict[Path, Tuple[int, ...]]
    #: Where the weights were written, under no path, and the states.
    places: Dict[Path, Place]


class Trace:
    """Reads an optimizer on parameters of one shape."""

    def __init__(
        self,
        host: Host,
        numbers: Sequence[Dict[str, Any]],
        fixed: Set[str],
        shape: Sequence[int],
        seed: int = 1,
        branches: bool = False,
        sizes: bool = True,
        steps: int = STEPS,
        pair: bool = False,
    ) -> None:
        self.host, self.shape, self.seed, self.steps = host, tuple(shape), seed, steps
        self.walks, self.fixed, self.branches, self.sizes = list(numbers), fixed, branches, sizes
        self.numbers = self.walks[0]
        #: Read on two tensors of this shape, to see what spans all of them.
        self.pair = pair
        self.alike = [self.shape, self.shape] if pair else [self.shape]
        self.names: Dict[Expression, str] = {}
        self.notes: List[str] = []
        self.structural: Set[str] = set()
        #: Optimizers and parameters as they were before each step.
        self.before: Dict[Key, Any] = {}

    # What kind of thing each leaf is

    def _made(self, numbers: Dict[str, Any], parameters: Sequence[torch.nn.Parameter]) -> Any:
        try:
            return self.host.make(parameters, numbers)
        except ReadingError:
            raise
        except Exception as error:
            raise ConstructionError(
                f"`{self.host.name}` cannot be made of a list of parameters: {said(error)}", type(error).__name__, raised(error)
            ) from error

    def _survey(self) -> None:
        """Steps without a trace, to see which numbers count steps, stay, or change."""
        self.kinds: Dict[Path, str] = {}
        self.counted: Dict[Path, Expression] = {}
        order = ("tensor", "number", "counter", "constant")
        for numbers in self.walks:
            for path, (kind, made) in self._surveyed(numbers).items():
                known = self.kinds.get(path, kind)
                # What counts in one walk and not in the other, or otherwise, is a number like any.
                both = {kind, known}
                is_other = both == {"counter"} and self.counted.get(path, made) is not made
                self.kinds[path] = "number" if both == {"counter", "constant"} or is_other else min(both, key=order.index)
                self.counted[path] = made

    def _surveyed(self, numbers: Dict[str, Any]) -> Dict[Path, Tuple[str, Expression]]:
        """What each is, and what one that counts is before step t."""
        parameters = first_weights(self.alike, self.seed)
        parameter = parameters[0]
        optimizer = self._made(numbers, parameters)
        series: Dict[Path, Dict[int, float]] = {}
        whole: Set[Path] = set()
        draws = random.getstate(), torch.random.get_rng_state().clone()

        def look(k: int) -> None:
            for path, value in leaves(optimizer, parameter).items():
                if isinstance(value, torch.Tensor):
                    if value.is_sparse or value.is_complex():
                        raise StateError(f"the state `{_title(path)}` is sparse or complex", _title(path))
                    if value.numel() != 1 or value.shape == self.shape and value.dim() > 0:
                        whole.add(path)
                        continue
                    value = value.detach().double().reshape(()).item()
                series.setdefault(path, {})[k] = float(value)

        look(0)
        for k in range(1, self.steps + 1):
            for one, gradient in zip(parameters, gradients(self.alike, self.seed, k)):
                one.grad = gradient
            try:
                self.host.step(optimizer, losses(self.seed, k))
            except ReadingError:
                raise
            except Exception as error:
                if k == 1 and not self.host.has_closure and "closure" in f"{type(error).__name__} {error}".lower():
                    # It asks for the loss by itself.
                    self.host.has_closure = True
                    return self._surveyed(numbers)
                raise ConstructionError(
                    f"step {k} fails on a dense gradient: {said(error)}", type(error).__name__, raised(error)
                ) from error
            look(k)
        if draws[0] != random.getstate() or not torch.equal(draws[1], torch.random.get_rng_state()):
            raise RandomnessError(
                "the steps draw random numbers: which these are cannot be told, and so not be replayed", "random"
            )
        kinds: Dict[Path, Tuple[str, Expression]] = {path: ("tensor", ex.ZERO) for path in whole}
        counts = [one for one in self.host.arguments.hyperparameters if one.is_count and numbers[one.name] > 0]
        before = ex.subtract(ex.T, 1)
        for path, values in series.items():
            if path in whole:
                continue
            ks = sorted(values)
            last = [values[k] for k in ks if k >= 1]
            everything = [values[k] for k in ks]
            same = all(one == everything[0] or one != one for one in everything)
            # One that begins again after so many steps.
            round_of = next((one for one in counts if all(values[k] == k % numbers[one.name] for k in ks)), None)
            if len(last) > 1 and all(b - a == 1 for a, b in zip(last, last[1:])):
                kinds[path] = "counter", ex.add(before, last[0] - ks[-len(last)])
            elif not same and round_of is not None:
                n = ex.number(round_of.value) if round_of.name in self.fixed else round_of.symbol
                kinds[path] = "counter", ex.apply("mod", before, n)
            else:
                kinds[path] = "constant" if same else "number", ex.ZERO
        return kinds

    def _name_states(self) -> None:
        self.symbols: Dict[Path, Expression] = {}
        self.taken = {one.name for one in self.host.arguments.hyperparameters}
        for path, kind in sorted(self.kinds.items(), key=lambda pair: [str(one) for one in pair[0]]):
            if kind == "counter":
                self.symbols[path] = self.counted[path]
            elif kind in ("tensor", "number") or kind == "constant" and path[0] == "state":
                self.symbols[path] = self._named(path)

    def _named(self, path: Path) -> Expression:
        name = identifier("_".join(str(one) for one in path[1:] if not isinstance(one, Within)), self.taken)
        self.taken.add(name)
        return ex.symbol("state", name)

    def _run(self, walk: int) -> Dict[int, _Step]:
        numbers = self.walks[walk]
        recorded = {
            one.name: numbers[one.name] if one.name in self.fixed else Recording(numbers[one.name], one.symbol)
            for one in self.host.arguments.hyperparameters
        }
        found: Dict[int, _Step] = {}
        script = Script()
        with shimmed(self.host.packages, self.host.spaces), writing(script):
            parameters = first_weights(self.alike, self.seed)
            tensors = Tensors(self.shape, self.sizes)
            for one, made in zip(parameters, _WEIGHTS):
                tensors.set(one, made)
            inner = Inner(tensors)
            with inner, Outer(tensors, inner):
                optimizer = self._made(recorded, parameters)
            self._note_initial(optimizer, parameters[0], tensors)
            for k in range(1, self.steps + 1):
                script.guards = []
                if self.branches:
                    self.before[walk, k] = _copied(optimizer, parameters)
                found[k] = self._step(optimizer, parameters, k, script)
        self.structural |= {one.value[1] for one in script.structural}
        return found

    def _again(self, forced: Dict[Expression, bool], key: Key) -> _Step:
        """A step once more, from where it began, with other outcomes of some conditions."""
        script = Script()
        script.forced = forced
        with double_precision(), shimmed(self.host.packages, self.host.spaces), writing(script):
            optimizer, parameters = _copied(*self.before[key])
            return self._step(optimizer, parameters, key[1], script)

    def _note_initial(self, optimizer: Any, parameter: torch.Tensor, tensors: Tensors) -> None:
        """What states hold before the first step, where they are there."""
        self.first: Dict[Path, Expression] = {}
        for path, value in leaves(optimizer, parameter).items():
            if not isinstance(value, torch.Tensor):
                self.first[path] = made_of(value)
            elif path in self.symbols or value.numel() == 1:
                try:
                    self.first[path] = tensors.get(value)
                except OperationError:
                    pass
        if self.pair:
            whole = self._whole()
            self.first = {path: whole(made) for path, made in self.first.items()}

    def _whole(self) -> Callable[[Expression], Expression]:
        """What spans both tensors as what spans all."""
        shared = frozenset(one for path, one in self.symbols.items() if path[0] != "state" and one.op == "symbol")
        memo: Dict[Expression, Expression] = {}
        return lambda made: gathered(made, shared, memo)

    def _step(self, optimizer: Any, parameters: Sequence[Any], k: int, script: Script) -> _Step:
        import numpy

        tensors = Tensors(self.shape, self.sizes)
        inner = Inner(tensors)
        outer = _Naming(tensors, inner, self.names)
        given = gradients(self.alike, self.seed, k)
        for one, gradient, w, g in zip(parameters, given, _WEIGHTS, _GRADIENTS):
            one.grad = gradient
            tensors.set(one, w)
            tensors.set(gradient, g)
        loss = losses(self.seed, k)
        tensors.set(loss, ex.LOSS)
        for which, parameter in enumerate(parameters):
            self._name_leaves(optimizer, parameter, which, k, tensors)
        for memory in tensors.memories.values():
            memory.place = None
        drawn = numpy.random.get_state()
        try:
            with inner, outer:
                self.host.step(optimizer, loss, lambda: tensors.get(parameters[0]) is not ex.W)
        except ReadingError:
            raise
        except Exception as error:
            raise OperationError(
                f"the step cannot be followed: {said(error)}", type(error).__name__, raised(error)
            ) from error
        now = numpy.random.get_state()
        if now[2] != drawn[2] or (now[1] != drawn[1]).any():
            raise RandomnessError("the step draws by NumPy: which numbers cannot be told", "numpy.random")
        if any(tensors.get(gradient) is not g for gradient, g in zip(given, _GRADIENTS)):
            tensors.notes.append("its steps write into the gradients too, which a rule leaves as they are")
        self.notes += [one for one in tensors.notes if one not in self.notes]
        after: Dict[Path, Expression] = {}
        born: Dict[Path, Expression] = {}
        shapes: Dict[Path, Tuple[int, ...]] = {}
        places: Dict[Path, Optional[Place]] = {(): tensors.place(parameters[0])}
        for path, value in leaves(optimizer, parameters[0]).items():
            if not isinstance(value, torch.Tensor):
                after[path] = made_of(value)
            elif path in self.symbols or value.numel() == 1:
                after[path] = tensors.get(value)
                shapes[path], places[path] = tuple(value.shape), tensors.place(value)
                begun = tensors.born(value)
                if begun is not None:
                    born[path] = begun
        weight, guards = tensors.get(parameters[0]), list(script.guards)
        if self.pair:
            whole = self._whole()
            weight, after = whole(weight), {path: whole(made) for path, made in after.items()}
            born = {path: whole(made) for path, made in born.items()}
            guards = [one._replace(condition=whole(one.condition), met=one.condition) for one in guards]
            # What is decided for the second tensor alone is decided for the first as well.
            guards = [one for one in guards if not any(map(is_second, one.condition.free))]
            for what, made in [("w", weight)] + [(_title(path), made) for path, made in after.items()]:
                if any(map(is_second, made.free)):
                    raise StateError(f"the step of one tensor depends on another in `{what}`", what)
        return _Step(weight, after, born, guards, shapes, {path: one for path, one in places.items() if one})

    def _name_leaves(self, optimizer: Any, parameter: Any, which: int, k: int, tensors: Tensors) -> None:
        """Before a step each number and tensor that is kept is called by its name."""
        for path, value in leaves(optimizer, parameter).items():
            kind, name = self.kinds.get(path), self.symbols.get(path)
            if name is None or which and path[0] != "state":
                continue
            if which and name.op == "symbol" and name.value[0] == "state":
                name = second(name)
            if isinstance(value, torch.Tensor):
                if k > 1 or kind != "constant" and (kind != "tensor" or path in self.first):
                    tensors.set(value, name)
            elif kind != "constant":
                place(optimizer, parameter, path, Recording(float(value), name))

    # Equations

    def read(self) -> Equations:
        with double_precision():
            with Exact(), ExactCalls():
                self._survey()
            self._name_states()
            steps = self._walked()
            if self._follow_clockwork(steps):
                steps = self._walked()
        return self._joined({k: self._branched(k, step) for k, step in steps.items()})

    def _walked(self) -> Dict[Key, _Step]:
        return {
            (walk, k): step for walk in range(len(self.walks)) for k, step in self._run(walk).items()
        }  # fmt: skip

    def _follow_clockwork(self, steps: Dict[Key, _Step]) -> bool:
        """A number that t alone gives, as a rate that fades, is an expression and no state."""
        found = False
        for path, kind in list(self.kinds.items()):
            if kind == "constant" and path not in self.symbols:
                # A number that is made of data in the constructor or in the first step, and stays.
                made = [self.first.get(path), steps[0, 1].leaves.get(path)]
                if any(one is not None and ex.is_data(one) for one in made):
                    self.kinds[path], found = "number", True
                    self.symbols[path] = self._named(path)
                continue
            if path not in self.symbols or kind not in ("number", "constant"):
                continue
            if kind == "constant":
                made = steps[0, 1].leaves.get(path)
                if path[0] == "state" and made is not None and not ex.is_data(made):
                    self.symbols[path], self.kinds[path], found = made, "counter", True
                continue
            after = {step.leaves.get(path) for (_, k), step in steps.items() if k > 1}
            made = next(iter(after))
            begun = self.first.get(path, steps[0, 1].born.get(path))
            if len(after) != 1 or made is None or begun is None or ex.is_data(made) or ex.T not in made.free:
                continue
            first = steps[0, 1].leaves.get(path)
            if alike(ex.substituted(made, {ex.T: ex.ZERO}), begun) and (
                first is made or alike(ex.substituted(made, {ex.T: ex.ONE}), first)
            ):
                self.symbols[path] = ex.substituted(made, {ex.T: ex.subtract(ex.T, 1)})
                self.kinds[path] = "counter"
                found = True
        return found

    def _branched(self, key: Key, step: _Step) -> _Step:
        """Where a step went by what the data are, the other side is read too."""
        guard = next((one for one in step.guards if ex.is_data(one.condition)), None)
        if guard is None:
            return step
        if not self.branches:
            raise BranchError(
                f"what is done depends on data, `{text(guard.condition)}`: both sides are read with `--branches`",
                text(guard.condition), guard.place,
            )  # fmt: skip
        return self._sides(key, step, {}, 0)

    def _sides(self, k: Key, step: _Step, forced: Dict[Expression, bool], depth: int) -> _Step:
        guards = [one for one in step.guards if ex.is_data(one.condition) and (one.met or one.condition) not in forced]
        if not guards:
            return step
        guard = guards[0]
        if depth >= 5:
            raise BranchError("more than five branches on data stand in each other", repr(guard.condition), guard.place)
        met = guard.met or guard.condition
        here = self._sides(k, step, {**forced, met: guard.outcome}, depth + 1)
        other = {**forced, met: not guard.outcome}
        try:
            there = self._again(other, k)
        except (ConstructionError, OperationError) as error:
            # A side that only raises is no step: a rule that meets it would end there too.
            note = f"the other side of a branch is not read, as it fails: {error.what}"
            if note not in self.notes:
                self.notes.append(note)
            return here
        there = self._sides(k, there, other, depth + 1)
        yes, no = (here, there) if guard.outcome else (there, here)
        paths = {**yes.leaves, **no.leaves}
        leaves_joined = {
            path: ex.chosen(guard.condition, yes.leaves.get(path, self._kept(path)),
                           no.leaves.get(path, self._kept(path)))
            for path in paths
        }  # fmt: skip
        rest = [one for one in here.guards + there.guards if one.condition is not guard.condition]
        return _Step(
            ex.chosen(guard.condition, yes.weight, no.weight), leaves_joined, {**no.born, **yes.born}, rest,
            {**no.shapes, **yes.shapes}, {**no.places, **yes.places},
        )

    def _kept(self, path: Path) -> Expression:
        return self.symbols.get(path, ex.ZERO)

    def _joined(self, steps: Dict[Key, _Step]) -> Equations:
        hypers = {one.symbol for one in self.host.arguments.hyperparameters}
        firsts = [step for (_, k), step in steps.items() if k == 1]
        initial: Dict[Path, Expression] = {}
        for path in self.symbols:
            if self.kinds[path] != "counter":
                begun = self.first.get(path, firsts[0].born.get(path, ex.ZERO))
                initial[path] = ex.ZERO if begun.free - _INITIAL - hypers else begun
        paths = [path for path in self.symbols if self.kinds[path] != "counter"]
        begun = {self.symbols[path]: initial[path] for path in paths}
        outcomes, assumptions = self._conditions(steps)
        first = ex.apply("eq", ex.T, 1)
        outcomes.setdefault(first, {key: key[1] == 1 for key in steps})
        order = sorted(outcomes, key=lambda one: (one is first, not _is_round(one)))
        after: Dict[Path, Dict[Key, Expression]] = {}
        for path in paths:
            after[path] = {
                key: step.leaves.get(path, self.symbols[path] if key[1] > 1 else initial[path])
                for key, step in steps.items()
            }
        memo: Dict[Expression, int] = {}

        def join(raw: Dict[Key, Expression], own: Optional[Path]) -> Expression:
            """One equation of those of all steps, written with what states become."""
            primes: Dict[Key, Dict[Expression, Expression]] = {}
            seen: Dict[Key, Expression] = {}
            for key, made in raw.items():
                found = [
                    (after[path][key], primed(self.symbols[path])) for path in paths
                    if path != own and after[path][key].args and after[path][key] is not made
                    and (own is None or size(after[path][key], memo) < size(made, memo))
                ]  # fmt: skip
                found.sort(key=lambda pair: -size(pair[0], memo))
                primes[key] = {name: part for part, name in reversed(found)}
                seen[key] = replaced(made, found)

            def explains(one: Expression, key: Key) -> bool:
                values = {primed(self.symbols[path]): after[path][key] for path in paths if path != own}
                made = ex.substituted(one, values)
                if key[1] == 1:
                    made = ex.substituted(made, {**begun, ex.T: ex.ONE})
                wanted = ex.substituted(raw[key], {**begun, ex.T: ex.ONE}) if key[1] == 1 else raw[key]
                if not (made is wanted or (key[1] == 1 or made.free == wanted.free) and alike(made, wanted)):
                    return False
                # 0 times what is no number is 0 here and none there.
                return key[1] > 1 or is_finite_at_first(ex.substituted(one, values), begun, wanted)

            try:
                return joined(seen, order, outcomes, explains)
            except Unjoined:
                # A queue that fills up is asked no question about t.
                waits = [ex.apply("gt", ex.T, k) for k in range(1, self.steps - 1)]
                late = {one: {key: key[1] > one.args[1].value for key in seen} for one in waits}
                return joined(seen, [*order, *waits], {**outcomes, **late}, explains, 2)

        def told(raw: Dict[Key, Expression], own: Optional[Path], what: str) -> Expression:
            try:
                return join(raw, own)
            except Unjoined:
                keys = sorted(raw)
                numbers = odd_number(raw[keys[-1]], raw[0, keys[-1][1]]) if len(self.walks) > 1 else None
                if numbers is not None:
                    raise OperationError(
                        f"the number {numbers[0]:.6g} comes into `{what}`, and nothing tells from what: on the way it "
                        "was no tensor and no arithmetic", "number",
                    ) from None  # fmt: skip
                odd = next((key for key in keys if raw[key] is not raw[keys[-1]]), keys[0])
                raise StateError(
                    f"step {odd[1]} does to `{what}` other than step {keys[-1][1]}, and no condition on t tells when",
                    what,
                ) from None

        weight = told({key: step.weight for key, step in steps.items()}, None, "w")
        if weight is ex.W:
            raise StateError("the weights do not move by what was given, a gradient and a loss", "w")
        everything = {path: told(after[path], path, self.symbols[path].value[1]) for path in paths}
        states: Dict[State, Expression] = {}
        for path, made in everything.items():
            one = self.symbols[path]
            kind, shape = self.kinds[path], ""
            if kind == "tensor":
                lengths = next(s.shapes[path] for s in steps.values() if path in s.shapes)
                known = Shapes(self.shape).vector_of(lengths)
                if known is None:
                    raise StateError(
                        f"`{_title(path)}` is {list(lengths)} beside weights of {list(self.shape)}", _title(path)
                    )
                shape = known
            else:
                kind = "scalar" if path[0] == "state" else "global"
            states[State(one.value[1], kind, initial[path], shape)] = made
        places = {
            self.symbols[path].value[1] if path else "w": place for step in steps.values()
            for path, place in step.places.items() if not path or path in paths
        }  # fmt: skip
        return settled(Equations(weight, states, dict(self.names), tuple(assumptions), tuple(self.notes), places))

    def _conditions(self, steps: Dict[Key, _Step]) -> Any:
        """Conditions on t and hyperparameters that were met, with how they come out at each step."""
        outcomes: Dict[Expression, Dict[Key, bool]] = {}
        assumptions: List[Expression] = []
        for step in steps.values():
            for guard in step.guards:
                condition = guard.condition
                if ex.is_data(condition) or condition.is_number or condition in outcomes:
                    continue
                outcomes[condition] = {key: self._holds(condition, key) for key in steps}
                if len(set(outcomes[condition].values())) == 1:
                    # What never came out otherwise was read on one side alone.
                    assumptions.append(condition if guard.outcome else ex.apply("not", condition))
        for condition in list(outcomes):
            # What is asked of a count that begins again is said of t.
            for node in ex.walked([condition]):
                if node.op == "mod" and node.args[0] is ex.subtract(ex.T, 1):
                    whole = ex.apply("eq", ex.apply("mod", ex.T, node.args[1]), 0)
                    told = {key: self._holds(whole, key) for key in steps}
                    if told in (outcomes[condition], {key: not one for key, one in outcomes[condition].items()}):
                        outcomes[whole] = told
        return outcomes, [one for one in assumptions if any(s.value[0] != "size" for s in one.free)]

    def _holds(self, condition: Expression, key: Key) -> bool:
        walk, k = key
        values: Dict[Expression, Any] = {
            one.symbol: self.walks[walk][one.name] for one in self.host.arguments.hyperparameters
        }
        rows, cols = (self.shape + (1, 1))[:2]
        values.update({ex.T: k, ex.ROWS: rows, ex.COLS: cols, ex.NUMEL: math.prod(self.shape)})
        return bool(ex.evaluated(condition, values))


def _is_round(x: Expression) -> bool:
    """t mod k == 0, which is said rather than the same in other words."""
    return x.op == "eq" and x.args[0].op == "mod" and x.args[0].args[0] is ex.T


_WEIGHTS, _GRADIENTS = (ex.W, second(ex.W)), (ex.G, second(ex.G))
_INITIAL = frozenset([ex.W, ex.ROWS, ex.COLS, ex.NUMEL])


class _Naming(Outer):
    """Notes on the way what the author calls things."""

    def __init__(self, tensors: Tensors, inner: Inner, names: Dict[Expression, str]) -> None:
        super().__init__(tensors, inner)
        self.names = names

    def __torch_function__(self, function: Any, types: Any, args: Any = (), named: Any = None) -> Any:
        import sys

        frame: Any = sys._getframe(1)
        if not frame.f_globals.get("__name__", "").startswith(("torch.overrides", "torch.utils", "torch._")):
            for name, value in list(frame.f_locals.items()):
                if isinstance(value, Recording):
                    self._call(value.expression, name)
                elif type(value) is torch.Tensor:
                    key = value.untyped_storage()._cdata
                    memory = self.tensors.memories.get(key)
                    if memory is not None and memory.shape == tuple(value.shape):
                        self._call(memory.expression, name)
        return super().__torch_function__(function, types, args, named)

    def _call(self, made: Expression, name: str) -> None:
        if made.args and made not in self.names and not name.startswith("_"):
            self.names[made] = name


def _copied(optimizer: Any, parameters: Sequence[Any]) -> Tuple[Any, List[Any]]:
    """An optimizer with its parameters once more. Its own way to be copied forgets what is no state."""
    memo: Dict[int, Any] = {}
    every = [one for _, one in optimizers(optimizer)]
    for one in every:
        memo[id(one)] = object.__new__(type(one))
    with torch._C._DisableTorchDispatch():
        copies = [copy.deepcopy(one, memo) for one in parameters]
        for one in every:
            for value in _tensors(vars(one)):
                # One with a history, of a step that does not switch it off, has no copy of its own making.
                if not value.is_leaf:
                    memo.setdefault(id(value), value.detach().clone())
            memo[id(one)].__dict__.update(copy.deepcopy(vars(one), memo))
    return memo[id(optimizer)], copies


def _title(path: Path) -> str:
    return ".".join(str(one) for one in path[1:])


def _tensors(value: Any, depth: int = 0) -> Iterator[torch.Tensor]:
    """The tensors in dictionaries, lists and tuples."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (dict, list, tuple)) and depth < 6:
        for one in value.values() if isinstance(value, dict) else value:
            yield from _tensors(one, depth + 1)

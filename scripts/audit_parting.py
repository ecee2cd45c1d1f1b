"""Where an optimizer and a rule of the zoo part: both run, the optimizer itself and the rule, from the same weights along
the same gradients, until their weights are apart by more than rounding."""

import contextlib
import re

#: So far apart, relative to the largest weight, is more than rounding and what becomes of it in some steps.
APART = 1e-10
STEPS = 8
#: At which of them gradients are 0.
STILL = ((), (1,), (1, 2), (3,), tuple(range(1, STEPS + 1)))


class Still:
    """A made-up walk whose gradients are 0 at some steps."""

    def __init__(self, steps):
        self.steps = steps

    def first_weights(self, shapes, seed):
        from ravine.read import walks

        return walks.first_weights(shapes, seed)

    def gradients(self, shapes, seed, k):
        from ravine.read import walks

        return [0.0 * one if k in self.steps else one for one in walks.gradients(shapes, seed, k)]

    def loss(self, seed, k):
        from ravine.read import walks

        return walks.loss(seed, k)


def named(call):
    """The arguments of a call of a rule: names to numbers or names."""
    return dict(re.findall(r"([^\W\d][\w.]*) = ([^,()\s]+)", call))


def defaults(host):
    return {one.name: one.value for one in host.arguments.hyperparameters}


def others(host, row):
    """Other numbers for those that both have: the rest is compared at the defaults."""
    import ravine

    made, name = defaults(host), re.match(r"\w+", row["ours"]).group(0)
    both = {*ravine.Rule(row["rule"]).hyperparameters, *named(row["ours"])} & set(ravine.Rule(row["source"], name).hyperparameters)
    both -= {*row["fixed"], *row["counts"]}
    return {**made, **{name: value for name, value in host.arguments.others(7).items() if name in both}}


def numbers(host, row):
    """The numbers of a witness in the places of the defaults."""
    made, ours = defaults(host), named(row["ours"])
    symbols = row["witness"].get("hyperparameters", {})
    told = {name: symbols.get(ours.get(name, name)) for name in made if name not in row["fixed"] and name not in row["counts"]}
    return {**made, **{name: value for name, value in told.items() if value is not None}}


def rule(row, given):
    """The zoo's rule with the same numbers, and those of a witness that it alone has."""
    import ravine

    symbols = dict((row.get("witness") or {}).get("hyperparameters", {}))
    for name, symbol in named(row["ours"]).items():
        if name in given:
            symbols[symbol] = given[name]
    base = row["rule"]
    known = ravine.Rule(base).hyperparameters
    arguments = {name: value for name, value in given.items() if name in known}
    arguments.update({name: value for name, value in symbols.items() if name in known})
    for name, value in named(row["theirs"]).items():
        if name in known:
            arguments[name] = symbols.get(value, value)
    arguments = {name: float(value) for name, value in arguments.items() if is_number(value)}
    return ravine.Rule(base, **arguments)


def is_number(value):
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def parted(host, row, given, walk, shapes, steps, seed=3):
    """The first step at which they are apart, with the element and both values; nothing where they stay together."""
    import numpy as np

    zoo = rule(row, given)
    theirs = host.run(shapes, given, seed, steps, walk)
    arrays = [np.ascontiguousarray(one, dtype=np.float64).copy() for one in walk.first_weights(shapes, seed)]
    optimizer = zoo.bind(arrays, engine="interpreter")
    for k in range(1, steps + 1):
        slopes = [np.ascontiguousarray(one, dtype=np.float64) for one in walk.gradients(shapes, seed, k)]
        optimizer.step(slopes, loss=walk.loss(seed, k))
        for j, (ours, its) in enumerate(zip(arrays, theirs[k - 1])):
            ours, its = ours.reshape(-1), np.asarray(its).reshape(-1)
            scale = max(1.0, float(np.nanmax(np.abs(its)))) if np.isfinite(its).any() else 1.0
            apart = np.abs(ours - its) / scale
            apart = np.where(np.isfinite(ours) & np.isfinite(its), apart, np.where(same(ours, its), 0.0, np.inf))
            worst = int(np.argmax(apart))
            if apart[worst] > APART:
                return {"step": k, "tensor": j, "element": worst, "theirs": float(its[worst]), "ours": float(ours[worst]),
                        "shape": list(arrays[j].shape), "numbers": given}  # fmt: skip
    return None


def same(a, b):
    import numpy as np

    return (a == b) | np.isnan(a) & np.isnan(b)


def parting(host, row):
    """Where they part first: at the defaults, on the run that `ravine compare` found, on gradients that are 0 at some
    steps, or with other numbers."""
    import ravine

    plain = {**row, "witness": None}
    ways = [lambda: along(host, plain, defaults(host), [()])]
    if row.get("witness"):
        ways.append(lambda: along_witness(host, row))
    ways += [lambda given=given: along(host, plain, given, STILL) for given in (defaults(host), others(host, plain))]
    for way in ways:
        # There may be numbers that one of them does not take.
        with contextlib.suppress(ravine.RavineError, ValueError):
            found = way()
            if found:
                return found
    return None


def along_witness(host, row):
    import numpy as np
    from ravine.read import walks

    witness = row["witness"]
    shapes = [tuple(one["dims"]) for one in witness["tensors"]]
    weights = [np.array(one["w"], dtype=np.float64).reshape(shape) for one, shape in zip(witness["tensors"], shapes)]
    steps = len(witness["tensors"][0]["g"])
    slopes = [
        [np.array(one["g"][k], dtype=np.float64).reshape(shape) for one, shape in zip(witness["tensors"], shapes)]
        for k in range(steps)
    ]
    return parted(host, row, numbers(host, row), walks.Given(weights, slopes), shapes, steps)


def along(host, row, given, stills):
    shapes = [] if "matrices" in row["skipped"] else [(6, 4)]
    shapes += [] if "vectors" in row["skipped"] else [(9,)]
    for still in stills:
        found = parted(host, row, given, Still(still), shapes, STEPS)
        if found is not None:
            return {**found, "still": still}
    return None

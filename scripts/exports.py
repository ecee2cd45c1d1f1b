#!/usr/bin/env python3
"""Runs exports of rules against the recorded runs of Tests/Golden: exports.py RAVINE [TARGET...].

Each rule that golden.tsv names is printed by `ravine export`, run by the real thing (NumPy, PyTorch, JAX with
optax, the system's C compiler) on the recorded start, gradients, inputs, losses and draws: in float64, held to the
recording's own tolerance at every step, and in float32, held to 1e-4 of the largest element. Targets whose packages
are not there are left out, and said so.
With --write, docs/exports.md is written; with --only NAME, recordings whose name or rule contains NAME are run.
"""

import argparse
import hashlib
import importlib.util
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GOLDEN = os.path.join(ROOT, "Tests", "Golden")
TARGETS = ["c", "torch", "optax", "numpy", "latex"]


class Skipped(Exception):
    """Why something was not run."""


def key(name):
    """The one spelling of a name: Greek letters by name, without signs between words."""
    out = ""
    for letter in name:
        if ord(letter) > 127 and "GREEK" in unicodedata.name(letter, ""):
            letter = unicodedata.name(letter).split()[-1].lower()
        out += letter
    return out.replace("epsilon", "eps").strip("_")


class Recording:
    """One file of Tests/Golden, for a run in this type."""

    def __init__(self, name, type="float64"):
        self.type = type
        with open(os.path.join(GOLDEN, name + ".json")) as file:
            data = json.load(file)
        self.shape = tuple(data["shape"])
        self.start = data["p0"]
        self.gradients = data["gradients"]
        self.parameters = data["parameters"]
        self.steps = len(self.gradients)
        self.inputs = {key(k): v for k, v in (data.get("inputs") or {}).items()}
        advised = data.get("recommended_tolerance") or {"rel": 1e-11, "abs": 1e-14}
        self.relative, self.absolute = 1e-11, 1e-14
        if advised.get("rel") is not None and advised.get("abs") is not None:
            self.relative, self.absolute = advised["rel"], advised["abs"]

    def array(self, name, step, np, source=""):
        """What is recorded under a name for a step (from 0); zeros where that is nothing.

        `source` says of inputs which shape they have, which tells a vector from a number a step.
        """
        if key(name) not in self.inputs:
            raise Skipped(f"`{name}` is not recorded")
        value = self.inputs[key(name)]
        if isinstance(value, list) and len(value) == self.steps:
            is_vector = re.search(rf"^[ *]*{name}: vector", source, re.MULTILINE)
            if not (is_vector and not isinstance(value[0], list)):
                value = value[step]
        if value is None:
            return np.zeros(self.shape)
        value = np.array(value, dtype=self.type)
        is_flat = value.ndim == 1 and value.size == np.prod(self.shape, dtype=int)
        return value.reshape(self.shape) if is_flat else value

    def compare(self, step, values, np):
        """A complaint about the parameters after a step (from 0); None where they are right."""
        wanted = np.array(self.parameters[step], dtype=float).ravel()
        found = np.asarray(values, dtype=float).ravel()
        same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
        bound = self.absolute + self.relative * np.abs(wanted)
        if self.type == "float32":
            # Of the whole tensor: a root of a matrix mixes the roundings of all its elements.
            bound = np.maximum(bound, 1e-4 * np.abs(wanted[np.isfinite(wanted)]).max(initial=0))
        with np.errstate(all="ignore"):
            near = np.abs(found - wanted) <= bound
        if (same | near).all():
            return None
        place = int(np.argmin(same | near))
        return f"step {step + 1}, element {place}: {found[place]!r} for {wanted[place]!r}"


class Draws:
    """Gives recorded draws in the order in which a file asks for them."""

    def __init__(self, recording, source, pattern, first, np):
        self.recording, self.np = recording, np
        self.step = None
        lines = source.splitlines()
        self.names = {True: [], False: []}
        inside = False
        for line in lines:
            if re.match(r"\s*def ", line):
                inside = bool(re.match(rf"\s*def {first}\(", line))
            elif re.match(r"\w+ .*\w+_\w+\(", line):
                inside = bool(re.match(rf"int {first}\(", line))
            found = re.match(rf"\s*(?:const double )?(?:p->)?(\w+)(?:\[i\])? = .*{pattern}", line)
            if found:
                self.names[inside].append(found.group(1))
        self.place = 0

    def begin(self, step):
        self.step, self.place = step, 0

    def take(self):
        names = self.names[self.step is None]
        if self.place >= len(names):
            raise Skipped("a draw without a name")
        name = names[self.place]
        self.place += 1
        return self.recording.array(name, self.step or 0, self.np)


def load(path):
    spec = importlib.util.spec_from_file_location("exported", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def options(function, recording):
    """Arguments that a constructor needs beside the parameters."""
    wanted = inspect.signature(function).parameters
    found = {}
    if "total_steps" in wanted:
        found["total_steps"] = recording.steps
    if "names" in wanted:
        found["names"] = ["w"]
    return found


def extras(function, known):
    """The names of what a step takes beside what every step takes."""
    wanted = inspect.signature(function).parameters.values()
    return [p.name for p in wanted if p.name not in known and p.kind is not p.VAR_KEYWORD]


def run_numpy(path, source, recording):
    import numpy as np

    module = load(path)
    made = [c for c in vars(module).values() if inspect.isclass(c) and hasattr(c, "step")][0]
    draws = Draws(recording, source, r"self\.rng\.", "_first", np)

    class Generator:
        def standard_normal(self, shape):
            return draws.take()

        standard_exponential = standard_normal

        def choice(self, values, shape):
            return draws.take()

        def random(self, shape):
            value = draws.take()
            return np.where(value > 0.5, -1.0, 2.0)

    w = np.array(recording.start, dtype=recording.type).reshape(recording.shape)
    real = np.random.default_rng
    np.random.default_rng = lambda seed: Generator()
    try:
        optimizer = made([w], **options(made, recording))
    finally:
        np.random.default_rng = real
    names = extras(optimizer.step, {"grads"})
    with np.errstate(all="ignore"):
        for step in range(recording.steps):
            draws.begin(step)
            given = {}
            for name in names:
                value = recording.array(name, step, np, source)
                is_one = name == "loss" or value.ndim == 0
                given[name] = float(value) if is_one else [value]
            g = np.array(recording.gradients[step], dtype=recording.type).reshape(recording.shape)
            kept = g.copy()
            optimizer.step([g], **given)
            if not np.array_equal(g, kept, equal_nan=True):
                return "the gradient was changed"
            wrong = recording.compare(step, w, np)
            if wrong:
                return wrong
    return None


def run_torch(path, source, recording, foreach=None):
    import numpy as np
    import torch

    module = load(path)
    made = [
        c for c in vars(module).values()
        if inspect.isclass(c) and issubclass(c, torch.optim.Optimizer)
    ][0]
    draws = Draws(recording, source, r"torch\.(?:randn|rand|randint)\(", "_first", np)
    kind = getattr(torch, recording.type)
    p = torch.nn.Parameter(torch.tensor(recording.start, dtype=kind).reshape(recording.shape))
    given = options(made, recording)
    if foreach is not None:
        given["foreach"] = foreach
    optimizer = made([("w", p)] if "param_names" in source else [p], **given)
    names = extras(optimizer.step, {"closure"})
    needs_loss = "reads the loss" in source
    real = torch.randn, torch.rand, torch.randint

    def uniform(*shape, **kind):
        value = torch.tensor(draws.take())
        if "-torch.log1p(-torch.rand" in source:
            return -torch.expm1(-value)
        return torch.where(value > 0.5, -1.0, 2.0)

    torch.randn = lambda *shape, **kind: torch.tensor(draws.take())
    torch.rand = uniform
    torch.randint = lambda high, shape, **kind: (torch.tensor(draws.take()) + 1) / 2
    try:
        for step in range(recording.steps):
            # States are made in the first step.
            draws.begin(step)
            if step == 0 and draws.names[True]:
                draws.names_at_first = draws.names
                draws.names = {True: [], False: draws.names[True] + draws.names[False]}
            elif step == 1 and hasattr(draws, "names_at_first"):
                draws.names = draws.names_at_first
            given = {}
            for name in names:
                value = recording.array(name, step, np, source)
                given[name] = float(value) if value.ndim == 0 else {p: torch.tensor(value)}
            p.grad = torch.tensor(recording.gradients[step], dtype=kind).reshape(recording.shape)
            kept = p.grad.clone()
            if needs_loss:
                loss = float(recording.array("loss", step, np))
                optimizer.step(lambda: torch.tensor(loss, dtype=kind), **given)
            else:
                optimizer.step(**given)
            if not torch.equal(torch.nan_to_num(p.grad), torch.nan_to_num(kept)):
                return "the gradient was changed"
            wrong = recording.compare(step, p.detach().numpy(), np)
            if wrong:
                return wrong
    finally:
        torch.randn, torch.rand, torch.randint = real
    # A state that was saved is read again.
    fresh = made([("w", p)] if "param_names" in source else [p], **options(made, recording))
    fresh.load_state_dict(optimizer.state_dict())
    return None


def run_optax(path, source, recording):
    import jax
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import optax

    module = load(path)
    make = [
        f for n, f in vars(module).items()
        if inspect.isfunction(f) and not n.startswith("_") and f.__module__ == "exported"
    ][0]
    draws = Draws(recording, source, r"jax\.random\.\w+\(next", "first", np)
    given = options(make, recording)
    transform = make(**given)
    params = {"w": jnp.asarray(np.array(recording.start, dtype=recording.type).reshape(recording.shape))}
    names = [
        n for n in extras(transform.update, {"grads", "state", "params"}) if n != "extra"
    ]
    has_draws = "jax.random" in source
    real = {n: getattr(jax.random, n) for n in ["normal", "uniform", "exponential", "rademacher", "bernoulli"]}
    if has_draws:
        for name in real:
            setattr(jax.random, name, lambda *a, **k: jnp.asarray(draws.take()))
        jax.random.bernoulli = lambda *a, **k: jnp.asarray(draws.take()) > 0.5
    try:
        state = transform.init(params)
        update = transform.update if has_draws else jax.jit(transform.update)
        for step in range(recording.steps):
            draws.begin(step)
            extra = {}
            for name in names:
                value = recording.array("loss" if name == "value" else name, step, np, source)
                extra[name] = float(value) if value.ndim == 0 else {"w": jnp.asarray(value)}
            g = {"w": jnp.asarray(np.array(recording.gradients[step], dtype=recording.type).reshape(recording.shape))}
            updates, state = update(g, state, params, **extra)
            params = optax.apply_updates(params, updates)
            wrong = recording.compare(step, np.asarray(params["w"]), np)
            if wrong:
                return wrong
    finally:
        for name, function in real.items():
            setattr(jax.random, name, function)
    return None


RECORDED_DRAWS = r"""
#include <stdint.h>
#define RECORDED
static const double recorded_draws[] = {NUMBERS};
static unsigned long recorded_place = 0;
static double normal(uint64_t *seed) { (void)seed; return recorded_draws[recorded_place++]; }
static double exponential(uint64_t *seed) { (void)seed; return recorded_draws[recorded_place++]; }
static double uniform(uint64_t *seed) {
    (void)seed;
    return recorded_draws[recorded_place++] > 0.5 ? -1.0 : 2.0;
}
"""

DRIVER = r"""
#include "EXPORTED"
#include <stdio.h>

static double number(void) {
    double x = 0;
    if (fread(&x, sizeof x, 1, stdin) != 1) exit(3);
    return x;
}

int main(void) {
    size_t rows = ROWS, cols = COLS, n = rows * cols;
    real *w = malloc(n * sizeof(real)), *g = malloc(n * sizeof(real));
    for (size_t i = 0; i < n; i++) w[i] = (real)number();
    PREFIX_tensor tensors[1] = {{.w = w, .rows = rows, .cols = cols, .rank = RANK}};
    PREFIX_options options = PREFIX_defaults();
    SETTINGS
    PREFIX self;
    if (PREFIX_init(&self, 1, tensors, options)) return 4;
    for (long step = 0; step < STEPS; step++) {
        for (size_t i = 0; i < n; i++) g[i] = (real)number();
        const real *grads[1] = {g};
#ifdef RECORDED
        recorded_place = (unsigned long)(FIRST + step * EACH);
#endif
        EXTRAS
        PREFIX_step(&self, grads ARGUMENTS);
        for (size_t i = 0; i < n; i++) {
            double x = (double)w[i];
            fwrite(&x, sizeof x, 1, stdout);
        }
    }
    PREFIX_free(&self);
    free(w);
    free(g);
    return 0;
}
"""


def run_c(path, source, recording):
    """Compiles the file with warnings as errors and runs it beside a driver."""
    import numpy as np

    head = re.search(r"^void (\w+)_step\(([^)]*)\)", source, re.MULTILINE)
    prefix = head.group(1)
    arguments = [a.strip() for a in head.group(2).split(",")][2:]
    shape = recording.shape
    rows = shape[0] if shape else 1
    cols = int(np.prod(shape[1:], dtype=int)) if len(shape) > 1 else 1
    extras, given, sizes = [], [], []
    for argument in arguments:
        name = argument.split("*")[-1].split()[-1]
        if "*" in argument:
            size = recording.array(name, 0, np, source).size
            extras.append(f"static real {name}_0[{size}];")
            extras.append(f"for (size_t i = 0; i < {size}; i++) {name}_0[i] = (real)number();")
            extras.append(f"const real *{name}[1] = {{{name}_0}};")
        else:
            extras.append(f"double {name} = number();")
        given.append(name)
    # Recorded draws in place of the file's generator: those of one loop element by element.
    draws = Draws(recording, source, r"(?:normal|uniform|exponential)\(&self->seed\)", r"\S*_init", np)
    loops = [
        re.findall(r"(\w+) = .*\(&self->seed\)", part)
        for part in re.split(r"for \(size_t i", source[source.index(f"void {prefix}_step("):])
    ]

    def drawn():
        taken = {name: np.asarray(draws.take(), float).ravel() for name in draws.names[draws.step is None]}
        if draws.step is None:
            return [x for values in taken.values() for x in values]
        found = []
        for names in loops:
            rows = [taken[name] for name in names if name in taken]
            found += [x for element in zip(*rows) for x in element] if rows else []
        return found

    recorded = drawn()
    first = len(recorded)
    for step in range(recording.steps):
        draws.begin(step)
        recorded += drawn()
    each = (len(recorded) - first) // recording.steps
    for word in ["normal", "uniform", "exponential"]:
        source = re.sub(rf"static double {word}\(", f"static double own_{word}(", source)
    with open(path, "w") as file:
        if recorded:
            file.write(RECORDED_DRAWS.replace("NUMBERS", ", ".join(repr(float(x)) for x in recorded)))
        file.write(source)
    total = f"options.total_steps = {recording.steps};" if "total_steps;" in source else ""
    text = DRIVER
    for word, value in [
        ("EXPORTED", path), ("ROWS", str(rows)), ("COLS", str(cols)), ("RANK", str(len(shape))),
        ("STEPS", str(recording.steps)), ("FIRST", str(first)), ("EACH", str(each)),
        ("SETTINGS", total), ("EXTRAS", "\n        ".join(extras)),
        ("ARGUMENTS", "".join(", " + name for name in given)), ("PREFIX", prefix),
    ]:
        text = text.replace(word, value)
    driver = path[:-2] + "-driver.c"
    with open(driver, "w") as file:
        file.write(text)
    program = path[:-2] + ".out"
    done = subprocess.run(
        ["cc", "-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function",
         "-ffp-contract=off", *(["-Dreal=float"] if recording.type == "float32" else []),
         "-o", program, driver, "-lm"], capture_output=True, text=True)
    if done.returncode:
        return "cc: " + next((x for x in done.stderr.splitlines() if "error" in x), done.stderr[:200])
    numbers = [np.array(recording.start, dtype=float).ravel()]
    for step in range(recording.steps):
        numbers.append(np.array(recording.gradients[step], dtype=float).ravel())
        for name in given:
            numbers.append(np.asarray(recording.array(name, step, np, source), dtype=float).ravel())
    ran = subprocess.run([program], input=np.concatenate(numbers).tobytes(), capture_output=True)
    if ran.returncode:
        return f"the program ended with {ran.returncode}"
    walk = np.frombuffer(ran.stdout).reshape(recording.steps, -1)
    for step in range(recording.steps):
        wrong = recording.compare(step, walk[step], np)
        if wrong:
            return wrong
    return None


RUNS = {"c": run_c, "numpy": run_numpy, "torch": run_torch, "optax": run_optax}


def recordings():
    """Rule, name of the recording: the lines of golden.tsv."""
    with open(os.path.join(GOLDEN, "golden.tsv")) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, rule = line.rstrip("\n").split("\t")[:2]
                yield rule, name


def export(ravine, target, rule):
    """The text of an export; raises Skipped with the complaint where there is none."""
    done = subprocess.run(
        [ravine, "export", "--to", target, rule], capture_output=True, text=True,
        env={**os.environ, "NO_COLOR": "1"})
    if done.returncode:
        found = re.search(r"cannot say (.*)", done.stderr)
        raise Skipped(found.group(1) if found else done.stderr.strip().splitlines()[0])
    return done.stdout


class Known:
    """Exports that reproduced a recording, by digest of both and of this script's part: not run again."""

    def __init__(self, path):
        self.path = path
        self.passed = set()
        if path and os.path.exists(path):
            with open(path) as file:
                self.passed = set(file.read().split())

    @staticmethod
    def digest(target, source, name):
        with open(os.path.join(GOLDEN, name + ".json"), "rb") as file:
            recorded = file.read()
        return hashlib.sha256(f"{target} {name} float64 float32\n{source}".encode() + recorded).hexdigest()

    def add(self, digest):
        self.passed.add(digest)
        if self.path:
            with open(self.path, "a") as file:
                file.write(digest + "\n")


def attempt(ravine, target, rule, name, folder, known):
    """`passed`, or what was found instead."""
    try:
        source = export(ravine, target, rule)
        digest = Known.digest(target, source, name)
        if digest in known.passed:
            return "passed"
        path = os.path.join(folder, f"{name}-{target}.{'c' if target == 'c' else 'py'}")
        with open(path, "w") as file:
            file.write(source)
        wrong = RUNS[target](path, source, Recording(name))
        if wrong is None and target == "torch" and "foreach" in source:
            wrong = run_torch(path, source, Recording(name), foreach=True)
            if wrong:
                wrong = "foreach: " + wrong
        if wrong is None:
            wrong = RUNS[target](path, source, Recording(name, "float32"))
            if wrong:
                wrong = "float32: " + wrong
    except Skipped as reason:
        return f"cannot: {reason}"
    except Exception as error:
        return f"failed: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    if wrong is None:
        known.add(digest)
    return "passed" if wrong is None else f"failed: {wrong}"


TITLES = {"c": "C", "torch": "PyTorch", "optax": "optax", "numpy": "NumPy", "latex": "LaTeX"}


def base(rule):
    """The rule that a call names: `Lion` of `Lion(lr = 1e-4)`."""
    return re.match(r"\w+", rule).group(0)


def zoo(ravine):
    """The rules of the zoo, in the order of its files."""
    listed = subprocess.run([ravine, "zoo"], capture_output=True, text=True, check=True).stdout
    names = [line.split()[0] for line in listed.splitlines() if line.strip()]
    source = lambda name: subprocess.run([ravine, "zoo", name], capture_output=True, text=True).stdout
    return [name for name in names if re.search(rf"^rule {name}\b", source(name), re.MULTILINE)]


def attempt_print(ravine, target, rule):
    """Whether a rule without a recording is printed."""
    # What a rule is made of, or has no default, is given as a user would.
    for text in [rule, f"{rule}(AdamW)", f"{rule}(lr = 0.01)", f"{rule}(lr = 0.01, n = 100)"]:
        try:
            export(ravine, target, text)
            return "printed"
        except Skipped as reason:
            found = str(reason)
            if not found.startswith("error"):
                return f"cannot: {found}"
    return f"cannot: {found}"


def table(ravine, results):
    """docs/exports.md: one row a rule."""
    rows, passed, rules = [], {t: 0 for t in TARGETS}, {t: 0 for t in TARGETS}
    reasons = {t: {} for t in TARGETS}
    recorded = {}
    for (rule, _name), found in results.items():
        recorded.setdefault(base(rule), []).append(found)
    names = zoo(ravine)
    for name in list(dict.fromkeys(names + list(recorded))):
        cells = []
        for target in TARGETS:
            found = [r[target] for r in recorded.get(name, []) if target in r]
            if not found or target == "latex":
                found = [attempt_print(ravine, target, name)]
            passed[target] += found.count("passed")
            rules[target] += all(x in ("passed", "printed") for x in found)
            bad = next((x for x in found if x not in ("passed", "printed")), None)
            if bad:
                reason = bad.split(": ", 1)[1]
                reasons[target].setdefault(reason, []).append(name)
                cells.append("—" if bad.startswith("cannot") else "**differs**")
            elif found[0] == "printed":
                cells.append("printed")
            else:
                cells.append("passed" if len(found) == 1 else f"passed, {len(found)} runs")
        rows.append(f"| `{name}` | " + " | ".join(cells) + " |")
    lines = [
        "# Exports", "",
        "`ravine export --to c|torch|optax|numpy|latex RULE` prints a rule as a file that needs nothing of Ravine's.",
        "This page is written by `make exports`: each rule that has a recorded run of somebody else's implementation",
        "(`Tests/Golden`) was printed and run on it by the real thing, in double precision, every step within the",
        "recording's own tolerance, and in single precision, every step within 1e-4 of the largest element:",
        "by the system's C compiler, PyTorch (tensor by tensor and, where the rule is elementwise, by",
        "`torch._foreach_*` too), JAX with optax (compiled by `jax.jit`) and NumPy.", "",
        f"| | {' | '.join(TITLES[t] for t in TARGETS)} |", "|---|" + "---:|" * len(TARGETS),
        f"| recorded runs that the export reproduces, of {len(results)} | "
        + " | ".join("" if t == "latex" else str(passed[t]) for t in TARGETS) + " |",
        f"| rules that can be said, of {len(rows)} | " + " | ".join(str(rules[t]) for t in TARGETS) + " |", "",
        "*passed*: as above. *printed*: there is no recorded run to hold it to. —: the language cannot say it, and",
        "`export` names the construct (R0860); the reasons stand below the table.", "",
        f"| rule | {' | '.join(TITLES[t] for t in TARGETS)} |", "|---|" + "---|" * len(TARGETS), *rows, "",
        "## What is not said", "",
    ]
    for target in TARGETS:
        for reason, names in sorted(reasons[target].items()):
            lines.append(f"- {TITLES[target]}: {reason} ({', '.join(names)})")
    lines += ["", *NOTES.strip().splitlines(), ""]
    return "\n".join(lines)


NOTES = """
## What the files are

- **NumPy**: a class on a list of arrays, which `step(grads)` changes in place. Numbers of the host are Python's.
- **PyTorch**: a subclass of `torch.optim.Optimizer` that imports torch alone: groups with their own hyperparameters,
  `maximize`, closures, `state_dict`, and `foreach=True` where the rule is elementwise. The step count and what is
  kept for all tensors stand in the group: reductions over all tensors are over those of one group. A rule that reads
  the loss needs a closure, one whose routes read names needs `named_parameters()`, inputs are dictionaries by
  parameter.
- **optax**: a function that gives a `GradientTransformation`; `init` and `update` are pure, `update` returns what is to
  be added. Hyperparameters may be traced, and so a choice between them computes both arms, except for those that
  decide shapes and counts of loops. The loss is the extra argument `value`, inputs are trees like the parameters.
- **C**: a struct, `init`, `step` and `free` in C99 with libm alone; `-Dreal=float` for single precision, with the
  arithmetic in double. Products of matrices are plain loops: no BLAS is needed. Draws are SplitMix64's.
- **LaTeX**: the equations as `ravine describe` and the zoo's pages have them, in a document of amsmath.

A view (`view eval = …`) is kept beside the states under its name. Draws come from the generator of each library and
are other numbers than Ravine's; the recorded ones were put in their place here. A state stored `as bf16` or `as f16`
is stored so by PyTorch and optax. Schedules in the arguments become lines of the step.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ravine")
    parser.add_argument("targets", nargs="*", default=[])
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", help="a folder for the printed files")
    parser.add_argument("--known", help="a file of digests: what passed before and has not changed is not run again")
    parser.add_argument("--write", action="store_true", help="write docs/exports.md")
    asked = parser.parse_args()
    targets = asked.targets or list(RUNS)
    for target, module in [("numpy", "numpy"), ("torch", "torch"), ("optax", "optax")]:
        if target in targets and importlib.util.find_spec(module) is None:
            print(f"{target}: not run, there is no {module} here", file=sys.stderr)
            targets.remove(target)
    if "c" in targets and shutil.which("cc") is None:
        print("c: not run, there is no cc here", file=sys.stderr)
        targets.remove("c")
    folder = asked.keep or tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    known = Known(asked.known)
    counts = {target: 0 for target in targets}
    results = {}
    failed = False
    for rule, name in recordings():
        if asked.only not in name and asked.only not in rule:
            continue
        found = results[rule, name] = {}
        for target in targets:
            result = found[target] = attempt(asked.ravine, target, rule, name, folder, known)
            counts[target] += result == "passed"
            failed |= result.startswith("failed")
            if result != "passed":
                print(f"{target:6} {name:26} {result}", flush=True)
    print(f"passed, of {len(results)} recorded runs:", ", ".join(f"{t} {n}" for t, n in counts.items()))
    if asked.write:
        # Made first: what is there stays where that fails.
        text = table(asked.ravine, results)
        with open(os.path.join(ROOT, "docs", "exports.md"), "w") as file:
            file.write(text)
    sys.exit(failed)


if __name__ == "__main__":
    main()

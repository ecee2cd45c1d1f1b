#!/usr/bin/env python3
"""Reads every optimizer of torch.optim, optax and pytorch_optimizer, and compares each with the zoo's rule of that name:
audit.py [--write] [PACKAGE...].

What was found stays in .build/audit, by the versions of the packages, so that a run that is stopped goes on. With
--write, docs/audit.md is made of it.
"""

import argparse
import importlib
import importlib.metadata
import importlib.util
import inspect
import json
import linecache
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Sources" / "Python"))
from audit_parting import STEPS, parting

FOUND = ROOT / ".build" / "audit"
#: Seconds that one may take.
LIMIT = 120
PACKAGES = ("torch", "optax", "pytorch_optimizer")

#: What some cannot be made without, or are not themselves without.
ARGUMENTS = {
    "torch.optim:SGD": "momentum=0.9",
    "torch.optim:Adafactor": "eps=(1.1920929e-7,1e-3)",
    "pytorch_optimizer:BSAM": "num_data=100",
    "pytorch_optimizer:PID": "momentum=0.9",
    "pytorch_optimizer:Ranger21": "num_iterations=40",
    "optax.adafactor": "optax.adafactor(1e-2, min_dim_size_to_factor=1)",
    "optax.lbfgs": "optax.lbfgs(linesearch=None)",
    "optax.sgd": "optax.sgd(1e-3, momentum=0.9)",
    "optax.adadelta": "optax.adadelta(1.0)",
    "optax.polyak_sgd": "optax.polyak_sgd()",
    "pytorch_optimizer:Lookahead": "pytorch_optimizer.Lookahead(torch.optim.AdamW(params))",
    "pytorch_optimizer:OrthoGrad": "pytorch_optimizer.OrthoGrad(torch.optim.SGD(params, momentum=0.9))",
    "pytorch_optimizer:ScheduleFreeWrapper": "pytorch_optimizer.ScheduleFreeWrapper(torch.optim.SGD(params))",
    "pytorch_optimizer:TRAC": "pytorch_optimizer.TRAC(torch.optim.SGD(params))",
    "pytorch_optimizer:PCGrad": "pytorch_optimizer.PCGrad(torch.optim.SGD(params))",
    "pytorch_optimizer:SafeFP16Optimizer": "pytorch_optimizer.SafeFP16Optimizer(torch.optim.SGD(params))",
    **{
        f"pytorch_optimizer:{name}": f"pytorch_optimizer.{name}(params, torch.optim.SGD, lr=1e-3)"
        for name in ("SAM", "GSAM", "WSAM", "LookSAM", "FriendlySAM")
    },
    **{
        f"pytorch_optimizer:{name}": "--group use_muon=True"
        for name in ("AdaGO", "AdaMuon", "DistributedMuon", "Muon", "MuonClip", "NorMuon")
    },
}
DRAWS = ("optax.noisy_sgd",)
#: Names that the zoo has otherwise.
NAMES = {
    "sgd": ["HeavyBall", "SGD", "Nesterov"], "sgdw": ["HeavyBall", "SGD"], "rmsprop": ["RMSProp", "RMSPropMomentum", "RMSPropOptax"],
    "adamax": ["AdaMax"], "adamaxw": ["AdaMax"], "nadamw": ["NAdamOptax"], "sign_sgd": ["SignSGD", "Signum"], "signsgd": ["Signum", "SignSGD"],
    "optimistic_gradient_descent": ["OptimisticGD"], "optimistic_adam": ["OptimisticAdam"],
    "optimistic_adam_v2": ["OptimisticAdam"], "polyak_sgd": ["SPSMax", "PolyakSGD"], "momo_adam": ["MoMo"],
    "schedule_free_sgd": ["ScheduleFreeSGD"], "schedule_free_adamw": ["ScheduleFreeAdamW"], "dadapt_adamw": ["DAdaptAdam"],
    "lookahead": ["Lookahead(AdamW)"], "mars": ["MARSAdamW"], "ranger": ["Ranger"], "sm3": ["SM3", "SM3(β2 = 0, largest = 1)"], "adams": [], "adan": ["Adan", "AdanOptax"],
    "accsgd": ["AccSGD"], "qhm": ["QHM"], "schedulefreeadamw": ["ScheduleFreeAdamW"],
}  # fmt: skip


CALL = re.compile(r"[\w.]+\(")


#: What the difference is, in words, where it has been looked at.
NOTES = {
    "torch.optim:ASGD": "the zoo's rule has the average as its view for evaluation; the steps are the same",
    "optax.adamaxw": "adds the decay to the step (w - lr (… + λ w)); the zoo's AdaMax adds it to the gradient, as torch.optim does",
    "optax.radam": "ε is added after the bias correction, sqrt(debias(v)) + ε, and the gate is >=; torch.optim's form, which the zoo "
    "has, adds it before",
    "pytorch_optimizer:AdaBound": "the root is of v + 1e-15, and the decay is outside of the gradient; the authors' package has neither",
    "pytorch_optimizer:AdaFactor": "the share of the mean square is min(β2, 1 - t^decay), and the step is averaged with β1; "
    "the zoo's rule, torch.optim's form, has neither",
    "pytorch_optimizer:AdamP": "ε is added before the bias correction, and to the norms in the projection; the authors' package adds it after",
    "pytorch_optimizer:ADOPT": "clips at t^(1/4) in step t, where the authors' code has (t - 1)^(1/4)",
    "pytorch_optimizer:SimplifiedAdEMAMix": "the momentum is an average, β1 m + (1 - β1) g; in optax's form, the zoo's, it is a sum, β1 m + g",
    "pytorch_optimizer:DAdaptAdam": "returns before anything is changed where all gradients so far are 0; the zoo's rule, dadaptation's form, goes on",
    "pytorch_optimizer:DAdaptSGD": "where the first gradient is 0 it divides by 0; the zoo's rule stays where it is",
    "pytorch_optimizer:FAdam": "adds ε^(2 p), as the paper has it, and clips where c is passed; the authors' code, the zoo's form, adds ε max(1, rms(g)) and "
    "multiplies by c",
    "pytorch_optimizer:Fromage": "asks whether a norm is above 0; the zoo's rule, optax's form, whether it is above 1e-6",
    "pytorch_optimizer:GaLore": "without a `rank` in its group it projects nothing, and is AdamW in the ε̂ form",
    "pytorch_optimizer:NorMuon": "divides by max(|u|, 1e-7) before the iteration; the authors' code, the zoo's form, by |u| + 1e-7",
    "pytorch_optimizer:RAdam": "before the gate, which is >=, it does nothing; torch.optim's form, the zoo's, takes a step of momentum there",
    "pytorch_optimizer:Ranger": "before the gate it adds lr times the average to the weights: the first steps go up the gradient. The size "
    "of a step is -1 there (`get_rectify_step_size` without `degenerated_to_sgd`), and is negated once more",
    "pytorch_optimizer:ASGD": "another method by the same initials: adaptive SGD with an estimate of the local smoothness; the zoo's is averaged SGD",
    "pytorch_optimizer:LARS": "where a gradient is 0 the ratio is still that of the weights, as |g| + λ |w| is asked to be above 0, and scales the decay; "
    "the zoo's rule has no ratio there",
    "pytorch_optimizer:Prodigy": "where all gradients so far are 0 it returns before anything is changed; the zoo's rule decays the weights",
    "pytorch_optimizer:MARS": "the root is of v + 1e-15, ε is added before the bias correction, and vectors go by AdamW with numbers of their own; "
    "the zoo's rule, the authors' form, adds ε after it and takes all tensors alike",
    "pytorch_optimizer:SGDSaI": "for vectors, and matrices of one row, the deviation is 0 and the ratio the norm of the gradient; the momentum starts "
    "at 0. The zoo's rule, the authors' form, has a deviation for every tensor, and starts at the gradient",
    "pytorch_optimizer:Lamb": "clips the norm of the weights at 10 and takes it after the decay; the zoo's rule, optax's form, has no clamps",
}


def version(package):
    return importlib.metadata.version(package)


def file(title, package):
    return FOUND / f"{title.replace(':', '.')}-{version(package)}.json"


def optimizers(package):
    """What is to be read: the argument of the command line for each."""
    if package == "optax":
        from optax._src import alias

        import optax

        names = [name for name in dir(alias) if not name.startswith("_") and hasattr(optax, name)]
        return [f"optax.{name}" for name in names if is_alias(getattr(alias, name))]
    import torch

    module = importlib.import_module("torch.optim" if package == "torch" else package)
    return [
        f"{module.__name__}:{name}" for name in sorted(dir(module), key=str.lower)
        if inspect.isclass(getattr(module, name)) and issubclass(getattr(module, name), torch.optim.Optimizer)
        and getattr(module, name) is not torch.optim.Optimizer
    ]  # fmt: skip


def is_alias(found):
    function = getattr(found, "func", found)
    return inspect.isfunction(function) and function.__module__ == "optax._src.alias"


def command(title):
    """What reads it on the command line."""
    more = ARGUMENTS.get(title, "")
    if title.startswith("optax"):
        return f"python -m ravine.read optax '{more or title}'" + (" --draws" if title in DRAWS else "")
    if CALL.match(more):
        return f"python -m ravine.read torch '{more}' --branches"
    return shlex.join(["python", "-m", "ravine.read", "torch", title, *more.split(), "--branches"])


def key(name):
    return re.sub(r"\W|_", "", name).lower()


def candidates(title, zoo):
    """The rules of the zoo with its name, other forms of it among them."""
    name = re.split(r"[:.]", title)[-1]
    known = NAMES.get(name.lower(), [])
    same = [rule for rule in zoo if key(rule) == key(name)]
    forms = [rule for rule in zoo if re.fullmatch(key(name) + "(optax|torch|official|paper|hat|rectified|inplace|identity)", key(rule))]
    home = "optax" if title.startswith("optax") else "torch"
    return sorted(dict.fromkeys(known + same + forms), key=lambda rule: not key(rule).endswith(home))


class Late(BaseException):
    pass


def late(*_):
    raise Late


def given(title):
    """The optimizer, its arguments and those of its group."""
    from ravine.read.__main__ import arguments

    more = ARGUMENTS.get(title, "")
    if CALL.match(more):
        return more, {}, None
    if more.startswith("--group"):
        return title, {}, arguments(more.split()[1:])
    return title, arguments(more.split()), None


def read(title):
    from ravine.read import read_optax
    from ravine.read.reading import read_class

    optimizer, arguments, group = given(title)
    if title.startswith("optax"):
        return read_optax(optimizer, draws=title in DRAWS)
    return read_class(optimizer, arguments, branches=True, group=group)


def host(title):
    """The optimizer as something to be run."""
    from ravine.read.reading import optax_host, torch_host

    optimizer, arguments, group = given(title)
    return optax_host(optimizer) if title.startswith("optax") else torch_host(optimizer, arguments, group)


def looked_at(title, zoo):
    """What came of one."""
    import ravine
    from ravine.read import ReadingError

    began = time.time()
    row = {"command": command(title)}
    try:
        reading = read(title)
    except ReadingError as error:
        row.update(outcome="not read", kind=error.kind, why=re.sub(r"^error\[R\d+\]: ", "", str(error)).splitlines()[0])
        return row
    if "matrices" in reading.skipped:
        kinds = "vectors"
        row.update(outcome="not read", kind="shapes", why=f"it is read and held to for {kinds} alone")
        return row
    row.update(source=reading.source, distance=reading.distance, fixed=reading.fixed, skipped=reading.skipped,
               notes=reading.notes, runs=len(reading.outcomes), places=reading.places, counts=reading.counts)  # fmt: skip
    verdicts = []
    signal.alarm(LIMIT // 2)
    try:
        for rule in candidates(title, zoo):
            try:
                verdict = reading.compare(rule)
            except ravine.RavineError:
                # It is a rule around another.
                continue
            verdicts.append((verdict, rule))
            if verdict.is_equal:
                break
    except Late:
        if not verdicts:
            row.update(outcome="undecided", rule=rule, theirs=rule, ours=reading.name, text="", witness=None)
            row["parting"] = parting(host(title), row)
            row["outcome"] = "different" if row["parting"] else "undecided"
            return row
    order = ["equal", "equal where", "equal up to", "undecided", "different"]
    verdicts.sort(key=lambda pair: order.index(pair[0].verdict))
    if verdicts:
        verdict, rule = verdicts[0]
        outcome = verdict.verdict
        dims = (verdict.comparison.get("witness") or {}).get("dims") or []
        view = (verdict.comparison.get("witness") or {}).get("view", "w")
        if outcome == "different" and (view != "w" or len(dims) > 2 and "images" in reading.skipped):
            # They part where nothing was read: an optimizer says nothing of views.
            outcome = "undecided"
        row.update(outcome=outcome, rule=rule, theirs=verdict.theirs, ours=verdict.ours, text=verdict.text(reading),
                   witness=verdict.comparison.get("witness") if outcome == "different" else None)  # fmt: skip
        if outcome in ("different", "undecided"):
            # Where nothing was found, both are run on gradients that are 0 at some steps.
            row["parting"] = parting(host(title), row)
            row["outcome"] = "different" if row["parting"] else "undecided"
    else:
        row.update(outcome="read")
    row["seconds"] = round(time.time() - began, 1)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", default=[])
    parser.add_argument("--write", action="store_true", help="write docs/audit.md")
    parser.add_argument("--only", default="", help="look at those that match")
    parser.add_argument("--again", default="", help="look once more at those that match")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    import ravine

    zoo = sorted(ravine.zoo())
    FOUND.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGALRM, late)
    for package in options.packages or PACKAGES:
        for title in optimizers(package):
            place = file(title, package)
            if not re.search(options.only, title) or place.exists() and not (
                options.again and re.search(options.again, title)
            ):
                continue
            signal.alarm(LIMIT)
            try:
                row = looked_at(title, zoo)
            except Late:
                row = {"command": command(title), "outcome": "not read", "kind": "time", "why": f"it takes more than {LIMIT} s"}
            except Exception as error:
                row = {"command": command(title), "outcome": "not read", "kind": "failure",
                       "why": f"{type(error).__name__}: {error}"}  # fmt: skip
            signal.alarm(0)
            place.write_text(json.dumps(row, ensure_ascii=False, indent=1), encoding="utf-8")
            print(f"{title}: {row['outcome']} {row.get('theirs') or row.get('why', '')[:120]}", flush=True)
    if options.write:
        (ROOT / "docs" / "audit.md").write_text(page(), encoding="utf-8")


def brief(text, limit=160):
    text = " ".join(text.split()).replace("|", "\\|")
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def lines_of(row):
    """The columns of a row."""
    outcome = row["outcome"]
    if outcome == "not read":
        return "not read", brief(row["why"], 220)
    notes = []
    if row["fixed"]:
        notes.append("for " + ", ".join(f"{k} = {v:g}" for k, v in row["fixed"].items()) + " alone")
    if row["skipped"]:
        kinds = {"matrices": "matrices", "wide": "wide matrices", "vectors": "vectors", "images": "more than two axes"}
        notes.append("not read for " + " and ".join(kinds[one] for one in row["skipped"]))
    notes += [f"without its casts to {one}" for one in row["notes"] if one.startswith(("bf", "fl"))]
    if outcome == "read":
        return "read", "; ".join(["the zoo has no rule of that name"] + notes)
    text = row["text"].strip().splitlines()
    facts = []
    if outcome == "undecided":
        facts = ["neither a proof nor a run in which they part, where it was read"]
    elif outcome == "different":
        facts = [met(row)]
    elif outcome != "equal":
        conditions = text[0].removeprefix("proved ").strip() if text else ""
        count = conditions.count(", ") + 1
        facts = [conditions if len(conditions) < 120 else f"under {count} conditions, which the command lists with `--against`"]
    facts += [one.strip() for one in text if one.strip().startswith("at the defaults")]
    words = {"different": "different from", "undecided": "undecided beside", "equal": "equal to",
             "equal up to": "equal, up to values, to", "equal where": "equal, under conditions, to"}  # fmt: skip
    return f"{words[outcome]} `{row['theirs']}`", brief(
        "; ".join(facts + notes), 300
    )


def met(row):
    """Where the two part first."""
    at = row.get("parting")
    if not at:
        return "; ".join(one.strip() for one in row["text"].splitlines() if one.strip().startswith(("witness", "largest")))
    still = f", the gradient 0 at {'each step' if len(at['still']) > 3 else 'step ' + ' and '.join(map(str, at['still']))}" if at.get("still") else ""
    return f"at step {at['step']}{still}: {at['theirs']!r}, and the zoo's rule {at['ours']!r}"


def base_of(package):
    """The folder that a package is installed in."""
    return Path(importlib.util.find_spec(package).origin).parent.parent


def relative(file, package):
    file = Path(file)
    return str(file.relative_to(base_of(package))) if file.is_relative_to(base_of(package)) else file.name


def function_of(title):
    """What does the step: a method, or the function of optax."""
    if title.startswith("optax"):
        import optax

        found = getattr(optax, title.split(".")[-1])
        return getattr(found, "func", found)
    call = CALL.match(ARGUMENTS.get(title, ""))
    path = call.group(0)[:-1].rpartition(".") if call else title.partition(":")
    return inspect.unwrap(getattr(importlib.import_module(path[0]), path[2]).step)


def their_side(title, row, package):
    """The lines of the package: of the whole step, and those that write the weights and the states."""
    function = function_of(title)
    lines, first = inspect.getsourcelines(function)
    out = [f"`{relative(inspect.getsourcefile(function), package)}`, lines {first} to {first + len(lines) - 1} "
           f"(`{function.__qualname__}`), version {version(package)}. These lines write:", ""]  # fmt: skip
    for name, (file, line) in sorted(row["places"].items(), key=lambda one: (one[0] == "w", one[1])):
        text = linecache.getline(file, line).strip()
        out.append(f"- `{name}`: `{relative(file, package)}:{line}`, `{text}`")
    return out


def equations(name):
    """What the zoo says of a rule, and the lines within its braces."""
    rule = json.loads(subprocess.run(
        [os.environ["RAVINE_PROGRAM"], "zoo", name, "--json"], capture_output=True, text=True, check=True).stdout)  # fmt: skip
    return rule["documentation"].splitlines(), [one for one in rule["source"].splitlines() if not one.startswith("##")]


def detail(title, row, package):
    """One difference, or what could not be decided."""
    outcome, _ = lines_of(row)
    name = re.match(r"\w+", row["rule"]).group(0)
    said, lines = equations(name)
    out = [f"### {title.replace(':', '.')}: {outcome}", ""]
    if title in NOTES:
        said_of = NOTES[title] + "."
        out += [said_of[0].upper() + said_of[1:] if said_of[0].isascii() else said_of, ""]
    out += their_side(title, row, package) + [""]
    at = row.get("parting")
    if at:
        given = ", ".join(f"{key} = {value:.10g}" for key, value in at["numbers"].items() if math.isfinite(value))
        shape = " × ".join(map(str, at["shape"]))
        out += [f"They part first {met(row)}. That is element {at['element']} of a tensor of {shape}, with {given}.", ""]
    elif row["text"].startswith("different"):
        out += ["The rule as it was read parts from the zoo's where the optimizer itself was not seen to: in what is evaluated, on a "
                "shape that was not read, or where only a replay of the optimizer would tell.", ""]  # fmt: skip
    else:
        probes = row["text"].strip().splitlines()[0] if row["text"].strip() else "no answer in time"
        out += [f"Nothing is known to differ: {probes}, nor do they part in {STEPS} steps, with gradients of 0 "
                "among them or without.", ""]  # fmt: skip
    return out + [f"The zoo's rule: {' '.join(said)}", "", "```text", *lines, "```", ""]


def page():
    import ravine

    out = [
        "# Audit",
        "",
        "Every optimizer of `torch.optim`, every alias of optax and every class of pytorch_optimizer, [read as a rule](reading.md)",
        "and compared with the zoo's rule of that name. *Equal* is proved (`ravine compare`); *different* has a run in which",
        "they part; *undecided* has neither; *read* has been held to the optimizer within 10⁻¹² and has no namesake in the zoo;",
        "*not read* says why. What differs, and what is undecided, is below one by one. `q0`, `q1`, … are one number that the two call otherwise.",
        f"Made by `make audit` with Ravine {ravine.__version__}. A row can be looked at by its command, with `--against` and the rule.",
        "",
    ]
    titles = {"torch": "torch.optim", "optax": "optax", "pytorch_optimizer": "pytorch_optimizer"}
    sections, details = [], []
    summary = ["| package | version | optimizers | read and held to | equal | up to or where | different | undecided | no namesake | not read |",
               "|---|---|---|---|---|---|---|---|---|---|"]
    for package in PACKAGES:
        rows = [(title, json.loads(file(title, package).read_text(encoding="utf-8"))) for title in optimizers(package)
                if file(title, package).exists()]  # fmt: skip
        count = lambda test: sum(1 for _, row in rows if test(row["outcome"]))  # noqa: E731
        summary.append(
            f"| {titles[package]} | {version(package)} | {len(rows)} | {count(lambda one: one != 'not read')} | "
            f"{count(lambda one: one == 'equal')} | {count(lambda one: one in ('equal up to', 'equal where'))} | "
            f"{count(lambda one: one == 'different')} | {count(lambda one: one == 'undecided')} | "
            f"{count(lambda one: one == 'read')} | {count(lambda one: one == 'not read')} |"
        )
        sections += [f"## {titles[package]} {version(package)}", "", "| optimizer | outcome | what to know | command |", "|---|---|---|---|"]
        for title, row in rows:
            outcome, note = lines_of(row)
            if row["outcome"] in ("different", "undecided"):
                details += detail(title, row, package)
            sections.append(f"| {re.split(r'[:.]', title)[-1]} | {outcome} | {note} | `{command(title)}` |")
        sections.append("")
    heading = ["## What differs, one by one", "",
               "In each the optimizer of the package and the zoo's rule have run beside each other, in float64: the values are those",
               "of the package and of the rule after the first step at which they are further apart than rounding is.", ""]  # fmt: skip
    return "\n".join(out + summary + [""] + sections + heading + details)


if __name__ == "__main__":
    main()

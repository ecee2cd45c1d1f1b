"""Least points and targets of problems, found once more with SciPy.

    python3 Tests/Problems/optima.py .build/release/ravine

Each problem is written here anew. SciPy's best value from the problem's own start must be its least value, 0 or as
given; the least point found must have the same loss in Ravine; the targets of its three tasks must lie above the
least value and below the value at the start, so that they can be reached and are not reached at once. Ends with
status 1 if one does not.
"""

import json
import re
import subprocess
import sys

import numpy as np
from scipy.optimize import minimize

RAVINE = sys.argv[1]


def rosenbrock(x, steepness=100):
    return steepness * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def chain(x, steepness=100):
    return np.sum(steepness * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def helix(x, pull=10):
    turn = np.arctan2(x[1], x[0]) / (2 * np.pi)
    return pull**2 * ((x[2] - 10 * turn) ** 2 + (np.hypot(x[0], x[1]) - 1) ** 2) + x[2] ** 2


def powell(x):
    return (x[0] + 10 * x[1]) ** 2 + 5 * (x[2] - x[3]) ** 2 + (x[1] - 2 * x[2]) ** 4 + 10 * (x[0] - x[3]) ** 4


def beale(x):
    return sum((a - x[0] + x[0] * x[1] ** k) ** 2 for k, a in ((1, 1.5), (2, 2.25), (3, 2.625)))


def disc(x, penalty=100):
    return x[0] + x[1] + np.sqrt(2) + penalty * max(x @ x - 1, 0) ** 2


def simplex(x, penalty=100):
    n = len(x)
    aim = 2 * np.cos(np.arange(n)) / n
    return np.sum((x - aim) ** 2) / 2 + penalty * (np.sum(np.minimum(x, 0) ** 2) + (np.sum(x) - 1) ** 2)


# The call, the function, a start, the arguments.
PROBLEMS = [
    ("rosenbrock(steepness = 5)", rosenbrock, [-1.2, 1], {"steepness": 5}),
    ("rosenbrock", rosenbrock, [-1.2, 1], {}),
    ("rosenbrock(steepness = 1000)", rosenbrock, [-1.2, 1], {"steepness": 1000}),
    ("rosenbrock_chain(n = 5, steepness = 10)", chain, [-1] * 5, {"steepness": 10}),
    ("rosenbrock_chain(n = 20, steepness = 30)", chain, [-1] * 20, {"steepness": 30}),
    ("rosenbrock_chain(n = 100)", chain, [-1] * 100, {}),
    ("helix(pull = 3)", helix, [-1, 0.1, 0], {"pull": 3}),
    ("helix", helix, [-1, 0.1, 0], {}),
    ("helix(pull = 50)", helix, [-1, 0.1, 0], {"pull": 50}),
    ("powell", powell, [3, -1, 0, 1], {}),
    ("beale", beale, [1, 1], {}),
    ("disc(penalty = 3)", disc, [0.5, 1.5], {"penalty": 3}),
    ("disc", disc, [0.5, 1.5], {}),
    ("disc(penalty = 1e4)", disc, [0.5, 1.5], {"penalty": 1e4}),
    ("simplex(penalty = 3)", simplex, [1 / 20] * 20, {"penalty": 3}),
    ("simplex", simplex, [1 / 20] * 20, {}),
    ("simplex(penalty = 1e4)", simplex, [1 / 20] * 20, {"penalty": 1e4}),
]


def targets(call):
    """The limits of the tasks of this very call."""
    name = call.split("(")[0]
    text = subprocess.run([RAVINE, "problems", name], capture_output=True, text=True, check=True).stdout
    return [
        float(limit)
        for of, limit in re.findall(r"^\s*task \w+ = minimize (.+?) for .* until loss < (\S+)", text, re.M)
        if of == call
    ]


def loss(call, point):
    """Of Ravine, at a point."""
    at = ", ".join(f"{float(x)!r}" for x in point)
    script = f"minimize {call} with SGD(lr = 1e-12) for 1 steps from [{at}]"
    done = subprocess.run([RAVINE, "run", "--json", "-"], input=script, capture_output=True, text=True)
    if not done.stdout:
        sys.exit(f"{call}\n{done.stderr}")
    return float(json.loads(done.stdout)[0]["rules"][0]["runs"][0]["loss"][0])


def main():
    wrong = counted = 0
    for call, function, start, arguments in PROBLEMS:
        f = lambda x: function(np.asarray(x, dtype=float), **arguments)
        point = np.asarray(start, dtype=float)
        # Simplices get through kinks, gradients along valleys: in turn, from the best so far.
        for method in ("BFGS", "Nelder-Mead", "BFGS", "L-BFGS-B", "BFGS"):
            found = minimize(f, point, method=method, options={"maxiter": 20000} | ({"gtol": 1e-12} if "BFGS" in method else {"xatol": 1e-13, "fatol": 1e-16}))
            if found.fun <= f(point):
                point = found.x
        least, ours = f(point), loss(call, point)
        limits = targets(call)
        same = abs(least - ours) <= 1e-12 + 1e-9 * abs(least)
        same = same and abs(loss(call, start) - f(start)) <= 1e-12 + 1e-12 * abs(f(start))
        fair = bool(limits) and all(least < limit < f(start) for limit in limits)
        counted += len(limits)
        wrong += not (same and fair)
        print(f"{call:42} least {least:10.3g}  in Ravine {ours:10.3g}  targets {limits}{'' if same and fair else '  WRONG'}")
    print(f"{len(PROBLEMS)} calls, {counted} targets, {wrong} wrong")
    sys.exit(1 if wrong or counted < len(PROBLEMS) else 0)


main()

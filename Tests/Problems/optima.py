"""Least points and targets of problems, found once more with SciPy.

    python3 Tests/Problems/optima.py .build/release/ravine

Each problem is written here anew. SciPy's best value from the problem's own start must be its least value: 0, as
given, or that of the point that the problem names, below which nothing may be found. The least point found must have
the same loss in Ravine; the targets of its three tasks must lie above the least value and below the value at the
start, so that they can be reached and are not reached at once. Ends with status 1 if one does not.
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


def chain_start(n):
    return -0.9 + 0.1 * np.cos(np.arange(n))


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


def least_point(n):
    k = np.arange(n)
    return (1.5 + np.cos(k)) * (1 - 2 * (k % 2))


def spectrum(n, condition):
    return condition ** (-np.arange(n) / max(1, n - 1))


def waves(n):
    k = np.arange(n)
    basis = np.cos(np.pi * (k[:, None] + 0.5) * k / n) * np.sqrt(2 / n)
    basis[:, 0] *= np.sqrt(0.5)
    return basis


def bowl(x, condition=100):
    return np.sum(spectrum(len(x), condition) * (x - least_point(len(x))) ** 2) / 2


def rotated_bowl(x, condition=100):
    return np.sum(spectrum(len(x), condition) * ((x - least_point(len(x))) @ waves(len(x))) ** 2) / 2


def hilbert(x):
    far, k = x - least_point(len(x)), np.arange(len(x))
    return far @ (1 / (k[:, None] + k + 1)) @ far / 2


def flat_floor(x, power=4):
    return np.mean((1 + np.arange(len(x))) * np.abs(x - least_point(len(x))) ** power)


def plateau(x, width=1):
    return 1 - np.exp(-np.sum((x - [1, -2]) ** 2) / (2 * width**2))


def terraces(x, flatness=0.95):
    far = np.sqrt(1 + (x - np.array([2, -1])) ** 2) - 1
    return np.sum(far + flatness * np.sin(far))


def corners(x, condition=10):
    return np.mean(spectrum(len(x), condition) * np.abs(x - least_point(len(x))))


def facets(x):
    return np.max(np.abs((x - least_point(len(x))) @ waves(len(x))))


def ackley(x, depth=5):
    far = x - least_point(len(x))
    size = np.sqrt(np.mean(far**2) + 1e-12)
    return 20 * (1 - np.exp(-size / 5)) + depth * (1 - np.exp(np.mean(np.cos(2 * np.pi * far)) - 1))


def jumps(x, height=0.2):
    far = np.abs(x - least_point(len(x)))
    return np.mean(far**2 / 2 + height * (far - np.floor(far)))


def beside(n, far=1.0):
    """A start like those that Ravine draws."""
    return list(least_point(n) + far + 0.3 * np.sin(7 * np.arange(n)))


# The call, the function, a start, the arguments, and where there is one the point that it is said to be least at.
PROBLEMS = [
    ("rosenbrock(steepness = 5)", rosenbrock, [-1.2, 1], {"steepness": 5}, [1, 1]),
    ("rosenbrock", rosenbrock, [-1.2, 1], {}, [1, 1]),
    ("rosenbrock(steepness = 1000)", rosenbrock, [-1.2, 1], {"steepness": 1000}, [1, 1]),
    ("rosenbrock_chain(n = 5, steepness = 10)", chain, chain_start(5), {"steepness": 10}, [1] * 5),
    ("rosenbrock_chain(n = 20, steepness = 30)", chain, chain_start(20), {"steepness": 30}, [1] * 20),
    ("rosenbrock_chain(n = 100)", chain, chain_start(100), {}, [1] * 100),
    ("helix(pull = 3)", helix, [-1, 0.1, 0], {"pull": 3}, [1, 0, 0]),
    ("helix", helix, [-1, 0.1, 0], {}, [1, 0, 0]),
    ("helix(pull = 50)", helix, [-1, 0.1, 0], {"pull": 50}, [1, 0, 0]),
    ("powell", powell, [3, -1, 0, 1], {}, [0] * 4),
    ("beale", beale, [1, 1], {}, [3, 0.5]),
    ("disc(penalty = 3)", disc, [0.5, 1.5], {"penalty": 3}, None),
    ("disc", disc, [0.5, 1.5], {}, None),
    ("disc(penalty = 1e4)", disc, [0.5, 1.5], {"penalty": 1e4}, None),
    ("simplex(penalty = 3)", simplex, [1 / 20] * 20, {"penalty": 3}, None),
    ("simplex", simplex, [1 / 20] * 20, {}, None),
    ("simplex(penalty = 1e4)", simplex, [1 / 20] * 20, {"penalty": 1e4}, None),
    ("bowl(condition = 10)", bowl, beside(50), {"condition": 10}, least_point(50)),
    ("bowl", bowl, beside(50), {}, least_point(50)),
    ("bowl(condition = 1e4)", bowl, beside(50), {"condition": 1e4}, least_point(50)),
    ("rotated_bowl(condition = 10)", rotated_bowl, beside(50), {"condition": 10}, least_point(50)),
    ("rotated_bowl", rotated_bowl, beside(50), {}, least_point(50)),
    ("rotated_bowl(condition = 1e4)", rotated_bowl, beside(50), {"condition": 1e4}, least_point(50)),
    ("hilbert(n = 3)", hilbert, beside(3), {}, least_point(3)),
    ("hilbert", hilbert, beside(6), {}, least_point(6)),
    ("hilbert(n = 20)", hilbert, beside(20), {}, least_point(20)),
    ("flat_floor", flat_floor, beside(10), {}, least_point(10)),
    ("flat_floor(n = 100)", flat_floor, beside(100), {}, least_point(100)),
    ("flat_floor(n = 100, power = 6)", flat_floor, beside(100), {"power": 6}, least_point(100)),
    ("plateau(width = 1.5)", plateau, [4, -1], {"width": 1.5}, [1, -2]),
    ("plateau", plateau, [4, -1], {}, [1, -2]),
    # From the usual start SciPy sees no slope here.
    ("plateau(width = 0.5)", plateau, [2, -1.5], {"width": 0.5}, [1, -2]),
    ("terraces(flatness = 0.5)", terraces, [20, -10], {"flatness": 0.5}, [2, -1]),
    ("terraces", terraces, [20, -10], {}, [2, -1]),
    ("terraces(flatness = 0.999)", terraces, [20, -10], {"flatness": 0.999}, [2, -1]),
    ("corners(condition = 1)", corners, beside(10), {"condition": 1}, least_point(10)),
    ("corners", corners, beside(10), {}, least_point(10)),
    ("corners(condition = 100)", corners, beside(10), {"condition": 100}, least_point(10)),
    ("facets(n = 3)", facets, beside(3), {}, least_point(3)),
    ("facets", facets, beside(10), {}, least_point(10)),
    ("facets(n = 50)", facets, beside(50), {}, least_point(50)),
    ("ackley(depth = 1)", ackley, beside(2, 2), {"depth": 1}, least_point(2)),
    ("ackley", ackley, beside(2, 2), {}, least_point(2)),
    ("ackley(n = 10, depth = 5)", ackley, beside(10, 2), {"depth": 5}, least_point(10)),
    ("jumps(height = 0.05)", jumps, beside(10, 2.5), {"height": 0.05}, least_point(10)),
    ("jumps(height = 0.5)", jumps, beside(10, 2.5), {"height": 0.5}, least_point(10)),
    ("jumps(height = 10)", jumps, beside(10, 2.5), {"height": 10}, least_point(10)),
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
    for call, function, start, arguments, said in PROBLEMS:
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
        if said is not None:
            # Nothing that SciPy finds may be below the point that the problem names.
            same = same and f(said) <= least + 1e-12 and abs(loss(call, said) - f(said)) <= 1e-9
            least = min(least, f(said))
        fair = bool(limits) and all(least < limit < f(start) for limit in limits)
        counted += len(limits)
        wrong += not (same and fair)
        print(f"{call:42} least {least:10.3g}  in Ravine {ours:10.3g}  targets {limits}{'' if same and fair else '  WRONG'}")
    print(f"{len(PROBLEMS)} calls, {counted} targets, {wrong} wrong")
    sys.exit(1 if wrong or counted < len(PROBLEMS) else 0)


main()

"""A second checker: proves or tries the axioms of `ravine certify --axioms` with SymPy.

    ravine certify --axioms | python3 check.py

Prints how many were proved symbolically and how many only tried at numbers; ends with 1 where one fails.
"""

import itertools
import random
import re
import sys

import sympy as sp

EDGES = [sp.Rational(n, d) for n, d in
         [(0, 1), (1, 1000), (-1, 1000), (1, 2), (-1, 2), (1, 1), (-1, 1), (2, 1), (-2, 1), (5, 2), (-3, 1), (7, 1)]]
BOOLEAN = lambda condition: sp.Piecewise((1, condition), (0, True))


def total(f, domain):
    """An operation with 0 for its value where it has none."""
    return lambda *x: sp.Piecewise((f(*x), domain(*x)), (0, True))


def power(x, y):
    return sp.Piecewise((0, sp.Eq(x, 0) & sp.Ne(y, 0)), (x**y, True))


OPERATIONS = {
    "inv": total(lambda x: 1 / x, lambda x: sp.Ne(x, 0)),
    "sqrt": total(sp.sqrt, lambda x: x >= 0),
    "pow": power,
    "abs": sp.Abs, "sign": sp.sign, "floor": sp.floor, "ceil": sp.ceiling, "exp": sp.exp,
    "positive": lambda x: BOOLEAN(x > 0), "zero": lambda x: BOOLEAN(sp.Eq(x, 0)),
    "max": sp.Max,
    "round": lambda x: sp.floor(x + sp.Rational(1, 2)) - BOOLEAN(sp.Eq(sp.Mod(x, 2), sp.Rational(1, 2))),
    "mod": lambda x, y: x - y * sp.floor(x / y) if y != 0 else sp.Integer(0),
    "log": total(sp.log, lambda x: x > 0),
    "cbrt": lambda x: sp.sign(x) * sp.Abs(x) ** sp.Rational(1, 3),
    "tanh": sp.tanh, "sinh": sp.sinh, "cosh": sp.cosh, "sin": sp.sin, "cos": sp.cos, "tan": sp.tan,
    "arctan": sp.atan, "arcsin": sp.asin, "erf": sp.erf,
}


def evaluate(text, names):
    """The value of an expression for exact numbers."""
    code = re.sub(r"\be\b", "E_", text.replace("^", "**"))
    code = re.sub(r"(?<![\w.])(\d+)", r"Integer(\1)", code)
    return sp.sympify(eval(code, {"Integer": sp.Integer, "E_": sp.E, **OPERATIONS}, names))


def holds(condition, names):
    if condition.startswith("whole "):
        return evaluate(condition[6:], names).is_integer
    left, sign, right = re.match(r"(.*?) (!=|>=|>) (.*)", condition).groups()
    gap = sp.N(evaluate(left, names) - evaluate(right, names), 30)
    return {"!=": gap != 0, ">=": gap >= 0, ">": gap > 0}[sign]


def is_equal(left, right, names):
    gap = sp.N(evaluate(left, names) - evaluate(right, names), 40)
    size = 1 + abs(sp.N(evaluate(left, names), 20))
    return gap.is_number and abs(gap) <= sp.Float("1e-25") * size


def symbolic(left, right, conditions):
    """Whether SymPy proves the equation from the signs that the conditions give."""
    symbols = {}
    for name in "xyz":
        signs = {"positive": True} if f"{name} > 0" in conditions else \
            {"nonnegative": True} if f"{name} >= 0" in conditions else \
            {"real": True, "nonzero": True} if f"{name} != 0" in conditions else {"real": True}
        symbols[name] = sp.Symbol(name, **signs)
    try:
        return sp.simplify(sp.piecewise_fold(evaluate(left, symbols) - evaluate(right, symbols))) == 0
    except Exception:
        return False


def main():
    random.seed(1)
    proved, tried, failed, points = 0, 0, [], 0
    for line in sys.stdin.read().splitlines()[2:]:
        name = line.split()[0]
        rest = line[len(name):].strip()
        parts = re.split(r"\s{2,}", rest)
        equation = parts[-1]
        if " = " not in equation or "transpose" in equation or "matmul" in equation:
            continue  # Of whole tensors.
        conditions = parts[0].split(", ") if len(parts) > 1 else []
        left, right = equation.split(" = ")
        names = sorted(set(re.findall(r"\b[xyz]\b", line[len(name):])))
        grid = list(itertools.product(EDGES, repeat=len(names)))
        random.shuffle(grid)
        count = 0
        for values in grid:
            point = dict(zip(names, values))
            if not all(holds(c, point) for c in conditions):
                continue
            count += 1
            if not is_equal(left, right, point):
                failed.append(f"{name} at {point}")
                break
            if count >= 25:
                break
        points += count
        if count == 0:
            failed.append(f"{name} was not tried")
        if symbolic(left, right, conditions):
            proved += 1
        else:
            tried += 1
    print(f"{proved} axioms proved, {tried} tried at {points} points")
    for failure in failed:
        print("FAILS:", failure)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Slopes of the elementwise functions at 0, at tiny and large numbers and at infinities, by mpmath 1.3.

    python3 derivatives.py > derivatives.tsv

Each line: the expression in x (and y), the type of the numbers, x, y, the slope in x, the slope in y. A slope
is exact at the numbers as they are in the type, and rounded to it once. At infinities it is the limit.
"""
import struct
from mpmath import mp, mpf, inf

mp.prec = 6000
one, two = mpf(1), mpf(2)


def f32(x):
    try:
        return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return float("inf") if x > 0 else float("-inf")


def decay(x):  # exp(-|x|), exact enough where it vanishes
    return mp.exp(-abs(x)) if abs(x) < 1e5 else mpf(0)


def grow(x):
    return mp.exp(x) if x < 1e5 else inf


def exp(x):
    return grow(x) if x > 0 else decay(x)


def sigmoid(x):
    e = decay(x)
    return 1 / (1 + e) if x >= 0 else e / (1 + e)


def bell(x):
    return decay(x) / (1 + decay(x)) ** 2


def silu(x):
    return sigmoid(x) + (0 if abs(x) == inf else x * bell(x))


def hyper(x):  # cosh
    return (grow(abs(x)) + decay(x)) / 2


def gelu(x):
    if abs(x) > 1e4:
        return mpf(x > 0)
    return mp.erfc(-x / mp.sqrt(2)) / 2 + x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def sign(x):
    return mpf(0 if x == 0 else 1 if x > 0 else -1)


def over(a, b):
    return sign(a) * inf if b == 0 else a / b


R, P, U = "real", "positive", "unit"  # where the function is
unary = {
    "abs(x)": (R, sign),
    "sqrt(x)": (P, lambda x: over(one, 2 * mp.sqrt(x))),
    "cbrt(x)": (R, lambda x: mpf(0) if abs(x) == inf else over(one, 3 * mp.cbrt(abs(x)) ** 2)),
    "exp(x)": (R, exp),
    "expm1(x)": (R, exp),
    "exp2(x)": (R, lambda x: mp.log(2) * exp(x * mp.log(2))),
    "log(x)": (P, lambda x: over(one, x)),
    "log2(x)": (P, lambda x: over(1 / mp.log(2), x)),
    "log10(x)": (P, lambda x: over(1 / mp.log(10), x)),
    "log1p(x)": (P, lambda x: 1 / (1 + x)),
    "tanh(x)": (R, lambda x: 4 * decay(2 * x) / (1 + decay(2 * x)) ** 2),
    "sinh(x)": (R, hyper),
    "cosh(x)": (R, lambda x: sign(x) * (grow(abs(x)) - decay(x)) / 2),
    "arctan(x)": (R, lambda x: 1 / (1 + x * x)),
    "arcsinh(x)": (R, lambda x: 1 / mp.sqrt(1 + x * x)),
    "arcsin(x)": (U, lambda x: over(one, mp.sqrt((1 - x) * (1 + x)))),
    "arccos(x)": (U, lambda x: -over(one, mp.sqrt((1 - x) * (1 + x)))),
    "arctanh(x)": (U, lambda x: over(one, (1 - x) * (1 + x))),
    "erf(x)": (R, lambda x: 2 / mp.sqrt(mp.pi) * (decay(x * x))),
    "reciprocal(x)": (R, lambda x: -over(one, x * x)),
    "1 / x": (R, lambda x: -over(one, x * x)),
    "x^2": (R, lambda x: 2 * x),
    "x^3": (R, lambda x: 3 * x * x),
    "x^-1": (R, lambda x: -over(one, x * x)),
    "x^0.5": (P, lambda x: over(one, 2 * mp.sqrt(x))),
    "x^1.5": (P, lambda x: mpf(3) / 2 * mp.sqrt(x)),
    "sigmoid(x)": (R, bell),
    "1 / (1 + exp(-x))": (R, bell),
    "reciprocal(1 + exp(-x))": (R, bell),
    "3 / (2 + exp(x))": (R, lambda x: -3 * exp(x) / (2 + exp(x)) ** 2 if x < 0 else -3 * decay(x) / (2 * decay(x) + 1) ** 2),
    "x / (1 + exp(-x))": ("finite", silu),
    "1 / (1 + e^(-x))": (R, bell),
    "silu(x)": ("finite", silu),
    "softplus(x)": (R, sigmoid),
    "gelu(x)": ("finite", gelu),
    "relu(x)": (R, lambda x: mpf(x > 0)),
    # The arm that is not taken adds nothing, whatever it is there.
    "if x > 0 then x * log(x) else 0": ("finite", lambda x: mp.log(x) + 1 if x > 0 else mpf(0)),
    "if x > 10 then x else exp(x)": (R, lambda x: one if x > 10 else exp(x)),
    "if abs(x) < 1 then 3 * x else 1 / x + 1 / (x - 1)": (
        "finite", lambda x: mpf(3) if abs(x) < 1 else -1 / x**2 - over(one, (x - 1) ** 2)),
    "if x > 0 then sqrt(x) else -sqrt(-x)": (R, lambda x: over(one, 2 * mp.sqrt(abs(x)))),
    "if x == 0 then 1 else sinh(x) / x": ("small", lambda x: mpf(0) if x == 0 else (x * mp.cosh(x) - mp.sinh(x)) / x**2),
    "max(log(abs(x)), -7)": ("finite", lambda x: mpf(0) if abs(x) < mp.exp(-7) else 1 / x),
    "min(1 / abs(x), 2)": (R, lambda x: mpf(0) if abs(x) <= 0.5 else -sign(x) / x**2),
    "clip(1 / x, -2, 2)": (R, lambda x: mpf(0) if abs(x) < 0.5 else -1 / x**2),
    "sqrt(x^2)": ("squarable", sign),
    "abs(x)^0.5": (R, lambda x: mpf(0) if x == 0 else sign(x) / (2 * mp.sqrt(abs(x)))),
}


def arctan2(y, x):
    r = y * y + x * x
    return (mpf(0), mpf(0)) if r == 0 or r == inf else (x / r, -y / r)


binary = {
    "x * y": lambda x, y: (y, x),
    "x / y": lambda x, y: (over(one, y), -over(x, y * y) if x != 0 else mpf(0)),
    "arctan2(x, y)": arctan2,
    "min(x, y)": lambda x, y: (mpf(x < y), mpf(not x < y)),
    "max(x, y)": lambda x, y: (mpf(x > y), mpf(not x > y)),
    "clip(x, y, 2)": lambda x, y: (mpf(y <= x <= 2), mpf(x < y <= 2)),
}

magnitudes = {
    "f64": [5e-324, 1e-300, 1e-200, 1e-30, 1e-8, 0.1, 0.5, 1.0, 1.5, 5.0, 30.0, 100.0, 800.0, 1e4, 1e8, 1e30, 1e200, 1e300],
    "f32": [1e-45, 1e-38, 1e-30, 1e-8, 0.1, 0.5, 1.0, 1.5, 5.0, 30.0, 60.0, 100.0, 800.0, 1e4, 1e8, 1e19, 1e38],
}


def inside(where, x, kind):
    if where == "squarable":
        return x == 0 or (1e-19 if kind == "f32" else 1e-150) < abs(x) < (1e18 if kind == "f32" else 1e150)
    if where == "small":
        return x == 0 or 1 <= abs(x) < 100
    return where == R or (where == P and x >= 0) or (where == U and abs(x) <= 1) or (where == "finite" and abs(x) != inf)


def text(x, kind):
    x = float(x)
    x = f32(x) if kind == "f32" else x
    return repr(x)


print("# Slopes of functions at odd points: see derivatives.py.")
for kind, sizes in magnitudes.items():
    rounding = f32 if kind == "f32" else float
    points = [0.0] + [s * rounding(m) for m in sizes + [float("inf")] for s in (1, -1)]
    for name, (where, slope) in unary.items():
        for x in points:
            if inside(where, x, kind):
                print(name, kind, repr(x), "", text(slope(mpf(x)), kind), "", sep="\t")
    few = [0.0, 1.0, -2.0] + [s * rounding(m) for m in ((1e-200, 1e200) if kind == "f64" else (1e-30, 1e30)) for s in (1, -1)]
    for name, slope in binary.items():
        for x in few:
            for y in few:
                if name == "x / y" and (y == 0 or abs(y) in (rounding(1e-200), rounding(1e-30))):
                    continue
                a, b = slope(mpf(x), mpf(y))
                print(name, kind, repr(x), repr(y), text(a, kind), text(b, kind), sep="\t")

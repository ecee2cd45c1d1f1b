"""A rule from text on NumPy arrays; SciPy's manner; what is wrong, with a caret."""

import numpy as np

import ravine

rule = ravine.Rule(
    """
    rule Mine(lr = 0.1, β = 0.9) {
        state m
        m' = ema(m, g, β)
        w' = w - lr * sign(m')
    }
    """,
    lr=0.05,
)
weights = {"kernel": np.ones((2, 2), np.float32), "bias": np.array([-1, 0, 1], np.float32)}
optimizer = rule.bind(weights)
for _ in range(3):
    # The gradient of ½|w|² is w.
    optimizer.step({name: w.copy() for name, w in weights.items()})
print("bias:", weights["bias"].round(4), "m:", optimizer.state("m", "bias").round(4))
print("the same as Signum:", ravine.compare(rule, "Signum(lr = 0.05, μ = 0.9)").verdict)


def valley(x):
    a, b = 1 - x[0], x[1] - x[0] ** 2
    return a**2 + 100 * b**2, np.array([-2 * a - 400 * x[0] * b, 200 * b])


found = ravine.minimize(valley, [-1.2, 1.0], rule="Adam(lr = 0.02)", jac=True, steps=5000)
print("minimum:", found.x.round(3), found.message)

try:
    ravine.Rule("rule Bad(lr = 0.1) { w' = w - lr * gg }")
except ravine.ProgramError as error:
    print(error)

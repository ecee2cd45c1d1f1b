"""Rules that rank or count over all tensors together, over a matrix, a vector and one number: with NumPy alone,
which sorts where the rules bisect, joins the tensors where they sum, and loops as the authors' code does.

python3 ranking.py > ranking.json
"""
import json
import math
import numpy as np

cases = []


def case(name, text, *ends, **also):
    flat = [np.concatenate([np.ravel(part) for part in end]).astype(float).tolist() for end in ends]
    cases.append({"name": name, "text": text, "ends": flat, **also})


# Where a quadratic bowl pulls, and a product ties the tensors together.

start = [np.array([[0.9, -1.7, 2.3, 0.4], [-0.6, 1.1, -2.9, 0.2], [1.4, -0.3, 0.8, -1.2]]),
         np.array([1.6, -0.7, 2.1, -1.3, 0.5]), np.array(0.35)]
bend = [np.array([[1.0, 0.5, 0.25, 2.0], [1.5, 0.75, 0.3, 1.2], [0.6, 2.5, 0.9, 0.4]]),
        np.array([0.8, 1.3, 0.35, 0.65, 1.9]), np.array(0.7)]
tilt = [np.array([[0.2, -0.35, 0.15, -0.6], [0.45, 0.1, -0.25, 0.55], [-0.05, 0.3, -0.4, 0.65]]),
        np.array([-0.15, 0.5, -0.3, 0.4, 0.05]), np.array(-0.1)]


def gradient(w):
    a, b, c = w
    return [bend[0] * a + tilt[0] + 0.1 * c * b.sum(), bend[1] * b + tilt[1] + 0.1 * c * a.sum(),
            bend[2] * c + tilt[2] + 0.1 * a.sum() * b.sum()]


def objective(w):
    a, b, c = (x.tolist() for x in w)
    return f"""objective f(a: matrix(3, 4) = {a}, b: vector(5) = {b}, c: scalar = {c}) =
  0.5 * sum({bend[0].tolist()} * a^2) + 0.5 * sum({bend[1].tolist()} * b^2) + {0.5 * float(bend[2])} * c^2 + 0.1 * c * sum(a) * sum(b) +
  sum({tilt[0].tolist()} * a) + sum({tilt[1].tolist()} * b) + {float(tilt[2])} * c
"""


def gsm(w, q, steps, axes=0, lr=0.02, mu=0.9, decay=1e-3):
    w, b, got, apart = [x.copy() for x in w], [0 * x for x in w], [0, 0, 0], np.inf
    for _ in range(steps):
        g = gradient(w)
        ranked = np.sort(np.concatenate([np.ravel(abs(x * y)) for x, y in zip(g, w) if x.ndim >= axes]))[::-1]
        least = ranked[min(q, len(ranked)) - 1]
        if q < len(ranked):
            apart = min(apart, ranked[q - 1] / ranked[q] - 1)
        for i in range(3):
            kept = abs(g[i] * w[i]) >= least if w[i].ndim >= axes else np.ones(w[i].shape, bool)
            got[i] += kept.sum()
            b[i] = mu * b[i] + decay * w[i] + np.where(kept, g[i], 0)
            w[i] = w[i] - lr * b[i]
    assert apart > 1e-6, apart
    return w, got


flat = [np.abs(start[0]), np.abs(start[1]), np.array(1e-3)]
ranked = [gsm(start, q, 12) for q in (1, 4, 9, 17, 18, 1000)]
kernels = gsm(start, 4, 12, axes=2)
assert ranked[3][1][2] > 0 and kernels[1] == [48, 60, 12]
case("gradients for the largest of all", objective(start) + """
minimize f with GSM(lr = 0.02, μ = 0.9, λ = 1e-3, q = 1), GSM(lr = 0.02, μ = 0.9, λ = 1e-3, q = 4),
  GSM(lr = 0.02, μ = 0.9, λ = 1e-3, q = 9), GSM(lr = 0.02, μ = 0.9, λ = 1e-3, q = 17),
  GSM(lr = 0.02, μ = 0.9, λ = 1e-3, q = 18), GSM(lr = 0.02, μ = 0.9, λ = 1e-3, q = 1000),
  GSM(lr = 0.02, μ = 0.9, λ = 1e-3, q = 4, axes = 2) for 12 steps
""", *[w for w, _ in ranked], kernels[0])
small = [start[0], 1e-3 * start[1], start[2]]
end, got = gsm(small, 3, 8)
assert got[1] == 0 and got[0] > 0
case("a vector that gets nothing", objective(small) + """
minimize f with GSM(lr = 0.02, μ = 0.9, λ = 1e-3, q = 3) for 8 steps
""", end)

# The q-th largest itself: neighbours, ties, zeros, the ends of both types. Marked is what is not below it.

for kind, one, tiny, huge in (("float64", np.float64, 5e-324, 1.7e308), ("float32", np.float32, 1e-45, 3.4e38)):
    up = float(np.nextafter(one(1), one(2)))
    a = [[1.0, up, 0.0], [float(np.nextafter(one(up), one(2))), huge, 0.75]]
    b = [tiny, 3 * tiny, 0.75, 0.75]
    rules, ends = [], []
    for q in list(range(1, 12)) + [50]:
        joined = np.array(a[0] + a[1] + b + [0.0], one)
        least = np.sort(joined)[::-1][min(q, 11) - 1]
        rules.append(f"Marks(q = {q})")
        ends.append([np.where(joined >= least, 1.0, 0.0)])
    assert [end[0].sum() for end in ends] == [1, 2, 3, 4, 7, 7, 7, 8, 9, 11, 11, 11]
    case(f"the q-th largest in {kind}", f"""
objective f(a: matrix(2, 3) = {a}, b: vector(4) = {b}, c: scalar = 0) = sum(a) + sum(b) + c
rule Marks(q = 1) {{ w' = if w >= qth_largest(w, q) then 1 else 0 * w }}
minimize f with {", ".join(rules)} for 1 steps
""", *ends, type=kind)

# One sum of squares for all tensors.

w, squares = [x.copy() for x in start], 0.01 ** 2
for _ in range(9):
    g = gradient(w)
    squares += sum((x * x).sum() for x in g)
    w = [x - 0.7 * y / np.sqrt(squares) for x, y in zip(w, g)]
case("one length for all", objective(start) + """
minimize f with AdaGradNorm(lr = 0.7, b0 = 0.01) for 9 steps
""", w)

# The inverse of the mean of outer products: built whole, of all tensors joined.


def mfac(w, steps, count, damp, lr, mu=0.0, decay=0.0):
    shapes, x, v = [p.shape for p in w], np.concatenate([np.ravel(p) for p in w]), 0.0
    split = lambda x: [p.reshape(s) for p, s in zip(np.split(x, [12, 17]), shapes)]
    kept = np.zeros((count, len(x)))
    for t in range(steps):
        d = np.concatenate([np.ravel(p) for p in gradient(split(x))]) + decay * x
        kept[t % count] = d
        u = np.linalg.solve(damp * np.eye(len(x)) + kept.T @ kept / count, d)
        v = mu * v + (1 - mu) * u
        x = x - lr * v
    return split(x)


case("all tensors as one", objective(start) + """
minimize f with MFAC(lr = 0.05, count = 4, damp = 0.1), MFAC(lr = 0.05, μ = 0.5, λ = 0.01, count = 3, damp = 0.1),
  MFAC(lr = 0.05, count = 1, damp = 0.5) for 11 steps
""", mfac(start, 11, 4, 0.1, 0.05), mfac(start, 11, 3, 0.1, 0.05, 0.5, 0.01), mfac(start, 11, 1, 0.5, 0.05))

# Sparse momentum, with the loops of sparse_learning (funcs.py, core.py) written anew.


def sparse(w, steps, rate, lr=0.03, mu=0.9, period=3, rounds=1000, layers=3):
    """The tensors after the first `layers` go by gradient descent."""
    whole, w, b = [np.array(x, float) for x in w], [np.array(x, float) for x in w[:layers]], [0 * x for x in w[:layers]]
    mask = [np.array(x != 0) for x in w]
    budget, owed, past, grew = sum(int(m.sum()) for m in mask), 0.0, [], [0] * layers
    for t in range(1, steps + 1):
        g = gradient(w + whole[layers:])
        whole[layers:] = [x - lr * y for x, y in zip(whole[layers:], g[layers:])]
        b = [mu * x + y for x, y in zip(b, g)]
        w = [(x - lr * y) * m for x, y, m in zip(w, b, mask)]
        if t % period:
            continue
        shares = np.array([abs(x[m]).mean() if m.any() else 0.0 for x, m in zip(b, mask)])
        shares = shares / shares.sum()
        pruned, most, removed = [], [], 0
        for i in range(layers):
            free = 1 - mask[i].sum() / mask[i].size
            own = min(free, rate) if free < 0.2 and (1 / layers) / shares[i] < 1 else rate
            n = math.ceil(own * mask[i].sum())
            pruned.append(n)
            most.append(0.99 * (mask[i].size - mask[i].sum() + n))
            order = sorted(np.flatnonzero(mask[i]), key=lambda k: abs(w[i].flat[k]))
            assert not 0 < n < len(order) or abs(w[i].flat[order[n]]) > abs(w[i].flat[order[n - 1]]) + 1e-6
            for k in order[:n]:
                mask[i].flat[k] = False
            removed += n
        assert all(abs(x - round(x)) > 1e-9 or x == 0 for x in shares * (removed + owed))
        grow, mean = [math.ceil(s * (removed + owed)) for s in shares], 0.0
        for _ in range(rounds):
            left = 0.0
            for i in range(layers):
                grow[i] += mean
                if grow[i] > most[i]:
                    left, grow[i] = left + grow[i] - most[i], most[i]
            if left == 0:
                break
            mean = left / layers
        for i in range(layers):
            assert abs(grow[i] - round(grow[i])) > 1e-6 or grow[i] == round(grow[i]), grow
            n = max(math.floor(grow[i]), 0)
            momentum = np.where(mask[i], 0, abs(b[i]))
            assert n < (~mask[i]).sum() or n == 0
            order = np.argsort(-momentum, axis=None)
            assert n == 0 or momentum.flat[order[n - 1]] > momentum.flat[order[n]] + 1e-6
            for k in order[:n]:
                mask[i].flat[k] = True
            grew[i] += n
        past.append(budget - sum(int(m.sum()) for m in mask))
        owed = 0.25 * owed + 0.75 * past[-1] + np.mean(past)
        w = [x * m for x, m in zip(w, mask)]
    return w + whole[layers:], grew


holes = [start[0] * [[1, 0, 1, 0], [0, 1, 1, 1], [1, 0, 0, 1]], start[1] * [0, 1, 1, 0, 1], start[2]]
full = [start[0], start[1], start[2]]
sown, dense = sparse(holes, 14, 0.3), sparse(full, 14, 0.3)
few, much = sparse(holes, 14, 0.0), sparse(holes, 14, 0.6)
assert sown[1][2] == 0 and sown[1][0] > 0 and sown[1][1] > 0
case("masks between layers", objective(holes) + """
minimize f with SparseMomentum(lr = 0.03, μ = 0.9, period = 3, rate = 0.3, density = 1),
  SparseMomentum(lr = 0.03, μ = 0.9, period = 3, rate = 0, density = 1),
  SparseMomentum(lr = 0.03, μ = 0.9, period = 3, rate = 0.6, density = 1) for 14 steps
""", sown[0], few[0], much[0])
apart, grew = sparse(holes, 14, 0.3, layers=2)
assert grew[0] > 0 and grew[1] > 0
case("a tensor without a mask", objective(holes) + """
rule Kernels = route {
    rank == 0 -> SGD(lr = 0.03)
    otherwise -> SparseMomentum(lr = 0.03, μ = 0.9, period = 3, rate = 0.3, density = 1)
}
minimize f with Kernels for 14 steps
""", apart)
ranked, _ = gsm(start, 4, 12, axes=1)
case("kernels in a route", objective(start) + """
rule Kernels = route {
    rank == 0 -> HeavyBall(lr = 0.02, μ = 0.9, λ = 1e-3)
    otherwise -> GSM(lr = 0.02, μ = 0.9, λ = 1e-3, q = 4, axes = 1)
}
minimize f with Kernels for 12 steps
""", ranked)
case("masks that were full", objective(full) + """
minimize f with SparseMomentum(lr = 0.03, μ = 0.9, period = 3, rate = 0.3, density = 1) for 14 steps
""", dense[0])

print(json.dumps(cases, ensure_ascii=False, indent=1))

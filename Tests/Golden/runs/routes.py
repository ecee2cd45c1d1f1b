"""Where short runs end that use rules applied in some steps, routes, named axes: computed with NumPy alone.

python3 routes.py > routes.json
"""
import json
import numpy as np

cases = []


def case(name, text, *ends):
    cases.append({"name": name, "text": text, "ends": [np.ravel(np.asarray(e, float)).tolist() for e in ends]})


# Rules that are applied in some steps alone: states, t and T are their own.

def walk(steps, applied, step, x=1.0):
    """step(k, n): the move of application k of n."""
    times = [t for t in range(1, steps + 1) if applied(t)]
    for k, _ in enumerate(times, 1):
        x -= step(k, len(times))
    return [x]


line = "objective line(x: scalar = 1) = x\n"
rules = """
rule Even(base: rule) { when t mod 2 == 0 { w' = base(w, g) } else { w' = w } }
rule NotThird(base: rule, k = 3) { when t mod k == 0 { w' = w } else { w' = base(w, g) } }
rule First(base: rule) { when t mod 3 == 1 { w' = base(w, g) } }
rule Twice(base: rule) { every 2 { w' = base(w, g) } }
rule Late(base: rule) { when t > 2 { w' = base(w, g) } else { w' = w } }
rule Short(base: rule) { w' = if t mod 2 != 0 then base(w, g) else w }
rule Shaped(base: rule) { w' = if rank >= 2 then w else base(w, g) }
rule Count(lr = 0.1) { w' = w - lr * t * g }
rule Share(lr = 0.1) { w' = w - lr * t / T * g }
rule Seen(lr = 0.1) { state z = w; z' = z - lr * g; w' = w - lr * t * g; view eval = z' }
"""
rules = rules.replace("w; z'", "w\n z'").replace("g; w'", "g\n w'").replace("g; view", "g\n view")


def heavy(lr, mu):
    def step(k, n, m=[0.0]):
        if k == 1:
            m[0] = 0.0
        m[0] = mu * m[0] + 1
        return lr * m[0]
    return step


cosine = lambda k, n: 0.1 * (1 + np.cos(np.pi * k / n)) / 2
linear = lambda k, n: 0.1 * (1 - k / n)
even, third, first, late = (lambda t: t % 2 == 0), (lambda t: t % 3 != 0), (lambda t: t % 3 == 1), (lambda t: t > 2)
odd = lambda t: t % 2 != 0
case("applied sometimes", line + rules + """
minimize line with Even(HeavyBall(lr = 0.25, μ = 0.5)), Even(Count), Even(Share), Even(SGD(lr = cosine(0.1))),
  NotThird(Count), NotThird(SGD(lr = linear_decay(0.1))), First(Share), First(Count), Short(Count), Short(Share),
  Shaped(SGD(lr = linear_decay(0.1))) for 7 steps
""",
     walk(7, even, heavy(0.25, 0.5)), walk(7, even, lambda k, n: 0.1 * k), walk(7, even, lambda k, n: 0.1 * k / n),
     walk(7, even, cosine), walk(7, third, lambda k, n: 0.1 * k), walk(7, third, linear),
     walk(7, first, lambda k, n: 0.1 * k / n), walk(7, first, lambda k, n: 0.1 * k),
     walk(7, odd, lambda k, n: 0.1 * k), walk(7, odd, lambda k, n: 0.1 * k / n), walk(7, lambda t: True, linear))
# Where the count is not known before, T is the outer one.
case("counted as it runs", line + rules + """
minimize line with Late(Count), Late(Share), Late(SGD(lr = linear_decay(0.1))), Even(Twice(Count)), Even(Late(Count)),
  Even(Late(SGD(lr = linear_decay(0.1)))), Late(Even(SGD(lr = linear_decay(0.1)))), Late(HeavyBall(lr = 0.25, μ = 0.5)) for 7 steps
""",
     walk(7, late, lambda k, n: 0.1 * k), walk(7, late, lambda k, n: 0.1 * k / 7),
     walk(7, late, lambda k, n: 0.1 * (1 - k / 7)), walk(7, lambda t: t % 4 == 0, lambda k, n: 0.1 * k),
     walk(7, lambda t: t % 2 == 0 and t // 2 > 2, lambda k, n: 0.1 * k),
     walk(7, lambda t: t % 2 == 0 and t // 2 > 2, lambda k, n: 0.1 * (1 - k / 3)),
     walk(7, lambda t: t > 2 and (t - 2) % 2 == 0, lambda k, n: 0.1 * (1 - k / (7 // 2))),
     walk(7, late, heavy(0.25, 0.5)))


def adam(lr, b1=0.9, b2=0.999, eps=1e-8):
    state = {"m": 0.0, "v": 0.0, "t": 0}

    def step(w, g):
        state["t"] += 1
        state["m"] = b1 * state["m"] + (1 - b1) * g
        state["v"] = b2 * state["v"] + (1 - b2) * g * g
        m, v = state["m"] / (1 - b1 ** state["t"]), state["v"] / (1 - b2 ** state["t"])
        return w - lr * m / (np.sqrt(v) + eps)
    return step


def accumulated(base, k, steps, w, gradient):
    total = 0 * w
    for t in range(1, steps + 1):
        total = total + gradient(w)
        if t % k == 0:
            w, total = base(w, total / k), 0 * w
    return w


bowl = "objective bowl(x: vector(2) = [3, -1]) = x[0]^2 + 2 * x[1]^2 + x[0] * x[1]\n"
slope = lambda w: np.array([2 * w[0] + w[1], 4 * w[1] + w[0]])
start = np.array([3.0, -1.0])
case("accumulated", bowl + "minimize bowl with Accumulate(Adam(lr = 0.1), k = 3), Accumulate(SGD(lr = cosine(0.1)), k = 2) for 8 steps\n",
     accumulated(adam(0.1), 3, 8, start, slope),
     accumulated((lambda c: lambda w, g: (c.append(1), w - cosine(len(c), 4) * g)[1])([]), 2, 8, start, slope))

# Routes: one point for all tensors, and sums over all of them.

def f(a, b):
    return (a * b - 2) ** 2, np.array([2 * (a * b - 2) * b, 2 * (a * b - 2) * a])


def sam(w, lr, rho, moved=(1, 1)):
    g = f(*w)[1]
    return w - lr * f(*(w + rho * np.array(moved) * g / np.linalg.norm(g)))[1]


pair = "objective f(a: vector(1) = [1], b: vector(1) = [1.5]) = (a[0] * b[0] - 2)^2\n"
w = np.array([1.0, 1.5])
for _ in range(3):
    w = sam(w, 0.01, 0.5)
case("one point", pair + """
rule R(lr = 0.01) = route {
    name == "a" -> SAM(SGD(lr = lr), ρ = 0.5)
    name == "b" -> SAM(SGD(lr = lr), ρ = 0.5)
}
rule S(lr = 0.01) = route {
    name == "a" -> SGD(lr = lr)
    name == "b" -> SGD(lr = lr)
}
minimize f with SAM(SGD(lr = 0.01), ρ = 0.5), R, SAM(S, ρ = 0.5) for 3 steps
""", w, w, w)
w = np.array([1.0, 1.5])
for _ in range(3):
    g = f(*w)[1]
    there = f(*(w + np.array([0.5 * g[0] / np.linalg.norm(g), -0.1 * g[1]])))[1]
    w = w - 0.01 * there
other = np.array([1.0, 1.5])
for _ in range(3):
    g = f(*other)[1]
    there = f(*(other + np.array([0.5 * g[0] / np.linalg.norm(g), 0])))[1]
    other = other - 0.01 * np.array([there[0], g[1]])
case("two rules, one point", pair + """
rule Ahead(base: rule, r = 0.1) { w' = base(w, grad(w - r * g)) }
rule Two = route {
    name == "a" -> SAM(SGD(lr = 0.01), ρ = 0.5)
    otherwise -> Ahead(SGD(lr = 0.01))
}
rule One = route {
    name == "a" -> SAM(SGD(lr = 0.01), ρ = 0.5)
    otherwise -> SGD(lr = 0.01)
}
minimize f with Two, One for 3 steps
""", w, other)


def clipped(w, only):
    g = f(*w)[1]
    c = min(1, 0.5 / np.linalg.norm(g))
    return w - 0.1 * np.where(only, c, 1) * g


ends = []
for only in ([True, True], [True, False]):
    w = np.array([1.0, 1.5])
    for _ in range(3):
        w = clipped(w, np.array(only))
    ends.append(w)
w = np.array([1.0, 1.5])
for _ in range(3):
    g = f(*w)[1]
    w = w - 0.1 * np.array([min(1, 0.5 / np.linalg.norm(g)), min(1, 1 / np.linalg.norm(g))]) * g
case("global over all lines", pair + """
rule Both(lr = 0.1) = route {
    name == "a" -> ClipGlobalNorm(SGD(lr = lr), c = 0.5)
    otherwise -> ClipGlobalNorm(SGD(lr = lr), c = 0.5)
}
rule Half(lr = 0.1) = route {
    name == "a" -> ClipGlobalNorm(SGD(lr = lr), c = 0.5)
    otherwise -> SGD(lr = lr)
}
rule Own(base: rule, c = 1) { w' = base(w, min(1, c / global norm(g)) * g) }
rule Unlike(lr = 0.1) = route {
    name == "a" -> ClipGlobalNorm(SGD(lr = lr), c = 0.5)
    otherwise -> Own(SGD(lr = lr))
}
minimize f with Both, Half, Unlike for 3 steps
""", *ends, w)

# Places on named axes that are known when a rule is bound.

tilted = "objective tilted(x: vector(2) = [1, 2]) = x[0] + 2 * x[1]\n"
g = np.array([1.0, 2.0])


def delayed(k, steps=7):
    past, w = [np.zeros(2)] * 9, np.array([1.0, 2.0])
    for t in range(1, steps + 1):
        past = [g + t] + past
        w = w - 0.1 * past[k]
    return w


stack, w, betas = np.zeros((3, 2)), np.array([1.0, 2.0]), np.array([[0.1], [0.5], [0.9]])
for _ in range(7):
    stack = betas * stack + g
    w = w - 0.1 * (stack[2] + stack[-1] + stack[1])
case("places", tilted + """
rule A(n = 4) {
    state h: window(n)
    h' = g + t
    w' = w - 0.1 * h'[n - 1]
}
rule B(k = 2) {
    state h: window(5)
    h' = g + t
    w' = w - 0.1 * h'[k]
}
rule C(n = 4) {
    state h: window(n)
    h' = g + t
    w' = w - 0.1 * h'[-1]
}
rule D(n = 4) {
    state h: window(n)
    h' = g + t
    w' = w - 0.1 * h'[-n + 1]
}
rule F(k = 2) {
    state b: stack([0.1, 0.5, 0.9])
    b' = stack([0.1, 0.5, 0.9]) * b + g
    w' = w - 0.1 * (b'[k] + b'[-1] + b'[k - 1])
}
rule G(n = 4) {
    state v: vector(n) = 1
    v' = v + t
    w' = w - 0.1 * v[-1] * v[n - 1] * g
}
minimize tilted with A, B, C, D, F, G for 7 steps
""", delayed(3), delayed(2), delayed(3), delayed(1), w,
     np.array([1.0, 2.0]) - 0.1 * g * sum((1 + t * (t - 1) / 2) ** 2 for t in range(1, 8)))

# Order statistics along an axis.

past, w, v, u = [np.zeros(2)] * 5, np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.array([1.0, 2.0])
for t in range(1, 8):
    past = [g * np.cos(t) + t * np.array([1, -1])] + past[:4]
    w = w - 0.1 * np.median(past, axis=0)
    v = v - 0.1 * np.quantile(past, 0.3, axis=0)
    u = u - 0.1 * np.quantile(past, t / 7, axis=0)
case("order statistics", tilted + """
rule Middle {
    state h: window(5)
    h' = g * cos(t) + t * (2 * (g < 1.5) - 1)
    w' = w - 0.1 * median over window h'
}
rule Lower(q = 0.3) {
    state h: window(5)
    h' = g * cos(t) + t * (2 * (g < 1.5) - 1)
    w' = w - 0.1 * quantile over window (h', q)
}
minimize tilted with Middle, Lower, Lower(q = t / T) for 7 steps
""", w, v, u)

# One worker is no axis.

x = np.array([3.0, 1.0, 2.0])
for _ in range(5):
    x = x - 0.1 * x * min(1, 1 / np.linalg.norm(x))
case("one worker", """
objective q(x: vector(3) = [3, 1, 2]) = 0.5 * sum(x^2)
minimize q with ClipGlobalNorm(DataParallel(SGD(lr = 0.1)), c = 1), ClipGlobalNorm(SGD(lr = 0.1), c = 1) for 5 steps
""", x, x)

# The objective at other points inside of `repeat`, its Hessian, and all tensors in an inner solve.

A, b = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([1.0, -1.0])
quadratic = """
objective q(x: vector(1) = [1], y: vector(1) = [2]) = 1.5 * x[0]^2 + x[0] * y[0] + y[0]^2 - x[0] + y[0]
"""
value = lambda w: 0.5 * w @ A @ w - b @ w
w = np.array([1.0, 2.0])
for _ in range(3):
    g, a = A @ w - b, 1.0
    for _ in range(6):
        if value(w - a * g) > value(w) - 0.5 * a * g @ g:
            a /= 2
    w = w - a * g
v = np.array([1.0, 2.0])
for _ in range(3):
    x = v
    for _ in range(4):
        x = v - 0.1 * (A @ x - b)
    v = x
# Conjugate gradients find the minimum of two numbers in two iterations.
best = np.linalg.solve(A, b)
case("inner loops", quadratic + """
rule Search(lr = 1, n = 6) {
    slope = global dot(g, g)
    a = lr
    repeat n { a' = if loss(w - a * g) > loss - 0.5 * a * slope then a / 2 else a }
    w' = w - a * g
}
rule Implicit(lr = 0.1, n = 4) {
    x = w
    repeat n { x' = w - lr * grad(x) }
    w' = x
}
rule Newton(n = 2) {
    x = 0 * w
    r = g
    p = g
    rr = global dot(g, g)
    repeat n {
        Hp = hvp(p)
        a = rr / max(global dot(p, Hp), 1e-300)
        x' = x + a * p
        next = r - a * Hp
        r' = next
        size = global dot(next, next)
        rr' = size
        p' = next + size / max(rr, 1e-300) * p
    }
    w' = w - x
}
minimize q with Search, Implicit, Newton for 3 steps
""", w, v, best)


def net(w):
    """A loss with exp, tanh, powers and products, whose Hessian is found by differences."""
    x, y = w
    return np.exp(0.3 * x * y) + np.tanh(x - y) ** 2 + x ** 4 / 12 + np.sqrt(1 + y * y)


def gradient(w, h=1e-20):
    """Complex steps: right to the last digits."""
    out = np.zeros(2)
    for i in range(2):
        z = np.array(w, complex)
        z[i] += 1j * h
        out[i] = net(z).imag / h
    return out


def product(w, v, h=1e-4):
    """Differences of gradients, extrapolated twice."""
    d = lambda h: (gradient(w + h * v) - gradient(w - h * v)) / (2 * h)
    first, second, third = d(4 * h), d(2 * h), d(h)
    better = (4 * second - first) / 3, (4 * third - second) / 3
    return (16 * better[1] - better[0]) / 15


w, u = np.array([0.7, -0.4]), np.array([0.7, -0.4])
for _ in range(3):
    w = w - 0.1 * product(w, gradient(w))
    u = u - 0.1 * product(u, np.array([1.0, 0])) * [1, 0] - 0.1 * np.array([0, gradient(u)[1]])
case("products with the Hessian", """
objective net(x: scalar = 0.7, y: vector(1) = [-0.4]) = exp(0.3 * x * y[0]) + tanh(x - y[0])^2 + x^4 / 12 + sqrt(1 + y[0]^2)
rule Curved(lr = 0.1) { w' = w - lr * hvp(g) }
rule Unit(lr = 0.1) { w' = w - lr * hvp(1 + 0 * w) }
rule One = route {
    rank == 0 -> Unit
    otherwise -> SGD(lr = 0.1)
}
minimize net with Curved, One for 3 steps
""", w, u)

# The axes that training gives: single examples, terms of the loss, workers.

X = np.array([[0.5, 1.0], [-1.0, 0.25], [2.0, -0.5], [0.75, 1.5], [-0.25, -1.25], [1.0, 1.0], [0.0, -2.0], [1.5, 0.5]])
Y = np.array([1.0, -2.0, 0.5, 2.5, -1.5, 1.25, -3.0, 1.75])
with open("line.csv", "w") as file:
    file.write("a,b,y\n" + "".join(f"{p[0]},{p[1]},{q}\n" for p, q in zip(X.tolist(), Y.tolist())))
data = """
data points = csv("runs/line.csv", target = "y")
objective fit(; x, y) {
    param W: matrix(2, 1) = 0.5
    param c: scalar = 0.25
    loss = mean_squared_error(x @ W + c, y)
}
"""


def residual(p, rows=slice(None)):
    return X[rows] @ p[:2] + p[2] - Y[rows]


def single(p):
    r = residual(p)
    return 2 * r[:, None] * np.c_[X, np.ones(len(X))]


by_layer = flat = np.array([0.5, 0.5, 0.25])
middle = by_layer
for _ in range(3):
    G = single(by_layer)
    parts = [G[:, :2], G[:, 2:]]
    parts = [q * np.minimum(1, 1.5 / (np.linalg.norm(q, axis=1, keepdims=True) + 1e-6)) for q in parts]
    by_layer = by_layer - 0.1 * np.concatenate([q.sum(0) for q in parts]) / 8
    G = single(flat)
    G = G * np.minimum(1, 1.5 / (np.linalg.norm(G, axis=1, keepdims=True) + 1e-6))
    flat = flat - 0.1 * G.sum(0) / 8
    middle = middle - 0.1 * np.median(single(middle), axis=0)
case("single examples", data + """
rule Middle(lr = 0.1) {
    input G: batch
    w' = w - lr * median over batch G
}
train fit on points with DPSGD(lr = 0.1, c = 1.5, noise = 0), DPSGDFlat(lr = 0.1, c = 1.5, noise = 0),
  Middle for 3 steps
""", by_layer, flat, middle)
case("one example each", data + """
rule Middle(lr = 0.1) { w' = w - lr * median over workers g }
train fit on points with Middle for 3 steps workers 8
""", middle)


def multi(w, slopes, steps, lr=0.1, b1=0.99, b2=0.99, eps=1e-8):
    m, v = np.zeros((2, len(w))), np.zeros((2, len(w)))
    for t in range(1, steps + 1):
        d = slopes(w)
        m, v = b1 * m + (1 - b1) * d, b2 * v + (1 - b2) * d * d
        w = w - lr * 0.5 * (m / (1 - b1 ** t) / (np.sqrt(v / (1 - b2 ** t)) + eps)).sum(0)
    return w


case("terms of a loss", """
objective both(x: vector(2) = [3, -1]) {
    loss near = x[0]^2 + 2 * x[1]^2
    loss tied = 10 * (x[0] - x[1] - 1)^2
}
minimize both with MultiAdam(lr = 0.1), SGD(lr = 0.01) for 3 steps
""", multi(start, lambda w: np.array([[2 * w[0], 4 * w[1]], [20 * (w[0] - w[1] - 1), -20 * (w[0] - w[1] - 1)]]), 3),
     (lambda w: [w := w - 0.01 * np.array([2 * w[0] + 20 * (w[0] - w[1] - 1), 4 * w[1] - 20 * (w[0] - w[1] - 1)]) for _ in range(3)][-1])(start))

with open("terms.csv", "w") as file:
    file.write("a,y\n1,2\n1,2\n1,2\n1,2\n")
# Four workers with two rows each: rows of a batch are dealt in the order of the epoch, so the test deals equal rows.
same, w, lost = 0, np.array([0.5]), np.array([0.0])
for _ in range(3):
    g = 2 * (w - 2)
    wanted = g + lost
    sent = np.abs(wanted) * np.sign(wanted)
    lost, w = wanted - sent, w - 0.1 * sent
case("workers", """
data ones = csv("runs/terms.csv", target = "y")
objective one(; x, y) {
    param W: matrix(1, 1) = 0.5
    loss = mean((x @ W - y)^2)
}
rule Compressed(lr = 0.1) {
    state lost
    wanted = g + lost
    sent = mean(abs(wanted)) * sign(wanted)
    lost' = wanted - sent
    w' = w - lr * mean over workers sent
}
rule Many(lr = 0.1) { w' = w - lr * sum over workers g / 8 }
train one on ones with Compressed, DataParallel(SGD(lr = 0.1)), Many for 3 steps workers 4
""", w, w, (lambda w: [w := w - 0.1 * 4 * 2 * (w - 2) / 8 for _ in range(3)][-1])(np.array([0.5])))

print(json.dumps(cases, ensure_ascii=False, indent=1))

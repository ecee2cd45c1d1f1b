extension Catalog {
  /// R03xx: roles, equations and states.
  static let equationPages: [CatalogPage] = [
    CatalogPage(
      .missingPrime, "A missing prime",
      "An equation gives the value of a state *after* the step, and that value is written "
        + "with a prime: `m'`. Without the prime, `m` is the value before the step.",
      trigger: .program(
        """
        rule Momentum(lr = 0.1, μ = 0.9) {
            state m
            m = μ * m + g
            w' = w - lr * m
        }
        """),
      repair: .program(
        """
        rule Momentum(lr = 0.1, μ = 0.9) {
            state m
            m' = μ * m + g
            w' = w - lr * m'
        }
        """)),
    CatalogPage(
      .primeOnLocal, "A prime on what is no state",
      "Only states and `w` have a value after the step. Declare the state, or write the "
        + "local without a prime.",
      trigger: .program(
        """
        rule Momentum(lr = 0.1) {
            step' = lr * g
            w' = w - lr * g
        }
        """),
      repair: .program(
        """
        rule Momentum(lr = 0.1) {
            step = lr * g
            w' = w - step
        }
        """)),
    CatalogPage(
      .equationForHeader, "An equation for what is given",
      "Hyperparameters, inputs and rule parameters get their values from outside; a rule "
        + "cannot define them.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            lr = lr / t
            w' = w - lr * g
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            rate = lr / t
            w' = w - rate * g
        }
        """)),
    CatalogPage(
      .twoEquations, "Two equations for one name",
      "A rule is a set of equations, not a sequence: each name is defined once. Combine "
        + "them into one equation, or name the steps between.",
      trigger: .program(
        """
        rule Clipped(lr = 0.1, λ = 0.1) {
            w' = w - lr * g
            w' = w - λ * w
        }
        """),
      repair: .program(
        """
        rule Clipped(lr = 0.1, λ = 0.1) {
            w' = w - lr * g - λ * w
        }
        """)),
    CatalogPage(
      .equationForGiven, "An equation for `w`, `g` or `t`",
      "The parameter, its gradient and the step are given. The new parameter is `w'`; a "
        + "changed gradient needs a name of its own.",
      trigger: .program(
        """
        rule Clipped(lr = 0.1) {
            g = clip(g, -1, 1)
            w' = w - lr * g
        }
        """),
      repair: .program(
        """
        rule Clipped(lr = 0.1) {
            d = clip(g, -1, 1)
            w' = w - lr * d
        }
        """)),
    CatalogPage(
      .noUpdate, "A rule without an update",
      "A rule must say what the parameter is after the step: an equation for `w'`.",
      trigger: .program(
        """
        rule Nothing {
            state m
            m' = g
        }
        """),
      repair: .program(
        """
        rule Something {
            state m
            m' = g
            w' = w - m'
        }
        """)),
    CatalogPage(
      .frozenState, "A frozen state (warning)",
      "No equation changes the state: it keeps its first value for ever. Add the equation "
        + "or remove the state.",
      trigger: .program(
        """
        rule Momentum(lr = 0.1) {
            state m
            w' = w - lr * (g + m)
        }
        """),
      repair: .program(
        """
        rule Momentum(lr = 0.1) {
            state m
            m' = ema(m, g, 0.9)
            w' = w - lr * (g + m)
        }
        """)),
    CatalogPage(
      .unusedLocal, "A local that nobody reads (warning)",
      "The equation defines a name that no other equation uses.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            size = norm(g)
            w' = w - lr * g
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            size = norm(g)
            w' = w - lr * g / size
        }
        """)),
    CatalogPage(
      .circularEquations, "Equations in a circle",
      "The value needs itself to be known. A state read without its prime is the value "
        + "before the step; read so, it breaks the circle.",
      trigger: .program(
        """
        rule Circle(lr = 0.1) {
            a = b + g
            b = a * 2
            w' = w - lr * b
        }
        """),
      repair: .program(
        """
        rule Chain(lr = 0.1) {
            a = g
            b = a * 2
            w' = w - lr * b
        }
        """)),
    CatalogPage(
      .notHere, "A statement that has no place here",
      "States and inputs belong at the top of a rule, parameters and metrics to an "
        + "objective.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            param b: vector(3) = 0
            w' = w - lr * g
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * g
        }
        """)),
    CatalogPage(
      .appliedTwice, "A rule applied twice",
      "A rule parameter has one set of states, so it makes one step. Name its value once "
        + "and use the name; for two rules take two parameters.",
      trigger: .program(
        """
        rule Twice(base: rule) {
            w' = (base(w, g) + base(w, 2 * g)) / 2
        }
        """),
      repair: .program(
        """
        rule Twice(first: rule, second: rule) {
            w' = (first(w, g) + second(w, 2 * g)) / 2
        }
        """)),
    CatalogPage(
      .globalFromTensor, "A global state from a tensor's value",
      "A `global` state is one for the whole optimizer, so its value must be the same for "
        + "all tensors: reduce over all of them with `global`.",
      trigger: .program(
        """
        rule Scaled(lr = 0.1) {
            state s: global = 1
            s' = norm(g)
            w' = w - lr * g / s
        }
        """),
      repair: .program(
        """
        rule Scaled(lr = 0.1) {
            state s: global = 1
            s' = global norm(g)
            w' = w - lr * g / s
        }
        """)),
    CatalogPage(
      .noLoss, "An objective without a loss",
      "An objective says what is minimized: an equation `loss = …`.",
      trigger: .program(
        """
        objective line(; x, y) {
            param a: vector(features) = 0
            metric error = mean((x @ a - y)^2)
        }
        """),
      repair: .program(
        """
        objective line(; x, y) {
            param a: vector(features) = 0
            loss = mean((x @ a - y)^2)
        }
        """)),
    CatalogPage(
      .noResult, "A function without a value",
      "The last line of a function is the value that it gives.",
      trigger: .program(
        """
        fn double(x) {
            y = 2 * x
        }
        rule Mine { w' = w - double(g) }
        """),
      repair: .program(
        """
        fn double(x) {
            y = 2 * x
            y
        }
        rule Mine { w' = w - double(g) }
        """)),
    CatalogPage(
      .unknownView, "A view that does not exist",
      "The views are `train`, where the host takes the next gradient, and `eval`, what it "
        + "evaluates.",
      trigger: .program(
        """
        rule Averaged(lr = 0.1) {
            state a = w
            a' = ema(a, w', 0.9)
            w' = w - lr * g
            view test = a'
        }
        """),
      repair: .program(
        """
        rule Averaged(lr = 0.1) {
            state a = w
            a' = ema(a, w', 0.9)
            w' = w - lr * g
            view eval = a'
        }
        """)),
    CatalogPage(
      .unknownStorage, "Not a storage format",
      "States are stored `as f64, f32, bf16, f16, int8(block = 256)` or `sign1`, rounded "
        + "`stochastic` or `nearest`.",
      trigger: .program(
        """
        rule Momentum {
            state m as float
            m' = ema(m, g, 0.9)
            w' = w - m'
        }
        """),
      repair: .program(
        """
        rule Momentum {
            state m as f32
            m' = ema(m, g, 0.9)
            w' = w - m'
        }
        """)),
    CatalogPage(
      .notAShape, "Not a shape",
      "The shapes are `scalar`, `global`, `vector(n)`, `matrix(m, n)` and `tensor(…)`; "
        + "without one, a state is like `w`.",
      trigger: .program(
        """
        rule Scaled {
            state s: number = 1
            s' = norm(g)
            w' = w - g / s
        }
        """),
      repair: .program(
        """
        rule Scaled {
            state s: scalar = 1
            s' = norm(g)
            w' = w - g / s
        }
        """)),
    CatalogPage(
      .stateInRepeat, "A state inside `repeat`",
      "Inside `repeat` a prime means the value of the next iteration, so a state cannot "
        + "have its equation there. Carry a local, and give the state its value after the loop.",
      trigger: .program(
        """
        rule Iterated {
            state m
            repeat 3 {
                m' = m / 2 + g
            }
            w' = w - m'
        }
        """),
      repair: .program(
        """
        rule Iterated {
            state m
            x = m
            repeat 3 {
                x' = x / 2 + g
            }
            m' = x
            w' = w - x
        }
        """)),
    CatalogPage(
      .primeOutsideRule, "A prime where there is no step",
      "Functions and objectives have no step, so nothing in them has a value after it.",
      trigger: .program(
        """
        fn double(x) {
            x' = 2 * x
            x
        }
        rule Mine { w' = w - double(g) }
        """),
      repair: .program(
        """
        fn double(x) {
            y = 2 * x
            y
        }
        rule Mine { w' = w - double(g) }
        """)),
    CatalogPage(
      .readBeforeFirstStep, "A first value from the gradient",
      "A state has its first value before the first gradient comes, so that value may use "
        + "`w` and hyperparameters only. Take the gradient in the first step.",
      trigger: .program(
        """
        rule Momentum {
            state m = g
            m' = ema(m, g, 0.9)
            w' = w - m'
        }
        """),
      repair: .program(
        """
        rule Momentum {
            state m
            m' = if t == 1 then g else ema(m, g, 0.9)
            w' = w - m'
        }
        """)),
    CatalogPage(
      .lostLoop, "An outer name carried by a loop",
      "A loop inside a branch carries a name of the block around it, and its last value "
        + "would be lost at the end of the branch. Start from a copy inside the branch.",
      trigger: .program(
        """
        rule Iterated(lr = 0.1) {
            x = g
            when t > 10 {
                repeat 3 { x' = x / 2 }
                w' = w - lr * x
            } else {
                w' = w - lr * g
            }
        }
        """),
      repair: .program(
        """
        rule Iterated(lr = 0.1) {
            when t > 10 {
                x = g
                repeat 3 { x' = x / 2 }
                w' = w - lr * x
            } else {
                w' = w - lr * g
            }
        }
        """)),
  ]
}

extension Catalog {
  /// R04xx: kinds and shapes.
  static let shapePages: [CatalogPage] = [
    CatalogPage(
      .shapeMismatch, "Shapes that do not fit",
      "Two values of an elementwise operation differ in an axis, and neither is one long "
        + "there.",
      trigger: .program(
        """
        objective f(x: vector(3) = 0) = sum(x + [1, 2])
        """),
      repair: .program(
        """
        objective f(x: vector(3) = 0) = sum(x + [1, 2, 3])
        """)),
    CatalogPage(
      .innerLengths, "A product whose inner lengths differ",
      "In `A @ B` the columns of A are as many as the rows of B. Often a transpose is "
        + "missing.",
      trigger: .program(
        """
        rule Preconditioned(lr = 0.1) {
            state L: matrix(rows, rows) = eye(rows)
            L' = L + g @ g.T
            w' = w - lr * g @ L
        }
        """),
      repair: .program(
        """
        rule Preconditioned(lr = 0.1) {
            state L: matrix(rows, rows) = eye(rows)
            L' = L + g @ g.T
            w' = w - lr * L @ g
        }
        """)),
    CatalogPage(
      .needsMatrix, "A matrix is needed",
      "The operation is one of matrices, and this is a number or a vector.",
      trigger: .program(
        """
        rule Scaled(lr = 0.1) {
            w' = w - lr @ g
        }
        """),
      repair: .program(
        """
        rule Scaled(lr = 0.1) {
            w' = w - lr * g
        }
        """)),
    CatalogPage(
      .needsSquare, "A square matrix is needed",
      "`eigh`, `cholesky`, `inv_root`, `trace` and the left side of `solve` need as many "
        + "rows as columns.",
      trigger: .program(
        """
        rule Preconditioned(lr = 0.1) {
            w' = w - lr * inv_root(g, 4) @ g
        }
        """),
      repair: .program(
        """
        rule Preconditioned(lr = 0.1) {
            w' = w - lr * inv_root(g @ g.T + 1e-6 * eye(rows), 4) @ g
        }
        """)),
    CatalogPage(
      .needsOneNumber, "One number is needed",
      "The condition of `when`, the period of `every`, the count of `repeat`, a length and "
        + "a hyperparameter are single numbers. For a choice element by element write `if … "
        + "then … else …`.",
      trigger: .program(
        """
        rule Signs(lr = 0.1) {
            when g > 0 { w' = w - lr } else { w' = w + lr }
        }
        """),
      repair: .program(
        """
        rule Signs(lr = 0.1) {
            w' = if g > 0 then w - lr else w + lr
        }
        """)),
    CatalogPage(
      .needsCondition, "A condition is needed",
      "`if`, `when`, `and`, `or`, `not`, `count`, `any`, `all` and `assert` take conditions "
        + "such as `x > 0`, not numbers.",
      trigger: .program(
        """
        rule Warm(lr = 0.1) {
            w' = if t then w - lr * g else w
        }
        """),
      repair: .program(
        """
        rule Warm(lr = 0.1) {
            w' = if t > 10 then w - lr * g else w
        }
        """)),
    CatalogPage(
      .needsNumber, "A number is needed",
      "Several values, or a text, stand where one number or tensor is needed. Values of a "
        + "function that gives several are named: `Q, R = qr(A)`.",
      trigger: .program(
        """
        rule Orthogonal(lr = 0.1) {
            w' = w - lr * qr(g)
        }
        """),
      repair: .program(
        """
        rule Orthogonal(lr = 0.1) {
            Q, R = qr(g)
            w' = w - lr * Q @ R
        }
        """)),
    CatalogPage(
      .indexOutOfRange, "An index out of range",
      "Positions count from 0; -1 is the last one. A value has as many indices as axes.",
      trigger: .program(
        """
        objective f(x: vector(2) = 0) = x[2]^2
        """),
      repair: .program(
        """
        objective f(x: vector(2) = 0) = x[1]^2
        """)),
    CatalogPage(
      .badReshape, "A reshape to another number of elements",
      "`reshape` keeps all elements; their number cannot change.",
      trigger: .program(
        """
        objective f(x: vector(6) = 0) = sum(reshape(x, 4, 2))
        """),
      repair: .program(
        """
        objective f(x: vector(6) = 0) = sum(reshape(x, 3, 2))
        """)),
    CatalogPage(
      .unknownLength, "A length that is not known beforehand",
      "Shapes are fixed when a rule is bound: lengths are made of numbers, `rows`, `cols`, "
        + "`numel` and hyperparameters, never of `t` or of what a tensor holds.",
      trigger: .program(
        """
        rule Growing {
            state s: vector(t) = 0
            s' = s + 1
            w' = w - g * sum(s)
        }
        """),
      repair: .program(
        """
        rule Fixed(k = 4) {
            state s: vector(k) = 0
            s' = s + 1
            w' = w - g * sum(s)
        }
        """)),
    CatalogPage(
      .badLength, "A length that is no whole number",
      "A length is 0, 1, 2, ….",
      trigger: .program(
        """
        rule Half {
            state s: vector(2.5) = 0
            s' = s + 1
            w' = w - g * sum(s)
        }
        """),
      repair: .program(
        """
        rule Half {
            state s: vector(2) = 0
            s' = s + 1
            w' = w - g * sum(s)
        }
        """)),
    CatalogPage(
      .badRepeatCount, "A `repeat` without a count",
      "The number of iterations must be a whole number that is known when the rule is "
        + "bound: a number, a hyperparameter or a length, and not `t`.",
      trigger: .command(
        "ravine dump --stage plan r.opt:Iterated",
        files: [
          (
            "r.opt",
            """
            rule Iterated(n = 2.5) {
                x = g
                repeat n { x' = x / 2 }
                w' = w - x
            }
            """
          )
        ]),
      repair: .command(
        "ravine dump --stage plan r.opt:Iterated",
        files: [
          (
            "r.opt",
            """
            rule Iterated(n = 3) {
                x = g
                repeat n { x' = x / 2 }
                w' = w - x
            }
            """
          )
        ])),
    CatalogPage(
      .unknownIndex, "An index that is not known beforehand",
      "Positions in `x[…]` are whole numbers that are known before the rule runs: numbers, "
        + "hyperparameters and lengths. For positions that are computed in a step use `gather` or "
        + "`take_along`.",
      trigger: .program(
        """
        objective f(x: vector(4) = 0) = x[0.5]^2
        """),
      repair: .program(
        """
        objective f(x: vector(4) = 0) = x[1]^2
        """)),
    CatalogPage(
      .listTooLong, "A list that is too long",
      "A list of more than 1,024 numbers belongs in a data file.",
      trigger: .situation(
        """
        x = [1, 2, 3, …] with 1,025 numbers
        """),
      repair: .situation(
        """
        x = [1, 2, 3, …] with 1,024 numbers
        """)),
    CatalogPage(
      .emptyList, "An empty list",
      "A list has at least one number; the length of an empty one is no length of anything.",
      trigger: .program(
        """
        rule Empty {
            w' = w - g * sum([])
        }
        """),
      repair: .program(
        """
        rule One {
            w' = w - g * sum([1])
        }
        """)),
    CatalogPage(
      .doesNotFit, "A value that does not fit its place",
      "The value of an equation or a first value must have the declared shape, or stretch "
        + "to it.",
      trigger: .program(
        """
        rule Rows(lr = 0.1) {
            state r: vector(rows)
            r' = col_mean(g^2)
            w' = w - lr * g / (sqrt(r') + 1)
        }
        """),
      repair: .program(
        """
        rule Rows(lr = 0.1) {
            state r: vector(rows)
            r' = row_mean(g^2)
            w' = w - lr * g / (sqrt(r') + 1)
        }
        """)),
    CatalogPage(
      .valuesAndNames, "Values and names that do not pair",
      "As many names stand on the left of `=` as the function gives values.",
      trigger: .program(
        """
        rule Orthogonal(lr = 0.1) {
            Q, R, S = qr(g)
            w' = w - lr * Q @ R * sum(S)
        }
        """),
      repair: .program(
        """
        rule Orthogonal(lr = 0.1) {
            Q, R = qr(g)
            w' = w - lr * Q @ R
        }
        """)),
    CatalogPage(
      .unknownMember, "A member that does not exist",
      "The one postfix of a value is `.T`, its transpose.",
      trigger: .program(
        """
        rule Turned(lr = 0.1) {
            w' = w - lr * g.t
        }
        """),
      repair: .program(
        """
        rule Turned(lr = 0.1) {
            w' = w - lr * g.T.T
        }
        """)),
    CatalogPage(
      .unknownAxis, "An axis that does not exist",
      "`over` is followed by a named axis: batch, stack, groups, window or workers.",
      trigger: .program(
        """
        rule Averaged(lr = 0.1) {
            w' = w - lr * (mean over machines g)
        }
        """),
      repair: .program(
        """
        rule Averaged(lr = 0.1) {
            w' = w - lr * (mean over workers g)
        }
        """)),
    CatalogPage(
      .notGlobal, "`global` before what is no reduction",
      "`global` stands before a reduction over all tensors (`global norm(g)`) or one draw "
        + "for all of them (`global normal()`).",
      trigger: .program(
        """
        rule Clipped(lr = 0.1) {
            w' = w - lr * global sign(g)
        }
        """),
      repair: .program(
        """
        rule Clipped(lr = 0.1) {
            w' = w - lr * g / global norm(g)
        }
        """)),
    CatalogPage(
      .globalInRepeat, "A reduction over all tensors inside `repeat`",
      "All tensors would have to iterate together. Take the reduction before the loop.",
      trigger: .program(
        """
        rule Iterated(lr = 0.1) {
            x = g
            repeat 3 { x' = x / global norm(x) }
            w' = w - lr * x
        }
        """),
      repair: .program(
        """
        rule Iterated(lr = 0.1) {
            size = global norm(g)
            x = g
            repeat 3 { x' = x / size }
            w' = w - lr * x
        }
        """)),
    CatalogPage(
      .tooManyAxes, "Too many axes",
      "A tensor has at most six axes, the named ones included.",
      trigger: .program(
        """
        x = zeros(1, 1, 1, 1, 1, 1, 1)
        x
        """),
      repair: .program(
        """
        x = zeros(1, 1, 1, 1, 1, 1)
        x
        """)),
    CatalogPage(
      .drawInRepeat, "A draw inside `repeat`",
      "Each draw has one place in a step. Draw before the loop; for several, draw a tensor "
        + "and index it.",
      trigger: .program(
        """
        rule Noisy(lr = 0.1) {
            x = g
            repeat 3 { x' = x + normal() }
            w' = w - lr * x
        }
        """),
      repair: .program(
        """
        rule Noisy(lr = 0.1) {
            z = normal()
            x = g
            repeat 3 { x' = x + z }
            w' = w - lr * x
        }
        """)),
    CatalogPage(
      .drawArguments, "A draw with arguments",
      "The argument of a draw is a shape. Scale and shift outside: `2 * normal() + 1`.",
      trigger: .program(
        """
        rule Noisy(lr = 0.1) {
            w' = w - lr * g + normal(0, 0.1)
        }
        """),
      repair: .program(
        """
        rule Noisy(lr = 0.1) {
            w' = w - lr * g + 0.1 * normal()
        }
        """)),
    CatalogPage(
      .noObjectiveHere, "`loss(x)` or `grad(x)` where there is no objective",
      "The objective at another point can be asked for in a rule, outside of `repeat`.",
      trigger: .program(
        """
        rule Searching(lr = 0.1) {
            x = w
            repeat 3 { x' = x - lr * grad(x) }
            w' = x
        }
        """),
      repair: .program(
        """
        rule Searching(lr = 0.1) {
            w' = w - lr * grad(w - lr * g)
        }
        """)),
    CatalogPage(
      .lengthsOfShape, "A shape with the wrong number of lengths",
      "`vector` takes one length, `matrix` two, `scalar` none.",
      trigger: .program(
        """
        rule Rows(lr = 0.1) {
            state r: matrix(rows) = 0
            r' = row_mean(g)
            w' = w - lr * g * r
        }
        """),
      repair: .program(
        """
        rule Rows(lr = 0.1) {
            state r: vector(rows) = 0
            r' = row_mean(g)
            w' = w - lr * g * r
        }
        """)),
    CatalogPage(
      .ruleInRepeat, "A rule applied where it cannot be",
      "A rule inside a rule makes one step in each step of the outer one: it is not applied "
        + "inside `repeat`, nor inside a function.",
      trigger: .program(
        """
        rule Often(base: rule) {
            x = w
            repeat 3 { x' = base(x, g) }
            w' = x
        }
        """),
      repair: .program(
        """
        rule Once(base: rule) {
            w' = base(w, g)
        }
        """)),
    CatalogPage(
      .lossNotOneNumber, "A loss or metric that is not one number",
      "What is minimized, and what is reported, is one number: reduce it with `mean` or "
        + "`sum`.",
      trigger: .program(
        """
        objective line(; x, y) {
            param a: vector(features) = 0
            loss = (x @ a - y)^2
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
      .parameterWithoutShape, "A parameter without a shape",
      "A trained parameter says its shape; its first value may stretch to it.",
      trigger: .program(
        """
        objective line(; x, y) {
            param a = 0
            loss = mean((a * x - y)^2)
        }
        """),
      repair: .program(
        """
        objective line(; x, y) {
            param a: scalar = 0
            loss = mean((a * x - y)^2)
        }
        """)),
    CatalogPage(
      .noSuchAxis, "An axis that a value does not have",
      "The reduction names an axis that this value lacks, or the rule reads the length of one "
        + "that none of its inputs and states has. The note says what brings the axis.",
      trigger: .program(
        """
        rule Averaged(lr = 0.1) {
            w' = w - lr * mean over batch g
        }
        """),
      repair: .program(
        """
        rule Averaged(lr = 0.1) {
            input G: batch
            w' = w - lr * mean over batch G
        }
        """)),
    CatalogPage(
      .axisLeft, "An axis that must be gone",
      "`w'`, a state without the axis, the condition of `when` and a reduction over all tensors "
        + "are not one for each example, entry or worker: reduce over the axis first.",
      trigger: .program(
        """
        rule Parallel(lr = 0.1) {
            state m
            m' = ema(m, g, 0.9)
            w' = w - lr * (m' + mean over workers g)
        }
        """),
      repair: .program(
        """
        rule Parallel(lr = 0.1) {
            state m
            m' = ema(m, g, 0.9)
            w' = w - lr * mean over workers (m' + g)
        }
        """)),
    CatalogPage(
      .tooManyEntries, "Too many entries to do one by one",
      "Matrix functions, sorting and the like are done for each entry of named axes, up to 64 of "
        + "them. Elementwise operations and reductions take any number.",
      trigger: .command(
        "ravine dump --stage plan r.opt:Sorted",
        files: [
          (
            "r.opt",
            """
            rule Sorted(lr = 0.1) {
                state h: window(100)
                h' = g
                w' = w - lr * mean over window sort(h')
            }
            """
          )
        ]),
      repair: .command(
        "ravine dump --stage plan r.opt:Sorted",
        files: [
          (
            "r.opt",
            """
            rule Sorted(lr = 0.1) {
                state h: window(100)
                h' = g
                w' = w - lr * sort(mean over window h')
            }
            """
          )
        ])),
    CatalogPage(
      .badAxisType, "The type of a named axis",
      "`stack` takes a list or a number, `window` a number from 1 up, `groups` a list or nothing, "
        + "`batch` and `workers` nothing; the shape of one entry may follow.",
      trigger: .program(
        """
        rule Remembering(lr = 0.1) {
            state h: window
            h' = g
            w' = w - lr * mean over window h'
        }
        """),
      repair: .program(
        """
        rule Remembering(lr = 0.1) {
            state h: window(5)
            h' = g
            w' = w - lr * mean over window h'
        }
        """)),
  ]
}

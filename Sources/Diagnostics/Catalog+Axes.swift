extension Catalog {
  /// R042x, R043x: axes, draws and rules that are applied.
  static let axisPages: [CatalogPage] = [
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
      .globalInRepeat, "Too many iterations in which all tensors meet",
      "A `repeat` with a reduction over all tensors, or with `loss(x)`, `grad(x)` or `hvp(v)`, is "
        + "written out, and has at most 1000 iterations.",
      trigger: .program(
        """
        rule Iterated(lr = 0.1) {
            x = g
            repeat 5000 { x' = x / global norm(x) }
            w' = w - lr * x
        }
        """),
      repair: .program(
        """
        rule Iterated(lr = 0.1) {
            x = g
            repeat 3 { x' = x / global norm(x) }
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
      "The objective at another point can be asked for in a rule alone.",
      trigger: .program(
        """
        objective steep(x: vector(2) = [1, 2]) = sum(grad(x)^2)
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

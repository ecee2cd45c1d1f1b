extension Catalog {
  /// R08xx: binding, and what is not supported yet.
  static let bindingPages: [CatalogPage] = [
    CatalogPage(
      .unsupportedStorage, "A storage that is not supported yet",
      "A state of one number is kept in double precision and takes no storage of fewer bits. Not "
        + "there yet are global states that are not one number, and states whose blocks have no "
        + "common multiple up to 65,536.",
      trigger: .program(
        """
        rule Normed(lr = 0.1) {
            state s: scalar as bf16
            s' = ema(s, norm(g), 0.9)
            w' = w - lr * g / s'
        }
        """),
      repair: .program(
        """
        rule Normed(lr = 0.1) {
            state s: scalar
            s' = ema(s, norm(g), 0.9)
            w' = w - lr * g / s'
        }
        """)),
    CatalogPage(
      .unsupported, "Not supported yet",
      "The language has it and this version does not run it: `matrices over trailing`.",
      trigger: .program(
        """
        rule Trailing(lr = 0.1) {
            matrices over trailing
            w' = w - lr * g
        }
        """),
      repair: .program(
        """
        rule Trailing(lr = 0.1) {
            w' = w - lr * g
        }
        """)),
    CatalogPage(
      .matrixRuleOnVector, "A rule of matrices on a vector",
      "The rule multiplies or decomposes matrices, and this parameter has rank 0 or 1. Send "
        + "such parameters elsewhere with a route.",
      trigger: .command(
        "ravine describe Muon --parameters w:64x32,b:32"),
      repair: .command(
        "ravine describe MuonAdamW --parameters w:64x32,b:32")),
    CatalogPage(
      .notDifferentiable, "Not differentiable yet",
      "The loss depends on its parameters through an operation that has no derivative here, "
        + "or through a `repeat` of very many iterations.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective f(x: vector(2) = [1, 1]) {
                y = x
                repeat 1000000 { y' = 0.9 * y }
                loss = sum(y^2)
            }
            minimize f with SGD for 2 steps
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective f(x: vector(2) = [1, 1]) {
                y = x
                repeat 10 { y' = 0.9 * y }
                loss = sum(y^2)
            }
            minimize f with SGD for 2 steps
            """
          )
        ])),
    CatalogPage(
      .unknownPlace, "A state, input or draw that the rule does not have",
      "A program that embeds Ravine names a state, an input or a random draw; the message "
        + "offers the nearest.",
      trigger: .situation(
        """
        optimizer.setState("momentum", of: 0, values)     of Lion, whose state is m
        """),
      repair: .situation(
        """
        optimizer.setState("m", of: 0, values)
        """)),
    CatalogPage(
      .valuesDoNotFill, "Values that do not fill their place",
      "A state or an input of an embedded rule is set to as many numbers as it has.",
      trigger: .situation(
        """
        optimizer.setInput("h", of: 0, [1, 2])     for an input of three numbers
        """),
      repair: .situation(
        """
        optimizer.setInput("h", of: 0, [1, 2, 3])
        """)),
    CatalogPage(
      .noObjectivePoint, "The objective at another point is not known",
      "The rule asks for `loss(x)` or `grad(x)`, and what runs it has recorded or given "
        + "gradients only.",
      trigger: .command(
        "ravine replay r.opt:Searching t.json",
        files: [
          (
            "r.opt",
            """
            rule Searching(lr = 0.1) { w' = w - lr * grad(w - lr * g) }
            """
          ),
          (
            "t.json",
            """
            {"shape": [1], "p0": [1], "gradients": [[1]], "parameters": [[0.9]]}
            """
          ),
        ]),
      repair: .command(
        "ravine replay r.opt:Plain t.json",
        files: [
          (
            "r.opt",
            """
            rule Plain(lr = 0.1) { w' = w - lr * g }
            """
          ),
          (
            "t.json",
            """
            {"shape": [1], "p0": [1], "gradients": [[1]], "parameters": [[0.9]]}
            """
          ),
        ])),
    CatalogPage(
      .globalCycle, "A reduction over all tensors that waits for itself",
      "Two routes each need a reduction over all tensors that depends on the other's. Break "
        + "the circle by the value before the step.",
      trigger: .situation(
        """
        two rules in a route, where each one's `global norm` is of a value made with the other's
        """),
      repair: .situation(
        """
        a `global` state that holds last step's norm
        """)),
    CatalogPage(
      .reductionInLoop, "A reduction over all tensors inside `repeat`",
      "An engine met a reduction over all tensors inside a loop; programs from source are "
        + "told so by R0422.",
      trigger: .situation(
        """
        a program built by hand with `globalSum` in the body of a loop
        """),
      repair: .situation(
        """
        the reduction before the loop
        """)),
    CatalogPage(
      .tooMuchMemory, "More memory than there is",
      "Values of a script and starting values of an objective may be 134,217,728 numbers together "
        + "(1 GiB in float64); the states and buffers of a rule may take three quarters of the "
        + "memory that the process has. Often an extent has a zero too many.",
      trigger: .command("ravine run e.opt", files: [("e.opt", "sum(ones(100000, 100000))")]),
      repair: .command("ravine run e.opt", files: [("e.opt", "sum(ones(1000, 1000))")])),
    CatalogPage(
      .takesTooLong, "A value that takes too long",
      "A script computes its values slowly and exactly; the iterations of its loops, with the "
        + "elements that they touch, are at most 1e9 operations. Inside a rule, loops run faster.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            fn count(x) {
                y = x
                repeat 1e6 { y' = y + 1 }
                y
            }
            count(0)
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            fn count(x) {
                y = x
                repeat 1000 { y' = y + 1 }
                y
            }
            count(0)
            """
          )
        ])),
    CatalogPage(
      .axisWithoutLength, "A named axis without a length",
      "The rule takes one gradient for each example or each term of the loss, and what runs it "
        + "says nothing of how many there are.",
      trigger: .command(
        "ravine dump --stage plan DPSGD"),
      repair: .command(
        "ravine replay r.opt:Averaged t.json",
        files: [
          (
            "r.opt",
            """
            rule Averaged(lr = 0.1) {
                input G: batch
                w' = w - lr * mean over batch G
            }
            """
          ),
          (
            "t.json",
            """
            {"shape": [1], "p0": [1], "gradients": [[0]], "parameters": [[0.9]], "inputs": {"G": [[[0.5], [1.5]]]}}
            """
          ),
        ])),
    CatalogPage(
      .axisWithoutEntries, "A named axis without entries",
      "A batch, the groups of a loss and the workers are at least one each.",
      trigger: .command(
        "ravine replay r.opt:Averaged t.json",
        files: [
          (
            "r.opt",
            """
            rule Averaged(lr = 0.1) {
                input G: batch
                w' = w - lr * mean over batch G
            }
            """
          ),
          (
            "t.json",
            """
            {"shape": [1], "p0": [1], "gradients": [[0]], "parameters": [[0.9]], "inputs": {"G": [[]]}}
            """
          ),
        ]),
      repair: .command(
        "ravine replay r.opt:Averaged t.json",
        files: [
          (
            "r.opt",
            """
            rule Averaged(lr = 0.1) {
                input G: batch
                w' = w - lr * mean over batch G
            }
            """
          ),
          (
            "t.json",
            """
            {"shape": [1], "p0": [1], "gradients": [[0]], "parameters": [[0.9]], "inputs": {"G": [[[1]]]}}
            """
          ),
        ])),
    CatalogPage(
      .workersNeverMeet, "Workers that never meet",
      "With several workers the gradient differs between them, and a rule that never reduces "
        + "over workers would let their weights drift apart.",
      trigger: .situation(
        """
        Optimizer(try compiler.rule("Lion"), …, axes: AxisLengths(workers: 2))
        """),
      repair: .situation(
        """
        Optimizer(try compiler.rule("DataParallel(Lion)"), …, axes: AxisLengths(workers: 2))
        """)),
    CatalogPage(
      .windowBeyondRun, "A window longer than the run",
      "The run ends before the window is full, so the first value of the state stays in it "
        + "to the end.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            rule Remembering(lr = 0.1) {
                state h: window(10)
                h' = g
                w' = w - lr * mean over window h'
            }

            objective f(x: vector(2) = [1, 1]) = sum(x^2)
            minimize f with Remembering for 5 steps
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            rule Remembering(lr = 0.1) {
                state h: window(10)
                h' = g
                w' = w - lr * mean over window h'
            }

            objective f(x: vector(2) = [1, 1]) = sum(x^2)
            minimize f with Remembering for 10 steps
            """
          )
        ])),
    CatalogPage(
      .missingInput, "An input that nobody gives",
      "The rule reads something at each step besides the weights and the gradient. `train` and "
        + "`minimize` cannot give it; a program does, and a recorded run.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with AdaHessian for 5 steps
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with Adam for 5 steps
            """
          )
        ])),
    CatalogPage(
      .openEndReached, "A schedule at an open end of its domain",
      "The domain excludes this number, and a schedule ends exactly there. The step is made; what lies beyond "
        + "the end would be an error.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective q(x: vector(1) = [3]) = 0.5 * x[0]^2
            minimize q with Gravity(lr = linear_decay(0.1)) for 50 steps
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective q(x: vector(1) = [3]) = 0.5 * x[0]^2
            minimize q with Gravity(lr = linear_decay(0.1, final = 0.001)) for 50 steps
            """
          )
        ])),
    CatalogPage(
      .stepsSkipped, "Steps that were skipped",
      "`guard finite` leaves a step out whose gradient is NaN or infinite. Many of them mean that the objective, "
        + "not the step, is what to look at.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            rule Guarded(lr = 0.1) {
                guard finite
                w' = w - lr * g
            }
            objective f(x: vector(2) = [0, 1]) = sqrt(x[0]) + x[1]^2
            minimize f with Guarded for 10 steps
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            rule Guarded(lr = 0.1) {
                guard finite
                w' = w - lr * g
            }
            objective f(x: vector(2) = [0, 1]) = sqrt(x[0]^2 + 1) + x[1]^2
            minimize f with Guarded for 10 steps
            """
          )
        ])),
    CatalogPage(
      .stateNotFinite, "A state that is not finite any more",
      "The numbers of the gradient, or their squares, are larger than the type of the state holds. Most rules "
        + "stand still from then on.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective steep(x: vector(2) = [1, 1]) = 1e200 * sum(x^2)
            minimize steep with Adam(lr = 0.1) for 20 steps
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective steep(x: vector(2) = [1, 1]) = 1e100 * sum(x^2)
            minimize steep with Adam(lr = 0.1) for 20 steps
            """
          )
        ])),
  ]
}

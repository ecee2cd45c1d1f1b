extension Catalog {
  /// R02xx: names, and what scripts name.
  static let namePages: [CatalogPage] = [
    CatalogPage(
      .unknownName, "A name that nothing defines",
      "The name is no state, input, hyperparameter or local of the rule, and nothing of the "
        + "language. Often it is misspelled; a message with a near name offers it.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lrr * g + lr
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * g
        }
        """)),
    CatalogPage(
      .unknownFunction, "A function that does not exist",
      "Neither the language, the prelude nor this file has a function of that name. `ravine "
        + "zoo --functions` lists the prelude.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * sgn(g)
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * sign(g)
        }
        """)),
    CatalogPage(
      .unknownRule, "A rule that does not exist",
      "Neither this file nor the zoo has a rule of that name. `ravine zoo` lists the rules "
        + "that come with Ravine.",
      trigger: .command(
        "ravine zoo Lyon"),
      repair: .command(
        "ravine zoo Lion")),
    CatalogPage(
      .unknownLabel, "An argument that the function does not have",
      "The function has no parameter of that name.",
      trigger: .program(
        """
        rule Average {
            state m
            m' = ema(m, g, decay = 0.9)
            w' = w - m'
        }
        """),
      repair: .program(
        """
        rule Average {
            state m
            m' = ema(m, g, β = 0.9)
            w' = w - m'
        }
        """)),
    CatalogPage(
      .missingArgument, "A missing argument",
      "A parameter without a default was given no value.",
      trigger: .program(
        """
        rule Average {
            state m
            m' = ema(m, g)
            w' = w - m'
        }
        """),
      repair: .program(
        """
        rule Average {
            state m
            m' = ema(m, g, 0.9)
            w' = w - m'
        }
        """)),
    CatalogPage(
      .tooManyArguments, "Too many arguments",
      "More values were given than the function takes.",
      trigger: .program(
        """
        rule Signs {
            w' = w - sign(g, 2)
        }
        """),
      repair: .program(
        """
        rule Signs {
            w' = w - sign(g)
        }
        """)),
    CatalogPage(
      .duplicateDeclaration, "Declared twice",
      "Two declarations of the same kind have one name in a file. Greek letters and their "
        + "spelled names are the same name.",
      trigger: .program(
        """
        rule Descent { w' = w - g }
        rule Descent { w' = w - 2 * g }
        """),
      repair: .program(
        """
        rule Descent { w' = w - g }
        rule FastDescent { w' = w - 2 * g }
        """)),
    CatalogPage(
      .duplicateName, "One name, two roles",
      "A name of a rule is a hyperparameter, a state, an input or a local, and only one of "
        + "them.",
      trigger: .program(
        """
        rule Descent(lr = 0.1, lr = 0.2) {
            w' = w - lr * g
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1, rate = 0.2) {
            w' = w - lr * rate * g
        }
        """)),
    CatalogPage(
      .notAValue, "Not a value",
      "A rule, a function or an objective stands where a number or a tensor is needed.",
      trigger: .program(
        """
        rule Mine {
            w' = w - Lion
        }
        """),
      repair: .program(
        """
        rule Mine(base: rule) {
            w' = base(w, g)
        }
        """)),
    CatalogPage(
      .unknownObjective, "An objective or data that do not exist",
      "`minimize` and `train` name an objective of the script, `train … on` data of the "
        + "script.",
      trigger: .program(
        """
        minimize rosenbrok with Lion for 10 steps
        """),
      repair: .program(
        """
        objective rosenbrock(x: vector(2) = [-1.2, 1]) = 100 * (x[1] - x[0]^2)^2 + (1 - x[0])^2
        minimize rosenbrock with Lion for 10 steps
        """)),
    CatalogPage(
      .recursion, "A definition made of itself",
      "Functions, rules and named values may not call themselves, directly or in a circle: "
        + "every program must end. A fixed number of iterations is written `repeat n { … }`.",
      trigger: .program(
        """
        fn power(x) = x * power(x)
        rule Mine { w' = w - power(g) }
        """),
      repair: .program(
        """
        fn power(x) = x * x
        rule Mine { w' = w - power(g) }
        """)),
    CatalogPage(
      .onlyInBranch, "Defined on one path only",
      "A local that `when` defines is used after it, but not every branch defines it.",
      trigger: .program(
        """
        rule Warm(lr = 0.1) {
            when t < 10 { step = lr * g / 10 }
            w' = w - step
        }
        """),
      repair: .program(
        """
        rule Warm(lr = 0.1) {
            when t < 10 { step = lr * g / 10 } else { step = lr * g }
            w' = w - step
        }
        """)),
    CatalogPage(
      .reservedName, "A name with a meaning of its own",
      "The names that the language gives (`w`, `g`, `t`, `T`, `rank`, `rows` and their "
        + "like) cannot be declared again.",
      trigger: .program(
        """
        rule Descent(t = 0.1) {
            w' = w - t * g
        }
        """),
      repair: .program(
        """
        rule Descent(τ = 0.1) {
            w' = w - τ * g
        }
        """)),
    CatalogPage(
      .notAvailable, "A name without a meaning here",
      "The name exists, but not in this place: a function knows neither `w` nor `g`, an "
        + "objective no step.",
      trigger: .program(
        """
        fn decay(x) = x - 0.1 * g
        rule Descent { w' = decay(w) }
        """),
      repair: .program(
        """
        fn decay(x, slope) = x - 0.1 * slope
        rule Descent { w' = decay(w, g) }
        """)),
    CatalogPage(
      .notAnObjective, "Not the name of an objective",
      "After `minimize` and `train` stands the name of an objective, perhaps with "
        + "arguments.",
      trigger: .program(
        """
        objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
        minimize bowl + 1 with Lion for 10 steps
        """),
      repair: .program(
        """
        objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
        minimize bowl with Lion for 10 steps
        """)),
    CatalogPage(
      .givenTwice, "Given twice",
      "An argument, or a clause of an experiment, is given two values.",
      trigger: .program(
        """
        rule Mine = Lion(lr = 1e-4, lr = 1e-3)
        """),
      repair: .program(
        """
        rule Mine = Lion(lr = 1e-4)
        """)),
    CatalogPage(
      .alreadyBound, "Arguments for a rule that has them",
      "A rule parameter such as `base` brings its hyperparameters with it: inside the rule "
        + "it is named without arguments.",
      trigger: .program(
        """
        rule Around(base: rule) = Lookahead(base(lr = 1))
        rule Mine = Around(Lion)
        """),
      repair: .program(
        """
        rule Around(base: rule) = Lookahead(base)
        rule Mine = Around(Lion(lr = 1))
        """)),
    CatalogPage(
      .notARule, "Not a rule",
      "Here stands a rule, such as `AdamW` or `Lion(lr = 1e-4)`.",
      trigger: .program(
        """
        rule Mine = Lookahead(3)
        """),
      repair: .program(
        """
        rule Mine = Lookahead(AdamW)
        """)),
    CatalogPage(
      .notAFunction, "Not a function",
      "A parameter `φ: fn` takes the name of a function.",
      trigger: .program(
        """
        rule Shaped(φ: fn = sign) { w' = w - φ(g) }
        rule Mine = Shaped(φ = 3)
        """),
      repair: .program(
        """
        rule Shaped(φ: fn = sign) { w' = w - φ(g) }
        rule Mine = Shaped(φ = tanh)
        """)),
    CatalogPage(
      .notAClause, "Not a clause of an experiment",
      "The clauses are `for`, `batch`, `seeds` and `from`; `for` counts steps or epochs.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps every 5
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
            minimize bowl with SGD for 10 steps
            """
          )
        ])),
    CatalogPage(
      .needsData, "An objective that needs data",
      "The objective has inputs (after the `;`), so it is trained on data.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective line(; x, y) {
                param a: vector(features) = 0
                loss = mean((x @ a - y)^2)
            }
            minimize line with SGD for 10 steps
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "points.csv",
            """
            x,y
            0,1
            1,3
            2,5
            3,7
            """
          ),
          (
            "e.opt",
            """
            data points = csv("points.csv", target = "y", test = 0.25)
            objective line(; x, y) {
                param a: vector(features) = 0
                loss = mean((x @ a - y)^2)
            }
            train line on points with SGD for 10 steps batch 3
            """
          ),
        ])),
    CatalogPage(
      .nothingToPlot, "Nothing to plot",
      "`plot` draws the last experiment, and there is none above it.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            plot loss
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
            minimize bowl with SGD for 10 steps
            plot loss
            """
          )
        ])),
    CatalogPage(
      .unrecordedSeries, "A series that was not recorded",
      "A plot names `loss`, a metric of the objective, or `path`.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps
            plot accuracy
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
            minimize bowl with SGD for 10 steps
            plot loss
            """
          )
        ])),
    CatalogPage(
      .pathNotPlane, "A path in more than two dimensions",
      "`plot path` draws the walk over the contours of an objective of two numbers.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(3) = [1, 1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps
            plot path
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
            minimize bowl with SGD for 10 steps
            plot path
            """
          )
        ])),
    CatalogPage(
      .notAPlotFile, "Not the file of a plot",
      "A plot is written as SVG to a file named in quotes.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps
            plot loss to "loss.png"
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
            minimize bowl with SGD for 10 steps
            plot loss to "loss.svg"
            """
          )
        ])),
    CatalogPage(
      .withoutLength, "An experiment without a length",
      "`minimize` needs a number of steps, `train` a number of epochs or steps.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD seeds 2
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
            minimize bowl with SGD for 10 steps seeds 2
            """
          )
        ])),
    CatalogPage(
      .notAWholeNumber, "Not a whole number",
      "Steps, epochs, batch and seeds are whole numbers from 1 up.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 2.5 steps
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
            minimize bowl with SGD for 3 steps
            """
          )
        ])),
    CatalogPage(
      .moreInputsThanData, "An objective with more inputs than data",
      "Data have features and one target: an objective takes at most two inputs, usually "
        + "`x` and `y`.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "points.csv",
            """
            x,y
            0,1
            1,3
            2,5
            3,7
            """
          ),
          (
            "e.opt",
            """
            data points = csv("points.csv", target = "y", test = 0.25)
            objective line(; x, y, z) {
                param a: vector(features) = 0
                loss = mean((x @ a - y)^2) + mean(z)
            }
            train line on points with SGD for 10 steps batch 3
            """
          ),
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "points.csv",
            """
            x,y
            0,1
            1,3
            2,5
            3,7
            """
          ),
          (
            "e.opt",
            """
            data points = csv("points.csv", target = "y", test = 0.25)
            objective line(; x, y) {
                param a: vector(features) = 0
                loss = mean((x @ a - y)^2)
            }
            train line on points with SGD for 10 steps batch 3
            """
          ),
        ])),
    CatalogPage(
      .startOfOtherSize, "A starting point of another size",
      "`from` gives a number for each number that the objective trains.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps from [1, 2, 3]
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
            minimize bowl with SGD for 10 steps from [1, 2]
            """
          )
        ])),
    CatalogPage(
      .brokenDeclaration, "What is used has errors of its own",
      "The rule or function that is named here was refused; its errors are reported where "
        + "it is declared. Mend them first.",
      trigger: .situation(
        """
        a session uses a rule whose declaration was refused
        """),
      repair: .situation(
        """
        the declaration mended
        """)),
  ]
}

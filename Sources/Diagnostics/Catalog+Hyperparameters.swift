extension Catalog {
  /// R05xx: hyperparameters and their domains.
  static let hyperparameterPages: [CatalogPage] = [
    CatalogPage(
      .unusedHyper, "An unused hyperparameter",
      "A knob that does nothing misleads whoever turns it. Use it or remove it.",
      trigger: .program(
        """
        rule Descent(lr = 0.1, μ = 0.9) {
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
      .outsideDomain, "A value outside of its domain",
      "The rule says which values of the hyperparameter make sense, and the one given, or "
        + "the default, is none of them.",
      trigger: .program(
        """
        rule Mine = Lion(β1 = 1.5)
        """),
      repair: .program(
        """
        rule Mine = Lion(β1 = 0.95)
        """)),
    CatalogPage(
      .missingHyper, "A hyperparameter without a value",
      "A hyperparameter that has no default must be given wherever the rule is named.",
      trigger: .program(
        """
        rule Descent(lr) {
            w' = w - lr * g
        }
        objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
        minimize bowl with Descent for 10 steps
        """),
      repair: .program(
        """
        rule Descent(lr) {
            w' = w - lr * g
        }
        objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
        minimize bowl with Descent(lr = 0.1) for 10 steps
        """)),
    CatalogPage(
      .badDomain, "A domain that is no interval of numbers",
      "The bounds of a domain are numbers, the lower one first. The block of a storage "
        + "format is a whole number from 1 to 65,536.",
      trigger: .program(
        """
        rule Descent(lr = 0.1 in [1, 0]) {
            w' = w - lr * g
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1 in [0, 1]) {
            w' = w - lr * g
        }
        """)),
    CatalogPage(
      .unknownHyper, "A hyperparameter that the rule does not have",
      "The message lists the hyperparameters of the rule. Hyperparameters are given by "
        + "name; where several rules inside a rule have one of that name, give it to the inner "
        + "rule itself.",
      trigger: .program(
        """
        rule Mine = Lion(learning_rate = 1e-4)
        """),
      repair: .program(
        """
        rule Mine = Lion(lr = 1e-4)
        """)),
    CatalogPage(
      .hyperReadsTensor, "A hyperparameter that reads a tensor",
      "A hyperparameter is one number for all tensors: an expression of `t`, `T` and other "
        + "hyperparameters. What depends on `w` or `g` belongs into an equation.",
      trigger: .program(
        """
        rule Scaled(lr = norm([1, 2]) * rows) {
            w' = w - lr * g
        }
        """),
      repair: .program(
        """
        rule Scaled(lr = 0.1) {
            w' = w - lr * rows * g
        }
        """)),
    CatalogPage(
      .scheduleLeavesDomain, "A schedule that leaves its domain",
      "The value of the hyperparameter at this step is none of those that the rule allows.",
      trigger: .command(
        "ravine dump --stage plan 'Lion(β1 = 2 * t)'"),
      repair: .command(
        "ravine dump --stage plan 'Lion(β1 = 1 - 1 / (t + 1))'")),
    CatalogPage(
      .fixedHyper, "A hyperparameter that is fixed when the rule is bound",
      "It decides the shape of a state or the number of iterations, so a program that "
        + "embeds Ravine cannot change it while the rule runs. Bind the rule again.",
      trigger: .situation(
        """
        optimizer.setHyper("steps", 7)     of Muon, in a program that embeds Ravine
        """),
      repair: .situation(
        """
        Optimizer(try compiler.rule("Muon(steps = 7)"), …)
        """)),
    CatalogPage(
      .needsList, "One value where a list is declared",
      "The default is a list, so what is given is one as well; a list of one is `[x]`.",
      trigger: .program(
        """
        rule Calm(lr = 0.1) = AggMo(lr = lr, betas = 0.9)
        """),
      repair: .program(
        """
        rule Calm(lr = 0.1) = AggMo(lr = lr, betas = [0.9])
        """)),
  ]
}

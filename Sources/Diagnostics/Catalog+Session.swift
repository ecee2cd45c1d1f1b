extension Catalog {
  /// What only sessions say, and the algebra that they ask.
  static let sessionPages: [CatalogPage] = [
    CatalogPage(
      .unknownCommand, "No such command",
      "A line of a session that begins with `:` is a command. It may be shortened as "
        + "long as it is the only one that begins so: `:comp` is `:compare`, and `:s` may "
        + "be several.",
      trigger: .command("printf ':halp\\n' | ravine repl"),
      repair: .command("printf ':help sqrt\\n' | ravine repl")),
    CatalogPage(
      .unknownValue, "No such value",
      "`%` and `ans` stand for the last value that a session has shown, `%3` for the "
        + "third. Values of more than some thousand letters are shown and not kept.",
      trigger: .command("printf '1 + 1\\n%%2 + 1\\n' | ravine repl"),
      repair: .command("printf '1 + 1\\n%%1 + 1\\n' | ravine repl")),
    CatalogPage(
      .commandUsage, "A command that was told too little",
      "The command needs something else behind it; the note shows what it takes and "
        + "an example. `:help` and its name say more.",
      trigger: .command("printf ':compare Lion\\n' | ravine repl"),
      repair: .command("printf ':compare Lion Lion\\n' | ravine repl")),
    CatalogPage(
      .nothingToDo, "Nothing to do",
      "There is nothing to take back or to save: the session has declared nothing "
        + "yet, or all of it was taken back.",
      trigger: .command("printf ':undo\\n' | ravine repl"),
      repair: .command("printf 'x = 1\\n:undo\\n' | ravine repl")),
    CatalogPage(
      .noHelp, "No help",
      "`:help` knows commands, what the session declares, the rules and functions of "
        + "the zoo, the words of the language and the codes of messages.",
      trigger: .command("printf ':help Lio\\n' | ravine repl"),
      repair: .command("printf ':help Lion\\n' | ravine repl")),
    CatalogPage(
      .wouldOverwrite, "A file that is there already",
      "`:save` overwrites nothing by itself. `:save!` replaces the file.",
      trigger: .command(
        "printf 'x = 1\\n:save s.opt\\n' | ravine repl", files: [("s.opt", "y = 2")]),
      repair: .command(
        "printf 'x = 1\\n:save! s.opt\\n' | ravine repl", files: [("s.opt", "y = 2")])),
    CatalogPage(
      .noPrompt, "A transcript without a prompt",
      "`ravine test` runs what stands behind the prompts `ravine> ` and `   ...> ` of "
        + "a saved session, in Markdown inside blocks of `session`. This file has none.",
      trigger: .command(
        "ravine test s.txt", files: [("s.txt", "1 + 1\n2")]),
      repair: .command(
        "ravine test s.txt", files: [("s.txt", "ravine> 1 + 1\n%1 = 2")])),
    CatalogPage(
      .noAnswer, "The algebra has no answer",
      "What is asked has no symbolic answer, or none that is found within the limits: "
        + "a state without a closed form, a rule that is not linear, an equation that is "
        + "neither linear nor quadratic. The message says which.",
      trigger: .command("printf ':closed Adam.q\\n' | ravine repl"),
      repair: .command("printf ':closed Adam.m\\n' | ravine repl")),
    CatalogPage(
      .unlikeUnits, "Unlike units",
      "Weights, gradients and the loss are measured in different units, and so are "
        + "their powers. A sum of unlike things means something else after the loss is "
        + "doubled or the weights are rescaled; give one of them a factor with a unit, a "
        + "hyperparameter.",
      trigger: .command(
        "printf 'rule A(lr = 0.1) { w\\047 = w - lr * (g + w) }\\n:units A\\n' | ravine repl"),
      repair: .command(
        "printf 'rule A(lr = 0.1, c = 1) { w\\047 = w - lr * (g + c * w) }\\n:units A\\n' | ravine repl"
      )),
    CatalogPage(
      .firstNotFinite, "The first value that is not finite",
      "`:trace` computes every value of a step. This one is NaN or infinite although "
        + "what it is made of is finite: a division of 0 by 0, a root of a negative "
        + "number, an overflow.",
      trigger: .command("printf ':trace Adam(ε = 0) with g = 0\\n' | ravine repl"),
      repair: .command("printf ':trace Adam with g = 0\\n' | ravine repl")),
    CatalogPage(
      .domainLeft, "A schedule that leaves its domain while the rule runs",
      "The training of this rule and seed stops before this step, the others go on, and `ravine` ends with 4. "
        + "Domains are looked at in every step, with the T of the run.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective f(x: scalar = 0) = -x
            minimize f with SGD(lr = 0.5 - 0.2 * t) for 5 steps
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective f(x: scalar = 0) = -x
            minimize f with SGD(lr = linear_decay(0.5)) for 5 steps
            """
          )
        ])),
  ]
}

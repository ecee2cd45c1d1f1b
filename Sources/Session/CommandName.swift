/// The commands of a session: what each is told, what it does, and a line to try.
enum CommandName: String, CaseIterable {
  // The session.
  case help, type, describe, show, dump, time, trace, load, reload, save, latex, plot, browse
  case set, undo, quit
  // The algebra of expressions.
  case simplify, expand, factor, collect, subst, solve, diff, assume
  // The algebra of rules.
  case sensitivity, unroll, closed, compare, identify, steady, stability, invariance, units
  case bounds, reduce, lr

  enum Group: String, CaseIterable {
    case session = "the session"
    case expressions = "expressions"
    case rules = "rules"
  }

  var group: Group {
    switch self {
    case .simplify, .expand, .factor, .collect, .subst, .solve, .diff, .assume: .expressions
    case .describe, .trace, .sensitivity, .unroll, .closed, .compare, .identify, .steady,
      .stability, .invariance, .units, .bounds, .reduce, .lr, .latex:
      .rules
    default: .session
    }
  }

  /// What stands behind it.
  var arguments: String {
    switch self {
    case .help: "[NAME]"
    case .type: "EXPR or NAME"
    case .describe, .trace, .identify, .steady, .stability, .invariance, .units, .bounds, .reduce:
      "RULE"
    case .show: "NAME or RULE"
    case .dump: "[ast|checked|ir|plan] RULE"
    case .time: "STATEMENT"
    case .load: "FILE"
    case .save: "FILE"
    case .latex: "RULE or EXPR"
    case .plot: "SERIES, path, stability RULE, filter RULE, or EXPR of t or one name"
    case .browse: "[zoo|functions|WORD]"
    case .set: "[NAME VALUE]"
    case .reload, .undo, .quit: ""
    case .simplify, .expand, .factor: "EXPR"
    case .collect: "EXPR by NAME"
    case .subst: "NAME = VALUE in EXPR"
    case .solve: "EXPR = EXPR for NAME"
    case .diff: "EXPR wrt NAME"
    case .assume: "[NAME in DOMAIN, or NAME > NUMBER]"
    case .sensitivity: "RULE wrt HYPERPARAMETER"
    case .unroll: "RULE.STATE STEPS"
    case .closed: "RULE.STATE"
    case .compare: "RULE RULE"
    case .lr: "RULE -> RULE"
    }
  }

  var summary: String {
    switch self {
    case .help: "what a command, function, rule or error code is"
    case .type: "kind and shape of an expression, or the header of a declaration"
    case .describe: "states, hyperparameters and what a step costs"
    case .show: "the source of a name, or a rule as equations"
    case .dump: "what the compiler sees"
    case .time: "how long a statement takes"
    case .trace: "one step: every intermediate value, and where the first NaN comes from"
    case .load: "run a script; one with errors changes nothing"
    case .reload: "load again what has changed on disk"
    case .save: "the session as a script; `:save!` replaces a file"
    case .latex: "a rule or an expression for amsmath"
    case .plot: "curves, paths, stability regions and filters"
    case .browse: "what the session, the zoo or the prelude has"
    case .set: "how plots look, which engine runs, limits"
    case .undo: "take back the last declaration or loading"
    case .quit: "leave"
    case .simplify: "one quotient, with what cancels cancelled"
    case .expand: "multiplied out"
    case .factor: "common factors in front"
    case .collect: "by powers of a name"
    case .subst: "with a name replaced"
    case .solve: "the name in which an equation is linear"
    case .diff: "the derivative"
    case .assume: "what holds of a free name from now on; alone, what is assumed"
    case .sensitivity: "the derivative of one step of a rule by a hyperparameter"
    case .unroll: "a state after 1, 2, … steps as a function of the gradients"
    case .closed: "a state as a sum over all gradients, its weights and memory"
    case .compare: "whether two rules are equal: a proof or a counterexample"
    case .identify: "the rules of the zoo that it is or becomes"
    case .steady: "the update under a constant gradient, and under noise"
    case .stability: "for which lr·h it is stable on ½ h w²"
    case .invariance: "how the update answers to scales, signs and axes"
    case .units: "the dimension of every hyperparameter and state"
    case .bounds: "how far a step goes, and which sets it does not leave"
    case .reduce: "a shorter equal rule, each step named"
    case .lr: "what a learning rate is worth in another rule"
    }
  }

  var example: String {
    switch self {
    case .help: ":help Lion"
    case .type: ":type [1, 2, 3] + 1"
    case .describe: ":describe Lookahead(AdamW)"
    case .show: ":show ema"
    case .dump: ":dump ir Lion"
    case .time: ":time :compare Adam AdamW(λ = 0)"
    case .trace: ":trace Lion"
    case .load: ":load Examples/rosenbrock.opt"
    case .reload: ":reload"
    case .save: ":save mine.opt"
    case .latex: ":latex Lion"
    case .plot: ":plot warmup_cosine(1, warmup = 10)"
    case .browse: ":browse momentum"
    case .set: ":set plot ascii"
    case .undo: ":undo"
    case .quit: ":quit"
    case .simplify: ":simplify (1 - β^2) / (1 - β)"
    case .expand: ":expand (a + b)^3"
    case .factor: ":factor a*x + a*y"
    case .collect: ":collect (x + a)^2 by x"
    case .subst: ":subst β = 0.9 in β * m + (1 - β) * y"
    case .solve: ":solve m = β * m + (1 - β) * y for m"
    case .diff: ":diff x^3 + a * x wrt x"
    case .assume: ":assume β in [0, 1)"
    case .sensitivity: ":sensitivity HeavyBall wrt lr"
    case .unroll: ":unroll EMAMomentum.m 3"
    case .closed: ":closed EMAMomentum.m"
    case .compare: ":compare Lion(β1 = β, β2 = β) Signum(μ = β)"
    case .identify: ":identify Lion(β1 = β, β2 = β)"
    case .steady: ":steady Adam"
    case .stability: ":stability HeavyBall"
    case .invariance: ":invariance Lion"
    case .units: ":units Adam"
    case .bounds: ":bounds Lion"
    case .reduce: ":reduce Lion"
    case .lr: ":lr AdamW -> Lion"
    }
  }

  /// The commands that a word may mean: the one of this name, or those that begin with it.
  static func matching(_ word: String) -> [CommandName] {
    if let exact = CommandName(rawValue: word) { return [exact] }
    return word.isEmpty ? [] : allCases.filter { $0.rawValue.hasPrefix(word) }
  }
}

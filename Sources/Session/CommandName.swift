/// The commands of a session: what each is told, what it does, and a line to try.
enum CommandName: String, CaseIterable {
  // The session.
  case help, type, describe, show, dump, time, trace, load, reload, save, latex, plot, browse
  case set, undo, quit, suggest
  // The algebra of expressions.
  case simplify, expand, factor, collect, subst, solve, diff, assume
  // The algebra of rules.
  case sensitivity, unroll, closed, compare, identify, steady, stability, invariance, units
  case bounds, reduce, lr, coupling

  enum Group: String, CaseIterable {
    case session = "the session"
    case expressions = "expressions"
    case rules = "rules"
  }

  var group: Group {
    switch self {
    case .simplify, .expand, .factor, .collect, .subst, .solve, .diff, .assume: .expressions
    case .describe, .trace, .sensitivity, .unroll, .closed, .compare, .identify, .steady,
      .stability, .invariance, .units, .bounds, .reduce, .lr, .coupling, .latex:
      .rules
    default: .session
    }
  }

  /// What stands behind it.
  var arguments: String { Self.texts[self]![0] }
  var summary: String { Self.texts[self]![1] }
  var example: String { Self.texts[self]![2] }

  var needsArguments: Bool {
    switch self {
    case .help, .browse, .set, .assume, .reload, .undo, .quit: false
    default: true
    }
  }

  /// Whether `%` stands in what is behind it for a value; of rules, `%` is no sign between two numbers.
  var takesValues: Bool {
    switch self {
    case .type, .describe, .show, .dump, .trace, .plot, .suggest: true
    default: group == .rules
    }
  }

  /// Whether rules stand behind it, for which a shell wants quotes.
  var takesRules: Bool {
    switch self {
    case .show, .dump, .suggest: true
    default: group == .rules
    }
  }

  /// The commands that a word may mean: the one of this name, or those that begin with it.
  static func matching(_ word: String) -> [CommandName] {
    if let exact = CommandName(rawValue: word) { return [exact] }
    return word.isEmpty ? [] : allCases.filter { $0.rawValue.hasPrefix(word) }
  }

  private static let texts: [CommandName: [String]] = Dictionary(
    uniqueKeysWithValues: table.split(separator: "\n").map { line in
      let cells = line.split(separator: " | ").map { $0 == "-" ? "" : String($0) }
      return (CommandName(rawValue: cells[0])!, Array(cells.dropFirst()))
    })

  /// Name, arguments (`-` for none), what it does, an example.
  private static let table = """
    help | [NAME] | what a command, function, rule or error code is | :help Lion
    type | EXPR or NAME | \
    kind and shape of an expression, or the header of a declaration | :type [1, 2, 3] + 1
    describe | RULE | states, hyperparameters and what a step costs | :describe Lookahead(AdamW)
    show | NAME or RULE | the source of a name, or a rule as equations | :show ema
    dump | [ast|checked|ir|plan] RULE | what the compiler sees | :dump ir Lion
    time | STATEMENT | how long a statement takes | :time :compare Adam AdamW(λ = 0)
    trace | RULE | \
    one step: every intermediate value, and where the first NaN comes from | :trace Lion
    load | FILE | run a script; one with errors changes nothing | :load Examples/rosenbrock.opt
    reload | - | load again what has changed on disk | :reload
    save | FILE | the session as a script; `:save!` replaces a file | :save mine.opt
    latex | RULE or EXPR | a rule or an expression for amsmath | :latex Lion
    plot | SERIES, path, stability RULE, filter RULE, or EXPR, EXPR, … of t or one name | \
    curves, paths, stability regions and filters | :plot warmup_cosine(1, warmup = 10)
    browse | [zoo|functions|WORD] | what the session, the zoo or the prelude has | :browse momentum
    set | [NAME VALUE] | how plots look, which engine runs, limits | :set plot ascii
    suggest | TASK [RULE …] | \
    rules that do well on a problem like this one, tried on it | :suggest bowl_easy
    undo | - | take back the last declaration or loading | :undo
    quit | - | leave | :quit
    simplify | EXPR | one quotient, with what cancels cancelled | :simplify (1 - β^2) / (1 - β)
    expand | EXPR | multiplied out | :expand (a + b)^3
    factor | EXPR | common factors in front | :factor a*x + a*y
    collect | EXPR by NAME | by powers of a name | :collect (x + a)^2 by x
    subst | NAME = VALUE in EXPR | with a name replaced | :subst β = 0.9 in β * m + (1 - β) * y
    solve | EXPR = EXPR [for NAME] | \
    the real solutions of an equation, each with its conditions | :solve m = β * m + (1 - β) * y for m
    diff | EXPR [wrt NAME] | the derivative | :diff x^3 + a * x wrt x
    assume | [NAME in DOMAIN, or NAME > NUMBER] | \
    what holds of a free name from now on; alone, what is assumed | :assume β in [0, 1)
    sensitivity | RULE wrt HYPERPARAMETER | \
    the derivative of one step of a rule by a hyperparameter | :sensitivity HeavyBall wrt lr
    unroll | RULE[.STATE] [STEPS] | \
    a state after 1, 2, … steps as a function of the gradients | :unroll EMAMomentum.m 3
    closed | RULE[.STATE] | \
    a state as a sum over all gradients, its weights and memory | :closed EMAMomentum.m
    compare | RULE RULE | \
    whether two rules are equal: a proof or a counterexample | \
    :compare Lion(β1 = β, β2 = β) Signum(μ = β)
    identify | RULE | the rules of the zoo that it is, becomes or nearly is | :identify Lion(β1 = β, β2 = β)
    steady | RULE | the update under a constant gradient, and under noise | :steady Adam
    stability | RULE | for which lr·h it is stable on ½ h w² | :stability HeavyBall
    invariance | RULE | how the update answers to scales, signs and axes | :invariance Lion
    units | RULE | the dimension of every hyperparameter and state | :units Adam
    bounds | RULE | how far a step goes, and which sets it does not leave | :bounds Lion
    reduce | RULE | a shorter equal rule, each step named | :reduce Lion
    lr | RULE -> RULE | what a learning rate is worth in another rule | :lr AdamW -> Lion
    coupling | RULE | \
    hyperparameters that act only together, where ε stands, what rounding loses | :coupling AdamW
    """
}

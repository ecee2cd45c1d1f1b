import Basics
import Diagnostics

/// An expression in the arena of a `SyntaxTree`.
package struct ExprID: Identifier {
  package var raw: Int32
  package init(raw: Int32) { self.raw = raw }
}

/// Everything parsed from one source file. Nodes live in arenas, so deep trees cost no recursion to free.
package struct SyntaxTree: Sendable {
  package var file: SourceFile
  package var items: [Item] = []
  package var expressions: [Expr] = []
  package var spans: [Span] = []

  package subscript(_ id: ExprID) -> Expr { expressions[id.index] }
  package func span(_ id: ExprID) -> Span { spans[id.index] }

  @discardableResult
  package mutating func add(_ expr: Expr, _ span: Span) -> ExprID {
    expressions.append(expr)
    spans.append(span)
    return ExprID(expressions.count - 1)
  }
}

package enum UnaryOperator: String, Sendable, CaseIterable {
  case minus = "-"
  case not
}

package enum BinaryOperator: String, Sendable, CaseIterable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case power = "^"
  case matrixProduct = "@"
  case modulo = "mod"
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case equal = "=="
  case notEqual = "!="
  case matches = "=~"
  case matchesNot = "!~"
  case and
  case or
}

/// `f(x, steps = 5)`: an argument by position or by name.
package struct Argument: Sendable {
  package var label: Name?
  package var value: ExprID
  package init(label: Name?, value: ExprID) {
    self.label = label
    self.value = value
  }
}

/// `x[3]`, `x[1:]`, `x[:, 2]`: one position of an index.
package enum Subscript: Sendable {
  case at(ExprID)
  case range(from: ExprID?, to: ExprID?)
}

package indirect enum Expr: Sendable {
  /// A decimal literal, `π` or `∞`. `text` is as written.
  case number(Double, text: String)
  case string(String)
  case name(Name)
  /// `m'`: the value after the step (inside `repeat`: of the next iteration).
  case primed(Name)
  case unary(UnaryOperator, ExprID)
  /// Comparisons chain only through `and`; `a < b < c` is an error.
  case binary(BinaryOperator, ExprID, ExprID)
  case conditional(ExprID, then: ExprID, otherwise: ExprID)
  case call(Name, [Argument])
  /// `global norm(g)`: over all parameter tensors; `global normal()`: one draw for all of them.
  case global(ExprID)
  /// `mean over batch x`, `sum over stack b`, `mean over workers g`.
  case over(reduction: Name, axis: Name, ExprID)
  case index(ExprID, [Subscript])
  /// `X.T`
  case transpose(ExprID)
  /// `Lion.m`
  case member(ExprID, Name)
  /// `[0, 0.9, 0.99]`
  case list([ExprID])
  /// `‖x‖`, the same as `norm(x)`.
  case norm(ExprID)
  /// Where the parser recovered; a diagnostic was reported.
  case error
}

/// A shape as written: `scalar`, `global`, `vector(rows)`, `matrix(rows, 4)`, `tensor(a, b, c)`,
/// `window(10)`, `stack(betas)`, `batch`, `groups`, `workers`, `rule`, `fn`.
package struct TypeExpr: Sendable {
  package var kind: Name
  package var extents: [ExprID]
  package var span: Span
  package init(kind: Name, extents: [ExprID], span: Span) {
    self.kind = kind
    self.extents = extents
    self.span = span
  }
}

/// `as bf16`, `as int8(block = 256)`, with `round stochastic`.
package struct StorageExpr: Sendable {
  package var format: Name
  package var arguments: [Argument]
  package var rounding: Name?
  package var span: Span
}

/// One name of a `state`, `input` or `param` statement.
package struct Binding: Sendable {
  package var name: Name
  package var type: TypeExpr?
  package var initial: ExprID?
  package var storage: StorageExpr?
  package var span: Span
  package init(name: Name, type: TypeExpr?, initial: ExprID?, storage: StorageExpr?, span: Span) {
    self.name = name
    self.type = type
    self.initial = initial
    self.storage = storage
    self.span = span
  }
}

/// The left side of an equation: `m'` or `update`.
package struct EquationTarget: Sendable {
  package var name: Name
  package var isPrimed: Bool
  /// `round stochastic` at the equation's end.
  package var rounding: Name?
  package init(name: Name, isPrimed: Bool) {
    self.name = name
    self.isPrimed = isPrimed
  }
}

package struct Statement: Sendable {
  package indirect enum Kind: Sendable {
    case state([Binding])
    case input([Binding])
    case param([Binding])
    /// Several targets take the values of a function that returns several: `Q, R = qr(A)`.
    case equation([EquationTarget], ExprID)
    case when(ExprID, [Statement], otherwise: [Statement]?)
    case every(ExprID, [Statement])
    case repeats(ExprID, [Statement])
    /// `view eval = …`
    case view(Name, ExprID)
    case metric(Name, ExprID)
    /// `loss data = …`: one of the terms that the loss is the sum of.
    case term(Name, ExprID)
    /// `guard finite`
    case guardFinite
    /// `matrices over trailing`
    case matricesOverTrailing
    /// The value(s) of a function body: its last line.
    case result([ExprID])
    case error
  }
  package var kind: Kind
  package var span: Span
  package init(_ kind: Kind, _ span: Span) {
    self.kind = kind
    self.span = span
  }
}

/// A domain such as `in [0, 1)`. Bounds are constant expressions.
package struct DomainExpr: Sendable {
  package var low: ExprID
  package var high: ExprID
  package var includesLow: Bool
  package var includesHigh: Bool
  package var span: Span
}

/// A hyperparameter, function parameter, rule parameter (`base: rule`) or data input of a declaration.
package struct Parameter: Sendable {
  package var name: Name
  package var type: TypeExpr?
  package var initial: ExprID?
  package var domain: DomainExpr?
  /// The word `ascend` before the name of a trained parameter: it makes the loss large.
  package var ascend: Span?
  package var span: Span
}

/// One line of a route: `rank == 2 and name !~ "embed" -> Muon(lr = lr)`; `condition` is nil for `otherwise`.
package struct RouteArm: Sendable {
  package var condition: ExprID?
  package var target: ExprID
  package var span: Span
}

package struct RuleDeclaration: Sendable {
  package enum Body: Sendable {
    case equations([Statement])
    case route([RouteArm])
    /// `rule CLion = Cautious(Lion)`
    case alias(ExprID)
  }
  /// The `##` lines before it, without their marks.
  package var documentation: [String]
  package var name: Name
  package var parameters: [Parameter]
  package var body: Body
  package var span: Span
  package init(
    documentation: [String], name: Name, parameters: [Parameter], body: Body, span: Span
  ) {
    self.documentation = documentation
    self.name = name
    self.parameters = parameters
    self.body = body
    self.span = span
  }
}

package struct FunctionDeclaration: Sendable {
  package var documentation: [String]
  package var name: Name
  package var parameters: [Parameter]
  /// `fn f(x) = e` is a body of one `.result`.
  package var body: [Statement]
  package var span: Span
}

/// `objective mlp(hidden = 32; x, y) { … }` or `objective f(x: vector(2) = [-1.2, 1]) = e`.
package struct ObjectiveDeclaration: Sendable {
  package var documentation: [String]
  package var name: Name
  /// Before `;`: hyperparameters, and (with a type) trained parameters.
  package var parameters: [Parameter]
  /// After `;`: columns of the data.
  package var inputs: [Parameter]
  package var body: [Statement]
  package var span: Span
}

/// A clause of `minimize` and `train`: `for 2000 steps`, `batch 64`, `seeds 5`, `from [1, 2]`,
/// `save every 10 epochs to "run.safetensors"`.
package struct Clause: Sendable {
  package var keyword: Name
  package var value: ExprID
  /// The unit after the value: `steps`, `epochs`; its key is that of several where one was written.
  package var unit: Name?
  /// The file of `save every 10 epochs to "run.safetensors"`.
  package var path: ExprID?
}

/// `minimize f with Lion for 100 steps`, and `maximize`.
package struct MinimizeStatement: Sendable {
  package var isMaximised: Bool
  package var objective: ExprID
  package var rules: [ExprID]
  package var clauses: [Clause]
  package init(
    isMaximised: Bool = false, objective: ExprID, rules: [ExprID], clauses: [Clause]
  ) {
    self.isMaximised = isMaximised
    self.objective = objective
    self.rules = rules
    self.clauses = clauses
  }
}

package struct TrainStatement: Sendable {
  package var objective: ExprID
  package var data: Name
  package var rules: [ExprID]
  package var clauses: [Clause]
}

/// `command "python3 train.py" for 200 steps until loss < 0.1`: work that another program does.
package struct CommandStatement: Sendable {
  /// As written in the quotes.
  package var text: String
  package var place: Span
  package var clauses: [Clause]
}

/// `task s2 = train mlp on digits for 150 steps batch 64 until test_loss < 0.1`: work without rules, which
/// are given where it is done.
package struct TaskDeclaration: Sendable {
  package enum Work: Sendable {
    case minimize(MinimizeStatement)
    case train(TrainStatement)
    case command(CommandStatement)
  }
  package var documentation: [String]
  package var name: Name
  package var work: Work

  package var clauses: [Clause] {
    switch work {
    case .minimize(let statement): statement.clauses
    case .train(let statement): statement.clauses
    case .command(let statement): statement.clauses
    }
  }
}

/// `search Found from SGD on s1, s4 using sign, ema for 20000 programs validate on s2`: programs found from a rule.
package struct SearchStatement: Sendable {
  /// What is found is called.
  package var name: Name
  /// The rule that it begins with.
  package var start: ExprID
  package var tasks: [Name]
  /// Empty: the usual set.
  package var functions: [Name]
  package var validation: [Name]
  /// Kept locked: looked at once, when the search is over.
  package var test: [Name]
  /// The rule that scores are relative to; nil: AdamW.
  package var baseline: ExprID?
  /// The first words of all clauses, as often as they stand there.
  package var keywords: [Name] = []
  package var clauses: [Clause]
}

/// `x in [0, 100]`, `y in [1e-3, 1] log`: an axis of a plot as it is to be.
package struct AxisClause: Sendable {
  /// `x` or `y`.
  package var name: Name
  package var limits: (low: ExprID, high: ExprID)?
  /// `log` or `linear`.
  package var scale: Name?
  package var span: Span
}

/// `plot loss, accuracy y log to "digits.svg"`; without `to` the terminal.
package struct PlotStatement: Sendable {
  package var series: [ExprID]
  package var axes: [AxisClause]
  package var path: ExprID?
}

/// `save W, b to "w.npz"`: the parameters at the end of the last run; without names all of them.
package struct SaveStatement: Sendable {
  package var names: [Name]
  package var path: ExprID
}

/// A top-level declaration or command.
package struct Item: Sendable {
  package indirect enum Kind: Sendable {
    case rule(RuleDeclaration)
    case function(FunctionDeclaration)
    case objective(ObjectiveDeclaration)
    /// `data digits = csv("…", target = "digit", test = 0.2)`
    case data(Name, ExprID)
    case task(TaskDeclaration)
    /// `lr0 = 1e-3`: a named value of the script.
    case definition(Name, ExprID)
    case minimize(MinimizeStatement)
    case train(TrainStatement)
    case plot(PlotStatement)
    case save(SaveStatement)
    case search(SearchStatement)
    case assert(ExprID)
    /// An expression on a line of its own prints its value.
    case expression(ExprID)
    case error
  }
  package var kind: Kind
  package var span: Span
  package init(_ kind: Kind, _ span: Span) {
    self.kind = kind
    self.span = span
  }
}

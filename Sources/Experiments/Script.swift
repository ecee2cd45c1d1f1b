import Diagnostics
import Driver
import IR
import Laboratory
import Lowering
import Plotting
import Runtime
import Semantics
import Symbolic
import Syntax
import Training

/// Runs the commands of a checked script, one after the other.
///
/// Results go to `output` (a table, a value), progress to `progress`; both are given text, so the
/// command line, the REPL and tests share this.
package final class Script {
  package struct Options: Sendable {
    package var engine = EngineKind.interpreter
    package var elementType = ElementType.float32
    /// Width of plots drawn as text.
    package var width = 72
    package var usesUnicode = true
    package var usesColour = false
    /// The script's own folder, for its data and plots.
    package var folder: String?
    package init() {}
  }

  let compiler: Compiler
  package var options: Options
  /// Compiles passes for the engines `native` and `auto`.
  package var passCompiler: (any SegmentCompiler)?
  /// Draws a figure for the terminal; nil draws Braille dots.
  package var draw: ((Figure) throws(DiagnosticError) -> String)?
  private let output: (String) -> Void
  private let progress: (String) -> Void
  /// All experiments so far, the last one first to be plotted.
  package private(set) var experiments: [ExperimentHistory] = []
  /// Files written by `plot`.
  package private(set) var written: [String] = []
  /// Assertions that did not hold.
  package private(set) var findings: [Diagnostic] = []
  /// What a run does although it may not be meant.
  package private(set) var warnings: [Diagnostic] = []
  private var loaded: [String: DataSplit] = [:]

  package init(
    _ compiler: Compiler, options: Options, output: @escaping (String) -> Void,
    progress: @escaping (String) -> Void = { _ in }
  ) {
    self.compiler = compiler
    self.options = options
    self.output = output
    self.progress = progress
  }

  /// Losses that were not finite, over all experiments.
  package var failures: [Diagnostic] { experiments.flatMap(\.failures) }

  /// Runs every command of the script that was added last. After Ctrl-C no further training starts,
  /// and plots show what there is.
  package func run() throws(DiagnosticError) {
    for command in compiler.commands { try run(command) }
  }

  /// Takes over what another script has run, for plots of it.
  package func resume(_ experiments: [ExperimentHistory]) { self.experiments = experiments }

  /// Forgets the examples of a `data` name, which now means others.
  package func forget(data key: String) { loaded[key] = nil }

  /// Runs one command of a checked script.
  package func run(_ command: CheckedCommand) throws(DiagnosticError) {
    switch command.kind {
    case .train(let statement):
      if !Interrupt.isRequested { try train(statement, command) }
    case .minimize(let statement):
      if !Interrupt.isRequested { try minimize(statement, command) }
    case .plot(let statement): try plot(statement, command)
    case .assert(let condition): try assert(condition, command)
    case .expression(let expression): try show(expression, command)
    default: break
    }
  }

  // MARK: Training

  private func train(
    _ statement: TrainStatement, _ command: CheckedCommand
  ) throws(DiagnosticError) {
    let objective = try compiler.objective(statement.objective, in: command.tree)
    let data = try dataset(statement.data.key)
    var settings = TrainingSettings()
    let clauses = try Clauses(statement.clauses, command, self)
    settings.epochs = try clauses.count("for", unit: "epochs", limit: Clauses.mostEpochs)
    settings.steps = try clauses.count("for", unit: "steps")
    settings.batch = try clauses.count("batch")
    settings.seeds = try clauses.seeds()
    if settings.epochs == nil, settings.steps == nil {
      throw clauses.missing("for 20 epochs", at: command.span)
    }
    let rules = try rules(statement.rules, command)
    noteWindows(rules, settings.steps)
    let trainer = Trainer(
      objective: objective, data: data, engine: options.engine, elementType: options.elementType,
      compiler: passCompiler, progress: progress)
    let history = try trainer.train(
      rules, settings, title: text(statement.objective, command.tree))
    experiments.append(history)
    warnings += history.warnings
    output(ExperimentTable.text(history))
  }

  private func minimize(
    _ statement: MinimizeStatement, _ command: CheckedCommand
  ) throws(DiagnosticError) {
    let objective = try compiler.objective(statement.objective, in: command.tree)
    guard objective.inputs.isEmpty else {
      throw DiagnosticError(.needsData(objective.name, at: command.span))
    }
    var settings = TrainingSettings()
    let clauses = try Clauses(statement.clauses, command, self)
    settings.steps = try clauses.count("for", unit: "steps")
    settings.seeds = try clauses.seeds()
    settings.start = try clauses.start()
    if settings.steps == nil { throw clauses.missing("for 2000 steps", at: command.span) }
    let rules = try rules(statement.rules, command)
    noteWindows(rules, settings.steps)
    let trainer = Trainer(
      objective: objective, engine: options.engine, elementType: .float64,
      compiler: passCompiler, progress: progress)
    let history = try trainer.minimize(
      rules, settings, title: text(statement.objective, command.tree))
    experiments.append(history)
    warnings += history.warnings
    output(ExperimentTable.text(history))
  }

  func rules(_ ids: [ExprID], _ command: CheckedCommand) throws(DiagnosticError) -> [Rule] {
    try ids.map { id throws(DiagnosticError) in try compiler.rule(id, in: command.tree) }
  }

  /// Warns of windows that the run does not fill.
  private func noteWindows(_ rules: [Rule], _ steps: Int?) {
    guard let steps else { return }
    for rule in rules {
      let values = try? ReferenceProgram.evaluateScalars(rule.arguments, horizon: steps)
      let hypers = rule.module.hypers.indices.map { k in
        values?.first { $0.target == .hyper(k) }?.value ?? .nan
      }
      warnings += rule.module.windowsBeyond(steps, hypers: hypers)
    }
  }

  func dataset(_ key: String) throws(DiagnosticError) -> DataSplit {
    if let known = loaded[key] { return known }
    guard let data = compiler.program.data[key] else {
      throw DiagnosticError(.unknownData(key))
    }
    let split = try DataLoader(compiler: compiler, folder: options.folder).load(data)
    loaded[key] = split
    return split
  }

  func number(_ id: ExprID, _ tree: TreeID) throws(DiagnosticError) -> Double {
    try DataLoader(compiler: compiler, folder: nil).number(id, tree)
  }

  func text(_ id: ExprID, _ tree: TreeID) -> String {
    compiler.sources.text(compiler.program[tree].span(id))
  }

  func span(_ id: ExprID, _ tree: TreeID) -> Span { compiler.program[tree].span(id) }

  // MARK: Values

  /// The value of a closed expression: shape and numbers in row order.
  package func evaluate(
    _ id: ExprID, _ tree: TreeID
  ) throws(DiagnosticError) -> (Dense, isBoolean: Bool) {
    let function = try Lowering.expression(id, in: tree, of: compiler.program).function
      .specialised(BindContext(dims: [], hypers: [])).checkedForEvaluation()
    let result = try ReferenceProgram(function).evaluate(ReferenceEnvironment(step: 1))
    guard let output = function.outputs.first else {
      throw DiagnosticError(.noValueToShow(at: span(id, tree)))
    }
    return (result.outputs[0][0].value, function.type(output.value).kind == .boolean)
  }

  private func show(_ id: ExprID, _ command: CheckedCommand) throws(DiagnosticError) {
    let (value, isBoolean) = try evaluate(id, command.tree)
    output(ValueText.text(value, isBoolean: isBoolean) + "\n")
  }

  private func assert(_ id: ExprID, _ command: CheckedCommand) throws(DiagnosticError) {
    if case .binary(let op, let a, let b) = compiler.program[command.tree][id],
      op == .equal || op == .notEqual, isRule(a, command.tree)
    {
      return try assert(a, b, isEqual: op == .equal, span(id, command.tree), command)
    }
    let (value, isBoolean) = try evaluate(id, command.tree)
    guard isBoolean else {
      throw DiagnosticError(
        .assertsNoCondition(at: span(id, command.tree))
      )
    }
    if !value.values.allSatisfy({ $0 != 0 }) {
      findings.append(.assertionFails(at: span(id, command.tree)))
    }
  }

  /// `assert A == B` between rules holds when it is proved, `assert A != B` when they differ at a
  /// witness.
  private func assert(
    _ a: ExprID, _ b: ExprID, isEqual: Bool, _ place: Span, _ command: CheckedCommand
  ) throws(DiagnosticError) {
    let first = try compiler.rule(a, in: command.tree)
    let second = try compiler.rule(b, in: command.tree)
    let result = first.compared(with: second)
    let holds: Bool
    switch result.verdict {
    case .equal: holds = isEqual
    case .undecided: holds = false
    default: holds = !isEqual
    }
    if holds { return }
    let lines = ComparisonText.text(result).split(separator: "\n")
    findings.append(.assertionFails(lines, at: place))
  }

  private func isRule(_ id: ExprID, _ tree: TreeID) -> Bool {
    switch compiler.program[tree][id] {
    case .name(let name), .call(let name, _): compiler.program.rules[name.key] != nil
    default: false
    }
  }

  // MARK: Plots

  private func plot(_ statement: PlotStatement, _ command: CheckedCommand) throws(DiagnosticError) {
    guard let experiment = experiments.last else {
      if Interrupt.isRequested { return }
      throw DiagnosticError(.nothingToPlot(at: command.span))
    }
    let tree = compiler.program[command.tree]
    var names: [String] = []
    var wantsPath = false
    for id in statement.series {
      guard case .name(let name) = tree[id] else {
        throw DiagnosticError(.notASeries(at: tree.span(id)))
      }
      if name.key == "path" {
        wantsPath = true
      } else if experiment.series.contains(name.text) {
        names.append(name.text)
      } else {
        let known = experiment.series + (experiment.landscape == nil ? [] : ["path"])
        throw DiagnosticError(.unknownSeries(name, among: known))
      }
    }
    var panels = names.isEmpty ? [] : experiment.figure(names).panels
    if wantsPath {
      guard let path = experiment.pathFigure() else {
        throw DiagnosticError(.pathNotPlane(at: command.span))
      }
      panels += path.panels
    }
    try draw(Figure(title: experiment.title, panels: panels), statement, command)
  }

  private func draw(
    _ figure: Figure, _ statement: PlotStatement, _ command: CheckedCommand
  ) throws(DiagnosticError) {
    guard let target = statement.path else {
      if let draw {
        output(try draw(figure))
        return
      }
      output(
        figure.braille(
          width: options.width, height: 20, colour: options.usesColour,
          unicode: options.usesUnicode))
      return
    }
    guard case .string(let path) = compiler.program[command.tree][target] else {
      throw DiagnosticError(.plotFileNotText(at: span(target, command.tree)))
    }
    guard path.hasSuffix(".svg") else {
      throw DiagnosticError(.plotFileNotSVG(at: span(target, command.tree)))
    }
    try writeWhole(path: path, bytes: Array(figure.svg().utf8), at: command.span)
    written.append(path)
    progress("wrote \(path)\n")
  }
}

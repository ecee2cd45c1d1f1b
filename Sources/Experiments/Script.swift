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
    /// Whether a task may start a program.
    package var allowsCommands = false
    /// How many seconds such a program may take for an answer.
    package var commandSeconds = 600.0
    /// Threads of searches; their results are the same for any number.
    package var threads = Threads.preferred
    /// The script's own folder, for its data and plots.
    package var folder: String?
    /// Where plots with relative paths go; nil for where the program runs.
    package var plotFolder: String?
    /// What becomes of a run that is in the file of a `save`.
    package var resuming = RunSaving.Resuming.never
    /// The seeds of every run in place of those that the script says.
    package var seeds: [UInt64]?
    package static let mostSeeds = Clauses.mostSeeds
    package init() {}
  }

  let compiler: Compiler
  package var options: Options
  /// Compiles passes for the engines `native` and `auto`.
  package var passCompiler: (any SegmentCompiler)?
  /// Draws a figure for the terminal; nil draws Braille dots.
  package var draw: ((Figure) throws(DiagnosticError) -> String)?
  /// Asked between steps and commands.
  package var interrupt = InterruptSource.signals
  let output: (String) -> Void
  let progress: (String) -> Void
  /// All experiments so far, the last one first to be plotted.
  package private(set) var experiments: [ExperimentHistory] = []
  /// Files written by `plot`.
  package internal(set) var written: [String] = []
  /// Assertions that did not hold.
  package private(set) var findings: [Diagnostic] = []
  /// What a run does although it may not be meant.
  package private(set) var warnings: [Diagnostic] = []
  /// Where programs of searches are kept, so that one that was interrupted goes on; nil keeps none.
  package var memory: SearchMemory?
  /// What the last search found.
  package internal(set) var found: FoundRule?
  /// By name, and where that was declared: it may mean other data by now.
  private var loaded: [String: (declared: Span, isDouble: Bool, split: DataSplit)] = [:]
  /// Whether the last `train` or `minimize` was left out after Ctrl-C.
  private(set) var isSkipping = false
  /// What the clauses of each command say.
  private(set) var settled: [Span: TrainingSettings] = [:]
  /// Where the draws of the next expression are numbered from: no two statements have one.
  private(set) var nextSite: UInt32 = 0

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

  /// Runs every command of the script that was added last, if nothing is wrong with any of them that
  /// can be seen before. After Ctrl-C no further training starts, and plots show what there is. A plot
  /// that fails does not take those behind it along.
  package func run() throws(DiagnosticError) {
    var broken = problems()
    if broken.isEmpty { broken = unfinished() }
    if broken.isEmpty { broken = rehearsal(isRunNext: true) }
    if !broken.isEmpty { throw DiagnosticError(broken) }
    for command in compiler.commands {
      let known = experiments.count
      do throws(DiagnosticError) {
        try run(command)
      } catch {
        broken += error.diagnostics
        // Of what was recorded and could not be kept there are still plots.
        if experiments.count > known { continue }
        switch command.kind {
        case .plot, .save: break
        default: throw DiagnosticError(broken)
        }
      }
    }
    if !broken.isEmpty { throw DiagnosticError(broken) }
  }

  /// Takes over what another script has run, for plots of it, and goes on behind its draws.
  package func resume(_ other: Script) {
    (experiments, nextSite) = (other.experiments, other.nextSite)
  }

  /// Runs one command of a checked script.
  package func run(_ command: CheckedCommand) throws(DiagnosticError) {
    switch command.kind {
    case .train(let statement):
      isSkipping = interrupt.isRequested()
      if !isSkipping { try train(statement, command) }
    case .minimize(let statement):
      isSkipping = interrupt.isRequested()
      if !isSkipping { try minimize(statement, command) }
    case .plot(let statement): try plot(statement, command)
    case .save(let statement): try save(statement, command)
    case .search(let statement):
      if !interrupt.isRequested() { try run(statement, command) }
    case .assert(let condition): try assert(condition, command)
    case .expression(let expression): try show(expression, command)
    default: break
    }
  }

  // MARK: Training

  private func train(
    _ statement: TrainStatement, _ command: CheckedCommand
  ) throws(DiagnosticError) {
    let trainer = try trainer(statement, command)
    let rules = try rules(statement.rules, command)
    let settings = try begun(
      settings(statement.clauses, rules, command), trainer.objective, trainer.data)
    let history = try trainer.train(
      rules, settings, title: text(statement.objective, command.tree)
    ).withStability(of: rules)
    try conclude(history)
  }

  private func minimize(
    _ statement: MinimizeStatement, _ command: CheckedCommand
  ) throws(DiagnosticError) {
    let trainer = try trainer(statement, command)
    let rules = try rules(statement.rules, command)
    var settings = try begun(
      settings(statement.clauses, rules, command), trainer.objective, nil)
    if statement.isMaximised {
      settings.isMaximised = true
      settings.target = settings.target?.ofNegative
    }
    var history = try trainer.minimize(
      rules, settings, title: text(statement.objective, command.tree)
    ).withStability(of: rules)
    if statement.isMaximised { history = history.ofMaximum }
    try conclude(history)
  }

  /// What runs the rules of a statement. Throws what is wrong with its objective and its data.
  func trainer(
    _ statement: TrainStatement, _ command: CheckedCommand
  ) throws(DiagnosticError) -> Trainer {
    let objective = try compiler.objective(statement.objective, in: command.tree)
    let data = try dataset(statement.data.key, from: command.tree)
    try requireLabels(data, for: statement.objective, in: command.tree)
    return trainer(objective, data, statement.rules, command)
  }

  func trainer(
    _ statement: MinimizeStatement, _ command: CheckedCommand
  ) throws(DiagnosticError) -> Trainer {
    let objective = try compiler.objective(statement.objective, in: command.tree)
    guard objective.inputs.isEmpty else {
      throw DiagnosticError(.needsData(objective.name, at: command.span))
    }
    return trainer(
      statement.isMaximised ? try objective.negated() : objective, nil, statement.rules, command)
  }

  private func trainer(
    _ objective: ObjectiveModule, _ data: DataSplit?, _ rules: [ExprID], _ command: CheckedCommand
  ) -> Trainer {
    var trainer = Trainer(
      objective: objective, data: data, engine: options.engine,
      elementType: data == nil ? .float64 : options.elementType, compiler: passCompiler,
      interrupt: interrupt, progress: progress)
    trainer.observesLoop = true
    trainer.told = { [compiler] in
      compiler.told($1, at: compiler.program[command.tree].span(rules[$0]))
    }
    return trainer
  }

  private func conclude(_ history: ExperimentHistory) throws(DiagnosticError) {
    experiments.append(history)
    warnings += history.warnings
    output(ExperimentTable.text(history))
    if let unsaved = history.unsaved { throw DiagnosticError(unsaved) }
  }

  /// The settings of a run of these rules.
  private func settings(
    _ clauses: [Syntax.Clause], _ rules: [Rule], _ command: CheckedCommand
  ) throws(DiagnosticError) -> TrainingSettings {
    var settings = try settings(Clauses(clauses, command, self), command)
    noteWindows(rules, settings.steps)
    settings.saving?.resuming = options.resuming
    settings.saving?.sources = rules.map { SourcePrinter.rule($0.module) }
    return settings
  }

  /// What the clauses of `train` or `minimize` say.
  func settings(
    _ clauses: Clauses, _ command: CheckedCommand
  ) throws(DiagnosticError) -> TrainingSettings {
    if let known = settled[command.span] { return known }
    var settings = TrainingSettings()
    settings.steps = try clauses.count("for", unit: "steps")
    let seeds = try clauses.seeds()
    settings.seeds = options.seeds ?? seeds
    settings.start = try clauses.start()
    settings.batch = try clauses.count("batch")
    settings.workers = try clauses.count("workers", limit: 1_024) ?? 1
    settings.target = try target(clauses, command)
    settings.recordsSharpness = try clauses.recordsSharpness()
    settings.delay = try clauses.count("delay", limit: 10_000) ?? 0
    settings.saving = try clauses.saving()
    var example = "for 2000 steps"
    if case .train = command.kind {
      settings.epochs = try clauses.count("for", unit: "epochs", limit: Clauses.mostEpochs)
      example = "for 20 epochs"
    }
    if settings.epochs == nil, settings.steps == nil {
      throw clauses.missing(example, at: command.span)
    }
    settled[command.span] = settings
    return settings
  }

  func target(
    _ clauses: Clauses, _ command: CheckedCommand
  ) throws(DiagnosticError) -> TrainingSettings.Target? {
    guard let (parts, tree) = clauses.target() else { return nil }
    let known = try seriesNames(command)
    guard known.contains(parts.series.text) else {
      throw DiagnosticError(.unrecordedTarget(parts.series, among: known))
    }
    var direction = Direction(ofSeries: parts.series.text)
    if case .minimize(let statement) = command.kind, statement.isMaximised,
      parts.series.text == "loss"
    {
      direction = .up
    }
    if let direction, parts.isBelow != (direction == .down) {
      warn(.targetBehind(parts.series, isBelow: parts.isBelow))
    }
    let value = try number(parts.value, tree)
    guard value.isFinite else {
      throw DiagnosticError(.endlessTarget(parts.series, at: span(parts.value, tree)))
    }
    return TrainingSettings.Target(
      series: parts.series.text, isBelow: parts.isBelow, value: value)
  }

  /// What a `train` or `minimize` records; its data need not be read for it.
  func seriesNames(_ command: CheckedCommand) throws(DiagnosticError) -> [String] {
    switch command.kind {
    case .train(let statement):
      let data = compiler.program.data(statement.data.key, from: command.tree)
      let loader = DataLoader(compiler: compiler, folder: options.folder)
      return try compiler.objective(statement.objective, in: command.tree)
        .series(validates: data.map(loader.keepsValidation) ?? false)
    case .minimize(let statement):
      return try compiler.objective(statement.objective, in: command.tree).series
    case .task: return ["loss"]
    default: preconditionFailure("only these record")
    }
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
      // Several rules, and several runs, may have the windows of one text.
      for warning in rule.module.windowsBeyond(steps, hypers: hypers)
      where !warnings.contains(warning) {
        warn(warning)
      }
    }
  }

  func warn(_ warning: Diagnostic) { warnings.append(warning) }

  /// Warnings and findings since it was last asked for them.
  package func takeFindings() -> [Diagnostic] {
    defer { (warnings, findings) = ([], []) }
    return warnings + findings
  }

  /// The examples that a name of data means in the text of `tree`.
  func dataset(_ key: String, from tree: TreeID) throws(DiagnosticError) -> DataSplit {
    guard let data = compiler.program.data(key, from: tree) else {
      throw DiagnosticError(.unknownData(key))
    }
    let isDouble = options.elementType == .float64
    if let known = loaded[key], known.declared == data.span, known.isDouble == isDouble {
      return known.split
    }
    let split = try DataLoader(
      compiler: compiler, folder: options.folder, isDouble: isDouble
    ).load(data)
    loaded[key] = (data.span, isDouble, split)
    for remark in split.train.remarks { progress("\(data.name.text): \(remark)\n") }
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
    _ id: ExprID, _ tree: TreeID, isSetting: Bool = false
  ) throws(DiagnosticError) -> (Dense, isBoolean: Bool) {
    let lowered = try Lowering.expression(
      id, in: tree, of: compiler.program, firstSite: nextSite
    ).function
    let function = try lowered.specialised(BindContext(dims: [], hypers: []))
      .checkedForEvaluation()
    if isSetting { try function.requireSetting(at: span(id, tree)) }
    for draw in lowered.draws where draw.site < Draw.firstSiteOfValues {
      nextSite = max(nextSite, draw.site + 1)
    }
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
}

import Basics
import Diagnostics
import IR
import Runtime
import Semantics
import Syntax
import Training

/// Work that rules are tried on: what a `task` names, or a `train` or `minimize` without its rules.
package struct TrainingTask: Sendable {
  package var title: String
  package var objective: ObjectiveModule
  /// How the objective is written.
  var call = ObjectiveCall(name: "")
  /// Nil for an objective without data.
  package var data: DataSplit?
  package var settings: TrainingSettings
  package var span: Span

  /// Steps of a whole run.
  package var steps: Int { steps(batch: nil) }

  package func steps(batch: Int?) -> Int {
    var settings = settings
    settings.batch = batch ?? settings.batch
    return settings.steps(rows: data?.train.rows ?? 1)
  }

  /// `epochs` or `steps` as the script counts.
  package var length: String {
    func counted(_ n: Int, _ noun: String) -> String { "\(n) \(noun)\(n == 1 ? "" : "s")" }
    return settings.epochs.map { counted($0, "epoch") } ?? counted(settings.steps ?? 1, "step")
  }

  /// What runs many rules on the task. It measures on test rows; on validation rows, where there are any, if
  /// `isChoosing` or the target is one of theirs.
  ///
  /// Throws what binding the objective throws.
  package func evaluator(
    choosing isChoosing: Bool, batch: Int? = nil, elementType: ElementType = .float32,
    interrupt: InterruptSource
  ) throws(DiagnosticError) -> TaskEvaluator {
    let validates =
      isChoosing || settings.target.map { objective.isOnValidation($0.series) } ?? false
    let rows = data.map {
      DataSplit(train: $0.train, test: validates ? $0.validation ?? $0.test : $0.test)
    }
    var settings = settings
    settings.batch = batch ?? settings.batch
    settings.recordsSharpness = false
    let evaluator = try TaskEvaluator(
      objective, rows, settings, elementType: data == nil ? .float64 : elementType)
    evaluator.interrupt = interrupt
    return evaluator
  }

  package var digest: String {
    var lines = [objective.initial, objective.forward, objective.defaults].map { $0.dump() }
    let target = settings.target.map { "\($0.series) \($0.isBelow) \($0.value)" } ?? ""
    let length = settings.epochs.map { "\($0) epochs" } ?? "\(settings.steps ?? 1) steps"
    lines.append(
      "\(length) \(settings.batch ?? 0) \(settings.workers) \(settings.delay) \(target) "
        + "\(settings.start?.values ?? [])")
    lines += data?.digests ?? []
    return SHA256.hexadecimal(lines.joined(separator: "\n").utf8)
  }
}

extension Script {
  /// The first `train` or `minimize` of the script that was added last, and its rules; nil where it has
  /// none.
  ///
  /// Throws what is wrong with its objective, data and clauses.
  package func firstTask() throws(DiagnosticError) -> (task: TrainingTask, rules: [Rule])? {
    for command in compiler.commands {
      guard let (task, rules) = try task(command) else { continue }
      return (task, try self.rules(rules, command))
    }
    return nil
  }

  /// The name of the only task that the script declares which was added last; nil where it declares none.
  ///
  /// Throws R0233 where it declares several.
  package func onlyTask() throws(DiagnosticError) -> String? {
    let names = (compiler.script?.items ?? []).compactMap { item -> String? in
      if case .task(let task) = item.kind { task.name.text } else { nil }
    }
    if names.count > 1 { throw DiagnosticError(.severalTasks(names)) }
    return names.first
  }

  /// The task of a name, of the texts so far or the library.
  ///
  /// Throws R0210 where there is none, R0266 where another program does it, and what is wrong with its
  /// objective, data and clauses.
  package func task(named name: String) throws(DiagnosticError) -> TrainingTask {
    let checked = try compiler.task(name)
    if case .command(let statement) = checked.declaration.work {
      throw DiagnosticError(.taskOfCommand(checked.declaration.name.text, at: statement.place))
    }
    guard var (task, _) = try task(checked.command) else { preconditionFailure("a task has work") }
    task.title = checked.declaration.name.text
    return task
  }

  /// The work of a name, which another program may do.
  ///
  /// Throws as `task(named:)`, and R0260 where programs may not be started.
  package func work(named name: String) throws(DiagnosticError) -> any RuleTask {
    let checked = try compiler.task(name)
    guard case .command(let statement) = checked.declaration.work else {
      return try task(named: name)
    }
    let name = checked.declaration.name.text
    let words: [String]
    do throws(CommandWords.Problem) {
      words = try CommandWords.split(statement.text)
    } catch {
      preconditionFailure("the checker has split it")
    }
    guard options.allowsCommands else {
      throw DiagnosticError(.commandNotAllowed(name, words, at: statement.place))
    }
    let (steps, target) = try ends(of: statement, checked.command)
    return CommandTask(
      title: name, words: words, folder: options.folder, steps: steps, target: target,
      span: statement.place, seconds: options.commandSeconds)
  }

  /// The length and the target of a task that another program does.
  private func ends(
    of statement: CommandStatement, _ command: CheckedCommand
  ) throws(DiagnosticError) -> (steps: Int, target: TrainingSettings.Target?) {
    let clauses = try Clauses(statement.clauses, command, self)
    guard let steps = try clauses.count("for", unit: "steps", limit: CommandTask.mostSteps) else {
      throw clauses.missing("for 200 steps", at: command.span)
    }
    return (steps, try target(clauses, command))
  }

  /// Throws what is wrong with the clauses of a task, which nothing has asked for yet.
  func requireTask(named name: String) throws(DiagnosticError) {
    let checked = try compiler.task(name)
    switch checked.declaration.work {
    case .command(let statement): _ = try ends(of: statement, checked.command)
    case .train(let statement):
      _ = try settings(Clauses(statement.clauses, checked.command, self), checked.command)
    case .minimize(let statement):
      _ = try settings(Clauses(statement.clauses, checked.command, self), checked.command)
    }
  }

  private func task(
    _ command: CheckedCommand
  ) throws(DiagnosticError) -> (task: TrainingTask, rules: [ExprID])? {
    let what: ExprID
    var data: DataSplit?
    let rules: [ExprID]
    let settings: TrainingSettings
    switch command.kind {
    case .train(let statement):
      settings = try searched(statement.clauses, command)
      let split = try dataset(statement.data.key, from: command.tree)
      try requireLabels(split, for: statement.objective, in: command.tree)
      data = split
      (what, rules) = (statement.objective, statement.rules)
    case .minimize(let statement):
      if statement.isMaximised { throw DiagnosticError(.maximisingTask(at: command.span)) }
      settings = try searched(statement.clauses, command)
      (what, rules) = (statement.objective, statement.rules)
    default: return nil
    }
    let objective = try compiler.objective(what, in: command.tree)
    let task = TrainingTask(
      title: text(what, command.tree), objective: objective, call: call(what, command.tree),
      data: data, settings: try begun(settings, objective, data), span: command.span)
    return (task, rules)
  }

  private func call(_ expression: ExprID, _ tree: TreeID) -> ObjectiveCall {
    switch compiler.program[tree][expression] {
    case .name(let name): return ObjectiveCall(name: name.text)
    case .call(let name, let arguments):
      return ObjectiveCall(
        name: name.text,
        arguments: arguments.map { ($0.label, text($0.value, tree)) })
    default: preconditionFailure("the checker takes no other objective")
    }
  }

  /// The settings of a search, which has seeds of its own.
  private func searched(
    _ clauses: [Clause], _ command: CheckedCommand
  ) throws(DiagnosticError) -> TrainingSettings {
    let clauses = try Clauses(clauses, command, self)
    for clause in clauses.ofRuns { warn(.clauseOfRuns(clause.keyword)) }
    var settings = try settings(clauses, command)
    settings.saving = nil
    return settings
  }
}

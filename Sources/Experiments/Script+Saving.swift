import Diagnostics
import Driver
import IR
import Runtime
import Semantics
import Syntax
import Training

extension Script {
  /// What a script that is not to go on would overwrite: runs that are not over.
  ///
  /// R0775 where it is to go on and keeps no run.
  func unfinished() -> [Diagnostic] {
    let all = compiler.commands.compactMap { settled[$0.span]?.saving }
    if options.resuming == .always { return all.isEmpty ? [.nothingSaved] : [] }
    guard options.resuming == .never else { return [] }
    return all.flatMap { saving -> [Diagnostic] in
      do throws(DiagnosticError) {
        try saving.requireFree()
        return []
      } catch {
        return error.diagnostics
      }
    }
  }

  // MARK: Parameters

  /// Writes parameters of the last run.
  func save(_ statement: SaveStatement, _ command: CheckedCommand) throws(DiagnosticError) {
    let file = try file(statement, command)
    guard !isSkipping, let experiment = experiments.last else {
      if interrupt.isRequested() { return }
      throw DiagnosticError(.nothingToKeep(at: command.span))
    }
    let runs = experiment.rules.flatMap(\.runs)
    if runs.isEmpty, interrupt.isRequested() { return }
    guard runs.count == 1, experiment.rules.count == 1 else {
      throw DiagnosticError(.severalRuns(runs.count, at: command.span))
    }
    if let failure = runs[0].failure {
      throw DiagnosticError(.failedRun(failure.message, at: command.span))
    }
    let chosen = try parameters(statement, among: experiment.tensors.map(\.name))
    try file.write(
      chosen.map { ParameterFile.Entry(experiment.tensors[$0], runs[0].parameters[$0]) },
      isDouble: experiment.isDouble)
    progress("wrote \(file.path)\n")
  }

  /// The file that a statement writes.
  func file(
    _ statement: SaveStatement, _ command: CheckedCommand
  ) throws(DiagnosticError) -> ParameterFile {
    guard case .string(let path) = compiler.program[command.tree][statement.path] else {
      preconditionFailure("the parser takes nothing else")
    }
    return try ParameterFile(written(path), at: span(statement.path, command.tree))
  }

  /// Which parameters a statement names, by number. Throws R0252 for another name, and R0216 for one that stands twice.
  @discardableResult
  func parameters(
    _ statement: SaveStatement, among known: [String]
  ) throws(DiagnosticError) -> [Int] {
    if statement.names.isEmpty { return Array(known.indices) }
    var chosen: [Int] = []
    for name in statement.names {
      guard let k = known.firstIndex(where: { Name($0) == name }) else {
        throw DiagnosticError(.notAParameter(name, among: known))
      }
      if chosen.contains(k) { throw DiagnosticError(.givenTwice(name)) }
      chosen.append(k)
    }
    return chosen
  }

  /// The settings with the numbers of the file that the runs start from.
  func begun(
    _ settings: TrainingSettings, _ objective: ObjectiveModule, _ data: DataSplit?
  ) throws(DiagnosticError) -> TrainingSettings {
    guard let file = settings.start?.file else { return settings }
    var settings = settings
    let tensors = try objective.tensors(
      batch: data.map { settings.batch(rows: $0.train.rows) }, features: data?.train.columns)
    settings.start?.values = try file.values(
      for: tensors, isDouble: data == nil || options.elementType == .float64)
    return settings
  }

  // MARK: Places

  /// Where a file goes that a statement writes.
  func written(_ path: String) -> String {
    guard let folder = options.plotFolder, !folder.isEmpty, !path.hasPrefix("/") else {
      return path
    }
    return folder + "/" + path
  }

  /// Where a file is that a statement reads: where this script writes it, or where files of data are looked for.
  func existing(_ path: String) -> String {
    let own = compiler.commands.contains { command in
      guard case .save(let statement) = command.kind,
        case .string(let text) = compiler.program[command.tree][statement.path]
      else { return false }
      return text == path
    }
    return own
      ? written(path) : DataLoader(compiler: compiler, folder: options.folder).resolved(path)
  }
}

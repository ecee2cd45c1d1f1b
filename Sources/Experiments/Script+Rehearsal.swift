import Diagnostics
import Semantics
import Syntax
import Training

extension Script {
  /// What is wrong with the experiments of the script that was added last and shows where their data are read and
  /// their rules are bound: lengths that do not fit, workers that a rule does not take, labels that are none. Nothing
  /// runs. `isRunNext`: the first of them is to run at once, and tells its own errors.
  package func rehearsal(isRunNext: Bool = false) -> [Diagnostic] {
    var found: [Diagnostic] = []
    let experiments = compiler.commands.filter(\.isExperiment)
    for command in experiments.dropFirst(isRunNext ? 1 : 0) where !interrupt.isRequested() {
      do throws(DiagnosticError) {
        try rehearse(command)
      } catch {
        // What several of them share, as data, is one mistake.
        found += error.diagnostics.filter { !found.contains($0) }
      }
    }
    return found
  }

  /// Binds what a command runs, without running it, and throws what is wrong with it.
  package func rehearse(_ command: CheckedCommand) throws(DiagnosticError) {
    let parts: (Trainer, [ExprID], [Clause])
    switch command.kind {
    case .train(let statement):
      parts = (try trainer(statement, command), statement.rules, statement.clauses)
    case .minimize(let statement):
      parts = (try trainer(statement, command), statement.rules, statement.clauses)
    default: return
    }
    var settings = try settings(Clauses(parts.2, command, self), command)
    // An earlier statement may have yet to write the file; what is there was looked at before.
    if settings.start?.file != nil { settings.start = nil }
    try parts.0.rehearse(try rules(parts.1, command), settings)
  }
}

extension CheckedCommand {
  /// Whether it runs rules.
  package var isExperiment: Bool {
    switch kind {
    case .train, .minimize: true
    default: false
    }
  }
}

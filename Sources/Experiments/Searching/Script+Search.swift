import Diagnostics
import Search
import Semantics
import Syntax

extension SearchPlan {
  /// What may stand behind `using`.
  package static var functionNames: [String] { FunctionSet.names }
}

extension Script {
  /// Runs a search and shows what it found. Where the script has a memory for searches, one that was interrupted goes on
  /// from what was kept.
  func run(_ statement: SearchStatement, _ command: CheckedCommand) throws(DiagnosticError) {
    found = nil
    var plan = try plan(of: statement, command)
    plan.settings.threads = options.threads
    let search = try search(plan)
    search.progress = { [progress] in progress(SearchText.progress($0)) }
    let result = try search.run(
      try memory.map { memory throws(DiagnosticError) in
        try memory.journal(of: search)
      })
    found = FoundRule(result, by: compiler.sources.text(command.span))
    guard result.wasInterrupted else { return output(SearchText.text(result)) }
    let programs = result.restarts.reduce(0) { $0 + $1.programs }
    output(
      "\(programs) programs ran"
        + (found == nil ? "" : "; \(plan.name) is the best so far, by the search's own tasks alone")
        + (memory == nil ? "" : "\nthe same statement goes on from here") + "\n")
  }
}

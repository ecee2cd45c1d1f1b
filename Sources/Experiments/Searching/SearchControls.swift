import Basics
import Diagnostics
import IR
import Search

/// The same search by other means with as many evaluations: whether evolution, and what it may use, is what finds.
package struct SearchControls {
  package struct Row: Sendable {
    package var name: String
    package var result: SearchResult
  }

  /// The search itself first.
  package private(set) var rows: [Row] = []

  package init() {}

  /// Runs a plan and its controls. Throws what running them throws.
  package mutating func run(
    _ plan: SearchPlan, _ script: Script, progress: @escaping (String) -> Void
  ) throws(DiagnosticError) {
    var plans: [(String, SearchPlan)] = [("the search", plan)]
    for (name, method) in [
      ("random programs", SearchSettings.Method.random), ("mutants of the start", .mutants),
      ("numbers alone", .numbers),
    ] {
      var other = plan
      other.settings.method = method
      plans.append((name, other))
    }
    if plan.settings.functions.operations.contains(.sign) {
      var other = plan
      other.settings.functions = plan.settings.functions.without(.sign)
      plans.append(("without sign", other))
    }
    for (name, asked) in plans {
      var plan = asked
      if let first = rows.first {
        // In each restart as many as the search itself made, however many programs that is.
        for restart in first.result.restarts {
          plan.settings.evaluations[restart.restart] = restart.counts.evaluations
        }
        plan.settings.programs = SearchSettings.mostPrograms
        plan.settings.minutes = nil
      }
      let search = try script.search(plan)
      search.progress = { progress("\(name): " + SearchText.progress($0)) }
      let result = try search.run(nil)
      rows.append(Row(name: name, result: result))
      if result.wasInterrupted { return }
    }
  }

  package var text: String {
    var table = TextTable(header: [
      "", "restarts", "programs", "evaluations", "search", "validation", "sign momentum",
    ])
    for row in rows {
      let choices = row.result.restarts.compactMap(\.choice)
      let signs = choices.count {
        SignBehaviour($0.record.program)?.isSignMomentum ?? false
      }
      func median(_ values: [Double]) -> String {
        values.isEmpty ? "none" : NumberText.short(values.sorted()[values.count / 2])
      }
      table.append([
        row.name, "\(row.result.restarts.count)",
        "\(row.result.restarts.reduce(0) { $0 + $1.programs })",
        "\(row.result.restarts.reduce(0) { $0 + $1.counts.evaluations })",
        median(choices.map(\.record.score)), median(choices.map(\.score)),
        "\(signs) of \(choices.count)",
      ])
    }
    let gaveUp = rows.filter { $0.result.restarts.contains(where: \.isExhausted) }.map(\.name)
    return table.render() + "Scores are medians over the restarts.\n"
      + (gaveUp.isEmpty
        ? "" : "Found nothing new at last and ended early: \(gaveUp.joined(separator: ", ")).\n")
  }
}

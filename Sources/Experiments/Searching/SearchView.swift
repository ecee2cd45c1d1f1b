import Basics
import IR
import Lowering
import Search

/// What a search looks like while it runs: some lines, which the next ones take the place of.
package final class SearchView {
  private let name: String
  private let frame: RateFrame
  private let restarts: [Int]
  private let tasks: Int
  private let hasValidation: Bool
  private var pace = SearchPace()
  private let begun = ContinuousClock.now
  /// The equations of a program, by its number and restart.
  private var shown: (restart: Int, number: Int, lines: [String])?

  package convenience init(_ search: Search) {
    self.init(
      search.name, search.frame, restarts: search.restarts,
      hasValidation: !search.validation.isEmpty, tasks: search.tasks.count)
  }

  package init(
    _ name: String, _ frame: RateFrame, restarts: [Int], hasValidation: Bool, tasks: Int
  ) {
    self.name = name
    self.frame = frame
    self.restarts = restarts
    self.hasValidation = hasValidation
    self.tasks = tasks
  }

  package func lines(_ progress: SearchProgress) -> [String] {
    lines(progress, at: (ContinuousClock.now - begun) / .seconds(1))
  }

  /// `seconds`: since the search began.
  package func lines(_ progress: SearchProgress, at seconds: Double) -> [String] {
    guard case .running(let outcome, let champion, let settings) = progress else {
      return [SearchText.progress(progress)]
    }
    pace.add(outcome, at: seconds)
    var lines = [heading(outcome, settings, seconds), "  " + mutants(outcome.counts), ""]
    lines += monitor(outcome, champion)
    if !outcome.front.points.isEmpty { lines += [""] + front(outcome.front) }
    if let champion, champion.rung > 0 {
      lines += ["", "  best so far"] + equations(champion, outcome.restart).map { "    " + $0 }
    }
    return lines
  }

  private func heading(
    _ outcome: RestartOutcome, _ settings: SearchSettings, _ seconds: Double
  ) -> String {
    var text = "\(name)  restart \(outcome.restart + 1) of \(settings.restarts)  "
    text +=
      settings.minutes == nil
      ? "\(outcome.programs) of \(settings.programs) programs" : "\(outcome.programs) programs"
    if let rate = pace.evaluations {
      text += "  \(NumberText.fixed(rate, decimals: 0)) evaluations a second"
    }
    let later = restarts.count { $0 > outcome.restart }
    if let left = pace.left(outcome, settings, later: later, at: seconds) {
      text += "  \(ArenaClock.text(left)) left"
    }
    return text
  }

  private func mutants(_ counts: SearchCounts) -> String {
    let nets = SearchCounts.Net.allCases.map { net in
      "\(net.short) \(SearchText.share(counts.nets[net.rawValue], of: counts.mutants))"
    }
    return
      "\(counts.mutants) mutants, invalid \(SearchText.share(counts.invalid, of: counts.mutants)), known: "
      + nets.joined(separator: ", ")
  }

  /// The search's own score beside that of validation: where the one falls and the other does not, it fits its tasks.
  private func monitor(_ outcome: RestartOutcome, _ champion: ProgramRecord?) -> [String] {
    guard let champion, champion.rung > 0 else { return ["  no program came to all tasks yet"] }
    let count = tasks == 1 ? "the task" : "\(tasks) tasks"
    var lines = [
      "  score on \(count) of the search \(NumberText.short(champion.score)), by program \(champion.number)"
    ]
    let judged = outcome.validated.filter(\.score.isFinite)
    guard let last = judged.last else { return lines }
    let best = judged.min { $0.score < $1.score } ?? last
    let what = hasValidation ? "validation" : "other seeds"
    lines.append(
      "  \(what) \(judged.suffix(5).map { NumberText.short($0.score) }.joined(separator: ", "))"
        + (best.number == last.number
          ? ", best at the latest" : ", best at program \(best.number): it may fit its tasks"))
    return lines
  }

  /// The most rows of the front.
  private static let rows = 6

  private func front(_ front: ParetoFront) -> [String] {
    var table = TextTable(header: ["front: score", "bytes", "flops", "program"])
    for point in front.points.prefix(Self.rows) {
      // In single precision.
      table.append([
        NumberText.short(point.score), "\(4 * point.states)", "\(point.flops)", "\(point.number)",
      ])
    }
    var lines = table.render().split(separator: "\n").map { "  " + $0 }
    let more = front.points.count - Self.rows
    if more > 0 { lines.append("  and \(more) more") }
    return lines
  }

  private func equations(_ record: ProgramRecord, _ restart: Int) -> [String] {
    if let shown, shown.restart == restart, shown.number == record.number { return shown.lines }
    let lines = EquationText.lines(record, frame)
    shown = (restart, record.number, lines)
    return lines
  }
}

extension SearchCounts.Net {
  fileprivate var short: String {
    switch self {
    case .digest: "the same"
    case .rewrites: "rewritten"
    case .algebra: "by algebra"
    case .behaviour: "on probes"
    }
  }
}

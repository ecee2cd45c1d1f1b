import Basics
import IR
import Lowering
import Search

/// What a search found, as a rule that a session can declare.
package struct FoundRule: Sendable {
  package let name: String
  package let source: String

  /// The rule that did best on validation, or so far on the search's own tasks where it was interrupted; nil where there is
  /// none. `statement` is what found it.
  init?(_ result: SearchResult, by statement: String) {
    guard let rule = result.winner.flatMap(result.rule) ?? Self.best(result) else { return nil }
    name = result.name
    let words = statement.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    source =
      "## Found by `\(words)`\(result.wasInterrupted ? ", interrupted" : "").\n"
      + SearchText.source(rule, name: name, schedule: result.schedule)
  }

  /// The rule that did best on the search's own tasks.
  private static func best(_ result: SearchResult) -> Rule? {
    let best = result.restarts.compactMap(\.best.first).min { $0.score < $1.score }
    return best.flatMap {
      $0.program.rewritten().rule(result.name, result.frame)?.with(0, at: $0.best)
    }
  }
}

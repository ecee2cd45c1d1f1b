import Platform
import Search

/// The chosen program against one rule on one task, seed by seed.
package struct ClaimComparison: Hashable, Sendable {
  package enum Verdict: String, Hashable, Sendable {
    case better, worse
    /// No difference was shown: that is not to say that there is none.
    case notTold = "not told apart"
  }

  package let task: Int
  package let rule: Int
  /// By seed log(loss / loss of the other), from −log 1000 to log 1000, which is also what a run that broke loses.
  package let differences: [Double]
  /// Of their mean.
  package let interval: BootstrapInterval
  /// Seeds on which the program's loss is less, and larger.
  package let wins: Int
  package let losses: Int
  /// How likely so much is where there is no difference: by Student's t of the pairs, or by signs where a run broke or
  /// all stand at the limit. Nil where all seeds give the same, so that nothing is left to chance.
  package let probability: Double?
  /// Whether seeds are counted, whatever they are won by.
  package let isBySigns: Bool
  /// By Holm's correction over all comparisons of the report.
  package internal(set) var adjusted: Double?

  package static let level = 0.05

  init(_ program: ClaimCell, _ other: ClaimCell, task: Int, rule: Int) {
    self.task = task
    self.rule = rule
    differences = Self.differences(program, other)
    wins = differences.count { $0 < 0 }
    losses = differences.count { $0 > 0 }
    interval = BootstrapInterval(differences, seed: UInt64(task) << 16 | UInt64(rule))
    // Where all seeds stand at the limit nothing is known of their spread.
    let isAtLimit =
      !differences.isEmpty && differences.allSatisfy { abs($0) == Self.most }
    isBySigns = program.broken + other.broken > 0 || isAtLimit
    if differences.isEmpty {
      probability = 1
    } else if isBySigns {
      probability = SignTest.probability(wins: wins, losses: losses)
    } else if wins == 0, losses == 0 {
      probability = 1
    } else {
      probability = StudentT.paired(differences)
    }
  }

  package var ties: Int { differences.count - wins - losses }

  package var verdict: Verdict {
    guard let adjusted else {
      // Nothing is left to chance.
      return probability == nil ? (wins > 0 ? .better : .worse) : .notTold
    }
    guard adjusted < Self.level else { return .notTold }
    return (isBySigns ? losses < wins : interval.mean < 0) ? .better : .worse
  }

  private static let most = log(1_000.0)

  /// By seed log(loss of one / loss of the other). A run that broke loses by all that can be lost; two that broke are
  /// alike.
  static func differences(_ one: ClaimCell, _ other: ClaimCell) -> [Double] {
    zip(one.losses, other.losses).map { loss, other in
      if !loss.isFinite { return other.isFinite ? most : 0 }
      if !other.isFinite { return -most }
      return max(-most, min(SearchTask.score(loss, against: other), most))
    }
  }
}

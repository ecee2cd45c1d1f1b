import Certificates
import IR

/// A rule with less in it, and on which ground each step to it stands.
package struct Simplification: Sendable {
  /// Why a step may be made.
  package enum Ground: Sendable {
    /// For all numbers, but where a condition is named.
    case exact(EqualityProof)
    /// Not worse within the margin on each task, on seeds that the choice of the step did not see. `probability` is the
    /// largest of the tasks, after Holm's correction over all steps that are measured.
    case measured([(task: String, test: MarginTest)], probability: Double)
  }

  package struct Step: Sendable {
    package var what: String
    package var ground: Ground
    package var rule: Rule

    package var certificate: Certificate? {
      if case .exact(.proved(_, let certificate)) = ground { certificate } else { nil }
    }
  }

  /// A part that was tried to be left out, and what that costs on the task where it costs most.
  package struct Needed: Sendable {
    package var what: String
    package var task: String
    package var test: MarginTest
  }

  package let start: Rule
  package let margin: Double
  package let tasks: [String]
  package var steps: [Step] = []
  /// What the last round found to be needed.
  package var needed: [Needed] = []
  /// Steps that seemed to cost nothing, and did on fresh seeds: the first of them and those behind it are not made.
  package var unconfirmed: [String] = []
  /// Changes that were measured.
  package var looks = 0
  /// The best rate of the result on the first task.
  package var rate: Double?
  /// Why the rule was not taken as a program; nil where it was.
  package var obstacle: String?
  package var wasInterrupted = false

  init(_ start: Rule, margin: Double, tasks: [String]) {
    self.start = start
    self.margin = margin
    self.tasks = tasks
  }

  /// What is left is called, with the rate free that it is trained at.
  var naming: RuleNaming { RuleNaming(steps.last?.rule ?? start) }

  /// At the rate that did best, where rates were tried.
  package var rule: Rule {
    let last = steps.last?.rule ?? start
    guard let rate, let k = last.rateIndex else { return last }
    // Of a schedule it is the peak.
    return (try? last.setting(k, to: rate)) ?? last.with(k, at: rate)
  }
}

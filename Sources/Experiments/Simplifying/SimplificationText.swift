import Basics
import IR
import Laboratory
import Lowering

/// A simplification in words: its steps, what is left, what that is called and what it needs.
package enum SimplificationText {
  /// `certificates` are the files of the steps that have one, by step.
  package static func text(_ result: Simplification, certificates: [Int: String]) -> String {
    var text = ""
    if let obstacle = result.obstacle {
      text += "taken as it is written: \(obstacle)\n"
    }
    for (k, step) in result.steps.enumerated() {
      let file = certificates[k].map { " (\($0))" } ?? ""
      text += "\(k + 1). \(step.what)\n   \(ground(step.ground, result.margin))\(file)\n"
    }
    if result.steps.isEmpty { text += "nothing can be taken out\n" }
    if !result.unconfirmed.isEmpty {
      text += "not made, since the first of them does not hold on fresh seeds:\n"
      for what in result.unconfirmed { text += "   \(what)\n" }
    }
    if !result.wasInterrupted, result.looks > 0 {
      text +=
        "\(result.looks) changes were measured, and what was chosen of them again on seeds that the choice had not seen\n"
    }
    return text + "\n" + SourcePrinter.rule(result.rule.module) + needed(result) + named(result)
  }

  package static func ground(_ ground: Simplification.Ground, _ margin: Double) -> String {
    switch ground {
    case .exact(.proved(let conditions, let certificate)):
      (conditions.isEmpty ? "exact" : "exact where \(conditions.joined(separator: ", "))")
        + (certificate.map {
          $0.isWhereAIsDefined ? ", certified where it was a number before" : ", certified"
        } ?? ", by the algebra")
    case .exact(.noDifference(let probes)): "no difference found on \(probes) probes"
    case .measured(let tests, let probability):
      "not worse by more than \(NumberText.short(margin)) on "
        + tests.map { "\($0.task) (\($0.test.text))" }.joined(separator: ", ")
        + ": measured on \(tests.first?.test.pairs ?? 0) fresh seeds, p \(chance(probability)) by Holm"
    }
  }

  private static func chance(_ p: Double) -> String {
    p < 1e-4 ? "< 0.0001" : "= \(NumberText.significant(p, digits: 2))"
  }

  /// What costs most first.
  private static func needed(_ result: Simplification) -> String {
    let known = result.needed.sorted { x, y in
      (x.test.interval.mean.isFinite ? x.test.interval.mean : .infinity)
        > (y.test.interval.mean.isFinite ? y.test.interval.mean : .infinity)
    }
    if known.isEmpty || !result.unconfirmed.isEmpty { return "" }
    var text = "\nneeded: what leaving it out costs\n"
    for part in known.prefix(12) {
      text += "  \(part.what): \(part.test.text) on \(part.task)\n"
    }
    if known.count > 12 { text += "  and \(known.count - 12) more\n" }
    return text
  }

  private static func named(_ result: Simplification) -> String {
    let naming = result.naming
    var text = "\nin the zoo\n" + naming.likenesses.map { "  \($0)\n" }.joined()
    if !naming.couplings.isEmpty {
      text += "\nwhat acts only together\n"
      for (subject, words) in naming.couplings { text += "  \(subject): \(words)\n" }
    }
    return text
  }
}

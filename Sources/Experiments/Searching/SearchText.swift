import Basics
import Diagnostics
import IR
import Lowering
import Search

/// What a search came to, in words.
package enum SearchText {
  /// A line of progress.
  package static func progress(_ progress: SearchProgress) -> String {
    switch progress {
    case .preparing(let task, let k, let count):
      return "tuning the baseline on \(task): \(k) of \(count)"
    case .running(let outcome, let champion, let settings):
      let score = champion.map { " best \(NumberText.short($0.score))" } ?? ""
      return
        "restart \(outcome.restart + 1) of \(settings.restarts): \(outcome.programs) of "
        + "\(settings.programs) programs,\(score), \(share(outcome.counts.duplicates, of: outcome.counts.mutants)) "
        + "seen before, \(share(outcome.counts.invalid, of: outcome.counts.mutants)) invalid"
    }
  }

  static func share(_ part: Int, of whole: Int) -> String {
    whole == 0 ? "0 %" : "\(100 * part / whole) %"
  }

  package static func text(_ result: SearchResult) -> String {
    var text = ""
    var table = TextTable(header: [
      "restart", "programs", "search", result.validation.isEmpty ? "again" : "validation", "flops",
      "states",
    ])
    for outcome in result.restarts {
      let choice = outcome.choice
      table.append([
        "\(outcome.restart + 1)", "\(outcome.programs)",
        choice.map { NumberText.short($0.record.score) } ?? "none",
        choice.map { NumberText.short($0.score) } ?? "none",
        choice.map { "\($0.record.program.rewritten().flops)" } ?? "",
        choice.map { "\($0.record.program.rewritten().statesPerElement)" } ?? "",
      ])
    }
    text += table.render()
    text +=
      "\nScores are mean logarithms of the loss over the tuned baseline's: below 0 is better.\n"
    let counts = result.restarts.map(\.counts).reduce(SearchCounts(), +)
    text += "\n" + counted(counts, programs: result.restarts.reduce(0) { $0 + $1.programs })
    for outcome in result.restarts {
      if outcome.isExhausted {
        text +=
          "Restart \(outcome.restart + 1) gave up after \(outcome.programs) programs: nothing new came of \(Evolution.mostIdle + 1) batches in a row.\n"
      }
      if let problem = outcome.problem {
        text +=
          "In restart \(outcome.restart + 1) program \(problem.number) was the first to fail: \(problem.text)\n"
      }
    }
    if let winner = result.winner, let rule = result.rule(winner) {
      text += "\n" + source(rule, name: result.name, schedule: result.schedule)
      if let said = behaviour(result.restarts[winner].choice!.record.program) {
        text += "\n" + said + "\n"
      }
    } else {
      text +=
        result.wasInterrupted
        ? "\nNone was chosen yet: validation comes at the end of a restart.\n"
        : "\nNo program came to the end of all tasks.\n"
    }
    return text
  }

  /// A rule that was found as a declaration. `schedule`: the start whose schedule its rate has the peak of.
  static func source(_ rule: Rule, name: String? = nil, schedule: String?) -> String {
    let note = schedule.map {
      "## Its lr is the peak of the schedule that the search began with: \($0).\n"
    }
    return (note ?? "") + SourcePrinter.rule(rule.module, name: name ?? rule.module.name)
  }

  /// What is known of a program by what it does; nil for nothing.
  static func behaviour(_ program: Genome) -> String? {
    guard let found = SignBehaviour(program), found.isSignMomentum else { return nil }
    return
      "By its behaviour a momentum of signs: it agrees with sign(ema(g, \(NumberText.short(found.decay)))) "
      + "in \(NumberText.short(100 * found.agreement)) % of its steps, whatever the gradients' size."
  }

  /// What became of the mutants.
  package static func counted(_ counts: SearchCounts, programs: Int) -> String {
    var lines = [
      "\(programs) programs ran, the start among them. Of \(counts.mutants) mutants \(counts.duplicates) were known and \(counts.invalid) rejected."
    ]
    let nets = SearchCounts.Net.allCases.map { "\($0.text) \(counts.nets[$0.rawValue])" }
    lines.append("Known: " + nets.joined(separator: ", ") + ".")
    let flaws = Genome.Flaw.allCases.map { "\(flaw($0)) \(counts.flaws[Int($0.rawValue)])" }
    lines.append(
      "Rejected: "
        + (flaws + ["not finite \(counts.notFinite)", "no descent \(counts.noDescent)"])
        .joined(separator: ", ") + ".")
    lines.append(
      "\(counts.evaluations) evaluations"
        + (counts.failures == 0 ? "." : ", of which \(counts.failures) failed."))
    return lines.joined(separator: "\n") + "\n"
  }

  private static func flaw(_ flaw: Genome.Flaw) -> String {
    switch flaw {
    case .noGradient: "no gradient"
    case .shape: "one number in place of a tensor"
    case .neverFinite: "never finite"
    case .forgets: "weights forgotten"
    case .noRate: "no rate"
    }
  }
}

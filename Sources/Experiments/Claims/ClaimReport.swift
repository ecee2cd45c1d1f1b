import Basics
import Platform
import Search

/// What a search's program is worth against baselines that were tuned with as many trials: measured cell by cell, and
/// all that follows.
package struct ClaimReport: Hashable, Sendable {
  /// Which program, and how it is measured.
  package struct Terms: Hashable, Sendable {
    /// From 0.
    package var restart: Int
    package var number: Int
    package var rate: Double
    /// Settings tried for each rule on each task.
    package var trials: Int
    /// Seeds that all rules are measured on.
    package var pairs: Int
  }

  package struct Task: Hashable, Sendable {
    package var name: String
    /// As written, and its number; empty and 0 where it has none.
    package var target: String
    package var limit: Double
    package var isBelow: Bool
  }

  /// One thing left out of the program, measured like a rule of its own.
  package struct Part: Hashable, Sendable {
    /// What is left out, by number: it may be replaced in several ways.
    package var statement: Int
    /// What stands in the place of what: `sign(m')`, `m'`.
    package var what: String
    package var by: String
    package var cells: [ClaimCell]
  }

  package var subject: SearchJournal.Subject
  package var terms: Terms
  /// When it began: seconds since 1970.
  package var time: Int
  /// The program first, the baselines, and the start of the search last where it is none of them.
  package var rules: [String]
  package var tasks: [Task]
  /// By rule, then by task.
  package var cells: [[ClaimCell]]
  package var parts: [Part] = []

  package init(
    _ subject: SearchJournal.Subject, _ terms: Terms, time: Int, rules: [String], tasks: [Task],
    cells: [[ClaimCell]]
  ) {
    self.subject = subject
    self.terms = terms
    self.time = time
    self.rules = rules
    self.tasks = tasks
    self.cells = cells
  }

  /// Task by task, and rule by rule in each.
  package var comparisons: [ClaimComparison] {
    var found = tasks.indices.flatMap { task in
      rules.indices.dropFirst().map { rule in
        ClaimComparison(cells[0][task], cells[rule][task], task: task, rule: rule)
      }
    }
    // What nothing is left to chance in is no test.
    let tested = found.indices.filter { found[$0].probability != nil }
    for (k, p) in zip(tested, Holm.adjusted(tested.map { found[$0].probability! })) {
      found[k].adjusted = p
    }
    return found
  }

  /// By rule and task: means of losses as ratios to the first rule there that never broke.
  package var profile: PerformanceProfile {
    let costs = rules.indices.map { rule in
      tasks.indices.map { task -> Double in
        guard let base = rules.indices.first(where: { isWhole($0, task) }), isWhole(rule, task)
        else { return .infinity }
        let differences = ClaimComparison.differences(cells[rule][task], cells[base][task])
        return exp(differences.reduce(0, +) / Double(differences.count))
      }
    }
    return PerformanceProfile(costs: costs)
  }

  private func isWhole(_ rule: Int, _ task: Int) -> Bool {
    cells[rule][task].broken == 0 && !cells[rule][task].losses.isEmpty
  }

  /// The evidence rule of speed runs, of one rule on a task with a target.
  package func evidence(_ rule: Int, _ task: Int) -> TargetEvidence? {
    tasks[task].target.isEmpty
      ? nil
      : TargetEvidence(
        cells[rule][task].lasts, target: tasks[task].limit, isBelow: tasks[task].isBelow)
  }

  /// For each statement the replacement that does least harm, and of these what does least first.
  package var ablation: [(part: Part, harm: BootstrapInterval)] {
    var best: [Int: (part: Part, harm: BootstrapInterval)] = [:]
    for (k, part) in parts.enumerated() {
      let harm = harm(k)
      if let known = best[part.statement], known.harm.mean <= harm.mean { continue }
      best[part.statement] = (part, harm)
    }
    return best.values.sorted {
      $0.harm.mean != $1.harm.mean
        ? $0.harm.mean < $1.harm.mean : $0.part.statement < $1.part.statement
    }
  }

  /// What the loss becomes without a part: the mean over all tasks and seeds of log(loss without / loss).
  package func harm(_ part: Int) -> BootstrapInterval {
    let differences = tasks.indices.flatMap {
      ClaimComparison.differences(parts[part].cells[$0], cells[0][$0])
    }
    return BootstrapInterval(differences, seed: UInt64(part) << 32)
  }
}

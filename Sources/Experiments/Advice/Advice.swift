import Basics
import Diagnostics
import Driver
import IR
import Laboratory
import Platform
import Runtime
import Training

/// Which rules do well on a task: what the problem is like, what was tried, and what can be said of it.
package struct Advice: Sendable {
  package struct Row: Sendable {
    package var candidate: Candidate
    /// What the search found, and what the seeds of the measurement came to.
    package var found: Tuner.Row
    /// Bytes of state for each parameter of this task.
    package var stateBytes: Double?
    /// Seconds of a step, gradient and all.
    package var seconds: Double?
    /// How likely it is by chance to be so far behind the first row, corrected for all comparisons with it; nil
    /// for the first, and where there is no spread to judge by.
    package var chance: Double?
    package var verdict: Verdict
    /// Whether it is the first, or what it comes to is shown to be within `Advice.margin` of that.
    package var isAsGood: Bool
    /// How the rule did in the arena on tasks like this one; nil where it was not there.
    package var arena: (score: MeanInterval, solved: Int)?
  }

  package enum Verdict: String, Sendable {
    case first = "the best mean"
    /// Not told apart from the first.
    case tied = "not told apart"
    case worse = "worse"
    /// On fewer seeds than the first.
    case rarer = "reaches it less often"
    /// Seeds differ, and it is behind on each by the same number, of which there is no test.
    case behind = "behind by the same on each seed"
    /// All seeds start alike: one measurement.
    case behindInOneWalk = "behind, in one walk"
    /// One seed, of whose spread nothing is known.
    case unjudged = "behind, on one seed"
    case failed
  }

  package var task: String
  package var length: String
  package var measures: ProblemMeasures
  package var settings: Tuner.Settings
  /// Rules that were to be tried.
  package var planned = 0
  package var rows: [Row] = []
  package var wasInterrupted = false
  /// What the arena's tasks that are like this one have in common with it, how many they are, and which of these rules it
  /// shows to be better than which there.
  package var arena = (meaning: "", tasks: 0, order: [(better: String, worse: String)]())

  /// The chance of a wrong word among all that are said of rules beside the best, below which it is said.
  package static let level = 0.05
  /// So many times what the best comes to is as good where a rule keeps less state.
  package static let margin = 1.1

  /// What the target says of the runs, where that is nothing of the rules.
  package var warnings: [Diagnostic] = []
  /// Whether every run was at the target before its first step.
  package var holdsAtStart = false

  /// Whether the seeds of each rule came to the same loss, so that they are one measurement.
  package var isOneWalk: Bool { Self.isOneWalk(rows.map(\.found)) }

  fileprivate static func isOneWalk(_ rows: [Tuner.Row]) -> Bool {
    let losses = rows.map { $0.values["loss"] ?? [] }.filter { $0.count > 1 }
    return !losses.isEmpty && losses.allSatisfy { row in row.allSatisfy { $0 == row[0] } }
  }

  /// The best, or of what these seeds show to be as good what keeps least, then what takes least time; nil where nothing
  /// came through or had to, and where some rules were not tried.
  package var suggested: Row? {
    if wasInterrupted || holdsAtStart { return nil }
    return rows.filter(\.isAsGood).min {
      ($0.stateBytes ?? .infinity, $0.seconds ?? .infinity)
        < ($1.stateBytes ?? .infinity, $1.seconds ?? .infinity)
    }
  }
}

/// Finds out which rules do well on a task.
package struct Advisor {
  package var trials = 8
  package var seeds = 6
  /// A run is at most so long.
  package var mostSteps = 1_000
  /// Of the rules that did best in the arena on tasks like this one, so many are tried as well.
  package var fromArena = 2
  package var evidence = ArenaEvidence.vendored
  package var engine = TrialEngine()
  package var progress: (String) -> Void = { _ in }

  package init() {}

  /// Throws R0233 where nothing would be tried, R0239 where the loss of a game would choose, and what measuring the problem
  /// throws; a rule that cannot run on the task is a row that says why.
  package func advise(
    on task: TrainingTask, _ compiler: Compiler, rules asked: [Rule] = []
  ) throws(DiagnosticError) -> Advice {
    for (name, count) in [("trials", trials), ("seeds", seeds), ("steps", mostSteps)]
    where count < 1 {
      throw DiagnosticError(.nothingToRun(name, in: "a suggestion"))
    }
    try task.requireScore(by: task.target?.series ?? "loss")
    var task = task
    if task.steps > mostSteps {
      task.settings.epochs = nil
      task.settings.steps = mostSteps
    }
    progress("looking at the problem")
    let trainer = Trainer(
      objective: task.objective, data: task.data, engine: engine.engine,
      elementType: .float64, interrupt: engine.interrupt)
    let measures = try trainer.measures(
      along: compiler.rule("Adam(lr = 0.01)"), task.settings, steps: min(200, task.steps))
    let likeness = evidence.likeness(to: measures)
    var shortlist = measures.shortlist(hasExamples: task.data != nil)
    for (rule, _, solved) in likeness.places where solved > 0 {
      if shortlist.count(where: \.isFromArena) == fromArena { break }
      let name = evidence.rules[rule]
      if shortlist.contains(where: { $0.rule == name }) { continue }
      shortlist.append(
        Candidate(
          rule: name, reason: "among the first of \(evidence.rules.count) in the arena",
          isFromArena: true))
    }
    var candidates = try shortlist.map { candidate throws(DiagnosticError) in
      (candidate, try compiler.rule(candidate.rule, allowsMissing: true))
    }
    for rule in asked where !candidates.contains(where: { $0.1.label == rule.label }) {
      candidates.append((Candidate(rule: rule.label, reason: "asked for"), rule))
    }
    let tuner = self.tuner(task)
    var advice = Advice(
      task: task.title, length: task.length, measures: measures, settings: tuner.settings,
      planned: candidates.count)
    var found: [(Candidate, Rule, Tuner.Row)] = []
    for (k, (candidate, rule)) in candidates.enumerated() {
      if engine.interrupt.isRequested() { break }
      var tuner = tuner
      tuner.progress = { text in
        progress(text.isEmpty ? "" : "rule \(k + 1) of \(candidates.count): \(text)")
      }
      do throws(DiagnosticError) {
        guard let row = try tuner.run([rule]).rows.first else { break }
        found.append((candidate, rule, row))
      } catch {
        var row = Tuner.Row(rule: candidate.rule, written: candidate.rule)
        row.problem = error.diagnostics.first?.message ?? "it cannot run"
        found.append((candidate, rule, row))
      }
    }
    progress("")
    advice.wasInterrupted = engine.interrupt.isRequested()
    found.sort { $0.2.cost < $1.2.cost }
    let judgements = Self.judgements(found.map(\.2))
    advice.rows = zip(found, judgements).map { entry, judgement in
      let place = likeness.places.first { evidence.rules[$0.rule] == entry.0.rule }
      return Advice.Row(
        candidate: entry.0, found: entry.2, stateBytes: stateBytes(entry.1, measures),
        seconds: entry.2.secondsPerStep, chance: judgement.chance, verdict: judgement.verdict,
        isAsGood: judgement.isAsGood,
        arena: place.map { ($0.score, $0.solved) })
    }
    if !advice.wasInterrupted, let remark = Tuner.remark(on: task, found.map(\.2), tuner.settings) {
      advice.warnings = [remark.said]
      advice.holdsAtStart = remark.holdsAtStart
    }
    advice.arena = (
      likeness.meaning, likeness.tasks.count,
      evidence.order(of: advice.rows.map(\.candidate.rule), on: likeness.tasks)
    )
    return advice
  }

  /// What a run of a rule may take, as the arena has it: the rules are Ravine's choice, and one of them must not hold
  /// up the others.
  private static let mostWork = 2e10

  private func tuner(_ task: TrainingTask) -> Tuner {
    var settings = Tuner.Settings(ranges: [.learningRate])
    settings.trials = trials
    settings.seeds = seeds
    if task.target != nil {
      settings.series = nil
    } else if task.data != nil {
      settings.take(series: ObjectiveModule.testLoss)
    }
    var tuner = Tuner(task, settings)
    tuner.engine = engine
    tuner.mostWork = Self.mostWork
    return tuner
  }

  /// What can be said of each row beside the first, which has the least mean.
  ///
  /// Each is compared with the first alone, by Student's t on paired differences of the logarithms of what the seeds came
  /// to, or of the numbers themselves where some are not positive, and the chance is multiplied by the number of
  /// comparisons. Whoever is truly the best alone can be wronged by a word, and only beside one of so many others: so the
  /// first may be chosen by looking (Hsu 1984).
  static func judgements(
    _ rows: [Tuner.Row]
  ) -> [(verdict: Advice.Verdict, chance: Double?, isAsGood: Bool)] {
    let ran = rows.indices.filter { rows[$0].cost.isFinite }
    guard let first = ran.first else { return rows.map { _ in (.failed, nil, false) } }
    let comparisons = Double(ran.count - 1)
    let all = ran.flatMap { rows[$0].costs }
    let isPositive = all.allSatisfy { $0 > 0 }
    let isOneWalk = Advice.isOneWalk(rows)
    return rows.indices.map { k in
      if !rows[k].cost.isFinite { return (.failed, nil, false) }
      if k == first { return (.first, nil, true) }
      if rows[k].costs.count < 2 { return (.unjudged, nil, false) }
      let pairs = Array(zip(rows[k].costs, rows[first].costs))
      let differences = pairs.map { isPositive ? log($0 / $1) : $0 - $1 }
      let chance = StudentT.above(differences).map { min(1, $0 * comparisons) }
      if let chance, chance < Advice.level { return (.worse, chance, false) }
      if rows[k].reached < rows[first].reached { return (.rarer, chance, false) }
      if pairs.allSatisfy({ $0 == $1 }) { return (.tied, nil, true) }
      guard let chance else { return (isOneWalk ? .behindInOneWalk : .behind, nil, false) }
      // How far it is on the near side of the margin. A loss below 0 has no such multiple.
      let margins = pairs.map {
        isPositive ? log(Advice.margin * $1 / $0) : Advice.margin * $1 - $0
      }
      let isWithin =
        all.allSatisfy { $0 >= 0 }
        && (StudentT.above(margins).map { $0 * comparisons < Advice.level } ?? false)
      return (.tied, chance, isWithin)
    }
  }

  private func stateBytes(_ rule: Rule, _ measures: ProblemMeasures) -> Double? {
    guard let sheet = try? RuleDescription(rule, parameters: measures.tensors) else { return nil }
    return sheet.placements.reduce(0) { $0 + $1.stateBytes } / Double(max(1, measures.parameters))
  }
}

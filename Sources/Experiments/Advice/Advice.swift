import Basics
import Diagnostics
import Driver
import IR
import Laboratory
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
    /// How likely the distance to the first row is by chance, after Holm's correction over all pairs of rows; nil
    /// for the first, and where there is no spread to judge by.
    package var chance: Double?
    package var verdict: Verdict
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

  /// The chance of a wrong word among all that are said of pairs, below which two rules are told apart.
  package static let level = 0.05

  /// Whether the seeds of each rule came to the same loss, so that they are one measurement.
  package var isOneWalk: Bool { Self.isOneWalk(rows.map(\.found)) }

  fileprivate static func isOneWalk(_ rows: [Tuner.Row]) -> Bool {
    let losses = rows.map { $0.values["loss"] ?? [] }.filter { $0.count > 1 }
    return !losses.isEmpty && losses.allSatisfy { row in row.allSatisfy { $0 == row[0] } }
  }

  /// Of what is as good as the best by these seeds, what keeps least, then what takes least time; nil where nothing
  /// came through, and where some rules were not tried.
  package var suggested: Row? {
    if wasInterrupted { return nil }
    return rows.filter { $0.verdict == .first || $0.verdict == .tied }.min {
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

  /// Throws what is wrong with the names and arguments of rules, and what measuring the problem throws; a rule
  /// that cannot run on the task is a row that says why.
  package func advise(
    on task: TrainingTask, _ compiler: Compiler, rules named: [String] = []
  ) throws(DiagnosticError) -> Advice {
    let asked = try named.map { text throws(DiagnosticError) in
      try compiler.rule(text, allowsMissing: true)
    }
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
    var shortlist = measures.shortlist()
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
    for (text, rule) in zip(named, asked)
    where !candidates.contains(where: { $0.1.label == rule.label }) {
      candidates.append((Candidate(rule: text, reason: "asked for"), rule))
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
        arena: place.map { ($0.score, $0.solved) })
    }
    advice.arena = (
      likeness.meaning, likeness.tasks.count,
      evidence.order(of: advice.rows.map(\.candidate.rule), on: likeness.tasks)
    )
    return advice
  }

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
    return tuner
  }

  /// What can be said of each row beside the first, which has the least mean. All pairs are tested and corrected
  /// for, as in `Ranking`: so the first may be chosen by looking.
  static func judgements(
    _ rows: [Tuner.Row]
  ) -> [(verdict: Advice.Verdict, chance: Double?)] {
    let ran = rows.indices.filter { rows[$0].cost.isFinite }
    guard let first = ran.first else { return rows.map { _ in (.failed, nil) } }
    func differences(_ a: Int, _ b: Int) -> [Double] {
      zip(rows[b].costs, rows[a].costs).map { $0 - $1 }
    }
    var pairs: [(Int, Int)] = []
    var chances: [Double] = []
    for a in ran {
      for b in ran where b > a {
        guard let chance = StudentT.paired(differences(a, b)) else { continue }
        pairs.append((a, b))
        chances.append(chance)
      }
    }
    chances = Holm.adjusted(chances)
    let isOneWalk = Advice.isOneWalk(rows)
    return rows.indices.map { k in
      if !rows[k].cost.isFinite { return (.failed, nil) }
      if k == first { return (.first, nil) }
      if rows[k].costs.count < 2 { return (.unjudged, nil) }
      let chance = pairs.firstIndex { $0 == (first, k) }.map { chances[$0] }
      if let chance, chance < Advice.level { return (.worse, chance) }
      if rows[k].reached < rows[first].reached { return (.rarer, chance) }
      if chance != nil || differences(first, k).allSatisfy({ $0 == 0 }) { return (.tied, chance) }
      return (isOneWalk ? .behindInOneWalk : .behind, nil)
    }
  }

  private func stateBytes(_ rule: Rule, _ measures: ProblemMeasures) -> Double? {
    guard let sheet = try? RuleDescription(rule, parameters: measures.tensors) else { return nil }
    return sheet.placements.reduce(0) { $0 + $1.stateBytes } / Double(max(1, measures.parameters))
  }
}

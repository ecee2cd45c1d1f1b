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
    /// How likely the distance to the first row is by chance, after Holm; nil for the first, and where there is
    /// no spread to judge by.
    package var chance: Double?
    package var verdict: Verdict
  }

  package enum Verdict: String, Sendable {
    case first = "the best mean"
    /// Not told apart from the first.
    case tied = "not told apart"
    case worse = "worse"
    /// All seeds start alike and differ by the same number: one measurement.
    case behind = "behind, in one walk"
    case failed
  }

  package var task: String
  package var length: String
  package var measures: ProblemMeasures
  package var result: Tuner.Result
  package var rows: [Row] = []
  package var wasInterrupted = false

  /// The chance below which two rules are told apart.
  package static let level = 0.05

  /// Of what is as good as the best by these seeds, what keeps least, then what takes least time.
  package var suggested: Row? {
    rows.filter { $0.verdict == .first || $0.verdict == .tied }.min {
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
  package var engine = TrialEngine()
  package var progress: (String) -> Void = { _ in }

  package init() {}

  /// Throws what measuring the problem throws, and what is wrong with the rules named; a rule of the shortlist
  /// that cannot run on the task is a row that says why.
  package func advise(
    on task: TrainingTask, _ compiler: Compiler, rules named: [String] = []
  ) throws(DiagnosticError) -> Advice {
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
    let candidates =
      measures.shortlist() + named.map { Candidate(rule: $0, reason: "asked for") }
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
    var advice = Advice(
      task: task.title, length: task.length, measures: measures,
      result: Tuner.Result(task: task.title, length: task.length, settings: settings))
    var found: [(Candidate, Rule?, Tuner.Row)] = []
    for (k, candidate) in candidates.enumerated() {
      if engine.interrupt.isRequested() { break }
      tuner.progress = { text in
        progress(text.isEmpty ? "" : "rule \(k + 1) of \(candidates.count): \(text)")
      }
      let rule = try compiler.rule(candidate.rule, allowsMissing: true)
      do throws(DiagnosticError) {
        var result = try tuner.run([rule])
        guard let row = result.rows.first else { break }
        found.append((candidate, rule, row))
        result.rows = []
        advice.result = result
      } catch {
        if !named.isEmpty, candidate.reason == "asked for" { throw error }
        var row = Tuner.Row(rule: candidate.rule, written: candidate.rule)
        row.problem = error.diagnostics.first?.message ?? "it cannot run"
        found.append((candidate, nil, row))
      }
    }
    progress("")
    advice.wasInterrupted = engine.interrupt.isRequested()
    found.sort { $0.2.cost < $1.2.cost }
    advice.result.rows = found.map(\.2)
    advice.rows = judged(found, measures)
    return advice
  }

  private func judged(
    _ found: [(candidate: Candidate, rule: Rule?, row: Tuner.Row)], _ measures: ProblemMeasures
  ) -> [Advice.Row] {
    guard let best = found.first?.row, best.cost.isFinite else {
      return found.map { Advice.Row(candidate: $0.candidate, found: $0.row, verdict: .failed) }
    }
    let differences = found.map { entry in
      zip(entry.row.costs, best.costs).map { $0 - $1 }
    }
    let tested = found.indices.dropFirst().filter { StudentT.paired(differences[$0]) != nil }
    let chances = StudentT.holm(tested.map { StudentT.paired(differences[$0]) ?? 1 })
    return found.indices.map { k in
      let (candidate, rule, row) = found[k]
      var result = Advice.Row(candidate: candidate, found: row, verdict: .first)
      result.seconds = row.secondsPerStep
      result.stateBytes = rule.flatMap { stateBytes($0, measures) }
      let chance = tested.firstIndex(of: k).map { chances[$0] }
      result.chance = chance
      if !row.cost.isFinite {
        result.verdict = .failed
      } else if k > 0 {
        let isSame = differences[k].allSatisfy { $0 == 0 }
        result.verdict =
          chance.map { $0 < Advice.level ? .worse : .tied }
          ?? (isSame || seeds < 2 ? .tied : .behind)
      }
      return result
    }
  }

  private func stateBytes(_ rule: Rule, _ measures: ProblemMeasures) -> Double? {
    guard let sheet = try? RuleDescription(rule, parameters: measures.tensors) else { return nil }
    return sheet.placements.reduce(0) { $0 + $1.stateBytes } / Double(max(1, measures.parameters))
  }
}

import Basics
import Diagnostics
import IR
import Runtime

/// Evaluates rules on one task: what `tune` and the arena ask, and searches of programs.
///
/// A task is prepared once: its objective bound, its data in place, the start and the order of rows of
/// each seed drawn. A rule is prepared once for all its rates and seeds. What one evaluation gives
/// depends on the task, the rule, its arguments and the seed alone: not on what ran before it, on how
/// many threads there are or which of them ran it.
package final class TaskEvaluator {
  /// A rule, the settings of some of its hyperparameters to be tried, and seeds.
  package struct Trial: Sendable {
    package var rule: Rule
    /// Each a setting to be tried: hyperparameters by number. One empty one for the rule as it is.
    package var settings: [[(hyper: Int, value: Double)]]
    package var seeds: [UInt64]
    /// A run is given up after so many of its steps; schedules and `T` stay those of the whole run.
    package var limit: Int?
    /// Whether evaluations keep the series of the target.
    package var keepsCurve = false

    package init(
      _ rule: Rule, settings: [[(hyper: Int, value: Double)]] = [[]], seeds: [UInt64] = [0]
    ) {
      self.rule = rule
      self.settings = settings
      self.seeds = seeds
    }

    /// Setting by setting, and seed by seed for each.
    package var count: Int { settings.count * seeds.count }
  }

  private let task: EvaluationTask
  private let data: DataSplit?
  package var stops = StopRules.never
  /// Asked between steps.
  package var interrupt = InterruptSource.signals
  /// Whether rules may run as one program over all tensors, where they can; the others do as always.
  package var usesPrograms = true
  /// What a run may take, as `work(of:)` counts it: of a rule that takes more there is no outcome but R0814.
  package var mostWork = Double.infinity
  private var seeds: [UInt64: SeedTable] = [:]
  /// One for each thread that took part so far.
  private var workers: [EvaluationWorker] = []

  /// Seeds whose start and order are kept.
  private static let keptSeeds = 256

  /// Throws what binding the objective throws.
  package init(
    _ objective: ObjectiveModule, _ data: DataSplit?, _ settings: TrainingSettings,
    elementType: ElementType = .float32
  ) throws(DiagnosticError) {
    self.data = data
    var settings = settings
    // It measures on one kind of rows, whatever they are kept for.
    if let target = settings.target { settings.target?.series = objective.onTest(target.series) }
    task = try EvaluationTask(objective, data, settings, elementType)
  }

  package var steps: Int { task.steps }
  /// Whether some of the objective's values are worked out once for all candidates.
  var hasStages: Bool { task.staged != nil }
  /// Numbers that are kept of each step of a seed.
  var numbersOfAStep: Int { task.staged?.counts.reduce(0, +) ?? 0 }

  /// The last value of a series of a run; NaN where it has none.
  package func last(_ series: String, of evaluation: Evaluation) -> Double {
    let name = task.objective.onTest(series)
    if name == "loss" { return evaluation.trainingLoss }
    if name == ObjectiveModule.testLoss { return evaluation.loss }
    return task.metricNames.firstIndex(of: name).map { k in
      evaluation.metrics.isEmpty ? .nan : evaluation.metrics[k]
    } ?? .nan
  }

  /// The rule prepared for this task.
  package func prepare(_ rule: Rule) -> Candidate {
    Candidate(rule, task.parameters, task.elementType)
  }

  /// What the steps of a rule in a whole run take at most, in elements times instructions and what takes as long; 0 for
  /// a rule that runs as one program. Throws what binding it throws.
  package func work(of rule: Rule) throws(DiagnosticError) -> Double {
    let worker = worker(0)
    worker.usesPrograms = usesPrograms
    return try worker.work(of: rule)
  }

  /// One evaluation, on the thread that asks. Throws what binding a rule throws that cannot run here.
  package func evaluate(
    _ candidate: Candidate, seed: UInt64
  ) throws(DiagnosticError) -> Evaluation {
    let table = try table(seed)
    let worker = worker(0)
    worker.usesPrograms = usesPrograms
    return try worker.evaluate(
      candidate, table, seed: seed, EvaluationWorker.Order(stops: stops, interrupt: interrupt))
  }

  /// All evaluations of some trials, as `outcomes` gives them. Throws the error of the first trial whose
  /// rule cannot run here.
  package func evaluate(
    _ trials: [Trial], threads: Int? = nil
  ) throws(DiagnosticError) -> [[Evaluation]] {
    var found: [[Evaluation]] = []
    for outcome in try outcomes(trials, threads: threads) { found.append(try outcome.get()) }
    return found
  }

  /// The evaluations of each trial, on `threads` threads (nil: all cores), in the order of the trials, or
  /// why its rule cannot run here. After Ctrl-C those that have not ended are `interrupted`.
  package func outcomes(
    _ trials: [Trial], threads: Int? = nil
  ) throws(DiagnosticError) -> [Result<[Evaluation], DiagnosticError>] {
    if seeds.count > Self.keptSeeds { seeds.removeAll() }
    for trial in trials {
      for seed in trial.seeds { _ = try table(seed) }
    }
    let count = trials.reduce(0) { $0 + $1.settings.count }
    let threads = max(1, min(threads ?? Threads.preferred, count))
    let wanted = Set(trials.flatMap(\.seeds))
    for k in 0..<threads {
      let worker = worker(k)
      worker.usesPrograms = usesPrograms
      worker.seeds = wanted
    }
    let job = TrialJob(trials, Array(workers[..<threads]), seeds, stops, interrupt)
    job.mostWork = mostWork
    Threads.run(job.count, on: threads) { item, participant in
      job.run(item, by: participant)
    }
    return job.outcomes
  }

  /// Seeds for a last measurement: they follow from what was found, so nobody knows them before, and are
  /// none of those that it was found with.
  package static func laterSeeds(
    _ count: Int, after searched: [UInt64], of found: String
  ) -> [UInt64] {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for seed in searched { hash = CounterRandom.mix(hash ^ seed) }
    for byte in found.utf8 { hash = CounterRandom.mix(hash ^ UInt64(byte)) }
    var random = SplitMix64(hash)
    var seeds: [UInt64] = []
    while seeds.count < count {
      // Short enough to be written down.
      let seed = random.next() >> 32
      if !searched.contains(seed), !seeds.contains(seed) { seeds.append(seed) }
    }
    return seeds
  }

  private func table(_ seed: UInt64) throws(DiagnosticError) -> SeedTable {
    if let known = seeds[seed] { return known }
    let made = try task.table(seed: seed)
    seeds[seed] = made
    return made
  }

  private func worker(_ k: Int) -> EvaluationWorker {
    while workers.count <= k { workers.append(EvaluationWorker(task, data)) }
    return workers[k]
  }
}

/// Trials that several threads share. An item is one setting of one: with whole trials the last of them would leave
/// the other threads waiting.
private final class TrialJob: @unchecked Sendable {
  private typealias Outcome = Result<[Evaluation], DiagnosticError>

  private let trials: [TaskEvaluator.Trial]
  private let workers: [EvaluationWorker]
  private let seeds: [UInt64: SeedTable]
  private let stops: StopRules
  private let interrupt: InterruptSource
  var mostWork = Double.infinity
  /// By item, its trial and its setting there.
  private let items: [(trial: Int, setting: Int)]
  /// By item; each is written by the one who runs it.
  private let results: UnsafeMutablePointer<Outcome>
  /// By thread, the rule that it prepared last.
  private let prepared: UnsafeMutablePointer<(trial: Int, candidate: Candidate)?>

  init(
    _ trials: [TaskEvaluator.Trial], _ workers: [EvaluationWorker],
    _ seeds: [UInt64: SeedTable], _ stops: StopRules, _ interrupt: InterruptSource
  ) {
    self.trials = trials
    self.workers = workers
    self.seeds = seeds
    self.stops = stops
    self.interrupt = interrupt
    items = trials.indices.flatMap { k in trials[k].settings.indices.map { (k, $0) } }
    results = .allocate(capacity: max(items.count, 1))
    results.initialize(repeating: .success([]), count: items.count)
    prepared = .allocate(capacity: workers.count)
    prepared.initialize(repeating: nil, count: workers.count)
  }

  deinit {
    results.deinitialize(count: items.count)
    results.deallocate()
    prepared.deinitialize(count: workers.count)
    prepared.deallocate()
  }

  var count: Int { items.count }

  /// By trial: of one whose rule cannot run, why its first setting could not.
  var outcomes: [Result<[Evaluation], DiagnosticError>] {
    var found: [Outcome] = trials.map { _ in .success([]) }
    for (item, place) in items.enumerated() {
      guard case .success(let before) = found[place.trial] else { continue }
      found[place.trial] = results[item].map { before + $0 }
    }
    return found
  }

  func run(_ item: Int, by participant: Int) {
    do throws(DiagnosticError) {
      results[item] = .success(try evaluations(items[item], participant))
    } catch {
      results[item] = .failure(error)
    }
  }

  private func evaluations(
    _ place: (trial: Int, setting: Int), _ participant: Int
  ) throws(DiagnosticError) -> [Evaluation] {
    let k = place.trial
    let worker = workers[participant]
    let isNew = prepared[participant]?.trial != k
    if isNew {
      prepared[participant] = (k, worker.prepare(trials[k].rule))
    }
    var candidate = prepared[participant]!.candidate
    for (hyper, value) in trials[k].settings[place.setting] {
      candidate = try candidate.setting(hyper, to: value)
    }
    if isNew, mostWork < .infinity, !interrupt.isRequested() {
      let work = try worker.work(of: candidate.rule)
      guard work <= mostWork else {
        throw DiagnosticError(.runTakesTooLong(candidate.rule.label, work, limit: mostWork))
      }
    }
    var found: [Evaluation] = []
    found.reserveCapacity(trials[k].seeds.count)
    let order = EvaluationWorker.Order(
      stops: stops, interrupt: interrupt, limit: trials[k].limit, keepsCurve: trials[k].keepsCurve)
    for seed in trials[k].seeds {
      found.append(
        interrupt.isRequested()
          ? Evaluation(end: .interrupted, steps: 0)
          : try worker.evaluate(candidate, seeds[seed]!, seed: seed, order))
    }
    return found
  }
}

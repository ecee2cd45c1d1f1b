import Basics
import Diagnostics
import IR
import Platform
import Runtime
import Training

/// A search of programs: restarts of an evolution on some tasks, the best of each judged on others, kept in a journal.
package final class Search {
  package let name: String
  package let start: Genome
  package let frame: RateFrame
  package let tasks: [SearchTask]
  package let validation: [SearchTask]
  /// Locked until the search is over; not even prepared.
  package let test: [LockedTask]
  package let settings: SearchSettings
  private let startRule: Rule
  /// The rule that each restart begins with, as it was called.
  package var startLabel: String { startRule.label }
  private let baseline: Rule
  package var interrupt = InterruptSource.signals
  package var progress: (SearchProgress) -> Void = { _ in }
  /// The statement that asked for it, if one did.
  package var place = Span.none
  /// The rate of the start that did best on the first rung.
  package private(set) var startRate = Double.nan

  /// Throws what `start` throws.
  package init(
    _ name: String, from rule: Rule, baseline: Rule, on tasks: [SearchTask],
    validation: [SearchTask], test: [LockedTask] = [], _ settings: SearchSettings
  ) throws(DiagnosticError) {
    self.name = name
    startRule = rule
    self.baseline = baseline
    self.tasks = tasks
    self.validation = validation
    self.test = test
    self.settings = settings
    (start, frame) = try Self.start(rule, longest: settings.longest)
  }

  /// A rule as the program that restarts begin with. Throws R0280 for one that no search can begin with.
  package static func start(
    _ rule: Rule, longest: Int, at span: Span = .none
  ) throws(DiagnosticError) -> (Genome, RateFrame) {
    try rule.requireNumbers()
    let program: Genome
    do throws(Genome.Obstacle) {
      program = try Genome(rule)
    } catch {
      throw DiagnosticError(.noStartOfSearch(rule.label, error.text, at: span))
    }
    guard let frame = RateFrame(rule) else {
      throw DiagnosticError(.noStartOfSearch(rule.label, Genome.Obstacle.noRate.text, at: span))
    }
    guard program.nodes.count <= longest else {
      throw DiagnosticError(
        .startTooLong(rule.label, program.nodes.count, longest: longest, at: span))
    }
    return (program, frame)
  }

  /// Restarts that this process does.
  package var restarts: [Int] {
    (0..<settings.restarts).filter { $0 % settings.shards == settings.shard }
  }

  /// Everything that decides what is found. The restarts of one experiment may be found by several processes.
  package var header: SearchJournal.Header {
    var lines = ["version \(SearchJournal.version)", settings.text]
    lines.append(
      "from \(startRule.label) \(startRule.module.identityDigest(arguments: startRule.arguments))")
    lines.append(
      "against \(baseline.label)" + (baseline.chosenDecay == nil ? "" : ", its decay tuned"))
    for (word, tasks) in [("on", tasks), ("validate on", validation)] {
      for task in tasks { lines.append("\(word) \(task.title) \(task.digest)") }
    }
    for task in test { lines.append("test on \(task.title) \(task.digest)") }
    return SearchJournal.Header(
      name: name, experiment: lines.joined(separator: "\n"), start: start.bytes,
      rate: frame.rate, tasks: tasks.map(\.title), validation: validation.map(\.title),
      test: test.map(\.title))
  }

  // MARK: Preparing

  /// Tunes the baseline on every task, and the start on the first; false where it was interrupted. Throws R0282 where the
  /// baseline broke at every rate.
  private func prepare() throws(DiagnosticError) -> Bool {
    for (k, task) in (tasks + validation).enumerated() where task.baseline.isNaN {
      progress(.preparing(task.title, k, tasks.count + validation.count))
      let seeds = Self.seeds(settings.seed, 3, salt: 17)
      let best = try task.tunedBaseline(
        baseline, around: 0.01, seeds: seeds, threads: settings.threads)
      // What was stopped has not diverged, and the best of some rates is not that of all.
      if interrupt.isRequested() { return false }
      guard let best else {
        throw DiagnosticError(.baselineDiverges(baseline.label, task.title, at: place))
      }
      task.baseline = best.loss
    }
    let first = tasks[0]
    let seeds = Self.seeds(settings.seed, 1, salt: 18)
    let around = frame.rate.isFinite && frame.rate > 0 ? frame.rate : 0.01
    var found = try first.tuned(
      startRule, around: around, seeds: seeds, limit: first.earlySteps, threads: settings.threads)
    if found == nil {
      found = try first.tuned(
        startRule, around: 0.01, seeds: seeds, limit: first.earlySteps, threads: settings.threads)
    }
    if interrupt.isRequested() { return false }
    guard let found else {
      throw DiagnosticError(.baselineDiverges(startRule.label, first.title, at: place))
    }
    startRate = found.rate
    first.early = found.loss
    return true
  }

  /// Seeds that follow from one; another salt gives others.
  package static func seeds(_ seed: UInt64, _ count: Int, salt: UInt64) -> [UInt64] {
    var random = SplitMix64(CounterRandom.mix(seed &* 31 &+ salt))
    return (0..<count).map { _ in random.next() >> 32 }
  }

  /// All seeds that this search or another shard of it looks at.
  package var usedSeeds: [UInt64] {
    Self.seeds(settings.seed, 3, salt: 17) + Self.seeds(settings.seed, 1, salt: 18)
      + Self.seeds(settings.seed, Self.judgingSeeds, salt: 1_000)
      + (0..<settings.restarts).flatMap { restart in
        (0...1).flatMap { Evolution.seeds($0, of: restart, settings) }
      }
  }

  // MARK: Running

  /// Batches between two writes.
  private static let batchesAWrite = 4
  /// Whether other programs run: then writing takes no time beside them.
  private var isSlow: Bool { (tasks + validation).contains { !$0.evaluator.cutsRuns } }
  /// Programs of a restart that are judged by the validation tasks at its end, besides those of its front.
  package static let judged = 8
  private static let judgingSeeds = 6
  /// Programs after which the best so far is judged on the validation tasks.
  private static let monitored = 2_000

  /// Runs the restarts that are not done, and says what was found in all. Without a journal it is kept in memory alone.
  package func run(_ journal: SearchJournal?) throws(DiagnosticError) -> SearchResult {
    for task in tasks + validation where !task.evaluator.cutsRuns {
      task.evaluator.answers = journal?.answers
    }
    guard try prepare() else {
      var result = SearchResult(self)
      result.wasInterrupted = true
      return result
    }
    journal?.answers.beginBatches()
    var before: [Int: (programs: Int, isClosed: Bool, state: EvolutionState)] = [:]
    for found in try journal?.restarts() ?? [] {
      before[found.restart] = (found.programs, found.isClosed, found.state)
    }
    var result = SearchResult(self)
    for restart in restarts {
      let evolution = Evolution(restart, settings, tasks, frame)
      if let journal { evolution.readPrograms { journal.source(of: $0, in: restart) } }
      var outcome = RestartOutcome(restart: restart)
      var isClosed = false
      if let journal, let (programs, wasClosed, state) = before[restart] {
        isClosed = wasClosed
        try journal.programs(of: restart) { record in
          if record.rung > 0 {
            outcome.best = Self.best([record], outcome.best)
            outcome.take([record])
          }
          evolution.restore(record)
          return true
        }
        outcome.problem = try journal.firstProblem(of: restart)
        evolution.restore(programs, state)
        outcome.validated = try journal.validated(of: restart)
      }
      if isClosed {
        (outcome.counts, outcome.programs) = (evolution.counts, evolution.programs)
        outcome.isExhausted = evolution.isExhausted
        outcome.isDone = true
      } else {
        try run(evolution, &outcome, journal)
      }
      result.restarts.append(outcome)
      if !outcome.isDone {
        result.wasInterrupted = true
        break
      }
    }
    result.choose()
    return result
  }

  /// One restart, to its end unless it is interrupted.
  private func run(
    _ evolution: Evolution, _ outcome: inout RestartOutcome, _ journal: SearchJournal?
  ) throws(DiagnosticError) {
    var unwritten: (programs: [ProgramRecord], judged: [Judgement]) = ([], [])
    func write() throws(DiagnosticError) {
      try journal?.append(unwritten.programs, unwritten.judged, of: evolution)
      evolution.programsAreWritten()
      unwritten = ([], [])
    }
    outcome.counts = evolution.counts
    outcome.programs = evolution.programs
    if evolution.programs == 0 {
      guard let record = try evolution.begin(start, rate: startRate) else { return }
      unwritten.programs.append(record)
      outcome.best = Self.best([record], outcome.best)
      outcome.take([record])
      try write()
    }
    let begun = ContinuousClock.now
    while !evolution.isDone {
      if let minutes = settings.minutes, ContinuousClock.now - begun >= .seconds(minutes * 60) {
        try write()
        break
      }
      if interrupt.isRequested() { return try write() }
      let before = evolution.programs
      guard let found = try evolution.step() else { return try write() }
      unwritten.programs += found
      outcome.best = Self.best(found, outcome.best)
      outcome.take(found)
      outcome.counts = evolution.counts
      outcome.programs = evolution.programs
      if before / Self.monitored != evolution.programs / Self.monitored,
        let champion = evolution.champion, champion.rung > 0,
        !outcome.validated.contains(where: { $0.number == champion.number })
      {
        // Written with the batch that it followed, or a kill in between would leave it out.
        guard let judged = try judge(champion) else { return }
        outcome.validated.append(judged)
        unwritten.judged.append(judged)
      }
      if isSlow || evolution.batches % Self.batchesAWrite == 0 || evolution.isDone { try write() }
      progress(.running(outcome, evolution.champion, settings))
    }
    outcome.isExhausted = evolution.isExhausted
    for record in outcome.finalists
    where !outcome.validated.contains(where: { $0.number == record.number }) {
      guard let judged = try judge(record) else { return }
      outcome.validated.append(judged)
      unwritten.judged.append(judged)
      try write()
    }
    // Where what was left out last is not what is chosen, something else would have to be looked at anew.
    pruning: while outcome.pruned.last.map({ $0.number == outcome.choice?.record.number }) ?? true {
      if interrupt.isRequested() { return }
      let (record, judgement): (ProgramRecord, Judgement)
      switch try shorter(evolution, outcome) {
      case .interrupted: return
      case .nothing: break pruning
      case .found(let found): (record, judgement) = found
      }
      guard let ran = try evolution.admit(record) else { return }
      outcome.validated.append(judgement)
      outcome.take([ran])
      (outcome.counts, outcome.programs) = (evolution.counts, evolution.programs)
      unwritten = ([ran], [judgement])
      try write()
    }
    try journal?.conclude(evolution.restart)
    outcome.isDone = true
  }

  private enum Shorter {
    case found((ProgramRecord, Judgement))
    case nothing, interrupted
  }

  /// The shortest program that validation does not tell from the best finalist among those that are the chosen one
  /// with one thing left out.
  private func shorter(
    _ evolution: Evolution, _ outcome: RestartOutcome
  ) throws(DiagnosticError) -> Shorter {
    guard let choice = outcome.choice, let best = outcome.bestJudgement else { return .nothing }
    let length = choice.record.program.rewritten().length
    var tried: Set<Genome> = []
    var found: (record: ProgramRecord, judgement: Judgement)?
    for omission in choice.record.program.omissions() {
      let program = omission.result.cleaned().rewritten()
      guard program.length < min(length, found.map { $0.record.program.length + 1 } ?? length),
        tried.insert(program).inserted,
        let record = evolution.pruned(program, of: choice.record, rate: choice.rate)
      else { continue }
      guard let judgement = try judge(record) else { return .interrupted }
      guard judgement.isWithinNoise(of: best) else { continue }
      if let found, found.record.program.length == program.length,
        found.judgement.score <= judgement.score
      {
        continue
      }
      found = (record, judgement)
    }
    return found.map { .found($0) } ?? .nothing
  }

  /// The best so far of those that came to all tasks, best first; of those that did as well the earlier.
  private static func best(
    _ records: [ProgramRecord], _ known: [ProgramRecord]
  ) -> [ProgramRecord] {
    let worst = known.count < judged ? Double.infinity : known.last!.score
    let better = records.filter { $0.rung > 0 && $0.score < worst }
    if better.isEmpty { return known }
    let all = (known + better).sorted {
      $0.score != $1.score ? $0.score < $1.score : $0.number < $1.number
    }
    return Array(all.prefix(judged))
  }

  /// What a program comes to on the validation tasks, or again on those of the search where there are none, with seeds
  /// that no search saw; at its rate, half and twice of it. Nil where it was interrupted.
  private func judge(_ record: ProgramRecord) throws(DiagnosticError) -> Judgement? {
    guard let rule = record.program.rule("Candidate", frame) else {
      preconditionFailure("what has no flaw is a rule")
    }
    let judges = validation.isEmpty ? tasks : validation
    let seeds = Self.seeds(settings.seed, Self.judgingSeeds, salt: 1_000)
    let rates = [0.5, 1, 2].map { record.best * $0 }
    var sums = rates.map { _ in 0.0 }
    var cells: [[Double]] = rates.map { _ in [] }
    for task in judges {
      let trials = rates.map {
        TaskEvaluator.Trial(rule, settings: [[(0, $0)]], seeds: seeds)
      }
      for (k, found) in try task.evaluator.outcomes(trials, threads: settings.threads).enumerated()
      {
        guard case .success(let evaluations) = found else {
          sums[k] = .infinity
          continue
        }
        if evaluations.contains(where: { $0.end == .interrupted }) { return nil }
        let values = evaluations.map { SearchTask.loss($0) }
        cells[k] += values.map { SearchTask.score($0, against: task.baseline) }
        let mean = values.reduce(0, +) / Double(values.count)
        sums[k] += SearchTask.score(mean, against: task.baseline) / Double(judges.count)
      }
    }
    let k = sums.indices.min { sums[$0] < sums[$1] }!
    return Judgement(number: record.number, rate: rates[k], score: sums[k], cells: cells[k])
  }
}

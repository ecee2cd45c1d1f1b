import Basics
import Diagnostics
import IR
import Platform
import Training

/// One restart of a search: regularised evolution as published (Real et al. 2019, arXiv:1802.01548). The best of a few
/// drawn from the population has a child, which takes the place of the oldest.
///
/// It goes in batches, each made from the population as it was before: what a batch comes to follows from the state
/// before it alone, whatever the number of threads, so a search that was killed goes on as if it had not been.
package final class Evolution {
  package let restart: Int
  let settings: SearchSettings
  private let tasks: [SearchTask]
  private let frame: RateFrame
  private let mutator: Mutator
  private let probe = ProbeRun()

  /// A program that children may be made of.
  package struct Member: Sendable {
    package var number: Int
    package var program: Genome
    package var best: Double
    package var size: Double
    package var rung: Int
    package var score: Double
    let length: Int

    init(_ record: ProgramRecord) {
      number = record.number
      program = record.program
      best = record.best
      size = record.size
      rung = record.rung
      score = record.score
      length = program.length
    }

    init(
      number: Int, program: Genome, best: Double, size: Double, rung: Int, score: Double
    ) {
      self.number = number
      self.program = program
      self.best = best
      self.size = size
      self.rung = rung
      self.score = score
      length = program.length
    }

    func isBetter(than other: Member) -> Bool {
      rung != other.rung ? rung > other.rung : score < other.score
    }
  }

  package private(set) var population: [Member] = []
  /// Where the next one goes: the place of the oldest, once all are taken.
  private var oldest = 0
  package private(set) var counts = SearchCounts()
  /// The program that did best so far.
  package private(set) var champion: ProgramRecord?
  /// Programs that ran.
  package private(set) var programs = 0
  package private(set) var batches = 0
  /// Whether no new program was found for long: the space is exhausted.
  package private(set) var isExhausted = false
  /// On the first rung, the latest last.
  private var recent: [EarlyScore] = []
  /// Batches in a row that brought nothing new.
  private var idle = 0

  /// The start.
  private var first: Member?
  /// By digest of each net, the program that has it.
  private var known: [[UInt64: Int32]]
  /// Of every program that ran on all tasks, what a duplicate of it has without running.
  private var results: [Int32: Result] = [:]
  /// What has the fingerprint of a program is compared with it.
  private var sources = ProgramStore()
  /// What no other beats in loss, numbers kept and operations: a parent now and then, however it does beside others.
  private var front = FrontMembers()

  private struct Result {
    var score: Double
    var best: Double
    var size: Double
  }

  /// Programs of a batch. A part of what a search finds: another number is another search.
  package static let batch = 32
  private static let attempts = 200
  /// Batches in a row that bring nothing new before a search gives up.
  package static let mostIdle = 50
  private static let recentScores = 256
  /// A child goes on to all tasks that is better on the first rung than this share of the latest which keep no more numbers.
  private static let hurdle = 0.75
  /// Scores that differ by less are alike: of two such programs the shorter one is the better parent.
  private static let alike = 0.01
  /// One child in so many has its parent from the front.
  private static let childrenOfFront = 4
  /// Seeds of the second rung: on one alone programs learn its draws by heart.
  static let seedsOfAllTasks = 2
  static let ladder = [0.25, 1, 4]

  package init(
    _ restart: Int, _ settings: SearchSettings, _ tasks: [SearchTask], _ frame: RateFrame
  ) {
    self.restart = restart
    self.settings = settings
    self.tasks = tasks
    self.frame = frame
    var mutator = Mutator(settings.functions, longest: settings.longest)
    mutator.onlyNumbers = settings.method == .numbers
    self.mutator = mutator
    known = SearchCounts.Net.allCases.map { _ in [:] }
    // Of a search that ends by the clock nobody knows.
    let expected =
      settings.minutes == nil && settings.evaluations.isEmpty
      ? min(settings.programs, 1_000_000) : 0
    for k in known.indices { known[k].reserveCapacity(expected) }
  }

  /// Programs that are written down are read where they are; without this all are kept in memory.
  package func readPrograms(from library: @escaping (_ number: Int) -> Genome?) {
    sources.library = library
  }

  /// All programs so far are in the library.
  package func programsAreWritten() { sources.forget() }

  package var isDone: Bool {
    programs >= settings.programs || isExhausted || evaluationsLeft.map { $0 <= 0 } ?? false
  }

  /// Nil where programs are counted.
  private var evaluationsLeft: Int? {
    settings.evaluations[restart].map { $0 - counts.evaluations }
  }

  /// The most that a batch may bring: where evaluations are counted no more than can all go through all tasks.
  private var mostOfBatch: Int {
    guard let left = evaluationsLeft else { return Self.batch }
    let most = Self.ladder.count * (1 + Self.seedsOfAllTasks * tasks.count)
    return min(Self.batch, max(1, left / most))
  }

  /// Seeds of a rung: none is used by another, nor by another restart.
  static func seeds(_ rung: Int, of restart: Int, _ settings: SearchSettings) -> [UInt64] {
    (rung == 0 ? 0..<1 : 1..<(1 + seedsOfAllTasks)).map {
      CounterRandom.mix(
        settings.seed &* 1_000_003 &+ UInt64(restart) &* 64 &+ UInt64($0) &+ 0x5EA2C4) >> 32
    }
  }

  // MARK: Batches

  /// Evaluates the start, which the first children are made from. Throws what running it throws.
  package func begin(
    _ start: Genome, rate: Double
  ) throws(DiagnosticError) -> ProgramRecord? {
    var size = 1.0
    if case .moves(_, let found) = probe.run(start) { size = found }
    var record = ProgramRecord(
      number: 0, parent: -1, mutation: nil, program: start, rate: rate, size: size,
      digests: names(start) + [fingerprint(start)], rung: 0, score: .infinity, best: rate,
      losses: [])
    var one = [record]
    guard try evaluate(&one, climbsAlways: true) else { return nil }
    record = one[0]
    enter(record)
    return record
  }

  private func fingerprint(_ program: Genome) -> UInt64 {
    switch probe.run(program, isLong: true) {
    case .moves(let fingerprint, _): return fingerprint
    // Later than where it was judged: a name of its own.
    case .notFinite, .noDescent: return Mixing.mix(program.digest, 1)
    }
  }

  /// Makes, evaluates and takes in the next programs. The new ones among them, in order; nil where it was interrupted:
  /// then everything is as before.
  package func step() throws(DiagnosticError) -> [ProgramRecord]? {
    let before = (counts, recent)
    var slots = makeChildren()
    var records = slots.compactMap { slot -> ProgramRecord? in
      if case .new(let record) = slot { return record }
      return nil
    }
    guard try evaluate(&records) else {
      (counts, recent) = before
      return nil
    }
    var next = 0
    for k in slots.indices {
      if case .new = slots[k] {
        slots[k] = .new(records[next])
        next += 1
      }
    }
    for slot in slots {
      switch slot {
      case .new(let record): enter(record)
      case .known(let member): age(member)
      }
    }
    batches += 1
    idle = records.isEmpty ? idle + 1 : 0
    if idle > Self.mostIdle { isExhausted = true }
    return records
  }

  // MARK: What is left out

  /// A program that is another one with something left out, as it would run; nil for one that need not.
  package func pruned(
    _ program: Genome, of parent: ProgramRecord, rate: Double
  ) -> ProgramRecord? {
    guard program.flaw == nil, case .moves(_, let size) = probe.run(program) else { return nil }
    // Of steps as long as its parent's it runs at the same rate: at a rounded one what does nothing would make a
    // difference.
    let ratio = min(max(parent.size / size, 0x1p-40), 0x1p40)
    let rate = abs(ratio - 1) < 1e-9 ? rate : Self.rounded(rate * ratio)
    return ProgramRecord(
      number: programs, parent: parent.number, mutation: .prune, program: program, rate: rate,
      size: size, digests: names(program) + [fingerprint(program)], rung: 0, score: .infinity,
      best: rate, losses: [])
  }

  /// Runs such a program on all tasks and takes it in; nil where it was interrupted.
  package func admit(_ pruned: ProgramRecord) throws(DiagnosticError) -> ProgramRecord? {
    let before = (counts, recent)
    var one = [pruned]
    guard try evaluate(&one, climbsAlways: true) else {
      (counts, recent) = before
      return nil
    }
    enter(one[0])
    return one[0]
  }

  private enum Slot {
    case new(ProgramRecord)
    case known(Member)
  }

  private func enter(_ record: ProgramRecord) {
    if first == nil { first = Member(record) }
    for (k, digest) in record.digests.enumerated() where known[k][digest] == nil {
      known[k][digest] = Int32(record.number)
    }
    sources.append(record.program)
    if record.rung > 0 {
      results[Int32(record.number)] = Result(
        score: record.score, best: record.best, size: record.size)
      front.add(record, of: restart)
    }
    programs += 1
    if champion.map({ record.isBetter(than: $0) }) ?? true, record.score.isFinite {
      champion = record
    }
    age(Member(record))
  }

  private func age(_ member: Member) {
    if population.count < settings.population {
      population.append(member)
    } else {
      population[oldest] = member
      oldest = (oldest + 1) % population.count
    }
  }

  // MARK: Children

  private func makeChildren() -> [Slot] {
    var slots: [Slot] = []
    var made = programs
    // Of this batch: their scores are not known yet.
    var here: [[UInt64: Genome]] = known.map { _ in [:] }
    for slot in 0..<mostOfBatch where made < settings.programs {
      var random = SplitMix64(
        CounterRandom.mix(settings.seed ^ 0xD1B5_4A32_D192_ED03)
          &+ CounterRandom.mix(
            UInt64(restart) << 40 | UInt64(batches) << 8 | UInt64(slot)))
      for _ in 0..<Self.attempts {
        guard let child = child(&random, number: made, &here) else { continue }
        if case .new = child { made += 1 }
        slots.append(child)
        break
      }
    }
    return slots
  }

  /// The best of a few, or the shortest of those that did about as well: what does nothing for a program is not kept.
  private func tournament(_ random: inout SplitMix64) -> Member {
    let drawn = (0..<max(settings.tournament, 1)).map { _ in
      population[random.below(population.count)]
    }
    return Self.best(of: drawn)
  }

  static func best(of drawn: [Member]) -> Member {
    let best = drawn.dropFirst().reduce(drawn[0]) { $1.isBetter(than: $0) ? $1 : $0 }
    return drawn.reduce(best) { shortest, other in
      let isAlike = other.rung == best.rung && other.score - best.score < alike
      return isAlike && other.length < shortest.length ? other : shortest
    }
  }

  private func parent(_ random: inout SplitMix64) -> Member {
    switch settings.method {
    case .evolution, .numbers:
      (random.below(Self.childrenOfFront) == 0 ? front.member(&random) : nil)
        ?? tournament(&random)
    case .random: population[random.below(population.count)]
    case .mutants: first!
    }
  }

  private func child(
    _ random: inout SplitMix64, number: Int, _ here: inout [[UInt64: Genome]]
  ) -> Slot? {
    let parent = parent(&random)
    let donor = population[random.below(population.count)].program
    guard let (program, kind) = mutator.mutant(of: parent.program, donor: donor, &random) else {
      return nil
    }
    counts.mutants += 1
    if let flaw = program.flaw {
      counts.flaws[Int(flaw.rawValue)] += 1
      return nil
    }
    var record = ProgramRecord(
      number: number, parent: parent.number, mutation: kind, program: program, rate: .nan,
      size: .nan, digests: [], rung: 0, score: .infinity, best: .nan, losses: [])
    // The cheapest net first: most duplicates are caught by it, and what it knows need not be probed again.
    var names = names(program)
    for net in [SearchCounts.Net.digest, .rewrites, .algebra] {
      if case .known(let slot) = look(up: record, in: net, names[net.rawValue], here) {
        return slot
      }
    }
    switch probe.run(program) {
    case .notFinite:
      counts.notFinite += 1
      return nil
    case .noDescent:
      counts.noDescent += 1
      return nil
    case .moves(_, let size): record.size = size
    }
    names.append(fingerprint(program))
    if case .known(let slot) = look(up: record, in: .behaviour, names[3], here) { return slot }
    for k in names.indices where here[k][names[k]] == nil { here[k][names[k]] = program }
    // Steps as long as the parent's at the rate that was best for it.
    record.rate = Self.rounded(
      parent.best * min(max(parent.size / record.size, 0x1p-40), 0x1p40))
    record.best = record.rate
    record.digests = names
    return .new(record)
  }

  private enum Acquaintance {
    case new
    /// Of what ran already or stands in this batch: its place in the population, if it gets one.
    case known(Slot?)
  }

  private func look(
    up record: ProgramRecord, in net: SearchCounts.Net, _ name: UInt64, _ here: [[UInt64: Genome]]
  ) -> Acquaintance {
    // Probes are no proof: what they take for one has to agree elsewhere too.
    if let same = known[net.rawValue][name] {
      if net == .behaviour, let other = sources[Int(same)],
        !probe.agree(record.program, other, known: Int(same))
      {
        return .new
      }
      counts.nets[net.rawValue] += 1
      return .known(returned(record, as: Int(same)))
    }
    guard let other = here[net.rawValue][name],
      net != .behaviour || probe.agree(record.program, other)
    else { return .new }
    counts.nets[net.rawValue] += 1
    return .known(nil)
  }

  /// A program that ran already comes into the population again with what it came to: the oldest leave whatever they
  /// are worth, and what is good is found again.
  private func returned(_ record: ProgramRecord, as same: Int) -> Slot? {
    guard settings.method == .evolution || settings.method == .numbers,
      let result = results[Int32(same)]
    else { return nil }
    counts.returned += 1
    // What the other came to was at its rate: a step of that length. Equal programs step alike.
    let size = record.size.isNaN ? result.size : record.size
    return .known(
      Member(
        number: same, program: record.program, best: result.best * (result.size / size),
        size: size, rung: 1, score: result.score))
  }

  /// What the nets that prove know a program by.
  private func names(_ program: Genome) -> [UInt64] {
    let plain = program.rewritten()
    let digest = program.digest
    return [digest, plain.digest, plain.algebraicDigest ?? digest]
  }

  /// To half a power of two and three digits, so that rates stay short.
  static func rounded(_ rate: Double) -> Double {
    guard rate > 0, rate.isFinite else { return rate }
    return Mutator.short(exp2((log2(rate) * 2).rounded() / 2))
  }

  // MARK: Evaluation

  private func evaluate(
    _ records: inout [ProgramRecord], climbsAlways: Bool = false
  ) throws(DiagnosticError) -> Bool {
    if records.isEmpty { return true }
    let rules = records.map { $0.program.rule("Candidate", frame) }
    let all = Array(records.indices)
    guard
      let first = try losses(
        all, &records, rules, tasks[0], rung: 0, limit: tasks[0].earlySteps)
    else { return false }
    // Of the batches before: in which order a batch is looked at says nothing.
    let hurdles = Hurdles(recent, share: Self.hurdle)
    var climbing: [Int] = []
    for k in all {
      records[k].losses = first[k].map(Self.kept)
      set(&records[k], [first[k].map { SearchTask.score($0, against: tasks[0].early) }])
      let early = EarlyScore(records[k].score, states: records[k].program.statesPerElement)
      recent.append(early)
      if climbsAlways || settings.climbs && hurdles.isCleared(by: early) { climbing.append(k) }
    }
    if recent.count > Self.recentScores { recent.removeFirst(recent.count - Self.recentScores) }
    if climbing.isEmpty { return true }
    var scores: [[[Double]]] = climbing.map { _ in [] }
    for task in tasks {
      guard let found = try losses(climbing, &records, rules, task, rung: 1, limit: nil) else {
        return false
      }
      for (k, place) in climbing.enumerated() {
        records[place].losses += found[k].map(Self.kept)
        scores[k].append(found[k].map { SearchTask.score($0, against: task.baseline) })
      }
    }
    for (k, place) in climbing.enumerated() {
      records[place].rung = 1
      set(&records[place], scores[k])
    }
    return true
  }

  /// A loss as journals keep it, in seven digits.
  private static func kept(_ loss: Double) -> Double { Double(Float(loss)) }

  /// The best of the ladder, by the mean over the tasks.
  private func set(_ record: inout ProgramRecord, _ scores: [[Double]]) {
    record.score = .infinity
    for (k, step) in Self.ladder.enumerated() {
      let mean = scores.reduce(0) { $0 + $1[k] } / Double(scores.count)
      if mean < record.score {
        record.score = mean
        record.best = record.rate * step
      }
    }
  }

  private func losses(
    _ places: [Int], _ records: inout [ProgramRecord], _ rules: [Rule?], _ task: SearchTask,
    rung: Int, limit: Int?
  ) throws(DiagnosticError) -> [[Double]]? {
    let seeds = Self.seeds(rung, of: restart, settings)
    var trials: [TaskEvaluator.Trial] = []
    var owners: [Int] = []
    for (k, place) in places.enumerated() {
      guard let rule = rules[place] else { continue }
      var trial = TaskEvaluator.Trial(
        rule, settings: Self.ladder.map { [(0, records[place].rate * $0)] }, seeds: seeds)
      trial.limit = limit
      trials.append(trial)
      owners.append(k)
    }
    var found = places.map { _ in Self.ladder.map { _ in Double.nan } }
    counts.evaluations += trials.reduce(0) { $0 + $1.count }
    let outcomes = try task.evaluator.outcomes(trials, threads: settings.threads)
    for (owner, outcome) in zip(owners, outcomes) {
      // A program that cannot be bound is one that broke.
      let evaluations: [Evaluation]
      switch outcome {
      case .success(let all): evaluations = all
      case .failure(let error):
        counts.failures += Self.ladder.count * seeds.count
        note(error.diagnostics.first, in: &records[places[owner]])
        continue
      }
      if evaluations.contains(where: { $0.end == .interrupted }) { return nil }
      for failed in evaluations where failed.end == .failed {
        counts.failures += 1
        note(failed.failure, in: &records[places[owner]])
      }
      let values = evaluations.map { SearchTask.loss($0, limited: limit != nil) }
      found[owner] = Self.ladder.indices.map { rate in
        values[(rate * seeds.count)..<((rate + 1) * seeds.count)].reduce(0, +) / Double(seeds.count)
      }
    }
    return found
  }

  private func note(_ failure: Diagnostic?, in record: inout ProgramRecord) {
    guard record.problem == nil, let failure else { return }
    record.problem = ([failure.message] + failure.notes.map(\.message)).joined(separator: "; ")
  }

  // MARK: Going on

  /// What `restore` needs besides the programs.
  package var state: EvolutionState {
    EvolutionState(
      batches: batches, idle: idle, oldest: oldest, counts: counts, recent: recent,
      population: population)
  }

  /// Takes up a program that ran before, one after the other. Some are missing where a journal was pruned.
  package func restore(_ record: ProgramRecord) {
    sources.skip(to: record.number)
    enter(record)
  }

  /// Takes up a search where it was after a batch: how many programs there were, all of which were restored, and its state.
  package func restore(_ count: Int, _ state: EvolutionState) {
    sources.skip(to: count)
    programs = count
    batches = state.batches
    idle = state.idle
    oldest = state.oldest
    counts = state.counts
    recent = state.recent
    isExhausted = idle > Self.mostIdle
    population = state.population
  }
}

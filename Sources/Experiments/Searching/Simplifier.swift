import Basics
import Diagnostics
import IR
import Laboratory
import Lowering
import Runtime
import Search
import Symbolic
import Training

/// Takes out of a rule what it does without: first by rewrites that are proved, then what neither helps nor hurts on
/// some tasks, then digits of numbers. Each step says on which ground it stands.
package struct Simplifier {
  /// Why a step may be made.
  package enum Ground: Sendable {
    /// By the algebra, in its words.
    case proved(String)
    /// No proof and no difference on so many probes.
    case probes(Int)
    /// The mean of the logarithm of the ratio of losses, with its 95 % interval over pairs of seeds.
    case notWorse(MeanInterval, pairs: Int)

    package var text: String {
      switch self {
      case .proved(let words): words
      case .probes(let count): "no difference found on \(count) probes"
      case .notWorse(let interval, let pairs):
        "not worse: \(NumberText.short(interval.mean)) ± \(NumberText.short(interval.halfWidth)) over \(pairs) pairs"
      }
    }
  }

  package struct Step: Sendable {
    package var what: String
    package var ground: Ground
    package var after: Genome
  }

  package struct Result: Sendable {
    package var start: Genome
    package var steps: [Step] = []
    package var rate: Double
    package var wasInterrupted = false
    package var program: Genome { steps.last?.after ?? start }
  }

  private let tasks: [SearchTask]
  private let frame: RateFrame
  private let seeds: [UInt64]
  private let threads: Int
  private let interrupt: InterruptSource
  /// What may be lost at most, fixed before anything is measured: of the logarithm of the loss.
  private let margin: Double
  private let probe = ProbeRun()
  private let progress: (String) -> Void

  package init(
    _ tasks: [SearchTask], _ frame: RateFrame, pairs: Int, margin: Double, seed: UInt64,
    threads: Int, interrupt: InterruptSource, progress: @escaping (String) -> Void
  ) {
    self.tasks = tasks
    self.frame = frame
    self.margin = margin
    self.threads = threads
    self.interrupt = interrupt
    self.progress = progress
    seeds = Search.seeds(seed, pairs, salt: 3_000)
  }

  /// Throws what running the rule throws.
  package func run(_ start: Genome, rate: Double) throws(DiagnosticError) -> Result {
    var result = Result(start: start, rate: rate)
    let plain = start.rewritten()
    if plain != start, let ground = proof(start, plain) {
      result.steps.append(Step(what: "exact rewrites", ground: ground, after: plain))
    }
    if tasks.isEmpty { return result }
    // Steps are measured against the rule as it came, or many small losses would add up.
    guard let known = try losses(result.program, rate) else {
      result.wasInterrupted = true
      return result
    }
    var isChanged = true
    while isChanged {
      isChanged = false
      for (what, candidate) in changes(result.program) {
        if interrupt.isRequested() {
          result.wasInterrupted = true
          return result
        }
        progress("\(result.program.nodes.count) operations; without \(what)?")
        guard let ground = try ground(result.program, candidate, known, rate) else { continue }
        result.steps.append(Step(what: what, ground: ground, after: candidate))
        isChanged = true
        break
      }
    }
    return result
  }

  /// What two programs have in common for all gradients; nil where they differ or where it is not known.
  private func proof(_ x: Genome, _ y: Genome) -> Ground? {
    guard let a = x.rule("Before", frame), let b = y.rule("After", frame) else { return nil }
    let comparison = a.compared(with: b)
    switch comparison.verdict {
    case .equal, .equalWhere: return .proved(ComparisonText.headline(comparison))
    case .undecided(let probes) where probes > 0: return .probes(probes)
    default: return nil
    }
  }

  private func ground(
    _ current: Genome, _ candidate: Genome, _ known: Measured, _ rate: Double
  ) throws(DiagnosticError) -> Ground? {
    guard candidate.flaw == nil, case .moves(let print, _) = probe.run(candidate, isLong: true)
    else {
      return nil
    }
    if case .moves(print, _) = probe.run(current, isLong: true),
      let ground = proof(current, candidate)
    {
      return ground
    }
    guard let found = try losses(candidate, rate) else { return nil }
    // Pair by pair: a task and a seed.
    let differences = zip(found.scores, known.scores).map { $0 - $1 }
    guard differences.allSatisfy(\.isFinite) else { return nil }
    let interval = MeanInterval(differences)
    guard interval.mean + interval.halfWidth <= margin else { return nil }
    return .notWorse(interval, pairs: differences.count)
  }

  private struct Measured {
    /// By task and seed, at the rate that is best for the task.
    var scores: [Double]
  }

  /// Nil where it was interrupted.
  private func losses(_ program: Genome, _ rate: Double) throws(DiagnosticError) -> Measured? {
    guard let rule = program.rule("Candidate", frame) else {
      return Measured(scores: tasks.flatMap { _ in seeds.map { _ in .infinity } })
    }
    var scores: [Double] = []
    for task in tasks {
      let trials = [0.1, 0.3, 1, 3, 10].map {
        TaskEvaluator.Trial(rule, settings: [[(0, rate * $0)]], seeds: seeds)
      }
      var best: [Double]?
      for outcome in try task.evaluator.outcomes(trials, threads: threads) {
        guard case .success(let evaluations) = outcome else { continue }
        if evaluations.contains(where: { $0.end == .interrupted }) { return nil }
        let values = evaluations.map {
          SearchTask.score(SearchTask.loss($0), against: task.baseline)
        }
        if values.reduce(0, +) < best?.reduce(0, +) ?? .infinity { best = values }
      }
      scores += best ?? seeds.map { _ in .infinity }
    }
    return Measured(scores: scores)
  }

  // MARK: Changes

  /// Programs with less in them, those that lose most first.
  private func changes(_ program: Genome) -> [(String, Genome)] {
    var found: [(String, Genome)] = []
    func add(_ what: String, _ candidate: Genome) {
      let clean = candidate.cleaned().rewritten()
      guard clean != program, clean.flaw == nil, Self.size(clean) < Self.size(program) else {
        return
      }
      if !found.contains(where: { $0.1 == clean }) { found.append((what, clean)) }
    }
    for i in program.nodes.indices {
      let node = program.nodes[i]
      for k in 0..<node.arity where program.isTruth(node[k]) == program.isTruth(.node(i)) {
        var candidate = program
        candidate.replace(.node(i), by: node[k])
        add("`\(node.operation.info.name)`", candidate)
      }
    }
    for k in program.states.indices {
      var candidate = program
      candidate.replace(.state(k), by: .gradient)
      candidate.states[k].next = .gradient
      add("the state `\(Genome.stateNames[k])`", candidate)
    }
    found.sort { Self.size($0.1) < Self.size($1.1) }
    for k in program.numbers.indices {
      for shorter in Self.shorter(program.numbers[k]) {
        var candidate = program
        candidate.numbers[k] = shorter
        candidate = candidate.cleaned()
        if candidate.flaw == nil {
          found.append(
            ("digits of \(NumberText.shortest(program.numbers[k]))", candidate))
        }
      }
    }
    return found
  }

  private static func size(_ program: Genome) -> Int {
    program.nodes.count + 2 * program.states.count + program.numbers.count
  }

  /// The same with fewer digits, the fewest first.
  static func shorter(_ x: Double) -> [Double] {
    guard x != 0, x.isFinite else { return [] }
    var found: [Double] = []
    let digits = NumberText.shortest(abs(x)).filter(\.isNumber).drop { $0 == "0" }.count
    for count in 1..<max(digits, 1) where count < 4 {
      // Of a share near 1 what is missing to 1 is rounded.
      let rounded =
        x > 0.5 && x < 1
        ? 1 - value(1 - x, digits: count) : value(x, digits: count)
      let short = value(rounded, digits: 12)
      if short != x, !found.contains(short) { found.append(short) }
    }
    return found
  }

  private static func value(_ x: Double, digits: Int) -> Double {
    Double(NumberText.significant(x, digits: digits)) ?? x
  }
}

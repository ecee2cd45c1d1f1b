import Basics
import Diagnostics
import Driver
import Foundation
import IR
import Runtime
import Symbolic
import Testing

@testable import Laboratory

/// What the laboratory says of generated rules against simulation: `make laboratory` asks for 1,000,
/// RAVINE_RULES for as many as it says, from RAVINE_SEED on.
@Suite struct LaboratoryCampaign {
  static let count = SoundnessTests.variable("RAVINE_RULES").flatMap { Int($0) } ?? 60
  static let firstSeed =
    SoundnessTests.variable("RAVINE_RULES") == nil
    ? 1 : SoundnessTests.variable("RAVINE_SEED").flatMap { UInt64($0) } ?? 1

  static let dims = [2, 3]
  static let start = [0.5, -1, 2, 0.125, -0.25, 1]

  /// One step after another on given gradients; `keepsWeights`: each from the first weights.
  struct Simulation {
    /// Before the first step and after each.
    var states: [[[Double]]] = []
    var weights: [[Double]] = []

    init(
      _ rule: Rule, _ gradients: [[Double]], from start: [Double] = start, values: [Double]? = nil,
      keepsWeights: Bool = false
    ) throws {
      let row = try values ?? rule.hypers(step: 1, horizon: gradients.count)
      var walk = try RuleWalk(
        rule.module, variant: 0, from: Dense(shape: dims, values: start), hypers: row,
        horizon: gradients.count)
      let slots = rule.module.variants[0].states
      func full(_ states: [Dense]) -> [[Double]] {
        zip(slots, states).flatMap { LaboratoryCampaign.entries($0, $1) }
      }
      states = [full(walk.states)]
      weights = [start]
      for (k, gradient) in gradients.enumerated() {
        var environment = try walk.environment(
          step: k + 1, hypers: row, loss: 1, gradient: Dense(shape: dims, values: gradient)
        ) { _, lengths in Dense.filled(lengths, 1) }
        if keepsWeights { environment.parameters = [Dense(shape: dims, values: start)] }
        try walk.step(environment) { _ in OracleAnswer(loss: 1, gradients: []) }
        states.append(full(walk.states))
        weights.append(walk.weights.values)
      }
    }
  }

  /// The entries of a state's stack or window, each in full.
  static func entries(_ slot: StateSlot, _ x: Dense) -> [[Double]] {
    let count = x.shape.prefix(slot.shape.axes.count).reduce(1, *)
    let length = x.values.count / count
    return (0..<count).map { k in
      full(Dense(shape: [length], values: Array(x.values[(k * length)..<((k + 1) * length)])))
    }
  }

  static func full(_ x: Dense) -> [Double] {
    x.values.count == 1 ? Array(repeating: x.values[0], count: 6) : x.values
  }

  static func near(_ x: Double, _ y: Double, _ tolerance: Double = 1e-9) -> Bool {
    x == y || abs(x - y) <= tolerance * (1 + abs(x) + abs(y))
  }

  static func gradients(_ steps: Int, _ seed: UInt64) -> [[Double]] {
    var random = SplitMix64(seed)
    return (0..<steps).map { _ in (0..<6).map { _ in random.normal() } }
  }

  static func evaluator(_ algebra: RuleAlgebra) -> Evaluator {
    var evaluator = Evaluator(algebra.table, rows: 2, cols: 3)
    for (symbol, _, typical) in algebra.setting.symbols { evaluator.set(symbol, typical ?? 0.5) }
    return evaluator
  }

  /// How much was compared.
  struct Counts {
    var unrolled = 0
    var closed = 0
    var bounds = 0
    var yes = 0
    var no = 0
    var units = 0
    var steady = 0
  }

  // MARK: The questions

  /// The first four values of each state, as terms, against the states of a run.
  static func unrolled(_ algebra: RuleAlgebra, _ rule: Rule, _ text: String) throws -> Int {
    let given = gradients(4, 11)
    let run = try Simulation(rule, given)
    var compared = 0
    for k in algebra.rule.states.indices {
      guard let terms = try? StateHistory.unrolled(algebra.rule, state: k, steps: 4) else {
        continue
      }
      var evaluator = evaluator(algebra)
      for n in 1...4 {
        for (name, role, values) in [
          ("g", Symbol.Role.gradient, given[n - 1]), ("w", .weight, run.weights[n - 1]),
        ] {
          var symbol = Symbol("\(name)_\(n)", role, spread: .like)
          symbol.variant = n
          evaluator.set(algebra.table.symbol(symbol), values)
        }
      }
      for n in 1...4 {
        guard let values = evaluator.values(terms[n - 1]) else { continue }
        for i in 0..<6 {
          let said = values.count == 1 ? values[0] : values[i]
          let is_ = run.states[n][k][i]
          #expect(near(said, is_), "unrolled \(n): \(said) and \(is_)\n\(text)")
          compared += 1
        }
      }
    }
    return compared > 0 ? 1 : 0
  }

  /// s_t = a s_(t−1) + b u_t at all steps, with the a, b and u that are told.
  static func closed(_ algebra: RuleAlgebra, _ rule: Rule, _ text: String) throws -> Int {
    let given = gradients(30, 12)
    let run = try Simulation(rule, given)
    var compared = 0
    for (k, state) in algebra.rule.states.enumerated() {
      guard let history = try? algebra.history(of: state.name),
        algebra.table.symbols(in: [history.source]).allSatisfy({ symbol in
          algebra.table.symbol(of: symbol)?.role != .state
        })
      else { continue }
      for n in (history.first == nil ? 1 : 2)...30 {
        var evaluator = evaluator(algebra)
        evaluator.set(algebra.rule.gradient, given[n - 1])
        evaluator.set(algebra.rule.weight, run.weights[n - 1])
        evaluator.set(algebra.rule.laterStep, Double(n))
        guard let a = evaluator.number(history.share), let b = evaluator.values(history.weight),
          let u = evaluator.values(history.source)
        else { continue }
        for i in 0..<6 {
          let said =
            a * run.states[n - 1][k][i]
            + (b.count == 1 ? b[0] : b[i]) * (u.count == 1 ? u[0] : u[i])
          let is_ = run.states[n][k][i]
          #expect(near(said, is_), "closed \(n): \(said) and \(is_)\n\(history.text)\n\(text)")
          compared += 1
        }
      }
    }
    return compared > 0 ? 1 : 0
  }

  /// Hyperparameters, states, weights and gradients in other units: the walk is the same in those.
  static func units(_ algebra: RuleAlgebra, _ rule: Rule, _ text: String) throws -> Int {
    let units = algebra.units()
    guard units.conflict == nil, units.constants.isEmpty,
      units.hypers.allSatisfy({ $0.dimension != nil })
    else { return 0 }
    // Powers of 4, whose roots are exact: what a sign makes of rounding is then the same in both units.
    let (a, b) = (4.0, 16.0)
    func factor(_ dimension: Units.Dimension) -> Double {
      Foundation.pow(a, dimension.weight.approximation)
        * Foundation.pow(b, dimension.loss.approximation)
    }
    let given = gradients(12, 13)
    let plain = try rule.hypers(step: 1, horizon: 12)
    var scaled = plain
    for (k, (_, dimension)) in units.hypers.enumerated() { scaled[k] *= factor(dimension!) }
    guard
      zip(rule.module.hypers, scaled).allSatisfy({ $0.domain?.contains($1) ?? true })
    else { return 0 }
    let first = try Simulation(rule, given, values: plain)
    let second = try Simulation(
      rule, given.map { $0.map { $0 * b / a } }, from: start.map { $0 * a }, values: scaled)
    for n in 0...12 {
      for i in 0..<6 where first.weights[n][i].isFinite {
        let (x, y) = (a * first.weights[n][i], second.weights[n][i])
        #expect(near(x, y), "units, step \(n): \(x) and \(y)\n\(text)")
      }
    }
    return 1
  }

  /// The move and the states after long under one gradient.
  static func steady(_ algebra: RuleAlgebra, _ rule: Rule, _ text: String) throws -> Int {
    guard let steady = try? algebra.steadyState() else { return 0 }
    let gradient = [1, -0.5, 0.25, 2, -1, 0.75]
    let steps = 2_000
    let run = try Simulation(
      rule, Array(repeating: gradient, count: steps), keepsWeights: true)
    var evaluator = evaluator(algebra)
    evaluator.set(algebra.rule.gradient, gradient)
    evaluator.set(algebra.rule.weight, start)
    // A limit may be approached like 1 / t; what moves with t is not told as a number.
    evaluator.set(algebra.rule.laterStep, Double(steps))
    guard let update = evaluator.values(steady.update) else { return 0 }
    /// What is approached like 1 / t is not there yet: then twice the later less the earlier is.
    func isLimit(_ said: Double, _ late: Double, _ early: Double) -> Bool {
      near(said, late, 5e-3) || near(said, 2 * late - early, 5e-3)
    }
    for i in 0..<6 {
      let said = update.count == 1 ? update[0] : update[i]
      let is_ = run.weights[steps][i] - start[i]
      let early = run.weights[steps / 2][i] - start[i]
      #expect(isLimit(said, is_, early), "steady: \(said) and \(is_)\n\(text)")
    }
    for (name, value) in steady.states {
      guard let k = algebra.rule.states.firstIndex(where: { $0.name == name }),
        let values = evaluator.values(value)
      else { continue }
      for i in 0..<6 {
        let said = values.count == 1 ? values[0] : values[i]
        let is_ = run.states[steps][k][i]
        let early = run.states[steps / 2][k][i]
        #expect(isLimit(said, is_, early), "steady \(name): \(said) and \(is_)\n\(text)")
      }
    }
    return 1
  }

  @Test func whatIsSaidOfGeneratedRulesHolds() throws {
    var counts = Counts()
    for seed in Self.firstSeed..<Self.firstSeed + UInt64(Self.count) {
      var generator = RuleGenerator(seed)
      let text = generator.rule()
      let compiler = Compiler()
      let found = compiler.add(name: "made.opt", bytes: Array(text.utf8))
      guard !found.contains(where: { $0.severity == .error }) else {
        Issue.record("\(seed): \(found.map(\.message))\n\(text)")
        continue
      }
      let rule = try compiler.rule("Made")
      guard let algebra = try? RuleAlgebra(rule) else { continue }
      counts.unrolled += try Self.unrolled(algebra, rule, text)
      counts.closed += try Self.closed(algebra, rule, text)
      counts.units += try Self.units(algebra, rule, text)
      counts.steady += try Self.steady(algebra, rule, text)
      if let bounds = try ContentCampaign.checkBounds("Made", compiler), bounds.has {
        counts.bounds += 1
      }
      for finding in (try? algebra.invariance()) ?? [] {
        switch finding.holds {
        case true?:
          let witness = rule.witness(against: finding.change)
          #expect(witness == nil, "\(finding.property): \(witness ?? "")\n\(text)")
          counts.yes += 1
        case false?: counts.no += 1
        case nil: break
        }
      }
    }
    if Self.count > 100 { print(counts) }
    let share = Self.count / 10
    for (what, count) in [
      ("unrolled", counts.unrolled), ("closed", counts.closed), ("bounds", counts.bounds),
      ("yes", counts.yes), ("no", counts.no), ("units", counts.units), ("steady", counts.steady),
    ] { #expect(count >= share, "\(what): \(count)") }
  }
}

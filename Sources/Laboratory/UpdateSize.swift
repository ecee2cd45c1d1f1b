import Basics
import Diagnostics
import IR
import Platform
import Runtime
import Symbolic

/// How large the updates of a rule are under gradients that are independent and of variance 1.
package struct UpdateSize: Sendable {
  /// The root mean square of w' − w at the rule's own hyperparameters.
  package var value: Double
  /// Twice the standard error, where it is measured; nil where it is computed.
  package var error: Double?
  /// Whether runs four times as long have updates of the same size; nil where none were made.
  package var isSettled: Bool? = true
  /// The same as an expression of the hyperparameters, for linear rules and those of signs.
  package var symbolic: String?
  /// Runs that were measured, none where it is computed, and the steps of each; the later half counts.
  package var runs = 0
  package var steps = 0

  /// Steps and runs: longer ones as long as they say something else. Averages over thousands of steps settle late.
  package static let lengths = [(steps: 400, runs: 20), (1_600, 8), (6_400, 4)]
  /// For rules that are one of thousands.
  package static let brief = [(steps: 400, runs: 4)]
  /// What all runs of a length may compute together, as the reference evaluator counts it. One whose steps are long
  /// is measured on three runs or more, to an error that is told.
  fileprivate static let work = 8_000_000
  /// The interpreter does so much more in that time: 50 times for a rule of some 25 operations.
  fileprivate static let speed = 50
  /// No run goes on after this.
  fileprivate static let workOfRun = 400_000_000
}

extension Rule {
  /// The size of a rule's updates, without decay: what a learning rate is worth.
  ///
  /// Throws the diagnostics of a rule that cannot be run.
  package func updateSize(
    _ lengths: [(steps: Int, runs: Int)] = UpdateSize.lengths
  ) throws(DiagnosticError) -> UpdateSize {
    if let own = try? RuleAlgebra(self), let size = own.updateSize, let value = own.number(size) {
      return UpdateSize(value: value, error: nil, symbolic: own.printer.factored(size))
    }
    var found: UpdateSize?
    for (steps, runs) in lengths {
      let (size, isWhole, work) = try updateSize(steps: steps, runs: runs)
      guard let before = found else {
        found = size
        // What is slow is not run for longer.
        if !isWhole || !size.value.isFinite || 2 * work > UpdateSize.work { break }
        continue
      }
      // Stopped: what is known stands.
      if !isWhole { break }
      let apart = abs(size.value - before.value)
      let errors = (size.error ?? 0) + (before.error ?? 0)
      found = size
      let isSettled = apart <= max(errors, 0.002 * size.value)
      found?.isSettled = isSettled
      if isSettled { break }
    }
    return found!
  }

  /// Measured on runs of so many steps; whether all of them were run, and what that took.
  private func updateSize(
    steps: Int, runs: Int
  ) throws(DiagnosticError) -> (UpdateSize, isWhole: Bool, work: Int) {
    let start = [Double](repeating: 0, count: 30)
    var squares: [Double] = []
    let limits = TermLimits.current
    var left = UpdateSize.work
    // Of one step of the interpreter.
    var cost: Int?
    var length = steps
    for run in 0..<runs where squares.count < 3 || (left > 0 && !limits.areReached) {
      var random = SplitMix64(20 + UInt64(run))
      let gradients = (0..<steps).map { _ in (0..<30).map { _ in Self.normal(&random) } }
      let walk: [[Double]]
      if isPlain {
        if cost == nil {
          cost = try ReferenceProbe.walk(
            self, values: try hypers(steps: 1), dims: [6, 5], horizon: 1, from: start,
            [gradients[0]]
          ).work
          length = min(steps, max(2, UpdateSize.workOfRun / max(1, cost!)))
        }
        left -= cost! * length / UpdateSize.speed
        walk = try interpreted(gradients.prefix(length), horizon: steps, seed: UInt64(run))
      } else {
        let (slow, work) = try ReferenceProbe.walk(
          self, values: try hypers(steps: steps), dims: [6, 5], horizon: steps, from: start,
          gradients)
        left -= work
        walk = slow
      }
      length = walk.count
      // The first half is warm-up.
      var total = 0.0
      let late = max(1, walk.count / 2)..<max(1, walk.count)
      for step in late {
        for k in 0..<30 {
          total += (walk[step][k] - walk[step - 1][k]) * (walk[step][k] - walk[step - 1][k])
        }
      }
      squares.append(total / Double(30 * max(late.count, 1)))
    }
    let n = Double(squares.count)
    let mean = squares.reduce(0, +) / n
    let variance = squares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(n - 1, 1)
    let root = mean.squareRoot()
    // The error of a root is that of its square over twice the root.
    let error = root > 0 ? (variance / n).squareRoot() / root : 0
    let size = UpdateSize(
      value: root, error: error, isSettled: nil, symbolic: nil, runs: squares.count,
      steps: length)
    return (size, squares.count == runs, UpdateSize.work - left)
  }

  /// Whether gradients are all that it asks for.
  private var isPlain: Bool {
    module.axes.isEmpty
      && module.variants.allSatisfy { variant in
        variant.inputs.isEmpty
          && !variant.update.instructions.contains {
            $0.operation.operationClass == .oracle || $0.operation == .loss
          }
      }
  }

  /// The weights after each step from 0 by the interpreter, in float64.
  private func interpreted(
    _ gradients: ArraySlice<[Double]>, horizon: Int, seed: UInt64
  ) throws(DiagnosticError) -> [[Double]] {
    let optimizer = try Optimizer(
      self, parameters: [ParameterSpec(name: "w", dims: [6, 5])], elementType: .float64, seed: seed,
      horizon: horizon, threads: 1)
    let count = 30
    let memory = UnsafeMutablePointer<Double>.allocate(capacity: 2 * count)
    defer { memory.deallocate() }
    memory.initialize(repeating: 0, count: 2 * count)
    try optimizer.initialise(parameters: [UnsafeMutableRawPointer(memory)])
    var walk: [[Double]] = []
    for gradient in gradients {
      if walk.count % 64 == 63, TermLimits.current.areReached { break }
      for k in 0..<count { memory[count + k] = gradient[k] }
      try optimizer.step(
        parameters: [UnsafeMutableRawPointer(memory)], gradients: [UnsafeRawPointer(memory + count)]
      )
      walk.append((0..<count).map { memory[$0] })
    }
    return walk
  }

  /// Box and Muller: twelve uniform numbers added have lighter tails, which a size shows.
  private static func normal(_ random: inout SplitMix64) -> Double {
    let radius = (-2 * log(1 - random.unit())).squareRoot()
    return radius * cos(2 * .pi * random.unit())
  }
}

extension RuleAlgebra {
  /// The size of the update under noise, where there is a formula: linear rules, and signs of what is
  /// not 0.
  fileprivate var updateSize: TermID? {
    if let noise = try? noise() { return table.power(noise.variance, .half) }
    guard let next = try? rule.general().weight else { return nil }
    let parts = table.monomials(table.reduced(table.subtract(next, rule.weight)))
    guard parts.count == 1 else { return nil }
    let (data, scale) = table.split(parts[0].monomial) { table.isData($0) }
    let term = table[data]
    guard term.kind == .apply, term.operation == .sign, !table.contains(scale, rule.step) else {
      return nil
    }
    return table.absolute(table.scale(scale, by: parts[0].weight))
  }

  /// The value of a term at the rule's own hyperparameters.
  fileprivate func number(_ term: TermID) -> Double? {
    var evaluator = Evaluator(table)
    for (symbol, _, typical) in setting.symbols {
      if let typical { evaluator.set(symbol, typical) }
    }
    return evaluator.number(term).flatMap { $0.isFinite ? $0 : nil }
  }
}

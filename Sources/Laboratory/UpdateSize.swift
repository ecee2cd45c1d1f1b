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
  /// Whether the later updates are as large as the earlier ones were.
  package var isSettled = true
  /// The same as an expression of the hyperparameters, for linear rules and those of signs.
  package var symbolic: String?
  /// Runs that were measured, none where it is computed.
  package var runs = 0

  fileprivate static let mostRuns = 20
  /// What all runs together may compute. Most rules take a few millions for all of theirs; one whose steps
  /// are long is measured on three runs or more, to an error that is told.
  fileprivate static let work = 8_000_000
}

extension Rule {
  /// The size of a rule's updates, without decay: what a learning rate is worth.
  ///
  /// Throws the diagnostics of a rule that cannot be run.
  package func updateSize() throws(DiagnosticError) -> UpdateSize {
    if let own = try? RuleAlgebra(self), let size = own.updateSize, let value = own.number(size) {
      return UpdateSize(value: value, error: nil, symbolic: own.printer.factored(size))
    }
    let steps = 400
    let values = try hypers(steps: steps)
    let start = [Double](repeating: 0, count: 30)
    var squares: [Double] = []
    var changes: [Double] = []
    let limits = TermLimits.current
    var left = UpdateSize.work
    for run in 0..<UpdateSize.mostRuns
    where squares.count < 3 || (left > 0 && !limits.areReached) {
      var random = SplitMix64(20 + UInt64(run))
      let gradients = (0..<steps).map { _ in (0..<30).map { _ in Self.normal(&random) } }
      let (walk, work) = try ReferenceProbe.walk(
        self, values: values, dims: [6, 5], horizon: steps, from: start, gradients)
      left -= work
      // The first half is warm-up.
      func square(_ steps: Range<Int>) -> Double {
        var total = 0.0
        for step in steps where step > 0 {
          for k in 0..<30 {
            total += (walk[step][k] - walk[step - 1][k]) * (walk[step][k] - walk[step - 1][k])
          }
        }
        return total / Double(30 * max(steps.count, 1))
      }
      let (early, late) = (
        square((walk.count / 2)..<(3 * walk.count / 4)), square((3 * walk.count / 4)..<walk.count)
      )
      squares.append((early + late) / 2)
      changes.append(late - early)
    }
    let n = Double(squares.count)
    let mean = squares.reduce(0, +) / n
    let variance = squares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(n - 1, 1)
    let root = mean.squareRoot()
    // The error of a root is that of its square over twice the root.
    let error = root > 0 ? (variance / n).squareRoot() / root : 0
    let change = changes.reduce(0, +) / n
    let spread = changes.reduce(0) { $0 + ($1 - change) * ($1 - change) } / max(n - 1, 1)
    let isSettled =
      error.isFinite && abs(change) <= max(5 * (spread / n).squareRoot(), 1e-3 * mean)
    return UpdateSize(
      value: root, error: error, isSettled: isSettled, symbolic: nil, runs: squares.count)
  }
}

extension Rule {
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

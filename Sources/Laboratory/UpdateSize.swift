import Basics
import Diagnostics
import IR
import Runtime
import Symbolic

/// How large the updates of a rule are under gradients that are independent and of variance 1.
package struct UpdateSize: Sendable {
  /// The root mean square of w' − w at the rule's own hyperparameters, measured.
  package var measured: Double
  /// The same as an expression of the hyperparameters, for linear rules.
  package var symbolic: String?
}

extension Rule {
  /// The size of a rule's updates, without decay: what a learning rate is worth.
  ///
  /// Throws the diagnostics of a rule that cannot be run.
  package func updateSize() throws(DiagnosticError) -> UpdateSize {
    let steps = 400
    let values = try hypers(steps: steps)
    let dims = [6, 5]
    var random = SplitMix64(20)
    let start = [Double](repeating: 0, count: 30)
    let gradients = (0..<steps).map { _ in (0..<30).map { _ in random.normal() } }
    let walk = try ReferenceProbe.walk(
      self, values: values, dims: dims, horizon: steps, from: start, gradients)
    var total = 0.0
    var count = 0
    // The first half is warm-up.
    for step in (walk.count / 2)..<walk.count where step > 0 {
      for k in 0..<30 {
        let move = walk[step][k] - walk[step - 1][k]
        total += move * move
        count += 1
      }
    }
    let own = try? RuleAlgebra(self)
    let noise = own.flatMap { try? $0.noise() }
    return UpdateSize(
      measured: count > 0 ? (total / Double(count)).squareRoot() : .nan,
      symbolic: noise.map {
        let root = $0.table.power($0.variance, .half)
        return TermPrinter($0.table).text(root)
      })
  }
}

import IR
import Runtime

/// What a run records of its own loop, beside what the objective measures.
package enum LoopSeries {
  /// The norm of the gradient of all parameters, before the step.
  package static let gradientNorm = "grad_norm"
  /// How long the change of all parameters is beside the parameters.
  package static let updateRatio = "update_ratio"
  /// Seconds since the run began.
  package static let time = "time"

  /// These, and the hyperparameters that follow a schedule, but for names that the objective has taken.
  package static func names(of rules: [Rule], besides taken: [String]) -> [String] {
    var result: [String] = []
    for name in rules.flatMap(scheduled) + [gradientNorm, updateRatio, time]
    where !taken.contains(name) && !result.contains(name) {
      result.append(name)
    }
    return result
  }

  private static func scheduled(_ rule: Rule) -> [String] {
    zip(rule.module.hypers, rule.bindings).filter { $1 == .scheduled }.map { $0.0.name }
  }
}

/// What a step did that was looked at; NaN where a rule asks for no gradient, and where nothing moved.
struct StepLook {
  var gradientNorm = Double.nan
  var updateRatio = Double.nan
}

extension TensorMemory {
  /// The norm of all numbers together. Where each tensor has a block for each worker, of their mean.
  func norm(workers: Int = 1) -> Double {
    var sum = 0.0
    for (k, pointer) in pointers.enumerated() {
      let count = counts[k] / workers
      for i in 0..<count {
        var x = 0.0
        for block in 0..<workers { x += elementType.read(pointer, block * count + i) }
        x /= Double(workers)
        sum += x * x
      }
    }
    return sum.squareRoot()
  }

  /// How far all numbers are from those of another with the same tensors, beside the other's norm.
  func change(since other: TensorMemory) -> Double {
    var sum = 0.0
    for (k, pointer) in pointers.enumerated() {
      for i in 0..<counts[k] {
        let x = elementType.read(pointer, i) - elementType.read(other.pointers[k], i)
        sum += x * x
      }
    }
    let norm = other.norm()
    return norm > 0 ? sum.squareRoot() / norm : .nan
  }
}

extension RunHistory {
  /// A value of the place that was recorded last; places that were passed over have NaN.
  mutating func observe(_ name: String, _ value: Double) {
    guard !x.isEmpty else { return }
    fillUp([name], to: x.count - 1)
    values[name, default: []].append(value)
  }

  /// NaN for what was not observed.
  mutating func fillUp(_ names: [String]) { fillUp(names, to: x.count) }

  private mutating func fillUp(_ names: [String], to count: Int) {
    for name in names {
      let missing = count - (values[name]?.count ?? 0)
      if missing > 0 {
        values[name, default: []].append(contentsOf: repeatElement(.nan, count: missing))
      }
    }
  }
}

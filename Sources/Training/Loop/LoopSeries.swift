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
      if workers == 1 {
        sum += squares(k)
        continue
      }
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
    let sum = pointers.indices.reduce(0) { $0 + squares($1, minus: other) }
    let norm = other.norm()
    return norm > 0 ? sum.squareRoot() / norm : .nan
  }

  /// The sum of the squares of a tensor's numbers, or of what they are more than another's.
  private func squares(_ tensor: Int, minus other: TensorMemory? = nil) -> Double {
    let (x, y) = (pointers[tensor], other?.pointers[tensor])
    switch elementType {
    case .float64:
      return Self.squares(
        x.assumingMemoryBound(to: Double.self), y?.assumingMemoryBound(to: Double.self),
        counts[tensor])
    case .float32:
      return Self.squares(
        x.assumingMemoryBound(to: Float.self), y?.assumingMemoryBound(to: Float.self),
        counts[tensor])
    default:
      return (0..<counts[tensor]).reduce(0) { sum, i in
        let d = elementType.read(x, i) - (y.map { elementType.read($0, i) } ?? 0)
        return sum + d * d
      }
    }
  }

  /// In four sums, which run beside each other.
  @inline(__always)
  private static func squares<T: BinaryFloatingPoint>(
    _ x: UnsafePointer<T>, _ y: UnsafePointer<T>?, _ count: Int
  ) -> Double {
    func four(_ z: UnsafePointer<T>, _ i: Int) -> SIMD4<Double> {
      SIMD4(Double(z[i]), Double(z[i + 1]), Double(z[i + 2]), Double(z[i + 3]))
    }
    var sums = SIMD4<Double>()
    let whole = count & ~3
    for i in stride(from: 0, to: whole, by: 4) {
      let d = y.map { four(x, i) - four($0, i) } ?? four(x, i)
      sums += d * d
    }
    return (whole..<count).reduce(sums.sum()) { sum, i in
      let d = Double(x[i]) - (y.map { Double($0[i]) } ?? 0)
      return sum + d * d
    }
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

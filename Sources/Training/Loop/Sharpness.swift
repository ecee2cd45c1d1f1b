import Basics
import Diagnostics
import Runtime

/// The largest eigenvalue of the Hessian of a loss over all examples, by Lanczos' method on products with it
/// in float64 (Golub and Van Loan, Matrix Computations, 10.1).
final class Sharpness {
  /// How far, of the value, the residual ‖H v − λ v‖ may be from 0: an eigenvalue lies that near.
  private static let tolerance = 1e-6
  /// The same of the largest magnitude of all: products in float64 tell no less.
  private static let precision = 1e-12
  private static let mostNumbers = 1 << 26

  /// A subspace is at most of so many vectors, and begun anew so often.
  var most = (vectors: 200, restarts: 20)

  private let evaluator: Evaluator
  private let point: TensorMemory
  private let directions: ArraySlice<UnsafeMutableRawPointer>
  private let products: TensorMemory
  private let size: Int
  private let horizon: Int
  private let seed: UInt64
  /// −1: of the negative Hessian.
  private var sign = 1.0
  /// Where the last search ended: weights change little between two measurements.
  private var last: [Double]?

  /// What a run that goes on elsewhere begins its next search with.
  var direction: [Double]? { last }

  /// Takes it up. False where it is of another length.
  func resume(_ direction: [Double]?) -> Bool {
    last = direction
    return direction.map { $0.count == size } ?? true
  }

  /// Nil without `bindings`, which are in float64 and shared by runs.
  convenience init?(
    _ bindings: Bindings?, seed: UInt64, horizon: Int
  ) throws(DiagnosticError) {
    guard let bindings else { return nil }
    try self.init(bindings, seed: seed, horizon: horizon)
  }

  init(_ bindings: Bindings, seed: UInt64, horizon: Int) throws(DiagnosticError) {
    let rows = bindings.train?.rows ?? 1
    let bound = try bindings.objective(
      rows: rows, needsGradient: true, isCompiled: false, isHessian: true)
    let counts = bound.parameters.map(\.count)
    point = TensorMemory(counts, .float64)
    products = TensorMemory(counts, .float64)
    let inputs = TensorMemory(bound.inputCounts, .float64)
    directions = inputs.pointers[bindings.objective.inputs.count...]
    evaluator = Evaluator(
      bound, seed: seed, bindings.train, inputs: inputs, gradients: products,
      threads: bindings.threads)
    evaluator.fill(Array(0..<rows)[...])
    size = counts.reduce(0, +)
    self.horizon = horizon
    self.seed = seed
  }

  /// At these parameters after so many steps, of the Hessian or of its negative; NaN where a product is not
  /// finite, and where the residual stays too large.
  func measure(
    at parameters: [[Double]], step: Int, isNegated: Bool = false
  ) throws(DiagnosticError) -> Double {
    let occasion = stand(at: parameters, step: step)
    if sign != (isNegated ? -1 : 1) { last = nil }
    sign = isNegated ? -1 : 1
    var start = beginning()
    var result = Double.nan
    for _ in 0..<most.restarts {
      let (value, vector, size) = try search(from: start, occasion)
      guard let vector else { return .nan }
      let product = try multiply(vector, occasion)
      let residual = Self.norm(zip(product, vector).map { $0 - value * $1 })
      start = vector
      let isNear = residual <= Self.tolerance * abs(value) || residual < 1e-280
      result = isNear || residual <= Self.precision * size ? value : .nan
      if isNear { break }
    }
    last = start
    return result
  }

  /// The mean of all eigenvalues, nearly: the mean of vᵀ H v over vectors of random signs (Hutchinson).
  func meanEigenvalue(at parameters: [[Double]], step: Int) throws(DiagnosticError) -> Double {
    let occasion = stand(at: parameters, step: step)
    sign = 1
    var random = SplitMix64(seed &+ 0x51)
    let probes = 16
    var sum = 0.0
    for _ in 0..<probes {
      let vector = (0..<size).map { _ in random.next() & 1 == 0 ? 1.0 : -1 }
      sum += Self.dot(try multiply(vector, occasion), vector)
    }
    return sum / Double(probes * max(1, size))
  }

  private func stand(at parameters: [[Double]], step: Int) -> Occasion {
    for (tensor, values) in parameters.enumerated() { point.write(values, to: tensor) }
    return Occasion(step: max(1, step), horizon: horizon, isTraining: false)
  }

  /// A random vector: what is orthogonal to the answer has no chance to be drawn. Half of it is where the last
  /// search ended.
  private func beginning() -> [Double] {
    var random = SplitMix64(seed &+ 0x5EED)
    var vector = (0..<size).map { _ in random.normal() }
    let length = Self.norm(vector)
    for i in vector.indices { vector[i] = vector[i] / length + (last?[i] ?? 0) }
    return vector
  }

  /// One run of Lanczos' method, each vector made orthogonal to all before it. The largest Ritz value and its
  /// vector, and a bound of all in magnitude; no vector where a product is not finite.
  private func search(
    from start: [Double], _ occasion: Occasion
  ) throws(DiagnosticError) -> (value: Double, vector: [Double]?, size: Double) {
    let most = max(1, min(size, self.most.vectors, Self.mostNumbers / max(1, size)))
    var basis = [Self.unit(start)]
    var matrix = Tridiagonal()
    while true {
      let v = basis[basis.count - 1]
      var next = try multiply(v, occasion)
      matrix.diagonal.append(Self.dot(next, v))
      // Twice is enough (Kahan and Parlett).
      for _ in 0..<2 {
        for other in basis {
          let share = Self.dot(next, other)
          for i in next.indices { next[i] -= share * other[i] }
        }
      }
      let length = Self.norm(next)
      guard length.isFinite, matrix.diagonal.allSatisfy(\.isFinite) else {
        return (.nan, nil, .nan)
      }
      let (value, weights) = matrix.largest
      let isSettled =
        length * abs(weights[weights.count - 1]) <= Self.tolerance / 4
        * max(abs(value), 1e-9 * matrix.size)
      if basis.count == most || isSettled || length <= 1e-14 * matrix.size {
        var vector = [Double](repeating: 0, count: size)
        for (weight, v) in zip(weights, basis) {
          for i in vector.indices { vector[i] += weight * v[i] }
        }
        return (value, Self.unit(vector), matrix.size)
      }
      matrix.beside.append(length)
      basis.append(next.map { $0 / length })
    }
  }

  private func multiply(
    _ vector: [Double], _ occasion: Occasion
  ) throws(DiagnosticError) -> [Double] {
    var position = 0
    for (pointer, count) in zip(directions, point.counts) {
      for i in 0..<count { ElementType.float64.write(vector[position + i], to: pointer, i) }
      position += count
    }
    _ = try evaluator.evaluate(at: point.pointers.map { UnsafeRawPointer($0) }, occasion)
    let product = products.counts.indices.flatMap { products.read($0) }
    return sign == 1 ? product : product.map { -$0 }
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
  }

  private static func norm(_ a: [Double]) -> Double {
    let scale = a.reduce(0) { max($0, abs($1)) }
    guard scale > 0, scale.isFinite else { return scale }
    return scale * a.reduce(0) { $0 + ($1 / scale) * ($1 / scale) }.squareRoot()
  }

  private static func unit(_ a: [Double]) -> [Double] {
    let length = norm(a)
    return length > 0 && length.isFinite ? a.map { $0 / length } : a
  }
}

/// A symmetric matrix of three diagonals.
struct Tridiagonal {
  var diagonal: [Double] = []
  var beside: [Double] = []

  /// At least as large as every eigenvalue is.
  var size: Double {
    diagonal.indices.reduce(0) { most, k in
      max(most, abs(diagonal[k]) + (k > 0 ? beside[k - 1] : 0) + (k < beside.count ? beside[k] : 0))
    }
  }

  /// The largest eigenvalue and its vector of length 1.
  var largest: (value: Double, vector: [Double]) {
    var low = diagonal.max() ?? 0
    var high = size
    // From above, all pivots of λ − T are positive as long as λ exceeds every eigenvalue (Sturm).
    while true {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high { break }
      if isAbove(middle) { high = middle } else { low = middle }
    }
    return (high, vector(of: high))
  }

  /// Whether the value exceeds every eigenvalue.
  private func isAbove(_ value: Double) -> Bool {
    var pivot = 1.0
    for k in diagonal.indices {
      pivot = value - diagonal[k] - (k > 0 ? beside[k - 1] * beside[k - 1] / pivot : 0)
      guard pivot > 0 || k == diagonal.count - 1 && pivot >= 0 else { return false }
    }
    return true
  }

  /// The vector of an eigenvalue by inverse iteration with row exchanges: the recurrence from row to row loses it where
  /// other eigenvalues are far larger in size (Wilkinson, The Algebraic Eigenvalue Problem, chapter 5).
  private func vector(of value: Double) -> [Double] {
    let n = diagonal.count
    let least = max(size * 0x1p-53, 1e-290)
    // Rows of the upper triangle: what stands on the diagonal, beside it and one further.
    var pivots = diagonal.map { $0 - value }
    var second = Array(beside.prefix(n - 1)) + [0]
    var third = [Double](repeating: 0, count: n)
    var factors = [Double](repeating: 0, count: n)
    var isExchanged = [Bool](repeating: false, count: n)
    for k in 0..<n - 1 {
      let below = beside[k]
      if abs(below) > abs(pivots[k]) {
        isExchanged[k] = true
        factors[k] = pivots[k] / below
        let (diagonal, beside) = (pivots[k + 1], second[k + 1])
        pivots[k + 1] = second[k] - factors[k] * diagonal
        second[k + 1] = -factors[k] * beside
        (pivots[k], second[k], third[k]) = (below, diagonal, beside)
      } else {
        if abs(pivots[k]) < least { pivots[k] = least }
        factors[k] = below / pivots[k]
        pivots[k + 1] -= factors[k] * second[k]
      }
    }
    if abs(pivots[n - 1]) < least { pivots[n - 1] = least }
    // Orthogonal to no vector but by chance.
    var x = (0..<n).map { 1 + Double($0 % 7) / 8 }
    for _ in 0..<4 {
      for k in 0..<n - 1 {
        if isExchanged[k] { x.swapAt(k, k + 1) }
        x[k + 1] -= factors[k] * x[k]
      }
      for k in (0..<n).reversed() {
        if k + 1 < n { x[k] -= second[k] * x[k + 1] }
        if k + 2 < n { x[k] -= third[k] * x[k + 2] }
        x[k] /= pivots[k]
      }
      let largest = x.reduce(0) { max($0, abs($1)) }
      for k in 0..<n { x[k] /= largest }
      let length = x.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for k in 0..<n { x[k] /= length }
    }
    return x
  }
}

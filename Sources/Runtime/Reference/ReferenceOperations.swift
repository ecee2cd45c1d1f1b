import Basics
import Diagnostics
import IR

/// What each operation gives, on whole tensors.
enum ReferenceOperations {
  /// The value of an instruction from its operands' values (several for decompositions).
  ///
  /// `select` on a scalar condition gets the taken arm alone.
  static func apply(
    _ function: Function, _ value: ValueID, _ x: [Dense], _ environment: ReferenceEnvironment
  ) throws(NumericError) -> [Dense] {
    let instruction = function[value]
    let shape = instruction.type.shape.numbers
    switch instruction.operation.operationClass {
    case .source(let kind):
      return [try source(kind, function, instruction, shape, x, environment)]
    case .elementwise:
      if x.count == 1, instruction.operation == .select { return [x[0].broadcast(to: shape)] }
      return [elementwise(instruction.operation, x, shape)]
    case .reduction(let kind):
      let scope = Scope(rawValue: instruction.attribute) ?? .all
      return [reduction(kind, x[0], scope, shape)]
    case .rowwise(let kind): return [rowwise(kind, x[0])]
    case .matrix(let kind):
      do throws(LinearAlgebraError) {
        return try matrix(kind, instruction, x)
      } catch { throw .linearAlgebra(error) }
    case .movement(let kind):
      let slices =
        instruction.operation == .slice || instruction.operation == .placeSlice
        ? function.slices[Int(instruction.attribute)] : []
      let window = function.window(instruction.operation, instruction.attribute)
      return [try movement(kind, x, shape, slices, window)]
    case .selection(let kind):
      if kind == .topKMask {
        let share = x[1].scalar
        guard share > 0, share <= 1 else { throw .share(share) }
      }
      return [selection(kind, x)]
    case .globalReduction, .oracle, .region:
      preconditionFailure("the run computes these, they meet other tensors")
    }
  }

  // MARK: Sources

  private static func source(
    _ kind: OperationClass.Source, _ function: Function, _ instruction: Instruction,
    _ shape: [Int], _ x: [Dense], _ environment: ReferenceEnvironment
  ) throws(NumericError) -> Dense {
    let slot = Int(instruction.attribute)
    switch kind {
    case .constant: return Dense(function.constants[slot])
    case .hyper: return Dense(environment.hypers[slot])
    case .free: return Dense(.nan)
    case .step: return Dense(Double(environment.step))
    case .horizon: return Dense(Double(environment.horizon))
    case .loss: return Dense(environment.loss)
    case .parameter: return environment.parameters[slot].reshaped(shape)
    case .gradient: return environment.gradients[slot].reshaped(shape)
    case .state: return environment.states[slot].reshaped(shape)
    case .input: return environment.inputs[slot].reshaped(shape)
    case .argument: return environment.arguments[slot].reshaped(shape)
    case .extent: return Dense(extent(instruction, x, environment))
    case .draw: return try draw(function.draws[slot], shape, x.first, environment)
    case .iota:
      let inner = Lengths.product(shape.dropFirst(slot + 1))
      let length = slot < shape.count ? shape[slot] : 1
      return make(shape) { Double($0 / inner % length) }
    case .identity: return make(shape) { $0 / shape[1] == $0 % shape[1] ? 1 : 0 }
    }
  }

  private static func extent(
    _ instruction: Instruction, _ x: [Dense], _ environment: ReferenceEnvironment
  ) -> Double {
    let tensor = x.first ?? environment.parameters.first ?? Dense(0)
    return switch ExtentKind(rawValue: instruction.attribute) {
    case .rows, .rowsOf, .batch: Double(tensor.rows)
    case .cols, .colsOf, .features: Double(tensor.cols)
    case .numel, .elementsOf: Double(tensor.count)
    case .rank, .groups, .workers, nil: Double(tensor.shape.count)
    }
  }

  private static func draw(
    _ draw: Draw, _ shape: [Int], _ argument: Dense?, _ environment: ReferenceEnvironment
  ) throws(NumericError) -> Dense {
    if let recorded = environment.recordedDraws[draw.name] {
      let count = Lengths.product(shape)
      if recorded.count == count { return recorded.reshaped(shape) }
      guard recorded.count == 1 else {
        throw .recordedDraw(name: draw.name, count: recorded.count, expected: count)
      }
      return .filled(shape, recorded.scalar)
    }
    let random = CounterRandom(
      seed: environment.seed,
      step: UInt32(truncatingIfNeeded: environment.drawStep ?? environment.step),
      tensor: draw.isGlobal ? CounterRandom.globalTensor : environment.tensor, site: draw.site)
    switch draw.distribution {
    case .normal: return make(shape) { random.normal(UInt64($0)) }
    case .uniform: return make(shape) { random.uniform(UInt64($0)) }
    case .rademacher: return make(shape) { random.rademacher(UInt64($0)) }
    case .exponential: return make(shape) { random.exponential(UInt64($0)) }
    case .bernoulli:
      let p = (argument ?? Dense(0.5)).broadcast(to: shape)
      return make(shape) { random.bernoulli(UInt64($0), p.values[$0]) }
    }
  }

  /// A tensor from a function of the element's number.
  static func make(_ shape: [Int], _ f: (Int) -> Double) -> Dense {
    Dense(shape: shape, values: (0..<Lengths.product(shape)).map(f))
  }

  // MARK: Elementwise

  private static func elementwise(_ operation: Operation, _ x: [Dense], _ shape: [Int]) -> Dense {
    var operands = [Double](repeating: 0, count: x.count)
    if x.allSatisfy({ $0.shape == shape || $0.shape.isEmpty }) {
      let strides = x.map { $0.shape.isEmpty ? 0 : 1 }
      return make(shape) { element in
        for i in x.indices { operands[i] = x[i].values[element * strides[i]] }
        return Folding.fold(operation, operands)!
      }
    }
    let index = x.map { BroadcastIndex(from: $0.shape, to: shape) }
    return make(shape) { element in
      for i in x.indices { operands[i] = x[i].values[index[i][element]] }
      return Folding.fold(operation, operands)!
    }
  }

  // MARK: Reductions and rows

  private static func reduction(
    _ kind: OperationClass.Reduction, _ x: Dense, _ scope: Scope, _ shape: [Int]
  ) -> Dense {
    let places = reductionPlaces(x.shape, scope)
    return make(shape) { element in reduce(kind, places(element).map { x.values[$0] }) }
  }

  /// The elements of a tensor of `shape` that an element of the result folds: outer × folded × inner,
  /// which every scope is.
  static func reductionPlaces(
    _ shape: [Int], _ scope: Scope
  ) -> (Int) -> LazyMapSequence<Range<Int>, Int> {
    let count = Lengths.product(shape)
    let (rows, cols) = (shape.first ?? 1, Lengths.product(shape.dropFirst()))
    let folded: Int
    let inner: Int
    switch scope {
    case .all: (folded, inner) = (count, 1)
    case .perRow: (folded, inner) = (shape.last ?? 1, 1)
    case .perColumn: (folded, inner) = shape.count == 2 ? (rows, cols) : (1, count)
    // Binding has made first axes of named ones.
    default: (folded, inner) = (rows, cols)
    }
    return { element in
      let start = element / inner * folded * inner + element % inner
      return (0..<folded).lazy.map { start + $0 * inner }
    }
  }

  /// A reduction of a list of numbers: sums pairwise, extrema with NaN as the winner.
  static func reduce(_ kind: OperationClass.Reduction, _ x: [Double]) -> Double {
    switch kind {
    case .fold(.sum): return pairwiseSum(x[...])
    case .fold(.maximum): return x.reduce(-.infinity) { Folding.fold(.maximum, [$0, $1])! }
    case .fold(.minimum): return x.reduce(.infinity) { Folding.fold(.minimum, [$0, $1])! }
    case .argMaximum: return Double(firstPeak(x) { $0 > $1 })
    case .argMinimum: return Double(firstPeak(x) { $0 < $1 })
    }
  }

  private static func pairwiseSum(_ x: ArraySlice<Double>) -> Double {
    if x.count <= 8 { return x.reduce(0, +) }
    let middle = x.startIndex + x.count / 2
    return pairwiseSum(x[..<middle]) + pairwiseSum(x[middle...])
  }

  /// The first entry that no other beats; the first NaN, if there is one.
  private static func firstPeak(_ x: [Double], _ beats: (Double, Double) -> Bool) -> Int {
    var best = 0
    for i in x.indices {
      if x[i].isNaN { return i }
      if beats(x[i], x[best]) { best = i }
    }
    return best
  }

  static func rowwise(_ kind: OperationClass.Rowwise, _ x: Dense) -> Dense {
    let length = x.shape.last ?? 1
    var result = x
    if length == 0 { return result }
    for start in stride(from: 0, to: x.count, by: length) {
      let row = Array(x.values[start..<(start + length)])
      let peak = reduce(.fold(.maximum), row)
      let exponentials = row.map { Folding.fold(.exponential, [$0 - peak])! }
      let total = reduce(.fold(.sum), exponentials)
      for i in row.indices {
        result.values[start + i] =
          switch kind {
          case .softmax: exponentials[i] / total
          case .logSoftmax: row[i] - peak - Folding.fold(.logarithm, [total])!
          }
      }
    }
    return result
  }

  // MARK: Matrices

  private static func matrix(
    _ kind: OperationClass.Matrix, _ instruction: Instruction, _ x: [Dense]
  ) throws(LinearAlgebraError) -> [Dense] {
    let a = x[0]
    let (m, n) = (a.rows, a.cols)
    let k = min(m, n)
    switch kind {
    case .product: return [product(a, x[1], instruction.type.shape.numbers)]
    case .transpose:
      let places = transposedPlaces(a.shape)
      return [make(instruction.type.shape.numbers) { a.values[places($0)] }]
    case .solve:
      let b = x[1]
      let workspace = LinearAlgebraWorkspace<Double>(for: .solve(n: n, columns: b.cols))
      var result = Dense.filled(b.shape, 0)
      try withPointers(&result) { y throws(LinearAlgebraError) in
        try LinearAlgebra.solve(a.values, b.values, n: n, columns: b.cols, into: y, workspace)
      }
      return [result]
    case .cholesky:
      var result = Dense.filled(a.shape, 0)
      try withPointers(&result) { y throws(LinearAlgebraError) in
        try LinearAlgebra.cholesky(a.values, n: n, into: y)
      }
      return [result]
    case .qr:
      let workspace = LinearAlgebraWorkspace<Double>(for: .qr(m: m, n: n))
      var (q, r) = (Dense.filled([m, k], 0), Dense.filled([k, n], 0))
      try LinearAlgebra.qr(a.values, m: m, n: n, q: &q.values, r: &r.values, workspace)
      return [q, r]
    case .eigh:
      let workspace = LinearAlgebraWorkspace<Double>(for: .eigh(n: n))
      var (values, vectors) = (Dense.filled([1, n], 0), Dense.filled([n, n], 0))
      try LinearAlgebra.eigh(
        a.values, n: n, values: &values.values, vectors: &vectors.values, workspace)
      return [values, vectors]
    case .svd:
      let workspace = LinearAlgebraWorkspace<Double>(for: .svd(m: m, n: n))
      var (u, s, v) = (
        Dense.filled([m, k], 0), Dense.filled([1, k], 0), Dense.filled([n, k], 0)
      )
      try LinearAlgebra.svd(
        a.values, m: m, n: n, u: &u.values, values: &s.values, v: &v.values,
        keepsSigns: instruction.attribute == SingularSigns.lapack.rawValue, workspace)
      return [u, s, v]
    }
  }

  private static func withPointers(
    _ x: inout Dense, _ body: (UnsafeMutablePointer<Double>) throws(LinearAlgebraError) -> Void
  ) throws(LinearAlgebraError) {
    try body(&x.values)
  }

  private static func product(_ a: Dense, _ b: Dense, _ shape: [Int]) -> Dense {
    let layout = StackLayout(a.shape, b.shape, shape)
    let (m, k, n) = (layout.rows, layout.depth, layout.columns)
    var c = Dense.filled(shape, 0)
    for p in 0..<layout.count {
      let (a0, b0, c0) = (layout.left[p] * m * k, layout.right[p] * k * n, p * m * n)
      for i in 0..<m {
        for l in 0..<k {
          let x = a.values[a0 + i * k + l]
          for j in 0..<n { c.values[c0 + i * n + j] += x * b.values[b0 + l * n + j] }
        }
      }
    }
    return c
  }

  /// Where each element of a transpose stands in a tensor of `shape`.
  static func transposedPlaces(_ shape: [Int]) -> (Int) -> Int {
    let (m, n) = (shape[shape.count - 2], shape[shape.count - 1])
    return { element in
      let (matrix, place) = (element / (m * n), element % (m * n))
      return matrix * m * n + place % m * n + place / m
    }
  }
}

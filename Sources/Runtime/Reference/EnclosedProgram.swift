import Diagnostics
import IR

/// A whole tensor of enclosures, row-major.
package struct EnclosedTensor: Sendable {
  package var shape: [Int]
  package var cells: [Enclosure]

  package init(shape: [Int], cells: [Enclosure]) {
    self.shape = shape
    self.cells = cells
  }

  /// Numbers that are what they are, without an error.
  package init(_ tensor: Dense) {
    self.init(shape: tensor.shape, cells: tensor.values.map { .init($0) })
  }

  init(_ scalar: Enclosure) { self.init(shape: [], cells: [scalar]) }

  var lows: Dense { Dense(shape: shape, values: cells.map(\.low)) }
  var highs: Dense { Dense(shape: shape, values: cells.map(\.high)) }
  var isExact: Bool { cells.allSatisfy { $0.isPoint } }
  var standing: Enclosure.Standing { cells.reduce(.defined) { max($0, $1.standing) } }

  func reshaped(_ target: [Int]) -> EnclosedTensor { EnclosedTensor(shape: target, cells: cells) }

  static func filled(_ shape: [Int], _ x: Enclosure) -> EnclosedTensor {
    EnclosedTensor(shape: shape, cells: [Enclosure](repeating: x, count: Lengths.product(shape)))
  }
}

/// What a function reads: as `ReferenceEnvironment`, with enclosures for what has an error.
package struct EnclosedEnvironment: Sendable {
  /// Step, horizon, loss, inputs and draws, which have none.
  package var exact: ReferenceEnvironment
  package var hypers: [Enclosure]
  package var parameter: EnclosedTensor
  package var states: [EnclosedTensor]
  var arguments: [EnclosedTensor] = []

  package init(
    exact: ReferenceEnvironment, hypers: [Enclosure], parameter: EnclosedTensor,
    states: [EnclosedTensor]
  ) {
    self.exact = exact
    self.hypers = hypers
    self.parameter = parameter
    self.states = states
  }
}

/// The meaning of functions with bounds on what rounding does to it, one function a tensor.
///
/// Every value is computed, in the order of the instructions; what has no result is marked, and a choice
/// leaves the marks of the other arm behind. Decompositions have no bounds.
package struct EnclosedProgram {
  private let functions: [Function]
  private let environments: [EnclosedEnvironment]
  private let oracle: EnclosedOracle?
  private var known: [[EnclosedTensor?]]
  private var tuples: [[Int: [EnclosedTensor]]]
  /// Elements computed so far.
  package private(set) var work = 0
  private var nextLook = EvaluationLimit.interval

  /// The objective at the points of all tensors.
  package typealias EnclosedOracle = (
    _ operation: Operation, _ points: [EnclosedTensor]
  ) -> (loss: Enclosure, gradients: [EnclosedTensor])

  package init(
    _ functions: [Function], _ environments: [EnclosedEnvironment], oracle: EnclosedOracle? = nil
  ) {
    self.functions = functions
    self.environments = environments
    self.oracle = oracle
    known = functions.map { [EnclosedTensor?](repeating: nil, count: $0.instructions.count) }
    tuples = functions.map { _ in [:] }
  }

  /// The outputs of each function. Throws what no value stands for: a decomposition that fails.
  package mutating func run() throws(NumericError) -> [[(
    target: OutputTarget, value: EnclosedTensor
  )]] {
    var next = functions.map { _ in 0 }
    var isDone = false
    while !isDone {
      isDone = true
      for tensor in functions.indices {
        while next[tensor] < functions[tensor].instructions.count,
          try compute(tensor, ValueID(next[tensor]))
        {
          next[tensor] += 1
          isDone = false
        }
      }
    }
    return functions.enumerated().map { tensor, function in
      function.outputs.compactMap { output in
        known[tensor][output.value.index].map { (output.target, $0) }
      }
    }
  }

  /// False where a value waits for another tensor.
  private mutating func compute(_ tensor: Int, _ value: ValueID) throws(NumericError) -> Bool {
    let function = functions[tensor]
    let instruction = function[value]
    let shape = instruction.type.kind == .tuple ? [] : instruction.type.shape.numbers
    let group = instruction.operation.info.operationClass
    if instruction.operation == .project {
      known[tensor][value.index] = tuples[tensor][instruction.a.index]![Int(instruction.attribute)]
      return true
    }
    if instruction.operation.isBarrier {
      guard let points = points(instruction, tensor) else { return false }
      known[tensor][value.index] =
        if case .globalReduction(let fold) = group {
          EnclosedTensor(Self.folded(.fold(fold), points.map { $0.cells[0] }))
        } else { ask(instruction, points, tensor, shape) }
      return true
    }
    let x = function.operands(value).map { known[tensor][$0.index]! }
    let count = x.reduce(Lengths.product(shape)) { max($0, $1.cells.count) }
    // Some operations for each that floating point takes.
    work += 8 + 6 * count * (instruction.operation.isOfMatrices ? x[0].lows.cols : 1)
    if work >= nextLook {
      nextLook = work + EvaluationLimit.interval
      if EvaluationLimit.isReached() { throw .stopped }
    }
    switch group {
    case .source: known[tensor][value.index] = try source(tensor, value, x, shape)
    case .elementwise:
      let index = x.map { BroadcastIndex(from: $0.shape, to: shape) }
      known[tensor][value.index] = Self.make(shape) { element in
        Enclosure.fold(
          instruction.operation, x.indices.map { x[$0].cells[index[$0][element]] })
      }
    case .reduction(let kind):
      let places = ReferenceOperations.reductionPlaces(
        x[0].shape, Scope(rawValue: instruction.attribute) ?? .all)
      known[tensor][value.index] = Self.make(shape) { element in
        Self.folded(kind, places(element).map { x[0].cells[$0] })
      }
    case .rowwise(let kind): known[tensor][value.index] = Self.rowwise(kind, x[0])
    case .matrix(let kind) where !kind.isDecomposition:
      known[tensor][value.index] = Self.matrix(kind, x, shape)
    case .movement(let kind):
      known[tensor][value.index] = try Self.movement(kind, function, instruction, x, shape)
    case .selection(let kind): known[tensor][value.index] = try Self.selection(kind, x)
    case .region: try loop(tensor, value)
    default:
      // Shapes from the reference, bounds from nobody.
      let results = try ReferenceOperations.apply(
        function, value, x.map(\.lows), environments[tensor].exact)
      let unknown = results.map { EnclosedTensor.filled($0.shape, .all.with(x[0].standing)) }
      if instruction.type.kind == .tuple {
        tuples[tensor][value.index] = unknown
      } else {
        known[tensor][value.index] = unknown[0]
      }
    }
    return true
  }

  private static func make(_ shape: [Int], _ f: (Int) -> Enclosure) -> EnclosedTensor {
    EnclosedTensor(shape: shape, cells: (0..<Lengths.product(shape)).map(f))
  }

  // MARK: Other tensors

  /// The operands of a barrier in all tensors that have it; nil while one is not known.
  private func points(_ instruction: Instruction, _ tensor: Int) -> [EnclosedTensor]? {
    var result: [EnclosedTensor] = []
    for (k, function) in functions.enumerated() {
      let same = function.instructions.last {
        $0.operation == instruction.operation && $0.attribute == instruction.attribute
      }
      if let same {
        guard let x = known[k][same.a.index] else { return nil }
        result.append(x)
      } else if instruction.operation.info.operationClass == .oracle {
        let here = environments[k].parameter
        result.append(
          instruction.operation == .hessianProduct ? .filled(here.shape, Enclosure(0)) : here)
      }
    }
    return result
  }

  private func ask(
    _ instruction: Instruction, _ points: [EnclosedTensor], _ tensor: Int, _ shape: [Int]
  ) -> EnclosedTensor {
    guard let oracle else { return .filled(shape, .all) }
    let answer = oracle(instruction.operation, points)
    return instruction.operation == .lossAt
      ? EnclosedTensor(answer.loss) : answer.gradients[tensor].reshaped(shape)
  }

  // MARK: Operations

  private func source(
    _ tensor: Int, _ value: ValueID, _ x: [EnclosedTensor], _ shape: [Int]
  ) throws(NumericError) -> EnclosedTensor {
    let function = functions[tensor]
    let instruction = function[value]
    let environment = environments[tensor]
    let slot = Int(instruction.attribute)
    switch instruction.operation {
    case .constant: return EnclosedTensor(Enclosure(literal: function.constants[slot]))
    case .hyper: return EnclosedTensor(environment.hypers[slot])
    case .parameter: return environment.parameter.reshaped(shape)
    case .state: return environment.states[slot].reshaped(shape)
    case .argument: return environment.arguments[slot].reshaped(shape)
    default:
      let result = try ReferenceOperations.apply(function, value, x.map(\.lows), environment.exact)[
        0]
      let isUncertain = instruction.operation == .draw && !x.allSatisfy(\.isExact)
      return isUncertain ? .filled(shape, Enclosure(0, 1)) : EnclosedTensor(result)
    }
  }

  /// In the order of the reference engine, so that its sum is enclosed as well.
  static func folded(_ kind: OperationClass.Reduction, _ x: [Enclosure]) -> Enclosure {
    let standing = x.reduce(Enclosure.Standing.defined) { max($0, $1.standing) }
    switch kind {
    case .fold(.sum): return sum(x[...])
    case .fold(.maximum):
      return Enclosure(
        x.map(\.low).max() ?? -.infinity, x.map(\.high).max() ?? -.infinity, standing)
    case .fold(.minimum):
      return Enclosure(x.map(\.low).min() ?? .infinity, x.map(\.high).min() ?? .infinity, standing)
    case .argMaximum, .argMinimum:
      let key = kind == .argMinimum ? x.map { Enclosure(-$0.high, -$0.low) } : x
      let floor = key.map(\.low).max() ?? 0
      let candidates = key.indices.filter { key[$0].high >= floor }
      // Equal points: the first of them.
      let isCertain = candidates.allSatisfy { key[$0].isPoint }
      let last = isCertain ? candidates.first : candidates.last
      return Enclosure(Double(candidates.first ?? 0), Double(last ?? 0), standing)
    }
  }

  private static func sum(_ x: ArraySlice<Enclosure>) -> Enclosure {
    if x.count <= 8 { return x.reduce(Enclosure(0), +) }
    let middle = x.startIndex + x.count / 2
    return sum(x[..<middle]) + sum(x[middle...])
  }

  /// What moves along with its operand: softmax by the factor e^(2d) where that moves by d.
  private static func rowwise(_ kind: OperationClass.Rowwise, _ x: EnclosedTensor) -> EnclosedTensor
  {
    let values = ReferenceOperations.rowwise(kind, x.lows)
    let width = x.cells.reduce(0) { max($0, $1.high - $1.low) }
    let standing = x.standing
    guard width < 0.1 else { return .filled(x.shape, .all.with(standing)) }
    return make(x.shape) { element in
      let y = values.values[element]
      let error =
        kind == .softmax
        ? abs(y) * (3 * width + 0x1p-44) : 3 * width + 0x1p-44 * max(1, abs(y))
      return Enclosure(y).with(standing).widened(by: error)
    }
  }

  private static func matrix(
    _ kind: OperationClass.Matrix, _ x: [EnclosedTensor], _ shape: [Int]
  ) -> EnclosedTensor {
    let a = x[0].cells
    if kind == .transpose {
      let places = ReferenceOperations.transposedPlaces(x[0].shape)
      return make(shape) { a[places($0)] }
    }
    let b = x[1].cells
    let layout = StackLayout(x[0].shape, x[1].shape, shape)
    let (m, k, n) = (layout.rows, layout.depth, layout.columns)
    return make(shape) { element in
      let (p, i, j) = (element / (m * n), element / n % m, element % n)
      let (a0, b0) = (layout.left[p] * m * k + i * k, layout.right[p] * k * n + j)
      return (0..<k).reduce(Enclosure(0)) { total, l in total + a[a0 + l] * b[b0 + l * n] }
    }
  }

  /// Where each element comes from, found by moving the numbers of the elements.
  private static func movement(
    _ kind: OperationClass.Movement, _ function: Function, _ instruction: Instruction,
    _ x: [EnclosedTensor], _ shape: [Int]
  ) throws(NumericError) -> EnclosedTensor {
    let standing = x.dropFirst().reduce(x[0].standing) { max($0, $1.standing) }
    let slices =
      instruction.operation == .slice || instruction.operation == .placeSlice
      ? function.slices[Int(instruction.attribute)] : []
    // The data of a scatter stand second, and where indices are not certain nothing is.
    let adds = kind == .scatterAdd || kind == .fold
    guard !adds, x.dropFirst().allSatisfy(\.isExact) else {
      return .filled(shape, .all.with(standing))
    }
    let numbers = Dense(shape: x[0].shape, values: x[0].cells.indices.map { Double($0 + 1) })
    let places = try ReferenceOperations.movement(
      kind, [numbers] + x.dropFirst().map(\.lows), shape, slices,
      function.window(instruction.operation, instruction.attribute))
    return make(places.shape) { element in
      let place = Int(places.values[element])
      return place == 0 ? Enclosure(0) : x[0].cells[place - 1]
    }
  }

  private static func selection(
    _ kind: OperationClass.Selection, _ x: [EnclosedTensor]
  ) throws(NumericError) -> EnclosedTensor {
    let a = x[0]
    let standing = x.reduce(Enclosure.Standing.defined) { max($0, $1.standing) }
    func select(_ first: Dense, _ others: [Dense]) -> Dense {
      ReferenceOperations.selection(kind, [first] + others)
    }
    // All rise with their operands, and a share is rounded up to a whole number.
    let (least, most) = (x.dropFirst().map(\.lows), x.dropFirst().map(\.highs))
    let (low, high) = (select(a.lows, least), select(a.highs, most))
    var range = (least: 0.0, most: 1.0, error: 0.0)
    switch kind {
    case .sort: break
    case .quantile: range.error = 0x1p-40 * a.cells.reduce(0) { max($0, abs($1.low), abs($1.high)) }
    case .argSort, .topKMask:
      if kind == .argSort { range.most = Double(a.cells.count - 1) }
      let sorted = a.cells.sorted { $0.low < $1.low }
      let isOrdered = zip(sorted, sorted.dropFirst()).allSatisfy {
        $0.isApart(from: $1) || $0 == $1 && $0.isPoint
      }
      guard isOrdered, low == select(a.lows, most) else {
        return .filled(low.shape, Enclosure(range.least, range.most, standing))
      }
    }
    return make(low.shape) { i in
      Enclosure(low.values[i], high.values[i], standing).widened(by: range.error)
    }
  }

  // MARK: Loops

  private mutating func loop(_ tensor: Int, _ value: ValueID) throws(NumericError) {
    let function = functions[tensor]
    let loop = function.loops[Int(function[value].attribute)]
    func values(_ ids: [ValueID]) -> [EnclosedTensor] { ids.map { known[tensor][$0.index]! } }
    let count = known[tensor][function[value].a.index]!.cells[0]
    var carried = values(loop.initial)
    let captured = values(loop.captured)
    guard count.low.rounded(.down) == count.high.rounded(.down), count.low <= 1e9 else {
      tuples[tensor][value.index] = carried.map { .filled($0.shape, .all.with($0.standing)) }
      return
    }
    var environment = environments[tensor]
    for run in 0..<max(0, Int(count.low.rounded(.down))) {
      if run % 256 == 255, EvaluationLimit.isReached() { throw .stopped }
      environment.arguments = carried + captured
      var body = EnclosedProgram([loop.body], [environment])
      for (target, value) in try body.run()[0] {
        if case .result(let k) = target { carried[k] = value }
      }
      work += body.work
    }
    tuples[tensor][value.index] = carried
  }
}

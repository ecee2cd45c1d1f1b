import IR

@testable import Runtime

/// Random well-typed concrete functions over a handful of shapes, for comparing engines.
struct RandomPrograms {
  private var state: UInt64
  private var builder = FunctionBuilder(name: "random")
  private var values: [ValueID] = []
  /// Whether the interpreter computes the value by the same roundings as the reference, so that a
  /// comparison or a rounding of it cannot fall on another side.
  private var isExact: [Bool] = []
  private var sites: Int32 = 0
  private let rows: Int
  private let cols: Int
  private let kind: Kind

  /// What a program may hold.
  enum Kind {
    /// Operations that both engines round alike, on any numbers: NaN, infinities, −0, denormals.
    case exact
    /// All operations, kept away from where they amplify roundings.
    case tame
    /// As `tame`, without operations that step: for float32.
    case smooth
  }

  /// Computed by libm or by the same exactly rounded instructions in both engines.
  static let exactOperations: [Operation] = [
    .negate, .absolute, .sign, .squareRoot, .cubeRoot, .expm1, .log1p, .sinh, .cosh, .sine, .cosine,
    .tangent, .arcsine, .arccosine, .arctangent, .floor, .ceiling, .round, .errorFunction, .exp2,
    .log2, .log10, .arcsinh, .arccosh, .arctanh, .reciprocal, .isFinite, .add, .add, .subtract,
    .multiply, .multiply, .divide, .power, .modulo, .arctangent2,
    .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual, .logicalNot, .logicalAnd,
    .logicalOr, .minimum, .maximum, .select, .select, .clip, .maximumOf, .minimumOf, .argMaximum,
    .argMinimum, .transpose, .transpose, .diagonal, .reshape, .broadcast, .slice, .slice,
    .placeSlice, .sort, .argSort, .topKMask, .quantile, .globalMaximum, .globalMinimum,
  ]
  static let smoothOperations: [Operation] = [
    .negate, .absolute, .squareRoot, .cubeRoot, .exponential, .expm1, .logarithm, .log1p, .tanh,
    .sinh, .cosh, .sine, .cosine, .tangent, .arcsine, .arccosine, .arctangent, .errorFunction,
    .exp2, .log2, .log10, .arcsinh, .arccosh, .arctanh, .reciprocal, .add, .add, .add, .subtract,
    .subtract, .multiply, .multiply, .multiply, .multiply, .divide,
    .divide, .power, .minimum, .maximum, .arctangent2, .select, .select, .clip,
  ]
  static let steppedOperations: [Operation] = [
    .sign, .copySign, .floor, .ceiling, .round, .bfloat16, .float16, .modulo, .less, .lessOrEqual,
    .greater,
    .greaterOrEqual, .equal, .notEqual, .isFinite, .logicalNot, .logicalAnd, .logicalOr,
    .argMaximum, .argMinimum, .sort, .argSort, .topKMask, .quantile,
  ]
  static let wholeOperations: [Operation] = [
    .sum, .sum, .sum, .maximumOf, .minimumOf, .softmax, .logSoftmax, .matrixProduct,
    .matrixProduct, .transpose, .transpose, .diagonal, .reshape, .broadcast, .slice, .placeSlice,
    .globalSum, .globalMaximum, .globalMinimum, .unfold, .fold,
  ]

  init(
    seed: UInt64, _ kind: Kind, sizes: [Int] = [1, 2, 3, 4, 5, 7, 8, 16, 17, 33]
  ) {
    state = seed &* 0x9E37_79B9_7F4A_7C15 ^ 0xD1B5_4A32_D192_ED03
    self.kind = kind
    var s = state
    func pick(_ n: Int) -> Int {
      s = s &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(s >> 33) % n
    }
    rows = sizes[pick(sizes.count)]
    cols = pick(20) == 0 ? 700 : sizes[pick(sizes.count)]
    state = s
  }

  mutating func next(_ n: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % n
  }

  mutating func number() -> Double {
    switch next(30) {
    case 0: 0
    case 1: -0.0
    case 2: 1
    case 3: .infinity
    case 4: .nan
    case 5: Double.leastNormalMagnitude / 8
    default: (Double(next(20001)) - 10000) / 2500
    }
  }

  private func type(_ extents: Int...) -> ValueType {
    ValueType(.real, Shape(extents.map { .fixed($0) }))
  }

  private mutating func add(_ value: ValueID, exact: Bool) {
    values.append(value)
    isExact.append(exact)
  }

  /// A function of w, g, three states and two inputs, with `size` more values.
  mutating func make(size: Int) -> (Function, ReferenceEnvironment) {
    let like = type(rows, cols)
    var sources: [(Operation, ValueType, Int32)] = [
      (.parameter, like, 0), (.gradient, like, 0), (.state, like, 0), (.state, like, 1),
      (.state, .scalar, 2), (.state, type(rows, 1), 3), (.input, type(1, cols), 0),
      (.input, type(2, rows, cols), 1), (.hyper, .scalar, 0), (.hyper, .scalar, 1),
      (.step, .scalar, 0),
    ]
    if rows == cols { sources.append((.identity, like, 0)) }
    sources.append((.iota, like, Int32(next(2))))
    for (operation, type, attribute) in sources {
      add(builder.source(operation, type, attribute: attribute), exact: true)
    }
    for x in [0.5, 1, 2, 3, -1] { add(builder.constant(x), exact: true) }
    var tries = 0
    let target = values.count + size
    while values.count < target, tries < size * 30 {
      tries += 1
      grow()
    }
    outputs()
    return (builder.finish(), environment())
  }

  private mutating func grow() {
    if next(25) == 0, kind != .exact {
      grow(loop: 1 + next(4))
      return
    }
    let pool: [Operation] =
      switch kind {
      case .exact: Self.exactOperations
      case .tame where next(4) == 0: Self.steppedOperations
      default: next(3) == 0 ? Self.wholeOperations : Self.smoothOperations
      }
    let operation = pool[next(pool.count)]
    var operands: [ValueID] = []
    var exact = true
    for _ in 0..<operation.info.arity {
      // Later values more often, so that programs grow deep.
      let k = next(2) == 0 ? next(values.count) : values.count - 1 - next(min(values.count, 6))
      operands.append(values[k])
      exact = exact && isExact[k]
    }
    let steps = Self.steppedOperations.contains(operation)
    if operation == .select {
      guard let condition = condition(operands[0]) else { return }
      operands[0] = condition
    }
    // A step of a number that the engines round differently may fall on either side.
    if steps, !exact { return }
    if operation.isGlobalReduction {
      guard builder.type(operands[0]).shape.isScalar else { return }
    }
    if kind != .exact { operands = tamed(operation, operands) }
    // The sign of a NaN is not defined, so copysign takes it from 1 there.
    if operation == .copySign, let known = try? builder.make(.equal, [operands[1], operands[1]]),
      let sign = try? builder.make(.select, [known, operands[1], builder.constant(1)])
    {
      operands[1] = sign
    }
    guard var value = build(operation, operands) else { return }
    // Which zero min and max give of −0 and 0 is not defined; adding 0 makes it 0.
    if Self.choosesZero.contains(operation) {
      value = (try? builder.make(.add, [value, builder.constant(0)])) ?? value
    }
    guard builder.type(value).shape.elementCount <= 20_000 else { return }
    add(value, exact: exact && Self.exactOperations.contains(operation))
  }

  /// A loop that carries a tensor and a number and captures two values.
  private mutating func grow(loop count: Int) {
    func pick() -> Int { next(values.count) }
    let tensors = values.indices.filter { !builder.type(values[$0]).shape.isScalar }
    let scalars = values.indices.filter {
      builder.type(values[$0]).shape.isScalar && builder.type(values[$0]).kind == .real
    }
    let x = values[tensors[next(tensors.count)]]
    let (y, s) = (values[pick()], values[scalars[next(scalars.count)]])
    let shape = builder.type(x).shape
    guard builder.type(y).shape.broadcast(with: shape) == shape, builder.type(x).kind == .real,
      builder.type(y).kind == .real
    else { return }
    var body = FunctionBuilder(name: "body")
    let types = [x, s, y].map { builder.type($0) }
    let a = types.enumerated().map { body.source(.argument, $1, attribute: Int32($0)) }
    do {
      let mixed = try body.make(.tanh, body.make(.add, body.make(.multiply, a[0], a[1]), a[2]))
      let total = try body.make(.tanh, body.make(.sum, mixed))
      if next(4) > 0 { body.output(.result(0), mixed) }
      if next(4) > 0 { body.output(.result(1), try body.make(.add, total, body.constant(0.5))) }
    } catch { return }
    let tuple = builder.loop(
      builder.constant(Double(count - 1)),
      Loop(initial: [x, s], captured: [y], body: body.finish()))
    add(builder.project(tuple, 0, type: builder.type(x)), exact: false)
    add(builder.project(tuple, 1, type: .scalar), exact: false)
  }

  /// A condition for `select`: a scalar half the time, and always of an exact value.
  private mutating func condition(_ operand: ValueID) -> ValueID? {
    let scalars = values.indices.filter {
      builder.type(values[$0]).shape.isScalar && isExact[$0]
    }
    let subject =
      next(2) == 0 || kind == .smooth ? values[scalars[next(scalars.count)]] : operand
    guard isExact[values.firstIndex(of: subject)!] else { return nil }
    return try? builder.make(.greater, subject, builder.constant(0.25))
  }

  /// Arguments moved to where the operation's slope is moderate.
  private mutating func tamed(_ operation: Operation, _ operands: [ValueID]) -> [ValueID] {
    func bounded(_ x: ValueID, _ limit: Double) -> ValueID {
      try! builder.make(.multiply, builder.make(.tanh, x), builder.constant(limit))
    }
    func positive(_ x: ValueID) -> ValueID {
      try! builder.make(.add, builder.make(.absolute, x), builder.constant(0.5))
    }
    switch operation {
    case .exponential, .expm1, .exp2, .sinh, .cosh, .tangent: return [bounded(operands[0], 1.2)]
    case .sine, .cosine: return [bounded(operands[0], 7)]
    case .arcsine, .arccosine, .arctanh: return [bounded(operands[0], 0.9)]
    case .arccosh: return [try! builder.make(.add, positive(operands[0]), builder.constant(1))]
    case .logarithm, .log1p, .log2, .log10, .reciprocal, .squareRoot, .cubeRoot:
      return [positive(operands[0])]
    case .divide: return [operands[0], positive(operands[1])]
    case .arctangent2: return [operands[0], positive(operands[1])]
    case .power: return [positive(bounded(operands[0], 3)), bounded(operands[1], 3)]
    case .multiply where next(2) == 0: return [bounded(operands[0], 2), operands[1]]
    case .matrixProduct: return [bounded(operands[0], 2), bounded(operands[1], 2)]
    case .sum, .globalSum: return [bounded(operands[0], 2)]
    default: return operands
    }
  }

  private static let choosesZero: Set<Operation> = [
    .minimum, .maximum, .clip, .minimumOf, .maximumOf, .globalMinimum, .globalMaximum,
  ]

  private mutating func nextSite() -> Int32 {
    sites += 1
    return sites - 1
  }

  private mutating func build(_ operation: Operation, _ operands: [ValueID]) -> ValueID? {
    let shape = builder.type(operands[0]).shape
    switch operation {
    case .sum, .maximumOf, .minimumOf, .argMaximum, .argMinimum:
      let scope = shape.rank > 2 ? [0, 3][next(2)] : [0, 0, 1, 2][next(4)]
      return try? builder.make(operation, operands, attribute: Int32(scope))
    case .globalSum, .globalMaximum, .globalMinimum:
      return try? builder.make(operation, operands, attribute: nextSite())
    case .reshape:
      let declared =
        next(2) == 0 ? type(shape.elementCount) : type(1, shape.elementCount)
      return try? builder.make(operation, operands, declared: declared)
    case .broadcast: return try? builder.make(operation, operands, declared: type(rows, cols))
    case .slice, .placeSlice:
      if operation == .placeSlice, shape.isScalar {
        let places = [next(rows), next(cols)].map {
          AxisSlice(start: $0, end: $0 + 1, isDropped: true)
        }
        return try? builder.placeSlice(operands[0], places, type: type(rows, cols))
      }
      guard shape.rank == 2 || operation == .slice && shape.rank > 0 else { return nil }
      if operation == .placeSlice {
        let slices = [
          AxisSlice(start: 1, end: 1 + shape[0].value, isDropped: false),
          AxisSlice(start: 0, end: shape[1].value, isDropped: false),
        ]
        return try? builder.placeSlice(
          operands[0], slices, type: type(shape[0].value + 1, shape[1].value + next(2)))
      }
      let slices = (0..<shape.rank).map { axis -> AxisSlice in
        let n = shape[axis].value
        let start = next(n)
        if next(3) == 0 { return .full }
        if next(3) == 0 { return AxisSlice(start: start, end: start + 1, isDropped: true) }
        return AxisSlice(start: start, end: start + 1 + next(n - start), isDropped: false)
      }
      return try? builder.slice(operands[0], slices)
    case .matrixProduct:
      // Binding makes one axis of all in front.
      guard shape.rank < 4, builder.type(operands[1]).shape.rank < 4 else { return nil }
      return try? builder.make(operation, operands)
    case .unfold, .fold:
      guard shape.rank > 2, builder.type(operands[0]).kind == .real else { return nil }
      let window = PatchWindow(
        rows: .fixed(1 + next(3)), cols: .fixed(1 + next(3)), stride: .fixed(1 + next(2)),
        pad: .fixed(next(3)))
      guard let patches = try? builder.patches(.unfold, operands[0], window) else { return nil }
      if operation == .unfold { return patches }
      return try? builder.patches(.fold, patches, window, declared: builder.type(operands[0]))
    case .softmax, .logSoftmax, .sort, .argSort:
      return try? builder.make(operation, operands)
    case .topKMask:
      return try? builder.make(
        operation, [operands[0], builder.constant(Double(next(10) + 1) / 10)])
    case .quantile:
      return try? builder.make(operation, [operands[0], builder.constant(Double(next(11)) / 10)])
    default: return try? builder.make(operation, operands)
    }
  }

  private mutating func outputs() {
    func candidates(_ type: ValueType) -> [ValueID] {
      values.filter { builder.type($0).shape == type.shape }
    }
    let like = candidates(type(rows, cols))
    let recent = Array(like.suffix(8))
    builder.output(.parameter(0), recent[next(recent.count)])
    if next(4) > 0 { builder.output(.state(0), recent[next(recent.count)]) }
    if next(4) > 0 { builder.output(.state(1), like[next(like.count)]) }
    let scalars = candidates(.scalar)
    builder.output(.state(2), scalars[scalars.count - 1 - next(min(3, scalars.count))])
    let vectors = candidates(type(rows, 1))
    if next(2) == 0 { builder.output(.state(3), vectors[next(vectors.count)]) }
    builder.output(.metric("last"), scalars[scalars.count - 1])
    builder.output(.view("any"), values[values.count - 1 - next(3)])
  }

  private mutating func dense(_ shape: Int...) -> Dense {
    let isWild = kind == .exact && next(2) == 0
    let values = (0..<shape.reduce(1, *)).map { _ in
      isWild ? number() : (Double(next(20001)) - 10000) / 5000
    }
    return Dense(shape: shape, values: values)
  }

  private mutating func environment() -> ReferenceEnvironment {
    ReferenceEnvironment(
      hypers: [Double(next(1000)) / 500, Double(next(1000)) / 1000 - 0.5], step: 1 + next(4),
      horizon: 100, loss: 0.5, parameters: [dense(rows, cols)], gradients: [dense(rows, cols)],
      states: [
        dense(rows, cols), dense(rows, cols), Dense(Double(next(100)) / 50), dense(rows, 1),
      ], inputs: [dense(1, cols), dense(2, rows, cols)], seed: 5, tensor: 1)
  }
}

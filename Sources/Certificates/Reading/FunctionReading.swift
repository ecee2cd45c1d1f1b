import Basics
import IR

/// What a function reads.
struct Sources {
  var step: Polynomial
  var states: [Polynomial] = []
  /// Where the states are defined, before the first step.
  var start: [[Clause]] = []
  /// The states that are numbers wherever a step is defined or not; none: all are.
  var totals: [Bool] = []
  var free: [Polynomial] = []
  /// Tells the draws of first values from those of steps.
  var drawsAt = ""
  var hyper: (Int) throws(Refusal) -> (value: Polynomial, clauses: [Clause])
}

/// Reads the instructions of a function as polynomials, and where they are defined.
struct FunctionReading {
  let algebra: Algebra
  let function: Function
  let sources: Sources
  /// The arguments of a loop's body, its depth, and the lengths of the function around it.
  var arguments: [Polynomial] = []
  var totalArguments: [Bool] = []
  var depth = 0
  var outerExtents: [Polynomial] = []
  var values: [Polynomial] = []
  /// By instruction.
  var clauses: [[Clause]] = []
  var isTotal: [Bool] = []
  /// What operations on whole tensors are, as their atoms have it.
  var details: [Int: String] = [:]
  private var inverses: [ValueID: Polynomial] = [:]
  /// What loops give that are written out, and their iterations.
  var results: [Int: [Polynomial]] = [:]
  var iterations: [Int: [FunctionReading]] = [:]
  let zeros: ZeroSigns

  init(_ algebra: Algebra, _ function: Function, _ sources: Sources) {
    self.algebra = algebra
    self.function = function
    self.sources = sources
    zeros = ZeroSigns(function)
  }

  /// The outputs that are wanted, and the clauses of all that they need.
  mutating func run(
    _ isWanted: (OutputTarget) -> Bool
  ) throws(Refusal) -> (outputs: [(target: OutputTarget, value: Polynomial)], clauses: [Clause]) {
    let wanted = function.outputs.filter { isWanted($0.target) }
    var isLive = [Bool](repeating: false, count: function.instructions.count)
    for output in wanted { isLive[output.value.index] = true }
    for extent in function.extents { isLive[extent.index] = true }
    for i in function.instructions.indices.reversed() where isLive[i] {
      for operand in function.operands(ValueID(i)) { isLive[operand.index] = true }
    }
    for i in function.instructions.indices {
      clauses.append([])
      isTotal.append(true)
      guard isLive[i] else {
        values.append(.zero)
        continue
      }
      if !function.type(ValueID(i)).shape.axes.isEmpty {
        throw Refusal("named axes have no certificates")
      }
      let value = try read(ValueID(i))
      if !value.isSmall(2_000) { throw Refusal("a polynomial becomes too large") }
      try algebra.requireFlat(value)
      values.append(value)
      isTotal[i] = try isTotal(ValueID(i))
    }
    let all = wanted.map { (value: $0.value, guards: [[Polynomial]()]) }
    return (wanted.map { ($0.target, values[$0.value.index]) }, try demanded(all).clauses)
  }

  /// Whether an instruction gives a number of whatever numbers it is given, as what it is made of does.
  private func isTotal(_ id: ValueID) throws(Refusal) -> Bool {
    let instruction = function[id]
    let slot = Int(instruction.attribute)
    switch instruction.operation {
    case .isFinite: return true
    case .argument where !totalArguments.isEmpty: return totalArguments[slot]
    case .state where !sources.totals.isEmpty && !sources.totals[slot]: return false
    case .select:
      // Of the arm that is taken, where that is known.
      let holds = try decided(truth(instruction.a))
      return isTotal[instruction.a.index]
        && (holds == false || isTotal[instruction.b.index])
        && (holds == true || isTotal[instruction.c.index])
    default:
      return clauses[id.index].isEmpty
        && function.operands(id).allSatisfy { isTotal[$0.index] }
        && (iterations[id.index] ?? []).allSatisfy { $0.clauses.allSatisfy(\.isEmpty) }
    }
  }

  /// Whether a condition holds, by domains alone; nil where it is not known.
  private func decided(_ condition: Polynomial) throws(Refusal) -> Bool? {
    if let number = condition.number { return !number.isZero }
    for (own, holds) in [(condition, true), (algebra.not(condition), false)] {
      guard let id = own.atom, algebra[id].name == "positive" else { continue }
      let x = try Context(algebra).stretch(algebra[id].operands[0])
      if x.isPositive { return holds }
      if (-x).isNonnegative { return !holds }
    }
    return nil
  }

  subscript(_ id: ValueID) -> Polynomial { values[id.index] }

  /// A value as 0 or 1.
  func truth(_ id: ValueID) -> Polynomial {
    function.type(id).kind == .boolean
      ? self[id] : algebra.not(algebra.apply("zero", [self[id]]))
  }

  // MARK: Shapes

  private func length(_ extent: Extent) -> Polynomial {
    if extent.isFixed { return Polynomial(extent.value) }
    if let k = extent.computedIndex {
      if depth > 0 { return k < outerExtents.count ? outerExtents[k] : .one }
      return self[function.extents[k]]
    }
    if extent == .numel { return length(.rows) * length(.cols) }
    return lengthSymbol(extent.description)
  }

  private func lengthSymbol(_ name: String, from least: Rational = .one) -> Polynomial {
    algebra.symbol(name, Stretch(least, nil), isInteger: true, reach: .tensor)
  }

  func text(_ id: ValueID) throws(Refusal) -> String {
    try Self.text(function.type(id).shape) { length($0).number?.word.map { "\($0)" } }
  }

  static func text(
    _ shape: Shape, _ computed: (Extent) -> String? = { _ in nil }
  ) throws(Refusal) -> String {
    if shape.isLike { return "like" }
    var parts: [String] = []
    for extent in shape.extents {
      guard extent.computedIndex == nil else {
        guard let text = computed(extent) else { throw Refusal("a length is computed") }
        parts.append(text)
        continue
      }
      parts.append(extent.description)
    }
    return parts.joined(separator: "×")
  }

  /// How many elements a reduction folds into one.
  private func count(_ shape: Shape, _ scope: Scope) -> Polynomial {
    let all = shape.extents.map { length($0) }
    switch scope {
    case .all: return all.reduce(.one) { $0 * $1 }
    case .perRow: return all.last ?? .one
    case .perColumn: return all.suffix(2).first ?? .one
    case .leading: return all.first ?? .one
    default: return .one
    }
  }

  // MARK: Operations

  private mutating func read(_ id: ValueID) throws(Refusal) -> Polynomial {
    let instruction = function[id]
    let slot = Int(instruction.attribute)
    switch instruction.operation {
    case .constant: return try constant(function.constants[slot])
    case .hyper:
      let (value, demands) = try sources.hyper(slot)
      clauses[id.index] += demands
      return value
    case .free: return sources.free[slot]
    case .step: return sources.step
    case .horizon: return algebra.symbol("T", Stretch(.one, nil), isInteger: true)
    case .parameter: return algebra.symbol("w", axes: [.rows, .columns], reach: .element)
    case .gradient: return algebra.symbol("g", axes: [.rows, .columns], reach: .element)
    case .state:
      if !sources.start.isEmpty { clauses[id.index] += sources.start[slot] }
      return sources.states[slot]
    case .loss: return algebra.symbol("loss")
    case .argument: return arguments[slot]
    case .extent: return extent(instruction)
    case .loop: return try loop(id, instruction)
    case .broadcast:
      let axes = algebra.axes(self[instruction.a])
      if !axes.contains(.others) { return self[instruction.a] }
    case .draw, .input:
      if instruction.a.isSome { break }
      let axes = Axes(shape: Substring(try text(id)))
      if instruction.operation == .input {
        return algebra.symbol("input#\(slot)", axes: axes, reach: axes.isEmpty ? .tensor : .element)
      }
      let draw = function.draws[slot]
      return algebra.symbol(
        "\(self.text(draw)) \(try text(id))", domain(of: draw.distribution), axes: axes,
        reach: draw.isGlobal ? .everywhere : axes.isEmpty ? .tensor : .element)
    case .isFinite: return try isFinite(instruction.a)
    case .project:
      if let known = results[instruction.a.index] { return known[slot] }
    default:
      if instruction.operation.isElementwise { return try elementwise(id, instruction) }
    }
    return try whole(id, instruction)
  }

  /// Draws of one place in the text are one where they have the shape and the step in common.
  private func text(_ draw: Draw) -> String {
    "\(draw.distribution)#\(draw.site)\(sources.drawsAt)\(draw.isGlobal ? "@all" : "")"
  }

  private func domain(of distribution: Distribution) -> Stretch {
    switch distribution {
    case .uniform: .unit
    case .exponential: .nonnegative
    case .rademacher: .signs
    default: .all
    }
  }

  /// An operation on whole tensors: what it is besides its name goes to the detail.
  private mutating func whole(
    _ id: ValueID, _ instruction: Instruction
  ) throws(Refusal) -> Polynomial {
    let slot = Int(instruction.attribute)
    let ids = function.operands(id)
    var what = ""
    switch instruction.operation {
    case .sum, .maximumOf, .minimumOf, .argMaximum, .argMinimum:
      what = "\(Scope(rawValue: instruction.attribute) ?? .all)"
    case .globalSum, .globalMaximum, .globalMinimum, .lossAt, .gradientAt, .hessianProduct:
      what = "all tensors"
    case .slice, .placeSlice:
      what = function.slices[slot].map {
        "\($0.start):\($0.end.map(String.init) ?? "")\($0.isDropped ? "!" : "")"
      }.joined(separator: " ")
    case .draw: what = text(function.draws[slot])
    case .unfold, .fold:
      what = try Self.text(Shape(function.windows[slot].extents)) {
        length($0).number?.word.map { "\($0)" }
      }
    default: what = "\(slot)"
    }
    var shapes: [String] = []
    for operand in ids { shapes.append(try text(operand)) }
    if shapes.contains(where: { $0.split(separator: "×").contains("0") }) {
      throw Refusal("a tensor without elements has no certificates")
    }
    let detail = "\(what);\(shapes.joined(separator: ","));\(try text(id))"
    let operands = ids.map { self[$0] }
    for operand in operands { try algebra.refuseInfinity(operand) }
    details[id.index] = detail
    let name = Self.names[instruction.operation] ?? instruction.operation.info.name
    if instruction.operation == .solve || instruction.operation == .cholesky {
      clauses[id.index].append(
        Clause(.opaque, algebra.apply("defined", "\(name);\(detail);", operands)))
    }
    return algebra.apply(
      name.isEmpty ? "\(instruction.operation)" : name, detail, operands)
  }

  /// Names where two operations have one, or one that is not a word.
  private static let names: [Operation: String] = [
    .maximumOf: "max_of", .minimumOf: "min_of", .globalSum: "global_sum",
    .globalMaximum: "global_max", .globalMinimum: "global_min", .matrixProduct: "matmul",
    .lossAt: "loss_at", .draw: "bernoulli",
  ]

  private func constant(_ x: Double) throws(Refusal) -> Polynomial {
    if x == .pi { return algebra.symbol("pi") }
    if x == 2.718281828459045 { return algebra.symbol("e") }
    if let exact = Rational(literal: x) { return Polynomial(exact) }
    if x.isNaN { throw Refusal("a number that is none has no certificates") }
    let infinity = algebra.symbol("inf")
    return x > 0 ? infinity : -infinity
  }

  private mutating func elementwise(
    _ id: ValueID, _ instruction: Instruction
  ) throws(Refusal) -> Polynomial {
    let ids = function.operands(id)
    let x = ids.map { self[$0] }
    let (infinity, low) = (algebra.symbol("inf"), -algebra.symbol("inf"))
    func larger(_ x: Polynomial, _ y: Polynomial) throws(Refusal) -> Polynomial {
      if x == low { return y }
      if y == low { return x }
      try algebra.refuseInfinity(x)
      try algebra.refuseInfinity(y)
      return algebra.apply("max", [x, y])
    }
    func smaller(_ x: Polynomial, _ y: Polynomial) throws(Refusal) -> Polynomial {
      -(try larger(-x, -y))
    }
    switch instruction.operation {
    case .maximum: return try larger(x[0], x[1])
    case .minimum:
      var result = try smaller(x[0], x[1])
      for (k, id) in ids.enumerated() {
        guard let isFinite = try unbounded(id, beside: ids[1 - k]) else { continue }
        try algebra.refuseInfinity(x[1 - k])
        result =
          try algebra.product(algebra.not(isFinite), x[1 - k])
          + algebra.product(isFinite, result)
      }
      return result
    case .divide where x[0] == infinity:
      if zeros.isPositive[ids[1].index], try Context(algebra).stretch(x[1]).isNonnegative {
        return infinity
      }
    case .clip: return try smaller(try larger(x[0], x[1]), x[2])
    case .negate where x[0] == infinity: return low
    default: break
    }
    for operand in x { try algebra.refuseInfinity(operand) }
    func demand(_ kind: Clause.Kind, _ term: Polynomial) throws(Refusal) {
      clauses[id.index] += try Clause(kind, term).parts(algebra)
    }
    func positive(_ x: Polynomial) -> Polynomial { algebra.apply("positive", [x]) }
    func logarithm(_ x: Polynomial) throws(Refusal) -> Polynomial {
      try demand(.positive, x)
      return algebra.apply("log", [x])
    }
    switch instruction.operation {
    case .negate: return -x[0]
    case .add: return x[0] + x[1]
    case .subtract: return x[0] - x[1]
    case .multiply: return try algebra.product(x[0], x[1])
    case .divide:
      try demand(.nonzero, x[1])
      return try algebra.product(x[0], inverse(ids[1]))
    case .reciprocal:
      try demand(.nonzero, x[0])
      return try inverse(ids[0])
    case .squareRoot:
      try demand(.nonnegative, x[0])
      return algebra.apply("sqrt", x)
    case .power: return try power(id, x)
    case .logarithm: return try logarithm(x[0])
    case .log1p: return try logarithm(.one + x[0])
    case .log2: return try logarithm(x[0]) * algebra.inverse(algebra.apply("log", [Polynomial(2)]))
    case .log10:
      return try logarithm(x[0]) * algebra.inverse(algebra.apply("log", [Polynomial(10)]))
    case .exponential: return algebra.apply("exp", x)
    case .expm1: return algebra.apply("exp", x) - .one
    case .exp2: return algebra.apply("pow", [Polynomial(2), x[0]])
    case .tangent: try demand(.nonzero, algebra.apply("cos", x))
    case .arcsine, .arccosine: try demand(.nonnegative, .one - x[0] * x[0])
    case .arccosh: try demand(.nonnegative, x[0] - .one)
    case .arctanh: try demand(.positive, .one - x[0] * x[0])
    case .modulo: try demand(.nonzero, x[1])
    case .less: return positive(x[1] - x[0])
    case .greater: return positive(x[0] - x[1])
    case .lessOrEqual: return algebra.not(positive(x[0] - x[1]))
    case .greaterOrEqual: return algebra.not(positive(x[1] - x[0]))
    case .equal: return algebra.apply("zero", [x[0] - x[1]])
    case .notEqual: return algebra.not(algebra.apply("zero", [x[0] - x[1]]))
    case .logicalNot: return algebra.not(truth(ids[0]))
    case .logicalAnd: return try algebra.product(truth(ids[0]), truth(ids[1]))
    case .logicalOr:
      return algebra.not(
        try algebra.product(algebra.not(truth(ids[0])), algebra.not(truth(ids[1]))))
    case .select:
      let condition = truth(ids[0])
      return try algebra.product(condition, x[1]) + algebra.product(algebra.not(condition), x[2])
    default: break
    }
    return algebra.apply(instruction.operation.info.name, x)
  }

  /// 1 / x by the factors of x as it is written, which its polynomial may hide.
  private mutating func inverse(_ id: ValueID) throws(Refusal) -> Polynomial {
    if let known = inverses[id] { return known }
    let instruction = function[id]
    let result =
      instruction.operation == .multiply
      ? try algebra.product(inverse(instruction.a), inverse(instruction.b))
      : algebra.inverse(self[id])
    inverses[id] = result
    return result
  }

  /// x^y: of a negative x for whole y alone, of 0 where y is not negative.
  private mutating func power(_ id: ValueID, _ x: [Polynomial]) throws(Refusal) -> Polynomial {
    let known = Context(algebra)
    let result = algebra.apply("pow", x)
    if !algebra.isInteger(x[1]), try !known.stretch(x[0]).isNonnegative {
      guard x[1].number != nil else {
        // Whether y is whole is not known.
        clauses[id.index].append(
          Clause(.opaque, algebra.apply("defined", "pow;;", x)))
        return result
      }
      clauses[id.index] += try Clause(.nonnegative, x[0]).parts(algebra)
    }
    if let exponent = x[1].number {
      if exponent.isNegative { clauses[id.index] += try Clause(.nonzero, x[0]).parts(algebra) }
    } else if try !known.stretch(x[1]).isNonnegative, try !known.isNonzero(x[0]) {
      var clause = Clause(.nonnegative, x[1])
      clause.guards = [algebra.apply("zero", [x[0]])]
      clauses[id.index].append(clause)
    }
    return result
  }

  private func extent(_ instruction: Instruction) -> Polynomial {
    switch ExtentKind(rawValue: instruction.attribute) {
    case .rank: return lengthSymbol("rank", from: .zero)
    case .rows: return length(.rows)
    case .cols: return length(.cols)
    case .numel: return length(.numel)
    case .batch: return length(.batch)
    case .features: return length(.features)
    case .groups: return lengthSymbol("groups")
    case .workers: return lengthSymbol("workers")
    case .elementsOf: return count(function.type(instruction.a).shape, .all)
    case .rowsOf: return count(function.type(instruction.a).shape, .leading)
    case .colsOf:
      return function.type(instruction.a).shape.extents.dropFirst().map { length($0) }
        .reduce(.one) { $0 * $1 }
    case nil: return .one
    }
  }
}

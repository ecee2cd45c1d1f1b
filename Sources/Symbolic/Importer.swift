import Basics
import IR

/// What a function reads, as terms.
package struct ImportContext {
  package var weight: TermID
  package var gradient: TermID
  package var step: TermID
  package var hypers: [TermID]
  package var states: [TermID]
  /// Further inputs by slot.
  package var inputs: [TermID]
  /// Free names by their place.
  package var free: [TermID]

  package init(
    weight: TermID, gradient: TermID, step: TermID, hypers: [TermID], states: [TermID] = [],
    inputs: [TermID] = [], free: [TermID] = []
  ) {
    self.weight = weight
    self.gradient = gradient
    self.step = step
    self.hypers = hypers
    self.states = states
    self.inputs = inputs
    self.free = free
  }
}

/// Turns the instructions of a function into terms.
package struct Importer {
  let table: TermTable
  let function: Function
  let context: ImportContext
  /// The arguments of a loop's body.
  var arguments: [TermID] = []
  var depth = 0
  /// Lengths of the function around a loop's body.
  var outerExtents: [TermID]?
  private var terms: [TermID] = []
  private var depths: [Int] = []

  /// Terms nested more deeply than this are refused.
  static let depthLimit = 350

  package init(_ table: TermTable, _ function: Function, _ context: ImportContext) {
    self.table = table
    self.function = function
    self.context = context
  }

  /// The terms of the outputs, in their order.
  package mutating func run() throws(SymbolicError) -> [(target: OutputTarget, term: TermID)] {
    let live = function.liveValues()
    terms.reserveCapacity(function.instructions.count)
    for i in function.instructions.indices {
      guard live[i] else {
        terms.append(table.zero)
        depths.append(0)
        continue
      }
      if !function.type(ValueID(i)).shape.axes.isEmpty {
        throw SymbolicError("it has named axes, which the algebra does not know")
      }
      let operands = function.operands(ValueID(i))
      let below = operands.map { depths[$0.index] }.max() ?? 0
      depths.append(below + 1)
      if below > Self.depthLimit {
        throw SymbolicError("it is nested more than \(Self.depthLimit) operations deep")
      }
      terms.append(try term(ValueID(i)))
      if table.isExhausted {
        throw SymbolicError("its terms would be too large")
      }
    }
    return function.outputs.map { ($0.target, terms[$0.value.index]) }
  }

  private func operand(_ id: ValueID) -> TermID { terms[id.index] }

  // MARK: Shapes

  package static func spread(_ shape: Shape) -> Spread {
    if shape.isLike { return .like }
    var result: Spread = []
    let extents = shape.extents
    for (i, extent) in extents.enumerated() where !extent.isOne {
      if extents.count == 2, i == 0, extent == .rows {
        result.insert(.rows)
      } else if extents.count == 2, i == 1, extent == .cols {
        result.insert(.cols)
      } else {
        result.insert(.other)
      }
    }
    return result
  }

  private func extentSymbol(_ name: String) -> TermID {
    table.symbol(
      Symbol(name, .extent, domain: Interval(.one, nil), isInteger: true, isGlobal: false))
  }

  private func term(_ extent: Extent) -> TermID {
    if extent.isFixed { return table.number(extent.value) }
    if let k = extent.computedIndex {
      if let outerExtents { return k < outerExtents.count ? outerExtents[k] : table.one }
      return operand(function.extents[k])
    }
    if extent == .numel {
      return table.multiply(extentSymbol("rows"), extentSymbol("cols"))
    }
    return extentSymbol(extent.description)
  }

  private func shapeText(_ shape: Shape) -> String {
    if shape.isLike { return "like" }
    return shape.extents.map { extent in
      extent.computedIndex == nil ? extent.description : "#\(term(extent).raw)"
    }.joined(separator: "×")
  }

  /// How many elements a reduction folds into one.
  private func count(_ shape: Shape, _ scope: Scope) -> TermID {
    let extents = shape.extents
    switch scope {
    case .all: return table.multiply(extents.map { term($0) })
    case .perRow: return extents.last.map { term($0) } ?? table.one
    case .perColumn, .leading: return extents.first.map { term($0) } ?? table.one
    // Of no axis.
    case .overWorkers, .overBatch, .overGroups, .overStack, .overWindow: return table.one
    }
  }

  /// The operand of an operation on shapes, stretched where only its type says so.
  private func stretched(_ id: ValueID) -> TermID {
    let term = operand(id)
    let shape = function.type(id).shape
    let declared = Self.spread(shape)
    if table.spread(term).isSuperset(of: declared) { return term }
    if term == table.zero { return term }
    return table.opaque(
      .broadcast, [term], Detail(shapeText(shape), spread: declared))
  }

  // MARK: Operations

  private mutating func term(_ id: ValueID) throws(SymbolicError) -> TermID {
    let instruction = function[id]
    let slot = Int(instruction.attribute)
    let shape = instruction.type.shape
    let spread = Self.spread(shape)
    switch instruction.operation {
    case .constant: return constant(function.constants[slot])
    case .hyper: return context.hypers[slot]
    case .free: return context.free[slot]
    case .step: return context.step
    case .horizon:
      return table.symbol(
        Symbol("T", .horizon, domain: Interval(.one, nil), isInteger: true))
    case .parameter: return context.weight
    case .gradient: return context.gradient
    case .state: return context.states[slot]
    case .input: return context.inputs[slot]
    case .loss: return table.symbol(Symbol("loss", .loss))
    case .argument: return arguments[slot]
    case .extent: return extent(instruction)
    case .draw: return draw(instruction, spread)
    case .iota:
      return table.opaque(
        .iota, [], Detail("\(slot) \(shapeText(shape))", spread: spread))
    case .identity:
      return table.opaque(.identity, [], Detail(shapeText(shape), spread: spread))
    case .sum, .maximumOf, .minimumOf, .argMaximum, .argMinimum:
      let own = function.type(instruction.a).shape
      let scope = Scope(rawValue: instruction.attribute) ?? .all
      return table.reduce(
        instruction.operation, operand(instruction.a),
        Detail(
          "\(scope) \(shapeText(own))", spread: spread, scope: scope,
          operand: Self.spread(own)), count: count(own, scope))
    case .globalSum, .globalMaximum, .globalMinimum:
      return table.globalReduce(instruction.operation, operand(instruction.a))
    case .matrixProduct:
      return table.matrixProduct(
        stretched(instruction.a), stretched(instruction.b),
        Detail(shapeText(shape), spread: spread))
    case .transpose:
      return table.transpose(
        stretched(instruction.a), Detail(shapeText(shape), spread: spread))
    case .broadcast: return operand(instruction.a)
    case .reshape:
      return table.linear(
        .reshape, stretched(instruction.a), Detail(shapeText(shape), spread: spread))
    case .slice, .placeSlice:
      let slices = function.slices[slot].map {
        "\($0.start):\($0.end.map(String.init) ?? "")\($0.isDropped ? "!" : "")"
      }.joined(separator: ",")
      return table.opaque(
        instruction.operation, [stretched(instruction.a)],
        Detail("\(slices) \(shapeText(shape))", spread: spread))
    case .lossAt, .gradientAt, .hessianProduct:
      return table.opaque(
        instruction.operation, [operand(instruction.a)], Detail(spread: spread))
    case .loop: return try loop(instruction)
    case .project:
      return table.opaque(
        .project, [operand(instruction.a)],
        Detail("\(slot) \(shapeText(shape))", spread: spread))
    default:
      if instruction.operation.isElementwise {
        return elementwise(instruction.operation, function.operands(id).map { operand($0) })
      }
      return table.opaque(
        instruction.operation, function.operands(id).map { table.reduced(stretched($0)) },
        Detail(
          "\(slot) \(shapeText(shape))", spread: spread,
          isBoolean: instruction.operation.info.givesBoolean))
    }
  }

  /// Beyond all finite numbers: a symbol that is larger than any other.
  private var infinity: TermID {
    table.symbol(
      Symbol("inf", .constant, domain: Interval(Rational(BigInteger(10).power(300), .one), nil)))
  }

  private func constant(_ x: Double) -> TermID {
    if x == .pi {
      return table.symbol(
        Symbol("pi", .constant, domain: Interval(Rational(314_159, 100_000), Rational(22, 7))))
    }
    if x == 2.718281828459045 { return table.euler }
    if let exact = Rational(literal: x) { return table.number(exact) }
    if x == .infinity { return infinity }
    if x == -.infinity { return table.negate(infinity) }
    return table.symbol(Symbol("nan", .constant))
  }

  private func elementwise(_ operation: Operation, _ x: [TermID]) -> TermID {
    let low = table.negate(infinity)
    switch operation {
    case .minimum where x.contains(infinity): return x[0] == infinity ? x[1] : x[0]
    case .maximum where x.contains(low): return x[0] == low ? x[1] : x[0]
    case .clip:
      table.note(.clipAsBounds)
      var result = x[0]
      if x[1] != low { result = table.maximum([result, x[1]]) }
      if x[2] != infinity { result = table.minimum([result, x[2]]) }
      return result
    default: return table.function(operation, x)
    }
  }

  private func extent(_ instruction: Instruction) -> TermID {
    switch ExtentKind(rawValue: instruction.attribute) {
    case .rank:
      return table.symbol(
        Symbol("rank", .extent, domain: .nonnegative, isInteger: true, isGlobal: false))
    case .rows: return term(.rows)
    case .cols: return term(.cols)
    case .numel: return term(.numel)
    case .batch: return term(.batch)
    case .features: return term(.features)
    case .groups: return extentSymbol("groups")
    case .workers: return extentSymbol("workers")
    case .elementsOf: return count(function.type(instruction.a).shape, .all)
    case .rowsOf: return count(function.type(instruction.a).shape, .perColumn)
    case .colsOf:
      let shape = function.type(instruction.a).shape
      return table.multiply(shape.extents.dropFirst().map { term($0) })
    case nil: return table.one
    }
  }

  private func draw(_ instruction: Instruction, _ spread: Spread) -> TermID {
    let draw = function.draws[Int(instruction.attribute)]
    let name = "\(draw.distribution)#\(draw.site)"
    if instruction.a.isSome {
      return table.opaque(
        .draw, [operand(instruction.a)], Detail(name, spread: spread, isBoolean: true))
    }
    let domain: Interval =
      switch draw.distribution {
      case .uniform: Interval(.zero, .one, excludesHigh: true)
      case .exponential: .nonnegative
      case .rademacher: .signs
      default: .all
      }
    return table.symbol(
      Symbol(name, .draw, spread: spread, domain: domain, isGlobal: draw.isGlobal))
  }

  private mutating func loop(_ instruction: Instruction) throws(SymbolicError) -> TermID {
    let loop = function.loops[Int(instruction.attribute)]
    let initial = loop.initial.map { stretched($0) }
    var carried: [TermID] = []
    for (k, value) in loop.initial.enumerated() {
      carried.append(
        table.symbol(
          Symbol(
            "carried\(k)", .carried, variant: depth,
            spread: Self.spread(function.type(value).shape), isGlobal: false)))
    }
    var inner = Importer(table, loop.body, context)
    inner.arguments = carried + loop.captured.map { operand($0) }
    inner.depth = depth + 1
    inner.outerExtents = outerExtents ?? function.extents.map { operand($0) }
    let results = try inner.run()
    var next = carried
    for (target, term) in results {
      if case .result(let k) = target, k < next.count { next[k] = term }
    }
    return table.opaque(
      .loop,
      [operand(instruction.a)] + initial.map { table.reduced($0) }
        + next.map { table.reduced($0) },
      Detail("\(depth) \(initial.count)", spread: []))
  }
}

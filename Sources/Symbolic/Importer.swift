import Basics
import IR

/// What a function reads, as terms.
package struct ImportContext {
  package var weight: TermID
  package var gradient: TermID
  package var step: TermID
  package var hypers: [TermID]
  /// Where each hyperparameter is defined.
  package var hypersDefined: [Definedness]
  package var states: [TermID]
  /// States that may be infinite, or none.
  var unsure: Set<Int> = []
  /// Further inputs by slot.
  package var inputs: [TermID]
  /// Free names by their place.
  package var free: [TermID]
  /// What the states after the step are called where others are made of them; nil: written out.
  var after: [TermID]?

  package init(
    weight: TermID, gradient: TermID, step: TermID, hypers: [TermID],
    hypersDefined: [Definedness] = [], states: [TermID] = [],
    inputs: [TermID] = [], free: [TermID] = []
  ) {
    self.weight = weight
    self.gradient = gradient
    self.step = step
    self.hypers = hypers
    self.hypersDefined = hypersDefined
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
  /// Where they are defined, and whether they are finite; none where what calls the loop asks it.
  var argumentsDefined: [Definedness] = []
  var argumentsSure: [Bool] = []
  var depth = 0
  /// Lengths of the function around a loop's body.
  var outerExtents: [TermID]?
  var terms: [TermID] = []
  var defined: [Definedness] = []
  /// Where each value lies: a square stays one that its multiplied terms hide.
  var ranges: [Interval] = []
  /// Whether each value is made of no state that may be infinite.
  var isSure: [Bool] = []
  private var depths: [Int] = []
  /// The results of loops that were written out, and where they are defined.
  var unrolled: [ValueID: [TermID]] = [:]
  var unrolledDefined: [ValueID: [Definedness]] = [:]
  /// Values of which one arm is infinite, and `inf` stands in `terms`.
  var choices: [ValueID: Choice] = [:]
  let zeros: ZeroSigns

  /// Terms nested more deeply than this are refused.
  static let depthLimit = 350
  /// What becomes one flat term, however its brackets stand.
  private static let chains: Set<Operation> = [
    .add, .multiply, .maximum, .minimum, .logicalAnd, .logicalOr,
  ]

  package init(_ table: TermTable, _ function: Function, _ context: ImportContext) {
    self.table = table
    self.function = function
    self.context = context
    zeros = ZeroSigns(function)
  }

  /// An output: its value, right wherever it is defined, and where that is.
  package typealias Result = (
    target: OutputTarget, term: TermID, defined: Definedness, range: Interval
  )

  /// The outputs, in their order.
  package mutating func run() throws(SymbolicError) -> [Result] {
    let live = function.liveValues()
    terms.reserveCapacity(function.instructions.count)
    var results: [Int: TermID] = [:]
    for i in function.instructions.indices {
      guard live[i] else {
        terms.append(table.zero)
        defined.append(Definedness())
        ranges.append(.all)
        isSure.append(true)
        depths.append(0)
        continue
      }
      if !function.type(ValueID(i)).shape.axes.isEmpty {
        throw SymbolicError("it has named axes, which the algebra does not know")
      }
      let operands = function.operands(ValueID(i))
      let below = operands.map { depths[$0.index] }.max() ?? 0
      // max(a, b, c, …) is one call, however it is built.
      let operation = function.instructions[i].operation
      let isChain =
        Self.chains.contains(operation)
        && operands.allSatisfy {
          depths[$0.index] < below || function[$0].operation == operation
        }
      depths.append(isChain ? below : below + 1)
      if below > Self.depthLimit {
        throw SymbolicError("it is nested more than \(Self.depthLimit) operations deep")
      }
      isSure.append(isSure(ValueID(i)))
      let value = try term(ValueID(i))
      terms.append(value)
      if defined.count < terms.count { defined.append(definedness(ValueID(i), value)) }
      var known = range(ValueID(i)).intersection(table.interval(value))
      if table.monomials(value).count <= 6, table.hasDenominator(value), table.size(value) < 60 {
        // Over one denominator more is seen.
        let (weight, common, rest) = table.content(value)
        known = known.intersection(
          .point(weight) * table.interval(common) * table.interval(rest))
      }
      ranges.append(choices[ValueID(i)] == nil ? known : .all)
      if !operands.isEmpty, let name = name(ofValue: i) {
        results[i] = value
        terms[i] = name
      }
      if table.isExhausted {
        throw SymbolicError("its terms would be too large")
      }
    }
    if function.outputs.contains(where: { choices[$0.value] != nil }) {
      throw SymbolicError("it gives what is infinite on one of two ways")
    }
    return function.outputs.map {
      let k = $0.value.index
      return ($0.target, results[k] ?? terms[k], defined[k], ranges[k])
    }
  }

  private func isSure(_ id: ValueID) -> Bool {
    let instruction = function[id]
    switch instruction.operation {
    case .isFinite: return true
    case .state: return !context.unsure.contains(Int(instruction.attribute))
    case .argument where !argumentsSure.isEmpty: return argumentsSure[Int(instruction.attribute)]
    default: return function.operands(id).allSatisfy { isSure[$0.index] }
    }
  }

  func operand(_ id: ValueID) -> TermID { terms[id.index] }

  /// The name of a value that is a state after the step.
  private func name(ofValue i: Int) -> TermID? {
    guard let after = context.after else { return nil }
    for output in function.outputs where output.value.index == i {
      if case .state(let k) = output.target { return after[k] }
    }
    return nil
  }

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

  private func term(_ extent: Extent) -> TermID {
    if extent.isFixed { return table.number(extent.value) }
    if let k = extent.computedIndex {
      if let outerExtents { return k < outerExtents.count ? outerExtents[k] : table.one }
      return operand(function.extents[k])
    }
    if extent == .numel {
      return table.multiply(table.extent("rows"), table.extent("cols"))
    }
    return table.extent(extent.description)
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
    case .perColumn: return extents.suffix(2).first.map { term($0) } ?? table.one
    case .leading: return extents.first.map { term($0) } ?? table.one
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
    if let value = try chosen(id) { return value }
    if !instruction.operation.isElementwise,
      ![.broadcast, .loop, .project].contains(instruction.operation),
      function.operands(id).contains(where: { infinite(operand($0)) != 0 })
    {
      throw SymbolicError("it folds or moves an infinite number")
    }
    switch instruction.operation {
    case .constant: return try constant(function.constants[slot])
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
      return reduction(instruction, spread)
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
    case .unfold, .fold:
      let window = function.windows[slot].extents
      return table.opaque(
        instruction.operation, [stretched(instruction.a)],
        Detail("\(shapeText(Shape(window))) \(shapeText(shape))", spread: spread))
    case .gradientAt where table.gradientsArePresent && isWeight(instruction.a):
      return context.gradient
    case .lossAt, .gradientAt, .hessianProduct:
      return table.opaque(
        instruction.operation, [operand(instruction.a)], Detail(spread: spread))
    case .loop: return try loop(id)
    case .project:
      if let results = unrolled[instruction.a] { return results[slot] }
      return table.opaque(
        .project, [operand(instruction.a)],
        Detail("\(slot) \(shapeText(shape))", spread: spread))
    default:
      if instruction.operation.isElementwise {
        return try elementwise(instruction.operation, function.operands(id))
      }
      return table.opaque(
        instruction.operation, function.operands(id).map { table.reduced(stretched($0)) },
        Detail(
          "\(slot) \(shapeText(shape))", spread: spread,
          isBoolean: instruction.operation.info.givesBoolean))
    }
  }

  private func isWeight(_ value: ValueID) -> Bool {
    table.reduced(operand(value)) == context.weight
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
    case .groups: return table.extent("groups")
    case .workers: return table.extent("workers")
    case .elementsOf: return count(function.type(instruction.a).shape, .all)
    case .rowsOf: return count(function.type(instruction.a).shape, .leading)
    case .colsOf:
      let shape = function.type(instruction.a).shape
      return table.multiply(shape.extents.dropFirst().map { term($0) })
    case nil: return table.one
    }
  }

  private func reduction(_ instruction: Instruction, _ spread: Spread) -> TermID {
    let scope = Scope(rawValue: instruction.attribute) ?? .all
    var own = function.type(instruction.a).shape
    var x = operand(instruction.a)
    let inner = function[instruction.a]
    if instruction.operation == .sum, scope == .all, inner.operation == .diagonal,
      function[inner.a].operation == .matrixProduct
    {
      // The trace of A B is the sum of A times Bᵀ, element by element.
      let factors = function.operands(inner.a)
      own = function.type(factors[0]).shape
      table.note(.traceOfProduct)
      x = table.multiply(
        stretched(factors[0]),
        table.transpose(stretched(factors[1]), Detail(shapeText(own), spread: Self.spread(own))))
    }
    if scope == .all, own.extents == [.cols, .rows] {
      // All elements of a transpose are all elements.
      let turned = table.transpose(x, Detail("like", spread: .like))
      if !table.contains(turned, where: { table.isTranspose($0) }) {
        table.note(.reductionOfTranspose)
        x = turned
        own = .like
      }
    }
    return table.reduce(
      instruction.operation, x,
      Detail(
        "\(scope) \(shapeText(own))", spread: spread, scope: scope, operand: Self.spread(own)),
      count: count(own, scope))
  }

  private func draw(_ instruction: Instruction, _ spread: Spread) -> TermID {
    let draw = function.draws[Int(instruction.attribute)]
    let name = "\(draw.distribution)#\(draw.site) \(shapeText(instruction.type.shape))"
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

  /// Iterations and instructions up to which a loop is written out.
  private static let unrollLimit = (iterations: Rational(8), instructions: 40)

  /// The results of a loop that runs a few times and does little.
  private mutating func unroll(_ id: ValueID, _ initial: [TermID]) throws(SymbolicError) -> Bool {
    let instruction = function[id]
    let loop = function.loops[Int(instruction.attribute)]
    guard let count = table.value(operand(instruction.a)), count.isInteger, !count.isNegative,
      count <= Self.unrollLimit.iterations, let iterations = count.word,
      loop.body.instructions.count <= Self.unrollLimit.instructions,
      loop.body.instructions.allSatisfy({
        $0.operation.isElementwise
          || [.constant, .hyper, .argument, .step, .extent].contains($0.operation)
      })
    else { return false }
    var values = initial
    var own = loop.initial.map { defined[$0.index] }
    var isSure = loop.initial.map { self.isSure[$0.index] }
    for _ in 0..<iterations {
      var inner = Importer(table, loop.body, context)
      inner.arguments = values + loop.captured.map { operand($0) }
      inner.argumentsDefined = own + loop.captured.map { defined[$0.index] }
      inner.argumentsSure = isSure + loop.captured.map { self.isSure[$0.index] }
      inner.depth = depth + 1
      inner.outerExtents = outerExtents ?? function.extents.map { operand($0) }
      for ((target, term, defined, _), output) in zip(try inner.run(), loop.body.outputs) {
        guard case .result(let k) = target, k < values.count else { continue }
        values[k] = term
        own[k] = defined
        isSure[k] = inner.isSure[output.value.index]
      }
    }
    unrolled[id] = values
    unrolledDefined[id] = own
    defined.append(defined[instruction.a.index])
    return true
  }

  private mutating func loop(_ id: ValueID) throws(SymbolicError) -> TermID {
    let instruction = function[id]
    let loop = function.loops[Int(instruction.attribute)]
    let initial = loop.initial.map { stretched($0) }
    if try unroll(id, initial) { return table.zero }
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
    inner.argumentsSure =
      loop.initial.map { _ in false }
      + loop.captured.map {
        isSure[$0.index] && defined[$0.index].isEverywhere
      }
    inner.depth = depth + 1
    inner.outerExtents = outerExtents ?? function.extents.map { operand($0) }
    let results = try inner.run()
    var next = carried
    var body = Definedness()
    for (target, term, defined, _) in results {
      if case .result(let k) = target, k < next.count { next[k] = term }
      body.formUnion(defined, table)
    }
    let count = operand(instruction.a)
    let result = table.opaque(
      .loop,
      [count] + initial.map { table.reduced($0) } + next.map { table.reduced($0) },
      Detail("\(depth) \(initial.count)", spread: []))
    defined.append(definedness(of: instruction, result, body))
    return result
  }

  private func elementwise(
    _ operation: Operation, _ operands: [ValueID]
  ) throws(SymbolicError) -> TermID {
    let x = operands.map { operand($0) }
    if operation == .isFinite, infinite(x[0]) == 0 { return try isFinite(operands[0]) }
    if operation == .divide, infinite(x[0]) != 0, !table.isPositive(x[1]),
      !zeros.isPositive[operands[1].index]
    {
      throw SymbolicError("it divides `inf` by what may be 0 of either sign")
    }
    let value = try elementwise(operation, x)
    for k in operands.indices {
      guard isBounded(operation, operands, k), let divisor = divisor(operands[k]) else { continue }
      let isDivided = table.positive(divisor)
      // x/0 is ∞: the other is the smaller.
      switch operation {
      case .minimum: return table.select(isDivided, value, x[1 - k])
      case .less, .lessOrEqual, .greater, .greaterOrEqual:
        let isUpper = (k == 1) == [.less, .lessOrEqual].contains(operation)
        return isUpper
          ? table.logicalOr(value, table.logicalNot(isDivided))
          : table.logicalAnd(value, isDivided)
      default: break
      }
    }
    return value
  }
}

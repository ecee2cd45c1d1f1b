import Diagnostics

/// Changes a function one edit at a time. Each edit gives a verified function, or throws and leaves
/// the function as it was. A copy of the editor is a place to come back to.
///
/// Values are named by their place in `function` as it is now; after an edit `moved` gives the new
/// place of each. Equal values stay one and numbers are folded, as everywhere in the IR.
package struct FunctionEditor: Sendable {
  package private(set) var function: Function
  /// The place after the last edit of every value before it; none for what was deleted.
  package private(set) var moved: [ValueID] = []
  /// Of the rule whose update this is.
  private var states: [StateSlot] = []

  /// Why an edit is refused.
  package enum Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    case noValue(ValueID)
    case noOperand(Int, of: ValueID)
    /// An operand stands behind what would read it.
    case notEarlier(ValueID)
    case wrongCount(Operation, Int)
    /// A source, or an operation whose attribute names something outside of the function.
    case notPlain(Operation)
    case isUsed(ValueID)
    /// The shape rules, in the user's terms.
    case shape(String)
    case outputChanges(OutputTarget)
    /// Lengths of axes or numbers of iterations are made of this value: another would change the
    /// shapes of what has a shape already.
    case fixesLengths(ValueID)
    /// An operand of what states its own shape (`reshape`), or is a length, would have another shape.
    case statesShape(ValueID)
    /// A list would lack entries, or an entry would stand outside of it.
    case listEntry(ValueID)
    /// The language has no words for this operation of these shapes.
    case notWritten(ValueID)
    /// A state that is one for all tensors would differ between them.
    case dependsOnTensor(state: String)
    case broken(VerificationError)

    package var description: String {
      switch self {
      case .noValue(let id): "there is no value \(id.text)"
      case .noOperand(let k, let id): "\(id.text) has no operand \(k)"
      case .notEarlier(let id): "\(id.text) does not stand before what would read it"
      case .wrongCount(let operation, let count): "`\(operation)` does not take \(count) operands"
      case .notPlain(let operation): "`\(operation)` cannot be edited alone"
      case .isUsed(let id): "\(id.text) is used and nothing stands in for it"
      case .shape(let message): message
      case .outputChanges(let target): "\(target.text) would get another type"
      case .fixesLengths(let id): "lengths or numbers of iterations are made of \(id.text)"
      case .statesShape(let id): "an operand of \(id.text) would have another shape"
      case .listEntry(let id): "\(id.text) is a part of a list and stands in no other place"
      case .notWritten(let id): "no expression of the language is \(id.text) with these shapes"
      case .dependsOnTensor(let state):
        "`\(state)` is one for all tensors, and this value differs from tensor to tensor"
      case .broken(let error): error.description
      }
    }
  }

  package init(_ function: Function) { self.function = function }

  package init(updateOf variant: RuleVariant) {
    function = variant.update
    states = variant.states
  }

  // MARK: Edits

  /// Makes a value of operands that stand before `place`; nil is the end. Returns where it is, which
  /// is that of an equal value if there is one.
  package mutating func insert(
    _ operation: Operation, _ operands: [ValueID], attribute: Int32 = 0,
    before place: ValueID? = nil
  ) throws(Refusal) -> ValueID {
    let end = place ?? ValueID(function.instructions.count)
    guard (0...function.instructions.count).contains(end.index) else { throw .noValue(end) }
    try check(operation, operands, before: end)
    var made = ValueID.none
    try rebuild { builder, id, map throws(Refusal) in
      if id == end {
        made = try Self.make(&builder, operation, operands.map { map[$0.index] }, attribute)
      }
      return nil
    }
    return made
  }

  /// Makes a number.
  package mutating func insert(_ x: Double) throws(Refusal) -> ValueID {
    var made = ValueID.none
    try rebuild { builder, id, _ in
      if id.index == 0 { made = builder.constant(x) }
      return nil
    }
    return made
  }

  /// Takes a value out; what reads it reads `replacement`, which stands before it.
  package mutating func delete(
    _ value: ValueID, inFavourOf replacement: ValueID? = nil
  ) throws(Refusal) {
    try check(changing: value)
    if let replacement {
      guard replacement.isSome, replacement.index < value.index else {
        throw .notEarlier(replacement)
      }
    } else if isUsed(value) {
      throw .isUsed(value)
    }
    try rebuild { _, id, map in
      id == value ? replacement.map { map[$0.index] } ?? ValueID.none : nil
    }
  }

  /// Makes `value` read another operand, which stands before it.
  package mutating func replaceOperand(
    _ k: Int, of value: ValueID, by operand: ValueID
  ) throws(Refusal) {
    try check(changing: value)
    guard (0..<3).contains(k), function[value].operand(k).isSome else {
      throw .noOperand(k, of: value)
    }
    guard operand.isSome, operand.index < value.index else { throw .notEarlier(operand) }
    if function[value].operation == .loop { throw .fixesLengths(function[value].a) }
    var source = function
    let path = [\Instruction.a, \.b, \.c][k]
    source.instructions[value.index][keyPath: path] = operand
    try rebuild(from: source)
  }

  /// Makes `value` another operation of the same operands.
  package mutating func replaceOperation(
    of value: ValueID, by operation: Operation, attribute: Int32 = 0
  ) throws(Refusal) {
    try check(changing: value)
    guard Self.isPlain(function[value].operation) else {
      throw .notPlain(function[value].operation)
    }
    let operands = function.operands(value)
    try check(operation, operands, before: value)
    try rebuild { builder, id, map throws(Refusal) in
      guard id == value else { return nil }
      return try Self.make(&builder, operation, operands.map { map[$0.index] }, attribute)
    }
  }

  /// Gives a number another value.
  package mutating func replaceConstant(_ value: ValueID, by x: Double) throws(Refusal) {
    try check(changing: value)
    guard function[value].operation == .constant else { throw .notPlain(function[value].operation) }
    try rebuild { builder, id, _ in id == value ? builder.constant(x) : nil }
  }

  /// Makes an output another value of the same type.
  package mutating func replaceOutput(_ target: OutputTarget, by value: ValueID) throws(Refusal) {
    try check(value)
    guard let k = function.outputs.firstIndex(where: { $0.target == target }) else {
      throw .outputChanges(target)
    }
    var source = function
    source.outputs[k].value = value
    try rebuild(from: source)
  }

  // MARK: Judging

  private func check(_ value: ValueID) throws(Refusal) {
    guard function.instructions.indices.contains(value.index) else { throw .noValue(value) }
  }

  private func check(changing value: ValueID) throws(Refusal) {
    try check(value)
    if function.valuesThatFixLengths().contains(value) { throw .fixesLengths(value) }
  }

  private func check(
    _ operation: Operation, _ operands: [ValueID], before end: ValueID
  ) throws(Refusal) {
    guard Self.isPlain(operation) else { throw .notPlain(operation) }
    guard operands.count == operation.info.arity else {
      throw .wrongCount(operation, operands.count)
    }
    for operand in operands {
      try check(operand)
      guard operand.index < end.index else { throw .notEarlier(operand) }
      guard function.type(operand).kind != .tuple else {
        throw .notPlain(function[operand].operation)
      }
    }
  }

  /// Whether the operation is known by its operands, and its attribute by its scope.
  private static func isPlain(_ operation: Operation) -> Bool {
    switch operation.info.operationClass {
    case .elementwise, .reduction, .rowwise, .selection: true
    case .matrix: operation == .solve || operation == .cholesky || !operation.isDecomposition
    case .movement: operation == .diagonal || operation == .gather || operation == .takeAlong
    case .source, .globalReduction, .oracle, .region: false
    }
  }

  /// Whether the shapes of operands must stay: what is made of them has lengths that are stated and not
  /// inferred, as a choice that binding decides has, or is a length.
  private func statesShape(_ id: ValueID) -> Bool {
    let i = function[id]
    switch i.operation {
    case .reshape, .scatterAdd, .placeSlice, .placeAlong, .unfold, .fold, .extent, .argMaximum,
      .argMinimum:
      return true
    case .select: return function.type(i.b).shape.broadcast(with: function.type(i.c).shape) == nil
    default: return false
    }
  }

  private func isUsed(_ value: ValueID) -> Bool {
    function.outputs.contains { $0.value == value } || function.extents.contains(value)
      || function.instructions.indices.contains { function.operands(ValueID($0)).contains(value) }
  }

  private static func make(
    _ builder: inout FunctionBuilder, _ operation: Operation, _ operands: [ValueID],
    _ attribute: Int32
  ) throws(Refusal) -> ValueID {
    guard operands.allSatisfy(\.isSome) else { throw .isUsed(operands.first { !$0.isSome }!) }
    if let same = reduced(builder, operation, operands, attribute) { return same }
    do throws(ShapeError) {
      return try builder.make(operation, operands, attribute: attribute)
    } catch { throw .shape(error.message) }
  }

  /// What a reduction of one number is, as where rules are lowered.
  private static func reduced(
    _ builder: FunctionBuilder, _ operation: Operation, _ operands: [ValueID], _ attribute: Int32
  ) -> ValueID? {
    guard let x = operands.first, x.isSome,
      ShapeRules.isIdentity(operation, of: builder.type(x).shape, attribute: attribute)
    else { return nil }
    return x
  }

  /// Makes all values again, `change` giving those that are not as in `source`; it is asked once more
  /// behind the last.
  private mutating func rebuild(
    from changed: Function? = nil,
    _ change: (inout FunctionBuilder, ValueID, [ValueID]) throws(Refusal) -> ValueID? = {
      _, _, _ in nil
    }
  ) throws(Refusal) {
    let source = changed ?? function
    var builder = FunctionBuilder(name: source.name)
    var map = [ValueID](repeating: .none, count: source.instructions.count)
    for i in source.instructions.indices {
      let id = ValueID(i)
      builder.origin = source.origins[i]
      let operands = source.operands(id).map { map[$0.index] }
      if let other = try change(&builder, id, map)
        ?? Self.reduced(builder, source[id].operation, operands, source[id].attribute)
      {
        map[i] = other
        if other.isSome { builder.name(other, source.names[id]) }
        continue
      }
      if statesShape(id),
        zip(function.operands(id), operands).contains(where: { old, new in
          new.isSome && builder.type(new).shape != function.type(old).shape
        })
      {
        throw .statesShape(id)
      }
      do throws(DiagnosticError) {
        map[i] = try builder.copy(id, of: source, map)
      } catch { throw .shape(error.diagnostics.first?.message ?? "") }
    }
    _ = try change(&builder, ValueID(source.instructions.count), map)
    for (k, extent) in source.extents.enumerated() {
      guard map[extent.index].isSome,
        builder.extentSymbol(map[extent.index]) == .computed(k)
      else { throw .isUsed(extent) }
    }
    for output in source.outputs {
      let value = map[output.value.index]
      guard value.isSome, builder.type(value) == function.type(function.output(output.target)!)
      else {
        throw .outputChanges(output.target)
      }
      builder.output(output.target, value)
      if case .state(let k) = output.target, states.indices.contains(k), states[k].isGlobal,
        builder.function.dependsOnTensor(value, states: states)
      {
        throw .dependsOnTensor(state: states[k].name)
      }
    }
    let result = builder.finish()
    if let part = result.looseListPart() { throw .listEntry(part) }
    let before = Set(function.valuesWithoutText().map { map[$0.index] })
    if let value = result.valuesWithoutText().first(where: { !before.contains($0) }) {
      throw .notWritten(value)
    }
    do throws(VerificationError) {
      try result.verify(after: "an edit")
    } catch { throw .broken(error) }
    function = result
    moved = map
  }
}

extension Function {
  /// Places of extremes in a whole matrix (the language gives one for each row), and products with a
  /// row on the right (the language takes it for a column).
  fileprivate func valuesWithoutText() -> [ValueID] {
    instructions.indices.filter { i in
      let instruction = instructions[i]
      switch instruction.operation {
      case .argMaximum, .argMinimum:
        let scope = Scope(rawValue: instruction.attribute)
        let isMatrix = type(instruction.a).shape.tensor.rank == 2
        return scope?.axis == nil && (scope == .perRow) != isMatrix
      case .matrixProduct:
        let left = type(instruction.a).shape.tensor.extents
        let right = type(instruction.b).shape.tensor.extents
        return right.count == 2 && right[0].isOne && !right[1].isOne && left.last?.isOne == false
      default: return false
      }
    }.map { ValueID($0) }
  }

  /// What the lengths of axes and the numbers of iterations are made of.
  fileprivate func valuesThatFixLengths() -> Set<ValueID> {
    var roots = extents
    for instruction in instructions where instruction.operation == .loop {
      let loop = loops[Int(instruction.attribute)]
      let given = loop.initial + loop.captured
      roots.append(instruction.a)
      for inner in loop.body.valuesThatFixLengths()
      where loop.body[inner].operation == .argument {
        roots.append(given[Int(loop.body[inner].attribute)])
      }
    }
    return roots.reduce(into: []) { $0.formUnion(values(under: $1)) }
  }
}

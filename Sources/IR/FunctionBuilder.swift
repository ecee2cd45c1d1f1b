import Basics
import Diagnostics

/// Builds a function value by value: equal values are made once, numbers are folded. A root or logarithm of a
/// number that is no double stays what it is, which the algebra reads; `Specialise` puts a double in its place.
package struct FunctionBuilder: Sendable {
  package private(set) var function: Function
  private var known: [Instruction: ValueID] = [:]
  private var constantIndex: [UInt64: Int32] = [:]
  private var sliceIndex: [[AxisSlice]: Int32] = [:]
  /// Where the next instructions come from.
  package var origin: Span = .none

  package init(name: String) { function = Function(name: name) }

  package func type(_ value: ValueID) -> ValueType { function.type(value) }
  package func constantValue(_ value: ValueID) -> Double? { function.constantValue(value) }

  /// A NaN has no sign here: no text says one, and processors give what is folded either.
  package mutating func constant(_ number: Double) -> ValueID {
    let x = number.isNaN ? .nan : number
    let index: Int32
    if let found = constantIndex[x.bitPattern] {
      index = found
    } else {
      index = Int32(function.constants.count)
      function.constants.append(x)
      constantIndex[x.bitPattern] = index
    }
    return intern(Instruction(.constant, .scalar, attribute: index))
  }

  /// What the author calls a value; a number or a source has a name of its own, and the first stays.
  package mutating func name(_ value: ValueID, _ name: String?) {
    guard let name, function.names[value] == nil, !function[value].operation.isSource else {
      return
    }
    function.names[value] = name
  }

  /// A truth value, kept as the comparison 0 == 0 or 0 == 1.
  package mutating func boolean(_ x: Bool) -> ValueID {
    let zero = constant(0)
    let other = constant(x ? 0 : 1)
    return intern(Instruction(.equal, ValueType(.boolean, .scalar), zero, other))
  }

  /// The truth value that a condition surely has, or nil.
  package func knownBoolean(_ value: ValueID) -> Bool? {
    let instruction = function[value]
    switch instruction.operation {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
      guard let x = constantValue(instruction.a), let y = constantValue(instruction.b) else {
        return nil
      }
      return Folding.fold(instruction.operation, [x, y]) != 0
    case .logicalNot: return knownBoolean(instruction.a).map { !$0 }
    case .logicalAnd:
      let (x, y) = (knownBoolean(instruction.a), knownBoolean(instruction.b))
      return x == false || y == false ? false : x == true && y == true ? true : nil
    case .logicalOr:
      let (x, y) = (knownBoolean(instruction.a), knownBoolean(instruction.b))
      return x == true || y == true ? true : x == false && y == false ? false : nil
    default: return nil
    }
  }

  /// A source (`hyper`, `state`, …) of a declared type.
  package mutating func source(
    _ operation: Operation, _ type: ValueType, attribute: Int32 = 0
  ) -> ValueID {
    intern(Instruction(operation, type, attribute: attribute))
  }

  package mutating func extent(_ kind: ExtentKind, of value: ValueID = .none) -> ValueID {
    intern(Instruction(.extent, .scalar, value, attribute: kind.rawValue))
  }

  package mutating func draw(_ draw: Draw, _ type: ValueType, _ argument: ValueID = .none)
    -> ValueID
  {
    function.draws.append(draw)
    return append(
      Instruction(.draw, type, argument, attribute: Int32(function.draws.count - 1)))
  }

  /// Any operation whose type follows from its operands.
  package mutating func make(
    _ operation: Operation, _ operands: ValueID..., attribute: Int32 = 0,
    declared: ValueType? = nil
  ) throws(ShapeError) -> ValueID {
    try make(operation, operands, attribute: attribute, declared: declared)
  }

  package mutating func make(
    _ operation: Operation, _ operands: [ValueID], attribute: Int32 = 0,
    declared: ValueType? = nil
  ) throws(ShapeError) -> ValueID {
    let slices =
      operation == .slice || operation == .placeSlice ? function.slices[Int(attribute)] : []
    let type = try ShapeRules.infer(
      operation, operands.map { function.type($0) }, attribute: attribute, slices: slices,
      window: function.window(operation, attribute), declared: declared)
    if let folded = folded(operation, operands, type) { return folded }
    if operation == .power {
      // One form for each meaning, so that equal programs are equal.
      if constantValue(operands[1]) == 2 { return try make(.multiply, operands[0], operands[0]) }
      if constantValue(operands[1]) == 0.5 { return try make(.squareRoot, operands[0]) }
    }
    return intern(
      Instruction(
        operation, type, operands.count > 0 ? operands[0] : .none,
        operands.count > 1 ? operands[1] : .none, operands.count > 2 ? operands[2] : .none,
        attribute: attribute))
  }

  package mutating func slice(_ value: ValueID, _ slices: [AxisSlice]) throws(ShapeError) -> ValueID
  {
    try make(.slice, [value], attribute: intern(slices: slices))
  }

  /// The adjoint of `slice`: zeros of `type` with `value` at the place that the slices name.
  package mutating func placeSlice(
    _ value: ValueID, _ slices: [AxisSlice], type: ValueType
  ) throws(ShapeError) -> ValueID {
    try make(.placeSlice, [value], attribute: intern(slices: slices), declared: type)
  }

  /// The patches of images (`unfold`), or what they add up to (`fold`, of the type declared).
  package mutating func patches(
    _ operation: Operation, _ value: ValueID, _ window: PatchWindow, declared: ValueType? = nil
  ) throws(ShapeError) -> ValueID {
    let index = function.windows.firstIndex(of: window) ?? function.windows.count
    if index == function.windows.count { function.windows.append(window) }
    return try make(operation, [value], attribute: Int32(index), declared: declared)
  }

  /// A loop; read its values with `project`.
  package mutating func loop(_ count: ValueID, _ loop: Loop) -> ValueID {
    if let index = function.loops.firstIndex(of: loop) {
      return intern(Instruction(.loop, .tuple, count, attribute: Int32(index)))
    }
    function.loops.append(loop)
    return intern(Instruction(.loop, .tuple, count, attribute: Int32(function.loops.count - 1)))
  }

  /// Value `index` of an operation that gives several.
  package mutating func project(_ tuple: ValueID, _ index: Int, type: ValueType) -> ValueID {
    intern(Instruction(.project, type, tuple, attribute: Int32(index)))
  }

  /// The extent symbol of a scalar value: a number if it is one.
  package mutating func extentSymbol(_ value: ValueID) -> Extent {
    let instruction = function[value]
    if let x = constantValue(value), x >= 0, x < 2e9, x == x.rounded() { return .fixed(Int(x)) }
    if instruction.operation == .extent, instruction.a == .none {
      switch ExtentKind(rawValue: instruction.attribute) {
      case .rows: return .rows
      case .cols: return .cols
      case .numel: return .numel
      case .batch: return .batch
      case .features: return .features
      case .groups: return .groups
      case .workers: return .workers
      default: break
      }
    }
    if let k = function.extents.firstIndex(of: value) { return .computed(k) }
    function.extents.append(value)
    return .computed(function.extents.count - 1)
  }

  package mutating func output(_ target: OutputTarget, _ value: ValueID) {
    function.outputs.append(Output(target, value))
  }

  package consuming func finish() -> Function { function }

  // MARK: Interning and folding

  private mutating func intern(slices: [AxisSlice]) -> Int32 {
    if let found = sliceIndex[slices] { return found }
    let index = Int32(function.slices.count)
    function.slices.append(slices)
    sliceIndex[slices] = index
    return index
  }

  private mutating func intern(_ instruction: Instruction) -> ValueID {
    if let found = known[instruction] { return found }
    let value = append(instruction)
    known[instruction] = value
    return value
  }

  private mutating func append(_ instruction: Instruction) -> ValueID {
    function.instructions.append(instruction)
    function.origins.append(origin)
    return ValueID(function.instructions.count - 1)
  }

  /// The value without a new instruction, where that is exact in IEEE arithmetic.
  private mutating func folded(
    _ operation: Operation, _ operands: [ValueID], _ type: ValueType
  ) -> ValueID? {
    if operation == .select, let condition = knownBoolean(operands[0]) {
      let arm = operands[condition ? 1 : 2]
      return function.type(arm) == type ? arm : nil
    }
    if operation == .broadcast || operation == .reshape, function.type(operands[0]) == type {
      return operands[0]
    }
    let numbers = operands.map { constantValue($0) }
    if type == .scalar, operation.isElementwise, operation != .select,
      numbers.allSatisfy({ $0 != nil }),
      let x = Folding.constant(operation, numbers.map { $0! }),
      Folding.isExact(operation, numbers.map { $0! }, x)
    {
      return constant(x)
    }
    switch operation {
    case .subtract:
      // a - (a - x) is x: what a rule would subtract, without the rounding of doing it twice
      // (docs/decisions/0005). The one folding that is exact in arithmetic but not in IEEE.
      let inner = function[operands[1]]
      if inner.operation == .subtract, inner.a == operands[0], function.type(inner.b) == type {
        return inner.b
      }
    case .multiply:
      if numbers[0] == 1, function.type(operands[1]) == type { return operands[1] }
      if numbers[1] == 1, function.type(operands[0]) == type { return operands[0] }
    case .divide, .power:
      if numbers[1] == 1, function.type(operands[0]) == type { return operands[0] }
    default: break
    }
    return nil
  }
}

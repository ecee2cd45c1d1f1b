import Basics
import Diagnostics

/// A value: the index of the instruction that makes it.
package struct ValueID: Identifier {
  package var raw: Int32
  @inlinable package init(raw: Int32) { self.raw = raw }
}

/// One instruction. Plain data; operands are always earlier instructions of the same function.
package struct Instruction: Hashable, Sendable {
  package var operation: Operation
  package var type: ValueType
  package var a: ValueID
  package var b: ValueID
  package var c: ValueID
  /// An `AttributeMeaning` says of each operation what this is.
  package var attribute: Int32

  package init(
    _ operation: Operation, _ type: ValueType, _ a: ValueID = .none, _ b: ValueID = .none,
    _ c: ValueID = .none, attribute: Int32 = 0
  ) {
    self.operation = operation
    self.type = type
    self.a = a
    self.b = b
    self.c = c
    self.attribute = attribute
  }

  package func operand(_ i: Int) -> ValueID { i == 0 ? a : i == 1 ? b : c }
}

/// A call site of a random function. The number drawn is a pure function of
/// (seed, step, tensor, element, site).
package struct Draw: Hashable, Sendable {
  package var distribution: Distribution
  /// The name of the equation that draws it; recorded draws are matched by this name.
  package var name: String
  /// One draw for all parameter tensors.
  package var isGlobal: Bool
  /// Distinguishes the call sites of a rule; part of the random counter.
  package var site: UInt32
  package init(distribution: Distribution, name: String, isGlobal: Bool, site: UInt32) {
    self.distribution = distribution
    self.name = name
    self.isGlobal = isGlobal
    self.site = site
  }

  package static let firstSiteOfValues: UInt32 = 0x2000_0000

  /// Where the draws of a named value of a script are numbered from: in a range of their own, by the name alone, since
  /// declarations have no order.
  package static func firstSite(ofValue name: String) -> UInt32 {
    var hash: UInt64 = 0
    for byte in name.utf8 { hash = CounterRandom.mix(hash ^ UInt64(byte)) }
    return firstSiteOfValues | UInt32(truncatingIfNeeded: hash & 0x007F_FFFF) << 6
  }
}

/// What one axis keeps: [start, end) in steps of one. An axis that is `dropped` has length one and
/// disappears from the result. `end` nil means "to the end".
package struct AxisSlice: Hashable, Sendable {
  package var start: Int
  package var end: Int?
  package var isDropped: Bool
  package init(start: Int, end: Int?, isDropped: Bool) {
    self.start = start
    self.end = end
    self.isDropped = isDropped
  }
  package static let full = AxisSlice(start: 0, end: nil, isDropped: false)
}

/// `repeat count { … }`: carries `initial` through `count` runs of `body`.
///
/// The body's arguments are the carried values, then `captured`, in this order; its outputs
/// `.result(0…)` are the next carried values. The loop's values are read by `project`.
package struct Loop: Hashable, Sendable {
  package var initial: [ValueID]
  package var captured: [ValueID]
  package var body: Function
  package init(initial: [ValueID], captured: [ValueID], body: Function) {
    self.initial = initial
    self.captured = captured
    self.body = body
  }
}

/// Where a value of a function goes.
package enum OutputTarget: Hashable, Sendable {
  /// w' (or trained parameter k of an objective, in its `initial`).
  case parameter(Int)
  case state(Int)
  case hyper(Int)
  case result(Int)
  /// `view train`, `view eval`.
  case view(String)
  case loss
  case metric(String)
  /// The gradient of the loss by parameter k.
  case gradient(Int)
}

package struct Output: Hashable, Sendable {
  package var target: OutputTarget
  package var value: ValueID
  package init(_ target: OutputTarget, _ value: ValueID) {
    self.target = target
    self.value = value
  }
}

/// A flat program: an acyclic graph of values in an array, operands only backwards.
///
/// Laziness is in the graph: a value is computed only on the paths where something that is
/// computed needs it (`select` on a scalar computes one arm).
package struct Function: Hashable, Sendable {
  package var name: String
  package var instructions: [Instruction] = []
  /// Where each instruction comes from, for errors at bind and run time.
  package var origins: [Span] = []
  /// What the author calls a value, for printing. Like origins no part of what the function is.
  package var names: [ValueID: String] = [:]
  package var constants: [Double] = []
  package var draws: [Draw] = []
  package var slices: [[AxisSlice]] = []
  package var windows: [PatchWindow] = []
  package var loops: [Loop] = []
  /// The scalars behind `Extent.computed`.
  package var extents: [ValueID] = []
  package var outputs: [Output] = []

  package init(name: String) { self.name = name }

  package subscript(_ id: ValueID) -> Instruction { instructions[id.index] }
  package func type(_ id: ValueID) -> ValueType { instructions[id.index].type }
  package func origin(_ id: ValueID) -> Span { origins[id.index] }
  package func output(_ target: OutputTarget) -> ValueID? {
    outputs.first { $0.target == target }?.value
  }

  /// The number that a value is, if it is a constant.
  package func constantValue(_ id: ValueID) -> Double? {
    let instruction = self[id]
    return instruction.operation == .constant ? constants[Int(instruction.attribute)] : nil
  }

  /// The number that a value is whatever is bound: a constant, or what is made of constants alone, as a root
  /// is that is no double.
  package func knownNumber(_ id: ValueID) -> Double? {
    if let x = constantValue(id) { return x }
    guard self[id].operation.isElementwise, type(id).shape.isScalar else { return nil }
    let all = values(under: id).sorted { $0.raw < $1.raw }
    guard all.allSatisfy({ self[$0].operation.isElementwise || self[$0].operation == .constant })
    else { return nil }
    var numbers: [ValueID: Double] = [:]
    for value in all { numbers[value] = constantValue(value) ?? folded(value) { numbers[$0] } }
    return numbers[id]
  }

  /// x and β where a value is x / (1 − β^t).
  package func debiased(_ id: ValueID) -> (average: ValueID, share: ValueID)? {
    let quotient = self[id]
    guard quotient.operation == .divide else { return nil }
    let one = self[quotient.b]
    guard one.operation == .subtract, constantValue(one.a) == 1 else { return nil }
    let power = self[one.b]
    guard power.operation == .power, self[power.b].operation == .step else { return nil }
    return (quotient.a, power.a)
  }

  /// The window of an operation that has one.
  package func window(_ operation: Operation, _ attribute: Int32) -> PatchWindow? {
    operation.info.attribute == .window ? windows[Int(attribute)] : nil
  }

  /// All operands, those of a loop included.
  package func operands(_ id: ValueID) -> [ValueID] {
    let instruction = self[id]
    if instruction.operation == .loop {
      let loop = loops[Int(instruction.attribute)]
      return [instruction.a] + loop.initial + loop.captured
    }
    // A key path would be looked up at run time here, and this is asked of every value.
    return [instruction.a, instruction.b, instruction.c].filter { $0.isSome }
  }

  /// Whether `find` says true of a value or of one that it is made of. It says false where operands
  /// do not matter and nil where they do.
  package func reaches(_ start: ValueID, _ find: (ValueID) -> Bool?) -> Bool {
    var pending = [start]
    var seen: Set<ValueID> = []
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      switch find(next) {
      case true?: return true
      case false?: break
      case nil: pending += operands(next)
      }
    }
    return false
  }

  /// Whether a value is made of t or T.
  package func followsStep(_ value: ValueID) -> Bool {
    reaches(value) { [.step, .horizon].contains(self[$0].operation) ? true : nil }
  }

  /// A value and all that it is made of.
  package func values(under root: ValueID) -> Set<ValueID> {
    var found: Set<ValueID> = []
    _ = reaches(root) { value -> Bool? in
      found.insert(value)
      return nil
    }
    return found
  }

  package func operations(under root: ValueID) -> Set<Operation> {
    Set(values(under: root).map { self[$0].operation })
  }

  /// What an elementwise operation gives for known operands; nil where one is not known, or the result
  /// leaves the range of doubles.
  package func folded(_ id: ValueID, _ value: (ValueID) -> Double?) -> Double? {
    let instruction = self[id]
    guard instruction.operation.isElementwise else { return nil }
    var operands: [Double] = []
    for i in 0..<instruction.operation.info.arity {
      guard let x = value(instruction.operand(i)) else { return nil }
      operands.append(x)
    }
    return Folding.constant(instruction.operation, operands)
  }

  /// Which values the outputs (and computed extents) need.
  package func liveValues() -> [Bool] {
    var live = [Bool](repeating: false, count: instructions.count)
    for output in outputs { live[output.value.index] = true }
    for extent in extents { live[extent.index] = true }
    for i in stride(from: instructions.count - 1, through: 0, by: -1) where live[i] {
      for operand in operands(ValueID(i)) { live[operand.index] = true }
    }
    return live
  }

  // Origins say where a program came from, not what it is: equal programs may come from two places.
  package static func == (x: Function, y: Function) -> Bool {
    x.instructions == y.instructions && x.constants.elementsEqual(y.constants, by: sameBits)
      && x.draws == y.draws && x.slices == y.slices && x.windows == y.windows
      && x.loops == y.loops && x.extents == y.extents && x.outputs == y.outputs
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(instructions)
    for constant in constants { hasher.combine(constant.bitPattern) }
    hasher.combine(outputs)
  }
}

private func sameBits(_ x: Double, _ y: Double) -> Bool { x.bitPattern == y.bitPattern }

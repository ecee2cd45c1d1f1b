import Basics
import Diagnostics

extension FunctionBuilder {
  /// Makes an instruction of another function here, with `map` from its values to ours and, in a
  /// loop's body, what stands for the arguments. Values are shared and folded as for any other.
  /// Places where all tensors meet are moved on by `sitesBefore`.
  mutating func copy(
    _ id: ValueID, of source: Function, _ map: [ValueID], arguments: [ValueID] = [],
    sitesBefore: Int32 = 0
  ) throws(DiagnosticError) -> ValueID {
    let value = try unnamed(id, of: source, map, arguments, sitesBefore)
    name(value, source.names[id])
    return value
  }

  private mutating func unnamed(
    _ id: ValueID, of source: Function, _ map: [ValueID], _ arguments: [ValueID],
    _ sitesBefore: Int32
  ) throws(DiagnosticError) -> ValueID {
    let instruction = source[id]
    func mapped(_ value: ValueID) -> ValueID { value.isSome ? map[value.index] : .none }
    switch instruction.operation {
    case .constant: return constant(source.constants[Int(instruction.attribute)])
    case .argument where !arguments.isEmpty: return arguments[Int(instruction.attribute)]
    case .draw:
      return draw(
        source.draws[Int(instruction.attribute)], instruction.type, mapped(instruction.a))
    case .extent:
      return extent(
        ExtentKind(rawValue: instruction.attribute) ?? .numel, of: mapped(instruction.a))
    case .loop:
      var inner = source.loops[Int(instruction.attribute)]
      inner.initial = inner.initial.map(mapped)
      inner.captured = inner.captured.map(mapped)
      return loop(mapped(instruction.a), inner)
    case .project:
      return project(mapped(instruction.a), Int(instruction.attribute), type: instruction.type)
    default: break
    }
    if instruction.operation.isSource {
      return self.source(
        instruction.operation, instruction.type, attribute: instruction.attribute)
    }
    let operands = source.operands(id).map(mapped)
    do throws(ShapeError) {
      switch instruction.operation {
      case .slice: return try slice(operands[0], source.slices[Int(instruction.attribute)])
      case .placeSlice:
        return try placeSlice(
          operands[0], source.slices[Int(instruction.attribute)], type: instruction.type)
      case .unfold, .fold:
        return try patches(
          instruction.operation, operands[0], source.windows[Int(instruction.attribute)],
          declared: instruction.type)
      default:
        let meets = instruction.operation.isBarrier
        return try make(
          instruction.operation, operands,
          attribute: instruction.attribute + (meets ? sitesBefore : 0), declared: instruction.type)
      }
    } catch { throw DiagnosticError(error.diagnostic(at: source.origin(id))) }
  }
}

extension Function {
  /// A builder that has made this function's values, all of them or the live ones, without its outputs; and
  /// which of its values each is there.
  func copied(
    _ live: [Bool]? = nil
  ) throws(DiagnosticError) -> (builder: FunctionBuilder, map: [ValueID]) {
    var builder = FunctionBuilder(name: name)
    var map = [ValueID](repeating: .none, count: instructions.count)
    for i in instructions.indices where live?[i] ?? true {
      builder.origin = origins[i]
      map[i] = try builder.copy(ValueID(i), of: self, map)
    }
    for extent in extents { _ = builder.extentSymbol(map[extent.index]) }
    return (builder, map)
  }

  /// The function without the values that no output needs.
  package func withoutDeadValues() throws(DiagnosticError) -> Function {
    var (builder, map) = try copied(liveValues())
    for output in outputs { builder.output(output.target, map[output.value.index]) }
    return builder.finish()
  }
}

// MARK: Steps counted otherwise

extension Function {
  /// How many steps a rule has made at t, and makes in T, where it is not applied in all of them.
  package struct Clock: Sendable {
    package var function: Function
    package var steps: ValueID
    package var horizon: ValueID

    package init(function: Function, steps: ValueID, horizon: ValueID) {
      self.function = function
      self.steps = steps
      self.horizon = horizon
    }
  }

  /// A value of one number, its `.result(0)`, as a function of the t and T of a clock.
  package func timed(by clock: Clock?) -> Function {
    guard let clock else { return self }
    var builder = FunctionBuilder(name: name)
    guard let value = try? builder.copy(self, .result(0), by: clock) else { return self }
    builder.output(.result(0), value)
    return builder.finish()
  }

  /// The hyperparameters that have a clock as functions of its t and T.
  package func timed(by clocks: [Int: Clock]) throws(DiagnosticError) -> Function {
    if clocks.isEmpty { return self }
    var builder = FunctionBuilder(name: name)
    var plain = [ValueID](repeating: .none, count: instructions.count)
    for output in outputs {
      guard case .hyper(let slot) = output.target, let clock = clocks[slot] else {
        builder.output(output.target, try builder.copy(tree: output.value, of: self, &plain))
        continue
      }
      builder.output(output.target, try builder.copy(self, output.target, by: clock))
    }
    return builder.finish()
  }
}

extension FunctionBuilder {
  /// An output of a function with other values for t and T.
  package mutating func copy(
    _ source: Function, _ target: OutputTarget, at time: (steps: ValueID, horizon: ValueID)
  ) throws(DiagnosticError) -> ValueID {
    var map = [ValueID](repeating: .none, count: source.instructions.count)
    for (i, instruction) in source.instructions.enumerated() {
      if instruction.operation == .step { map[i] = time.steps }
      if instruction.operation == .horizon { map[i] = time.horizon }
    }
    return try copy(tree: source.output(target)!, of: source, &map)
  }

  mutating func copy(
    _ source: Function, _ target: OutputTarget, by clock: Function.Clock
  ) throws(DiagnosticError) -> ValueID {
    var map = [ValueID](repeating: .none, count: clock.function.instructions.count)
    let steps = try copy(tree: clock.steps, of: clock.function, &map)
    let horizon = try copy(tree: clock.horizon, of: clock.function, &map)
    return try copy(source, target, at: (steps, horizon))
  }
}

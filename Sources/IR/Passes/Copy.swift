import Basics
import Diagnostics

extension FunctionBuilder {
  /// Makes an instruction of another function here, with `map` from its values to ours and, in a
  /// loop's body, what stands for the arguments. Values are shared and folded as for any other.
  mutating func copy(
    _ id: ValueID, of source: Function, _ map: [ValueID], arguments: [ValueID] = []
  ) throws(DiagnosticError) -> ValueID {
    let value = try unnamed(id, of: source, map, arguments)
    name(value, source.names[id])
    return value
  }

  private mutating func unnamed(
    _ id: ValueID, of source: Function, _ map: [ValueID], _ arguments: [ValueID]
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
      default:
        return try make(
          instruction.operation, operands, attribute: instruction.attribute,
          declared: instruction.type)
      }
    } catch { throw DiagnosticError(error.diagnostic(at: source.origin(id))) }
  }
}

extension Function {
  /// The function without the values that no output needs.
  package func withoutDeadValues() throws(DiagnosticError) -> Function {
    var builder = FunctionBuilder(name: name)
    let live = liveValues()
    var map = [ValueID](repeating: .none, count: instructions.count)
    for i in instructions.indices where live[i] {
      builder.origin = origins[i]
      map[i] = try builder.copy(ValueID(i), of: self, map)
    }
    for extent in extents { _ = builder.extentSymbol(map[extent.index]) }
    for output in outputs { builder.output(output.target, map[output.value.index]) }
    return builder.finish()
  }
}

import Diagnostics

/// Places made of hyperparameters, `x[k]`: whether they are whole and inside of their axis is known where the values of
/// hyperparameters and the lengths are.
extension Specialise {
  /// Throws R0414 for a place that is no whole number, and R0408 for one outside of its axis, of an operation that looks
  /// up entries by place.
  func requirePlaces(_ id: ValueID, _ map: [ValueID]) throws(DiagnosticError) {
    let instruction = source[id]
    let span = source.origin(id)
    switch instruction.operation {
    case .gather:
      // Where there are several, their number is known when it is bound, too, and may be what says that they are not
      // looked up.
      guard let (counting, place) = counted(instruction.b),
        source.type(counting).shape.extents.allSatisfy(\.isOne),
        let start = bindValue(place), !start.isNaN, isDemanded(id)
      else { return }
      let length = builder.type(map[instruction.a.index]).shape[0].value
      try require(start, of: length, isWrapped: isWrapped(place), span)
    case .equal:
      // One entry of a named axis.
      guard source[instruction.a].operation == .iota, isWrapped(instruction.b),
        let axis = source.type(instruction.a).shape.axes.names.last,
        source.type(instruction.a).shape.axes.count == 1, axes(instruction.a).contains(axis),
        let place = bindValue(instruction.b), !place.isNaN, isDemanded(id)
      else { return }
      try require(
        place, of: builder.type(map[instruction.a.index]).shape[0].value, isWrapped: true, span)
    default: return
    }
  }

  /// The numbers 0, 1, … and what is added to them.
  private func counted(_ id: ValueID) -> (counting: ValueID, place: ValueID)? {
    let instruction = source[id]
    guard instruction.operation == .add else { return nil }
    if source[instruction.a].operation == .iota { return (instruction.a, instruction.b) }
    return source[instruction.b].operation == .iota ? (instruction.b, instruction.a) : nil
  }

  /// Whether a number below 0 was counted from the end.
  private func isWrapped(_ place: ValueID) -> Bool {
    let choice = source[place]
    return choice.operation == .select && source[choice.a].operation == .less
      && source[choice.a].a == choice.c
  }

  /// Whether a value is computed whatever the conditions turn out to be that only a step knows.
  private func isDemanded(_ id: ValueID) -> Bool {
    var live = [Bool](repeating: false, count: source.instructions.count)
    for output in source.outputs { live[output.value.index] = true }
    for i in stride(from: live.count - 1, through: id.index, by: -1) where live[i] {
      let instruction = source.instructions[i]
      guard instruction.operation == .select, source.type(instruction.a).shape.isScalar else {
        for operand in source.operands(ValueID(i)) { live[operand.index] = true }
        continue
      }
      live[instruction.a.index] = true
      if let condition = bindValue(instruction.a) {
        live[(condition != 0 ? instruction.b : instruction.c).index] = true
      }
    }
    return live[id.index]
  }

  private func require(
    _ start: Double, of length: Int, isWrapped: Bool, _ span: Span
  ) throws(DiagnosticError) {
    guard start == start.rounded() else { throw DiagnosticError(.fractionalIndex(at: span)) }
    guard start >= 0, start < Double(length) else {
      let written = start >= 0 || !isWrapped ? start : start - Double(length)
      throw DiagnosticError(.indexOutside(written, of: length, at: span))
    }
  }
}

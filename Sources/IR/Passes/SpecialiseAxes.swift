import Basics
import Diagnostics

/// Named axes become places: the entries of a value lie one after the other in front of its tensor,
/// and what names matched, reshapes line up.
extension Specialise {
  /// More entries than this are not unrolled.
  static let entryLimit = 64
  static let globalLimit = 512
  static let foldLimit = 4096

  /// The named axes that have a place: one worker is no axis.
  func axes(_ shape: Shape) -> AxisSet {
    context.workers == 1 ? shape.axes.removing(.workers) : shape.axes
  }

  func axes(_ value: ValueID) -> AxisSet { axes(source.type(value).shape) }

  /// The operation on values with named axes; nil where no operand and no result has any.
  mutating func rebuildOverAxes(
    _ instruction: Instruction, _ operands: [ValueID], _ span: Span
  ) throws(DiagnosticError) -> ValueID? {
    let arity = instruction.operation.info.arity
    let own = (0..<arity).map { source.type(instruction.operand($0)).shape.axes }
    guard !instruction.type.shape.axes.isEmpty || own.contains(where: { !$0.isEmpty }) else {
      return nil
    }
    let placed = (0..<arity).map { axes(instruction.operand($0)) }
    switch instruction.operation {
    case .reshape, .unfold, .fold: return nil
    case .slice:
      // The slices of an axis without a place are left out.
      let all = source.slices[Int(instruction.attribute)]
      let slices = Array(all.dropFirst(own[0].count - placed[0].count))
      return try guarded(span) { builder throws(ShapeError) in
        try builder.slice(operands[0], slices)
      }
    case .broadcast:
      let value = try aligned(operands[0], placed[0], to: instruction.type.shape, span)
      return try make(
        .broadcast, [value], span,
        declared: ValueType(
          instruction.type.kind, try concrete(instruction.type.shape, at: span)))
    case .push: return try push(operands, placed, instruction, span)
    case _ where instruction.operation.isElementwise:
      var lined: [ValueID] = []
      for (value, axes) in zip(operands, placed) {
        lined.append(try aligned(value, axes, to: instruction.type.shape, span))
      }
      return try make(instruction.operation, lined, span)
    case _ where instruction.operation.isReduction:
      return try fold(instruction, operands[0], placed[0], span)
    case .quantile:
      guard let axis = Scope(rawValue: instruction.attribute)?.axis else {
        return try entryByEntry(instruction, operands, placed, span)
      }
      return try quantile(operands, placed[0], over: axis, span)
    default: return try entryByEntry(instruction, operands, placed, span)
    }
  }

  mutating func guarded(
    _ span: Span, _ body: (inout FunctionBuilder) throws(ShapeError) -> ValueID
  ) throws(DiagnosticError) -> ValueID {
    do throws(ShapeError) { return try body(&builder) } catch {
      throw DiagnosticError(error.diagnostic(at: span))
    }
  }

  mutating func make(
    _ operation: Operation, _ operands: [ValueID], _ span: Span, attribute: Int32 = 0,
    declared: ValueType? = nil
  ) throws(DiagnosticError) -> ValueID {
    try guarded(span) { builder throws(ShapeError) in
      try builder.make(operation, operands, attribute: attribute, declared: declared)
    }
  }

  mutating func reshape(
    _ value: ValueID, _ lengths: [Int], _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    var extents: [Extent] = []
    for length in lengths { extents.append(try .length(length, at: span)) }
    let type = ValueType(builder.type(value).kind, Shape(extents))
    if type.shape.rank > 0 || builder.type(value).shape.rank > 0, type != builder.type(value) {
      return try make(.reshape, [value], span, declared: type)
    }
    return value
  }

  func numbers(_ value: ValueID) -> [Int] {
    builder.type(value).shape.extents.map(\.value)
  }

  /// The value with its entries where those of the target's axes stand; one that has no named axis
  /// lies right as it is.
  mutating func aligned(
    _ value: ValueID, _ own: AxisSet, to target: Shape, _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    if own.isEmpty { return value }
    let extents = numbers(value)
    let tensor = Array(extents.dropFirst(own.count))
    var lengths: [Int] = []
    for name in axes(target).names {
      lengths.append(own.contains(name) ? extents[own.position(of: name)] : 1)
    }
    let missing = max(0, target.tensor.rank - tensor.count)
    return try reshape(value, lengths + [Int](repeating: 1, count: missing) + tensor, span)
  }

  // MARK: Reductions

  private mutating func fold(
    _ instruction: Instruction, _ value: ValueID, _ own: AxisSet, _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    let operation = instruction.operation
    let scope = Scope(rawValue: instruction.attribute) ?? .all
    let extents = numbers(value)
    let lengths = Array(extents.prefix(own.count))
    let tensor = Array(extents.dropFirst(own.count))
    if let axis = scope.axis {
      // One worker is its own sum, maximum and minimum.
      guard own.contains(axis) else { return try number(value, span) }
      return try fold(operation, value, over: own.position(of: axis), extents, span)
    }
    let count = Lengths.product(lengths)
    switch scope {
    case .perRow where tensor.count > 2, .perColumn where tensor.count > 2:
      return try fold(operation, value, scope.rawValue, span)
    case .perColumn where tensor.count == 2 && !own.isEmpty:
      return try entryByEntry(instruction, [value], [own], span)
    case .perRow where tensor.count == 2:
      let rows = try make(
        operation,
        [reshape(value, [Lengths.product([count, tensor[0]]), tensor[1]], span)], span,
        attribute: Scope.perRow.rawValue)
      return try reshape(rows, lengths + [tensor[0], 1], span)
    case .all where !own.isEmpty:
      let entries = try reshape(value, [count, Lengths.product(tensor)], span)
      let folded = try make(operation, [entries], span, attribute: Scope.perRow.rawValue)
      return try reshape(folded, lengths, span)
    default:
      return try make(operation, [value], span, attribute: scope.rawValue)
    }
  }

  /// A condition as the number that a sum of one makes of it.
  private mutating func number(_ value: ValueID, _ span: Span) throws(DiagnosticError) -> ValueID {
    guard builder.type(value).kind == .boolean else { return value }
    return try make(.select, [value, builder.constant(1), builder.constant(0)], span)
  }

  private mutating func fold(
    _ operation: Operation, _ value: ValueID, over position: Int, _ extents: [Int], _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    if position == 0 {
      return try make(operation, [value], span, attribute: Scope.leading.rawValue)
    }
    let length = extents[position]
    guard length > 0, length <= Self.foldLimit else {
      throw DiagnosticError(.foldTooLong(limit: Self.foldLimit, at: span))
    }
    var slices = extents.map { _ in AxisSlice.full }
    var result: ValueID?
    for entry in 0..<length {
      slices[position] = AxisSlice(start: entry, end: entry + 1, isDropped: true)
      let here = slices
      let one = try guarded(span) { builder throws(ShapeError) in
        try builder.slice(value, here)
      }
      guard let before = result else {
        result = try number(one, span)
        continue
      }
      let combine: Operation =
        operation == .sum ? .add : operation == .maximumOf ? .maximum : .minimum
      result = try make(combine, [before, try number(one, span)], span)
    }
    return result!
  }

  /// Order statistics of each element along an axis, by a network that sorts its entries (Batcher's).
  private mutating func quantile(
    _ operands: [ValueID], _ own: AxisSet, over axis: AxisName, _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    guard own.contains(axis) else { return operands[0] }
    let place = own.position(of: axis)
    let count = numbers(operands[0])[place]
    guard count <= Self.entryLimit else {
      throw DiagnosticError(
        .tooManyEntries(count, limit: Self.entryLimit, .quantile, at: span))
    }
    var entries: [ValueID] = []
    var slices = numbers(operands[0]).map { _ in AxisSlice.full }
    for entry in 0..<count {
      slices[place] = AxisSlice(start: entry, end: entry + 1, isDropped: true)
      let here = slices
      entries.append(
        try guarded(span) { builder throws(ShapeError) in try builder.slice(operands[0], here) })
    }
    for (i, j) in Self.sortingNetwork(count) {
      let pair = [entries[i], entries[j]]
      entries[i] = try make(.minimum, pair, span)
      entries[j] = try make(.maximum, pair, span)
    }
    let (zero, one) = (builder.constant(0), builder.constant(1))
    let last = builder.constant(Double(count - 1))
    let position = try make(
      .multiply, [try make(.clip, [operands[1], zero, one], span), last], span)
    let low = try make(.floor, [position], span)
    // At an entry it is that one, however infinite the next.
    let high = try make(.ceiling, [position], span)
    let fraction = try make(.subtract, [position, low], span)
    let a = try entry(low, of: entries, span)
    let b = try entry(high, of: entries, span)
    // From the nearer of the two, as the quantile of one tensor.
    let gap = try make(.subtract, [b, a], span)
    let up = try make(.add, [a, try make(.multiply, [gap, fraction], span)], span)
    let rest = try make(.subtract, [one, fraction], span)
    let down = try make(.subtract, [b, try make(.multiply, [gap, rest], span)], span)
    let isNear = try make(.less, [fraction, builder.constant(0.5)], span)
    let between = try make(.select, [isNear, up, down], span)
    var isOne = try make(.equal, [a, b], span)
    // Of no share the quantile is no number, also where all entries are one.
    if builder.constantValue(fraction)?.isNaN ?? true {
      isOne = try make(
        .logicalAnd, [isOne, try make(.lessOrEqual, [fraction, one], span)], span)
    }
    return try make(.select, [isOne, a, between], span)
  }

  /// The entry whose number a scalar is.
  private mutating func entry(
    _ number: ValueID, of entries: [ValueID], _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    if let k = builder.constantValue(number), !k.isNaN { return entries[Int(k)] }
    var result = entries[entries.count - 1]
    for k in entries.indices.dropLast().reversed() {
      let isHere = try make(.lessOrEqual, [number, builder.constant(Double(k))], span)
      result = try make(.select, [isHere, entries[k], result], span)
    }
    return result
  }

  /// The places that are compared, in order, to sort so many (odd-even merge sort, Batcher 1968).
  static func sortingNetwork(_ count: Int) -> [(Int, Int)] {
    var pairs: [(Int, Int)] = []
    var run = 1
    while run < count {
      var gap = run
      while gap >= 1 {
        for start in stride(from: gap % run, to: max(count - gap, 0), by: 2 * gap) {
          for i in start..<min(start + gap, count - gap)
          where i / (2 * run) == (i + gap) / (2 * run) {
            pairs.append((i, i + gap))
          }
        }
        gap /= 2
      }
      run *= 2
    }
    return pairs
  }

  // MARK: Windows

  /// The new value in front of all entries but the oldest.
  private mutating func push(
    _ operands: [ValueID], _ placed: [AxisSet], _ instruction: Instruction, _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    let type = builder.type(operands[0])
    let extents = numbers(operands[0])
    let place = placed[0].position(of: .window)
    let entry = source.type(instruction.a).shape.without(.window)
    let target = ValueType(.real, try concrete(entry, at: span))
    let fitted = try make(
      .broadcast, [try aligned(operands[1], placed[1], to: entry, span)], span, declared: target)
    func slices(_ start: Int, _ end: Int) -> [AxisSlice] {
      var all = extents.map { _ in AxisSlice.full }
      all[place] = AxisSlice(start: start, end: end, isDropped: false)
      return all
    }
    var one = extents
    one[place] = 1
    let front = try reshape(fitted, one, span)
    let length = extents[place]
    if length == 1 { return front }
    return try guarded(span) { builder throws(ShapeError) in
      let newest = try builder.placeSlice(front, slices(0, 1), type: type)
      let kept = try builder.slice(operands[0], slices(0, length - 1))
      let older = try builder.placeSlice(kept, slices(1, length), type: type)
      return try builder.make(.add, newest, older)
    }
  }

  // MARK: Entry by entry

  /// What no operation does for all entries at once is done for each.
  private mutating func entryByEntry(
    _ instruction: Instruction, _ operands: [ValueID], _ placed: [AxisSet], _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    let union = placed.reduce(AxisSet()) { $0.union($1) }
    var lengths: [Int] = []
    for name in union.names {
      let k = placed.firstIndex { $0.contains(name) }!
      lengths.append(numbers(operands[k])[placed[k].position(of: name)])
    }
    let total = Lengths.product(lengths)
    let isGlobal = instruction.operation.isGlobalReduction
    let limit = isGlobal ? Self.globalLimit : Self.entryLimit
    guard total <= limit else {
      throw DiagnosticError(
        .tooManyEntries(total, limit: limit, instruction.operation, at: span))
    }
    let entryType = ValueType(
      instruction.type.kind, try concrete(instruction.type.shape.tensor, at: span))
    var results: [ValueID] = []
    for entry in 0..<total {
      var parts: [ValueID] = []
      for (value, own) in zip(operands, placed) {
        parts.append(try part(value, own, entry, union, lengths, span))
      }
      if instruction.operation == .matrixProduct {
        results.append(try product(parts[0], parts[1], span))
        continue
      }
      results.append(
        try make(
          instruction.operation, parts, span,
          attribute: instruction.attribute + (isGlobal ? Int32(entry * context.sites) : 0),
          declared: entryType))
    }
    if union.isEmpty { return results[0] }
    return try stacked(results, lengths, instruction.type.kind, entryType.shape, span)
  }

  /// What an operand is in one entry of all axes.
  private mutating func part(
    _ value: ValueID, _ own: AxisSet, _ entry: Int, _ union: AxisSet, _ lengths: [Int],
    _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    if own.isEmpty { return value }
    var slices = builder.type(value).shape.extents.map { _ in AxisSlice.full }
    var rest = entry
    for (name, length) in zip(union.names, lengths).reversed() {
      let index = rest % length
      rest /= length
      guard own.contains(name) else { continue }
      slices[own.position(of: name)] = AxisSlice(start: index, end: index + 1, isDropped: true)
    }
    let here = slices
    return try guarded(span) { builder throws(ShapeError) in try builder.slice(value, here) }
  }

  private mutating func stacked(
    _ entries: [ValueID], _ lengths: [Int], _ kind: ElementKind, _ shape: Shape, _ span: Span
  ) throws(DiagnosticError) -> ValueID {
    let inner = entries.first.map { numbers($0) } ?? shape.extents.map(\.value)
    let type = ValueType(
      .real, Shape(([entries.count] + inner).map { .fixed($0) }))
    var sum: ValueID?
    for (k, entry) in entries.enumerated() {
      let slices =
        [AxisSlice(start: k, end: k + 1, isDropped: true)] + inner.map { _ in AxisSlice.full }
      let value = try number(entry, span)
      let placed = try guarded(span) { builder throws(ShapeError) in
        try builder.placeSlice(value, slices, type: type)
      }
      if let before = sum {
        sum = try make(.add, [before, placed], span)
      } else {
        sum = placed
      }
    }
    guard var all = sum else { return builder.constant(0) }
    if kind == .boolean { all = try make(.greater, [all, builder.constant(0)], span) }
    return try reshape(all, lengths + inner, span)
  }
}

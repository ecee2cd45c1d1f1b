import Basics
import Diagnostics

extension RuleVariant {
  /// The rule with each entry of its stacks and windows as a value of its own: a state over one becomes
  /// states `b_0`, `b_1`, … `hypers` are the hyperparameters whose numbers are known, by place: lengths
  /// may be made of them.
  ///
  /// Nil where there is nothing to separate, where a length is not known or large, and where entries are
  /// used other than one by one: drawn, sorted, carried by loops.
  package func withSeparateEntries(hypers: [Double?]) -> RuleVariant? {
    let isAxis = [initial, update].contains { function in
      function.instructions.contains { !$0.type.shape.axes.isEmpty }
    }
    guard isAxis else { return nil }
    var result = self
    result.states = []
    var slots: [EntrySeparation.Slot] = []
    let lengths = EntrySeparation(initial, hypers, [])
    for state in states {
      guard let own = lengths.lengths(state.shape) else { return nil }
      let slot = EntrySeparation.Slot(
        axes: state.shape.axes, lengths: own, first: result.states.count)
      guard slot.count <= EntrySeparation.entryLimit else { return nil }
      slots.append(slot)
      for entry in 0..<slot.count {
        var single = state
        single.shape = state.shape.tensor
        if !state.shape.axes.isEmpty { single.name += slot.suffix(of: entry) }
        result.states.append(single)
      }
    }
    guard Set(result.states.map(\.name)).count == result.states.count else { return nil }
    for part in [\RuleVariant.initial, \RuleVariant.update] {
      var pass = EntrySeparation(self[keyPath: part], hypers, slots)
      guard let function = try? pass.run() else { return nil }
      result[keyPath: part] = function
    }
    return result
  }
}

/// Rebuilds a function with a value for each entry of a stack or window.
private struct EntrySeparation {
  static let entryLimit = 16
  static let instructionLimit = 4_000

  /// A state, and where its entries are among the new states.
  struct Slot {
    var axes: AxisSet
    var lengths: [Int]
    var first: Int
    var count: Int { lengths.reduce(1, *) }

    /// `_1`, of several axes `_1_0`.
    func suffix(of entry: Int) -> String {
      var rest = entry
      return lengths.reversed().reduce("") { text, length in
        defer { rest /= length }
        return "_\(rest % length)" + text
      }
    }
  }

  /// A value: one without axes, or its entries, the last axis the fastest.
  struct Entries {
    var axes = AxisSet()
    var lengths: [Int] = []
    var values: [ValueID]
  }

  /// What has no form of single values.
  private struct Inseparable: Error {}

  let source: Function
  let slots: [Slot]
  /// The numbers that scalars surely are.
  private var numbers: [Double?] = []
  private var builder: FunctionBuilder
  private var map: [Entries] = []

  init(_ source: Function, _ hypers: [Double?], _ slots: [Slot]) {
    self.source = source
    self.slots = slots
    builder = FunctionBuilder(name: source.name)
    for (i, instruction) in source.instructions.enumerated() {
      let slot = Int(instruction.attribute)
      let number: Double?
      switch instruction.operation {
      case .constant: number = source.constants[slot]
      case .hyper: number = slot < hypers.count ? hypers[slot] : nil
      default:
        number =
          instruction.type.shape.isScalar ? source.folded(ValueID(i)) { numbers[$0.index] } : nil
      }
      numbers.append(number)
    }
  }

  mutating func run() throws -> Function {
    let live = source.liveValues()
    for i in source.instructions.indices {
      guard live[i] else {
        map.append(Entries(values: []))
        continue
      }
      builder.origin = source.origins[i]
      map.append(try rebuilt(ValueID(i)))
      let made = builder.function.instructions.count
      if made > Self.instructionLimit { throw Inseparable() }
    }
    for extent in source.extents { _ = builder.extentSymbol(try single(extent)) }
    for output in source.outputs { try write(output) }
    return try builder.finish().withoutDeadValues()
  }

  private mutating func write(_ output: Output) throws {
    guard case .state(let k) = output.target else {
      builder.output(output.target, try single(output.value))
      return
    }
    let slot = slots[k]
    for entry in 0..<slot.count {
      builder.output(
        .state(slot.first + entry), part(map[output.value.index], entry, slot.axes, slot.lengths))
    }
  }

  // MARK: Axes

  /// The lengths of a shape's axes, all stacks or windows; nil where one is not known.
  func lengths(_ shape: Shape) -> [Int]? {
    guard shape.axes.isSubset(of: AxisSet(.stack, .window)) else { return nil }
    var result: [Int] = []
    for extent in shape.lengths {
      let number =
        extent.isFixed
        ? Double(extent.value)
        : extent.computedIndex.flatMap { numbers[source.extents[$0].index] }
      guard let number, let length = Int(exactly: number), length >= 1 else { return nil }
      result.append(length)
    }
    return result
  }

  private func axes(_ shape: Shape) throws -> (axes: AxisSet, lengths: [Int]) {
    guard let lengths = lengths(shape), lengths.reduce(1, *) <= Self.entryLimit else {
      throw Inseparable()
    }
    return (shape.axes, lengths)
  }

  /// What a value is at an entry of axes that are at least its own.
  private func part(
    _ value: Entries, _ entry: Int, _ axes: AxisSet, _ lengths: [Int]
  ) -> ValueID {
    var (index, step, rest) = (0, 1, entry)
    for (name, length) in zip(axes.names, lengths).reversed() {
      if value.axes.contains(name) {
        index += rest % length * step
        step *= length
      }
      rest /= length
    }
    return value.values[index]
  }

  private func single(_ id: ValueID) throws -> ValueID {
    let value = map[id.index]
    guard value.axes.isEmpty, let one = value.values.first else { throw Inseparable() }
    return one
  }

  // MARK: Operations

  private mutating func rebuilt(_ id: ValueID) throws -> Entries {
    let instruction = source[id]
    let type = ValueType(instruction.type.kind, instruction.type.shape.tensor)
    let operands = source.operands(id)
    if instruction.operation == .state {
      let slot = slots[Int(instruction.attribute)]
      let states = (0..<slot.count).map {
        builder.source(.state, type, attribute: Int32(slot.first + $0))
      }
      return Entries(axes: slot.axes, lengths: slot.lengths, values: states)
    }
    if instruction.type.shape.axes.isEmpty,
      operands.allSatisfy({ map[$0.index].axes.isEmpty })
    {
      return try copied(id)
    }
    let (axes, lengths) = try axes(instruction.type.shape)
    switch instruction.operation {
    case .reshape:
      // A list along its axis.
      guard let items = source.listItems(instruction.a), items.count == lengths.reduce(1, *) else {
        throw Inseparable()
      }
      let values = try items.map { try single($0) }
      guard values.allSatisfy({ builder.type($0).shape == type.shape }) else {
        throw Inseparable()
      }
      return Entries(axes: axes, lengths: lengths, values: values)
    case .broadcast:
      return try each(instruction, axes, lengths) { pass, parts in
        try pass.builder.make(.broadcast, parts, declared: type)
      }
    case .extent:
      let entry = map[instruction.a.index].values[0]
      return Entries(
        values: [
          builder.extent(ExtentKind(rawValue: instruction.attribute) ?? .numel, of: entry)
        ])
    case .iota:
      let axis = Int(instruction.attribute)
      guard axis < lengths.count else { throw Inseparable() }
      let step = lengths[(axis + 1)...].reduce(1, *)
      let ages = (0..<lengths.reduce(1, *)).map {
        builder.constant(Double($0 / step % lengths[axis]))
      }
      return Entries(axes: axes, lengths: lengths, values: ages)
    case .slice: return try sliced(instruction)
    case .push: return try pushed(instruction, type)
    case _ where instruction.operation.isFold:
      guard let scope = Scope(rawValue: instruction.attribute), scope != .leading else {
        throw Inseparable()
      }
      if let axis = scope.axis { return try folded(instruction, over: axis) }
    case _ where instruction.operation.isElementwise: break
    case .matrixProduct, .transpose, .softmax, .logSoftmax: break
    default: throw Inseparable()
    }
    return try each(instruction, axes, lengths) { pass, parts in
      try pass.builder.make(
        instruction.operation, parts, attribute: instruction.attribute, declared: type)
    }
  }

  /// An instruction without axes, as it is.
  private mutating func copied(_ id: ValueID) throws -> Entries {
    let instruction = source[id]
    if instruction.operation == .loop,
      source.loops[Int(instruction.attribute)].body.instructions.contains(where: {
        $0.operation == .state || !$0.type.shape.axes.isEmpty
      })
    {
      throw Inseparable()
    }
    let values = map.map { $0.values.first ?? .none }
    return Entries(values: [try builder.copy(id, of: source, values)])
  }

  private mutating func each(
    _ instruction: Instruction, _ axes: AxisSet, _ lengths: [Int],
    _ make: (inout Self, [ValueID]) throws -> ValueID
  ) throws -> Entries {
    var result = Entries(axes: axes, lengths: lengths, values: [])
    let operands = (0..<instruction.operation.info.arity).map { instruction.operand($0) }
    for entry in 0..<lengths.reduce(1, *) {
      let parts = operands.map { part(map[$0.index], entry, axes, lengths) }
      result.values.append(try make(&self, parts))
    }
    return result
  }

  /// A sum or an extremum along an axis, from the first entry to the last.
  private mutating func folded(_ instruction: Instruction, over axis: AxisName) throws -> Entries {
    let value = map[instruction.a.index]
    let (axes, lengths) = try axes(instruction.type.shape)
    guard value.axes.contains(axis) else { throw Inseparable() }
    let combine: Operation =
      switch instruction.operation {
      case .sum: .add
      case .maximumOf: .maximum
      default: .minimum
      }
    let place = value.axes.position(of: axis)
    let inner = value.lengths[(place + 1)...].reduce(1, *)
    let length = value.lengths[place]
    var result = Entries(axes: axes, lengths: lengths, values: [])
    for entry in 0..<lengths.reduce(1, *) {
      let start = entry / inner * inner * length + entry % inner
      var total: ValueID?
      for k in 0..<length {
        let next = try number(value.values[start + k * inner])
        total = try total.map { try builder.make(combine, $0, next) } ?? next
      }
      result.values.append(total!)
    }
    return result
  }

  /// A condition as the number that a fold takes it for.
  private mutating func number(_ value: ValueID) throws -> ValueID {
    guard builder.type(value).kind == .boolean else { return value }
    return try builder.make(.select, value, builder.constant(1), builder.constant(0))
  }

  /// Some entries, and what of each the slices of the tensor keep.
  private mutating func sliced(_ instruction: Instruction) throws -> Entries {
    let value = map[instruction.a.index]
    let all = source.slices[Int(instruction.attribute)]
    let (axes, lengths) = try axes(instruction.type.shape)
    var kept: [[Int]] = []
    for (slice, length) in zip(all, value.lengths) {
      let end = slice.end ?? length
      guard 0 <= slice.start, slice.start < end, end <= length else { throw Inseparable() }
      kept.append(Array(slice.start..<end))
    }
    var places = [0]
    for (own, length) in zip(kept, value.lengths) {
      places = places.flatMap { before in own.map { before * length + $0 } }
    }
    guard places.count == lengths.reduce(1, *) else { throw Inseparable() }
    let rest = Array(all.dropFirst(value.lengths.count))
    var result = Entries(axes: axes, lengths: lengths, values: [])
    for place in places {
      let entry = value.values[place]
      result.values.append(
        rest.allSatisfy { $0 == .full } ? entry : try builder.slice(entry, rest))
    }
    return result
  }

  /// The new value in front of all entries but the oldest.
  private mutating func pushed(_ instruction: Instruction, _ type: ValueType) throws -> Entries {
    let window = map[instruction.a.index]
    let new = map[instruction.b.index]
    let place = window.axes.position(of: .window)
    let length = window.lengths[place]
    let inner = window.lengths[(place + 1)...].reduce(1, *)
    var result = window
    for entry in window.values.indices {
      if entry / inner % length > 0 {
        result.values[entry] = window.values[entry - inner]
      } else {
        let front = part(new, entry, window.axes, window.lengths)
        result.values[entry] = try builder.make(.broadcast, [front], declared: type)
      }
    }
    return result
  }
}

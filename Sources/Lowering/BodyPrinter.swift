import Basics
import IR

/// Prints the values of one function as equations and expressions.
struct BodyPrinter {
  let function: Function
  let hypers: [String]
  let states: [String]
  let inputs: [String]
  /// The hyperparameters that are lists.
  var lists: [(slots: [Int], name: String)] = []
  /// The shape that a draw has where none is written.
  var drawShape = Shape.like
  private var names: [ValueID: String] = [:]
  private var taken: Set<String> = []
  private var uses: [Int]
  private var nextName = 1
  /// Arguments of a loop body.
  private var arguments: [String] = []
  private var outerLengths: [String]?
  private var lines: [String] = []
  private var indent = "    "

  init(_ function: Function, hypers: [String], states: [String], inputs: [String]) {
    self.function = function
    self.hypers = hypers
    self.states = states
    self.inputs = inputs
    uses = [Int](repeating: 0, count: function.instructions.count)
    let live = function.liveValues()
    for i in function.instructions.indices where live[i] {
      for operand in function.operands(ValueID(i)) { uses[operand.index] += 1 }
    }
    for output in function.outputs { uses[output.value.index] += 1 }
  }

  mutating func reserve(_ names: Set<String>) { taken.formUnion(names) }

  /// All equations, named values before those that use them, then the outputs.
  mutating func equations(
    _ targets: [(OutputTarget, String)], roundsUpdate: Bool = false
  ) -> String {
    lines = []
    nameShared()
    for (target, left) in targets {
      guard let value = function.output(target) else { continue }
      let rounding = roundsUpdate && target == .parameter(0) ? " round stochastic" : ""
      lines.append(indent + left + outputText(value) + rounding)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The text of an output: a value stretched to its declared shape needs no word for it.
  func outputText(_ value: ValueID) -> String {
    let instruction = function[value]
    if instruction.operation == .broadcast, names[value] == nil {
      return text(instruction.a, 0)
    }
    return text(value, 0)
  }

  private mutating func nameShared() {
    let live = function.liveValues()
    for i in function.instructions.indices where live[i] {
      let id = ValueID(i)
      let instruction = function[id]
      switch instruction.operation {
      case .loop: printLoop(id)
      case .qr, .eigh, .svd: printSeveral(id)
      case .project: break
      case .draw:
        let wanted = function.draws[Int(instruction.attribute)].name
        name(id, wanted: wanted)
      default:
        guard uses[i] > 1, !instruction.operation.isSource || instruction.operation == .identity,
          instruction.operation != .constant, !isSmall(id)
        else { continue }
        name(id, wanted: nil)
      }
    }
  }

  /// Too short to deserve a name: `1 - β1`, `-x`, a broadcast number.
  private func isSmall(_ id: ValueID) -> Bool {
    let instruction = function[id]
    guard instruction.type.shape.isScalar else { return instruction.operation == .broadcast }
    return function.operands(id).allSatisfy {
      function[$0].operation.isSource && function[$0].operation != .draw
    }
  }

  private mutating func freshName() -> String {
    while true {
      let name = "x\(nextName)"
      nextName += 1
      if taken.insert(name).inserted { return name }
    }
  }

  private mutating func name(_ id: ValueID, wanted: String?) {
    var name = wanted ?? ""
    let reserved: Set<String> = [
      "w", "g", "t", "T", "loss", "rank", "rows", "cols", "numel", "batch", "groups", "workers",
    ]
    if name.isEmpty || reserved.contains(name) || !taken.insert(name).inserted {
      name = freshName()
    }
    lines.append("\(indent)\(name) = \(text(id, 0))")
    names[id] = name
  }

  private mutating func printSeveral(_ id: ValueID) {
    let types = ShapeRules.results(of: function[id].operation, function.type(function[id].a))
    let results = types.indices.map { _ in freshName() }
    lines.append("\(indent)\(results.joined(separator: ", ")) = \(text(id, 0))")
    bindProjections(of: id, results)
  }

  private mutating func bindProjections(of id: ValueID, _ results: [String]) {
    for i in function.instructions.indices
    where function.instructions[i].operation == .project && function.instructions[i].a == id {
      names[ValueID(i)] = results[Int(function.instructions[i].attribute)]
    }
  }

  private mutating func printLoop(_ id: ValueID) {
    let instruction = function[id]
    let loop = function.loops[Int(instruction.attribute)]
    let carried = loop.initial.map { _ in freshName() }
    for (name, value) in zip(carried, loop.initial) {
      lines.append("\(indent)\(name) = \(text(value, 0))")
    }
    let captured = loop.captured.map { value -> String in
      if names[value] == nil, !function[value].operation.isSource {
        name(value, wanted: nil)
      }
      return text(value, 100)
    }
    lines.append("\(indent)repeat \(text(instruction.a, 0)) {")
    var body = BodyPrinter(loop.body, hypers: hypers, states: states, inputs: inputs)
    body.taken = taken
    body.lists = lists
    body.nextName = nextName
    body.indent = indent + "    "
    body.arguments = carried + captured
    body.outerLengths = outerLengths ?? function.extents.map { text($0, 0) }
    let targets = carried.indices.map { (OutputTarget.result($0), "\(carried[$0])' = ") }
    lines.append(String(body.equations(targets).dropLast()))
    taken.formUnion(body.taken)
    nextName = body.nextName
    lines.append("\(indent)}")
    bindProjections(of: id, carried)
  }

  // MARK: Expressions

  /// The text of a value where operators of precedence below `outer` need parentheses.
  ///
  /// Precedence: 1 or, 2 and, 3 not, 4 comparison, 5 + -, 6 * / @ mod, 7 unary -, 8 ^, 9 postfix.
  func text(_ id: ValueID, _ outer: Int) -> String {
    if let name = names[id] { return name }
    let instruction = function[id]
    if let special = special(id, outer) { return special }
    func wrap(_ level: Int, _ text: String) -> String { level < outer ? "(\(text))" : text }
    func infix(_ symbol: String, _ level: Int, rightLevel: Int) -> String {
      wrap(level, "\(text(instruction.a, level)) \(symbol) \(text(instruction.b, rightLevel))")
    }
    let operation = instruction.operation
    switch operation {
    case .constant:
      let x = function.constants[Int(instruction.attribute)]
      let number = NumberPrinter.text(x)
      return number.hasPrefix("-") ? wrap(7, number) : number
    case .hyper: return hypers[Int(instruction.attribute)]
    case .step: return "t"
    case .horizon: return "T"
    case .parameter: return "w"
    case .gradient: return "g"
    case .state: return states[Int(instruction.attribute)]
    case .input: return inputs[Int(instruction.attribute)]
    case .loss: return "loss"
    case .argument: return arguments[Int(instruction.attribute)]
    case .extent: return extentText(instruction)
    case .draw: return drawText(instruction)
    case .iota:
      let shape = instruction.type.shape
      return "iota(\(shape.axes.isEmpty ? lengths(shape) : shapeText(shape)))"
    case .identity:
      let e = instruction.type.shape.extents
      return e[0] == e[1] ? "eye(\(length(e[0])))" : "eye(\(lengths(instruction.type.shape)))"
    case .negate: return wrap(7, "-\(text(instruction.a, 7))")
    case .logicalNot: return wrap(3, "not \(text(instruction.a, 4))")
    case .add: return infix("+", 5, rightLevel: 6)
    case .subtract: return infix("-", 5, rightLevel: 6)
    case .multiply: return infix("*", 6, rightLevel: 7)
    case .divide: return infix("/", 6, rightLevel: 7)
    case .modulo: return infix("mod", 6, rightLevel: 7)
    case .matrixProduct: return infix("@", 6, rightLevel: 7)
    case .power: return wrap(8, "\(text(instruction.a, 9))^\(text(instruction.b, 8))")
    case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual:
      return infix(operation.info.name, 4, rightLevel: 5)
    case .logicalAnd: return infix("and", 2, rightLevel: 3)
    case .logicalOr: return infix("or", 1, rightLevel: 2)
    case .select:
      let choice =
        "if \(text(instruction.a, 1)) then \(text(instruction.b, 1)) else "
        + text(instruction.c, 1)
      return outer > 0 ? "(\(choice))" : choice
    case .sum, .maximumOf, .minimumOf, .argMaximum, .argMinimum:
      return reductionText(instruction, outer)
    case .globalSum, .globalMaximum, .globalMinimum:
      let inner = function[instruction.a]
      let expected: Operation =
        operation == .globalSum ? .sum : operation == .globalMaximum ? .maximumOf : .minimumOf
      if inner.operation == expected, inner.attribute == 0, names[instruction.a] == nil {
        return "global \(text(instruction.a, 0))"
      }
      return "global \(operation.info.name)(\(text(instruction.a, 0)))"
    case .transpose: return "\(text(instruction.a, 9)).T"
    case .reshape, .broadcast:
      if let list = alongText(id) { return list }
      let shape = operation == .reshape ? instruction.type.shape.tensor : instruction.type.shape
      if !shape.axes.isEmpty { return "broadcast(\(text(instruction.a, 0)), \(shapeText(shape)))" }
      if shape.extents == [.unknown] { return "flatten(\(text(instruction.a, 0)))" }
      let target = shape.isLike ? "w" : shape.isScalar ? "scalar" : lengths(shape)
      return "\(operation.info.name)(\(text(instruction.a, 0)), \(target))"
    case .diagonal: return "diag(\(text(instruction.a, 0)))"
    case .slice: return sliceText(instruction)
    case .project: return "?"
    case .svd where instruction.attribute == SingularSigns.lapack.rawValue:
      return "lapack_svd(\(text(instruction.a, 0)))"
    default:
      let operands = (0..<operation.info.arity).map { text(instruction.operand($0), 0) }
      return "\(operation.info.name)(\(operands.joined(separator: ", ")))"
    }
  }

  /// Forms that a reader expects: `x^2`, `norm(x)`, `mean(x)`, `ema(x, y, β)`, `[a, b]`.
  private func special(_ id: ValueID, _ outer: Int) -> String? {
    let i = function[id]
    switch i.operation {
    case .multiply where i.a == i.b:
      let text = "\(text(i.a, 9))^2"
      return 8 < outer ? "(\(text))" : text
    case .squareRoot: return rootText(i, outer)
    case .divide: return meanText(i, outer) ?? debiasedText(i)
    case .add:
      if let items = listItems(id) {
        return "[\(items.map { text($0, 0) }.joined(separator: ", "))]"
      }
      guard isPrivate(i.a), isPrivate(i.b) else { return nil }
      return average(i.a, i.b) ?? average(i.b, i.a)
    case .placeSlice:
      return listItems(id).map { "[\($0.map { text($0, 0) }.joined(separator: ", "))]" }
    default: return nil
    }
  }

  /// A list along a named axis: `betas`, or `stack([β1, β2])`.
  private func alongText(_ id: ValueID) -> String? {
    let i = function[id]
    let shape = i.type.shape
    guard i.operation == .reshape, shape.axes.count == 1, shape.rank == 1,
      function.type(i.a).shape.axes.isEmpty, let items = listItems(i.a)
    else { return nil }
    let slots = items.map {
      function[$0].operation == .hyper && names[$0] == nil ? Int(function[$0].attribute) : -1
    }
    if shape.axes.contains(.stack), let list = lists.first(where: { $0.slots == slots }) {
      return list.name
    }
    return "\(shape.axes.names[0].word)(\(text(i.a, 0)))"
  }

  /// A reduction called by its name: `norm(x)`, `row_sum(x)`, `max over batch x`.
  private func reductionCall(
    _ name: String, _ scope: Int32, _ operand: ValueID, _ outer: Int
  ) -> String {
    guard let axis = Scope(rawValue: scope)?.axis else {
      return "\(prefix(scope))\(name)(\(text(operand, 0)))"
    }
    let call = "\(name) over \(axis.word) \(text(operand, 7))"
    return outer > 7 ? "(\(call))" : call
  }

  /// `norm(x)`, `rms(x)`, `global norm(x)`.
  private func rootText(_ i: Instruction, _ outer: Int) -> String? {
    guard isPrivate(i.a) else { return nil }
    var inner = function[i.a]
    var scope = ""
    if inner.operation == .divide {
      guard let mean = meanOperand(inner), isPrivate(inner.a) else { return nil }
      let square = function[mean]
      guard square.operation == .multiply, square.a == square.b, isPrivateToMean(mean, inner) else {
        return nil
      }
      return reductionCall("rms", function[inner.a].attribute, square.a, outer)
    }
    if inner.operation == .globalSum, isPrivate(inner.a) {
      inner = function[inner.a]
      scope = "global "
    }
    guard inner.operation == .sum else { return nil }
    let square = function[inner.a]
    guard square.operation == .multiply, square.a == square.b, isPrivate(inner.a) else {
      return nil
    }
    if !scope.isEmpty { return "\(scope)\(prefix(inner.attribute))norm(\(text(square.a, 0)))" }
    return reductionCall("norm", inner.attribute, square.a, outer)
  }

  /// A mean reads its operand twice where it counts its elements.
  private func isPrivateToMean(_ operand: ValueID, _ mean: Instruction) -> Bool {
    let readsTwice = function[mean.b].a == operand
    return uses[operand.index] == (readsTwice ? 2 : 1) && names[operand] == nil
  }

  /// The x of `sum(x) / numel`, along whatever axis; nil for other quotients.
  private func meanOperand(_ i: Instruction) -> ValueID? {
    let sum = function[i.a]
    let count = function[i.b]
    guard i.operation == .divide, sum.operation == .sum, isPrivate(i.a) else { return nil }
    if let axis = Scope(rawValue: sum.attribute)?.axis {
      guard let length = function.type(sum.a).shape.length(of: axis) else { return nil }
      return isLength(i.b, length) ? sum.a : nil
    }
    guard count.operation == .extent else { return nil }
    let isLike = function.type(sum.a).shape.tensor.isLike
    let expected: (ExtentKind, ExtentKind)
    switch Scope(rawValue: sum.attribute) {
    case .all: expected = (.numel, .elementsOf)
    case .perRow: expected = (.cols, .colsOf)
    case .perColumn: expected = (.rows, .rowsOf)
    default: return nil
    }
    let matches =
      isLike
      ? count.attribute == expected.0.rawValue
      : count.attribute == expected.1.rawValue && count.a == sum.a
    return matches ? sum.a : nil
  }

  /// Whether a number is the length of a named axis.
  private func isLength(_ id: ValueID, _ length: Extent) -> Bool {
    if length.isFixed { return function.constantValue(id) == Double(length.value) }
    if let k = length.computedIndex {
      return outerLengths == nil && k < function.extents.count && function.extents[k] == id
    }
    guard function[id].operation == .extent, function[id].a == .none else { return false }
    switch ExtentKind(rawValue: function[id].attribute) {
    case .batch: return length == .batch
    case .groups: return length == .groups
    case .workers: return length == .workers
    default: return false
    }
  }

  private func meanText(_ i: Instruction, _ outer: Int) -> String? {
    guard let operand = meanOperand(i) else { return nil }
    return reductionCall("mean", function[i.a].attribute, operand, outer)
  }

  /// x / (1 − β^t).
  private func debiasedText(_ i: Instruction) -> String? {
    let one = function[i.b]
    guard one.operation == .subtract, function.constantValue(one.a) == 1 else { return nil }
    let power = function[one.b]
    guard power.operation == .power, function[power.b].operation == .step else { return nil }
    return "debias(\(text(i.a, 0)), \(text(power.a, 0)))"
  }

  private func isPrivate(_ id: ValueID) -> Bool { uses[id.index] == 1 && names[id] == nil }

  /// β x + (1 − β) y.
  private func average(_ first: ValueID, _ second: ValueID) -> String? {
    let p = function[first]
    let q = function[second]
    guard p.operation == .multiply, q.operation == .multiply else { return nil }
    for (complement, y) in [(q.a, q.b), (q.b, q.a)] {
      let one = function[complement]
      guard one.operation == .subtract, function.constantValue(one.a) == 1 else { continue }
      for (share, x) in [(p.a, p.b), (p.b, p.a)] where share == one.b {
        return "ema(\(text(x, 0)), \(text(y, 0)), \(text(share, 0)))"
      }
    }
    return nil
  }

  private func listItems(_ id: ValueID) -> [ValueID]? {
    var items: [ValueID] = []
    var next = id
    while function[next].operation == .add {
      guard let item = listItem(function[next].b) else { return nil }
      items.insert(item, at: 0)
      next = function[next].a
    }
    guard let first = listItem(next) else { return nil }
    items.insert(first, at: 0)
    let extents = function.type(id).shape.extents
    return extents.count == 1 && extents[0] == .fixed(items.count) ? items : nil
  }

  private func listItem(_ id: ValueID) -> ValueID? {
    let i = function[id]
    guard i.operation == .placeSlice, function.type(i.a).shape.isScalar else { return nil }
    return i.a
  }

  private func prefix(_ scope: Int32) -> String {
    switch Scope(rawValue: scope) {
    case .perRow: "row_"
    case .perColumn: "col_"
    default: ""
    }
  }

  private func reductionText(_ i: Instruction, _ outer: Int) -> String {
    let isArgument = i.operation == .argMaximum || i.operation == .argMinimum
    let isMatrix = function.type(i.a).shape.tensor.rank == 2
    if isArgument, isMatrix, i.attribute == Scope.perRow.rawValue {
      return "\(i.operation.info.name)(\(text(i.a, 0)))"
    }
    let isOfAll = i.attribute == 0 || i.attribute >= Scope.overWorkers.rawValue
    if i.operation == .sum, isOfAll, function.type(i.a).kind == .boolean {
      return reductionCall("count", i.attribute, i.a, outer)
    }
    return reductionCall(i.operation.info.name, i.attribute, i.a, outer)
  }

  private func extentText(_ i: Instruction) -> String {
    switch ExtentKind(rawValue: i.attribute) {
    case .rank: "rank"
    case .rows: "rows"
    case .cols: "cols"
    case .numel: "numel"
    case .batch: "batch"
    case .features: "features"
    case .groups: "groups"
    case .workers: "workers"
    case .rowsOf: "rows(\(text(i.a, 0)))"
    case .colsOf: "cols(\(text(i.a, 0)))"
    default: "numel(\(text(i.a, 0)))"
    }
  }

  private func drawText(_ i: Instruction) -> String {
    let draw = function.draws[Int(i.attribute)]
    var arguments: [String] = []
    if draw.distribution == .bernoulli { arguments.append(text(i.a, 0)) }
    if !draw.isGlobal, i.type.shape != drawShape { arguments.append(shapeText(i.type.shape)) }
    return
      "\(draw.isGlobal ? "global " : "")\(draw.distribution)(\(arguments.joined(separator: ", ")))"
  }

  private func sliceText(_ i: Instruction) -> String {
    let axes = function.type(i.a).shape.axes
    var slices = function.slices[Int(i.attribute)]
    if !axes.isEmpty {
      let place = axes.count - 1
      let isOfOne = slices.indices.allSatisfy { $0 == place || slices[$0] == .full }
      if isOfOne, slices.indices.contains(place), axes.names[place] != .workers {
        slices = [slices[place]]
      }
    }
    let parts = slices.map { slice -> String in
      if slice.isDropped { return "\(slice.start)" }
      return "\(slice.start == 0 ? "" : "\(slice.start)"):\(slice.end.map { "\($0)" } ?? "")"
    }
    return "\(text(i.a, 9))[\(parts.joined(separator: ", "))]"
  }

  func length(_ extent: Extent) -> String {
    if let k = extent.computedIndex {
      // A loop body shares the extents of the function around it.
      return outerLengths.map { k < $0.count ? $0[k] : "?" } ?? text(function.extents[k], 0)
    }
    return extent.description
  }

  private func lengths(_ shape: Shape) -> String {
    shape.extents.map { length($0) }.joined(separator: ", ")
  }

  /// A shape as a declaration states it.
  func shapeText(_ shape: Shape) -> String {
    if let axis = shape.axes.names.first {
      let length = shape[0]
      let isOfHost = [.batch, .groups, .workers].contains(length)
      let inner = shape.without(axis)
      let arguments =
        (isOfHost ? [] : [self.length(length)]) + (inner.isLike ? [] : [shapeText(inner)])
      return axis.word + (arguments.isEmpty ? "" : "(\(arguments.joined(separator: ", ")))")
    }
    if shape.isScalar { return "scalar" }
    let e = shape.extents
    if e.count == 1 { return "vector(\(length(e[0])))" }
    if e.count == 2, e[1].isOne, e[0] == .rows { return "vector(rows)" }
    if e.count == 2, e[0].isOne, e[1] == .cols { return "vector(cols)" }
    if e.count == 2 { return "matrix(\(length(e[0])), \(length(e[1])))" }
    return "tensor(\(lengths(shape)))"
  }
}

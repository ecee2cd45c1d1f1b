import Basics
import IR

/// Prints the values of one function as equations; `BodyPrinter+Expressions` makes their right sides.
struct BodyPrinter {
  let function: Function
  let hypers: [String]
  let states: [String]
  let inputs: [String]
  /// The hyperparameters that are lists.
  var lists: [(slots: [Int], name: String)] = []
  /// The shape that a draw has where none is written.
  var drawShape = Shape.like
  var names: [ValueID: Notation] = [:]
  private var taken: Set<String> = []
  var uses: [Int]
  private var nextName = 1
  /// Arguments of a loop body.
  var arguments: [Notation] = []
  var outerLengths: [String]?
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

  func text(_ id: ValueID) -> String { OptDialect().text(notation(id)) }

  /// The text of an output: a value stretched to its declared shape needs no word for it.
  func outputText(_ value: ValueID) -> String {
    let instruction = function[value]
    let isStretched = instruction.operation == .broadcast && names[value] == nil
    return text(isStretched ? instruction.a : value)
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
    lines.append("\(indent)\(name) = \(text(id))")
    names[id] = .name(name)
  }

  private mutating func printSeveral(_ id: ValueID) {
    let types = ShapeRules.results(of: function[id].operation, function.type(function[id].a))
    let results = types.indices.map { _ in freshName() }
    lines.append("\(indent)\(results.joined(separator: ", ")) = \(text(id))")
    bindProjections(of: id, results)
  }

  private mutating func bindProjections(of id: ValueID, _ results: [String]) {
    for i in function.instructions.indices
    where function.instructions[i].operation == .project && function.instructions[i].a == id {
      names[ValueID(i)] = .name(results[Int(function.instructions[i].attribute)])
    }
  }

  private mutating func printLoop(_ id: ValueID) {
    let instruction = function[id]
    let loop = function.loops[Int(instruction.attribute)]
    let carried = loop.initial.map { _ in freshName() }
    for (name, value) in zip(carried, loop.initial) {
      lines.append("\(indent)\(name) = \(text(value))")
    }
    let captured = loop.captured.map { value -> Notation in
      if names[value] == nil, !function[value].operation.isSource {
        name(value, wanted: nil)
      }
      return notation(value)
    }
    lines.append("\(indent)repeat \(text(instruction.a)) {")
    var body = BodyPrinter(loop.body, hypers: hypers, states: states, inputs: inputs)
    body.taken = taken
    body.lists = lists
    body.nextName = nextName
    body.indent = indent + "    "
    body.arguments = carried.map { .name($0) } + captured
    body.outerLengths = outerLengths ?? function.extents.map { text($0) }
    let targets = carried.indices.map { (OutputTarget.result($0), "\(carried[$0])' = ") }
    lines.append(String(body.equations(targets).dropLast()))
    taken.formUnion(body.taken)
    nextName = body.nextName
    lines.append("\(indent)}")
    bindProjections(of: id, carried)
  }
}

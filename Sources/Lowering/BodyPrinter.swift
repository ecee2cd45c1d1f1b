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
  var roundsUpdate = false
  var names: [ValueID: Notation] = [:]
  private var taken: Set<String> = [
    "w", "g", "t", "T", "loss", "rank", "rows", "cols", "numel", "batch", "groups", "workers",
  ]
  var uses: [Int]
  private var nextName = 1
  /// Arguments of a loop body.
  var arguments: [Notation] = []
  var outerLengths: [String]?
  private var lines: [String] = []
  /// The equations that are still to be printed.
  private var targets: [(target: OutputTarget, left: String)] = []
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

  /// All equations, named values before those that use them, then the other outputs.
  mutating func equations(_ targets: [(target: OutputTarget, left: String)]) -> String {
    lines = []
    self.targets = targets
    nameShared()
    for (target, left) in self.targets { printOutput(target, left) }
    return lines.map { $0 + "\n" }.joined()
  }

  private mutating func printOutput(_ target: OutputTarget, _ left: String) {
    guard let value = function.output(target) else { return }
    let equals = left.isEmpty ? "" : " = "
    let rounding = roundsUpdate && target == .parameter(0) ? " round stochastic" : ""
    lines.append(indent + left + equals + outputText(value) + rounding)
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
    // The carried name stands for the value before the loop too.
    let carried = Set(function.loops.flatMap(\.initial))
    for i in function.instructions.indices where live[i] {
      let id = ValueID(i)
      let instruction = function[id]
      switch instruction.operation {
      case .loop: printLoop(id)
      case _ where instruction.type.kind == .tuple: printSeveral(id)
      case .project: break
      case .draw:
        // Recorded draws are matched by the name of their equation.
        let own = function.draws[Int(instruction.attribute)].name
        name(id, wanted: own.isEmpty || taken.contains(own) ? function.names[id] : own)
      default:
        guard !instruction.operation.isSource || instruction.operation == .identity,
          instruction.operation != .broadcast
        else { continue }
        if uses[i] > 1, let k = targets.firstIndex(where: { isState($0, id) }) {
          let (target, left) = targets.remove(at: k)
          printOutput(target, left)
          names[id] = .name(left)
        } else if uses[i] > 1
          ? function.names[id] != nil || !isSmall(id)
          : function.names[id] != nil && !carried.contains(id)
        {
          name(id, wanted: function.names[id])
        }
      }
    }
  }

  /// Whether the value is what a state, w or a carried name is next.
  private func isState(_ output: (target: OutputTarget, left: String), _ id: ValueID) -> Bool {
    output.left.hasSuffix("'") && function.output(output.target) == id
  }

  /// Too short to deserve a name that nobody gave it: `1 - β1`, `-x`.
  private func isSmall(_ id: ValueID) -> Bool {
    function.type(id).shape.isScalar
      && function.operands(id).allSatisfy {
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

  /// What the author calls a value, numbered where that name is taken; `x1` where it has none.
  private mutating func localName(_ wanted: String?) -> String {
    wanted.map { SourcePrinter.unique([$0], &taken)[0] } ?? freshName()
  }

  private mutating func name(_ id: ValueID, wanted: String?) {
    let name = localName(wanted)
    lines.append("\(indent)\(name) = \(text(id))")
    names[id] = .name(name)
  }

  private mutating func printSeveral(_ id: ValueID) {
    let types = ShapeRules.results(of: function[id].operation, function.type(function[id].a))
    let results = resultNames(id, types.count)
    lines.append("\(indent)\(results.joined(separator: ", ")) = \(text(id))")
    bindProjections(of: id, results)
  }

  /// Names for the values of an operation that gives several.
  private mutating func resultNames(_ id: ValueID, _ count: Int) -> [String] {
    let projections = function.instructions.indices.filter {
      function.instructions[$0].operation == .project && function.instructions[$0].a == id
    }
    return (0..<count).map { k in
      let projection = projections.first { Int(function.instructions[$0].attribute) == k }
      return localName(projection.flatMap { function.names[ValueID($0)] })
    }
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
    let carried = resultNames(id, loop.initial.count)
    for (name, value) in zip(carried, loop.initial) {
      lines.append("\(indent)\(name) = \(text(value))")
    }
    let captured = loop.captured.map { value -> Notation in
      if names[value] == nil, !function[value].operation.isSource {
        name(value, wanted: function.names[value])
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
    let targets = carried.indices.map { (OutputTarget.result($0), "\(carried[$0])'") }
    lines.append(String(body.equations(targets).dropLast()))
    taken.formUnion(body.taken)
    nextName = body.nextName
    lines.append("\(indent)}")
    bindProjections(of: id, carried)
  }
}

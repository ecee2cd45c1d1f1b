import Basics
import IR

/// Writes functions of the IR as LaTeX for plain amsmath, in the structure that they were written in.
package struct LatexPrinter {
  private let function: Function
  private let hypers: [String]
  private let states: [String]
  private let inputs: [String]
  private var names: [ValueID: Notation] = [:]
  private var symbols: [String] = []
  /// The step at which w and g are read.
  private var time = "t"
  /// The arguments of a loop's body.
  private var arguments: [Notation] = []
  /// Equations of shared values, each with the place of its value.
  private var lines: [(place: Int, text: String)] = []
  /// How many more parts may be written: values share theirs, and a text does not.
  private final class Room { var left = 20_000 }
  private let room = Room()

  package init(
    _ function: Function, hypers: [String] = [], states: [String] = [], inputs: [String] = []
  ) {
    self.function = function
    self.hypers = hypers
    self.states = states
    self.inputs = inputs
  }

  // MARK: Rules

  /// A rule as an `align*` environment: states, then one equation a line.
  package static func rule(_ module: RuleModule, variant: Int = 0) -> String {
    let own = module.variants[variant]
    let states = own.states.map(\.name)
    let inputs = own.inputs.map(\.name)
    let hypers = module.hypers.map { Rule.shortKey($0.name) }
    var first = LatexPrinter(own.initial, hypers: hypers, states: states, inputs: inputs)
    first.time = "1"
    var printer = LatexPrinter(own.update, hypers: hypers, states: states, inputs: inputs)
    var lines: [String] = []
    for (target, value) in own.initial.outputs.map({ ($0.target, $0.value) }) {
      guard case .state(let k) = target else { continue }
      lines.append("\(LatexDialect().name(states[k], at: "0")) &= \(first.text(value))")
    }
    let targets = own.update.outputs
    printer.nameShared(targets.map(\.value))
    var pending = printer.lines[...]
    for output in targets {
      let left: String
      switch output.target {
      case .parameter: left = "w_{t+1}"
      case .state(let k): left = LatexDialect().name(states[k], at: "t")
      case .view(let name): left = "\\mathrm{\(name)}_t"
      default: continue
      }
      // What is used is written before.
      while let next = pending.first, next.place < output.value.index {
        lines.append(next.text)
        pending.removeFirst()
      }
      var right = printer.text(output.value)
      if right == left { right = LatexDialect().text(printer.definition(output.value)) }
      lines.append("\(left) &= \(right)")
    }
    return "\\begin{align*}\n  " + lines.joined(separator: " \\\\\n  ") + "\n\\end{align*}\n"
  }

  /// An expression, ready for math mode.
  ///
  /// `symbols` are the names of free symbols.
  package static func expression(
    _ function: Function, _ value: ValueID, symbols: [String] = []
  ) -> String {
    var printer = LatexPrinter(function)
    printer.symbols = symbols
    return printer.text(value)
  }

  /// Values used several times that are more than a name get one.
  private mutating func nameShared(_ roots: [ValueID]) {
    let live = function.liveValues()
    var uses = [Int](repeating: 0, count: function.instructions.count)
    for i in function.instructions.indices where live[i] {
      for operand in Set(function.operands(ValueID(i))) { uses[operand.index] += 1 }
    }
    for root in roots { uses[root.index] += 1 }
    // What is assigned to a state is that state after the step.
    var targets: [ValueID: Notation] = [:]
    for output in function.outputs {
      if case .state(let k) = output.target {
        targets[output.value] = targets[output.value] ?? .name(states[k], at: "t")
      }
    }
    shared = targets
    var taken = Set((hypers + inputs).map { LatexDialect().name($0, at: "") })
    taken.formUnion(states.map { LatexDialect().name($0, at: "t") } + ["w_t", "g_t"])
    var count = 0
    var weights: [Int] = []
    for i in function.instructions.indices {
      let id = ValueID(i)
      weights.append(
        function[id].operation.isSource
          ? 1 : 1 + function.operands(id).reduce(0) { $0 + min(weights[$1.index], 50) })
      if !live[i] || targets[id] != nil { continue }
      if function[id].operation == .loop {
        write(loop: id, &taken)
        continue
      }
      if let (average, _) = function.debiased(id), case .name(let state, _)? = targets[average] {
        let name = LatexDialect().name(state + "_hat", at: "t")
        if taken.insert(name).inserted {
          define(id, name)
          continue
        }
      }
      guard uses[i] > 1, weights[i] > 6, function.type(id).kind != .tuple else { continue }
      var name = function.names[id].map { LatexDialect().name($0, at: "t") } ?? ""
      while name.isEmpty || !taken.insert(name).inserted {
        count += 1
        name = "u_{\(count)}"
      }
      define(id, name)
    }
  }

  private mutating func define(_ id: ValueID, _ name: String) {
    lines.append((id.index, "\(name) &= \(LatexDialect().text(definition(id)))"))
    names[id] = .verbatim(name)
  }

  /// A loop as what it begins with, and what one round makes of it.
  private mutating func write(loop id: ValueID, _ taken: inout Set<String>) {
    let loop = function.loops[Int(function[id].attribute)]
    let dialect = LatexDialect()
    let projections = function.instructions.indices.filter {
      function.instructions[$0].operation == .project && function.instructions[$0].a == id
    }
    let count = text(function[id].a)
    var stems: [String] = []
    for k in loop.initial.indices {
      let projection = projections.first { Int(function.instructions[$0].attribute) == k }
      let own = projection.flatMap { function.names[ValueID($0)] } ?? "X"
      let free = ([own] + ["X", "Y", "Z"] + (1...99).map { "X\($0)" }).first {
        !taken.contains(dialect.name($0, at: "0"))
      }!
      taken.insert(dialect.name(free, at: "0"))
      stems.append(free)
      lines.append((id.index, "\(dialect.name(free, at: "0")) &= \(text(loop.initial[k]))"))
    }
    var body = LatexPrinter(loop.body, hypers: hypers, states: states, inputs: inputs)
    body.arguments =
      stems.map { .verbatim(dialect.name($0, at: "k")) } + loop.captured.map { notation($0) }
    let live = loop.body.liveValues()
    for i in loop.body.instructions.indices where live[i] {
      guard let name = loop.body.names[ValueID(i)], loop.body.type(ValueID(i)).kind == .real,
        !loop.body.outputs.contains(where: { $0.value == ValueID(i) }),
        taken.insert(dialect.name(name, at: "0")).inserted || !stems.contains(name)
      else { continue }
      body.define(ValueID(i), dialect.name(name, at: "k"))
    }
    lines += body.lines.map { (id.index, $0.text) }
    for (k, stem) in stems.enumerated() {
      guard let next = loop.body.output(.result(k)) else { continue }
      lines.append(
        (
          id.index,
          "\(dialect.name(stem, at: "k+1")) &= \(body.text(next)), \\quad k = 0, \\dots, \(count) - 1"
        ))
    }
    for i in projections {
      let stem = stems[Int(function.instructions[i].attribute)]
      names[ValueID(i)] = .verbatim(dialect.name(stem, at: count))
    }
  }

  /// States after the step, where other equations use them.
  private var shared: [ValueID: Notation] = [:]

  // MARK: Expressions

  private func text(_ id: ValueID) -> String { LatexDialect().text(notation(id)) }

  private func notation(_ id: ValueID) -> Notation { names[id] ?? shared[id] ?? definition(id) }

  private func definition(_ id: ValueID) -> Notation {
    room.left -= 1
    if room.left < 0 { return .verbatim("\\dots") }
    let i = function[id]
    let slot = Int(i.attribute)
    switch i.operation {
    case .constant: return constant(function.constants[slot])
    case .free: return .name(symbols[slot])
    case .hyper: return slot < hypers.count ? .name(hypers[slot]) : .verbatim("x_{\(slot)}")
    case .step, .horizon: return .name(i.operation.info.name)
    case .parameter, .gradient: return .name(i.operation.info.name, at: time)
    case .state:
      return slot < states.count ? .name(states[slot], at: "t-1") : .verbatim("s_{\(slot)}")
    case .input: return slot < inputs.count ? .name(inputs[slot]) : .verbatim("a_{\(slot)}")
    case .loss: return .verbatim("\\ell_t")
    case .argument: return slot < arguments.count ? arguments[slot] : .verbatim("z_{\(slot)}")
    case .extent:
      return .verbatim("\\mathrm{\((ExtentKind(rawValue: i.attribute) ?? .numel).word)}")
    case .draw: return .verbatim("\\xi_{\(slot + 1)}")
    case .identity: return .verbatim("I")
    case .multiply where i.a == i.b: return .apply(.power, [notation(i.a), .number(2)])
    case .divide:
      if let operand = mean(i) { return .call("mean", [notation(operand)]) }
    case .squareRoot:
      let sum = function[i.a]
      if sum.operation == .sum, sum.attribute == 0, function[sum.a].operation == .multiply,
        function[sum.a].a == function[sum.a].b
      {
        return .call("norm", [notation(function[sum.a].a)])
      }
    case .select: return .conditional(notation(i.a), notation(i.b), notation(i.c))
    case .broadcast, .reshape: return notation(i.a)
    case _ where i.operation.isReduction:
      let scope = Scope.prefix(i.attribute).replacing("_", with: "\\ ")
      return .call("\\operatorname{\(scope)\(i.operation.info.name)}", [notation(i.a)])
    case .loop:
      let name = "\\operatorname{repeat}_{\(text(i.a))}"
      return .call(name, function.loops[slot].initial.map { notation($0) })
    case .project where function[i.a].operation == .loop: return notation(i.a)
    case .project: return .call("\\Pi_{\(slot + 1)}", [notation(i.a)])
    default: break
    }
    return .apply(i.operation, function.operands(id).map { notation($0) })
  }

  /// A third reads as a fraction.
  private func constant(_ x: Double) -> Notation {
    guard x > 0, NumberText.shortest(x).count > 12,
      let q = (2...64).first(where: { (x * Double($0)).rounded() / Double($0) == x })
    else { return .number(x) }
    return .apply(.divide, [.number((x * Double(q)).rounded()), .number(Double(q))])
  }

  private func mean(_ i: Instruction) -> ValueID? {
    let sum = function[i.a]
    guard sum.operation == .sum, sum.attribute == 0, function[i.b].operation == .extent else {
      return nil
    }
    return sum.a
  }
}

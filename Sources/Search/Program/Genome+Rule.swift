import Basics
import Diagnostics
import IR

extension Genome {
  /// Why a rule cannot be the start of a search.
  package enum Obstacle: Error, Hashable, Sendable {
    case routes
    case noRate
    case operation(Operation)
    case state(String)
    case tooLong
    case several(String)

    package var text: String {
      switch self {
      case .routes: "it has routes, and a program is one for all tensors"
      case .noRate: "it has no `lr`, which the search varies"
      case .operation(let own):
        "`\(own.info.name.isEmpty ? "\(own)" : own.info.name)` is no operation element by element, nor a sum or an extreme of a whole tensor"
      case .state(let name):
        "the first value of `\(name)` is no number, it has a shape of its own, or it is kept in fewer digits"
      case .tooLong:
        "it has more than \(mostNodes) operations, \(mostStates) states or \(mostNumbers) numbers"
      case .several(let what): "it needs \(what)"
      }
    }
  }

  /// The program of a rule. Hyperparameters other than `lr` become the numbers that they are bound to, or operations
  /// of t and T. What no step's weights depend on is left out, but where `keepsDeadStates`.
  package init(_ rule: Rule, keepsDeadStates: Bool = false) throws(Obstacle) {
    let module = rule.module
    guard module.variants.count == 1, module.variants[0].predicate == .always else {
      throw .routes
    }
    let variant = module.variants[0]
    guard let rate = module.hypers.firstIndex(where: { $0.key == "lr" }) else { throw .noRate }
    if !variant.inputs.isEmpty { throw .several("inputs from the host") }
    if !variant.update.draws.isEmpty { throw .several("random draws") }
    if variant.update.outputs.contains(where: { if case .view = $0.target { true } else { false } })
    {
      throw .several("a view of the weights")
    }
    self.init()
    guard variant.states.count <= Self.mostStates else { throw .tooLong }
    for (k, slot) in variant.states.enumerated() {
      guard slot.shape.isLike || slot.shape.isScalar, !slot.isGlobal, slot.storage == .compute,
        let first = variant.initial.output(.state(k)).flatMap({ variant.initial.number($0) })
      else { throw .state(slot.name) }
      states.append(
        State(first: first, isNumber: slot.shape.isScalar, next: .state(k)))
    }
    let hypers = try hyperparameters(of: module, rate: rate)
    let update = variant.update
    var values = [Reference?](repeating: nil, count: update.instructions.count)
    for output in update.outputs {
      switch output.target {
      case .parameter: weights = try read(output.value, of: update, &values, hypers)
      case .state(let k): states[k].next = try read(output.value, of: update, &values, hypers)
      default: break
      }
    }
    if !keepsDeadStates { self = cleaned() }
  }

  /// What stands for each hyperparameter, those that others are made of first.
  private mutating func hyperparameters(
    of module: RuleModule, rate: Int
  ) throws(Obstacle) -> [Reference] {
    let defaults = module.defaults
    var found = [Reference](repeating: .none, count: module.hypers.count)
    found[rate] = .rate
    var made = [Reference?](repeating: nil, count: defaults.instructions.count)
    var isChanged = true
    while isChanged {
      isChanged = false
      for output in defaults.outputs {
        guard case .hyper(let k) = output.target, found[k] == .none else { continue }
        let needed = defaults.values(under: output.value)
        guard
          needed.allSatisfy({
            defaults[$0].operation != .hyper || found[Int(defaults[$0].attribute)] != .none
          })
        else { continue }
        found[k] = try read(output.value, of: defaults, &made, found)
        isChanged = true
      }
    }
    return found
  }

  private mutating func read(
    _ root: ValueID, of f: Function, _ made: inout [Reference?], _ hypers: [Reference]
  ) throws(Obstacle) -> Reference {
    // Operands stand before what reads them.
    let needed = f.values(under: root)
    for i in f.instructions.indices where made[i] == nil && needed.contains(ValueID(i)) {
      let instruction = f.instructions[i]
      switch instruction.operation {
      case .constant:
        guard let r = number(Self.decimal(f.constants[Int(instruction.attribute)])) else {
          throw .tooLong
        }
        made[i] = r
      case .hyper: made[i] = hypers[Int(instruction.attribute)]
      case .step: made[i] = .step
      case .horizon: made[i] = .horizon
      case .parameter: made[i] = .weights
      case .gradient: made[i] = .gradient
      case .state: made[i] = .state(Int(instruction.attribute))
      case .broadcast, .reshape:
        guard instruction.type.shape.isLike || instruction.type.shape.isScalar,
          f.type(instruction.a).shape.isScalar || f.type(instruction.a).shape.isLike
        else { throw .operation(instruction.operation) }
        made[i] = made[instruction.a.index]
      default:
        let isPlain = instruction.type.shape.isLike || instruction.type.shape.isScalar
        let reduces = Self.isReduction(instruction.operation) && instruction.attribute == 0
        guard isPlain, instruction.operation.isElementwise || reduces else {
          throw .operation(instruction.operation)
        }
        guard nodes.count < Self.mostNodes else { throw .tooLong }
        var node = Node(instruction.operation, .none)
        for (k, operand) in f.operands(ValueID(i)).enumerated() { node[k] = made[operand.index]! }
        nodes.append(node)
        made[i] = .node(nodes.count - 1)
      }
    }
    return made[root.index]!
  }

  /// The program as a rule with the hyperparameter `lr`, bound as in `frame`, and numbers in place of all others.
  package func module(_ name: String, _ frame: RateFrame) -> RuleModule? {
    let isTensor = tensorNodes()
    var builder = FunctionBuilder(name: name)
    var values = [ValueID](repeating: .none, count: nodes.count)
    func value(_ r: Reference) -> ValueID {
      if let i = r.node { return values[i] }
      if let k = r.number { return builder.constant(numbers[k]) }
      if let k = r.state {
        return builder.source(
          .state, ValueType(.real, states[k].isNumber ? .scalar : .like), attribute: Int32(k))
      }
      return switch r {
      case .weights: builder.source(.parameter, ValueType(.real, .like))
      case .gradient: builder.source(.gradient, ValueType(.real, .like))
      case .rate: builder.source(.hyper, .scalar)
      case .step: builder.source(.step, .scalar)
      default: builder.source(.horizon, .scalar)
      }
    }
    do {
      for i in nodes.indices {
        let node = nodes[i]
        var operands = [value(node.a)]
        if node.b != .none { operands.append(value(node.b)) }
        if node.c != .none { operands.append(value(node.c)) }
        values[i] =
          Self.isReduction(node.operation) && !self.isTensor(node.a, isTensor)
          ? operands[0] : try builder.make(node.operation, operands)
      }
      func output(_ target: OutputTarget, _ r: Reference, isNumber: Bool) throws -> Bool {
        let v = value(r)
        if isNumber {
          guard builder.type(v).shape.isScalar else { return false }
          builder.output(target, v)
        } else {
          builder.output(
            target,
            builder.type(v).shape.isScalar
              ? try builder.make(.broadcast, v, declared: ValueType(.real, .like)) : v)
        }
        return true
      }
      for (k, state) in states.enumerated() {
        guard try output(.state(k), state.next, isNumber: state.isNumber) else { return nil }
      }
      guard try output(.parameter(0), weights, isNumber: false) else { return nil }
      var first = FunctionBuilder(name: "initial")
      for (k, state) in states.enumerated() {
        let number = first.constant(state.first)
        first.output(
          .state(k),
          state.isNumber
            ? number : try first.make(.broadcast, number, declared: ValueType(.real, .like)))
      }
      let slots = states.indices.map { k in
        StateSlot(
          name: Self.stateNames[k], shape: states[k].isNumber ? .scalar : .like, isGlobal: false,
          storage: frame.storage, roundsStochastically: false, origin: .none)
      }
      let variant = RuleVariant(
        predicate: .always, path: [], states: slots, inputs: [], update: builder.finish(),
        initial: first.finish())
      return RuleModule(
        name: name, documentation: [], hypers: [frame.hyper], defaults: frame.arguments,
        variants: [variant], globalSites: [], guardsFinite: false, origin: .none)
    } catch {
      return nil
    }
  }

  /// What states are called where a program is a rule.
  package static let stateNames = ["m", "v", "s", "u"]

  /// The program as a rule; nil where its values have no shapes that agree.
  package func rule(_ name: String, _ frame: RateFrame) -> Rule? {
    module(name, frame).map {
      Rule(
        module: $0, arguments: frame.arguments, origins: [frame.origin], call: CallText(name))
    }
  }
}

/// What all programs of a search have from the rule that it starts with: its rate and how that follows t.
package struct RateFrame: Sendable {
  package let hyper: Hyperparameter
  let origin: Rule.Origin
  /// Output `.hyper(0)`, of t and T alone.
  let arguments: Function
  let storage: Storage
  /// The rate, or the peak of a schedule; NaN where it is neither.
  package let rate: Double

  /// A number, given to `lr`.
  package static let plain: RateFrame = {
    var builder = FunctionBuilder(name: "defaults")
    builder.output(.hyper(0), builder.constant(0.01))
    return RateFrame(
      Hyperparameter(
        name: "lr", key: "lr",
        domain: Domain(low: 0, high: .infinity, includesLow: true, includesHigh: false),
        isStructural: false, origin: .none), builder.finish())
  }()

  private init(_ hyper: Hyperparameter, _ arguments: Function) {
    self.hyper = hyper
    self.arguments = arguments
    origin = Rule.Origin(isGiven: false)
    storage = .compute
    rate = 0.01
  }

  package init?(_ rule: Rule) {
    guard let k = rule.module.hypers.firstIndex(where: { $0.key == "lr" }),
      let value = rule.arguments.output(.hyper(k))
    else { return nil }
    var hyper = rule.module.hypers[k]
    hyper.origin = .none
    hyper.argument = .none
    hyper.isStructural = false
    self.hyper = hyper
    origin = rule.origins[k]
    var own = rule.arguments
    own.outputs = [Output(.hyper(0), value)]
    let arguments = own.canonical()
    self.arguments = arguments
    storage = .compute
    rate = arguments.outputs.first.flatMap { arguments.constantValue($0.value) } ?? .nan
  }
}

extension Function {
  /// The number that a value is in every element; nil where it is not one.
  fileprivate func number(_ id: ValueID) -> Double? {
    if let x = constantValue(id) { return x }
    return self[id].operation == .broadcast ? number(self[id].a) : nil
  }
}

import Diagnostics

/// A rule with what its hyperparameters are bound to, as in `Lion(lr = cosine(1e-3))`: a value that
/// can be made, changed, compared and bound to tensors.
package struct Rule: Sendable {
  /// What a hyperparameter is bound to.
  package enum Binding: Hashable, Sendable {
    case byDefault
    /// It has no default and is to be given.
    case missing
    /// A number, or nil for an expression of other hyperparameters.
    case given(Double?)
    /// By an expression of t or T.
    case scheduled
    /// By an expression of free names: any number.
    case free
  }

  /// How a hyperparameter came by its value.
  package struct Origin: Sendable {
    package var isGiven: Bool
    /// It has no default and was not given: its value means nothing.
    package var isMissing = false
    /// A schedule of a rule whose t is counted while it runs: a part of the step.
    package var isCounted = false
    /// The value without the outermost argument; nil where there is none to go back to.
    package var fallback: Function?
    /// The value as a function of its peak, `.argument(0)`; nil where the value is no schedule.
    package var schedule: Function?

    package init(isGiven: Bool, fallback: Function? = nil, schedule: Function? = nil) {
      self.isGiven = isGiven
      self.fallback = fallback
      self.schedule = schedule
    }
  }

  /// Its defaults are what the hyperparameters are bound to.
  package var module: RuleModule
  /// By hyperparameter.
  package var origins: [Origin]
  /// Outputs `.hyper(k)` for every hyperparameter, from t, T and free names alone. Scalars only.
  package private(set) var arguments: Function
  /// The keys of the names that stand for any number: the attributes of `.free`.
  package var freeNames: [String]
  package var call: CallText
  /// As written, for tables and plots.
  package var label: String

  package init(
    module: RuleModule, arguments: Function, origins: [Origin]? = nil, freeNames: [String] = [],
    call: CallText, label: String? = nil
  ) {
    self.module = module
    self.arguments = arguments
    self.origins = origins ?? module.hypers.map { _ in Origin(isGiven: false) }
    self.freeNames = freeNames
    self.call = call
    self.label = label ?? call.text
  }

  // MARK: Bindings

  /// What each hyperparameter is bound to, in the order of the module.
  package var bindings: [Binding] { module.hypers.indices.map { binding($0) } }

  package func binding(_ k: Int) -> Binding {
    guard origins[k].isGiven, let value = module.defaults.output(.hyper(k)) else {
      return origins[k].isMissing ? .missing : .byDefault
    }
    if let number = module.defaults.knownNumber(value) { return .given(number) }
    let reads = module.defaults.operations(under: value)
    return reads.contains(.free)
      ? .free : reads.contains(.step) || reads.contains(.horizon) ? .scheduled : .given(nil)
  }

  /// The position of a hyperparameter: one of its own, or the only one of this name inside it.
  ///
  /// Throws R0505 for none and for several.
  package func position(of name: String) throws(DiagnosticError) -> Int {
    let hypers = module.hypers
    if let own = hypers.firstIndex(where: { $0.name == name || $0.key == name }) { return own }
    let inner = hypers.indices.filter {
      hypers[$0].name.hasSuffix("." + name) || hypers[$0].key.hasSuffix("." + name)
    }
    guard inner.count == 1 else {
      throw DiagnosticError(
        inner.isEmpty
          ? .unknownHyper(name, of: self) : .severalHypers(name, in: module.name))
    }
    return inner[0]
  }

  /// The rule with a hyperparameter at a number; of a schedule, with this peak.
  ///
  /// Throws R0505 for a name that means none or several, R0502 for a number outside of its domain.
  package func setting(_ name: String, to x: Double) throws(DiagnosticError) -> Rule {
    try setting(position(of: name), to: x, named: name)
  }

  /// As `setting(_:to:)`, of hyperparameter k. `named` and `text` are how it is written.
  package func setting(
    _ k: Int, to x: Double, named name: String? = nil, as text: String? = nil
  ) throws(DiagnosticError) -> Rule {
    let hyper = module.hypers[k]
    if origins[k].schedule == nil, let domain = hyper.domain, !domain.contains(x) {
      throw DiagnosticError(.outsideDomain(hyper.name, domain, x, at: hyper.argument))
    }
    var result = try replacing(k, by: origins[k].schedule ?? Function(constant: x), peak: x)
    result.call.set(
      name ?? hyper.name, key: key(k), to: text ?? Self.text(x),
      isPeak: origins[k].schedule != nil)
    result.label = result.call.text
    return result
  }

  /// The rule with a hyperparameter bound to a function of t, T and the others, its output
  /// `.result(0)`; `text` is how it is written.
  ///
  /// Throws R0505 for a name that means none or several.
  package func scheduling(
    _ name: String, by schedule: Function, as text: String
  ) throws(DiagnosticError) -> Rule {
    let k = try position(of: name)
    var result = try replacing(k, by: schedule, peak: nil)
    result.origins[k].schedule = nil
    result.call.unset(key: key(k))
    result.call.set(name, key: key(k), to: text, isPeak: false)
    result.label = result.call.text
    return result
  }

  /// The rule without what it was given for a hyperparameter, which takes its default again.
  ///
  /// Throws R0505 for a name that means none or several, and where nothing was given.
  package func unsetting(_ name: String) throws(DiagnosticError) -> Rule {
    let k = try position(of: name)
    guard let fallback = origins[k].fallback else {
      throw DiagnosticError(.nothingToUnset(name, of: module.name))
    }
    var result = try replacing(k, by: fallback, peak: nil)
    result.origins[k] = Origin(isGiven: false)
    result.call.unset(key: key(k))
    result.label = result.call.text
    return result
  }

  /// The key that an argument of the outermost call has for hyperparameter k.
  private func key(_ k: Int) -> String {
    let key = module.hypers[k].key
    return call.arguments.contains { $0.key == key }
      ? key : String(key.split(separator: ".").last ?? "")
  }

  /// The shortest text that reads back as the same number.
  private static func text(_ x: Double) -> String {
    x == x.rounded() && abs(x) < 1e15 ? "\(Int64(x))" : "\(x)"
  }

  /// The rule with hyperparameter k at a number, be it of its domain or not.
  package func with(_ k: Int, at x: Double) -> Rule {
    (try? replacing(k, by: Function(constant: x), peak: nil)) ?? self
  }

  package var isMissingValues: Bool { origins.contains { $0.isMissing } }

  /// The rule under another text that means it.
  package func called(_ text: String) -> Rule {
    var result = self
    result.call = CallText(text)
    result.label = text
    return result
  }

  /// Where a rule runs, every hyperparameter has a number. Throws R0201 for a free name, R0503 for
  /// one that has no default and is not given.
  package func requireNumbers() throws(DiagnosticError) {
    if let k = origins.firstIndex(where: \.isMissing) {
      throw DiagnosticError(
        .missingHyper(module.hypers[k].name, of: module.name, at: module.hypers[k].origin))
    }
    guard
      let k = arguments.instructions.firstIndex(where: { $0.operation == .free })
    else { return }
    let name = freeNames[Int(arguments.instructions[k].attribute)]
    throw DiagnosticError(.unboundName(name, at: arguments.origins[k]))
  }

  /// The rule with another value of hyperparameter k.
  private func replacing(
    _ k: Int, by value: Function, peak: Double?
  ) throws(DiagnosticError) -> Rule {
    if origins[k].isCounted { throw DiagnosticError(.countedHyper(module.hypers[k])) }
    var result = self
    result.module.defaults = try module.defaults.replacing(k, by: value, peak: peak)
    result.arguments = try result.module.defaults.inliningHypers()
    if !origins[k].isGiven, !origins[k].isMissing {
      result.origins[k].fallback = module.defaults.alone(k)
    }
    result.origins[k].isGiven = true
    result.origins[k].isMissing = false
    return result
  }
}

/// The function of a rule's hyperparameters, edited.
extension Function {
  init(constant x: Double) {
    var builder = FunctionBuilder(name: "constant")
    builder.output(.result(0), builder.constant(x))
    self = builder.finish()
  }

  /// Hyperparameter k alone, as `.result(0)`.
  func alone(_ k: Int) -> Function? {
    guard let value = output(.hyper(k)) else { return nil }
    var result = self
    result.outputs = [Output(.result(0), value)]
    return try? result.withoutDeadValues()
  }

  /// The function with another value of hyperparameter k: the output of `value`, whose argument is
  /// `peak`. Values are made in the order in which lowering makes them.
  func replacing(
    _ k: Int, by value: Function, peak: Double?
  ) throws(DiagnosticError) -> Function {
    var builder = FunctionBuilder(name: name)
    var map = [ValueID](repeating: .none, count: instructions.count)
    for output in outputs {
      guard output.target == .hyper(k) else {
        builder.output(
          output.target, try builder.copy(tree: output.value, of: self, &map))
        continue
      }
      var own = [ValueID](repeating: .none, count: value.instructions.count)
      let arguments = peak.map { [builder.constant($0)] } ?? []
      builder.output(
        output.target,
        try builder.copy(tree: value.outputs[0].value, of: value, &own, arguments: arguments))
    }
    return builder.finish()
  }

  /// Every hyperparameter in place of its name. Throws R0309 for those that depend on one another.
  package func inliningHypers() throws(DiagnosticError) -> Function {
    var values: [Int: ValueID] = [:]
    for output in outputs {
      if case .hyper(let k) = output.target { values[k] = output.value }
    }
    var builder = FunctionBuilder(name: name)
    var map = [ValueID](repeating: .none, count: instructions.count)
    for output in outputs {
      let value = try builder.copy(tree: output.value, of: self, &map) {
        $0.operation == .hyper ? values[Int($0.attribute)] : nil
      }
      builder.output(output.target, value)
    }
    return builder.finish()
  }
}

extension FunctionBuilder {
  /// Makes a value of another function here with all that it is made of, operands first; `standIn`
  /// names the value that another one stands for.
  mutating func copy(
    tree root: ValueID, of source: Function, _ map: inout [ValueID], arguments: [ValueID] = [],
    standIn: (Instruction) -> ValueID? = { _ in nil }
  ) throws(DiagnosticError) -> ValueID {
    var pending = [root]
    // What waits for its operands: to need one of these is a cycle.
    var open: Set<ValueID> = []
    while let next = pending.last {
      if map[next.index].isSome {
        pending.removeLast()
        continue
      }
      let other = standIn(source[next])
      let needs = other.map { [$0] } ?? source.operands(next)
      let missing = needs.filter { !map[$0.index].isSome }
      if missing.isEmpty {
        origin = source.origins[next.index]
        if let other {
          map[next.index] = map[other.index]
        } else {
          map[next.index] = try copy(next, of: source, map, arguments: arguments)
        }
        open.remove(next)
        pending.removeLast()
      } else {
        open.insert(next)
        if let again = missing.first(where: { open.contains($0) }) {
          throw DiagnosticError(.circularHyper(at: source.origins[again.index]))
        }
        pending += missing.reversed()
      }
    }
    return map[root.index]
  }
}

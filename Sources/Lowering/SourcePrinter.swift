import Basics
import IR
import Syntax

/// Prints functions of the IR as `.opt` source that lowers to the same IR.
///
/// This is how the search reports what it found, and what `dump` and the REPL show.
package struct SourcePrinter {
  /// The source of a module: one rule, or one for each way through its routes and the route itself.
  package static func rule(_ module: RuleModule, name: String? = nil) -> String {
    let name = name ?? module.name
    var module = module
    for v in module.variants.indices {
      // What a line gives to the reductions of others is made again where the text is read.
      module.variants[v].update.outputs.removeAll {
        if case .result = $0.target { true } else { false }
      }
    }
    if module.variants.count == 1 {
      return rule(module, module.variants[0], name: name, documentation: module.documentation)
    }
    var text = ""
    for (index, variant) in module.variants.enumerated() {
      text += rule(module, variant, name: "\(name)_\(index + 1)", documentation: []) + "\n"
    }
    let names = hyperNames(module)
    var functions = ""
    let used = module.variants.reduce(into: Set<Int>()) { $0.formUnion(usedHypers(module, $1)) }
    let header = header(module, names, used: used, of: name, &functions)
    text += functions
    for line in module.documentation { text += "## \(line)\n" }
    text += "rule \(name)(\(header)) = route {\n"
    for (index, variant) in module.variants.enumerated() {
      let given = groups(module, names).filter { group in
        !Set(usedHypers(module, variant)).isDisjoint(with: group.slots)
      }.map { "\($0.name) = \($0.name)" }
      let target = "\(name)_\(index + 1)(\(given.joined(separator: ", ")))"
      text += "    \(PredicatePrinter.text(variant.predicate)) -> \(target)\n"
    }
    return text + "}\n"
  }

  private static func rule(
    _ module: RuleModule, _ variant: RuleVariant, name: String, documentation: [String]
  ) -> String {
    let hypers = hyperNames(module)
    var taken = Set(groups(module, hypers).map(\.name))
    let states = unique(variant.states.map(\.name), &taken)
    let inputs = unique(variant.inputs.map(\.name), &taken)
    var text = ""
    for line in documentation { text += "## \(line)\n" }
    let used = Set(usedHypers(module, variant))
    var functions = ""
    let header = header(module, hypers, used: used, of: name, &functions)
    text += "rule \(name)(\(header)) {\n"
    if module.guardsFinite { text += "    guard finite\n" }
    var body = BodyPrinter(variant.update, hypers: hypers, states: states, inputs: inputs)
    body.lists = groups(module, hypers).filter(\.isList).map { ($0.slots, $0.name) }
    body.reserve(taken)
    for (k, slot) in variant.states.enumerated() {
      var line = "    state \(states[k])"
      if slot.isGlobal {
        line += ": global"
      } else if !slot.shape.isLike {
        line += ": \(body.shapeText(slot.shape))"
      }
      if let value = variant.initial.output(.state(k)) {
        let start = LoosePrinter(
          function: variant.initial, hypers: hypers, drawShape: slot.shape
        ).text(value, name: "\(name)_\(states[k])", &functions)
        if start != "0" { line += " = \(start)" }
      }
      if slot.storage != .compute { line += " as \(slot.storage.named(hypers))" }
      if slot.roundsStochastically { line += " round stochastic" }
      text += line + "\n"
    }
    for (k, slot) in variant.inputs.enumerated() {
      let shape = slot.shape.isLike ? "" : ": \(body.shapeText(slot.shape))"
      text += "    input \(inputs[k])\(shape)\n"
    }
    let targets: [(OutputTarget, String)] = variant.update.outputs.map { output in
      switch output.target {
      case .parameter: (output.target, "w'")
      case .state(let k): (output.target, "\(states[k])'")
      case .view(let view): (output.target, "view \(view)")
      default: (output.target, "")
      }
    }
    body.roundsUpdate = variant.roundsStochastically
    text += body.equations(targets)
    return functions + text + "}\n"
  }

  /// Only what a variant's functions (and the defaults of what they use) read.
  private static func usedHypers(_ module: RuleModule, _ variant: RuleVariant) -> [Int] {
    var pending: [Int] = []
    for function in [variant.update, variant.initial] {
      let live = function.writtenValues(variant.states.map(\.shape) + variant.inputs.map(\.shape))
      for (i, instruction) in function.instructions.enumerated()
      where live[i] && instruction.operation == .hyper {
        pending.append(Int(instruction.attribute))
      }
    }
    for slot in variant.states {
      pending += slot.storage.hypers
    }
    var used: Set<Int> = []
    while let next = pending.popLast() {
      guard used.insert(next).inserted else { continue }
      var values = module.defaults.output(.hyper(next)).map { [$0] } ?? []
      while let value = values.popLast() {
        let instruction = module.defaults[value]
        if instruction.operation == .hyper { pending.append(Int(instruction.attribute)) }
        values += module.defaults.operands(value)
      }
    }
    return used.sorted()
  }

  private static func hyperNames(_ module: RuleModule) -> [String] {
    var taken: Set<String> = []
    var names: [String] = []
    for hyper in module.hypers {
      guard let entry = entry(hyper.name) else {
        names += unique([hyper.name], &taken)
        continue
      }
      if entry.index == 0 {
        names.append(unique([entry.list], &taken)[0] + "[0]")
      } else if let last = names.last, let list = self.entry(last)?.list {
        names.append("\(list)[\(entry.index)]")
      }
    }
    return names
  }

  /// `betas` and 2 of `betas[2]`; nil for a hyperparameter that is no list's entry.
  private static func entry(_ name: String) -> (list: String, index: Int)? {
    guard name.hasSuffix("]"), let open = name.lastIndex(of: "["),
      let index = Int(name[name.index(after: open)...].dropLast())
    else { return nil }
    return (String(name[..<open]), index)
  }

  /// A name as part of another: `betas_2`.
  static func plain(_ name: String) -> String {
    String(name.filter { $0 != "]" }.map { $0 == "[" ? "_" : $0 })
  }

  /// The hyperparameters as a header states them: a list is one.
  private static func groups(
    _ module: RuleModule, _ names: [String]
  ) -> [(name: String, slots: [Int], isList: Bool)] {
    var result: [(name: String, slots: [Int], isList: Bool)] = []
    for (k, name) in names.enumerated() {
      if let entry = entry(name) {
        if entry.index == 0 {
          result.append((entry.list, [k], true))
        } else {
          result[result.count - 1].slots.append(k)
        }
      } else {
        result.append((name, [k], false))
      }
    }
    return result
  }

  private static func header(
    _ module: RuleModule, _ names: [String], used: Set<Int>, of rule: String,
    _ functions: inout String
  ) -> String {
    let printer = LoosePrinter(function: module.defaults, hypers: names, drawShape: .scalar)
    var parts: [String] = []
    for group in groups(module, names) where !used.isDisjoint(with: group.slots) {
      var part = group.name
      let values = group.slots.compactMap { module.defaults.output(.hyper($0)) }
      if values.count == group.slots.count {
        let texts = zip(group.slots, values).map {
          printer.text($1, name: "\(rule)_\(SourcePrinter.plain(names[$0]))", &functions)
        }
        part += " = " + (group.isList ? "[\(texts.joined(separator: ", "))]" : texts[0])
      }
      if let domain = module.hypers[group.slots[0]].domain { part += " in \(domain)" }
      parts.append(part)
    }
    return parts.joined(separator: ", ")
  }

  static func unique(_ names: [String], _ taken: inout Set<String>) -> [String] {
    names.map { name in
      let base = String(name.map { $0 == "." ? "_" : $0 })
      var attempt = base
      var number = 2
      while !taken.insert(attempt).inserted {
        attempt = "\(base)_\(number)"
        number += 1
      }
      return attempt
    }
  }
}

enum PredicatePrinter {
  static func text(_ predicate: TensorPredicate) -> String {
    OptDialect().text(notation(predicate))
  }

  private static func notation(_ predicate: TensorPredicate) -> Notation {
    switch predicate {
    case .always: return .verbatim("rank >= 0")
    case .compare(let comparison, let a, let b):
      let operation: Operation =
        switch comparison {
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .equal: .equal
        case .notEqual: .notEqual
        }
      return .apply(operation, [quantity(a), quantity(b)])
    case .nameMatches(let pattern): return .verbatim("name =~ \(Syntax.quoted(pattern))")
    case .nameEquals(let name): return .verbatim("name == \(Syntax.quoted(name))")
    case .and(let a, let b): return .apply(.logicalAnd, [notation(a), notation(b)])
    case .or(let a, let b): return .apply(.logicalOr, [notation(a), notation(b)])
    case .not(let a): return .apply(.logicalNot, [.group(notation(a))])
    }
  }

  private static func quantity(_ quantity: TensorPredicate.Quantity) -> Notation {
    switch quantity {
    case .number(let x): return .number(x)
    case .rank, .rows, .cols, .numel: return .name("\(quantity)")
    case .arithmetic(let operation, let a, let b):
      let result = Notation.apply(operation, [self.quantity(a), self.quantity(b)])
      return operation.layout == nil ? result : .group(result)
    }
  }
}

extension Function {
  /// What the outputs need, and the lengths that stand in their text or in these shapes.
  fileprivate func writtenValues(_ shapes: [Shape]) -> [Bool] {
    var alone = self
    alone.extents = []
    var shapes = shapes
    func add(_ function: Function) {
      let live = function.liveValues()
      for (i, instruction) in function.instructions.enumerated() where live[i] {
        shapes.append(instruction.type.shape)
        let window = function.window(instruction.operation, instruction.attribute)
        shapes.append(Shape(window?.extents ?? []))
        if instruction.operation == .loop { add(function.loops[Int(instruction.attribute)].body) }
      }
    }
    add(alone)
    let lengths = Set(shapes.flatMap(\.extents).compactMap(\.computedIndex))
    alone.extents = lengths.filter { $0 < extents.count }.map { extents[$0] }
    return alone.liveValues()
  }
}

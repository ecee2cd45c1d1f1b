import Basics
import Diagnostics
import IR

/// A rule as exports state it: what its parameters are called, and what is known of its parts.
struct ExportedRule {
  /// A hyperparameter that the host may set.
  struct Setting {
    var slot: Int
    var name: String
    /// Nil where the user has to give it.
    var number: Double?
    var domain: Domain?
    var isStructural: Bool
  }

  let rule: Rule
  let target: ExportTarget
  /// What the host sets, in the order of the rule's header.
  private(set) var settings: [Setting] = []
  /// Hyperparameters that follow from others or from the step: slot and name.
  private(set) var derived: [(slot: Int, name: String)] = []
  /// The name of every hyperparameter that is read.
  private(set) var hyperNames: [Int: String] = [:]
  /// Whether the planned number of steps is read.
  private(set) var readsHorizon = false
  /// What names of values may not be.
  private(set) var taken: Set<String>

  var module: RuleModule { rule.module }
  var variants: [RuleVariant] { rule.module.variants }

  /// `reserved` are the words of the language and of the exported file.
  init(
    _ rule: Rule, to target: ExportTarget, reserved: Set<String>
  ) throws(DiagnosticError) {
    try rule.requireNumbers()
    self.rule = rule
    self.target = target
    taken = reserved
    let defaults = rule.module.defaults
    let used = usedHypers()
    var aliases: [Int: Int] = [:]
    for slot in used {
      let hyper = rule.module.hypers[slot]
      let value = defaults.output(.hyper(slot))
      if let value, defaults[value].operation == .hyper {
        aliases[slot] = Int(defaults[value].attribute)
        continue
      }
      let short = String(hyper.key.split(separator: ".").last ?? "x")
      let name = Identifier(target).unique(short, fallback: hyper.key, &taken)
      hyperNames[slot] = name
      guard let value, defaults.constantValue(value) == nil else {
        settings.append(
          Setting(
            slot: slot, name: name, number: value.flatMap { defaults.constantValue($0) },
            domain: hyper.domain, isStructural: hyper.isStructural))
        continue
      }
      derived.append((slot, name))
    }
    for slot in used {
      var origin = slot
      while let next = aliases[origin] { origin = next }
      hyperNames[slot] = hyperNames[origin]
    }
    let functions = [defaults] + variants.flatMap { [$0.update, $0.initial] }
    readsHorizon = functions.contains { function in
      let live = function.liveValues()
      return function.instructions.indices.contains {
        live[$0] && function.instructions[$0].operation == .horizon
          && (function.name != defaults.name || !derived.isEmpty)
      }
    }
    derived = inOrder(derived)
  }

  /// The domain of a setting, narrowed by those of the hyperparameters that are it under another name.
  func domain(of setting: Setting) -> Domain? {
    setting.domain
      ?? module.hypers.indices.first {
        hyperNames[$0] == setting.name && module.hypers[$0].domain != nil
      }.flatMap { module.hypers[$0].domain }
  }

  /// The hyperparameters that decide shapes and counts of loops, which are numbers wherever a rule runs.
  var structural: Set<Int> {
    let names = Set(
      module.hypers.indices.filter { module.hypers[$0].isStructural }.compactMap { hyperNames[$0] })
    return Set(hyperNames.filter { names.contains($0.value) }.keys)
  }

  /// Whether all tensors meet in a step.
  var letsTensorsMeet: Bool {
    variants.contains { $0.update.letsTensorsMeet }
      || variants.contains { $0.states.contains { $0.isGlobal } }
      || variants.contains { $0.update.draws.contains { $0.isGlobal } }
  }

  /// Hyperparameters that the variants read, and those that their values are made of.
  private func usedHypers() -> [Int] {
    var pending: [Int] = []
    func read(_ function: Function) {
      let live = function.liveValues()
      for (i, instruction) in function.instructions.enumerated() where live[i] {
        if instruction.operation == .hyper { pending.append(Int(instruction.attribute)) }
        if instruction.operation == .loop { read(function.loops[Int(instruction.attribute)].body) }
      }
    }
    for variant in variants {
      read(variant.update)
      read(variant.initial)
      for slot in variant.states { pending += slot.storage.hypers }
    }
    var used: Set<Int> = []
    while let next = pending.popLast() {
      guard used.insert(next).inserted, let value = module.defaults.output(.hyper(next)) else {
        continue
      }
      for part in module.defaults.values(under: value)
      where module.defaults[part].operation == .hyper {
        pending.append(Int(module.defaults[part].attribute))
      }
    }
    return used.sorted()
  }

  /// Those that others are made of come first.
  private func inOrder(_ list: [(slot: Int, name: String)]) -> [(slot: Int, name: String)] {
    var result: [(slot: Int, name: String)] = []
    var rest = list
    while !rest.isEmpty {
      let next = rest.firstIndex { entry in
        let parts = module.defaults.values(under: module.defaults.output(.hyper(entry.slot))!)
        return !parts.contains { part in
          module.defaults[part].operation == .hyper
            && rest.contains {
              $0.slot != entry.slot
                && $0.name == hyperNames[Int(module.defaults[part].attribute)]
            }
        }
      }
      result.append(rest.remove(at: next ?? 0))
    }
    return result
  }
}

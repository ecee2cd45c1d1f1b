import Basics

/// A name of a rule by what it is: the same in every process, on every machine and after every build.
///
/// Two programs with equal digests are equal but for chance (1 in 2^64 for a million programs).
package struct RuleDigest: Hashable, Sendable, CustomStringConvertible {
  package enum Kind: String, Sendable {
    /// What is computed: independent of the order of writing and of the names of states, locals and
    /// hyperparameters; without defaults, domains and storage. For searches.
    case structure
    /// Structure with the names of states, hyperparameters and inputs, their defaults, domains and
    /// storage, and the sites of draws. For checkpoints and caches.
    case identity

    /// Raised whenever equal rules would get another digest than before.
    package var version: Int { 1 }
  }

  package let kind: Kind
  /// 64 hexadecimal digits.
  package let hexadecimal: String

  /// `structure-1:` or `identity-1:`, the number being the version, then the digits.
  package var description: String { "\(kind.rawValue)-\(kind.version):\(hexadecimal)" }

  fileprivate init(_ kind: Kind, _ lines: [String]) {
    self.kind = kind
    let text = "ravine \(kind.rawValue) \(kind.version)\n" + lines.joined(separator: "\n")
    hexadecimal = SHA256.hexadecimal(text.utf8)
  }
}

extension RuleModule {
  package var structureDigest: RuleDigest {
    RuleDigest(
      .structure,
      ["guards \(guardsFinite)"]
        + [1, 2].flatMap { salt in SlotRefinement(self, salt: salt).lines() })
  }

  /// `arguments` are the values of the hyperparameters where they are not the defaults.
  package func identityDigest(arguments: Function? = nil) -> RuleDigest {
    RuleDigest(
      .identity,
      ["guards \(guardsFinite)"]
        + [1, 2].flatMap { identityLines(arguments ?? defaults, salt: $0) })
  }

  private func identityLines(_ values: Function, salt: UInt64) -> [String] {
    func slots(_ variant: RuleVariant?) -> SlotColours {
      SlotColours(
        salt: salt, hypers: hypers.map { SlotColours.text($0.key) },
        states: (variant?.states ?? []).map { SlotColours.text($0.name) },
        inputs: (variant?.inputs ?? []).map { SlotColours.text($0.name) }, knowsDrawsBySite: true)
    }
    let known = values.hashes(slots(nil))
    let hyperLines = hypers.enumerated().map { k, hyper in
      let domain = hyper.domain?.description ?? "any"
      return "hyper \(hyper.key) \(domain) \(hyper.isStructural) \(known[.hyper(k)] ?? 0)"
    }
    let variantLines = variants.map { variant in
      let next = variant.update.hashes(slots(variant))
      let first = variant.initial.hashes(slots(variant))
      var lines = variant.inputs.map { "input \($0.name) \($0.shape.digestText)" }
      for (k, state) in variant.states.enumerated() {
        lines.append(
          "state \(state.name) \(state.shape.digestText) \(state.isGlobal) \(state.storage) "
            + "\(state.roundsStochastically) \(next[.state(k)] ?? 0) \(first[.state(k)] ?? 0)")
      }
      lines += variant.otherLines(next)
      return "variant \(variant.predicate.digestText) \(variant.roundsStochastically)\n"
        + lines.sorted().joined(separator: "\n")
    }
    return hyperLines.sorted() + variantLines.sorted()
  }
}

/// Tells slots apart by what is computed from them and into them, without looking at their names.
private struct SlotRefinement {
  private let module: RuleModule
  private let salt: UInt64
  private var hypers: [UInt64]
  private var states: [[UInt64]]
  private var inputs: [[UInt64]]
  /// The hyperparameters that something depends on.
  private var isUsed: [Bool]

  init(_ module: RuleModule, salt: UInt64) {
    self.module = module
    self.salt = salt
    hypers = module.hypers.map { _ in salt }
    isUsed = module.hypers.map { _ in false }
    states = module.variants.map {
      $0.states.map { SlotColours.text("\($0.shape.digestText) \($0.isGlobal)") }
    }
    inputs = module.variants.map { $0.inputs.map { SlotColours.text($0.shape.digestText) } }
    refine()
    // Slots that are still alike are exchangeable: whichever is named first, the result is the same.
    while let tie = colours.filter({ $0.value > 1 }).keys.min() {
      let other = StructuralHash.mix(tie, 31)
      if let k = hypers.indices.first(where: { isUsed[$0] && hypers[$0] == tie }) {
        hypers[k] = other
      } else {
        for v in states.indices {
          if let k = states[v].firstIndex(of: tie) {
            states[v][k] = other
            break
          }
          if let k = inputs[v].firstIndex(of: tie) {
            inputs[v][k] = other
            break
          }
        }
      }
      refine()
    }
  }

  /// How often each number stands for a slot; hyperparameters without a use do not count.
  private var colours: [UInt64: Int] {
    var counts: [UInt64: Int] = [:]
    for k in hypers.indices where isUsed[k] { counts[hypers[k], default: 0] += 1 }
    for colour in (states + inputs).joined() { counts[colour, default: 0] += 1 }
    return counts
  }

  private func slots(_ variant: Int) -> SlotColours {
    SlotColours(salt: salt, hypers: hypers, states: states[variant], inputs: inputs[variant])
  }

  private mutating func refine() {
    var distinct = -1
    while colours.count > distinct {
      distinct = colours.count
      step()
    }
  }

  private mutating func step() {
    let mix = StructuralHash.mix
    var hyperUses = hypers.map { _ in UInt64(0) }
    var (nextStates, nextInputs) = (states, inputs)
    for (v, variant) in module.variants.enumerated() {
      let predicate = SlotColours.text(variant.predicate.digestText)
      for (part, function) in [variant.update, variant.initial].enumerated() {
        let hash = StructuralHash(function, slots: slots(v))
        for (i, use) in hash.uses().enumerated() where use != 0 {
          let slot = Int(function.instructions[i].attribute)
          let seen = mix(UInt64(part), use)
          switch function.instructions[i].operation {
          case .hyper:
            hyperUses[slot] &+= mix(predicate, seen)
            isUsed[slot] = true
          case .state: nextStates[v][slot] &+= seen
          case .input: nextInputs[v][slot] &+= seen
          default: break
          }
        }
        for output in function.outputs {
          guard case .state(let k) = output.target else { continue }
          nextStates[v][k] = mix(
            nextStates[v][k], mix(UInt64(part), hash.values[output.value.index]))
        }
      }
    }
    hypers = zip(hypers, hyperUses).map(mix)
    (states, inputs) = (nextStates, nextInputs)
  }

  func lines() -> [String] {
    module.variants.enumerated().map { v, variant in
      let next = variant.update.hashes(slots(v))
      let first = variant.initial.hashes(slots(v))
      let stateLines = variant.states.indices.map {
        "state \(states[v][$0]) \(next[.state($0)] ?? 0) \(first[.state($0)] ?? 0)"
      }
      return "variant \(variant.predicate.digestText)\n"
        + (stateLines + variant.otherLines(next)).sorted().joined(separator: "\n")
    }.sorted()
  }
}

extension Function {
  fileprivate func hashes(_ slots: SlotColours) -> [OutputTarget: UInt64] {
    let hash = StructuralHash(self, slots: slots)
    return Dictionary(outputs.map { ($0.target, hash.values[$0.value.index]) }) { $1 }
  }
}

extension RuleVariant {
  /// What a step gives besides its states.
  fileprivate func otherLines(_ next: [OutputTarget: UInt64]) -> [String] {
    next.compactMap { target, hash in
      switch target {
      case .state: nil
      case .parameter(let k): "parameter \(k) \(hash)"
      case .view(let name): "view \(name) \(hash)"
      case .metric(let name): "metric \(name) \(hash)"
      case .loss: "loss \(hash)"
      case .hyper(let k): "hyper \(k) \(hash)"
      case .result(let k): "result \(k) \(hash)"
      case .gradient(let k): "gradient \(k) \(hash)"
      }
    }
  }
}

extension Shape {
  /// Lengths made of hyperparameters are hashed where they are computed.
  fileprivate var digestText: String {
    if isLike { return "like" }
    return axes.description + " "
      + extents.map { $0.computedIndex == nil ? $0.description : "computed" }.joined(separator: "x")
  }
}

extension TensorPredicate {
  fileprivate var digestText: String {
    switch self {
    case .always: "always"
    case .compare(let comparison, let a, let b):
      "(\(comparison) \(a.digestText) \(b.digestText))"
    case .nameMatches(let pattern): "(matches \(pattern.debugDescription))"
    case .nameEquals(let name): "(named \(name.debugDescription))"
    case .and(let a, let b): "(and \(a.digestText) \(b.digestText))"
    case .or(let a, let b): "(or \(a.digestText) \(b.digestText))"
    case .not(let a): "(not \(a.digestText))"
    }
  }
}

extension TensorPredicate.Quantity {
  fileprivate var digestText: String {
    switch self {
    case .number(let x): "\(x)"
    case .rank: "rank"
    case .rows: "rows"
    case .cols: "cols"
    case .numel: "numel"
    case .arithmetic(let operation, let a, let b):
      "(\(operation) \(a.digestText) \(b.digestText))"
    }
  }
}

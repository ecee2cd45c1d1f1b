import Diagnostics
import Syntax

/// What a block belongs to, and so what its equations may define.
enum BlockOwner {
  case rule, function, objective
  /// Defaults and domains of hyperparameters, and named values of a script.
  case header

  var noun: String {
    switch self {
    case .rule: "a rule"
    case .function: "a function"
    case .objective: "an objective"
    case .header: "a hyperparameter"
    }
  }
}

/// Sorts statements into a `Block` and checks the roles of the names they define.
struct BlockBuilder {
  let owner: BlockOwner
  /// Names declared in the header, with what they are.
  let header: [String: (role: String, span: Span)]
  var stateNames: [String: Name] = [:]
  /// States that an equation names without their prime: it says what changes them.
  private(set) var unprimed: Set<String> = []
  var inputNames: [String: Name] = [:]
  var bag = DiagnosticBag()

  init(owner: BlockOwner, header: [String: (role: String, span: Span)]) {
    self.owner = owner
    self.header = header
  }

  /// The block of a body.
  mutating func build(_ statements: [Statement]) -> Block {
    collectDeclarations(statements)
    return block(statements, insideRepeat: false, enclosing: [])
  }

  private mutating func collectDeclarations(_ statements: [Statement]) {
    for statement in statements {
      switch statement.kind {
      case .state(let bindings), .input(let bindings), .param(let bindings):
        for binding in bindings {
          let known = stateNames[binding.name.key] ?? inputNames[binding.name.key]
          if let other = known ?? header[binding.name.key].map({ _ in binding.name }) {
            let first = header[binding.name.key]?.span ?? other.span
            bag.report(.duplicateName(binding.name, first: first))
            continue
          }
          if Self.isReserved(binding.name.key, in: owner) {
            bag.report(.reservedName(binding.name))
          }
          if case .state = statement.kind {
            stateNames[binding.name.key] = binding.name
          } else {
            inputNames[binding.name.key] = binding.name
          }
        }
      default: break
      }
    }
  }

  private static let reservedInRules: Set<String> = [
    "w", "g", "t", "T", "rank", "rows", "cols", "numel", "loss",
  ]
  /// What tables and `until` call losses and steps, which a metric of that name would replace.
  private static let lossSeries: Set<String> = ["loss", "test_loss", "validation_loss", "steps"]
  private static let reservedInObjectives: Set<String> = [
    "t", "T", "loss", "batch", "features", "training",
  ]

  /// Whether a name already means something where `owner` stands. A function and an objective have
  /// no w and g of their own, so they may call theirs so.
  static func isReserved(_ key: String, in owner: BlockOwner) -> Bool {
    switch owner {
    case .rule, .header: reservedInRules.contains(key)
    case .function: key == "t" || key == "T"
    case .objective: reservedInObjectives.contains(key)
    }
  }

  private mutating func block(
    _ statements: [Statement], insideRepeat: Bool, enclosing: [String]
  ) -> Block {
    var block = Block()
    var first: [String: Span] = [:]
    for statement in statements {
      switch statement.kind {
      case .state(let bindings):
        declare(bindings, statement, allowed: [.rule], enclosing) {
          block.states += $0
        }
      case .input(let bindings):
        declare(bindings, statement, allowed: [.rule], enclosing) {
          block.inputs += $0
        }
      case .param(let bindings):
        declare(bindings, statement, allowed: [.objective], enclosing) {
          block.parameters += $0
        }
      case .equation(let targets, let value):
        for (position, target) in targets.enumerated() {
          let definition = Definition(
            name: target.name, isPrimed: target.isPrimed, value: value,
            position: targets.count > 1 ? position : nil, valueCount: targets.count,
            rounding: target.rounding, span: statement.span)
          guard check(definition, insideRepeat: insideRepeat) else { continue }
          let key = target.name.key + (target.isPrimed ? "'" : "")
          if let earlier = first[key] {
            bag.report(.twoEquations(definition, first: earlier))
          } else {
            first[key] = target.name.span
            block.definitions.append(definition)
          }
        }
      case .when(let condition, let then, let otherwise):
        block.guards.append(
          Guarded(
            condition: .when(condition),
            then: self.block(then, insideRepeat: insideRepeat, enclosing: enclosing + ["when"]),
            otherwise: otherwise.map {
              self.block($0, insideRepeat: insideRepeat, enclosing: enclosing + ["else"])
            }, span: statement.span))
      case .every(let period, let body):
        block.guards.append(
          Guarded(
            condition: .every(period),
            then: self.block(body, insideRepeat: insideRepeat, enclosing: enclosing + ["every"]),
            otherwise: nil, span: statement.span))
      case .repeats(let count, let body):
        block.repeats.append(
          Repeated(
            count: count,
            body: self.block(body, insideRepeat: true, enclosing: enclosing + ["repeat"]),
            span: statement.span))
      case .view(let name, let value):
        if owner != .rule || !enclosing.isEmpty {
          bag.report(.notHere("view", in: owner.noun, enclosing.last, at: statement.span))
        } else if name.key != "train" && name.key != "eval" {
          bag.report(.unknownView(name))
        } else {
          block.views.append((name, value))
        }
      case .metric(let name, let value):
        if owner != .objective || !enclosing.isEmpty {
          bag.report(.notHere("metric", in: owner.noun, enclosing.last, at: statement.span))
        } else if Self.lossSeries.contains(name.text) {
          bag.report(.reservedName(name))
        } else if let earlier = block.metrics.first(where: { $0.name == name }) {
          bag.report(.duplicateName(name, first: earlier.name.span))
        } else {
          block.metrics.append((name, value))
        }
      case .term(let name, let value):
        if owner != .objective || !enclosing.isEmpty {
          bag.report(.notHere("loss", in: owner.noun, enclosing.last, at: statement.span))
        } else if let earlier = block.terms.first(where: { $0.name == name }) {
          bag.report(.duplicateName(name, first: earlier.name.span))
        } else {
          block.terms.append((name, value))
        }
      case .guardFinite:
        if owner != .rule {
          bag.report(.notHere("guard finite", in: owner.noun, enclosing.last, at: statement.span))
        }
        block.guardsFinite = true
      case .matricesOverTrailing: block.matricesOverTrailing = statement.span
      case .result(let values):
        if owner != .function || !enclosing.isEmpty {
          // The parser has said so, and the declaration is not checked further.
          break
        }
        block.results = values
        block.resultSpan = statement.span
      case .error: break
      }
    }
    reportDoubled(block)
    reportLostLoops(block, isInner: insideRepeat || !enclosing.isEmpty)
    return block
  }

  /// What a loop carries must belong to the block that the loop stands in: anywhere else its last
  /// value would be lost without a word.
  private mutating func reportLostLoops(_ block: Block, isInner: Bool) {
    guard isInner, !block.repeats.isEmpty else { return }
    let own = Set(block.definitions.map(\.name.key))
    for repeated in block.repeats {
      for definition in repeated.body.definitions
      where definition.isPrimed && !own.contains(definition.name.key) {
        bag.report(.lostLoop(definition.name))
      }
    }
  }

  /// A name may have an equation outside `when` or inside it, not both.
  private mutating func reportDoubled(_ block: Block) {
    var seen: [String: Span] = [:]
    for definition in block.definitions {
      seen[definition.name.key + (definition.isPrimed ? "'" : "")] = definition.name.span
    }
    for guarded in block.guards {
      var here: [String: Definition] = [:]
      for definition in guarded.then.allDefinitions()
        + (guarded.otherwise?.allDefinitions() ?? []) where definition.isPrimed
      {
        here[definition.name.key + "'"] = definition
      }
      for (key, definition) in here.sorted(by: { $0.key < $1.key }) {
        if let first = seen[key] {
          bag.report(.twoEquations(definition, first: first))
        } else {
          seen[key] = definition.name.span
        }
      }
    }
  }

  private mutating func declare(
    _ bindings: [Binding], _ statement: Statement, allowed: [BlockOwner], _ enclosing: [String],
    _ add: ([Binding]) -> Void
  ) {
    if allowed.contains(owner), enclosing.isEmpty {
      add(bindings)
    } else {
      let word =
        switch statement.kind {
        case .state: "state"
        case .input: "input"
        default: "param"
        }
      bag.report(.notHere(word, in: owner.noun, enclosing.last, at: statement.span))
    }
  }

  private mutating func check(_ definition: Definition, insideRepeat: Bool) -> Bool {
    let key = definition.name.key
    if insideRepeat {
      if definition.isPrimed, owner != .function, let (role, span) = header[key] {
        bag.report(.equationForHeader(definition.name, role: role, declared: span))
        return false
      }
      if inputNames[key] != nil || key == "t" || key == "T" || (owner == .rule && key == "g") {
        bag.report(.equationForGiven(definition.name))
        return false
      }
      if definition.isPrimed, stateNames[key] != nil || (owner == .rule && key == "w") {
        bag.report(.stateInRepeat(definition.name))
        return false
      }
      return true
    }
    if let (role, span) = header[key] {
      bag.report(.equationForHeader(definition.name, role: role, declared: span))
      return false
    }
    switch owner {
    case .rule:
      let isState = stateNames[key] != nil || key == "w"
      if definition.isPrimed, !isState {
        bag.report(.primeOnLocal(definition.name, states: stateNames.values.map(\.text)))
        return false
      }
      if !definition.isPrimed, isState {
        bag.report(.missingPrime(definition.name))
        unprimed.insert(key)
        return false
      }
      if inputNames[key] != nil || Self.isReserved(key, in: .rule) && !isState {
        bag.report(.equationForGiven(definition.name))
        return false
      }
    case .function, .objective:
      if definition.isPrimed {
        bag.report(.primeOutsideRule(definition.name, in: owner.noun))
        return false
      }
      if inputNames[key] != nil || Self.isReserved(key, in: owner) && key != "loss" {
        bag.report(.equationForGiven(definition.name))
        return false
      }
    case .header: break
    }
    return true
  }
}

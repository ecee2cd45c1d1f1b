import Diagnostics
import Syntax

/// Checks names, roles and equations of a script; loads what it uses from libraries on demand.
package struct Checker {
  /// Shared with the checkers of single declarations, which see what is loaded meanwhile.
  let shared = Shared()
  /// Where in loose expressions names without a meaning stand for any number.
  package enum FreeNames: Sendable {
    case none, everywhere
    /// In the arguments of rules.
    case inRules
  }
  package var freeNames = FreeNames.none
  package internal(set) var program: CheckedProgram {
    get { shared.program }
    _modify { yield &shared.program }
  }
  package internal(set) var bag = DiagnosticBag()
  /// The library text that declares a name (a zoo rule, a prelude function), or nil.
  private let library: (String) -> SyntaxTree?
  private var missing: Set<String> = []
  /// The text of what could not be read: names in it are not called unknown.
  var unread: [String] = []

  final class Shared {
    var program = CheckedProgram()
  }

  /// `offered`: the names that `library` can load, for suggestions.
  package init(
    offeredRules: [String] = [], offeredFunctions: [String] = [],
    library: @escaping (String) -> SyntaxTree? = { _ in nil }
  ) {
    self.library = library
    program.offeredFunctions = offeredFunctions
    program.offeredRules = offeredRules
  }

  /// What the user's texts have declared so far.
  package struct Standing: Sendable {
    fileprivate var rules: [String: CheckedRule]
    fileprivate var functions: [String: CheckedFunction]
    fileprivate var objectives: [String: CheckedObjective]
    fileprivate var data: [String: CheckedData]
    fileprivate var definitions: [String: CheckedDefinition]
  }

  package var standing: Standing {
    Standing(
      rules: program.rules, functions: program.functions, objectives: program.objectives,
      data: program.data, definitions: program.definitions)
  }

  /// Takes back what was declared since; what libraries gave meanwhile stays.
  package mutating func restore(_ standing: Standing) {
    var rules = standing.rules
    for (key, rule) in program.libraryRules where rules[key] == nil { rules[key] = rule }
    var functions = standing.functions
    for (key, function) in program.libraryFunctions where functions[key] == nil {
      functions[key] = function
    }
    program.rules = rules
    program.functions = functions
    program.objectives = standing.objectives
    program.data = standing.data
    program.definitions = standing.definitions
    program.commands = []
  }

  /// Forgets the commands and diagnostics of earlier texts; declarations stay (a REPL session).
  package mutating func beginStatement() {
    program.commands = []
    bag = DiagnosticBag()
  }

  /// Adds a text of the user: later declarations replace those of earlier texts.
  ///
  /// `unreadable` are the places where the parser found an error: a declaration with one inside is
  /// known by its name, and not checked further.
  package mutating func add(_ tree: SyntaxTree, unreadable: [Span] = []) {
    unread = []
    if !unreadable.isEmpty {
      for case let item in tree.items {
        if case .error = item.kind { unread.append(Self.text(item.span, of: tree.file)) }
      }
    }
    add(tree, isLibrary: false, unreadable: unreadable)
    unread = []
  }

  /// Makes sure that a rule or function of the libraries is loaded; false when there is none.
  package mutating func require(_ key: String) -> Bool {
    require(key, isLibrary: false)
  }

  mutating func require(_ key: String, isLibrary: Bool) -> Bool {
    if isLibrary {
      if shared.program.libraryRules.keys.contains(key) { return true }
      if shared.program.libraryFunctions.keys.contains(key) { return true }
    } else {
      if shared.program.rules.keys.contains(key) { return true }
      if shared.program.functions.keys.contains(key) { return true }
    }
    return load(key)
  }

  mutating func load(_ key: String) -> Bool {
    if missing.contains(key) { return false }
    guard let tree = library(key) else {
      missing.insert(key)
      return false
    }
    missing.insert(key)
    add(tree, isLibrary: true, unreadable: [])
    return program.libraryRules[key] != nil || program.libraryFunctions[key] != nil
  }

  private mutating func add(_ tree: SyntaxTree, isLibrary: Bool, unreadable: [Span]) {
    let id = program.add(tree, isLibrary: isLibrary)
    defer { if !isLibrary { refuseRecursion(tree, id) } }
    let accepted = declare(tree, id, isLibrary: isLibrary)
    for (item, isAccepted) in zip(tree.items, accepted) where isAccepted {
      // Nobody reads more errors than are kept.
      if bag.isFullOfErrors {
        markBroken(item, id)
        continue
      }
      let isUnreadable = unreadable.contains {
        $0.start >= item.span.start && $0.start <= item.span.end
      }
      if isUnreadable {
        markBroken(item, id)
        continue
      }
      let before = bag
      bag = DiagnosticBag()
      check(item, tree, id)
      let own = bag
      bag = before
      bag.report(contentsOf: own)
      // A knob that does nothing is wrong, and hides nothing of the rest.
      if own.all.contains(where: { $0.severity == .error && $0.code != .unusedHyper }) {
        markBroken(item, id)
      }
    }
  }

  private mutating func markBroken(_ item: Item, _ id: TreeID) {
    guard let key = Self.declaredName(item)?.key else { return }
    switch item.kind {
    case .rule: update(rule: key, id) { $0.isBroken = true }
    case .function: update(function: key, id) { $0.isBroken = true }
    case .objective: program.objectives[key]?.isBroken = true
    case .definition: program.definitions[key]?.isBroken = true
    default: break
    }
  }

  mutating func update(
    rule key: String, _ id: TreeID, _ change: (inout CheckedRule) -> Void
  ) {
    if program.isLibrary(id), program.libraryRules[key] != nil {
      change(&program.libraryRules[key]!)
    }
    if program.rules[key]?.tree == id { change(&program.rules[key]!) }
  }

  mutating func update(
    function key: String, _ id: TreeID, _ change: (inout CheckedFunction) -> Void
  ) {
    if program.isLibrary(id), program.libraryFunctions[key] != nil {
      change(&program.libraryFunctions[key]!)
    }
    if program.functions[key]?.tree == id { change(&program.functions[key]!) }
  }

  // MARK: Declaring

  private mutating func declare(
    _ tree: SyntaxTree, _ id: TreeID, isLibrary: Bool
  ) -> [Bool] {
    var first: [String: Span] = [:]
    var accepted: [Bool] = []
    for item in tree.items {
      guard let name = Self.declaredName(item) else {
        accepted.append(true)
        continue
      }
      if let earlier = first[name.key] {
        bag.report(.duplicateDeclaration(name, first: earlier))
        accepted.append(false)
        continue
      }
      first[name.key] = name.span
      if case .definition = item.kind, BlockBuilder.isReserved(name.key, in: .header) {
        bag.report(.reservedName(name))
        accepted.append(false)
        continue
      }
      accepted.append(true)
      enter(item, tree, id)
    }
    return accepted
  }

  private static func text(_ span: Span, of file: SourceFile) -> String {
    let low = min(max(0, Int(span.start) - Int(file.base)), file.bytes.count)
    let high = min(max(low, Int(span.end) - Int(file.base)), file.bytes.count)
    return String(decoding: file.bytes[low..<high], as: UTF8.self)
  }

  static func declaredName(_ item: Item) -> Name? {
    switch item.kind {
    case .rule(let rule): rule.name
    case .function(let function): function.name
    case .objective(let objective): objective.name
    case .data(let name, _), .definition(let name, _): name
    default: nil
    }
  }

  private mutating func enter(_ item: Item, _ tree: SyntaxTree, _ id: TreeID) {
    switch item.kind {
    case .rule(let rule):
      func parameters(_ kind: String?) -> [Parameter] {
        rule.parameters.filter { parameter in
          let own = parameter.type?.kind.key
          return kind.map { own == $0 } ?? (own != "rule" && own != "fn")
        }
      }
      let entered = CheckedRule(
        declaration: rule, tree: id, hypers: parameters(nil), ruleParameters: parameters("rule"),
        functionParameters: parameters("fn"), body: .route([]))
      let known = program.rules[rule.name.key]
      if program.isLibrary(id) { program.libraryRules[rule.name.key] = entered }
      if !program.isLibrary(id) || known.map({ program.isLibrary($0.tree) }) ?? true {
        program.rules[rule.name.key] = entered
      }
    case .function(let function):
      let entered = CheckedFunction(declaration: function, tree: id, body: Block())
      let known = program.functions[function.name.key]
      if program.isLibrary(id) { program.libraryFunctions[function.name.key] = entered }
      if !program.isLibrary(id) || known.map({ program.isLibrary($0.tree) }) ?? true {
        program.functions[function.name.key] = entered
      }
    case .objective(let objective):
      program.objectives[objective.name.key] = CheckedObjective(
        declaration: objective, tree: id,
        hypers: objective.parameters.filter { $0.type == nil },
        headerParameters: objective.parameters.filter { $0.type != nil }, body: Block())
    case .data(let name, let source):
      program.data[name.key] = CheckedData(name: name, source: source, tree: id, span: item.span)
    case .definition(let name, let value):
      program.definitions[name.key] = CheckedDefinition(name: name, value: value, tree: id)
    default: break
    }
  }

  // MARK: Checking

  private mutating func check(_ item: Item, _ tree: SyntaxTree, _ id: TreeID) {
    switch item.kind {
    case .rule(let rule): check(rule, tree, id)
    case .function(let function): check(function, tree, id)
    case .objective(let objective): check(objective, tree, id)
    case .data(_, let source): resolveArguments(of: source, tree, id)
    case .definition(_, let value): checkLoose(value, tree, id)
    case .minimize(let statement):
      checkObjective(statement.objective, tree, id)
      for rule in statement.rules { checkLoose(rule, tree, id, isRule: true) }
      for clause in statement.clauses { checkLoose(clause.value, tree, id) }
      command(item, id)
    case .train(let statement):
      checkObjective(statement.objective, tree, id)
      if let data = program.data[statement.data.key] {
        note(statement.data, Declaration(.data, data.name.span), tree, id)
      } else {
        bag.report(
          .unknownObjective(
            statement.data, "data",
            suggestion: Suggestion.nearest(
              to: statement.data.text, among: program.data.keys.sorted())))
      }
      for rule in statement.rules { checkLoose(rule, tree, id, isRule: true) }
      for clause in statement.clauses { checkLoose(clause.value, tree, id) }
      command(item, id)
    case .plot: command(item, id)
    case .assert(let value), .expression(let value):
      checkLoose(value, tree, id)
      command(item, id)
    case .error: break
    }
  }

  private mutating func command(_ item: Item, _ id: TreeID) {
    // One with errors of its own cannot run.
    if bag.hasErrors { return }
    program.commands.append(CheckedCommand(kind: item.kind, tree: id, span: item.span))
  }
}

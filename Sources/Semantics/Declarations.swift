import Syntax

/// What texts declare: entered, completed, marked where it is broken, taken back.
extension CheckedProgram {
  mutating func declare(_ item: Item, in id: TreeID) {
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
      let known = rules[rule.name.key]
      if isLibrary(id) { libraryRules[rule.name.key] = entered }
      if !isLibrary(id) || known.map({ isLibrary($0.tree) }) ?? true {
        rules[rule.name.key] = entered
      }
    case .function(let function):
      let entered = CheckedFunction(declaration: function, tree: id, body: Block())
      let known = functions[function.name.key]
      if isLibrary(id) { libraryFunctions[function.name.key] = entered }
      if !isLibrary(id) || known.map({ isLibrary($0.tree) }) ?? true {
        functions[function.name.key] = entered
      }
    case .objective(let objective):
      let entered = CheckedObjective(
        declaration: objective, tree: id,
        hypers: objective.parameters.filter { $0.type == nil },
        headerParameters: objective.parameters.filter { $0.type != nil }, body: Block())
      let known = objectives[objective.name.key]
      if isLibrary(id) { libraryObjectives[objective.name.key] = entered }
      if !isLibrary(id) || known.map({ isLibrary($0.tree) }) ?? true {
        objectives[objective.name.key] = entered
      }
    case .data(let name, let source):
      let entered = CheckedData(name: name, source: source, tree: id, span: item.span)
      let known = data[name.key]
      if isLibrary(id) { libraryData[name.key] = entered }
      if !isLibrary(id) || known.map({ isLibrary($0.tree) }) ?? true { data[name.key] = entered }
    case .task(let task):
      let entered = CheckedTask(declaration: task, tree: id, span: item.span)
      if isLibrary(id) { libraryTasks[task.name.key] = entered }
      if !isLibrary(id) || tasks[task.name.key] == nil { tasks[task.name.key] = entered }
    case .definition(let name, let value):
      definitions[name.key] = CheckedDefinition(name: name, value: value, tree: id)
    default: break
    }
  }

  mutating func markBroken(_ item: Item, in id: TreeID) {
    guard let key = item.declaredName?.key else { return }
    switch item.kind {
    case .rule: update(rule: key, in: id) { $0.isBroken = true }
    case .function: update(function: key, in: id) { $0.isBroken = true }
    case .objective: update(objective: key, in: id) { $0.isBroken = true }
    case .task:
      if isLibrary(id) { libraryTasks[key]?.isBroken = true }
      if tasks[key]?.tree == id { tasks[key]?.isBroken = true }
    case .definition: definitions[key]?.isBroken = true
    default: break
    }
  }

  mutating func update(
    rule key: String, in id: TreeID, _ change: (inout CheckedRule) -> Void
  ) {
    if isLibrary(id), libraryRules[key] != nil { change(&libraryRules[key]!) }
    if rules[key]?.tree == id { change(&rules[key]!) }
  }

  mutating func update(
    function key: String, in id: TreeID, _ change: (inout CheckedFunction) -> Void
  ) {
    if isLibrary(id), libraryFunctions[key] != nil { change(&libraryFunctions[key]!) }
    if functions[key]?.tree == id { change(&functions[key]!) }
  }

  mutating func update(
    objective key: String, in id: TreeID, _ change: (inout CheckedObjective) -> Void
  ) {
    if isLibrary(id), libraryObjectives[key] != nil { change(&libraryObjectives[key]!) }
    if objectives[key]?.tree == id { change(&objectives[key]!) }
  }

  /// What the user's texts have declared so far.
  package struct Standing: Sendable {
    fileprivate var rules: [String: CheckedRule]
    fileprivate var functions: [String: CheckedFunction]
    fileprivate var objectives: [String: CheckedObjective]
    fileprivate var data: [String: CheckedData]
    fileprivate var tasks: [String: CheckedTask]
    fileprivate var definitions: [String: CheckedDefinition]
  }

  package var standing: Standing {
    Standing(
      rules: rules, functions: functions, objectives: objectives, data: data, tasks: tasks,
      definitions: definitions)
  }

  mutating func restore(_ standing: Standing) {
    rules = standing.rules.merging(libraryRules) { own, _ in own }
    functions = standing.functions.merging(libraryFunctions) { own, _ in own }
    objectives = standing.objectives.merging(libraryObjectives) { own, _ in own }
    data = standing.data.merging(libraryData) { own, _ in own }
    tasks = standing.tasks.merging(libraryTasks) { own, _ in own }
    definitions = standing.definitions
    commands = []
  }
}

extension Item {
  /// What it declares.
  var declaredName: Name? {
    switch kind {
    case .rule(let rule): rule.name
    case .function(let function): function.name
    case .objective(let objective): objective.name
    case .task(let task): task.name
    case .data(let name, _), .definition(let name, _): name
    default: nil
    }
  }

  /// Whether both may have one name: a task is often called as the objective that it minimizes, and is never
  /// meant where an objective is.
  func mayShareName(with other: Item) -> Bool {
    switch (kind, other.kind) {
    case (.objective, .task), (.task, .objective): true
    default: false
    }
  }
}

import Diagnostics
import IR
import Lowering
import Semantics
import Syntax

/// The rules and objectives that a script declares and runs, each lowered once: checking lowers them,
/// and running takes them from here.
struct LoweredUnits {
  private struct Place: Hashable {
    var tree: TreeID
    var expression: ExprID
  }

  private var rules: [Place: Rule] = [:]
  private var objectives: [Place: ObjectiveModule] = [:]
  /// Those that are declared, with their defaults.
  private var declaredRules: [String: Rule] = [:]
  private var declaredObjectives: [String: ObjectiveModule] = [:]
  /// How often something was lowered.
  private(set) var count = 0

  mutating func check(ruleNamed key: String, of program: CheckedProgram) -> [Diagnostic] {
    count += 1
    let (rule, diagnostics) = Lowering.check(ruleNamed: key, of: program)
    declaredRules[key] = rule
    return diagnostics
  }

  mutating func check(objectiveNamed key: String, of program: CheckedProgram) -> [Diagnostic] {
    count += 1
    let (objective, diagnostics) = Lowering.check(objectiveNamed: key, of: program)
    declaredObjectives[key] = objective
    return diagnostics
  }

  /// The rule that an expression stands for. Throws every error found in it.
  mutating func rule(
    _ expression: ExprID, in tree: TreeID, of program: CheckedProgram
  ) throws(DiagnosticError) -> Rule {
    let place = Place(tree: tree, expression: expression)
    if let known = rules[place] { return known }
    if case .name(let name) = program[tree][expression], let known = declaredRules[name.key],
      program.definition(name.key, from: tree) == nil
    {
      return known.called(name.text)
    }
    count += 1
    let rule = try Lowering.rule(
      expression, in: tree, of: program)
    rules[place] = rule
    return rule
  }

  /// The objective that an expression stands for. Throws every error found in it.
  mutating func objective(
    _ expression: ExprID, in tree: TreeID, of program: CheckedProgram
  ) throws(DiagnosticError) -> ObjectiveModule {
    let place = Place(tree: tree, expression: expression)
    if let known = objectives[place] { return known }
    if case .name(let name) = program[tree][expression], !program.isLibrary(tree),
      let known = declaredObjectives[name.key]
    {
      return known
    }
    count += 1
    let objective = try Lowering.objective(expression, in: tree, of: program)
    objectives[place] = objective
    return objective
  }
}

import Diagnostics
import Syntax

/// The tree that a declaration's expressions live in.
package struct TreeID: Hashable, Sendable {
  package var index: Int
  package init(_ index: Int) { self.index = index }
}

/// A rule whose names and roles are checked.
package struct CheckedRule: Sendable {
  package enum Body: Sendable {
    case equations(Block)
    case route([RouteArm])
    case alias(ExprID)
  }
  package var declaration: RuleDeclaration
  package var tree: TreeID
  package var hypers: [Parameter]
  package var ruleParameters: [Parameter]
  package var functionParameters: [Parameter]
  package var body: Body
  /// It has errors of its own: what uses it is not judged.
  package var isBroken = false

  func kind(of parameter: Parameter) -> Declaration.Kind {
    switch parameter.type?.kind.key {
    case "rule": .ruleParameter
    case "fn": .functionParameter
    default: .hyperparameter
    }
  }

  /// A rule without parameters or equations, to stand for one that is not known yet.
  package static func plain(_ declaration: RuleDeclaration) -> CheckedRule {
    CheckedRule(
      declaration: declaration, tree: TreeID(0), hypers: [], ruleParameters: [],
      functionParameters: [], body: .route([]))
  }
}

package struct CheckedFunction: Sendable {
  package var declaration: FunctionDeclaration
  package var tree: TreeID
  package var body: Block
  package var isBroken = false
}

package struct CheckedObjective: Sendable {
  package var declaration: ObjectiveDeclaration
  package var tree: TreeID
  package var hypers: [Parameter]
  /// Trained parameters of the header (`x: vector(2) = …`).
  package var headerParameters: [Parameter]
  package var body: Block
  package var isBroken = false
}

package struct CheckedData: Sendable {
  package var name: Name
  package var source: ExprID
  package var tree: TreeID
  package var span: Span
}

package struct CheckedTask: Sendable {
  package var declaration: TaskDeclaration
  package var tree: TreeID
  package var span: Span
  package var isBroken = false

  /// Its work as a command without rules.
  package var command: CheckedCommand {
    let kind: Item.Kind =
      switch declaration.work {
      case .minimize(let statement): .minimize(statement)
      case .train(let statement): .train(statement)
      case .command: .task(declaration)
      }
    return CheckedCommand(kind: kind, tree: tree, span: span)
  }
}

package struct CheckedDefinition: Sendable {
  package var name: Name
  package var value: ExprID
  package var tree: TreeID
  package var isBroken = false
}

/// A command of a script, in the order written.
package struct CheckedCommand: Sendable {
  package var kind: Item.Kind
  package var tree: TreeID
  package var span: Span
}

/// All declarations that a script sees: its own, the zoo's and the prelude's.
///
/// Only `Checker` makes one; lowering cannot receive unchecked input.
package struct CheckedProgram: Sendable {
  package internal(set) var trees: [SyntaxTree] = []
  package internal(set) var rules: [String: CheckedRule] = [:]
  package internal(set) var functions: [String: CheckedFunction] = [:]
  package internal(set) var objectives: [String: CheckedObjective] = [:]
  package internal(set) var data: [String: CheckedData] = [:]
  package internal(set) var tasks: [String: CheckedTask] = [:]
  package internal(set) var definitions: [String: CheckedDefinition] = [:]
  package internal(set) var commands: [CheckedCommand] = []
  /// What a library offers, loaded or not (for suggestions).
  package internal(set) var offered = Offer()
  /// What the libraries declare, whatever a script calls its own: a zoo rule means what the zoo
  /// says, also where a script has another `ema`.
  package internal(set) var libraryRules: [String: CheckedRule] = [:]
  package internal(set) var libraryFunctions: [String: CheckedFunction] = [:]
  package internal(set) var libraryObjectives: [String: CheckedObjective] = [:]
  package internal(set) var libraryData: [String: CheckedData] = [:]
  package internal(set) var libraryTasks: [String: CheckedTask] = [:]
  /// What every name of the texts stands for.
  package internal(set) var names = NameTable()
  private var isLibraryTree: [Bool] = []

  package init() {}

  package subscript(_ id: TreeID) -> SyntaxTree { trees[id.index] }

  /// Adds a tree and returns its identity.
  mutating func add(_ tree: SyntaxTree, isLibrary: Bool) -> TreeID {
    trees.append(tree)
    isLibraryTree.append(isLibrary)
    return TreeID(trees.count - 1)
  }

  package func isLibrary(_ id: TreeID) -> Bool { isLibraryTree[id.index] }

  /// Whether a place lies in a text of the libraries.
  package func isInLibrary(_ span: Span) -> Bool {
    if span.isNone { return false }
    return trees.indices.contains { k in
      let file = trees[k].file
      return isLibraryTree[k] && file.base <= span.start
        && Int(span.start - file.base) <= file.bytes.count
    }
  }

  /// Whether a name is declared, as the user's texts or the libraries' see it.
  func declares(_ name: LibraryName, forLibrary isLibrary: Bool) -> Bool {
    switch name {
    case .callable(let key):
      isLibrary
        ? libraryRules.keys.contains(key) || libraryFunctions.keys.contains(key)
        : rules.keys.contains(key) || functions.keys.contains(key)
    case .objective(let key):
      isLibrary ? libraryObjectives.keys.contains(key) : objectives.keys.contains(key)
    case .data(let key): isLibrary ? libraryData.keys.contains(key) : data.keys.contains(key)
    case .task(let key): isLibrary ? libraryTasks.keys.contains(key) : tasks.keys.contains(key)
    }
  }

  /// The rule that a name means in the text of `tree`.
  package func rule(_ key: String, from tree: TreeID) -> CheckedRule? {
    isLibraryTree[tree.index] ? libraryRules[key] : rules[key]
  }

  /// The function that a name means in the text of `tree`.
  package func function(_ key: String, from tree: TreeID) -> CheckedFunction? {
    isLibraryTree[tree.index] ? libraryFunctions[key] : functions[key]
  }

  /// The objective that a name means in the text of `tree`.
  package func objective(_ key: String, from tree: TreeID) -> CheckedObjective? {
    isLibraryTree[tree.index] ? libraryObjectives[key] : objectives[key]
  }

  /// The data that a name means in the text of `tree`.
  package func data(_ key: String, from tree: TreeID) -> CheckedData? {
    isLibraryTree[tree.index] ? libraryData[key] : data[key]
  }

  /// The named value that a name means in the text of `tree`; libraries see none of a script's.
  package func definition(_ key: String, from tree: TreeID) -> CheckedDefinition? {
    isLibraryTree[tree.index] ? nil : definitions[key]
  }
}

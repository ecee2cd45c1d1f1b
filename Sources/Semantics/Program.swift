import Diagnostics
import Syntax

/// The tree that a declaration's expressions live in.
public struct TreeID: Hashable, Sendable {
  public var index: Int
  public init(_ index: Int) { self.index = index }
}

/// A rule whose names and roles are checked.
public struct CheckedRule: Sendable {
  public enum Body: Sendable {
    case equations(Block)
    case route([RouteArm])
    case alias(ExprID)
  }
  public var declaration: RuleDeclaration
  public var tree: TreeID
  public var hypers: [Parameter]
  public var ruleParameters: [Parameter]
  public var functionParameters: [Parameter]
  public var body: Body
  /// It has errors of its own: what uses it is not judged.
  public var isBroken = false

  /// A rule without parameters or equations, to stand for one that is not known yet.
  public static func plain(_ declaration: RuleDeclaration) -> CheckedRule {
    CheckedRule(
      declaration: declaration, tree: TreeID(0), hypers: [], ruleParameters: [],
      functionParameters: [], body: .route([]))
  }
}

public struct CheckedFunction: Sendable {
  public var declaration: FunctionDeclaration
  public var tree: TreeID
  public var body: Block
  public var isBroken = false
}

public struct CheckedObjective: Sendable {
  public var declaration: ObjectiveDeclaration
  public var tree: TreeID
  public var hypers: [Parameter]
  /// Trained parameters of the header (`x: vector(2) = …`).
  public var headerParameters: [Parameter]
  public var body: Block
  public var isBroken = false
}

public struct CheckedData: Sendable {
  public var name: Name
  public var source: ExprID
  public var tree: TreeID
  public var span: Span
}

public struct CheckedDefinition: Sendable {
  public var name: Name
  public var value: ExprID
  public var tree: TreeID
  public var isBroken = false
}

/// A command of a script, in the order written.
public struct CheckedCommand: Sendable {
  public var kind: Item.Kind
  public var tree: TreeID
  public var span: Span
}

/// All declarations that a script sees: its own, the zoo's and the prelude's.
///
/// Only `Checker` makes one; lowering cannot receive unchecked input.
public struct CheckedProgram: Sendable {
  public internal(set) var trees: [SyntaxTree] = []
  public internal(set) var rules: [String: CheckedRule] = [:]
  public internal(set) var functions: [String: CheckedFunction] = [:]
  public internal(set) var objectives: [String: CheckedObjective] = [:]
  public internal(set) var data: [String: CheckedData] = [:]
  public internal(set) var definitions: [String: CheckedDefinition] = [:]
  public internal(set) var commands: [CheckedCommand] = []
  /// Names of rules that a library offers but that are not loaded (for suggestions).
  public var offeredRules: [String] = []
  /// What the libraries declare, whatever a script calls its own: a zoo rule means what the zoo
  /// says, also where a script has another `ema`.
  public internal(set) var libraryRules: [String: CheckedRule] = [:]
  public internal(set) var libraryFunctions: [String: CheckedFunction] = [:]
  private var isLibraryTree: [Bool] = []

  public init() {}

  public subscript(_ id: TreeID) -> SyntaxTree { trees[id.index] }

  /// Adds a tree and returns its identity.
  mutating func add(_ tree: SyntaxTree, isLibrary: Bool) -> TreeID {
    trees.append(tree)
    isLibraryTree.append(isLibrary)
    return TreeID(trees.count - 1)
  }

  func isLibrary(_ id: TreeID) -> Bool { isLibraryTree[id.index] }

  /// The rule that a name means in the text of `tree`.
  public func rule(_ key: String, from tree: TreeID) -> CheckedRule? {
    isLibraryTree[tree.index] ? libraryRules[key] : rules[key]
  }

  /// The function that a name means in the text of `tree`.
  public func function(_ key: String, from tree: TreeID) -> CheckedFunction? {
    isLibraryTree[tree.index] ? libraryFunctions[key] : functions[key]
  }

  /// The named value that a name means in the text of `tree`; libraries see none of a script's.
  public func definition(_ key: String, from tree: TreeID) -> CheckedDefinition? {
    isLibraryTree[tree.index] ? nil : definitions[key]
  }
}

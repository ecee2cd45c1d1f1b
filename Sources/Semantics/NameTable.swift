import Diagnostics
import Syntax

/// What a name stands for.
package struct Declaration: Hashable, Sendable {
  package enum Kind: UInt8, Sendable {
    case hyperparameter, ruleParameter, functionParameter
    /// Of a function, or a column of an objective's data.
    case parameter
    /// A trained parameter of an objective.
    case weight
    case state, input
    /// An equation's name.
    case local
    case rule, function, objective, data, task
    /// A named value of a script.
    case definition
    /// A value that the language names: `w`, `t`, `pi`, `rows`.
    case builtin
    case builtinFunction
    /// A name that stands for any number.
    case free
  }

  package var kind: Kind
  /// The name where it is declared; none for what the language declares.
  package var span: Span

  package init(_ kind: Kind, _ span: Span = .none) {
    self.kind = kind
    self.span = span
  }
}

/// What the names of all texts stand for: each is resolved once, when its text is checked.
package struct NameTable: Sendable {
  /// A place where a name stands.
  package struct Use: Hashable, Sendable {
    package var span: Span
    package var declaration: Declaration
  }

  /// By tree, by expression.
  private var meanings: [[Declaration?]] = []
  /// By tree: every name that is used or defined, in the order of checking.
  private var uses: [[Use]] = []

  /// What the name or the callee of an expression stands for; nil where it has no meaning.
  package func meaning(of expression: ExprID, in tree: TreeID) -> Declaration? {
    guard tree.index < meanings.count, expression.index < meanings[tree.index].count else {
      return nil
    }
    return meanings[tree.index][expression.index]
  }

  package func uses(in tree: TreeID) -> [Use] {
    tree.index < uses.count ? uses[tree.index] : []
  }

  mutating func add(_ found: [NameChecker.Found], in tree: TreeID, expressions: Int) {
    while meanings.count <= tree.index {
      meanings.append([])
      uses.append([])
    }
    if meanings[tree.index].count < expressions {
      meanings[tree.index] += [Declaration?](
        repeating: nil, count: expressions - meanings[tree.index].count)
    }
    uses[tree.index].reserveCapacity(uses[tree.index].count + found.count)
    for name in found {
      if name.expression.isSome {
        meanings[tree.index][name.expression.index] = name.declaration
      }
      uses[tree.index].append(Use(span: name.span, declaration: name.declaration))
    }
  }
}

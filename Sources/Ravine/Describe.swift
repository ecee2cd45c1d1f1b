import Diagnostics
import IR
import Lowering
import Semantics
import Syntax

extension Compiler {
  /// The rules that the last script declares, in order, without those that need a rule or a
  /// function to be complete.
  public var declaredRules: [String] {
    (script?.items ?? []).compactMap { item in
      guard case .rule(let declaration) = item.kind, let rule = program.rules[declaration.name.key],
        !(rule.ruleParameters + rule.functionParameters).contains(where: { $0.initial == nil })
      else { return nil }
      return declaration.name.text
    }
  }

  /// The objectives that the last script declares, in order, without those that need arguments.
  public var declaredObjectives: [String] {
    (script?.items ?? []).compactMap { item in
      guard case .objective(let declaration) = item.kind,
        let objective = program.objectives[declaration.name.key],
        !objective.hypers.contains(where: { $0.initial == nil })
      else { return nil }
      return declaration.name.text
    }
  }

  /// Canonical names of everything that the last script declares.
  public var declaredKeys: [String] {
    (script?.items ?? []).compactMap { item in
      switch item.kind {
      case .rule(let declaration): declaration.name.key
      case .function(let declaration): declaration.name.key
      case .objective(let declaration): declaration.name.key
      case .data(let name, _), .definition(let name, _): name.key
      default: nil
      }
    }
  }
}

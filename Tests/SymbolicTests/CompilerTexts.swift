import Driver
import IR
import Laboratory
import Symbolic

/// Rules as texts, with free names in their arguments.
extension Compiler {
  func statement(_ text: String) throws -> Rule { try rule(text, allowsFreeNames: true) }

  func compare(_ a: String, _ b: String) throws -> Comparison {
    try statement(a).compared(with: statement(b))
  }

  func identify(_ text: String) throws -> [Likeness] {
    try statement(text).likenesses(among: Likeness.zooRules)
  }

  func algebra(
    _ text: String, generality: Generality = .withoutSwitches
  ) throws -> RuleAlgebra {
    try RuleAlgebra(statement(text), generality: generality)
  }
}

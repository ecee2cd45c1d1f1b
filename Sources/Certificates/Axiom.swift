import Basics

/// An equation that holds for all numbers that satisfy its conditions.
package struct Axiom: Sendable {
  package var name: String
  package var variables: [String]
  /// As printed.
  package var conditionText: String
  package var equationText: String
  package var conditions: [(kind: Clause.Kind, of: Expression)]
  package var left: Expression
  package var right: Expression
}

extension Context {
  /// The equation of an axiom for these values, and how far it reaches. Throws where a condition does
  /// not hold.
  func instance(
    _ axiom: Axiom, _ values: [String: Polynomial]
  ) throws(Refusal) -> (equation: Polynomial, left: Polynomial, reach: Reach) {
    guard Set(values.keys) == Set(axiom.variables) else {
      throw Refusal("`\(axiom.name)` takes \(axiom.variables.joined(separator: ", "))")
    }
    func value(_ expression: Expression) throws(Refusal) -> Polynomial {
      try expression.value(algebra) { values[$0] ?? ($0 == "e" ? self.algebra.symbol("e") : nil) }
    }
    var reach = Reach.everywhere
    for (kind, condition) in axiom.conditions {
      let p = try value(condition)
      guard let found = try self.reach({ (r) throws(Refusal) in try self.holds(kind, p, r) }) else {
        throw Refusal("the condition \(axiom.conditionText) is not known to hold")
      }
      reach = max(reach, found)
    }
    let left = try value(axiom.left)
    return (left - (try value(axiom.right)), left, reach)
  }
}

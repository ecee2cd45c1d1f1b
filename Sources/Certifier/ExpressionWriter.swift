import Basics
import Certificates

/// Writes polynomials as `Expression` reads them.
package struct ExpressionWriter {
  package let algebra: Algebra
  /// Names of atoms that `let` gave.
  package var names: [AtomID: String] = [:]

  package init(_ algebra: Algebra) { self.algebra = algebra }

  package func text(_ p: Polynomial) -> String {
    if p.isZero { return "0" }
    let ordered = p.terms.sorted { algebra.isAbove($0.key, $1.key) }
    var result = ""
    for (monomial, weight) in ordered {
      let isFirst = result.isEmpty
      result += weight.isNegative ? (isFirst ? "-" : " - ") : isFirst ? "" : " + "
      var factors = monomial.powers.sorted { isBefore($0.atom, $1.atom) }.map { power in
        text(power.atom) + (power.exponent == 1 ? "" : "^\(power.exponent)")
      }
      let size = weight.magnitude
      if !size.isOne || factors.isEmpty {
        let number = size.numerator.description
        factors.insert(size.isInteger ? number : "\(number)/\(size.denominator)", at: 0)
      }
      result += factors.joined(separator: "*")
    }
    return result
  }

  private func isBefore(_ x: AtomID, _ y: AtomID) -> Bool {
    let (p, q) = (algebra[x], algebra[y])
    return (p.size, p.name, p.digest) < (q.size, q.name, q.digest)
  }

  private func text(_ id: AtomID) -> String { names[id] ?? definition(id) }

  /// An atom by its operands, even where it has a name.
  package func definition(_ id: AtomID) -> String {
    let atom = algebra[id]
    let isPlain =
      atom.name.allSatisfy { Expression.isNamed($0) }
      && !(atom.name.first?.isNumber ?? true)
    let name = isPlain ? atom.name : "`\(atom.name)`"
    if atom.isSymbol { return name }
    let detail = atom.detail.isEmpty ? "" : "{\(atom.detail)}"
    return "\(name)\(detail)(\(atom.operands.map { text($0) }.joined(separator: ", ")))"
  }
}

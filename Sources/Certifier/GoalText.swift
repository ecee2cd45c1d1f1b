import Certificates
import IR

/// What a certificate is to show, in the words of its steps: for a checker that reads no rules.
package enum GoalText {
  package static func text(
    _ certificate: Certificate, _ rules: [Rule]
  ) throws(Refusal) -> String {
    var lines: [String] = []
    for part in certificate.parts {
      let claim = try Claim(certificate, part, rules)
      try claim.readStates()
      let goals = try claim.goals()
      let (algebra, writer) = (claim.algebra, ExpressionWriter(claim.algebra))
      func text(_ clause: Clause) -> String {
        let guards = clause.guards.map { writer.text($0) }.joined(separator: " ; ")
        return "\(clause.kind.rawValue) \(writer.text(clause.term))"
          + (guards.isEmpty ? "" : " under \(guards)")
      }
      lines.append("part \(part.variants[0]) \(part.variants[1])")
      for (name, id) in algebra.symbols.sorted(by: { $0.key < $1.key }) {
        let atom = algebra[id]
        let axes =
          (atom.axes.contains(.rows) ? "r" : "") + (atom.axes.contains(.columns) ? "c" : "")
        let other = atom.axes.contains(.others) ? "o" : ""
        let kind = atom.axes.isEmpty ? "number" : axes + other
        lines.append(
          "symbol \(name) | \(kind)\(atom.isInteger ? " whole" : "") | \(atom.domain)")
      }
      for goal in goals {
        lines.append("goal \(goal.title)")
        switch goal.kind {
        case .equal(let x, let y): lines.append("  equal \(writer.text(x)) ; \(writer.text(y))")
        case .defined(let clause): lines.append("  shown \(text(clause))")
        }
        for clause in try claim.given(goal) { lines.append("  given \(text(clause))") }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

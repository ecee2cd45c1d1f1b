import Certificates
import Certifier
import IR
import Laboratory
import Symbolic

/// What is known of two rules that should be one: a proof with conditions, and a certificate of it where the kernel
/// accepts one; or only that probes found no difference.
package enum EqualityProof: Sendable {
  case proved(where: [String], Certificate?)
  case noDifference(probes: Int)

  /// Nil where they differ, or where nothing is known.
  init?(_ first: WrittenRule, _ second: WrittenRule) {
    guard let rules = WrittenRule.read(first, second) else { return nil }
    let comparison = rules[0].compared(with: rules[1])
    switch comparison.verdict {
    case .equal, .equalWhere: break
    case .undecided(let probes) where probes > 0:
      self = .noDifference(probes: probes)
      return
    default: return nil
    }
    self = .proved(
      where: comparison.conditions,
      try? Certificate.of(
        comparison, rules, names: [first.call, second.call], source: first.source + second.source))
  }
}

extension Comparison {
  /// Where the rules are equal: of what is proved at the defaults, that which is said besides them.
  var conditions: [String] {
    switch verdict {
    case .equalWhere(let all): all
    case .equalUpTo(let all): all.filter { $0.contains { "<>!".contains($0) } }
    default: []
    }
  }
}

extension Certificate {
  /// The certificate of what a comparison proved. Throws why there is none.
  package static func of(
    _ comparison: Comparison, _ rules: [Rule], names: [String], source: [String]
  ) throws(Refusal) -> Certificate {
    switch comparison.verdict {
    case .equal, .equalUpTo, .equalWhere: break
    default: throw Refusal("the rules are not proved equal")
    }
    let fixed = comparison.fixed.map { String($0.prefix { $0 != " " }) }
    do throws(Refusal) {
      return try Certifier().certificate(
        rules, names: names, source: source, fixed: fixed,
        conditions: comparison.conditions.map { $0.map { $0 == "≠" ? "!=" : String($0) }.joined() })
    } catch {
      // Conditions on states have no words there; mostly they say no more than that a quotient is a number.
      guard !comparison.conditions.isEmpty else { throw error }
      return try Certifier().certificate(
        rules, names: names, source: source, fixed: fixed, whereFirstIsDefined: true)
    }
  }
}

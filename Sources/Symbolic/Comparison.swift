/// What the comparison of two rules found.
package struct Comparison: Sendable {
  package enum Verdict: Sendable {
    /// Proved, for all finite values within the domains.
    case equal
    /// Proved where the conditions hold, in the words of the language.
    case equalWhere([String])
    /// Proved after a change of the second rule.
    case equalUpTo([String])
    /// They differ at a witness.
    case different
    /// No proof, and the same on this many probes.
    case undecided(probes: Int)
  }
  package var verdict: Verdict
  /// What holds of the symbols, as `β in [0, 1)`.
  package var assumptions: [String] = []
  /// Hyperparameters at their defaults, as `λ = 0`.
  package var fixed: [String] = []
  /// Names of the rewrites that the proof used.
  package var rewrites: [String] = []
  /// How the states of one rule are made of those of the other.
  package var relations: [String] = []
  /// By what kind of argument.
  package var method = ""
  package var witness: Witness?
  /// How the second rule is changed where it alone is, as `lr → 2 * lr`.
  var change: String?

  package init(_ verdict: Verdict) { self.verdict = verdict }

  /// What was proved holds at the defaults; another value may tell the rules apart, and `witness` shows it.
  mutating func limitToDefaults(_ witness: Witness?) {
    switch verdict {
    case .equal: verdict = .equalUpTo(fixed)
    case .equalWhere(let conditions): verdict = .equalUpTo(fixed + conditions)
    default: break
    }
    self.witness = witness
  }

  package var isEqual: Bool { if case .equal = verdict { true } else { false } }
}

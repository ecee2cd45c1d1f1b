import Laboratory
import Symbolic

/// What is known of two rules: `Compiler.compare`.
public struct Comparison: Sendable, CustomStringConvertible {
  /// Whether they are the same.
  public enum Verdict: Hashable, Sendable {
    /// Proved for all finite values within the domains of the hyperparameters.
    case equal
    /// Proved where these terms are not 0.
    case equalWhere([String])
    /// Proved after these changes of the second rule, such as another learning rate.
    case equalUpTo([String])
    /// A step was found at which they differ.
    case different
    /// No proof and no difference, on so many random walks.
    case undecided(probes: Int)
  }

  private let value: Symbolic.Comparison

  init(_ value: Symbolic.Comparison) { self.value = value }

  /// Whether they are the same.
  public var verdict: Verdict {
    switch value.verdict {
    case .equal: .equal
    case .equalWhere(let terms): .equalWhere(terms)
    case .equalUpTo(let changes): .equalUpTo(changes)
    case .different: .different
    case .undecided(let probes): .undecided(probes: probes)
    }
  }

  /// What the proof supposes of hyperparameters, such as `β in [0, 1)`.
  public var assumptions: [String] { value.assumptions }

  /// Hyperparameters that were taken at their defaults, such as `λ = 0`.
  public var defaults: [String] { value.fixed }

  /// One line: `proved equal`.
  public var headline: String { ComparisonText.headline(value) }

  /// What `ravine compare` prints: the headline, then how it was proved, or the step at which the rules
  /// differ with the weights and gradients that show it.
  public var description: String { ComparisonText.text(value) }
}

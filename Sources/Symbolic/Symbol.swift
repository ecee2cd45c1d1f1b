/// A named quantity of a term.
package struct Symbol: Hashable, Sendable {
  package enum Role: UInt8, Sendable {
    /// A hyperparameter or a free symbol: one number, the same at every step.
    case hyper
    /// The number of the step, and the planned number of steps.
    case step, horizon
    /// The parameter tensor, its gradient, a state, a further input, the loss, a random draw.
    case weight, gradient, state, input, loss, draw
    /// rows, cols, numel, rank: positive whole numbers.
    case extent
    /// π, e and ∞.
    case constant
    /// What a loop carries.
    case carried
  }

  /// As printed.
  package var name: String
  package var role: Role
  /// Tells apart symbols that print alike: the steps t ≥ 1 and t ≥ 2, gradients of several steps.
  package var variant: Int
  package var spread: Spread
  /// What is assumed of it.
  package var domain: Interval
  package var isInteger: Bool
  /// The same for all tensors of an optimizer.
  package var isGlobal: Bool

  package init(
    _ name: String, _ role: Role, variant: Int = 0, spread: Spread = [],
    domain: Interval = .all, isInteger: Bool = false, isGlobal: Bool? = nil
  ) {
    self.name = name
    self.role = role
    self.variant = variant
    self.spread = spread
    self.domain = domain
    self.isInteger = isInteger
    self.isGlobal =
      isGlobal ?? [.hyper, .step, .horizon, .loss, .constant].contains(role)
  }

  /// The name as a reader writes it: the draws of one distribution look alike.
  package var shown: String {
    guard role == .draw, let mark = name.firstIndex(of: "#") else { return name }
    let step = name[mark...].lastIndex(of: "_").map { name[$0...] } ?? ""
    return "\(name[..<mark])()\(step)"
  }

  /// ∞ itself, which is no number: see `Importer`.
  package var isInfinite: Bool { role == .constant && name == "inf" }

  /// Whether it differs from run to run: not a function of hyperparameters, t and the shape.
  package var isData: Bool {
    switch role {
    case .weight, .gradient, .state, .input, .loss, .draw, .carried: true
    default: false
    }
  }
}

/// Along which axes the elements of a value may differ; empty for a single number.
package struct Spread: OptionSet, Hashable, Sendable {
  package var rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  package static let rows = Spread(rawValue: 1)
  package static let cols = Spread(rawValue: 2)
  /// Along axes that are not those of the parameter tensor.
  package static let other = Spread(rawValue: 4)
  package static let like: Spread = [.rows, .cols]
}

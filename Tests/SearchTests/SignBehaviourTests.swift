import IR
import Testing

@testable import Search

/// What counts as a momentum of signs.
@Suite struct SignBehaviourTests {
  private func behaviour(_ body: String) throws -> SignBehaviour? {
    SignBehaviour(
      try program(source: "rule R(lr = 0.1 in [0, inf)) {\n state m\n \(body)\n}\n", "R"))
  }

  /// Whatever the share of what was before, one of those that are tried is near it.
  @Test func everyShareIsSeen() throws {
    for k in 0..<120 {
      let share =
        k < 60 ? Double(k) * 0.0131 : 1 - 0.23 * (0..<(k - 60)).reduce(1) { x, _ in x * 0.93 }
      let found = try #require(
        try behaviour("m' = \(share) * m + g\n w' = w - sqrt(lr) * sign(m')"))
      #expect(found.isSignMomentum, "\(share): \(found)")
      #expect(abs(found.decay - share) < 0.05)
    }
  }

  @Test(arguments: [
    "m' = 0.9 * m + g\n w' = w - lr * m'", "m' = 0.9 * m + g\n w' = w - lr * sign(m' + 2 * g)",
    "m' = 0.9 * m + g\n w' = w - lr * (sign(m') + 0.1 * sign(g))",
    "m' = 0.9 * m + g\n w' = w - lr * (sign(m') + 0.01 * g)",
    "m' = 0.9 * m + g\n w' = w + lr * sign(m')",
  ])
  func othersAreNone(_ body: String) throws {
    #expect(try behaviour(body)?.isSignMomentum == false)
  }
}

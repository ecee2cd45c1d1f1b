import IR
import Testing

@testable import Search

/// Products with 0 and differences of a value and itself.
@Suite struct ZeroTests {
  private func rule(_ step: String, _ states: String = "") throws -> Genome {
    try program(source: "rule R(lr = 0.1) {\n\(states)\nw' = w - lr * (\(step))\n}", "R")
  }

  @Test(arguments: [
    ("g + 0 * w", "", "g"), ("g + w * 0", "", "g"), ("sign(g + 0 * w)", "", "sign(g)"),
    ("g + (w - w)", "", "g"), ("g + 0 * exp(w)", "", "g"), ("g + 0 * sqrt(g * g)", "", "g"),
    ("g + 0 * (w / 3)", "", "g"), ("g - 0 * m'", "state m\nm' = 0.9 * m + g", "g"),
    ("g + 0 * (g + 0 * w)", "", "g"), ("g + 0 * sum(w)", "", "g"),
  ])
  func whatIsZeroIsGone(_ long: String, _ states: String, _ short: String) throws {
    #expect(try rule(long, states).rewritten() == rule(short).rewritten())
  }

  /// Where a part has no number the product has none, and a sum over a tensor counts its elements.
  @Test(arguments: [
    ("g + 0 * (1 / g)", ""), ("g + 0 * log(g)", ""), ("g + 0 * sqrt(w)", ""),
    ("g + (1 / g - 1 / g)", ""), ("g - 0 * m'", "state m\nm' = 0.9 * m + 1 / g"),
    ("g + 0 * arcsin(w)", ""), ("g * sum(0 * w + 1)", ""),
  ])
  func whatMayHaveNoNumberStays(_ step: String, _ states: String) throws {
    let long = try rule(step, states)
    let short = long.rewritten()
    #expect(short.nodes.count == long.nodes.count && short.states == long.states)
  }

  @Test(arguments: [
    ("sign(g) * abs(g)", "g"), ("abs(g) * sign(g)", "g"), ("cbrt(g * g * g)", "g"),
    ("cbrt(g)^3", "g"), ("cbrt(g^3)", "g"), ("cbrt(g) * cbrt(g) * cbrt(g)", "g"),
    ("log(exp(g))", "g"), ("clip(clip(g, -1, 1), -2, 2)", "clip(g, -1, 1)"),
    ("clip(clip(g, -2, 2), -1, 1)", "clip(clip(g, -2, 2), -1, 1)"),
  ])
  func whatUndoesItselfIsGone(_ long: String, _ short: String) throws {
    #expect(try rule(long).rewritten().digest == rule(short).rewritten().digest)
  }

  /// What is 0 before the first step and stays 0, by whatever way.
  @Test(arguments: [
    ("state m\nm' = m", 1), ("state m\nm' = 0.9 * m", 1), ("state m\nm' = m * g", 1),
    ("state m\nm' = 0.9 * m + 0 * g", 1), ("state m = 1\nm' = m * m", 1),
    ("state m\nm' = 0.9 * m + g", 0), ("state m = 1\nm' = 0.9 * m", 0),
    ("state m\nm' = m * (1 / g)", 0),
  ])
  func statesThatStay(_ states: String, _ count: Int) throws {
    let found = try rule("g + m'", states).constantStates()
    #expect(found.count == count)
    if let result = found.first?.result { #expect(result.cleaned().states.isEmpty) }
  }

  @Test func squaresOfRootsAreConditional() throws {
    let long = try rule("sqrt(g) * sqrt(g)")
    #expect(long.rewritten().digest == long.digest)
    let found = long.quotientRewrites().map { $0.result.cleaned().digest }
    #expect(try found == [rule("g").digest])
  }

  /// The start of every search from SGD, and its front: what does nothing costs nothing.
  @Test func whatDoesNothingCostsNothing() throws {
    let start = try program("SGD")
    #expect(start.flops > start.rewritten().flops)
    let record = ProgramRecord(
      number: 0, parent: -1, mutation: nil, program: start, rate: 1, size: 1, digests: [],
      rung: 1, score: 0, best: 1, losses: [])
    #expect(record.point(of: 0).flops == (try rule("g")).flops)
  }
}

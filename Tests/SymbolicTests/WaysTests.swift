import Driver
import Laboratory
import Symbolic
import Testing

/// Rules with several ways, and changes of one rule: what makes two rules equal must do so everywhere, and be
/// something that can be given.
@Suite struct WaysTests {
  struct Case: Sendable, CustomStringConvertible {
    var first: String
    var second: String
    var headline: String
    var description: String { "\(first) and \(second)" }
  }

  static let source = """
    rule Plain(lr = 0.1 in [0, inf)) { w' = w - lr * g }
    rule Quotient(a = 1) { w' = w - g * a / a }
    rule Other(b = 1) { w' = w - g * b / b }
    rule Bare { w' = w - g }
    rule TwoQuotients(a = 1, b = 1) = route {
        rank == 2 -> Quotient(a = a)
        otherwise -> Other(b = b)
    }
    rule OneDoubled(lr = 0.1 in [0, inf)) = route {
        rank == 2 -> SGD(lr = lr)
        otherwise -> SGD(lr = 2 * lr)
    }
    rule TwoRates(lr = 0.1 in [0, inf)) = route {
        rank == 2 -> SGD(lr = 3 * lr)
        otherwise -> SGD(lr = 2 * lr)
    }
    rule Named(lr = 0.1 in [0, inf)) = route {
        name =~ "embed" -> SGD(lr = 2 * lr)
        otherwise -> SGD(lr = lr)
    }
    rule BothDoubled(lr = 0.1 in [0, inf)) = route {
        rank == 2 -> SGD(lr = 2 * lr)
        otherwise -> SGD(lr = 2 * lr)
    }
    rule Masked(lr = 0.1 in [0, inf)) { w' = w - lr * g * bernoulli(0.5) }
    rule Ascent(lr = 0.1 in [0, inf)) { w' = w + lr * g }
    rule Guarded(lr = 0.1 in [0, inf)) {
        guard finite
        w' = w - lr * g
    }
    rule Share(lr = 0.1 in [0, 1]) { w' = w - lr * g }
    rule Half(lr = 0.1 in [0, 1]) { w' = w - 0.5 * lr * g }
    rule Twice(lr = 0.1 in [0, 1]) { w' = w - 2 * lr * g }
    rule Stored(lr = 0.1 in [0, inf)) {
        state m as f32
        m' = 0.9 * m + g
        w' = w - lr * m'
    }
    rule Exact(lr = 0.1 in [0, inf)) {
        state m
        m' = 0.9 * m + g
        w' = w - lr * m'
    }
    rule Repeated(lr = 0.1 in [0, inf), n = 3 in [0, 100]) {
        y = g
        repeat n { y' = y * 0.5 }
        w' = w - lr * y
    }
    rule Powered(lr = 0.1 in [0, inf), n = 3 in [0, 100]) { w' = w - lr * g * 0.5^(2 * n - 3) }
    """

  /// Each verdict is by hand.
  static let cases: [Case] = [
    // All conditions of all ways.
    Case(
      first: "TwoQuotients", second: "Bare", headline: "proved equal where a != 0, b != 0"),
    // No change of lr makes all ways equal, or one does.
    Case(first: "OneDoubled", second: "SGD", headline: "different"),
    // Gradients may be delayed: then the one at w is another.
    Case(first: "SAM(SGD, ρ = 0)", second: "SGD", headline: "proved equal up to grad(w) → g"),
    Case(first: "SAM(SGD, ρ = 0.1)", second: "SGD", headline: "different"),
    Case(first: "SGD", second: "OneDoubled", headline: "different"),
    Case(first: "TwoRates", second: "SGD", headline: "different"),
    Case(first: "Named", second: "SGD", headline: "different"),
    Case(first: "BothDoubled", second: "SGD", headline: "proved equal up to lr → 2 * lr"),
    // A draw for each element is no rate, nor is one that the domain has not.
    Case(first: "Masked", second: "Plain", headline: "different"),
    Case(first: "Ascent", second: "Plain", headline: "different"),
    Case(first: "Half", second: "Share", headline: "proved equal up to lr → 0.5 * lr"),
    Case(
      first: "Twice", second: "Share", headline: "proved equal up to lr → 2 * lr, 2 * lr <= 1"),
    // A parameter may have more bits than its state.
    Case(first: "Stored", second: "Exact", headline: "proved equal up to m stored exactly"),
    Case(first: "Stored", second: "Stored", headline: "proved equal"),
    // Given numbers are in the domains of what they are given to, of ways too.
    // Steps that are not finite apart, a guard changes nothing.
    Case(
      first: "Guarded", second: "Plain", headline: "proved equal up to guard finite left out"),
    Case(first: "Guarded", second: "Ascent", headline: "different"),
    Case(
      first: "SGD(lr = a)", second: "SGD(lr = -a)", headline: "proved equal up to lr → a"),
  ]

  static func compared(_ first: String, _ second: String) throws -> Comparison {
    let compiler = Compiler()
    _ = compiler.add(name: "ways.opt", bytes: Array(Self.source.utf8))
    return try compiler.compare(first, second)
  }

  @Test(arguments: cases) func isSo(_ one: Case) throws {
    let found = try Self.compared(one.first, one.second)
    #expect(ComparisonText.headline(found) == one.headline)
  }

  /// What is a count of one rule is a whole number in the other too, and is tried at others, whichever is first.
  @Test(arguments: [["Repeated", "Powered"], ["Powered", "Repeated"]])
  func countsStayWhole(_ names: [String]) throws {
    let found = try Self.compared(names[0], names[1])
    #expect(ComparisonText.headline(found) == "proved equal up to n = 3")
    let n = try #require(found.witness?.hypers.first { $0.name == "n" }?.value)
    #expect(n == n.rounded() && n != 3)
  }

  /// What a rule hands on to a way of its own is in the domain of what takes it.
  @Test func handedOn() throws {
    let found = try Self.compared("Adafactor(decay = q)", "AdafactorMatrix")
    let witness = try #require(found.witness)
    let q = try #require(witness.hypers.first { $0.name == "q" }?.value)
    let compiler = Compiler()
    let rule = try compiler.rule("Adafactor")
    let domains = rule.module.hypers.filter { $0.name.hasSuffix("decay") }.compactMap(\.domain)
    #expect(domains.count > 1)
    for domain in domains { #expect(domain.contains(q), "\(q) in \(domain)") }
  }
}

import Diagnostics
import Driver
import IR
import Lowering
import Syntax
import Testing
import Zoo

@Suite struct RoundTripTests {
  /// A rule of the zoo as text that names it; those around others get one.
  static let zoo: [String] = RoundTrip.zooRules.map {
    let rules = $0.text.split(separator: ": rule", omittingEmptySubsequences: false).dropFirst()
    let needed = rules.filter { !$0.hasPrefix(" =") }.map { _ in "AdamW" }
    return needed.isEmpty ? $0.name : "\($0.name)(\(needed.joined(separator: ", ")))"
  }

  @Test(arguments: zoo) func zooRuleComesBack(_ rule: String) throws {
    let module = try Compiler().rule(rule).module
    let difference = try RoundTrip.difference(module)
    #expect(difference == nil, "\(difference ?? "")")
    for variant in module.variants {
      #expect(RoundTrip.flaw(variant.update) == nil)
      #expect(RoundTrip.flaw(variant.initial) == nil)
    }
  }

  /// First values and defaults that no expression can say.
  @Test(arguments: [
    "state Q = orthonormal(w) * lr", "state Q = root(w, 4)", "state Q = twice(normal()) * w",
    "state s: scalar = norm(normal(w)), Q", "state s: vector(rows) = twice(normal()), Q",
    "state Q: matrix(rows, cols) = orthonormal(root(w))",
  ]) func firstValuesComeBack(_ states: String) throws {
    let text = """
      fn orthonormal(x) {
          Q, R = qr(x)
          Q
      }
      fn twice(x) = x + x * lr_of(2)
      fn lr_of(x) = x / T
      fn root(x, steps = 3) {
          y = max(x, 1)
          repeat steps { y' = 0.5 * (y + x / y) }
          y
      }
      rule Starts(lr = root(2)) {
          \(states)
          Q' = Q + g
          w' = w - lr * Q'
      }
      """
    let difference = try RoundTrip.difference(RoundTrip.rule("Starts", of: text))
    #expect(difference == nil, "\(difference ?? "")")
  }

  @Test func generatedRulesComeBack() throws {
    for seed in 0..<UInt64(400) {
      var generator = RuleGenerator(seed: seed)
      generator.usesHost = true
      generator.usesDecompositions = true
      let module = try RoundTrip.rule("Generated", of: generator.program())
      for variant in module.variants {
        #expect(RoundTrip.flaw(variant.update) == nil, "seed \(seed)")
        let canonical = variant.update.canonical()
        #expect(canonical.canonical() == canonical, "seed \(seed)")
      }
      let difference = try RoundTrip.difference(module)
      #expect(difference == nil, "seed \(seed): \(difference ?? "")")
    }
  }

  @Test func generatedRulesBindToAnyMatrix() throws {
    for seed in 0..<UInt64(100) {
      var generator = RuleGenerator(seed: seed)
      let module = try RoundTrip.rule("Generated", of: generator.program())
      for dims in [[3, 4], [1, 1], [5, 2, 2], [0, 3], [4, 0]] {
        let hypers = module.hypers.map { _ in 0.5 }
        for variant in module.variants {
          let update = try variant.update.specialised(BindContext(dims: dims, hypers: hypers))
          #expect(RoundTrip.flaw(update) == nil, "seed \(seed) at \(dims)")
          let next = try #require(update.output(.parameter(0)))
          #expect(
            update.type(next).shape
              == Shape([.fixed(dims[0]), .fixed(dims.dropFirst().reduce(1, *))]))
        }
      }
    }
  }

  @Test(arguments: zoo) func zooRuleBindsToEveryRank(_ rule: String) throws {
    let module = try Compiler().rule(rule).module
    for dims in [
      [], [1], [0], [7], [3, 4], [4, 3], [1, 5], [0, 3], [2, 3, 4], [2, 1, 3, 2], [1, 1, 1, 1, 1],
    ] {
      for variant in module.variants {
        let context = BindContext(
          dims: dims, hypers: module.hypers.map { _ in 1 }, axes: AxisLengths(batch: 3, groups: 2))
        do {
          let update = try variant.update.specialised(context)
          #expect(RoundTrip.flaw(update) == nil, "\(rule) at \(dims)")
          for output in update.outputs {
            #expect(update.type(output.value).shape.isConcrete, "\(rule) at \(dims)")
          }
          _ = try variant.initial.specialised(context)
        } catch {
          // Matrix rules refuse vectors, in a word of their own.
          #expect(
            error.diagnostics[0].code.number == 803,
            "\(rule) at \(dims): \(error.diagnostics[0].message)")
          #expect(dims.count < 2 && RoundTrip.hasMatrixWork(variant.update), "\(rule) at \(dims)")
        }
      }
    }
  }

  /// `a + b` and `b + a` are one program, wherever they stand.
  @Test func commutedProgramsAreEqual() throws {
    for seed in 0..<UInt64(100) {
      var generator = RuleGenerator(seed: seed)
      generator.usesDraws = false
      let module = try RoundTrip.rule("Generated", of: generator.program())
      var random = SplitMix(seed)
      for variant in module.variants {
        let swapped = RoundTrip.commuted(variant.update, &random)
        #expect(swapped.canonical() == variant.update.canonical(), "seed \(seed)")
      }
    }
  }

  /// The rules whose equations can be written in another order.
  static let ordered = RoundTrip.zooRules.filter { RoundTrip.shuffles(of: $0.text) != nil }
    .map(\.name)

  @Test func mostRulesHaveAnOrder() { #expect(Self.ordered.count > 100, "\(Self.ordered.count)") }

  /// The equations of every rule, in any order, are the same rule.
  @Test(arguments: ordered) func equationsHaveNoOrder(_ name: String) throws {
    let text = try #require(Library.shared.declaration(name)).text
    let shuffled = try #require(RoundTrip.shuffles(of: text))
    #expect(!shuffled.isEmpty)
    let arguments = text.contains("base: rule") ? "\(name)(AdamW)" : name
    let compiler = Compiler()
    _ = compiler.add(name: "plain.opt", bytes: Array(text.utf8))
    let plain = try compiler.rule(arguments).module
    for other in shuffled {
      let compiler = Compiler()
      let found = compiler.add(name: "shuffled.opt", bytes: Array(other.utf8))
      #expect(!found.contains { $0.severity == .error }, "\(other)")
      let module = try compiler.rule(arguments).module
      #expect(module.variants.count == plain.variants.count)
      for (a, b) in zip(plain.variants, module.variants) {
        let (first, second) = (a.canonical(), b.canonical())
        #expect(first.states.map(\.name) == second.states.map(\.name), "\(other)")
        #expect(first.update == second.update, "\(other)")
        #expect(first.initial == second.initial, "\(other)")
      }
    }
  }

  /// What is written in two orders and means one thing, beyond the equations of a rule.
  @Test(arguments: [
    // What a loop carries.
    (
      "y = w\nz = g\nrepeat 3 {\ny' = y + z\nz' = 0.5 * z\n}\nw' = y - z",
      "z = g\ny = w\nrepeat 3 {\nz' = 0.5 * z\ny' = y + z\n}\nw' = y - z"
    ),
    // Told apart only by what becomes of them.
    (
      "y = w\nz = w\nrepeat 3 {\ny' = z\nz' = z * 2 + y\n}\nw' = y",
      "z = w\ny = w\nrepeat 3 {\nz' = z * 2 + y\ny' = z\n}\nw' = y"
    ),
    (
      "y = w\nz = w\nu = w\nrepeat 3 {\ny' = z\nz' = u\nu' = 2 * u\n}\nw' = y + 3 * z",
      "y = w\nz = w\nu = w\nrepeat 3 {\nu' = 2 * u\nz' = u\ny' = z\n}\nw' = y + 3 * z"
    ),
    // Draws, in sums that look alike.
    (
      "a = normal()\nb = normal()\nc = normal()\nw' = w * (a * b + a * c) + 5 * b",
      "a = normal()\nc = normal()\nb = normal()\nw' = w * (c * a + b * a) + 5 * b"
    ),
    // States and inputs.
    (
      "state m\nstate v = 1\ninput h\ninput k\nm' = m + h\nv' = v + k\nw' = w - m' * v'",
      "input k\nstate v = 1\ninput h\nstate m\nw' = w - m' * v'\nv' = v + k\nm' = m + h"
    ),
  ]) func writingHasNoOrder(_ first: String, _ second: String) throws {
    func variant(_ body: String) throws -> RuleVariant {
      try RoundTrip.rule("Plain", of: "rule Plain() {\n\(body)\n}\n").variants[0].canonical()
    }
    let (a, b) = (try variant(first), try variant(second))
    #expect(a.update == b.update, "\(a.update.dump())and\n\(b.update.dump())")
    #expect(a.initial == b.initial)
  }

  /// Programs that differ in which of two values is used are not equal.
  @Test func differentProgramsDiffer() throws {
    func update(_ body: String) throws -> Function {
      try RoundTrip.rule("Plain", of: "rule Plain() {\n\(body)\n}\n").variants[0].canonical().update
    }
    let loop = "y = w\nz = g\nrepeat 3 {\ny' = y + z\nz' = 0.5 * z\n}\n"
    #expect(try update(loop + "w' = y") != update(loop + "w' = z"))
    let states = "state m\nstate v\nm' = m + g\nv' = v + m\n"
    #expect(try update(states + "w' = w - m'") != update(states + "w' = w - v'"))
  }

  /// What is printed is laid out by the formatter without another meaning.
  @Test func formattedPrintsAreTheSameRule() throws {
    for seed in 0..<UInt64(60) {
      var generator = RuleGenerator(seed: seed)
      let module = try RoundTrip.rule("Generated", of: generator.program())
      let printed = SourcePrinter.rule(module, name: "Printed")
      for style in [FormatStyle.asWritten, .ascii, .unicode] {
        var map = SourceMap()
        var bag = DiagnosticBag()
        let file = map.add(name: "printed.opt", text: printed)
        let formatted = try #require(format(file, style: style, into: &bag))
        let again = try RoundTrip.rule("Printed", of: formatted)
        let plain = try RoundTrip.rule("Printed", of: printed)
        for (a, b) in zip(plain.variants, again.variants) {
          #expect(a.update.canonical() == b.update.canonical(), "seed \(seed)\n\(formatted)")
        }
      }
    }
  }
}

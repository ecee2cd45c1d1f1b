import Driver
import IR
import Testing

@Suite struct DigestTests {
  private static func module(_ text: String) throws -> RuleModule {
    let compiler = Compiler()
    #expect(
      compiler.add(name: "digest.opt", bytes: Array(text.utf8)).allSatisfy { $0.severity != .error }
    )
    return try compiler.rule("R").module
  }

  private static let plain = """
    rule R(lr = 0.1, β1 = 0.9 in [0, 1), β2 = 0.99 in [0, 1)) {
        state m, v = 0
        m' = β1 * m + (1 - β1) * g
        v' = β2 * v + (1 - β2) * g^2
        d = m' / (sqrt(v') + 1e-8)
        w' = w - lr * d
    }
    """

  /// What only names and the order of writing change.
  @Test(arguments: [
    """
    rule R(rate = 0.1, decay = 0.9, slow = 0.99) {
        state second, first
        w' = w - step * rate
        step = first' / (1e-8 + sqrt(second'))
        first' = g * (1 - decay) + first * decay
        second' = (1 - slow) * g^2 + slow * second
    }
    """,
    """
    rule R(β2 = 0.5, lr = 1, β1 = 0.5) {
        state v as bf16, m
        m' = (1 - β1) * g + β1 * m
        v' = (1 - β2) * (g * g) + v * β2
        w' = w - lr * (m' / (sqrt(v') + 1e-8))
    }
    """,
  ])
  func structureKnowsNoNames(_ text: String) throws {
    let (a, b) = (try Self.module(Self.plain), try Self.module(text))
    #expect(a.structureDigest == b.structureDigest)
    #expect(a.identityDigest() != b.identityDigest())
  }

  /// The order of equations and of operands alone changes neither.
  @Test func orderChangesNothing() throws {
    let other = try Self.module(
      """
      rule R(lr = 0.1, β1 = 0.9 in [0, 1), β2 = 0.99 in [0, 1)) {
          state m, v = 0
          w' = w - d * lr
          d = m' / (1e-8 + sqrt(v'))
          v' = (1 - β2) * g^2 + v * β2
          m' = g * (1 - β1) + β1 * m
      }
      """)
    let plain = try Self.module(Self.plain)
    #expect(other.structureDigest == plain.structureDigest)
    #expect(other.identityDigest() == plain.identityDigest())
  }

  /// One change of a program, and which digests see it.
  @Test(arguments: [
    ("lr = 0.1", "lr = 0.2", false), ("β1 = 0.9 in [0, 1)", "β1 = 0.9 in [0, 1]", false),
    ("state m, v = 0", "state m as bf16, v = 0", false),
    ("state m, v = 0", "state m, v = 1", true), ("1e-8", "1e-7", true),
    ("(1 - β2) * g^2", "(1 - β1) * g^2", true), ("lr * d", "lr * d * d", true),
    ("m' / (", "m / (", true),
  ])
  func changesAreSeen(_ old: String, _ new: String, _ isOfStructure: Bool) throws {
    let text = Self.plain.split(separator: old, omittingEmptySubsequences: false)
    #expect(text.count == 2)
    let other = try Self.module(text.joined(separator: new))
    let plain = try Self.module(Self.plain)
    #expect(other.identityDigest() != plain.identityDigest())
    #expect((other.structureDigest != plain.structureDigest) == isOfStructure)
  }

  /// Exchangeable states are told apart from one state used twice.
  @Test func twinsAreTwo() throws {
    func text(_ second: String) -> String {
      """
      rule R(lr = 0.1) {
          state a, b
          a' = a + g
          b' = b + g
          w' = w - lr * (tanh(a) + sin(\(second)))
      }
      """
    }
    let (two, one) = (try Self.module(text("b")), try Self.module(text("a")))
    #expect(two.structureDigest != one.structureDigest)
  }

  /// Rules of the zoo have one structure only where they are one program.
  @Test func zooIsTold() throws {
    var found: [RuleDigest: [(name: String, module: RuleModule)]] = [:]
    for rule in RoundTripTests.zoo {
      let module = try Compiler().rule(rule).module
      found[module.structureDigest, default: []].append((rule, module))
    }
    #expect(found.count >= 100)
    let alike = found.values.filter { $0.count > 1 }
    #expect(alike.contains { Set($0.map(\.name)) == ["Signum", "Tiger"] })
    for same in alike {
      let operations = same.map {
        $0.module.variants.map { variant in
          variant.update.canonical().instructions.map { "\($0.operation)" }.sorted()
        }
      }
      #expect(operations.allSatisfy { $0 == operations[0] }, "\(same.map(\.name))")
    }
  }

  /// What was recorded once: digests are kept in files.
  @Test(arguments: [
    (
      "SGD", "937eef951aae545a2f9de18c1c9e832c9e14387a76a1b8660425a6e6721ed32c",
      "7ba79f9b0c3441f35483252625728c2d0630cea10c39ca86fc44a85497ddf7eb"
    ),
    (
      "Lion", "9bb6586e8078f71dc12c1ba8065f46151941302d2d080ffdc9fecc6f6730249d",
      "60677288d3d7a6183995c742d4b8b6213fc73366d1e9c4599aaca813ee74bcf4"
    ),
    (
      "AdamW", "b34ba568f5f96b17c7a763f9c59b29ac4f0292999ece5b4cc04a887b6dbf378c",
      "7743c560dce4ac4f13ad2944c37103e929ea8659168e2d3f2d4d132db891166f"
    ),
    (
      "Muon", "5328b595e0a7325301e0d259e40ed4e29528d6a18726261f47f75e617bd588b3",
      "3260ec4fc577bd2f93d3a6bf83bbbbd8f32955f6b4d87ad69eeb9a6cf2d17735"
    ),
    (
      "SOAP", "ba7ce585d20d4c28ea5b81820e61c2f9b59809edaf6d93c708c0691491cf2350",
      "fa81e1cd2250168b9f646c45bf0f164dcc49151e117660068c51909b4961d5f9"
    ),
  ])
  func goldenValues(_ name: String, _ structure: String, _ identity: String) throws {
    let rule = try Compiler().rule(name)
    #expect("\(rule.module.structureDigest)" == "structure-1:\(structure)")
    #expect(
      "\(rule.module.identityDigest(arguments: rule.arguments))" == "identity-1:\(identity)")
  }
}

import IR
import Lowering
import Ravine
import Testing
import Zoo

@Suite struct RoundTripTests {
  /// A rule of the zoo as text that names it; those around others get one.
  static let zoo: [String] = RoundTrip.zooRules.map {
    $0.text.contains("base: rule") ? "\($0.name)(AdamW)" : $0.name
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

  @Test func generatedRulesComeBack() throws {
    for seed in 0..<UInt64(400) {
      var generator = RuleGenerator(seed: seed)
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
    let matrixOnly = [
      "Muon", "MuonTorch", "AdafactorMatrix", "NorMuon", "HybridAuON", "ShampooMatrix", "SOAPMatrix",
      "GaLoreTall", "GaLoreWide", "SNSMTall", "SNSMWide", "MKOR",
    ]
    for dims in [
      [], [1], [0], [7], [3, 4], [4, 3], [1, 5], [0, 3], [2, 3, 4], [2, 1, 3, 2], [1, 1, 1, 1, 1],
    ] {
      for variant in module.variants {
        let context = BindContext(dims: dims, hypers: module.hypers.map { _ in 1 })
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
          #expect(dims.count < 2 && (matrixOnly.contains(rule) || module.variants.count > 1))
        }
      }
    }
  }
}

import Diagnostics
import Driver
import IR
import Lowering
import Testing
import Zoo

@Suite struct RobustnessTests {
  private func errors(_ text: String) -> [Int] {
    Compiler().add(name: "big.opt", bytes: Array(text.utf8))
      .filter { $0.severity == .error }.map(\.code.number)
  }

  @Test func unfoldingIsBounded() {
    func towers(_ body: (Int) -> String) -> String {
      "fn f0(x) = x\n" + (1...60).map { "fn f\($0)(x) = \(body($0 - 1))\n" }.joined()
        + "rule A { w' = w - f60(g) }\n"
    }
    #expect(errors(towers { "f\($0)(x) + f\($0)(x)" }) == [114])
    #expect(errors(towers { "f\($0)(f\($0)(x))" }) == [114])
  }

  @Test func depthIsBounded() {
    let functions =
      "fn f0(x) = x\n" + (1..<3000).map { "fn f\($0)(x) = f\($0 - 1)(x) + 1\n" }.joined()
    #expect(errors(functions + "rule A { w' = w - f2999(g) }") == [109])
    let equations = (1..<150).map { "x\($0) = x\($0 - 1) + 1\n" }.joined()
    #expect(errors("rule A {\n x0 = g\n" + equations + "w' = w - x149 }") == [])
  }

  @Test func countsAreBounded() {
    #expect(
      errors(
        "rule A { w' = w - sum([" + Array(repeating: "1", count: 5000).joined(separator: ", ")
          + "]) * g }") == [415])
    let two = "rule Two(a: rule, b: rule) { w' = (a(w, g) + b(w, g)) / 2 }\nrule R0 = SGD\n"
    let doubled = (1...30).map { "rule R\($0) = Two(R\($0 - 1), R\($0 - 1))\n" }.joined()
    #expect(errors(two + doubled).contains { $0 == 607 || $0 == 211 })
  }

  @Test func giantTensorsAreRefusedWhenBound() throws {
    let compiler = Compiler()
    let text = "rule A { w' = w - g * sum(zeros(1e9, 1e9, 1e9)) }"
    #expect(compiler.add(name: "a.opt", bytes: Array(text.utf8)).isEmpty)
    let update = try compiler.rule("A").module.variants[0].update
    do {
      _ = try update.specialised(BindContext(dims: [2], hypers: []))
      Issue.record("a tensor of 1e27 elements was accepted")
    } catch { #expect(error.diagnostics[0].code.number == 813) }
  }

  private static let pieces = [
    "'", "(", ")", "{", "}", "=", "+", "^", "@", ".T", "[", "]", ":", ",", " if ", " then ",
    " else ",
    " when ", " every ", " repeat ", " state ", " view eval = ", "global ", "w", "g", "t", "1e9",
    "1e308", "-1", "0", "nan", "inf", "rows", "zeros(", "reshape(w, ", "eye(", "flatten(", "qr(",
    "loss", "as int8(block = ", "\"", "rule ", "fn ", "route ", "->", "otherwise", "\n", "w[3",
    "2147483647", "2e9", "argmax(", "bernoulli(", "outer(", "w' = ", "objective f(x: vector(",
  ].map { Array($0.utf8) }

  /// Whatever is done to good programs, the answer is a diagnostic or a rule that binds or refuses.
  @Test func damagedProgramsNeverCrash() {
    var random = SplitMix(2026)
    var corpus = Library.shared.declarations.map { Array($0.text.utf8) }
    for seed in 0..<UInt64(20) {
      var generator = RuleGenerator(seed: seed)
      corpus.append(Array(generator.program().utf8))
    }
    var (clean, bound, refused) = (0, 0, 0)
    for _ in 0..<2000 {
      var text = corpus.randomElement(using: &random)!
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        let place = Int.random(in: 0...text.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where place < text.count: text[place] = UInt8.random(in: 0...255, using: &random)
        case 1: text.removeSubrange(place..<min(text.count, place + 9))
        default: text.insert(contentsOf: Self.pieces.randomElement(using: &random)!, at: place)
        }
      }
      let compiler = Compiler()
      let found = compiler.add(name: "damaged.opt", bytes: text)
      if found.contains(where: { $0.severity == .error }) { continue }
      clean += 1
      for key in compiler.program.rules.keys {
        // What was checked is refused only where a rule inside has errors of its own.
        guard let rule = try? Lowering.rule(named: key, of: compiler.program) else {
          refused += 1
          continue
        }
        for variant in rule.module.variants {
          let context = BindContext(
            dims: [2, 3], hypers: rule.module.hypers.map { _ in 2 },
            axes: AxisLengths(batch: 2, groups: 2, workers: 2))
          if (try? variant.update.specialised(context)) != nil { bound += 1 }
        }
      }
    }
    #expect(clean > 20 && bound > clean / 2 && refused < clean / 2, "\(clean) \(bound) \(refused)")
  }
}

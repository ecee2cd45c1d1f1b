import Basics
import Certificates
import Certifier
import Diagnostics
import Driver
import Foundation
import IR
import Laboratory
import Platform
import Symbolic
import Testing

/// What is called equal is equal, and what is called different differs: on generated pairs, half of them
/// made to be equal only almost everywhere. `make soundness` tries 100,000.
///
/// Truth comes from how a pair was made and from `PairEvaluator`.
@Suite struct SoundnessTests {
  static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Unoptimised code gets fewer.
  #if DEBUG
    static let usual = 64
  #else
    static let usual = 2_000
  #endif
  static let count = variable("RAVINE_PAIRS").flatMap { Int($0) } ?? usual
  static let firstSeed = variable("RAVINE_SEED").flatMap { UInt64($0) } ?? 1
  /// Only these, where the environment names some.
  static let classes: [PairClass] =
    variable("RAVINE_CLASSES")?.split(separator: ",").compactMap { PairClass(rawValue: String($0)) }
    ?? PairClass.allCases
  static let rare = classes.filter { $0 != .same && $0 != .changed }

  /// Of how many proofs certificates are looked for.
  static let certified = variable("RAVINE_CERTIFICATES").flatMap { Int($0) } ?? usual / 64
  /// Where certificates are written, for the second checker, and the rules of proofs without.
  static let folder = variable("RAVINE_CERTIFICATE_FOLDER")

  /// Whether a proof has a certificate that the kernel takes; nil where no steps were found.
  static func isCertified(
    _ pair: PairGenerator.Pair, _ compiler: Compiler, _ result: Comparison, _ seed: UInt64
  ) throws -> Bool? {
    let names = ["First", "Second"]
    let rules = try names.map { try compiler.rule($0, allowsFreeNames: true) }
    let source = pair.text.split(separator: "\n").map(String.init)
    var conditions: [String] = []
    if case .equalWhere(let all) = result.verdict {
      conditions = all.map { $0.map { $0 == "≠" ? "!=" : String($0) }.joined() }
    }
    func search(_ certifier: Certifier) throws(Refusal) -> Certificate {
      try certifier.certificate(
        rules, names: names, source: source,
        fixed: result.fixed.map { String($0.prefix { $0 != " " }) }, conditions: conditions)
    }
    let found: Certificate
    do throws(Refusal) {
      // Most are found at once; the few others get what `compare --certificate` would give them.
      if let quick = try? search(Certifier(work: 1_000_000)) {
        found = quick
      } else {
        found = try search(Certifier())
      }
    } catch {
      if let folder {
        let url = URL(fileURLWithPath: folder).appendingPathComponent("\(seed).opt")
        try Data("# \(error)\n\(pair.text)".utf8).write(to: url)
      }
      return nil
    }
    if let folder {
      let url = URL(fileURLWithPath: folder).appendingPathComponent("\(seed).txt")
      try Data(found.text.utf8).write(to: url)
    }
    return try CertificateTests.check(found.text).goals > 0
  }

  static func kind(_ seed: UInt64) -> PairClass {
    let plain = classes.filter { $0 == .same || $0 == .changed }
    let k = Int(seed / 2)
    if rare.isEmpty || seed % 2 == 0 && !plain.isEmpty { return plain[k % plain.count] }
    return rare[k % rare.count]
  }

  @Test func verdictsAreNeverContradicted() throws {
    var counts: [String: Int] = [:]
    var wrong: [String] = []
    var certificates = (found: 0, missing: 0)
    /// Equal everywhere, and not called so: right, and weaker than could be.
    var weak: [String] = []
    for seed in Self.firstSeed..<(Self.firstSeed + UInt64(Self.count)) {
      let kind = Self.kind(seed)
      var generator = PairGenerator(seed &* 7_919)
      let pair = generator.pair(kind)
      func note(_ what: String) { counts["\(kind): \(what)", default: 0] += 1 }
      let compiler = Compiler()
      if compiler.add(name: "pair.opt", bytes: Array(pair.text.utf8)).contains(where: {
        $0.severity == .error
      }) {
        note("refused")
        continue
      }
      let result = try compiler.compare("First", "Second")
      let apart = Self.isSeenApart(pair, &generator.random)
      if pair.data != nil, apart == .nowhere {
        note("hidden")
        continue
      }
      // Of what was made to be the same the evaluator knows less: a root makes much of what rounding left.
      let isSame = kind == .same
      let said: String
      var isFalse = false
      switch result.verdict {
      case .equal:
        said = "equal"
        isFalse = !isSame && apart != .nowhere
      case .equalWhere:
        said = "equal where"
        isFalse = !isSame && apart == .inValues
      case .equalUpTo: said = "equal up to"
      case .undecided: said = "undecided"
      case .different:
        said = "different"
        let witness = try #require(result.witness)
        isFalse = try isSame || !Self.replays(pair, compiler, witness)
      }
      note(said)
      // Spread over all seeds.
      let share = Self.certified * 4
      if said == "equal" || said == "equal where",
        Self.count <= share || seed % UInt64(max(1, Self.count / max(1, share))) == 0
      {
        switch try Self.isCertified(pair, compiler, result, seed) {
        case true: certificates.found += 1
        case false:
          isFalse = true
        case nil: certificates.missing += 1
        }
      }
      if isSame, said != "equal" { weak.append("\(seed) \(said)\n\(pair.text)") }
      if isFalse {
        note("FALSE")
        wrong.append("seed \(seed), \(kind): \(ComparisonText.text(result))\(pair.text)")
      }
    }
    if Self.count > Self.usual || !wrong.isEmpty {
      print(
        counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: "\n")
          + "\ncertificates: \(certificates.found) found, \(certificates.missing) without steps"
          + "\nsame, but not called so:\n\(weak.joined(separator: "\n"))")
    }
    #expect(certificates.found > 0)
    #expect(wrong.isEmpty, "\(wrong.count) false:\n\(wrong.prefix(5).joined(separator: "\n"))")
    if Self.classes.count == PairClass.allCases.count {
      func total(_ what: String) -> Int {
        counts.filter { $0.key.hasSuffix(what) }.values.reduce(0, +)
      }
      #expect(total(": equal") > Self.count / 10)
      #expect(total(": different") > Self.count / 5)
      #expect(total(": hidden") + total(": refused") < Self.count / 5)
    }
  }

  enum Apart { case nowhere, inDefinition, inValues }

  /// Whether the evaluator sees the sides differ: where the pair was made to, and at random.
  static func isSeenApart(_ pair: PairGenerator.Pair, _ random: inout SplitMix64) -> Apart {
    var result = Apart.nowhere
    func look(_ evaluator: PairEvaluator, _ w: [Double], _ g: [[Double]], _ steps: Int) {
      let ends = pair.sides.map { evaluator.run($0, w: w, gradients: g, steps: steps) }
      for (x, y) in zip(ends[0], ends[1]) {
        if x.isFinite, y.isFinite {
          if abs(x - y) > 1e-6 * max(1, abs(x), abs(y)) { result = .inValues }
        } else if x.isFinite != y.isFinite, result == .nowhere, abs(x.isFinite ? x : y) < 1e100 {
          result = .inDefinition
        }
      }
    }
    if let data = pair.data {
      look(PairEvaluator(lr: 0.125, β: 0.5, c: data.c), data.w, [data.g], data.steps)
      return result
    }
    /// Few binary digits: what cancels leaves no rounding, of which a root would make much.
    func short(_ x: Double) -> Double { (x * 64).rounded() / 64 }
    for probe in 0..<12 {
      let evaluator = PairEvaluator(
        lr: short(0.02 + random.unit() * Double(probe % 3 + 1)), β: short(random.unit() * 0.98))
      let w = (0..<6).map { _ in short(random.normal()) }
      let g = (0..<6).map { _ in (0..<6).map { _ in short(random.normal()) } }
      look(evaluator, w, g, 1 + probe % 6)
    }
    return result
  }

  /// A witness shows the difference on the reference engine, and to the evaluator of the tests.
  static func replays(
    _ pair: PairGenerator.Pair, _ compiler: Compiler, _ witness: Witness
  ) throws -> Bool {
    let engine = try ["First", "Second"].enumerated().map { side, name in
      try witness.replayed(compiler.statement(name), side: side)
    }
    let own = (0..<2).map { side in
      let row = witness.values[side][0]
      let evaluator = PairEvaluator(lr: row[0], β: row[1], c: row.count > 2 ? row[2] : 1)
      return evaluator.run(
        pair.sides[side], w: witness.weights, gradients: witness.gradients, steps: witness.step)[
          witness.element]
    }
    func differ(_ x: Double, _ y: Double) -> Bool {
      if x.isNaN || y.isNaN { return x.isNaN != y.isNaN }
      if x.isInfinite || y.isInfinite { return x != y }
      return abs(x - y) > 4 * max(abs(x), abs(y)).ulp
    }
    return engine == [witness.left, witness.right] || engine[0].isNaN || engine[1].isNaN
      ? differ(engine[0], engine[1]) && differ(own[0], own[1]) : false
  }
}

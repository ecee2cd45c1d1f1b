import Diagnostics
import Basics
import Driver
import Experiments
import Files
import IR
import Laboratory
import Platform
import Runtime
import Symbolic
import Testing
import Training

/// Examples/theorems.opt: what is claimed there is proved or refuted, quickly.
@Suite struct TheoremTests {
  struct Claim: Sendable, CustomStringConvertible {
    var left: String
    var right: String
    var isEqual: Bool
    var description: String { "\(left) \(isEqual ? "==" : "!=") \(right)" }
  }

  static let text: String = {
    let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let bytes = (try? DataFile.bytes("/" + path + "/Examples/theorems.opt")) ?? []
    return String(decoding: bytes, as: UTF8.self)
  }()

  static let claims: [Claim] = text.split(separator: "\n").compactMap { line in
    guard line.hasPrefix("assert ") else { return nil }
    let claim = line.dropFirst("assert ".count)
    for (sign, isEqual) in [(" == ", true), (" != ", false)] {
      if let range = claim.firstRange(of: sign) {
        return Claim(
          left: String(claim[..<range.lowerBound]), right: String(claim[range.upperBound...]),
          isEqual: isEqual)
      }
    }
    return nil
  }

  /// Those whose opposites are tried.
  static let short = claims.filter { $0.left.count + $0.right.count < 40 }

  static func compiler() -> Compiler {
    let compiler = Compiler()
    let found = compiler.add(name: "theorems.opt", bytes: Array(text.utf8))
    for diagnostic in found where diagnostic.severity == .error {
      Issue.record("\(diagnostic.code) \(diagnostic.message)")
    }
    return compiler
  }

  @Test func thereAreEnough() {
    #expect(Self.claims.count { $0.isEqual } >= 150)
    #expect(Self.claims.count { !$0.isEqual } >= 80)
    #expect(Self.short.count >= 40, "\(Self.short.count)")
  }

  @Test(arguments: claims) func holds(_ claim: Claim) throws {
    let compiler = Self.compiler()
    let start = ThreadTime.seconds
    let verdict = try compiler.compare(claim.left, claim.right)
    let seconds = ThreadTime.seconds - start
    #expect(verdict.isEqual == claim.isEqual, "\(ComparisonText.text(verdict))")
    // Unoptimised code takes several times the second that a proof may take.
    #expect(seconds < 20)
    if !claim.isEqual {
      let witness = try #require(verdict.witness)
      let sides = try [claim.left, claim.right].enumerated().map { k, text in
        try Self.replay(compiler.statement(text), witness, side: k)
      }
      let (x, y) = (sides[0][witness.element], sides[1][witness.element])
      #expect(x != y || x.isNaN != y.isNaN)
      #expect(!(abs(x - y) <= 1e-12 * max(1, abs(x), abs(y))), "\(x) and \(y)")
    }
  }

  /// A false claim is not proved.
  @Test(arguments: short) func theOppositeFails(_ claim: Claim) throws {
    let script =
      Self.text.split(separator: "\n").filter { !$0.hasPrefix("assert ") }
      .joined(separator: "\n")
      + "\nassert \(claim.left) \(claim.isEqual ? "!=" : "==") \(claim.right)\n"
    let compiler = Compiler()
    let found = compiler.add(name: "opposite.opt", bytes: Array(script.utf8))
    #expect(!found.contains { $0.severity == .error })
    let run = Script(compiler, options: Script.Options(), output: { _ in })
    try run.run()
    #expect(run.findings.count == 1)
  }

  /// The weights after the witness's step, by the interpreter: another engine than the one that
  /// found it.
  static func replay(
    _ rule: Rule, _ witness: Witness, side: Int
  ) throws -> [Double] {
    var weights = witness.weights
    var builder = FunctionBuilder(name: "arguments")
    for (k, x) in witness.values[side][0].enumerated() {
      builder.output(.hyper(k), builder.constant(x))
    }
    let instance = Rule(module: rule.module, arguments: builder.finish(), call: rule.call)
    let optimizer = try Optimizer(
      instance, parameters: [ParameterSpec(name: "w", dims: witness.dims)], engine: .interpreter,
      elementType: .float64, horizon: witness.horizon)
    var gradient = witness.gradients[0]
    try weights.withUnsafeMutableBytes { w in
      try gradient.withUnsafeMutableBytes { g in
        optimizer.bind(
          parameters: [w.baseAddress!], gradients: [UnsafeRawPointer(g.baseAddress!)])
        try optimizer.initialise()
        for step in 0..<witness.step {
          g.copyBytes(from: witness.gradients[step].withUnsafeBytes { Array($0) })
          try optimizer.step(loss: 0.7 + 0.1 * Double(step))
        }
      }
    }
    return weights
  }
}

/// Reads a file of the repository.
enum DataFile {
  static func bytes(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw SymbolicError("\(path) cannot be read") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }
}

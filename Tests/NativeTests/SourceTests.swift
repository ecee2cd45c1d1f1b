import CKernels
import Diagnostics
import Driver
import Experiments
import Foundation
import IR
import Native
import Runtime
import Testing

/// The C text: readable, and closed to what a rule is called.
@Suite struct SourceTests {
  static func sources(
    _ text: String, dims: [Int] = [64, 32], _ element: ElementType = .float32
  ) throws -> [SegmentSource] {
    try BoundRule(
      Compiler().rule(text), parameters: [ParameterSpec(name: "w", dims: dims)],
      elementType: element
    ).segmentSources
  }

  @Test func aRuleReadsLikeItsEquations() throws {
    let text = NativeCompiler.source(try Self.sources("Lion")).text
    #expect(text.contains("const float h_lr = (float)frame->scalars["))
    #expect(text.contains("// 1 - beta1"))
    #expect(text.contains("const float v_m = p_m[i];"))
    #expect(text.contains("rv_sign_f32("))
    #expect(text.contains("void ravine_Lion_0(const rv_frame *frame, int64_t start, int64_t end)"))
  }

  static let hostile = [
    "*/ #include </etc/passwd> /*", "\"; system(\"touch /tmp/x\"); //", "a\nint b;", "while",
    "int", "auto", "double", "restrict", "NULL", "INFINITY", "a\\", "??/", "π́", "β₁", "变量",
    "\u{202E}abc", "\0", "%s%n", "$(touch x)", "`id`", "@", "", "_", "9", "rv_frame", "frame", "i",
    String(repeating: "x", count: 5000), "a b", "a-b", "a'b", "x1", "p_w", "h_lr", "🦊",
    "/*", "//", "#", "\r", "\u{2028}",
  ]

  @Test(.enabled(if: CacheTests.realCompiler != nil), arguments: ["AdamW", "LAMB"])
  func namesCannotEscape(_ rule: String) throws {
    let folder = TemporaryFolder()
    let tame = try Self.sources(rule)
    for (round, name) in Self.hostile.enumerated() {
      var sources = tame
      for k in sources.indices {
        sources[k].program = name
        // Passes that differ in names alone would become one.
        sources[k].slotNames = sources[k].slotNames.indices.map { "\(name)\($0)" }
        for (register, value) in sources[k].registers {
          switch value {
          case .constant: break
          case .named: sources[k].registers[register] = .named("\(name)\(register)")
          case .computed(""): break
          case .computed: sources[k].registers[register] = .computed("1 - \(name)")
          }
        }
      }
      let (text, interpreted) = NativeCompiler.source(sources)
      #expect(interpreted == 0)
      #expect(text.utf8.allSatisfy { $0 == 10 || (0x20..<0x7F).contains($0) })
      // Every line of the body is as long in tokens as that of the tame text.
      let plain = NativeCompiler.source(tame).text
      #expect(
        text.split(separator: "\n", omittingEmptySubsequences: false).count
          == plain.split(separator: "\n", omittingEmptySubsequences: false).count)
      #expect(Self.shape(text) == Self.shape(plain), "\(name)")
      #expect(!text.contains("\\\n") || plain.contains("\\\n"))
      // The compiler agrees; for a few, since it takes its time.
      if round % 8 == 0 {
        let compiler = NativeCompiler(folder.settings()) { Issue.record("\(name): \($0)") }
        let code = compiler.compile(sources, effort: .always)
        code.wait()
        #expect(try #require(code.take()).allSatisfy { $0 != nil })
      }
    }
  }

  /// The text without comments, each word of it an x.
  private static func shape(_ text: String) -> [String] {
    text.split(separator: "\n").map { line in
      let code = line.range(of: "//").map { line[..<$0.lowerBound] } ?? line
      return String(code).replacing(/[A-Za-z0-9_]+/, with: "x")
    }
  }

  /// The names of a rule's own text, through the front door.
  @Test(.enabled(if: CacheTests.realCompiler != nil))
  func keywordsAndLettersAsNames() throws {
    let folder = TemporaryFolder()
    let source = """
      rule double(int = 0.1, long_λ = 0.9, σ = 0.5) {
          state restrict
          restrict' = long_λ * restrict + σ * g
          w' = w - int * restrict'
      }
      """
    let session = Compiler()
    let found = session.add(name: "hostile.opt", bytes: Array(source.utf8))
    #expect(found.filter { $0.severity == .error }.isEmpty, "\(found.map(\.message))")
    let compiler = NativeCompiler(folder.settings()) { Issue.record("\($0)") }
    let optimizer = try Optimizer(
      session.rule("double"), parameters: [ParameterSpec(name: "w", dims: [3])],
      engine: .native, compiler: compiler)
    #expect(optimizer.passCount.compiled == optimizer.passCount.all)
  }

  /// Tensors of one rule, in one file with each function once.
  @Test(.enabled(if: CacheTests.realCompiler != nil))
  func manyTensorsAreOneCall() throws {
    let folder = TemporaryFolder()
    let compiler = NativeCompiler(folder.settings()) { Issue.record("\($0)") }
    let specs = (0..<40).map { ParameterSpec(name: "w\($0)", dims: [8 + $0, $0 % 3 + 1]) }
    let optimizer = try Optimizer(
      Compiler().rule("AdamW"), parameters: specs, engine: .native, compiler: compiler)
    #expect(optimizer.passCount.all == 40)
    #expect(optimizer.passCount.compiled == 40)
    #expect(compiler.callCount == 1)
    let text = NativeCompiler.source(optimizer.bound.segmentSources).text
    #expect(text.components(separatedBy: "\nvoid ravine_").count == 2)
  }

  /// Every recorded trajectory, as the interpreter computes it, to the last bit.
  @Test(.enabled(if: CacheTests.realCompiler != nil), arguments: try SourceTests.goldens())
  func recordedRuns(_ row: Golden) throws {
    let file = Self.golden.appendingPathComponent("\(row.file).json")
    let record = try Trajectory(bytes: [UInt8](try Data(contentsOf: file)), path: row.file)
    let rule = try Compiler().rule(row.rule)
    let settings = NativeCompiler.Settings(
      compiler: CacheTests.realCompiler,
      cache: Self.package.appendingPathComponent(".build/native-test-cache").path)
    let compiler = NativeCompiler(settings) { Issue.record("\($0)") }
    let native = try Replay.run(rule, on: record, engine: .native, compiler: compiler)
    let interpreted = try Replay.run(rule, on: record, engine: .interpreter)
    #expect(native.holds)
    #expect(native.parameters.map(\.bitPattern) == interpreted.parameters.map(\.bitPattern))
    for (x, y) in zip(native.states, interpreted.states) {
      #expect(x.values.map(\.bitPattern) == y.values.map(\.bitPattern), "\(x.name)")
    }
    let optimizer = try Optimizer(
      rule, parameters: [ParameterSpec(name: "w", dims: record.dims)], engine: .native,
      elementType: .float64, compiler: compiler, axes: AxisLengths(batch: 5))
    #expect(optimizer.passCount.compiled == optimizer.passCount.all)
  }

  struct Golden: CustomTestStringConvertible, Sendable {
    var file: String
    var rule: String
    var testDescription: String { file }
  }

  static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  static let golden = package.appendingPathComponent("Tests/Golden")

  static func goldens() throws -> [Golden] {
    try String(contentsOf: golden.appendingPathComponent("golden.tsv"), encoding: .utf8)
      .split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
        let parts = line.split(separator: "\t")
        return Golden(file: String(parts[0]), rule: String(parts[1]))
      }
  }
}

import Driver
import Foundation
import IR
import Native
import Runtime
import Testing

/// Compiled passes are loops of vectors: a compiler leaves one without a word where it meets a choice that it cannot turn
/// into a mask, and the pass takes five times as long.
@Suite(.enabled(if: CacheTests.realCompiler != nil)) struct VectorTests {
  /// Rules whose passes are all elementwise, with a clip, a sign, a choice, a root, a power, a quotient, a maximum.
  static let rules = [
    "AdamW", "ADOPT", "AdaBound", "AMSBound", "Rprop", "RpropOptax", "Lion", "PowerSign", "NAdam",
    "AdaBelief", "MADGRAD",
    "RMSPropCentred", "AMSGrad", "LaProp", "Nesterov", "AdaMax",
  ]

  /// An operation of floats on several at once, on x86 and on ARM.
  static let packed = try! NSRegularExpression(
    pattern:
      #"\sv?(add|sub|mul|div|sqrt|max|min)ps\s|\svfn?m(add|sub)\d*ps\s|\sf(add|sub|mul|div|sqrt|mla|mls)\s+[vz]\d+\.(4s|s)"#
  )

  @Test func everyPassHasThem() throws {
    let sources = try Self.rules.flatMap { try SourceTests.sources($0) }
    let (text, interpreted) = NativeCompiler.source(sources)
    #expect(interpreted == 0)
    let folder = TemporaryFolder()
    let (source, assembly) = ("\(folder.path)/passes.c", "\(folder.path)/passes.s")
    try text.write(toFile: source, atomically: true, encoding: .utf8)
    let command = try #require(NativeCompiler.commandLine(from: source, to: assembly))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst()) + ["-S"]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    var function: String?
    var found: [String: Int] = [:]
    for line in try String(contentsOfFile: assembly, encoding: .utf8).split(separator: "\n") {
      if line.hasPrefix("ravine_"), line.hasSuffix(":") { function = String(line.dropLast()) }
      if line.contains(".size") { function = nil }
      guard let function else { continue }
      let range = NSRange(location: 0, length: line.utf16.count)
      let isPacked = Self.packed.firstMatch(in: String(line), range: range) != nil
      found[function, default: 0] += isPacked ? 1 : 0
    }
    // What runs seldom is apart, and is short.
    let passes = found.filter { !$0.key.contains("_seldom") && !$0.key.contains(".") }
    #expect(passes.count >= Self.rules.count)
    #expect(passes.filter { $0.value == 0 }.map(\.key).sorted() == [])
  }
}

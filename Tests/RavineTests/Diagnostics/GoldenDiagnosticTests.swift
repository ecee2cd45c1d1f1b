import Diagnostics
import Driver
import Foundation
import Laboratory
import Runtime
import Testing

/// Broken programs and what is said about them, to the column: `Cases/NAME.opt` and
/// `Cases/NAME.expected`. On failure `NAME.observed` is written beside them.
@Suite struct GoldenDiagnosticTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Cases")

  static let cases: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".opt") }.map { String($0.dropLast(4)) }.sorted()
  }()

  @Test func thereAreCases() { #expect(Self.cases.count >= 20) }

  @Test(arguments: cases)
  func isSaidAsExpected(_ name: String) throws {
    let source = try Data(contentsOf: Self.folder.appendingPathComponent(name + ".opt"))
    let expected = try? String(
      contentsOf: Self.folder.appendingPathComponent(name + ".expected"), encoding: .utf8)
    let observed = Self.rendered(Array(source), name: name + ".opt")
    let file = Self.folder.appendingPathComponent(name + ".observed")
    if observed == expected {
      try? FileManager.default.removeItem(at: file)
    } else {
      try observed.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(observed == expected)
  }

  /// What checking says and, where the first line is `# bind: w:2x3`, binding each rule to these.
  static func rendered(_ bytes: [UInt8], name: String) -> String {
    let compiler = Compiler()
    var found = compiler.add(name: name, bytes: bytes)
    let first = String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
    if first.hasPrefix("# bind: "), !found.contains(where: { $0.severity == .error }) {
      for rule in compiler.declaredRules {
        do throws(DiagnosticError) {
          let instance = try compiler.rule(rule)
          _ = try Optimizer(instance, parameters: tensors(first.dropFirst(8)))
        } catch {
          found += error.diagnostics
        }
      }
    }
    return DiagnosticRenderer(sources: compiler.sources).text(found)
  }

  private static func tensors(_ text: Substring) -> [ParameterSpec] {
    text.split(separator: ",").map { item in
      let parts = item.split(separator: ":")
      return ParameterSpec(
        name: String(parts[0]), dims: parts[1].split(separator: "x").map { Int($0)! })
    }
  }
}

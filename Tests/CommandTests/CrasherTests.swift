import Diagnostics
import Driver
import Foundation
import Syntax
import Testing

/// Inputs that once crashed, hung or were formatted twice into two texts (`make fuzz` keeps them).
@Suite struct CrasherTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fuzz/Crashers")

  static let files: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { !$0.hasPrefix(".") && $0 != "README.md" }.sorted()
  }()

  @Test(.timeLimit(.minutes(10)), arguments: files)
  func isHandled(_ name: String) throws {
    let bytes = Array(try Data(contentsOf: Self.folder.appendingPathComponent(name)))
    let compiler = Compiler()
    let found = compiler.add(name: name, bytes: bytes)
    #expect(found.allSatisfy { Catalog.page("\($0.code)") != nil })
    _ = DiagnosticRenderer(sources: compiler.sources).text(found)
    var sources = SourceMap()
    var bag = DiagnosticBag()
    if let once = format(sources.add(name: name, bytes: bytes), into: &bag) {
      #expect(format(sources.add(name: name, text: once), into: &bag) == once)
    }
  }

  @Test func thereAreCrashers() {
    #expect(Self.files.count >= 2)
  }
}

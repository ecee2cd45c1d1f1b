import Foundation
import Testing

/// docs/discoveries.md, which a script writes.
@Suite struct DiscoveryTests {
  /// Every rule there takes steps on a task, whatever it is worth.
  @Test func rulesThatWereFoundRun() throws {
    let blocks = try Repository.blocks("opt").filter { $0.document == "docs/discoveries.md" }
    #expect(!blocks.isEmpty)
    for block in blocks {
      let folder = try TranscriptFolder()
      defer { folder.remove() }
      let name = try #require(block.text.firstMatch(of: /rule (\w+)\(/)?.1)
      try folder.write("found.opt", block.text)
      let lines = try folder.run(
        "ravine arena found.opt:\(name) --on noisy_bowl_easy --trials 2 --seeds 1 && echo done"
      )
      #expect(lines.last == "done", "\(block)\n\(lines.joined(separator: "\n"))")
    }
  }

  /// It tells of searches of the scripts alone, each with what it is worth.
  @Test func everythingThereIsOfAScript() throws {
    let scripts = try FileManager.default.contentsOfDirectory(
      atPath: Repository.root.appendingPathComponent("Examples/search").path
    ).filter { $0.hasSuffix(".opt") }
    let names = try scripts.flatMap { script in
      try Repository.text("Examples/search/\(script)").matches(of: /(?m)^search (\w+)/)
        .map { String($0.output.1) }
    }
    let parts = try Repository.text("docs/discoveries.md").split(separator: "\n### ").dropFirst()
    #expect(!parts.isEmpty)
    for part in parts {
      let name = String(part.prefix { $0 != "\n" })
      #expect(names.contains(name))
      #expect(part.contains("comparisons (paired t tests"), "\(name)")
    }
  }
}

import Testing

@Suite struct TranscriptTests {
  /// Runs a document from top to bottom: files are written, commands are run.
  @Test(arguments: try Repository.documents())
  func transcriptsAreTrue(_ document: String) throws {
    let blocks = fencedBlocks(of: try Repository.text(document), in: document)
    guard blocks.contains(where: { $0.language == "console" }) else { return }
    let folder = try TranscriptFolder()
    defer { folder.remove() }
    for block in blocks {
      if let name = block.setting("file") { try folder.write(name, block.text) }
      guard block.language == "console" else { continue }
      for command in transcriptCommands(of: block.text) {
        let printed = try folder.run(command.command)
        #expect(
          agree(command.expected, printed),
          "\(block)\n$ \(command.command)\n\(printed.joined(separator: "\n"))")
      }
    }
  }

  @Test func theTutorialAndTheReadmeHaveTranscripts() throws {
    let documents = Set(try Repository.blocks("console").map(\.document))
    #expect(documents.isSuperset(of: ["README.md", "docs/tutorial.md"]))
  }

  @Test(arguments: [
    (["a 1"], ["a 1"], true),
    (["a 1"], ["a 2"], false),
    (["a", "b"], ["a"], false),
    (["a"], ["a", "b"], false),
    (["a", "…", "d"], ["a", "b", "c", "d"], true),
    (["a", "…", "d"], ["a", "b", "c"], false),
    (["…"], ["a", "b"], true),
    (["x 0.950 ± 0.004 9"], ["x 0.947 ± 0.003 9"], true),
    (["x 0.950 ± 0.004 9"], ["x 0.940 ± 0.004 9"], false),
    (["x 0.950 ± 0.004 9"], ["x 0.950 ± 0.004 8"], false),
    (["x 0.950 9"], ["x 0.951 9"], false),
    (["---  --"], ["----  --"], true),
    (["---  --"], ["---"], false),
  ])
  func comparisonCanFail(_ expected: [String], _ printed: [String], _ isEqual: Bool) {
    #expect(agree(expected, printed) == isEqual)
  }

  @Test func commandsAreReadWithTheirLines() {
    let text = "$ ravine a\none\n\ntwo\n\n$ ravine b\n"
    #expect(
      transcriptCommands(of: text) == [
        TranscriptCommand(command: "ravine a", expected: ["one", "", "two"]),
        TranscriptCommand(command: "ravine b", expected: []),
      ])
  }
}

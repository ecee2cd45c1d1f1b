import Testing

@Suite struct PackageExampleTests {
  @Test func theExampleOfTheReadmeIsTheOneThatIsCompiled() throws {
    let shown = try Repository.blocks("swift").filter { $0.document == "README.md" }.map(\.text)
    #expect(shown.contains(try Repository.text("Tests/DocsTests/PackageExample.swift")))
  }

  @Test func theExampleOfTheReadmeFindsTheMinimum() throws {
    let w = try walkDownhill()
    #expect(w.count == 2)
    #expect(w.allSatisfy { abs($0) < 0.05 }, "\(w)")
  }
}

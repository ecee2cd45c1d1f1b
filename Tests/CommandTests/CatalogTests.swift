import Diagnostics
import Driver
import Foundation
import Testing

/// Every page of the catalogue: its example has exactly that diagnostic, its repair has none.
@Suite struct CatalogTests {
  /// Pages whose situation is made by the tests of another room, and by which.
  static let elsewhere: [Int: String] = [
    109: "RavineTests", 112: "SyntaxTests", 230: "RavineTests",
    508: "RuntimeTests", 607: "RavineTests", 702: "TrainingTests", 704: "TrainingTests",
    706: "TrainingTests",
    725: "TrainingTests", 742: "TrainingTests", 751: "TrainingTests", 752: "TrainingTests",
    754: "TrainingTests", 770: "EmbedTests", 771: "EmbedTests", 772: "EmbedTests",
    773: "EmbedTests", 774: "RavineTests",
    808: "RuntimeTests", 809: "RuntimeTests", 811: "RuntimeTests", 812: "RuntimeTests",
    826: "EmbedTests", 827: "EmbedTests", 828: "EmbedTests", 829: "Python", 290: "CommandTests",
    293: "CommandTests",
    823: "RavineTests",
    903: "CommandTests", 907: "RuntimeTests",
  ]

  @Test(arguments: Catalog.pages.indices)
  func examplesHaveTheDiagnosticAndRepairsDoNot(_ index: Int) throws {
    let page = Catalog.pages[index]
    let situation = CatalogSituations.all[page.code.number]
    if case .situation = page.trigger {
      #expect(
        (situation == nil) == (Self.elsewhere[page.code.number] != nil),
        "\(page.code): a situation needs a test here or elsewhere")
    }
    guard let before = try Self.codes(page.trigger, situation?.trigger),
      let after = try Self.codes(page.repair, situation?.repair)
    else {
      let room = try #require(Self.elsewhere[page.code.number])
      #expect(try Self.tests(of: room).contains(page.code.number), "\(page.code): not in \(room)")
      return
    }
    #expect(before == [page.code.description], "\(page.code): the example")
    #expect(after.isEmpty, "\(page.code): the repair")
  }

  /// The codes that the tests of a room expect: `== 508`, `[109]`, `"R0702"`.
  private static func tests(of room: String) throws -> Set<Int> {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent(room)
    var found: Set<Int> = []
    for case let name as String in try #require(
      FileManager.default.enumerator(atPath: folder.path))
    where name.hasSuffix(".swift") || name.hasSuffix(".py") {
      let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      for match in text.matches(of: /(?:== |\[|, |\n +|"R0)([1-9][0-9]{2})\b/) {
        found.insert(Int(match.1)!)
      }
    }
    return found
  }

  /// The codes that an example has: of errors, and of warnings where there are no errors.
  private static func codes(_ example: CatalogExample, _ bytes: CatalogFiles?) throws -> [String]? {
    switch example {
    case .program(let text): return checked(Array(text.utf8))
    case .command(let line, let files):
      let sandbox = try Sandbox()
      for file in files { try sandbox.write(file.name, file.text + "\n") }
      return try codes(sandbox, line)
    case .data(let name, let text, let options):
      return try codes(CatalogFiles(name, Array((text.isEmpty ? "" : text + "\n").utf8), options))
    case .situation: return try bytes.map(codes)
    }
  }

  private static func checked(_ bytes: [UInt8]) -> [String] {
    let found = Compiler().add(name: "example.opt", bytes: bytes)
    let errors = found.filter { $0.severity == .error }
    return (errors.isEmpty ? found : errors).map(\.code.description)
  }

  private static func codes(_ files: CatalogFiles) throws -> [String] {
    if files.name.hasSuffix(".opt") { return checked(files.bytes) }
    let sandbox = try Sandbox()
    try sandbox.write(files.name, files.bytes)
    try sandbox.write("e.opt", files.script)
    return try codes(sandbox, "ravine run e.opt")
  }

  private static func codes(_ sandbox: Sandbox, _ line: String) throws -> [String] {
    let outcome = try sandbox.run(line)
    let errors = outcome.codes()
    // 0: done; 1: a comparison that differs, which is no error.
    if errors.isEmpty { #expect([0, 1].contains(outcome.status), "\(line): \(outcome.errors)") }
    let warnings = errors.isEmpty ? outcome.codes("warning") : errors
    return warnings.isEmpty && line.contains("--notes") ? outcome.codes("note") : warnings
  }

  @Test func everyCodeHasOnePageInOrder() {
    #expect(Catalog.pages.map(\.code) == DiagnosticCode.allCases)
    for page in Catalog.pages {
      #expect(!page.title.isEmpty && page.text.count > 20, "\(page.code)")
      #expect(page.title.first!.isUppercase || page.title.first == "`", "\(page.code)")
    }
  }

  @Test func codesAreFoundInAnySpelling() {
    #expect(Catalog.page("R0301")?.code.number == 301)
    #expect(Catalog.page("r301")?.code.number == 301)
    #expect(Catalog.page("301")?.code.number == 301)
    #expect(Catalog.page("R9999") == nil)
    #expect(Catalog.page("R") == nil)
    #expect(Catalog.page("-301") == nil)
  }

  /// Each code is given by a factory, and diagnostics are made nowhere else.
  @Test func everyCodeIsGivenByAFactory() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
    let given = /(?:Diagnostic|make)\(\s*\.(\w+),/
    let listed = /case [^\n]*: \.(\w+)\n/
    let named = /case (\w+) = [1-9][0-9]{2}\n/
    var names: [String] = []
    var found: Set<String> = []
    let files = try #require(FileManager.default.enumerator(atPath: root.path))
    for case let name as String in files where name.hasSuffix(".swift") {
      let text = try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
      for match in text.matches(of: given) { found.insert(String(match.1)) }
      if !name.contains("/Diagnostics+") {
        #expect(!text.contains(/\bDiagnostic\(\s*\./), "\(name): a factory gives it a name")
      }
      for match in text.matches(of: listed) { found.insert(String(match.1)) }
      if name.hasSuffix("/DiagnosticCode.swift") {
        names = text.matches(of: named).map { String($0.1) }
      }
    }
    #expect(names.count == DiagnosticCode.allCases.count)
    for name in names { #expect(found.contains(name), "nothing in Sources gives \(name)") }
  }
}

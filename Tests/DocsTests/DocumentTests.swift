import IR
import Semantics
import Testing

@testable import Session

@Suite struct DocumentTests {
  @Test(arguments: try Repository.blocks("opt"))
  func programsAreWhatTheDocumentsSay(_ block: FencedBlock) {
    let found = problems(of: block)
    #expect(found.isEmpty, "\(block)\n\(found.joined(separator: "\n"))")
  }

  /// The checks themselves can fail: each kind of block, once right and once wrong.
  @Test(arguments: [
    ("", "rule A(lr = 1) {\n    w' = w - lr * g\n}\n", true),
    ("", "rule A(lr = 1) {\n    w' = w - lr * h\n}\n", false),
    ("", "rule A(lr = 1) { w' = w - lr*g }\n", false),
    ("error R0301", "rule A {\n    w = w - g\n}\n", true),
    ("error R0304", "rule A {\n    w = w - g\n}\n", false),
    ("error R0301", "rule A {\n    w' = w - g\n}\n", false),
    ("equations", "m = lr * g\nw' = w - m\n", true),
    ("equations", "m' = lr * g\n", false),
    ("values", "2 + 3  # 5\n1 / 3  # 0.333\n", true),
    ("values", "2 + 3  # 6\n", false),
    ("values", "1 / 3  # 0.334\n", false),
    ("values", "[1, 2] + 1  # [2, 4]\n", false),
    ("values t=50 T=100", "t / T  # 0.5\n", true),
    ("valeus", "2  # 2\n", false),
  ])
  func checksCanFail(_ words: String, _ text: String, _ isGood: Bool) {
    let block = FencedBlock(
      document: "none", line: 1, words: ["opt"] + words.split(separator: " ").map(String.init),
      text: text)
    #expect(problems(of: block).isEmpty == isGood)
  }

  /// Languages of blocks are those that some test reads, or plain text. The pages of the zoo are
  /// written whole by a generator and compared with it.
  @Test func everyBlockIsOfAKnownKind() throws {
    // Blocks of C and Python are read by Tests/Python/test_documents.py.
    let known = ["opt", "console", "session", "swift", "text", "sh", "c", "python", ""]
    for document in try Repository.documents() {
      let also = document.hasPrefix("docs/zoo/") ? ["ravine", "math"] : []
      for block in fencedBlocks(of: try Repository.text(document), in: document) {
        #expect((known + also).contains(block.language), "\(block)")
      }
    }
  }

  /// Every function of the language is in the help, and every operation in the reference.
  @Test func everyFunctionIsExplained() throws {
    let reference = try Repository.text("docs/language.md")
    let words = Set(
      reference.matches(of: /`[^`\n]+`/).flatMap { $0.output.matches(of: /\w+/) }.map {
        String($0.output)
      })
    for name in Builtins.functions {
      #expect(BuiltinHelp.entry(name) != nil, "`\(name)` has no place in the help")
    }
    let operations = Set(Operation.allCases.map(\.info.name)).intersection(Builtins.functions)
    #expect(operations.subtracting(words).isEmpty, "not explained in the reference")
    #expect(operations.count > 60)
  }

  /// The walk through the code names functions, which move and are renamed.
  @Test func theWalkNamesFunctionsThatExist() throws {
    let text = try Repository.text("docs/architecture.md")
    let sources = try Repository.sources().map { try Repository.text($0) }
    let rows = text.matches(of: /(?m)^\| \d+ \| `(\w+)\.(\w+)[^`]*` \|/)
    for row in rows {
      let (type, name) = (String(row.1), String(row.2))
      let heads = ["class", "struct", "enum", "extension"].map { "\($0) \(type)" }
      // The memberwise initialiser of a structure is not written.
      let isThere = sources.contains { text in
        heads.contains { text.contains($0) }
          && (name == "init" || text.contains("func \(name)(") || text.contains("func \(name)<"))
      }
      #expect(isThere, "\(type).\(name) is not in Sources")
    }
    #expect(rows.count > 40)
  }
}

import Foundation

/// A fenced block of a document: what stands between two lines of three backticks.
struct FencedBlock: Sendable, CustomStringConvertible {
  /// Path below the root of the repository.
  var document: String
  /// Number of the opening line, from 1.
  var line: Int
  /// The words behind the opening backticks: `opt error R0301`.
  var words: [String]
  var text: String

  var language: String { words.first ?? "" }
  /// What kind of block it is: the words but for the language and the settings (`file=my-rule.opt`).
  var kind: [String] { words.dropFirst().filter { !$0.contains("=") } }

  /// The value of `name=…` among the words.
  func setting(_ name: String) -> String? {
    words.lazy.compactMap { $0.hasPrefix(name + "=") ? String($0.dropFirst(name.count + 1)) : nil }
      .first
  }
  var description: String { "\(document):\(line) \(words.joined(separator: " "))" }
}

/// The documents of the repository and the files that they speak of.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  /// README, CHANGELOG and every document below docs.
  static func documents() throws -> [String] {
    let below = FileManager.default.enumerator(atPath: root.appendingPathComponent("docs").path)
    let found = (below?.allObjects as? [String] ?? []).filter { $0.hasSuffix(".md") }
    return ["README.md", "CHANGELOG.md"] + found.map { "docs/" + $0 }.sorted()
  }

  static func examples() throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      atPath: root.appendingPathComponent("Examples").path
    ).filter { $0.hasSuffix(".opt") }.sorted().map { "Examples/" + $0 }
  }

  /// Every Swift file below Sources.
  static func sources() throws -> [String] {
    let below = FileManager.default.enumerator(atPath: root.appendingPathComponent("Sources").path)
    return (below?.allObjects as? [String] ?? []).filter { $0.hasSuffix(".swift") }
      .map { "Sources/" + $0 }
  }

  static func blocks(_ language: String) throws -> [FencedBlock] {
    try documents().flatMap { fencedBlocks(of: try text($0), in: $0) }
      .filter { $0.language == language }
  }
}

/// The fenced blocks of a Markdown text, in order.
func fencedBlocks(of text: String, in document: String) -> [FencedBlock] {
  var blocks: [FencedBlock] = []
  var open: (line: Int, words: [String], lines: [Substring])?
  let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  for (index, line) in lines.enumerated() {
    guard line.hasPrefix("```") else {
      open?.lines.append(line)
      continue
    }
    if let block = open {
      blocks.append(
        FencedBlock(
          document: document, line: block.line, words: block.words,
          text: block.lines.map { $0 + "\n" }.joined()))
      open = nil
    } else {
      open = (index + 1, line.dropFirst(3).split(separator: " ").map(String.init), [])
    }
  }
  return blocks
}

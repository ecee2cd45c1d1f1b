import Basics
import Diagnostics
import Driver
import Experiments
import Semantics
import Syntax

/// What may stand at the cursor of a line.
package struct Completion: Sendable, Equatable {
  /// Bytes of the line before the word that is completed.
  package var start: Int
  package var candidates: [String]
  /// Whether a blank follows a candidate that is the only one.
  package var appendsBlank: Bool
}

/// Finds what may stand there: commands, names, hyperparameters inside a call, file names, `\beta`.
struct Completer {
  let definitions: Definitions
  let console: any SessionConsole
  /// The lines of the statement before this one.
  let pending: String

  /// Completes the word before `cursor`, in bytes.
  func completion(of line: String, at cursor: Int) -> Completion {
    let names = names(after: pending + String(decoding: line.utf8.prefix(cursor), as: UTF8.self))
    let bytes = Array(line.utf8.prefix(cursor))
    let start = Self.wordStart(bytes)
    let word = String(decoding: bytes[start...], as: UTF8.self)
    if let letter = greek(word) {
      return Completion(start: start, candidates: letter, appendsBlank: false)
    }
    if let place = fileStart(bytes) {
      let prefix = String(decoding: bytes[place...], as: UTF8.self)
      return Completion(start: place, candidates: files(prefix), appendsBlank: false)
    }
    let before = String(decoding: bytes[..<start], as: UTF8.self)
    if word.hasPrefix(":"), StatementReader.isBlank(before) {
      let names = CommandName.allCases.map { ":" + $0.rawValue }
      return Completion(start: start, candidates: matching(word, names), appendsBlank: true)
    }
    let head = Fragment(before).trimmed.word.first.text
    if head == ":set" {
      return Completion(
        start: start, candidates: matching(word, setWords(before)), appendsBlank: true)
    }
    if head == ":help" || head == ":h" {
      return Completion(
        start: start, candidates: matching(word, definitions.helpNames), appendsBlank: false)
    }
    if let call = Self.openCall(bytes, before: start) {
      let inside = matching(word, definitions.compiler.labels(of: call).map { "\($0) = " })
      if !inside.isEmpty, !Self.isValue(bytes, start) {
        let others = word.isEmpty ? [] : matching(word, names)
        return Completion(start: start, candidates: inside + others, appendsBlank: false)
      }
    }
    if word.isEmpty { return Completion(start: start, candidates: [], appendsBlank: false) }
    let isFirst = pending.isEmpty && StatementReader.isBlank(before)
    let words = isFirst ? Self.statementWords : []
    let clauses =
      switch head {
      case "minimize", "maximize", "train": Self.clauseWords
      case "plot": ["x", "y", "in", "log", "linear", "to"]
      case "save": ["to"]
      case "search":
        Self.searchWords + SearchPlan.functionNames
          + ZooIndex.declarations.filter { $0.kind == .task || $0.kind == .objective }.map(\.name)
      default: [String]()
      }
    return Completion(
      start: start, candidates: matching(word, names + words + clauses), appendsBlank: false)
  }

  /// What may stand at the end of a text, finished or not.
  private func names(after text: String) -> [String] {
    var sources = SourceMap()
    var bag = DiagnosticBag()
    let tree = parse(sources.add(name: "", text: text), into: &bag)
    let end = tree.file.base + UInt32(tree.file.bytes.count)
    return definitions.compiler.program.candidates(at: end, in: tree).map(\.name)
  }

  private static let statementWords = [
    "rule", "fn", "objective", "data", "task", "minimize", "maximize", "train", "plot", "save",
    "assert", "search",
  ]
  private static let searchWords = [
    "from", "on", "using", "for", "programs", "minutes", "population", "tournament", "restarts",
    "longest", "seed", "validate", "test", "against",
  ]
  private static let clauseWords = [
    "with", "for", "on", "steps", "epochs", "batch", "workers", "delay", "until", "record",
    "save", "every", "to", "seeds", "from",
  ]

  private func setWords(_ before: String) -> [String] {
    let words = Fragment(before).words
    guard words.count > 1 else { return SettingsCommand.names }
    return SettingsCommand.choices(words[1].text).split(separator: ",").map {
      String($0.drop { $0 == " " })
    }.filter { !$0.contains(" ") }
  }

  /// Candidates that begin with a word, in either spelling of Greek letters, each once.
  private func matching(_ word: String, _ names: [String]) -> [String] {
    let key = Name(word).key
    var seen: Set<String> = []
    var found = names.filter { $0.hasPrefix(word) && seen.insert($0).inserted }
    if found.isEmpty, !word.isEmpty {
      found = names.filter { name in
        let own = name.hasSuffix(" = ") ? String(name.dropLast(3)) : name
        return Name(own).key.hasPrefix(key) && seen.insert(name).inserted
      }
    }
    return found.sorted()
  }

  // MARK: Words

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "\\"), 0x80...0xFF:
      true
    default: false
    }
  }

  private static func wordStart(_ bytes: [UInt8]) -> Int {
    var start = bytes.count
    while start > 0, isWord(bytes[start - 1]) { start -= 1 }
    if start > 0, bytes[start - 1] == UInt8(ascii: ":") { start -= 1 }
    return start
  }

  /// `\beta` as its letter; `\be` as the letters that begin so.
  private func greek(_ word: String) -> [String]? {
    guard word.hasPrefix("\\") else { return nil }
    let name = word.dropFirst()
    let letters = name.prefix { $0.isLetter }
    let rest = name.dropFirst(letters.count)
    func letter(_ name: String) -> String? { Greek.letter(named: name).map(String.init) }
    if let letter = letter(String(letters)) { return [letter + rest] }
    guard rest.isEmpty else { return [] }
    let names = Set(Greek.letters.map(\.name) + ["epsilon"])
    let found = names.filter { $0.hasPrefix(letters) }.sorted()
    if found.count == 1 { return [letter(found[0])!] }
    return found.map { "\\" + $0 }
  }

  /// Where the name of a file starts: after `:load` and `:save`, and inside quotes.
  private func fileStart(_ bytes: [UInt8]) -> Int? {
    let text = String(decoding: bytes, as: UTF8.self)
    let (head, _) = Fragment(text).word
    let command = CommandName.matching(
      String(head.text.dropFirst().filter { $0 != "!" }))
    if head.text.hasPrefix(":"), command == [.load] || command == [.save],
      bytes.count > head.offset + head.count
    {
      var start = head.offset + head.count
      while start < bytes.count, bytes[start] == 0x20 { start += 1 }
      return start
    }
    var quote: Int?
    for (i, byte) in bytes.enumerated() where byte == UInt8(ascii: "\"") {
      quote = quote == nil ? i : nil
    }
    return quote.map { $0 + 1 }
  }

  private func files(_ prefix: String) -> [String] {
    let slash = prefix.lastIndex(of: "/")
    let folder = slash.map { String(prefix[...$0]) } ?? ""
    let name = slash.map { String(prefix[prefix.index(after: $0)...]) } ?? prefix
    return console.names(in: folder.isEmpty ? "." : folder).filter {
      $0.hasPrefix(name) && (!$0.hasPrefix(".") || name.hasPrefix("."))
    }.sorted().map { folder + $0 }
  }

  // MARK: Calls

  /// The name whose parenthesis is open at `end`.
  private static func openCall(_ bytes: [UInt8], before end: Int) -> String? {
    var depth = 0
    var i = end
    while i > 0 {
      i -= 1
      if bytes[i] == UInt8(ascii: ")") { depth += 1 }
      guard bytes[i] == UInt8(ascii: "(") else { continue }
      if depth > 0 {
        depth -= 1
        continue
      }
      var start = i
      while start > 0, isWord(bytes[start - 1]) { start -= 1 }
      return start < i ? String(decoding: bytes[start..<i], as: UTF8.self) : nil
    }
    return nil
  }

  /// Whether an `=` stands before: a value is being written, no name of a parameter.
  private static func isValue(_ bytes: [UInt8], _ start: Int) -> Bool {
    let last = bytes[..<start].last { $0 > 0x20 }
    return last != UInt8(ascii: "(") && last != UInt8(ascii: ",")
  }
}

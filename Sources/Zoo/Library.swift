/// The rules, functions and problems that come with Ravine, as text.
package struct Library: Sendable {
  /// One of them with the documentation before it.
  package struct Declaration: Sendable {
    package enum Kind: String, Sendable { case rule, function, objective, data, task }
    package var kind: Kind
    package var name: String
    /// `zoo/lion.opt`
    package var file: String
    /// As it is written in the file.
    let bytes: ArraySlice<UInt8>
    package var text: String { String(decoding: bytes, as: UTF8.self) }
  }

  /// In the order of the files.
  package let declarations: [Declaration]
  private let index: [Declaration.Kind: [String: Int]]

  package static let shared = Library(files: Resources.files)

  init(files: [(name: String, bytes: [UInt8])]) {
    var all: [Declaration] = []
    for file in files { all += Self.split(file.bytes, file.name) }
    declarations = all
    var index: [Declaration.Kind: [String: Int]] = [:]
    for (k, declaration) in all.enumerated() {
      index[declaration.kind, default: [:]][declaration.name] = k
    }
    self.index = index
  }

  /// The declaration of a name as it is spelled in the library, of the first of these kinds that has it.
  package func declaration(
    _ name: String, _ kinds: [Declaration.Kind] = [.rule, .function]
  ) -> Declaration? {
    for kind in kinds {
      if let k = index[kind]?[name] { return declarations[k] }
    }
    return nil
  }

  /// The tasks of a problem, the easiest first.
  package func tasks(of problem: String) -> [Declaration] {
    [problem + "_easy", problem, problem + "_hard"].compactMap { declaration($0, [.task]) }
  }

  /// `easy`, `middle` or `hard`; nil for a task that is not of the library.
  package func level(ofTask name: String) -> String? {
    guard declaration(name, [.task]) != nil else { return nil }
    return name.hasSuffix("_easy") ? "easy" : name.hasSuffix("_hard") ? "hard" : "middle"
  }

  /// The names of a kind, in the order of the files.
  package func names(_ kind: Declaration.Kind) -> [String] {
    declarations.lazy.filter { $0.kind == kind }.map(\.name)
  }

  /// Cuts a file at the lines that start a declaration: these stand in the first column. By bytes:
  /// every program that starts comes here.
  private static func split(_ bytes: [UInt8], _ file: String) -> [Declaration] {
    var result: [Declaration] = []
    var documentation: Int?
    var current: (kind: Declaration.Kind, name: String, start: Int)?
    func close(at end: Int) {
      guard let (kind, name, start) = current else { return }
      var last = end
      while last > start, bytes[last - 1] == newline { last -= 1 }
      result.append(
        Declaration(
          kind: kind, name: name, file: file, bytes: bytes[start..<min(last + 1, bytes.count)]))
      current = nil
    }
    bytes.withUnsafeBufferPointer { all in
      var start = 0
      while start < all.count {
        var end = start
        while end < all.count, all[end] != newline { end += 1 }
        let line = all[start..<end]
        let isIndented = line.isEmpty || line[start] == space || line[start] == closing
        if !isIndented, let (kind, word) = words.first(where: { line.starts(with: $0.word) }) {
          close(at: documentation ?? start)
          let name = line.dropFirst(word.count).prefix { !nameEnds.contains($0) }
          current = (kind, String(decoding: name, as: UTF8.self), documentation ?? start)
          documentation = nil
        } else if line.starts(with: documentationMark) {
          close(at: start)
          documentation = documentation ?? start
        } else if line.isEmpty, current == nil {
          documentation = nil
        }
        start = end + 1
      }
    }
    close(at: bytes.count)
    return result
  }

  private static let newline = UInt8(ascii: "\n")
  private static let space = UInt8(ascii: " ")
  private static let closing = UInt8(ascii: "}")
  private static let words: [(kind: Declaration.Kind, word: [UInt8])] = [
    (.function, Array("fn ".utf8)), (.rule, Array("rule ".utf8)),
    (.objective, Array("objective ".utf8)), (.data, Array("data ".utf8)),
    (.task, Array("task ".utf8)),
  ]
  private static let documentationMark = Array("##".utf8)
  private static let nameEnds = Array(" (=:{".utf8)
}

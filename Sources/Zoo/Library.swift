/// The rules and functions that come with Ravine, as text.
package struct Library: Sendable {
  /// One rule or function with the documentation before it.
  package struct Declaration: Sendable {
    package enum Kind: Sendable { case rule, function }
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
  private let index: [String: Int]

  package static let shared = Library(files: Resources.files)

  init(files: [(name: String, bytes: [UInt8])]) {
    var all: [Declaration] = []
    for file in files { all += Self.split(file.bytes, file.name) }
    declarations = all
    index = Dictionary(
      all.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The declaration of a name as it is spelled in the library.
  package func declaration(_ name: String) -> Declaration? { index[name].map { declarations[$0] } }

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
        let isRule = line.starts(with: ruleWord)
        if isRule || line.starts(with: functionWord) {
          close(at: documentation ?? start)
          let rest = line.dropFirst(isRule ? ruleWord.count : functionWord.count)
          let name = rest.prefix { !nameEnds.contains($0) }
          current = (
            isRule ? .rule : .function, String(decoding: name, as: UTF8.self),
            documentation ?? start
          )
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
  private static let ruleWord = Array("rule ".utf8)
  private static let functionWord = Array("fn ".utf8)
  private static let documentationMark = Array("##".utf8)
  private static let nameEnds = Array(" (=:{".utf8)
}

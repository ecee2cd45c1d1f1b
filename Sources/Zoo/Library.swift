/// The rules and functions that come with Ravine, as text.
public struct Library: Sendable {
  /// One rule or function with the documentation before it.
  public struct Declaration: Sendable {
    public enum Kind: Sendable { case rule, function }
    public var kind: Kind
    public var name: String
    /// `zoo/lion.opt`
    public var file: String
    public var text: String
  }

  /// In the order of the files.
  public let declarations: [Declaration]
  private let index: [String: Int]

  public static let shared = Library(files: Resources.files)

  init(files: [(name: String, bytes: [UInt8])]) {
    var all: [Declaration] = []
    for file in files { all += Self.split(file.bytes, file.name) }
    declarations = all
    index = Dictionary(
      all.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The declaration of a name as it is spelled in the library.
  public func declaration(_ name: String) -> Declaration? { index[name].map { declarations[$0] } }

  /// Cuts a file at the lines that start a declaration: these stand in the first column.
  private static func split(_ bytes: [UInt8], _ file: String) -> [Declaration] {
    let text = String(decoding: bytes, as: UTF8.self)
    var result: [Declaration] = []
    var documentation: [Substring] = []
    var current: (kind: Declaration.Kind, name: String, lines: [Substring])?
    func close() {
      guard let (kind, name, found) = current else { return }
      var lines = found
      while let last = lines.last, last.isEmpty { lines.removeLast() }
      result.append(
        Declaration(
          kind: kind, name: name, file: file, text: lines.joined(separator: "\n") + "\n"))
      current = nil
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let isRule = line.hasPrefix("rule ")
      if isRule || line.hasPrefix("fn ") {
        close()
        let rest = line.dropFirst(isRule ? 5 : 3)
        let name = String(rest.prefix { !" (=:{".contains($0) })
        current = (isRule ? .rule : .function, name, documentation + [line])
        documentation = []
      } else if line.hasPrefix("##") {
        close()
        documentation.append(line)
      } else if line.isEmpty && current == nil {
        documentation = []
      } else {
        current?.lines.append(line)
      }
    }
    close()
    return result
  }
}

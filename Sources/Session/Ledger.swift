import Syntax

/// What a session has declared, in order, and what it ran.
struct Ledger {
  enum Kind: String {
    case rule, function, objective, data, task, value

    /// As messages say it.
    var noun: String { self == .function ? "fn" : rawValue }
  }

  /// One declaration that holds now.
  struct Declaration {
    var kind: Kind
    /// The canonical name.
    var key: String
    var name: String
    /// As written, documentation included.
    var text: String
    /// Canonical names that it mentions.
    var mentions: Set<String>
    /// The folder of the file that it was loaded from.
    var folder: String?
  }

  /// What a saved session holds, in order.
  private enum Entry {
    case declaration(Kind, key: String)
    case command(String)
  }

  private(set) var declarations: [Declaration] = []
  private var entries: [Entry] = []

  func declaration(_ key: String) -> Declaration? { declarations.first { $0.key == key } }

  /// Adds or replaces.
  mutating func declare(_ declaration: Declaration) {
    if let k = index(declaration.kind, declaration.key) {
      declarations.remove(at: k)
      entries.removeAll {
        if case .declaration(declaration.kind, declaration.key) = $0 { true } else { false }
      }
    }
    declarations.append(declaration)
    entries.append(.declaration(declaration.kind, key: declaration.key))
  }

  func holds(_ kind: Kind, _ key: String) -> Bool { index(kind, key) != nil }

  private func index(_ kind: Kind, _ key: String) -> Int? {
    declarations.firstIndex { $0.kind == kind && $0.key == key }
  }

  mutating func run(_ command: String) { entries.append(.command(command)) }

  /// The declarations that use a name, directly or through others, in the order of the session.
  func dependents(of key: String) -> [Declaration] {
    var found: Set<String> = [key]
    var isGrowing = true
    while isGrowing {
      isGrowing = false
      for declaration in declarations
      where !found.contains(declaration.key) && !declaration.mentions.isDisjoint(with: found) {
        found.insert(declaration.key)
        isGrowing = true
      }
    }
    return declarations.filter { $0.key != key && found.contains($0.key) }
  }

  /// The session as a script.
  var script: String {
    var text = ""
    // A blank line parts what has several lines, and declarations from commands.
    var last: (isCommand: Bool, isLong: Bool)?
    for entry in entries {
      let part: String
      let isCommand: Bool
      switch entry {
      case .declaration(let kind, let key):
        guard let k = index(kind, key) else { continue }
        (part, isCommand) = (declarations[k].text, false)
      case .command(let command): (part, isCommand) = (command, true)
      }
      let isLong = part.contains("\n")
      if let last, last.isCommand != isCommand || last.isLong || isLong { text += "\n" }
      text += part + "\n"
      last = (isCommand, isLong)
    }
    return text
  }
}

extension Ledger {
  /// The declaration that an item makes; nil for commands.
  static func declaration(
    _ item: Item, of tree: SyntaxTree, folder: String?
  ) -> Declaration? {
    let kind: Kind
    let name: Name
    var documentation: [String] = []
    switch item.kind {
    case .rule(let rule):
      (kind, name, documentation) = (.rule, rule.name, rule.documentation)
    case .function(let function):
      (kind, name, documentation) = (.function, function.name, function.documentation)
    case .objective(let objective):
      (kind, name, documentation) = (.objective, objective.name, objective.documentation)
    case .data(let own, _): (kind, name) = (.data, own)
    case .task(let task): (kind, name, documentation) = (.task, task.name, task.documentation)
    case .definition(let own, _): (kind, name) = (.value, own)
    default: return nil
    }
    let text = self.text(of: item, in: tree)
    let heading = text.hasPrefix("##") ? "" : documentation.map { "## \($0)\n" }.joined()
    return Declaration(
      kind: kind, key: name.key, name: name.text, text: heading + text,
      mentions: mentions(item, tree), folder: folder)
  }

  /// The text of an item as written.
  static func text(of item: Item, in tree: SyntaxTree) -> String {
    let bytes = tree.file.bytes
    let low = min(max(0, Int(item.span.start) - Int(tree.file.base)), bytes.count)
    let high = min(max(low, Int(item.span.end) - Int(tree.file.base)), bytes.count)
    return String(decoding: bytes[low..<high], as: UTF8.self)
  }

  private static func mentions(_ item: Item, _ tree: SyntaxTree) -> Set<String> {
    var found: Set<String> = []
    for (expression, span) in zip(tree.expressions, tree.spans)
    where span.start >= item.span.start && span.end <= item.span.end {
      switch expression {
      case .name(let name), .call(let name, _): found.insert(name.key)
      default: break
      }
    }
    return found
  }
}

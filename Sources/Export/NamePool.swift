import IR

/// The names of an exported file that are taken; a value that is computed in two places has one name.
final class NamePool {
  private let identifier: Identifier
  var taken: Set<String>
  private var next = 1
  private var names: [ValueID: String] = [:]

  init(_ target: ExportTarget, taken: Set<String>) {
    identifier = Identifier(target)
    self.taken = taken
  }

  private init(_ identifier: Identifier, _ taken: Set<String>, _ next: Int) {
    self.identifier = identifier
    self.taken = taken
    self.next = next
  }

  /// The pool for another function whose values stand beside those of this one.
  func inner() -> NamePool { NamePool(identifier, taken, next) }

  func name(_ id: ValueID, wanted: String?) -> String {
    if let name = names[id] { return name }
    let name: String
    if let wanted {
      name = identifier.unique(wanted, &taken)
    } else {
      while !taken.insert("x\(next)").inserted { next += 1 }
      name = "x\(next)"
    }
    names[id] = name
    return name
  }

  func unique(_ name: String) -> String { identifier.unique(name, &taken) }
}

import Diagnostics

/// `:load`, `:reload`, `:save`.
struct FileCommands: Answering {
  let question: Question
  let runner: ScriptRunner

  /// A file's name, as it is written or in quotes.
  static func path(_ fragment: Fragment) -> String {
    let text = fragment.text
    if text.count > 1, let first = text.first, first == "\"" || first == "'", text.last == first {
      return String(text.dropFirst().dropLast())
    }
    return text
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Reads a script, checks it whole, declares what it declares and runs its commands. A script
  /// that is missing or has errors changes nothing.
  func load(_ path: String, at place: Fragment) throws {
    let bytes = try line.placing(at: place) { () throws(DiagnosticError) in
      try output.console.read(path)
    }
    let standing = compiler.standing
    let found = compiler.add(name: path, bytes: bytes)
    if found.contains(where: { $0.severity == .error }) {
      compiler.restore(standing)
      throw DiagnosticError(found)
    }
    report(found)
    let time = output.console.changeTime(path)
    let added = definitions.accept(
      compiler.script!, from: standing, as: ":load \(path)", folder: Self.folder(of: path))
    definitions.noteLoaded(path, time)
    if !added.isEmpty { say("loaded \(added.map(\.name).joined(separator: ", "))\n") }
    try runner.run()
  }

  func reload() throws {
    var changed: [String] = []
    var gone: [Diagnostic] = []
    for (path, time) in definitions.loaded {
      let now = output.console.changeTime(path)
      if now == nil {
        gone.append(.fileGone(path, at: line.whole))
      } else if now != time {
        changed.append(path)
      }
    }
    report(gone)
    if definitions.loaded.isEmpty {
      say("nothing was loaded\n")
    } else if changed.isEmpty {
      say("nothing has changed\n")
    }
    for path in changed {
      // One broken file does not keep the others away.
      do {
        try load(path, at: Fragment(""))
      } catch let error as DiagnosticError {
        report(error.diagnostics)
      }
    }
  }

  func save(_ rest: Fragment, isForced: Bool, _ head: Fragment) throws {
    let path = Self.path(rest)
    if output.console.exists(path), !isForced {
      throw DiagnosticError(.wouldOverwrite(path, ":save!", at: span(head)))
    }
    let text = definitions.ledger.script
    if text.isEmpty {
      throw DiagnosticError(
        .nothingToDo("nothing was declared or run: there is nothing to save", at: line.whole))
    }
    try line.placing(at: rest) { () throws(DiagnosticError) in
      try output.console.save(path, Array(text.utf8))
    }
    say("saved \(path)\n")
  }
}

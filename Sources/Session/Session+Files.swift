import Diagnostics

// `:load`, `:reload`, `:save`.
extension Session {
  /// A file's name, as it is written or in quotes.
  func path(_ fragment: Fragment) -> String {
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
    let bytes: [UInt8]
    do throws(DiagnosticError) {
      bytes = try console.read(path)
    } catch {
      // The place is the one where the file was named.
      throw DiagnosticError(
        error.diagnostics.map { diagnostic in
          var here = diagnostic
          if here.span.isNone { here.span = span(place) }
          return here
        })
    }
    let standing = compiler.standing
    let found = compiler.add(name: path, bytes: bytes)
    if found.contains(where: { $0.severity == .error }) {
      compiler.restore(standing)
      throw DiagnosticError(found)
    }
    report(found)
    let time = console.changeTime(path)
    let commands = compiler.commands
    let tree = compiler.script!
    accept(tree, from: standing, as: ":load \(path)", folder: Self.folder(of: path))
    if let k = loaded.firstIndex(where: { $0.path == path }) {
      loaded[k].time = time
    } else {
      loaded.append((path, time))
    }
    let names = tree.items.compactMap {
      Ledger.declaration($0, of: tree, folder: nil)?.name
    }
    if !names.isEmpty { say("loaded \(names.joined(separator: ", "))\n") }
    try run(commands, "")
  }

  func reload() throws {
    var changed: [String] = []
    var gone: [Diagnostic] = []
    for (path, time) in loaded {
      let now = console.changeTime(path)
      if now == nil {
        gone.append(
          Diagnostic(
            .fileNotFound, .warning, "\(path): there is no such file any more", at: wholeLine))
      } else if now != time {
        changed.append(path)
      }
    }
    report(gone)
    if loaded.isEmpty {
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
    let path = path(rest)
    if console.exists(path), !isForced {
      throw DiagnosticError(.wouldOverwrite(path, ":save!", at: span(head)))
    }
    let text = ledger.script
    if text.isEmpty {
      throw DiagnosticError(
        .nothingToDo("nothing was declared or run: there is nothing to save", at: wholeLine))
    }
    do throws(DiagnosticError) {
      try console.save(path, Array(text.utf8))
    } catch {
      throw DiagnosticError(
        error.diagnostics.map { diagnostic in
          var here = diagnostic
          if here.span.isNone { here.span = span(rest) }
          return here
        })
    }
    say("saved \(path)\n")
  }
}

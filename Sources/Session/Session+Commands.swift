import Diagnostics
import Driver
import Laboratory
import Symbolic

// Commands: lines that begin with `:`.
extension Session {
  func command(_ text: String) throws {
    let whole = Fragment(text).trimmed
    var (head, rest) = whole.word
    // `:compare(A, B)` and `:help` alike.
    if let cut = head.text.dropFirst().firstIndex(where: { !$0.isLetter && $0 != "!" && $0 != "?" })
    {
      let size = head.text[..<cut].utf8.count
      rest =
        Fragment(
          String(decoding: Array(whole.text.utf8)[size...], as: UTF8.self), at: whole.offset + size
        ).trimmed
      head = Fragment(String(head.text[..<cut]), at: head.offset)
    }
    var word = String(head.text.dropFirst())
    let isForced = word.hasSuffix("!")
    if isForced { word.removeLast() }
    if word == "?" || word.isEmpty { word = "help" }
    let found = CommandName.matching(word)
    guard let command = found.first else {
      let near = Suggestion.nearest(to: word, among: CommandName.allCases.map(\.rawValue))
      throw DiagnosticError(
        .unknownCommand(":" + word, suggestion: near, at: span(head)))
    }
    guard found.count == 1 else {
      throw DiagnosticError(
        .ambiguousCommand(":" + word, among: found.map(\.rawValue), at: span(head)))
    }
    if isForced, command != .save {
      throw DiagnosticError(.usage("only `:save` takes a `!`", of: command, at: span(head)))
    }
    try perform(command, rest, isForced: isForced, head)
  }

  private func perform(
    _ command: CommandName, _ rest: Fragment, isForced: Bool, _ head: Fragment
  ) throws {
    switch command {
    case .help: try help(rest)
    case .type: try type(try required(rest, command))
    case .describe: try describe(try required(rest, command))
    case .show: try show(try required(rest, command))
    case .dump: try dump(try required(rest, command))
    case .time: try time(try required(rest, command))
    case .trace: try trace(try required(rest, command))
    case .load: try load(path(try required(rest, command)), at: rest)
    case .reload: try reload()
    case .save: try save(try required(rest, command), isForced: isForced, head)
    case .latex: try latex(try required(rest, command))
    case .plot: try plot(try required(rest, command))
    case .browse: browse(rest)
    case .set: try set(rest)
    case .undo:
      guard let text = undo() else {
        throw DiagnosticError(.nothingToDo("there is nothing to undo", at: span(head)))
      }
      let lines = text.split(separator: "\n")
      say("took back: \(lines.first ?? "")\(lines.count > 1 ? " …" : "")\n")
    case .quit: isQuitting = true
    case .simplify, .expand, .factor, .collect, .subst, .solve, .diff:
      try expression(command, try expanded(try required(rest, command)))
    case .assume: try assume(rest)
    case .compare:
      let (a, b) = try pair(try required(rest, command), command)
      try compare(a, b)
    case .sensitivity, .unroll, .closed, .identify, .steady, .stability, .invariance, .units,
      .bounds, .reduce, .lr:
      try rule(command, try required(rest, command))
    }
  }

  // MARK: Arguments

  /// What a command cannot do without.
  func required(_ rest: Fragment, _ command: CommandName) throws(DiagnosticError) -> Fragment {
    if rest.isEmpty {
      throw DiagnosticError(
        .usage("`:\(command.rawValue)` of what?", of: command, at: wholeLine))
    }
    return rest
  }

  /// With `%` and `ans` written out, in the same place.
  private func expanded(_ fragment: Fragment) throws(DiagnosticError) -> Fragment {
    do throws(ValueHistory.Missing) {
      let ownsAnswer = ledger.declaration("ans") != nil
      return Fragment(
        try values.expanded(fragment.text, namesAnswer: !ownsAnswer), at: fragment.offset)
    } catch {
      throw DiagnosticError(
        .noValue(
          error.name, of: error.count,
          at: span(Fragment(error.name, at: fragment.offset + error.offset))))
    }
  }

  /// Two rules: `A B`, `A, B`, `A and B`, `A == B`.
  func pair(
    _ rest: Fragment, _ command: CommandName
  ) throws(DiagnosticError) -> (Fragment, Fragment) {
    for mark in ["==", "->", "→", ",", "and", "with"] {
      if let (a, b) = rest.split(on: mark), !a.isEmpty, !b.isEmpty { return (a, b) }
    }
    let words = rest.words
    guard words.count == 2 else {
      throw DiagnosticError(
        .usage("`:\(command.rawValue)` takes two rules", of: command, at: span(rest)))
    }
    return (words[0], words[1])
  }

  func parts(
    _ rest: Fragment, around mark: String, _ command: CommandName
  ) throws(DiagnosticError) -> (left: Fragment, right: Fragment) {
    guard let parts = rest.split(on: mark), !parts.left.isEmpty, !parts.right.isEmpty else {
      throw DiagnosticError(
        .usage("`:\(command.rawValue)` needs a `\(mark)`", of: command, at: span(rest)))
    }
    return parts
  }

  /// Runs `body` on the text of a fragment; what it finds wrong is shown in the line that was typed.
  func asking<T>(_ fragments: Fragment..., body: () throws -> T) throws -> T {
    let known = compiler.sources.files.count
    do {
      return try body()
    } catch let error as DiagnosticError {
      throw DiagnosticError(relocated(error.diagnostics, fragments, known))
    } catch let error as SymbolicError {
      let low = fragments.map(\.offset).min() ?? 0
      let high = fragments.map { $0.offset + $0.count }.max() ?? 0
      let limit = line.bytes.count
      let place = Span(
        line.base + UInt32(min(low, limit)), line.base + UInt32(min(high, limit)))
      throw DiagnosticError(.noAnswer(error, at: place))
    }
  }

  /// Spans in texts that were made of fragments, as spans of the line.
  private func relocated(
    _ diagnostics: [Diagnostic], _ fragments: [Fragment], _ known: Int
  ) -> [Diagnostic] {
    let own = Array(line.bytes)
    func moved(_ span: Span) -> Span {
      guard let file = compiler.sources.file(of: span),
        let index = compiler.sources.files.lastIndex(where: { $0.base == file.base }),
        index >= known
      else { return span }
      for fragment in fragments {
        let text = Array(fragment.text.utf8)
        guard file.bytes == text, fragment.offset + text.count <= own.count,
          own[fragment.offset..<fragment.offset + text.count].elementsEqual(text)
        else { continue }
        let low = Int(span.start - file.base)
        let high = min(max(low, Int(span.end - file.base)), text.count)
        let base = line.base + UInt32(fragment.offset)
        return Span(base + UInt32(min(low, text.count)), base + UInt32(high))
      }
      return span
    }
    var result: [Diagnostic] = []
    for diagnostic in diagnostics {
      var here = diagnostic
      here.span = moved(here.span)
      for k in here.notes.indices { here.notes[k].span = moved(here.notes[k].span) }
      for k in here.fixIts.indices { here.fixIts[k].span = moved(here.fixIts[k].span) }
      if !result.contains(here) { result.append(here) }
    }
    return result
  }
}

import Basics
import CReadline
import Platform
import Session

/// Reads lines until the session ends: by GNU readline on a terminal, plainly elsewhere.
final class SessionLoop {
  private let session: Session
  private let isTerminal: Bool
  private var hasEditor: Bool
  private var reader = StatementReader()
  private var history: HistoryFile?
  /// Whether a line came.
  private(set) var hasRead = false

  /// The loop whose session's names the editor completes: C calls back without any context.
  nonisolated(unsafe) fileprivate static weak var current: SessionLoop?

  init(_ session: Session, isTerminal: Bool, keepsHistory: Bool) {
    self.session = session
    self.isTerminal = isTerminal
    hasEditor = isTerminal && Console.canMoveCursor
    if isTerminal, keepsHistory { history = HistoryFile() }
    Self.current = self
  }

  /// Throws `Status.interrupted` where nobody sits at a prompt to go on.
  func run() throws {
    if isTerminal {
      Console.write("ravine \(Ravine.version). `:help` lists the commands, Ctrl-D leaves.\n")
    }
    // Without the library lines are plain.
    hasEditor =
      hasEditor && rv_readline_start("ravine", Console.showsUnicode ? 1 : 0, complete) != 0
    if hasEditor {
      for statement in history?.statements ?? [] { rv_readline_remember(statement) }
    }
    while true {
      var text: UnsafeMutablePointer<CChar>?
      let outcome = next(&text)
      defer { free(text) }
      switch Int(outcome) {
      case RV_LINE_INTERRUPTED:
        if !isTerminal { throw Status.interrupted }
        if !hasEditor { Console.write("\n") }
        _ = reader.leave()
      case RV_LINE_END:
        end()
        return
      default:
        hasRead = true
        guard let text, answer(String(cString: text)) else { return }
        if !isTerminal, session.wasInterrupted { throw Status.interrupted }
      }
    }
  }

  private func next(_ text: inout UnsafeMutablePointer<CChar>?) -> Int32 {
    if hasEditor { return rv_readline_next(prompt, &text) }
    if isTerminal { Console.write(reader.prompt) }
    return rv_plain_next(&text)
  }

  /// With colour between marks that tell the editor that it takes no room.
  private var prompt: String {
    guard Console.hasColourOnOutput else { return reader.prompt }
    return "\u{1}\u{1B}[1;36m\u{2}\(reader.prompt)\u{1}\u{1B}[0m\u{2}"
  }

  /// Runs what a line completes; false where the session ends.
  private func answer(_ text: String) -> Bool {
    let isBlank = text.utf8.allSatisfy { $0 <= 0x20 }
    if isTerminal, isBlank, !text.contains("\n"), reader.isOpen {
      _ = reader.leave()
      Console.say("left unfinished\n")
      return true
    }
    let statements = isTerminal ? reader.read(text) : reader.readPiped(text)
    let isPaste = isTerminal && statements.count > 1
    for statement in statements {
      if isPaste { echo(statement) }
      remember(statement)
      if !session.submit(statement) { return false }
    }
    return true
  }

  fileprivate func completion(of line: String, at cursor: Int) -> Completion {
    session.completion(
      of: line, at: cursor, after: reader.isOpen ? reader.pending + "\n" : "")
  }

  private func echo(_ statement: String) {
    var mark = StatementReader.prompt
    for line in statement.split(separator: "\n", omittingEmptySubsequences: false) {
      Console.write(mark + line + "\n")
      mark = StatementReader.continuation
    }
  }

  private func remember(_ statement: String) {
    if hasEditor { rv_readline_remember(statement) }
    if let note = history?.add(statement) { Console.say(note) }
  }

  private func end() {
    if isTerminal {
      Console.write("\n")
      return
    }
    // The parser says what is missing.
    let pending = reader.pending
    if reader.leave() { session.submit(pending) }
  }
}

/// What the editor asks at a tab.
private let complete: rv_completer = { line, cursor, start, appends in
  guard let line, let loop = SessionLoop.current else { return nil }
  let found = loop.completion(of: String(cString: line), at: Int(cursor))
  start?.pointee = Int32(found.start)
  appends?.pointee = found.appendsBlank ? 1 : 0
  // The editor would show a file's name as it is.
  let shown = found.candidates.filter { $0.unicodeScalars.allSatisfy(TextWidth.isPrintable) }
  return shown.isEmpty ? nil : strdup(shown.map { $0 + "\n" }.joined())
}

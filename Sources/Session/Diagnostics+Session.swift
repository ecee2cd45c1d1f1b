import Diagnostics
import Symbolic

// What is wrong with the lines of a session, each with its likely fix.
extension Diagnostic {
  static func unknownCommand(_ name: String, suggestion: String?, at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownCommand, "there is no command `\(name)`", at: span,
      notes: suggestion == nil ? [Note("`:help` lists the commands")] : [],
      fixIts: FixIt.didYouMean(suggestion.map { ":" + $0 }, at: span))
  }

  static func bareCommand(_ word: String, _ meant: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownCommand, "commands begin with a colon: `\(meant)`", at: span,
      fixIts: [FixIt("write `\(meant)`", at: span, replacement: meant)])
  }

  static func ambiguousCommand(_ name: String, among names: [String], at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownCommand, "`\(name)` may be \(names.map { ":\($0)" }.joined(separator: ", "))",
      at: span,
      notes: [Note("a command may be shortened as long as it is the only one")])
  }

  static func noValue(_ name: String, of count: Int, at span: Span) -> Diagnostic {
    let there =
      count == 0
      ? "nothing has been shown yet"
      : count == 1 ? "there is one value, `%1`" : "there are %1 to %\(count)"
    return Diagnostic(.unknownValue, "there is no value `\(name)`", at: span, notes: [Note(there)])
  }

  /// A command that was told too little, too much, or something else.
  static func usage(_ message: String, of command: CommandName, at span: Span) -> Diagnostic {
    Diagnostic(
      .commandUsage, message, at: span,
      notes: [
        Note("usage: :\(command.rawValue) \(command.arguments)".trimmedRight),
        Note("for example \(command.example)"),
      ])
  }

  static func nothingToDo(_ message: String, at span: Span) -> Diagnostic {
    Diagnostic(.nothingToDo, message, at: span)
  }

  static func wouldOverwrite(_ path: String, _ fixed: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .wouldOverwrite, "\(path) is there already, and is not overwritten", at: span,
      fixIts: [FixIt("to replace it, write `:save!`", at: span, replacement: fixed)])
  }

  static func fileGone(_ path: String, at span: Span) -> Diagnostic {
    Diagnostic(.fileNotFound, .warning, "\(path): there is no such file any more", at: span)
  }

  static func noHelp(_ word: String, suggestion: String?, at span: Span) -> Diagnostic {
    Diagnostic(
      .noHelp, "there is no help on `\(word)`", at: span,
      notes: suggestion == nil
        ? [Note("`:help` lists the commands, `:browse WORD` looks for a word in the zoo")] : [],
      fixIts: FixIt.didYouMean(suggestion, at: span))
  }

  static func unknownSetting(_ name: String, among names: [String], at span: Span) -> Diagnostic {
    Diagnostic(
      .commandUsage, "there is no setting `\(name)`", at: span,
      notes: [Note("settings are \(names.joined(separator: ", "))")],
      fixIts: FixIt.didYouMean(Suggestion.nearest(to: name, among: names), at: span))
  }

  static func firstNotFinite(_ value: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .firstNotFinite, .warning,
      "here the first value is \(value), although what it is made of is finite", at: span)
  }

  static func unlikeUnits(_ message: String, at span: Span) -> Diagnostic {
    Diagnostic(.unlikeUnits, message, at: span)
  }
}

extension String {
  var trimmedRight: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}

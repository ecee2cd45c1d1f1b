import Basics
import Diagnostics
import Syntax

// What a text lacks, and the readers of its data.
extension Diagnostic {
  static func emptySource(at span: Span) -> Diagnostic {
    Diagnostic(.emptySource, .warning, "this text declares nothing and runs nothing", at: span)
  }

  static func nothingToSet(_ name: String, in tree: SyntaxTree) -> Diagnostic {
    let known = tree.items.compactMap { item in
      if case .definition(let name, _) = item.kind { return name.text }
      return nil
    }
    let shown = TextWidth.printable(name)
    return Diagnostic(
      .unknownName, "the script gives no value the name `\(shown)`", at: .none,
      notes: [
        known.isEmpty
          ? Note("`\(shown) = 0.1` on a line of its own does, and `SGD(lr = \(shown))` takes it")
          : Note("it names \(known.joined(separator: ", "))")
      ] + Note.didYouMean(Suggestion.nearest(to: name, among: known)))
  }

  static func notAReader(at span: Span) -> Diagnostic {
    Diagnostic(
      .notAReader, "data is read by `csv`, `npy` or `npz`", at: span,
      notes: [Note("for example `data digits = csv(\"digits.csv\", target = \"digit\")`")])
  }

  static func missingPart(_ what: String, of reader: Name) -> Diagnostic {
    Diagnostic(.missingPart, "`\(reader.text)` needs \(what)", at: reader.span)
  }

  static func onePath(_ reader: String, at span: Span) -> Diagnostic {
    Diagnostic(.tooManyArguments, "`\(reader)` takes one path; the rest is named", at: span)
  }

  static func unknownTask(_ name: String, near: String?) -> Diagnostic {
    Diagnostic(
      .unknownObjective, "there is no task `\(TextWidth.printable(name))`", at: .none,
      notes: Note.didYouMean(near))
  }

  static func brokenTask(_ name: Name) -> Diagnostic {
    Diagnostic(
      .brokenDeclaration, "the task `\(name.text)` has errors of its own", at: name.span)
  }

  static func needsText(_ label: String, at span: Span) -> Diagnostic {
    Diagnostic(.needsText, "`\(label)` is a text in quotes", at: span)
  }

  static func notAChoice(
    _ label: String, _ text: String, among choices: [String], at span: Span
  ) -> Diagnostic {
    let shown = choices.map { "\"\($0 == "\t" ? "\\t" : $0)\"" }
    return Diagnostic(
      .needsText, "`\(label)` is one of \(shown.joined(separator: ", "))", at: span,
      fixIts: FixIt.didYouMean(
        Suggestion.nearest(to: text, among: choices).map { "\"\($0)\"" }, at: span))
  }

  static func targetTwice(_ target: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .givenTwice, "the target \"\(TextWidth.printable(target))\" is named twice", at: span)
  }

  static func targetDropped(_ target: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .missingPart, "`drop` leaves out \"\(TextWidth.printable(target))\", which is the target",
      at: span)
  }

  static func sameSigns(at span: Span) -> Diagnostic {
    Diagnostic(
      .needsText,
      "`thousands` and `decimal` are one sign: numbers with a point before their decimals group digits by \",\"",
      at: span)
  }

  package static func notASeed(at span: Span) -> Diagnostic {
    Diagnostic(.notASeed, "a seed is a whole number from 0 up", at: span)
  }

  static func needsOneNumber(at span: Span) -> Diagnostic {
    Diagnostic(.needsOneNumber, "here stands one number", at: span)
  }

  /// A setting that is read once, before the first step.
  static func settingFollowsStep(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .notAvailable, "`\(name)` has no meaning here: this is read once, before the first step",
      at: span)
  }
}

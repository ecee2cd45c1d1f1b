import Diagnostics
import IR
import Syntax

// Hyperparameters: R05xx. How states are stored: R0316, R0801.
extension Diagnostic {
  // MARK: Hyperparameters

  static func unknownHyper(
    _ label: Name, of rule: String, among known: [String], suggestion: String?
  ) -> Diagnostic {
    let isAmbiguous = known.contains { $0 == label.text }
    return Diagnostic(
      .unknownHyper,
      isAmbiguous
        ? "several rules inside `\(rule)` have a hyperparameter `\(label.text)`"
        : "`\(rule)` has no hyperparameter `\(label.text)`", at: label.span,
      notes: [
        Note(known.isEmpty ? "`\(rule)` has none" : "it has \(known.joined(separator: ", "))")
      ],
      fixIts: isAmbiguous ? [] : FixIt.didYouMean(suggestion, at: label.span))
  }

  /// `free` is the hyperparameter that is meant, likely.
  static func positionalHyper(_ free: String?, at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownHyper, "a hyperparameter is given by its name", at: span,
      fixIts: free.map {
        [
          FixIt(
            "write `\($0) = …`", at: Span(span.start, span.start), replacement: "\($0) = ")
        ]
      } ?? [])
  }

  static func hyperNotOneNumber(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(.needsOneNumber, "the hyperparameter `\(name)` must be one number", at: span)
  }

  static func hyperReadsTensor(at span: Span) -> Diagnostic {
    Diagnostic(
      .hyperReadsTensor, "a hyperparameter is an expression of t, T and other hyperparameters",
      at: span)
  }

  static func boundsOfDomain(at span: Span) -> Diagnostic {
    Diagnostic(.badDomain, "the bounds of a domain are numbers", at: span)
  }

  static func emptyDomain(at span: Span) -> Diagnostic {
    Diagnostic(.badDomain, "this domain is empty", at: span)
  }

  static func needsList(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .needsList, "`\(name)` is a list, and this is one value", at: span,
      notes: [Note("a list of one is `[x]`")])
  }

  static func lengthOfList(_ name: Name, _ count: Int) -> Diagnostic {
    Diagnostic(.needsList, "`\(name.text)` is a list of \(count) numbers", at: name.span)
  }

  // MARK: Storage

  static func unknownStorage(_ format: Name) -> Diagnostic {
    Diagnostic(
      .unknownStorage, "`\(format.text)` is not a storage format", at: format.span,
      notes: [Note("formats are f64, f32, bf16, f16, int8(block = 256) and sign1")],
      fixIts: FixIt.didYouMean(
        Suggestion.nearest(to: format.text, among: ["f32", "f64", "bf16", "f16", "int8", "sign1"]),
        at: format.span))
  }

  static func unknownLabel(of format: StorageExpr) -> Diagnostic {
    Diagnostic(.unknownLabel, "`\(format.format.text)` has no such parameter", at: format.span)
  }

  static func badBlock(_ label: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .badDomain,
      "`\(label)` is a whole number from 1 to 65,536, or a hyperparameter that is one",
      at: span)
  }

  static func storageOfOne(_ storage: Storage, at span: Span) -> Diagnostic {
    Diagnostic(
      .unsupportedStorage, "a state of one number is not stored as \(storage)", at: span,
      notes: [Note("it is kept in double precision")],
      fixIts: [FixIt("leave it out", at: span, replacement: "")])
  }

  static func unknownRounding(_ name: Name) -> Diagnostic {
    Diagnostic(
      .unknownStorage, "`round \(name.text)` is not known: use `stochastic` or `nearest`",
      at: name.span)
  }

  static func signsRoundByChance(at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownStorage, "`sign1` does not round stochastically", at: span,
      notes: [
        Note(
          "its scale is the mean of |x| over a block; larger numbers have no sign that would "
            + "be right on average")
      ])
  }

  static func roundingOfNoUpdate(at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownStorage, "only the equation of `w'` says how it is rounded", at: span,
      notes: [Note("a state says it where it is declared: `state m as bf16 round stochastic`")])
  }

  static func unlikeRoundings(at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownStorage, "one equation of `w'` rounds stochastically and another does not", at: span,
      notes: [Note("write `round stochastic` after each of them")])
  }
}

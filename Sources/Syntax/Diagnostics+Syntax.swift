import Diagnostics

/// What the lexer and the parser say. One factory for each way of being wrong.
extension Diagnostic {
  // MARK: Bytes and tokens

  static func invalidUTF8(_ span: Span) -> Diagnostic {
    let count = span.end - span.start
    return Diagnostic(
      .notUTF8, .error,
      "\(count == 1 ? "a byte" : "\(count) bytes") of this text \(count == 1 ? "is" : "are")"
        + " not UTF-8; save the file as UTF-8", at: span)
  }

  static func strayCharacters(_ span: Span, _ scalar: UInt32) -> Diagnostic {
    let hex = String(scalar, radix: 16, uppercase: true)
    let code = "U+" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
    let isVisible = scalar > 0x20 && scalar != 0x7F && !(0x80..<0xA0).contains(scalar)
    let shown =
      isVisible ? Unicode.Scalar(scalar).map { "`\(Character($0))` (\(code))" } ?? code : code
    var message = "no part of a program starts with \(shown)"
    var fixIts: [FixIt] = []
    func replace(_ text: String) {
      fixIts = [FixIt("write `\(text)`", at: span, replacement: text)]
    }
    switch scalar {
    case 0x26: replace("and")
    case 0x7C: message += "; a norm is written `norm(x)` or `‖x‖`"
    case 0x2211: message += "; a sum is written `sum(x)`"
    case 0x2207: message += "; the gradient is `g`"
    case 0x2202: message += "; the gradient is `g`"
    case 0x201C, 0x201D:
      message += "; strings stand between `\"`"
      replace("\"")
    case 0x2070...0x207F: message += "; powers above 3 are written `x^4`"
    case 0x302: replace("_hat")
    case 0x303: replace("_tilde")
    case 0x304, 0x305: replace("_bar")
    case 0x2208: replace("in")
    case 0x2227: replace("and")
    case 0x2228: replace("or")
    case 0xAC: replace("not")
    case 0xF7: replace("/")
    case 0x2190: replace("=")
    case 0x3D, 0x2013, 0x2014: replace("-")
    default: break
    }
    return Diagnostic(.strayCharacter, .error, message, at: span, fixIts: fixIts)
  }

  static func unterminatedString(_ span: Span) -> Diagnostic {
    Diagnostic(
      .openString, .error, "this string has no closing `\"` on its line", at: span,
      fixIts: [FixIt("close the string", at: span.after, replacement: "\"")])
  }

  static func unknownEscape(_ span: Span) -> Diagnostic {
    Diagnostic(
      .unknownEscape, .error, "a string knows the escapes `\\\"`, `\\\\`, `\\n` and `\\t` only",
      at: span,
      fixIts: [
        FixIt(
          "write a backslash", at: Span(span.start, span.start + 1), replacement: "\\\\")
      ])
  }

  static func malformedNumber(
    _ span: Span, _ message: String, replacement: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      .malformedNumber, .error, message, at: span,
      fixIts: replacement.map { [FixIt("write `\($0)`", at: span, replacement: $0)] } ?? [])
  }

  static func foreignOperator(
    _ span: Span, _ written: String, _ right: String, replacement: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      .foreignOperator, .error, "`\(written)` is written `\(right)` here", at: span,
      fixIts: [FixIt("write `\(right)`", at: span, replacement: replacement ?? right)])
  }

  /// `10%`
  static func percentage(_ span: Span, _ written: String) -> Diagnostic {
    let parts = written.split(separator: ".", omittingEmptySubsequences: false)
    var own = "(\(written) / 100)"
    if parts.count <= 2, written.allSatisfy({ $0 == "." || ("0"..."9").contains($0) }) {
      // Two places to the left, digit by digit.
      let whole = String(repeating: "0", count: max(0, 3 - parts[0].count)) + parts[0]
      var digits = String(whole.suffix(2)) + (parts.count > 1 ? String(parts[1]) : "")
      while digits.last == "0" { digits.removeLast() }
      own = whole.dropLast(2) + (digits.isEmpty ? "" : "." + digits)
    }
    return Diagnostic(
      .foreignOperator, .error, "`%` is `mod` here: a share is written as a number", at: span,
      fixIts: [FixIt("write `\(own)`", at: span, replacement: own)])
  }

  /// `fn f(x) => x`
  static func foreignArrow(_ span: Span) -> Diagnostic {
    Diagnostic(
      .foreignOperator, .error, "the value of a function stands behind `=`", at: span,
      fixIts: [FixIt("write `=`", at: span, replacement: "=")])
  }

  /// `a ? b : c`, `a if c else b`
  static func foreignChoice(_ span: Span, fixIts: [FixIt]) -> Diagnostic {
    Diagnostic(
      .incompleteChoice, .error, "a choice is written `if c then a else b`", at: span,
      fixIts: fixIts)
  }

  static func foreignReturn(_ span: Span) -> Diagnostic {
    foreignWord(
      span, "the value of a function is its last line, without a word before it", replacement: "")
  }

  /// `lr: float`
  static func machineType(_ span: Span, _ name: String) -> Diagnostic {
    foreignWord(
      span, "a hyperparameter is a number, without a type", replacement: "")
  }

  static func foreignComment(_ span: Span) -> Diagnostic {
    Diagnostic(
      .foreignOperator, .error, "a comment begins with `#`", at: span,
      notes: [Note("a quotient without its rest is `floor(a / b)`")],
      fixIts: [FixIt("write `#`", at: span, replacement: "#")])
  }

  /// `||x||`
  static func foreignNorm(_ opening: Span, _ closing: Span) -> Diagnostic {
    Diagnostic(
      .foreignOperator, .error, "a norm is written `norm(x)` or `‖x‖`", at: opening,
      fixIts: [
        FixIt("write `norm(`", at: opening, replacement: "norm("),
        FixIt("and `)`", at: closing, replacement: ")"),
      ])
  }

  static func singleQuotedString(_ span: Span, _ text: String) -> Diagnostic {
    let replacement =
      text.contains("\"")
      ? nil
      : "\""
        + text.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
        + "\""
    return Diagnostic(
      .singleQuotes, .error, "strings stand between `\"`; `'` marks the value after the step",
      at: span,
      fixIts: replacement.map {
        [FixIt("use double quotes", at: span, replacement: $0)]
      } ?? [])
  }

  static func strayPrime(_ span: Span, gap: Span? = nil) -> Diagnostic {
    Diagnostic(
      .strayPrime, .error, "`'` stands directly after the name of a state: `m'`", at: span,
      fixIts: gap.map { [FixIt("remove the space", at: $0, replacement: "")] } ?? [])
  }

  // MARK: Bounds

  static func nestedTooDeep(_ span: Span, limit: Int) -> Diagnostic {
    Diagnostic(
      .nestedTooDeep, .error,
      "more than \(limit) parentheses, operators or blocks inside one another; "
        + "name a part of it in an equation of its own", at: span)
  }

  static func sourceTooLarge(_ file: SourceFile, limit: Int) -> Diagnostic {
    Diagnostic(
      .sourceTooLarge, .error,
      "this text has \(file.bytes.count) bytes; the limit is \(limit >> 20) MiB",
      at: Span(file.base, file.base))
  }

  static func tooManyItems(_ span: Span, limit: Int) -> Diagnostic {
    Diagnostic(
      .sourceTooLarge, .error,
      "more than \(limit) declarations and commands; the rest was not read", at: span)
  }

  static func inputsElsewhere(_ span: Span, _ owner: String) -> Diagnostic {
    Diagnostic(
      .inputsOutsideRule, .error,
      "inputs after `;` belong to objectives; \(owner) has "
        + (owner == "a rule" ? "lines `input s`" : "parameters only"), at: span,
      fixIts: [FixIt("write `,`", at: span, replacement: ",")])
  }

  static func tooManyErrors(_ span: Span, limit: Int) -> Diagnostic {
    Diagnostic(
      .tooManyErrors, .error, "more than \(limit) syntax errors; the rest of the file was not read",
      at: span)
  }

  static func expressionTooLong(_ span: Span, limit: Int) -> Diagnostic {
    Diagnostic(
      .expressionTooLarge, .error,
      "an expression more than \(limit) operations deep; "
        + "name a part of it in an equation of its own", at: span)
  }

  // MARK: Expressions

  static func expectedExpression(_ span: Span, found: String?, after: String?) -> Diagnostic {
    let place = after.map { " after `\($0)`" } ?? ""
    let instead = found.map { ", found \($0)" } ?? ""
    return Diagnostic(
      .missingExpression, .error, "expected an expression\(place)\(instead)", at: span)
  }

  static func missingClosing(
    _ closing: String, at span: Span, found: String?, opening: String, opened: Span
  ) -> Diagnostic {
    let instead = found.map { ", found \($0)" } ?? ""
    return Diagnostic(
      .missingBracket, .error, "expected `\(closing)`\(instead)", at: span,
      notes: [Note("`\(opening)` was opened here", at: opened)],
      fixIts: found == nil ? [FixIt("insert `\(closing)`", at: span, replacement: closing)] : [])
  }

  static func missingBrace(at span: Span, opened: Span) -> Diagnostic {
    Diagnostic(
      .missingBrace, .error, "expected `}`", at: span,
      notes: [Note("`{` was opened here", at: opened)],
      fixIts: [FixIt("insert `}`", at: span, replacement: "\n}")])
  }

  static func strayClosing(_ span: Span, _ text: String) -> Diagnostic {
    Diagnostic(
      .strayBracket, .error, "`\(text)` closes nothing", at: span,
      fixIts: [FixIt("remove it", at: span, replacement: "")])
  }

  static func chainedComparison(_ span: Span, second: Span, middle: String?) -> Diagnostic {
    Diagnostic(
      .chainedComparison, .error,
      "comparisons do not chain; join them with `and`: `a < b and b < c`", at: second,
      notes: [Note("the first comparison", at: span)],
      fixIts: middle.map {
        [
          FixIt(
            "write `and \($0)`", at: Span(second.start, second.start), replacement: "and \($0) ")
        ]
      } ?? [])
  }

  static func unexpectedText(_ span: Span, found: String, isOperand: Bool) -> Diagnostic {
    let hint = isOperand ? "; a product is written with `*`" : ""
    return Diagnostic(
      .secondStatement, .error, "expected the end of the line, found \(found)\(hint)", at: span)
  }

  static func expectedName(_ span: Span, what: String, found: String?) -> Diagnostic {
    Diagnostic(
      .missingName, .error, "expected \(what)" + (found.map { ", found \($0)" } ?? ""), at: span)
  }

  static func expectedEquals(_ span: Span, after: String, found: String?) -> Diagnostic {
    Diagnostic(
      .missingEquals, .error, "expected `=` after \(after)" + (found.map { ", found \($0)" } ?? ""),
      at: span,
      fixIts: found == nil ? [FixIt("insert `=`", at: span, replacement: " =")] : [])
  }

  static func incompleteConditional(
    _ span: Span, missing: String, condition: Span, fixIts: [FixIt] = []
  ) -> Diagnostic {
    Diagnostic(
      .incompleteChoice, .error, "expected `\(missing)`; a choice is written `if c then a else b`",
      at: span,
      notes: [Note("the `if` is here", at: condition)], fixIts: fixIts)
  }

  static func needsParentheses(_ span: Span, _ word: String, whole: Span) -> Diagnostic {
    Diagnostic(
      .choiceInOperation, .error, "`\(word)` inside an operation needs parentheses", at: span,
      fixIts: [
        FixIt("open a parenthesis", at: Span(whole.start, whole.start), replacement: "("),
        FixIt("close it", at: whole.after, replacement: ")"),
      ])
  }

  static func powerOfSuperscript(_ span: Span) -> Diagnostic {
    Diagnostic(
      .powerOfSuperscript, .error,
      "put parentheses around a power before going on: `(x²)^3`, `(A²).T`", at: span)
  }

  static func twoAxes(_ first: Span, _ second: Span) -> Diagnostic {
    Diagnostic(
      .twoAxes, .error, "a reduction folds one axis at a time", at: second,
      notes: [Note("write one inside the other: `sum over batch (sum over stack x)`", at: first)])
  }

  static func misplacedPrime(_ span: Span) -> Diagnostic {
    Diagnostic(
      .misplacedPrime, .error, "a prime belongs to the name of a state, and there is one: `m'`",
      at: span,
      fixIts: [FixIt("remove it", at: span, replacement: "")])
  }

  static func positionalAfterNamed(_ span: Span) -> Diagnostic {
    Diagnostic(
      .positionalAfterNamed, .error, "arguments by position come before arguments by name", at: span
    )
  }

  static func notCallable(_ span: Span) -> Diagnostic {
    Diagnostic(
      .notCallable, .error, "only a name can be called; a product is written with `*`", at: span,
      fixIts: [FixIt("multiply", at: Span(span.start, span.start), replacement: " * ")])
  }

  /// `np.sign(g)`, `m.mean()`.
  static func foreignCall(_ span: Span, isModule: Bool, _ own: String) -> Diagnostic {
    Diagnostic(
      .notCallable, .error,
      isModule
        ? "functions are called by their own names, without a module"
        : "a value has no functions of its own: it is an argument", at: span,
      fixIts: [FixIt("write `\(own)`", at: span, replacement: own)])
  }

  // MARK: Statements and declarations

  static func foreignWord(
    _ span: Span, _ message: String, replacement: String?
  ) -> Diagnostic {
    Diagnostic(
      .foreignWord, .error, message, at: span,
      fixIts: replacement.map {
        [FixIt($0.isEmpty ? "remove it" : "write `\($0)`", at: span, replacement: $0)]
      } ?? [])
  }

  static func foreignWord(_ span: Span, _ message: String, fixIts: [FixIt]) -> Diagnostic {
    Diagnostic(.foreignWord, .error, message, at: span, fixIts: fixIts)
  }

  static func bareExpression(_ span: Span, in place: String, fixIts: [FixIt]) -> Diagnostic {
    Diagnostic(
      .unnamedValue, .error,
      "this value is given no name; a line of \(place) is an equation: `name = …`",
      at: span,
      fixIts: fixIts)
  }

  static func badTarget(_ span: Span, _ message: String) -> Diagnostic {
    Diagnostic(.leftSideNotAName, .error, message, at: span)
  }

  static func foreignAssignment(_ span: Span, _ written: String, fixIts: [FixIt]) -> Diagnostic {
    let message =
      written == ":=" || written == "<-"
      ? "an equation is written with `=`"
      : "`\(written)` changes nothing in place here; an equation states the whole new value"
    return Diagnostic(.foreignAssignment, .error, message, at: span, fixIts: fixIts)
  }

  static func missingBody(
    _ span: Span, of what: String, found: String?, fixIts: [FixIt] = []
  ) -> Diagnostic {
    Diagnostic(
      .missingBody, .error,
      "expected `{` and the body of \(what)" + (found.map { ", found \($0)" } ?? ""),
      at: span, fixIts: fixIts)
  }

  static func badDomain(_ span: Span) -> Diagnostic {
    Diagnostic(
      .malformedDomain, .error, "a domain is an interval: `in [0, 1)`, `in (0, inf)`", at: span)
  }

  static func badArm(_ span: Span, found: String?) -> Diagnostic {
    Diagnostic(
      .malformedRoute, .error,
      "expected `->` and a rule" + (found.map { ", found \($0)" } ?? "")
        + "; a line of a route is `condition -> Rule(…)`", at: span)
  }

  static func missingClause(
    _ span: Span, _ clause: String, of command: String, fixIts: [FixIt] = []
  ) -> Diagnostic {
    Diagnostic(.incompleteCommand, .error, "`\(command)` needs \(clause)", at: span, fixIts: fixIts)
  }

  /// A clause or a part of one as it would be written elsewhere, which is read on from.
  static func foreignClause(_ span: Span, _ message: String, fixIts: [FixIt]) -> Diagnostic {
    Diagnostic(.incompleteCommand, .error, message, at: span, fixIts: fixIts)
  }

  static func saveWithoutEvery(_ span: Span, _ example: String, of command: String) -> Diagnostic {
    var said = missingClause(span, "how often after `save`: `\(example)`", of: command)
    said.notes = [Note("what is kept at the end has a line of its own: `save w to \"w.npz\"`")]
    return said
  }

  static func unknownClause(
    _ span: Span, _ text: String, of command: String, nearest: String?
  ) -> Diagnostic {
    Diagnostic(
      .unknownClause, .error,
      "`\(command)` has no clause `\(text)`" + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
      at: span,
      fixIts: nearest.map { [FixIt("write `\($0)`", at: span, replacement: $0)] } ?? [])
  }

  static func rulesOfTask(_ span: Span) -> Diagnostic {
    Diagnostic(
      .incompleteCommand, .error, "a task has no rules: they are given where it is done", at: span,
      notes: [Note("for one run write `minimize f with Rule for 2000 steps` without `task`")])
  }

  static func maximisingTask(_ span: Span) -> Diagnostic {
    Diagnostic(
      .incompleteCommand, .error, "a task makes its loss small", at: span,
      notes: [Note("write the objective with `loss = -…`, and `minimize` it")])
  }

  static func misplaced(_ span: Span, _ message: String) -> Diagnostic {
    Diagnostic(.statementOutsideBody, .error, message, at: span)
  }
}

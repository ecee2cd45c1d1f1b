/// A language in which expressions are printed. A new one is one small type: its signs, the forms
/// that are not calls, its names and numbers; precedence is that of `Operation.layout`.
package protocol Dialect {
  /// The forms of operations; one without is called by its name.
  static var forms: Form.Table { get }
  static var conditional: Form { get }
  /// The form of a function of the language; nil where it is called by its name.
  func form(ofCall name: String) -> Form?
  /// The name by which an operation or a function of the language is called.
  func callee(_ name: String) -> String
  func name(_ name: String, at time: String) -> String
  func number(_ x: Double) -> Written
  /// What stands around operands that bind too loosely, and around the arguments of a call.
  var brackets: (open: String, close: String) { get }
  /// What stands between two operands where their texts decide.
  func joint(_ operation: Operation, _ left: String, _ right: String) -> String?
}

/// A text, and how tightly its loosest operator binds.
package struct Written {
  package var text: String
  package var precedence: Precedence

  package init(_ text: String, _ precedence: Precedence = .postfix) {
    self.text = text
    self.precedence = precedence
  }

  /// The text of a number: one with a sign binds as a sign does.
  package static func signed(_ text: String) -> Written {
    Written(text, text.hasPrefix("-") ? .prefix : .postfix)
  }
}

/// How something looks: a pattern in which `$0`, `$1`, `$2` stand for operands.
package struct Form: Sendable {
  fileprivate let head: String
  /// The operands in the order of the pattern, and the text behind each.
  fileprivate let parts: [(operand: Int, text: String)]
  fileprivate let precedence: Precedence
  /// How tightly operands must bind; those without a level are enclosed by the pattern.
  fileprivate let operands: [Precedence]

  package init(
    _ pattern: String, _ precedence: Precedence = .postfix, _ operands: [Precedence] = []
  ) {
    let pieces = pattern.split(separator: "$", omittingEmptySubsequences: false)
    head = String(pieces[0])
    parts = pieces.dropFirst().map { ($0.first!.wholeNumberValue!, String($0.dropFirst())) }
    self.precedence = precedence
    self.operands = operands
  }

  /// A sign before or between operands; nil for what is not written with one.
  package static func sign(
    _ sign: String, _ operation: Operation, isAssociative: Bool = false
  ) -> Form? {
    guard let layout = operation.layout else { return nil }
    if layout.operands.count == 1 { return Form(sign + "$0", layout.own, layout.operands) }
    let right = isAssociative ? layout.own : layout.operands[1]
    return Form("$0 \(sign) $1", layout.own, [layout.operands[0], right])
  }

  /// The forms of all operations, made once for a dialect.
  package struct Table: Sendable {
    private let forms: [Form?]

    package init(_ form: (Operation) -> Form?) {
      forms = Operation.allCases.map(form)
    }

    package subscript(_ operation: Operation) -> Form? { forms[Int(operation.rawValue)] }
  }
}

extension Dialect {
  package func form(ofCall name: String) -> Form? { nil }
  package func callee(_ name: String) -> String { name }
  package func name(_ name: String, at time: String) -> String { name }
  package var brackets: (open: String, close: String) { ("(", ")") }
  package func joint(_ operation: Operation, _ left: String, _ right: String) -> String? { nil }

  /// The expression in this dialect, in brackets where it binds more loosely than `outer`.
  package func text(_ notation: Notation, in outer: Precedence = .conditional) -> String {
    let written = written(notation)
    return written.precedence < outer ? bracketed(written.text) : written.text
  }

  private func bracketed(_ text: String) -> String { brackets.open + text + brackets.close }

  private func call(_ name: String, _ operands: [Notation]) -> Written {
    Written(callee(name) + bracketed(operands.map { text($0) }.joined(separator: ", ")))
  }

  /// The one walk.
  private func written(_ notation: Notation) -> Written {
    switch notation {
    case .number(let x): return number(x)
    case .digits(let text): return .signed(text)
    case .name(let name, let time): return Written(self.name(name, at: time))
    case .verbatim(let text): return Written(text)
    case .apply(let operation, let operands):
      guard let form = Self.forms[operation] else { return call(operation.info.name, operands) }
      return fill(form, operands, operation)
    case .call(let name, let operands):
      return form(ofCall: name).map { fill($0, operands) } ?? call(name, operands)
    case .conditional(let test, let then, let otherwise):
      return fill(Self.conditional, [test, then, otherwise])
    case .over(let reduction, let axis, let operand):
      return Written("\(reduction) over \(axis) \(text(operand, in: .prefix))", .prefix)
    case .global(let inner): return Written("global \(text(inner))")
    case .index(let base, let positions):
      return Written("\(text(base, in: .postfix))[\(positions)]")
    case .list(let items):
      return Written("[\(items.map { text($0) }.joined(separator: ", "))]")
    case .group(let inner): return Written(bracketed(text(inner)))
    case .loose(let inner):
      let inner = written(inner)
      return Written(inner.text, min(inner.precedence, .sum))
    }
  }

  private func fill(
    _ form: Form, _ operands: [Notation], _ operation: Operation? = nil
  ) -> Written {
    let texts = operands.indices.map { k in
      text(operands[k], in: k < form.operands.count ? form.operands[k] : .conditional)
    }
    if let operation, texts.count == 2, let joined = joint(operation, texts[0], texts[1]) {
      return Written(joined, form.precedence)
    }
    var result = form.head
    for part in form.parts {
      result += texts[part.operand]
      result += part.text
    }
    return Written(result, form.precedence)
  }
}

import Diagnostics
import Laboratory
import Symbolic
import Syntax

// `:assume`.
extension Session {
  func assume(_ rest: Fragment) throws {
    if rest.isEmpty {
      if assumptions.isEmpty { say("a free name may be any number\n") }
      for (name, domain) in assumptions { write("\(Setting.shown(name)) in \(domain)\n") }
      return
    }
    let (name, domain) = try assumption(rest)
    let key = Name(name).key
    assumptions.removeAll { $0.name == key }
    if domain.low != nil || domain.high != nil { assumptions.append((key, domain)) }
  }

  /// `β in [0, 1)`, `x > 0`.
  private func assumption(_ rest: Fragment) throws -> (String, Interval) {
    if let (name, bounds) = rest.split(on: "in") {
      guard isName(name.text), let domain = try interval(bounds) else { throw wrong(rest) }
      return (name.text, domain)
    }
    for (mark, twin) in [(">=", "≥"), ("<=", "≤"), (">", ">"), ("<", "<")] {
      guard let (name, bound) = rest.split(on: mark) ?? rest.split(on: twin) else { continue }
      guard isName(name.text), let x = Rational(literal: try number(bound)) else {
        throw wrong(rest)
      }
      return (
        name.text,
        mark.hasPrefix(">")
          ? Interval(x, nil, excludesLow: mark == ">")
          : Interval(nil, x, excludesHigh: mark == "<")
      )
    }
    throw wrong(rest)
  }

  private func wrong(_ place: Fragment) -> DiagnosticError {
    DiagnosticError(
      .usage("write `x in [0, 1)`, `x > 0` or `x <= 1`", of: .assume, at: span(place)))
  }

  private func isName(_ text: String) -> Bool {
    guard let first = text.first, first.isLetter || first == "_" else { return false }
    return text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
  }

  private func number(_ fragment: Fragment) throws -> Double {
    try asking(fragment) { try compiler.freeExpression(fragment.text).value().scalar }
  }

  /// `[0, 1)`; nil for what is no interval.
  private func interval(_ fragment: Fragment) throws -> Interval? {
    let text = fragment.text
    guard let open = text.first, let close = text.last, "[(".contains(open), "])".contains(close)
    else { return nil }
    let inner = Fragment(String(text.dropFirst().dropLast()), at: fragment.offset + 1)
    guard let (low, high) = inner.split(on: ","), !low.isEmpty, !high.isEmpty else { return nil }
    let (a, b) = (try number(low), try number(high))
    guard a <= b else { return nil }
    return Interval(
      Rational(literal: a), Rational(literal: b), excludesLow: open == "(",
      excludesHigh: close == ")")
  }
}

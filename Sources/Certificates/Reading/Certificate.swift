import Basics
import Diagnostics

/// A proof that two rules are equal, as a text of lines.
package struct Certificate: Sendable {
  package struct Line: Sendable {
    /// From 1; 0 of what was not read.
    package var number: Int
    package var text: String
    package init(_ text: String, number: Int = 0) {
      self.text = text
      self.number = number
    }
  }
  /// What is proved of one way through the routes of each rule.
  package struct Part: Sendable {
    package var variants: [Int]
    /// States of b, and those of a that are known, as expressions: `b.m = a.m`.
    package var states: [Line] = []
    /// States of a that are never negative.
    package var keeps: [Line] = []
    package var goals: [(title: Line, steps: [Line])] = []
    package init(variants: [Int]) { self.variants = variants }
  }

  package var a = ""
  package var b = ""
  /// The declarations that the rules need besides the zoo.
  package var source: [String] = []
  /// `lr in [0, inf)`: stands for any number of its domain.
  package var free: [Line] = []
  /// `λ = 0`: a hyperparameter that was not given and is at its default.
  package var fixed: [Line] = []
  /// `w != 0`: where they are equal.
  package var conditions: [Line] = []
  /// `where a is defined`: b is what a is as long as a is a number, and may go on where a is none.
  package var isWhereAIsDefined = false
  package var parts: [Part] = []

  package static let header = "ravine certificate 1"

  package init() {}

  package init(_ text: String) throws(DiagnosticError) {
    let lines = Self.lines(text)
    guard lines.first.map({ $0.trimmed == Self.header }) ?? false else {
      throw DiagnosticError(.noCertificateFile(expected: Self.header))
    }
    var ended = false
    for (i, raw) in lines.enumerated().dropFirst() {
      // What moves the cursor could show another claim than the one that is checked.
      if raw.unicodeScalars.contains(where: { Self.isHidden($0) }) {
        throw DiagnosticError(.badCertificateLine(i + 1, Self.shown(raw)))
      }
      if raw.hasPrefix("|") {
        source.append(String(raw.dropFirst(raw.hasPrefix("| ") ? 2 : 1)))
        continue
      }
      let all = raw.trimmed
      if all.isEmpty || all.hasPrefix("#") { continue }
      guard !ended else { throw DiagnosticError(.badCertificateLine(i + 1, String(all))) }
      let word = all.prefix { $0 != " " }
      let rest = Line(String(all.dropFirst(word.count).trimmed), number: i + 1)
      switch word {
      case "a" where rest.text.hasPrefix("=") && a.isEmpty && !rest.text.contains("#"):
        a = String(rest.text.dropFirst().trimmed)
      case "b" where rest.text.hasPrefix("=") && b.isEmpty && !rest.text.contains("#"):
        b = String(rest.text.dropFirst().trimmed)
      case "free": free.append(rest)
      case "fixed": fixed.append(rest)
      case "where" where rest.text == "a is defined": isWhereAIsDefined = true
      case "where": conditions.append(rest)
      case "ways":
        let ways = rest.text.split(separator: " ").compactMap { Int($0) }
        guard ways.count == 2 else {
          throw DiagnosticError(.badCertificateLine(i + 1, String(all)))
        }
        parts.append(Part(variants: ways))
      case "end": ended = true
      case _ where parts.isEmpty: throw DiagnosticError(.badCertificateLine(i + 1, String(all)))
      case "state": parts[parts.count - 1].states.append(rest)
      case "keeps": parts[parts.count - 1].keeps.append(rest)
      case "goal": parts[parts.count - 1].goals.append((rest, []))
      default:
        guard let last = parts.last?.goals.count, last > 0 else {
          throw DiagnosticError(.badCertificateLine(i + 1, String(all)))
        }
        parts[parts.count - 1].goals[last - 1].steps.append(Line(String(all), number: i + 1))
      }
    }
    if !ended { throw DiagnosticError(.badCertificateLine(lines.count, "")) }
  }

  /// The lines of a text, however they end.
  package static func lines(_ text: String) -> [Substring] {
    text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
  }

  private static func shown(_ line: Substring) -> String {
    line.unicodeScalars.map { isHidden($0) ? $0.escaped(asASCII: true) : String($0) }.joined()
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control: scalar != "\t"
    case .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}

extension StringProtocol {
  var trimmed: Substring {
    var rest = Substring(self)
    while rest.first == " " { rest.removeFirst() }
    while rest.last == " " { rest.removeLast() }
    return rest
  }
}

import Semantics
import Syntax

/// The text of a rule with one of its hyperparameters set: `AdamW(λ = 0.1)` with lr = 0.01.
///
/// A number that is already given is replaced; of a schedule such as `cosine(0.1)` the first argument
/// is, which is its peak.
struct RuleCall {
  private let callee: Substring
  private var arguments: [String]

  init(_ text: String) {
    let trimmed = text.drop { $0 == " " }
    guard let open = trimmed.firstIndex(of: "("), trimmed.hasSuffix(")") else {
      callee = trimmed
      arguments = []
      return
    }
    callee = trimmed[..<open]
    arguments = Self.pieces(trimmed[trimmed.index(after: open)...].dropLast())
  }

  var text: String {
    arguments.isEmpty ? String(callee) : "\(callee)(\(arguments.joined(separator: ", ")))"
  }

  mutating func set(_ name: String, _ value: String) {
    let key = Name(name).key
    for k in arguments.indices {
      guard let (given, expression) = Self.named(arguments[k]), Name(given).key == key else {
        continue
      }
      arguments[k] = "\(given) = \(Self.replaced(expression, value))"
      return
    }
    arguments.append("\(name) = \(value)")
  }

  /// What stands between commas that no bracket encloses.
  static func pieces(_ text: Substring) -> [String] {
    var depth = 0
    var pieces = [""]
    for character in text {
      switch character {
      case "(", "[": depth += 1
      case ")", "]": depth -= 1
      default: break
      }
      if character == ",", depth == 0 {
        pieces.append("")
      } else {
        pieces[pieces.count - 1].append(character)
      }
    }
    return pieces.map { piece in
      var trimmed = piece.drop { $0.isWhitespace }
      while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
      return String(trimmed)
    }.filter { !$0.isEmpty }
  }

  private static func named(_ argument: String) -> (name: String, expression: String)? {
    guard let equals = argument.firstIndex(of: "=") else { return nil }
    let name = argument[..<equals].filter { !$0.isWhitespace }
    guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else {
      return nil
    }
    return (name, String(argument[argument.index(after: equals)...].drop { $0.isWhitespace }))
  }

  private static func replaced(_ expression: String, _ value: String) -> String {
    guard let open = expression.firstIndex(of: "("), expression.hasSuffix(")"),
      open != expression.startIndex
    else { return value }
    var inner = pieces(expression[expression.index(after: open)...].dropLast())
    guard !inner.isEmpty, named(inner[0]) == nil else { return value }
    inner[0] = value
    return "\(expression[..<open])(\(inner.joined(separator: ", ")))"
  }
}

import Basics

extension Proof {
  static func binding(
    _ text: some StringProtocol
  ) throws(Refusal) -> (name: String, text: String) {
    guard let i = text.firstIndex(of: "=") else { throw Refusal("a value is missing") }
    return (
      String(text[..<i].trimmed), String(text[text.index(after: i)...].trimmed)
    )
  }

  /// `x = E; y = E`: details of operations have no space after a semicolon.
  func values(_ text: Substring) throws(Refusal) -> [String: Polynomial] {
    var values: [String: Polynomial] = [:]
    var rest = text
    while !rest.isEmpty {
      let end = rest.range(of: "; ")
      let (name, expression) = try Self.binding(rest[..<(end?.lower ?? rest.endIndex)])
      guard values[name] == nil else { throw Refusal("`\(name)` is given twice") }
      values[name] = try value(expression)
      rest = end.map { rest[$0.upper...] } ?? ""
    }
    return values
  }
}

/// Lines of Python broken where they are longer than 88 columns, as Black breaks them.
enum PythonLayout {
  static let width = 88

  static func text(_ lines: [String]) -> String {
    var result: [String] = []
    var isText = false
    for line in lines {
      // Documentation stays as it is written.
      let quotes = line.occurrences(of: "\"\"\"")
      if isText || quotes > 0 {
        result.append(line)
        if quotes == 1 { isText.toggle() }
        continue
      }
      result += broken(hiding(line)).map(shown)
    }
    return result.map { line in
      var line = line[...]
      while line.last == " " { line = line.dropLast() }
      return line + "\n"
    }.joined()
  }

  /// Brackets, commas and spaces of strings stand for letters while a line is broken.
  private static let signs = Array("()[]{},:= ")

  private static func hiding(_ line: String) -> String {
    var isInside = false
    return String(
      line.map { character -> Character in
        if character == "\"" { isInside.toggle() }
        guard isInside, let k = signs.firstIndex(of: character) else { return character }
        return Character(Unicode.Scalar(0xE000 + UInt32(k))!)
      })
  }

  private static func shown(_ line: String) -> String {
    String(
      line.map { character -> Character in
        let value = character.unicodeScalars.first!.value
        return 0xE000..<0xE000 + UInt32(signs.count) ~= value
          ? signs[Int(value - 0xE000)] : character
      })
  }

  private static func broken(_ line: String) -> [String] {
    if line.count <= width { return [line] }
    let indent = String(line.prefix { $0 == " " })
    let body = Array(line.dropFirst(indent.count))
    // The right side of an assignment gets brackets where it is no call that can be opened.
    if let equals = assignment(body) {
      let left = String(body[..<equals])
      let right = Array(body[(equals + 1)...].drop { $0 == " " })
      if let open = lastBracket(right), right.last.map({ ")]}".contains($0) }) == true,
        operators(right).count <= 1, !split(right, at: ",").dropFirst().isEmpty == false
      {
        let opened = opened(indent, String(body[..<(body.count - right.count)]), right, open)
        if let opened { return opened }
      }
      if !isWholeBracket(right), !isAtom(right) {
        return ["\(indent)\(left)= ("] + inner(right, indent + "    ") + ["\(indent))"]
      }
    }
    if let open = lastBracket(body), let opened = opened(indent, "", body, open) { return opened }
    for word in ["return ", "if "] where String(body).hasPrefix(word) {
      let isIf = word == "if "
      let rest = Array(body.dropFirst(word.count).dropLast(isIf ? 1 : 0))
      return ["\(indent)\(word)("] + inner(rest, indent + "    ") + ["\(indent))\(isIf ? ":" : "")"]
    }
    return [line]
  }

  /// A line with the bracket that ends it opened.
  private static func opened(
    _ indent: String, _ start: String, _ text: [Character], _ open: Int
  ) -> [String]? {
    guard let close = matching(text, open), close > open + 1 else { return nil }
    let head = indent + start + String(text[...open])
    let tail = indent + String(text[close...])
    guard head.count <= width, tail.count <= width else { return nil }
    // A literal has one part a line, a call may have its arguments in one.
    let before = open > 0 ? text[open - 1] : " "
    let isCall = before.isLetter || before.isNumber || "_)]".contains(before)
    let content = Array(text[(open + 1)..<close])
    return [head] + inner(content, indent + "    ", isCall: isCall) + [tail]
  }

  /// What stands in brackets: in one line, else one part a line.
  private static func inner(
    _ text: [Character], _ indent: String, isCall: Bool = false
  ) -> [String] {
    let whole = indent + String(text)
    let parts = split(text, at: ",")
    if parts.count > 1 {
      if whole.count <= width, isCall { return [whole] }
      return parts.flatMap { part in
        part.isEmpty ? [] : comma(broken(indent + String(part)))
      }
    }
    if whole.count <= width { return [whole] }
    let places = operators(text)
    guard !places.isEmpty else { return broken(whole) }
    var pieces: [String] = []
    var start = 0
    for place in places + [text.count] {
      pieces.append(String(text[start..<place]).trimmed)
      start = place
    }
    return pieces.flatMap { broken(indent + $0) }
  }

  private static func comma(_ lines: [String]) -> [String] {
    var lines = lines
    lines[lines.count - 1] += ","
    return lines
  }

  // MARK: Reading

  /// The place of `=` of an assignment.
  private static func assignment(_ text: [Character]) -> Int? {
    var depth = 0
    for (i, character) in text.enumerated() {
      if "([{".contains(character) { depth += 1 }
      if ")]}".contains(character) { depth -= 1 }
      if depth == 0, character == "=", i > 0, text[i - 1] == " ", i + 1 < text.count,
        text[i + 1] == " "
      {
        return i
      }
      if depth == 0, character == ":" { return nil }
    }
    return nil
  }

  /// The bracket that the last one of a text closes.
  private static func lastBracket(_ text: [Character]) -> Int? {
    guard let close = text.lastIndex(where: { ")]}".contains($0) }) else { return nil }
    var depth = 0
    for i in stride(from: close, through: 0, by: -1) {
      if ")]}".contains(text[i]) { depth += 1 }
      if "([{".contains(text[i]) {
        depth -= 1
        if depth == 0 { return i }
      }
    }
    return nil
  }

  private static func matching(_ text: [Character], _ open: Int) -> Int? {
    var depth = 0
    for i in open..<text.count {
      if "([{".contains(text[i]) { depth += 1 }
      if ")]}".contains(text[i]) {
        depth -= 1
        if depth == 0 { return i }
      }
    }
    return nil
  }

  private static func isWholeBracket(_ text: [Character]) -> Bool {
    text.first == "(" && matching(text, 0) == text.count - 1
  }

  private static func isAtom(_ text: [Character]) -> Bool {
    text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
  }

  private static func split(_ text: [Character], at separator: Character) -> [[Character]] {
    var parts: [[Character]] = [[]]
    var depth = 0
    for character in text {
      if "([{".contains(character) { depth += 1 }
      if ")]}".contains(character) { depth -= 1 }
      if depth == 0, character == separator {
        parts.append([])
      } else if !(parts[parts.count - 1].isEmpty && character == " ") {
        parts[parts.count - 1].append(character)
      }
    }
    return parts
  }

  /// Where the loosest operators of a text stand that are outside of brackets.
  private static func operators(_ text: [Character]) -> [Int] {
    let levels: [[String]] = [
      [" if ", " else "], [" or "], [" and "], [" == ", " != ", " <= ", " >= ", " < ", " > "],
      [" | "],
      [" & "], [" + ", " - "], [" * ", " / ", " % ", " @ "], [" ** "],
    ]
    for level in levels {
      var found: [Int] = []
      var depth = 0
      var i = 0
      while i < text.count {
        if "([{".contains(text[i]) { depth += 1 }
        if ")]}".contains(text[i]) { depth -= 1 }
        if depth == 0, text[i] == " " {
          for word in level
          where Array(word).elementsEqual(text[i..<min(text.count, i + word.count)]) {
            found.append(i)
          }
        }
        i += 1
      }
      if !found.isEmpty { return found }
    }
    return []
  }
}

extension String {
  fileprivate func occurrences(of word: String) -> Int {
    var count = 0
    var rest = self[...]
    while let range = rest.firstRange(of: word) {
      count += 1
      rest = rest[range.upperBound...]
    }
    return count
  }

  fileprivate var trimmed: String {
    var text = self[...]
    while text.first == " " { text = text.dropFirst() }
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }
}

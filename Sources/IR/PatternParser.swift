/// Reads the pattern of a route.
struct PatternParser {
  private typealias Problem = RoutePattern.Problem

  private let letters: [Unicode.Scalar]
  private var position = 0
  private var depth = 0

  /// A longer pattern, or one that takes more states, is refused.
  private static let limits = (letters: 1_000, states: 20_000, depth: 50)

  init(_ pattern: String) { letters = Array(pattern.unicodeScalars) }

  private var next: Unicode.Scalar? { position < letters.count ? letters[position] : nil }

  private func problem(
    _ message: String, from start: Int, repair: String? = nil
  ) -> RoutePattern.Problem {
    let end = min(max(position, start + 1), letters.count)
    return Problem(
      message: message, range: min(start, letters.count)..<max(end, min(start, letters.count)),
      repair: repair)
  }

  mutating func pattern() throws(RoutePattern.Problem) -> PatternTree {
    guard letters.count <= Self.limits.letters else {
      position = letters.count
      throw problem("a pattern has at most \(Self.limits.letters) letters", from: 0)
    }
    let tree = try alternatives()
    if next == ")" { throw problem("no group is open here", from: position, repair: "\\)") }
    guard tree.size <= Self.limits.states else {
      position = letters.count
      throw problem("its repetitions make it too large", from: 0)
    }
    return tree
  }

  private mutating func alternatives() throws(RoutePattern.Problem) -> PatternTree {
    var items = [try sequence()]
    while next == "|" {
      position += 1
      items.append(try sequence())
    }
    return items.count == 1 ? items[0] : .choice(items)
  }

  private mutating func sequence() throws(RoutePattern.Problem) -> PatternTree {
    var items: [PatternTree] = []
    while let letter = next, letter != "|", letter != ")" {
      let start = position
      let item = try atom()
      guard let count = try repetition() else {
        items.append(item)
        continue
      }
      switch item {
      case .start, .end, .boundary:
        throw problem("there is nothing here to repeat", from: start)
      default: break
      }
      items.append(.repeated(item, least: count.least, most: count.most))
      let second = position
      // `*?` matches the same names as `*`.
      if next == "?" { position += 1 }
      if next == "+" {
        position += 1
        throw problem("a repetition that keeps what it took is not matched", from: second)
      }
      if try repetition() != nil {
        throw problem("this repeats a repetition", from: second)
      }
    }
    return .sequence(items)
  }

  /// `*`, `+`, `?`, `{2}`, `{2,}`, `{2,5}`, `{,5}`.
  private mutating func repetition() throws(RoutePattern.Problem) -> (least: Int, most: Int?)? {
    let start = position
    switch next {
    case "*":
      position += 1
      return (0, nil)
    case "+":
      position += 1
      return (1, nil)
    case "?":
      position += 1
      return (0, 1)
    case "{":
      position += 1
      let least = number()
      var most = least
      let hasComma = next == ","
      if hasComma {
        position += 1
        most = number()
      }
      guard next == "}", least != nil || most != nil else {
        throw problem(
          "`{` begins a count, such as `{2}` or `{2,5}`; the brace itself is `\\{`", from: start,
          repair: "\\{")
      }
      position += 1
      if let least, let most, most < least {
        throw problem("the second number of a count is the larger one", from: start)
      }
      return (least ?? 0, hasComma ? most : least)
    default: return nil
    }
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let letter = next, ("0"..."9").contains(letter) {
      value = min((value ?? 0) * 10 + Int(letter.value - 0x30), 1_000_000)
      position += 1
    }
    return value
  }

  private mutating func atom() throws(RoutePattern.Problem) -> PatternTree {
    let start = position
    let letter = letters[position]
    position += 1
    switch letter {
    case ".":
      return .letter(PatternLetters(ranges: ["\n"..."\n"], isNegated: true))
    case "^": return .start
    case "$": return .end
    case "*", "+", "?":
      throw problem(
        "there is nothing before `\(letter)` to repeat", from: start, repair: "\\\(letter)")
    case "{":
      throw problem("there is nothing before `{` to repeat", from: start, repair: "\\{")
    case "(": return try group(from: start)
    case "[": return .letter(try set(from: start))
    case "\\": return try escape(from: start)
    default: return .letter(PatternLetters(ranges: [letter...letter]))
    }
  }

  private mutating func group(from start: Int) throws(RoutePattern.Problem) -> PatternTree {
    if next == "?" {
      position += 1
      guard next == ":" else {
        if next != nil { position += 1 }
        throw problem(
          "of groups with `?` there is `(?: … )` alone; what looks ahead or back is not matched in linear time",
          from: start)
      }
      position += 1
    }
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.limits.depth else {
      throw problem("groups are nested at most \(Self.limits.depth) deep", from: start)
    }
    let inner = try alternatives()
    guard next == ")" else {
      position = start + 1
      throw problem("this group is not closed", from: start, repair: "\\(")
    }
    position += 1
    return inner
  }

  /// Behind a backslash.
  private mutating func escape(from start: Int) throws(RoutePattern.Problem) -> PatternTree {
    guard let letter = next else {
      throw problem(
        "a backslash stands before the letter that it changes", from: start, repair: "\\\\")
    }
    if letter == "b" || letter == "B" {
      position += 1
      return .boundary(isThere: letter == "b")
    }
    return .letter(try letterSet(from: start))
  }

  /// What a backslash and a letter stand for, in a class too.
  private mutating func letterSet(from start: Int) throws(RoutePattern.Problem) -> PatternLetters {
    let letter = letters[position]
    position += 1
    let classes: [Unicode.Scalar: PatternLetters.Class] = ["d": .digit, "w": .word, "s": .space]
    let lower = Unicode.Scalar(letter.value | 0x20) ?? letter
    if letter.isASCII, let kind = classes[lower] {
      return PatternLetters(classes: [(kind, letter != lower)])
    }
    let controls: [Unicode.Scalar: Unicode.Scalar] = [
      "n": "\n", "t": "\t", "r": "\r", "f": "\u{C}", "v": "\u{B}",
    ]
    if let control = controls[letter] { return PatternLetters(ranges: [control...control]) }
    if letter.isASCII, letter.properties.isAlphabetic || ("0"..."9").contains(letter) {
      let what =
        ("0"..."9").contains(letter)
        ? "what a group took before is not matched again in linear time"
        : "`\\\(letter)` has no meaning in a pattern"
      let repair =
        ("A"..."Z").contains(letter) && "AZ".unicodeScalars.contains(letter)
        ? (letter == "A" ? "^" : "$") : nil
      throw problem(what, from: start, repair: repair)
    }
    return PatternLetters(ranges: [letter...letter])
  }

  private mutating func set(from start: Int) throws(RoutePattern.Problem) -> PatternLetters {
    var found = PatternLetters()
    if next == "^" {
      found.isNegated = true
      position += 1
    }
    var isFirst = true
    while let letter = next, letter != "]" || isFirst {
      isFirst = false
      let place = position
      position += 1
      var low = letter
      if letter == "\\" {
        guard next != nil else { break }
        let inner = try letterSet(from: place)
        guard inner.classes.isEmpty, let range = inner.ranges.first else {
          found.classes += inner.classes
          continue
        }
        low = range.lowerBound
      }
      guard next == "-", position + 1 < letters.count, letters[position + 1] != "]" else {
        found.ranges.append(low...low)
        continue
      }
      position += 1
      var high = letters[position]
      position += 1
      if high == "\\", next != nil {
        let inner = try letterSet(from: position - 1)
        guard let range = inner.ranges.first else {
          throw problem("a range of letters ends at a letter", from: place)
        }
        high = range.lowerBound
      }
      guard low <= high else {
        throw problem("this range of letters runs backwards", from: place, repair: "\(high)-\(low)")
      }
      found.ranges.append(low...high)
    }
    guard next == "]" else {
      position = start + 1
      throw problem("this class of letters is not closed", from: start, repair: "\\[")
    }
    position += 1
    return found
  }
}

/// The patterns of routes on tensor names, with the meaning that they have in every regular expression: `.`, classes
/// `[a-z]` and `[^…]`, `\d` `\w` `\s` and their opposites, `\b`, groups, alternatives, `*`, `+`, `?`, `{n,m}`, `^`, `$`.
///
/// Runs as a set of states over the text, so its time is the product of the two lengths whatever
/// the pattern.
package struct RoutePattern: Sendable {
  /// Why a text is no pattern.
  package struct Problem: Error, Hashable, Sendable {
    package var message: String
    /// Where, in characters of Unicode from the start of the pattern.
    package var range: Range<Int>
    /// What would stand there instead.
    package var repair: String?
  }

  typealias Letters = PatternLetters

  private enum Node {
    case letter(Letters, next: Int)
    case split(Int, Int)
    case start(next: Int)
    case end(next: Int)
    case boundary(isThere: Bool, next: Int)
    case match
  }

  private var nodes: [Node] = [.match]
  private var entry = 0

  /// Throws where the pattern is not well formed or asks for what is not matched in linear time.
  package init(_ pattern: String) throws(Problem) {
    var parser = PatternParser(pattern)
    entry = compile(try parser.pattern(), next: 0)
  }

  /// Whether some part of the text matches.
  package func matches(_ text: String) -> Bool {
    let letters = Array(text.unicodeScalars)
    var active: Set<Int> = []
    for position in 0...letters.count {
      // A match may begin anywhere.
      follow(entry, position, letters, &active)
      if active.contains(0) { return true }
      if position == letters.count { return false }
      var next: Set<Int> = []
      for state in active {
        if case .letter(let set, let after) = nodes[state], set.contains(letters[position]) {
          follow(after, position + 1, letters, &next)
        }
      }
      active = next
    }
    return false
  }

  private func follow(
    _ first: Int, _ position: Int, _ letters: [Unicode.Scalar], _ set: inout Set<Int>
  ) {
    var stack = [first]
    while let state = stack.popLast() {
      guard set.insert(state).inserted else { continue }
      switch nodes[state] {
      case .split(let a, let b): stack += [a, b]
      case .start(let next): if position == 0 { stack.append(next) }
      case .end(let next): if position == letters.count { stack.append(next) }
      case .boundary(let isThere, let next):
        let before = position > 0 && Letters.word.contains(letters[position - 1])
        let after = position < letters.count && Letters.word.contains(letters[position])
        if (before != after) == isThere { stack.append(next) }
      case .letter, .match: break
      }
    }
  }

  private mutating func add(_ node: Node) -> Int {
    nodes.append(node)
    return nodes.count - 1
  }

  private mutating func compile(_ tree: PatternTree, next: Int) -> Int {
    switch tree {
    case .letter(let set): return add(.letter(set, next: next))
    case .start: return add(.start(next: next))
    case .end: return add(.end(next: next))
    case .boundary(let isThere): return add(.boundary(isThere: isThere, next: next))
    case .sequence(let items):
      var after = next
      for item in items.reversed() { after = compile(item, next: after) }
      return after
    case .choice(let items):
      var result = compile(items[items.count - 1], next: next)
      for item in items.dropLast().reversed() {
        result = add(.split(compile(item, next: next), result))
      }
      return result
    case .repeated(let item, let least, let most):
      var after = next
      if let most {
        for _ in least..<max(least, most) { after = add(.split(compile(item, next: after), next)) }
      } else {
        let loop = add(.match)
        nodes[loop] = .split(compile(item, next: loop), next)
        after = loop
      }
      for _ in 0..<least { after = compile(item, next: after) }
      return after
    }
  }
}

/// A pattern as it is nested.
indirect enum PatternTree {
  case letter(PatternLetters), start, end
  case boundary(isThere: Bool)
  case sequence([PatternTree]), choice([PatternTree])
  /// `most` nil: as often as it comes.
  case repeated(PatternTree, least: Int, most: Int?)

  /// States that it takes.
  var size: Int {
    switch self {
    case .letter, .start, .end, .boundary: return 1
    case .sequence(let items), .choice(let items):
      return items.reduce(items.count) { $0 + min($1.size, 1 << 20) }
    case .repeated(let item, let least, let most):
      return (min(item.size, 1 << 20) + 1) * max(least + (most == nil ? 1 : 0), most ?? 0, 1)
    }
  }
}

/// A set of letters: ranges and classes, or all others.
struct PatternLetters: Sendable {
  enum Class: Sendable { case digit, word, space }

  var ranges: [ClosedRange<Unicode.Scalar>] = []
  var classes: [(kind: Class, isNegated: Bool)] = []
  var isNegated = false

  static let word = PatternLetters(classes: [(.word, false)])

  func contains(_ letter: Unicode.Scalar) -> Bool {
    let isIn =
      ranges.contains { $0.contains(letter) }
      || classes.contains { Self.isIn($0.kind, letter) != $0.isNegated }
    return isIn != isNegated
  }

  private static func isIn(_ kind: Class, _ letter: Unicode.Scalar) -> Bool {
    switch kind {
    case .digit: letter.properties.generalCategory == .decimalNumber
    case .space: letter.properties.isWhitespace
    case .word:
      letter == "_" || letter.properties.isAlphabetic || letter.properties.numericType != nil
    }
  }
}

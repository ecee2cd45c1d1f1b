import Diagnostics

/// The patterns of routes on tensor names: literals, `.`, classes `[a-z]` and `[^…]`, groups,
/// alternatives, `*`, `+`, `?`, `^`, `$`, and `\` before a special character.
///
/// Runs as a set of states over the text, so its time is the product of the two lengths whatever
/// the pattern.
struct RoutePattern {
  private enum Node {
    case bytes(Set<UInt8>, next: Int)
    case split(Int, Int)
    case start(next: Int)
    case end(next: Int)
    case match
  }

  private var nodes: [Node] = []
  private var entry = 0

  /// Patterns longer than this are refused.
  private static let limit = 1000

  /// nil when the pattern is not well formed.
  init?(_ pattern: String) {
    var parser = Parser(Array(pattern.utf8))
    guard parser.bytes.count <= Self.limit, let tree = parser.alternatives(depth: 0),
      parser.position == parser.bytes.count
    else { return nil }
    nodes.append(.match)
    entry = compile(tree, next: 0)
  }

  /// Whether some part of the text matches.
  func matches(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    var active: Set<Int> = []
    for position in 0...bytes.count {
      // A match may begin anywhere.
      follow(entry, position, bytes.count, &active)
      if active.contains(where: { if case .match = nodes[$0] { true } else { false } }) {
        return true
      }
      if position == bytes.count { return false }
      var next: Set<Int> = []
      for state in active {
        if case .bytes(let set, let after) = nodes[state], set.contains(bytes[position]) {
          follow(after, position + 1, bytes.count, &next)
        }
      }
      active = next
    }
    return false
  }

  private func follow(_ first: Int, _ position: Int, _ count: Int, _ set: inout Set<Int>) {
    var stack = [first]
    while let state = stack.popLast() {
      guard set.insert(state).inserted else { continue }
      switch nodes[state] {
      case .split(let a, let b): stack += [a, b]
      case .start(let next): if position == 0 { stack.append(next) }
      case .end(let next): if position == count { stack.append(next) }
      case .bytes, .match: break
      }
    }
  }

  private mutating func add(_ node: Node) -> Int {
    nodes.append(node)
    return nodes.count - 1
  }

  private mutating func compile(_ tree: Tree, next: Int) -> Int {
    switch tree {
    case .bytes(let set): return add(.bytes(set, next: next))
    case .start: return add(.start(next: next))
    case .end: return add(.end(next: next))
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
    case .repeated(let item, let atLeastOnce, let atMostOnce):
      if atMostOnce { return add(.split(compile(item, next: next), next)) }
      let loop = add(.match)
      let body = compile(item, next: loop)
      nodes[loop] = .split(body, next)
      return atLeastOnce ? body : loop
    }
  }

  private indirect enum Tree {
    case bytes(Set<UInt8>), start, end
    case sequence([Tree]), choice([Tree])
    case repeated(Tree, atLeastOnce: Bool, atMostOnce: Bool)
  }

  private struct Parser {
    let bytes: [UInt8]
    var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func alternatives(depth: Int) -> Tree? {
      guard depth < 50, var items = sequence(depth).map({ [$0] }) else { return nil }
      while next == UInt8(ascii: "|") {
        position += 1
        guard let item = sequence(depth) else { return nil }
        items.append(item)
      }
      return items.count == 1 ? items[0] : .choice(items)
    }

    private mutating func sequence(_ depth: Int) -> Tree? {
      var items: [Tree] = []
      while let c = next, c != UInt8(ascii: "|"), c != UInt8(ascii: ")") {
        guard var item = atom(depth) else { return nil }
        while let sign = next {
          let isStar = sign == UInt8(ascii: "*")
          let isPlus = sign == UInt8(ascii: "+")
          let isOption = sign == UInt8(ascii: "?")
          guard isStar || isPlus || isOption else { break }
          item = .repeated(item, atLeastOnce: isPlus, atMostOnce: isOption)
          position += 1
        }
        items.append(item)
      }
      return .sequence(items)
    }

    private mutating func atom(_ depth: Int) -> Tree? {
      guard let c = next else { return nil }
      position += 1
      switch c {
      case UInt8(ascii: "."): return .bytes(Set(0...255))
      case UInt8(ascii: "^"): return .start
      case UInt8(ascii: "$"): return .end
      case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "]"): return nil
      case UInt8(ascii: "("):
        guard let inner = alternatives(depth: depth + 1), next == UInt8(ascii: ")") else {
          return nil
        }
        position += 1
        return .choice([inner])
      case UInt8(ascii: "["): return set()
      case UInt8(ascii: "\\"):
        guard let escaped = next else { return nil }
        position += 1
        return .bytes([escaped])
      default: return .bytes([c])
      }
    }

    private mutating func set() -> Tree? {
      var found: Set<UInt8> = []
      let isNegated = next == UInt8(ascii: "^")
      if isNegated { position += 1 }
      var isFirst = true
      while let c = next, c != UInt8(ascii: "]") || isFirst {
        isFirst = false
        position += 1
        var low = c
        if c == UInt8(ascii: "\\") {
          guard let escaped = next else { return nil }
          low = escaped
          position += 1
        }
        if next == UInt8(ascii: "-"), position + 1 < bytes.count,
          bytes[position + 1] != UInt8(ascii: "]")
        {
          let high = bytes[position + 1]
          guard high >= low else { return nil }
          position += 2
          found.formUnion(low...high)
        } else {
          found.insert(low)
        }
      }
      guard next == UInt8(ascii: "]") else { return nil }
      position += 1
      return .bytes(isNegated ? Set(0...255).subtracting(found) : found)
    }
  }
}

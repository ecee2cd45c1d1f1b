import Diagnostics
import Syntax
import Testing

@Suite struct GrammarTests {
  @Test func parserAcceptsWhatTheGrammarGenerates() throws {
    var grammar = try Grammar(repositoryFile("Grammar/ravine.ebnf"), seed: 20_260_801)
    #expect(grammar.undefined == [])
    var seen: Set<String> = []
    for i in 0..<5_000 {
      let text = grammar.sentence(from: "program")
      seen.formUnion(grammar.used)
      let parsed = Parsed(text)
      guard parsed.bag.all.isEmpty else {
        Issue.record("sentence \(i): \(parsed.findings)\n\(text)")
        return
      }
      let before = dump(parsed.tree)
      for style in [FormatStyle.asWritten, .ascii, .unicode] {
        guard let once = formatted(text, style) else {
          Issue.record("sentence \(i) is not formatted as \(style):\n\(text)")
          return
        }
        guard dump(Parsed(once).tree) == before else {
          Issue.record("sentence \(i), \(style): the tree changed:\n\(text)\n---\n\(once)")
          return
        }
        guard formatted(once, style) == once else {
          Issue.record(
            "sentence \(i), \(style): not idempotent:\n\(once)\n---\n\(formatted(once, style) ?? "nil")"
          )
          return
        }
      }
    }
    // Every production was used: none is dead weight, or out of reach of the test.
    #expect(Set(grammar.names).subtracting(seen) == [])
  }

  @Test func precedenceTableHolds() throws {
    var rows = 0
    for line in try repositoryFile("Grammar/precedence.md").split(separator: "\n") {
      let cells = line.split(separator: "|").map { cell in
        cell.drop { $0 == " " }.split(separator: "`").first.map(String.init) ?? ""
      }
      guard line.hasPrefix("| "), cells.count == 5, Int(cells[0].filter { $0 != " " }) != nil
      else { continue }
      #expect(expression(cells[3]) == expression(cells[4]), "\(cells[3])")
      #expect(expression(cells[3]).hasPrefix("("), "\(cells[3])")
      rows += 1
    }
    #expect(rows == 10)
  }
}

/// The grammar as data, and sentences from it.
struct Grammar {
  indirect enum Node {
    case sequence([Node])
    case choice([Node])
    case repeated(Node, least: Int, most: Int)
    case reference(String)
    case literal(String)
    case characters([Character])
  }

  private(set) var productions: [String: Node] = [:]
  private(set) var names: [String] = []
  private(set) var used: Set<String> = []
  private var heights: [String: Int] = [:]
  private var words: Set<String> = []
  private var random: SplitMix
  private var budget = 0

  init(_ text: String, seed: UInt64) throws {
    random = SplitMix(state: seed)
    var reader = EBNFReader(text)
    while let (name, node) = try reader.production() {
      productions[name] = node
      names.append(name)
    }
    for node in productions.values { collectWords(node) }
    measure()
  }

  /// Names that no production defines.
  var undefined: Set<String> {
    var result: Set<String> = []
    func visit(_ node: Node) {
      switch node {
      case .sequence(let nodes), .choice(let nodes): nodes.forEach(visit)
      case .repeated(let inner, _, _): visit(inner)
      case .reference(let name): if productions[name] == nil { result.insert(name) }
      case .literal, .characters: break
      }
    }
    productions.values.forEach(visit)
    return result
  }

  mutating func sentence(from start: String) -> String {
    used = []
    budget = 60 + Int(random.next() % 120)
    return generate(.reference(start), depth: 0, isLexical: false)
  }

  private mutating func collectWords(_ node: Node) {
    switch node {
    case .sequence(let nodes), .choice(let nodes): for node in nodes { collectWords(node) }
    case .repeated(let inner, _, _): collectWords(inner)
    case .literal(let text): words.insert(text)
    case .reference, .characters: break
    }
  }

  /// The least number of references to the end of each production: where to go when it is enough.
  private mutating func measure() {
    var changed = true
    while changed {
      changed = false
      for (name, node) in productions {
        let height = height(node)
        if height < heights[name] ?? .max {
          heights[name] = height
          changed = true
        }
      }
    }
  }

  private func height(_ node: Node) -> Int {
    switch node {
    case .sequence(let nodes): return nodes.map(height).max() ?? 0
    case .choice(let nodes): return nodes.map(height).min() ?? 0
    case .repeated(let inner, let least, _): return least == 0 ? 0 : height(inner)
    case .reference(let name):
      let height = heights[name] ?? .max
      return height == .max ? .max : height + 1
    case .literal, .characters: return 0
    }
  }

  private mutating func generate(_ node: Node, depth: Int, isLexical: Bool) -> String {
    budget -= 1
    let isTired = budget < 0 || depth > 40
    switch node {
    case .sequence(let nodes):
      return nodes.map { generate($0, depth: depth + 1, isLexical: isLexical) }
        .filter { !$0.isEmpty }.joined(separator: isLexical ? "" : " ")
    case .choice(let nodes):
      let shortest = nodes.map(height).min()!
      let options = isTired ? nodes.filter { height($0) == shortest } : nodes
      return generate(options.randomElement(using: &random)!, depth: depth, isLexical: isLexical)
    case .repeated(let inner, let least, let most):
      let count = isTired ? least : Int.random(in: least...most, using: &random)
      return (0..<count).map { _ in generate(inner, depth: depth + 1, isLexical: isLexical) }
        .filter { !$0.isEmpty }.joined(separator: isLexical ? "" : " ")
    case .reference(let name):
      used.insert(name)
      let isWord = name.first!.isUppercase
      while true {
        let text = generate(productions[name]!, depth: depth + 1, isLexical: isLexical || isWord)
        // Words of the grammar are names elsewhere; here a name is none of them.
        let plain = text.hasSuffix("'") ? String(text.dropLast()) : text
        if name != "NAME" && name != "PRIMED" || !words.contains(plain) { return text }
      }
    case .literal(let text): return text
    case .characters(let characters): return String(characters.randomElement(using: &random)!)
    }
  }
}

/// Reads the notation of the W3C.
struct EBNFReader {
  struct Malformed: Error { var rest: String }
  private var characters: [Character]
  private var at = 0

  init(_ text: String) { characters = Array(text) }

  private mutating func skip() {
    while at < characters.count {
      if characters[at].isWhitespace {
        at += 1
      } else if starts("/*") {
        while at < characters.count, !starts("*/") { at += 1 }
        at += 2
      } else {
        return
      }
    }
  }

  private func starts(_ text: String) -> Bool { characters[at...].starts(with: text) }

  private mutating func take(_ text: String) -> Bool {
    skip()
    guard starts(text) else { return false }
    at += text.count
    return true
  }

  private mutating func word() -> String? {
    skip()
    let start = at
    while at < characters.count, characters[at].isASCII, characters[at].isLetter { at += 1 }
    return at > start ? String(characters[start..<at]) : nil
  }

  mutating func production() throws -> (String, Grammar.Node)? {
    skip()
    if at == characters.count { return nil }
    guard let name = word(), take("::=") else { throw malformed }
    return (name, try choice())
  }

  private var malformed: Malformed { Malformed(rest: String(characters[at...].prefix(60))) }

  private mutating func choice() throws -> Grammar.Node {
    var options = [try sequence()]
    while take("|") { options.append(try sequence()) }
    return options.count == 1 ? options[0] : .choice(options)
  }

  private mutating func sequence() throws -> Grammar.Node {
    var parts: [Grammar.Node] = []
    while let part = try postfix() { parts.append(part) }
    guard !parts.isEmpty else { throw malformed }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func postfix() throws -> Grammar.Node? {
    guard let base = try primary() else { return nil }
    guard at < characters.count else { return base }
    switch characters[at] {
    case "?":
      at += 1
      return .repeated(base, least: 0, most: 1)
    case "*":
      at += 1
      return .repeated(base, least: 0, most: 3)
    case "+":
      at += 1
      return .repeated(base, least: 1, most: 3)
    default: return base
    }
  }

  private mutating func primary() throws -> Grammar.Node? {
    skip()
    guard at < characters.count else { return nil }
    switch characters[at] {
    case "(":
      at += 1
      let inner = try choice()
      guard take(")") else { throw malformed }
      return inner
    case "'", "\"":
      let quote = characters[at]
      guard let end = characters[(at + 1)...].firstIndex(of: quote) else { throw malformed }
      defer { at = end + 1 }
      return .literal(String(characters[(at + 1)..<end]))
    case "[":
      guard let end = characters[at...].firstIndex(of: "]") else { throw malformed }
      defer { at = end + 1 }
      return .characters(expand(Array(characters[(at + 1)..<end])))
    case "#":
      guard take("#xA") else { throw malformed }
      return .literal("\n")
    default:
      let start = at
      guard let name = word() else { return nil }
      if take("::=") {
        at = start
        return nil
      }
      // `take` may have skipped blanks; a postfix must touch its word.
      at = start + name.count
      return .reference(name)
    }
  }

  private func expand(_ set: [Character]) -> [Character] {
    var result: [Character] = []
    var i = 0
    while i < set.count {
      if i + 2 < set.count, set[i + 1] == "-" {
        let range = set[i].unicodeScalars.first!.value...set[i + 2].unicodeScalars.first!.value
        result += range.map { Character(Unicode.Scalar($0)!) }
        i += 3
      } else {
        result.append(set[i])
        i += 1
      }
    }
    return result
  }
}

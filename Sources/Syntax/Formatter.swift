import Diagnostics

/// The spelling that `format` writes.
package enum FormatStyle: Sendable {
  case asWritten
  /// `beta1`, `<=`, `sqrt(x)`, `x^2`
  case ascii
  /// `β1`, `≤`, `√x`, `x²`
  case unicode
}

/// The text in the one layout: four spaces of indentation for each block, single spaces round
/// operators, at most one blank line, comments kept. Formatting what was formatted changes nothing,
/// and the tree stays the same.
///
/// - Returns: nil for a file with syntax errors, which go to `bag`.
package func format(
  _ file: SourceFile, style: FormatStyle = .asWritten, into bag: inout DiagnosticBag
) -> String? {
  var parser = Parser(file)
  parser.parseItems()
  parser.deliver(into: &bag)
  guard !parser.hasErrors else { return nil }
  var formatter = Formatter(parser, style)
  return formatter.run()
}

/// Prints tokens and comments again, with the line breaks of the user and the spaces of the layout.
private struct Formatter {
  let bytes: [UInt8]
  let tokens: [Token]
  let comments: [Comment]
  let spelling: Spelling
  /// Blocks written on one line that do not fit on it.
  var broken: Set<Int> = []
  /// For each `{` its `}`.
  let closings: [Int: Int]

  /// How many line breaks and comments stand before each token: equal counts are one line.
  private let breaksBefore: [Int32]

  private var output = ""
  private var column = 0
  private var blocks: [Block] = []
  /// Open parentheses and brackets.
  private var depth = 0
  private var linesBraces: [Int] = []
  private var overflows: [Int] = []

  private struct Block {
    var isOneLine: Bool
    var isBroken: Bool
  }

  static let width = 100

  init(_ parser: Parser, _ style: FormatStyle) {
    bytes = parser.file.bytes
    tokens = parser.tokens
    comments = parser.comments
    spelling = Spelling(parser, style)
    var open: [Int] = []
    var closings: [Int: Int] = [:]
    for (i, token) in parser.tokens.enumerated() {
      if token.kind == .leftBrace { open.append(i) }
      if token.kind == .rightBrace, let opening = open.popLast() { closings[opening] = i }
    }
    self.closings = closings
    var breaks: [Int32] = []
    breaks.reserveCapacity(parser.tokens.count)
    var comment = 0
    for (i, token) in parser.tokens.enumerated() {
      var count = breaks.last ?? 0
      if token.startsLine { count += 1 }
      while comment < parser.comments.count, Int(parser.comments[comment].before) <= i {
        count += 1
        comment += 1
      }
      breaks.append(count)
    }
    breaksBefore = breaks
  }

  mutating func run() -> String {
    while true {
      emit()
      if overflows.isEmpty { return output }
      broken.formUnion(overflows)
    }
  }

  // MARK: Emitting

  private mutating func emit() {
    output = ""
    output.reserveCapacity(bytes.count + bytes.count / 4)
    column = 0
    blocks = []
    depth = 0
    linesBraces = []
    overflows = []
    var comment = 0
    var end = 0
    for i in tokens.indices {
      var isAfterComment = false
      while comment < comments.count, Int(comments[comment].before) == i {
        let next = comments[comment]
        if next.ownsLine || column == 0 {
          breakLine(from: end, to: Int(next.start), mayBlank: true)
          indent(blocks.count + (depth > 0 ? 1 : 0))
        } else {
          checkWidth()
          append("  ")
        }
        append(String(decoding: bytes[Int(next.start)..<Int(next.end)], as: UTF8.self))
        end = Int(next.end)
        isAfterComment = true
        comment += 1
      }
      let token = tokens[i]
      if token.kind == .end { break }
      if isAfterComment || startsLine(i) {
        let isClosing = token.kind == .rightBrace
        breakLine(from: end, to: Int(token.start), mayBlank: !isClosing)
        indent(indentation(i))
      } else if i > 0 {
        append(space(i))
      }
      track(i)
      append(spelling.text(i))
      end = Int(token.end)
    }
    checkWidth()
    if column > 0 { output += "\n" }
  }

  private mutating func append(_ text: String) {
    output += text
    column += text.unicodeScalars.count
  }

  private mutating func breakLine(from: Int, to: Int, mayBlank: Bool) {
    guard !output.isEmpty else { return }
    checkWidth()
    output += "\n"
    column = 0
    guard mayBlank, !output.hasSuffix("{\n") else { return }
    var breaks = 0
    for i in from..<max(from, to) where bytes[i] == 0x0A { breaks += 1 }
    if breaks > 1 { output += "\n" }
  }

  private mutating func indent(_ level: Int) {
    append(String(repeating: " ", count: 4 * max(0, level)))
  }

  /// Notes the one-line blocks of a line that is too wide.
  private mutating func checkWidth() {
    if column > Self.width { overflows += linesBraces }
    linesBraces = []
  }

  private mutating func track(_ i: Int) {
    switch tokens[i].kind {
    case .leftBrace:
      let isOneLine = isOneLine(i)
      if isOneLine, closings[i] != i + 1, !blocks.contains(where: \.isOneLine) {
        linesBraces.append(i)
      }
      blocks.append(Block(isOneLine: isOneLine, isBroken: broken.contains(i)))
    case .rightBrace: _ = blocks.popLast()
    case .leftParenthesis, .leftBracket: depth += 1
    case .rightParenthesis, .rightBracket: depth -= 1
    default:
      if tokens[i].role == .normOpen { depth += 1 }
      if tokens[i].role == .normClose { depth -= 1 }
    }
  }

  // MARK: Lines

  private func hasComments(before i: Int) -> Bool {
    var low = 0
    var high = comments.count
    while low < high {
      let middle = (low + high) / 2
      if Int(comments[middle].before) < i { low = middle + 1 } else { high = middle }
    }
    return low < comments.count && Int(comments[low].before) == i
  }

  /// The whole block stands on one line of the source, and fits.
  private func isOneLine(_ opening: Int) -> Bool {
    guard let closing = closings[opening] else { return false }
    if closing == opening + 1 { return !hasComments(before: closing) }
    return !broken.contains(opening) && breaksBefore[opening] == breaksBefore[closing]
  }

  private func startsLine(_ i: Int) -> Bool {
    guard i > 0 else { return true }
    let token = tokens[i]
    let previous = tokens[i - 1]
    let block = blocks.last ?? Block(isOneLine: false, isBroken: false)
    if token.kind == .rightBrace { return !block.isOneLine }
    if previous.kind == .leftBrace { return !block.isOneLine }
    if token.kind == .leftBrace { return false }
    if token.word == .else, previous.kind == .rightBrace { return false }
    if block.isBroken, token.startsStatement { return true }
    return token.startsLine
  }

  private func indentation(_ i: Int) -> Int {
    let token = tokens[i]
    switch token.kind {
    case .rightBrace: return blocks.count - 1
    case .leftBrace: return blocks.count
    case .rightParenthesis, .rightBracket: return blocks.count + (depth > 1 ? 1 : 0)
    default:
      if token.startsStatement { return blocks.count }
      if token.word == .else, i > 0, tokens[i - 1].kind == .rightBrace { return blocks.count }
      return blocks.count + 1
    }
  }

  // MARK: Spaces

  private func space(_ i: Int) -> String {
    let token = tokens[i]
    let previous = tokens[i - 1]
    switch token.kind {
    case .comma, .semicolon, .rightParenthesis, .rightBracket, .prime, .squared, .cubed, .dot,
      .caret, .colon:
      return ""
    case .leftParenthesis, .leftBracket:
      if token.role == .attached { return "" }
    case .rightBrace:
      return previous.kind == .leftBrace ? "" : " "
    default: break
    }
    if token.role == .normClose || previous.role == .normOpen || previous.role == .prefix {
      return ""
    }
    switch previous.kind {
    case .leftParenthesis, .leftBracket, .dot, .caret: return ""
    case .colon where previous.role == .slice: return ""
    case .semicolon, .leftBrace: return " "
    default: return token.startsStatement ? "   " : " "
    }
  }
}

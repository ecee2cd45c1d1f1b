import Basics
import Diagnostics

/// Parses a whole file. Errors go to `bag`; the tree holds what could be read.
package func parse(_ file: SourceFile, into bag: inout DiagnosticBag) -> SyntaxTree {
  var parser = Parser(file)
  parser.parseItems()
  parser.deliver(into: &bag)
  return parser.tree
}

/// Parses a text that is one expression, such as `Lion(lr = 1e-4)` on a command line.
package func parseExpression(
  _ file: SourceFile, into bag: inout DiagnosticBag
) -> (tree: SyntaxTree, root: ExprID) {
  var parser = Parser(file)
  let root = parser.parseExpression()
  if !parser.isPanicking, parser.current.kind != .end {
    parser.reportUnexpected()
  }
  parser.deliver(into: &bag)
  return (parser.tree, root)
}

/// Whether more lines may complete the text: a bracket is open, or it ends where something must
/// follow. For the lines of a session.
package func isIncomplete(_ file: SourceFile) -> Bool {
  var parser = Parser(file)
  parser.parseItems()
  return parser.ranOut
}

/// Recursive descent over the tokens of one file; binary operators by precedence climbing.
///
/// After an error the parser panics: it reports nothing more until a statement, an argument list or
/// a block finds its footing again, so that one mistake is one message.
struct Parser {
  let file: SourceFile
  var tokens: [Token]
  let comments: [Comment]
  var tree: SyntaxTree
  /// The height of each expression, to keep trees safe for recursive readers.
  var heights: [UInt16] = []
  var position = 0 {
    didSet {
      current = tokens[position]
      next = tokens[min(position + 1, tokens.count - 1)]
    }
  }
  /// The token at `position` and the one after it, stored: a computed property would copy the parser
  /// into every frame of an unoptimised build.
  private(set) var current: Token
  private(set) var next: Token
  /// Open parentheses and brackets: inside them a line break is a space.
  var bracketDepth = 0
  /// Open `‖`: the next one in operator position closes.
  var normDepth = 0
  var nesting = 0
  var isPanicking = false
  /// The file was given up: too deep, or too many errors.
  var gaveUp = false
  /// An error lies at the end of the text.
  var ranOut = false
  /// Roots written as signs, with the last token of the operand. For the formatter.
  var roots: [(root: Int, last: Int)] = []
  private var diagnostics: [Diagnostic]
  private let lexicalCount: Int

  static let nestingLimit = 200
  static let heightLimit = 500
  static let errorLimit = 50
  static let itemLimit = 20_000

  init(_ file: SourceFile) {
    var lexer = Lexer.lex(file)
    self.file = file
    tokens = lexer.takeTokens()
    comments = lexer.comments
    current = tokens[0]
    next = tokens[min(1, tokens.count - 1)]
    diagnostics = lexer.diagnostics
    lexicalCount = lexer.diagnostics.count
    tree = SyntaxTree(file: file)
    tree.expressions.reserveCapacity(tokens.count / 2)
    tree.spans.reserveCapacity(tokens.count / 2)
    heights.reserveCapacity(tokens.count / 2)
    if lexer.gaveUp {
      position = tokens.count - 1
      gaveUp = true
      isPanicking = true
    }
  }

  var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  func deliver(into bag: inout DiagnosticBag) {
    for diagnostic in diagnostics { bag.report(diagnostic) }
  }

  // MARK: Tokens

  func token(_ ahead: Int) -> Token { tokens[min(position + ahead, tokens.count - 1)] }

  mutating func advance() {
    if position < tokens.count - 1 { position += 1 }
  }

  mutating func consume(_ kind: TokenKind) -> Bool {
    guard current.kind == kind else { return false }
    advance()
    return true
  }

  func span(_ token: Token) -> Span { Span(file.base + token.start, file.base + token.end) }
  var currentSpan: Span { span(current) }

  /// The empty place behind the last token read.
  var placeAfter: Span {
    position > 0 ? span(tokens[position - 1]).after : Span(file.base, file.base)
  }

  func span(from start: Int) -> Span {
    let first = span(tokens[start])
    return position > start ? first.union(span(tokens[position - 1])) : first
  }

  func text(_ token: Token) -> String {
    String(decoding: file.bytes[Int(token.start)..<Int(token.end)], as: UTF8.self)
  }

  func text(of span: Span) -> String {
    String(
      decoding: file.bytes[Int(span.start - file.base)..<Int(span.end - file.base)], as: UTF8.self)
  }

  func name(_ token: Token) -> Name {
    let text = text(token)
    if token.word != .none { return Name(key: text, text: text, span: span(token)) }
    return Name(key: Greek.key(of: text), text: text, span: span(token))
  }

  /// A token as a message shows it.
  func shown(_ token: Token) -> String {
    switch token.kind {
    case .end: return "the end of the text"
    case .string: return "a string"
    case .word where token.word.isReserved: return "the keyword `\(text(token))`"
    default:
      return token.end - token.start <= 40
        ? "`\(text(token))`"
        : "`\(text(of: Span(file.base + token.start, file.base + token.start + 1)))…`"
    }
  }

  /// What stands where something else was expected: nil at the end of a line.
  var found: String? {
    current.kind == .end || (current.startsLine && position > 0) ? nil : shown(current)
  }

  /// The span of what is wrong: the current token, or the end of the line where something misses.
  var foundSpan: Span { found == nil ? placeAfter : currentSpan }

  /// A line break ends a statement here.
  var isAtLineStart: Bool { current.startsLine && bracketDepth == 0 }

  private func isUnterminated(_ token: Token) -> Bool {
    token.kind == .string
      && (token.end == token.start + 1
        || file.bytes[Int(token.end) - 1] != file.bytes[Int(token.start)])
  }

  // MARK: Errors

  /// Reports a mistake that the parser reads on from.
  mutating func note(_ diagnostic: Diagnostic) {
    guard !gaveUp, !isPanicking else { return }
    if current.kind == .end, diagnostic.span.start == diagnostic.span.end { ranOut = true }
    // The lexer has said what is wrong here.
    if current.kind == .invalid || isUnterminated(current) { return }
    if position > 0, isUnterminated(tokens[position - 1]) { return }
    let limit = Self.errorLimit + lexicalCount
    if diagnostics.count < limit {
      diagnostics.append(diagnostic)
    } else {
      giveUp(.tooManyErrors(currentSpan, limit: Self.errorLimit))
    }
  }

  /// Reports a mistake; nothing more is said until `recover`.
  mutating func fail(_ diagnostic: Diagnostic) {
    note(diagnostic)
    isPanicking = true
  }

  /// Reports the last mistake of the file and skips the rest.
  mutating func giveUp(_ diagnostic: Diagnostic) {
    if !gaveUp { diagnostics.append(diagnostic) }
    gaveUp = true
    isPanicking = true
    position = tokens.count - 1
  }

  /// Reports what stands where a statement should have ended.
  mutating func reportUnexpected() {
    switch current.kind {
    case .rightParenthesis, .rightBracket, .rightBrace:
      fail(.strayClosing(currentSpan, text(current)))
    case .colonEqual, .compoundAssign:
      fail(.foreignAssignment(currentSpan, text(current), fixIts: []))
    default:
      let isOperand = current.isName || current.kind == .number
      fail(.unexpectedText(currentSpan, found: shown(current), isOperand: isOperand))
    }
  }

  /// Skips to the next statement: a line, a `;`, or the end of the block. Blocks on the way are
  /// skipped whole. `start` is where the broken statement began.
  mutating func recover(from start: Int) {
    isPanicking = false
    bracketDepth = 0
    normDepth = 0
    // The mistake was at the end of the line before: this one is whole.
    if position > start, current.startsLine { return }
    var depth = 0
    while true {
      switch current.kind {
      case .end: return
      case .semicolon where depth == 0: return
      case .leftBrace: depth += 1
      case .rightBrace:
        if depth == 0 { return }
        depth -= 1
      default:
        if current.startsLine, startsItem { return }
      }
      advance()
      if depth == 0, current.startsLine { return }
    }
  }

  /// Inside brackets: skips to the `,` or the closing bracket of this level, if it comes before the
  /// end of the construct.
  mutating func recoverInBrackets() -> Bool {
    guard !gaveUp else { return false }
    var depth = 0
    var i = position
    while true {
      let token = tokens[i]
      switch token.kind {
      case .end, .leftBrace, .rightBrace: return false
      case .leftParenthesis, .leftBracket: depth += 1
      case .rightParenthesis, .rightBracket:
        if depth == 0 {
          position = i
          isPanicking = false
          return true
        }
        depth -= 1
      case .comma, .semicolon:
        if depth == 0 {
          position = i
          isPanicking = false
          return true
        }
      default:
        if token.startsLine, i > position, startsEquation(at: i) { return false }
      }
      i += 1
    }
  }

  /// Enters a construct that nests; false when it is too deep, and then the file is given up.
  mutating func enter() -> Bool {
    nesting += 1
    if nesting > Self.nestingLimit {
      giveUp(.nestedTooDeep(currentSpan, limit: Self.nestingLimit))
    }
    return !gaveUp
  }

  mutating func leave() { nesting -= 1 }

  // MARK: Lookahead

  /// `name =` or `name' =` stands here: the start of an equation, bounded.
  func startsEquation(at start: Int, primedOnly: Bool = false) -> Bool {
    guard start < tokens.count, tokens[start].isName else { return false }
    var i = start + 1
    while i < tokens.count, i < start + 3, tokens[i].kind == .prime { i += 1 }
    guard i < tokens.count, !primedOnly || i > start + 1 else { return false }
    return tokens[i].kind == .equal || tokens[i].kind == .colonEqual
  }

  /// A declaration or command of the top level stands here: `rule Lion`, `train mlp`.
  var startsItem: Bool {
    let following = next
    guard current.kind == .word, following.kind == .word, !following.startsLine else {
      return false
    }
    switch current.word {
    case .rule, .fn, .objective, .data, .task:
      return following.isName
    case .search:
      return following.isName && position + 2 < tokens.count && tokens[position + 2].word == .from
    case .minimize, .maximize, .train, .plot, .assert:
      return following.isName || following.word == .not
    default: return false
    }
  }

  // MARK: Names and brackets

  /// Reads a name, or reports that `what` is missing.
  mutating func parseName(_ what: String) -> Name? {
    guard current.isName, !isAtLineStart || position == 0 else {
      fail(.expectedName(foundSpan, what: what, found: found))
      return nil
    }
    let name = name(current)
    advance()
    return name
  }

  /// Reads a closing bracket, or reports it missing. At the end of a line it is taken as written.
  mutating func close(_ kind: TokenKind, _ closing: String, openedAt opening: Int) {
    if consume(kind) { return }
    let opened = tokens[opening]
    let isMissing =
      current.startsLine || current.kind == .end || current.kind == .leftBrace
      || current.kind == .rightBrace
    let diagnostic = Diagnostic.missingClosing(
      closing, at: isMissing ? placeAfter : currentSpan, found: isMissing ? nil : shown(current),
      opening: text(opened), opened: span(opened))
    if isMissing { note(diagnostic) } else { fail(diagnostic) }
  }

  /// Reads `element` one or more times, separated by commas, up to a closing bracket (not read).
  mutating func parseList(
    until closing: TokenKind, _ element: (inout Parser) -> Void
  ) {
    while current.kind != closing, current.kind != .end, current.kind != .semicolon {
      let before = position
      element(&self)
      if isPanicking, !recoverInBrackets() { return }
      if current.kind == .semicolon { return }
      guard consume(.comma) else { return }
      if position == before { return }
    }
  }
}

import Diagnostics

/// How tightly a binary operator binds; `Grammar/precedence.md` is the table.
enum Precedence: Int {
  case or = 1
  case and, not, comparison, sum, product
}

extension Parser {
  // MARK: Building

  /// Adds an expression whose highest operand has the height `height`.
  mutating func make(_ expr: Expr, _ span: Span, height: UInt16 = 0) -> ExprID {
    if Int(height) >= Self.heightLimit {
      giveUp(.expressionTooLong(span, limit: Self.heightLimit))
      return makeError(span)
    }
    heights.append(height + 1)
    return tree.add(expr, span)
  }

  mutating func makeError(_ span: Span) -> ExprID {
    heights.append(1)
    return tree.add(.error, span)
  }

  func height(_ id: ExprID) -> UInt16 { heights[id.index] }

  func height(_ arguments: [Argument]) -> UInt16 {
    arguments.reduce(0) { max($0, height($1.value)) }
  }

  // MARK: Operators

  /// expression ::= 'if' expression 'then' expression 'else' expression | disjunction
  mutating func parseExpression() -> ExprID {
    guard enter() else {
      leave()
      return makeError(currentSpan)
    }
    defer { leave() }
    if current.kind == .word, current.word == .if { return parseConditional() }
    let start = position
    let value = parseBinary(.or)
    if isPanicking { return value }
    if current.kind == .question { return parseQuestion(value, start) }
    if current.word == .if, !current.startsLine, position > start {
      return parseChoiceBehind(value, start)
    }
    return value
  }

  private mutating func parseConditional() -> ExprID {
    let start = position
    advance()
    let condition = parseExpression()
    var marks: [FixIt] = []
    guard takeWord(.then, of: start, &marks) else { return makeError(span(tokens[start])) }
    let then = parseExpression()
    takeClosing(&marks)
    guard takeWord(.else, of: start, &marks) else { return makeError(span(tokens[start])) }
    let otherwise = parseExpression()
    takeClosing(&marks)
    if let first = marks.first {
      note(
        .incompleteConditional(
          first.span, missing: "then", condition: span(tokens[start]), fixIts: marks))
    }
    return makeConditional(start, condition, then, otherwise)
  }

  /// A colon or a brace stands here, and behind it a value and `else`.
  private var startsArm: Bool {
    guard current.kind == .colon || current.kind == .leftBrace, !current.startsLine else {
      return false
    }
    var depth = 0
    for i in position + 1..<tokens.count {
      switch tokens[i].kind {
      case .leftParenthesis, .leftBracket: depth += 1
      case .rightParenthesis, .rightBracket:
        depth -= 1
        if depth < 0 { return false }
      case .equal, .end, .semicolon: return false
      case .leftBrace where tokens[i - 1].word != .else: return false
      default:
        if tokens[i].word == .else { return depth == 0 }
        if tokens[i].startsLine, current.kind == .colon, bracketDepth == 0 { return false }
      }
    }
    return false
  }

  /// The brace that closes an arm of a choice.
  private mutating func takeClosing(_ marks: inout [FixIt]) {
    guard !isPanicking, !marks.isEmpty, current.kind == .rightBrace, bracketDepth > 0,
      text(of: marks[marks.count - 1].span).hasPrefix("{")
    else { return }
    bracketDepth -= 1
    marks.append(FixIt("", at: Span(placeAfter.start, currentSpan.end), replacement: ""))
    advance()
  }

  mutating func makeConditional(
    _ start: Int, _ condition: ExprID, _ then: ExprID, _ otherwise: ExprID
  ) -> ExprID {
    make(
      .conditional(condition, then: then, otherwise: otherwise), span(from: start),
      height: max(height(condition), height(then), height(otherwise)))
  }

  /// Reads `then` or `else` of the choice that began at `start`, or reports it missing. Colons and braces of other
  /// languages go to `marks`, with what stands in their place.
  private mutating func takeWord(_ word: Word, of start: Int, _ marks: inout [FixIt]) -> Bool {
    if isPanicking { return false }
    if current.word == word {
      advance()
      guard word == .else, !marks.isEmpty else { return true }
      if current.kind == .colon {
        marks.append(FixIt("", at: currentSpan, replacement: ""))
        advance()
      } else if current.kind == .leftBrace {
        let place = Span(currentSpan.start, max(currentSpan.end, span(next).start))
        marks.append(FixIt("", at: place, replacement: ""))
        bracketDepth += 1
        advance()
      }
      return true
    }
    if word == .then, startsArm {
      let isGlued = current.start == tokens[position - 1].end
      let text = (isGlued ? " then" : "then") + (next.start == current.end ? " " : "")
      marks.append(FixIt("write `then`", at: currentSpan, replacement: text))
      if current.kind == .leftBrace { bracketDepth += 1 }
      advance()
      return true
    }
    let choice = span(tokens[start])
    var fixIts: [FixIt] = []
    if current.kind == .leftBrace, word == .then {
      fixIts = [FixIt("guard equations with `when`", at: choice, replacement: "when")]
    }
    let place = current.kind == .leftBrace ? currentSpan : foundSpan
    fail(.incompleteConditional(place, missing: word.rawValue, condition: choice, fixIts: fixIts))
    return false
  }

  /// The binary operator that stands here and continues the expression.
  private var binaryOperator: (operation: BinaryOperator, precedence: Precedence)? {
    let token = current
    // A line that starts with a sign is a new one: it could be a value of its own.
    if token.startsLine, bracketDepth == 0, token.kind == .plus || token.kind == .minus {
      return nil
    }
    switch token.kind {
    case .plus: return (.add, .sum)
    case .minus: return (.subtract, .sum)
    case .star: return (.multiply, .product)
    case .slash: return (.divide, .product)
    case .at: return (.matrixProduct, .product)
    case .less: return (.less, .comparison)
    case .lessOrEqual: return (.lessOrEqual, .comparison)
    case .greater: return (.greater, .comparison)
    case .greaterOrEqual: return (.greaterOrEqual, .comparison)
    case .equalEqual: return (.equal, .comparison)
    case .notEqual: return (.notEqual, .comparison)
    case .matches: return (.matches, .comparison)
    case .matchesNot: return (.matchesNot, .comparison)
    case .doubleBar: return normDepth == 0 ? (.or, .or) : nil
    case .word:
      switch token.word {
      case .mod: return (.modulo, .product)
      case .and: return (.and, .and)
      case .or: return (.or, .or)
      default: return nil
      }
    default: return nil
    }
  }

  private mutating func parseBinary(_ least: Precedence) -> ExprID {
    let start = position
    var left = current.word == .not ? parseNot(inside: least) : parseUnary()
    var comparison: Span?
    while let (operation, tighter) = takeBinary(least, left, &comparison) {
      let right = tighter.map { parseBinary($0) } ?? parseOperand()
      left = makeBinary(operation, left, right, start)
    }
    return left
  }

  /// Takes the binary operator that stands here if it binds at least as tightly as `least`.
  private mutating func takeBinary(
    _ least: Precedence, _ left: ExprID, _ comparison: inout Span?
  ) -> (operation: BinaryOperator, next: Precedence?)? {
    guard !isPanicking, let (operation, precedence) = binaryOperator,
      precedence.rawValue >= least.rawValue
    else { return nil }
    let sign = currentSpan
    if precedence == .comparison {
      if let first = comparison {
        var middle: String?
        if case .binary(_, _, let shared) = tree[left] { middle = text(of: tree.span(shared)) }
        note(.chainedComparison(first, second: sign, middle: middle))
      }
      comparison = sign
    } else {
      comparison = nil
    }
    if current.kind == .doubleBar { note(.foreignOperator(sign, "||", "or")) }
    advance()
    return (operation, Precedence(rawValue: precedence.rawValue + 1))
  }

  private mutating func makeBinary(
    _ operation: BinaryOperator, _ left: ExprID, _ right: ExprID, _ start: Int
  ) -> ExprID {
    make(
      .binary(operation, left, right), span(from: start), height: max(height(left), height(right)))
  }

  /// The right operand of a product.
  private mutating func parseOperand() -> ExprID {
    current.word == .not ? parseNot(inside: .product) : parseUnary()
  }

  private mutating func parseNot(inside least: Precedence) -> ExprID {
    let start = position
    guard enter() else {
      leave()
      return makeError(currentSpan)
    }
    defer { leave() }
    advance()
    let operand = parseBinary(.not)
    if least.rawValue > Precedence.not.rawValue {
      note(.needsParentheses(span(tokens[start]), "not", whole: span(from: start)))
    }
    return make(.unary(.not, operand), span(from: start), height: height(operand))
  }

  /// unary ::= '-' unary | '√' unary | name 'over' name (unary | '(' expr ',' expr ')') | power
  mutating func parseUnary() -> ExprID {
    switch current.kind {
    case .minus, .root: return parsePrefix()
    case .word where next.word == .over && startsReduction: return parseReduction()
    default: return parsePower()
    }
  }

  private mutating func parsePrefix() -> ExprID {
    let start = position
    guard enter() else {
      leave()
      return makeError(currentSpan)
    }
    defer { leave() }
    tokens[start].role = .prefix
    advance()
    return makePrefix(start, parseUnary())
  }

  private mutating func makePrefix(_ start: Int, _ operand: ExprID) -> ExprID {
    let sign = tokens[start]
    if sign.kind == .minus {
      return make(.unary(.minus, operand), span(from: start), height: height(operand))
    }
    roots.append((start, position - 1))
    return make(
      .call(
        Name(key: "sqrt", text: "sqrt", span: span(sign)), [Argument(label: nil, value: operand)]),
      span(from: start), height: height(operand))
  }

  /// `mean over batch` stands here.
  private var startsReduction: Bool {
    current.isName && token(2).isName && (!next.startsLine || bracketDepth > 0)
  }

  private mutating func parseReduction() -> ExprID {
    let start = position
    guard enter() else {
      leave()
      return makeError(currentSpan)
    }
    defer { leave() }
    position += 3
    if isTwoAxes {
      let (first, second) = (tokens[start + 2], current)
      fail(.twoAxes(span(first), span(second)))
      return makeError(span(from: start))
    }
    let isPair = current.kind == .leftParenthesis && name(tokens[start]).key == "quantile"
    return makeReduction(start, isPair ? parsePair() : parseUnary())
  }

  /// The value and the share of `quantile over batch (x, q)`.
  private mutating func parsePair() -> ExprID {
    let start = position
    let arguments = parseArguments()
    return make(
      .list(arguments.map(\.value)), span(from: start),
      height: arguments.map { height($0.value) }.max() ?? 0)
  }

  /// After `sum over batch`: `, stack x`, `and stack x`, or `stack x`.
  private var isTwoAxes: Bool {
    let isListed = current.kind == .comma || current.word == .and
    let named = isListed ? next : current
    let after = isListed ? token(2) : next
    let axes = ["batch", "stack", "groups", "window", "workers"]
    return named.isName && axes.contains(name(named).key) && after.isName && !after.startsLine
      && after.word != .over
  }

  private mutating func makeReduction(_ start: Int, _ operand: ExprID) -> ExprID {
    make(
      .over(reduction: name(tokens[start]), axis: name(tokens[start + 2]), operand),
      span(from: start), height: height(operand))
  }

  /// power ::= postfix ('^' unary | '²' | '³')?
  private mutating func parsePower() -> ExprID {
    let start = position
    let base = parsePostfix()
    if isPanicking { return base }
    switch current.kind {
    case .caret: return parseExponent(base, start)
    case .squared, .cubed: return parseSuperscript(base, start)
    default: return base
    }
  }

  private mutating func parseExponent(_ base: ExprID, _ start: Int) -> ExprID {
    guard enter() else {
      leave()
      return makeError(currentSpan)
    }
    defer { leave() }
    advance()
    return makeBinary(.power, base, parseUnary(), start)
  }

  private mutating func parseSuperscript(_ base: ExprID, _ start: Int) -> ExprID {
    if current.startsLine, bracketDepth == 0 { return base }
    let text = current.kind == .squared ? "2" : "3"
    let exponent = make(.number(text == "2" ? 2 : 3, text: text), currentSpan)
    advance()
    let power = makeBinary(.power, base, exponent, start)
    switch current.kind {
    case .caret, .squared, .cubed, .dot, .prime: fail(.powerOfSuperscript(currentSpan))
    default: break
    }
    return power
  }
}

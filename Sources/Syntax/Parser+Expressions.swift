import Basics
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
    return parseBinary(.or)
  }

  private mutating func parseConditional() -> ExprID {
    let start = position
    advance()
    let condition = parseExpression()
    guard takeWord(.then, of: start) else { return makeError(span(tokens[start])) }
    let then = parseExpression()
    guard takeWord(.else, of: start) else { return makeError(span(tokens[start])) }
    let otherwise = parseExpression()
    return makeConditional(start, condition, then, otherwise)
  }

  private mutating func makeConditional(
    _ start: Int, _ condition: ExprID, _ then: ExprID, _ otherwise: ExprID
  ) -> ExprID {
    make(
      .conditional(condition, then: then, otherwise: otherwise), span(from: start),
      height: max(height(condition), height(then), height(otherwise)))
  }

  /// Reads `then` or `else` of the choice that began at `start`, or reports it missing.
  private mutating func takeWord(_ word: Word, of start: Int) -> Bool {
    if isPanicking { return false }
    if current.word == word {
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
    while let (operation, tighter) = takeBinary(least, &comparison) {
      let right = tighter.map { parseBinary($0) } ?? parseOperand()
      left = makeBinary(operation, left, right, start)
    }
    return left
  }

  /// Takes the binary operator that stands here if it binds at least as tightly as `least`.
  private mutating func takeBinary(
    _ least: Precedence, _ comparison: inout Span?
  ) -> (operation: BinaryOperator, next: Precedence?)? {
    guard !isPanicking, let (operation, precedence) = binaryOperator,
      precedence.rawValue >= least.rawValue
    else { return nil }
    let sign = currentSpan
    if precedence == .comparison {
      if let first = comparison { note(.chainedComparison(first, second: sign)) }
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

  /// unary ::= '-' unary | '√' unary | name 'over' name unary | power
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
    return makeReduction(start, parseUnary())
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

  // MARK: Postfix

  private mutating func parsePostfix() -> ExprID {
    let start = position
    var left = parsePrimary()
    while !isPanicking, let longer = parsePostfixPart(left, start) { left = longer }
    return left
  }

  /// What stands behind an operand and belongs to it; nil when nothing does.
  private mutating func parsePostfixPart(_ left: ExprID, _ start: Int) -> ExprID? {
    switch current.kind {
    case .dot: return parseMember(left, start)
    case .leftBracket:
      return current.startsLine && bracketDepth == 0 ? nil : parseIndex(left, start)
    case .prime:
      note(.misplacedPrime(currentSpan))
      advance()
      return left
    case .leftParenthesis:
      if !current.startsLine || bracketDepth > 0 { fail(.notCallable(currentSpan)) }
      return nil
    default: return nil
    }
  }

  private mutating func parseMember(_ left: ExprID, _ start: Int) -> ExprID? {
    advance()
    guard let member = parseName("a name after `.`") else { return nil }
    return member.key == "T"
      ? make(.transpose(left), span(from: start), height: height(left))
      : make(.member(left, member), span(from: start), height: height(left))
  }

  private mutating func parseIndex(_ base: ExprID, _ start: Int) -> ExprID {
    let opening = position
    tokens[position].role = .attached
    advance()
    bracketDepth += 1
    let outerNorm = normDepth
    normDepth = 0
    var positions: [Subscript] = []
    var highest = height(base)
    parseList(until: .rightBracket) { parser in
      var low: ExprID?
      if parser.current.kind != .colon {
        let value = parser.parseExpression()
        highest = max(highest, parser.height(value))
        low = value
      }
      guard !parser.isPanicking, parser.current.kind == .colon else {
        if let low { positions.append(.at(low)) }
        return
      }
      parser.tokens[parser.position].role = .slice
      parser.advance()
      var high: ExprID?
      if parser.current.kind != .comma, parser.current.kind != .rightBracket {
        let value = parser.parseExpression()
        highest = max(highest, parser.height(value))
        high = value
      }
      positions.append(.range(from: low, to: high))
    }
    bracketDepth -= 1
    normDepth = outerNorm
    if positions.isEmpty, !isPanicking {
      fail(.expectedExpression(foundSpan, found: found, after: "["))
    }
    close(.rightBracket, "]", openedAt: opening)
    return make(.index(base, positions), span(from: start), height: highest)
  }

  /// arguments ::= '(' (argument (',' argument)*)? ')'
  mutating func parseArguments() -> [Argument] {
    let opening = position
    tokens[position].role = .attached
    advance()
    bracketDepth += 1
    let outerNorm = normDepth
    normDepth = 0
    var arguments: [Argument] = []
    var isNamed = false
    parseList(until: .rightParenthesis) { parser in
      var label: Name?
      if parser.current.isName, parser.next.kind == .equal {
        label = parser.name(parser.current)
        parser.position += 2
        isNamed = true
      } else if isNamed {
        parser.note(.positionalAfterNamed(parser.currentSpan))
      }
      arguments.append(Argument(label: label, value: parser.parseExpression()))
    }
    bracketDepth -= 1
    normDepth = outerNorm
    close(.rightParenthesis, ")", openedAt: opening)
    return arguments
  }

  // MARK: Primary

  /// What a message calls the place before a missing expression.
  private var previousText: String? {
    guard position > 0 else { return nil }
    let previous = tokens[position - 1]
    return previous.end - previous.start <= 40 ? text(previous) : nil
  }

  // The functions on the way down are kept small, and what is rare stands in functions of its own:
  // their frames bound how deep a text may nest.

  private mutating func parsePrimary() -> ExprID {
    let kind = current.kind
    if current.startsLine, position > 0, reportMissingOperand() { return makeError(placeAfter) }
    switch kind {
    case .number: return parseNumber()
    case .string: return parseString()
    case .word: return parseWord()
    case .leftParenthesis: return parseParenthesized()
    case .leftBracket: return parseListLiteral()
    case .norm, .doubleBar: return parseNorm()
    default: return failExpression()
    }
  }

  private mutating func failExpression() -> ExprID {
    fail(.expectedExpression(foundSpan, found: found, after: previousText))
    return makeError(foundSpan)
  }

  /// The next line is an equation or an item: this one ended too soon.
  private mutating func reportMissingOperand() -> Bool {
    guard startsEquation(at: position, primedOnly: bracketDepth > 0) || startsItem else {
      return false
    }
    fail(.expectedExpression(placeAfter, found: nil, after: previousText))
    return true
  }

  private mutating func parseNumber() -> ExprID {
    let token = current
    advance()
    let text = text(token)
    let value = Self.value(text)
    if value.isInfinite {
      note(
        .malformedNumber(
          span(token), "this number is beyond the largest, about 1.8e308", replacement: "inf"))
    }
    return make(.number(value, text: text), span(token))
  }

  private mutating func parseString() -> ExprID {
    let token = current
    advance()
    return make(.string(unescaped(token)), span(token))
  }

  private mutating func parseParenthesized() -> ExprID {
    let start = position
    advance()
    bracketDepth += 1
    let outerNorm = normDepth
    normDepth = 0
    let inner = parseExpression()
    if isPanicking { _ = recoverInBrackets() }
    bracketDepth -= 1
    normDepth = outerNorm
    close(.rightParenthesis, ")", openedAt: start)
    return inner
  }

  private mutating func parseListLiteral() -> ExprID {
    let start = position
    advance()
    bracketDepth += 1
    let outerNorm = normDepth
    normDepth = 0
    var elements: [ExprID] = []
    var highest: UInt16 = 0
    parseList(until: .rightBracket) { parser in
      let element = parser.parseExpression()
      elements.append(element)
      highest = max(highest, parser.height(element))
    }
    bracketDepth -= 1
    normDepth = outerNorm
    close(.rightBracket, "]", openedAt: start)
    return make(.list(elements), span(from: start), height: highest)
  }

  /// `‖x‖`
  private mutating func parseNorm() -> ExprID {
    let start = position
    tokens[start].role = .normOpen
    advance()
    bracketDepth += 1
    normDepth += 1
    let inner = parseExpression()
    if isPanicking { _ = recoverInBrackets() }
    bracketDepth -= 1
    normDepth -= 1
    return makeNorm(start, inner)
  }

  private mutating func makeNorm(_ start: Int, _ inner: ExprID) -> ExprID {
    let kind = tokens[start].kind
    if current.kind == kind {
      tokens[position].role = .normClose
      if kind == .doubleBar { note(.foreignNorm(span(tokens[start]), currentSpan)) }
    }
    close(kind, kind == .norm ? "‖" : "||", openedAt: start)
    return make(.norm(inner), span(from: start), height: height(inner))
  }

  private mutating func parseWord() -> ExprID {
    let start = position
    switch current.word {
    case .inf, .pi: return parseConstant()
    case .global:
      if next.isName || next.kind == .norm, !next.startsLine || bracketDepth > 0 {
        return parseGlobal()
      }
    case .if: return parseMisplacedConditional()
    default:
      if !current.isName { return failExpression() }
    }
    switch next.kind {
    case .prime: return parsePrimed()
    case .leftParenthesis where !next.startsLine || bracketDepth > 0:
      advance()
      let arguments = parseArguments()
      return makeCall(start, arguments)
    default:
      let token = current
      advance()
      return make(.name(name(token)), span(token))
    }
  }

  private mutating func makeCall(_ start: Int, _ arguments: [Argument]) -> ExprID {
    let called = name(tokens[start])
    markSign(start, called, arguments)
    return make(.call(called, arguments), span(from: start), height: height(arguments))
  }

  private mutating func parseConstant() -> ExprID {
    let token = current
    advance()
    return make(
      .number(token.word == .inf ? .infinity : .pi, text: text(token)), span(token))
  }

  private mutating func parsePrimed() -> ExprID {
    let start = position
    let called = name(current)
    position += 2
    if current.kind == .prime {
      note(.misplacedPrime(currentSpan))
      while current.kind == .prime { advance() }
    }
    return make(.primed(called), span(from: start))
  }

  private mutating func parseGlobal() -> ExprID {
    let start = position
    guard enter() else {
      leave()
      return makeError(currentSpan)
    }
    defer { leave() }
    advance()
    let operand = parsePostfix()
    return make(.global(operand), span(from: start), height: height(operand))
  }

  private mutating func parseMisplacedConditional() -> ExprID {
    let start = position
    let choice = parseExpression()
    note(.needsParentheses(span(tokens[start]), "if", whole: span(from: start)))
    return choice
  }

  /// Marks a call that `fmt --unicode` may write as a sign: `√x`, `‖x‖`.
  private mutating func markSign(_ start: Int, _ called: Name, _ arguments: [Argument]) {
    guard !isPanicking, arguments.count == 1, arguments[0].label == nil,
      tokens[max(position - 2, 0)].kind != .comma,
      start == 0 || tokens[start - 1].word != .global
    else { return }
    if called.key == "norm" { tokens[start].role = .normCall }
    guard called.key == "sqrt" else { return }
    // A root reaches as far as a sign does: `√x^2` is the root of `x^2`.
    switch current.kind {
    case .caret, .squared, .cubed, .dot, .leftBracket, .prime: break
    default: tokens[start].role = .rootCall
    }
  }

  // MARK: Literals

  private static func value(_ text: String) -> Double {
    if let value = Double(text) { return value }
    let plain = text.filter { $0 != "_" }
    return Double(plain) ?? Double("0" + plain) ?? .nan
  }

  /// The text of a string literal without its quotes.
  private func unescaped(_ token: Token) -> String {
    var low = Int(token.start) + 1
    var high = Int(token.end)
    let quote = file.bytes[low - 1]
    if high > low, file.bytes[high - 1] == quote { high -= 1 }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(high - low)
    while low < high {
      if file.bytes[low] == UInt8(ascii: "\\"), low + 1 < high {
        low += 1
        bytes.append(file.bytes[low] == UInt8(ascii: "n") ? 0x0A : file.bytes[low])
      } else {
        bytes.append(file.bytes[low])
      }
      low += 1
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

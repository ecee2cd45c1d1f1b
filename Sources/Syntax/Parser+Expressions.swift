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
    var parts = [condition, condition]
    for (i, word) in [Word.then, .else].enumerated() {
      if isPanicking { return makeError(span(from: start)) }
      guard current.kind == .word, current.word == word else {
        if current.kind == .leftBrace, word == .then {
          fail(
            .incompleteConditional(
              currentSpan, missing: "then", condition: span(tokens[start]),
              fixIts: [
                FixIt("guard equations with `when`", at: span(tokens[start]), replacement: "when")
              ]))
        } else {
          fail(
            .incompleteConditional(
              foundSpan, missing: word.rawValue, condition: span(tokens[start])))
        }
        return makeError(span(from: start))
      }
      advance()
      parts[i] = parseExpression()
    }
    return make(
      .conditional(condition, then: parts[0], otherwise: parts[1]), span(from: start),
      height: max(height(condition), height(parts[0]), height(parts[1])))
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
    var left: ExprID
    if current.kind == .word, current.word == .not {
      left = parseNot(inside: least)
    } else {
      left = parseUnary()
    }
    var comparison: Span?
    while !isPanicking, let (operation, precedence) = binaryOperator,
      precedence.rawValue >= least.rawValue
    {
      let sign = currentSpan
      if precedence == .comparison {
        if let first = comparison { note(.chainedComparison(first, second: sign)) }
        comparison = sign
      } else {
        comparison = nil
      }
      if current.kind == .doubleBar { note(.foreignOperator(sign, "||", "or")) }
      advance()
      let right =
        Precedence(rawValue: precedence.rawValue + 1).map { parseBinary($0) } ?? parseOperand()
      left = make(
        .binary(operation, left, right), span(from: start), height: max(height(left), height(right)))
    }
    return left
  }

  /// The right operand of a product.
  private mutating func parseOperand() -> ExprID {
    current.kind == .word && current.word == .not ? parseNot(inside: .product) : parseUnary()
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
    let start = position
    switch current.kind {
    case .minus:
      guard enterPrefix() else { return makeError(currentSpan) }
      defer { leave() }
      let operand = parseUnary()
      return make(.unary(.minus, operand), span(from: start), height: height(operand))
    case .root:
      guard enterPrefix() else { return makeError(currentSpan) }
      defer { leave() }
      let sign = span(tokens[start])
      let operand = parseUnary()
      roots.append((start, position - 1))
      return make(
        .call(Name(key: "sqrt", text: "sqrt", span: sign), [Argument(label: nil, value: operand)]),
        span(from: start), height: height(operand))
    case .word:
      guard next.word == .over, current.isName, token(2).isName, !next.startsLine || bracketDepth > 0
      else { return parsePower() }
      guard enter() else {
        leave()
        return makeError(currentSpan)
      }
      defer { leave() }
      let reduction = name(current)
      let axis = name(token(2))
      position += 3
      let operand = parseUnary()
      return make(
        .over(reduction: reduction, axis: axis, operand), span(from: start), height: height(operand))
    default:
      return parsePower()
    }
  }

  private mutating func enterPrefix() -> Bool {
    guard enter() else {
      leave()
      return false
    }
    tokens[position].role = .prefix
    advance()
    return true
  }

  /// power ::= postfix ('^' unary | '²' | '³')?
  private mutating func parsePower() -> ExprID {
    let start = position
    let base = parsePostfix()
    if isPanicking { return base }
    switch current.kind {
    case .caret:
      guard enter() else {
        leave()
        return makeError(currentSpan)
      }
      defer { leave() }
      advance()
      let exponent = parseUnary()
      return make(
        .binary(.power, base, exponent), span(from: start),
        height: max(height(base), height(exponent)))
    case .squared, .cubed:
      if current.startsLine, bracketDepth == 0 { return base }
      let text = current.kind == .squared ? "2" : "3"
      let exponent = make(.number(text == "2" ? 2 : 3, text: text), currentSpan)
      advance()
      let power = make(
        .binary(.power, base, exponent), span(from: start), height: max(height(base), 1))
      switch current.kind {
      case .caret, .squared, .cubed, .dot, .prime:
        fail(.powerOfSuperscript(currentSpan))
      default: break
      }
      return power
    default:
      return base
    }
  }

  // MARK: Postfix

  private mutating func parsePostfix() -> ExprID {
    let start = position
    var left = parsePrimary()
    while !isPanicking {
      switch current.kind {
      case .dot:
        advance()
        guard let member = parseName("a name after `.`") else { return left }
        left =
          member.key == "T"
          ? make(.transpose(left), span(from: start), height: height(left))
          : make(.member(left, member), span(from: start), height: height(left))
      case .leftBracket:
        if isAtLineStart { return left }
        left = parseIndex(left, start)
      case .prime:
        note(.misplacedPrime(currentSpan))
        advance()
      case .leftParenthesis:
        if isAtLineStart { return left }
        fail(.notCallable(currentSpan))
      default:
        return left
      }
    }
    return left
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

  private mutating func parsePrimary() -> ExprID {
    let start = position
    let token = current
    let lineNeedsMore = token.startsLine && position > 0
    if lineNeedsMore, startsEquation(at: position, primedOnly: bracketDepth > 0) || startsItem {
      fail(.expectedExpression(placeAfter, found: nil, after: previousText))
      return makeError(placeAfter)
    }
    switch token.kind {
    case .number:
      advance()
      let text = text(token)
      return make(.number(Self.value(text), text: text), span(token))
    case .string:
      advance()
      return make(.string(unescaped(token)), span(token))
    case .word:
      return parseWord()
    case .leftParenthesis:
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
    case .leftBracket:
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
    case .norm, .doubleBar:
      return parseNorm()
    case .plus where !lineNeedsMore:
      fail(.expectedExpression(span(token), found: shown(token), after: previousText))
      return makeError(span(token))
    default:
      fail(.expectedExpression(foundSpan, found: found, after: previousText))
      return makeError(foundSpan)
    }
  }

  /// `‖x‖`
  private mutating func parseNorm() -> ExprID {
    let start = position
    let kind = current.kind
    tokens[start].role = .normOpen
    if kind == .doubleBar {
      note(.foreignOperator(currentSpan, "||", "‖"))
    }
    advance()
    bracketDepth += 1
    normDepth += 1
    let inner = parseExpression()
    if isPanicking { _ = recoverInBrackets() }
    bracketDepth -= 1
    normDepth -= 1
    if current.kind == kind { tokens[position].role = .normClose }
    close(kind, kind == .norm ? "‖" : "||", openedAt: start)
    return make(.norm(inner), span(from: start), height: height(inner))
  }

  private mutating func parseWord() -> ExprID {
    let start = position
    let token = current
    switch token.word {
    case .inf, .pi:
      advance()
      return make(
        .number(token.word == .inf ? .infinity : .pi, text: text(token)), span(token))
    case .global where next.isName || next.kind == .norm:
      if next.startsLine, bracketDepth == 0 { break }
      guard enter() else {
        leave()
        return makeError(currentSpan)
      }
      defer { leave() }
      advance()
      let operand = parsePostfix()
      return make(.global(operand), span(from: start), height: height(operand))
    case .if:
      let choice = parseExpression()
      note(.needsParentheses(span(token), "if", whole: span(from: start)))
      return choice
    default:
      guard token.isName else {
        fail(.expectedExpression(foundSpan, found: found, after: previousText))
        return makeError(foundSpan)
      }
    }
    let called = name(token)
    advance()
    switch current.kind {
    case .prime:
      advance()
      if current.kind == .prime {
        note(.misplacedPrime(currentSpan))
        while current.kind == .prime { advance() }
      }
      return make(.primed(called), span(from: start))
    case .leftParenthesis where !isAtLineStart:
      let arguments = parseArguments()
      markSign(start, called, arguments)
      return make(.call(called, arguments), span(from: start), height: height(arguments))
    default:
      return make(.name(called), span(token))
    }
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

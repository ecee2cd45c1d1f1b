import Basics
import Diagnostics

/// What operators stand between: names, numbers, calls, brackets, and what follows them.
extension Parser {
  // MARK: Postfix

  mutating func parsePostfix() -> ExprID {
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
      if !current.startsLine || bracketDepth > 0 {
        if case .member(let base, let name) = tree[left] {
          failForeignCall(base, name, start)
        } else {
          fail(.notCallable(currentSpan))
        }
      }
      return nil
    default: return nil
    }
  }

  /// `np.sign(g)`, `m.mul(β)`: a function of a module, or of a value.
  private mutating func failForeignCall(_ base: ExprID, _ name: Name, _ start: Int) {
    let arguments = parseArguments()
    if isPanicking { return }
    var root = base
    while case .member(let inner, _) = tree[root] { root = inner }
    var isModule = false
    if case .name(let name) = tree[root] { isModule = ForeignNames.modules.contains(name.text) }
    let texts = (isModule ? [] : [base]) + arguments.map(\.value)
    let written = texts.map { text(of: tree.span($0)) }
    let own =
      ForeignNames.call(name.text, written)
      ?? "\(name.text)(\(written.joined(separator: ", ")))"
    let call = span(from: start)
    fail(
      .foreignCall(call, isModule: isModule, ForeignNames.placed(own, at: call, in: file)))
  }

  private mutating func parseMember(_ left: ExprID, _ start: Int) -> ExprID? {
    advance()
    if case .name(let module) = tree[left], ForeignNames.modules.contains(module.text),
      current.word == .pi || current.word == .inf
    {
      let own = text(current)
      advance()
      note(.foreignCall(span(from: start), isModule: true, own))
      return make(.number(own == "pi" ? .pi : .infinity, text: own), span(from: start))
    }
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
        switch file.bytes[low] {
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "t"): bytes.append(0x09)
        default: bytes.append(file.bytes[low])
        }
      } else {
        bytes.append(file.bytes[low])
      }
      low += 1
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

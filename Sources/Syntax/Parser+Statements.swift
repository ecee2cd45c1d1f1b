import Diagnostics

/// The body that a statement stands in; its innermost declaration.
enum BodyKind: String {
  case rule = "a rule"
  case function = "a function"
  case objective = "an objective"
}

extension Parser {
  // MARK: Blocks

  /// block ::= '{' statement* '}'
  mutating func parseBlock(of what: String, in kind: BodyKind, isOutermost: Bool) -> [Statement] {
    guard current.kind == .leftBrace else {
      fail(.missingBody(foundSpan, of: what, found: found))
      return []
    }
    guard enter() else {
      leave()
      return []
    }
    defer { leave() }
    let opening = position
    let outer = (bracketDepth, normDepth)
    (bracketDepth, normDepth) = (0, 0)
    defer { (bracketDepth, normDepth) = outer }
    advance()
    let statements = parseStatements(in: kind, isOutermost: isOutermost)
    if current.kind == .rightBrace {
      advance()
    } else if !gaveUp {
      isPanicking = false
      note(.missingBrace(at: placeAfter, opened: span(tokens[opening])))
    }
    return statements
  }

  private mutating func parseStatements(in kind: BodyKind, isOutermost: Bool) -> [Statement] {
    var statements: [Statement] = []
    // The last line of a function is its value; any other value without a name is a mistake.
    var pending: Int?
    var isSeparated = true
    while true {
      while consume(.semicolon) { isSeparated = true }
      if current.kind == .end || current.kind == .rightBrace || startsItemLine { break }
      if !isSeparated, !current.startsLine, !startsStatementHere {
        if !reportForeign(in: kind) { reportUnexpected() }
        recover(from: position)
        isSeparated = true
        continue
      }
      if let index = pending {
        noteBareExpression(statements[index], kind)
        pending = nil
      }
      let start = position
      tokens[start].startsStatement = true
      let statement = parseStatement(in: kind)
      statements.append(statement)
      isSeparated = false
      if isPanicking {
        if gaveUp { break }
        recover(from: start)
        isSeparated = true
      } else if case .result = statement.kind {
        if kind == .function, isOutermost {
          pending = statements.count - 1
        } else {
          noteBareExpression(statement, kind)
        }
      }
      if position == start { advance() }
    }
    return statements
  }

  private var startsItemLine: Bool { current.startsLine && startsItem }

  private mutating func noteBareExpression(_ statement: Statement, _ kind: BodyKind) {
    guard case .result(let values) = statement.kind else { return }
    var fixIts: [FixIt] = []
    if values.count == 1, case .binary(.equal, let left, let right) = tree[values[0]] {
      switch tree[left] {
      case .name, .primed:
        let between = Span(tree.span(left).end, tree.span(right).start)
        fixIts = [FixIt("write an equation", at: between, replacement: " = ")]
      default: break
      }
    }
    note(.bareExpression(statement.span, in: kind.rawValue, fixIts: fixIts))
  }

  /// A statement that may follow another on the same line: an equation, or one with a keyword.
  private var startsStatementHere: Bool {
    startsKeywordStatement || startsTerm || targetCount(at: position) != nil
  }

  /// `loss data = …`
  private var startsTerm: Bool {
    current.isName && text(current) == "loss" && next.isName && !next.startsLine
      && token(2).kind == .equal
  }

  private var startsKeywordStatement: Bool {
    guard current.kind == .word, !next.startsLine else { return false }
    switch current.word {
    case .state, .input, .param, .view, .metric, .guard:
      return next.isName || next.kind == .number || next.kind == .string
    case .matrices:
      return next.word == .over
    case .when, .every, .repeat:
      switch next.kind {
      case .word:
        return !next.word.isReserved || next.word == .not || next.word == .if || next.word == .pi
          || next.word == .inf
      case .number, .string, .leftParenthesis, .minus, .root, .norm, .leftBracket, .leftBrace:
        return true
      default: return false
      }
    default: return false
    }
  }

  // MARK: Statements

  private mutating func parseStatement(in kind: BodyKind) -> Statement {
    let start = position
    if startsKeywordStatement {
      let word = current.word
      advance()
      let statement = parseKeywordStatement(word, in: kind)
      return Statement(statement ?? .error, span(from: start))
    }
    if startsTerm {
      let term = name(next)
      position += 3
      return Statement(.term(term, parseExpression()), span(from: start))
    }
    if let count = targetCount(at: position) { return parseEquation(count) }
    if reportForeign(in: kind) || reportGuard() { return Statement(.error, span(from: start)) }
    var values = [parseExpression()]
    while !isPanicking, !current.startsLine, consume(.comma) { values.append(parseExpression()) }
    if isPanicking { return Statement(.error, span(from: start)) }
    if !current.startsLine {
      if current.kind == .equal {
        fail(
          .badTarget(
            span(from: start), "the left side of an equation is a name, such as `m'` or `update`"))
        return Statement(.error, span(from: start))
      }
      if current.kind == .colonEqual || current.kind == .compoundAssign {
        fail(.foreignAssignment(currentSpan, text(current), fixIts: []))
        return Statement(.error, span(from: start))
      }
    }
    return Statement(.result(values), span(from: start))
  }

  private mutating func parseKeywordStatement(
    _ word: Word, in kind: BodyKind
  ) -> Statement.Kind? {
    switch word {
    case .state: return .state(parseBindings())
    case .input: return .input(parseBindings())
    case .param:
      if current.word == .ascend, next.kind == .word, next.isName {
        fail(
          .expectedName(
            currentSpan,
            what: "the name of a parameter; what is marked `ascend` stands in the header, as in "
              + "`objective duel(ascend \(text(next)): scalar = 1)`", found: "`ascend`"))
        return nil
      }
      return .param(parseBindings())
    case .view, .metric:
      guard let name = parseName("a name") else { return nil }
      guard expectEquals(after: "`\(word.rawValue) \(name.text)`") else { return nil }
      let value = parseExpression()
      return word == .view ? .view(name, value) : .metric(name, value)
    case .guard:
      guard current.kind == .word, text(current) == "finite" else {
        fail(.expectedName(currentSpan, what: "`finite` after `guard`", found: shown(current)))
        return nil
      }
      advance()
      return .guardFinite
    case .matrices:
      advance()
      guard current.kind == .word, text(current) == "trailing" else {
        fail(
          .expectedName(foundSpan, what: "`trailing` after `matrices over`", found: found))
        return nil
      }
      advance()
      return .matricesOverTrailing
    case .when: return parseWhen(in: kind)
    case .every, .repeat:
      let count = parseExpression()
      if isPanicking { return nil }
      let body = parseBlock(of: "`\(word.rawValue)`", in: kind, isOutermost: false)
      return word == .every ? .every(count, body) : .repeats(count, body)
    default: return nil
    }
  }

  /// when ::= 'when' expression block ('else' (when | block))?
  private mutating func parseWhen(in kind: BodyKind) -> Statement.Kind? {
    guard enter() else {
      leave()
      return nil
    }
    defer { leave() }
    let condition = parseExpression()
    if isPanicking { return nil }
    let body = parseBlock(of: "`when`", in: kind, isOutermost: false)
    if isPanicking { return .when(condition, body, otherwise: nil) }
    guard current.kind == .word, current.word == .else else {
      return .when(condition, body, otherwise: nil)
    }
    advance()
    if current.kind == .word, current.word == .when || current.word == .if, !current.startsLine {
      if current.word == .if {
        note(.foreignWord(currentSpan, "equations are guarded by `when`", replacement: "when"))
      }
      let start = position
      advance()
      let nested = parseWhen(in: kind) ?? .error
      return .when(condition, body, otherwise: [Statement(nested, span(from: start))])
    }
    let otherwise = parseBlock(of: "`else`", in: kind, isOutermost: false)
    return .when(condition, body, otherwise: otherwise)
  }

  // MARK: Bindings

  /// bindings ::= binding (',' binding)*
  private mutating func parseBindings() -> [Binding] {
    var bindings: [Binding] = []
    repeat {
      guard let binding = parseBinding() else { break }
      bindings.append(binding)
    } while !isPanicking && consume(.comma)
    return bindings
  }

  /// binding ::= name (':' type)? ('=' expression)? storage?
  private mutating func parseBinding() -> Binding? {
    let start = position
    // After a comma the list goes on in the next line.
    guard current.isName else {
      fail(.expectedName(foundSpan, what: "a name", found: found))
      return nil
    }
    let name = name(current)
    advance()
    if current.kind == .prime {
      note(.misplacedPrime(currentSpan))
      while current.kind == .prime { advance() }
    }
    var binding = Binding(name: name, type: nil, initial: nil, storage: nil, span: name.span)
    if !isPanicking, consume(.colon) { binding.type = parseType() }
    if !isPanicking, !isAtLineStart, current.word == .as { binding.storage = parseStorage() }
    if !isPanicking, consume(.equal) { binding.initial = parseExpression() }
    if !isPanicking, !isAtLineStart, current.word == .as, binding.storage == nil {
      binding.storage = parseStorage()
    }
    binding.span = span(from: start)
    return binding
  }

  /// storage ::= 'as' name arguments? rounding?
  private mutating func parseStorage() -> StorageExpr? {
    let start = position
    advance()
    guard let format = parseName("a storage type such as `bf16` after `as`") else { return nil }
    var arguments: [Argument] = []
    if current.kind == .leftParenthesis, !isAtLineStart { arguments = parseArguments() }
    var rounding: Name?
    if !isPanicking, !isAtLineStart, current.word == .round { rounding = parseRounding() }
    return StorageExpr(
      format: format, arguments: arguments, rounding: rounding, span: span(from: start))
  }

  /// type ::= name ('(' expression (',' expression)* ')')?
  mutating func parseType() -> TypeExpr? {
    let start = position
    guard let kind = parseName("a kind such as `scalar` or `vector(rows)` after `:`") else {
      return nil
    }
    var extents: [ExprID] = []
    if current.kind == .leftParenthesis, !isAtLineStart {
      let opening = position
      tokens[position].role = .attached
      advance()
      bracketDepth += 1
      parseList(until: .rightParenthesis) { extents.append($0.parseExpression()) }
      bracketDepth -= 1
      close(.rightParenthesis, ")", openedAt: opening)
    }
    return TypeExpr(kind: kind, extents: extents, span: span(from: start))
  }

  // MARK: Equations

  /// The number of targets when `a, b' =` stands here: the left side of an equation.
  func targetCount(at start: Int) -> Int? {
    var i = start
    var count = 0
    while true {
      guard tokens[i].isName else { return nil }
      count += 1
      i += 1
      while tokens[i].kind == .prime { i += 1 }
      switch tokens[i].kind {
      case .comma: i += 1
      case .equal, .colonEqual, .compoundAssign: return tokens[i].startsLine ? nil : count
      case .less:
        // `m <- x`, an assignment of other languages.
        let minus = tokens[min(i + 1, tokens.count - 1)]
        let after = tokens[min(i + 2, tokens.count - 1)]
        let isArrow =
          minus.kind == .minus && minus.start == tokens[i].end && after.start > minus.end
          && tokens[i].start > tokens[i - 1].end
        return isArrow ? count : nil
      default: return nil
      }
    }
  }

  private mutating func parseEquation(_ count: Int) -> Statement {
    let start = position
    var targets = parseTargets(count)
    if current.kind == .equal {
      advance()
    } else {
      reportForeignAssignment(targets)
      if isPanicking { return Statement(.error, span(from: start)) }
    }
    let value = parseExpression()
    if !isPanicking, !isAtLineStart, current.word == .round {
      targets[targets.count - 1].rounding = parseRounding()
    }
    return Statement(.equation(targets, value), span(from: start))
  }

  /// rounding ::= 'round' name
  private mutating func parseRounding() -> Name? {
    advance()
    return parseName("a way of rounding such as `stochastic` after `round`")
  }

  mutating func parseTargets(_ count: Int) -> [EquationTarget] {
    var targets: [EquationTarget] = []
    for i in 0..<count {
      if i > 0 { advance() }
      let name = name(current)
      advance()
      let isPrimed = consume(.prime)
      if current.kind == .prime {
        note(.misplacedPrime(currentSpan))
        while current.kind == .prime { advance() }
      }
      targets.append(EquationTarget(name: name, isPrimed: isPrimed))
    }
    return targets
  }

  /// `:=` and `<-` are read as `=`; `+=` states no whole value.
  mutating func reportForeignAssignment(
    _ targets: [EquationTarget], isInScript: Bool = false
  ) {
    switch current.kind {
    case .colonEqual:
      note(
        .foreignAssignment(
          currentSpan, ":=", fixIts: [FixIt("write `=`", at: currentSpan, replacement: "=")]))
      advance()
    case .less:
      let arrow = currentSpan.union(span(next))
      note(
        .foreignAssignment(
          arrow, "<-", fixIts: [FixIt("write `=`", at: arrow, replacement: "=")]))
      advance()
      advance()
    default:
      let written = text(current)
      let sign = written.prefix(1)
      var fixIts: [FixIt] = []
      if targets.count == 1 {
        let name = targets[0].name.text
        // A script's name stands for one value: the new one gets a name of its own.
        let mark = isInScript ? "2" : "'"
        let replacement =
          targets[0].isPrimed ? "= \(name) \(sign)" : "\(mark) = \(name) \(sign)"
        let place =
          targets[0].isPrimed ? currentSpan : Span(targets[0].name.span.end, currentSpan.end)
        fixIts = [FixIt("state the whole new value", at: place, replacement: replacement)]
      }
      fail(.foreignAssignment(currentSpan, written, fixIts: fixIts))
    }
  }

  /// Reads `=`, or reports it missing.
  mutating func expectEquals(after what: String) -> Bool {
    if current.kind == .equal {
      advance()
      return true
    }
    if current.kind == .colonEqual {
      reportForeignAssignment([])
      return true
    }
    fail(.expectedEquals(foundSpan, after: what, found: found))
    return false
  }
}

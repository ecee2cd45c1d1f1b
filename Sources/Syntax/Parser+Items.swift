import Diagnostics

extension Parser {
  /// program ::= item*
  mutating func parseItems() {
    var isSeparated = true
    while true {
      while consume(.semicolon) { isSeparated = true }
      if current.kind == .end { return }
      if !isSeparated, !current.startsLine, !startsEquation(at: position), !startsItem {
        reportUnexpected()
        recover(from: position)
        isSeparated = true
        continue
      }
      let start = position
      tokens[start].startsStatement = true
      let kind = parseItem()
      tree.items.append(Item(kind, span(from: start)))
      if tree.items.count > Self.itemLimit {
        return giveUp(.tooManyItems(span(from: start), limit: Self.itemLimit))
      }
      isSeparated = false
      if isPanicking {
        if gaveUp { return }
        recover(from: start)
        isSeparated = true
      }
      if position == start { advance() }
    }
  }

  private mutating func parseItem() -> Item.Kind {
    let start = position
    if current.kind == .word, current.isName, startsDeclaration {
      let documentation = documentation(before: start)
      advance()
      switch tokens[start].word {
      case .rule: return parseRule(documentation, start)
      case .fn: return parseFunction(documentation, start)
      case .objective: return parseObjective(documentation, start)
      case .data: return parseData()
      case .task: return parseTask(documentation)
      case .minimize: return parseMinimize(isMaximised: false)
      case .maximize: return parseMinimize(isMaximised: true)
      case .train: return parseTrain()
      case .plot: return parsePlot()
      case .save: return parseSave()
      case .search: return parseSearch()
      default: return .assert(parseExpression())
      }
    }
    if let count = targetCount(at: position) { return parseDefinition(count) }
    if reportMisplaced() || reportForeign() { return .error }
    if current.kind == .rightBrace || current.kind == .rightParenthesis
      || current.kind == .rightBracket
    {
      fail(.strayClosing(currentSpan, text(current)))
      advance()
      return .error
    }
    let value = parseExpression()
    if isPanicking { return .error }
    if !current.startsLine, current.kind == .equal {
      fail(.badTarget(span(from: start), "the left side of a definition is a name"))
      return .error
    }
    return .expression(value)
  }

  /// The word here starts a declaration or a command, and is not a name that is used.
  private var startsDeclaration: Bool {
    let following = next
    switch current.word {
    case .rule, .fn, .objective, .data, .task, .minimize, .maximize, .train:
      switch following.kind {
      case .word: return following.isName
      case .leftParenthesis, .leftBrace, .end, .number, .string, .invalid: return true
      default: return following.startsLine
      }
    case .search, .save: return following.isName && !following.startsLine
    case .plot, .assert:
      if following.startsLine { return true }
      switch following.kind {
      case .word:
        return !following.word.isReserved || following.word == .not || following.word == .if
          || following.word == .inf || following.word == .pi
      case .leftParenthesis, .leftBracket, .number, .string, .root, .norm, .minus, .end: return true
      default: return false
      }
    default: return false
    }
  }

  private mutating func parseDefinition(_ count: Int) -> Item.Kind {
    let start = position
    let targets = parseTargets(count)
    if targets.contains(where: \.isPrimed) {
      fail(
        .misplaced(
          span(from: start), "an equation of a state stands inside a rule: `rule Name { … }`"))
      return .error
    }
    guard targets.count == 1 else {
      fail(.badTarget(span(from: start), "a definition of the script names one value"))
      return .error
    }
    if current.kind == .equal {
      advance()
    } else {
      reportForeignAssignment(targets, isInScript: true)
    }
    if isPanicking { return .error }
    if text(current) == "lambda", next.isName, next.word != .over, !next.startsLine {
      reportLambda(named: targets[0].name)
      return .error
    }
    return .definition(targets[0].name, parseExpression())
  }

  /// Statements of a body that stand outside of one.
  private mutating func reportMisplaced() -> Bool {
    guard current.kind == .word, next.kind == .word, !next.startsLine else { return false }
    let home: String
    switch current.word {
    case .state, .input, .view, .guard, .matrices: home = "a rule: `rule Name { … }`"
    case .param, .metric: home = "an objective: `objective name { … }`"
    case .when, .every, .repeat: home = "a rule or a function"
    default: return false
    }
    guard !next.word.isReserved else { return false }
    fail(.misplaced(currentSpan, "`\(current.word.rawValue)` stands inside \(home)"))
    return true
  }

  /// The `##` lines that end directly above a token.
  func documentation(before index: Int) -> [String] {
    var low = 0
    var high = comments.count
    while low < high {
      let middle = (low + high) / 2
      if Int(comments[middle].before) <= index { low = middle + 1 } else { high = middle }
    }
    var lines: [String] = []
    var below = Int(tokens[index].start)
    var i = low - 1
    while i >= 0, Int(comments[i].before) == index, comments[i].isDocumentation,
      comments[i].ownsLine, lineBreaks(from: Int(comments[i].end), to: below) == 1
    {
      let comment = comments[i]
      var start = Int(comment.start) + 2
      if start < Int(comment.end), file.bytes[start] == 0x20 { start += 1 }
      lines.append(String(decoding: file.bytes[start..<Int(comment.end)], as: UTF8.self))
      below = Int(comment.start)
      i -= 1
    }
    return lines.reversed()
  }

  private func lineBreaks(from low: Int, to high: Int) -> Int {
    var count = 0
    for i in low..<max(low, high) where file.bytes[i] == 0x0A { count += 1 }
    return count
  }

  // MARK: Declarations

  /// rule ::= 'rule' name parameters? (block | '=' 'route' arms | '=' expression)
  private mutating func parseRule(_ documentation: [String], _ start: Int) -> Item.Kind {
    guard let name = parseName("the name of the rule") else { return .error }
    let parameters = parseParameters(of: "a rule").parameters
    var body = RuleDeclaration.Body.equations([])
    if !isPanicking {
      if consume(.equal) {
        if current.kind == .word, current.word == .route, next.kind == .leftBrace {
          advance()
          body = .route(parseRoute())
        } else {
          body = .alias(parseExpression())
        }
      } else if current.kind == .colon {
        reportColon(of: start, "the rule", isFunction: false)
      } else {
        body = .equations(parseBlock(of: "the rule", in: .rule, isOutermost: true))
      }
    } else {
      skipToBody()
      if current.kind == .leftBrace {
        body = .equations(parseBlock(of: "the rule", in: .rule, isOutermost: true))
      }
    }
    return .rule(
      RuleDeclaration(
        documentation: documentation, name: name, parameters: parameters, body: body,
        span: span(from: start)))
  }

  private mutating func parseFunction(_ documentation: [String], _ start: Int) -> Item.Kind {
    guard let name = parseName("the name of the function") else { return .error }
    let parameters = parseParameters(of: "a function").parameters
    if !isPanicking, current.kind == .colon {
      reportColon(of: start, "the function", isFunction: true)
      return .error
    }
    let body = parseValueOrBlock(of: "the function", in: .function)
    return .function(
      FunctionDeclaration(
        documentation: documentation, name: name, parameters: parameters, body: body,
        span: span(from: start)))
  }

  private mutating func parseObjective(_ documentation: [String], _ start: Int) -> Item.Kind {
    guard let name = parseName("the name of the objective") else { return .error }
    let (parameters, inputs) = parseParameters()
    let body = parseValueOrBlock(of: "the objective", in: .objective)
    return .objective(
      ObjectiveDeclaration(
        documentation: documentation, name: name, parameters: parameters, inputs: inputs,
        body: body, span: span(from: start)))
  }

  private mutating func parseValueOrBlock(of what: String, in kind: BodyKind) -> [Statement] {
    if isPanicking { skipToBody() }
    if !isPanicking, consume(.equal) {
      if current.kind == .greater, current.start == tokens[position - 1].end {
        note(.foreignArrow(span(tokens[position - 1]).union(currentSpan)))
        advance()
      }
      if text(current) == "return", !next.startsLine, next.isName || next.kind == .number {
        note(.foreignReturn(Span(currentSpan.start, span(next).start)))
        advance()
      }
      let start = position
      var values = [parseExpression()]
      while !isPanicking, kind == .function, consume(.comma) { values.append(parseExpression()) }
      return [Statement(.result(values), span(from: start))]
    }
    return parseBlock(of: what, in: kind, isOutermost: true)
  }

  /// After an error in a head: if its body starts on this line, the body is read all the same.
  private mutating func skipToBody() {
    guard !gaveUp else { return }
    var i = position
    while tokens[i].kind != .end, tokens[i].kind != .leftBrace, tokens[i].kind != .rightBrace {
      if tokens[i].startsLine, i > position { return }
      i += 1
    }
    guard tokens[i].kind == .leftBrace else { return }
    position = i
    bracketDepth = 0
    isPanicking = false
  }

  /// parameters ::= '(' (parameter (',' parameter)*)? (';' parameter (',' parameter)*)? ')'
  ///
  /// What follows the semicolon are the inputs of an objective; others (`owner`) have none.
  private mutating func parseParameters(
    of owner: String? = nil
  ) -> (parameters: [Parameter], inputs: [Parameter]) {
    guard current.kind == .leftParenthesis, !current.startsLine else { return ([], []) }
    let opening = position
    tokens[position].role = .attached
    advance()
    bracketDepth += 1
    var parameters: [Parameter] = []
    var inputs: [Parameter] = []
    parseList(until: .rightParenthesis) { parser in
      if let parameter = parser.parseParameter() { parameters.append(parameter) }
    }
    if !isPanicking, current.kind == .semicolon {
      if let owner { note(.inputsElsewhere(currentSpan, owner)) }
      advance()
      parseList(until: .rightParenthesis) { parser in
        if let parameter = parser.parseParameter() { inputs.append(parameter) }
      }
    }
    bracketDepth -= 1
    close(.rightParenthesis, ")", openedAt: opening)
    return (parameters, inputs)
  }

  /// Types that other languages declare numbers by.
  private static let machineTypes: Set<String> = [
    "float", "double", "int", "bool", "Float", "Double", "Int", "Bool", "f32", "f64", "number",
    "float32", "float64", "real",
  ]

  /// parameter ::= 'ascend'? name (':' type)? ('=' expression)? ('in' domain)?
  private mutating func parseParameter() -> Parameter? {
    let start = position
    var ascend: Span?
    if current.word == .ascend, next.kind == .word, next.isName {
      ascend = currentSpan
      advance()
    }
    guard current.isName, !startsItem || !current.startsLine else {
      fail(.expectedName(foundSpan, what: "the name of a parameter", found: found))
      return nil
    }
    let name = name(current)
    advance()
    var parameter = Parameter(
      name: name, type: nil, initial: nil, domain: nil, ascend: ascend, span: name.span)
    if consume(.colon) {
      parameter.type = parseType()
      if let type = parameter.type, type.extents.isEmpty, Self.machineTypes.contains(type.kind.text)
      {
        note(.machineType(Span(name.span.end, type.span.end), type.kind.text))
        parameter.type = nil
      }
    }
    if !isPanicking, current.kind == .equal || current.kind == .colonEqual {
      _ = expectEquals(after: "`\(name.text)`")
      parameter.initial = parseExpression()
    }
    if !isPanicking, current.word == .in { parameter.domain = parseDomain() }
    parameter.span = span(from: start)
    return parameter
  }

  /// domain ::= ('[' | '(') expression ',' expression (']' | ')')
  private mutating func parseDomain() -> DomainExpr? {
    let keyword = position
    advance()
    let opening = position
    guard current.kind == .leftBracket || current.kind == .leftParenthesis else {
      fail(.badDomain(foundSpan))
      return nil
    }
    let includesLow = current.kind == .leftBracket
    advance()
    let low = parseExpression()
    if isPanicking { return nil }
    guard consume(.comma) else {
      fail(.badDomain(span(tokens[opening]).union(currentSpan)))
      // The bracket that ends the interval is not that of the parameters.
      if recoverInBrackets(), current.kind != .comma,
        next.kind == .comma || next.kind == .rightParenthesis
      {
        advance()
      }
      return nil
    }
    let high = parseExpression()
    if isPanicking { return nil }
    let includesHigh = current.kind == .rightBracket
    guard includesHigh || current.kind == .rightParenthesis else {
      fail(.badDomain(span(tokens[opening]).union(span(tokens[position - 1]))))
      return nil
    }
    advance()
    return DomainExpr(
      low: low, high: high, includesLow: includesLow, includesHigh: includesHigh,
      span: span(from: keyword))
  }

  /// route ::= '{' (condition '->' expression)* ('otherwise' '->' expression)? '}'
  private mutating func parseRoute() -> [RouteArm] {
    let opening = position
    advance()
    var arms: [RouteArm] = []
    var isSeparated = true
    while true {
      while consume(.semicolon) { isSeparated = true }
      if current.kind == .end || current.kind == .rightBrace { break }
      if current.startsLine, startsItem { break }
      let start = position
      if !isSeparated, !current.startsLine {
        reportUnexpected()
      } else if let arm = parseArm() {
        arms.append(arm)
      }
      isSeparated = false
      if isPanicking {
        if gaveUp { return arms }
        recover(from: start)
        isSeparated = true
      }
      if position == start { advance() }
    }
    if !consume(.rightBrace) {
      note(.missingBrace(at: placeAfter, opened: span(tokens[opening])))
    }
    return arms
  }

  private mutating func parseArm() -> RouteArm? {
    let start = position
    tokens[start].startsStatement = true
    var condition: ExprID?
    if current.kind == .word, current.word == .otherwise, next.kind == .arrow {
      advance()
    } else {
      condition = parseExpression()
      if isPanicking { return nil }
    }
    guard consume(.arrow) else {
      fail(.badArm(foundSpan, found: found))
      return nil
    }
    let target = parseExpression()
    return RouteArm(condition: condition, target: target, span: span(from: start))
  }
}

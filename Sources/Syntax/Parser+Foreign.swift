import Basics
import Diagnostics

/// Lines as other languages have them: each is told once, with what it is here.
extension Parser {
  // MARK: Words

  /// Reports a line that starts as one of another language, or with a misspelled keyword. `kind`: the body that it stands
  /// in; nil in a script.
  mutating func reportForeign(in kind: BodyKind? = nil) -> Bool {
    guard current.kind == .word else { return false }
    if reportIncrement(in: kind) { return true }
    let word = text(current)
    if current.word == .else {
      fail(.foreignWord(currentSpan, "this `else` follows no `when c { … }`", replacement: nil))
      return true
    }
    guard next.kind == .word, !next.startsLine, current.isName else { return false }
    // An operator may follow (`a and b`), and reductions (`mean over batch x`).
    if next.word.isReserved && next.word != .if && next.word != .inf && next.word != .pi
      || next.word == .over
    {
      return false
    }
    switch word {
    case "let", "var", "const", "local", "set": reportDeclaration(in: kind)
    case "def", "func", "function", "fun": reportFunction()
    case "optimizer", "optimiser", "class", "algorithm", "update":
      fail(.foreignWord(currentSpan, "update rules are declared with `rule`", replacement: "rule"))
    case "optimize", "optimise":
      fail(
        .foreignWord(
          currentSpan, "an objective is made small by `minimize`", replacement: "minimize")
      )
    case "return": reportReturn(in: kind)
    case "import", "include", "require": reportImport()
    case "from":
      guard (1...8).contains(where: { text(token($0)) == "import" }) else { return false }
      reportImport()
    case "elif", "elseif", "elsif":
      fail(.foreignWord(currentSpan, "write `else when`", replacement: "else when"))
    case "for", "while", "loop": reportLoop(in: kind)
    case "lambda": reportLambda(named: nil)
    default:
      let keywords = [
        "state", "input", "param", "view", "metric", "when", "every", "repeat", "guard", "rule",
        "fn", "objective", "data", "task", "minimize", "maximize", "train", "plot", "save",
        "search", "assert",
      ]
      guard let keyword = Suggestion.nearest(to: word, among: keywords) else { return false }
      fail(
        .foreignWord(
          currentSpan, "`\(word)` starts no statement; did you mean `\(keyword)`?",
          replacement: keyword))
    }
    return true
  }

  /// `let x = 1`, `var x`.
  private mutating func reportDeclaration(in kind: BodyKind?) {
    let said = "a name is defined by `name = …` alone"
    let place = Span(currentSpan.start, span(next).start)
    guard token(2).startsLine || token(2).kind == .end || token(2).kind == .semicolon else {
      return fail(.foreignWord(place, said, replacement: ""))
    }
    let isState = kind == .rule
    fail(
      .foreignWord(
        place, isState ? "memory between steps is declared by `state`" : said,
        fixIts: isState
          ? [FixIt("write `state`", at: currentSpan, replacement: "state")]
          : [
            FixIt("remove it", at: place, replacement: ""),
            FixIt("and give it a value", at: span(next).after, replacement: " = 0"),
          ]))
  }

  /// `return x` at the end of a function, and of a rule.
  private mutating func reportReturn(in kind: BodyKind?) {
    let place = Span(currentSpan.start, span(next).start)
    if kind == .rule {
      fail(
        .foreignWord(
          place, "what a step makes of the parameter is the equation of `w'`",
          replacement: "w' = "))
    } else {
      fail(.foreignReturn(place))
    }
  }

  private mutating func reportImport() {
    let start = position
    while !next.startsLine, next.kind != .end { advance() }
    advance()
    fail(
      .foreignWord(
        span(from: start), "functions, rules and problems come along: nothing is imported",
        replacement: ""))
  }

  /// `n++`
  private mutating func reportIncrement(in kind: BodyKind?) -> Bool {
    let second = token(2)
    guard current.isName, next.kind == .plus || next.kind == .minus, second.kind == next.kind,
      second.start == next.end,
      token(3).startsLine || [.end, .semicolon, .rightBrace].contains(token(3).kind)
    else { return false }
    let (name, sign) = (text(current), text(next))
    let place = span(next).union(span(second))
    let replacement = kind == nil ? "2 = \(name) \(sign) 1" : "' = \(name) \(sign) 1"
    fail(
      .foreignAssignment(
        place, sign + sign,
        fixIts: [FixIt("state the whole new value", at: place, replacement: replacement)]))
    return true
  }

  // MARK: Functions

  /// `def f(x): return x^2`, `function f(x) { return x }`.
  private mutating func reportFunction() {
    var fixIts = [FixIt("write `fn`", at: currentSpan, replacement: "fn")]
    let start = position
    var end = position
    if token(2).kind == .leftParenthesis, let close = closing(position + 2) {
      switch tokens[close + 1].kind {
      case .colon: end = addBody(at: close + 1, of: start, isFunction: true, to: &fixIts)
      case .leftBrace:
        for i in close + 2..<(closing(close + 1) ?? close + 2) {
          addReturn(at: i, to: &fixIts)
        }
      default: break
      }
    }
    fail(.foreignWord(currentSpan, "functions are declared with `fn`", fixIts: fixIts))
    if end > position { position = end }
  }

  /// `lambda x: x^2`, the value of a name or alone.
  mutating func reportLambda(named name: Name?) {
    let start = position
    var colon = position + 1
    while tokens[colon].isName || tokens[colon].kind == .comma, !tokens[colon].startsLine {
      colon += 1
    }
    var fixIts: [FixIt] = []
    if tokens[colon].kind == .colon, colon > position + 1 {
      let parameters = text(of: span(tokens[position + 1]).union(span(tokens[colon - 1])))
      let whole = Span(name?.span.start ?? currentSpan.start, span(tokens[colon]).end)
      let head = "fn \(name?.text ?? "f")(\(parameters)) ="
      fixIts = [FixIt("write `\(head) …`", at: whole, replacement: head)]
    }
    fail(.foreignWord(span(tokens[start]), "functions are declared with `fn`", fixIts: fixIts))
  }

  /// `fn f(x): x`: a colon where `=` or a block belongs.
  mutating func reportColon(of start: Int, _ what: String, isFunction: Bool) {
    var fixIts: [FixIt] = []
    let place = currentSpan
    let end = addBody(at: position, of: start, isFunction: isFunction, to: &fixIts)
    if let first = fixIts.firstIndex(where: { $0.span == place }) {
      let isValue = fixIts[first].replacement == " ="
      fixIts[first].message = isValue ? "write `=`" : "write a block in braces"
    }
    fail(.missingBody(place, of: what, found: "`:`", fixIts: fixIts))
    position = end
  }

  // MARK: Choices and loops

  /// `if c: m' = g`, equations that are guarded as in other languages; false for a choice between values.
  mutating func reportGuard() -> Bool {
    guard current.word == .if, let colon = colon(after: position),
      tokens[colon + 1].startsLine || targetCount(at: colon + 1) != nil
    else { return false }
    let start = position
    var fixIts = [FixIt("write `when c { … }`", at: currentSpan, replacement: "when")]
    var end = addBody(at: colon, of: start, to: &fixIts)
    while isElse(tokens[end], of: start, colon: colon) {
      let isLast = tokens[end].word == .else
      guard let next = isLast ? end + 1 : self.colon(after: end), tokens[next].kind == .colon else {
        break
      }
      if !isLast {
        fixIts.append(FixIt("", at: span(tokens[end]), replacement: "else when"))
      }
      end = addBody(at: next, of: start, to: &fixIts)
    }
    fail(.foreignWord(currentSpan, "equations are guarded by `when c { … }`", fixIts: fixIts))
    position = end
    return true
  }

  private func isElse(_ token: Token, of start: Int, colon: Int) -> Bool {
    guard token.word == .else || token.kind == .word && text(token) == "elif" else { return false }
    return !token.startsLine || column(token) == column(tokens[start])
  }

  /// `for i in range(3): …`
  private mutating func reportLoop(in kind: BodyKind?) {
    let said = "loops are written `repeat n { … }`"
    guard kind != nil else {
      return fail(
        .foreignWord(
          currentSpan, said + " inside a rule or a function; a script runs each line once",
          replacement: nil))
    }
    let opening = position + 4
    guard text(current) == "for", token(2).word == .in, text(token(3)) == "range",
      token(4).kind == .leftParenthesis, let close = closing(opening), close > opening + 1,
      !tokens[opening..<close].contains(where: { $0.kind == .comma })
    else { return fail(.foreignWord(currentSpan, said, replacement: nil)) }
    let count = text(of: span(tokens[opening + 1]).union(span(tokens[close - 1])))
    let own = "repeat \(count)"
    var fixIts = [
      FixIt(
        "write `\(own)`", at: currentSpan.union(span(tokens[close])), replacement: own)
    ]
    var end = position
    if tokens[close + 1].kind == .colon { end = addBody(at: close + 1, of: position, to: &fixIts) }
    fail(.foreignWord(currentSpan, said, fixIts: fixIts))
    if end > position { position = end }
  }

  /// `a ? b : c`, of which the condition was read.
  mutating func parseQuestion(_ condition: ExprID, _ start: Int) -> ExprID {
    let mark = currentSpan
    advance()
    let then = parseExpression()
    guard !isPanicking, current.kind == .colon else {
      fail(.foreignChoice(mark, fixIts: []))
      return makeError(mark)
    }
    let colon = currentSpan
    advance()
    let otherwise = parseExpression()
    let first = span(tokens[start])
    note(
      .foreignChoice(
        mark,
        fixIts: [
          FixIt(
            "write `if c then a else b`", at: Span(first.start, first.start), replacement: "if "),
          FixIt("", at: mark, replacement: "then"), FixIt("", at: colon, replacement: "else"),
        ]))
    return makeConditional(start, condition, then, otherwise)
  }

  /// `a if c else b`, of which `a` was read.
  mutating func parseChoiceBehind(_ value: ExprID, _ start: Int) -> ExprID {
    let mark = currentSpan
    advance()
    let condition = parseExpression()
    guard !isPanicking, current.word == .else else {
      fail(.foreignChoice(mark, fixIts: []))
      return makeError(mark)
    }
    advance()
    let otherwise = parseExpression()
    if isPanicking { return makeError(mark) }
    let texts = [condition, value, otherwise].map { text(of: tree.span($0)) }
    let own = "if \(texts[0]) then \(texts[1]) else \(texts[2])"
    note(
      .foreignChoice(
        mark, fixIts: [FixIt("write `\(own)`", at: span(from: start), replacement: own)]))
    return makeConditional(start, condition, value, otherwise)
  }

  // MARK: Blocks by indentation

  /// How many bytes stand before a token on its line.
  private func column(_ token: Token) -> Int {
    var start = Int(token.start)
    while start > 0, file.bytes[start - 1] != 0x0A { start -= 1 }
    return Int(token.start) - start
  }

  /// The colon that ends the head of a block on this line.
  private func colon(after start: Int) -> Int? {
    var i = start + 1
    while !tokens[i].startsLine {
      switch tokens[i].kind {
      case .colon: return i
      case .leftParenthesis, .leftBracket:
        guard let close = closing(i) else { return nil }
        i = close
      case .end, .semicolon, .leftBrace, .rightBrace, .equal: return nil
      default: if tokens[i].word == .then { return nil }
      }
      i += 1
    }
    return nil
  }

  /// The bracket that closes the one at `opening`.
  private func closing(_ opening: Int) -> Int? {
    var depth = 0
    for i in opening..<tokens.count {
      switch tokens[i].kind {
      case .leftParenthesis, .leftBracket, .leftBrace: depth += 1
      case .rightParenthesis, .rightBracket, .rightBrace:
        depth -= 1
        if depth == 0 { return i }
      default: break
      }
    }
    return nil
  }

  private func addReturn(at i: Int, to fixIts: inout [FixIt]) {
    guard text(tokens[i]) == "return", i + 1 < tokens.count else { return }
    let place = Span(span(tokens[i]).start, span(tokens[i + 1]).start)
    fixIts.append(FixIt("", at: place, replacement: ""))
  }

  /// Makes a block in braces of what stands behind the colon at `colon`: the rest of its line, or the lines that are
  /// indented deeper than the head, which begins at `start`. A function in one line gets `=`. Returns where it ends.
  private func addBody(
    at colon: Int, of start: Int, isFunction: Bool = false, to fixIts: inout [FixIt]
  ) -> Int {
    let margin = column(tokens[start])
    let isIndented = tokens[colon + 1].startsLine
    var end = colon + 1
    while tokens[end].kind != .end {
      let token = tokens[end]
      if isIndented {
        if token.startsLine, column(token) <= margin { break }
      } else if token.startsLine || token.kind == .semicolon || token.word == .else {
        break
      }
      if token.kind == .rightBrace { break }
      if token.kind == .leftBrace, let close = closing(end) { end = close }
      if isFunction { addReturn(at: end, to: &fixIts) }
      end += 1
    }
    let place = span(tokens[colon])
    let isValue = isFunction && !isIndented
    fixIts.append(FixIt("", at: place, replacement: isValue ? " =" : " {"))
    if isValue || end == colon + 1 { return end }
    let indent = String(repeating: " ", count: margin)
    fixIts.append(
      FixIt(
        "", at: span(tokens[end - 1]).after, replacement: isIndented ? "\n\(indent)}" : " }"))
    return end
  }
}

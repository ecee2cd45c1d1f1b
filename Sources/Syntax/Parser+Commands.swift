import Diagnostics

/// What scripts do: data, tasks, experiments and plots.
extension Parser {
  mutating func parseData() -> Item.Kind {
    guard let name = parseName("the name of the data") else { return .error }
    guard expectEquals(after: "`data \(name.text)`") else { return .error }
    return .data(name, parseExpression())
  }

  /// A task is done with rules that are given elsewhere.
  mutating func parseTask(_ documentation: [String]) -> Item.Kind {
    guard let name = parseName("the name of the task") else { return .error }
    guard expectEquals(after: "`task \(name.text)`") else { return .error }
    let word = current.word
    if word == .command { return parseCommand(documentation, name) }
    guard word == .minimize || word == .train else {
      if word == .maximize {
        fail(.maximisingTask(currentSpan))
        return .error
      }
      fail(
        .missingClause(
          foundSpan, "work: `minimize f`, `train f on data` or `command \"…\"`", of: "task"))
      return .error
    }
    advance()
    let what = parseExpression()
    var data: Name?
    if word == .train, !isPanicking {
      guard let found = parseSource() else { return .error }
      data = found
    }
    if isPanicking { return .error }
    if startsClause(.with) {
      fail(.rulesOfTask(currentSpan))
      return .error
    }
    let clauses = parseClauses(of: "task")
    let work: TaskDeclaration.Work =
      if let data {
        .train(TrainStatement(objective: what, data: data, rules: [], clauses: clauses))
      } else {
        .minimize(MinimizeStatement(objective: what, rules: [], clauses: clauses))
      }
    return .task(TaskDeclaration(documentation: documentation, name: name, work: work))
  }

  /// `task mine = command "python3 train.py" …`
  private mutating func parseCommand(_ documentation: [String], _ name: Name) -> Item.Kind {
    advance()
    let value = parseExpression()
    if isPanicking { return .error }
    guard case .string(let text) = tree[value] else {
      fail(
        .missingClause(tree.span(value), "a text: `command \"python3 train.py\"`", of: "command"))
      return .error
    }
    if startsClause(.with) {
      fail(.rulesOfTask(currentSpan))
      return .error
    }
    let statement = CommandStatement(
      text: text, place: tree.span(value), clauses: parseClauses(of: "task"))
    return .task(
      TaskDeclaration(documentation: documentation, name: name, work: .command(statement)))
  }

  private static let clauseWords: [Word] = [
    .for, .batch, .seeds, .seed, .from, .every, .workers, .delay, .until, .record, .save,
  ]

  /// A clause may start the next line.
  private func startsClause(_ word: Word) -> Bool {
    guard current.kind == .word, current.word == word else { return false }
    if !current.startsLine { return true }
    switch next.kind {
    case .word: return !next.startsLine
    case .number, .leftParenthesis, .leftBracket: return !next.startsLine
    default: return false
    }
  }

  mutating func parseMinimize(isMaximised: Bool) -> Item.Kind {
    let word: Word = isMaximised ? .maximize : .minimize
    let objective = parseExpression()
    let rules = parseRules(word.rawValue)
    let clauses = parseClauses(of: word.rawValue, behind: rules.last)
    return .minimize(
      MinimizeStatement(
        isMaximised: isMaximised, objective: objective, rules: rules, clauses: clauses))
  }

  mutating func parseTrain() -> Item.Kind {
    let objective = parseExpression()
    if isPanicking { return .error }
    guard let data = parseSource() else { return .error }
    let rules = parseRules("train")
    let clauses = parseClauses(of: "train", behind: rules.last)
    return .train(
      TrainStatement(objective: objective, data: data, rules: rules, clauses: clauses))
  }

  private mutating func parseSource() -> Name? {
    guard startsClause(.on) else {
      fail(.missingClause(foundSpan, "data: `train f on data with Rule`", of: "train"))
      return nil
    }
    advance()
    return parseName("the name of the data after `on`")
  }

  private mutating func parseRules(_ command: String) -> [ExprID] {
    if isPanicking { return [] }
    let isForeign = ["using", "by", "via"].contains(text(current)) && !current.startsLine
    guard startsClause(.with) || isForeign && next.isName else {
      fail(.missingClause(foundSpan, "rules: `with Rule1, Rule2`", of: command))
      return []
    }
    if isForeign {
      note(
        .foreignClause(
          currentSpan, "`\(command)` needs rules: `with Rule1, Rule2`",
          fixIts: [FixIt("write `with`", at: currentSpan, replacement: "with")]))
    }
    advance()
    var rules: [ExprID] = []
    repeat {
      let rule = parseExpression()
      if !isPanicking { note(apart: rule) }
      rules += parts(of: rule)
    } while !isPanicking && consume(.comma)
    return rules
  }

  /// Rules in brackets, or joined by `and`.
  private mutating func note(apart rule: ExprID) {
    let place = tree.span(rule)
    switch tree[rule] {
    case .list:
      note(
        .foreignClause(
          place, "rules stand behind one another, with commas: `with Rule1, Rule2`",
          fixIts: [
            FixIt(
              "leave out the brackets", at: Span(place.start, place.start + 1), replacement: ""),
            FixIt("", at: Span(place.end - 1, place.end), replacement: ""),
          ]))
    case .binary(.and, let left, let right):
      let between = Span(tree.span(left).end, tree.span(right).start)
      note(
        .foreignClause(
          place, "rules stand behind one another, with commas: `with Rule1, Rule2`",
          fixIts: [FixIt("write `,`", at: between, replacement: ", ")]))
    default: break
    }
  }

  private func parts(of rule: ExprID) -> [ExprID] {
    switch tree[rule] {
    case .list(let rules): rules
    case .binary(.and, let left, let right): [left, right]
    default: [rule]
    }
  }

  private mutating func parseClauses(of command: String, behind rule: ExprID? = nil) -> [Clause] {
    var clauses: [Clause] = []
    if let rule, !isPanicking { skipArguments(of: rule) }
    while !isPanicking, current.isName {
      // On a line of its own `save w to …` is a statement.
      if current.startsLine, current.word == .save, next.word != .every { break }
      guard let word = Self.clauseWords.first(where: { startsClause($0) }) else {
        if current.startsLine { break }
        reportUnknownClause(of: command)
        break
      }
      let keyword = name(current)
      advance()
      if current.kind == .equal, current.start == tokens[position - 1].end {
        note(
          .foreignClause(
            currentSpan, "a clause has no `=`: `\(keyword.text) 5`",
            fixIts: [FixIt("remove it", at: currentSpan, replacement: " ")]))
        advance()
      }
      if word == .save {
        guard current.word == .every else {
          fail(.saveWithoutEvery(foundSpan, Self.saving, of: command))
          break
        }
        advance()
      }
      var clause = Clause(keyword: keyword, value: parseExpression())
      if !isPanicking, word == .for || word == .save {
        clause.unit = parseUnit(after: word == .for ? "for" : "save every", of: command)
      }
      if !isPanicking, word == .save { clause.path = parseSavePath(of: command) }
      clauses.append(clause)
    }
    return clauses
  }

  /// `Adam lr = 0.1`: arguments that stand behind a rule without parentheses.
  private mutating func skipArguments(of rule: ExprID) {
    guard case .name(let name) = tree[rule], current.isName, next.kind == .equal,
      !current.startsLine, !Self.clauseWords.contains(current.word)
    else { return }
    let start = position
    position += 2
    _ = parseExpression()
    if isPanicking { return }
    let place = span(from: start)
    note(
      .foreignClause(
        place, "the arguments of a rule stand in parentheses: `\(name.text)(lr = 1e-3)`",
        fixIts: [
          FixIt(
            "write `\(name.text)(\(text(of: place)))`", at: Span(name.span.end, place.end),
            replacement: "(\(text(of: place)))")
        ]))
  }

  private mutating func reportUnknownClause(of command: String) {
    let written = text(current)
    var own = Suggestion.nearest(to: written, among: Self.clauseWords.map(\.rawValue))
    switch written.lowercased() {
    case "batch_size", "batchsize", "minibatch": own = "batch"
    case "lr", "learning_rate": own = nil
    case "steps", "epochs", "iterations", "iters":
      if next.kind == .number, !next.startsLine {
        let place = currentSpan.union(span(next))
        let unit = written == "epochs" ? "epochs" : "steps"
        let length = "for \(text(next)) \(unit)"
        return fail(
          .foreignClause(
            currentSpan, "how long is said by `\(length)`",
            fixIts: [FixIt("write `\(length)`", at: place, replacement: length)]))
      }
    default: break
    }
    fail(.unknownClause(currentSpan, written, of: command, nearest: own))
  }

  private static let saving = "save every 10 epochs to \"run.safetensors\""

  private mutating func parseUnit(after words: String, of command: String) -> Name? {
    var unit = name(current)
    switch current.word {
    case .steps, .step: unit.key = Word.steps.rawValue
    case .epochs, .epoch: unit.key = Word.epochs.rawValue
    default:
      let isThere = found != nil
      let foreign: Set<String> = [
        "iterations", "iteration", "iters", "iter", "updates", "batches", "evaluations", "passes",
      ]
      var fixIts: [FixIt] = []
      if isThere, foreign.contains(text(current)) {
        let own = text(current) == "passes" ? "epochs" : "steps"
        fixIts = [FixIt("write `\(own)`", at: currentSpan, replacement: own)]
      } else if !isThere {
        fixIts = [FixIt("write `steps`", at: placeAfter, replacement: " steps")]
      }
      fail(
        .missingClause(
          foundSpan, "a unit after `\(words)`: `steps` or `epochs`", of: command, fixIts: fixIts))
      return nil
    }
    advance()
    return unit
  }

  private mutating func parseSavePath(of command: String) -> ExprID? {
    guard current.word == .to else {
      fail(.missingClause(foundSpan, "a file after `save`: `\(Self.saving)`", of: command))
      return nil
    }
    advance()
    let path = parseExpression()
    if isPanicking { return nil }
    guard case .string = tree[path] else {
      fail(.missingClause(tree.span(path), "a text after `to`: `\(Self.saving)`", of: command))
      return nil
    }
    return path
  }

  // MARK: Searches

  private static let searchWords: [Word] = [
    .on, .using, .for, .validate, .test, .against, .population, .tournament, .restarts, .longest,
    .seed,
  ]

  /// `search Found from SGD on s1, s4 using sign, ema for 20000 programs validate on s2`
  mutating func parseSearch() -> Item.Kind {
    guard let name = parseName("the name of what is found") else { return .error }
    guard startsClause(.from) else {
      fail(.missingClause(foundSpan, "a start: `search \(name.text) from SGD on …`", of: "search"))
      return .error
    }
    advance()
    var search = SearchStatement(
      name: name, start: parseExpression(), tasks: [], functions: [], validation: [], test: [],
      clauses: [])
    while !isPanicking, current.isName {
      guard let word = Self.searchWords.first(where: { startsClause($0) }) else {
        if current.startsLine { break }
        let written = text(current)
        fail(
          .unknownClause(
            currentSpan, written, of: "search",
            nearest: Suggestion.nearest(to: written, among: Self.searchWords.map(\.rawValue))))
        break
      }
      let keyword = self.name(current)
      search.keywords.append(keyword)
      advance()
      parseClause(word, keyword, &search)
    }
    if isPanicking { return .error }
    if search.tasks.isEmpty {
      fail(.missingClause(foundSpan, "tasks: `on rosenbrock, mlp`", of: "search"))
      return .error
    }
    return .search(search)
  }

  private mutating func parseClause(
    _ word: Word, _ keyword: Name, _ search: inout SearchStatement
  ) {
    switch word {
    case .on: search.tasks = parseNames("a task after `on`")
    case .using: search.functions = parseNames("a function after `using`")
    case .against: search.baseline = parseExpression()
    case .validate: search.validation = parseTasks(of: word)
    case .test: search.test = parseTasks(of: word)
    default:
      let value = parseExpression()
      var unit: Name?
      if !isPanicking, word == .for {
        switch current.word {
        case .programs, .minutes:
          unit = name(current)
          advance()
        default:
          fail(
            .missingClause(foundSpan, "a unit after `for`: `programs` or `minutes`", of: "search"))
        }
      }
      search.clauses.append(Clause(keyword: keyword, value: value, unit: unit))
    }
  }

  /// `on mlp, bowl` behind `validate` or `test`.
  private mutating func parseTasks(of word: Word) -> [Name] {
    guard startsClause(.on) else {
      fail(
        .missingClause(foundSpan, "tasks: `\(word.rawValue) on mlp`", of: word.rawValue))
      return []
    }
    advance()
    return parseNames("a task after `\(word.rawValue) on`")
  }

  private mutating func parseNames(_ what: String) -> [Name] {
    var names: [Name] = []
    repeat {
      guard let name = parseName(what) else { break }
      names.append(name)
    } while !isPanicking && consume(.comma)
    return names
  }

  // MARK: Plots and saved parameters

  mutating func parsePlot() -> Item.Kind {
    var plot = PlotStatement(series: [], axes: [])
    repeat { plot.series.append(parseExpression()) } while !isPanicking && consume(.comma)
    while !isPanicking, startsAxis { plot.axes.append(parseAxis()) }
    if !isPanicking, current.kind == .string, !current.startsLine {
      note(
        .foreignClause(
          currentSpan, "a plot goes to a file by `to \"loss.svg\"`",
          fixIts: [
            FixIt("write `to`", at: Span(currentSpan.start, currentSpan.start), replacement: "to ")
          ]))
      plot.path = parseExpression()
    }
    if !isPanicking, startsClause(.to) || current.word == .to && next.kind == .string {
      advance()
      plot.path = parseExpression()
    }
    return .plot(plot)
  }

  /// `x in`, `y log`: neither means anything else.
  private var startsAxis: Bool {
    guard current.isName, ["x", "y"].contains(text(current)), !next.startsLine else { return false }
    return next.word == .in || isScale(next)
  }

  private func isScale(_ token: Token) -> Bool {
    token.isName && ["log", "linear"].contains(text(token))
  }

  private mutating func parseAxis() -> AxisClause {
    let start = position
    var axis = AxisClause(name: name(current), span: currentSpan)
    advance()
    if current.word == .in {
      advance()
      let limits = "limits after `in`: `\(axis.name.text) in [0.01, 10]`"
      let bracket = position
      guard consume(.leftBracket) else {
        fail(.missingClause(foundSpan, limits, of: "plot"))
        return axis
      }
      let low = parseExpression()
      if !isPanicking, !consume(.comma) { fail(.missingClause(foundSpan, limits, of: "plot")) }
      if isPanicking { return axis }
      axis.limits = (low, parseExpression())
      if isPanicking { return axis }
      close(.rightBracket, "]", openedAt: bracket)
    }
    if !isPanicking, !current.startsLine, isScale(current) {
      axis.scale = name(current)
      advance()
    }
    axis.span = span(from: start)
    return axis
  }

  mutating func parseSave() -> Item.Kind {
    var names: [Name] = []
    if current.word != .to { names = parseNames("the name of a parameter after `save`") }
    if isPanicking { return .error }
    let example = "`save w to \"w.npz\"`"
    guard current.word == .to, !current.startsLine else {
      fail(.missingClause(foundSpan, "a file: \(example)", of: "save"))
      return .error
    }
    advance()
    let path = parseExpression()
    if isPanicking { return .error }
    guard case .string = tree[path] else {
      fail(.missingClause(tree.span(path), "a text after `to`: \(example)", of: "save"))
      return .error
    }
    return .save(SaveStatement(names: names, path: path))
  }
}

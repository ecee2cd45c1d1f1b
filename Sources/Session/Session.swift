import Basics
import Diagnostics
import Driver
import Laboratory
import Runtime
import Semantics
import Symbolic
import Syntax
import Training

/// A laboratory for rules: statements of the language and commands that begin with `:`, one after
/// the other.
///
/// Whatever is submitted, a session answers and goes on; what has errors changes nothing.
package final class Session {
  /// How the worst statement so far ended.
  package enum Standing: Int, Comparable, Sendable {
    case good, finding, usage, program, numeric
    package static func < (a: Standing, b: Standing) -> Bool { a.rawValue < b.rawValue }
  }

  package var settings: SessionSettings {
    get { output.settings }
    set { output.settings = newValue }
  }
  /// Compiles passes for the engines `native` and `auto`.
  package var passCompiler: (any SegmentCompiler)? {
    get { runner.passCompiler }
    set { runner.passCompiler = newValue }
  }
  package var worst: Standing { output.worst }
  /// Whether the last text was interrupted.
  package private(set) var wasInterrupted = false

  let definitions: Definitions
  private let output: Presentation
  private let runner: ScriptRunner
  /// Statements so far, for the names of their texts.
  private var count = 0
  private var isQuitting = false
  /// How deep `:time` is nested.
  private var depth = 0
  /// How many times longer than `settings.seconds` the algebra may take.
  private let patience: Double

  /// `patience`: a replay must give the same on a slow machine, where limits of time would be met
  /// earlier.
  package init(
    console: any SessionConsole, interrupt: InterruptSource = .signals, patience: Double = 1
  ) {
    self.patience = patience
    output = Presentation(console, interrupt)
    definitions = Definitions(output)
    runner = ScriptRunner(definitions, output)
  }

  private var compiler: Compiler { definitions.compiler }

  // MARK: Answers

  /// Runs a text: one statement, a command, or the several statements of a script.
  ///
  /// Returns false where the session ends. Interrupts stop a computation, never the session.
  @discardableResult
  package func submit(_ text: String) -> Bool {
    if StatementReader.isBlank(text) { return true }
    output.interrupt.clear()
    if definitions.compactIfLarge() { runner.restart() }
    count += 1
    let limits = TermLimits(
      deadline: .now + .seconds(settings.seconds * patience), nodes: settings.nodes,
      isCancelled: output.interrupt.isRequested)
    limits.bounding { answer(text) }
    wasInterrupted = output.isInterrupted
    if wasInterrupted {
      output.progress("")
      output.say("interrupted\n")
      output.interrupt.clear()
    }
    return !isQuitting
  }

  /// What the text of this statement is called in messages.
  private var name: String { "input \(count)" }

  private func line(_ text: String) -> Line {
    Line(file: compiler.place(name: name, text: text), compiler: compiler)
  }

  private func question(_ line: Line) -> Question {
    Question(line: line, definitions: definitions, output: output)
  }

  /// Answers one text and shows what is wrong with it.
  private func answer(_ text: String) {
    do {
      if text.utf8.first(where: { $0 > 0x20 }) == UInt8(ascii: ":") {
        try command(line(text), Fragment(text).trimmed)
      } else if let command = Self.bareCommand(text),
        definitions.ledger.declaration(command.word) == nil
      {
        throw DiagnosticError(.bareCommand(command.word, command.meant, at: line(text).whole))
      } else {
        try statement(text)
      }
    } catch let error as DiagnosticError {
      report(error.diagnostics)
    } catch {
      report([.noAnswer(SymbolicError("\(error)"), at: line(text).whole)])
    }
  }

  /// `exit`, `help()`: what other prompts take for a command.
  private static func bareCommand(_ text: String) -> (word: String, meant: String)? {
    let word = String(text.filter { !" \t\n\r();".contains($0) })
    return switch word {
    case "exit", "quit": (word, ":quit")
    case "help", "?": (word, ":help")
    default: nil
    }
  }

  private func report(_ diagnostics: [Diagnostic]) {
    output.report(diagnostics, in: compiler.sources)
  }

  /// Completes the word before `cursor`, in bytes; `pending` are the lines before this one.
  package func completion(
    of line: String, at cursor: Int, after pending: String = ""
  ) -> Completion {
    Completer(definitions: definitions, console: output.console, pending: pending)
      .completion(of: line, at: cursor)
  }

  // MARK: Statements

  /// Checks a text, declares what it declares and runs what it runs.
  ///
  /// Throws what is wrong with it; then nothing has changed but what its commands did.
  private func statement(_ text: String) throws {
    let standing = compiler.standing
    let expanded = try expanded(Fragment(text), in: line(text)).text
    let found = compiler.add(name: name, bytes: Array(expanded.utf8))
    let tree = compiler.script!
    let hasErrors = found.contains { $0.severity == .error }
    // Comments alone.
    if tree.items.isEmpty, !hasErrors { return }
    if hasErrors { compiler.restore(standing) }
    if tree.items.count == 1, case .expression(let expression) = tree.items[0].kind {
      let expressions = ExpressionCommands(
        question: question(Line(file: tree.file, compiler: compiler)))
      if expressions.isAboutRules(expression, tree) {
        compiler.restore(standing)
        return try expressions.describe(expression, tree)
      }
      if hasErrors, expressions.answer(expanded, name: name, found) { return }
    }
    if hasErrors { throw DiagnosticError(found) }
    report(found.filter { $0.code != .emptySource })
    definitions.accept(tree, from: standing, as: text)
    try runner.run()
  }

  /// With `%` and `ans` written out, in the same place. Throws R0241 for a value that there is not.
  private func expanded(
    _ fragment: Fragment, in line: @autoclosure () -> Line, isList: Bool = false
  ) throws(DiagnosticError) -> Fragment {
    let ownsAnswer = definitions.ledger.declaration("ans") != nil
    do throws(ValueHistory.Missing) {
      return Fragment(
        try output.values.expanded(
          fragment.text, namesAnswer: !ownsAnswer, isList: isList), at: fragment.offset)
    } catch {
      let place = line().span(Fragment(error.name, at: fragment.offset + error.offset))
      throw DiagnosticError(.noValue(error.name, of: error.count, at: place))
    }
  }

  // MARK: Commands

  /// A line that begins with `:`.
  private func command(_ line: Line, _ whole: Fragment) throws {
    var (head, rest) = whole.word
    // `:compare(A, B)` and `:help` alike.
    if let cut = head.text.dropFirst().firstIndex(where: { !$0.isLetter && $0 != "!" && $0 != "?" })
    {
      (head, rest) = whole.cut(after: head.text[..<cut].utf8.count)
    }
    var word = String(head.text.dropFirst())
    let isForced = word.hasSuffix("!")
    if isForced { word.removeLast() }
    if word == "?" || word.isEmpty { word = "help" }
    let found = CommandName.matching(word)
    let place = line.span(head)
    guard let command = found.first else {
      let near = Suggestion.nearest(to: word, among: CommandName.allCases.map(\.rawValue))
      throw DiagnosticError(.unknownCommand(":" + word, suggestion: near, at: place))
    }
    guard found.count == 1 else {
      throw DiagnosticError(.ambiguousCommand(":" + word, among: found.map(\.rawValue), at: place))
    }
    if isForced, command != .save {
      throw DiagnosticError(.usage("only `:save` takes a `!`", of: command, at: place))
    }
    if rest.isEmpty, command.needsArguments {
      throw DiagnosticError(
        .usage("`:\(command.rawValue)` of what?", of: command, at: line.whole))
    }
    try perform(command, rest, isForced: isForced, head, line)
  }

  private func perform(
    _ command: CommandName, _ rest: Fragment, isForced: Bool, _ head: Fragment, _ line: Line
  ) throws {
    let question = question(line)
    var rest = command.takesValues ? try expanded(rest, in: line, isList: true) : rest
    if command.takesRules { rest = rest.unquoted.trimmed }
    let inspection = InspectionCommands(question: question)
    let expressions = ExpressionCommands(question: question)
    let rules = RuleCommands(question: question)
    let files = FileCommands(question: question, runner: runner)
    switch command {
    case .help: try HelpCommand(question: question).help(rest)
    case .type: try inspection.type(rest)
    case .describe: try inspection.describe(rest)
    case .show: try inspection.show(rest)
    case .dump: try inspection.dump(rest)
    case .latex: try inspection.latex(rest)
    case .browse: inspection.browse(rest)
    case .time: try time(rest, line)
    case .trace: try TraceCommand(question: question).trace(rest)
    case .load: try files.load(FileCommands.path(rest), at: rest)
    case .reload: try files.reload()
    case .save: try files.save(rest, isForced: isForced, head)
    case .plot where runner.hasSeries(rest): try statement("plot \(rest.text)")
    case .plot: try PlotCommand(question: question).draw(rest)
    case .set: try SettingsCommand(question: question).set(rest)
    case .undo:
      guard let text = definitions.undo() else {
        throw DiagnosticError(.nothingToDo("there is nothing to undo", at: line.span(head)))
      }
      let lines = text.split(separator: "\n")
      output.say("took back: \(lines.first ?? "")\(lines.count > 1 ? " …" : "")\n")
    case .suggest: try SuggestCommand(question: question).suggest(rest)
    case .quit: isQuitting = true
    case .simplify, .expand, .factor, .collect, .subst, .solve, .diff:
      try expressions.answer(command, try expanded(rest, in: line))
    case .assume: try expressions.assume(rest)
    case .compare:
      let (a, b) = try rules.pair(rest, command)
      try rules.compare(a, b)
    case .stability: try StabilityCommands(question: question).tell(rest)
    case .sensitivity, .unroll, .closed, .identify, .steady, .invariance, .units, .bounds,
      .reduce, .lr, .coupling:
      try rules.answer(command, rest)
    }
  }

  /// `:time`.
  private func time(_ rest: Fragment, _ line: Line) throws {
    guard depth < 8 else {
      throw DiagnosticError(.usage("this times itself", of: .time, at: line.span(rest)))
    }
    depth += 1
    defer { depth -= 1 }
    let start = ContinuousClock.now
    answer(rest.text)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let isShort = seconds < 1
    output.write(
      "took \(NumberText.significant(isShort ? seconds * 1e3 : seconds, digits: 3)) "
        + (isShort ? "ms\n" : "s\n"))
  }
}

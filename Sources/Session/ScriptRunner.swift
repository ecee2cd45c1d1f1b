import Diagnostics
import Experiments
import Runtime
import Semantics

/// Runs the commands of statements, and keeps what was recorded for plots.
final class ScriptRunner {
  /// Compiles passes for the engines `native` and `auto`.
  var passCompiler: (any SegmentCompiler)?
  private var script: Script!
  /// The programs of the last search, with which the same statement goes on.
  private let searches = SearchMemory()
  private let definitions: Definitions
  private let output: Presentation

  init(_ definitions: Definitions, _ output: Presentation) {
    self.definitions = definitions
    self.output = output
    restart()
  }

  /// Goes on with the compiler that the definitions have now.
  func restart() {
    let before = script
    script = Script(
      definitions.compiler, options: Script.Options(),
      output: { [unowned output] in output.write($0) },
      progress: { [unowned output] in output.progress($0) })
    script.draw = { [unowned output] figure throws(DiagnosticError) in try output.drawn(figure) }
    script.interrupt = output.interrupt
    script.memory = searches
    if let before { script.resume(before) }
  }

  /// Whether a text begins with what the last experiment recorded.
  func hasSeries(_ rest: Fragment) -> Bool {
    let last = script.experiments.last
    let series = (last?.series ?? []) + (last?.loopSeries ?? []) + ["path", "loss"]
    let first = rest.text.split(whereSeparator: { $0 == "," || $0 == " " }).first
    return first.map { series.contains(String($0)) } ?? false
  }

  /// Runs the commands of the text that was checked last; each is part of the saved session once
  /// it has run.
  func run() throws {
    try rehearse()
    for command in definitions.compiler.commands {
      if output.isInterrupted { return }
      let source = definitions.compiler.sources.text(command.span)
      if case .expression(let expression) = command.kind {
        let (value, isBoolean) = try script.evaluate(expression, command.tree)
        output.show(value, isBoolean: isBoolean, of: source)
      } else {
        try run(command)
      }
      if case .search = command.kind {
        // A saved session has the rule that was found in place of the search.
        if let found = script.found { declare(found) }
      } else {
        definitions.ran(source)
      }
    }
  }

  /// Of several experiments none runs for long before the mistakes of the others are told.
  private func rehearse() throws {
    var found: [Diagnostic] = []
    for command in definitions.compiler.commands.filter(\.isExperiment).dropFirst() {
      configure(command)
      do throws(DiagnosticError) {
        try script.rehearse(command)
      } catch {
        found += error.diagnostics.filter { !found.contains($0) }
      }
    }
    if !found.isEmpty { throw DiagnosticError(found) }
  }

  /// Takes over the settings of the session.
  private func configure(_ command: CheckedCommand) {
    script.options.engine = output.settings.engine
    script.options.elementType = output.settings.elementType
    script.options.folder = nil
    // As after Ctrl-C in a search: the same statement goes on.
    script.options.resuming = .ifSame
    script.options.threads = Threads.preferred
    script.options.allowsCommands = output.settings.allowsCommands
    script.options.commandSeconds = output.settings.commandSeconds
    searches.path = output.settings.journal
    script.passCompiler = passCompiler
    if case .train(let statement) = command.kind {
      script.options.folder = definitions.ledger.declaration(statement.data.key)?.folder
    }
    if case .search(let statement) = command.kind {
      script.options.folder =
        statement.tasks.lazy.compactMap {
          self.definitions.ledger.declaration($0.key)?.folder
        }.first
    }
  }

  private func run(_ command: CheckedCommand) throws {
    configure(command)
    // What it found before it failed is told as well.
    defer {
      output.progress("")
      report(script.takeFindings())
    }
    try script.run(command)
    switch command.kind {
    case .assert where script.findings.isEmpty: output.say("it holds\n")
    case .train, .minimize: report(script.experiments.last?.failures ?? [])
    default: break
    }
  }

  /// Makes what a search found a rule of the session, and its last value.
  private func declare(_ found: FoundRule) {
    let compiler = definitions.compiler
    let standing = compiler.standing
    let errors = compiler.add(name: found.name, bytes: Array(found.source.utf8))
    guard !errors.contains(where: { $0.severity == .error }), let tree = compiler.script else {
      compiler.restore(standing)
      return
    }
    definitions.accept(tree, from: standing, as: "search \(found.name)")
    output.present(found.name, keeping: found.name)
  }

  private func report(_ diagnostics: [Diagnostic]) {
    output.report(diagnostics, in: definitions.compiler.sources)
  }
}

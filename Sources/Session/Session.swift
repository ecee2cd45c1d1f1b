import Diagnostics
import Driver
import Experiments
import Lowering
import Runtime
import Semantics
import Symbolic
import Syntax

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

  package let console: any SessionConsole
  package var settings = SessionSettings()
  /// Compiles passes for the engines `native` and `auto`.
  package var passCompiler: (any SegmentCompiler)?
  package private(set) var worst = Standing.good
  /// Whether the last text was interrupted.
  package private(set) var wasInterrupted = false

  private(set) var compiler = Compiler()
  var script: Script!
  private(set) var ledger = Ledger()
  var values = ValueHistory()
  /// What `:assume` said of names, in order.
  var assumptions: [(name: String, domain: Interval)] = []
  /// What `:undo` goes back to, the last change last.
  private var past: [Change] = []
  /// Files that were loaded, with the time of their last change.
  var loaded: [(path: String, time: Int64?)] = []
  /// Statements so far, for the names of their texts.
  private var count = 0
  /// Figures written as files.
  var figures = 0
  /// Findings and warnings of the script that were shown.
  private var shown = (findings: 0, warnings: 0)
  /// The statement that is being answered, as a file among the sources.
  var line: SourceFile!
  var isQuitting = false
  /// How deep `:time` and the like are nested.
  var depth = 0

  private struct Change {
    var text: String
    var standing: Checker.Standing
    var ledger: Ledger
    var loaded: [(path: String, time: Int64?)]
  }

  let interrupt: InterruptSource

  /// How many times longer than `settings.seconds` the algebra may take.
  private let patience: Double

  /// `patience`: a replay must give the same on a slow machine, where limits of time would be met
  /// earlier.
  package init(
    console: any SessionConsole, interrupt: InterruptSource = .signals, patience: Double = 1
  ) {
    self.console = console
    self.interrupt = interrupt
    self.patience = patience
    startScript()
  }

  private func startScript() {
    let experiments = script?.experiments ?? []
    script = Script(
      compiler, options: Script.Options(),
      output: { [unowned self] in write($0) },
      progress: { [unowned self] in console.progress(plain($0)) })
    script.resume(experiments)
    shown = (0, 0)
  }

  // MARK: Answers

  /// Runs a text: one statement, a command, or the several statements of a script.
  ///
  /// Returns false where the session ends. Interrupts stop a computation, never the session.
  @discardableResult
  package func submit(_ text: String) -> Bool {
    if StatementReader.isBlank(text) { return true }
    interrupt.clear()
    compactIfLarge()
    count += 1
    let limits = TermLimits(
      deadline: .now + .seconds(settings.seconds * patience), nodes: settings.nodes,
      isCancelled: interrupt.isRequested)
    TermLimits.$current.withValue(limits) { answer(text) }
    wasInterrupted = interrupt.isRequested()
    if wasInterrupted {
      console.progress("")
      say("interrupted\n")
      interrupt.clear()
    }
    return !isQuitting
  }

  /// Answers one text and shows what is wrong with it.
  func answer(_ text: String) {
    do {
      if text.utf8.first(where: { $0 > 0x20 }) == UInt8(ascii: ":") {
        line = compiler.place(name: name, text: text)
        try command(text)
      } else {
        try statement(text)
      }
    } catch let error as DiagnosticError {
      report(error.diagnostics)
    } catch let error as SymbolicError {
      report([.noAnswer(error, at: wholeLine)])
    } catch {
      report([.noAnswer(SymbolicError("\(error)"), at: wholeLine)])
    }
  }

  /// What the text of this statement is called in messages.
  var name: String { "input \(count)" }

  /// The line that is being answered, without blanks around it.
  var wholeLine: Span {
    guard let line else { return .none }
    let whole = Fragment(String(decoding: line.bytes, as: UTF8.self)).trimmed
    return span(whole)
  }

  func span(_ fragment: Fragment) -> Span {
    let low = line.base + UInt32(clamping: fragment.offset)
    return Span(low, low + UInt32(clamping: fragment.count))
  }

  func write(_ text: String) { console.write(plain(text)) }
  func say(_ text: String) { console.say(plain(text)) }

  private func plain(_ text: String) -> String {
    console.showsUnicode ? text : PlainText.ascii(text)
  }

  /// Shows diagnostics and remembers how bad they are.
  func report(_ diagnostics: [Diagnostic]) {
    if diagnostics.isEmpty || interrupt.isRequested() { return }
    for diagnostic in diagnostics { worst = max(worst, Self.standing(of: diagnostic)) }
    let renderer = DiagnosticRenderer(sources: compiler.sources, colour: console.hasColour)
    say(renderer.text(diagnostics))
  }

  /// A finding that no diagnostic tells: rules that differ.
  func note(_ standing: Standing) { worst = max(worst, standing) }

  private static func standing(of diagnostic: Diagnostic) -> Standing {
    if diagnostic.severity == .warning { return .good }
    return switch diagnostic.code {
    case .assertionFails: .finding
    case let code where code.isNumeric: .numeric
    case let code where code.isOfFiles: .usage
    default: .program
    }
  }

  // MARK: Changes

  /// Adds what a checked text declares, and says what that changes.
  func accept(
    _ tree: SyntaxTree, from standing: Checker.Standing, as text: String, folder: String? = nil
  ) {
    let added = tree.items.compactMap {
      Ledger.declaration($0, of: tree, folder: folder)
    }
    if added.isEmpty { return }
    past.append(Change(text: text, standing: standing, ledger: ledger, loaded: loaded))
    if past.count > 1_000 { past.removeFirst() }
    var replaced: [Ledger.Declaration] = []
    for declaration in added {
      if ledger.holds(declaration.kind, declaration.key) { replaced.append(declaration) }
      ledger.declare(declaration)
      if declaration.kind == .data { script.forget(data: declaration.key) }
    }
    if folder == nil {
      for declaration in added { announce(declaration, replaced) }
    }
    recheck(replaced.map(\.key))
  }

  private func announce(_ declaration: Ledger.Declaration, _ replaced: [Ledger.Declaration]) {
    let what = "\(declaration.kind.noun) \(declaration.name)"
    if replaced.contains(where: { $0.kind == declaration.kind && $0.key == declaration.key }) {
      say("replaced \(what)\n")
    } else if isInLibrary(declaration) {
      say("defined \(what), which hides the zoo's\n")
    } else {
      say("defined \(what)\n")
    }
  }

  private func isInLibrary(_ declaration: Ledger.Declaration) -> Bool {
    switch declaration.kind {
    case .rule: compiler.program.libraryRules[declaration.key] != nil || isZoo(declaration.name)
    case .function: isZoo(declaration.name)
    default: false
    }
  }

  private func isZoo(_ name: String) -> Bool { ZooIndex.declaration(name) != nil }

  /// Says what used replaced declarations, and what no longer holds.
  private func recheck(_ keys: [String]) {
    var seen: Set<String> = Set(keys)
    var names: [String] = []
    var broken: [Diagnostic] = []
    for key in keys {
      for dependent in ledger.dependents(of: key) where seen.insert(dependent.key).inserted {
        names.append(dependent.name)
        switch dependent.kind {
        case .rule: broken += Lowering.check(ruleNamed: dependent.key, of: compiler.program)
        case .objective:
          broken += Lowering.check(objectiveNamed: dependent.key, of: compiler.program)
        case .value:
          broken += Lowering.check(definitionsNamed: [dependent.key], of: compiler.program)
        case .function, .data: break
        }
      }
    }
    if names.isEmpty { return }
    let verb = names.count == 1 ? "depends on it and follows" : "depend on it and follow"
    say("  \(names.joined(separator: ", ")) \(verb)\n")
    report(broken)
  }

  /// Takes back the last change; nil where there is none.
  func undo() -> String? {
    guard let last = past.popLast() else { return nil }
    compiler.restore(last.standing)
    ledger = last.ledger
    loaded = last.loaded
    return last.text
  }

  func ran(_ command: String) { ledger.run(command) }

  func showFindings() {
    let warnings = script.warnings.dropFirst(shown.warnings)
    let findings = script.findings.dropFirst(shown.findings)
    shown = (script.findings.count, script.warnings.count)
    report(Array(warnings) + Array(findings))
  }

  // MARK: Room

  /// Texts of statements that are over are let go once they are many.
  private func compactIfLarge() {
    guard
      compiler.sources.files.count > 20_000 || (compiler.sources.files.last?.base ?? 0) > 1 << 26
    else { return }
    compiler = Compiler()
    for declaration in ledger.declarations {
      _ = compiler.add(name: declaration.name, bytes: Array(declaration.text.utf8))
    }
    past = []
    startScript()
  }
}

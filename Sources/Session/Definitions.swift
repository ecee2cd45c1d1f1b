import Diagnostics
import Driver
import Lowering
import Semantics
import Symbolic
import Syntax

/// What a session has declared and assumed, what it goes back to, and what of it is saved.
final class Definitions {
  private(set) var compiler = Compiler()
  private(set) var ledger = Ledger()
  /// What `:assume` said of names, in order.
  var assumptions: [(name: String, domain: Interval)] = []
  /// Files that were loaded, with the time of their last change.
  private(set) var loaded: [(path: String, time: Int64?)] = []
  /// What `:undo` goes back to, the last change last.
  private var past: [Change] = []
  private let output: Presentation

  private struct Change {
    var text: String
    var standing: CheckedProgram.Standing
    var ledger: Ledger
    var loaded: [(path: String, time: Int64?)]
  }

  init(_ output: Presentation) { self.output = output }

  // MARK: Names

  /// Whether a name means a rule, of the session or the zoo.
  func isRule(_ name: Name) -> Bool {
    compiler.program.rules[name.key] != nil || ZooIndex.rule(name.text) != nil
  }

  /// Whether a name means an objective, of the session or a problem of the library.
  func isObjective(_ name: Name) -> Bool {
    compiler.program.objectives[name.key] != nil
      || ZooIndex.declaration(name.text)?.kind == .objective
  }

  /// Everything that there is help on.
  var helpNames: [String] {
    ledger.declarations.map(\.name) + ZooIndex.declarations.map(\.name)
      + (BuiltinHelp.entries + BuiltinHelp.words).map(\.name)
      + CommandName.allCases.map { ":" + $0.rawValue }
  }

  // MARK: Changes

  /// Adds what a checked text declares, and says what that changes. Returns what it declares.
  @discardableResult
  func accept(
    _ tree: SyntaxTree, from standing: CheckedProgram.Standing, as text: String,
    folder: String? = nil
  ) -> [Ledger.Declaration] {
    let added = tree.items.compactMap { Ledger.declaration($0, of: tree, folder: folder) }
    if added.isEmpty { return [] }
    past.append(Change(text: text, standing: standing, ledger: ledger, loaded: loaded))
    // Each keeps all that was declared.
    let kept = min(1_000, max(20, 200_000 / (ledger.declarations.count + 1)))
    if past.count > kept { past.removeFirst(past.count - kept) }
    var replaced: [String] = []
    for declaration in added {
      let isReplaced = ledger.holds(declaration.kind, declaration.key)
      if isReplaced { replaced.append(declaration.key) }
      ledger.declare(declaration)
      if folder == nil { announce(declaration, isReplaced: isReplaced) }
    }
    recheck(replaced)
    return added
  }

  private func announce(_ declaration: Ledger.Declaration, isReplaced: Bool) {
    let what = "\(declaration.kind.noun) \(declaration.name)"
    let owner = declaration.kind == .objective ? "library" : "zoo"
    let hides = isInLibrary(declaration) ? ", which hides the \(owner)'s" : ""
    output.say(isReplaced ? "replaced \(what)\n" : "defined \(what)\(hides)\n")
  }

  private func isInLibrary(_ declaration: Ledger.Declaration) -> Bool {
    let kind = ZooIndex.declaration(declaration.name)?.kind
    return switch declaration.kind {
    case .rule: kind == .rule || compiler.program.libraryRules[declaration.key] != nil
    case .function: kind == .function
    case .objective: kind == .objective
    default: false
    }
  }

  /// Says what used replaced declarations, and what no longer holds.
  private func recheck(_ keys: [String]) {
    var seen: Set<String> = Set(keys)
    var names: [String] = []
    var broken: [Diagnostic] = []
    let program = compiler.program
    for key in keys {
      for dependent in ledger.dependents(of: key) where seen.insert(dependent.key).inserted {
        names.append(dependent.name)
        switch dependent.kind {
        case .rule: broken += Lowering.check(ruleNamed: dependent.key, of: program).diagnostics
        case .objective:
          broken += Lowering.check(objectiveNamed: dependent.key, of: program).diagnostics
        case .value: broken += Lowering.check(definitionsNamed: [dependent.key], of: program)
        case .function, .data, .task: break
        }
      }
    }
    if names.isEmpty { return }
    let verb = names.count == 1 ? "depends on it and follows" : "depend on it and follow"
    output.say("  \(names.joined(separator: ", ")) \(verb)\n")
    output.report(broken, in: compiler.sources)
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

  func noteLoaded(_ path: String, _ time: Int64?) {
    if let k = loaded.firstIndex(where: { $0.path == path }) {
      loaded[k].time = time
    } else {
      loaded.append((path, time))
    }
  }

  /// Lets the texts of statements go that are over, once they are many; whether it did.
  func compactIfLarge() -> Bool {
    let files = compiler.sources.files
    guard files.count > 20_000 || (files.last?.base ?? 0) > 1 << 26 else { return false }
    compiler = Compiler()
    for declaration in ledger.declarations {
      _ = compiler.add(name: declaration.name, bytes: Array(declaration.text.utf8))
    }
    past = []
    return true
  }
}

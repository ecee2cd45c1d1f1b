import Diagnostics
import Syntax

/// Checks names, roles and equations of a script; loads what it uses from libraries on demand.
package struct Checker {
  /// Shared with the checkers of single declarations, which see what is loaded meanwhile.
  let shared = Shared()
  /// Where in loose expressions names without a meaning stand for any number.
  package enum FreeNames: Sendable {
    case none, everywhere
    /// In the arguments of rules.
    case inRules
  }
  package var freeNames = FreeNames.none
  package internal(set) var program: CheckedProgram {
    get { shared.program }
    _modify { yield &shared.program }
  }
  package internal(set) var bag = DiagnosticBag()
  private var library: Library
  /// The text of what could not be read: names in it are not called unknown.
  var unread: [String] = []

  final class Shared {
    var program = CheckedProgram()
  }

  /// `offered`: the names that `library` can load, for suggestions.
  package init(
    offered: Offer = Offer(), library: @escaping (LibraryName) -> SyntaxTree? = { _ in nil }
  ) {
    self.library = Library(text: library)
    program.offered = offered
  }

  /// Takes back what was declared since; what libraries gave meanwhile stays.
  package mutating func restore(_ standing: CheckedProgram.Standing) { program.restore(standing) }

  /// Forgets the commands and diagnostics of earlier texts; declarations stay (a REPL session).
  package mutating func beginStatement() {
    program.commands = []
    bag = DiagnosticBag()
  }

  /// Adds a text of the user: later declarations replace those of earlier texts.
  ///
  /// `unreadable` are the places where the parser found an error: a declaration with one inside is
  /// known by its name, and not checked further.
  package mutating func add(_ tree: SyntaxTree, unreadable: [Span] = []) {
    unread = []
    for item in tree.items where !unreadable.isEmpty {
      if case .error = item.kind { unread.append(Self.text(item.span, of: tree.file)) }
    }
    add(tree, isLibrary: false, unreadable: unreadable)
    unread = []
  }

  /// Makes sure that a rule or function of the libraries is loaded; false when there is none.
  package mutating func require(_ key: String, isLibrary: Bool = false) -> Bool {
    require(.callable(key), isLibrary: isLibrary)
  }

  /// Makes sure that an objective, data or a task that a text names is loaded; false when there is none.
  package mutating func require(_ name: LibraryName, isLibrary: Bool = false) -> Bool {
    if shared.program.declares(name, forLibrary: isLibrary) { return true }
    guard let tree = library.take(name) else { return false }
    add(tree, isLibrary: true, unreadable: [])
    return shared.program.declares(name, forLibrary: isLibrary)
  }

  private mutating func add(_ tree: SyntaxTree, isLibrary: Bool, unreadable: [Span]) {
    let id = program.add(tree, isLibrary: isLibrary)
    defer { if !isLibrary { refuseRecursion(tree, id) } }
    let accepted = declare(tree, id, isLibrary: isLibrary)
    for (item, isAccepted) in zip(tree.items, accepted) where isAccepted {
      let isUnreadable = unreadable.contains {
        $0.start >= item.span.start && $0.start <= item.span.end
      }
      // Nobody reads more errors than are kept.
      if bag.isFullOfErrors || isUnreadable {
        program.markBroken(item, in: id)
        continue
      }
      let before = bag
      bag = DiagnosticBag()
      check(item, tree, id)
      let own = bag
      bag = before
      bag.report(contentsOf: own)
      // A knob that does nothing is wrong, and hides nothing of the rest.
      if own.all.contains(where: { $0.severity == .error && $0.code != .unusedHyper }) {
        program.markBroken(item, in: id)
      }
    }
  }

  /// Functions that call themselves, called or not.
  private mutating func refuseRecursion(_ tree: SyntaxTree, _ id: TreeID) {
    for cycle in CallGraph(of: tree, id, in: program).cycles() {
      guard let name = program.functions[cycle.entry]?.declaration.name else { continue }
      bag.report(.recursion(name))
      for key in cycle.path { program.update(function: key, in: id) { $0.isBroken = true } }
    }
  }

  // MARK: Declaring

  private mutating func declare(
    _ tree: SyntaxTree, _ id: TreeID, isLibrary: Bool
  ) -> [Bool] {
    var seen: [String: [Item]] = [:]
    var accepted: [Bool] = []
    for item in tree.items {
      guard let name = item.declaredName else {
        accepted.append(true)
        continue
      }
      let earlier = seen[name.key, default: []].first { !$0.mayShareName(with: item) }
      if let first = earlier?.declaredName {
        bag.report(.duplicateDeclaration(name, first: first.span))
        accepted.append(false)
        continue
      }
      seen[name.key, default: []].append(item)
      if case .definition = item.kind, BlockBuilder.isReserved(name.key, in: .header) {
        bag.report(.reservedName(name))
        accepted.append(false)
        continue
      }
      accepted.append(true)
      program.declare(item, in: id)
    }
    return accepted
  }

  private static func text(_ span: Span, of file: SourceFile) -> String {
    let low = min(max(0, Int(span.start) - Int(file.base)), file.bytes.count)
    let high = min(max(low, Int(span.end) - Int(file.base)), file.bytes.count)
    return String(decoding: file.bytes[low..<high], as: UTF8.self)
  }

  // MARK: Checking

  private mutating func check(_ item: Item, _ tree: SyntaxTree, _ id: TreeID) {
    switch item.kind {
    case .rule(let rule): check(rule, tree, id)
    case .function(let function): check(function, tree, id)
    case .objective(let objective): check(objective, tree, id)
    case .data(_, let source): resolveArguments(of: source, tree, id)
    case .definition(_, let value): checkLoose(value, tree, id)
    case .minimize(let statement):
      check(statement, tree, id)
      command(item, id)
    case .train(let statement):
      check(statement, tree, id)
      command(item, id)
    case .task(let task): check(task, tree, id)
    case .plot(let plot):
      for axis in plot.axes {
        for limit in axis.limits.map({ [$0.low, $0.high] }) ?? [] { checkLoose(limit, tree, id) }
      }
      command(item, id)
    case .save: command(item, id)
    case .search(let search):
      check(search, tree, id)
      command(item, id)
    case .assert(let value), .expression(let value):
      checkLoose(value, tree, id)
      command(item, id)
    case .error: break
    }
  }

  private mutating func command(_ item: Item, _ id: TreeID) {
    // One with errors of its own cannot run.
    if bag.hasErrors { return }
    program.commands.append(CheckedCommand(kind: item.kind, tree: id, span: item.span))
  }
}

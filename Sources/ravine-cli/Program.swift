import Diagnostics
import Driver
import IR
import Laboratory
import Symbolic

/// What a command line names as a program: a file, a rule of the zoo, or a rule of a file
/// (`path.opt:Name(lr = 1)`).
enum Program {
  case file(String)
  case rule(String, from: String?)

  init(_ text: String) {
    if text == "-" || text.hasSuffix(".opt") || text.contains("/") && SourceFiles.exists(text) {
      self = .file(text)
    } else if let end = text.range(of: ".opt:")?.upperBound {
      self = .rule(String(text[end...]), from: String(text[..<text.index(before: end)]))
    } else {
      self = .rule(text, from: nil)
    }
  }

  /// The files that a command line names; a directory stands for the `.opt` files below it.
  static func expand(_ paths: [String]) throws -> [String] {
    do throws(DiagnosticError) {
      return try SourceFiles.expand(paths)
    } catch {
      Console.report(error.diagnostics, in: SourceMap())
      throw Status.usage
    }
  }

  /// Reads a script into a compiler. Its diagnostics are shown; errors end the command.
  static func add(_ path: String, to compiler: Compiler) throws {
    let bytes = try Console.reporting(in: compiler, as: .usage) { try SourceFiles.read(path) }
    let found = compiler.add(name: path == "-" ? "<stdin>" : path, bytes: bytes)
    Console.report(found, in: compiler.sources)
    if found.contains(where: { $0.severity == .error }) { throw Status.program }
  }

  /// The objective that `text` names in a file that was read; nil where it names something else.
  static func objective(_ text: String, in compiler: Compiler) throws -> ObjectiveModule? {
    let name = text.prefix { $0 != "(" && $0 != " " }
    guard compiler.declaresObjective(String(name)) else { return nil }
    return try Console.reporting(in: compiler) { try compiler.objective(text) }
  }

  /// The rule that `text` names, lowered with its arguments. Errors are shown and end the command.
  static func rule(_ text: String, from path: String?, in compiler: Compiler) throws -> Rule {
    if let path { try add(path, to: compiler) }
    return try Console.reporting(in: compiler) { try compiler.rule(text) }
  }

  /// The one rule that `text` names, with its file read. Usage errors and diagnostics are shown and end the
  /// command.
  static func single(_ text: String, in compiler: Compiler) throws -> Rule {
    let (rule, path) = try named(text)
    if let path { try add(path, to: compiler) }
    return try Console.reporting(in: compiler) { try compiler.rule(rule, allowsFreeNames: true) }
  }

  /// What a text says of one rule: its call, and its file if it has one. A text that names a file alone is a usage
  /// error.
  static func named(_ text: String) throws -> (rule: String, path: String?) {
    guard case .rule(let rule, let path) = Program(text) else {
      Console.say(
        "ravine: `\(Console.printable(text))` names a file: say which rule, FILE.opt:RULE\n")
      throw Status.usage
    }
    return (rule, path)
  }

  /// What the algebra answers; why it has no answer is a diagnostic.
  static func algebra<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as SymbolicError {
      throw DiagnosticError(.noAnswer(error, at: .none))
    }
  }
}

extension String {
  /// The first place where a text stands in this one.
  func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) {
        return start..<index(start, offsetBy: text.count)
      }
      start = index(after: start)
    }
    return nil
  }
}

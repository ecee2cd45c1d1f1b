import Diagnostics
import Driver
import Experiments
import IR
import Training

/// The script of a command that runs rules on tasks, read, with what finds its tasks and rules by their names.
struct OpenScript {
  let compiler = Compiler()
  let script: Script

  /// From here on Ctrl-C stops work, not the program. Without a path there is the library alone. Diagnostics are shown;
  /// errors end the command.
  init(_ path: String?, _ programs: ProgramOptions? = nil) throws {
    Interrupt.install()
    if let path { try Program.add(path, to: compiler) }
    var options = Script.Options()
    // Data of a task are found beside the script that has it.
    options.folder = path.flatMap { SourceFiles.folder(of: $0) }
    programs?.set(&options)
    script = Script(compiler, options: options, output: { _ in })
  }

  /// Rules that a command line names, those of other files by `FILE.opt:RULE`. Errors end the command.
  func rules(_ named: [String]) throws -> [Rule] {
    try named.map { text in
      try answer { () throws(DiagnosticError) in try rule(text, allowsMissing: true) }
    }
  }

  /// What `body` gives. What it throws is shown where progress stood, and ends the command.
  func answer<T>(_ body: () throws(DiagnosticError) -> T) throws -> T {
    let found = Result(catching: body)
    Console.progress("")
    do throws(DiagnosticError) {
      return try found.get()
    } catch {
      Console.report(error.diagnostics, in: compiler.sources)
      throw Status.program
    }
  }

  /// The rule that a word names, of the script, of the zoo or of another file, which is read where it was not.
  ///
  /// Throws R0292 for a file without a rule, and what is wrong with the file.
  func rule(_ text: String, allowsMissing: Bool = false) throws(DiagnosticError) -> Rule {
    guard case .rule(let rule, let path) = Program(text) else {
      throw DiagnosticError(.fileForRule(text))
    }
    if let path, !compiler.sources.files.contains(where: { $0.name == path }) {
      let found = compiler.add(name: path, bytes: try SourceFiles.read(path))
      let errors = found.filter { $0.severity == .error }
      if !errors.isEmpty { throw DiagnosticError(errors) }
    }
    return try compiler.rule(rule, allowsMissing: allowsMissing)
  }

  /// What was said of several words: each option may have some, with commas.
  static func words(_ list: [String]) -> [String] {
    list.flatMap { $0.split(separator: ",") }.map { $0.filter { $0 != " " } }
      .filter { !$0.isEmpty }
  }
}

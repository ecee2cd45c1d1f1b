import ArgumentParser
import Diagnostics
import Driver
import Experiments
import Laboratory

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check programs without running them.",
    discussion: """
      Examples:
        ravine check lion.opt             names, roles, equations, shapes, routes
        ravine check Examples my-rules    every .opt file below two directories
        ravine check --notes lion.opt     also how its hyperparameters act together, where ε stands
        ravine check --json lion.opt      the findings as data
        cat lion.opt | ravine check -

      Ends with 0 if there are no errors, with 3 if there are. Warnings count only with --strict (1).
      """)

  @Flag(help: "The findings as a JSON array on stdout.")
  var json = false
  @Flag(help: "End with 1 where there are warnings.")
  var strict = false
  @Flag(help: "Also what is worth knowing of each rule and no fault.")
  var notes = false
  @Argument(
    help: ArgumentHelp("Files, directories, or - for standard input.", valueName: "file"),
    completion: .file(extensions: ["opt"]))
  var files: [String]

  func run() throws {
    var status = Status.success
    var arrays: [String] = []
    var counts = (files: 0, errors: 0, warnings: 0)
    for path in try Program.expand(files) {
      let compiler = Compiler()
      let found: [Diagnostic]
      do throws(DiagnosticError) {
        let bytes = try SourceFiles.read(path)
        found = findings(bytes, path, compiler)
        if found.contains(where: { $0.severity == .error }) { status = status.worse(.program) }
      } catch {
        found = error.diagnostics
        status = status.worse(.usage)
      }
      counts.files += 1
      counts.errors += found.filter { $0.severity == .error }.count
      counts.warnings += found.filter { $0.severity == .warning }.count
      if json {
        if !found.isEmpty {
          arrays.append(DiagnosticRenderer(sources: compiler.sources).json(found))
        }
      } else {
        if counts.errors + counts.warnings > found.count, !found.isEmpty { Console.say("\n") }
        Console.report(found, in: compiler.sources)
      }
    }
    if strict, counts.warnings > 0 { status = status.worse(.finding) }
    if json {
      let inner = arrays.map { $0.dropFirst(2).dropLast(2) }.joined(separator: ",\n")
      Console.write(arrays.isEmpty ? "[]\n" : "[\n\(inner)\n]\n")
    } else {
      Console.say(summary(counts.files, counts.errors, counts.warnings) + "\n")
    }
    if status != .success { throw status }
  }

  /// What is wrong with the text, and where it is right with what it would run.
  private func findings(_ bytes: [UInt8], _ path: String, _ compiler: Compiler) -> [Diagnostic] {
    let found = compiler.add(name: path == "-" ? "<stdin>" : path, bytes: bytes)
    if found.contains(where: { $0.severity == .error }) { return found }
    var options = Script.Options()
    options.folder = SourceFiles.folder(of: path)
    let script = Script(compiler, options: options, output: { _ in })
    var problems = script.problems()
    if problems.isEmpty { problems = script.rehearsal() }
    return found + compiler.program.seldomMeant() + compiler.couplings(withNotes: notes) + problems
  }

  private func summary(_ files: Int, _ errors: Int, _ warnings: Int) -> String {
    func counted(_ n: Int, _ noun: String) -> String { "\(n) \(noun)\(n == 1 ? "" : "s")" }
    let checked = counted(files, "file") + " checked: "
    if errors + warnings == 0 { return checked + "no errors" }
    return checked + counted(errors, "error")
      + (warnings > 0 ? ", " + counted(warnings, "warning") : "")
  }
}

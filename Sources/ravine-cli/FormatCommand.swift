import ArgumentParser
import Diagnostics
import Files
import Training

import enum Syntax.FormatStyle
import func Syntax.format

struct FormatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fmt",
    abstract: "Write programs in the one layout; their meaning and comments stay.",
    discussion: """
      Examples:
        ravine fmt lion.opt              format a file in place
        ravine fmt --check Examples      list files that would change; ends with 1
        ravine fmt --ascii lion.opt      β1 becomes beta1, ² becomes ^2
        ravine fmt --unicode lion.opt    and back
        ravine fmt - < lion.opt          from standard input to standard output
      """)

  @Flag(help: "Change nothing; list the files that would change.")
  var check = false
  @Flag(help: "Spell Greek letters and signs in ASCII.")
  var ascii = false
  @Flag(help: "Spell Greek letters and signs in Unicode.")
  var unicode = false
  @Argument(
    help: ArgumentHelp("Files, directories, or - for standard input.", valueName: "file"),
    completion: .file(extensions: ["opt"]))
  var files: [String]

  func validate() throws {
    if ascii && unicode { throw ValidationError("--ascii and --unicode exclude each other") }
  }

  func run() throws {
    let style: FormatStyle = ascii ? .ascii : unicode ? .unicode : .asWritten
    var status = Status.success
    for path in try Program.expand(files) {
      var sources = SourceMap()
      do throws(DiagnosticError) {
        let bytes = try SourceFiles.read(path)
        let file = sources.add(name: path == "-" ? "<stdin>" : path, bytes: bytes)
        var bag = DiagnosticBag()
        guard let text = format(file, style: style, into: &bag) else {
          Console.report(bag.sorted, in: sources)
          status = status.worse(.program)
          continue
        }
        let formatted = Array(text.utf8)
        if check {
          guard formatted != bytes else { continue }
          Console.write(file.name + "\n")
          status = status.worse(.finding)
        } else if path == "-" {
          Console.writeFile(text)
        } else if formatted != bytes {
          try writeWhole(path: path, bytes: formatted)
        }
      } catch {
        Console.report(error.diagnostics, in: sources)
        status = status.worse(.usage)
      }
    }
    if status != .success { throw status }
  }
}

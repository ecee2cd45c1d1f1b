import ArgumentParser
import Diagnostics
import Session

struct TestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Run saved sessions again and compare what they print.",
    discussion: """
      Examples:
        ravine test session.txt               every statement, with a diff where it differs
        ravine test docs/*.md                 the `session` blocks of documents
        ravine test --update session.txt      write what is printed now

      A transcript has statements behind `ravine> ` and `   ...> `, and below each what it printed.
      Words and whole numbers must be the same; `# tolerance 1e-6` in a line before the first prompt
      says how far numbers with a decimal point may be, relative to their size (`1e-6 1e-9`: and
      absolutely). `[...]` stands for any text, alone on a line for any lines. Ends with 1 if
      something differs.
      """)

  @Flag(help: "Write what is printed now into the files.")
  var update = false
  @Argument(
    help: ArgumentHelp("Transcripts, or Markdown with blocks of `session`.", valueName: "file"))
  var files: [String]

  /// Bytes of a transcript: its lines take some twelve times as much.
  private static let limit = 8 << 20

  func run() throws {
    var status = Status.success
    var count = 0
    var differing = 0
    for path in files {
      let text: String
      do throws(DiagnosticError) {
        text = String(decoding: try SourceFiles.read(path, limit: Self.limit), as: UTF8.self)
      } catch {
        Console.report(error.diagnostics, in: SourceMap())
        status = status.worse(.usage)
        continue
      }
      let replay = SessionDocument(text, isMarkdown: path.hasSuffix(".md"))
        .replayed(console: TerminalConsole())
      if replay.count == 0 {
        Console.report(
          [.noPrompt(path)], in: SourceMap())
        status = status.worse(.usage)
        continue
      }
      count += replay.count
      differing += replay.differing
      if replay.differing == 0 { continue }
      if update {
        try TerminalConsole().save(path, Array(replay.updated.utf8))
        Console.say("updated \(Console.printable(path))\n")
      } else {
        Console.write(replay.difference(name: path))
        status = status.worse(.finding)
      }
    }
    if count > 0 {
      let found = differing == 0 ? "all as recorded" : "\(differing) differ"
      Console.say("\(count) statement\(count == 1 ? "" : "s"): \(found)\n")
    }
    if status != .success { throw status }
  }
}

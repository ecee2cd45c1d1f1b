import Foundation
import Support
import Testing

/// The page of man(1), the completion of shells, and the help that both are made of.
@Suite struct ManualTests {
  @Test func thePageHasEveryCommandAndHowItEnds() throws {
    let sandbox = try Sandbox()
    let page = try sandbox.run("ravine manual").output
    let help = try sandbox.run("ravine --help").output
    let commands = help.split(separator: "\n").drop { $0 != "SUBCOMMANDS:" }.dropFirst()
      .compactMap { $0.wholeMatch(of: #/  (\w+) .*/#)?.1 }.filter { $0 != "See" }
    #expect(commands.count == 26)
    let sections = page.split(separator: "\n").compactMap { $0.wholeMatch(of: /\.SS (\w+)/)?.1 }
    #expect(sections == commands)
    for heading in [
      "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXAMPLES", "EXIT STATUS",
    ] {
      #expect(page.contains("\n.SH \(heading)\n"))
    }
    for status in [0, 1, 2, 3, 4, 130] { #expect(page.contains("\n.B \(status)\n")) }
    #expect(page.contains("\\fB\\-\\-parameters\\fR \\fI"))
    // Each line is a request of the page itself, or text of which roff takes none for one.
    let requests = ["TH", "SH", "SS", "B", "br", "PP", "TP", "EX", "EE"]
    for line in page.split(separator: "\n") {
      #expect(line.allSatisfy { $0.isASCII } && !line.hasPrefix("'"))
      if line.hasPrefix(".") {
        #expect(requests.contains(String(line.dropFirst().prefix { $0 != " " })))
      }
    }
  }

  @Test func helpSaysHowItEnds() throws {
    let help = try Sandbox().run("ravine --help").output
    for status in [
      "0    all is well", "1    what", "2    the command", "3    a program", "4    a number",
      "130  Ctrl-C",
    ] {
      #expect(help.contains("\n  " + status), "\(help)")
    }
  }

  /// What a shell is given for the word at its cursor.
  @Test func wordsAreCompleted() throws {
    let sandbox = try Sandbox()
    try sandbox.write("Adagio.opt", CommandTests.rule)
    try sandbox.write("Ada/x.opt", CommandTests.rule)
    try sandbox.write("Ada/notes.txt", "")
    func words(_ command: String, _ place: Int, _ word: String) throws -> [Substring] {
      let line =
        "ravine ---completion \(command) -- positional@\(place) 2 \(word.count) ravine \(command) '\(word)'"
      let outcome = try sandbox.run(line, environment: ["SAP_SHELL": "bash"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      return outcome.output.split(separator: "\n")
    }
    let found = try words("describe", 0, "Ada")
    #expect(found.contains("AdamW") && found.suffix(2) == ["Ada/", "Adagio.opt"])
    #expect(found.allSatisfy { $0.hasPrefix("Ada") })
    #expect(try words("describe", 0, "Ada/") == ["Ada/x.opt"])
    #expect(try words("compare", 1, "MuonA") == ["MuonAdamW"])
    #expect(try words("zoo", 0, "cosine_s") == ["cosine_similarity"])
    #expect(try words("problems", 0, "Ada").isEmpty)
  }
}

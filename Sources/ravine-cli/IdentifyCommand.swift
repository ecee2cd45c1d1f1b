import ArgumentParser
import Basics
import Diagnostics
import Driver
import Laboratory
import Symbolic

struct IdentifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "identify",
    abstract: "The rules of the zoo that a rule is, becomes, or nearly is.",
    discussion: """
      Examples:
        ravine identify mine.opt:Mine
        ravine identify 'Lion(β1 = β, β2 = β)' --json

      A rule is found where it is proved equal: as it is, with one hyperparameter at an end of its
      domain, with another step size, where ε goes to 0, or with its constants as hyperparameters.
      Ends with 0 where one is found, 1 where none is.
      """)

  @Flag(help: "As JSON.")
  var json = false
  @Argument(
    help: ArgumentHelp("A rule, or FILE.opt:RULE.", valueName: "rule"), completion: .program)
  var rule: String

  func run() throws {
    let compiler = Compiler()
    let rule = try Program.single(rule, in: compiler)
    let found = TermLimits.answering.bounding { rule.likenesses(among: Likeness.zooRules) }
    if json {
      Console.write(JSONValue.array(found.map(\.json)).rendered())
    } else {
      Console.write(
        (found.isEmpty ? [Likeness.none] : found.map(\.text)).joined(separator: "\n") + "\n")
    }
    if found.isEmpty { throw Status.finding }
  }
}

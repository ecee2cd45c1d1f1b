import ArgumentParser
import Diagnostics
import Driver
import Laboratory
import Symbolic

struct ReduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reduce",
    abstract: "A shorter rule that is proved to do the same.",
    discussion: """
      Examples:
        ravine reduce Lion
        ravine reduce mine.opt:Mine --json
        ravine reduce mine.opt:Mine --assuming    also steps that hold for small gradients only

      Each step is named, with what it takes for granted.
      Ends with 0 where something is shortened, 1 where nothing is.
      """)

  @Flag(help: "As JSON.")
  var json = false
  @Flag(help: "Also steps that need an assumption, which is said.")
  var assuming = false
  @Argument(
    help: ArgumentHelp("A rule, or FILE.opt:RULE.", valueName: "rule"), completion: .program)
  var rule: String

  func run() throws {
    let compiler = Compiler()
    let rule = try Program.single(rule, in: compiler)
    let found = try Console.reporting(in: compiler) {
      try Program.algebra {
        try TermLimits.answering.bounding {
          try Shortening(RuleAlgebra(rule, generality: .all), assuming: assuming)
        }
      }
    }
    Console.write(json ? found.json.rendered() : found.text)
    if !found.isShorter { throw Status.finding }
  }
}

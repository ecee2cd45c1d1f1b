import ArgumentParser
import Basics
import Driver
import Experiments
import IR
import Runtime

struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Write a run of a rule, for other implementations to be held to.",
    discussion: """
      Examples:
        ravine record 'Lion(lr = 1e-4)' > lion.json
        ravine record AdamW --steps 100 --shape 3x4 --seed 7 > adamw.json
        ravine record my-rules.opt:Mine --shape 12 > mine.json
        ravine replay 'Lion(lr = 1e-4)' lion.json

      The file has the shape, the start, gradients, inputs and random draws, and the parameters after each
      step, in float64 by the reference engine, which defines the meaning. `ravine replay` reads it.
      """)

  @Option(help: "So many steps, from 1 to 100000.")
  var steps = 25
  @Option(help: ArgumentHelp("The lengths of the tensor.", valueName: "3x4"))
  var shape = "12"
  @Option(help: "The start, the gradients and all else are a function of it.")
  var seed: UInt64 = 0
  @Argument(
    help: ArgumentHelp("A rule of the zoo with arguments, or FILE.opt:RULE.", valueName: "rule"),
    completion: .program)
  var rule: String

  func validate() throws {
    guard (1...100_000).contains(steps) else {
      throw ValidationError("--steps must be from 1 to 100000")
    }
    _ = try ParameterList.parse("w:\(shape)")
  }

  func run() throws {
    let dims = try ParameterList.parse("w:\(shape)")[0].dims
    guard dims.reduce(1.0, { $0 * Double($1) }) * Double(steps) <= 1e7 else {
      Console.say("ravine: so many numbers are more than a record holds (10⁷)\n")
      throw Status.usage
    }
    let compiler = Compiler()
    let (text, path) = try Program.named(rule)
    let rule = try Program.rule(text, from: path, in: compiler)
    let recording = try Console.reporting(in: compiler, as: nil) {
      try Recording.run(rule, dims: dims, steps: steps, seed: seed)
    }
    Console.write(recording.json.rendered())
  }
}

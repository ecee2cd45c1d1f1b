import ArgumentParser
import Diagnostics
import Driver
import Experiments
import IR
import Runtime

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Feed a recorded run through a rule and compare every step.",
    discussion: """
      Examples:
        ravine replay 'Lion(lr = 1e-4, β1 = 0.9, β2 = 0.99)' lion.json
        ravine replay 'my.opt:MyLion(lr = 1e-4)' lion.json --engine reference
        ravine replay AdamW adamw.json --dtype f32 --tolerance 1e-5

      The record is a JSON object with shape, p0, gradients, parameters and inputs (extra inputs,
      losses and random draws by name). Ends with 1 if a number lies outside of the tolerance:
      |computed - recorded| <= absolute + relative * |recorded|.
      """)

  @Option(help: EngineName.help)
  var engine = EngineName.interpreter
  @Option(help: "The parameters: f64, f32, bf16 or f16.")
  var dtype = RunCommand.NumberType.f64
  @Option(help: "At most so many threads; all cores without it. The results are the same.")
  var threads: Int?
  @Option(
    help:
      "The relative tolerance, with none absolute. Without it: the record's own in f64, 1e-4 in f32."
  )
  var tolerance: Double?
  @Flag(help: "The comparison and the final states as JSON.")
  var json = false
  @Argument(
    help: ArgumentHelp("A rule of the zoo with arguments, or FILE.opt:RULE.", valueName: "rule"),
    completion: .program)
  var rule: String
  @Argument(help: ArgumentHelp("The recorded run.", valueName: "trajectory"))
  var trajectory: String

  func validate() throws {
    if let tolerance, !(tolerance >= 0) { throw ValidationError("--tolerance must be 0 or more") }
    if let threads, threads < 1 { throw ValidationError("--threads must be 1 or more") }
  }

  func run() throws {
    if let threads { Threads.preferred = threads }
    let compiler = Compiler()
    guard case .rule(let text, let path) = Program(rule) else {
      Console.say("ravine: name a rule of the file: \(Console.printable(rule)):NAME\n")
      throw Status.usage
    }
    let instance = try Program.rule(text, from: path, in: compiler)
    let record = try Console.reporting(in: compiler, as: .usage) {
      try Trajectory(bytes: try SourceFiles.read(trajectory), path: trajectory)
    }
    let result = try Console.reporting(in: compiler, as: nil) {
      try Replay.run(
        instance, on: record, engine: engine.kind, elementType: dtype.elementType,
        tolerance: tolerance.map { Trajectory.Tolerance(relative: $0, absolute: 0) },
        compiler: engine.compiler)
    }
    Console.report(result.warnings, in: compiler.sources)
    Console.write(json ? result.json.rendered() : result.text)
    if !result.holds { throw Status.finding }
  }
}

import ArgumentParser
import Basics
import Diagnostics
import Driver
import Experiments
import IR
import Laboratory
import Lowering
import Runtime
import Search
import Training

struct SimplifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simplify",
    abstract: "Take out of a rule what it does without, each step on a ground that is told.",
    discussion: """
      Examples:
        ravine simplify found.opt:Found                    exact rewrites alone
        ravine simplify found.opt:Found --on mlp_easy      and what neither helps nor hurts there
        ravine simplify AdamW --on mlp_easy,bigram_easy --pairs 20 --margin 0.02

      First come rewrites that are proved, then what can be left out or written with fewer digits without a loss that is
      larger by more than the margin (of the logarithm of the loss, at the upper end of its 95 % interval over pairs of
      seeds). A step that is only measured is said to be.
      """)

  @Option(help: ArgumentHelp("Tasks that must not get worse, with commas.", valueName: "tasks"))
  var on: [String] = []
  @Option(help: "Seeds that rules are compared on.")
  var pairs = 10
  @Option(help: "What may be lost, of the logarithm of the loss.")
  var margin = 0.02
  @Option(help: "What the seeds are drawn from.")
  var seed: UInt64 = 0
  @Option(help: "At most so many threads; all cores without it.")
  var threads: Int?
  @ArgumentParser.Argument(help: ArgumentHelp("A rule, or FILE.opt:RULE.", valueName: "rule"))
  var rule: String

  func validate() throws {
    guard (2...10_000).contains(pairs) else {
      throw ValidationError("--pairs must be from 2 to 10,000")
    }
    guard margin >= 0, margin.isFinite else { throw ValidationError("--margin must be 0 or more") }
  }

  func run() throws {
    Interrupt.install()
    let compiler = Compiler()
    let rule = try Program.single(rule, in: compiler)
    var options = Script.Options()
    if case .rule(_, let path?) = Program(self.rule) {
      options.folder = SourceFiles.folder(of: path)
    }
    let script = Script(compiler, options: options, output: { _ in })
    let names = on.flatMap { $0.split(separator: ",") }.map(String.init)
    let threads = threads ?? Threads.preferred
    let found: (Simplifier.Result, RateFrame)
    do throws(DiagnosticError) {
      found = try script.simplified(
        rule, on: names, pairs: pairs, margin: margin, seed: seed, threads: threads,
        progress: { Console.progress($0) })
    } catch {
      Console.progress("")
      Console.report(error.diagnostics, in: compiler.sources)
      throw Status.program
    }
    Console.progress("")
    let (result, frame) = found
    var text = ""
    for (k, step) in result.steps.enumerated() {
      text += "\(k + 1). \(step.what): \(step.ground.text)\n"
    }
    if result.steps.isEmpty { text += "nothing can be taken out\n" }
    if let simple = result.program.rule(rule.module.name, frame)?.with(0, at: result.rate) {
      text += "\n" + SourcePrinter.rule(simple.module)
      let likenesses = simple.likenesses(among: Likeness.zooRules).prefix(3)
      for likeness in likenesses { text += "\n\(likeness.text)" }
      if !likenesses.isEmpty { text += "\n" }
    }
    Console.write(text)
    if result.wasInterrupted { throw Status.interrupted }
  }
}

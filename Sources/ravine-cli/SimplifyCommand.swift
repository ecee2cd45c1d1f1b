import ArgumentParser
import Certificates
import Certifier
import Diagnostics
import Driver
import Experiments
import Platform
import Runtime
import Training

struct SimplifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simplify",
    abstract: "Take out of a rule what it does without, each step on a ground that is told.",
    discussion: """
      Examples:
        ravine simplify found.opt:Found                    exact rewrites alone
        ravine simplify found.opt:Found --certificates proofs   a file a step, for `ravine certify`
        ravine simplify found.opt:Found --on mlp_easy      and what neither helps nor hurts there
        ravine simplify mine.opt:Mine --on mlp_easy,bigram_easy --only clip,arcsin --pairs 20

      First come rewrites, each proved, with a certificate where the kernel accepts one. Then it is tried to leave out
      each operation and state and to write numbers with fewer digits. A step counts where no task gets worse by more
      than the margin (of the logarithm of the loss): at the upper end of its 95 % interval over pairs of seeds, and
      again on seeds that the choice had not seen, by Holm's correction over all such steps. docs/search.md says more.
      """)

  @Option(help: ArgumentHelp("Tasks that must not get worse, with commas.", valueName: "tasks"))
  var on: [String] = []
  @Option(
    help: ArgumentHelp(
      "Operations and states that alone may be left out by measurement, with commas.",
      valueName: "names"))
  var only: [String] = []
  @Option(help: "Seeds that rules are compared on.")
  var pairs = 10
  @Option(help: "What may be lost on each task, of the logarithm of the loss.")
  var margin = 0.02
  @Option(help: "What the seeds are drawn from.")
  var seed: UInt64 = 0
  @Option(
    help: ArgumentHelp(
      "A folder for the certificates of steps that are proved.", valueName: "folder"))
  var certificates: String?
  @Flag(help: "Everything as JSON.")
  var json = false
  @Option(help: "At most so many threads; all cores without it.")
  var threads: Int?
  @OptionGroup var programs: ProgramOptions
  @ArgumentParser.Argument(
    help: ArgumentHelp("A rule, or FILE.opt:RULE.", valueName: "rule"), completion: .program)
  var rule: String

  func validate() throws {
    guard (2...10_000).contains(pairs) else {
      throw ValidationError("--pairs must be from 2 to 10,000")
    }
    guard margin >= 0, margin.isFinite else { throw ValidationError("--margin must be 0 or more") }
    if !only.isEmpty, on.isEmpty {
      throw ValidationError("--only is of what is measured: name tasks by --on")
    }
    if let threads, threads < 1 { throw ValidationError("--threads must be 1 or more") }
  }

  func run() throws {
    let (name, path) = try Program.named(rule)
    let opened = try OpenScript(path, programs)
    let source = try path.map { path in
      try Console.reporting(in: opened.compiler, as: .usage) {
        Certificate.lines(String(decoding: try SourceFiles.read(path), as: UTF8.self))
          .map(String.init)
      }
    }
    let result = try opened.answer { () throws(DiagnosticError) -> Simplification in
      if let certificates { try Folder.make(certificates) }
      var plan = SimplifyPlan(
        try opened.compiler.rule(name), WrittenRule(call: name, source: source ?? []))
      plan.tasks = OpenScript.words(on)
      plan.only = OpenScript.words(only)
      plan.pairs = pairs
      plan.margin = margin
      plan.seed = seed
      plan.threads = threads ?? Threads.preferred
      return try opened.script.simplified(plan) { Console.progress($0) }
    }
    let files = try opened.answer { () throws(DiagnosticError) in try write(result) }
    Console.write(
      json
        ? result.json(certificates: files).rendered()
        : SimplificationText.text(result, certificates: files))
    if result.wasInterrupted {
      Console.say("interrupted: what was not confirmed is left as it was\n")
      throw Status.interrupted
    }
  }

  /// The certificates of the steps that have one; their names by step.
  private func write(_ result: Simplification) throws(DiagnosticError) -> [Int: String] {
    var files: [Int: String] = [:]
    guard let certificates else { return files }
    for (k, step) in result.steps.enumerated() {
      guard let certificate = step.certificate else { continue }
      let name = k < 9 ? "0\(k + 1).txt" : "\(k + 1).txt"
      try TerminalConsole().save(certificates + "/" + name, Array(certificate.text.utf8))
      files[k] = certificates + "/" + name
    }
    return files
  }
}

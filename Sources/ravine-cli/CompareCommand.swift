import ArgumentParser
import Certificates
import Diagnostics
import Driver
import Laboratory
import Symbolic

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Whether two rules are the same, with a proof or a counterexample.",
    discussion: """
      Examples:
        ravine compare 'Lion(β1 = β, β2 = β)' 'Signum(μ = β)'
        ravine compare HeavyBall EMAMomentum
        ravine compare Adam 'AdamW(λ = 0)' --json
        ravine compare mine.opt:Mine AdamW
        ravine compare Adam 'AdamW(λ = 0)' --certificate adam.txt

      Names in arguments that mean nothing else stand for any number. A hyperparameter that is not
      given is any one number where both rules have it, and its default where one has it.
      Ends with 0 when the rules are proved equal, 1 when they are not.
      """)

  @Flag(help: "As JSON.")
  var json = false
  @Option(
    help: ArgumentHelp(
      "Write the proof to this file, for `ravine certify`.", valueName: "file"))
  var certificate: String?
  @Argument(
    help: ArgumentHelp("A rule, or FILE.opt:RULE.", valueName: "rule"), completion: .program)
  var first: String
  @Argument(help: ArgumentHelp("Another.", valueName: "rule"), completion: .program)
  var second: String

  func run() throws {
    let compiler = Compiler()
    var source: [String] = []
    var files: Set<String> = []
    let texts = try [first, second].map { text -> String in
      let (rule, path) = try Program.named(text)
      if let path {
        try Program.add(path, to: compiler)
        if certificate != nil, files.insert(path).inserted {
          let text = String(decoding: try SourceFiles.read(path), as: UTF8.self)
          source += Certificate.lines(text).map(String.init)
        }
      }
      return rule
    }
    let rules = try Console.reporting(in: compiler) {
      try texts.map { try compiler.rule($0, allowsFreeNames: true) }
    }
    let result = TermLimits.answering.bounding { rules[0].compared(with: rules[1]) }
    Console.write(json ? ComparisonText.json(result).rendered() : ComparisonText.text(result))
    if let certificate {
      try write(certificate, result, rules, names: texts, source: source)
    }
    if !result.isEqual { throw Status.finding }
  }
}

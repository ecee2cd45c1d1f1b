import ArgumentParser
import Diagnostics
import Driver
import Export
import IR

extension ExportTarget: ExpressibleByArgument {}

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Print a rule as source of another language.",
    discussion: """
      Examples:
        ravine export --to torch Lion > lion.py
        ravine export --to optax 'AdamW(lr = 1e-3, λ = 0.1)'
        ravine export --to c my-rules.opt:Mine > mine.c
        ravine export --to numpy Muon
        ravine export --to latex Adafactor

      A file needs nothing of Ravine's: torch files import torch alone, C needs libm alone. Numbers
      that are given become defaults. What a language cannot say is an error (R0860).
      docs/exports.md lists which exports were run against the recorded runs of the rules.
      """)

  @Option(help: "c, torch, optax, numpy or latex.")
  var to: ExportTarget
  @Argument(
    help: ArgumentHelp("A rule of the zoo with arguments, or FILE.opt:RULE.", valueName: "rule"),
    completion: .program)
  var rule: String

  func run() throws {
    let compiler = Compiler()
    let (text, path) = try Program.named(rule)
    let rule = try Program.rule(text, from: path, in: compiler)
    let source = Self.source(of: rule, in: compiler)
    let file = try Console.reporting(in: compiler) {
      try Exporter.text(rule, to: to, source: source)
    }
    Console.writeFile(file)
  }

  /// The call, where it is more than a name, and the declaration without its documentation.
  private static func source(of rule: Rule, in compiler: Compiler) -> String {
    let name = rule.module.name
    let call = rule.label == name ? "" : "# \(rule.label)\n"
    let declared = compiler.program.rules.values.first { $0.declaration.name.text == name }
    guard let declared else { return call }
    return call + compiler.sources.text(declared.declaration.span) + "\n"
  }
}

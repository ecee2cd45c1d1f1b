import ArgumentParser
import Basics
import Certificates
import Certifier
import Diagnostics
import Driver
import IR
import Laboratory
import Symbolic

struct CertifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "certify",
    abstract: "Check the certificate of a proof that two rules are equal.",
    discussion: """
      Examples:
        ravine certify adam.txt
        ravine certify --axioms               the equations that a certificate may use

      `ravine compare Adam 'AdamW(λ = 0)' --certificate adam.txt` writes a certificate. What checks a proof shares no code with what finds it. Ends with 0 when the certificate holds,
      1 when it does not.
      """)

  @Flag(help: "Print the axioms.")
  var axioms = false
  @Flag(help: "Print what is to be shown, for another checker.")
  var goals = false
  @Argument(help: ArgumentHelp("A certificate.", valueName: "file"))
  var file: String?

  func run() throws {
    if axioms {
      Console.write(Self.axiomTable)
      return
    }
    guard let file else {
      Console.say("ravine: which certificate? `ravine certify FILE`\n")
      throw Status.usage
    }
    let compiler = Compiler()
    let bytes = try Console.reporting(in: compiler, as: .usage) { try SourceFiles.read(file) }
    let certificate = try Console.reporting(in: compiler, as: .finding) {
      try Certificate(String(decoding: bytes, as: UTF8.self))
    }
    if !certificate.source.isEmpty {
      let text = certificate.source.joined(separator: "\n") + "\n"
      let found = compiler.add(name: file, bytes: Array(text.utf8))
      Console.report(found, in: compiler.sources)
      if found.contains(where: { $0.severity == .error }) { throw Status.program }
    }
    let rules = try Console.reporting(in: compiler) {
      try [certificate.a, certificate.b].map { try compiler.rule($0, allowsFreeNames: true) }
    }
    let result = try Console.reporting(in: compiler, as: .finding) {
      try CertificateCheck.check(certificate, rules)
    }
    do throws(Refusal) {
      Console.write(
        goals
          ? try GoalText.text(certificate, rules)
          : Self.text(certificate, result, declared: compiler.declaredRules))
    } catch { Console.say("ravine: \(error)\n") }
  }

  /// `declared` are the rules that the certificate itself states, whose names may be those of others.
  static func text(
    _ certificate: Certificate, _ result: CertificateCheck.Result, declared: [String]
  ) -> String {
    func list(_ lines: [Certificate.Line]) -> String {
      lines.map(\.text).joined(separator: ", ")
    }
    var lines = ["certified: \(certificate.a) == \(certificate.b)"]
    if !certificate.conditions.isEmpty { lines.append("  where: \(list(certificate.conditions))") }
    if certificate.isWhereAIsDefined {
      lines.append("  where: \(certificate.a) is a number")
    }
    if !certificate.free.isEmpty { lines.append("  for all: \(list(certificate.free))") }
    if !certificate.fixed.isEmpty { lines.append("  at the defaults: \(list(certificate.fixed))") }
    if !declared.isEmpty {
      lines.append("  of its own: \(declared.joined(separator: ", "))")
    }
    let steps = result.steps == 1 ? "1 step" : "\(result.steps) steps"
    lines.append("  by: \(result.goals) goals, \(steps)")
    return lines.joined(separator: "\n") + "\n"
  }

  static var axiomTable: String {
    var table = TextTable(header: ["axiom", "where", "says"])
    for axiom in Axiom.all { table.append([axiom.name, axiom.conditionText, axiom.equationText]) }
    for axiom in TensorAxiom.allCases { table.append([axiom.rawValue, "", axiom.words]) }
    return table.render()
  }
}

extension CompareCommand {
  /// Writes the certificate of what was proved.
  func write(
    _ path: String, _ result: Comparison, _ rules: [Rule], names: [String], source: [String]
  ) throws {
    let found: Certificate
    do throws(Refusal) {
      found = try Certificate.of(result, rules, names: names, source: source)
    } catch {
      Console.report([.noCertificate(error.description)], in: SourceMap())
      throw Status.finding
    }
    do throws(DiagnosticError) {
      try TerminalConsole().save(path, Array(found.text.utf8))
    } catch {
      Console.report(error.diagnostics, in: SourceMap())
      throw Status.usage
    }
  }
}

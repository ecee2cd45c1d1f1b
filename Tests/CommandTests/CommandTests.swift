import Foundation
import Support
import Testing

@Suite struct CommandTests {
  static let rule = "rule Descent(lr = 0.1) {\n    w' = w - lr * g\n}\n"
  static let broken = "rule Descent(lr = 0.1) {\n    w' = w - lrr * g + lr\n}\n"
  static let record = """
    {"name": "by hand", "shape": [2], "p0": [1, 2], "gradients": [[1, 1], [0, 2]],
     "parameters": [[0.9, 1.9], [0.9, 1.7]], "inputs": {"extra": 3},
     "recommended_tolerance": {"rel": 1e-12, "abs": 1e-15}}
    """

  // MARK: The root

  @Test func withoutArgumentsItSaysWhatThereIs() throws {
    let outcome = try Sandbox().run("ravine")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("ravine check FILE"))
    #expect(outcome.errors.isEmpty)
  }

  @Test func theVersionIsData() throws {
    let outcome = try Sandbox().run("ravine --version")
    #expect(outcome.status == 0)
    #expect(outcome.output.wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+\n/) != nil)
  }

  @Test func aMisspelledCommandIsAUsageErrorWithASuggestion() throws {
    let outcome = try Sandbox().run("ravine chekc x.opt")
    #expect(outcome.status == 2)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.contains("did you mean `ravine check`?"))
  }

  @Test(arguments: [
    "run", "check", "fmt", "describe", "zoo", "explain", "replay", "dump", "cache", "compare",
    "certify", "reduce", "identify",
    "bench",
  ])
  func helpBeginsWithExamples(_ command: String) throws {
    let outcome = try Sandbox().run("ravine \(command) --help")
    #expect(outcome.status == 0)
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.first?.hasPrefix("OVERVIEW: ") == true)
    #expect(lines.dropFirst().first == "Examples:")
    #expect(lines.dropFirst(2).first?.hasPrefix("  ravine \(command)") == true)
  }

  @Test(arguments: [
    "check", "check --frobnicate x.opt", "fmt", "fmt --ascii --unicode x.opt", "replay Lion",
    "replay Lion t.json --tolerance -1", "dump --stage nothing Lion", "explain R9999",
    "describe Lion --parameters w", "describe Lion --parameters w:2xq",
    "check missing.opt", "fmt missing.opt", "run missing.opt", "missing.opt", "zoo Nothing",
    "replay Lion missing.json", "dump --stage ast missing.opt", "check empty", "run empty",
    "help chekc",
  ])
  func wrongUsageEndsWithTwo(_ arguments: String) throws {
    let sandbox = try Sandbox()
    try sandbox.write("empty/readme", "no programs")
    let outcome = try sandbox.run("ravine \(arguments)")
    #expect(outcome.status == 2, "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
    #expect(!outcome.errors.isEmpty)
  }

  @Test func aClosedPipeEndsQuietly() throws {
    let outcome = try Sandbox().run("ravine dump Muon | head -n 1")
    #expect(outcome.status == 0)
    #expect(outcome.errors.isEmpty)
    #expect(outcome.output.split(separator: "\n").count == 1)
  }

  /// What is lost is said: a table cut short must not look like the whole of it.
  @Test(arguments: ["ravine zoo >/dev/full", "ravine zoo >&-", "ravine --help >/dev/full"])
  func outputThatCannotBeWrittenIsSaid(_ line: String) throws {
    #if os(Linux)
      let outcome = try Sandbox().run(line)
      #expect(outcome.status == 2)
      #expect(outcome.errors.hasPrefix("ravine: cannot write the output: "))
    #endif
  }

  /// A file that is opened must not get the number of a closed descriptor, and with it the talk.
  @Test func aClosedErrorOutputDoesNotReachFiles() throws {
    let sandbox = try Sandbox()
    try sandbox.write(
      "walk.opt",
      "objective bowl(x: vector(2) = [1, 1]) = x[0]^2 + x[1]^2\n"
        + "minimize bowl with SGD(lr = 0.1) for 5 steps\nplot loss to \"walk.svg\"\n")
    let outcome = try sandbox.run("ravine run walk.opt 2>&-")
    #expect(outcome.status == 0)
    #expect(try sandbox.read("walk.svg").hasSuffix("</svg>\n"))
  }

  @Test func controlCharactersOfArgumentsDoNotReachTheTerminal() throws {
    let outcome = try Sandbox().run("ravine \"$(printf 'a\\033[31mb')\"")
    #expect(outcome.status == 2)
    #expect(!outcome.errors.contains("\u{1B}"))
  }

  // MARK: check

  @Test func aGoodFileChecks() throws {
    let sandbox = try Sandbox()
    try sandbox.write("good.opt", Self.rule)
    let outcome = try sandbox.run("ravine check good.opt")
    #expect(outcome.status == 0)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors == "1 file checked: no errors\n")
  }

  @Test func errorsEndWithThreeAndAreShownInPlace() throws {
    let sandbox = try Sandbox()
    try sandbox.write("bad.opt", Self.broken)
    let outcome = try sandbox.run("ravine check bad.opt")
    #expect(outcome.status == 3)
    #expect(outcome.codes() == ["R0201"])
    #expect(outcome.errors.contains("--> bad.opt:2:14"))
    #expect(outcome.errors.contains("did you mean `lr`?"))
    #expect(!outcome.errors.contains("\u{1B}"))
  }

  @Test func aDirectoryStandsForItsFiles() throws {
    let sandbox = try Sandbox()
    try sandbox.write("rules/b.opt", Self.broken)
    try sandbox.write("rules/deep/a.opt", Self.rule)
    try sandbox.write("rules/notes.txt", "no program")
    let outcome = try sandbox.run("ravine check rules")
    #expect(outcome.status == 3)
    #expect(outcome.errors.hasSuffix("2 files checked: 1 error\n"))
  }

  @Test func findingsAreDataWithJSON() throws {
    let sandbox = try Sandbox()
    try sandbox.write("bad.opt", Self.broken)
    try sandbox.write("good.opt", Self.rule)
    let outcome = try sandbox.run("ravine check --json good.opt bad.opt bad.opt")
    #expect(outcome.status == 3)
    #expect(outcome.errors.isEmpty)
    let data = Data(outcome.output.utf8)
    let array = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    #expect(array.count == 2)
    #expect(array[0]["code"] as? String == "R0201")
    #expect(array[0]["file"] as? String == "bad.opt")
    #expect(array[0]["line"] as? Int == 2)
    #expect(try sandbox.run("ravine check --json good.opt").output == "[]\n")
  }

  @Test func warningsCountOnlyWhenAsked() throws {
    let sandbox = try Sandbox()
    try sandbox.write("w.opt", "rule A {\n    state m\n    w' = w - g - m\n}\n")
    let lenient = try sandbox.run("ravine check w.opt")
    #expect(lenient.status == 0)
    #expect(lenient.codes("warning") == ["R0307"])
    #expect(try sandbox.run("ravine check --strict w.opt").status == 1)
  }

  @Test func standardInputIsAFile() throws {
    let sandbox = try Sandbox()
    try sandbox.write("bad.opt", Self.broken)
    let outcome = try sandbox.run("ravine check - < bad.opt")
    #expect(outcome.status == 3)
    #expect(outcome.errors.contains("--> <stdin>:2:14"))
  }

  /// The options of `script` differ between systems.
  static let hasScript =
    (try? Sandbox().run("script -qec true /dev/null").status == 0) ?? false

  @Test(.enabled(if: hasScript)) func coloursNeedATerminal() throws {
    let sandbox = try Sandbox()
    try sandbox.write("bad.opt", Self.broken)
    // `script` gives the command a terminal, and ends with its own input, so that has to last.
    let line = """
      mkfifo typed; script -qec 'ravine check bad.opt' /dev/null < typed & p=$!
      exec 3> typed; wait $p; status=$?; exec 3>&-; rm typed; exit $status
      """
    let terminal = ["TERM": "xterm", "NO_COLOR": ""]
    let coloured = try sandbox.run(line, environment: terminal)
    #expect(coloured.output.contains("\u{1B}[1;31m"), "\(coloured)")
    let plain = try sandbox.run(line, environment: ["TERM": "xterm", "NO_COLOR": "1"])
    #expect(plain.output.contains("error[R0201]"))
    #expect(!plain.output.contains("\u{1B}[1;31m"))
  }

  // MARK: fmt

  @Test func formattingIsInPlaceAndKeepsWhatIsFormatted() throws {
    let sandbox = try Sandbox()
    try sandbox.write("a.opt", "rule Descent( lr=0.1 ){\n w'=w-lr*g  # step\n}\n")
    let check = try sandbox.run("ravine fmt --check a.opt")
    #expect(check.status == 1)
    #expect(check.output == "a.opt\n")
    #expect(try sandbox.run("ravine fmt a.opt").status == 0)
    let formatted = "rule Descent(lr = 0.1) {\n    w' = w - lr * g  # step\n}\n"
    #expect(try sandbox.read("a.opt") == formatted)
    #expect(try sandbox.run("ravine fmt --check a.opt").status == 0)
  }

  @Test func spellingsGoBothWays() throws {
    let sandbox = try Sandbox()
    try sandbox.write("a.opt", "rule A(β1 = 0.9) {\n    w' = w - β1 · g²\n}\n")
    let ascii = try sandbox.run("ravine fmt --ascii - < a.opt").output
    #expect(ascii == "rule A(beta1 = 0.9) {\n    w' = w - beta1 * g^2\n}\n")
    try sandbox.write("b.opt", ascii)
    #expect(try sandbox.run("ravine fmt --unicode - < b.opt").output == sandbox.read("a.opt"))
  }

  @Test func aFileWithSyntaxErrorsIsLeftAlone() throws {
    let sandbox = try Sandbox()
    try sandbox.write("a.opt", "rule A {\n w' = (w\n}\n")
    let outcome = try sandbox.run("ravine fmt a.opt")
    #expect(outcome.status == 3)
    #expect(outcome.codes() == ["R0121"])
    #expect(try sandbox.read("a.opt") == "rule A {\n w' = (w\n}\n")
  }

  // MARK: explain, zoo

  @Test func aPageHasExampleAndRepair() throws {
    let outcome = try Sandbox().run("ravine explain r301")
    #expect(outcome.status == 0)
    #expect(outcome.output.hasPrefix("R0301: A missing prime\n"))
    #expect(outcome.output.contains("    m = μ * m + g"))
    #expect(outcome.output.contains("    m' = μ * m + g"))
  }

  @Test func theListNamesEveryCode() throws {
    let lines = try Sandbox().run("ravine explain").output.split(separator: "\n")
    #expect(lines.count > 150)
    #expect(lines.contains("R0301  A missing prime"))
  }

  @Test func theZooListsAndPrints() throws {
    let sandbox = try Sandbox()
    let list = try sandbox.run("ravine zoo")
    #expect(list.output.contains("Lion "))
    let lion = try sandbox.run("ravine zoo lion > lion.opt && ravine check lion.opt")
    #expect(lion.status == 0)
    #expect(try sandbox.read("lion.opt").contains("rule Lion("))
    let json = try sandbox.run("ravine zoo --json").output
    let rules = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]]
    #expect(try #require(rules).contains { $0["name"] as? String == "AdamW" })
  }

  // MARK: dump, describe

  @Test func certificatesAreWrittenAndChecked() throws {
    let box = try Sandbox()
    try box.write("r.opt", "rule Descent(lr = 0.1 in [0, inf)) { w' = w - g * lr }\n")
    let line = "ravine compare r.opt:Descent 'SGD(λ = 0)' --certificate c.txt"
    #expect(try box.run(line).status == 0)
    let certified = try box.run("ravine certify c.txt")
    #expect(certified.status == 0)
    #expect(certified.output.hasPrefix("certified: Descent == SGD(λ = 0)\n"))
    #expect(certified.output.contains("\n  of its own: Descent\n"))
    let text = try box.read("c.txt")
    try box.write("d.txt", text.replacingOccurrences(of: "- g * lr", with: "- 2 * g * lr"))
    let refused = try box.run("ravine certify d.txt")
    #expect(refused.status == 1)
    #expect(refused.codes() == ["R0851"])
    #expect(try box.run("ravine certify").status == 2)
    #expect(try box.run("ravine certify none.txt").status == 2)
  }

  /// The second checker is Python with SymPy; where there is none, that is said and nothing fails.
  @Test func theAxiomsHoldForSymPy() throws {
    let box = try Sandbox()
    guard try box.run("python3 -c 'import sympy'").status == 0 else {
      print("note: 1 check was left out: python3 has no sympy")
      return
    }
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Certificates/check.py")
    let found = try box.run("ravine certify --axioms | python3 '\(script.path)'")
    #expect(found.status == 0, "\(found.output)\(found.errors)")
    #expect(Int(found.output.prefix { $0.isNumber }) ?? 0 >= 60, "\(found.output)")
    // What the certificates of the theorems show, of each some.
    let folder = script.deletingLastPathComponent()
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".txt") }.sorted()
    #if DEBUG
      let sampled = files.enumerated().filter { $0.offset % 16 == 0 }.map(\.element)
    #else
      let sampled = files
    #endif
    let paths = sampled.map { "'\(folder.appendingPathComponent($0).path)'" }
    let checked = try box.run(
      "python3 '\(script.path)' ravine \(paths.joined(separator: " "))")
    #expect(checked.status == 0, "\(checked.output)\(checked.errors)")
    #expect(checked.output.hasPrefix("\(paths.count) certificates: "), "\(checked.output)")
  }

  @Test func rulesAreCompared() throws {
    let box = try Sandbox()
    try box.write("r.opt", Self.rule)
    let equal = try box.run("ravine compare r.opt:Descent 'SGD(λ = 0)'")
    #expect(equal.status == 0)
    #expect(equal.output.hasPrefix("proved equal\n"))
    let different = try box.run("ravine compare r.opt:Descent SignSGD --json")
    #expect(different.status == 1)
    #expect(different.output.contains("\"verdict\": \"different\""))
    #expect(
      (1...6).contains { different.output.contains("\"step\": \($0),") }
        && different.output.contains("\"left\": "))
    #expect(try box.run("ravine compare SGD NoSuchRule").status == 3)
    #expect(try box.run("ravine compare r.opt SGD").status == 2)
  }

  @Test func rulesAreReducedAndIdentified() throws {
    let box = try Sandbox()
    try box.write("r.opt", Self.rule)
    let shorter = try box.run("ravine reduce Lion")
    #expect(shorter.status == 0)
    #expect(shorter.output.contains("one average") && shorter.output.contains("\nrule Reduced("))
    let data = try box.run("ravine reduce r.opt:Descent --json")
    #expect(data.status == 1)
    #expect(data.output.contains("\"shorter\": false"))
    #expect(try box.run("ravine reduce r.opt").status == 2)
    #expect(try box.run("ravine reduce Nothing").status == 3)
    // Named axes have no terms.
    #expect(try box.run("ravine reduce DPSGD").errors.contains("R0840"))

    let known = try box.run("ravine identify r.opt:Descent")
    #expect(known.status == 0)
    #expect(known.output.contains("SGD: proved equal"), "\(known.output)")
    let json = try box.run("ravine identify r.opt:Descent --json")
    #expect(json.output.contains("\"rule\": \"SGD\""))
    try box.write("n.opt", "rule New(lr = 0.1) {\n    w' = w - lr * arctan(g)^3\n}\n")
    let unknown = try box.run("ravine identify n.opt:New")
    #expect(unknown.status == 1)
    #expect(unknown.output.hasPrefix("no rule of the zoo"))
    #expect(try box.run("ravine identify r.opt").status == 2)
  }

  /// What is hardly ever meant is a warning; what is worth knowing is told where it is asked for.
  @Test func findingsOfTheAlgebraAreWarningsAndNotes() throws {
    let box = try Sandbox()
    try box.write(
      "r.opt",
      """
      rule Root(lr in [0, inf), λ = 0 in [0, inf), ε = 1e-8 in (0, inf)) {
          w' = w - lr * (g / sqrt(g^2 + ε) + λ * w)
      }

      """)
    let quiet = try box.run("ravine check --strict r.opt")
    #expect(quiet.status == 0 && quiet.errors == "1 file checked: no errors\n")
    let notes = try box.run("ravine check --strict --notes r.opt")
    #expect(notes.status == 0)
    #expect(notes.errors.contains("note[R0845]: `ε` stands inside of the root"))
    #expect(notes.errors.contains("note[R0842]: `λ` acts only as lr * λ"))
    #expect(
      try box.run("ravine check --notes --json r.opt").output.contains("\"severity\": \"note\""))
    try box.write("s.opt", "rule Twice(lr = 0.1, scale = 2) {\n    w' = w - lr * scale * g\n}\n")
    let found = try box.run("ravine check --strict s.opt")
    #expect(found.status == 1)
    #expect(found.errors.contains("warning[R0842]: `lr` and `scale` act only as lr * scale"))
  }

  /// What was typed is said once, where it breaks off, and mended there.
  @Test func aRuleThatIsNotFinished() throws {
    let found = try Sandbox().run("ravine compare 'Lion(lr=1' SGD")
    #expect(found.status == 3 && found.output.isEmpty)
    #expect(
      found.errors == """
        error[R0121]: expected `)`
         --> <rule>:1:10
          |
        1 | Lion(lr=1
          |          ^
        note: `(` was opened here
         --> <rule>:1:5
          |
        1 | Lion(lr=1
          |     -
        help: insert `)`
        1 | Lion(lr=1)
          |          ~

        """)
  }

  @Test func everyStageIsPrinted() throws {
    let sandbox = try Sandbox()
    try sandbox.write("r.opt", Self.rule)
    let tree = try sandbox.run("ravine dump --stage ast r.opt").output
    #expect(tree.contains("(rule descent") || tree.contains("(rule Descent"))
    let roles = try sandbox.run("ravine dump --stage checked r.opt").output
    #expect(roles.contains("hyper lr = 0.1"))
    #expect(roles.contains("after the step w' = (- w (* lr g))"))
    let flat = try sandbox.run("ravine dump --stage ir r.opt:Descent").output
    #expect(flat.contains("multiply"))
    #expect(flat.contains("w' #0 = "))
    let plan = try sandbox.run("ravine dump --stage plan r.opt --parameters w:3x4").output
    #expect(plan.contains("pass over 12"))
  }

  @Test func aRuleIsDescribedWithItsArguments() throws {
    let outcome = try Sandbox().run("ravine describe 'Lion(lr = 0.5)'")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("lr  0.5"))
    #expect(outcome.output.contains("20 bytes an element"))
    #expect(outcome.output.contains("elementwise"))
  }

  @Test func plansAreTheSameInEveryProcess() throws {
    let sandbox = try Sandbox()
    // Hashes differ from process to process: an order that depends on them shows in a few.
    let plans = try (0..<6).map { _ in
      try sandbox.run(
        "for rule in AMSGrad ACClip AdaBelief; do ravine dump --stage plan $rule; done"
      ).output
    }
    #expect(plans[0].contains("pass over"))
    #expect(Set(plans).count == 1)
  }

  @Test func digestsAreTheSameInEveryProcess() throws {
    let sandbox = try Sandbox()
    let first = try sandbox.run("ravine describe 'AdamW(lr = 0.5)' --json").output
    #expect(try sandbox.run("ravine describe 'AdamW(lr = 0.5)' --json").output == first)
    let other = try sandbox.run("ravine describe AdamW --json").output
    func digest(_ kind: String, _ text: String) -> Substring? {
      text.firstRange(of: "\(kind)-1:").map { text[$0.upperBound...].prefix(64) }
    }
    #expect(digest("structure", first) != nil)
    #expect(digest("structure", first) == digest("structure", other))
    #expect(digest("identity", first) != digest("identity", other))
  }

  @Test func parametersGoWhereTheRouteSendsThem() throws {
    let line = "ravine describe MuonAdamW --json --parameters w1:64x32,b1:32,embed:100x8"
    let text = try Sandbox().run(line).output
    let json = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    let parameters = try #require(json?["parameters"] as? [[String: Any]])
    let routes = parameters.map { ($0["route"] as? [String] ?? []).joined() }
    #expect(routes[0].hasSuffix("-> Muon"))
    #expect(routes[1] == "otherwise -> AdamW")
    #expect(routes[2] == "otherwise -> AdamW")
    #expect(parameters[1]["stateBytes"] as? Int == 256)
  }

  @Test func rulesAndObjectivesOfAFileAreDescribed() throws {
    let sandbox = try Sandbox()
    let objective = "objective bowl(x: vector(2) = 1) = sum(x^2)\n"
    try sandbox.write("f.opt", Self.rule + objective)
    let outcome = try sandbox.run("ravine describe f.opt")
    #expect(outcome.output.contains("Descent\n"))
    #expect(outcome.output.contains("objective bowl\n"))
    #expect(outcome.output.contains("x: vector(2)"))
  }
}

import Foundation
import Support
import Testing

/// Commands that work on files of others or for long.
extension CommandTests {
  // MARK: replay

  @Test(arguments: ["reference", "interpreter"], ["f64", "f32"])
  func aRecordedRunIsReproduced(_ engine: String, _ type: String) throws {
    let sandbox = try Sandbox()
    try sandbox.write("t.json", Self.record)
    let line = "ravine replay 'SGD(lr = 0.1)' t.json --engine \(engine) --dtype \(type) --json"
    let outcome = try sandbox.run(line)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
    #expect(json?["holds"] as? Bool == true)
    #expect(json?["steps"] as? Int == 2)
    #expect(json?["unused"] as? [String] == ["extra"])
  }

  @Test func aDifferenceIsAFindingWithItsPlace() throws {
    let sandbox = try Sandbox()
    try sandbox.write("t.json", Self.record)
    let outcome = try sandbox.run("ravine replay 'SGD(lr = 0.1, λ = 0.5)' t.json")
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("first at                     step 1, element [0]: 0.85"))
    let looser = try sandbox.run("ravine replay 'SGD(lr = 0.1, λ = 0.5)' t.json --tolerance 0.2")
    #expect(looser.status == 0)
  }

  @Test func aRuleOfAFileIsReplayedWithItsStates() throws {
    let sandbox = try Sandbox()
    try sandbox.write("t.json", Self.record)
    let rule = "rule Sum(lr = 0.1) {\n    state s\n    s' = s + g\n    w' = w - lr * g\n}\n"
    try sandbox.write("r.opt", rule)
    let outcome = try sandbox.run("ravine replay 'r.opt:Sum(lr = 0.1)' t.json")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("  s (2 × 1)  1, 3\n"))
  }

  @Test func inputsLossesAndDrawsComeFromTheRecord() throws {
    let sandbox = try Sandbox()
    let rule = """
      rule Fed(lr = 0.1) {
          input h
          z = normal()
          w' = w - lr * g * loss + h + z
      }
      """
    try sandbox.write("r.opt", rule)
    try sandbox.write(
      "t.json",
      """
      {"shape": [2], "p0": [1, 1], "gradients": [[1, 2], [1, 0]],
       "parameters": [[1.8, 3.6], [5.7, 9.6]],
       "inputs": {"loss": [2, 1], "h": [[0, 1], [1, 2]], "z": [[1, 2], [3, 4]]}}
      """)
    let outcome = try sandbox.run("ravine replay r.opt:Fed t.json --tolerance 1e-12")
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
  }

  // MARK: Interruption

  /// A terminal and `timeout` both signal: two signals are one Ctrl-C, and what was done is plotted.
  @Test(arguments: [SIGINT, SIGTERM])
  func twoSignalsAtOnceAreOneInterruption(_ signal: Int32) throws {
    let sandbox = try Sandbox()
    try sandbox.write(
      "e.opt",
      """
      objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
      1 + 1
      minimize bowl with SGD(lr = 1e-6) for 1e9 steps
      plot loss to "p.svg"
      """)
    let process = Process()
    process.executableURL = try BuiltExecutable.ravine()
    process.arguments = ["run", "e.opt"]
    process.currentDirectoryURL = sandbox.folder
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // The first statement is done, and the second under way.
    #expect(!output.fileHandleForReading.availableData.isEmpty)
    try wait(for: process.processIdentifier, toCompute: 0.5)
    for _ in 0..<2 { kill(process.processIdentifier, signal) }
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(said.contains("interrupted"))
    #expect(try sandbox.read("p.svg").hasSuffix("</svg>\n"))
  }

  // MARK: Objectives of a file

  @Test func anObjectiveOfAFileIsDescribedAndDumped() throws {
    let sandbox = try Sandbox()
    try sandbox.write(
      "o.opt",
      "objective bowl(k = 2; x) {\n  param a: vector(k) = 1\n"
        + "  loss = sum((x @ a)^2)\n}\n")
    let described = try sandbox.run("ravine describe 'o.opt:bowl(k = 3)'")
    #expect(described.status == 0 && described.output.hasPrefix("objective bowl"))
    let dumped = try sandbox.run("ravine dump --stage ir o.opt:bowl")
    #expect(dumped.status == 0 && dumped.output.contains("loss and metrics"))
  }

  // MARK: Many and long

  @Test func manyWarningsDoNotHideAnError() throws {
    let sandbox = try Sandbox()
    let warned = (0..<150).map { "rule R\($0) { state m\n w' = w - g }\n" }.joined()
    try sandbox.write("w.opt", warned + "rule Bad { w' = w - q }\n")
    let outcome = try sandbox.run("ravine check w.opt")
    #expect(outcome.status == 3)
    #expect(outcome.codes() == ["R0201"])
    #expect(outcome.codes("warning").count == 99)
  }

  @Test func aLongNameMakesNoLongMessage() throws {
    let sandbox = try Sandbox()
    let name = String(repeating: "b", count: 100_000)
    try sandbox.write("l.opt", "rule X { w' = w - \(name) }\n")
    let outcome = try sandbox.run("ravine check l.opt")
    #expect(outcome.codes() == ["R0201"])
    #expect(outcome.errors.utf8.count < 2_000)
  }

  @Test func moreDeclarationsThanAnyProgramHasAreNotRead() throws {
    let sandbox = try Sandbox()
    try sandbox.write("n.opt", (0...20_000).map { "v\($0) = 1\n" }.joined())
    let outcome = try sandbox.run("ravine check n.opt")
    #expect(outcome.codes() == ["R0111"])
  }

  @Test func anEmptyFileIsWarnedOf() throws {
    let sandbox = try Sandbox()
    try sandbox.write("e.opt", "")
    let outcome = try sandbox.run("ravine check e.opt")
    #expect(outcome.status == 0 && outcome.codes("warning") == ["R0151"])
  }
}

import Basics
import Foundation
import Support
import Testing

/// `ravine bench`, as a user types it. What a step takes is the machine's; the rest is checked.
@Suite struct BenchCommandTests {
  private func cases(_ outcome: Sandbox.Outcome) throws -> [JSONValue] {
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try #require(try JSONReader.parse(Array(outcome.output.utf8))["cases"]?.items)
  }

  @Test func everyCombinationIsMeasured() throws {
    let sandbox = try Sandbox()
    let cases = try cases(
      try sandbox.run(
        "ravine bench Lion 'AdamW(lr = 1e-4)' --size 64,8Ki --threads 1,2 "
          + "--engine interpreter,native --type f32,f64 --rounds 2 --json",
        environment: ["RAVINE_CACHE": "cache"]))
    #expect(cases.count == 32)
    let names = Set(
      cases.map { one in
        ["rule", "size", "engine", "type"].map { one[$0]?.text ?? "" } + ["\(one["threads"]!)"]
      })
    #expect(names.count == 32)
    #expect(names.contains { $0[0] == "AdamW(lr = 1e-4)" && $0[1] == "8Ki" })
    for one in cases {
      #expect(one["seconds"]?.items?.count == 2)
      let (low, high) = (one["ns_per_step"]?["low"]?.real, one["ns_per_step"]?["high"]?.real)
      #expect(try #require(low) > 0)
      #expect(try #require(high) >= low!)
    }
  }

  /// Bytes that the plan moves are those that the cost sheet states: 20 an element for Lion (w, m
  /// read and written, g read), 28 for AdamW.
  @Test func movedBytesAreTheStatedOnes() throws {
    let cases = try cases(
      try Sandbox().run("ravine bench Lion AdamW --size 8Ki --threads 1 --rounds 1 --json"))
    for (one, bytes) in zip(cases, [20.0, 28.0]) {
      #expect(one["bytes_moved"]?.real == bytes * 8192)
      #expect(one["bytes_stated"]?.real == bytes * 8192)
      #expect(one["bytes_moved_is_all"] == .bool(true))
      #expect(one["stream_share"]?.real.map { $0 > 0 } == true)
      let memory = try #require(one["memory"])
      #expect(memory["parameters"]?.real == 32768.0)
      #expect(memory["states"]?.real == (bytes == 20 ? 32768.0 : 65536.0))
    }
  }

  @Test func matrixWorkHasNoStream() throws {
    let cases = try cases(
      try Sandbox().run("ravine bench Muon --size 64x80 --threads 1 --rounds 1 --json"))
    #expect(cases[0]["bytes_moved_is_all"] == .bool(false))
    #expect(cases[0]["stream_share"] == .null)
  }

  @Test func theTableFitsATerminal() throws {
    let outcome = try Sandbox().run(
      "ravine bench Lion --size 64,8Ki,256x300,gpt2 --threads 1,2 --rounds 1")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 1 + 2 * (2 + 8))
    for line in lines { #expect(line.count <= 80, "\(line)") }
  }

  @Test func aRuleOfAFileAndNamedTensors() throws {
    let sandbox = try Sandbox()
    try sandbox.write("descent.opt", CommandTests.rule)
    let cases = try cases(
      try sandbox.run(
        "ravine bench descent.opt:Descent --size w:64x32,b:32 --rounds 1 --json"))
    #expect(cases[0]["elements"]?.real == 2080.0)
    #expect(cases[0]["tensors"]?.real == 2)
  }

  @Test func theFirstStepIsColdOnce() throws {
    let sandbox = try Sandbox()
    var found: [JSONValue?] = []
    for _ in 0..<2 {
      let cases = try cases(
        try sandbox.run(
          "ravine bench AdamW --size 64 --engine native --first --json",
          environment: ["RAVINE_CACHE": "cache"]))
      #expect(cases[0]["rounds"]?.real == 0)
      found.append(cases[0]["first_step"]?["cold"])
    }
    #expect(found == [.bool(true), .bool(false)])
  }

  @Test func aRoundForEachLine() throws {
    let outcome = try Sandbox().run(
      "printf 'go\\ngo\\ngo\\n' | ravine bench Lion AdamW --size 64 --turns")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines.first == "ready")
    for line in lines.dropFirst() {
      #expect(try JSONReader.parse(Array(line.utf8)).items?.count == 2)
    }
  }

  @Test func anInterruptPrintsWhatIsThere() throws {
    let sandbox = try Sandbox()
    let process = Process()
    process.executableURL = try BuiltExecutable.ravine()
    process.arguments = ["bench", "Lion", "--size", "1Mi", "--rounds", "100000", "--json"]
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.currentDirectoryURL = sandbox.folder
    try process.run()
    try wait(for: process.processIdentifier, toCompute: 2)
    process.interrupt()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    let cases = try #require(try JSONReader.parse(Array(text))["cases"]?.items)
    #expect(try #require(cases.first?["rounds"]?.real) >= 1)
  }

  @Test(arguments: [
    "bench", "bench Lion --size 4Kx", "bench Lion --size 0", "bench Lion --threads 0",
    "bench Lion --engine quick", "bench Lion --type f31", "bench Lion --rounds 0",
    "bench Lion --turns --json", "bench missing.opt:Lion", "bench some.opt",
  ])
  func wrongUsageEndsWithTwo(_ arguments: String) throws {
    let outcome = try Sandbox().run("ravine \(arguments)")
    #expect(outcome.status == 2, "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }

  @Test func anUnknownRuleIsAnErrorOfTheProgram() throws {
    let outcome = try Sandbox().run("ravine bench Lyon")
    #expect(outcome.status == 3)
    #expect(outcome.errors.contains("Lion"))
  }
}

import Foundation
import Support
import Testing

@Suite struct ArenaCommandTests {
  static let tasks = """
    objective bowl2(x: vector(2) = [3, 1]) = x[0]^2 + 0.2 * x[1]^2
    task near = minimize bowl2 for 60 steps until loss < 1e-2
    task far = minimize bowl2 for 200 steps until loss < 1e-9
    rule Half(lr = 0.1 in [0, inf)) { w' = w - lr * g / 2 }

    """

  @Test func rulesOfAScriptOnItsTasks() throws {
    let sandbox = try Sandbox()
    try sandbox.write("t.opt", Self.tasks)
    let outcome = try sandbox.run("ravine arena t.opt SGD Adam --on near,far --page a.html")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.first == "3 rules on 2 tasks, 8 trials and 3 seeds each")
    for name in ["Half ", "SGD ", "Adam "] { #expect(lines.contains { $0.hasPrefix(name) }) }
    #expect(lines.contains { $0.hasPrefix("near ") } && lines.contains { $0.hasPrefix("far ") })
    #expect(outcome.errors.isEmpty)
    #expect(try sandbox.read("a.html").contains("\"Half\""))
    let again = try sandbox.run("ravine arena t.opt SGD Adam --on near --on far --threads 1")
    #expect(again.output == outcome.output)
  }

  @Test func everythingAsJSON() throws {
    let sandbox = try Sandbox()
    let outcome = try sandbox.run(
      "ravine arena SGD Adam --on bowl --level all --trials 4 --seeds 1 --json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let tasks = try #require(json["tasks"] as? [[String: Any]])
    #expect(tasks.compactMap { $0["level"] as? String } == ["easy", "middle", "hard"])
    #expect((json["cells"] as? [Any])?.count == 6)
    #expect((json["ranking"] as? [Any])?.count == 2)
  }

  @Test(arguments: [
    ("ravine arena AdmW --on bowl", 3, ["R0201"]),
    ("ravine arena SGD --on nowhere", 3, ["R0210"]),
    ("ravine arena SGD --on bowl --seeds 0", 3, ["R0233"]),
    ("ravine arena SGD --on bowl_easy --trials 1 --seeds 1 --journal no/j", 3, ["R0750"]),
    ("ravine arena SGD --on bowl_easy --trials 1 --seeds 1 --page no/p.html", 3, ["R0750"]),
    ("ravine arena SGD --on bowl_easy --trials 1 --seeds 1 --journal .", 3, ["R0753"]),
    // Not even room for the first line.
    (
      "ulimit -f 1; ravine arena SGD Adam Lion --on bowl_easy,saddle_easy --trials 8 --journal j",
      3,
      ["R0752"]
    ),
    ("ravine arena FrugalGiven --on bowl_easy", 4, []),
    ("ravine arena SGD --trials -1", 2, []), ("ravine arena SGD --level none", 2, []),
  ])
  func mistakesEndWithTheirStatus(_ line: String, _ status: Int32, _ codes: [String]) throws {
    let sandbox = try Sandbox()
    let outcome = try sandbox.run(line)
    #expect(outcome.status == status, "\(line): \(outcome.output)\(outcome.errors)")
    #expect(outcome.codes() == codes)
  }

  @Test func aFullDiskLosesNothingThatWasWritten() throws {
    let sandbox = try Sandbox()
    let line =
      "ravine arena SGD Adam Lion --on bowl_easy,saddle_easy --journal j --threads 1 --json"
    let full = try sandbox.run("ulimit -f 14; \(line)")
    #expect(full.codes() == ["R0752"])
    #expect(full.errors.contains("the journal has all lines before"))
    let kept = try sandbox.read("j")
    #expect(kept.hasSuffix("\n") && kept.split(separator: "\n").count > 1)
    let resumed = try sandbox.run(line)
    #expect(resumed.status == 0)
    #expect(try sandbox.read("j").hasPrefix(kept))
    try sandbox.write("j", "")
    #expect(try sandbox.run(line).output == resumed.output)
  }

  /// Killed at any moment, it comes to the same end.
  @Test func aKilledArenaGoesOn() throws {
    let sandbox = try Sandbox()
    let words = [
      "SGD", "Adam", "Lion", "--on", "noisy_bowl,spirals_easy,beale", "--threads", "1", "--json",
    ]
    let line = "ravine arena " + words.joined(separator: " ")
    let whole = try sandbox.run(line)
    #expect(whole.status == 0)
    let path = sandbox.folder.appendingPathComponent("j").path
    func lines() throws -> Int {
      FileManager.default.fileExists(atPath: path) ? try sandbox.read("j").count { $0 == "\n" } : 0
    }
    for k in [2, 4] {
      let process = try start(words + ["--journal", path])
      try wait(for: "\(k) lines") { try lines() >= k }
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      #expect(try lines() < 10)
    }
    let resumed = try sandbox.run("\(line) --journal j")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output == whole.output)
    #expect(try lines() == 10)
  }

  @Test func anInterruptShowsWhatIsDone() throws {
    let sandbox = try Sandbox()
    let path = sandbox.folder.appendingPathComponent("j").path
    let output = Pipe()
    let process = try start(
      [
        "SGD", "SOAP", "--on", "bowl_easy,saddle_easy,attention", "--seeds", "200", "--threads",
        "1",
      ]
        + ["--journal", path], output)
    // Its first line and three cells: the first rule is done, and the second never soon.
    try wait(for: "the first rule") {
      try FileManager.default.fileExists(atPath: path)
        && sandbox.read("j").count { $0 == "\n" } >= 4
    }
    kill(process.processIdentifier, SIGINT)
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(said.split(separator: "\n").contains { $0.hasPrefix("SGD ") }, "\(said)")
    #expect(said.contains("not finished: SOAP"))
  }

  private func start(_ words: [String], _ output: Pipe? = nil) throws -> Process {
    let process = Process()
    process.executableURL = try BuiltExecutable.ravine()
    process.arguments = ["arena"] + words
    process.standardOutput = output ?? FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  // MARK: Files

  @Test func aPageIsWrittenAgain() throws {
    let sandbox = try Sandbox()
    let line = "ravine arena SGD --on bowl_easy --trials 1 --seeds 1 --page p.html"
    for _ in 0..<2 {
      let outcome = try sandbox.run(line)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    #expect(try sandbox.read("p.html").hasPrefix("<!doctype html>"))
    try sandbox.write("p.html", "mine\n")
    let refused = try sandbox.run(line)
    #expect(refused.status == 3 && refused.codes() == ["R0753"])
    #expect(refused.errors.contains("which is no picture and no page"))
    #expect(try sandbox.read("p.html") == "mine\n")
  }

  @Test func dataAreFoundBesideTheScriptOfTheirTask() throws {
    let sandbox = try Sandbox()
    for name in ["one", "two"] {
      try sandbox.write("\(name)/d.csv", "x,y\n1,2\n2,4\n3,6\n4,8\n")
      try sandbox.write(
        "\(name)/t.opt",
        """
        data d\(name) = csv("d.csv", target = "y")
        objective line\(name)(; x, y) {
            param a: vector(features) = 0
            loss = mean((x @ a - y)^2)
        }
        task fit\(name) = train line\(name) on d\(name) for 60 steps until loss < 0.1

        """)
    }
    let outcome = try sandbox.run(
      "ravine arena one/t.opt two/t.opt SGD --on fitone,fittwo --trials 4 --seeds 1")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("1 rule on 2 tasks, 4 trials and 1 seed each\n"))
  }

  @Test func whatGoesAroundARuleGoesAroundMomentum() throws {
    let sandbox = try Sandbox()
    try sandbox.write(
      "t.opt",
      """
      rule Halved(base: rule) {
          w' = base(w, g / 2)
      }

      """ + Self.tasks)
    let outcome = try sandbox.run("ravine arena t.opt --on near")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.split(separator: "\n").contains { $0.hasPrefix("Halved(HeavyBall) ") })
    #expect(!outcome.output.contains("does not run"), "\(outcome.output)")
  }
}

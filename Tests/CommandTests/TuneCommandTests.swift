import Foundation
import Support
import Testing

@Suite struct TuneCommandTests {
  static let task =
    "objective bowl(x: vector(2) = [3, 1]) = 5 * x[0]^2 + x[1]^2\n"
    + "minimize bowl with SGD, Adam(lr = cosine(0.1)) for 40 steps\n"

  @Test func aTableOfTheRulesOfTheScript() throws {
    let sandbox = try Sandbox()
    try sandbox.write("bowl.opt", Self.task)
    let outcome = try sandbox.run("ravine tune bowl.opt --seeds 2 --trials 6")
    #expect(outcome.status == 0)
    let lines = outcome.output.split(separator: "\n")
    #expect(
      lines.first
        == "bowl: 6 trials of 40 steps for each rule, by loss; mean and 95 % interval over seeds 1 to 2"
    )
    #expect(lines.count == 5)
    #expect(lines.dropFirst(3).contains { $0.hasPrefix("SGD ") })
    #expect(lines.dropFirst(3).contains { $0.hasPrefix("Adam(lr = cosine(0.1)) ") })
    #expect(outcome.errors.isEmpty)
    #expect(try sandbox.run("ravine tune bowl.opt --seeds 2 --trials 6").output == outcome.output)
  }

  @Test func everythingAsJSON() throws {
    let sandbox = try Sandbox()
    try sandbox.write("bowl.opt", Self.task)
    let outcome = try sandbox.run(
      "ravine tune bowl.opt HeavyBall --search 'lr = 1e-3..1' --search 'μ = 0, 0.9' --trials 8 --json"
    )
    #expect(outcome.status == 0)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let rules = try #require(json["rules"] as? [[String: Any]])
    #expect(rules.count == 1)
    #expect((rules[0]["trials"] as? [Any])?.count == 8)
    #expect((rules[0]["best"] as? [Double])?.count == 2)
  }

  @Test(arguments: [
    ("ravine tune bowl.opt --search lr", 2), ("ravine tune bowl.opt --trials -1", 2),
    ("ravine tune bowl.opt AdmW", 3), ("ravine tune bowl.opt SPSMax", 3),
    ("ravine tune bowl.opt --by accuracy", 3), ("ravine tune nothing.opt", 2),
    ("ravine tune empty.opt", 3),
    ("ravine tune bowl.opt SGD --search 'lr = 1e30, 1e40' --trials 2", 4),
  ])
  func mistakesEndWithTheirStatus(_ line: String, _ status: Int32) throws {
    let sandbox = try Sandbox()
    try sandbox.write("bowl.opt", Self.task)
    try sandbox.write("empty.opt", "x = 1\n")
    let outcome = try sandbox.run(line)
    #expect(outcome.status == status, "\(line): \(outcome.output)\(outcome.errors)")
  }

  // MARK: Tasks that are commands

  static let command = "task mine = command \"sh loop.sh\" for 20 steps until loss < 0.1\n"

  @Test func aProgramRunsWhereItIsAllowed() throws {
    let sandbox = try Sandbox()
    try sandbox.write("deep/mine.opt", Self.command)
    // It runs in the folder of the script.
    try sandbox.write(
      "deep/loop.sh", "touch ran; while read l; do echo '{\"losses\": [0.5, 0.05]}'; done\n")
    let line = "ravine tune deep/mine.opt --on mine SGD Adam --trials 3 --seeds 2"
    let refused = try sandbox.run(line)
    #expect(refused.status == 3 && refused.codes() == ["R0260"])
    #expect(refused.errors.contains("it would run: sh loop.sh"))
    #expect(try sandbox.run("test -e deep/ran").status == 1)
    let allowed = try sandbox.run(line + " --allow-commands")
    #expect(allowed.status == 0, "\(allowed.errors)")
    #expect(
      allowed.output.contains("mine: 3 trials of 20 steps for each rule, by steps to loss < 0.1"))
    #expect(allowed.output.contains("2 of 2"))
    #expect(try sandbox.run("test -e deep/ran").status == 0)
    #expect(try sandbox.run("ravine run deep/mine.opt").status == 0)
  }

  private static var hasPython: Bool {
    ((try? Sandbox().run("command -v python3").status) ?? 1) == 0
  }

  @Test(.enabled(if: TuneCommandTests.hasPython)) func theExampleTrains() throws {
    let sandbox = try Sandbox()
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let outcome = try sandbox.run(
      "ravine tune '\(root.path)/Examples/command/task.opt' --on logistic SGD HeavyBall Adam "
        + "--allow-commands --trials 6 --seeds 2")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let rows = outcome.output.split(separator: "\n").dropFirst(3)
    #expect(rows.count == 3 && rows.allSatisfy { $0.contains("2 of 2") }, "\(outcome.output)")
  }

  /// Ctrl-C, what ends jobs, and a terminal that is closed.
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalEndsTheProgramToo(_ sent: Int32) throws {
    let sandbox = try Sandbox()
    try sandbox.write("mine.opt", Self.command)
    try sandbox.write("loop.sh", "echo $$ > pid; sleep 100000 & echo $! > child; wait\n")
    let process = Process()
    process.executableURL = try BuiltExecutable.ravine()
    process.arguments = ["tune", "mine.opt", "--on", "mine", "SGD", "--allow-commands"]
    process.currentDirectoryURL = sandbox.folder
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    // Tests that nohup runs ignore one of them, and what they start would.
    let kept = signal(SIGHUP, SIG_DFL)
    try process.run()
    _ = signal(SIGHUP, kept)
    func number(_ name: String) -> Int32? {
      (try? sandbox.read(name)).flatMap {
        Int32($0.trimmingCharacters(in: .whitespacesAndNewlines))
      }
    }
    try wait(for: "the program") { number("child") != nil }
    kill(process.processIdentifier, sent)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 130)
    for name in ["pid", "child"] {
      let ended = try #require(number(name))
      try wait(for: "the end of \(name)") { hasEnded(ended) }
    }
  }

  /// Whoever kills this process leaves a program that finds its input closed.
  @Test func aKillLeavesAProgramWithoutInput() throws {
    let sandbox = try Sandbox()
    try sandbox.write("mine.opt", Self.command)
    try sandbox.write("loop.sh", "read l; echo $l > got; read l || echo over > end\n")
    _ = try sandbox.run(
      "ravine tune mine.opt --on mine SGD --allow-commands & own=$!; "
        + "for i in $(seq 200); do test -s got && break; sleep 0.1; done; kill -9 $own; "
        + "for i in $(seq 50); do test -s end && break; sleep 0.1; done")
    #expect(try sandbox.read("end") == "over\n")
  }

  @Test(arguments: [
    ("ravine tune mine.opt --on mine SGD --allow-commands --time-limit 0", 2),
    ("ravine tune bowl.opt --maximise", 2),
    ("ravine tune bowl.opt --by loss --maximise --minimise", 2),
    ("ravine tune bowl.opt --search 'batch = 4, 8'", 3),
    ("ravine tune bowl.opt --search 'batch = 0.5, 8'", 2),
    ("ravine tune bowl.opt --search 'batch = 4' --search 'batch = 8'", 2),
    ("ravine tune mine.opt --on mine --allow-commands", 3), ("ravine tune bowl.opt --on saddle", 3),
    ("ravine suggest", 2), ("ravine suggest empty.opt", 3),
    ("ravine suggest bowl.opt --seeds -1", 2),
    ("ravine suggest bowl.opt NoRule", 3), ("ravine suggest --on nothing", 3),
  ])
  func whatDoesNotFitEndsWithItsStatus(_ line: String, _ status: Int32) throws {
    let sandbox = try Sandbox()
    try sandbox.write("bowl.opt", Self.task)
    try sandbox.write("mine.opt", Self.command)
    try sandbox.write("empty.opt", "x = 1\n")
    let outcome = try sandbox.run(line)
    #expect(outcome.status == status, "\(line): \(outcome.output)\(outcome.errors)")
  }

  @Test func aSuggestionSaysWhatItTried() throws {
    let sandbox = try Sandbox()
    try sandbox.write("bowl.opt", Self.task)
    let line = "ravine suggest bowl.opt --trials 4 --seeds 2"
    let outcome = try sandbox.run(line)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.output.hasPrefix(
        "bowl: 2 parameters; the same gradient at every step; curvature up to 10"))
    #expect(outcome.output.contains("\ntake "))
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(sandbox.run(line + " --json").output.utf8))
        as? [String: Any])
    let rules = try #require(json["rules"] as? [[String: Any]])
    #expect(rules.count >= 4)
    #expect(outcome.output.contains("all seeds are one walk here: "))
    #expect(rules.allSatisfy { ($0["reason"] as? String)?.isEmpty == false })
    let problem = try #require(json["problem"] as? [String: Any])
    #expect(abs((problem["largestCurvature"] as? Double ?? 0) - 10) < 1e-6)
    #expect(abs((problem["smallestCurvature"] as? Double ?? 0) - 2) < 1e-6)
  }

  @Test func aTaskWithoutRulesSaysSo() throws {
    let sandbox = try Sandbox()
    let outcome = try sandbox.run("ravine tune --on saddle")
    #expect(outcome.status != 0)
    try sandbox.write("bowl.opt", Self.task)
    let named = try sandbox.run("ravine tune bowl.opt --on saddle")
    #expect(named.codes() == ["R0233"] && named.output.isEmpty)
    #expect(named.errors.contains("without rules there is nothing to try on `saddle`"))
  }

  static let two =
    "rule Mine(lr = 0.1) { w' = w - lr * g }\nrule Other(lr = 0.1) { w' = w - lr * sign(g) }\n"

  /// What is asked for is found where it stands, and what is not there is said.
  @Test(arguments: [
    ("ravine tune one.opt SGD", [], "only: "), ("ravine suggest one.opt", [], "only: "),
    ("ravine tune several.opt SGD", ["R0233"], "say `--on a`"),
    ("ravine suggest several.opt", ["R0233"], "say `--on a`"),
    ("ravine tune --on bowl_easy", ["R0233"], "without rules"),
    ("ravine tune --on bowl_easy two.opt:Mine Adam Adam", [], "Mine"),
    ("ravine suggest --on bowl_easy two.opt:Other", [], "Other"),
    ("ravine tune one.opt two.opt:Mine one.opt:Here", [], "Here"),
    ("ravine tune --on bowl_easy SGD --seeds 0", ["R0233"], "without seeds"),
    ("ravine tune --on bowl_easy SGD --search-seeds 0", ["R0233"], "without search seeds"),
    ("ravine suggest --on bowl_easy --trials 0", ["R0233"], "without trials"),
    ("ravine suggest --on bowl_easy --steps 0", ["R0233"], "without steps"),
    ("ravine eval --on bowl_easy --jsonl --seeds 0", ["R0233"], "without seeds"),
    ("ravine tune --on bilinear SGD Adam --by loss", ["R0239"], "--by distance"),
    ("ravine eval --on bilinear_easy --jsonl", ["R0239"], "is a game"),
    ("ravine problems bowl_hard", ["R0210"], "a task of the problem `bowl`"),
  ])
  func namesAreTakenAsTheyAreMeant(_ line: String, _ codes: [String], _ said: String) throws {
    let sandbox = try Sandbox()
    let bowl = "objective own(x: vector(2) = [3, 1]) = 5 * x[0]^2 + x[1]^2\n"
    try sandbox.write("two.opt", Self.two)
    try sandbox.write(
      "one.opt",
      bowl + "rule Here(lr = 0.1) { w' = w - lr * g }\n"
        + "task only = minimize own for 40 steps until loss < 1e-3\n")
    try sandbox.write(
      "several.opt",
      bowl + "task a = minimize own for 40 steps until loss < 1e-3\n"
        + "task b = minimize own for 20 steps until loss < 1e-3\n")
    let few =
      line.contains("--seeds") || line.contains("problems") || line.contains("eval")
      ? line : line + " --seeds 2"
    let outcome = try sandbox.run(few)
    #expect(outcome.codes() == codes, "\(outcome)")
    #expect((outcome.status == 0) == codes.isEmpty, "\(outcome)")
    #expect((outcome.output + outcome.errors).contains(said), "\(outcome)")
    if line.contains("Adam Adam") {
      #expect(outcome.output.split(separator: "\n").count { $0.hasPrefix("Adam ") } == 1)
    }
  }

  @Test func aRuleThatIsNamedTwiceCompetesOnce() throws {
    let sandbox = try Sandbox()
    try sandbox.write("two.opt", Self.two)
    let outcome = try sandbox.run(
      "ravine arena two.opt two.opt:Mine SGD SGD --on bowl_easy --trials 1 --seeds 1")
    #expect(outcome.output.hasPrefix("3 rules on 1 task"), "\(outcome)")
  }

  /// Seeds differ here, and nobody is behind in one walk.
  @Test func oneSeedIsNotASample() throws {
    let sandbox = try Sandbox()
    let two = try sandbox.run("ravine suggest --on bowl_easy --trials 4 --seeds 2")
    #expect(two.status == 0 && !two.output.contains("one walk"), "\(two.output)")
    let one = try sandbox.run("ravine suggest --on bowl_easy --trials 4 --seeds 1")
    #expect(one.output.contains("then 1 seed that") && !one.output.contains("told apart"))
    #expect(one.output.contains("is the best of one seed"), "\(one.output)")
  }
}

import Foundation
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
    let kept = try sandbox.read("j")
    #expect(kept.hasSuffix("\n") && kept.split(separator: "\n").count > 1)
    let resumed = try sandbox.run(line)
    #expect(resumed.status == 0)
    #expect(try sandbox.read("j").hasPrefix(kept))
    try sandbox.write("j", "")
    #expect(try sandbox.run(line).output == resumed.output)
  }

  /// Killed again and again at any moment, it comes to the same end.
  @Test func aKilledArenaGoesOn() throws {
    let sandbox = try Sandbox()
    let line = "ravine arena SGD Adam Lion --on bowl_easy,saddle_easy,beale_easy --seeds 2 --json"
    let whole = try sandbox.run(line)
    #expect(whole.status == 0)
    for _ in 0..<6 { _ = try sandbox.run("timeout -s KILL 0.4 \(line) --journal j") }
    let resumed = try sandbox.run("\(line) --journal j")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output == whole.output)
  }

  @Test func anInterruptShowsWhatIsDone() throws {
    let sandbox = try Sandbox()
    let outcome = try sandbox.run(
      "timeout -s INT 3 ravine arena SGD Adam Lion SOAP Shampoo --on attention,spirals --seeds 1000"
    )
    #expect(outcome.status == 124 || outcome.status == 130, "\(outcome.errors)")
    #expect(outcome.errors.contains("interrupted: the rules that were done are ranked"))
    #expect(outcome.output.contains("not finished: "))
  }
}

import Foundation
import Support
import Testing

/// Searches at the command line.
@Suite(.serialized) struct SearchCommandTests {
  private func content(_ text: String) -> String? {
    text.split(separator: "\n").first { $0.hasPrefix("content ") }.map(String.init)
  }

  /// Killed three times in the middle and taken up again, with one thread and with two, a search ends with the journal
  /// of one that was never stopped.
  @Test func aKilledSearchEndsTheSame() throws {
    let sandbox = try Sandbox()
    let line = "ravine search --from SGD --on bowl_easy --programs 5000 --population 200 --seed 3"
    let whole = try sandbox.run("\(line) --journal whole.db --threads 1")
    #expect(whole.status == 0, "\(whole.errors)")
    let wanted = try #require(content(sandbox.run("ravine runs whole.db").output))
    var killed = 0
    for threads in [1, 2, 1] {
      let process = Process()
      process.executableURL = try BuiltExecutable.ravine()
      process.arguments =
        line.split(separator: " ").dropFirst().map(String.init)
        + ["--journal", "part.db", "--threads", "\(threads)"]
      process.currentDirectoryURL = sandbox.folder
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      let before = programs(sandbox)
      try process.run()
      // Some hundred programs further than at the last time, wherever that is in a batch.
      try wait(for: "programs") { programs(sandbox) >= before + 600 || !process.isRunning }
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      if process.terminationReason == .uncaughtSignal { killed += 1 }
    }
    #expect(killed >= 2)
    let resumed = try sandbox.run("\(line) --journal part.db")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output == whole.output)
    #expect(content(try sandbox.run("ravine runs part.db").output) == wanted)
  }

  /// Programs in the journal, as another process sees them while the search runs.
  private func programs(_ sandbox: Sandbox) -> Int {
    guard let text = try? sandbox.run("ravine runs part.db").output else { return 0 }
    let row = text.split(separator: "\n").first {
      $0.hasSuffix("goes on") || $0.contains(" goes on ")
    }
    return row.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
  }

  @Test func shardsJoinToTheWhole() throws {
    let sandbox = try Sandbox()
    let line = "ravine search --from SGD --on bowl_easy --programs 200 --restarts 3"
    for (name, shard) in [("whole", "0/1"), ("a", "0/2"), ("b", "1/2")] {
      let outcome = try sandbox.run("\(line) --shard \(shard) --journal \(name).db")
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    let joined = try sandbox.run(
      "ravine search merge ab.db a.db b.db && ravine search merge ba.db b.db a.db")
    #expect(joined.status == 0, "\(joined.errors)")
    let contents = try ["whole", "ab", "ba"].map {
      content(try sandbox.run("ravine runs \($0).db").output)
    }
    #expect(contents[0] != nil && Set(contents).count == 1, "\(contents)")
    let best = try sandbox.run("ravine runs ab.db pareto").output.split(separator: "\n")[2]
      .split(separator: " ")
    for question in ["show", "lineage", "export"] {
      let outcome = try sandbox.run(
        "ravine runs ab.db \(question) \(best[1]) --restart \(best[0])")
      #expect(outcome.status == 0 && outcome.output.contains("rule "), "\(outcome)")
    }
    // A search that is done goes on from what was kept of it, and does nothing.
    let pruned = try sandbox.run(
      "cp ab.db less.db && ravine runs less.db prune && \(line) --journal less.db")
    #expect(pruned.status == 0, "\(pruned.errors)")
    #expect(!pruned.output.hasPrefix("0 programs"), "\(pruned.output)")
    let page = try sandbox.run("ravine runs ab.db page").output
    #expect(page.hasPrefix("<!doctype html>") && page.contains("<svg") && page.contains("Front"))
    // What is exported is a rule that runs.
    let exported = try sandbox.run(
      "ravine runs ab.db export \(best[1]) --restart \(best[0]) > found.opt && ravine check found.opt"
    )
    #expect(exported.status == 0, "\(exported.errors)")
  }

  /// What was found is measured, twice alike; the locked tasks are measured once, and shown again.
  @Test func findsAreMeasuredAndTestSetsOpenedOnce() throws {
    let sandbox = try Sandbox()
    try sandbox.write(
      "find.opt",
      """
      search Mine from SGD on bowl_easy for 60 programs population 20 validate on noisy_bowl_easy
          test on heavy_tails_easy

      """)
    let line = "ravine search find.opt --journal found.db --trials 3 --pairs 4"
    let shut = try sandbox.run("\(line) && ravine runs found.db test")
    #expect(shut.codes() == ["R0289"], "\(shut.errors)")
    let claims = try sandbox.run("\(line) --claims")
    #expect(claims.status == 0, "\(claims.errors)")
    #expect(claims.output.contains("noisy_bowl_easy  Lion"), "\(claims.output)")
    #expect(!claims.output.contains("heavy_tails_easy"))
    #expect(try sandbox.run("\(line) --claims").output == claims.output)
    #expect(claims.output.hasSuffix(try sandbox.run("ravine runs found.db claims").output))
    let opened = try sandbox.run("\(line) --open")
    #expect(opened.status == 0 && opened.output.contains("heavy_tails_easy"), "\(opened.errors)")
    let kept = try sandbox.run("ravine runs found.db test").output
    #expect(opened.output.hasSuffix(kept))
    let again = try sandbox.run("\(line) --open")
    #expect(again.codes() == ["R0287"] && again.output == kept, "\(again)")
    let json = try sandbox.run("ravine runs found.db test --json").output
    let report = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    #expect((report?["comparisons"] as? [Any])?.count == 3)
    let page = try sandbox.run("ravine runs found.db page").output
    for part in [
      "The locked test set", "What it is worth", "Without each of its parts", "Where it came from",
    ] {
      #expect(page.contains(part), "\(part)")
    }
    let notes = try sandbox.run("ravine runs found.db notes").output
    #expect(notes.contains("## Mine") && notes.contains("On the locked test set:"))
  }

  @Test func candidatesOfOtherSearchesAreScored() throws {
    let sandbox = try Sandbox()
    let lines = [
      #"{"id": "a", "source": "rule R(lr = 0.1) { w' = w - lr * g }"}"#,
      "garbage", #"{"id": 7}"#,
      #"{"source": "rule R(lr = 0.1) { w' = w - lr * h }"}"#, #"{"source": ""}"#,
      #"{"source": "rule R(lr = 0.1) { w' = w - lr * log(-1 - g^2) }"}"#,
      #"{"source": "rule R(lr = 0.1) { w' = w - lr * sign(g) }"}"#,
    ]
    try sandbox.write("in.jsonl", Array((lines.joined(separator: "\n") + "\n\u{0}\u{1}\n").utf8))
    let outcome = try sandbox.run("ravine eval --on bowl_easy --jsonl < in.jsonl")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let answers = try outcome.output.split(separator: "\n").map {
      try #require(
        try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(answers.count == 8)
    #expect(answers[0]["id"] as? String == "a")
    #expect(
      answers.map { $0["error"] == nil } == [true, false, false, false, false, true, true, false])
    let scores = answers.map { $0["score"] as? Double }
    #expect(scores[0] != nil && scores[6] != nil && scores[5] == nil)
    #expect(
      (answers[5]["first_problem"] as? [String: Any])?["after_steps"] as? Int == 1
        || answers[5]["first_problem"] != nil)
    #expect((answers[3]["error"] as? [String: Any])?["code"] as? String == "R0201")
  }

  @Test func aLongSourceIsRefusedAndTheNextIsScored() throws {
    let sandbox = try Sandbox()
    let long = "{\"source\": \"# " + String(repeating: "x", count: 10 << 20) + "\"}\n"
    try sandbox.write(
      "in.jsonl", long + "{\"source\": \"rule R(lr = 0.1) { w' = w - lr * g }\"}\n")
    let outcome = try sandbox.run("ravine eval --on bowl_easy --jsonl < in.jsonl")
    let lines = outcome.output.split(separator: "\n")
    #expect(
      lines.count == 2 && lines[0].contains("error") && lines[1].contains("score"), "\(outcome)")
  }

  @Test func ruleIsSimplified() throws {
    let sandbox = try Sandbox()
    try sandbox.write(
      "r.opt",
      """
      rule Long(lr = 0.1) {
          state m, dead
          m' = 0.9 * m + 0.1 * g
          dead' = m' * g
          w' = w - lr * (m' + m') / sqrt(m' * m') * 0.5
      }

      """)
    let outcome = try sandbox.run("ravine simplify r.opt:Long")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(!outcome.output.contains("dead"))
    let measured = try sandbox.run("ravine simplify AdamW --on bowl_easy --pairs 3")
    #expect(measured.status == 0 && measured.output.contains("1. "), "\(measured)")
  }

  @Test(arguments: [
    "ravine search", "ravine search --from SGD",
    "ravine search --from SGD --on bowl_easy --shard 2/2",
    "ravine search --from SGD --on bowl_easy --programs 5 --minutes 1",
    "ravine search --from SGD --on bowl_easy --programs 0",
    "ravine search --from SGD --on bowl_easy --test mlp_easy --open",
    "ravine search --from SGD --on bowl_easy --controls --claims",
    "ravine search --from SGD --on bowl_easy --json",
    "ravine search --from SGD --on bowl_easy --claims --pairs 1",
    "ravine runs found.db show 1 --json",
  ])
  func contradictionsAreUsageErrors(_ line: String) throws {
    #expect(try Sandbox().run(line).status == 2)
  }
}

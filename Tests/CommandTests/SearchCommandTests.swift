import Foundation
import Support
import Testing

/// Searches at the command line.
@Suite(.serialized) struct SearchCommandTests {
  private func content(_ text: String) -> String? {
    text.split(separator: "\n").first { $0.hasPrefix("content ") }.map(String.init)
  }

  @Test func aStartFromAFile() throws {
    let sandbox = try Sandbox()
    try sandbox.write("mine.opt", "rule Mine(lr = 0.1 in (0, inf)) { w' = w - lr * sign(g) }\n")
    let line = "ravine search --on bowl_easy --programs 20 --population 10 --from"
    let found = try sandbox.run("\(line) mine.opt:Mine")
    #expect(found.status == 0 && found.output.contains("rule"), "\(found.errors)")
    for (start, code) in [
      ("mine.opt", "R0292"), ("mine.opt:Yours", "R0201"), ("other.opt:Mine", "R0701"),
      ("SGD --minutes 1", "R0292"), ("SGD --open", "R0292"), ("SGD --shard 3/2", "R0292"),
      ("SGD --controls --claims", "R0292"), ("SGD --json", "R0292"),
    ] {
      let refused = try sandbox.run("\(line) \(start)")
      #expect(refused.status != 0 && refused.errors.contains("error[\(code)]"), "\(refused.errors)")
    }
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

  /// The rule alone has the peak as if it were constant.
  @Test func ratesThatFollowAScheduleAreToldOf() throws {
    let sandbox = try Sandbox()
    let said = "peak of the schedule that the search began with: SGD(lr = cosine(0.1))."
    for (start, isSaid) in [("'SGD(lr = cosine(0.1))'", true), ("SGD", false)] {
      let outcome = try sandbox.run("ravine search --from \(start) --on bowl_easy --programs 40")
      #expect(outcome.status == 0 && outcome.output.contains("rule Found("), "\(outcome.errors)")
      #expect(outcome.output.contains(said) == isSaid, "\(outcome.output)")
    }
  }

  /// A task that a program does is searched where that is allowed, twice alike; what the program fails at is told.
  @Test func tasksOfProgramsAreSearched() throws {
    let sandbox = try Sandbox()
    // Its loss is the rate, and it knows no signs.
    try sandbox.write(
      "answer.sh",
      #"""
      while read -r l; do
        case "$l" in *sign*) echo "no signs here" >&2; exit 3;; esac
        r=${l#*\"lr\": }
        echo "{\"losses\": [1, ${r%%[,\}]*}]}"
      done
      """#)
    try sandbox.write(
      "find.opt",
      """
      task mine = command "sh answer.sh" for 20 steps until loss < 0.1
      search Mine from SGD on mine for 60 programs population 20
      search Other from Muon on mine for 60 programs
      """)
    let both = try sandbox.run("ravine check find.opt")
    #expect(both.status == 3 && both.codes() == ["R0280"] && both.errors.contains("find.opt:3:19"))
    try sandbox.write(
      "find.opt",
      try sandbox.read("find.opt").split(separator: "\n").prefix(2).joined(separator: "\n"))
    let line = "ravine search find.opt --threads 1 --journal mine.db"
    let refused = try sandbox.run(line)
    #expect(refused.status == 3 && refused.codes() == ["R0260"], "\(refused.errors)")
    for _ in 0..<2 {
      let found = try sandbox.run("\(line) --allow-commands")
      #expect(found.status == 0 && found.output.contains("rule Mine("), "\(found)")
      #expect(found.output.contains("was the first to fail: `sh` ended with status 3"), "\(found)")
      #expect(found.output.contains("no signs here"), "\(found)")
    }
    let gone = try sandbox.run("rm answer.sh; \(line) --allow-commands --seed 1 --journal new.db")
    #expect(gone.status == 3 && gone.codes() == ["R0263"], "\(gone.errors)")
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
    // One that is of another search is seen before anything is made; a name with a colon is one of a file.
    let other = try sandbox.run(
      "ravine search --from SGD --on bowl_easy --programs 20 --journal :memory: && test -s ./:memory: && "
        + "(ravine search merge none.db a.db :memory:; test $? = 3 && ! test -e none.db)")
    #expect(other.status == 0, "\(other.errors)")
    let odd = try sandbox.run(
      "ravine search --from SGD --on bowl_easy --programs 20 --population 4 --tournament 5")
    #expect(odd.status != 0 && odd.errors.contains("from 1 to 4"), "\(odd.errors)")
    let few = try sandbox.run(
      "ravine search --from SGD --on bowl_easy --programs 20 --population 4")
    #expect(few.status == 0, "\(few.errors)")
    let contents = try ["whole", "ab", "ba"].map {
      content(try sandbox.run("ravine runs \($0).db").output)
    }
    #expect(contents[0] != nil && Set(contents).count == 1, "\(contents)")
    let best = try sandbox.run("ravine runs ab.db pareto").output.split(separator: "\n")[2]
      .split(separator: " ")
    // What is on a front was judged on other seeds, as there are no tasks of validation.
    #expect(best.count == 6 && Double(best[3]) != nil, "\(best)")
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
    #expect((report?["comparisons"] as? [Any])?.count == 4)
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

  /// A digest stands for the program that had it, sent before or in a journal; any other is an error of its line.
  @Test func digestsStandForPrograms() throws {
    let sandbox = try Sandbox()
    let search = try sandbox.run(
      "ravine search --from SGD --on bowl_easy --programs 40 --journal j.db && ravine runs j.db show 3"
    )
    let shown = try #require(
      search.output.split(separator: "\n").last { $0.hasPrefix("Its digest") })
    let kept = shown.split(separator: " ")[3].dropLast()
    let source = search.output.split(separator: "\n", omittingEmptySubsequences: false)
      .drop { !$0.hasPrefix("rule Found3") }.prefix { !$0.hasPrefix("A child") && !$0.isEmpty }
      .joined(separator: "\\n")
    let first = try answers(
      sandbox,
      [
        #"{"id": 1, "source": "rule R(lr = 0.1) { w' = w - lr * sign(g) }"}"#,
        #"{"id": 2, "source": "\#(source)"}"#, #"{"id": 3, "digest": "\#(kept)"}"#,
        #"{"id": 4, "digest": "identity-1:00"}"#, #"{"id": 5, "digest": 7}"#,
        #"{"id": 6, "digest": "identity-1:00", "source": ""}"#,
      ])
    #expect(first[1]["digest"] as? String == String(kept))
    #expect(first[2]["score"] as? Double == first[1]["score"] as? Double)
    #expect(first[2]["score"] != nil)
    let digest = try #require(first[0]["digest"] as? String)
    #expect(digest != String(kept))
    #expect(code(first[3]) == "R0290" && code(first[4]) == "R0760" && code(first[5]) == "R0760")
    #expect(first[3]["id"] as? Int == 4)
    // Another process knows what is in the journal, and nothing of what was sent to the first.
    let lines = [#"{"digest": "\#(digest)"}"#, #"{"digest": "\#(kept)"}"#]
    let second = try answers(sandbox, lines, "--journal j.db")
    #expect(code(second[0]) == "R0290")
    #expect(second[1]["score"] as? Double == first[1]["score"] as? Double)
    #expect((second[1]["update_size"] as? Double ?? 0) > 0)
  }

  private func answers(
    _ sandbox: Sandbox, _ lines: [String], _ options: String = ""
  ) throws -> [[String: Any]] {
    try sandbox.write("in.jsonl", lines.joined(separator: "\n") + "\n")
    let outcome = try sandbox.run("ravine eval --on bowl_easy --jsonl \(options) < in.jsonl")
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try outcome.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  private func code(_ answer: [String: Any]) -> String? {
    (answer["error"] as? [String: Any])?["code"] as? String
  }

  /// Nothing that a line holds keeps the others from being answered.
  @Test func oddLinesAreAnsweredByErrors() throws {
    let sandbox = try Sandbox()
    let good = Array(#"{"source": "rule R(lr = 0.1) { w' = w - lr * g }"}"#.utf8)
    func nested(_ open: String, _ count: Int) -> String { String(repeating: open, count: count) }
    let lines: [[UInt8]] = [
      Array((nested("[", 100_000)).utf8),
      Array(#"{"source": "rule R(lr = 0.1) { w' = w - lr * \#(nested("(", 5_000))g"}"#.utf8),
      [0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x7D],
      Array(#"{"source": "rule R(lr = 0.1) { w' = w - lr * \u0000 g }"}"#.utf8),
      Array(#"{"source": "x = 1", "source": "rule R(lr = 0.1) { w' = w - lr * g }"}"#.utf8),
      Array(#"{"id": 1e999, "source": "rule R(lr = 1e999) { w' = w - lr * g }"}"#.utf8),
      Array(#"{"source": ["rule"]}"#.utf8),
      // A double holds no such number: it would come back as another.
      Array(
        #"{"id": 9007199254740993, "source": "rule R(lr = 0.1) { w' = w - lr * g }"}"#.utf8),
      Array(#"{"source": "rule R(lr = 0.1, k) { w' = w - lr * k * g }"}"#.utf8),
    ]
    try sandbox.write("in.jsonl", Array((lines + [good]).joined(separator: [10])) + [10])
    let outcome = try sandbox.run("ravine eval --on bowl_easy --jsonl < in.jsonl")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let answers = try outcome.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    try #require(answers.count == lines.count + 1)
    for (k, answer) in answers.dropLast().enumerated() {
      #expect(code(answer)?.hasPrefix("R0") == true, "line \(k + 1): \(answer)")
    }
    #expect(answers.last?["score"] is Double)
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

  /// What a run broke on is said, whatever broke; a rate keeps its sign, and 0 has no rates around it.
  @Test func theReasonOfAScoreIsSaid() throws {
    let sandbox = try Sandbox()
    let found = try answers(
      sandbox,
      [
        #"{"source": "rule R(lr = 0.1) { state m\n m' = m / m\n w' = w - lr * g - 0 * m' }"}"#,
        #"{"source": "rule R(lr = 0.1) { state m = 1\n m' = m * 1e200\n w' = w - lr * g }"}"#,
        #"{"source": "rule R(lr = 0.1) { state m\n m' = 0 / 0 + m\n w' = w - lr * g }"}"#,
        #"{"source": "rule R(lr = -0.1) { w' = w + lr * g }"}"#,
        #"{"source": "rule R(lr = 0.1) { w' = w - lr * g }"}"#,
        #"{"source": "rule R(lr = 0) { w' = w - lr * g }"}"#,
      ])
    for answer in found.prefix(3) {
      #expect(answer["score"] as? String == "inf")
      #expect((answer["first_problem"] as? [String: Any])?["what"] != nil, "\(answer)")
      #expect(answer["states_per_element"] as? Int == 1)
    }
    #expect(
      ((found[1]["first_problem"] as? [String: Any])?["what"] as? String)?.hasPrefix("a state")
        == true)
    func rates(_ answer: [String: Any]) -> [Double] {
      ((answer["tasks"] as? [[String: Any]])?.first?["rates"] as? [Double]) ?? []
    }
    #expect(rates(found[3]) == rates(found[4]).map { -$0 } && !rates(found[3]).isEmpty)
    #expect(found[3]["score"] as? Double == found[4]["score"] as? Double)
    func said(_ answer: [String: Any]) -> [String] {
      ((answer["diagnostics"] as? [[String: Any]]) ?? []).compactMap { $0["code"] as? String }
    }
    #expect(said(found[5]) == ["R0293"] && said(found[3]).isEmpty)
    #expect(rates(found[5]).contains(0.01))
  }

  /// One candidate must not keep the others waiting for minutes.
  @Test func aCandidateThatTakesTooLongIsRefused() throws {
    let sandbox = try Sandbox()
    let statements = (0..<5_000).map { "a\($0) = g * \($0)" }.joined(separator: #"\n"#)
    let began = ContinuousClock.now
    let found = try answers(
      sandbox,
      [
        #"{"source": "rule R(lr = 0.1) { x = g\n repeat 100000 { x' = sin(x) + g }\n w' = w - lr * x }"}"#,
        #"{"source": "rule R(lr = 0.1) { state h: window(1000000)\n h' = g\n w' = w - lr * mean over window h' }"}"#,
        #"{"source": "rule R(lr = 0.1) { \#(statements)\n w' = w - lr * g }"}"#,
        #"{"source": "rule R(lr = 0.1) { w' = w - lr * g }"}"#,
      ])
    #expect(found.prefix(3).map(code) == ["R0814", "R0814", "R0705"], "\(found.prefix(3))")
    #expect(found[3]["score"] is Double)
    #expect(ContinuousClock.now - began < .seconds(60))
  }

  /// A decay that nobody asked for pulls away from a least point that is not 0.
  @Test func theBaselineDecaysOnlyWhereThatHelps() throws {
    let sandbox = try Sandbox()
    func baseline(_ options: String) throws -> Double {
      let line = [#"{"source": "rule R(lr = 0.1) { w' = w - lr * g }"}"#]
      let found = try answers(sandbox, line, options)[0]
      return ((found["tasks"] as? [[String: Any]])?.first?["baseline"] as? Double) ?? .nan
    }
    let own = try baseline("")
    #expect(own == (try baseline("--against 'AdamW(λ = 0)'")))
    #expect(try baseline("--against 'AdamW(λ = 0.01)'") > 100 * own)
  }

  // MARK: Simplifying

  /// The raw program that the published search found, reduced to Lion by the command alone: all but the two steps that
  /// are measured has a certificate which `certify` accepts.
  @Test func theRawProgramIsReducedToLion() throws {
    let sandbox = try Sandbox()
    let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Examples/search/program4.opt")
    try sandbox.write("program4.opt", [UInt8](Data(contentsOf: example)))
    let outcome = try sandbox.run(
      "ravine simplify program4.opt:Program4 --on softmax_regression_easy,heavy_tails_easy --only clip,arcsin "
        + "--pairs 4 --certificates proofs")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let grounds = outcome.output.split(separator: "\n")
      .filter { $0.hasPrefix("   ") && !$0.hasPrefix("    ") }.map { $0.drop { $0 == " " } }
    let measured = grounds.filter {
      $0.hasPrefix("not worse by more than 0.02 on softmax_regression_easy (")
        && $0.contains("), heavy_tails_easy (")
    }
    #expect(measured.count == 2, "\(outcome.output)")
    let proved = grounds.filter { $0.hasPrefix("exact") }
    #expect(proved.count == 6 && proved.count + 2 == grounds.count, "\(outcome.output)")
    #expect(proved.allSatisfy { $0.contains(", certified") && $0.contains("(proofs/") })
    #expect(proved.contains { $0.hasPrefix("exact where") })
    let checked = try sandbox.run(
      "for f in proofs/*.txt; do ravine certify $f || exit 9; done; ls proofs | wc -l")
    #expect(checked.status == 0, "\(checked.errors)")
    #expect(
      checked.output.split(separator: "\n").last.flatMap { Int($0) } == proved.count)
    #expect(
      outcome.output.contains("  Lion(λ = 0.4602, β1 = 0.899, β2 = 0.996991): proved equal"),
      "\(outcome.output)")
    let rule = outcome.output.split(separator: "\n").drop { !$0.hasPrefix("rule ") }.prefix {
      !$0.hasPrefix("in the zoo")
    }
    try sandbox.write("lion.opt", rule.joined(separator: "\n") + "\n")
    let compared = try sandbox.run(
      "ravine compare lion.opt:Program4 'Lion(lr = 0.0002 * lr, β1 = 0.899, β2 = 0.996991, λ = 0.4602)'"
    )
    #expect(compared.status == 0 && compared.output.hasPrefix("proved equal"), "\(compared)")
  }

  @Test func ofARuleOfTheZooSomethingIsMeasured() throws {
    let sandbox = try Sandbox()
    let measured = try sandbox.run("ravine simplify AdamW --on bowl_easy --pairs 3")
    #expect(measured.status == 0, "\(measured.errors)")
    #expect(measured.output.contains("measured on 3 fresh seeds"), "\(measured.output)")
    // On a bowl all of it but the step along the gradient does harm.
    #expect(measured.output.hasSuffix("in the zoo\n  SGD: proved equal\n"))
    let json = try sandbox.run("ravine simplify AdamW --on bowl_easy --pairs 3 --json").output
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    let steps = try #require(report["steps"] as? [[String: Any]])
    let grounds = steps.compactMap { $0["ground"] as? String }
    #expect(grounds.count == steps.count && grounds.contains("measured"), "\(json)")
    #expect(grounds.first == "exact" && steps[0]["certified"] as? Bool == true)
    let tests = try #require(steps.last?["tests"] as? [[String: Any]])
    #expect(tests.map { $0["pairs"] as? Int } == [3] && tests[0]["task"] as? String == "bowl_easy")
    #expect(report["likenesses"] as? [String] == ["SGD: proved equal"])
    #expect(measured.output.contains(try #require(report["rule"] as? String)))
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
    "ravine simplify Lion --only sign", "ravine simplify Lion --on bowl_easy --pairs 1",
  ])
  func contradictionsAreUsageErrors(_ line: String) throws {
    #expect(try Sandbox().run(line).status == 2)
  }
}

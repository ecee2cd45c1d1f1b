import Basics
import Diagnostics
import Driver
import Foundation
import IR
import Support
import Testing
import Training

@testable import Experiments

/// Tasks that other programs do.
@Suite final class CommandTaskTests {
  private let folder: String

  init() throws {
    folder =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("ravine-command-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func write(_ name: String, _ text: String) throws {
    try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
  }

  private func script(_ text: String, _ compiler: Compiler = Compiler()) throws -> Script {
    let found = compiler.add(name: "task.opt", bytes: Array(text.utf8))
    #expect(found.map(\.message) == [])
    var options = Script.Options()
    options.folder = folder
    options.allowsCommands = true
    options.commandSeconds = 20
    return Script(compiler, options: options, output: { _ in })
  }

  /// Runs of one rule by a program of the shell.
  private func runs(
    _ program: String, _ rule: String = "SGD(lr = 0.1)", seeds: [UInt64] = [0],
    seconds: Double = 20,
    interrupt: InterruptSource = .none
  ) throws -> [RunHistory] {
    try write("p.sh", program)
    let script = try script("task t = command \"sh p.sh\" for 20 steps until loss < 0.1\n")
    script.options.commandSeconds = seconds
    let task = try script.work(named: "t")
    var engine = TrialEngine()
    engine.interrupt = interrupt
    return try task.trials(engine).runs(
      RuleTrial(try Compiler().rule(rule), seeds: seeds, target: task.target))
  }

  private func code(_ body: () throws -> Void) -> Int? {
    do {
      try body()
      return nil
    } catch {
      return (error as? DiagnosticError)?.diagnostics.first?.code.number
    }
  }

  /// A program that answers each line by an action of awk, for which `after("lr")` is a number of the request.
  private func answer(_ action: String) throws {
    try write(
      "p.sh",
      #"""
      while read -r l; do
        printf '%s\n' "$l" | awk '
          function after(key) {
            match($0, "\"" key "\": [-+0-9.e]+")
            return substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 4)
          }
          \#(action)'
      done
      """#)
  }

  // MARK: Words

  @Test(arguments: [
    ("python3 train.py", ["python3", "train.py"]), ("  a   b\tc ", ["a", "b", "c"]),
    ("a 'b c' \"d 'e\"", ["a", "b c", "d 'e"]), ("a '' b", ["a", "", "b"]),
    ("x'y z'w", ["xy zw"]),
    (
      "a $HOME `ls` | b > c; d && e *",
      [
        "a", "$HOME", "`ls`", "|", "b", ">", "c;", "d", "&&", "e", "*",
      ]
    ), ("a\\ b", ["a\\", "b"]), ("λ 'ü x'", ["λ", "ü x"]),
  ])
  func wordsAreSplitAtBlanksAndNoShellReadsThem(_ text: String, _ words: [String]) throws {
    #expect(try CommandWords.split(text) == words)
  }

  @Test(arguments: [
    ("", CommandWords.Problem.empty), ("  \n", .empty), ("''", .empty), ("a 'b", .openQuote("'")),
    ("a \"b", .openQuote("\"")), ("a\0b", .zero),
  ])
  func whatIsNoCommand(_ text: String, _ problem: CommandWords.Problem) {
    #expect(throws: problem) { try CommandWords.split(text) }
  }

  @Test func noShellSeesTheCommand() throws {
    let script = try script(
      "task t = command \"touch a;touch$IFS'b c' `d` > e\" for 2 steps until loss < 1\n")
    let task = try script.work(named: "t")
    _ = code {
      _ = try task.trials(TrialEngine()).runs(
        RuleTrial(try Compiler().rule("SGD"), seeds: [0], target: nil))
    }
    let made = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(made == [">", "`d`", "a;touch$IFSb c", "e"].sorted())
  }

  @Test func aLastLineMayLackItsBreak() throws {
    // A blank of a second before its end: the line lies there, and is looked through, before the output is closed.
    let histories = try runs(
      #"""
      read -r l
      printf '%s' "$l" | awk '{
        match($0, "\"id\": [0-9]+")
        printf "{%s, \"losses\": [1.0, 0.05]}", substr($0, RSTART, RLENGTH)
      }'
      sleep 0.3
      """#, seeds: [0, 1])
    #expect(histories.map { $0.failure } == [nil, nil])
    #expect(histories.map { $0.values["loss"]?.last } == [0.05, 0.05])
  }

  // MARK: The line in

  @Test func theProgramIsToldTheRule() throws {
    _ = try runs(
      "read -r l; printf '%s' \"$l\" > in.json; echo '{\"losses\": [1, 0.5]}'",
      "AdamW(lr = cosine(0.1), λ = 0.01)", seeds: [7])
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/in.json")))
    let told = try JSONReader.parse(bytes)
    #expect(told["name"]?.text == "AdamW")
    #expect(told["call"]?.text == "AdamW(lr = cosine(0.1), λ = 0.01)")
    #expect(told["seed"]?.real == 7)
    #expect(told["steps"]?.real == 20)
    #expect(told["hyperparameters"]?["beta1"]?.real == 0.9)
    #expect(told["hyperparameters"]?["lambda"]?.real == 0.01)
    let rates = (told["schedules"]?["lr"]?.items ?? []).compactMap(\.real)
    #expect(rates.count == 20)
    #expect(told["hyperparameters"]?["lr"]?.real == rates[0])
    #expect(rates == rates.sorted(by: >) && rates[0] <= 0.1 && rates[19] < 0.01)
    #expect(told["schedules"]?["beta1"] == nil)
    // The source is a rule that makes the same steps.
    let source = try #require(told["rule"]?.text)
    let compiler = Compiler()
    #expect(compiler.add(name: "told.opt", bytes: Array(source.utf8)).isEmpty)
    let rule = try compiler.rule("AdamW")
    #expect(rule.module.hypers.contains { $0.key == "beta2" })
  }

  // MARK: The line out

  @Test func lossesAreSpreadOverTheRun() throws {
    let run = try runs("read l; echo '{\"losses\": [1, 0.5, 0.05, 0.01]}'")[0]
    #expect(run.x == [5, 10, 15])
    #expect(run.values["loss"] == [1, 0.5, 0.05])
    #expect(run.reachedTarget && run.steps == 15 && run.failure == nil)
    let other = try runs("read l; echo '{\"loss\": 0.5}'")[0]
    #expect(!other.reachedTarget && other.steps == 20 && other.last("loss") == 0.5)
    // A last line without its break is a line.
    #expect(try runs("read l; printf '{\"loss\": 2}'")[0].last("loss") == 2)
  }

  /// A program that answers once and ends, one that reads on, and one that answers in another order.
  @Test(arguments: [
    "read l; s=${l##*\\\"seed\\\": }; echo \"{\\\"loss\\\": ${s%\\}}}\"",
    "while read l; do s=${l##*\\\"seed\\\": }; echo \"{\\\"loss\\\": ${s%\\}}}\"; done",
    """
    read a; read b; read c
    for l in "$c" "$a" "$b"; do
      s=${l##*\\"seed\\": }; i=${l#*\\"id\\": }
      echo "{\\"id\\": ${i%%,*}, \\"loss\\": ${s%\\}}}"
    done
    """,
  ])
  func answersFindTheirRuns(_ program: String) throws {
    let seeds: [UInt64] = [4, 9, 2]
    let runs = try runs(program, seeds: seeds)
    #expect(runs.map(\.seed) == seeds)
    #expect(runs.compactMap { $0.last("loss") } == [4, 9, 2])
  }

  @Test(arguments: ["NaN", "Infinity", "-Infinity", "null", "\"nan\""])
  func lossesThatAreNotFiniteAreRunsThatFailed(_ number: String) throws {
    let run = try runs("read l; echo '{\"losses\": [1, \(number), 0.5]}'")[0]
    #expect(run.failure?.code == .lossNotFinite)
    #expect(run.steps == 13)
  }

  @Test func theProgramMayRefuseARule() throws {
    let run = try runs("read l; echo '{\"error\": \"no such rule here\"}'")[0]
    #expect(run.failure?.message.contains("no such rule here") == true)
  }

  /// The limit is there against hangs alone, as the programs that sleep.
  @Test(
    .timeLimit(.minutes(10)),
    arguments: [
      ("read l; exit 3", 263), ("exit 0", 263), ("read l; kill -9 $$", 263), ("read l; echo", 264),
      ("read l; echo hello", 264), ("read l; echo '[1]'", 264), ("read l; echo '{}'", 264),
      ("read l; echo '{\"losses\": []}'", 264), ("read l; echo '{\"losses\": [1, \"a\"]}'", 264),
      ("read l; echo '{\"id\": 99, \"loss\": 1}'", 264),
      ("read l; echo '{\"id\": 1.5, \"loss\": 1}'", 264),
      ("read l; echo '{\"losses\": [\(String(repeating: "1, ", count: 20))1]}'", 264),
      ("read l; echo '{\"error\": 3}'", 264), ("read l; printf '\\377\\376\\n'", 264),
      ("read l; printf '{\"loss\": 1'", 264), ("read l; exec >&-; sleep 100000", 263),
      ("while :; do :; done", 265), ("sleep 100000", 265),
    ])
  func whatProgramsDoWrong(_ program: String, _ expected: Int) throws {
    let found = code { _ = try runs(program, seconds: expected == 265 ? 0.3 : 20) }
    #expect(found == expected)
  }

  @Test func aLineWithoutEndIsRefused() throws {
    #expect(code { _ = try runs("read l; exec cat /dev/zero", seconds: 300) } == 264)
  }

  @Test func whatItWroteToItsErrorsIsShown() throws {
    do {
      _ = try runs("read l; echo one >&2; echo two >&2; exit 1")
      Issue.record("it fails")
    } catch {
      let said = try #require((error as? DiagnosticError)?.diagnostics.first)
      #expect(said.message.contains("status 1"))
      #expect(said.notes.map(\.message) == ["it says: one", "it says: two"])
      #expect(said.span != .none)
    }
    // Much of it blocks nobody.
    let run = try runs(
      "i=0; while [ $i -lt 20000 ]; do echo 0123456789 >&2; i=$((i+1)); done; read l; echo '{\"loss\": 1}'"
    )[0]
    #expect(run.last("loss") == 1)
  }

  @Test func aProgramThatDoesNotReadMayAnswer() throws {
    #expect(try runs("exec <&-; sleep 0.2; echo '{\"loss\": 1}'")[0].last("loss") == 1)
  }

  @Test func whatIsMissingIsTold() throws {
    for words in ["no-such-program-here", "./missing.py", "/"] {
      let script = try script("task t = command \"\(words)\" for 2 steps until loss < 1\n")
      let task = try script.work(named: "t")
      let found = code {
        _ = try task.trials(TrialEngine()).runs(
          RuleTrial(try Compiler().rule("SGD"), seeds: [0], target: nil))
      }
      #expect(found == 262, "\(words)")
    }
  }

  // MARK: Ends

  @Test func anInterruptStopsItAndItsChildren() throws {
    let path = folder + "/child"
    let interrupt = InterruptSource(
      isRequested: { (try? String(contentsOfFile: path, encoding: .utf8))?.isEmpty == false },
      clear: {})
    let runs = try runs(
      "sleep 100000 & echo $! > child; wait", seeds: [1, 2], seconds: 600, interrupt: interrupt)
    #expect(runs.map(\.wasInterrupted) == [true, true])
    try waitForTheEndOfItsChild()
  }

  @Test func whatIsSilentIsStoppedWithItsChildren() throws {
    #expect(code { _ = try runs("sleep 100000 & echo $! > child; wait", seconds: 2) } == 265)
    try waitForTheEndOfItsChild()
  }

  private func waitForTheEndOfItsChild() throws {
    let text = try String(contentsOfFile: folder + "/child", encoding: .utf8)
    let child = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    try wait(for: "the end of its child") { hasEnded(child) }
  }

  // MARK: Scripts

  @Test func nothingStartsUnasked() throws {
    let script = try script("task t = command \"touch ran\" for 2 steps until loss < 1\n")
    script.options.allowsCommands = false
    #expect(code { _ = try script.work(named: "t") } == 260)
    #expect(!FileManager.default.fileExists(atPath: folder + "/ran"))
    #expect(code { _ = try script.task(named: "t") } == 266)
  }

  @Test(arguments: [
    ("for 20 steps", 232), ("until loss < 1", 232), ("for 0 steps until loss < 1", 227),
    ("for 2e6 steps until loss < 1", 227), ("for 2 epochs until loss < 1", 226),
    ("for 2 steps until accuracy > 1", 223), ("for 2 steps batch 3 until loss < 1", 220),
    ("for 2 steps until loss < 1 seeds 3", 220), ("with SGD for 2 steps until loss < 1", 147),
  ])
  func clausesThatDoNotFit(_ clauses: String, _ expected: Int) throws {
    let compiler = Compiler()
    let text = "task t = command \"true\" \(clauses)\n"
    var found = compiler.add(name: "task.opt", bytes: Array(text.utf8)).map(\.code.number)
    if found.isEmpty {
      let script = Script(compiler, options: Script.Options(), output: { _ in })
      script.options.allowsCommands = true
      found = code { _ = try script.work(named: "t") }.map { [$0] } ?? []
    }
    #expect(found == [expected])
  }

  @Test(arguments: [
    ("task t = command", 120), ("task t = command 3 for 2 steps until loss < 1", 147),
    ("task t = command \"\" for 2 steps until loss < 1", 261),
    ("task t = command \"a 'b\" for 2 steps until loss < 1", 261),
  ])
  func textsThatAreNoCommand(_ text: String, _ expected: Int) {
    let found = Compiler().add(name: "task.opt", bytes: Array((text + "\n").utf8))
    #expect(found.map(\.code.number) == [expected])
  }

  /// The best of a program whose loss is known: |lr − 0.03|.
  @Test func aSearchFindsWhatIsBest() throws {
    try answer(
      #"""
          {
            d = after("lr") - 0.03
            if (d < 0) d = -d
            printf "{\"id\": %d, \"losses\": [1, %.17g]}\n", after("id"), d + after("seed") / 1e6
          }
      """#)
    let script = try script("task t = command \"sh p.sh\" for 20 steps until loss < 1e-9\n")
    var settings = Tuner.Settings(ranges: [.learningRate])
    settings.trials = 24
    settings.seeds = 3
    let rules = try ["SGD", "Adam"].map { try Compiler().rule($0) }
    let result = try Tuner(try script.work(named: "t"), settings).run(rules)
    #expect(result.rows.count == 2)
    for row in result.rows {
      #expect(abs(row.best[0] - 0.03) < 0.01)
      #expect(row.trials.count == 24)
      let expected = [1.0, 2, 3].map { abs(row.best[0] - 0.03) + $0 / 1e6 }
      #expect(zip(row.values["loss"] ?? [], expected).allSatisfy { abs($0 - $1) < 1e-15 })
    }
  }

  /// The arena runs rules on tasks of programs beside others.
  @Test(arguments: [1, 2]) func arenasRunPrograms(_ workers: Int) throws {
    try answer(
      #"""
          {
            printf "{\"id\": %d, \"losses\": [1", after("id")
            for (k = 1; k < 20; k++) printf ", %.17g", exp(-k * after("lr")) + after("seed") / 1e3
            printf "]}\n"
          }
      """#)
    let script = try script(
      """
      objective bowl2(x: vector(2) = [3, 1]) = x[0]^2 + 0.2 * x[1]^2
      task near = minimize bowl2 for 40 steps until loss < 1e-2
      task mine = command "sh p.sh" for 20 steps until loss < 0.1

      """)
    let rules = try ["SGD", "Lion"].map { ArenaRule(try Compiler().rule($0), label: $0) }
    var settings = Arena.Settings()
    settings.seeds = 2
    var arena = try Arena(rules, ["near", "mine"].map(script.work), settings)
    arena.workers = workers
    let result = try arena.run()
    #expect(result.problems.isEmpty && result.rows.count == 2)
    for cells in result.cells {
      let mine = try #require(cells[1])
      // The first step k with exp(-k lr) below 0.1 is ln 10 / lr.
      #expect(mine.isSolved && mine.best.map { $0[0] >= 1 } == true)
      let steps = (2.302585 / mine.best![0]).rounded(.up) + 1
      #expect(mine.runs.map { Double($0.steps) } == [steps, steps])
      #expect(mine.curve?.values.first == 1)
      // At 0.01 there is no way in 20 steps.
      #expect(mine.trials.first { $0.values[0] == 0.01 }?.reached == false)
    }
    #expect(arena.tasks[0].digest != arena.tasks[1].digest)
  }
}

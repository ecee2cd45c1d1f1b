import Basics
import Diagnostics
import Driver
import Experiments
import Foundation
import Testing
import Training

@testable import Search

/// Searches on tasks that another program does.
@Suite(.serialized) final class CommandSearchTests {
  private let folder: String

  init() throws {
    folder =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("ravine-loops-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// A program that answers each line by an action of awk, for which `after("lr")` is a number of the request.
  private func answer(_ action: String) throws {
    try #"""
    while read -r l; do
      printf '%s\n' "$l" | awk '
        function after(key) {
          match($0, "\"" key "\": [-+0-9.e]+")
          return substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 4)
        }
        \#(action)' || exit 3
    done
    """#.write(toFile: folder + "/p.sh", atomically: true, encoding: .utf8)
  }

  /// Losses that say nothing of training and are the same each time: of the rate, the rule's length and the seed.
  private static let losses = #"""
    function loss(d, told) {
      d = log(after("lr")) + 3
      told = $0
      sub(/"id": [0-9]+/, "", told)
      return d * d + length(told) / 1e3 + after("seed") / 1e12
    }
    """#

  private func prepared(
    _ interrupt: InterruptSource = .none, programs: Int = 120, threads: Int = 1,
    program: String = "sh p.sh", isAllowed: Bool = true, seconds: Double = 60
  ) throws -> Search {
    let compiler = Compiler()
    let text = """
      task mine = command "\(program)" for 20 steps until loss < 1e-9
      task other = command "\(program)" for 30 steps until loss < 1e-9
      """
    #expect(compiler.add(name: "task.opt", bytes: Array(text.utf8)).map(\.message) == [])
    var options = Script.Options()
    options.folder = folder
    options.allowsCommands = isAllowed
    options.commandSeconds = seconds
    let script = Script(compiler, options: options, output: { _ in })
    script.interrupt = interrupt
    var plan = SearchPlan(from: try compiler.rule("SGD"))
    plan.tasks = ["mine"]
    plan.validation = ["other"]
    plan.settings.programs = programs
    plan.settings.population = 20
    plan.settings.threads = threads
    return try script.search(plan)
  }

  /// Killed or not, and with one program or two, the same is found.
  @Test func whatIsFoundDoesNotDependOnThreadsOrKills() throws {
    try answer(
      Self.losses + #"{ printf "{\"id\": %d, \"losses\": [2, %.17g]}\n", after("id"), loss() }"#)
    func content(_ threads: Int) throws -> String {
      let search = try prepared(threads: threads)
      #expect(search.tasks[0].earlySteps == 20)
      let journal = try SearchJournal(inMemory: search.header)
      let result = try search.run(journal)
      #expect(result.rule(0) != nil && result.restarts[0].counts.failures == 0)
      return try journal.contentDigest()
    }
    let whole = try content(1)
    #expect(try content(2) == whole)
    let path = folder + "/part.db"
    var kills = 0
    for stop in [40, 130, 170, 260, 420, Int.max] {
      let count = Counter()
      // Each run asks whether it is to stop, so this is in the middle of a batch.
      let search = try prepared(InterruptSource(isRequested: { count.next() > stop }, clear: {}))
      if try search.run(try SearchJournal(path, search.header)).wasInterrupted { kills += 1 }
    }
    #expect(kills >= 3)
    #expect(try SearchJournal(reading: path).contentDigest() == whole)
  }

  /// Each answer is on disk when it came: a search that goes on asks for none of them again, nor for those of its baselines. So
  /// one that is stopped after every 37 requests comes to its end.
  @Test func whatWasAnsweredIsNotAskedAgain() throws {
    try answer(
      Self.losses
        + #"{ print > "asked"; printf "{\"id\": %d, \"loss\": %.17g}\n", after("id"), loss() }"#
        .replacing("print >", with: "print >>"))
    let folder = folder
    @Sendable func asked() -> [Substring] {
      let text = (try? String(contentsOfFile: folder + "/asked", encoding: .utf8)) ?? ""
      return text.split(separator: "\n").map { $0.drop { $0 != "," } }.sorted()
    }
    func search(_ name: String, stop: Int) throws -> Bool {
      let search = try prepared(
        InterruptSource(isRequested: { asked().count >= stop }, clear: {}), programs: 60)
      let journal = try SearchJournal(folder + "/" + name, search.header)
      return try search.run(journal).wasInterrupted
    }
    #expect(try !search("whole.db", stop: .max))
    let whole = asked()
    try FileManager.default.removeItem(atPath: folder + "/asked")
    var kills = 0
    while try search("part.db", stop: (kills + 1) * 37) {
      kills += 1
      try #require(kills < 100)
    }
    #expect(kills > 5)
    #expect(Set(asked()) == Set(whole))
    // The runs that it was at when it was stopped.
    #expect(asked().count <= whole.count + 6 * kills, "\(asked().count), \(whole.count), \(kills)")
    #expect(
      try SearchJournal(reading: folder + "/part.db").contentDigest()
        == SearchJournal(reading: folder + "/whole.db").contentDigest())
  }

  private final class Counter: @unchecked Sendable {
    private let turn = Turn()
    private var count = 0
    func next() -> Int {
      turn.take {
        count += 1
        return count
      }
    }
  }

  /// What a candidate makes the program do is the candidate's fault: it is rejected, and the journal has the reason.
  @Test(arguments: [
    (#"{ print "no signs here" > "/dev/stderr"; exit 3 }"#, "ended with status 3", "no signs here"),
    (#"{ print "{\"error\": \"no signs\"}"; next }"#, "no signs", ""),
    (#"{ print "{}"; next }"#, "is no answer", "{}"),
  ])
  func aProgramThatFailsIsACandidateThatIsRejected(
    _ action: String, _ reason: String, _ note: String
  ) throws {
    try answer(
      Self.losses + #"/sign/ "# + action
        + #"{ printf "{\"id\": %d, \"losses\": [2, %.17g]}\n", after("id"), loss() }"#)
    let search = try prepared()
    let journal = try SearchJournal(inMemory: search.header)
    let result = try search.run(journal)
    let outcome = result.restarts[0]
    #expect(outcome.counts.failures > 0 && outcome.choice != nil)
    let problem = try #require(outcome.problem)
    #expect(
      problem.text.contains(reason) && (note.isEmpty || problem.text.contains(note)), "\(problem)")
    #expect(try #require(try journal.firstProblem(of: 0)) == problem)
    let record = try #require(try journal.program(problem.number, of: 0))
    #expect(!record.score.isFinite && record.losses.allSatisfy(\.isNaN))
    #expect(record.program.nodes.contains { $0.operation == .sign })
    #expect(outcome.choice?.record.program.nodes.contains { $0.operation == .sign } == false)
    #expect(SearchText.text(result).contains("of which \(outcome.counts.failures) failed"))
    #expect(try RunsText(journal).show(problem.number, of: 0).contains("It failed: "))
  }

  /// A loss that is no number is a run that broke, and nothing failed.
  @Test func lossesThatAreNoNumbersAreNoFailures() throws {
    try answer(
      Self.losses + #"/sign/ { print "{\"loss\": NaN}"; next }"#
        + #"{ printf "{\"id\": %d, \"loss\": %.17g}\n", after("id"), loss() }"#)
    let outcome = try prepared().run(nil).restarts[0]
    #expect(outcome.counts.failures == 0 && outcome.problem == nil && outcome.choice != nil)
    #expect(outcome.choice?.record.program.nodes.contains { $0.operation == .sign } == false)
  }

  @Test(arguments: [
    ("exit 3", 263), ("read l; echo '{\"error\": \"no\"}'", 263), ("read l; echo '{}'", 264),
    ("sleep 100000", 265), ("read l; echo '{\"loss\": NaN}'", 282),
  ])
  func aBaselineThatFailsIsAnError(_ program: String, _ code: Int) throws {
    try program.write(toFile: folder + "/p.sh", atomically: true, encoding: .utf8)
    let search = try prepared(seconds: code == 265 ? 0.1 : 60)
    do throws(DiagnosticError) {
      _ = try search.run(nil)
      Issue.record("\(program)")
    } catch {
      #expect(error.diagnostics.map(\.code.number) == [code])
      #expect(error.diagnostics[0].span != .none || code == 282)
    }
  }

  @Test func programsThatCannotBeStartedEndTheSearch() throws {
    expectCode(.commandNotStarted) {
      _ = try prepared(program: "no-such-program-here").run(nil)
    }
    expectCode(.commandNotAllowed) { _ = try prepared(isAllowed: false) }
    // Gone in the middle: what ran before is kept, and no candidate is to blame.
    try answer(
      Self.losses + #"""
        { printf "{\"id\": %d, \"loss\": %.17g}\n", after("id"), loss() }
        """#)
    let program = folder + "/program"
    // It ends behind its 300th answer.
    let text = try String(contentsOfFile: folder + "/p.sh", encoding: .utf8)
      .replacing(
        "|| exit 3", with: "|| exit 3\nn=$((n+1)); if [ $n -ge 300 ]; then rm program; exit; fi")
    try "#!/bin/sh\n\(text)\n".write(toFile: program, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    let search = try prepared(program: "./program")
    let journal = try SearchJournal(inMemory: search.header)
    expectCode(.commandNotStarted) { _ = try search.run(journal) }
    #expect(try journal.firstProblem(of: 0) == nil)
  }

  /// Claims measure on such tasks as on others.
  @Test func claimsAreMeasuredByThePrograms() throws {
    try answer(
      Self.losses + #"{ printf "{\"id\": %d, \"loss\": %.17g}\n", after("id"), loss() }"#)
    let search = try prepared()
    let result = try search.run(nil)
    let compiler = Compiler()
    let text = "task other = command \"sh p.sh\" for 30 steps until loss < 0.5\n"
    _ = compiler.add(name: "task.opt", bytes: Array(text.utf8))
    var options = Script.Options()
    options.folder = folder
    options.allowsCommands = true
    let script = Script(compiler, options: options, output: { _ in })
    var plan = SearchPlan(from: try compiler.rule("SGD"))
    plan.tasks = ["other"]
    plan.settings.threads = 2
    let report = try #require(
      try script.claims(
        Script.ClaimRequest(.claims, trials: 6, pairs: 3, time: 0), of: search, result, plan, nil
      ) { _ in })
    let losses = report.cells.flatMap { $0.flatMap(\.losses) }
    #expect(losses.count >= 9 && losses.allSatisfy(\.isFinite))
    #expect(report.cells[0][0].lasts == report.cells[0][0].losses)
  }
}

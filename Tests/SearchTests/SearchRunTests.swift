import Basics
import Diagnostics
import Driver
import Experiments
import IR
import Platform
import Testing
import Training

@testable import Search

/// Searches that are run, killed and taken up again.
@Suite(.serialized) struct SearchRunTests {
  private func settings(_ programs: Int, threads: Int = 1) -> SearchSettings {
    var settings = SearchSettings()
    settings.programs = programs
    settings.population = 60
    settings.seed = 7
    settings.threads = threads
    return settings
  }

  private func search(_ settings: SearchSettings, from start: String = "SGD") throws -> Search {
    let compiler = Compiler()
    let search = try Search(
      "Found", from: try compiler.rule(start), baseline: try compiler.rule("AdamW"),
      on: searchTasks(["bowl_easy", "heavy_tails_easy"]),
      validation: searchTasks(["noisy_bowl_easy"]),
      settings)
    search.interrupt = .none
    return search
  }

  private func path() -> String {
    "\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/ravine-search-\(getpid())-\(UInt32.random(in: 0 ... .max)).db"
  }

  private func remove(_ path: String) {
    for end in ["", "-wal", "-shm"] { unlink(path + end) }
  }

  private func digest(_ settings: SearchSettings, interrupts: [Int] = []) throws -> String {
    let path = path()
    defer { remove(path) }
    // Each stop is after so many steps of the loop: as if somebody had killed it there.
    for stop in interrupts {
      let search = try search(settings)
      let count = Counter()
      search.interrupt = InterruptSource(isRequested: { count.next() > stop }, clear: {})
      let journal = try SearchJournal(path, search.header)
      let result = try search.run(journal)
      #expect(result.wasInterrupted)
    }
    let search = try search(settings)
    let journal = try SearchJournal(path, search.header)
    let result = try search.run(journal)
    #expect(!result.wasInterrupted)
    #expect(
      result.restarts.allSatisfy { $0.programs == settings.programs + $0.pruned.count })
    return try journal.contentDigest()
  }

  private final class Counter: @unchecked Sendable {
    private var count = 0
    func next() -> Int {
      count += 1
      return count
    }
  }

  @Test func aSearchThatWasKilledEndsAsOneThatWasNot() throws {
    let whole = try digest(settings(600))
    #expect(try digest(settings(600, threads: 2)) == whole)
    #expect(try digest(settings(600), interrupts: [3, 5, 4]) == whole)
    var other = settings(600)
    other.seed = 8
    #expect(try digest(other) != whole)
  }

  /// Killed after each batch and after each part that is left out at the end.
  @Test func aSearchThatIsKilledAtEveryStepEndsAsOneThatWasNot() throws {
    let whole = try digest(settings(200))
    let path = path()
    defer { remove(path) }
    var runs = 0
    while runs < 100 {
      let search = try search(settings(200))
      let count = Counter()
      // One question for each task and the start, and one before the first step.
      search.interrupt = InterruptSource(isRequested: { count.next() > 5 }, clear: {})
      runs += 1
      if try !search.run(try SearchJournal(path, search.header)).wasInterrupted { break }
    }
    #expect((7..<100).contains(runs))
    #expect(try SearchJournal(reading: path).contentDigest() == whole)
  }

  /// Of journals with as many programs the one that has chosen counts, in whatever order they are joined.
  @Test func whatHasChosenIsJoinedInAnyOrder() throws {
    let paths = (0..<4).map { _ in path() }
    defer { paths.forEach(remove) }
    func run(_ path: String, stop: Int) throws -> (journal: SearchJournal, asked: Int) {
      let search = try search(settings(200))
      let count = Counter()
      search.interrupt = InterruptSource(isRequested: { count.next() > stop }, clear: {})
      let journal = try SearchJournal(path, search.header)
      #expect(try search.run(journal).wasInterrupted == (stop < .max))
      return (journal, count.next() - 1)
    }
    let (done, asked) = try run(paths[0], stop: .max)
    let (begun, _) = try run(paths[1], stop: asked - 1)
    #expect(try begun.restarts()[0].programs == done.restarts()[0].programs)
    #expect(try begun.restarts()[0].isClosed == false)
    let whole = try done.contentDigest()
    #expect(try begun.contentDigest() != whole)
    for (path, journals) in [(paths[2], [begun, done]), (paths[3], [done, begun])] {
      let joined = try SearchJournal(path, try done.header())
      for journal in journals { try joined.merge(journal) }
      #expect(try joined.contentDigest() == whole)
    }
  }

  /// What is chosen has no part left that validation does not miss.
  @Test func whatValidationDoesNotMissIsLeftOut() throws {
    let search = try search(settings(600))
    let outcome = try search.run(nil).restarts[0]
    let choice = try #require(outcome.choice)
    #expect(!outcome.pruned.isEmpty && outcome.pruned.last?.number == choice.record.number)
    var before = outcome.finalists.first { $0.number == outcome.pruned[0].parent }
    for record in outcome.pruned {
      let parent = try #require(before)
      #expect(record.parent == parent.number && record.rung == 1 && record.score.isFinite)
      #expect(record.program.length < parent.program.rewritten().length)
      before = record
    }
    let best = try #require(outcome.bestJudgement)
    let judged = try #require(outcome.validated.first { $0.number == choice.record.number })
    #expect(judged.number == best.number || judged.isWithinNoise(of: best))
  }

  @Test func whatIsFoundIsBetterThanTheStart() throws {
    let search = try search(settings(1_500))
    let result = try search.run(nil)
    // By the tasks of the search: what validation chooses, on a bowl with noise, may be worse on the one without.
    let best = try #require(result.restarts[0].best.first)
    let evolution = Evolution(0, search.settings, search.tasks, search.frame)
    let start = try #require(try evolution.begin(search.start, rate: search.startRate))
    #expect(best.score < start.score - 0.1)
    let counts = result.restarts[0].counts
    #expect(counts.duplicates > 0 && counts.invalid > 0)
    #expect(result.rule(0) != nil)
    // What no other beats was judged too, whatever its score.
    let front = Set(result.restarts[0].front.points.map(\.number))
    #expect(front.count > 1 && front.isSubset(of: result.restarts[0].validated.map(\.number)))
  }

  /// What is read of a journal is chosen as in the search itself.
  @Test func aJournalChoosesAsTheSearchDid() throws {
    let path = path()
    defer { remove(path) }
    let search = try search(settings(600))
    let journal = try SearchJournal(path, search.header)
    let choice = try #require(try search.run(journal).restarts[0].choice)
    let read = try #require(try journal.choice(of: 0))
    #expect(read.record == choice.record && read.rate == choice.rate && read.score == choice.score)
    let cells = try journal.validated(of: 0).map(\.cells.count)
    #expect(!cells.isEmpty && cells.allSatisfy { $0 == 6 })
  }

  /// A circle of parents has no start, and a result that is cut short chooses another program.
  @Test func journalsThatCannotBeAreRefused() throws {
    let search = try search(settings(64))
    let journal = try SearchJournal(inMemory: search.header)
    _ = try search.run(journal)
    let record = try #require(try journal.program(8, of: 0))
    #expect(try journal.lineage(of: record, in: 0).first?.number == 0)
    try journal.database.run("UPDATE programs SET parent = 8 WHERE number = 7")
    try journal.database.run("UPDATE programs SET parent = 7 WHERE number = 8")
    let changed = try #require(try journal.program(8, of: 0))
    expectCode(.notASearchJournal) { _ = try journal.lineage(of: changed, in: 0) }
    #expect(try !journal.validated(of: 0).isEmpty)
    try journal.database.run(
      "UPDATE validation SET cells = x'00' WHERE number = (SELECT min(number) FROM validation)")
    expectCode(.notASearchJournal) { _ = try journal.validated(of: 0) }
    expectCode(.fileNotFound) { _ = try SearchJournal(reading: path()) }
  }

  @Test func journalsKnowTheirSearch() throws {
    let path = path()
    defer { remove(path) }
    let first = try search(settings(64))
    do {
      let journal = try SearchJournal(path, first.header)
      _ = try first.run(journal)
      expectCode(.notASearchJournal) { _ = try SearchJournal(path, first.header) }
    }
    let other = try search(settings(65))
    expectCode(.journalOfOtherSearch) { _ = try SearchJournal(path, other.header) }
    let journal = try SearchJournal(path, first.header)
    var numbers: [Int] = []
    try journal.programs(of: 0) {
      numbers.append($0.number)
      return true
    }
    #expect(numbers.count >= 64 && numbers == Array(0..<numbers.count))
  }

  /// Ctrl-C while the baseline is tuned is not a baseline that diverges.
  @Test func aSearchThatIsLeftBeforeItBeginsSaysSo() throws {
    let search = try search(settings(64))
    for task in search.tasks {
      task.evaluator.interrupt = InterruptSource(isRequested: { true }, clear: {})
    }
    search.interrupt = InterruptSource(isRequested: { true }, clear: {})
    let result = try search.run(nil)
    #expect(result.wasInterrupted && result.restarts.isEmpty)
  }

  @Test func garbageIsNoJournal() throws {
    let path = path()
    defer { remove(path) }
    let bytes = Array(String(repeating: "no database, this is text\n", count: 100).utf8)
    let file = open(path, O_WRONLY | O_CREAT, 0o644)
    _ = write(file, bytes, bytes.count)
    close(file)
    let search = try search(settings(64))
    expectCode(.notASearchJournal) { _ = try SearchJournal(path, search.header) }
    var status = stat()
    stat(path, &status)
    #expect(status.st_size == off_t(bytes.count))
  }

  /// A part that changes nothing goes: what is left runs at the rate of what it comes from.
  @Test func whatDoesNothingIsLeftOut() throws {
    let compiler = Compiler()
    let source = """
      rule F(lr = 0.0221) {
          state m
          m' = 0.913 * m + 0.087 * sign(g)
          w' = w - lr * sign(g + sign(lr) * m')
      }
      """
    _ = compiler.add(name: "f.opt", bytes: Array(source.utf8))
    let search = try Search(
      "Found", from: try compiler.rule("F"), baseline: try compiler.rule("AdamW"),
      on: searchTasks(["heavy_tails_easy"]), validation: [], settings(1))
    search.interrupt = .none
    let outcome = try search.run(nil).restarts[0]
    let choice = try #require(outcome.choice)
    #expect(choice.record.program.nodes.count { $0.operation == .sign } < 3)
    let first = try #require(outcome.pruned.first)
    let judged = try #require(outcome.validated.first { $0.number == first.number })
    let whole = try #require(outcome.validated.first { $0.number == first.parent })
    // The same numbers, not numbers that are near.
    #expect(judged.cells == whole.cells || first.program.states.isEmpty)
  }

  /// A control makes as many evaluations as the search, whatever becomes of its programs.
  @Test func controlsMakeAsManyEvaluations() throws {
    let script = Script(Compiler(), options: Script.Options(), output: { _ in })
    script.interrupt = .none
    var plan = SearchPlan(from: try Compiler().rule("SGD"))
    plan.tasks = ["bowl_easy"]
    plan.settings = settings(400)
    plan.settings.restarts = 2
    var controls = SearchControls()
    try controls.run(plan, script) { _ in }
    let counts = controls.rows.map { row in row.result.restarts.map(\.counts.evaluations) }
    #expect(controls.rows.count == 5)
    for (row, own) in zip(controls.rows, counts).dropFirst() {
      for (restart, pair) in zip(row.result.restarts, zip(own, counts[0])) {
        // One program more at most, and those without a part at the end.
        let most = 9 * (1 + restart.pruned.count)
        #expect(restart.isExhausted || (0..<most).contains(pair.0 - pair.1), "\(row.name): \(pair)")
      }
    }
    #expect(controls.rows.count { !$0.result.restarts[0].isExhausted } >= 4)
  }

  /// Where numbers alone are to change and there is none, nothing can be new.
  @Test func aSearchThatGivesUpSaysSo() throws {
    var only = settings(500)
    only.method = .numbers
    let compiler = Compiler()
    let plain = "rule Plain(lr = 0.1) { w' = w - lr * g }"
    _ = compiler.add(name: "plain.opt", bytes: Array(plain.utf8))
    let search = try Search(
      "Found", from: try compiler.rule("Plain"), baseline: try compiler.rule("AdamW"),
      on: searchTasks(["bowl_easy"]), validation: [], only)
    search.interrupt = .none
    let journal = try SearchJournal(inMemory: search.header)
    let result = try search.run(journal)
    #expect(result.restarts[0].isExhausted && result.restarts[0].programs == 1)
    #expect(try RunsText(journal).summary().contains("gave up"))
    #expect(SearchText.text(result).contains("Restart 1 gave up after "))
  }

  @Test func aStartThatIsTooLongIsRefused() throws {
    var short = settings(10)
    short.longest = 1
    expectCode(.noStartOfSearch) { _ = try search(short) }
  }

  /// What may only be read is read, with what its log alone has, and nothing is written beside it.
  @Test(arguments: [true, false]) func aJournalThatMayOnlyBeReadIsRead(_ hasLog: Bool) throws {
    let (path, copy) = (path(), path() + " ?#%.db")
    defer { for path in [path, copy] { remove(path) } }
    let search = try search(settings(64))
    var journal: SearchJournal? = try SearchJournal(path, search.header)
    _ = try search.run(journal)
    let content = try journal?.contentDigest()
    // The log is written to the file where the last one lets go of it.
    if !hasLog { journal = nil }
    for end in hasLog ? ["", "-wal"] : [""] {
      #expect(rename(path + end, copy + end) == 0)
    }
    let database = try Database.unwritable(copy)
    #expect(try database.rows("SELECT count(*) FROM programs")[0][0].int ?? 0 >= 64)
    #expect(access(copy + "-shm", F_OK) != 0)
    journal = nil
    #expect(try SearchJournal(reading: copy).contentDigest() == content)
  }

  /// Damaged, in use and something else are three things, with three ways out.
  @Test func whatIsWrongWithAJournalIsTold() throws {
    let path = path()
    defer { remove(path) }
    let search = try search(settings(64))
    func said(_ body: () throws -> Void) -> String {
      do {
        try body()
        return ""
      } catch {
        let all = (error as? DiagnosticError)?.diagnostics ?? []
        return (all.map(\.message) + all.flatMap { $0.notes.map(\.message) }).joined(
          separator: "\n")
      }
    }
    do {
      let journal = try SearchJournal(path, search.header)
      _ = try search.run(journal)
      #expect(said { _ = try SearchJournal(path, search.header) }.contains("at this moment"))
      try journal.database.run("UPDATE meta SET value = 3 WHERE key = 'version'")
    }
    #expect(said { _ = try SearchJournal(path, search.header) }.contains("is of version 3"))
    #expect(said { _ = try SearchJournal(reading: path) }.contains("is of version 3"))
    let file = open(path, O_WRONLY)
    let noise = [UInt8](repeating: 0xA5, count: 4_096)
    for page in 1..<8 { _ = pwrite(file, noise, noise.count, off_t(4_096 * page)) }
    close(file)
    let damaged = said { _ = try SearchJournal(path, search.header) }
    #expect(damaged.contains("is damaged") && damaged.contains("show N"), "\(damaged)")
  }

  @Test func rulesThatNoSearchCanStartWithSayWhy() throws {
    let compiler = Compiler()
    for rule in ["Muon", "SOAP"] {
      let start = try compiler.rule(rule)
      expectCode(.noStartOfSearch) {
        _ = try Search(
          "Found", from: start, baseline: start, on: [], validation: [], settings(10))
      }
    }
  }
}

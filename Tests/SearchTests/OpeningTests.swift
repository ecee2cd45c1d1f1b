import Basics
import Diagnostics
import Driver
import Experiments
import IR
import Platform
import Testing
import Training

@testable import Search

/// Test sets that are opened once, and claims that are taken up again.
@Suite(.serialized) struct OpeningTests {
  private func path() -> String {
    "\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/ravine-open-\(getpid())-\(UInt32.random(in: 0 ... .max)).db"
  }

  private func remove(_ path: String) {
    for end in ["", "-wal", "-shm"] { unlink(path + end) }
  }

  private final class Counter: @unchecked Sendable {
    private(set) var count = 0
    func next() -> Int {
      count += 1
      return count
    }
  }

  /// A search of a few programs, run, and then measured; a measurement stops after `stop` questions whether to.
  private func measured(
    _ path: String, _ subject: SearchJournal.Subject, time: Int, _ count: Counter = Counter(),
    stop: Int = .max
  ) throws -> ClaimReport? {
    let script = Script(Compiler(), options: Script.Options(), output: { _ in })
    script.interrupt = .none
    var plan = SearchPlan(from: try Compiler().rule("SGD"))
    plan.tasks = ["bowl_easy"]
    plan.validation = ["noisy_bowl_easy"]
    plan.test = ["heavy_tails_easy"]
    plan.settings.programs = 40
    plan.settings.population = 20
    plan.settings.threads = 1
    let search = try script.search(plan)
    let journal = try SearchJournal(path, search.header)
    if subject == .test { try script.requireShut(search, journal) }
    let result = try search.run(journal)
    script.interrupt = InterruptSource(isRequested: { count.next() > stop }, clear: {})
    return try script.claims(
      Script.ClaimRequest(subject, trials: 3, pairs: 4, time: time), of: search, result, plan,
      journal, progress: { _ in })
  }

  @Test func claimsGoOnWhereTheyStopped() throws {
    let (whole, parts) = (path(), path())
    defer {
      remove(whole)
      remove(parts)
    }
    let asked = Counter()
    let wanted = try #require(try measured(whole, .claims, time: 5, asked))
    #expect(wanted.rules == ["Found", "AdamW", "Adam", "Lion", "SGD"])
    #expect(wanted.tasks.map(\.name) == ["noisy_bowl_easy"])
    #expect(wanted.cells.allSatisfy { $0.allSatisfy { $0.losses.count == 4 } })
    var stops = 0
    for stop in [2, asked.count / 3, asked.count / 2] {
      if try measured(parts, .claims, time: 5, stop: stop) == nil { stops += 1 }
    }
    #expect(stops >= 2)
    let rest = Counter()
    #expect(try measured(parts, .claims, time: 5, rest) == wanted)
    // Cells that were done are not done again.
    #expect(rest.count < asked.count * 3 / 4)
  }

  @Test func aTestSetIsOpenedOnce() throws {
    let path = path()
    defer { remove(path) }
    // Killed in the middle of it, it goes on as what was begun.
    #expect(try measured(path, .test, time: 1_000, stop: 3) == nil)
    let found = try #require(try measured(path, .test, time: 2_000))
    #expect(found.time == 1_000)
    #expect(found.tasks.map(\.name) == ["heavy_tails_easy"] && found.parts.isEmpty)
    do {
      _ = try measured(path, .test, time: 3_000)
      Issue.record("it was opened twice")
    } catch let error as DiagnosticError {
      let diagnostic = try #require(error.diagnostics.first)
      #expect(diagnostic.code == .testSetIsOpen)
      #expect(diagnostic.message.contains("1970-01-01 00:16 UTC"), "\(diagnostic)")
      #expect(diagnostic.notes.count == found.comparisons.count + 1)
    }
    let journal = try SearchJournal(reading: path)
    #expect(try journal.report(of: .test) == found)
    // A journal that is joined takes the opening along, and of two the earlier one.
    let (other, third) = (self.path(), self.path())
    defer {
      remove(other)
      remove(third)
    }
    let header = try journal.header()
    let joined = try SearchJournal(other, header)
    try joined.begin(.test, SearchJournal.Measurement(time: 1_500, terms: "later"))
    try joined.merge(journal)
    #expect(try joined.measurement(of: .test)?.time == 1_000)
    let early = try SearchJournal(third, header)
    try early.begin(.test, SearchJournal.Measurement(time: 500, terms: "earlier"))
    try early.merge(journal)
    #expect(try early.measurement(of: .test)?.terms == "earlier")
  }

  @Test func testTasksAreAPartOfTheExperiment() throws {
    let path = path()
    defer { remove(path) }
    let script = Script(Compiler(), options: Script.Options(), output: { _ in })
    var plan = SearchPlan(from: try Compiler().rule("SGD"))
    plan.tasks = ["bowl_easy"]
    let without = try script.search(plan).header
    plan.test = ["noisy_bowl_easy"]
    let with = try script.search(plan).header
    #expect(with.digest != without.digest && with.test == ["noisy_bowl_easy"])
    _ = try SearchJournal(path, with)
    do {
      _ = try SearchJournal(path, without)
      Issue.record("the locked tasks may change")
    } catch {
      #expect(error.diagnostics.first?.code == .journalOfOtherSearch)
      #expect(error.diagnostics.first?.message.contains("noisy_bowl_easy") == true)
    }
    plan.validation = ["noisy_bowl_easy"]
    do {
      _ = try script.search(plan)
      Issue.record("a task that is seen is no test")
    } catch {
      #expect(error.diagnostics.first?.code == .testTaskIsSeen)
    }
  }

  /// Where nothing was chosen the words are of that, not of a test set.
  @Test func withoutAFindNothingIsClaimed() throws {
    let script = Script(Compiler(), options: Script.Options(), output: { _ in })
    var plan = SearchPlan(from: try Compiler().rule("SGD"))
    plan.tasks = ["bowl_easy"]
    let search = try script.search(plan)
    search.interrupt = InterruptSource(isRequested: { true }, clear: {})
    for task in search.tasks { task.evaluator.interrupt = search.interrupt }
    let result = try search.run(nil)
    expectCode(.nothingClaimed) {
      _ = try script.claims(
        Script.ClaimRequest(.claims, trials: 3, pairs: 4, time: 0), of: search, result, plan, nil,
        progress: { _ in })
    }
  }

  /// Its loss would count twice, or a test would be opened twice.
  @Test(arguments: ["on", "validate on", "test on"])
  func aTaskStandsInAListOnce(_ list: String) throws {
    let script = Script(Compiler(), options: Script.Options(), output: { _ in })
    var plan = SearchPlan(from: try Compiler().rule("SGD"))
    plan.tasks = list == "on" ? ["bowl_easy", "noisy_bowl_easy", "bowl_easy"] : ["bowl_easy"]
    if list == "validate on" { plan.validation = ["noisy_bowl_easy", "noisy_bowl_easy"] }
    if list == "test on" { plan.test = ["noisy_bowl_easy", "noisy_bowl_easy"] }
    expectCode(.givenTwice) { _ = try script.search(plan) }
  }

  @Test func seedsOfClaimsAreNoneOfTheSearch() throws {
    let script = Script(Compiler(), options: Script.Options(), output: { _ in })
    var plan = SearchPlan(from: try Compiler().rule("SGD"))
    plan.tasks = ["bowl_easy"]
    plan.settings.restarts = 3
    let used = try script.search(plan).usedSeeds
    // Three for the baseline, one for the start, six for judging; one and two for the rungs of each restart.
    #expect(used.count == 19 && Set(used).count == 19)
    let later = TaskEvaluator.laterSeeds(22, after: used, of: "claims 1")
    #expect(Set(later).isDisjoint(with: used))
    #expect(later != TaskEvaluator.laterSeeds(22, after: used, of: "test 1"))
  }

  /// Of version 1 there were no tables for what is measured.
  @Test func journalsOfOtherVersionsAreLeftAlone() throws {
    let path = path()
    defer { remove(path) }
    let script = Script(Compiler(), options: Script.Options(), output: { _ in })
    var plan = SearchPlan(from: try Compiler().rule("SGD"))
    plan.tasks = ["bowl_easy"]
    let header = try script.search(plan).header
    do {
      let journal = try SearchJournal(path, header)
      try journal.database.run("UPDATE meta SET value = 1 WHERE key = 'version'")
    }
    for open in [{ _ = try SearchJournal(path, header) }, { _ = try SearchJournal(reading: path) }]
    {
      do {
        try open()
        Issue.record("it was opened")
      } catch let error as DiagnosticError {
        #expect(error.diagnostics.first?.code == .notASearchJournal)
        #expect(
          error.diagnostics.first?.message.contains(
            "is of version 1, and this program reads and writes") == true
        )
      }
    }
  }
}

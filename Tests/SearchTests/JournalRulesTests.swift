import Basics
import Diagnostics
import Driver
import IR
import Platform
import Runtime
import Search
import Testing
import Training

@testable import Experiments

/// Programs of a journal that are scored by other searches.
@Suite struct JournalRulesTests {
  private func journal(from start: String) throws -> (SearchJournal, Script, SearchPlan) {
    let script = Script(Compiler(), options: Script.Options(), output: { _ in })
    script.interrupt = .none
    var plan = SearchPlan(from: try Compiler().rule(start))
    plan.tasks = ["bowl_easy"]
    plan.settings.programs = 40
    plan.settings.population = 20
    plan.settings.threads = 1
    let search = try script.search(plan)
    let journal = try SearchJournal(inMemory: search.header)
    _ = try search.run(journal)
    return (journal, script, plan)
  }

  private func rates(_ rule: Rule) throws -> [Double] {
    try [1, 50, 100].map { step in
      try #require(
        try ReferenceProgram.evaluateScalars(rule.arguments, step: step, horizon: 100)
          .first { $0.target == .hyper(0) }
      ).value
    }
  }

  /// A search along a schedule found what it found along that schedule.
  @Test func ratesFollowTheScheduleOfTheStart() throws {
    let (journal, _, _) = try journal(from: "SGD(lr = cosine(0.1))")
    let rules = JournalRules(name: try journal.header().name)
    let found = try JournalRules.all(of: journal, Compiler())
    let record = try #require(try journal.program(3, of: 0))
    let plain = try #require(rules.rule(record))
    let rule = try #require(found[plain.digestText])
    let (constant, falling) = (try rates(plain), try rates(rule))
    #expect(constant.allSatisfy { $0 == record.best })
    #expect(abs(falling[0] / record.best - 1) < 0.01, "\(falling)")
    #expect(abs(falling[1] / record.best - 0.5) < 0.02 && falling[2] < 0.01 * record.best)
  }

  @Test func ratesOfAStartWithoutAScheduleAreConstant() throws {
    let (journal, _, _) = try journal(from: "SGD")
    let found = try JournalRules.all(of: journal, Compiler())
    #expect(found.count > 20)
    for rule in found.values {
      let rates = try rates(rule)
      #expect(Set(rates).count == 1)
    }
  }

  /// The schedule of a rule that is not here is not made up.
  @Test func aStartThatIsNotKnownIsToldOf() throws {
    let compiler = Compiler()
    _ = compiler.add(
      name: "<test>",
      bytes: Array("rule Mine(lr = 0.1 in [0, inf)) { w' = w - lr * g }".utf8))
    let script = Script(compiler, options: Script.Options(), output: { _ in })
    script.interrupt = .none
    var plan = SearchPlan(from: try compiler.rule("Mine(lr = cosine(0.1))"))
    plan.tasks = ["bowl_easy"]
    plan.settings.programs = 40
    let search = try script.search(plan)
    let journal = try SearchJournal(inMemory: search.header)
    _ = try search.run(journal)
    #expect(throws: DiagnosticError.self) { _ = try JournalRules.all(of: journal, Compiler()) }
    #expect(try !JournalRules.all(of: journal, compiler).isEmpty)
  }

  /// Ctrl-C while the baseline is tuned is not a baseline that diverges.
  @Test func anEvaluationThatIsLeftBeforeItBeginsIsNone() throws {
    let script = Script(Compiler(), options: Script.Options(), output: { _ in })
    let interrupt = InterruptSource(isRequested: { true }, clear: {})
    script.interrupt = interrupt
    let compiler = Compiler()
    let evaluation = try OutsideEvaluation(
      try script.searchTasks(["bowl_easy"], choosing: false), baseline: try compiler.rule("AdamW"),
      seeds: 2, ladder: [1], seed: 0, threads: 1, journal: nil, compiler, interrupt: interrupt)
    #expect(evaluation == nil)
  }
}

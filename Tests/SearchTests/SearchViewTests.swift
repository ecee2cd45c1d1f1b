import Basics
import Diagnostics
import Driver
import IR
import Search
import Testing

@testable import Experiments

/// What a search looks like while it runs.
@Suite struct SearchViewTests {
  /// The last state of a search of two restarts, with what the monitor said put in.
  private func progress(
    _ validated: [(Int, Double, Double)]
  ) throws -> (SearchProgress, Search) {
    let script = Script(Compiler(), options: Script.Options(), output: { _ in })
    script.interrupt = .none
    var plan = SearchPlan(from: try Compiler().rule("SGD"))
    plan.tasks = ["bowl_easy"]
    plan.settings.programs = 96
    plan.settings.population = 20
    plan.settings.restarts = 2
    plan.settings.shards = 2
    plan.settings.threads = 1
    let search = try script.search(plan)
    var last: SearchProgress?
    search.progress = { last = $0 }
    _ = try search.run(nil)
    guard case .running(var outcome, let champion, let settings)? = last else {
      throw Missing()
    }
    outcome.validated = validated.map {
      Judgement(number: $0.0, rate: $0.1, score: $0.2, cells: [$0.2])
    }
    return (.running(outcome, champion, settings), search)
  }

  private struct Missing: Error {}

  @Test func everythingOfARunningSearchIsThere() throws {
    let (found, search) = try progress([(10, 0.1, -0.5), (20, 0.1, -0.4)])
    guard case .running(var outcome, let champion, let settings) = found else { throw Missing() }
    let view = SearchView(
      search.name, search.frame, restarts: [0, 1], hasValidation: true, tasks: 1)
    // A second in which a hundred evaluations and half of the programs were made.
    let whole = outcome
    outcome.counts.evaluations -= 100
    outcome.programs = 48
    _ = view.lines(.running(outcome, champion, settings), at: 10)
    let text = view.lines(.running(whole, champion, settings), at: 11).joined(separator: "\n")
    #expect(
      text.contains("restart 1 of 2  96 of 96 programs  100 evaluations a second  2 s left"),
      "\(text)")
    #expect(text.contains("validation -0.5, -0.4, best at program 10: it may fit its tasks"))
    #expect(text.contains("front: score  bytes  flops  program"))
    #expect(text.contains("invalid ") && text.contains("by algebra "))
    let best = try #require(champion)
    #expect(text.contains("w' = ") && text.contains("by program \(best.number)"))
    #expect(text.contains(NumberText.short(best.score)))
    // Nothing but the programs of the front, best first.
    let points = whole.front.points
    #expect(!points.isEmpty && points.map(\.score) == points.map(\.score).sorted())
  }

  @Test func whatIsNotKnownIsNotSaid() throws {
    let (found, search) = try progress([])
    let view = SearchView(search)
    let text = view.lines(found, at: 0).joined(separator: "\n")
    #expect(!text.contains("evaluations a second") && !text.contains("left"), "\(text)")
    #expect(!text.contains("validation"))
    #expect(view.lines(.preparing("bowl", 1, 2), at: 0) == ["tuning the baseline on bowl: 1 of 2"])
  }
}

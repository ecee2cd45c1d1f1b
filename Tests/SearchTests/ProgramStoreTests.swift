import Basics
import Testing

@testable import Search

/// Programs that ran, as parents and for comparing with.
@Suite struct ProgramStoreTests {
  @Test func whatIsWrittenDownIsReadThere() throws {
    let programs = try ["SGD", "AdamW", "Lion", "Adam"].map { try program($0) }
    var store = ProgramStore()
    store.append(programs[0])
    store.append(programs[1])
    store.forget()
    #expect(store[0] == programs[0] && store[1] == programs[1])
    var asked: [Int] = []
    store.library = { number in
      asked.append(number)
      return number == 0 ? programs[0] : nil
    }
    store.forget()
    store.append(programs[2])
    store.skip(to: 5)
    store.append(programs[3])
    #expect(store[2] == programs[2] && store[4] == Genome(bytes: []) && store[5] == programs[3])
    #expect(asked == [])
    #expect(store[0] == programs[0] && store[1] == nil && asked == [0, 1])
  }

  /// What keeps fewer numbers is a parent as often as what does best.
  @Test func theFrontGivesParentsWithFewStates() throws {
    var members = FrontMembers()
    var random = SplitMix64(1)
    #expect(members.member(&random) == nil)
    for (k, (rule, score)) in [("AdamW", -1.0), ("Lion", 0.5), ("SGD", 2), ("Adam", 3)].enumerated()
    {
      members.add(
        ProgramRecord(
          number: k, parent: -1, mutation: nil, program: try program(rule), rate: 0.1, size: 1,
          digests: [], rung: 1, score: score, best: 0.1, losses: []), of: 0)
    }
    var drawn = [0, 0, 0, 0]
    for _ in 0..<3_000 { drawn[try #require(members.member(&random)).number] += 1 }
    // Adam keeps as much as AdamW and does worse.
    #expect(drawn[3] == 0 && drawn[..<3].allSatisfy { $0 > 900 }, "\(drawn)")
  }
}

/// What goes on to all tasks.
@Suite struct HurdleTests {
  @Test func programsAreMeasuredByThoseThatKeepNoMore() {
    let early =
      (0..<20).map { EarlyScore(Double($0), states: 1) }
      + (0..<20).map { EarlyScore(Double($0) - 100, states: 3) } + [
        EarlyScore(.infinity, states: 0)
      ]
    let hurdles = Hurdles(early, share: 0.75)
    // A quarter of twenty, of forty, and of too few to say.
    #expect(hurdles.isCleared(by: EarlyScore(4.5, states: 1)))
    #expect(!hurdles.isCleared(by: EarlyScore(5, states: 1)))
    #expect(!hurdles.isCleared(by: EarlyScore(4.5, states: 3)))
    #expect(hurdles.isCleared(by: EarlyScore(-91, states: 3)))
    #expect(hurdles.isCleared(by: EarlyScore(-91, states: 9)))
    #expect(hurdles.isCleared(by: EarlyScore(1_000, states: 0)))
    #expect(!hurdles.isCleared(by: EarlyScore(.infinity, states: 0)))
  }
}

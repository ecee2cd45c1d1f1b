import Basics
import Foundation
import Support
import Synchronization
import Testing
import Training

@testable import Session

/// Ctrl-C after a session has asked for it so often.
final class Stop: Sendable {
  private let left = Mutex<Int?>(nil)

  func arm(after count: Int?) { left.withLock { $0 = count } }

  var source: InterruptSource {
    InterruptSource(
      isRequested: {
        self.left.withLock { left in
          guard let count = left else { return false }
          left = max(0, count - 1)
          return count <= 0
        }
      }, clear: { self.arm(after: nil) })
  }
}

/// Many lines put to sessions one after the other, each of which is to be answered: a `Campaign`.
/// RAVINE_FUZZ_LOG keeps the lines in a file.
struct AnsweredLines {
  var name: String
  /// How many, and how many for each unit of a campaign.
  var count: Int
  var perCampaign: Int
  var seed: UInt64
  /// Lines of one session, which begins with `prelude`.
  var perSession: Int
  var prelude: [String] = []
  var seconds: Double

  /// Puts what `line` makes; `check` gets each with its answer. Fails where half of them have none or one
  /// takes a minute.
  func run(
    _ line: (inout SplitMix64) -> String,
    check: (String, String, Bench, inout SplitMix64) -> Void = { _, _, _, _ in }
  ) {
    let log = ProcessInfo.processInfo.environment["RAVINE_FUZZ_LOG"].flatMap {
      path -> FileHandle? in
      _ = FileManager.default.createFile(atPath: path, contents: nil)
      return FileHandle(forWritingAtPath: path)
    }
    let campaign = Campaign(
      name, usual: count, each: perCampaign, seed: seed, group: perSession)
    var answered = 0
    var slowest = (0.0, "")
    campaign.run { random, seed in
      // One line of twenty is interrupted, early or late.
      let stop = Stop()
      var bench = Bench(interrupt: stop.source)
      for text in prelude { bench.run(text) }
      for _ in 0..<perSession {
        bench.session.settings.seconds = seconds
        let text = line(&random)
        log?.write(Data((text + "\n--\n").utf8))
        stop.arm(after: random.next() % 20 == 0 ? Int(random.next() % 2_000) : nil)
        let start = ThreadTime.seconds
        let goesOn = bench.session.submit(text)
        let taken = ThreadTime.seconds - start
        if taken > slowest.0 { slowest = (taken, "\(seed): \(text)") }
        let said = bench.console.take()
        stop.arm(after: nil)
        if !goesOn { bench = Bench(interrupt: stop.source) }
        check(text, said, bench, &random)
        if !said.isEmpty { answered += 1 }
      }
      #expect(bench.run("1 + 1").contains("= 2"), "\(seed)")
    }
    #expect(answered > campaign.count * perSession / 2)
    #expect(slowest.0 < 60, "\(slowest)")
    if log != nil { print("slowest: \(slowest)") }
  }
}

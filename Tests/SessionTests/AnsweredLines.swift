import Basics
import Foundation
import Testing

@testable import Session

/// Many lines put to sessions one after the other, each of which is to be answered. RAVINE_CAMPAIGN asks
/// for more of them, RAVINE_SEED for others, RAVINE_FUZZ_LOG keeps them in a file.
struct AnsweredLines {
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
    _ line: (inout SeededGenerator) -> String,
    check: (String, String, Bench, inout SeededGenerator) -> Void = { _, _, _, _ in }
  ) {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["RAVINE_CAMPAIGN"].flatMap(Int.init).map { $0 * perCampaign } ?? count
    var random = SeededGenerator(state: environment["RAVINE_SEED"].flatMap(UInt64.init) ?? seed)
    let log = environment["RAVINE_FUZZ_LOG"].flatMap { path -> FileHandle? in
      _ = FileManager.default.createFile(atPath: path, contents: nil)
      return FileHandle(forWritingAtPath: path)
    }
    var bench = Bench()
    var answered = 0
    var slowest = (0.0, "")
    for k in 0..<count {
      if k % perSession == 0 {
        bench = Bench()
        for text in prelude { bench.run(text) }
      }
      bench.session.settings.seconds = seconds
      let text = line(&random)
      log?.write(Data((text + "\n--\n").utf8))
      let start = ThreadTime.seconds
      let goesOn = bench.session.submit(text)
      let taken = ThreadTime.seconds - start
      if taken > slowest.0 { slowest = (taken, text) }
      let said = bench.console.take()
      if !goesOn { bench = Bench() }
      check(text, said, bench, &random)
      if !said.isEmpty { answered += 1 }
    }
    #expect(answered > count / 2)
    #expect(slowest.0 < 60, "\(slowest)")
    if log != nil { print("slowest: \(slowest)") }
    #expect(bench.run("1 + 1").contains("= 2"))
  }
}

/// SplitMix64: the same lines on every machine.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

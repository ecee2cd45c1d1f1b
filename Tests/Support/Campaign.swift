import Basics
import Foundation

/// Cases that are drawn, each from a seed of its own: with RAVINE_SEED=SEED the first case is the one of that seed.
/// RAVINE_CAMPAIGN asks for fifty times as many cases. RAVINE_CASES names a folder where the seed of the case
/// that runs is kept, for whoever asks after a trap, a kill or a hang.
package struct Campaign {
  package let count: Int
  private let seed: UInt64
  private let notes: Int32

  /// `group` cases are drawn from one seed.
  package init(_ name: String, usual: Int, seed: UInt64, group: Int = 1) {
    let environment = ProcessInfo.processInfo.environment
    let cases = environment["RAVINE_CAMPAIGN"].flatMap { Int($0) }.map { $0 * 50 } ?? usual
    count = cases / group
    self.seed = environment["RAVINE_SEED"].flatMap { UInt64($0) } ?? seed
    notes =
      environment["RAVINE_CASES"].map { open("\($0)/\(name)", O_WRONLY | O_CREAT, 0o644) } ?? -1
  }

  /// Runs the cases; `seed` belongs into what is said of one that fails.
  package func run(_ body: (_ random: inout SplitMix64, _ seed: String) throws -> Void) rethrows {
    defer { close(notes) }
    for k in 0..<count {
      let text = "RAVINE_SEED=\(seed &+ UInt64(k))"
      if notes >= 0 {
        let line = text + String(repeating: " ", count: 32 - text.count) + "\n"
        _ = line.utf8.withContiguousStorageIfAvailable {
          pwrite(notes, $0.baseAddress, $0.count, 0)
        }
      }
      var random = SplitMix64(seed &+ UInt64(k))
      try body(&random, text)
    }
  }
}

import Basics
import Diagnostics
import IR
import Runtime

/// What a seed decides before a rule is known: where the parameters start and in which order the rows
/// come. All candidates share it.
final class SeedTable: Sendable {
  /// A region of parameters, as it lies in memory.
  let start: [UInt8]
  /// The rows of the first epochs, one epoch after the other.
  private let orders: [[Int32]]
  private let rows: Int
  private let seed: UInt64

  /// Rows that are kept in order for one seed: more epochs than that are drawn anew by each run.
  private static let keptRows = 1 << 18

  init(_ start: [UInt8], rows: Int, steps: Int, batch: Int, seed: UInt64) {
    self.start = start
    self.rows = rows
    self.seed = seed
    guard rows > 0 else {
      orders = []
      return
    }
    let epochs = (steps * batch + rows - 1) / rows + 1
    let kept = min(epochs, max(1, Self.keptRows / rows))
    orders = (1...kept).map { Self.draw(rows, seed: seed, epoch: $0) }
  }

  private static func draw(_ rows: Int, seed: UInt64, epoch: Int) -> [Int32] {
    RandomOrder.permutation(rows, seed: seed, epoch: epoch).map { Int32($0) }
  }

  /// The order of the rows in an epoch, from 1 on.
  func order(epoch: Int) -> [Int32] {
    epoch <= orders.count ? orders[epoch - 1] : Self.draw(rows, seed: seed, epoch: epoch)
  }
}

import Synchronization
import Training

/// An interrupt that comes at the given time of all that somebody asks whether there is one.
final class CountedInterrupt: Sendable {
  private let asked = Mutex((count: 0, stop: Int.max))

  /// How often it was asked for since `restart`.
  var count: Int { asked.withLock { $0.count } }

  /// Counts from 0 again, up to an interrupt; without a number none comes.
  func restart(stopAt stop: Int = .max) { asked.withLock { $0 = (0, stop) } }

  /// `clears`: whether a statement that begins takes back what is to come.
  func source(clears: Bool = true) -> InterruptSource {
    InterruptSource(
      isRequested: {
        self.asked.withLock { asked in
          asked.count += 1
          return asked.count >= asked.stop
        }
      },
      clear: { if clears { self.asked.withLock { $0.stop = .max } } })
  }
}

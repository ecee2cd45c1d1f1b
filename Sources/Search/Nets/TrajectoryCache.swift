/// What some programs did, by their numbers: the latest of them, so that what many are compared with runs once.
struct TrajectoryCache {
  struct Trajectory {
    /// Elements a step.
    var lanes: Int
    /// Step by step.
    var updates: [Double]
  }

  /// Of 100 KB each at most.
  private static let capacity = 64

  private var known: [Int: Trajectory] = [:]
  /// In the order in which they came.
  private var numbers: [Int] = []
  /// The place of the one that leaves next, once all are taken.
  private var oldest = 0

  subscript(number: Int) -> Trajectory? {
    get { known[number] }
    set {
      if known.updateValue(newValue!, forKey: number) != nil { return }
      if numbers.count < Self.capacity {
        numbers.append(number)
      } else {
        known[numbers[oldest]] = nil
        numbers[oldest] = number
        oldest = (oldest + 1) % Self.capacity
      }
    }
  }
}

/// Which values of the knobs to try next: the rate over decades, then near the best; the other knob around its
/// default; the rate again.
struct ArenaSearch {
  let knobs: [ArenaKnob]
  let budget: Int
  private(set) var trials: [ArenaTrial] = []
  private var queue: [[Double]] = []
  private var refined = 0
  private var hasTurnedSecond = false

  init(_ knobs: [ArenaKnob], budget: Int) {
    self.knobs = knobs
    self.budget = budget
    queue = knobs.first.map { $0.first.map { [$0] } } ?? [[]]
  }

  /// Trials that every rule has of its first knob, with all else at its default.
  var shared: Int { knobs.first?.first.count ?? 1 }

  /// The first of the least cost; nil where all failed.
  var best: ArenaTrial? {
    trials.filter { $0.cost.isFinite }.min { $0.cost < $1.cost }
  }

  mutating func add(_ trial: ArenaTrial) { trials.append(trial) }

  /// The values of all knobs that are set, or nil at the end of the budget and where nothing is left to try.
  mutating func next() -> [Double]? {
    guard trials.count < budget else { return nil }
    if queue.isEmpty { refill() }
    return queue.isEmpty ? nil : queue.removeFirst()
  }

  private mutating func refill() {
    guard let knob = knobs.first else { return }
    guard let best else {
      // Everything ran away.
      let tried = trials.map { $0.values[0] }
      if let low = tried.min(), let value = knob.next(to: low, tried: tried) { queue = [[value]] }
      return
    }
    let value = knob.next(to: best.values[0], tried: trials.map { $0.values[0] })
    if !hasTurnedSecond, refined == 2 || value == nil, knobs.count > 1 {
      hasTurnedSecond = true
      queue = knobs[1].around.map { [best.values[0], $0] }
      if !queue.isEmpty { return }
    }
    refined += 1
    if let value { queue = [[value] + best.values.dropFirst()] }
  }
}

import Basics

/// What time an arena still takes, by what cells of the same tasks took.
struct ArenaClock {
  private var pending: [Int]
  private var spent: [(seconds: Double, count: Int)]
  private let workers: Int

  init(tasks: Int, workers: Int) {
    pending = [Int](repeating: 0, count: tasks)
    spent = Array(repeating: (0, 0), count: tasks)
    self.workers = max(1, workers)
  }

  mutating func expect(_ task: Int) { pending[task] += 1 }

  mutating func add(_ task: Int, _ seconds: Double) {
    pending[task] -= 1
    spent[task].seconds += seconds
    spent[task].count += 1
  }

  /// `40 s`, `12 min`, `3 h 5 min`
  var left: String {
    let all = spent.reduce((0, 0)) { ($0.0 + $1.seconds, $0.1 + $1.count) }
    let usual = all.0 / Double(max(1, all.1))
    let seconds =
      zip(pending, spent).reduce(0) { sum, task in
        let mean = task.1.count > 0 ? task.1.seconds / Double(task.1.count) : usual
        return sum + Double(task.0) * mean
      } / Double(workers)
    return Self.text(seconds)
  }

  package static func text(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    if whole < 100 { return "\(whole) s" }
    let minutes = (whole + 30) / 60
    return minutes < 120 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
  }
}

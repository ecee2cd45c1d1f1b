import Diagnostics

/// Programs none of which another beats in loss, states and work at once.
package struct ParetoFront: Sendable {
  package struct Point: Sendable {
    package var restart: Int
    package var number: Int
    package var score: Double
    /// Numbers a parameter's element needs to be kept.
    package var states: Int
    /// Floating-point operations a parameter's element takes in a step.
    package var flops: Int

    /// At least as good in all, and better in one.
    func beats(_ other: Point) -> Bool {
      score <= other.score && states <= other.states && flops <= other.flops
        && (score < other.score || states < other.states || flops < other.flops)
    }
  }

  /// The best score first.
  package private(set) var points: [Point] = []

  package init() {}

  /// Puts a point on the front, unless another beats it; whether it is there. Of programs that are alike in all the first
  /// stays.
  @discardableResult
  package mutating func add(_ point: Point) -> Bool {
    guard point.score.isFinite,
      !points.contains(where: {
        $0.beats(point)
          || $0.score == point.score && $0.states == point.states && $0.flops == point.flops
      })
    else { return false }
    points.removeAll { point.beats($0) }
    let place = points.firstIndex { $0.score > point.score } ?? points.count
    points.insert(point, at: place)
    return true
  }
}

extension ProgramRecord {
  func point(of restart: Int) -> ParetoFront.Point {
    // What does nothing costs nothing: the same program would not run again without it.
    let plain = program.rewritten()
    return ParetoFront.Point(
      restart: restart, number: number, score: score, states: plain.statesPerElement,
      flops: plain.flops)
  }
}

extension SearchJournal {
  /// The front of all programs that ran on all tasks.
  package func front() throws(DiagnosticError) -> ParetoFront {
    var front = ParetoFront()
    for found in try restarts() {
      try programs(of: found.restart) { record in
        if record.rung > 0 { front.add(record.point(of: found.restart)) }
        return true
      }
    }
    return front
  }
}

import Platform

/// What a program came to on the validation tasks, at the best of some rates.
package struct Judgement: Sendable {
  package var number: Int
  package var rate: Double
  /// The mean over the tasks of the score of the mean loss.
  package var score: Double
  /// The score on each seed, task by task.
  package var cells: [Double]

  package init(number: Int, rate: Double, score: Double, cells: [Double]) {
    self.number = number
    self.rate = rate
    self.score = score
    self.cells = cells
  }

  /// Whether it is no worse than another by more than one standard error of the mean of their differences over tasks and
  /// seeds, both taken as draws of all that there might be.
  package func isWithinNoise(of other: Judgement) -> Bool {
    guard cells.count == other.cells.count, !cells.isEmpty else { return false }
    let differences = zip(cells, other.cells).map { $0 - $1 }
    guard differences.allSatisfy(\.isFinite) else { return false }
    let count = Double(differences.count)
    let mean = differences.reduce(0, +) / count
    if count < 2 { return mean <= 0 }
    let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return mean <= (squares / (count - 1) / count).squareRoot()
  }
}

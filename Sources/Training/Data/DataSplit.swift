import Basics
import Diagnostics
import Files

/// A data set in parts: one to learn from, one to measure by, and perhaps one to choose by.
package struct DataSplit: Sendable, Equatable {
  package internal(set) var train: Dataset
  package internal(set) var test: Dataset
  package internal(set) var validation: Dataset?

  package init(train: Dataset, test: Dataset, validation: Dataset? = nil) {
    self.train = train
    self.test = test
    self.validation = validation
  }

  /// Of each part that there is a digest of its numbers.
  package var digests: [String] {
    all.map { part in
      SHA256.hexadecimal(part.numbers.withBytes(Array.init) + part.answers.withBytes(Array.init))
    }
  }

  private var all: [Dataset] { [train, test, validation].compactMap { $0 } }
}

extension Dataset {
  /// Shuffles the rows and sets shares of them (to the nearest row) aside as the test part and the
  /// validation part. Without a test part the rows to learn from stand in for it. The test rows are the
  /// same with and without a validation part.
  ///
  /// `uniform` maps a counter to a number in [0, 1); it alone decides the order, so one generator
  /// and seed always give the same split (Fisher and Yates' shuffle, one counter per exchange).
  /// `isInOrder`: nothing is shuffled, the last rows are the test part, and those before them the validation part.
  /// `isOwned`: the parts take the memory of these examples.
  /// Throws R0740 (not between 0 and 1), R0741 (a part would be empty).
  package func split(
    test: Double?, validate: Double? = nil, isInOrder: Bool = false, isOwned: Bool = false,
    at span: Span, uniform: (UInt64) -> Double
  ) throws(DiagnosticError) -> DataSplit {
    let testCount = try count(test, "test", at: span)
    let validationCount = try count(validate, "validation", at: span)
    let trainCount = rows - testCount - validationCount
    guard trainCount > 0 else {
      throw DataProblem.emptySplit(
        source, rows: rows, fractions: [test, validate].compactMap { $0 }, part: "training",
        at: span)
    }
    let (numbers, answers) = isOwned ? (numbers, answers) : (numbers.copied(), answers.copied())
    var counts = [trainCount, validationCount, testCount]
    if !isInOrder {
      counts = counts.reversed()
      let order = Self.order(rows, uniform: uniform)
      numbers.permute(order, columns: columns)
      answers.permute(order, columns: targetNames.count)
    }
    let features = numbers.parts(counts.map { $0 * columns })
    let targets = answers.parts(counts.map { $0 * targetNames.count })
    var parts = zip(features, targets).map { with($0, $1) }
    if !isInOrder { parts.reverse() }
    return DataSplit(
      train: parts[0], test: test == nil ? parts[0] : parts[2],
      validation: validate == nil ? nil : parts[1])
  }

  /// The same examples to learn from and to measure by.
  package func whole(isOwned: Bool) -> DataSplit {
    let (numbers, answers) = isOwned ? (numbers, answers) : (numbers.copied(), answers.copied())
    let part = with(
      numbers.parts([rows * columns])[0], answers.parts([rows * targetNames.count])[0])
    return DataSplit(train: part, test: part)
  }

  /// The rows of a part that has a share of them; none where it has no share.
  private func count(
    _ fraction: Double?, _ part: String, at span: Span
  ) throws(DiagnosticError) -> Int {
    guard let fraction else { return 0 }
    guard fraction > 0, fraction < 1 else {
      throw DataProblem.fraction(source, part, fraction, at: span)
    }
    let count = Int((Double(rows) * fraction).rounded())
    guard count > 0 else {
      throw DataProblem.emptySplit(source, rows: rows, fractions: [fraction], part: part, at: span)
    }
    return count
  }

  /// The numbers 0 to `count - 1` in a random order; counters 1 to `count - 1` are drawn.
  package static func shuffled(_ count: Int, uniform: (UInt64) -> Double) -> [Int] {
    order(count, uniform: uniform).map(Int.init)
  }

  private static func order(_ count: Int, uniform: (UInt64) -> Double) -> [UInt32] {
    var order = Array(0..<UInt32(count))
    guard count > 1 else { return order }
    for last in stride(from: count - 1, through: 1, by: -1) {
      let other = min(last, max(0, Int(uniform(UInt64(last)) * Double(last + 1))))
      order.swapAt(last, other)
    }
    return order
  }
}

extension DataSplit {
  /// All parts with the gaps of each feature filled by the mean of the training part. `isOwned`: in their own memory.
  ///
  /// Throws R0714 for a feature that has no value there.
  package func filled(isOwned: Bool = false, at span: Span) throws(DiagnosticError) -> DataSplit {
    let columns = train.columns
    var hasGap = [Bool](repeating: false, count: columns)
    for part in all {
      part.numbers.visit(columns) { column, x in if x.isNaN { hasGap[column] = true } }
    }
    if !hasGap.contains(true) { return self }
    var counts = [Double](repeating: 0, count: columns)
    train.numbers.visit(columns) { column, x in if !x.isNaN { counts[column] += 1 } }
    if let column = (0..<columns).first(where: { hasGap[$0] && counts[$0] == 0 }) {
      throw DataProblem.noMean(train.source, column: train.featureNames[column], at: span)
    }
    var means = [Double](repeating: 0, count: columns)
    train.numbers.visit(columns) { column, x in
      if !x.isNaN { means[column] += x / counts[column] }
    }
    return changed(isOwned) { column, x in x.isNaN ? means[column] : x }
  }

  /// All parts with every feature shifted and scaled so that the training part has mean 0 and
  /// (population) standard deviation 1. A feature that is constant in training becomes 0 in all.
  package func standardised(isOwned: Bool = false) -> DataSplit {
    let scaling = Standardisation(train)
    return changed(isOwned) { column, x in scaling(column, x) }
  }

  /// All parts with every feature multiplied by `factor`.
  ///
  /// Throws R0743 (0 or not finite), R0744 (a product is not finite).
  package func scaled(
    by factor: Double, isOwned: Bool = false, at span: Span
  ) throws(DiagnosticError) -> DataSplit {
    guard factor.isFinite, factor != 0 else {
      throw DataProblem.scaleFactor(train.source, factor, at: span)
    }
    let result = changed(isOwned) { _, x in x * factor }
    var isFinite = true
    for part in result.all {
      part.numbers.visit(part.columns) { _, x in if !x.isFinite { isFinite = false } }
    }
    guard isFinite else { throw DataProblem.scaleOverflow(train.source, at: span) }
    return result
  }

  /// Throws R0715 where float32, in which runs compute, has no number for one of these.
  package func requireFloat(at span: Span) throws(DiagnosticError) {
    for part in all {
      for (numbers, names) in [
        (part.numbers, part.featureNames), (part.answers, part.targetNames),
      ] where numbers.isDouble {
        var found: (column: Int, value: Double)?
        numbers.visit(names.count) { column, x in
          if !Float(x).isFinite { found = (column, x) }
        }
        guard let found else { continue }
        throw DataProblem.beyondFloat(
          part.source, column: names[found.column], value: found.value, at: span)
      }
    }
  }

  /// All parts with every feature changed; told its column.
  private func changed(_ isOwned: Bool, _ change: (Int, Double) -> Double) -> DataSplit {
    func changed(_ part: Dataset) -> Dataset {
      let numbers = isOwned ? part.numbers : part.numbers.copied()
      numbers.change(part.columns, change)
      return part.with(numbers, part.answers)
    }
    let train = changed(train)
    // Where the rows to learn from stand in for others they are changed once.
    return DataSplit(
      train: train, test: test.numbers.isSame(as: self.train.numbers) ? train : changed(test),
      validation: validation.map(changed))
  }
}

/// The map x ↦ (x - mean) / deviation of each feature.
private struct Standardisation {
  /// The largest magnitude of each; dividing by it first keeps squares of huge values finite.
  private var units: [Double]
  private var means: [Double]
  private var deviations: [Double]

  /// From the values of the training part, at least one row. Row by row: a column of very many rows is not to be gone
  /// through by itself.
  init(_ train: Dataset) {
    let columns = train.columns
    let count = Double(train.rows)
    let first = (0..<columns).map { train.numbers[$0] }
    var units = [Double](repeating: 0, count: columns)
    var isConstant = [Bool](repeating: true, count: columns)
    train.numbers.visit(columns) { column, x in
      units[column] = max(units[column], abs(x))
      if x != first[column] { isConstant[column] = false }
    }
    var means = [Double](repeating: 0, count: columns)
    train.numbers.visit(columns) { column, x in means[column] += x / units[column] }
    for column in 0..<columns { means[column] /= count }
    var squares = [Double](repeating: 0, count: columns)
    train.numbers.visit(columns) { column, x in
      let distance = x / units[column] - means[column]
      squares[column] += distance * distance
    }
    self.units = units
    self.means = means
    deviations = (0..<columns).map { isConstant[$0] ? 0 : (squares[$0] / count).squareRoot() }
  }

  func callAsFunction(_ column: Int, _ value: Double) -> Double {
    deviations[column] == 0 ? 0 : (value / units[column] - means[column]) / deviations[column]
  }
}

import Diagnostics

/// A data set in two parts: one to learn from, one to measure by.
package struct DataSplit: Sendable, Equatable {
  package internal(set) var train: Dataset
  package internal(set) var test: Dataset

  package init(train: Dataset, test: Dataset) {
    self.train = train
    self.test = test
  }
}

extension Dataset {
  /// Shuffles the rows and sets `fraction` of them (to the nearest row) aside as the test part.
  ///
  /// `uniform` maps a counter to a number in [0, 1); it alone decides the order, so one generator
  /// and seed always give the same split (Fisher and Yates' shuffle, one counter per exchange).
  /// Throws R0740 (not between 0 and 1), R0741 (a part would be empty).
  package func split(
    test fraction: Double, at span: Span, uniform: (UInt64) -> Double
  ) throws(DiagnosticError) -> DataSplit {
    guard fraction > 0, fraction < 1 else {
      throw DataProblem.testFraction(source, fraction, at: span)
    }
    let testCount = Int((Double(rows) * fraction).rounded())
    guard testCount > 0, testCount < rows else {
      throw DataProblem.emptySplit(
        source, rows: rows, fraction: fraction, part: testCount == 0 ? "test" : "training",
        at: span)
    }
    let order = Self.shuffled(rows, uniform: uniform)
    return DataSplit(
      train: selecting(Array(order[testCount...])), test: selecting(Array(order[..<testCount])))
  }

  /// The numbers 0 to `count - 1` in a random order; counters 1 to `count - 1` are drawn.
  package static func shuffled(_ count: Int, uniform: (UInt64) -> Double) -> [Int] {
    var order = Array(0..<count)
    guard count > 1 else { return order }
    for last in stride(from: count - 1, through: 1, by: -1) {
      let other = min(last, max(0, Int(uniform(UInt64(last)) * Double(last + 1))))
      order.swapAt(last, other)
    }
    return order
  }
}

extension DataSplit {
  /// Both parts with every feature shifted and scaled so that the training part has mean 0 and
  /// (population) standard deviation 1. A feature that is constant in training becomes 0 in both.
  package func standardised() -> DataSplit {
    var result = self
    let columns = train.columns
    for column in 0..<columns {
      let scaling = Standardisation(
        stride(from: column, to: train.features.count, by: columns).map { train.features[$0] })
      for i in stride(from: column, to: train.features.count, by: columns) {
        result.train.features[i] = scaling(train.features[i])
      }
      for i in stride(from: column, to: test.features.count, by: columns) {
        result.test.features[i] = scaling(test.features[i])
      }
    }
    return result
  }

  /// Both parts with every feature multiplied by `factor`.
  ///
  /// Throws R0743 (0 or not finite), R0744 (a product is not finite).
  package func scaled(by factor: Double, at span: Span) throws(DiagnosticError) -> DataSplit {
    guard factor.isFinite, factor != 0 else {
      throw DataProblem.scaleFactor(train.source, factor, at: span)
    }
    var result = self
    for i in train.features.indices { result.train.features[i] *= factor }
    for i in test.features.indices { result.test.features[i] *= factor }
    guard result.train.features.allSatisfy(\.isFinite), result.test.features.allSatisfy(\.isFinite)
    else { throw DataProblem.scaleOverflow(train.source, at: span) }
    return result
  }
}

/// The map x ↦ (x - mean) / deviation of one feature.
struct Standardisation {
  /// The largest magnitude; dividing by it first keeps squares of huge values finite.
  private let unit: Double
  private let mean: Double
  private let deviation: Double

  /// From the values of the training part, at least one.
  init(_ values: [Double]) {
    let largest = values.reduce(0) { max($0, abs($1)) }
    unit = largest
    let isConstant = values.allSatisfy { $0 == values[0] }
    guard !isConstant else {
      mean = 0
      deviation = 0
      return
    }
    let count = Double(values.count)
    let centre = values.reduce(0) { $0 + $1 / largest } / count
    mean = centre
    deviation =
      (values.reduce(0) { sum, value in
        let distance = value / largest - centre
        return sum + distance * distance
      } / count).squareRoot()
  }

  func callAsFunction(_ value: Double) -> Double {
    deviation == 0 ? 0 : (value / unit - mean) / deviation
  }
}

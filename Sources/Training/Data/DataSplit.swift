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
    [train, test, validation].compactMap { $0 }.map { part in
      SHA256.hexadecimal(
        [part.features, part.targets].flatMap { $0.withUnsafeBytes(Array.init) })
    }
  }
}

extension Dataset {
  /// Shuffles the rows and sets shares of them (to the nearest row) aside as the test part and the
  /// validation part. Without a test part the rows to learn from stand in for it. The test rows are the
  /// same with and without a validation part.
  ///
  /// `uniform` maps a counter to a number in [0, 1); it alone decides the order, so one generator
  /// and seed always give the same split (Fisher and Yates' shuffle, one counter per exchange).
  /// `isInOrder`: nothing is shuffled, the last rows are the test part, and those before them the validation part.
  /// Throws R0740 (not between 0 and 1), R0741 (a part would be empty).
  package func split(
    test: Double?, validate: Double? = nil, isInOrder: Bool = false, at span: Span,
    uniform: (UInt64) -> Double
  ) throws(DiagnosticError) -> DataSplit {
    let testCount = try count(test, "test", at: span)
    let validationCount = try count(validate, "validation", at: span)
    let kept = testCount + validationCount
    guard kept < rows else {
      throw DataProblem.emptySplit(
        source, rows: rows, fractions: [test, validate].compactMap { $0 }, part: "training",
        at: span)
    }
    if isInOrder {
      let train = selecting(Array(0..<(rows - kept)))
      return DataSplit(
        train: train, test: test == nil ? train : selecting(Array((rows - testCount)..<rows)),
        validation: validate == nil
          ? nil : selecting(Array((rows - kept)..<(rows - testCount))))
    }
    let order = Self.shuffled(rows, uniform: uniform)
    let train = selecting(Array(order[kept...]))
    return DataSplit(
      train: train, test: test == nil ? train : selecting(Array(order[..<testCount])),
      validation: validate == nil ? nil : selecting(Array(order[testCount..<kept])))
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
  /// All parts with the gaps of each feature filled by the mean of the training part.
  ///
  /// Throws R0714 for a feature that has no value there.
  package func filled(at span: Span) throws(DiagnosticError) -> DataSplit {
    let parts = [train, test] + (validation.map { [$0] } ?? [])
    if parts.allSatisfy({ !$0.features.contains(where: \.isNaN) }) { return self }
    let columns = train.columns
    var means: [Double] = []
    for column in 0..<columns {
      let values = stride(from: column, to: train.features.count, by: columns).map {
        train.features[$0]
      }.filter { !$0.isNaN }
      if values.isEmpty {
        let isWhole = parts.allSatisfy { part in
          stride(from: column, to: part.features.count, by: columns).allSatisfy {
            !part.features[$0].isNaN
          }
        }
        guard isWhole else {
          throw DataProblem.noMean(train.source, column: train.featureNames[column], at: span)
        }
      }
      means.append(values.reduce(0) { $0 + $1 / Double(max(1, values.count)) })
    }
    return mappingFeatures { $1.isNaN ? means[$0 % columns] : $1 }
  }

  /// All parts with every feature shifted and scaled so that the training part has mean 0 and
  /// (population) standard deviation 1. A feature that is constant in training becomes 0 in all.
  package func standardised() -> DataSplit {
    let columns = train.columns
    let scalings = (0..<columns).map { column in
      Standardisation(
        stride(from: column, to: train.features.count, by: columns).map { train.features[$0] })
    }
    return mappingFeatures { scalings[$0 % columns]($1) }
  }

  /// All parts with every feature changed; told its place in its part.
  private func mappingFeatures(_ change: (Int, Double) -> Double) -> DataSplit {
    func mapped(_ part: Dataset) -> Dataset {
      var part = part
      for i in part.features.indices { part.features[i] = change(i, part.features[i]) }
      return part
    }
    return DataSplit(
      train: mapped(train), test: mapped(test), validation: validation.map(mapped))
  }

  /// All parts with every feature multiplied by `factor`.
  ///
  /// Throws R0743 (0 or not finite), R0744 (a product is not finite).
  package func scaled(by factor: Double, at span: Span) throws(DiagnosticError) -> DataSplit {
    guard factor.isFinite, factor != 0 else {
      throw DataProblem.scaleFactor(train.source, factor, at: span)
    }
    let result = mappingFeatures { $1 * factor }
    let parts = [result.train, result.test] + (result.validation.map { [$0] } ?? [])
    guard parts.allSatisfy({ $0.features.allSatisfy(\.isFinite) }) else {
      throw DataProblem.scaleOverflow(train.source, at: span)
    }
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

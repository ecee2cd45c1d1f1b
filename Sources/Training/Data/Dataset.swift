import Diagnostics
import Files

/// Examples to learn from: one row of features and one target each, all finite.
package struct Dataset: Sendable, Equatable {
  /// Where the data came from, for messages: a path.
  package let source: String
  /// One name per feature column.
  package let featureNames: [String]
  package let targetName: String
  /// `rows × columns` features, row-major.
  package internal(set) var features: [Double]
  /// One target per row.
  package let targets: [Double]

  package var rows: Int { targets.count }
  /// The number of features of one example.
  package var columns: Int { featureNames.count }

  /// The features of one example.
  package func row(_ index: Int) -> ArraySlice<Double> {
    features[index * columns..<(index + 1) * columns]
  }

  init(
    source: String, featureNames: [String], targetName: String, features: [Double],
    targets: [Double]
  ) {
    self.source = source
    self.featureNames = featureNames
    self.targetName = targetName
    self.features = features
    self.targets = targets
  }

  /// One column of a table is the target, the others in their order are the features.
  ///
  /// Throws R0711 (no such column), R0718 (no other column).
  package init(_ table: Table, target: String, at span: Span) throws(DiagnosticError) {
    let index = try table.index(of: target, at: span)
    guard table.columns > 1 else {
      throw DataProblem.noFeatures(table.source, target: target, at: span)
    }
    var features: [Double] = []
    var targets: [Double] = []
    features.reserveCapacity(table.rows * (table.columns - 1))
    targets.reserveCapacity(table.rows)
    for row in 0..<table.rows {
      let start = row * table.columns
      features.append(contentsOf: table.values[start..<start + index])
      features.append(contentsOf: table.values[start + index + 1..<start + table.columns])
      targets.append(table.values[start + index])
    }
    var names = table.names
    names.remove(at: index)
    self.init(
      source: table.source, featureNames: names, targetName: target, features: features,
      targets: targets)
  }

  /// Arrays whose first axis counts the examples; the features' other axes are flattened.
  ///
  /// `source` is the path, for messages, `targetSource` that of the targets where it is another.
  /// Throws R0736 (ranks or rows that do not fit), R0715 (a
  /// value that is not finite), R0707 (no examples).
  package init(
    features: NumericArray, targets: NumericArray, source: String,
    targetSource: String? = nil, targetName: String = "y", at span: Span
  ) throws(DiagnosticError) {
    let place = DataPlace(source)
    let targetPlace = targetSource ?? source
    let targetCount = targets.shape.first ?? 0
    guard targets.shape.count == 1 || (targets.shape.count == 2 && targets.shape[1] == 1) else {
      throw DataProblem.shapes(
        DataPlace(targetPlace),
        reason: "the targets have shape \(targets.shape); one number per row is needed",
        at: span)
    }
    guard features.shape.count >= 2, features.shape[0] == targetCount else {
      throw DataProblem.shapes(
        place,
        reason: "features of shape \(features.shape) do not fit \(targetCount) targets; "
          + "the first axis counts the rows", at: span)
    }
    if targetCount == 0 { throw DataProblem.empty(targetPlace, at: span) }
    let columns = features.values.count / targetCount
    guard columns > 0 else {
      throw DataProblem.shapes(
        place, reason: "features of shape \(features.shape) hold no columns", at: span)
    }
    if let bad = features.values.firstIndex(where: { !$0.isFinite }) {
      throw DataProblem.notFinite(
        DataPlace(source, line: bad / columns + 1, column: bad % columns + 1),
        text: "\(features.values[bad])", column: "x\(bad % columns)", at: span)
    }
    if let bad = targets.values.firstIndex(where: { !$0.isFinite }) {
      throw DataProblem.notFinite(
        DataPlace(targetPlace, line: bad + 1, column: 1), text: "\(targets.values[bad])",
        column: targetName, at: span)
    }
    self.init(
      source: source, featureNames: (0..<columns).map { "x\($0)" }, targetName: targetName,
      features: features.values, targets: targets.values)
  }

  /// The number k of classes when the targets are class numbers: integers 0 to k - 1, each used.
  ///
  /// Throws R0742 at the first target that is not one.
  package func classCount(at span: Span) throws(DiagnosticError) -> Int {
    var used: Set<Int> = []
    for (row, target) in targets.enumerated() {
      guard let value = Int(exactly: target) else {
        throw DataProblem.classTarget(
          source, row: row + 1, value: target, reason: "it is not a whole number", at: span)
      }
      guard value >= 0 else {
        throw DataProblem.classTarget(
          source, row: row + 1, value: target, reason: "it is negative", at: span)
      }
      used.insert(value)
    }
    guard let top = used.max() else { throw DataProblem.empty(source, at: span) }
    if used.count != top + 1 {
      let gap = (0...top).first { !used.contains($0) }!
      let row = targets.firstIndex(of: Double(top))!
      throw DataProblem.classTarget(
        source, row: row + 1, value: Double(top), reason: "no row is of class \(gap)", at: span)
    }
    return top + 1
  }

  /// The rows of the given indices, in that order.
  package func selecting(_ rows: [Int]) -> Dataset {
    var chosen: [Double] = []
    chosen.reserveCapacity(rows.count * columns)
    for row in rows { chosen.append(contentsOf: self.row(row)) }
    return Dataset(
      source: source, featureNames: featureNames, targetName: targetName, features: chosen,
      targets: rows.map { targets[$0] })
  }
}

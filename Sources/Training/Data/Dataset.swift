import Diagnostics
import Files

/// Examples to learn from: one row of features and one target each. All are finite; of a table with gaps they are once
/// the gaps are filled.
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
  /// What reading it made of its columns, a sentence each.
  package private(set) var remarks: [String] = []

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

  /// The most columns that one of texts becomes.
  static let mostIndicators = 100

  /// One column of a table is the target, the others in their order are the features. A feature of texts
  /// becomes one column for each text, with 1 where it stands; a target of texts the numbers of its classes in
  /// the order of the alphabet.
  ///
  /// Throws R0711 (no such column), R0713 (too many texts), R0714 (a row without target), R0718 (no other column).
  package init(_ table: Table, target: String, at span: Span) throws(DiagnosticError) {
    let index = try table.index(of: target, at: span)
    guard table.columns > 1 else {
      throw DataProblem.noFeatures(table.source, target: target, at: span)
    }
    var remarks: [String] = []
    if table.leftOut > 0 {
      let are = table.leftOut == 1 ? "row with a gap is" : "rows with gaps are"
      remarks.append("\(table.leftOut) \(are) left out, \(table.rows) stay")
    }
    if let classes = table.classes[index] {
      let shown = classes.prefix(12).enumerated().map { "\($0) \(printable($1))" }
      remarks.append(
        "\"\(printable(target))\" has \(classes.count) classes: "
          + shown.joined(separator: ", ") + (classes.count > 12 ? ", …" : ""))
    }
    var names: [String] = []
    for (k, name) in table.names.enumerated() where k != index {
      guard let classes = table.classes[k] else {
        names.append(name)
        continue
      }
      guard classes.count <= Self.mostIndicators else {
        throw DataProblem.manyClasses(
          table.source, column: name, count: classes.count, limit: Self.mostIndicators, at: span)
      }
      names += classes.map { "\(name)=\($0)" }
      remarks.append(
        "\"\(printable(name))\" is of \(classes.count) texts, and has a column for each")
    }
    var features: [Double] = []
    var targets: [Double] = []
    features.reserveCapacity(table.rows * names.count)
    targets.reserveCapacity(table.rows)
    let isPlain = !table.classes.enumerated().contains { $0 != index && $1 != nil }
    for row in 0..<table.rows {
      let start = row * table.columns
      let answer = table.values[start + index]
      if answer.isNaN {
        throw DataProblem.missingTarget(table.source, column: target, row: row + 1, at: span)
      }
      targets.append(answer)
      if isPlain {
        features.append(contentsOf: table.values[start..<start + index])
        features.append(contentsOf: table.values[start + index + 1..<start + table.columns])
        continue
      }
      for k in 0..<table.columns where k != index {
        let value = table.values[start + k]
        if let classes = table.classes[k] {
          // A text that is missing is none of the classes.
          for c in classes.indices { features.append(value == Double(c) ? 1 : 0) }
        } else {
          features.append(value)
        }
      }
    }
    self.init(
      source: table.source, featureNames: names, targetName: target, features: features,
      targets: targets)
    self.remarks = remarks
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

  /// Throws R0742 at the first target that is no label of `binary_cross_entropy`: a number in [0, 1].
  package func requireLabels(at span: Span) throws(DiagnosticError) {
    guard let bad = targets.first(where: { $0 < 0 || $0 > 1 }) else { return }
    var repair = "number the two classes 0 and 1"
    if Set(targets) == [-1, 1] { repair = "the labels are −1 and 1: train on `(y + 1) / 2`" }
    if Set(targets) == [1, 2] { repair = "the labels are 1 and 2: train on `y - 1`" }
    if targets.allSatisfy({ $0 == $0.rounded() && $0 >= 0 }), Set(targets).count > 2 {
      repair = "more than two classes are for `cross_entropy(scores, y)`, with a score for each"
    }
    throw DataProblem.notALabel(
      source, column: targetName, value: bad, "a label of `binary_cross_entropy` lies in [0, 1]",
      repair, at: span)
  }

  /// Throws R0742 at the first target that is no class of `cross_entropy`: a whole number from 0 up.
  package func requireClasses(at span: Span) throws(DiagnosticError) {
    guard let bad = targets.first(where: { $0 < 0 || $0 != $0.rounded() }) else { return }
    throw DataProblem.notALabel(
      source, column: targetName, value: bad,
      "a class of `cross_entropy` is a whole number from 0 up",
      bad < 0 && bad == bad.rounded()
        ? "number the classes from 0"
        : "a target that is a quantity is learnt by `mean_squared_error(x, y)`", at: span)
  }

  /// The rows of the given indices, in that order.
  package func selecting(_ rows: [Int]) -> Dataset {
    var chosen: [Double] = []
    chosen.reserveCapacity(rows.count * columns)
    for row in rows { chosen.append(contentsOf: self.row(row)) }
    var part = Dataset(
      source: source, featureNames: featureNames, targetName: targetName, features: chosen,
      targets: rows.map { targets[$0] })
    part.remarks = remarks
    return part
  }
}

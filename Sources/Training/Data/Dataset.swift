import Diagnostics
import Files

/// Examples to learn from: one row of features and one of targets each, mostly one target. All are finite; of a table with
/// gaps they are once the gaps are filled.
package struct Dataset: Sendable, Equatable {
  /// Where the data came from, for messages: a path.
  package let source: String
  /// One name per feature column.
  package let featureNames: [String]
  /// One name per column of the targets.
  package let targetNames: [String]
  /// `rows × columns` features, row-major.
  let numbers: Numbers
  /// `rows × targetNames.count` targets, row-major.
  let answers: Numbers
  /// What reading it made of its columns, a sentence each.
  package private(set) var remarks: [String] = []

  package var rows: Int { answers.count / targetNames.count }
  /// The number of features of one example.
  package var columns: Int { featureNames.count }
  package var features: [Double] { numbers.values }
  package var targets: [Double] { answers.values }

  /// The features of one example.
  package func row(_ index: Int) -> [Double] {
    (index * columns..<(index + 1) * columns).map { numbers[$0] }
  }

  init(
    source: String, featureNames: [String], targetNames: [String], numbers: Numbers,
    answers: Numbers, remarks: [String] = []
  ) {
    self.source = source
    self.featureNames = featureNames
    self.targetNames = targetNames
    self.numbers = numbers
    self.answers = answers
    self.remarks = remarks
  }

  /// The same with other numbers.
  func with(_ numbers: Numbers, _ answers: Numbers) -> Dataset {
    Dataset(
      source: source, featureNames: featureNames, targetNames: targetNames, numbers: numbers,
      answers: answers, remarks: remarks)
  }

  /// The most columns that one of texts becomes.
  static let mostIndicators = 100

  package init(_ table: Table, target: String, at span: Span) throws(DiagnosticError) {
    try self.init(table, targets: [target], at: span)
  }

  /// Some columns of a table are the targets, in the order in which they are named, the others in theirs the features. A
  /// feature of texts becomes one column for each text, with 1 where it stands; a target of texts the numbers of its
  /// classes in the order of the alphabet. `isOwned`: the table's memory becomes that of the examples.
  ///
  /// Throws R0711 (no such column), R0713 (too many texts), R0714 (a row without target), R0718 (no other column).
  package init(
    _ table: Table, targets: [String], isOwned: Bool = false, at span: Span
  ) throws(DiagnosticError) {
    let indices = try targets.map { (name) throws(DiagnosticError) in
      try table.index(of: name, at: span)
    }
    guard table.columns > targets.count else {
      throw DataProblem.noFeatures(table.source, targets: targets, at: span)
    }
    var remarks: [String] = []
    if table.leftOut > 0 {
      let are = table.leftOut == 1 ? "row with a gap is" : "rows with gaps are"
      remarks.append("\(table.leftOut) \(are) left out, \(table.rows) stay")
    }
    for (target, index) in zip(targets, indices) {
      guard let classes = table.classes[index] else { continue }
      let shown = classes.prefix(12).enumerated().map { "\($0) \(printable($1))" }
      remarks.append(
        "\"\(printable(target))\" has \(classes.count) classes: "
          + shown.joined(separator: ", ") + (classes.count > 12 ? ", …" : ""))
    }
    var names: [String] = []
    for (k, name) in table.names.enumerated() where !indices.contains(k) {
      guard let classes = table.classes[k] else {
        names.append(name)
        remarks += table.remarks(onColumn: k)
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
    var numbers = isOwned ? table.numbers : table.numbers.copied()
    let answers = try Self.part(
      &numbers, of: table, indices, columns: names.count, at: span)
    self.init(
      source: table.source, featureNames: names, targetNames: targets, numbers: numbers,
      answers: answers, remarks: remarks)
  }

  /// Takes the targets out of the rows of a table, and makes columns of the texts that stay; in place, for there may be very
  /// many rows.
  private static func part(
    _ numbers: inout Numbers, of table: Table, _ targets: [Int], columns: Int, at span: Span
  ) throws(DiagnosticError) -> Numbers {
    let width = table.columns
    var answers = Numbers(isDouble: numbers.isDouble)
    answers.resize(to: table.rows * targets.count)
    for row in 0..<table.rows {
      for (k, index) in targets.enumerated() {
        let answer = numbers[row * width + index]
        if answer.isNaN {
          throw DataProblem.missingTarget(
            table.source, column: table.names[index], row: row + 1, at: span)
        }
        answers[row * targets.count + k] = answer
      }
    }
    // Of each column, how many it becomes, and 0 of a target.
    let shares = (0..<width).map { k in targets.contains(k) ? 0 : table.classes[k]?.count ?? 1 }
    let isText = table.classes.map { $0 != nil }
    if columns > width { numbers.resize(to: table.rows * columns) }
    var held = [Double](repeating: 0, count: width)
    // Rows that become longer are moved from the last on.
    for turn in 0..<table.rows {
      let row = columns > width ? table.rows - 1 - turn : turn
      for k in 0..<width { held[k] = numbers[row * width + k] }
      var place = row * columns
      for k in 0..<width where shares[k] > 0 {
        if isText[k] {
          // A text that is missing is none of the classes.
          for c in 0..<shares[k] { numbers[place + c] = held[k] == Double(c) ? 1 : 0 }
        } else {
          numbers[place] = held[k]
        }
        place += shares[k]
      }
    }
    numbers.resize(to: table.rows * columns)
    return answers
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
      source: source, featureNames: (0..<columns).map { "x\($0)" }, targetNames: [targetName],
      numbers: Numbers(features.values), answers: Numbers(targets.values))
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
    guard let (bad, column) = firstAnswer(where: { $0 < 0 || $0 > 1 }) else { return }
    let targets = Set(targets)
    var repair = "number the two classes 0 and 1"
    if targets == [-1, 1] { repair = "the labels are −1 and 1: train on `(y + 1) / 2`" }
    if targets == [1, 2] { repair = "the labels are 1 and 2: train on `y - 1`" }
    if targets.allSatisfy({ $0 == $0.rounded() && $0 >= 0 }), targets.count > 2 {
      repair = "more than two classes are for `cross_entropy(scores, y)`, with a score for each"
    }
    throw DataProblem.notALabel(
      source, column: column, value: bad, "a label of `binary_cross_entropy` lies in [0, 1]",
      repair, at: span)
  }

  /// Throws R0742 at the first target that is no class of `cross_entropy`: a whole number from 0 up.
  package func requireClasses(at span: Span) throws(DiagnosticError) {
    guard let (bad, column) = firstAnswer(where: { $0 < 0 || $0 != $0.rounded() }) else { return }
    throw DataProblem.notALabel(
      source, column: column, value: bad,
      "a class of `cross_entropy` is a whole number from 0 up",
      bad < 0 && bad == bad.rounded()
        ? "number the classes from 0"
        : "a target that is a quantity is learnt by `mean_squared_error(x, y)`", at: span)
  }

  private func firstAnswer(where isBad: (Double) -> Bool) -> (value: Double, column: String)? {
    (0..<answers.count).first { isBad(answers[$0]) }.map {
      (answers[$0], targetNames[$0 % targetNames.count])
    }
  }

  /// The rows of the given indices, in that order.
  package func selecting(_ rows: [Int]) -> Dataset {
    func chosen(_ numbers: Numbers, _ width: Int) -> Numbers {
      var chosen = Numbers(isDouble: numbers.isDouble)
      chosen.resize(to: rows.count * width)
      for (i, row) in rows.enumerated() {
        for k in 0..<width { chosen[i * width + k] = numbers[row * width + k] }
      }
      return chosen
    }
    return with(chosen(numbers, columns), chosen(answers, targetNames.count))
  }
}

import Diagnostics
import Files

/// A data set of named columns, stored row by row: numbers, or the classes of texts.
package struct Table: Sendable, Equatable {
  /// Where the data came from, for messages: a path.
  package let source: String
  /// The names of the columns, unique and not empty.
  package let names: [String]
  package let rows: Int
  /// `rows × columns` values, row-major: numbers, and of texts their places among the classes. NaN is missing.
  let numbers: Numbers
  /// For columns of texts the texts, in order.
  package let classes: [[String]?]
  /// Rows that are not here, because a cell of theirs was missing.
  package let leftOut: Int

  /// The number of columns.
  package var columns: Int { names.count }
  package var values: [Double] { numbers.values }

  init(
    source: String, names: [String], rows: Int, numbers: Numbers, classes: [[String]?],
    leftOut: Int
  ) {
    self.source = source
    self.names = names
    self.rows = rows
    self.numbers = numbers
    self.classes = classes
    self.leftOut = leftOut
  }

  /// A table of `values.count / names.count` rows; `values` is row-major and fills whole rows.
  package init(source: String, names: [String], values: [Double]) {
    precondition(!names.isEmpty && values.count % names.count == 0, "values must fill whole rows")
    self.init(
      source: source, names: names, rows: values.count / names.count, numbers: Numbers(values),
      classes: names.map { _ in nil }, leftOut: 0)
  }

  package subscript(row: Int, column: Int) -> Double { numbers[row * names.count + column] }

  /// The index of a column. Throws R0711 with the nearest name.
  package func index(of name: String, at span: Span) throws(DiagnosticError) -> Int {
    guard let index = names.firstIndex(of: name) else {
      throw DataProblem.noColumn(source, name: name, among: names, at: span)
    }
    return index
  }

  /// What a column of numbers seems to be that is no quantity: what to do about it, a sentence each.
  func remarks(onColumn k: Int) -> [String] {
    guard rows >= 5 else { return [] }
    let name = printable(names[k])
    let first = self[0, k]
    if first == 0 || first == 1, (0..<rows).allSatisfy({ self[$0, k] == first + Double($0) }) {
      return ["\"\(name)\" counts the rows: `drop = [\"\(name)\"]` leaves it out"]
    }
    if (0..<rows).allSatisfy({ Self.isDay(self[$0, k]) }) {
      return [
        "\"\(name)\" holds dates such as \(Int(first)), which are taken for numbers: `drop = [\"\(name)\"]` leaves it "
          + "out, `order = \"time\"` splits the rows as they stand"
      ]
    }
    return []
  }

  /// Whether a number is a date as in 20240131.
  private static func isDay(_ x: Double) -> Bool {
    guard x >= 1900_01_01, x <= 2100_12_31, x == x.rounded() else { return false }
    let day = Int(x)
    return (1...12).contains(day / 100 % 100) && (1...31).contains(day % 100)
  }

  /// The values of one column, top to bottom.
  package func column(_ index: Int) -> [Double] {
    (0..<rows).map { self[$0, index] }
  }

  /// The values of one column, top to bottom. Throws R0711 with the nearest name.
  package func column(_ name: String, at span: Span) throws(DiagnosticError) -> [Double] {
    column(try index(of: name, at: span))
  }

  /// A larger file is read piece by piece; its numbers are the most of what is in memory then.
  private static let largeBytes = 1 << 23

  /// Reads a CSV file (RFC 4180: double quotes; CRLF, LF or CR; a byte order mark and blank lines are accepted).
  ///
  /// `span` is that of the statement that asks for the data; messages name file, line and column. Where float64 is not
  /// asked for, the numbers of a large file are kept in float32. Throws R0701 to R0717 and R0725.
  package static func csv(
    path: String, _ options: CSVOptions = CSVOptions(), isDouble: Bool = true, at span: Span
  ) throws(DiagnosticError) -> Table {
    try csv(
      path: path, options, isDouble: isDouble, largeBytes: largeBytes, piece: RowWindow.piece,
      at: span)
  }

  /// The same with other sizes, for tests.
  static func csv(
    path: String, _ options: CSVOptions, isDouble: Bool, largeBytes: Int, piece: Int, at span: Span
  ) throws(DiagnosticError) -> Table {
    let stream = try DataStream(path: path, at: span, limit: 1 << 36)
    guard stream.isRegular, stream.size > largeBytes else {
      return try csv(
        bytes: DataFile.load(path: path, at: span).bytes, path: path, options, at: span)
    }
    let window = RowWindow(
      stream, separator: options.separator.asciiValue!, piece: piece, at: span)
    return try CSVReader.table(window, options, isDouble: isDouble, span: span)
  }

  /// Reads CSV text; `path` is used in messages only.
  package static func csv(
    bytes: [UInt8], path: String, _ options: CSVOptions = CSVOptions(), at span: Span
  ) throws(DiagnosticError) -> Table {
    try bytes.withUnsafeBufferPointer { (buffer) throws(DiagnosticError) -> Table in
      try CSVReader.table(RowWindow(buffer, path: path), options, isDouble: true, span: span)
    }
  }
}

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
  package let values: [Double]
  /// For columns of texts the texts, in order.
  package let classes: [[String]?]
  /// Rows that are not here, because a cell of theirs was missing.
  package let leftOut: Int

  /// The number of columns.
  package var columns: Int { names.count }

  /// A table of `values.count / names.count` rows; `values` is row-major and fills whole rows.
  package init(
    source: String, names: [String], values: [Double], classes: [[String]?]? = nil,
    leftOut: Int = 0
  ) {
    precondition(!names.isEmpty && values.count % names.count == 0, "values must fill whole rows")
    self.source = source
    self.names = names
    self.values = values
    self.classes = classes ?? names.map { _ in nil }
    self.leftOut = leftOut
    rows = values.count / names.count
  }

  @inlinable package subscript(row: Int, column: Int) -> Double {
    values[row * names.count + column]
  }

  /// The index of a column. Throws R0711 with the nearest name.
  package func index(of name: String, at span: Span) throws(DiagnosticError) -> Int {
    guard let index = names.firstIndex(of: name) else {
      throw DataProblem.noColumn(source, name: name, among: names, at: span)
    }
    return index
  }

  /// The values of one column, top to bottom.
  package func column(_ index: Int) -> [Double] {
    stride(from: index, to: values.count, by: names.count).map { values[$0] }
  }

  /// The values of one column, top to bottom. Throws R0711 with the nearest name.
  package func column(_ name: String, at span: Span) throws(DiagnosticError) -> [Double] {
    column(try index(of: name, at: span))
  }

  /// Reads a CSV file (RFC 4180: double quotes; CRLF, LF or CR; a byte order mark and blank lines are accepted).
  ///
  /// `span` is that of the statement that asks for the data; messages name file, line and column.
  /// Throws R0701 to R0717 and R0725.
  package static func csv(
    path: String, _ options: CSVOptions = CSVOptions(), at span: Span
  ) throws(DiagnosticError) -> Table {
    let file = try DataFile.load(path: path, at: span)
    return try csv(bytes: file.bytes, path: path, options, at: span)
  }

  /// Reads CSV text; `path` is used in messages only.
  package static func csv(
    bytes: [UInt8], path: String, _ options: CSVOptions = CSVOptions(), at span: Span
  ) throws(DiagnosticError) -> Table {
    try bytes.withUnsafeBufferPointer { (buffer) throws(DiagnosticError) -> Table in
      try CSVReader.table(buffer, options, path: path, span: span)
    }
  }
}

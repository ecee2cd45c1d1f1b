/// How a CSV file is written, and what of it is wanted.
package struct CSVOptions: Sendable, Equatable {
  package enum Missing: String, Sendable { case refuse, mean, drop }

  /// What stands between two fields.
  package var separator: Character = ","
  /// What stands before the decimals; nil: a point, or a comma where fields are not separated by commas and no number
  /// has a point.
  package var decimal: Character?
  /// What groups the digits of large numbers by three.
  package var thousands: Character?
  /// Whether the first line names the columns; else they are 1, 2, ….
  package var hasHeader = true
  /// Columns that are left out; an empty name is that of columns without one.
  package var dropped: Set<String> = []
  package var missing = Missing.refuse

  package init() {}
}

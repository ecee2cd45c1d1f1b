import Diagnostics
import Files

/// One pass over CSV bytes. Numbers are read where they lie; everything else takes the slow path.
struct CSVReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  private let path: String
  private let span: Span
  private var cursor = 0
  private var names: [String] = []

  /// A field as written: `text` has its quotes removed.
  private struct Field {
    var text: String
    var start: Int
  }

  private static let comma: UInt8 = 0x2C
  private static let quote: UInt8 = 0x22
  private static let lineFeed: UInt8 = 0x0A
  private static let carriageReturn: UInt8 = 0x0D

  init(_ bytes: UnsafeBufferPointer<UInt8>, path: String, span: Span) {
    self.bytes = bytes
    self.path = path
    self.span = span
  }

  mutating func table() throws(DiagnosticError) -> Table {
    if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { cursor = 3 }
    while skipBlankLine() {}
    if cursor >= bytes.count { throw DataProblem.empty(path, at: span) }
    try readHeader()
    let values = try readRows()
    if values.isEmpty { throw DataProblem.headerOnly(place(cursor), at: span) }
    return Table(source: path, names: names, values: values)
  }

  private func place(_ offset: Int) -> DataPlace {
    TextPosition.place(of: offset, in: bytes, path: path)
  }

  @inline(__always)
  private func endsField(_ offset: Int) -> Bool {
    offset >= bytes.count || bytes[offset] == Self.comma || endsLine(offset)
  }

  @inline(__always)
  private func endsLine(_ offset: Int) -> Bool {
    offset >= bytes.count || bytes[offset] == Self.lineFeed || bytes[offset] == Self.carriageReturn
  }

  /// Moves behind a line break (LF, CRLF, CR).
  @inline(__always)
  private mutating func skipLineBreak() {
    guard cursor < bytes.count else { return }
    if bytes[cursor] == Self.carriageReturn {
      cursor += 1
      if cursor < bytes.count, bytes[cursor] == Self.lineFeed { cursor += 1 }
    } else if bytes[cursor] == Self.lineFeed {
      cursor += 1
    }
  }

  /// Moves behind a line of nothing but blanks, if one begins here: it is no row, wherever it stands.
  @inline(__always)
  private mutating func skipBlankLine() -> Bool {
    guard cursor < bytes.count, bytes[cursor] <= 0x20 else { return false }
    var end = cursor
    while end < bytes.count, bytes[end] == 0x20 || bytes[end] == 0x09 { end += 1 }
    guard endsLine(end) else { return false }
    cursor = end
    skipLineBreak()
    return true
  }

  // MARK: Header

  private mutating func readHeader() throws(DiagnosticError) {
    if bytes.count >= 2, bytes[0] ^ bytes[1] == 0x01, bytes[0] >= 0xFE {
      throw DataProblem.notText(place(0), reason: "it is UTF-16; save it as UTF-8", at: span)
    }
    var firstAt: [String: Int] = [:]
    while true {
      let field = try readField()
      let name = Self.trimmed(field.text)
      if name.unicodeScalars.contains("\0") || name.unicodeScalars.contains("\u{FFFD}") {
        throw DataProblem.notText(
          place(field.start), reason: "the header holds bytes that are no text", at: span)
      }
      if name.isEmpty {
        throw DataProblem.namelessColumn(place(field.start), number: names.count + 1, at: span)
      }
      if let first = firstAt.updateValue(names.count + 1, forKey: name) {
        throw DataProblem.duplicateColumn(
          place(field.start), name: name, first: first, among: names, at: span)
      }
      names.append(name)
      if endsLine(cursor) { break }
      cursor += 1
    }
    skipLineBreak()
  }

  // MARK: Rows

  private mutating func readRows() throws(DiagnosticError) -> [Double] {
    var values: [Double] = []
    let width = names.count
    while cursor < bytes.count {
      let rowStart = cursor
      if skipBlankLine() { continue }
      for column in 0..<width {
        if column > 0 {
          guard cursor < bytes.count, bytes[cursor] == Self.comma else {
            throw try ragged(rowStart: rowStart)
          }
          cursor += 1
        }
        let start = cursor
        if let value = DecimalNumber.fast(bytes, &cursor), endsField(cursor) {
          values.append(value)
        } else {
          cursor = start
          values.append(try readCell(column: column, rowStart: rowStart))
        }
      }
      guard endsLine(cursor) else { throw try ragged(rowStart: rowStart) }
      skipLineBreak()
      if values.count > DataFile.valueLimit {
        throw DataProblem.tooManyValues(place(rowStart), limit: DataFile.valueLimit, at: span)
      }
    }
    return values
  }

  /// A cell that is not a plain short number: quoted, padded, long, or wrong.
  private mutating func readCell(
    column: Int, rowStart: Int
  ) throws(DiagnosticError) -> Double {
    let field = try readField()
    let text = Self.trimmed(field.text)
    if let value = DecimalNumber.exact(text) {
      if value.isFinite { return value }
      throw DataProblem.notFinite(
        place(field.start), text: text, column: names[column], at: span)
    }
    switch text.lowercased() {
    case "", "na", "n/a", "null", "none", "?":
      // A row of another length explains more than its first empty cell.
      let resume = cursor
      cursor = rowStart
      if let found = try? countFields(), found != names.count {
        cursor = rowStart
        throw try ragged(rowStart: rowStart)
      }
      cursor = resume
      throw DataProblem.missingValue(
        place(field.start), text: text, column: names[column], at: span)
    case "nan", "+nan", "-nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity":
      throw DataProblem.notFinite(place(field.start), text: text, column: names[column], at: span)
    default:
      throw DataProblem.notNumber(
        place(field.start), text: text, column: names[column], separator: otherSeparator(text),
        at: span)
    }
  }

  /// The diagnostic for a row of the wrong length; its place is where the first field is missing
  /// or surplus.
  private mutating func ragged(rowStart: Int) throws(DiagnosticError) -> DiagnosticError {
    cursor = rowStart
    var offset = rowStart
    let count = try countFields { offset = $0 }
    return DataProblem.ragged(
      place(offset), found: count, expected: names.count,
      separator: count == 1 ? otherSeparator(line(from: rowStart)) : nil, at: span)
  }

  /// Counts the fields of the row at the cursor and tells where the one too many, or the end, is.
  private mutating func countFields(
    _ note: (Int) -> Void = { _ in }
  ) throws(DiagnosticError) -> Int {
    var count = 0
    while true {
      let field = try readField()
      count += 1
      if count == names.count + 1 { note(field.start) }
      if endsLine(cursor) { break }
      cursor += 1
    }
    if count < names.count { note(cursor) }
    return count
  }

  private func line(from start: Int) -> String {
    var end = start
    while !endsLine(end) { end += 1 }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  /// The separator that a text of several numbers seems to use instead of commas.
  private func otherSeparator(_ text: String) -> String? {
    let header = names.joined(separator: ",")
    let separators: [(Character, String)] = [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")]
    for (separator, name) in separators
    where text.contains(separator) && header.contains(separator) {
      return name
    }
    return nil
  }

  // MARK: Fields

  /// The field at the cursor, which then stands on the separator, the line break or the end.
  private mutating func readField() throws(DiagnosticError) -> Field {
    let start = cursor
    guard cursor < bytes.count, bytes[cursor] == Self.quote else {
      while !endsField(cursor) { cursor += 1 }
      return Field(text: String(decoding: bytes[start..<cursor], as: UTF8.self), start: start)
    }
    var content: [UInt8] = []
    cursor += 1
    while true {
      guard cursor < bytes.count else {
        throw DataProblem.quoting(place(start), closed: false, at: span)
      }
      if bytes[cursor] != Self.quote {
        content.append(bytes[cursor])
        cursor += 1
      } else if cursor + 1 < bytes.count, bytes[cursor + 1] == Self.quote {
        content.append(Self.quote)
        cursor += 2
      } else {
        break
      }
    }
    cursor += 1
    guard endsField(cursor) else {
      throw DataProblem.quoting(place(cursor), closed: true, at: span)
    }
    return Field(text: String(decoding: content, as: UTF8.self), start: start)
  }

  private static func trimmed(_ text: String) -> String {
    var scalars = Substring(text).unicodeScalars
    while let first = scalars.first, first == " " || first == "\t" { scalars.removeFirst() }
    while let last = scalars.last, last == " " || last == "\t" { scalars.removeLast() }
    return String(scalars)
  }
}

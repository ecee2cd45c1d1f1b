import Diagnostics
import Files

/// One pass over the rows of a table. Numbers are read where they lie; everything else takes the slow path.
struct CSVReader {
  private let window: RowWindow
  /// Those of the window.
  private var bytes: UnsafeBufferPointer<UInt8>
  private let isDouble: Bool
  private let path: String
  private let span: Span
  private let options: CSVOptions
  private let separator: UInt8
  /// Whether numbers have a decimal comma.
  private let hasComma: Bool
  private let number: CellNumber
  private var cursor = 0
  private var names: [String] = []
  private var columns: [TextColumn] = []
  /// How many columns are kept.
  private var width = 0
  /// Whether a cell is missing in the row that is read, and how many rows were left out for it.
  private var isIncomplete = false
  private var leftOut = 0
  private var rows = 0

  /// A field as written: `text` has its quotes removed.
  private struct Field {
    var text: String
    var start: Int
  }

  private static let quote: UInt8 = 0x22
  private static let lineFeed: UInt8 = 0x0A
  private static let carriageReturn: UInt8 = 0x0D

  /// Why a pass begins anew: what it took for granted does not hold.
  private enum Again: Error {
    case decimalComma
    case text(Set<Int>)
    case gaps(Set<Int>)
    case problem(DiagnosticError)
  }

  private init(
    _ window: RowWindow, _ options: CSVOptions, isDouble: Bool, span: Span, hasComma: Bool
  ) {
    self.window = window
    bytes = window.bytes
    path = window.path
    self.isDouble = isDouble
    self.span = span
    self.options = options
    self.hasComma = hasComma
    separator = options.separator.asciiValue!
    number = CellNumber(decimal: hasComma ? "," : ".", thousands: options.thousands)
  }

  /// The numbers are kept in float64, or in float32. Throws R0705, R0707 to R0710, R0712 to R0717 and R0725.
  static func table(
    _ window: RowWindow, _ options: CSVOptions, isDouble: Bool, span: Span
  ) throws(DiagnosticError) -> Table {
    var hasComma = options.decimal == ","
    var texts: Set<Int> = []
    var gaps: Set<Int> = []
    // Each turn knows more than the one before: whether numbers have commas, which columns are of texts, and in which a
    // dash stands for nothing.
    while true {
      var reader = CSVReader(window, options, isDouble: isDouble, span: span, hasComma: hasComma)
      do throws(Again) {
        return try reader.table(texts: texts, gaps: gaps)
      } catch {
        switch error {
        case .decimalComma: hasComma = true
        case .text(let found): texts = found
        case .gaps(let found): gaps = found
        case .problem(let problem): throw problem
        }
      }
      window.rewind()
    }
  }

  private mutating func table(texts: Set<Int>, gaps: Set<Int>) throws(Again) -> Table {
    do throws(DiagnosticError) {
      _ = try advance()
      if let format = OtherFormat.name(of: bytes) {
        throw DataProblem.otherFormat(place(0), format, at: span)
      }
      if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { cursor = 3 }
      while try advance(), skipBlankLine() {}
      if cursor >= bytes.count { throw DataProblem.empty(path, at: span) }
      try skipSeparatorLine()
      try readHeader()
    } catch {
      throw .problem(error)
    }
    columns = names.map { TextColumn(isDropped: options.dropped.contains($0)) }
    width = columns.count { !$0.isDropped }
    for k in texts where columns.indices.contains(k) { columns[k].isText = true }
    for k in gaps where columns.indices.contains(k) { columns[k].hasDashes = true }
    let numbers = try readRows()
    if rows == 0 {
      throw .problem(
        leftOut > 0
          ? DataProblem.allIncomplete(path, leftOut, at: span)
          : DataProblem.headerOnly(place(cursor), at: span))
    }
    return try finish(numbers, texts, gaps)
  }

  /// Goes on with the next row where it is not here as a whole; false at the end.
  @inline(__always)
  private mutating func advance() throws(DiagnosticError) -> Bool {
    if cursor < window.end { return true }
    let next = try window.advance(past: cursor)
    bytes = window.bytes
    cursor = next ?? bytes.count
    return next != nil
  }

  /// Puts the classes of columns of texts in order.
  private func finish(
    _ numbers: Numbers, _ known: Set<Int>, _ knownGaps: Set<Int>
  ) throws(Again) -> Table {
    var texts = known
    var gaps = knownGaps
    for (k, column) in columns.enumerated() where !column.isDropped && !column.isText {
      guard let first = column.firstText else { continue }
      if column.numbers > 0, column.numbers >= column.texts {
        if column.classes.keys.allSatisfy(TextColumn.dashes.contains) {
          gaps.insert(k)
          continue
        }
        throw .problem(
          DataProblem.notNumber(
            window.place(inFile: first.offset), text: first.text, column: names[k],
            numbers: column.numbers, of: column.numbers + column.texts, at: span))
      }
      // Some of its cells were read as numbers, and are texts.
      if column.numbers > 0 { texts.insert(k) }
    }
    if gaps.count > knownGaps.count { throw .gaps(gaps) }
    if texts.count > known.count { throw .text(texts) }
    var classes: [[String]?] = []
    for (k, column) in columns.enumerated() where !column.isDropped {
      guard column.firstText != nil || column.isText else {
        classes.append(nil)
        continue
      }
      if let problem = column.problem(named: names[k], path, at: span) { throw .problem(problem) }
      let sorted = column.classes.sorted { $0.key < $1.key }
      var order = Array(repeating: 0.0, count: sorted.count)
      for (rank, entry) in sorted.enumerated() { order[entry.value] = Double(rank) }
      for i in stride(from: classes.count, to: numbers.count, by: width) where !numbers[i].isNaN {
        numbers[i] = order[Int(numbers[i])]
      }
      classes.append(sorted.map(\.key))
    }
    let kept = columns.indices.filter { !columns[$0].isDropped }
    return Table(
      source: path, names: kept.map { names[$0] }, rows: rows, numbers: numbers, classes: classes,
      leftOut: leftOut)
  }

  private func place(_ offset: Int) -> DataPlace {
    window.place(of: offset)
  }

  @inline(__always)
  private func endsField(_ offset: Int) -> Bool {
    offset >= bytes.count || bytes[offset] == separator || endsLine(offset)
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
    // A last line of old systems is ^Z alone.
    while end < bytes.count,
      bytes[end] == 0x20 || bytes[end] == 0x1A || bytes[end] == 0x09 && separator != 0x09
    {
      end += 1
    }
    guard endsLine(end) else { return false }
    cursor = end
    skipLineBreak()
    return true
  }

  /// Moves behind a first line `sep=;`, by which spreadsheets say what separates fields.
  private mutating func skipSeparatorLine() throws(DiagnosticError) {
    let line = line(from: cursor)
    guard line.count == 5, line.lowercased().hasPrefix("sep="), let said = line.last else { return }
    if said.asciiValue != separator {
      throw DataProblem.otherSeparator(place(cursor), said, at: span)
    }
    cursor += line.utf8.count
    skipLineBreak()
  }

  /// Moves behind blanks, where they separate fields: several are one, and those around a row none.
  @inline(__always)
  private mutating func skipBlanks() {
    guard separator == 0x20 else { return }
    while cursor < bytes.count, bytes[cursor] == 0x20 { cursor += 1 }
  }

  /// Moves behind what separates two fields; false at the end of the row.
  private mutating func passSeparator() -> Bool {
    skipBlanks()
    if endsLine(cursor) { return false }
    if separator != 0x20 { cursor += 1 }
    return true
  }

  // MARK: Header

  private mutating func readHeader() throws(DiagnosticError) {
    if bytes.count >= 2, bytes[0] ^ bytes[1] == 0x01, bytes[0] >= 0xFE {
      throw DataProblem.notText(place(0), reason: "it is UTF-16; save it as UTF-8", at: span)
    }
    var firstAt: [String: Int] = [:]
    let start = cursor
    skipBlanks()
    while true {
      let field = try readField()
      let name = options.hasHeader ? Self.trimmed(field.text) : String(names.count + 1)
      if name.unicodeScalars.contains("\0") || name.unicodeScalars.contains("\u{FFFD}") {
        throw DataProblem.notText(
          place(field.start),
          reason: "the header holds bytes that are no text; save it as UTF-8", at: span)
      }
      if options.dropped.contains(name) {
        names.append(name)
        if passSeparator() { continue }
        break
      }
      if name.isEmpty {
        throw DataProblem.namelessColumn(place(field.start), number: names.count + 1, at: span)
      }
      if let first = firstAt.updateValue(names.count + 1, forKey: name) {
        throw DataProblem.duplicateColumn(
          place(field.start), name: name, first: first, among: names, at: span)
      }
      names.append(name)
      if !passSeparator() { break }
    }
    if names.count == 1 {
      let line = line(from: start)
      let isComment = names[0].hasPrefix("#")
      if let other = Self.otherSeparator(in: line, than: separator) {
        throw DataProblem.otherSeparator(place(start), other, at: span)
      }
      if !isComment, isTitle { throw DataProblem.title(place(start), names[0], at: span) }
      if let other = Self.otherSeparator(in: line, than: separator, orSpaces: !isComment) {
        throw DataProblem.otherSeparator(place(start), other, at: span)
      }
    }
    if let unknown = options.dropped.subtracting(names).sorted().first {
      throw DataProblem.noColumn(path, name: unknown, among: names, at: span)
    }
    if options.hasHeader { skipLineBreak() } else { cursor = start }
  }

  /// Whether the line behind the first, at whose end the cursor stands, has fields where the first has one.
  private var isTitle: Bool {
    var next = cursor
    while next < bytes.count, bytes[next] <= 0x20, bytes[next] != separator { next += 1 }
    return next < bytes.count && separator != 0x20
      && line(from: next).utf8.contains(separator)
  }

  // MARK: Rows

  private mutating func readRows() throws(Again) -> Numbers {
    var numbers = Numbers(isDouble: isDouble)
    // Of float32 there is room for twice as many.
    let limit = isDouble ? DataFile.valueLimit : 2 * DataFile.valueLimit
    let kinds = columns.map { ($0.isDropped, takesFast: !$0.isText) }
    while true {
      do throws(DiagnosticError) {
        guard try advance() else { return numbers }
      } catch {
        throw .problem(error)
      }
      let rowStart = cursor
      if skipBlankLine() { continue }
      skipBlanks()
      isIncomplete = false
      for column in kinds.indices {
        if column > 0 {
          guard cursor < bytes.count, bytes[cursor] == separator else {
            throw ragged(rowStart: rowStart)
          }
          cursor += 1
          skipBlanks()
        }
        let start = cursor
        let (isDropped, takesFast) = kinds[column]
        if takesFast, let value = DecimalNumber.fast(bytes, &cursor), endsField(cursor),
          !hasComma || !bytes[start..<cursor].contains(0x2E),
          isDouble || abs(value) <= Double(Float.greatestFiniteMagnitude)
        {
          if isDropped { continue }
          numbers.append(value)
          columns[column].numbers += 1
        } else {
          cursor = start
          let value = try readCell(column, rowStart: rowStart)
          if !isDropped { numbers.append(value) }
        }
      }
      skipBlanks()
      guard endsLine(cursor) else { throw ragged(rowStart: rowStart) }
      skipLineBreak()
      if isIncomplete {
        numbers.removeLast(width)
        leftOut += 1
      } else {
        rows += 1
      }
      if numbers.count > limit {
        throw .problem(DataProblem.tooManyValues(place(rowStart), limit: limit, at: span))
      }
    }
  }

  /// A cell that is not a plain short number: quoted, padded, long, missing, or a text. Of a text the place among
  /// those of its column.
  private mutating func readCell(_ column: Int, rowStart: Int) throws(Again) -> Double {
    let field: Field
    do throws(DiagnosticError) { field = try readField() } catch { throw .problem(error) }
    if columns[column].isDropped { return 0 }
    let text = Self.trimmed(field.text)
    let isNaN = ["nan", "+nan", "-nan"].contains(text.lowercased())
    if TextColumn.gaps.contains(text.lowercased())
      || columns[column].hasDashes && TextColumn.dashes.contains(text)
      || isNaN && options.missing != .refuse
    {
      return try missing(field, text, column, rowStart: rowStart)
    }
    let offset = window.start + field.start
    if columns[column].isText { return Double(columns[column].place(of: text, at: offset)) }
    if let value = number.value(text) {
      if isDouble ? value.isFinite : Float(value).isFinite {
        columns[column].numbers += 1
        return value
      }
      throw .problem(
        DataProblem.notFinite(place(field.start), text: text, column: names[column], at: span))
    }
    switch text.lowercased() {
    case "nan", "+nan", "-nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity":
      throw .problem(
        DataProblem.notFinite(place(field.start), text: text, column: names[column], at: span))
    default: break
    }
    let thousands = options.thousands == "," ? nil : options.thousands
    if options.decimal == nil, !hasComma, separator != 0x2C,
      CellNumber(decimal: ",", thousands: thousands).value(text) != nil
    {
      throw .decimalComma
    }
    if let how = number.repair(
      text, column: names[column], isCommaSeen: hasComma && options.decimal == nil)
    {
      throw .problem(
        DataProblem.decoratedNumber(
          place(field.start), text: text, column: names[column], how, at: span))
    }
    if text.unicodeScalars.contains("\u{FFFD}") {
      throw .problem(
        DataProblem.notText(
          place(field.start), reason: "a cell holds bytes that are no text; save it as UTF-8",
          at: span))
    }
    return Double(columns[column].place(of: text, at: offset))
  }

  private mutating func missing(
    _ field: Field, _ text: String, _ column: Int, rowStart: Int
  ) throws(Again) -> Double {
    // A row of another length explains more than its first empty cell.
    let resume = cursor
    cursor = rowStart
    if let found = try? countFields(), found != names.count { throw ragged(rowStart: rowStart) }
    cursor = resume
    switch options.missing {
    case .mean: break
    case .drop: isIncomplete = true
    case .refuse:
      throw .problem(
        DataProblem.missingValue(
          place(field.start), text: text, column: names[column], at: span))
    }
    return .nan
  }

  /// The diagnostic for a row of the wrong length; its place is where the first field is missing
  /// or surplus.
  private mutating func ragged(rowStart: Int) -> Again {
    cursor = rowStart
    var offset = rowStart
    do throws(DiagnosticError) {
      var isEmpty = false
      let bytes = bytes
      let count = try countFields {
        offset = $0
        isEmpty = $0 >= bytes.count || [Self.lineFeed, Self.carriageReturn].contains(bytes[$0])
      }
      let isTrailing = count == names.count + 1 && isEmpty
      return .problem(
        DataProblem.ragged(
          place(offset), found: count, among: names,
          separator: count == 1
            ? Self.otherSeparator(in: line(from: rowStart), than: separator) : nil,
          isComma: separator == 0x2C && !isTrailing && count > names.count
            && count <= 2 * names.count,
          isTrailing: isTrailing, at: span))
    } catch {
      return .problem(error)
    }
  }

  /// Counts the fields of the row at the cursor and tells where the one too many, or the end, is.
  private mutating func countFields(
    _ note: (Int) -> Void = { _ in }
  ) throws(DiagnosticError) -> Int {
    var count = 0
    skipBlanks()
    while true {
      let field = try readField()
      count += 1
      if count == names.count + 1 { note(field.start) }
      if !passSeparator() { break }
    }
    if count < names.count { note(cursor) }
    return count
  }

  private func line(from start: Int) -> String {
    var end = start
    while !endsLine(end) { end += 1 }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  /// The separator that a line seems to have; nil where it has no other.
  private static func otherSeparator(
    in line: String, than separator: UInt8, orSpaces: Bool = false
  ) -> Character? {
    let counts = [";", "\t", "|", ","].map { (other: Character) in
      (other, line.count { $0 == other })
    }
    if orSpaces, counts.allSatisfy({ $0.1 == 0 }), trimmed(line).contains(" ") { return " " }
    guard let most = counts.max(by: { $0.1 < $1.1 }), most.1 > 0,
      most.0.asciiValue != separator
    else { return nil }
    return most.0
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

import Basics
import Diagnostics
import Files

// What is wrong with tables, arrays and data sets (R07xx), one factory each.
extension DataProblem {
  // MARK: Tables

  static func headerOnly(_ place: DataPlace, at span: Span) -> DiagnosticError {
    make(.headerOnly, place, "the file has a header but no rows of data", at: span)
  }

  static func duplicateColumn(
    _ place: DataPlace, name: String, first: Int, among names: [String], at span: Span
  ) -> DiagnosticError {
    make(
      .duplicateColumn, place,
      "two columns are named \"\(printable(name))\"; the first is column \(first)",
      at: span,
      notes: [
        looksLikeData(names)
          ? noHeader
          : "give each a name of its own, or leave both out by `drop = [\"\(printable(name))\"]`"
      ])
  }

  static func namelessColumn(_ place: DataPlace, number: Int, at span: Span) -> DiagnosticError {
    make(
      .namelessColumn, place, "column \(number) has no name in the header", at: span,
      notes: ["columns without a name, such as row numbers, are left out by `drop = [\"\"]`"])
  }

  static func noColumn(
    _ path: String, name: String, among names: [String], at span: Span
  ) -> DiagnosticError {
    let isData = looksLikeData(names)
    return make(
      .unknownColumn, DataPlace(path, line: 1, column: 1),
      "there is no column \"\(printable(name))\""
        + (isData ? "" : nearestHint(name, names)), at: span,
      notes: [isData ? noHeader : "the columns are \(listing(names))"])
  }

  /// Whether the first line is a row of data: nothing but numbers, or one with a decimal point. None of
  /// them is near to what was meant.
  private static func looksLikeData(_ names: [String]) -> Bool {
    let numbers = names.filter { DecimalNumber.exact($0) != nil }
    return numbers.count == names.count || numbers.contains { $0.contains(".") }
  }

  private static let noHeader =
    "the file seems to have no header, for its first line is a row of data: put a line of names above it, or say "
    + "`header = 0`: the columns are then \"1\", \"2\", …"

  static func ragged(
    _ place: DataPlace, found: Int, among names: [String], separator: Character?, isComma: Bool,
    isTrailing: Bool, at span: Span
  ) -> DiagnosticError {
    let expected = names.count
    var hint = separator.map { [separatorHint($0)] }
    if isComma {
      hint = ["numbers with a decimal comma, such as 1,5, are to stand in double quotes"]
    }
    if isTrailing {
      hint = [
        "the row ends in a separator: end the line of names in one too, and say `drop = [\"\"]`"
      ]
    }
    if names[0].hasPrefix("#"), found > expected {
      hint = [
        "\"\(printable(names[0]))\" is taken for the header: lines that begin with `#` are no comments in a table, take "
          + "them out"
      ]
    }
    return make(
      .raggedRow, place,
      "this row has \(found) field\(found == 1 ? "" : "s"), but the header has \(expected)",
      at: span, notes: hint ?? [])
  }

  private static func separatorHint(_ separator: Character) -> String {
    let name =
      [";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", " ": "spaces"][separator] ?? ""
    let written = separator == "\t" ? "\\t" : String(separator)
    return "the fields look separated by \(name): say `separator = \"\(written)\"`"
  }

  static func otherSeparator(
    _ place: DataPlace, _ separator: Character, at span: Span
  ) -> DiagnosticError {
    make(
      .raggedRow, place, "the header has one field", at: span, notes: [separatorHint(separator)])
  }

  static func title(_ place: DataPlace, _ line: String, at span: Span) -> DiagnosticError {
    make(
      .raggedRow, place, "the first line has one field, and the next has more", at: span,
      notes: [
        "\"\(printable(line))\" is taken for the names of the columns: take out what stands above them"
      ])
  }

  /// A text in a column of numbers.
  static func notNumber(
    _ place: DataPlace, text: String, column: String, numbers: Int, of count: Int, at span: Span
  ) -> DiagnosticError {
    make(
      .textForNumber, place,
      "\"\(printable(text))\" in column \"\(printable(column))\" is not a number", at: span,
      notes: [
        "\(numbers) of \(count) cells of the column are numbers: mend the others; a column that is no target is left out by "
          + "`drop = [\"\(printable(column))\"]`"
      ])
  }

  static func decoratedNumber(
    _ place: DataPlace, text: String, column: String, _ repair: String, at span: Span
  ) -> DiagnosticError {
    make(
      .textForNumber, place,
      "\"\(printable(text))\" in column \"\(printable(column))\" is not a number as it is written",
      at: span, notes: [repair])
  }

  static func manyTexts(_ path: String, column: String, at span: Span) -> DiagnosticError {
    make(
      .textForNumber, DataPlace(path),
      "column \"\(printable(column))\" has more than \(TextColumn.mostClasses) different texts",
      at: span,
      notes: [
        "names and free text are no classes: `drop = [\"\(printable(column))\"]` leaves it out"
      ])
  }

  static func dates(
    _ path: String, column: String, example: String, at span: Span
  ) -> DiagnosticError {
    make(
      .textForNumber, DataPlace(path),
      "column \"\(printable(column))\" holds dates or times like \"\(printable(example))\", which are no classes",
      at: span,
      notes: [
        "write them as numbers, such as days since the first, or leave the column out by `drop = [\"\(printable(column))\"]`",
        "rows that stand in the order of time are split in that order by `order = \"time\"`",
      ])
  }

  static func textsLikeNumbers(
    _ path: String, column: String, example: String, at span: Span
  ) -> DiagnosticError {
    make(
      .textForNumber, DataPlace(path),
      "column \"\(printable(column))\" holds texts like \"\(printable(example))\": numbers with units or signs, which are "
        + "no classes", at: span,
      notes: [
        "write them as numbers, or leave the column out by `drop = [\"\(printable(column))\"]`"
      ])
  }

  static func manyClasses(
    _ path: String, column: String, count: Int, limit: Int, at span: Span
  ) -> DiagnosticError {
    make(
      .textForNumber, DataPlace(path),
      "column \"\(printable(column))\" has \(count) different texts, and each would be a feature",
      at: span,
      notes: [
        "up to \(limit) are; `drop = [\"\(printable(column))\"]` leaves the column out"
      ])
  }

  static func allIncomplete(_ path: String, _ rows: Int, at span: Span) -> DiagnosticError {
    make(
      .missingValue, DataPlace(path), "each of the \(rows) rows has a missing value", at: span,
      notes: ["leave out a column that is mostly empty by `drop = [\"…\"]`"])
  }

  static func missingTarget(
    _ path: String, column: String, row: Int, at span: Span
  ) -> DiagnosticError {
    make(
      .missingValue, DataPlace(path),
      "row \(row) has no value in \"\(printable(column))\", which is to be learnt", at: span,
      notes: ["`missing = \"drop\"` leaves such rows out; a mean is no answer to learn"])
  }

  static func noMean(_ path: String, column: String, at span: Span) -> DiagnosticError {
    make(
      .missingValue, DataPlace(path),
      "no training row has a value in column \"\(printable(column))\"", at: span,
      notes: ["`drop = [\"\(printable(column))\"]` leaves the column out"])
  }

  static func missingValue(
    _ place: DataPlace, text: String, column: String, at span: Span
  ) -> DiagnosticError {
    let what = text.isEmpty ? "there is no value" : "\"\(printable(text))\" is a missing value"
    return make(
      .missingValue, place, "\(what) in column \"\(printable(column))\"", at: span,
      notes: [gaps])
  }

  private static let gaps =
    "`missing = \"mean\"` fills gaps with the mean of the training rows, `missing = \"drop\"` leaves the rows out"

  static func longRow(_ place: DataPlace, limit: Int, at span: Span) -> DiagnosticError {
    make(
      .fileTooLarge, place, "a row is longer than \(limit) bytes", at: span,
      notes: ["a quote that is never closed takes all that follows for one row"])
  }

  static func notFinite(
    _ place: DataPlace, text: String, column: String, at span: Span
  ) -> DiagnosticError {
    make(
      .valueNotFinite, place,
      "\"\(printable(text))\" in column \"\(printable(column))\" is not a finite number", at: span,
      notes: text.lowercased().hasSuffix("nan")
        ? [gaps] : DecimalNumber.exact(text).map(\.isFinite) ?? false ? [floatLimit] : [])
  }

  static func quoting(_ place: DataPlace, closed: Bool, at span: Span) -> DiagnosticError {
    let text =
      closed
      ? "text follows the closing quote; a quote inside a quoted field is written twice"
      : "this quoted field is never closed"
    return make(.badQuotes, place, text, at: span)
  }

  static func otherFormat(
    _ place: DataPlace, _ format: String, at span: Span
  ) -> DiagnosticError {
    make(.fileNotText, place, "the file is no CSV: it is \(format)", at: span)
  }

  /// A number that float64 has and float32 has not.
  static func beyondFloat(
    _ source: String, column: String, value: Double, at span: Span
  ) -> DiagnosticError {
    make(
      .valueNotFinite, DataPlace(source),
      "column \"\(printable(column))\" holds \(NumberText.short(value)), which is infinite in float32",
      at: span, notes: [floatLimit])
  }

  private static let floatLimit =
    "numbers of a run end at 3.4e38: `scale` makes features smaller, `--dtype f64` computes in float64, in a session "
    + "`:set dtype f64`"

  static func notText(_ place: DataPlace, reason: String, at span: Span) -> DiagnosticError {
    make(.fileNotText, place, "the file is not UTF-8 text: \(reason)", at: span)
  }

  static func noFeatures(_ path: String, targets: [String], at span: Span) -> DiagnosticError {
    let are = targets.count == 1 ? "is the only column" : "are all columns"
    return make(
      .noFeatures, DataPlace(path, line: 1, column: 1),
      "\(listing(targets)) \(are); nothing is left to learn from", at: span)
  }

  // MARK: Arrays

  static func notNPY(_ place: DataPlace, at span: Span) -> DiagnosticError {
    make(.notNPY, place, "this is not an NPY file: it does not begin with \\x93NUMPY", at: span)
  }

  static func npyVersion(_ place: DataPlace, major: Int, at span: Span) -> DiagnosticError {
    make(
      .npyVersion, place, "NPY format version \(major) is not known; versions 1 to 3 are", at: span)
  }

  static func npyHeader(_ place: DataPlace, reason: String, at span: Span) -> DiagnosticError {
    make(.npyHeader, place, "the NPY header is malformed: \(reason)", at: span)
  }

  static func elementType(_ place: DataPlace, descr: String, at span: Span) -> DiagnosticError {
    make(
      .elementType, place, "elements of type \(printable(descr)) cannot be read", at: span,
      notes: ["f2, f4, f8, i1 to i8, u1 to u8 and b1 can; convert with x.astype(\"f4\")"])
  }

  static func arrayLength(
    _ place: DataPlace, found: Int, expected: Int, at span: Span
  ) -> DiagnosticError {
    let what = found < expected ? "the file is cut short" : "there are bytes after the array"
    return make(
      .arrayLength, place, "\(what): the shape asks for \(expected) bytes of data, found \(found)",
      at: span)
  }

  static func tooManyValues(_ place: DataPlace, limit: Int, at span: Span) -> DiagnosticError {
    make(
      .tooManyValues, place, "more than \(limit) values; the data do not fit the limit", at: span)
  }

  static func notZip(_ path: String, at span: Span) -> DiagnosticError {
    make(
      .notZip, DataPlace(path), "this is not an NPZ (zip) archive: its end record is missing",
      at: span,
      notes: ["the file may be cut short, or be something else under this name"])
  }

  static func damagedZip(_ place: DataPlace, reason: String, at span: Span) -> DiagnosticError {
    make(.damagedZip, place, "the archive is damaged: \(reason)", at: span)
  }

  static func zipFeature(_ place: DataPlace, feature: String, at span: Span) -> DiagnosticError {
    make(
      .zipFeature, place, "the archive uses \(feature), which cannot be read", at: span,
      notes: ["numpy.savez and numpy.savez_compressed write archives that can"])
  }

  static func badDeflate(_ place: DataPlace, reason: String, at span: Span) -> DiagnosticError {
    make(.badDeflate, place, "the compressed data are malformed: \(reason)", at: span)
  }

  static func checksum(_ place: DataPlace, at span: Span) -> DiagnosticError {
    make(.badChecksum, place, "the data do not match their checksum; the file is damaged", at: span)
  }

  static func noArray(
    _ path: String, name: String, among names: [String], at span: Span
  ) -> DiagnosticError {
    make(
      .unknownArray, DataPlace(path),
      "there is no array \"\(printable(name))\"" + nearestHint(name, names), at: span,
      notes: ["the arrays are \(listing(names))"])
  }

  static func shapes(_ place: DataPlace, reason: String, at span: Span) -> DiagnosticError {
    make(.arrayShapes, place, reason, at: span)
  }

  // MARK: Data sets

  static func fraction(
    _ source: String, _ part: String, _ fraction: Double, at span: Span
  ) -> DiagnosticError {
    make(
      .notAFraction, DataPlace(source),
      "the \(part) part must be a fraction between 0 and 1, not \(fraction)",
      at: span)
  }

  static func emptySplit(
    _ source: String, rows: Int, fractions: [Double], part: String, at span: Span
  ) -> DiagnosticError {
    let shares = fractions.map { "\($0)" }.joined(separator: " and ")
    return make(
      .emptySplit, DataPlace(source),
      "\(fractions.count > 1 ? "parts" : "a part") of \(shares) of \(rows) "
        + "row\(rows == 1 ? "" : "s") \(fractions.count > 1 ? "leave" : "leaves") the \(part) part "
        + "empty", at: span)
  }

  static func classTarget(
    _ source: String, row: Int, value: Double, reason: String, at span: Span
  ) -> DiagnosticError {
    make(
      .classTarget, DataPlace(source), "row \(row): target \(value) is not a class: \(reason)",
      at: span,
      notes: ["classes are the integers 0, 1, …, k - 1, each used at least once"])
  }

  static func notALabel(
    _ source: String, column: String, value: Double, _ what: String, _ repair: String,
    at span: Span
  ) -> DiagnosticError {
    make(
      .classTarget, DataPlace(source),
      "column \"\(printable(column))\" holds \(NumberText.short(value)): \(what)", at: span,
      notes: [repair])
  }

  static func scaleFactor(_ source: String, _ factor: Double, at span: Span) -> DiagnosticError {
    make(
      .scaleFactor, DataPlace(source), "the scale factor must be finite and not 0, not \(factor)",
      at: span)
  }

  static func scaleOverflow(_ source: String, at span: Span) -> DiagnosticError {
    make(
      .scaleOverflow, DataPlace(source), "a value scaled by this factor is no longer finite",
      at: span)
  }
}

import Diagnostics
import Files

/// Reads one NumPy array (NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays").
struct NPYReader {
  private let bytes: UnsafeRawBufferPointer
  private let path: String
  private let span: Span

  init(_ bytes: UnsafeRawBufferPointer, path: String, span: Span) {
    self.bytes = bytes
    self.path = path
    self.span = span
  }

  private static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
  /// NumPy itself allows 64 axes.
  private static let rankLimit = 64

  func array() throws(DiagnosticError) -> NumericArray {
    let place = DataPlace(path)
    guard bytes.count >= 8, bytes.prefix(6).elementsEqual(Self.magic) else {
      throw DataProblem.notNPY(place, at: span)
    }
    let major = Int(bytes[6])
    guard (1...3).contains(major) else {
      throw DataProblem.npyVersion(place, major: major, at: span)
    }
    let lengthBytes = major == 1 ? 2 : 4
    let headerStart = 8 + lengthBytes
    guard bytes.count >= headerStart else {
      throw DataProblem.npyHeader(place, reason: "the file ends in it", at: span)
    }
    var length = 0
    for i in (0..<lengthBytes).reversed() { length = length << 8 | Int(bytes[8 + i]) }
    guard length <= bytes.count - headerStart else {
      throw DataProblem.npyHeader(place, reason: "the file ends in it", at: span)
    }
    var parser = NPYHeaderParser(
      UnsafeRawBufferPointer(rebasing: bytes[headerStart..<headerStart + length]))
    let header: NPYHeader
    do throws(NPYHeaderParser.Malformed) {
      header = try parser.header()
    } catch {
      throw DataProblem.npyHeader(place, reason: error.reason, at: span)
    }
    guard let element = NPYElement(header.descr) else {
      throw DataProblem.elementType(place, descr: header.descr, at: span)
    }
    let count = try elementCount(header.shape)
    let data = UnsafeRawBufferPointer(rebasing: bytes[(headerStart + length)...])
    let (expected, overflow) = count.multipliedReportingOverflow(by: element.size)
    guard !overflow, data.count == expected else {
      throw DataProblem.arrayLength(
        place, found: data.count, expected: overflow ? .max : expected, at: span)
    }
    guard count <= DataFile.valueLimit else {
      throw DataProblem.tooManyValues(place, limit: DataFile.valueLimit, at: span)
    }
    let values = element.decode(data, count: count)
    let isMatrixOrder = header.fortranOrder && header.shape.count > 1 && count > 0
    return NumericArray(
      shape: header.shape,
      values: isMatrixOrder ? Self.rowMajor(values, shape: header.shape) : values,
      isFloating: element.isFloating)
  }

  private func elementCount(_ shape: [Int]) throws(DiagnosticError) -> Int {
    guard shape.count <= Self.rankLimit else {
      throw DataProblem.npyHeader(
        DataPlace(path), reason: "\(shape.count) axes; at most \(Self.rankLimit) are allowed",
        at: span)
    }
    if shape.contains(0) { return 0 }
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow {
        throw DataProblem.tooManyValues(DataPlace(path), limit: DataFile.valueLimit, at: span)
      }
      count = product
    }
    return count
  }

  /// Reorders values whose first index runs fastest.
  private static func rowMajor(_ values: [Double], shape: [Int]) -> [Double] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in 1..<shape.count { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    var index = [Int](repeating: 0, count: shape.count)
    var offset = 0
    var out: [Double] = []
    out.reserveCapacity(values.count)
    for _ in values.indices {
      out.append(values[offset])
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        offset += strides[axis]
        if index[axis] < shape[axis] { break }
        offset -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return out
  }
}

/// What the header of an array says.
struct NPYHeader {
  var descr: String
  var fortranOrder: Bool
  var shape: [Int]
}

/// Reads the header: a Python dictionary of exactly `descr`, `fortran_order` and `shape`.
struct NPYHeaderParser {
  struct Malformed: Error {
    var reason: String
  }

  private let bytes: UnsafeRawBufferPointer
  private var cursor = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func header() throws(Malformed) -> NPYHeader {
    var descr: String?
    var order: Bool?
    var shape: [Int]?
    try expect("{")
    while !take("}") {
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where descr == nil: descr = try description()
      case "fortran_order" where order == nil: order = try boolean()
      case "shape" where shape == nil: shape = try tuple()
      default: throw Malformed(reason: "unexpected key \"\(printable(key))\"")
      }
      if !take(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard cursor == bytes.count else { throw Malformed(reason: "text follows the dictionary") }
    guard let descr else { throw Malformed(reason: "\"descr\" is missing") }
    guard let order else { throw Malformed(reason: "\"fortran_order\" is missing") }
    guard let shape else { throw Malformed(reason: "\"shape\" is missing") }
    return NPYHeader(descr: descr, fortranOrder: order, shape: shape)
  }

  private mutating func skipSpace() {
    while cursor < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[cursor]) { cursor += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard cursor < bytes.count, bytes[cursor] == UInt8(ascii: character) else { return false }
    cursor += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Malformed) {
    guard take(character) else { throw Malformed(reason: "\"\(character)\" is missing") }
  }

  private mutating func string() throws(Malformed) -> String {
    skipSpace()
    guard cursor < bytes.count, bytes[cursor] == 0x27 || bytes[cursor] == 0x22 else {
      throw Malformed(reason: "a quoted name is missing")
    }
    let mark = bytes[cursor]
    let start = cursor + 1
    cursor = start
    while cursor < bytes.count, bytes[cursor] != mark { cursor += 1 }
    guard cursor < bytes.count else { throw Malformed(reason: "a quote is not closed") }
    cursor += 1
    return String(decoding: bytes[start..<cursor - 1], as: UTF8.self)
  }

  /// The element type: a string, or the bracketed list of a structured type, kept as written.
  private mutating func description() throws(Malformed) -> String {
    skipSpace()
    guard cursor < bytes.count, bytes[cursor] == UInt8(ascii: "[") else { return try string() }
    let start = cursor
    var depth = 0
    while cursor < bytes.count {
      if bytes[cursor] == UInt8(ascii: "[") { depth += 1 }
      if bytes[cursor] == UInt8(ascii: "]") { depth -= 1 }
      cursor += 1
      if depth == 0 { return String(decoding: bytes[start..<cursor], as: UTF8.self) }
    }
    throw Malformed(reason: "a bracket is not closed")
  }

  private mutating func boolean() throws(Malformed) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)]
    where bytes[cursor...].starts(with: word.utf8) {
      cursor += word.utf8.count
      return value
    }
    throw Malformed(reason: "\"fortran_order\" is neither True nor False")
  }

  private mutating func tuple() throws(Malformed) -> [Int] {
    try expect("(")
    var extents: [Int] = []
    while !take(")") {
      extents.append(try extent())
      guard extents.count <= 1024 else { throw Malformed(reason: "the shape has no end") }
      if !take(",") {
        try expect(")")
        break
      }
    }
    return extents
  }

  private mutating func extent() throws(Malformed) -> Int {
    skipSpace()
    var value = 0
    var digits = 0
    while cursor < bytes.count, (0x30...0x39).contains(bytes[cursor]) {
      value = value * 10 + Int(bytes[cursor] - 0x30)
      guard value <= 1 << 48 else { throw Malformed(reason: "the shape is beyond any file") }
      digits += 1
      cursor += 1
    }
    guard digits > 0 else { throw Malformed(reason: "the shape is not a tuple of whole numbers") }
    // Python 2 wrote long integers as 3L.
    if cursor < bytes.count, bytes[cursor] == UInt8(ascii: "L") { cursor += 1 }
    return value
  }
}

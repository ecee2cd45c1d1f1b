/// A JSON value (RFC 8259). Objects keep the order of their members.
///
/// Numbers that JSON cannot write (NaN, infinities) are the strings "nan", "inf" and "-inf".
package enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])

  package static func int(_ x: Int) -> JSONValue { .number(Double(x)) }

  /// An object from pairs in the order given.
  package static func record(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(members.map { JSONMember($0.key, $0.value) })
  }

  /// A member of an object; nil when there is none or this is no object.
  package subscript(_ key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  package var text: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  /// A number, or one of the strings that stand for infinities and NaN.
  package var real: Double? {
    switch self {
    case .number(let x): x
    case .string("inf"), .string("Infinity"): .infinity
    case .string("-inf"), .string("-Infinity"): -.infinity
    case .string("nan"), .string("NaN"): .nan
    default: nil
    }
  }

  package var items: [JSONValue]? {
    if case .array(let items) = self { return items }
    return nil
  }
}

package struct JSONMember: Hashable, Sendable {
  package var key: String
  package var value: JSONValue
  package init(_ key: String, _ value: JSONValue) {
    self.key = key
    self.value = value
  }
}

extension JSONValue {
  /// The text, two spaces a level; arrays and objects without inner structure stay on one line.
  package func rendered() -> String {
    var output = ""
    write(into: &output, depth: 0)
    return output + "\n"
  }

  /// The text on one line.
  package var line: String {
    switch self {
    case .array(let items): "[" + items.map(\.line).joined(separator: ", ") + "]"
    case .object(let members):
      "{" + members.map { JSONText.quoted($0.key) + ": " + $0.value.line }.joined(separator: ", ")
        + "}"
    case .null: "null"
    case .bool(let x): x ? "true" : "false"
    case .number(let x): Self.written(x)
    case .string(let text): JSONText.quoted(text)
    }
  }

  private func write(into output: inout String, depth: Int) {
    switch self {
    case .null, .bool, .number, .string: output += line
    case .array(let items):
      let isFlat = items.allSatisfy(\.isLeaf)
      Self.list("[", "]", items, isFlat, &output, depth) { item, output in
        item.write(into: &output, depth: depth + 1)
      }
    case .object(let members):
      Self.list("{", "}", members, false, &output, depth) { member, output in
        output += JSONText.quoted(member.key) + ": "
        member.value.write(into: &output, depth: depth + 1)
      }
    }
  }

  private var isLeaf: Bool {
    switch self {
    case .array(let items): items.isEmpty
    case .object(let members): members.isEmpty
    default: true
    }
  }

  private static func list<T>(
    _ open: String, _ close: String, _ items: [T], _ isFlat: Bool, _ output: inout String,
    _ depth: Int, _ write: (T, inout String) -> Void
  ) {
    if items.isEmpty {
      output += open + close
      return
    }
    let inner = isFlat ? "" : "\n" + String(repeating: "  ", count: depth + 1)
    output += open
    for (i, item) in items.enumerated() {
      if i > 0 { output += isFlat ? ", " : "," }
      output += inner
      write(item, &output)
    }
    output += (isFlat ? "" : "\n" + String(repeating: "  ", count: depth)) + close
  }

  private static func written(_ x: Double) -> String {
    let text = NumberText.shortest(x, signedZero: true)
    return x.isFinite ? text : JSONText.quoted(text)
  }
}

/// Where a JSON text is wrong, and how.
package struct JSONError: Error, Hashable, Sendable {
  /// Line and column (bytes) from 1.
  package var line: Int
  package var column: Int
  package var message: String
}

/// Reads JSON from bytes: strict, within a nesting bound, numbers exactly rounded.
package struct JSONReader {
  private let bytes: [UInt8]
  private var at = 0
  private var depth = 0
  private static let depthLimit = 512

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    var reader = JSONReader(bytes)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.at = 3 }
    let value = try reader.value()
    reader.skipSpace()
    if reader.at < bytes.count { throw reader.error("text after the end of the value") }
    return value
  }

  private func error(_ message: String) -> JSONError {
    var line = 1
    var column = 1
    for byte in bytes.prefix(at) {
      if byte == 0x0A {
        line += 1
        column = 1
      } else {
        column += 1
      }
    }
    return JSONError(line: line, column: column, message: message)
  }

  private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      at += 1
    }
  }

  private mutating func value() throws(JSONError) -> JSONValue {
    skipSpace()
    guard let byte = current else { throw error("the text ends where a value belongs") }
    switch byte {
    case UInt8(ascii: "{"): return try nested { (reader) throws(JSONError) in try reader.object() }
    case UInt8(ascii: "["): return try nested { (reader) throws(JSONError) in try reader.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default: return try word()
    }
  }

  private mutating func nested(
    _ body: (inout JSONReader) throws(JSONError) -> JSONValue
  ) throws(JSONError) -> JSONValue {
    guard depth < Self.depthLimit else { throw error("more than \(Self.depthLimit) levels") }
    depth += 1
    defer { depth -= 1 }
    at += 1
    return try body(&self)
  }

  private mutating func word() throws(JSONError) -> JSONValue {
    let words: [(String, JSONValue)] = [
      ("true", .bool(true)), ("false", .bool(false)), ("null", .null), ("NaN", .number(.nan)),
      ("Infinity", .number(.infinity)),
    ]
    for (word, value) in words where bytes[at...].starts(with: word.utf8) {
      at += word.utf8.count
      return value
    }
    throw error("a value belongs here")
  }

  private mutating func array() throws(JSONError) -> JSONValue {
    var items: [JSONValue] = []
    skipSpace()
    if take("]") { return .array(items) }
    while true {
      items.append(try value())
      skipSpace()
      if take("]") { return .array(items) }
      guard take(",") else { throw error("expected `,` or `]`") }
    }
  }

  private mutating func object() throws(JSONError) -> JSONValue {
    var members: [JSONMember] = []
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw error("expected the name of a member") }
      let key = try string()
      skipSpace()
      guard take(":") else { throw error("expected `:`") }
      members.append(JSONMember(key, try value()))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw error("expected `,` or `}`") }
    }
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard current == UInt8(ascii: scalar) else { return false }
    at += 1
    return true
  }

  private mutating func number() throws(JSONError) -> Double {
    let start = at
    if bytes[at...].starts(with: "-Infinity".utf8) {
      at += 9
      return -.infinity
    }
    while let byte = current,
      (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte)
    {
      at += 1
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    guard let x = Double(text), text.last?.isNumber == true else {
      at = start
      throw error("malformed number")
    }
    return x
  }

  private mutating func string() throws(JSONError) -> String {
    at += 1
    var scalars: [UInt8] = []
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        at += 1
        guard let text = String(validating: scalars, as: UTF8.self) else {
          throw error("a string that is not UTF-8")
        }
        return text
      case UInt8(ascii: "\\"):
        at += 1
        scalars += try escape()
      case 0..<0x20: throw error("a control character inside a string")
      default:
        scalars.append(byte)
        at += 1
      }
    }
    throw error("a string without an end")
  }

  private mutating func escape() throws(JSONError) -> [UInt8] {
    guard let byte = current else { throw error("a string without an end") }
    at += 1
    switch byte {
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "u"):
      var unit = try hexadecimal()
      if (0xD800..<0xDC00).contains(unit), bytes[at...].starts(with: "\\u".utf8) {
        at += 2
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw error("half of a surrogate pair") }
        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(unit) else { throw error("half of a surrogate pair") }
      return Array(String(Character(scalar)).utf8)
    default: throw error("unknown escape")
    }
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    guard at + 4 <= bytes.count,
      let unit = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
    else { throw error("`\\u` needs four hexadecimal digits") }
    at += 4
    return unit
  }
}

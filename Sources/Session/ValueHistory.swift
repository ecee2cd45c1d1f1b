/// The values that a session has shown: `%` and `ans` are the last, `%3` the third.
struct ValueHistory {
  /// Each as an expression of the language that has this value; nil for what was too long.
  private(set) var values: [String?] = []

  /// Longer values are not kept: they can be asked for again.
  private static let longest = 20_000

  var count: Int { values.count }

  /// Words that a value follows.
  private static let beforeValues: Set = [
    "mod", "and", "or", "not", "if", "then", "else", "with", "from", "against", "assert",
    "in", "by",
  ]

  /// Keeps a value and returns its number.
  mutating func add(_ expression: String?) -> Int {
    values.append(expression)
    return values.count
  }

  /// A reference to a value that there is not.
  struct Missing: Error {
    var name: String
    /// Bytes of the text before it.
    var offset: Int
    var count: Int
  }

  /// The text with `%`, `%3` and `ans` written out.
  ///
  /// `%` behind a value is the sign that other languages have for `mod`, and stays, but where words stand side by side
  /// (`isList`). Throws for a value that there is not.
  func expanded(
    _ text: String, namesAnswer: Bool = true, isList: Bool = false
  ) throws(Missing) -> String {
    let bytes = Array(text.utf8)
    guard bytes.contains(UInt8(ascii: "%")) || text.contains("ans") else { return text }
    var result: [UInt8] = []
    var i = 0
    var endsValue = false
    while i < bytes.count {
      let byte = bytes[i]
      switch byte {
      case UInt8(ascii: "\""):
        let end = bytes[(i + 1)...].firstIndex { $0 == byte || $0 == 0x0A } ?? bytes.count - 1
        result += bytes[i...end]
        i = end + 1
        endsValue = true
      case UInt8(ascii: "#"):
        let end = bytes[i...].firstIndex(of: 0x0A) ?? bytes.count
        result += bytes[i..<end]
        i = end
      case UInt8(ascii: "%") where !endsValue || isList:
        let end = bytes[(i + 1)...].firstIndex { !(0x30...0x39).contains($0) } ?? bytes.count
        let digits = String(decoding: bytes[(i + 1)..<end], as: UTF8.self)
        result += try value(digits.isEmpty ? count : Int(digits) ?? 0, "%" + digits, i).utf8
        i = end
        endsValue = true
      case _ where Self.isLetter(byte):
        let end = bytes[i...].firstIndex { !Self.isLetter($0) } ?? bytes.count
        let word = String(decoding: bytes[i..<end], as: UTF8.self)
        let isMember = result.last == UInt8(ascii: ".")
        let isTarget = Self.isAssigned(bytes, end)
        if word == "ans", namesAnswer, !isMember, !isTarget, count > 0 {
          result += try value(count, word, i).utf8
        } else {
          result += bytes[i..<end]
        }
        i = end
        endsValue = !Self.beforeValues.contains(word)
      default:
        if byte > 0x20 {
          endsValue = [UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "'")].contains(byte)
        } else if byte == 0x0A {
          endsValue = false
        }
        result.append(byte)
        i += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private func value(_ n: Int, _ name: String, _ offset: Int) throws(Missing) -> String {
    guard n >= 1, n <= count else { throw Missing(name: name, offset: offset, count: count) }
    guard let text = values[n - 1], text.utf8.count <= Self.longest else {
      throw Missing(name: name, offset: offset, count: count)
    }
    let isPlain = text.utf8.allSatisfy { Self.isLetter($0) || $0 == UInt8(ascii: ".") }
    return isPlain || text.hasPrefix("[") ? text : "(\(text))"
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), 0x80...0xFF: true
    default: false
    }
  }

  /// Whether an `=` follows: a name that is given a value, or an argument's.
  private static func isAssigned(_ bytes: [UInt8], _ end: Int) -> Bool {
    guard let next = bytes[end...].firstIndex(where: { $0 > 0x20 }) else { return false }
    return bytes[next] == UInt8(ascii: "=")
      && !(next + 1 < bytes.count && bytes[next + 1] == UInt8(ascii: "="))
  }
}

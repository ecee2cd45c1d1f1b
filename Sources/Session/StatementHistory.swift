/// Earlier statements as a file keeps them: one a line, line breaks inside as `\n`.
package enum StatementHistory {
  /// The most statements that a file keeps.
  package static let limit = 5_000

  package static func line(_ statement: String) -> String {
    var result = ""
    for scalar in statement.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\0": break
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The statements of a file, oldest first. What a crash left of its last line is passed over.
  package static func statements(_ bytes: [UInt8]) -> [String] {
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    // Without a line break at the end the last one was not written whole.
    lines.removeLast()
    return lines.compactMap { line in
      let text = statement(line)
      return text.isEmpty ? nil : text
    }
  }

  private static func statement(_ line: ArraySlice<UInt8>) -> String {
    var result: [UInt8] = []
    var isEscaped = false
    for byte in line where byte != 0 {
      if isEscaped {
        switch byte {
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        default: result.append(byte)
        }
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

import Basics

/// Builds well-formed SVG text.
struct SVGText {
  private(set) var text = ""

  /// Text fit for XML 1.0: markup escaped, characters that XML forbids replaced.
  static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      case "\t", "\n", "\r": out += " "
      default:
        let isForbidden = scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF
        out.unicodeScalars.append(isForbidden ? "\u{FFFD}" : scalar)
      }
    }
    return out
  }

  /// A coordinate in at most two decimals.
  static func coordinate(_ value: Double) -> String {
    var text = NumberText.fixed(value, decimals: 2)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  /// Adds an element; values of attributes are escaped, those that are nil left out.
  mutating func element(
    _ name: String, _ attributes: KeyValuePairs<String, String?>, content: String? = nil
  ) {
    open(name, attributes, isEmpty: content == nil)
    if let content { text += "\(Self.escaped(content))</\(name)>\n" }
  }

  mutating func open(
    _ name: String, _ attributes: KeyValuePairs<String, String?>, isEmpty: Bool = false
  ) {
    text += "<\(name)"
    for (key, value) in attributes {
      if let value { text += " \(key)=\"\(Self.escaped(value))\"" }
    }
    text += isEmpty ? "/>\n" : ">"
  }

  mutating func close(_ name: String) { text += "</\(name)>\n" }

  /// The `d` of a path through points already in drawing units.
  static func path(_ points: [PlotPoint], closed: Bool = false) -> String {
    var out = ""
    for (i, point) in points.enumerated() {
      out += i == 0 ? "M" : i == 1 ? "L" : " "
      out += coordinate(point.x) + " " + coordinate(point.y)
    }
    return closed ? out + "Z" : out
  }
}

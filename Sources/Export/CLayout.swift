/// Lines of C broken where they are longer than 100 columns: at the loosest sign that leaves room.
enum CLayout {
  static let width = 100

  static func text(_ lines: [String]) -> String {
    var result: [String] = []
    var isComment = false
    for line in lines {
      if line.hasPrefix("/*") { isComment = true }
      result += isComment || line.hasPrefix("#") ? [line] : broken(line)
      if line.hasSuffix("*/") { isComment = false }
    }
    return result.map { line in
      var line = line[...]
      while line.last == " " { line = line.dropLast() }
      return line + "\n"
    }.joined()
  }

  private static func broken(_ line: String) -> [String] {
    if line.count <= width { return [line] }
    let letters = Array(line)
    let indent = String(line.prefix { $0 == " " })
    // The last place within the width at which the least deep bracket breaks.
    var best: (depth: Int, place: Int)?
    var depth = 0
    for i in letters.indices where i < width {
      if letters[i] == "(" || letters[i] == "{" { depth += 1 }
      if letters[i] == ")" || letters[i] == "}" { depth -= 1 }
      guard letters[i] == " ", i > indent.count + 8, i + 2 < letters.count else { continue }
      // The head of a function breaks between its arguments alone.
      let isSign = !indent.isEmpty && "+-*/?:&|".contains(letters[i + 1])
      let isAfterComma = letters[i - 1] == ","
      guard isSign || isAfterComma else { continue }
      if best.map({ depth <= $0.depth }) ?? true { best = (depth, i) }
    }
    guard let best else { return [line] }
    let head = String(letters[..<best.place])
    let extra = indent.isEmpty || !line.dropFirst(indent.count).hasPrefix(" ") ? "    " : ""
    return [head] + broken(continued(indent + extra + String(letters[(best.place + 1)...]), indent))
  }

  /// A line that goes on is broken with the same indentation again.
  private static func continued(_ line: String, _ indent: String) -> String { line }
}

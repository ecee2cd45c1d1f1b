import Diagnostics

/// Pages of the catalogue of diagnostics as text: `ravine explain`, `:help R0301`.
package enum CatalogText {
  package static func text(_ page: CatalogPage) -> String {
    var output = "\(page.code): \(page.title)\n\n" + wrapped(page.text) + "\n"
    output += "Example:\n\n" + text(page.trigger) + "\nRepair:\n\n" + text(page.repair)
    return output
  }

  package static func text(_ example: CatalogExample) -> String {
    switch example {
    case .program(let text): return indented(text)
    case .situation(let text): return indented(text)
    case .command(let line, let files):
      return files.map { "    # \($0.name)\n" + indented($0.text) + "\n" }.joined()
        + indented("$ " + line)
    case .data(let name, let text, let options):
      return "    # \(name)" + (options.isEmpty ? "" : ", read with \(options)") + "\n"
        + indented(text)
    }
  }

  private static func indented(_ text: String) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "" : "    " + $0 }
    while let last = lines.last, last.allSatisfy(\.isWhitespace) { lines.removeLast() }
    return lines.joined(separator: "\n").trimmedRight + "\n"
  }

  /// Lines of at most 88 columns; blank lines part paragraphs.
  private static func wrapped(_ text: String) -> String {
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
      if !line.isEmpty, line.count + 1 + word.count > 88 {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return (lines + [line]).joined(separator: "\n") + "\n"
  }
}

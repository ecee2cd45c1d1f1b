/// Reads the pages of the catalogue, which are Markdown (`Pages/`): a heading with code and title,
/// paragraphs, and two examples, the second the repair.
///
/// The word behind the mark of a block says what it holds: `opt` a program, `text` a situation,
/// `data NAME OPTIONS` a data file, `sh` a command, before which `file NAME` gives what it reads.
enum CatalogReader {
  static func pages(_ markdown: String) -> [CatalogPage] {
    var pages: [CatalogPage] = []
    var lines = markdown.split(separator: "\n", omittingEmptySubsequences: false)[...]
    while let line = lines.popFirst() {
      if line.hasPrefix("# R") { pages.append(page(line, &lines)) }
    }
    return pages
  }

  private static func page(
    _ heading: Substring, _ lines: inout ArraySlice<Substring>
  ) -> CatalogPage {
    let number = Int(heading.dropFirst(3).prefix(4)) ?? 0
    guard let code = DiagnosticCode(rawValue: number) else {
      preconditionFailure("no diagnostic has the code of \(heading)")
    }
    let text = lines.prefix { $0 != "Example:" }.filter { !$0.isEmpty }.joined(separator: " ")
    return CatalogPage(
      code: code, title: String(heading.dropFirst(8)), text: text, trigger: example(&lines),
      repair: example(&lines))
  }

  /// The next example: blocks up to one that is not a file.
  private static func example(_ lines: inout ArraySlice<Substring>) -> CatalogExample {
    var files: [(name: String, text: String)] = []
    while let line = lines.popFirst() {
      guard line.hasPrefix("```") else { continue }
      let text = lines.prefix { $0 != "```" }
      lines = lines[text.endIndex...].dropFirst()
      let content = text.joined(separator: "\n")
      let words = line.dropFirst(3).split(separator: " ", maxSplits: 2).map(String.init)
      switch words[0] {
      case "opt": return .program(content)
      case "text": return .situation(content)
      case "data": return .data(words[1], text: content, options: words.count > 2 ? words[2] : "")
      case "sh": return .command(content, files: files)
      default: files.append((words[1], content))
      }
    }
    preconditionFailure("a page has an example and a repair")
  }
}

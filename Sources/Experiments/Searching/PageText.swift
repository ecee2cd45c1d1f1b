/// Pieces of a page of HTML.
enum PageText {
  static func escaped(_ text: some StringProtocol) -> String {
    String(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;")
      .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
  }

  static func pre(_ lines: [String]) -> String {
    "<pre>\(escaped(lines.joined(separator: "\n")))</pre>"
  }

  /// Cells are escaped; the first columns stand left. A row may have a class.
  static func table(
    _ header: [String], left: Int, _ rows: [(cells: [String], kind: String)]
  ) -> String {
    func row(_ cells: [String], _ tag: String, _ kind: String) -> String {
      let all = cells.enumerated().map { k, cell in
        "<\(tag)\(k < left ? " class=\"left\"" : "")>\(escaped(cell))</\(tag)>"
      }
      return "<tr\(kind.isEmpty ? "" : " class=\"\(kind)\"")>\(all.joined())</tr>\n"
    }
    return "<div class=\"wide\"><table>\n" + row(header, "th", "")
      + rows.map { row($0.cells, "td", $0.kind) }.joined() + "</table></div>\n"
  }
}

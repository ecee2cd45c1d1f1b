import Basics

extension DiagnosticRenderer {
  /// A JSON array with one object for each diagnostic: `code`, `severity`, `message`, the place
  /// (`file`, `line`, `column`, `endLine`, `endColumn`, from 1; null where no text is meant), `notes`
  /// and `fixits`.
  package func json(_ diagnostics: [Diagnostic]) -> String {
    if diagnostics.isEmpty { return "[]" }
    let objects = diagnostics.map { diagnostic in
      let notes = diagnostic.notes.map { note in
        "{" + field("message", note.message) + ", " + place(note.span) + "}"
      }
      let fixIts = diagnostic.fixIts.map { fixIt in
        "{" + field("message", fixIt.message) + ", " + place(fixIt.span) + ", "
          + field("replacement", fixIt.replacement) + "}"
      }
      return "  {" + field("code", diagnostic.code.description) + ", "
        + field("severity", "\(diagnostic.severity)") + ", "
        + field("message", diagnostic.message) + ", " + place(diagnostic.span) + ", "
        + "\"notes\": [" + notes.joined(separator: ", ") + "], "
        + "\"fixits\": [" + fixIts.joined(separator: ", ") + "]}"
    }
    return "[\n" + objects.joined(separator: ",\n") + "\n]"
  }

  private func place(_ span: Span) -> String {
    guard let file = sources.file(of: span) else {
      return "\"file\": null, \"line\": null, \"column\": null, \"endLine\": null, "
        + "\"endColumn\": null"
    }
    let start = file.position(Int(span.start - file.base))
    let end = file.position(max(Int(span.end) - Int(file.base), Int(span.start - file.base)))
    return field("file", file.name) + ", \"line\": \(start.line), \"column\": \(start.column), "
      + "\"endLine\": \(end.line), \"endColumn\": \(end.column)"
  }

  private func field(_ name: String, _ value: String) -> String {
    "\"\(name)\": " + JSONText.quoted(value)
  }
}

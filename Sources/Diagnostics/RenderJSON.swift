import Basics

extension DiagnosticRenderer {
  /// A JSON array with one object for each diagnostic: `code`, `severity`, `message`, the place
  /// (`file`, `line`, `column`, `endLine`, `endColumn`, from 1; null where no text is meant), `notes`
  /// and `fixits`.
  package func json(_ diagnostics: [Diagnostic]) -> String {
    if diagnostics.isEmpty { return "[]" }
    let objects = diagnostics.map { diagnostic in
      let notes = diagnostic.notes.map { note in
        JSONValue.object([JSONMember("message", .string(note.message))] + place(note.span))
      }
      let fixIts = diagnostic.fixIts.map { fixIt in
        JSONValue.object(
          [JSONMember("message", .string(fixIt.message))] + place(fixIt.span)
            + [JSONMember("replacement", .string(fixIt.replacement))])
      }
      let what: [JSONMember] = [
        JSONMember("code", .string(diagnostic.code.description)),
        JSONMember("severity", .string("\(diagnostic.severity)")),
        JSONMember("message", .string(diagnostic.message)),
      ]
      let more = [JSONMember("notes", .array(notes)), JSONMember("fixits", .array(fixIts))]
      return "  " + JSONValue.object(what + place(diagnostic.span) + more).line
    }
    return "[\n" + objects.joined(separator: ",\n") + "\n]"
  }

  private func place(_ span: Span) -> [JSONMember] {
    let names = ["file", "line", "column", "endLine", "endColumn"]
    guard let file = sources.file(of: span) else { return names.map { JSONMember($0, .null) } }
    let start = file.position(Int(span.start - file.base))
    let end = file.position(max(Int(span.end) - Int(file.base), Int(span.start - file.base)))
    let values: [JSONValue] = [
      .string(file.name), .int(start.line), .int(start.column), .int(end.line), .int(end.column),
    ]
    return zip(names, values).map { JSONMember($0, $1) }
  }
}

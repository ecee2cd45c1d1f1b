import Basics
import Diagnostics
import Zoo

/// What `ravine zoo` and `ravine problems` print: a list of names, or one source.
struct LibraryListing {
  /// What a name may be.
  let kinds: [Library.Declaration.Kind]
  let isJSON: Bool

  /// The declaration of a name, or all of the kind `listing` where there is none given.
  func write(_ name: String?, listing: Library.Declaration.Kind) throws {
    let all = Library.shared.declarations.filter { kinds.contains($0.kind) }
    if let name {
      guard
        let found = Library.shared.declaration(name, kinds)
          ?? all.first(where: { $0.name.lowercased() == name.lowercased() })
      else {
        if listing == .objective,
          let task = all.map({ (problem: $0.name, tasks: tasks($0)) }).lazy.compactMap({ entry in
            entry.tasks.first { $0.name.lowercased() == name.lowercased() }
              .map { (entry.problem, $0.name) }
          }).first
        {
          Console.report([.taskOfProblem(task.1, task.0)], in: SourceMap())
          throw Status.usage
        }
        let near = Suggestion.nearest(to: name, among: all.map(\.name))
        Console.report([.notInLibrary(name, listing, suggestion: near)], in: SourceMap())
        throw Status.usage
      }
      Console.write(isJSON ? json(found).rendered() : text(found))
      return
    }
    let listed = all.filter { $0.kind == listing }
    if isJSON {
      Console.write(JSONValue.array(listed.map(json)).rendered())
      return
    }
    let width = listed.map(\.name.count).max() ?? 0
    for declaration in listed {
      let pad = String(repeating: " ", count: width - declaration.name.count)
      let summary = declaration.summary
      Console.write(declaration.name + (summary.isEmpty ? "" : "\(pad)  \(summary)") + "\n")
    }
  }

  /// The source, of a problem with its tasks.
  private func text(_ declaration: Library.Declaration) -> String {
    let tasks = tasks(declaration)
    return declaration.text + (tasks.isEmpty ? "" : "\n") + tasks.map(\.text).joined()
  }

  private func tasks(_ declaration: Library.Declaration) -> [Library.Declaration] {
    declaration.kind == .objective ? Library.shared.tasks(of: declaration.name) : []
  }

  private func json(_ declaration: Library.Declaration) -> JSONValue {
    .record([
      "name": .string(declaration.name),
      "kind": .string(declaration.kind.rawValue),
      "documentation": .string(declaration.documentation.joined(separator: "\n")),
      "source": .string(text(declaration)),
      "tasks": .array(tasks(declaration).map { .string($0.name) }),
    ])
  }
}

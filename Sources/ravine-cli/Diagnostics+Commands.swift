import Basics
import Diagnostics
import Zoo

// What the command line finds wrong with files and names that it is given.
extension Diagnostic {
  static func isDirectory(_ path: String) -> Diagnostic {
    Diagnostic(
      .isDirectory, "\(Console.printable(path)): this is a directory; name a file in it", at: .none)
  }

  static func nothingInDirectory(_ path: String) -> Diagnostic {
    Diagnostic(
      .fileEmpty, "\(Console.printable(path)): there is no .opt file in this directory", at: .none)
  }

  static func directoryUnreadable(_ path: String, _ reason: String) -> Diagnostic {
    Diagnostic(
      .fileUnreadable, "\(Console.printable(path)): the directory cannot be read: \(reason)",
      at: .none)
  }

  // MARK: Files of shapes

  static func shapesNotJSON(_ path: String, _ error: JSONError) -> Diagnostic {
    Diagnostic(
      .notJSON,
      "\(Console.printable(path)):\(error.line):\(error.column): not JSON: \(error.message)",
      at: .none)
  }

  static func wrongShapes(_ path: String, _ what: String, _ wanted: String) -> Diagnostic {
    Diagnostic(
      .missingMember, "\(Console.printable(path)): \(what) must be \(wanted)", at: .none,
      notes: [
        Note("write it by `json.dump({n: list(p.shape) for n, p in model.named_parameters()}, f)`")
      ])
  }

  static func shapeTwice(_ path: String, _ name: String) -> Diagnostic {
    Diagnostic(
      .givenTwice, "\(Console.printable(path)): there are two tensors `\(name)`", at: .none)
  }

  static func noShapes(_ path: String) -> Diagnostic {
    Diagnostic(.fileEmpty, "\(Console.printable(path)): there is no tensor in this file", at: .none)
  }

  // MARK: Sessions and searches

  /// Flags that do not go together, or whose number is out of its range.
  static func badFlags(_ what: String) -> Diagnostic { Diagnostic(.badFlags, what, at: .none) }

  static func fileForRule(_ text: String) -> Diagnostic {
    Diagnostic(
      .badFlags, "`\(Console.printable(text))` names a file where a rule is wanted", at: .none,
      notes: [Note("say which rule of it: `FILE.opt:RULE`")])
  }

  static func noStandardInput() -> Diagnostic {
    Diagnostic(.fileNotFound, "`-` is no file in a session", at: .none)
  }

  static func noPrompt(_ path: String) -> Diagnostic {
    Diagnostic(
      .noPrompt, "\(Console.printable(path)): no line begins with the prompt `ravine> `", at: .none)
  }

  static func withoutTask(_ path: String) -> Diagnostic {
    Diagnostic(
      .nothingToRun,
      "`\(Console.printable(path))` has no task: no `train`, no `minimize` and no `task`",
      at: .none,
      notes: [Note("name one of `ravine problems` by --on")])
  }

  static func nothingToSearch(_ path: String) -> Diagnostic {
    Diagnostic(
      .nothingToRun,
      "`\(Console.printable(path))` has no `search`, and no start and tasks are named",
      at: .none,
      notes: [
        Note("write `search Found from SGD on rosenbrock for 5000 programs`, or --from and --on")
      ])
  }

  static func severalSearches(_ path: String, _ count: Int) -> Diagnostic {
    Diagnostic(
      .nothingToRun, "`\(Console.printable(path))` has \(count) searches, and one is run at a time",
      at: .none, notes: [Note("put each in a file of its own")])
  }

  static func withoutRules(_ task: String) -> Diagnostic {
    Diagnostic(
      .nothingToRun, "without rules there is nothing to try on `\(Console.printable(task))`",
      at: .none,
      notes: [Note("name them behind the script: `SGD Adam`"), Note("`ravine zoo` lists rules")])
  }

  static func taskOfProblem(_ task: String, _ problem: String) -> Diagnostic {
    Diagnostic(
      .unknownObjective,
      "`\(task)` is a task of the problem `\(problem)`: `ravine problems \(problem)` has both",
      at: .none)
  }

  static func notInLibrary(
    _ name: String, _ kind: Library.Declaration.Kind, suggestion: String?
  ) -> Diagnostic {
    let isProblem = kind == .objective
    return Diagnostic(
      isProblem ? .unknownObjective : .unknownRule,
      (isProblem ? "there is no problem" : "the zoo has no rule")
        + " `\(Console.printable(name))`"
        + (suggestion.map { "; did you mean `\($0)`?" } ?? ""), at: .none)
  }

  static func noCertificate(_ reason: String) -> Diagnostic {
    Diagnostic(.noCertificate, "no certificate is written: \(reason)", at: .none)
  }
}

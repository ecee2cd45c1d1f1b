import Basics
import Diagnostics
import Files
import IR

// What training finds.
extension Diagnostic {
  static func moreInputsThanData(_ objective: ObjectiveModule) -> Diagnostic {
    Diagnostic(
      .moreInputsThanData,
      "`\(objective.name)` has \(objective.inputs.count) inputs, and data has features and "
        + "targets", at: objective.inputs[2].origin)
  }

  static func inputOfOtherWidth(
    _ input: InputSlot, _ count: Int, rows: Int, width: Int, isTarget: Bool
  ) -> Diagnostic {
    let columns = "\(width) \(isTarget ? "target" : "feature")\(width == 1 ? "" : "s")"
    let shape = isTarget && width == 1 ? "matrix(batch, 1)" : "matrix(batch, \(width))"
    let own =
      count % rows == 0
      ? "\(count / rows) number\(count == rows ? "" : "s") a row" : "\(count) numbers"
    return Diagnostic(
      .inputOfOtherWidth, "`\(input.name)` takes \(own), and the data have \(columns)",
      at: input.origin,
      fixIts: [
        FixIt(
          "say how many there are", at: input.origin,
          replacement: "\(input.name): \(shape)")
      ])
  }

  static func termsOfLoss(
    _ input: InputSlot, _ count: Int, _ objective: ObjectiveModule
  ) -> Diagnostic {
    Diagnostic(
      .missingInput,
      "`\(input.name)` has \(count) entries, and the loss of `\(objective.name)` has "
        + "\(objective.terms.count) terms", at: input.origin)
  }

  static func startOfOtherSize(_ count: Int, _ expected: Int, at span: Span) -> Diagnostic {
    Diagnostic(
      .startOfOtherSize,
      "the starting point has \(count) numbers, and the objective \(expected)", at: span)
  }

  // MARK: Programs that train

  static func commandNotStarted(_ program: String, _ why: String) -> Diagnostic {
    Diagnostic(
      .commandNotStarted, "`\(printable(program))` cannot be started: \(why)", at: .none,
      notes: [
        Note(
          "the first word is a program on PATH, or a path from the folder of the script; it runs in "
            + "that folder")
      ])
  }

  /// `status` nil: it was killed.
  static func commandFailed(_ program: String, status: Int32?, _ errors: String) -> Diagnostic {
    let how =
      switch status {
      case nil: "was killed"
      case 0: "ended without an answer"
      case let status?: "ended with status \(status) and without an answer"
      }
    return Diagnostic(
      .commandFailed, "`\(printable(program))` \(how)", at: .none, notes: said(errors))
  }

  static func notAnAnswer(_ program: String, _ line: String, _ why: String) -> Diagnostic {
    Diagnostic(
      .notAnAnswer, "what `\(printable(program))` says is no answer: \(why)", at: .none,
      notes: [
        Note("it says: \(printable(line, limit: 120))"),
        Note(
          "an answer is a line such as {\"id\": 1, \"losses\": [2.3, 1.1]}; all else goes to its errors"
        ),
      ])
  }

  static func answerToNothing(_ program: String, _ id: Int) -> Diagnostic {
    Diagnostic(
      .notAnAnswer, "`\(printable(program))` answers with `id` \(id), which no open line has",
      at: .none, notes: [Note("each line is answered once, with its own `id`")])
  }

  static func answerWithoutEnd(_ program: String, _ limit: Int) -> Diagnostic {
    Diagnostic(
      .notAnAnswer,
      "`\(printable(program))` wrote more than \(limit >> 20) MiB without a line break", at: .none,
      notes: [Note("an answer is one line with at most as many losses as steps")])
  }

  static func commandSilent(
    _ program: String, _ seconds: Double, _ errors: String
  ) -> Diagnostic {
    Diagnostic(
      .commandSilent,
      "`\(printable(program))` gave no answer for \(NumberText.short(seconds)) seconds and was stopped",
      at: .none,
      notes: said(errors) + [Note("--time-limit says how many seconds a run may take")])
  }

  /// The last lines that a program wrote to its errors.
  private static func said(_ errors: String) -> [Note] {
    let lines = errors.split(whereSeparator: \.isNewline).suffix(4)
    return lines.map { Note("it says: \(printable(String($0), limit: 160))") }
  }

  /// Of a rule whose runs are given up before they begin.
  static func runTakesTooLong(_ rule: String, _ work: Double, limit: Double) -> Diagnostic {
    Diagnostic(
      .takesTooLong,
      "a run of `\(printable(rule, limit: 60))` takes too much: \(NumberText.significant(work, digits: 2)) operations, and here it may take "
        + NumberText.significant(limit, digits: 2),
      at: .none,
      notes: [Note("counted by the plan: each entry of each operation, and each turn of a loop")])
  }

  /// `run` is the rule and its seed.
  package static func parametersRanAway(_ run: String, _ value: Double, _ steps: Int) -> Diagnostic
  {
    Diagnostic(
      .lossNotFinite,
      "\(run): a parameter ran away to \(NumberText.significant(value, digits: 2)) in \(steps) steps",
      at: .none)
  }

  /// `run` is the rule and its seed.
  package static func lossNotFinite(_ loss: Double, _ run: String, _ step: Int) -> Diagnostic {
    Diagnostic(
      .lossNotFinite, "\(run): the loss is \(loss.isNaN ? "NaN" : "infinite") at step \(step)",
      at: .none)
  }

  static func parameterNotFinite(
    _ name: String, _ run: String, _ step: Int, _ advice: Note
  ) -> Diagnostic {
    Diagnostic(
      .lossNotFinite, "\(run): `\(name)` is not finite after step \(step)", at: .none,
      notes: [advice])
  }
}

import Basics
import Diagnostics
import Files
import Syntax
import Training

// What scripts, recorded runs and searches say.
extension Diagnostic {
  // MARK: Clauses

  static func unknownClause(_ keyword: Name, among known: [String]) -> Diagnostic {
    Diagnostic(
      .notAClause, "`\(keyword.text)` is not a clause of an experiment", at: keyword.span,
      notes: [
        Note("clauses are for, batch, workers, delay, until, record, save, seeds, seed and from")
      ],
      fixIts: FixIt.didYouMean(
        Suggestion.nearest(to: keyword.text, among: known), at: keyword.span))
  }

  static func clauseOfOther(_ keyword: Name, _ noun: String) -> Diagnostic {
    Diagnostic(
      .notAClause, "`\(keyword.text)` has no meaning in `\(noun)`", at: keyword.span,
      notes: [Note(reasons[noun] ?? "")])
  }

  /// Why some clauses have no meaning.
  private static let reasons = [
    "command":
      "a program decides itself how it trains; it is told the rule, a seed and the steps",
    "minimize": "`minimize` has no examples: an objective that draws may sample a batch of its own",
  ]

  /// A clause of the script that a search leaves out.
  static func clauseOfRuns(_ keyword: Name) -> Diagnostic {
    Diagnostic(
      .notAClause, .warning, "a search does not take `\(keyword.text)` of the script",
      at: keyword.span,
      notes: [
        Note(
          keyword.key == "save"
            ? "it makes many short runs, and keeps none of them"
            : "`--search-seeds` and `--seeds` say how many it takes")
      ])
  }

  static func lengthInEpochs(_ unit: Name) -> Diagnostic {
    Diagnostic(
      .notAClause, "`minimize` has no epochs: it counts steps", at: unit.span,
      fixIts: [FixIt("write `steps`", at: unit.span, replacement: "steps")])
  }

  static func epochsOfMinimize(_ unit: Name) -> Diagnostic {
    Diagnostic(
      .notAClause, "`minimize` has no epochs: `save every 100 steps to …`", at: unit.span,
      fixIts: [FixIt("count steps", at: unit.span, replacement: "steps")])
  }

  static func savedTwice(_ path: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .givenTwice, "another statement of this script saves to \(DataPlace(path))", at: span,
      notes: [Note("the second would take the place of the first")])
  }

  static var nothingSaved: Diagnostic {
    Diagnostic(
      .nothingSaved,
      "there is nothing to resume: no `train` or `minimize` of this script has `save`",
      at: .none, notes: [Note("`train … save every 10 epochs to \"run.safetensors\"`")])
  }

  static func commandNotAllowed(_ name: String, _ words: [String], at span: Span) -> Diagnostic {
    let shown = words.map { printable($0, limit: 60) }.joined(separator: " ")
    return Diagnostic(
      .commandNotAllowed, "the task `\(name)` starts a program, which was not allowed", at: span,
      notes: [
        Note("it would run: \(shown)"),
        Note("look at it, and add --allow-commands if it is to run"),
      ])
  }

  static func taskOfCommand(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .taskOfCommand, "the task `\(name)` is done by a program, and an objective is needed here",
      at: span, notes: [Note("`ravine tune`, `arena` and `search` can use it")])
  }

  static func noBatches(_ task: String) -> Diagnostic {
    Diagnostic(
      .noBatches, "`\(task)` has no batches to search", at: .none,
      notes: [Note("`train … on …` has: `minimize` has no examples, a program batches of its own")])
  }

  static func programRefuses(_ run: String, _ why: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .commandFailed, "\(run): the program says: \(printable(why, limit: 200))", at: span)
  }

  static func unitOfFor(at span: Span) -> Diagnostic {
    Diagnostic(.notAClause, "`for` counts steps or epochs: `for 20 epochs`", at: span)
  }

  static func withoutLength(_ example: String, at span: Span) -> Diagnostic {
    Diagnostic(.withoutLength, "how long? add `\(example)`", at: span)
  }

  static func notAWholeNumber(_ what: String, upTo limit: String, at span: Span) -> Diagnostic {
    Diagnostic(.notAWholeNumber, "\(what) takes a whole number from 1 to \(limit)", at: span)
  }

  static func notATime(at span: Span) -> Diagnostic {
    Diagnostic(
      .notAWholeNumber, "`for … minutes` takes a number above 0 and below 1,000,000", at: span)
  }

  static func endlessTarget(_ series: Name, at span: Span) -> Diagnostic {
    Diagnostic(
      .notATarget,
      "`until \(series.text)` comes to a finite number, as `until \(series.text) < 0.01`",
      at: span)
  }

  static func maximisingTask(at span: Span) -> Diagnostic {
    Diagnostic(
      .notAvailable, "a search makes a loss small, and this statement one large", at: span,
      notes: [Note("write the objective with `loss = -…`, and `minimize` it")])
  }

  // MARK: Commands

  static func needsData(_ objective: String, at span: Span) -> Diagnostic {
    Diagnostic(.needsData, "`\(objective)` needs data: use `train … on …`", at: span)
  }

  static func unknownData(_ key: String) -> Diagnostic {
    Diagnostic(.unknownObjective, "there is no data `\(key)`", at: .none)
  }

  static func noValueToShow(at span: Span) -> Diagnostic {
    Diagnostic(.notAValue, "this has no value to show", at: span)
  }

  static func assertsNoCondition(at span: Span) -> Diagnostic {
    Diagnostic(.needsCondition, "`assert` needs a condition such as `x > 0`", at: span)
  }

  static func assertionFails(at span: Span) -> Diagnostic {
    Diagnostic(.assertionFails, "the assertion does not hold", at: span)
  }

  /// `lines` is the comparison that speaks against it.
  static func assertionFails(_ lines: [Substring], at span: Span) -> Diagnostic {
    Diagnostic(
      .assertionFails, "the assertion does not hold: \(lines[0])", at: span,
      notes: lines.dropFirst().map { Note(String($0.drop { $0 == " " })) })
  }

  // MARK: Saved parameters

  static func nothingToKeep(at span: Span) -> Diagnostic {
    Diagnostic(
      .nothingToKeep, "there are no parameters to save: `train` or `minimize` comes first", at: span
    )
  }

  static func failedRun(_ why: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .nothingToKeep, "nothing is saved: the run failed", at: span, notes: [Note(why)])
  }

  static func severalRuns(_ count: Int, at span: Span) -> Diagnostic {
    Diagnostic(
      .severalRuns, "a file has the parameters of one run, and the experiment above has \(count)",
      at: span, notes: [Note("train the one rule that is to be kept, with one seed")])
  }

  static func notAParameter(_ name: Name, among known: [String]) -> Diagnostic {
    Diagnostic(
      .notAParameter, "the objective trains no `\(name.text)`", at: name.span,
      notes: [Note("it trains \(known.joined(separator: ", "))")],
      fixIts: FixIt.didYouMean(
        Suggestion.nearest(to: name.text, among: known), at: name.span))
  }

  // MARK: Plots

  static func nothingToPlot(at span: Span) -> Diagnostic {
    Diagnostic(
      .nothingToPlot, "there is nothing to plot: `train` or `minimize` comes first", at: span)
  }

  static func notASeries(at span: Span) -> Diagnostic {
    Diagnostic(.unrecordedSeries, "a plot names series such as `loss`", at: span)
  }

  static func unknownSeries(_ name: Name, among known: [String]) -> Diagnostic {
    Diagnostic(
      .unrecordedSeries, "this experiment has no series `\(name.text)`", at: name.span,
      notes: [Note("it has \(known.joined(separator: ", "))")],
      fixIts: FixIt.didYouMean(
        Suggestion.nearest(to: name.text, among: known), at: name.span))
  }

  static func unrecordedTarget(_ name: Name, among known: [String]) -> Diagnostic {
    var said = unknownSeries(name, among: known)
    said.message = "nothing here is called `\(name.text)`, so no run can come to it"
    return said
  }

  static func unknownSeries(_ name: String, among known: [String]) -> Diagnostic {
    Diagnostic(
      .unrecordedSeries, "this experiment has no series `\(name)`", at: .none,
      notes: [Note("it has \(known.joined(separator: ", "))")]
        + Note.didYouMean(Suggestion.nearest(to: name, among: known)))
  }

  static func targetBehind(_ name: Name, isBelow: Bool) -> Diagnostic {
    let sign = isBelow ? "<" : ">"
    return Diagnostic(
      .targetBehind, .warning,
      "`\(name.text)` \(isBelow ? "grows" : "falls") as training gets better, and the run ends where it "
        + "is \(isBelow ? "below" : "above") a number", at: name.span,
      notes: [Note("write `\(name.text) \(isBelow ? ">" : "<") …` if `\(sign)` is not meant")])
  }

  /// `metrics`: what else the task records.
  static func lossOfGame(_ task: String, metrics: [String], at span: Span) -> Diagnostic {
    let example = metrics.first ?? "distance"
    return Diagnostic(
      .lossOfGame,
      "`\(printable(task))` is a game: some of its parameters ascend, so a small loss is no good one",
      at: span,
      notes: [
        Note(
          (metrics.isEmpty ? "write a metric, as `metric distance = …`, and" : "")
            + "\(metrics.isEmpty ? " " : "")give `until \(example) < …`, or to `tune` `--by \(example)`"
        ),
        Note("`search` and `eval` score by the loss alone, so they take no games"),
      ])
  }

  /// What a target says of the runs that were made for it.
  static func targetHolds(_ target: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .notATarget, .warning,
      "`until \(target)` holds at the start: every rule is there in 0 steps", at: span,
      notes: [Note("nothing is told of the rules; give a target that has to be worked for")])
  }

  /// `meaning`: what follows for the rules.
  static func targetUnreached(
    _ target: String, _ runs: Int, _ meaning: String, at span: Span
  ) -> Diagnostic {
    Diagnostic(
      .notATarget, .warning, "no rule came to `\(target)`, in \(runs) runs: \(meaning)", at: span,
      notes: [Note("a longer task, a wider range of the rate or another target may do")])
  }

  /// A default of a candidate's rate that no rates lie around.
  static func rateReplaced(_ rule: String, _ rate: Double, by other: Double) -> Diagnostic {
    Diagnostic(
      .rateReplaced, .warning,
      "the rate of `\(printable(rule, limit: 60))` is \(NumberText.short(rate)), around which there are no rates: "
        + "those around \(NumberText.short(other)) were tried", at: .none)
  }

  static func noDirection(_ name: String) -> Diagnostic {
    Diagnostic(
      .noDirection, "nothing says whether `\(name)` is to be made large or small", at: .none,
      notes: [
        Note("add --maximise or --minimise"),
        Note("names tell it that end in loss, error, distance, accuracy, score and the like"),
      ])
  }

  static func unrecordable(_ name: Name) -> Diagnostic {
    Diagnostic(
      .unrecordedSeries, "`\(name.text)` cannot be recorded", at: name.span,
      notes: [Note("`record sharpness` can; the loss and metrics always are")],
      fixIts: FixIt.didYouMean(
        Suggestion.nearest(to: name.text, among: ["sharpness"]), at: name.span))
  }

  static func unrecordable(at span: Span) -> Diagnostic {
    Diagnostic(.unrecordedSeries, "`record` takes a name: `record sharpness`", at: span)
  }

  static func pathNotPlane(at span: Span) -> Diagnostic {
    Diagnostic(.pathNotPlane, "a path is drawn for objectives of two numbers", at: span)
  }

  static func plotFileNotText(at span: Span) -> Diagnostic {
    Diagnostic(.notAPlotFile, "the file of a plot is a text in quotes", at: span)
  }

  static func notAPlotFile(at span: Span) -> Diagnostic {
    Diagnostic(
      .notAPlotFile, "plots are written as SVG or PNG: end the name in .svg or .png", at: span)
  }

  static func badAxis(_ message: String, at span: Span) -> Diagnostic {
    Diagnostic(.badAxis, message, at: span)
  }

  // MARK: Recorded runs

  static func notJSON(_ path: String, _ error: JSONError) -> Diagnostic {
    Diagnostic(
      .notJSON, "\(path):\(error.line):\(error.column): not JSON: \(error.message)", at: .none)
  }

  static func wrongMember(_ path: String, _ what: String, _ kind: String) -> Diagnostic {
    Diagnostic(.missingMember, "\(path): \(what) must be \(kind)", at: .none)
  }

  static func missingMember(_ path: String, _ name: String) -> Diagnostic {
    Diagnostic(.missingMember, "\(path): there is no `\(name)`", at: .none)
  }

  static func recordedLength(
    _ path: String, _ what: String, _ count: Int, _ unit: String, _ expected: Int
  ) -> Diagnostic {
    Diagnostic(
      .recordedLength, "\(path): \(what) has \(count) \(unit), and \(expected) are needed",
      at: .none)
  }

  static func recordedLength(_ what: String, _ count: Int, at span: Span) -> Diagnostic {
    Diagnostic(.recordedLength, "\(what) does not have \(count) numbers a step", at: span)
  }

  /// `step` counts from 0.
  static func recordedLength(_ what: String, _ count: Int, step: Int) -> Diagnostic {
    Diagnostic(
      .recordedLength, "\(what) of step \(step + 1) does not have \(count) numbers", at: .none)
  }

  static func unrecordedInput(
    _ name: String, among known: [String], at span: Span
  ) -> Diagnostic {
    Diagnostic(
      .unrecordedInput, "the recorded run has no input `\(name)`", at: span,
      notes: [Note(known.isEmpty ? "it has no inputs" : "it has \(known.joined(separator: ", "))")]
        + Note.didYouMean(Suggestion.nearest(to: name, among: known)))
  }

  static func unrecordedLoss(at span: Span) -> Diagnostic {
    Diagnostic(
      .unrecordedInput, "the recorded run has no input `loss`, which this rule reads", at: span)
  }

  /// `what` the rule asks for: the loss or the gradient.
  static func noObjectivePoint(_ what: String, _ name: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .noObjectivePoint,
      "this rule asks for the \(what) at another point, and the recorded run has no input `\(name)`",
      at: span,
      notes: [Note("what is recorded is matched by the name of the equation that asks")])
  }

  // MARK: Arenas

  /// `what`: trials, seeds, rules or tasks.
  package static func nothingToRun(_ what: String, in work: String = "an arena") -> Diagnostic {
    Diagnostic(
      .nothingToRun, "\(work) without \(what) has nothing to run", at: .none,
      notes: [
        Note(
          ["rules", "tasks"].contains(what)
            ? "`ravine zoo` lists rules, `ravine problems` tasks"
            : work == "an arena"
              ? "each rule gets `--trials` settings on each task and `--seeds` runs of the best"
              : "give 1 or more")
      ])
  }

  /// A script of several tasks, of which one is to be named.
  static func severalTasks(_ names: [String]) -> Diagnostic {
    Diagnostic(
      .nothingToRun, "the script has \(names.count) tasks, and nothing says which is meant",
      at: .none,
      notes: [
        Note(
          "say `--on \(names[0])`; it has \(names.prefix(12).joined(separator: ", "))"
            + (names.count > 12 ? ", …" : ""))
      ])
  }

  static func withoutTarget(_ task: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .taskWithoutEnd, "`\(task)` has no target, so no rule can reach it", at: span,
      notes: [Note("add `until loss < …`")])
  }

  /// `difference`: what the journal has in place of what is asked for.
  static func journalOfOther(_ path: String, _ difference: String) -> Diagnostic {
    Diagnostic(
      .journalOfOther, "\(path): this journal is of another arena: \(difference)", at: .none,
      notes: [
        Note("go on with the same rules, tasks, trials and seeds, or name another file")
      ])
  }

  static func notAJournal(_ path: String, _ reason: String) -> Diagnostic {
    Diagnostic(
      .notAJournal, "\(path): no journal of an arena: \(reason)", at: .none,
      notes: [Note("nothing was written; name another file")])
  }

  // MARK: Searches of programs

  static func nothingToLeaveOut(_ name: String, among known: [String]) -> Diagnostic {
    var diagnostic = Diagnostic(
      .nothingToLeaveOut, "there is no `\(name)` that could be left out", at: .none,
      notes: [
        Note(known.isEmpty ? "nothing can be" : "there is \(known.joined(separator: ", "))")
      ])
    if let near = Suggestion.nearest(to: name, among: known) {
      diagnostic.notes.insert(Note("did you mean `\(near)`?"), at: 0)
    }
    return diagnostic
  }

  static func unknownDigest(_ digest: String, hasJournal: Bool) -> Diagnostic {
    Diagnostic(
      .unknownDigest,
      "no program of digest `\(digest)` was sent before"
        + (hasJournal ? " or is in the journal" : ""), at: .none,
      notes: [
        Note("send its source, or name the journal that has it by --journal")
      ])
  }
}

extension DiagnosticError {
  /// The same, with what stands at no place at this one.
  func placed(at span: Span) -> DiagnosticError {
    DiagnosticError(
      diagnostics.map { said in
        var said = said
        if said.span == .none { said.span = span }
        return said
      })
  }
}

import Basics
import Diagnostics
import Files

// What is wrong with the file of a run, or of its parameters.
extension Diagnostic {
  static func notAParameterFile(_ path: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .notAParameterFile,
      "\(DataPlace(path)): parameters are kept as .npz or .safetensors: end the name in one of these",
      at: span)
  }

  static func unlikeParameters(
    _ path: String, _ differences: [String], _ names: [String], at span: Span
  ) -> Diagnostic {
    var notes = differences.prefix(8).map { Note($0) }
    if differences.count > 8 { notes.append(Note("and \(differences.count - 8) more")) }
    notes.append(
      Note(names.isEmpty ? "the file has no arrays" : "the file has \(DataProblem.listing(names))"))
    return Diagnostic(
      .unlikeParameters, "\(DataPlace(path)): the file does not fit the parameters", at: span,
      notes: notes)
  }

  static func notARun(_ path: String, _ why: String) -> Diagnostic {
    Diagnostic(
      .notACheckpoint, "\(DataPlace(path)): this is no run that can go on: \(why)", at: .none,
      notes: [Note("it is not overwritten: save to another file, or remove this one")])
  }

  static func laterRun(_ path: String, _ layout: Int, known: Int) -> Diagnostic {
    Diagnostic(
      .laterCheckpoint,
      "\(DataPlace(path)): the run has layout \(layout), and this version knows \(known)",
      at: .none, notes: [Note("a later version of Ravine wrote it")])
  }

  static func unlikeRun(_ path: String, _ differences: [String], at span: Span) -> Diagnostic {
    Diagnostic(
      .unlikeCheckpoint, "\(DataPlace(path)): the file holds a run of another experiment",
      at: span,
      notes: differences.prefix(8).map { Note($0) }
        + [Note("without `--resume` the run begins anew, if the one in the file is over")])
  }

  static func unfinishedRun(
    _ path: String, _ going: RunRecord.Going, at span: Span
  ) -> Diagnostic {
    let label = printable(going.label, limit: 60)
    let state = going.state
    return Diagnostic(
      .unfinishedRun,
      "\(DataPlace(path)): the file holds a run that is not over: \(label), seed "
        + "\(state.history.seed), after step \(state.history.steps)", at: span,
      notes: [
        Note("`ravine run --resume` goes on with it"),
        Note("to begin anew, remove the file or save to another"),
      ])
  }
}

import Diagnostics
import Files

// What is wrong with a checkpoint (R077x), one factory each.
extension Diagnostic {
  static func notACheckpoint(_ path: String, _ why: String) -> Diagnostic {
    Diagnostic(.notACheckpoint, "\(DataPlace(path)): this is no checkpoint: \(why)", at: .none)
  }

  static func unlikeCheckpoint(_ path: String, _ differences: [String]) -> Diagnostic {
    let shown = differences.prefix(8).map { Note($0) }
    let rest = differences.count - shown.count
    return Diagnostic(
      .unlikeCheckpoint, "\(DataPlace(path)): the checkpoint does not fit this optimizer",
      at: .none,
      notes: shown + (rest > 0 ? [Note("and \(rest) more")] : []))
  }

  static func laterCheckpoint(_ path: String, _ version: Int, known: Int) -> Diagnostic {
    Diagnostic(
      .laterCheckpoint,
      "\(DataPlace(path)): the checkpoint has layout \(version), and this version knows \(known)",
      at: .none, notes: [Note("a later version of Ravine wrote it")])
  }

  static func otherValues(_ path: String, there: String, here: String) -> Diagnostic {
    Diagnostic(
      .otherValues, .warning,
      "\(DataPlace(path)): the checkpoint is of `\(printable(there, limit: 100))`; the steps go on as "
        + "`\(printable(here, limit: 100))`", at: .none)
  }
}

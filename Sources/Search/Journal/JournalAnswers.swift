import Basics
import Diagnostics
import Training

/// The answers of programs that no written batch holds yet, in the journal of a search: each is on disk when it came, so that a
/// search which is killed asks for none of them again.
///
/// What cannot be written is asked for again. A disk that is full is reported where the batch is written.
final class JournalAnswers: AnswerMemory, @unchecked Sendable {
  private let database: Database
  /// A connection is used by one thread at a time.
  private let turn = Turn()
  /// Whether what comes now belongs to a batch, or is asked for whenever the search goes on: what its baselines came to.
  private var isOfBatch = false

  init(_ database: Database) { self.database = database }

  func answer(to request: String) -> [UInt8]? {
    turn.take {
      (try? database.rows("SELECT answer FROM answers WHERE request = ?", [.text(request)]))?
        .first?[0].blob
    }
  }

  func keep(_ answer: [UInt8], to request: String) {
    turn.take {
      try? database.run(
        "INSERT OR REPLACE INTO answers VALUES(?, ?, ?)",
        [.text(request), .int(isOfBatch ? 1 : 0), .blob(answer)])
    }
  }

  /// What comes from now on is part of a batch.
  func beginBatches() { turn.take { isOfBatch = true } }
}

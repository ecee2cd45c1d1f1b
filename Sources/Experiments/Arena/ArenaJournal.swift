import Basics
import Diagnostics
import Files
import Platform
import Training

/// The cells of an arena on disk, so that one that was killed goes on where it was: a line that says what is measured,
/// then one line a cell, each written at once.
package final class ArenaJournal {
  /// Those of earlier runs.
  package private(set) var cells: [ArenaCell] = []
  private let path: String
  private let descriptor: Int32
  private var end = 0

  /// Opens a journal, or begins one. A line that a kill left unfinished is dropped.
  ///
  /// Throws R0234 where it is of another arena, R0235 where it is none, and what opening and writing throw.
  package init(_ path: String, _ arena: Arena) throws(DiagnosticError) {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw WholeFile.failure(errno, path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw DiagnosticError(.notAJournal(path, "it is no file"))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw DiagnosticError(.notAJournal(path, "another arena writes to it at this moment"))
    }
    let bytes = try contents()
    let own = arena.header
    let header = Array((own.line + "\n").utf8)
    if header.starts(with: bytes), bytes.count < header.count {
      try cut(to: 0)
      try append(header)
      return
    }
    try take(bytes, arena, own)
  }

  deinit {
    guard descriptor >= 0 else { return }
    // A process that was begun beside this one may still hold a copy.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// Writes a cell. Throws R0752 where the disk is full and R0754 for anything else.
  package func append(_ cell: ArenaCell) throws(DiagnosticError) {
    try append(Array((cell.json.line + "\n").utf8))
  }

  private func take(
    _ bytes: [UInt8], _ arena: Arena, _ own: JSONValue
  ) throws(DiagnosticError) {
    let newline = UInt8(ascii: "\n")
    var isArena = false
    let whole = bytes.lastIndex(of: newline).map { $0 + 1 } ?? 0
    for (number, line) in bytes[..<whole].split(separator: newline).enumerated() {
      let json: JSONValue
      do throws(JSONError) {
        json = try JSONReader.parse(Array(line))
      } catch {
        throw DiagnosticError(.notAJournal(path, "line \(number + 1): \(error.message)"))
      }
      if number == 0 {
        guard json["ravine"]?.text == "arena" else {
          throw DiagnosticError(.notAJournal(path, "its first line does not say that it is one"))
        }
        if let other = Arena.difference(of: json, from: own) {
          throw DiagnosticError(.journalOfOther(path, other))
        }
        isArena = true
        continue
      }
      guard let cell = ArenaCell(json), cell.rule < arena.rules.count,
        cell.task < arena.tasks.count
      else {
        throw DiagnosticError(.notAJournal(path, "line \(number + 1) is no cell"))
      }
      cells.append(cell)
    }
    guard isArena else {
      throw DiagnosticError(.notAJournal(path, "its first line does not say that it is one"))
    }
    try cut(to: whole)
  }

  private func contents() throws(DiagnosticError) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw WholeFile.failure(errno, path) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  private func cut(to length: Int) throws(DiagnosticError) {
    guard ftruncate(descriptor, off_t(length)) == 0 else { throw WholeFile.failure(errno, path) }
    end = length
  }

  /// What could be written in part only is taken back: the next run finds whole lines.
  private func append(_ bytes: [UInt8]) throws(DiagnosticError) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress! + written, bytes.count - written, off_t(end + written))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let reason = count < 0 ? errno : ENOSPC
        _ = ftruncate(descriptor, off_t(end))
        throw WholeFile.failure(reason, path, kept: "the journal has all lines before")
      }
      written += count
    }
    end += bytes.count
  }
}

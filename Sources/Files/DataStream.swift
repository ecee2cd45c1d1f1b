import Diagnostics
import Platform

/// The bytes of a data file, one piece after the other and within bounds.
package final class DataStream {
  package let path: String
  package let isRegular: Bool
  /// Bytes of a regular file, as it says itself.
  package let size: Int
  private let span: Span
  private let limit: Int
  private let patience: Int32
  private let descriptor: Int32
  private let before: stat
  private var taken = 0

  /// Throws R0701 (missing), R0702 (unreadable), R0703 (directory), R0705 (too large).
  package init(
    path: String, at span: Span, limit: Int = DataFile.byteLimit,
    patience: Int32 = DataFile.patienceMilliseconds
  ) throws(DiagnosticError) {
    if path.isEmpty || path.utf8.contains(0) { throw DataProblem.notFound(path, at: span) }
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = errno
      if code == ENOENT || code == ENOTDIR { throw DataProblem.notFound(path, at: span) }
      throw DataProblem.unreadable(DataPlace(path), reason: DataFile.reason(code), at: span)
    }
    var status = stat()
    let code = fstat(descriptor, &status) == 0 ? 0 : errno
    let kind = status.st_mode & S_IFMT
    // A device has no end, and nobody keeps data in one.
    let limit = kind == S_IFCHR ? min(limit, 1 << 24) : limit
    let size = kind == S_IFREG ? Int(status.st_size) : 0
    if code != 0 || kind == S_IFDIR || size > limit {
      close(descriptor)
      if code != 0 {
        throw DataProblem.unreadable(DataPlace(path), reason: DataFile.reason(code), at: span)
      }
      throw kind == S_IFDIR
        ? DataProblem.directory(path, at: span)
        : DataProblem.tooLarge(path, limit: limit, at: span)
    }
    (self.path, self.span, self.limit, self.patience) = (path, span, limit, patience)
    (self.descriptor, self.size, before) = (descriptor, size, status)
    isRegular = kind == S_IFREG
  }

  deinit { close(descriptor) }

  /// Reads on into memory and says how many bytes there are, 0 at the end. `place` is where it stands, for messages.
  ///
  /// Throws R0702, R0704 (a regular file that was changed since it was opened), R0705, R0706 (a silent pipe).
  package func take(
    into memory: UnsafeMutableRawBufferPointer, _ place: () -> DataPlace
  ) throws(DiagnosticError) -> Int {
    while true {
      if !isRegular { try wait() }
      let count = read(descriptor, memory.baseAddress, memory.count)
      if count > 0 {
        taken += count
        if taken > limit { throw DataProblem.tooLarge(path, limit: limit, at: span) }
        return count
      }
      if count == 0 {
        if isChanged { throw DataProblem.changed(place(), at: span) }
        return 0
      }
      let code = errno
      if code == EINTR || code == EAGAIN { continue }
      throw DataProblem.unreadable(place(), reason: DataFile.reason(code), at: span)
    }
  }

  /// Begins anew; only for a regular file.
  package func rewind() {
    taken = 0
    lseek(descriptor, 0, SEEK_SET)
  }

  /// Line and column of a byte, read from the beginning; only for a regular file.
  package func place(of offset: Int) -> DataPlace {
    TextPosition.place(of: offset, in: Bytes(descriptor: descriptor), path: path)
  }

  private var isChanged: Bool {
    var after = stat()
    guard isRegular, fstat(descriptor, &after) == 0 else { return false }
    let same =
      before.st_size == after.st_size && DataFile.modified(before) == DataFile.modified(after)
    // Files in /proc say that they are empty and are not.
    return !same || before.st_size != 0 && taken != size
  }

  private func wait() throws(DiagnosticError) {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while true {
      let ready = poll(&request, 1, patience)
      if ready > 0 { return }
      if ready < 0, errno == EINTR { continue }
      throw DataProblem.silent(path, seconds: Int(patience) / 1000, at: span)
    }
  }

  /// All bytes from the first on, without moving the place where the stream reads.
  private struct Bytes: Sequence, IteratorProtocol {
    let descriptor: Int32
    var piece: [UInt8] = []
    var index = 0
    var offset = 0

    init(descriptor: Int32) { self.descriptor = descriptor }

    mutating func next() -> UInt8? {
      if index == piece.count {
        piece = [UInt8](unsafeUninitializedCapacity: 1 << 18) { memory, count in
          count = Swift.max(0, pread(descriptor, memory.baseAddress, memory.count, off_t(offset)))
        }
        offset += piece.count
        index = 0
        if piece.isEmpty { return nil }
      }
      index += 1
      return piece[index - 1]
    }
  }
}

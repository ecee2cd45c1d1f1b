import Diagnostics
import Platform

/// The bytes of a data file, read whole and within bounds.
///
/// Bytes are copied by `read`, not mapped: a mapped file that shrinks kills the process (SIGBUS),
/// a copied one is a diagnostic.
package struct DataFile: Sendable {
  package let path: String
  package let bytes: [UInt8]

  /// The largest file that is read: 1 GiB.
  package static let byteLimit = 1 << 30
  /// How long a pipe may stay silent before it is given up.
  package static let patienceMilliseconds: Int32 = 10_000
  /// The most values that a table or an array may hold: 1 GiB of float64.
  package static let valueLimit = 1 << 27

  package static func notFound(_ path: String, at span: Span) -> DiagnosticError {
    DataProblem.notFound(path, at: span)
  }

  /// The file's bytes. `midway` runs after the file is opened and before its end is reached.
  ///
  /// Throws R0701 (missing), R0702 (unreadable), R0703 (directory), R0704 (changed while read),
  /// R0705 (too large or endless), R0706 (a silent pipe).
  package static func load(
    path: String, at span: Span, limit: Int = byteLimit,
    patience: Int32 = patienceMilliseconds, midway: () -> Void = {}
  ) throws(DiagnosticError) -> DataFile {
    let stream = try DataStream(path: path, at: span, limit: limit, patience: patience)
    midway()
    var bytes: [UInt8] = []
    bytes.reserveCapacity(stream.size)
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { chunk.deallocate() }
    while case let count = try stream.take(
      into: chunk, { TextPosition.end(of: bytes, path: path) }), count > 0
    {
      bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[..<count]))
    }
    return DataFile(path: path, bytes: bytes)
  }

  static func modified(_ status: stat) -> [Int] {
    #if canImport(Darwin)
      [Int(status.st_mtimespec.tv_sec), Int(status.st_mtimespec.tv_nsec)]
    #else
      [Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec)]
    #endif
  }

  /// What the system says about an error number.
  package static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

/// Lines and columns of byte offsets, found only when a message needs them.
package enum TextPosition {
  /// Line and column (both from 1, columns in Unicode scalars) of a byte offset.
  package static func place(of offset: Int, in bytes: some Sequence<UInt8>, path: String)
    -> DataPlace
  {
    var line = 1
    var column = 1
    var previous: UInt8 = 0
    for (i, byte) in bytes.enumerated() {
      if i >= offset { break }
      if byte == 0x0A || byte == 0x0D {
        if !(byte == 0x0A && previous == 0x0D) { line += 1 }
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
      if i == 2, previous == 0xBB, byte == 0xBF, offset >= 3, line == 1 { column = 1 }
      previous = byte
    }
    return DataPlace(path, line: line, column: column)
  }

  package static func end(of bytes: [UInt8], path: String) -> DataPlace {
    place(of: bytes.count, in: bytes, path: path)
  }
}

extension [UInt8] {
  /// `withUnsafeBytes`, which in the standard library forgets the type of what its body throws.
  package func withRawBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws(DiagnosticError) -> Result
  ) throws(DiagnosticError) -> Result {
    try withUnsafeBufferPointer { (buffer) throws(DiagnosticError) -> Result in
      try body(UnsafeRawBufferPointer(buffer))
    }
  }
}

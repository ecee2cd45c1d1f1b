import Diagnostics
import Files
import Platform

/// The bytes of a table: all of them, or those of a file so many whole rows at a time.
final class RowWindow {
  /// Whole rows up to `end`, and behind it the begin of the next.
  private(set) var bytes: UnsafeBufferPointer<UInt8>
  private(set) var end: Int
  /// Where the window begins in the file.
  private(set) var start = 0
  let path: String
  private let span: Span
  private let separator: UInt8
  private let stream: DataStream?
  private var memory: UnsafeMutableRawBufferPointer
  private var isLast: Bool

  /// What is read at once, and the longest row.
  static let piece = 1 << 20
  private static let longestRow = 1 << 25
  private static let quote: UInt8 = 0x22

  init(_ bytes: UnsafeBufferPointer<UInt8>, path: String) {
    (self.bytes, end, self.path) = (bytes, bytes.count, path)
    (span, separator, stream, isLast) = (.none, 0, nil, true)
    memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }

  init(_ stream: DataStream, separator: UInt8, piece: Int = piece, at span: Span) {
    memory = .allocate(byteCount: piece, alignment: 16)
    bytes = UnsafeBufferPointer(start: nil, count: 0)
    (end, path, isLast) = (0, stream.path, false)
    (self.stream, self.separator, self.span) = (stream, separator, span)
  }

  deinit { if stream != nil { memory.deallocate() } }

  /// Begins anew with the first row.
  func rewind() {
    guard let stream else { return }
    stream.rewind()
    bytes = UnsafeBufferPointer(start: nil, count: 0)
    (start, end, isLast) = (0, 0, false)
  }

  /// Where the row behind those up to `cursor` begins, once it is here as a whole; nil at the end.
  ///
  /// Throws what the system refuses, and R0705 for a row of which there is no end.
  func advance(past cursor: Int) throws(DiagnosticError) -> Int? {
    guard let stream, !isLast else { return cursor < bytes.count ? cursor : nil }
    var count = bytes.count - cursor
    if count > 0 {
      memory.baseAddress!.copyMemory(from: bytes.baseAddress! + cursor, byteCount: count)
    }
    start += cursor
    end = 0
    while end == 0, !isLast {
      if count == memory.count { try grow(count) }
      let offset = start + count
      let taken = try stream.take(into: UnsafeMutableRawBufferPointer(rebasing: memory[count...])) {
        stream.place(of: offset)
      }
      count += taken
      isLast = taken == 0
      bytes = UnsafeRawBufferPointer(rebasing: memory[..<count]).bindMemory(to: UInt8.self)
      // Looked for again only where there is a piece more.
      if isLast || count == memory.count { end = isLast ? count : Self.rowsEnd(bytes, separator) }
    }
    return count > 0 ? 0 : nil
  }

  private func grow(_ count: Int) throws(DiagnosticError) {
    guard count < Self.longestRow else {
      throw DataProblem.longRow(place(of: 0), limit: Self.longestRow, at: span)
    }
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * count, alignment: 16)
    larger.copyMemory(from: UnsafeRawBufferPointer(memory))
    memory.deallocate()
    memory = larger
  }

  /// Line and column of a byte of the window.
  func place(of offset: Int) -> DataPlace {
    place(inFile: start + offset)
  }

  func place(inFile offset: Int) -> DataPlace {
    stream?.place(of: offset) ?? TextPosition.place(of: offset, in: bytes, path: path)
  }

  // MARK: Rows

  /// Where the last row ends whose line break is here; 0 where there is none.
  private static func rowsEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ separator: UInt8) -> Int {
    guard let base = bytes.baseAddress else { return 0 }
    // What follows a carriage return at the end is not known yet.
    if memchr(base, Int32(quote), bytes.count) == nil {
      var i = bytes.count - 2
      while i >= 0, bytes[i] != 0x0A, bytes[i] != 0x0D { i -= 1 }
      return i < 0 ? 0 : bytes[i] == 0x0D && bytes[i + 1] == 0x0A ? i + 2 : i + 1
    }
    var end = 0
    var i = 0
    var startsField = true
    while i < bytes.count - 1 {
      let byte = bytes[i]
      if startsField, byte == quote {
        guard let behind = closing(bytes, from: i + 1) else { return end }
        i = behind
        startsField = false
        continue
      }
      i += 1
      startsField = byte == separator
      if byte == 0x0A || byte == 0x0D {
        if byte == 0x0D, bytes[i] == 0x0A { i += 1 }
        end = i
        startsField = true
      }
    }
    return end
  }

  /// Behind the quote that closes a field; nil where it is not here for certain.
  private static func closing(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var i = start
    while i < bytes.count - 1 {
      if bytes[i] != quote {
        i += 1
      } else if bytes[i + 1] == quote {
        i += 2
      } else {
        return i + 1
      }
    }
    return nil
  }
}

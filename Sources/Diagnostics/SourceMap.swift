/// One source text with its place in the global offset space.
package struct SourceFile: Sendable {
  /// The name shown to the user: a path, `<stdin>`, `zoo/lion.opt`.
  package let name: String
  /// The bytes as read; invalid UTF-8 is kept and diagnosed by the lexer.
  package let bytes: [UInt8]
  /// Global offset of the first byte.
  package let base: UInt32
  /// Offsets (local) at which lines start; the first is 0.
  let lineStarts: [Int]

  init(name: String, bytes: [UInt8], base: UInt32) {
    self.name = name
    self.bytes = bytes
    self.base = base
    var starts = [0]
    for (i, byte) in bytes.enumerated() where byte == 0x0A { starts.append(i + 1) }
    lineStarts = starts
  }

  /// Line and column (both from 1; columns count Unicode scalars) of a local byte offset.
  package func position(_ offset: Int) -> (line: Int, column: Int) {
    let line = lineIndex(offset)
    let start = lineStarts[line]
    let end = min(max(offset, start), bytes.count)
    var column = 1
    // A scalar has one byte that is not a continuation.
    for i in start..<end where bytes[i] & 0xC0 != 0x80 { column += 1 }
    return (line + 1, column)
  }

  /// The text of a line (from 1) without its line break.
  package func line(_ number: Int) -> String {
    String(decoding: bytes[lineRange(number)], as: UTF8.self)
  }

  /// The local byte range of the line (from 1) that holds an offset, without its line break.
  func lineRange(_ number: Int) -> Range<Int> {
    guard number >= 1, number <= lineStarts.count else { return 0..<0 }
    let start = lineStarts[number - 1]
    var end = number < lineStarts.count ? lineStarts[number] - 1 : bytes.count
    if end > start, bytes[end - 1] == 0x0D { end -= 1 }
    return start..<end
  }

  private func lineIndex(_ offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }
}

/// All source texts of a session in one offset space, so that spans stay eight bytes.
package struct SourceMap: Sendable {
  package private(set) var files: [SourceFile] = []

  package init() {}

  /// Adds a text and returns it with its base offset. Offset 0 is never used, so `Span.none` is free.
  package mutating func add(name: String, bytes: [UInt8]) -> SourceFile {
    let base = files.last.map { $0.base + UInt32($0.bytes.count) + 1 } ?? 1
    let file = SourceFile(name: name, bytes: bytes, base: base)
    files.append(file)
    return file
  }

  package mutating func add(name: String, text: String) -> SourceFile {
    add(name: name, bytes: Array(text.utf8))
  }

  /// The file that a span lies in, or nil for `Span.none`.
  package func file(of span: Span) -> SourceFile? {
    if span.isNone { return nil }
    return files.last { $0.base <= span.start }
  }

  /// The text that a span covers.
  package func text(_ span: Span) -> String {
    guard let file = file(of: span) else { return "" }
    let low = min(Int(span.start - file.base), file.bytes.count)
    let high = min(max(low, Int(span.end) - Int(file.base)), file.bytes.count)
    return String(decoding: file.bytes[low..<high], as: UTF8.self)
  }

  /// `name:line:column` of the start of a span.
  package func location(_ span: Span) -> (file: String, line: Int, column: Int)? {
    guard let file = file(of: span) else { return nil }
    let position = file.position(Int(span.start - file.base))
    return (file.name, position.line, position.column)
  }
}

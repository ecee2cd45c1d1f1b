/// A half-open range of bytes in the global offset space of a `SourceMap`. Eight bytes.
///
/// Offsets are unique over all files of a session, so a span alone names its file.
package struct Span: Hashable, Sendable {
  package var start: UInt32
  package var end: UInt32

  @inlinable package init(_ start: UInt32, _ end: UInt32) {
    self.start = start
    self.end = end
  }

  /// The span of a thing that no source text names (generated programs).
  package static let none = Span(0, 0)

  package var isNone: Bool { end == 0 }

  /// The smallest span that covers both.
  package func union(_ other: Span) -> Span {
    if isNone { return other }
    if other.isNone { return self }
    return Span(min(start, other.start), max(end, other.end))
  }

  /// The empty span just after this one: where something is missing.
  package var after: Span { Span(end, end) }
}

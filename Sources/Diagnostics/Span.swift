/// A half-open range of bytes in the global offset space of a `SourceMap`. Eight bytes.
///
/// Offsets are unique over all files of a session, so a span alone names its file.
public struct Span: Hashable, Sendable {
  public var start: UInt32
  public var end: UInt32

  @inlinable public init(_ start: UInt32, _ end: UInt32) {
    self.start = start
    self.end = end
  }

  /// The span of a thing that no source text names (generated programs).
  public static let none = Span(0, 0)

  public var isNone: Bool { end == 0 }

  /// The smallest span that covers both.
  public func union(_ other: Span) -> Span {
    if isNone { return other }
    if other.isNone { return self }
    return Span(min(start, other.start), max(end, other.end))
  }

  /// The empty span just after this one: where something is missing.
  public var after: Span { Span(end, end) }
}

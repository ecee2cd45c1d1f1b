import Runtime

/// What `:set` changes.
public struct SessionSettings: Sendable {
  /// How plots are shown.
  public enum PlotStyle: String, CaseIterable, Sendable {
    case ascii, braille, sixel, kitty, svg
  }

  public var plot = PlotStyle.braille
  public var engine = EngineKind.interpreter
  public var elementType = ElementType.float32
  /// Seconds that a command of the algebra may take.
  public var seconds = 10.0
  /// Nodes that its terms may have.
  public var nodes = 150_000
  /// Columns; nil takes the terminal's.
  public var width: Int?

  public init() {}
}

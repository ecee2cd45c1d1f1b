import Runtime

/// What `:set` changes.
package struct SessionSettings: Sendable {
  /// How plots are shown.
  package enum PlotStyle: String, CaseIterable, Sendable {
    case ascii, braille, sixel, kitty, svg
  }

  package var plot = PlotStyle.braille
  package var engine = EngineKind.interpreter
  package var elementType = ElementType.float32
  /// Seconds that a command of the algebra may take.
  package var seconds = 10.0
  /// Nodes that its terms may have.
  package var nodes = 150_000
  /// Columns; nil takes the terminal's.
  package var width: Int?
  /// The file that `search` keeps its programs in; nil keeps those of the last search in memory.
  package var journal: String?
  /// Whether tasks of a search may start the programs that they name, and how long these may take for an answer.
  package var allowsCommands = false
  package var commandSeconds = 600.0

  package init() {}
}

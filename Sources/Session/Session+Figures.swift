import Diagnostics
import Plotting

// Figures, in the way that `:set plot` says.
extension Session {
  /// A figure as text for the terminal; with `:set plot svg` it becomes a file, and the text says
  /// which.
  func drawn(_ figure: Figure) throws(DiagnosticError) -> String {
    switch settings.plot {
    // Images are for terminals: elsewhere dots are read more easily.
    case .sixel where console.showsImages: return figure.sixel()
    case .kitty where console.showsImages: return figure.kitty()
    case .ascii, .braille, .sixel, .kitty:
      return figure.braille(
        width: width, height: 20, colour: console.hasColourOnOutput,
        unicode: console.showsUnicode && settings.plot != .ascii)
    case .svg:
      let path = nextFigurePath()
      try console.save(path, Array(figure.svg().utf8))
      return "wrote \(path)\n"
    }
  }

  /// A name that no file has.
  private func nextFigurePath() -> String {
    repeat { figures += 1 } while console.exists("plot-\(figures).svg") && figures < 100_000
    return "plot-\(figures).svg"
  }
}

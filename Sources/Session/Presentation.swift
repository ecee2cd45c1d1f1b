import Basics
import Diagnostics
import Experiments
import Plotting
import Runtime
import Symbolic
import Training

/// What a session shows: values with their numbers, messages, figures.
final class Presentation {
  let console: any SessionConsole
  let interrupt: InterruptSource
  var settings = SessionSettings()
  private(set) var values = ValueHistory()
  /// How the worst answer so far ended.
  private(set) var worst = Session.Standing.good
  /// Figures written as files.
  private var figures = 0

  init(_ console: any SessionConsole, _ interrupt: InterruptSource) {
    self.console = console
    self.interrupt = interrupt
  }

  var isInterrupted: Bool { interrupt.isRequested() }
  var width: Int { settings.width ?? min(console.width, 100) }

  func write(_ text: String) { console.write(plain(text)) }
  func say(_ text: String) { console.say(plain(text)) }
  func progress(_ text: String) { console.progress(plain(text)) }

  private func plain(_ text: String) -> String {
    console.showsUnicode ? text : PlainText.ascii(text)
  }

  /// Names and what is said of each, one a line.
  func write(rows: [(name: String, text: String)], column limit: Int = .max) {
    let column = min(limit, rows.map(\.name.count).max() ?? 0)
    for row in rows {
      let pad = String(repeating: " ", count: max(0, column - row.name.count))
      write("\(row.name)\(pad)  \(row.text)\n")
    }
  }

  // MARK: Messages

  /// Shows diagnostics and remembers how bad they are.
  func report(_ diagnostics: [Diagnostic], in sources: SourceMap) {
    if diagnostics.isEmpty || isInterrupted { return }
    for diagnostic in diagnostics { note(Self.standing(of: diagnostic)) }
    say(DiagnosticRenderer(sources: sources, colour: console.hasColour).text(diagnostics))
  }

  /// A finding that no diagnostic tells: rules that differ.
  func note(_ standing: Session.Standing) { worst = max(worst, standing) }

  private static func standing(of diagnostic: Diagnostic) -> Session.Standing {
    if diagnostic.severity == .warning { return .good }
    return switch diagnostic.code {
    case .assertionFails: .finding
    case let code where code.isNumeric: .numeric
    case let code where code.isOfFiles: .usage
    default: .program
    }
  }

  func noteLimit() {
    if isInterrupted { return }
    say(
      "stopped at the limit of \(settings.nodes) nodes or \(NumberText.shortest(settings.seconds)) s: "
        + "this is equal, and not as simple as it could be\n")
  }

  /// Hyperparameters that were not symbols.
  func noteFixed(_ setting: Setting) {
    let fixed = setting.fixed.map { "\($0.name) = \(NumberText.shortest($0.value))" }
    if !fixed.isEmpty { write("  at \(fixed.joined(separator: ", "))\n") }
  }

  // MARK: Values

  /// Prints a number, a condition or a tensor, and keeps it.
  func show(_ value: Dense, isBoolean: Bool, of source: String) {
    let kept: String
    if isBoolean, value.values.count == 1 {
      kept = value.scalar != 0 ? "true" : "false"
    } else if !isBoolean, value.shape.isEmpty {
      kept = NumberText.shortest(value.scalar)
    } else if !isBoolean, value.shape.count == 1, value.values.count <= 500 {
      kept = "[\(value.values.map { NumberText.shortest($0) }.joined(separator: ", "))]"
    } else {
      kept = source
    }
    present(ValueText.text(value, isBoolean: isBoolean), keeping: kept)
  }

  /// Prints a value with its number.
  func present(_ text: String, keeping expression: String?) {
    let mark = "%\(values.add(expression)) ="
    write(text.contains("\n") ? "\(mark)\n\(text)\n" : "\(mark) \(text)\n")
  }

  /// A number to four digits.
  static func short(_ x: Double) -> String {
    guard x.isFinite, x != 0 else { return NumberText.shortest(x) }
    var scale = 1.0
    while abs(x) * scale < 1e3, scale < 1e15 { scale *= 10 }
    while abs(x) * scale >= 1e4, scale > 1e-15 { scale /= 10 }
    return NumberText.shortest((x * scale).rounded() / scale)
  }

  // MARK: Figures

  /// A figure as text for the terminal; an image is drawn at once. With `:set plot svg` it becomes a file, and the
  /// text says which.
  func drawn(_ figure: Figure) throws(DiagnosticError) -> String {
    switch settings.plot {
    // Images are for terminals: elsewhere dots are read more easily.
    case .sixel where console.showsImages:
      console.draw(figure.sixel())
      return ""
    case .kitty where console.showsImages:
      console.draw(figure.kitty())
      return ""
    case .ascii, .braille, .sixel, .kitty:
      return figure.braille(
        width: width, height: 20, colour: console.hasColourOnOutput,
        unicode: console.showsUnicode && settings.plot != .ascii)
    case .svg:
      // A name that no file has.
      var path: String
      repeat {
        figures += 1
        path = "plot-\(figures).svg"
      } while console.exists(path) && figures < 100_000
      try console.save(path, Array(figure.svg().utf8))
      return "wrote \(path)\n"
    }
  }
}

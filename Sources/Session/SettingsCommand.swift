import Basics
import Diagnostics
import Experiments
import Runtime

/// `:set`.
struct SettingsCommand: Answering {
  let question: Question

  static let names = ["plot", "engine", "dtype", "width", "seconds", "nodes", "threads", "journal"]

  func set(_ rest: Fragment) throws {
    if rest.isEmpty { return writeSettings() }
    let (name, value) = rest.word
    guard Self.names.contains(name.text) else {
      throw DiagnosticError(.unknownSetting(name.text, among: Self.names, at: span(name)))
    }
    guard !value.isEmpty else {
      throw wrong(name, "\(name.text) of what? \(Self.choices(name.text))")
    }
    let isRight: Bool
    switch name.text {
    case "plot":
      let style = SessionSettings.PlotStyle(rawValue: value.text)
      output.settings.plot = style ?? output.settings.plot
      isRight = style != nil
    case "engine":
      let kinds: [String: EngineKind] = [
        "interpreter": .interpreter, "native": .native, "auto": .auto, "reference": .reference,
      ]
      output.settings.engine = kinds[value.text] ?? output.settings.engine
      isRight = kinds[value.text] != nil
    case "dtype":
      isRight = ["f32", "f64"].contains(value.text)
      if isRight { output.settings.elementType = value.text == "f32" ? .float32 : .float64 }
    case "width":
      let n = Int(value.text).flatMap { (24...1_000).contains($0) ? $0 : nil }
      isRight = n != nil || value.text == "auto"
      if isRight { output.settings.width = n }
    case "seconds":
      let x = Double(value.text).flatMap { $0 > 0 && $0 <= 86_400 ? $0 : nil }
      output.settings.seconds = x ?? output.settings.seconds
      isRight = x != nil
    case "nodes":
      let n = Int(value.text).flatMap { (1_000...100_000_000).contains($0) ? $0 : nil }
      output.settings.nodes = n ?? output.settings.nodes
      isRight = n != nil
    case "journal":
      output.settings.journal = value.text == "none" ? nil : FileCommands.path(value)
      isRight = true
    default:
      let n = Int(value.text).flatMap { (1...1_024).contains($0) ? $0 : nil }
      if let n { Threads.preferred = n }
      isRight = n != nil
    }
    guard isRight else { throw wrong(value, "\(name.text) is \(Self.choices(name.text))") }
  }

  private func wrong(_ place: Fragment, _ message: String) -> DiagnosticError {
    DiagnosticError(.usage(message, of: .set, at: span(place)))
  }

  static func choices(_ name: String) -> String {
    switch name {
    case "plot": SessionSettings.PlotStyle.allCases.map(\.rawValue).joined(separator: ", ")
    case "engine": "interpreter, native, auto, reference"
    case "dtype": "f32, f64"
    case "width": "auto, or 24 to 1000 columns"
    case "seconds": "a number above 0: how long a command of the algebra may take"
    case "journal": "none, or the file that searches keep their programs in"
    case "nodes": "1000 or more: how large its terms may be"
    default: "1 to 1024"
    }
  }

  private func writeSettings() {
    let rows: [(name: String, text: String)] = [
      ("plot", output.settings.plot.rawValue), ("engine", "\(output.settings.engine)"),
      ("dtype", output.settings.elementType == .float32 ? "f32" : "f64"),
      ("width", output.settings.width.map { "\($0)" } ?? "auto"),
      ("seconds", NumberText.shortest(output.settings.seconds)),
      ("nodes", "\(output.settings.nodes)"),
      ("threads", "\(Threads.preferred)"), ("journal", output.settings.journal ?? "none"),
    ]
    output.write(rows: rows)
  }
}

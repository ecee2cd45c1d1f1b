import ArgumentParser
import Diagnostics
import Driver
import Files
import Platform
import Training

@main struct GalleryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ravine-gallery",
    abstract: "Write the pages of docs/zoo: every rule of the zoo with all that is known of it.",
    discussion: """
      Examples:
        ravine-gallery docs/zoo               all pages, from the folder of the project
        ravine-gallery /tmp/zoo --only Lion   one page
        ravine-gallery docs/zoo --quick       without paths and relatives

      Reads the recorded runs of --golden. How the rules do is a matter of `ravine arena`.
      """)

  @Option(help: ArgumentHelp("The folder of recorded runs.", valueName: "folder"))
  var golden = "Tests/Golden"
  @Option(help: "Only this rule's page.")
  var only: String?
  @Flag(help: "Only the index.")
  var index = false
  @Flag(help: "Only what follows from the sources at once.")
  var quick = false
  @Argument(help: ArgumentHelp("The folder to write to.", valueName: "folder"))
  var folder: String

  func run() throws {
    Interrupt.install()
    let sources = Compiler()
    do throws(DiagnosticError) {
      try write()
    } catch {
      Self.say(DiagnosticRenderer(sources: sources.sources, colour: false).text(error.diagnostics))
      throw ExitCode(1)
    }
    if Interrupt.isRequested { throw ExitCode(130) }
  }

  private func write() throws(DiagnosticError) {
    let gallery = try Gallery(recordings: recordings())
    _ = mkdir(folder, 0o777)
    _ = mkdir(folder + "/paths", 0o777)
    let paths = GalleryPaths()
    for entry in gallery.entries where !index && (only == nil || only == entry.name) {
      if Interrupt.isRequested { return }
      Self.say(entry.name + "\n")
      var page = try gallery.page(entry)
      if !quick {
        let picture = paths.picture(entry)
        page += "## Paths\n\n"
        if let svg = picture.svg {
          try save("paths/\(entry.name).svg", svg)
          page += "![Paths of \(entry.name)](paths/\(entry.name).svg)\n\n"
        }
        page += picture.text + "\n\n" + gallery.relatives(entry)
      }
      try save(entry.name + ".md", page)
    }
    if only != nil { return }
    try save("README.md", gallery.index())
  }

  private func recordings() throws(DiagnosticError) -> [Gallery.Recording] {
    let list = String(decoding: try Self.read(golden + "/golden.tsv"), as: UTF8.self)
    var found: [Gallery.Recording] = []
    for line in list.split(separator: "\n") where !line.hasPrefix("#") {
      let cells = line.split(separator: "\t")
      guard cells.count >= 2 else { continue }
      found.append(
        Gallery.Recording(
          file: String(cells[0]), call: String(cells[1]),
          bytes: try Self.read("\(golden)/\(cells[0]).json")))
    }
    return found
  }

  private static func read(_ path: String) throws(DiagnosticError) -> [UInt8] {
    try DataFile.load(path: path, at: .none, limit: 64 << 20).bytes
  }

  private static func say(_ text: String) {
    _ = Array(text.utf8).withUnsafeBytes { systemWrite(STDERR_FILENO, $0.baseAddress!, $0.count) }
  }

  private func save(_ name: String, _ text: String) throws(DiagnosticError) {
    try writeWhole(path: folder + "/" + name, bytes: Array(text.utf8))
  }
}

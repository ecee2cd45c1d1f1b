import Basics
import Diagnostics
import Driver
import Experiments
import IR
import Laboratory
import Runtime
import Symbolic
import Zoo

/// The pages of docs/zoo: each rule of the zoo with its source, equations, cost and relatives.
///
/// A page begins with what follows from the source at once, and ends with what takes long to find:
/// paths and relatives. Two runs write the same bytes.
package struct Gallery {
  /// A recorded run and the rule that replays it.
  package struct Recording {
    package var file: String
    package var call: String
    package var bytes: [UInt8]

    package init(file: String, call: String, bytes: [UInt8]) {
      self.file = file
      self.call = call
      self.bytes = bytes
    }
  }

  package let entries: [GalleryEntry]
  private let recordings: [Recording]
  private let compiler = Compiler()
  /// Compiled once for the comparisons of all pages.
  private let rules: [Rule]

  /// All rules of the zoo. Throws what compiling them throws.
  package init(recordings: [Recording]) throws(DiagnosticError) {
    self.recordings = recordings
    var entries: [GalleryEntry] = []
    for declaration in Library.shared.declarations where declaration.kind == .rule {
      entries.append(try GalleryEntry(declaration, compiler))
    }
    self.entries = entries
    rules = Likeness.zooRules
  }

  // MARK: A page

  /// The part of a rule's page that follows from its source and its recorded runs.
  package func page(_ entry: GalleryEntry) throws(DiagnosticError) -> String {
    var lines = ["# \(entry.name)", ""]
    lines += entry.description.documentation
    lines += ["", "Family: \(entry.family). [All rules](README.md)", ""]
    lines += ["## Source", "", "```ravine", entry.source + "```", ""]
    lines += equations(entry)
    if !entry.discrepancies.isEmpty {
      lines += ["## Between papers and packages", ""]
      lines += entry.discrepancies.map { "- \($0)" } + [""]
    }
    lines += ["## Cost", ""]
    if entry.call != entry.name { lines += ["Of `\(entry.call)`:", ""] }
    lines += ["```text", cost(entry) + "```", ""]
    lines += try recorded(entry)
    if !entry.invariances.isEmpty {
      lines += ["## Invariances", ""]
      for finding in entry.invariances {
        let verdict = finding.holds.map { $0 ? "yes" : "no" } ?? "not decided"
        lines.append(
          "- \(finding.property): \(verdict)"
            + (finding.reason.isEmpty ? "" : " (\(finding.reason))"))
      }
      lines.append("")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func equations(_ entry: GalleryEntry) -> [String] {
    var lines = ["## Equations", ""]
    for (k, variant) in entry.instance.module.variants.enumerated() {
      if !variant.path.isEmpty {
        lines += ["Where `\(variant.path.joined(separator: ", then "))`:", ""]
      }
      let text = LatexPrinter.rule(entry.instance.module, variant: k)
      lines += ["```math", text + "```", ""]
    }
    return lines
  }

  /// The sheet without its heading and documentation, which the page has already.
  private func cost(_ entry: GalleryEntry) -> String {
    let lines = entry.description.text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.dropFirst(1 + entry.description.documentation.count).drop { $0.isEmpty }
      .joined(separator: "\n")
  }

  private func recorded(_ entry: GalleryEntry) throws(DiagnosticError) -> [String] {
    let own = recordings.filter { $0.call.prefix { $0 != "(" } == entry.name }
    guard !own.isEmpty else {
      return ["## Recorded runs", "", "None of its own.", ""]
    }
    var lines = [
      "## Recorded runs", "", "| file | rule | made by | largest relative difference |",
      "|---|---|---|---|",
    ]
    for recording in own {
      let trajectory = try Trajectory(bytes: recording.bytes, path: recording.file)
      let compiler = Compiler()
      let replay = try Replay.run(
        compiler.rule(recording.call), on: trajectory, engine: .reference, elementType: .float64)
      let source = (try? JSONReader.parse(recording.bytes))?["source"]?.text ?? ""
      let largest = replay.largestRelative
      // Below the rounding of the run itself the digits are the machine's.
      let difference = largest <= 1e-12 ? "below 1e-12" : Self.roughly(largest)
      lines.append(
        "| \(recording.file) | `\(recording.call)` | \(source.replacing("|", "/")) | "
          + "\(difference)\(replay.holds ? "" : " (outside)") |")
    }
    return lines + [""]
  }

  /// The power of ten above, as `below 1e-8`.
  private static func roughly(_ x: Double) -> String {
    var power = -12
    var limit = 1e-12
    while limit < x, power < 300 {
      limit *= 10
      power += 1
    }
    return "below 1e\(power)"
  }

  /// Rules that this one is, or becomes.
  package func relatives(_ entry: GalleryEntry) -> String {
    var lines = ["## Relatives", ""]
    let found = entry.call == entry.name ? entry.instance.likenesses(among: rules) : []
    if found.isEmpty { lines.append("None found among the rules of the zoo.") }
    for likeness in found {
      let change = likeness.change.isEmpty ? "" : " with `\(likeness.change)`"
      lines.append(
        "- \(likeness.zooRule)\(change): "
          + ComparisonText.headline(likeness.comparison))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: The index

  package func index() -> String {
    var lines = [
      "# The zoo", "",
      "The \(entries.count) rules that come with Ravine. `make gallery` writes a page for each, as "
        + "[Lion's](Lion.md);",
      "`ravine zoo NAME` prints a rule, `ravine describe NAME` its cost. State is in bytes for each",
      "parameter in float32; what grows with rows and columns counts where it is named. Properties are",
      "those that are proved: *loss scale* is a step that does not change when the loss is multiplied,",
      "*sign*, *permutation* and *rotation* a step that changes as weights and gradients are.",
      "How they do on the problems that come along is what [the arena](../arena.md) measures.", "",
      "| rule | family | year | state | needs | proved |", "|---|---|---|---|---|---|",
    ]
    for entry in entries {
      lines.append(
        "| \(entry.name) | \(entry.family) | "
          + "\(entry.year.map(String.init) ?? "") | \(entry.stateBytes) | \(entry.needs) | "
          + "\(entry.properties) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

import Basics
import Diagnostics
import Files
import IR
import Runtime

/// What an experiment is: all that its numbers depend on, by name. Two with the same entries end on the same bits.
struct RunIdentity: Equatable {
  private(set) var entries: [JSONMember] = []

  /// Entries whose values are digests, with what is said where two differ.
  private static let digests = ["objective", "data"]

  init(
    _ objective: ObjectiveModule, _ data: DataSplit?, _ settings: TrainingSettings,
    _ rules: [Rule], _ elementType: ElementType
  ) {
    func add(_ name: String, _ value: String) {
      entries.append(JSONMember(name, .string(value)))
    }
    let functions = [objective.initial, objective.forward, objective.defaults].map { $0.dump() }
    add("objective", SHA256.hexadecimal(functions.joined(separator: "\n").utf8))
    add("data", data?.digests.joined(separator: " ") ?? "none")
    for (k, rule) in rules.enumerated() {
      add(
        "rule \(k + 1)",
        "\(rule.label) \(rule.module.identityDigest(arguments: rule.arguments))")
    }
    add("numbers", "\(elementType)")
    add(
      "for", settings.epochs.map { "\($0) epochs" } ?? settings.steps.map { "\($0) steps" } ?? "")
    add("batch", settings.batch.map(String.init) ?? "all")
    add("workers", "\(settings.workers)")
    add("delay", "\(settings.delay)")
    add("until", settings.target?.text ?? "none")
    add("from", settings.start?.text ?? "the first values")
    add("seeds", settings.seeds.map(String.init).joined(separator: ", "))
    add("record", settings.recordsSharpness ? ObjectiveModule.sharpness : "nothing more")
  }

  init?(_ json: JSONValue?) {
    guard case .object(let members) = json, members.allSatisfy({ $0.value.text != nil }) else {
      return nil
    }
    entries = members
  }

  var json: JSONValue { .object(entries) }

  /// In words, what another experiment has instead.
  func differences(from here: RunIdentity) -> [String] {
    let names = entries.map(\.key) + here.entries.map(\.key).filter { json[$0] == nil }
    return names.compactMap { name -> String? in
      let (own, other) = (json[name]?.text, here.json[name]?.text)
      if own == other { return nil }
      if Self.digests.contains(name) { return "its \(name) is another" }
      func shown(_ text: String?) -> String { text.map { printable($0, limit: 60) } ?? "not there" }
      if name.hasPrefix("rule") {
        let labels = [own, other].map { text in
          shown(text.map { String($0[..<($0.lastIndex(of: " ") ?? $0.endIndex)]) })
        }
        return labels[0] == labels[1]
          ? "its \(printable(name, limit: 20)), \(labels[0]), has other equations or values"
          : "\(printable(name, limit: 20)) is \(labels[0]) there and \(labels[1]) here"
      }
      return "`\(printable(name, limit: 20))` is \(shown(own)) there and \(shown(other)) here"
    }
  }
}

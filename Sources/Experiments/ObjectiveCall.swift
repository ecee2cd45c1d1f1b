import Basics
import Syntax

/// An objective as it is written, with its arguments: `mlp(hidden = 64)`.
struct ObjectiveCall: Sendable {
  var name: String
  var arguments: [(label: Name?, text: String)] = []

  /// The same with other arguments in the place of those of their names, or beside them.
  func text(with settings: [(name: String, value: Double)]) -> String {
    let keys = Set(settings.map { Name($0.name).key })
    let kept = arguments.filter { $0.label.map { !keys.contains($0.key) } ?? true }.map {
      ($0.label.map { $0.text + " = " } ?? "") + $0.text
    }
    let all = kept + settings.map { "\($0.name) = \(NumberText.short($0.value))" }
    return all.isEmpty ? name : "\(name)(\(all.joined(separator: ", ")))"
  }
}

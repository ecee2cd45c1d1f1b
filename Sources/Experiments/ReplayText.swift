import Basics

extension Replay {
  /// The comparison for people: what was compared, how far apart, where first, the final states.
  package var text: String {
    var lines = [
      "\(rule) on \(trajectory): \(steps) steps of \(Self.shape(dims))",
      "  largest absolute difference  \(NumberText.short(largestAbsolute))",
      "  largest relative difference  \(NumberText.short(largestRelative))",
      "  tolerance                    \(NumberText.short(tolerance.absolute)) + "
        + "\(NumberText.short(tolerance.relative)) · |recorded|",
    ]
    if let first = firstOutside {
      let total = steps * parameters.count
      lines.append("  outside                      \(outsideCount) of \(total) numbers")
      lines.append(
        "  first at                     step \(first.step), element \(place(first.element)): "
          + "\(first.computed), recorded \(first.recorded)")
    } else {
      lines.append("  every number is within the tolerance")
    }
    if !unused.isEmpty {
      lines.append("  recorded and not asked for   \(unused.joined(separator: ", "))")
    }
    if !states.isEmpty { lines.append("final states") }
    for state in states {
      let values = state.values.prefix(Self.shown).map(NumberText.short).joined(separator: ", ")
      let rest = state.values.count > Self.shown ? ", …" : ""
      lines.append("  \(state.name) (\(Self.shape(state.shape)))  \(values)\(rest)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let shown = 6

  private static func shape(_ dims: [Int]) -> String {
    dims.isEmpty ? "one number" : dims.map(String.init).joined(separator: " × ")
  }

  /// `[1, 3]` of an element in row order.
  private func place(_ element: Int) -> String {
    var rest = element
    var indices: [Int] = []
    for length in dims.reversed() where length > 0 {
      indices.insert(rest % length, at: 0)
      rest /= length
    }
    return "[" + indices.map(String.init).joined(separator: ", ") + "]"
  }

  package var json: JSONValue {
    .record([
      "rule": .string(rule), "trajectory": .string(trajectory), "steps": .int(steps),
      "shape": .array(dims.map { .int($0) }), "holds": .bool(holds),
      "largestAbsolute": .number(largestAbsolute), "largestRelative": .number(largestRelative),
      "tolerance": .record([
        "relative": .number(tolerance.relative), "absolute": .number(tolerance.absolute),
      ]),
      "outside": .int(outsideCount),
      "firstOutside": firstOutside.map { first in
        .record([
          "step": .int(first.step), "element": .int(first.element),
          "computed": .number(first.computed), "recorded": .number(first.recorded),
        ])
      } ?? .null,
      "skipped": .int(skippedSteps),
      "warnings": .array(warnings.map { .string($0.message) }),
      "unused": .array(unused.map { .string($0) }),
      "parameters": .array(parameters.map { .number($0) }),
      "states": .array(
        states.map { state in
          .record([
            "name": .string(state.name), "shape": .array(state.shape.map { .int($0) }),
            "values": .array(state.values.map { .number($0) }),
          ])
        }),
    ])
  }
}

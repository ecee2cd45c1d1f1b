import Basics
import Runtime

/// Values as a person reads them.
package enum ValueText {
  package static func text(_ value: Dense, isBoolean: Bool) -> String {
    func one(_ x: Double) -> String {
      isBoolean ? (x != 0 ? "true" : "false") : NumberText.shortest(x)
    }
    if value.shape.isEmpty || (value.shape.allSatisfy { $0 == 1 }) { return one(value.scalar) }
    let limit = 12
    func row(_ values: ArraySlice<Double>) -> String {
      let shown = values.prefix(limit).map(one).joined(separator: ", ")
      return "[" + shown + (values.count > limit ? ", … (\(values.count) values)]" : "]")
    }
    guard value.shape.count == 2, value.shape[0] > 1, value.shape[1] > 1 else {
      return row(value.values[...])
    }
    let columns = value.shape[1]
    var lines = (0..<min(limit, value.shape[0])).map {
      row(value.values[$0 * columns..<($0 + 1) * columns])
    }
    if value.shape[0] > limit { lines.append("… (\(value.shape[0]) rows)") }
    return lines.joined(separator: "\n")
  }
}

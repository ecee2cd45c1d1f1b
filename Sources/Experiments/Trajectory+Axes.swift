import Diagnostics
import IR

/// What a recorded run says of named axes.
extension Trajectory {
  /// The gradients of worker k are the input of this name with k behind it.
  static let workerGradients = "gradients_worker"

  /// The recorded inputs `name0`, `name1`, …
  func entryNames(_ name: String) -> [String] {
    var found: [String] = []
    while inputs["\(name)\(found.count)"] != nil { found.append("\(name)\(found.count)") }
    return found
  }

  /// The numbers of an input: recorded as a whole or, where it has a named axis, entry by entry.
  func entries(_ name: String, _ shape: Shape) -> Recorded? {
    if let whole = input(name) { return whole }
    let names = shape.axes.isEmpty ? [] : entryNames(name)
    if names.isEmpty { return nil }
    return .eachStep(
      (0..<steps).map { step in
        var all: [Double] = []
        for entry in names {
          let values = Self.numbers(inputs[entry]!, step: step)
          guard let values else { return nil }
          all += values
        }
        return all
      })
  }

  private static func numbers(_ recorded: Recorded, step: Int) -> [Double]? {
    switch recorded {
    case .once(let values): return values
    case .eachStep(let steps): return step < steps.count ? steps[step] : nil
    }
  }

  /// The lengths of named axes as the recorded numbers fill them.
  func axes(of module: RuleModule) -> AxisLengths {
    var lengths = AxisLengths()
    if module.axes.contains(.workers) { lengths.workers = max(1, workerCount) }
    for slot in module.variants.flatMap(\.inputs) where !slot.shape.axes.isEmpty {
      guard let recorded = entries(slot.name, slot.shape),
        let total = (0..<steps).lazy.compactMap({ Self.numbers(recorded, step: $0)?.count }).first
      else { continue }
      let one = slot.shape.tensor.isLike ? count : slot.shape.tensor.isScalar ? 1 : nil
      guard let one, one > 0, slot.shape.axes.count == 1 else { continue }
      if slot.shape[0] == .batch { lengths.batch = total / one }
      if slot.shape[0] == .groups { lengths.groups = total / one }
    }
    return lengths
  }

  private var workerCount: Int { entryNames(Self.workerGradients).count }

  /// The gradients of a step (from 0) of all workers, one after the other. Throws R0762 where one of
  /// them has another length.
  func gradients(_ step: Int, workers: Int) throws(DiagnosticError) -> [Double] {
    if workers == 1 { return gradients[step] }
    var all: [Double] = []
    for name in entryNames(Self.workerGradients).prefix(workers) {
      guard let values = Self.values(inputs[name]!, step: step, count: count) else {
        throw DiagnosticError(
          Diagnostic(
            .recordedLength, "`\(name)` of step \(step + 1) does not have \(count) numbers",
            at: .none))
      }
      all += values
    }
    return all
  }
}

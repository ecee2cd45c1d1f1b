import Basics
import Diagnostics

/// What is `global` in one line of a route spans the tensors of the other lines too.
extension [RuleVariant] {
  /// Gives each variant its part of the reductions over all tensors that others have: the same
  /// expression of its own w and g. Where an expression is made of more than these, only the lines
  /// that have it take part.
  package func spanningAllTensors() -> [RuleVariant] {
    guard count > 1 else { return self }
    var sites: [Place: (variant: Int, value: ValueID)] = [:]
    for (v, variant) in enumerated() {
      for (place, value) in variant.update.globalSites where sites[place] == nil {
        sites[place] = (v, value)
      }
    }
    let ordered = sites.sorted { $0.key < $1.key }
    return map { variant in
      var variant = variant
      let own = variant.update.globalSites
      let missing = ordered.filter { own[$0.key] == nil }
      for (place, found) in missing {
        let other = self[found.variant].update
        guard other.isOfParameters(other[found.value].a),
          let update = try? variant.update.contributing(place, found.value, of: other)
        else { continue }
        variant.update = update
      }
      return variant
    }
  }
}

/// A reduction over all tensors: where it stands in every variant.
private struct Place: Hashable, Comparable {
  var site: Int32
  var operation: Operation

  static func < (x: Place, y: Place) -> Bool {
    (x.site, x.operation.rawValue) < (y.site, y.operation.rawValue)
  }
}

extension Function {
  fileprivate var globalSites: [Place: ValueID] {
    var found: [Place: ValueID] = [:]
    let live = liveValues()
    for (i, instruction) in instructions.enumerated()
    where live[i] && instruction.operation.isGlobalReduction {
      found[Place(site: instruction.attribute, operation: instruction.operation)] = ValueID(i)
    }
    return found
  }

  /// Whether a value means the same for any tensor: it is made of w, g and what all tensors have.
  fileprivate func isOfParameters(_ root: ValueID) -> Bool {
    var pending = [root]
    var seen: Set<ValueID> = []
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      let instruction = self[next]
      let window = window(instruction.operation, instruction.attribute)
      let extents = instruction.type.shape.extents + (window?.extents ?? [])
      guard extents.allSatisfy({ $0.computedIndex == nil }) else { return false }
      switch instruction.operation {
      case .state, .input, .draw, .lossAt, .gradientAt, .hessianProduct, .loop, .project, .argument:
        return false
      default: pending += operands(next)
      }
    }
    return true
  }

  /// The function with a part of a reduction that another one has; its result is not used here.
  fileprivate func contributing(
    _ place: Place, _ value: ValueID, of other: Function
  ) throws(DiagnosticError) -> Function {
    var (builder, map) = try copied()
    for output in outputs { builder.output(output.target, map[output.value.index]) }
    var own = [ValueID](repeating: .none, count: other.instructions.count)
    builder.output(
      .result(Int(place.site)), try builder.copy(tree: value, of: other, &own))
    return builder.finish()
  }
}

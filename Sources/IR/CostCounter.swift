import Basics

/// Counts the work of a function, path by path.
///
/// Values that the program reads from memory or that an operation needs whole are *resident*; all
/// others are recomputed in every pass that needs them. A reduction of the whole tensor ends a pass:
/// what depends on it belongs to the next. Each output is written in the first pass that knows it,
/// but not before the last pass that reads the old value.
struct CostCounter {
  let function: Function
  let states: [StateSlot]
  let hypers: [Double]
  /// More conditions than this are not told apart.
  private static let conditionLimit = 6

  init(_ function: Function, states: [StateSlot], hypers: [Double]) {
    self.function = function
    self.states = states
    self.hypers = hypers
  }

  /// The work on every path through the scalar conditions, at most 64 of them, and what it uses.
  func paths() -> [(work: CostSheet.Work, census: CostCensus)] {
    let free = openConditions()
    guard free.count <= Self.conditionLimit else {
      return [true, false].map { side in
        let choices = Dictionary(uniqueKeysWithValues: free.map { ($0, side) })
        return CostPath(self, choices: choices).count()
      }
    }
    return (0..<(1 << free.count)).map { mask in
      var choices: [ValueID: Bool] = [:]
      for (bit, condition) in free.enumerated() { choices[condition] = mask >> bit & 1 == 1 }
      return CostPath(self, choices: choices).count()
    }
  }

  /// The conditions of lazy selects that hyperparameters do not decide.
  private func openConditions() -> [ValueID] {
    let live = function.liveValues()
    var found: [ValueID] = []
    for (i, instruction) in function.instructions.enumerated()
    where live[i] && instruction.operation == .select {
      let condition = instruction.a
      if function.type(condition).shape.isScalar, !instruction.type.shape.isScalar,
        number(condition, in: function) == nil, !found.contains(condition)
      {
        found.append(condition)
      }
    }
    return found
  }

  /// Whether nothing but the tensor's shape decides between the paths.
  var shapeDecides: Bool {
    let open = openConditions()
    return !open.isEmpty && open.allSatisfy(isOfShape)
  }

  private func isOfShape(_ id: ValueID) -> Bool {
    switch function[id].operation {
    case .constant, .hyper, .free: true
    case .extent: function[id].a == .none
    default: function[id].operation.isElementwise && function.operands(id).allSatisfy(isOfShape)
    }
  }

  // MARK: Lengths

  func elements(_ shape: Shape, of function: Function) -> Amount {
    if shape.isLike { return .elements }
    return shape.extents.reduce(Amount(1)) { $0 * length($1, function) }
  }

  func length(_ extent: Extent, _ function: Function) -> Amount {
    switch extent {
    case .rows: return .rows
    case .cols: return .cols
    case .numel: return .elements
    case .unknown: return .length("n")
    case .batch: return .length("batch")
    case .features: return .length("features")
    case .groups: return .length("groups")
    // What one worker has and does.
    case .workers: return Amount(1)
    default:
      if let k = extent.computedIndex {
        return function.extents.indices.contains(k)
          ? amount(function.extents[k], in: function) ?? .length("n\(k)") : .length("n\(k)")
      }
      return Amount(Double(extent.value))
    }
  }

  /// A scalar as a polynomial of rows and columns, the hyperparameters at their values.
  func amount(_ id: ValueID, in function: Function) -> Amount? {
    let instruction = function[id]
    switch instruction.operation {
    case .extent where instruction.a == .none:
      switch ExtentKind(rawValue: instruction.attribute) {
      case .rows: return .rows
      case .cols: return .cols
      case .numel: return .elements
      case .batch: return .length("batch")
      case .features: return .length("features")
      case .groups: return .length("groups")
      case .workers: return Amount(1)
      default: return nil
      }
    case .add, .subtract, .multiply:
      guard let a = amount(instruction.a, in: function), let b = amount(instruction.b, in: function)
      else { return nil }
      switch instruction.operation {
      case .add: return a + b
      case .subtract: return a - b
      default: return a * b
      }
    default: return number(id, in: function).map { Amount($0) }
    }
  }

  /// A scalar that constants and hyperparameters decide.
  func number(_ id: ValueID, in function: Function) -> Double? {
    let instruction = function[id]
    switch instruction.operation {
    case .constant: return function.constants[Int(instruction.attribute)]
    case .hyper:
      let k = Int(instruction.attribute)
      return hypers.indices.contains(k) ? hypers[k] : nil
    default:
      guard instruction.type.shape.isScalar else { return nil }
      return function.folded(id) { number($0, in: function) }
    }
  }
}

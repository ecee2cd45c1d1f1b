/// What one step of a rule costs a parameter tensor, read off the IR before anything runs.
///
/// Amounts are exact counts of the program as written: bytes with w, g and states as `Storage` says
/// (4 bytes where it says nothing), flops by the table of operations. Values are recomputed rather
/// than stored, so an elementwise rule reads and writes each tensor once and has no temporary.
package struct CostSheet: Sendable {
  /// A state and the memory that it takes.
  package struct State: Sendable {
    package var slot: StateSlot
    /// Numbers in it for one parameter tensor (for the whole optimizer if it is global).
    package var elements: Amount
    package var bytes: Amount
    /// Whether it may be negative: decides the map of an eight-bit state.
    package var isSigned: Bool
  }

  /// What one step does on one path through the conditions.
  package struct Work: Hashable, Sendable {
    /// Floating-point operations on tensors; those on single numbers are not counted.
    package var flops = Amount.zero
    /// How often an element of the tensor goes through each elementwise operation and draw.
    package var operations: [Operation: Int] = [:]
    package var bytesRead = Amount.zero
    package var bytesWritten = Amount.zero
    /// How often the tensor is gone through element by element.
    package var passes = 0
    /// Bytes that live only during the step, at most at one time.
    package var temporaryBytes = Amount.zero
    package var matrixProducts = Amount.zero
    package var decompositions = Amount.zero

    package var bytesMoved: Amount { bytesRead + bytesWritten }

    /// What a large tensor costs, to compare paths by.
    var weight: Double { (flops + bytesMoved).value(rows: 1024, cols: 1024) }
  }

  package struct DrawSite: Hashable, Sendable {
    package var name: String
    package var distribution: Distribution
    package var shape: Shape
    package var isGlobal: Bool
  }

  /// How far an element of the result looks: what must be together to compute it.
  package enum Reach: Int, Comparable, Sendable {
    case elementwise, tensorReduction, globalReduction, rowsOrColumns, wholeTensor
    package static func < (a: Reach, b: Reach) -> Bool { a.rawValue < b.rawValue }
  }

  package var states: [State]
  /// For one parameter tensor, without global states.
  package var stateBytes: Amount
  package var globalStateBytes: Amount
  /// The path on which a large tensor costs the most.
  package var busiest: Work
  /// The path on which it costs the least: most steps of a rule with `every k`.
  package var quietest: Work
  /// Whether `busiest` and `quietest` differ by the shape of the tensor alone.
  package var variesByShape: Bool
  package var reach: Reach
  /// Reductions of the tensor to one number.
  package var tensorReductions: Int
  /// Reductions over all tensors of the optimizer.
  package var globalReductions: Int
  package var rowReductions: Int
  package var columnReductions: Int
  package var draws: [DrawSite]
  /// How often a step asks for `loss(x)` and `grad(x)` at another point.
  package var lossQueries: Int
  package var gradientQueries: Int
  package var usesGradient: Bool
  package var usesLoss: Bool
  /// Names of the inputs besides w, g and loss.
  package var inputs: [InputSlot]

  /// `hypers`: the values of the hyperparameters, for lengths, loop counts and conditions that they
  /// decide. `nonNegative`: the states that are never negative.
  package init(_ variant: RuleVariant, hypers: [Double], nonNegative: Set<Int> = []) {
    let counter = CostCounter(variant.update, states: variant.states, hypers: hypers)
    states = variant.states.enumerated().map { k, slot in
      let elements = counter.elements(slot.shape, of: variant.initial)
      return State(
        slot: slot, elements: elements, bytes: counter.bytes(of: slot, elements: elements),
        isSigned: !nonNegative.contains(k))
    }
    stateBytes = states.filter { !$0.slot.isGlobal }.reduce(.zero) { $0 + $1.bytes }
    globalStateBytes = states.filter(\.slot.isGlobal).reduce(.zero) { $0 + $1.bytes }
    let paths = counter.paths()
    let most = paths.max { $0.work.weight < $1.work.weight }!
    let least = paths.min { $0.work.weight < $1.work.weight }!
    busiest = most.work
    quietest = least.work
    variesByShape = counter.shapeDecides
    inputs = variant.inputs

    let census = most.census
    tensorReductions = census.reductions(.all)
    rowReductions = census.reductions(.perRow)
    columnReductions = census.reductions(.perColumn)
    globalReductions = census.globalSites
    lossQueries = census.count(.lossAt)
    gradientQueries = census.count(.gradientAt) + census.count(.hessianProduct)
    usesGradient = census.count(.gradient) > 0
    usesLoss = census.count(.loss) > 0
    draws = census.draws
    reach =
      paths.contains { $0.census.needsWholeTensor }
      ? .wholeTensor
      : rowReductions + columnReductions > 0
        ? .rowsOrColumns
        : globalReductions > 0
          ? .globalReduction : tensorReductions > 0 ? .tensorReduction : .elementwise
  }

  /// How the tensor may be split over devices, in words.
  package var sharding: String {
    func numbers(_ n: Int) -> String { n == 1 ? "one number" : "\(n) numbers" }
    let scalars = tensorReductions + globalReductions
    let also = scalars > 0 ? " and an all-reduce of \(numbers(scalars))" : ""
    switch reach {
    case .elementwise: return "any split"
    case .tensorReduction, .globalReduction:
      return "any split, with an all-reduce of \(numbers(scalars))"
    case .rowsOrColumns where columnReductions == 0: return "whole rows" + also
    case .rowsOrColumns where rowReductions == 0:
      return "whole columns, or whole rows with an all-reduce of a vector over columns" + also
    case .rowsOrColumns:
      return "whole rows, with an all-reduce of a vector over columns" + also
    case .wholeTensor: return "the whole matrix in one place"
    }
  }
}

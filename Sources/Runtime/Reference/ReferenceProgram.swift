import Diagnostics
import IR

/// The meaning of concrete functions: whole tensors in float64, one per parameter tensor, in lockstep.
///
/// Deliberately slow and plain; every other engine is tested against it. A value is computed when an
/// output needs it and never twice; `select` with a scalar condition computes one arm.
package struct ReferenceProgram: Sendable {
  package let functions: [Function]

  /// The functions must be concrete (every extent a number).
  package init(_ functions: [Function]) { self.functions = functions }
  package init(_ function: Function) { functions = [function] }

  package struct Result: Sendable {
    /// The values of each function's outputs, in the order of `Function.outputs`.
    package var outputs: [[(target: OutputTarget, value: Dense)]]
    /// The states of each function that the scalar conditions of this step leave as they are.
    package var keptStates: [Set<Int>] = []
    /// Elements computed, and a little for each instruction: how long it took, in no unit of time.
    package var work = 0

    /// The value of an output of tensor `tensor`, nil if there is none.
    package func value(_ target: OutputTarget, of tensor: Int = 0) -> Dense? {
      outputs[tensor].first { $0.target == target }?.value
    }
  }

  /// Computes the outputs that `includes` selects, all by default.
  ///
  /// Errors: `NumericError` diagnostics at the place of the failing instruction, of that which would
  /// take the work beyond its limit too, and what the oracle throws.
  package func evaluate(
    _ environments: [ReferenceEnvironment], oracle: Oracle? = nil, workLimit: Int = .max,
    includes: (OutputTarget) -> Bool = { _ in true }
  ) throws(DiagnosticError) -> Result {
    precondition(environments.count == functions.count, "one environment for each function")
    var run = ReferenceRun(functions, environments, oracle, workLimit)
    var outputs: [[(target: OutputTarget, value: Dense)]] = []
    var kept = functions.map { _ in Set<Int>() }
    for (tensor, function) in functions.enumerated() {
      var values: [(target: OutputTarget, value: Dense)] = []
      for output in function.outputs where includes(output.target) {
        values.append((output.target, try run.demand(tensor, output.value)))
        if case .state(let k) = output.target, run.keeps(k, output.value, tensor) {
          kept[tensor].insert(k)
        }
      }
      outputs.append(values)
    }
    return Result(outputs: outputs, keptStates: kept, work: run.work)
  }

  package func evaluate(_ environment: ReferenceEnvironment) throws(DiagnosticError) -> Result {
    try evaluate([environment])
  }

  /// The outputs of a function of scalars alone: schedules, arguments, defaults.
  package static func evaluateScalars(
    _ function: Function, hypers: [Double] = [], step: Int = 1, horizon: Int = 0
  ) throws(DiagnosticError) -> [(target: OutputTarget, value: Double)] {
    let result = try ReferenceProgram(function).evaluate(
      ReferenceEnvironment(hypers: hypers, step: step, horizon: horizon))
    return result.outputs[0].map { ($0.target, $0.value.scalar) }
  }
}

/// One evaluation: what is known of every value of every tensor.
struct ReferenceRun {
  let functions: [Function]
  let environments: [ReferenceEnvironment]
  let oracle: Oracle?
  /// How many instructions were computed, those in loop bodies once per run.
  private var evaluated = 0
  private(set) var work = 0
  private let workLimit: Int
  /// The work at which it asks next whether it is to end.
  private var nextLook = EvaluationLimit.interval
  private var known: [[Dense?]]
  private var tuples: [[Int: [Dense]]]
  /// Values whose operands are being computed: reaching one again is a cycle through other tensors.
  private var isOpen: [[Bool]]
  /// Where each tensor's function meets the others: (operation, site) → instruction.
  private var barriers: [[Barrier: ValueID]]

  private struct Barrier: Hashable {
    var operation: Operation
    var site: Int32
  }

  private struct Place: Hashable {
    var tensor: Int
    var value: ValueID
  }

  init(
    _ functions: [Function], _ environments: [ReferenceEnvironment], _ oracle: Oracle?,
    _ workLimit: Int
  ) {
    self.workLimit = workLimit
    self.functions = functions
    self.environments = environments
    self.oracle = oracle
    known = functions.map { [Dense?](repeating: nil, count: $0.instructions.count) }
    isOpen = functions.map { [Bool](repeating: false, count: $0.instructions.count) }
    tuples = functions.map { _ in [:] }
    barriers = functions.map { function in
      var found: [Barrier: ValueID] = [:]
      for (i, instruction) in function.instructions.enumerated() {
        guard instruction.operation.isBarrier else { continue }
        found[Barrier(operation: instruction.operation, site: instruction.attribute)] = ValueID(i)
      }
      return found
    }
  }

  /// The value, computed with all that it needs. The stack is explicit: functions may be deep.
  mutating func demand(_ tensor: Int, _ value: ValueID) throws(DiagnosticError) -> Dense {
    var stack = [Place(tensor: tensor, value: value)]
    while let place = stack.last {
      let (t, i) = (place.tensor, place.value.index)
      if isKnown(place) {
        stack.removeLast()
        continue
      }
      let height = stack.count
      needs(place) { need in
        if !isKnown(need) { stack.append(need) }
      }
      if stack.count == height {
        try compute(place)
        isOpen[t][i] = false
        stack.removeLast()
        continue
      }
      isOpen[t][i] = true
      for need in stack[height...] where isOpen[need.tensor][need.value.index] {
        throw failure(.circularReduction, place)
      }
    }
    return known[tensor][value.index]!
  }

  /// Whether a value that is known is the old value of state `k`, by the arms that were taken.
  func keeps(_ k: Int, _ value: ValueID, _ tensor: Int) -> Bool {
    let function = functions[tensor]
    var value = value
    while function[value].operation == .select, function.type(function[value].a).shape.isScalar,
      let condition = known[tensor][function[value].a.index]
    {
      value = condition.scalar != 0 ? function[value].b : function[value].c
    }
    return function[value].operation == .state && Int(function[value].attribute) == k
  }

  private func isKnown(_ place: Place) -> Bool {
    known[place.tensor][place.value.index] != nil
      || tuples[place.tensor][place.value.index] != nil
  }

  /// What must be known before `place` can be computed, or before more can be said about that.
  private func needs(_ place: Place, _ body: (Place) -> Void) {
    let (t, i) = (place.tensor, place.value.index)
    let operation = functions[t].instructions[i].operation
    switch operation.operationClass {
    case .globalReduction, .oracle: operandsOfAll(functions[t].instructions[i]).forEach(body)
    case .region where operation == .loop:
      for operand in functions[t].operands(place.value) { body(Place(tensor: t, value: operand)) }
    default:
      if let arm = arm(place) { return body(Place(tensor: t, value: arm)) }
      let own = functions[t].instructions[i]
      if own.a.isSome { body(Place(tensor: t, value: own.a)) }
      if own.b.isSome { body(Place(tensor: t, value: own.b)) }
      if own.c.isSome { body(Place(tensor: t, value: own.c)) }
    }
  }

  /// Of a `select` with a scalar condition: the condition until that is known, then the arm that it takes.
  private func arm(_ place: Place) -> ValueID? {
    let (t, i) = (place.tensor, place.value.index)
    guard functions[t].instructions[i].operation == .select else { return nil }
    let own = functions[t].instructions[i]
    guard functions[t].instructions[own.a.index].type.shape.isScalar else { return nil }
    guard let condition = known[t][own.a.index] else { return own.a }
    return condition.scalar != 0 ? own.b : own.c
  }

  /// The operands of a barrier in all tensors that take part.
  private func operandsOfAll(_ instruction: Instruction) -> [Place] {
    let barrier = Barrier(operation: instruction.operation, site: instruction.attribute)
    return functions.indices.compactMap { tensor in
      barriers[tensor][barrier].map {
        Place(tensor: tensor, value: functions[tensor][$0].a)
      }
    }
  }

  private func failure(_ error: NumericError, _ place: Place) -> DiagnosticError {
    let function = functions[place.tensor]
    return DiagnosticError(
      error.diagnostic(function[place.value].operation, at: function.origin(place.value)),
      cause: error)
  }

  private mutating func compute(_ place: Place) throws(DiagnosticError) {
    let instruction = functions[place.tensor].instructions[place.value.index]
    evaluated += 1
    switch instruction.operation.operationClass {
    case .globalReduction(let fold):
      let numbers = operandsOfAll(instruction).map { known[$0.tensor][$0.value.index]!.scalar }
      known[place.tensor][place.value.index] = Dense(
        ReferenceOperations.reduce(.fold(fold), numbers))
    case .oracle: try ask(place, instruction)
    case .region where instruction.operation == .loop: try runLoop(place, instruction)
    case .region:
      known[place.tensor][place.value.index] =
        tuples[place.tensor][instruction.a.index]![Int(instruction.attribute)]
    default:
      do throws(NumericError) {
        var operands: [Dense] = []
        needs(place) { operands.append(known[$0.tensor][$0.value.index]!) }
        work += 8 + Self.work(instruction, operands)
        guard work <= workLimit else { throw .work(limit: workLimit) }
        if work >= nextLook {
          nextLook = work + EvaluationLimit.interval
          if EvaluationLimit.isReached() { throw .stopped }
        }
        var results = try ReferenceOperations.apply(
          functions[place.tensor], place.value, operands, environments[place.tensor])
        if let seed = environments[place.tensor].roundingSeed {
          for k in results.indices { results[k].roundAnew(seed &+ UInt64(evaluated) &* 8_191) }
        }
        if instruction.type.kind == .tuple {
          tuples[place.tensor][place.value.index] = results
        } else {
          known[place.tensor][place.value.index] = results[0]
        }
      } catch { throw failure(error, place) }
    }
  }

  private static func work(_ instruction: Instruction, _ operands: [Dense]) -> Int {
    let result = instruction.type.kind == .tuple ? 0 : instruction.type.shape.elementCount
    let count = max(operands.first?.count ?? 0, result)
    switch instruction.operation.operationClass {
    case .matrix(.solve), .matrix(.cholesky):
      // A third of n³ products and n² for each column, of which a library makes 64 in the time of an element.
      let columns = operands.count > 1 ? operands[1].cols : 0
      return count + operands[0].count * (operands[0].cols / 3 + columns) / 64
    case .matrix(let matrix) where matrix.isDecomposition:
      return 20 * count * max(1, min(operands[0].rows, operands[0].cols))
    case .matrix(.product): return max(count, result * operands[0].cols)
    default: return count
    }
  }

  private mutating func ask(_ place: Place, _ instruction: Instruction) throws(DiagnosticError) {
    guard let oracle else { throw failure(.noOracle, place) }
    let barrier = Barrier(operation: instruction.operation, site: instruction.attribute)
    var points: [Dense] = []
    for tensor in functions.indices {
      if let value = barriers[tensor][barrier] {
        points.append(known[tensor][functions[tensor][value].a.index]!)
      } else {
        let here = environments[tensor].parameters.first ?? Dense(0)
        points.append(
          instruction.operation == .hessianProduct ? Dense.filled(here.shape, 0) : here)
      }
    }
    let answer = try oracle(
      OracleRequest(
        site: Int(instruction.attribute), points: points,
        wantsGradients: instruction.operation != .lossAt,
        isHessian: instruction.operation == .hessianProduct))
    for tensor in functions.indices {
      guard let value = barriers[tensor][barrier] else { continue }
      let shape = functions[tensor].type(value).shape.numbers
      known[tensor][value.index] =
        instruction.operation == .lossAt
        ? Dense(answer.loss) : answer.gradients[tensor].reshaped(shape)
    }
  }

  private mutating func runLoop(_ place: Place, _ instruction: Instruction) throws(DiagnosticError)
  {
    let loop = functions[place.tensor].loops[Int(instruction.attribute)]
    for inner in loop.body.instructions {
      if inner.operation.isBarrier { throw failure(.reductionInLoop, place) }
    }
    func value(_ id: ValueID) -> Dense { known[place.tensor][id.index]! }
    let count = value(instruction.a).scalar.rounded(.down)
    guard count <= 1e9 else { throw failure(.loopCount(count), place) }
    var carried = loop.initial.map(value)
    let captured = loop.captured.map(value)
    var environment = environments[place.tensor]
    var runs = 0
    while Double(runs) < count {
      environment.arguments = carried + captured
      var run = ReferenceRun([loop.body], [environment], nil, workLimit - work)
      var next = carried
      for output in loop.body.outputs {
        if case .result(let k) = output.target { next[k] = try run.demand(0, output.value) }
      }
      carried = next
      evaluated += run.evaluated
      work += run.work
      runs += 1
      if runs % 1_024 == 0, EvaluationLimit.isReached() { throw failure(.stopped, place) }
    }
    tuples[place.tensor][place.value.index] = carried
  }
}

extension Shape {
  /// The extents of a concrete shape as numbers.
  var numbers: [Int] { extents.map(\.value) }
}

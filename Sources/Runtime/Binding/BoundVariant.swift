import Diagnostics
import IR

/// How a state, an input or a view of a tensor lies in memory.
struct TensorLayout: Sendable {
  var name: String
  var shape: [Int]
  /// Scalars are Doubles.
  var format: SlotFormat
  /// The arithmetic that decodes and encodes it.
  var compute: ElementType
  /// One for the whole optimizer.
  var isGlobal = false

  init(
    _ name: String, _ shape: [Int], _ format: SlotFormat, _ compute: ElementType,
    isGlobal: Bool = false
  ) {
    self.name = name
    self.shape = shape
    self.format = shape.isEmpty ? .float64 : format
    self.compute = compute
    self.isGlobal = isGlobal
  }

  var count: Int { Lengths.product(shape) }
  var byteCount: Int { format.byteCount(count) }
}

/// A variant of a rule for tensors of certain lengths.
struct BoundVariant: Sendable {
  /// The variant's number in the module.
  let index: Int
  let update: Function
  let states: [TensorLayout]
  let inputs: [TensorLayout]
  let views: [TensorLayout]
  let firstValues: FirstValues
  /// How many numbers the first values and a step make, and where.
  let sizes: [(total: Double, largest: Double, origin: Span)]
  /// Elements of each draw by name, in the steps and in the first values of the states.
  let drawCounts: [String: Int]
  let firstDrawCounts: [String: Int]
  /// Nil for the reference engine.
  var program: PlanProgram?

  static func drawCounts(_ function: Function) -> [String: Int] {
    var counts: [String: Int] = [:]
    for instruction in function.instructions where instruction.operation == .draw {
      let name = function.draws[Int(instruction.attribute)].name
      counts[name] = max(counts[name] ?? 0, instruction.type.shape.elementCount)
    }
    return counts
  }
}

/// The values with which the states of a tensor begin.
///
/// What begins as one constant or as the parameter is filled where it lies: evaluating it would take
/// several times its memory.
struct FirstValues: Sendable {
  enum Fill: Sendable { case constant(Double), parameter }

  private(set) var fills: [(state: Int, fill: Fill)] = []
  /// What is left to evaluate.
  private(set) var function: Function
  /// Nil for the reference engine, and where nothing is left.
  private(set) var programs: [PlanProgram]?

  init(
    _ initial: Function, _ states: [TensorLayout], elements: Int, engine: EngineKind,
    compute: ElementType
  ) throws(DiagnosticError) {
    function = initial
    function.outputs = []
    let isExact = engine == .reference || compute == .float64
    for output in initial.outputs {
      guard case .state(let s) = output.target, states[s].format.isPlain else {
        function.outputs.append(output)
        continue
      }
      var value = output.value
      while [.broadcast, .reshape].contains(initial[value].operation) { value = initial[value].a }
      if let x = initial.constantValue(value) {
        let isNumber = states[s].shape.isEmpty
        fills.append((s, .constant(isExact || isNumber ? x : Double(Float(x)))))
      } else if initial[output.value].operation == .parameter, states[s].count == elements {
        fills.append((s, .parameter))
      } else {
        function.outputs.append(output)
      }
    }
    if engine != .reference, !function.outputs.isEmpty {
      programs = try InterpretedProgram([function], element: compute).programs()
    }
  }
}

import CKernels
import IR

/// Compiled code for a pass.
package typealias SegmentFunction = rv_range

/// When passes are compiled.
package enum CompileEffort: Sendable {
  /// The user asked for it.
  case always
  /// Where there is a compiler.
  case whereItPays
  /// What an earlier run has compiled.
  case onlyCached
}

/// Turns passes into compiled code. What it cannot compile stays with the interpreter.
package protocol SegmentCompiler: AnyObject {
  func compile(_ segments: [SegmentSource], effort: CompileEffort) -> SegmentCode
}

/// What a compiler of passes sees of one: operations over memory and numbers, and what a rule calls
/// them.
package struct SegmentSource {
  package enum Register: Hashable, Sendable {
    case constant(Double)
    /// A value that the rule names.
    case named(String)
    /// Computed once a step; the text says how.
    case computed(String)
  }

  /// The rule or objective.
  package var program: String
  package var element: ElementType
  /// Elements.
  package var count: Int
  /// Reductions add up so many elements at once; the order of the sum is part of the result.
  package var chunk: Int
  package var operands: [rv_operand]
  package var instructions: [rv_instruction]
  /// The `rv_op` of each instruction.
  package var operations: [Int32]
  package var places: [rv_place]
  /// By slot.
  package var slotNames: [String]
  /// By scalar register.
  package var registers: [Int32: Register]
}

/// What a plan's numbered parameters, states and hyperparameters are called.
struct PlanNames {
  var parameters: [String] = []
  var states: [String] = []
  var inputs: [String] = []
  var hypers: [String] = []

  private static func name(_ names: [String], _ k: Int, _ other: String) -> String {
    k < names.count ? names[k] : "\(other)\(k)"
  }

  func slot(_ role: PlanSlot.Role, _ index: Int) -> String {
    switch role {
    case .parameter(let k): Self.name(parameters, k, "w")
    case .gradient(let k): k == 0 && parameters.count < 2 ? "g" : "g\(k)"
    case .state(let k): Self.name(states, k, "state")
    case .input(let k): Self.name(inputs, k, "input")
    case .argument(let k): "argument\(k)"
    case .output(.view(let name)): name
    case .output(.gradient(let k)): "gradient_" + Self.name(parameters, k, "w")
    case .output: "output\(index)"
    case .buffer: "buffer\(index)"
    }
  }

  func register(_ preset: ScalarPreset) -> SegmentSource.Register {
    switch preset {
    case .constant(let x): .constant(x)
    case .hyper(let k): .named(Self.name(hypers, k, "hyper"))
    case .step: .named("t")
    case .horizon: .named("T")
    case .loss: .named("loss")
    case .state(let k): .named(Self.name(states, k, "state"))
    case .input(let k): .named(Self.name(inputs, k, "input"))
    case .argument(let k): .named("argument\(k)")
    }
  }
}

extension Plan {
  /// The passes, for a compiler.
  func sources(_ names: PlanNames) -> [SegmentSource] {
    if segments.isEmpty { return [] }
    let slotNames = slots.enumerated().map { names.slot($1.role, $0) }
    var registers: [Int32: SegmentSource.Register] = [:]
    for (register, preset) in presets { registers[register] = names.register(preset) }
    for op in scalarProgram { registers[op.d] = .computed(equation(op, registers)) }
    return segments.map { segment in
      SegmentSource(
        program: name, element: element, count: segment.count, chunk: segment.chunk,
        operands: segment.operands, instructions: segment.instructions,
        operations: segment.operations, places: segment.places, slotNames: slotNames,
        registers: registers)
    }
  }

  /// How a number of a step comes about, in the names of the rule; empty where that is long.
  private func equation(_ op: rv_scalar, _ known: [Int32: SegmentSource.Register]) -> String {
    func operand(_ r: Int32) -> String? {
      switch known[r] {
      case .constant(let x): return x == x.rounded() && abs(x) < 1e9 ? "\(Int(x))" : "\(x)"
      case .named(let name): return name
      case .computed(let text): return text.isEmpty ? nil : text.contains(" ") ? "(\(text))" : text
      case nil: return nil
      }
    }
    guard let x = operand(op.a) else { return "" }
    let y = operand(op.b)
    var text: String?
    switch rv_op(UInt32(op.op)) {
    case RV_COPY: text = x
    case RV_NEGATE: text = "-" + x
    case RV_SQUARE_ROOT: text = "sqrt(\(x))"
    case RV_LOGICAL_NOT: text = "not " + x
    case RV_ADD: text = y.map { "\(x) + \($0)" }
    case RV_SUBTRACT: text = y.map { "\(x) - \($0)" }
    case RV_MULTIPLY: text = y.map { "\(x) * \($0)" }
    case RV_DIVIDE: text = y.map { "\(x) / \($0)" }
    case RV_POWER: text = y.map { "\(x)^\($0)" }
    case RV_EQUAL: text = y.map { "\(x) == \($0)" }
    case RV_LESS: text = y.map { "\(x) < \($0)" }
    case RV_LESS_OR_EQUAL: text = y.map { "\(x) <= \($0)" }
    default: break
    }
    return text.map { $0.utf8.count <= 60 ? $0 : "" } ?? ""
  }
}

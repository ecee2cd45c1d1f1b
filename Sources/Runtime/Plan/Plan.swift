import Basics
import CKernels
import Diagnostics
import IR

/// A region of memory that the steps of a plan name by its number.
struct PlanSlot {
  enum Role: Hashable {
    case parameter(Int), gradient(Int), state(Int), input(Int), output(OutputTarget)
    /// Carried or captured value of a loop's body.
    case argument(Int)
    /// A temporary in the plan's arena.
    case buffer
  }
  var role: Role
  var count: Int
  var format: SlotFormat
  /// Positions of the first step that writes it and the last that reads it.
  var firstUse = Int.max
  var lastUse = -1
  var arenaOffset = 0

  /// Bytes of an element.
  var width: Int { format.width }
  var byteCount: Int { format.byteCount(count) }
  var isTemporary: Bool { role == .buffer }
}

/// A pass over elements, as data that a `PlanInstance` hands to the kernels.
struct PlanSegment {
  var count: Int
  /// Elements of a block: blocks may run at the same time, and in any order.
  var block: Int
  /// Elements that each of its instructions takes at once.
  var chunk: Int
  var predicateRegister: Int32
  var operands: [rv_operand]
  var instructions: [rv_instruction]
  var initials: [rv_initial]
  var columns: [rv_columns]
  var places: [rv_place]
  var scratchCount: Int
  /// What each instruction computes: for the dump, and as `rv_op` for a compiler.
  var names: [String]
  var operations: [Int32]

  var blockCount: Int { max((count + block - 1) / block, 1) }
  /// Doubles that one block leaves behind.
  var partialCount: Int { columns.reduce(initials.count) { $0 + Int($1.count) } }
}

/// A register that holds its number before the first step.
enum ScalarPreset: Hashable {
  case constant(Double)
  case hyper(Int)
  case step, horizon, loss
  case state(Int)
  case input(Int)
  case argument(Int)
}

/// A `repeat` that is not written out: its body is a plan of its own, whose arguments and results
/// lie in memory and registers of the plan around it.
struct PlanLoop {
  struct Carried {
    /// Where the value comes from: an address, or a register of a number.
    var initial: SlotAddress
    var initialRegister: Int32
    /// Two buffers that take turns as argument and result.
    var first: SlotAddress
    var second: SlotAddress
    var byteCount: Int
    /// Where the last value goes; nowhere if nothing reads it.
    var result: SlotAddress
    var resultRegister: Int32
    /// Slots of the body, or registers of it; a value that the body does not change has no result.
    var argumentSlot: Int
    var resultSlot: Int
    var argumentRegister: Int32
    var bodyResultRegister: Int32
    var isNumber: Bool
  }

  struct Captured {
    var address: SlotAddress
    var register: Int32
    var argumentSlot: Int
    var argumentRegister: Int32
  }

  var body: Plan
  /// How often it runs; nil where only a step knows.
  var turns: Double?
  var countRegister: Int32
  var carried: [Carried]
  var captured: [Captured]
}

/// What a function runs as: flat steps over slots and scalar registers.
struct Plan {
  var name: String
  /// The type of the arithmetic.
  var element: ElementType
  var slots: [PlanSlot] = []
  var steps: [PlanStep] = []
  var segments: [PlanSegment] = []
  var loops: [PlanLoop] = []
  var scalarProgram: [rv_scalar] = []
  /// So many operations at the beginning belong to no step (`separateUniform`).
  var uniformCount = 0
  var scalarPlaces: [rv_place] = []
  var stepPlaces: [rv_place] = []
  var presets: [(register: Int32, preset: ScalarPreset)] = []
  var registerCount = 0
  var drawNames: [String] = []
  var drawCounts: [Int] = []
  /// Scalar outputs: loss, metrics, results, and the next values of scalar states.
  var scalarOutputs: [(target: OutputTarget, register: Int32)] = []
  /// Says whether the gradient is finite (`Planner.witness`), or -1.
  var witness: Int32 = -1
  var phaseCount = 1
  /// Step positions at which each phase begins, and the end.
  var phaseStarts: [Int] = [0]
  var arenaBytes = 0

  func slot(_ role: PlanSlot.Role) -> Int? { slots.firstIndex { $0.role == role } }

  /// The position behind the last step that writes to these registers; behind all steps where another
  /// step than numbers may.
  func stepsUntilKnown(_ registers: [Int32]) -> Int {
    var waiting = Set(registers)
    var end = 0
    for (position, step) in steps.enumerated() {
      guard case .scalars(let range) = step.work else { continue }
      for operation in scalarProgram[range] where registers.contains(operation.d) {
        waiting.remove(operation.d)
        end = position + 1
      }
    }
    return waiting.isEmpty ? end : steps.count
  }
  var scratchBytes: Int {
    segments.map { $0.scratchCount * $0.chunk * element.byteCount }.max() ?? 0
  }
  /// Doubles that the blocks of any one pass leave behind.
  var partialCount: Int { segments.map { $0.blockCount * $0.partialCount }.max() ?? 0 }
  var cursorCount: Int { segments.map(\.operands.count).max() ?? 0 }
}

import CKernels
import IR

/// Operations on numbers, in registers: those that are the same at every step and those that follow t.
struct NumberProgram: Sendable {
  enum Source: Sendable, Equatable {
    case hyper(Int)
    case step, horizon, loss
    case state(Int)
  }

  private(set) var registerCount = 1
  private(set) var constants: [(register: Int32, value: Double)] = []
  private(set) var loads: [(register: Int32, source: Source)] = []
  /// Computed once a run.
  private(set) var once: [rv_scalar] = []
  /// Computed once a step.
  private(set) var everyStep: [rv_scalar] = []
  /// By register, whether its number differs from step to step.
  private var isMoving = [false]

  /// Register 0 is read where an operation has fewer operands.
  init() {}

  mutating func constant(_ x: Double) -> Int32 {
    let register = newRegister(false)
    constants.append((register, x))
    return register
  }

  mutating func load(_ source: Source) -> Int32 {
    let moves =
      switch source {
      // Where hyperparameters follow t, what is computed once is computed at every step too.
      case .horizon, .hyper: false
      case .step, .loss, .state: true
      }
    let register = newRegister(moves)
    loads.append((register, source))
    return register
  }

  mutating func add(_ op: rv_op, _ a: Int32, _ b: Int32 = 0, _ c: Int32 = 0) -> Int32 {
    let moves = isMoving[Int(a)] || isMoving[Int(b)] || isMoving[Int(c)]
    let register = newRegister(moves)
    let operation = rv_scalar(
      op: UInt16(op.rawValue), unused: 0, d: register, a: a, b: b, c: c)
    if moves { everyStep.append(operation) } else { once.append(operation) }
    return register
  }

  private mutating func newRegister(_ moves: Bool) -> Int32 {
    isMoving.append(moves)
    registerCount += 1
    return Int32(registerCount - 1)
  }
}

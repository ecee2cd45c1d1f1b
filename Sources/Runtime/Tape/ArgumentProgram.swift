import CKernels
import Diagnostics
import IR

/// What the hyperparameters of a rule are at each step, from its arguments: numbers where they do not
/// follow t, and operations on numbers where they do.
package struct ArgumentProgram: Sendable {
  /// By hyperparameter; of those that follow t, anything.
  private(set) var values: [Double]
  private let shared: Shared

  /// What all settings of a rule have in common: one reference to be counted where a setting is copied.
  private final class Shared: Sendable {
    let scheduled: [(hyper: Int, register: Int32)]
    let numbers: NumberProgram
    let hypers: [Hyperparameter]

    init(
      _ scheduled: [(hyper: Int, register: Int32)], _ numbers: NumberProgram,
      _ hypers: [Hyperparameter]
    ) {
      self.scheduled = scheduled
      self.numbers = numbers
      self.hypers = hypers
    }
  }

  /// Registers of those that follow t, and where each goes.
  var scheduled: [(hyper: Int, register: Int32)] { shared.scheduled }
  var numbers: NumberProgram { shared.numbers }
  private var hypers: [Hyperparameter] { shared.hypers }

  /// Nil for what is not made of numbers, t and T alone.
  package init?(_ rule: Rule) {
    if rule.isMissingValues { return nil }
    values = rule.module.hypers.map { _ in .nan }
    var numbers = NumberProgram()
    var scheduled: [(hyper: Int, register: Int32)] = []
    let f = rule.arguments
    var registers: [Int32] = []
    if f.instructions.contains(where: { $0.operation != .constant }) {
      guard let made = Self.registers(f, &numbers) else { return nil }
      registers = made
    }
    for output in f.outputs {
      guard case .hyper(let k) = output.target else { return nil }
      if let x = f.constantValue(output.value) {
        values[k] = x
      } else {
        scheduled.append((k, registers[output.value.index]))
      }
    }
    shared = Shared(scheduled, numbers, rule.module.hypers)
  }

  private static func registers(_ f: Function, _ numbers: inout NumberProgram) -> [Int32]? {
    var registers = [Int32](repeating: 0, count: f.instructions.count)
    for i in f.instructions.indices {
      let instruction = f.instructions[i]
      guard instruction.type.shape.isScalar else { return nil }
      switch instruction.operation {
      case .constant: registers[i] = numbers.constant(f.constants[Int(instruction.attribute)])
      case .step: registers[i] = numbers.load(.step)
      case .horizon: registers[i] = numbers.load(.horizon)
      default:
        guard OperationShape.isElementwise(instruction.operation) else { return nil }
        func operand(_ v: ValueID) -> Int32 { v.isSome ? registers[v.index] : 0 }
        registers[i] = numbers.add(
          instruction.operation.kernel, operand(instruction.a), operand(instruction.b),
          operand(instruction.c))
      }
    }
    return registers
  }

  /// With hyperparameter k at a number at every step; nil where it follows t.
  package func setting(_ k: Int, to x: Double) -> ArgumentProgram? {
    guard !scheduled.contains(where: { $0.hyper == k }) else { return nil }
    var result = self
    result.values[k] = x
    return result
  }

  /// The first hyperparameter whose number does not belong to its domain.
  package var leftDomain: Int? {
    hypers.indices.first { k in
      guard let domain = hypers[k].domain, !scheduled.contains(where: { $0.hyper == k }) else {
        return false
      }
      return !domain.contains(values[k])
    }
  }

  /// Whether a number of a schedule is where its domain lets it be; at an open end it may stand.
  func allows(_ k: Int, _ x: Double) -> Bool {
    hypers[k].domain.map { $0.contains(x) || $0.hasOpenEnd(at: x) } ?? true
  }
}

/// What the compilers of updates and arguments ask of every operation, without the words of the table.
enum OperationShape {
  private static let table = Operation.allCases.map(\.isElementwise)

  static func isElementwise(_ operation: Operation) -> Bool { table[Int(operation.rawValue)] }
}

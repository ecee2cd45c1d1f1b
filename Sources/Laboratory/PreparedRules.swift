import Diagnostics
import IR
import Runtime
import Symbolic

/// What many walks of a few rules on the same tensors share: functions for their lengths, and the walks that
/// are asked for again.
final class PreparedRules {
  struct FunctionKey: Hashable {
    var function: Function
    var dims: [Int]
    var lengths: [Double]
    /// The most numbers that an evaluation may hold: beyond it a function is refused.
    var limit: Double
    var keepsRounded: Bool

    /// Without the instructions: to hash them all takes longer than a short walk.
    func hash(into hasher: inout Hasher) {
      hasher.combine(function.instructions.count)
      hasher.combine(function.constants)
      hasher.combine(dims)
      hasher.combine(lengths)
    }
  }

  struct Prepared {
    var function: Function
    var program: ReferenceProgram
  }

  /// All that a walk follows from.
  struct WalkKey: Hashable {
    var update: Function
    var initial: Function
    var inputs: [String]
    var values: [[Double]]
    /// How far the values may lie from what the rule says; nil for a walk without bounds.
    var errors: [[Double]]?
    var tensors: [Witness.Tensor]
    var steps: Int
    var horizon: Int
    var work: Int

    /// As of functions.
    func hash(into hasher: inout Hasher) {
      hasher.combine(update.instructions.count)
      hasher.combine(values.first)
      hasher.combine(steps)
      for tensor in tensors {
        hasher.combine(tensor.dims)
        hasher.combine(tensor.weights.first)
        hasher.combine(tensor.gradients.first?.last)
      }
    }
  }

  private var functions: [FunctionKey: Prepared] = [:]
  private var walks: [WalkKey: (rows: ProbeWalk.Rows<Double>, spent: Int)] = [:]
  private var enclosed: [WalkKey: (rows: ProbeWalk.Rows<Enclosure>, spent: Int)] = [:]

  func function(
    _ key: FunctionKey, _ make: () throws(DiagnosticError) -> Prepared
  ) throws(DiagnosticError) -> Prepared {
    if let known = functions[key] { return known }
    let made = try make()
    functions[key] = made
    return made
  }

  /// The rows of a walk, and what they cost when they were computed.
  func walk(
    _ key: WalkKey, _ make: () throws(DiagnosticError) -> (rows: ProbeWalk.Rows<Double>, spent: Int)
  ) throws(DiagnosticError) -> (rows: ProbeWalk.Rows<Double>, spent: Int) {
    if let known = walks[key] { return known }
    let made = try make()
    walks[key] = made
    return made
  }

  func enclosed(
    _ key: WalkKey, _ make: () throws -> (rows: ProbeWalk.Rows<Enclosure>, spent: Int)
  ) throws -> (rows: ProbeWalk.Rows<Enclosure>, spent: Int) {
    if let known = enclosed[key] { return known }
    let made = try make()
    enclosed[key] = made
    return made
  }
}

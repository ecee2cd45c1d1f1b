import Diagnostics
import IR

/// When the reductions over all tensors and the oracles of several functions can be answered.
enum BarrierPhases {
  /// For each site, the phase at whose end it is known: after all phases that its operand needs in
  /// any of the functions. Throws R0811 where sites wait for each other.
  static func of(_ functions: [Function]) throws(DiagnosticError) -> [Int] {
    var sites = 0
    for function in functions {
      for instruction in function.instructions where instruction.operation.isBarrier {
        sites = max(sites, Int(instruction.attribute) + 1)
      }
    }
    var phases = [Int](repeating: 0, count: sites)
    if sites == 0 { return phases }
    for _ in 0...sites {
      var next = phases
      for function in functions { raise(&next, function, phases) }
      if next == phases { return phases }
      phases = next
    }
    for function in functions {
      for (i, instruction) in function.instructions.enumerated()
      where instruction.operation.isBarrier {
        throw DiagnosticError(
          NumericError.circularReduction.diagnostic(
            instruction.operation, at: function.origins[i]))
      }
    }
    return phases
  }

  /// The first phase in which no oracle will look at the parameters any more.
  static func firstAfterOracles(_ functions: [Function], _ sitePhases: [Int]) -> Int {
    var phase = 0
    for function in functions {
      for instruction in function.instructions
      where instruction.operation.info.operationClass == .oracle {
        phase = max(phase, sitePhases[Int(instruction.attribute)] + 1)
      }
    }
    return phase
  }

  private static func raise(_ next: inout [Int], _ function: Function, _ phases: [Int]) {
    var level = [Int](repeating: 0, count: function.instructions.count)
    for (i, instruction) in function.instructions.enumerated() {
      for operand in function.operands(ValueID(i)) {
        level[i] = max(level[i], level[operand.index])
      }
      guard instruction.operation.isBarrier else { continue }
      let site = Int(instruction.attribute)
      next[site] = max(next[site], level[i])
      level[i] = phases[site] + 1
    }
  }
}

import CKernels
import IR

/// A step of a rule that does the same to every number, compiled for all tensors of an objective at
/// once: they lie one behind the other, and each operation runs over all of them.
///
/// It holds no addresses: an `UpdateRun` gives it memory.
package struct UpdateProgram: Sendable {
  /// Where a vector lies: region 0 holds the parameters, 1 their gradients, then come the states and
  /// the temporaries. A number has its register instead, as −1 − register.
  typealias Place = Int32

  struct Operation: Sendable {
    var kernel: rv_kernel
    var d: Place
    var a: Place
    var b: Place
    var c: Place
    var e: Place
  }

  static let parameters: Place = 0
  static let gradients: Place = 1
  static func state(_ k: Int) -> Place { 2 + Place(k) }
  static func number(_ register: Int32) -> Place { -1 - register }

  var operations: [Operation] = []
  var numbers = NumberProgram()
  /// Registers whose numbers become states that are numbers.
  var stores: [(state: Int, register: Int32)] = []
  /// Parameters, gradients, states and temporaries.
  var regionCount = 2
}

/// Both functions of a rule of which every tensor takes the same variant: its step, and its states at
/// the start.
package final class CompiledUpdate: Sendable {
  let step: UpdateProgram
  let start: UpdateProgram
  let stateCount: Int
  /// Of each state whether it is one number.
  let isNumber: [Bool]

  var regionCount: Int { max(step.regionCount, start.regionCount) }
  var registerCount: Int { max(step.numbers.registerCount, start.numbers.registerCount) }

  /// Nil for a rule that does more than this can: meets rows, columns or other tensors, draws, asks
  /// for another point, keeps views, or stores in fewer bits.
  package init?(_ rule: Rule, _ parameters: [ParameterSpec], elementType: ElementType) {
    let module = rule.module
    guard !module.guardsFinite, let first = parameters.first,
      let index = try? module.variantIndex(for: first)
    else { return nil }
    if module.variants.count > 1 {
      guard parameters.allSatisfy({ (try? module.variantIndex(for: $0)) == index }) else {
        return nil
      }
    }
    let variant = module.variants[index]
    guard variant.inputs.isEmpty, !variant.roundsStochastically else { return nil }
    var isNumber: [Bool] = []
    for slot in variant.states {
      guard slot.storage == .compute, !slot.roundsStochastically,
        slot.shape.isLike || slot.shape.isScalar
      else { return nil }
      isNumber.append(slot.shape.isScalar)
    }
    let element = elementType.kernelElement
    guard
      let step = UpdateCompiler.compile(variant.update, isNumber, element),
      let start = UpdateCompiler.compile(variant.initial, isNumber, element)
    else { return nil }
    self.step = step
    self.start = start
    self.isNumber = isNumber
    stateCount = isNumber.count
  }
}

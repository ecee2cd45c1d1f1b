import Diagnostics
import IR

/// The memory of an optimizer whose host keeps everything that a step leaves to the next: what there is, and a step
/// with it. The optimizer itself is then a program, good for any tensors of the same lengths.
package final class HostMemory {
  /// A state, input or view of one tensor, or a state of all of them.
  package struct Place {
    package let kind: StepMemory.Kind
    /// Nil for a state of the whole optimizer.
    package let tensor: Int?
    package let name: String
    package let shape: [Int]
    /// The storage of the state, in words.
    package let format: String
    /// `F32`, as safetensors names it; `U8` for numbers in blocks, whose scales stand in front.
    package let element: String
    package let byteCount: Int
  }

  /// What one step is made of. Memory is that of the parameters, the gradients and the places, one pointer each.
  package struct Call {
    package var memory: UnsafePointer<UnsafeMutableRawPointer?>
    /// By clock, the steps done.
    package var steps: UnsafeMutablePointer<Int64>
    /// By clock, a row of values; NaN for what the rule says.
    package var hypers: UnsafePointer<Double>?
    /// By tensor, what its draws are made of; nil for its place.
    package var numbers: UnsafePointer<Int64>?

    package init(
      memory: UnsafePointer<UnsafeMutableRawPointer?>, steps: UnsafeMutablePointer<Int64>,
      hypers: UnsafePointer<Double>?, numbers: UnsafePointer<Int64>?
    ) {
      self.memory = memory
      self.steps = steps
      self.hypers = hypers
      self.numbers = numbers
    }
  }

  /// Where a place is in the optimizer.
  private struct Part {
    let tensor: Int
    let index: Int
    /// A number is copied to here before a step, and back after it.
    let number: UnsafeMutablePointer<Double>?
    let slots: [UnsafeMutablePointer<UnsafeMutableRawPointer?>]
  }

  package let places: [Place]
  private let parts: [Part]
  private let optimizer: Optimizer
  private var last: [UnsafeMutableRawPointer?]

  /// The memory that an optimizer needs which keeps nothing itself.
  package init(_ optimizer: Optimizer) {
    precondition(optimizer.keepsNothing, "the host keeps the states")
    self.optimizer = optimizer
    var places: [Place] = []
    var parts: [Part] = []
    var seen: Set<String> = []
    // What a step only reads stands at the end.
    for kind in [StepMemory.Kind.state, .view, .input] {
      for (k, tensor) in optimizer.tensors.enumerated() {
        for (index, region) in tensor.memory.regions(kind).enumerated() {
          let layout = region.layout
          if layout.isGlobal, !seen.insert(layout.name).inserted { continue }
          places.append(
            Place(
              kind: kind, tensor: layout.isGlobal ? nil : k, name: layout.name,
              shape: optimizer.hostShape(layout.shape, of: k), format: layout.format.name,
              element: layout.format.safetensorsName, byteCount: layout.byteCount))
          let isNumber = layout.shape.isEmpty
          parts.append(
            Part(
              tensor: k, index: index,
              number: isNumber ? region.pointer.assumingMemoryBound(to: Double.self) : nil,
              slots: isNumber ? [] : Self.slots(tensor, kind, index)))
        }
      }
    }
    self.places = places
    self.parts = parts
    last = places.map { _ in nil }
  }

  /// The slots of a tensor's plan that hold a state, an input or a view.
  private static func slots(
    _ tensor: Optimizer.Tensor, _ kind: StepMemory.Kind, _ index: Int
  ) -> [UnsafeMutablePointer<UnsafeMutableRawPointer?>] {
    guard let instance = tensor.instance else { return [] }
    return instance.program.plan.slots.indices.filter { k in
      switch instance.program.plan.slots[k].role {
      case .state(let s): kind == .state && s == index
      case .input(let s): kind == .input && s == index
      case .output(.view(let name)): kind == .view && tensor.memory.views[index].name == name
      default: false
      }
    }.map { instance.slots + $0 }
  }

  /// The rows of values and counts of steps.
  package var clockCount: Int { optimizer.clocks.count }

  private func take(_ call: Call) throws(DiagnosticError) {
    var isMoved = false
    for k in 0..<parts.count {
      guard let pointer = call.memory[k] else { continue }
      if let number = parts[k].number {
        number.pointee = pointer.loadUnaligned(as: Double.self)
      } else if pointer != last[k] {
        last[k] = pointer
        isMoved = true
        optimizer.tensors[parts[k].tensor].memory.move(places[k].kind, parts[k].index, to: pointer)
        for slot in parts[k].slots { slot.pointee = pointer }
      }
    }
    if isMoved { optimizer.moveBackup() }
    for (k, clock) in optimizer.clocks.enumerated() {
      clock.stepCount = Int(call.steps[k])
      if let hypers = call.hypers { try clock.take(hypers + k * clock.hypers.count) }
    }
    for k in 0..<optimizer.numbers.count {
      let number = call.numbers.map { UInt32(truncatingIfNeeded: $0[k]) } ?? UInt32(k)
      optimizer.setNumber(number, of: k)
    }
  }

  private func give(_ call: Call) {
    for k in 0..<parts.count {
      if let number = parts[k].number, let pointer = call.memory[k] {
        pointer.storeBytes(of: number.pointee, as: Double.self)
      }
    }
    for (k, clock) in optimizer.clocks.enumerated() { call.steps[k] = Int64(clock.stepCount) }
  }

  /// Writes the first values of the states; the memory that comes holds zeros. The parameters are bound.
  package func initialise(_ call: Call) throws(DiagnosticError) {
    try take(call)
    try optimizer.initialise()
    give(call)
  }

  /// One step with the parameters and gradients that are bound. Throws as `Optimizer.step`; nothing is changed then.
  package func step(
    _ call: Call, loss: Double, oracle: PointOracle?
  ) throws(DiagnosticError) {
    try take(call)
    try optimizer.step(loss: loss, oracle: oracle)
    give(call)
  }
}

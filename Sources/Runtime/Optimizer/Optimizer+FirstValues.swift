import CKernels
import IR

extension Optimizer {
  /// Gives a state that begins as one constant or as the parameter its first values where they lie;
  /// evaluating them would take several times their memory.
  func fills(_ k: Int, _ output: Output) -> Bool {
    guard case .state(let s) = output.target else { return false }
    let initial = tensors[k].initial
    let region = tensors[k].memory.states[s]
    guard region.format.isPlain else { return false }
    var value = output.value
    while [.broadcast, .reshape].contains(initial[value].operation) { value = initial[value].a }
    if let constant = initial.constantValue(value) {
      let rounded =
        engine == .reference || elementType.compute == .float64 || region.shape.isEmpty
        ? constant : Double(Float(constant))
      region.fill(rounded)
      return true
    }
    guard initial[output.value].operation == .parameter, k < parameterPointers.count,
      region.count == parameters[k].count
    else { return false }
    let element = elementType.kernelElement
    for i in 0..<region.count {
      rv_set_number(
        region.format.element, region.pointer, Int64(i),
        rv_number_at(element, parameterPointers[k], Int64(i)))
    }
    return true
  }
}

extension TensorMemory.Region {
  /// Gives every entry the value `x`.
  func fill(_ x: Double) {
    switch format.element {
    case ElementType.float32.kernelElement:
      pointer.assumingMemoryBound(to: Float.self).update(repeating: Float(x), count: count)
    case ElementType.float64.kernelElement:
      pointer.assumingMemoryBound(to: Double.self).update(repeating: x, count: count)
    default: for i in 0..<count { rv_set_number(format.element, pointer, Int64(i), x) }
    }
  }
}

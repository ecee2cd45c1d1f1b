import Diagnostics
import IR

/// Reading and setting what a bound rule holds, by name.
extension Optimizer {
  package var needsGradient: Bool { bound.needsGradient }
  package var needsLoss: Bool { bound.needsLoss }
  package var needsOracle: Bool { bound.needsOracle }

  /// Which way a tensor takes: the variant's number and its route lines as written.
  package func variant(of tensor: Int) -> (index: Int, path: [String]) {
    let index = tensors[tensor].variant.index
    return (index, instance.module.variants[index].path)
  }

  package var stateByteCount: Int { tensors.reduce(0) { $0 + $1.memory.stateByteCount } }

  // MARK: Hyperparameters

  package var hyperNames: [String] { hypers.hypers.map(\.name) }

  /// The value at the last step done, or at the first before any.
  package func hyper(_ name: String) -> Double? { hypers.index(name).map { hypers.values[$0] } }

  /// The first hyperparameter that was NaN or infinite in the last step, and where its value is
  /// written.
  package var brokenHyper: (name: String, value: Double, argument: Span)? {
    hypers.notFinite.map { ($0.hyper.name, $0.value, $0.hyper.argument) }
  }

  /// From now on this value, whatever the schedule says. Throws R0505 for an unknown name, R0507 out
  /// of the domain, R0508 for one that shapes depend on.
  package func setHyper(_ name: String, _ value: Double) throws(DiagnosticError) {
    try hypers.set(name, value)
  }

  // MARK: States

  package func stateNames(of tensor: Int) -> [String] { tensors[tensor].memory.states.map(\.name) }

  /// A copy of a state, row-major; nil where the tensor has no such state.
  package func state(_ name: String, of tensor: Int) -> [Double]? {
    tensors[tensor].memory.states.first { $0.name == name }?.values
  }

  /// The lengths of what lies as the parameter does, whose plans have two axes, are the parameter's.
  func hostShape(_ shape: [Int], of tensor: Int) -> [Int] {
    let parameter = parameters[tensor]
    return shape == [parameter.rows, parameter.cols] ? parameter.dims : shape
  }

  /// The lengths of a state as the host knows them; empty for one number.
  package func hostStateShape(_ name: String, of tensor: Int) -> [Int]? {
    stateShape(name, of: tensor).map { hostShape($0, of: tensor) }
  }

  /// The lengths of an input as the host knows them.
  package func hostInputShape(_ name: String, of tensor: Int) -> [Int]? {
    inputShape(name, of: tensor).map { hostShape($0, of: tensor) }
  }

  /// The shape of a state; empty for one number.
  package func stateShape(_ name: String, of tensor: Int) -> [Int]? {
    tensors[tensor].memory.states.first { $0.name == name }?.shape
  }

  /// The kind of storage of each state of a tensor, in words: of eight bits, which map.
  package func stateStorage(_ name: String, of tensor: Int) -> String? {
    tensors[tensor].memory.states.first { $0.name == name }?.format.name
  }

  /// Encodes the values to nearest; what `state` gave reads back the same. Throws R0808 for an unknown
  /// name, R0809 for a wrong number of values, or a negative one where the storage has none.
  package func setState(
    _ name: String, of tensor: Int, _ values: [Double]
  ) throws(DiagnosticError) {
    try set(tensors[tensor].memory.states, "state", name, values)
  }

  private func set(
    _ regions: [TensorMemory.Region], _ kind: String, _ name: String, _ values: [Double]
  ) throws(DiagnosticError) {
    guard let region = regions.first(where: { $0.name == name }) else {
      let near = Suggestion.nearest(to: name, among: regions.map(\.name))
      throw DiagnosticError(
        .unknownPlace("\(kind) `\(name)`", of: instance.label, suggestion: near))
    }
    guard values.count == region.count else {
      throw DiagnosticError(.wrongCount("\(kind) `\(name)`", region.count, given: values.count))
    }
    if region.format.hasNoSign, let negative = values.first(where: { $0 < 0 }) {
      throw DiagnosticError(.neverNegative("\(kind) `\(name)`", given: negative))
    }
    region.restore(values)
  }

  // MARK: Inputs, draws, views

  package func inputNames(of tensor: Int) -> [String] { tensors[tensor].memory.inputs.map(\.name) }

  /// The declarations of a tensor's inputs.
  package func inputSlots(of tensor: Int) -> [InputSlot] {
    instance.module.variants[tensors[tensor].variant.index].inputs
  }

  /// The shape of an input; empty for one number, nil where the tensor has no such input.
  package func inputShape(_ name: String, of tensor: Int) -> [Int]? {
    tensors[tensor].memory.inputs.first { $0.name == name }?.shape
  }

  /// Copies an input; it stays until it is set again.
  package func setInput(
    _ name: String, of tensor: Int, _ values: [Double]
  ) throws(DiagnosticError) {
    try set(tensors[tensor].memory.inputs, "input", name, values)
    tensors[tensor].memory.noteGiven(name)
  }

  /// Copies `count` numbers of some type to an input that the tensor has, from number `first` on.
  package func setInput(
    _ name: String, of tensor: Int, _ element: ElementType, _ source: UnsafeRawPointer,
    from first: Int, count: Int
  ) {
    let memory = tensors[tensor].memory
    let region = memory.inputs.first { $0.name == name }!
    precondition(first + count <= region.count, "an entry lies in its input")
    region.fill(element, source, from: first, count: count)
    memory.noteGiven(name)
  }

  /// The names of the equations that draw random numbers.
  package func drawNames(of tensor: Int) -> [String] {
    tensors[tensor].variant.drawCounts.keys.sorted()
  }

  /// Recorded numbers in place of the generator, until they are set again; nil gives the generator
  /// back, one value serves all elements. Throws R0906 for a wrong number of values.
  package func setDraw(
    _ name: String, of tensor: Int, _ values: [Double]?
  ) throws(DiagnosticError) {
    try check(tensors[tensor].variant.drawCounts[name], name, values)
    tensors[tensor].memory.draws[name] = values
    refreshDraws(tensor)
  }

  /// The names of the states whose first values draw random numbers.
  package func firstDrawNames(of tensor: Int) -> [String] {
    tensors[tensor].variant.firstDrawCounts.keys.sorted()
  }

  /// Recorded numbers in place of the generator in the first value of a state, from the next
  /// `initialise` on; errors as for `setDraw`.
  package func setFirstDraw(
    _ name: String, of tensor: Int, _ values: [Double]?
  ) throws(DiagnosticError) {
    try check(tensors[tensor].variant.firstDrawCounts[name], name, values)
    tensors[tensor].memory.firstDraws[name] = values
  }

  private func check(
    _ count: Int?, _ name: String, _ values: [Double]?
  ) throws(DiagnosticError) {
    guard let count else {
      throw DiagnosticError(.unknownPlace("random draw `\(name)`", of: instance.label))
    }
    if let values, values.count != 1, values.count != count {
      throw DiagnosticError(
        NumericError.recordedDraw(name: name, count: values.count, expected: count).diagnostic(
          .draw, at: .none))
    }
  }

  package var viewNames: [String] {
    var names: [String] = []
    for tensor in tensors {
      for view in tensor.memory.views where !names.contains(view.name) { names.append(view.name) }
    }
    return names
  }

  /// `view train`, `view eval` after the last step; the parameter itself where the rule has none.
  package func view(_ name: String, of tensor: Int) -> [Double] {
    guard stepCount > 0, let view = tensors[tensor].memory.views.first(where: { $0.name == name })
    else { return parameterDense(tensor).values }
    return view.values
  }

  /// The memory of a view, in the element type; nil where the rule has none or before the first step.
  package func viewPointer(_ name: String, of tensor: Int) -> UnsafeRawPointer? {
    guard stepCount > 0 else { return nil }
    return tensors[tensor].memory.views.first { $0.name == name }.map {
      UnsafeRawPointer($0.pointer)
    }
  }
}

import Checkpoints
import Diagnostics
import IR
import Native
import Runtime

/// A parameter tensor.
public struct ParameterSpec: Hashable, Sendable {
  /// What the routes of rules match, such as `layers.0.weight`.
  public var name: String
  /// Its lengths, the slowest first; empty for one number.
  public var dims: [Int]

  /// A tensor of these lengths, each at least 0.
  public init(name: String, dims: [Int]) {
    self.name = name
    self.dims = dims
  }

  /// The number of elements.
  public var count: Int { Lengths.product(dims) }
}

/// What runs a rule. All engines take the same steps; reference rounds as float64.
public enum Engine: String, CaseIterable, Sendable {
  /// The definition of the meaning, slow and in float64.
  case reference
  /// Passes over memory. The default.
  case interpreter
  /// Passes that the system's C compiler compiles; interpreted where there is no compiler.
  case native
  /// `native` where tensors are large enough to pay for the compiler, else `interpreter`.
  case auto
}

/// The numbers of parameters and gradients. Those of sixteen bits compute in float32.
public enum ElementType: String, CaseIterable, Sendable {
  /// Four bytes.
  case float32
  /// Eight bytes.
  case float64
  /// Two bytes, the upper half of a float32.
  case bfloat16
  /// Two bytes, IEEE 754.
  case float16

  var element: Runtime.ElementType {
    switch self {
    case .float32: .float32
    case .float64: .float64
    case .bfloat16: .bfloat16
    case .float16: .float16
    }
  }
}

/// A rule bound to parameter tensors: their states, and the step.
///
/// Memory of parameters and gradients is the host's: row-major, in `elementType`, one pointer a tensor
/// in the order of `parameters`. No two tensors may share memory. A step of the interpreter allocates
/// nothing. Not to be used by several threads at once; several optimizers may.
public final class Optimizer {
  /// The objective elsewhere, for rules that look ahead: reads one point a tensor, writes one gradient
  /// a tensor unless the second argument is nil, both in `elementType`; returns the loss. What it throws ends
  /// the step (R0828).
  public typealias Objective = (
    _ points: UnsafePointer<UnsafeRawPointer>,
    _ gradients: UnsafePointer<UnsafeMutableRawPointer>?
  ) throws -> Double

  /// What it runs.
  public let rule: Rule
  /// The tensors, in the order of all pointers and of all `tensor` arguments.
  public let parameters: [ParameterSpec]
  /// The numbers of parameters and gradients.
  public let elementType: ElementType
  package let runtime: Runtime.Optimizer
  /// Where the host keeps what a step leaves to the next; nil where the optimizer does.
  package let memory: HostMemory?
  /// Nil until the states have first values.
  private var watch: RunWatch?
  /// Whether the memory that the runtime points at is the host's to keep, and not that of a call.
  private var isBound = false
  private var loadWarnings: [Diagnostics.Diagnostic] = []

  /// Binds a rule to tensors and makes its states; `initialise` comes next.
  ///
  /// - Parameters:
  ///   - seed: Of random draws: the same seed gives the same steps.
  ///   - horizon: T, the planned number of steps, for schedules that end.
  ///   - threads: At most so many; nil for one a core. Results do not depend on them.
  ///   - batch, groups: Lengths of these axes, where the rule has an input with a row for each example
  ///     or each term of the loss.
  ///   - workers: Gradients of so many data-parallel copies lie one after the other in each tensor's.
  /// - Throws: Tensors that no route takes, values out of domains, lengths that are missing, and what
  ///   only the lengths of tensors reveal.
  public convenience init(
    _ rule: Rule, parameters: [ParameterSpec], engine: Engine = .interpreter,
    elementType: ElementType = .float32, seed: UInt64 = 0, horizon: Int = 0, threads: Int? = nil,
    batch: Int? = nil, groups: Int? = nil, workers: Int = 1
  ) throws(DiagnosticError) {
    try self.init(
      rule, parameters: parameters, engine: engine, elementType: elementType, seed: seed,
      horizon: horizon, threads: threads, batch: batch, groups: groups, workers: workers,
      clockOf: nil)
  }

  /// `clockOf`: for a host that keeps the states, inputs and views itself, by tensor, which row of values and which
  /// count of steps it goes by. It steps by `step(_:parameters:gradients:loss:objective:)` alone.
  package init(
    _ rule: Rule, parameters: [ParameterSpec], engine: Engine, elementType: ElementType,
    seed: UInt64, horizon: Int, threads: Int?, batch: Int?, groups: Int?, workers: Int,
    clockOf: [Int]?
  ) throws(DiagnosticError) {
    self.rule = rule
    self.parameters = parameters
    self.elementType = elementType
    let specs = parameters.map { Runtime.ParameterSpec(name: $0.name, dims: $0.dims) }
    let kind = EngineKind(rawValue: engine.rawValue) ?? .interpreter
    let compiler = engine == .native || engine == .auto ? NativeCompiler() : nil
    runtime = try DiagnosticError.shown(in: { rule.sources }) {
      () throws(Diagnostics.DiagnosticError) in
      var bound = try BoundRule(
        rule.value, parameters: specs, engine: kind, elementType: elementType.element,
        horizon: horizon, axes: AxisLengths(batch: batch, groups: groups, workers: workers))
      bound.compile(compiler)
      return try Runtime.Optimizer(
        bound, seed: seed, threads: threads, clockOf: clockOf, keepsNothing: clockOf != nil)
    }
    memory = clockOf == nil ? nil : HostMemory(runtime)
  }

  private func shown<R>(
    _ body: () throws(Diagnostics.DiagnosticError) -> R
  ) throws(DiagnosticError) -> R {
    try DiagnosticError.shown(in: { rule.sources }, body)
  }

  // MARK: Steps

  /// Steps done.
  public var stepCount: Int { runtime.stepCount }

  /// Steps that `guard finite` left out because a gradient was not finite.
  public var skippedSteps: Int { runtime.skippedSteps }

  /// What the steps since `initialise` would hide, each kind once: a schedule exactly at an open end of
  /// its domain (R0830), steps that were left out (R0831), a state that is not finite any more (R0832);
  /// and of a checkpoint that was loaded that it was made with other values (R0773). States are looked at
  /// when this is read, which costs a pass over them.
  public var warnings: [Diagnostic] {
    Diagnostic.all(loadWarnings + (watch?.findings() ?? []), rule.sources)
  }

  /// T, the planned number of steps; may be changed between steps.
  public var horizon: Int {
    get { runtime.horizon }
    set { runtime.horizon = newValue }
  }

  /// The seed of random draws: that of the checkpoint, once one was loaded.
  public var seed: UInt64 { runtime.seed }

  /// Whether the rule reads gradients.
  public var needsGradient: Bool { runtime.needsGradient }

  /// Whether the rule reads the loss.
  public var needsLoss: Bool { runtime.needsLoss }

  /// Whether the rule asks for the objective at other points.
  public var needsObjective: Bool { runtime.needsOracle }

  /// Takes the memory of the parameters and gradients, which must stay where it is until the next
  /// `bind`: then `step(loss:objective:)` needs no pointers. A tensor without elements may have any.
  ///
  /// - Parameter gradients: One a tensor; empty before `initialise` and for rules that read none.
  /// - Throws: R0826 for a wrong number of pointers, and for parameters that share memory.
  public func bind(
    parameters pointers: [UnsafeMutableRawPointer], gradients: [UnsafeRawPointer] = []
  ) throws(DiagnosticError) {
    try require(pointers.count == parameters.count) {
      "there are \(parameters.count) parameter tensors, and \(pointers.count) were given"
    }
    try require(gradients.isEmpty || gradients.count == parameters.count) {
      "there are \(parameters.count) parameter tensors, and \(gradients.count) gradients were given"
    }
    if pointers != runtime.parameterPointers || gradients != runtime.gradientPointers {
      try requireApart(pointers, gradients)
    }
    runtime.bind(parameters: pointers, gradients: gradients)
    isBound = true
  }

  /// Sets the states to their first values and the step count to 0. May read the parameters.
  ///
  /// - Throws: What `bind` throws.
  public func initialise(parameters: [UnsafeMutableRawPointer]) throws(DiagnosticError) {
    try requireOwnMemory()
    try bind(parameters: parameters)
    watch = nil
    try shown { () throws(Diagnostics.DiagnosticError) in try runtime.initialise() }
    loadWarnings = []
    watch = RunWatch(runtime)
  }

  /// One step: changes the parameters and the states.
  ///
  /// - Parameters:
  ///   - loss: At the parameters, for rules that read it.
  ///   - objective: For rules that ask for it elsewhere.
  /// - Throws: What `bind` throws; a step before `initialise` (R0827); an input that is missing; a matrix
  ///   function without an answer. Parameters and states are then what they were.
  public func step(
    parameters: [UnsafeMutableRawPointer], gradients: [UnsafeRawPointer], loss: Double = .nan,
    objective: Objective? = nil
  ) throws(DiagnosticError) {
    try bind(parameters: parameters, gradients: gradients)
    try step(loss: loss, objective: objective)
  }

  /// One step with the memory that was bound.
  public func step(loss: Double = .nan, objective: Objective? = nil) throws(DiagnosticError) {
    let oracle = objective.map(pointOracle)
    if watch == nil || !isBound || needsGradient && runtime.gradientPointers.isEmpty {
      try refuseStep()
    }
    do throws(Diagnostics.DiagnosticError) {
      try runtime.step(loss: loss, oracle: oracle)
    } catch {
      throw DiagnosticError(Diagnostic.all(error.diagnostics, rule.sources))
    }
  }

  // MARK: Memory of the host's

  /// The first values of the states, in memory of the host's that holds zeros.
  package func initialise(
    _ call: HostMemory.Call, parameters: [UnsafeMutableRawPointer]
  ) throws(DiagnosticError) {
    try bind(parameters: parameters)
    isBound = false
    try shown { () throws(Diagnostics.DiagnosticError) in try memory!.initialise(call) }
  }

  /// One step with the memory that was bound and that of the call.
  package func step(
    _ call: HostMemory.Call, loss: Double, objective: Objective? = nil
  ) throws(DiagnosticError) {
    let oracle = objective.map(pointOracle)
    if !isBound || needsGradient && runtime.gradientPointers.isEmpty {
      try require(parameters.isEmpty) { "`\(rule.label)` reads gradients, and none were given" }
    }
    try shown { () throws(Diagnostics.DiagnosticError) in
      try memory!.step(call, loss: loss, oracle: oracle)
    }
  }

  private func requireOwnMemory() throws(DiagnosticError) {
    try require(memory == nil) { "the states of this optimizer are the host's memory" }
  }

  private func pointOracle(_ objective: @escaping Objective) -> PointOracle {
    { [rule] (points, gradients) throws(Diagnostics.DiagnosticError) -> Double in
      do {
        return try objective(points, gradients)
      } catch {
        throw Diagnostics.DiagnosticError(.objectiveFailed(rule.value, "\(error)"))
      }
    }
  }

  private func refuseStep() throws(DiagnosticError) {
    if watch == nil {
      throw DiagnosticError(Diagnostic.all([.notInitialised(rule.value)], rule.sources))
    }
    try require(isBound) {
      "no memory of parameters is bound: call `bind`, or give it with the step"
    }
    try require(parameters.isEmpty) { "`\(rule.label)` reads gradients, and none were given" }
  }

  /// As `initialise(parameters:)`, on arrays of `elementType`'s numbers, one a tensor.
  public func initialise<T: BitwiseCopyable>(_ parameters: inout [[T]]) throws(DiagnosticError) {
    try withPointers(&parameters) { (pointers) throws(DiagnosticError) in
      try initialise(parameters: pointers)
    }
  }

  /// As `step(parameters:gradients:loss:objective:)`, on arrays of `elementType`'s numbers, one a tensor.
  public func step<T: BitwiseCopyable>(
    _ parameters: inout [[T]], gradients: [[T]], loss: Double = .nan, objective: Objective? = nil
  ) throws(DiagnosticError) {
    var gradients = gradients
    let workers = runtime.axes.workers
    try withPointers(&parameters) { (weights) throws(DiagnosticError) in
      try withPointers(&gradients, times: workers) { (slopes) throws(DiagnosticError) in
        try step(
          parameters: weights, gradients: slopes.map { UnsafeRawPointer($0) }, loss: loss,
          objective: objective)
      }
    }
  }

  /// As `step(parameters:gradients:loss:objective:)`, for the memory of one tensor.
  public func step<T: BitwiseCopyable>(
    _ parameter: inout MutableSpan<T>, gradient: borrowing Swift.Span<T>, loss: Double = .nan,
    objective: Objective? = nil
  ) throws(DiagnosticError) {
    try requireSpan(T.self, count: parameter.count)
    try require(gradient.count >= parameters[0].count * runtime.axes.workers) {
      "the gradient has \(gradient.count) numbers, and `\(parameters[0].name)` has "
        + "\(parameters[0].count)"
    }
    defer { isBound = false }
    var thrown: DiagnosticError?
    parameter.withUnsafeMutableBytes { weights in
      gradient.withUnsafeBytes { slopes in
        let nothing = UnsafeMutableRawPointer(bitPattern: 16)!
        do throws(DiagnosticError) {
          try step(
            parameters: [weights.baseAddress ?? nothing],
            gradients: [slopes.baseAddress ?? UnsafeRawPointer(nothing)], loss: loss,
            objective: objective)
        } catch {
          thrown = error
        }
      }
    }
    if let thrown { throw thrown }
  }

  /// As `initialise(parameters:)`, for the memory of one tensor.
  public func initialise<T: BitwiseCopyable>(
    _ parameter: inout MutableSpan<T>
  ) throws(DiagnosticError) {
    try requireSpan(T.self, count: parameter.count)
    defer { isBound = false }
    var thrown: DiagnosticError?
    parameter.withUnsafeMutableBytes { weights in
      do throws(DiagnosticError) {
        try initialise(parameters: [weights.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 16)!]
        )
      } catch {
        thrown = error
      }
    }
    if let thrown { throw thrown }
  }

  // MARK: What a host gives

  private func require(
    _ holds: Bool, _ why: () -> String
  ) throws(DiagnosticError) {
    if !holds { throw DiagnosticError(Diagnostic.all([.hostMemory(why())], rule.sources)) }
  }

  private func requireSpan<T>(_: T.Type, count: Int) throws(DiagnosticError) {
    try require(parameters.count == 1) {
      "there are \(parameters.count) parameter tensors, and the memory of one was given"
    }
    try requireNumbers(T.self)
    try require(count >= parameters[0].count) {
      "`\(parameters[0].name)` has \(parameters[0].count) numbers, and \(count) were given"
    }
  }

  private func requireNumbers<T>(_: T.Type) throws(DiagnosticError) {
    try require(MemoryLayout<T>.stride == elementType.element.byteCount) {
      "the numbers of \(elementType.rawValue) take \(elementType.element.byteCount) bytes, and those of "
        + "`\(T.self)` take \(MemoryLayout<T>.stride)"
    }
  }

  /// Throws where two parameters overlap, or a gradient and a parameter: a step would read what it has just
  /// written. One memory may be parameter and gradient of the same tensor.
  private func requireApart(
    _ pointers: [UnsafeMutableRawPointer], _ slopes: [UnsafeRawPointer]
  ) throws(DiagnosticError) {
    let width = elementType.element.byteCount
    if pointers.count == 1, slopes.count <= 1 {
      // Of wrappers with an optimizer a tensor, at each step.
      let count = parameters[0].count * width
      guard let slope = slopes.first,
        slope != UnsafeRawPointer(pointers[0]) || runtime.axes.workers > 1
      else { return }
      let pointer = UnsafeRawPointer(pointers[0])
      try require(
        count == 0 || slope + count * runtime.axes.workers <= pointer || pointer + count <= slope
      ) {
        "the gradient of `\(parameters[0].name)` and the parameter `\(parameters[0].name)` share memory"
      }
      return
    }
    let order = pointers.indices.filter { parameters[$0].count > 0 }.sorted {
      pointers[$0] < pointers[$1]
    }
    func end(_ k: Int) -> UnsafeRawPointer {
      UnsafeRawPointer(pointers[k]) + parameters[k].count * width
    }
    for (a, b) in zip(order, order.dropFirst()) {
      try require(end(a) <= UnsafeRawPointer(pointers[b])) {
        "the parameters `\(parameters[a].name)` and `\(parameters[b].name)` share memory"
      }
    }
    let workers = runtime.axes.workers
    for (k, slope) in slopes.enumerated() where parameters[k].count > 0 {
      let last = slope + parameters[k].count * width * workers
      // The first parameter that ends behind the gradient's start.
      var (low, high) = (0, order.count)
      while low < high {
        let middle = (low + high) / 2
        if end(order[middle]) > slope { high = middle } else { low = middle + 1 }
      }
      guard low < order.count, UnsafeRawPointer(pointers[order[low]]) < last else { continue }
      let isOwn = order[low] == k && UnsafeRawPointer(pointers[k]) == slope && workers == 1
      try require(isOwn) {
        "the gradient of `\(parameters[k].name)` and the parameter `\(parameters[order[low]].name)` share "
          + "memory"
      }
    }
  }

  /// The memory of arrays, which are taken out one by one so that none is copied. Each has `times` as
  /// many numbers as its tensor.
  private func withPointers<T: BitwiseCopyable>(
    _ arrays: inout [[T]], times: Int = 1, _ pointers: [UnsafeMutableRawPointer] = [],
    _ body: ([UnsafeMutableRawPointer]) throws(DiagnosticError) -> Void
  ) throws(DiagnosticError) {
    let k = pointers.count
    if k == 0 {
      try requireNumbers(T.self)
      try require(arrays.count == parameters.count) {
        "there are \(parameters.count) parameter tensors, and \(arrays.count) arrays were given"
      }
    }
    guard k < arrays.count else {
      // The arrays may move when this call is over.
      defer { isBound = false }
      return try body(pointers)
    }
    try require(arrays[k].count >= parameters[k].count * times) {
      "`\(parameters[k].name)` has \(parameters[k].count * times) numbers, and \(arrays[k].count) were "
        + "given"
    }
    var own: [T] = []
    swap(&own, &arrays[k])
    defer { swap(&own, &arrays[k]) }
    var thrown: DiagnosticError?
    own.withUnsafeMutableBytes { bytes in
      let start = bytes.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 16)!
      do throws(DiagnosticError) {
        try withPointers(&arrays, times: times, pointers + [start], body)
      } catch {
        thrown = error
      }
    }
    if let thrown { throw thrown }
  }

  // MARK: What it holds, by name

  /// The names of the hyperparameters; those of a rule inside are `base.lr`.
  public var hyperparameterNames: [String] { runtime.hyperNames }

  /// The value at the last step, or at the first before any; nil for an unknown name.
  public func hyperparameter(_ name: String) -> Double? { runtime.hyper(name) }

  /// From now on this value, whatever the schedule says.
  ///
  /// - Throws: An unknown name; a value out of the domain; a hyperparameter that shapes depend on.
  public func setHyperparameter(_ name: String, _ value: Double) throws(DiagnosticError) {
    try shown { () throws(Diagnostics.DiagnosticError) in try runtime.setHyper(name, value) }
  }

  /// The names of a tensor's states.
  public func stateNames(of tensor: Int) -> [String] {
    isTensor(tensor) ? runtime.stateNames(of: tensor) : []
  }

  private func isTensor(_ k: Int) -> Bool { memory == nil && parameters.indices.contains(k) }

  private func requireTensor(_ k: Int) throws(DiagnosticError) {
    if isTensor(k) { return }
    throw DiagnosticError(
      Diagnostic.all([.unknownPlace("tensor \(k)", of: rule.label)], rule.sources))
  }

  /// A copy of a state, row-major; nil where the tensor has none of this name.
  public func state(_ name: String, of tensor: Int) -> [Double]? {
    isTensor(tensor) ? runtime.state(name, of: tensor) : nil
  }

  /// The lengths of a state, empty for one number; nil where the tensor has none of this name.
  public func stateShape(_ name: String, of tensor: Int) -> [Int]? {
    isTensor(tensor) ? runtime.hostStateShape(name, of: tensor) : nil
  }

  /// Sets a state, rounded to how it is stored; what `state` gave reads back the same.
  ///
  /// - Throws: An unknown tensor or name; a wrong number of values.
  public func setState(
    _ name: String, of tensor: Int, _ values: [Double]
  ) throws(DiagnosticError) {
    try requireTensor(tensor)
    try shown { () throws(Diagnostics.DiagnosticError) in
      try runtime.setState(name, of: tensor, values)
    }
  }

  /// The number of values of a state or an input; nil where the tensor has none of this name.
  package func stateCount(_ name: String, of tensor: Int) -> Int? {
    stateShape(name, of: tensor).map(Lengths.product)
  }

  package func inputCount(_ name: String, of tensor: Int) -> Int? {
    inputShape(name, of: tensor).map(Lengths.product)
  }

  /// The bytes that the states of all tensors take.
  public var stateByteCount: Int { runtime.stateByteCount }

  /// The names of what a tensor's rule is given besides gradients, such as curvatures.
  public func inputNames(of tensor: Int) -> [String] {
    isTensor(tensor) ? runtime.inputNames(of: tensor) : []
  }

  /// The lengths of an input, empty for one number; nil where the tensor has none of this name.
  public func inputShape(_ name: String, of tensor: Int) -> [Int]? {
    isTensor(tensor) ? runtime.hostInputShape(name, of: tensor) : nil
  }

  /// Copies an input, row-major; it stays until it is set again.
  ///
  /// - Throws: An unknown tensor or name; a wrong number of values.
  public func setInput(
    _ name: String, of tensor: Int, _ values: [Double]
  ) throws(DiagnosticError) {
    try requireTensor(tensor)
    try shown { () throws(Diagnostics.DiagnosticError) in
      try runtime.setInput(name, of: tensor, values)
    }
  }

  /// The names of the views, such as `eval`: weights other than those that are trained.
  public var viewNames: [String] { runtime.viewNames }

  /// A view after the last step, row-major; the parameters themselves where the rule has none of this
  /// name, nothing for a tensor that is not there.
  public func view(_ name: String, of tensor: Int) -> [Double] {
    isTensor(tensor) ? runtime.view(name, of: tensor) : []
  }

  // MARK: Checkpoints

  /// Writes states, step count, seed and what was set by hand to a safetensors file, whole or not at all:
  /// `state/PARAMETER/NAME`, and the rule's source among the metadata.
  ///
  /// - Parameter parameters: The memory of the parameters, where they are to be kept too.
  /// - Throws: R0827 before `initialise`; R0826 for a wrong number of pointers; what the system refuses.
  public func save(
    to path: String, parameters: [UnsafeRawPointer]? = nil
  ) throws(DiagnosticError) {
    try requireSaveable(parameters?.count)
    try shown { () throws(Diagnostics.DiagnosticError) in
      try Checkpoint.save(runtime, source: rule.source, parameters: parameters, to: path)
    }
  }

  /// The bytes of the file that `save` writes.
  public func checkpoint(parameters: [UnsafeRawPointer]? = nil) throws(DiagnosticError) -> [UInt8] {
    try requireSaveable(parameters?.count)
    return try DiagnosticError.shown(in: { rule.sources }) {
      () throws(Diagnostics.DiagnosticError) in
      try Checkpoint.bytes(runtime, source: rule.source, parameters: parameters)
    }
  }

  private func requireSaveable(_ count: Int?) throws(DiagnosticError) {
    if watch == nil {
      throw DiagnosticError(Diagnostic.all([.notInitialised(rule.value)], rule.sources))
    }
    try require(count == nil || count == parameters.count) {
      "there are \(parameters.count) parameter tensors, and \(count ?? 0) were given"
    }
  }

  /// Goes on where the optimizer stopped that wrote the file: the next step gives the same bits as its
  /// next step would have. Takes the place of `initialise`.
  ///
  /// - Parameter parameters: Memory for the parameters, where the file has them.
  /// - Throws: A file that is none (R0770), of another optimizer (R0771, with all that differs) or of a
  ///   later version (R0772). Parameters and states are then what they were.
  public func load(
    from path: String, parameters: [UnsafeMutableRawPointer]? = nil
  ) throws(DiagnosticError) {
    let found = try DiagnosticError.shown(in: { rule.sources }) {
      () throws(Diagnostics.DiagnosticError) in
      try Checkpoint(path: path)
    }
    try load(found, parameters)
  }

  /// As `load(from:parameters:)`, from the bytes of the file.
  public func load(
    _ checkpoint: [UInt8], parameters: [UnsafeMutableRawPointer]? = nil
  ) throws(DiagnosticError) {
    let found = try DiagnosticError.shown(in: { rule.sources }) {
      () throws(Diagnostics.DiagnosticError) in
      try Checkpoint(bytes: checkpoint, path: "<checkpoint>")
    }
    try load(found, parameters)
  }

  private func load(
    _ checkpoint: Checkpoint, _ pointers: [UnsafeMutableRawPointer]?
  ) throws(DiagnosticError) {
    try requireOwnMemory()
    try require(pointers == nil || pointers?.count == parameters.count) {
      "there are \(parameters.count) parameter tensors, and \(pointers?.count ?? 0) were given"
    }
    loadWarnings = try DiagnosticError.shown(in: { rule.sources }) {
      () throws(Diagnostics.DiagnosticError) in
      try checkpoint.restore(runtime, parameters: pointers)
    }
    watch = RunWatch(runtime)
  }
}

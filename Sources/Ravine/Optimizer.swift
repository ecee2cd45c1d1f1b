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
  /// a tensor unless the second argument is nil, both in `elementType`; returns the loss.
  public typealias Objective = (
    _ points: UnsafePointer<UnsafeRawPointer>,
    _ gradients: UnsafePointer<UnsafeMutableRawPointer>?
  ) -> Double

  /// What it runs.
  public let rule: Rule
  /// The tensors, in the order of all pointers and of all `tensor` arguments.
  public let parameters: [ParameterSpec]
  /// The numbers of parameters and gradients.
  public let elementType: ElementType
  private let runtime: Runtime.Optimizer
  private var watch: RunWatch?

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
  public init(
    _ rule: Rule, parameters: [ParameterSpec], engine: Engine = .interpreter,
    elementType: ElementType = .float32, seed: UInt64 = 0, horizon: Int = 0, threads: Int? = nil,
    batch: Int? = nil, groups: Int? = nil, workers: Int = 1
  ) throws(DiagnosticError) {
    self.rule = rule
    self.parameters = parameters
    self.elementType = elementType
    let specs = parameters.map { Runtime.ParameterSpec(name: $0.name, dims: $0.dims) }
    let kind = EngineKind(rawValue: engine.rawValue) ?? .interpreter
    let compiler = engine == .native || engine == .auto ? NativeCompiler() : nil
    runtime = try DiagnosticError.shown(in: { rule.sources }) {
      () throws(Diagnostics.DiagnosticError) in
      try Runtime.Optimizer(
        rule.value, parameters: specs, engine: kind, elementType: elementType.element,
        seed: seed, horizon: horizon, threads: threads, compiler: compiler,
        axes: AxisLengths(batch: batch, groups: groups, workers: workers))
    }
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
  /// its domain (R0830), steps that were left out (R0831), a state that is not finite any more (R0832).
  /// States are looked at when this is read, which costs a pass over them.
  public var warnings: [Diagnostic] {
    watch?.look()
    return Diagnostic.all(watch?.findings ?? [], rule.sources)
  }

  /// T, the planned number of steps; may be changed between steps.
  public var horizon: Int {
    get { runtime.horizon }
    set { runtime.horizon = newValue }
  }

  /// Whether the rule reads gradients.
  public var needsGradient: Bool { runtime.needsGradient }

  /// Whether the rule reads the loss.
  public var needsLoss: Bool { runtime.needsLoss }

  /// Whether the rule asks for the objective at other points.
  public var needsObjective: Bool { runtime.needsOracle }

  /// Sets the states to their first values and the step count to 0. May read the parameters.
  public func initialise(parameters: [UnsafeMutableRawPointer]) throws(DiagnosticError) {
    try shown { () throws(Diagnostics.DiagnosticError) in
      try runtime.initialise(parameters: parameters)
    }
    watch = RunWatch(runtime)
  }

  /// One step: changes the parameters and the states.
  ///
  /// - Parameters:
  ///   - loss: At the parameters, for rules that read it.
  ///   - objective: For rules that ask for it elsewhere.
  /// - Throws: An input that is missing; a matrix function without an answer. Parameters and states are
  ///   then what they were.
  public func step(
    parameters: [UnsafeMutableRawPointer], gradients: [UnsafeRawPointer], loss: Double = .nan,
    objective: Objective? = nil
  ) throws(DiagnosticError) {
    let oracle: PointOracle? = objective.map { ask in { ask($0, $1) } }
    try shown { () throws(Diagnostics.DiagnosticError) in
      try runtime.step(parameters: parameters, gradients: gradients, loss: loss, oracle: oracle)
    }
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
    try withPointers(&parameters) { (weights) throws(DiagnosticError) in
      try withPointers(&gradients) { (slopes) throws(DiagnosticError) in
        try step(
          parameters: weights, gradients: slopes.map { UnsafeRawPointer($0) }, loss: loss,
          objective: objective)
      }
    }
  }

  /// The memory of arrays, which are taken out one by one so that none is copied.
  private func withPointers<T: BitwiseCopyable>(
    _ arrays: inout [[T]], _ pointers: [UnsafeMutableRawPointer] = [],
    _ body: ([UnsafeMutableRawPointer]) throws(DiagnosticError) -> Void
  ) throws(DiagnosticError) {
    let k = pointers.count
    if k == 0 {
      precondition(MemoryLayout<T>.size == elementType.element.byteCount, "numbers of elementType")
      precondition(arrays.count == parameters.count, "one array for each parameter tensor")
    }
    guard k < arrays.count else { return try body(pointers) }
    precondition(arrays[k].count >= parameters[k].count, "as many numbers as the tensor has")
    var own: [T] = []
    swap(&own, &arrays[k])
    defer { swap(&own, &arrays[k]) }
    var thrown: DiagnosticError?
    own.withUnsafeMutableBytes { bytes in
      let start = bytes.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 16)!
      do throws(DiagnosticError) {
        try withPointers(&arrays, pointers + [start], body)
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
  public func stateNames(of tensor: Int) -> [String] { runtime.stateNames(of: tensor) }

  /// A copy of a state, row-major; nil where the tensor has none of this name.
  public func state(_ name: String, of tensor: Int) -> [Double]? {
    runtime.state(name, of: tensor)
  }

  /// The lengths of a state, empty for one number; nil where the tensor has none of this name.
  public func stateShape(_ name: String, of tensor: Int) -> [Int]? {
    runtime.stateShape(name, of: tensor)
  }

  /// Sets a state, rounded to how it is stored; what `state` gave reads back the same.
  ///
  /// - Throws: An unknown name; a wrong number of values.
  public func setState(
    _ name: String, of tensor: Int, _ values: [Double]
  ) throws(DiagnosticError) {
    try shown { () throws(Diagnostics.DiagnosticError) in
      try runtime.setState(name, of: tensor, values)
    }
  }

  /// The bytes that the states of all tensors take.
  public var stateByteCount: Int { runtime.stateByteCount }

  /// The names of what a tensor's rule is given besides gradients, such as curvatures.
  public func inputNames(of tensor: Int) -> [String] { runtime.inputNames(of: tensor) }

  /// The lengths of an input, empty for one number; nil where the tensor has none of this name.
  public func inputShape(_ name: String, of tensor: Int) -> [Int]? {
    runtime.inputShape(name, of: tensor)
  }

  /// Copies an input, row-major; it stays until it is set again.
  ///
  /// - Throws: An unknown name; a wrong number of values.
  public func setInput(
    _ name: String, of tensor: Int, _ values: [Double]
  ) throws(DiagnosticError) {
    try shown { () throws(Diagnostics.DiagnosticError) in
      try runtime.setInput(name, of: tensor, values)
    }
  }

  /// The names of the views, such as `eval`: weights other than those that are trained.
  public var viewNames: [String] { runtime.viewNames }

  /// A view after the last step, row-major; the parameters themselves where the rule has none of this
  /// name.
  public func view(_ name: String, of tensor: Int) -> [Double] { runtime.view(name, of: tensor) }
}

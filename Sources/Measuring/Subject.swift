import CKernels
import Diagnostics
import IR
import Laboratory
import Native
import Runtime

/// One thing to be measured: a rule on some tensors by some engine, bound and ready to step.
package final class Subject {
  /// What a measurement is called.
  package struct Label: Sendable, Hashable {
    package var rule: String
    package var size: String
    package var threads: Int
    package var engine: String
    package var type: String
  }

  /// Bytes.
  package struct Memory: Sendable {
    /// The most that the process held beyond what it held before; nil where the system does not say.
    package var peak: Int?
    package var parameters: Int
    package var gradients: Int
    package var states: Int
    package var declared: Int { parameters + gradients + states }
  }

  /// From a checked rule to the end of the first step, without making the tensors.
  package struct FirstStep: Sendable {
    package var seconds: Double
    /// Of them, before the first step: planning, and compiling or loading code.
    package var binding: Double
    /// Of the process and the compiler that it ran.
    package var computing: Double
    /// Whether the compiler was called.
    package var isCold: Bool
  }

  package let label: Label
  package let elements: Int
  package let tensorCount: Int
  package private(set) var memory: Memory?
  package private(set) var first: FirstStep?
  package private(set) var passCount = (all: 0, compiled: 0)
  /// What the plan moves; nil for loops that have none.
  package private(set) var traffic: PlanTraffic?
  /// Bytes a step that the cost sheet states before anything runs; float32 only.
  package private(set) var predictedBytes: Double?
  /// Seconds a step, one entry a round.
  package internal(set) var seconds: [Double] = []
  package internal(set) var streamSeconds: [Double] = []
  var repeats = 1
  var streamRepeats = 1
  let threads: Int
  let run: (Int) throws(DiagnosticError) -> Void

  /// Below so many elements a stream measures its start.
  static let streamedCount = 4096

  var isStreamed: Bool {
    elements >= Self.streamedCount && (traffic.map { $0.isComplete && $0.bytes > 0 } ?? false)
  }

  /// Binds a rule and takes its first steps. Throws what binding and stepping throw.
  package init(
    _ rule: Rule, named name: String? = nil, size: BenchSize, threads: Int,
    engine: EngineKind, type: ElementType, typeName: String, compiler: NativeCompiler?
  ) throws(DiagnosticError) {
    label = Label(
      rule: name ?? rule.label, size: size.name, threads: threads, engine: engine.rawValue,
      type: typeName)
    elements = size.count
    tensorCount = size.tensors.count
    self.threads = threads
    if type == .float32 {
      predictedBytes = try RuleDescription(rule, parameters: size.tensors).placements
        .reduce(0) { $0 + $1.bytesMoved }
    }
    let held = ResidentMemory.reset() ? ResidentMemory.now : nil
    let host = HostMemory(size.tensors.map(\.count), type)
    let calls = compiler?.callCount ?? 0
    let start = (Clock.seconds, Clock.computing)
    let optimizer = try Optimizer(
      rule, parameters: size.tensors, engine: engine, elementType: type, horizon: 1_000_000,
      threads: threads, compiler: compiler)
    optimizer.waitForCode()
    let bound = Clock.seconds
    optimizer.bind(
      parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    let bytes = host.counts.map { $0 * type.byteCount }
    // The gradient is the same everywhere.
    let oracle: PointOracle? =
      optimizer.needsOracle
      ? { (_, gradients) throws(DiagnosticError) in
        if let gradients {
          for k in bytes.indices {
            gradients[k].copyMemory(from: host.gradients[k], byteCount: bytes[k])
          }
        }
        return 1
      } : nil
    run = { (steps) throws(DiagnosticError) in
      for _ in 0..<steps { try optimizer.step(loss: 1, oracle: oracle) }
      withExtendedLifetime(host) {}
    }
    try run(1)
    first = FirstStep(
      seconds: Clock.seconds - start.0, binding: bound - start.0,
      computing: Clock.computing - start.1, isCold: (compiler?.callCount ?? 0) > calls)
    try run(1)
    let peak = held.flatMap { before in ResidentMemory.peak.map { max($0 - before, 0) } }
    memory = Memory(
      peak: peak, parameters: bytes.reduce(0, +), gradients: bytes.reduce(0, +),
      states: optimizer.stateByteCount)
    traffic = optimizer.traffic
    passCount = optimizer.passCount
  }

  /// A loop written by hand, in float32; nil where there is none for the rule.
  package init?(_ loops: HandLoops, rule: String, size: BenchSize, threads: Int) {
    guard let loop = loops.loop(rule) else { return nil }
    label = Label(rule: rule, size: size.name, threads: threads, engine: "c", type: "f32")
    elements = size.count
    tensorCount = size.tensors.count
    self.threads = threads
    let work = LoopWork(loop, in: loops, size.tensors.map(\.count), threads: threads)
    run = { (steps) throws(DiagnosticError) in for _ in 0..<steps { work.step() } }
    work.step()
  }
}

/// The arrays of a hand-written loop, and which part of each a thread takes.
private final class LoopWork {
  private let loop: HandLoops.Loop
  /// Holds the code.
  private let loops: HandLoops
  private let host: HostMemory
  private let states: [[UnsafeMutablePointer<Float>]]
  private let threads: Int
  private var stepCount = 0
  private var corrections: (Float, Float) = (1, 1)

  init(_ loop: HandLoops.Loop, in loops: HandLoops, _ counts: [Int], threads: Int) {
    self.loop = loop
    self.loops = loops
    self.threads = threads
    host = HostMemory(counts, .float32)
    states = counts.map { count in (0..<2).map { _ in allocate(count) { _ in 0 } } }
  }

  deinit { for pointer in states.joined() { pointer.deallocate() } }

  func step() {
    stepCount += 1
    corrections.0 = 1 - powered(0.9, stepCount)
    corrections.1 = 1 - powered(0.999, stepCount)
    if threads > 1 {
      let isDone = rv_pool_run(
        Int32(threads), Int64(threads),
        { context, item, _ in
          Unmanaged<LoopWork>.fromOpaque(context!).takeUnretainedValue().part(Int(item))
        }, Unmanaged.passUnretained(self).toOpaque())
      if isDone != 0 { return }
    }
    for k in 0..<threads { part(k) }
  }

  /// One of as many equal parts of each array as there are threads.
  private func part(_ item: Int) {
    for k in host.counts.indices {
      let count = host.counts[k]
      let (start, end) = (count * item / threads, count * (item + 1) / threads)
      if start == end { continue }
      loop(
        host.parameters[k].assumingMemoryBound(to: Float.self) + start,
        host.gradients[k].assumingMemoryBound(to: Float.self) + start, states[k][0] + start,
        states[k][1] + start, end - start, 1e-3, 0.9, 0.999, 1e-8, 0.01, corrections.0,
        corrections.1)
    }
  }

  private func powered(_ x: Double, _ n: Int) -> Float {
    var (result, factor, rest) = (1.0, x, n)
    while rest > 0 {
      if rest & 1 == 1 { result *= factor }
      factor *= factor
      rest >>= 1
    }
    return Float(result)
  }
}

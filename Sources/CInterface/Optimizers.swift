import CRavine
import Ravine
import Synchronization

/// An optimizer that a host holds, for one call at a time.
final class HeldOptimizer: @unchecked Sendable {
  let optimizer: Optimizer
  private let isUsed = Atomic<Bool>(false)
  /// The pointers of the last step: most hosts give the same ones at each.
  private var parameters: [UnsafeMutableRawPointer] = []
  private var gradients: [UnsafeRawPointer] = []

  init(_ optimizer: Optimizer) { self.optimizer = optimizer }

  static let table = HandleTable<HeldOptimizer>(kind: 1)

  /// The status of what `body` does with the optimizer while nobody else uses it.
  static func use(
    _ handle: ravine_optimizer, _ body: (HeldOptimizer) throws -> Void
  ) -> Int32 {
    guard let held = table[handle] else { return Outcome.failure(Outcome.Misuse.notAnOptimizer) }
    if held.isUsed.exchange(true, ordering: .acquiring) {
      return Outcome.failure(Outcome.Misuse.busy)
    }
    defer { held.isUsed.store(false, ordering: .releasing) }
    return Outcome.done { try body(held) }
  }

  // MARK: Memory

  /// A tensor without elements needs no memory.
  private static var nothing: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: 64)! }

  func requireCount(_ count: Int) throws {
    let own = optimizer.parameters.count
    if count != own {
      throw Outcome.Misuse("there are \(own) parameter tensors, and \(count) pointers were given")
    }
  }

  func parameterPointers(
    _ pointers: UnsafePointer<UnsafeMutableRawPointer?>?, _ count: Int
  ) throws -> [UnsafeMutableRawPointer] {
    try requireCount(count)
    guard let pointers else {
      if count == 0 { return [] }
      throw Outcome.Misuse.null("parameters")
    }
    return try (0..<count).map { k in
      if let pointer = pointers[k] { return pointer }
      if optimizer.parameters[k].count == 0 { return Self.nothing }
      throw Outcome.Misuse.null("parameters[\(k)]")
    }
  }

  fileprivate func gradientPointers(
    _ pointers: UnsafePointer<UnsafeRawPointer?>?, _ count: Int
  ) throws -> [UnsafeRawPointer] {
    guard let pointers else {
      if count == 0 || !optimizer.needsGradient { return [] }
      throw Outcome.Misuse.null("gradients")
    }
    return try (0..<count).map { k in
      if let pointer = pointers[k] { return pointer }
      if optimizer.parameters[k].count == 0 { return UnsafeRawPointer(Self.nothing) }
      throw Outcome.Misuse.null("gradients[\(k)]")
    }
  }

  func initialise(
    _ pointers: UnsafePointer<UnsafeMutableRawPointer?>?, _ count: Int
  ) throws {
    parameters = []
    try optimizer.initialise(parameters: try parameterPointers(pointers, count))
  }

  func step(
    _ pointers: UnsafePointer<UnsafeMutableRawPointer?>?,
    _ slopes: UnsafePointer<UnsafeRawPointer?>?, _ count: Int, _ loss: Double,
    _ objective: Optimizer.Objective?
  ) throws {
    try bind(pointers, slopes, count)
    try optimizer.step(loss: loss, objective: objective)
  }

  /// Of other memory than the next step's.
  func forget() { parameters = [] }

  func bind(
    _ pointers: UnsafePointer<UnsafeMutableRawPointer?>?,
    _ slopes: UnsafePointer<UnsafeRawPointer?>?, _ count: Int
  ) throws {
    if isBound(pointers, slopes, count) { return }
    let weights = try parameterPointers(pointers, count)
    let gradients = try gradientPointers(slopes, count)
    parameters = []
    try optimizer.bind(parameters: weights, gradients: gradients)
    parameters = weights
    self.gradients = gradients
  }

  private func isBound(
    _ pointers: UnsafePointer<UnsafeMutableRawPointer?>?,
    _ slopes: UnsafePointer<UnsafeRawPointer?>?, _ count: Int
  ) -> Bool {
    guard count == parameters.count, count == gradients.count, count > 0, let pointers, let slopes
    else { return false }
    for k in 0..<count where pointers[k] != parameters[k] || slopes[k] != gradients[k] {
      return false
    }
    return true
  }
}

/// What a host says of tensors and choices, as the façade takes it.
enum HostTensors {
  /// Names and lengths.
  static func read(_ tensors: UnsafePointer<ravine_tensor>?, _ count: Int) throws -> [ParameterSpec]
  {
    if count == 0 { return [] }
    guard let tensors else { throw Outcome.Misuse.null("tensors") }
    guard 0...1 << 24 ~= count else { throw Outcome.Misuse("\(count) tensors are too many") }
    return try (0..<count).map { k in
      let tensor = tensors[k]
      let name = try Crossing.text(tensor.name, "tensors[\(k)].name")
      if tensor.rank > 0, tensor.shape == nil {
        throw Outcome.Misuse.null("tensors[\(k)].shape")
      }
      guard 0...64 ~= tensor.rank else {
        throw Outcome.Misuse("`tensors[\(k)].rank` is \(tensor.rank)")
      }
      if let wrong = (0..<tensor.rank).first(where: { tensor.shape[$0] < 0 }) {
        throw Outcome.Misuse("`tensors[\(k)].shape[\(wrong)]` is \(tensor.shape[wrong])")
      }
      return ParameterSpec(name: name, dims: (0..<tensor.rank).map { Int(tensor.shape[$0]) })
    }
  }

  static let types: [ElementType] = [.float32, .float64, .bfloat16, .float16]
  static let engines: [Engine] = [.auto, .interpreter, .native, .reference]
}

@c @implementation
public func ravine_optimizer_new(
  _ rule: ravine_rule, _ tensors: UnsafePointer<ravine_tensor>?, _ count: Int,
  _ options: UnsafePointer<ravine_options>?, _ optimizer: UnsafeMutablePointer<ravine_optimizer>?
) -> Int32 {
  Outcome.done {
    guard let optimizer else { throw Outcome.Misuse.null("optimizer") }
    optimizer.pointee = 0
    let options = try OptionsReader.read(options)
    let made = try Optimizer(
      HeldRule.of(rule), parameters: HostTensors.read(tensors, count), engine: options.engine,
      elementType: options.type, seed: options.seed, horizon: options.horizon,
      threads: options.threads, batch: options.batch, groups: options.groups,
      workers: options.workers)
    optimizer.pointee = HeldOptimizer.table.add(HeldOptimizer(made))
  }
}

/// What `ravine_options` says.
struct OptionsReader {
  var engine = Engine.auto
  var type = ElementType.float32
  var seed: UInt64 = 0
  var horizon = 0
  var threads: Int?
  var batch: Int?
  var groups: Int?
  var workers = 1

  static func read(_ options: UnsafePointer<ravine_options>?) throws -> OptionsReader {
    var result = OptionsReader()
    guard let options else { return result }
    // Of a later header with more members, what this library knows stands in front.
    let size = UnsafeRawPointer(options).load(as: Int.self)
    guard size >= MemoryLayout<ravine_options>.size else {
      throw Outcome.Misuse("`options.size` is \(size): set it to sizeof(ravine_options)")
    }
    let given = options.pointee
    func choice<T>(_ all: [T], _ k: Int32, _ name: String) throws -> T {
      guard all.indices.contains(Int(k)) else { throw Outcome.Misuse("`\(name)` is \(k)") }
      return all[Int(k)]
    }
    func count(_ n: Int64, _ name: String) throws -> Int? {
      guard n >= 0 else { throw Outcome.Misuse("`\(name)` is \(n)") }
      return n == 0 ? nil : Int(n)
    }
    result.engine = try choice(HostTensors.engines, given.engine, "options.engine")
    result.type = try choice(HostTensors.types, given.type, "options.type")
    result.seed = given.seed
    result.horizon = try count(given.horizon, "options.horizon") ?? 0
    result.threads = try count(Int64(given.threads), "options.threads")
    result.workers = try count(Int64(given.workers), "options.workers") ?? 1
    result.batch = try count(given.batch, "options.batch")
    result.groups = try count(given.groups, "options.groups")
    return result
  }
}

@c @implementation
public func ravine_optimizer_free(_ optimizer: ravine_optimizer) -> Int32 {
  Outcome.done {
    if HeldOptimizer.table.remove(optimizer) == nil { throw Outcome.Misuse.notAnOptimizer }
  }
}

@c @implementation
public func ravine_initialise(
  _ optimizer: ravine_optimizer, _ parameters: UnsafePointer<UnsafeMutableRawPointer?>?,
  _ count: Int
) -> Int32 {
  HeldOptimizer.use(optimizer) { try $0.initialise(parameters, count) }
}

@c @implementation
public func ravine_step(
  _ optimizer: ravine_optimizer, _ parameters: UnsafePointer<UnsafeMutableRawPointer?>?,
  _ gradients: UnsafePointer<UnsafeRawPointer?>?, _ count: Int, _ loss: Double
) -> Int32 {
  HeldOptimizer.use(optimizer) { try $0.step(parameters, gradients, count, loss, nil) }
}

@c @implementation
public func ravine_step_with(
  _ optimizer: ravine_optimizer, _ parameters: UnsafePointer<UnsafeMutableRawPointer?>?,
  _ gradients: UnsafePointer<UnsafeRawPointer?>?, _ count: Int, _ loss: Double,
  _ objective: ravine_objective?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    guard let objective else { throw Outcome.Misuse.null("objective") }
    try held.step(parameters, gradients, count, loss, asked(objective, context, count))
  }
}

/// A function of the host's as the façade calls it.
func asked(
  _ objective: @escaping ravine_objective, _ context: UnsafeMutableRawPointer?, _ count: Int
) -> Optimizer.Objective {
  { points, slopes in
    var stop: Int32 = 0
    let loss = points.withMemoryRebound(to: UnsafeRawPointer?.self, capacity: count) { points in
      guard let slopes else { return objective(context, points, nil, &stop) }
      return slopes.withMemoryRebound(to: UnsafeMutableRawPointer?.self, capacity: count) {
        objective(context, points, $0, &stop)
      }
    }
    if stop != 0 { throw Outcome.Misuse("it asked to stop") }
    return loss
  }
}

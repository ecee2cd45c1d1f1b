import CRavine
import Ravine
import Runtime

// Optimizers whose host keeps what a step leaves to the next.

extension ravine_call {
  /// What the library reads of it. Throws where it is not as this header has it.
  fileprivate static func read(
    _ call: UnsafePointer<ravine_call>?, _ held: HeldOptimizer
  ) throws -> (ravine_call, HostMemory.Call) {
    guard let call else { throw Outcome.Misuse.null("call") }
    let size = UnsafeRawPointer(call).load(as: Int.self)
    guard size >= MemoryLayout<ravine_call>.size else {
      throw Outcome.Misuse("`call.size` is \(size): set it to sizeof(ravine_call)")
    }
    guard let own = held.optimizer.memory else {
      throw Outcome.Misuse("this optimizer keeps its states: step it by `ravine_step`")
    }
    let given = call.pointee
    guard let steps = given.steps else { throw Outcome.Misuse.null("call.steps") }
    guard given.memory != nil || own.places.isEmpty else {
      throw Outcome.Misuse.null("call.memory")
    }
    let memory = given.memory ?? UnsafePointer(bitPattern: 64)!
    for (k, place) in own.places.enumerated() where memory[k] == nil && place.byteCount > 0 {
      throw Outcome.Misuse.null("call.memory[\(k)]")
    }
    for k in 0..<own.clockCount where !(0..<1 << 53).contains(steps[k]) {
      throw Outcome.Misuse("`call.steps[\(k)]` is \(steps[k])")
    }
    return (
      given,
      HostMemory.Call(
        memory: memory, steps: steps, hypers: given.values, numbers: given.numbers)
    )
  }
}

@c @implementation
public func ravine_program_new(
  _ rule: ravine_rule, _ tensors: UnsafePointer<ravine_tensor>?, _ count: Int,
  _ options: UnsafePointer<ravine_options>?, _ clocks: UnsafePointer<Int32>?,
  _ program: UnsafeMutablePointer<ravine_optimizer>?
) -> Int32 {
  Outcome.done {
    guard let program else { throw Outcome.Misuse.null("program") }
    program.pointee = 0
    let options = try OptionsReader.read(options)
    let tensors = try HostTensors.read(tensors, count)
    let clockOf = clocks.map { clocks in tensors.indices.map { Int(clocks[$0]) } }
    if let clockOf, let wrong = clockOf.first(where: { !(0..<max(count, 1)).contains($0) }) {
      throw Outcome.Misuse("there is no clock \(wrong): they count from 0 on")
    }
    let made = try Optimizer(
      HeldRule.of(rule), parameters: tensors, engine: options.engine, elementType: options.type,
      seed: options.seed, horizon: options.horizon, threads: options.threads,
      batch: options.batch, groups: options.groups, workers: options.workers,
      clockOf: clockOf ?? tensors.map { _ in 0 })
    program.pointee = HeldOptimizer.table.add(HeldOptimizer(made))
  }
}

@c @implementation
public func ravine_program_first(
  _ program: ravine_optimizer, _ call: UnsafePointer<ravine_call>?
) -> Int32 {
  HeldOptimizer.use(program) { held in
    let (given, memory) = try ravine_call.read(call, held)
    let weights = try held.parameterPointers(given.parameters, given.count)
    held.forget()
    try held.optimizer.initialise(memory, parameters: weights)
  }
}

@c @implementation
public func ravine_program_step(
  _ program: ravine_optimizer, _ call: UnsafePointer<ravine_call>?
) -> Int32 {
  HeldOptimizer.use(program) { held in
    let (given, memory) = try ravine_call.read(call, held)
    try held.bind(given.parameters, given.gradients, given.count)
    try held.optimizer.step(
      memory, loss: given.loss,
      objective: given.objective.map { asked($0, given.context, given.count) })
  }
}

import Basics
import CRavine
import Ravine

// What an optimizer holds, by name.

/// Numbers that a host gives or takes.
enum HostNumbers {
  static func read(_ values: UnsafePointer<Double>?, _ count: Int) throws -> [Double] {
    if count == 0 { return [] }
    guard let values else { throw Outcome.Misuse.null("values") }
    return Array(UnsafeBufferPointer(start: values, count: count))
  }

  static func write(
    _ numbers: [Double], to values: UnsafeMutablePointer<Double>?, _ count: Int, _ what: String
  ) throws {
    guard numbers.count == count else {
      throw Outcome.Misuse("\(what) has \(numbers.count) values, and there is room for \(count)")
    }
    if count == 0 { return }
    guard let values else { throw Outcome.Misuse.null("values") }
    values.update(from: numbers, count: count)
  }
}

@c @implementation
public func ravine_hyper(
  _ optimizer: ravine_optimizer, _ name: UnsafePointer<CChar>?,
  _ value: UnsafeMutablePointer<Double>?
) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    let name = try Crossing.text(name, "name")
    guard let value else { throw Outcome.Misuse.null("value") }
    guard let x = held.optimizer.hyperparameter(name) else {
      throw Outcome.Misuse("`\(held.optimizer.rule.label)` has no hyperparameter `\(name)`")
    }
    value.pointee = x
  }
}

@c @implementation
public func ravine_set_hyper(
  _ optimizer: ravine_optimizer, _ name: UnsafePointer<CChar>?, _ value: Double
) -> Int32 {
  HeldOptimizer.use(optimizer) {
    try $0.optimizer.setHyperparameter(Crossing.text(name, "name"), value)
  }
}

@c @implementation
public func ravine_state(
  _ optimizer: ravine_optimizer, _ tensor: Int, _ name: UnsafePointer<CChar>?,
  _ values: UnsafeMutablePointer<Double>?, _ count: Int
) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    let name = try Crossing.text(name, "name")
    guard let state = held.optimizer.state(name, of: tensor) else {
      throw Outcome.Misuse("tensor \(tensor) has no state `\(name)`")
    }
    try HostNumbers.write(state, to: values, count, "the state `\(name)`")
  }
}

/// Numbers for a state or an input of `own` values; nil where the tensor has none of this name.
private func given(
  _ kind: String, _ name: String, of tensor: Int, _ own: Int?, _ values: UnsafePointer<Double>?,
  _ count: Int
) throws -> [Double] {
  guard let own else { throw Outcome.Misuse("tensor \(tensor) has no \(kind) `\(name)`") }
  guard own == count else {
    throw Outcome.Misuse("the \(kind) `\(name)` has \(own) values, and \(count) were given")
  }
  return try HostNumbers.read(values, count)
}

@c @implementation
public func ravine_set_state(
  _ optimizer: ravine_optimizer, _ tensor: Int, _ name: UnsafePointer<CChar>?,
  _ values: UnsafePointer<Double>?, _ count: Int
) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    let name = try Crossing.text(name, "name")
    let own = held.optimizer.stateCount(name, of: tensor)
    try held.optimizer.setState(
      name, of: tensor, given("state", name, of: tensor, own, values, count))
  }
}

@c @implementation
public func ravine_set_input(
  _ optimizer: ravine_optimizer, _ tensor: Int, _ name: UnsafePointer<CChar>?,
  _ values: UnsafePointer<Double>?, _ count: Int
) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    let name = try Crossing.text(name, "name")
    let own = held.optimizer.inputCount(name, of: tensor)
    try held.optimizer.setInput(
      name, of: tensor, given("input", name, of: tensor, own, values, count))
  }
}

@c @implementation
public func ravine_view(
  _ optimizer: ravine_optimizer, _ tensor: Int, _ name: UnsafePointer<CChar>?,
  _ values: UnsafeMutablePointer<Double>?, _ count: Int
) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    let name = try Crossing.text(name, "name")
    guard held.optimizer.parameters.indices.contains(tensor) else {
      throw Outcome.Misuse("there is no tensor \(tensor)")
    }
    guard held.optimizer.viewNames.contains(name) else {
      throw Outcome.Misuse("`\(held.optimizer.rule.label)` has no view `\(name)`")
    }
    guard held.optimizer.stepCount > 0 else {
      throw Outcome.Misuse("a view is there after the first step")
    }
    try HostNumbers.write(
      held.optimizer.view(name, of: tensor), to: values, count, "the view `\(name)`")
  }
}

@c @implementation
public func ravine_step_count(
  _ optimizer: ravine_optimizer, _ steps: UnsafeMutablePointer<Int64>?
) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    guard let steps else { throw Outcome.Misuse.null("steps") }
    steps.pointee = Int64(held.optimizer.stepCount)
  }
}

@c @implementation
public func ravine_set_horizon(_ optimizer: ravine_optimizer, _ steps: Int64) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    guard steps >= 0 else { throw Outcome.Misuse("`steps` is \(steps)") }
    held.optimizer.horizon = Int(steps)
  }
}

// MARK: Checkpoints

@c @implementation
public func ravine_save(
  _ optimizer: ravine_optimizer, _ path: UnsafePointer<CChar>?,
  _ parameters: UnsafePointer<UnsafeRawPointer?>?, _ count: Int
) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    let path = try Crossing.text(path, "path")
    let pointers = try parameters.map { pointers in
      try pointers.withMemoryRebound(to: UnsafeMutableRawPointer?.self, capacity: count) {
        try held.parameterPointers($0, count).map { UnsafeRawPointer($0) }
      }
    }
    try held.optimizer.save(to: path, parameters: pointers)
  }
}

@c @implementation
public func ravine_load(
  _ optimizer: ravine_optimizer, _ path: UnsafePointer<CChar>?,
  _ parameters: UnsafePointer<UnsafeMutableRawPointer?>?, _ count: Int
) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    let path = try Crossing.text(path, "path")
    let pointers = try parameters.map { try held.parameterPointers($0, count) }
    try held.optimizer.load(from: path, parameters: pointers)
  }
}

@c @implementation
public func ravine_save_bytes(
  _ optimizer: ravine_optimizer, _ bytes: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
  _ length: UnsafeMutablePointer<Int>?
) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    guard let bytes else { throw Outcome.Misuse.null("bytes") }
    guard let length else { throw Outcome.Misuse.null("length") }
    bytes.pointee = nil
    length.pointee = 0
    let made = try held.optimizer.checkpoint()
    let copy = UnsafeMutableRawPointer(ravine_allocate(made.count)!)
    made.withUnsafeBytes { copy.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    bytes.pointee = copy
    length.pointee = made.count
  }
}

@c @implementation
public func ravine_load_bytes(
  _ optimizer: ravine_optimizer, _ bytes: UnsafeRawPointer?, _ length: Int
) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    guard let bytes else { throw Outcome.Misuse.null("bytes") }
    guard length >= 0 else { throw Outcome.Misuse("`length` is too large") }
    try held.optimizer.load(Array(UnsafeRawBufferPointer(start: bytes, count: length)))
  }
}

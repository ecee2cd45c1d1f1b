import CInterface
import CRavine
import Measuring
import Ravine

/// A step of 64 elements as hosts call it: by the façade of Swift, and by the interface of C.
enum HostBench {
  static func rows() throws -> [Row] {
    let weights = UnsafeMutablePointer<Float>.allocate(capacity: 128)
    weights.initialize(repeating: 0.5, count: 128)
    defer { weights.deallocate() }
    let memory = UnsafeMutableRawPointer(weights)
    let slopes = UnsafeRawPointer(weights + 64)

    let optimizer = try Rule.zoo("Lion").bind(to: [ParameterSpec(name: "w", dims: [64])])
    try optimizer.initialise(parameters: [memory])
    try optimizer.bind(parameters: [memory], gradients: [slopes])

    var rule: ravine_rule = 0
    var held: ravine_optimizer = 0
    var parameter: UnsafeMutableRawPointer? = memory
    var gradient: UnsafeRawPointer? = slopes
    let length: [Int64] = [64]
    let made = length.withUnsafeBufferPointer { length in
      "w".withCString { name in
        var tensor = ravine_tensor(name: name, shape: length.baseAddress, rank: 1)
        var options = ravine_options()
        options.size = MemoryLayout<ravine_options>.size
        options.engine = Int32(RAVINE_INTERPRETER)
        return ravine_rule_from_zoo("Lion", &rule)
          | ravine_optimizer_new(rule, &tensor, 1, &options, &held)
          | ravine_initialise(held, &parameter, 1)
      }
    }
    precondition(made == 0, String(cString: ravine_error()))
    defer {
      _ = ravine_optimizer_free(held)
      _ = ravine_rule_free(rule)
    }
    // In turn, so that both meet the same machine.
    var swift = Double.infinity
    var c = Double.infinity
    for _ in 0..<10 {
      swift = min(swift, try Clock.best(rounds: 10, repeats: 2_000) { try optimizer.step() })
      c = min(
        c,
        Clock.best(rounds: 10, repeats: 2_000) {
          _ = ravine_step(held, &parameter, &gradient, 1, 0)
        })
    }
    return [
      Row(
        name: "Lion, 64 elements, in Swift", measured: "\(text(swift * 1e6)) µs per step",
        bar: "≤ 0.3 µs", passes: swift <= 0.3e-6),
      Row(
        name: "Lion, 64 elements, in C",
        measured: "\(text((c - swift) * 1e6)) µs more than in Swift", bar: "≤ 0.05 µs",
        passes: c - swift <= 0.05e-6),
    ]
  }
}

import Driver
import Measuring
import Runtime

/// The network of the digits example with AdamW, on memory of its own.
struct BenchNetwork {
  let objective: ObjectiveRunner
  let optimizer: Optimizer

  init(_ compiler: Compiler) throws {
    for diagnostic in compiler.add(name: "network.opt", bytes: Array(Self.source.utf8)) {
      print(diagnostic.code, diagnostic.message)
    }
    let module = try compiler.objective("mlp")
    objective = try ObjectiveRunner(module, batch: 64, features: 64, needsMetrics: false)
    optimizer = try Optimizer(compiler.rule("AdamW"), parameters: objective.parameters)
    let initial = try objective.initialParameters()
    let parameters = initial.map { values in allocate(values.count) { Float(values[$0]) } }
    let gradients = initial.map { values in allocate(values.count) { _ in 0 } }
    let x = allocate(64 * 64) { Float($0 * 7919 % 17) / 16 }
    let y = allocate(64) { Float($0 * 31 % 10) }
    objective.bind(
      parameters: parameters.map { UnsafeRawPointer($0) },
      gradients: gradients.map { UnsafeMutableRawPointer($0) },
      inputs: [UnsafeRawPointer(x), UnsafeRawPointer(y)])
    optimizer.bind(
      parameters: parameters.map { UnsafeMutableRawPointer($0) },
      gradients: gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
  }

  /// One training step; returns the loss before it.
  func step() throws -> Double {
    let loss = try objective.evaluate()
    try optimizer.step(loss: loss)
    return loss
  }

  private static let source = """
    objective mlp(hidden = 32; x, y) {
        param W1: matrix(64, hidden) = normal() * sqrt(2 / 64)
        param b1: vector(hidden) = 0
        param W2: matrix(hidden, 10) = normal() * sqrt(1 / hidden)
        param b2: vector(10) = 0
        h = relu(x @ W1 + b1)
        logits = h @ W2 + b2
        loss = cross_entropy(logits, y)
        metric accuracy = mean(argmax(logits) == y)
    }
    """
}

import Diagnostics
import IR
import Testing

@testable import Runtime

/// `guard finite`: a step with a gradient that is not finite changes nothing, and is counted.
@Suite struct FiniteGuardTests {
  static let source = """
    rule Averaged(lr = 0.1) {
        guard finite
        state m, n = 1
        m' = 0.9 * m + 0.1 * g
        n' = n * 0.5
        w' = w - lr * m'
    }
    rule Normed(lr = 0.1) {
        guard finite
        state m
        m' = 0.9 * m + g / max(1, norm(g))
        w' = w - lr * m'
    }
    rule NormedTogether(lr = 0.1) {
        guard finite
        state m
        m' = 0.9 * m + g / max(1, global norm(g))
        w' = w - lr * m'
    }
    """
  static let lengths = [1, 127, 128, 129, 256, 257, 700]

  final class Run {
    let optimizer: Optimizer
    let host: HostTensors

    init(_ name: String, threads: Int, _ element: ElementType = .float32) throws {
      let specs = FiniteGuardTests.lengths.enumerated().map {
        ParameterSpec(name: "w\($0)", dims: [$1])
      }
      optimizer = try Optimizer(
        OptimizerTests.rule(FiniteGuardTests.source, name), parameters: specs,
        engine: .interpreter, elementType: element, seed: 0, horizon: 0, threads: threads,
        cutting: ThreadTests.fine)
      host = HostTensors(specs, element)
      optimizer.bind(
        parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
      try optimizer.initialise()
    }

    var everything: [[Double]] {
      host.specs.indices.flatMap { k in
        [host.get(host.parameters[k], host.specs[k].count).values]
          + optimizer.stateNames(of: k).map { optimizer.state($0, of: k)! }
      }
    }

    func step(_ number: Int, bad: (tensor: Int, position: Int, value: Double)? = nil) throws {
      host.setGradients(step: number)
      if let bad {
        var values = host.get(host.gradients[bad.tensor], host.specs[bad.tensor].count).values
        values[bad.position] = bad.value
        host.set(host.gradients[bad.tensor], values)
      }
      try optimizer.step()
    }
  }

  @Test(arguments: ["Averaged", "Normed", "NormedTogether"], [1, 3])
  func aBadGradientChangesNothing(_ name: String, _ threads: Int) throws {
    let (guarded, plain) = (try Run(name, threads: threads), try Run(name, threads: threads))
    #expect(guarded.optimizer.bound.hasWitness == (name != "Averaged"))
    try guarded.step(1)
    try plain.step(1)
    let before = guarded.everything
    var skipped = 0
    for (tensor, length) in Self.lengths.enumerated() {
      for position in Set([0, length / 2, length - 1, min(127, length - 1)]) {
        for value in [Double.nan, .infinity, -.infinity] {
          try guarded.step(2, bad: (tensor, position, value))
          skipped += 1
        }
      }
    }
    #expect(guarded.everything == before)
    #expect(guarded.optimizer.skippedSteps == skipped)
    #expect(guarded.optimizer.stepCount == 1)
    // What follows is as if they had never been.
    try guarded.step(2)
    try plain.step(2)
    #expect(guarded.everything == plain.everything)
    #expect(plain.everything != before)
    #expect(plain.optimizer.skippedSteps == 0)
  }

  /// A sum that overflows is no reason to skip: every entry is finite.
  @Test(arguments: ["Averaged", "Normed", "NormedTogether"])
  func anOverflowingSumIsNoReason(_ name: String) throws {
    let run = try Run(name, threads: 1)
    try run.step(1, bad: (6, 3, 3e38))
    try run.step(2, bad: (5, 0, -2e38))
    #expect(run.optimizer.stepCount == 2)
    #expect(run.optimizer.skippedSteps == 0)
  }
}

import AllocationCount
import Diagnostics
import Driver
import IR
import Lowering
import Semantics
import Syntax
import Testing

@testable import Runtime

@Suite struct ObjectiveRunnerTests {
  static let network = """
    objective net(hidden = 7; x, y) {
        param W1: matrix(features, hidden) = normal() * sqrt(2 / features)
        param b1: vector(hidden) = 0.1
        param W2: matrix(hidden, 3) = normal() * sqrt(1 / hidden)
        param b2: vector(3) = 0
        h = tanh(x @ W1 + b1)
        logits = h @ W2 + b2
        loss = cross_entropy(logits, y) + 0.01 * sum(W1^2)
        metric accuracy = mean(argmax(logits) == y)
    }
    minimize net with SGD for 1 steps
    """

  static func module(_ source: String) throws -> ObjectiveModule {
    let compiler = Compiler()
    let errors = compiler.add(name: "test.opt", bytes: Array(source.utf8))
    #expect(errors.filter { $0.severity == .error }.map(\.message) == [])
    guard let command = compiler.commands.first, case .minimize(let statement) = command.kind else {
      throw DiagnosticError(Diagnostic(.nothingToDo, "no command", at: .none))
    }
    return try Lowering.objective(
      statement.objective, in: command.tree, of: compiler.program)
  }

  struct Answer {
    var loss: Double
    var accuracy: Double
    var gradients: [Dense]
  }

  static func evaluate(
    _ module: ObjectiveModule, _ engine: EngineKind, _ element: ElementType
  ) throws -> Answer {
    let (batch, features) = (13, 5)
    let runner = try ObjectiveRunner(
      module, batch: batch, features: features, engine: engine, elementType: element, seed: 3)
    let host = HostTensors(runner.parameters, element)
    for (k, values) in try runner.initialParameters().enumerated() {
      host.set(host.parameters[k], values)
    }
    let data = HostTensors(
      [
        ParameterSpec(name: "x", dims: [batch, features]), ParameterSpec(name: "y", dims: [batch]),
      ],
      element)
    data.set(data.parameters[1], (0..<batch).map { Double($0 % 3) })
    runner.bind(
      parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients,
      inputs: data.parameters.map { UnsafeRawPointer($0) })
    let loss = try runner.evaluate()
    return Answer(
      loss: loss, accuracy: runner.metric("accuracy"),
      gradients: runner.parameters.indices.map {
        host.get(host.gradients[$0], runner.parameters[$0].count)
      })
  }

  @Test func bothEnginesGiveTheSameLossAndGradients() throws {
    let module = try Self.module(Self.network)
    let expected = try Self.evaluate(module, .reference, .float64)
    #expect(expected.loss > 0.5 && expected.loss < 5)
    for (element, tolerance) in [(ElementType.float64, 1e-13), (.float32, 1e-6)] {
      let got = try Self.evaluate(module, .interpreter, element)
      #expect(abs(got.loss - expected.loss) <= tolerance * 10)
      #expect(abs(got.accuracy - expected.accuracy) <= 1e-7)
      for (x, y) in zip(got.gradients, expected.gradients) {
        #expect(difference(x, y) <= tolerance)
        #expect(y.values.contains { abs($0) > 1e-3 })
      }
    }
  }

  /// The walk of gradient descent down a narrow valley, against the same steps by hand.
  @Test func numbersOfAVectorAndItsGradient() throws {
    let module = try Self.module(
      """
      objective rosenbrock(x: vector(2) = [-1.2, 1]) = 100 * (x[1] - x[0]^2)^2 + (1 - x[0])^2
      minimize rosenbrock with SGD for 1 steps
      """)
    for engine in EngineKind.allCases {
      let runner = try ObjectiveRunner(module, engine: engine, elementType: .float64)
      let optimizer = try Optimizer(
        Compiler().rule("SGD(lr = 1e-3)"), parameters: runner.parameters, engine: engine,
        elementType: .float64)
      let host = HostTensors(runner.parameters, .float64)
      host.set(host.parameters[0], try runner.initialParameters()[0])
      runner.bind(
        parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients)
      optimizer.bind(
        parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
      try optimizer.initialise()
      var (a, b) = (-1.2, 1.0)
      for _ in 0..<20 {
        let loss = try runner.evaluate()
        #expect(abs(loss - (100 * (b - a * a) * (b - a * a) + (1 - a) * (1 - a))) < 1e-10)
        try optimizer.step(loss: loss)
        let slope = -400 * a * (b - a * a) - 2 * (1 - a)
        (a, b) = (a - 1e-3 * slope, b - 1e-3 * 200 * (b - a * a))
        let w = host.get(host.parameters[0], 2).values
        #expect(abs(w[0] - a) < 1e-12 && abs(w[1] - b) < 1e-12)
      }
    }
  }

  /// A sum that is the gradient of one entry is there before it is put among the others: also in the first evaluation, and
  /// at each point the gradient is that of the point.
  @Test(
    arguments: [
      "20 * mean((w[0] + w[1] * iota(n) / n - 1)^2)",
      "sum((w[1:] * w[0] - 1)^2)",
      "sum(exp(-w[0] * iota(n) / n)) + w[1] * sum(w^2)",
      "sum([sum(w * iota(4)), mean(w^2)]^2)",
      "max(w * w[2]) * sum(sqrt(1 + w[3] * iota(n)^2 + w[3]^2))",
    ], [EngineKind.interpreter, .native])
  func sumsThatAreEntriesOfAGradient(_ loss: String, _ engine: EngineKind) throws {
    let module = try Self.module(
      """
      objective f(n = 20, w: vector(4) = 1) = \(loss.contains("n)") ? loss : loss + " + 0 * n")
      minimize f with SGD for 1 steps
      """)
    let runners = try [EngineKind.reference, engine].map {
      try ObjectiveRunner(
        module, engine: $0, elementType: .float64, compiler: NativeTesting.compiler)
    }
    let hosts = runners.map { HostTensors($0.parameters, .float64) }
    var compared = 0
    for point in [[0.5, 1, 2, 3], [0.25, -1, 1, 0.5], [1e3, 1e4, 1e5, 1e6], [0.5, 1, 2, 3]] {
      var found: [[Double]] = []
      for (runner, host) in zip(runners, hosts) {
        host.set(host.parameters[0], point)
        runner.bind(
          parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients)
        found.append([try runner.evaluate()] + host.get(host.gradients[0], 4).values)
      }
      for (x, y) in zip(found[0], found[1]) {
        #expect(abs(x - y) <= 1e-12 * abs(x), "\(point): \(y), not \(x)")
        compared += 1
      }
    }
    #expect(compared == 20)
  }

  /// Without its gradient the loss is the same to the bit, also where sums are cut into chunks, and what
  /// the gradient alone needs is not computed.
  @Test(arguments: [EngineKind.reference, .interpreter, .native], ElementType.allCases)
  func theLossWithoutItsGradient(_ engine: EngineKind, _ element: ElementType) throws {
    let module = try Self.module(Self.network)
    let (batch, features) = (900, 40)
    let runner = try ObjectiveRunner(
      module, batch: batch, features: features, engine: engine, elementType: element, seed: 3,
      compiler: NativeTesting.isPossible ? NativeTesting.compiler : nil)
    #expect(!runner.bound.hasShortSums)
    if let plan = runner.bound.program?.plan {
      let loss = try #require(plan.scalarOutputs.first { $0.target == .loss }).register
      #expect(plan.stepsUntilKnown([loss]) < plan.steps.count)
      // A number that no step of numbers writes may be known at the end alone.
      #expect(plan.stepsUntilKnown([loss, -1]) == plan.steps.count)
    }
    let host = HostTensors(runner.parameters, element)
    for (k, values) in try runner.initialParameters().enumerated() {
      for (i, x) in values.enumerated() { element.write(x, to: host.parameters[k], i) }
    }
    let data = HostTensors(
      [
        ParameterSpec(name: "x", dims: [batch, features]), ParameterSpec(name: "y", dims: [batch]),
      ],
      element.compute)
    data.set(data.parameters[1], (0..<batch).map { Double($0 % 3) })
    runner.bind(
      parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients,
      inputs: data.parameters.map { UnsafeRawPointer($0) })
    for pointer in host.gradients { element.write(7, to: pointer, 0) }
    let loss = try runner.evaluate(needsGradient: false)
    let accuracy = runner.metric("accuracy")
    #expect(host.gradients.contains { element.read($0, 0) == 7 })
    #expect(try runner.evaluate() == loss)
    #expect(loss > 0.5 && loss < 50)
    #expect(runner.metric("accuracy") == accuracy && accuracy > 0)
    #expect(host.gradients.allSatisfy { element.read($0, 0) != 7 })
  }

  @Test func lossAtOtherPointsLeavesTheBindingAlone() throws {
    let module = try Self.module(
      """
      objective bowl(p: vector(3) = [1, 2, 3], q: scalar = 2) = sum(p^2) + q^2
      minimize bowl with SGD for 1 steps
      """)
    let runner = try ObjectiveRunner(module)
    let host = HostTensors(runner.parameters, .float32)
    host.set(host.parameters[0], [1, 2, 3])
    host.set(host.parameters[1], [2])
    let other = HostTensors(runner.parameters, .float32)
    other.set(other.parameters[0], [0, 1, 0])
    other.set(other.parameters[1], [3])
    runner.bind(
      parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients)
    #expect(try runner.evaluate() == 18)
    let points = other.parameters.map { UnsafeRawPointer($0) }
    #expect(try runner.loss(at: points, gradients: other.gradients) == 10)
    #expect(other.get(other.gradients[0], 3).values == [0, 2, 0])
    #expect(other.get(other.gradients[1], 1).values == [6])
    #expect(try runner.loss(at: points, gradients: nil) == 10)
    #expect(host.get(host.gradients[0], 3).values == [2, 4, 6])
    #expect(try runner.evaluate() == 18)
  }

  @Test func anEvaluationAllocatesNothing() throws {
    let runner = try ObjectiveRunner(Self.module(Self.network), batch: 8, features: 4)
    let host = HostTensors(runner.parameters, .float32)
    let data = HostTensors(
      [ParameterSpec(name: "x", dims: [8, 4]), ParameterSpec(name: "y", dims: [8])], .float32)
    data.set(data.parameters[1], [0, 1, 2, 0, 1, 2, 0, 1])
    runner.bind(
      parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients,
      inputs: data.parameters.map { UnsafeRawPointer($0) })
    for _ in 0..<3 { _ = try runner.evaluate() }
    let before = rv_allocation_count()
    for _ in 0..<1_000 { _ = try runner.evaluate() }
    #expect(rv_allocation_count() == before)
  }

  @Test func aClassThatDoesNotExist() throws {
    let runner = try ObjectiveRunner(Self.module(Self.network), batch: 2, features: 2)
    let host = HostTensors(runner.parameters, .float32)
    let data = HostTensors(
      [ParameterSpec(name: "x", dims: [2, 2]), ParameterSpec(name: "y", dims: [2])], .float32)
    data.set(data.parameters[1], [0, 3])
    runner.bind(
      parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients,
      inputs: data.parameters.map { UnsafeRawPointer($0) })
    #expect(OptimizerTests.code { _ = try runner.evaluate() } == 904)
  }
}

import Diagnostics
import IR
import Testing

@testable import Runtime

/// What an objective makes of constants is worked out once, and its values stay what they are.
@Suite struct ObjectiveConstantsTests {
  static let drifting = """
    objective drifting(n = 40, k = 3, drift = 0.1 * t) {
        param x: vector(n) = 0.5
        h = exp(-iota(n) / k)
        past = sum(log(1 + h))
        loss = if training then sum(h * (x - drift * h)^2) / sum(h) else past * sum(h * x^2)
    }
    minimize drifting with SGD for 1 steps
    """

  static func operations(_ plan: some StringProtocol) -> [String] {
    ["exp", "log"].filter { plan.contains("= \($0) ") }
  }

  @Test func theyAreInNoPassOfAStep() throws {
    let module = try ObjectiveRunnerTests.module(Self.drifting)
    let plan = try BoundObjective(module).dumpPlan()
    let cut = try #require(plan.range(of: "# each time\n"))
    #expect(Self.operations(plan[..<cut.lowerBound]) == ["exp", "log"])
    #expect(Self.operations(plan[cut.upperBound...]) == [])
    // What follows the step is none of them.
    let moving = try ObjectiveRunnerTests.module(
      """
      objective moving(n = 40, k = 3 + t) {
          param x: vector(n) = 0.5
          loss = sum(exp(-iota(n) / k) * x^2)
      }
      minimize moving with SGD for 1 steps
      """)
    let each = try BoundObjective(moving).dumpPlan()
    let start = each.range(of: "# each time\n")?.upperBound ?? each.startIndex
    #expect(Self.operations(each[start...]) == ["exp"])
  }

  @Test(arguments: ElementType.allCases)
  func valuesAreThoseOfTheReference(_ element: ElementType) throws {
    let module = try ObjectiveRunnerTests.module(Self.drifting)
    var compared = 0
    for isHeld in [true, false] {
      let runners = try [EngineKind.reference, .interpreter].map {
        try ObjectiveRunner(
          module, hypers: isHeld ? [40, 3, 0.25, 1] : nil, engine: $0, elementType: element)
      }
      #expect(runners[1].bound.constants != nil)
      let hosts = runners.map { HostTensors($0.parameters, element) }
      for (step, isTraining) in [(1, true), (1, false), (5, true), (6, false), (7, true)] {
        let occasion = Occasion(step: step, horizon: 9, isTraining: isTraining)
        var losses: [Double] = []
        var gradients: [[Double]] = []
        for (runner, host) in zip(runners, hosts) {
          for i in 0..<40 { element.write(Double(i % 7) / 4, to: host.parameters[0], i) }
          if step == 5 {
            // Bound anew, they are still there.
            runner.bind(parameters: [UnsafeRawPointer(host.gradients[0])])
          }
          runner.bind(
            parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients)
          losses.append(try runner.evaluate(occasion))
          let other = try runner.loss(
            at: host.parameters.map { UnsafeRawPointer($0) }, gradients: nil, occasion)
          #expect(other == losses.last)
          gradients.append((0..<40).map { element.read(host.gradients[0], $0) })
        }
        let tolerance = element == .float64 ? 1e-13 : 1e-5
        #expect(abs(losses[0] - losses[1]) <= tolerance * abs(losses[0]))
        for (x, y) in zip(gradients[0], gradients[1]) {
          #expect(abs(x - y) <= (element.byteCount == 2 ? 0.01 : tolerance) * abs(x) + tolerance)
          compared += 1
        }
      }
    }
    #expect(compared == 400)
  }

  /// A number is handed on as it is computed, not as the objective's type would have it.
  @Test(arguments: [ElementType.float32, .bfloat16])
  func numbersAreNotRounded(_ element: ElementType) throws {
    let module = try ObjectiveRunnerTests.module(
      """
      objective f(x: vector(2) = 1) {
          large = sum(2e38 * (1 + 0.1 * sin(iota(4))))
          near = sum(sqrt(iota(9))) - 16.306
          loss = large * x[0] / 1e39 + near * x[1] * 1e6
      }
      minimize f with SGD for 1 steps
      """)
    let runner = try ObjectiveRunner(module, elementType: element)
    #expect(runner.bound.constants != nil)
    let host = HostTensors(runner.parameters, element)
    func loss(_ x: Double, _ y: Double) throws -> Double {
      element.write(x, to: host.parameters[0], 0)
      element.write(y, to: host.parameters[0], 1)
      runner.bind(
        parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients)
      return try runner.evaluate()
    }
    // Terms of float32 are summed in double.
    let sum = (0..<9).reduce(0.0) { $0 + Double(Float($1).squareRoot()) }
    #expect(abs(try loss(0, 1) - (sum - 16.306) * 1e6) < 1e-6)
    #expect(abs(try loss(1, 0) - 0.8378) < 1e-3)
  }

  @Test func numbersOfAStepAreNotRounded() throws {
    let module = try ObjectiveRunnerTests.module(
      """
      objective f(x: vector(2) = 1) {
          large = sum(2e38 * (1 + 0.1 * normal(vector(4))^2))
          loss = large / 1e39 * sum(x)
      }
      minimize f with SGD for 1 steps
      """)
    let bound = try BoundObjective(module)
    let staged = try #require(try bound.staged())
    // A double lies where two floats would.
    #expect(staged.counts == [2])
    let host = HostTensors(bound.parameters, .float32)
    let number = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
    defer { number.deallocate() }
    let parameters = host.parameters.map { UnsafeRawPointer($0) }
    let plain = ObjectiveRunner(bound, seed: 3)
    plain.bind(parameters: parameters, gradients: host.gradients)
    let step = ObjectiveRunner(staged.step, seed: 3)
    step.bind(parameters: [], gradients: [number])
    let whole = ObjectiveRunner(staged.whole, seed: 3)
    whole.bind(
      parameters: parameters, gradients: host.gradients, inputs: [UnsafeRawPointer(number)])
    var losses: [Double] = []
    for t in 1...4 {
      let occasion = Occasion(step: t, horizon: 4)
      _ = try step.evaluate(occasion)
      losses.append(try whole.evaluate(occasion))
      #expect(try plain.evaluate(occasion) == losses.last)
    }
    #expect(Set(losses).count == 4 && losses.allSatisfy(\.isFinite))
  }

  /// An arm that no step takes is not worked out, though it is made of constants.
  @Test func whatMayFailWaits() throws {
    let module = try ObjectiveRunnerTests.module(
      """
      objective guarded(n = 3, at = 7, late = 4) {
          param x: vector(n) = 1
          h = exp(-reshape(iota(n), n, 1) - iota(2))
          loss = sum(x^2) + (if t > late then sum(gather(h, full(at, 2))) else 0)
      }
      minimize guarded with SGD for 1 steps
      """)
    let runner = try ObjectiveRunner(module)
    #expect(runner.bound.constants?.counts == [6])
    let host = HostTensors(runner.parameters, .float32)
    host.set(host.parameters[0], [1, 2, 3])
    runner.bind(
      parameters: host.parameters.map { UnsafeRawPointer($0) }, gradients: host.gradients)
    for step in 1...4 { #expect(try runner.evaluate(Occasion(step: step)) == 14) }
    #expect(throws: DiagnosticError.self) { try runner.evaluate(Occasion(step: 5)) }
  }

  /// They take memory while they are worked out, of which what is kept says nothing.
  @Test func theirMemoryIsCounted() throws {
    let module = try ObjectiveRunnerTests.module(
      """
      objective big(n = 2e6) {
          param x: vector(3) = 1
          a = exp(-reshape(iota(n), n, 1) / n) * iota(n)
          loss = sum(x^2) * mean(a @ a)
      }
      minimize big with SGD for 1 steps
      """)
    do {
      _ = try BoundObjective(module)
      Issue.record("it is bound")
    } catch {
      #expect(error.diagnostics.map(\.code.number) == [813])
    }
  }

  /// Runners of one objective, on several threads, share them.
  @Test func runnersShareThem() throws {
    let bound = try BoundObjective(ObjectiveRunnerTests.module(Self.drifting))
    let constants = try #require(bound.constants)
    let places = UnsafeMutableBufferPointer<UnsafeRawPointer?>.allocate(capacity: 8)
    defer { places.deallocate() }
    nonisolated(unsafe) let found = places
    Threads.run(8, on: 4) { item, _ in
      found.initializeElement(at: item, to: (try? constants.pointers())?.first)
    }
    let first = try constants.pointers().first
    #expect(first != nil && places.allSatisfy { $0 == first })
  }
}

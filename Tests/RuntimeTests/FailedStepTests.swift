import Diagnostics
import Driver
import IR
import Runtime
import Testing

/// A step that has no answer leaves weights and states as they were, and says where it happened.
@Suite struct FailedStepTests {
  /// The second step has a matrix of zeros, and equations before and after the one that fails.
  static let rules: [(text: String, code: Int)] = [
    (
      """
      rule Fails(lr = 0.1) {
          state m, s: scalar
          m' = m + g
          s' = s + 1
          x = solve(g @ g.T, g)
          w' = w - lr * (m' + x)
      }
      """, 901
    ),
    (
      """
      rule Fails(lr = 0.1) {
          state m, s: scalar
          m' = ema(m, g, 0.9)
          s' = s + sum(g)
          w' = w - lr * m' * topk_mask(abs(g), norm(g) / (norm(g) + 1))
      }
      """, 908
    ),
    (
      """
      rule Fails(lr = 0.1) {
          state m, s: scalar
          m' = m + cholesky(g @ g.T) @ g
          s' = s + 1
          w' = w - lr * m'
      }
      """, 902
    ),
  ]

  @Test(arguments: rules.indices, [EngineKind.reference, .interpreter])
  func nothingIsHalfDone(_ index: Int, _ engine: EngineKind) throws {
    let rule = Self.rules[index]
    let compiler = Compiler()
    let found = compiler.add(name: "test.opt", bytes: Array(rule.text.utf8))
    #expect(found.filter { $0.severity == .error }.isEmpty)
    let specs = ["first", "second"].map { ParameterSpec(name: $0, dims: [2, 2]) }
    let optimizer = try Optimizer(
      compiler.rule("Fails"), parameters: specs, engine: engine, elementType: .float64)
    let host = HostTensors(specs, .float64)
    optimizer.bind(
      parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    for pointer in host.gradients { host.set(pointer, [2, 1, 0.5, 3]) }
    try optimizer.step()
    func numbers() -> [[Double]] {
      specs.indices.flatMap { k in
        [host.get(host.parameters[k], 4).values]
          + optimizer.stateNames(of: k).map { optimizer.state($0, of: k) ?? [] }
      }
    }
    let before = numbers()
    // The first tensor could make its step.
    host.set(host.gradients[1], [0, 0, 0, 0])
    do throws(DiagnosticError) {
      try optimizer.step()
      Issue.record("the step has an answer")
    } catch {
      let said = try #require(error.diagnostics.first)
      #expect(said.code.number == rule.code)
      #expect(said.notes.contains { $0.message.contains("`Fails`, step 2") })
      if engine == .interpreter {
        #expect(said.notes.contains { $0.message.contains("tensor `second`") })
      }
    }
    #expect(numbers() == before)
    #expect(optimizer.stepCount == 1)
    // And goes on from there.
    host.set(host.gradients[1], [2, 1, 0.5, 3])
    try optimizer.step()
    #expect(optimizer.stepCount == 2)
    #expect(numbers() != before)
  }

  @Test func aShareThatIsKnownIsRefusedWhenBound() throws {
    for (share, isGood) in [
      ("0", false), ("-0.5", false), ("1.5", false), ("1", true), ("0.5", true),
    ] {
      let compiler = Compiler()
      let text =
        "rule R(lr = 0.1, share = \(share)) { w' = w - lr * g * topk_mask(abs(g), share) }\n"
      _ = compiler.add(name: "test.opt", bytes: Array(text.utf8))
      let rule = try compiler.rule("R")
      let specs = [ParameterSpec(name: "w", dims: [4])]
      let outcome = Result { try Optimizer(rule, parameters: specs) }
      switch outcome {
      case .success: #expect(isGood, "\(share)")
      case .failure(let error):
        #expect(!isGood)
        #expect((error as? DiagnosticError)?.diagnostics.first?.code.number == 908)
      }
    }
  }

  @Test func anInputThatNobodyGivesIsTold() throws {
    let optimizer = try Optimizer(
      Compiler().rule("AdaHessian"), parameters: [ParameterSpec(name: "w", dims: [2])],
      elementType: .float64)
    let host = HostTensors(optimizer.parameters, .float64)
    optimizer.bind(
      parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    do throws(DiagnosticError) {
      try optimizer.step()
      Issue.record("the input was not needed")
    } catch {
      #expect(error.diagnostics.first?.code.number == 825)
    }
    try optimizer.setInput("hessian_diagonal", of: 0, [1, 1])
    try optimizer.step()
    #expect(optimizer.stepCount == 1)
  }
}

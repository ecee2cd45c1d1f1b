import AllocationCount
import Diagnostics
import Driver
import IR
import Testing

@testable import Runtime

@Suite struct OptimizerTests {
  static func rule(_ source: String, _ name: String) throws -> Rule {
    let compiler = Compiler()
    let errors = compiler.add(name: "test.opt", bytes: Array(source.utf8)).filter {
      $0.severity == .error
    }
    #expect(errors.isEmpty, "\(errors.map(\.message))")
    return try compiler.rule(name)
  }

  static func code(_ body: () throws -> Void) -> Int? {
    do {
      try body()
      return nil
    } catch let error as DiagnosticError {
      return error.diagnostics.first?.code.number
    } catch { return -1 }
  }

  /// First values that are a constant or the parameter are what evaluating them gives, on large tensors
  /// too, whose states lie elsewhere than small ones; and again after steps.
  @Test(arguments: ElementType.computed)
  func firstValues(_ element: ElementType) throws {
    let source = """
      rule Starts(lr = 0.1) {
          state a = 0.1, z = w, s: scalar = 0.3, r = 2 * w, m
          a' = a + g   z' = z + a   s' = s + 1   r' = r - s   m' = m + r + z
          w' = w - lr * m'
      }
      """
    for count in [5, 600_000] {
      let optimizer = try Optimizer(
        Self.rule(source, "Starts"), parameters: [ParameterSpec(name: "w", dims: [count])],
        elementType: element, threads: 1)
      let host = HostTensors(optimizer.parameters, element)
      let w = (0..<count).map { Double($0 % 7) - 2.5 }
      let tenth = element == .float32 ? Double(Float(0.1)) : 0.1
      for _ in 0..<2 {
        host.set(host.parameters[0], w)
        host.set(host.gradients[0], w)
        optimizer.bind(
          parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
        try optimizer.initialise()
        #expect(optimizer.state("a", of: 0)?.allSatisfy { $0 == tenth } == true)
        #expect(optimizer.state("z", of: 0) == w)
        #expect(optimizer.state("s", of: 0) == [0.3])
        #expect(optimizer.state("r", of: 0) == w.map { 2 * $0 })
        #expect(optimizer.state("m", of: 0)?.allSatisfy { $0 == 0 } == true)
        try optimizer.step()
      }
    }
  }

  // MARK: Known numbers

  @Test func lionByHand() throws {
    let optimizer = try Optimizer(
      Compiler().rule("Lion(lr = 0.1, β1 = 0.5, β2 = 0.25, λ = 0.5)"),
      parameters: [ParameterSpec(name: "w", dims: [2])], elementType: .float64)
    let host = HostTensors(optimizer.parameters, .float64)
    host.set(host.parameters[0], [1, -2])
    host.set(host.gradients[0], [4, -8])
    optimizer.bind(
      parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    try optimizer.step()
    // update = sign(0.5 g) = (1, -1); w - 0.1 (update + 0.5 w); m' = 0.75 g.
    #expect(
      difference(host.get(host.parameters[0], 2), Dense(shape: [2], values: [0.85, -1.8])) < 1e-15)
    #expect(optimizer.state("m", of: 0) == [3, -6])
    host.set(host.gradients[0], [-12, 1])
    try optimizer.step()
    // 0.5 m + 0.5 g = (-4.5, -2.5): both negative; m' = 0.25 m + 0.75 g.
    #expect(
      difference(
        host.get(host.parameters[0], 2),
        Dense(shape: [2], values: [0.85 - 0.1 * (-1 + 0.425), -1.8 - 0.1 * (-1 - 0.9)])) < 1e-15)
    #expect(optimizer.state("m", of: 0) == [-8.25, -0.75])
    #expect(optimizer.stepCount == 2)
  }

  @Test func adamWByHand() throws {
    let optimizer = try Optimizer(
      Compiler().rule("AdamW(lr = 0.5, β1 = 0.5, β2 = 0.75, ε = 1, λ = 0.1)"),
      parameters: [ParameterSpec(name: "w", dims: [])], elementType: .float64)
    let host = HostTensors(optimizer.parameters, .float64)
    host.set(host.parameters[0], [2])
    host.set(host.gradients[0], [3])
    optimizer.bind(
      parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    try optimizer.step()
    // First step: m/(1-β1) = g and v/(1-β2) = g²: w - 0.5 (3/(3+1) + 0.1·2) = 2 - 0.475.
    #expect(abs(host.get(host.parameters[0], 1).values[0] - 1.525) < 1e-15)
    #expect(optimizer.state("m", of: 0) == [1.5])
    #expect(optimizer.state("v", of: 0) == [2.25])
  }

  // MARK: Routes

  @Test func routesTakeEachTensorOnce() throws {
    let source = """
      rule Two = route {
          rank == 2 and name !~ "embed|head$" -> Lion
          rank < 2 -> SGD
      }
      rule Both = route {
          rank >= 1 -> Lion
          name == "w1" -> SGD
          otherwise -> AdamW
      }
      """
    let two = try Self.rule(source, "Two")
    let optimizer = try Optimizer(
      two,
      parameters: [
        ParameterSpec(name: "layer", dims: [2, 2]), ParameterSpec(name: "b", dims: [3]),
      ])
    #expect(optimizer.variant(of: 0).path.first?.contains("Lion") == true)
    #expect(optimizer.variant(of: 1).path.first?.contains("SGD") == true)
    #expect(optimizer.stateNames(of: 0) == ["m"])
    for name in ["embedding", "head"] {
      #expect(
        Self.code { _ = try Optimizer(two, parameters: [ParameterSpec(name: name, dims: [2, 2])]) }
          == 601)
    }
    let both = try Self.rule(source, "Both")
    #expect(
      Self.code { _ = try Optimizer(both, parameters: [ParameterSpec(name: "w1", dims: [2])]) }
        == 602)
    #expect(
      try Optimizer(both, parameters: [ParameterSpec(name: "x", dims: [])]).variant(of: 0).index
        == 2)
  }

  @Test(arguments: [
    ("abc", "xabcx", true), ("^abc$", "xabc", false), ("a|b", "cb", true),
    ("[a-c]+d", "zzabcd", true),
    ("[^a-c]", "abc", false), ("a.c", "abc", true), ("a\\.c", "abc", false),
    ("(ab)*c$", "ababc", true),
    ("^(ab)+$", "aba", false), ("colou?r", "color", true), ("", "", true), ("^$", "x", false),
    ("[]a]", "]", true), ("x*", "", true),
    ("layer\\d+", "layer12", true), ("layer\\d+", "layerd", false), ("\\D", "12", false),
    ("^\\w+$", "été_2", true), ("^\\w+$", "a.b", false), ("\\s", "a b", true), ("\\S", " ", false),
    ("\\bhead\\b", "lm.head.w", true), ("\\bhead\\b", "lm_head", false), ("\\Bead", "head", true),
    ("^a{2}$", "aa", true), ("^a{2}$", "aaa", false), ("^a{2,}$", "aaaa", true),
    ("^(ab){1,2}$", "ababab", false), ("^(ab){1,2}$", "abab", true), ("^a{,2}$", "aaa", false),
    ("^a{0}$", "", true), ("(?:a|b)c", "xbc", true), ("^a+?$", "aaa", true), ("^.$", "é", true),
    ("[\\d.]+$", "3.14", true), ("^[^\\d]+$", "ab1", false), ("[\\w-]", "-", true),
    ("a]", "a]", true),
    ("\\.weight$", "l.weight", true), ("\\{x", "{x", true), ("^$", "", true), ("a|", "b", true),
  ])
  func patterns(_ pattern: String, _ text: String, _ matches: Bool) throws {
    #expect(try RoutePattern(pattern).matches(text) == matches)
  }

  @Test(arguments: [
    ("(", 0..<1), (")", 0..<1), ("ab[a", 2..<3), ("*a", 0..<1), ("a**", 2..<3), ("a\\", 1..<2),
    ("x[z-a]", 2..<5), ("(()", 0..<1), ("a{2", 1..<3), ("a{3,2}", 1..<6), ("a{x}", 1..<2),
    ("^*", 0..<1), ("(?=a)", 0..<3), ("(a)\\1", 3..<5), ("\\q", 0..<2), ("a\\Z", 1..<3),
    ("a++", 2..<3), ("((a{500}){500})", 0..<15),
  ])
  func badPatterns(_ pattern: String, _ place: Range<Int>) {
    #expect {
      _ = try RoutePattern(pattern)
    } throws: { error in
      (error as? RoutePattern.Problem)?.range == place
    }
    #expect(
      Self.code {
        _ = try TensorPredicate.nameMatches(pattern).holds(for: ParameterSpec(name: "w", dims: []))
      } == 605)
  }

  @Test func aHostilePatternIsLinear() throws {
    let text = String(repeating: "a", count: 20_000)
    #expect(try RoutePattern("(a*)*b").matches(text) == false)
  }

  // MARK: Laziness

  @Test func whatIsNotTakenIsNotComputed() throws {
    let source = """
      rule Rare(k = 3 in [1, inf)) {
          state L: matrix(rows, rows) = eye(rows, rows)
          every k { L' = solve(w @ w.T, eye(rows, rows)) }
          w' = w - g
      }
      """
    let rule = try Self.rule(source, "Rare")
    for engine in EngineKind.allCases {
      let optimizer = try Optimizer(
        rule, parameters: [ParameterSpec(name: "w", dims: [2, 2])], engine: engine,
        elementType: .float64)
      let host = HostTensors(optimizer.parameters, .float64)
      host.set(host.parameters[0], [0, 0, 0, 0])
      host.set(host.gradients[0], [0, 0, 0, 0])
      optimizer.bind(
        parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
      try optimizer.initialise()
      try optimizer.step()
      try optimizer.step()
      #expect(optimizer.state("L", of: 0) == [1, 0, 0, 1])
      #expect(Self.code { try optimizer.step() } == 901)
      #expect(optimizer.stepCount == 2)
    }
  }

  @Test func aPassThatIsNotWantedIsLeftOut() throws {
    let source = """
      rule Slow(k = 4 in [1, inf)) {
          state s = w
          every k { s' = s + w }
          w' = w - g
      }
      """
    let optimizer = try Optimizer(
      Self.rule(source, "Slow"), parameters: [ParameterSpec(name: "w", dims: [64])])
    let plan = optimizer.bound.dumpPlan()
    #expect(plan.contains("unless"))
  }

  // MARK: Tensors together

  @Test func reductionsOverAllTensors() throws {
    let source = """
      rule Clipped(c = 1 in (0, inf)) {
          n = global norm(g)
          w' = w - g * min(1, c / n)
      }
      """
    let rule = try Self.rule(source, "Clipped")
    let specs = [ParameterSpec(name: "a", dims: [2]), ParameterSpec(name: "b", dims: [1, 2])]
    for engine in EngineKind.allCases {
      let optimizer = try Optimizer(rule, parameters: specs, engine: engine, elementType: .float64)
      let host = HostTensors(specs, .float64)
      for k in 0..<2 { host.set(host.parameters[k], [0, 0]) }
      host.set(host.gradients[0], [1, 1])
      host.set(host.gradients[1], [1, 1])
      optimizer.bind(
        parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
      try optimizer.initialise()
      try optimizer.step()
      #expect(host.get(host.parameters[0], 2).values == [-0.5, -0.5])
      #expect(host.get(host.parameters[1], 2).values == [-0.5, -0.5])
    }
  }

  @Test func firstValuesMayBeOfAllTensors() throws {
    let source = """
      rule Distance(lr = 0.1) {
          state d: global = global norm(w)
          state s = w / global max(abs(w))
          d' = max(d, 1)
          s' = s
          w' = w - lr * d * s
      }
      """
    let rule = try Self.rule(source, "Distance")
    let specs = [ParameterSpec(name: "a", dims: [4]), ParameterSpec(name: "b", dims: [5])]
    var compared = 0
    for engine in EngineKind.allCases {
      for element in ElementType.computed {
        let optimizer = try Optimizer(rule, parameters: specs, engine: engine, elementType: element)
        let host = HostTensors(specs, element)
        host.set(host.parameters[0], [1, 1, 1, 1])
        host.set(host.parameters[1], [3, 3, 3, 3, 3])
        optimizer.bind(
          parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
        try optimizer.initialise()
        // 4 · 1² + 5 · 3² = 7².
        for k in 0..<2 { #expect(optimizer.state("d", of: k) == [7], "\(engine) \(element)") }
        #expect(optimizer.state("s", of: 1) == [1, 1, 1, 1, 1])
        #expect(abs((optimizer.state("s", of: 0)?[0] ?? 0) - 1.0 / 3) < 1e-7)
        compared += 1
      }
    }
    #expect(compared > 3)
  }

  /// The objective is half the sum of squares: its gradient at x is x.
  @Test func oraclesSeeAllTensorsAtOnce() throws {
    let source = """
      rule Sharp(lr = 0.1, ρ = 0.5) {
          n = global norm(g)
          h = grad(w + ρ * g / n)
          w' = w - lr * h * (1 + 0 * loss(w - h))
      }
      """
    let rule = try Self.rule(source, "Sharp")
    let specs = [ParameterSpec(name: "a", dims: [3]), ParameterSpec(name: "b", dims: [2, 2])]
    var results: [[Double]] = []
    for engine in EngineKind.allCases {
      for element in ElementType.computed {
        let optimizer = try Optimizer(rule, parameters: specs, engine: engine, elementType: element)
        #expect(optimizer.needsOracle)
        let host = HostTensors(specs, element)
        for k in 0..<2 {
          host.set(host.gradients[k], host.get(host.parameters[k], specs[k].count).values)
        }
        optimizer.bind(
          parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
        try optimizer.initialise()
        #expect(
          Self.code { try optimizer.step() } == 803 || Self.code { try optimizer.step() } == 810)
        var calls = 0
        try optimizer.step(oracle: { points, gradients in
          calls += 1
          var loss = 0.0
          for k in 0..<2 {
            let x = host.get(UnsafeMutableRawPointer(mutating: points[k]), specs[k].count).values
            loss += x.reduce(0) { $0 + $1 * $1 / 2 }
            if let gradients { host.set(gradients[k], x) }
          }
          return loss
        })
        #expect(calls == 2)
        results.append(
          host.get(host.parameters[0], 3).values + host.get(host.parameters[1], 4).values)
      }
    }
    for result in results.dropFirst() {
      for (x, y) in zip(result, results[0]) { #expect(abs(x - y) < 1e-6) }
    }
    let w = filled([3], 1).values
    #expect(abs(results[0][0] - w[0]) > 1e-3)
  }

  // MARK: Hyperparameters, states, draws

  @Test func hyperparametersAndDomains() throws {
    let compiler = Compiler()
    let specs = [ParameterSpec(name: "w", dims: [3])]
    #expect(
      Self.code { _ = try Optimizer(compiler.rule("Lion(β1 = 1 + t)"), parameters: specs) } == 507)
    let optimizer = try Optimizer(compiler.rule("Lion(lr = 1 / t)"), parameters: specs)
    let host = HostTensors(specs, .float32)
    host.setGradients(step: 1)
    optimizer.bind(
      parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    #expect(optimizer.hyper("lr") == 1)
    try optimizer.step()
    try optimizer.step()
    #expect(optimizer.hyper("lr") == 0.5)
    try optimizer.setHyper("lr", 0.125)
    try optimizer.step()
    #expect(optimizer.hyper("lr") == 0.125)
    #expect(optimizer.hyper("beta1") == 0.9)
    #expect(Self.code { try optimizer.setHyper("β1", 1) } == 507)
    #expect(Self.code { try optimizer.setHyper("rate", 1) } == 505)
    try optimizer.setState("m", of: 0, [1, 2, 3])
    #expect(optimizer.state("m", of: 0) == [1, 2, 3])
    #expect(Self.code { try optimizer.setState("m", of: 0, [1]) } == 809)
    #expect(Self.code { try optimizer.setState("n", of: 0, [1]) } == 808)
  }

  @Test func drawsAreTheSameInBothEnginesAndCanBeReplayed() throws {
    let source = """
      rule Noisy(σ = 0.1) {
          noise = normal()
          coin = bernoulli(0.5)
          sign = rademacher()
          w' = w - g + σ * noise * coin + sign * exponential() - uniform()
      }
      """
    let rule = try Self.rule(source, "Noisy")
    let specs = [ParameterSpec(name: "a", dims: [3000]), ParameterSpec(name: "b", dims: [2, 3])]
    func run(_ engine: EngineKind, _ element: ElementType, replay: Bool) throws -> [Double] {
      let optimizer = try Optimizer(
        rule, parameters: specs, engine: engine, elementType: element, seed: 11)
      let host = HostTensors(specs, element)
      host.setGradients(step: 1)
      optimizer.bind(
        parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
      try optimizer.initialise()
      if replay {
        try optimizer.setDraw("noise", of: 0, [Double](repeating: 100, count: 3000))
        #expect(Self.code { try optimizer.setDraw("noise", of: 0, [1, 2]) } == 906)
      }
      try optimizer.step()
      return host.get(host.parameters[0], 3000).values + host.get(host.parameters[1], 6).values
    }
    let reference = try run(.reference, .float64, replay: false)
    for (x, y) in zip(try run(.interpreter, .float64, replay: false), reference) {
      #expect(abs(x - y) < 1e-14)
    }
    for (x, y) in zip(try run(.interpreter, .float32, replay: false), reference) {
      #expect(abs(x - y) < 2e-6)
    }
    let replayed = try run(.interpreter, .float64, replay: true)
    #expect(replayed != reference)
    #expect(replayed == (try run(.reference, .float64, replay: true)))
  }

  @Test func aStepWithANonFiniteGradientIsCountedAndLeftOut() throws {
    let source = """
      rule Safe { guard finite
          w' = w - g
      }
      """
    let optimizer = try Optimizer(
      Self.rule(source, "Safe"), parameters: [ParameterSpec(name: "w", dims: [2])])
    let host = HostTensors(optimizer.parameters, .float32)
    host.set(host.parameters[0], [1, 2])
    host.set(host.gradients[0], [1, .nan])
    optimizer.bind(
      parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    try optimizer.step()
    #expect(optimizer.skippedSteps == 1 && optimizer.stepCount == 0)
    #expect(host.get(host.parameters[0], 2).values == [1, 2])
    host.set(host.gradients[0], [1, 1])
    try optimizer.step()
    #expect(host.get(host.parameters[0], 2).values == [0, 1])
  }

  @Test func storage() throws {
    let specs = [ParameterSpec(name: "w", dims: [700])]
    let double = try Self.rule(
      "rule A(β = 0.9) { state m as f64\n m' = β * m + g\n w' = w - m' }", "A")
    let optimizer = try Optimizer(double, parameters: specs)
    #expect(optimizer.stateByteCount == 5600)
    let got = try EnginesAgreeTests.run(double, specs, .interpreter, .float32, steps: 3)
    let expected = try EnginesAgreeTests.run(double, specs, .reference, .float64, steps: 3)
    for (x, y) in zip(got, expected) { #expect(difference(x, y) < 1e-6) }
    let half = try Self.rule("rule B { state m as bf16\n m' = m + g\n w' = w - m' }", "B")
    #expect(try Optimizer(half, parameters: specs).stateByteCount == 1400)
    let apart = try Self.rule(
      "rule C { state m as int8(block = 251), n as int8(block = 509)\n m' = g\n n' = g\n w' = w }",
      "C")
    #expect(Self.code { _ = try Optimizer(apart, parameters: specs) } == 801)
  }

  // MARK: Memory

  @Test(arguments: [
    "AdamW", "LAMB", "Muon", "Adafactor", "ClipGlobalNorm(MuonAdamW)", "Lookahead(Lion)",
  ])
  func aStepAllocatesNothing(_ text: String) throws {
    let specs = [
      ParameterSpec(name: "w", dims: [24, 16]), ParameterSpec(name: "v", dims: [8, 8]),
    ]
    let optimizer = try Optimizer(Compiler().rule(text), parameters: specs)
    let host = HostTensors(specs, .float32)
    host.setGradients(step: 1)
    optimizer.bind(
      parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    for _ in 0..<10 { try optimizer.step() }
    let before = rv_allocation_count()
    for _ in 0..<1_000 { try optimizer.step() }
    #expect(rv_allocation_count() == before)
  }
}

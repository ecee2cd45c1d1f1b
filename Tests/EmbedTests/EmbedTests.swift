import Ravine
import Testing

/// What a program outside sees: this target has no access to the package (Package.swift), and imports
/// the façade alone.
@Suite struct EmbedTests {
  @Test func aRuleFromTextStepsTwoTensors() throws {
    let compiler = Compiler()
    let found = compiler.add(
      """
      rule MyAdamW(lr = 0.1 in [0, inf), β1 = 0.9, β2 = 0.999, ε = 1e-8, λ = 0.01) {
          state m, v
          m' = ema(m, g, β1)
          v' = ema(v, g^2, β2)
          w' = w - lr * (debias(m', β1) / (sqrt(debias(v', β2)) + ε) + λ * w)
      }
      """, name: "mine.opt")
    #expect(found.isEmpty, "\(found)")
    let rule = try compiler.rule("MyAdamW(lr = linear_decay(0.1))")
    let optimizer = try Optimizer(
      rule, parameters: [.init(name: "a", dims: [2, 2]), .init(name: "b", dims: [3])],
      elementType: .float64, horizon: 4)
    var w: [[Double]] = [[1, 2, 3, 4], [-1, 0, 1]]
    try optimizer.initialise(&w)
    for _ in 1...3 { try optimizer.step(&w, gradients: w) }
    #expect(optimizer.stepCount == 3)
    #expect(optimizer.stateNames(of: 0) == ["m", "v"])
    #expect(optimizer.stateShape("m", of: 0) == [2, 2])
    let m = try #require(optimizer.state("m", of: 1))
    #expect(m[0] < 0 && m[1] == 0 && m[2] > 0)
    #expect(w[0].indices.allSatisfy { w[0][$0] < [1, 2, 3, 4][$0] })
    // The same by pointers, with the states of the first.
    let other = try Optimizer(
      rule, parameters: optimizer.parameters, elementType: .float64, horizon: 4)
    var x: [[Double]] = [[1, 2, 3, 4], [-1, 0, 1]]
    try other.initialise(&x)
    var (first, second) = (x[0], x[1])
    for _ in 1...3 {
      let g = [first, second]
      try first.withUnsafeMutableBytes { a in
        try second.withUnsafeMutableBytes { b in
          try g[0].withUnsafeBytes { ga in
            try g[1].withUnsafeBytes { gb in
              try other.step(
                parameters: [a.baseAddress!, b.baseAddress!],
                gradients: [ga.baseAddress!, gb.baseAddress!])
            }
          }
        }
      }
    }
    #expect([first, second] == w)
    #expect(other.state("v", of: 0) == optimizer.state("v", of: 0))
  }

  @Test func statesAndHyperparametersAreSetByName() throws {
    let compiler = Compiler()
    #expect(
      compiler.add(
        """
        rule M(lr = 1 in [0, inf), μ = 0.5) {
            state b
            b' = μ * b + g
            w' = w - lr * b'
        }
        """
      ).isEmpty)
    let optimizer = try Optimizer(
      try compiler.rule("M"), parameters: [.init(name: "w", dims: [1])])
    var w: [[Float]] = [[0]]
    try optimizer.initialise(&w)
    try optimizer.setState("b", of: 0, [4])
    try optimizer.setHyperparameter("lr", 0.25)
    try optimizer.step(&w, gradients: [[0]])
    #expect(optimizer.hyperparameter("lr") == 0.25)
    #expect(optimizer.state("b", of: 0) == [2])
    #expect(w == [[-0.5]])
    #expect(throws: DiagnosticError.self) { try optimizer.setHyperparameter("lr", -1) }
    #expect(throws: DiagnosticError.self) { try optimizer.setState("none", of: 0, [1]) }
  }

  /// lr = 0.1 * (1 - (t - 1) / T) is 0 at t = 4 of T = 3; 1e30 squared is beyond float32.
  @Test func whatStepsWouldHideIsSaidOnce() throws {
    let compiler = Compiler()
    #expect(
      compiler.add(
        """
        rule M(lr = 0.1 in (0, inf)) {
            guard finite
            state b
            b' = b + g^2
            w' = w - lr * g
        }
        """, name: "m.opt"
      ).isEmpty)
    let optimizer = try Optimizer(
      try compiler.rule("M(lr = 0.1 * (1 - (t - 1) / T))"),
      parameters: [.init(name: "a", dims: [2]), .init(name: "w", dims: [1])], horizon: 3)
    var w: [[Float]] = [[0, 0], [0]]
    for _ in 1...2 {
      try optimizer.initialise(&w)
      var counts: [Int] = []
      for g in [1, .nan, 1e30, 1, 1] as [Float] {
        try optimizer.step(&w, gradients: [[0, 1], [g]])
        counts.append(optimizer.warnings.count)
      }
      #expect(counts == [0, 1, 2, 2, 3])
      let warnings = optimizer.warnings
      #expect(warnings.map(\.code) == ["R0830", "R0831", "R0832"])
      #expect(warnings.allSatisfy { !$0.isError })
      #expect(warnings[0].message.contains("`lr` is 0 at step 4"))
      #expect(warnings[0].rendered().contains("lr = 0.1 in (0, inf)"))
      #expect(warnings[2].message.contains("`b` of `w` is infinite after step 2"))
    }
  }

  @Test func whatIsWrongHasAPlaceAndARendering() throws {
    let compiler = Compiler()
    let found = compiler.add("rule Bad(lr = 0.1) {\n    w' = w - lr * gg\n}\n", name: "bad.opt")
    let error = try #require(found.first { $0.isError })
    #expect(error.place?.file == "bad.opt")
    #expect(error.place?.line == 2)
    #expect(error.rendered().contains("--> bad.opt:2:"))
    #expect(error.rendered().contains("w' = w - lr * gg"))
    #expect(Diagnostic.explanation(of: error.code) != nil)
    do throws(DiagnosticError) {
      _ = try compiler.rule("Adam(lr = -1")
      Issue.record("this is no rule")
    } catch {
      #expect(!error.diagnostics.isEmpty)
      #expect(error.description.contains("error[R"))
    }
  }

  @Test func rulesAreDescribedComparedAndPrinted() throws {
    #expect(Compiler.zoo.contains("AdamW"))
    #expect(try #require(Compiler.zooSource("Lion")).contains("rule Lion"))
    let compiler = Compiler()
    let lion = try compiler.rule("Lion(lr = 1e-4)")
    #expect(try lion.hyperparameters().first { $0.name == "lr" }?.value == 1e-4)
    #expect(try lion.sheetText().contains("lr"))
    #expect(compiler.add(lion.source).filter(\.isError).isEmpty)
    #expect(try compiler.compare("HeavyBall(μ = 0)", "SGD").verdict == .equal)
    #expect(try compiler.compare("SGD", "Adam").verdict == .different)
    #expect(try Compiler.formatted("rule A(lr=1){w'=w-lr*g}").contains("w' = w - lr * g"))
  }

  @Test(arguments: Engine.allCases) func enginesAgree(_ engine: Engine) throws {
    let optimizer = try Optimizer(
      try Compiler().rule("AdamW"), parameters: [.init(name: "w", dims: [3])], engine: engine)
    var w: [[Float]] = [[1, -2, 3]]
    try optimizer.initialise(&w)
    try optimizer.step(&w, gradients: [[1, -1, 0.5]])
    let expected: [Float] = [0.99899, -1.99898, 2.99897]
    #expect(zip(w[0], expected).allSatisfy { abs($0 - $1) < 1e-5 }, "\(w)")
  }
}

extension EmbedTests {
  @Test func aRuleComesFromTextFileOrZoo() throws {
    let text = "rule A(lr = 1) { w' = w - lr * g }\nrule B(lr = 1, k = 2) { w' = w - lr * k * g }\n"
    #expect(try Rule(source: text).label == "B")
    #expect(try Rule(source: text, call: "A(lr = 0.5)").label == "A(lr = 0.5)")
    #expect(
      try Rule.zoo("Lion(lr = 1e-4)").hyperparameters().first { $0.name == "lr" }?.value == 1e-4)
    func codes(_ body: () throws(DiagnosticError) -> Rule) -> [String] {
      do throws(DiagnosticError) {
        _ = try body()
        return []
      } catch {
        return error.diagnostics.map(\.code)
      }
    }
    #expect(codes { () throws(DiagnosticError) in try Rule(source: "# nothing\n") } == ["R0203"])
    #expect(
      codes { () throws(DiagnosticError) in try Rule(contentsOf: "/nowhere.opt") } == ["R0701"])
    #expect(codes { () throws(DiagnosticError) in try Rule(source: text, call: "C") } == ["R0201"])
  }

  @Test func aHostsMistakeIsAnErrorThatChangesNothing() throws {
    let rule = try Rule.zoo("HeavyBall(lr = 0.1)")
    let optimizer = try rule.bind(
      to: [.init(name: "a", dims: [2]), .init(name: "b", dims: [3])])
    func code(_ body: () throws(DiagnosticError) -> Void) -> String? {
      do throws(DiagnosticError) {
        try body()
        return nil
      } catch {
        return error.diagnostics.first?.code
      }
    }
    var w: [[Float]] = [[1, 2], [3, 4, 5]]
    #expect(code { () throws(DiagnosticError) in try optimizer.step(&w, gradients: w) } == "R0827")
    #expect(code { () throws(DiagnosticError) in _ = try optimizer.checkpoint() } == "R0827")
    var short: [[Float]] = [[1, 2]]
    #expect(code { () throws(DiagnosticError) in try optimizer.initialise(&short) } == "R0826")
    short = [[1, 2], [3, 4]]
    #expect(code { () throws(DiagnosticError) in try optimizer.initialise(&short) } == "R0826")
    #expect(short == [[1, 2], [3, 4]])
    var wide: [[Double]] = [[1, 2], [3, 4, 5]]
    #expect(code { () throws(DiagnosticError) in try optimizer.initialise(&wide) } == "R0826")
    try optimizer.initialise(&w)
    // The memory of arrays is not kept.
    #expect(code { () throws(DiagnosticError) in try optimizer.step() } == "R0826")
    #expect(
      code { () throws(DiagnosticError) in try optimizer.step(&w, gradients: [[1, 1]]) } == "R0826")
    #expect(
      code { () throws(DiagnosticError) in try optimizer.step(&w, gradients: [[1, 1], [1, 1]]) }
        == "R0826")
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: 5)
    memory.initialize(repeating: 1, count: 5)
    defer { memory.deallocate() }
    let raw = UnsafeMutableRawPointer(memory)
    #expect(code { () throws(DiagnosticError) in try optimizer.bind(parameters: [raw]) } == "R0826")
    #expect(
      code { () throws(DiagnosticError) in try optimizer.bind(parameters: [raw, raw + 4]) }
        == "R0826")
    try optimizer.bind(parameters: [raw, raw + 8])
    #expect(code { () throws(DiagnosticError) in try optimizer.step() } == "R0826")
    #expect(optimizer.stepCount == 0 && w == [[1, 2], [3, 4, 5]])
    #expect(optimizer.stateNames(of: 2) == [] && optimizer.state("b", of: -1) == nil)
    #expect(optimizer.stateShape("b", of: 9) == nil && optimizer.view("eval", of: 5) == [])
    #expect(
      code { () throws(DiagnosticError) in try optimizer.setState("b", of: 7, [1]) } == "R0808")
    #expect(
      code { () throws(DiagnosticError) in try optimizer.setInput("h", of: -1, [1]) } == "R0808")
  }

  @Test func anObjectiveThatFailsEndsTheStepAndNothingElse() throws {
    struct Tired: Error {}
    let optimizer = try Rule.zoo("SAM(Adam(lr = 0.1))").bind(to: [.init(name: "w", dims: [2])])
    var w: [[Float]] = [[1, -1]]
    try optimizer.initialise(&w)
    try optimizer.step(&w, gradients: [[1, 2]], loss: 1) { points, gradients in
      let point = points[0].assumingMemoryBound(to: Float.self)
      let slope = gradients?[0].assumingMemoryBound(to: Float.self)
      for k in 0..<2 { slope?[k] = point[k] }
      return 1
    }
    #expect(w[0][0] < 1 && w[0][1] > -1)
    let before = (w, try optimizer.checkpoint(), optimizer.stepCount)
    do throws(DiagnosticError) {
      try optimizer.step(&w, gradients: [[1, 2]], loss: 1) { _, _ in throw Tired() }
      Issue.record("the step was done")
    } catch {
      #expect(error.diagnostics.map(\.code) == ["R0828"])
      #expect(error.description.contains("Tired"))
    }
    #expect(w == before.0)
    #expect(try optimizer.checkpoint() == before.1)
    #expect(optimizer.stepCount == before.2)
  }

  @Test func spansAreSteppedWhereTheyAre() throws {
    let optimizer = try Rule.zoo("SGD(lr = 0.5)").bind(to: [.init(name: "w", dims: [3])])
    var w: [Float] = [1, 2, 3]
    let g: [Float] = [2, 2, 2]
    do {
      var span = w.mutableSpan
      try optimizer.initialise(&span)
      try optimizer.step(&span, gradient: g.span)
    }
    #expect(w == [0, 1, 2])
    var codes: [String] = []
    var short = [Float](repeating: 0, count: 2)
    do throws(DiagnosticError) {
      var span = short.mutableSpan
      try optimizer.step(&span, gradient: g.span)
    } catch {
      codes += error.diagnostics.map(\.code)
    }
    var double = [Double](repeating: 0, count: 3)
    do throws(DiagnosticError) {
      var wide = double.mutableSpan
      try optimizer.initialise(&wide)
    } catch {
      codes += error.diagnostics.map(\.code)
    }
    #expect(codes == ["R0826", "R0826"] && w == [0, 1, 2])
  }
}

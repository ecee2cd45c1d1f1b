import Basics
import Driver
import Foundation
import IR
import Laboratory
import Lowering
import Runtime
import Testing

@Suite struct AxesTests {
  static let names = AxesRules.all.map(\.name)
  static let engines: [EngineKind] = [.reference, .interpreter]

  // MARK: Printing

  @Test(arguments: names) func comesBack(_ name: String) throws {
    let module = try AxesRules.instance(name).module
    let difference = try RoundTrip.difference(module)
    #expect(difference == nil, "\(difference ?? "")")
    for variant in module.variants {
      #expect(RoundTrip.flaw(variant.update) == nil)
      #expect(RoundTrip.flaw(variant.initial) == nil)
    }
  }

  @Test func printsWhatOneWouldWrite() throws {
    func printed(_ name: String) throws -> String {
      SourcePrinter.rule(try AxesRules.instance(name).module)
    }
    let aggmo = try printed("AggMo")
    #expect(aggmo.contains("rule AggMo(lr = 0.1, betas = [0, 0.9, 0.99] in [0, 1))"), "\(aggmo)")
    #expect(aggmo.contains("state b: stack(3)"), "\(aggmo)")
    #expect(aggmo.contains("betas * b"), "\(aggmo)")
    #expect(aggmo.contains("mean over stack b'"), "\(aggmo)")
    let dp = try printed("Private")
    #expect(dp.contains("input G: batch\n"), "\(dp)")
    #expect(dp.contains("clipped = G * min(1, C / (norm(G) + 1e-06))"), "\(dp)")
    #expect(dp.contains("sum over batch clipped"), "\(dp)")
    #expect(dp.contains("/ batch"), "\(dp)")
    let windowed = try printed("Windowed")
    #expect(windowed.contains("state h: window(n)"), "\(windowed)")
    #expect(windowed.contains("state k: window(4, scalar) = 1"), "\(windowed)")
    #expect(windowed.contains("push(h, g)"), "\(windowed)")
    let compressed = try printed("Compressed")
    #expect(compressed.contains("state kept: workers"), "\(compressed)")
    #expect(compressed.contains("state total\n"), "\(compressed)")
    #expect(try printed("Several").contains("state h: stack(2, window(2))"))
  }

  // MARK: Numbers by hand

  @Test(arguments: engines) func aggMo(_ engine: EngineKind) throws {
    let bound = try RuleOnMemory(
      AxesRules.instance("AggMo"), dims: [2, 2], start: [1], engine: engine)
    var b = [[0.0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    var w = [1.0, 1, 1, 1]
    for t in 1...4 {
      let g = (0..<4).map { Double($0 * t) - 1.5 }
      for (k, β) in [0, 0.9, 0.99].enumerated() { b[k] = zip(b[k], g).map { β * $0 + $1 } }
      for i in 0..<4 { w[i] -= 0.1 * (b[0][i] + b[1][i] + b[2][i]) / 3 }
      try bound.step(g)
    }
    #expect(isClose(bound.values, w))
    #expect(bound.optimizer.stateShape("b", of: 0) == [3, 2, 2])
    #expect(isClose(bound.optimizer.state("b", of: 0) ?? [], b.flatMap { $0 }))
  }

  /// The entries of a list are run-time inputs; their number is the rule's.
  @Test(arguments: engines) func entriesChangeWhileItRuns(_ engine: EngineKind) throws {
    let bound = try RuleOnMemory(
      AxesRules.instance("AggMo"), dims: [1], start: [0], engine: engine)
    try bound.step([1])
    try bound.optimizer.setHyper("betas[1]", 0.5)
    try bound.step([0])
    #expect(isClose(bound.optimizer.state("b", of: 0) ?? [], [0, 0.5, 0.99]))
    #expect(code { try bound.optimizer.setHyper("betas[1]", 1) } == 507)
  }

  @Test func listsOfAnyLength() throws {
    let compiler = Compiler()
    let text =
      AxesRules.all[1].text + """

        fast = [0.5, 0.25]
        rule Two(lr = 0.1) = AggMo(lr = lr, betas = [0.1, 0.2])
        rule Given(values = [0.3, 0.4, 0.5, 0.6]) = AggMo(betas = values)
        rule Around = Cautious(AggMo(betas = fast))
        """
    #expect(compiler.add(name: "a.opt", bytes: Array(text.utf8)).isEmpty)
    func hypers(_ rule: String) throws -> [String] {
      try compiler.rule(rule).module.hypers.map(\.name)
    }
    #expect(try hypers("Two") == ["lr", "AggMo.lr", "betas[0]", "betas[1]"])
    #expect(try hypers("AggMo(betas = [1 / t])") == ["lr", "betas[0]"])
    #expect(try hypers("Given").filter { $0.hasPrefix("betas") }.count == 4)
    let around = try compiler.rule("Around")
    #expect(around.module.variants[0].states[0].shape.lengths == [.fixed(2)])
    let values = try RuleDescription(around).hypers
    #expect(values.first { $0.name == "base.betas[1]" }?.value == 0.25)
  }

  @Test(arguments: engines) func groupsWithWeights(_ engine: EngineKind) throws {
    let bound = try RuleOnMemory(
      AxesRules.instance("Weighted"), dims: [2, 2], start: [0], engine: engine)
    let G: [Double] = [1, 2, 3, 4, 10, 20, 30, 40]
    try bound.step([], inputs: ["G": G])
    // m' = 0.1 row_mean(G): [0.15, 0.35] and [1.5, 3.5].
    #expect(isClose(bound.optimizer.state("m", of: 0) ?? [], [0.15, 0.35, 1.5, 3.5]))
    let rows = [0.25 * 0.15 + 0.75 * 1.5, 0.25 * 0.35 + 0.75 * 3.5]
    let wanted = [
      -1e-3 * (2 * 0 + 11 + rows[0]), -1e-3 * (22 + rows[0]), -1e-3 * (33 + rows[1]),
      -1e-3 * (44 + rows[1]),
    ]
    #expect(isClose(bound.values, wanted))
  }

  @Test(arguments: engines) func windows(_ engine: EngineKind) throws {
    let bound = try RuleOnMemory(
      AxesRules.instance("Windowed"), dims: [2], start: [0], engine: engine)
    var h = [[0.0, 0], [0, 0], [0, 0]]
    var k = [1.0, 1, 1, 1]
    var w = [0.0, 0]
    for t in 1...5 {
      let g = [Double(t), 0.5 - Double(t)]
      let before = (h, k)
      if t > 1 { h = [g, h[0], h[1]] }
      k = [(g[0] * g[0] + g[1] * g[1]).squareRoot()] + k.dropLast()
      for i in 0..<2 {
        let mean = (h[0][i] + h[1][i] + h[2][i]) / 3
        w[i] -= 0.1 * (mean + h[0][i] + before.0[2][i]) / (k.max()! + before.1[3])
      }
      try bound.step(g)
      #expect(isClose(bound.optimizer.state("h", of: 0) ?? [], h.flatMap { $0 }))
      #expect(isClose(bound.optimizer.state("k", of: 0) ?? [], k))
    }
    #expect(isClose(bound.values, w))
  }

  @Test(arguments: engines, [1, 3]) func workers(_ engine: EngineKind, _ n: Int) throws {
    let bound = try RuleOnMemory(
      AxesRules.instance("Compressed"), dims: [2, 1], start: [0], engine: engine,
      axes: AxisLengths(workers: n))
    var kept = [[Double]](repeating: [0, 0], count: n)
    var total = [0.0, 0]
    var w = [0.0, 0]
    for t in 1...4 {
      let gradients = (0..<n).map { [Double(t) + Double($0), 3.5 - Double(t * $0)] }
      var mean = [0.0, 0]
      for k in 0..<n {
        let b = [gradients[k][0] + kept[k][0], gradients[k][1] + kept[k][1]]
        let sent = abs(b[0]) >= abs(b[1]) ? [b[0], 0] : [0, b[1]]
        kept[k] = [b[0] - sent[0], b[1] - sent[1]]
        for i in 0..<2 { mean[i] += sent[i] / Double(n) }
      }
      for i in 0..<2 {
        total[i] += mean[i]
        w[i] -= 0.1 * total[i] / Double(n)
      }
      try bound.step(gradients.flatMap { $0 })
    }
    #expect(isClose(bound.values, w))
    #expect(isClose(bound.optimizer.state("kept", of: 0) ?? [], kept.flatMap { $0 }))
    // One worker is no axis.
    #expect(bound.optimizer.stateShape("kept", of: 0) == (n == 1 ? [2, 1] : [n, 2, 1]))
  }

  /// Workers with one gradient are one worker; a rule around a rule meets for it.
  @Test(arguments: engines) func equalWorkersAreOne(_ engine: EngineKind) throws {
    let compiler = Compiler()
    let text = "rule Parallel(base: rule) { w' = base(w, mean over workers g) }"
    #expect(compiler.add(name: "a.opt", bytes: Array(text.utf8)).isEmpty)
    let one = try RuleOnMemory(
      compiler.rule("AdamW"), dims: [3, 2], start: [0.5, -1], engine: engine)
    let many = try RuleOnMemory(
      compiler.rule("Parallel(AdamW)"), dims: [3, 2], start: [0.5, -1], engine: engine,
      axes: AxisLengths(workers: 4))
    for t in 1...5 {
      let g = (0..<6).map { Double($0) - Double(t) }
      try one.step(g)
      try many.step(g + g + g + g)
    }
    #expect(isClose(many.values, one.values))
  }

  /// Reductions over workers of what is the same on all of them.
  @Test(arguments: engines) func sameOnAllWorkers(_ engine: EngineKind) throws {
    let compiler = Compiler()
    let text = """
      rule Same {
          step = sum over workers t + mean over workers t + norm over workers (-t) + rms over workers (-t)
          w' = mean over workers g + step + (max over workers t) + workers
      }
      """
    #expect(compiler.add(name: "a.opt", bytes: Array(text.utf8)).isEmpty)
    let bound = try RuleOnMemory(
      compiler.rule("Same"), dims: [1], start: [0], engine: engine, axes: AxisLengths(workers: 4))
    try bound.step([1, 2, 3, 4])
    #expect(isClose(bound.values, [2.5 + 4 + 1 + 2 + 1 + 1 + 4]))
  }

  // MARK: Engines

  /// A product of matrices needs one.
  static let cases = names.flatMap { name in
    [[3, 4], [4], [], [2, 3, 2]].filter { name != "Products" || $0.count >= 2 }.map { (name, $0) }
  }

  @Test(arguments: cases)
  func enginesAgree(_ name: String, _ dims: [Int]) throws {
    let instance = try AxesRules.instance(name)
    let axes = AxisLengths(
      batch: 5, groups: 2, workers: instance.module.axes.contains(.workers) ? 3 : 1)
    let bound = try Self.engines.map {
      try RuleOnMemory(instance, dims: dims, start: [0.3, -0.8, 0.1], engine: $0, axes: axes)
    }
    let count = dims.reduce(1, *)
    var random = SplitMix(11)
    func numbers(_ n: Int) -> [Double] {
      (0..<n).map { _ in Double.random(in: -1...1, using: &random) }
    }
    let entries = name == "Weighted" ? 2 : 5
    for _ in 1...6 {
      let g = numbers(count * axes.workers)
      let G = numbers(count * entries)
      let hasInput = !bound[0].optimizer.inputNames(of: 0).isEmpty
      for rule in bound { try rule.step(g, inputs: hasInput ? ["G": G] : [:]) }
      #expect(isClose(bound[1].values, bound[0].values))
      for state in bound[0].optimizer.stateNames(of: 0) {
        #expect(
          isClose(
            bound[1].optimizer.state(state, of: 0)!, bound[0].optimizer.state(state, of: 0)!),
          "\(state)")
      }
    }
  }

  /// A rule of several variants: each list and each input stays where it is.
  @Test func routesOfRulesWithLists() throws {
    let compiler = Compiler()
    let text = """
      rule Mixed(lr = 0.1, betas = [0.5, 0.9]) = route {
          rank == 2 -> AggMo(lr = lr, betas = betas)
          otherwise -> AggMo(lr = 2 * lr, betas = [0, 0.99, 0.999])
      }
      """
    #expect(compiler.add(name: "a.opt", bytes: Array(text.utf8)).isEmpty)
    let module = try compiler.rule("Mixed").module
    #expect(module.variants.map { $0.states[0].shape.lengths } == [[.fixed(2)], [.fixed(3)]])
    #expect(try RoundTrip.difference(module) == nil)
  }

  /// The zoo's rules for workers, on several of them.
  @Test(arguments: ["DGC(share = 0.25)", "OneBitAdam(freeze = 2)", "DataParallel(AdamW)"])
  func zooOnWorkers(_ rule: String) throws {
    let axes = AxisLengths(workers: 3)
    let instance = try Compiler().rule(rule)
    let bound = try Self.engines.map {
      try RuleOnMemory(instance, dims: [4, 3], start: [0.5, -0.25], engine: $0, axes: axes)
    }
    var random = SplitMix(5)
    for _ in 1...8 {
      let g = (0..<36).map { _ in Double.random(in: -1...1, using: &random) }
      for each in bound { try each.step(g) }
    }
    #expect(bound[0].values.allSatisfy { $0.isFinite })
    #expect(isClose(bound[1].values, bound[0].values))
  }

  /// AdaShift: the sums over its window against queues by hand.
  @Test(arguments: engines) func adaShift(_ engine: EngineKind) throws {
    let bound = try RuleOnMemory(
      Compiler().rule("AdaShift(lr = 0.1, keep = 3)"), dims: [2], start: [1], engine: engine)
    var past: [[Double]] = []
    var (v, w) = (0.0, [1.0, 1])
    for t in 1...7 {
      let g = [Double(t) - 2.5, 1 / Double(t)]
      past.append(g)
      if t > 3 {
        let old = past[t - 4].map { $0 * $0 }.max()!
        v = 0.999 * v + 0.001 * old
        let total = 1 + 0.9 + 0.81
        let root = (v / (1 - pow(0.999, Double(t - 3)))).squareRoot() + 1e-10
        for i in 0..<2 {
          let m = (past[t - 1][i] + 0.9 * past[t - 2][i] + 0.81 * past[t - 3][i]) / total
          w[i] -= 0.1 * m / root
        }
      }
      try bound.step(g)
    }
    #expect(isClose(bound.values, w))
  }

  /// A list of numbers is written down when it is known whether it is wanted, not before.
  @Test(arguments: engines) func listsUnderAConditionOfTheTensor(_ engine: EngineKind) throws {
    let compiler = Compiler()
    let text = "rule A(lr = 0.1) { w' = w - (if norm(w) > 1 then g * [lr, 2 * lr] else w) }"
    #expect(compiler.add(name: "a.opt", bytes: Array(text.utf8)).isEmpty)
    let bound = try RuleOnMemory(compiler.rule("A"), dims: [2, 2], start: [1], engine: engine)
    try bound.step([1, 2, 3, 4])
    #expect(isClose(bound.values, [0.9, 0.6, 0.7, 0.2]))
  }

  // MARK: Generated rules

  static let count =
    ProcessInfo.processInfo.environment["RAVINE_CAMPAIGN"].flatMap { UInt64($0) } ?? 40

  @Test func generatedRulesComeBack() throws {
    for seed in 0..<Self.count {
      var generator = AxesGenerator(seed: seed)
      let text = generator.program()
      let module = try RoundTrip.rule("Generated", of: text)
      let difference = try RoundTrip.difference(module)
      #expect(difference == nil, "seed \(seed): \(difference ?? "")")
      #expect(RoundTrip.flaw(module.variants[0].update) == nil, "seed \(seed)\n\(text)")
    }
  }

  @Test func enginesAgreeOnGeneratedRules() throws {
    for seed in 0..<Self.count {
      var generator = AxesGenerator(seed: seed)
      let compiler = Compiler()
      let text = generator.program()
      _ = compiler.add(name: "a.opt", bytes: Array(text.utf8))
      let rule = try compiler.rule("Generated")
      let n = rule.module.axes.contains(.workers) ? 2 : 1
      let bound = try Self.engines.map {
        try RuleOnMemory(
          rule, dims: [3, 2], start: [0.5, -0.25, 0.75], engine: $0,
          axes: AxisLengths(batch: 4, workers: n))
      }
      var random = SplitMix(seed)
      func numbers(_ n: Int) -> [Double] {
        (0..<n).map { _ in Double.random(in: -1...1, using: &random) }
      }
      for _ in 1...4 {
        let (g, inputs) = (numbers(6 * n), ["G": numbers(24), "P": numbers(18), "x": numbers(4)])
        for each in bound { try each.step(g, inputs: inputs) }
      }
      #expect(bound[0].values.allSatisfy { $0.isFinite }, "seed \(seed)\n\(text)")
      #expect(isClose(bound[1].values, bound[0].values), "seed \(seed)\n\(text)")
    }
  }

  // MARK: Binding

  @Test func whatBindingRefuses() throws {
    func bind(_ name: String, _ axes: AxisLengths) -> Int? {
      code {
        _ = try RuleOnMemory(
          AxesRules.instance(name), dims: [2, 2], start: [0], engine: .interpreter, axes: axes)
      }
    }
    #expect(bind("Private", AxisLengths()) == 821)
    #expect(bind("Private", AxisLengths(batch: 0)) == 822)
    #expect(bind("Private", AxisLengths(batch: 1)) == nil)
    #expect(bind("Compressed", AxisLengths(workers: 0)) == 822)
    #expect(bind("AggMo", AxisLengths(workers: 2)) == 823)
    // More entries than are unrolled.
    #expect(bind("Products", AxisLengths(batch: 64)) == nil)
    #expect(bind("Products", AxisLengths(batch: 65)) == 433)
  }

  @Test func windowsLongerThanTheRun() throws {
    let module = try AxesRules.instance("Windowed").module
    #expect(module.windowsBeyond(3, hypers: [0.1, 3]).map(\.code.number) == [824])
    #expect(module.windowsBeyond(2, hypers: [0.1, 3]).map(\.code.number) == [824, 824])
    #expect(module.windowsBeyond(4, hypers: [0.1, 3]).isEmpty)
    #expect(module.windowsBeyond(0, hypers: [0.1, 3]).isEmpty)
  }

  /// What `describe` says of states is what is allocated.
  @Test(arguments: names) func statesCostWhatIsSaid(_ name: String) throws {
    let instance = try AxesRules.instance(name)
    let sheet = try RuleDescription(instance).variants[0].sheet
    let optimizer = try Optimizer(
      instance, parameters: [ParameterSpec(name: "w", dims: [7, 5])],
      axes: AxisLengths(batch: 5, groups: 2))
    #expect(
      sheet.stateBytes.value(rows: 7, cols: 5) == Double(optimizer.stateByteCount), "\(name)")
  }
}

import Diagnostics
import Driver
import IR
import Testing

@testable import Runtime

/// NaN, ±0 and ±∞ in reductions, orders, rows, axes, stored states and domains, wherever they stand.
@Suite struct SpecialTensorTests {
  private static let (nan, inf) = (Double.nan, Double.infinity)
  private static let engines = [EngineKind.reference, .interpreter, .native]
  private static let types = [ElementType.float32, .float64]

  /// Lengths around vectors, lanes and chunks.
  private static let lengths = Array(1...17) + [31, 32, 33, 130, 515]

  /// Numbers with some of these among them, the first at the beginning, in the middle or at the end.
  private static func inputs(_ count: Int) -> [[Double]] {
    let plain = (0..<count).map { Double($0 * 5 % 7) / 2 + 1 }
    return [[nan], [inf], [-inf], [inf, -inf], [nan, inf]].flatMap { special in
      Set([0, count / 2, count - 1]).sorted().map { first in
        var values = plain
        for (k, x) in special.enumerated() where k < count { values[(first + k) % count] = x }
        return values
      }
    }
  }

  private static func isRight(_ found: Double, _ right: Double) -> Bool {
    SpecialCase("", [], right).isRight(found)
  }

  // MARK: What is right

  private static func largest(_ x: [Double]) -> Double {
    x.contains(where: \.isNaN) ? nan : x.max()!
  }

  private static func smallest(_ x: [Double]) -> Double {
    x.contains(where: \.isNaN) ? nan : x.min()!
  }

  private static func place(of value: Double, _ x: [Double]) -> Double {
    Double(value.isNaN ? x.firstIndex(where: \.isNaN)! : x.firstIndex(of: value)!)
  }

  private static func sum(_ x: [Double]) -> Double { x.reduce(0, +) }
  private static func norm(_ x: [Double]) -> Double { sum(x.map { $0 * $0 }).squareRoot() }

  private static func variance(_ x: [Double]) -> Double {
    let mean = sum(x) / Double(x.count)
    return sum(x.map { ($0 - mean) * ($0 - mean) }) / Double(x.count)
  }

  /// The order statistic at a share that falls on an element.
  private static func element(_ x: [Double], at share: Double) -> Double {
    if x.contains(where: \.isNaN) { return nan }
    return x.sorted()[Int(share * Double(x.count - 1))]
  }

  private static let reductions: [(String, @Sendable ([Double]) -> Double)] = [
    ("sum(g)", sum), ("mean(g)", { sum($0) / Double($0.count) }), ("norm(g)", norm),
    ("rms(g)", { norm($0) / Double($0.count).squareRoot() }), ("var(g)", variance),
    ("std(g)", { variance($0).squareRoot() }), ("dot(g, g)", { norm($0) * norm($0) }),
    ("max(g)", largest), ("min(g)", smallest), ("max(-g)", { -smallest($0) }),
    ("argmax(flatten(g))", { place(of: largest($0), $0) }),
    ("argmin(flatten(g))", { place(of: smallest($0), $0) }),
    ("count(g > 1)", { Double($0.count { $0 > 1 }) }),
    ("count(not g > 1)", { Double($0.count { !($0 > 1) }) }),
    ("any(g != g) * 1", { $0.contains(where: \.isNaN) ? 1 : 0 }),
    ("all(g == g) * 1", { $0.contains(where: \.isNaN) ? 0 : 1 }),
    ("any(g > 1e30) * 1", { $0.contains(inf) ? 1 : 0 }),
    ("all(isfinite(g)) * 1", { $0.allSatisfy(\.isFinite) ? 1 : 0 }),
    ("quantile(g, 0)", { element($0, at: 0) }), ("quantile(g, 1)", { element($0, at: 1) }),
    ("quantile(g, nan)", { _ in nan }),
  ]

  @Test(arguments: engines, types)
  func reductionsAnywhere(_ engine: EngineKind, _ type: ElementType) throws {
    let together = ["global sum(g)", "global norm(g)", "global max(g)", "global min(g)"]
    let rule = try SpecialRun.rule(
      of: Self.reductions.map(\.0) + ["quantile(g, 0.5)"] + together, type: ": scalar")
    let run = try SpecialRun(rule, Self.lengths.map { [$0] }, engine, type)
    var compared = 0
    for choice in 0..<15 {
      let inputs = Self.lengths.map { n in
        let all = Self.inputs(n)
        return all[choice % all.count]
      }
      try run.step(inputs)
      let all = inputs.flatMap { $0 }
      for (k, x) in inputs.enumerated() {
        for (s, reduction) in Self.reductions.enumerated() {
          let found = try run.state(s, of: k)[0]
          let right = reduction.1(x)
          #expect(
            Self.isRight(found, right),
            "\(engine) \(type) \(reduction.0) of \(x): \(found), not \(right)")
          compared += 1
        }
        if x.count % 2 == 1 {
          let found = try run.state(Self.reductions.count, of: k)[0]
          #expect(
            Self.isRight(found, Self.element(x, at: 0.5)),
            "\(engine) \(type) median of \(x): \(found)")
        }
        let rights = [Self.sum(all), Self.norm(all), Self.largest(all), Self.smallest(all)]
        for (s, right) in rights.enumerated() {
          let found = try run.state(Self.reductions.count + 1 + s, of: k)[0]
          #expect(
            Self.isRight(found, right), "\(engine) \(type) \(together[s]): \(found), not \(right)")
        }
      }
    }
    #expect(compared == 15 * Self.lengths.count * Self.reductions.count)
  }

  /// A sum of floats is none of the floats; what is made of it may be.
  @Test(arguments: engines)
  func sumsBeyondFloats(_ engine: EngineKind) throws {
    let texts = ["mean(g)", "sum(g) / numel", "global mean(g)", "1e-10 * sum(g)"]
    let rule = try SpecialRun.rule(of: texts, type: ": scalar")
    let lengths = [1, 2, 17, 32, 33, 64, 130, 515, 3_000]
    var compared = 0
    for (x, y) in [(3e38, 3e38), (-3e38, -3e38), (3e38, -3e38)] {
      let run = try SpecialRun(rule, lengths.map { [$0] }, engine, .float32)
      let inputs = lengths.map { n in (0..<n).map { $0 < n / 2 ? x : y } }
      try run.step(inputs)
      let all = Self.sum(inputs.flatMap { $0 })
      for (k, input) in inputs.enumerated() {
        let sum = Self.sum(input)
        let count = Double(input.count)
        let rights = [
          sum / count, sum / count, all / Double(lengths.reduce(0, +)), 1e-10 * sum,
        ]
        for (s, right) in rights.enumerated() {
          let found = try run.state(s, of: k)[0]
          #expect(
            abs(found - right) <= 1e-6 * abs(right) + 1e25,
            "\(engine) \(texts[s]) of \(input.count): \(found)")
          compared += 1
        }
      }
    }
    #expect(compared == 3 * 9 * 4)
  }

  // MARK: Order

  @Test(arguments: engines, types)
  func order(_ engine: EngineKind, _ type: ElementType) throws {
    let rule = try SpecialRun.rule(of: ["sort(g)", "argsort(g)", "topk_mask(g, 0.3) * 1"])
    let run = try SpecialRun(rule, Self.lengths.map { [$0] }, engine, type)
    var compared = 0
    for choice in 0..<15 {
      let inputs = Self.lengths.map { n in
        let all = Self.inputs(n)
        return all[choice % all.count]
      }
      try run.step(inputs)
      for (k, x) in inputs.enumerated() {
        let numbers = x.indices.filter { !x[$0].isNaN }.sorted { (x[$0], $0) < (x[$1], $1) }
        let places = numbers + x.indices.filter { x[$0].isNaN }
        let (sorted, order) = (try run.state(0, of: k), try run.state(1, of: k))
        #expect(order == places.map(Double.init), "\(engine) \(type) \(x)")
        #expect(
          zip(sorted, places).allSatisfy { $0 == x[$1] || $0.isNaN && x[$1].isNaN },
          "\(engine) \(type) \(x): \(sorted)")
        // From the largest down: the first of equal ones before the others.
        let down =
          x.indices.filter { x[$0].isNaN } + numbers.sorted { (-x[$0], $0) < (-x[$1], $1) }
        let kept = Set(down.prefix(Int((0.3 * Double(x.count)).rounded(.up))))
        #expect(
          try run.state(2, of: k) == x.indices.map { kept.contains($0) ? 1 : 0 },
          "\(engine) \(type) \(x)")
        compared += 3
      }
    }
    #expect(compared == 15 * Self.lengths.count * 3)
  }

  /// A share that is no number chooses nothing.
  @Test(arguments: engines)
  func aShareThatIsNone(_ engine: EngineKind) throws {
    for share in ["nan", "0 / (t - t)"] {
      let rule = try SpecialRun.rule(of: ["topk_mask(g, share) * 1"], head: "(share = \(share))")
      do {
        try SpecialRun(rule, [[3]], engine, .float64).step()
        Issue.record("no error")
      } catch let error as DiagnosticError {
        #expect(error.diagnostics.map(\.code.number) == [908])
      }
    }
  }

  // MARK: Rows, columns and axes

  @Test(arguments: engines, types)
  func rowsAndColumns(_ engine: EngineKind, _ type: ElementType) throws {
    let names: [(String, ([Double]) -> Double)] = [
      ("sum", Self.sum), ("mean", { Self.sum($0) / Double($0.count) }), ("norm", Self.norm),
      ("rms", { Self.norm($0) / Double($0.count).squareRoot() }), ("max", Self.largest),
      ("min", Self.smallest), ("argmax", { Self.place(of: Self.largest($0), $0) }),
      ("argmin", { Self.place(of: Self.smallest($0), $0) }),
    ]
    let rule = try SpecialRun.rule(
      of: ["row", "col"].flatMap { scope in names.map { "\(scope)_\($0.0)(g) + 0 * w" } })
    let widths = [1, 2, 7, 8, 9, 15, 16, 17, 33]
    let run = try SpecialRun(rule, widths.map { [3, $0] } + widths.map { [$0, 3] }, engine, type)
    var compared = 0
    for choice in 0..<15 {
      // One row with such numbers between two without, and so of columns.
      let rows = widths.map { n in
        let all = Self.inputs(n)
        let plain = (0..<n).map { Double($0 % 4) - 1.5 }
        return [plain, all[choice % all.count], plain.reversed()]
      }
      let tensors =
        rows.map { $0.flatMap { $0 } }
        + rows.map { three in three[0].indices.flatMap { i in three.map { $0[i] } } }
      try run.step(tensors)
      for (k, values) in tensors.enumerated() {
        let cols = k < widths.count ? widths[k] : 3
        for (s, name) in names.enumerated() {
          let byRow = try run.state(s, of: k)
          let byColumn = try run.state(names.count + s, of: k)
          for i in values.indices {
            let row = Array(values[(i / cols * cols)..<(i / cols * cols + cols)])
            let column = stride(from: i % cols, to: values.count, by: cols).map { values[$0] }
            let (a, b) = (name.1(row), name.1(column))
            if !Self.isRight(byRow[i], a) || !Self.isRight(byColumn[i], b) {
              Issue.record(
                "\(engine) \(type) \(name.0) of \(row), \(column): \(byRow[i]), \(byColumn[i])")
            }
            compared += 2
          }
        }
      }
    }
    #expect(compared == 15 * 2 * 3 * widths.reduce(0, +) * 2 * names.count)
  }

  /// The entries of an axis: the gradient, and two times 1.
  @Test(arguments: engines, types)
  func rowsColumnsAndAxes(_ engine: EngineKind, _ type: ElementType) throws {
    let right: [(String, [Double])] = [
      ("quantile over window (h', 0.5)", [1, Self.nan, 1, 1, 1]),
      ("quantile over window (h', nan)", [Double](repeating: Self.nan, count: 5)),
      ("quantile over window (h', q)", [Double](repeating: Self.nan, count: 5)),
      ("quantile over window (h', 0)", [1, Self.nan, -1, 1, -Self.inf]),
      ("quantile over window (h', p)", [1, Self.nan, 1, Self.inf, 1]),
      ("quantile over window (h', 0.25)", [1, Self.nan, 0, 1, -Self.inf]),
      ("median over window h'", [1, Self.nan, 1, 1, 1]),
      ("max over window h'", [1, Self.nan, 1, Self.inf, 1]),
      ("min over window h'", [1, Self.nan, -1, 1, -Self.inf]),
      ("sum over window h'", [3, Self.nan, 1, Self.inf, -Self.inf]),
      ("mean over window h'", [1, Self.nan, 1.0 / 3, Self.inf, -Self.inf]),
      (
        "norm over window h'",
        [1.7320508075688772, Self.nan, 1.7320508075688772, Self.inf, Self.inf]
      ),
      ("count over window (h' > 0)", [3, 2, 2, 3, 2]),
      ("(any over window (h' != h')) * 1", [0, 1, 0, 0, 0]),
      ("(all over window (h' > 0)) * 1", [1, 0, 0, 1, 0]),
    ]
    let rule = try SpecialRun.rule(
      of: right.map(\.0), head: "(q = nan, p = 1)", before: "state h: window(3) = 1\n  h' = g")
    let run = try SpecialRun(rule, [[5]], engine, type)
    try run.step([[1, Self.nan, -1, Self.inf, -Self.inf]])
    for (s, item) in right.enumerated() {
      let found = try run.state(s)
      #expect(
        zip(item.1, found).allSatisfy { Self.isRight($1, $0) },
        "\(engine) \(type) \(item.0): \(found)")
    }
    #expect(right.count == 15)
  }

  @Test(arguments: engines, types)
  func rowsAsDistributions(_ engine: EngineKind, _ type: ElementType) throws {
    let rows: [(x: [Double], softmax: [Double], logarithms: [Double])] = [
      ([Self.nan, 1], [Self.nan, Self.nan], [Self.nan, Self.nan]),
      ([1, Self.nan], [Self.nan, Self.nan], [Self.nan, Self.nan]),
      ([Self.inf, 1], [Self.nan, Self.nan], [Self.nan, Self.nan]),
      ([-Self.inf, 1], [0, 1], [-Self.inf, 0]), ([1, -Self.inf], [1, 0], [0, -Self.inf]),
      ([-Self.inf, -Self.inf], [Self.nan, Self.nan], [Self.nan, Self.nan]),
      ([Self.nan, -Self.inf], [Self.nan, Self.nan], [Self.nan, Self.nan]),
      ([1e30, 0], [1, 0], [0, -1e30]),
      ([-0.0, 0], [0.5, 0.5], [-0.6931471805599453, -0.6931471805599453]),
      ([-1e30, -1e30], [0.5, 0.5], [-0.6931471805599453, -0.6931471805599453]),
    ]
    let rule = try SpecialRun.rule(of: ["softmax(g)", "log_softmax(g)"])
    let run = try SpecialRun(rule, [[rows.count, 2]], engine, type)
    try run.step([rows.flatMap(\.x)])
    for (s, right) in [rows.flatMap(\.softmax), rows.flatMap(\.logarithms)].enumerated() {
      let found = try run.state(s)
      for i in right.indices {
        #expect(
          Self.isRight(found[i], right[i]), "\(engine) \(type) of \(rows[i / 2].x): \(found[i])")
      }
    }
  }

  // MARK: Stored states

  /// Every place in a block, blocks of 8 and what is left of one.
  @Test(arguments: engines, types)
  func statesKeepSpecialNumbers(_ engine: EngineKind, _ type: ElementType) throws {
    let count = 5 * 8 + 3
    var compared = 0
    for format in ["f16", "bf16", "f32", "f64", "int8(block = 8)", "sign1(block = 8)"] {
      let isInBlocks = format.contains("block")
      let run = try SpecialRun(
        SpecialRun.rule(of: ["g"], type: " as \(format)"), [[count]], engine, type)
      for place in 0..<count {
        for special in [Self.nan, Self.inf, -Self.inf, 0, -0.0] {
          // Beside a special number there are others; a zero stands in a block of zeros.
          var values = (0..<count).map {
            special == 0 && $0 / 8 == place / 8 ? 0 : Double($0 % 3) - 0.5
          }
          values[place] = special
          try run.step([values])
          let found = try run.state(0)
          for i in 0..<count where i / 8 == place / 8 {
            let right = !isInBlocks ? values[i] : special == 0 ? 0 : Self.nan
            #expect(
              right.isNaN ? found[i].isNaN : found[i] == right && found[i].sign == right.sign,
              "\(engine) \(type) \(format): \(special) at \(place), \(found[i]) at \(i)")
            compared += 1
          }
          #expect(found.enumerated().allSatisfy { $0 / 8 == place / 8 || $1.isFinite })
        }
      }
    }
    #expect(compared == 6 * 5 * (5 * 64 + 9))
  }

  /// Parameters of sixteen bits at the end of their range.
  @Test(arguments: engines)
  func parametersOfSixteenBitsOverflow(_ engine: EngineKind) throws {
    let cases: [(ElementType, start: Double, gradient: Double, right: Double)] = [
      (.bfloat16, 0x1.FEp127, 0x1p119, Self.inf), (.bfloat16, 0x1.FEp127, 0x1p118, 0x1.FEp127),
      (.bfloat16, -0x1.FEp127, -0x1p119, -Self.inf), (.bfloat16, -0.0, -0.0, -0.0),
      (.bfloat16, 0x1p-133, -0x1p-133, 0), (.bfloat16, 1, Self.nan, Self.nan),
      (.bfloat16, 1, Self.inf, Self.inf), (.bfloat16, 0, 0x1p-133, 0x1p-133),
      (.float16, 65_504, 16, Self.inf), (.float16, 65_504, 15, 65_504),
      (.float16, -65_504, -16, -Self.inf), (.float16, -0.0, -0.0, -0.0),
      (.float16, 1, Self.nan, Self.nan), (.float16, 1, -Self.inf, -Self.inf),
      (.float16, 0, 0x1p-24, 0x1p-24),
    ]
    for item in cases {
      for count in 1...17 {
        let run = try StoredRule(
          "rule R { w' = w + g }", [Double](repeating: item.start, count: count), engine: engine,
          type: item.0)
        try run.step { _ in item.gradient }
        #expect(
          run.parameters.allSatisfy { Self.isRight($0, item.right) },
          "\(engine) \(item): \(run.parameters)")
      }
    }
  }

  /// A NaN is one whatever its other bits say: signalling ones, of either sign, and those whose bits are
  /// all below what a narrower type keeps.
  @Test(arguments: engines, types)
  func everyNaNIsOne(_ engine: EngineKind, _ type: ElementType) throws {
    let narrow: [UInt32] = [0x7F80_0001, 0x7FBF_FFFF, 0xFF80_0001, 0xFFFF_FFFF, 0x7FC0_0000]
    let wide: [UInt64] = [
      0x7FF0_0000_0000_0001, 0x7FF7_FFFF_FFFF_FFFF, 0xFFF0_0000_0000_0001, .max,
      0x7FF0_0000_1000_0000,
    ]
    let texts = [
      "abs(X)", "sign(X)", "sqrt(X)", "cbrt(X)", "exp(X)", "expm1(X)", "exp2(X)", "log(X)",
      "log1p(X)", "log2(X)", "log10(X)", "sin(X)", "cos(X)", "tan(X)", "arcsin(X)", "arccos(X)",
      "arctan(X)", "sinh(X)", "cosh(X)", "tanh(X)", "arcsinh(X)", "arccosh(X)", "arctanh(X)",
      "reciprocal(X)", "erf(X)", "floor(X)", "ceil(X)", "round(X)", "-X", "bf16(X)", "f16(X)",
      "min(X, 1)", "min(1, X)", "max(X, 1)", "max(1, X)", "clip(X, 0, 1)", "clip(1, X, 2)",
      "clip(1, 0, X)", "X + 1", "X - 1", "X * 0", "X / 2", "X mod 2", "2 mod X", "X^2", "X^3",
      "X^1.5",
      "arctan2(X, 1)", "arctan2(1, X)", "copysign(X, 1)", "relu(X)", "sigmoid(X)", "softplus(X)",
      "sort(X)", "max(X)", "min(X)", "sum(X)", "norm(X)", "quantile(X, 0.5)", "0 / (X != X) * 0",
    ]
    let formats = ["f32", "f64", "bf16", "f16", "int8(block = 8)", "sign1(block = 8)"]
    let rules =
      [try SpecialRun.rule(of: texts.map { SpecialCase($0, [], 0).written(["g", "", ""]) })]
      + (try formats.map { try SpecialRun.rule(of: ["g"], type: " as \($0)") })
    var compared = 0
    for rule in rules {
      let run = try SpecialRun(rule, (1...17).map { [$0] }, engine, type)
      for k in narrow.indices {
        for (tensor, n) in (1...17).enumerated() {
          for i in 0..<n {
            if type == .float32 {
              run.host.gradients[tensor].storeBytes(
                of: narrow[k], toByteOffset: 4 * i, as: UInt32.self)
            } else {
              run.host.gradients[tensor].storeBytes(
                of: wide[k], toByteOffset: 8 * i, as: UInt64.self)
            }
          }
        }
        try run.step()
        for n in 1...17 {
          for s in run.optimizer.stateNames(of: n - 1).indices {
            let found = try run.state(s, of: n - 1)
            let isRight =
              s < texts.count && texts[s].contains("!=") && rules.count > 1
                && run.optimizer.stateNames(of: n - 1).count > 1
              ? found.allSatisfy { $0 == 0 } : found.allSatisfy(\.isNaN)
            #expect(isRight, "\(engine) \(type) \(texts[s]) of \(n): \(found)")
            compared += found.count
          }
        }
      }
    }
    #expect(compared == 5 * 153 * (texts.count + formats.count))
  }

  // MARK: Domains

  @Test func domains() throws {
    let cases: [(domain: String, outside: [String], inside: [String])] = [
      ("[0, inf)", ["nan", "inf", "-inf", "-1e-300"], ["0", "-0", "1e308"]),
      ("[0, inf]", ["nan", "-inf", "-5e-324"], ["0", "inf"]),
      ("(0, inf)", ["nan", "0", "-0", "inf"], ["5e-324", "1e308"]),
      ("(-inf, inf)", ["nan", "inf", "-inf"], ["0", "-1e308"]),
      ("[-inf, inf]", ["nan"], ["inf", "-inf"]),
      ("[0, 1)", ["nan", "1", "inf"], ["-0", "0.5"]),
      (
        "[0, inf)",
        ["exponential_decay(1, 0.5, every = 0)", "exponential_decay(1, 0.5, every = -2)"], []
      ),
      ("[0, inf)", ["exponential_decay(1, 0.5, every = nan)", "cosine(nan)"], ["cosine(0.1)"]),
    ]
    var compared = 0
    for item in cases {
      let compiler = Compiler()
      let text = "rule R(lr = 0.5 in \(item.domain)) { w' = w - lr * g }"
      let errors = compiler.add(name: "test.opt", bytes: Array(text.utf8))
      #expect(errors.filter { $0.severity == .error }.map(\.message) == [])
      for (value, isInside) in item.outside.map({ ($0, false) }) + item.inside.map({ ($0, true) }) {
        do throws(DiagnosticError) {
          let rule = try compiler.rule("R(lr = \(value))")
          _ = try Optimizer(rule, parameters: [ParameterSpec(name: "w", dims: [2])], horizon: 10)
          #expect(isInside, "\(value) is in \(item.domain)")
        } catch {
          #expect(
            !isInside
              && error.diagnostics.map(\.code.number) == [value.contains("cosine") ? 507 : 502],
            "\(value) in \(item.domain): \(error.diagnostics.map(\.message))")
        }
        compared += 1
      }
    }
    #expect(compared == 36)
  }
}

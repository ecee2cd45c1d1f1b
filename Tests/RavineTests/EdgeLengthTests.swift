import Basics
import Diagnostics
import Driver
import Experiments
import Foundation
import IR
import Laboratory
import Runtime
import Support
import Testing

/// Lengths, records and arguments at the edges of 32 and 64 bits: an answer or a coded error, never a
/// trap.
@Suite struct EdgeLengthTests {
  private static let lengths: [Int] = [
    0, 1, 2, 3, 1 << 15, 1 << 16, (1 << 16) + 1, 46_341, 1_000_000_000, 1 << 30, (1 << 31) - 1,
    1 << 31, (1 << 31) + 1, (1 << 32) - 1, 1 << 32, 3_037_000_500, 1 << 53, 1 << 62, .max - 1, .max,
  ]

  private static func dims(_ random: inout SplitMix64) -> [Int] {
    (0..<Int(random.next() % 7)).map { _ in
      lengths[Int(random.next() % UInt64(lengths.count))]
    }
  }

  /// Windows, lists and examples of a batch lie in front of the tensor's own axes.
  private static let axes = """
    rule Window(lr = 0.1) { state h: window(64)
      h' = g
      w' = w - lr * sum over window h' / (1 + row_norm(h')[0]) }
    rule Lists(lr = 0.1, a = [0.1, 0.2, 0.3]) { state b: stack(a)
      b' = a * b + g
      w' = w - lr * mean over stack b' * max(row_max(b')[0]) }
    rule Batch(lr = 0.1) { input G: batch
      w' = w - lr * mean over batch (G / (1 + norm(G)) + col_sum(G)) }
    rule Flat(lr = 0.1) { state v: vector(numel)
      v' = flatten(g)
      w' = w - lr * reshape(v', rows, cols) * outer(v'[0:2], v'[0:2])[0, 0] }
    """

  @Test func tensors() throws {
    let campaign = Campaign("tensors", usual: 600, seed: 11)
    let compiler = Compiler()
    _ = compiler.add(name: "test.opt", bytes: Array(Self.axes.utf8))
    let rules = try (ZooRules.all + ["Window", "Lists", "Batch", "Flat"])
      .map { try compiler.rule($0) }
    let counts = [1, 2, 3, 64, 65] + Self.lengths
    var (bound, refused) = (0, 0)
    campaign.run { random, seed in
      let specs = (0..<1 + Int(random.next() % 2)).map {
        ParameterSpec(name: "w\($0)", dims: Self.dims(&random))
      }
      let rule = rules.randomElement(using: &random)!
      do throws(DiagnosticError) {
        _ = try RuleDescription(rule, parameters: specs)
        let axes = rule.module.axes
        func count(_ axis: AxisName) -> Int? {
          axes.contains(axis) ? counts.randomElement(using: &random) : nil
        }
        _ = try BoundRule(
          rule, parameters: specs,
          engine: random.next() % 3 == 0 ? .reference : .interpreter,
          elementType: random.next() % 2 == 0 ? .float32 : .float64,
          axes: AxisLengths(
            batch: count(.batch), groups: count(.groups), workers: count(.workers) ?? 1))
        bound += 1
      } catch {
        #expect(error.diagnostics.allSatisfy { $0.code.number > 0 }, "\(seed)")
        refused += 1
      }
    }
    #expect(bound > campaign.count / 20 && refused > campaign.count / 3)
  }

  /// The record of a tensor without elements says nothing about its lengths; numbers may be any.
  @Test func records() throws {
    let campaign = Campaign("records", usual: 600, seed: 12)
    let rules = try ["AdamW", "Muon", "Adafactor", "SM3", "Adam8bit", "Prodigy"].map {
      try Compiler().rule($0)
    }
    let numbers = [
      "0", "-0", "1", "-1.5", "5e-324", "1e-400", "1.7976931348623157e308", "-1e308", "1e400",
      "9223372036854775807", "-9223372036854775808", "18446744073709551616", "2147483648", "1e-45",
      "3.5e38", "0.1e-1", "1e+22", "null", "\"nan\"", "[]", "NaN",
    ]
    func any(_ count: Int, _ random: inout SplitMix64) -> String {
      let choice = UInt64(random.next() % 5 == 0 ? numbers.count : numbers.count - 6)
      return "["
        + (0..<count).map { _ in numbers[Int(random.next() % choice)] }.joined(separator: ", ")
        + "]"
    }
    // Lengths between fit into memory, and states of them would be made.
    let lengthsOfEmpty =
      numbers.filter { $0 != "2147483648" }
      + Self.lengths.filter { $0 <= 1 << 12 || $0 >= 1 << 38 }.map { "\($0)" }
    var (answers, replayed) = (0, 0)
    campaign.run { random, seed in
      var text: String
      if random.next() % 2 == 0 {
        let lengths = (0..<Int(random.next() % 7)).map { _ in
          lengthsOfEmpty[Int(random.next() % UInt64(lengthsOfEmpty.count))]
        }
        text = """
          {"shape": [\(lengths.joined(separator: ", "))], "p0": [], "gradients": [[]],
           "parameters": [[]]}
          """
      } else {
        let shape = [[], [1], [3], [2, 2], [1, 3], [4, 1, 1]][Int(random.next() % 6)]
        let count = shape.reduce(1, *)
        text = """
          {"shape": \(shape), "p0": \(any(count, &random)),
           "gradients": [\(any(count, &random)), \(any(count, &random))],
           "parameters": [\(any(count, &random)), \(any(count, &random))],
           "inputs": {"loss": \(any(2, &random)), "x": \(any(1, &random))},
           "recommended_tolerance": {"rel": \(numbers[Int(random.next() % 16)]), "abs": 0}}
          """
      }
      do throws(DiagnosticError) {
        let record = try Trajectory(bytes: Array(text.utf8), path: "record")
        let result = try Replay.run(
          rules[Int(random.next() % UInt64(rules.count))], on: record,
          engine: random.next() % 2 == 0 ? .reference : .interpreter,
          elementType: random.next() % 2 == 0 ? .float32 : .float64)
        #expect(!result.text.isEmpty, "\(seed)")
        replayed += 1
      } catch {
        #expect(!error.diagnostics.isEmpty, "\(seed)")
      }
      answers += 1
    }
    #expect(answers == campaign.count && replayed > answers / 10)
  }

  /// Rules whose hyperparameters are lengths, counts, shares and bounds.
  private static let rules = [
    """
    rule R(n = 2, m = 2) { state L: tensor(n, m, n)
      state k: vector(n)
      L' = 2 * L + norm(g)
      k' = k + iota(n) * sum(L)
      w' = w - g * sum(k) }
    """,
    """
    rule R(n = 2, m = 2) { state h: window(n)
      h' = g
      w' = w - m * sum over window h' / (1 + row_norm(h')[0]) }
    """,
    """
    rule R(n = 2, m = 2) { state x: vector(n) = iota(n)
      y = reshape(zeros(n, m), m, n)
      x' = x + sum(y @ y.T)
      w' = w - g * sum(x') * trace(eye(m)) }
    """,
    """
    rule R(n = 2, m = 2) { w' = w - quantile(g, n) * clip(g, n, m) * (t mod n) * topk_mask(g, m) }
    """,
    """
    rule R(n = 2, m = 2) { state h: window(3)
      h' = g
      w' = w - h'[n] * h'[m - n] }
    """,
    """
    rule R(n = 2, m = 2) { state h: window(3, vector(n))
      h' = sum(g) * iota(n)
      w' = w - g * sum(quantile over window (h', m)) }
    """,
    "rule R(n = 0.5, m = 0.5) = AdamW(lr = cosine(n, m), β1 = n, ε = warmup_cosine(m, warmup = n))",
  ]

  /// Hyperparameters that are lengths, in whole and broken numbers.
  @Test func arguments() throws {
    let campaign = Campaign("arguments", usual: 600, seed: 13)
    let numbers =
      Self.lengths.map { Double($0) }
      + [
        0.5, -1, -0.0, 1e9, 3e6, 1e15, 1e19, 1e300, -1e300, 0x1p-1074, .infinity, -.infinity, .nan,
      ]
    var (answers, bound) = (0, 0)
    var compilers: [Compiler] = []
    campaign.run { random, seed in
      // A compiler keeps each rule that it was asked for.
      if answers % 400 == 0 {
        compilers = Self.rules.map { text in
          let compiler = Compiler()
          let found = compiler.add(name: "test.opt", bytes: Array(text.utf8))
          #expect(found.filter { $0.severity == .error }.map(\.message) == [], "\(text)")
          return compiler
        }
      }
      let (n, m) = (
        numbers[Int(random.next() % UInt64(numbers.count))],
        random.next() % 2 == 0
          ? 2 : numbers[Int(random.next() % UInt64(numbers.count))]
      )
      func written(_ x: Double) -> String {
        x.isNaN ? "nan" : x.isInfinite ? x < 0 ? "-inf" : "inf" : "\(x)"
      }
      do throws(DiagnosticError) {
        let rule = try compilers.randomElement(using: &random)!
          .rule("R(n = \(written(n)), m = \(written(m)))")
        let spec = ParameterSpec(name: "w", dims: [3, 2])
        _ = try RuleDescription(rule, parameters: [spec])
        _ = try BoundRule(rule, parameters: [spec])
        bound += 1
      } catch {
        #expect(!error.diagnostics.isEmpty, "\(seed)")
      }
      answers += 1
    }
    #expect(answers == campaign.count && bound > answers / 20)
  }

  /// What an axis cannot count is too much memory, wherever it comes from.
  @Test(arguments: [
    ("rule R(n = 3e6) { state L: tensor(n, n, n)\n  L' = 2 * L\n  w' = w - g * sum(L) }", [4]),
    ("rule R(n = 3e6) { input L: tensor(n, n, n)\n  w' = w - g * sum(L) }", [4]),
    (
      "rule R(n = 64) { state h: window(n)\n  h' = g\n  w' = w - sum over window h' * row_norm(h')[0] }",
      [100_000_000, 20]
    ),
  ])
  func tooLongIsTooMuchMemory(_ text: String, _ dims: [Int]) throws {
    let compiler = Compiler()
    _ = compiler.add(name: "test.opt", bytes: Array(text.utf8))
    let rule = try compiler.rule("R")
    let spec = ParameterSpec(name: "w", dims: dims)
    for isBound in [true, false] {
      do throws(DiagnosticError) {
        if isBound {
          _ = try BoundRule(rule, parameters: [spec])
        } else {
          _ = try RuleDescription(rule, parameters: [spec])
        }
        Issue.record("no error")
      } catch {
        #expect(error.diagnostics.map(\.code.number) == [813])
        #expect(error.diagnostics.allSatisfy { compiler.sources.location($0.span) != nil })
      }
    }
  }

  /// So it is in the gradient of an objective, where axes are laid together to be summed.
  @Test func derivativesOfLongAxes() throws {
    let text = """
      objective f(x: tensor(2, 1, 65536) = 1, y: tensor(1, 65536, 1) = 1) = sum(x * y)
      minimize f with SGD for 1 steps
      """
    let compiler = Compiler()
    _ = compiler.add(name: "test.opt", bytes: Array(text.utf8))
    let module = try compiler.objective("f")
    do throws(DiagnosticError) {
      _ = try BoundObjective(module)
      Issue.record("no error")
    } catch {
      #expect(error.diagnostics.map(\.code.number) == [813])
    }
  }
}

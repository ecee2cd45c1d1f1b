import Basics
import Diagnostics
import Driver
import Experiments
import Foundation
import IR
import Laboratory
import Runtime
import Testing

/// Lengths, records and arguments at the edges of 32 and 64 bits: an answer or a coded error, never a
/// trap. RAVINE_CAMPAIGN asks for more of them.
@Suite struct EdgeLengthTests {
  private static let count =
    ProcessInfo.processInfo.environment["RAVINE_CAMPAIGN"].flatMap { Int($0) }.map { $0 * 50 }
    ?? 600

  private static let lengths: [Int] = [
    0, 1, 2, 3, 1 << 15, 1 << 16, (1 << 16) + 1, 46_341, 1_000_000_000, 1 << 30, (1 << 31) - 1,
    1 << 31, (1 << 31) + 1, (1 << 32) - 1, 1 << 32, 3_037_000_500, 1 << 53, 1 << 62, .max - 1, .max,
  ]

  private static func dims(_ random: inout SplitMix64) -> [Int] {
    (0..<Int(random.next() % 7)).map { _ in
      lengths[Int(random.next() % UInt64(lengths.count))]
    }
  }

  @Test func tensors() throws {
    var random = SplitMix64(11)
    let rules = try ["SGD", "AdamW", "Muon", "Adafactor", "Adam8bit", "SM3", "Shampoo"].map {
      try Compiler().rule($0)
    }
    var (bound, refused) = (0, 0)
    for k in 0..<Self.count {
      let spec = ParameterSpec(name: "w", dims: Self.dims(&random))
      let rule = rules[k % rules.count]
      do throws(DiagnosticError) {
        _ = try RuleDescription(rule, parameters: [spec])
        _ = try BoundRule(
          rule, parameters: [spec], engine: k % 3 == 0 ? .reference : .interpreter,
          elementType: k % 2 == 0 ? .float32 : .float64)
        bound += 1
      } catch {
        #expect(error.diagnostics.allSatisfy { $0.code.number > 0 })
        refused += 1
      }
    }
    #expect(bound > Self.count / 20 && refused > Self.count / 3)
  }

  /// The record of a tensor without elements says nothing about its lengths.
  @Test func records() throws {
    var random = SplitMix64(12)
    let rule = try Compiler().rule("AdamW")
    var answers = 0
    for _ in 0..<Self.count {
      let dims = Self.dims(&random)
      let text = """
        {"shape": [\(dims.map(String.init).joined(separator: ", "))], "p0": [], "gradients": [[]],
         "parameters": [[]]}
        """
      do throws(DiagnosticError) {
        let record = try Trajectory(bytes: Array(text.utf8), path: "record")
        _ = try Replay.run(rule, on: record)
      } catch {
        #expect(!error.diagnostics.isEmpty)
      }
      answers += 1
    }
    #expect(answers == Self.count)
  }

  /// Hyperparameters that are lengths, in whole and broken numbers.
  @Test func arguments() throws {
    var random = SplitMix64(13)
    let numbers =
      Self.lengths.map { Double($0) } + [0.5, -1, 1e9, 3e6, 1e15, 1e19, 1e300, .infinity, .nan]
    let text = """
      rule R(n = 2, m = 2) { state L: tensor(n, m, n)
      state k: vector(n)
      L' = 2 * L + norm(g)
      k' = k + iota(n) * sum(L)
      w' = w - g * sum(k) }
      """
    var answers = 0
    for _ in 0..<Self.count / 3 {
      let (n, m) = (
        numbers[Int(random.next() % UInt64(numbers.count))],
        numbers[Int(random.next() % UInt64(numbers.count))]
      )
      func written(_ x: Double) -> String { x.isNaN ? "nan" : x.isInfinite ? "inf" : "\(x)" }
      do throws(DiagnosticError) {
        let compiler = Compiler()
        _ = compiler.add(name: "test.opt", bytes: Array(text.utf8))
        let rule = try compiler.rule("R(n = \(written(n)), m = \(written(m)))")
        let spec = ParameterSpec(name: "w", dims: [3, 2])
        _ = try RuleDescription(rule, parameters: [spec])
        _ = try BoundRule(rule, parameters: [spec])
      } catch {
        #expect(!error.diagnostics.isEmpty)
      }
      answers += 1
    }
    #expect(answers == Self.count / 3)
  }
}

import Basics
import Diagnostics
import Driver
import Foundation
import IR
import Laboratory
import Symbolic
import Testing
import Zoo

/// What the algebra says of rules against simulation, over the zoo.
/// RAVINE_CAMPAIGN asks for all rules.
@Suite struct ContentCampaign {
  static let dims = [2, 3]

  /// Gradients that break averages: spikes, turned signs, growth, decay, zeros.
  static func hostile(_ kind: Int, steps: Int, seed: UInt64) -> [[Double]] {
    var random = SplitMix64(seed &* 7_919 &+ UInt64(kind))
    return (0..<steps).map { k in
      (0..<6).map { _ in
        let x = random.normal()
        switch kind {
        case 0: return x
        case 1: return k % 9 == 8 ? 1e4 * x : 1e-3 * x
        case 2: return (k % 2 == 0 ? 1 : -1) * (1 + 0.1 * abs(x))
        case 3: return Foundation.pow(1.6, Double(k)) * (1 + 0.01 * x)
        case 4: return Foundation.pow(0.5, Double(k)) * x
        case 5: return k < 5 ? 0 : x
        case 6: return random.unit() < 0.7 ? 0 : 100 * x
        default: return 1
        }
      }
    }
  }

  /// All rules where RAVINE_CAMPAIGN is set, else every twelfth; what wraps a rule wraps Adam, or SGD
  /// where it clips.
  static var zoo: [String] {
    let compiler = Compiler()
    let all = Library.shared.declarations.filter { $0.kind == .rule }.map(\.name)
      .map { name in
        guard (try? compiler.rule(name)) == nil else { return name }
        return name.hasPrefix("Clip") ? "\(name)(SGD)" : "\(name)(Adam)"
      }
    if isWhole { return all }
    return all.enumerated().filter { $0.offset % 12 == 1 }.map(\.element)
  }

  static var isWhole: Bool { ProcessInfo.processInfo.environment["RAVINE_CAMPAIGN"] != nil }

  /// Whether no step of a rule exceeds its bounds; nil where there is none, or it cannot be run.
  static func checkBounds(_ name: String, _ compiler: Compiler) throws -> (steps: Int, has: Bool)? {
    guard let rule = try? compiler.rule(name), rule.module.variants.count == 1 else { return nil }
    for generality in [Generality.all, .withoutSwitches] {
      guard let algebra = try? RuleAlgebra(rule, generality: generality),
        let bounds = try? algebra.bounds(), bounds.update != nil || bounds.norm != nil
      else { continue }
      return (try check(bounds, algebra, rule), true)
    }
    return (0, false)
  }

  private static func check(
    _ bounds: RuleBounds, _ algebra: RuleAlgebra, _ rule: Rule
  ) throws -> Int {
    let steps = 40
    let printer = algebra.printer
    var checked = 0
    for kind in 0..<8 {
      let gradients = hostile(kind, steps: steps, seed: 3)
      let start = [0.5, -1, 2, 0, -0.25, 1e-3]
      guard let path = try? rule.path(from: start, dims: dims, gradients) else { return checked }
      for k in 1...steps {
        let (before, after) = (path[k - 1], path[k])
        guard zip(before, after).allSatisfy({ $0.isFinite && $1.isFinite && abs($1) < 1e12 }) else {
          break
        }
        var evaluator = Evaluator(algebra.table, rows: 2, cols: 3)
        for (symbol, _, typical) in algebra.setting.symbols {
          evaluator.set(symbol, typical ?? 0.5)
        }
        evaluator.set(algebra.rule.weight, before)
        evaluator.set(algebra.rule.step, Double(k))
        let holds = bounds.conditions.allSatisfy { condition in
          guard let x = evaluator.number(condition.term) else { return false }
          return condition.kind == .nonzero ? x != 0 : condition.kind == .positive ? x > 0 : x >= 0
        }
        guard holds else { return checked }
        if let update = bounds.update, let most = evaluator.values(update) {
          for i in before.indices {
            let move: Double = abs(after[i] - before[i])
            let size: Double = abs(before[i]) + abs(after[i])
            let limit: Double = most[i] + 1e-9 * most[i] + 1e-14 * size
            let text = "\(rule.label) \(printer.text(update)) \(kind) \(k) \(move) \(most[i])"
            #expect(move <= limit, "\(text)")
            checked += 1
          }
        }
        if let norm = bounds.norm, let most = evaluator.number(norm) {
          var squares = 0.0
          var size = 0.0
          for i in before.indices {
            squares += (before[i] - after[i]) * (before[i] - after[i])
            size += abs(before[i]) + abs(after[i])
          }
          let move = squares.squareRoot()
          let text = "\(rule.label) norm \(printer.text(norm)) \(kind) \(k) \(move) \(most)"
          #expect(move <= most * (1 + 1e-9) + 1e-13 * size, "\(text)")
          checked += 1
        }
      }
    }
    return checked
  }

  @Test func boundsOfTheZooHold() throws {
    let compiler = Compiler()
    var bounded = 0
    var steps = 0
    for name in Self.zoo {
      guard let found = try Self.checkBounds(name, compiler) else { continue }
      if found.has { bounded += 1 }
      steps += found.steps
    }
    #expect(bounded >= (Self.isWhole ? 60 : 2), "\(bounded)")
    #expect(steps > (Self.isWhole ? 40_000 : 2_000), "\(steps)")
  }

  /// Sums and first values of states against the reference evaluator, and "yes" against numbers.
  @Test func closedFormsAndSymmetriesOfTheZooHold() throws {
    let compiler = Compiler()
    var symmetries = 0
    var refuted = 0
    var closed = 0
    for name in Self.zoo {
      guard let rule = try? compiler.rule(name), rule.module.variants.count == 1,
        let algebra = try? RuleAlgebra(rule)
      else { continue }
      for finding in (try? Invariance(algebra.rule).findings) ?? [] where finding.holds == true {
        let witness = rule.witness(against: finding.change)
        #expect(witness == nil, "\(name): \(finding.property): \(witness ?? "")")
        symmetries += 1
      }
      for finding in (try? algebra.invariance()) ?? [] where finding.holds == false { refuted += 1 }
      for state in algebra.rule.states {
        if (try? algebra.history(of: state.name)) != nil { closed += 1 }
      }
    }
    let least = Self.isWhole ? (300, 100, 50) : (20, 7, 3)
    #expect(symmetries > least.0 && refuted > least.1 && closed > least.2)
  }
}

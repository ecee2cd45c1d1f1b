import Basics
import Diagnostics
import Driver
import Experiments
import IR
import Testing
import Training

@testable import Search

/// Plain meaning of a program, one element at a time, for comparing with.
struct PlainRun {
  /// The weights after each step.
  static func weights(
    _ program: Genome, gradients: [[Double]], start: [Double], rate: Double
  ) -> [[Double]] {
    let count = start.count
    var weights = start
    var states = program.states.map { [Double](repeating: $0.first, count: count) }
    var found: [[Double]] = []
    for (t, gradient) in gradients.enumerated() {
      var made: [[Double]] = []
      func value(_ r: Genome.Reference) -> [Double] {
        if let i = r.node { return made[i] }
        if let k = r.state { return states[k] }
        if let k = r.number { return [Double](repeating: program.numbers[k], count: count) }
        switch r {
        case .weights: return weights
        case .gradient: return gradient
        case .rate: return [Double](repeating: rate, count: count)
        case .step: return [Double](repeating: Double(t + 1), count: count)
        default: return [Double](repeating: Double(gradients.count), count: count)
        }
      }
      for node in program.nodes {
        let operands = (0..<node.arity).map { value(node[$0]) }
        if node.operation == .sum {
          let sum = operands[0].reduce(0, +)
          made.append([Double](repeating: sum, count: count))
        } else {
          made.append(
            (0..<count).map { i in Folding.fold(node.operation, operands.map { $0[i] })! })
        }
      }
      let next = value(program.weights)
      states = program.states.map { value($0.next) }
      weights = next
      found.append(weights)
    }
    return found
  }

  /// Gradients that no probe has: of several sizes, for many steps.
  static func heldOut(_ seed: UInt64, steps: Int) -> [[Double]] {
    var random = SplitMix64(seed)
    return (0..<steps).map { _ in
      (0..<6).map { i in random.normal() * [1, 0.01, 30, 1, 0.3, 1e-4][i] }
    }
  }
}

/// A stream of mutants, each of one before it, as a search makes them.
struct MutantStream {
  private var random: SplitMix64
  private var pool: [Genome]
  private let mutator: Mutator

  init(_ seed: UInt64, from starts: [Genome], functions: FunctionSet = .standard) {
    random = SplitMix64(seed)
    pool = starts
    mutator = Mutator(functions, longest: 32)
  }

  mutating func next() -> (parent: Genome, program: Genome, kind: Mutator.Kind) {
    while true {
      let k = Int(random.next() % UInt64(pool.count))
      let donor = pool[Int(random.next() % UInt64(pool.count))]
      guard let (program, kind) = mutator.mutant(of: pool[k], donor: donor, &random) else {
        continue
      }
      let parent = pool[k]
      if program.flaw == nil {
        if pool.count < 64 { pool.append(program) } else { pool[k] = program }
      }
      return (parent, program, kind)
    }
  }
}

func program(_ text: String) throws -> Genome { try Genome(try Compiler().rule(text)) }

/// A rule that is written here.
func program(source: String, _ name: String) throws -> Genome {
  let compiler = Compiler()
  let bag = compiler.add(name: "<test>", bytes: Array(source.utf8))
  precondition(bag.allSatisfy { $0.severity != .error }, "\(bag)")
  return try Genome(try compiler.rule(name))
}

func searchTasks(_ names: [String]) throws -> [SearchTask] {
  let script = Script(Compiler(), options: Script.Options(), output: { _ in })
  return try names.map { name in
    var task = try script.task(named: name)
    task.settings.target = nil
    return SearchTask(
      name, digest: task.digest, try task.evaluator(choosing: true, interrupt: .none))
  }
}

/// What a body throws has this code first.
func expectCode(_ code: DiagnosticCode, _ body: () throws -> Void) {
  do {
    try body()
    Issue.record("nothing was thrown")
  } catch let error as DiagnosticError {
    #expect(error.diagnostics.first?.code == code, "\(error)")
  } catch {
    Issue.record("\(error)")
  }
}

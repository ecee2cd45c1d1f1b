import Basics
import Driver
import IR
import Testing
import Training
import Zoo

@testable import Search

/// Programs and the rules that they stand for.
@Suite struct GenomeTests {
  @Test func rulesOfTheZooAreProgramsThatDoTheSame() throws {
    let compiler = Compiler()
    let task = try searchTasks(["bowl_easy"])[0]
    var compared = 0
    var refused: [String: Int] = [:]
    for name in Library.shared.names(.rule) {
      guard let rule = try? compiler.rule(name), rule.module.variants.count == 1 else { continue }
      let made: Genome
      do { made = try Genome(rule) } catch {
        refused["\(error)", default: 0] += 1
        continue
      }
      #expect(Genome(bytes: made.bytes) == made, "\(name)")
      let frame = try #require(RateFrame(rule))
      let again = try #require(made.rule(name, frame), "\(name)")
      try again.module.variants[0].update.verify(after: name)
      let losses = try [rule, again].map { rule in
        let hyper = try rule.position(of: "lr")
        let trial = TaskEvaluator.Trial(rule, settings: [[(hyper, 0.01)]], seeds: [1])
        return try task.evaluator.outcomes([trial], threads: nil)[0].get()[0].loss
      }
      #expect(
        losses[0] == losses[1] || abs(losses[0] - losses[1]) <= 1e-9 * abs(losses[0])
          || losses[0].isNaN && losses[1].isNaN, "\(name): \(losses)")
      compared += 1
    }
    #expect(compared >= 50, "\(compared) \(refused)")
  }

  @Test func whatIsDeadIsCleaned() throws {
    var adam = try program("AdamW")
    let size = adam.nodes.count
    adam.nodes.append(Genome.Node(.multiply, .gradient, .state(0)))
    adam.states.append(Genome.State(first: 0, isNumber: false, next: .node(size)))
    #expect(adam.cleaned() == (try program("AdamW")))
  }

  @Test(arguments: [
    [UInt8](), [0], [1, 0, 0, 0], [1, 9, 0, 0, 128], [1, 0, 0, 1, 255, 0, 0],
    [1, 0, 0, 0, 128, 0], [1, 0, 0, 1, 21, 0, 128],
  ])
  func bytesThatAreNoProgramAreRefused(_ bytes: [UInt8]) {
    #expect(Genome(bytes: bytes) == nil)
  }

  @Test func anyBytesAreAnswered() throws {
    let good = try program("AdamW").bytes
    var random = SplitMix64(4)
    var (read, refused) = (0, 0)
    for _ in 0..<20_000 {
      var bytes = good
      for _ in 0..<(1 + random.next() % 3) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      if let made = Genome(bytes: bytes) {
        read += 1
        #expect(made.bytes == bytes)
      } else {
        refused += 1
      }
    }
    #expect(read > 100 && refused > 100)
  }
}

/// Mutants are programs: they have the shapes that rules must have, and run.
@Suite struct MutatorTests {
  @Test func mutantsAreRules() throws {
    let frame = try #require(RateFrame(try Compiler().rule("AdamW")))
    var stream = MutantStream(11, from: [try program("AdamW"), try program("SGD")])
    var kinds: [Mutator.Kind: Int] = [:]
    var (sound, flawed) = (0, 0)
    for _ in 0..<20_000 {
      let (parent, program, kind) = stream.next()
      kinds[kind, default: 0] += 1
      #expect(program != parent)
      #expect(program.cleaned() == program)
      #expect(Genome(bytes: program.bytes) == program)
      if program.flaw != nil {
        flawed += 1
        continue
      }
      let rule = try #require(program.rule("Mutant", frame), "\(program)")
      try rule.module.variants[0].update.verify(after: "a mutation")
      sound += 1
    }
    // All but what is left out at the end, which no mutation makes.
    #expect(Set(kinds.keys) == Set(Mutator.Kind.allCases).subtracting([.prune]), "\(kinds)")
    #expect(kinds.values.min()! > 50, "\(kinds)")
    #expect(sound > 10_000, "\(sound) sound, \(flawed) flawed")
  }

  @Test func onlyFunctionsThatAreNamedComeIn() throws {
    let set = try FunctionSet.named(["sign", "add"]).get()
    var stream = MutantStream(5, from: [try program("SGD")], functions: set)
    let start = Set(try program("SGD").nodes.map(\.operation))
    for _ in 0..<3_000 {
      let operations = Set(stream.next().program.nodes.map(\.operation))
      // A new state is an average, whatever the set is.
      #expect(operations.subtracting(start).isSubset(of: [.sign, .add, .multiply]))
    }
  }

  @Test func unknownFunctionsAreNamed() {
    guard case .failure(let unknown) = FunctionSet.named(["sign", "sihgn"]) else {
      Issue.record("it was taken")
      return
    }
    #expect(unknown.name == "sihgn")
  }
}

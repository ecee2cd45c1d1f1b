import AllocationCount
import CKernels
import Diagnostics
import Driver
import IR
import Platform
import Testing

@testable import Runtime

/// The same bits for any number of threads.
@Suite struct ThreadTests {
  /// Small blocks, and threads for everything: what large tensors have, at the price of small ones.
  static let fine = Cutting(block: 128, worth: 0)
  static let counts = [2, 3, 7]

  /// The rules that stand beside the recorded trajectories, and some that go through the prelude.
  static let rules: [String] = {
    let path = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    guard let file = fopen("/" + path + "/Golden/golden.tsv", "r") else { return [] }
    defer { fclose(file) }
    var text = ""
    var line = [CChar](repeating: 0, count: 4096)
    while fgets(&line, 4096, file) != nil {
      text += String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    let golden = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
      .compactMap { $0.split(separator: "\t").dropFirst().first.map(String.init) }
    return Array(Set(golden + EnginesAgreeTests.rules)).sorted()
  }()

  /// Bound to their names once: the zoo is checked as a whole.
  static let instances: [String: Rule] = {
    let compiler = Compiler()
    var found: [String: Rule] = [:]
    for rule in rules + ["LAMB", "Lion"] { found[rule] = try? compiler.rule(rule) }
    return found
  }()

  static let specs = [
    ParameterSpec(name: "a", dims: [20, 17]), ParameterSpec(name: "b", dims: [400]),
    ParameterSpec(name: "c", dims: [7]), ParameterSpec(name: "d", dims: [12, 12]),
    ParameterSpec(name: "e", dims: [2, 3, 40]), ParameterSpec(name: "f", dims: [5, 64]),
    ParameterSpec(name: "g", dims: []), ParameterSpec(name: "h", dims: [0]),
    ParameterSpec(name: "i", dims: [3, 2, 1, 2, 30]), ParameterSpec(name: "j", dims: [1, 130]),
    ParameterSpec(name: "k", dims: [150, 1]),
  ]

  /// Parameters and states after some steps, as they lie in memory.
  static func run(
    _ rule: Rule, _ specs: [ParameterSpec], _ element: ElementType, threads: Int,
    cutting: Cutting = fine, offset: Int = 0, steps: Int = 2
  ) throws -> [Dense] {
    let host = HostTensors(specs, element, offset: offset)
    let optimizer = try Optimizer(
      rule, parameters: specs, engine: .interpreter, elementType: element, seed: 7, horizon: 10,
      threads: threads, axes: Self.axes, cutting: cutting)
    optimizer.bind(
      parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    for step in 1...steps {
      host.setGradients(step: step)
      try optimizer.step(loss: 1 / Double(step)) { (points, gradients) throws(DiagnosticError) in
        // A bowl around 0.3, in the order of the tensors.
        var loss = 0.0
        for (k, spec) in specs.enumerated() {
          for i in 0..<spec.count {
            let x = rv_number_at(element.kernelElement, points[k], Int64(i)) - 0.3
            loss += x * x
            if let gradients {
              rv_set_number(element.kernelElement, gradients[k], Int64(i), 2 * x)
            }
          }
        }
        return loss
      }
    }
    var result = specs.indices.map { host.get(host.parameters[$0], specs[$0].count) }
    for k in specs.indices {
      for name in optimizer.stateNames(of: k) {
        let values = optimizer.state(name, of: k)!
        result.append(Dense(shape: [values.count], values: values))
      }
    }
    return result
  }

  /// Examples and groups for the rules that have such axes.
  static let axes = AxisLengths(batch: 3, groups: 2)

  static func same(_ x: [Dense], _ y: [Dense]) -> Bool {
    x.count == y.count
      && zip(x, y).allSatisfy { $0.values.map(\.bitPattern) == $1.values.map(\.bitPattern) }
  }

  @Test func everyRuleOfTheZooStands() {
    #expect(Self.rules.count > 100)
  }

  @Test(arguments: rules)
  func rulesDoNotDependOnThreads(_ text: String) throws {
    let rule = try #require(Self.instances[text])
    let usable = Self.specs.filter { spec in
      (try? Optimizer(rule, parameters: [spec], threads: 1, axes: Self.axes)) != nil
    }
    #expect(!usable.isEmpty)
    let element = text.utf8.count % 2 == 0 ? ElementType.float32 : .float64
    let one: [Dense]
    do { one = try Self.run(rule, usable, element, threads: 1) } catch {
      // A matrix function without an answer has none on several threads either.
      #expect(throws: DiagnosticError.self) { try Self.run(rule, usable, element, threads: 3) }
      return
    }
    for threads in Self.counts {
      let many = try Self.run(rule, usable, element, threads: threads)
      #expect(Self.same(one, many), "\(text), \(element), \(threads) threads")
    }
  }

  @Test func randomProgramsDoNotDependOnThreads() throws {
    var (blocks, compared) = (0, 0)
    for seed in 0..<RandomProgramTests.count(100) {
      var random = RandomPrograms(seed: UInt64(seed) + 1000, .tame, sizes: [1, 3, 17, 40, 67])
      let (function, environment) = random.make(size: 4 + seed % 40)
      let functions = [Function](repeating: function, count: 3)
      let environments = [ReferenceEnvironment](repeating: environment, count: 3)
      func run(_ threads: Int) throws -> [Dense] {
        var program = InterpretedProgram(
          functions, element: seed % 2 == 0 ? .float64 : .float32, threads: threads)
        program.cutting = Self.fine
        return try program.evaluate(environments).outputs.flatMap { $0.map(\.value) }
      }
      guard let one = try? run(1) else { continue }
      compared += 1
      blocks += one.reduce(0) { $0 + $1.count / 128 }
      for threads in Self.counts {
        #expect(Self.same(one, try run(threads)), "seed \(seed), \(threads) threads")
      }
    }
    #expect(blocks > 300)
    #expect(compared > RandomProgramTests.count(100) * 7 / 8)
  }

  /// Rows and columns of sums, in a rule of two passes.
  static let factored = """
    rule Factored(lr = 0.1) {
        state R: vector(rows), C: vector(cols), P: vector(cols)
        R' = lerp(R, row_mean(g^2), 0.5)
        C' = lerp(C, col_mean(g * w), 0.5)
        P' = col_max(abs(g))
        w' = w - lr * g / (1 + R' + C' * norm(g) + P')
    }
    """

  /// Blocks of whole rows, rows longer than a block, and accumulators of columns in each block.
  @Test(arguments: [
    [1, 5_000], [5_000, 1], [3, 129], [200, 127], [128, 128], [7, 1_000], [0, 9],
  ])
  func rowsAndColumns(_ dims: [Int]) throws {
    let rule = try OptimizerTests.rule(Self.factored, "Factored")
    let specs = [ParameterSpec(name: "w", dims: dims), ParameterSpec(name: "v", dims: [31, 40])]
    let expected = try EnginesAgreeTests.run(rule, specs, .reference, .float64, steps: 2)
    let one = try Self.run(rule, specs, .float64, threads: 1)
    for (x, y) in zip(one, expected) { #expect(difference(x, y) <= 1e-11, "\(dims)") }
    for threads in Self.counts {
      #expect(Self.same(one, try Self.run(rule, specs, .float64, threads: threads)))
    }
  }

  @Test(arguments: [0, 1, 2, 255, 256, 257, 2047, 2048, 2049, 16_383, 16_384, 16_385, 49_157])
  func lengthsAroundChunksAndBlocks(_ length: Int) throws {
    for text in ["AdamW", "LAMB", "ClipGlobalNorm(Lion, c = 0.5)"] {
      let rule = try Compiler().rule(text)
      let specs = [
        ParameterSpec(name: "w", dims: [length]), ParameterSpec(name: "v", dims: [300]),
      ]
      for element in ElementType.computed {
        let cutting = Cutting(block: Cutting.usual.block, worth: 0)
        let one = try Self.run(rule, specs, element, threads: 1, cutting: cutting)
        let three = try Self.run(rule, specs, element, threads: 3, cutting: cutting)
        #expect(Self.same(one, three), "\(text) \(length) \(element)")
        let moved = try Self.run(
          rule, specs, element, threads: 3, cutting: cutting, offset: element.byteCount)
        #expect(Self.same(one, moved), "\(text) \(length) \(element), unaligned")
      }
      // And it is right: the reference in float64.
      let expected = try EnginesAgreeTests.run(rule, specs, .reference, .float64, steps: 2)
      let got = try Self.run(rule, specs, .float64, threads: 2)
      for (x, y) in zip(got, expected) {
        #expect(difference(x, y) <= 1e-11, "\(text) \(length)")
      }
    }
  }

  // MARK: The pool

  @Test func everyItemIsDoneOnce() {
    for threads in [2, 3, 5] {
      for items in [2, 3, 7, 64, 1_000] {
        let done = UnsafeMutablePointer<Int32>.allocate(capacity: items)
        done.initialize(repeating: 0, count: items)
        // Another test may have the pool.
        while rv_pool_run(
          Int32(threads), Int64(items),
          { context, item, _ in
            context!.assumingMemoryBound(to: Int32.self)[Int(item)] += 1
          }, done) == 0
        { usleep(100) }
        #expect((0..<items).allSatisfy { done[$0] == 1 })
        done.deallocate()
      }
    }
  }

  /// A job within a job does its work alone.
  @Test func jobsNest() {
    let counters = UnsafeMutablePointer<Int64>.allocate(capacity: 8)
    counters.initialize(repeating: 0, count: 8)
    while rv_pool_run(
      4, 8,
      { context, item, _ in
        let inner = rv_pool_run(4, 8, { _, _, _ in }, nil)
        context!.assumingMemoryBound(to: Int64.self)[Int(item)] += Int64(inner) + 1
      }, counters) == 0
    { usleep(100) }
    #expect((0..<8).allSatisfy { counters[$0] == 1 })
    counters.deallocate()
  }

  /// Optimizers on several threads of the host take turns with the pool.
  @Test func optimizersRunAtOnce() throws {
    let rule = try Compiler().rule("LAMB")
    let expected = try Self.run(rule, Self.specs, .float32, threads: 1, steps: 5)
    let box = Results(count: 4)
    var threads = [pthread_t?](repeating: nil, count: 4)
    for k in 0..<4 {
      let argument = Unmanaged.passRetained(Work(index: k, rule: rule, box: box)).toOpaque()
      #if canImport(Darwin)
        var thread: pthread_t?
      #else
        var thread = pthread_t()
      #endif
      pthread_create(
        &thread, nil,
        { argument in
          #if canImport(Darwin)
            let raw = argument
          #else
            let raw = argument!
          #endif
          let work = Unmanaged<Work>.fromOpaque(raw).takeRetainedValue()
          work.box.values[work.index] =
            (try? ThreadTests.run(work.rule, ThreadTests.specs, .float32, threads: 3, steps: 5))
            ?? []
          return nil
        }, argument)
      threads[k] = thread
    }
    for thread in threads { if let thread { pthread_join(thread, nil) } }
    for k in 0..<4 { #expect(Self.same(box.values[k], expected)) }
  }

  private final class Results: @unchecked Sendable {
    let values: UnsafeMutablePointer<[Dense]>
    init(count: Int) {
      values = .allocate(capacity: count)
      values.initialize(repeating: [], count: count)
    }
  }

  private final class Work {
    let index: Int
    let rule: Rule
    let box: Results
    init(index: Int, rule: Rule, box: Results) {
      self.index = index
      self.rule = rule
      self.box = box
    }
  }

  @Test(arguments: ["AdamW", "LAMB", "Muon", "MuonAdamW", "ClipGlobalNorm(MuonAdamW)"])
  func aStepOfSeveralThreadsAllocatesNothing(_ text: String) throws {
    let specs = [
      ParameterSpec(name: "w", dims: [48, 40]), ParameterSpec(name: "v", dims: [30, 30]),
      ParameterSpec(name: "u", dims: [64, 8]),
    ]
    let optimizer = try Optimizer(
      Compiler().rule(text), parameters: specs, engine: .interpreter, elementType: .float32,
      seed: 0, horizon: 0, threads: 3, cutting: Self.fine)
    let host = HostTensors(specs, .float32)
    host.setGradients(step: 1)
    optimizer.bind(
      parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    for _ in 0..<50 { try optimizer.step() }
    let before = rv_allocation_count()
    for _ in 0..<500 { try optimizer.step() }
    #expect(rv_allocation_count() == before)
  }
}

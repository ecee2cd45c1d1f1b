import Diagnostics
import Driver
import IR
import Native
import Platform
import Testing

@testable import Runtime

enum NativeTesting {
  /// Kept between runs, beside what was built.
  static let settings = NativeCompiler.Settings(
    compiler: NativeCompiler.Settings.usual.compiler,
    cache: #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
      + "/.build/native-test-cache")

  static var compiler: NativeCompiler {
    NativeCompiler(settings) { Issue.record("\($0)") }
  }

  static let isPossible: Bool = {
    let compiler = NativeCompiler(settings)
    let function = try? RuleFunctions.adamW(2, 2)
    guard let function, let plan = try? Planner.plan(function, element: .float32) else {
      return false
    }
    let code = compiler.compile(plan.sources(PlanNames()), effort: .always)
    return code.take()?.contains { $0 != nil } ?? false
  }()
}

/// Compiled passes against interpreted ones: equal to the bit.
@Suite(.enabled(if: NativeTesting.isPossible)) struct NativeAgreementTests {
  /// Elements whose bits differ; any two NaNs are alike.
  static func differences(
    _ a: ReferenceProgram.Result, _ b: ReferenceProgram.Result
  ) -> [String] {
    var found: [String] = []
    if a.outputs[0].count != b.outputs[0].count { found.append("outputs") }
    for (x, y) in zip(a.outputs[0], b.outputs[0]) {
      if x.value.count != y.value.count { found.append("\(x.target): counts") }
      for (i, (p, q)) in zip(x.value.values, y.value.values).enumerated()
      where p.bitPattern != q.bitPattern && !(p.isNaN && q.isNaN) {
        found.append("\(x.target) \(i): \(p), not \(q)")
      }
    }
    return found
  }

  @Test(arguments: [ElementType.float64, .float32])
  func randomPrograms(_ element: ElementType) throws {
    let compiler = NativeTesting.compiler
    var compared = 0
    for seed in 0..<RandomProgramTests.count(60) {
      let kind: RandomPrograms.Kind = seed % 3 == 0 ? .exact : seed % 3 == 1 ? .tame : .smooth
      var random = RandomPrograms(seed: UInt64(seed) + 90_000, kind)
      let (function, environment) = random.make(size: 4 + seed % 60)
      let limit = seed % 2 * 4_000
      guard
        let expected = try? InterpretedProgram(
          [function], element: element, unrollLimit: limit
        ).evaluate([environment])
      else { continue }
      let got = try InterpretedProgram(
        [function], element: element, unrollLimit: limit, compiler: compiler
      ).evaluate([environment])
      #expect(Self.differences(got, expected).prefix(3) == [], "seed \(seed)")
      compared += 1
    }
    #expect(compared > RandomProgramTests.count(60) * 7 / 8)
  }

  private static let special: [Double] = [
    0, -0.0, 1, -1, 0.5, -0.5, 2, 3, -2.5, 1.5, .nan, .infinity, -.infinity, 0x1p-1030, -0x1p-1030,
    1e-40,
    -3e-42, 1e30, -1e30, 3e38, 1e300, 88, -104, 89.5, 0.6249, 0.626, 709, -745, .pi, 44.5, 1e-8,
    123_456.789, 0.999_999, 7.25, -0.1, 20, 1e-20,
  ]

  /// Every elementwise operation on vectors, and with numbers in each place.
  @Test(arguments: [ElementType.float64, .float32])
  func everyElementwiseOperation(_ element: ElementType) throws {
    let n = Self.special.count
    let type = ValueType(.real, Shape([.fixed(n * n)]))
    var b = FunctionBuilder(name: "operations")
    let x = b.source(.parameter, type)
    let y = b.source(.gradient, type)
    let z = b.source(.state, type, attribute: 0)
    let numbers = [b.source(.hyper, .scalar), b.constant(0.3), b.source(.step, .scalar)]
    let conditions = [try b.make(.less, x, y), try b.make(.greater, y, z)]
    let scalarConditions = [
      try b.make(.less, numbers[0], numbers[2]), try b.make(.greater, numbers[0], numbers[2]),
    ]
    var outputs = 0
    var names: [String] = []
    for operation in Operation.allCases where operation.isElementwise {
      let arity = operation.info.arity
      let isLogical = [.logicalNot, .logicalAnd, .logicalOr].contains(operation)
      for mask in 0..<(1 << arity) - 1 {
        let operands = [x, y, z].prefix(arity).enumerated().map { k, v in
          let isNumber = mask >> k & 1 == 1
          if isLogical || operation == .select && k == 0 {
            return isNumber ? scalarConditions[(k + mask) % 2] : conditions[k]
          }
          return isNumber ? numbers[(k + mask) % 3] : v
        }
        b.output(.view("v\(outputs)"), try b.make(operation, operands))
        names.append("\(operation) \(mask)")
        outputs += 1
      }
    }
    for exponent in [2, 3, 4, -1, 0.5, 1, 0, 2.5, -0.5] {
      b.output(.view("v\(outputs)"), try b.make(.power, x, b.constant(exponent)))
      names.append("power \(exponent)")
      outputs += 1
    }
    let values = (0..<n * n).map { Self.special[$0 % n] }
    let environment = ReferenceEnvironment(
      hypers: [0.7], step: 3, parameters: [Dense(shape: [n * n], values: values)],
      gradients: [
        Dense(shape: [n * n], values: (0..<n * n).map { Self.special[$0 / n] })
      ],
      states: [Dense(shape: [n * n], values: values.reversed())])
    let function = b.finish()
    let expected = try InterpretedProgram([function], element: element).evaluate([environment])
    let got = try InterpretedProgram(
      [function], element: element, compiler: NativeTesting.compiler
    ).evaluate([environment])
    #expect(got.outputs[0].count == outputs)
    for (k, (p, q)) in zip(got.outputs[0], expected.outputs[0]).enumerated() {
      let wrong = zip(p.value.values, q.value.values).enumerated().filter { _, pair in
        pair.0.bitPattern != pair.1.bitPattern && !(pair.0.isNaN && pair.1.isNaN)
      }
      let first = wrong.prefix(2).map { ($0.element, values[$0.offset]) }
      #expect(wrong.isEmpty, "\(names[k]): \(first)")
    }
  }

  static let lengths = [
    0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 1023, 1024, 1025, 2047,
    2048, 2049, 4099,
  ]

  /// A rule that reduces and one that does not, at every length around a vector, at any address.
  @Test(arguments: ["AdamW", "LAMB", "Lion", "ClipGlobalNorm(AdamW, c = 0.5)"])
  func lengthsAndAddresses(_ text: String) throws {
    let rule = try Compiler().rule(text)
    let native = NativeTesting.compiler
    for element in [ElementType.float32, .float64] {
      for count in Self.lengths {
        var results: [[UInt8]] = []
        for engine in [EngineKind.interpreter, .native] {
          let optimizer = try Optimizer(
            rule, parameters: [ParameterSpec(name: "w", dims: [count])], engine: engine,
            elementType: element, seed: 3, compiler: native)
          if engine == .native {
            #expect(optimizer.passCount.compiled == optimizer.passCount.all)
          }
          // One element past an aligned address.
          let bytes = (count + 2) * element.byteCount
          let room = (0..<2).map { _ in
            UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
          }
          defer { for pointer in room { pointer.deallocate() } }
          let w = room[0] + element.byteCount
          let g = room[1] + element.byteCount
          let start = filled([count], 5).values
          let slope = filled([count], 6).values
          for i in 0..<count {
            if element == .float32 {
              w.storeBytes(of: Float(start[i]), toByteOffset: 4 * i, as: Float.self)
              g.storeBytes(of: Float(slope[i]), toByteOffset: 4 * i, as: Float.self)
            } else {
              w.storeBytes(of: start[i], toByteOffset: 8 * i, as: Double.self)
              g.storeBytes(of: slope[i], toByteOffset: 8 * i, as: Double.self)
            }
          }
          optimizer.bind(parameters: [w], gradients: [UnsafeRawPointer(g)])
          try optimizer.initialise()
          for _ in 0..<3 { try optimizer.step() }
          results.append((0..<count * element.byteCount).map { (w + $0).load(as: UInt8.self) })
        }
        #expect(results[0] == results[1], "\(text) \(element) \(count)")
      }
    }
  }

  /// Several blocks, with sums, row sums and column sums, by any number of threads.
  @Test(arguments: ["LAMB", "Adafactor", "AdamW"])
  func threadsAgree(_ text: String) throws {
    let rule = try Compiler().rule(text)
    let (rows, cols) = (300, 257)
    var results: [[UInt32]] = []
    for (engine, threads) in [
      (EngineKind.interpreter, 1), (.native, 1), (.native, 2), (.native, 3),
    ] {
      let optimizer = try Optimizer(
        rule, parameters: [ParameterSpec(name: "w", dims: [rows, cols])], engine: engine,
        threads: threads, compiler: NativeTesting.compiler)
      let w = UnsafeMutablePointer<Float>.allocate(capacity: rows * cols)
      let g = UnsafeMutablePointer<Float>.allocate(capacity: rows * cols)
      defer {
        w.deallocate()
        g.deallocate()
      }
      for i in 0..<rows * cols { (w[i], g[i]) = (Float(i % 101) / 50 - 1, Float(i % 89) / 9 - 5) }
      optimizer.bind(
        parameters: [UnsafeMutableRawPointer(w)], gradients: [UnsafeRawPointer(g)])
      try optimizer.initialise()
      for _ in 0..<3 { try optimizer.step() }
      results.append((0..<rows * cols).map { w[$0].bitPattern })
    }
    for result in results { #expect(result == results[0], "\(text)") }
  }

  /// A host may give one array as parameter and gradient: as if there were two.
  @Test(arguments: ["AdamW", "Lion", "SGD"])
  func oneArrayAsParameterAndGradient(_ text: String) throws {
    let rule = try Compiler().rule(text)
    let count = 1000
    var results: [[Float]] = []
    for isShared in [false, true] {
      let optimizer = try Optimizer(
        rule, parameters: [ParameterSpec(name: "w", dims: [count])], engine: .native,
        compiler: NativeTesting.compiler)
      let w = UnsafeMutablePointer<Float>.allocate(capacity: count)
      let g = UnsafeMutablePointer<Float>.allocate(capacity: count)
      defer {
        w.deallocate()
        g.deallocate()
      }
      for i in 0..<count { w[i] = Float(i % 13) - 6 }
      optimizer.bind(
        parameters: [UnsafeMutableRawPointer(w)],
        gradients: [UnsafeRawPointer(isShared ? w : g)])
      try optimizer.initialise()
      for _ in 0..<3 {
        for i in 0..<count { g[i] = w[i] }
        try optimizer.step()
      }
      results.append((0..<count).map { w[$0] })
    }
    #expect(results[0] == results[1])
  }

  @Test func objectivesAgree() throws {
    let source = """
      objective net(hidden = 5; x, y) {
          param W1: matrix(7, hidden) = normal() * 0.3
          param b1: vector(hidden) = 0
          param W2: matrix(hidden, 3) = normal() * 0.3
          h = tanh(x @ W1 + b1)
          logits = h @ W2
          loss = cross_entropy(logits, y)
          metric accuracy = mean(argmax(logits) == y)
      }
      minimize net with AdamW for 1 steps
      """
    let session = Compiler()
    _ = session.add(name: "net.opt", bytes: Array(source.utf8))
    let module = try session.objective("net")
    var results: [[Double]] = []
    for engine in [EngineKind.interpreter, .native] {
      let runner = try ObjectiveRunner(
        module, batch: 11, features: 7, engine: engine, elementType: .float64,
        compiler: NativeTesting.compiler)
      let initial = try runner.initialParameters()
      let parameters = initial.map { values in
        let pointer = UnsafeMutablePointer<Double>.allocate(capacity: values.count)
        for (i, x) in values.enumerated() { pointer[i] = x }
        return pointer
      }
      let gradients = initial.map { UnsafeMutablePointer<Double>.allocate(capacity: $0.count) }
      let x = UnsafeMutablePointer<Double>.allocate(capacity: 77)
      let y = UnsafeMutablePointer<Double>.allocate(capacity: 11)
      for i in 0..<77 { x[i] = Double(i * 31 % 17) / 17 - 0.4 }
      for i in 0..<11 { y[i] = Double(i % 3) }
      runner.bind(
        parameters: parameters.map { UnsafeRawPointer($0) },
        gradients: gradients.map { UnsafeMutableRawPointer($0) },
        inputs: [UnsafeRawPointer(x), UnsafeRawPointer(y)])
      let loss = try runner.evaluate()
      results.append(
        [loss, runner.metric("accuracy")]
          + zip(gradients, initial).flatMap { g, values in values.indices.map { g[$0] } })
      for pointer in parameters + gradients + [x, y] { pointer.deallocate() }
    }
    #expect(results[0] == results[1])
    #expect(results[0].allSatisfy { $0.isFinite })
  }
}

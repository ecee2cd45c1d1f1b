import Driver
import Measuring
import Runtime
import Testing

@Suite struct MeasuringTests {
  @Test func quartiles() {
    let spread = Spread([5, 1, 4, 2, 3])
    #expect(spread.low == 2)
    #expect(spread.median == 3)
    #expect(spread.high == 4)
    #expect(Spread([1, 2]).median == 1.5)
    #expect(Spread([]).median.isNaN)
  }

  /// A slow moment that both shared says nothing about either.
  @Test func ratiosArePaired() {
    #expect(Spread.ratio([1, 10, 100], to: [2, 20, 200]).median == 0.5)
  }

  @Test func sizes() throws {
    #expect(BenchSize("4Ki")?.count == 4096)
    #expect(BenchSize("16Mi")?.count == 1 << 24)
    #expect(BenchSize("3x5x7")?.tensors.first?.dims == [3, 5, 7])
    let gpt2 = try #require(BenchSize("gpt2"))
    #expect(gpt2.tensors.count == 148)
    // As published: 124 million with the head tied to the embedding.
    #expect(gpt2.count == 124_439_808)
    for text in ["", "x", "0", "-1", "4K", "4096Mi", "2x", "1.5Mi", "1x1x1x1x1x1x1x1x1", "gpt3"] {
      #expect(BenchSize(text) == nil, "\(text)")
    }
  }

  @Test func streamsHaveTheShapeOfThePasses() throws {
    let subject = try Subject(
      Compiler().rule("AdamW"), size: try #require(BenchSize("8Ki")), threads: 1,
      engine: .interpreter, type: .float32, typeName: "f32", compiler: nil)
    let traffic = try #require(subject.traffic)
    #expect(traffic.passes.count == 1)
    #expect(traffic.passes[0].count == 8192)
    #expect(traffic.passes[0].pass.reads == [4])
    #expect(traffic.passes[0].pass.updates == [4, 4, 4])
    #expect(traffic.bytes == 28 * 8192)
    let rounds = Rounds(slice: 1e-4, parts: 2)
    try rounds.add(subject)
    for _ in 0..<3 { try rounds.round() }
    #expect(subject.seconds.count == 3)
    #expect(subject.streamSeconds.count == 3)
    #expect(subject.streamSeconds.allSatisfy { $0 > 0 })
  }

  /// LAMB reads twice: once for its norms, once to step.
  @Test func twoPassesMoveMore() throws {
    let subject = try Subject(
      Compiler().rule("LAMB"), size: try #require(BenchSize("8Ki")), threads: 1,
      engine: .interpreter, type: .float64, typeName: "f64", compiler: nil)
    let traffic = try #require(subject.traffic)
    #expect(traffic.passes.count > 1)
    #expect(traffic.isComplete)
    #expect(traffic.passes.allSatisfy { $0.pass.updates.allSatisfy { $0 == 8 } })
  }

  @Test func conditionsThatDoNotHoldMoveNothing() throws {
    let size = try #require(BenchSize("8Ki"))
    func bytes(_ rule: String) throws -> Double {
      try #require(
        Subject(
          Compiler().rule(rule), size: size, threads: 1, engine: .interpreter, type: .float32,
          typeName: "f32", compiler: nil
        ).traffic?.bytes)
    }
    #expect(try bytes("Lion") == 20 * 8192)
    #expect(try bytes("SGD") <= 12 * 8192)
  }

  /// The loops compute what the rules say.
  @Test func handLoopsAreTheRules() throws {
    let loops = try HandLoops()
    for name in HandLoops.rules { #expect(loops.loop(name) != nil) }
    #expect(loops.loop("SGD") == nil)
    let n = 1000
    let w = allocate(n) { Float($0 % 97) / 97 - 0.5 }
    let g = allocate(n) { Float($0 % 89) / 89 - 0.5 }
    let (m, v) = (allocate(n) { _ in 0 }, allocate(n) { _ in 0 })
    let own = allocate(n) { Float($0 % 97) / 97 - 0.5 }
    defer { for pointer in [w, g, m, v, own] { pointer.deallocate() } }
    let optimizer = try Optimizer(
      Compiler().rule("AdamW(lr = 1e-3, λ = 0.01)"),
      parameters: [ParameterSpec(name: "w", dims: [n])])
    optimizer.bind(
      parameters: [UnsafeMutableRawPointer(own)], gradients: [UnsafeRawPointer(g)])
    try optimizer.initialise()
    var (c1, c2) = (Float(1), Float(1))
    for _ in 0..<3 {
      try optimizer.step()
      (c1, c2) = (c1 * 0.9, c2 * 0.999)
      loops.loop("AdamW")!(w, g, m, v, n, 1e-3, 0.9, 0.999, 1e-8, 0.01, 1 - c1, 1 - c2)
    }
    for i in 0..<n { #expect(abs(w[i] - own[i]) <= 2e-6) }
  }
}

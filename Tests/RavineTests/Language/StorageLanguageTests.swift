import Diagnostics
import Driver
import Experiments
import IR
import Laboratory
import Lowering
import Runtime
import Testing

/// What may be said of storage and rounding, and what is said back.
@Suite struct StorageLanguageTests {
  private func codes(_ text: String) -> [String] {
    Compiler().add(name: "r.opt", bytes: Array(text.utf8)).map { "\($0.code)" }
  }

  @Test(arguments: [
    ("state m as float8\n m' = g\n w' = w - m", "R0316"),
    ("state m as bf16 round up\n m' = g\n w' = w - m", "R0316"),
    ("state m as sign1 round stochastic\n m' = g\n w' = w - m", "R0316"),
    ("state m\n m' = g round stochastic\n w' = w - m", "R0316"),
    ("u = g round stochastic\n w' = w - u", "R0316"),
    ("w' = w - g round up", "R0316"),
    ("when t > 3 { w' = w - g round stochastic } else { w' = w }", "R0316"),
    ("state m as int8(block = 0)\n m' = g\n w' = w - m", "R0504"),
    ("state m as int8(block = 2.5)\n m' = g\n w' = w - m", "R0504"),
    ("state m as int8(block = t)\n m' = g\n w' = w - m", "R0504"),
    ("state m as int8(width = 8)\n m' = g\n w' = w - m", "R0204"),
    ("state s: global as f16\n s' = t\n w' = w - s * g", "R0801"),
  ])
  func itIsRefused(_ body: String, _ code: String) {
    #expect(codes("rule R {\n \(body)\n}").contains(code), "\(codes("rule R {\n \(body)\n}"))")
  }

  @Test(arguments: [
    "w' = w - g round stochastic", "w' = w - g round nearest",
    "when t > 3 { w' = w - g round stochastic } else { w' = w round stochastic }",
    "state m as int8 round stochastic, v as sign1\n m' = g\n v' = g\n w' = w - m - v",
  ])
  func itIsAllowed(_ body: String) { #expect(codes("rule R {\n \(body)\n}").isEmpty) }

  @Test func aBlockMayBeAHyperparameter() throws {
    let compiler = Compiler()
    let text = """
      rule R(n = 64 in [1, 1000]) { state m as int8(block = n)  m' = g  w' = w - m }
      rule Around(base: rule) { w' = base(w, 2 * g) }
      """
    #expect(compiler.add(name: "r.opt", bytes: Array(text.utf8)).isEmpty)
    let module = try compiler.rule("R(n = 16)").module
    #expect(module.hypers[0].isStructural)
    #expect(module.variants[0].states[0].storage == .int8(block: .hyper(0, name: "n")))
    #expect(SourcePrinter.rule(module).contains("state m as int8(block = n)"))
    let inner = try RuleDescription(compiler.rule("Around(R(n = 16))"))
    #expect(inner.variants[0].sheet.stateBytes.perElement.constant == 1 + 4.0 / 16)
    // Out of the range of a block, though not of the domain.
    #expect(throws: DiagnosticError.self) {
      try Optimizer(compiler.rule("R(n = 16.5)"), parameters: [ParameterSpec(name: "w", dims: [4])])
    }
  }

  /// Which states are never negative.
  @Test(arguments: [
    ("v' = ema(v, g^2, β)", true), ("v' = ema(v, g^3, β)", false), ("v' = ema(v, g, β)", false),
    ("v' = max(v, abs(g))", true), ("v' = max(v - 1, 0)", true), ("v' = v - g^2", false),
    ("v' = β * v + sqrt(abs(g))", true), ("v' = if g > 0 then v else g", false),
    ("v' = if g > 0 then v else g * g", true), ("v' = γ * v + g^2", false),
    ("every 3 { v' = clip(g, 0, 1) }", true), ("v' = v / (1 + norm(g))", true),
    ("v' = v + tanh(g^2)", true), ("v' = v + tanh(g)", false), ("v' = cosh(g) - 1", true),
  ])
  func signsAreFound(_ equation: String, _ isNonNegative: Bool) throws {
    let compiler = Compiler()
    let text = """
      rule R(β = 0.9 in [0, 1), γ = 0.9) {
          state v as int8
          \(equation)
          w' = w - β * γ * v
      }
      """
    #expect(compiler.add(name: "r.opt", bytes: Array(text.utf8)).isEmpty)
    let module = try compiler.rule("R").module
    #expect(module.variants[0].nonNegativeStates(module.hypers) == (isNonNegative ? [0] : []))
  }

  @Test func aFirstValueMayBeNegative() throws {
    let compiler = Compiler()
    let text = "rule R { state v = -1, u = w^2\n v' = v * 0.5\n u' = 0.5 * u\n w' = w - v * u }"
    #expect(compiler.add(name: "r.opt", bytes: Array(text.utf8)).isEmpty)
    let module = try compiler.rule("R").module
    #expect(module.variants[0].nonNegativeStates(module.hypers) == [1])
  }

  /// Tensors of fewer numbers than `small` keep four bytes each; a block of 256 has a scale.
  @Test func smallTensorsKeepFloat32() throws {
    func bytes(_ rule: String, _ count: Int) throws -> Double {
      let spec = ParameterSpec(name: "w", dims: [count])
      return try RuleDescription(Compiler().rule(rule), parameters: [spec]).placements[0].stateBytes
    }
    #expect(try bytes("Adam8bit", 4095) == 4095 * 8)
    #expect(try bytes("Adam8bit", 4096) == 4096 * 2 + 2 * 4 * 16)
    #expect(try bytes("Adam8bit(small = 0)", 512) == 512 * 2 + 2 * 4 * 2)
    #expect(try bytes("Adam8bit(small = 100)", 99) == 99 * 8)
    // To the bit what Adam with states in float32 does.
    let text = """
      rule R { state m as f32, v as f32
      m' = ema(m, g, 0.9)
      v' = ema(v, g^2, 0.999)
      w' = (1 - 0) * (w - 0.001 * (debias(m', 0.9) / (sqrt(debias(v', 0.999)) + 1e-8))) }
      """
    let record = Array(
      #"{"shape": [3], "p0": [1, 2, 3], "gradients": [[1, -1e-3, 0], [0.3, 2, -1]], "parameters": [[1, 2, 3], [1, 2, 3]]}"#
        .utf8)
    let compiler = Compiler()
    #expect(compiler.add(name: "r.opt", bytes: Array(text.utf8)).isEmpty)
    let trajectory = try Trajectory(bytes: record, path: "record")
    let small = try Replay.run(compiler.rule("Adam8bit"), on: trajectory)
    let plain = try Replay.run(compiler.rule("R"), on: trajectory)
    #expect(small.parameters == plain.parameters)
    let coarse = try Replay.run(compiler.rule("Adam8bit(small = 0)"), on: trajectory)
    #expect(coarse.parameters != plain.parameters)
    // It prints as it was written.
    let printed = SourcePrinter.rule(try compiler.rule("Adam8bit").module)
    #expect(printed.contains("as int8(block = block, small = small)"))
  }

  @Test func aDescriptionSaysWhichMap() throws {
    let text = try RuleDescription(Compiler().rule("Adam8bit")).text
    #expect(text.contains("as int8(block = block, small = small), signed map"))
    #expect(text.contains("as int8(block = block, small = small), map without signs"))
  }
}

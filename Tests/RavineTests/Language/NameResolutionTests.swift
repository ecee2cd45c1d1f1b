import Diagnostics
import Driver
import Semantics
import Testing

/// What names stand for: asked by place, as an editor asks.
@Suite struct NameResolutionTests {
  static let text = """
    scale = 2
    fn half(x) = x / scale
    rule Mine(lr = 0.1, β = 0.9 in [0, 1)) {
      state m: vector(rows)
      m' = ema(m, row_sum(g), β)
      step = half(m')
      when t > 3 { skew = 1 } else { skew = scale }
      w' = w - lr * step * skew
    }
    objective bowl(x: vector(2) = [3, 1]) = x[0]^2 + x[1]^2
    minimize bowl with Mine(lr = 0.5), Lion(λ = β1) for 3 steps
    """

  private let compiler = Compiler()
  private let base: UInt32

  init() throws {
    let found = compiler.add(name: "names.opt", bytes: Array(Self.text.utf8))
    try #require(!found.contains { $0.severity == .error }, "\(found.map(\.message))")
    base = try #require(compiler.script).file.base
  }

  /// The offset of the n-th place where a word stands.
  private func place(_ word: String, _ n: Int = 0) throws -> UInt32 {
    let bytes = Array(Self.text.utf8)
    let wanted = Array(word.utf8)
    func isWord(_ k: Int) -> Bool {
      bytes.indices.contains(k)
        && (bytes[k] >= 0x80 || bytes[k] == UInt8(ascii: "_")
          || Character(Unicode.Scalar(bytes[k])).isLetter
          || Character(Unicode.Scalar(bytes[k])).isNumber)
    }
    let places = bytes.indices.filter {
      bytes[$0...].starts(with: wanted) && !isWord($0 - 1) && !isWord($0 + wanted.count)
    }
    return base + UInt32(try #require(places.count > n ? places[n] : nil))
  }

  private func kind(_ word: String, _ n: Int = 0) throws -> Declaration.Kind? {
    try compiler.program.occurrence(at: place(word, n))?.declaration.kind
  }

  @Test func whatStandsAtAPlace() throws {
    #expect(try kind("scale", 1) == .definition)
    #expect(try kind("x", 1) == .parameter)
    #expect(try kind("half", 1) == .function)
    #expect(try kind("ema") == .function)
    #expect(try kind("row_sum") == .builtinFunction)
    #expect(try kind("m", 1) == .state)
    #expect(try kind("β", 1) == .hyperparameter)
    #expect(try kind("step", 1) == .local)
    #expect(try kind("g") == .builtin)
    #expect(try kind("bowl", 1) == .objective)
    #expect(try kind("Mine", 1) == .rule)
    #expect(try kind("lr", 2) == .hyperparameter)
    #expect(try kind("β1") == .hyperparameter)
    #expect(try kind("Lion") == .rule)
  }

  @Test func whereItIsDeclared() throws {
    let program = compiler.program
    func declared(_ word: String, _ n: Int) throws -> UInt32? {
      program.declaration(at: try place(word, n))?.start
    }
    #expect(try declared("scale", 2) == place("scale"))
    #expect(try declared("m", 2) == place("m"))
    #expect(try declared("lr", 1) == place("lr"))
    // The label of an argument is the parameter.
    #expect(try declared("lr", 2) == place("lr"))
    #expect(try declared("g", 0) == nil)
    let lion = try #require(try program.declaration(at: place("Lion")))
    #expect(compiler.sources.text(lion) == "Lion")
  }

  @Test func whoUsesIt() throws {
    let program = compiler.program
    func uses(_ word: String) throws -> [UInt32] {
      let found = try #require(program.occurrence(at: try place(word)))
      return program.uses(of: found.declaration).map(\.start)
    }
    #expect(try uses("scale") == [place("scale", 1), place("scale", 2)])
    #expect(try uses("m") == [place("m", 1), place("m", 2), place("m", 3)])
    #expect(try uses("lr") == [place("lr", 1), place("lr", 2)])
    #expect(try uses("half") == [place("half", 1)])
    #expect(try uses("Mine") == [place("Mine", 1)])
  }

  @Test func shapesThatAreWritten() throws {
    let program = compiler.program
    let state = try #require(program.occurrence(at: try place("m")))
    #expect(program.shape(of: state.declaration)?.kind.key == "vector")
    let local = try #require(program.occurrence(at: try place("step")))
    #expect(program.shape(of: local.declaration) == nil)
  }

  @Test func whatCouldStandThere() throws {
    let names = Set(compiler.program.candidates(at: try place("step", 1)).map(\.name))
    #expect(names.isSuperset(of: ["lr", "β", "m", "step", "skew", "scale", "half", "w", "ema"]))
    #expect(!names.contains("x"))
    let inside = Set(compiler.program.candidates(at: try place("x", 1)).map(\.name))
    #expect(inside.contains("x"))
    #expect(!inside.contains("m"))
    #expect(!inside.contains("w"))
    let outside = compiler.program.candidates(at: try place("minimize"))
    #expect(!outside.contains { ["lr", "m", "x", "w"].contains($0.name) })
    func kind(_ name: String) -> Declaration.Kind? {
      outside.first { $0.name == name }?.declaration.kind
    }
    #expect(kind("bowl") == .objective)
    #expect(kind("Mine") == .rule)
    // The zoo's, named in the text or not.
    #expect(kind("Lion") == .rule && kind("Muon") == .rule)
    #expect(kind("warmup_cosine") == .function)
  }

  @Test func whatACallMayName() {
    #expect(compiler.labels(of: "Mine") == ["lr", "β"])
    #expect(compiler.labels(of: "half") == ["x"])
    #expect(compiler.labels(of: "bowl") == ["x"])
    #expect(compiler.labels(of: "HeavyBall").contains("lr"))
    #expect(compiler.labels(of: "Nothing").isEmpty)
  }
}

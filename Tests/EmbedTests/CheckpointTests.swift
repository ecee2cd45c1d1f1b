import Foundation
import Ravine
import Testing

/// Optimizers that are saved and go on: public declarations alone.
@Suite struct CheckpointTests {
  private static let parameters = [
    ParameterSpec(name: "layers.0.weight", dims: [4, 3]), ParameterSpec(name: "bias", dims: [5]),
  ]

  private static func numbers(_ seed: Int) -> [[Float]] {
    [12, 5].map { count in (0..<count).map { Float(($0 * 7 + seed * 13) % 23 - 11) / 8 } }
  }

  /// Nil for rules that need more than gradients and a loss.
  private static func optimizer(_ rule: Rule, engine: Engine = .interpreter, seed: UInt64 = 7)
    -> Optimizer?
  {
    guard
      let made = try? rule.bind(to: parameters, engine: engine, seed: seed, horizon: 12),
      !made.needsObjective, made.parameters.indices.allSatisfy({ made.inputNames(of: $0).isEmpty })
    else { return nil }
    return made
  }

  private static func steps(
    _ range: ClosedRange<Int>, _ optimizer: Optimizer, _ w: inout [[Float]]
  ) throws {
    for k in range { try optimizer.step(&w, gradients: numbers(k), loss: 1 / Double(k)) }
  }

  private static func same(_ a: [[Float]], _ b: [[Float]]) -> Bool {
    zip(a, b).allSatisfy { zip($0, $1).allSatisfy { $0.bitPattern == $1.bitPattern } }
  }

  private static func statesAreSame(_ a: Optimizer, _ b: Optimizer) -> Bool {
    a.parameters.indices.allSatisfy { k in
      a.stateNames(of: k).allSatisfy { name in
        let (x, y) = (a.state(name, of: k) ?? [], b.state(name, of: k) ?? [])
        return x.count == y.count && zip(x, y).allSatisfy { $0.bitPattern == $1.bitPattern }
      }
        && a.viewNames.allSatisfy { name in
          zip(a.view(name, of: k), b.view(name, of: k)).allSatisfy {
            $0.bitPattern == $1.bitPattern
          }
        }
    }
  }

  @Test func everyRuleGoesOnWithTheSameBits() throws {
    var count = 0
    for name in Compiler.zoo {
      guard let rule = try? Rule.zoo(name), let whole = Self.optimizer(rule) else { continue }
      var w = Self.numbers(0)
      try whole.initialise(&w)
      do { try Self.steps(1...3, whole, &w) } catch { continue }
      let saved = try whole.checkpoint()
      // Another seed, which the checkpoint's takes the place of.
      let other = try #require(Self.optimizer(rule, seed: 99))
      try other.load(saved)
      #expect(
        other.stepCount == 3 && other.seed == 7 && other.warnings.count == whole.warnings.count)
      #expect(Self.statesAreSame(whole, other), "\(name)")
      var x = w
      try Self.steps(4...7, whole, &w)
      try Self.steps(4...7, other, &x)
      #expect(Self.same(w, x), "\(name)")
      #expect(Self.statesAreSame(whole, other), "\(name)")
      count += 1
    }
    #expect(count >= 150, "\(count)")
  }

  @Test func aFileHasNamesThatOthersRead() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("run.safetensors").path
    let optimizer = try #require(Self.optimizer(try Rule.zoo("AdamW(lr = cosine(0.1))")))
    var w = Self.numbers(0)
    try optimizer.initialise(&w)
    try optimizer.setHyperparameter("λ", 0.25)
    try Self.steps(1...2, optimizer, &w)
    try w[0].withUnsafeBytes { a in
      try w[1].withUnsafeBytes { b in
        try optimizer.save(to: path, parameters: [a.baseAddress!, b.baseAddress!])
      }
    }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(length % 8 == 0)
    let header = try #require(
      try JSONSerialization.jsonObject(with: bytes[8..<(8 + length)]) as? [String: Any])
    let m = try #require(header["state/layers.0.weight/m"] as? [String: Any])
    #expect(m["dtype"] as? String == "F32" && m["shape"] as? [Int] == [4, 3])
    let weight = try #require(header["parameter/bias"] as? [String: Any])
    let offsets = try #require(weight["data_offsets"] as? [Int])
    let kept = bytes[(8 + length + offsets[0])..<(8 + length + offsets[1])]
    #expect(Array(kept) == w[1].withUnsafeBytes { Array($0) })
    let metadata = try #require(header["__metadata__"] as? [String: String])
    #expect(metadata["step"] == "2" && metadata["seed"] == "7" && metadata["horizon"] == "12")
    #expect(metadata["rule"] == "AdamW(lr = cosine(0.1))")
    // The source is a rule again.
    #expect(throws: Never.self) { try Rule(source: metadata["source"]!) }

    let other = try #require(Self.optimizer(try Rule.zoo("AdamW(lr = cosine(0.1))")))
    var (a, b) = (Self.numbers(5)[0], Self.numbers(5)[1])
    try a.withUnsafeMutableBytes { first in
      try b.withUnsafeMutableBytes { second in
        try other.load(from: path, parameters: [first.baseAddress!, second.baseAddress!])
      }
    }
    let x = [a, b]
    #expect(x == w && other.hyperparameter("λ") == 0.25 && other.warnings.isEmpty)
    #expect(other.hyperparameter("lr") == optimizer.hyperparameter("lr"))
    // Nothing is left beside it.
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["run.safetensors"])
  }

  @Test func whatDoesNotFitIsRefusedWithWhatDiffers() throws {
    let adam = try #require(Self.optimizer(try Rule.zoo("Adam")))
    var w = Self.numbers(0)
    try adam.initialise(&w)
    try Self.steps(1...2, adam, &w)
    let saved = try adam.checkpoint()

    func said(_ call: String, _ parameters: [ParameterSpec], _ type: ElementType = .float32) throws
      -> String
    {
      let other = try Rule.zoo(call).bind(to: parameters, elementType: type)
      do throws(DiagnosticError) {
        try other.load(saved)
        return ""
      } catch {
        #expect(error.diagnostics.first?.code == "R0771")
        // It is as it was: without first values.
        #expect(throws: DiagnosticError.self) { try other.checkpoint() }
        return error.description
      }
    }
    #expect(try said("Lion", Self.parameters).contains("`bias`"))
    #expect(try said("Lion", Self.parameters).contains("m: f32, v: f32 there and m: f32 here"))
    #expect(try said("AdaMax", Self.parameters) != "")
    #expect(try said("Adam", Self.parameters.reversed()).contains("another order"))
    #expect(
      try said("Adam", [Self.parameters[0], .init(name: "bias", dims: [6])]).contains(
        "5 there and 6"))
    #expect(try said("Adam", [Self.parameters[0]]).contains("`bias`, which is not here"))
    #expect(
      try said("Adam", Self.parameters + [.init(name: "more", dims: [2])]).contains(
        "no parameter `more`"))
    #expect(try said("Adam", Self.parameters, .float64).contains("F32"))
    // A later version may lay it out in another way.
    var bytes = saved
    let mark = Array("\"ravine 1\"".utf8)
    let place = try #require(
      (0..<(bytes.count - mark.count)).first { Array(bytes[$0..<($0 + mark.count)]) == mark })
    bytes[place + 8] = UInt8(ascii: "2")
    do throws(DiagnosticError) {
      try adam.load(bytes)
      Issue.record("a later layout was taken")
    } catch {
      #expect(error.diagnostics.map(\.code) == ["R0772"])
    }
    // The same equations with another rate go on, and it is said.
    let slower = try Rule.zoo("Adam(lr = 0.5)").bind(to: Self.parameters)
    try slower.load(saved)
    #expect(slower.warnings.map(\.code) == ["R0773"])
    #expect(slower.hyperparameter("lr") == 0.5 && slower.stepCount == 2)
  }

  @Test func anyBytesAreAnAnswer() throws {
    let adam = try #require(Self.optimizer(try Rule.zoo("Adam8bit"), engine: .reference))
    var w = Self.numbers(0)
    try adam.initialise(&w)
    try Self.steps(1...2, adam, &w)
    let saved = try adam.checkpoint()
    let before = adam.state("m", of: 0)
    var refused = 0
    for end in stride(from: 0, to: saved.count, by: 1) {
      do throws(DiagnosticError) {
        try adam.load(Array(saved[..<end]))
        Issue.record("\(end) bytes of \(saved.count) were taken")
      } catch {
        #expect(error.diagnostics.first?.code == "R0770")
        refused += 1
      }
    }
    #expect(refused == saved.count)
    #expect(adam.state("m", of: 0) == before && adam.stepCount == 2)
    // One byte of the header is another: read as it stands, or refused with a code; never a crash.
    let length = 8 + saved.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    var answers = 0
    var random = SystemRandomNumberGenerator()
    for k in 0..<min(length, 4000) {
      var changed = saved
      changed[k] = UInt8.random(in: 0...255, using: &random)
      do throws(DiagnosticError) {
        try adam.load(changed)
      } catch {
        #expect(error.diagnostics.allSatisfy { $0.code.hasPrefix("R0") })
      }
      answers += 1
    }
    #expect(answers > 500)
    #expect(throws: DiagnosticError.self) { try adam.load(from: "/nowhere/run.safetensors") }
    #expect(throws: DiagnosticError.self) { try adam.save(to: "/nowhere/run.safetensors") }
  }
}

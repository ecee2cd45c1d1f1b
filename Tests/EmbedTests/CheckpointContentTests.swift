import Foundation
import Ravine
import Testing

/// What a checkpoint says of its optimizer is looked at, each part of it: public declarations alone.
@Suite struct CheckpointContentTests {
  private static let parameters = [
    ParameterSpec(name: "a", dims: [4, 3]), ParameterSpec(name: "b", dims: [5]),
  ]

  private static func numbers(_ seed: Int) -> [[Float]] {
    [12, 5].map { count in (0..<count).map { Float(($0 * 7 + seed * 13) % 23 - 11) / 8 } }
  }

  /// After two steps.
  private static func stepped(_ rule: Rule) throws -> (Optimizer, [[Float]]) {
    let made = try rule.bind(to: parameters, seed: 7)
    var w = numbers(0)
    try made.initialise(&w)
    for k in 1...2 { try made.step(&w, gradients: numbers(k)) }
    return (made, w)
  }

  /// The same file with another header.
  private static func edited(
    _ file: [UInt8], _ change: (inout [String: Any], inout [String: String]) -> Void
  ) throws -> [UInt8] {
    let end = 8 + file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    var header = try #require(
      try JSONSerialization.jsonObject(with: Data(file[8..<end])) as? [String: Any])
    var metadata = try #require(header["__metadata__"] as? [String: String])
    change(&header, &metadata)
    header["__metadata__"] = metadata
    let text = try JSONSerialization.data(withJSONObject: header)
    return (0..<8).map { UInt8(text.count >> (8 * $0) & 255) } + text + file[end...]
  }

  /// What a load says that is refused; nothing is changed by it.
  private static func refusal(
    _ file: [UInt8], by optimizer: Optimizer, parameters: [UnsafeMutableRawPointer]? = nil
  ) -> String {
    let before = (optimizer.state("m", of: 0), optimizer.state("m", of: 1), optimizer.stepCount)
    do throws(DiagnosticError) {
      try optimizer.load(file, parameters: parameters)
      return "taken"
    } catch {
      #expect(optimizer.state("m", of: 0) == before.0 && optimizer.state("m", of: 1) == before.1)
      #expect(optimizer.stepCount == before.2)
      return error.description
    }
  }

  @Test func tensorsAreWhereTheRuleHasThem() throws {
    let (adam, w) = try Self.stepped(try Rule.zoo("Adam"))
    let file = try w[0].withUnsafeBytes { a in
      try w[1].withUnsafeBytes { b in
        try adam.checkpoint(parameters: [a.baseAddress!, b.baseAddress!])
      }
    }
    let (other, _) = try Self.stepped(try Rule.zoo("Adam"))
    func said(_ change: (inout [String: Any]) -> Void) throws -> String {
      Self.refusal(try Self.edited(file) { header, _ in change(&header) }, by: other)
    }
    func reshaped(_ header: inout [String: Any], _ name: String) {
      var entry = header[name] as! [String: Any]
      entry["shape"] = [5, 1]
      header[name] = entry
    }
    // As many numbers in another shape.
    #expect(try said { reshaped(&$0, "state/b/m") }.contains("`state/b/m` is 5×1 of F32 there"))
    #expect(
      try said { $0["kept/b/m"] = $0.removeValue(forKey: "state/b/m") }.contains(
        "it has no `state/b/m`"))
    let end = file.count - 8 - file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(
      try said {
        $0["state/b/more"] =
          ["dtype": "F32", "shape": [0], "data_offsets": [end, end]] as [String: Any]
      }.contains("this rule has no `state/b/more`"))
    var (a, b) = ([Float](repeating: 0, count: 12), [Float](repeating: 0, count: 5))
    let misshaped = try Self.edited(file) { header, _ in reshaped(&header, "parameter/b") }
    let said4 = a.withUnsafeMutableBytes { a in
      b.withUnsafeMutableBytes { b in
        Self.refusal(misshaped, by: other, parameters: [a.baseAddress!, b.baseAddress!])
      }
    }
    #expect(said4.contains("the parameter `b` is 5×1"), "\(said4)")
    #expect(a.allSatisfy { $0 == 0 } && b.allSatisfy { $0 == 0 })
    // As it stands it is taken.
    #expect(Self.refusal(file, by: other) == "taken")
  }

  @Test func countsAndValuesAreThoseThatWereSaved() throws {
    let (adam, _) = try Self.stepped(try Rule.zoo("Adam"))
    let file = try adam.checkpoint()
    func with(_ key: String, _ value: String) throws -> [UInt8] {
      try Self.edited(file) { _, metadata in metadata[key] = value }
    }
    for (key, value) in [
      ("step", "-1"), ("step", "18014398509481984"), ("skipped", "-1"), ("horizon", "-5"),
      ("seed", "x"),
      ("workers", "-1"),
    ] {
      let said = Self.refusal(try with(key, value), by: adam)
      #expect(said.contains("R0770") && said.contains("`\(key)`"), "\(key) = \(value): \(said)")
    }
    #expect(Self.refusal(try with("workers", "2"), by: adam).contains("batch, groups or workers"))
    #expect(Self.refusal(try with("batch", "64"), by: adam).contains("batch, groups or workers"))
    try adam.load(try with("skipped", "3"))
    #expect(adam.skippedSteps == 3 && adam.stepCount == 2)
    // A value that cannot be set is found before a state is another.
    let (later, _) = try Self.stepped(try Rule.zoo("Adam"))
    var w = Self.numbers(9)
    try later.step(&w, gradients: Self.numbers(9))
    let said = Self.refusal(
      try with("hyperparameters", "{\"lr\": {\"value\": -1, \"set\": true}}"), by: later)
    #expect(said.contains("R0507") || said.contains("R0502"), "\(said)")
  }

  @Test func otherEquationsOverTheSameStatesAreRefused() throws {
    func rule(_ update: String) throws -> Rule {
      try Rule(
        source: "rule R(lr = 0.1) {\n state m\n m' = ema(m, \(update), 0.9)\n w' = w - lr * m'\n}")
    }
    let (cubes, _) = try Self.stepped(try rule("g^3"))
    let (plain, _) = try Self.stepped(try rule("g"))
    #expect(Self.refusal(try cubes.checkpoint(), by: plain).contains("other equations"))
    #expect(Self.refusal(try plain.checkpoint(), by: plain) == "taken")
  }

  @Test func parametersOfOneNameAreNotSaved() throws {
    let twice = ["w", "w"].map { ParameterSpec(name: $0, dims: [2]) }
    let made = try Rule.zoo("SGD").bind(to: twice)
    var w: [[Float]] = [[1, 2], [3, 4]]
    try made.initialise(&w)
    do throws(DiagnosticError) {
      _ = try made.checkpoint()
      Issue.record("two parameters of one name were saved")
    } catch {
      #expect(error.description.contains("two parameters are called `w`"))
    }
  }

  @Test func inputsComeAlongOrAreToBeGivenAgain() throws {
    let source = """
      rule R(lr = 0.1) {
          input h
          state m
          m' = ema(m, g * h, 0.9)
          w' = w - lr * m'
      }
      """
    func made() throws -> (Optimizer, [[Float]]) {
      let made = try Rule(source: source).bind(to: Self.parameters)
      var w = Self.numbers(0)
      try made.initialise(&w)
      return (made, w)
    }
    func give(_ optimizer: Optimizer, _ value: Double) throws {
      for (k, count) in [12, 5].enumerated() {
        try optimizer.setInput("h", of: k, [Double](repeating: value, count: count))
      }
    }
    var (first, w) = try made()
    let empty = try first.checkpoint()
    try give(first, 2)
    try first.step(&w, gradients: Self.numbers(1))
    let full = try first.checkpoint()

    var (second, x) = (try made().0, w)
    try second.load(full)
    try first.step(&w, gradients: Self.numbers(2))
    try second.step(&x, gradients: Self.numbers(2))
    #expect(w == x)
    // Of the one that had none, the input of now is none.
    try second.load(empty)
    do throws(DiagnosticError) {
      try second.step(&x, gradients: Self.numbers(3))
      Issue.record("a step read an input that nobody gave")
    } catch {
      #expect(error.diagnostics.map(\.code) == ["R0825"])
    }
  }
}

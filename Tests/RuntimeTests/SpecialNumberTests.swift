import CKernels
import Diagnostics
import Driver
import Foundation
import IR
import Native
import Testing

@testable import Runtime

/// What the manual says of NaN, ±0 and ±∞ (docs/language.md), and beside it IEEE 754 and annex F of the
/// C standard: of elements, of single numbers, and of constants, on every engine.
@Suite struct SpecialNumberTests {
  private static let cases = SpecialStatement.cases
  private static let (nan, inf) = (Double.nan, Double.infinity)
  private static let engines = [EngineKind.reference, .interpreter, .native]

  // MARK: The manual

  /// Each statement is one of the manual, and none of the manual that speaks of such numbers is missing.
  @Test func everyStatementOfTheManualIsHere() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: root.appendingPathComponent("docs/language.md"), encoding: .utf8)
    var lines: [Substring] = []
    var isCode = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") { isCode.toggle() } else if !isCode { lines.append(line) }
    }
    // A sentence ends at a point, a row of a table with its line.
    let manual = lines.map { $0.hasPrefix("|") ? $0 + ". " : $0 }.joined(separator: "\n")
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for statement in SpecialStatement.manual {
      #expect(manual.contains(statement.quote), "not in the manual: \(statement.quote)")
    }
    var left = manual
    for statement in SpecialStatement.manual {
      left = left.replacingOccurrences(of: statement.quote, with: "")
    }
    let words = try Regex("\\b(NaN|nan|inf|infinit[a-z]*|finite)\\b|∞|−0|of a zero|2⁻¹²⁶")
    for sentence in left.components(separatedBy: ". ") where sentence.contains(words) {
      // A heading and its link, and the statement that the next sentence makes.
      if sentence.contains("[guard finite](#guard-finite)") { continue }
      if sentence.contains("## guard finite") { continue }
      Issue.record("a statement of the manual without a test: \(sentence)")
    }
    let tests = try FileManager.default.subpathsOfDirectory(
      atPath: root.appendingPathComponent("Tests").path
    ).filter { $0.hasSuffix("Tests.swift") }.map {
      try String(contentsOf: root.appendingPathComponent("Tests/\($0)"), encoding: .utf8)
    }
    for statement in SpecialStatement.manual {
      #expect(!statement.cases.isEmpty || statement.test != nil)
      guard let test = statement.test else { continue }
      #expect(tests.contains { $0.contains("func \(test)(") }, "\(test)")
    }
  }

  // MARK: Expressions

  /// Compares what expressions give of elements, all cases in one tensor.
  private static func compareElements(
    _ cases: [SpecialCase], _ engine: EngineKind, _ element: ElementType
  ) throws -> Int {
    var texts: [String] = []
    for item in cases where !texts.contains(item.text) { texts.append(item.text) }
    let rule = try SpecialRun.rule(
      of: texts.map { SpecialCase($0, [], 0).written(["g", "y", "z"]) } + ["y + z"],
      before: "input y, z")
    let run = try SpecialRun(rule, [[cases.count]], engine, element)
    for (k, name) in ["y", "z"].enumerated() {
      try run.optimizer.setInput(name, of: 0, cases.map { $0.x[k + 1] })
    }
    try run.step([cases.map { $0.x[0] }])
    var compared = 0
    for (k, item) in cases.enumerated() {
      let found = try run.state(#require(texts.firstIndex(of: item.text)))[k]
      #expect(item.isRight(found), "\(engine) \(element) \(item.text) of \(item.x): \(found)")
      compared += 1
    }
    return compared
  }

  @Test(arguments: engines, [ElementType.float32, .float64])
  func elements(_ engine: EngineKind, _ element: ElementType) throws {
    #expect(try Self.compareElements(Self.cases, engine, element) == Self.cases.count)
    #expect(Self.cases.count == 323)
  }

  @Test(arguments: [EngineKind.interpreter, .native], SpecialStatement.subnormal.map(\.0))
  func subnormalElements(_ engine: EngineKind, _ element: ElementType) throws {
    let table = try #require(SpecialStatement.subnormal.first { $0.0 == element }).1
    #expect(
      try Self.compareElements(table.map { SpecialCase($0, $1, $2) }, engine, element) == 47)
  }

  @Test func subnormalNumbersOfTheReference() throws {
    let table = SpecialStatement.subnormal[0].1.map { SpecialCase($0, $1, $2) }
    #expect(try Self.compareElements(table, .reference, .float64) == 47)
  }

  private static func number(_ x: Double) -> String {
    x.isNaN
      ? "nan" : x.isInfinite ? (x < 0 ? "(-inf)" : "inf") : x.sign == .minus ? "(\(x))" : "\(x)"
  }

  @Test(arguments: engines)
  func singleNumbers(_ engine: EngineKind) throws {
    let hypers = Self.cases.indices.flatMap { k in
      zip(["x", "y", "z"], Self.cases[k].x)
        .filter { Self.cases[k].text.contains($0.0.uppercased()) }
        .map { "\($0)\(k) = \(Self.number($1))" }
    }
    let texts = Self.cases.enumerated().map { k, item in
      item.written(["x\(k)", "y\(k)", "z\(k)"])
    }
    let rule = try SpecialRun.rule(
      of: texts, head: "(\(hypers.joined(separator: ", ")))", type: ": scalar")
    let run = try SpecialRun(rule, [[2]], engine, .float64)
    try run.step([[1, 2]])
    for (k, item) in Self.cases.enumerated() {
      let found = try run.state(k)[0]
      #expect(item.isRight(found), "\(engine) \(item.text) of \(item.x): \(found)")
    }
  }

  /// What is written in numbers is computed when it is compiled; finite numbers that give what leaves the
  /// range of doubles are left to the run, so that the algebra sees the number that is meant.
  @Test func constants() throws {
    var left = 0
    let texts = Self.cases.map { $0.written($0.x.map(Self.number)) }
    let update = try SpecialRun.rule(of: texts, type: ": scalar").module.variants[0].update
      .specialised(BindContext(dims: [2], hypers: []))
    for (k, item) in Self.cases.enumerated() {
      let value = try #require(update.output(.state(k)))
      guard let found = update.constantValue(value) else {
        #expect(item.x.allSatisfy(\.isFinite) && [0, .infinity, -.infinity].contains(item.value))
        left += 1
        continue
      }
      #expect(item.isRight(found), "\(texts[k]): \(found)")
    }
    #expect(left == 2)
  }

  // MARK: Lanes

  /// Every elementwise kernel, with every choice of operands that are one number: what an element gives
  /// does not depend on where it stands, in a lane or in what is left of a length.
  @Test(arguments: [ElementType.float32, .float64])
  func lanesAndRemaindersAgree(_ element: ElementType) {
    let least = element == .float32 ? 0x1p-149 : 0x1p-1074
    let pool: [Double] = [
      0, Self.nan, -0.0, Self.inf, 1, -Self.inf, -1, least, 0.5, -3 * least, 2.5, -7, 100, 1e30,
      -1e-30,
      -0.3, 0.625,
    ]
    let size = element.byteCount
    let room = (0..<5).map { _ in
      UnsafeMutableRawPointer.allocate(byteCount: 64 * size, alignment: 64)
    }
    let scalars = UnsafeMutablePointer<Double>.allocate(capacity: 4)
    defer {
      room.forEach { $0.deallocate() }
      scalars.deallocate()
    }
    func bits(_ i: Int) -> UInt64 {
      let x = element.read(room[4], i)
      return x.isNaN ? 0x7FF8 << 48 : x.bitPattern
    }
    var compared = 0
    for operation in Operation.allCases where operation.isElementwise {
      for form in UInt32(0)..<16 {
        guard
          let kernel = rv_find_kernel(
            element.kernelElement, Int32(operation.kernel.rawValue), form)
        else { continue }
        for (s, constant) in pool.enumerated() where form != 0 || s == 0 {
          for k in 0..<4 { scalars[k] = k == 0 ? constant : pool[(s * 5 + k) % pool.count] }
          func run(_ first: Int, _ count: Int) {
            for k in 0..<4 where form & (1 << UInt32(k)) == 0 {
              for i in 0..<count {
                let x = pool[((first + i) * (k + 1) * (k + 1) + 3 * k) % pool.count]
                element.write(x, to: room[k], i)
              }
            }
            func operand(_ k: Int) -> UnsafeMutableRawPointer {
              form & (1 << UInt32(k)) == 0 ? room[k] : UnsafeMutableRawPointer(scalars + k)
            }
            kernel(room[4], operand(0), operand(1), operand(2), operand(3), count)
          }
          let alone = pool.indices.map { i in
            run(i, 1)
            return bits(0)
          }
          for length in 2...33 {
            run(length, length)
            for i in 0..<length {
              let right = alone[(length + i) % pool.count]
              if bits(i) != right {
                Issue.record("\(operation) \(element), form \(form), \(i) of \(length)")
              }
              compared += 1
            }
          }
        }
      }
    }
    #expect(compared > 500_000)
  }

  /// The same of compiled passes and of interpreted ones, on tensors of 1 to 17 elements.
  @Test(arguments: [EngineKind.interpreter, .native], [ElementType.float32, .float64])
  func shortTensorsAgree(_ engine: EngineKind, _ element: ElementType) throws {
    let cases = Self.cases.filter { $0.text.contains("X") }
    let texts = Array(Set(cases.filter { !$0.text.contains("Y") }.map(\.text))).sorted()
    let rule = try SpecialRun.rule(
      of: texts.map { SpecialCase($0, [], 0).written(["g", "g", "g"]) })
    let run = try SpecialRun(rule, (1...17).map { [$0] }, engine, element)
    let found = cases.filter { !$0.text.contains("Y") }
    var compared = 0
    for first in stride(from: 0, to: found.count, by: 17) {
      try run.step((1...17).map { n in (0..<n).map { found[(first + $0) % found.count].x[0] } })
      for n in 1...17 {
        for i in 0..<n {
          let item = found[(first + i) % found.count]
          let number = try #require(texts.firstIndex(of: item.text))
          let value = try run.state(number, of: n - 1)[i]
          #expect(
            item.isRight(value),
            "\(engine) \(element) \(item.text) of \(item.x), \(i) of \(n): \(value)")
          compared += 1
        }
      }
    }
    #expect(compared > 1_000)
  }
}

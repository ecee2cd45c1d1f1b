import Driver
import Foundation
import IR
import Lowering
import Runtime
import Testing

/// The schedules of the prelude against those of the packages that people use
/// (Tests/Golden/schedules.tsv).
@Suite struct ScheduleTests {
  struct Line: Sendable {
    var text: String
    var source: String
    var horizon: Int
    var values: [Double]
  }

  static let lines: [Line] = {
    let file = GoldenTests.folder.appendingPathComponent("schedules.tsv")
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      let cells = line.split(separator: "\t").map(String.init)
      return Line(
        text: cells[0], source: cells[1], horizon: Int(cells[2]) ?? 0,
        values: cells[3].split(separator: " ").map { Double($0) ?? .nan })
    }
  }()

  static func rate(_ schedule: String, step: Int, horizon: Int) throws -> Double {
    let rule = try Compiler().rule("SGD(lr = \(schedule))")
    let values = try ReferenceProgram.evaluateScalars(
      rule.arguments, step: step, horizon: horizon)
    return try #require(values.first { $0.target == .hyper(0) }).value
  }

  @Test func thereAreSchedules() { #expect(Self.lines.count >= 16) }

  @Test(arguments: lines.indices)
  func isThatOfThePackage(_ index: Int) throws {
    let line = Self.lines[index]
    #expect(line.values.count == line.horizon)
    let rule = try Compiler().rule("Anneal(rate = \(line.text))", of: Self.holder)
    for (k, expected) in line.values.enumerated() {
      let values = try ReferenceProgram.evaluateScalars(
        rule.arguments, step: k + 1, horizon: line.horizon)
      let got = try #require(values.first { $0.target == .hyper(0) }).value
      #expect(
        abs(got - expected) <= 1e-9 * abs(expected) + 1e-12,
        "\(line.text), \(line.source), t = \(k + 1)")
    }
  }

  /// A momentum may be a schedule as well, so the hyperparameter has no domain.
  static let holder = "rule Anneal(rate = 1) { w' = w - rate * g }\n"

  /// Squared norms 1, 4 and 1: weights 1, 1/4 and 1, of which 5/4, 1 and 0 come later, of 9/4.
  @Test func theRefinedScheduleIsThatOfItsFormula() throws {
    for (step, expected) in [(1, 1.0 * 1.25 / 2.25), (2, 0.25 * 1 / 2.25), (3, 0)] {
      let got = try Self.rate("refined_decay(0.5, [1, 2, 1])", step: step, horizon: 3)
      #expect(abs(got - 0.5 * expected) < 1e-15)
    }
  }

  /// The one cycle of the momentum goes the other way, at the same steps.
  @Test func momentumFallsWhileTheRateRises() throws {
    for step in 1...40 {
      let rate = try Self.rate("one_cycle(1, start = 1e9, end = 1)", step: step, horizon: 40)
      let rule = try Compiler().rule("Anneal(rate = one_cycle_momentum())", of: Self.holder)
      let momentum = try #require(
        ReferenceProgram.evaluateScalars(rule.arguments, step: step, horizon: 40)
          .first { $0.target == .hyper(0) }
      ).value
      #expect(abs(momentum - (0.95 - 0.1 * rate)) < 1e-8)
    }
  }
}

extension Compiler {
  /// A rule of a text.
  fileprivate func rule(_ call: String, of text: String) throws -> Rule {
    _ = add(name: "test.opt", bytes: Array(text.utf8))
    return try rule(call)
  }
}

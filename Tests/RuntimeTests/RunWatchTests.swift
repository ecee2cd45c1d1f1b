import AllocationCount
import Diagnostics
import IR
import Testing

@testable import Runtime

/// What a run says of a state that broke: once, and of which steps.
@Suite struct RunWatchTests {
  /// A rule whose state is not finite after step `step`.
  private func run(
    _ format: String, breaksAt step: Int, steps: Int, _ engine: EngineKind,
    value: String = "1e200"
  ) throws -> [Diagnostic] {
    let rule = try SpecialRun.rule(
      """
      rule R { state m, v as \(format)
        m' = g
        v' = v + (if t >= \(step) then \(value) * \(value) else 1)
        w' = w - 0.1 * g }
      """)
    let run = try SpecialRun(rule, [[3], [700]], engine, .float32)
    let watch = RunWatch(run.optimizer)
    for _ in 0..<steps {
      try run.step([[1, 2, 3], [Double](repeating: 1, count: 700)])
      watch.look()
    }
    let first = watch.findings()
    #expect(watch.findings().map(\.message) == first.map(\.message))
    return first
  }

  /// The step is that of the look that found it, and the last step before it where it was finite.
  @Test(
    arguments: [EngineKind.reference, .interpreter],
    ["f32", "f64", "f16", "bf16", "int8(block = 64)", "sign1(block = 64)"])
  func aStateThatBrokeIsSaidOnce(_ engine: EngineKind, _ format: String) throws {
    let cases: [(breaks: Int, steps: Int, found: Int, finite: Int)] = [
      (1, 9, 1, 0), (2, 9, 2, 1), (3, 9, 4, 2), (4, 9, 4, 2),
      (5, 9, 8, 4), (9, 9, 9, 8), (9, 20, 16, 8), (6, 6, 6, 4), (17, 20, 20, 16), (6, 7, 7, 4),
    ]
    for item in cases {
      let said = try run(format, breaksAt: item.breaks, steps: item.steps, engine)
      let kind = format.contains("block") ? "NaN" : "infinite"
      #expect(
        said.map(\.message) == ["R: the state `v` of `w0` is \(kind) after step \(item.found)"],
        "\(engine) \(format) \(item)")
      let isExact = item.found == item.finite + 1
      #expect(
        said.first?.notes.dropLast().map(\.message)
          == (isExact ? [] : ["after step \(item.finite) it was finite"]), "\(item)")
    }
    #expect(try run(format, breaksAt: 30, steps: 20, engine).isEmpty)
  }

  /// After most steps there is no look, and nothing is allocated.
  @Test func looksAllocateNothing() throws {
    let rule = try SpecialRun.rule(
      "rule R { state m, v as int8(block = 64)\n m' = g\n v' = g\n w' = w - 0.1 * g }")
    let run = try SpecialRun(rule, [[700]], .interpreter, .float32)
    let watch = RunWatch(run.optimizer)
    var count = 0
    for step in 1...40 {
      try run.step([[Double](repeating: 1, count: 700)])
      let before = rv_allocation_count()
      watch.look()
      if step & (step - 1) != 0 { count += Int(rv_allocation_count() - before) }
    }
    #expect(count == 0)
  }
}

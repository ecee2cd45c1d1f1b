import Diagnostics
import Driver
import Experiments
import Runtime
import Testing

/// What a recorded run gives a rule besides gradients.
@Suite struct ReplayTests {
  private func replay(
    _ rule: String, _ record: String, _ engine: EngineKind
  ) throws -> Replay {
    let compiler = Compiler()
    _ = compiler.add(name: "test.opt", bytes: Array(rule.utf8))
    return try Replay.run(
      compiler.rule("R"), on: Trajectory(bytes: Array(record.utf8), path: "record.json"),
      engine: engine, elementType: .float64)
  }

  /// A draw in the first value of a state is the record's, by the name of the state.
  @Test(arguments: [EngineKind.reference, .interpreter])
  func firstDraws(_ engine: EngineKind) throws {
    let record = """
      {"shape": [2], "p0": [1, 1], "gradients": [[1, 1], [1, 1]],
       "inputs": {"u": [0.5, -2], "unrelated": [3, 4]},
       "parameters": [[1.5, -1], [2, -3]]}
      """
    let rule = "rule R { state u = normal()\nw' = w + u * g }"
    let result = try replay(rule, record, engine)
    #expect(result.holds, "\(result.parameters)")
    #expect(result.unused == ["unrelated"])
    let wrong = record.replacing("\"u\": [0.5, -2]", with: "\"u\": [0.5, -2, 1]")
    let error = #expect(throws: DiagnosticError.self) { try replay(rule, wrong, engine) }
    #expect(error?.diagnostics[0].code.number == 906)
  }

  /// The objective at another point is the record's, by the name of the equation that asks.
  @Test(arguments: [EngineKind.reference, .interpreter])
  func oracles(_ engine: EngineKind) throws {
    let record = """
      {"shape": [2], "p0": [1, 1], "gradients": [[1, 1], [1, 1]],
       "inputs": {"above": [3, 5], "below": [2, 1], "there": [[1, 2], [3, 4]]},
       "parameters": [[-1, -2], [-14, -19]]}
      """
    let rule = """
      rule R {
          below = loss(w - 1)
          above = loss(w + 1)
          there = grad(2 * w)
          w' = w - (above - below) * there - (if t > 1 then 2 else 1) * g / t
      }
      """
    let result = try replay(rule, record, engine)
    #expect(result.holds, "\(result.parameters)")
    #expect(result.unused.isEmpty)
    let without = record.replacing("\"below\": [2, 1], ", with: "")
    let error = #expect(throws: DiagnosticError.self) { try replay(rule, without, engine) }
    #expect(error?.diagnostics[0].code.number == 810)
    #expect(error?.diagnostics[0].message.contains("`below`") == true)
  }
}

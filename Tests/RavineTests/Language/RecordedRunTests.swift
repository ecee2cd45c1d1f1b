import Diagnostics
import Driver
import Experiments
import Foundation
import Native
import Runtime
import Testing

/// Scripts of Tests/Golden/runs: where each rule of the last command ends, computed with NumPy alone.
@Suite(.serialized) struct RecordedRunTests {
  struct Recorded: Decodable, Sendable, CustomStringConvertible {
    var name: String
    var text: String
    var ends: [[Double]]
    /// float64 where none is said.
    var type: String?
    var description: String { name }
  }

  static let cases: [Recorded] = {
    ["routes", "ranking"].flatMap { name in
      let url = GoldenTests.folder.appendingPathComponent("runs/\(name).json")
      return (try? JSONDecoder().decode([Recorded].self, from: Data(contentsOf: url))) ?? []
    }
  }()

  @Test func thereAreCases() { #expect(Self.cases.count >= 23) }

  @Test(arguments: cases, [EngineKind.reference, .interpreter, .native])
  func endsWhereItShould(_ recorded: Recorded, _ engine: EngineKind) throws {
    let compiler = Compiler()
    let errors = compiler.add(name: "test.opt", bytes: Array(recorded.text.utf8))
      .filter { $0.severity == .error }
    #expect(errors.isEmpty, "\(errors.map(\.message))")
    var options = Script.Options()
    options.engine = engine
    options.elementType = recorded.type == "float32" ? .float32 : .float64
    options.folder = GoldenTests.folder.path
    let script = Script(compiler, options: options, output: { _ in })
    if engine == .native { script.passCompiler = NativeCompiler() }
    try script.run()
    let rules = try #require(script.experiments.last).rules
    #expect(rules.count == recorded.ends.count)
    var compared = 0
    for (rule, end) in zip(rules, recorded.ends) {
      let found = rule.runs[0].parameters.flatMap { $0 }
      #expect(found.count == end.count, "\(rule.label)")
      for (x, y) in zip(found, end) {
        #expect(abs(x - y) <= 1e-12 * max(1, abs(y)), "\(rule.label): \(found), not \(end)")
        compared += 1
      }
    }
    #expect(compared >= rules.count)
  }
}

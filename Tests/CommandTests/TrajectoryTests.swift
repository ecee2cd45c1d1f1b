import Basics
import Diagnostics
import Experiments
import Foundation
import Testing

@Suite struct TrajectoryTests {
  static let good = """
    {"name": "n", "shape": [2], "p0": [1, 2], "gradients": [[1, 1], [0, 2]],
     "parameters": [[0.9, 1.9], [0.9, 1.7]], "inputs": {"x": [[1, 2], null], "y": "inf"},
     "recommended_tolerance": {"rel": 1e-12, "abs": 0}}
    """

  private func code(_ text: String) -> Int? {
    do throws(DiagnosticError) {
      _ = try Trajectory(bytes: Array(text.utf8), path: "t.json")
      return nil
    } catch {
      return error.diagnostics[0].code.number
    }
  }

  @Test func aRecordIsRead() throws {
    let record = try Trajectory(bytes: Array(Self.good.utf8), path: "t.json")
    #expect(record.dims == [2])
    #expect(record.steps == 2)
    #expect(record.parameters[1] == [0.9, 1.7])
    #expect(record.tolerance == Trajectory.Tolerance(relative: 1e-12, absolute: 0))
    #expect(Set(record.inputs.keys) == ["x", "y"])
  }

  @Test func toleranceIsAbsoluteAndRelativeTogether() {
    let tolerance = Trajectory.Tolerance(relative: 0.1, absolute: 1)
    #expect(tolerance.accepts(102, 92))
    #expect(!tolerance.accepts(103, 92))
    #expect(tolerance.accepts(.nan, .nan))
    #expect(!tolerance.accepts(.nan, 1))
    #expect(tolerance.accepts(.infinity, .infinity))
    #expect(!tolerance.accepts(.infinity, 1))
    #expect(!tolerance.accepts(1, .infinity))
  }

  @Test(arguments: [
    ("", 760), ("{", 760), ("[1, 2", 760), ("{\"a\": 1,}", 760), ("{\"a\" 1}", 760),
    ("\"\\u12\"", 760), ("\"\\uD800\"", 760), ("01x", 760), ("1 2", 760), ("nul", 760),
    ("[1]", 761), ("{}", 761), ("{\"shape\": \"x\"}", 761), ("{\"shape\": [0.5]}", 761),
    ("{\"shape\": [-1]}", 761), ("{\"shape\": [100000, 100000]}", 761),
    ("{\"shape\": [1e300, 1e300]}", 761), ("{\"shape\": [2], \"p0\": [1]}", 762),
  ])
  func aBrokenRecordHasACode(_ text: String, _ expected: Int) {
    #expect(code(text) == expected)
  }

  @Test func nestingIsBounded() {
    #expect(code(String(repeating: "[", count: 100_000)) == 760)
    #expect(code(String(repeating: "{\"a\":", count: 100_000)) == 760)
  }

  /// Bytes changed, dropped and doubled: a record or a code, never a crash.
  @Test func mutationsAreRecordsOrCodes() {
    let bytes = Array(Self.good.utf8)
    var refused = 0
    for round in 0..<3000 {
      let random = CounterRandom(seed: 7, step: UInt32(round), tensor: 0, site: 0)
      var mutated = bytes
      for k in 0..<3 {
        let at = random.integer(UInt64(3 * k), below: mutated.count)
        switch random.integer(UInt64(3 * k + 1), below: 3) {
        case 0: mutated[at] = UInt8(random.integer(UInt64(3 * k + 2), below: 256))
        case 1: mutated.remove(at: at)
        default: mutated.insert(mutated[at], at: at)
        }
      }
      do throws(DiagnosticError) {
        _ = try Trajectory(bytes: mutated, path: "t.json")
      } catch {
        #expect([760, 761, 762].contains(error.diagnostics[0].code.number))
        refused += 1
      }
    }
    #expect(refused > 1000)
    #expect(refused < 3000)
  }

  // MARK: JSON

  @Test func whatIsWrittenIsReadBack() throws {
    let value = JSONValue.record([
      "text": .string("a\"b\\c\n\u{1}é😀"),
      "numbers": .array([.number(0.1), .number(-1e300), .int(3)]),
      "empty": .array([]), "nested": .record(["x": .null, "y": .bool(true)]),
    ])
    #expect(try JSONReader.parse(Array(value.rendered().utf8)) == value)
  }

  @Test func othersReadWhatIsWritten() throws {
    let value = JSONValue.record(["π": .number(.pi), "s": .string("\u{2028}<\t>")])
    let parsed = try JSONSerialization.jsonObject(with: Data(value.rendered().utf8))
    let object = try #require(parsed as? [String: Any])
    #expect(object["π"] as? Double == .pi)
    #expect(object["s"] as? String == "\u{2028}<\t>")
  }

  @Test func escapesAndNumbersAreExact() throws {
    let text = #"["\u00e9\ud83d\ude00\/", 1e-7, -0.0, 123456789012345680]"#
    let value = try JSONReader.parse(Array(text.utf8))
    #expect(
      value
        == .array([
          .string("é😀/"), .number(1e-7), .number(-0.0), .number(123_456_789_012_345_680),
        ]))
  }
}

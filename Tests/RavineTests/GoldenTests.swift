import Diagnostics
import Driver
import Experiments
import Foundation
import IR
import Runtime
import Testing

/// Rules against trajectories of the packages that people use (Tests/Golden).
@Suite struct GoldenTests {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Golden")

  /// Lines of golden.tsv: a file, the rule that must reproduce it, `f64` where only that can.
  static let cases: [(file: String, rule: String, needsDouble: Bool)] = {
    let text = try? String(contentsOf: folder.appendingPathComponent("golden.tsv"), encoding: .utf8)
    return (text ?? "").split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      let parts = line.split(separator: "\t").map(String.init)
      return (parts[0], parts[1], parts.dropFirst(2).first == "f64")
    }
  }()

  @Test func everyFileHasARule() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
    #expect(Set(files) == Set(Self.cases.map(\.file)))
    #expect(files.count >= 26)
  }

  @Test(arguments: cases.indices, [EngineKind.reference, .interpreter])
  func replaysInDoublePrecision(_ index: Int, _ engine: EngineKind) throws {
    let (file, rule, _) = Self.cases[index]
    let replay = try Self.replay(file, rule, engine, .float64)
    #expect(
      replay.holds,
      "\(file): \(rule) differs by \(replay.largestRelative), first \(replay.firstOutside as Any)")
  }

  @Test(arguments: cases.indices.filter { !cases[$0].needsDouble })
  func replaysInSinglePrecision(_ index: Int) throws {
    let (file, rule, _) = Self.cases[index]
    let replay = try Self.replay(file, rule, .interpreter, .float32)
    #expect(
      replay.holds,
      "\(file): \(rule) differs by \(replay.largestRelative), first \(replay.firstOutside as Any)")
  }

  /// Eight-bit states within the tolerance of their record in single precision too.
  @Test(arguments: [EngineKind.reference, .interpreter], [ElementType.float32, .float64])
  func eightBitStatesKeepTheirTolerance(_ engine: EngineKind, _ type: ElementType) throws {
    let bytes = try Data(contentsOf: Self.folder.appendingPathComponent("adam8bit.json"))
    let trajectory = try Trajectory(bytes: Array(bytes), path: "adam8bit")
    let replay = try Replay.run(
      try Compiler().rule("Adam8bit(block = 8, small = 0)"), on: trajectory, engine: engine,
      elementType: type, tolerance: trajectory.tolerance)
    #expect(replay.holds, "differs by \(replay.largestRelative)")
  }

  static func replay(
    _ file: String, _ rule: String, _ engine: EngineKind, _ type: ElementType
  ) throws -> Replay {
    let compiler = Compiler()
    let instance = try compiler.rule(rule)
    let bytes = try Data(contentsOf: folder.appendingPathComponent(file + ".json"))
    let trajectory = try Trajectory(bytes: Array(bytes), path: file)
    return try Replay.run(
      instance, on: trajectory, engine: engine, elementType: type)
  }
}

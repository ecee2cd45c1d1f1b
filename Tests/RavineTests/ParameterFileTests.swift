import Basics
import Diagnostics
import Driver
import Experiments
import Foundation
import Runtime
import Testing

@testable import Training

/// `save w to "w.npz"` and `from "w.npz"`.
@Suite struct ParameterFileTests {
  private typealias Folder = RunSavingTests.Folder

  private static let net = """
    data d = csv("d.csv", target = "y", test = 0.25)
    objective net(; x, y) {
        param W: matrix(features, 3) = normal()
        param β: vector(3)
        param s: scalar = 1
        loss = mean_squared_error(tanh(x @ W + β) @ [1, -1, s], y)
    }

    """

  private static func run(_ source: String, _ folder: Folder) throws -> Script {
    try RunSavingTests.run(source, folder).script
  }

  private static func codes(_ source: String, _ folder: Folder) -> [DiagnosticCode] {
    RunSavingTests.codes { _ = try run(source, folder) }
  }

  private static func end(_ script: Script, _ k: Int = 0) -> [[Double]] {
    script.experiments[k].rules[0].runs[0].parameters
  }

  /// A run in two halves, with a rule that has no states, ends on the bits of one run; the second begins where the first ended.
  @Test(arguments: ["npz", "safetensors"])
  func whatIsSavedIsWhereARunStarts(_ ending: String) throws {
    let folder = try Folder()
    let first = "train net on d with SGD(lr = 0.1) for 3 epochs batch 9\nsave to \"w.\(ending)\"\n"
    let script = try Self.run(
      Self.net + first
        + "train net on d with SGD(lr = 0) for 1 steps seed 9 from \"w.\(ending)\"", folder)
    #expect(Self.end(script, 1) == Self.end(script, 0))
    // In another script, and some of the parameters alone, in another spelling.
    let again = try Self.run(
      Self.net + "train net on d with SGD(lr = 0) for 1 steps from \"w.\(ending)\"\n"
        + "save s, beta to \"some.\(ending)\"", folder)
    #expect(Self.end(again) == Self.end(script))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).count == 3)
    let lacking = Self.codes(
      Self.net + "train net on d with SGD for 1 steps from \"some.\(ending)\"", folder)
    #expect(lacking == [.unlikeParameters])
  }

  @Test func theArraysAreThoseOfNumPy() throws {
    let folder = try Folder()
    let script = try Self.run(
      Self.net + "train net on d with SGD for 3 steps\nsave to \"w.npz\"", folder)
    let bytes = [UInt8](try Data(contentsOf: folder.url.appendingPathComponent("w.npz")))
    let archive = try ArrayArchive(bytes: bytes, path: "w.npz", at: .none)
    #expect(archive.names == ["W", "β", "s"])
    for (k, shape) in [[2, 3], [3], []].enumerated() {
      let array = try archive.array(archive.names[k], at: .none)
      #expect(array.shape == shape && array.values == Self.end(script)[k])
    }
    // float32 for `train`, and the same bytes from the same run.
    #expect(String(decoding: bytes, as: UTF8.self).contains("'descr': '<f4'"))
    _ = try Self.run(Self.net + "train net on d with SGD for 3 steps\nsave to \"w.npz\"", folder)
    #expect([UInt8](try Data(contentsOf: folder.url.appendingPathComponent("w.npz"))) == bytes)
    let bowl = try Self.run(
      "objective bowl(x: vector(2) = [1, 2]) = sum(x^2)\n"
        + "minimize bowl with SGD(lr = 0.3) for 5 steps\nsave x to \"x.npz\"\n"
        + "minimize bowl with SGD(lr = 0) for 1 steps from \"x.npz\"", folder)
    #expect(Self.end(bowl, 0) == Self.end(bowl, 1))
  }

  /// What does not fit is told before anything runs, all of it.
  @Test func whatDoesNotFitIsListed() throws {
    let folder = try Folder()
    let path = folder.url.appendingPathComponent("w.npz").path
    func write(_ entries: [(String, [Int])], _ value: Double = 1) throws {
      try ParameterFile(path, at: .none).write(
        entries.map {
          ParameterFile.Entry(
            ParameterSpec(name: $0.0, dims: $0.1),
            [Double](repeating: value, count: $0.1.reduce(1, *)))
        }, isDouble: true)
    }
    let source =
      Self.net + "minimize bowl with SGD for 1 steps\n"
      + "objective bowl(x: vector(2) = [1, 2]) = sum(x^2)\n"
      + "train net on d with SGD for 1 steps from \"w.npz\""
    func said() throws -> [String] {
      do {
        _ = try Self.run(source, folder)
        return []
      } catch let error as DiagnosticError {
        #expect(error.diagnostics.map(\.code) == [.unlikeParameters])
        return error.diagnostics[0].notes.map(\.message)
      }
    }
    try write([("W", [3, 2]), ("β", [3])])
    #expect(
      try said() == [
        "`W` is 3 × 2 there and 2 × 3 here", "`s` is not there", "the file has \"W\", \"β\"",
      ])
    try write([("W", [2, 3]), ("beta", [3]), ("s", [])], .infinity)
    #expect(try said().first == "`W` has a number that is not finite in float32")
    try write([("W", [2, 3]), ("beta", [3]), ("s", [])], 1e300)
    #expect(try said().count == 4)
    try write([("W", [2, 3]), ("beta", [3]), ("s", []), ("more", [7])])
    #expect(try said() == [])
    try Data(Self.whole).write(to: URL(fileURLWithPath: path))
    #expect(try said().first == "`W` is of whole numbers or booleans, not of float32 or float64")
  }

  /// `W` as int32, of the right shape.
  private static var whole: [UInt8] {
    var archive = ArrayArchiveWriter()
    archive.add("W", "<i4", shape: [2, 3], [UInt8](repeating: 0, count: 24))
    return archive.bytes
  }

  /// A file cut anywhere, and one with any byte changed, is an error with a code or gives finite numbers.
  @Test(arguments: ["npz", "safetensors"])
  func damagedFilesAreRefused(_ ending: String) throws {
    let folder = try Folder()
    let url = folder.url.appendingPathComponent("w." + ending)
    let tensors = [
      ParameterSpec(name: "W", dims: [2, 3]), ParameterSpec(name: "b", dims: []),
    ]
    let file = try ParameterFile(url.path, at: .none)
    try file.write(
      [
        ParameterFile.Entry(tensors[0], [1, 2, 3, 4, 5, 6]), ParameterFile.Entry(tensors[1], [7]),
      ], isDouble: false)
    let bytes = [UInt8](try Data(contentsOf: url))
    #expect(try file.values(for: tensors, isDouble: true) == [1, 2, 3, 4, 5, 6, 7])
    for length in 0..<bytes.count {
      try Data(bytes[..<length]).write(to: url)
      #expect(throws: DiagnosticError.self) { try file.values(for: tensors, isDouble: true) }
    }
    var random = SplitMix64(5)
    for _ in 0..<2_000 {
      var other = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        other[Int.random(in: other.indices, using: &random)] = .random(in: 0...255, using: &random)
      }
      try Data(other).write(to: url)
      do throws(DiagnosticError) {
        #expect(try file.values(for: tensors, isDouble: false).allSatisfy(\.isFinite))
      } catch {
        #expect(error.diagnostics.allSatisfy { (700..<800).contains($0.code.number) })
      }
    }
  }

  @Test(
    arguments: [
      ("save to \"w.npz\"", .nothingToKeep),
      (net + "train net on d with SGD, Adam for 1 steps\nsave W to \"w.npz\"", .severalRuns),
      (net + "train net on d with SGD for 1 steps seeds 2\nsave to \"w.npz\"", .severalRuns),
      (net + "train net on d with SGD for 1 steps\nsave V to \"w.npz\"", .notAParameter),
      (net + "train net on d with SGD for 1 steps\nsave W, W to \"w.npz\"", .givenTwice),
      (net + "train net on d with SGD for 1 steps\nsave W to \"w.csv\"", .notAParameterFile),
      (net + "train net on d with SGD for 1 steps\nsave W to \"none/w.npz\"", .noDirectory),
      (net + "train net on d with SGD for 1 steps from \"none.npz\"", .fileNotFound),
      (net + "train net on d with SGD for 1 steps from \"d.csv\"", .notAParameterFile),
      (net + "train net on d with SGD for 1 steps from [1, 2]", .startOfOtherSize),
      (
        net + "train net on d with SGD for 1 steps\nsave W to \"w.npz\"\nsave s to \"w.npz\"",
        .givenTwice
      ),
      (
        "rule Breaks { w' = w / 0 }\nobjective f(x: scalar = 1) = x^2\n"
          + "minimize f with Breaks for 3 steps\nsave to \"w.npz\"", .nothingToKeep
      ),
    ] as [(String, DiagnosticCode)])
  func whatCannotBeSavedIsTold(_ source: String, _ code: DiagnosticCode) throws {
    let folder = try Folder()
    #expect(Self.codes(source, folder) == [code])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["d.csv"])
  }

  /// Ctrl-C in the first run keeps what it came to; the second never ran, and its file is not written.
  @Test func afterCtrlCEachFileHasItsOwnRun() throws {
    let folder = try Folder()
    let source =
      Self.net + "train net on d with SGD for 400 steps batch 4\nsave to \"first.npz\"\n"
      + "train net on d with SGD for 400 steps batch 4\nsave to \"second.npz\""
    _ = try RunSavingTests.run(source, folder, stop: 30)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(files.sorted() == ["d.csv", "first.npz"])
  }
}

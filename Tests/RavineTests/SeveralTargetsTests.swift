import Basics
import Diagnostics
import Driver
import Experiments
import Foundation
import Testing
import Training

/// `target = ["a", "b"]`: a matrix of targets.
@Suite struct SeveralTargetsTests {
  private static func folder() throws -> RunSavingTests.Folder {
    let folder = try RunSavingTests.Folder()
    var random = SplitMix64(2)
    var text = "x,a,u,b\n"
    for _ in 0..<24 {
      let (x, u) = (random.normal(), random.normal())
      text += "\(x),\(2 * x - u),\(u),\(x + 3 * u + 1)\n"
    }
    try text.write(
      to: folder.url.appendingPathComponent("t.csv"), atomically: true, encoding: .utf8)
    return folder
  }

  private static func net(_ columns: Int, _ input: String) -> String {
    """
    objective net(; x, \(input)) {
        param W: matrix(features, \(columns)) = 0
        loss = mean_squared_error(x @ W, y)
    }

    """
  }

  private static func source(
    _ options: String, _ columns: Int, _ input: String, rate: Double
  ) -> String {
    "data d = csv(\"t.csv\", \(options), test = 0.25)\n" + net(columns, input)
      + "train net on d with SGD(lr = \(rate)) for 9 epochs batch 5"
  }

  private static func end(
    _ options: String, _ columns: Int, _ input: String, rate: Double
  ) throws -> [Double] {
    let source = source(options, columns, input, rate: rate)
    return try RunSavingTests.run(source, folder()).script.experiments[0].rules[0].runs[0]
      .parameters[0]
  }

  /// The mean over two columns has half the gradient of each: at twice the rate both are learnt as they are alone.
  @Test func eachColumnIsLearntAsItIsAlone() throws {
    let both = try Self.end("target = [\"b\", \"a\"]", 2, "y: matrix(batch, 2)", rate: 0.2)
    let a = try Self.end("target = \"a\", drop = [\"b\"]", 1, "y", rate: 0.1)
    let b = try Self.end("target = [\"b\"], drop = [\"a\"]", 1, "y", rate: 0.1)
    for k in 0..<2 {
      #expect(abs(both[2 * k] - b[k]) < 1e-6 && abs(both[2 * k + 1] - a[k]) < 1e-6)
    }
    #expect(abs(a[0] - b[0]) > 0.1)
  }

  @Test(
    arguments: [
      ("target = [\"a\", \"b\"]", 2, "y", .inputOfOtherWidth),
      ("target = [\"a\", \"b\"]", 3, "y: matrix(batch, 3)", .inputOfOtherWidth),
      ("target = \"a\"", 2, "y: matrix(batch, 2)", .inputOfOtherWidth),
      ("target = [\"a\", \"a\"]", 2, "y: matrix(batch, 2)", .givenTwice),
      ("target = [\"a\", \"c\"]", 2, "y: matrix(batch, 2)", .unknownColumn),
      ("target = []", 2, "y: matrix(batch, 2)", .missingPart),
      ("target = [\"a\", 3]", 2, "y: matrix(batch, 2)", .needsText),
      ("target = [\"a\", \"b\"], drop = [\"b\"]", 2, "y: matrix(batch, 2)", .missingPart),
      ("target = [\"a\", \"b\", \"x\", \"u\"]", 4, "y: matrix(batch, 4)", .noFeatures),
    ] as [(String, Int, String, DiagnosticCode)])
  func whatIsNoMatrixOfTargetsIsTold(
    _ options: String, _ columns: Int, _ input: String, _ code: DiagnosticCode
  ) throws {
    let source = Self.source(options, columns, input, rate: 0.1)
    // What a statement says is looked at when it is checked, what a file says when it is read.
    var codes = Compiler().add(name: "t.opt", bytes: Array(source.utf8))
      .filter { $0.severity == .error }.map(\.code)
    if codes.isEmpty {
      codes = RunSavingTests.codes { _ = try RunSavingTests.run(source, Self.folder()) }
    }
    #expect(codes == [code], "\(options)")
  }

  /// Labels of every column are looked at, and the column is named.
  @Test func aLabelOfASecondTargetIsLookedAt() throws {
    let source = """
      data d = csv("t.csv", target = ["y", "z"])
      objective net(; x, y: matrix(batch, 2)) {
          param W: matrix(features, 2) = 0
          loss = binary_cross_entropy(sigmoid(x @ W), y)
      }
      train net on d with SGD for 1 steps
      """
    let folder = try RunSavingTests.Folder()
    try "x,y,z\n1,0,1\n2,1,2\n".write(
      to: folder.url.appendingPathComponent("t.csv"), atomically: true, encoding: .utf8)
    do {
      _ = try RunSavingTests.run(source, folder)
      Issue.record("it was trained")
    } catch let error as DiagnosticError {
      #expect(error.diagnostics[0].code == .classTarget)
      #expect(error.diagnostics[0].message.contains("\"z\""))
    }
  }
}

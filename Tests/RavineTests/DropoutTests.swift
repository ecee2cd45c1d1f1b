import Driver
import Experiments
import Foundation
import Testing
import Training

/// Examples/dropout.opt against the same network in PyTorch (Tests/Golden/dropout.py): the rows of both parts
/// are the same, the draws are not.
@Suite struct DropoutTests {
  /// The values of a series after the last epoch, one a seed.
  typealias Ends = [String: [Double]]

  static let recorded: [(call: String, ends: Ends)] = {
    let file = GoldenTests.folder.appendingPathComponent("dropout.tsv")
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    var found: [(call: String, ends: Ends)] = []
    for line in text.split(separator: "\n") {
      let cells = line.split(separator: "\t").map(String.init)
      if found.last?.call != cells[0] { found.append((cells[0], [:])) }
      found[found.count - 1].ends[cells[1]] = cells[2].split(separator: " ").compactMap {
        Double($0)
      }
    }
    return found
  }()

  private func ends(_ call: String, replacing old: String = "", with new: String = "") throws
    -> Ends
  {
    let folder = GoldenTests.folder.appendingPathComponent("../../Examples").path
    let example = try String(contentsOfFile: folder + "/dropout.opt", encoding: .utf8)
    let network = example.split(separator: "\n").filter { !$0.hasPrefix("train") }
      .joined(separator: "\n")
    #expect(old.isEmpty || network.contains(old))
    let compiler = Compiler()
    let source = network.replacingOccurrences(of: old, with: new) + "\ntrain " + call
    let errors = compiler.add(name: "dropout.opt", bytes: Array(source.utf8))
    try #require(errors.filter { $0.severity == .error }.map(\.message) == [])
    var options = Script.Options()
    options.folder = folder
    let script = Script(compiler, options: options, output: { _ in })
    try script.run()
    let runs = try #require(script.experiments.last?.rules.first?.runs)
    #expect(runs.count == 5)
    return runs[0].values.mapValues { _ in [] }.merging(
      runs.flatMap { run in run.values.map { ($0.key, [$0.value.last ?? .nan]) } },
      uniquingKeysWith: +)
  }

  private func mean(_ x: [Double]) -> Double { x.reduce(0, +) / Double(x.count) }

  private func deviation(_ x: [Double]) -> Double {
    let middle = mean(x)
    return (x.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / Double(x.count - 1)).squareRoot()
  }

  /// How many of PyTorch's deviations our mean is from its mean.
  private func distances(_ found: Ends, _ recorded: Ends) -> [String: Double] {
    recorded.reduce(into: [:]) { result, series in
      let here = found[series.key] ?? []
      result[series.key] =
        abs(mean(here) - mean(series.value)) / deviation(series.value)
    }
  }

  @Test func fiveSeedsLieWithinTheSpreadOfPyTorch() throws {
    #expect(Self.recorded.count == 3)
    for (call, recorded) in Self.recorded {
      #expect(recorded.keys.sorted() == ["accuracy", "loss", "test_loss"])
      #expect(recorded.values.allSatisfy { $0.count == 40 })
      let found = distances(try ends(call), recorded)
      for (series, distance) in found {
        #expect(distance <= 1, "\(series) of \(call) is \(distance) deviations away")
      }
    }
  }

  /// The comparison sees dropout that is missing, one that stays where the test rows are measured, and one
  /// whose mean is another.
  @Test(arguments: [
    ("if training then x * keep / (1 - p) else x", "x + 0 * keep * p", "loss"),
    ("if training then x * keep / (1 - p) else x", "x * keep / (1 - p)", "test_loss"),
    ("if training then x * keep / (1 - p) else x", "if training then x * keep else x", "test_loss"),
  ])
  func otherNetworksDoNot(_ old: String, _ new: String, _ series: String) throws {
    let (call, recorded) = try #require(Self.recorded.last)
    let distance = distances(try ends(call, replacing: old, with: new), recorded)[series]
    #expect(try #require(distance) > 3)
  }
}

import Diagnostics
import Testing
import Training

private func dataset(rows: Int) throws(DiagnosticError) -> Dataset {
  // Each row says its own number three times, so that a mix-up of rows or columns shows.
  let values = (0..<rows).flatMap { [Double($0), Double($0 % 3), Double($0) * 10] }
  let table = Table(source: "t.csv", names: ["a", "class", "b"], values: values)
  return try Dataset(table, target: "class", at: .none)
}

private let uniform = Sequence64.uniform(seed: 4)

@Suite struct DatasetTests {
  @Test func takesTheTargetOutOfTheFeatures() throws {
    let data = try dataset(rows: 5)
    #expect(data.featureNames == ["a", "b"])
    #expect(data.columns == 2 && data.rows == 5)
    #expect(Array(data.row(3)) == [3, 30])
    #expect(data.targets == [0, 1, 2, 0, 1])
    #expect(try data.classCount(at: .none) == 3)
  }

  @Test func refusesATargetWithoutFeatures() {
    let table = Table(source: "t.csv", names: ["y"], values: [1])
    let alone = described { () throws(DiagnosticError) in
      try Dataset(table, target: "y", at: .none)
    }
    #expect(alone.hasPrefix("R0718 t.csv:1:1:"))
    let missing = described { () throws(DiagnosticError) in
      try Dataset(table, target: "z", at: .none)
    }
    #expect(missing.hasPrefix("R0711 t.csv:1:1:"))
  }

  @Test(
    arguments: [
      ([0, 1.5], "row 2"), ([0, -1], "row 2"), ([0, 2, 0], "row 2"), ([0, 1e300], "row 2"),
      ([1, 2, 3], "row 3"),
    ] as [([Double], String)])
  func classesAreWholeAndGapless(_ targets: [Double], _ row: String) throws {
    let values = targets.flatMap { [0.0, $0] as [Double] }
    let table = Table(source: "t.csv", names: ["x", "y"], values: values)
    let data = try Dataset(table, target: "y", at: .none)
    let text = described { () throws(DiagnosticError) in try data.classCount(at: .none) }
    #expect(text.hasPrefix("R0742 t.csv: \(row):"))
  }

  @Test func flattensArraysAndChecksThem() throws {
    let images = NumericArray(shape: [2, 2, 2], values: [1, 2, 3, 4, 5, 6, 7, 8])
    let labels = NumericArray(shape: [2], values: [0, 1])
    let data = try Dataset(features: images, targets: labels, source: "a.npz", at: .none)
    #expect(Array(data.row(1)) == [5, 6, 7, 8])
    func problem(_ x: NumericArray, _ y: NumericArray) -> String {
      described { () throws(DiagnosticError) in
        try Dataset(features: x, targets: y, source: "a.npz", at: .none)
      }
    }
    let three = NumericArray(shape: [3], values: [0, 1, 2])
    #expect(problem(images, three).hasPrefix("R0736"))
    #expect(problem(images, images).hasPrefix("R0736"))
    #expect(problem(three, three).hasPrefix("R0736"))
    #expect(problem(NumericArray(shape: [3, 0], values: []), three).hasPrefix("R0736"))
    let none = NumericArray(shape: [0], values: [])
    #expect(problem(NumericArray(shape: [0, 4], values: []), none).hasPrefix("R0707"))
    let holes = NumericArray(shape: [2, 2], values: [1, 2, 3, .nan])
    #expect(problem(holes, labels).hasPrefix("R0715 a.npz:2:2:"))
    let infinite = NumericArray(shape: [2, 1], values: [0, .infinity])
    #expect(problem(images, infinite).hasPrefix("R0715 a.npz:2:1:"))
  }
}

@Suite struct SplitTests {
  @Test func everyRowIsInOnePartOnce() throws {
    let split = try dataset(rows: 100).split(test: 0.25, at: .none, uniform: uniform)
    #expect(split.test.rows == 25 && split.train.rows == 75)
    let firsts =
      (split.train.targets.indices.map { split.train.features[$0 * 2] }
        + split.test.targets.indices.map { split.test.features[$0 * 2] })
    #expect(firsts.sorted() == (0..<100).map(Double.init))
    #expect(firsts != (0..<100).map(Double.init))
    for part in [split.train, split.test] {
      for row in 0..<part.rows {
        let values = Array(part.row(row))
        #expect(values[1] == values[0] * 10)
        #expect(part.targets[row] == Double(Int(values[0]) % 3))
      }
    }
  }

  @Test func threePartsShareNoRowAndTestRowsStay() throws {
    let data = try dataset(rows: 100)
    let split = try data.split(test: 0.25, validate: 0.1, at: .none, uniform: uniform)
    let validation = try #require(split.validation)
    #expect([split.train.rows, split.test.rows, validation.rows] == [65, 25, 10])
    let firsts = [split.train, split.test, validation].flatMap { part in
      (0..<part.rows).map { Array(part.row($0))[0] }
    }
    #expect(firsts.sorted() == (0..<100).map(Double.init))
    let without = try data.split(test: 0.25, at: .none, uniform: uniform)
    #expect(without.test == split.test && without.validation == nil)
    // Without test rows the training rows stand in for them, and not those for choosing.
    let choosing = try data.split(test: nil, validate: 0.1, at: .none, uniform: uniform)
    #expect(choosing.test == choosing.train && choosing.train.rows == 90)
    #expect(choosing.validation?.rows == 10)
  }

  @Test func validationRowsAreScaledAsTheOthers() throws {
    let data = try dataset(rows: 40)
    let split = try data.split(test: 0.25, validate: 0.25, at: .none, uniform: uniform)
    let scaled = try split.scaled(by: 2, at: .none)
    #expect(
      scaled.validation?.features == split.validation?.features.map { 2 * $0 })
    // A row has the same standardised value whichever part it is in.
    let standard = split.standardised()
    let whole = DataSplit(train: split.train, test: try #require(split.validation)).standardised()
    #expect(standard.validation?.features == whole.test.features)
    #expect(standard.validation?.features != split.validation?.features)
  }

  @Test(arguments: [
    (10, 0.2, 0.0, "R0740"), (10, 0.2, 1.0, "R0740"), (10, 0.2, -0.5, "R0740"),
    (10, 0.2, .nan, "R0740"), (10, 0.2, .infinity, "R0740"), (10, 0.2, 0.04, "R0741"),
    (10, 0.5, 0.5, "R0741"), (10, 0.6, 0.7, "R0741"), (2, 0.5, 0.5, "R0741"),
    (1, 0.5, 0.5, "R0741"),
  ])
  func refusesEmptyPartsBesideATest(
    _ rows: Int, _ test: Double, _ validate: Double, _ code: String
  ) throws {
    let data = try dataset(rows: rows)
    let text = described { () throws(DiagnosticError) in
      try data.split(test: test, validate: validate, at: .none, uniform: uniform)
    }
    #expect(text.hasPrefix("\(code) t.csv:"), "\(text)")
  }

  @Test func theGeneratorAloneDecides() throws {
    let data = try dataset(rows: 50)
    let once = try data.split(test: 0.2, at: .none, uniform: uniform)
    #expect(try once == data.split(test: 0.2, at: .none, uniform: uniform))
    let other = Sequence64.uniform(seed: 5)
    #expect(try once != data.split(test: 0.2, at: .none, uniform: other))
  }

  @Test func shufflesAreFair() {
    var counts = [Int](repeating: 0, count: 24)
    let permutations = 24_000
    for seed in 0..<permutations {
      let order = Dataset.shuffled(4, uniform: Sequence64.uniform(seed: UInt64(seed) &* 7919))
      // The rank of the permutation.
      let rest = (0..<4).map { i in order[(i + 1)...].count { $0 < order[i] } }
      counts[rest[0] * 6 + rest[1] * 2 + rest[2]] += 1
    }
    // 1,000 expected each; five standard deviations are about 155.
    #expect(counts.allSatisfy { abs($0 - 1000) < 155 })
  }

  @Test func anyGeneratorKeepsARowARow() {
    for value in [0, 0.999_999_999_999_999_9, 1.0, -3.0] {
      #expect(Dataset.shuffled(9) { _ in value }.sorted() == Array(0..<9))
    }
  }

  @Test(arguments: [
    (10, 0.0, "R0740"), (10, 1.0, "R0740"), (10, -0.5, "R0740"), (10, .nan, "R0740"),
    (10, .infinity, "R0740"), (10, 0.04, "R0741"), (10, 0.96, "R0741"), (1, 0.5, "R0741"),
  ])
  func refusesEmptyParts(_ rows: Int, _ fraction: Double, _ code: String) throws {
    let data = try dataset(rows: rows)
    let text = described { () throws(DiagnosticError) in
      try data.split(test: fraction, at: .none, uniform: uniform)
    }
    #expect(text.hasPrefix("\(code) t.csv:"))
  }

  @Test func standardisesByTheTrainingPart() throws {
    let split = try dataset(rows: 40).split(test: 0.5, at: .none, uniform: uniform).standardised()
    for column in 0..<2 {
      let values = (0..<20).map { split.train.features[$0 * 2 + column] }
      let mean = values.reduce(0, +) / 20
      let variance = values.reduce(0) { $0 + $1 * $1 } / 20
      #expect(abs(mean) < 1e-14 && abs(variance - 1) < 1e-13)
    }
    let test = (0..<20).map { split.test.features[$0 * 2] }
    #expect(abs(test.reduce(0, +) / 20) > 1e-3)
  }

  @Test func constantAndHugeFeaturesStayFinite() throws {
    let values = (0..<8).flatMap { [0.1, $0 % 2 == 0 ? 1.5e308 : -1.5e308, Double($0)] }
    let table = Table(source: "t", names: ["constant", "huge", "y"], values: values)
    let data = try Dataset(table, target: "y", at: .none)
    let split = try data.split(test: 0.25, at: .none, uniform: uniform).standardised()
    let all = split.train.features + split.test.features
    #expect(all.allSatisfy { $0.isFinite })
    #expect(stride(from: 0, to: all.count, by: 2).allSatisfy { all[$0] == 0 })
    #expect(stride(from: 1, to: all.count, by: 2).allSatisfy { abs(all[$0]) > 0.5 })
  }

  @Test func scalesByAFactor() throws {
    let split = try dataset(rows: 10).split(test: 0.5, at: .none, uniform: uniform)
    let scaled = try split.scaled(by: 0.0625, at: .none)
    #expect(scaled.train.features == split.train.features.map { $0 * 0.0625 })
    #expect(scaled.test.features == split.test.features.map { $0 * 0.0625 })
    #expect(scaled.train.targets == split.train.targets)
    for (factor, code) in [(0.0, "R0743"), (.nan, "R0743"), (1e308, "R0744")] {
      let text = described { () throws(DiagnosticError) in try split.scaled(by: factor, at: .none) }
      #expect(text.hasPrefix("\(code) t.csv:"))
    }
  }
}

import Basics
import Diagnostics
import Files
import Testing

@testable import Training

/// A large file is read piece by piece, and gives what it would give as a whole.
@Suite struct StreamedTableTests {
  private static let texts = [
    "a,b\n1,2\n3,4\n", "a,b\r\n1,2\r\n3,4", "a,b\r1,2\r3,4\r", "\u{FEFF}a,b\n1,2\n",
    "\n\n \na,b\n\n1,2\n\n",
    "a,b\n\"1\",\"2\"\n", "a,\"b\nc\"\n1,2\n", "a,b\n\"x\ny\",1\n\"x\r\ny\",2\nz,3\n",
    "a,b\n\"x\"\"y\",1\nz,2\n",
    "a,b\n\"x,1\n", "a,b\n\"x\"y,1\n", "a,b\n1\n", "a,b\n1,2,3\n", "a,b\n1,\n",
    "a,b\n1,2\n3,x\n4,5\n", "a\n", "a,a\n1,2\n",
    "a,,b\n1,2,3\n", "a,b\n1,1e400\n", "a,b\n1,nan\n", "a;b\n1;2\n", "a,b\nred,1\nblue,2\nred,3\n",
    "a,b\n1,2\n3,4\nfive,6\n", "a,b\nβ,1\nγ,2\n", "PAR1\u{0}\u{0}a,b\n1,2\n", "a,b\n1,2\n\"",
    "a,b\n1,2\n\"x", "a,b\r\n\"1\"\r\n",
    "a,b\n" + (1...40).map { "\($0),\($0 * $0)" }.joined(separator: "\n") + "\nlast,1\n",
  ]

  private static func options(_ k: Int) -> CSVOptions {
    var options = CSVOptions()
    if k & 1 == 1 { options.missing = .mean }
    if k & 2 == 2 { options.dropped = ["a"] }
    if k & 4 == 4 { options.hasHeader = false }
    return options
  }

  /// Everything that a table says; NaN is NaN.
  private static func said(_ body: () throws(DiagnosticError) -> Table) -> String {
    do throws(DiagnosticError) {
      let table = try body()
      return "\(table.names) \(table.rows) \(table.values) \(table.classes) \(table.leftOut)"
    } catch {
      return error.diagnostics.map { "\($0.code) \($0.message) \($0.notes)" }.joined()
    }
  }

  @Test(arguments: texts.indices)
  func piecesGiveTheWhole(_ k: Int) throws {
    let bytes = Array(Self.texts[k].utf8)
    try withDirectory { directory in
      let path = "\(directory)/d.csv"
      try writeWhole(path: path, bytes: bytes)
      for choice in 0..<8 {
        let options = Self.options(choice)
        let whole = Self.said { () throws(DiagnosticError) in
          try Table.csv(bytes: bytes, path: path, options, at: .none)
        }
        for piece in Array(1...24) + [64, 4096] {
          let pieces = Self.said { () throws(DiagnosticError) in
            try Table.csv(
              path: path, options, isDouble: true, largeBytes: 0, piece: piece, at: .none)
          }
          #expect(pieces == whole, "\(piece) \(options)")
        }
      }
    }
  }

  /// Texts that people and disks make, of cells and signs at random.
  @Test func randomTextsGiveTheSameInPieces() throws {
    var random = SplitMix64(11)
    let cells = [
      "1", "-2.5", "3e2", "", " 4 ", "\"5\"", "\"a,b\"", "\"c\nd\"", "x", "\"", "1,5", "na", "é",
    ]
    let ends = ["\n", "\r\n", "\r", "\n\n", ""]
    try withDirectory { directory in
      let path = "\(directory)/d.csv"
      for turn in 0..<600 {
        var text = "a,b,c\n"
        let plain = turn % 2 == 0
        for _ in 0..<Int.random(in: 1...12, using: &random) {
          let width = plain || Int.random(in: 0..<9, using: &random) > 0 ? 3 : 2
          let row = (0..<width).map { _ in
            plain
              ? "\(Int.random(in: -99...99, using: &random))" : cells.randomElement(using: &random)!
          }
          text += row.joined(separator: ",") + (plain ? "\n" : ends.randomElement(using: &random)!)
        }
        let bytes = Array(text.utf8)
        try writeWhole(path: path, bytes: bytes)
        let options = Self.options(turn % 8)
        let whole = Self.said { () throws(DiagnosticError) in
          try Table.csv(bytes: bytes, path: path, options, at: .none)
        }
        let piece = Int.random(in: 1...40, using: &random)
        let pieces = Self.said { () throws(DiagnosticError) in
          try Table.csv(
            path: path, options, isDouble: true, largeBytes: 0, piece: piece, at: .none)
        }
        #expect(pieces == whole, "\(piece): \(text)")
      }
    }
  }

  /// What is kept in float32 is rounded once; texts become columns and targets leave in place.
  @Test func examplesInFloat32AreThoseInFloat64Rounded() throws {
    var random = SplitMix64(4)
    var text = "u,kind,v,w,\"place\"\n"
    for _ in 0..<300 {
      let (u, v, w) = (
        random.normal(), random.normal() * 1e3, Int.random(in: 0...4, using: &random)
      )
      text += "\(u),\(["red", "blue"].randomElement(using: &random)!),\(v),\(w),"
      text += ["hill", "shore", "sea"].randomElement(using: &random)! + "\n"
    }
    try withDirectory { directory in
      let path = "\(directory)/d.csv"
      try writeWhole(path: path, bytes: Array(text.utf8))
      let wide = try Table.csv(path: path, at: .none)
      let narrow = try Table.csv(
        path: path, CSVOptions(), isDouble: false, largeBytes: 0, piece: 100, at: .none)
      #expect(narrow.values == wide.values.map { Double(Float($0)) })
      for targets in [["kind"], ["w", "u"], ["v", "kind", "w"]] {
        let whole = try Dataset(wide, targets: targets, at: .none)
        let other = try Dataset(narrow, targets: targets, at: .none)
        #expect(other.features == whole.features.map { Double(Float($0)) })
        #expect(other.targets == whole.targets.map { Double(Float($0)) })
        #expect(other.featureNames == whole.featureNames && other.rows == 300)
        #expect(other.targets.count == 300 * targets.count)
      }
    }
  }

  /// In their own memory, examples are parted, filled and scaled as copies are.
  @Test(arguments: [nil, 0.2] as [Double?], [nil, 0.1] as [Double?])
  func ownedMemoryGivesTheSameParts(_ test: Double?, _ validate: Double?) throws {
    for columns in [1, 3, 17] {
      let names = (0..<columns).map { "x\($0)" } + ["y", "z"]
      let rows = 103
      func made() throws -> Dataset {
        var random = SplitMix64(UInt64(columns))
        var values = (0..<rows * (columns + 2)).map { _ in random.normal() }
        for k in stride(from: 0, to: values.count, by: 3 * (columns + 2)) { values[k] = .nan }
        return try Dataset(
          Table(source: "t", names: names, values: values), targets: ["y", "z"], isOwned: true,
          at: .none)
      }
      func parted(_ isOwned: Bool, _ isInOrder: Bool) throws -> DataSplit {
        let all = try made()
        var split =
          test == nil && validate == nil
          ? all.whole(isOwned: isOwned)
          : try all.split(
            test: test, validate: validate, isInOrder: isInOrder, isOwned: isOwned, at: .none
          ) { Sequence64.uniform(seed: 3)($0) }
        split = try split.filled(isOwned: isOwned, at: .none).standardised(isOwned: isOwned)
        return try split.scaled(by: 3, isOwned: isOwned, at: .none)
      }
      for isInOrder in [false, true] {
        let (copied, owned) = (try parted(false, isInOrder), try parted(true, isInOrder))
        #expect(copied == owned && owned.digests == copied.digests)
        for part in [owned.train, owned.test] + (owned.validation.map { [$0] } ?? []) {
          #expect(Int(bitPattern: part.numbers.place.pointer) % 64 == 0)
          #expect(part.answers.count == 2 * part.rows && part.numbers.count == columns * part.rows)
        }
      }
    }
  }

  @Test func aRowWithoutEndIsRefused() throws {
    try withDirectory { directory in
      let path = "\(directory)/d.csv"
      try writeWhole(
        path: path, bytes: Array("a,b\n1,2\n\"".utf8) + [UInt8](repeating: 0x31, count: 40 << 20))
      let text = described { () throws(DiagnosticError) in try Table.csv(path: path, at: .none) }
      #expect(text.hasPrefix("R0705 \(path):3:1:"), "\(text)")
    }
  }

  /// A text in the last of very many rows is told with its place and what to do.
  @Test func aTextInTheLastRowOfALargeFileIsTold() throws {
    try withDirectory { directory in
      let path = "\(directory)/d.csv"
      var bytes = Array("a,y\n".utf8)
      for row in 0..<900_000 { bytes += Array("\(row % 997).5,1\n".utf8) }
      bytes += Array("oops,1\n".utf8)
      try writeWhole(path: path, bytes: bytes)
      do throws(DiagnosticError) {
        _ = try Table.csv(path: path, isDouble: false, at: .none)
        Issue.record("it was read")
      } catch {
        #expect(error.diagnostics[0].code == .textForNumber)
        #expect(error.diagnostics[0].message.hasPrefix("\(path):900002:1: \"oops\""))
        #expect(error.diagnostics[0].notes[0].message.contains("drop = [\"a\"]"))
      }
    }
  }
}

import Basics
import Diagnostics
import Testing
import Training

private let place = Span(3, 9)

/// Tables as people post them: other signs, texts, gaps, columns without a name.
@Suite struct WrittenTablesTests {
  private static func table(
    _ text: String, _ change: (inout CSVOptions) -> Void = { _ in }
  ) throws(DiagnosticError) -> Table {
    var options = CSVOptions()
    change(&options)
    return try Table.csv(bytes: Array(text.utf8), path: "d.csv", options, at: place)
  }

  private static func problem(
    _ text: String, _ change: (inout CSVOptions) -> Void = { _ in }
  ) -> String {
    described { () throws(DiagnosticError) in try table(text, change) }
  }

  @Test func otherSeparatorsAndDecimalCommas() throws {
    let semicolons = try Self.table("a;b\n1,5;2\n-3,25;4e2\n") { $0.separator = ";" }
    #expect(semicolons.values == [1.5, 2, -3.25, 400])
    let points = try Self.table("a;b\n1.5;2\n") { $0.separator = ";" }
    #expect(points.values == [1.5, 2])
    let tabs = try Self.table("a\tb\n1\t2\n \n3\t4\n") { $0.separator = "\t" }
    #expect(tabs.values == [1, 2, 3, 4])
    let grouped = try Self.table("a;b\n1.234,5;-1.000.000\n2,5;7\n") {
      ($0.separator, $0.decimal, $0.thousands) = (";", ",", ".")
    }
    #expect(grouped.values == [1234.5, -1_000_000, 2.5, 7])
    let quoted = try Self.table("a,b\n\"1,234.5\",2\n999,3\n") { $0.thousands = "," }
    #expect(quoted.values == [1234.5, 2, 999, 3])
    let swiss = try Self.table("a,b\n1'234'567.5,2\n") { $0.thousands = "'" }
    #expect(swiss.values == [1_234_567.5, 2])
  }

  /// Columns that are set out with blanks, and the line by which spreadsheets say their separator.
  @Test func blanksAndSpreadsheets() throws {
    for text in [
      "a b\n1 2\n3 4\n", "  a   b  \n  1   2\n 3     4  \n   \n", "a  b \r\n1 2 \r\n3 4",
    ] {
      let read = try Self.table(text) { $0.separator = " " }
      #expect(read.names == ["a", "b"] && read.values == [1, 2, 3, 4], "\(text)")
    }
    let words = try Self.table("a kind\n1 \"red wine\"\n2   white\n") { $0.separator = " " }
    #expect(words.values == [1, 0, 2, 1])
    #expect(Self.problem("a b\n1 2\n3  \n") { $0.separator = " " }.hasPrefix("R0712 d.csv:3"))
    #expect(Self.problem("a b\n1 2 3\n") { $0.separator = " " }.hasPrefix("R0712 d.csv:2:5:"))
    let said = try Self.table("sep=;\r\na;b\r\n1,5;2\r\n") { $0.separator = ";" }
    #expect(said.names == ["a", "b"] && said.values == [1.5, 2])
    #expect(Self.problem("sep=;\na;b\n1;2\n").contains("separator = \";\""))
    #expect(Self.problem("a b\n1 2\n").contains("separated by spaces: say `separator = \" \"`"))
    #expect(Self.problem("# made by me\na,b\n1,2\n").contains("lines that begin with `#`"))
    #expect(Self.problem("a,b\n1,NaN\n").contains("missing = \"mean\""))
    #expect(!Self.problem("a,b\n1,inf\n").contains("missing"))
  }

  @Test func whatIsWrittenOtherwiseIsToldWithItsRepair() {
    #expect(Self.problem("a;b\n1;2\n").contains("separator = \";\""))
    #expect(Self.problem("a\tb\n1\t2\n").contains("separator = \"\\t\""))
    #expect(Self.problem("a|b\n1|2\n").contains("separator = \"|\""))
    #expect(Self.problem("a,b\n\"1,5\",2\n").contains("decimal = \",\""))
    #expect(Self.problem("a,b\n\"1,234\",2\n").contains("thousands = \",\""))
    #expect(Self.problem("a,b\n1,5,2\n").hasPrefix("R0712"))
    #expect(Self.problem("a,b\n1,5,2,25\n").contains("decimal comma"))
    // Points and commas before decimals in one file.
    #expect(Self.problem("a;b\n1,5;2.25\n") { $0.separator = ";" }.contains("decimal"))
    #expect(Self.problem("a,b\n$5,2\n").hasPrefix("R0713 d.csv:2:1:"))
    #expect(Self.problem("a,b\n5%,2\n").contains("drop"))
    #expect(Self.problem("a,b\n\"12,34,5\",2\n") { $0.thousands = "," }.hasPrefix("no diagnostic"))
  }

  @Test func filesOfOtherFormatsAreNamed() {
    for (bytes, word) in [
      (Array("PAR1\u{0}\u{0}".utf8), "Parquet"), ([0x50, 0x4B, 3, 4, 20], "workbook"),
      ([0x1F, 0x8B, 8], "gzip"), (Array("<!DOCTYPE html>".utf8), "web page"),
      (Array("SQLite format 3\u{0}".utf8), "SQLite"), ([0x93] + Array("NUMPY".utf8), "npy"),
    ] {
      let said = described { () throws(DiagnosticError) in
        try Table.csv(bytes: bytes, path: "d.csv", at: place)
      }
      #expect(said.hasPrefix("R0717") && said.contains(word), "\(said)")
    }
  }

  @Test func textsBecomeClasses() throws {
    let read = try Self.table("size,colour,kind\n1,red,dog\n2,blue,cat\n3,red,dog\n")
    #expect(read.classes == [nil, ["blue", "red"], ["cat", "dog"]])
    let data = try Dataset(read, target: "kind", at: place)
    #expect(data.featureNames == ["size", "colour=blue", "colour=red"])
    #expect(data.features == [1, 0, 1, 2, 1, 0, 3, 0, 1])
    #expect(data.targets == [1, 0, 1])
    #expect(data.remarks.joined().contains("0 cat, 1 dog"))
    // A column of texts of which a few look like numbers.
    let mixed = try Self.table("x,k\n1,a\n2,7\n3,a\n4,b\n")
    #expect(mixed.classes[1] == ["7", "a", "b"])
    #expect(mixed.column(1) == [1, 0, 1, 2].map { Double($0) })
  }

  @Test func oneTextAmongNumbersIsAFault() {
    let rows = (0..<500).map { "\($0),\($0 * 2)" }.joined(separator: "\n")
    let said = Self.problem("a,b\n\(rows)\n500,12 units\n")
    #expect(said.hasPrefix("R0713 d.csv:502:5:") && said.contains("500 of 501"))
  }

  @Test func datesAndNamesAreNoClasses() throws {
    let dates = "d,y\n" + (1...28).map { "2024-02-\($0),\($0)" }.joined(separator: "\n")
    #expect(Self.problem(dates).contains("dates"))
    #expect(try Self.table(dates) { $0.dropped = ["d"] }.names == ["y"])
    // Ranges that come again are classes.
    #expect(try Self.table("age,y\n18-25,1\n26-40,2\n18-25,3\n").classes[0] == ["18-25", "26-40"])
    let names = "n,x,y\n" + (0..<2_000).map { "p\($0),1,\($0)" }.joined(separator: "\n")
    #expect(Self.problem(names).contains("drop"))
    let many = try Self.table("n,y\n" + (0..<200).map { "p\($0),\($0)" }.joined(separator: "\n"))
    let said = described { () throws(DiagnosticError) in
      try Dataset(many, target: "y", at: place)
    }
    #expect(said.contains("200 different texts"))
  }

  /// Dates are no classes, however few there are of them; what merely looks like one is.
  @Test(arguments: [
    "2024-01-31", "31.01.2024", "1/31/2024", "31/1/24", "31 Jan 2024", "Jan 31, 2024", "January 31",
    "Wed, 31 Jan 2024 10:00:00 +0100", "31-Jan-24", "2024-01-31T10:00:00Z", "2024-01-31 10:00",
    "10:30", "10:30:05.5", "9:30 pm", "2024/1/31", "2024-01", "2024-W05", "2024Q1", "Jan-24",
  ])
  func datesAreRecognised(_ date: String) {
    let rows = (0..<6).map { "\($0),\"\(date)\",\($0 % 2)" }.joined(separator: "\n")
    let said = Self.problem("a,when,y\n\(rows)\n")
    #expect(said.hasPrefix("R0713") && said.contains("drop = [\"when\"]"), "\(said)")
    #expect(said.contains("order = \"time\""))
  }

  @Test(arguments: [
    "18-25", "1st", "A1", "Jan", "Monday", "may", "3:2", "v1.2.3", "12/13", "B-2024-01",
    "36+",
  ])
  func theseAreClasses(_ text: String) throws {
    let read = try Self.table("a,k\n1,\(text)\n2,other\n3,\(text)\n")
    #expect(read.classes[1] == ["other", text].sorted())
  }

  @Test func dashesAmongNumbersAreGaps() throws {
    for dash in ["-", "--", "–", "."] {
      let text = "a,b\n1,2\n2,\(dash)\n3,4\n4,8\n"
      let said = Self.problem(text)
      #expect(said.hasPrefix("R0714 d.csv:3:3:") && said.contains("missing = \"mean\""), "\(said)")
      #expect(try Self.table(text) { $0.missing = .drop }.values == [1, 2, 3, 4, 4, 8])
    }
    for gap in ["#N/A", "<NA>", "\\N", "(null)"] {
      #expect(Self.problem("a,b\n1,2\n2,\(gap)\n").hasPrefix("R0714 d.csv:3:3:"))
    }
    // Among texts a dash is one of them, and another text among numbers stays a fault.
    #expect(try Self.table("a,s\n1,+\n2,-\n3,+\n").classes[1] == ["+", "-"])
    #expect(Self.problem("a,b\n1,2\n2,-\n3,x\n4,5\n5,6\n").hasPrefix("R0713"))
  }

  @Test func signsOfOtherCountries() throws {
    #expect(try Self.table("a,b\n−1.5,2\n").values == [-1.5, 2])
    for blank in [" ", "\u{A0}", "\u{202F}"] {
      let text = "a;b\n1\(blank)234\(blank)567,5;2\n"
      #expect(
        Self.problem(text) { $0.separator = ";" }.contains("decimal = \",\", thousands = \" \""))
      let read = try Self.table(text) { ($0.separator, $0.thousands) = (";", " ") }
      #expect(read.values == [1_234_567.5, 2])
    }
    #expect(Self.problem("a,b\n1’234.5,2\n").contains("`thousands = \"'\"` reads it"))
    #expect(try Self.table("a,b\n1’234.5,2\n") { $0.thousands = "'" }.values == [1234.5, 2])
    #expect(Self.problem("a,b\n5%,2\n").contains("drop = [\"a\"]"))
    let accounts = (1...4).map { "(\($0).5),\($0)" }.joined(separator: "\n")
    #expect(Self.problem("a,b\n\(accounts)\n").hasPrefix("R0713"))
  }

  @Test func whatStandsAroundTheRows() throws {
    #expect(Self.problem("My table\n\na,b\n1,2\n").contains("take out what stands above"))
    let trailing = Self.problem("a,b\n1,2,\n")
    #expect(trailing.hasPrefix("R0712 d.csv:2:5:") && trailing.contains("drop = [\"\"]"))
    #expect(try Self.table("a,b,\n1,2,\n") { $0.dropped = [""] }.values == [1, 2])
    #expect(Self.problem("a,a,b\n1,2,3\n").contains("drop = [\"a\"]"))
    #expect(try Self.table("a,a,b\n1,2,3\n") { $0.dropped = ["a"] }.values == [3])
    #expect(try Self.table("a,b\n1,2\n\u{1A}").values == [1, 2])
  }

  @Test func otherFormatsOfText() {
    for (text, word) in [
      ("[{\"a\": 1}]", "JSON"), ("{\"a\": 1}\n", "JSON"), ("<?xml version='1.0'?>", "XML"),
      ("@relation iris\n", "ARFF"), ("version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
      ("%PDF-1.4\n", "PDF"),
    ] {
      let said = Self.problem(text)
      #expect(said.hasPrefix("R0717") && said.contains(word), "\(said)")
    }
  }

  @Test func columnsThatAreNoQuantitiesAreTold() throws {
    func remarks(_ first: (Int) -> String) throws -> String {
      let rows = (0..<6).map { "\(first($0)),\($0 * $0),\($0 % 2)" }.joined(separator: "\n")
      return try Dataset(Self.table("c,b,y\n\(rows)\n"), target: "y", at: place).remarks.joined()
    }
    #expect(try remarks { "\($0)" }.contains("\"c\" counts the rows"))
    #expect(try remarks { "\(20240126 + $0)" }.contains("\"c\" holds dates such as 20240126"))
    #expect(try remarks { "\(2 * $0)" }.isEmpty)
    #expect(try remarks { "\(20240130 + $0)" }.isEmpty)
  }

  @Test func numbersBeyondFloatAreRefused() throws {
    let rows = "a,b,y\n1,1e40,0\n2,3,1\n"
    let whole = try Dataset(Self.table(rows), target: "y", at: place).whole(isOwned: true)
    let said = described { () throws(DiagnosticError) in try whole.requireFloat(at: place) }
    #expect(said.hasPrefix("R0715") && said.contains("\"b\"") && said.contains("1e40"), "\(said)")
    let small = try whole.scaled(by: 1e-10, at: place)
    try small.requireFloat(at: place)
  }

  @Test func gapsAreFilledOrLeftOutAsIsSaid() throws {
    let text = "a,b,y\n1,,1\n3,4,2\nNA,6,3\nnan,?,4\n"
    #expect(Self.problem(text).contains("missing = \"mean\""))
    let dropped = try Self.table(text) { $0.missing = .drop }
    #expect(dropped.values == [3, 4, 2] && dropped.leftOut == 3)
    let read = try Self.table(text) { $0.missing = .mean }
    let data = try Dataset(read, target: "y", at: place)
    let split = try DataSplit(train: data, test: data).filled(at: place)
    #expect(split.train.features == [1, 5, 3, 4, 2, 6, 2, 5])
    #expect(Self.problem("a,y\n,1\n,2\n") { $0.missing = .drop }.contains("each of the 2 rows"))
    let target = try Self.table("a,y\n1,2\n2,\n") { $0.missing = .mean }
    let said = described { () throws(DiagnosticError) in try Dataset(target, target: "y", at: place)
    }
    #expect(said.hasPrefix("R0714") && said.contains("drop"))
    // A text that is missing is none of the classes.
    let kinds = try Self.table("k,y\na,1\n,2\nb,3\n") { $0.missing = .mean }
    #expect(try Dataset(kinds, target: "y", at: place).features == [1, 0, 0, 0, 0, 1])
    // Means are those of the rows to learn from.
    let parts = try data.split(test: 0.5, isInOrder: true, at: place) { _ in 0 }
    #expect(try parts.filled(at: place).test.features == [2, 6, 2, 4])
  }

  @Test func columnsAreLeftOutAndNamed() throws {
    let indexed = ",a,b\n0,1,2\n1,3,4\n"
    #expect(Self.problem(indexed).contains("drop = [\"\"]"))
    #expect(try Self.table(indexed) { $0.dropped = [""] }.values == [1, 2, 3, 4])
    #expect(Self.problem("a,b\n1,2\n") { $0.dropped = ["c"] }.hasPrefix("R0711"))
    let bare = try Self.table("1,2,x\n3,4,z\n") { $0.hasHeader = false }
    #expect(bare.names == ["1", "2", "3"] && bare.rows == 2)
    #expect(bare.classes[2] == ["x", "z"])
    // What is left out may hold anything.
    #expect(try Self.table("a,b\n1,\n2,inf\n3,x\n") { $0.dropped = ["b"] }.values == [1, 2, 3])
  }

  @Test func rowsInTheOrderOfTimeAreSplitInIt() throws {
    let rows = (0..<10).map { "\($0),\($0)" }.joined(separator: "\n")
    let data = try Dataset(Self.table("a,y\n\(rows)\n"), target: "y", at: place)
    let split = try data.split(test: 0.2, validate: 0.3, isInOrder: true, at: place) { _ in 0 }
    #expect(split.train.targets == [0, 1, 2, 3, 4])
    #expect(split.validation?.targets == [5, 6, 7])
    #expect(split.test.targets == [8, 9])
  }

  @Test func labelsAreThoseOfTheLoss() throws {
    func said(_ targets: [Int], _ isBinary: Bool) throws -> String {
      let rows = targets.map { "1,\($0)" }.joined(separator: "\n")
      let data = try Dataset(Self.table("a,y\n\(rows)\n"), target: "y", at: place)
      return described { () throws(DiagnosticError) in
        if isBinary {
          try data.requireLabels(at: place)
        } else {
          try data.requireClasses(at: place)
        }
      }
    }
    #expect(try said([0, 1], true) == "no diagnostic")
    #expect(try said([-1, 1], true).contains("(y + 1) / 2"))
    #expect(try said([1, 2], true).contains("y - 1"))
    #expect(try said([0, 1, 2], true).contains("cross_entropy(scores, y)"))
    #expect(try said([0, 3], false) == "no diagnostic")
    #expect(try said([-1, 3], false).contains("from 0"))
  }
}

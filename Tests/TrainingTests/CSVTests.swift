import Basics
import Diagnostics
import Testing
import Training

private let place = Span(3, 9)

/// The diagnostic that reading the text gives, as "R0712 path:line:column: …".
private func problem(_ text: String) -> String {
  problem(Array(text.utf8))
}

private func problem(_ bytes: [UInt8]) -> String {
  described { () throws(DiagnosticError) in try Table.csv(bytes: bytes, path: "d.csv", at: place) }
}

private func table(_ text: String) throws -> Table {
  try Table.csv(bytes: Array(text.utf8), path: "d.csv", at: place)
}

@Suite struct CSVTests {
  @Test func readsNumbersOfEveryShape() throws {
    let read = try table("a,b,c\n1,-2.5,+3e2\n.5,5.,1E-3\n 7 ,\t8,0.1\n")
    #expect(read.names == ["a", "b", "c"])
    #expect(read.rows == 3)
    #expect(read.values == [1, -2.5, 300, 0.5, 5, 0.001, 7, 8, 0.1])
    #expect(read[1, 2] == 0.001)
    #expect(read.column(1) == [-2.5, 5, 8])
    #expect(try read.column("c", at: place) == [300, 0.001, 0.1])
  }

  @Test(arguments: [
    "0.1", "123456789012345678901234567890", "1.7976931348623157e308", "5e-324",
    "2.2250738585072011e-308", "9007199254740993", "0.30000000000000004", "1e22", "1e23", "-0",
    "3.14159265358979323846",
    "8.5e-23", "000000000000000000000000000000000001", "1e-400",
  ])
  func roundsNumbersAsTheStandardLibraryDoes(_ text: String) throws {
    let value = try table("a\n\(text)\n").values[0]
    #expect(value.bitPattern == Double(text)!.bitPattern)
  }

  @Test func acceptsLineBreaksOfEverySystemAndNone() throws {
    for text in ["a,b\r\n1,2\r\n3,4\r\n", "a,b\r1,2\r3,4", "a,b\n1,2\n3,4\n\n\r\n"] {
      #expect(try table(text).values == [1, 2, 3, 4])
    }
  }

  @Test func skipsBlankLinesWhereverTheyStand() throws {
    for text in [
      "\n\na,b\n1,2\n3,4", "a,b\r\n\r\n1,2\r\n \t\r\n3,4\r\n  ", "\u{FEFF} \ra,b\r\r1,2\r3,4",
    ] {
      let read = try table(text)
      #expect(read.names == ["a", "b"])
      #expect(read.values == [1, 2, 3, 4])
    }
  }

  @Test(arguments: ["5.1,3.5,0\n4.9,3.0,1\n", "5,3,0\n4,3,1\n", "5.1,3.5,rose\n4.9,3.0,1\n"])
  func tellsThatAHeaderIsMissing(_ text: String) throws {
    let read = try table(text)
    let said = described { () throws(DiagnosticError) in try read.column("y", at: place) }
    #expect(said.hasPrefix("R0711 d.csv:1:1:") && said.contains("no header"))
    #expect(!said.contains("did you mean"))
    #expect(problem("5.1,3.5,3.5\n1,2,3\n").contains("no header"))
    #expect(!problem("a,b,a\n1,2,3\n").contains("no header"))
  }

  @Test func acceptsByteOrderMarkAndQuotes() throws {
    let read = try table("\u{FEFF}\"x, \"\"raw\"\"\",\"two\nlines\"\n\"1.5\",2\n")
    #expect(read.names == ["x, \"raw\"", "two\nlines"])
    #expect(read.values == [1.5, 2])
  }

  @Test(arguments: [
    ("", "R0707 d.csv:1:1:"),
    ("\u{FEFF}", "R0707 d.csv:1:1:"),
    ("a,b\n", "R0708 d.csv:2:1:"),
    ("a,b\n\n\n", "R0708 d.csv:4:1:"),
    ("a,b,a\n1,2,3\n", "R0709 d.csv:1:5:"),
    ("a,,c\n1,2,3\n", "R0710 d.csv:1:3:"),
    ("\n1,2\n", "R0708 d.csv:3:1:"),
    (",\n1,2\n", "R0710 d.csv:1:1:"),
    ("\n\na,b\n\n1\n", "R0712 d.csv:5:2:"),
    ("a,b\n1,2\n3\n", "R0712 d.csv:3:2:"),
    ("a,b\n1,2\n3,4,5\n", "R0712 d.csv:3:5:"),
    ("a,b\n1,\n", "R0714 d.csv:2:3:"),
    ("a,b\n1,2\n1,x\n", "R0713 d.csv:3:3:"),
    ("a,b\n1,2\n1,0x10\n", "R0713 d.csv:3:3:"),
    ("a,b\n1,2\n1,1e\n", "R0713 d.csv:3:3:"),
    ("a,b\n1,2\n1,1.2.3\n", "R0713 d.csv:3:3:"),
    ("é,b\n1,2\n1,é\n", "R0713 d.csv:3:3:"),
    ("\u{FEFF}é,b,b\n", "R0709 d.csv:1:5:"),
    ("a,b\n1,NA\n", "R0714 d.csv:2:3:"),
    ("a,b\nnan,1\n", "R0715 d.csv:2:1:"),
    ("a,b\n1,-Infinity\n", "R0715 d.csv:2:3:"),
    ("a,b\n1,1e999\n", "R0715 d.csv:2:3:"),
    ("a,b\n1,\"2\n", "R0716 d.csv:2:3:"),
    ("a,b\n1,\"2\"3\n", "R0716 d.csv:2:6:"),
    ("a\u{0}b,c\n1,2\n", "R0717 d.csv:1:1:"),
  ])
  func namesCodeLineAndColumn(_ text: String, _ expected: String) {
    #expect(problem(text).hasPrefix(expected))
  }

  @Test func saysWhatIsWrongWithSeparatorsAndEncodings() {
    #expect(problem("a;b\n1;2\n").contains("semicolons"))
    #expect(problem([0xFF, 0xFE, 0x61, 0x00]).hasPrefix("R0717 d.csv:1:1:"))
    #expect(problem([0x61, 0xFF, 0x0A, 0x31]).hasPrefix("R0717 d.csv:1:1:"))
    #expect(problem("a\n1\n\u{1B}[31m\n").contains("\\u{1b}"))
  }

  @Test func suggestsTheNearestColumn() throws {
    let read = try table("pixel,digit\n1,2\n")
    let text = described { () throws(DiagnosticError) in try read.column("digt", at: place) }
    #expect(text.hasPrefix("R0711 d.csv:1:1:"))
    #expect(text.contains("did you mean \"digit\"?"))
  }

  @Test func diagnosticsCarryTheSpanOfTheStatement() {
    do throws(DiagnosticError) {
      _ = try Table.csv(bytes: [], path: "d.csv", at: place)
      Issue.record("an empty file was read")
    } catch {
      #expect(error.diagnostics.map(\.span) == [place])
    }
  }

  @Test func anyBytesAreATableOrADiagnostic() {
    var random = Sequence64(seed: 11)
    let alphabet = Array("0123456789.,,,\"\"\n\n\r+-eEabc;\t \u{FEFF}é\0".utf8) + [0xFF]
    var diagnosed = 0
    for _ in 0..<3000 {
      let bytes = (0..<random.below(60)).map { _ in alphabet[random.below(alphabet.count)] }
      do throws(DiagnosticError) {
        let read = try Table.csv(bytes: bytes, path: "f", at: .none)
        #expect(read.values.count == read.rows * read.columns && read.rows > 0)
      } catch {
        diagnosed += 1
        #expect((701...725).contains(error.diagnostics[0].code.number))
      }
    }
    #expect(diagnosed > 1000)
  }

  #if !DEBUG
    @Test func aMegabyteTakesAtMostFiftyMilliseconds() throws {
      var text = "a,b,c,d\n"
      var random = Sequence64(seed: 2)
      while text.utf8.count < 1 << 20 {
        text += "\(random.below(17)),0.\(random.below(1 << 30)),-\(random.below(100)).25,1e-3\n"
      }
      let bytes = Array(text.utf8)
      let best = try (0..<3).map { _ in
        let start = ThreadTime.seconds
        _ = try Table.csv(bytes: bytes, path: "f", at: .none)
        return ThreadTime.seconds - start
      }.min()!
      #expect(best <= 0.05)
    }
  #endif
}

import Diagnostics
import Foundation
import Testing

@testable import Session
@testable import ravine_cli

/// The saved sessions of the repository, run again.
@Suite(.serialized) struct TranscriptTests {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static let saved: [String] =
    ((try? FileManager.default.contentsOfDirectory(
      atPath: root.appendingPathComponent("Tests/Transcripts").path)) ?? [])
    .filter { $0.hasSuffix(".txt") }.sorted().map { "Tests/Transcripts/\($0)" }
    + ["docs/repl.md"]

  @Test(arguments: saved)
  func savedSessionsAreTrue(_ path: String) throws {
    let text = try String(
      contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
    let outcome = SessionDocument(text, isMarkdown: path.hasSuffix(".md"))
      .replayed(console: RootConsole())
    #expect(outcome.count > 3)
    #expect(outcome.differing == 0, "\(outcome.difference(name: path))")
    if outcome.differing == 0 { #expect(outcome.updated == text) }
  }

  /// Every command stands in some saved session.
  @Test func everyCommandIsShown() throws {
    var all = ""
    for path in Self.saved {
      all += try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
    }
    for command in CommandName.allCases {
      #expect(all.contains("ravine> :\(command.rawValue)"), ":\(command.rawValue)")
    }
  }

  @Test(arguments: [
    ("%1 = 0.33333", "%1 = 0.33334", 1e-4, true), ("%1 = 0.33333", "%1 = 0.33334", 1e-6, false),
    ("%1 = 3", "%1 = 4", 1.0, false), ("x^2.5", "x^2.5", 0, true),
    ("a 1.0  b", "a 1.00   b", 1e-9, true), ("a 1.0 b", "a 1.0 c", 1, false),
    ("β1 * 2.0", "β2 * 2.0", 1, false), ("1.0e-5", "1.0001e-5", 1e-3, true),
    ("1.0e-5", "1.0001e-5", 1e-6, false), ("-0.5", "0.5", 1e-3, false),
    ("took [...] ms", "took 1.23 ms", 0, true), ("took [...] ms", "took 1.23 s", 0, false),
    ("0.5", "nan", 10, false),
  ])
  func linesAgreeWithinTheTolerance(
    _ recorded: String, _ printed: String, _ relative: Double, _ isSame: Bool
  ) {
    var tolerance = TranscriptTolerance()
    tolerance.relative = relative
    #expect(tolerance.agrees([recorded], [printed]) == isSame)
  }

  @Test func anyLinesMayStandBetween() {
    let tolerance = TranscriptTolerance()
    #expect(tolerance.agrees(["a", "[...]", "d"], ["a", "b", "c", "d"]))
    #expect(tolerance.agrees(["[...]"], []))
    #expect(!tolerance.agrees(["a", "[...]", "d"], ["a", "b", "c"]))
    #expect(!tolerance.agrees(["a"], ["a", "b"]))
    #expect(!tolerance.agrees(["a", "b"], ["a"]))
  }

  @Test func transcriptsAreReadAndWritten() {
    let text = """
      # tolerance 1e-3 1e-9
      ravine> 1 / 3
      %1 = 0.3334
      ravine> rule A(lr = 1) {
         ...>     w' = w - lr * g
         ...> }
      defined rule B

      ravine> :q
      ravine> 5
      %2 = 5

      """
    let transcript = Transcript(text)
    #expect(transcript.tolerance.relative == 1e-3 && transcript.tolerance.absolute == 1e-9)
    #expect(transcript.exchanges.map(\.line) == [2, 4, 9, 10])
    #expect(transcript.exchanges[1].statement == "rule A(lr = 1) {\n    w' = w - lr * g\n}")
    let outcome = SessionDocument(text, isMarkdown: false).replayed(console: MemoryConsole())
    // After `:quit` nothing is printed.
    #expect(outcome.differing == 2)
    #expect(
      outcome.difference(name: "s.txt") == """
        s.txt:4: ravine> rule A(lr = 1) {
        - defined rule B
        + defined rule A
        s.txt:10: ravine> 5
        - %2 = 5

        """)
    let expected = text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0 == "defined rule B" ? "defined rule A" : String($0) }.filter { $0 != "%2 = 5" }
    #expect(outcome.updated == expected.joined(separator: "\n"))
    #expect(
      SessionDocument(outcome.updated, isMarkdown: false).replayed(console: MemoryConsole())
        .differing == 0)
  }

  @Test func blocksOfADocumentAreOneSession() {
    let text = """
      # Title

      ```session
      ravine> x = 2
      defined value x
      ```

      Then

      ```session
      ravine> x + 1
      %1 = 4
      ```
      end

      """
    let outcome = SessionDocument(text, isMarkdown: true).replayed(console: MemoryConsole())
    #expect(outcome.count == 2 && outcome.differing == 1)
    #expect(outcome.difference(name: "d.md").hasPrefix("d.md:11: ravine> x + 1\n"))
    #expect(outcome.updated == text.replacingOccurrences(of: "%1 = 4", with: "%1 = 3"))
  }
}

/// The files of the repository, whatever the current folder is.
private final class RootConsole: TerminalConsole {
  private func place(_ path: String) -> String {
    path.hasPrefix("/") ? path : TranscriptTests.root.path + "/" + path
  }
  override func read(_ path: String) throws(DiagnosticError) -> [UInt8] {
    do throws(DiagnosticError) {
      return try super.read(place(path))
    } catch {
      // Messages name files as they were given.
      return try super.read(super.exists(place(path)) ? place(path) : path)
    }
  }
  override func exists(_ path: String) -> Bool { super.exists(place(path)) }
  override func changeTime(_ path: String) -> Int64? { super.changeTime(place(path)) }
}

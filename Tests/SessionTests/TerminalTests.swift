import Foundation
import Testing

/// `ravine` at a pseudo-terminal.
@Suite(.serialized) struct TerminalTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("ravine-terminal-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func open(
    _ environment: [String: String] = [:], columns: Int = 80
  ) throws -> Terminal {
    let terminal = try Terminal(in: folder, environment: environment, columns: columns)
    try terminal.expect("ravine> ")
    return terminal
  }

  @Test func typingCompletingAndLeaving() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let terminal = try open()
    terminal.type("2 + 3\r")
    try terminal.expect("%1 = 5")
    terminal.type(":compa\tLion \tSGD\r")
    try terminal.expect("different")
    terminal.type("\\beta\t1 + \\lam\t\r")
    try terminal.expect("%2 = β1 + λ")
    // The sign is two columns wide, the accent none: the caret stands below what is wrong.
    terminal.type("日e\u{301}\r")
    try terminal.expect("error[R0102]")
    try terminal.expect("| ^^")
    terminal.type("1 + 99")
    terminal.type("\u{7F}\u{7F}2\r")
    try terminal.expect("= 3")
    terminal.type("\u{4}")
    #expect(try terminal.status() == 0)
  }

  @Test func statementsOfSeveralLinesAreFinishedOrLeft() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let terminal = try open()
    terminal.type("rule A(lr = 0.1) {\r")
    try terminal.expect("...> ")
    terminal.type("w' = w - lr * g\r")
    try terminal.expect("...> ")
    terminal.type("}\r")
    try terminal.expect("defined rule A")
    try terminal.expect("ravine> ")
    terminal.type("rule B {\r")
    try terminal.expect("...> ")
    terminal.type("\r")
    try terminal.expect("left unfinished")
    try terminal.expect("ravine> ")
    terminal.type("f(1,\r")
    try terminal.expect("...> ")
    terminal.type("abc\u{3}")
    try terminal.expect("^C")
    try terminal.expect("ravine> ")
    terminal.type("1 + 1\r")
    try terminal.expect("%1 = 2")
    // History is by statement.
    terminal.type("\u{1B}[A\u{1B}[A\r")
    try terminal.expect("w' = w - lr * g")
    try terminal.expect("replaced rule A")
  }

  @Test func historyOutlivesTheSession() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let first = try open()
    first.type("rule A(lr = 1) {\r  w' = w - lr * g\r}\r40 + 2\r\u{4}")
    try first.expect("%1 = 42")
    #expect(try first.status() == 0)
    let second = try open()
    second.type("\u{1B}[A\r")
    try second.expect("%1 = 42")
    // Between statements the terminal would take Ctrl-R for itself.
    try second.expect("ravine> ")
    second.type("\u{12}rule\r")
    try second.expect("defined rule A")
  }

  @Test func aPasteIsRunAsItStands() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let terminal = try open()
    let paste =
      "ravine> 7 * 6\r%1 = 42\rravine> rule Q(lr = 1) {\r   ...>   w' = w - lr * g\r"
      + "   ...> }\rdefined rule Q\rravine> % + 1"
    terminal.type("\u{1B}[200~\(paste)\u{1B}[201~\r")
    try terminal.expect("%1 = 42")
    try terminal.expect("defined rule Q")
    try terminal.expect("%2 = 43")
    let rule = "rule P(lr = 1) {\r  state m\r\r  m' = ema(m, g, 0.9)\r  w' = w - lr * m'\r}"
    terminal.type("\u{1B}[200~\(rule)\u{1B}[201~\r")
    try terminal.expect("defined rule P")
  }

  @Test func aSearchIsStoppedAndItsRuleUsed() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let terminal = try open()
    terminal.type("search Found from SGD on bowl_easy for 50000000 programs\r")
    try terminal.expect("seen before")
    terminal.type("\u{3}")
    try terminal.expect("the same statement goes on")
    try terminal.expect("%1 = Found")
    try terminal.expect("ravine> ")
    terminal.type(":compare % %1\r")
    try terminal.expect("proved equal")
    terminal.type(":quit\r")
    #expect(try terminal.status() == 0)
  }

  @Test func interruptsStopWorkAndNotTheSession() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let terminal = try open()
    terminal.type("objective bowl(x: vector(2) = [1, 1]) = sum(x^2)\r")
    try terminal.expect("defined objective bowl")
    for _ in 0..<2 {
      terminal.type("minimize bowl with SGD(lr = 1e-9) for 1000000000 steps\r")
      try terminal.expect("step ")
      try terminal.expect("loss ")
      terminal.type("\u{3}")
      try terminal.expect("interrupted")
      try terminal.expect("ravine> ")
    }
    terminal.type(":set seconds 600\r:set nodes 100000000\r")
    // The algebra is at work on the next once it has told eight steps, and has no end in sight.
    terminal.type("rule Squares(lr = 1) { state m  m' = m^2 + g  w' = w - lr * m' }\r")
    try terminal.expect("defined rule Squares")
    terminal.type(":unroll Squares.m 40\r")
    try terminal.expect("m_8 = ")
    terminal.type("\u{3}")
    try terminal.expect("interrupted")
    try terminal.expect("ravine> ")
    terminal.type(":expand ((a + b + c + d + e + f)^4 * (a + g + h)^3)^9\r")
    // Nothing runs any more: at the prompt an interrupt changes nothing.
    try terminal.expect("written out whole")
    terminal.type("\u{3}")
    terminal.type("1 + 1\r")
    try terminal.expect("= 2")
    terminal.type(":quit\r")
    #expect(try terminal.status() == 0)
  }

  @Test func theWindowMayChange() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let terminal = try open(columns: 80)
    func width(of plot: String) -> Int {
      plot.split(separator: "\r\n").filter { $0.contains("─┬─") }.map(\.count).max() ?? 0
    }
    terminal.type(":plot t / T\r")
    let wide = try terminal.expect("  A t / T")
    try terminal.expect("ravine> ")
    terminal.resize(columns: 40)
    terminal.type("1 + 1\r")
    try terminal.expect("= 2")
    terminal.type(":plot t / T\r")
    let narrow = try terminal.expect("  A t / T")
    #expect((70...80).contains(width(of: wide)), "\(wide.debugDescription)")
    #expect((30...40).contains(width(of: narrow)), "\(narrow.debugDescription)")
    #expect(terminal.isAlive)
  }

  @Test func terminalsThatCannotEditStillWork() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let terminal = try open(["TERM": "dumb"])
    terminal.type("2 + 3\r")
    try terminal.expect("%1 = 5")
    terminal.type("rule B {\r")
    try terminal.expect("...> ")
    terminal.type("\r")
    try terminal.expect("left unfinished")
    terminal.type("abc\u{3}")
    try terminal.expect("ravine> ")
    terminal.type("% + 1\r")
    try terminal.expect("%2 = 6")
    terminal.type("\u{4}")
    #expect(try terminal.status() == 0)
  }

  @Test func withoutAUnicodeLocaleAllIsASCII() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let terminal = try open(["LC_ALL": "C"])
    terminal.type("β1 + lambda\r")
    let text = try terminal.expect("%1 = beta1 + lambda")
    #expect(text.contains("1 + lambda"))
    terminal.type(":steady Adam\r")
    let steady = try terminal.expect("(8 runs)")
    #expect(steady.utf8.allSatisfy { $0 < 0x80 })
  }

  #if os(Linux)
    /// A disk that is full.
    @Test func aHistoryThatCannotBeKeptIsSaidOnce() throws {
      defer { try? FileManager.default.removeItem(at: folder) }
      let state = folder.appendingPathComponent("state/ravine")
      try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: state.appendingPathComponent("history").path, withDestinationPath: "/dev/full")
      let terminal = try open()
      terminal.type("1 + 1\r")
      try terminal.expect("history is not kept: No space left on device")
      try terminal.expect("%1 = 2")
      terminal.type("2 + 2\r")
      let rest = try terminal.expect("%2 = 4")
      #expect(!rest.contains("history"))
      // What was typed is still there for this session.
      terminal.type("\u{1B}[A\u{1B}[A\r")
      try terminal.expect("%3 = 2")
    }
  #endif

  /// A search draws what it does over what it did. After Ctrl-C nothing of that stays on the screen.
  @Test func aSearchThatIsLeftCleansTheScreen() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let terminal = try Terminal(
      in: folder,
      ["search", "--from", "SGD", "--on", "bowl_easy", "--programs", "10000000", "--threads", "1"],
      columns: 100)
    try terminal.expect("evaluations a second")
    try terminal.expect("best so far")
    terminal.type("\u{3}")
    try terminal.expect("interrupted\r\n")
    #expect(try terminal.status() == 130)
    let screen = terminal.screen()
    // How wide the columns are depends on what had been found by then.
    let head = (screen.first ?? "").split(separator: " ")
    #expect(head == ["restart", "programs", "search", "again", "flops", "states"], "\(screen)")
    #expect(screen.contains("interrupted"), "\(screen)")
    #expect(!screen.contains { $0.contains("mutants, invalid") || $0.contains("^C") }, "\(screen)")
  }
}

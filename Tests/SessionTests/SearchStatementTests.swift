import Foundation
import Testing
import Training

@testable import Session

/// `search` in a session: what it finds is a rule and a value, and what was stopped goes on.
@Suite struct SearchStatementTests {
  private let statement = "search Found from SGD on bowl_easy for 300 programs population 50 seed 4"

  private func rule(_ bench: Bench) -> String { bench.run(":show Found") }

  @Test func whatIsFoundIsARuleAndAValue() {
    let bench = Bench()
    let said = bench.run(statement)
    #expect(said.contains("restart") && said.contains("defined rule Found\n"), "\(said)")
    #expect(said.contains("\n%1 = Found\n"), "\(said)")
    #expect(bench.run(":compare % Found").hasPrefix("proved equal"))
    #expect(bench.run(":compare Found %").hasPrefix("proved equal"))
    #expect(!bench.run(":compare %1 SGD").contains("error"))
    for command in [":reduce %", ":identify %", ":describe %", ":coupling Found", ":lr % -> SGD"] {
      let answer = bench.run(command)
      #expect(!answer.contains("error") && !answer.isEmpty, "\(command): \(answer)")
    }
    bench.run("objective bowl(x: vector(2) = [1, 1]) = sum(x^2)")
    let table = bench.run("minimize bowl with %, SGD for 5 steps")
    #expect(table.contains("Found") && table.contains("SGD"), "\(table)")
    // The saved session has the rule, with what found it, and does not search again.
    let script = bench.session.definitions.ledger.script
    #expect(script.hasPrefix("## Found by `\(statement)`.\nrule Found("), "\(script)")
    #expect(!script.contains("\nsearch "))
    bench.run(":undo", ":undo")
    #expect(!bench.run(":show Found").contains("rule Found"))
  }

  @Test func theNextSearchReplacesTheRule() {
    let bench = Bench()
    bench.run(statement)
    let first = rule(bench)
    let said = bench.run("search Found from Adam on bowl_easy for 20 programs longest 24")
    #expect(said.contains("replaced rule Found\n"), "\(said)")
    #expect(rule(bench) != first)
    #expect(bench.run("search Lost from SGD on nowhere for 60 programs").contains("error[R02"))
    #expect(rule(bench) != first)
  }

  /// Stopped in the middle of its programs, wherever that is, and submitted again, a search ends as one that was not
  /// stopped.
  @Test(arguments: [4, 5, 6])
  func theSameStatementGoesOn(_ tenths: Int) {
    let asked = CountedInterrupt()
    let console = MemoryConsole()
    let session = Session(console: console, interrupt: asked.source())
    session.submit(statement)
    let whole = console.take()
    session.submit(":show Found")
    let wanted = console.take()
    let count = asked.count
    // A session of its own, which knows nothing of this.
    let other = Session(console: console, interrupt: asked.source(clears: false))
    asked.restart(stopAt: count * tenths / 10)
    other.submit(statement)
    let stopped = console.take()
    #expect(other.wasInterrupted)
    #expect(stopped.contains("the same statement goes on from here"), "\(stopped)")
    let programs = stopped.split(separator: "\n").first { $0.contains(" programs ran") }
      .flatMap { Int($0.split(separator: " ")[0]) }
    #expect((programs ?? 0) > 0 && (programs ?? 300) < 300, "\(stopped)")
    #expect(stopped.contains("%1 = Found"))
    asked.restart()
    other.submit(statement)
    let after = asked.count
    #expect(after < count, "\(after) of \(count): it began anew")
    #expect(console.take().contains(whole.split(separator: "\n")[1]))
    other.submit(":show Found")
    #expect(console.take() == wanted)
  }

  @Test func aJournalIsKeptInAFile() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("ravine-session-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("found.db").path
    let bench = Bench()
    bench.run(":set journal \(path)")
    #expect(bench.run(":set").contains("journal  \(path)\n"))
    bench.run(statement)
    #expect(FileManager.default.fileExists(atPath: path))
    #expect(
      bench.run("search Found from SGD on bowl_easy for 20 programs").contains("error[R0283]"))
    bench.run(":set journal none")
    #expect(
      bench.run("search Found from SGD on bowl_easy for 20 programs").contains("%2 = Found"))
  }

  @Test func whatMayStandInASearchIsCompleted() {
    let session = Bench().session
    func candidates(_ line: String) -> [String] {
      session.completion(of: line, at: line.utf8.count).candidates
    }
    #expect(candidates("search F from SGD on bigram_e") == ["bigram_easy"])
    #expect(candidates("search F from SGD on bowl using interp").contains("interpolate"))
    #expect(candidates("search F from SGD on bowl for 20 pro").contains("programs"))
    #expect(candidates(":set jour") == ["journal"])
  }
}

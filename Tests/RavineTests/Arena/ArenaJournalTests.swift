import Basics
import Diagnostics
import Foundation
import Testing

@testable import Experiments

@Suite struct ArenaJournalTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("ravine-arena-\(UUID().uuidString)")

  private func path(_ name: String) throws -> String {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.appendingPathComponent(name).path
  }

  private func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private func code(_ path: String, _ arena: Arena) -> Int? {
    do throws(DiagnosticError) {
      _ = try ArenaJournal(path, arena)
    } catch {
      return error.diagnostics.first?.code.number
    }
    return nil
  }

  /// Whatever a kill leaves of the file, the result and the journal are in the end what they would have been.
  @Test func aKillAnywhereChangesNothing() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let arena = try ArenaTests.small(["SGD", "HeavyBall"])
    let whole = try path("whole.jsonl")
    let result = try arena.run(ArenaJournal(whole, arena)).json.line
    let all = try bytes(whole)
    #expect(all.split(separator: 10).count == 5)
    let cut = try path("cut.jsonl")
    var stays = 0
    // Beside each begin and end of a line, and in between; within a line all lengths are the same.
    let lengths = (0...all.count).filter { length in
      length == 0 || length % 97 == 0
        || all[max(0, length - 3)..<min(all.count, length + 2)].contains(10)
    }
    #expect(lengths.last == all.count)
    for length in lengths {
      try Data(all[..<length]).write(to: URL(fileURLWithPath: cut))
      let journal = try ArenaJournal(cut, arena)
      stays = max(stays, journal.cells.count)
      #expect(journal.cells.count == max(0, all[..<length].count { $0 == 10 } - 1))
      #expect(try arena.run(journal).json.line == result)
      #expect(try bytes(cut) == all, "cut at \(length)")
    }
    #expect(stays == 4)
  }

  @Test func aJournalIsOfOneArena() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let arena = try ArenaTests.small()
    let path = try path("j.jsonl")
    _ = try arena.run(ArenaJournal(path, arena))
    let before = try bytes(path)
    #expect(code(path, try ArenaTests.small(["SGD", "HeavyBall"])) == 234)
    #expect(code(path, try ArenaTests.small(["SGD", "HeavyBall", "Adam(β1 = 0.8)"])) == 234)
    var settings = arena.settings
    settings.trials = 7
    #expect(code(path, try Arena(arena.rules, arena.tasks, settings)) == 234)
    var tasks = try ArenaTests.tasks(["near", "far"], ArenaTests.text)
    tasks[1].settings.steps = 5
    #expect(code(path, try Arena(arena.rules, tasks, arena.settings)) == 234)
    #expect(try bytes(path) == before)
    #expect(code(path, arena) == nil)
  }

  @Test func otherFilesAreLeftAsTheyAre() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let arena = try ArenaTests.small()
    let good = try path("good.jsonl")
    _ = try arena.run(ArenaJournal(good, arena))
    let lines = try String(contentsOfFile: good, encoding: .utf8)
    for text in [
      "To do", "To do\n", "{}\n", "[1, 2]\n", "\n", lines + "{\"rule\": 0}\n", lines + "x\n",
      lines.replacingOccurrences(of: "\"rule\": 2", with: "\"rule\": 77"),
      lines.replacingOccurrences(of: "\"cost\": ", with: "\"coast\": "),
    ] {
      let path = try path("other")
      try text.write(toFile: path, atomically: false, encoding: .utf8)
      #expect(code(path, arena) == 235, "\(text.prefix(60))")
      #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
    #expect(code("/nowhere/j", arena) == 750)
    #expect(code("/dev/null", arena) == 235)
    // Two arenas at once would write each other's cells.
    let journal = try ArenaJournal(good, arena)
    #expect(code(good, arena) == 235)
    _ = journal
  }

  /// Numbers that JSON has no signs for come back too.
  @Test func cellsAreReadAsTheyWereWritten() throws {
    var cell = ArenaCell(rule: 3, task: 1, knobs: ["lr", "β"])
    cell.trials = [
      ArenaTrial(values: [0.1, .leastNonzeroMagnitude], reached: true, cost: 0.1 + 0.2),
      ArenaTrial(values: [], reached: false, cost: .infinity),
    ]
    cell.best = []
    cell.runs = [
      ArenaRun(seed: 1, steps: 7, reached: true, last: -0.0, failure: nil),
      ArenaRun(seed: 2, steps: 0, reached: false, last: .infinity, failure: "a \"b\"\n\u{0}"),
    ]
    cell.curve = ArenaCurve(steps: [0, 5], values: [1, -.infinity])
    let line = cell.json.line
    #expect(!line.contains("\n"))
    #expect(ArenaCell(try JSONReader.parse(Array(line.utf8))) == cell)
    cell.problem = "R0825: it needs `x`"
    cell.best = nil
    cell.curve = nil
    #expect(ArenaCell(try JSONReader.parse(Array(cell.json.line.utf8))) == cell)
  }
}

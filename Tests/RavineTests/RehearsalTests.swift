import Diagnostics
import Driver
import Experiments
import Foundation
import Testing

/// What is wrong with a later experiment of a script is told before the first of them runs, and by `check`.
@Suite struct RehearsalTests {
  /// A script of two experiments: a sound one, and `text`.
  private func outcome(_ text: String) throws -> (ran: String, checked: [String]) {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("ravine-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let rows = (0..<8).map { "\($0),\($0 * $0),\($0 % 3)" }.joined(separator: "\n")
    try "a,b,y\n\(rows)\n".write(
      to: folder.appendingPathComponent("d.csv"), atomically: true, encoding: .utf8)
    try "a,,y\n\(rows)\n".write(
      to: folder.appendingPathComponent("nameless.csv"), atomically: true, encoding: .utf8)
    let source = """
      data d = csv("d.csv", target = "y")
      objective q(x: vector(3) = [1, 2, 3]) = sum(x^2)
      objective line(; x, y) {
          param v: vector(features) = 0
          loss = mean((x @ v - y)^2)
      }
      objective classes(n = 3; x, y) {
          param v: matrix(features, n) = 0
          loss = cross_entropy(x @ v, y)
      }
      minimize q with SGD for 2 steps
      \(text)

      """
    let compiler = Compiler()
    let found = compiler.add(name: "late.opt", bytes: Array(source.utf8))
    try #require(found.allSatisfy { $0.severity != .error }, "\(found)")
    var options = Script.Options()
    options.folder = folder.path
    var ran = ""
    let script = Script(compiler, options: options, output: { ran += $0 })
    do throws(DiagnosticError) {
      try script.run()
    } catch {
      ran += error.diagnostics.map { "\($0.code) \(compiler.sources.text($0.span))" }
        .joined(separator: "; ")
    }
    let checked = Script(compiler, options: options, output: { _ in }).rehearsal()
    return (ran, checked.map { "\($0.code) \(compiler.sources.text($0.span))" })
  }

  @Test(arguments: [
    ("minimize q with SGD for 2 steps from [1, 2]", "R0229 [1, 2]"),
    ("minimize q with Muon(lr = 0.1) for 2 steps", "R0803 Muon(lr = 0.1)"),
    ("minimize q with SGD(lr = cosine(-1)) for 2 steps", "R0507 cosine(-1)"),
    ("minimize line with SGD for 2 steps", "R0221 minimize line with SGD for 2 steps"),
    ("train line on d with Adam for 2 steps workers 2", "R0823 Adam"),
    ("train line on d with MultiAdam for 2 steps", "R0825 MultiAdam"),
    ("train line on d with DPSGD for 2 steps delay 3", "R0825 DPSGD"),
    ("train classes(n = 2) on d with SGD for 2 steps", "R0904 SGD"),
    (
      "data e = csv(\"nameless.csv\", target = \"y\")\ntrain line on e with SGD for 2 steps",
      "R0710 data e = csv(\"nameless.csv\", target = \"y\")"
    ),
    (
      "objective pick(k = 1, x: vector(3) = 1) = x[k]^2\nminimize pick(k = 4) with SGD for 2 steps",
      "R0408 x[k]"
    ),
  ])
  func aLateMistakeIsToldFirst(_ text: String, _ expected: String) throws {
    let (ran, checked) = try outcome(text)
    #expect(ran == expected)
    #expect(checked == [expected])
  }

  /// Mistakes of several experiments, and of several rules of one, are told together.
  @Test func allAreToldTogether() throws {
    let text = """
      minimize q with Muon, SGD, Muon(lr = 0.1) for 2 steps
      train line on d with Adam for 2 steps workers 2
      """
    let wanted = ["R0803 Muon", "R0803 Muon(lr = 0.1)", "R0823 Adam"]
    let (ran, checked) = try outcome(text)
    #expect(ran == wanted.joined(separator: "; "))
    #expect(checked == wanted)
  }

  @Test func soundScriptsRun() throws {
    let text = """
      train classes on d with SGD for 2 steps batch 3 seeds 2
      minimize q with SGD for 2 steps from [3, 2, 1]
      train line on d with DPSGD for 2 steps batch 3
      """
    let (ran, checked) = try outcome(text)
    #expect(checked.isEmpty)
    #expect(ran.split(separator: "\n").count { $0.hasPrefix("rule") } == 4, "\(ran)")
  }

  /// A file that an earlier statement writes is not there yet, and what is there may be of another run.
  @Test func aFileThatIsYetToBeWritten() throws {
    let folder = FileManager.default.temporaryDirectory
    let path = folder.appendingPathComponent("ravine-\(UUID().uuidString).npz").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (ran, checked) = try outcome(
      "save x to \"\(path)\"\nminimize q with SGD for 2 steps from \"\(path)\"")
    #expect(checked.isEmpty && ran.split(separator: "\n").count { $0.hasPrefix("rule") } == 2)
  }
}

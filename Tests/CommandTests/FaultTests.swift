import Foundation
import Support
import Testing

/// What the system may do to a command: files that may not grow, pipes that are full, inputs and sizes
/// beyond memory. Each ends with a message and without a trap.
@Suite struct FaultTests {
  @Test func aFileBeyondTheLimitIsSaidAndLeavesNothing() throws {
    let sandbox = try Sandbox()
    try sandbox.write(
      "plot.opt",
      """
      objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
      minimize bowl with SGD(lr = 0.1) for 50 steps
      plot loss to "loss.svg"
      """)
    // Two kilobytes hold what is said, and not the picture.
    let outcome = try sandbox.run("ulimit -f 4; ravine run plot.opt")
    #expect(outcome.status != 0 && outcome.status < 128)
    #expect(outcome.codes() == ["R0752"])
    #expect(outcome.errors.contains("File too large; the old file is untouched"))
    let names = try FileManager.default.contentsOfDirectory(atPath: sandbox.folder.path).sorted()
    #expect(names == ["bin", "plot.opt"])
  }

  #if os(Linux)
    /// Output that a pipe cannot take is waited for, without work.
    @Test func aFullPipeThatDoesNotBlockIsWaitedFor() throws {
      let sandbox = try Sandbox()
      let process = Process()
      process.executableURL = try BuiltExecutable.ravine()
      process.arguments = ["dump", "AdamW"]
      let output = Pipe()
      let end = output.fileHandleForWriting.fileDescriptor
      #expect(fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) == 0)
      // Full before the command begins.
      var room = [UInt8](repeating: 0x23, count: 4096)
      var filled = 0
      while write(end, &room, room.count) > 0 { filled += room.count }
      #expect(filled >= 4096)
      process.standardOutput = output
      process.standardError = FileHandle.nullDevice
      process.currentDirectoryURL = sandbox.folder
      try process.run()
      try output.fileHandleForWriting.close()
      var (last, looks) = ("", 0)
      try wait(for: "the command to sleep") {
        let now = try work(of: process.processIdentifier)
        looks = now == last && now.hasPrefix("S") ? looks + 1 : 0
        last = now
        return looks == 100
      }
      #expect(process.isRunning)
      let all = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      let text = String(decoding: all.dropFirst(filled), as: UTF8.self)
      #expect(text == (try sandbox.run("ravine dump AdamW")).output)
    }

    /// The state of a process, what it computed and how often it was woken: the same while it waits.
    private func work(of process: Int32) throws -> String {
      let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
      let stat = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
      return stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")[1...13]
        .joined(separator: " ")
        + status.split(separator: "\n").filter { $0.contains("ctxt_switches") }.joined()
    }
  #endif

  /// Lines of a shell under a limit of memory far below what the sizes named would take.
  @Test(
    arguments: [
      ("dump --stage plan AdamW --parameters w:1073741824", 3),
      ("dump --stage plan Muon --parameters w:32768x32768", 3),
      ("dump --stage plan Shampoo --parameters w:32768x32768", 3),
      ("describe Shampoo --parameters w:32768x32768", 0),
      ("bench cube.opt:Cube --size 4", 3),
      ("dump --stage plan cube.opt:Cube", 3),
      ("describe cube.opt:Cube", 0),
      ("describe cube.opt:Cube --parameters w:4", 3),
      ("describe AdamW --parameters w:\(String(repeating: "1073741824x", count: 5))0", 3),
      ("replay AdamW record.json", 3),
    ] as [(String, Int32)])
  func sizesBeyondMemoryTakeNone(_ line: String, _ status: Int32) throws {
    let sandbox = try Sandbox()
    try sandbox.write(
      "cube.opt",
      "rule Cube(n = 3e6) { state L: tensor(n, n, n)\n  L' = 2 * L\n  w' = w - g * sum(L) }\n")
    try sandbox.write(
      "record.json",
      "{\"shape\": [1e9, 1e9, 1e9, 0], \"p0\": [], \"gradients\": [[]], \"parameters\": [[]]}")
    let outcome = try sandbox.run("ulimit -v 3000000; ravine \(line)")
    #expect(outcome.status == status, "\(outcome.errors)")
    #expect(outcome.codes() == (status == 0 ? [] : ["R0813"]))
  }

  /// Lines of a transcript take some twelve times as much, so a long file is not read.
  @Test func aLongTranscriptIsRefused() throws {
    let sandbox = try Sandbox()
    try sandbox.write("long.txt", "ravine> 1 + 1\n%1 = 2\n")
    let outcome = try sandbox.run(
      "truncate -s 64M long.txt; ulimit -v 200000; ravine test long.txt")
    #expect(outcome.status == 2)
    #expect(outcome.codes() == ["R0705"])
    let whole = try sandbox.run("truncate -s 20 long.txt; ulimit -v 200000; ravine test long.txt")
    #expect(whole.status == 0, "\(whole.errors)")
  }
}

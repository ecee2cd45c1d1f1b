import Foundation
import Support

/// A folder of its own with `ravine` on the path, in which command lines run as a user types them.
final class Sandbox {
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String

    /// The codes of the diagnostics shown, in order.
    func codes(_ severity: String = "error") -> [String] {
      errors.split(separator: "\n").compactMap { line in
        line.hasPrefix("\(severity)[R")
          ? String(line.dropFirst(severity.count + 1).prefix(5)) : nil
      }
    }
  }

  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("ravine-commands-\(UUID().uuidString)")
    let bin = folder.appendingPathComponent("bin")
    try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      at: bin.appendingPathComponent("ravine"), withDestinationURL: try BuiltExecutable.ravine())
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let url = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  func read(_ name: String) throws -> String {
    String(
      decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
  }

  /// Runs a line of the shell. Output goes to files: a full pipe would stop the command.
  func run(_ line: String, environment extra: [String: String] = [:]) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = folder
    var environment = ProcessInfo.processInfo.environment
    environment["PATH"] = folder.path + "/bin:" + (environment["PATH"] ?? "/usr/bin:/bin")
    environment.merge(extra) { $1 }
    process.environment = environment
    let mark = UUID().uuidString
    var handles: [FileHandle] = []
    for name in ["out", "err"] {
      let path = folder.appendingPathComponent("bin/\(mark).\(name)").path
      _ = FileManager.default.createFile(atPath: path, contents: nil)
      handles.append(try require(FileHandle(forWritingAtPath: path)))
    }
    process.standardOutput = handles[0]
    process.standardError = handles[1]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: try read("bin/\(mark).out"),
      errors: try read("bin/\(mark).err"))
  }

  private struct Missing: Error {}

  private func require<T>(_ value: T?) throws -> T {
    guard let value else { throw Missing() }
    return value
  }
}

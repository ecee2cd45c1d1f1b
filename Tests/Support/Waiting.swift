import Foundation

/// Waits for an event. The limit is there against hangs alone: a busy machine may need long.
package func wait(for event: String, _ isThere: () throws -> Bool) throws {
  for _ in 0..<120_000 {
    if try isThere() { return }
    usleep(5_000)
  }
  throw NeverCame(event: event)
}

package struct NeverCame: Error, CustomStringConvertible {
  package var event: String
  package var description: String { "waited in vain for \(event)" }
}

/// Waits until a process has computed for `seconds` more: unlike the time on the wall, that does not
/// depend on what else runs.
package func wait(for process: Int32, toCompute seconds: Double) throws {
  let start = try computed(by: process)
  try wait(for: "\(process) to compute") { try computed(by: process) - start >= seconds }
}

/// Seconds that a process has computed; whole ones where only `ps` says so.
private func computed(by process: Int32) throws -> Double {
  #if os(Linux)
    let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    // The name of the command stands in brackets, and may hold blanks.
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    let ticks = fields.dropFirst(12).prefix(2).compactMap { Double($0) }.reduce(0, +)
    return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  #else
    let ps = Process()
    ps.executableURL = URL(fileURLWithPath: "/bin/ps")
    ps.arguments = ["-o", "time=", "-p", "\(process)"]
    let pipe = Pipe()
    ps.standardOutput = pipe
    try ps.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    return text.split { !"0123456789.".contains($0) }.compactMap { Double($0) }
      .reduce(0) { 60 * $0 + $1 }
  #endif
}

/// Whether a process is gone, or dead and not yet waited for.
package func hasEnded(_ process: Int32) -> Bool {
  #if os(Linux)
    let state = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    guard let state, let end = state.lastIndex(of: ")") else { return true }
    return state[end...].dropFirst(2).first == "Z"
  #else
    return kill(process, 0) != 0
  #endif
}

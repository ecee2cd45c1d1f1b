import Foundation
import Platform
import PseudoTerminal
import Support

/// A session of `ravine` on a terminal of its own, typed at as a user would.
final class Terminal {
  private let end: Int32
  private var process: pid_t = 0
  /// Everything that was shown and not yet looked for.
  private(set) var shown = ""
  let folder: URL

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Starts `ravine` in a folder, which also holds its history.
  init(
    in folder: URL, _ words: [String] = [], environment extra: [String: String] = [:],
    columns: Int = 80
  ) throws {
    self.folder = folder
    var environment = [
      "TERM": "xterm", "LANG": "C.UTF-8", "NO_COLOR": "1", "HOME": folder.path,
      "XDG_STATE_HOME": folder.path + "/state", "INPUTRC": "/dev/null",
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
    ]
    environment.merge(extra) { $1 }
    let path = try BuiltExecutable.ravine().path
    var arguments = ([path] + words).map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
    end = pt_start(path, &arguments, &variables, 24, Int32(columns), &process)
    for pointer in arguments + variables { free(pointer) }
    guard end >= 0 else { throw Failure(description: "there is no pseudo-terminal") }
    _ = fcntl(end, F_SETFL, O_NONBLOCK)
  }

  deinit {
    kill(process, SIGKILL)
    var status: Int32 = 0
    waitpid(process, &status, 0)
    close(end)
  }

  func type(_ text: String) {
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      let count = bytes[start...].withUnsafeBytes { write(end, $0.baseAddress!, $0.count) }
      if count > 0 { start += count } else { usleep(2_000) }
    }
  }

  func resize(columns: Int) { pt_resize(end, 24, Int32(columns)) }

  /// Waits until a text is shown; what stands before it is forgotten. Returns what was shown.
  @discardableResult
  func expect(_ text: String) throws -> String {
    var before: String?
    do {
      try wait(for: text) {
        _ = read()
        guard let range = shown.range(of: text) else { return false }
        before = String(shown[..<range.upperBound])
        shown = String(shown[range.upperBound...])
        return true
      }
    } catch is NeverCame {
      throw Failure(description: "`\(text)` is not shown, but: \(shown.debugDescription)")
    }
    return before ?? ""
  }

  /// Waits until it has computed for so long.
  func expect(computing seconds: Double) throws { try wait(for: process, toCompute: seconds) }

  /// Takes what is there; escape sequences are left out.
  private func read() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = posixRead(end, &chunk, chunk.count)
    guard count > 0 else { return false }
    pending += chunk[..<count]
    // A letter may come in two parts.
    guard let text = String(bytes: pending, encoding: .utf8) else { return true }
    pending = []
    everything += text
    shown += text.replacing(/\u{1B}(\[[0-9;?]*[a-zA-Z]|[=>])/, with: "")
    return true
  }
  private var pending: [UInt8] = []

  /// What stood on the screen when the program ended: its lines, by what escape sequences of ours do.
  func screen() -> [String] {
    var rows: [[Character]] = [[]]
    var (row, column) = (0, 0)
    var rest = Substring(everything)
    while let character = rest.first {
      if let match = rest.prefixMatch(of: /\u{1B}\[([0-9]*)([AJK])/) {
        let count = Int(match.1) ?? 1
        switch match.2 {
        case "A": row = max(0, row - count)
        case "J":
          rows.removeSubrange((row + 1)...)
          fallthrough
        default: rows[row] = Array(rows[row].prefix(column))
        }
        rest = rest[match.range.upperBound...]
        continue
      }
      rest = rest.dropFirst()
      switch character {
      case "\r": column = 0
      case "\n", "\r\n":
        row += 1
        if character == "\r\n" { column = 0 }
        if row == rows.count { rows.append([]) }
      default:
        while rows[row].count <= column { rows[row].append(" ") }
        rows[row][column] = character
        column += 1
      }
    }
    return rows.map { String($0) }
  }
  private var everything = ""

  /// How the program ended: its status, or minus the signal.
  func status() throws -> Int32 {
    var status: Int32 = 0
    try wait(for: "the end of ravine") {
      _ = read()
      return waitpid(process, &status, WNOHANG) != 0
    }
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
  }

  var isAlive: Bool { kill(process, 0) == 0 }
}

private func posixRead(_ file: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(file, buffer, count)
}

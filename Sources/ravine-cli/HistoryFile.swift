import Platform
import Session

/// The statements of earlier sessions on disk.
///
/// Each statement is appended by one write as soon as it is typed, so that sessions side by side and
/// crashes lose none. Where that is not possible, the session goes on without, and says so once.
final class HistoryFile {
  /// Of earlier sessions, the oldest first.
  private(set) var statements: [String] = []
  private let path: String?
  private var hasFailed = false
  /// Why there is no history, to be said with the first statement.
  private var complaint: String?

  init() {
    guard let folder = Self.folder else {
      path = nil
      complaint = "there is no home for it: set XDG_STATE_HOME"
      return
    }
    path = folder + "/history"
    Self.make(folder)
    load()
  }

  private static var folder: String? {
    func value(_ name: String) -> String? {
      guard let text = getenv(name), text.pointee != 0 else { return nil }
      return String(cString: text)
    }
    if let state = value("XDG_STATE_HOME"), state.hasPrefix("/") { return state + "/ravine" }
    return value("HOME").map { $0 + "/.local/state/ravine" }
  }

  /// Makes a folder and those above it; what cannot be made is noticed when a file is written.
  private static func make(_ folder: String) {
    var end = folder.startIndex
    while let slash = folder[folder.index(after: end)...].firstIndex(of: "/") {
      mkdir(String(folder[..<slash]), 0o700)
      end = slash
    }
    mkdir(folder, 0o700)
  }

  private func load() {
    var status = stat()
    // A device or a pipe has no end, or no beginning.
    guard let path, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let file = fopen(path, "rb")
    else { return }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count < 64 << 20 {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    let all = StatementHistory.statements(bytes)
    statements = Array(all.suffix(StatementHistory.limit))
    if all.count > StatementHistory.limit + 500 { shorten() }
  }

  /// Writes the newest statements anew, beside the old file and then in its place.
  private func shorten() {
    guard let path else { return }
    let other = path + ".\(getpid())"
    let text = statements.map { StatementHistory.line($0) + "\n" }.joined()
    let descriptor = open(other, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    guard descriptor >= 0 else { return }
    let isWhole = Self.write(Array(text.utf8), to: descriptor)
    close(descriptor)
    if !isWhole || rename(other, path) != 0 { unlink(other) }
  }

  /// Appends a statement; what is to be said about that, once.
  func add(_ statement: String) -> String? {
    if hasFailed { return nil }
    if complaint == nil { complaint = append(StatementHistory.line(statement) + "\n") }
    guard let complaint else { return nil }
    hasFailed = true
    return "history is not kept: \(complaint)\n"
  }

  /// Why it could not be appended; nil where it was.
  private func append(_ line: String) -> String? {
    guard let path else { return nil }
    let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return String(cString: strerror(errno)) }
    defer { close(descriptor) }
    let end = lseek(descriptor, 0, SEEK_END)
    var bytes = Array(line.utf8)
    var last: UInt8 = 0x0A
    // What an earlier crash left unfinished must not run into this.
    if end > 0, pread(descriptor, &last, 1, end - 1) == 1, last != 0x0A {
      bytes.insert(0x0A, at: 0)
    }
    if Self.write(bytes, to: descriptor) { return nil }
    let reason = String(cString: strerror(errno))
    if end >= 0 { _ = ftruncate(descriptor, end) }
    return reason
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress!, $0.count) }
    if count >= 0, count < bytes.count { errno = ENOSPC }
    return count == bytes.count
  }
}

import Diagnostics
import Files
import Platform
import Training

/// The texts that a command line names.
enum SourceFiles {
  /// Larger texts are refused by the parser; nothing that large needs to be in memory first.
  private static let limit = 64 << 20

  /// The bytes of a file, of standard input for `-`.
  ///
  /// Throws R0701 (missing), R0702 (unreadable), R0703 (a directory), R0705 (endless).
  static func read(_ path: String, limit: Int = SourceFiles.limit) throws(DiagnosticError)
    -> [UInt8]
  {
    if path == "-" { return readStandardInput() }
    if isDirectory(path) {
      throw DiagnosticError(.isDirectory(path))
    }
    return try DataFile.load(path: path, at: .none, limit: limit).bytes
  }

  private static func readStandardInput() -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count < limit {
      let count = chunk.withUnsafeMutableBytes { posixRead(STDIN_FILENO, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      bytes += chunk[..<count]
    }
    return bytes
  }

  /// The files themselves and, for a directory, every `.opt` file below it in alphabetical order.
  static func expand(_ paths: [String]) throws(DiagnosticError) -> [String] {
    var result: [String] = []
    for path in paths {
      guard isDirectory(path) else {
        result.append(path)
        continue
      }
      let found = try below(path, depth: 0)
      if found.isEmpty {
        throw DiagnosticError(.nothingInDirectory(path))
      }
      result += found
    }
    return result
  }

  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The folder part of a path; nil for standard input.
  static func folder(of path: String) -> String? {
    if path == "-" { return nil }
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  private static func below(_ directory: String, depth: Int) throws(DiagnosticError) -> [String] {
    guard depth < 32 else { return [] }
    guard let handle = opendir(directory) else {
      let reason = String(cString: strerror(errno))
      throw DiagnosticError(.directoryUnreadable(directory, reason))
    }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    var result: [String] = []
    for name in names.sorted() {
      let path = directory.hasSuffix("/") ? directory + name : directory + "/" + name
      var status = stat()
      // Links to directories may lead in circles.
      guard lstat(path, &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        result += try below(path, depth: depth + 1)
      } else if name.hasSuffix(".opt") {
        result.append(path)
      }
    }
    return result
  }
}

private func posixRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int
{
  read(descriptor, buffer, count)
}

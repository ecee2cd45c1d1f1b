import Diagnostics
import Files
import Platform
import Session
import Training

/// The terminal and the file system, for a session.
class TerminalConsole: SessionConsole {
  func write(_ text: String) { Console.write(text) }
  func draw(_ image: String) { Console.draw(image) }
  func say(_ text: String) { Console.say(text) }
  func progress(_ text: String) { Console.progress(text) }

  var width: Int { Console.width }
  var showsUnicode: Bool { Console.showsUnicode }
  var showsImages: Bool { isatty(STDOUT_FILENO) == 1 }
  var hasColour: Bool { Console.hasColour }
  var hasColourOnOutput: Bool { Console.hasColourOnOutput }

  func read(_ path: String) throws(DiagnosticError) -> [UInt8] {
    // The lines of the session themselves come from there.
    if path == "-" {
      throw DiagnosticError(.noStandardInput())
    }
    return try SourceFiles.read(path)
  }

  func save(_ path: String, _ bytes: [UInt8]) throws(DiagnosticError) {
    try writeWhole(path: path, bytes: bytes, at: .none)
  }

  func exists(_ path: String) -> Bool { SourceFiles.exists(path) }

  func changeTime(_ path: String) -> Int64? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    // The size tells two writes in one tick of the clock apart.
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec) &+ Int64(status.st_size)
  }

  func names(in folder: String) -> [String] {
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle), names.count < 10_000 {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      names.append(SourceFiles.isDirectory(folder + "/" + name) ? name + "/" : name)
    }
    return names
  }
}

import Files
import Platform

/// A folder of its own that is gone when this is let go.
final class ScratchFolder {
  let path: String

  /// Makes one with copies of some files, under other names. Nil where it cannot be made or a file cannot be read.
  init?(copying files: [String], as names: [String]) {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var name = Array("\(parent)/ravine-XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else { return nil }
    path = name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    for (file, name) in zip(files, names) where !Self.copy(file, to: path + "/" + name) {
      return nil
    }
  }

  deinit {
    guard let folder = opendir(path) else { return }
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(cString: $0.assumingMemoryBound(to: CChar.self).baseAddress!)
      }
      if name != ".", name != ".." { unlink(path + "/" + name) }
    }
    closedir(folder)
    rmdir(path)
  }

  private static func copy(_ file: String, to copy: String) -> Bool {
    let source = open(file, O_RDONLY | O_CLOEXEC)
    guard source >= 0 else { return false }
    defer { close(source) }
    let target = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard target >= 0 else { return false }
    defer { close(target) }
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = read(source, &chunk, chunk.count)
      if count == 0 { return true }
      var written = 0
      while written < count {
        let part = chunk.withUnsafeBytes {
          write(target, $0.baseAddress! + written, count - written)
        }
        guard part > 0 else { return false }
        written += part
      }
      if count < 0 { return false }
    }
  }
}

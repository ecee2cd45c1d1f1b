import Platform

/// What the cache does with files. Nothing throws: a cache that cannot be read or written is empty.
enum Files {
  /// The whole file; nil where it cannot be read or is longer than `limit`.
  static func read(_ path: String, limit: Int = 64 << 20) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { return nil }
    defer { close(descriptor) }
    var information = stat()
    guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG,
      information.st_size <= limit
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(information.st_size))
    var have = 0
    while have < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        systemRead(descriptor, buffer.baseAddress! + have, buffer.count - have)
      }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return nil }
      have += count
    }
    return bytes
  }

  /// Writes a new file that only its owner may change.
  static func write(_ bytes: [UInt8], to path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor < 0 { return false }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        systemWrite(descriptor, buffer.baseAddress! + written, buffer.count - written)
      }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      written += count
    }
    return close(descriptor) == 0 && written == bytes.count
  }

  /// The names in a folder, sorted.
  static func list(_ folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(
          to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)
        ) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Removes a file, or a folder and the files in it. Links are removed, not followed.
  static func remove(_ path: String, depth: Int = 0) {
    if unlink(path) == 0 || errno == ENOENT { return }
    guard depth < 4 else { return }
    var information = stat()
    guard lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR else { return }
    for name in list(path) { remove("\(path)/\(name)", depth: depth + 1) }
    rmdir(path)
  }

  /// Makes a folder and those around it. Whether it is there then.
  static func makeFolder(_ path: String) -> Bool {
    var built = ""
    for part in path.split(separator: "/", omittingEmptySubsequences: true) {
      built += "/" + part
      if mkdir(built, 0o700) != 0, errno != EEXIST, errno != EROFS, errno != EACCES {
        return false
      }
    }
    var information = stat()
    return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
  }

  /// The path without links and dots; nil where there is nothing.
  static func real(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }

  /// Whether it belongs to this user (or to the system) and no other user may write to it.
  static func isTrusted(_ path: String) -> Bool {
    var information = stat()
    guard stat(path, &information) == 0 else { return false }
    return (information.st_uid == geteuid() || information.st_uid == 0)
      && information.st_mode & 0o022 == 0
  }

  static func parent(_ path: String) -> String {
    let parts = path.split(separator: "/").dropLast()
    return "/" + parts.joined(separator: "/")
  }

  /// Whether nobody else can put another folder in the place of one of this user's in it.
  static func keepsItsFolders(_ path: String) -> Bool {
    var information = stat()
    guard stat(path, &information) == 0 else { return false }
    return information.st_mode & 0o022 == 0 || information.st_mode & S_ISVTX != 0
  }

  /// Whether the file at `path` is the one that is open.
  static func isOpen(_ descriptor: Int32, as path: String) -> Bool {
    var open = stat()
    var there = stat()
    return fstat(descriptor, &open) == 0 && stat(path, &there) == 0 && open.st_ino == there.st_ino
      && open.st_dev == there.st_dev
  }

  static func isProgram(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFREG
      && access(path, X_OK) == 0
  }

  /// Bytes, and seconds since 1970 of the last change; nil where there is no such file.
  static func state(_ path: String) -> (size: Int, seconds: Int, nanoseconds: Int)? {
    var information = stat()
    guard lstat(path, &information) == 0 else { return nil }
    #if canImport(Darwin)
      let time = information.st_mtimespec
    #else
      let time = information.st_mtim
    #endif
    return (Int(information.st_size), time.tv_sec, Int(time.tv_nsec))
  }

  /// Marks a file as used now.
  static func touch(_ path: String) { utimensat(AT_FDCWD, path, nil, 0) }

  static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }
}

private func systemRead(
  _ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int
) -> Int {
  read(descriptor, bytes, count)
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

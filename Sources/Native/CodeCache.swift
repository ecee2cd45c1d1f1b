import Basics
import Platform

/// Compiled code on disk: one folder an entry, with the source, the code and its checksum.
///
/// An entry is made in a folder of its own and put in place by one `rename`, so that processes at once
/// and a process killed at any moment leave whole entries or none.
package struct CodeCache: Sendable {
  static let source = "source.c"
  static let code = "code.so"
  static let sum = "sum"
  static let messages = "messages"
  private static let lock = "lock"
  private static let workPrefix = "work-"

  /// An absolute path.
  package let path: String
  /// Bytes that the entries may take.
  package let limit: Int

  /// Why there is no cache.
  package struct Refusal: Error {
    package var reason: String
  }

  package struct Entry: Sendable {
    package var key: String
    /// The rule that its first pass belongs to.
    package var name: String
    /// Bytes.
    package var size: Int
    /// Seconds since 1970 of its last use.
    package var lastUse: Int
  }

  /// $RAVINE_CACHE, else $XDG_CACHE_HOME/ravine, else ~/.cache/ravine; nil without a home.
  package static var usualPath: String? {
    if let own = Files.variable("RAVINE_CACHE") { return own }
    if let folder = Files.variable("XDG_CACHE_HOME"), folder.hasPrefix("/") {
      return folder + "/ravine"
    }
    return Files.variable("HOME").map { $0 + "/.cache/ravine" }
  }

  /// Opens the cache at `path` and makes its folder where it is missing; in a folder that holds other
  /// things it is the folder `ravine`. Refuses one that is not this user's or that others may write
  /// to or put another in the place of: its files are run as code.
  package init(_ path: String, limit: Int = 256 << 20) throws(Refusal) {
    self.limit = limit
    var absolute = path
    if !path.hasPrefix("/") {
      guard let here = Files.real(".") else { throw Refusal(reason: "there is no folder here") }
      absolute = here + "/" + path
    }
    _ = try Self.folder(absolute, path)
    self.path = try Self.folder(Self.location(absolute), Self.location(path))
    guard Self.isOurs(self.path) else {
      throw Refusal(reason: "\(Self.location(path)) holds what is no compiled code")
    }
  }

  /// Where the cache at `path` lies.
  package static func location(_ path: String) -> String {
    isOurs(path) ? path : path + "/ravine"
  }

  private static func folder(_ path: String, _ shown: String) throws(Refusal) -> String {
    guard Files.makeFolder(path), let real = Files.real(path) else {
      throw Refusal(reason: "\(shown) cannot be made")
    }
    guard Files.isTrusted(real), Files.keepsItsFolders(Files.parent(real)) else {
      throw Refusal(reason: "\(shown) is not a folder that only you may write to")
    }
    return real
  }

  /// Whether a folder holds nothing but what a cache makes.
  private static func isOurs(_ path: String) -> Bool {
    Files.list(path).allSatisfy { isKey($0) || isWork($0) }
  }

  /// Whether a name is that of a folder in which an entry is made: `work-PID-SECONDS-NANOSECONDS`.
  private static func isWork(_ name: String) -> Bool {
    guard name.hasPrefix(workPrefix) else { return false }
    let numbers = name.dropFirst(workPrefix.utf8.count).split(
      separator: "-", omittingEmptySubsequences: false)
    return numbers.count == 3
      && numbers.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }
  }

  // MARK: Entries

  private func folder(_ key: String) -> String { "\(path)/\(key)" }

  /// Where the code of a whole entry lies.
  func find(_ key: String) -> String? {
    guard isWhole(folder(key)) else { return nil }
    Files.touch(folder(key) + "/" + Self.sum)
    return folder(key) + "/" + Self.code
  }

  /// Whether the code is what the compiler wrote: loading part of a file can crash.
  private func isWhole(_ folder: String) -> Bool {
    guard let sum = Files.read(folder + "/" + Self.sum, limit: 64),
      Files.isTrusted(folder + "/" + Self.code),
      let code = Files.read(folder + "/" + Self.code)
    else { return false }
    return !code.isEmpty && SHA256.hexadecimal(code) == String(decoding: sum, as: UTF8.self)
  }

  /// A folder in which an entry is made; its lock tells the living from those that were killed. No
  /// two have ever the same name.
  struct Work: Sendable {
    let folder: String
    private let descriptor: Int32

    init?(_ cache: String) {
      var now = timespec()
      clock_gettime(CLOCK_REALTIME, &now)
      folder = "\(cache)/\(CodeCache.workPrefix)\(getpid())-\(now.tv_sec)-\(now.tv_nsec)"
      guard mkdir(folder, 0o700) == 0 else { return nil }
      let path = folder + "/" + CodeCache.lock
      descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      if descriptor < 0 {
        rmdir(folder)
        return nil
      }
      // Who sweeps may have found the folder before it was locked: then it is theirs.
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, Files.isOpen(descriptor, as: path) else {
        close(descriptor)
        return nil
      }
    }

    func end() {
      Files.remove(folder)
      close(descriptor)
    }
  }

  func work() -> Work? {
    sweep()
    for _ in 0..<20 {
      if let work = Work(path) { return work }
    }
    return nil
  }

  /// Puts the code of a work folder in its place and returns where it is then; nil where that does
  /// not work.
  func publish(_ work: Work, as key: String) -> String? {
    guard let code = Files.read(work.folder + "/" + Self.code), ObjectFile.isWhole(code) else {
      return nil
    }
    let sum = Array(SHA256.hexadecimal(code).utf8)
    guard Files.write(sum, to: work.folder + "/" + Self.sum) else { return nil }
    for name in Files.list(work.folder)
    where ![Self.source, Self.code, Self.sum, Self.lock].contains(name) {
      Files.remove("\(work.folder)/\(name)")
    }
    for _ in 0..<2 {
      if rename(work.folder, folder(key)) == 0 {
        Files.remove(folder(key) + "/" + Self.lock)
        trim(keeping: key)
        return folder(key) + "/" + Self.code
      }
      // Another process was first, or what is there is broken.
      if isWhole(folder(key)) { return folder(key) + "/" + Self.code }
      Files.remove(folder(key))
    }
    return nil
  }

  /// Removes what killed processes left: of the folders with the name of a work folder those with a
  /// lock that nobody holds.
  func sweep() {
    for name in Files.list(path) where Self.isWork(name) {
      let folder = "\(path)/\(name)"
      let descriptor = open(folder + "/" + Self.lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
      if descriptor < 0 {
        // Between two calls of its maker, unless it is old. Then it is empty.
        let changed = Files.state(folder)?.seconds ?? 0
        if time(nil) - changed > 60 { rmdir(folder) }
        continue
      }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0,
        Files.isOpen(descriptor, as: folder + "/" + Self.lock)
      {
        Files.remove(folder)
      }
      close(descriptor)
    }
  }

  /// Removes the entries used longest ago until the rest fits the limit.
  private func trim(keeping key: String) {
    var entries = entries
    var total = entries.reduce(0) { $0 + $1.size }
    entries.sort { ($0.lastUse, $0.key) < ($1.lastUse, $1.key) }
    for entry in entries where total > limit && entry.key != key {
      Files.remove(folder(entry.key))
      total -= entry.size
    }
  }

  // MARK: For people

  /// All entries, those used last first.
  package var entries: [Entry] {
    Files.list(path).filter { Self.isKey($0) }.map { key in
      let size = Files.list(folder(key)).reduce(0) {
        $0 + (Files.state("\(folder(key))/\($1)")?.size ?? 0)
      }
      return Entry(
        key: key, name: name(key), size: size,
        lastUse: Files.state(folder(key) + "/" + Self.sum)?.seconds ?? 0)
    }.sorted { ($1.lastUse, $1.key) < ($0.lastUse, $0.key) }
  }

  /// Removes all entries; returns how many there were.
  package func clear() -> Int {
    sweep()
    let keys = Files.list(path).filter { Self.isKey($0) }
    for key in keys { Files.remove(folder(key)) }
    return keys.count
  }

  private static func isKey(_ name: String) -> Bool {
    name.utf8.count == 64
      && name.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }

  /// From the comment above the first function.
  private func name(_ key: String) -> String {
    let bytes = Files.read(folder(key) + "/" + Self.source) ?? []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      if line.hasPrefix("// "), line.hasSuffix(", pass 1") {
        return String(line.dropFirst(3).dropLast(8))
      }
    }
    return ""
  }
}

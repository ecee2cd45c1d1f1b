import Diagnostics
import Platform

/// Writes a file whole or not at all: beside its place under another name, to disk, then renamed.
///
/// A symbolic link keeps pointing where it points; an existing file keeps its permissions. A picture
/// (SVG, PNG) or a page (HTML) replaces a link itself, and no file that is neither. What writers that were killed left in the
/// directory goes. Throws R0750 (no directory), R0751 (no permission), R0752 (disk full), R0753 (a directory, a
/// device or a pipe), R0754 (anything else). Nothing is left behind on failure.
package func writeWhole(
  path: String, bytes: [UInt8], at span: Span = .none
) throws(DiagnosticError) {
  try WholeFile(path: path, span: span).save(bytes)
}

/// One such write. `output` is `write(2)`, or a test's disk that fills up.
package struct WholeFile {
  package typealias Output = (Int32, UnsafeRawBufferPointer) -> Int

  private let path: String
  private let span: Span
  private let output: Output

  package init(
    path: String, span: Span = .none,
    output: @escaping Output = { write($0, $1.baseAddress, $1.count) }
  ) {
    self.path = path
    self.span = span
    self.output = output
  }

  /// Throws what saving would throw of the place: no directory, a directory, what may not be written. A
  /// picture or a page replaces nothing else.
  package func requirePlace(ofPicture isShown: Bool) throws(DiagnosticError) {
    let target = try destination(isShown: isShown).path
    let directory = target.lastIndex(of: "/").map { String(target[...$0]) } ?? "."
    guard access(directory, W_OK) == 0 else { throw failure(errno) }
  }

  package func save(_ bytes: [UInt8]) throws(DiagnosticError) {
    try bytes.withRawBytes { (bytes) throws(DiagnosticError) in try save([bytes]) }
  }

  /// Writes several pieces of memory one after the other.
  package func save(_ pieces: [UnsafeRawBufferPointer]) throws(DiagnosticError) {
    let (target, mode) = try destination(
      isShown: Self.isShown((pieces.first ?? .init(start: nil, count: 0)).prefix(5)))
    removeLeftovers(beside: target)
    let (temporary, descriptor) = try openBeside(target)
    var isOpen = true
    do throws(DiagnosticError) {
      if let mode { _ = fchmod(descriptor, mode) }
      for piece in pieces { try writeAll(piece, to: descriptor) }
      guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure(errno) }
      isOpen = false
      guard close(descriptor) == 0 else { throw failure(errno) }
      guard rename(temporary, target) == 0 else { throw failure(errno) }
    } catch {
      if isOpen { close(descriptor) }
      unlink(temporary)
      throw error
    }
    flushDirectory(of: target)
  }

  /// Whether a file that begins so is a picture or a page.
  private static func isShown(_ bytes: some Collection<UInt8>) -> Bool {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return true }
    let text = String(decoding: bytes, as: UTF8.self).lowercased()
    return ["<svg", "<?xml", "<!doc"].contains(where: text.hasPrefix)
  }

  /// Where the bytes go, through any symbolic links, and the mode of the file that is there.
  private func destination(
    isShown: Bool
  ) throws(DiagnosticError) -> (path: String, mode: mode_t?) {
    if path.isEmpty || path.utf8.contains(0) || path.hasSuffix("/") {
      throw DataProblem.notRegular(path, what: "no file name", at: span)
    }
    var status = stat()
    if isShown, lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK {
      return (path, nil)
    }
    guard stat(path, &status) == 0 else { return (path, nil) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw DataProblem.notRegular(path, what: "a directory", at: span)
    default: throw DataProblem.notRegular(path, what: "a device or a pipe", at: span)
    }
    // Renaming would quietly replace a file that its owner has protected.
    guard access(path, W_OK) == 0 else { throw failure(errno) }
    if isShown, status.st_size > 0, !holdsWhatIsShown() {
      throw DataProblem.notPictureOrPage(path, at: span)
    }
    guard let resolved = realpath(path, nil) else { throw failure(errno) }
    defer { free(resolved) }
    return (String(cString: resolved), status.st_mode & 0o7777)
  }

  private func holdsWhatIsShown() -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 5)
    return read(descriptor, &bytes, 5) == 5 && Self.isShown(bytes[...])
  }

  private static func directory(of target: String) -> String {
    target.lastIndex(of: "/").map { String(target[...$0]) } ?? ""
  }

  /// Removes `.ravine-PID-MARK.tmp` of processes that are gone.
  private func removeLeftovers(beside target: String) {
    let folder = Self.directory(of: target)
    guard let entries = opendir(folder.isEmpty ? "." : folder) else { return }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let process = Self.writer(of: name), kill(process, 0) != 0, errno == ESRCH else {
        continue
      }
      var status = stat()
      if lstat(folder + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
        status.st_uid == geteuid()
      {
        unlink(folder + name)
      }
    }
  }

  /// The process that writes a file of this name; nil where it is none of ours.
  private static func writer(of name: String) -> pid_t? {
    guard name.hasPrefix(".ravine-"), name.hasSuffix(".tmp") else { return nil }
    let parts = name.dropFirst(8).dropLast(4).split(
      separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let process = pid_t(parts[0]), process > 0,
      parts[1].utf8.count <= 13, UInt64(parts[1], radix: 36) != nil
    else { return nil }
    return process
  }

  private func openBeside(
    _ target: String
  ) throws(DiagnosticError) -> (path: String, descriptor: Int32) {
    let directory = Self.directory(of: target)
    for _ in 0..<16 {
      let mark = String(UInt64.random(in: .min ... .max), radix: 36)
      let temporary = "\(directory).ravine-\(getpid())-\(mark).tmp"
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 { return (temporary, descriptor) }
      if errno != EEXIST, errno != EINTR { throw failure(errno) }
    }
    throw failure(EEXIST)
  }

  private func writeAll(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32
  ) throws(DiagnosticError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = output(descriptor, rest)
      if count < 0 {
        if errno == EINTR { continue }
        throw failure(errno)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Makes the new name durable where the system can; a file system that cannot is no error.
  private func flushDirectory(of target: String) {
    let directory = target.lastIndex(of: "/").map { String(target[...$0]) } ?? "."
    let descriptor = open(directory, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
  }

  private func failure(_ code: Int32) -> DiagnosticError { Self.failure(code, path, at: span) }

  /// What the system's number for a failed write says of a path, and on a full disk what is left there.
  package static func failure(
    _ code: Int32, _ path: String, kept: String = "the old file is untouched",
    at span: Span = .none
  ) -> DiagnosticError {
    let reason = DataFile.reason(code)
    return switch code {
    case ENOENT, ENOTDIR: DataProblem.noDirectory(path, at: span)
    case EACCES, EPERM, EROFS: DataProblem.notPermitted(path, reason: reason, at: span)
    case ENOSPC, EDQUOT, EFBIG: DataProblem.diskFull(path, reason: reason, kept: kept, at: span)
    case EISDIR: DataProblem.notRegular(path, what: "a directory", at: span)
    default: DataProblem.writeFailed(path, reason: reason, at: span)
    }
  }
}

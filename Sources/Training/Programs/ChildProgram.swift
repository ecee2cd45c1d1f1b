import CKernels
import Platform

/// A program that runs beside this one and is talked to in lines. It has a process group of its own, which is
/// killed where this process exits or gets Ctrl-C, and when this is let go.
final class ChildProgram {
  enum Answer: Equatable {
    case line([UInt8])
    /// Its output came to an end; with its exit status, nil where it was killed.
    case ended(Int32?)
    /// More bytes than `mostBytes` without a line break.
    case endless
    /// Nothing came within the time.
    case silent
    case interrupted
  }

  /// The longest line that is read.
  static let mostBytes = 64 << 20
  /// Bytes kept of what it wrote to its errors.
  private static let keptErrors = 4_096

  private var program = rv_program()
  private var output: [UInt8] = []
  /// Where the search for a line break goes on.
  private var scanned = 0
  private var pending: [UInt8] = []
  private var sent = 0
  private var errorBytes: [UInt8] = []
  private var hasOutput = true
  private var hasErrors = true
  private var isEnded = false

  /// Starts it, without a shell, in a folder. Nil where it cannot be, and `problem` says why.
  init?(_ words: [String], in folder: String?, problem: inout String) {
    var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    let failure = rv_start_program(pointers, folder, &program)
    if failure != 0 {
      isEnded = true
      problem = String(cString: strerror(failure))
      return nil
    }
  }

  deinit { stop() }

  /// The last of what it wrote to its errors.
  var errors: String { String(decoding: errorBytes, as: UTF8.self) }

  var hasEnded: Bool { isEnded || rv_program_has_ended(&program) != 0 }

  /// Sends a line as fast as it is read.
  func send(_ line: String) {
    pending.removeFirst(sent)
    sent = 0
    pending += Array(line.utf8) + [UInt8(ascii: "\n")]
  }

  /// The next line of its output, within so many seconds.
  func next(within seconds: Double, _ interrupt: InterruptSource) -> Answer {
    let end = ContinuousClock.now + .seconds(seconds)
    while true {
      if let line = takeLine() { return .line(line) }
      if output.count > Self.mostBytes { return .endless }
      if !hasOutput {
        // A last line may lack its break.
        if !output.isEmpty {
          defer {
            output = []
            scanned = 0
          }
          return .line(output)
        }
        return interrupt.isRequested() ? .interrupted : .ended(finish(within: 1))
      }
      if interrupt.isRequested() { return .interrupted }
      let left = (end - ContinuousClock.now) / .seconds(1)
      if left <= 0 { return .silent }
      wait(min(left, 0.05))
    }
  }

  private func takeLine() -> [UInt8]? {
    guard let stop = output[scanned...].firstIndex(of: UInt8(ascii: "\n")) else {
      scanned = output.count
      return nil
    }
    let line = Array(output[..<stop])
    output.removeSubrange(...stop)
    scanned = 0
    return line
  }

  /// Moves bytes both ways, or waits for some.
  private func wait(_ seconds: Double) {
    func poller(_ file: Int32, _ isOpen: Bool, _ events: Int32) -> pollfd {
      pollfd(fd: isOpen ? file : -1, events: Int16(events), revents: 0)
    }
    var files = [
      poller(program.output, hasOutput, POLLIN), poller(program.errors, hasErrors, POLLIN),
      poller(program.input, sent < pending.count, POLLOUT),
    ]
    guard poll(&files, 3, Int32(max(1, seconds * 1000))) > 0 else { return }
    if files[0].revents != 0 { hasOutput = read(program.output) { output += $0 } }
    if files[1].revents != 0 { hasErrors = read(program.errors) { keep(errors: $0) } }
    guard files[2].revents != 0 else { return }
    let count = pending[sent...].withUnsafeBytes {
      rv_send(program.input, $0.baseAddress, $0.count)
    }
    // Who reads no more may still answer.
    sent = count < 0 ? pending.count : sent + Int(count)
  }

  /// Whether more may come.
  private func read(_ file: Int32, _ take: (ArraySlice<UInt8>) -> Void) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = Platform.read(file, &buffer, buffer.count)
    if count > 0 { take(buffer[..<count]) }
    return count > 0 || count < 0 && (errno == EAGAIN || errno == EINTR)
  }

  private func keep(errors: ArraySlice<UInt8>) {
    errorBytes += errors
    if errorBytes.count > Self.keptErrors {
      errorBytes.removeFirst(errorBytes.count - Self.keptErrors)
    }
  }

  /// Closes its input, gives it this long to end, and kills it and its children then. Its exit status; nil
  /// where it was killed.
  @discardableResult
  func finish(within seconds: Double) -> Int32? {
    if isEnded { return nil }
    rv_close_input(&program)
    let end = ContinuousClock.now + .seconds(seconds)
    while rv_program_has_ended(&program) == 0, ContinuousClock.now < end {
      hasErrors = hasErrors && read(program.errors) { keep(errors: $0) }
      usleep(2_000)
    }
    while hasErrors, rv_program_has_ended(&program) != 0 {
      let before = errorBytes.count
      hasErrors = read(program.errors) { keep(errors: $0) }
      if errorBytes.count == before { break }
    }
    return stop()
  }

  @discardableResult
  func stop() -> Int32? {
    if isEnded { return nil }
    isEnded = true
    let status = rv_end_program(&program)
    return status >= 0 ? status : nil
  }
}

import Basics
import Diagnostics
import Driver
import Platform

/// Data go to stdout, talk goes to stderr. What is printed here cannot steer a terminal, whoever wrote it.
enum Console {
  /// A closed pipe is an error of `write`, not a signal that kills. A descriptor that was closed is
  /// taken, or the next file to be opened would get its number and what is said there.
  static func prepare() {
    signal(SIGPIPE, SIG_IGN)
    // A file beyond the limit of sizes is an error as well.
    signal(SIGXFSZ, SIG_IGN)
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  static func end(_ status: Status) -> Never { exit(status.rawValue) }

  /// Values and tables, for people.
  static func write(_ text: String) {
    sendRaw(TerminalText.visible(text, hasColour: hasColourOnOutput), to: STDOUT_FILENO)
  }

  /// A file's text, for programs: as it is, unless it goes to a terminal.
  static func writeFile(_ text: String) {
    isatty(STDOUT_FILENO) == 1 ? write(text) : sendRaw(text, to: STDOUT_FILENO)
  }

  /// A picture in the letters of a terminal.
  static func draw(_ image: String) { sendRaw(image, to: STDOUT_FILENO) }

  static func say(_ text: String) {
    sendRaw(TerminalText.visible(text, hasColour: hasColour), to: STDERR_FILENO)
  }

  /// A line that the next one overwrites; with a line break at its end it stays. What does not fit
  /// the terminal is cut at the front, for its end says how far things are. Where lines cannot be
  /// overwritten, those that stay are written, and of the others one every ten seconds.
  static func progress(_ text: String) {
    let stays = text.hasSuffix("\n")
    if overwrites {
      let limit = (size(of: STDERR_FILENO)?.columns ?? 80) - 1
      overwrite(stays || text.count <= limit ? text : String(text.suffix(limit)))
    } else if stays {
      say(text)
    } else if !text.isEmpty, isTimeToSpeak() {
      say(text + "\n")
    }
  }

  /// Lines that the next ones or a line of progress overwrite, at most five times a second; where lines cannot be
  /// overwritten, `line` as progress. The cursor stands below them, so a program that is killed leaves the terminal as
  /// after any output.
  static func view(_ line: String, _ lines: () -> [String]) {
    guard overwrites else { return progress(line) }
    let now = ContinuousClock.now
    if viewLines > 0, now - drawn < .milliseconds(200) { return }
    drawn = now
    let window = size(of: STDERR_FILENO) ?? (24, 80)
    let shown = lines().prefix(max(1, window.rows - 1)).map {
      TextWidth.cut($0, to: window.columns - 1)
    }
    overwrite(shown.map { $0 + "\n" }.joined())
    viewLines = shown.count
  }

  private static var overwrites: Bool { isatty(STDERR_FILENO) == 1 && !isDumb }

  /// Lines of a view above the cursor.
  nonisolated(unsafe) private static var viewLines = 0
  nonisolated(unsafe) private static var drawn = ContinuousClock.now

  /// Writes in the place of the view, or of the line of progress. A Ctrl-C that the terminal shows goes too.
  private static func overwrite(_ text: String) {
    let erasing = viewLines > 0 ? "\r\u{1B}[\(viewLines)A\u{1B}[J" : "\r\u{1B}[K"
    sendRaw(erasing + TerminalText.visible(text, hasColour: hasColour), to: STDERR_FILENO)
    viewLines = 0
  }

  nonisolated(unsafe) private static var spoken = ContinuousClock.now

  private static func isTimeToSpeak() -> Bool {
    let now = ContinuousClock.now
    guard now - spoken >= .seconds(10) else { return false }
    spoken = now
    return true
  }

  /// Whether talk may be coloured: a terminal, no NO_COLOR (no-color.org), no dumb terminal.
  static var hasColour: Bool { allowsColour && isatty(STDERR_FILENO) == 1 }

  /// Whether data may be coloured.
  static var hasColourOnOutput: Bool { allowsColour && isatty(STDOUT_FILENO) == 1 }

  /// Columns of the terminal, or 80.
  static var width: Int {
    guard let columns = size(of: STDOUT_FILENO)?.columns, columns >= 20 else { return 80 }
    return min(columns, 160)
  }

  private static func size(of descriptor: Int32) -> (rows: Int, columns: Int)? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return nil }
    return (Int(size.ws_row), Int(size.ws_col))
  }

  /// Whether the locale names UTF-8; without any locale, yes.
  static var showsUnicode: Bool {
    for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
      if let value = getenv(name), value.pointee != 0 {
        let text = String(cString: value).lowercased()
        return text.contains("utf")
      }
    }
    return true
  }

  /// Whether the terminal can edit a line.
  static var canMoveCursor: Bool {
    guard let term = getenv("TERM"), term.pointee != 0 else { return false }
    return !isDumb
  }

  private static var allowsColour: Bool {
    if let value = getenv("NO_COLOR"), value.pointee != 0 { return false }
    return !isDumb
  }

  private static var isDumb: Bool {
    getenv("TERM").map { String(cString: $0) == "dumb" } ?? false
  }

  /// A word of the command line, on one line of a message.
  static func printable(_ text: String, _ limit: Int = 80) -> String {
    TerminalText.word(String(text.unicodeScalars.prefix(limit)))
  }

  static func report(_ diagnostics: [Diagnostic], in sources: SourceMap) {
    guard !diagnostics.isEmpty else { return }
    say(DiagnosticRenderer(sources: sources, colour: hasColour).text(diagnostics))
  }

  /// What `body` gives. What it throws is shown and ends the command: with `status`, or with what the
  /// diagnostics say where that is nil.
  static func reporting<T>(
    in compiler: Compiler, as status: Status? = .program, _ body: () throws -> T
  ) throws -> T {
    do { return try body() } catch let error as DiagnosticError {
      report(error.diagnostics, in: compiler.sources)
      throw status ?? Status(of: error)
    }
  }

  /// Who reads a pipe may close it: then there is nobody to tell, and the program ends quietly.
  private static func sendRaw(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        systemWrite(descriptor, buffer.baseAddress! + start, bytes.count - start)
      }
      if count < 0 {
        if errno == EINTR { continue }
        if errno == EAGAIN {
          var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = poll(&request, 1, -1)
          continue
        }
        if errno == EPIPE { end(.success) }
        let reason = String(cString: strerror(errno))
        if descriptor == STDOUT_FILENO { say("ravine: cannot write the output: \(reason)\n") }
        end(.usage)
      }
      start += count
    }
  }
}

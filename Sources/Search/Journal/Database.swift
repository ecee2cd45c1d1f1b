import CSQLite
import Diagnostics
import Platform

/// A database of SQLite on disk, by its C interface: one connection, used by one thread.
final class Database {
  /// What SQLite says, with its code.
  struct Failure: Error {
    var code: Int32
    var message: String
    var isFull: Bool { code & 0xFF == SQLITE_FULL }
    /// Of a database whose pages or rows are not as they were written.
    var isDamage: Bool {
      [SQLITE_CORRUPT, SQLITE_CONSTRAINT, SQLITE_IOERR].contains(code & 0xFF)
    }
    /// The file, or one that has to stand beside it, may not be written.
    var isOfRights: Bool {
      [SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM].contains(code & 0xFF)
    }
    var isBusy: Bool { [SQLITE_BUSY, SQLITE_LOCKED].contains(code & 0xFF) }
  }

  enum Value: Hashable, Sendable {
    case null
    case int(Int)
    case double(Double)
    case text(String)
    case blob([UInt8])

    var int: Int? { if case .int(let x) = self { x } else { nil } }
    var double: Double? {
      switch self {
      case .double(let x): x
      case .int(let x): Double(x)
      default: nil
      }
    }
    var text: String? { if case .text(let x) = self { x } else { nil } }
    var blob: [UInt8]? { if case .blob(let x) = self { x } else { nil } }
  }

  private let handle: OpaquePointer
  private var prepared: [String: OpaquePointer] = [:]
  /// The folder that it stands in for as long as it is open.
  private var scratch: ScratchFolder?

  /// Opens a file, or makes one where `creates`; without a path one in memory.
  convenience init(_ path: String?, creates: Bool) throws(Failure) {
    // To SQLite some names of files are no files.
    let isOdd = path.map { $0.hasPrefix(":") || $0.hasPrefix("file:") || $0.isEmpty } ?? false
    let path = path.map { isOdd ? "./" + $0 : $0 } ?? ":memory:"
    try self.init(name: path, SQLITE_OPEN_READWRITE | (creates ? SQLITE_OPEN_CREATE : 0))
  }

  /// Opens a file to read it, whether or not it and its folder may be written.
  static func reading(_ path: String) throws(Failure) -> Database {
    do throws(Failure) {
      return try Database(path, creates: false).probed()
    } catch  where error.isOfRights {
      return try unwritable(path)
    }
  }

  /// Reads a file beside which none can be made. SQLite does so where nobody has written since it was closed, or where the
  /// index of its log stands there still; else a copy is read, of both files.
  static func unwritable(_ path: String) throws(Failure) -> Database {
    var status = stat()
    guard stat(path + "-wal", &status) == 0, status.st_size > 0 else {
      let name = path.utf8.map { byte in
        let isPlain = byte > 45 && byte < 58 || byte > 64 && byte < 91 || byte > 96 && byte < 123
        return isPlain ? String(UnicodeScalar(byte)) : "%" + hexadecimal(byte)
      }.joined()
      return try Database(
        name: "file:\(name)?immutable=1", SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
      ).probed()
    }
    if access(path + "-shm", F_OK) == 0,
      let found = try? Database(name: path, SQLITE_OPEN_READONLY).probed()
    {
      return found
    }
    guard let scratch = ScratchFolder(copying: [path, path + "-wal"], as: ["copy", "copy-wal"])
    else { throw Failure(code: SQLITE_CANTOPEN, message: "it cannot be copied to be read") }
    let found = try Database(scratch.path + "/copy", creates: false).probed()
    found.scratch = scratch
    return found
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return text.count == 1 ? "0" + text : text
  }

  /// The database, once something was read of it: opening alone reads nothing.
  private func probed() throws(Failure) -> Database {
    _ = try rows("SELECT count(*) FROM sqlite_master")
    return self
  }

  private init(name: String, _ flags: Int32) throws(Failure) {
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(name, &opened, flags | SQLITE_OPEN_NOMUTEX, nil)
    guard code == SQLITE_OK, let opened else {
      let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "no memory"
      sqlite3_close_v2(opened)
      throw Failure(code: code, message: message)
    }
    handle = opened
    sqlite3_extended_result_codes(handle, 1)
    sqlite3_busy_timeout(handle, 5_000)
  }

  deinit {
    for statement in prepared.values { sqlite3_finalize(statement) }
    sqlite3_close_v2(handle)
  }

  private var failure: Failure {
    Failure(
      code: sqlite3_extended_errcode(handle), message: String(cString: sqlite3_errmsg(handle)))
  }

  /// Runs statements that give nothing.
  func run(_ sql: String) throws(Failure) {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure }
  }

  /// Runs one statement and gives each row to `row`, which says whether more are wanted.
  func run(
    _ sql: String, _ values: [Value], row: ([Value]) -> Bool = { _ in true }
  ) throws(Failure) {
    let statement = try statement(sql)
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    for (k, value) in values.enumerated() { try bind(value, Int32(k + 1), statement) }
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_DONE: return
      case SQLITE_ROW:
        let found = (0..<sqlite3_column_count(statement)).map { column(statement, $0) }
        if !row(found) { return }
      default: throw failure
      }
    }
  }

  func rows(_ sql: String, _ values: [Value] = []) throws(Failure) -> [[Value]] {
    var found: [[Value]] = []
    try run(sql, values) {
      found.append($0)
      return true
    }
    return found
  }

  private func statement(_ sql: String) throws(Failure) -> OpaquePointer {
    if let known = prepared[sql] { return known }
    var made: OpaquePointer?
    guard sqlite3_prepare_v2(handle, sql, -1, &made, nil) == SQLITE_OK, let made else {
      throw failure
    }
    prepared[sql] = made
    return made
  }

  private func bind(
    _ value: Value, _ place: Int32, _ statement: OpaquePointer
  ) throws(Failure) {
    // SQLite copies texts and bytes.
    let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    let code =
      switch value {
      case .null: sqlite3_bind_null(statement, place)
      case .int(let x): sqlite3_bind_int64(statement, place, Int64(x))
      case .double(let x): sqlite3_bind_double(statement, place, x)
      case .text(let x): sqlite3_bind_text(statement, place, x, -1, copies)
      case .blob(let x):
        x.withUnsafeBytes {
          sqlite3_bind_blob64(statement, place, $0.baseAddress, UInt64($0.count), copies)
        }
      }
    guard code == SQLITE_OK else { throw failure }
  }

  private func column(_ statement: OpaquePointer, _ k: Int32) -> Value {
    switch sqlite3_column_type(statement, k) {
    case SQLITE_INTEGER: return .int(Int(sqlite3_column_int64(statement, k)))
    case SQLITE_FLOAT: return .double(sqlite3_column_double(statement, k))
    case SQLITE_TEXT:
      return .text(sqlite3_column_text(statement, k).map { String(cString: $0) } ?? "")
    case SQLITE_BLOB:
      let count = Int(sqlite3_column_bytes(statement, k))
      guard count > 0, let bytes = sqlite3_column_blob(statement, k) else { return .blob([]) }
      return .blob([UInt8](UnsafeRawBufferPointer(start: bytes, count: count)))
    default: return .null
    }
  }
}

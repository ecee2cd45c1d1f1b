import Basics
import Diagnostics
import Files
import Platform
import Training

/// A search on disk: every program that ran, with where it came from and what it came to, and where each restart is.
/// Rejects and duplicates are counted.
///
/// A batch is written whole or not at all, so a search that is killed loses what was in flight. One process at a time
/// writes; others may read.
package final class SearchJournal {
  package static let version = 5

  package let path: String
  let database: Database
  /// Holds the lock of the one who writes.
  private let lock: Int32
  /// Of programs that do tasks.
  let answers: JournalAnswers

  /// What a journal is of.
  package struct Header: Hashable, Sendable {
    package var name: String
    /// Everything that decides what is found, in words.
    package var experiment: String
    /// A name of that.
    package var digest: String { SHA256.hexadecimal(experiment.utf8) }
    /// The rule that it begins with, as bytes of its program, and its rate.
    package var start: [UInt8]
    package var rate: Double
    /// The start as it was called, where rates follow its schedule; nil where they are constant.
    package var schedule: String? {
      guard rate.isNaN else { return nil }
      let line = experiment.split(separator: "\n").first { $0.hasPrefix("from ") }
      return line.map { $0.dropFirst(5).split(separator: " ").dropLast().joined(separator: " ") }
    }
    /// The titles of the tasks, of those that are kept for validation, and of those that stay locked.
    package var tasks: [String]
    package var validation: [String]
    package var test: [String]

    package init(
      name: String, experiment: String, start: [UInt8], rate: Double, tasks: [String],
      validation: [String], test: [String] = []
    ) {
      self.name = name
      self.experiment = experiment
      self.start = start
      self.rate = rate
      self.tasks = tasks
      self.validation = validation
      self.test = test
    }
  }

  // MARK: Opening

  /// Begins a journal, or opens the one of the same search. Throws R0284 for a file that is none, of another version or
  /// in use, R0283 for one of another search, and what writing throws.
  package init(_ path: String, _ header: Header) throws(DiagnosticError) {
    self.path = path
    let lock = try Self.lock(path)
    self.lock = lock
    var problem: Diagnostic?
    do throws(Database.Failure) {
      database = try Self.open(path)
      let isNew = try database.rows("SELECT count(*) FROM sqlite_master")[0][0].int == 0
      if isNew {
        try Self.create(database, header)
      } else {
        problem = try Self.problem(database, path, header)
      }
    } catch {
      // Nothing is made yet whose end would let go of it.
      flock(lock, LOCK_UN)
      close(lock)
      throw Self.diagnostic(error, path)
    }
    answers = JournalAnswers(database)
    if let problem { throw DiagnosticError(problem) }
  }

  /// A journal in memory, of this process alone.
  package init(inMemory header: Header) throws(DiagnosticError) {
    path = "memory"
    lock = -1
    do throws(Database.Failure) {
      database = try Database(nil, creates: true)
      try Self.create(database, header)
    } catch {
      throw Self.diagnostic(error, path)
    }
    answers = JournalAnswers(database)
  }

  /// Opens a journal to read what is in it.
  package init(reading path: String) throws(DiagnosticError) {
    self.path = path
    lock = -1
    var status = stat()
    guard stat(path, &status) == 0 else {
      let code = errno
      if code == ENOENT || code == ENOTDIR { throw DataProblem.notFound(path, at: .none) }
      throw DataProblem.unreadable(DataPlace(path), reason: DataFile.reason(code), at: .none)
    }
    do throws(Database.Failure) {
      database = try Database.reading(path)
      guard
        try database.rows("SELECT value FROM meta WHERE key = 'ravine'").first?[0].text
          == "search"
      else {
        throw Database.Failure(code: 26, message: "it is a database of something else")
      }
    } catch {
      throw Self.diagnostic(error, path)
    }
    answers = JournalAnswers(database)
    let version = try self.version()
    guard version == Self.version else {
      throw DiagnosticError(.journalOfOtherVersion(path, version, Self.version))
    }
  }

  deinit {
    guard lock >= 0 else { return }
    flock(lock, LOCK_UN)
    close(lock)
  }

  private static func lock(_ path: String) throws(DiagnosticError) -> Int32 {
    let descriptor = Platform.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw WholeFile.failure(errno, path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw DiagnosticError(.notASearchJournal(path, "it is no file"))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw DiagnosticError(.journalInUse(path))
    }
    return descriptor
  }

  private static func open(_ path: String) throws(Database.Failure) -> Database {
    let database = try Database(path, creates: true)
    // A commit is safe once it is in the log: a kill loses nothing, a power cut at most the latest.
    try database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
    return database
  }

  private static func create(_ database: Database, _ header: Header) throws(Database.Failure) {
    try database.run("BEGIN IMMEDIATE")
    try database.run(
      """
      CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
      CREATE TABLE programs(
        restart INTEGER, number INTEGER, parent INTEGER, mutation INTEGER, rung INTEGER, rate REAL,
        best REAL, size REAL, score REAL, digests BLOB, program BLOB, losses BLOB,
        PRIMARY KEY(restart, number)) WITHOUT ROWID;
      CREATE TABLE restarts(
        restart INTEGER PRIMARY KEY, programs INTEGER, done INTEGER, state BLOB);
      CREATE TABLE validation(
        restart INTEGER, number INTEGER, rate REAL, score REAL, cells BLOB,
        PRIMARY KEY(restart, number)) WITHOUT ROWID;
      CREATE TABLE problems(
        restart INTEGER, number INTEGER, text TEXT, PRIMARY KEY(restart, number)) WITHOUT ROWID;
      CREATE TABLE answers(request TEXT PRIMARY KEY, batch INTEGER, answer BLOB) WITHOUT ROWID;
      CREATE TABLE cells(key TEXT PRIMARY KEY, cell TEXT) WITHOUT ROWID;
      CREATE TABLE reports(
        subject TEXT PRIMARY KEY, time INTEGER, terms TEXT, report TEXT) WITHOUT ROWID;
      """)
    let pairs: [(String, Database.Value)] = [
      ("ravine", .text("search")), ("version", .int(version)), ("name", .text(header.name)),
      ("experiment", .text(header.experiment)), ("digest", .text(header.digest)),
      ("start", .blob(header.start)), ("rate", .double(header.rate)),
      ("tasks", .text(header.tasks.joined(separator: "\n"))),
      ("validation", .text(header.validation.joined(separator: "\n"))),
      ("test", .text(header.test.joined(separator: "\n"))),
    ]
    for (key, value) in pairs {
      try database.run("INSERT INTO meta VALUES(?, ?)", [.text(key), value])
    }
    try database.run("COMMIT")
  }

  /// Why an old journal cannot go on as this search; nil where it can.
  private static func problem(
    _ database: Database, _ path: String, _ header: Header
  ) throws(Database.Failure) -> Diagnostic? {
    let tables = try database.rows("SELECT name FROM sqlite_master WHERE name = 'meta'")
    var meta: [String: Database.Value] = [:]
    if !tables.isEmpty {
      for row in try database.rows("SELECT * FROM meta") where row.count == 2 {
        meta[row[0].text ?? ""] = row[1]
      }
    }
    guard meta["ravine"]?.text == "search" else {
      return .notASearchJournal(path, "it is a database of something else")
    }
    guard meta["version"]?.int == version else {
      return .journalOfOtherVersion(path, meta["version"]?.int ?? 0, version)
    }
    if meta["digest"]?.text == header.digest { return nil }
    return .journalOfOtherSearch(
      path, difference(meta["experiment"]?.text ?? "", header.experiment))
  }

  /// The first line that differs, of each.
  fileprivate static func difference(_ theirs: String, _ ours: String) -> String {
    let theirs = theirs.split(separator: "\n", omittingEmptySubsequences: false)
    let ours = ours.split(separator: "\n", omittingEmptySubsequences: false)
    for k in 0..<max(theirs.count, ours.count) {
      let (a, b) = (k < theirs.count ? theirs[k] : "", k < ours.count ? ours[k] : "")
      if a != b { return "`\(a)` where now `\(b)` is" }
    }
    return "another experiment"
  }

  /// `isJournal`: it is known to be one.
  private static func diagnostic(
    _ failure: Database.Failure, _ path: String, isJournal: Bool = false
  ) -> DiagnosticError {
    if failure.isFull {
      return WholeFile.failure(ENOSPC, path, kept: "the journal has all batches before")
    }
    if failure.isOfRights { return WholeFile.failure(EACCES, path) }
    if failure.isBusy { return DiagnosticError(.journalInUse(path)) }
    return DiagnosticError(
      isJournal || failure.isDamage
        ? .damagedJournal(path, failure.message) : .notASearchJournal(path, failure.message))
  }

  func asking<T>(
    _ body: () throws(Database.Failure) -> T
  ) throws(DiagnosticError) -> T {
    do throws(Database.Failure) {
      return try body()
    } catch {
      throw Self.diagnostic(error, path, isJournal: true)
    }
  }

  private func version() throws(DiagnosticError) -> Int {
    try asking { () throws(Database.Failure) in
      try database.rows("SELECT value FROM meta WHERE key = 'version'").first?[0].int ?? 0
    }
  }

  // MARK: Writing

  /// Keeps what a restart found since the last time, and where it is. All or nothing.
  package func append(
    _ records: [ProgramRecord], _ judged: [Judgement] = [], of evolution: Evolution
  ) throws(DiagnosticError) {
    try asking { () throws(Database.Failure) in
      try database.run("BEGIN IMMEDIATE")
      do throws(Database.Failure) {
        for record in records {
          try database.run(
            "INSERT INTO programs VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [.int(evolution.restart)] + record.row)
          if let problem = record.problem {
            try database.run(
              "INSERT INTO problems VALUES(?, ?, ?)",
              [.int(evolution.restart), .int(record.number), .text(problem)])
          }
        }
        for found in judged {
          var writer = ByteWriter()
          for cell in found.cells { writer.double(cell) }
          try database.run(
            "INSERT OR REPLACE INTO validation VALUES(?, ?, ?, ?, ?)",
            [
              .int(evolution.restart), .int(found.number), .double(found.rate),
              found.score.isFinite ? .double(found.score) : .null, .blob(writer.written),
            ])
        }
        try database.run(
          "INSERT OR REPLACE INTO restarts VALUES(?, ?, ?, ?)",
          [
            .int(evolution.restart), .int(evolution.programs), .int(evolution.isDone ? 1 : 0),
            .blob(evolution.state.bytes),
          ])
        // What they were asked for is written now; where there are none, a batch that was stopped goes on with it.
        if !records.isEmpty || !judged.isEmpty {
          try database.run("DELETE FROM answers WHERE batch = 1", [])
        }
        try database.run("COMMIT")
      } catch {
        try? database.run("ROLLBACK")
        throw error
      }
    }
  }

  /// Writes down that nothing is left to be done for a restart.
  package func conclude(_ restart: Int) throws(DiagnosticError) {
    try asking { () throws(Database.Failure) in
      try database.run("UPDATE restarts SET done = 2 WHERE restart = ?", [.int(restart)])
      try database.run("DELETE FROM answers WHERE batch = 1", [])
    }
  }

  // MARK: Reading

  package func header() throws(DiagnosticError) -> Header {
    let meta = try asking { () throws(Database.Failure) in
      var meta: [String: Database.Value] = [:]
      for row in try database.rows("SELECT key, value FROM meta") {
        meta[row[0].text ?? ""] = row[1]
      }
      return meta
    }
    func lines(_ key: String) -> [String] {
      (meta[key]?.text ?? "").split(separator: "\n").map(String.init)
    }
    return Header(
      name: meta["name"]?.text ?? "", experiment: meta["experiment"]?.text ?? "",
      start: meta["start"]?.blob ?? [], rate: meta["rate"]?.double ?? .nan, tasks: lines("tasks"),
      validation: lines("validation"), test: lines("test"))
  }

  private static let columns =
    "number, parent, mutation, rung, rate, best, size, score, digests, program, losses"

  /// The programs of a restart from a number on, in order, as `row` wants them.
  ///
  /// Throws R0284 for a row that is no program.
  package func programs(
    of restart: Int, from first: Int = 0, _ row: (ProgramRecord) -> Bool
  ) throws(DiagnosticError) {
    var isBroken = false
    try asking { () throws(Database.Failure) in
      try database.run(
        "SELECT \(Self.columns) FROM programs WHERE restart = ? AND number >= ? ORDER BY number",
        [.int(restart), .int(first)]
      ) { values in
        guard let record = ProgramRecord(values) else {
          isBroken = true
          return false
        }
        return row(record)
      }
    }
    if isBroken {
      throw DiagnosticError(.damagedJournal(path, "a row of restart \(restart) is no program"))
    }
  }

  package func program(
    _ number: Int, of restart: Int
  ) throws(DiagnosticError) -> ProgramRecord? {
    var found: ProgramRecord?
    try programs(of: restart, from: number) {
      found = $0.number == number ? $0 : nil
      return false
    }
    return found
  }

  /// A program that ran; nil for one that was forgotten or cannot be read.
  func source(of number: Int, in restart: Int) -> Genome? {
    let rows = try? database.rows(
      "SELECT program FROM programs WHERE restart = ? AND number = ?",
      [.int(restart), .int(number)])
    return rows?.first?[0].blob.flatMap { Genome(bytes: $0) }
  }

  /// What an evaluation of a program failed at first; nil for one without such.
  package func problem(
    of number: Int, in restart: Int
  ) throws(DiagnosticError) -> String? {
    try asking { () throws(Database.Failure) in
      try database.rows(
        "SELECT text FROM problems WHERE restart = ? AND number = ?", [.int(restart), .int(number)]
      ).first?[0].text
    }
  }

  /// The first program of a restart of which an evaluation failed, and at what.
  package func firstProblem(
    of restart: Int
  ) throws(DiagnosticError) -> (number: Int, text: String)? {
    try asking { () throws(Database.Failure) in
      try database.rows(
        "SELECT number, text FROM problems WHERE restart = ? ORDER BY number LIMIT 1",
        [.int(restart)]
      ).first.map { ($0[0].int ?? 0, $0[1].text ?? "") }
    }
  }

  /// The best programs that ran on all tasks.
  package func best(_ count: Int, of restart: Int) throws(DiagnosticError) -> [ProgramRecord] {
    try asking { () throws(Database.Failure) in
      try database.rows(
        """
        SELECT \(Self.columns) FROM programs WHERE restart = ? AND rung = 1 AND score IS NOT NULL
        ORDER BY score, number LIMIT ?
        """, [.int(restart), .int(count)]
      ).compactMap { ProgramRecord($0) }
    }
  }

  /// Where the restarts are that have begun: whether all programs ran, and whether the choice was made.
  package func restarts() throws(DiagnosticError) -> [(
    restart: Int, programs: Int, isDone: Bool, isClosed: Bool, state: EvolutionState
  )] {
    let rows = try asking { () throws(Database.Failure) in
      try database.rows("SELECT restart, programs, done, state FROM restarts ORDER BY restart")
    }
    var result:
      [(restart: Int, programs: Int, isDone: Bool, isClosed: Bool, state: EvolutionState)] = []
    for row in rows {
      guard let restart = row[0].int, let programs = row[1].int, let done = row[2].int,
        let state = row[3].blob.flatMap({ EvolutionState(bytes: $0) })
      else { throw DiagnosticError(.damagedJournal(path, "the state of a restart is none")) }
      result.append((restart, programs, done > 0, done == 2, state))
    }
    return result
  }

  /// What came of the validation tasks, in the order of programs.
  package func validated(of restart: Int) throws(DiagnosticError) -> [Judgement] {
    var isBroken = false
    let found = try asking { () throws(Database.Failure) in
      try database.rows(
        "SELECT number, rate, score, cells FROM validation WHERE restart = ? ORDER BY number",
        [.int(restart)]
      ).map { row in
        let bytes = row[3].blob ?? []
        var reader = ByteReader(bytes)
        var cells: [Double] = []
        while let cell = reader.double() { cells.append(cell) }
        if bytes.count != 8 * cells.count { isBroken = true }
        return Judgement(
          number: row[0].int ?? 0, rate: row[1].double ?? .nan, score: row[2].double ?? .infinity,
          cells: cells)
      }
    }
    if isBroken || Set(found.map(\.cells.count)).count > 1 {
      throw DiagnosticError(
        .damagedJournal(path, "a row of restart \(restart) is no result of validation"))
    }
    return found
  }

  /// A name of everything that was found, in which order and how: the same for a search that was killed and one
  /// that was not. Times are no part of it.
  package func contentDigest() throws(DiagnosticError) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ bytes: [UInt8]) {
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    }
    try asking { () throws(Database.Failure) in
      for table in ["programs", "restarts", "validation"] {
        let order = table == "restarts" ? "restart" : "restart, number"
        try database.run("SELECT * FROM \(table) ORDER BY \(order)", []) { row in
          for value in row {
            switch value {
            case .null: mix([0])
            case .int(let x): mix(Array("\(x)".utf8))
            case .double(let x): mix(Array("\(x.bitPattern)".utf8))
            case .text(let x): mix(Array(x.utf8))
            case .blob(let x): mix(x)
            }
          }
          return true
        }
      }
    }
    let text = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }
}

// MARK: Many journals

extension SearchJournal {
  /// Takes over the restarts of another journal of the same search: of one that both have, the one that came further.
  /// So several journals give the same in any order. Throws R0283 where it is of another search.
  package func merge(_ other: SearchJournal) throws(DiagnosticError) {
    try other.require(try header())
    // Of two that ran as many programs the one may have chosen, and the other not yet.
    func progress(
      _ journal: SearchJournal
    ) throws(DiagnosticError) -> [Int: (programs: Int, isClosed: Int, judged: Int)] {
      var progress: [Int: (programs: Int, isClosed: Int, judged: Int)] = [:]
      for found in try journal.restarts() {
        progress[found.restart] = (
          found.programs, found.isClosed ? 1 : 0, try journal.validated(of: found.restart).count
        )
      }
      return progress
    }
    let known = try progress(self)
    for (restart, found) in try progress(other).sorted(by: { $0.key < $1.key })
    where found > known[restart] ?? (0, 0, 0) {
      try take(restart, from: other)
    }
    try takeMeasured(from: other)
  }

  /// Throws R0283 where it is a journal of another search.
  package func require(_ header: Header) throws(DiagnosticError) {
    let own = try self.header()
    guard own.digest != header.digest else { return }
    throw DiagnosticError(
      .journalOfOtherSearch(path, Self.difference(own.experiment, header.experiment)))
  }

  private func take(_ restart: Int, from other: SearchJournal) throws(DiagnosticError) {
    try asking { () throws(Database.Failure) in
      try database.run("BEGIN IMMEDIATE")
      do throws(Database.Failure) {
        for (table, columns) in [
          ("programs", 12), ("restarts", 4), ("validation", 5), ("problems", 3),
        ] {
          try database.run("DELETE FROM \(table) WHERE restart = ?", [.int(restart)])
          let places = Array(repeating: "?", count: columns).joined(separator: ", ")
          for row in try other.database.rows(
            "SELECT * FROM \(table) WHERE restart = ?", [.int(restart)])
          {
            try database.run("INSERT INTO \(table) VALUES(\(places))", row)
          }
        }
        try database.run("COMMIT")
      } catch {
        try? database.run("ROLLBACK")
        throw error
      }
    }
  }

  /// Forgets the programs of restarts that are done which did not come to all tasks and that no other descends from.
  /// Returns how many.
  package func prune() throws(DiagnosticError) -> Int {
    var removed = 0
    for found in try restarts() where found.isDone {
      var parents: [Int: Int] = [:]
      var kept: Set<Int> = [0]
      try programs(of: found.restart) { record in
        parents[record.number] = record.parent
        if record.rung > 0 { kept.insert(record.number) }
        return true
      }
      for number in kept {
        var next = parents[number] ?? -1
        while next > 0, kept.insert(next).inserted { next = parents[next] ?? -1 }
      }
      let gone = parents.keys.filter { !kept.contains($0) }
      removed += gone.count
      try asking { () throws(Database.Failure) in
        try database.run("BEGIN IMMEDIATE")
        for number in gone {
          try database.run(
            "DELETE FROM programs WHERE restart = ? AND number = ?",
            [.int(found.restart), .int(number)])
        }
        try database.run("COMMIT")
      }
    }
    try asking { () throws(Database.Failure) in try database.run("VACUUM") }
    return removed
  }

  /// Opens a journal to change what is in it, whatever search it is of.
  package static func existing(_ path: String) throws(DiagnosticError) -> SearchJournal {
    let header = try SearchJournal(reading: path).header()
    return try SearchJournal(path, header)
  }
}

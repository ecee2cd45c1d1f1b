import Diagnostics

/// What was measured of the program that a search chose. No part of what the search found, so `contentDigest` leaves it
/// out.
extension SearchJournal {
  /// Which tasks it was measured on.
  package enum Subject: String, CaseIterable, Sendable {
    /// Those of validation, as often as one likes.
    case claims
    /// The locked ones, once.
    case test
  }

  package struct Measurement: Hashable, Sendable {
    /// When it began: seconds since 1970.
    package var time: Int
    /// What is measured, and how.
    package var terms: String
    /// Nil while it goes on.
    package var report: String?

    package init(time: Int, terms: String, report: String? = nil) {
      self.time = time
      self.terms = terms
      self.report = report
    }
  }

  package func measurement(
    of subject: Subject
  ) throws(DiagnosticError) -> Measurement? {
    try asking { () throws(Database.Failure) in
      try database.rows(
        "SELECT time, terms, report FROM reports WHERE subject = ?", [.text(subject.rawValue)]
      ).first.map { Measurement(time: $0[0].int ?? 0, terms: $0[1].text ?? "", report: $0[2].text) }
    }
  }

  /// Writes down that a measurement began, before anything is known of it: what was begun may go on, and never begins
  /// anew.
  package func begin(_ subject: Subject, _ found: Measurement) throws(DiagnosticError) {
    try asking { () throws(Database.Failure) in
      try database.run("INSERT INTO reports VALUES(?, ?, ?, ?)", Self.row(subject, found))
    }
  }

  /// Writes down what came of a measurement, in the place of what was there.
  package func finish(_ subject: Subject, _ found: Measurement) throws(DiagnosticError) {
    try asking { () throws(Database.Failure) in
      try database.run(
        "INSERT OR REPLACE INTO reports VALUES(?, ?, ?, ?)", Self.row(subject, found))
    }
  }

  private static func row(_ subject: Subject, _ found: Measurement) -> [Database.Value] {
    [
      .text(subject.rawValue), .int(found.time), .text(found.terms),
      found.report.map { .text($0) } ?? .null,
    ]
  }

  /// What one rule came to on one task, under a name of all that decides it.
  package func cell(_ key: String) throws(DiagnosticError) -> String? {
    try asking { () throws(Database.Failure) in
      try database.rows("SELECT cell FROM cells WHERE key = ?", [.text(key)]).first?[0].text
    }
  }

  package func keep(_ cell: String, under key: String) throws(DiagnosticError) {
    try asking { () throws(Database.Failure) in
      try database.run("INSERT OR REPLACE INTO cells VALUES(?, ?)", [.text(key), .text(cell)])
    }
  }

  /// Takes over what another journal of the same search has measured. Of two openings the earlier one is the opening.
  func takeMeasured(from other: SearchJournal) throws(DiagnosticError) {
    let own = try measurement(of: .test)
    let theirs = try other.measurement(of: .test)
    try asking { () throws(Database.Failure) in
      try database.run("BEGIN IMMEDIATE")
      do throws(Database.Failure) {
        for row in try other.database.rows("SELECT * FROM cells") {
          try database.run("INSERT OR IGNORE INTO cells VALUES(?, ?)", row)
        }
        if let theirs, own.map({ Self.isEarlier(theirs, than: $0) }) ?? true {
          try database.run(
            "INSERT OR REPLACE INTO reports VALUES(?, ?, ?, ?)",
            Self.row(.test, theirs))
        }
        try database.run("COMMIT")
      } catch {
        try? database.run("ROLLBACK")
        throw error
      }
    }
  }

  private static func isEarlier(_ a: Measurement, than b: Measurement) -> Bool {
    a.time != b.time ? a.time < b.time : a.terms < b.terms
  }
}

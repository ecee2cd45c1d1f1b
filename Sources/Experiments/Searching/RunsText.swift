import Basics
import Diagnostics
import IR
import Lowering
import Search

/// What a journal of a search holds, in words.
package struct RunsText {
  private let journal: SearchJournal
  private let header: SearchJournal.Header
  private let rules: JournalRules

  /// Throws what reading the journal throws.
  package init(_ journal: SearchJournal) throws(DiagnosticError) {
    self.journal = journal
    header = try journal.header()
    rules = JournalRules(name: header.name)
  }

  /// The experiment and how far it is.
  package func summary() throws(DiagnosticError) -> String {
    var text = header.experiment + "\n\n"
    var table = TextTable(header: ["restart", "programs", "", "best", "number", "validation"])
    for found in try journal.restarts() {
      let best = try journal.best(1, of: found.restart).first
      let judged = try journal.validated(of: found.restart).map(\.score).min()
      table.append([
        "\(found.restart + 1)", "\(found.programs)",
        found.state.idle > Evolution.mostIdle ? "gave up" : found.isDone ? "done" : "goes on",
        best.map { NumberText.short($0.score) } ?? "none", best.map { "\($0.number)" } ?? "",
        judged.map { $0.isFinite ? NumberText.short($0) : "none" } ?? "",
      ])
    }
    text += table.render() + "\n" + (try mutants())
    for subject in SearchJournal.Subject.allCases {
      guard let known = try journal.measurement(of: subject) else { continue }
      let what = subject == .test ? "the test set was opened" : "claims were measured"
      let end = known.report == nil ? ", and has not come to its end" : ""
      text += "\(what) on \(CalendarTime.text(known.time))\(end)\n"
    }
    return text + "content \(try journal.contentDigest())\n"
  }

  /// What became of the mutants of all restarts.
  package func mutants() throws(DiagnosticError) -> String {
    let counts = try journal.restarts().map(\.state.counts).reduce(SearchCounts(), +)
    let programs = try journal.restarts().reduce(0) { $0 + $1.programs }
    return SearchText.counted(counts, programs: programs)
  }

  private func record(_ number: Int, _ restart: Int) throws(DiagnosticError) -> ProgramRecord {
    guard let record = try journal.program(number, of: restart) else {
      throw DiagnosticError(.noSuchProgram(number, restart: restart + 1, journal.path))
    }
    return record
  }

  /// The rule of a program, as it was or after exact rewrites, at the rate that did best.
  package func source(
    _ record: ProgramRecord, isPlain: Bool = false
  ) -> String {
    rules.rule(record, isPlain: isPlain).map {
      SearchText.source($0, schedule: header.schedule)
    } ?? ""
  }

  /// A program with where it came from and what it came to.
  package func show(_ number: Int, of restart: Int) throws(DiagnosticError) -> String {
    let record = try record(number, restart)
    var lines = [source(record)]
    if record.parent >= 0, let mutation = record.mutation {
      lines.append("A child of \(record.parent) by \(Self.text(mutation)).")
    } else {
      lines.append("The start.")
    }
    lines.append(
      record.rung > 0
        ? "Score \(NumberText.short(record.score)) on \(header.tasks.joined(separator: ", ")), at rate \(NumberText.short(record.best))."
        : "It did not pass the first rung, with a score of \(NumberText.short(record.score)) there."
    )
    lines.append(
      "\(record.program.statesPerElement) numbers an element, \(record.program.flops) operations an element."
    )
    if let problem = try journal.problem(of: number, in: restart) {
      lines.append("It failed: \(problem)")
    }
    if let rule = rules.rule(record) { lines.append("Its digest is \(rule.digestText).") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A program and its ancestors, the start first, with what each mutation brought.
  package func lineage(_ number: Int, of restart: Int) throws(DiagnosticError) -> String {
    let chain = try journal.lineage(of: try record(number, restart), in: restart)
    var text = ""
    var before: ProgramRecord?
    for record in chain {
      if let mutation = record.mutation {
        text += "\n\(Self.text(mutation))"
      } else {
        text += "the start"
      }
      text +=
        ", score \(record.rung > 0 ? NumberText.short(record.score) : "of the first rung only")"
      if let before, before.rung > 0, record.rung > 0 {
        text += ", \(NumberText.short(record.score - before.score)) against its parent"
      }
      text += "\n" + source(record)
      before = record
    }
    return text
  }

  /// The programs that no other beats in loss, states and operations.
  package func front() throws(DiagnosticError) -> String {
    var table = TextTable(header: [
      "restart", "number", "score", header.validation.isEmpty ? "again" : "validation", "states",
      "flops",
    ])
    var judged: [Int: [Int: Double]] = [:]
    for point in try journal.front().points {
      if judged[point.restart] == nil {
        judged[point.restart] = Dictionary(
          try journal.validated(of: point.restart).map { ($0.number, $0.score) }
        ) { $1 }
      }
      let score = judged[point.restart]?[point.number]
      table.append([
        "\(point.restart + 1)", "\(point.number)", NumberText.short(point.score),
        score.map { $0.isFinite ? NumberText.short($0) : "none" } ?? "", "\(point.states)",
        "\(point.flops)",
      ])
    }
    return table.render()
  }

  /// The rule as a text to be kept in a file.
  package func export(_ number: Int, of restart: Int) throws(DiagnosticError) -> String {
    source(try record(number, restart), isPlain: true)
  }

  static func text(_ mutation: Mutator.Kind) -> String {
    switch mutation {
    case .insert: "an operation put in"
    case .delete: "an operation taken out"
    case .operand: "another operand"
    case .operation: "another operation"
    case .prime: "a state read before or after its step"
    case .state: "a state put in or taken out"
    case .number: "another number"
    case .wrap: "a function around a value"
    case .graft: "a part of another program"
    case .prune: "leaving out what validation does not miss"
    }
  }
}

import Basics
import Diagnostics
import IR
import Search
import Semantics
import Training

extension Script {
  /// How the program that a search chose is measured.
  package struct ClaimRequest {
    package var subject: SearchJournal.Subject
    /// Settings tried for each rule on each task.
    package var trials: Int
    /// Seeds that all rules are measured on.
    package var pairs: Int
    /// Seconds since 1970.
    package var time: Int

    package init(_ subject: SearchJournal.Subject, trials: Int, pairs: Int, time: Int) {
      self.subject = subject
      self.trials = trials
      self.pairs = pairs
      self.time = time
    }
  }

  /// Throws R0287 where the test set was opened before, R0288 where there is none or the search is one of several parts.
  /// An opening that was interrupted may go on.
  package func requireShut(
    _ search: Search, _ journal: SearchJournal
  ) throws(DiagnosticError) {
    if search.test.isEmpty {
      throw DiagnosticError(.testSetStaysShut("the search names no tasks by `test on`"))
    }
    if search.settings.shards > 1 {
      throw DiagnosticError(
        .testSetStaysShut("other processes do a part of the restarts; merge the journals first"))
    }
    if let known = try journal.measurement(of: .test), let report = try journal.report(of: .test) {
      throw DiagnosticError(.testSetIsOpen(journal.path, known, report))
    }
  }

  /// Measures the program that a search chose against tuned baselines and its start, on the tasks of validation and, part
  /// by part, without each of its operations, or on the locked tasks. Nil where it was interrupted: then the journal has
  /// the cells that were done, and the same goes on from them.
  ///
  /// Throws R0289 where no program came to all tasks, and what is wrong with the tasks.
  package func claims(
    _ request: ClaimRequest, of search: Search, _ result: SearchResult, _ plan: SearchPlan,
    _ journal: SearchJournal?, progress: @escaping (String) -> Void
  ) throws(DiagnosticError) -> ClaimReport? {
    guard let winner = result.winner, let choice = result.restarts[winner].choice else {
      throw DiagnosticError(.nothingToMeasure(search.name))
    }
    var terms = ClaimReport.Terms(
      restart: result.restarts[winner].restart, number: choice.record.number, rate: choice.rate,
      trials: request.trials, pairs: request.pairs)
    var time = request.time
    var record = choice.record
    if request.subject == .test, let journal {
      if let begun = try journal.measurement(of: .test) {
        // What was begun goes on as it was begun, whatever was found since.
        (terms, time) = (try journal.terms(begun), begun.time)
        guard let program = try journal.program(terms.number, of: terms.restart) else {
          throw DiagnosticError(
            .noSuchProgram(terms.number, restart: terms.restart + 1, journal.path))
        }
        record = program
      } else {
        try journal.begin(
          .test, SearchJournal.Measurement(time: time, terms: terms.json.line))
      }
    }
    let names =
      request.subject == .test
      ? plan.test : plan.validation.isEmpty ? plan.tasks : plan.validation
    let tasks = try names.map { name throws(DiagnosticError) in
      try ClaimTask(try work(named: name), interrupt)
    }
    let whole = record.program.rewritten()
    let entries = try entries(whole, search, plan, rate: terms.rate)
    let measurement = ClaimMeasurement(
      trials: terms.trials,
      seeds: TaskEvaluator.laterSeeds(
        ClaimMeasurement.tuningSeeds + terms.pairs, after: search.usedSeeds,
        of: "\(request.subject.rawValue) \(record.program.digest)"),
      threads: plan.settings.threads, interrupt: interrupt, journal: journal, progress: progress)
    guard let cells = try measurement.cells(entries, tasks) else { return nil }
    var report = ClaimReport(
      request.subject, terms, time: time, rules: entries.map(\.rule.label),
      tasks: tasks.map {
        ClaimReport.Task(
          name: $0.title, target: $0.target?.text ?? "", limit: $0.target?.value ?? 0,
          isBelow: $0.target?.isBelow ?? true)
      }, cells: cells)
    if request.subject == .claims {
      let variants = Ablation(whole).variants
      let without = variants.compactMap { variant in
        variant.program.rule("Without", search.frame).map {
          ClaimMeasurement.Entry(
            ArenaRule($0, label: "without \(variant.what)"), rate: terms.rate)
        }
      }
      guard without.count == variants.count else {
        preconditionFailure("what has no flaw is a rule")
      }
      guard let cells = try measurement.cells(without, tasks) else { return nil }
      report.parts = zip(variants, cells).map {
        ClaimReport.Part(statement: $0.statement, what: $0.what, by: $0.by, cells: $1)
      }
    }
    try journal?.finish(
      request.subject,
      SearchJournal.Measurement(time: time, terms: terms.json.line, report: report.json.line))
    return report
  }

  /// The program first, the baselines, each once, and the start.
  private func entries(
    _ program: Genome, _ search: Search, _ plan: SearchPlan, rate: Double
  ) throws(DiagnosticError) -> [ClaimMeasurement.Entry] {
    guard let rule = program.rule(search.name, search.frame) else {
      preconditionFailure("it ran on all tasks")
    }
    var found = [ClaimMeasurement.Entry(ArenaRule(rule, label: search.name), rate: rate)]
    var known: Set<String> = []
    // AdamW decays by its default, and no trial of its changes that; Adam does not.
    var others = try ["AdamW", "Adam", "Lion"].map { name throws(DiagnosticError) in
      try compiler.rule(name)
    }
    if let baseline = plan.baseline { others.insert(baseline, at: 0) }
    for rule in (others + [plan.start]).map({ ArenaRule($0) })
    where known.insert(rule.digest).inserted {
      found.append(ClaimMeasurement.Entry(rule))
    }
    return found
  }
}

extension SearchJournal {
  /// What was measured, if it was measured to its end. Throws R0284 for what is no report.
  package func report(of subject: Subject) throws(DiagnosticError) -> ClaimReport? {
    guard let text = try measurement(of: subject)?.report else { return nil }
    guard let report = ClaimReport(text: text) else {
      throw DiagnosticError(.notAReport(path))
    }
    return report
  }

  fileprivate func terms(
    _ known: Measurement
  ) throws(DiagnosticError) -> ClaimReport.Terms {
    guard let json = try? JSONReader.parse(Array(known.terms.utf8)),
      let terms = ClaimReport.Terms(json)
    else { throw DiagnosticError(.notAReport(path)) }
    return terms
  }
}

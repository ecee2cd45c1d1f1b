import Basics
import Diagnostics
import Driver
import IR
import Laboratory
import Runtime
import Search
import Training

/// The door for searches outside: a rule in a line of JSON, as source or by its digest; what it came to on some tasks in
/// a line of JSON.
///
/// A line that is no candidate is answered by an error object, and the others go on.
package final class OutsideEvaluation {
  private let tasks: [SearchTask]
  private let seeds: [UInt64]
  private let threads: Int
  /// Around the rate of the candidate, or around 0.01.
  private let ladder: [Double]

  /// Forty times what the longest rule of the zoo has.
  package static let longestSource = 1 << 16
  /// Operations that all runs of a candidate on a task may take together, as the arena gives to one run: some seconds, in
  /// which the candidates behind it wait.
  private static let mostWork = 2e10
  /// Of baselines, and of candidates that say none.
  private static let rate = 0.01
  /// Programs that were sent are known by their digests, so many of the latest.
  private static let mostKnown = 10_000

  private var sent: [String: Rule] = [:]
  private var order: [String] = []
  private let journal: SearchJournal?
  private let compiler: Compiler
  private let interrupt: InterruptSource
  /// The programs of the journal by their digests, read when the first is asked for.
  private var kept: [String: Rule]?

  /// The seeds are drawn from one that a candidate cannot know. Programs of the journal may be named by their digests;
  /// `compiler` knows the start of its search. Nil where it was interrupted.
  ///
  /// Throws R0282 where the baseline breaks on a task.
  package init?(
    _ tasks: [SearchTask], baseline: Rule, seeds: Int, ladder: [Double], seed: UInt64,
    threads: Int, journal: SearchJournal?, _ compiler: Compiler, interrupt: InterruptSource
  ) throws(DiagnosticError) {
    self.tasks = tasks
    self.journal = journal
    self.compiler = compiler
    self.interrupt = interrupt
    self.threads = threads
    self.ladder = ladder
    self.seeds = Search.seeds(seed, seeds, salt: 2_000)
    for task in tasks {
      let best = try task.tunedBaseline(
        baseline, around: Self.rate, seeds: self.seeds, threads: threads)
      // What was stopped has not diverged.
      if interrupt.isRequested() { return nil }
      guard let best else {
        throw DiagnosticError(.baselineDiverges(baseline.label, task.title))
      }
      task.baseline = best.loss
      task.evaluator.mostWork = Self.mostWork / Double(max(1, ladder.count) * seeds)
    }
  }

  /// What a line is answered by: one line without its end.
  package func answer(_ line: [UInt8], number: Int) -> String {
    var members: [(String, JSONValue)] = [("line", .int(number))]
    do throws(Refusal) {
      let request = try request(line)
      if let id = request.id { members.append(("id", id)) }
      switch request.program {
      case .source(let source, let name): members += try evaluation(source, name)
      case .digest(let digest): members += try evaluation(digest)
      }
    } catch {
      if let id = error.id { members.append(("id", id)) }
      members.append(
        ("error", .record(["code": .string(error.code), "message": .string(error.message)])))
      if !error.diagnostics.isEmpty { members.append(("diagnostics", .array(error.diagnostics))) }
    }
    return JSONValue.object(members.map { JSONMember($0.0, $0.1) }).line
  }

  private struct Refusal: Error {
    var code: String
    var message: String
    var diagnostics: [JSONValue] = []
    var id: JSONValue?
  }

  private struct Request {
    enum Program {
      case source(String, rule: String?)
      case digest(String)
    }
    var program: Program
    var id: JSONValue?
  }

  private func request(_ line: [UInt8]) throws(Refusal) -> Request {
    guard line.count <= 2 * Self.longestSource else {
      throw Refusal(code: "R0705", message: "a candidate has at most \(Self.longestSource) bytes")
    }
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONReader.parse(line)
    } catch {
      throw Refusal(code: "R0760", message: "the line is no JSON: \(error.message)")
    }
    let id = json["id"]
    for key in ["id", "source", "digest", "rule"] {
      guard case .object(let members) = json, members.count(where: { $0.key == key }) > 1 else {
        continue
      }
      // Readers of JSON differ in which of them counts.
      throw Refusal(code: "R0760", message: "the line has `\(key)` twice", id: id)
    }
    if case .number(let x)? = id, !(abs(x) < 0x1p53) {
      throw Refusal(
        code: "R0760",
        message: "the `id` is a number that a double does not hold: write it as a text")
    }
    let (source, digest) = (json["source"]?.text, json["digest"]?.text)
    if let digest, source == nil { return Request(program: .digest(digest), id: id) }
    guard let source, digest == nil else {
      throw Refusal(
        code: "R0760",
        message: source == nil
          ? "the line has no text `source`, {\"source\": \"rule Mine(lr = 0.1) { … }\"}, and no `digest`"
          : "the line has a `source` and a `digest`: either says what is meant",
        id: id)
    }
    guard source.utf8.count <= Self.longestSource else {
      throw Refusal(
        code: "R0705", message: "a candidate has at most \(Self.longestSource) bytes", id: id)
    }
    return Request(program: .source(source, rule: json["rule"]?.text), id: id)
  }

  /// The rule of a digest, of those that were sent or are in the journal.
  private func evaluation(_ digest: String) throws(Refusal) -> [(String, JSONValue)] {
    try refusing { () throws(DiagnosticError) in
      if kept == nil, sent[digest] == nil, let journal {
        kept = try JournalRules.all(of: journal, compiler)
      }
      guard let rule = sent[digest] ?? kept?[digest] else {
        throw DiagnosticError(.unknownDigest(digest, hasJournal: journal != nil))
      }
      return try evaluation(rule, named: digest)
    }
  }

  private func refusing(
    _ body: () throws(DiagnosticError) -> [(String, JSONValue)]
  ) throws(Refusal) -> [(String, JSONValue)] {
    do throws(DiagnosticError) {
      return try body()
    } catch {
      let first = error.diagnostics.first
      throw Refusal(
        code: first.map { "\($0.code)" } ?? "R0000", message: first?.message ?? "interrupted",
        diagnostics: described(error.diagnostics))
    }
  }

  private func described(_ diagnostics: [Diagnostic]) -> [JSONValue] {
    diagnostics.map { .record(["code": .string("\($0.code)"), "message": .string($0.message)]) }
  }

  private func remember(_ rule: Rule) {
    let digest = rule.digestText
    guard sent.updateValue(rule, forKey: digest) == nil else { return }
    order.append(digest)
    guard order.count > Self.mostKnown else { return }
    for old in order.prefix(Self.mostKnown / 2) { sent[old] = nil }
    order.removeFirst(Self.mostKnown / 2)
  }

  /// Why a run has no loss that counts.
  private static func problem(_ evaluation: Evaluation) -> String? {
    if let problem = evaluation.problem { return problem }
    return evaluation.end == .notFinite(.states)
      ? "a state is no number after \(evaluation.steps) steps, whether the weights read it or not"
      : nil
  }

  private func evaluation(
    _ source: String, _ name: String?
  ) throws(Refusal) -> [(String, JSONValue)] {
    let compiler = Compiler()
    let found = compiler.add(name: "<candidate>", bytes: Array(source.utf8))
    if let first = found.first(where: { $0.severity == .error }) {
      throw Refusal(
        code: "\(first.code)", message: first.message, diagnostics: described(found))
    }
    let rules = (compiler.script?.items ?? []).compactMap { item -> String? in
      if case .rule(let rule) = item.kind { return rule.name.text }
      return nil
    }
    guard let text = name ?? rules.last else {
      throw Refusal(code: "R0210", message: "the source has no rule")
    }
    return try refusing { () throws(DiagnosticError) in
      var rule = try compiler.rule(text, allowsMissing: true)
      // A rate without a default has no place of its own.
      if let k = rule.rateIndex, rule.origins[k].isMissing { rule = rule.with(k, at: Self.rate) }
      try rule.requireNumbers()
      remember(rule)
      return try evaluation(rule, named: rule.digestText, found)
    }
  }

  private func evaluation(
    _ rule: Rule, named digest: String, _ found: [Diagnostic] = []
  ) throws(DiagnosticError) -> [(String, JSONValue)] {
    let hyper = rule.rateIndex
    let own = hyper.flatMap { k in
      (try? ReferenceProgram.evaluateScalars(rule.arguments, step: 1, horizon: 100))?
        .first { $0.target == .hyper(k) }?.value
    }
    var found = found
    // Of a negative rate the sign stays: that is the rule that was sent.
    let centre = own.flatMap { $0.isFinite && $0 != 0 ? $0 : nil } ?? Self.rate
    if let own, own != centre {
      found.append(.rateReplaced(rule.module.name, own, by: centre))
    }
    // One run of a rule without a rate, which stands for no rate.
    let rates = hyper == nil ? [] : ladder.map { centre * $0 }
    let settings = hyper.map { k in rates.map { [(k, $0)] } } ?? [[]]
    var answers: [JSONValue] = []
    var total = 0.0
    var firstProblem: (task: String, problem: String, step: Int)?
    for task in tasks {
      let trials = settings.map {
        TaskEvaluator.Trial(rule, settings: [$0], seeds: seeds)
      }
      var losses: [[Double]] = []
      for outcome in try task.evaluator.outcomes(trials, threads: threads) {
        let evaluations = try outcome.get()
        for evaluation in evaluations where firstProblem == nil {
          if let problem = Self.problem(evaluation) {
            firstProblem = (task.title, problem, evaluation.steps)
          }
        }
        losses.append(evaluations.map { SearchTask.loss($0) })
      }
      let scores = losses.map { values in
        SearchTask.score(values.reduce(0, +) / Double(values.count), against: task.baseline)
      }
      let best = scores.indices.min { scores[$0] < scores[$1] } ?? 0
      total += scores[best] / Double(tasks.count)
      answers.append(
        .record([
          "task": .string(task.title), "baseline": .number(task.baseline),
          "rates": .array(rates.map { .number($0) }),
          "losses": .array(losses.map { .array($0.map { .number($0) }) }),
          "rate": hyper == nil ? .null : .number(rates[best]), "score": .number(scores[best]),
        ]))
    }
    var members: [(String, JSONValue)] = [
      ("rule", .string(rule.module.name)),
      ("digest", .string(digest)),
      ("structure", .string(rule.module.structureDigest.description)),
      ("score", .number(total)), ("tasks", .array(answers)),
    ]
    if let problem = firstProblem {
      members.append(
        (
          "first_problem",
          .record([
            "task": .string(problem.task), "what": .string(problem.problem),
            "after_steps": .int(problem.step),
          ])
        ))
    }
    if let program = try? Genome(rule) {
      // As it runs: a state that no step of the weights reads can break the run as well.
      let states = rule.module.variants.first?.states.count { $0.shape.isLike }
      members.append(("states_per_element", .int(states ?? program.statesPerElement)))
      members.append(("flops_per_element", .int(program.flops)))
    }
    if let size = try? rule.updateSize(UpdateSize.brief) {
      members.append(("update_size", .number(size.value)))
    }
    members.append(("diagnostics", .array(described(found))))
    return members
  }
}

import Basics
import Diagnostics
import Driver
import IR
import Laboratory
import Runtime
import Search
import Training

/// The door for searches outside: a rule as source in a line of JSON, what it came to on some tasks in a line of JSON.
///
/// A line that is no candidate is answered by an error object, and the others go on.
package final class OutsideEvaluation {
  private let tasks: [SearchTask]
  private let seeds: [UInt64]
  private let threads: Int
  /// Around the rate of the candidate, or around 0.01.
  private let ladder: [Double]

  package static let longestSource = 1 << 20

  /// The seeds are drawn from one that a candidate cannot know. Throws R0282 where the baseline breaks on a task.
  package init(
    _ tasks: [SearchTask], baseline: Rule, seeds: Int, ladder: [Double], seed: UInt64, threads: Int
  ) throws(DiagnosticError) {
    self.tasks = tasks
    self.threads = threads
    self.ladder = ladder
    self.seeds = Search.seeds(seed, seeds, salt: 2_000)
    for task in tasks {
      guard
        let best = try task.tuned(
          baseline, around: 0.01, seeds: self.seeds, threads: threads)
      else { throw DiagnosticError(.baselineDiverges(baseline.label, task.title)) }
      task.baseline = best.loss
    }
  }

  /// What a line is answered by: one line without its end.
  package func answer(_ line: [UInt8], number: Int) -> String {
    var members: [(String, JSONValue)] = [("line", .int(number))]
    do throws(Refusal) {
      let (id, source, name) = try request(line)
      if let id { members.append(("id", id)) }
      members += try evaluation(source, name)
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

  private func request(
    _ line: [UInt8]
  ) throws(Refusal) -> (id: JSONValue?, source: String, rule: String?) {
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
    guard let source = json["source"]?.text else {
      throw Refusal(
        code: "R0760",
        message: "the line has no text `source`: {\"source\": \"rule Mine(lr = 0.1) { … }\"}",
        id: id)
    }
    guard source.utf8.count <= Self.longestSource else {
      throw Refusal(
        code: "R0705", message: "a candidate has at most \(Self.longestSource) bytes", id: id)
    }
    return (id, source, json["rule"]?.text)
  }

  private func evaluation(
    _ source: String, _ name: String?
  ) throws(Refusal) -> [(String, JSONValue)] {
    let compiler = Compiler()
    let found = compiler.add(name: "<candidate>", bytes: Array(source.utf8))
    func described(_ diagnostics: [Diagnostic]) -> [JSONValue] {
      diagnostics.map { .record(["code": .string("\($0.code)"), "message": .string($0.message)]) }
    }
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
    do throws(DiagnosticError) {
      let rule = try compiler.rule(text, allowsMissing: true)
      return try evaluation(rule) + [("diagnostics", .array(described(found)))]
    } catch {
      let first = error.diagnostics.first
      throw Refusal(
        code: first.map { "\($0.code)" } ?? "R0000", message: first?.message ?? "interrupted",
        diagnostics: described(error.diagnostics))
    }
  }

  private func evaluation(_ rule: Rule) throws(DiagnosticError) -> [(String, JSONValue)] {
    let hyper = rule.module.hypers.firstIndex { $0.key == "lr" }
    let own = hyper.flatMap { k in
      (try? ReferenceProgram.evaluateScalars(rule.arguments, step: 1, horizon: 100))?
        .first { $0.target == .hyper(k) }?.value
    }
    let centre = own.flatMap { $0.isFinite && $0 > 0 ? $0 : nil } ?? 0.01
    let rates = hyper == nil ? [centre] : ladder.map { centre * $0 }
    let settings = rates.map { rate in hyper.map { [($0, rate)] } ?? [] }
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
          if let problem = evaluation.problem {
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
          "rate": .number(rates[best]), "score": .number(scores[best]),
        ]))
    }
    var members: [(String, JSONValue)] = [
      ("rule", .string(rule.module.name)),
      ("digest", .string(rule.module.structureDigest.description)),
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
      members.append(("states_per_element", .int(program.statesPerElement)))
      members.append(("flops_per_element", .int(program.flops)))
    }
    if let size = try? rule.updateSize() { members.append(("update_size", .number(size.value))) }
    return members
  }
}

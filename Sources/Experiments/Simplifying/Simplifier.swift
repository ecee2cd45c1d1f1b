import Basics
import Diagnostics
import IR
import Lowering
import Runtime
import Search
import Training

/// Takes out of a rule what it does without: by rewrites, each of which is proved, then what can be left out or written
/// with fewer digits while no task gets worse by more than a margin.
///
/// What is measured is chosen on some seeds and has to hold on others, which follow from what was chosen.
struct Simplifier {
  struct Settings {
    var pairs = 10
    /// What may be lost at most, of the logarithm of the loss, on any task.
    var margin = 0.02
    var seed: UInt64 = 0
    /// Operations and states that alone may be left out; all without names.
    var only: [String] = []
    /// The chance of a mistake that a measured step may have, after Holm's correction.
    var level = 0.05
  }

  private let runs: PairedRuns
  private let settings: Settings
  /// What the ladders stand around, by task.
  private var rates: [Double] = []
  /// The rule that all are measured against: as it came, after the rewrites that are proved.
  private var reference: Rule
  private let progress: (String) -> Void
  private let choosing: [UInt64]
  private(set) var result: Simplification

  /// The result for a rule that was not taken as a program.
  func result(obstacle: String) -> Simplification {
    var result = result
    result.obstacle = obstacle
    return result
  }

  init(
    _ rule: Rule, _ runs: PairedRuns, _ settings: Settings, progress: @escaping (String) -> Void
  ) {
    self.runs = runs
    reference = rule
    self.settings = settings
    self.progress = progress
    choosing = Search.seeds(settings.seed, settings.pairs, salt: 3_000)
    result = Simplification(rule, margin: settings.margin, tasks: runs.tasks.map(\.title))
  }

  /// Throws R0291 for a name that stands for nothing, and what running the rule throws.
  mutating func run<Form: SimplifiedForm>(
    _ form: Form, of text: WrittenRule
  ) throws(DiagnosticError) {
    var (form, text) = (form, text)
    rewrite(&form, &text)
    if runs.tasks.isEmpty || result.wasInterrupted { return }
    try requireNames(form)
    guard let start = try start() else {
      result.wasInterrupted = true
      return
    }
    var chosen: [Int: [Measured]] = [:]
    while let (change, rule, measured) = try next(form, start) {
      form = change.result
      let written = WrittenRule(rule, as: "Step\(result.steps.count + 1)")
      // What makes no difference at all may be an equality that no rewrite knows.
      let same = measured.allSatisfy { $0.differences.allSatisfy { abs($0) < 1e-6 } }
      if same, let proof = EqualityProof(text, written) {
        result.steps.append(.init(what: change.what, ground: .exact(proof), rule: rule))
      } else {
        chosen[result.steps.count] = measured
        result.steps.append(
          .init(what: change.what, ground: ground(measured, 1), rule: rule))
      }
      text = written
      rewrite(&form, &text)
    }
    if result.wasInterrupted {
      // What was not confirmed is not claimed.
      if let first = chosen.keys.min() { result.steps.removeLast(result.steps.count - first) }
      return
    }
    try confirm(chosen, start)
  }

  // MARK: Proofs

  private mutating func rewrite<Form: SimplifiedForm>(
    _ form: inout Form, _ text: inout WrittenRule
  ) {
    var refused: Set<String> = []
    while !runs.interrupt.isRequested() {
      let found = form.rewrites().first { !refused.contains($0.what) }
      guard let found else { return }
      progress("\(found.what)?")
      guard let rule = found.result.rule(result.start.module.name) else {
        refused.insert(found.what)
        continue
      }
      let written = WrittenRule(rule, as: "Step\(result.steps.count + 1)")
      guard let proof = EqualityProof(text, written) else {
        refused.insert(found.what)
        continue
      }
      result.steps.append(.init(what: found.what, ground: .exact(proof), rule: rule))
      (form, text) = (found.result, written)
    }
    result.wasInterrupted = true
  }

  /// Makes the step from a rule to its form. Nil where it is not proved.
  mutating func begin<Form: SimplifiedForm>(
    _ what: String, _ form: Form, from text: WrittenRule
  ) -> WrittenRule? {
    guard let rule = form.rule(result.start.module.name) else { return nil }
    let written = WrittenRule(rule, as: "Step1")
    guard let proof = EqualityProof(text, written) else { return nil }
    result.steps.append(.init(what: what, ground: .exact(proof), rule: rule))
    return written
  }

  // MARK: Choosing

  /// What a rule comes to on one task beside the reference.
  private struct Measured {
    var rate: Double?
    var scores: [Double]
    /// By seed: above 0 is worse.
    var differences: [Double]
  }

  private func requireNames<Form: SimplifiedForm>(_ form: Form) throws(DiagnosticError) {
    let known = form.omissions().reduce(into: Set<String>()) { $0.formUnion($1.names) }
    for name in settings.only where !known.contains(Self.name(name)) {
      throw DiagnosticError(.nothingToLeaveOut(name, among: known.sorted()))
    }
  }

  /// Operations have words beside their signs: `add`.
  private static func name(_ text: String) -> String {
    FunctionSet.known[text]?.info.name ?? text
  }

  /// The rule that all are measured against on the seeds of the choice; nil where it was interrupted.
  private mutating func start() throws(DiagnosticError) -> [PairedRuns.Found]? {
    reference = result.steps.last?.rule ?? result.start
    progress("the best rates of \(reference.module.name)")
    let seeds = Search.seeds(settings.seed, 2, salt: 3_001)
    guard let rates = try runs.tune(reference, seeds: seeds) else { return nil }
    self.rates = rates
    var found: [PairedRuns.Found] = []
    for k in runs.tasks.indices {
      guard
        let own = try runs.best(reference, on: k, around: rates[k], seeds: choosing)
      else { return nil }
      found.append(own)
    }
    return found
  }

  /// The first change that no task gets worse by; nil where there is none, or where it was interrupted.
  private mutating func next<Form: SimplifiedForm>(
    _ form: Form, _ start: [PairedRuns.Found]
  ) throws(DiagnosticError) -> (Change<Form>, Rule, [Measured])? {
    let only = Set(settings.only.map(Self.name))
    let changes = form.omissions().filter { only.isEmpty || !$0.names.isDisjoint(with: only) }
    // What was needed in the round before is likely to be needed still.
    let before = Set(result.needed.map(\.what))
    result.needed = []
    for change in changes.filter({ !before.contains($0.what) })
      + changes.filter({ before.contains($0.what) })
    {
      guard let rule = change.result.rule(result.start.module.name) else { continue }
      progress("\(result.steps.count) steps; \(change.what)?")
      result.looks += 1
      var all: [Measured] = []
      for k in runs.tasks.indices {
        guard !runs.interrupt.isRequested(),
          let found = try runs.best(rule, on: k, around: rates[k], seeds: choosing)
        else {
          result.wasInterrupted = true
          return nil
        }
        let differences = zip(found.scores, start[k].scores).map { $0 - $1 }
        let test = MarginTest(differences, margin: settings.margin)
        guard test.isWithin(settings.margin) else {
          result.needed.append(.init(what: change.what, task: runs.tasks[k].title, test: test))
          break
        }
        all.append(Measured(rate: found.rate, scores: found.scores, differences: differences))
      }
      if all.count == runs.tasks.count { return (change, rule, all) }
    }
    return nil
  }

  private func ground(_ measured: [Measured], _ probability: Double) -> Simplification.Ground {
    .measured(
      zip(runs.tasks, measured).map {
        ($0.title, MarginTest($1.differences, margin: settings.margin))
      }, probability: probability)
  }

  // MARK: Confirming

  /// Measures what was chosen on fresh seeds, at the rates that were chosen: steps stand up to the first that does not
  /// hold there.
  private mutating func confirm(
    _ chosen: [Int: [Measured]], _ start: [PairedRuns.Found]
  ) throws(DiagnosticError) {
    result.rate = start[0].rate
    if chosen.isEmpty { return }
    let source = SourcePrinter.rule(result.steps[result.steps.count - 1].rule.module)
    let fresh = TaskEvaluator.laterSeeds(settings.pairs, after: choosing, of: source)
    progress("\(chosen.count) steps on fresh seeds")
    var own: [[Double]] = []
    for k in runs.tasks.indices {
      guard let found = try runs.run(reference, on: k, at: start[k].rate, seeds: fresh) else {
        return dropFrom(chosen.keys.min()!)
      }
      own.append(found.scores)
    }
    let order = chosen.keys.sorted()
    var measured: [[Measured]] = []
    for place in order {
      var all: [Measured] = []
      for k in runs.tasks.indices {
        let rate = chosen[place]![k].rate
        guard
          let found = try runs.run(result.steps[place].rule, on: k, at: rate, seeds: fresh)
        else { return dropFrom(order[0]) }
        all.append(
          Measured(
            rate: rate, scores: found.scores, differences: zip(found.scores, own[k]).map { $0 - $1 }
          ))
      }
      measured.append(all)
    }
    // Not worse on each task: as sure as on the task where it is least sure.
    let chances = Holm.adjusted(
      measured.map { all in
        all.map { MarginTest($0.differences, margin: settings.margin).probability }.max() ?? 1
      })
    for (place, (all, chance)) in zip(order, zip(measured, chances)) {
      guard chance <= settings.level else {
        result.unconfirmed = result.steps[place...].map(\.what)
        return result.steps.removeLast(result.steps.count - place)
      }
      result.steps[place].ground = ground(all, chance)
      result.rate = all[0].rate
    }
  }

  private mutating func dropFrom(_ place: Int) {
    result.wasInterrupted = true
    result.steps.removeLast(result.steps.count - place)
  }
}

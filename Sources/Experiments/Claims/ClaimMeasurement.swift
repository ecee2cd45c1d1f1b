import Basics
import Diagnostics
import IR
import Platform
import Search
import Training

/// Measures rules on tasks for claims, cell by cell: a search of each rule's setting with the same number of trials,
/// then runs on seeds that all share. A cell that a journal has is taken from there.
package final class ClaimMeasurement {
  private let trials: Int
  private let tuningSeeds: [UInt64]
  private let pairSeeds: [UInt64]
  private let threads: Int
  private let interrupt: InterruptSource
  private let journal: SearchJournal?
  private let progress: (String) -> Void

  /// Seeds that settings are chosen on.
  package static let tuningSeeds = 2

  /// `seeds`: those that settings are chosen on, then those of the pairs.
  package init(
    trials: Int, seeds: [UInt64], threads: Int, interrupt: InterruptSource,
    journal: SearchJournal?, progress: @escaping (String) -> Void
  ) {
    self.trials = trials
    tuningSeeds = Array(seeds.prefix(Self.tuningSeeds))
    pairSeeds = Array(seeds.dropFirst(Self.tuningSeeds))
    self.threads = threads
    self.interrupt = interrupt
    self.journal = journal
    self.progress = progress
  }

  /// A rule, and the rate that its search begins around.
  package struct Entry {
    package var rule: ArenaRule
    package var rate: Double?

    package init(_ rule: ArenaRule, rate: Double? = nil) {
      self.rule = rule
      self.rate = rate
    }

    var knobs: [ArenaKnob] {
      rule.knobs.map { knob in
        var knob = knob
        let standard = knob.standard
        // The decades are the same for all: otherwise one rule under two names would be told apart by its rates.
        let own = rate ?? (standard.isFinite && standard > 0 ? standard : 0.01)
        knob.centre = SearchRange.rounded(pow(10, log10(own).rounded()))
        return knob
      }
    }
  }

  /// By rule, then by task; nil where it was interrupted. Throws what keeping a cell throws.
  package func cells(
    _ entries: [Entry], _ tasks: [ClaimTask]
  ) throws(DiagnosticError) -> [[ClaimCell]]? {
    var found = entries.map { _ in [ClaimCell]() }
    for task in tasks {
      for (k, entry) in entries.enumerated() {
        let key = key(entry, task)
        if let known = try journal?.cell(key).flatMap(Self.cell) {
          found[k].append(known)
          continue
        }
        progress(
          "\(entry.rule.label) on \(task.title): \(found.reduce(0) { $0 + $1.count }) of "
            + "\(entries.count * tasks.count)")
        guard let cell = try cell(entry, task) else { return nil }
        try journal?.keep(cell.json.line, under: key)
        found[k].append(cell)
      }
    }
    return found
  }

  private static func cell(_ text: String) -> ClaimCell? {
    (try? JSONReader.parse(Array(text.utf8))).flatMap { ClaimCell($0) }
  }

  private func key(_ entry: Entry, _ task: ClaimTask) -> String {
    SHA256.hexadecimal(
      "claim \(entry.rule.digest) \(entry.rate ?? 0) \(entry.rule.problem ?? "") \(task.title) \(task.digest) \(trials) \(tuningSeeds) \(pairSeeds)"
        .utf8)
  }

  /// Nil where it was interrupted.
  private func cell(_ entry: Entry, _ task: ClaimTask) throws(DiagnosticError) -> ClaimCell? {
    var cell = ClaimCell()
    guard let rule = entry.rule.rule else {
      cell.problem = entry.rule.problem
      return cell
    }
    let knobs = entry.knobs
    var search = ArenaSearch(knobs, budget: trials)
    var problem: String?
    while let values = search.next() {
      guard
        let (losses, _) = try losses(
          rule, knobs, values, tuningSeeds, task.choosing, task, &problem)
      else { return nil }
      let mean = losses.reduce(0, +) / Double(losses.count)
      search.add(
        ArenaTrial(values: values, reached: false, cost: mean.isFinite ? mean : .infinity))
    }
    cell.trials = search.trials.count
    guard let best = search.best else {
      cell.problem = problem ?? "no setting came to its end"
      cell.losses = pairSeeds.map { _ in .infinity }
      return cell
    }
    cell.setting = zip(knobs, best.values).map { "\($0.name) = \(NumberText.short($1))" }
      .joined(separator: ", ")
    guard
      let (losses, lasts) = try losses(
        rule, knobs, best.values, pairSeeds, task.measuring, task, &problem)
    else { return nil }
    cell.losses = losses
    if task.target != nil { cell.lasts = lasts }
    return cell
  }

  /// By seed, infinite where a run broke; nil where it was interrupted.
  private func losses(
    _ rule: Rule, _ knobs: [ArenaKnob], _ values: [Double], _ seeds: [UInt64],
    _ evaluator: any TrialEvaluator, _ task: ClaimTask, _ problem: inout String?
  ) throws(DiagnosticError) -> (losses: [Double], lasts: [Double])? {
    let setting = zip(knobs, values).map { (hyper: $0.position, value: $1) }
    // One trial a seed, so that threads share them.
    let trials = seeds.map { TaskEvaluator.Trial(rule, settings: [setting], seeds: [$0]) }
    var (losses, lasts): ([Double], [Double]) = ([], [])
    for outcome in try evaluator.outcomes(trials, threads: threads) {
      guard case .success(let evaluations) = outcome, let run = evaluations.first else {
        if case .failure(let error) = outcome { problem = problem ?? error.summary }
        losses.append(.infinity)
        lasts.append(.nan)
        continue
      }
      if run.end == .interrupted { return nil }
      problem = problem ?? run.problem
      let loss = SearchTask.loss(run)
      losses.append(loss.isFinite ? loss : .infinity)
      lasts.append(task.target.map { evaluator.last($0.series, of: run) } ?? .nan)
    }
    return (losses, lasts)
  }
}

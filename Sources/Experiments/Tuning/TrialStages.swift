import Basics
import Diagnostics
import IR
import Runtime
import Syntax
import Training

/// Where the trials of a search are made: what is prepared of a task is shared by rules and by all values of their
/// hyperparameters; another objective or batch is prepared when it is first asked for.
final class TrialStages {
  /// What a range sets.
  enum Kind: Hashable {
    case rule(String)
    case objective(String)
    case batch
  }

  /// A rule, and where it is tried.
  struct Point {
    var rule: Rule
    fileprivate var key: Key
  }

  fileprivate struct Key: Hashable {
    var objective: [Double]
    var batch: Int?
  }

  private struct Stage {
    var trials: any RuleTrials
    /// Nil where another engine or another program does the task.
    var evaluator: TaskEvaluator?
  }

  private let tuner: Tuner
  private let kinds: [Kind]
  private var stages: [Key: Stage] = [:]
  /// By values of the objective's hyperparameters, the task with them and its runs.
  private var tasks: [[Double]: (task: any RuleTask, trials: any RuleTrials)] = [:]

  init(_ tuner: Tuner, _ kinds: [Kind]) {
    self.tuner = tuner
    self.kinds = kinds
  }

  /// What these values say, as they are shown. Throws what setting the rule throws.
  func point(
    _ rule: Rule, _ values: [Double], _ batch: Int?
  ) throws(DiagnosticError) -> Point {
    var point = Point(rule: rule, key: Key(objective: [], batch: batch))
    for (kind, value) in zip(kinds, values) {
      switch kind {
      case .rule(let name):
        let text = NumberText.short(value)
        let k = try point.rule.position(of: Name(name).key)
        point.rule = try point.rule.setting(k, to: Double(text) ?? value, named: name, as: text)
      case .objective: point.key.objective.append(value)
      case .batch: point.key.batch = Int(value)
      }
    }
    return point
  }

  /// The batch that these values say.
  func batch(_ values: [Double]) -> Int? {
    zip(kinds, values).first { $0.0 == .batch }.map { Int($0.1) }
  }

  /// By range, whether whole numbers alone have a meaning.
  func isWhole(_ rule: Rule) -> [Bool] {
    kinds.map { kind in
      switch kind {
      case .rule(let name):
        return (try? rule.position(of: Name(name).key)).map { rule.module.hypers[$0].isStructural }
          ?? false
      case .objective(let name):
        let hypers = (tuner.task as? TrainingTask)?.objective.hypers ?? []
        return hypers.first { $0.key == Name(name).key }?.isStructural ?? false
      case .batch: return true
      }
    }
  }

  /// Whether runs can be cut short: nobody else does the task.
  var areCut: Bool { tuner.engine.engine == .interpreter && tuner.task is TrainingTask }

  private func stage(_ key: Key) throws(DiagnosticError) -> Stage {
    if let known = stages[key] { return known }
    let (task, trials) = try task(key.objective)
    var stage = Stage(trials: trials)
    if areCut, let task = task as? TrainingTask {
      stage.evaluator = try task.evaluator(
        choosing: true, batch: key.batch, elementType: tuner.engine.elementType,
        interrupt: tuner.engine.interrupt)
      stage.evaluator?.mostWork = tuner.mostWork
    }
    stages[key] = stage
    return stage
  }

  private func task(
    _ values: [Double]
  ) throws(DiagnosticError) -> (task: any RuleTask, trials: any RuleTrials) {
    if let known = tasks[values] { return known }
    var task = tuner.task
    if !values.isEmpty, let compiler = tuner.compiler, var changed = task as? TrainingTask {
      let names = kinds.compactMap { kind in
        if case .objective(let name) = kind { name } else { nil }
      }
      changed.objective = try compiler.objective(
        changed.call.text(with: zip(names, values).map { (name: $0, value: $1) }))
      task = changed
    }
    tasks[values] = (task, task.trials(tuner.engine))
    return tasks[values]!
  }

  // MARK: Trials

  /// The mean score at each of these values after one part of the run, NaN where a run failed; nil after Ctrl-C.
  ///
  /// Throws what setting and binding the rule throws, where `first` says that it has not run yet.
  func scores(
    _ rule: Rule, _ values: [[Double]], _ batch: Int?, part: Int, first: Bool,
    _ problem: inout Diagnostic?
  ) throws(DiagnosticError) -> [Double]? {
    var scores = values.map { _ in Double.nan }
    // Together what has one objective and batch, so that it runs side by side.
    var groups: [(key: Key, points: [(place: Int, rule: Rule)])] = []
    for (k, values) in values.enumerated() {
      do throws(DiagnosticError) {
        let point = try point(rule, values, batch)
        if let g = groups.firstIndex(where: { $0.key == point.key }) {
          groups[g].points.append((k, point.rule))
        } else {
          groups.append((point.key, [(k, point.rule)]))
        }
      } catch {
        if first, k == 0 { throw error }
      }
    }
    for (key, points) in groups {
      let isFirst = first && points[0].place == 0
      let stage: Stage
      do throws(DiagnosticError) {
        stage = try self.stage(key)
      } catch {
        // What is wrong with an objective at these values alone is no end of the search.
        guard !key.objective.isEmpty, error.isOfValues(first: isFirst) else { throw error }
        problem = problem ?? error.diagnostics.first
        continue
      }
      guard
        let found = try self.scores(points.map(\.rule), key, stage, part, isFirst, &problem)
      else { return nil }
      for (point, score) in zip(points, found) { scores[point.place] = score }
    }
    return scores
  }

  private func scores(
    _ rules: [Rule], _ key: Key, _ stage: Stage, _ part: Int, _ first: Bool,
    _ problem: inout Diagnostic?
  ) throws(DiagnosticError) -> [Double]? {
    let settings = tuner.settings
    let seeds = Array(0..<UInt64(settings.searchSeeds))
    guard let evaluator = stage.evaluator else {
      var found: [Double] = []
      for rule in rules {
        let runs = try runs(
          rule, key, stage, seeds, choosing: true, first: first && found.isEmpty)
        if tuner.engine.interrupt.isRequested() { return nil }
        problem = problem ?? runs.lazy.compactMap(\.failure).first
        let scores = runs.map { tuner.score($0, key.batch, choosing: true) }
        found.append(scores.reduce(0, +) / Double(max(1, scores.count)))
      }
      return found
    }
    let trials = rules.map { rule in
      var trial = TaskEvaluator.Trial(rule, seeds: seeds)
      if part > 1 { trial.limit = max(1, evaluator.steps / part) }
      return trial
    }
    var found = rules.map { _ in Double.nan }
    for (k, outcome) in try evaluator.outcomes(trials).enumerated() {
      switch outcome {
      case .success(let evaluations):
        if evaluations.contains(where: { $0.end == .interrupted }) { return nil }
        found[k] =
          evaluations.reduce(0) { $0 + tuner.score($1, key.batch, evaluator) }
          / Double(max(1, evaluations.count))
      case .failure(let error):
        guard error.isOfValues(first: first && k == 0) else { throw error }
        problem = problem ?? error.diagnostics.first
      }
    }
    return found
  }

  /// Whole runs of a rule at these values.
  func runs(
    _ rule: Rule, _ values: [Double], _ batch: Int?, seeds: Range<UInt64>,
    choosing isChoosing: Bool, first: Bool
  ) throws(DiagnosticError) -> [RunHistory] {
    let point: Point
    do throws(DiagnosticError) {
      point = try self.point(rule, values, batch)
    } catch {
      if first { throw error }
      return failed(Array(seeds), error)
    }
    return try runs(
      point.rule, point.key, stage(point.key), Array(seeds), choosing: isChoosing, first: first)
  }

  /// A step that has no answer counts as a run that failed, unless the rule cannot run at all.
  private func runs(
    _ rule: Rule, _ key: Key, _ stage: Stage, _ seeds: [UInt64], choosing isChoosing: Bool,
    first: Bool
  ) throws(DiagnosticError) -> [RunHistory] {
    do throws(DiagnosticError) {
      let found = try stage.trials.runs(
        RuleTrial(
          rule, seeds: seeds, target: tuner.target(choosing: isChoosing), batch: key.batch))
      return found.map { run in
        var run = run
        let largest = run.parameters.reduce(0) { $1.reduce($0) { max($0, abs($1)) } }
        if run.failure == nil, largest > Evaluation.largestWeight {
          run.failure = .parametersRanAway("\(rule.label), seed \(run.seed)", largest, run.steps)
        }
        return run
      }
    } catch {
      if error.isOfValues(first: first) { return failed(seeds, error) }
      throw error
    }
  }

  private func failed(_ seeds: [UInt64], _ error: DiagnosticError) -> [RunHistory] {
    seeds.map { seed in
      var run = RunHistory(seed: seed)
      run.failure = error.diagnostics.first
      return run
    }
  }
}

extension DiagnosticError {
  /// Whether another setting of the hyperparameters may do: an operation had no answer, or a value left its domain. The
  /// first setting of all is to be in its domains.
  func isOfValues(first: Bool = false) -> Bool {
    diagnostics.contains {
      $0.code.isNumeric
        || !first && ($0.code == .scheduleLeavesDomain || $0.code == .outsideDomain)
    }
  }
}

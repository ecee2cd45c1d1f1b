import Checkpoints
import Diagnostics
import Files
import IR

/// The file of a `train` or `minimize` that is kept: what it holds when the experiment begins, and what is written
/// while it runs.
final class RunFile {
  private let saving: RunSaving
  private let identity: RunIdentity
  private let labels: [String]
  private let seeds: Int
  /// Runs that are over, in the order of the experiment.
  private var finished: [RunHistory] = []
  /// The run that goes on, until its learner has taken it up.
  private var waiting: (checkpoint: Checkpoint, run: RunRecord.Going)?
  /// Why the file does not hold what was to be written last.
  private(set) var failure: Diagnostic?

  /// Nil where nothing is kept. Throws R0771 where another experiment was to go on, and R0774 and R0770 where a file
  /// is not overwritten.
  init?(
    _ settings: TrainingSettings, _ rules: [Rule], _ identity: @autoclosure () -> RunIdentity
  ) throws(DiagnosticError) {
    guard let saving = settings.saving else { return nil }
    self.saving = saving
    self.identity = identity()
    labels = rules.map(\.label)
    seeds = settings.seeds.count
    let record = saving.resuming == .never ? nil : try RunRecord(path: saving.path)
    if let record, record.identity == self.identity {
      finished = record.finished
      if let run = record.going { waiting = (record.checkpoint, run) }
    } else if let record, saving.resuming == .always {
      throw DiagnosticError(
        .unlikeRun(
          saving.path, record.identity.differences(from: self.identity), at: saving.span))
    } else {
      try saving.requireFree()
    }
  }

  /// Run k of the experiment where it is over already.
  func finished(_ k: Int) -> RunHistory? { k < finished.count ? finished[k] : nil }

  /// Puts a learner where run k was, if the file has it. `rows` are those of an epoch.
  ///
  /// - Returns: What the run goes on from; nil where it begins.
  /// - Throws: R0770 and R0771 where the file is not of this run.
  func takeUp(
    _ k: Int, _ learner: Learner, _ sharpness: Sharpness?, rows: Int, total: Int
  ) throws(DiagnosticError) -> RunState? {
    guard k == finished.count, let (checkpoint, run) = waiting else { return nil }
    waiting = nil
    let state = run.state
    guard state.history.steps <= total, state.position <= rows,
      try learner.resume(checkpoint, run.learner, steps: state.history.steps),
      sharpness?.resume(run.direction) ?? (run.direction == nil)
    else {
      throw DiagnosticError(
        .notARun(saving.path, "the run that goes on is not what it should be"))
    }
    return state
  }

  // MARK: Writing

  /// Whether a run is to be written after a step, or after the last of an epoch.
  func isDue(afterStep step: Int) -> Bool { saving.unit == .steps && step % saving.every == 0 }
  func isDue(afterEpoch epoch: Int) -> Bool { saving.unit == .epochs && epoch % saving.every == 0 }

  /// Writes where the run stands that comes after those that are over.
  func save(_ state: RunState, _ learner: Learner, _ sharpness: Sharpness?) {
    let rule = finished.count / seeds
    write(learner, rule) { numbers, parts in
      let going = RunRecord.Going(
        label: labels[rule], state: state, learner: learner.kept(numbers, &parts),
        direction: sharpness?.direction)
      return RunRecord.text(identity, finished, going, numbers)
    }
  }

  /// Writes that the run is over.
  func finish(_ history: RunHistory, _ learner: Learner) {
    let rule = finished.count / seeds
    finished.append(history)
    write(learner, rule) { numbers, _ in RunRecord.text(identity, finished, nil, numbers) }
  }

  /// A full disk ends no run: it is told when all are over.
  private func write(
    _ learner: Learner, _ rule: Int,
    _ text: (KeptNumbers, inout [Safetensors.Part]) -> String
  ) {
    let numbers = KeptNumbers()
    var extras = Checkpoint.Extras()
    extras.run = text(numbers, &extras.parts)
    extras.parts += numbers.parts
    do throws(DiagnosticError) {
      try learner.save(extras, source: saving.sources[rule], to: saving.path)
      failure = nil
    } catch {
      failure = error.diagnostics.first
      failure?.span = saving.span
    }
    withExtendedLifetime(numbers) {}
  }
}

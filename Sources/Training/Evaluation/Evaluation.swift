import Diagnostics

/// What one rule, with one setting of its hyperparameters and one seed, came to on a task.
package struct Evaluation: Sendable, Equatable {
  package enum End: Hashable, Sendable {
    /// After all steps.
    case done
    /// Where the task's target is.
    case reachedTarget
    /// A loss on the way, a weight, a state or the loss at the end is no number.
    case notFinite(Part)
    /// A weight of the end is larger than any that has a meaning, whatever the loss says.
    case ranAway
    /// The loss was `StopRules.divergence` times the first one.
    case diverged
    /// The losses were above those of `StopRules.limits`.
    case hopeless
    /// After as many steps as the trial was to take.
    case limited
    case interrupted
    /// A hyperparameter left its domain, or a step had no answer.
    case failed
  }

  package enum Part: Hashable, Sendable { case loss, weights, states }

  package var end: End
  /// Steps made.
  package var steps: Int
  /// Whether it came to the task's target, with states that are numbers or not.
  package var reachedTarget = false
  /// The loss of the weights as they are at the end: on the rows kept for measuring, where there is data.
  package var loss = Double.nan
  /// The metrics there, in the order of the objective's.
  package var metrics: [Double] = []
  /// The mean loss of the examples of the last epoch, each before its step, or of those since the target was looked
  /// at before it was reached; without data, `loss`.
  package var trainingLoss = Double.nan
  /// Whether the rule ran as one program over all tensors, rather than by the ordinary engines.
  package var isCompiled = false
  /// What went wrong, where there is more to say.
  package var failure: Diagnostic?
  /// The series of the target where it was looked at, of a trial that wants it.
  package var curve: [(step: Int, value: Double)] = []

  package init(end: End, steps: Int) {
    self.end = end
    self.steps = steps
  }

  /// What rules are chosen by, the less the better: the loss at the end, of a run that came to its end
  /// with every loss, weight and state a number. Nil for all others, whatever they have shown on the
  /// way.
  package var score: Double? {
    (end == .done || end == .reachedTarget) && loss.isFinite ? loss : nil
  }

  /// Why a run broke, in a few words; nil for one that did not.
  package var problem: String? {
    switch end {
    case .done, .reachedTarget, .limited, .hopeless, .interrupted, .notFinite(.states): nil
    case .notFinite(.loss): "the loss is no number after \(steps) steps"
    case .notFinite(.weights): "a weight is no number after \(steps) steps"
    case .diverged: "the loss diverged after \(steps) steps"
    case .ranAway: "a weight ran away in \(steps) steps"
    case .failed:
      failure?.message ?? "a hyperparameter left its domain after \(steps) steps"
    }
  }

  /// What a weight of the end is not beyond, unless it ran away: a loss without a lower end, as that of a game, gets
  /// better and better on the way there.
  package static let largestWeight = 1e8

  /// Of several seeds the mean score; nil where one of them has none.
  package static func score(_ evaluations: some Collection<Evaluation>) -> Double? {
    if evaluations.isEmpty { return nil }
    var sum = 0.0
    for evaluation in evaluations {
      guard let score = evaluation.score else { return nil }
      sum += score
    }
    return sum / Double(evaluations.count)
  }

  /// Which of several rules is best: the first of those whose mean score over their seeds is least; nil
  /// where none has one.
  package static func best(_ rules: [[Evaluation]]) -> Int? {
    var best: (index: Int, score: Double)?
    for (index, evaluations) in rules.enumerated() {
      guard let score = score(evaluations), score < best?.score ?? .infinity else { continue }
      best = (index, score)
    }
    return best?.index
  }

  // Two that failed alike are equal, NaN for NaN: this is for comparing runs.
  package static func == (x: Evaluation, y: Evaluation) -> Bool {
    x.end == y.end && x.steps == y.steps && x.reachedTarget == y.reachedTarget
      && x.isCompiled == y.isCompiled
      && x.loss.bitPattern == y.loss.bitPattern
      && x.trainingLoss.bitPattern == y.trainingLoss.bitPattern
      && x.metrics.map(\.bitPattern) == y.metrics.map(\.bitPattern)
  }
}

/// When a run is given up before its end.
package struct StopRules: Sendable {
  /// A loss above so many times the size of the first one, or of 1 where that is larger, has diverged.
  package var divergence: Double?
  /// After so many steps the mean of the losses since the limit before must not be above `loss`: a curve
  /// that is has no hope of coming back. Ascending in steps.
  package var limits: [(step: Int, loss: Double)] = []

  package init(divergence: Double? = nil, limits: [(step: Int, loss: Double)] = []) {
    self.divergence = divergence
    self.limits = limits
  }

  /// Goes on to the end whatever the losses are, as long as they are numbers.
  package static let never = StopRules()
}

/// Follows the losses of one run and says when a stop rule ends it.
struct StopWatch {
  private let rules: StopRules
  private let hasLimits: Bool
  /// What a loss before a step reaches, looked at every so many steps; nil where it is measured apart.
  var target: (TrainingSettings.Target, stride: Int)?
  private var largest = Double.infinity
  private var next = 0
  private var sum = 0.0
  private var count = 0

  init(_ rules: StopRules) {
    self.rules = rules
    hasLimits = !rules.limits.isEmpty
  }

  /// The end that the loss before step `step` brings.
  mutating func look(_ loss: Double, step: Int) -> Evaluation.End? {
    guard loss.isFinite else { return .notFinite(.loss) }
    if let (target, stride) = target, (step - 1) % stride == 0, target.isReached(loss) {
      return .reachedTarget
    }
    if step == 1, let divergence = rules.divergence {
      largest = divergence * max(abs(loss), 1)
    }
    if loss > largest { return .diverged }
    guard hasLimits, next < rules.limits.count else { return nil }
    sum += loss
    count += 1
    guard step >= rules.limits[next].step else { return nil }
    let mean = sum / Double(count)
    let limit = rules.limits[next].loss
    next += 1
    (sum, count) = (0, 0)
    // Not `mean > limit`: a limit that is no number is met by nobody.
    return mean <= limit ? nil : .hopeless
  }
}

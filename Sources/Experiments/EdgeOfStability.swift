import Diagnostics
import IR
import Laboratory
import Runtime
import Symbolic
import Training

extension ExperimentHistory {
  /// Beside the sharpness, for each rule that is linear, the curvature below which its steps are stable on
  /// ½ h w²: 2 / lr for gradient descent. Above it a loss that is nearly quadratic grows (Cohen et al. 2021,
  /// arXiv:2103.00065). Where gradients come late, so do the steps that are counted.
  func withStability(of instances: [Rule]) -> ExperimentHistory {
    guard series.contains(ObjectiveModule.sharpness) else { return self }
    var result = self
    for (k, rule) in instances.enumerated() where k < rules.count {
      var limits = StabilityLimits(rule, delay: settings.delay)
      for r in rules[k].runs.indices {
        let run = rules[k].runs[r]
        guard let sharpness = run.values[ObjectiveModule.sharpness], let last = run.x.last else {
          continue
        }
        // An epoch has as many steps as another.
        let pace = axis == "step" || last == 0 ? 1 : Double(run.steps) / last
        let values = zip(run.x, sharpness).map { x, sharpness in
          sharpness.isNaN
            ? .nan
            : limits.limit(
              step: min(max(1, Int((x * pace).rounded()) + 1), max(1, planned)), horizon: planned)
        }
        if values.contains(where: { !$0.isNaN }) {
          result.rules[k].runs[r].values[ObjectiveModule.stableBelow] = values
        }
      }
    }
    let isAnyLinear = result.rules.contains { rule in
      rule.runs.contains { $0.values[ObjectiveModule.stableBelow] != nil }
    }
    if isAnyLinear { result.series.append(ObjectiveModule.stableBelow) }
    return result
  }
}

/// The curvature up to which one rule is stable, step by step.
private struct StabilityLimits {
  private let rule: Rule
  private let delay: Int
  private let isScheduled: Bool
  private var known: [[Double]: Double] = [:]

  init(_ rule: Rule, delay: Int) {
    self.rule = rule
    self.delay = delay
    isScheduled = rule.bindings.contains(.scheduled)
  }

  /// NaN for a rule that is not linear, or has no limit.
  mutating func limit(step: Int, horizon: Int) -> Double {
    guard let hypers = try? values(step: step, horizon: horizon) else { return .nan }
    if let limit = known[hypers] { return limit }
    let limit = measured(hypers)
    known[hypers] = limit
    return limit
  }

  private func values(step: Int, horizon: Int) throws(DiagnosticError) -> [Double] {
    var values = rule.module.hypers.map { _ in Double.nan }
    for (target, value) in try ReferenceProgram.evaluateScalars(
      rule.arguments, step: isScheduled ? step : 1, horizon: horizon)
    {
      if case .hyper(let k) = target { values[k] = value }
    }
    return values
  }

  private func measured(_ hypers: [Double]) -> Double {
    // With routes, what is a matrix may have another rule than what is a vector.
    guard rule.module.variants.count == 1, hypers.allSatisfy(\.isFinite) else { return .nan }
    var instance = rule
    for (k, value) in hypers.enumerated() where !rule.module.hypers[k].isStructural {
      instance = instance.with(k, at: value)
    }
    do {
      return try RuleAlgebra(instance).stability().limit([:], delay: delay) ?? .nan
    } catch {
      return .nan
    }
  }
}

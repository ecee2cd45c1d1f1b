import Training

/// A rule that is tried on a problem, and what of the problem speaks for it.
package struct Candidate: Hashable, Sendable {
  package var rule: String
  package var reason: String
  /// Tried since it did well on other problems like this one, not for what was measured of this one.
  package var isFromArena = false
}

extension ProblemMeasures {
  /// The rules to try on a problem like this one, at most so many: two that fit most, then those that something
  /// measured speaks for.
  package func shortlist(_ count: Int = 8, hasExamples: Bool = false) -> [Candidate] {
    let isNoisy = noise > 0.3
    let inMatrices = matrixShare > 0.5
    let isSkewed = (conditioning ?? 1) > 20 || (conditioning == nil && scales > 30)
    let all: [(isMeant: Bool, rule: String, reason: String)] = [
      (true, "HeavyBall", "momentum alone: the least state beside SGD"),
      (true, "Adam", "a rate of its own for each number"),
      (hasExamples, "AdamW", "Adam with weights that decay: what counts are rows not seen"),
      (inMatrices, "MuonAdamW", "\(percent(matrixShare)) of the parameters are in matrices"),
      (zeros > 0.3, "AdaGrad", "\(percent(zeros)) of the gradients' entries are 0"),
      (noise == 0, "Rprop", "signs alone: every step has the whole gradient"),
      (noise == 0 && parameters > 1, "Nesterov", "looks ahead: every step has the whole gradient"),
      (noise > 1, "Lion", "signs and a long average: a gradient is off by \(times(noise))"),
      (inMatrices && parameters <= 50_000, "SOAP", "few enough parameters for bases of matrices"),
      (isNoisy, "ScheduleFreeAdamW", "averages its weights: a gradient is off by \(times(noise))"),
      (isSkewed, "NAdam", "a lookahead on rates of their own: curvature is uneven"),
      (isSkewed && !isNoisy, "AggMo", "several momenta: curvature is uneven"),
      (
        curvature.map { $0.smallest < -0.1 * abs($0.largest) } ?? false, "RMSProp",
        "no bias towards old directions: curvature is negative somewhere"
      ),
      (true, "SGD", "no state at all"),
    ]
    let meant = all.filter(\.isMeant)
    // SGD stands last and is always told.
    let kept = meant.count > count ? meant.prefix(count - 1) + meant.suffix(1) : meant[...]
    return kept.map { Candidate(rule: $0.rule, reason: $0.reason) }
  }

  private func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }

  private func times(_ x: Double) -> String {
    "\(Double((10 * x).rounded()) / 10) of its length"
  }
}

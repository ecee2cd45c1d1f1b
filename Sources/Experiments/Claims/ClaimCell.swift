import Basics

/// What one rule came to on one task: the setting that was best of those tried, and its losses on seeds that it was not
/// chosen on.
package struct ClaimCell: Hashable, Sendable {
  /// As the arguments of a call: `lr = 0.003, β1 = 0.7`.
  package var setting = ""
  /// Settings that were tried.
  package var trials = 0
  /// By seed; infinite for a run that broke.
  package var losses: [Double] = []
  /// By seed, the last values of the series that the task's target is about; empty where it has none.
  package var lasts: [Double] = []
  /// Why there are no losses, if so.
  package var problem: String?

  package init() {}

  package var broken: Int { losses.count { !$0.isFinite } }

  package var mean: Double {
    losses.isEmpty ? .nan : losses.reduce(0, +) / Double(losses.count)
  }

  /// `0.31 ± 0.02` over the runs that did not break; one number where they are alike.
  package var text: String {
    let whole = losses.filter(\.isFinite)
    return MeanInterval.text(of: Set(whole).count == 1 ? [whole[0]] : whole)
  }

  package var json: JSONValue {
    .record([
      "setting": .string(setting), "trials": .int(trials),
      "losses": .array(losses.map { .number($0) }), "lasts": .array(lasts.map { .number($0) }),
      "problem": problem.map { .string($0) } ?? .null,
    ])
  }

  /// Nil for what is no cell.
  package init?(_ json: JSONValue) {
    func numbers(_ key: String) -> [Double]? {
      guard let items = json[key]?.items else { return nil }
      let found = items.compactMap(\.real)
      return found.count == items.count ? found : nil
    }
    guard let setting = json["setting"]?.text, let trials = json["trials"]?.real,
      0...1e6 ~= trials, let losses = numbers("losses"), let lasts = numbers("lasts"),
      lasts.isEmpty || lasts.count == losses.count
    else { return nil }
    self.setting = setting
    self.trials = Int(trials)
    self.losses = losses
    self.lasts = lasts
    problem = json["problem"]?.text
  }
}

import IR

/// How a search goes about. Two searches with equal settings, tasks and start find the same.
package struct SearchSettings: Sendable {
  /// What is varied; all but the first are controls.
  package enum Method: String, CaseIterable, Sendable {
    case evolution
    /// Programs that are put together without regard to how others did.
    case random
    /// Mutants of the start, each made anew: best of N.
    case mutants
    /// Only numbers change.
    case numbers
  }

  /// Programs that run, in each restart; duplicates and rejects do not count.
  package var programs = 10_000
  /// Each restart ends after so many minutes; what it finds is not the same another time.
  package var minutes: Double?
  /// By restart, evaluations after which it ends, whatever `programs` says: of a control.
  package var evaluations: [Int: Int] = [:]
  package var population = 200
  package var tournament = 5

  /// Makes a tournament that was not asked for no larger than the population.
  package mutating func fitTournament() { tournament = min(tournament, population) }
  package var restarts = 1
  package var seed: UInt64 = 0
  package var functions = FunctionSet.standard
  package var method = Method.evolution
  /// The most operations of a program.
  package var longest = 40
  /// Whether programs go on from the first rung to all tasks; where not, they are judged there.
  package var climbs = true
  /// Restarts that this process does: those whose number leaves `shard` when divided by `shards`.
  package var shard = 0
  package var shards = 1
  package var threads = 1

  package static let mostPrograms = 100_000_000

  package init() {}

  /// Everything that decides what is found, in words: two searches that differ here are two experiments.
  package var text: String {
    """
    programs \(programs) population \(population) tournament \(tournament) restarts \(restarts) seed \(seed) \
    method \(method.rawValue) longest \(longest) using \(functions.names.sorted().joined(separator: ", "))
    """
  }
}

/// A program that ran, as a journal keeps it.
package struct ProgramRecord: Sendable, Equatable {
  /// In its restart, from 0: the start.
  package var number: Int
  /// −1 of the start.
  package var parent: Int
  package var mutation: Mutator.Kind?
  package var program: Genome
  /// The peak of the rate that its ladder stands around.
  package var rate: Double
  /// How far an element moves in a step at a rate of 1, on the probes.
  package var size: Double
  /// By net, the last the fingerprint of its behaviour.
  package var digests: [UInt64]
  /// 0: the first task in part; 1: all tasks.
  package var rung: Int
  /// The less the better; of programs on the same rung.
  package var score: Double
  /// The rate that did best.
  package var best: Double
  /// The loss at each rate of the ladder, on the first rung and then task by task.
  package var losses: [Double]
  /// What an evaluation of it failed at first; nil where all came to an end. No part of what was found: a program of the
  /// user may say it in other words another time.
  package var problem: String?

  /// Whether it did better than another: one that came further did.
  package func isBetter(than other: ProgramRecord) -> Bool {
    rung != other.rung ? rung > other.rung : score < other.score
  }

  package static func == (x: ProgramRecord, y: ProgramRecord) -> Bool {
    x.number == y.number && x.parent == y.parent && x.mutation == y.mutation
      && x.program == y.program && x.rate == y.rate && x.size == y.size && x.digests == y.digests
      && x.rung == y.rung && x.score.bitPattern == y.score.bitPattern && x.best == y.best
      && x.losses.map(\.bitPattern) == y.losses.map(\.bitPattern)
  }
}

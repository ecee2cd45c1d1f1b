/// Random orders and streams for what the host does with data, apart from the draws of rules.
package enum RandomOrder {
  /// A random order of 0..<count (Fisher and Yates), one for each (seed, epoch): the minibatches of
  /// an epoch are consecutive runs of it.
  package static func permutation(_ count: Int, seed: UInt64, epoch: Int) -> [Int] {
    var order = Array(0..<max(count, 0))
    shuffle(
      &order,
      CounterRandom(
        seed: seed, step: UInt32(truncatingIfNeeded: epoch), tensor: CounterRandom.globalTensor,
        site: CounterRandom.hostSites))
    return order
  }

  /// Entry `index` of a stream of uniforms in [0, 1) that depends on the seed alone (data splits).
  package static func uniform(_ index: Int, seed: UInt64) -> Double {
    CounterRandom(
      seed: seed, step: 0, tensor: CounterRandom.globalTensor, site: CounterRandom.hostSites + 1
    ).uniform(UInt64(index))
  }

  /// Shuffles in place with the numbers of `random`.
  package static func shuffle(_ items: inout [Int], _ random: CounterRandom) {
    var i = items.count - 1
    while i > 0 {
      items.swapAt(i, random.integer(UInt64(i), below: i + 1))
      i -= 1
    }
  }
}

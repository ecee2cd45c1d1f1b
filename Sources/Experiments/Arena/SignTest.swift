import Platform

/// The exact sign test: how likely so uneven a count of wins and losses is where neither side is better.
package enum SignTest {
  /// Two-sided; ties are left out before.
  package static func probability(wins: Int, losses: Int) -> Double {
    let count = wins + losses
    let fewer = min(wins, losses)
    if 2 * fewer == count { return 1 }
    // Terms of the binomial distribution by their logarithms: 2^-count is no number for long series.
    var term = -Double(count) * log(2)
    var sum = exp(term)
    for k in 0..<fewer {
      term += log(Double(count - k) / Double(k + 1))
      sum += exp(term)
    }
    return min(1, 2 * sum)
  }
}

import Certificates

/// Work that a search may still take, as the kernel counts it: products of terms, rewrites that are tried
/// and facts that are looked at. The same on every machine, and beside load.
final class Patience {
  private var rest: Int
  private var current: Algebra?

  init(_ rest: Int) { self.rest = rest }

  /// What is left.
  var left: Int { current?.allowance ?? rest }

  /// From here on what is done with this algebra counts.
  func watch(_ algebra: Algebra) {
    algebra.allowance = left
    current = algebra
  }

  /// Lets `work` take so much; what it takes is taken from the whole.
  func limited<T>(to share: Int, _ work: (Patience) throws(Refusal) -> T) throws(Refusal) -> T {
    let own = Patience(min(share, left))
    let given = own.left
    defer {
      rest = left - (given - max(0, own.left))
      current = nil
    }
    return try work(own)
  }
}

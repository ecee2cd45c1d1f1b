import Diagnostics

/// The one product of lengths.
package enum Lengths {
  /// The product; of more than an Int holds, the largest number there is.
  @inlinable package static func product(_ lengths: some Sequence<Int>) -> Int {
    var product = 1
    var isTooLarge = false
    for length in lengths {
      if length == 0 { return 0 }
      let (next, overflow) = product.multipliedReportingOverflow(by: length)
      isTooLarge = isTooLarge || overflow
      product = overflow ? 1 : next
    }
    return isTooLarge ? .max : product
  }

  /// Whether a tensor may have these lengths: products of any of them then overflow no Int.
  package static func areWithinBudget(_ lengths: [Int]) -> Bool {
    lengths.allSatisfy { $0 >= 0 && $0 < 2_000_000_000 }
      && spread(lengths) <= Budget.tensorElements
  }

  /// The elements of a tensor of these lengths, an axis of length 0 counted as 1.
  package static func spread(_ lengths: [Int]) -> Double {
    lengths.reduce(1.0) { $0 * Double(max($1, 1)) }
  }
}

extension Extent {
  /// Throws R0813 for more entries than an axis can have.
  static func length(_ n: Int, at span: Span) throws(DiagnosticError) -> Extent {
    guard n <= Int32.max else {
      throw Budget.exceeded(
        "this, laid out in rows,", bytes: Double(n) * 8, limit: Double(Int32.max) * 8, at: span)
    }
    return .fixed(n)
  }
}

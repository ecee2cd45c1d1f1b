/// A count that depends on the parameter tensor: a polynomial in its rows and columns (and in
/// lengths that are known only when it runs, by name).
package struct Amount: Hashable, Sendable, CustomStringConvertible {
  struct Monomial: Hashable, Sendable {
    var rows = 0
    var cols = 0
    /// Names of other lengths, sorted, repeated for powers.
    var others: [String] = []
  }

  /// No coefficient is 0.
  private(set) var terms: [Monomial: Double]

  package init(_ x: Double) { terms = x == 0 ? [:] : [Monomial(): x] }
  package static let zero = Amount(0)
  package static let rows = Amount(Monomial(rows: 1))
  package static let cols = Amount(Monomial(cols: 1))
  /// The elements of the parameter tensor.
  package static let elements = Amount(Monomial(rows: 1, cols: 1))
  package static func length(_ name: String) -> Amount { Amount(Monomial(others: [name])) }

  private init(_ monomial: Monomial) { terms = [monomial: 1] }

  package static func + (a: Amount, b: Amount) -> Amount {
    var sum = a
    for (monomial, coefficient) in b.terms { sum.add(monomial, coefficient) }
    return sum
  }

  package static func * (a: Amount, b: Amount) -> Amount {
    var product = Amount.zero
    for (x, p) in a.terms {
      for (y, q) in b.terms {
        product.add(
          Monomial(
            rows: x.rows + y.rows, cols: x.cols + y.cols, others: (x.others + y.others).sorted()),
          p * q)
      }
    }
    return product
  }

  package static func * (a: Amount, x: Double) -> Amount { a * Amount(x) }
  package static func - (a: Amount, b: Amount) -> Amount { a + b * -1 }
  package static func += (a: inout Amount, b: Amount) { a = a + b }

  private mutating func add(_ monomial: Monomial, _ coefficient: Double) {
    let sum = (terms[monomial] ?? 0) + coefficient
    terms[monomial] = sum == 0 ? nil : sum
  }

  /// Divided by the elements of the parameter tensor.
  package var perElement: Amount {
    var quotient = Amount.zero
    for (monomial, coefficient) in terms {
      var divided = monomial
      divided.rows -= 1
      divided.cols -= 1
      quotient.add(divided, coefficient)
    }
    return quotient
  }

  /// The number, if it is one whatever the tensor.
  package var constant: Double? {
    if terms.isEmpty { return 0 }
    return terms.count == 1 ? terms[Monomial()] : nil
  }

  /// Whether it grows with the tensor in rows and columns alike.
  package var coversTensor: Bool { terms.keys.contains { $0.rows >= 1 && $0.cols >= 1 } }

  /// The value for a tensor of this size; other lengths count as 1.
  package func value(rows: Double, cols: Double) -> Double {
    func power(_ x: Double, _ n: Int) -> Double {
      var result = 1.0
      for _ in 0..<abs(n) { result *= x }
      return n < 0 ? 1 / result : result
    }
    // In a fixed order: sums of floating-point numbers depend on it.
    return sorted.reduce(0) {
      $0 + $1.coefficient * power(rows, $1.monomial.rows) * power(cols, $1.monomial.cols)
    }
  }

  private var sorted: [(monomial: Monomial, coefficient: Double)] {
    terms.map { ($0.key, $0.value) }.sorted { a, b in
      let (x, y) = (a.monomial, b.monomial)
      let (p, q) = (x.rows + x.cols + x.others.count, y.rows + y.cols + y.others.count)
      return (-p, -x.rows, -x.cols, x.others.joined()) < (-q, -y.rows, -y.cols, y.others.joined())
    }
  }

  /// `28`, `4·rows + 4·cols`, `2.5·rows²·cols`, `4/cols`.
  package var description: String {
    if terms.isEmpty { return "0" }
    var text = ""
    for (i, term) in sorted.enumerated() {
      let coefficient = i > 0 ? abs(term.coefficient) : term.coefficient
      if i > 0 { text += term.coefficient < 0 ? " - " : " + " }
      text += Self.written(coefficient, term.monomial)
    }
    return text
  }

  private static func written(_ coefficient: Double, _ monomial: Monomial) -> String {
    var above: [String] = []
    var below: [String] = []
    for (name, power) in [("rows", monomial.rows), ("cols", monomial.cols)] where power != 0 {
      let factor = name + (abs(power) == 1 ? "" : superscript(abs(power)))
      if power > 0 { above.append(factor) } else { below.append(factor) }
    }
    above += monomial.others
    if coefficient != 1 || above.isEmpty { above.insert(number(coefficient), at: 0) }
    return ([above.joined(separator: "·")] + below).joined(separator: "/")
  }

  private static func number(_ x: Double) -> String {
    if x == x.rounded(), abs(x) < 1e15 { return "\(Int(x))" }
    let rounded = (x * 1000).rounded() / 1000
    return rounded == 0 ? "\(x)" : "\(rounded)"
  }

  private static func superscript(_ n: Int) -> String {
    String(n).map { ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"][$0.wholeNumberValue!] }
      .joined()
  }
}

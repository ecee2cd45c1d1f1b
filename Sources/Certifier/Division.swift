import Basics
import Certificates

extension Algebra {
  /// p / q where that is a polynomial.
  func quotient(_ p: Polynomial, _ q: Polynomial) -> Polynomial? {
    guard let top = leading(q) else { return nil }
    var (rest, result) = (p, Polynomial())
    for _ in 0..<100 {
      guard let lead = leading(rest) else { return result }
      guard let factor = lead.without(top) else { return nil }
      let term = Polynomial(factor, rest.terms[lead]! / q.terms[top]!)
      result = result + term
      rest = rest - term * q
    }
    return nil
  }
}

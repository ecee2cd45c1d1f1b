import Basics
import Certificates

extension Algebra {
  /// Smaller atoms first, in an order that is the same in every process.
  func ordered(_ all: Set<AtomID>) -> [AtomID] {
    all.sorted { (self[$0].size, self[$0].digest) < (self[$1].size, self[$1].digest) }
  }

  /// 1 / d in a polynomial: d, as often as it takes to clear it.
  func divisors(_ p: Polynomial) -> [Polynomial] {
    ordered(p.atoms).filter { self[$0].operation == "inv" }.map { inverse in
      self[inverse].operands[0].power(p.terms.keys.map { $0.exponent(inverse) }.max()!)
    }
  }

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

import Basics
import Symbolic
import Testing

/// Exact numbers against identities and machine arithmetic.
@Suite struct NumberTests {
  private func big(_ random: inout SplitMix64) -> BigInteger {
    var x = BigInteger(Int(truncatingIfNeeded: random.next()) >> Int(random.next() % 60))
    for _ in 0..<Int(random.next() % 5) {
      x =
        x * BigInteger(Int(truncatingIfNeeded: random.next())) + BigInteger(Int(random.next() % 97))
    }
    return x
  }

  @Test func ringIdentities() {
    var random = SplitMix64(1)
    for _ in 0..<2_000 {
      let (a, b, c) = (big(&random), big(&random), big(&random))
      #expect((a + b) * c == a * c + b * c)
      #expect((a - b) * (a + b) == a * a - b * b)
      #expect(a - a == 0)
      #expect(-(-a) == a)
      #expect((a < b) == (b - a > 0))
    }
  }

  @Test func divisionIsTheInverseOfProducts() {
    var random = SplitMix64(2)
    for _ in 0..<3_000 {
      let (a, b) = (big(&random), big(&random))
      guard !b.isZero else { continue }
      let (q, r) = a.dividing(by: b)
      #expect(q * b + r == a)
      #expect(r.magnitude < b.magnitude)
      #expect(r.isZero || r.isNegative == a.isNegative)
      let g = BigInteger.gcd(a, b)
      #expect((a % g).isZero && (b % g).isZero)
    }
  }

  @Test func machineNumbersAgree() {
    var random = SplitMix64(3)
    for _ in 0..<2_000 {
      let a = Int(truncatingIfNeeded: random.next()) >> 33
      let b = Int(truncatingIfNeeded: random.next()) >> 33
      #expect(BigInteger(a) * BigInteger(b) == BigInteger(a * b))
      #expect((BigInteger(a) + BigInteger(b)).description == String(a + b))
      #expect(BigInteger(a).approximation == Double(a))
    }
  }

  @Test func digits() {
    #expect(BigInteger(10).power(30).description == "1" + String(repeating: "0", count: 30))
    #expect((BigInteger(2).power(64)).description == "18446744073709551616")
    #expect((BigInteger(Int.min)).description == "\(Int.min)")
    #expect(-BigInteger(Int.min) == BigInteger(2).power(63))
    let factorial = (1...25).reduce(BigInteger.one) { $0 * BigInteger($1) }
    #expect(factorial.description == "15511210043330985984000000")
  }

  @Test func fractions() {
    var random = SplitMix64(4)
    for _ in 0..<500 {
      let a = Rational(Int(random.next() % 200) - 100, Int(random.next() % 30) + 1)
      let b = Rational(Int(random.next() % 200) - 100, Int(random.next() % 30) + 1)
      #expect((a + b) - b == a)
      #expect(abs((a * b).approximation - a.approximation * b.approximation) < 1e-9)
      if !b.isZero { #expect(a / b * b == a) }
      #expect((a < b) == (a.approximation < b.approximation))
      #expect(Rational(a.floor, .one) <= a)
    }
    let small = Rational(BigInteger(1), BigInteger(10).power(200))
    #expect(small.approximation == 1e-200)
  }

  @Test func literals() {
    #expect(Rational(literal: 0.1) == Rational(1, 10))
    #expect(Rational(literal: 1 - 0.9) == Rational(1, 10))
    #expect(Rational(literal: 1 / 3.0) == Rational(1, 3))
    #expect(Rational(literal: 1e-8) == Rational(1, 100_000_000))
    #expect(Rational(literal: -4.7750) == Rational(-191, 40))
    #expect(Rational(literal: .infinity) == nil)
    #expect(Rational(literal: 1e300)?.approximation == 1e300)
  }

  @Test(arguments: [
    ("0.1", Rational(1, 10)), ("1e-8", Rational(1, 100_000_000)), ("-2.5", Rational(-5, 2)),
    ("1 / 3", Rational(1, 3)), ("12", Rational(12)), ("0.999", Rational(999, 1000)),
  ]) func text(_ expected: String, _ x: Rational) {
    #expect(x.description == expected)
  }
}

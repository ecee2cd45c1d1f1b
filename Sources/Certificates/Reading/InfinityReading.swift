import Basics
import IR

// Where infinity is a value between others: numbers of a certificate are finite.
extension FunctionReading {
  /// Of n / y with n > 0 and y ≥ 0, which is never −0: 1 where y is not 0. Where it is the quotient is
  /// ∞, and the smaller of it and x is x, which is finite.
  func unbounded(_ id: ValueID, beside x: ValueID) throws(Refusal) -> Polynomial? {
    guard isTotal[x.index] else { return nil }
    let instruction = function[id]
    let known = Context(algebra)
    let divisor: ValueID
    switch instruction.operation {
    case .divide where try known.stretch(self[instruction.a]).isPositive: divisor = instruction.b
    case .reciprocal: divisor = instruction.a
    default: return nil
    }
    let y = self[divisor]
    guard zeros.isPositive[divisor.index],
      function.operands(id).allSatisfy({ isTotal[$0.index] }), try known.stretch(y).isNonnegative
    else { return nil }
    var result = Polynomial.one
    for clause in try Clause(.nonzero, y).parts(algebra) {
      result = try algebra.product(result, clause.indicator(algebra))
    }
    return result
  }

  /// 1 where a value is finite and 0 where it is not: of a number, and of an operation that has no value
  /// or an infinite one where it is not defined. What is made of such a value may be finite again.
  func isFinite(_ id: ValueID) throws(Refusal) -> Polynomial {
    let infinity = algebra.symbol("inf")
    if self[id] == infinity || self[id] == -infinity { return .zero }
    try algebra.refuseInfinity(self[id])
    if isTotal[id.index] { return .one }
    guard function[id].operation.isElementwise,
      function.operands(id).allSatisfy({ isTotal[$0.index] })
    else {
      throw Refusal("`isfinite` of what is made of what is not defined has no certificates")
    }
    var result = Polynomial.one
    for clause in clauses[id.index] {
      result = try algebra.product(result, clause.indicator(algebra))
    }
    return result
  }
}

extension Clause {
  /// 1 where it holds and 0 where not.
  func indicator(_ algebra: Algebra) throws(Refusal) -> Polynomial {
    let own: Polynomial
    switch kind {
    case .nonzero: own = algebra.not(algebra.apply("zero", [term]))
    case .nonnegative: own = algebra.not(algebra.apply("positive", [-term]))
    case .positive: own = algebra.apply("positive", [term])
    case .opaque, .whole: throw Refusal("where an operation is defined is not known")
    }
    var matters = Polynomial.one
    for guardian in guards { matters = try algebra.product(matters, guardian) }
    return algebra.not(try algebra.product(matters, algebra.not(own)))
  }
}

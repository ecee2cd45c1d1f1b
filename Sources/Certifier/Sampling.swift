import Basics
import Certificates
import Platform

/// Values of polynomials for tensors of one element, to see soon that an equation does not hold.
package struct Sampling {
  let algebra: Algebra
  private var random: SplitMix64
  private var values: [AtomID: Double] = [:]

  package init(_ algebra: Algebra, seed: UInt64) {
    self.algebra = algebra
    random = SplitMix64(seed)
  }

  package mutating func set(_ symbol: Polynomial, _ x: Double) { values[symbol.atom!] = x }

  /// Nil where an operation has no value here.
  package mutating func value(_ p: Polynomial) -> Double? {
    var sum = 0.0
    for (monomial, weight) in p.terms {
      var product = weight.approximation
      for power in monomial.powers {
        guard let x = value(power.atom) else { return nil }
        product *= pow(x, Double(power.exponent))
      }
      sum += product
    }
    return sum
  }

  /// Whether a clause may hold here; of what has no value that is not known.
  mutating func holds(_ clause: Clause) -> Bool {
    for guardian in clause.guards where value(guardian) != 1 { return true }
    guard let x = value(clause.term) else { return true }
    switch clause.kind {
    case .nonzero: return x != 0
    case .nonnegative: return x >= 0
    case .positive: return x > 0
    case .opaque, .whole: return true
    }
  }

  private mutating func value(_ id: AtomID) -> Double? {
    if let known = values[id] { return known }
    let atom = algebra[id]
    if atom.isSymbol {
      values[id] = sample(atom)
      return values[id]
    }
    var x: [Double] = []
    for operand in atom.operands {
      guard let value = value(operand) else { return nil }
      x.append(value)
    }
    let result = Self.apply(atom.name, x)
    values[id] = result
    return result
  }

  private mutating func sample(_ atom: Atom) -> Double {
    switch atom.name {
    case "e": return 2.718281828459045
    case "pi": return .pi
    case "t": return 5
    case "T": return 9
    case "rows", "cols", "workers", "batch", "features", "groups", "rank": return 1
    default: break
    }
    let u = 0.1 + 0.8 * random.unit()
    let (low, high) = (atom.domain.low?.value.approximation, atom.domain.high?.value.approximation)
    if let low, let high { return low + u * (high - low) }
    if let low { return low + u }
    if let high { return high - u }
    return random.unit() < 0.5 ? u : -u
  }

  /// An operation of the kernel on numbers; of tensors those of one element.
  package static func apply(_ name: String, _ x: [Double]) -> Double? {
    switch name {
    case "inv": x[0] == 0 ? 0 : 1 / x[0]
    case "sqrt": x[0] < 0 ? 0 : x[0].squareRoot()
    case "pow":
      x[0] == 0 && x[1] != 0 ? 0 : pow(x[0], x[1])
    case "abs": abs(x[0])
    case "sign": x[0] > 0 ? 1 : x[0] < 0 ? -1 : 0
    case "positive": x[0] > 0 ? 1 : 0
    case "zero": x[0] == 0 ? 1 : 0
    case "max": Swift.max(x[0], x[1])
    case "floor": x[0].rounded(.down)
    case "ceil": x[0].rounded(.up)
    case "round": x[0].rounded(.toNearestOrEven)
    case "mod": x[1] == 0 ? 0 : x[0] - x[1] * (x[0] / x[1]).rounded(.down)
    case "exp": exp(x[0])
    case "log": x[0] > 0 ? log(x[0]) : 0
    case "cbrt": cbrt(x[0])
    case "tanh": tanh(x[0])
    case "sinh": sinh(x[0])
    case "cosh": cosh(x[0])
    case "sin": sin(x[0])
    case "cos": cos(x[0])
    case "tan": tan(x[0])
    case "arctan": atan(x[0])
    case "arcsin": abs(x[0]) <= 1 ? asin(x[0]) : 0
    case "arccos": abs(x[0]) <= 1 ? acos(x[0]) : 0
    case "arcsinh": asinh(x[0])
    case "arccosh": x[0] >= 1 ? acosh(x[0]) : 0
    case "arctanh": abs(x[0]) < 1 ? atanh(x[0]) : 0
    case "erf": erf(x[0])
    case "sum", "global_sum", "max_of", "min_of", "transpose": x[0]
    case "matmul": x[0] * x[1]
    default: nil
    }
  }
}

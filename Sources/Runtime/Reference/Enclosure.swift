import IR
import Platform

/// A number known to lie between two others, its exact value and its value in floating point alike: so
/// what two enclosures without a common number hold differs, and not by rounding.
///
/// What is exact stays a point: a bound moves outwards only where an operation really rounds.
package struct Enclosure: Hashable, Sendable {
  /// Whether each operation behind a value has a result.
  package enum Standing: UInt8, Comparable, Sendable {
    case defined, doubtful, undefined
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  package var low: Double
  package var high: Double
  package var standing: Standing

  package init(_ low: Double, _ high: Double, _ standing: Standing = .defined) {
    let isKnown = low <= high
    self.low = isKnown ? low : -.infinity
    self.high = isKnown ? high : .infinity
    self.standing = standing
  }

  package init(_ x: Double) { self.init(x, x, x.isNaN ? .undefined : .defined) }

  /// A double for a decimal constant, which is the decimal that it prints as.
  package init(literal x: Double) {
    self = x.significandWidth <= 20 || !x.isFinite ? Enclosure(x) : Enclosure(x).widened(1)
  }

  /// Anything, where no bound is known.
  static let all = Enclosure(-.infinity, .infinity)

  package var isPoint: Bool { low == high }
  package var isBounded: Bool { low.isFinite && high.isFinite }
  package var isInfinity: Bool { isPoint && low.isInfinite }

  package func isApart(from other: Enclosure) -> Bool { high < other.low || other.high < low }

  func with(_ standing: Standing) -> Enclosure {
    var result = self
    result.standing = max(result.standing, standing)
    return result
  }

  /// With bounds so many units in the last place further out.
  func widened(_ ulps: Int) -> Enclosure {
    var result = self
    for _ in 0..<ulps {
      result.low = result.low.nextDown
      result.high = result.high.nextUp
    }
    return result
  }

  /// Moved out by `error`.
  package func widened(by error: Double) -> Enclosure {
    error == 0 ? self : Enclosure((low - error).nextDown, (high + error).nextUp, standing)
  }

  func hull(_ other: Enclosure) -> Enclosure {
    var standing = max(self.standing, other.standing)
    if self.standing != other.standing { standing = .doubtful }
    return Enclosure(min(low, other.low), max(high, other.high), standing)
  }

  // MARK: Arithmetic

  /// The bounds of a rounded result; `error` is what the exact one has beyond it, NaN if that is not known.
  private static func around(_ x: Double, _ error: Double) -> (low: Double, high: Double) {
    if error == 0 { return (x, x) }
    return (error > 0 ? x : x.nextDown, error < 0 ? x : x.nextUp)
  }

  private static func sum(_ a: Double, _ b: Double) -> (low: Double, high: Double) {
    let x = a + b
    if a.isInfinite || b.isInfinite { return (x, x) }
    let back = x - a
    return around(x, (a - (x - back)) + (b - back))
  }

  private static func product(_ a: Double, _ b: Double) -> (low: Double, high: Double) {
    if a == 0 || b == 0 { return a.isFinite && b.isFinite ? (0, 0) : (.nan, .nan) }
    let x = a * b
    if a.isInfinite || b.isInfinite { return (x, x) }
    return around(x, abs(x) > 0x1p-900 && x.isFinite ? (-x).addingProduct(a, b) : .nan)
  }

  private static func quotient(_ a: Double, _ b: Double) -> (low: Double, high: Double) {
    let x = a / b
    if a == 0 || a.isInfinite || b.isInfinite { return (x, x) }
    guard abs(x) > 0x1p-900, abs(a) > 0x1p-900, x.isFinite else { return around(x, .nan) }
    let rest = a.addingProduct(-x, b)
    return around(x, b < 0 ? -rest : rest)
  }

  package static func + (a: Enclosure, b: Enclosure) -> Enclosure {
    Enclosure(sum(a.low, b.low).low, sum(a.high, b.high).high, max(a.standing, b.standing))
  }

  package static prefix func - (a: Enclosure) -> Enclosure {
    Enclosure(-a.high, -a.low, a.standing)
  }
  package static func - (a: Enclosure, b: Enclosure) -> Enclosure { a + -b }

  private static func corners(
    _ a: Enclosure, _ b: Enclosure, _ f: (Double, Double) -> (low: Double, high: Double)
  ) -> Enclosure {
    var (low, high) = f(a.low, b.low)
    for (x, y) in [(a.low, b.high), (a.high, b.low), (a.high, b.high)] {
      let next = f(x, y)
      // Where one is NaN, so is what comes of it, and no bound is known.
      low = next.low.isNaN || next.low < low ? next.low : low
      high = next.high.isNaN || next.high > high ? next.high : high
    }
    return Enclosure(low, high, max(a.standing, b.standing))
  }

  package static func * (a: Enclosure, b: Enclosure) -> Enclosure {
    if a.isPoint, b.isPoint {
      let (low, high) = product(a.low, b.low)
      return Enclosure(low, high, max(a.standing, b.standing))
    }
    return corners(a, b, product)
  }

  package static func / (a: Enclosure, b: Enclosure) -> Enclosure {
    let standing = max(a.standing, b.standing)
    if b.low > 0 || b.high < 0 { return corners(a, b, quotient) }
    return Enclosure(-.infinity, .infinity, max(standing, b.isPoint ? .undefined : .doubtful))
  }

  var square: Enclosure {
    let size = magnitude
    return Enclosure(
      Self.product(size.low, size.low).low, Self.product(size.high, size.high).high, standing)
  }

  var magnitude: Enclosure {
    low >= 0 ? self : high <= 0 ? -self : Enclosure(0, max(-low, high), standing)
  }

  // MARK: Functions

  /// The part within [least, most]; what lies outside has no result there.
  private func restricted(
    _ least: Double, _ most: Double = .infinity, isOpen: Bool = false
  ) -> Enclosure {
    let isOut = isOpen ? high <= least || low >= most : high < least || low > most
    if isOut { return Enclosure(-.infinity, .infinity, .undefined) }
    let isIn = isOpen ? low > least && high < most : low >= least && high <= most
    return Enclosure(max(low, least), min(high, most), isIn ? standing : max(standing, .doubtful))
  }

  /// A rising function with an error of a few units in the last place; `fixed` is exact.
  private func rising(_ fixed: Double = 0, _ f: (Double) -> Double) -> Enclosure {
    func bound(_ x: Double, _ direction: Double) -> Double {
      let y = f(x)
      if y.isInfinite, x.isFinite, (y > 0) != (direction > 0) { return Self.inwards(y) }
      return x == fixed || !y.isFinite ? y : y + direction * max(8 * y.ulp, .leastNormalMagnitude)
    }
    return Enclosure(bound(low, -1), bound(high, 1), standing)
  }

  /// What overflowed is at least the largest number.
  private static func inwards(_ x: Double) -> Double {
    x.isInfinite ? .greatestFiniteMagnitude * (x > 0 ? 1 : -1) : x
  }

  /// A rising function that never rounds.
  private func mapped(_ f: (Double) -> Double) -> Enclosure {
    Enclosure(f(low), f(high), standing)
  }

  var squareRoot: Enclosure {
    let x = restricted(0)
    if x.standing == .undefined { return x }
    func bounds(_ x: Double) -> (low: Double, high: Double) {
      let root = x.squareRoot()
      if x == 0 || x.isInfinite { return (root, root) }
      return Self.around(root, x > 0x1p-900 ? x.addingProduct(-root, root) : .nan)
    }
    return Enclosure(bounds(x.low).low, bounds(x.high).high, x.standing)
  }

  private var cubeRoot: Enclosure {
    if isPoint {
      let root = cbrt(low)
      if root.significandWidth <= 16, root * root * root == low {
        return Enclosure(root, root, standing)
      }
    }
    return rising { cbrt($0) }
  }

  /// sin and cos: steep nowhere.
  private func waving(_ f: (Double) -> Double) -> Enclosure {
    if self.isPoint, low == 0 { return Enclosure(f(0), f(0), standing) }
    let width = high - low
    guard width < 2 else { return Enclosure(-1, 1, standing) }
    let error = width + 0x1p-50
    return Enclosure(max(-1, f(low) - error), min(1, f(low) + error), standing)
  }

  private func power(_ y: Enclosure) -> Enclosure {
    let standing = max(self.standing, y.standing)
    if y.isPoint {
      switch y.low {
      case 0: return Enclosure(1, 1, standing)
      case 1: return self
      case 2: return square
      case 3: return Enclosure(Self.cubed(low).low, Self.cubed(high).high, standing)
      case 4: return square.square
      case -1: return Enclosure(1) / self
      case 0.5: return squareRoot
      default: break
      }
      if isPoint, (5...64).contains(y.low), y.low == y.low.rounded() {
        let exact = (1..<Int(y.low)).reduce(self) { product, _ in product * self }
        if exact.isPoint { return exact }
      }
      if y.low == y.low.rounded(), low < 0 {
        let isOdd = y.low.truncatingRemainder(dividingBy: 2) != 0
        if high < 0 {
          let size = (-self).power(y)
          return isOdd ? -size : size
        }
        if y.low < 0 { return Enclosure(-.infinity, .infinity, max(standing, .doubtful)) }
        let (below, above) = (Enclosure(0, -low, standing).power(y), Enclosure(0, high).power(y))
        return isOdd ? (-below).hull(above) : below.hull(above)
      }
    }
    let base = restricted(0)
    if base.standing == .undefined { return base }
    if base.low == 0, y.low <= 0 {
      return Enclosure(
        0, .infinity, max(standing, isPoint && y.high < 0 ? .undefined : .doubtful))
    }
    let found = Self.corners(base, y) { a, b in
      let x = pow(a, b)
      let error = max(16 * x.ulp, .leastNormalMagnitude)
      if x.isInfinite, a.isFinite, b.isFinite { return (Self.inwards(x), x) }
      return a == 0 || a == 1 || !x.isFinite ? (x, x) : (x - error, x + error)
    }
    return Enclosure(max(0, found.low), found.high, max(standing, base.standing))
  }

  private static func cubed(_ x: Double) -> (low: Double, high: Double) {
    let cube = Enclosure(x) * Enclosure(x) * Enclosure(x)
    return (cube.low, cube.high)
  }

  private func modulo(_ y: Enclosure) -> Enclosure {
    let standing = max(self.standing, y.standing)
    if y.low <= 0, y.high >= 0 {
      return Enclosure(-.infinity, .infinity, max(standing, y.isPoint ? .undefined : .doubtful))
    }
    let range = Enclosure(min(0, y.low), max(0, y.high), standing)
    guard y.isPoint, isBounded else { return range }
    let (first, last) = (Folding.modulo(low, y.low), Folding.modulo(high, y.low))
    // `fmod` is exact; what is added to it may round.
    if isPoint {
      return Enclosure(first, first, standing).widened(fmod(low, y.low) == first ? 0 : 1)
    }
    let isOneTurn = high - low < abs(y.low) / 2 && first <= last
    return isOneTurn ? Enclosure(first, last, standing).widened(1) : range
  }

  // MARK: Truth

  /// Of a condition: nil where it may be either.
  package var truth: Bool? { low > 0 || high < 0 ? true : isPoint && low == 0 ? false : nil }

  private static func truth(_ x: Bool?, _ standing: Standing) -> Enclosure {
    switch x {
    case true?: Enclosure(1, 1, standing)
    case false?: Enclosure(0, 0, standing)
    case nil: Enclosure(0, 1, standing)
    }
  }

  private static func isLess(_ a: Enclosure, _ b: Enclosure) -> Bool? {
    a.high < b.low ? true : a.low >= b.high ? false : nil
  }

  private static func isEqual(_ a: Enclosure, _ b: Enclosure) -> Bool? {
    a.isPoint && b.isPoint && a.low == b.low ? true : a.isApart(from: b) ? false : nil
  }

  /// `and`, or `or` where `decides` is true: an operand that decides alone makes the other's place of
  /// no account.
  private static func joined(_ a: Enclosure, _ b: Enclosure, decides: Bool) -> Enclosure {
    for x in [a, b] where x.truth == decides && x.standing == .defined {
      return truth(decides, .defined)
    }
    let standing = max(a.standing, b.standing)
    if a.truth == decides || b.truth == decides { return truth(decides, standing) }
    return truth(a.truth == nil || b.truth == nil ? nil : !decides, standing)
  }

  // MARK: All of them

  /// An elementwise operation.
  static func fold(_ operation: Operation, _ x: [Enclosure]) -> Enclosure {
    let a = x[0]
    let standing = x.reduce(Standing.defined) { max($0, $1.standing) }
    switch operation {
    case .negate: return -a
    case .absolute: return a.magnitude
    case .squareRoot: return a.squareRoot
    case .cubeRoot: return a.cubeRoot
    case .sign, .floor, .ceiling, .round, .bfloat16, .float16:
      return a.mapped { Folding.fold(operation, [$0])! }
    case .exponential, .exp2:
      let found = a.rising { Folding.fold(operation, [$0])! }
      return Enclosure(max(0, found.low), found.high, standing)
    case .expm1, .tanh, .sinh, .arctangent, .errorFunction, .arcsinh:
      return a.rising { Folding.fold(operation, [$0])! }
    case .cosh: return a.magnitude.rising { cosh($0) }
    case .logarithm, .log2, .log10:
      return a.restricted(0, isOpen: true).rising(1) { Folding.fold(operation, [$0])! }
    case .log1p: return a.restricted(-1, isOpen: true).rising { log1p($0) }
    case .arcsine: return a.restricted(-1, 1).rising { asin($0) }
    case .arccosine: return (-a).restricted(-1, 1).rising(-1) { acos(-$0) }
    case .arccosh: return a.restricted(1).rising(1) { acosh($0) }
    case .arctanh: return a.restricted(-1, 1, isOpen: true).rising { atanh($0) }
    case .sine: return a.waving { sin($0) }
    case .cosine: return a.waving { cos($0) }
    case .tangent: return a.waving { sin($0) } / a.waving { cos($0) }
    case .reciprocal: return Enclosure(1) / a
    case .add: return a + x[1]
    case .subtract: return a - x[1]
    case .multiply: return a * x[1]
    case .divide: return a / x[1]
    case .power: return a.power(x[1])
    case .modulo: return a.modulo(x[1])
    case .minimum: return Enclosure(min(a.low, x[1].low), min(a.high, x[1].high), standing)
    case .maximum: return Enclosure(max(a.low, x[1].low), max(a.high, x[1].high), standing)
    case .clip:
      return Enclosure(
        min(max(a.low, x[1].low), x[2].low), min(max(a.high, x[1].high), x[2].high), standing)
    case .arctangent2:
      guard a.isPoint, x[1].isPoint else { return Enclosure(-4, 4, standing) }
      return Enclosure(atan2(a.low, x[1].low), atan2(a.low, x[1].low), standing)
        .widened(by: a.low == 0 && x[1].low > 0 ? 0 : 0x1p-48)
    case .copySign:
      let size = a.magnitude.with(standing)
      return x[1].low > 0 ? size : x[1].high < 0 ? -size : size.hull(-size)
    case .isFinite:
      if a.standing == .undefined { return truth(false, .defined) }
      if a.standing == .doubtful { return truth(nil, .defined) }
      return truth(a.isBounded ? true : a.isPoint ? false : nil, .defined)
    case .logicalNot: return truth(a.truth.map { !$0 }, standing)
    case .logicalAnd: return joined(a, x[1], decides: false)
    case .logicalOr: return joined(a, x[1], decides: true)
    case .less: return truth(isLess(a, x[1]), standing)
    case .greater: return truth(isLess(x[1], a), standing)
    case .lessOrEqual: return truth(isLess(x[1], a).map { !$0 }, standing)
    case .greaterOrEqual: return truth(isLess(a, x[1]).map { !$0 }, standing)
    case .equal: return truth(isEqual(a, x[1]), standing)
    case .notEqual: return truth(isEqual(a, x[1]).map { !$0 }, standing)
    case .select:
      let arms = a.truth.map { $0 ? x[1] : x[2] } ?? x[1].hull(x[2])
      return arms.with(a.standing)
    default: return Enclosure(-.infinity, .infinity, standing)
    }
  }
}

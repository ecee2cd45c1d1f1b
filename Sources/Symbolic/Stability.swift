import Basics
import Platform

/// Where a linear rule is stable on ½ h w²: g = h w makes a step the product with one matrix.
package struct Stability {
  package let table: TermTable
  /// x = lr · h, where the matrix depends on both only so; else h.
  package let variable: TermID
  /// Whether the variable is lr · h.
  package let isProduct: Bool
  /// The iteration matrix of (w, states), states scaled as the rule has them.
  package let matrix: [[TermID]]
  /// Of det(z − A): the constant first.
  package let characteristic: [TermID]
  /// What must be positive for all eigenvalues to lie inside of the unit circle (Jury 1962).
  package let conditions: [TermID]
  /// The exact stable range of the variable where all conditions are linear in it: the largest
  /// lower and the smallest upper bounds, several where none is always the tightest.
  package let lower: [TermID]
  package let upper: [TermID]
  /// Conditions that are not linear in the variable.
  package let unsolved: [TermID]
  /// Whether a condition holds for no value of the variable.
  package let isNever: Bool

  /// Throws for rules that are not linear with constant weights.
  package init(_ rule: SymbolicRule) throws(SymbolicError) {
    guard let linear = try LinearRule(rule) else { throw LinearRule.refusal(rule) }
    try self.init(linear)
  }

  init(_ linear: LinearRule) throws(SymbolicError) {
    let t = linear.rule.table
    table = t
    // The determinant of a larger matrix has more terms than anybody reads.
    guard linear.matrix.count <= 5 else { throw SymbolicError("it has more than four states") }
    let h = t.symbol(Symbol("h", .hyper, variant: 1, domain: .positive))
    let x = t.symbol(Symbol("x", .hyper, variant: 1, domain: .positive))
    func iteration(_ replacement: [TermID: TermID]) -> [[TermID]] {
      linear.matrix.indices.map { i in
        linear.matrix[i].indices.map { j in
          let entry =
            j == 0
            ? t.add(linear.matrix[i][0], t.multiply(linear.input[i], h)) : linear.matrix[i][j]
          return t.reduced(t.substitute(entry, replacement))
        }
      }
    }
    let rate = zip(linear.rule.hyperNames, linear.rule.hypers).first {
      $0.0 == "lr" && t[$0.1].kind == .symbol
    }?.1
    var matrix = iteration([:])
    var polynomial = TermMatrix.characteristic(t, matrix)
    var variable = h
    var isProduct = false
    if let rate {
      // lr = x / h: where h goes away, only the product matters.
      let map = [rate: t.divide(x, h)]
      let changed = polynomial.map { t.reduced(t.substitute($0, map)) }
      if !changed.contains(where: { t.contains($0, h) }) {
        polynomial = changed
        variable = x
        isProduct = true
      }
    }
    if !isProduct { matrix = iteration([:]) }
    self.matrix = matrix
    self.variable = variable
    self.isProduct = isProduct
    characteristic = polynomial
    conditions = Self.jury(t, polynomial)
    var lower: [TermID] = []
    var upper: [TermID] = []
    var unsolved: [TermID] = []
    var isNever = false
    for condition in conditions where !t.isPositive(condition) {
      let (_, common, rest) = t.content(condition)
      let weight = t.content(condition).weight
      var core = weight.isNegative ? t.negate(rest) : rest
      // Positive factors do not matter; what is left of the others must be decided.
      for (base, exponent) in t.factors(common) where !t.isPositive(base) {
        core = t.multiply(core, t.power(base, exponent))
      }
      if t.isPositive(core) { continue }
      if t.interval(core).isNonpositive { isNever = true }
      guard let (slope, value) = linear.rule.linear(core, variable) else {
        unsolved.append(core)
        continue
      }
      if slope == t.zero {
        unsolved.append(core)
      } else if t.isPositive(slope) || t.isNonnegative(slope) {
        let bound = t.divide(t.negate(value), slope)
        if !t.interval(bound).isNonpositive { lower.append(bound) }
      } else if t.interval(slope).isNonpositive {
        upper.append(t.divide(value, t.negate(slope)))
      } else {
        unsolved.append(core)
      }
    }
    self.lower = Self.tightest(t, lower, isUpper: false)
    self.upper = Self.tightest(t, upper, isUpper: true)
    self.unsolved = unsolved
    self.isNever = isNever
  }

  private static func tightest(_ t: TermTable, _ all: [TermID], isUpper: Bool) -> [TermID] {
    var kept: [TermID] = []
    for x in all where !kept.contains(x) {
      let isImplied = kept.contains { y in
        let gap = t.reduced(isUpper ? t.subtract(x, y) : t.subtract(y, x))
        return t.isNonnegative(t.multiply(signed(t, gap)))
      }
      if isImplied { continue }
      kept.removeAll { y in
        let gap = t.reduced(isUpper ? t.subtract(y, x) : t.subtract(x, y))
        return t.isNonnegative(t.multiply(signed(t, gap)))
      }
      kept.append(x)
    }
    return kept
  }

  /// The parts of a quotient whose signs decide its own.
  private static func signed(_ t: TermTable, _ x: TermID) -> [TermID] {
    let (weight, common, rest) = t.content(x)
    return [t.number(weight), common, rest]
  }

  /// Jury's conditions for a monic polynomial, constant first: each must be positive.
  static func jury(_ t: TermTable, _ p: [TermID]) -> [TermID] {
    let n = p.count - 1
    func value(_ sign: Int) -> TermID {
      var total = t.zero
      for (k, c) in p.enumerated() {
        total = t.add(total, t.scale(c, by: Rational(k % 2 == 0 || sign > 0 ? 1 : -1)))
      }
      return t.reduced(sign < 0 && n % 2 == 1 ? t.negate(total) : total)
    }
    var conditions = [value(1), value(-1)]
    if n == 1 { return conditions }
    conditions.append(t.reduced(t.subtract(t.one, p[0])))
    conditions.append(t.reduced(t.add(t.one, p[0])))
    if n == 2 { return conditions }
    // |b_{n-1}| < |b_0|, and so on down the table.
    var row = p
    while row.count > 3 {
      let m = row.count - 1
      var next: [TermID] = []
      for k in 0..<m {
        next.append(
          t.reduced(
            t.subtract(
              t.multiply(row[0], row[k]), t.multiply(row[m], row[m - k]))))
      }
      // b_0 = a_0² − a_n² < 0, and |b_{m-1}| < |b_0|.
      conditions.append(t.reduced(t.negate(t.add(next[0], next[m - 1]))))
      conditions.append(t.reduced(t.subtract(next[m - 1], next[0])))
      row = next
    }
    return conditions
  }

  // MARK: Numbers

  /// The largest modulus of an eigenvalue for numbers of the symbols.
  package func spectralRadius(_ values: [TermID: Double]) -> Double? {
    var evaluator = Evaluator(table)
    for (symbol, x) in values { evaluator.set(symbol, x) }
    var coefficients: [Double] = []
    for c in characteristic {
      guard let x = evaluator.number(c), x.isFinite else { return nil }
      coefficients.append(x)
    }
    return Roots.of(coefficients).map { ($0.re * $0.re + $0.im * $0.im).squareRoot() }.max()
  }

  /// The smallest x > 0 at which the rule stops being stable with gradients of `delay` steps before, for numbers of
  /// the other symbols; nil where it is stable nowhere near 0 or for all x up to 10⁶.
  package func limit(_ values: [TermID: Double], delay: Int = 0) -> Double? {
    func coefficients(_ x: Double) -> [Double]? {
      var evaluator = Evaluator(table)
      for (symbol, value) in values { evaluator.set(symbol, value) }
      evaluator.set(variable, x)
      let found = characteristic.compactMap { evaluator.number($0) }
      return found.count == characteristic.count && found.allSatisfy(\.isFinite) ? found : nil
    }
    let still = delay > 0 ? coefficients(0) : nil
    func isStable(_ x: Double) -> Bool {
      guard delay > 0 else {
        var values = values
        values[variable] = x
        return (spectralRadius(values) ?? .infinity) < 1
      }
      guard let still, let now = coefficients(x) else { return false }
      // The determinant is of first degree in h. What h adds to it comes as many steps late: p(z; 0) times z^delay.
      var late = [Double](repeating: 0, count: delay) + still
      for k in now.indices { late[k] += now[k] - still[k] }
      return Roots.areInUnitCircle(late)
    }
    guard isStable(1e-6) || isStable(1e-4) else { return nil }
    var low = isStable(1e-4) ? 1e-4 : 1e-6
    var high = low
    while isStable(high) {
      low = high
      high *= 1.02
      if high > 1e6 { return nil }
    }
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if middle <= low || middle >= high { break }
      if isStable(middle) { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// The x with the smallest spectral radius, and that radius: the factor by which the distance
  /// falls each step.
  package func best(_ values: [TermID: Double]) -> (x: Double, rate: Double)? {
    guard let limit = limit(values) else { return nil }
    func radius(_ x: Double) -> Double {
      var values = values
      values[variable] = x
      return spectralRadius(values) ?? .infinity
    }
    var best = (x: limit / 2, rate: radius(limit / 2))
    var (low, high) = (limit * 1e-4, limit)
    for _ in 0..<6 {
      let width = (high - low) / 400
      for k in 0...400 {
        let x = low + width * Double(k)
        let r = radius(x)
        if r < best.rate - 1e-15 { best = (x, r < 1e-6 ? 0 : r) }
      }
      low = max(best.x - 2 * width, 1e-12)
      high = best.x + 2 * width
    }
    return best
  }

  /// For a rule of one state, where both eigenvalues meet: the x at which its square root stops
  /// being real, and the rate √(constant) there; symbolic.
  package var critical: (x: [TermID], rate: TermID)? {
    let t = table
    // Eigenvalues whose product is negative are real and never meet.
    guard characteristic.count == 3, !t.interval(characteristic[0]).isNegative else { return nil }
    let discriminant = t.reduced(
      t.subtract(
        t.multiply(characteristic[1], characteristic[1]),
        t.scale(characteristic[0], by: Rational(4))))
    guard let roots = Solver(t).quadratic(discriminant, variable),
      !roots.contains(where: { t.isNowhere(t.definedness(of: $0)) })
    else { return nil }
    return (roots, t.power(characteristic[0], .half))
  }

  /// The range in words: `0 < lr * h < 2 * (1 + β)`.
  package var text: String {
    let printer = TermPrinter(table)
    let name = isProduct ? "lr * h" : "h"
    var result = ""
    let lows = lower.isEmpty ? "0" : lower.map { printer.text($0) }.joined(separator: ", ")
    result = (lower.count > 1 ? "max(\(lows))" : lows) + " < " + name
    if upper.count == 1 {
      result += " < " + printer.factored(upper[0])
    } else if upper.count > 1 {
      result += " < min(\(upper.map { printer.factored($0) }.joined(separator: ", ")))"
    }
    for condition in unsolved {
      var named = printer
      if isProduct { named.names[variable] = .verbatim("(lr * h)") }
      result += ", \(named.text(condition)) > 0"
    }
    return result
  }
}

/// The complex roots of real polynomials.
enum Roots {
  struct Complex {
    var re: Double
    var im: Double
    static func - (a: Complex, b: Complex) -> Complex { Complex(re: a.re - b.re, im: a.im - b.im) }
    static func * (a: Complex, b: Complex) -> Complex {
      Complex(re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re)
    }
    static func / (a: Complex, b: Complex) -> Complex {
      let d = b.re * b.re + b.im * b.im
      return Complex(re: (a.re * b.re + a.im * b.im) / d, im: (a.im * b.re - a.re * b.im) / d)
    }
  }

  /// Whether all roots of a polynomial, the constant first, lie inside of the unit circle (Schur and Cohn).
  static func areInUnitCircle(_ p: [Double]) -> Bool {
    var p = p
    while p.count > 1 {
      let n = p.count - 1
      let share = p[0] / p[n]
      guard abs(share) < 1 else { return false }
      p = (0..<n).map { p[$0 + 1] - share * p[n - 1 - $0] }
    }
    return true
  }

  /// The roots of a monic polynomial, the constant first (Durand and Kerner; two by formula).
  static func of(_ p: [Double]) -> [Complex] {
    let n = p.count - 1
    if n < 1 { return [] }
    if n == 1 { return [Complex(re: -p[0], im: 0)] }
    if n == 2 {
      let d = p[1] * p[1] - 4 * p[0]
      if d < 0 {
        let im = (-d).squareRoot() / 2
        return [Complex(re: -p[1] / 2, im: im), Complex(re: -p[1] / 2, im: -im)]
      }
      // The larger root first, so that nothing cancels.
      let large = (p[1] < 0 ? -p[1] + d.squareRoot() : -p[1] - d.squareRoot()) / 2
      return [Complex(re: large, im: 0), Complex(re: large == 0 ? 0 : p[0] / large, im: 0)]
    }
    let size = 1 + (p.dropLast().map { abs($0) }.max() ?? 1)
    var roots = (0..<n).map { k -> Complex in
      let angle = 2 * Double.pi * Double(k) / Double(n) + 0.4
      return Complex(re: size * 0.6 * cos(angle), im: size * 0.6 * sin(angle))
    }
    for _ in 0..<400 {
      var moved = 0.0
      for i in 0..<n {
        var value = Complex(re: 1, im: 0)
        for k in stride(from: n - 1, through: 0, by: -1) {
          value = value * roots[i]
          value.re += p[k]
        }
        var divisor = Complex(re: 1, im: 0)
        for j in 0..<n where j != i { divisor = divisor * (roots[i] - roots[j]) }
        let step = value / divisor
        guard step.re.isFinite, step.im.isFinite else { continue }
        roots[i] = roots[i] - step
        moved = max(moved, abs(step.re) + abs(step.im))
      }
      if moved < 1e-16 * size { break }
    }
    return roots
  }
}

import Basics

/// An equation that holds for all numbers that satisfy its conditions.
package struct Axiom: Sendable {
  package enum Condition: Sendable {
    case nonzero(Expression), nonnegative(Expression), positive(Expression), whole(Expression)
  }
  package var name: String
  package var variables: [String]
  /// As printed.
  package var conditionText: String
  package var equationText: String
  package var conditions: [Condition]
  package var left: Expression
  package var right: Expression

  /// The table, as it is printed by `ravine certify --axioms`.
  package static let all: [Axiom] = table.split(separator: "\n").map { line in
    let parts = line.split(separator: "|", omittingEmptySubsequences: false).map {
      String($0.trimmed)
    }
    guard parts.count == 3, let axiom = try? Axiom(parts[0], parts[1], parts[2]) else {
      preconditionFailure("the axiom \(line) is not read")
    }
    return axiom
  }

  package static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  private init(_ name: String, _ conditions: String, _ equation: String) throws(Refusal) {
    self.name = name
    conditionText = conditions
    equationText = equation
    self.conditions = []
    for text in conditions.split(separator: ",").map({ String($0.trimmed) }) where !text.isEmpty {
      let words = text.split(separator: " ", maxSplits: 1).map(String.init)
      if words[0] == "whole" {
        self.conditions.append(.whole(try Expression(words[1])))
        continue
      }
      let sign = [" != ", " >= ", " > "].first { text.contains($0) } ?? " = "
      let sides = text.split(separator: Character(sign.trimmed.first == "!" ? "!" : ">"))
      let other = String(sides[1].drop { $0 == "=" || $0 == " " })
      let difference = Expression.sum(
        try Expression(String(sides[0])), .negative(try Expression(other)))
      self.conditions.append(
        sign == " != "
          ? .nonzero(difference) : sign == " >= " ? .nonnegative(difference) : .positive(difference)
      )
    }
    guard let i = equation.range(ofEquals: " = ") else { throw Refusal("`\(equation)`") }
    left = try Expression(String(equation[..<i.lower]))
    right = try Expression(String(equation[i.upper...]))
    variables = ["x", "y", "z"].filter { name in
      (conditions + equation).split(whereSeparator: { !ExpressionReader.isNamed($0) })
        .contains(Substring(name))
    }
  }

  private static let table = """
    inverse | x != 0 | x * inv(x) = 1
    inverse-product | | inv(x * y) = inv(x) * inv(y)
    inverse-scaled | x != 0 | inv(y) = x * inv(x * y)
    root-square | x >= 0 | sqrt(x)^2 = x
    square-root | | sqrt(x^2) = abs(x)
    root-product | x >= 0 | sqrt(x * y) = sqrt(x) * sqrt(y)
    root-scaled | x > 0 | sqrt(y) = sqrt(x * y) / sqrt(x)
    root-inverse | | sqrt(inv(x)) = inv(sqrt(x))
    root-power | x >= 0 | sqrt(pow(x, y)) = pow(x, y / 2)
    power-next | x >= 0, y >= 0 | pow(x, y + 1) = x * pow(x, y)
    power-next-whole | whole y, y >= 0 | pow(x, y + 1) = x * pow(x, y)
    power-sum | x > 0 | pow(x, y + z) = pow(x, y) * pow(x, z)
    power-product | x >= 0, y >= 0 | pow(x * y, z) = pow(x, z) * pow(y, z)
    power-power | x > 0 | pow(pow(x, y), z) = pow(x, y * z)
    power-inverse | x >= 0 | pow(inv(x), y) = inv(pow(x, y))
    power-negative | x > 0 | pow(x, -y) = inv(pow(x, y))
    power-zero | x > 0 | pow(0, x) = 0
    power-root | x >= 0 | pow(sqrt(x), y) = pow(x, y / 2)
    power-exponential | x > 0 | pow(x, y) = exp(y * log(x))
    abs-nonnegative | x >= 0 | abs(x) = x
    abs-negative | -x >= 0 | abs(x) = -x
    abs-product | | abs(x * y) = abs(x) * abs(y)
    abs-inverse | | abs(inv(x)) = inv(abs(x))
    abs-square | | abs(x)^2 = x^2
    abs-sign | | abs(x) = x * sign(x)
    abs-sign-product | | abs(x) * sign(x) = x
    sign-positive | x > 0 | sign(x) = 1
    sign-negative | -x > 0 | sign(x) = -1
    sign-product | | sign(x * y) = sign(x) * sign(y)
    sign-inverse | | sign(inv(x)) = sign(x)
    sign-sign | | sign(sign(x)) = sign(x)
    sign-abs | | sign(abs(x)) = sign(x)^2
    sign-root | x >= 0 | sign(sqrt(x)) = sign(x)
    sign-cube | | sign(x)^3 = sign(x)
    sign-square | x != 0 | sign(x)^2 = 1
    sign-square-times | | sign(x)^2 * x = x
    sign-parts | | sign(x) = positive(x) - positive(-x)
    positive-true | x > 0 | positive(x) = 1
    positive-false | -x >= 0 | positive(x) = 0
    positive-product | y > 0 | positive(x * y) = positive(x)
    positive-factors | | positive(x * y) = positive(x) * positive(y) + positive(-x) * positive(-y)
    positive-nonnegative | x >= 0 | positive(x) = 1 - zero(x)
    positive-negative | | positive(-x) = 1 - positive(x) - zero(x)
    positive-square | | positive(x^2) = 1 - zero(x)
    positive-sign | | positive(sign(x)) = positive(x)
    positive-abs | | positive(abs(x)) = 1 - zero(x)
    positive-root | | positive(sqrt(x)) = positive(x)
    positive-inverse | | positive(inv(x)) = positive(x)
    zero-false | x != 0 | zero(x) = 0
    zero-times | | zero(x) * x = 0
    zero-product | | zero(x * y) = zero(x) + zero(y) - zero(x) * zero(y)
    zero-square | | zero(x^2) = zero(x)
    zero-abs | | zero(abs(x)) = zero(x)
    zero-sign | | zero(sign(x)) = zero(x)
    zero-inverse | | zero(inv(x)) = zero(x)
    zero-root | x >= 0 | zero(sqrt(x)) = zero(x)
    zero-positive | | zero(x) * positive(x) = 0
    zero-parts | | zero(x) = 1 - positive(x) - positive(-x)
    max-left | x >= y | max(x, y) = x
    max-scaled | z >= 0 | max(x * z, y * z) = max(x, y) * z
    max-shifted | | max(x + z, y + z) = max(x, y) + z
    max-parts | | max(x, y) = y + (x - y) * positive(x - y)
    max-abs | | max(x, -x) = abs(x)
    max-associates | | max(max(x, y), z) = max(x, max(y, z))
    max-absorbs | | max(max(x, y), y) = max(x, y)
    floor-whole | whole x | floor(x) = x
    floor-shifted | whole y | floor(x + y) = floor(x) + y
    floor-unit | x >= 0, 1 > x | floor(x) = 0
    ceil-whole | whole x | ceil(x) = x
    ceil-floor | | ceil(x) = -floor(-x)
    round-whole | whole x | round(x) = x
    round-odd | | round(-x) = -round(x)
    mod-one | whole x | mod(x, 1) = 0
    mod-floor | y != 0 | mod(x, y) = x - y * floor(x / y)
    mod-whole | | mod(x * y, y) = y * mod(x, 1)
    exponential-sum | | exp(x + y) = exp(x) * exp(y)
    exponential-zero | | exp(0) = 1
    exponential-negative | | exp(-x) = inv(exp(x))
    exponential-logarithm | x > 0 | exp(log(x)) = x
    logarithm-exponential | | log(exp(x)) = x
    logarithm-product | x > 0, y > 0 | log(x * y) = log(x) + log(y)
    logarithm-inverse | | log(inv(x)) = -log(x)
    logarithm-power | x > 0 | log(pow(x, y)) = y * log(x)
    logarithm-root | | log(sqrt(x)) = log(x) / 2
    logarithm-one | | log(1) = 0
    logarithm-e | | log(e) = 1
    power-e | | pow(e, x) = exp(x)
    cbrt-cube | | cbrt(x)^3 = x
    cube-cbrt | | cbrt(x^3) = x
    cbrt-product | | cbrt(x * y) = cbrt(x) * cbrt(y)
    cbrt-odd | | cbrt(-x) = -cbrt(x)
    cbrt-zero | | cbrt(0) = 0
    tanh-odd | | tanh(-x) = -tanh(x)
    tanh-zero | | tanh(0) = 0
    tanh-exponential | | tanh(x) = (exp(2 * x) - 1) / (exp(2 * x) + 1)
    sinh-exponential | | sinh(x) = (exp(x) - inv(exp(x))) / 2
    cosh-exponential | | cosh(x) = (exp(x) + inv(exp(x))) / 2
    sin-odd | | sin(-x) = -sin(x)
    cos-even | | cos(-x) = cos(x)
    sin-zero | | sin(0) = 0
    cos-zero | | cos(0) = 1
    sin-cos | | sin(x)^2 = 1 - cos(x)^2
    sin-sum | | sin(x + y) = sin(x) * cos(y) + cos(x) * sin(y)
    cos-sum | | cos(x + y) = cos(x) * cos(y) - sin(x) * sin(y)
    tan-parts | | tan(x) = sin(x) / cos(x)
    arctan-odd | | arctan(-x) = -arctan(x)
    arctan-zero | | arctan(0) = 0
    arcsin-odd | | arcsin(-x) = -arcsin(x)
    erf-odd | | erf(-x) = -erf(x)
    erf-zero | | erf(0) = 0
    """
}

extension StringProtocol {
  /// Where the only ` = ` of an equation stands.
  func range(ofEquals mark: String) -> (lower: Index, upper: Index)? {
    var i = startIndex
    while i < endIndex {
      if self[i...].hasPrefix(mark) { return (i, index(i, offsetBy: mark.count)) }
      i = index(after: i)
    }
    return nil
  }
}

extension Context {
  /// The equation of an axiom for these values, and how far it reaches. Throws where a condition does
  /// not hold.
  func instance(
    _ axiom: Axiom, _ values: [String: Polynomial]
  ) throws(Refusal) -> (equation: Polynomial, left: Polynomial, reach: Reach) {
    guard Set(values.keys) == Set(axiom.variables) else {
      throw Refusal("`\(axiom.name)` takes \(axiom.variables.joined(separator: ", "))")
    }
    func value(_ expression: Expression) throws(Refusal) -> Polynomial {
      try expression.value(algebra) { values[$0] ?? ($0 == "e" ? self.algebra.symbol("e") : nil) }
    }
    var reach = Reach.everywhere
    for condition in axiom.conditions {
      let found: Reach?
      switch condition {
      case .nonzero(let x):
        let p = try value(x)
        found = try self.reach { (reach) throws(Refusal) in
          try self.isNonzero(try self.normal(p, reach), reach)
        }
      case .nonnegative(let x):
        let p = try value(x)
        found = try self.reach { (reach) throws(Refusal) in
          try self.stretch(try self.normal(p, reach), reach).isNonnegative
        }
      case .positive(let x):
        let p = try value(x)
        found = try self.reach { (reach) throws(Refusal) in
          try self.isPositive(try self.normal(p, reach), reach)
        }
      case .whole(let x):
        let p = try value(x)
        found = try self.reach { (reach) throws(Refusal) in
          self.algebra.isInteger(try self.normal(p, reach))
        }
      }
      guard let found else {
        throw Refusal("the condition \(axiom.conditionText) is not known to hold")
      }
      reach = max(reach, found)
    }
    let left = try value(axiom.left)
    return (left - (try value(axiom.right)), left, reach)
  }
}

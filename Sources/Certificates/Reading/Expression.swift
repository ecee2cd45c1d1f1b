import Basics

/// An expression as axioms and certificates write it: `x * inv(x)`, `sqrt(v)^2`, `sum{all;like;}(g)`.
package indirect enum Expression: Sendable {
  case number(Rational)
  case name(String)
  case apply(String, detail: String, [Expression])
  case sum(Expression, Expression)
  case product(Expression, Expression)
  case negative(Expression)
  case power(Expression, Int)

  package init(_ text: String) throws(Refusal) {
    var reader = ExpressionReader(text)
    self = try reader.all()
  }

  /// Its value, with names as `known` says.
  package func value(
    _ algebra: Algebra, _ known: (String) -> Polynomial?
  ) throws(Refusal) -> Polynomial {
    let result: Polynomial
    switch self {
    case .number(let x): result = Polynomial(x)
    case .name(let name):
      guard let value = known(name) else { throw Refusal("`\(name)` means nothing here") }
      result = value
    case .sum(let x, let y):
      result =
        try x.value(algebra, known) + y.value(algebra, known)
    case .product(let x, let y):
      result = try algebra.product(x.value(algebra, known), y.value(algebra, known))
    case .negative(let x): result = -(try x.value(algebra, known))
    case .power(let x, let n):
      guard n <= 64 else { throw Refusal("the exponent \(n) is too large") }
      result = try algebra.power(x.value(algebra, known), n)
    case .apply(let name, let detail, let operands):
      var values: [Polynomial] = []
      for operand in operands {
        values.append(try operand.value(algebra, known))
      }
      // What is computed element by element has no shapes; all else is an operation of the rules, or
      // of what followed from them.
      guard
        detail.isEmpty
          ? Self.arity[name] == values.count : algebra.has(name, detail, of: values.count)
      else {
        throw Refusal("`\(name)` is no operation on \(values.count) operands")
      }
      result = algebra.apply(name, detail, values)
    }
    guard result.isSmall(Context.largest) else {
      throw Refusal("a polynomial becomes too large")
    }
    try algebra.requireFlat(result)
    return result
  }

  /// Whether a name has it without quotes.
  package static func isNamed(_ c: Character) -> Bool {
    c.isLetter || c.isNumber || "_.@#'".contains(c)
  }

  /// What is computed element by element, and of how many numbers.
  static let arity: [String: Int] = {
    var arity = ["pow": 2, "max": 2, "mod": 2, "arctan2": 2, "copysign": 2]
    for name in [
      "inv", "sqrt", "abs", "sign", "positive", "zero", "floor", "ceil", "round", "exp", "log",
      "cbrt", "tanh", "sinh", "cosh", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "erf",
      "bf16", "f16", "arcsinh", "arccosh", "arctanh",
    ] {
      arity[name] = 1
    }
    return arity
  }()
}

struct ExpressionReader {
  var rest: Substring
  var depth = 0
  /// Operations so far: sums of many terms are nested as deep.
  var count = 0

  init(_ text: String) { rest = Substring(text) }

  mutating func all() throws(Refusal) -> Expression {
    let result = try sum()
    skip()
    if !rest.isEmpty { throw Refusal("`\(rest.prefix(20))` is not read") }
    return result
  }

  private mutating func skip() { rest = rest.drop { $0 == " " } }

  private mutating func take(_ character: Character) -> Bool {
    skip()
    guard rest.first == character else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func sum() throws(Refusal) -> Expression {
    depth += 1
    defer { depth -= 1 }
    if depth > 200 { throw Refusal("the expression is nested too deep") }
    var result = try product()
    while true {
      if take("+") {
        result = .sum(result, try product())
      } else if take("-") {
        result = .sum(result, .negative(try product()))
      } else {
        return result
      }
    }
  }

  private mutating func product() throws(Refusal) -> Expression {
    var result = try factor()
    while true {
      if take("*") {
        result = .product(result, try factor())
      } else if take("/") {
        result = .product(result, .apply("inv", detail: "", [try factor()]))
      } else {
        return result
      }
    }
  }

  private mutating func factor() throws(Refusal) -> Expression {
    count += 1
    if count > 1_000 { throw Refusal("the expression is too long") }
    var negations = 0
    while take("-") { negations += 1 }
    var result = try primary()
    if take("^") {
      skip()
      let digits = rest.prefix { $0.isNumber }
      guard let n = Int(digits) else { throw Refusal("an exponent is a whole number") }
      rest = rest.dropFirst(digits.count)
      result = .power(result, n)
    }
    return negations % 2 == 1 ? .negative(result) : result
  }

  private mutating func primary() throws(Refusal) -> Expression {
    if take("(") {
      let inner = try sum()
      guard take(")") else { throw Refusal("a bracket is not closed") }
      return inner
    }
    skip()
    guard let first = rest.first else { throw Refusal("an expression ends too early") }
    if first.isNumber {
      let digits = rest.prefix { $0.isNumber }
      rest = rest.dropFirst(digits.count)
      return .number(try Self.whole(digits))
    }
    var name: Substring
    if first == "`" {
      name = rest.dropFirst().prefix { $0 != "`" }
      rest = rest.dropFirst(name.count + 2)
    } else {
      name = rest.prefix { Expression.isNamed($0) }
      rest = rest.dropFirst(name.count)
    }
    if name.isEmpty { throw Refusal("`\(rest.prefix(10))` begins no expression") }
    var detail = Substring()
    if take("{") {
      detail = rest.prefix { $0 != "}" }
      rest = rest.dropFirst(detail.count)
      guard take("}") else { throw Refusal("a brace is not closed") }
    }
    guard take("(") else {
      if !detail.isEmpty { throw Refusal("`\(name)` has no operands") }
      return .name(String(name))
    }
    var operands: [Expression] = []
    if !take(")") {
      repeat { operands.append(try sum()) } while take(",")
      guard take(")") else { throw Refusal("a bracket is not closed") }
    }
    return .apply(String(name), detail: String(detail), operands)
  }

  private static func whole(_ digits: Substring) throws(Refusal) -> Rational {
    if digits.utf8.count > 4_000 { throw Refusal("a number has too many digits") }
    var result = BigInteger.zero
    for digit in digits {
      guard let value = digit.wholeNumberValue, value < 10 else {
        throw Refusal("`\(digits)` is no number")
      }
      result = result * 10 + BigInteger(value)
    }
    return Rational(result, .one)
  }
}

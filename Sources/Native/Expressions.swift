import CKernels

/// What the interpreter's kernels compute, as expressions of C: the same roundings in the same order.
enum Expression {
  /// Functions of ScalarTemplate.h.
  enum Helper: Int, CaseIterable {
    case sign, minimum, maximum, modulo, clip, power

    var name: String { "rv_\(self)" }
  }

  /// An operation's text, and what it calls.
  struct Text {
    var text: String
    var helper: Helper?
    /// Calls exp, log or tanh of Math.h.
    var usesMath = false
    /// Converts to and from numbers of sixteen bits.
    var usesFormats = false

    init(_ text: String, _ helper: Helper? = nil, usesMath: Bool = false) {
      self.text = text
      self.helper = helper
      self.usesMath = usesMath
    }
  }

  /// An elementwise operation on the operands `x`; nil where there is no expression for it.
  static func of(_ operation: rv_op, _ x: [String], isFloat: Bool) -> Text? {
    let suffix = isFloat ? "_f32" : "_f64"
    let one = isFloat ? "1.0f" : "1.0"
    let zero = isFloat ? "0.0f" : "0.0"
    func libm(_ name: String) -> Text {
      Text("\(name)\(isFloat ? "f" : "")(\(x[0]))")
    }
    func own(_ name: String) -> Text { Text("rv_\(name)\(suffix)(\(x[0]))", usesMath: true) }
    func sixteen(_ name: String) -> Text {
      var text = Text("rv_from_\(name)\(suffix)(rv_to_\(name)\(suffix)(\(x[0])))")
      text.usesFormats = true
      return text
    }
    func helper(_ helper: Helper, _ count: Int) -> Text {
      Text("\(helper.name)\(suffix)(\(x.prefix(count).joined(separator: ", ")))", helper)
    }
    func truth(_ condition: String) -> Text { Text("\(condition) ? \(one) : \(zero)") }
    switch operation {
    case RV_COPY: return Text(x[0])
    case RV_NEGATE: return Text("-\(x[0])")
    case RV_ABSOLUTE: return libm("fabs")
    case RV_SIGN: return helper(.sign, 1)
    case RV_SQUARE_ROOT: return libm("sqrt")
    case RV_CUBE_ROOT: return isFloat ? own("cbrt") : libm("cbrt")
    case RV_EXPONENTIAL: return own("exp")
    case RV_EXPM1: return libm("expm1")
    case RV_LOGARITHM: return own("log")
    case RV_LOG1P: return libm("log1p")
    case RV_TANH: return own("tanh")
    case RV_SINH: return libm("sinh")
    case RV_COSH: return libm("cosh")
    case RV_SINE: return libm("sin")
    case RV_COSINE: return libm("cos")
    case RV_TANGENT: return libm("tan")
    case RV_ARCSINE: return libm("asin")
    case RV_ARCCOSINE: return libm("acos")
    case RV_ARCTANGENT: return libm("atan")
    case RV_FLOOR: return libm("floor")
    case RV_CEILING: return libm("ceil")
    // To even, as the rounding mode is.
    case RV_ROUND: return libm("rint")
    case RV_ROUND_BF16: return sixteen("bf16")
    case RV_ROUND_F16: return sixteen("f16")
    case RV_ERROR_FUNCTION: return libm("erf")
    case RV_EXP2: return libm("exp2")
    case RV_LOG2: return libm("log2")
    case RV_LOG10: return libm("log10")
    case RV_ARCSINH: return libm("asinh")
    case RV_ARCCOSH: return libm("acosh")
    case RV_ARCTANH: return libm("atanh")
    case RV_RECIPROCAL: return Text("1 / \(x[0])")
    case RV_IS_FINITE: return truth("\(x[0]) - \(x[0]) == 0")
    case RV_LOGICAL_NOT: return truth("\(x[0]) == 0")
    case RV_ADD: return Text("\(x[0]) + \(x[1])")
    case RV_SUBTRACT: return Text("\(x[0]) - \(x[1])")
    case RV_MULTIPLY: return Text("\(x[0]) * \(x[1])")
    case RV_DIVIDE: return Text("\(x[0]) / \(x[1])")
    case RV_POWER: return helper(.power, 2)
    case RV_MINIMUM: return helper(.minimum, 2)
    case RV_MAXIMUM: return helper(.maximum, 2)
    case RV_MODULO: return helper(.modulo, 2)
    case RV_ARCTANGENT2: return Text("atan2\(isFloat ? "f" : "")(\(x[0]), \(x[1]))")
    case RV_COPY_SIGN: return Text("copysign\(isFloat ? "f" : "")(\(x[0]), \(x[1]))")
    case RV_LESS: return truth("\(x[0]) < \(x[1])")
    case RV_LESS_OR_EQUAL: return truth("\(x[0]) <= \(x[1])")
    case RV_GREATER: return truth("\(x[0]) > \(x[1])")
    case RV_GREATER_OR_EQUAL: return truth("\(x[0]) >= \(x[1])")
    case RV_EQUAL: return truth("\(x[0]) == \(x[1])")
    case RV_NOT_EQUAL: return truth("\(x[0]) != \(x[1])")
    case RV_LOGICAL_AND: return truth("((\(x[0]) != 0) & (\(x[1]) != 0))")
    case RV_LOGICAL_OR: return truth("((\(x[0]) != 0) | (\(x[1]) != 0))")
    // A condition that is not a number counts as true.
    case RV_SELECT: return Text("\(x[0]) != 0 ? \(x[1]) : \(x[2])")
    case RV_CLIP: return helper(.clip, 3)
    case RV_MULTIPLY_ADD: return Text("\(x[0]) * \(x[1]) + \(x[2])")
    case RV_MULTIPLY_SUBTRACT: return Text("\(x[0]) * \(x[1]) - \(x[2])")
    case RV_SUBTRACT_MULTIPLY: return Text("\(x[2]) - \(x[0]) * \(x[1])")
    case RV_BLEND: return Text("\(x[0]) * \(x[1]) + \(x[2]) * \(x[3])")
    case RV_BLEND_SQUARE: return Text("\(x[0]) * \(x[1]) + (\(x[2]) * \(x[2])) * \(x[3])")
    case RV_ROOT_ADD: return Text("sqrt\(isFloat ? "f" : "")(\(x[0])) + \(x[1])")
    case RV_DECAYED_STEP: return Text("\(x[0]) - \(x[1]) * (\(x[2]) + \(x[3]) * \(x[0]))")
    case RV_SIGNED_STEP:
      return Text(
        "\(x[0]) - \(x[1]) * (\(Helper.sign.name)\(suffix)(\(x[2])) + \(x[3]) * \(x[0]))", .sign)
    default: return nil
    }
  }

  /// How many operands an operation reads.
  static func operandCount(_ operation: rv_op) -> Int {
    switch operation {
    case RV_BLEND, RV_BLEND_SQUARE, RV_DECAYED_STEP, RV_SIGNED_STEP: 4
    case RV_SELECT, RV_CLIP, RV_MULTIPLY_ADD, RV_MULTIPLY_SUBTRACT, RV_SUBTRACT_MULTIPLY,
      RV_ROOT_QUOTIENT_ADD, RV_QUOTIENT_DIVIDE:
      3
    case RV_ROOT_ADD: 2
    default:
      operation.rawValue >= RV_ADD.rawValue && operation.rawValue <= RV_LOGICAL_OR.rawValue ? 2 : 1
    }
  }

  /// A number as C reads it back; nil where it is not finite.
  static func literal(_ x: Double, isFloat: Bool) -> String? {
    guard x.isFinite else { return nil }
    if !isFloat { return x.sign == .minus ? "(\(x))" : "\(x)" }
    // Through double, as the interpreter rounds.
    if Double(Float(x)) == x { return x.sign == .minus ? "(\(x)f)" : "\(x)f" }
    return "((float)\(x))"
  }
}

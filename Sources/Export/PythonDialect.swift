import Basics
import IR

/// Python around one library of arrays. A new library is a small type: what it calls the operations that
/// Python has no sign for, and its reductions.
protocol PythonDialect: Dialect {
  /// What the library is imported as.
  static var module: String { get }
  /// Whether hyperparameters and the step are traced: then choices between them are choices between values.
  static var tracesHypers: Bool { get }
  /// The functions of the library by operation, for values that are arrays.
  static var functions: [Operation: String] { get }
  /// A fold within a tensor: `sum`, `mean`, `norm`, `max`, …; `axis` is 0 or 1 of a matrix, nil for all.
  func fold(_ name: String, _ operand: String, axis: Int?) -> String
  /// The dtype argument of a constructor behind the shape.
  func filled(_ value: String, _ shape: String, like: String) -> String
  /// `x` with the values of a condition as numbers.
  func numbers(_ condition: String, like: String) -> String
  func reshaped(_ x: String, _ shape: String) -> String
  /// A copy of an array that shares no memory.
  func copied(_ x: String) -> String
}

extension PythonDialect {
  /// The forms that all of them share.
  static func sharedForm(_ operation: Operation) -> Form? {
    switch operation {
    case .power: Form("$0**$1", .power, [.postfix, .prefix])
    case .modulo: .sign("%", .modulo)
    case .logicalAnd: Form("$0 & $1", .and, [.sum, .sum])
    case .logicalOr: Form("$0 | $1", .or, [.sum, .sum])
    case .logicalNot: Form("~$0", .prefix, [.postfix])
    case .transpose: Form("$0.T", .postfix, [.postfix])
    case .minimum, .maximum, .absolute: nil
    default: .sign(operation.info.name, operation)
    }
  }

  static var conditional: Form { Form("$1 if $0 else $2", .conditional, [.or, .or, .conditional]) }

  func number(_ x: Double) -> Written {
    if let share = PythonNumber.complement(x) { return Written("1 - \(share)", .sum) }
    return .signed(PythonNumber.text(x))
  }

  /// Conditions on numbers of the host.
  func form(ofCall name: String) -> Form? {
    switch name {
    case "host and": Form("$0 and $1", .and, [.and, .not])
    case "host or": Form("$0 or $1", .or, [.or, .and])
    case "host not": Form("not $0", .not, [.comparison])
    default: nil
    }
  }

  /// Black's spacing: a power of names and numbers is close, others stand apart.
  func joint(_ operation: Operation, _ left: String, _ right: String) -> String? {
    guard operation == .power else { return nil }
    func isSimple(_ text: String) -> Bool {
      let bare = text.hasPrefix("-") ? text.dropFirst() : text[...]
      return bare.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
    }
    return isSimple(left) && isSimple(right) ? "\(left)**\(right)" : "\(left) ** \(right)"
  }
}

/// Numbers as Python writes them.
enum PythonNumber {
  /// The short number y where x is what rounding makes of 1 - y: `0.9` for 0.09999999999999998.
  static func complement(_ x: Double) -> String? {
    guard x > 0, x < 1, NumberText.shortest(x).count > 12 else { return nil }
    let share = NumberText.shortest(1 - x)
    return share.count <= 8 && 1 - (1 - x) == x ? shortened(share) : nil
  }

  static func text(_ x: Double) -> String {
    if x.isNaN { return "math.nan" }
    if x.isInfinite { return x < 0 ? "-math.inf" : "math.inf" }
    if x == .pi { return "math.pi" }
    return shortened(NumberText.shortest(x, signedZero: true))
  }

  /// `1e-08` as `1e-8`, `1e+30` as `1e30`.
  static func shortened(_ text: String) -> String {
    guard let e = text.firstIndex(of: "e") else { return text }
    var power = text[text.index(after: e)...]
    let sign = power.hasPrefix("-") ? "-" : ""
    if power.hasPrefix("-") || power.hasPrefix("+") { power = power.dropFirst() }
    let digits = power.drop { $0 == "0" }
    var mantissa = text[..<e]
    if mantissa.hasSuffix(".0") { mantissa = mantissa.dropLast(2) }
    return "\(mantissa)e\(sign)\(digits)"
  }
}

/// NumPy.
struct NumpyDialect: PythonDialect {
  static let module = "np"
  static let tracesHypers = false
  static let forms = Form.Table { sharedForm($0) }
  static let functions = arrayFunctions("np")

  /// The names that NumPy and JAX share.
  static func arrayFunctions(_ module: String) -> [Operation: String] {
    let names: [Operation: String] = [
      .absolute: "abs", .sign: "sign", .squareRoot: "sqrt", .cubeRoot: "cbrt",
      .exponential: "exp", .expm1: "expm1", .logarithm: "log", .log1p: "log1p", .tanh: "tanh",
      .sinh: "sinh", .cosh: "cosh", .sine: "sin", .cosine: "cos", .tangent: "tan",
      .arcsine: "arcsin", .arccosine: "arccos", .arctangent: "arctan", .floor: "floor",
      .ceiling: "ceil", .round: "round", .isFinite: "isfinite", .minimum: "minimum",
      .maximum: "maximum", .arctangent2: "arctan2", .copySign: "copysign", .select: "where",
      .clip: "clip", .exp2: "exp2", .log2: "log2", .log10: "log10", .arcsinh: "arcsinh",
      .arccosh: "arccosh", .arctanh: "arctanh",
    ]
    return names.mapValues { "\(module).\($0)" }
  }

  func fold(_ name: String, _ operand: String, axis: Int?) -> String {
    let function = name == "norm" ? "np.linalg.norm" : "np.\(name)"
    return "\(function)(\(operand)\(axis.map { ", axis=\($0), keepdims=True" } ?? ""))"
  }
  func filled(_ value: String, _ shape: String, like: String) -> String {
    if shape == "\(like).shape" {
      return value == "0" ? "np.zeros_like(\(like))" : "np.full_like(\(like), \(value))"
    }
    return value == "0"
      ? "np.zeros(\(shape), \(like).dtype)" : "np.full(\(shape), \(value), \(like).dtype)"
  }
  func numbers(_ condition: String, like: String) -> String {
    "np.asarray(\(condition), \(like).dtype)"
  }
  func reshaped(_ x: String, _ shape: String) -> String { "np.reshape(\(x), \(shape))" }
  func copied(_ x: String) -> String { "np.array(\(x))" }
}

/// JAX, whose hyperparameters may be traced.
struct JaxDialect: PythonDialect {
  static let module = "jnp"
  static let tracesHypers = true
  static let forms = Form.Table { sharedForm($0) }
  static let functions: [Operation: String] =
    NumpyDialect.arrayFunctions("jnp").merging([.errorFunction: "jax.scipy.special.erf"]) { a, _ in
      a
    }

  func fold(_ name: String, _ operand: String, axis: Int?) -> String {
    let function = name == "norm" ? "jnp.linalg.norm" : "jnp.\(name)"
    return "\(function)(\(operand)\(axis.map { ", axis=\($0), keepdims=True" } ?? ""))"
  }
  func filled(_ value: String, _ shape: String, like: String) -> String {
    if shape == "\(like).shape" {
      return value == "0" ? "jnp.zeros_like(\(like))" : "jnp.full_like(\(like), \(value))"
    }
    return value == "0"
      ? "jnp.zeros(\(shape), \(like).dtype)" : "jnp.full(\(shape), \(value), \(like).dtype)"
  }
  func numbers(_ condition: String, like: String) -> String {
    "jnp.asarray(\(condition), \(like).dtype)"
  }
  func reshaped(_ x: String, _ shape: String) -> String { "jnp.reshape(\(x), \(shape))" }
  func copied(_ x: String) -> String { x }
}

/// PyTorch.
struct TorchDialect: PythonDialect {
  static let module = "torch"
  static let tracesHypers = false
  static let forms = Form.Table { sharedForm($0) }
  static let functions: [Operation: String] = {
    var names = NumpyDialect.arrayFunctions("torch")
    names[.cubeRoot] = nil
    names[.errorFunction] = "torch.erf"
    names[.arctangent2] = "torch.atan2"
    names[.clip] = "torch.clamp"
    return names
  }()

  func fold(_ name: String, _ operand: String, axis: Int?) -> String {
    let function =
      switch name {
      case "norm": "torch.linalg.vector_norm"
      case "max" where axis != nil: "torch.amax"
      case "min" where axis != nil: "torch.amin"
      default: "torch.\(name)"
      }
    return "\(function)(\(operand)\(axis.map { ", dim=\($0), keepdim=True" } ?? ""))"
  }
  func filled(_ value: String, _ shape: String, like: String) -> String {
    if shape == "\(like).shape" {
      return value == "0" ? "torch.zeros_like(\(like))" : "torch.full_like(\(like), \(value))"
    }
    return value == "0"
      ? "\(like).new_zeros(\(shape))" : "\(like).new_full(\(shape), \(value))"
  }
  func numbers(_ condition: String, like: String) -> String { "\(condition).to(\(like).dtype)" }
  func reshaped(_ x: String, _ shape: String) -> String { "torch.reshape(\(x), \(shape))" }
  func copied(_ x: String) -> String { "\(x).clone()" }
}

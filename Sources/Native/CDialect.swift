import IR

/// C, in float or double. It notes which functions its texts call.
final class CDialect: Dialect {
  private let isFloat: Bool
  private(set) var needs: SegmentWriter.Needs = []
  private(set) var helpers: Set<Int> = []

  init(isFloat: Bool) { self.isFloat = isFloat }

  static let forms = Form.Table { operation in
    switch operation {
    case .power, .modulo: nil
    case .logicalAnd: .sign("&", .logicalAnd)
    case .logicalOr: .sign("|", .logicalOr)
    default: .sign(operation.info.name, operation)
    }
  }
  static let conditional = Form("$0 ? $1 : $2", .conditional, [.or, .or, .or])

  func number(_ x: Double) -> Written {
    .signed(Expression.literal(x, isFloat: isFloat) ?? "\(x)")
  }

  private static let own: [String: Expression.Helper] = [
    "sign": .sign, "min": .minimum, "max": .maximum, "mod": .modulo, "clip": .clip,
  ]

  func callee(_ name: String) -> String {
    let suffix = isFloat ? "_f32" : "_f64"
    if let helper = Self.own[name] {
      helpers.insert(helper.rawValue)
      return helper.name + suffix
    }
    switch name {
    case "^":
      needs.insert(.math)
      return "rv_power\(suffix)"
    case "exp", "log", "tanh": needs.insert(.math)
    case "cbrt", "exp2", "expm1", "log1p", "log2", "log10":
      if !isFloat { return name }
      needs.insert(.math)
    case "from_bf16", "to_bf16", "from_f16", "to_f16": needs.insert(.formats)
    default: return name + (isFloat ? "f" : "")
    }
    return "rv_\(name)\(suffix)"
  }
}

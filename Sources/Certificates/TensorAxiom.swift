import Basics

/// Equations of operations on whole tensors. What they say depends on shapes, so they are computed.
package enum TensorAxiom: String, CaseIterable, Sendable {
  case linear
  case linearRight = "linear-right"
  case transposeTwice = "transpose-twice"
  case transposeProduct = "transpose-product"
  case productAssociates = "product-associates"
  case reductionOfConstant = "reduction-of-constant"
  case reductionScaled = "reduction-scaled"
  case sumOfSums = "sum-of-sums"
  case sumTransposed = "sum-transposed"
  case traceOfProduct = "trace-of-product"
  case foldOfZeros = "fold-of-zeros"

  /// The equation for an application of an operation.
  func equation(
    _ context: Context, _ p: Polynomial
  ) throws(Refusal) -> (equation: Polynomial, reach: Reach) {
    let algebra = context.algebra
    let whole = try Application(algebra, p, nil, as: nil)
    let x = whole.operands[0]
    func require(_ isSo: Bool) throws(Refusal) {
      if !isSo { throw Refusal("`\(rawValue)` says nothing of `\(whole.name)`") }
    }
    func inner(_ name: String) throws(Refusal) -> Application {
      try Application(algebra, x, name, as: whole.from[0])
    }
    func product(
      _ x: Polynomial, _ y: Polynomial, _ from: [Substring], _ to: [Substring]
    ) -> Polynomial {
      let result = [from[0], to[1]]
      return algebra.apply(
        "matmul", "0;\(Shapes.text(from)),\(Shapes.text(to));\(Shapes.text(result))", [x, y])
    }
    func sum(_ x: Polynomial, _ shape: [Substring]) -> Polynomial {
      algebra.apply("sum", "all;\(Shapes.text(shape));", [x])
    }
    let isSum = whole.name == "sum" && whole.what == "all" && whole.to.isEmpty
    let right: Polynomial
    switch self {
    case .linear: right = try whole.expanded(algebra, 0)
    case .linearRight:
      try require(whole.name == "matmul")
      right = try whole.expanded(algebra, 1)
    case .transposeTwice:
      try require(whole.name == "transpose")
      right = try inner("transpose").operands[0]
    case .transposeProduct:
      let own = try inner("matmul")
      try require(whole.name == "transpose" && own.isOfMatrices)
      right = product(
        algebra.transposed(own.operands[1], own.from[1]),
        algebra.transposed(own.operands[0], own.from[0]),
        own.from[1].reversed(), own.from[0].reversed())
    case .productAssociates:
      let own = try inner("matmul")
      try require(whole.name == "matmul" && whole.isOfMatrices && own.isOfMatrices)
      let tail = product(own.operands[1], whole.operands[1], own.from[1], whole.from[1])
      right = product(own.operands[0], tail, own.from[0], [own.from[1][0], whole.from[1][1]])
    case .sumOfSums:
      let own = try inner("sum")
      try require(isSum && own.from[0].count == 2)
      let (rows, columns) = (own.from[0][0], own.from[0][1])
      try require(
        own.what == "perRow" && own.to == [rows, "1"]
          || own.what == "perColumn" && own.to == ["1", columns])
      right = sum(own.operands[0], own.from[0])
    case .sumTransposed:
      try require(isSum && whole.from[0].count == 2)
      let turned: [Substring] = whole.from[0].reversed()
      right = sum(try untransposed(algebra, x, turned), turned)
    case .traceOfProduct:
      let diagonal = try inner("diag")
      let own = try Application(algebra, diagonal.operands[0], "matmul", as: diagonal.from[0])
      try require(
        isSum && own.isOfMatrices && own.from[1] == own.from[0].reversed()
          && diagonal.to == [own.from[0][0], "1"])
      right = sum(own.operands[0] * algebra.transposed(own.operands[1], own.from[1]), own.from[0])
    case .foldOfZeros:
      let isPlain = ["all", "perRow", "perColumn", "all tensors"].contains(whole.what)
      try require(["sum", "global_sum", "max_of"].contains(whole.name) && isPlain)
      let own = algebra.reach(into: algebra[p.atom!])
      let reach = try context.reach { (r) throws(Refusal) in
        try context.normal(p, r).isZero ? context.holds(.nonnegative, x, min(r, own)) : false
      }
      guard let reach else { throw Refusal("it may not be 0") }
      // A product is 0 where one of its factors is, once, whatever its sign.
      let factors = x.single?.monomial.powers.map {
        algebra[$0.atom].operation == "abs" ? algebra[$0.atom].operands[0] : Polynomial($0.atom)
      }
      return (factors?.reduce(.one) { $0 * $1 } ?? x, reach)
    case .reductionOfConstant:
      try require(
        ["max_of", "min_of"].contains(whole.name) && algebra.axes(x).isEmpty
          && algebra.carried(x) == 0)
      right = x
    case .reductionScaled:
      try require(["max_of", "min_of"].contains(whole.name))
      let (common, rest) = x.content
      let (outside, inside) = common.split { algebra[$0].axes.isEmpty }
      let reach = try context.reach { (reach) throws(Refusal) in
        try context.stretch(Polynomial(outside), min(reach, .tensor)).isNonnegative
      }
      guard outside != .one, let reach, reach < .element else {
        throw Refusal("the factor may be negative")
      }
      let scaled = algebra.apply(whole.name, whole.detail, [Polynomial(inside) * rest])
      return (p - Polynomial(outside) * scaled, reach)
    }
    return (p - right, .everywhere)
  }

  /// What is computed element by element of transposes, as it is of their operands.
  private func untransposed(
    _ algebra: Algebra, _ p: Polynomial, _ shape: [Substring]
  ) throws(Refusal) -> Polynomial {
    try algebra.mapped(p) { (id) throws(Refusal) in
      let atom = algebra[id]
      if atom.name == "transpose" {
        return try Application(algebra, Polynomial(id), "transpose", as: shape.reversed())
          .operands[0]
      }
      if atom.axes.isEmpty { return Polynomial(id) }
      guard atom.detail.isEmpty, !atom.isSymbol else { throw Refusal("it is no transpose") }
      return algebra.apply(
        atom.name,
        try atom.operands.map { (p) throws(Refusal) in try untransposed(algebra, p, shape) })
    }
  }
}

extension Algebra {
  func transposed(_ x: Polynomial, _ from: [Substring]) -> Polynomial {
    apply("transpose", "0;\(Shapes.text(from));\(Shapes.text(from.reversed()))", [x])
  }
}

/// An operation on whole tensors with its shapes. Those are the rules' own; what it is applied to a
/// certificate may have written, and is therefore held to them.
private struct Application {
  let name: String
  let detail: String
  /// A scope, or a place in a table.
  let what: Substring
  let from: [[Substring]]
  let to: [Substring]
  let operands: [Polynomial]
  let axes: Axes
  var isOfMatrices: Bool { from.count == 2 && from.allSatisfy { $0.count == 2 } }

  /// What `name` and `shape` say must be so, where they say something.
  init(
    _ algebra: Algebra, _ p: Polynomial, _ name: String?, as shape: [Substring]?
  ) throws(Refusal) {
    guard let id = p.atom, !algebra[id].detail.isEmpty else {
      throw Refusal("this is no operation on a tensor")
    }
    let atom = algebra[id]
    let parts = atom.detail.split(separator: ";", omittingEmptySubsequences: false)
    // A number has an empty shape.
    let shapes =
      parts.count == 3 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : []
    guard !shapes.isEmpty, shapes.count == atom.operands.count else {
      throw Refusal("this has no shapes")
    }
    self.name = atom.name
    detail = atom.detail
    what = parts[0]
    from = shapes.map { Shapes.extents($0) }
    to = Shapes.extents(parts[2])
    operands = atom.operands
    axes = atom.axes
    if let name, name != atom.name { throw Refusal("its operand is no \(name)") }
    if let shape, shape != to { throw Refusal("the shapes differ") }
    guard zip(shapes, operands).allSatisfy({ algebra.axes($1).isSubset(of: Axes(shape: $0)) })
    else {
      throw Refusal("these are not its shapes")
    }
  }

  /// Operations that are linear in an operand of their own.
  static let linear: Set = [
    "sum", "global_sum", "transpose", "matmul", "reshape", "broadcast", "slice", "placeSlice",
    "diag",
  ]

  /// Term by term of operand k, without factors that are one number along what is folded.
  func expanded(_ algebra: Algebra, _ k: Int) throws(Refusal) -> Polynomial {
    guard Self.linear.contains(name) else { throw Refusal("`\(name)` is not linear") }
    let varying: Axes =
      name != "sum" || what == "all" || what == "leading"
      ? .every : what == "perRow" ? [.columns, .others] : [.rows, .others]
    var result = Polynomial()
    for (monomial, weight) in operands[k].terms {
      let (outside, inside) = monomial.split {
        let own = algebra[$0]
        return own.axes.isDisjoint(with: varying) && own.axes.isSubset(of: axes)
          && (name != "global_sum" || own.reach == .everywhere)
      }
      var value = Polynomial.zero
      if inside == .one, name == "sum", let count = try count(algebra) {
        value = count
      } else {
        var operands = operands
        operands[k] = Polynomial(inside)
        value = algebra.apply(name, detail, operands)
      }
      result = result + Polynomial(outside, weight) * value
    }
    return result
  }

  /// How many elements a sum has.
  private func count(_ algebra: Algebra) throws(Refusal) -> Polynomial? {
    var lengths: [Polynomial] = []
    for text in from[0] == ["numel"] ? ["rows", "cols"] : from[0] {
      guard Int(text).map({ $0 > 0 }) ?? Shapes.lengths.contains(String(text)) else {
        throw Refusal("`\(text)` is no length")
      }
      lengths.append(
        Int(text).map { Polynomial($0) }
          ?? algebra.symbol(String(text), Stretch(.one, nil), isInteger: true, reach: .tensor))
    }
    switch what {
    case "all": return lengths.reduce(.one) { $0 * $1 }
    case "perRow": return lengths.last ?? .one
    case "perColumn": return lengths.suffix(2).first ?? .one
    case "leading": return lengths.first ?? .one
    default: return nil
    }
  }
}

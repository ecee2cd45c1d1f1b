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

  /// As printed beside the table of the others.
  package var words: String {
    switch self {
    case .linear:
      "sum, transpose, reshape, matmul, … of a sum is the sum of them; factors that are one number "
        + "along what is folded leave; the sum of 1 is the number of elements"
    case .linearRight: "the same for the second operand of a matrix product"
    case .transposeTwice: "transpose(transpose(x)) = x"
    case .transposeProduct: "transpose(matmul(x, y)) = matmul(transpose(y), transpose(x))"
    case .productAssociates: "matmul(matmul(x, y), z) = matmul(x, matmul(y, z))"
    case .reductionOfConstant: "max and min over elements of one number are that number"
    case .reductionScaled: "the largest of c·x is c times the largest of x, for a number c >= 0"
    }
  }

  /// Operations that are linear in an operand of their own.
  private static let linearNames: Set = [
    "sum", "global_sum", "transpose", "matmul", "reshape", "broadcast", "slice", "placeSlice",
    "diag", "push",
  ]

  /// The equation for an application of an operation.
  func equation(
    _ context: Context, _ p: Polynomial
  ) throws(Refusal) -> (equation: Polynomial, reach: Reach) {
    let algebra = context.algebra
    guard let id = p.atom, !algebra[id].detail.isEmpty else {
      throw Refusal("this is no operation on a tensor")
    }
    let atom = algebra[id]
    let parts = atom.detail.split(separator: ";", omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw Refusal("this has no shapes") }
    let shapes = parts[1].split(separator: ",", omittingEmptySubsequences: false)
    func inner(_ i: Int, _ name: String) throws(Refusal) -> Atom {
      guard i < atom.operands.count, let id = atom.operands[i].atom, algebra[id].name == name,
        !algebra[id].detail.isEmpty
      else { throw Refusal("its operand is no \(name)") }
      return algebra[id]
    }
    func transposed(_ x: Polynomial, _ from: Substring, _ to: Substring) -> Polynomial {
      algebra.apply("transpose", "0;\(from);\(to)", [x])
    }
    switch self {
    case .linear, .linearRight:
      guard Self.linearNames.contains(atom.name), atom.name != "push" else {
        throw Refusal("`\(atom.name)` is not linear")
      }
      let k = self == .linear ? 0 : 1
      guard k == 0 || atom.name == "matmul" else { throw Refusal("it has one operand") }
      return (p - expanded(algebra, atom, k, parts[0], shapes), .everywhere)
    case .transposeTwice:
      let own = try inner(0, "transpose")
      let from = own.detail.split(separator: ";", omittingEmptySubsequences: false)[1]
      guard atom.name == "transpose", from == parts[2] else { throw Refusal("the shapes differ") }
      return (p - own.operands[0], .everywhere)
    case .transposeProduct:
      let own = try inner(0, "matmul")
      let detail = own.detail.split(separator: ";", omittingEmptySubsequences: false)
      let from = detail[1].split(separator: ",").map { matrix($0) }
      guard atom.name == "transpose", from.count == 2 else { throw Refusal("it is no transpose") }
      func turned(_ shape: [Substring]) -> Substring { name([shape[1], shape[0]]) }
      let (x, y) = (from[0], from[1])
      guard x.count == 2, y.count == 2 else { throw Refusal("its operands are no matrices") }
      return (
        p
          - algebra.apply(
            "matmul", "0;\(turned(y)),\(turned(x));\(parts[2])",
            [
              transposed(own.operands[1], name(y), turned(y)),
              transposed(own.operands[0], name(x), turned(x)),
            ]), .everywhere
      )
    case .productAssociates:
      let own = try inner(0, "matmul")
      let from = own.detail.split(separator: ";", omittingEmptySubsequences: false)[1]
        .split(separator: ",")
      guard atom.name == "matmul", from.count == 2, shapes.count == 2 else {
        throw Refusal("it is no product")
      }
      let (x, y, z) = (matrix(from[0]), matrix(from[1]), matrix(shapes[1]))
      guard x.count == 2, y.count == 2, z.count == 2 else {
        throw Refusal("its operands are no matrices")
      }
      let right = name([y[0], z[1]])
      return (
        p
          - algebra.apply(
            "matmul", "0;\(name(x)),\(right);\(parts[2])",
            [
              own.operands[0],
              algebra.apply(
                "matmul", "0;\(name(y)),\(name(z));\(right)", [own.operands[1], atom.operands[1]]),
            ]), .everywhere
      )
    case .reductionOfConstant:
      guard ["max_of", "min_of"].contains(atom.name), algebra.axes(atom.operands[0]).isEmpty,
        algebra.carried(atom.operands[0]) == 0
      else { throw Refusal("the operand is not one number") }
      return (p - atom.operands[0], .everywhere)
    case .reductionScaled:
      guard ["max_of", "min_of"].contains(atom.name) else { throw Refusal("it is no extremum") }
      let (common, rest) = atom.operands[0].content
      var outside = Polynomial.one
      var inside = Polynomial.one
      for power in common.powers {
        let own = Polynomial(power.atom).power(power.exponent)
        if algebra[power.atom].axes.isEmpty {
          outside = outside * own
        } else {
          inside = inside * own
        }
      }
      guard outside != .one else { throw Refusal("nothing leaves it") }
      let reach = try context.reach { (reach) throws(Refusal) in
        try context.stretch(outside, min(reach, .tensor)).isNonnegative
      }
      guard let reach, reach < .element else { throw Refusal("the factor may be negative") }
      return (p - outside * algebra.apply(atom.name, atom.detail, [inside * rest]), reach)
    }
  }

  /// The application, term by term of operand k.
  private func expanded(
    _ algebra: Algebra, _ atom: Atom, _ k: Int, _ scope: Substring, _ shapes: [Substring]
  ) -> Polynomial {
    let varying: Axes =
      atom.name != "sum" || scope == "all" || scope == "leading"
      ? .every : scope == "perRow" ? [.columns, .others] : [.rows, .others]
    var result = Polynomial()
    for (monomial, weight) in atom.operands[k].terms {
      var (outside, inside) = (Monomial.one, Monomial.one)
      for power in monomial.powers {
        let own = algebra[power.atom]
        let leaves =
          own.axes.isDisjoint(with: varying)
          && (atom.name != "global_sum" || own.reach == .everywhere)
        let factor = Monomial(powers: [power])
        if leaves { outside = outside * factor } else { inside = inside * factor }
      }
      if inside == .one, atom.name == "sum",
        let count = count(algebra, scope, shapes.first ?? "")
      {
        result = result + Polynomial(outside, weight) * count
        continue
      }
      var operands = atom.operands
      operands[k] = Polynomial(inside)
      result =
        result + Polynomial(outside, weight) * algebra.apply(atom.name, atom.detail, operands)
    }
    return result
  }

  private func count(_ algebra: Algebra, _ scope: Substring, _ shape: Substring) -> Polynomial? {
    let lengths = matrix(shape).map { text -> Polynomial in
      if let n = Int(text) { return Polynomial(n) }
      return algebra.symbol(String(text), Stretch(.one, nil), isInteger: true, reach: .tensor)
    }
    switch scope {
    case "all": return lengths.reduce(.one) { $0 * $1 }
    case "perRow": return lengths.last ?? .one
    case "perColumn", "leading": return lengths.first ?? .one
    default: return nil
    }
  }

  private func matrix(_ shape: Substring) -> [Substring] {
    shape == "like" ? ["rows", "cols"] : shape.split(separator: "×")
  }

  private func name(_ shape: [Substring]) -> Substring {
    shape == ["rows", "cols"] ? "like" : Substring(shape.joined(separator: "×"))
  }
}

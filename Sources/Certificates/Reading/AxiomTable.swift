import Basics

extension Axiom {
  /// The table, as it is printed by `ravine certify --axioms`.
  package static let all: [Axiom] = String(decoding: PackageResources.axioms_txt, as: UTF8.self)
    .split(separator: "\n").map { line in
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
        self.conditions.append((.whole, try Expression(words[1])))
        continue
      }
      let signs = [" != ": Clause.Kind.nonzero, " >= ": .nonnegative, " > ": .positive]
      for (sign, kind) in signs {
        guard let i = text.range(of: sign) else { continue }
        let (left, right) = (String(text[..<i.lower]), String(text[i.upper...]))
        self.conditions.append(
          (kind, .sum(try Expression(left), .negative(try Expression(right)))))
      }
    }
    guard let i = equation.range(of: " = ") else { throw Refusal("`\(equation)`") }
    left = try Expression(String(equation[..<i.lower]))
    right = try Expression(String(equation[i.upper...]))
    variables = ["x", "y", "z"].filter { name in
      (conditions + equation).split(whereSeparator: { !Expression.isNamed($0) })
        .contains(Substring(name))
    }
  }
}

extension TensorAxiom {
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
    case .sumOfSums: "the sum of the sums of rows, or of columns, is the sum of all elements"
    case .sumTransposed:
      "sum(f(transpose(x), transpose(y))) = sum(f(x, y)) for what is computed element by element"
    case .traceOfProduct: "sum(diagonal(matmul(x, y))) = sum(x * transpose(y))"
    case .foldOfZeros:
      "a sum, or a largest, of what is nowhere negative that is 0 here is of zeros: x = 0 of x^2, too"
    case .reductionScaled: "the largest of c·x is c times the largest of x, for a number c >= 0"
    }
  }
}

extension StringProtocol {
  /// Where a mark first stands.
  func range(of mark: String) -> (lower: Index, upper: Index)? {
    var i = startIndex
    while i < endIndex {
      if self[i...].hasPrefix(mark) { return (i, index(i, offsetBy: mark.count)) }
      i = index(after: i)
    }
    return nil
  }
}

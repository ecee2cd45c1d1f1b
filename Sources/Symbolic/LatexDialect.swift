import Basics
import IR

/// LaTeX for plain amsmath.
package struct LatexDialect: Dialect {
  package init() {}

  package var brackets: (open: String, close: String) { ("\\left(", "\\right)") }

  package static let forms = Form.Table { operation in
    switch operation {
    case .divide: Form("\\frac{$0}{$1}", .power)
    case .power: Form("$0^{$1}", .power, [.postfix])
    case .transpose: Form("$0^{\\top}", .power, [.postfix])
    case .exponential: Form("e^{$0}", .power)
    case .squareRoot: Form("\\sqrt{$0}")
    case .cubeRoot: Form("\\sqrt[3]{$0}")
    case .absolute: Form("\\left\\lvert $0 \\right\\rvert")
    case .floor: Form("\\left\\lfloor $0 \\right\\rfloor")
    case .ceiling: Form("\\left\\lceil $0 \\right\\rceil")
    case _ where operation.isGlobalReduction:
      Form("\\operatorname{global\\ \(operation.info.name)}\\left($0\\right)")
    default:
      .sign(
        signs[operation] ?? operation.info.name, operation,
        isAssociative: [.add, .multiply, .logicalAnd, .logicalOr].contains(operation))
    }
  }

  private static let signs: [Operation: String] = [
    .multiply: "\\,", .matrixProduct: "\\,", .modulo: "\\bmod", .logicalAnd: "\\land",
    .logicalOr: "\\lor", .logicalNot: "\\lnot ", .lessOrEqual: "\\le", .greaterOrEqual: "\\ge",
    .equal: "=", .notEqual: "\\ne",
  ]

  package func form(ofCall name: String) -> Form? {
    name == "norm" ? Form("\\left\\lVert $0 \\right\\rVert") : nil
  }

  package static let conditional =
    Form("\\begin{cases} $1 & \\text{if } $0 \\\\ $2 & \\text{otherwise} \\end{cases}", .power)

  /// A number after a product's sign needs a dot, and so that it is no difference a sign brackets.
  package func joint(_ operation: Operation, _ left: String, _ right: String) -> String? {
    guard operation == .multiply, let first = right.first else { return nil }
    if first == "-" { return "\(left) \\, \(brackets.open)\(right)\(brackets.close)" }
    return first.isNumber ? "\(left) \\cdot \(right)" : nil
  }

  private static let functions: Set<String> = [
    "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arctan", "arcsin", "arccos", "min", "max",
  ]

  package func callee(_ name: String) -> String {
    if name.hasPrefix("\\") { return name }
    if Self.functions.contains(name) { return "\\" + name }
    let words = name.split(separator: "_").joined(separator: "\\_")
    return "\\operatorname{\(words.isEmpty ? "f" : words)}"
  }

  package func number(_ x: Double) -> Written {
    if x == .infinity { return Written("\\infty") }
    if x == -.infinity { return Written("-\\infty", .prefix) }
    if x == .pi { return Written("\\pi") }
    let number = Rational(literal: x)?.decimalText ?? "\(x)"
    let parts = number.split(separator: "e")
    return .signed(parts.count == 2 ? "\(parts[0]) \\cdot 10^{\(parts[1])}" : number)
  }

  /// `β1` as `\beta_{1}`, `mean_g` as `\mathit{mean}_{g}`; what changes with the steps has the time
  /// as its last index.
  package func name(_ name: String, at time: String) -> String {
    func command(_ letter: Character) -> String? {
      letter.unicodeScalars.first.flatMap { Greek.letter($0.value)?.latex }
    }
    var stem = ""
    var index = ""
    var isIndex = false
    for character in name.split(separator: ".").last ?? Substring(name) {
      if character == "_" {
        if isIndex { index += "," }
        isIndex = true
      } else if isIndex || (character.isNumber && !stem.isEmpty) {
        isIndex = true
        index.append(character)
      } else {
        stem.append(character)
      }
    }
    // `m_hat`, `mhat`: an accent.
    var accent: String?
    for (mark, wide) in [("hat", "widehat"), ("bar", "overline"), ("tilde", "widetilde")] {
      if index == mark || index.hasSuffix("," + mark) {
        accent = stem.count == 1 || command(stem.first ?? " ") != nil ? mark : wide
        index = String(index.dropLast(mark.count + (index == mark ? 0 : 1)))
      } else if index.isEmpty, stem.count == mark.count + 1, stem.hasSuffix(mark) {
        (accent, stem) = (mark, String(stem.prefix(1)))
      }
    }
    let letter = stem.first.flatMap { command($0) }
    if letter != nil, stem.count > 1 {
      index = String(stem.dropFirst()) + (index.isEmpty ? "" : "," + index)
    }
    let word = stem == "lr" ? "\\eta" : "\\mathit{\(stem)}"
    let plain = letter ?? (stem.count == 1 ? stem : word)
    let result = accent.map { "\\\($0){\(plain)}" } ?? plain
    var indices: [String] = []
    if !index.isEmpty {
      let plain = index.map { command($0).map { $0 + " " } ?? String($0) }.joined()
      indices.append(
        plain.count > 1 && plain.allSatisfy(\.isLetter) ? "\\mathrm{\(plain)}" : plain)
    }
    if !time.isEmpty { indices.append(time) }
    if indices.isEmpty { return result }
    return index.isEmpty && time.count == 1
      ? "\(result)_\(time)" : "\(result)_{\(indices.joined(separator: ","))}"
  }
}

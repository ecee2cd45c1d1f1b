import IR

/// Values as short expressions: what lies deep inside is left out.
struct ExpressionText<Value> {
  enum Part {
    /// A name or a number.
    case leaf(String)
    case operation(Operation, [Value])
  }

  private let part: (Value) -> Part

  init(_ part: @escaping (Value) -> Part) { self.part = part }

  private static var longest: Int { 50 }

  /// As many levels as fit a line.
  func text(_ value: Value) -> String {
    for levels in stride(from: 5, to: 1, by: -1) {
      let found = text(value, levels).text
      if found.count <= Self.longest { return found }
    }
    return text(value, 1).text
  }

  /// How strongly the parts of an expression hold together.
  private enum Binding: Int, Comparable {
    case sum, product, negation, power, atom
    static func < (a: Binding, b: Binding) -> Bool { a.rawValue < b.rawValue }
  }

  private func text(_ value: Value, _ levels: Int) -> (text: String, binding: Binding) {
    let (operation, operands): (Operation, [Value])
    switch part(value) {
    case .leaf(let text): return (text, text.hasPrefix("-") ? .negation : .atom)
    case .operation(let own, let values): (operation, operands) = (own, values)
    }
    guard levels > 0 else { return ("…", .atom) }
    func operand(_ k: Int, _ least: Binding) -> String {
      let (text, binding) = text(operands[k], levels - 1)
      return binding < least ? "(\(text))" : text
    }
    switch operation {
    case .add: return ("\(operand(0, .sum)) + \(operand(1, .product))", .sum)
    case .subtract: return ("\(operand(0, .sum)) - \(operand(1, .product))", .sum)
    case .multiply: return ("\(operand(0, .product)) * \(operand(1, .negation))", .product)
    case .divide: return ("\(operand(0, .product)) / \(operand(1, .negation))", .product)
    case .negate: return ("-\(operand(0, .power))", .negation)
    case .power: return ("\(operand(0, .atom))^\(operand(1, .atom))", .power)
    default:
      let inside = operands.indices.map { operand($0, .sum) }.joined(separator: ", ")
      return ("\(operation.plainName)(\(inside))", .atom)
    }
  }
}

extension Operation {
  /// Its name in the language, or here where it has none.
  var plainName: String { info.name.isEmpty ? "\(self)" : info.name }
}

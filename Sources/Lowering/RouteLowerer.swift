import Diagnostics
import IR
import Semantics
import Syntax

/// The conditions of a route.
struct RouteLowerer: LoweringPart {
  let lowerer: Lowerer

  /// The condition of each line of a route; `otherwise` is "none of the others".
  func routePredicates(
    _ value: RuleValue, _ arms: [(condition: ExprID?, text: String, rule: RuleValue)]
  ) -> [TensorPredicate] {
    let tree = lowerer.program[value.rule.tree]
    var stated: [TensorPredicate] = []
    for arm in arms {
      if let condition = arm.condition, let predicate = predicate(condition, tree) {
        stated.append(predicate)
      }
    }
    if arms.filter({ $0.condition == nil }).count > 1 {
      report(.otherwiseTwice(value.name, at: value.rule.declaration.name.span))
    }
    var others: TensorPredicate?
    for predicate in stated {
      others = others.map { .and($0, .not(predicate)) } ?? .not(predicate)
    }
    return arms.map { arm in
      guard let condition = arm.condition else { return others ?? .always }
      return predicate(condition, tree) ?? .always
    }
  }

  private func predicate(_ id: ExprID, _ tree: SyntaxTree) -> TensorPredicate? {
    let span = tree.span(id)
    switch tree[id] {
    case .unary(.not, let a): return predicate(a, tree).map { .not($0) }
    case .binary(.and, let a, let b):
      guard let x = predicate(a, tree), let y = predicate(b, tree) else { return nil }
      return .and(x, y)
    case .binary(.or, let a, let b):
      guard let x = predicate(a, tree), let y = predicate(b, tree) else { return nil }
      return .or(x, y)
    case .binary(let op, let a, let b):
      if case .name(let name) = tree[a], name.key == "name", case .string(let text) = tree[b] {
        switch op {
        case .matches, .matchesNot:
          requirePattern(text, b, tree)
          return op == .matches ? .nameMatches(text) : .not(.nameMatches(text))
        case .equal: return .nameEquals(text)
        case .notEqual: return .not(.nameEquals(text))
        default: break
        }
      }
      let comparisons: [BinaryOperator: TensorPredicate.Comparison] = [
        .less: .less, .lessOrEqual: .lessOrEqual, .greater: .greater,
        .greaterOrEqual: .greaterOrEqual, .equal: .equal, .notEqual: .notEqual,
      ]
      if let comparison = comparisons[op] {
        guard let x = quantity(a, tree), let y = quantity(b, tree) else { return nil }
        return .compare(comparison, x, y)
      }
    default: break
    }
    report(.undecidableRoute(at: span))
    return nil
  }

  /// Reports a text that is no pattern, at the place in it.
  private func requirePattern(_ text: String, _ id: ExprID, _ tree: SyntaxTree) {
    do throws(RoutePattern.Problem) {
      _ = try RoutePattern(text)
    } catch {
      // Some letters are written with a backslash before them.
      let span = tree.span(id)
      let base = tree.file.base
      let written = tree.file.bytes[Int(span.start - base)..<Int(span.end - base)].dropFirst()
      var starts: [Int] = []
      var byte = written.startIndex
      for letter in text.unicodeScalars {
        starts.append(byte)
        let isEscaped = letter == "\\" || letter == "\"" || letter == "\n"
        byte += isEscaped ? 2 : UTF8.width(letter)
      }
      starts.append(byte)
      func offset(_ k: Int) -> UInt32 {
        min(base + UInt32(starts[min(k, starts.count - 1)]), span.end)
      }
      let low = min(offset(error.range.lowerBound), span.end - 1)
      let repair = error.repair.map { $0.replacing("\\", with: "\\\\") }
      let place = Span(low, max(low + 1, offset(error.range.upperBound)))
      report(.notAPattern(error.message, repair, at: place))
    }
  }

  private func quantity(_ id: ExprID, _ tree: SyntaxTree) -> TensorPredicate.Quantity? {
    switch tree[id] {
    case .number(let x, _): return .number(x)
    case .name(let name):
      switch name.key {
      case "rank": return .rank
      case "rows": return .rows
      case "cols": return .cols
      case "numel": return .numel
      default: break
      }
    case .unary(.minus, let a):
      return quantity(a, tree).map { .arithmetic(.subtract, .number(0), $0) }
    case .binary(let op, let a, let b):
      let operations: [BinaryOperator: Operation] = [
        .add: .add, .subtract: .subtract, .multiply: .multiply, .divide: .divide,
        .modulo: .modulo, .power: .power,
      ]
      if let operation = operations[op] {
        guard let x = quantity(a, tree), let y = quantity(b, tree) else { return nil }
        return .arithmetic(operation, x, y)
      }
    case .call(let name, let arguments)
    where ["min", "max"].contains(name.key) && arguments.count == 2:
      guard let x = quantity(arguments[0].value, tree), let y = quantity(arguments[1].value, tree)
      else { return nil }
      return .arithmetic(name.key == "min" ? .minimum : .maximum, x, y)
    default: break
    }
    report(.comparisonInRoute(at: tree.span(id)))
    return nil
  }
}

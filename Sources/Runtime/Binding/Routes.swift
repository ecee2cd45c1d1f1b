import Basics
import Diagnostics
import IR

/// A trained tensor as a rule's routes see it.
package struct ParameterSpec: Hashable, Sendable {
  package var name: String
  package var dims: [Int]

  package init(name: String, dims: [Int]) {
    self.name = name
    self.dims = dims
  }

  /// The name with Greek letters, and spelled out: a pattern that fits one of them fits the name.
  var spellings: Set<String> {
    let plain = Greek.ascii(name)
    return [name, plain, Greek.unicode(plain)]
  }

  package var count: Int { Lengths.product(dims) }
  package var rows: Int { dims.first ?? 1 }
  package var cols: Int { Lengths.product(dims.dropFirst()) }

  /// Throws R0813 for lengths of which no machine holds a tensor.
  package func require(at span: Span) throws(DiagnosticError) {
    guard Lengths.areWithinBudget(dims) else {
      throw Budget.exceeded(
        "the tensor `\(name)`", bytes: Lengths.spread(dims) * 8, limit: Budget.bytes, at: span)
    }
  }
}

extension TensorPredicate {
  /// Whether the tensor takes this way. Throws R0605 for a pattern that is not well formed.
  package func holds(for tensor: ParameterSpec) throws(DiagnosticError) -> Bool {
    switch self {
    case .always: return true
    case .compare(let comparison, let x, let y):
      let (a, b) = (x.value(tensor), y.value(tensor))
      switch comparison {
      case .less: return a < b
      case .lessOrEqual: return a <= b
      case .greater: return a > b
      case .greaterOrEqual: return a >= b
      case .equal: return a == b
      case .notEqual: return a != b
      }
    case .nameMatches(let pattern):
      do throws(RoutePattern.Problem) {
        let route = try RoutePattern(pattern)
        return tensor.spellings.contains { route.matches($0) }
      } catch {
        throw DiagnosticError(.badPattern(pattern, error))
      }
    case .nameEquals(let name): return Greek.key(of: tensor.name) == Greek.key(of: name)
    case .and(let a, let b):
      if try !a.holds(for: tensor) { return false }
      return try b.holds(for: tensor)
    case .or(let a, let b):
      if try a.holds(for: tensor) { return true }
      return try b.holds(for: tensor)
    case .not(let a): return try !a.holds(for: tensor)
    }
  }
}

extension TensorPredicate.Quantity {
  func value(_ tensor: ParameterSpec) -> Double {
    switch self {
    case .number(let x): x
    case .rank: Double(tensor.dims.count)
    case .rows: Double(tensor.rows)
    case .cols: Double(tensor.cols)
    case .numel: Double(tensor.count)
    case .arithmetic(let operation, let a, let b):
      Folding.fold(operation, [a.value(tensor), b.value(tensor)]) ?? .nan
    }
  }
}

extension RuleModule {
  /// The number of the one variant that takes a tensor. Throws R0601 where none does and R0602 where
  /// several do.
  package func variantIndex(for tensor: ParameterSpec) throws(DiagnosticError) -> Int {
    var taken: [Int] = []
    for (index, variant) in variants.enumerated() where try variant.predicate.holds(for: tensor) {
      taken.append(index)
    }
    if taken.count == 1 { return taken[0] }
    let ways = (taken.isEmpty ? Array(variants.indices) : taken).map {
      Note("`\(variants[$0].path.joined(separator: ", "))`")
    }
    let shape = tensor.dims.map(String.init).joined(separator: " × ")
    let what = "`\(tensor.name)` (\(tensor.dims.isEmpty ? "one number" : shape))"
    throw DiagnosticError(
      taken.isEmpty
        ? .noRoute(of: name, what, ways, at: origin)
        : .severalRoutes(of: name, what, ways, at: origin))
  }
}

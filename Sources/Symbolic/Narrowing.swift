import Basics
import IR

/// The values of hyperparameters, of w and of g for which both rules are defined: smaller domains in which
/// a proof may look for them, and what that takes for granted.
package struct Narrowing {
  /// What has a domain of its own.
  package enum Quantity: Hashable, Sendable {
    /// By the name of its symbol.
    case hyper(String)
    case data(Symbol.Role)
  }

  private(set) var domains: [Quantity: Interval] = [:]
  /// What one of the rules does not ask for by itself.
  private(set) var conditions: [String] = []

  /// Nil where nothing is narrowed.
  init?(_ comparer: Comparer, _ i: Int, _ j: Int, _ setting: (TermTable) -> Setting?) {
    let table = TermTable()
    guard let setting = setting(table), let (x, y) = try? comparer.rules(setting, i, j),
      let p = Self.definedness(x)?.hard, let q = Self.definedness(y)?.hard
    else { return nil }
    var all = p
    all.formUnion(q, table)
    var asked = Definedness()
    for (clause, condition) in all.clauses where condition == table.one && clause.hasText {
      guard let (symbol, bound) = Self.bound(clause, table),
        clause.kind == .nonnegative || table.isNonnegative(clause.term)
          || all.guards[Clause(kind: .nonnegative, term: clause.term)] == table.one
      else { continue }
      let quantity: Quantity = symbol.role == .hyper ? .hyper(symbol.name) : .data(symbol.role)
      domains[quantity] = (domains[quantity] ?? symbol.domain).intersection(bound)
      asked.insert(clause, where: condition, table)
    }
    if domains.isEmpty || domains.values.contains(where: { $0.isEmpty || $0.low == $0.high }) {
      return nil
    }
    var prover = Prover(table)
    var missing = prover.missing(asked, from: p)
    missing.formUnion(prover.missing(asked, from: q), table)
    conditions = TermPrinter(table).texts(prover.weakest(missing))
  }

  /// `x != c` beside `x <= c` or `x >= c` as one condition.
  static func together(_ conditions: [String]) -> [String] {
    var result = conditions
    for sign in ["<", ">"] {
      for (k, own) in result.enumerated() where own.contains(" \(sign)= ") {
        let apart = own.replacing(" \(sign)= ", with: " != ")
        guard result.contains(apart) else { continue }
        result[k] = own.replacing(" \(sign)= ", with: " \(sign) ")
        return together(result.filter { $0 != apart })
      }
    }
    return result
  }

  private static func definedness(_ rule: SymbolicRule) -> Definedness? {
    guard let step = try? rule.general() else { return nil }
    return rule.definedness(step, live: rule.liveStates(step), isFirst: false)
  }

  /// What c0 + c1 x ≥ 0 (or > 0) says of x.
  private static func bound(_ clause: Clause, _ table: TermTable) -> (Symbol, Interval)? {
    var constant = Rational.zero
    var linear: (weight: Rational, symbol: Symbol)?
    for (weight, monomial) in table.monomials(clause.term) {
      if monomial == table.one {
        constant = weight
      } else if linear == nil, let symbol = table.symbol(of: monomial),
        [.hyper, .weight, .gradient].contains(symbol.role)
      {
        linear = (weight, symbol)
      } else {
        return nil
      }
    }
    guard let (weight, symbol) = linear else { return nil }
    let end = -constant / weight
    let isOpen = clause.kind == .nonzero
    return (
      symbol,
      weight.isPositive
        ? Interval(end, nil, excludesLow: isOpen) : Interval(nil, end, excludesHigh: isOpen)
    )
  }
}

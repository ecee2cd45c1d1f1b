import Basics
import IR

extension Interval {
  /// A domain of the language.
  package init(_ domain: Domain) {
    self.init(
      Rational(literal: domain.low), Rational(literal: domain.high),
      excludesLow: !domain.includesLow, excludesHigh: !domain.includesHigh)
  }
}

/// Which hyperparameters that are not given stand for any number.
package enum Generality: Int, CaseIterable, Sendable {
  /// All.
  case all
  /// Those that both rules have; what one has alone takes its default.
  case shared
  /// As `shared`, but what is 0 by default stays 0.
  case withoutSwitches
  /// Only those whose defaults differ: one number for both.
  case differing
}

/// Two rules (or one) with their hyperparameters as terms of one table.
package struct Setting {
  package let table: TermTable
  /// The hyperparameters of each rule.
  package private(set) var hypers: [[TermID]] = []
  /// Where each of them is defined.
  package private(set) var defined: [[Definedness]] = []
  /// The free symbols of each rule's text.
  package private(set) var free: [[TermID]] = []
  /// The symbols that stand for any number of their domains, and a value to try first.
  package private(set) var symbols: [(term: TermID, name: String, typical: Double?)] = []
  /// Hyperparameters that took their default, by name.
  package private(set) var fixed: [(name: String, value: Double)] = []

  /// Names that are one: a key of the second rule to a key of the first.
  package typealias Renaming = [String: String]

  /// `narrowed` are smaller domains. `replaced` gives hyperparameters of the second rule another value, as terms made from the
  /// terms of all its hyperparameters by their keys.
  package init(
    _ table: TermTable, _ rules: [Rule], _ generality: Generality,
    renaming: Renaming = [:], narrowed: [Narrowing.Quantity: Interval] = [:],
    replaced: (TermTable, [String: TermID]) -> [String: TermID] = { _, _ in [:] }
  ) throws(SymbolicError) {
    self.table = table
    for case (.data(let role), let domain) in narrowed { table.dataDomains[role] = domain }
    var domains: [String: Interval] = [:]
    var names: [String: String] = [:]
    var typical: [String: Double] = [:]
    var keys: [[String?]] = rules.map { [String?](repeating: nil, count: $0.module.hypers.count) }
    func key(_ r: Int, _ k: Int) -> String {
      let own = rules[r].module.hypers[k].key
      let short = Rule.shortKey(own)
      let isUnique =
        rules[r].module.hypers.filter { Rule.shortKey($0.key) == short }.count == 1
      let key = isUnique ? short : own
      return r == 1 ? renaming[key] ?? key : key
    }
    let written = Set(rules.flatMap(\.freeNames))
    // What is a length or a count of one rule has no other values in the other.
    let structural = Set(
      rules.indices.flatMap { r in
        rules[r].module.hypers.indices.filter { rules[r].module.hypers[$0].isStructural }.map {
          key(r, $0)
        }
      })
    func plain(_ r: Int) -> [String: Double] {
      var result: [String: Double] = [:]
      for k in rules[r].module.hypers.indices {
        if let x = rules[r].plainDefault(k) { result[key(r, k)] = x }
      }
      return result
    }
    let defaults = rules.indices.map { plain($0) }
    func narrow(_ key: String, _ domain: Domain?) {
      guard let domain else { return }
      domains[key] = (domains[key] ?? .all).intersection(Interval(domain))
    }
    for r in rules.indices {
      for (k, hyper) in rules[r].module.hypers.enumerated() {
        guard let x = rules[r].plainDefault(k) else { continue }
        let name = key(r, k)
        var isFree = !structural.contains(name) && x.isFinite
        if !written.contains(name) {
          let other = rules.count > 1 ? defaults[1 - r][name] : x
          switch generality {
          case .all: break
          case .shared: isFree = isFree && other != nil
          case .withoutSwitches:
            isFree = isFree && other != nil && !(x == 0 && (other ?? 0) == 0)
          case .differing: isFree = isFree && other != nil && other != x
          }
        }
        if isFree {
          keys[r][k] = name
          narrow(name, hyper.domain)
          names[name] =
            names[name] ?? (name.contains(".") ? hyper.name : Rule.shortKey(hyper.name))
          typical[name] = typical[name] ?? x
        } else if !fixed.contains(where: { $0.name == hyper.name }) {
          fixed.append((hyper.name, x))
        }
      }
      // A free symbol takes the domains of what it is given to.
      for (k, hyper) in rules[r].module.hypers.enumerated() {
        guard let value = rules[r].module.defaults.output(.hyper(k)) else { continue }
        var instruction = rules[r].module.defaults[value]
        // So does what a rule hands on to another.
        var handed = 0
        while instruction.operation == .hyper, handed < rules[r].module.hypers.count {
          let from = Int(instruction.attribute)
          if let name = keys[r][from] { narrow(name, hyper.domain) }
          guard keys[r][from] == nil, let value = rules[r].module.defaults.output(.hyper(from))
          else { break }
          instruction = rules[r].module.defaults[value]
          handed += 1
        }
        if instruction.operation == .free {
          let name = rules[r].freeNames[Int(instruction.attribute)]
          narrow(name, hyper.domain)
          names[name] = names[name] ?? Greek.unicode(name)
        }
      }
    }
    let table = table
    for (key, domain) in domains.sorted(by: { $0.key < $1.key }) where domain.isEmpty {
      let name = names[key] ?? Greek.unicode(key)
      throw SymbolicError(
        "no number is in every domain that `\(name)` has: give the rules other names or values for it"
      )
    }
    func symbol(_ key: String) -> TermID {
      let name = names[key] ?? Greek.unicode(key)
      let domain = domains[key] ?? .all
      // One number is that number.
      if let low = domain.low, low == domain.high { return table.number(low) }
      return table.symbol(
        Symbol(
          name, .hyper, domain: narrowed[.hyper(name)].map { domain.intersection($0) } ?? domain))
    }
    let all = Set(keys.joined().compactMap { $0 }).union(written).sorted()
    symbols = all.map { (symbol($0), names[$0] ?? Greek.unicode($0), typical[$0]) }
      .filter { table.symbol(of: $0.term) != nil }
    for r in rules.indices {
      let own = rules[r].freeNames.map { symbol($0) }
      free.append(own)
      var resolver = HyperResolver(
        table, rules[r].module, own, keys[r].map { $0.map { symbol($0) } })
      hypers.append(try resolver.all())
      defined.append(resolver.defined)
    }
    if rules.count > 1 {
      var byKey: [String: TermID] = [:]
      for k in rules[1].module.hypers.indices { byKey[key(1, k)] = hypers[1][k] }
      let changed = replaced(table, byKey)
      for k in rules[1].module.hypers.indices {
        if let value = changed[key(1, k)] { hypers[1][k] = value }
      }
    }
  }
}

extension Setting {
  /// The name of a symbol as the reader knows it: `β1` for `beta1`.
  package static func shown(_ key: String) -> String { Greek.unicode(key) }
}

/// Finds the term of each hyperparameter from its default, others first.
private struct HyperResolver {
  let table: TermTable
  let module: RuleModule
  let free: [TermID]
  var terms: [TermID?]
  private(set) var defined: [Definedness]
  private var isOpen: [Bool]

  init(_ table: TermTable, _ module: RuleModule, _ free: [TermID], _ known: [TermID?]) {
    self.table = table
    self.module = module
    self.free = free
    terms = known
    isOpen = known.map { _ in false }
    defined = known.map { _ in Definedness() }
  }

  mutating func all() throws(SymbolicError) -> [TermID] {
    for k in terms.indices { try resolve(k) }
    return terms.map { $0 ?? table.zero }
  }

  private mutating func resolve(_ k: Int) throws(SymbolicError) {
    guard terms[k] == nil, !isOpen[k] else { return }
    isOpen[k] = true
    guard let value = module.defaults.output(.hyper(k)) else {
      terms[k] = table.zero
      return
    }
    var pending = [value]
    while let next = pending.popLast() {
      let instruction = module.defaults[next]
      if instruction.operation == .hyper {
        try resolve(Int(instruction.attribute))
      }
      pending += module.defaults.operands(next)
    }
    var function = module.defaults
    function.outputs = [Output(.hyper(k), value)]
    let context = ImportContext(
      weight: table.zero, gradient: table.zero, step: SymbolicRule.step(table, from: 1),
      hypers: terms.map { $0 ?? table.zero }, hypersDefined: defined, free: free)
    var importer = Importer(table, function, context)
    let result = try importer.run()[0]
    terms[k] = table.reduced(result.term)
    defined[k] = result.defined
  }
}

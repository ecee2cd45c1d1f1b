import Basics
import IR

/// A term: its number in a table.
package struct TermID: Identifier {
  package var raw: Int32
  @inlinable package init(raw: Int32) { self.raw = raw }
}

/// One node of a table of terms. Operands are terms made before it.
package struct Term: Hashable, Sendable {
  package enum Kind: UInt8, Sendable {
    /// `weights[0]`.
    case number
    /// `payload` is the symbol.
    case symbol
    /// Σ weight · operand: operands are monomials (1 for the constant), in ascending order.
    case sum
    /// Π operand ^ weight: operands are neither numbers (but roots of them) nor products.
    case product
    /// `operation` of the operands; `payload` is its detail.
    case apply
  }
  package var kind: Kind
  package var operation: Operation = .constant
  package var payload: Int32 = 0
  package var operands: [TermID] = []
  package var weights: [Rational] = []
}

/// What an operation needs besides its operands.
package struct Detail: Hashable, Sendable {
  /// Scope, shapes, slices, in words: two applications differ if their details do.
  package var text: String
  /// Where the result's elements may differ; nil where the operands say it.
  package var spread: Spread?
  package var scope: Scope?
  /// The axes that the operand of a reduction has.
  package var operand: Spread
  /// Values 0 and 1 only.
  package var isBoolean: Bool

  package init(
    _ text: String = "", spread: Spread? = nil, scope: Scope? = nil,
    operand: Spread = .like, isBoolean: Bool = false
  ) {
    self.text = text
    self.spread = spread
    self.scope = scope
    self.operand = operand
    self.isBoolean = isBoolean
  }
}

/// Owns terms: equal terms are one, and every term is in its normal form when it is made.
///
/// The normal form is a sum of products of powers of atoms with exact rational weights; atoms are
/// symbols, functions, operators and, with negative exponents, sums. Two terms that are equal as
/// polynomials are the same term; quotients are compared by `isZero`.
package final class TermTable {
  package private(set) var terms: [Term] = []
  package private(set) var symbols: [Symbol] = []
  package private(set) var details: [Detail] = []
  private var known: [Term: TermID] = [:]
  private var symbolIndex: [Symbol: Int32] = [:]
  private var detailIndex: [Detail: Int32] = [:]
  /// Whether g is taken for the gradient at w, which it is unless gradients are delayed.
  var gradientsArePresent = false
  /// Where w and g are taken to lie.
  var dataDomains: [Symbol.Role: Interval] = [:]
  var intervals: [TermID: Interval] = [:]
  var spreads: [TermID: Spread] = [:]
  var totals: [TermID: Bool] = [:]
  var definednesses: [TermID: Definedness] = [:]
  private var dataFlags: [Bool] = []
  private var globalFlags: [Bool] = []
  private var carriedFlags: [Bool] = []
  private var depths: [Int32] = []
  var productMemo: [Pair: TermID] = [:]
  /// The rewrites that have fired, in order of first use.
  package private(set) var used: [Rewrite.Name] = []
  private var usedSet: Set<Rewrite.Name> = []
  /// Work left: what would unfold too far stays as it is.
  var budget: Int
  package private(set) var isExhausted = false
  /// When it stops expanding.
  package var deadline: ContinuousClock.Instant?
  /// Whether nobody reads its terms as they were written: choices have their arms one way round, and
  /// logarithms of numbers are those of primes.
  var isForProofs = false
  /// What the host of the computation sets.
  private let limits = TermLimits.current
  private var ticks = 0

  struct Pair: Hashable {
    var a: TermID
    var b: TermID
  }

  /// Products of sums of more than this many terms are not expanded.
  static let expansionLimit = 1_500
  /// Nodes that a table holds before it stops expanding.
  package static let nodeLimit = 150_000

  /// Terms nested more deeply than this are not made: whatever walks them may call itself.
  static let depthLimit = 600
  /// Numbers of more bits than this are not written out.
  static let bitLimit = 1 << 16

  package let zero: TermID
  package let one: TermID

  package init(budget: Int = 3_000_000) {
    self.budget = budget
    zero = TermID(0)
    one = TermID(1)
    details.append(Detail())
    detailIndex[Detail()] = 0
    _ = intern(Term(kind: .number, weights: [.zero]))
    _ = intern(Term(kind: .number, weights: [.one]))
  }

  package subscript(_ id: TermID) -> Term { terms[id.index] }

  func note(_ rewrite: Rewrite.Name) {
    if usedSet.insert(rewrite).inserted { used.append(rewrite) }
  }

  func forgetRewrites() {
    used = []
    usedSet = []
  }

  /// Takes `work` from the budget; false when there is none left.
  func spend(_ work: Int) -> Bool {
    budget -= work
    ticks &+= 1
    if ticks & 255 == 0 {
      if let deadline, ContinuousClock.now > deadline { budget = -1 }
      if limits.areReached { budget = -1 }
    }
    if budget < 0 || terms.count > limits.nodes {
      isExhausted = true
      return false
    }
    return true
  }

  func intern(_ term: Term) -> TermID {
    if let found = known[term] { return found }
    let depth = 1 + (term.operands.map { depths[$0.index] }.max() ?? 0)
    if depth > Self.depthLimit { return unwritten() }
    let id = TermID(terms.count)
    depths.append(depth)
    terms.append(term)
    known[term] = id
    switch term.kind {
    case .symbol:
      dataFlags.append(symbols[Int(term.payload)].isData)
      globalFlags.append(symbols[Int(term.payload)].isGlobal)
      carriedFlags.append(symbols[Int(term.payload)].role == .carried)
    default:
      dataFlags.append(
        term.kind == .apply && term.operation == .draw
          || term.operands.contains { dataFlags[$0.index] })
      carriedFlags.append(term.operands.contains { carriedFlags[$0.index] })
      // What an operation on shapes gives depends on the tensor's, whatever it is made of.
      globalFlags.append(
        reachesAllTensors(term)
          || (term.kind != .apply || term.operation.isElementwise)
            && term.operands.allSatisfy { globalFlags[$0.index] }
      )
    }
    return id
  }

  func detail(_ detail: Detail) -> Int32 {
    if let found = detailIndex[detail] { return found }
    details.append(detail)
    detailIndex[detail] = Int32(details.count - 1)
    return Int32(details.count - 1)
  }

  func detail(of id: TermID) -> Detail { details[Int(terms[id.index].payload)] }

  // MARK: Sources

  package func number(_ x: Rational) -> TermID {
    x.bits > Self.bitLimit ? unwritten() : intern(Term(kind: .number, weights: [x]))
  }
  package func number(_ x: Int) -> TermID { number(Rational(x)) }

  /// What stands for a number too long or a term too deep to be written: nothing is known of it, and
  /// no two are one.
  func unwritten() -> TermID {
    isExhausted = true
    return symbol(Symbol("…", .constant, variant: symbols.count))
  }

  /// x^n, nil where it is too long to be written.
  func power(of x: Rational, _ n: Int) -> Rational? {
    if x.magnitude.isOne { return n.isMultiple(of: 2) ? .one : x }
    let size = x.bits.multipliedReportingOverflow(by: Int(clamping: n.magnitude))
    return size.overflow || size.partialValue > Self.bitLimit ? nil : x.power(n)
  }

  package func symbol(_ symbol: Symbol) -> TermID {
    let index: Int32
    if let found = symbolIndex[symbol] {
      index = found
    } else {
      index = Int32(symbols.count)
      symbols.append(symbol)
      symbolIndex[symbol] = index
    }
    return intern(Term(kind: .symbol, payload: index))
  }

  /// The symbol that a term is, nil for other terms.
  package func symbol(of id: TermID) -> Symbol? {
    let term = terms[id.index]
    return term.kind == .symbol ? symbols[Int(term.payload)] : nil
  }

  /// The number that a term is, nil for other terms.
  package func value(_ id: TermID) -> Rational? {
    let term = terms[id.index]
    return term.kind == .number ? term.weights[0] : nil
  }

  /// An application kept as it is.
  func opaque(_ operation: Operation, _ operands: [TermID], _ detail: Detail = Detail()) -> TermID {
    intern(
      Term(
        kind: .apply, operation: operation, payload: self.detail(detail), operands: operands))
  }

  // MARK: What a term depends on

  /// Whether it depends on w, gradients, states, inputs, the loss or draws.
  package func isData(_ id: TermID) -> Bool { dataFlags[id.index] }

  /// Whether it depends on what a loop carries from one iteration to the next.
  func isCarried(_ id: TermID) -> Bool { carriedFlags[id.index] }

  /// Whether an operation folds all tensors into one value.
  func reachesAllTensors(_ term: Term) -> Bool {
    term.kind == .apply
      && (term.operation.isGlobalReduction || term.operation == .lossAt)
  }

  /// Whether it is the same for all tensors.
  package func isGlobal(_ id: TermID) -> Bool { globalFlags[id.index] }

  /// Along which axes its elements may differ.
  package func spread(_ id: TermID) -> Spread {
    if let known = spreads[id] { return known }
    let term = terms[id.index]
    var result: Spread = []
    switch term.kind {
    case .number: break
    case .symbol: result = symbols[Int(term.payload)].spread
    case .sum, .product: for operand in term.operands { result.formUnion(spread(operand)) }
    case .apply:
      if let own = details[Int(term.payload)].spread {
        result = own
      } else {
        for operand in term.operands { result.formUnion(spread(operand)) }
      }
    }
    spreads[id] = result
    return result
  }

  /// The symbols of a term, each once, in order of appearance.
  package func symbols(in roots: [TermID]) -> [TermID] {
    var seen: Set<TermID> = []
    var found: [TermID] = []
    var pending = Array(roots.reversed())
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      if terms[next.index].kind == .symbol { found.append(next) }
      pending += terms[next.index].operands.reversed()
    }
    return found
  }

  package func symbols(in root: TermID) -> [TermID] { symbols(in: [root]) }

  package func contains(_ root: TermID, _ part: TermID) -> Bool {
    contains(root, where: { $0 == part })
  }

  /// Whether some part of a term satisfies a predicate.
  package func contains(_ root: TermID, where predicate: (TermID) -> Bool) -> Bool {
    var seen: Set<TermID> = []
    var pending = [root]
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      if predicate(next) { return true }
      pending += terms[next.index].operands
    }
    return false
  }

  /// The nodes of a term, shared ones once.
  package func size(_ root: TermID) -> Int {
    var seen: Set<TermID> = []
    var pending = [root]
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      pending += terms[next.index].operands
    }
    return seen.count
  }
}

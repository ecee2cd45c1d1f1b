import IR
import Platform

extension Genome {
  /// What the program becomes where a sum of multiples is written as one: an average of an average of the same values
  /// is one average, whose weights are products. Only what has no more operations than before and is less nested.
  /// What is dead is left in, as by `rewrites`.
  package func linearRewrites() -> [(rewrite: Rewrite, node: Int, result: Genome)] {
    let before = (nodes.count, nesting)
    return nodes.indices.compactMap { i in
      guard let part = LinearPart(self, .node(i)), part.isNested else { return nil }
      var result = self
      guard result.write(part, for: i) else { return nil }
      let clean = result.cleaned()
      guard (clean.nodes.count, clean.nesting) < before else { return nil }
      return (.averages, i, result)
    }
  }

  /// How deep its values are nested, all together.
  private var nesting: Int {
    var depths: [Int] = []
    for node in nodes {
      let inner = (0..<node.arity).map { node[$0].node.map { depths[$0] } ?? 0 }
      depths.append(1 + (inner.max() ?? 0))
    }
    return depths.reduce(0, +)
  }

  /// Puts the sum in place of a node; false where there is no room.
  private mutating func write(_ part: LinearPart, for i: Int) -> Bool {
    var new: [Node] = []
    var sum: Reference?
    func made(_ node: Node) -> Reference {
      new.append(node)
      return .node(i + new.count - 1)
    }
    for (value, factor, _) in part.terms {
      var term = value
      if factor != 1 {
        guard let factor = number(factor) else { return false }
        term = made(Node(.multiply, factor, value))
      }
      sum = sum.map { made(Node(.add, $0, term)) } ?? term
    }
    guard let sum, nodes.count + new.count <= Self.mostNodes else { return false }
    insert(new, before: i)
    replace(.node(i + new.count), by: sum)
    return true
  }
}

/// A value as a sum of multiples of others by numbers.
private struct LinearPart {
  /// Each value once, in the order in which they are read; `size` is that of the largest number that was added.
  var terms: [(value: Genome.Reference, factor: Double, size: Double)] = []
  /// Whether a sum was within a multiple or a sum was read that is itself one of multiples.
  var isNested = false

  /// Nil for what is no sum of multiples, is a number, or is 0.
  init?(_ program: Genome, _ root: Genome.Reference) {
    guard add(program, root, 1, depth: 0) else { return nil }
    terms = terms.map { ($0.value, Self.rounded($0.factor, $0.size), $0.size) }
    terms.removeAll { $0.factor == 0 }
    guard !terms.isEmpty, terms.allSatisfy({ $0.factor.isFinite }) else { return nil }
  }

  private mutating func add(
    _ program: Genome, _ r: Genome.Reference, _ factor: Double, depth: Int
  ) -> Bool {
    func number(_ r: Genome.Reference) -> Double? { r.number.map { program.numbers[$0] } }
    // A number alone is no multiple of a value.
    if number(r) != nil { return false }
    if let i = r.node, depth < 12 {
      let node = program.nodes[i]
      switch node.operation {
      case .add, .subtract:
        guard number(node.a) == nil, number(node.b) == nil else { break }
        if depth > 0, factor != 1 { isNested = true }
        let second = node.operation == .add ? factor : -factor
        return add(program, node.a, factor, depth: depth + 1)
          && add(program, node.b, second, depth: depth + 1)
      case .multiply:
        let (x, y) = (number(node.a), number(node.b))
        guard (x == nil) != (y == nil) else { break }
        if factor != 1, factor != -1 { isNested = true }
        return add(program, x == nil ? node.a : node.b, factor * (x ?? y!), depth: depth + 1)
      case .negate:
        return add(program, node.a, -factor, depth: depth + 1)
      default: break
      }
    }
    if let k = terms.firstIndex(where: { $0.value == r }) {
      isNested = true
      terms[k].factor += factor
      terms[k].size = max(terms[k].size, abs(factor))
    } else {
      terms.append((r, factor, abs(factor)))
    }
    return true
  }

  /// The number of few digits that was meant where decimal ones were multiplied and added.
  private static func rounded(_ x: Double, _ size: Double) -> Double {
    guard x.isFinite, abs(x) > 4 * size.ulp else { return x.isFinite ? 0 : x }
    let exponent = Int(Platform.floor(log10(abs(x))))
    guard abs(exponent) < 10 else { return x }
    let unit = pow(10.0, Double(11 - exponent))
    let short = (x * unit).rounded() / unit
    return abs(x - short) <= 4 * size.ulp ? short : x
  }
}

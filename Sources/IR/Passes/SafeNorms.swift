import Diagnostics

/// Within which sums of squares a root of them is right, and what brings others there.
package struct SquareRange: Sendable {
  let least: Double
  let most: Double
  /// A power of two: small numbers times it and large ones over it have squares that are numbers.
  let scale: Double
  /// Sums over a whole tensor are computed in a wider type.
  let hasWideTotals: Bool

  package static let float32 = SquareRange(
    least: 0x1p-100, most: 0x1p127, scale: 0x1p100, hasWideTotals: true)
  package static let float64 = SquareRange(
    least: 0x1p-960, most: 0x1p1023, scale: 0x1p600, hasWideTotals: false)
}

extension Function {
  /// The concrete function in which roots of sums (and means) of squares neither overflow nor vanish
  /// where they are numbers of the type: where the sum leaves `range`, that of scaled numbers is taken
  /// in its place. Only there is it computed. Site k + `sites` sums the scaled squares of site k.
  package func withSafeNorms(_ range: SquareRange, sites: Int = 0) throws(DiagnosticError)
    -> Function
  {
    var source = self
    for k in loops.indices { source.loops[k].body = try loops[k].body.withSafeNorms(range) }
    var pass = SafeNorms(source: source, range: range, sites: sites)
    return pass.hasNorms ? try pass.run() : source
  }
}

private struct SafeNorms {
  let source: Function
  let range: SquareRange
  let sites: Int
  var builder: FunctionBuilder
  var map: [ValueID]

  /// sqrt(total / divisor), the total that of x² or that of `inner`, the squares of one tensor.
  private struct Norm {
    var x: ValueID
    var total: ValueID
    var inner: ValueID?
    var divisor: ValueID?
  }

  init(source: Function, range: SquareRange, sites: Int) {
    self.source = source
    self.range = range
    self.sites = sites
    builder = FunctionBuilder(name: source.name)
    map = [ValueID](repeating: .none, count: source.instructions.count)
  }

  /// Most functions have none, and need no copy.
  var hasNorms: Bool {
    source.instructions.indices.contains {
      rootOfSquare(ValueID($0)) != nil || norm(ValueID($0)) != nil
    }
  }

  mutating func run() throws(DiagnosticError) -> Function {
    let live = source.liveValues()
    for i in source.instructions.indices where live[i] {
      let id = ValueID(i)
      builder.origin = source.origins[i]
      map[i] = try builder.copy(id, of: source, map)
      if let x = rootOfSquare(id) {
        map[i] = try make(.absolute, map[x.index])
      } else if let norm = norm(id) {
        map[i] = try safe(norm, map[i])
      }
    }
    for extent in source.extents { _ = builder.extentSymbol(map[extent.index]) }
    for output in source.outputs { builder.output(output.target, map[output.value.index]) }
    return try builder.finish().withoutDeadValues()
  }

  // MARK: What is a norm

  private func root(_ id: ValueID) -> ValueID? {
    let y = source[id]
    if y.operation == .squareRoot { return y.a }
    return y.operation == .power && source.constantValue(y.b) == 0.5 ? y.a : nil
  }

  private func square(_ id: ValueID) -> ValueID? {
    let y = source[id]
    if y.operation == .multiply, y.a == y.b { return y.a }
    return y.operation == .power && source.constantValue(y.b) == 2 ? y.a : nil
  }

  private func rootOfSquare(_ id: ValueID) -> ValueID? { root(id).flatMap { square($0) } }

  private func norm(_ id: ValueID) -> Norm? {
    guard var total = root(id) else { return nil }
    var divisor: ValueID?
    if source[total].operation == .divide, source.type(source[total].b).shape.isScalar {
      divisor = source[total].b
      total = source[total].a
    }
    if range.hasWideTotals, source.type(total).shape.isScalar { return nil }
    let sum = source[total]
    switch sum.operation {
    case .sum:
      return square(sum.a).map { Norm(x: $0, total: total, inner: nil, divisor: divisor) }
    case .globalSum:
      // One number is its own sum.
      let part = source[sum.a].operation == .sum ? source[sum.a].a : sum.a
      return square(part).map { Norm(x: $0, total: total, inner: sum.a, divisor: divisor) }
    default: return nil
    }
  }

  // MARK: The other sum

  private mutating func safe(_ norm: Norm, _ plain: ValueID) throws(DiagnosticError) -> ValueID {
    let total = map[norm.total.index]
    let isLarge = try make(.greater, total, builder.constant(range.most))
    let isOdd = try make(.logicalOr, isLarge, make(.less, total, builder.constant(range.least)))
    let scale = try make(
      .select, isLarge, builder.constant(1 / range.scale), builder.constant(range.scale))
    let scaled = try make(.multiply, map[norm.x.index], scale)
    var squares = try make(.multiply, scaled, scaled)
    let local = source[norm.inner ?? norm.total]
    if local.operation == .sum {
      squares = try make(.sum, squares, attribute: local.attribute)
    }
    if norm.inner != nil {
      squares = try make(
        .globalSum, make(.select, isOdd, squares, builder.constant(0)),
        attribute: source[norm.total].attribute + Int32(sites))
    }
    if let divisor = norm.divisor { squares = try make(.divide, squares, map[divisor.index]) }
    let other = try make(.divide, make(.squareRoot, squares), scale)
    if builder.type(isOdd).shape.isScalar { return try make(.select, isOdd, other, plain) }
    let isAnyOdd = try make(.greater, make(.maximumOf, isOdd), builder.constant(0))
    return try make(.select, isAnyOdd, make(.select, isOdd, other, plain), plain)
  }

  private mutating func make(
    _ operation: Operation, _ operands: ValueID..., attribute: Int32 = 0
  ) throws(DiagnosticError) -> ValueID {
    do throws(ShapeError) {
      return try builder.make(operation, operands, attribute: attribute)
    } catch { throw DiagnosticError(error.diagnostic(at: builder.origin)) }
  }
}

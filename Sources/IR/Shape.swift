/// The length of one axis: a number, or a symbol that binding replaces by a number.
package struct Extent: Hashable, Sendable, CustomStringConvertible {
  package var raw: Int32
  @inlinable package init(raw: Int32) { self.raw = raw }

  @inlinable package static func fixed(_ n: Int) -> Extent { Extent(raw: Int32(n)) }
  /// Not known before binding; agrees with anything.
  package static let unknown = Extent(raw: -1)
  /// The first dimension of the parameter tensor (1 at rank 0).
  package static let rows = Extent(raw: -2)
  /// The product of the other dimensions (1 up to rank 1).
  package static let cols = Extent(raw: -3)
  package static let numel = Extent(raw: -4)
  /// The examples of a minibatch.
  package static let batch = Extent(raw: -5)
  /// The columns of the data.
  package static let features = Extent(raw: -6)
  /// The terms of a loss.
  package static let groups = Extent(raw: -7)
  /// Data-parallel copies.
  package static let workers = Extent(raw: -8)
  /// Entry `k` of `Function.extents`: an expression of hyperparameters and the extents above.
  package static func computed(_ k: Int) -> Extent { Extent(raw: -100 - Int32(k)) }

  @inlinable package var isFixed: Bool { raw >= 0 }
  @inlinable package var value: Int { Int(raw) }
  @inlinable package var isOne: Bool { raw == 1 }
  package var computedIndex: Int? { raw <= -100 ? Int(-100 - raw) : nil }

  package var description: String {
    switch self {
    case .unknown: "?"
    case .rows: "rows"
    case .cols: "cols"
    case .numel: "numel"
    case .batch: "batch"
    case .features: "features"
    case .groups: "groups"
    case .workers: "workers"
    default: computedIndex.map { "n\($0)" } ?? String(raw)
    }
  }

  /// The common extent of two axes that must agree; nil when they surely differ.
  ///
  /// Symbols of one parameter tensor (`rows` against `cols`) differ; a symbol against a number may
  /// agree and is decided at bind time.
  package func unified(with other: Extent) -> Extent? {
    if self == other { return self }
    if self == .unknown { return other }
    if other == .unknown { return self }
    if isFixed && other.isFixed { return nil }
    if isFixed { return other }
    if other.isFixed { return self }
    if computedIndex != nil { return other }
    if other.computedIndex != nil { return self }
    return nil
  }

  /// As `unified`, where an axis of length one stretches.
  package func broadcast(with other: Extent) -> Extent? {
    if isOne { return other }
    if other.isOne { return self }
    return unified(with: other)
  }
}

/// The shape of a value, up to six axes, inline.
///
/// `like` is the shape of the parameter tensor whatever its rank. In memory and at bind time it is
/// the matrix rows × cols; a vector over rows is [rows, 1], a vector over columns [1, cols], so that
/// one right-aligned broadcast serves them all.
///
/// Named axes stand in front of these and are matched by name, until binding makes places of them.
package struct Shape: Hashable, Sendable, CustomStringConvertible {
  package static let maximumRank = 6
  var count: Int8
  /// The named axes, to which the first extents belong.
  package private(set) var axes = AxisSet()
  var e0 = Extent.fixed(1)
  var e1 = Extent.fixed(1)
  var e2 = Extent.fixed(1)
  var e3 = Extent.fixed(1)
  var e4 = Extent.fixed(1)
  var e5 = Extent.fixed(1)

  package static let scalar = Shape([])
  package static let like: Shape = {
    var shape = Shape([])
    shape.count = -1
    return shape
  }()
  /// A value over rows: one number a row.
  package static let overRows = Shape([.rows, .fixed(1)])
  /// A value over columns: one number a column.
  package static let overCols = Shape([.fixed(1), .cols])

  /// Precondition: at most `maximumRank` extents.
  package init(_ extents: [Extent]) {
    precondition(extents.count <= Self.maximumRank)
    count = Int8(extents.count)
    for (i, extent) in extents.enumerated() { self[i] = extent }
  }

  /// A tensor for each entry of named axes; nil where that is more axes than there can be.
  package static func over(
    _ axes: AxisSet, _ lengths: [Extent], _ tensor: Shape
  ) -> Shape? {
    if axes.isEmpty { return tensor }
    let extents = lengths + tensor.extents
    guard extents.count <= maximumRank, lengths.count == axes.count else { return nil }
    var shape = Shape(extents)
    shape.axes = axes.union(tensor.axes)
    return shape
  }

  /// The shape of one entry of the named axes.
  package var tensor: Shape {
    axes.isEmpty ? self : Shape.ofTensor(Array(extents.dropFirst(axes.count)))
  }

  /// The lengths of the named axes.
  package var lengths: [Extent] { Array(extents.prefix(axes.count)) }

  package func length(of name: AxisName) -> Extent? {
    axes.contains(name) ? self[axes.position(of: name)] : nil
  }

  /// The first named axis whose lengths surely differ.
  func differingAxis(from other: Shape) -> AxisName? {
    axes.names.first { name in
      guard let x = length(of: name), let y = other.length(of: name) else { return false }
      return x.unified(with: y) == nil
    }
  }

  /// The shape without one of its named axes.
  package func without(_ name: AxisName) -> Shape {
    guard axes.contains(name) else { return self }
    var kept = lengths
    kept.remove(at: axes.position(of: name))
    return Shape.over(axes.removing(name), kept, tensor)!
  }

  /// The same named axes around another tensor; nil where there are too many axes.
  package func around(_ tensor: Shape) -> Shape? { Shape.over(axes, lengths, tensor) }

  private static func ofTensor(_ extents: [Extent]) -> Shape {
    extents == [.rows, .cols] ? .like : Shape(extents)
  }

  package var isLike: Bool { count < 0 }
  package var isScalar: Bool { count == 0 }
  /// The number of axes; 2 for `like`, as its matrix view.
  package var rank: Int { isLike ? 2 : Int(count) }
  /// The axes, `like` as [rows, cols].
  package var extents: [Extent] { isLike ? [.rows, .cols] : (0..<Int(count)).map { self[$0] } }
  package var isConcrete: Bool { !isLike && extents.allSatisfy(\.isFixed) }
  /// Elements of a concrete shape; of one too large for the machine, the largest number there is.
  package var elementCount: Int {
    Lengths.product((0..<Int(max(count, 0))).lazy.map { self[$0].value })
  }

  package subscript(_ axis: Int) -> Extent {
    get {
      switch axis {
      case 0: e0
      case 1: e1
      case 2: e2
      case 3: e3
      case 4: e4
      default: e5
      }
    }
    set {
      switch axis {
      case 0: e0 = newValue
      case 1: e1 = newValue
      case 2: e2 = newValue
      case 3: e3 = newValue
      case 4: e4 = newValue
      default: e5 = newValue
      }
    }
  }

  /// The shape in the user's terms: `scalar`, `like w`, `vector(rows)`, `matrix(rows, 4)`.
  package var description: String {
    if !axes.isEmpty { return "\(tensor) over \(axes.description)" }
    if isLike { return "like w" }
    let all = extents
    switch all.count {
    case 0: return "scalar"
    case 1: return "vector(\(all[0]))"
    case 2:
      if all[1].isOne && !all[0].isOne { return "vector(\(all[0]))" }
      if all[0].isOne && !all[1].isOne { return "vector(\(all[1]))" }
      return "matrix(\(all[0]), \(all[1]))"
    default: return "tensor(\(all.map(\.description).joined(separator: ", ")))"
    }
  }

  /// The shape that two operands of an elementwise operation give, aligned at the last axis;
  /// nil when they surely do not fit.
  package func broadcast(with other: Shape) -> Shape? {
    if self == other { return self }
    if isScalar { return other }
    if other.isScalar { return self }
    if !axes.isEmpty || !other.axes.isEmpty { return broadcastByName(with: other) }
    let a = extents
    let b = other.extents
    var result: [Extent] = []
    for i in 0..<max(a.count, b.count) {
      let x = i < a.count ? a[a.count - 1 - i] : .fixed(1)
      let y = i < b.count ? b[b.count - 1 - i] : .fixed(1)
      guard let extent = x.broadcast(with: y) else { return nil }
      result.append(extent)
    }
    result.reverse()
    return Shape.ofTensor(result)
  }

  private func broadcastByName(with other: Shape) -> Shape? {
    guard let both = tensor.broadcast(with: other.tensor) else { return nil }
    let union = axes.union(other.axes)
    var lengths: [Extent] = []
    for name in union.names {
      guard let x = length(of: name), let y = other.length(of: name) else {
        lengths.append(length(of: name) ?? other.length(of: name)!)
        continue
      }
      guard let common = x.unified(with: y) else { return nil }
      lengths.append(common)
    }
    return Shape.over(union, lengths, both)
  }

  /// Whether a value of this shape can stand where `target` is declared, perhaps by stretching.
  package func fits(_ target: Shape) -> Bool {
    guard axes.isSubset(of: target.axes), let both = broadcast(with: target) else { return false }
    if !target.axes.isEmpty { return tensor.fits(target.tensor) }
    let (x, y) = (both.extents, target.extents)
    guard x.count == y.count else { return false }
    return zip(x, y).allSatisfy { a, b in a.unified(with: b) != nil && !(b.isOne && !a.isOne) }
  }
}

package enum ElementKind: UInt8, Sendable {
  case real
  /// 0 or 1 in every engine; arithmetic takes it as a number.
  case boolean
  /// Several values at once (`qr`, `repeat`); only `project` may use it.
  case tuple
}

package struct ValueType: Hashable, Sendable, CustomStringConvertible {
  package var kind: ElementKind
  package var shape: Shape

  package init(_ kind: ElementKind, _ shape: Shape) {
    self.kind = kind
    self.shape = shape
  }

  package static let scalar = ValueType(.real, .scalar)
  package static let like = ValueType(.real, .like)
  package static let tuple = ValueType(.tuple, .scalar)

  package var description: String {
    switch kind {
    case .real: shape.description
    case .boolean: "bool " + shape.description
    case .tuple: "tuple"
    }
  }
}

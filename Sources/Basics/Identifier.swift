/// A typed index: two tables cannot be confused by mistake. Negative means "none".
package protocol Identifier: Hashable, Sendable {
  var raw: Int32 { get }
  init(raw: Int32)
}

extension Identifier {
  @inlinable package init(_ index: Int) { self.init(raw: Int32(index)) }
  @inlinable package static var none: Self { Self(raw: -1) }
  @inlinable package var index: Int { Int(raw) }
  @inlinable package var isSome: Bool { raw >= 0 }
}

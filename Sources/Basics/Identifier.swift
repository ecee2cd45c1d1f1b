/// A typed index: two tables cannot be confused by mistake. Negative means "none".
public protocol Identifier: Hashable, Sendable {
  var raw: Int32 { get }
  init(raw: Int32)
}

extension Identifier {
  @inlinable public init(_ index: Int) { self.init(raw: Int32(index)) }
  @inlinable public static var none: Self { Self(raw: -1) }
  @inlinable public var index: Int { Int(raw) }
  @inlinable public var isSome: Bool { raw >= 0 }
}

/// A named axis: one that a value has in front of its own, and that operations match by name.
public enum AxisName: UInt8, CaseIterable, Sendable {
  /// Data-parallel copies.
  case workers
  /// The examples of a minibatch.
  case batch
  /// The terms of a loss.
  case groups
  /// The entries of a list.
  case stack
  /// The past, the newest first.
  case window

  /// The word of the language.
  public var word: String { "\(self)" }

  public init?(word: String) {
    guard let found = Self.allCases.first(where: { $0.word == word }) else { return nil }
    self = found
  }
}

/// Named axes; they stand in the order of `AxisName`, whatever order they were named in.
public struct AxisSet: Hashable, Sendable {
  public var raw: UInt8
  public init(raw: UInt8 = 0) { self.raw = raw }
  public init(_ names: AxisName...) {
    raw = 0
    for name in names { insert(name) }
  }

  public var isEmpty: Bool { raw == 0 }
  public var count: Int { raw.nonzeroBitCount }
  /// In the order in which they stand.
  public var names: [AxisName] { AxisName.allCases.filter { contains($0) } }

  public func contains(_ name: AxisName) -> Bool { raw >> name.rawValue & 1 == 1 }
  public mutating func insert(_ name: AxisName) { raw |= 1 << name.rawValue }
  public func removing(_ name: AxisName) -> AxisSet { AxisSet(raw: raw & ~(1 << name.rawValue)) }
  public func union(_ other: AxisSet) -> AxisSet { AxisSet(raw: raw | other.raw) }
  public func isSubset(of other: AxisSet) -> Bool { raw & ~other.raw == 0 }
  /// How many axes stand before this one.
  public func position(of name: AxisName) -> Int { names.firstIndex(of: name) ?? 0 }

  /// `batch`, `batch and stack`.
  public var description: String { names.map(\.word).joined(separator: " and ") }
}

/// The lengths of the named axes that the host decides.
public struct AxisLengths: Hashable, Sendable {
  public var batch: Int?
  public var groups: Int?
  public var workers: Int

  /// Nil where the host says nothing.
  public init(batch: Int? = nil, groups: Int? = nil, workers: Int = 1) {
    self.batch = batch
    self.groups = groups
    self.workers = workers
  }
}

/// A named axis: one that a value has in front of its own, and that operations match by name.
package enum AxisName: UInt8, CaseIterable, Sendable {
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
  package var word: String { Self.words[Int(rawValue)] }

  private static let words = allCases.map { "\($0)" }

  package init?(word: String) {
    guard let place = Self.words.firstIndex(of: word) else { return nil }
    self = Self.allCases[place]
  }
}

/// Named axes; they stand in the order of `AxisName`, whatever order they were named in.
package struct AxisSet: Hashable, Sendable {
  package var raw: UInt8
  package init(raw: UInt8 = 0) { self.raw = raw }
  package init(_ names: AxisName...) {
    raw = 0
    for name in names { insert(name) }
  }

  package var isEmpty: Bool { raw == 0 }
  package var count: Int { raw.nonzeroBitCount }
  /// In the order in which they stand.
  package var names: [AxisName] { AxisName.allCases.filter { contains($0) } }

  package func contains(_ name: AxisName) -> Bool { raw >> name.rawValue & 1 == 1 }
  package mutating func insert(_ name: AxisName) { raw |= 1 << name.rawValue }
  package func removing(_ name: AxisName) -> AxisSet { AxisSet(raw: raw & ~(1 << name.rawValue)) }
  package func union(_ other: AxisSet) -> AxisSet { AxisSet(raw: raw | other.raw) }
  package func isSubset(of other: AxisSet) -> Bool { raw & ~other.raw == 0 }
  /// How many axes stand before this one.
  package func position(of name: AxisName) -> Int { names.firstIndex(of: name) ?? 0 }

  /// `batch`, `batch and stack`.
  package var description: String { names.map(\.word).joined(separator: " and ") }
}

/// The lengths of the named axes that the host decides.
package struct AxisLengths: Hashable, Sendable {
  package var batch: Int?
  package var groups: Int?
  package var workers: Int

  /// Nil where the host says nothing.
  package init(batch: Int? = nil, groups: Int? = nil, workers: Int = 1) {
    self.batch = batch
    self.groups = groups
    self.workers = workers
  }
}

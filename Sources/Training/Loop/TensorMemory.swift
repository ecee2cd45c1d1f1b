import Runtime

/// Tensors of one element type in memory that stays where it is.
final class TensorMemory {
  let elementType: ElementType
  let counts: [Int]
  let pointers: [UnsafeMutableRawPointer]
  /// What keeps memory that is another's.
  private let owners: [AnyObject]

  init(_ counts: [Int], _ elementType: ElementType) {
    self.elementType = elementType
    self.counts = counts
    pointers = counts.map { count in
      let bytes = max(64, count * elementType.byteCount)
      let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
      return memory
    }
    owners = []
  }

  /// The memory of these numbers, which have the element type.
  init(_ numbers: [Numbers], _ elementType: ElementType) {
    self.elementType = elementType
    counts = numbers.map(\.count)
    pointers = numbers.map(\.place.pointer)
    owners = numbers.map(\.place.owner)
  }

  deinit { if owners.isEmpty { for pointer in pointers { pointer.deallocate() } } }

  func write(_ values: [Double], to tensor: Int) {
    precondition(values.count == counts[tensor], "a tensor is written whole")
    for (i, x) in values.enumerated() { elementType.write(x, to: pointers[tensor], i) }
  }

  func read(_ tensor: Int) -> [Double] {
    (0..<counts[tensor]).map { elementType.read(pointers[tensor], $0) }
  }

  /// Takes all numbers of one with the same tensors.
  func copy(_ other: TensorMemory) {
    for (k, count) in counts.enumerated() {
      pointers[k].copyMemory(from: other.pointers[k], byteCount: count * elementType.byteCount)
    }
  }

  /// Takes all numbers from where `write(to:)` put them, one tensor behind the other.
  func read(from bytes: UnsafeRawPointer) {
    var place = bytes
    for (k, count) in counts.enumerated() {
      pointers[k].copyMemory(from: place, byteCount: count * elementType.byteCount)
      place += count * elementType.byteCount
    }
  }

  func write(to bytes: UnsafeMutableRawPointer) {
    var place = bytes
    for (k, count) in counts.enumerated() {
      place.copyMemory(from: pointers[k], byteCount: count * elementType.byteCount)
      place += count * elementType.byteCount
    }
  }

  /// Whether every number of a tensor is finite.
  func isFinite(_ tensor: Int) -> Bool { read(tensor).allSatisfy(\.isFinite) }

  /// Copies whole rows of another tensor: row `rows[i]` of `source` becomes row i of `tensor`.
  func gather(
    _ rows: ArraySlice<Int>, of source: TensorMemory, _ other: Int, width: Int, to tensor: Int
  ) {
    let bytes = width * elementType.byteCount
    var target = pointers[tensor]
    for row in rows {
      target.copyMemory(from: source.pointers[other] + row * bytes, byteCount: bytes)
      target += bytes
    }
  }
}

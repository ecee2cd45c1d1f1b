import Platform

/// Numbers in a row: float64, or float32 of a file that has very many.
///
/// Copies share the memory. Who changes a number has it alone, or calls `copied()` before.
package struct Numbers: @unchecked Sendable {
  package let isDouble: Bool
  private let memory: Memory
  /// Where they begin in the memory, counted in numbers.
  private var start = 0
  package private(set) var count = 0

  private final class Memory {
    /// Grown by `realloc`, which moves a large block without a copy where the system can; what was never written takes no
    /// memory.
    var base: UnsafeMutableRawPointer
    var bytes: Int

    init(_ bytes: Int) {
      self.bytes = bytes
      base = malloc(bytes)
    }

    deinit { free(base) }

    func resize(_ bytes: Int) {
      self.bytes = bytes
      base = realloc(base, bytes)
    }
  }

  /// Room for parts that each begin at a multiple of 64.
  private static let slack = 256

  package init(isDouble: Bool) {
    self.isDouble = isDouble
    memory = Memory(Self.slack)
  }

  package init(_ values: [Double]) {
    self.init(isDouble: true)
    memory.resize(values.count * 8 + Self.slack)
    count = values.count
    for (i, x) in values.enumerated() { doubles[i] = x }
  }

  private var width: Int { isDouble ? 8 : 4 }

  private var doubles: UnsafeMutablePointer<Double> {
    memory.base.assumingMemoryBound(to: Double.self) + start
  }

  private var floats: UnsafeMutablePointer<Float> {
    memory.base.assumingMemoryBound(to: Float.self) + start
  }

  package subscript(_ i: Int) -> Double {
    @inline(__always) get { isDouble ? doubles[i] : Double(floats[i]) }
    @inline(__always) nonmutating set {
      if isDouble { doubles[i] = newValue } else { floats[i] = Float(newValue) }
    }
  }

  package var values: [Double] {
    [Double](unsafeUninitializedCapacity: count) { memory, count in
      for i in 0..<self.count { memory.initializeElement(at: i, to: self[i]) }
      count = self.count
    }
  }

  // MARK: Growing and shrinking

  @inline(__always)
  package mutating func append(_ x: Double) {
    if (start + count + 1) * width > memory.bytes { memory.resize(2 * memory.bytes) }
    count += 1
    self[count - 1] = x
  }

  package mutating func removeLast(_ n: Int) { count -= n }

  /// Has so many numbers from now on; those that are new have any value.
  package mutating func resize(to count: Int) {
    memory.resize((start + count) * width + Self.slack)
    self.count = count
  }

  package func copied() -> Numbers {
    var copy = Numbers(isDouble: isDouble)
    copy.resize(to: count)
    copy.memory.base.copyMemory(from: memory.base + start * width, byteCount: count * width)
    return copy
  }

  // MARK: Rows

  /// Puts rows of so many numbers in another order: row i becomes the one that was `order[i]`.
  package func permute(_ order: [UInt32], columns: Int) {
    let bytes = columns * width
    let base = memory.base + start * width
    let held = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 1), alignment: 16)
    defer { held.deallocate() }
    var isDone = [Bool](repeating: false, count: order.count)
    for first in order.indices where !isDone[first] {
      held.copyMemory(from: base + first * bytes, byteCount: bytes)
      var row = first
      while true {
        isDone[row] = true
        let next = Int(order[row])
        if next == first { break }
        (base + row * bytes).copyMemory(from: base + next * bytes, byteCount: bytes)
        row = next
      }
      (base + row * bytes).copyMemory(from: held, byteCount: bytes)
    }
  }

  /// Parts of so many numbers, in their order, each at an address that is a multiple of 64; what was here is theirs.
  package func parts(_ counts: [Int]) -> [Numbers] {
    memory.resize((start + count) * width + Self.slack)
    let base = Int(bitPattern: memory.base)
    var sources: [Int] = []
    var targets: [Int] = []
    var (source, target) = (start * width, start * width)
    for count in counts {
      target += (64 - (base + target) % 64) % 64
      sources.append(source)
      targets.append(target)
      source += count * width
      target += count * width
    }
    // From the last on, so that none is written over before it has moved.
    var parts: [Numbers] = []
    for k in counts.indices.reversed() {
      memmove(memory.base + targets[k], memory.base + sources[k], counts[k] * width)
      var part = self
      part.start = targets[k] / width
      part.count = counts[k]
      parts.append(part)
    }
    return parts.reversed()
  }

  /// Calls `body` with each number and its column, row by row.
  @inline(__always)
  func visit(_ columns: Int, _ body: (Int, Double) -> Void) {
    var column = 0
    for i in 0..<count {
      body(column, self[i])
      column += 1
      if column == columns { column = 0 }
    }
  }

  /// Changes each number; told its column.
  @inline(__always)
  func change(_ columns: Int, _ change: (Int, Double) -> Double) {
    var column = 0
    for i in 0..<count {
      self[i] = change(column, self[i])
      column += 1
      if column == columns { column = 0 }
    }
  }

  /// Whether both are the same numbers in the same memory.
  package func isSame(as other: Numbers) -> Bool {
    memory === other.memory && start == other.start && count == other.count
  }

  // MARK: Others that use the memory

  /// The first number, and what keeps it there.
  package var place: (pointer: UnsafeMutableRawPointer, owner: AnyObject) {
    (memory.base + start * width, memory)
  }

  package func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    defer { withExtendedLifetime(memory) {} }
    return body(UnsafeRawBufferPointer(start: memory.base + start * width, count: count * width))
  }
}

extension Numbers: Equatable {
  package static func == (a: Numbers, b: Numbers) -> Bool {
    a.count == b.count && (0..<a.count).allSatisfy { a[$0] == b[$0] }
  }
}

import Basics
import IR

/// A whole tensor in float64, row-major; `shape` empty is a scalar.
package struct Dense: Hashable, Sendable {
  package var shape: [Int]
  package var values: [Double]

  /// Precondition: as many values as the shape has elements.
  package init(shape: [Int], values: [Double]) {
    precondition(values.count == Lengths.product(shape), "values and shape of a tensor differ")
    self.shape = shape
    self.values = values
  }

  package init(_ scalar: Double) {
    shape = []
    values = [scalar]
  }

  package static func filled(_ shape: [Int], _ x: Double) -> Dense {
    Dense(shape: shape, values: [Double](repeating: x, count: Lengths.product(shape)))
  }

  package var count: Int { values.count }
  /// The first value: the number, of a scalar.
  package var scalar: Double { values.first ?? .nan }

  /// Rows and columns of a matrix; a vector is one column, a scalar 1 × 1.
  var rows: Int { shape.first ?? 1 }
  var cols: Int { Lengths.product(shape.dropFirst()) }

  /// Moves each number by about its last bit, up or down; whole numbers of moderate size are exact.
  mutating func roundAnew(_ seed: UInt64) {
    var state = seed
    for i in values.indices {
      let x = values[i]
      if abs(x) < 0x1p20, x == x.rounded() { continue }
      state = CounterRandom.mix(state &+ 0x9E37_79B9_7F4A_7C15)
      values[i] = x * (1 + (Double(state >> 11) * 0x1p-53 - 0.5) * 0x1p-51)
    }
  }

  /// The same numbers under another shape of as many elements.
  func reshaped(_ target: [Int]) -> Dense { Dense(shape: target, values: values) }

  /// Stretched to `target` by right-aligned broadcasting, which the types have checked.
  func broadcast(to target: [Int]) -> Dense {
    if shape == target { return self }
    let index = BroadcastIndex(from: shape, to: target)
    let total = Lengths.product(target)
    return Dense(shape: target, values: (0..<total).map { values[index[$0]] })
  }
}

/// Which element of an operand stands at each element of a broadcast result.
struct BroadcastIndex {
  private let strides: [Int]
  private let target: [Int]
  private let isIdentity: Bool
  private let isScalar: Bool

  init(from shape: [Int], to target: [Int]) {
    self.target = target
    isIdentity = shape == target
    isScalar = shape.allSatisfy { $0 == 1 }
    var strides = [Int](repeating: 0, count: target.count)
    var stride = 1
    for axis in lastToFirst(shape.count) {
      if shape[axis] != 1 { strides[axis + target.count - shape.count] = stride }
      stride *= shape[axis]
    }
    self.strides = strides
  }

  subscript(_ element: Int) -> Int {
    if isIdentity { return element }
    if isScalar { return 0 }
    var rest = element
    var offset = 0
    for axis in lastToFirst(target.count) {
      offset += rest % target[axis] * strides[axis]
      rest /= target[axis]
    }
    return offset
  }
}

/// The axes from the last to the first.
private func lastToFirst(_ count: Int) -> StrideThrough<Int> {
  stride(from: count - 1, through: 0, by: -1)
}

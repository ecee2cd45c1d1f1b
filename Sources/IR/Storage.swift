/// Numbers that share a scale: so many, or a hyperparameter says how many.
package enum BlockLength: Hashable, Sendable, CustomStringConvertible {
  case number(Int)
  /// The index of a hyperparameter, and its name.
  case hyper(Int, name: String)

  package static let limit = 65_536

  /// With the hyperparameters at `hypers`; nil where that is no whole number from 1 to `limit`.
  package func value(_ hypers: [Double]) -> Int? {
    switch self {
    case .number(let n): return n
    case .hyper(let k, _):
      guard hypers.indices.contains(k), let n = Int(exactly: hypers[k]), n >= 1, n <= Self.limit
      else { return nil }
      return n
    }
  }

  /// The number with the hyperparameters at `hypers`, whatever it is.
  func number(_ hypers: [Double]) -> Double {
    switch self {
    case .number(let n): Double(n)
    case .hyper(let k, _): hypers.indices.contains(k) ? hypers[k] : 0
    }
  }

  /// The hyperparameter that says it.
  package var hyper: Int? { if case .hyper(let k, _) = self { k } else { nil } }

  /// With the name that a text gives to its hyperparameter.
  package func named(_ names: [String]) -> BlockLength {
    guard let k = hyper, names.indices.contains(k) else { return self }
    return .hyper(k, name: names[k])
  }

  package var description: String {
    switch self {
    case .number(let n): "\(n)"
    case .hyper(_, let name): name
    }
  }
}

/// How a state is stored: decoded when it is read, encoded when it is written. Arithmetic is in the
/// compute type whatever this says.
package enum Storage: Hashable, Sendable, CustomStringConvertible {
  /// In the type of the arithmetic.
  case compute
  case float32, float64, bfloat16, float16
  /// Eight bits by a map of unevenly spaced numbers, with a scale a block
  /// (Dettmers et al. 2021, arXiv:2110.02861). Tensors of fewer than `small` numbers keep float32.
  case int8(block: BlockLength, small: BlockLength? = nil)
  /// Signs, with one scale a block (Tang et al. 2021, arXiv:2102.02888).
  case sign1(block: BlockLength)

  package var description: String {
    switch self {
    case .compute: "as w"
    case .float32: "f32"
    case .float64: "f64"
    case .bfloat16: "bf16"
    case .float16: "f16"
    case .int8(let block, let small):
      "int8(block = \(block)\(small.map { ", small = \($0)" } ?? ""))"
    case .sign1(let block): "sign1(block = \(block))"
    }
  }

  /// The block of a storage in blocks.
  package var block: BlockLength? {
    switch self {
    case .int8(let block, _), .sign1(let block): block
    default: nil
    }
  }

  /// Whether so many numbers are stored as float32 instead.
  package func keepsFloat32(_ count: Int, _ hypers: [Double]) -> Bool {
    guard case .int8(_, let small?) = self else { return false }
    return Double(count) < small.number(hypers)
  }

  /// The hyperparameters that it reads.
  package var hypers: [Int] {
    guard case .int8(let block, let small) = self else { return [block?.hyper].compactMap { $0 } }
    return [block.hyper, small?.hyper].compactMap { $0 }
  }

  /// With the names that a text gives to hyperparameters.
  package func named(_ names: [String]) -> Storage {
    switch self {
    case .int8(let block, let small):
      .int8(block: block.named(names), small: small?.named(names))
    case .sign1(let block): .sign1(block: block.named(names))
    default: self
    }
  }

  /// Bits of one stored number, without its share of a scale.
  package var bits: Int {
    switch self {
    case .compute, .float32: 32
    case .float64: 64
    case .bfloat16, .float16: 16
    case .int8: 8
    case .sign1: 1
    }
  }

  /// Bytes of one stored number, its share of a block's scale included.
  package func bytesPerElement(_ hypers: [Double]) -> Double {
    Double(bits) / 8 + (block.flatMap { $0.value(hypers) }.map { 4 / Double($0) } ?? 0)
  }

  /// Bytes of so many numbers: whole bytes, and a scale for a last block that is short too.
  package func bytes(_ count: Int, _ hypers: [Double]) -> Int {
    if keepsFloat32(count, hypers) { return 4 * count }
    let scales = block.flatMap { $0.value(hypers) }.map { (count + $0 - 1) / $0 } ?? 0
    return (count * bits + 7) / 8 + 4 * scales
  }
}

extension CostCounter {
  /// Bytes of a state of so many numbers: exact where their count is known, else a share of a scale
  /// for each. One number, or one for the whole optimizer, is always in double precision.
  func bytes(of slot: StateSlot, elements: Amount) -> Amount {
    if slot.shape.isScalar { return Amount(8) }
    if let count = elements.constant, (0..<0x1p53).contains(count) {
      return Amount(Double(slot.storage.bytes(Int(count), hypers)))
    }
    return elements * slot.storage.bytesPerElement(hypers)
  }
}

import CKernels
import IR

/// The type of parameters and gradients, in the host's memory. Scalars are always Double.
package enum ElementType: UInt8, Sendable, CaseIterable {
  case float32, float64, bfloat16, float16

  package var byteCount: Int {
    switch self {
    case .float64: 8
    case .float32: 4
    case .bfloat16, .float16: 2
    }
  }

  /// The type of the arithmetic: float32 for the types of sixteen bits.
  package var compute: ElementType { self == .float64 ? .float64 : .float32 }

  /// The squares of this arithmetic on an engine.
  func squares(on engine: EngineKind) -> SquareRange {
    engine == .reference || compute == .float64 ? .float64 : .float32
  }

  /// The `rv_element` of its memory.
  var kernelElement: Int32 {
    switch self {
    case .float32: Int32(RV_F32.rawValue)
    case .float64: Int32(RV_F64.rawValue)
    case .bfloat16: Int32(RV_BF16.rawValue)
    case .float16: Int32(RV_F16.rawValue)
    }
  }

  var format: SlotFormat { SlotFormat(element: kernelElement) }

  /// Number `i` at `pointer`.
  package func read(_ pointer: UnsafeRawPointer, _ i: Int) -> Double {
    rv_number_at(kernelElement, pointer, Int64(i))
  }

  /// Rounds to nearest even.
  package func write(_ x: Double, to pointer: UnsafeMutableRawPointer, _ i: Int) {
    rv_set_number(kernelElement, pointer, Int64(i), x)
  }
}

/// How the numbers of a slot lie in memory.
struct SlotFormat: Hashable {
  /// An `rv_element`.
  var element: Int32
  /// Numbers that share a scale; 0 where there are no scales.
  var block = 0
  /// Where chance rounds: the site in the random counter.
  var site: UInt32?

  static let float32 = SlotFormat(element: Int32(RV_F32.rawValue))
  static let float64 = SlotFormat(element: Int32(RV_F64.rawValue))
  static let bfloat16 = SlotFormat(element: Int32(RV_BF16.rawValue))
  static let float16 = SlotFormat(element: Int32(RV_F16.rawValue))

  /// Of a state of so many numbers. Nil for a block whose length is not known. Without `isSigned` no
  /// number is negative.
  init?(_ storage: Storage, count: Int, compute: ElementType, isSigned: Bool, hypers: [Double]) {
    if storage.keepsFloat32(count, hypers) {
      self = .float32
      return
    }
    switch storage {
    case .compute: self = compute.format
    case .float32: self = .float32
    case .float64: self = .float64
    case .bfloat16: self = .bfloat16
    case .float16: self = .float16
    case .int8(let length, _):
      guard let length = length.value(hypers) else { return nil }
      self.init(element: Int32((isSigned ? RV_S8 : RV_U8).rawValue), block: length)
    case .sign1(let length):
      guard let length = length.value(hypers) else { return nil }
      self.init(element: Int32(RV_SIGN1.rawValue), block: length)
    }
  }

  init(element: Int32, block: Int = 0, site: UInt32? = nil) {
    self.element = element
    self.block = block
    self.site = site
  }

  var isInBlocks: Bool { block > 0 }
  var hasNoSign: Bool { element == Int32(RV_U8.rawValue) }
  /// Bytes of an element; 1 for those in blocks, whose memory is not gone through by elements.
  var width: Int {
    switch rv_element(UInt32(element)) {
    case RV_F64: 8
    case RV_F32: 4
    case RV_BF16, RV_F16: 2
    default: 1
    }
  }

  /// Each number is stored by itself, to nearest.
  var isPlain: Bool { !isInBlocks && site == nil }

  func byteCount(_ count: Int) -> Int {
    guard isInBlocks else { return count * width }
    let codes = element == Int32(RV_SIGN1.rawValue) ? (count + 7) / 8 : count
    return codes + 4 * ((count + block - 1) / block)
  }

  /// Passes that touch it are cut at multiples of this.
  var alignment: Int {
    element == Int32(RV_SIGN1.rawValue) ? Self.leastMultiple(block, 8) : max(block, 1)
  }

  /// The kernels that convert from it and, to nearest, to it, outside of blocks.
  var reading: rv_op {
    switch rv_element(UInt32(element)) {
    case RV_BF16: RV_FROM_BF16
    case RV_F16: RV_FROM_F16
    default: RV_FROM_OTHER
    }
  }
  var writing: rv_op {
    switch rv_element(UInt32(element)) {
    case RV_BF16: RV_TO_BF16
    case RV_F16: RV_TO_F16
    default: RV_TO_OTHER
    }
  }

  /// The format and a count as a place of `RV_PLACE_ENCODE` and `RV_PLACE_DECODE`.
  func place(_ kind: rv_positioned, count: Int) -> rv_place {
    var place = rv_place()
    place.kind = Int32(kind.rawValue)
    place.distribution = element
    set(&place.extent, 0, Int64(block))
    set(&place.extent, 1, Int64(count))
    if let site {
      place.fold = 1
      place.site = site
    }
    return place
  }

  var name: String {
    let kind: String
    switch rv_element(UInt32(element)) {
    case RV_F64: kind = "f64"
    case RV_F32: kind = "f32"
    case RV_BF16: kind = "bf16"
    case RV_F16: kind = "f16"
    case RV_S8: kind = "int8 signed/\(block)"
    case RV_U8: kind = "int8 unsigned/\(block)"
    default: kind = "sign1/\(block)"
    }
    return site == nil ? kind : kind + " by chance"
  }

  static func leastMultiple(_ a: Int, _ b: Int) -> Int {
    if a == 0 || b == 0 { return max(a, b) }
    var (x, y) = (a, b)
    while y != 0 { (x, y) = (y, x % y) }
    return a / x * b
  }
}

/// Sites in the random counter of what rounds by chance: behind those of the rule's own draws.
enum RoundingSite {
  static func state(_ k: Int) -> UInt32 { 0xFFFE_0000 + UInt32(k) }
  static let parameter: UInt32 = 0xFFFE_FFFF
}

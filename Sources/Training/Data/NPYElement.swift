/// The element types of NumPy arrays that can be read, and how.
struct NPYElement {
  private enum Kind { case float, signed, unsigned, boolean }

  private let kind: Kind
  private let isBigEndian: Bool
  /// Bytes per element: 1, 2, 4 or 8.
  let size: Int

  var isFloating: Bool { kind == .float }

  /// From a type string such as `<f4`; nil when the type cannot be read.
  init?(_ descr: String) {
    let scalars = Array(descr.utf8)
    guard scalars.count == 3, case let size = Int(scalars[2]) - 0x30, [1, 2, 4, 8].contains(size)
    else { return nil }
    switch (scalars[1], size) {
    case (UInt8(ascii: "f"), 2...): kind = .float
    case (UInt8(ascii: "i"), _): kind = .signed
    case (UInt8(ascii: "u"), _): kind = .unsigned
    case (UInt8(ascii: "b"), 1): kind = .boolean
    default: return nil
    }
    switch scalars[0] {
    case UInt8(ascii: "<"): isBigEndian = false
    case UInt8(ascii: ">"): isBigEndian = true
    case UInt8(ascii: "="): isBigEndian = 1.bigEndian == 1
    case UInt8(ascii: "|") where size == 1: isBigEndian = false
    default: return nil
    }
    self.size = size
  }

  /// `count` numbers; `data` holds exactly `count * size` bytes.
  func decode(_ data: UnsafeRawBufferPointer, count: Int) -> [Double] {
    switch (kind, size) {
    case (.float, 2): map(data, count, UInt16.self) { Self.half($0) }
    case (.float, 4): map(data, count, UInt32.self) { Double(Float(bitPattern: $0)) }
    case (.float, _): map(data, count, UInt64.self) { Double(bitPattern: $0) }
    case (.signed, 1): map(data, count, Int8.self) { Double($0) }
    case (.signed, 2): map(data, count, Int16.self) { Double($0) }
    case (.signed, 4): map(data, count, Int32.self) { Double($0) }
    case (.signed, _): map(data, count, Int64.self) { Double($0) }
    case (.unsigned, 1): map(data, count, UInt8.self) { Double($0) }
    case (.unsigned, 2): map(data, count, UInt16.self) { Double($0) }
    case (.unsigned, 4): map(data, count, UInt32.self) { Double($0) }
    case (.unsigned, _): map(data, count, UInt64.self) { Double($0) }
    case (.boolean, _): map(data, count, UInt8.self) { $0 == 0 ? 0 : 1 }
    }
  }

  private func map<T: FixedWidthInteger & BitwiseCopyable>(
    _ data: UnsafeRawBufferPointer, _ count: Int, _: T.Type, _ convert: (T) -> Double
  ) -> [Double] {
    [Double](unsafeUninitializedCapacity: count) { out, initialised in
      for i in 0..<count {
        let raw = data.loadUnaligned(fromByteOffset: i * MemoryLayout<T>.size, as: T.self)
        out.initializeElement(
          at: i, to: convert(isBigEndian ? T(bigEndian: raw) : T(littleEndian: raw)))
      }
      initialised = count
    }
  }

  /// IEEE 754 binary16, decoded by hand: `Float16` does not exist on every platform.
  static func half(_ bits: UInt16) -> Double {
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Double(bits & 0x3FF)
    let magnitude: Double
    switch exponent {
    case 0: magnitude = fraction * 0x1p-24
    case 31: magnitude = fraction == 0 ? .infinity : .nan
    default:
      magnitude = Double(
        sign: .plus, exponent: exponent - 15, significand: 1 + fraction * 0x1p-10)
    }
    return bits & 0x8000 == 0 ? magnitude : -magnitude
  }
}

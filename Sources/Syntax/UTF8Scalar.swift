/// One scalar of a text that may be no UTF-8.
enum UTF8Scalar {
  /// The scalar at an offset and its width; width 0 where the bytes are not UTF-8.
  static func decode(
    _ bytes: UnsafeBufferPointer<UInt8>, _ i: Int
  ) -> (scalar: UInt32, width: Int) {
    let first = UInt32(bytes[i])
    if first < 0x80 { return (first, 1) }
    func tail(_ k: Int) -> UInt32? {
      guard i + k < bytes.count, bytes[i + k] & 0xC0 == 0x80 else { return nil }
      return UInt32(bytes[i + k] & 0x3F)
    }
    switch first {
    case 0xC2...0xDF:
      guard let a = tail(1) else { return (0, 0) }
      return ((first & 0x1F) << 6 | a, 2)
    case 0xE0...0xEF:
      guard let a = tail(1), let b = tail(2) else { return (0, 0) }
      let scalar = (first & 0x0F) << 12 | a << 6 | b
      return scalar >= 0x800 && !(0xD800...0xDFFF).contains(scalar) ? (scalar, 3) : (0, 0)
    case 0xF0...0xF4:
      guard let a = tail(1), let b = tail(2), let c = tail(3) else { return (0, 0) }
      let scalar = (first & 0x07) << 18 | a << 12 | b << 6 | c
      return (0x10000...0x10FFFF).contains(scalar) ? (scalar, 4) : (0, 0)
    default: return (0, 0)
    }
  }
}

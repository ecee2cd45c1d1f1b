/// A look at what a compiler wrote before it is loaded: loading part of a file can crash.
enum ObjectFile {
  /// Whether all parts that the head of an ELF file of this machine's kind names are there. Other
  /// formats are left to the loader.
  static func isWhole(_ bytes: [UInt8]) -> Bool {
    #if os(Linux)
      guard bytes.count >= 64, Array(bytes[0..<4]) == [0x7F, 0x45, 0x4C, 0x46] else { return false }
      // 64 bits, little-endian.
      guard bytes[4] == 2, bytes[5] == 1 else { return MemoryLayout<Int>.size == 4 }
      func number(_ at: Int, _ width: Int) -> UInt64 {
        (0..<width).reduce(0) { $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1) }
      }
      func fits(_ offset: UInt64, _ length: UInt64) -> Bool {
        let (end, overflows) = offset.addingReportingOverflow(length)
        return !overflows && end <= UInt64(bytes.count)
      }
      let (segments, sections) = (number(32, 8), number(40, 8))
      let (segmentSize, segmentCount) = (number(54, 2), number(56, 2))
      guard segmentSize == 56, segmentCount > 0, fits(segments, segmentSize * segmentCount),
        fits(sections, number(58, 2) * number(60, 2))
      else { return false }
      return (0..<segmentCount).allSatisfy { k in
        let head = Int(segments + k * segmentSize)
        return fits(number(head + 8, 8), number(head + 32, 8))
      }
    #else
      return !bytes.isEmpty
    #endif
  }
}

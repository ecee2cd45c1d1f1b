import Basics

/// Writes a NumPy `.npz` file: arrays stored in a zip archive, as `numpy.savez` does. Equal arrays give equal bytes: no
/// member has a date.
struct ArrayArchiveWriter {
  private var members: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  /// `descr` is NumPy's name of the type, `<f4`; the numbers are in row order.
  mutating func add(_ name: String, _ descr: String, shape: [Int], _ numbers: [UInt8]) {
    let content = Self.header(descr, shape) + numbers
    let file = Array((name + ".npy").utf8)
    // Version 2.0, names in UTF-8, stored, the first day of 1980.
    var about: [UInt8] = []
    for half in [20, 0x0800, 0, 0, 0x21] { Self.append(half, 2, to: &about) }
    for word in [Int(Checksum.crc32(content)), content.count, content.count] {
      Self.append(word, 4, to: &about)
    }
    Self.append(file.count, 2, to: &about)
    Self.append(0, 2, to: &about)
    let offset = members.count
    members += [0x50, 0x4B, 3, 4] + about + file
    members += content
    directory += [0x50, 0x4B, 1, 2, 20, 0] + about
    // No comment, the first volume, no attributes.
    directory += [UInt8](repeating: 0, count: 10)
    Self.append(offset, 4, to: &directory)
    directory += file
    count += 1
  }

  var bytes: [UInt8] {
    var end: [UInt8] = [0x50, 0x4B, 5, 6, 0, 0, 0, 0]
    for half in [count, count] { Self.append(half, 2, to: &end) }
    for word in [directory.count, members.count] { Self.append(word, 4, to: &end) }
    return members + directory + end + [0, 0]
  }

  /// Version 1.0 of the format: the numbers begin at a multiple of 64.
  private static func header(_ descr: String, _ shape: [Int]) -> [UInt8] {
    let extents =
      shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = Array("{'descr': '\(descr)', 'fortran_order': False, 'shape': (\(extents)), }".utf8)
    while (10 + text.count + 1) % 64 != 0 { text.append(0x20) }
    text.append(0x0A)
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    append(text.count, 2, to: &bytes)
    return bytes + text
  }

  private static func append(_ value: Int, _ width: Int, to bytes: inout [UInt8]) {
    for k in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * k))) }
  }
}

import Basics

extension Figure {
  /// The figure as a PNG image of `width` pixels.
  package func png(width: Int = 1440) -> [UInt8] {
    PixelWriter(figure: self, width: width, unit: 2).image().png
  }
}

extension PixelImage {
  /// As PNG (ISO/IEC 15948): a palette, one byte a pixel, no filter.
  package var png: [UInt8] {
    var rows: [UInt8] = []
    rows.reserveCapacity((width + 1) * height)
    for y in 0..<height {
      rows.append(0)
      rows += pixels[y * width..<(y + 1) * width]
    }
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    func add(_ kind: String, _ content: [UInt8]) {
      let body = Array(kind.utf8) + content
      file += Self.bigEndian(UInt32(content.count)) + body
      file += Self.bigEndian(Checksum.crc32(body))
    }
    add("IHDR", Self.bigEndian(UInt32(width)) + Self.bigEndian(UInt32(height)) + [8, 3, 0, 0, 0])
    add("PLTE", colours.flatMap { $0 })
    // A window of 32 KiB, no preset dictionary.
    add(
      "IDAT",
      [0x78, 0x01] + RunDeflate.deflate(rows, row: width + 1)
        + Self.bigEndian(Checksum.adler32(rows)))
    add("IEND", [])
    return file
  }

  private static func bigEndian(_ word: UInt32) -> [UInt8] {
    stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
  }
}

/// Deflate (RFC 1951) of pictures that are mostly runs: one block of the fixed codes, whose only matches are the byte before and
/// the row above.
enum RunDeflate {
  private struct Bits {
    var bytes: [UInt8] = []
    private var hold: UInt64 = 0
    private var count: UInt64 = 0

    /// The lowest bit first.
    mutating func add(_ value: Int, _ width: Int) {
      hold |= UInt64(value) << count
      count += UInt64(width)
      while count >= 8 {
        bytes.append(UInt8(truncatingIfNeeded: hold))
        hold >>= 8
        count -= 8
      }
    }

    /// A code of Huffman, whose highest bit comes first.
    mutating func add(code: Int, _ width: Int) {
      var turned = 0
      for k in 0..<width where code >> k & 1 == 1 { turned |= 1 << (width - 1 - k) }
      add(turned, width)
    }

    mutating func symbol(_ symbol: Int) {
      switch symbol {
      case 0..<144: add(code: 0x30 + symbol, 8)
      case 144..<256: add(code: 0x190 + symbol - 144, 9)
      case 256..<280: add(code: symbol - 256, 7)
      default: add(code: 0xC0 + symbol - 280, 8)
      }
    }

    mutating func finish() { if count > 0 { add(0, 8 - Int(count)) } }
  }

  /// The least length of each code from 257 on, and the bits that follow it.
  private static let lengths = codes(28, from: 3, alike: 4) + [(258, 0)]
  /// The same of distances.
  private static let distances = codes(30, from: 1, alike: 2)

  /// So many codes have as many bits behind them, twice as many at first.
  private static func codes(
    _ count: Int, from first: Int, alike: Int
  ) -> [(least: Int, extra: Int)] {
    var least = first
    return (0..<count).map { code in
      let extra = max(0, code / alike - 1)
      defer { least += 1 << extra }
      return (least, extra)
    }
  }

  static func deflate(_ bytes: [UInt8], row: Int) -> [UInt8] {
    var bits = Bits()
    // The last block, of the fixed codes.
    bits.add(1, 1)
    bits.add(1, 2)
    var at = 0
    bytes.withUnsafeBufferPointer { bytes in
      func match(_ distance: Int) -> Int {
        guard distance <= at, distance <= 32_768 else { return 0 }
        var length = 0
        while length < 258, at + length < bytes.count,
          bytes[at + length] == bytes[at + length - distance]
        {
          length += 1
        }
        return length
      }
      while at < bytes.count {
        let (near, above) = (match(1), match(row))
        let (length, distance) = near >= above ? (near, 1) : (above, row)
        guard length >= 3 else {
          bits.symbol(Int(bytes[at]))
          at += 1
          continue
        }
        let code = lengths.lastIndex { $0.least <= length }!
        bits.symbol(257 + code)
        bits.add(length - lengths[code].least, lengths[code].extra)
        let way = distances.lastIndex { $0.least <= distance }!
        bits.add(code: way, 5)
        bits.add(distance - distances[way].least, distances[way].extra)
        at += length
      }
    }
    bits.symbol(256)
    bits.finish()
    return bits.bytes
  }
}

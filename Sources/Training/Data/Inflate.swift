/// Decompression of raw deflate data (RFC 1951).
///
/// Our own, because NPZ is the only use: a system zlib would be one more package to install
/// before anything builds.
package enum Inflate {
  package enum Malformed: Error, Equatable {
    case truncated, blockType, storedLength, codeLengths, symbol, distance, outputLength

    package var reason: String {
      switch self {
      case .truncated: "they end too early"
      case .blockType: "a block of unknown type"
      case .storedLength: "a stored block whose two lengths disagree"
      case .codeLengths: "impossible code lengths"
      case .symbol: "a code that stands for nothing"
      case .distance: "a distance before the start of the data"
      case .outputLength: "their length is not the one that the archive states"
      }
    }
  }

  /// The decompressed bytes, exactly `size` of them.
  ///
  /// The whole input must be one deflate stream. Never allocates more than twice what the input
  /// can expand to.
  package static func inflate(
    _ input: UnsafeRawBufferPointer, size: Int
  ) throws(Malformed) -> [UInt8] {
    // Deflate expands by at most 1032: whatever states more is lying, and is refused unread.
    guard size >= 0, size / 1032 <= input.count + 1 else { throw .outputLength }
    var stream = Stream(input, limit: size)
    while true {
      let isLast = try stream.bits(1) == 1
      switch try stream.bits(2) {
      case 0: try stream.stored()
      case 1: try stream.compressed(fixedLiterals, fixedDistances)
      case 2:
        let (literals, distances) = try stream.dynamicCodes()
        try stream.compressed(literals, distances)
      default: throw .blockType
      }
      if isLast { break }
    }
    guard stream.output.count == size, stream.isAtEnd else { throw .outputLength }
    return stream.output
  }

  private static let fixedLiterals = Code(
    lengths: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })!
  private static let fixedDistances = Code(lengths: [UInt8](repeating: 5, count: 30))!

  /// A canonical Huffman code: a table for codes of at most nine bits, a walk for longer ones.
  struct Code: Sendable {
    static let tableBits = 9
    /// `symbol << 4 | length` for every possible next nine bits; 0 where the code is longer.
    private(set) var table = [UInt16](repeating: 0, count: 1 << tableBits)
    private(set) var counts = [Int](repeating: 0, count: 16)
    private(set) var symbols: [UInt16] = []

    /// Nil when the lengths describe no prefix code. An incomplete code is allowed only when it
    /// has at most one symbol (RFC 1951, 3.2.7) or is the fixed distance code.
    init?(lengths: [UInt8]) {
      for length in lengths { counts[Int(length)] += 1 }
      counts[0] = 0
      let used = counts.reduce(0, +)
      var left = 1
      for length in 1...15 {
        left = left * 2 - counts[length]
        if left < 0 { return nil }
      }
      let isFixedDistances = lengths.count == 30 && counts[5] == 30
      if left > 0, used > 1, !isFixedDistances { return nil }
      if used == 1, counts[1] != 1 { return nil }

      var offsets = [Int](repeating: 0, count: 17)
      var next = [Int](repeating: 0, count: 17)
      for length in 1...15 {
        offsets[length + 1] = offsets[length] + counts[length]
        next[length + 1] = (next[length] + counts[length]) << 1
      }
      symbols = [UInt16](repeating: 0, count: used)
      for (symbol, byte) in lengths.enumerated() where byte != 0 {
        let length = Int(byte)
        symbols[offsets[length]] = UInt16(symbol)
        offsets[length] += 1
        let code = next[length]
        next[length] += 1
        guard length <= Self.tableBits else { continue }
        var reversed = 0
        for bit in 0..<length where code >> bit & 1 == 1 { reversed |= 1 << (length - 1 - bit) }
        for slot in stride(from: reversed, to: 1 << Self.tableBits, by: 1 << length) {
          table[slot] = UInt16(symbol) << 4 | UInt16(length)
        }
      }
    }
  }

  private static let lengthBase = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
  ]
  private static let lengthExtra = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let distanceBase = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
    3073, 4097, 6145, 8193, 12289, 16385, 24577,
  ]
  private static let distanceExtra = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
    13,
  ]
  /// The order in which a dynamic block states the lengths of its code-length code.
  private static let codeLengthOrder = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
  ]

  /// The input bit by bit, and the output so far.
  private struct Stream {
    private let input: UnsafeRawBufferPointer
    private var cursor = 0
    private var hold: UInt64 = 0
    private var held = 0
    private let limit: Int
    private(set) var output: [UInt8] = []

    init(_ input: UnsafeRawBufferPointer, limit: Int) {
      self.input = input
      self.limit = limit
      output.reserveCapacity(limit)
    }

    /// Whether no whole byte is left.
    var isAtEnd: Bool { cursor == input.count && held < 8 }

    @inline(__always)
    private mutating func refill() {
      while held <= 56, cursor < input.count {
        hold |= UInt64(input[cursor]) << UInt64(held)
        cursor += 1
        held += 8
      }
    }

    @inline(__always)
    mutating func bits(_ count: Int) throws(Malformed) -> Int {
      if held < count {
        refill()
        if held < count { throw .truncated }
      }
      let value = Int(hold & (1 << UInt64(count) - 1))
      hold >>= UInt64(count)
      held -= count
      return value
    }

    @inline(__always)
    private mutating func symbol(_ code: borrowing Code) throws(Malformed) -> Int {
      if held < 15 { refill() }
      let entry = Int(code.table[Int(hold & (1 << UInt64(Code.tableBits) - 1))])
      let length = entry & 15
      if length > 0 {
        guard length <= held else { throw .truncated }
        hold >>= UInt64(length)
        held -= length
        return entry >> 4
      }
      return try longSymbol(code)
    }

    private mutating func longSymbol(_ code: borrowing Code) throws(Malformed) -> Int {
      var value = 0
      var first = 0
      var index = 0
      for length in 1...15 {
        value |= try bits(1)
        let count = code.counts[length]
        if value - first < count { return Int(code.symbols[index + value - first]) }
        index += count
        first = (first + count) << 1
        value <<= 1
      }
      throw .symbol
    }

    mutating func stored() throws(Malformed) {
      _ = try bits(held & 7)
      let length = try bits(16)
      guard try bits(16) == length ^ 0xFFFF else { throw .storedLength }
      guard output.count + length <= limit else { throw .outputLength }
      for _ in 0..<length { output.append(UInt8(try bits(8))) }
    }

    mutating func dynamicCodes() throws(Malformed) -> (Code, Code) {
      let literalCount = try bits(5) + 257
      let distanceCount = try bits(5) + 1
      let lengthCount = try bits(4) + 4
      guard literalCount <= 286, distanceCount <= 30 else { throw .codeLengths }
      var lengths = [UInt8](repeating: 0, count: 19)
      for i in 0..<lengthCount { lengths[codeLengthOrder[i]] = UInt8(try bits(3)) }
      guard let code = Code(lengths: lengths) else { throw .codeLengths }

      lengths = []
      while lengths.count < literalCount + distanceCount {
        let symbol = try symbol(code)
        switch symbol {
        case ..<16: lengths.append(UInt8(symbol))
        case 16:
          guard let last = lengths.last else { throw .codeLengths }
          lengths.append(contentsOf: repeatElement(last, count: 3 + (try bits(2))))
        case 17: lengths.append(contentsOf: repeatElement(0, count: 3 + (try bits(3))))
        default: lengths.append(contentsOf: repeatElement(0, count: 11 + (try bits(7))))
        }
      }
      guard lengths.count == literalCount + distanceCount, lengths[256] != 0,
        let literals = Code(lengths: Array(lengths[..<literalCount])),
        let distances = Code(lengths: Array(lengths[literalCount...]))
      else { throw .codeLengths }
      return (literals, distances)
    }

    mutating func compressed(
      _ literals: borrowing Code, _ distances: borrowing Code
    ) throws(Malformed) {
      while true {
        let literal = try symbol(literals)
        if literal < 256 {
          guard output.count < limit else { throw .outputLength }
          output.append(UInt8(literal))
          continue
        }
        if literal == 256 { return }
        guard literal < 286 else { throw .symbol }
        let length = lengthBase[literal - 257] + (try bits(lengthExtra[literal - 257]))
        let code = try symbol(distances)
        guard code < 30 else { throw .symbol }
        let distance = distanceBase[code] + (try bits(distanceExtra[code]))
        guard distance <= output.count else { throw .distance }
        guard output.count + length <= limit else { throw .outputLength }
        var from = output.count - distance
        for _ in 0..<length {
          output.append(output[from])
          from += 1
        }
      }
    }
  }
}

/// Where a restart is after a batch, besides the programs that ran: in bytes, for a journal.
package struct EvolutionState: Sendable {
  package var batches: Int
  package var idle: Int
  package var oldest: Int
  package var counts: SearchCounts
  package var recent: [EarlyScore]
  package var population: [Evolution.Member]

  package init(
    batches: Int, idle: Int, oldest: Int, counts: SearchCounts, recent: [EarlyScore],
    population: [Evolution.Member]
  ) {
    self.batches = batches
    self.idle = idle
    self.oldest = oldest
    self.counts = counts
    self.recent = recent
    self.population = population
  }

  package var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.byte(4)
    for x in [batches, idle, oldest] { writer.int(x) }
    writer.int(counts.numbers.count)
    for x in counts.numbers { writer.int(x) }
    writer.int(recent.count)
    for x in recent {
      writer.double(x.score)
      writer.int(x.states)
    }
    writer.int(population.count)
    for member in population {
      writer.int(member.number)
      writer.int(member.rung)
      for x in [member.best, member.size, member.score] { writer.double(x) }
      writer.bytes(member.program.bytes)
    }
    return writer.written
  }

  /// Nil for bytes that are no state.
  package init?(bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    guard reader.byte() == 4, let batches = reader.int(), let idle = reader.int(),
      let oldest = reader.int(),
      let numbers = reader.list({ $0.int() }), let counts = SearchCounts(numbers),
      let recent = reader.list({ reader -> EarlyScore? in
        guard let score = reader.double(), let states = reader.int() else { return nil }
        return EarlyScore(score, states: states)
      }),
      let population = reader.list({ reader -> Evolution.Member? in
        guard let number = reader.int(), let rung = reader.int(), let best = reader.double(),
          let size = reader.double(), let score = reader.double(),
          let program = reader.bytes().flatMap({ Genome(bytes: $0) })
        else { return nil }
        return Evolution.Member(
          number: number, program: program, best: best, size: size, rung: rung, score: score)
      }), reader.isAtEnd, population.indices.contains(oldest)
    else { return nil }
    self.init(
      batches: batches, idle: idle, oldest: oldest, counts: counts, recent: recent,
      population: population)
  }
}

/// Numbers and texts as bytes, least byte first.
struct ByteWriter {
  private(set) var written: [UInt8] = []

  mutating func byte(_ x: UInt8) { written.append(x) }

  mutating func int(_ x: Int) {
    withUnsafeBytes(of: Int64(x).littleEndian) { written.append(contentsOf: $0) }
  }

  mutating func double(_ x: Double) {
    withUnsafeBytes(of: x.bitPattern.littleEndian) { written.append(contentsOf: $0) }
  }

  mutating func bytes(_ x: [UInt8]) {
    int(x.count)
    written += x
  }
}

/// What `ByteWriter` has written; nil everywhere behind its end.
struct ByteReader {
  private let source: [UInt8]
  private var position = 0

  init(_ source: [UInt8]) { self.source = source }

  var isAtEnd: Bool { position == source.count }

  mutating func byte() -> UInt8? {
    guard position < source.count else { return nil }
    position += 1
    return source[position - 1]
  }

  private mutating func word() -> UInt64? {
    guard position + 8 <= source.count else { return nil }
    var bits: UInt64 = 0
    for k in 0..<8 { bits |= UInt64(source[position + k]) << UInt64(8 * k) }
    position += 8
    return bits
  }

  mutating func int() -> Int? { word().map { Int(Int64(bitPattern: $0)) } }
  mutating func double() -> Double? { word().map { Double(bitPattern: $0) } }

  mutating func bytes() -> [UInt8]? {
    guard let count = int(), count >= 0, count <= source.count - position else { return nil }
    position += count
    return Array(source[(position - count)..<position])
  }

  mutating func list<T>(_ read: (inout ByteReader) -> T?) -> [T]? {
    guard let count = int(), count >= 0, count <= source.count - position else { return nil }
    var result: [T] = []
    for _ in 0..<count {
      guard let x = read(&self) else { return nil }
      result.append(x)
    }
    return result
  }
}

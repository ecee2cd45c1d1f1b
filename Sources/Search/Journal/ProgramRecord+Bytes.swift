extension ProgramRecord {
  /// What a journal keeps in bytes: the digests; the losses.
  var digestBytes: [UInt8] {
    var result: [UInt8] = []
    for digest in digests {
      withUnsafeBytes(of: digest.littleEndian) { result.append(contentsOf: $0) }
    }
    return result
  }

  var lossBytes: [UInt8] {
    var result: [UInt8] = []
    for loss in losses {
      withUnsafeBytes(of: Float(loss).bitPattern.littleEndian) { result.append(contentsOf: $0) }
    }
    return result
  }

  /// A row of a journal; nil where it is none.
  init?(_ row: [Database.Value]) {
    guard row.count == 11, let number = row[0].int, let parent = row[1].int,
      let mutation = row[2].int, let rung = row[3].int, let rate = row[4].double,
      let best = row[5].double, let size = row[6].double, let digests = row[8].blob,
      let program = row[9].blob.flatMap({ Genome(bytes: $0) }), let losses = row[10].blob,
      digests.count == 8 * SearchCounts.Net.allCases.count, losses.count % 4 == 0
    else { return nil }
    var reader = ByteReader(digests)
    var words: [UInt64] = []
    for _ in SearchCounts.Net.allCases { words.append(reader.double()!.bitPattern) }
    let numbers = stride(from: 0, to: losses.count, by: 4).map { place in
      let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(losses[place + $1]) << UInt32(8 * $1) }
      return Double(Float(bitPattern: bits))
    }
    self.init(
      number: number, parent: parent, mutation: Mutator.Kind(rawValue: UInt8(clamping: mutation)),
      program: program, rate: rate, size: size, digests: words, rung: rung,
      // A score that is no number is kept as null.
      score: row[7].double ?? .infinity, best: best, losses: numbers)
  }

  var row: [Database.Value] {
    [
      .int(number), .int(parent), .int(mutation.map { Int($0.rawValue) } ?? 255), .int(rung),
      .double(rate), .double(best), .double(size), score.isFinite ? .double(score) : .null,
      .blob(digestBytes), .blob(program.bytes), .blob(lossBytes),
    ]
  }
}

import Basics
import Diagnostics
import Testing
import Training

private func npy(_ bytes: [UInt8]) throws(DiagnosticError) -> NumericArray {
  try NumericArray.npy(bytes: bytes, path: "a.npy", at: .none)
}

/// An NPY file with any header text.
private func file(_ header: String, data: [UInt8] = [], major: UInt8 = 1) -> [UInt8] {
  let text = Array(header.utf8)
  let length = [UInt8(text.count & 255), UInt8(text.count >> 8)] + (major > 1 ? [0, 0] : [])
  return [0x93] + Array("NUMPY".utf8) + [major, 0] + length + text + data
}

private func header(shape: String, descr: String = "<f8") -> String {
  "{'descr': '\(descr)', 'fortran_order': False, 'shape': \(shape), }\n"
}

@Suite struct NPYTests {
  @Test(arguments: [
    Fixture.littleF8, Fixture.bigF8, Fixture.littleF4, Fixture.bigF4, Fixture.littleF2,
    Fixture.bigF2,
  ])
  func readsFloats(_ bytes: [UInt8]) throws {
    #expect(try npy(bytes) == NumericArray(shape: [2, 3], values: [-2, -0.5, 1, 2.5, 4, 5.5]))
  }

  @Test(arguments: [
    Fixture.littleI2, Fixture.bigI2, Fixture.littleI4, Fixture.bigI4, Fixture.littleI8,
    Fixture.bigI8, Fixture.singleI1,
  ])
  func readsSignedIntegers(_ bytes: [UInt8]) throws {
    #expect(try npy(bytes) == NumericArray(shape: [2, 3], values: [-14, -7, 0, 7, 14, 21]))
  }

  @Test(arguments: [Fixture.littleU2, Fixture.littleU4, Fixture.littleU8, Fixture.singleU1])
  func readsUnsignedIntegers(_ bytes: [UInt8]) throws {
    #expect(try npy(bytes) == NumericArray(shape: [2, 3], values: [0, 7, 14, 21, 28, 35]))
  }

  @Test func readsBooleansScalarsAndEmptyArrays() throws {
    #expect(try npy(Fixture.bool) == NumericArray(shape: [3], values: [1, 0, 1]))
    #expect(try npy(Fixture.scalar) == NumericArray(shape: [], values: [2.5]))
    #expect(try npy(Fixture.emptyRows) == NumericArray(shape: [0, 3], values: []))
  }

  @Test func turnsFortranOrderIntoRows() throws {
    let expected = NumericArray(shape: [2, 3, 4], values: (0..<24).map(Double.init))
    #expect(try npy(Fixture.fortran) == expected)
  }

  @Test func readsEveryVersion() throws {
    #expect(try npy(Fixture.version2).values == [1, 2])
    #expect(try npy(Fixture.version3).values == [1, 2])
  }

  @Test func readsHalvesAtTheirLimits() throws {
    let values = try npy(Fixture.halves).values
    #expect(values[0] == 65504)
    #expect(values[1] == 0x1p-24)
    #expect(values[2] == 0 && values[2].sign == .minus)
    #expect(values[3] == .infinity)
    #expect(values[4].isNaN)
    #expect(values[5] == 0.333251953125)
  }

  @Test(arguments: [
    ([], "R0707"),
    (Array("PK".utf8), "R0720"),
    (Array(Fixture.littleF8.prefix(7)), "R0720"),
    (file(header(shape: "(1,)"), major: 4), "R0721"),
    (Array(Fixture.littleF8.prefix(30)), "R0722"),
    (file("{}"), "R0722"),
    (file("{'descr': '<f8'}"), "R0722"),
    (file("{'descr': '<f8', 'descr': '<f8'}"), "R0722"),
    (file("{'descr': '<f8', 'fortran_order': Maybe, 'shape': ()}"), "R0722"),
    (file("{'descr': '<f8', 'fortran_order': False"), "R0722"),
    (file("{'descr': [['"), "R0722"),
    (file(header(shape: "(-1,)")), "R0722"),
    (file(header(shape: "(3")), "R0722"),
    (file(header(shape: "(99999999999999999999999,)")), "R0722"),
    (file(header(shape: "(" + String(repeating: "1,", count: 65) + ")")), "R0722"),
    (file(header(shape: "()") + "x", data: [0]), "R0722"),
    (Fixture.complex, "R0723"),
    (Fixture.text, "R0723"),
    (Fixture.structured, "R0723"),
    (file(header(shape: "()", descr: "|O")), "R0723"),
    (file(header(shape: "()", descr: "<f1")), "R0723"),
    (file(header(shape: "()", descr: "|f8")), "R0723"),
    (Array(Fixture.littleF8.dropLast()), "R0724"),
    (Fixture.littleF8 + [0], "R0724"),
    (file(header(shape: "(100000000000, 8)")), "R0724"),
    (file(header(shape: "(100000000000, 100000000000)")), "R0725"),
  ])
  func refusesWhatIsMalformed(_ bytes: [UInt8], _ code: String) {
    let text = described { () throws(DiagnosticError) in try npy(bytes) }
    #expect(text.hasPrefix(code + " a.npy"))
  }

  @Test func everyTruncationAndEveryChangedByteIsHandled() {
    let original = Fixture.littleF4
    for end in 0..<original.count {
      let text = described { () throws(DiagnosticError) in try npy(Array(original[..<end])) }
      #expect(text.hasPrefix("R07"))
    }
    var random = Sequence64(seed: 3)
    var read = 0
    for i in original.indices {
      var bytes = original
      bytes[i] ^= UInt8(1 + random.below(255))
      let text = described { () throws(DiagnosticError) in try npy(bytes) }
      if text == "no diagnostic" { read += 1 } else { #expect(text.hasPrefix("R072")) }
    }
    // The six numbers themselves may hold anything.
    #expect(read >= 24)
  }
}

@Suite struct ArchiveTests {
  private func open(_ bytes: [UInt8]) throws(DiagnosticError) -> ArrayArchive {
    try ArrayArchive(bytes: bytes, path: "a.npz", at: .none)
  }

  private func problem(_ bytes: [UInt8], _ name: String = "x") -> String {
    described { () throws(DiagnosticError) in try open(bytes).array(name, at: .none) }
  }

  @Test(arguments: [Fixture.stored, Fixture.deflated])
  func readsStoredAndDeflatedArrays(_ bytes: [UInt8]) throws {
    let archive = try open(bytes)
    #expect(archive.names.prefix(2) == ["x", "y"])
    let x = try archive.array("x", at: .none)
    #expect(x == NumericArray(shape: [4, 3], values: (0..<12).map(Double.init)))
    #expect(try archive.array("y", at: .none).values == [0, 1, 0, 1])
  }

  @Test func readsLongCompressedArrays() throws {
    let squares = try open(Fixture.deflatedLong).array("squares", at: .none)
    #expect(squares.values == (0..<3000).map { Double($0 * $0 % 977) })
  }

  @Test func anUnreadableMemberSpoilsOnlyItself() throws {
    #expect(problem(Fixture.stored, "names").hasPrefix("R0723 a.npz(names.npy)"))
    #expect(problem(Fixture.stored, "X").contains("did you mean \"x\"?"))
    #expect(problem(Fixture.stored, "X").hasPrefix("R0735"))
  }

  @Test func refusesWhatIsDamaged() throws {
    #expect(problem(Fixture.littleF8).hasPrefix("R0730"))
    #expect(problem(Array(Fixture.stored.dropLast())).hasPrefix("R0730"))
    let start = Fixture.stored.count / 8
    #expect(problem(Array(Fixture.stored[start...])).hasPrefix("R0731"))

    var data = Fixture.stored
    let magic = try #require(
      data.indices.first { data[$0] == 0x93 && data[$0 + 1] == 0x4E })
    data[magic + 130] ^= 1
    #expect(problem(data).hasPrefix("R0734"))
  }

  @Test func refusesEncryptionAndUnknownMethods() throws {
    let directory = try #require(
      Fixture.stored.indices.first {
        Fixture.stored[$0...].starts(with: [0x50, 0x4B, 0x01, 0x02])
      })
    var encrypted = Fixture.stored
    encrypted[directory + 8] |= 1
    #expect(problem(encrypted).hasPrefix("R0732"))
    var lzma = Fixture.stored
    lzma[directory + 10] = 14
    #expect(problem(lzma).hasPrefix("R0732"))
    var deflate = Fixture.stored
    deflate[directory + 10] = 8
    #expect(problem(deflate).hasPrefix("R0733"))
    var huge = Fixture.stored
    huge.replaceSubrange(directory + 24..<directory + 28, with: [0, 0, 0, 0x7F])
    #expect(problem(huge).hasPrefix("R0705"))
    var overlong = Fixture.deflated
    let other = try #require(
      overlong.indices.first { overlong[$0...].starts(with: [0x50, 0x4B, 0x01, 0x02]) })
    overlong.replaceSubrange(other + 24..<other + 28, with: [0, 0, 0, 0x3F])
    #expect(problem(overlong).hasPrefix("R0733"))
  }

  @Test(arguments: [Fixture.stored, Fixture.deflated])
  func damagedArchivesNeverGiveOtherNumbers(_ original: [UInt8]) throws {
    let expected = try open(original).array("x", at: .none)
    var random = Sequence64(seed: 8)
    var refused = 0
    for _ in 0..<1500 {
      var bytes = original
      for _ in 0...random.below(3) {
        bytes[random.below(bytes.count)] = UInt8(random.below(256))
      }
      if random.below(4) == 0 { bytes.removeLast(random.below(bytes.count)) }
      do throws(DiagnosticError) {
        let read = try open(bytes).array("x", at: .none)
        #expect(read == expected)
      } catch {
        refused += 1
        #expect((701...735).contains(error.diagnostics[0].code.number))
      }
    }
    #expect(refused > 300)
  }
}

@Suite struct InflateTests {
  private let sentence = Array(
    String(repeating: "the gradient, the momentum, the step; ", count: 9).utf8)

  private func inflate(_ bytes: [UInt8], _ size: Int) throws(Inflate.Malformed) -> [UInt8] {
    try bytes.withUnsafeBufferPointer { (buffer) throws(Inflate.Malformed) -> [UInt8] in
      try Inflate.inflate(UnsafeRawBufferPointer(buffer), size: size)
    }
  }

  @Test func readsEveryKindOfBlock() throws {
    #expect(try inflate(Fixture.rawStored, sentence.count) == sentence)
    #expect(try inflate(Fixture.rawFixed, sentence.count) == sentence)
    let mixed = try inflate(Fixture.rawDynamic, 900)
    #expect(Checksum.crc32(mixed) == 755777379)
  }

  @Test func knowsTheChecksumOfTheStandard() {
    #expect(Checksum.crc32("123456789".utf8) == 0xCBF4_3926)
  }

  @Test(
    arguments: [
      ([], 0, Inflate.Malformed.truncated),
      ([0x07], 0, .blockType),
      ([0x01, 0x01, 0x00, 0x00, 0x00], 1, .storedLength),
      ([0x05, 0xFF, 0xFF], 0, .codeLengths),
      ([0x03, 0x00], 1, .outputLength),
      ([0x03, 0x00, 0x00], 0, .outputLength),
      ([0x03], 0, .truncated),
      ([0x03, 0x02], 3, .distance),
      ([], 1 << 40, .outputLength),
    ] as [([UInt8], Int, Inflate.Malformed)])
  func refusesMalformedStreams(_ bytes: [UInt8], _ size: Int, _ reason: Inflate.Malformed) {
    #expect(throws: reason) { try inflate(bytes, size) }
  }

  @Test func anyBytesGiveTheStatedLengthOrAnError() {
    var random = Sequence64(seed: 21)
    let seeds = [Fixture.rawStored, Fixture.rawFixed, Fixture.rawDynamic]
    var refused = 0
    for round in 0..<4000 {
      var bytes = seeds[round % 3]
      if round % 5 == 0 {
        bytes = (0..<random.below(80)).map { _ in UInt8(random.below(256)) }
      } else {
        for _ in 0...random.below(4) {
          bytes[random.below(bytes.count)] ^= UInt8(random.below(256))
        }
      }
      let size = round % 3 == 2 ? 900 : sentence.count
      do throws(Inflate.Malformed) {
        #expect(try inflate(bytes, size).count == size)
      } catch {
        refused += 1
      }
    }
    #expect(refused > 1000)
  }
}

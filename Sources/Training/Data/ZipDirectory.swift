import Basics
import Diagnostics
import Files

/// A member of a zip archive, as its central directory describes it.
struct ZipEntry: Sendable {
  var name: String
  var method: Int
  var checksum: UInt32
  var compressedSize: Int
  var size: Int
  var headerOffset: Int

  /// The member's bytes, decompressed and compared with their checksum.
  func content(
    of archive: UnsafeRawBufferPointer, place: DataPlace, at span: Span
  ) throws(DiagnosticError) -> [UInt8] {
    guard let header = ZipRecord(archive, at: headerOffset, size: 30),
      header.word(0) == 0x0403_4B50
    else {
      throw DataProblem.damagedZip(place, reason: "the member's header is missing", at: span)
    }
    let start = headerOffset + 30 + header.half(26) + header.half(28)
    guard compressedSize <= archive.count, start <= archive.count - compressedSize else {
      throw DataProblem.damagedZip(place, reason: "the member ends behind the file", at: span)
    }
    let data = UnsafeRawBufferPointer(rebasing: archive[start..<start + compressedSize])
    let bytes: [UInt8]
    if method == 0 {
      guard size == compressedSize else {
        throw DataProblem.damagedZip(place, reason: "a stored member with two sizes", at: span)
      }
      bytes = Array(data)
    } else {
      do throws(Inflate.Malformed) {
        bytes = try Inflate.inflate(data, size: size)
      } catch {
        throw DataProblem.badDeflate(place, reason: error.reason, at: span)
      }
    }
    guard Checksum.crc32(bytes) == checksum else { throw DataProblem.checksum(place, at: span) }
    return bytes
  }
}

/// Little-endian fields of a fixed-size record that lies within the archive.
struct ZipRecord {
  private let bytes: UnsafeRawBufferPointer

  /// Nil when the archive ends before the record does.
  init?(_ archive: UnsafeRawBufferPointer, at offset: Int, size: Int) {
    guard offset >= 0, offset <= archive.count, archive.count - offset >= size else { return nil }
    bytes = UnsafeRawBufferPointer(rebasing: archive[offset..<offset + size])
  }

  func half(_ offset: Int) -> Int {
    Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
  }

  func word(_ offset: Int) -> Int {
    Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
  }

  /// A 64-bit size; nil beyond what any file here may have.
  func long(_ offset: Int) -> Int? {
    Int(exactly: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
  }
}

/// Finds the members of a zip archive (PKWARE APPNOTE 6.3) through its central directory.
struct ZipDirectory {
  private let bytes: UnsafeRawBufferPointer
  private let path: String
  private let span: Span

  init(_ bytes: UnsafeRawBufferPointer, path: String, span: Span) {
    self.bytes = bytes
    self.path = path
    self.span = span
  }

  /// The members whose names end in `.npy`; names come without it.
  func entries() throws(DiagnosticError) -> [ZipEntry] {
    let end = try endRecord()
    let record = ZipRecord(bytes, at: end, size: 22)!
    let count = record.half(10)
    guard record.half(4) == 0, record.half(6) == 0, record.half(8) == count else {
      throw DataProblem.zipFeature(DataPlace(path), feature: "several volumes", at: span)
    }
    var offset = record.word(16)
    if count == 0xFFFF || offset == 0xFFFF_FFFF {
      throw DataProblem.zipFeature(
        DataPlace(path), feature: "a directory of more than 65,534 members or 4 GiB", at: span)
    }
    var entries: [ZipEntry] = []
    var names: Set<String> = []
    for _ in 0..<count {
      guard let header = ZipRecord(bytes, at: offset, size: 46), header.word(0) == 0x0201_4B50,
        ZipRecord(
          bytes, at: offset + 46, size: header.half(28) + header.half(30) + header.half(32)) != nil
      else { throw damaged("its directory is cut short") }
      let nameEnd = offset + 46 + header.half(28)
      let fullName = String(decoding: bytes[offset + 46..<nameEnd], as: UTF8.self)
      let next = nameEnd + header.half(30) + header.half(32)
      if fullName.hasSuffix(".npy") {
        let name = String(fullName.dropLast(4))
        guard names.insert(name).inserted else {
          throw damaged("two members are named \"\(printable(fullName))\"")
        }
        let extra = UnsafeRawBufferPointer(rebasing: bytes[nameEnd..<nameEnd + header.half(30)])
        entries.append(try entry(name, header, extra))
      }
      offset = next
    }
    return entries
  }

  private func damaged(_ reason: String) -> DiagnosticError {
    DataProblem.damagedZip(DataPlace(path), reason: reason, at: span)
  }

  /// The offset of the end record, which a comment may follow.
  private func endRecord() throws(DiagnosticError) -> Int {
    var offset = bytes.count - 22
    let lowest = max(0, offset - 0xFFFF)
    while offset >= lowest {
      if bytes[offset] == 0x50, let record = ZipRecord(bytes, at: offset, size: 22),
        record.word(0) == 0x0605_4B50, offset + 22 + record.half(20) == bytes.count
      {
        return offset
      }
      offset -= 1
    }
    throw DataProblem.notZip(path, at: span)
  }

  private func entry(
    _ name: String, _ header: ZipRecord, _ extra: UnsafeRawBufferPointer
  ) throws(DiagnosticError) -> ZipEntry {
    let place = DataPlace("\(path)(\(name).npy)")
    if header.half(8) & 1 == 1 {
      throw DataProblem.zipFeature(place, feature: "encryption", at: span)
    }
    let method = header.half(10)
    guard method == 0 || method == 8 else {
      throw DataProblem.zipFeature(place, feature: "compression method \(method)", at: span)
    }
    var fields = [header.word(24), header.word(20), header.word(42)]
    try widen(&fields, extra)
    guard fields[0] <= DataFile.byteLimit else {
      throw DataProblem.tooLarge(place.path, limit: DataFile.byteLimit, at: span)
    }
    return ZipEntry(
      name: name, method: method, checksum: UInt32(header.word(16)), compressedSize: fields[1],
      size: fields[0], headerOffset: fields[2])
  }

  /// Replaces fields that say "see the zip64 extra field" by what stands there.
  private func widen(
    _ fields: inout [Int], _ extra: UnsafeRawBufferPointer
  ) throws(DiagnosticError) {
    guard fields.contains(0xFFFF_FFFF) else { return }
    var offset = 0
    while let block = ZipRecord(extra, at: offset, size: 4) {
      let length = block.half(2)
      if block.half(0) == 1 {
        var at = offset + 4
        for i in fields.indices where fields[i] == 0xFFFF_FFFF {
          guard at + 8 <= offset + 4 + length, let wide = ZipRecord(extra, at: at, size: 8),
            let value = wide.long(0)
          else { throw damaged("a zip64 field is cut short") }
          fields[i] = value
          at += 8
        }
        return
      }
      offset += 4 + length
    }
    throw damaged("a zip64 field is missing")
  }
}

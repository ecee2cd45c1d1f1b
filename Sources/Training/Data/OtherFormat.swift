/// Files that come under the name of a CSV file and are none, by how they begin.
enum OtherFormat {
  private static let starts: [(bytes: [UInt8], name: String)] = [
    (Array("PAR1".utf8), "a Parquet file: write it as CSV, or as arrays (`npy`)"),
    ([0x50, 0x4B, 3, 4], "a zip archive or a workbook: save the sheet as CSV"),
    ([0x1F, 0x8B], "compressed by gzip: unpack it first"),
    ([0x93] + Array("NUMPY".utf8), "an array of NumPy: read it by `npy`"),
    (Array("SQLite format 3".utf8), "a database of SQLite: write the table as CSV"),
    ([0xD0, 0xCF, 0x11, 0xE0], "a workbook of Excel: save the sheet as CSV"),
    ([0x28, 0xB5, 0x2F, 0xFD], "compressed by zstd: unpack it first"),
    (Array("BZh91AY".utf8), "compressed by bzip2: unpack it first"),
    ([0xFD] + Array("7zXZ".utf8), "compressed by xz: unpack it first"),
    (Array("7z".utf8) + [0xBC, 0xAF], "an archive of 7-Zip: unpack it first"),
    (Array("ARROW1".utf8), "an Arrow or Feather file: write it as CSV, or as arrays (`npy`)"),
    ([0x89] + Array("HDF".utf8), "an HDF5 file: write the table as CSV, or as arrays (`npy`)"),
    ([0x80, 0x04, 0x95], "a pickle of Python: write it as CSV, or as arrays (`npy`)"),
    (Array("%PDF-".utf8), "a PDF: save the table as CSV"),
    (Array("{\\rtf".utf8), "a text of a word processor: save the table as CSV"),
  ]
  /// Formats of text, by the first letters without blanks.
  private static let texts: [(starts: [String], name: String)] = [
    (["<!doctype", "<html"], "a web page, not the file that it links to"),
    (["<?xml"], "an XML file: write the table as CSV"),
    (["[{", "{\"", "[["], "JSON: write the table as CSV"),
    (["@relation"], "an ARFF file: write a line of names in place of what stands above the rows"),
    (["versionhttps://git-lfs"], "a pointer of Git LFS, not the file: `git lfs pull`"),
  ]

  /// What it is and what to do about it; nil for what may be CSV.
  static func name(of bytes: UnsafeBufferPointer<UInt8>) -> String? {
    if let found = starts.first(where: { bytes.starts(with: $0.bytes) }) { return found.name }
    var start = bytes.prefix(80)
    if start.starts(with: [0xEF, 0xBB, 0xBF]) { start = start.dropFirst(3) }
    let letters = String(decoding: start.filter { $0 > 0x20 }, as: UTF8.self).lowercased()
    return texts.first { $0.starts.contains { letters.hasPrefix($0) } }?.name
  }
}

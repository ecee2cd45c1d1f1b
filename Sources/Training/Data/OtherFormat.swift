/// Files that come under the name of a CSV file and are none, by how they begin.
enum OtherFormat {
  private static let starts: [(bytes: [UInt8], name: String)] = [
    (Array("PAR1".utf8), "a Parquet file: write it as CSV, or as arrays (`npy`)"),
    ([0x50, 0x4B, 3, 4], "a zip archive or a workbook: save the sheet as CSV"),
    ([0x1F, 0x8B], "compressed by gzip: unpack it first"),
    ([0x93] + Array("NUMPY".utf8), "an array of NumPy: read it by `npy`"),
    (Array("SQLite format 3".utf8), "a database of SQLite: write the table as CSV"),
  ]

  /// What it is and what to do about it; nil for what may be CSV.
  static func name(of bytes: UnsafeBufferPointer<UInt8>) -> String? {
    if let found = starts.first(where: { bytes.starts(with: $0.bytes) }) { return found.name }
    let start = String(decoding: bytes.prefix(16), as: UTF8.self).lowercased()
    return start.hasPrefix("<!doctype") || start.hasPrefix("<html")
      ? "a web page, not the file that it links to" : nil
  }
}

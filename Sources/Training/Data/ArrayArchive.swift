import Diagnostics
import Files

/// A NumPy `.npz` file: named arrays in a zip archive, stored or deflated.
///
/// Arrays are decoded when asked for, so one of an unreadable type does not spoil the others.
package struct ArrayArchive: Sendable {
  /// The path, for messages.
  package let source: String
  /// The names of the arrays (without `.npy`), in the order of the archive.
  package var names: [String] { entries.map(\.name) }

  private let bytes: [UInt8]
  private let entries: [ZipEntry]

  /// Reads an archive's directory. Throws R0701 to R0707 and R0730 to R0732.
  package init(path: String, at span: Span) throws(DiagnosticError) {
    let file = try DataFile.load(path: path, at: span)
    try self.init(bytes: file.bytes, path: path, at: span)
  }

  /// Reads an archive's directory from bytes; `path` is used in messages only.
  package init(bytes: [UInt8], path: String, at span: Span) throws(DiagnosticError) {
    if bytes.isEmpty { throw DataProblem.empty(path, at: span) }
    source = path
    self.bytes = bytes
    entries = try bytes.withRawBytes { (buffer) throws(DiagnosticError) -> [ZipEntry] in
      try ZipDirectory(buffer, path: path, span: span).entries()
    }
  }

  /// One array. Throws R0735 (no such array), R0731 to R0734 (damage) and R0720 to R0725.
  package func array(_ name: String, at span: Span) throws(DiagnosticError) -> NumericArray {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw DataProblem.noArray(source, name: name, among: names, at: span)
    }
    let label = "\(source)(\(name).npy)"
    let content = try bytes.withRawBytes { (buffer) throws(DiagnosticError) -> [UInt8] in
      try entry.content(of: buffer, place: DataPlace(label), at: span)
    }
    return try NumericArray.npy(bytes: content, path: label, at: span)
  }
}

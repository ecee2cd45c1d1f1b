import Basics
import Diagnostics
import Files
import Runtime

/// Parameters by name in a file: arrays of NumPy (`.npz`) or safetensors, by the end of its name.
package struct ParameterFile: Sendable {
  private enum Format: String, CaseIterable { case npz, safetensors }

  private let format: Format
  package let path: String
  private let span: Span

  /// Throws R0253 for a name of another end.
  package init(_ path: String, at span: Span) throws(DiagnosticError) {
    guard let format = Format.allCases.first(where: { path.hasSuffix("." + $0.rawValue) }) else {
      throw DiagnosticError(.notAParameterFile(path, at: span))
    }
    self.format = format
    self.path = path
    self.span = span
  }

  /// A parameter and its numbers in row order.
  package struct Entry {
    package var tensor: ParameterSpec
    package var values: [Double]

    package init(_ tensor: ParameterSpec, _ values: [Double]) {
      self.tensor = tensor
      self.values = values
    }
  }

  // MARK: Writing

  /// Writes the file whole or not at all, in float32 or float64. Throws R0705 for more than can be read, and R075x for
  /// what the system refuses.
  package func write(_ entries: [Entry], isDouble: Bool) throws(DiagnosticError) {
    let width = isDouble ? 8 : 4
    let count = entries.reduce(0) { $0 + $1.values.count }
    guard count * width < DataFile.byteLimit - 1 << 20 else {
      throw DataProblem.tooLarge(path, limit: DataFile.byteLimit, at: span)
    }
    let numbers = entries.map { Self.bytes($0.values, isDouble: isDouble) }
    let file = WholeFile(path: path, span: span)
    switch format {
    case .npz:
      var archive = ArrayArchiveWriter()
      for (entry, bytes) in zip(entries, numbers) {
        archive.add(
          entry.tensor.name, isDouble ? "<f8" : "<f4", shape: entry.tensor.dims, bytes)
      }
      try file.save(archive.bytes)
    case .safetensors:
      try Array(numbers.joined()).withRawBytes { (all) throws(DiagnosticError) in
        var start = 0
        let parts = zip(entries, numbers).map { entry, bytes in
          defer { start += bytes.count }
          return Safetensors.Part(
            name: entry.tensor.name, element: isDouble ? "F64" : "F32", shape: entry.tensor.dims,
            bytes: UnsafeRawBufferPointer(rebasing: all[start..<start + bytes.count]))
        }
        // As PyTorch's own are marked, whose readers ask for it.
        let (header, order) = Safetensors.layout(parts, metadata: ["format": "pt"])
        try header.withRawBytes { (header) throws(DiagnosticError) in
          try file.save([header] + order.map { parts[$0].bytes })
        }
      }
    }
  }

  private static func bytes(_ values: [Double], isDouble: Bool) -> [UInt8] {
    isDouble
      ? values.map(\.bitPattern.littleEndian).withUnsafeBytes(Array.init)
      : values.map { Float($0).bitPattern.littleEndian }.withUnsafeBytes(Array.init)
  }

  // MARK: Reading

  /// An array of the file, where it has one of a name.
  private struct Found {
    var shape: [Int]
    /// Nil where these are no floating-point numbers, which `element` names.
    var values: [Double]?
    var element: String
  }

  /// The numbers of these parameters, one behind the other. `isDouble`: they go to float64.
  ///
  /// Throws R070x, R072x and R073x for what is wrong with the file, R0770 for no safetensors, and R0776 where it lacks a
  /// parameter or has another of its name.
  package func values(
    for tensors: [ParameterSpec], isDouble: Bool
  ) throws(DiagnosticError) -> [Double] {
    let (names, read) = try open()
    var values: [Double] = []
    var differences: [String] = []
    for tensor in tensors {
      let name = TerminalText.word(tensor.name)
      guard let there = Self.name(of: tensor.name, among: names) else {
        differences.append("`\(name)` is not there")
        continue
      }
      let found = try read(there)
      guard found.shape == tensor.dims else {
        differences.append(
          "`\(name)` is \(Self.text(found.shape)) there and \(Self.text(tensor.dims)) here")
        continue
      }
      guard let numbers = found.values else {
        differences.append("`\(name)` is of \(found.element), not of float32 or float64")
        continue
      }
      guard numbers.allSatisfy({ isDouble ? $0.isFinite : Float($0).isFinite }) else {
        differences.append(
          "`\(name)` has a number that is not finite\(isDouble ? "" : " in float32")")
        continue
      }
      values += numbers
    }
    if !differences.isEmpty {
      throw DiagnosticError(.unlikeParameters(path, differences, names, at: span))
    }
    return values
  }

  private func open() throws(DiagnosticError) -> (
    names: [String], read: (String) throws(DiagnosticError) -> Found
  ) {
    switch format {
    case .npz:
      let archive = try ArrayArchive(path: path, at: span)
      return (
        archive.names,
        { [span] name throws(DiagnosticError) in
          let array = try archive.array(name, at: span)
          return Found(
            shape: array.shape, values: array.isFloating ? array.values : nil,
            element: "whole numbers or booleans")
        }
      )
    case .safetensors:
      let file = try DataFile.load(path: path, at: span)
      let tensors: Safetensors
      do throws(DiagnosticError) {
        tensors = try Safetensors(bytes: file.bytes, path: path)
      } catch {
        throw DiagnosticError(
          error.diagnostics.map {
            var said = $0
            said.span = span
            return said
          })
      }
      return (
        tensors.entries.map(\.name),
        { name throws(DiagnosticError) in
          let entry = tensors.entry(name)!
          return Found(
            shape: entry.shape, values: tensors.values(of: entry), element: entry.element)
        }
      )
    }
  }

  /// As it stands there, in another spelling of Greek letters, or among the tensors of a run that was kept.
  private static func name(of parameter: String, among names: [String]) -> String? {
    let key = Greek.key(of: parameter)
    return names.first { $0 == parameter } ?? names.first { Greek.key(of: $0) == key }
      ?? names.first {
        $0.hasPrefix("parameter/") && Greek.key(of: String($0.dropFirst(10))) == key
      }
  }

  private static func text(_ shape: [Int]) -> String {
    shape.isEmpty ? "one number" : shape.map(String.init).joined(separator: " × ")
  }
}

extension Safetensors {
  /// The numbers of a tensor of float32 or float64; nil of another type.
  fileprivate func values(of entry: Entry) -> [Double]? {
    withBytes(of: entry) { bytes in
      switch entry.element {
      case "F32":
        stride(from: 0, to: bytes.count, by: 4).map {
          Double(
            Float(
              bitPattern: UInt32(
                littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self))))
        }
      case "F64":
        stride(from: 0, to: bytes.count, by: 8).map {
          Double(
            bitPattern: UInt64(
              littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self)))
        }
      default: nil
      }
    }
  }
}

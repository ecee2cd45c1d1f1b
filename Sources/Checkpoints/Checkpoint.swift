import Basics
import Diagnostics
import Files
import IR
import Runtime

/// What an optimizer is after some step, as a safetensors file: each state under the name of its
/// parameter, and as metadata the rule, what counts steps, and what the host had set.
///
/// Names are `state/PARAMETER/NAME`, `global/NAME`, `input/PARAMETER/NAME`, `view/PARAMETER/NAME`,
/// `parameter/PARAMETER`; of states of eight bits and fewer, `…/scales` and `…/codes`.
package struct Checkpoint {
  /// The layout of the file. Raised when an older Ravine could not read it.
  package static let version = 1

  let file: Safetensors
  let path: String
  /// What the file says about the optimizer.
  let record: CheckpointRecord

  // MARK: Writing

  /// Tensors and texts that are kept beside those of the optimizer.
  package struct Extras {
    package var parts: [Safetensors.Part] = []
    /// A text about the run that is going on.
    package var run: String?

    package init() {}
  }

  /// Writes the optimizer to a file, whole or not at all.
  ///
  /// `source` is its rule as text, `parameters` what it trains, where that is to be kept too. Throws
  /// R0771 where two parameters have one name, and R075x for what the system refuses.
  package static func save(
    _ optimizer: Optimizer, source: String, parameters: [UnsafeRawPointer]? = nil,
    extras: Extras = Extras(), to path: String
  ) throws(DiagnosticError) {
    try withPieces(optimizer, source: source, parameters: parameters, extras: extras, path: path) {
      (pieces) throws(DiagnosticError) in
      try WholeFile(path: path).save(pieces)
    }
  }

  /// The bytes of the file that `save` writes.
  package static func bytes(
    _ optimizer: Optimizer, source: String, parameters: [UnsafeRawPointer]? = nil
  ) throws(DiagnosticError) -> [UInt8] {
    var bytes: [UInt8] = []
    try withPieces(
      optimizer, source: source, parameters: parameters, extras: Extras(), path: "<checkpoint>"
    ) { (pieces) throws(DiagnosticError) in
      bytes.reserveCapacity(pieces.reduce(0) { $0 + $1.count })
      for piece in pieces { bytes += piece }
    }
    return bytes
  }

  private static func withPieces(
    _ optimizer: Optimizer, source: String, parameters: [UnsafeRawPointer]?, extras: Extras,
    path: String, _ body: ([UnsafeRawBufferPointer]) throws(DiagnosticError) -> Void
  ) throws(DiagnosticError) {
    var parts = extras.parts
    for piece in optimizer.stepMemory where isKept(piece, of: optimizer) {
      parts.append(
        Safetensors.Part(
          name: name(piece, in: optimizer), element: piece.element, shape: piece.shape,
          bytes: UnsafeRawBufferPointer(piece.bytes)))
    }
    for (k, pointer) in (parameters ?? []).enumerated() {
      let parameter = optimizer.parameters[k]
      parts.append(
        Safetensors.Part(
          name: "parameter/" + parameter.name, element: optimizer.elementType.safetensorsName,
          shape: parameter.dims,
          bytes: UnsafeRawBufferPointer(
            start: pointer, count: parameter.count * optimizer.elementType.byteCount)))
    }
    var seen: Set<String> = []
    if let twice = optimizer.parameters.first(where: { !seen.insert($0.name).inserted }) {
      throw DiagnosticError(
        .unlikeCheckpoint(path, ["two parameters are called `\(printable(twice.name))`"]))
    }
    seen = []
    if let twice = parts.first(where: { !seen.insert($0.name).inserted }) {
      throw DiagnosticError(
        .unlikeCheckpoint(path, ["two tensors would be called `\(printable(twice.name))`"]))
    }
    let record = CheckpointRecord(optimizer, source: source)
    let (header, order) = Safetensors.layout(parts, metadata: record.metadata(run: extras.run))
    try header.withRawBytes { (header) throws(DiagnosticError) in
      try body([header] + order.map { parts[$0].bytes })
    }
  }

  /// Inputs that were never given, and views before the first step, hold nothing.
  private static func isKept(_ piece: StepMemory, of optimizer: Optimizer) -> Bool {
    switch piece.kind {
    case .state: true
    case .input: optimizer.hasInput(piece.name, of: piece.tensor!)
    case .view: optimizer.stepCount > 0
    }
  }

  private static func name(_ piece: StepMemory, in optimizer: Optimizer) -> String {
    let part = piece.part.map { "/" + $0 } ?? ""
    guard let tensor = piece.tensor else { return "global/\(piece.name)\(part)" }
    return "\(piece.kind.rawValue)/\(optimizer.parameters[tensor].name)/\(piece.name)\(part)"
  }

  // MARK: Reading

  /// Reads a file. Throws R070x for what the system refuses, R0770 for a file that is no checkpoint,
  /// R0772 for one of a later layout.
  package init(path: String) throws(DiagnosticError) {
    let file = try DataFile.load(path: path, at: .none, limit: .max)
    try self.init(bytes: file.bytes, path: path)
  }

  /// The same of the bytes of a file that messages call `path`.
  package init(bytes: [UInt8], path: String) throws(DiagnosticError) {
    self.path = path
    file = try Safetensors(bytes: bytes, path: path)
    record = try CheckpointRecord(file, path: path)
  }

  /// A text about the run that was going on.
  package var run: String? { file[metadata: CheckpointRecord.runKey] }

  /// The numbers of a tensor that was kept beside the optimizer's; nil where it is none or is not of
  /// this type and these lengths.
  package func withExtra<R>(
    _ name: String, element: String, shape: [Int], _ body: (UnsafeRawBufferPointer) -> R
  ) -> R? {
    guard let entry = file.entry(name), entry.element == element, entry.shape == shape else {
      return nil
    }
    return file.withBytes(of: entry, body)
  }

  /// Puts an optimizer, and `parameters` where the file has them, where the saved one was: its next step
  /// is the step that the other would have made.
  ///
  /// - Returns: What is not as it was and may be so on purpose: another value of a hyperparameter.
  /// - Throws: R0771 with all that does not fit; R0505 and the like for hyperparameters that cannot be
  ///   set. Nothing is changed then.
  @discardableResult
  package func restore(
    _ optimizer: Optimizer, parameters: [UnsafeMutableRawPointer]? = nil
  ) throws(DiagnosticError) -> [Diagnostic] {
    let here = CheckpointRecord(optimizer, source: "")
    var differences = record.differences(from: here)
    var moves: [(entry: Safetensors.Entry, to: UnsafeMutableRawBufferPointer)] = []
    var inputs: [StepMemory] = []
    var forgotten: [StepMemory] = []
    var expected: Set<String> = []
    if differences.isEmpty {
      for piece in optimizer.stepMemory {
        let name = Self.name(piece, in: optimizer)
        expected.insert(name)
        guard let entry = file.entry(name) else {
          if piece.kind == .state { differences.append("it has no `\(printable(name))`") }
          if piece.kind == .input { forgotten.append(piece) }
          continue
        }
        guard entry.element == piece.element, entry.shape == piece.shape else {
          differences.append(
            "`\(printable(name))` is \(Self.text(entry.element, entry.shape)) there and "
              + "\(Self.text(piece.element, piece.shape)) here")
          continue
        }
        moves.append((entry, piece.bytes))
        if piece.kind == .input { inputs.append(piece) }
      }
      for entry in file.entries
      where entry.name.hasPrefix("state/") && !expected.contains(entry.name) {
        differences.append("this rule has no `\(printable(entry.name))`")
      }
    }
    for (k, pointer) in (parameters ?? []).enumerated() {
      let parameter = optimizer.parameters[k]
      let element = optimizer.elementType.safetensorsName
      guard let entry = file.entry("parameter/" + parameter.name) else {
        differences.append("it does not hold the parameter `\(printable(parameter.name))` itself")
        continue
      }
      guard entry.element == element, entry.shape == parameter.dims else {
        differences.append(
          "the parameter `\(printable(parameter.name))` is "
            + "\(Self.text(entry.element, entry.shape)) there and "
            + "\(Self.text(element, parameter.dims)) here")
        continue
      }
      moves.append((entry, UnsafeMutableRawBufferPointer(start: pointer, count: entry.range.count)))
    }
    guard differences.isEmpty else {
      throw DiagnosticError(.unlikeCheckpoint(path, differences))
    }
    try optimizer.resume(at: record.clock)
    for (entry, memory) in moves {
      file.withBytes(of: entry) { memory.copyMemory(from: $0) }
    }
    for input in inputs { optimizer.noteInput(input.name, of: input.tensor!) }
    for input in forgotten { optimizer.forgetInput(input.name, of: input.tensor!) }
    return record.identity == here.identity
      ? [] : [.otherValues(path, there: record.label, here: here.label)]
  }

  private static func text(_ element: String, _ shape: [Int]) -> String {
    shape.isEmpty
      ? "one number of \(element)"
      : shape.map(String.init).joined(separator: "×") + " of \(element)"
  }
}

import Basics
import CRavine
import Diagnostics
import Ravine

/// How calls end: as a status, with the reason where the caller's thread finds it.
enum Outcome {
  /// A host's mistake that no text of the language explains.
  struct Misuse: Error, CustomStringConvertible {
    var message: String
    var description: String { message }
    var status = Int32(RAVINE_USAGE)

    init(_ message: String, status: Int32 = Int32(RAVINE_USAGE)) {
      self.message = message
      self.status = status
    }

    static func null(_ name: String) -> Misuse { Misuse("`\(name)` is null") }
    static let notARule = Misuse("this is no rule, or none any more")
    static let notAnOptimizer = Misuse("this is no optimizer, or none any more")
    static let busy = Misuse(
      "another call is using the optimizer", status: Int32(RAVINE_BUSY))
  }

  /// The status that `body` returns, or that of what it throws.
  static func of(_ body: () throws -> Int32) -> Int32 {
    do {
      return try body()
    } catch {
      return failure(error)
    }
  }

  /// As `of`, for what ends well or throws.
  static func done(_ body: () throws -> Void) -> Int32 {
    of {
      try body()
      return Int32(RAVINE_OK)
    }
  }

  /// Tells the thread what went wrong.
  static func failure(_ error: any Error) -> Int32 {
    switch error {
    case let misuse as Misuse:
      let shown = Diagnostics.DiagnosticError(.hostCall(misuse.message))
      _ = failure(ShownError(error: shown, sources: SourceMap()))
      return misuse.status
    case let error as Ravine.DiagnosticError:
      ravine_set_error(error.description, Ravine.Diagnostic.json(error.diagnostics))
      return status(error.diagnostics.filter(\.isError).map(\.number))
    case let shown as ShownError:
      ravine_set_error(
        DiagnosticRenderer(sources: shown.sources).text(shown.error.diagnostics),
        DiagnosticRenderer(sources: shown.sources).json(shown.error.diagnostics))
      return status(shown.error.diagnostics.map(\.code.number))
    default:
      return failure(Misuse("\(error)"))
    }
  }

  private static func status(_ codes: [Int]) -> Int32 {
    if codes.contains(where: { 900..<1000 ~= $0 }) { return Int32(RAVINE_NUMERIC) }
    let ofHost = [808, 809, 826, 827, 828, 505, 508]
    let isUsage = codes.allSatisfy { 701..<780 ~= $0 || ofHost.contains($0) }
    return Int32(isUsage ? RAVINE_USAGE : RAVINE_PROGRAM)
  }
}

/// An error of the rooms inside, with the texts that it speaks of.
struct ShownError: Error {
  var error: Diagnostics.DiagnosticError
  var sources: SourceMap

  static func showing<R>(
    _ sources: @autoclosure () -> SourceMap, _ body: () throws(Diagnostics.DiagnosticError) -> R
  ) throws -> R {
    do throws(Diagnostics.DiagnosticError) {
      return try body()
    } catch {
      throw ShownError(error: error, sources: sources())
    }
  }
}

/// Texts that cross the border.
enum Crossing {
  /// The bytes up to the 0; any bytes.
  static func bytes(_ text: UnsafePointer<CChar>?, _ name: String) throws -> [UInt8] {
    guard let text else { throw Outcome.Misuse.null(name) }
    var bytes: [UInt8] = []
    var at = UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self)
    while at.pointee != 0 {
      bytes.append(at.pointee)
      at += 1
    }
    return bytes
  }

  static func text(_ text: UnsafePointer<CChar>?, _ name: String) throws -> String {
    String(decoding: try bytes(text, name), as: UTF8.self)
  }

  static func optional(_ text: UnsafePointer<CChar>?) -> String? {
    text.map { String(cString: $0) }
  }

  /// Copies a text for the host, who frees it.
  static func give(_ text: String, to result: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) {
    var text = text
    result.pointee = text.withUTF8 { bytes in
      let copy = UnsafeMutableRawPointer(ravine_allocate(bytes.count + 1)!)
      if let start = bytes.baseAddress { copy.copyMemory(from: start, byteCount: bytes.count) }
      copy.storeBytes(of: 0, toByteOffset: bytes.count, as: UInt8.self)
      return copy.assumingMemoryBound(to: CChar.self)
    }
  }

  /// The place of a result, emptied.
  static func place<T>(
    _ result: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?, _ name: String
  ) throws -> UnsafeMutablePointer<UnsafeMutablePointer<T>?> {
    guard let result else { throw Outcome.Misuse.null(name) }
    result.pointee = nil
    return result
  }
}

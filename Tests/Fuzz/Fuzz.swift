import Ravine

/// Any bytes are a program or a diagnostic: parses, formats, checks and lowers them.
///
/// What is formatted must parse again and be left alone by a second formatting.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let compiler = Compiler()
  for diagnostic in compiler.add(name: "input.opt", bytes: bytes) {
    precondition(
      Diagnostic.explanation(of: diagnostic.code) != nil, "no page for \(diagnostic.code)")
    _ = diagnostic.rendered()
  }
  if let once = try? Compiler.formatted(String(decoding: bytes, as: UTF8.self)) {
    let again = try? Compiler.formatted(once)
    precondition(again == once, "formatting is not idempotent")
  }
  return 0
}

import Diagnostics
import Ravine
import Syntax

/// Any bytes are a program or a diagnostic: parses, formats, checks and lowers them.
///
/// What is formatted must parse again and be left alone by a second formatting.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let compiler = Compiler()
  let found = compiler.add(name: "input.opt", bytes: bytes)
  for diagnostic in found {
    precondition(Catalog.page("\(diagnostic.code)") != nil, "no page for \(diagnostic.code)")
  }
  _ = DiagnosticRenderer(sources: compiler.sources).text(found)
  var sources = SourceMap()
  var bag = DiagnosticBag()
  if let once = format(sources.add(name: "input.opt", bytes: bytes), into: &bag) {
    let again = format(sources.add(name: "again.opt", text: once), into: &bag)
    precondition(again == once, "formatting is not idempotent")
  }
  return 0
}

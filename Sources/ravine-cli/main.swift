import Diagnostics
import IR
import Ravine

let compiler = Compiler()
do {
  let rule = try compiler.rule(CommandLine.arguments[1])
  for variant in rule.module.variants { for f in [variant.update, variant.initial] { show(f) } }
  show(rule.arguments)
} catch let error as DiagnosticError {
  for d in error.diagnostics { print(d.code, d.message, compiler.sources.location(d.span) as Any) }
}
func show(_ f: Function) {
  for (i, x) in f.instructions.enumerated() { print("  %\(i) = \(x.operation) \(x.a.raw) \(x.b.raw) \(x.c.raw) #\(x.attribute) : \(x.type)") }
  for o in f.outputs { print("  \(o.target) <- %\(o.value.raw)") }
}
import Lowering
do {
  let rule = try compiler.rule(CommandLine.arguments[1])
  let text = SourcePrinter.rule(rule.module, name: "Printed")
  print(text)
  let again = Compiler()
  let ds = again.add(name: "p", bytes: Array(text.utf8))
  for d in ds { print(d.code, d.message, again.sources.text(d.span)) }
  let r2 = try again.rule("Printed")
  for (a, b) in zip(rule.module.variants, r2.module.variants) { print("SAME", a.update.canonical() == b.update.canonical(), a.initial.canonical() == b.initial.canonical()) }
} catch let error as DiagnosticError {
  for d in error.diagnostics { print(d.code, d.message, compiler.sources.location(d.span) as Any) }
}

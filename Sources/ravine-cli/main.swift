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

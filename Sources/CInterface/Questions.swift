import Basics
import CRavine
import Diagnostics
import Driver
import Experiments
import Export
import IR
import Laboratory
import Ravine
import Runtime
import Symbolic

// What the command line answers, for a host.

public typealias TextPlace = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@c @implementation
public func ravine_check(
  _ source: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?, _ json: TextPlace?
) -> Int32 {
  Outcome.of {
    let place = try Crossing.place(json, "json")
    let bytes = try Crossing.bytes(source, "source")
    let compiler = Driver.Compiler()
    var found = compiler.add(name: Crossing.optional(name) ?? "<text>", bytes: bytes)
    if !found.contains(where: { $0.severity == .error }) {
      found += compiler.program.seldomMeant() + compiler.couplings(withNotes: false)
      found += Script(compiler, options: Script.Options(), output: { _ in }).problems()
    }
    Crossing.give(DiagnosticRenderer(sources: compiler.sources).json(found), to: place)
    if found.contains(where: { $0.severity == .error }) { return Int32(RAVINE_PROGRAM) }
    return Int32(found.isEmpty ? RAVINE_OK : RAVINE_FINDING)
  }
}

@c @implementation
public func ravine_format(
  _ source: UnsafePointer<CChar>?, _ formatted: TextPlace?
) -> Int32 {
  Outcome.done {
    let place = try Crossing.place(formatted, "formatted")
    let text = try Crossing.text(source, "source")
    Crossing.give(try Ravine.Compiler.formatted(text), to: place)
  }
}

@c @implementation
public func ravine_describe(
  _ rule: ravine_rule, _ tensors: UnsafePointer<ravine_tensor>?, _ count: Int, _ json: TextPlace?
) -> Int32 {
  Outcome.done {
    let place = try Crossing.place(json, "json")
    let rule = try HeldRule.of(rule)
    let specs = try HostTensors.read(tensors, count).map {
      Runtime.ParameterSpec(name: $0.name, dims: $0.dims)
    }
    let sheet = try ShownError.showing(rule.sources) {
      () throws(Diagnostics.DiagnosticError) in
      try RuleDescription(rule.value, parameters: specs)
    }
    Crossing.give(sheet.json.line, to: place)
  }
}

@c @implementation
public func ravine_compare(
  _ source: UnsafePointer<CChar>?, _ a: UnsafePointer<CChar>?, _ b: UnsafePointer<CChar>?,
  _ json: TextPlace?
) -> Int32 {
  Outcome.of {
    let place = try Crossing.place(json, "json")
    let texts = [try Crossing.text(a, "a"), try Crossing.text(b, "b")]
    let compiler = Driver.Compiler()
    if source != nil {
      let found = compiler.add(name: "<text>", bytes: try Crossing.bytes(source, "source"))
      if found.contains(where: { $0.severity == .error }) {
        throw ShownError(error: DiagnosticError(found), sources: compiler.sources)
      }
    }
    let rules = try ShownError.showing(compiler.sources) {
      () throws(Diagnostics.DiagnosticError) in
      var rules: [IR.Rule] = []
      for text in texts { rules.append(try compiler.rule(text, allowsFreeNames: true)) }
      return rules
    }
    let result = rules[0].compared(with: rules[1])
    Crossing.give(ComparisonText.json(result).line, to: place)
    return Int32(result.isEqual ? RAVINE_OK : RAVINE_FINDING)
  }
}

@c @implementation
public func ravine_latex(_ rule: ravine_rule, _ latex: TextPlace?) -> Int32 {
  Outcome.done {
    let place = try Crossing.place(latex, "latex")
    let module = try HeldRule.of(rule).value.module
    let texts = module.variants.indices.map { LatexPrinter.rule(module, variant: $0) }
    Crossing.give(texts.joined(separator: "\n"), to: place)
  }
}

@c @implementation
public func ravine_export(
  _ rule: ravine_rule, _ target: UnsafePointer<CChar>?, _ text: TextPlace?
) -> Int32 {
  Outcome.done {
    let place = try Crossing.place(text, "text")
    let name = try Crossing.text(target, "target")
    let rule = try HeldRule.of(rule)
    guard let target = ExportTarget(rawValue: name) else {
      let all = ExportTarget.allCases.map(\.rawValue).joined(separator: ", ")
      throw Outcome.Misuse("there is no target `\(name)`: \(all)")
    }
    let file = try ShownError.showing(rule.sources) {
      () throws(Diagnostics.DiagnosticError) in
      try Exporter.text(rule.value, to: target, source: rule.source)
    }
    Crossing.give(file, to: place)
  }
}

@c @implementation
public func ravine_replay(
  _ rule: ravine_rule, _ trajectory: UnsafePointer<CChar>?, _ json: TextPlace?
) -> Int32 {
  Outcome.of {
    let place = try Crossing.place(json, "json")
    let rule = try HeldRule.of(rule)
    let bytes = try Crossing.bytes(trajectory, "trajectory")
    let result = try ShownError.showing(rule.sources) {
      () throws(Diagnostics.DiagnosticError) in
      try Replay.run(
        rule.value, on: try Trajectory(bytes: bytes, path: "<trajectory>"), engine: .interpreter,
        elementType: .float64, tolerance: nil, compiler: nil)
    }
    Crossing.give(result.json.line, to: place)
    return Int32(result.holds ? RAVINE_OK : RAVINE_FINDING)
  }
}

@c @implementation
public func ravine_run(
  _ source: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?, _ folder: UnsafePointer<CChar>?,
  _ resumes: Int32, _ json: TextPlace?, _ text: TextPlace?
) -> Int32 {
  Outcome.of {
    let place = try Crossing.place(json, "json")
    text?.pointee = nil
    let compiler = Driver.Compiler()
    let found = compiler.add(
      name: Crossing.optional(name) ?? "<text>", bytes: try Crossing.bytes(source, "source"))
    if found.contains(where: { $0.severity == .error }) {
      throw ShownError(error: DiagnosticError(found), sources: compiler.sources)
    }
    var options = Script.Options()
    options.folder = Crossing.optional(folder)
    options.plotFolder = options.folder
    options.resuming = resumes != 0 ? .always : .never
    var printed = ""
    let script = Script(compiler, options: options, output: { printed += $0 })
    try ShownError.showing(compiler.sources) {
      () throws(Diagnostics.DiagnosticError) in try script.run()
    }
    let renderer = DiagnosticRenderer(sources: compiler.sources)
    let said = script.warnings + script.findings + script.failures
    Crossing.give(
      "{\"experiments\": \(ExperimentJSON.text(script.experiments)), "
        + "\"plots\": \(JSONValue.array(script.written.map { .string($0) }).line), "
        + "\"diagnostics\": \(renderer.json(said))}", to: place)
    if let text { Crossing.give(printed + renderer.text(said), to: text) }
    if !script.failures.isEmpty { return Int32(RAVINE_NUMERIC) }
    return Int32(script.findings.isEmpty ? RAVINE_OK : RAVINE_FINDING)
  }
}

@c @implementation
public func ravine_zoo(_ json: TextPlace?) -> Int32 {
  Outcome.done {
    let place = try Crossing.place(json, "json")
    let rules = Ravine.Compiler.zoo.map { name -> JSONValue in
      let source = Ravine.Compiler.zooSource(name) ?? ""
      let first = source.split(separator: "\n").first.map(String.init) ?? ""
      return .record([
        "name": .string(name),
        "summary": .string(first.hasPrefix("## ") ? String(first.dropFirst(3)) : ""),
        "source": .string(source),
      ])
    }
    Crossing.give(JSONValue.array(rules).line, to: place)
  }
}

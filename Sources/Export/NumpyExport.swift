import Diagnostics
import IR

/// A rule as a class on arrays of NumPy, which it changes in place.
struct NumpyExport {
  private let file: PythonFile
  private let rule: ExportedRule
  private let language = NumpyDialect()
  private let needs = PythonNeeds()

  init(_ rule: Rule, source: String) throws(DiagnosticError) {
    self.rule = try ExportedRule(
      rule, to: .numpy,
      reserved: [
        "w", "g", "p", "t", "np", "math", "re", "self", "grads", "grad", "params", "state",
        "states", "loss", "rows", "cols", "rank", "name", "names", "step", "total_steps", "seed",
        "rng", "key", "value",
      ])
    file = PythonFile(rule: self.rule, source: source)
  }

  func text() throws(DiagnosticError) -> String {
    try rule.requireStorage(halves: false)
    var body = try initialiser()
    body += [""] + (try firstStates())
    body += [""] + (try step())
    if rule.variants.count > 1 {
      for k in rule.variants.indices { body += [""] + (try method(k)) }
    }
    var lines = file.docstring(
      ["Needs NumPy. The parameters are changed in place:", ""] + example())
    lines.append("")
    if needs.math || needs.helpers.contains("_topk_mask") || needs.helpers.contains("_erf") {
      lines.append("import math")
    }
    if file.readsNames { lines.append("import re") }
    if lines.last != "" { lines.append("") }
    lines += ["import numpy as np", "", ""]
    lines += file.helpers(needs, of: "np")
    lines.append("class \(className):")
    lines += file.summary(indent: "    ") + [""]
    lines += body.map { $0.isEmpty ? "" : "    " + $0 }
    return PythonLayout.text(lines)
  }

  private var className: String { Identifier(.numpy).spelled(rule.module.name) }

  private func example() -> [String] {
    [
      "    optimizer = \(className)(params\(missing))",
      "    optimizer.step(grads\(stepExtras.map { ", \($0)=\($0)" }.joined()))",
    ]
  }

  private var missing: String {
    (rule.settings.filter { $0.number == nil }.map { ", \($0.name)=\($0.name)" }
      + (rule.readsHorizon ? [", total_steps=1000"] : [])).joined()
  }

  // MARK: Inputs

  /// What `step` takes beside the gradients: the loss, and inputs by name.
  private var stepExtras: [String] {
    (readsLoss ? ["loss"] : []) + inputNames.map(\.name)
  }

  private var readsLoss: Bool {
    rule.variants.contains { variant in
      let live = variant.update.liveValues()
      return variant.update.instructions.indices.contains {
        live[$0] && variant.update.instructions[$0].operation == .loss
      }
    }
  }

  private var inputNames: [(name: String, isOne: Bool)] {
    var found: [(name: String, isOne: Bool)] = []
    for slot in rule.variants.flatMap(\.inputs) {
      let name = Identifier(.numpy).spelled(slot.name)
      if !found.contains(where: { $0.name == name }) { found.append((name, slot.shape.isScalar)) }
    }
    return found
  }

  // MARK: Methods

  private func initialiser() throws(DiagnosticError) -> [String] {
    var arguments = ["self", "params"] + (file.readsNames ? ["names"] : [])
    arguments += file.parameters()
    if rule.readsHorizon { arguments += ["*", "total_steps"] }
    if draws { arguments += rule.readsHorizon ? ["seed=0"] : ["*", "seed=0"] }
    var lines = ["def __init__(\(arguments.joined(separator: ", "))):"]
    lines += file.checks().map { "    " + $0 }
    lines.append("    self.params = list(params)")
    if file.readsNames { lines.append("    self.names = list(names)") }
    for setting in rule.settings { lines.append("    self.\(setting.name) = \(setting.name)") }
    if rule.readsHorizon { lines.append("    self.total_steps = total_steps") }
    if draws { lines.append("    self.rng = np.random.default_rng(seed)") }
    lines.append("    self.t = 0")
    if rule.module.guardsFinite { lines.append("    self.skipped = 0") }
    let globals = rule.variants[0].states.indices.filter { rule.variants[0].states[$0].isGlobal }
    for k in globals {
      let function = rule.variants[0].initial
      var leaves = Leaves()
      leaves.hypers = rule.hyperNames
      let writer = PythonWriter(function, rule, language, leaves, needs)
      guard let value = function.output(.state(k)) else { continue }
      lines.append("    self.\(rule.stateNames(0)[k]) = \(try writer.text(value))")
    }
    let hasStates = rule.variants.contains { $0.states.contains { !$0.isGlobal } }
    if hasStates {
      let pairs = file.readsNames ? "zip(self.params, self.names)" : "self.params"
      lines.append(
        "    self.states = [self._first(w\(file.readsNames ? ", name" : "")) for w\(file.readsNames ? ", name" : "") in \(pairs)]"
      )
    } else if rule.variants.count > 1 {
      lines.append("    self.states = [{} for _ in self.params]")
    }
    return lines
  }

  private var hasStates: Bool {
    rule.variants.count > 1 || rule.variants.contains { $0.states.contains { !$0.isGlobal } }
      || rule.variants.contains {
        $0.update.outputs.contains { if case .view = $0.target { true } else { false } }
      }
  }

  private var draws: Bool {
    rule.variants.contains { !$0.update.draws.isEmpty || !$0.initial.draws.isEmpty }
  }

  private func leaves(_ k: Int) -> Leaves {
    rule.leaves(k, rank: rule.variants[k].looksAtMatrices ? "p.ndim" : "w.ndim")
  }

  private func pool(_ leaves: Leaves) -> NamePool {
    NamePool(
      .numpy,
      taken: rule.taken.union(leaves.states).union(leaves.inputs).union(inputNames.map(\.name)))
  }

  private func firstStates() throws(DiagnosticError) -> [String] {
    guard hasStates else { return [] }
    var lines = [
      "def _first(self, w\(file.readsNames ? ", name" : "")):",
      "    \"\"\"The states of a tensor before the first step.\"\"\"",
    ]
    for k in rule.variants.indices {
      let isRouted = rule.variants.count > 1
      var inner: [String] = []
      let variant = rule.variants[k]
      let leaves = leaves(k)
      let names = leaves.states
      let writer = PythonWriter(variant.initial, rule, language, leaves, needs)
      let roots = variant.states.indices.filter { !variant.states[$0].isGlobal }
        .compactMap { variant.initial.output(.state($0)) }
      let reads = StepReads(variant.initial, roots: roots, given: [])
      if variant.looksAtMatrices {
        inner.append("w = _matrix(w)")
        inner += lengths(variant.initial)
      }
      let listing = Listing(
        variant.initial, kinds: writer.kinds, roots: roots, branches: { writer.branches(on: $0) })
      let hypers = rule.settings.filter { setting in
        variant.initial.instructions.contains {
          $0.operation == .hyper && rule.hyperNames[Int($0.attribute)] == setting.name
        }
      }
      for setting in hypers { inner.append("\(setting.name) = self.\(setting.name)") }
      let body = PythonBody(writer, listing, NumpyHost(names: names), pool(leaves), indent: "")
      try body.run()
      inner += body.lines
      _ = reads
      var entries: [String] = []
      for s in variant.states.indices where !variant.states[s].isGlobal {
        guard let value = variant.initial.output(.state(s)) else { continue }
        entries.append("\"\(names[s])\": \(try firstValue(value, variant.states[s], writer))")
      }
      inner.append("return {\(entries.joined(separator: ", "))}")
      if isRouted {
        let isLast = k == rule.variants.count - 1
        if isLast {
          lines += inner.map { "    " + $0 }
        } else {
          lines.append("    if \(predicate(k)):")
          lines += inner.map { "        " + $0 }
        }
      } else {
        lines += inner.map { "    " + $0 }
      }
    }
    return lines
  }

  private func firstValue(
    _ value: ValueID, _ slot: StateSlot, _ writer: PythonWriter<NumpyDialect>
  ) throws(DiagnosticError) -> String {
    let function = writer.function
    let text = try writer.text(value)
    if function[value].operation.isSource, !function.type(value).shape.isScalar {
      return function[value].operation == .identity ? text : "np.array(\(text))"
    }
    if slot.shape.isScalar || function.type(value).shape == slot.shape { return text }
    return language.filled(text, try writer.shapeText(slot.shape, value), like: "w")
  }

  /// The route's test, in terms of `w`.
  private func predicate(_ k: Int) -> String {
    PythonFile.predicate(
      rule.variants[k].predicate,
      [
        "rank": "w.ndim", "numel": "w.size", "rows": "_matrix(w).shape[0]",
        "cols": "_matrix(w).shape[1]",
      ])
  }

  private func lengths(_ functions: Function...) -> [String] {
    functions.contains { $0.namesLengths } ? ["rows, cols = w.shape"] : []
  }

  private func step() throws(DiagnosticError) -> [String] {
    let extras = stepExtras
    let arguments = ["self", "grads"] + (extras.isEmpty ? [] : ["*"] + extras)
    var lines = [
      "def step(\(arguments.joined(separator: ", "))):"
    ]
    lines += file.stepDocs(
      "One step by the gradients of the parameters.", readsLoss ? "loss" : nil
    ).map { $0.isEmpty ? "" : "    " + $0 }
    if rule.module.guardsFinite {
      lines += [
        "    if not all(np.isfinite(g).all() for g in grads):", "        self.skipped += 1",
        "        return",
      ]
    }
    lines.append("    self.t += 1")
    if rule.variants.count > 1 {
      return lines + routed()
    }
    lines += try hypers(0).map { "    " + $0 }
    let leaves = leaves(0)
    var host = NumpyHost(
      names: leaves.states, inputs: inputNames, slots: leaves.inputs,
      isMatrix: rule.variants[0].looksAtMatrices,
      readsLengths: rule.variants[0].update.namesLengths,
      hasStates: hasStates)
    host.shapes = rule.variants[0].inputs.map(\.shape)
    host.globals = Set(
      rule.variants[0].states.indices.filter { rule.variants[0].states[$0].isGlobal })
    let step = PythonStep(
      rule: rule, variant: rule.variants[0], language: language, host: host, needs: needs,
      leaves: leaves, pool: pool(leaves))
    lines += try step.lines().map { "    " + $0 }
    return lines
  }

  /// The lines that bind what a variant reads of the optimizer.
  private func hypers(_ k: Int) throws(DiagnosticError) -> [String] {
    let update = rule.variants[k].update
    var lines: [String] = []
    let readsStep =
      update.readsSource(.step) || rule.module.defaults.readsSource(.step) && !rule.derived.isEmpty
    if readsStep { lines.append("t = self.t") }
    if rule.readsHorizon { lines.append("total_steps = self.total_steps") }
    var names = Set(update.hyperSlots.compactMap { rule.hyperNames[$0] })
    let derived = try file.derivedLines(language, leaves(k), needs)
    if !derived.isEmpty {
      names.formUnion(rule.module.defaults.hyperSlots.compactMap { rule.hyperNames[$0] })
    }
    let used = rule.settings.map(\.name).filter { names.contains($0) }
    let together =
      "\(used.joined(separator: ", ")) = \(used.map { "self.\($0)" }.joined(separator: ", "))"
    // A tuple that is too long for a line is harder to read than its entries.
    if together.count <= 72, !used.isEmpty {
      lines.append(together)
    } else {
      lines += used.map { "\($0) = self.\($0)" }
    }
    return lines + derived
  }

  private func routed() -> [String] {
    let inputs = inputNames.filter { !$0.isOne }.map(\.name)
    var names = ["w", "g", "state"] + inputs.map { $0 + "_p" }
    var lists = ["self.params", "grads", "self.states"] + inputs
    if file.readsNames {
      names.append("name")
      lists.append("self.names")
    }
    var lines = [
      "    for \(names.joined(separator: ", ")) in zip(\(lists.joined(separator: ", "))):"
    ]
    for k in rule.variants.indices {
      let isLast = k == rule.variants.count - 1
      lines.append(
        "        " + (isLast ? "else:" : "\(k == 0 ? "if" : "elif") \(predicate(k)):"))
      let extras = (readsLoss ? ["loss"] : []) + leaves(k).inputs
      lines.append(
        "            self._\(file.variantName(k))(\((["w", "g", "state"] + extras).joined(separator: ", ")))"
      )
    }
    return lines
  }

  /// The step of one tensor on the way of variant k.
  private func method(_ k: Int) throws(DiagnosticError) -> [String] {
    let variant = rule.variants[k]
    let leaves = leaves(k)
    let extras = (readsLoss ? ["loss"] : []) + leaves.inputs
    let isMatrix = variant.looksAtMatrices
    let arguments = ["self"] + (isMatrix ? ["p", "grad", "state"] : ["w", "g", "state"]) + extras
    var lines = [
      "def _\(file.variantName(k))(\(arguments.joined(separator: ", "))):"
    ]
    var inner = try hypers(k)
    var host = NumpyHost(
      names: leaves.states, inputs: [], slots: leaves.inputs, isMatrix: isMatrix,
      readsLengths: variant.update.namesLengths, hasStates: true)
    host.shapes = variant.inputs.map(\.shape)
    let step = PythonStep(
      rule: rule, variant: variant, language: language, host: host, needs: needs,
      leaves: leaves, pool: pool(leaves))
    let reads = StepReads(variant.update, roots: variant.update.outputs.map(\.value), given: [])
    inner += host.bindings(reads)
    inner += try step.lines(isWhole: false)
    lines += inner.map { "    " + $0 }
    return lines
  }
}

/// Where the class keeps what a step changes.
struct NumpyHost: PythonHost {
  var names: [String]
  var inputs: [(name: String, isOne: Bool)] = []
  var slots: [String] = []
  var isMatrix = false
  var readsLengths = false
  var hasStates = true
  /// `w[...] = w` would say nothing.
  var rebindsParameter: Bool { isMatrix }

  func loop(_ reads: StepReads, isLast: Bool) -> [String] {
    let readsState = isLast ? hasStates : reads.states.contains { !names[$0].isEmpty } && hasStates
    let readsParameter = isLast || reads.parameter || reads.lengths
    let wide = inputs.filter {
      !$0.isOne && reads.inputs.contains(slots.firstIndex(of: $0.name + "_p") ?? -1)
    }
    .map(\.name)
    var left: [String] = []
    var right: [String] = []
    if readsParameter {
      left.append(isMatrix ? "p" : "w")
      right.append("self.params")
    }
    if reads.gradient {
      left.append(isMatrix ? "grad" : "g")
      right.append("grads")
    }
    if readsState {
      left.append("state")
      right.append("self.states")
    }
    left += wide.map { $0 + "_p" }
    right += wide
    let head =
      left.count == 1
      ? "for \(left[0]) in \(right[0]):"
      : "for \(left.joined(separator: ", ")) in zip(\(right.joined(separator: ", "))):"
    return [head] + bindings(reads, wide).map { "    " + $0 }
  }

  /// The lines that bind what is read of one tensor.
  func bindings(_ reads: StepReads, _ wide: [String] = []) -> [String] {
    var lines: [String] = []
    if isMatrix {
      if reads.gradient {
        lines.append("w, g = _matrix(p), _matrix(grad)")
      } else {
        lines.append("w = _matrix(p)")
      }
      if readsLengths { lines.append("rows, cols = w.shape") }
      for k in reads.inputs.sorted() {
        if let line = PythonFile.inputShape(shapes[k], slots[k], "np") { lines.append(line) }
      }
    }
    for k in reads.states.sorted() where k < names.count && !globals.contains(k) {
      lines.append("\(names[k]) = state[\"\(names[k])\"]")
    }
    return lines
  }

  var globals: Set<Int> = []
  /// The shapes of inputs, as declared.
  var shapes: [Shape] = []

  func state(_ k: Int, _ value: String, mayShare: Bool) -> String {
    "state[\"\(names[k])\"] = \(mayShare ? "np.array(\(value))" : value)"
  }
  func parameter(_ value: String) -> String {
    isMatrix ? "p[...] = \(reshaped(value))" : "w[...] = \(value)"
  }
  private func reshaped(_ value: String) -> String {
    let isName = value.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    return isName ? "\(value).reshape(p.shape)" : "np.reshape(\(value), p.shape)"
  }
  func view(_ name: String, _ value: String, mayShare: Bool) -> String {
    "state[\"\(name)\"] = \(mayShare ? "np.array(\(value))" : value)"
  }
  func globalState(_ k: Int) -> String { "\(names[k]) = self.\(names[k])" }
  func storeGlobal(_ k: Int, _ value: String) -> String { "self.\(names[k]) = \(value)" }
}

extension Function {
  /// Whether the words `rows` and `cols` stand in its text.
  var namesLengths: Bool {
    let live = liveValues()
    return instructions.indices.contains { i in
      guard live[i] else { return false }
      let instruction = instructions[i]
      if instruction.operation == .loop {
        return loops[Int(instruction.attribute)].body.namesLengths
      }
      let isLength =
        instruction.operation == .extent
        && instruction.attribute != ExtentKind.numel.rawValue
      let isShaped =
        [.broadcast, .reshape, .iota, .identity, .draw, .sort, .argSort].contains(
          instruction.operation)
        && instruction.type.shape.extents.contains { $0 == .rows || $0 == .cols }
        && !instruction.type.shape.isLike
      return isLength || isShaped
    }
  }

  /// Whether something live reads a source.
  func readsSource(_ operation: Operation) -> Bool {
    let live = liveValues()
    return instructions.indices.contains { i in
      live[i]
        && (instructions[i].operation == operation
          || instructions[i].operation == .loop
            && loops[Int(instructions[i].attribute)].body.readsSource(operation))
    }
  }

  /// The hyperparameters that are read.
  var hyperSlots: Set<Int> {
    let live = liveValues()
    var found: Set<Int> = []
    for i in instructions.indices where live[i] {
      if instructions[i].operation == .hyper { found.insert(Int(instructions[i].attribute)) }
      if instructions[i].operation == .loop {
        found.formUnion(loops[Int(instructions[i].attribute)].body.hyperSlots)
      }
    }
    return found
  }
}

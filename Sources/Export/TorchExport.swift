import Diagnostics
import IR

/// A rule as a class of `torch.optim.Optimizer`.
struct TorchExport {
  private let file: PythonFile
  private let rule: ExportedRule
  private let language = TorchDialect()
  private let needs = PythonNeeds()

  init(_ rule: Rule, source: String) throws(DiagnosticError) {
    self.rule = try ExportedRule(
      rule, to: .torch,
      reserved: [
        "w", "g", "p", "t", "torch", "math", "re", "self", "params", "state", "group", "closure",
        "loss", "rows", "cols", "rank", "name", "step", "total_steps", "maximize", "foreach",
        "defaults", "names",
      ])
    file = PythonFile(rule: self.rule, source: source)
  }

  func text() throws(DiagnosticError) -> String {
    try rule.requireStorage(halves: true)
    let foreach = try foreachLoop()
    var body = initialiser(hasForeach: foreach != nil)
    body += [""] + (try step(hasForeach: foreach != nil))
    body += [""] + (try firstStates())
    if rule.variants.count > 1 {
      for k in rule.variants.indices { body += [""] + (try method(k)) }
    } else {
      body += [""] + (try forLoop())
      if let foreach { body += [""] + foreach }
    }
    var lines = file.docstring(["Needs PyTorch alone."])
    lines.append("")
    if needs.math || needs.helpers.contains("_topk_mask") { lines.append("import math") }
    if file.readsNames { lines.append("import re") }
    if lines.last != "" { lines.append("") }
    lines += ["import torch", "", ""]
    lines += file.helpers(needs, of: "torch")
    lines.append("class \(Identifier(.torch).spelled(rule.module.name))(torch.optim.Optimizer):")
    lines += file.summary(indent: "    ") + [""]
    lines += body.map { $0.isEmpty ? "" : "    " + $0 }
    return PythonLayout.text(lines)
  }

  // MARK: What is read

  private var readsLoss: Bool { rule.variants.contains { $0.update.readsSource(.loss) } }

  private var inputNames: [String] {
    var found: [String] = []
    for slot in rule.variants.flatMap(\.inputs) {
      let name = Identifier(.torch).spelled(slot.name)
      if !found.contains(name) { found.append(name) }
    }
    return found
  }

  private func leaves(_ k: Int) -> Leaves { rule.leaves(k, rank: "p.ndim") }

  private func pool(_ leaves: Leaves) -> NamePool {
    NamePool(.torch, taken: rule.taken.union(leaves.states).union(leaves.inputs).union(inputNames))
  }

  private func host(_ k: Int) -> TorchHost {
    let variant = rule.variants[k]
    return TorchHost(
      names: leaves(k).states, slots: variant.inputs.map { Identifier(.torch).spelled($0.name) },
      shapes: variant.inputs.map(\.shape), isMatrix: variant.looksAtMatrices,
      readsLengths: variant.update.namesLengths,
      globals: Set(variant.states.indices.filter { variant.states[$0].isGlobal }),
      halves: Set(
        variant.states.indices.filter {
          [.bfloat16, .float16].contains(variant.states[$0].storage)
        }))
  }

  /// The lines that bind what a variant reads of its group.
  private func hypers(_ k: Int) throws(DiagnosticError) -> [String] {
    let update = rule.variants[k].update
    var lines: [String] = []
    var names = Set(update.hyperSlots.compactMap { rule.hyperNames[$0] })
    let derived = try file.derivedLines(language, leaves(k), needs)
    if !derived.isEmpty {
      names.formUnion(rule.module.defaults.hyperSlots.compactMap { rule.hyperNames[$0] })
    }
    let readsStep =
      update.readsSource(.step) || rule.module.defaults.readsSource(.step) && !derived.isEmpty
    if readsStep { lines.append("t = group[\"step\"]") }
    if rule.readsHorizon { lines.append("total_steps = group[\"total_steps\"]") }
    for name in rule.settings.map(\.name) where names.contains(name) {
      lines.append("\(name) = group[\"\(name)\"]")
    }
    return lines + derived
  }

  // MARK: Methods

  private func initialiser(hasForeach: Bool) -> [String] {
    var arguments = ["self", "params"] + file.parameters() + ["*"]
    if rule.readsHorizon { arguments.append("total_steps") }
    arguments.append("maximize=False")
    if hasForeach { arguments.append("foreach=None") }
    var lines = ["def __init__(\(arguments.joined(separator: ", "))):"]
    lines += file.checks().map { "    " + $0 }
    var entries = rule.settings.map { "\($0.name)=\($0.name)" }
    if rule.readsHorizon { entries.append("total_steps=total_steps") }
    entries.append("maximize=maximize")
    if hasForeach { entries.append("foreach=foreach") }
    entries.append("step=0")
    lines.append("    defaults = dict(\(entries.joined(separator: ", ")))")
    lines.append("    super().__init__(params, defaults)")
    return lines
  }

  private func step(hasForeach: Bool) throws(DiagnosticError) -> [String] {
    let inputs = inputNames
    let arguments = ["self", "closure=None"] + (inputs.isEmpty ? [] : ["*"] + inputs)
    var lines = [
      "@torch.no_grad()", "def step(\(arguments.joined(separator: ", "))):",
    ]
    lines += file.stepDocs("One step by the gradients; returns the closure's loss.", nil).map {
      $0.isEmpty ? "" : "    " + $0
    }
    lines += [
      "    loss = None", "    if closure is not None:", "        with torch.enable_grad():",
      "            loss = closure()",
    ]
    if readsLoss {
      lines += [
        "    if loss is None:",
        "        raise ValueError(\"\(rule.module.name) reads the loss: give a closure\")",
      ]
    }
    if rule.module.guardsFinite {
      lines += [
        "    for group in self.param_groups:", "        for p in group[\"params\"]:",
        "            if p.grad is not None and not torch.isfinite(p.grad).all():",
        "                return loss",
      ]
    }
    lines += ["    for group in self.param_groups:", "        group[\"step\"] += 1"]
    lines.append("        params = [p for p in group[\"params\"] if p.grad is not None]")
    lines += [
      "        for p in params:", "            if p.grad.is_sparse:",
      "                raise RuntimeError(\"\(rule.module.name) takes no sparse gradients\")",
    ]
    if hasStates, rule.variants.count == 1 {
      lines += [
        "            if not self.state[p]:",
        "                self.state[p].update(self._first(p, group))",
      ]
    }
    let extras = (readsLoss ? ["loss"] : []) + inputs
    let given = extras.map { ", \($0)" }.joined()
    if rule.variants.count > 1 {
      if file.readsNames {
        lines += [
          "        if \"param_names\" not in group:",
          "            raise ValueError(\"\(rule.module.name) reads names: give named_parameters()\")",
          "        names = dict(zip(group[\"params\"], group[\"param_names\"]))",
        ]
      }
      lines.append("        for p in params:")
      if file.readsNames { lines.append("            name = names[p]") }
      for k in rule.variants.indices {
        let isLast = k == rule.variants.count - 1
        let test = PythonFile.predicate(
          rule.variants[k].predicate,
          [
            "rank": "p.ndim", "numel": "p.numel()", "rows": "_matrix(p).shape[0]",
            "cols": "_matrix(p).shape[1]",
          ])
        lines.append("            " + (isLast ? "else:" : "\(k == 0 ? "if" : "elif") \(test):"))
        lines.append("                self._\(file.variantName(k))(p, group\(given))")
      }
    } else if hasForeach {
      lines += [
        "        if group[\"foreach\"]:", "            self._foreach(params, group\(given))",
        "        else:", "            self._for_loop(params, group\(given))",
      ]
    } else {
      lines.append("        self._for_loop(params, group\(given))")
    }
    return lines + ["    return loss"]
  }

  private var hasStates: Bool {
    rule.variants.contains { $0.states.contains { !$0.isGlobal } }
  }

  /// The first values of a variant's states as the lines of a function of `w` and `group`.
  private func firstLines(_ k: Int, _ argument: String) throws(DiagnosticError) -> [String] {
    let variant = rule.variants[k]
    let leaves = leaves(k)
    let writer = PythonWriter(variant.initial, rule, language, leaves, needs)
    let own = variant.states.indices.filter { !variant.states[$0].isGlobal }
    let roots = own.compactMap { variant.initial.output(.state($0)) }
    var lines = [
      "w = \(variant.looksAtMatrices ? "_matrix(\(argument))" : argument)"
    ]
    if lines[0] == "w = w" { lines = [] }
    if variant.looksAtMatrices, variant.initial.namesLengths {
      lines.append("rows, cols = w.shape")
    }
    let names = Set(variant.initial.hyperSlots.compactMap { rule.hyperNames[$0] })
    for name in rule.settings.map(\.name) where names.contains(name) {
      lines.append("\(name) = group[\"\(name)\"]")
    }
    let listing = Listing(
      variant.initial, kinds: writer.kinds, roots: roots, branches: { writer.branches(on: $0) })
    let body = PythonBody(writer, listing, FirstStores(), pool(leaves), indent: "")
    try body.run()
    lines += body.lines
    var entries: [String] = []
    for (s, value) in zip(own, roots) {
      let text = try first(value, variant.states[s], writer)
      // Two states are never one tensor.
      let isShared = entries.contains { $0.hasSuffix(": " + text) } && !text.contains("(")
      entries.append("\"\(leaves.states[s])\": \(text)\(isShared ? ".clone()" : "")")
    }
    return lines + ["return {\(entries.joined(separator: ", "))}"]
  }

  private func first(
    _ value: ValueID, _ slot: StateSlot, _ writer: PythonWriter<TorchDialect>
  ) throws(DiagnosticError) -> String {
    let function = writer.function
    var text = try writer.text(value)
    let type = function.type(value)
    if function[value].operation.isSource, !type.shape.isScalar {
      if function[value].operation != .identity { text += ".clone()" }
    } else if slot.shape.isScalar {
      if writer.kinds[value.index] == .host {
        text = "torch.tensor(\(text), dtype=torch.float64, device=w.device)"
      }
    } else if type.shape != slot.shape {
      text = language.filled(text, try writer.shapeText(slot.shape, value), like: "w")
    }
    switch slot.storage {
    case .bfloat16: return "\(text).to(torch.bfloat16)"
    case .float16: return "\(text).to(torch.float16)"
    default: return text
    }
  }

  private func firstStates() throws(DiagnosticError) -> [String] {
    guard hasStates, rule.variants.count == 1 else { return [] }
    let lines = try firstLines(0, "w")
    return [
      "def _first(self, w, group):",
      "    \"\"\"The states of a parameter before its first step.\"\"\"",
    ] + lines.map { "    " + $0 }
  }

  private func forLoop() throws(DiagnosticError) -> [String] {
    let variant = rule.variants[0]
    let leaves = leaves(0)
    let extras = (readsLoss ? ["loss"] : []) + inputNames
    var lines = [
      "def _for_loop(\((["self", "params", "group"] + extras).joined(separator: ", "))):"
    ]
    if rule.letsTensorsMeet || !numbers(0, "").isEmpty {
      lines += ["    if not params:", "        return"]
    }
    var inner = try hypers(0)
    inner += numbers(0, "params[0]")
    if rule.letsTensorsMeet { inner.append("w = params[0]") }
    for s in variant.states.indices where variant.states[s].isGlobal {
      guard let value = variant.initial.output(.state(s)) else { continue }
      let name = leaves.states[s]
      let writer = PythonWriter(variant.initial, rule, language, leaves, needs)
      for hyper in rule.settings.map(\.name)
      where Set(variant.initial.hyperSlots.compactMap { rule.hyperNames[$0] }).contains(hyper)
        && !inner.contains("\(hyper) = group[\"\(hyper)\"]")
      {
        inner.append("\(hyper) = group[\"\(hyper)\"]")
      }
      inner += [
        "if \"\(name)\" not in group:",
        "    group[\"\(name)\"] = torch.tensor(\(try writer.text(value)), dtype=torch.float64, device=w.device)",
      ]
    }
    let step = PythonStep(
      rule: rule, variant: variant, language: language, host: host(0), needs: needs,
      leaves: leaves, pool: pool(leaves))
    inner += try step.lines()
    return lines + inner.map { "    " + $0 }
  }

  /// The method that steps all parameters of a group at once, where the rule is elementwise.
  private func foreachLoop() throws(DiagnosticError) -> [String]? {
    guard rule.variants.count == 1, let body = try ForeachWriter.lines(rule, leaves(0), needs)
    else {
      return nil
    }
    let lines = ["if not params:", "    return"] + (try hypers(0)) + body
    return ["def _foreach(self, params, group):"] + lines.map { "    " + $0 }
  }

  /// The lines that make tensors of numbers that the host gives.
  private func numbers(_ k: Int, _ place: String) -> [String] {
    let inputs = rule.variants[k].inputs.filter(\.shape.isScalar).map {
      Identifier(.torch).spelled($0.name)
    }
    return ((readsLoss ? ["loss"] : []) + inputs).map {
      "\($0) = torch.as_tensor(\($0), dtype=torch.float64, device=\(place).device)"
    }
  }

  /// The step of one parameter on the way of variant k.
  private func method(_ k: Int) throws(DiagnosticError) -> [String] {
    let variant = rule.variants[k]
    let leaves = leaves(k)
    let extras = (readsLoss ? ["loss"] : []) + inputNames
    var lines = [
      "def _\(file.variantName(k))(\((["self", "p", "group"] + extras).joined(separator: ", "))):"
    ]
    var inner = try hypers(k)
    inner += numbers(k, "p")
    inner.append("state = self.state[p]")
    let host = host(k)
    let reads = StepReads(variant.update, roots: variant.update.outputs.map(\.value), given: [])
    let bound = host.bindings(reads, isRouted: true)
    let starts = bound.prefix { !$0.contains("state[\"") }
    inner += starts
    if variant.states.contains(where: { !$0.isGlobal }) {
      var first = try firstLines(k, "p")
      first.removeAll { starts.contains($0) || inner.contains($0) }
      let last = first.removeLast().dropFirst("return ".count)
      inner.append("if not state:")
      inner += first.map { "    " + $0 }
      inner.append("    state.update(\(last))")
    }
    inner += bound.dropFirst(starts.count)
    let step = PythonStep(
      rule: rule, variant: variant, language: language, host: host, needs: needs, leaves: leaves,
      pool: pool(leaves))
    inner += try step.lines(isWhole: false)
    lines += inner.map { "    " + $0 }
    return lines
  }
}

/// Nothing is stored while the first values are made.
struct FirstStores: PythonStores {
  func state(_ k: Int, _ value: String, mayShare: Bool) -> String { "" }
  func parameter(_ value: String) -> String { "" }
  func view(_ name: String, _ value: String, mayShare: Bool) -> String { "" }
}

/// Where the class keeps what a step changes.
struct TorchHost: PythonHost {
  var names: [String]
  var slots: [String]
  var shapes: [Shape]
  var isMatrix: Bool
  var readsLengths: Bool
  var globals: Set<Int>
  var halves: Set<Int>
  var isInPlace: Bool { true }
  func isApart(_ k: Int) -> Bool { halves.contains(k) }

  func loop(_ reads: StepReads, isLast: Bool) -> [String] {
    let readsState = reads.states.contains { !globals.contains($0) } || isLast && !names.isEmpty
    var lines = [isMatrix || reads.gradient ? "for p in params:" : "for w in params:"]
    if readsState, lines[0] == "for w in params:" { lines[0] = "for p in params:" }
    let isPlain = lines[0] == "for w in params:"
    if readsState { lines.append("    state = self.state[p]") }
    return lines + (isPlain ? [] : bindings(reads, isRouted: isLast).map { "    " + $0 })
  }

  /// The lines that bind what is read of one parameter.
  func bindings(_ reads: StepReads, isRouted: Bool) -> [String] {
    var lines: [String] = []
    let signed = "-p.grad if group[\"maximize\"] else p.grad"
    if isMatrix {
      if reads.parameter || reads.lengths || readsLengths || isRouted {
        lines.append("w = _matrix(p)")
      }
      if reads.gradient { lines.append("g = _matrix(\(signed))") }
      if readsLengths { lines.append("rows, cols = w.shape") }
    } else {
      if reads.parameter || reads.lengths || isRouted { lines.append("w = p") }
      if reads.gradient { lines.append("g = \(signed)") }
    }
    for k in reads.inputs.sorted() where !shapes[k].isScalar {
      lines.append("\(slots[k])_p = \(slots[k])[p]")
      if isMatrix, let line = PythonFile.inputShape(shapes[k], slots[k] + "_p", "torch") {
        lines.append(line)
      }
    }
    let stored = isRouted ? Set(names.indices) : reads.states
    for k in stored.sorted() where !globals.contains(k) {
      let cast = halves.contains(k) ? ".to(w.dtype)" : ""
      lines.append("\(names[k]) = state[\"\(names[k])\"]\(cast)")
    }
    return lines
  }

  func state(_ k: Int, _ value: String, mayShare: Bool) -> String {
    "state[\"\(names[k])\"].copy_(\(value))"
  }
  /// In place where `w` is the parameter itself; its view as a matrix may be a copy.
  func parameter(_ value: String) -> String {
    if !isMatrix { return "w" }
    let isName = value.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    return isName
      ? "p.copy_(\(value).reshape(p.shape))" : "p.copy_(torch.reshape(\(value), p.shape))"
  }
  func view(_ name: String, _ value: String, mayShare: Bool) -> String {
    "state[\"\(name)\"] = \(value)\(mayShare ? ".clone()" : "")"
  }
  func globalState(_ k: Int) -> String { "\(names[k]) = group[\"\(names[k])\"]" }
  func storeGlobal(_ k: Int, _ value: String) -> String { "group[\"\(names[k])\"] = \(value)" }
}

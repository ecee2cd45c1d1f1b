import Diagnostics
import IR

/// A rule as a gradient transformation of optax: `init` and `update`, pure and traceable.
struct OptaxExport {
  private let file: PythonFile
  private let rule: ExportedRule
  private let language = JaxDialect()
  private let needs = PythonNeeds()

  init(_ rule: Rule, source: String) throws(DiagnosticError) {
    self.rule = try ExportedRule(
      rule, to: .optax,
      reserved: [
        "w", "g", "p", "t", "count", "kept", "jax", "jnp", "optax", "math", "re", "params", "state",
        "states", "new",
        "loss", "rows", "cols", "rank", "name", "names", "step", "total_steps", "seed", "keys",
        "init", "update",
        "first", "paths", "grads", "grad", "updates", "treedef", "leaves", "extra", "finite", "old",
        "tensors",
        Identifier.snake(rule.module.name),
      ])
    file = PythonFile(rule: self.rule, source: source)
  }

  func text() throws(DiagnosticError) -> String {
    try rule.requireStorage(halves: true)
    var body = try initFunction()
    body += [""] + (try updateFunction())
    let extra = hasExtras ? "GradientTransformationExtraArgs" : "GradientTransformation"
    body += ["", "return optax.\(extra)(init, update)"]
    var lines = file.docstring(["Needs JAX and optax."])
    lines.append("")
    if needs.math || needs.helpers.contains("_topk_mask") { lines.append("import math") }
    if file.readsNames { lines.append("import re") }
    lines += [
      "from typing import Any, NamedTuple", "", "import jax", "import jax.numpy as jnp",
      "import optax", "", "",
    ]
    lines += file.helpers(needs, of: "jnp")
    lines += [
      "def _kept(new, old):", "    \"\"\"States in the shapes and types of those before.\"\"\"",
      "    return {",
      "        k: jnp.broadcast_to(new[k], x.shape).astype(x.dtype) for k, x in old.items()",
      "    }", "", "",
    ]
    lines += [
      "class \(stateName)(NamedTuple):", "    \"\"\"What a step hands to the next.\"\"\"", "",
    ]
    lines.append("    count: jax.Array")
    for k in globals { lines.append("    \(leaves(0).states[k]): jax.Array") }
    lines += [
      "    # For each parameter its states by name, in the order of its tree.", "    tensors: Any",
      "", "",
    ]
    var arguments = file.parameters()
    if rule.readsHorizon { arguments += ["*", "total_steps"] }
    if draws { arguments += rule.readsHorizon ? ["seed=0"] : ["*", "seed=0"] }
    lines.append("def \(functionName)(\(arguments.joined(separator: ", "))):")
    lines += file.summary(indent: "    ") + [""]
    lines += body.map { $0.isEmpty ? "" : "    " + $0 }
    return PythonLayout.text(lines)
  }

  private var functionName: String {
    Identifier(.optax).spelled(Identifier.snake(rule.module.name))
  }
  private var stateName: String { Identifier(.optax).spelled(rule.module.name) + "State" }

  private var globals: [Int] {
    rule.variants[0].states.indices.filter { rule.variants[0].states[$0].isGlobal }
  }
  private var draws: Bool {
    rule.variants.contains { !$0.update.draws.isEmpty || !$0.initial.draws.isEmpty }
  }
  private var readsLoss: Bool { rule.variants.contains { $0.update.readsSource(.loss) } }
  private var hasExtras: Bool { readsLoss || !inputNames.isEmpty }

  private var inputNames: [(name: String, isOne: Bool)] {
    var found: [(name: String, isOne: Bool)] = []
    for slot in rule.variants.flatMap(\.inputs) {
      let name = Identifier(.optax).spelled(slot.name)
      if !found.contains(where: { $0.name == name }) { found.append((name, slot.shape.isScalar)) }
    }
    return found
  }

  private func leaves(_ k: Int) -> Leaves {
    var leaves = rule.leaves(k, rank: "p.ndim")
    leaves.loss = "value"
    return leaves
  }

  private func pool(_ leaves: Leaves) -> NamePool {
    NamePool(
      .optax,
      taken: rule.taken.union(leaves.states).union(leaves.inputs).union(inputNames.map(\.name))
        .union(["value"]))
  }

  private func predicate(_ k: Int) -> String {
    PythonFile.predicate(
      rule.variants[k].predicate,
      [
        "rank": "w.ndim", "numel": "w.size", "rows": "_matrix(w).shape[0]",
        "cols": "_matrix(w).shape[1]",
      ])
  }

  /// The lines that flatten the parameters' tree.
  private var flattening: [String] {
    if !file.readsNames { return ["leaves, treedef = jax.tree.flatten(params)"] }
    return [
      "paths, treedef = jax.tree_util.tree_flatten_with_path(params)",
      "leaves = [w for _, w in paths]",
      "names = [jax.tree_util.keystr(p, simple=True, separator=\".\") for p, _ in paths]",
    ]
  }

  // MARK: Functions

  private func initFunction() throws(DiagnosticError) -> [String] {
    var inner: [String] = []
    for k in rule.variants.indices {
      var lines = try firstLines(k)
      if rule.variants.count > 1 {
        let isLast = k == rule.variants.count - 1
        if !isLast {
          inner.append("if \(predicate(k)):")
          lines = lines.map { "    " + $0 }
        }
      }
      inner += lines
    }
    var lines = ["def init(params):"]
    lines += ["    def first(w\(file.readsNames ? ", name" : "")):"]
    if needs.draws {
      lines.insert("    keys = iter(jax.random.split(jax.random.key(seed), 64))", at: 1)
    }
    lines += inner.map { "        " + $0 } + [""]
    if file.readsNames {
      lines += flattening.map { "    " + $0 }
      lines.append("    tensors = [first(w, name) for w, name in zip(leaves, names)]")
    } else {
      lines += flattening.map { "    " + $0 }
      lines.append("    tensors = [first(w) for w in leaves]")
    }
    var entries = ["count=jnp.zeros((), jnp.int32)"]
    for k in globals {
      guard let value = rule.variants[0].initial.output(.state(k)) else { continue }
      let writer = PythonWriter(rule.variants[0].initial, rule, language, leaves(0), needs)
      entries.append("\(leaves(0).states[k])=jnp.asarray(\(try writer.text(value)), float)")
    }
    entries.append("tensors=treedef.unflatten(tensors)")
    lines.append("    return \(stateName)(\(entries.joined(separator: ", ")))")
    return lines
  }

  private func firstLines(_ k: Int) throws(DiagnosticError) -> [String] {
    let variant = rule.variants[k]
    let leaves = leaves(k)
    let writer = PythonWriter(variant.initial, rule, language, leaves, needs)
    let own = variant.states.indices.filter { !variant.states[$0].isGlobal }
    let roots = own.compactMap { variant.initial.output(.state($0)) }
    var lines: [String] = []
    if variant.looksAtMatrices {
      lines.append("w = _matrix(w)")
      if variant.initial.namesLengths { lines.append("rows, cols = w.shape") }
    }
    let listing = Listing(
      variant.initial, kinds: writer.kinds, roots: roots, branches: { writer.branches(on: $0) })
    let body = PythonBody(writer, listing, FirstStores(), pool(leaves), indent: "")
    try body.run()
    lines += body.lines
    var entries: [String] = []
    for (s, value) in zip(own, roots) {
      let slot = variant.states[s]
      var text = try writer.text(value)
      let type = variant.initial.type(value)
      if slot.shape.isScalar {
        text = "jnp.asarray(\(text), float)"
      } else if !variant.initial[value].operation.isSource, type.shape != slot.shape {
        text = language.filled(text, try writer.shapeText(slot.shape, value), like: "w")
      }
      switch slot.storage {
      case .bfloat16: text += ".astype(jnp.bfloat16)"
      case .float16: text += ".astype(jnp.float16)"
      default: break
      }
      entries.append("\"\(leaves.states[s])\": \(text)")
    }
    for output in variant.update.outputs {
      if case .view(let name) = output.target { entries.append("\"\(name)\": w") }
    }
    return lines + ["return {\(entries.joined(separator: ", "))}"]
  }

  private func updateFunction() throws(DiagnosticError) -> [String] {
    let inputs = inputNames
    let extras = (readsLoss ? ["value"] : []) + inputs.map(\.name)
    let arguments =
      ["grads", "state", "params=None"] + (extras.isEmpty ? [] : ["*"] + extras + ["**extra"])
    var lines = [
      "def update(\(arguments.joined(separator: ", "))):"
    ]
    if hasExtras {
      lines += file.stepDocs(
        "The change of the parameters, and the state after it.", readsLoss ? "value" : nil
      )
      .map { $0.isEmpty ? "" : "    " + $0 }
    }
    lines += [
      "    if params is None:",
      "        raise ValueError(\"the parameters are needed: update(updates, state, params)\")",
      "    count = optax.safe_increment(state.count)", "    t = jnp.asarray(count, float)",
    ]
    lines += flattening.map { "    " + $0 }
    lines += ["    grads = treedef.flatten_up_to(grads)"]
    for input in inputs where !input.isOne {
      lines.append("    \(input.name)_leaves = treedef.flatten_up_to(\(input.name))")
    }
    lines += [
      "    old = treedef.flatten_up_to(state.tensors)", "    updates, tensors = [], []",
    ]
    let mark = lines.count
    lines += try file.derivedLines(language, leaves(0), needs).map { "    " + $0 }
    if rule.variants.count == 1 {
      let host = host(0)
      let leaves = leaves(0)
      let step = PythonStep(
        rule: rule, variant: rule.variants[0], language: language, host: host, needs: needs,
        leaves: leaves, pool: pool(leaves))
      var inner = try step.lines()
      let stored = inner.filter { $0.hasPrefix("global ") }
      inner.removeAll { $0.hasPrefix("global ") }
      lines += inner.map { "    " + $0 }
      var fields = ["count"]
      for k in globals {
        let mark = "global \(leaves.states[k]) = "
        let value = stored.first { $0.hasPrefix(mark) }.map { String($0.dropFirst(mark.count)) }
        fields.append(
          value.map { "jnp.asarray(\($0), float)" } ?? "state.\(leaves.states[k])")
      }
      lines += finish(fields)
    } else {
      lines += try routed()
      lines += finish(["count"])
    }
    if needs.draws {
      let count = rule.variants.map { $0.update.draws.count }.max() ?? 1
      lines.insert(
        "    keys = jax.random.split(jax.random.fold_in(jax.random.key(seed), count), \(count) * len(leaves) + \(count))",
        at: mark)
      lines.insert("    keys = iter(keys)", at: mark + 1)
    }
    return lines
  }

  private func finish(_ fields: [String]) -> [String] {
    var lines = [
      "    new = \(stateName)(\((fields + ["treedef.unflatten(tensors)"]).joined(separator: ", ")))"
    ]
    if rule.module.guardsFinite {
      lines += [
        "    # A step whose gradient is not finite leaves everything as it is.",
        "    finite = jnp.all(jnp.array([jnp.isfinite(g).all() for g in grads]))",
        "    updates = [jnp.where(finite, update, 0) for update in updates]",
        "    new = jax.tree.map(lambda x, y: jnp.where(finite, x, y), new, state)",
      ]
    }
    return lines + ["    return treedef.unflatten(updates), new"]
  }

  private func host(_ k: Int) -> OptaxHost {
    let variant = rule.variants[k]
    let own = Set(variant.states.indices.filter { variant.states[$0].isGlobal })
    return OptaxHost(
      names: leaves(k).states, slots: leaves(k).inputs, shapes: variant.inputs.map(\.shape),
      isMatrix: variant.looksAtMatrices, readsLengths: variant.update.namesLengths, globals: own,
      halves: Set(
        variant.states.indices.filter {
          [.bfloat16, .float16].contains(variant.states[$0].storage)
        }))
  }

  private func routed() throws(DiagnosticError) -> [String] {
    let wide = inputNames.filter { !$0.isOne }.map(\.name)
    var names = ["p", "grad", "kept"] + wide.map { $0 + "_p" }
    var lists = ["leaves", "grads", "old"] + wide.map { $0 + "_leaves" }
    if file.readsNames {
      names.append("name")
      lists.append("names")
    }
    var lines = [
      "    for \(names.joined(separator: ", ")) in zip(\(lists.joined(separator: ", "))):"
    ]
    for k in rule.variants.indices {
      let isLast = k == rule.variants.count - 1
      let test = predicate(k).replacing("w.", with: "p.").replacing("(w)", with: "(p)")
      lines.append("        " + (isLast ? "else:" : "\(k == 0 ? "if" : "elif") \(test):"))
      let host = host(k)
      let leaves = leaves(k)
      let variant = rule.variants[k]
      let step = PythonStep(
        rule: rule, variant: variant, language: language, host: host, needs: needs,
        leaves: leaves, pool: pool(leaves))
      let reads = StepReads(variant.update, roots: variant.update.outputs.map(\.value), given: [])
      lines += host.bindings(reads, isLast: true).map { "            " + $0 }
      lines += try step.lines(isWhole: false).map { "            " + $0 }
    }
    return lines
  }
}

/// Where a transformation keeps what a step changes.
struct OptaxHost: PythonHost {
  var names: [String]
  var slots: [String]
  var shapes: [Shape]
  var isMatrix: Bool
  var readsLengths: Bool
  var globals: Set<Int>
  var halves: Set<Int>
  var rebindsParameter: Bool { false }
  var givesDelta: Bool { true }

  func loop(_ reads: StepReads, isLast: Bool) -> [String] {
    var left: [String] = []
    var right: [String] = []
    if isLast || reads.parameter || reads.lengths || isMatrix {
      left.append("p")
      right.append("leaves")
    }
    if reads.gradient {
      left.append("grad")
      right.append("grads")
    }
    if isLast || reads.states.contains(where: { !globals.contains($0) }) {
      left.append("kept")
      right.append("old")
    }
    for k in reads.inputs.sorted() where !shapes[k].isScalar {
      left.append(slots[k])
      right.append(String(slots[k].dropLast(2)) + "_leaves")
    }
    let head =
      left.count == 1
      ? "for \(left[0]) in \(right[0]):"
      : "for \(left.joined(separator: ", ")) in zip(\(right.joined(separator: ", "))):"
    return [head] + bindings(reads, isLast: isLast).map { "    " + $0 }
  }

  func bindings(_ reads: StepReads, isLast: Bool) -> [String] {
    var lines: [String] = []
    let readsParameter = isLast || reads.parameter || reads.lengths || isMatrix
    let wrap = { (x: String) in isMatrix ? "_matrix(\(x))" : x }
    if readsParameter, reads.gradient {
      lines.append("w, g = \(wrap("p")), \(wrap("grad"))")
    } else if readsParameter {
      lines.append("w = \(wrap("p"))")
    } else if reads.gradient {
      lines.append("g = \(wrap("grad"))")
    }
    if isMatrix {
      if readsLengths { lines.append("rows, cols = w.shape") }
      for k in reads.inputs.sorted() {
        if let line = PythonFile.inputShape(shapes[k], slots[k], "jnp") { lines.append(line) }
      }
    }
    for k in reads.states.sorted() where !globals.contains(k) {
      lines.append(
        "\(names[k]) = kept[\"\(names[k])\"]\(halves.contains(k) ? ".astype(w.dtype)" : "")")
    }
    if isLast { lines.append("new = dict(kept)") }
    return lines
  }

  func state(_ k: Int, _ value: String, mayShare: Bool) -> String {
    "new[\"\(names[k])\"] = \(value)"
  }
  func parameter(_ value: String) -> String {
    let isName = value.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    let shaped =
      !isMatrix
      ? value : isName ? "\(value).reshape(p.shape)" : "jnp.reshape(\(value), p.shape)"
    return "updates.append(\(shaped))\ntensors.append(_kept(new, kept))"
  }
  func view(_ name: String, _ value: String, mayShare: Bool) -> String {
    "new[\"\(name)\"] = \(value)"
  }
  func globalState(_ k: Int) -> String { "\(names[k]) = state.\(names[k])" }
  /// Taken up by the new state, not a line.
  func storeGlobal(_ k: Int, _ value: String) -> String { "global \(names[k]) = \(value)" }
}

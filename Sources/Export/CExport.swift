import Diagnostics
import IR

/// A rule as one file of C that needs libm alone: a struct, `init`, `step` and `free`.
struct CExport {
  let rule: ExportedRule
  let source: String
  let needs = CNeeds()
  let prefix: String

  init(_ rule: Rule, source: String) throws(DiagnosticError) {
    prefix = Identifier(.c).spelled(Identifier.snake(rule.module.name))
    self.rule = try ExportedRule(
      rule, to: .c,
      reserved: [
        "w", "g", "p", "t", "i", "j", "k", "n", "real", "self", "grad", "grads", "loss", "rows",
        "cols", "rank", "total_steps", "sign", "square", "smaller", "larger", "modulo", "rounded",
        "matmul", "transpose", "scratch", "options", "count", "tensors", "route", "NAN", "E",
        "most_scratch",
        Identifier.snake(rule.module.name), "skipped",
      ])
    self.source = source
  }

  func text() throws(DiagnosticError) -> String {
    try rule.requireStorage(halves: false)
    let file = PythonFile(rule: rule, source: source)
    if file.readsNames {
      throw DiagnosticError(
        .notInTarget("a route by the names of tensors", .c, at: rule.module.origin))
    }
    let step = try stepFunction()
    let first = try initFunction()
    var lines = comment()
    lines += ["", "#include <math.h>", "#include <stddef.h>"]
    if draws { lines.append("#include <stdint.h>") }
    lines += ["#include <stdlib.h>", ""]
    lines += [
      "/* The type of parameters, gradients and states: -Dreal=float for single precision. */",
      "#ifndef real", "#define real double", "#endif", "",
    ]
    lines += structs()
    for helper in needs.helpers {
      lines +=
        CNeeds.texts[helper]!.split(separator: "\n", omittingEmptySubsequences: false)
        .map(String.init) + [""]
    }
    lines += defaults() + [""]
    lines += first + [""]
    lines += step + [""]
    lines += freeFunction()
    return CLayout.text(lines)
  }

  var draws: Bool {
    rule.variants.contains { !$0.update.draws.isEmpty || !$0.initial.draws.isEmpty }
  }

  // MARK: Predicates and hyperparameters

  private func predicate(_ k: Int) -> String {
    PythonFile.predicate(
      rule.variants[k].predicate,
      ["rank": "p->rank", "numel": "n", "rows": "rows", "cols": "cols"]
    ).replacing(" and ", with: " && ").replacing(" or ", with: " || ")
      .replacing("not ", with: "!").replacing("True", with: "1")
  }

  /// The lines that bind hyperparameters that functions read.
  private func hypers(_ functions: [Function], derived: Bool) throws(DiagnosticError) -> [String] {
    var names = Set(functions.flatMap(\.hyperSlots).compactMap { rule.hyperNames[$0] })
    let isDerived = derived && rule.derived.contains { names.contains($0.name) }
    if isDerived {
      names.formUnion(rule.module.defaults.hyperSlots.compactMap { rule.hyperNames[$0] })
    }
    var lines: [String] = []
    let readsStep =
      functions.contains { $0.readsSource(.step) }
      || isDerived && rule.module.defaults.readsSource(.step)
    if readsStep { lines.append("const double t = (double)self->t;") }
    if rule.readsHorizon {
      lines.append("const double total_steps = self->options.total_steps;")
    }
    for name in rule.settings.map(\.name) where names.contains(name) {
      lines.append("const double \(name) = self->options.\(name);")
    }
    if isDerived {
      let writer = CWriter(rule.module.defaults, rule, leaves(0), needs)
      for entry in rule.derived {
        let value = rule.module.defaults.output(.hyper(entry.slot))!
        lines.append(
          "const double \(entry.name) = \(writer.language.text(try writer.definition(value)));")
      }
    }
    return lines
  }

  // MARK: Functions

  /// What all loops over tensors begin with.
  private func head(_ body: [String]) -> [String] {
    func reads(_ word: String) -> Bool { body.contains { $0.hasWord(word) } }
    var lines = ["\(prefix)_tensor *p = &self->tensors[k];"]
    let readsLengths = reads("rows") || reads("cols")
    if readsLengths { lines.append("const size_t rows = p->rows, cols = p->cols;") }
    if reads("n") {
      lines.append("const size_t n = \(readsLengths ? "rows * cols" : "p->rows * p->cols");")
    }
    if reads("grad") { lines.append("const real *grad = grads[k];") }
    return lines
  }

  private func bufferLines(_ buffers: [(name: String, count: String)]) -> [String] {
    var lines: [String] = []
    for (i, buffer) in buffers.enumerated() {
      let start =
        i == 0 ? "self->scratch" : "\(buffers[i - 1].name) + \(buffers[i - 1].count)"
      lines.append("double *\(buffer.name) = \(start);")
    }
    return lines
  }

  /// What each kind of tensor needs of the scratch memory, found while steps are printed.
  final class Scratch { var sizes: [(variant: Int, total: String)] = [] }
  let scratch = Scratch()

  private func stepFunction() throws(DiagnosticError) -> [String] {
    var arguments = ["\(prefix) *self", "const real *const *grads"]
    for argument in stepArguments {
      arguments.append(argument.type + (argument.type.hasSuffix("*") ? "" : " ") + argument.name)
    }
    var lines = [
      "/* One step by the gradients of the tensors. */",
      "void \(prefix)_step(\(arguments.joined(separator: ", "))) {",
    ]
    if rule.module.guardsFinite {
      lines += [
        "    for (size_t k = 0; k < self->count; k++)",
        "        for (size_t i = 0; i < self->tensors[k].rows * self->tensors[k].cols; i++)",
        "            if (!isfinite(grads[k][i])) {", "                self->skipped++;",
        "                return;", "            }",
      ]
    }
    lines.append("    self->t++;")
    let mark = lines.count
    lines += try hypers(rule.variants.map(\.update), derived: true).map { "    " + $0 }
    if rule.variants.count == 1 {
      lines += try single().map { "    " + $0 }
    } else {
      var body: [String] = []
      for k in rule.variants.indices {
        let isLast = k == rule.variants.count - 1
        let variant = rule.variants[k]
        if let site = TensorMeetings(variant).rounds.first?.first {
          throw DiagnosticError(
            .notInTarget(
              "a reduction over all tensors in a rule with routes", .c,
              at: variant.update.origin(site)))
        }
        let inner = try last(k, leaves(k), pool(leaves(k)))
        body.append(
          k == 0 ? "if (\(predicate(k))) {" : isLast ? "} else {" : "} else if (\(predicate(k))) {")
        body += inner.map { "    " + $0 }
      }
      body.append("}")
      lines.append("    for (size_t k = 0; k < self->count; k++) {")
      lines += (head(body) + body).map { "        " + $0 }
      lines.append("    }")
    }
    for argument in ["grads"] + stepArguments.map(\.name)
    where !lines.dropFirst(2).contains(where: { $0.hasWord(argument) }) {
      lines.insert("    (void)\(argument);", at: mark)
    }
    lines.append("}")
    return lines
  }

  /// The step of a rule without routes: rounds over the tensors and what is shared between.
  private func single() throws(DiagnosticError) -> [String] {
    let variant = rule.variants[0]
    let function = variant.update
    let meetings = TensorMeetings(variant)
    let border = rule.letsTensorsMeet ? meetings.border(variant) : []
    var leaves = leaves(0)
    let pool = pool(leaves)
    var lines: [String] = []
    for k in globals where function.readsState(k) {
      lines.append("const double \(leaves.states[k]) = self->\(leaves.states[k]);")
    }
    var ready: Set<ValueID> = []
    for round in 0...meetings.rounds.count {
      let available = border.filter { value in
        !ready.contains(value) && leaves.given[value] == nil
          && !function.values(under: value).contains {
            function[$0].operation.isGlobalReduction && leaves.given[$0] == nil
          }
      }
      if !available.isEmpty {
        let made = try body(leaves, pool, roots: available, named: Set(available))
        lines += made.lines
        for value in made.listing.outermost {
          leaves.given[value] = leaves.given[value] ?? made.writer.names[value]
        }
        ready.formUnion(available)
      }
      if round < meetings.rounds.count {
        let sites = meetings.rounds[round]
        let operands = sites.map { function[$0].a }
        let made = try body(leaves, pool, roots: operands)
        var inner = made.lines
        for (site, operand) in zip(sites, operands) {
          let name = pool.name(site, wanted: function.names[site] ?? "all")
          leaves.given[site] = name
          let text = try made.writer.text(operand)
          switch function[site].operation {
          case .globalSum:
            lines.append("double \(name) = 0.0;")
            inner.append("\(name) += \(text);")
          case .globalMaximum:
            lines.append("double \(name) = -INFINITY;")
            inner.append("\(name) = \(needs.use("larger"))(\(name), \(text));")
          default:
            lines.append("double \(name) = INFINITY;")
            inner.append("\(name) = \(needs.use("smaller"))(\(name), \(text));")
          }
        }
        lines += tensorLoop(bufferLines(made.buffers) + inner, leaves)
      }
    }
    lines += tensorLoop(try last(0, leaves, pool), leaves)
    for output in function.outputs {
      guard case .state(let k) = output.target, variant.states[k].isGlobal,
        function[output.value].operation != .state
      else { continue }
      let writer = CWriter(function, rule, leaves, needs)
      lines.append("self->\(leaves.states[k]) = \(try writer.text(output.value));")
    }
    return lines
  }

  private func tensorLoop(_ body: [String], _ leaves: Leaves) -> [String] {
    if body.isEmpty { return [] }
    let inner = inputLines(body) + body
    return ["for (size_t k = 0; k < self->count; k++) {"]
      + (head(inner) + inner).map { "    " + $0 } + ["}"]
  }

  private func inputLines(_ body: [String]) -> [String] {
    stepArguments.filter { argument in
      argument.isTensor && body.contains { $0.hasWord(argument.name + "_p") }
    }.map { "const real *\($0.name)_p = \($0.name)[k];" }
  }

  private func body(
    _ leaves: Leaves, _ pool: NamePool, variant k: Int = 0, roots: [ValueID],
    outputs: [Int] = [], named: Set<ValueID> = []
  ) throws(DiagnosticError) -> (
    lines: [String], writer: CWriter, buffers: [(name: String, count: String)], listing: Listing
  ) {
    let variant = rule.variants[k]
    let writer = CWriter(variant.update, rule, leaves, needs)
    needs.buffers = []
    let listing = Listing(
      variant.update, kinds: writer.kinds, roots: roots, outputs: outputs,
      branches: { writer.kinds[$0.index] != .tensor },
      named: named.union(CBody.named(variant.update, writer.kinds)),
      given: Set(leaves.given.keys), isScoped: true)
    let body = CBody(writer, listing, pool, slots: variant.states, indent: "")
    try body.run()
    let buffers = needs.buffers
    if !buffers.isEmpty {
      scratch.sizes.append((k, buffers.map(\.count).joined(separator: " + ")))
    }
    return (body.lines, writer, buffers, listing)
  }

  /// The round that stores.
  private func last(_ k: Int, _ leaves: Leaves, _ pool: NamePool) throws(DiagnosticError)
    -> [String]
  {
    let variant = rule.variants[k]
    let outputs = variant.update.outputs
    func rank(_ output: Output) -> Int? {
      switch output.target {
      case .state(let s):
        variant.states[s].isGlobal
          ? nil : variant.states[s].shape.isScalar ? 2 : variant.states[s].shape.isLike ? 1 : 0
      case .parameter, .view: 1
      default: nil
      }
    }
    let order = outputs.indices.compactMap { o in rank(outputs[o]).map { (o, $0) } }
      .sorted { ($0.1, $0.0) < ($1.1, $1.0) }
    // What reads an old value is stored before what replaces it; where that is not to be had, under a name.
    let stores = variant.readersFirst(order.map(\.0))
    let entangled = variant.entangled(stores)
    let made = try body(
      leaves, pool, variant: k, roots: [], outputs: stores, named: entangled)
    let inner = bufferLines(made.buffers) + made.lines
    let read = variant.states.indices.filter { s in
      !variant.states[s].isGlobal && variant.states[s].shape.isScalar
        && made.lines.contains { $0.hasWord(leaves.states[s], notAfter: "->") }
    }
    let bound = read.map { "const double \(leaves.states[$0]) = p->\(leaves.states[$0]);" }
    return (rule.variants.count > 1 ? inputLines(inner) : []) + bound + inner
  }

  private func initFunction() throws(DiagnosticError) -> [String] {
    var lines = [
      "/* Makes the states of tensors whose w, rows, cols and rank are set; 1 without memory. */",
      "int \(prefix)_init(\(prefix) *self, size_t count, \(prefix)_tensor *tensors, \(prefix)_options options) {",
      "    *self = (\(prefix)){.options = options, .count = count, .tensors = tensors};",
    ]
    lines += try hypers(rule.variants.map(\.initial), derived: false).map { "    " + $0 }
    for k in globals {
      let function = rule.variants[0].initial
      guard let value = function.output(.state(k)) else { continue }
      let writer = CWriter(function, rule, leaves(0), needs)
      lines.append("    self->\(leaves(0).states[k]) = \(try writer.text(value));")
    }
    var body: [String] = []
    for k in rule.variants.indices {
      let inner = try first(k)
      if rule.variants.count > 1 {
        let isLast = k == rule.variants.count - 1
        body.append(
          k == 0 ? "if (\(predicate(k))) {" : isLast ? "} else {" : "} else if (\(predicate(k))) {")
        body += inner.map { "    " + $0 }
      } else {
        body += inner
      }
    }
    if rule.variants.count > 1 { body.append("}") }
    var sizes: [String] = []
    for size in scratch.sizes where !sizes.contains(size.total) { sizes.append(size.total) }
    for size in sizes {
      body += ["if (most < \(size)) most = \(size);"]
    }
    let cleared = fields.filter { !$0.isOne }.map(\.name) + views
    if !cleared.isEmpty, rule.variants.count > 1 {
      body.insert("\(cleared.map { "p->\($0)" }.joined(separator: " = ")) = NULL;", at: 0)
    }
    if body.isEmpty { return lines + ["    return 0;", "}"] }
    if !sizes.isEmpty { lines.append("    size_t most = 0;") }
    lines.append("    for (size_t k = 0; k < count; k++) {")
    lines += (head(body) + body).map { "        " + $0 }
    lines.append("    }")
    if !sizes.isEmpty {
      lines += [
        "    self->scratch = malloc((most + 1) * sizeof(double));",
        "    return self->scratch == NULL;",
      ]
    } else {
      lines.append("    return 0;")
    }
    return lines + ["}"]
  }

  /// The first values of the states of one tensor.
  private func first(_ k: Int) throws(DiagnosticError) -> [String] {
    let variant = rule.variants[k]
    let leaves = leaves(k)
    let writer = CWriter(variant.initial, rule, leaves, needs)
    var lines: [String] = []
    let own = variant.states.indices.filter { !variant.states[$0].isGlobal }
    for s in own where !variant.states[s].shape.isScalar {
      var factors: [String] = []
      let shape = variant.states[s].shape
      if shape.isLike {
        factors = ["n"]
      } else {
        for extent in shape.extents where !extent.isOne {
          factors.append(try writer.length(extent, ValueID(0)))
        }
      }
      let count = factors.isEmpty ? "1" : factors.joined(separator: " * ")
      lines.append("p->\(leaves.states[s]) = calloc(\(count), sizeof(real));")
      lines.append("if (!p->\(leaves.states[s])) return 1;")
    }
    for output in variant.update.outputs {
      if case .view(let name) = output.target {
        lines.append("p->\(name) = calloc(n, sizeof(real));")
        lines.append("if (!p->\(name)) return 1;")
      }
    }
    needs.buffers = []
    // Memory is zero already.
    let outputs = variant.initial.outputs.indices.filter { o in
      guard case .state(let s) = variant.initial.outputs[o].target, own.contains(s) else {
        return false
      }
      let value = variant.initial.outputs[o].value
      let inner = variant.initial[value].operation == .broadcast ? variant.initial[value].a : value
      return variant.states[s].shape.isScalar || variant.initial.constantValue(inner) != 0
    }
    let listing = Listing(
      variant.initial, kinds: writer.kinds, roots: [], outputs: outputs,
      branches: { writer.kinds[$0.index] != .tensor },
      named: CBody.named(variant.initial, writer.kinds))
    let body = CBody(writer, listing, pool(leaves), slots: variant.states, indent: "")
    try body.run()
    if let buffer = needs.buffers.first {
      throw DiagnosticError(
        .notInTarget(
          "the first value `\(buffer.name)` of a state", .c,
          at: variant.initial.origins.first ?? .none))
    }
    return lines + body.lines
  }

  private func freeFunction() -> [String] {
    var lines = ["void \(prefix)_free(\(prefix) *self) {"]
    let arrays = fields.filter { !$0.isOne }.map(\.name) + views
    if !arrays.isEmpty {
      lines.append("    for (size_t k = 0; k < self->count; k++) {")
      lines += arrays.map { "        free(self->tensors[k].\($0));" }
      lines.append("    }")
    }
    if !scratch.sizes.isEmpty { lines.append("    free(self->scratch);") }
    if lines.count == 1 { lines.append("    (void)self;") }
    return lines + ["}"]
  }
}

extension Function {
  /// Whether something live reads state k.
  func readsState(_ k: Int) -> Bool {
    let live = liveValues()
    return instructions.indices.contains {
      live[$0] && instructions[$0].operation == .state && Int(instructions[$0].attribute) == k
    }
  }
}

extension String {
  /// Whether a word stands in a text; with `notAfter`, where this does not stand before it.
  func hasWord(_ word: String, notAfter mark: String = "") -> Bool {
    var rest = self[...]
    func isPart(_ character: Character?) -> Bool {
      character.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
    }
    while let range = rest.firstRange(of: word) {
      let before = range.lowerBound > startIndex ? self[index(before: range.lowerBound)] : nil
      let after = range.upperBound < endIndex ? self[range.upperBound] : nil
      let isMarked = !mark.isEmpty && self[..<range.lowerBound].hasSuffix(mark)
      if !isPart(before), !isPart(after), !isMarked, before != "." { return true }
      rest = rest[range.upperBound...]
    }
    return false
  }
}

import Diagnostics
import IR

/// What a file of C declares: the comment at its head, structs and defaults.
extension CExport {
  func comment() -> [String] {
    func plain(_ text: String) -> String { text.replacing("*/", with: "* /") }
    var lines = ["/*"]
    lines += rule.module.documentation.map { $0.isEmpty ? " *" : " * " + plain($0) }
    lines += [
      " *", " * Needs libm alone. Give each tensor its w, rows, cols and rank, then:", " *",
      " *     \(prefix) self;",
      " *     if (\(prefix)_init(&self, count, tensors, \(prefix)_defaults())) return 1;",
      " *     \(prefix)_step(&self, grads\(stepArguments.map { ", " + $0.name }.joined()));",
      " *     \(prefix)_free(&self);", " *",
    ]
    for slot in rule.variants.flatMap(\.inputs) {
      let line = " * \(Identifier(.c).spelled(slot.name)): \(slot.shape.description)"
      if !lines.contains(line) { lines.append(line) }
    }
    if lines.last != " *" { lines.append(" *") }
    lines += [" * Printed by Ravine from", " *"]
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
      lines.append(line.isEmpty ? " *" : " *     " + plain(String(line)))
    }
    while lines.last == " *" { lines.removeLast() }
    return lines + [" */"]
  }

  struct Argument {
    var name: String
    var type: String
    var isTensor: Bool
  }

  /// What a step takes beside the gradients.
  var stepArguments: [Argument] {
    var found: [Argument] = []
    if rule.variants.contains(where: { $0.update.readsSource(.loss) }) {
      found.append(Argument(name: "loss", type: "double", isTensor: false))
    }
    for slot in rule.variants.flatMap(\.inputs) {
      let name = Identifier(.c).spelled(slot.name)
      if found.contains(where: { $0.name == name }) { continue }
      found.append(
        Argument(
          name: name, type: slot.shape.isScalar ? "double" : "const real *const *",
          isTensor: !slot.shape.isScalar))
    }
    return found
  }

  func leaves(_ k: Int) -> Leaves {
    var leaves = Leaves()
    leaves.hypers = rule.hyperNames
    var taken = rule.taken
    leaves.states = rule.variants[k].states.map {
      Identifier(.c).unique(
        String($0.name.split(separator: ".").last ?? "s"), fallback: $0.name, &taken)
    }
    leaves.inputs = rule.variants[k].inputs.map {
      Identifier(.c).spelled($0.name) + ($0.shape.isScalar ? "" : "_p")
    }
    return leaves
  }

  func pool(_ leaves: Leaves) -> NamePool {
    NamePool(
      .c,
      taken: rule.taken.union(leaves.states).union(leaves.inputs).union(stepArguments.map(\.name)))
  }

  /// The states of tensors: name, and whether it is one number.
  var fields: [(name: String, isOne: Bool)] {
    var found: [(name: String, isOne: Bool)] = []
    for k in rule.variants.indices {
      for (name, slot) in zip(leaves(k).states, rule.variants[k].states) where !slot.isGlobal {
        if !found.contains(where: { $0.name == name }) { found.append((name, slot.shape.isScalar)) }
      }
    }
    return found
  }

  var views: [String] {
    var found: [String] = []
    for output in rule.variants.flatMap(\.update.outputs) {
      if case .view(let name) = output.target, !found.contains(name) { found.append(name) }
    }
    return found
  }

  var globals: [Int] {
    rule.variants[0].states.indices.filter { rule.variants[0].states[$0].isGlobal }
  }

  func structs() -> [String] {
    var options = rule.settings.map(\.name)
    if rule.readsHorizon { options.append("total_steps") }
    var lines: [String] = []
    if !options.isEmpty {
      lines += ["/* Hyperparameters, which may change between steps. */", "typedef struct {"]
      lines += options.map { "    double \($0);" }
      lines += ["} \(prefix)_options;", ""]
    } else {
      lines += ["typedef struct {", "    char none;", "} \(prefix)_options;", ""]
    }
    lines += ["/* A parameter and its states; cols is the product of all axes but the first. */"]
    lines += ["typedef struct {", "    real *w;", "    size_t rows, cols;", "    int rank;"]
    let arrays = fields.filter { !$0.isOne }.map { "*" + $0.name } + views.map { "*" + $0 }
    if !arrays.isEmpty { lines.append("    real \(arrays.joined(separator: ", "));") }
    let numbers = fields.filter(\.isOne).map(\.name)
    if !numbers.isEmpty { lines.append("    double \(numbers.joined(separator: ", "));") }
    lines += ["} \(prefix)_tensor;", "", "typedef struct {"]
    lines += [
      "    \(prefix)_options options;", "    size_t count;", "    \(prefix)_tensor *tensors;",
    ]
    if !globals.isEmpty {
      lines.append("    double \(globals.map { leaves(0).states[$0] }.joined(separator: ", "));")
    }
    if !scratch.sizes.isEmpty { lines.append("    double *scratch;") }
    lines.append("    long t;")
    if draws { lines.append("    uint64_t seed;") }
    if rule.module.guardsFinite { lines.append("    long skipped;") }
    return lines + ["} \(prefix);", ""]
  }

  func defaults() -> [String] {
    var lines = [
      "\(prefix)_options \(prefix)_defaults(void) {", "    \(prefix)_options options = {",
    ]
    let dialect = CElementDialect()
    for setting in rule.settings {
      let number = setting.number.map { dialect.number($0).text } ?? "NAN"
      lines.append(
        "        .\(setting.name) = \(number),\(setting.number == nil ? " /* to be given */" : "")")
    }
    if rule.readsHorizon { lines.append("        .total_steps = NAN, /* to be given */") }
    if rule.settings.isEmpty, !rule.readsHorizon { lines.append("        .none = 0,") }
    return lines + ["    };", "    return options;", "}"]
  }
}

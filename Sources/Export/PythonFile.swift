import Basics
import Diagnostics
import IR

/// What all files of Python begin with, and the pieces that several hosts share.
struct PythonFile {
  let rule: ExportedRule
  /// The rule's own text.
  let source: String

  /// The rule's documentation and source, as the module's.
  func docstring(_ use: [String]) -> [String] {
    var lines = ["\"\"\"" + firstLine]
    let rest = rule.module.documentation.dropFirst()
    if !rest.isEmpty { lines += [""] + Self.wrapped(rest.map { $0 }) }
    lines += [""] + use
    lines += ["", "Printed by Ravine from", ""]
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
      lines.append(line.isEmpty ? "" : "    " + Self.escaped(String(line)))
    }
    while lines.last == "" { lines.removeLast() }
    return lines + ["\"\"\""]
  }

  /// The functions of the file that its class calls, written for a library under its name in the file.
  func helpers(_ needs: PythonNeeds, of library: String) -> [String] {
    var lines: [String] = []
    for helper in needs.definitions(library) {
      lines += helper.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      lines += ["", ""]
    }
    if rule.variants.contains(where: \.looksAtMatrices) {
      lines += [
        "def _matrix(x):",
        "    \"\"\"x as rows and columns: the first axis and all others.\"\"\"",
        "    return x.reshape(x.shape[0] if x.ndim else 1, -1)", "", "",
      ]
    }
    return lines
  }

  /// One line that says what the rule is.
  var firstLine: String {
    Self.escaped(rule.module.documentation.first ?? "\(rule.module.name): a rule of Ravine.")
  }

  /// The documentation's first sentence as the docstring of what is exported.
  func summary(indent: String) -> [String] {
    var words: [String] = []
    for word in rule.module.documentation.joined(separator: " ").split(separator: " ") {
      words.append(Self.escaped(String(word)))
      // `Kingma et al. 2014` goes on.
      if word.last == ".", word != "al." { break }
    }
    if words.isEmpty { words = [rule.module.name + "."] }
    var lines = [indent + "\"\"\""]
    for word in words {
      let isFirst = lines[lines.count - 1].hasSuffix("\"\"\"")
      let next = lines[lines.count - 1] + (isFirst ? "" : " ") + word
      if next.count > 84, !isFirst {
        lines.append(indent + word)
      } else {
        lines[lines.count - 1] = next
      }
    }
    if lines.count == 1 { return [lines[0] + "\"\"\""] }
    return lines + [indent + "\"\"\""]
  }

  /// The docstring of a step: what it does, and what its inputs are.
  func stepDocs(_ line: String, _ loss: String?) -> [String] {
    var inputs: [String] = []
    if let loss { inputs.append("\(loss): the objective where the gradients were taken") }
    for slot in rule.variants.flatMap(\.inputs) {
      let name = Identifier(rule.target).spelled(slot.name)
      let text = "\(name): \(slot.shape.description)"
      if !inputs.contains(text) { inputs.append(text) }
    }
    if inputs.isEmpty { return ["\"\"\"\(line)\"\"\""] }
    return ["\"\"\"\(line)", ""] + inputs + ["\"\"\""]
  }

  /// The line that gives an input the shape that it is declared with; nil where it has it.
  static func inputShape(_ shape: Shape, _ name: String, _ module: String) -> String? {
    if shape.isLike { return "\(name) = _matrix(\(name))" }
    let e = shape.extents
    guard e.count == 2, e[0].isOne || e[1].isOne else { return nil }
    return "\(name) = \(module).reshape(\(name), \(e[1].isOne ? "(-1, 1)" : "(1, -1)"))"
  }

  private static func wrapped(_ lines: [String]) -> [String] { lines.map(escaped) }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"\"\"", with: "\\\"\\\"\\\"")
  }

  /// The arguments of a constructor: those without a default first.
  func parameters() -> [String] {
    let ordered =
      rule.settings.filter { $0.number == nil } + rule.settings.filter { $0.number != nil }
    return ordered.map { setting in
      setting.number.map { "\(setting.name)=\(Self.defaultText($0))" } ?? setting.name
    }
  }

  static func defaultText(_ x: Double) -> String {
    x.isFinite ? PythonNumber.text(x) : "float(\"\(x.isNaN ? "nan" : x < 0 ? "-inf" : "inf")\")"
  }

  /// Complaints about numbers outside of their domains.
  func checks() -> [String] {
    var lines: [String] = []
    for setting in rule.settings {
      guard let domain = rule.domain(of: setting) else { continue }
      let low = domain.includesLow ? "<=" : "<"
      let high = domain.includesHigh ? "<=" : "<"
      let isBelow = domain.high < .infinity
      guard domain.low > -.infinity || isBelow else { continue }
      let test =
        domain.low == -.infinity
        ? "\(setting.name) \(high) \(Self.bound(domain.high))"
        : isBelow
          ? "\(Self.bound(domain.low)) \(low) \(setting.name) \(high) \(Self.bound(domain.high))"
          : "\(setting.name) \(domain.includesLow ? ">=" : ">") \(Self.bound(domain.low))"
      lines.append("if not \(test):")
      lines.append(
        "    raise ValueError(f\"\(setting.name) = {\(setting.name)} is outside \(domain)\")")
    }
    return lines
  }

  private static func bound(_ x: Double) -> String { PythonNumber.text(x) }

  /// The lines that make hyperparameters out of others.
  func derivedLines<Language: PythonDialect>(
    _ language: Language, _ leaves: Leaves, _ needs: PythonNeeds
  ) throws(DiagnosticError) -> [String] {
    guard !rule.derived.isEmpty else { return [] }
    var leaves = leaves
    leaves.hypers = rule.hyperNames
    let writer = PythonWriter(rule.module.defaults, rule, language, leaves, needs)
    var lines: [String] = []
    for entry in rule.derived {
      let value = rule.module.defaults.output(.hyper(entry.slot))!
      lines.append("\(entry.name) = \(writer.language.text(try writer.definition(value)))")
    }
    return lines
  }

  /// The test that a route makes of `w`, as rank, lengths and name.
  static func predicate(_ predicate: TensorPredicate, _ names: [String: String]) -> String {
    switch predicate {
    case .always: return "True"
    case .compare(let comparison, let a, let b):
      let sign =
        switch comparison {
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        case .equal: "=="
        case .notEqual: "!="
        }
      return "\(quantity(a, names)) \(sign) \(quantity(b, names))"
    case .nameMatches(let pattern):
      return "re.search(r\"\(pattern.replacing("\"", with: "\\x22"))\", name)"
    case .nameEquals(let name): return "name == \"\(name)\""
    case .and(let a, let b):
      return "\(inner(a, names)) and \(inner(b, names))"
    case .or(let a, let b): return "\(inner(a, names)) or \(inner(b, names))"
    case .not(let a): return "not \(inner(a, names))"
    }
  }

  private static func inner(_ predicate: TensorPredicate, _ names: [String: String]) -> String {
    let text = self.predicate(predicate, names)
    switch predicate {
    case .and, .or, .not: return "(\(text))"
    default: return text
    }
  }

  private static func quantity(
    _ quantity: TensorPredicate.Quantity, _ names: [String: String]
  ) -> String {
    switch quantity {
    case .number(let x): return PythonNumber.text(x)
    case .rank, .rows, .cols, .numel: return names["\(quantity)"] ?? "\(quantity)"
    case .arithmetic(let operation, let a, let b):
      let (x, y) = (self.quantity(a, names), self.quantity(b, names))
      return operation.layout == nil
        ? "\(operation.info.name)(\(x), \(y))"
        : "(\(x) \(operation.info.name == "mod" ? "%" : operation.info.name) \(y))"
    }
  }

  /// Whether a route asks for a tensor's name.
  var readsNames: Bool {
    func reads(_ predicate: TensorPredicate) -> Bool {
      switch predicate {
      case .nameMatches, .nameEquals: true
      case .and(let a, let b), .or(let a, let b): reads(a) || reads(b)
      case .not(let a): reads(a)
      case .always, .compare: false
      }
    }
    return rule.variants.contains { reads($0.predicate) }
  }

  /// The name of the method for variant k: that of the rule that its route leads to, with a number where several
  /// routes lead to that one and where the class has that name already.
  func variantName(_ k: Int) -> String {
    func target(_ k: Int) -> String {
      let path = rule.variants[k].path.last ?? ""
      let last = path.split(separator: ">").last.map { $0.filter { $0 != " " } } ?? ""
      return Identifier.snake(last.isEmpty ? "rule\(k + 1)" : last)
    }
    let own = target(k)
    let isTaken = own == "first" || rule.variants.indices.contains { $0 != k && target($0) == own }
    return Identifier(rule.target).spelled(isTaken ? "\(own)_\(k + 1)" : own)
  }
}

/// What an export may not do, asked of a rule before it is printed.
extension ExportedRule {
  /// Throws R0860 for storage, rounding and guards that a target does not have.
  func requireStorage(halves: Bool) throws(DiagnosticError) {
    for variant in variants {
      if variant.roundsStochastically {
        throw DiagnosticError(
          .notInTarget("`round stochastic`", target, at: module.origin))
      }
      for slot in variant.states {
        if slot.roundsStochastically {
          throw DiagnosticError(.notInTarget("`round stochastic`", target, at: slot.origin))
        }
        switch slot.storage {
        case .compute, .float32, .float64: break
        case .bfloat16 where halves, .float16 where halves: break
        default:
          throw DiagnosticError(
            .notInTarget("the storage `as \(slot.storage)`", target, at: slot.origin))
        }
      }
    }
  }
}

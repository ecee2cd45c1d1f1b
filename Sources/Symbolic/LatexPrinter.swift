import Basics
import IR

/// Writes functions of the IR as LaTeX for plain amsmath, in the structure that they were written in.
package struct LatexPrinter {
  private let function: Function
  private let hypers: [String]
  private let states: [String]
  private let inputs: [String]
  private var names: [ValueID: String] = [:]
  private var symbols: [String] = []
  private var lines: [String] = []

  package init(
    _ function: Function, hypers: [String] = [], states: [String] = [], inputs: [String] = []
  ) {
    self.function = function
    self.hypers = hypers
    self.states = states
    self.inputs = inputs
  }

  // MARK: Rules

  /// A rule as an `align*` environment: states, then one equation a line.
  package static func rule(_ module: RuleModule, variant: Int = 0) -> String {
    let own = module.variants[variant]
    let states = own.states.map(\.name)
    let inputs = own.inputs.map(\.name)
    let hypers = module.hypers.map { RuleStatement.shortKey($0.name) }
    let first = LatexPrinter(own.initial, hypers: hypers, states: states, inputs: inputs)
    var printer = LatexPrinter(own.update, hypers: hypers, states: states, inputs: inputs)
    var lines: [String] = []
    for (target, value) in own.initial.outputs.map({ ($0.target, $0.value) }) {
      guard case .state(let k) = target else { continue }
      lines.append("\(symbol(states[k], at: "0")) &= \(first.text(value, 0))")
    }
    let targets = own.update.outputs
    printer.nameShared(targets.map(\.value))
    for output in targets {
      let left: String
      switch output.target {
      case .parameter: left = "w_{t+1}"
      case .state(let k): left = symbol(states[k], at: "t")
      case .view(let name): left = "\\mathrm{\(name)}_t"
      default: continue
      }
      let right =
        printer.shared[output.value] == left
        ? printer.definition(output.value, 0) : printer.text(output.value, 0)
      printer.lines.append("\(left) &= \(right)")
    }
    lines += printer.lines
    return "\\begin{align*}\n  " + lines.joined(separator: " \\\\\n  ") + "\n\\end{align*}\n"
  }

  /// An expression, ready for math mode.
  ///
  /// `symbols` are the names of free symbols.
  package static func expression(
    _ function: Function, _ value: ValueID, symbols: [String] = []
  ) -> String {
    var printer = LatexPrinter(function)
    printer.symbols = symbols
    return printer.text(value, 0)
  }

  /// Values used several times that are more than a name get one.
  private mutating func nameShared(_ roots: [ValueID]) {
    let live = function.liveValues()
    var uses = [Int](repeating: 0, count: function.instructions.count)
    for i in function.instructions.indices where live[i] {
      for operand in Set(function.operands(ValueID(i))) { uses[operand.index] += 1 }
    }
    for root in roots { uses[root.index] += 1 }
    // What is assigned to a state is that state after the step.
    var targets: [ValueID: String] = [:]
    for output in function.outputs {
      if case .state(let k) = output.target {
        targets[output.value] = targets[output.value] ?? Self.symbol(states[k], at: "t")
      }
    }
    shared = targets
    var count = 0
    for i in function.instructions.indices where live[i] && uses[i] > 1 {
      let id = ValueID(i)
      if targets[id] != nil {
        continue
      }
      guard weight(id) > 6, function.type(id).kind != .tuple else { continue }
      count += 1
      let name = "u_{\(count)}"
      lines.append("\(name) &= \(definition(id, 0))")
      names[id] = name
    }
  }

  /// States after the step, where other equations use them.
  private var shared: [ValueID: String] = [:]

  private func weight(_ id: ValueID) -> Int {
    function[id].operation.isSource
      ? 1 : 1 + function.operands(id).reduce(0) { $0 + min(weight($1), 50) }
  }

  // MARK: Names

  /// `β1` as `\beta_{1}`, `mean_g` as `\mathit{mean}_{g}`; what changes with the steps has the time
  /// as its last index.
  static func symbol(_ name: String, at time: String = "") -> String {
    let greek: [Character: String] = [
      "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta",
      "η": "eta", "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi",
      "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "varphi", "χ": "chi", "ψ": "psi",
      "ω": "omega", "Δ": "Delta", "Σ": "Sigma", "Φ": "Phi", "Ω": "Omega", "Λ": "Lambda",
    ]
    var stem = ""
    var index = ""
    var isIndex = false
    for character in name.split(separator: ".").last ?? Substring(name) {
      if character == "_" {
        if isIndex { index += "," }
        isIndex = true
      } else if character.isNumber && !stem.isEmpty {
        isIndex = true
        index.append(character)
      } else if isIndex {
        index.append(character)
      } else {
        stem.append(character)
      }
    }
    var result: String
    if stem.count == 1, let letter = stem.first {
      result = greek[letter].map { "\\" + $0 } ?? stem
    } else if let letter = stem.first, let command = greek[letter] {
      result = "\\" + command
      index = String(stem.dropFirst()) + (index.isEmpty ? "" : "," + index)
    } else {
      result = stem == "lr" ? "\\eta" : "\\mathit{\(stem)}"
    }
    var indices: [String] = []
    if !index.isEmpty {
      let plain = index.map { greek[$0].map { "\\\($0) " } ?? String($0) }.joined()
      indices.append(
        plain.count > 1 && plain.allSatisfy(\.isLetter) ? "\\mathrm{\(plain)}" : plain)
    }
    if !time.isEmpty { indices.append(time) }
    if indices.isEmpty { return result }
    return index.isEmpty && time.count == 1
      ? "\(result)_\(time)" : "\(result)_{\(indices.joined(separator: ","))}"
  }

  // MARK: Expressions

  /// Precedence: 4 comparison, 5 + −, 6 products, 7 unary −, 8 powers.
  private func text(_ id: ValueID, _ outer: Int) -> String {
    names[id] ?? shared[id] ?? definition(id, outer)
  }

  private func definition(_ id: ValueID, _ outer: Int) -> String {
    let i = function[id]
    func wrap(_ level: Int, _ text: String) -> String {
      level < outer ? "\\left(\(text)\\right)" : text
    }
    func infix(_ sign: String, _ level: Int, _ right: Int) -> String {
      wrap(level, "\(text(i.a, level)) \(sign) \(text(i.b, right))")
    }
    func call(_ name: String) -> String {
      "\(name)\\left(\(function.operands(id).map { text($0, 0) }.joined(separator: ", "))\\right)"
    }
    let slot = Int(i.attribute)
    switch i.operation {
    case .constant:
      let x = function.constants[slot]
      if x == .infinity { return "\\infty" }
      if x == -.infinity { return wrap(7, "-\\infty") }
      if x == .pi { return "\\pi" }
      let number = (Rational(literal: x)?.decimalText ?? "\(x)")
      let parts = number.split(separator: "e")
      let result = parts.count == 2 ? "\(parts[0]) \\cdot 10^{\(parts[1])}" : number
      return number.hasPrefix("-") ? wrap(7, result) : result
    case .hyper where slot >= ImportContext.freeBase:
      return Self.symbol(symbols[slot - ImportContext.freeBase])
    case .hyper: return slot < hypers.count ? Self.symbol(hypers[slot]) : "x_{\(slot)}"
    case .step: return "t"
    case .horizon: return "T"
    case .parameter: return "w_t"
    case .gradient: return "g_t"
    case .state: return slot < states.count ? Self.symbol(states[slot], at: "t-1") : "s_{\(slot)}"
    case .input: return slot < inputs.count ? Self.symbol(inputs[slot]) : "a_{\(slot)}"
    case .loss: return "\\ell_t"
    case .argument: return "z_{\(slot)}"
    case .extent: return "\\mathrm{\(extentName(slot))}"
    case .draw: return "\\xi_{\(slot + 1)}"
    case .negate: return wrap(7, "-\(text(i.a, 7))")
    case .add: return infix("+", 5, 5)
    case .subtract: return infix("-", 5, 6)
    case .multiply where i.a == i.b: return wrap(8, "\(text(i.a, 9))^{2}")
    case .multiply: return product(i, outer)
    case .divide:
      if let operand = mean(i) { return "\\operatorname{mean}\\left(\(text(operand, 0))\\right)" }
      return "\\frac{\(text(i.a, 0))}{\(text(i.b, 0))}"
    case .power: return wrap(8, "\(text(i.a, 9))^{\(text(i.b, 0))}")
    case .squareRoot:
      let inner = function[i.a]
      if inner.operation == .sum, inner.attribute == 0, function[inner.a].operation == .multiply,
        function[inner.a].a == function[inner.a].b
      {
        return "\\left\\lVert \(text(function[inner.a].a, 0)) \\right\\rVert"
      }
      return "\\sqrt{\(text(i.a, 0))}"
    case .cubeRoot: return "\\sqrt[3]{\(text(i.a, 0))}"
    case .absolute: return "\\left\\lvert \(text(i.a, 0)) \\right\\rvert"
    case .exponential: return wrap(8, "e^{\(text(i.a, 0))}")
    case .logarithm: return call("\\log")
    case .sign: return call("\\operatorname{sign}")
    case .tanh, .sinh, .cosh, .arctangent, .arcsine, .arccosine, .tangent:
      return call("\\" + i.operation.info.name)
    case .sine: return call("\\sin")
    case .cosine: return call("\\cos")
    case .minimum: return call("\\min")
    case .maximum: return call("\\max")
    case .floor: return "\\left\\lfloor \(text(i.a, 0)) \\right\\rfloor"
    case .ceiling: return "\\left\\lceil \(text(i.a, 0)) \\right\\rceil"
    case .modulo: return infix("\\bmod", 6, 7)
    case .less: return infix("<", 4, 5)
    case .lessOrEqual: return infix("\\le", 4, 5)
    case .greater: return infix(">", 4, 5)
    case .greaterOrEqual: return infix("\\ge", 4, 5)
    case .equal: return infix("=", 4, 5)
    case .notEqual: return infix("\\ne", 4, 5)
    case .logicalAnd: return infix("\\land", 3, 3)
    case .logicalOr: return infix("\\lor", 2, 2)
    case .logicalNot: return wrap(3, "\\lnot \(text(i.a, 4))")
    case .select:
      return "\\begin{cases} \(text(i.b, 0)) & \\text{if } \(text(i.a, 0)) \\\\ "
        + "\(text(i.c, 0)) & \\text{otherwise} \\end{cases}"
    case .transpose: return wrap(8, "\(text(i.a, 9))^{\\top}")
    case .matrixProduct: return infix("\\,", 6, 7)
    case .identity: return "I"
    case .broadcast, .reshape: return text(i.a, outer)
    case .sum, .maximumOf, .minimumOf, .argMaximum, .argMinimum, .globalSum, .globalMaximum,
      .globalMinimum:
      return call(
        "\\operatorname{\(prefix(i))\(i.operation.info.name)}")
    case .loop: return "\\operatorname{repeat}_{\(text(i.a, 0))}\\left(\(loopText(slot))\\right)"
    case .project:
      return function[i.a].operation == .loop ? text(i.a, outer) : call("\\Pi_{\(slot + 1)}")
    default:
      let name = i.operation.info.name.isEmpty ? "f" : i.operation.info.name
      return call("\\operatorname{\(name.split(separator: "_").joined(separator: "\\_"))}")
    }
  }

  private func product(_ i: Instruction, _ outer: Int) -> String {
    let left = text(i.a, 6)
    let right = text(i.b, 6)
    let needsDot = right.first.map { $0.isNumber } ?? false
    let result = "\(left) \(needsDot ? "\\cdot " : "\\, ")\(right)"
    return 6 < outer ? "\\left(\(result)\\right)" : result
  }

  private func loopText(_ slot: Int) -> String {
    function.loops[slot].initial.map { text($0, 0) }.joined(separator: ", ")
  }

  private func mean(_ i: Instruction) -> ValueID? {
    let sum = function[i.a]
    guard sum.operation == .sum, sum.attribute == 0, function[i.b].operation == .extent else {
      return nil
    }
    return sum.a
  }

  private func prefix(_ i: Instruction) -> String {
    if i.operation.info.operationClass == .globalReduction { return "global\\ " }
    switch Scope(rawValue: i.attribute) {
    case .perRow: return "row\\ "
    case .perColumn: return "col\\ "
    default: return ""
    }
  }

  private func extentName(_ slot: Int) -> String {
    switch ExtentKind(rawValue: Int32(slot)) {
    case .rank: "rank"
    case .rows, .rowsOf: "rows"
    case .cols, .colsOf: "cols"
    case .batch: "batch"
    case .features: "features"
    default: "numel"
    }
  }
}

/// A small generator of numbers: the tests must be repeatable.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Writes random rules that are well typed: every text lowers without an error.
///
/// The same seed gives the same text. What is written is bounded, so that engines can run it: few
/// matrix products, powers and logarithms of numbers kept away from trouble. What needs a host or
/// well-conditioned numbers must be asked for.
struct RuleGenerator {
  enum Kind: CaseIterable {
    case scalar, like, overRows, overCols, square
    /// Conditions: one number, or one for each element.
    case condition, mask

    var declaration: String? {
      switch self {
      case .like: ""
      case .scalar: ": scalar"
      case .overRows: ": vector(rows)"
      case .overCols: ": vector(cols)"
      case .square: ": matrix(rows, rows)"
      case .condition, .mask: nil
      }
    }
  }

  /// Whether rules may multiply matrices (and so need parameters of rank 2).
  var usesMatrices: Bool
  /// Whether rules may draw random numbers.
  var usesDraws = true
  /// Whether rules declare inputs, and ask the objective at other points.
  var usesHost = false
  /// Whether rules decompose matrices.
  var usesDecompositions = false
  private var random: SplitMix
  private var scope: [(name: String, kind: Kind)] = []
  private var functions: [String] = []
  private var count = 0

  init(seed: UInt64, usesMatrices: Bool = true) {
    random = SplitMix(seed)
    self.usesMatrices = usesMatrices
  }

  private mutating func below(_ n: Int) -> Int { Int.random(in: 0..<n, using: &random) }
  private mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
  private mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }
  private mutating func fresh(_ prefix: String) -> String {
    count += 1
    return "\(prefix)\(count)"
  }

  // MARK: Programs

  /// A text whose last rule is called `name`.
  mutating func program(name: String = "Generated") -> String {
    functions = []
    var text = ""
    for _ in 0..<below(3) { text += function() }
    switch below(9) {
    case 2:
      text += rule("Inner") + wrapper("Wrapper")
      text += "rule \(name)(lr = 0.1) = Wrapper(Inner, share = 0.5 * lr)\n"
    case 0:
      text += rule("First") + rule("Second")
      let test = pick(["rank == 2", "rows > cols", "numel >= 16 and name !~ \"embed|head\""])
      text += "rule \(name) = route {\n    \(test) -> First\n    otherwise -> Second\n}\n"
    case 1:
      text += rule("Inner")
      text += pick([
        "rule \(name) = Cautious(Inner)\n", "rule \(name) = Lookahead(Inner, k = 3)\n",
        "rule \(name) = Decayed(Cautious(Inner), rate = 0.01)\n",
      ])
    default: text += rule(name)
    }
    return text
  }

  /// A rule around another one.
  private mutating func wrapper(_ name: String) -> String {
    scope = [("w", .like), ("g", .like), ("t", .scalar), ("share", .scalar), ("s", .like)]
    return """
      rule \(name)(base: rule, φ: fn = \(pick(["sign", "tanh", "abs", "square"])), share = 0.5) {
          state s = w
          next = base(\(chance(70) ? "w" : "s"), \(chance(60) ? "g" : expression(.like, 2)))
          when t mod \(2 + below(3)) == 0 { s' = s + share * (next - s) }
          w' = \(pick(["next", "s'", "w"])) - 0.01 * φ(next - \(expression(.like, 1)))
      }

      """
  }

  private mutating func function() -> String {
    let name = fresh("f")
    let saved = scope
    defer { scope = saved }
    scope = [("x", .like), ("s", .scalar)]
    var text = "fn \(name)(x, s = \(number())) {\n"
    if chance(50) {
      text += "    y = \(expression(.like, 1))\n"
      scope.append(("y", .like))
      text += "    repeat \(1 + below(4)) {\n"
      if chance(50) {
        text += "        z = y * s\n        y' = \(unary()) * 0.5 + z\n"
      } else {
        text += "        y' = 0.5 * y + \(expression(.like, 1))\n"
      }
      text += "    }\n"
    }
    text += "    \(expression(.like, 2))\n}\n"
    functions.append(name)
    return text
  }

  private mutating func unary() -> String {
    "\(pick(["tanh", "sin", "sign", "cbrt", "abs", "arctan"]))(y)"
  }

  /// One rule with states of all shapes.
  mutating func rule(_ name: String) -> String {
    scope = [("w", .like), ("g", .like), ("t", .scalar), ("numel", .scalar)]
    var header: [String] = []
    for _ in 0..<(1 + below(4)) {
      let hyper = pick(["lr", "β", "μ", "decay", "ε"]) + "\(header.count)"
      let initial = chance(15) ? header.first.map { _ in "0.5 * \(scope.last!.name)" } : nil
      header.append("\(hyper) = \(initial ?? number())\(chance(40) ? " in [0, inf)" : "")")
      scope.append((hyper, .scalar))
    }
    let hypers = scope.suffix(header.count).map(\.name)
    var states: [(name: String, kind: Kind)] = []
    var text = ""
    for _ in 0..<below(4) {
      var kinds: [Kind] = [.like, .like, .scalar]
      if usesMatrices { kinds += [.overRows, .overCols, .square] }
      let kind = pick(kinds)
      let state = fresh("m")
      let start: String
      switch below(4) {
      case 0: start = " = \(number())"
      case 1 where kind == .like: start = " = w"
      case 1 where kind == .square: start = " = eye(rows)"
      default: start = ""
      }
      // One number takes no storage of fewer bits.
      let storage =
        chance(15)
        ? pick(
          kind == .scalar
            ? [" as f32", " as f64"]
            : [" as bf16", " as f32", " as sign1", " as int8(block = 64) round stochastic"]) : ""
      text += "    state \(state)\(kind.declaration ?? "")\(start)\(storage)\n"
      states.append((state, kind))
    }
    scope += states
    if usesHost, chance(30) {
      text += "    input h\n    input a: vector(cols)\n"
      scope += [("h", .like), ("a", .overCols)]
    }
    if chance(8) { text += "    guard finite\n" }
    var lines: [String] = []
    for _ in 0..<below(4) {
      let kind: Kind = chance(70) ? .like : chance(70) ? .scalar : .mask
      let local = fresh("u")
      lines.append("    \(local) = \(expression(kind, 3))\n")
      scope.append((local, kind))
    }
    if chance(25) { lines.append(loop()) }
    if usesMatrices, usesDecompositions, chance(25) {
      let (q, r) = (fresh("Q"), fresh("R"))
      switch below(3) {
      case 0:
        lines.append("    \(q), \(r) = qr(\(leaf()))\n    \(q)2 = \(q) @ \(r)\n")
      case 1:
        lines.append(
          "    \(r), \(q) = eigh(\(expression(.square, 1)))\n    \(q)2 = \(q) @ g + sum(\(r))\n")
      default:
        lines.append("    \(q)2 = solve(\(expression(.square, 1)), \(leaf()))\n")
      }
      scope.append((q + "2", .like))
    }
    var guarded: [String] = []
    var otherwise: [String] = []
    for (state, kind) in states {
      let equation = "\(state)' = \(expression(kind, 3))\n"
      switch below(5) {
      case 0: guarded.append(equation)
      case 1:
        guarded.append(equation)
        if chance(30) {
          otherwise.append("when t > 5 { \(state)' = \(expression(kind, 1)) }\n")
        } else {
          otherwise.append("\(state)' = \(expression(kind, 2))\n")
        }
      default:
        lines.append("    " + equation)
        scope.append((state + "'", kind))
      }
    }
    if !guarded.isEmpty {
      let body = guarded.map { "        " + $0 }.joined()
      if otherwise.isEmpty, chance(40) {
        lines.append("    every \(2 + below(3)) {\n\(body)    }\n")
      } else {
        let other = otherwise.map { "        " + $0 }.joined()
        lines.append(
          "    when \(expression(.condition, 1)) {\n\(body)    }"
            + (otherwise.isEmpty ? "\n" : " else {\n\(other)    }\n"))
      }
    }
    // Every hyperparameter must do something.
    let all = hypers.joined(separator: " + ")
    let rounding = chance(10) ? " round stochastic" : ""
    lines.append("    w' = w - 0.01 * (\(all)) * (\(expression(.like, 4)))\(rounding)\n")
    if chance(15) { lines.append("    view eval = \(expression(.like, 1))\n") }
    // Order has no meaning.
    lines.shuffle(using: &random)
    return "rule \(name)(\(header.joined(separator: ", "))) {\n" + text + lines.joined() + "}\n"
  }

  /// A local and a loop that carries it, with what both branches of a `when` see of it.
  private mutating func loop() -> String {
    let kind: Kind = chance(70) ? .like : .scalar
    let name = fresh("y")
    var text = "    \(name) = \(expression(kind, 1))\n"
    let saved = scope
    scope.append((name, kind))
    // No draws and no reductions over all tensors inside.
    let inner = scope
    scope = inner.filter { $0.name != "w" }
    text += "    repeat \(1 + below(3)) {\n"
    let part = fresh("z")
    text += "        \(part) = \(expression(kind, 2))\n"
    scope.append((part, kind))
    if chance(30) {
      text += "        when \(expression(.condition, 1)) { \(name)' = \(part) } else "
      text += "{ \(name)' = 0.5 * \(name) }\n"
    } else {
      text += "        \(name)' = 0.5 * \(name) + tanh(\(expression(kind, 2)))\n"
    }
    text += "    }\n"
    scope = saved + [(name, kind)]
    return text
  }

  // MARK: Expressions

  /// Only a rule has a w, and is not called from a loop.
  private var isInRule: Bool { scope.contains { $0.name == "w" } }

  private mutating func number() -> String {
    pick(["0.5", "0.9", "1e-3", "2", "0.25", "3", "1.5", "0.125", "1e-8", "0.1"])
  }

  /// An expression of a kind from the names in scope.
  private mutating func expression(_ kind: Kind, _ depth: Int) -> String {
    let known = scope.filter { $0.kind == kind }.map(\.name)
    if depth <= 0 || chance(12) {
      if !known.isEmpty, chance(85) { return pick(known) }
      switch kind {
      case .scalar, .like:
        return kind == .like
          ? pick(["g", "w"].filter { n in scope.contains { $0.name == n } } + known) : number()
      case .overRows: return "row_mean(\(leaf()))"
      case .overCols: return "col_sum(\(leaf()))"
      case .square: return "eye(rows)"
      case .condition: return "(t > \(below(4)))"
      case .mask: return "(\(leaf()) > 0)"
      }
    }
    func sub(_ kind: Kind) -> String { expression(kind, depth - 1) }
    switch kind {
    case .condition:
      switch below(5) {
      case 0: return "(\(sub(.condition)) and \(sub(.condition)))"
      case 1: return "(not (\(sub(.condition))) or \(sub(.condition)))"
      case 2: return "(t mod \(2 + below(3)) == 0)"
      default: return "(\(sub(.scalar)) \(pick(["<", "<=", ">", ">="])) \(sub(.scalar)))"
      }
    case .mask:
      switch below(4) {
      case 0: return "(\(sub(.mask)) and \(sub(.mask)))"
      case 1: return "topk_mask(\(sub(.like)), 0.5)"
      default: return "(\(sub(.like)) \(pick(["<", ">=", ">"])) \(sub(pick([.like, .scalar]))))"
      }
    case .scalar:
      switch below(17) {
      case 12:
        let items = "[\(sub(.scalar)), \(number()), \(sub(.scalar))]"
        return pick(["\(items)[1]", "sum(\(items)[1:])", "mean(2 * \(items))", "max(\(items))"])
      case 13: return "\(pick(["var", "std"]))(\(sub(.like)))"
      case 14: return "quantile(\(sub(.like)), 0.5)"
      case 15:
        guard usesMatrices else { return sub(.scalar) }
        return pick([
          "trace(\(sub(.square)))", "sum(flatten(\(sub(.like))))",
          "sum(iota(rows) * \(sub(.like)))",
          "norm(diag(\(sub(.square))))", "sum(\(sub(.overRows)) @ \(sub(.overCols)))",
          "max(row_sum(if rows >= cols then \(sub(.like)) else (\(sub(.like))).T))",
        ])
      case 16:
        guard usesHost, isInRule else { return sub(.scalar) }
        return pick(["loss", "loss(\(sub(.like)))"])
      case 0...2: return "(\(sub(.scalar)) \(pick(["+", "-", "*"])) \(sub(.scalar)))"
      case 3: return "(\(sub(.scalar)) / (1 + abs(\(sub(.scalar)))))"
      case 4: return "\(pick(["norm", "mean", "rms", "sum", "max", "min"]))(\(sub(.like)))"
      case 5:
        // A function may be called inside `repeat`, where nothing reduces over all tensors.
        guard isInRule else { return sub(.scalar) }
        return "global \(pick(["norm", "sum", "mean", "max"]))(\(sub(.like)))"
      case 6: return "dot(\(sub(.like)), \(sub(.like)))"
      case 7: return "count(\(sub(.mask)))"
      case 8: return "(if \(sub(.condition)) then \(sub(.scalar)) else \(sub(.scalar)))"
      case 9:
        return "\(pick(["sqrt(abs", "log1p(abs", "tanh((", "exp(-abs"]))(\(sub(.scalar))))"
          .replacingPair()
      case 10: return "min(\(sub(.scalar)), \(sub(.scalar)))"
      default: return "(1 - \(pick(["0.9", "0.5"]))^t)"
      }
    case .like:
      switch below(19) {
      case 15: return pick(["softmax(\(sub(.like)))", "log_softmax(\(sub(.like)))"])
      case 16:
        guard usesHost, isInRule else { return sub(.like) }
        return "grad(\(sub(.like)))"
      case 17: return "lerp(\(sub(.like)), \(sub(pick([.like, .scalar]))), 0.3)"
      case 0...3: return "(\(sub(.like)) \(pick(["+", "-", "*"])) \(sub(pick([.like, .scalar]))))"
      case 4: return "(\(sub(.like)) / (sqrt(abs(\(sub(.like)))) + 1e-3))"
      case 5: return "ema(\(sub(.like)), \(sub(.like)), 0.9)"
      case 6: return "\(pick(["sign", "tanh", "sin", "cos", "abs", "cbrt", "-"]))(\(sub(.like)))"
      case 7: return "(if \(sub(.mask)) then \(sub(.like)) else \(sub(pick([.like, .scalar]))))"
      case 8: return "(if \(sub(.condition)) then \(sub(.like)) else \(sub(.like)))"
      case 9: return "clip(\(sub(.like)), -1, 1)"
      case 10: return "max(\(sub(.like)), \(sub(pick([.like, .scalar]))))"
      case 11: return "(\(sub(.like)))^\(pick(["2", "3", "2"]))"
      case 12: return "(\(sub(.mask)) * \(sub(.like)))"
      case 13:
        guard let name = functions.randomElement(using: &random) else { return sub(.like) }
        return "\(name)(\(sub(.like))\(chance(50) ? ", \(sub(.scalar))" : ""))"
      case 14:
        guard usesDraws, isInRule else { return sub(.like) }
        return pick(["normal()", "uniform()", "rademacher()", "global normal()", "exponential()"])
          .multiplied(by: sub(.like))
      default:
        guard usesMatrices else { return sub(.like) }
        switch below(4) {
        case 0: return "(\(sub(.overRows)) * \(sub(.like)))"
        case 1: return "(\(sub(.like)) + \(sub(.overCols)))"
        case 2: return "outer(\(sub(.overRows)), \(sub(.overCols)))"
        default:
          guard isInRule else { return sub(.like) }
          return "(\(sub(.square)) @ \(sub(.like)))"
        }
      }
    case .overRows:
      switch below(3) {
      case 0: return "\(pick(["row_mean", "row_sum", "row_max", "row_norm"]))(\(sub(.like)))"
      case 1: return "(\(sub(.overRows)) \(pick(["+", "*"])) \(sub(.scalar)))"
      default: return "tanh(\(sub(.overRows)))"
      }
    case .overCols:
      switch below(3) {
      case 0: return "\(pick(["col_mean", "col_sum", "col_min", "col_rms"]))(\(sub(.like)))"
      case 1: return "(\(sub(.overCols)) \(pick(["-", "*"])) \(sub(.scalar)))"
      default: return "abs(\(sub(.overCols)))"
      }
    case .square:
      switch below(3) {
      case 0:
        let x = sub(.like)
        return "(\(x) @ (\(x)).T)"
      case 1: return "(\(sub(.square)) + \(sub(.scalar)) * eye(rows))"
      default: return "ema(\(sub(.square)), \(sub(.square)), 0.5)"
      }
    }
  }

  private mutating func leaf() -> String {
    let known = scope.filter { $0.kind == .like }.map(\.name)
    return pick(known)
  }
}

extension String {
  fileprivate func multiplied(by other: String) -> String { "(\(self) * \(other))" }

  /// Closes the parentheses that are still open.
  fileprivate func replacingPair() -> String {
    var depth = 0
    for character in self {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
    }
    if depth > 0 { return self + String(repeating: ")", count: depth) }
    return depth < 0 ? String(dropLast(-depth)) : self
  }
}

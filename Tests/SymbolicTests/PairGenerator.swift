import Basics

/// Where the second of two rules differs from the first, by the way it was made.
enum PairClass: String, CaseIterable {
  /// Nowhere: the same in other words.
  case same
  /// Somewhere, probably: one place of an expression is another.
  case changed
  // Almost nowhere.
  case guarded, divisor, root, threshold, rounding, bfloat, first, late, initial, stored, ties,
    opposite,
    huge, signed
}

/// Writes two rules, the second made from the first by steps that keep its meaning or change it.
struct PairGenerator {
  indirect enum Tree {
    case leaf(String)
    case call(String, [Tree])
    case infix(String, Tree, Tree)
    case choice(Tree, String, Tree, Tree, Tree)
  }

  /// One of the two: w' = w - lr * move, m' = β * m + drive.
  struct Side {
    var move: Tree
    var drive: Tree?
    var start = 0.0
    var keepsSixteenBits = false
  }

  struct Pair {
    var text: String
    var sides: [Side]
    /// Data that shows the difference, where the way it was made says so: for w, g, steps and c.
    var data: (w: [Double], g: [Double], steps: Int, c: Double)?
  }

  var random: SplitMix64

  init(_ seed: UInt64) { random = SplitMix64(seed) }

  mutating func below(_ n: Int) -> Int { Int(random.next() % UInt64(n)) }

  private mutating func leaf(_ names: [String]) -> Tree {
    if below(5) == 0 {
      return .leaf(["0.5", "2", "3", "0.1", "1", "-1", "0.25"][below(7)])
    }
    return .leaf(names[below(names.count)])
  }

  mutating func tree(_ depth: Int, _ names: [String]) -> Tree {
    if depth == 0 || below(6) == 0 { return leaf(names) }
    switch below(14) {
    case 0...3:
      return .infix("+", tree(depth - 1, names), tree(depth - 1, names))
    case 4: return .infix("-", tree(depth - 1, names), tree(depth - 1, names))
    case 5...7: return .infix("*", tree(depth - 1, names), tree(depth - 1, names))
    case 8:
      return .infix(
        "/", tree(depth - 1, names),
        .infix("+", .call("abs", [tree(depth - 1, names)]), .leaf("0.5")))
    case 9, 10:
      let name = ["sign", "abs", "tanh", "square", "cbrt"][below(5)]
      return .call(name, [tree(depth - 1, names)])
    case 11: return .call("sqrt", [.call("abs", [tree(depth - 1, names)])])
    case 12:
      return .call(
        ["max", "min"][below(2)], [tree(depth - 1, names), tree(depth - 1, names)])
    default:
      switch below(3) {
      case 0:
        // Of a tensor: sums of a number have other lengths.
        return .call(
          ["mean", "norm", "sum"][below(3)], [.infix("+", tree(depth - 1, names), .leaf("g"))])
      case 1:
        return .choice(
          leaf(names), [">", "<", ">=", "<="][below(4)], leaf(names), tree(depth - 1, names),
          tree(depth - 1, names))
      default:
        return .call("clip", [tree(depth - 1, names), .leaf("-0.5"), .leaf("0.5")])
      }
    }
  }

  func text(_ tree: Tree) -> String {
    switch tree {
    case .leaf(let name): return name.hasPrefix("-") ? "(\(name))" : name
    case .call(let name, let all):
      return "\(name == "peak" ? "max" : name)(\(all.map(text).joined(separator: ", ")))"
    case .infix(let name, let a, let b): return "(\(text(a)) \(name) \(text(b)))"
    case .choice(let a, let sign, let b, let x, let y):
      return "(if \(text(a)) \(sign) \(text(b)) then \(text(x)) else \(text(y)))"
    }
  }

  /// A tree that means the same, in exact arithmetic.
  mutating func same(_ tree: Tree) -> Tree {
    switch tree {
    case .leaf:
      switch below(8) {
      case 0: return .infix("*", .leaf("1"), tree)
      case 1: return .infix("-", .infix("+", tree, .leaf("g")), .leaf("g"))
      case 2: return .infix("*", .call("abs", [tree]), .call("sign", [tree]))
      default: return tree
      }
    case .infix("*", let a, .infix("+", let b, let c)) where below(2) == 0:
      return .infix("+", .infix("*", same(a), b), .infix("*", a, same(c)))
    case .infix("+", let a, let b):
      return below(2) == 0 ? .infix("+", same(b), same(a)) : .infix("+", same(a), same(b))
    case .infix("*", let a, let b):
      return below(2) == 0 ? .infix("*", same(b), same(a)) : .infix("*", same(a), same(b))
    case .infix("-", let a, let b):
      return .infix("+", same(a), .infix("*", .leaf("-1"), same(b)))
    case .infix(let name, let a, let b): return .infix(name, same(a), same(b))
    case .call("square", let x): return .infix("*", x[0], same(x[0]))
    case .call("abs", let x) where below(2) == 0:
      return .call("sqrt", [.infix("*", x[0], same(x[0]))])
    case .call("max", let x) where below(2) == 0:
      return .infix(
        "*", .leaf("-1"),
        .call(
          "min",
          [.infix("*", .leaf("-1"), same(x[1])), .infix("*", .leaf("-1"), same(x[0]))]))
    case .call("mean", let x):
      return .infix(
        "/", .call("sum", [same(x[0])]),
        .call("sum", [.infix("+", .infix("*", .leaf("0"), .leaf("g")), .leaf("1"))]))
    case .call("sign", let x) where below(2) == 0:
      return .call("sign", [.infix("*", .leaf("3"), same(x[0]))])
    case .call(let name, let x): return .call(name, x.map { same($0) })
    case .choice(let a, let sign, let b, let x, let y):
      switch sign {
      case ">": return .choice(a, "<=", b, same(y), same(x))
      case "<": return .choice(a, ">=", b, same(y), same(x))
      default: return .choice(a, sign, b, same(x), same(y))
      }
    }
  }

  /// A tree with one place changed.
  mutating func changed(_ tree: Tree) -> Tree {
    switch tree {
    case .leaf(let name): return .leaf(name == "g" ? "w" : name == "2" ? "3" : "g")
    case .infix(let name, let a, let b):
      switch below(4) {
      case 0: return .infix(name == "+" ? "-" : "+", a, b)
      case 1, 2: return .infix(name, changed(a), b)
      default: return .infix(name, a, changed(b))
      }
    case .call(let name, var all):
      switch (name, below(3)) {
      case ("max", 0): return .call("min", all)
      case ("abs", 0): return .call("cbrt", all)
      case ("sign", 0): return .call("tanh", all)
      default:
        let k = below(all.count)
        all[k] = changed(all[k])
        return .call(name, all)
      }
    case .choice(let a, let sign, let b, let x, let y):
      return below(2) == 0 ? .choice(a, sign, b, y, x) : .choice(a, sign, b, changed(x), y)
    }
  }

  /// A pair of a class.
  mutating func pair(_ kind: PairClass) -> Pair {
    let usesState = [.initial, .stored].contains(kind) || kind != .signed && below(3) > 0
    let names = usesState ? ["g", "g", "m", "w", "lr", "β"] : ["g", "g", "w", "lr", "β", "t"]
    var first = Side(move: tree(3, names))
    if usesState { first.drive = tree(2, ["g", "g", "w", "β", "lr"]) }
    if kind == .initial || kind == .stored {
      first.move = .infix("+", first.move, .leaf("m"))
      if kind == .stored { first.drive = .infix("+", .leaf("g"), first.drive!) }
    }
    var second = Side(move: same(first.move), drive: first.drive.map { same($0) })
    let scale = ["2", "0.5", "(1 - β)", "(-3)"][kind == .stored ? 0 : below(4)]
    // Four elements; the first is where the difference is.
    var w = (0..<4).map { _ in Double(1 + below(8)) / 4 }
    var g = (0..<4).map { _ in Double(1 + below(8)) / 4 }
    var (steps, c) = (1, 1.0)
    let x = Tree.leaf(["g", "w"][below(2)])
    func put(_ value: Double, _ others: Double? = nil) {
      let all = [value] + (others.map { [$0, $0, $0] } ?? [])
      for (k, value) in all.enumerated() {
        if text(x) == "g" { g[k] = value } else { w[k] = value }
      }
    }
    func plus(_ a: Tree, _ b: Tree) -> Tree { .infix("+", a, b) }
    let (p, q) = (first.move, second.move)
    let one = Tree.leaf("1")
    switch kind {
    case .same: break
    case .changed:
      if let drive = second.drive, below(3) == 0 {
        second.drive = changed(drive)
      } else {
        second.move = changed(q)
      }
    case .guarded:
      let value = [0, 1, -0.5, 3][below(4)]
      second.move = .choice(x, "==", .leaf("\(value)"), plus(q, one), q)
      put(value)
    case .divisor:
      second.move =
        below(2) == 0 ? .infix("*", x, .infix("/", q, x)) : .infix("/", .infix("*", x, q), x)
      put(0)
    case .root:
      first.move = plus(p, x)
      second.move = plus(q, .call("square", [.call("sqrt", [x])]))
      put(-1)
    case .threshold:
      let value = [0, 1, -0.5, 2][below(4)]
      first.move = .choice(x, ">", .leaf("\(value)"), p, plus(p, one))
      second.move = .choice(x, ">=", .leaf("\(value)"), q, plus(q, one))
      put(value)
    case .rounding:
      let twice = Tree.infix("*", .leaf("2"), x)
      first.move = plus(p, .call("round", [twice]))
      second.move = plus(q, .call("floor", [plus(twice, .leaf("0.5"))]))
      put(0.25)
    case .bfloat:
      first.move = plus(p, .call("bf16", [x]))
      second.move = plus(q, x)
      put(1 + 0x1p-10)
    case .first: second.move = .choice(.leaf("t"), "==", one, plus(q, one), q)
    case .late:
      second.move = .choice(.leaf("t"), ">", .leaf("150"), plus(q, one), q)
      steps = 151
    case .initial: second.start = 0.25
    case .stored:
      second.keepsSixteenBits = true
      steps = 2
      put(1 + 0x1p-10)
    case .ties:
      second.move = .infix("/", q, .call("sum", [.infix("==", x, .call("peak", [x]))]))
      put(5, 5)
    case .opposite:
      second.move = .choice(.call("sum", [x]), "==", .leaf("0"), plus(q, one), q)
      put(1.5, -0.5)
    case .huge:
      second.move = .choice(.call("abs", [x]), ">", .leaf("1e6"), plus(q, x), q)
      put(0x1p30)
    case .signed:
      first.move = .infix("*", .leaf("c"), plus(p, one))
      second.move = .infix("*", .call("abs", [.leaf("c")]), plus(q, one))
      c = -1
    }
    let isMade = kind != .same && kind != .changed
    return Pair(
      text: source(first, second, scale, kind == .signed), sides: [first, second],
      data: isMade ? (w, g, steps, c) : nil)
  }

  private func source(_ first: Side, _ second: Side, _ scale: String, _ isFree: Bool) -> String {
    let header = "(lr = 0.1 in [0, inf), β = 0.9 in [0, 1)\(isFree ? ", c = 1" : ""))"
    guard let drive = first.drive, let other = second.drive else {
      return "rule First\(header) { w' = w - lr * \(text(first.move)) - 0 * β }\n"
        + "rule Second\(header) { w' = w - lr * \(text(second.move)) - 0 * β }\n"
    }
    let start = second.start == 0 ? "" : " = \(scale) * \(second.start)"
    return """
      rule First\(header) {
          state m
          m' = β * m + \(text(drive))
          w' = w - lr * \(text(first.move))
      }
      rule Second\(header) {
          state q\(second.keepsSixteenBits ? " as bf16" : "")\(start)
          m = q / \(scale)
          q' = \(scale) * (β * m + \(text(other)))
          w' = w - lr * \(text(second.move))
      }

      """
  }
}

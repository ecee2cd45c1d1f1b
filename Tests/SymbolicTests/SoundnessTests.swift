import Basics
import Diagnostics
import Driver
import IR
import Laboratory
import Platform
import Symbolic
import Testing

/// Writes two rules, the second made from the first by steps that keep its meaning or change it.
struct PairGenerator {
  indirect enum Tree {
    case leaf(String)
    case call(String, [Tree])
    case infix(String, Tree, Tree)
    case choice(Tree, String, Tree, Tree, Tree)
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
      case 0: return .call(["mean", "norm", "sum"][below(3)], [tree(depth - 1, names)])
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
    case .call(let name, let all): return "\(name)(\(all.map(text).joined(separator: ", ")))"
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

  /// The text of two rules, First and Second.
  mutating func pair() -> String {
    let usesState = below(3) > 0
    let names = usesState ? ["g", "g", "m", "w", "lr", "β"] : ["g", "g", "w", "lr", "β", "t"]
    let move = tree(3, names)
    let drive = tree(2, ["g", "g", "w", "β", "lr"])
    let scale = ["2", "0.5", "(1 - β)", "(-3)"][below(4)]
    let isSame = below(2) == 0
    var other = same(move)
    var otherDrive = same(drive)
    if !isSame {
      if usesState, below(3) == 0 {
        otherDrive = changed(otherDrive)
      } else {
        other = changed(other)
      }
    }
    let header = "(lr = 0.1 in [0, inf), β = 0.9 in [0, 1))"
    guard usesState else {
      return "rule First\(header) { w' = w - lr * \(text(move)) - 0 * β }\n"
        + "rule Second\(header) { w' = w - lr * \(text(other)) - 0 * β }\n"
    }
    return """
      rule First\(header) {
          state m
          m' = β * m + \(text(drive))
          w' = w - lr * \(text(move))
      }
      rule Second\(header) {
          state q
          m = q / \(scale)
          q' = \(scale) * (β * m + \(text(otherDrive)))
          w' = w - lr * \(text(other))
      }

      """
  }
}

@Suite struct SoundnessTests {
  /// Pairs tried; more where the environment says so.
  static let count = getenv("RAVINE_PAIRS").flatMap { Int(String(cString: $0)) } ?? 60
  static let firstSeed = getenv("RAVINE_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1

  /// What is called equal is never seen to differ, and what is called different differs.
  @Test func verdictsAreNeverContradicted() throws {
    var counts: [String: Int] = [:]
    for seed in Self.firstSeed..<(Self.firstSeed + UInt64(Self.count)) {
      var generator = PairGenerator(seed &* 7_919)
      let text = generator.pair()
      let compiler = Compiler()
      let found = compiler.add(name: "pair.opt", bytes: Array(text.utf8))
      if found.contains(where: { $0.severity == .error }) {
        counts["refused", default: 0] += 1
        continue
      }
      let result = try compiler.compare("First", "Second")
      let (a, b) = (try compiler.statement("First"), try compiler.statement("Second"))
      var isSeenToDiffer = false
      for probe in 0..<12 {
        let row = [
          0.01 + generator.random.unit() * Double(probe % 3 + 1), generator.random.unit(),
        ]
        let values = [[[Double]]](repeating: [[Double]](repeating: row, count: 9), count: 2)
        let request = ProbeRequest(
          hypers: [], values: values, variants: [0, 0], seed: seed &* 31 &+ UInt64(probe),
          steps: 9, horizon: 20, hasZeros: false)
        if case .differ = ReferenceProbe().run(a, b, request) { isSeenToDiffer = true }
      }
      switch result.verdict {
      case .equal:
        counts["equal", default: 0] += 1
        #expect(!isSeenToDiffer, "seed \(seed): \(text)")
      case .equalWhere:
        counts["equal where", default: 0] += 1
        #expect(!isSeenToDiffer, "seed \(seed): \(text)")
      case .equalUpTo: counts["up to", default: 0] += 1
      case .different:
        counts["different", default: 0] += 1
        let witness = try #require(result.witness)
        let sides = try [a, b].enumerated().map { k, rule in
          try TheoremTests.replay(rule, witness, side: k)
        }
        let (x, y) = (sides[0][witness.element], sides[1][witness.element])
        #expect(
          !(abs(x - y) <= 1e-13 * max(1, abs(x), abs(y))), "seed \(seed): \(x) \(y) \(text)")
      case .undecided: counts["undecided", default: 0] += 1
      }
    }
    if Self.count > 100 { print("verdicts: \(counts)") }
    #expect(counts["equal", default: 0] > Self.count / 8)
    #expect(counts["different", default: 0] > Self.count / 8)
  }
}

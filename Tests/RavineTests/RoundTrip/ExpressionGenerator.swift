import Basics

/// Expressions of numbers and of conditions, each name and operator with the others.
struct ExpressionGenerator {
  var random: SplitMix64
  var names = [
    "x", "y", "c", "β1", "λ_max", "Γ", "ζ", "t", "T", "Α", "x1", "loss", "g", "w",
  ]

  init(seed: UInt64) { random = SplitMix64(seed) }

  mutating func below(_ n: Int) -> Int { Int(random.next() % UInt64(n)) }
  mutating func pick(_ all: [String]) -> String { all[below(all.count)] }

  mutating func number(_ depth: Int) -> String {
    if depth == 0 { return pick(names + ["2", "3", "0.5", "1e-8", "1 / 3", "-2", "7"]) }
    let next = depth - 1
    switch below(18) {
    case 0, 1: return "(\(number(next)) + \(number(next)))"
    case 2, 3: return "(\(number(next)) - \(number(next)))"
    case 4, 5: return "(\(number(next)) * \(number(next)))"
    case 6: return "(\(number(next)) / \(number(next)))"
    case 7: return "(\(number(next)))^\(pick(["2", "3", "-1", "0.5", "(1 / 3)"] + names))"
    case 8: return "-(\(number(next)))^\(pick(["2"] + names))"
    case 9: return "(\(number(next)) mod \(pick(["2", "-3"] + names)))"
    case 10: return "(if \(condition(next)) then \(number(next)) else \(number(next)))"
    case 11: return "\(pick(["min", "max"]))(\(number(next)), \(number(next)))"
    case 12: return "\(pick(["abs", "sign", "sqrt", "tanh", "floor", "cbrt"]))(\(number(next)))"
    case 13: return "(-\(number(next)))"
    case 14: return "\(pick(["exp", "log", "cos"]))(\(number(next)))"
    case 15: return "(\(number(next)) * (\(condition(next))))"
    default: return number(0)
    }
  }

  mutating func condition(_ depth: Int) -> String {
    let sign = pick(["<", "<=", ">", ">=", "==", "!="])
    if depth == 0 { return "\(number(0)) \(sign) \(number(0))" }
    let next = depth - 1
    switch below(8) {
    case 0, 1: return "(\(condition(next)) and \(condition(next)))"
    case 2, 3: return "(\(condition(next)) or \(condition(next)))"
    case 4: return "(not (\(condition(next))))"
    case 5: return "((\(condition(0))) \(sign) (\(condition(0))))"
    case 6: return "(if \(condition(next)) then \(condition(next)) else \(condition(next)))"
    default: return "(\(number(next)) \(sign) \(number(next)))"
    }
  }
}

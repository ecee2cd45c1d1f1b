import Basics
import IR

/// Random rules over values with named axes.
struct AxesGenerator {
  private var random: SplitMix
  /// Whether what is written now may read the locals.
  private var readsLocals = false
  private let axes = ["batch", "groups", "stack", "window", "workers"]

  init(seed: UInt64) { random = SplitMix(seed) }

  private mutating func pick<T>(_ items: [T]) -> T {
    items[Int.random(in: 0..<items.count, using: &random)]
  }

  mutating func program() -> String {
    let local = value(2, within: [])
    let other = value(2, within: ["batch", "stack"])
    readsLocals = true
    return """
      rule Generated(lr = 0.1, betas = [0.5, 0.25], shares = [0.75, 0.5, 0.125]) {
          input G: batch, P: groups(shares), x: batch(scalar)
          state b: stack(betas), c: stack(betas, scalar) = 1
          state h: window(3), k: window(3, stack(betas)) = w
          state m, e, r: vector(rows)
          local = e - \(local)
          other = \(other)
          b' = \(value(3, within: ["stack"]))
          c' = rms(\(value(2, within: ["stack"])))
          h' = \(value(2, within: pick([[], ["window"]])))
          k' = \(value(2, within: ["stack"]))
          m' = ema(m, \(value(3, within: [])), 0.5)
          e' = ema(e, g + \(value(3, within: ["workers"])), 0.5)
          r' = row_mean(\(value(2, within: [])))
          w' = w - lr * tanh(\(value(4, within: [])))
      }
      """
  }

  /// A tensor like w with some of these axes, bounded in size.
  private mutating func value(_ depth: Int, within: [String]) -> String {
    if depth == 0 { return leaf(within) }
    switch Int.random(in: 0..<11, using: &random) {
    case 0...2:
      return "(\(value(depth - 1, within: within)) \(pick(["+", "-", "*"])) "
        + "\(value(depth - 1, within: within)))"
    case 3: return "\(pick(["tanh", "sign", "sin"]))(\(value(depth - 1, within: within)))"
    case 4...6:
      let open = axes.filter { !within.contains($0) }
      // At most two axes at a time: there is room for six in all.
      guard within.count < 3, !open.isEmpty else { return value(depth - 1, within: within) }
      let axis = pick(open)
      let reduction = pick(["mean", "sum", "max", "min", "rms", "norm"])
      return "tanh(\(reduction) over \(axis) (\(value(depth - 1, within: within + [axis])) "
        + "+ \(one(of: axis))))"
    case 7:
      return "\(value(depth - 1, within: within)) / (1 + \(pick(["norm", "rms"]))("
        + "\(value(depth - 1, within: within))))"
    case 8:
      return "(\(value(depth - 1, within: within)) - \(pick(["row_mean", "col_max", "row_norm"]))("
        + "\(value(depth - 1, within: within))))"
    case 9:
      return "(if \(value(depth - 1, within: within)) > 0.1 then "
        + "\(value(depth - 1, within: within)) else \(value(depth - 1, within: within)))"
    default:
      return "(if t > 2 then \(value(depth - 1, within: within)) else "
        + "\(value(depth - 1, within: within)))"
    }
  }

  /// A value that surely has the axis.
  private func one(of axis: String) -> String {
    switch axis {
    case "batch": "G"
    case "groups": "P"
    case "stack": "b"
    case "window": "h"
    default: "g"
    }
  }

  private mutating func leaf(_ within: [String]) -> String {
    var choices = ["w", "m", "r", "h[0]", "h[2]", "b[1]", "0.5", "t / 8", "k[1][0]"]
    if within.contains("batch") { choices += ["G", "x * G", "x", "batch"] }
    if within.contains("groups") { choices += ["P", "shares * P", "shares"] }
    if within.contains("stack") { choices += ["b", "betas * b", "c", "betas", "k[0]"] }
    if within.contains("window") { choices += ["h"] }
    if within.contains("workers") { choices += ["g", "workers * e", "e"] }
    if readsLocals, within.contains("workers") { choices += ["local"] }
    if readsLocals, ["workers", "batch", "stack"].allSatisfy({ within.contains($0) }) {
      choices += ["other"]
    }
    if within.contains("workers"), within.contains("stack") { choices += ["betas * g", "b * g"] }
    if within.contains("stack"), within.contains("window") { choices += ["k", "k * h[1]"] }
    return pick(choices)
  }
}

import Basics

/// Writes rules of the kinds that the laboratory has words for: averages and sums with schedules, first
/// steps and first values of their own; moves that are linear, normalised, clipped, sign-like.
struct RuleGenerator {
  var random: SplitMix64

  init(_ seed: UInt64) { random = SplitMix64(seed) }

  private mutating func below(_ n: Int) -> Int { Int(random.next() % UInt64(n)) }

  private mutating func one(_ all: [String]) -> String { all[below(all.count)] }

  /// A rule `Made` with one to three states.
  mutating func rule() -> String {
    let names = Array(["m", "v", "s"].prefix(1 + below(3)))
    var lines: [String] = []
    for (k, name) in names.enumerated() {
      let start = one(["", "", "", " = 0.25", " = w", " = 2 * w", " = 1"])
      lines.append("state \(name)\(start)")
      let before = k > 0 ? names[k - 1] : nil
      lines.append("\(name)' = \(next(name, before))")
    }
    lines.append("w' = \(weights(names))")
    // What is not used is refused.
    let body = lines.joined(separator: "\n    ")
    let hypers = [
      "lr = 0.1 in [0, inf)", "β = 0.9 in [0, 1)", "γ = 0.5 in [0, 1)", "ε = 1e-3 in (0, inf)",
    ].filter { body.contains($0.prefix { $0 != " " }) }
    return "rule Made(\(hypers.joined(separator: ", "))) {\n    \(body)\n}\n"
  }

  private mutating func next(_ name: String, _ before: String?) -> String {
    var entering = [
      "g", "g", "g^2", "sign(g)", "lr * g", "w", "g + γ * w", "clip(g, -1, 1)", "g / t",
    ]
    if let before { entering += ["\(before)'", "\(before)'", "\(before)", "\(before)'^2"] }
    let u = one(entering)
    switch below(9) {
    case 0, 1: return "ema(\(name), \(u), \(one(["β", "γ", "β"])))"
    case 2: return "β * \(name) + \(u)"
    case 3: return "γ * \(name) + (1 - β) * \(u)"
    case 4: return "\(name) + \(u)"
    case 5: return "if t == 1 then \(u) else ema(\(name), \(u), β)"
    case 6: return "max(β * \(name), abs(\(u)))"
    case 7: return "\(name) + (\(u) - \(name)) / t"
    default: return "ema(\(name), \(u), β^t)"
    }
  }

  private mutating func weights(_ names: [String]) -> String {
    let m = one(names) + "'"
    let other = one(names) + "'"
    let move = one([
      m, m, "g + β * \(m)", "sign(\(m))", "\(m) / (sqrt(abs(\(other))) + ε)",
      "\(m) / (abs(\(m)) + ε)", "clip(\(m), -1, 1)", "\(m) / max(norm(\(m)), ε)", "tanh(\(m))",
      "\(m) / (1 - β^t)", "(if t == 1 then g else \(m))", "g * min(1, γ / (norm(g) + ε))",
      "\(m) - \(other)", "g / sqrt(\(other)^2 + ε)",
    ])
    let decay = one(["", "", " + γ * w"])
    let rate = one(["lr", "lr", "lr / t", "lr / sqrt(t)"])
    return "w - \(rate) * (\(move)\(decay))"
  }
}

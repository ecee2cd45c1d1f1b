import Platform

/// What a side of a generated pair does, computed from its tree: shares nothing with the product.
struct PairEvaluator {
  var lr: Double
  var β: Double
  var c = 1.0

  /// The weights after `steps` steps.
  func run(_ side: PairGenerator.Side, w: [Double], gradients: [[Double]], steps: Int) -> [Double] {
    var w = w
    var m = w.map { _ in side.start }
    for t in 1...steps {
      let names: [String: [Double]] = [
        "w": w, "g": gradients[min(t, gradients.count) - 1], "m": m, "lr": all(lr, w),
        "β": all(β, w), "t": all(Double(t), w), "c": all(c, w),
      ]
      let move = value(side.move, names)
      if let drive = side.drive {
        let next = value(drive, names)
        for k in m.indices {
          m[k] = β * m[k] + next[k]
          if side.keepsSixteenBits { m[k] = Self.bfloat(m[k]) }
        }
      }
      for k in w.indices { w[k] -= lr * move[k] }
    }
    return w
  }

  private func all(_ x: Double, _ like: [Double]) -> [Double] { like.map { _ in x } }

  private func value(_ tree: PairGenerator.Tree, _ names: [String: [Double]]) -> [Double] {
    let like = names["w"]!
    switch tree {
    case .leaf(let name): return names[name] ?? all(Double(name)!, like)
    case .infix(let sign, let a, let b):
      return zip(value(a, names), value(b, names)).map { x, y in
        switch sign {
        case "+": x + y
        case "-": x - y
        case "*": x * y
        case "/": x / y
        default: Self.holds(x, sign, y) ? 1 : 0
        }
      }
    case .choice(let a, let sign, let b, let p, let q):
      let arms = (value(p, names), value(q, names))
      let (x, y) = (value(a, names), value(b, names))
      return like.indices.map { Self.holds(x[$0], sign, y[$0]) ? arms.0[$0] : arms.1[$0] }
    case .call(let name, let operands):
      let x = operands.map { value($0, names) }
      switch name {
      case "sum": return all(x[0].reduce(0, +), like)
      case "mean": return all(x[0].reduce(0, +) / Double(like.count), like)
      case "norm": return all(x[0].reduce(0) { $0 + $1 * $1 }.squareRoot(), like)
      case "peak": return all(x[0].reduce(-.infinity, Self.larger), like)
      default: return like.indices.map { k in Self.function(name, x.map { $0[k] }) }
      }
    }
  }

  private static func holds(_ x: Double, _ sign: String, _ y: Double) -> Bool {
    switch sign {
    case ">": x > y
    case "<": x < y
    case ">=": x >= y
    case "<=": x <= y
    default: x == y
    }
  }

  private static func function(_ name: String, _ x: [Double]) -> Double {
    switch name {
    case "sign": x[0] > 0 ? 1 : x[0] < 0 ? -1 : x[0]
    case "abs": abs(x[0])
    case "tanh": tanh(x[0])
    case "square": x[0] * x[0]
    case "cbrt": cbrt(x[0])
    case "sqrt": x[0].squareRoot()
    case "max": larger(x[0], x[1])
    case "min": -larger(-x[0], -x[1])
    case "clip": -larger(-larger(x[0], x[1]), -x[2])
    case "round": x[0].rounded(.toNearestOrEven)
    case "floor": x[0].rounded(.down)
    case "bf16": bfloat(x[0])
    default: fatalError("no function \(name)")
    }
  }

  /// The larger of two; NaN where one is, as in the language, and unlike Swift's `max`.
  private static func larger(_ x: Double, _ y: Double) -> Double {
    x.isNaN || y.isNaN ? .nan : max(x, y)
  }

  /// To the upper sixteen bits of a float, halves to even.
  private static func bfloat(_ x: Double) -> Double {
    let bits = Float(x).bitPattern
    let rest = bits & 0xFFFF
    let up: UInt32 = rest > 0x8000 || rest == 0x8000 && bits & 0x1_0000 != 0 ? 0x1_0000 : 0
    return Double(Float(bitPattern: (bits & ~0xFFFF) &+ up))
  }
}

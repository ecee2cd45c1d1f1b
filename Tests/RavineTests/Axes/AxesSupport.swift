import Diagnostics
import Driver
import IR
import Lowering
import Runtime
import Testing

/// Rules with named axes, for tests of every phase.
enum AxesRules {
  static let all: [(name: String, text: String)] = [
    (
      "Private",
      """
      rule Private(lr = 0.1, C = 1, σ = 1) {
          input G: batch
          clipped = G * min(1, C / (norm(G) + 1e-6))
          w' = w - lr * (sum over batch clipped + σ * C * normal()) / batch
      }
      """
    ),
    (
      "AggMo",
      """
      rule AggMo(lr = 0.1, betas = [0, 0.9, 0.99] in [0, 1)) {
          state b: stack(betas)
          b' = betas * b + g
          w' = w - lr * mean over stack b'
      }
      """
    ),
    (
      "Weighted",
      """
      rule Weighted(lr = 1e-3, weights = [0.25, 0.75]) {
          input G: groups(weights)
          state m: groups(weights, vector(rows))
          m' = ema(m, row_mean(G), 0.9)
          w' = w - lr * sum over groups (weights * m' + G)
      }
      """
    ),
    (
      "Windowed",
      """
      rule Windowed(lr = 0.1, n = 3) {
          state h: window(n), k: window(4, scalar) = 1
          when t > 1 { h' = g }
          k' = norm(g)
          old = h[1:]
          w' = w - lr * (mean over window h' + h'[0] + old[1]) / (max over window k' + k[3])
      }
      """
    ),
    (
      "Compressed",
      """
      rule Compressed(lr = 0.1, share = 0.5) {
          state kept, total
          b = g + kept
          sent = if topk_mask(abs(b), share) then b else 0
          kept' = b - sent
          total' = total + mean over workers sent
          w' = w - lr * total' / workers
      }
      """
    ),
    (
      "Several",
      """
      rule Several(lr = 0.1, betas = [0.5, 0.9], β = 0.5) {
          input G: batch
          state m: stack(betas), h: window(2, stack(betas)), s: stack(betas, scalar)
          noise = normal(batch(vector(rows)))
          m' = betas * m + rms over batch (G + noise)
          h' = m'
          s' = s + norm(m')
          big = count over batch (norm(G) > 0.5) + (if any over batch (norm(G) > 2) then 1 else 0)
          step = mean over window (mean over stack h')
          x = betas
          repeat 3 { x' = β * x + s' }
          w' = w - lr * step * big * (sum over stack (x * betas^2)) / (1 + min over stack s')
      }
      """
    ),
    (
      "Products",
      """
      rule Products(lr = 0.1, betas = [0.5, 0.9]) {
          input G: batch
          state L: stack(betas, matrix(rows, rows)) = eye(rows)
          L' = betas * L + g @ g.T
          P = mean over stack (L' @ g)
          A = sum over batch (G @ G.T)
          c = mean over batch (col_sum(G) * row_max(G))
          w' = w - lr * (P + A @ g + c) / (1 + norm over batch norm(G))
      }
      """
    ),
  ]

  static func instance(_ name: String) throws -> Rule {
    let compiler = Compiler()
    let text = all.first { $0.name == name }!.text
    let found = compiler.add(name: "axes.opt", bytes: Array(text.utf8))
    #expect(found.isEmpty, "\(found.map(\.message))")
    return try compiler.rule(name)
  }
}

/// A rule bound to one tensor, with memory of its own.
final class RuleOnMemory {
  let optimizer: Optimizer
  let count: Int
  private let parameters: UnsafeMutablePointer<Double>
  private let gradients: UnsafeMutablePointer<Double>

  init(
    _ rule: Rule, dims: [Int], start: [Double], engine: EngineKind,
    axes: AxisLengths = AxisLengths(), horizon: Int = 0
  ) throws {
    optimizer = try Optimizer(
      rule, parameters: [ParameterSpec(name: "w", dims: dims)], engine: engine,
      elementType: .float64, horizon: horizon, axes: axes)
    count = dims.reduce(1, *)
    parameters = .allocate(capacity: count)
    gradients = .allocate(capacity: count * axes.workers)
    for i in 0..<count { parameters[i] = start[i % start.count] }
    optimizer.bind(parameters: [parameters], gradients: [UnsafeRawPointer(gradients)])
    try optimizer.initialise()
  }

  deinit {
    parameters.deallocate()
    gradients.deallocate()
  }

  var values: [Double] { (0..<count).map { parameters[$0] } }

  func step(_ gradient: [Double], inputs: [String: [Double]] = [:]) throws {
    for i in gradient.indices { gradients[i] = gradient[i] }
    for (name, values) in inputs { try optimizer.setInput(name, of: 0, values) }
    try optimizer.step()
  }
}

func isClose(_ x: [Double], _ y: [Double]) -> Bool {
  x.count == y.count && zip(x, y).allSatisfy { abs($0 - $1) <= 1e-12 * (1 + abs($1)) }
}

func code(_ body: () throws -> Void) -> Int? {
  do {
    try body()
    return nil
  } catch let error as DiagnosticError {
    return error.diagnostics.first?.code.number
  } catch { return -1 }
}

import CRavine
import Ravine

/// Steps of one rule on a function of the host, which keep the best point that they saw.
struct Minimisation {
  enum Reason: Int32 { case allSteps, smallGradient, stopped, notFinite }

  let function: ravine_function
  let context: UnsafeMutableRawPointer?
  let count: Int
  private var isStopped = false
  private(set) var best = Double.infinity
  private(set) var bestPoint: [Double]

  init(_ function: ravine_function, _ context: UnsafeMutableRawPointer?, start: [Double]) {
    self.function = function
    self.context = context
    count = start.count
    bestPoint = start
  }

  /// The loss where the walk stands, and its gradient.
  mutating func evaluate(
    _ point: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>
  ) -> Double {
    var stop: Int32 = 0
    let loss = function(context, point, gradient, 1, &stop)
    if stop != 0 { isStopped = true }
    return loss
  }

  mutating func note(_ loss: Double, at point: UnsafePointer<Double>) {
    if loss < best {
      best = loss
      bestPoint.withUnsafeMutableBufferPointer { $0.baseAddress!.update(from: point, count: count) }
    }
  }

  /// Runs until one of the ends is reached. `point` moves; the best is in `bestPoint`.
  mutating func run(
    _ optimizer: Optimizer, _ point: UnsafeMutablePointer<Double>, steps: Int, tolerance: Double
  ) throws -> (reason: Reason, steps: Int) {
    let gradient = UnsafeMutablePointer<Double>.allocate(capacity: count)
    gradient.initialize(repeating: 0, count: count)
    defer { gradient.deallocate() }
    try optimizer.initialise(parameters: [UnsafeMutableRawPointer(point)])
    try optimizer.bind(
      parameters: [UnsafeMutableRawPointer(point)], gradients: [UnsafeRawPointer(gradient)])
    var done = 0
    while true {
      let loss = evaluate(point, gradient)
      if loss.isFinite { note(loss, at: point) }
      if isStopped { return (.stopped, done) }
      guard loss.isFinite, (0..<count).allSatisfy({ gradient[$0].isFinite }) else {
        return (.notFinite, done)
      }
      if (0..<count).allSatisfy({ abs(gradient[$0]) <= tolerance }) {
        return (.smallGradient, done)
      }
      if done == steps { return (.allSteps, done) }
      let ahead = LookAhead(function: function, context: context)
      do {
        try optimizer.step(loss: loss, objective: ahead.evaluate)
      } catch {
        if ahead.isStopped { return (.stopped, done) }
        throw error
      }
      done += 1
    }
  }
}

/// The function of the host at the points that a rule asks for.
private final class LookAhead {
  let function: ravine_function
  let context: UnsafeMutableRawPointer?
  private(set) var isStopped = false

  init(function: @escaping ravine_function, context: UnsafeMutableRawPointer?) {
    self.function = function
    self.context = context
  }

  func evaluate(
    _ points: UnsafePointer<UnsafeRawPointer>, _ gradients: UnsafePointer<UnsafeMutableRawPointer>?
  ) throws -> Double {
    var stop: Int32 = 0
    let loss = function(
      context, points[0].assumingMemoryBound(to: Double.self),
      gradients?[0].assumingMemoryBound(to: Double.self), 0, &stop)
    isStopped = stop != 0
    if isStopped { throw Outcome.Misuse("it asked to stop") }
    return loss
  }
}

@c @implementation
public func ravine_minimize(
  _ rule: ravine_rule, _ x: UnsafeMutablePointer<Double>?, _ count: Int,
  _ function: ravine_function?, _ context: UnsafeMutableRawPointer?, _ steps: Int64,
  _ tolerance: Double, _ seed: UInt64, _ minimum: UnsafeMutablePointer<ravine_minimum>?
) -> Int32 {
  Outcome.done {
    let rule = try HeldRule.of(rule)
    guard let function else { throw Outcome.Misuse.null("function") }
    guard let minimum else { throw Outcome.Misuse.null("minimum") }
    guard let x else { throw Outcome.Misuse.null("x") }
    guard count > 0, count < 1 << 40 else { throw Outcome.Misuse("`count` is \(count)") }
    guard steps >= 0 else { throw Outcome.Misuse("`steps` is \(steps)") }
    guard tolerance >= 0 else { throw Outcome.Misuse("`tolerance` is \(tolerance)") }
    let optimizer = try Optimizer(
      rule, parameters: [ParameterSpec(name: "x", dims: [count])], engine: .auto,
      elementType: .float64, seed: seed, horizon: Int(steps))
    var run = Minimisation(
      function, context, start: Array(UnsafeBufferPointer(start: x, count: count)))
    let start = run.bestPoint
    let end: (reason: Minimisation.Reason, steps: Int)
    do {
      end = try run.run(optimizer, x, steps: Int(steps), tolerance: tolerance)
    } catch {
      x.update(from: start, count: count)
      throw error
    }
    x.update(from: run.bestPoint, count: count)
    minimum.pointee = ravine_minimum(
      loss: run.best, steps: Int64(end.steps), reason: end.reason.rawValue)
  }
}

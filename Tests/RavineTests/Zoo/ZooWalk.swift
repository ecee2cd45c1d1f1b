import Basics
import Diagnostics
import IR
import Runtime

/// A rule of the zoo on a noisy quadratic bowl over one or several tensors, in float64.
struct ZooWalk {
  enum Gradients {
    /// The bowl's own, and noise.
    case noisy
    /// The same with zeros: the first element for four steps, all elements at the third step.
    case holed
  }

  let optimizer: Optimizer
  private let specs: [ParameterSpec]
  private let parameters: [UnsafeMutablePointer<Double>]
  private let gradients: [UnsafeMutablePointer<Double>]
  private let inputNames: [[String]]
  private let workers: Int
  /// How much larger or smaller, by place, each gradient is than it should be, as a part of itself.
  private let nudge: Double

  init(
    _ rule: Rule, _ specs: [ParameterSpec], engine: EngineKind, horizon: Int,
    compiler: (any SegmentCompiler)? = nil, nudge: Double = 0
  ) throws(DiagnosticError) {
    self.specs = specs
    self.nudge = nudge
    let axes = Self.axes(of: rule)
    workers = axes.workers
    optimizer = try Optimizer(
      rule, parameters: specs, engine: engine, elementType: .float64, seed: 3, horizon: horizon,
      threads: 1, compiler: compiler, axes: axes)
    parameters = specs.map { .allocate(capacity: max(1, $0.count)) }
    gradients = specs.map { [workers] in .allocate(capacity: max(1, $0.count * workers)) }
    inputNames = specs.indices.map { [optimizer] in optimizer.inputNames(of: $0) }
    for (k, spec) in specs.enumerated() {
      for i in 0..<spec.count { parameters[k][i] = 1.5 * ZooWalk.noise(k, 0, i) }
      for i in 0..<spec.count * workers { gradients[k][i] = 0 }
    }
    optimizer.bind(
      parameters: parameters.map { UnsafeMutableRawPointer($0) },
      gradients: gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
  }

  func release() {
    for pointer in parameters + gradients { pointer.deallocate() }
  }

  /// Two workers, three examples, as many groups as a list says.
  static func axes(of rule: Rule) -> AxisLengths {
    var lengths = AxisLengths()
    if rule.module.axes.contains(.workers) { lengths.workers = 2 }
    if rule.module.axes.contains(.batch) { lengths.batch = 3 }
    if rule.module.axes.contains(.groups) { lengths.groups = 2 }
    return lengths
  }

  /// Between −1 and 1, by place.
  private static func noise(_ a: Int, _ b: Int, _ c: Int) -> Double {
    var x = UInt64(a &* 7919 &+ b &* 104_729 &+ c &* 31 &+ 1) &* 0x9E37_79B9_7F4A_7C15
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    x ^= x >> 31
    return Double(x >> 11) * 0x1p-52 - 1
  }

  private static func centre(_ i: Int) -> Double { 0.25 * Double(i % 5) - 0.4 }

  private static func loss(_ k: Int, _ i: Int, _ x: Double) -> Double {
    0.5 * (x - centre(i + k)) * (x - centre(i + k))
  }

  func steps(_ count: Int, _ kind: Gradients = .holed) throws(DiagnosticError) {
    for _ in 0..<count { try step(kind) }
  }

  private func step(_ kind: Gradients) throws(DiagnosticError) {
    let t = optimizer.stepCount + 1
    var loss = 0.0
    for (k, spec) in specs.enumerated() {
      for i in 0..<spec.count {
        let x = parameters[k][i]
        loss += Self.loss(k, i, x)
        for worker in 0..<workers {
          var slope = x - Self.centre(i + k) + 0.3 * Self.noise(k + 11 * worker, t, i)
          if case .holed = kind, t == 3 || i == 0 && t <= 4 { slope = 0 }
          slope *= 1 + (Self.noise(k, t + 977, i) < 0 ? -nudge : nudge)
          gradients[k][worker * spec.count + i] = slope
        }
      }
      for name in inputNames[k] { try give(name, k, t) }
    }
    let specs = self.specs
    try optimizer.step(loss: loss) { points, gradients throws(DiagnosticError) -> Double in
      var value = 0.0
      for (k, spec) in specs.enumerated() {
        let point = points[k].assumingMemoryBound(to: Double.self)
        let slope = gradients?[k].assumingMemoryBound(to: Double.self)
        for i in 0..<spec.count {
          value += Self.loss(k, i, point[i])
          slope?[i] = point[i] - Self.centre(i + k)
        }
      }
      return value
    }
  }

  /// Numbers between 0 and 1, or places 0 and 1 where they are places.
  private func give(_ name: String, _ k: Int, _ t: Int) throws(DiagnosticError) {
    guard let count = optimizer.inputShape(name, of: k)?.reduce(1, *) else { return }
    let holdsPlaces = name.contains("columns")
    try optimizer.setInput(
      name, of: k,
      (0..<count).map {
        holdsPlaces ? Double(($0 + t) % 2) : 0.5 + 0.4 * Self.noise(k + 5, t, $0)
      })
  }

  /// Parameters and states of all tensors.
  var numbers: [(name: String, values: [Double])] {
    var all: [(String, [Double])] = []
    for (k, spec) in specs.enumerated() {
      all.append((spec.name, (0..<spec.count).map { parameters[k][$0] }))
      for name in optimizer.stateNames(of: k) {
        all.append(("\(spec.name).\(name)", optimizer.state(name, of: k)!))
      }
    }
    return all
  }

  /// How many numbers there are.
  var count: Int { numbers.reduce(0) { $0 + $1.values.count } }

  /// The first number that is not finite.
  var broken: String? {
    numbers.first { !$0.values.allSatisfy(\.isFinite) }?.name
  }

  /// The largest difference between two walks, relative to the larger of 1 and the number.
  static func distance(_ a: ZooWalk, _ b: ZooWalk) -> Double {
    var largest = 0.0
    for (x, y) in zip(a.numbers, b.numbers) {
      for (p, q) in zip(x.values, y.values) where p.isFinite && q.isFinite {
        largest = max(largest, abs(p - q) / max(1, abs(p), abs(q)))
      }
    }
    return largest
  }

  /// Where two walks are further apart than `tolerance`, relative to the larger of 1 and the number.
  static func difference(_ a: ZooWalk, _ b: ZooWalk, tolerance: Double) -> String? {
    if a.numbers.map(\.name) != b.numbers.map(\.name) { return "unlike states" }
    for (x, y) in zip(a.numbers, b.numbers) {
      if x.values.count != y.values.count { return "\(x.name): counts" }
      for (i, (p, q)) in zip(x.values, y.values).enumerated() {
        if p == q || p.isNaN && q.isNaN { continue }
        if !(abs(p - q) <= tolerance * max(1, abs(p), abs(q))) {
          return "\(x.name)[\(i)]: \(p), not \(q)"
        }
      }
    }
    return nil
  }
}

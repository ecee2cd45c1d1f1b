import Basics
import Diagnostics
import IR
import Runtime

/// What a problem is like for an optimizer, measured along a short walk.
package struct ProblemMeasures: Sendable {
  /// Numbers that are trained, in how many tensors, and the share of them in matrices.
  package var parameters = 0
  package var tensors: [ParameterSpec] = []
  package var matrixShare = 0.0
  /// How far the gradient of a batch is from its mean, by the length of the mean: 0 where every step has the same
  /// gradient.
  package var noise = 0.0
  /// The share of the entries of gradients that are 0.
  package var zeros = 0.0
  /// How many times larger the gradients of the tensor with the largest are than those of the smallest, as root
  /// mean squares.
  package var scales = 1.0
  /// The largest eigenvalue of the Hessian, the smallest, and the mean of all; nil where it has no second
  /// derivative.
  package var curvature: (largest: Double, smallest: Double, mean: Double)?
  /// Steps of the walk.
  package var steps = 0

  /// How much larger the largest curvature is than the mean of all, where that is positive.
  package var conditioning: Double? {
    guard let curvature, curvature.mean > 0, curvature.largest > 0 else { return nil }
    return curvature.largest / curvature.mean
  }
}

extension Trainer {
  /// Walks some steps with a rule from the first values, and looks at the problem on the way.
  ///
  /// Throws what binding the objective and the rule throws, and R0910 for a loss that is not finite at the start. What is
  /// not finite later ends the walk.
  package func measures(
    along rule: Rule, _ settings: TrainingSettings, steps: Int = 200
  ) throws(DiagnosticError) -> ProblemMeasures {
    let precise = Bindings(
      objective, data, engine: .interpreter, elementType: .float64, compiler: nil)
    let rows = data?.train.rows ?? 1
    let batch = min(settings.batch ?? rows, rows)
    let learner = try Learner(precise, rule, batch: batch, seed: 0, horizon: steps)
    if let start = settings.start { try learner.begin(at: start.values, start.span) }
    let sampler = try GradientSampler(precise, batch: batch, horizon: steps)
    var result = ProblemMeasures()
    result.tensors = sampler.parameters
    result.parameters = result.tensors.reduce(0) { $0 + $1.count }
    let inMatrices = result.tensors.filter { $0.dims.count == 2 && $0.dims.allSatisfy { $0 > 1 } }
    result.matrixShare =
      Double(inMatrices.reduce(0) { $0 + $1.count }) / Double(max(1, result.parameters))
    var noises: [Double] = []
    let places = 5
    var order: [Int] = []
    var epoch = 0
    walk: for place in 0..<places {
      if interrupt.isRequested() { break }
      let sample = try sampler.sample(at: learner.result, step: result.steps)
      guard let sample else {
        // Of a loss that is no number at the start there is nothing to measure, nor to try.
        guard place == 0, !interrupt.isRequested() else { break }
        let rows = data == nil ? [] : RandomOrder.permutation(rows, seed: 0, epoch: 1)
        let loss = try learner.step(rows.prefix(batch)).loss
        if loss.isFinite { break }
        throw DiagnosticError(learner.failure(loss, 1, rule.label, 0))
      }
      noises.append(sample.noise)
      result.zeros += sample.zeros / Double(places)
      result.scales = max(result.scales, sample.scales)
      guard place < places - 1 else { break }
      for _ in 0..<max(1, steps / (places - 1)) {
        if order.count < batch {
          epoch += 1
          order = data == nil ? [] : RandomOrder.permutation(rows, seed: 0, epoch: epoch)
        }
        let taken = order.prefix(batch)
        order.removeFirst(taken.count)
        guard try learner.step(taken).loss.isFinite else { break walk }
        result.steps += 1
      }
    }
    // One place with a tiny mean must not speak for all.
    result.noise = noises.sorted().dropFirst(noises.count / 2).first ?? 0
    result.curvature = try? curvature(precise, learner.result, steps: result.steps)
    return result
  }

  private func curvature(
    _ bindings: Bindings, _ point: [[Double]], steps: Int
  ) throws(DiagnosticError) -> (largest: Double, smallest: Double, mean: Double) {
    let sharpness = try Sharpness(bindings, seed: 0, horizon: max(1, steps))
    let largest = try sharpness.measure(at: point, step: steps)
    let mean = try sharpness.meanEigenvalue(at: point, step: steps)
    let smallest = -(try sharpness.measure(at: point, step: steps, isNegated: true))
    return (largest, smallest, mean)
  }
}

/// Gradients of several batches at one point.
private final class GradientSampler {
  struct Sample {
    var noise: Double
    var zeros: Double
    var scales: Double
  }

  /// Batches at each point.
  private static let count = 16

  private let evaluator: Evaluator
  private let point: TensorMemory
  private let gradients: TensorMemory
  private let rows: Int?
  private let batch: Int
  private let horizon: Int
  var parameters: [ParameterSpec] { evaluator.runner.parameters }

  init(_ bindings: Bindings, batch: Int, horizon: Int) throws(DiagnosticError) {
    let bound = try bindings.objective(rows: batch, needsGradient: true, isCompiled: false)
    let counts = bound.parameters.map(\.count)
    point = TensorMemory(counts, .float64)
    gradients = TensorMemory(counts, .float64)
    rows = bindings.train?.rows
    self.batch = batch
    self.horizon = horizon
    evaluator = Evaluator(
      bound, seed: 1, bindings.train, inputs: TensorMemory(bound.inputCounts, .float64),
      gradients: gradients)
  }

  /// Nil where a gradient is not finite.
  func sample(at parameters: [[Double]], step: Int) throws(DiagnosticError) -> Sample? {
    for (tensor, values) in parameters.enumerated() { point.write(values, to: tensor) }
    let size = point.counts.reduce(0, +)
    var first: [Double] = []
    // Of what they differ by: equal gradients differ by nothing.
    var sum = [Double](repeating: 0, count: size)
    var squares = 0.0
    var zeros = 0
    for k in 0..<Self.count {
      if let rows {
        let order = RandomOrder.permutation(rows, seed: UInt64(1 + k), epoch: step + 1)
        evaluator.fill(order[..<batch])
      }
      // Each is a step of its own, so that what an objective draws differs as well.
      let occasion = Occasion(step: step + k + 1, horizon: horizon)
      let loss = try evaluator.evaluate(
        at: point.pointers.map { UnsafeRawPointer($0) }, occasion)
      let gradient = point.counts.indices.flatMap { gradients.read($0) }
      guard loss.isFinite, gradient.allSatisfy(\.isFinite) else { return nil }
      if k == 0 { first = gradient }
      for i in 0..<size {
        let difference = gradient[i] - first[i]
        sum[i] += difference
        squares += difference * difference
        if gradient[i] == 0 { zeros += 1 }
      }
    }
    let n = Double(Self.count)
    let variance = (squares - sum.reduce(0) { $0 + $1 * $1 } / n) / (n - 1)
    let means = zip(first, sum).map { $0 + $1 / n }
    let ofMean = means.reduce(0) { $0 + $1 * $1 }
    // The square of the mean, without the variance that a mean of so many has.
    let mean = max(ofMean - variance / n, ofMean * 1e-3)
    let ratio = mean > 0 && variance > 0 ? (variance / mean).squareRoot() : 0
    // All rows in another order have the same gradient but for rounding.
    let noise = ratio < 1e-9 ? 0 : ratio
    var position = 0
    var roots: [Double] = []
    for count in point.counts {
      let part = means[position..<position + count].reduce(0) { $0 + $1 * $1 }
      roots.append((part / Double(max(1, count))).squareRoot())
      position += count
    }
    let positive = roots.filter { $0 > 0 }
    return Sample(
      noise: noise, zeros: Double(zeros) / Double(max(1, size * Self.count)),
      scales: positive.isEmpty ? 1 : positive.max()! / positive.min()!)
  }
}

import Diagnostics
import IR
import Runtime

/// What training gives to the named axes of a rule: gradients of single examples, of the terms of a
/// loss, of the shares that workers have of a batch.
final class AxisInputs {
  /// The lengths of the axes that a rule has.
  let lengths: AxisLengths
  private let bindings: Bindings
  private let seed: UInt64
  private let isCompiled: Bool
  private var requests: [Request] = []
  private var parts: [Key: Part] = [:]

  /// An input of a tensor that is given at each step.
  private struct Request {
    var name: String
    var tensor: Int
    var axis: AxisName
    /// The gradients, not the losses.
    var isGradient: Bool
  }

  private struct Key: Hashable {
    var rows: Int
    var term: String?
    var isHessian = false
  }

  /// The objective, or a term of it, on so many rows, and its gradients.
  private struct Part {
    var evaluator: Evaluator
    var gradients: TensorMemory
  }

  init(_ bindings: Bindings, batch: Int, workers: Int, seed: UInt64, isCompiled: Bool) {
    self.bindings = bindings
    self.seed = seed
    self.isCompiled = isCompiled
    let terms = bindings.objective.terms.count
    lengths = AxisLengths(
      batch: bindings.train == nil ? nil : batch, groups: terms == 0 ? nil : terms,
      workers: workers)
  }

  /// Finds what the rule wants at each step. Throws R0825 for an input that training cannot give.
  func prepare(_ optimizer: Optimizer) throws(DiagnosticError) {
    let terms = bindings.objective.terms.count
    for tensor in optimizer.parameters.indices {
      for slot in optimizer.inputSlots(of: tensor) {
        let axes = slot.shape.axes.names
        let isGradient = slot.shape.tensor.isLike
        guard axes.count == 1, isGradient || slot.shape.tensor.isScalar,
          axes[0] == .batch ? bindings.train != nil : axes[0] == .groups && terms > 0
        else {
          throw DiagnosticError(
            .missingInput(slot.name, of: optimizer.instance, "training cannot give it"))
        }
        let count = optimizer.inputShape(slot.name, of: tensor)?.first ?? 0
        if axes[0] == .groups, count != terms {
          throw DiagnosticError(.termsOfLoss(slot, count, bindings.objective))
        }
        requests.append(
          Request(name: slot.name, tensor: tensor, axis: axes[0], isGradient: isGradient))
      }
    }
  }

  /// The inputs that are given at each step.
  var inputNames: [String] { requests.map(\.name) }

  /// Whether single examples are asked for, of which there are as many in every batch.
  var wantsWholeBatches: Bool { requests.contains { $0.axis == .batch } }

  /// Gives the optimizer the gradients and losses, at `point`, of single examples and of terms.
  func give(
    _ optimizer: Optimizer, _ rows: ArraySlice<Int>, at point: [UnsafeRawPointer],
    _ occasion: Occasion
  ) throws(DiagnosticError) {
    for axis in [AxisName.batch, .groups] {
      let requests = requests.filter { $0.axis == axis }
      if requests.isEmpty { continue }
      let needsGradient = requests.contains(where: \.isGradient)
      let entries: [(rows: ArraySlice<Int>, term: String?)] =
        axis == .batch
        ? rows.map { ([$0][...], nil) } : bindings.objective.terms.map { (rows, $0) }
      for (k, entry) in entries.enumerated() {
        let part = try part(entry.rows, entry.term)
        let (gradients, type) = (part.gradients, bindings.elementType)
        var loss = try part.evaluator.evaluate(at: point, occasion, needsGradient: needsGradient)
        for input in requests {
          let count = gradients.counts[input.tensor]
          if input.isGradient {
            optimizer.setInput(
              input.name, of: input.tensor, type, gradients.pointers[input.tensor],
              from: k * count, count: count)
          } else {
            optimizer.setInput(input.name, of: input.tensor, .float64, &loss, from: k, count: 1)
          }
        }
      }
    }
  }

  /// Deals the rows to the workers in turn and writes the gradient of each behind that of the one
  /// before; where there are fewer rows than workers, they go round again. Returns the mean loss of the
  /// rows, each counted once.
  func deal(
    _ rows: ArraySlice<Int>, to gradients: TensorMemory, at point: [UnsafeRawPointer],
    _ occasion: Occasion
  ) throws(DiagnosticError) -> Double {
    let rows = Array(rows)
    let workers = lengths.workers
    var sum = 0.0
    for worker in 0..<workers {
      var own = stride(from: worker, to: rows.count, by: workers).map { rows[$0] }
      let weight = Double(own.count)
      if own.isEmpty { own = [rows[worker % rows.count]] }
      let part = try part(own[...], nil)
      let shares = gradients.counts.indices.map { tensor in
        let count = gradients.counts[tensor] / workers
        return gradients.pointers[tensor] + worker * count * gradients.elementType.byteCount
      }
      let loss = try part.evaluator.evaluate(at: point, into: shares, occasion)
      if weight > 0 { sum += loss * weight }
    }
    return sum / Double(rows.count)
  }

  /// The Hessian of the loss on these rows at `point`, times a direction.
  func hessian(
    _ directions: UnsafePointer<UnsafeRawPointer>,
    _ products: UnsafePointer<UnsafeMutableRawPointer>, _ rows: ArraySlice<Int>,
    at point: [UnsafeRawPointer], _ occasion: Occasion
  ) throws(DiagnosticError) {
    let evaluator = try part(rows, nil, isHessian: true).evaluator
    // The directions are inputs behind those of the objective.
    let first = bindings.objective.inputs.count
    let memory = evaluator.inputs
    for tensor in memory.counts.indices.dropFirst(first) {
      for i in 0..<memory.counts[tensor] {
        memory.elementType.write(
          bindings.elementType.read(directions[tensor - first], i), to: memory.pointers[tensor], i)
      }
    }
    let targets = (first..<memory.counts.count).map { products[$0 - first] }
    _ = try evaluator.evaluate(at: point, into: targets, occasion)
  }

  /// The objective, or one of its terms, on these rows.
  private func part(
    _ rows: ArraySlice<Int>, _ term: String?, isHessian: Bool = false
  ) throws(DiagnosticError) -> Part {
    let key = Key(rows: rows.count, term: term, isHessian: isHessian)
    if parts[key] == nil {
      let bound = try bindings.objective(
        rows: rows.count, needsGradient: true, isCompiled: isCompiled, term: term,
        isHessian: isHessian)
      let gradients = TensorMemory(bound.parameters.map(\.count), bindings.elementType)
      parts[key] = Part(
        evaluator: Evaluator(
          bound, seed: seed, bindings.train,
          inputs: TensorMemory(bound.inputCounts, bindings.elementType.compute),
          gradients: gradients, threads: bindings.threads), gradients: gradients)
    }
    let part = parts[key]!
    part.evaluator.fill(rows)
    return part
  }
}

import CKernels
import Diagnostics
import IR

/// A step by the engine that defines its meaning: decodes, computes in float64, encodes.
extension Optimizer {
  func parameterDense(_ k: Int) -> Dense {
    guard k < parameterPointers.count else { return Dense(shape: [0], values: []) }
    return dense(UnsafeRawPointer(parameterPointers[k]), k)
  }

  func dense(_ pointer: UnsafeRawPointer, _ k: Int) -> Dense {
    let count = parameters[k].count
    let element = elementType.kernelElement
    return Dense(
      shape: [parameters[k].rows, parameters[k].cols],
      values: (0..<count).map { rv_number_at(element, pointer, Int64($0)) })
  }

  /// The gradients of all workers, one after the other.
  private func gradientDense(_ k: Int) -> Dense {
    let count = parameters[k].count * axes.workers
    let element = elementType.kernelElement
    return Dense(
      shape: [axes.workers * parameters[k].rows, parameters[k].cols],
      values: (0..<count).map { rv_number_at(element, gradientPointers[k], Int64($0)) })
  }

  private func roundsByChance(_ k: Int) -> Bool {
    instance.module.variants[tensors[k].variant.index].roundsStochastically
  }

  func referenceStep(_ oracle: PointOracle?) throws(DiagnosticError) {
    let values = clocks.map(\.all)
    let environments = tensors.indices.map { k in
      ReferenceEnvironment(
        hypers: values[clockOf[k]], step: clocks[clockOf[k]].stepCount + 1, horizon: horizon,
        loss: lossValue.pointee,
        parameters: [parameterDense(k)],
        gradients: gradientPointers.isEmpty ? [] : [gradientDense(k)],
        states: tensors[k].memory.states.map(\.dense),
        inputs: tensors[k].memory.inputs.map(\.dense),
        seed: seed, tensor: numbers[k],
        recordedDraws: tensors[k].memory.draws.mapValues { Dense(shape: [$0.count], values: $0) })
    }
    let program = ReferenceProgram(tensors.map(\.variant.update))
    let result: ReferenceProgram.Result
    if oracle != nil || hessian != nil {
      result = try program.evaluate(
        environments,
        oracle: { request throws(DiagnosticError) in
          self.referenceSite = request.site
          return try self.ask(oracle, request)
        })
    } else {
      result = try program.evaluate(environments)
    }
    for (k, outputs) in result.outputs.enumerated() {
      for (target, value) in outputs {
        if case .state(let s) = target, result.keptStates[k].contains(s) { continue }
        store(value, target, k)
      }
    }
  }

  private func store(_ value: Dense, _ target: OutputTarget, _ k: Int) {
    let memory = tensors[k].memory
    let step = clocks[clockOf[k]].stepCount + 1
    switch target {
    case .parameter:
      let formats = PlanFormats(elementType, roundsByChance: roundsByChance(k))
      let region = TensorMemory.Region(
        layout: TensorLayout("w", [parameters[k].count], formats.update, .float64),
        pointer: parameterPointers[k])
      region.write(
        value.count == region.count ? value.values : region.filled(value.scalar), seed: seed,
        step: step, tensor: numbers[k])
    case .state(let s):
      let region = memory.states[s]
      region.write(
        value.count == region.count ? value.values : region.filled(value.scalar), seed: seed,
        step: step, tensor: numbers[k])
    case .view(let name):
      guard let view = memory.views.first(where: { $0.name == name }) else { return }
      view.restore(value.count == view.count ? value.values : view.filled(value.scalar))
    default: break
    }
  }

  private func ask(
    _ oracle: PointOracle?, _ request: OracleRequest
  ) throws(DiagnosticError) -> OracleAnswer {
    let points = request.points
    let element = elementType.kernelElement
    let memory = TensorMemory()
    let at = points.map { point in
      let pointer = memory.own(point.count * elementType.byteCount)
      for (i, x) in point.values.enumerated() { rv_set_number(element, pointer, Int64(i), x) }
      return UnsafeRawPointer(pointer)
    }
    let gradients = points.map { memory.own($0.count * elementType.byteCount) }
    guard request.isHessian ? hessian != nil : oracle != nil else {
      throw DiagnosticError(
        NumericError.noOracle.diagnostic(
          request.isHessian ? .hessianProduct : .gradientAt, at: .none),
        cause: NumericError.noOracle)
    }
    var loss = Double.nan
    if request.isHessian {
      try hessian!(at, gradients)
    } else {
      loss = request.wantsGradients ? try oracle!(at, gradients) : try oracle!(at, nil)
    }
    return OracleAnswer(
      loss: loss,
      gradients: points.indices.map { dense(UnsafeRawPointer(gradients[$0]), $0) })
  }
}

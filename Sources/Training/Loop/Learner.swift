import Basics
import Diagnostics
import IR
import Runtime

/// An objective and the rule that changes its parameters, on memory of their own.
final class Learner {
  private let bindings: Bindings
  private let isCompiled: Bool
  private let seed: UInt64
  private let runner: ObjectiveRunner
  private let optimizer: Optimizer?
  private let parameters: TensorMemory
  private let gradients: TensorMemory
  /// Inputs of one minibatch.
  private let inputs: TensorMemory
  private let batch: Int
  /// For the smaller last minibatch, and for measuring on whole parts.
  private var remainder: (rows: Int, runner: ObjectiveRunner, inputs: TensorMemory)?
  private var whole: [(examples: Examples, runner: ObjectiveRunner)] = []
  private var lastRunner: ObjectiveRunner

  private var data: Examples? { bindings.train }
  private var elementType: ElementType { bindings.elementType }

  init(
    _ bindings: Bindings, _ rule: Rule?, batch: Int = 1, seed: UInt64, horizon: Int,
    isCompiled: Bool = true
  ) throws(DiagnosticError) {
    self.bindings = bindings
    self.isCompiled = isCompiled
    self.seed = seed
    self.batch = batch
    let objective = bindings.objective
    if bindings.train != nil, objective.inputs.count > 2 {
      throw DiagnosticError(.moreInputsThanData(objective))
    }
    runner = ObjectiveRunner(
      try bindings.objective(rows: batch, needsGradient: rule != nil, isCompiled: isCompiled),
      seed: seed)
    lastRunner = runner
    let elementType = bindings.elementType
    let counts = runner.parameters.map(\.count)
    parameters = TensorMemory(counts, elementType)
    gradients = TensorMemory(counts, elementType)
    inputs = TensorMemory(
      Array([batch * (bindings.features ?? 0), batch].prefix(objective.inputs.count)),
      elementType.compute)
    for (tensor, values) in try runner.initialParameters().enumerated() {
      parameters.write(values, to: tensor)
    }
    if let rule {
      let bound = try bindings.rule(
        rule, runner.parameters, horizon: horizon, isCompiled: isCompiled)
      let optimizer = try Optimizer(bound, seed: seed)
      optimizer.bind(
        parameters: parameters.pointers, gradients: gradients.pointers.map { UnsafeRawPointer($0) })
      try optimizer.initialise()
      if let input = bound.anyInput {
        throw DiagnosticError(.missingInput(input.name, of: rule, "training cannot give it"))
      }
      self.optimizer = optimizer
    } else {
      optimizer = nil
    }
    bind(runner, inputs, needsGradient: rule != nil)
  }

  private func bind(_ runner: ObjectiveRunner, _ inputs: TensorMemory, needsGradient: Bool) {
    runner.bind(
      parameters: parameters.pointers.map { UnsafeRawPointer($0) },
      gradients: needsGradient ? gradients.pointers : [],
      inputs: inputs.pointers.map { UnsafeRawPointer($0) })
  }

  var numberCount: Int { parameters.counts.reduce(0, +) }
  var parameterValues: [[Double]] { parameters.counts.indices.map { parameters.read($0) } }

  /// Moves the parameters to a point and forgets the rule's states.
  func begin(at values: [Double], _ span: Span) throws(DiagnosticError) {
    guard values.count == numberCount else {
      throw DiagnosticError(.startOfOtherSize(values.count, numberCount, at: span))
    }
    var position = 0
    for (tensor, count) in parameters.counts.enumerated() {
      parameters.write(Array(values[position..<position + count]), to: tensor)
      position += count
    }
    try optimizer?.initialise()
  }

  /// One step on the given examples (none for an objective without data); returns the loss before it.
  func step(_ rows: ArraySlice<Int>) throws(DiagnosticError) -> Double {
    var runner = self.runner
    if let data {
      if rows.count == batch {
        fill(inputs, data, rows)
      } else {
        let small = try remainderRunner(rows.count)
        fill(small.inputs, data, rows)
        runner = small.runner
      }
    }
    lastRunner = runner
    let loss = try evaluate(runner, data)
    guard loss.isFinite else { return loss }
    try optimizer?.step(
      loss: loss,
      oracle: { (points, gradients) throws(DiagnosticError) -> Double in
        try runner.loss(at: points, gradients: gradients)
      })
    return loss
  }

  private func fill(_ inputs: TensorMemory, _ data: Examples, _ rows: ArraySlice<Int>) {
    for tensor in inputs.counts.indices {
      inputs.gather(rows, of: data.memory, tensor, width: data.widths[tensor], to: tensor)
    }
  }

  private func makeRunner(
    _ rows: Int, needsGradient: Bool
  ) throws(DiagnosticError) -> ObjectiveRunner {
    ObjectiveRunner(
      try bindings.objective(rows: rows, needsGradient: needsGradient, isCompiled: isCompiled),
      seed: seed)
  }

  private func remainderRunner(
    _ rows: Int
  ) throws(DiagnosticError) -> (runner: ObjectiveRunner, inputs: TensorMemory) {
    if let remainder, remainder.rows == rows { return (remainder.runner, remainder.inputs) }
    let runner = try makeRunner(rows, needsGradient: true)
    let counts = data!.widths.prefix(inputs.counts.count).map { $0 * rows }
    let memory = TensorMemory(Array(counts), elementType.compute)
    bind(runner, memory, needsGradient: true)
    remainder = (rows, runner, memory)
    return (runner, memory)
  }

  // MARK: Measuring

  /// The loss at the present parameters, without a step.
  func evaluate() throws(DiagnosticError) -> Double { try runner.evaluate() }

  /// Metrics of the last evaluation.
  var metrics: [(String, Double)] {
    lastRunner.metricNames.map { ($0, lastRunner.metric($0)) }
  }

  /// Metrics and loss on the test part.
  func measure() throws(DiagnosticError) -> [(String, Double)] {
    guard let test = bindings.test else { return [] }
    let runner = try wholeRunner(test)
    let loss = try evaluate(runner, test)
    return runner.metricNames.map { ($0, runner.metric($0)) } + [("test_loss", loss)]
  }

  /// The loss over the whole training part.
  func trainingLoss() throws(DiagnosticError) -> Double {
    guard let data else { return try evaluate() }
    return try evaluate(wholeRunner(data), data)
  }

  /// An evaluation on examples. A target that is no class of the objective is told as such.
  private func evaluate(
    _ runner: ObjectiveRunner, _ examples: Examples?
  ) throws(DiagnosticError) -> Double {
    do throws(DiagnosticError) {
      return try runner.evaluate()
    } catch {
      guard let examples, case NumericError.index(let x, let count)? = error.cause,
        examples.holdsTarget(x), var said = error.diagnostics.first
      else { throw error }
      let value = x == x.rounded() && abs(x) < 1e15 ? "\(Int(x))" : "\(x)"
      said.message =
        "\(examples.source): column \"\(printable(examples.targetName))\" holds class \(value), and "
        + "there are \(count) scores, for classes 0 to \(count - 1)"
      said.notes.append(
        Note(
          x > 0
            ? "give the objective more outputs, or number the classes from 0"
            : "number the classes from 0"))
      throw DiagnosticError(said, cause: error.cause)
    }
  }

  private func wholeRunner(_ examples: Examples) throws(DiagnosticError) -> ObjectiveRunner {
    if let known = whole.first(where: { $0.examples === examples }) { return known.runner }
    let runner = try makeRunner(examples.rows, needsGradient: false)
    let pointers = examples.memory.pointers.prefix(inputs.counts.count)
    runner.bind(
      parameters: parameters.pointers.map { UnsafeRawPointer($0) }, gradients: [],
      inputs: pointers.map { UnsafeRawPointer($0) })
    whole.append((examples, runner))
    return runner
  }

  // MARK: Failures

  /// What to say of a loss that is not finite: the step and the tensor that broke first.
  func failure(_ loss: Double, _ step: Int, _ rule: String, _ seed: UInt64) -> Diagnostic {
    var result = Diagnostic.lossNotFinite(loss, "\(rule), seed \(seed)", step)
    if let broken = parameters.counts.indices.first(where: { !parameters.isFinite($0) }) {
      result.notes = [
        Note(
          "`\(runner.parameters[broken].name)` is the first tensor that is not finite, after step "
            + "\(step - 1)")
      ]
    } else if let (value, span) = firstOverflow() {
      result.span = span
      result.notes = [
        Note("every parameter is still finite; this is the first value that is \(value)")
      ]
    }
    result.notes.append(advice(step - 1))
    return result
  }

  /// What to change: the hyperparameter that broke first, or the learning rate.
  private func advice(_ step: Int) -> Note {
    guard let broken = optimizer?.brokenHyper else {
      return Note("a smaller learning rate or clipping may help")
    }
    return Note(
      "the hyperparameter `\(broken.name)` is \(broken.value.isNaN ? "NaN" : "infinite") at step "
        + "\(step)", at: broken.argument)
  }

  /// The first value of the objective that is not finite although what it is made of is.
  private func firstOverflow() -> (value: String, span: Span)? {
    let rows = lastRunner === runner ? batch : (remainder?.rows ?? batch)
    let memory = lastRunner === runner ? inputs : (remainder?.inputs ?? inputs)
    do throws(DiagnosticError) {
      let hypers = try ReferenceProgram.evaluateScalars(
        bindings.objective.defaults, hypers: [], step: 1, horizon: 0)
      let context = BindContext(
        batch: data == nil ? nil : rows, features: bindings.features, hypers: hypers.map(\.value))
      var function = try bindings.objective.forward.specialised(context).checkedForEvaluation()
      let needed = function.liveValues()
      function.outputs = function.instructions.indices.filter {
        needed[$0] && function.instructions[$0].type.kind != .tuple
      }.map { Output(.result($0), ValueID($0)) }
      let environment = ReferenceEnvironment(
        hypers: hypers.map(\.value), step: 1,
        parameters: parameters.counts.indices.map {
          Dense(shape: [parameters.counts[$0]], values: parameters.read($0))
        },
        inputs: memory.counts.indices.map {
          Dense(shape: [memory.counts[$0]], values: memory.read($0))
        })
      let values = try ReferenceProgram(function).evaluate(environment).outputs[0]
      for (target, value) in values {
        guard case .result(let k) = target, !function.instructions[k].operation.isSource,
          let bad = value.values.first(where: { !$0.isFinite })
        else { continue }
        return (bad.isNaN ? "NaN" : "infinite", function.origins[k])
      }
    } catch {
      return nil
    }
    return nil
  }

  /// The failure of a run whose last step broke a tensor, or nil.
  func endFailure(_ step: Int, _ rule: String, _ seed: UInt64) -> Diagnostic? {
    guard let broken = parameters.counts.indices.first(where: { !parameters.isFinite($0) }) else {
      return nil
    }
    return .parameterNotFinite(
      runner.parameters[broken].name, "\(rule), seed \(seed)", step, advice(step))
  }
}

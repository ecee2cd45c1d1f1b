import Basics
import Diagnostics
import IR
import Runtime

/// An objective and the rule that changes its parameters, on memory of their own.
final class Learner {
  private let objective: ObjectiveModule
  private let features: Int?
  private let elementType: ElementType
  private let runner: ObjectiveRunner
  private let optimizer: Optimizer?
  private let parameters: TensorMemory
  private let gradients: TensorMemory
  /// Inputs of one minibatch.
  private let inputs: TensorMemory
  private let data: Examples?
  private let test: Examples?
  private let batch: Int
  /// For the smaller last minibatch, and for measuring on whole parts.
  private let makeRunner: (Int, Bool) throws(DiagnosticError) -> ObjectiveRunner
  private var remainder: (rows: Int, runner: ObjectiveRunner, inputs: TensorMemory)?
  private var whole: [(examples: Examples, runner: ObjectiveRunner)] = []
  private var lastRunner: ObjectiveRunner

  /// The examples of one part in the type in which the objective is computed.
  private final class Examples {
    let memory: TensorMemory
    let rows: Int
    let widths: [Int]
    let source: String
    let targetName: String

    init(_ data: Dataset, _ elementType: ElementType) {
      source = data.source
      targetName = data.targetName
      rows = data.rows
      widths = [data.columns, 1]
      memory = TensorMemory([data.rows * data.columns, data.rows], elementType)
      memory.write(data.features, to: 0)
      memory.write(data.targets, to: 1)
    }

    func holdsTarget(_ x: Double) -> Bool { memory.read(1).contains(x) }
  }

  init(
    _ objective: ObjectiveModule, _ rule: RuleInstance?, data: DataSplit?, batch: Int?,
    engine: EngineKind, elementType: ElementType, seed: UInt64, horizon: Int,
    compiler: (any SegmentCompiler)? = nil
  ) throws(DiagnosticError) {
    self.objective = objective
    self.elementType = elementType
    let features = data?.train.columns
    self.features = features
    if data != nil, objective.inputs.count > 2 {
      throw DiagnosticError(
        Diagnostic(
          .moreInputsThanData,
          "`\(objective.name)` has \(objective.inputs.count) inputs, and data has features and "
            + "one target", at: objective.inputs[2].origin))
    }
    makeRunner = { (rows: Int, needsGradient: Bool) throws(DiagnosticError) -> ObjectiveRunner in
      try ObjectiveRunner(
        objective, batch: data == nil ? nil : rows, features: features, engine: engine,
        elementType: elementType, needsGradient: needsGradient, seed: seed, compiler: compiler)
    }
    self.batch = batch ?? 1
    runner = try makeRunner(self.batch, rule != nil)
    lastRunner = runner
    let counts = runner.parameters.map(\.count)
    parameters = TensorMemory(counts, elementType)
    gradients = TensorMemory(counts, elementType)
    let inputCounts = [self.batch * (features ?? 0), self.batch]
    inputs = TensorMemory(
      Array(inputCounts.prefix(objective.inputs.count)), elementType.compute)
    self.data = data.map { Examples($0.train, elementType.compute) }
    test = data.map { Examples($0.test, elementType.compute) }
    for (tensor, values) in try runner.initialParameters().enumerated() {
      parameters.write(values, to: tensor)
    }
    if let rule {
      let optimizer = try Optimizer(
        rule, parameters: runner.parameters, engine: engine, elementType: elementType, seed: seed,
        horizon: horizon, compiler: compiler)
      optimizer.bind(
        parameters: parameters.pointers, gradients: gradients.pointers.map { UnsafeRawPointer($0) })
      try optimizer.initialise()
      for tensor in runner.parameters.indices {
        if let name = optimizer.inputNames(of: tensor).first { throw Self.missing(name, rule) }
      }
      self.optimizer = optimizer
    } else {
      optimizer = nil
    }
    bind(runner, inputs, needsGradient: rule != nil)
  }

  /// Training has gradients and losses to give, and nothing else.
  private static func missing(_ input: String, _ rule: RuleInstance) -> DiagnosticError {
    let slot = rule.module.variants.flatMap(\.inputs).first { $0.name == input }
    return DiagnosticError(
      Diagnostic(
        .missingInput, "`\(rule.label)` needs the input `\(input)`, and training cannot give it",
        at: slot?.origin ?? rule.module.origin,
        notes: [Note("a program sets it before each step, a recorded run has it recorded")]))
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
      throw DiagnosticError(
        Diagnostic(
          .startOfOtherSize,
          "the starting point has \(values.count) numbers, and the objective "
            + "\(numberCount)", at: span))
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

  private func remainderRunner(
    _ rows: Int
  ) throws(DiagnosticError) -> (runner: ObjectiveRunner, inputs: TensorMemory) {
    if let remainder, remainder.rows == rows { return (remainder.runner, remainder.inputs) }
    let runner = try makeRunner(rows, true)
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
    guard let test else { return [] }
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
    let runner = try makeRunner(examples.rows, false)
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
    let what = loss.isNaN ? "NaN" : "infinite"
    var result = Diagnostic(
      .lossNotFinite, "\(rule), seed \(seed): the loss is \(what) at step \(step)", at: .none)
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
        objective.defaults, hypers: [], step: 1, horizon: 0)
      let context = BindContext(
        batch: features == nil ? nil : rows, features: features, hypers: hypers.map(\.value))
      var function = try objective.forward.specialised(context).checkedForEvaluation()
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
    return Diagnostic(
      .lossNotFinite,
      "\(rule), seed \(seed): `\(runner.parameters[broken].name)` is not finite after step "
        + "\(step)", at: .none, notes: [advice(step)])
  }
}

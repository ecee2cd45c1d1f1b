import Basics
import Checkpoints
import Diagnostics
import Files
import IR
import Runtime

/// An objective and the rule that changes its parameters, on memory of their own.
///
/// Gradients are taken at the rule's `view train`; losses, metrics and the end are those of its
/// `view eval`. Both are the parameters where the rule says nothing else, and before the first step.
final class Learner {
  private let bindings: Bindings
  private let isCompiled: Bool
  private let seed: UInt64
  private let optimizer: Optimizer?
  private let axes: AxisInputs?
  private var watch: RunWatch?
  private let parameters: TensorMemory
  private let gradients: TensorMemory
  private let delayed: DelayedGradients?
  private let batch: Int
  private let main: Evaluator
  /// For the smaller last minibatch, for measuring on whole parts, and for losses at `view eval`.
  private var remainder: Evaluator?
  private var whole: [(examples: Examples, evaluator: Evaluator)] = []
  private var apart: [Int: Evaluator] = [:]
  private var last: Evaluator
  private var trainPoint: [UnsafeRawPointer]
  private var evalPoint: [UnsafeRawPointer]
  private let horizon: Int
  /// Steps asked for, those that `guard finite` left out too.
  private var steps = 0
  /// Of the last step that was looked at.
  private(set) var look = StepLook()
  /// The parameters before a step that is looked at.
  private var earlier: TensorMemory?

  private var data: Examples? { bindings.train }
  private var elementType: ElementType { bindings.elementType }

  init(
    _ bindings: Bindings, _ rule: Rule?, batch: Int = 1, seed: UInt64, horizon: Int,
    workers: Int = 1, delay: Int = 0, isCompiled: Bool = true
  ) throws(DiagnosticError) {
    self.bindings = bindings
    self.isCompiled = isCompiled
    self.seed = seed
    self.batch = batch
    self.horizon = horizon
    let bound = try bindings.objective(
      rows: batch, needsGradient: rule != nil, isCompiled: isCompiled)
    try bindings.train?.require(bound, rows: batch)
    let elementType = bindings.elementType
    let counts = bound.parameters.map(\.count)
    parameters = TensorMemory(counts, elementType)
    gradients = TensorMemory(counts.map { $0 * workers }, elementType)
    delayed = delay > 0 ? DelayedGradients(gradients, delay: delay) : nil
    main = Evaluator(
      bound, seed: seed, bindings.train,
      inputs: TensorMemory(bound.inputCounts, elementType.compute),
      gradients: rule == nil ? nil : gradients, threads: bindings.threads)
    last = main
    for (tensor, values) in try main.runner.initialParameters(horizon: horizon).enumerated() {
      parameters.write(values, to: tensor)
    }
    trainPoint = parameters.pointers.map { UnsafeRawPointer($0) }
    evalPoint = trainPoint
    if let rule {
      let axes = AxisInputs(
        bindings, batch: batch, workers: workers, seed: seed, isCompiled: isCompiled)
      let bound = try bindings.rule(
        rule, bound.parameters, horizon: horizon, axes: axes.lengths, isCompiled: isCompiled)
      let optimizer = try Optimizer(bound, seed: seed, threads: bindings.threads)
      optimizer.bind(
        parameters: parameters.pointers, gradients: gradients.pointers.map { UnsafeRawPointer($0) })
      try optimizer.initialise()
      try axes.prepare(optimizer)
      if delay > 0, let input = axes.inputNames.first {
        throw DiagnosticError(
          .missingInput(
            input, of: optimizer.instance, "gradients arrive late by `delay`, as a whole"))
      }
      self.optimizer = optimizer
      self.axes = axes
      watch = RunWatch(optimizer)
    } else {
      optimizer = nil
      axes = nil
    }
  }

  var wantsWholeBatches: Bool { axes?.wantsWholeBatches ?? false }

  var numberCount: Int { parameters.counts.reduce(0, +) }

  /// The parameters as they are shipped: those of `view eval`.
  var result: [[Double]] {
    evalPoint.indices.map { k in
      (0..<parameters.counts[k]).map { elementType.read(evalPoint[k], $0) }
    }
  }

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
    watch = optimizer.map(RunWatch.init)
    delayed?.forget()
    steps = 0
    takeViews()
  }

  /// The views stand in memory of their own from the first step on.
  private func takeViews() {
    func point(_ view: String) -> [UnsafeRawPointer] {
      parameters.pointers.indices.map {
        optimizer?.viewPointer(view, of: $0) ?? UnsafeRawPointer(parameters.pointers[$0])
      }
    }
    trainPoint = point("train")
    evalPoint = point("eval")
  }

  /// Whether what `minimize` shows is not what the step evaluates.
  var measuresApart: Bool { trainPoint != evalPoint || bindings.objective.training != nil }

  /// One step on the given examples (none for an objective without data). Returns the loss before it:
  /// where the gradient was taken, and at the view to be shown where `showsLoss` asks for it. Where
  /// `isDone` says so of the loss, nothing moves. `looks` fills in `look`. Where the first `counted` rows alone are those
  /// of the batch and the others fill it up, the loss that is shown is theirs.
  func step(
    _ rows: ArraySlice<Int>, showsLoss: Bool = false, looks: Bool = false, counted: Int? = nil,
    isDone: (Double) -> Bool = { _ in false }
  ) throws(DiagnosticError) -> (loss: Double, shown: Double) {
    steps += 1
    let occasion = Occasion(step: steps, horizon: horizon)
    var shown: Double?
    if showsLoss, let counted, counted < rows.count {
      let own = try remainder(counted)
      own.fill(rows.prefix(counted))
      shown = try own.evaluate(at: evalPoint, occasion, needsGradient: false)
    }
    let evaluator = data == nil || rows.count == batch ? main : try remainder(rows.count)
    evaluator.fill(rows)
    if showsLoss, shown == nil, trainPoint != evalPoint {
      shown = try apart(rows: rows.count, evaluator.inputs).evaluate(at: evalPoint, occasion)
    }
    last = evaluator
    let loss: Double
    if let axes, axes.lengths.workers > 1 {
      // The whole batch answers what rules ask of other points, and what broke.
      evaluator.stand(at: trainPoint, occasion)
      loss = try axes.deal(rows, to: gradients, at: trainPoint, occasion)
    } else {
      loss = try evaluator.evaluate(
        at: trainPoint, occasion, needsGradient: optimizer?.needsGradient ?? true)
    }
    if looks { beginLook() }
    guard loss.isFinite, !isDone(loss) else { return (loss, loss) }
    if let axes, let optimizer {
      let point = trainPoint
      try axes.give(optimizer, rows, at: point, occasion)
      if optimizer.bound.needsHessian {
        optimizer.hessian = { (directions, products) throws(DiagnosticError) in
          try axes.hessian(directions, products, rows, at: point, occasion)
        }
      }
    }
    try optimizer?.step(
      loss: delayed?.exchange(loss) ?? loss,
      oracle: { (points, gradients) throws(DiagnosticError) -> Double in
        try evaluator.runner.loss(at: points, gradients: gradients, occasion)
      })
    watch?.look()
    if looks, let earlier { look.updateRatio = parameters.change(since: earlier) }
    if optimizer?.stepCount == 1 { takeViews() }
    return (loss, shown ?? loss)
  }

  private func beginLook() {
    look = StepLook()
    if optimizer?.needsGradient ?? false {
      look.gradientNorm = gradients.norm(workers: axes?.lengths.workers ?? 1)
    }
    let memory = earlier ?? TensorMemory(parameters.counts, elementType)
    memory.copy(parameters)
    earlier = memory
  }

  /// The value of a hyperparameter in the last step; NaN of a rule without it.
  func hyper(_ name: String) -> Double { optimizer?.hyper(name) ?? .nan }

  private func bound(
    _ rows: Int, needsGradient: Bool
  ) throws(DiagnosticError) -> BoundObjective {
    try bindings.objective(rows: rows, needsGradient: needsGradient, isCompiled: isCompiled)
  }

  private func remainder(_ rows: Int) throws(DiagnosticError) -> Evaluator {
    if let remainder, remainder.runner.bound.batch == rows { return remainder }
    let bound = try bound(rows, needsGradient: true)
    let made = Evaluator(
      bound, seed: seed, data, inputs: TensorMemory(bound.inputCounts, elementType.compute),
      gradients: gradients, threads: bindings.threads)
    remainder = made
    return made
  }

  private func apart(rows: Int, _ inputs: TensorMemory) throws(DiagnosticError) -> Evaluator {
    if let known = apart[rows], known.inputs === inputs { return known }
    let made = Evaluator(
      try bound(data == nil ? batch : rows, needsGradient: false), seed: seed, data,
      inputs: inputs, gradients: nil, threads: bindings.threads)
    apart[rows] = made
    return made
  }

  // MARK: Measuring

  /// What is measured has the t of the last step; before the first, and at the place where step `next`
  /// begins, that of the step.
  private func measuring(next: Int? = nil) -> Occasion {
    Occasion(step: next ?? max(1, steps), horizon: horizon, isTraining: false)
  }

  /// The loss of an objective without data, and its metrics, without a step.
  func evaluate(next: Int? = nil) throws(DiagnosticError) -> Double {
    last = measuresApart ? try apart(rows: 0, main.inputs) : main
    return try last.evaluate(at: evalPoint, measuring(next: next))
  }

  /// Metrics of the last evaluation.
  var metrics: [(String, Double)] { last.metrics }

  /// Metrics and loss on the test part and on the validation part.
  func measure() throws(DiagnosticError) -> [(String, Double)] {
    var row: [(String, Double)] = []
    if let test = bindings.test {
      let (loss, metrics) = try measure(test)
      row += metrics + [(ObjectiveModule.testLoss, loss)]
    }
    if let validation = bindings.validation {
      let (loss, metrics) = try measure(validation)
      row += (metrics + [("loss", loss)]).map { (ObjectiveModule.onValidation($0.0), $0.1) }
    }
    return row
  }

  private func measure(
    _ part: Examples
  ) throws(DiagnosticError) -> (loss: Double, metrics: [(String, Double)]) {
    let evaluator = try whole(part)
    return (try evaluator.evaluate(at: evalPoint, measuring()), evaluator.metrics)
  }

  /// The loss over the whole training part.
  func trainingLoss() throws(DiagnosticError) -> Double {
    guard let data else { return try evaluate() }
    return try whole(data).evaluate(at: evalPoint, measuring())
  }

  private func whole(_ examples: Examples) throws(DiagnosticError) -> Evaluator {
    if let known = whole.first(where: { $0.examples === examples }) { return known.evaluator }
    let made = Evaluator(
      try bound(examples.rows, needsGradient: false), seed: seed, examples,
      inputs: examples.memory, gradients: nil, threads: bindings.threads)
    whole.append((examples, made))
    return made
  }

  /// Throws R0904 where the least or the largest target of a part is no class that the objective has.
  func requireClasses() throws(DiagnosticError) {
    for part in [bindings.train, bindings.test, bindings.validation].compactMap({ $0 }) {
      let bound = try bound(batch, needsGradient: false)
      let evaluator = Evaluator(
        bound, seed: seed, part, inputs: TensorMemory(bound.inputCounts, elementType.compute),
        gradients: nil, threads: bindings.threads)
      let rows = part.extremeRows
      for start in stride(from: 0, to: rows.count, by: batch) {
        evaluator.fill((0..<batch).map { rows[min(start + $0, rows.count - 1)] }[...])
        do throws(DiagnosticError) {
          _ = try evaluator.evaluate(
            at: evalPoint, Occasion(step: 1, horizon: horizon), needsGradient: false)
        } catch {
          // These rows are no batch of the run, which may never come upon anything else.
          if case NumericError.index? = error.cause { throw error }
        }
      }
    }
  }

  var weightsAreFinite: Bool {
    parameters.counts.indices.allSatisfy { parameters.isFinite($0) }
      && result.allSatisfy { $0.allSatisfy(\.isFinite) }
  }

  /// Whether every state that began with numbers still holds numbers.
  var statesAreFinite: Bool { watch?.isFinite ?? true }

  // MARK: Saving

  /// What its next step needs beside the optimizer and the parameters.
  func kept(_ numbers: KeptNumbers, _ parts: inout [Safetensors.Part]) -> JSONValue {
    let seen = watch?.seen
    var members: [JSONMember] = [
      JSONMember("looked", .int(seen?.last ?? 0)),
      JSONMember("broken", seen?.broken?.kept ?? .null),
    ]
    if let end = seen?.openEnd {
      members += [
        JSONMember("openHyper", .int(end.hyper)), JSONMember("openValue", .number(end.value)),
        JSONMember("openStep", .int(end.step)),
      ]
    }
    numbers.add("look", [look.gradientNorm, look.updateRatio])
    if let delayed {
      parts += delayed.parts
      numbers.add("delayed/losses", delayed.clock.losses)
      members.append(JSONMember("taken", .int(delayed.clock.taken)))
    }
    return .object(members)
  }

  /// Writes the optimizer and its parameters with what belongs to the run. Throws R075x for what the system refuses.
  func save(
    _ extras: Checkpoint.Extras, source: String, to path: String
  ) throws(DiagnosticError) {
    guard let optimizer else { preconditionFailure("a run has a rule") }
    try Checkpoint.save(
      optimizer, source: source, parameters: parameters.pointers.map { UnsafeRawPointer($0) },
      extras: extras, to: path)
  }

  /// Goes on where another stood after so many steps. False where what `kept` said of it is not what it should be;
  /// throws R0771 where the optimizer is another.
  func resume(
    _ checkpoint: Checkpoint, _ json: JSONValue, steps: Int
  ) throws(DiagnosticError) -> Bool {
    guard let optimizer, let looked = json.count("looked") else { return false }
    try checkpoint.restore(optimizer, parameters: parameters.pointers)
    self.steps = steps
    // A run that was kept at the end of an epoch has yet to record it.
    if let seen = KeptNumbers.read("look", 2, of: checkpoint) {
      look = StepLook(gradientNorm: seen[0], updateRatio: seen[1])
    }
    if let delayed {
      guard let taken = json.count("taken"),
        let losses = KeptNumbers.read("delayed/losses", delayed.clock.losses.count, of: checkpoint),
        delayed.resume(checkpoint, taken: taken, losses: losses)
      else { return false }
    }
    var broken: Diagnostic?
    if let said = json["broken"], said != .null {
      broken = Diagnostic(kept: said)
      if broken == nil { return false }
    }
    var end: (hyper: Int, value: Double, step: Int)?
    if let hyper = json.count("openHyper"), let value = json["openValue"]?.real,
      let step = json.count("openStep")
    {
      end = (hyper, value, step)
    }
    watch?.seen = RunWatch.Seen(last: looked, broken: broken, openEnd: end)
    if optimizer.stepCount > 0 { takeViews() }
    return true
  }

  // MARK: Failures

  /// Leaves in a history what the run would hide. A run that failed has said that its numbers broke.
  func conclude(_ history: inout RunHistory) {
    history.parameters = result
    history.skippedSteps = optimizer?.skippedSteps ?? 0
    history.warnings = watch?.findings() ?? []
    if history.failure != nil { history.warnings.removeAll { $0.code == .stateNotFinite } }
  }

  /// What one rule meets on its own way, and another may not: a schedule that left its domain, a matrix that has no
  /// root or inverse, a share outside of [0, 1].
  private static let ownCodes: Set<DiagnosticCode> = [
    .domainLeft, .singularMatrix, .notPositiveDefinite, .noConvergence, .decompositionNotFinite,
    .badShare,
  ]

  /// The failure of one run; nil for errors that end all runs.
  static func failure(
    _ error: DiagnosticError, _ rule: String, _ seed: UInt64
  ) -> Diagnostic? {
    guard var said = error.diagnostics.first, ownCodes.contains(said.code) else { return nil }
    said.message = "\(rule), seed \(seed): \(said.message)"
    said.notes.removeAll { $0.span == .none }
    return said
  }

  /// What to say of a loss that is not finite: the step and the tensor that broke first.
  func failure(_ loss: Double, _ step: Int, _ rule: String, _ seed: UInt64) -> Diagnostic {
    var result = Diagnostic.lossNotFinite(loss, "\(rule), seed \(seed)", step)
    if let broken = parameters.counts.indices.first(where: { !parameters.isFinite($0) }) {
      result.notes = [
        Note(
          "`\(main.runner.parameters[broken].name)` is the first tensor that is not finite, after step "
            + "\(step - 1)")
      ]
    } else if let (value, span) = last.firstOverflow(features: bindings.features) {
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

  /// The failure of a run whose last step broke a tensor, or nil.
  func endFailure(_ step: Int, _ rule: String, _ seed: UInt64) -> Diagnostic? {
    guard let broken = parameters.counts.indices.first(where: { !parameters.isFinite($0) }) else {
      return nil
    }
    return .parameterNotFinite(
      main.runner.parameters[broken].name, "\(rule), seed \(seed)", step, advice(step))
  }
}

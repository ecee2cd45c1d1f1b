import Basics
import Diagnostics
import Driver
import IR
import Lowering
import Runtime
import Semantics
import Symbolic

/// One step of a rule with every value that it computes: `:trace`.
package struct StepTrace: Sendable {
  /// One intermediate value.
  package struct Row: Sendable {
    /// The equation's name, or the expression as written.
    package var name: String
    package var shape: [Int]
    package var norm: Double
    package var low: Double
    package var high: Double
    /// The share of values that are 0.
    package var zeros: Double
    /// How many values are not finite.
    package var broken: Int
  }

  package var rows: [Row]
  package var step: Int
  package var dims: [Int]
  /// ‖w' − w‖ / ‖w‖.
  package var ratio: Double
  /// The first value that is not finite although what it is made of is.
  package var firstBroken: (value: String, place: Span)?
}

extension Compiler {
  /// Step `step` of a rule on a tensor, the steps before it with other gradients of the same kind.
  ///
  /// Without weights and gradients these are normal draws. Throws the diagnostics of a rule that
  /// cannot be run.
  package func trace(
    _ instance: Rule, step: Int = 1, weights: Dense? = nil, gradient: Dense? = nil
  ) throws(DiagnosticError) -> StepTrace {
    var dims = [6, 4]
    if let shape = [weights, gradient].compactMap({ $0?.shape }).first(where: { !$0.isEmpty }) {
      dims = shape
    }
    let count = dims.reduce(1, *)
    var random = SplitMix64(7)
    func draw() -> Dense {
      Dense(shape: dims, values: (0..<count).map { _ in random.normal() })
    }
    func stretched(_ given: Dense?) -> Dense? {
      given.map {
        $0.count == count ? Dense(shape: dims, values: $0.values) : .filled(dims, $0.scalar)
      }
    }
    let horizon = max(step, 100)
    let variant = try instance.module.variantIndex(for: ParameterSpec(name: "w", dims: dims))
    var walk = try RuleWalk(
      instance.module, variant: variant, from: stretched(weights) ?? draw(),
      hypers: try instance.hypers(step: 1, horizon: horizon), horizon: horizon)
    for t in 1...max(1, step) {
      // Nobody waits for it any more.
      if TermLimits.current.isCancelled() { throw DiagnosticError([]) }
      let environment = try walk.environment(
        step: t, hypers: try instance.hypers(step: t, horizon: horizon), loss: 1,
        gradient: stretched(gradient) ?? draw()
      ) { _, lengths in
        Dense(
          shape: lengths, values: (0..<lengths.reduce(1, *)).map { _ in random.normal() })
      }
      if t == step {
        return try Tracer(self, instance, walk.variant, walk.update).trace(
          environment, dims: dims, step: t)
      }
      try walk.step(environment, oracle: Tracer.bowl)
    }
    throw DiagnosticError(.stepsFromOne())
  }
}

/// Makes every value of one step an output and looks at each.
private struct Tracer {
  let compiler: Compiler
  let variant: RuleVariant
  let update: Function
  private var names: [Span: String] = [:]
  private let texts: ValueTexts

  init(_ compiler: Compiler, _ rule: Rule, _ variant: RuleVariant, _ update: Function) {
    self.compiler = compiler
    self.variant = variant
    self.update = update
    let program = compiler.program
    for rule in Array(program.rules.values) + Array(program.libraryRules.values) {
      guard case .equations(let block) = rule.body else { continue }
      for definition in block.allDefinitions() {
        names[program[rule.tree].span(definition.value)] =
          definition.name.text + (definition.isPrimed ? "'" : "")
      }
    }
    var known: [ValueID: String] = [:]
    for i in update.instructions.indices where !update.instructions[i].operation.isSource {
      known[ValueID(i)] = names[update.origins[i]]
    }
    for output in update.outputs where !update[output.value].operation.isSource {
      if case .state(let k) = output.target { known[output.value] = variant.states[k].name + "'" }
    }
    // What a loop gives has the name that it carried.
    for i in update.instructions.indices where update.instructions[i].operation == .project {
      known[ValueID(i)] = known[ValueID(i)] ?? update.names[ValueID(i)]
    }
    var own = variant
    own.update = update
    texts = ValueTexts(own, hypers: rule.module.hypers.map { Rule.shortKey($0.name) }, names: known)
  }

  /// ½‖x‖² for rules that ask for the objective elsewhere.
  static func bowl(_ request: OracleRequest) throws(DiagnosticError) -> OracleAnswer {
    var loss = 0.0
    for point in request.points { loss += point.values.reduce(0) { $0 + 0.5 * $1 * $1 } }
    return OracleAnswer(loss: loss, gradients: request.points)
  }

  func trace(
    _ environment: ReferenceEnvironment, dims: [Int], step: Int
  ) throws(DiagnosticError) -> StepTrace {
    // The step first: what it does not need it does not compute.
    let next = try ReferenceProgram(update).evaluate([environment], oracle: Self.bowl)
    var targets: [Int: String] = [:]
    for output in update.outputs {
      switch output.target {
      case .parameter: targets[output.value.index] = "w'"
      case .state(let k): targets[output.value.index] = variant.states[k].name + "'"
      case .view(let name): targets[output.value.index] = "view \(name)"
      default: break
      }
    }
    var all = update
    let needed = update.liveValues()
    all.outputs = update.instructions.indices.filter {
      needed[$0] && isShown(update.instructions[$0])
    }.map { Output(.result($0), ValueID($0)) }
    var rows: [StepTrace.Row] = []
    var firstBroken: (value: String, place: Span)?
    var known: [Int: Dense] = [:]
    for output in all.outputs {
      guard case .result(let k) = output.target else { continue }
      var single = update
      single.outputs = [output]
      // An arm of a condition that is not taken may have no value.
      guard let value = known[k] ?? (try? evaluate(single, environment)) else { continue }
      known[k] = value
      let instruction = update.instructions[k]
      let bad = value.values.first { !$0.isFinite }
      let isMadeOfFinite = update.operands(ValueID(k)).allSatisfy {
        known[$0.index]?.values.allSatisfy(\.isFinite) ?? true
      }
      if let bad, firstBroken == nil, isMadeOfFinite, !instruction.operation.isSource {
        firstBroken = (bad.isNaN ? "NaN" : "infinite", update.origins[k])
      }
      guard targets[k] != nil || value.count > 1 || isNamed(k) else { continue }
      rows.append(row(targets[k] ?? name(k), value))
    }
    let before = environment.parameters[0]
    let after = next.value(.parameter(0)) ?? before
    var moved = 0.0
    var size = 0.0
    for (a, b) in zip(after.values, before.values) {
      moved += (a - b) * (a - b)
      size += b * b
    }
    return StepTrace(
      rows: rows, step: step, dims: dims,
      ratio: moved.isFinite ? (moved / size).squareRoot() : moved.magnitude,
      firstBroken: firstBroken)
  }

  private func evaluate(
    _ function: Function, _ environment: ReferenceEnvironment
  ) throws(DiagnosticError) -> Dense {
    let result = try ReferenceProgram([function]).evaluate([environment], oracle: Self.bowl)
    return result.outputs[0][0].value
  }

  private func isShown(_ instruction: Instruction) -> Bool {
    switch instruction.operation {
    case .constant, .hyper, .free, .step, .horizon, .extent, .broadcast, .loop: false
    default: instruction.type.kind != .tuple
    }
  }

  private func isNamed(_ k: Int) -> Bool { names[update.origins[k]] != nil }

  private func name(_ k: Int) -> String {
    switch update.instructions[k].operation {
    case .parameter: return "w"
    case .gradient: return "g"
    case .state: return variant.states[Int(update.instructions[k].attribute)].name
    case .input: return variant.inputs[Int(update.instructions[k].attribute)].name
    case .loss: return "loss"
    default: break
    }
    if let name = names[update.origins[k]] { return name }
    if update.instructions[k].operation == .project, let name = update.names[ValueID(k)] {
      return name
    }
    let text = texts.text(ValueID(k)) ?? compiler.sources.text(update.origins[k])
    let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count <= 40 ? line : String(line.prefix(39)) + "…"
  }

  private func row(_ name: String, _ value: Dense) -> StepTrace.Row {
    let finite = value.values.filter(\.isFinite)
    let squares = finite.reduce(0) { $0 + $1 * $1 }
    return StepTrace.Row(
      name: name, shape: value.shape, norm: squares.squareRoot(), low: finite.min() ?? .nan,
      high: finite.max() ?? .nan,
      zeros: Double(value.values.count { $0 == 0 }) / Double(max(1, value.count)),
      broken: value.count - finite.count)
  }
}

import Basics
import Diagnostics
import Driver
import IR
import Lowering
import Runtime
import Semantics
import Syntax

extension Compiler {
  /// The rules that the last script declares, in order, without those that need a rule or a
  /// function to be complete.
  package var declaredRules: [String] {
    (script?.items ?? []).compactMap { item in
      guard case .rule(let declaration) = item.kind, let rule = program.rules[declaration.name.key],
        !(rule.ruleParameters + rule.functionParameters).contains(where: { $0.initial == nil })
      else { return nil }
      return declaration.name.text
    }
  }

  /// The objectives that the last script declares, in order, without those that need arguments.
  package var declaredObjectives: [String] {
    (script?.items ?? []).compactMap { item in
      guard case .objective(let declaration) = item.kind,
        let objective = program.objectives[declaration.name.key],
        !objective.hypers.contains(where: { $0.initial == nil })
      else { return nil }
      return declaration.name.text
    }
  }

  /// Whether a text of the session declares an objective of this name, in any spelling.
  package func declaresObjective(_ name: String) -> Bool {
    program.objectives[Name(name).key] != nil
  }

  /// Canonical names of everything that the last script declares.
  package var declaredKeys: [String] {
    (script?.items ?? []).compactMap { item in
      switch item.kind {
      case .rule(let declaration): declaration.name.key
      case .function(let declaration): declaration.name.key
      case .objective(let declaration): declaration.name.key
      case .task(let declaration): declaration.name.key
      case .data(let name, _), .definition(let name, _): name.key
      default: nil
      }
    }
  }
}

/// What a rule is and costs, before it runs: `ravine describe Lion`.
package struct RuleDescription: Sendable {
  /// A hyperparameter and the value that the rule's arguments give it.
  package struct Hyper: Sendable {
    package var name: String
    /// The value at the first step.
    package var value: Double
    /// Whether the value changes with t or T.
    package var isSchedule: Bool
    package var domain: Domain?
    /// Fixed when the rule is bound: it decides shapes or counts.
    package var isStructural: Bool
  }

  /// One way through the routes.
  package struct Variant: Sendable {
    package var path: [String]
    package var sheet: CostSheet
  }

  /// A parameter tensor: the way that it takes through the routes, and what a step of it costs.
  package struct Placement: Sendable {
    package var tensor: ParameterSpec
    /// The route lines taken, as written; empty for a rule without routes.
    package var path: [String]
    package var stateBytes: Double
    package var bytesMoved: Double
    package var flops: Double
    package var temporaryBytes: Double
  }

  package var label: String
  package var documentation: [String]
  package var hypers: [Hyper]
  package var variants: [Variant]
  package var guardsFinite: Bool
  /// Of the rule, and of the rule with the arguments that it has.
  package var structure: RuleDigest
  package var identity: RuleDigest
  package var placements: [Placement] = []

  /// `parameters`: tensors to be placed. Throws R0601 and R0602 where the routes do not take each
  /// exactly once, and the errors of shapes that only numbers reveal.
  package init(
    _ rule: Rule, parameters: [ParameterSpec] = []
  ) throws(DiagnosticError) {
    label = rule.label
    documentation = rule.module.documentation
    guardsFinite = rule.module.guardsFinite
    structure = rule.module.structureDigest
    identity = rule.module.identityDigest(arguments: rule.arguments)
    let values = try ReferenceProgram.evaluateScalars(rule.arguments, step: 1, horizon: 1000)
    let moving = Self.dependsOnTime(rule.arguments)
    var hypers: [Hyper] = []
    for (k, hyper) in rule.module.hypers.enumerated() {
      let output = rule.arguments.output(.hyper(k))
      hypers.append(
        Hyper(
          name: hyper.name, value: values.first { $0.target == .hyper(k) }?.value ?? .nan,
          isSchedule: output.map { moving[$0.index] } ?? false, domain: hyper.domain,
          isStructural: hyper.isStructural))
    }
    self.hypers = hypers
    variants = rule.module.variants.map { variant in
      Variant(
        path: variant.path,
        sheet: CostSheet(
          variant, hypers: hypers.map(\.value),
          nonNegative: variant.nonNegativeStates(rule.module.hypers)))
    }
    for tensor in parameters {
      placements.append(try Self.place(tensor, rule.module, hypers.map(\.value)))
    }
  }

  private static func place(
    _ tensor: ParameterSpec, _ module: RuleModule, _ hypers: [Double]
  ) throws(DiagnosticError) -> Placement {
    try tensor.require(at: module.origin)
    var variant = module.variants[try module.variantIndex(for: tensor)]
    // A batch and the groups of a loss are the run's: counted is one entry of each.
    let context = BindContext(
      dims: tensor.dims, hypers: hypers, axes: AxisLengths(batch: 1, groups: 1))
    for k in variant.states.indices {
      let slot = variant.states[k]
      variant.states[k].shape = try variant.initial.concreteShape(
        slot.shape, context, at: slot.origin)
    }
    variant.update = try variant.update.specialised(context)
    let sheet = CostSheet(variant, hypers: hypers)
    let work = sheet.busiest
    func number(_ amount: Amount) -> Double { amount.value(rows: 1, cols: 1) }
    return Placement(
      tensor: tensor, path: variant.path, stateBytes: number(sheet.stateBytes),
      bytesMoved: number(work.bytesMoved), flops: number(work.flops),
      temporaryBytes: number(work.temporaryBytes))
  }

  private static func dependsOnTime(_ function: Function) -> [Bool] {
    var moving = [Bool](repeating: false, count: function.instructions.count)
    for (i, instruction) in function.instructions.enumerated() {
      moving[i] =
        [.step, .horizon].contains(instruction.operation)
        || function.operands(ValueID(i)).contains { moving[$0.index] }
    }
    return moving
  }
}

/// What an objective trains and needs.
package struct ObjectiveDescription: Sendable {
  package var objective: ObjectiveModule

  package init(_ objective: ObjectiveModule) { self.objective = objective }

  package var text: String {
    var lines = ["objective " + objective.name] + objective.documentation.map { "  \($0)" }
    func list(_ title: String, _ items: [String]) {
      if !items.isEmpty { lines += ["", title] + items.map { "  \($0)" } }
    }
    list(
      "parameters",
      objective.parameters.map { ($0.isAscended ? "ascend " : "") + "\($0.name): \($0.shape)" })
    list("data", objective.inputs.map { "\($0.name): \($0.shape)" })
    list("metrics", objective.metrics)
    return lines.joined(separator: "\n") + "\n"
  }

  package var json: JSONValue {
    func slots(_ items: [(String, Shape)]) -> JSONValue {
      .array(items.map { .record(["name": .string($0.0), "shape": .string("\($0.1)")]) })
    }
    return .record([
      "objective": .string(objective.name),
      "documentation": .string(objective.documentation.joined(separator: "\n")),
      "parameters": slots(objective.parameters.map { ($0.name, $0.shape) }),
      "ascended": .array(objective.parameters.filter(\.isAscended).map { .string($0.name) }),
      "inputs": slots(objective.inputs.map { ($0.name, $0.shape) }),
      "metrics": .array(objective.metrics.map { .string($0) }),
    ])
  }
}

import Basics
import Diagnostics
import IR
import Runtime
import Symbolic

/// One rule on the tensors of a probe, stepped by the reference evaluator: once in float64, once with
/// bounds on what rounding does.
struct ProbeWalk {
  let rule: Rule
  let variant: Int
  let values: [[Double]]
  let errors: [[Double]]
  let horizon: Int
  /// A walk ends once it has computed so much.
  let work: Int
  private(set) var spent = 0

  private let prepared: PreparedRules?

  init(
    _ rule: Rule, side: Int, _ witness: Witness, errors: [[Double]], work: Int,
    _ prepared: PreparedRules? = nil
  ) {
    self.prepared = prepared
    self.rule = rule
    variant = witness.variants[side]
    values = witness.values[side]
    horizon = witness.horizon
    self.errors = errors
    self.work = work
  }

  /// By step, by tensor: the weights, then the views of evaluation and training.
  typealias Rows<Number> = [[[Number]]]

  private func starts(_ tensors: [Witness.Tensor]) throws(DiagnosticError) -> [RuleWalk] {
    var walks: [RuleWalk] = []
    for tensor in tensors {
      walks.append(
        try RuleWalk(
          rule.module, variant: variant, from: Dense(shape: tensor.dims, values: tensor.weights),
          hypers: values[0], horizon: horizon,
          numbers: min(Budget.values, 100 * Double(work)), keepsRounded: true,
          known: prepared))
    }
    return walks
  }

  private func environments(
    _ walks: [RuleWalk], _ tensors: [Witness.Tensor], _ step: Int
  ) throws(DiagnosticError) -> [ReferenceEnvironment] {
    var result: [ReferenceEnvironment] = []
    for (k, walk) in walks.enumerated() {
      var own = try walk.environment(
        step: step + 1, hypers: values[step], loss: 0.7 + 0.1 * Double(step),
        gradient: Dense(shape: tensors[k].dims, values: tensors[k].gradients[step])
      ) { slot, lengths in Self.input(slot.name, lengths, step) }
      own.tensor = UInt32(k)
      result.append(own)
    }
    return result
  }

  private func key(
    _ tensors: [Witness.Tensor], _ steps: Int, _ errors: [[Double]]?
  ) -> PreparedRules.WalkKey {
    let own = rule.module.variants[variant]
    return PreparedRules.WalkKey(
      update: own.update, initial: own.initial, inputs: own.inputs.map(\.name), values: values,
      errors: errors, tensors: tensors, steps: steps, horizon: horizon, work: work)
  }

  /// In float64. With a seed, every operation that rounds does so anew.
  mutating func walk(
    _ tensors: [Witness.Tensor], steps: Int, roundingSeed: UInt64? = nil
  ) throws(DiagnosticError) -> Rows<Double> {
    func make() throws(DiagnosticError) -> (rows: Rows<Double>, spent: Int) {
      try walked(tensors, steps, roundingSeed)
    }
    let found: (rows: Rows<Double>, spent: Int)
    if let prepared, roundingSeed == nil {
      found = try prepared.walk(key(tensors, steps, nil), make)
    } else {
      found = try make()
    }
    spent += found.spent
    return found.rows
  }

  private func walked(
    _ tensors: [Witness.Tensor], _ steps: Int, _ roundingSeed: UInt64?
  ) throws(DiagnosticError) -> (rows: Rows<Double>, spent: Int) {
    var walks = try starts(tensors)
    let program = ReferenceProgram(walks.map(\.update))
    var rows: Rows<Double> = []
    var spent = 0
    for step in 0..<steps where spent < work {
      var environments = try environments(walks, tensors, step)
      for k in environments.indices {
        environments[k].roundingSeed = roundingSeed.map { $0 &+ UInt64(step * 2 + k) &* 104_729 }
      }
      let next = try program.evaluate(
        environments, oracle: Self.objective, workLimit: work == .max ? work : 100 * work)
      spent += next.work
      rows.append(
        walks.indices.map { k in
          walks[k].adopt(next, of: k)
          return walks[k].weights.values + walks[k].evalPoint.values + walks[k].trainPoint.values
        })
    }
    return (rows, spent)
  }

  /// With bounds. Throws where an operation fails on the values in the middle.
  mutating func enclosed(
    _ tensors: [Witness.Tensor], steps: Int
  ) throws -> Rows<Enclosure> {
    func make() throws -> (rows: Rows<Enclosure>, spent: Int) { try bounded(tensors, steps) }
    let found = try prepared?.enclosed(key(tensors, steps, errors), make) ?? make()
    spent += found.spent
    return found.rows
  }

  private func bounded(
    _ tensors: [Witness.Tensor], _ steps: Int
  ) throws -> (rows: Rows<Enclosure>, spent: Int) {
    let walks = try starts(tensors)
    var weights = walks.map { EnclosedTensor($0.weights) }
    // What states begin with is computed too, and mostly a copy or a constant.
    var states = walks.map { $0.states.map { EnclosedTensor($0) } }
    for (k, walk) in walks.enumerated() {
      var start = EnclosedProgram(
        [walk.start],
        [
          EnclosedEnvironment(
            exact: try environments(walks, tensors, 0)[k], hypers: hypers(0), parameter: weights[k],
            states: states[k])
        ])
      for (target, value) in try start.run()[0] {
        if case .state(let s) = target { states[k][s] = value }
      }
    }
    var rows: Rows<Enclosure> = []
    var spent = 0
    for step in 0..<steps where spent < work {
      let exact = try environments(walks, tensors, step)
      var program = EnclosedProgram(
        walks.map(\.update),
        walks.indices.map {
          EnclosedEnvironment(
            exact: exact[$0], hypers: hypers(step), parameter: weights[$0], states: states[$0])
        }, oracle: Self.enclosedObjective)
      var row: [[Enclosure]] = []
      for (k, outputs) in try program.run().enumerated() {
        func output(_ target: OutputTarget) -> EnclosedTensor? {
          outputs.last { $0.target == target }?.value
        }
        weights[k] = output(.parameter(0)) ?? weights[k]
        for s in states[k].indices { states[k][s] = output(.state(s)) ?? states[k][s] }
        row.append(
          weights[k].cells + (output(.view("eval")) ?? weights[k]).cells
            + (output(.view("train")) ?? weights[k]).cells)
      }
      spent += program.work
      rows.append(row)
    }
    return (rows, spent)
  }

  private func hypers(_ step: Int) -> [Enclosure] {
    zip(values[step], errors[step]).map { Enclosure($0).widened(by: $1) }
  }

  /// A further input: the same numbers for the same name. Those of odd steps lie in (0, 1), where a probability,
  /// a share or what a root is taken of may lie: the first step tells rules apart by values.
  private static func input(_ name: String, _ lengths: [Int], _ step: Int) -> Dense {
    var seed: UInt64 = 17
    for byte in name.utf8 { seed = seed &* 31 &+ UInt64(byte) }
    var random = SplitMix64(seed &+ UInt64(step))
    return Dense(
      shape: lengths,
      values: (0..<lengths.reduce(1, *)).map { _ in
        step % 2 == 0 ? abs(random.dyadic()) / 4 : random.dyadic()
      })
  }

  /// A smooth objective for rules that ask for its value elsewhere: ½ (x − c)² + x⁴ / 16, and a
  /// quadratic for its curvature.
  private static func objective(_ request: OracleRequest) throws(DiagnosticError) -> OracleAnswer {
    let operation: Operation = request.isHessian ? .hessianProduct : .gradientAt
    let answer = enclosedObjective(operation, request.points.map { EnclosedTensor($0) })
    return OracleAnswer(
      loss: answer.loss.low,
      gradients: answer.gradients.map { Dense(shape: $0.shape, values: $0.cells.map(\.low)) })
  }

  private static func enclosedObjective(
    _ operation: Operation, _ points: [EnclosedTensor]
  ) -> (loss: Enclosure, gradients: [EnclosedTensor]) {
    var loss = Enclosure(0)
    let gradients = points.map { point in
      EnclosedTensor(
        shape: point.shape,
        cells: point.cells.enumerated().map { i, x in
          if operation == .hessianProduct { return x * Enclosure(1 + 0.125 * Double(i)) }
          let apart = x - Enclosure(0.25 * Double(i) - 0.5)
          loss = loss + Enclosure(0.5) * apart * apart + Enclosure(0.0625) * x * x * x * x
          return apart + Enclosure(0.25) * x * x * x
        })
    }
    return (loss, gradients)
  }
}

extension SplitMix64 {
  /// A number other than 0 between −3 and 3, of at most eight binary digits.
  mutating func dyadic() -> Double {
    let size = Double(1 + next() % 192) / 64
    return next() % 2 == 0 ? size : -size
  }
}

import Diagnostics
import IR
import Runtime

/// What an experiment has bound: its objective on each length of batch, each rule, and the examples in
/// the type in which they are computed with. The runs of all seeds and candidates share it.
final class Bindings {
  let objective: ObjectiveModule
  let engine: EngineKind
  let elementType: ElementType
  let train: Examples?
  let test: Examples?
  let validation: Examples?
  /// Columns of the data.
  let features: Int?
  /// Threads of a step; nil for all cores.
  let threads: Int?
  private let compiler: (any SegmentCompiler)?
  private var objectives: [Key: BoundObjective] = [:]
  /// Bound last: a search asks for many rules, each for a while.
  private var rules: [BoundRule] = []
  private static let keptRules = 32

  private struct Key: Hashable {
    var rows: Int?
    var needsGradient: Bool
    var term: String?
    var isHessian = false
  }

  init(
    _ objective: ObjectiveModule, _ data: DataSplit?, engine: EngineKind,
    elementType: ElementType, compiler: (any SegmentCompiler)?, threads: Int? = nil
  ) {
    self.objective = objective
    self.engine = engine
    self.elementType = elementType
    self.compiler = compiler
    self.threads = threads
    features = data?.train.columns
    train = data.map { Examples($0.train, elementType.compute) }
    test = data.map { Examples($0.test, elementType.compute) }
    validation = data?.validation.map { Examples($0, elementType.compute) }
  }

  /// The objective, or one term of its loss, on batches of so many rows; `isCompiled`: for runs, not
  /// to see whether it can be bound.
  func objective(
    rows: Int, needsGradient: Bool, isCompiled: Bool, term: String? = nil,
    isHessian: Bool = false
  ) throws(DiagnosticError) -> BoundObjective {
    let key = Key(
      rows: train == nil ? nil : rows, needsGradient: needsGradient, term: term,
      isHessian: isHessian)
    // With short sums the loss is the same to the bit beside a gradient.
    let withGradient = Key(rows: key.rows, needsGradient: true, term: term)
    if !needsGradient, let known = objectives[withGradient], known.hasShortSums { return known }
    var bound: BoundObjective
    if let known = objectives[key] {
      bound = known
    } else {
      bound = try BoundObjective(
        term.map { objective.only($0) } ?? objective, batch: key.rows, features: features,
        engine: engine, elementType: elementType,
        needsGradient: needsGradient, isHessian: isHessian)
    }
    if isCompiled { bound.compile(compiler) }
    objectives[key] = bound
    return bound
  }

  /// A rule on the parameters of the objective. What differs in arguments alone shares its plans.
  func rule(
    _ rule: Rule, _ parameters: [ParameterSpec], horizon: Int, axes: AxisLengths,
    isCompiled: Bool
  ) throws(DiagnosticError) -> BoundRule {
    var found: BoundRule
    if let k = rules.firstIndex(where: { $0.isBound(to: rule, horizon: horizon) }) {
      found = rules.remove(at: k)
    } else if let shared = try rebound(rule, horizon: horizon) {
      found = shared
    } else {
      found = try BoundRule(
        rule, parameters: parameters, engine: engine, elementType: elementType,
        horizon: horizon, axes: axes)
    }
    if isCompiled { found.compile(compiler) }
    if rules.count == Self.keptRules { rules.removeFirst() }
    rules.append(found)
    return found
  }

  private func rebound(_ rule: Rule, horizon: Int) throws(DiagnosticError) -> BoundRule? {
    for known in rules.reversed() {
      if let shared = try known.rebound(rule, horizon: horizon) { return shared }
    }
    return nil
  }

  /// The same in float64.
  var inFloat64: Bindings {
    elementType == .float64
      ? self
      : Bindings(
        objective, nil, engine: engine, elementType: .float64, compiler: nil,
        threads: threads)
  }
}

/// The examples of one part of a data set in the type in which an objective is computed.
final class Examples {
  let memory: TensorMemory
  let rows: Int
  let widths: [Int]
  let source: String
  private let targetNames: [String]

  init(_ data: Dataset, _ elementType: ElementType) {
    source = data.source
    targetNames = data.targetNames
    rows = data.rows
    widths = [data.columns, data.targetNames.count]
    let numbers = [data.numbers, data.answers]
    if numbers.allSatisfy({ elementType == ($0.isDouble ? .float64 : .float32) }) {
      memory = TensorMemory(numbers, elementType)
      return
    }
    memory = TensorMemory(numbers.map(\.count), elementType)
    for (k, numbers) in numbers.enumerated() {
      for i in 0..<numbers.count { elementType.write(numbers[i], to: memory.pointers[k], i) }
    }
  }

  /// The name of the target that has this value somewhere; nil where none has.
  func target(with x: Double) -> String? {
    (0..<memory.counts[1]).first { memory.elementType.read(memory.pointers[1], $0) == x }.map {
      targetNames[$0 % targetNames.count]
    }
  }

  /// The rows with the least and with the largest number of each target.
  var extremeRows: [Int] {
    let width = widths[1]
    return (0..<width).flatMap { column -> [Int] in
      var ends = (least: (0, Double.infinity), largest: (0, -Double.infinity))
      for row in 0..<rows {
        let x = memory.elementType.read(memory.pointers[1], row * width + column)
        if x < ends.least.1 { ends.least = (row, x) }
        if x > ends.largest.1 { ends.largest = (row, x) }
      }
      return [ends.least.0, ends.largest.0]
    }
  }

  /// Throws R0228 where an objective has more inputs than these, and R0255 where one has another width.
  func require(_ objective: BoundObjective, rows: Int) throws(DiagnosticError) {
    let inputs = objective.module.inputs
    guard inputs.count <= widths.count else {
      throw DiagnosticError(.moreInputsThanData(objective.module))
    }
    for (k, input) in inputs.enumerated() where objective.inputCounts[k] != rows * widths[k] {
      throw DiagnosticError(
        .inputOfOtherWidth(
          input, objective.inputCounts[k], rows: rows, width: widths[k], isTarget: k == 1))
    }
  }
}

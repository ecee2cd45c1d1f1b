import Diagnostics
import Driver
import IR
import Runtime
import Testing
import Training

/// A small network on data that is made here, and rules by their text.
struct SmallTask {
  let compiler = Compiler()
  let objective: ObjectiveModule
  let data: DataSplit
  var settings = TrainingSettings()

  static let text = """
    objective net(hidden = 6; x, y) {
        param W1: matrix(features, hidden) = normal() * 0.5
        param b1: vector(hidden) = 0
        param W2: matrix(hidden, 3) = normal() * 0.5
        param b2: vector(3) = 0
        h = tanh(x @ W1 + b1)
        logits = h @ W2 + b2
        loss = cross_entropy(logits, y)
        metric accuracy = mean(argmax(logits) == y)
    }
    """

  init(_ text: String = text, _ name: String = "net") throws {
    try Self.add(text, to: compiler)
    objective = try compiler.objective(name)
    let rows = 46
    var features: [Double] = []
    for row in 0..<rows {
      for column in 0..<5 {
        let noise = Double((row * 7919 + column * 613) % 101) / 101
        features.append(column == row % 3 ? noise + 0.7 : noise)
      }
    }
    let all = try Dataset(
      features: NumericArray(shape: [rows, 5], values: features),
      targets: NumericArray(shape: [rows], values: (0..<rows).map { Double($0 % 3) }),
      source: "small", at: .none)
    data = DataSplit(
      train: all.selecting(Array(0..<34)), test: all.selecting(Array(34..<rows)))
    // The last batch of an epoch has two rows.
    settings.steps = 25
    settings.batch = 8
  }

  static func add(_ text: String, to compiler: Compiler) throws {
    let found = compiler.add(name: "test.opt", bytes: Array(text.utf8))
    try #require(found.filter { $0.severity == .error }.map(\.message) == [], "\(text)")
  }

  /// A rule by its call; one that is written out is declared first.
  func rule(_ call: String, _ text: String? = nil) throws -> Rule {
    if let text { try Self.add(text, to: compiler) }
    return try compiler.rule(call)
  }

  func evaluator(_ elementType: ElementType = .float32) throws -> TaskEvaluator {
    try TaskEvaluator(objective, data, settings, elementType: elementType)
  }

  /// The rule of these equations, and what comes of it.
  func evaluate(_ body: String, seed: UInt64 = 0) throws -> Evaluation {
    let rule = try rule("Own", "rule Own(lr = 0.1) {\n\(body)\n}")
    let evaluator = try evaluator()
    return try evaluator.evaluate(evaluator.prepare(rule), seed: seed)
  }
}

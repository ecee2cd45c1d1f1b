import Basics
import Diagnostics
import Files
import IR
import Laboratory
import Lowering

/// A rule with the values of its hyperparameters: what `Compiler.rule` returns and optimizers take.
public struct Rule: Sendable, CustomStringConvertible {
  /// A hyperparameter, and its value in this rule.
  public struct Hyperparameter: Sendable {
    /// As written: `lr`, and `base.lr` for that of a rule inside.
    public let name: String
    /// At step 1 of 1,000.
    public let value: Double
    /// Whether the value changes from step to step.
    public let isSchedule: Bool
    /// Whether it decides shapes: an optimizer cannot change it once it is made.
    public let isStructural: Bool
    /// What it may be, such as `[0, 1)`; nil for any number.
    public let domain: String?
  }

  package let value: IR.Rule
  package let sources: SourceMap

  package init(value: IR.Rule, sources: SourceMap) {
    self.value = value
    self.sources = sources
  }

  // MARK: Making

  /// A rule of a text that declares it.
  ///
  /// - Parameters:
  ///   - source: One or more declarations.
  ///   - call: Which of them, and with which values: `Mine(lr = 1e-3)`. Nil for the last rule of the text.
  ///   - name: What messages call the text.
  /// - Throws: All that is wrong with the text and the call; R0203 for a text without a rule.
  public init(
    source: String, call: String? = nil, name: String = "<text>"
  ) throws(DiagnosticError) {
    self = try Self.read(Array(source.utf8), call: call, name: name)
  }

  package init(bytes: [UInt8], call: String?, name: String) throws(DiagnosticError) {
    self = try Self.read(bytes, call: call, name: name)
  }

  /// A rule of a file, as `init(source:call:name:)`.
  ///
  /// - Throws: Also what the system refuses (R070x).
  public init(contentsOf path: String, call: String? = nil) throws(DiagnosticError) {
    let bytes = try DiagnosticError.shown(in: { SourceMap() }) {
      () throws(Diagnostics.DiagnosticError) in
      try DataFile.load(path: path, at: .none, limit: 1 << 24).bytes
    }
    self = try Self.read(bytes, call: call, name: path)
  }

  /// A rule that comes with Ravine, such as `Lion` or `AdamW(lr = cosine(1e-3))`.
  ///
  /// - Throws: What is wrong with the call.
  public static func zoo(_ call: String) throws(DiagnosticError) -> Rule {
    try Compiler().rule(call)
  }

  private static func read(
    _ bytes: [UInt8], call: String?, name: String
  ) throws(DiagnosticError) -> Rule {
    let compiler = Compiler()
    let found = compiler.add(name: name, bytes: bytes)
    if found.contains(where: \.isError) { throw DiagnosticError(found) }
    if let call { return try compiler.rule(call) }
    return try compiler.rule(compiler.lastRule(of: name))
  }

  /// An optimizer for these tensors, as `Optimizer.init`.
  public func bind(
    to parameters: [ParameterSpec], engine: Engine = .interpreter,
    elementType: ElementType = .float32, seed: UInt64 = 0, horizon: Int = 0, threads: Int? = nil
  ) throws(DiagnosticError) -> Optimizer {
    try Optimizer(
      self, parameters: parameters, engine: engine, elementType: elementType, seed: seed,
      horizon: horizon, threads: threads)
  }

  // MARK: What it is

  /// As it was written: `AdamW(lr = 1e-3)`.
  public var label: String { value.label }

  /// In the order of the declaration. Throws where a value is out of its domain.
  public func hyperparameters() throws(DiagnosticError) -> [Hyperparameter] {
    try sheet().hypers.map {
      Hyperparameter(
        name: $0.name, value: $0.value, isSchedule: $0.isSchedule,
        isStructural: $0.isStructural, domain: $0.domain?.description)
    }
  }

  /// What `ravine describe` prints: documentation, hyperparameters, states, and the cost of a step in
  /// memory, traffic and operations. Throws where a value is out of its domain.
  public func sheetText() throws(DiagnosticError) -> String { try sheet().text }

  /// The equations that it stands for, rules inside it unfolded: a declaration that compiles again.
  public var source: String { SourcePrinter.rule(value.module) }

  /// The label.
  public var description: String { label }

  private func sheet() throws(DiagnosticError) -> RuleDescription {
    try DiagnosticError.shown(in: { sources }) { () throws(Diagnostics.DiagnosticError) in
      try RuleDescription(value)
    }
  }
}

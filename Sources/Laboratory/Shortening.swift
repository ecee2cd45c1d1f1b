import Basics
import Driver
import IR
import Symbolic

/// A shorter rule that does the same, or why there is none.
package struct Shortening {
  package let steps: [Reduction.Step]
  /// The shorter rule; nil where it has no source form or there is nothing to shorten.
  package let source: String?
  /// Why what was found is not shown: longer than what it was made of, or not proved equal to it.
  package let refusal: String?

  /// With `assuming`, steps that hold only where arguments are small are taken as well.
  package init(_ algebra: RuleAlgebra, assuming: Bool = false) throws(SymbolicError) {
    let reduction = try algebra.reduction(assuming: assuming)
    let text = reduction.source(name: "Reduced")
    refusal = text.flatMap { Self.refusal($0, of: algebra.source, assuming: assuming) }
    steps = refusal == nil ? reduction.steps : []
    source = steps.isEmpty ? nil : text
  }

  /// Whether something was shortened.
  package var isShorter: Bool { !steps.isEmpty }

  private static func refusal(_ text: String, of given: Rule, assuming: Bool) -> String? {
    let compiler = Compiler()
    let found = compiler.add(name: "reduced.opt", bytes: Array(text.utf8))
    guard !found.contains(where: { $0.severity == .error }),
      let reduced = try? compiler.rule("Reduced")
    else { return "what is found has no source form" }
    if reduced.length > given.length { return "what is found is longer" }
    if assuming { return nil }
    return given.compared(with: reduced).isEqual ? nil : "what is found is not proved equal to it"
  }

  package var text: String {
    if let refusal { return "nothing to shorten: \(refusal)\n" }
    if steps.isEmpty { return "nothing to shorten\n" }
    return steps.map { "\($0.name): \($0.text) (\($0.certainty.text))\n" }.joined() + "\n"
      + (source ?? "the rest has no source form\n")
  }

  package var json: JSONValue {
    .record([
      "shorter": .bool(isShorter),
      "steps": .array(
        steps.map { step in
          .record([
            "name": .string(step.name), "text": .string(step.text),
            "certainty": .string(step.certainty.text),
          ])
        }), "source": source.map { .string($0) } ?? .null,
      "refusal": refusal.map { .string($0) } ?? .null,
    ])
  }
}

extension Reduction.Step.Certainty {
  fileprivate var text: String {
    switch self {
    case .exact: "exact"
    case .exactWhere(let condition): "exact where \(condition)"
    case .assuming(let statement): "assuming \(statement)"
    }
  }
}

extension Rule {
  /// What a reader of the rule has before him: operations, and states, which weigh more.
  package var length: Int {
    module.variants.map { variant in
      variant.states.count * 4 + variant.update.liveValues().count { $0 }
    }.reduce(0, +)
  }
}

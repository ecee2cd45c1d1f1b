import Runtime
import Symbolic

extension TermLimits {
  /// What an answer at the command line may take.
  package static var answering: TermLimits { TermLimits(deadline: .now + .seconds(10)) }

  /// Does all of `body` within these limits, on terms and by the reference evaluator.
  package func bounding<Value>(_ body: () throws -> Value) rethrows -> Value {
    try Self.$current.withValue(self) {
      try EvaluationLimit.$isReached.withValue({ areReached }, operation: body)
    }
  }
}

import Diagnostics
import IR

/// A number for which an operation has no answer, found while running. Every engine throws the same.
package enum NumericError: Error, Hashable, Sendable {
  case linearAlgebra(LinearAlgebraError)
  /// An index that names no entry of an axis, since it lies outside or is no whole number.
  case index(Double, count: Int)
  /// A rule asks for `loss(x)` or `grad(x)` and the host gives no objective.
  case noOracle
  /// A recorded draw of another size.
  case recordedDraw(name: String, count: Int, expected: Int)
  /// A reduction over all tensors that waits for itself through another variant.
  case circularReduction
  /// A reduction over all tensors or an oracle inside `repeat`.
  case reductionInLoop
  /// A `repeat` whose count is NaN, infinite or beyond 10⁹.
  case loopCount(Double)
  /// A share of `topk_mask` that is not above 0 and at most 1.
  case share(Double)
  /// More work than the evaluation may do.
  case work(limit: Int)
  /// `EvaluationLimit` was reached.
  case stopped

  package var code: DiagnosticCode {
    switch self {
    case .linearAlgebra(.singular): .singularMatrix
    case .linearAlgebra(.notPositiveDefinite): .notPositiveDefinite
    case .linearAlgebra(.notConverged): .noConvergence
    case .index: .indexOutsideAxis
    case .linearAlgebra(.notFinite): .decompositionNotFinite
    case .noOracle: .noObjectivePoint
    case .recordedDraw: .recordedDraw
    case .circularReduction: .globalCycle
    case .reductionInLoop: .reductionInLoop
    case .loopCount: .endlessRepeat
    case .share: .badShare
    case .work, .stopped: .takesTooLong
    case .linearAlgebra(.noLibrary): .noLibrary
    }
  }

  /// The error in the user's terms; `operation` is the one that failed, at `span`.
  package func diagnostic(_ operation: Operation, at span: Span) -> Diagnostic {
    let name = operation.info.name
    let message =
      switch self {
      case .linearAlgebra(.singular): "`\(name)`: the matrix is singular"
      case .linearAlgebra(.notPositiveDefinite): "`\(name)`: the matrix is not positive definite"
      case .linearAlgebra(.notConverged): "`\(name)` did not converge"
      case .linearAlgebra(.notFinite): "`\(name)` of a matrix with a NaN or an infinity in it"
      case .linearAlgebra(.noLibrary):
        "`\(name)` needs LAPACK, and no library with it was found; install OpenBLAS "
          + "(Debian: libopenblas0) or name one in RAVINE_BLAS"
      case .index(let x, let count) where x >= 0 && x < Double(count):
        "`\(name)`: the index \(x) among \(count) is no whole number"
      case .index(let x, let count):
        "`\(name)`: index \(x == x.rounded() && abs(x) < 1e15 ? "\(Int(x))" : "\(x)") is outside an "
          + "axis of length \(count)"
      case .noOracle:
        "`\(name)(x)` needs the objective at another point, and this host cannot evaluate it"
      case .recordedDraw(let draw, let count, let expected):
        "the recorded draw `\(draw)` has \(count) values and \(expected) are needed"
      case .circularReduction: "this reduction over all tensors depends on itself"
      case .reductionInLoop:
        "`\(name)` over all tensors stands inside `repeat`, which no engine runs yet"
      case .share(let x):
        "`\(name)` takes a share \(name == "quantile" ? "from 0 to 1" : "above 0 and at most 1"), and this is "
          + (x == x.rounded() && abs(x) < 1e15 ? "\(Int(x))" : "\(x)")
      case .work(let limit): "a step takes more than \(limit) operations"
      case .stopped: "this takes more time than there is for it"
      case .loopCount(let x): "`repeat` needs a count of at most 10⁹, and this is \(x)"
      }
    return Diagnostic(code, .error, message, at: span)
  }
}

import Basics
import Diagnostics
import Files
import IR
import Runtime

/// An objective on one number of rows, with the memory of its inputs and where its gradients go.
final class Evaluator {
  let runner: ObjectiveRunner
  let inputs: TensorMemory
  private let examples: Examples?
  private let gradients: [UnsafeMutableRawPointer]
  private var boundPoint: [UnsafeRawPointer] = []
  private var boundGradients: [UnsafeMutableRawPointer] = []
  private var last = Occasion()

  /// `gradients` nil: the loss alone. `inputs` may hold more tensors than the objective reads.
  init(
    _ bound: BoundObjective, seed: UInt64, _ examples: Examples?, inputs: TensorMemory,
    gradients: TensorMemory?, threads: Int? = nil
  ) {
    runner = ObjectiveRunner(bound, seed: seed, threads: threads)
    self.examples = examples
    self.inputs = inputs
    self.gradients = gradients?.pointers ?? []
  }

  /// Copies these rows of the examples to the inputs.
  func fill(_ rows: ArraySlice<Int>) {
    guard let examples else { return }
    for tensor in runner.bound.module.inputs.indices {
      inputs.gather(
        rows, of: examples.memory, tensor, width: examples.widths[tensor], to: tensor)
    }
  }

  /// Takes a point, one pointer a parameter, where later questions begin; gradients go to `other` where
  /// it is given.
  func stand(
    at point: [UnsafeRawPointer], into other: [UnsafeMutableRawPointer]? = nil, _ occasion: Occasion
  ) {
    last = occasion
    let gradients = other ?? gradients
    if point == boundPoint, gradients == boundGradients { return }
    runner.bind(
      parameters: point, gradients: gradients,
      inputs: inputs.pointers.prefix(runner.inputCounts.count).map { UnsafeRawPointer($0) })
    boundPoint = point
    boundGradients = gradients
  }

  /// The loss at a point; gradients are written where they are needed, and metrics kept. A target that is
  /// no class of the objective is told as such.
  func evaluate(
    at point: [UnsafeRawPointer], into other: [UnsafeMutableRawPointer]? = nil,
    _ occasion: Occasion,
    needsGradient: Bool = true
  ) throws(DiagnosticError) -> Double {
    stand(at: point, into: other, occasion)
    do throws(DiagnosticError) {
      return try runner.evaluate(occasion, needsGradient: needsGradient)
    } catch {
      throw named(error)
    }
  }

  /// The metrics of the last evaluation.
  var metrics: [(String, Double)] { runner.metricNames.map { ($0, runner.metric($0)) } }

  private func named(_ error: DiagnosticError) -> DiagnosticError {
    guard let examples, case NumericError.index(let x, let count)? = error.cause,
      let target = examples.target(with: x), var said = error.diagnostics.first
    else { return error }
    let isWhole = x == x.rounded()
    let value = isWhole && abs(x) < 1e15 ? "\(Int(x))" : "\(x)"
    said.message =
      "\(examples.source): column \"\(printable(target))\" holds class \(value), and "
      + "there are \(count) scores, for classes 0 to \(count - 1)"
    said.notes.append(
      Note(
        !isWhole
          ? "classes are whole numbers"
          : x > 0
            ? "give the objective more outputs, or number the classes from 0"
            : "number the classes from 0"))
    return DiagnosticError(said, cause: error.cause)
  }

  /// The first value of the objective that is not finite although what it is made of is.
  func firstOverflow(features: Int?) -> (value: String, span: Span)? {
    let bound = runner.bound
    do throws(DiagnosticError) {
      let context = BindContext(batch: bound.batch, features: features, hypers: bound.hypers)
      var function = try bound.module.forward.specialised(context).checkedForEvaluation()
      let needed = function.liveValues()
      function.outputs = function.instructions.indices.filter {
        needed[$0] && function.instructions[$0].type.kind != .tuple
      }.map { Output(.result($0), ValueID($0)) }
      let values = try ReferenceProgram(function).evaluate(runner.environment(last)).outputs[0]
      for (target, value) in values {
        guard case .result(let k) = target, !function.instructions[k].operation.isSource,
          let bad = value.values.first(where: { !$0.isFinite })
        else { continue }
        return (bad.isNaN ? "NaN" : "infinite", function.origins[k])
      }
    } catch {
      return nil
    }
    return nil
  }
}

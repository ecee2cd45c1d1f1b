import Basics
import Diagnostics

extension Function {
  /// The Hessian of the `.loss` times a direction: outputs `.gradient(k)` of the shape
  /// `parameters[k]`. The directions are inputs, `first` and those after it.
  ///
  /// It is the gradient of the slope along the direction, by the one pass that makes gradients.
  package func hessianProduct(
    parameters: [Shape], directionsFrom first: Int
  ) throws(DiagnosticError) -> Function {
    let gradient = try differentiated(parameters: parameters)
    var (builder, map) = try gradient.copied()
    var slope = builder.constant(0)
    do throws(ShapeError) {
      for (k, shape) in parameters.enumerated() {
        let direction = builder.source(
          .input, ValueType(.real, shape), attribute: Int32(first + k))
        var product = try builder.make(
          .multiply, map[gradient.output(.gradient(k))!.index], direction)
        if !shape.isScalar {
          product = try builder.make(.sum, [product], attribute: Scope.all.rawValue)
        }
        slope = try builder.make(.add, slope, product)
      }
    } catch { throw DiagnosticError(error.diagnostic(at: builder.origin)) }
    builder.output(.loss, slope)
    return try builder.finish().withoutDeadValues().differentiated(parameters: parameters)
  }
}

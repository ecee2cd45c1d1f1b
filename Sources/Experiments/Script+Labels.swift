import Diagnostics
import Semantics
import Syntax
import Training

extension Script {
  /// Throws R0742 where the target of the data is no label as the objective reads it: a class of
  /// `cross_entropy`, which is a whole number, or a label of `binary_cross_entropy`, which lies in [0, 1]. Both give
  /// a loss for any other number, and mean nothing by it.
  func requireLabels(
    _ data: DataSplit, for objective: ExprID, in tree: TreeID
  ) throws(DiagnosticError) {
    let program = compiler.program
    let key: String
    switch program[tree][objective] {
    case .name(let name), .call(let name, _): key = name.key
    default: return
    }
    guard let checked = program.objectives[key], checked.declaration.inputs.count == 2 else {
      return
    }
    let source = program[checked.tree]
    let target = checked.declaration.inputs[1].name
    let place = checked.declaration.span
    for (k, expression) in source.expressions.enumerated() {
      let span = source.spans[k]
      guard place.start <= span.start, span.end <= place.end,
        case .call(let function, let arguments) = expression,
        program.functions[function.key].map({ program.isLibrary($0.tree) }) ?? false
      else { continue }
      let labels =
        arguments.first { $0.label?.key == "y" }
        ?? (arguments.count > 1 && arguments[1].label == nil ? arguments[1] : nil)
      guard let labels, case .name(let name) = source[labels.value], name == target else {
        continue
      }
      for part in [data.train, data.test] + (data.validation.map { [$0] } ?? []) {
        switch function.key {
        case "binary_cross_entropy": try part.requireLabels(at: span)
        case "cross_entropy": try part.requireClasses(at: span)
        default: break
        }
      }
    }
  }
}

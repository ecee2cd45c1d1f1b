import Diagnostics
import IR
import Semantics
import Syntax

extension Lowerer {
  /// How a state is stored; nil where an error was reported.
  func storage(_ expression: StorageExpr?, _ frame: Frame, of shape: Shape) -> Storage? {
    guard let expression else { return .compute }
    guard let storage = format(expression, frame) else { return nil }
    if shape.isScalar, storage.bits < 32 {
      _ = report(.storageOfOne(storage, at: expression.span))
      return nil
    }
    return storage
  }

  private func format(_ expression: StorageExpr, _ frame: Frame) -> Storage? {
    if let rounding = expression.rounding, rounding.key != "stochastic", rounding.key != "nearest" {
      _ = report(.unknownRounding(rounding))
      return nil
    }
    var block = BlockLength.number(256)
    for argument in expression.arguments {
      guard argument.label?.key == "block", ["int8", "sign1"].contains(expression.format.key) else {
        _ = report(
          Diagnostic(
            204, "`\(expression.format.text)` has no such parameter", at: expression.span))
        return nil
      }
      guard let length = blockLength(argument.value, frame) else { return nil }
      block = length
    }
    if let rounding = expression.rounding, rounding.key == "stochastic",
      expression.format.key == "sign1"
    {
      _ = report(
        Diagnostic(
          316, "`sign1` does not round stochastically", at: rounding.span,
          notes: [
            Note(
              "its scale is the mean of |x| over a block; larger numbers have no sign that would "
                + "be right on average")
          ]))
      return nil
    }
    switch expression.format.key {
    case "f32", "float32": return .float32
    case "f64", "float64": return .float64
    case "bf16", "bfloat16": return .bfloat16
    case "f16", "float16": return .float16
    case "int8": return .int8(block: block)
    case "sign1": return .sign1(block: block)
    default:
      let near = Suggestion.nearest(
        to: expression.format.text, among: ["f32", "f64", "bf16", "f16", "int8", "sign1"])
      _ = report(
        Diagnostic(
          316, "`\(expression.format.text)` is not a storage format", at: expression.format.span,
          notes: [Note("formats are f64, f32, bf16, f16, int8(block = 256) and sign1")],
          fixIts: near.map {
            [FixIt("did you mean `\($0)`?", at: expression.format.span, replacement: $0)]
          } ?? []))
      return nil
    }
  }

  /// A whole number, or the hyperparameter that says it when the rule is bound.
  private func blockLength(_ id: ExprID, _ frame: Frame) -> BlockLength? {
    let span = tree(frame).span(id)
    guard let handle = single(lower(id, frame), at: span) else { return nil }
    if let value = outermost(handle) {
      let function = levels[0].builder.function
      if function[value].operation == .hyper {
        markStructural(Handle(level: 0, id: value))
        var name = "block"
        if case .name(let written) = tree(frame)[id] { name = written.text }
        return .hyper(Int(function[value].attribute), name: name)
      }
      if let number = levels[0].builder.constantValue(value), let n = Int(exactly: number), n >= 1,
        n <= BlockLength.limit
      {
        return .number(n)
      }
    }
    _ = report(
      Diagnostic(
        504, "`block` is a whole number from 1 to 65,536, or a hyperparameter that is one", at: span
      ))
    return nil
  }

  /// Whether the equations of w' round by chance: all of them, or none. That of a state says so where
  /// the state is declared.
  func rounding(of block: Block) -> Bool {
    let all = block.allDefinitions()
    for definition in all {
      guard let rounding = definition.rounding else { continue }
      if !["stochastic", "nearest"].contains(rounding.key) {
        _ = report(.unknownRounding(rounding))
      } else if definition.name.key != "w" || !definition.isPrimed {
        _ = report(
          Diagnostic(
            316, "only the equation of `w'` says how it is rounded", at: rounding.span,
            notes: [
              Note("a state says it where it is declared: `state m as bf16 round stochastic`")
            ]
          ))
      }
    }
    let updates = all.filter { $0.isPrimed && $0.name.key == "w" }
    let byChance = updates.filter { $0.rounding?.key == "stochastic" }
    if let one = byChance.first, byChance.count < updates.count {
      _ = report(
        Diagnostic(
          316, "one equation of `w'` rounds stochastically and another does not",
          at: one.rounding!.span, notes: [Note("write `round stochastic` after each of them")]))
    }
    return !byChance.isEmpty
  }
}

extension Diagnostic {
  static func storageOfOne(_ storage: Storage, at span: Span) -> Diagnostic {
    Diagnostic(
      801, "a state of one number is not stored as \(storage)", at: span,
      notes: [Note("it is kept in double precision")],
      fixIts: [FixIt("leave it out", at: span, replacement: "")])
  }

  static func unknownRounding(_ name: Name) -> Diagnostic {
    Diagnostic(
      316, "`round \(name.text)` is not known: use `stochastic` or `nearest`", at: name.span)
  }
}

import Diagnostics
import IR
import Semantics
import Syntax

/// How states are stored and rounded.
struct StorageLowerer: LoweringPart {
  let lowerer: Lowerer

  /// How a state is stored; nil where an error was reported.
  func storage(_ expression: StorageExpr?, _ frame: Frame, of shape: Shape) -> Storage? {
    guard let expression else { return .compute }
    guard let storage = format(expression, frame) else { return nil }
    if shape.isScalar, storage.bits < 32 {
      report(.storageOfOne(storage, at: expression.span))
      return nil
    }
    return storage
  }

  private func format(_ expression: StorageExpr, _ frame: Frame) -> Storage? {
    if let rounding = expression.rounding, rounding.key != "stochastic", rounding.key != "nearest" {
      report(.unknownRounding(rounding))
      return nil
    }
    var block = BlockLength.number(256)
    var small: BlockLength?
    for argument in expression.arguments {
      switch (expression.format.key, argument.label?.key) {
      case ("int8", "block"?), ("sign1", "block"?):
        guard let length = blockLength(argument.value, "block", frame) else { return nil }
        block = length
      case ("int8", "small"?):
        small = blockLength(argument.value, "small", frame)
        if small == nil { return nil }
      default:
        report(.unknownLabel(of: expression))
        return nil
      }
    }
    if let rounding = expression.rounding, rounding.key == "stochastic",
      expression.format.key == "sign1"
    {
      report(.signsRoundByChance(at: rounding.span))
      return nil
    }
    switch expression.format.key {
    case "f32", "float32": return .float32
    case "f64", "float64": return .float64
    case "bf16", "bfloat16": return .bfloat16
    case "f16", "float16": return .float16
    case "int8": return .int8(block: block, small: small)
    case "sign1": return .sign1(block: block)
    default:
      report(.unknownStorage(expression.format))
      return nil
    }
  }

  /// A whole number, or the hyperparameter that says it when the rule is bound.
  private func blockLength(_ id: ExprID, _ label: String, _ frame: Frame) -> BlockLength? {
    let span = tree(frame).span(id)
    guard let handle = single(lower(id, frame), at: span) else { return nil }
    if let value = outermost(handle) {
      let function = lowerer.draft.levels[0].builder.function
      if function[value].operation == .hyper {
        markStructural(Handle(level: 0, id: value))
        var name = label
        if case .name(let written) = tree(frame)[id] { name = written.text }
        return .hyper(Int(function[value].attribute), name: name)
      }
      if let number = lowerer.draft.levels[0].builder.function.knownNumber(value),
        let n = Int(exactly: number), n >= 1,
        n <= BlockLength.limit
      {
        return .number(n)
      }
    }
    report(.badBlock(label, at: span))
    return nil
  }

  /// Whether the equations of w' round by chance: all of them, or none. That of a state says so where
  /// the state is declared.
  func rounding(of block: Block) -> Bool {
    let all = block.allDefinitions()
    for definition in all {
      guard let rounding = definition.rounding else { continue }
      if !["stochastic", "nearest"].contains(rounding.key) {
        report(.unknownRounding(rounding))
      } else if definition.name.key != "w" || !definition.isPrimed {
        report(.roundingOfNoUpdate(at: rounding.span))
      }
    }
    let updates = all.filter { $0.isPrimed && $0.name.key == "w" }
    let byChance = updates.filter { $0.rounding?.key == "stochastic" }
    if let one = byChance.first, byChance.count < updates.count {
      report(.unlikeRoundings(at: one.rounding!.span))
    }
    return !byChance.isEmpty
  }
}

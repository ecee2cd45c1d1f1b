import Basics
import Driver
import IR
import Lowering
import Testing

@Suite struct FunctionEditorTests {
  private static func update(_ body: String) throws -> Function {
    try RoundTrip.rule("R", of: "rule R(lr = 0.1) {\n\(body)\n}\n").variants[0].update
  }

  @Test func editsAndTheirRefusals() throws {
    let function = try Self.update("w' = w - lr * tanh(g)")
    var editor = FunctionEditor(function)
    let tanh = try #require(
      function.instructions.firstIndex { $0.operation == .tanh }.map { ValueID($0) })
    try editor.replaceOperation(of: tanh, by: .arcsinh)
    #expect(
      editor.function.canonical() == (try Self.update("w' = w - lr * arcsinh(g)")).canonical())
    let before = editor
    #expect(throws: FunctionEditor.Refusal.isUsed(tanh)) { try editor.delete(tanh) }
    #expect(throws: FunctionEditor.Refusal.notPlain(.globalSum)) {
      try editor.replaceOperation(of: tanh, by: .globalSum)
    }
    // One number does not fit where w' is a tensor.
    let three = try editor.insert(3)
    let inserted = editor.function
    #expect(throws: FunctionEditor.Refusal.outputChanges(.parameter(0))) {
      try editor.replaceOutput(.parameter(0), by: three)
    }
    #expect(editor.function == inserted)
    editor = before
    try editor.delete(tanh, inFavourOf: editor.function[tanh].a)
    #expect(editor.function.canonical() == (try Self.update("w' = w - lr * g")).canonical())
  }

  @Test func oneNumberIsItsOwnMaximum() throws {
    var editor = FunctionEditor(try Self.update("w' = w - lr * g"))
    let three = try editor.insert(3)
    let maximumOfThree = try editor.insert(.maximumOf, [three])
    #expect(maximumOfThree == three)
    // What is reduced becomes one number by an edit.
    editor = FunctionEditor(try Self.update("w' = w - lr * max(g) * g"))
    let maximum = try #require(
      editor.function.instructions.firstIndex { $0.operation == .maximumOf }.map { ValueID($0) })
    let lr = try #require(
      editor.function.instructions.firstIndex { $0.operation == .hyper }.map { ValueID($0) })
    try editor.replaceOperand(0, of: maximum, by: lr)
    #expect(editor.function.canonical() == (try Self.update("w' = w - lr * lr * g")).canonical())
  }

  /// What lowering refuses as R0312.
  @Test func whatIsOneForAllTensorsStaysSo() throws {
    let body = "state s: global = 0\ns' = s + global norm(g)\nw' = w - lr * s' * sum(g) * g"
    let rule = try RoundTrip.rule("R", of: "rule R(lr = 0.1) {\n\(body)\n}\n")
    var editor = FunctionEditor(updateOf: rule.variants[0])
    let before = editor.function
    func value(_ operation: Operation, of operand: Operation) throws -> ValueID {
      try #require(
        before.instructions.firstIndex {
          $0.operation == operation && before[$0.a].operation == operand
        }.map { ValueID($0) })
    }
    let sum = try value(.sum, of: .gradient)
    #expect(throws: FunctionEditor.Refusal.dependsOnTensor(state: "s")) {
      try editor.replaceOutput(.state(0), by: sum)
    }
    #expect(editor.function == before)
    let norm = try value(.squareRoot, of: .globalSum)
    try editor.replaceOutput(.state(0), by: norm)
    #expect(editor.function != before)
  }

  /// Random edits of the zoo: each gives a verified function or is refused and changes nothing, and
  /// what they make of a rule is printed as source of the same structure.
  @Test func randomEditsOfTheZoo() throws {
    var random = SplitMix(2026)
    var (made, refused, printed) = (0, 0, 0)
    for rule in RoundTripTests.zoo {
      let module = try Compiler().rule(rule).module
      for v in module.variants.indices {
        var editor = FunctionEditor(updateOf: module.variants[v])
        for _ in 0..<30 {
          let before = editor.function
          do {
            try Self.edit(&editor, &random)
            made += 1
            #expect(RoundTrip.flaw(editor.function) == nil)
          } catch {
            refused += 1
            #expect(editor.function == before)
          }
        }
        guard module.variants.count == 1, Self.isOfNumbersAlone(module) else { continue }
        var changed = module
        changed.variants[v].update = editor.function
        let text = SourcePrinter.rule(changed, name: "Printed")
        do {
          let again = try RoundTrip.rule("Printed", of: text)
          if again.structureDigest != changed.structureDigest {
            Issue.record("\(rule):\n\(try RoundTrip.difference(changed) ?? text)")
          }
        } catch { Issue.record("\(rule): \(error)") }
        printed += 1
      }
    }
    let counts = "\(made) made, \(refused) refused, \(printed) printed"
    #expect(made > 1_000 && refused > 500 && printed > 100, "\(counts)")
  }

  /// Where matrices, loops, places and named axes are, an edit may change a length, and where there are
  /// several variants it may leave a hyperparameter of one unread: both are errors of the language. A
  /// draw that goes leaves the others their numbers, which printing gives anew.
  private static func isOfNumbersAlone(_ module: RuleModule) -> Bool {
    module.variants[0].update.instructions.allSatisfy {
      $0.type.shape.axes.isEmpty && $0.operation != .draw
        && ($0.operation.isSource || $0.operation.isElementwise || $0.operation.isReduction
          || $0.operation.isGlobalReduction)
    }
  }

  private static func edit(_ whole: inout FunctionEditor, _ random: inout SplitMix) throws {
    var editor = whole
    let function = editor.function
    let count = function.instructions.count
    func any(_ limit: Int) -> ValueID { ValueID(Int.random(in: 0..<max(limit, 1), using: &random)) }
    let value = any(count)
    let operations = Operation.allCases.filter {
      $0.isElementwise || $0 == .sum || $0 == .transpose
    }
    let operation = operations.randomElement(using: &random)!
    switch Int.random(in: 0..<6, using: &random) {
    case 0: try editor.replaceOperation(of: value, by: operation)
    case 1:
      try editor.replaceOperand(
        Int.random(in: 0..<2, using: &random), of: value, by: any(value.index))
    case 2: try editor.delete(value, inFavourOf: any(value.index))
    case 3 where function.constantValue(value) != nil:
      try editor.replaceConstant(value, by: Double(Int.random(in: 1..<100, using: &random)) / 8)
    case 4:
      let target = function.outputs.randomElement(using: &random)!.target
      try editor.replaceOutput(target, by: value)
    default:
      let operands = (0..<operation.info.arity).map { _ in any(value.index) }
      let new = try editor.insert(operation, operands, before: value)
      let reader = editor.moved[value.index]
      try editor.replaceOperand(0, of: reader, by: new)
    }
    whole = editor
  }
}

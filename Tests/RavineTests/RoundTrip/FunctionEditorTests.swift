import Basics
import Driver
import IR
import Lowering
import Platform
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

  /// What lengths and numbers of iterations are made of, entries of lists, and shapes that are stated.
  @Test func whatOthersRestOnIsRefused() throws {
    let text = "x = g\nrepeat floor(lr * 30) { x' = x / 2 }\nw' = w - reshape(reshape(x, numel), w)"
    var editor = FunctionEditor(try Self.update(text))
    func value(_ operation: Operation) throws -> ValueID {
      try #require(
        editor.function.instructions.firstIndex { $0.operation == operation }.map { ValueID($0) })
    }
    let (floor, loop, reshape) = (try value(.floor), try value(.loop), try value(.reshape))
    let before = editor.function
    #expect(throws: FunctionEditor.Refusal.fixesLengths(floor)) {
      try editor.replaceOperation(of: floor, by: .tanh)
    }
    #expect(throws: FunctionEditor.Refusal.fixesLengths(floor)) {
      try editor.replaceOperand(0, of: loop, by: before[floor].a)
    }
    #expect(throws: FunctionEditor.Refusal.statesShape(reshape)) {
      try editor.replaceOperand(0, of: reshape, by: floor)
    }
    #expect(editor.function == before)
    editor = FunctionEditor(try Self.update("w' = w - sum(exp([lr, 2, lr])) * g"))
    let exp = try value(.exponential)
    let sum = editor.function[exp].a
    let parts = [editor.function[sum].a, editor.function[sum].b]
    for part in parts {
      #expect(throws: FunctionEditor.Refusal.listEntry(part)) {
        try editor.replaceOperand(0, of: exp, by: part)
      }
    }
    editor = FunctionEditor(
      try Self.update("state v: vector(cols)\nv' = v\nw' = w - lr * g * sum(v)"))
    let matrix = try #require(
      editor.function.instructions.firstIndex { $0.operation == .gradient }.map { ValueID($0) })
    let row = try #require(
      editor.function.instructions.firstIndex { $0.operation == .state }.map { ValueID($0) })
    #expect(throws: FunctionEditor.Refusal.self) { _ = try editor.insert(.argMaximum, [matrix]) }
    #expect(throws: FunctionEditor.Refusal.self) {
      _ = try editor.insert(.matrixProduct, [matrix, row])
    }
    _ = try editor.insert(.argMaximum, [matrix], attribute: Scope.perRow.rawValue)
    // An entry may become another number.
    editor = FunctionEditor(try Self.update("w' = w - sum(exp([lr, 2, lr])) * g"))
    let two = try #require(
      editor.function.instructions.indices.first { editor.function.constantValue(ValueID($0)) == 2 }
    )
    try editor.replaceConstant(ValueID(two), by: 3)
    let three = try Self.update("w' = w - sum(exp([lr, 3, lr])) * g")
    #expect(editor.function.canonical() == three.canonical())
  }

  /// An edit may leave a hyperparameter unread, also where another variant reads it, and a length
  /// without a value that has it: neither is printed then.
  @Test func whatAnEditLeavesUnreadIsNotPrinted() throws {
    let text = """
      rule A(lr = 0.1, β = 0.9) { w' = w - lr * β * g }
      rule B(lr = 0.1, r = 2) { w' = w - lr * sum(iota(min(r, rows)) + 1) * g }
      rule Both(a = 0.1, b = 0.2, c = 3) = route {
          rank == 2 -> A(lr = a, β = b)
          otherwise -> B(lr = a, r = c)
      }
      """
    let module = try RoundTrip.rule("Both", of: text)
    var printed: [String] = []
    for v in module.variants.indices {
      var editor = FunctionEditor(updateOf: module.variants[v])
      let gradient = try #require(
        editor.function.instructions.firstIndex { $0.operation == .gradient })
      try editor.replaceOutput(.parameter(0), by: ValueID(gradient))
      var changed = module
      changed.variants[v].update = editor.function
      #expect(try Self.difference(changed) == nil)
      printed.append(SourcePrinter.rule(changed, name: "Printed"))
    }
    let headers = printed.map { $0.split(separator: "\n").last { $0.hasPrefix("rule") } ?? "" }
    #expect(headers.map { $0.contains(" b = ") } == [false, true])
    #expect(headers.map { $0.contains(" c = ") } == [true, false])
  }

  private static let rounds =
    getenv("RAVINE_CAMPAIGN").flatMap { Int(String(cString: $0)) }.map { max($0 / 100, 2) } ?? 2

  /// Random edits of all rules of the zoo: each gives a verified function or is refused and changes
  /// nothing, and what they make of a rule is printed as source of the same structure. RAVINE_CAMPAIGN
  /// asks for more of them.
  @Test func randomEditsOfTheZoo() throws {
    var random = SplitMix(2026)
    var (made, refused, compared, variants) = (0, 0, 0, 0)
    for rule in RoundTripTests.zoo {
      let module = try Compiler().rule(rule).module
      variants += module.variants.count
      for (v, round) in module.variants.indices.flatMap({ v in (0..<Self.rounds).map { (v, $0) } })
      {
        var editor = FunctionEditor(updateOf: module.variants[v])
        for _ in 0..<12 {
          let before = editor.function
          do {
            try Self.edit(&editor, &random)
            made += 1
            #expect(RoundTrip.flaw(editor.function) == nil)
          } catch {
            refused += 1
            #expect(error is FunctionEditor.Refusal && editor.function == before)
          }
        }
        var changed = module
        changed.variants[v].update = editor.function
        let difference = try Self.difference(changed)
        #expect(difference == nil, "\(rule), variant \(v), round \(round): \(difference ?? "")")
        compared += 1
      }
    }
    let counts = "\(made) made, \(refused) refused, \(compared) compared"
    #expect(Double(made) > 0.7 * Double(made + refused) && refused > 200, "\(counts)")
    #expect(compared == variants * Self.rounds && variants > 200, "\(counts)")
  }

  /// What a rule becomes by printing and reading, where that is another.
  private static func difference(_ module: RuleModule) throws -> String? {
    let text = SourcePrinter.rule(module, name: "Printed")
    do {
      let again = try RoundTrip.rule("Printed", of: text)
      guard again.structureDigest != module.structureDigest else { return nil }
      return try RoundTrip.difference(module) ?? "the digests differ:\n\(text)"
    } catch { return "\(error)" }
  }

  /// Mostly what fits: a value for another of its type, an operation for one of the same kind.
  private static func edit(_ whole: inout FunctionEditor, _ random: inout SplitMix) throws {
    var editor = whole
    let function = editor.function
    func value(before limit: Int, _ fits: (ValueID) -> Bool = { _ in true }) -> ValueID {
      let all = (0..<max(limit, 1)).map { ValueID($0) }
      let some = all.filter(fits)
      return (some.isEmpty || Int.random(in: 0..<12, using: &random) == 0 ? all : some)
        .randomElement(using: &random)!
    }
    func stand(for old: ValueID, before limit: Int) -> ValueID {
      value(before: limit) {
        old.isSome && function.type($0) == function.type(old) && $0 != old
      }
    }
    func operation(_ arity: Int, _ givesBoolean: Bool) -> Operation {
      let isAny = Int.random(in: 0..<12, using: &random) == 0
      return Operation.allCases.filter {
        isAny
          || $0.isElementwise && $0.info.arity == arity && $0.info.givesBoolean == givesBoolean
            && ![.select, .logicalNot, .logicalAnd, .logicalOr].contains($0)
      }.randomElement(using: &random) ?? .logicalNot
    }
    let count = function.instructions.count
    let reader = value(before: count) { function[$0].operation.isElementwise }
    let info = function[reader].operation.info
    switch Int.random(in: 0..<6, using: &random) {
    case 0: try editor.replaceOperation(of: reader, by: operation(info.arity, info.givesBoolean))
    case 1:
      let k = Int.random(in: 0..<max(info.arity, 1), using: &random)
      let old = function[reader].operand(k)
      try editor.replaceOperand(k, of: reader, by: stand(for: old, before: reader.index))
    case 2: try editor.delete(reader, inFavourOf: stand(for: reader, before: reader.index))
    case 3:
      let number = value(before: count) { function.constantValue($0) != nil }
      try editor.replaceConstant(number, by: Double(Int.random(in: 1..<100, using: &random)) / 8)
    case 4:
      let output = function.outputs.randomElement(using: &random)!
      try editor.replaceOutput(output.target, by: stand(for: output.value, before: count))
    default:
      let old = function[reader].a
      let isBoolean = old.isSome && function.type(old).kind == .boolean
      let made = operation(Int.random(in: 1...2, using: &random), isBoolean)
      let operands = (0..<made.info.arity).map { k in
        k == 0 && old.isSome ? old : stand(for: old, before: reader.index)
      }
      let new = try editor.insert(made, operands, before: reader)
      try editor.replaceOperand(0, of: editor.moved[reader.index], by: new)
    }
    whole = editor
  }
}

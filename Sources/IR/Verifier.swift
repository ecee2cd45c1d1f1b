import Basics
import Diagnostics

/// A function that breaks the rules of the IR: a mistake in the pass that made it, never in a program.
package struct VerificationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The guilty pass.
  package var pass: String
  package var function: String
  package var problems: [String]

  package var description: String {
    "after \(pass), `\(function)` is broken:\n  " + problems.joined(separator: "\n  ")
  }
}

extension Function {
  /// Checks what every pass must keep: operands backwards, arities, types as the shape rules say,
  /// attributes that name something, outputs that are values. Throws with the pass's name.
  package func verify(after pass: String) throws(VerificationError) {
    let verifier = Verifier(function: self)
    verifier.run()
    if !verifier.problems.isEmpty {
      throw VerificationError(pass: pass, function: name, problems: verifier.problems)
    }
  }

  /// The function itself, verified where assertions are on (debug builds, tests).
  package func verified(after pass: String) -> Function {
    assert(
      {
        do throws(VerificationError) {
          try verify(after: pass)
          return true
        } catch {
          print(error)
          return false
        }
      }(), "a pass broke a function: \(pass)")
    return self
  }
}

private final class Verifier {
  let function: Function
  var problems: [String] = []

  init(function: Function) { self.function = function }

  private func require(_ condition: Bool, _ message: @autoclosure () -> String) {
    if condition { return }
    problems.append(message())
  }

  func run() {
    require(
      function.origins.count == function.instructions.count,
      "\(function.origins.count) origins for \(function.instructions.count) instructions")
    for i in function.instructions.indices {
      let before = problems.count
      operands(i)
      // Types say nothing where operands do not exist.
      if problems.count == before { attribute(i) }
      if problems.count == before { type(i) }
    }
    var targets: Set<OutputTarget> = []
    for output in function.outputs {
      require(isValue(output.value), "\(output.target.text) is \(output.value.text), not a value")
      require(
        targets.insert(output.target).inserted, "\(output.target.text) is there more than once")
    }
    for (k, extent) in function.extents.enumerated() {
      require(isValue(extent), "extent n\(k) is \(extent.text), not a value")
    }
  }

  private func isValue(_ id: ValueID) -> Bool {
    function.instructions.indices.contains(id.index) && function.type(id).kind != .tuple
  }

  private func exists(_ id: ValueID, before i: Int) -> Bool { id.isSome && id.index < i }

  private func text(_ i: Int) -> String { "%\(i) (\(function.instructions[i].operation))" }

  private func operands(_ i: Int) {
    let instruction = function.instructions[i]
    let arity = instruction.operation.info.arity
    for k in 0..<3 {
      let operand = instruction.operand(k)
      let isOptional =
        (instruction.operation == .draw || instruction.operation == .extent) && k == 0
      if k < arity {
        require(
          exists(operand, before: i), "\(text(i)): operand \(k) is \(operand.text), not earlier")
      } else if operand.isSome {
        require(isOptional && operand.index < i, "\(text(i)): operand \(k) should not be there")
      }
    }
    for k in 0..<arity where exists(instruction.operand(k), before: i) {
      let isTuple = function.type(instruction.operand(k)).kind == .tuple
      require(
        isTuple == (instruction.operation == .project),
        "\(text(i)): operand \(k) is \(isTuple ? "several values" : "one value")")
    }
  }

  private func attribute(_ i: Int) {
    let instruction = function.instructions[i]
    let attribute = Int(instruction.attribute)
    func names(_ count: Int, _ what: String) {
      require(
        (0..<count).contains(attribute), "\(text(i)): \(what) \(attribute) of \(count)")
    }
    switch instruction.operation.info.attribute {
    case .constant: names(function.constants.count, "constant")
    case .draw:
      names(function.draws.count, "draw")
      if function.draws.indices.contains(attribute) {
        require(
          (function.draws[attribute].distribution == .bernoulli) == instruction.a.isSome,
          "\(text(i)): a probability belongs to bernoulli alone")
      }
    case .slices: names(function.slices.count, "slice")
    case .window: names(function.windows.count, "window")
    case .loop: names(function.loops.count, "loop")
    case .axis: names(max(instruction.type.shape.rank, 1), "axis")
    case .extent:
      let kind = ExtentKind(rawValue: instruction.attribute)
      require(kind != nil, "\(text(i)): extent \(attribute)")
      let ofValue = kind == .elementsOf || kind == .rowsOf || kind == .colsOf
      require(ofValue == instruction.a.isSome, "\(text(i)): wrong operand for its kind")
    case .scope:
      require(Scope(rawValue: instruction.attribute) != nil, "\(text(i)): scope \(attribute)")
    case .none, .slot, .site, .signs:
      require(attribute >= 0, "\(text(i)): attribute \(attribute)")
    }
  }

  private func type(_ i: Int) {
    let instruction = function.instructions[i]
    let operation = instruction.operation
    if operation == .loop { return loop(i) }
    if operation == .project { return project(i) }
    let operands = (0..<operation.info.arity).map { function.type(instruction.operand($0)) }
    let slices =
      operation == .slice || operation == .placeSlice
      ? function.slices[Int(instruction.attribute)] : []
    do {
      let expected = try ShapeRules.infer(
        operation, operands, attribute: instruction.attribute, slices: slices,
        window: function.window(operation, instruction.attribute), declared: instruction.type)
      require(
        expected == instruction.type,
        "\(text(i)): the type is \(instruction.type) and should be \(expected)")
      if operation == .placeSlice {
        let place = try ShapeRules.sliced(instruction.type.shape, slices)
        require(
          place == operands[0].shape, "\(text(i)): \(operands[0].shape) does not fill \(place)")
      }
    } catch { problems.append("\(text(i)): \(error.message)") }
    switch operation {
    case .takeAlong, .placeAlong: indices(i, operands[1].shape, for: operands[0].shape)
    case .scatterAdd: indices(i, operands[0].shape, for: operands[1].shape)
    default: break
    }
  }

  /// One index for each row, or one for all.
  private func indices(_ i: Int, _ indices: Shape, for rows: Shape) {
    guard indices.isConcrete, rows.isConcrete else { return }
    let count = rows.rank > 0 ? rows[0].value : 1
    if indices.elementCount != count && indices.elementCount != 1 {
      problems.append("\(text(i)): \(indices.elementCount) indices for \(count) rows")
    }
  }

  private func project(_ i: Int) {
    let instruction = function.instructions[i]
    let source = function[instruction.a]
    let k = Int(instruction.attribute)
    let types: [ValueType]
    if source.operation == .loop {
      types = function.loops[Int(source.attribute)].initial.map { function.type($0) }
    } else {
      types = ShapeRules.results(of: source.operation, function.type(source.a))
    }
    guard types.indices.contains(k) else {
      problems.append("\(text(i)): value \(k) of \(types.count)")
      return
    }
    if types[k] != instruction.type {
      problems.append("\(text(i)): the type is \(instruction.type) and should be \(types[k])")
    }
  }

  private func loop(_ i: Int) {
    let loop = function.loops[Int(function.instructions[i].attribute)]
    let values = loop.initial + loop.captured
    for value in values where !exists(value, before: i) || function.type(value).kind == .tuple {
      problems.append("\(text(i)): carries \(value.text), not an earlier value")
      return
    }
    do {
      try loop.body.verify(after: "")
    } catch { problems += error.problems.map { "body of \(text(i)): \($0)" } }
    for instruction in loop.body.instructions where instruction.operation == .argument {
      let k = Int(instruction.attribute)
      require(values.indices.contains(k), "\(text(i)): argument \(k) of \(values.count)")
      if values.indices.contains(k) {
        require(
          instruction.type == function.type(values[k]),
          "\(text(i)): argument \(k) is \(instruction.type), its value \(function.type(values[k]))")
      }
    }
    for output in loop.body.outputs {
      guard case .result(let k) = output.target, loop.initial.indices.contains(k),
        loop.body.instructions.indices.contains(output.value.index)
      else {
        problems.append("\(text(i)): \(output.target.text) is not a carried value")
        continue
      }
      let before = function.type(loop.initial[k])
      let after = loop.body.type(output.value)
      require(before == after, "\(text(i)): value \(k) is \(before) before and \(after) after")
    }
  }
}

import Diagnostics
import IR

/// What a piece of an exported function may read, by name.
struct Leaves {
  var hypers: [Int: String] = [:]
  var states: [String] = []
  var inputs: [String] = []
  /// The parameter, the gradient, the step, the number of steps and the loss.
  var parameter = "w"
  var gradient = "g"
  var step = "t"
  var horizon = "total_steps"
  var loss = "loss"
  /// The number of axes of the parameter.
  var rank = "w.ndim"
  /// Values that are made elsewhere: reductions over all tensors, arguments of a loop's body.
  var given: [ValueID: String] = [:]
  var arguments: [String] = []
}

/// Prints values of a function as expressions of Python around one library.
final class PythonWriter<Language: PythonDialect> {
  let function: Function
  let rule: ExportedRule
  let language: Language
  var leaves: Leaves
  let kinds: [ValueKind]
  var names: [ValueID: String] = [:]
  /// Functions of `PythonHelpers` that the text calls, and modules beside the library that it reads.
  let needs: PythonNeeds
  /// The scalars behind lengths that are computed, of the function around a loop.
  var outerLengths: [String]?
  /// The uses of values, for what is printed as one form.
  var uses: [Int] = []

  init(
    _ function: Function, _ rule: ExportedRule, _ language: Language, _ leaves: Leaves,
    _ needs: PythonNeeds, kinds: [ValueKind]? = nil
  ) {
    self.function = function
    self.rule = rule
    self.language = language
    self.leaves = leaves
    self.needs = needs
    self.kinds =
      kinds
      ?? function.kinds(
        tracesHypers: Language.tracesHypers, except: rule.structural)
  }

  func refuse(_ construct: String, _ id: ValueID, note: String? = nil) -> DiagnosticError {
    DiagnosticError(
      .notInTarget(construct, rule.target, at: function.origin(id), note: note))
  }

  func text(
    _ id: ValueID, in outer: Precedence = .conditional
  ) throws(DiagnosticError) -> String {
    language.text(try notation(id), in: outer)
  }

  func notation(_ id: ValueID) throws(DiagnosticError) -> Notation {
    if let name = names[id] ?? leaves.given[id] { return .name(name) }
    return try definition(id)
  }

  /// The right side of a value, whether or not it has a name.
  func definition(_ id: ValueID) throws(DiagnosticError) -> Notation {
    if let idiom = try idiom(id) { return idiom }
    let i = function[id]
    let slot = Int(i.attribute)
    switch i.operation {
    case .constant:
      let x = function.constants[slot]
      if !x.isFinite || x == .pi { needs.math = true }
      return .number(x)
    case .hyper: return .name(leaves.hypers[slot] ?? "?")
    case .step: return .name(leaves.step)
    case .horizon: return .name(leaves.horizon)
    case .parameter: return .name(leaves.parameter)
    case .gradient: return .name(leaves.gradient)
    case .loss: return .name(leaves.loss)
    case .state: return .name(leaves.states[slot])
    case .input: return .name(leaves.inputs[slot])
    case .argument: return .name(leaves.arguments[slot])
    case .free: throw refuse("a name without a value", id)
    case .extent: return try extent(i, id)
    case .draw: return .verbatim(try draw(id))
    case .iota:
      let e = i.type.shape.extents
      let count = try length(e.count == 2 ? e[slot == 0 ? 0 : 1] : e.first ?? .fixed(1), id)
      return .verbatim(
        try matrixWord("iota", [count, e.count == 2 && slot == 0 ? "column" : ""], id))
    case .identity:
      let e = i.type.shape.extents
      return .verbatim(
        try matrixWord("eye", [try length(e[0], id), try length(e[1], id)], id))
    case _ where !i.type.shape.axes.isEmpty:
      throw refuse("values over the axis `\(i.type.shape.axes.names[0].word)`", id)
    case .lossAt, .gradientAt: throw refuse("the objective at another point", id)
    case .hessianProduct: throw refuse("the Hessian times a vector, `hvp`", id)
    case .globalSum, .globalMaximum, .globalMinimum:
      throw refuse("a reduction over all tensors inside of `repeat`", id)
    case _ where i.operation.isReduction: return .verbatim(try reduction(i, id))
    case _ where i.operation.isElementwise: return try elementwise(i, id)
    case .broadcast: return try broadcast(i, id)
    case .reshape:
      return .verbatim(language.reshaped(try text(i.a), try shapeText(i.type.shape, id)))
    case .slice: return .index(try notation(i.a), try positions(i, id))
    case .matrixProduct: return .apply(.matrixProduct, [try notation(i.a), try notation(i.b)])
    case .transpose: return .apply(.transpose, [try notation(i.a)])
    default: return .verbatim(try matrixCall(i, id))
    }
  }

  // MARK: Elementwise

  private func elementwise(
    _ i: Instruction, _ id: ValueID
  ) throws(DiagnosticError) -> Notation {
    let operands = (0..<i.operation.info.arity).map { i.operand($0) }
    let isHost = kinds[id.index] == .host
    switch i.operation {
    case .select: return try choice(i, id)
    case .bfloat16, .float16: return .verbatim(try rounded(i, id))
    case .reciprocal: return .apply(.divide, [.number(1), try notation(i.a)])
    case .logicalAnd, .logicalOr, .logicalNot:
      guard isHost else { break }
      let parts = try notations(operands)
      return .call("host \(i.operation.info.name)", parts)
    case .minimum, .maximum, .clip:
      if isHost { break }
      if let clamped = try clamp(i, id) { return clamped }
    default: break
    }
    if i.operation == .add, isHost, function.constantValue(i.a) == 0 { return try notation(i.b) }
    // Places count from somewhere: `arange(n) + 0`.
    if i.operation == .add || i.operation == .subtract, function.constantValue(i.b) == 0,
      isHost || function[i.a].operation == .iota
    {
      return try notation(i.a)
    }
    if Language.forms[i.operation] != nil {
      return .apply(i.operation, try numeric(operands, of: i, id))
    }
    if isHost { return try hostCall(i, id, operands) }
    if Language.module == "torch", i.operation == .cubeRoot {
      let x = try text(i.a)
      return .verbatim("torch.sign(\(x)) * torch.abs(\(x)) ** (1 / 3)")
    }
    if Language.module == "np", i.operation == .errorFunction {
      needs.use("_erf")
      return .call("_erf", try notations(operands))
    }
    guard let name = Language.functions[i.operation] else {
      throw refuse("`\(i.operation.info.name)`", id)
    }
    return .call(name, try notations(operands))
  }

  func notations(_ ids: [ValueID]) throws(DiagnosticError) -> [Notation] {
    var result: [Notation] = []
    for id in ids { result.append(try notation(id)) }
    return result
  }

  /// Operands of arithmetic: conditions as numbers where the library would count them otherwise.
  private func numeric(
    _ operands: [ValueID], of i: Instruction, _ id: ValueID
  ) throws(DiagnosticError) -> [Notation] {
    var result = try notations(operands)
    let isArithmetic = [.add, .subtract, .multiply, .divide, .negate, .power].contains(i.operation)
    guard isArithmetic, operands.contains(where: { function.type($0).kind == .boolean }) else {
      return result
    }
    let others = operands.filter { function.type($0).kind != .boolean }
    // A condition times an array of numbers is that array's type in every library.
    if i.operation == .multiply, others.contains(where: { kinds[$0.index] == .tensor }) {
      return result
    }
    for (k, operand) in operands.enumerated()
    where function.type(operand).kind == .boolean && kinds[operand.index] != .host {
      let inner = language.text(result[k], in: .postfix)
      result[k] = .verbatim(language.numbers(inner, like: leaves.parameter))
    }
    return result
  }

  /// A function of numbers of the host.
  private func hostCall(
    _ i: Instruction, _ id: ValueID, _ operands: [ValueID]
  ) throws(DiagnosticError) -> Notation {
    let parts = try notations(operands)
    switch i.operation {
    case .minimum, .maximum:
      return .call(i.operation == .minimum ? "min" : "max", flattened(i, parts))
    case .absolute: return .call("abs", parts)
    case .round: return .call("round", parts)
    case .clip: return .call("min", [.call("max", [parts[0], parts[1]]), parts[2]])
    case .sign:
      return .verbatim(
        "(\(language.text(parts[0], in: .sum)) > 0) - "
          + "(\(language.text(parts[0], in: .sum)) < 0)")
    default: break
    }
    let names: [Operation: String] = [
      .squareRoot: "sqrt", .cubeRoot: "cbrt", .exponential: "exp", .expm1: "expm1",
      .logarithm: "log", .log1p: "log1p", .tanh: "tanh", .sinh: "sinh", .cosh: "cosh",
      .sine: "sin", .cosine: "cos", .tangent: "tan", .arcsine: "asin", .arccosine: "acos",
      .arctangent: "atan", .floor: "floor", .ceiling: "ceil", .errorFunction: "erf",
      .isFinite: "isfinite", .arctangent2: "atan2", .copySign: "copysign", .exp2: "exp2",
      .log2: "log2", .log10: "log10", .arcsinh: "asinh", .arccosh: "acosh", .arctanh: "atanh",
    ]
    guard let name = names[i.operation] else { throw refuse("`\(i.operation.info.name)`", id) }
    needs.math = true
    return .call("math.\(name)", parts)
  }

  /// `max(a, b, c)` where one operand is a maximum of the host without a name.
  private func flattened(_ i: Instruction, _ parts: [Notation]) -> [Notation] {
    var result: [Notation] = []
    for part in parts {
      if case .call(let name, let inner) = part, name == (i.operation == .minimum ? "min" : "max") {
        result += inner
      } else {
        result.append(part)
      }
    }
    return result
  }

  /// PyTorch's clamps: its `maximum` takes tensors alone.
  private func clamp(_ i: Instruction, _ id: ValueID) throws(DiagnosticError) -> Notation? {
    guard Language.module == "torch" else { return nil }
    let operands = (0..<i.operation.info.arity).map { i.operand($0) }
    let isHost = operands.map { kinds[$0.index] == .host }
    if i.operation == .clip {
      if isHost[0] { return nil }
      let x = try text(i.a)
      let low = try text(i.b)
      let high = try text(i.c)
      if isHost[1] == isHost[2] { return .verbatim("torch.clamp(\(x), \(low), \(high))") }
      throw refuse("`clip` between a number and a tensor", id)
    }
    guard isHost[0] != isHost[1] else { return nil }
    let array = try text(isHost[0] ? i.b : i.a)
    let number = try text(isHost[0] ? i.a : i.b)
    let word = i.operation == .maximum ? "min" : "max"
    return .verbatim("torch.clamp(\(array), \(word)=\(number))")
  }

  /// Whether a condition can be one of `if`: known to the host, or one number of NumPy.
  func branches(on condition: ValueID) -> Bool {
    let kind = kinds[condition.index]
    return kind == .host || kind == .scalar && Language.module == "np"
  }

  private func choice(_ i: Instruction, _ id: ValueID) throws(DiagnosticError) -> Notation {
    if branches(on: i.a) {
      return .conditional(
        try notation(i.a), try armNotation(i.b, of: id), try armNotation(i.c, of: id))
    }
    var arms = [try notation(i.b), try notation(i.c)]
    if Language.module == "torch" {
      // Two numbers would become tensors of the default type.
      if kinds[i.b.index] == .host, kinds[i.c.index] == .host {
        arms[0] = .call("\(leaves.parameter).new_tensor", [arms[0]])
      }
    }
    guard let name = Language.functions[.select] else { throw refuse("`if`", id) }
    return .call(name, [try notation(i.a)] + arms)
  }

  /// An arm of a choice: PyTorch's functions take no numbers, so that beside a tensor one is made a tensor.
  private func armNotation(_ arm: ValueID, of select: ValueID) throws(DiagnosticError) -> Notation {
    let notation = try notation(arm)
    guard Language.module == "torch", kinds[arm.index] == .host, kinds[select.index] != .host else {
      return notation
    }
    return .call("\(leaves.parameter).new_tensor", [notation])
  }

  func armText(_ arm: ValueID, of select: ValueID) throws(DiagnosticError) -> String {
    language.text(try armNotation(arm, of: select))
  }

  private func rounded(_ i: Instruction, _ id: ValueID) throws(DiagnosticError) -> String {
    let isBrain = i.operation == .bfloat16
    let x = try text(i.a, in: .postfix)
    switch Language.module {
    case "torch":
      let type = "torch.\(isBrain ? "bfloat16" : "float16")"
      if kinds[i.a.index] == .host {
        return "\(leaves.parameter).new_tensor(\(x)).to(\(type)).to(\(leaves.parameter).dtype)"
      }
      return "\(x).to(\(type)).to(\(leaves.parameter).dtype)"
    case "jnp":
      let type = "jnp.\(isBrain ? "bfloat16" : "float16")"
      return "jnp.asarray(\(try text(i.a))).astype(\(type)).astype(\(leaves.parameter).dtype)"
    default:
      if isBrain { needs.use("_bfloat16") }
      return isBrain
        ? "_bfloat16(\(try text(i.a)))"
        : "np.float16(\(try text(i.a))).astype(\(leaves.parameter).dtype)"
    }
  }

  // MARK: Shapes

  private func extent(_ i: Instruction, _ id: ValueID) throws(DiagnosticError) -> Notation {
    switch ExtentKind(rawValue: i.attribute) {
    case .rank: return .name(leaves.rank)
    case .rows: return .name("rows")
    case .cols: return .name("cols")
    case .numel: return .name(try numberOfElements(.like, id))
    case .elementsOf: return .name(try numberOfElements(function.type(i.a).shape, id))
    case .rowsOf:
      let e = function.type(i.a).shape.extents
      return .verbatim(try length(e.first ?? .fixed(1), id))
    case .colsOf:
      let e = function.type(i.a).shape.extents
      return .verbatim(try length(e.count > 1 ? e[1] : .fixed(1), id))
    default: throw refuse("lengths of named axes", id)
    }
  }

  private func numberOfElements(_ shape: Shape, _ id: ValueID) throws(DiagnosticError) -> String {
    if shape.isLike {
      return Language.module == "torch"
        ? "\(leaves.parameter).numel()" : "\(leaves.parameter).size"
    }
    var factors: [String] = []
    for extent in shape.extents where !extent.isOne { factors.append(try length(extent, id)) }
    return factors.isEmpty
      ? "1" : factors.count == 1 ? factors[0] : "(\(factors.joined(separator: " * ")))"
  }

  func length(_ extent: Extent, _ id: ValueID) throws(DiagnosticError) -> String {
    if let k = extent.computedIndex {
      if let outerLengths { return k < outerLengths.count ? outerLengths[k] : "?" }
      let inner = try text(function.extents[k])
      let operation = function[function.extents[k]].operation
      let isWhole = [.extent, .constant, .minimum, .maximum].contains(operation)
      return isWhole ? inner : "int(\(inner))"
    }
    if extent.isFixed { return "\(extent.value)" }
    switch extent {
    case .rows: return "rows"
    case .cols: return "cols"
    case .numel: return try numberOfElements(.like, id)
    case .unknown: return "-1"
    default: throw refuse("the axis `\(extent)`", id)
    }
  }

  func shapeText(_ shape: Shape, _ id: ValueID) throws(DiagnosticError) -> String {
    if !shape.axes.isEmpty {
      throw refuse("values over the axis `\(shape.axes.names[0].word)`", id)
    }
    if shape.isLike { return "\(leaves.parameter).shape" }
    var parts: [String] = []
    for extent in shape.extents { parts.append(try length(extent, id)) }
    return "(\(parts.joined(separator: ", "))\(parts.count == 1 ? "," : ""))"
  }

  /// A number stretches by itself in arithmetic; elsewhere it is said.
  private func broadcast(_ i: Instruction, _ id: ValueID) throws(DiagnosticError) -> Notation {
    let inner = function.type(i.a).shape
    if inner == i.type.shape { return try notation(i.a) }
    let isRead = function.instructions.indices.contains { k in
      let user = function.instructions[k]
      return !user.operation.isElementwise && user.operation != .extent
        && function.printedOperands(ValueID(k)).contains(id)
    }
    if !isRead, !function.outputs.contains(where: { $0.value == id }) { return try notation(i.a) }
    if inner.isScalar {
      return .verbatim(
        language.filled(
          try text(i.a), try shapeText(i.type.shape, id), like: leaves.parameter))
    }
    let name = Language.module == "torch" ? "torch.broadcast_to" : "\(Language.module).broadcast_to"
    return .verbatim("\(name)(\(try text(i.a)), \(try shapeText(i.type.shape, id)))")
  }

  private func positions(_ i: Instruction, _ id: ValueID) throws(DiagnosticError) -> String {
    function.slices[Int(i.attribute)].map { slice -> String in
      if slice.isDropped { return "\(slice.start)" }
      return "\(slice.start == 0 ? "" : "\(slice.start)"):\(slice.end.map { "\($0)" } ?? "")"
    }.joined(separator: ", ")
  }
}

import Diagnostics
import IR

/// The step of an elementwise rule on lists of tensors, by `torch._foreach_*`: one call for all of them.
final class ForeachWriter {
  /// A list of tensors, or a number of the host.
  private struct Operand {
    var text: String
    var isList: Bool
    /// Whether nothing else reads the list: then it may be changed in place.
    var isOwned = false
  }

  private let writer: PythonWriter<TorchDialect>
  private let listing: Listing
  private let variant: RuleVariant
  private let pool: NamePool
  private var function: Function { writer.function }
  private var lines: [String] = []
  private var indent = ""
  private var owned: Set<ValueID> = []
  /// Values that take the place of the state that they are the next of.
  private var replaced: [ValueID: Int] = [:]

  /// The lines of the method's body; nil where a rule has something that these functions do not.
  static func lines(
    _ rule: ExportedRule, _ leaves: Leaves, _ needs: PythonNeeds
  ) throws(DiagnosticError) -> [String]? {
    guard let variant = rule.variants.first, rule.variants.count == 1, isElementwise(variant),
      !rule.letsTensorsMeet
    else { return nil }
    let writer = PythonWriter(variant.update, rule, TorchDialect(), leaves, needs)
    guard isSayable(variant, writer) else { return nil }
    let order = variant.outputOrder()
    let listing = Listing(
      variant.update, kinds: writer.kinds, roots: [], outputs: order,
      branches: { writer.branches(on: $0) }, named: variant.entangled(order))
    let body = ForeachWriter(
      writer, listing, variant, NamePool(.torch, taken: rule.taken.union(leaves.states)))
    try body.write(listing.statements)
    return body.head() + body.lines
  }

  private init(
    _ writer: PythonWriter<TorchDialect>, _ listing: Listing, _ variant: RuleVariant,
    _ pool: NamePool
  ) {
    self.writer = writer
    self.listing = listing
    self.variant = variant
    self.pool = pool
    writer.uses = listing.uses
    let reads = LastReads(listing)
    for output in function.outputs {
      guard case .state(let k) = output.target, listing.named.contains(output.value),
        replaced[output.value] == nil
      else { continue }
      let old = function.instructions.indices.first {
        function.instructions[$0].operation == .state
          && Int(function.instructions[$0].attribute) == k
      }
      if let old, !reads.isFree(ValueID(old), after: output.value) { continue }
      writer.names[output.value] = writer.leaves.states[k]
      replaced[output.value] = k
    }
  }

  // MARK: What can be said

  private static func isElementwise(_ variant: RuleVariant) -> Bool {
    !variant.looksAtMatrices && variant.inputs.isEmpty && variant.update.draws.isEmpty
      && variant.states.allSatisfy {
        $0.shape.isLike && ![.bfloat16, .float16].contains($0.storage)
      }
      && !variant.update.outputs.contains { if case .view = $0.target { true } else { false } }
  }

  private static let unary: [Operation: String] = [
    .negate: "neg", .absolute: "abs", .sign: "sign", .squareRoot: "sqrt", .exponential: "exp",
    .expm1: "expm1", .logarithm: "log", .log1p: "log1p", .tanh: "tanh", .sinh: "sinh",
    .cosh: "cosh", .sine: "sin", .cosine: "cos", .tangent: "tan", .arcsine: "asin",
    .arccosine: "acos", .arctangent: "atan", .floor: "floor", .ceiling: "ceil", .round: "round",
    .errorFunction: "erf", .log2: "log2", .log10: "log10", .reciprocal: "reciprocal",
  ]

  private static let binary: [Operation: String] = [
    .add: "add", .subtract: "sub", .multiply: "mul", .divide: "div", .maximum: "maximum",
    .minimum: "minimum",
  ]

  private static func isSayable(
    _ variant: RuleVariant, _ writer: PythonWriter<TorchDialect>
  ) -> Bool {
    let function = variant.update
    let live = function.liveValues()
    for i in function.instructions.indices where live[i] {
      let instruction = function.instructions[i]
      let kind = writer.kinds[i]
      if kind == .scalar || instruction.operation == .extent || instruction.operation == .loss {
        return false
      }
      guard kind == .tensor else { continue }
      switch instruction.operation {
      case .parameter, .gradient, .state: break
      case .select where writer.kinds[instruction.a.index] == .host:
        // A number in place of a list would have to be made one.
        if writer.kinds[instruction.b.index] == .host || writer.kinds[instruction.c.index] == .host
        {
          return false
        }
      case .power where writer.kinds[instruction.b.index] == .host: break
      case .clip
      where writer.kinds[instruction.a.index] == .tensor
        && writer.kinds[instruction.b.index] == .host
        && writer.kinds[instruction.c.index] == .host:
        break
      case let operation where unary[operation] != nil || binary[operation] != nil: break
      default: return false
      }
      if instruction.type.kind == .boolean { return false }
    }
    return true
  }

  // MARK: Statements

  private func add(_ line: String) { lines.append(indent + line) }

  /// The lists that the step reads.
  private func head() -> [String] {
    let reads = StepReads(function, roots: function.outputs.map(\.value), given: [])
    var lines: [String] = ["w = params"]
    if reads.gradient {
      lines += [
        "g = [p.grad for p in params]", "if group[\"maximize\"]:",
        "    g = torch._foreach_neg(g)",
      ]
    }
    for name in writer.leaves.states {
      lines.append("\(name) = [self.state[p][\"\(name)\"] for p in params]")
    }
    return lines
  }

  private func write(_ statements: [Listing.Statement]) throws(DiagnosticError) {
    for statement in statements {
      switch statement {
      case .define(let id): try define(id)
      case .branch(let condition, let selects, let then, let otherwise):
        try branch(condition, selects, then, otherwise)
      case .output(let k): try output(k)
      case .several, .loop: break
      }
    }
  }

  private func name(_ id: ValueID) -> String {
    if let name = writer.names[id] { return name }
    var wanted = function.names[id]
    for output in function.outputs where output.value == id && wanted == nil {
      if case .state(let k) = output.target { wanted = writer.leaves.states[k] + "_new" }
      if case .parameter = output.target { wanted = "w_new" }
    }
    return pool.name(id, wanted: wanted)
  }

  private func define(_ id: ValueID) throws(DiagnosticError) {
    if let k = replaced[id] { return try update(id, writer.leaves.states[k], k) }
    if writer.kinds[id.index] == .host {
      let right = try writer.definition(id)
      let left = name(id)
      writer.names[id] = left
      add("\(left) = \(writer.language.text(right))")
      return
    }
    let made = try compute(id, as: name(id))
    if !made.isOwned {
      let left = name(id)
      if made.text != left { add("\(left) = \(made.text)") }
      writer.names[id] = left
      return
    }
    writer.names[id] = made.text
  }

  private func branch(
    _ condition: ValueID, _ selects: [ValueID], _ then: [Listing.Statement],
    _ otherwise: [Listing.Statement]
  ) throws(DiagnosticError) {
    let test = try writer.text(condition)
    for select in selects where replaced[select] == nil { writer.names[select] = name(select) }
    let outer = indent
    for (isThen, statements) in [(true, then), (false, otherwise)] {
      indent = outer
      add(isThen ? "if \(test):" : "else:")
      indent += "    "
      let start = lines.count
      try write(statements)
      for select in selects {
        let arm = isThen ? function[select].b : function[select].c
        if let k = replaced[select] {
          try store(arm, writer.leaves.states[k], k)
        } else if writer.kinds[arm.index] == .host {
          add("\(writer.names[select]!) = \(try writer.text(arm))")
        } else {
          let left = writer.names[select]!
          let made = try compute(arm, as: left)
          if made.text != left { add("\(left) = \(made.text)") }
        }
      }
      if lines.count == start {
        if isThen { add("pass") } else { lines.removeLast() }
      }
    }
    indent = outer
  }

  private func output(_ k: Int) throws(DiagnosticError) {
    let output = function.outputs[k]
    switch output.target {
    case .state(let slot):
      if replaced[output.value] == slot { return }
      try store(output.value, writer.leaves.states[slot], slot)
    case .parameter: try store(output.value, "w", nil)
    default: break
    }
  }

  /// Puts a value, which may have a name, into the tensors of a state or the parameters.
  private func store(_ id: ValueID, _ name: String, _ k: Int?) throws(DiagnosticError) {
    if writer.isOld(id, k) { return }
    if writer.names[id] != nil || function[id].operation.isSource {
      return add("torch._foreach_copy_(\(name), \(try writer.text(id)))")
    }
    try update(id, name, k)
  }

  // MARK: Changes in place

  private func update(_ id: ValueID, _ name: String, _ k: Int?) throws(DiagnosticError) {
    let i = function[id]
    let own = Operand(text: name, isList: true, isOwned: true)
    if i.operation == .add || i.operation == .subtract {
      let pairs = i.operation == .add ? [(i.a, i.b), (i.b, i.a)] : [(i.a, i.b)]
      for (x, y) in pairs {
        // What is added may read the old value where nothing was done to it yet.
        guard let scale = scale(x, k), scale == Scale.none || !writer.reads(y, k) else { continue }
        let term = try addend(y, negated: i.operation == .subtract)
        if scale != Scale.none {
          add("torch._foreach_\(scale.word)_(\(name), \(try operand(scale.value).text))")
        }
        accumulate(own, term)
        return
      }
    } else if let scale = scale(id, k), scale != Scale.none {
      add("torch._foreach_\(scale.word)_(\(name), \(try operand(scale.value).text))")
      return
    }
    let made = try compute(id, as: nil)
    add("torch._foreach_copy_(\(name), \(made.text))")
  }

  private struct Scale: Equatable {
    var word: String
    var value: ValueID
    static let none = Scale(word: "", value: .none)
  }

  /// Whether a value is the old one, or that times or over something.
  private func scale(_ id: ValueID, _ k: Int?) -> Scale? {
    if writer.isOld(id, k) { return Scale.none }
    let i = function[id]
    guard writer.names[id] == nil else { return nil }
    if i.operation == .multiply, i.a != i.b {
      for (x, y) in [(i.a, i.b), (i.b, i.a)] where writer.isOld(x, k) && !writer.reads(y, k) {
        return Scale(word: "mul", value: y)
      }
    }
    if i.operation == .divide, writer.isOld(i.a, k), !writer.reads(i.b, k) {
      return Scale(word: "div", value: i.b)
    }
    return nil
  }

  // MARK: Sums

  /// Something that is added: x, x · y or x / y, times a number.
  private struct Term {
    var word: String
    var operands: [Operand]
    var factor: String?
    var isNegative: Bool
  }

  private func addend(_ id: ValueID, negated: Bool) throws(DiagnosticError) -> Term {
    let i = function[id]
    var inner = id
    var factor: String?
    if writer.names[id] == nil, i.operation == .multiply, i.a != i.b {
      for (number, x) in [(i.a, i.b), (i.b, i.a)]
      where factor == nil && writer.kinds[number.index] == .host
        && writer.kinds[x.index] == .tensor
      {
        factor =
          (negated ? "-" : "") + (try writer.text(number, in: negated ? .power : .conditional))
        inner = x
      }
    }
    let core = function[inner]
    if writer.names[inner] == nil, core.operation == .multiply || core.operation == .divide,
      writer.kinds[core.a.index] == .tensor, writer.kinds[core.b.index] == .tensor
    {
      let operands = [try operand(core.a), try operand(core.b)]
      return Term(
        word: core.operation == .multiply ? "addcmul" : "addcdiv", operands: operands,
        factor: factor ?? (negated ? "-1" : nil), isNegative: false)
    }
    return Term(
      word: negated && factor == nil ? "sub" : "add", operands: [try operand(inner)],
      factor: factor, isNegative: negated && factor == nil)
  }

  private func call(_ target: Operand, _ term: Term, inPlace: Bool) -> String {
    let operands = term.operands.map(\.text).joined(separator: ", ")
    let keyword = term.word.hasPrefix("addc") ? "value" : "alpha"
    let factor = term.factor.map { ", \(keyword)=\($0)" } ?? ""
    return "torch._foreach_\(term.word)\(inPlace ? "_" : "")(\(target.text), \(operands)\(factor))"
  }

  private func accumulate(_ target: Operand, _ term: Term) {
    add(call(target, term, inPlace: true))
  }

  // MARK: Values

  /// A value as an operand: by its name, or computed into a list of its own.
  private func operand(_ id: ValueID) throws(DiagnosticError) -> Operand {
    if writer.kinds[id.index] == .host { return Operand(text: try writer.text(id), isList: false) }
    if writer.names[id] != nil || function[id].operation.isSource {
      return Operand(text: try writer.text(id), isList: true)
    }
    return try compute(id, as: nil)
  }

  private func fresh(_ wanted: String?) -> String {
    wanted ?? pool.unique("x")
  }

  /// Computes a value that has no name yet.
  private func compute(_ id: ValueID, as wanted: String?) throws(DiagnosticError) -> Operand {
    let i = function[id]
    if i.operation.isSource {
      return Operand(text: try writer.text(id), isList: true)
    }
    func made(_ call: String) -> Operand {
      let name = fresh(wanted)
      add("\(name) = \(call)")
      return Operand(text: name, isList: true, isOwned: true)
    }
    /// The operation in place where the first operand is nobody else's.
    func apply(_ word: String, _ x: Operand, _ rest: String) -> Operand {
      if x.isOwned {
        add("torch._foreach_\(word)_(\(x.text)\(rest))")
        return x
      }
      return made("torch._foreach_\(word)(\(x.text)\(rest))")
    }
    if let word = Self.unary[i.operation] { return apply(word, try operand(i.a), "") }
    switch i.operation {
    case .select:
      let test = try writer.text(i.a)
      let then = try operand(i.b)
      let otherwise = try operand(i.c)
      let name = fresh(wanted)
      add("\(name) = \(then.text) if \(test) else \(otherwise.text)")
      return Operand(text: name, isList: true)
    case .clip:
      let low = apply("clamp_min", try operand(i.a), ", \(try writer.text(i.b))")
      return apply("clamp_max", low, ", \(try writer.text(i.c))")
    case .power: return apply("pow", try operand(i.a), ", \(try writer.text(i.b))")
    default: break
    }
    if i.operation == .add || i.operation == .subtract,
      writer.kinds[i.a.index] == .tensor, writer.kinds[i.b.index] == .tensor
    {
      // The term is computed first: a list made for it may not be the one that is added to.
      let target = try operand(i.a)
      let term = try addend(i.b, negated: i.operation == .subtract)
      if target.isOwned {
        accumulate(target, term)
        return target
      }
      return made(call(target, term, inPlace: false))
    }
    guard let word = Self.binary[i.operation] else {
      throw writer.refuse("`\(i.operation.info.name)`", id)
    }
    if i.operation == .multiply, i.a == i.b {
      let x = try operand(i.a)
      return apply("mul", x, ", \(x.text)")
    }
    let x = try operand(i.a)
    let y = try operand(i.b)
    if x.isList { return apply(word, x, ", \(y.text)") }
    switch i.operation {
    case .subtract:
      let negative = apply("neg", y, "")
      return apply("add", negative, ", \(x.text)")
    case .divide:
      let inverse = apply("reciprocal", y, "")
      return apply("mul", inverse, ", \(x.text)")
    default: return apply(word, y, ", \(x.text)")
    }
  }
}

import CKernels
import IR
import Runtime

/// The C function of one pass: pointers and numbers first, then one loop with a statement for each
/// operation.
///
/// Where a pass reduces or knows its place, the loop runs block by block as the interpreter does, with
/// what such operations read and write in arrays of one block, so that sums have the same order.
struct SegmentWriter {
  /// A value of the loop: a local, and the condition under which it is there.
  struct Value {
    var name: String
    var predicate: Int32
  }

  /// What the text needs before it.
  struct Needs: OptionSet {
    let rawValue: Int
    static let math = Needs(rawValue: 1)
    static let reductions = Needs(rawValue: 2)
    static let places = Needs(rawValue: 4)
    /// Numbers of sixteen bits.
    static let formats = Needs(rawValue: 8)
    /// States in blocks, or rounded by chance.
    static let states = Needs(rawValue: 16)
  }

  /// Stands for the function's name.
  static let stem = UInt8(ascii: "@")
  static let always: Int32 = -1
  /// Bytes of a block's arrays, on the stack.
  private static let scratchLimit = 256 * 1024
  /// Conditions for which the loop is written twice: few, since the compiler's time counts.
  var versionLimit: Int { source.instructions.count <= 32 ? 3 : 2 }

  let source: SegmentSource
  let isFloat: Bool
  var needs: Needs = []
  let dialect: CDialect
  var names = Names()
  var hoists: [String] = []
  var before: [String] = []
  var declarations: [String] = []
  var loop: [String] = []
  var after: [String] = []
  var places: [String] = []
  var arrays: [String] = []
  /// Conditions and reciprocals that the caller passes, as (name, value).
  var conditions: [(name: String, value: String, isGuard: Bool)] = []
  private var pointers: [UInt16: String] = [:]
  var current: [UInt16: Value] = [:]
  private var hoisted: [String: String] = [:]
  var loaded: [UInt16: [Value]] = [:]
  var written: Set<Int32> = []
  /// Arrays of one block by the value that they hold, where its condition held.
  var copies: [String: Value] = [:]
  private var temporaries = 0
  var scratchBytes = 0
  private var openPredicate = SegmentWriter.always
  var block: [String] = []

  init(_ source: SegmentSource) {
    self.source = source
    isFloat = source.element == .float32
    dialect = CDialect(isFloat: isFloat)
  }

  var real: String { isFloat ? "float" : "double" }
  var other: String { isFloat ? "double" : "float" }
  var suffix: String { isFloat ? "_f32" : "_f64" }
  var width: Int32 { isFloat ? 4 : 8 }

  /// The text of the function, or nil where the pass stays with the interpreter.
  mutating func text() -> String? {
    guard isClean() else { return nil }
    var predicate = Self.always
    var left = 0
    for (k, instruction) in source.instructions.enumerated() {
      if instruction.kind == UInt16(RV_UNLESS.rawValue) {
        predicate = Int32(instruction.a)
        left = Int(instruction.skip)
        continue
      }
      if left == 0 { predicate = Self.always }
      left = max(left - 1, 0)
      let isWritten =
        instruction.kind == UInt16(RV_AT.rawValue)
        ? writePlace(instruction, predicate)
        : writePlain(instruction, rv_op(UInt32(source.operations[k])), predicate)
      if !isWritten { return nil }
    }
    closeGuard()
    return scratchBytes <= Self.scratchLimit ? assembled() : nil
  }

  // MARK: What may be compiled

  func operand(_ k: UInt16) -> rv_operand { source.operands[Int(k)] }
  private func kind(_ k: UInt16) -> UInt32 { UInt32(operand(k).kind) }
  func isMemory(_ k: UInt16) -> Bool { kind(k) == RV_MEMORY.rawValue }
  func isScratch(_ k: UInt16) -> Bool { kind(k) == RV_SCRATCH.rawValue }
  func isScalar(_ k: UInt16) -> Bool { kind(k) == RV_SCALAR.rawValue }

  /// Whether each slot that is written is seen at one place only: an element then depends on no
  /// other element that this pass writes.
  private mutating func isClean() -> Bool {
    for instruction in source.instructions where instruction.kind != UInt16(RV_UNLESS.rawValue) {
      let target = operand(instruction.d)
      switch kind(instruction.d) {
      case RV_MEMORY.rawValue, RV_FIXED.rawValue: written.insert(target.index)
      default: break
      }
    }
    var seen: Set<Int32> = []
    for operand in source.operands {
      let isMemory = [RV_MEMORY.rawValue, RV_FIXED.rawValue].contains(UInt32(operand.kind))
      if isMemory, written.contains(operand.index), !seen.insert(operand.index).inserted {
        return false
      }
    }
    return true
  }

  // MARK: Operands

  /// The type of the elements at a memory operand.
  private func elementType(_ k: UInt16) -> String {
    switch operand(k).stride {
    case width: real
    case 2: "uint16_t"
    default: other
    }
  }

  /// A pointer to the block's first element (or, for memory that does not advance, to its first).
  mutating func pointer(_ k: UInt16) -> String {
    if let found = pointers[k] { return found }
    let operand = operand(k)
    let name = names.unique("p_", source.slotNames[Int(operand.index)])
    pointers[k] = name
    let type = isMemory(k) ? elementType(k) : real
    let address =
      operand.offset == 0
      ? "frame->slots[\(operand.index)]"
      : "((char *)frame->slots[\(operand.index)] + \(operand.offset))"
    block.append(
      "\(type) *const \(name) = (\(type) *)\(address)\(isMemory(k) ? " + block" : "");")
    return name
  }

  private mutating func hoist(
    _ key: String, _ line: (String) -> String, _ prefix: String, _ name: String
  ) -> String {
    if let found = hoisted[key] { return found }
    let result = names.unique(prefix, name)
    hoisted[key] = result
    hoists.append(line(result))
    return result
  }

  /// A number of the step in the type of the elements.
  private mutating func number(_ register: Int32, _ type: String) -> String {
    let known = source.registers[register]
    if case .constant(let x) = known,
      let literal = Expression.literal(x, isFloat: type == "float")
    {
      return literal
    }
    var prefix = "r"
    var name = "\(register)"
    var comment = ""
    switch known {
    case .named(let text): (prefix, name) = ("h_", text)
    case .computed(let text) where !text.isEmpty: comment = "  // " + Names.comment(text)
    default: break
    }
    if type != real { name += "_wide" }
    return hoist(
      "\(type) \(register)",
      { "const \(type) \($0) = (\(type))frame->scalars[\(register)];\(comment)" }, prefix, name)
  }

  /// The value of an operand where `predicate` holds.
  mutating func value(_ k: UInt16, _ predicate: Int32) -> String {
    if isScalar(k) { return number(operand(k).index, real) }
    if let found = current[k] { return found.name }
    if let found = loaded[k]?.first(where: {
      $0.predicate == Self.always || $0.predicate == predicate
    }) {
      return found.name
    }
    let pointer = pointer(k)
    let name = names.unique("v_", source.slotNames[Int(operand(k).index)])
    define(elementType(k), name, "\(pointer)[i]", predicate)
    loaded[k, default: []].append(Value(name: name, predicate: predicate))
    return name
  }

  // MARK: Statements

  mutating func statement(_ text: String, _ predicate: Int32) {
    if openPredicate != predicate {
      closeGuard()
      if predicate != Self.always { loop.append("if (\(predicateName(predicate))) {") }
      openPredicate = predicate
    }
    loop.append(predicate == Self.always ? text : "  " + text)
  }

  private mutating func closeGuard() {
    if openPredicate != Self.always { loop.append("}") }
    openPredicate = Self.always
  }

  /// Gives a local its value. One that only a condition gives outlives the condition's block; where
  /// it does not hold the local keeps `old`, or nobody looks.
  mutating func define(
    _ type: String, _ name: String, _ text: String, _ predicate: Int32, old: String? = nil
  ) {
    if predicate == Self.always { return statement("const \(type) \(name) = \(text);", predicate) }
    if let old {
      closeGuard()
      loop.append("\(type) \(name) = \(old);")
    } else {
      declarations.append("\(type) \(name) = 0;")
    }
    statement("\(name) = \(text);", predicate)
  }

  mutating func predicateName(_ k: Int32) -> String {
    let register = operand(UInt16(k)).index
    return condition("g\(register)", "frame->scalars[\(register)] != 0", isGuard: true)
  }

  private mutating func condition(_ name: String, _ value: String, isGuard: Bool) -> String {
    if !conditions.contains(where: { $0.name == name }) {
      conditions.append((name, value, isGuard))
    }
    return name
  }

  mutating func temporary() -> String {
    temporaries += 1
    return "x\(temporaries)"
  }

  private mutating func writePlain(
    _ instruction: rv_instruction, _ operation: rv_op, _ predicate: Int32
  ) -> Bool {
    switch operation {
    case RV_SUM, RV_SQUARES, RV_MAX, RV_MIN: return reduce(instruction, operation, predicate)
    default: break
    }
    let operands = [instruction.a, instruction.b, instruction.c, instruction.e].prefix(
      Expression.operandCount(operation))
    let isStored = isMemory(instruction.d)
    let type = isStored ? elementType(instruction.d) : real
    guard isStored || isScratch(instruction.d),
      let text = expression(operation, Array(operands), type, predicate)
    else { return false }
    let name =
      isStored
      ? names.unique("n_", source.slotNames[Int(operand(instruction.d).index)]) : temporary()
    define(type, name, text, predicate, old: isStored ? current[instruction.d]?.name : nil)
    if isStored { statement("\(pointer(instruction.d))[i] = \(name);", predicate) }
    current[instruction.d] = Value(name: name, predicate: predicate)
    return true
  }

  private mutating func expression(
    _ operation: rv_op, _ k: [UInt16], _ type: String, _ predicate: Int32
  ) -> String? {
    let notation: Notation?
    switch operation {
    case RV_FROM_BF16, RV_TO_BF16, RV_FROM_F16, RV_TO_F16:
      notation = .call(Self.conversion(operation), [operandNotation(k[0], predicate)])
    case RV_FROM_OTHER, RV_TO_OTHER: return "(\(type))\(value(k[0], predicate))"
    case RV_COPY where isScalar(k[0]): return number(operand(k[0]).index, type)
    case RV_COPY where type != real: return nil
    case RV_POWER where isScalar(k[1]):
      notation = power(operandNotation(k[0], predicate), operand(k[1]).index)
    case RV_ROOT_QUOTIENT_ADD:
      let quotient = scaledQuotient(k[0], k[1], predicate)
      notation = .apply(
        .add, [.apply(.squareRoot, [quotient]), operandNotation(k[2], predicate)])
    case RV_QUOTIENT_DIVIDE:
      let quotient = Notation.group(scaledQuotient(k[0], k[1], predicate))
      notation = .apply(.divide, [quotient, operandNotation(k[2], predicate)])
    default: notation = Expression.of(operation, k.map { operandNotation($0, predicate) })
    }
    return notation.map { dialect.text($0) }
  }

  private mutating func operandNotation(_ k: UInt16, _ predicate: Int32) -> Notation {
    .verbatim(value(k, predicate))
  }

  private static func conversion(_ operation: rv_op) -> String {
    switch operation {
    case RV_FROM_BF16: "from_bf16"
    case RV_TO_BF16: "to_bf16"
    case RV_FROM_F16: "from_f16"
    default: "to_f16"
    }
  }

  /// One exponent for all elements.
  private mutating func power(_ x: Notation, _ register: Int32) -> Notation {
    var exponent = number(register, "double")
    let square = Notation.apply(.multiply, [x, x])
    let root = Notation.apply(.squareRoot, [x])
    if case .constant(let y) = source.registers[register] {
      switch y {
      case 2: return square
      case 3: return .apply(.multiply, [square, x])
      case 4: return .apply(.multiply, [.group(square), square])
      case -1: return .apply(.divide, [.digits("1"), x])
      case 0.5: return root
      case 1: return x
      default: exponent = Expression.literal(y, isFloat: false) ?? exponent
      }
    }
    let general = Notation.apply(.power, [x, .verbatim(exponent)])
    if case .constant = source.registers[register] { return general }
    // The exponents that rules have as a hyperparameter's usual value: without them in a version of
    // its own the loop calls pow.
    let isPlain = condition(
      "e\(register)", "frame->scalars[\(register)] == 0.5 || frame->scalars[\(register)] == 1",
      isGuard: true)
    let isHalf = hoist(
      "half \(register)", { "const int \($0) = frame->scalars[\(register)] == 0.5;" }, "half",
      "\(register)")
    return .conditional(.verbatim(isPlain), .conditional(.verbatim(isHalf), root, x), general)
  }

  /// x / s by one number. In float, below a root or a further quotient, it is x times the reciprocal
  /// where that is a normal number, as in the interpreter.
  private mutating func scaledQuotient(_ x: UInt16, _ s: UInt16, _ predicate: Int32) -> Notation {
    let tensor = operandNotation(x, predicate)
    let quotient = Notation.apply(.divide, [tensor, operandNotation(s, predicate)])
    if !isFloat { return quotient }
    let register = operand(s).index
    let reciprocal = hoist(
      "reciprocal \(register)",
      { "const float \($0) = (float)(1 / frame->scalars[\(register)]);" }, "q", "\(register)")
    let isNormal = condition(
      "f\(register)", "RV_HAS_RECIPROCAL(frame->scalars[\(register)])", isGuard: false)
    return .conditional(
      .verbatim(isNormal), .apply(.multiply, [tensor, .verbatim(reciprocal)]), quotient)
  }
}

import CKernels
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
    var wanted: Int32
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
  private static let roomLimit = 256 * 1024
  /// Conditions for which the loop is written twice: few, since the compiler's time counts.
  private var versionLimit: Int { source.instructions.count <= 32 ? 3 : 2 }

  let source: SegmentSource
  let isFloat: Bool
  private(set) var needs: Needs = []
  private(set) var helpers: Set<Int> = []
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
  private var current: [UInt16: Value] = [:]
  private var hoisted: [String: String] = [:]
  private var loaded: [UInt16: [Value]] = [:]
  private var written: Set<Int32> = []
  /// Arrays of one block by the value that they hold, where its condition held.
  private var copies: [String: Value] = [:]
  private var temporaries = 0
  private var room = 0
  private var openGuard = SegmentWriter.always
  private var block: [String] = []

  init(_ source: SegmentSource) {
    self.source = source
    isFloat = source.element == .float32
  }

  var real: String { isFloat ? "float" : "double" }
  var other: String { isFloat ? "double" : "float" }
  var suffix: String { isFloat ? "_f32" : "_f64" }
  private var width: Int32 { isFloat ? 4 : 8 }

  /// The text of the function, or nil where the pass stays with the interpreter.
  mutating func text() -> String? {
    guard isClean() else { return nil }
    var wanted = Self.always
    var left = 0
    for (k, instruction) in source.instructions.enumerated() {
      if instruction.kind == UInt16(RV_UNLESS.rawValue) {
        wanted = Int32(instruction.a)
        left = Int(instruction.skip)
        continue
      }
      if left == 0 { wanted = Self.always }
      left = max(left - 1, 0)
      let isWritten =
        instruction.kind == UInt16(RV_AT.rawValue)
        ? writePlace(instruction, wanted)
        : writePlain(instruction, rv_op(UInt32(source.operations[k])), wanted)
      if !isWritten { return nil }
    }
    closeGuard()
    return room <= Self.roomLimit ? assembled() : nil
  }

  // MARK: What may be compiled

  private func operand(_ k: UInt16) -> rv_operand { source.operands[Int(k)] }
  private func kind(_ k: UInt16) -> UInt32 { UInt32(operand(k).kind) }
  private func isMemory(_ k: UInt16) -> Bool { kind(k) == RV_MEMORY.rawValue }
  private func isScratch(_ k: UInt16) -> Bool { kind(k) == RV_SCRATCH.rawValue }
  private func isScalar(_ k: UInt16) -> Bool { kind(k) == RV_SCALAR.rawValue }

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
  private mutating func pointer(_ k: UInt16) -> String {
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

  /// The value of an operand where `wanted` holds.
  private mutating func value(_ k: UInt16, _ wanted: Int32) -> String {
    if isScalar(k) { return number(operand(k).index, real) }
    if let found = current[k] { return found.name }
    if let found = loaded[k]?.first(where: { $0.wanted == Self.always || $0.wanted == wanted }) {
      return found.name
    }
    let pointer = pointer(k)
    let name = names.unique("v_", source.slotNames[Int(operand(k).index)])
    define(elementType(k), name, "\(pointer)[i]", wanted)
    loaded[k, default: []].append(Value(name: name, wanted: wanted))
    return name
  }

  // MARK: Statements

  private mutating func statement(_ text: String, _ wanted: Int32) {
    if openGuard != wanted {
      closeGuard()
      if wanted != Self.always { loop.append("if (\(guardName(wanted))) {") }
      openGuard = wanted
    }
    loop.append(wanted == Self.always ? text : "  " + text)
  }

  private mutating func closeGuard() {
    if openGuard != Self.always { loop.append("}") }
    openGuard = Self.always
  }

  /// Gives a local its value. One that only a condition gives outlives the condition's block; where
  /// it does not hold the local keeps `old`, or nobody looks.
  private mutating func define(
    _ type: String, _ name: String, _ text: String, _ wanted: Int32, old: String? = nil
  ) {
    if wanted == Self.always { return statement("const \(type) \(name) = \(text);", wanted) }
    if let old {
      closeGuard()
      loop.append("\(type) \(name) = \(old);")
    } else {
      declarations.append("\(type) \(name) = 0;")
    }
    statement("\(name) = \(text);", wanted)
  }

  private mutating func guardName(_ k: Int32) -> String {
    let register = operand(UInt16(k)).index
    return condition("g\(register)", "frame->scalars[\(register)] != 0", isGuard: true)
  }

  private mutating func condition(_ name: String, _ value: String, isGuard: Bool) -> String {
    if !conditions.contains(where: { $0.name == name }) {
      conditions.append((name, value, isGuard))
    }
    return name
  }

  private mutating func temporary() -> String {
    temporaries += 1
    return "x\(temporaries)"
  }

  private mutating func writePlain(
    _ instruction: rv_instruction, _ operation: rv_op, _ wanted: Int32
  ) -> Bool {
    switch operation {
    case RV_SUM, RV_MAX, RV_MIN: return reduce(instruction, operation, wanted)
    default: break
    }
    let operands = [instruction.a, instruction.b, instruction.c, instruction.e].prefix(
      Expression.operandCount(operation))
    let isStored = isMemory(instruction.d)
    let type = isStored ? elementType(instruction.d) : real
    guard isStored || isScratch(instruction.d),
      let text = expression(operation, Array(operands), type, wanted)
    else { return false }
    let name =
      isStored
      ? names.unique("n_", source.slotNames[Int(operand(instruction.d).index)]) : temporary()
    define(type, name, text, wanted, old: isStored ? current[instruction.d]?.name : nil)
    if isStored { statement("\(pointer(instruction.d))[i] = \(name);", wanted) }
    current[instruction.d] = Value(name: name, wanted: wanted)
    return true
  }

  private mutating func expression(
    _ operation: rv_op, _ k: [UInt16], _ type: String, _ wanted: Int32
  ) -> String? {
    switch operation {
    case RV_FROM_BF16, RV_TO_BF16, RV_FROM_F16, RV_TO_F16:
      needs.insert(.formats)
      return "\(Self.conversion(operation))\(suffix)(\(value(k[0], wanted)))"
    case RV_FROM_OTHER, RV_TO_OTHER: return "(\(type))\(value(k[0], wanted))"
    case RV_COPY where isScalar(k[0]): return number(operand(k[0]).index, type)
    case RV_COPY where type != real: return nil
    case RV_POWER where isScalar(k[1]): return power(value(k[0], wanted), operand(k[1]).index)
    case RV_ROOT_QUOTIENT_ADD:
      let quotient = scaledQuotient(k[0], k[1], wanted)
      return "sqrt\(isFloat ? "f" : "")(\(quotient)) + \(value(k[2], wanted))"
    case RV_QUOTIENT_DIVIDE:
      return "(\(scaledQuotient(k[0], k[1], wanted))) / \(value(k[2], wanted))"
    default: break
    }
    let operands = k.map { value($0, wanted) }
    guard let text = Expression.of(operation, operands, isFloat: isFloat) else { return nil }
    if let helper = text.helper { helpers.insert(helper.rawValue) }
    if text.usesMath { needs.insert(.math) }
    if text.usesFormats { needs.insert(.formats) }
    return text.text
  }

  private static func conversion(_ operation: rv_op) -> String {
    switch operation {
    case RV_FROM_BF16: "rv_from_bf16"
    case RV_TO_BF16: "rv_to_bf16"
    case RV_FROM_F16: "rv_from_f16"
    default: "rv_to_f16"
    }
  }

  /// One exponent for all elements.
  private mutating func power(_ x: String, _ register: Int32) -> String {
    var exponent = number(register, "double")
    if case .constant(let y) = source.registers[register] {
      switch y {
      case 2: return "\(x) * \(x)"
      case 3: return "\(x) * \(x) * \(x)"
      case 4: return "(\(x) * \(x)) * (\(x) * \(x))"
      case -1: return "1 / \(x)"
      case 0.5: return "sqrt\(isFloat ? "f" : "")(\(x))"
      case 1: return x
      default: exponent = Expression.literal(y, isFloat: false) ?? exponent
      }
    }
    helpers.insert(Expression.Helper.power.rawValue)
    if case .constant = source.registers[register] {
      return "rv_power\(suffix)(\(x), \(exponent))"
    }
    // The exponents that rules have as a hyperparameter's usual value: without them in a version of
    // its own the loop calls pow.
    let isPlain = condition(
      "e\(register)", "frame->scalars[\(register)] == 0.5 || frame->scalars[\(register)] == 1",
      isGuard: true)
    let isHalf = hoist(
      "half \(register)", { "const int \($0) = frame->scalars[\(register)] == 0.5;" }, "half",
      "\(register)")
    let root = "sqrt\(isFloat ? "f" : "")(\(x))"
    return "\(isPlain) ? (\(isHalf) ? \(root) : \(x)) : rv_power\(suffix)(\(x), \(exponent))"
  }

  /// x / s by one number. In float, below a root or a further quotient, it is x times the reciprocal
  /// where that is a normal number, as in the interpreter.
  private mutating func scaledQuotient(_ x: UInt16, _ s: UInt16, _ wanted: Int32) -> String {
    let tensor = value(x, wanted)
    let divisor = value(s, wanted)
    if !isFloat { return "\(tensor) / \(divisor)" }
    let register = operand(s).index
    let reciprocal = hoist(
      "reciprocal \(register)",
      { "const float \($0) = (float)(1 / frame->scalars[\(register)]);" }, "q", "\(register)")
    let isNormal = condition(
      "f\(register)", "RV_HAS_RECIPROCAL(frame->scalars[\(register)])", isGuard: false)
    return "\(isNormal) ? \(tensor) * \(reciprocal) : \(tensor) / \(divisor)"
  }

  // MARK: Reductions and places

  /// An array of one block.
  private mutating func array() -> String {
    let name = names.unique("b", "\(arrays.count + 1)")
    arrays.append("\(real) \(name)[\(source.chunk)];")
    room += source.chunk * Int(width)
    return name
  }

  /// The block of an operand in memory: where it lies, or a copy that the loop makes.
  private mutating func vector(_ k: UInt16, _ wanted: Int32) -> String? {
    if isScalar(k) { return nil }
    if isMemory(k), operand(k).stride == width, !written.contains(operand(k).index) {
      return pointer(k)
    }
    let value = value(k, wanted)
    if let found = copies[value], [Self.always, wanted].contains(found.wanted) { return found.name }
    let array = array()
    copies[value] = Value(name: array, wanted: wanted)
    statement("\(array)[i] = \(value);", wanted)
    return array
  }

  private mutating func guarded(_ text: String, _ wanted: Int32) -> String {
    wanted == Self.always ? text : "if (\(guardName(wanted))) \(text)"
  }

  private mutating func reduce(
    _ instruction: rv_instruction, _ operation: rv_op, _ wanted: Int32
  ) -> Bool {
    guard isScalar(instruction.d), let x = vector(instruction.a, wanted) else { return false }
    needs.insert(.reductions)
    let kernel = operation == RV_SUM ? "sum" : operation == RV_MAX ? "max" : "min"
    after.append(
      guarded(
        "RV_REDUCE(\(kernel)_0\(suffix), \(operand(instruction.d).index), \(x));", wanted))
    return true
  }

  private mutating func writePlace(_ instruction: rv_instruction, _ wanted: Int32) -> Bool {
    needs.insert([.reductions, .places])
    let place = source.places[Int(instruction.place)]
    switch rv_positioned(UInt32(place.kind)) {
    case RV_REDUCE_ROWS:
      guard let x = vector(instruction.a, wanted) else { return false }
      after.append(
        guarded(
          "reduce_rows\(suffix)(\(pointer(instruction.d)), \(x), &\(constant(place)), "
            + "frame->scalars + \(place.carry), block, n);", wanted))
      return true
    case RV_REDUCE_COLUMNS:
      guard let x = vector(instruction.a, wanted) else { return false }
      after.append(
        guarded(
          "reduce_columns\(suffix)(\(x), &\(constant(place)), "
            + "frame->sums + \(operand(instruction.d).offset / 8), block, n);", wanted))
      return true
    case RV_PLACE_ENCODE:
      guard let x = vector(instruction.a, wanted) else { return false }
      needs.insert([.formats, .states])
      after.append(
        guarded(
          "place_encode\(suffix)(\(pointer(instruction.d)), \(x), &\(constant(place)), frame, "
            + "block, n);", wanted))
      return true
    default: return load(instruction, place, wanted)
    }
  }

  /// Strided reads, counts, identities and draws: made before the loop, for all of a block.
  private mutating func load(
    _ instruction: rv_instruction, _ place: rv_place, _ wanted: Int32
  ) -> Bool {
    let isStored = isMemory(instruction.d)
    guard isStored ? operand(instruction.d).stride == width : isScratch(instruction.d) else {
      return false
    }
    // What the loop reads before must not be overwritten before the loop.
    let isEarly = isStored && loaded[instruction.d] == nil && current[instruction.d] == nil
    let target = isEarly ? pointer(instruction.d) : array()
    let shape = constant(place)
    let call: String
    switch rv_positioned(UInt32(place.kind)) {
    case RV_PLACE_STRIDED:
      call = "place_strided\(suffix)(\(target), \(pointer(instruction.a)), &\(shape), block, n);"
    case RV_PLACE_DECODE:
      needs.insert([.formats, .states])
      call =
        "place_decode\(suffix)(\(target), \(pointer(instruction.a)), &\(shape), block, n);"
    case RV_PLACE_IOTA: call = "place_iota\(suffix)(\(target), &\(shape), block, n);"
    case RV_PLACE_IDENTITY: call = "place_identity\(suffix)(\(target), &\(shape), block, n);"
    case RV_PLACE_DRAW:
      guard let operand = drawOperand(instruction, place) else { return false }
      call = "place_draw\(suffix)(\(target), \(operand), &\(shape), frame, block, n);"
    default: return false
    }
    before.append(guarded(call, wanted))
    let name = temporary()
    define(real, name, "\(target)[i]", wanted)
    if isStored, !isEarly { statement("\(pointer(instruction.d))[i] = \(name);", wanted) }
    current[instruction.d] = Value(name: name, wanted: wanted)
    return true
  }

  /// What a draw reads: nothing, a number, or memory; a value of this loop comes too late.
  private mutating func drawOperand(_ instruction: rv_instruction, _ place: rv_place) -> String? {
    guard place.distribution == 4 else { return "0" }
    let k = instruction.a
    if isScalar(k) { return "frame->scalars + \(operand(k).index)" }
    guard isMemory(k), operand(k).stride == width, !written.contains(operand(k).index) else {
      return nil
    }
    return pointer(k)
  }

  private mutating func constant(_ place: rv_place) -> String {
    func axes(_ numbers: AxisNumbers) -> String {
      withUnsafeBytes(of: numbers) { bytes in
        bytes.bindMemory(to: Int64.self).prefix(Int(max(place.axes, 2))).map(String.init)
          .joined(separator: ", ")
      }
    }
    let fields = [
      ".kind = \(place.kind)", ".axes = \(place.axes)", ".extent = {\(axes(place.extent))}",
      ".stride = {\(axes(place.stride))}", ".fold = \(place.fold)",
      ".distribution = \(place.distribution)", ".site = \(place.site)u",
      ".isGlobal = \(place.isGlobal)", ".replay = \(place.replay)", ".carry = \(place.carry)",
    ].filter { !$0.hasSuffix("= 0") && !$0.hasSuffix("= 0u") }
    let text = "{\(fields.joined(separator: ", "))};"
    if let found = places.firstIndex(where: { $0.hasSuffix(text) }) { return "shape\(found + 1)" }
    places.append("static const rv_place shape\(places.count + 1) = \(text)")
    return "shape\(places.count)"
  }

  // MARK: The function

  private func assembled() -> String {
    let isInBlocks = !arrays.isEmpty || !before.isEmpty || !after.isEmpty
    var lines: [String] = []
    let frame = "const rv_frame *frame, int64_t start, int64_t end"
    let flags = conditions.map { ", const int \($0.name)" }.joined()
    lines.append(
      conditions.isEmpty
        ? "void @(\(frame)) {" : "RV_INLINE void @_pass(\(frame)\(flags)) {")
    lines += (places + hoists + arrays).map { "  " + $0 }
    if isInBlocks {
      lines.append("  int64_t block = start;")
      lines.append("  do {")
      lines.append(
        "    const int64_t n = end - block < \(source.chunk) ? end - block : \(source.chunk);")
      lines += inner("    ")
      lines.append("    block += n;")
      lines.append("  } while (block < end);")
    } else {
      lines.append("  const int64_t block = start, n = end - start;")
      lines += inner("  ")
    }
    lines.append("}")
    if !conditions.isEmpty { lines += dispatch(frame) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func inner(_ indent: String) -> [String] {
    var lines = (block + before).map { indent + $0 }
    if !loop.isEmpty {
      lines.append(indent + "RV_LOOP")
      lines.append(indent + "for (int64_t i = 0; i < n; i++) {")
      lines += (declarations + loop).map { indent + "  " + $0 }
      lines.append(indent + "}")
    }
    return lines + after.map { indent + $0 }
  }

  /// Calls the pass with its conditions as constants, so that each version of the loop is straight.
  private func dispatch(_ frame: String) -> [String] {
    let reciprocals = conditions.filter { !$0.isGuard }.map(\.name)
    let guards = conditions.filter(\.isGuard).prefix(versionLimit).map(\.name)
    var lines = [""]
    // Without reciprocals one of the versions always runs.
    if !reciprocals.isEmpty {
      let flags = conditions.map { ", const int \($0.name)" }.joined()
      let arguments = conditions.map { ", \($0.name)" }.joined()
      lines += [
        "// Seldom: a divisor beyond 1e30 or below 1e-30.",
        "static __attribute__((noinline, cold)) void @_seldom(",
        "    \(frame)\(flags)) {",
        "  @_pass(frame, start, end\(arguments));", "}", "",
      ]
    }
    lines.append("void @(\(frame)) {")
    for condition in conditions {
      lines.append("  const int \(condition.name) = \(condition.value);")
    }
    for version in 0..<(1 << guards.count) {
      func holds(_ name: String) -> Bool? {
        if reciprocals.contains(name) { return true }
        return guards.firstIndex(of: name).map { version >> $0 & 1 == 0 }
      }
      let test = (reciprocals + guards).map { holds($0)! ? $0 : "!\($0)" }
        .joined(separator: " && ")
      let arguments = conditions.map { ", " + (holds($0.name).map { $0 ? "1" : "0" } ?? $0.name) }
      lines.append("  if (\(test)) {")
      lines.append("    @_pass(frame, start, end\(arguments.joined()));")
      lines.append("    return;")
      lines.append("  }")
    }
    if !reciprocals.isEmpty {
      let arguments = conditions.map { ", \($0.name)" }.joined()
      lines.append("  @_seldom(frame, start, end\(arguments));")
    }
    lines.append("}")
    return lines
  }
}

typealias AxisNumbers = (Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64)

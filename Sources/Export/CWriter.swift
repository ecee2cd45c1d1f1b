import Basics
import Diagnostics
import IR

/// Plain C on numbers of type double: the elements of tensors one by one.
struct CElementDialect: Dialect {
  static let forms = Form.Table { operation in
    switch operation {
    case .power, .modulo, .minimum, .maximum, .absolute, .transpose, .matrixProduct: nil
    case .logicalAnd: .sign("&&", .logicalAnd)
    case .logicalOr: .sign("||", .logicalOr)
    case .logicalNot: Form("!$0", .prefix, [.postfix])
    default: .sign(operation.info.name, operation)
    }
  }
  static let conditional = Form("$0 ? $1 : $2", .conditional, [.or, .or, .conditional])

  func number(_ x: Double) -> Written {
    if x.isNaN { return Written("NAN") }
    if x.isInfinite { return .signed(x < 0 ? "-INFINITY" : "INFINITY") }
    if let share = PythonNumber.complement(x) { return Written("1.0 - \(share)", .sum) }
    let text = PythonNumber.shortened(NumberText.shortest(x, signedZero: true))
    return .signed(text.contains(where: { $0 == "." || $0 == "e" }) ? text : text + ".0")
  }

  /// A condition in brackets where C's warnings want them.
  func joint(_ operation: Operation, _ left: String, _ right: String) -> String? { nil }
}

/// Prints values as expressions of C: numbers, and elements of tensors at a place of a loop.
final class CWriter {
  /// The loop that an expression stands in: no loop, over all elements, or over rows and columns.
  enum Place: Hashable {
    case none
    case flat
    /// The extents of the loop, as symbols.
    case grid(Extent, Extent)
  }

  let function: Function
  let rule: ExportedRule
  var leaves: Leaves
  let language = CElementDialect()
  let kinds: [ValueKind]
  /// Values that have a name: a number, or a buffer of numbers.
  var names: [ValueID: String] = [:]
  /// Values with a name that are one number of the loop, not a buffer.
  var locals: Set<ValueID> = []
  let needs: CNeeds
  /// What sources are read inside of the current loop.
  var loaded: [(source: ValueID, name: String)] = []
  var place = Place.none
  var arguments: [ValueID: String] = [:]
  /// The extents of the function around a loop's body.
  var outer: CWriter?

  init(
    _ function: Function, _ rule: ExportedRule, _ leaves: Leaves, _ needs: CNeeds,
    kinds: [ValueKind]? = nil
  ) {
    self.function = function
    self.rule = rule
    self.leaves = leaves
    self.needs = needs
    self.kinds = kinds ?? function.kinds(tracesHypers: false)
  }

  func refuse(_ construct: String, _ id: ValueID) -> DiagnosticError {
    DiagnosticError(.notInTarget(construct, rule.target, at: function.origin(id)))
  }

  func text(
    _ id: ValueID, in outer: Precedence = .conditional
  ) throws(DiagnosticError) -> String {
    language.text(try notation(id), in: outer)
  }

  func isTensor(_ id: ValueID) -> Bool { kinds[id.index] == .tensor }

  func notation(_ id: ValueID) throws(DiagnosticError) -> Notation {
    if let name = names[id] ?? leaves.given[id] {
      if !isTensor(id) || locals.contains(id) { return .name(name) }
      return .name("\(name)[\(try index(function.type(id).shape, id))]")
    }
    return try definition(id)
  }

  /// The right side of a value, whether or not it has a name.
  func definition(_ id: ValueID) throws(DiagnosticError) -> Notation {
    let i = function[id]
    let slot = Int(i.attribute)
    if !i.type.shape.axes.isEmpty {
      throw refuse("values over the axis `\(i.type.shape.axes.names[0].word)`", id)
    }
    switch i.operation {
    case .constant:
      let x = function.constants[slot]
      return x == .pi ? .name("3.14159265358979323846") : .number(x)
    case .hyper: return .name(leaves.hypers[slot] ?? "?")
    case .step: return .name(leaves.step)
    case .horizon: return .name(leaves.horizon)
    case .loss: return .name(leaves.loss)
    case .extent: return .verbatim(try extent(i, id))
    case .parameter: return .name(try load(id, "p->w", "w"))
    case .gradient: return .name(try load(id, "grad", "g"))
    case .state:
      let name = leaves.states[slot]
      return .name(isTensor(id) ? try load(id, "p->\(name)", name) : name)
    case .input:
      let name = leaves.inputs[slot]
      return .name(isTensor(id) ? try load(id, name, name + "_i") : name)
    case .argument:
      let name = leaves.arguments[slot]
      return .name(isTensor(id) ? "\(name)[\(try index(i.type.shape, id))]" : name)
    case .free: throw refuse("a name without a value", id)
    case .draw: return .verbatim(try draw(i))
    case .iota:
      guard case .grid = place else { throw refuse("`iota` here", id) }
      return .verbatim(slot == 0 && i.type.shape.extents.count == 2 ? "(double)i" : "(double)j")
    case .identity: return .verbatim("(i == j)")
    case .broadcast: return try notation(i.a)
    case .lossAt, .gradientAt: throw refuse("the objective at another point", id)
    case .hessianProduct: throw refuse("the Hessian times a vector, `hvp`", id)
    case .globalSum, .globalMaximum, .globalMinimum:
      throw refuse("a reduction over all tensors inside of `repeat`", id)
    case .qr, .eigh, .svd, .solve, .cholesky:
      throw refuse("the decomposition `\(i.operation.info.name)` with libm alone", id)
    case _ where i.operation.isElementwise: return try elementwise(i, id)
    default: throw refuse(i.operation.construct, id)
    }
  }

  private func elementwise(
    _ i: Instruction, _ id: ValueID
  ) throws(DiagnosticError) -> Notation {
    var parts: [Notation] = []
    for k in 0..<i.operation.info.arity { parts.append(try notation(i.operand(k))) }
    switch i.operation {
    case .multiply where i.a == i.b:
      if case .name = parts[0] { return .apply(.multiply, parts) }
      return .call(needs.use("square"), [parts[0]])
    case .select: return .conditional(parts[0], parts[1], parts[2])
    case .reciprocal: return .apply(.divide, [.number(1), parts[0]])
    case .sign: return .call(needs.use("sign"), parts)
    case .minimum: return .call(needs.use("smaller"), parts)
    case .maximum: return .call(needs.use("larger"), parts)
    case .modulo: return .call(needs.use("modulo"), parts)
    case .clip:
      return .call(
        needs.use("smaller"), [.call(needs.use("larger"), [parts[0], parts[1]]), parts[2]])
    case .power: return .call("pow", parts)
    case .bfloat16: return .call(needs.use("rounded"), [parts[0], .verbatim("8")])
    case .float16: return .call(needs.use("rounded"), [parts[0], .verbatim("11")])
    case .isFinite: return .call("isfinite", parts)
    case .logicalAnd, .logicalOr:
      // Brackets around the other of the two, as compilers ask for.
      let other: Operation = i.operation == .logicalAnd ? .logicalOr : .logicalAnd
      for k in 0..<2 where function[i.operand(k)].operation == other && names[i.operand(k)] == nil {
        parts[k] = .group(parts[k])
      }
      return .apply(i.operation, parts)
    default: break
    }
    if CElementDialect.forms[i.operation] != nil { return .apply(i.operation, parts) }
    guard let name = i.operation.info.libm else {
      throw refuse("`\(i.operation.info.name)`", id)
    }
    return .call(name, parts)
  }

  /// A random number; in a loop one for each element.
  private func draw(_ i: Instruction) throws(DiagnosticError) -> String {
    let call = { (name: String) in "\(self.needs.use(name))(&self->seed)" }
    _ = needs.use("uniform")
    switch function.draws[Int(i.attribute)].distribution {
    case .normal: return call("normal")
    case .uniform: return call("uniform")
    case .exponential: return call("exponential")
    case .rademacher: return "(\(call("uniform")) < 0.5 ? -1.0 : 1.0)"
    case .bernoulli: return "(\(call("uniform")) < \(try text(i.a, in: .sum)))"
    }
  }

  // MARK: Elements

  /// A source read once in a loop, under its own name.
  private func load(
    _ id: ValueID, _ array: String, _ name: String
  ) throws(DiagnosticError) -> String {
    guard place != .none else { throw refuse("a whole tensor here", id) }
    if let found = loaded.first(where: { $0.source == id }) { return found.name }
    loaded.append((id, name))
    loads.append("const double \(name) = \(array)[\(try index(function.type(id).shape, id))];")
    return name
  }

  /// The lines that read sources at the top of a loop.
  var loads: [String] = []

  /// The place of a tensor's element in the loop.
  func index(_ shape: Shape, _ id: ValueID) throws(DiagnosticError) -> String {
    switch place {
    case .none: throw refuse("a whole tensor here", id)
    case .flat: return "i"
    case .grid(let rows, let cols):
      let e = shape.extents
      switch e.count {
      case 0: return "0"
      case 1: return e[0].isOne ? "0" : "j"
      case 2:
        if e[0].isOne, e[1].isOne { return "0" }
        if cols.isOne { return "i" }
        if rows.isOne { return "j" }
        if e[0].isOne, !rows.isOne { return "j" }
        if e[1].isOne, !cols.isOne { return "i" }
        return try "i * \(length(cols, id)) + j"
      default: throw refuse("a tensor of more than two axes", id)
      }
    }
  }

  /// A length as an expression of type size_t.
  func length(_ extent: Extent, _ id: ValueID) throws(DiagnosticError) -> String {
    if let k = extent.computedIndex {
      if let outer { return try outer.length(extent, id) }
      let saved = place
      place = .none
      defer { place = saved }
      return "(size_t)\(try text(function.extents[k], in: .postfix))"
    }
    if extent.isFixed { return "\(extent.value)" }
    switch extent {
    case .rows: return "rows"
    case .cols: return "cols"
    case .numel: return "n"
    default: throw refuse("a length that is known while it runs", id)
    }
  }

  private func extent(_ i: Instruction, _ id: ValueID) throws(DiagnosticError) -> String {
    func count(_ shape: Shape) throws(DiagnosticError) -> String {
      if shape.isLike { return "n" }
      var factors: [String] = []
      for extent in shape.extents where !extent.isOne { factors.append(try length(extent, id)) }
      return factors.isEmpty
        ? "1" : factors.count == 1 ? factors[0] : "(\(factors.joined(separator: " * ")))"
    }
    switch ExtentKind(rawValue: i.attribute) {
    case .rank: return "(double)p->rank"
    case .rows: return "(double)rows"
    case .cols: return "(double)cols"
    case .numel: return "(double)n"
    case .elementsOf: return "(double)\(try count(function.type(i.a).shape))"
    case .rowsOf:
      return "(double)\(try length(function.type(i.a).shape.extents.first ?? .fixed(1), id))"
    case .colsOf:
      let e = function.type(i.a).shape.extents
      return "(double)\(try length(e.count > 1 ? e[1] : .fixed(1), id))"
    default: throw refuse("lengths of named axes", id)
    }
  }
}

/// The small functions that a file of C turned out to call.
final class CNeeds {
  private(set) var helpers: [String] = []
  /// Buffers: the number of doubles of each, as C.
  var buffers: [(name: String, count: String)] = []

  func use(_ helper: String) -> String {
    if !helpers.contains(helper) { helpers.append(helper) }
    return helper
  }

  static let texts: [String: String] = [
    "sign": """
    static double sign(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x; }
    """,
    "square": """
    static double square(double x) { return x * x; }
    """,
    "smaller": """
    /* A NaN on either side stays one. */
    static double smaller(double a, double b) { return a < b || isnan(a) ? a : b; }
    """,
    "larger": """
    /* A NaN on either side stays one. */
    static double larger(double a, double b) { return a > b || isnan(a) ? a : b; }
    """,
    "uniform": """
    /* Uniform numbers in [0, 1) (SplitMix64). */
    static double uniform(uint64_t *seed) {
        uint64_t x = *seed += 0x9E3779B97F4A7C15u;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
        return (double)((x ^ (x >> 31)) >> 11) * 0x1p-53;
    }
    """,
    "normal": """
    /* Normal numbers (Box and Muller). */
    static double normal(uint64_t *seed) {
        double radius = sqrt(-2.0 * log(1.0 - uniform(seed)));
        return radius * cos(6.283185307179586 * uniform(seed));
    }
    """,
    "exponential": """
    static double exponential(uint64_t *seed) { return -log(1.0 - uniform(seed)); }
    """,
    "quantile": """
    static int ascending(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;
        return (x > y) - (x < y);
    }

    /* The quantile q of n numbers, interpolated; sorts them. */
    static double quantile(size_t n, double *x, double q) {
        qsort(x, n, sizeof *x, ascending);
        double place = q * (double)(n - 1);
        size_t below = (size_t)place;
        if (below + 1 >= n) return x[n - 1];
        return x[below] + (place - (double)below) * (x[below + 1] - x[below]);
    }
    """,
    "modulo": """
    /* The remainder with the sign of the divisor. */
    static double modulo(double a, double b) {
        double rest = fmod(a, b);
        return rest != 0.0 && (rest < 0.0) != (b < 0.0) ? rest + b : rest;
    }
    """,
    "rounded": """
    /* The nearest number with so many significant bits, ties to even. */
    static double rounded(double x, int bits) {
        int exponent;
        double fraction = frexp(x, &exponent);
        return ldexp(rint(ldexp(fraction, bits)), exponent - bits);
    }
    """,
    "matmul": """
    /* c = a b, of n x k and k x m numbers in rows. */
    static void matmul(size_t n, size_t k, size_t m, const double *a, const double *b, double *c) {
        for (size_t i = 0; i < n * m; i++) c[i] = 0.0;
        for (size_t i = 0; i < n; i++)
            for (size_t l = 0; l < k; l++)
                for (size_t j = 0; j < m; j++) c[i * m + j] += a[i * k + l] * b[l * m + j];
    }
    """,
    "transpose": """
    /* b = the transpose of a, of n x m numbers in rows. */
    static void transpose(size_t n, size_t m, const double *a, double *b) {
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < m; j++) b[j * n + i] = a[i * m + j];
    }
    """,
  ]
}

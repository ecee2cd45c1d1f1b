import Diagnostics
import IR
import Semantics
import Syntax

/// Functions of the language.
struct BuiltinLowerer: LoweringPart {
  let lowerer: Lowerer

  // MARK: Functions of the language

  func applyBuiltin(
    _ name: String, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value {
    if Builtins.draws.contains(name) {
      return SourceLowerer(lowerer: lowerer).draw(name, arguments, frame, isGlobal: false, span)
    }
    if ["loss", "grad", "hvp"].contains(name) {
      return SourceLowerer(lowerer: lowerer).oracle(name, arguments, frame, span)
    }
    if let made = SourceLowerer(lowerer: lowerer).shaped(name, arguments, frame, span) {
      return made
    }
    if let axis = AxisName(word: name) {
      return SourceLowerer(lowerer: lowerer).listAlong(axis, arguments, frame, span)
    }
    guard let parameters = Self.parameters(of: name) else {
      return report(.notAFunction(name, at: span))
    }
    if ["min", "max"].contains(name) {
      return extremum(name, arguments, frame, span)
    }
    let names = parameters.map { Name(key: $0, text: $0, span: span) }
    guard
      let bound = bind(
        arguments, to: names, of: name, hasDefault: names.map { _ in false }, span)
    else { return .failure }
    let x = bound.map { operand($0!, frame) }
    for value in x { if case .failure = value { return .failure } }
    return builtin(name, x, span)
  }

  /// The parameter names of a builtin, for calls by name and for counting.
  static func parameters(of name: String) -> [String]? {
    switch name {
    case "clip": return ["x", "low", "high"]
    case "dot", "outer": return ["x", "y"]
    case "topk_mask": return ["x", "fraction"]
    case "quantile": return ["x", "q"]
    case "gather", "take_along": return ["x", "index"]
    case "solve": return ["A", "b"]
    case "min", "max": return ["x"]
    case "arctan2": return ["y", "x"]
    case "copysign": return ["x", "sign"]
    case "push": return ["window", "x"]
    default:
      if name.hasPrefix("row_") || name.hasPrefix("col_") { return ["x"] }
      if ["norm", "rms", "mean", "count", "std", "var", "any", "all", "trace", "flatten"]
        .contains(name) || name == "lapack_svd" || ["rows", "cols", "numel"].contains(name)
      {
        return ["x"]
      }
      guard let operation = Operation.allCases.first(where: { $0.info.name == name }) else {
        return nil
      }
      return (0..<operation.info.arity).map { ["x", "y", "z"][$0] }
    }
  }

  private func extremum(
    _ name: String, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value {
    let values = arguments.map { operand($0.value, frame) }
    guard let first = values.first else {
      return report(.needs(name, "at least one value", at: span))
    }
    if values.count == 1 { return reduce(name, first, .all, at: span) }
    let operation: Operation = name == "min" ? .minimum : .maximum
    return values.dropFirst().reduce(first) { make(operation, [$0, $1], at: span) }
  }

  private func builtin(_ name: String, _ x: [Value], _ span: Span) -> Value {
    if name.hasPrefix("row_") { return reduce(String(name.dropFirst(4)), x[0], .perRow, at: span) }
    if name.hasPrefix("col_") {
      return reduce(String(name.dropFirst(4)), x[0], .perColumn, at: span)
    }
    switch name {
    case "norm", "rms", "mean", "count", "std", "var", "any", "all", "sum", "argmax", "argmin":
      let scope: Scope =
        name.hasPrefix("arg") ? ReductionLowerer(lowerer: lowerer).argScope(x[0]) : .all
      return reduce(name, x[0], scope, at: span)
    case "dot": return reduce("sum", make(.multiply, x, at: span), .all, at: span)
    case "trace":
      guard let a = single(x[0], at: span),
        case .value(let diagonal) = make(.diagonal, [a], at: span)
      else { return .failure }
      return reduce("sum", .value(diagonal), .all, at: span)
    case "outer": return outer(x[0], x[1], span)
    case "transpose": return transpose(x[0], at: span)
    case "flatten":
      guard let a = single(x[0], at: span) else { return .failure }
      // A column of the batch stays one number an example.
      let isColumn = entry(a).extents.filter { !$0.isOne } == [.batch]
      let extent: Extent =
        isColumn
        ? .batch : entry(a).isLike ? .numel : knownCount(entry(a)).map { .fixed($0) } ?? .unknown
      return reshaped(a, [extent], span).map { .value($0) } ?? .failure
    case "rows", "cols", "numel":
      guard let a = single(x[0], at: span) else { return .failure }
      if entry(a).isLike {
        return handle(
          lowerer.builder.extent(name == "rows" ? .rows : name == "cols" ? .cols : .numel))
      }
      let kind: ExtentKind = name == "rows" ? .rowsOf : name == "cols" ? .colsOf : .elementsOf
      if let known = knownExtent(a, kind) { return constant(known) }
      return handle(lowerer.builder.extent(kind, of: local(a)))
    case "solve": return solve(x[0], x[1], span)
    case "qr", "eigh", "svd", "lapack_svd":
      let isRaw = name == "lapack_svd"
      let signs: SingularSigns = isRaw ? .lapack : .positivePeak
      guard let a = single(x[0], at: span),
        let operation = isRaw ? .svd : Self.operation(named: name),
        case .value(let tuple) = make(
          operation, [a], attribute: Int32(signs.rawValue), at: span)
      else { return .failure }
      let types = ShapeRules.results(of: operation, type(a))
      return .several(
        types.enumerated().map { position, type in
          Handle(
            level: lowerer.draft.level,
            id: lowerer.builder.project(local(tuple), position, type: type))
        })
    default:
      guard let operation = Self.operation(named: name) else {
        return report(.notAFunction(name, at: span))
      }
      return make(operation, x, at: span)
    }
  }

  /// `solve(A, b)`: a vector b stands as a column, and the answer has its shape.
  private func solve(_ x: Value, _ y: Value, _ span: Span) -> Value {
    guard let a = single(x, at: span), let b = single(y, at: span) else { return .failure }
    let extents = entry(b).extents
    let isRow = extents.count == 2 && extents[0].isOne && !extents[1].isOne
    guard extents.count == 1 || isRow, let length = extents.last else {
      return make(.solve, [a, b], at: span)
    }
    guard let column = reshaped(b, [length, .fixed(1)], span),
      case .value(let answer) = make(.solve, [a, column], at: span)
    else { return .failure }
    return reshaped(answer, extents, span).map { .value($0) } ?? .failure
  }

  private static let operationsByName: [String: Operation] = {
    var table: [String: Operation] = [:]
    for operation in Operation.allCases.reversed() where !operation.info.name.isEmpty {
      table[operation.info.name] = operation
    }
    return table
  }()

  static func operation(named name: String) -> Operation? { operationsByName[name] }

  /// The number of elements of a shape of numbers, if it is one that an extent can hold.
  private func knownCount(_ shape: Shape) -> Int? {
    guard shape.extents.allSatisfy(\.isFixed) else { return nil }
    let count = shape.extents.reduce(1) { $0 * Double($1.value) }
    return count <= 2e9 ? Int(count) : nil
  }

  private func outer(_ x: Value, _ y: Value, _ span: Span) -> Value {
    guard let a = single(x, at: span), let b = single(y, at: span) else { return .failure }
    func length(_ handle: Handle) -> Extent? {
      // Of a tensor like the parameter, all elements in one row: it may be a vector.
      if entry(handle).isLike { return .numel }
      let e = entry(handle).extents
      if e.count == 1 { return e[0] }
      guard e.count == 2 else { return nil }
      return e[1].isOne ? e[0] : e[0].isOne ? e[1] : nil
    }
    guard let m = length(a), let n = length(b) else {
      return report(.outerOfVectors(at: span))
    }
    guard let column = reshaped(a, [m, .fixed(1)], span),
      let row = reshaped(b, [.fixed(1), n], span)
    else { return .failure }
    return make(.multiply, [column, row], at: span)
  }
}

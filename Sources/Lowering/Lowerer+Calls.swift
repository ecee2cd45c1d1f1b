import Diagnostics
import IR
import Semantics
import Syntax

extension Lowerer {
  func call(_ name: Name, _ arguments: [Argument], _ frame: Frame, _ span: Span) -> Value {
    if let rule = frame.ruleParameter(name.key) {
      return applyRule(name, rule, arguments, frame, span)
    }
    if let function = frame.functionParameter(name.key) {
      return apply(function, name, arguments, frame, span)
    }
    if let function = program.function(name.key, from: frame.tree) {
      return apply(.checked(function), name, arguments, frame, span)
    }
    if Builtins.functions.contains(name.key) {
      return apply(.builtin(name.key), name, arguments, frame, span)
    }
    if program.rule(name.key, from: frame.tree) != nil {
      return ruleValue(name, arguments, frame, span).map { .rule($0) } ?? .failure
    }
    if let entry = frame.entry(name.key, at: name.span), case .function(let f) = force(entry) {
      return apply(f, name, arguments, frame, span)
    }
    return report(.unknownFunction(name, suggestion: nil))
  }

  private func apply(
    _ function: FunctionValue, _ name: Name, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value {
    switch function {
    case .builtin(let builtin): return applyBuiltin(builtin, arguments, frame, span)
    case .checked(let checked): return apply(checked, arguments, frame, span)
    }
  }

  // MARK: Functions written in .opt

  private func apply(
    _ function: CheckedFunction, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value {
    let declaration = function.declaration
    if function.isBroken { return report(.broken(declaration.name.text, at: span)) }
    let text = declaration.name.text
    let mark = "fn \(declaration.name.key)"
    if callStack.contains(mark) {
      return report(.recursion(text, at: span))
    }
    guard
      let bound = bind(
        arguments, to: declaration.parameters.map(\.name), of: text,
        hasDefault: declaration.parameters.map { $0.initial != nil }, span)
    else { return .failure }
    let inside = Frame(tree: function.tree, parent: nil)
    inside.rule = frame.rule
    for (position, parameter) in declaration.parameters.enumerated() {
      if let argument = bound[position] {
        let value = lower(argument, frame)
        if case .failure = value { return .failure }
        enter(value, as: parameter.name, into: inside)
      } else if let initial = parameter.initial {
        inside.entries[parameter.name.key] = Entry(parameter.name, level: level) {
          [unowned self] in self.lower(initial, inside)
        }
      }
    }
    callStack.append(mark)
    sites.append(span.start)
    defer { sites.removeLast() }
    defer { callStack.removeLast() }
    let errorsBefore = bag.all.count
    let equation = equationName
    enter(function.body, into: inside)
    equationName = equation
    let results = function.body.results.map { result -> Value in
      equationName = equation
      return lower(result, inside)
    }
    force(all: inside)
    equationName = equation
    if bag.all.count > errorsBefore { noteCall(of: text, at: span, since: errorsBefore) }
    if results.count == 1 { return results[0] }
    var handles: [Handle] = []
    for result in results {
      guard let handle = single(result, at: function.body.resultSpan) else { return .failure }
      handles.append(handle)
    }
    return .several(handles)
  }

  /// Errors inside a function name the call that led there.
  private func noteCall(of name: String, at span: Span, since count: Int) {
    var noted = DiagnosticBag()
    for (position, diagnostic) in bag.all.enumerated() {
      var copy = diagnostic
      if position >= count, copy.notes.count < 4, copy.code != .brokenDeclaration {
        copy.notes.append(Note("in this call of `\(name)`", at: span))
      }
      noted.report(copy)
    }
    bag = noted
  }

  func enter(_ value: Value, as name: Name, into frame: Frame) {
    switch value {
    case .rule(let rule): frame.rules[name.key] = rule
    case .function(let function): frame.functions[name.key] = function
    default: frame.entries[name.key] = Entry(name, value)
    }
  }

  /// Arguments by position, then by name; nil when one is wrong (reported).
  func bind(
    _ arguments: [Argument], to names: [Name], of callee: String, hasDefault: [Bool], _ span: Span
  ) -> [ExprID?]? {
    var bound = [ExprID?](repeating: nil, count: names.count)
    var position = 0
    var isGood = true
    var hasWrongLabel = false
    for argument in arguments {
      if let label = argument.label {
        guard let index = names.firstIndex(where: { $0.key == label.key }) else {
          // A label that is nearly right stands for the parameter: it is not missing as well.
          let open = names.indices.filter { bound[$0] == nil && !hasDefault[$0] }
          let near =
            Suggestion.nearest(to: label.text, among: names.map(\.text))
            ?? (open.count == 1 && position >= open[0] ? names[open[0]].text : nil)
          hasWrongLabel = true
          report(.unknownLabel(label, of: callee, suggestion: near))
          isGood = false
          continue
        }
        if bound[index] != nil {
          report(.givenTwice(label))
          isGood = false
        }
        bound[index] = argument.value
      } else {
        guard position < names.count else {
          report(.tooManyArguments(callee, takes: names.count, at: span))
          return nil
        }
        bound[position] = argument.value
        position += 1
      }
    }
    for (index, name) in names.enumerated()
    where bound[index] == nil && !hasDefault[index] && !hasWrongLabel {
      report(.missingArgument(name.text, of: callee, at: span))
      isGood = false
    }
    return isGood ? bound : nil
  }

  // MARK: Functions of the language

  private func applyBuiltin(
    _ name: String, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value {
    if Builtins.draws.contains(name) {
      return draw(name, arguments, frame, isGlobal: false, span)
    }
    if name == "loss" || name == "grad" { return oracle(name, arguments, frame, span) }
    if let made = shaped(name, arguments, frame, span) { return made }
    if let axis = AxisName(word: name) { return listAlong(axis, arguments, frame, span) }
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
      let scope: Scope = name.hasPrefix("arg") ? argScope(x[0]) : .all
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
      let extent: Extent =
        entry(a).isLike ? .numel : knownCount(entry(a)).map { .fixed($0) } ?? .unknown
      return reshaped(a, [extent], span).map { .value($0) } ?? .failure
    case "rows", "cols", "numel":
      guard let a = single(x[0], at: span) else { return .failure }
      if entry(a).isLike {
        return handle(
          builder.extent(name == "rows" ? .rows : name == "cols" ? .cols : .numel))
      }
      let kind: ExtentKind = name == "rows" ? .rowsOf : name == "cols" ? .colsOf : .elementsOf
      if let known = knownExtent(a, kind) { return constant(known) }
      return handle(builder.extent(kind, of: local(a)))
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
          Handle(level: level, id: builder.project(local(tuple), position, type: type))
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

  func knownExtent(_ handle: Handle, _ kind: ExtentKind) -> Double? {
    let extents = entry(handle).extents
    guard extents.allSatisfy(\.isFixed) else { return nil }
    switch kind {
    case .rowsOf: return Double(extents.first?.value ?? 1)
    case .colsOf: return extents.dropFirst().reduce(1) { $0 * Double($1.value) }
    default: return extents.reduce(1) { $0 * Double($1.value) }
    }
  }

  /// The number of elements of a shape of numbers, if it is one that an extent can hold.
  private func knownCount(_ shape: Shape) -> Int? {
    guard shape.extents.allSatisfy(\.isFixed) else { return nil }
    let count = shape.extents.reduce(1) { $0 * Double($1.value) }
    return count <= 2e9 ? Int(count) : nil
  }

  private func argScope(_ value: Value) -> Scope {
    guard case .value(let handle) = value else { return .all }
    return entry(handle).rank == 2 ? .perRow : .all
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

  /// A reduction by its name in the language, made of sums, maxima and minima.
  func reduce(_ name: String, _ value: Value, _ scope: Scope, at span: Span) -> Value {
    guard let x = single(value, at: span) else { return .failure }
    func fold(_ operation: Operation, _ operand: Value) -> Value {
      guard let handle = single(operand, at: span) else { return .failure }
      // One number is its own sum, maximum and minimum.
      if scope.axis == nil, entry(handle).isScalar,
        [.sum, .maximumOf, .minimumOf].contains(operation)
      {
        return .value(handle)
      }
      return make(operation, [handle], attribute: scope.rawValue, at: span)
    }
    func count() -> Value {
      switch scope {
      case .all: return elements(of: x)
      case .perRow:
        let e = entry(x).extents
        if entry(x).isLike { return handle(builder.extent(.cols)) }
        if e.count < 2 { return e.first.map { known($0, x, .elementsOf) } ?? constant(1) }
        return known(e[1], x, .colsOf)
      case .perColumn:
        if entry(x).isLike { return handle(builder.extent(.rows)) }
        return entry(x).extents.first.map { known($0, x, .rowsOf) } ?? constant(1)
      case .leading:
        return entry(x).extents.first.map { known($0, x, .rowsOf) } ?? constant(1)
      default: return scope.axis.map { entryCount($0, of: x, at: span) } ?? constant(1)
      }
    }
    func known(_ extent: Extent, _ x: Handle, _ kind: ExtentKind) -> Value {
      extent.isFixed
        ? constant(Double(extent.value)) : handle(builder.extent(kind, of: local(x)))
    }
    func squares(_ operand: Value) -> Value {
      fold(.sum, make(.multiply, [operand, operand], at: span))
    }
    let isCondition = type(x).kind == .boolean
    switch name {
    case "sum": return fold(.sum, .value(x))
    case "mean": return make(.divide, [fold(.sum, .value(x)), count()], at: span)
    case "count":
      guard isCondition else {
        return report(.countOfNumbers(at: span))
      }
      return fold(.sum, .value(x))
    case "any", "all":
      guard isCondition else {
        return report(.needsCondition(reduction: name, at: span))
      }
      return make(
        .greater, [fold(name == "any" ? .maximumOf : .minimumOf, .value(x)), constant(0)], at: span)
    case "max": return fold(.maximumOf, .value(x))
    case "min": return fold(.minimumOf, .value(x))
    case "argmax": return fold(.argMaximum, .value(x))
    case "argmin": return fold(.argMinimum, .value(x))
    case "norm": return make(.squareRoot, [squares(.value(x))], at: span)
    case "rms":
      return make(.squareRoot, [make(.divide, [squares(.value(x)), count()], at: span)], at: span)
    case "var", "std":
      let mean = make(.divide, [fold(.sum, .value(x)), count()], at: span)
      let centred = make(.subtract, [.value(x), mean], at: span)
      let variance = make(.divide, [squares(centred), count()], at: span)
      return name == "var" ? variance : make(.squareRoot, [variance], at: span)
    default:
      return report(.notAReduction(name, at: span))
    }
  }

  // MARK: Made from shapes

  /// `eye(n)`, `zeros(…)`, `ones(…)`, `full(x, …)`, `iota(n)`, `reshape(x, …)`: nil for other names.
  private func shaped(
    _ name: String, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value? {
    guard ["eye", "zeros", "ones", "full", "iota", "reshape", "broadcast"].contains(name) else {
      return nil
    }
    var rest = arguments.map(\.value)
    var first: Value?
    if ["full", "reshape", "broadcast"].contains(name) {
      guard !rest.isEmpty else {
        return report(.needs(name, "a value and a shape", at: span))
      }
      first = lower(rest.removeFirst(), frame)
      if case .failure? = first { return .failure }
    }
    guard let shape = shape(of: rest, name, frame, span) else { return .failure }
    let type = ValueType(.real, shape)
    builder.origin = span
    switch name {
    case "eye":
      // One length makes a square: `rows` alone is the column that a vector over rows is.
      let e = shape.extents
      let isOneLength = rest.count == 1 && e.count == 2 && e.contains(where: \.isOne)
      let length = e.count == 2 && e[0].isOne ? e[1] : e.first ?? .fixed(1)
      let square = e.count < 2 || isOneLength ? Shape([length, length]) : shape
      return handle(builder.source(.identity, ValueType(.real, square)))
    case "iota":
      let isColumn = shape.rank == 2 && shape.extents[1].isOne
      return handle(
        builder.source(
          .iota, type, attribute: Int32(isColumn ? 0 : max(0, shape.rank - 1))))
    case "zeros", "ones":
      let number = Handle(level: level, id: builder.constant(name == "zeros" ? 0 : 1))
      return make(.broadcast, [number], declared: type, at: span)
    default:
      guard let x = single(first!, at: span) else { return .failure }
      if name == "reshape" {
        guard let target = around(x, shape, span) else { return .failure }
        return make(.reshape, [x], declared: ValueType(self.type(x).kind, target), at: span)
      }
      return make(.broadcast, [x], declared: type, at: span)
    }
  }

  /// A shape given as arguments: `like w`-shaped names, `scalar`, `vector(n)`, or lengths.
  private func shape(
    of arguments: [ExprID], _ name: String, _ frame: Frame, _ span: Span
  ) -> Shape? {
    if arguments.isEmpty { return drawShape }
    let known = bag.all.count
    if arguments.count == 1, let shape = shapeWord(arguments[0], frame) { return shape }
    // A shape in words that is none was reported as such.
    if bag.all.count > known { return nil }
    var extents: [Extent] = []
    for argument in arguments {
      guard let extent = extent(argument, frame) else { return nil }
      extents.append(extent)
    }
    guard extents.count <= Shape.maximumRank else {
      report(.rankTooHigh(at: span))
      return nil
    }
    return ShapeWords.normalised(extents)
  }

  /// `scalar`, `vector(rows)`, `matrix(a, b)` as an argument; nil when it is something else.
  private func shapeWord(_ id: ExprID, _ frame: Frame) -> Shape? {
    switch tree(frame)[id] {
    case .name(let name) where frame.entry(name.key, at: name.span) == nil:
      if name.key == "scalar" { return .scalar }
      if name.key == "w" { return .like }
      return nil
    case .name(let name)
    where (name.key == "w" || name.key == "g") && frame.rule != nil
      && isParameterShaped(name, frame):
      return .like
    case .call(let name, let arguments) where ShapeWords.all.contains(name.key):
      let type = TypeExpr(
        kind: name, extents: arguments.map(\.value), span: tree(frame).span(id))
      return shape(type, frame)
    default:
      // A name like `batch` alone may be the length.
      guard case .call = tree(frame)[id] else { return nil }
      return typeExpression(id, frame).flatMap { shape($0, frame) }
    }
  }

  /// `stack([0, 0.9])`: a list along an axis of its own.
  private func listAlong(
    _ axis: AxisName, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value {
    guard frame.rule != nil, axis == .stack || axis == .groups, arguments.count == 1,
      arguments[0].label == nil
    else {
      return report(.needsList(at: span))
    }
    let value = lower(arguments[0].value, frame)
    if case .entries(let items, _) = value { return .entries(items, axis) }
    guard let list = single(value, at: tree(frame).span(arguments[0].value)) else {
      return .failure
    }
    return along(axis, list, at: span).map { .value($0) } ?? .failure
  }

  private func isParameterShaped(_ name: Name, _ frame: Frame) -> Bool {
    guard case .value(let handle) = lookup(name, frame) else { return false }
    return shape(handle).isLike
  }

  // MARK: Randomness and oracles

  func draw(
    _ name: String, _ arguments: [Argument], _ frame: Frame, isGlobal: Bool, _ span: Span
  ) -> Value {
    guard level == 0 else {
      return report(.drawInRepeat(at: span))
    }
    let distribution: Distribution =
      switch name {
      case "normal": .normal
      case "uniform": .uniform
      case "rademacher": .rademacher
      case "exponential": .exponential
      default: .bernoulli
      }
    var rest = arguments
    var probability = ValueID.none
    if distribution == .bernoulli {
      guard !rest.isEmpty,
        let p = single(lower(rest.removeFirst().value, frame), at: span), shape(p).isScalar
      else { return report(.needs("bernoulli", "its probability", at: span)) }
      probability = local(p)
    }
    var shape = isGlobal ? Shape.scalar : drawShape
    if let wanted = rest.first {
      let known = bag.all.count
      guard !isGlobal, rest.count == 1, let given = shapeWord(wanted.value, frame) else {
        if bag.all.count > known { return .failure }
        return report(.drawArguments(name, at: span))
      }
      shape = given
    }
    let draw = Draw(
      distribution: distribution, name: equationName, isGlobal: isGlobal, site: nextSite)
    nextSite += 1
    builder.origin = span
    let kind: ElementKind = distribution == .bernoulli ? .boolean : .real
    return handle(builder.draw(draw, ValueType(kind, shape), probability))
  }

  private func oracle(
    _ name: String, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value {
    guard frame.rule != nil, level == 0 else {
      return report(.noObjectiveHere(name, at: span))
    }
    guard arguments.count == 1, arguments[0].label == nil,
      let point = single(lower(arguments[0].value, frame), at: span)
    else { return report(.needs(name, "the point to look at", at: span)) }
    guard let fitted = fit(point, to: .like, { "the point" }, at: span) else { return .failure }
    let operation: Operation = name == "loss" ? .lossAt : .gradientAt
    return make(
      operation, [fitted], attribute: Int32(site(equationName, operation, frame, span)), at: span)
  }
}

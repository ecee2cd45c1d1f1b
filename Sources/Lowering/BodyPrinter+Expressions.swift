import Basics
import IR

/// The values of a function as expressions of the language.
extension BodyPrinter {
  func notation(_ id: ValueID) -> Notation {
    if let name = names[id] { return name }
    if let special = special(id) { return special }
    let i = function[id]
    let slot = Int(i.attribute)
    switch i.operation {
    case .constant: return .number(function.constants[slot])
    case .hyper: return .name(hypers[slot])
    case .step, .horizon, .parameter, .gradient, .loss: return .name(i.operation.info.name)
    case .state: return .name(states[slot])
    case .input: return .name(inputs[slot])
    case .argument: return arguments[slot]
    case .extent:
      let word = (ExtentKind(rawValue: i.attribute) ?? .numel).word
      return i.a.isSome ? .call(word, [notation(i.a)]) : .name(word)
    case .draw: return draw(i)
    case .iota:
      let shape = i.type.shape
      return .call("iota", [.verbatim(shape.axes.isEmpty ? lengths(shape) : shapeText(shape))])
    case .identity:
      let e = i.type.shape.extents
      let text = e[0] == e[1] ? length(e[0]) : lengths(i.type.shape)
      return .call("eye", [.verbatim(text)])
    case .select: return .conditional(notation(i.a), notation(i.b), notation(i.c))
    case _ where i.operation.isReduction: return reduction(i)
    case _ where i.operation.isGlobalReduction:
      let inner = function[i.a]
      let isOne =
        inner.operation.isFold && inner.operation.info.name == i.operation.info.name
        && inner.attribute == 0 && names[i.a] == nil
      return isOne ? .global(notation(i.a)) : .apply(i.operation, [notation(i.a)])
    case .reshape, .broadcast: return along(id) ?? reshaped(i)
    case .unfold:
      let window = function.windows[slot].extents.map { length($0) }.joined(separator: ", ")
      return .call("unfold", [notation(i.a), .verbatim(window)])
    case .slice: return .index(notation(i.a), positions(i))
    case .quantile:
      let pair = [notation(i.a), notation(i.b)]
      guard let axis = Scope(rawValue: i.attribute)?.axis else { return .apply(.quantile, pair) }
      return .over("quantile", axis: axis.word, .call("", pair))
    case .project: return .verbatim("?")
    case .svd where slot == SingularSigns.lapack.rawValue:
      return .call("lapack_svd", [notation(i.a)])
    default:
      return .apply(
        i.operation, (0..<i.operation.info.arity).map { notation(i.operand($0)) })
    }
  }

  /// Forms that a reader expects: `x^2`, `norm(x)`, `mean(x)`, `ema(x, y, β)`, `[a, b]`.
  private func special(_ id: ValueID) -> Notation? {
    let i = function[id]
    switch i.operation {
    case .multiply where i.a == i.b: return .apply(.power, [notation(i.a), .number(2)])
    case .squareRoot: return root(i)
    case .divide:
      return mean(i)
        ?? function.debiased(id).map {
          .call("debias", [notation($0.average), notation($0.share)])
        }
    case .add:
      if let items = function.listItems(id) { return .list(items.map { notation($0) }) }
      guard isPrivate(i.a), isPrivate(i.b) else { return nil }
      return average(i.a, i.b) ?? average(i.b, i.a)
    case .placeSlice: return function.listItems(id).map { .list($0.map { notation($0) }) }
    default: return nil
    }
  }

  private func reshaped(_ i: Instruction) -> Notation {
    let operand = notation(i.a)
    let shape = i.operation == .reshape ? i.type.shape.tensor : i.type.shape
    if !shape.axes.isEmpty { return .call("broadcast", [operand, .verbatim(shapeText(shape))]) }
    if shape.extents == [.unknown] { return .call("flatten", [operand]) }
    let target = shape.isLike ? "w" : shape.isScalar ? "scalar" : lengths(shape)
    return .apply(i.operation, [operand, .verbatim(target)])
  }

  /// A list along a named axis: `betas`, or `stack([β1, β2])`.
  private func along(_ id: ValueID) -> Notation? {
    let i = function[id]
    let shape = i.type.shape
    guard i.operation == .reshape, shape.axes.count == 1, shape.rank == 1,
      function.type(i.a).shape.axes.isEmpty, let items = function.listItems(i.a)
    else { return nil }
    let slots = items.map {
      function[$0].operation == .hyper && names[$0] == nil ? Int(function[$0].attribute) : -1
    }
    if shape.axes.contains(.stack), let list = lists.first(where: { $0.slots == slots }) {
      return .name(list.name)
    }
    return .call(shape.axes.names[0].word, [notation(i.a)])
  }

  /// A reduction called by its name: `norm(x)`, `row_sum(x)`, `max over batch x`.
  private func reduction(_ name: String, _ scope: Int32, _ operand: ValueID) -> Notation {
    guard let axis = Scope(rawValue: scope)?.axis else {
      return .call(Scope.prefix(scope) + name, [notation(operand)])
    }
    return .over(name, axis: axis.word, notation(operand))
  }

  /// `norm(x)`, `rms(x)`, `global norm(x)`.
  private func root(_ i: Instruction) -> Notation? {
    guard isPrivate(i.a) else { return nil }
    var inner = function[i.a]
    if inner.operation == .divide {
      guard let mean = meanOperand(inner), isPrivate(inner.a) else { return nil }
      let square = function[mean]
      guard square.operation == .multiply, square.a == square.b, isPrivateToMean(mean, inner) else {
        return nil
      }
      return reduction("rms", function[inner.a].attribute, square.a)
    }
    let isGlobal = inner.operation == .globalSum && isPrivate(inner.a)
    if isGlobal { inner = function[inner.a] }
    guard inner.operation == .sum else { return nil }
    let square = function[inner.a]
    guard square.operation == .multiply, square.a == square.b, isPrivate(inner.a) else {
      return nil
    }
    if !isGlobal { return reduction("norm", inner.attribute, square.a) }
    return .global(.call(Scope.prefix(inner.attribute) + "norm", [notation(square.a)]))
  }

  /// A mean reads its operand twice where it counts its elements.
  private func isPrivateToMean(_ operand: ValueID, _ mean: Instruction) -> Bool {
    let readsTwice = function[mean.b].a == operand
    return uses[operand.index] == (readsTwice ? 2 : 1) && names[operand] == nil
  }

  /// The x of `sum(x) / numel`, along whatever axis; nil for other quotients.
  private func meanOperand(_ i: Instruction) -> ValueID? {
    let sum = function[i.a]
    let count = function[i.b]
    guard i.operation == .divide, sum.operation == .sum, isPrivate(i.a) else { return nil }
    if let axis = Scope(rawValue: sum.attribute)?.axis {
      guard let length = function.type(sum.a).shape.length(of: axis) else { return nil }
      return isLength(i.b, length) ? sum.a : nil
    }
    guard count.operation == .extent else { return nil }
    let isLike = function.type(sum.a).shape.tensor.isLike
    let expected: (ExtentKind, ExtentKind)
    switch Scope(rawValue: sum.attribute) {
    case .all: expected = (.numel, .elementsOf)
    case .perRow: expected = (.cols, .colsOf)
    case .perColumn: expected = (.rows, .rowsOf)
    default: return nil
    }
    let matches =
      isLike
      ? count.attribute == expected.0.rawValue
      : count.attribute == expected.1.rawValue && count.a == sum.a
    return matches ? sum.a : nil
  }

  /// Whether a number is the length of a named axis.
  private func isLength(_ id: ValueID, _ length: Extent) -> Bool {
    if length.isFixed { return function.constantValue(id) == Double(length.value) }
    if let k = length.computedIndex {
      return outerLengths == nil && k < function.extents.count && function.extents[k] == id
    }
    guard function[id].operation == .extent, function[id].a == .none else { return false }
    switch ExtentKind(rawValue: function[id].attribute) {
    case .batch: return length == .batch
    case .groups: return length == .groups
    case .workers: return length == .workers
    default: return false
    }
  }

  private func mean(_ i: Instruction) -> Notation? {
    guard let operand = meanOperand(i) else { return nil }
    return reduction("mean", function[i.a].attribute, operand)
  }

  private func isPrivate(_ id: ValueID) -> Bool { uses[id.index] == 1 && names[id] == nil }

  /// β x + (1 − β) y.
  private func average(_ first: ValueID, _ second: ValueID) -> Notation? {
    let p = function[first]
    let q = function[second]
    guard p.operation == .multiply, q.operation == .multiply else { return nil }
    for (complement, y) in [(q.a, q.b), (q.b, q.a)] {
      let one = function[complement]
      guard one.operation == .subtract, function.constantValue(one.a) == 1 else { continue }
      for (share, x) in [(p.a, p.b), (p.b, p.a)] where share == one.b {
        return .call("ema", [notation(x), notation(y), notation(share)])
      }
    }
    return nil
  }

  private func reduction(_ i: Instruction) -> Notation {
    let isArgument = i.operation == .argMaximum || i.operation == .argMinimum
    let isMatrix = function.type(i.a).shape.tensor.rank == 2
    if isArgument, isMatrix, i.attribute == Scope.perRow.rawValue {
      return .apply(i.operation, [notation(i.a)])
    }
    let isOfAll = i.attribute == 0 || i.attribute >= Scope.overWorkers.rawValue
    let counts = i.operation == .sum && isOfAll && function.type(i.a).kind == .boolean
    return reduction(counts ? "count" : i.operation.info.name, i.attribute, i.a)
  }

  private func draw(_ i: Instruction) -> Notation {
    let draw = function.draws[Int(i.attribute)]
    var arguments: [Notation] = []
    if draw.distribution == .bernoulli { arguments.append(notation(i.a)) }
    if !draw.isGlobal, i.type.shape != drawShape {
      arguments.append(.verbatim(shapeText(i.type.shape)))
    }
    let call = Notation.call("\(draw.distribution)", arguments)
    return draw.isGlobal ? .global(call) : call
  }

  private func positions(_ i: Instruction) -> String {
    let axes = function.type(i.a).shape.axes
    var slices = function.slices[Int(i.attribute)]
    if !axes.isEmpty {
      let place = axes.count - 1
      let isOfOne = slices.indices.allSatisfy { $0 == place || slices[$0] == .full }
      if isOfOne, slices.indices.contains(place), axes.names[place] != .workers {
        slices = [slices[place]]
      }
    }
    return slices.map { slice -> String in
      if slice.isDropped { return "\(slice.start)" }
      return "\(slice.start == 0 ? "" : "\(slice.start)"):\(slice.end.map { "\($0)" } ?? "")"
    }.joined(separator: ", ")
  }

  func length(_ extent: Extent) -> String {
    if let k = extent.computedIndex {
      // A loop body shares the extents of the function around it.
      return outerLengths.map { k < $0.count ? $0[k] : "?" } ?? text(function.extents[k])
    }
    return extent.description
  }

  private func lengths(_ shape: Shape) -> String {
    shape.extents.map { length($0) }.joined(separator: ", ")
  }

  /// A shape as a declaration states it.
  func shapeText(_ shape: Shape) -> String {
    if let axis = shape.axes.names.first {
      let length = shape[0]
      let isOfHost = [.batch, .groups, .workers].contains(length)
      let inner = shape.without(axis)
      let arguments =
        (isOfHost ? [] : [self.length(length)]) + (inner.isLike ? [] : [shapeText(inner)])
      return axis.word + (arguments.isEmpty ? "" : "(\(arguments.joined(separator: ", ")))")
    }
    if shape.isScalar { return "scalar" }
    let e = shape.extents
    if e.count == 1 { return "vector(\(length(e[0])))" }
    if e.count == 2, e[1].isOne, e[0] == .rows { return "vector(rows)" }
    if e.count == 2, e[0].isOne, e[1] == .cols { return "vector(cols)" }
    if e.count == 2 { return "matrix(\(length(e[0])), \(length(e[1])))" }
    return "tensor(\(lengths(shape)))"
  }
}

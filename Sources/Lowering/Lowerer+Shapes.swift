import Diagnostics
import IR
import Semantics
import Syntax

/// The words for shapes.
enum ShapeWords {
  static let all: Set<String> = ["scalar", "vector", "matrix", "tensor"]

  /// The shape of these extents: rows × cols is `like w`, a vector over rows a column, one over
  /// columns a row.
  static func normalised(_ extents: [Extent]) -> Shape {
    if extents == [.rows, .cols] { return .like }
    if extents == [.rows] { return .overRows }
    if extents == [.cols] { return .overCols }
    if extents == [.batch] { return Shape([.batch, .fixed(1)]) }
    return Shape(extents)
  }
}

extension Lowerer {
  /// A length: a number, `rows`, or an expression of hyperparameters known at bind time.
  func extent(_ id: ExprID, _ frame: Frame) -> Extent? {
    let span = tree(frame).span(id)
    guard let handle = single(lower(id, frame), at: span) else { return nil }
    guard shape(handle).isScalar else {
      report(.lengthNotOneNumber(at: span))
      return nil
    }
    guard let value = outermost(handle), !dependsOnRunTime(value) else {
      report(.unknownLength(at: span))
      return nil
    }
    if let x = levels[0].builder.constantValue(value), !(x >= 0 && x == x.rounded() && x <= 2e9) {
      report(.badLength(x, at: span))
      return nil
    }
    markStructural(Handle(level: 0, id: value))
    return levels[0].builder.extentSymbol(value)
  }

  /// A scalar of a loop body as a value of the function around all loops: lengths are known there.
  /// Nil when it is made of what a loop carries.
  func outermost(_ handle: Handle) -> ValueID? {
    if handle.level == 0 { return handle.id }
    let body = levels[handle.level].builder.function
    var moved: [ValueID: ValueID] = [:]
    var pending = [handle.id]
    while let next = pending.last {
      if moved[next] != nil {
        pending.removeLast()
        continue
      }
      let instruction = body[next]
      let result: ValueID?
      switch instruction.operation {
      case .constant: result = levels[0].builder.constant(body.constantValue(next)!)
      case .argument:
        let position = Int(instruction.attribute) - levels[handle.level].carriedCount
        guard position >= 0 else { return nil }
        result = outermost(
          Handle(level: handle.level - 1, id: levels[handle.level].captured[position]))
      case .hyper,
        .extent where instruction.a == .none:
        result = levels[0].builder.source(
          instruction.operation, .scalar, attribute: instruction.attribute)
      case _ where instruction.operation.isElementwise:
        let operands = body.operands(next)
        let missing = operands.filter { moved[$0] == nil }
        if !missing.isEmpty {
          pending += missing
          continue
        }
        result = try? levels[0].builder.make(instruction.operation, operands.map { moved[$0]! })
      default: return nil
      }
      guard let result else { return nil }
      moved[next] = result
      pending.removeLast()
    }
    return moved[handle.id]
  }

  func dependsOnRunTime(_ value: ValueID) -> Bool {
    let function = levels[0].builder.function
    var pending = [value]
    var seen: Set<ValueID> = []
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      let instruction = function[next]
      switch instruction.operation {
      case .constant, .hyper, .extent: break
      case _ where instruction.operation.isElementwise: pending += function.operands(next)
      default: return true
      }
    }
    return false
  }

  /// The shape that a declaration names.
  func shape(_ type: TypeExpr, _ frame: Frame) -> Shape? {
    func wanted(_ count: ClosedRange<Int>) -> [Extent]? {
      guard count.contains(type.extents.count) else {
        report(.lengthsOfShape(type, takes: count))
        return nil
      }
      var extents: [Extent] = []
      for id in type.extents {
        guard let extent = extent(id, frame) else { return nil }
        extents.append(extent)
      }
      return extents
    }
    switch type.kind.key {
    case "scalar", "global": return wanted(0...0).map { _ in .scalar }
    case "vector": return wanted(1...1).map { ShapeWords.normalised($0) }
    case "matrix": return wanted(2...2).map { ShapeWords.normalised($0) }
    case "tensor": return wanted(1...Shape.maximumRank).map { ShapeWords.normalised($0) }
    default:
      if let axis = AxisName(word: type.kind.key) { return self.shape(over: axis, type, frame) }
      report(.notAShape(type.kind))
      return nil
    }
  }
}

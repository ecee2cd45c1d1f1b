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
      _ = report(Diagnostic(405, "a length is one number", at: span))
      return nil
    }
    let value = local(handle)
    if let x = builder.constantValue(value), x < 0 || x != x.rounded() || x > 2e9 {
      _ = report(
        Diagnostic(411, "a length must be a whole number from 0 up, and this is \(x)", at: span))
      return nil
    }
    if dependsOnRunTime(value) {
      _ = report(
        Diagnostic(
          410, "a length must be known before the rule runs: use numbers, rows, cols, numel and "
            + "hyperparameters", at: span))
      return nil
    }
    markStructural(Handle(level: level, id: value))
    return builder.extentSymbol(value)
  }

  private func dependsOnRunTime(_ value: ValueID) -> Bool {
    let function = builder.function
    var pending = [value]
    while let next = pending.popLast() {
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
        _ = report(
          Diagnostic(
            427, "`\(type.kind.text)` takes \(count.lowerBound) "
              + "length\(count.upperBound == 1 ? "" : "s"), and \(type.extents.count) are given",
            at: type.span))
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
    case "window", "stack", "batch", "groups", "workers":
      _ = report(
        Diagnostic(
          802, "the named axis `\(type.kind.text)` is not supported yet", at: type.span))
      return nil
    default:
      let near = Suggestion.nearest(
        to: type.kind.text, among: ["scalar", "vector", "matrix", "tensor", "global"])
      _ = report(
        Diagnostic(
          317, "`\(type.kind.text)` is not a shape", at: type.kind.span,
          notes: [Note("shapes are scalar, vector(n), matrix(m, n), tensor(…) and global")],
          fixIts: near.map {
            [FixIt("did you mean `\($0)`?", at: type.kind.span, replacement: $0)]
          } ?? []))
      return nil
    }
  }
}

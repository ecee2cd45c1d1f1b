import Basics
import Diagnostics
import IR

/// What an objective makes of constants alone, worked out when it is first evaluated, for all its runners.
final class ObjectiveConstants: @unchecked Sendable {
  let objective: BoundObjective
  /// Elements of each.
  let counts: [Int]
  private let turn = Turn()
  private var memory: [UnsafeMutableRawPointer] = []

  /// Beyond this they are made in each pass that needs them.
  private static let mostBytes = 256 << 20

  /// Whether they are few enough to be kept.
  static func areKept(_ cut: FunctionCut, _ elementType: ElementType) -> Bool {
    bytes(cut, elementType) <= Double(mostBytes)
  }

  static func bytes(_ cut: FunctionCut, _ elementType: ElementType) -> Double {
    cut.counts.reduce(0) { $0 + Double($1) } * Double(elementType.compute.byteCount)
  }

  /// `objective` has them as its gradients.
  init(_ objective: BoundObjective, counts: [Int]) {
    self.objective = objective
    self.counts = counts
  }

  deinit { for pointer in memory { pointer.deallocate() } }

  /// Where they lie, in the element type of `objective`, as long as this lives. Throws what working them out throws.
  func pointers() throws(DiagnosticError) -> [UnsafeRawPointer] {
    try turn.take { Result { () throws(DiagnosticError) in try made() } }.get()
  }

  private func made() throws(DiagnosticError) -> [UnsafeRawPointer] {
    if memory.isEmpty {
      let places: [UnsafeMutableRawPointer] = counts.map { count in
        .allocate(byteCount: max(64, count * objective.elementType.byteCount), alignment: 64)
      }
      let runner = ObjectiveRunner(objective, threads: 1)
      runner.bind(parameters: [], gradients: places)
      do throws(DiagnosticError) {
        _ = try runner.evaluate()
      } catch {
        for place in places { place.deallocate() }
        throw error
      }
      memory = places
    }
    return memory.map { UnsafeRawPointer($0) }
  }
}

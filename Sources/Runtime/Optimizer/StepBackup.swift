import IR

/// The parameters and states before a step that may have no answer: put back where it has none.
///
/// Rules without matrix functions and indices need none and have none. The memory is taken once.
final class StepBackup {
  private let parameterBytes: [Int]
  /// Of the same lengths, wherever they lie.
  var states: [(pointer: UnsafeMutableRawPointer, bytes: Int)]
  private let saved: UnsafeMutableRawPointer

  /// Whether a function may stop in its midst: a matrix without an answer, a place that is none, an objective of
  /// the host that fails.
  static func isNeeded(_ function: Function) -> Bool {
    function.instructions.contains { instruction in
      switch instruction.operation {
      case .topKMask, .gather, .scatterAdd, .takeAlong, .placeAlong: true
      case .lossAt, .gradientAt, .hessianProduct: true
      case .loop: isNeeded(function.loops[Int(instruction.attribute)].body)
      default: instruction.operation.isDecomposition
      }
    }
  }

  init(parameterBytes: [Int], states: [(pointer: UnsafeMutableRawPointer, bytes: Int)]) {
    self.parameterBytes = parameterBytes
    self.states = states
    let bytes = parameterBytes.reduce(0, +) + states.reduce(0) { $0 + $1.bytes }
    saved = .allocate(byteCount: max(bytes, 1), alignment: 64)
  }

  deinit { saved.deallocate() }

  func save(_ parameters: [UnsafeMutableRawPointer]) {
    var position = saved
    for k in 0..<parameterBytes.count {
      position.copyMemory(from: parameters[k], byteCount: parameterBytes[k])
      position += parameterBytes[k]
    }
    for state in states {
      position.copyMemory(from: state.pointer, byteCount: state.bytes)
      position += state.bytes
    }
  }

  func restore(_ parameters: [UnsafeMutableRawPointer]) {
    var position = saved
    for k in 0..<parameterBytes.count {
      parameters[k].copyMemory(from: position, byteCount: parameterBytes[k])
      position += parameterBytes[k]
    }
    for state in states {
      state.pointer.copyMemory(from: position, byteCount: state.bytes)
      position += state.bytes
    }
  }
}

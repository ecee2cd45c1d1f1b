import CKernels
import Diagnostics
import IR

/// The states, inputs, views and recorded draws of one parameter tensor.
final class TensorMemory {
  struct Region {
    var name: String
    var shape: [Int]
    /// Bytes of an element; scalars are Doubles.
    var width: Int
    var isGlobal: Bool
    var pointer: UnsafeMutableRawPointer
    var count: Int { shape.reduce(1, *) }

    func read(_ i: Int) -> Double {
      width == 4
        ? Double(pointer.assumingMemoryBound(to: Float.self)[i])
        : pointer.assumingMemoryBound(to: Double.self)[i]
    }

    func write(_ i: Int, _ x: Double) {
      if width == 4 {
        pointer.assumingMemoryBound(to: Float.self)[i] = Float(x)
      } else {
        pointer.assumingMemoryBound(to: Double.self)[i] = x
      }
    }

    var values: [Double] { (0..<count).map { read($0) } }
    var dense: Dense { Dense(shape: shape, values: values) }
  }

  private(set) var states: [Region] = []
  private(set) var inputs: [Region] = []
  private(set) var views: [Region] = []
  /// Inputs that were never given, in order.
  private var awaited: [String] = []
  var missingInput: String? { awaited.first }
  var draws: [String: [Double]] = [:]
  var firstDraws: [String: [Double]] = [:]
  private var drawRooms: [String: (pointer: UnsafeMutablePointer<Double>, count: Int)] = [:]
  private var owned: [UnsafeMutableRawPointer] = []

  deinit { for pointer in owned { pointer.deallocate() } }

  private func region(
    _ name: String, _ shape: [Int], width: Int, isGlobal: Bool = false,
    shared: UnsafeMutableRawPointer? = nil
  ) -> Region {
    let isScalar = shape.isEmpty
    let bytes = max(shape.reduce(1, *) * (isScalar ? 8 : width), 8)
    let pointer = shared ?? own(bytes)
    return Region(
      name: name, shape: shape, width: isScalar ? 8 : width, isGlobal: isGlobal, pointer: pointer)
  }

  func own(_ bytes: Int) -> UnsafeMutableRawPointer {
    let pointer = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 8), alignment: 64)
    pointer.initializeMemory(as: UInt8.self, repeating: 0, count: max(bytes, 8))
    owned.append(pointer)
    return pointer
  }

  /// Memory for the recorded numbers of a draw, the same at every call.
  func drawRoom(_ name: String, _ count: Int) -> UnsafeMutablePointer<Double> {
    if let room = drawRooms[name], room.count >= count { return room.pointer }
    let pointer = own(count * 8).assumingMemoryBound(to: Double.self)
    drawRooms[name] = (pointer, count)
    return pointer
  }

  func addState(
    _ name: String, _ shape: [Int], width: Int, isGlobal: Bool, shared: UnsafeMutableRawPointer?
  ) {
    states.append(region(name, shape, width: width, isGlobal: isGlobal, shared: shared))
  }

  func addInput(_ name: String, _ shape: [Int], width: Int) {
    inputs.append(region(name, shape, width: width))
    awaited.append(name)
  }

  func noteGiven(_ name: String) { awaited.removeAll { $0 == name } }

  func addView(_ name: String, _ shape: [Int], width: Int) {
    views.append(region(name, shape, width: width))
  }

  var stateByteCount: Int { states.reduce(0) { $0 + $1.count * $1.width } }
}
